//! Commits as the domain makes them: of holdings, with sealed items, packages and effects.

use exchange::authority::Actor;
use exchange::change::Aggregate;
use exchange::change::{Batch, Change, Commit};
use exchange::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId};
use exchange::ports::{Pending, Placed, Places, PortFault, Sealed, Store, Stored};
use exchange::retention::{Holding, KeepRule, Opening};
use jiff::Timestamp;
use ledger::{CommitKey, Frontier, NodeName, leaf_hash};

pub fn op(text: impl Into<String>) -> OperationId {
    OperationId::parse(text).unwrap()
}

pub fn hold(text: impl Into<String>) -> HoldingId {
    HoldingId::parse(text).unwrap()
}

pub fn pack(text: impl Into<String>) -> PackageId {
    PackageId::parse(text).unwrap()
}

pub fn effect(text: impl Into<String>) -> EffectId {
    EffectId::parse(text).unwrap()
}

/// An instant, so many seconds after a fixed one.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

pub fn sealed(bytes: impl Into<Vec<u8>>) -> Sealed {
    Sealed(bytes.into())
}

/// A new holding; with `started`, its date is that instant.
pub fn opened(id: &str, started: Option<Timestamp>) -> Change<Holding> {
    let opening = Opening {
        id: hold(id),
        agreement: None,
        what: "extract".into(),
        keeper: PartyId::parse("ho").unwrap(),
        rows: 1,
        rule: KeepRule {
            event: "received".into(),
            after: None,
            authority: "the keep rule".into(),
        },
        controller: "ho".into(),
        owed_to: None,
        started,
    };
    Holding::open(opening, &Actor::Node).unwrap()
}

/// A holding out of what the store holds, as if it had been loaded at `version`.
pub fn revived(stored: &Stored, version: u64) -> Holding {
    serde_json::from_value::<Holding>(stored.body.clone())
        .unwrap()
        .at_version(version)
}

pub async fn holding(store: &dyn Store, id: &str) -> Holding {
    let stored = store.load(Holding::KIND, id).await.unwrap().unwrap();
    revived(&stored, stored.version)
}

/// The commit of one operation at `when`.
pub fn commit(id: &str, when: Timestamp, fill: impl FnOnce(Batch) -> Batch) -> Commit {
    let node = NodeName::parse("ho").unwrap();
    let key = CommitKey::new([7; 32]);
    fill(Batch::new(op(id), "test"))
        .finish(when, &node, &key)
        .unwrap()
        .0
}

/// Opens a holding and makes it fall due: the second operation has one effect, `<fall>/e0`.
pub async fn due_holding(store: &dyn Store, id: &str, fall: &str) {
    let open = commit(&format!("open-{id}"), at(0), |b| {
        b.and(opened(id, Some(at(0)))).unwrap()
    });
    store.commit(&open).await.unwrap();
    let change = holding(store, id).await.fall_due(at(0)).unwrap();
    store
        .commit(&commit(fall, at(0), |b| b.and(change).unwrap()))
        .await
        .unwrap();
}

/// The places of waiting entries, under a checkpoint that says the size alone.
pub fn places(mut frontier: Frontier, waiting: Vec<Pending>) -> Result<Places, PortFault> {
    let mut placed = Vec::new();
    for entry in waiting {
        let leaf = leaf_hash(&entry.bytes);
        placed.push(Placed {
            id: entry.id,
            index: frontier.size(),
            leaf,
            subtrees: frontier.append(leaf),
        });
    }
    let checkpoint = format!("size {}", frontier.size());
    Ok(Places {
        placed,
        frontier,
        checkpoint,
    })
}

/// Gives up to `limit` waiting entries their places, and says how many.
pub async fn place(store: &dyn Store, limit: u32) -> usize {
    let done = store.sequence(&[], limit, &places).await;
    done.unwrap().placed
}

/// Gives all waiting entries their places.
pub async fn place_all(store: &dyn Store) {
    place(store, 100_000).await;
}
