//! The store as plain maps: slow, obvious, and what both databases are compared with.

use std::collections::{BTreeMap, BTreeSet};

use exchange::change::Commit;
use exchange::effect::{Effect, LeasedEffect};
use exchange::ids::{EffectId, HoldingId, OperationId};
use exchange::ports::{
    Committed, Due, Head, Pending, Placing, PortFault, Sealed, Sequenced, StoreFault, Stored,
};
use jiff::Timestamp;
use ledger::{Digest, Frontier};

use super::snapshot::Snapshot;

#[derive(Clone)]
struct Entry {
    id: String,
    op: OperationId,
    bytes: Vec<u8>,
    place: Option<(u64, Digest)>,
}

#[derive(Clone)]
struct Outgoing {
    id: EffectId,
    op: OperationId,
    effect: Effect,
    open: bool,
    lease: Option<(String, Timestamp)>,
    retry_at: Timestamp,
    attempts: u32,
}

#[derive(Clone, Default)]
pub struct Model {
    operations: BTreeSet<OperationId>,
    aggregates: BTreeMap<(String, String), (Stored, Option<Timestamp>)>,
    items: BTreeMap<(HoldingId, String), Sealed>,
    packages: BTreeMap<String, Option<Vec<u8>>>,
    entries: Vec<Entry>,
    outbox: Vec<Outgoing>,
    leases: BTreeMap<String, (String, Timestamp)>,
    frontier: Frontier,
    checkpoint: String,
    published: u64,
}

impl Model {
    pub fn load(&self, kind: &str, id: &str) -> Option<&Stored> {
        self.aggregates
            .get(&(kind.into(), id.into()))
            .map(|(stored, _)| stored)
    }

    pub fn done(&self, op: &OperationId) -> bool {
        self.operations.contains(op)
    }

    pub fn commit(&mut self, commit: &Commit) -> Result<Committed, StoreFault> {
        if self.done(commit.op()) {
            return Ok(Committed::Already);
        }
        let mut after = self.clone();
        after.apply(commit)?;
        *self = after;
        Ok(Committed::Now)
    }

    fn apply(&mut self, commit: &Commit) -> Result<(), StoreFault> {
        let conflict = |kind: &str, id: &str| StoreFault::Conflict {
            kind: kind.into(),
            id: id.into(),
        };
        self.operations.insert(commit.op().clone());
        // Faults are looked for as the databases write: what stood, what is new, what is filled, each in order.
        let mut writes: Vec<_> = commit.writes().iter().collect();
        writes.sort_by_key(|w| (w.kind.clone(), w.id.clone()));
        let mut turns: Vec<Vec<_>> = Vec::new();
        for write in writes {
            let same = |w: &&exchange::change::Write| (&w.kind, &w.id) == (&write.kind, &write.id);
            let turn = turns.iter().filter(|t| t.iter().any(same)).count();
            match turns.get_mut(turn) {
                Some(all) => all.push(write),
                None => turns.push(vec![write]),
            }
        }
        for turn in turns {
            let (new, old): (Vec<_>, Vec<_>) = turn.into_iter().partition(|w| w.expected == 0);
            for write in old.into_iter().chain(new) {
                let key = (write.kind.to_string(), write.id.clone());
                let now = self
                    .aggregates
                    .get(&key)
                    .map_or(0, |(stored, _)| stored.version);
                if now != write.expected {
                    return Err(conflict(&key.0, &key.1));
                }
                let stored = Stored {
                    version: now + 1,
                    status: write.status.to_string(),
                    body: serde_json::from_str(&write.body).unwrap(),
                };
                self.aggregates.insert(key, (stored, write.due));
            }
        }
        let filled: BTreeSet<_> = commit.items().iter().map(|i| i.holding.clone()).collect();
        for holding in filled {
            match self
                .aggregates
                .get(&("holding".to_owned(), holding.to_string()))
            {
                Some((stored, _)) if stored.status != "destroyed" => {}
                _ => return Err(StoreFault::NoHolding(holding)),
            }
        }
        for entry in commit.entries() {
            let (id, bytes) = (entry.id.to_string(), entry.to_bytes().unwrap());
            self.entries.push(Entry {
                id,
                op: commit.op().clone(),
                bytes,
                place: None,
            });
        }
        for item in commit.items() {
            self.items.insert(
                (item.holding.clone(), item.name.clone()),
                item.sealed.clone(),
            );
        }
        self.items
            .retain(|(holding, _), _| !commit.emptied().contains(holding));
        for (id, bytes) in commit.packages() {
            let kept = self
                .packages
                .entry(id.to_string())
                .or_insert_with(|| Some(bytes.clone()));
            if kept.as_ref() != Some(bytes) {
                return Err(conflict("package", id.as_str()));
            }
        }
        for id in commit.dropped() {
            self.packages
                .entry(id.to_string())
                .and_modify(|bytes| *bytes = None);
        }
        for (id, effect) in commit.effects() {
            self.outbox.push(Outgoing {
                id: id.clone(),
                op: commit.op().clone(),
                effect: effect.clone(),
                open: true,
                lease: None,
                retry_at: commit.at(),
                attempts: 0,
            });
        }
        for id in commit.completes() {
            let open = self.outbox.iter_mut().find(|e| e.id == *id && e.open);
            open.ok_or_else(|| conflict("effect", id.as_str()))?.open = false;
        }
        Ok(())
    }

    pub fn lease_effects(
        &mut self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<LeasedEffect> {
        let waiting: BTreeSet<_> = self
            .entries
            .iter()
            .filter(|e| e.place.is_none())
            .map(|e| e.op.clone())
            .collect();
        let free = |e: &&mut Outgoing| {
            let others = e
                .lease
                .as_ref()
                .is_some_and(|(who, until)| who != holder && *until > now);
            e.open && e.retry_at <= now && !others && !waiting.contains(&e.op)
        };
        let lease = |e: &mut Outgoing| {
            e.lease = Some((holder.into(), until));
            let Outgoing {
                id,
                op,
                effect,
                attempts,
                ..
            } = e.clone();
            LeasedEffect {
                id,
                op,
                effect,
                attempts,
            }
        };
        self.outbox
            .iter_mut()
            .filter(free)
            .take(limit)
            .map(lease)
            .collect()
    }

    pub fn retry_effect(&mut self, id: &EffectId, retry_at: Timestamp) {
        for effect in self.outbox.iter_mut().filter(|e| e.id == *id && e.open) {
            effect.lease = None;
            effect.retry_at = retry_at;
            effect.attempts += 1;
        }
    }

    pub fn effect_open(&self, op: &OperationId) -> bool {
        self.outbox.iter().any(|e| e.op == *op && e.open)
    }

    pub fn effects(&self) -> Vec<EffectId> {
        self.outbox.iter().map(|e| e.id.clone()).collect()
    }

    pub fn lease(&mut self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool {
        if self
            .leases
            .get(name)
            .is_some_and(|(who, until)| who != holder && *until > now)
        {
            return false;
        }
        self.leases.insert(name.into(), (holder.into(), until));
        true
    }

    /// Commits one after the other, then gives places; nothing when one of it cannot be done.
    pub fn sequence(
        &mut self,
        commits: &[&Commit],
        limit: usize,
        placing: Placing<'_>,
    ) -> Result<Sequenced, StoreFault> {
        let mut after = self.clone();
        let mut committed = Vec::new();
        for commit in commits {
            committed.push(after.commit(commit)?);
        }
        let mut waiting = after.pending();
        waiting.truncate(limit);
        let placed = waiting.len();
        if placed > 0 {
            let places = placing(after.frontier.clone(), waiting)?;
            for (place, index) in places.placed.iter().zip(after.frontier.size()..) {
                let mut entries = after.entries.iter_mut();
                let entry = entries.find(|e| e.id == place.id && e.place.is_none());
                if place.index != index {
                    return Err(PortFault("a gap".into()).into());
                }
                entry.unwrap().place = Some((place.index, place.leaf));
            }
            after.frontier = places.frontier;
            after.checkpoint = places.checkpoint;
        }
        *self = after;
        Ok(Sequenced { committed, placed })
    }

    pub fn published(&mut self, size: u64) -> bool {
        if size > self.frontier.size() {
            return false;
        }
        self.published = self.published.max(size);
        true
    }

    pub fn pending(&self) -> Vec<Pending> {
        let waiting = self.entries.iter().filter(|e| e.place.is_none());
        waiting
            .map(|e| Pending {
                id: e.id.clone(),
                bytes: e.bytes.clone(),
            })
            .collect()
    }

    pub fn head(&self) -> Head {
        Head {
            frontier: self.frontier.clone(),
            checkpoint: self.checkpoint.clone(),
            published: self.published,
        }
    }

    pub fn snapshot(&self, holdings: &[&str], packages: &[&str]) -> Snapshot {
        let mut due: Vec<Due> = Vec::new();
        for ((kind, id), (_, at)) in &self.aggregates {
            due.extend(at.map(|at| Due {
                kind: kind.clone(),
                id: id.clone(),
                at,
            }));
        }
        due.sort_by(|a, b| (a.at, &a.kind, &a.id).cmp(&(b.at, &b.kind, &b.id)));
        let mut leaves: Vec<_> = self
            .entries
            .iter()
            .filter_map(|e| e.place.map(|(n, leaf)| (n, e.bytes.clone(), leaf)))
            .collect();
        leaves.sort();
        let items = |id: &str| {
            let own = self
                .items
                .iter()
                .filter(|((holding, _), _)| holding.as_str() == id);
            own.map(|((_, name), sealed)| (name.clone(), sealed.clone()))
                .collect()
        };
        Snapshot {
            holdings: self
                .aggregates
                .iter()
                .filter(|((kind, _), _)| kind == "holding")
                .map(|((_, id), (stored, _))| (id.clone(), stored.clone()))
                .collect(),
            due,
            items: holdings
                .iter()
                .map(|id| ((*id).to_owned(), items(id)))
                .collect(),
            packages: packages
                .iter()
                .map(|id| ((*id).to_owned(), self.packages.get(*id).cloned().flatten()))
                .collect(),
            open: self.outbox.iter().filter(|e| e.open).count() as u64,
            pending: self.pending(),
            head: self.head(),
            leaves: leaves
                .into_iter()
                .map(|(_, bytes, leaf)| (bytes, leaf))
                .collect(),
        }
    }
}
