//! The sequencer: places without a gap, the head, its entries and the commits that bring them together; one publishes at a
//! time.

use exchange::ports::{Committed, Places, PortFault, Store, StoreFault};
use ledger::{Digest, Frontier, leaf_hash};

use crate::common::place::Place;
use crate::common::world::{
    at, commit, due_holding, hold, holding, op, opened, place as place_entries, place_all, places,
    sealed,
};

crate::cases![
    a_lease_has_one_holder_until_it_ends,
    placing_moves_the_head_and_gives_the_leaves,
    the_roots_of_complete_subtrees_are_kept,
    an_entry_is_found_by_its_name_once_it_has_a_place,
    commits_stand_together_with_their_places,
    of_what_cannot_be_placed_nothing_stands,
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
    let entries = store.pending(9).await.unwrap();
    assert_eq!(store.pending(2).await.unwrap(), entries[..2]);
    assert_eq!(place_entries(&*store, 2).await, 2);
    assert_eq!(place_entries(&*store, 2).await, 1);
    assert_eq!(place_entries(&*store, 2).await, 0);
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
    for size in [255, 300, 520] {
        let step = size - store.head().await.unwrap().frontier.size();
        let step = u32::try_from(step).unwrap();
        place_entries(&*store, step).await;
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

async fn commits_stand_together_with_their_places(place: Place) {
    let store = place.store().await;
    open(&*store, &["before"]).await;
    let made = |id: &str| commit(id, at(0), |b| b.and(opened(id, None)).unwrap());
    let [x, before, y] = ["x", "before", "y"].map(made);
    let all = [&x, &before, &y, &x];
    let done = store.sequence(&all, 9, &places).await.unwrap();
    let [now, already] = [Committed::Now, Committed::Already];
    assert_eq!(done.committed, [now, already, now, already]);
    assert_eq!(done.placed, 3);
    let leaves = store.leaves(0, 9).await.unwrap();
    let texts = leaves.iter().map(|(bytes, _)| bytes.clone());
    let entries = [&before, &x, &y].map(|c| c.entries()[0].to_bytes().unwrap());
    assert_eq!(texts.collect::<Vec<_>>(), entries);
    let alone = store.sequence(&[&y], 9, &places).await.unwrap();
    assert_eq!((alone.committed, alone.placed), (vec![already], 0));
}

async fn of_what_cannot_be_placed_nothing_stands(place: Place) {
    let store = place.store().await;
    open(&*store, &["x", "y"]).await;
    assert_eq!(place_entries(&*store, 1).await, 1);
    let (head, pending) = (store.head().await, store.pending(99).await);
    let made = |op: &str, id: &str| commit(op, at(0), |b| b.and(opened(id, None)).unwrap());
    let (well, in_the_way) = (made("z", "z"), made("again", "x"));
    type Spoil = fn(&mut Places);
    let spoils: [Spoil; 5] = [
        |p| p.placed[0].index += 1,
        |p| p.placed[0].id = "nobody/0".into(),
        |p| p.placed[0] = p.placed[1].clone(),
        |p| drop(p.placed.pop()),
        |p| drop(p.frontier.append(Digest([7; 32]))),
    ];
    for spoil in spoils {
        let spoilt = |frontier, waiting| {
            let mut places = places(frontier, waiting)?;
            spoil(&mut places);
            Ok(places)
        };
        assert!(store.sequence(&[&well], 9, &spoilt).await.is_err());
    }
    let unsigned = |_, _| Err(PortFault("no key".into()));
    assert!(store.sequence(&[&well], 9, &unsigned).await.is_err());
    let both = store.sequence(&[&well, &in_the_way], 9, &places).await;
    assert!(matches!(both, Err(StoreFault::Conflict { .. })), "{both:?}");
    // What is put in a holding that comes with another's commit only does not go before that.
    let item = |id: &str| commit(id, at(0), |b| b.item(&hold("z"), "row/1", sealed([1])));
    let (early, late) = (item("early"), item("late"));
    let before = store.sequence(&[&early, &well], 9, &places).await;
    assert_eq!(before, Err(StoreFault::NoHolding(hold("z"))));
    assert_eq!(store.head().await, head);
    assert_eq!(store.pending(99).await, pending);
    assert_eq!(store.done(&op("z")).await, Ok(false));
    let after = store.sequence(&[&well, &late], 9, &places).await.unwrap();
    assert_eq!(
        (after.committed, after.placed),
        (vec![Committed::Now; 2], 2)
    );
}

async fn what_is_published_never_becomes_less_nor_more_than_the_tree(place: Place) {
    let store = place.store().await;
    open(&*store, &["x", "y"]).await;
    assert!(store.published("s", 1).await.is_err());
    place_entries(&*store, 9).await;
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
