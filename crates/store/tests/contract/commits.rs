//! Commits: whole or not at all, once, and only on the version that was looked at.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::bulk::{Bulk, Bulking};
use exchange::change::{Batch, Commit, Item};
use exchange::ports::{Blob, Committed, Filling, PortFault, Spool, Spooled, Store, StoreFault};

use crate::common::place::Place;
use crate::common::snapshot::{Snapshot, snapshot};
use crate::common::world::{
    at, commit, due_holding, effect, hold, holding, op, opened, pack, sealed,
};

crate::cases![
    a_commit_stands_whole,
    a_repeat_does_nothing_whatever_it_holds,
    a_stale_version_conflicts,
    what_exists_is_not_made_again,
    each_failing_part_undoes_all_others,
    a_dead_holding_takes_no_item,
    items_are_replaced_by_name,
    items_from_the_spool_are_put_page_by_page_or_not_at_all,
    packages_are_set_once_and_dropped_for_good,
    a_large_package_comes_in_parts_and_goes_whole,
    an_effect_is_completed_once,
    what_is_committed_is_there_after_reopening,
];

async fn seen(store: &dyn Store) -> Snapshot {
    snapshot(store, &["a", "b", "dead", "none"], &["p", "q"]).await
}

/// A commit of every kind of part.
fn full(batch: Batch) -> Batch {
    batch
        .and(opened("b", Some(at(5))))
        .unwrap()
        .item(&hold("b"), "row/1", sealed("ciphertext"))
        .package(&pack("q"), b"package".to_vec())
        .drop_package(&pack("p"))
        .completes(&effect("fall/e0"))
}

/// Holding `a` is due, its destruction intended by `fall/e0`; package `p` is kept.
async fn before(store: &dyn Store) {
    due_holding(store, "a", "fall").await;
    let keep = commit("keep", at(0), |b| b.package(&pack("p"), b"old".to_vec()));
    assert_eq!(store.commit(&keep).await, Ok(Committed::Now));
}

async fn a_commit_stands_whole(place: Place) {
    let store = place.store().await;
    before(&*store).await;
    assert_eq!(
        store.commit(&commit("full", at(1), full)).await,
        Ok(Committed::Now)
    );

    assert_eq!(store.done(&op("full")).await, Ok(true));
    let b = store.load("holding", "b").await.unwrap().unwrap();
    assert_eq!((b.version, b.status.as_str()), (1, "counting"));
    assert_eq!(
        store.item(&hold("b"), "row/1").await,
        Ok(Some(sealed("ciphertext")))
    );
    assert_eq!(
        store.package(&pack("q"), 0).await,
        Ok(Some(b"package".to_vec()))
    );
    assert_eq!(store.package(&pack("p"), 0).await, Ok(None));
    assert_eq!(store.open_effects().await, Ok(0));
    assert_eq!(store.effect_open(&op("fall")).await, Ok(false));
    let pending = store.pending(10).await.unwrap();
    let ids: Vec<&str> = pending.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["open-a/0", "fall/0", "full/0"]);
    for entry in &pending {
        assert_eq!(
            ledger::Entry::parse(&entry.bytes).unwrap().id.to_string(),
            entry.id
        );
    }
}

async fn a_repeat_does_nothing_whatever_it_holds(place: Place) {
    let store = place.store().await;
    before(&*store).await;
    let first = commit("full", at(1), full);
    assert_eq!(store.commit(&first).await, Ok(Committed::Now));
    let stood = seen(&*store).await;
    let other = commit("full", at(9), |b| {
        b.and(opened("none", None))
            .unwrap()
            .item(&hold("a"), "x", sealed("y"))
    });
    for again in [&first, &other] {
        assert_eq!(store.commit(again).await, Ok(Committed::Already));
        assert_eq!(seen(&*store).await, stood);
    }
}

async fn a_stale_version_conflicts(place: Place) {
    let store = place.store().await;
    let open = commit("open", at(0), |b| b.and(opened("a", None)).unwrap());
    store.commit(&open).await.unwrap();
    let stale = holding(&*store, "a").await;
    let event = |id: &str, h: exchange::retention::Holding| {
        let change = h
            .happened(at(1), &exchange::authority::Actor::Node)
            .unwrap();
        commit(id, at(1), |b| b.and(change).unwrap())
    };
    assert_eq!(
        store.commit(&event("first", stale.clone())).await,
        Ok(Committed::Now)
    );
    refused(&*store, &event("second", stale), &conflict("holding", "a")).await;
    let a = store.load("holding", "a").await.unwrap().unwrap();
    assert_eq!((a.version, a.status.as_str()), (2, "counting"));
}

async fn what_exists_is_not_made_again(place: Place) {
    let store = place.store().await;
    let open = |id: &str| commit(id, at(0), |b| b.and(opened("a", None)).unwrap());
    assert_eq!(store.commit(&open("one")).await, Ok(Committed::Now));
    refused(&*store, &open("two"), &conflict("holding", "a")).await;
}

/// The commit fails with `fault` and leaves no trace.
async fn refused(store: &dyn Store, commit: &Commit, fault: &StoreFault) {
    let stood = seen(store).await;
    assert_eq!(store.commit(commit).await.as_ref(), Err(fault));
    assert_eq!(store.done(commit.op()).await, Ok(false));
    assert_eq!(seen(store).await, stood);
}

fn conflict(kind: &str, id: &str) -> StoreFault {
    StoreFault::Conflict {
        kind: kind.into(),
        id: id.into(),
    }
}

// RET-01: an item without a holding that stands is refused.
async fn each_failing_part_undoes_all_others(place: Place) {
    let store = place.store().await;
    before(&*store).await;
    let stale = holding(&*store, "a").await;
    let done = commit("done", at(0), |b| {
        b.and(stale.clone().destroyed(at(0), None).unwrap())
            .unwrap()
    });
    store.commit(&done).await.unwrap();

    let with = |id: &str, part: &dyn Fn(Batch) -> Batch| commit(id, at(1), |b| part(full(b)));
    let stale_write = with("w", &|b| {
        b.and(stale.clone().destroyed(at(1), None).unwrap())
            .unwrap()
    });
    refused(&*store, &stale_write, &conflict("holding", "a")).await;
    let no_holding = with("h", &|b| b.item(&hold("none"), "row/1", sealed("x")));
    refused(&*store, &no_holding, &StoreFault::NoHolding(hold("none"))).await;
    let dead_holding = with("d", &|b| b.item(&hold("a"), "row/1", sealed("x")));
    refused(&*store, &dead_holding, &StoreFault::NoHolding(hold("a"))).await;
    let other_bytes = with("p", &|b| b.package(&pack("p"), b"new".to_vec()));
    refused(&*store, &other_bytes, &conflict("package", "p")).await;
    let no_effect = with("e", &|b| b.completes(&effect("never/e0")));
    refused(&*store, &no_effect, &conflict("effect", "never/e0")).await;

    // Nothing of the five hindered the sixth.
    assert_eq!(
        store.commit(&commit("full", at(1), full)).await,
        Ok(Committed::Now)
    );
}

async fn a_dead_holding_takes_no_item(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall").await;
    let put = |id: &str| commit(id, at(1), |b| b.item(&hold("a"), "row/1", sealed("x")));
    assert_eq!(
        store.commit(&put("while-it-goes")).await,
        Ok(Committed::Now)
    );
    let gone = holding(&*store, "a").await.destroyed(at(1), None).unwrap();
    store
        .commit(&commit("gone", at(1), |b| b.and(gone).unwrap()))
        .await
        .unwrap();
    assert_eq!(
        store.load("holding", "a").await.unwrap().unwrap().status,
        "destroyed"
    );
    refused(&*store, &put("too-late"), &StoreFault::NoHolding(hold("a"))).await;
}

async fn items_are_replaced_by_name(place: Place) {
    let store = place.store().await;
    let first = commit("one", at(0), |b| {
        b.and(opened("a", None))
            .unwrap()
            .item(&hold("a"), "row/1", sealed("first"))
    });
    let second = commit("two", at(0), |b| {
        b.item(&hold("a"), "row/1", sealed("second"))
    });
    store.commit(&first).await.unwrap();
    store.commit(&second).await.unwrap();
    assert_eq!(
        store.items(&hold("a"), "").await,
        Ok(vec![("row/1".to_owned(), sealed("second"))])
    );
}

async fn packages_are_set_once_and_dropped_for_good(place: Place) {
    let store = place.store().await;
    let keep =
        |id: &str, bytes: &[u8]| commit(id, at(0), |b| b.package(&pack("p"), bytes.to_vec()));
    assert_eq!(
        store.commit(&keep("one", b"sealed")).await,
        Ok(Committed::Now)
    );
    assert_eq!(
        store.commit(&keep("same", b"sealed")).await,
        Ok(Committed::Now)
    );
    refused(
        &*store,
        &keep("other", b"sealed anew"),
        &conflict("package", "p"),
    )
    .await;
    let drop = commit("drop", at(0), |b| {
        b.drop_package(&pack("p")).drop_package(&pack("never"))
    });
    assert_eq!(store.commit(&drop).await, Ok(Committed::Now));
    assert_eq!(store.package(&pack("p"), 0).await, Ok(None));
    refused(
        &*store,
        &keep("again", b"sealed"),
        &conflict("package", "p"),
    )
    .await;
}

async fn an_effect_is_completed_once(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall").await;
    assert_eq!(store.effect_open(&op("fall")).await, Ok(true));
    let complete = |id: &str| commit(id, at(1), |b| b.completes(&effect("fall/e0")));
    assert_eq!(
        store.commit(&complete("fall/e0:done")).await,
        Ok(Committed::Now)
    );
    assert_eq!(
        store.commit(&complete("fall/e0:done")).await,
        Ok(Committed::Already)
    );
    refused(
        &*store,
        &complete("another"),
        &conflict("effect", "fall/e0"),
    )
    .await;
}

async fn what_is_committed_is_there_after_reopening(place: Place) {
    let store = place.store().await;
    before(&*store).await;
    store.commit(&commit("full", at(1), full)).await.unwrap();
    let stood = seen(&*store).await;
    drop(store);
    assert_eq!(seen(&*place.store().await).await, stood);
}

/// Three parts of a blob.
struct Three;

#[async_trait]
impl Blob for Three {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        Ok((n < 3).then(|| vec![u8::try_from(n).unwrap(); 5]))
    }
}

/// A blob that cannot be read to its end.
struct Broken;

#[async_trait]
impl Blob for Broken {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        match n {
            0 => Ok(Some(vec![0; 5])),
            _ => Err(PortFault("the disk".into())),
        }
    }
}

async fn a_large_package_comes_in_parts_and_goes_whole(place: Place) {
    let store = place.store().await;
    let large = |id: &str, front: &[u8], rest: Arc<dyn Blob>| {
        let (front, rest) = (front.to_vec(), Spooled(rest));
        commit(id, at(0), |b| b.large_package(&pack("p"), front, rest))
    };
    let broken = large("broken", b"front", Arc::new(Broken));
    assert!(store.commit(&broken).await.is_err());
    assert_eq!(
        store.package(&pack("p"), 0).await,
        Ok(None),
        "nothing of it stands"
    );
    assert_eq!(
        store.package(&pack("p"), 1).await,
        Ok(None),
        "nothing of it stands"
    );
    for again in ["keep", "keep-again"] {
        let keep = large(again, b"front", Arc::new(Three));
        store.commit(&keep).await.unwrap();
    }
    let whole = |part: u32| match part {
        0 => Some(b"front".to_vec()),
        n => (n < 4).then(|| vec![u8::try_from(n - 1).unwrap(); 5]),
    };
    for part in 0..6 {
        assert_eq!(store.package(&pack("p"), part).await, Ok(whole(part)));
    }
    let other = large("other", b"other", Arc::new(Three));
    assert!(store.commit(&other).await.is_err(), "other bytes");
    let drop = commit("drop", at(0), |b| b.drop_package(&pack("p")));
    store.commit(&drop).await.unwrap();
    for part in 0..4 {
        assert_eq!(store.package(&pack("p"), part).await, Ok(None));
    }
}

/// A spool in memory, whose parts end anywhere; it breaks after so many.
struct Memory {
    breaks: u32,
}

struct Written {
    bytes: Vec<u8>,
    breaks: u32,
}

#[async_trait]
impl Spool for Memory {
    async fn begin(&self) -> Result<Box<dyn Filling>, PortFault> {
        let (bytes, breaks) = (Vec::new(), self.breaks);
        Ok(Box::new(Written { bytes, breaks }))
    }
}

#[async_trait]
impl Filling for Written {
    async fn push(&mut self, sealed: &[u8]) -> Result<(), PortFault> {
        self.bytes.extend_from_slice(sealed);
        Ok(())
    }
    async fn done(self: Box<Self>) -> Result<Spooled, PortFault> {
        Ok(Spooled(Arc::new(*self)))
    }
}

#[async_trait]
impl Blob for Written {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        if n >= self.breaks {
            return Err(PortFault("the disk".into()));
        }
        let part = self.bytes.chunks(77).nth(usize::try_from(n).unwrap());
        Ok(part.map(<[u8]>::to_vec))
    }
}

/// Pages of 60 items of these holdings.
async fn pages(holdings: &[&str], breaks: u32) -> Bulk<Item> {
    let mut bulk = Bulking::begin(&Memory { breaks }).await.unwrap();
    for id in holdings {
        let item = |n| Item {
            holding: hold(*id),
            name: format!("row/{n:06}"),
            sealed: sealed(format!("{id}{n}")),
        };
        bulk.page(&(1..=60).map(item).collect::<Vec<_>>())
            .await
            .unwrap();
    }
    bulk.done().await.unwrap()
}

async fn items_from_the_spool_are_put_page_by_page_or_not_at_all(place: Place) {
    let store = place.store().await;
    let many = |id: &str, of: &[&str], items: Bulk<Item>| {
        let of: Vec<_> = of.iter().map(|id| hold(*id)).collect();
        commit(id, at(0), |b| {
            let both = b.and(opened("a", None)).unwrap();
            both.and(opened("b", None)).unwrap().many_items(&of, items)
        })
    };
    let broken = many("broken", &["a", "b"], pages(&["a", "b"], 20).await);
    refused(&*store, &broken, &PortFault("the disk".into()).into()).await;
    let stray = many("stray", &["a"], pages(&["a", "b"], 1_000).await);
    refused(&*store, &stray, &StoreFault::NoHolding(hold("b"))).await;
    let unkept = many("unkept", &["a", "c"], pages(&["a"], 1_000).await);
    refused(&*store, &unkept, &StoreFault::NoHolding(hold("c"))).await;
    let good = many("good", &["a", "b"], pages(&["a", "b", "a"], 1_000).await);
    assert_eq!(store.commit(&good).await, Ok(Committed::Now));
    for id in ["a", "b"] {
        let items = store.items(&hold(id), "row/").await.unwrap();
        assert_eq!(items.len(), 60);
        assert_eq!(
            items[59],
            ("row/000060".to_owned(), sealed(format!("{id}60")))
        );
    }
}
