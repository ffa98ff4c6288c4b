//! A dry run: the same verbs on the same state, with every write kept in memory and forgotten. Nothing of it
//! reaches the database, the vault, the transport or the published ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use exchange::Ports;
use exchange::change::{Commit, Item, Write};
use exchange::effect::LeasedEffect;
use exchange::file_name::FileName;
use exchange::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId, RouteId, SubjectId};
use exchange::ports::{
    Carrier, Clock, Committed, Due, Head, LedgerShelf, Parts, Pending, Placing, PortFault, Sealed,
    Sequenced, Spooled, Store, StoreFault, Stored, Transport, Vault, VaultFault,
};
use jiff::Timestamp;
use ledger::Digest;
use zeroize::Zeroizing;

/// The same adapters, none of which changes anything.
pub(crate) fn ports(ports: Ports) -> Ports {
    Ports {
        store: Arc::new(DryStore::over(ports.store)),
        vault: Arc::new(DryVault::over(ports.vault)),
        routes: ports.routes.into_iter().map(dry_route).collect(),
        desk: Arc::new(DryTransport(ports.desk)),
        shelf: Arc::new(DryShelf),
        clock: Arc::new(DryClock(ports.clock)),
        ..ports
    }
}

fn dry_route((name, carrier): (RouteId, Carrier)) -> (RouteId, Carrier) {
    let transport = Arc::new(DryTransport(carrier.transport));
    let carrier = Carrier {
        transport,
        ..carrier
    };
    (name, carrier)
}

/// A clock that keeps nothing, whoever vouches for it.
struct DryClock(Arc<dyn Clock>);

impl Clock for DryClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn should_show(&self) -> Option<Timestamp> {
        self.0.should_show()
    }
}

/// A store that remembers what it was told and writes nothing of it.
struct DryStore {
    inner: Arc<dyn Store>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    operations: BTreeSet<OperationId>,
    states: BTreeMap<(String, String), (Stored, Option<Timestamp>)>,
    items: BTreeMap<(HoldingId, String), Sealed>,
    emptied: BTreeSet<HoldingId>,
    packages: BTreeMap<PackageId, Option<Vec<u8>>>,
    more: BTreeMap<PackageId, Spooled>,
}

impl DryStore {
    fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            told: Mutex::default(),
        }
    }

    // A panic elsewhere leaves the maps whole, so a poisoned lock is still good.
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All states and items of a commit: what is tried is remembered as a whole.
async fn gathered(commit: &Commit) -> Result<(Vec<Write>, Vec<Item>), PortFault> {
    let (mut writes, mut items) = (commit.writes().to_vec(), commit.items().to_vec());
    for bulk in commit.many_writes() {
        let mut pages = bulk.pages();
        while let Some(page) = pages.next().await? {
            writes.extend(page);
        }
    }
    for (_, bulk) in commit.many_items() {
        let mut pages = bulk.pages();
        while let Some(page) = pages.next().await? {
            items.extend(page);
        }
    }
    Ok((writes, items))
}

#[async_trait]
impl Store for DryStore {
    async fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreFault> {
        let key = (kind.to_owned(), id.to_owned());
        let told = self.told().states.get(&key).map(|(s, _)| s.clone());
        match told {
            Some(stored) => Ok(Some(stored)),
            None => self.inner.load(kind, id).await,
        }
    }

    async fn load_many(
        &self,
        kind: &str,
        ids: &[String],
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let rows = self.inner.load_many(kind, ids).await?;
        let mut all: BTreeMap<String, Stored> = rows.into_iter().collect();
        let told = self.told();
        for id in ids {
            let key = (kind.to_owned(), id.clone());
            if let Some((stored, _)) = told.states.get(&key) {
                all.insert(id.clone(), stored.clone());
            }
        }
        Ok(all.into_iter().collect())
    }

    async fn versions(&self, kind: &str) -> Result<BTreeMap<String, u64>, StoreFault> {
        let mut all = self.inner.versions(kind).await?;
        for ((k, id), (stored, _)) in &self.told().states {
            if k == kind {
                all.insert(id.clone(), stored.version);
            }
        }
        Ok(all)
    }

    async fn list(&self, kind: &str, prefix: &str) -> Result<Vec<(String, Stored)>, StoreFault> {
        let rows = self.inner.list(kind, prefix).await?;
        let mut all: BTreeMap<String, Stored> = rows.into_iter().collect();
        for ((k, id), (stored, _)) in &self.told().states {
            if k == kind && id.starts_with(prefix) {
                all.insert(id.clone(), stored.clone());
            }
        }
        Ok(all.into_iter().collect())
    }

    async fn list_after(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let rows = self.inner.list_after(kind, prefix, after, limit).await?;
        let mut all: BTreeMap<String, Stored> = rows.into_iter().collect();
        for ((k, id), (stored, _)) in &self.told().states {
            if k == kind && id.starts_with(prefix) && id.as_str() > after {
                all.insert(id.clone(), stored.clone());
            }
        }
        Ok(all.into_iter().take(limit as usize).collect())
    }

    async fn in_state(
        &self,
        kind: &str,
        status: &str,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let rows = self.inner.in_state(kind, status).await?;
        let mut all: BTreeMap<String, Stored> = rows.into_iter().collect();
        for ((k, id), (stored, _)) in &self.told().states {
            if k == kind && stored.status == status {
                all.insert(id.clone(), stored.clone());
            } else if k == kind {
                all.remove(id);
            }
        }
        Ok(all.into_iter().collect())
    }

    async fn about(
        &self,
        kind: &str,
        subject: &SubjectId,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let mut all = self.inner.about(kind, subject).await?;
        let told = self.told();
        for (id, stored) in &mut all {
            if let Some((now, _)) = told.states.get(&(kind.to_owned(), id.clone())) {
                *stored = now.clone();
            }
        }
        Ok(all)
    }

    async fn due(&self, by: Timestamp, limit: u32) -> Result<Vec<Due>, StoreFault> {
        let mut all = self.inner.due(by, limit).await?;
        let told = self.told();
        all.retain(|due| {
            !told
                .states
                .contains_key(&(due.kind.clone(), due.id.clone()))
        });
        for ((kind, id), (_, due)) in &told.states {
            if let Some(at) = due.filter(|at| *at <= by) {
                let (kind, id) = (kind.clone(), id.clone());
                all.push(Due { kind, id, at });
            }
        }
        Ok(all)
    }

    async fn done(&self, op: &OperationId) -> Result<bool, StoreFault> {
        Ok(self.told().operations.contains(op) || self.inner.done(op).await?)
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreFault> {
        if self.done(commit.op()).await? {
            return Ok(Committed::Already);
        }
        let (writes, items) = gathered(commit).await?;
        for write in &writes {
            let before = self.load(&write.kind, &write.id).await?;
            if before.map_or(0, |s| s.version) != write.expected {
                return Err(StoreFault::Conflict {
                    kind: write.kind.to_string(),
                    id: write.id.clone(),
                });
            }
        }
        let mut told = self.told();
        told.operations.insert(commit.op().clone());
        for write in writes {
            let body = serde_json::from_str(&write.body)
                .map_err(|e| PortFault(format!("a state was not written as JSON: {e}")))?;
            let stored = Stored {
                version: write.expected + 1,
                status: write.status.into_owned(),
                body,
            };
            let key = (write.kind.into_owned(), write.id);
            told.states.insert(key, (stored, write.due));
        }
        for item in items {
            told.items.insert((item.holding, item.name), item.sealed);
        }
        for holding in commit.emptied() {
            told.emptied.insert(holding.clone());
        }
        for (id, bytes) in commit.packages() {
            told.packages.insert(id.clone(), Some(bytes.clone()));
        }
        told.more.extend(commit.more().iter().cloned());
        for id in commit.dropped() {
            told.packages.insert(id.clone(), None);
        }
        Ok(Committed::Now)
    }

    async fn item(&self, holding: &HoldingId, name: &str) -> Result<Option<Sealed>, StoreFault> {
        let key = (holding.clone(), name.to_owned());
        let told = {
            let told = self.told();
            let gone = told.emptied.contains(holding);
            (gone, told.items.get(&key).cloned())
        };
        match told {
            (true, _) => Ok(None),
            (false, Some(sealed)) => Ok(Some(sealed)),
            (false, None) => self.inner.item(holding, name).await,
        }
    }

    async fn items(
        &self,
        holding: &HoldingId,
        prefix: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault> {
        let rows = self.inner.items(holding, prefix).await?;
        let told = self.told();
        if told.emptied.contains(holding) {
            return Ok(Vec::new());
        }
        let mut all: BTreeMap<String, Sealed> = rows.into_iter().collect();
        for ((of, name), sealed) in &told.items {
            if of == holding && name.starts_with(prefix) {
                all.insert(name.clone(), sealed.clone());
            }
        }
        Ok(all.into_iter().collect())
    }

    async fn items_between(
        &self,
        holding: &HoldingId,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault> {
        let rows = self.inner.items_between(holding, first, last).await?;
        let told = self.told();
        if told.emptied.contains(holding) {
            return Ok(Vec::new());
        }
        let mut all: BTreeMap<String, Sealed> = rows.into_iter().collect();
        let key = |name: &str| (holding.clone(), name.to_owned());
        for ((_, name), sealed) in told.items.range(key(first)..=key(last)) {
            if name.len() == first.len() {
                all.insert(name.clone(), sealed.clone());
            }
        }
        Ok(all.into_iter().collect())
    }

    async fn package(&self, id: &PackageId, part: u32) -> Result<Option<Vec<u8>>, StoreFault> {
        let told = self.told().packages.get(id).cloned();
        let Some(bytes) = told else {
            return self.inner.package(id, part).await;
        };
        let more = self.told().more.get(id).cloned();
        match (part.checked_sub(1), more) {
            (None, _) => Ok(bytes),
            (Some(part), Some(more)) if bytes.is_some() => Ok(more.0.part(part).await?),
            (Some(_), _) => Ok(None),
        }
    }

    async fn lease_effects(
        &self,
        _: &str,
        _: Timestamp,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<LeasedEffect>, StoreFault> {
        Ok(Vec::new())
    }

    async fn retry_effect(&self, _: &EffectId, _: Timestamp) -> Result<(), StoreFault> {
        Ok(())
    }

    async fn open_effects(&self) -> Result<u64, StoreFault> {
        self.inner.open_effects().await
    }

    async fn open_since(&self) -> Result<Option<Timestamp>, StoreFault> {
        self.inner.open_since().await
    }

    async fn effect_open(&self, op: &OperationId) -> Result<bool, StoreFault> {
        // What would be intended now would not be done yet.
        Ok(self.told().operations.contains(op) || self.inner.effect_open(op).await?)
    }

    async fn lease(
        &self,
        _: &str,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<bool, StoreFault> {
        Ok(false)
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Pending>, StoreFault> {
        self.inner.pending(limit).await
    }

    async fn head(&self) -> Result<Head, StoreFault> {
        self.inner.head().await
    }

    async fn sequence(
        &self,
        commits: &[&Commit],
        _: u32,
        _: Placing<'_>,
    ) -> Result<Sequenced, StoreFault> {
        let mut committed = Vec::new();
        for commit in commits {
            committed.push(self.commit(commit).await?);
        }
        let placed = 0;
        Ok(Sequenced { committed, placed })
    }

    async fn published(&self, _: &str, _: u64) -> Result<(), StoreFault> {
        Ok(())
    }

    async fn leaves(&self, from: u64, to: u64) -> Result<Vec<(Vec<u8>, Digest)>, StoreFault> {
        self.inner.leaves(from, to).await
    }

    async fn subtrees(&self, level: u32, from: u64, to: u64) -> Result<Vec<Digest>, StoreFault> {
        self.inner.subtrees(level, from, to).await
    }

    async fn found_by(&self, name: &str) -> Result<Vec<(u64, Vec<u8>)>, StoreFault> {
        self.inner.found_by(name).await
    }
}

/// A vault that makes no key and destroys none: what would be sealed under a new key stays in memory, and no
/// longer than the dry run.
struct DryVault {
    inner: Arc<dyn Vault>,
    /// The holdings whose key is only supposed.
    made: Mutex<BTreeSet<HoldingId>>,
}

impl DryVault {
    fn over(inner: Arc<dyn Vault>) -> Self {
        Self {
            inner,
            made: Mutex::default(),
        }
    }

    fn made(&self) -> MutexGuard<'_, BTreeSet<HoldingId>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Vault for DryVault {
    async fn create(&self, holding: &HoldingId, _: &OperationId) -> Result<(), VaultFault> {
        match self.inner.derive(holding, "dry").await {
            Err(VaultFault::Missing(_)) => {
                self.made().insert(holding.clone());
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }

    async fn seal(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        item: &str,
        plain: &[u8],
    ) -> Result<Sealed, VaultFault> {
        if self.made().contains(holding) {
            return Ok(Sealed(plain.to_vec()));
        }
        self.inner.seal(holding, op, item, plain).await
    }

    async fn open(
        &self,
        holding: &HoldingId,
        item: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
        if self.made().contains(holding) {
            return Ok(Zeroizing::new(sealed.0.clone()));
        }
        self.inner.open(holding, item, sealed).await
    }

    async fn seal_many(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        items: &[(String, Zeroizing<Vec<u8>>)],
    ) -> Result<Vec<Sealed>, VaultFault> {
        if self.made().contains(holding) {
            return Ok(items.iter().map(|(_, p)| Sealed(p.to_vec())).collect());
        }
        self.inner.seal_many(holding, op, items).await
    }

    async fn open_many(
        &self,
        holding: &HoldingId,
        items: &[(String, Sealed)],
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, VaultFault> {
        if self.made().contains(holding) {
            let plain = items.iter().map(|(_, s)| Zeroizing::new(s.0.clone()));
            return Ok(plain.collect());
        }
        self.inner.open_many(holding, items).await
    }

    async fn derive(
        &self,
        holding: &HoldingId,
        purpose: &str,
    ) -> Result<Zeroizing<[u8; 32]>, VaultFault> {
        if self.made().contains(holding) {
            return Ok(Zeroizing::new([0; 32]));
        }
        self.inner.derive(holding, purpose).await
    }

    async fn destroy(&self, _: &[HoldingId]) -> Result<(), VaultFault> {
        Ok(())
    }

    async fn lookup_key(&self, value: &str) -> Result<String, VaultFault> {
        self.inner.lookup_key(value).await
    }
}

/// A transport that is read only.
struct DryTransport(Arc<dyn Transport>);

#[async_trait]
impl Transport for DryTransport {
    async fn put(&self, _: &PartyId, _: &PackageId, _: &mut dyn Parts) -> Result<(), PortFault> {
        Ok(())
    }
    async fn waiting(&self, me: &PartyId) -> Result<Vec<PackageId>, PortFault> {
        self.0.waiting(me).await
    }
    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault> {
        self.0.get(me, id).await
    }
    async fn remove(&self, _: &PartyId, _: &PackageId) -> Result<(), PortFault> {
        Ok(())
    }
    async fn lay(&self, _: &PartyId, _: &FileName, _: &[u8]) -> Result<(), PortFault> {
        Ok(())
    }
    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault> {
        self.0.lying(me).await
    }
    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault> {
        self.0.fetch(me, name).await
    }
    async fn clear(&self, _: &PartyId, _: &FileName) -> Result<(), PortFault> {
        Ok(())
    }
}

/// A published ledger that takes nothing.
struct DryShelf;

#[async_trait]
impl LedgerShelf for DryShelf {
    async fn write(&self, _: Vec<(String, Vec<u8>)>) -> Result<(), PortFault> {
        Ok(())
    }
    async fn remove(&self, _: Vec<String>) -> Result<(), PortFault> {
        Ok(())
    }
}
