//! Several processes on one database, as several stores: each thing happens once, and nobody waits for ever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use exchange::authority::Actor;
use exchange::ports::{Committed, Store, StoreFault};
use ledger::Frontier;
use tokio::task::JoinSet;

use crate::common::place::Place;
use crate::common::world::{
    at, commit, due_holding, hold, holding, opened, place as place_entries, place_all, places,
    sealed,
};

crate::cases![
    a_new_database_may_be_opened_by_several_at_once,
    twenty_commits_of_one_operation_make_one,
    twenty_changes_of_one_version_make_one,
    crossing_commits_all_end,
    a_dying_holding_and_its_items_do_not_pass_each_other,
    each_effect_is_leased_once,
    many_sequencers_make_one_tree,
];

async fn two(place: &Place) -> [Arc<dyn Store>; 2] {
    [place.store().await, place.store().await]
}

/// Runs `work(n, store)` for n in 0..count at once, over the stores in turn.
async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    stores: &[Arc<dyn Store>],
    count: usize,
    work: impl Fn(usize, Arc<dyn Store>) -> F,
) -> Vec<T> {
    let mut tasks = JoinSet::new();
    for n in 0..count {
        tasks.spawn(work(n, stores[n % stores.len()].clone()));
    }
    tasks.join_all().await
}

async fn a_new_database_may_be_opened_by_several_at_once(place: Place) {
    let url = place.url();
    let mut tasks = JoinSet::new();
    for _ in 0..24 {
        let url = url.clone();
        tasks.spawn(async move { store::open(&url).await.map(|_| ()) });
    }
    for opened in tasks.join_all().await {
        assert_eq!(opened, Ok(()));
    }
}

async fn twenty_commits_of_one_operation_make_one(place: Place) {
    let stores = two(&place).await;
    let outcomes = all(&stores, 20, |n, store| async move {
        // Each brings a holding of its own, so that only the operation can stop it.
        let open = commit("one", at(0), |b| {
            b.and(opened(&format!("h{n}"), None)).unwrap()
        });
        store.commit(&open).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().filter(|o| **o == Committed::Now).count(), 1);
    assert_eq!(stores[0].list("holding", "").await.unwrap().len(), 1);
    assert_eq!(stores[1].pending(99).await.unwrap().len(), 1);
}

async fn twenty_changes_of_one_version_make_one(place: Place) {
    let stores = two(&place).await;
    let open = commit("open", at(0), |b| b.and(opened("a", None)).unwrap());
    stores[0].commit(&open).await.unwrap();
    let loaded = holding(&*stores[0], "a").await;
    let outcomes = all(&stores, 20, |n, store| {
        let change = loaded.clone().happened(at(1), &Actor::Node).unwrap();
        async move {
            store
                .commit(&commit(&format!("op{n}"), at(1), |b| {
                    b.and(change).unwrap()
                }))
                .await
        }
    })
    .await;
    let conflict = StoreFault::Conflict {
        kind: "holding".into(),
        id: "a".into(),
    };
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| **o == Ok(Committed::Now))
            .count(),
        1
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| **o == Err(conflict.clone()))
            .count(),
        19
    );
    assert_eq!(stores[0].pending(99).await.unwrap().len(), 2);
}

async fn crossing_commits_all_end(place: Place) {
    let stores = two(&place).await;
    let ids = ["a", "b", "c"];
    for id in ids {
        let open = commit(&format!("open-{id}"), at(0), |b| {
            b.and(opened(id, None)).unwrap()
        });
        stores[0].commit(&open).await.unwrap();
    }
    // Items only: no version can conflict, and each commit takes its holdings in another order.
    let outcomes = all(&stores, 60, |n, store| async move {
        let turned = (0..3).map(|k| {
            if n % 2 == 0 {
                ids[(n + k) % 3]
            } else {
                ids[(n + 3 - k) % 3]
            }
        });
        let put = commit(&format!("op{n}"), at(1), |b| {
            turned.fold(b, |b, id| {
                b.item(&hold(id), format!("row/{n}"), sealed("x"))
            })
        });
        store.commit(&put).await
    })
    .await;
    assert!(
        outcomes.iter().all(|o| *o == Ok(Committed::Now)),
        "{outcomes:?}"
    );
    // Writes of all three, whose versions may conflict; what may not happen is a deadlock.
    let outcomes = all(&stores, 30, |n, store| async move {
        let mut batch = Vec::new();
        for k in 0..3 {
            let id = if n % 2 == 0 {
                ids[(n + k) % 3]
            } else {
                ids[(n + 3 - k) % 3]
            };
            batch.push(
                holding(&*store, id)
                    .await
                    .kept_apart(0, &Actor::Node)
                    .unwrap(),
            );
        }
        let all = commit(&format!("write{n}"), at(1), |b| {
            batch
                .into_iter()
                .fold(b, |b, change| b.and(change).unwrap())
        });
        store.commit(&all).await
    })
    .await;
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Ok(_) | Err(StoreFault::Conflict { .. })),
            "{outcome:?}"
        );
    }
    assert!(outcomes.contains(&Ok(Committed::Now)));
}

/// Once a holding is dead, its items are all that there will ever be.
async fn a_dying_holding_and_its_items_do_not_pass_each_other(place: Place) {
    let stores = two(&place).await;
    for round in 0..10 {
        let id = format!("h{round}");
        due_holding(&*stores[0], &id, &format!("fall{round}")).await;
        let gone = holding(&*stores[0], &id)
            .await
            .destroyed(at(1), None)
            .unwrap();
        let gone = commit(&format!("gone{round}"), at(1), |b| b.and(gone).unwrap());
        // Many items, so that the dying has time to come in between.
        let put = commit(&format!("put{round}"), at(1), |b| {
            (0..200).fold(b, |b, n| {
                b.item(&hold(&id), format!("row/{n}"), sealed("x"))
            })
        });
        let dying = async {
            tokio::time::sleep(Duration::from_millis(round)).await;
            stores[0].commit(&gone).await.unwrap();
            stores[0].items(&hold(&id), "").await.unwrap()
        };
        let (at_death, kept) = tokio::join!(dying, stores[1].commit(&put));
        assert!(
            matches!(kept, Ok(_) | Err(StoreFault::NoHolding(_))),
            "{kept:?}"
        );
        assert_eq!(stores[0].items(&hold(&id), "").await.unwrap(), at_death);
    }
}

async fn each_effect_is_leased_once(place: Place) {
    let stores = two(&place).await;
    for n in 0..40 {
        due_holding(&*stores[0], &format!("h{n}"), &format!("fall{n}")).await;
    }
    place_all(&*stores[0]).await;
    let leased = all(&stores, 8, |n, store| async move {
        let mut mine = Vec::new();
        let holder = format!("worker-{n}");
        // Rows that another worker is leasing at this moment are passed over, so an empty answer may come
        // before the end: ask until nothing is free.
        for _ in 0..40 {
            let found = store
                .lease_effects(&holder, at(1), at(100), 3)
                .await
                .unwrap();
            mine.extend(found.iter().map(|e| e.id.to_string()));
            for effect in found {
                store
                    .commit(&commit(&format!("{}:done", effect.id), at(1), |b| {
                        b.completes(&effect.id)
                    }))
                    .await
                    .unwrap();
            }
        }
        mine
    })
    .await;
    let mut times = BTreeMap::new();
    for id in leased.into_iter().flatten() {
        *times.entry(id).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 40);
    assert!(times.values().all(|n| *n == 1), "{times:?}");
}

async fn many_sequencers_make_one_tree(place: Place) {
    let stores = two(&place).await;
    let placed = all(&stores, 6, |n, store| async move {
        let mut placed = 0;
        for k in 0..10 {
            let id = format!("h{n}-{k}");
            let open = commit(&format!("open-{id}"), at(0), |b| {
                b.and(opened(&id, None)).unwrap()
            });
            // Some are there before they are placed, some come with their place.
            if k % 2 == 0 {
                store.commit(&open).await.unwrap();
                placed += place_entries(&*store, 5).await;
            } else {
                let done = store.sequence(&[&open], 5, &places).await.unwrap();
                assert_eq!(done.committed, [Committed::Now]);
                placed += done.placed;
            }
        }
        placed
    })
    .await;
    let rest = place_entries(&*stores[0], 1_000).await;
    assert_eq!(placed.iter().sum::<usize>() + rest, 60);
    let leaves = stores[1].leaves(0, 60).await.unwrap();
    let mut frontier = Frontier::new();
    frontier.extend(leaves.iter().map(|(_, leaf)| *leaf));
    assert_eq!(frontier.size(), 60);
    assert_eq!(stores[1].head().await.unwrap().frontier, frontier);
}
