//! Reading: what is not there, what is due, and in which order things come.

use std::collections::BTreeMap;

use exchange::authority::Actor;
use exchange::change::Aggregate;
use exchange::ids::{FlowId, RunId, SubjectId};
use exchange::matches::{Evidence, Found, Match};
use exchange::ports::{Due, Head};
use ledger::{Digest, Frontier};

use crate::common::place::Place;
use crate::common::world::{at, commit, effect, hold, holding, op, opened, pack, sealed};

crate::cases![
    a_new_database_is_empty,
    the_due_come_earliest_first,
    a_date_moves_with_its_state,
    finer_than_a_microsecond_is_never_early,
    items_come_by_prefix_in_byte_order,
    a_page_of_items_has_the_names_of_its_length,
    states_come_in_byte_order,
    a_part_of_a_list_is_what_comes_after_a_key,
    what_is_about_a_person_is_found_by_them,
    versions_are_those_of_one_kind_as_they_stand,
];

async fn a_new_database_is_empty(place: Place) {
    let store = place.store().await;
    assert_eq!(store.load("holding", "a").await, Ok(None));
    assert_eq!(store.list("holding", "").await, Ok(vec![]));
    assert_eq!(store.due(at(9), 9).await, Ok(vec![]));
    assert_eq!(store.done(&op("any")).await, Ok(false));
    assert_eq!(store.item(&hold("a"), "x").await, Ok(None));
    assert_eq!(store.items(&hold("a"), "").await, Ok(vec![]));
    assert_eq!(store.package(&pack("p"), 0).await, Ok(None));
    assert_eq!(store.lease_effects("w", at(0), at(1), 9).await, Ok(vec![]));
    assert_eq!(store.retry_effect(&effect("any/e0"), at(1)).await, Ok(()));
    assert_eq!(store.effect_open(&op("any")).await, Ok(false));
    assert_eq!(store.open_effects().await, Ok(0));
    assert_eq!(store.pending(9).await, Ok(vec![]));
    let empty = Head {
        frontier: Frontier::new(),
        checkpoint: String::new(),
        published: 0,
    };
    assert_eq!(store.head().await, Ok(empty));
    assert_eq!(store.leaves(0, 9).await, Ok(vec![]));
}

async fn the_due_come_earliest_first(place: Place) {
    let store = place.store().await;
    for (id, seconds) in [("c", 3), ("b", 1), ("a", 3), ("later", 4)] {
        let open = commit(&format!("o-{id}"), at(0), |b| {
            b.and(opened(id, Some(at(seconds)))).unwrap()
        });
        store.commit(&open).await.unwrap();
    }
    let open = commit("o-never", at(0), |b| b.and(opened("never", None)).unwrap());
    store.commit(&open).await.unwrap();
    let due = |id: &str, seconds| Due {
        kind: "holding".into(),
        id: id.into(),
        at: at(seconds),
    };
    assert_eq!(store.due(at(0), 9).await, Ok(vec![]));
    let all = vec![due("b", 1), due("a", 3), due("c", 3)];
    assert_eq!(store.due(at(3), 9).await.as_ref(), Ok(&all));
    assert_eq!(store.due(at(3), 2).await.unwrap(), all[..2]);
}

async fn a_date_moves_with_its_state(place: Place) {
    let store = place.store().await;
    let open = commit("open", at(0), |b| b.and(opened("a", None)).unwrap());
    store.commit(&open).await.unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap().len(), 0);
    let event = holding(&*store, "a")
        .await
        .happened(at(2), &Actor::Node)
        .unwrap();
    store
        .commit(&commit("event", at(2), |b| b.and(event).unwrap()))
        .await
        .unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap().len(), 1);
    let fall = holding(&*store, "a").await.fall_due(at(2)).unwrap();
    store
        .commit(&commit("fall", at(2), |b| b.and(fall).unwrap()))
        .await
        .unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap().len(), 0);
}

async fn finer_than_a_microsecond_is_never_early(place: Place) {
    let store = place.store().await;
    let nano = |n: i64| at(1) + jiff::SignedDuration::from_nanos(n);
    let open = commit("open", at(0), |b| {
        b.and(opened("a", Some(nano(500)))).unwrap()
    });
    store.commit(&open).await.unwrap();
    assert_eq!(store.due(nano(200), 9).await.unwrap().len(), 0);
    let due = store.due(nano(1_000), 9).await.unwrap();
    assert!(due[0].at >= nano(500));
}

async fn items_come_by_prefix_in_byte_order(place: Place) {
    let store = place.store().await;
    let names = [
        "row/2", "row/10", "row", "Row/1", "row_1", "row%", "r", "zeta", "rowé/1", "row/é",
    ];
    let put = commit("put", at(0), |b| {
        let b = b
            .and(opened("a", None))
            .unwrap()
            .and(opened("a2", None))
            .unwrap();
        let b = names
            .iter()
            .fold(b, |b, name| b.item(&hold("a"), *name, sealed(*name)));
        b.item(&hold("a2"), "row/other", sealed("other"))
    });
    store.commit(&put).await.unwrap();
    for prefix in [
        "", "row", "row/", "row_", "row%", "rowé", "row/é", "%", "_", "zz",
    ] {
        let found = store.items(&hold("a"), prefix).await.unwrap();
        let found: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
        let mut expect: Vec<String> = names
            .iter()
            .filter(|n| n.starts_with(prefix))
            .map(|n| (*n).to_owned())
            .collect();
        expect.sort();
        assert_eq!(found, expect, "{prefix}");
    }
}

async fn states_come_in_byte_order(place: Place) {
    let store = place.store().await;
    let ids = ["b/1", "b-1", "b.1", "b:1", "b_1", "b1", "a"];
    for id in ids {
        let open = commit(&format!("o{id}"), at(0), |b| {
            b.and(opened(id, None)).unwrap()
        });
        store.commit(&open).await.unwrap();
    }
    let mut expect = ids.to_vec();
    expect.sort_unstable();
    let found = store.list("holding", "").await.unwrap();
    assert_eq!(
        found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        expect
    );
}

async fn a_part_of_a_list_is_what_comes_after_a_key(place: Place) {
    let store = place.store().await;
    for id in ["b/1", "b/2", "b/10", "b1", "a", "b", "c/1"] {
        let open = commit(&format!("o{id}"), at(0), |b| {
            b.and(opened(id, None)).unwrap()
        });
        store.commit(&open).await.unwrap();
    }
    for prefix in ["", "b", "b/", "d"] {
        let all = store.list("holding", prefix).await.unwrap();
        for after in ["", "a", "b", "b/", "b/1", "b/10", "b/11", "c/1", "~"] {
            for limit in [1, 2, 9] {
                let part = store.list_after("holding", prefix, after, limit);
                let mut expect = all.clone();
                expect.retain(|(id, _)| id.as_str() > after);
                expect.truncate(limit as usize);
                assert_eq!(part.await, Ok(expect), "{prefix} {after} {limit}");
            }
        }
    }
    assert_eq!(store.list_after("other", "", "", 9).await, Ok(vec![]));
}

async fn a_page_of_items_has_the_names_of_its_length(place: Place) {
    let store = place.store().await;
    let names = [
        "row/001", "row/002", "row/003", "row/0020", "row/1000", "other",
    ];
    for id in ["a", "b"] {
        let fill = commit(&format!("fill-{id}"), at(0), |b| {
            let mut b = b.and(opened(id, None)).unwrap();
            for name in names {
                b = b.item(&hold(id), name, sealed(name));
            }
            b
        });
        store.commit(&fill).await.unwrap();
    }
    let check = async |first: &str, last: &str, expect: &[&str]| {
        let found = store.items_between(&hold("a"), first, last).await.unwrap();
        let expect = expect.iter().map(|n| ((*n).to_owned(), sealed(*n)));
        assert_eq!(found, expect.collect::<Vec<_>>(), "{first} to {last}");
    };
    check("row/001", "row/002", &["row/001", "row/002"]).await;
    check("row/002", "row/999", &["row/002", "row/003"]).await;
    check("row/0000", "row/9999", &["row/0020", "row/1000"]).await;
    check("row/004", "row/999", &[]).await;
    let none = store
        .items_between(&hold("none"), "row/001", "row/999")
        .await;
    assert_eq!(none, Ok(vec![]));
}

async fn what_is_about_a_person_is_found_by_them(place: Place) {
    let store = place.store().await;
    let subject = |c: char| SubjectId::parse(c.to_string().repeat(64)).unwrap();
    let found = |run: &str, row, subject| Found {
        run: RunId::parse(run).unwrap(),
        flow: FlowId::parse("reply").unwrap(),
        hash: Digest::of(b"an agreement"),
        row,
        holding: hold("h"),
        subject,
        evidence: Evidence::Partner,
        ambiguous: false,
    };
    let all = [
        found("b", 1, Some(subject('a'))),
        found("a", 2, Some(subject('a'))),
        found("a", 1, Some(subject('b'))),
        found("a", 3, None),
    ];
    for (n, found) in all.into_iter().enumerate() {
        let made = Match::found(found, &Actor::Node);
        let make = commit(&format!("m{n}"), at(0), |b| b.and(made).unwrap());
        store.commit(&make).await.unwrap();
    }
    let about = async |kind: &str, c: char| {
        let rows = store.about(kind, &subject(c)).await.unwrap();
        rows.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(
        about("match", 'a').await,
        ["a/reply/000002", "b/reply/000001"]
    );
    assert_eq!(about("match", 'b').await, ["a/reply/000001"]);
    assert_eq!(about("match", 'c').await, Vec::<String>::new());
    assert_eq!(about("trace", 'a').await, Vec::<String>::new());
    // A later state is found as well as the first.
    let (_, stored) = store.about("match", &subject('b')).await.unwrap().remove(0);
    let stands: Match = serde_json::from_value(stored.body).unwrap();
    let moved = stands.at_version(stored.version).supersede().unwrap();
    let supersede = commit("move", at(0), |b| b.and(moved).unwrap());
    store.commit(&supersede).await.unwrap();
    let (_, stored) = store.about("match", &subject('b')).await.unwrap().remove(0);
    assert_eq!((stored.version, stored.status.as_str()), (2, "superseded"));
}

async fn versions_are_those_of_one_kind_as_they_stand(place: Place) {
    let store = place.store().await;
    assert_eq!(store.versions("holding").await, Ok(BTreeMap::new()));
    for id in ["b", "a"] {
        let open = commit(&format!("open-{id}"), at(0), |b| {
            b.and(opened(id, None)).unwrap()
        });
        store.commit(&open).await.unwrap();
    }
    let event = holding(&*store, "a")
        .await
        .happened(at(2), &Actor::Node)
        .unwrap();
    let event = commit("event", at(2), |b| b.and(event).unwrap());
    store.commit(&event).await.unwrap();
    let stand = BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 1)]);
    assert_eq!(store.versions("holding").await, Ok(stand));
    assert_eq!(store.versions("pact").await, Ok(BTreeMap::new()));
}
