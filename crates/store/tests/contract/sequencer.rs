//! The sequencer: one holder at a time, places without a gap, the head and its entries together.

use exchange::ports::{Placed, Store, StoreFault};
use ledger::{Frontier, leaf_hash};

use crate::common::place::Place;
use crate::common::world::{
    at, commit, due_holding, holding, opened, place as place_entries, place_all,
};

crate::cases![
    a_lease_has_one_holder_until_it_ends,
    placing_moves_the_head_and_gives_the_leaves,
    the_roots_of_complete_subtrees_are_kept,
    an_entry_is_found_by_its_name_once_it_has_a_place,
    without_the_lease_nothing_is_placed,
    places_must_go_on_from_the_head,
    what_is_published_never_becomes_less_nor_more_than_the_tree,
    publishing_gives_the_lease_back_to_whoever_is_next,
];

async fn open(store: &dyn Store, ids: &[&str]) {
    for id in ids {
        let open = commit(id, at(0), |b| b.and(opened(id, None)).unwrap());
        store.commit(&open).await.unwrap();
    }
}

async fn a_lease_has_one_holder_until_it_ends(place: Place) {
    let store = place.store().await;
    let take = async |name: &str, holder: &str, now: i64, until: i64| {
        store.lease(name, holder, at(now), at(until)).await.unwrap()
    };
    assert!(take("sequencer", "one", 0, 10).await);
    assert!(!take("sequencer", "two", 9, 20).await);
    assert!(take("other", "two", 0, 10).await);
    assert!(take("sequencer", "one", 9, 12).await);
    assert!(!take("sequencer", "two", 11, 20).await);
    assert!(take("sequencer", "two", 12, 20).await);
    assert!(!take("sequencer", "one", 13, 30).await);
}

async fn placing_moves_the_head_and_gives_the_leaves(place: Place) {
    let store = place.store().await;
    open(&*store, &["x", "y", "z"]).await;
    assert!(store.lease("sequencer", "s", at(0), at(10)).await.unwrap());
    let entries = store.pending(9).await.unwrap();
    assert_eq!(store.pending(2).await.unwrap(), entries[..2]);
    assert_eq!(place_entries(&*store, "s", at(0), 2).await, Ok(2));
    assert_eq!(place_entries(&*store, "s", at(0), 2).await, Ok(1));
    assert_eq!(place_entries(&*store, "s", at(0), 2).await, Ok(0));
    assert_eq!(store.pending(9).await, Ok(vec![]));

    let leaves: Vec<_> = entries
        .into_iter()
        .map(|e| (leaf_hash(&e.bytes), e.bytes))
        .collect();
    let mut frontier = Frontier::new();
    frontier.extend(leaves.iter().map(|(leaf, _)| *leaf));
    let head = store.head().await.unwrap();
    assert_eq!(
        (head.frontier, head.checkpoint.as_str(), head.published),
        (frontier, "size 3", 0)
    );
    let all: Vec<_> = leaves
        .into_iter()
        .map(|(leaf, bytes)| (bytes, leaf))
        .collect();
    assert_eq!(store.leaves(0, 3).await.as_ref(), Ok(&all));
    assert_eq!(store.leaves(1, 2).await.unwrap(), all[1..2]);
    assert_eq!(store.leaves(2, 99).await.unwrap(), all[2..]);
}

async fn the_roots_of_complete_subtrees_are_kept(place: Place) {
    let store = place.store().await;
    let names: Vec<String> = (0..520).map(|n| format!("e{n}")).collect();
    open(
        &*store,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    assert!(store.lease("sequencer", "s", at(0), at(10)).await.unwrap());
    for size in [255, 300, 520] {
        let step = size - store.head().await.unwrap().frontier.size();
        let step = u32::try_from(step).unwrap();
        place_entries(&*store, "s", at(0), step).await.unwrap();
        let leaves = store.leaves(0, size).await.unwrap();
        let hashes: Vec<_> = leaves.into_iter().map(|(_, leaf)| leaf).collect();
        let whole = hashes.chunks(256).filter(|part| part.len() == 256);
        let roots: Vec<_> = whole.map(ledger::tree::root).collect();
        assert_eq!(store.subtrees(1, 0, 9).await.as_ref(), Ok(&roots));
        assert_eq!(store.subtrees(2, 0, 9).await, Ok(vec![]));
    }
    let second = store.subtrees(1, 1, 2).await.unwrap();
    assert_eq!(second, store.subtrees(1, 0, 9).await.unwrap()[1..]);
}

async fn an_entry_is_found_by_its_name_once_it_has_a_place(place: Place) {
    let store = place.store().await;
    for id in ["x", "y"] {
        due_holding(&*store, id, &format!("fall-{id}")).await;
        let gone = holding(&*store, id).await.destroyed(at(1), None).unwrap();
        let gone = commit(&format!("gone-{id}"), at(1), |b| b.and(gone).unwrap());
        store.commit(&gone).await.unwrap();
    }
    let pending = store.pending(9).await.unwrap();
    assert_eq!(store.found_by("y").await, Ok(vec![]));
    place_all(&*store).await;
    // Opening and falling due name the holding too: only the certificate is found by it.
    let certificate = (5, pending[5].bytes.clone());
    assert_eq!(pending[5].id, "gone-y/0");
    assert_eq!(store.found_by("y").await, Ok(vec![certificate]));
    assert_eq!(store.found_by("z").await, Ok(vec![]));
}

/// Placing is refused and leaves no trace.
async fn lost(store: &dyn Store, now: i64, placed: &[Placed], frontier: &Frontier) {
    let (head, pending) = (
        store.head().await.unwrap(),
        store.pending(99).await.unwrap(),
    );
    let answer = store
        .sequence("s", at(now), placed, frontier, "forged")
        .await;
    assert_eq!(answer, Err(StoreFault::LeaseLost));
    assert_eq!(
        (
            store.head().await.unwrap(),
            store.pending(99).await.unwrap()
        ),
        (head, pending)
    );
}

fn first(entry: &exchange::ports::Pending, index: u64) -> (Vec<Placed>, Frontier) {
    let leaf = leaf_hash(&entry.bytes);
    let mut frontier = Frontier::new();
    let subtrees = frontier.append(leaf);
    (
        vec![Placed {
            id: entry.id.clone(),
            index,
            leaf,
            subtrees,
        }],
        frontier,
    )
}

async fn without_the_lease_nothing_is_placed(place: Place) {
    let store = place.store().await;
    open(&*store, &["x"]).await;
    let (placed, frontier) = first(&store.pending(1).await.unwrap()[0], 0);
    lost(&*store, 0, &placed, &frontier).await;
    assert!(store.lease("sequencer", "s", at(0), at(10)).await.unwrap());
    lost(&*store, 10, &placed, &frontier).await; // ended
    assert!(
        store
            .lease("sequencer", "other", at(10), at(20))
            .await
            .unwrap()
    );
    lost(&*store, 11, &placed, &frontier).await; // taken over
    lost(&*store, 5, &placed, &frontier).await; // also by a clock that is behind
}

async fn places_must_go_on_from_the_head(place: Place) {
    let store = place.store().await;
    open(&*store, &["x", "y"]).await;
    assert!(store.lease("sequencer", "s", at(0), at(10)).await.unwrap());
    let entries = store.pending(9).await.unwrap();
    let (gap, one) = first(&entries[0], 1);
    lost(&*store, 0, &gap, &one).await;
    lost(&*store, 0, &[], &one).await; // a frontier beyond its places
    let (mut twice, _) = first(&entries[0], 0);
    twice.push(Placed {
        index: 1,
        ..twice[0].clone()
    });
    let mut two = one.clone();
    two.append(twice[0].leaf);
    lost(&*store, 0, &twice, &two).await;

    assert_eq!(place_entries(&*store, "s", at(0), 1).await, Ok(1));
    let (again, one) = first(&entries[1], 0);
    lost(&*store, 0, &again, &one).await; // the head has moved
    let (mut placed_already, _) = first(&entries[0], 1);
    placed_already[0].index = 1;
    lost(&*store, 0, &placed_already, &two).await;
}

async fn what_is_published_never_becomes_less_nor_more_than_the_tree(place: Place) {
    let store = place.store().await;
    open(&*store, &["x", "y"]).await;
    assert!(store.lease("sequencer", "s", at(0), at(10)).await.unwrap());
    assert!(store.published("s", 1).await.is_err());
    place_entries(&*store, "s", at(0), 9).await.unwrap();
    for (size, shown) in [(1, 1), (2, 2), (1, 2)] {
        store.published("s", size).await.unwrap();
        assert_eq!(store.head().await.unwrap().published, shown);
    }
    assert!(store.published("s", 3).await.is_err());
    assert_eq!(store.head().await.unwrap().published, 2);
}

async fn publishing_gives_the_lease_back_to_whoever_is_next(place: Place) {
    let store = place.store().await;
    let take = async |name: &str, who: &str| store.lease(name, who, at(1), at(9)).await.unwrap();
    assert!(take("sequencer", "s").await && take("another", "s").await);
    store.published("other", 0).await.unwrap();
    assert!(
        !take("sequencer", "other").await,
        "the lease of somebody else"
    );
    store.published("s", 0).await.unwrap();
    assert!(take("sequencer", "other").await);
    assert!(!take("another", "other").await, "another lease");
}
