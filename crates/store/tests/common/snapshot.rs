//! Everything that a store shows, to compare one moment or one store with another.

use exchange::change::Aggregate;
use exchange::ports::{Due, Head, Pending, Sealed, Store, Stored};
use exchange::retention::Holding;
use jiff::Timestamp;
use ledger::Digest;

use super::world::{hold, pack};

#[derive(Debug, PartialEq)]
pub struct Snapshot {
    pub holdings: Vec<(String, Stored)>,
    pub due: Vec<Due>,
    pub items: Vec<(String, Vec<(String, Sealed)>)>,
    pub packages: Vec<(String, Option<Vec<u8>>)>,
    pub open: u64,
    pub pending: Vec<Pending>,
    pub head: Head,
    pub leaves: Vec<(Vec<u8>, Digest)>,
}

/// What the store shows, of these holdings and packages.
pub async fn snapshot(store: &dyn Store, holdings: &[&str], packages: &[&str]) -> Snapshot {
    let mut items = Vec::new();
    for id in holdings {
        items.push(((*id).to_owned(), store.items(&hold(*id), "").await.unwrap()));
    }
    let mut kept = Vec::new();
    for id in packages {
        kept.push((
            (*id).to_owned(),
            store.package(&pack(*id), 0).await.unwrap(),
        ));
    }
    let head = store.head().await.unwrap();
    Snapshot {
        holdings: store.list(Holding::KIND, "").await.unwrap(),
        due: store.due(Timestamp::MAX, u32::MAX).await.unwrap(),
        items,
        packages: kept,
        open: store.open_effects().await.unwrap(),
        pending: store.pending(u32::MAX).await.unwrap(),
        leaves: store.leaves(0, head.frontier.size()).await.unwrap(),
        head,
    }
}
