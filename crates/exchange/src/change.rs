//! Change: the only way state moves. A transition consumes the old state and returns the new one together
//! with its record; the store accepts nothing else, so a write without a record cannot be expressed.
//!
//! ```compile_fail
//! use exchange::{change::Change, retention::Holding};
//! fn forge(holding: Holding) -> Change<Holding> {
//!     Change { state: holding } // the fields are private: only a verb of the domain makes a change
//! }
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::{By, Code, CommitKey, Digest, Entry, EntryId, Fact, NodeName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Actor;
use crate::bulk::Bulk;
use crate::deadline::Deadline;
use crate::effect::Effect;
use crate::ids::{EffectId, HoldingId, OperationId, PackageId, SubjectId};
use crate::ports::{PortFault, Sealed, Spooled};

/// A step of a state machine: the verb, from where, to where, whose.
pub type Step<S> = (&'static str, S, S, &'static str);

/// Where a verb leads from here; none where the table does not foresee it.
pub(crate) fn next<S: Copy + PartialEq>(steps: &[Step<S>], verb: &str, here: S) -> Option<S> {
    let step = steps
        .iter()
        .find(|(v, from, _, _)| *v == verb && *from == here);
    step.map(|(_, _, to, _)| *to)
}

/// Something with a history: a versioned state that the store keeps and only its own verbs move.
pub trait Aggregate: Serialize + DeserializeOwned {
    /// The kind's name in the store.
    const KIND: &'static str;
    /// The id, unique in its kind.
    fn key(&self) -> String;
    /// The state's name.
    fn status(&self) -> &'static str;
    /// The deadline that the state implies, if any: every clock is data derived from state.
    fn deadline(&self) -> Option<Deadline>;
    /// The person of the case register whom it is about, where the store is to find it by them.
    fn subject(&self) -> Option<&SubjectId> {
        None
    }
    /// The version that this state was loaded at; 0 before it is stored.
    fn version(&self) -> u64;
    /// Sets the version; the store's loader calls it.
    fn at_version(self, version: u64) -> Self;
}

/// What a transition leaves in the ledger, before it has an id and its texts are sealed.
#[derive(Clone, Debug)]
pub struct Record {
    act: Act,
    actor: Actor,
    agreement: Option<Digest>,
    rule: Option<Code>,
    facts: BTreeMap<Code, Fact>,
    texts: BTreeMap<Code, String>,
    malformed: Option<&'static str>,
}

impl Record {
    pub(crate) fn new(act: Act, actor: &Actor) -> Self {
        Self {
            act,
            actor: actor.clone(),
            agreement: None,
            rule: None,
            facts: BTreeMap::new(),
            texts: BTreeMap::new(),
            malformed: None,
        }
    }

    pub(crate) fn under(mut self, agreement: Digest) -> Self {
        self.agreement = Some(agreement);
        self
    }

    pub(crate) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(Code::of(rule));
        self
    }

    pub(crate) fn fact(mut self, name: &'static str, fact: Fact) -> Self {
        self.facts.insert(Code::of(name), fact);
        self
    }

    pub(crate) fn count(self, name: &'static str, count: u64) -> Self {
        self.fact(name, Fact::Count(count))
    }

    /// A fact that names something of the hub by its identifier; one that cannot stand in the ledger refuses
    /// the whole commit.
    pub(crate) fn id(mut self, name: &'static str, id: impl std::fmt::Display) -> Self {
        match ledger::Id::parse(&id.to_string()) {
            Ok(id) => self.fact(name, Fact::Id(id)),
            Err(_) => {
                self.malformed = Some(name);
                self
            }
        }
    }

    /// A text or an identifier of a person: committed to in the entry, kept sealed beside it.
    pub(crate) fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.texts.insert(Code::of(name), text.into());
        self
    }
}

/// A transition that happened: the new state, its record and the effects it intends.
#[must_use = "a change that is not committed did not happen"]
#[derive(Debug)]
pub struct Change<T> {
    state: T,
    record: Record,
    effects: Vec<Effect>,
    along: Vec<Result<Write, PortFault>>,
    many_along: Option<Bulk<Write>>,
}

impl<T: Aggregate> Change<T> {
    pub(crate) fn new(state: T, record: Record) -> Self {
        Self {
            state,
            record,
            effects: Vec::new(),
            along: Vec::new(),
            many_along: None,
        }
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Another aggregate that the same act moves: it stands in the same record.
    pub(crate) fn along<O: Aggregate>(mut self, other: &O) -> Self {
        self.along.push(Write::of(other));
        self
    }

    /// As [`Change::along`], for more of them than memory holds: each once, in order of kind and id.
    pub(crate) fn many_along(mut self, others: Bulk<Write>) -> Self {
        self.many_along = Some(others);
        self
    }

    /// The same act with a person's reason, to be sealed beside its entry.
    pub(crate) fn saying(mut self, reason: &str) -> Self {
        self.record = self.record.text("reason", reason);
        self
    }

    /// The same act with a part of the new state put differently.
    pub(crate) fn map(mut self, how: impl FnOnce(T) -> T) -> Self {
        self.state = how(self.state);
        self
    }

    /// The new state, to look at before it is committed.
    pub fn state(&self) -> &T {
        &self.state
    }
}

/// One aggregate's new state in a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The kind of aggregate.
    pub kind: Cow<'static, str>,
    /// Its id.
    pub id: String,
    /// The version that it must have now (0: it must not exist); it will have the next.
    pub expected: u64,
    /// The new state's name.
    pub status: Cow<'static, str>,
    /// The new state as JSON; no personal value is in it.
    pub body: String,
    /// When its deadline falls due.
    pub due: Option<Timestamp>,
    /// The person of the case register whom it is about, where it is found by them.
    pub subject: Option<SubjectId>,
}

impl Write {
    pub(crate) fn of<T: Aggregate>(state: &T) -> Result<Self, PortFault> {
        let body = serde_json::to_string(state)
            .map_err(|e| PortFault(format!("the state of a {} cannot be written: {e}", T::KIND)))?;
        Ok(Self {
            kind: T::KIND.into(),
            id: state.key(),
            expected: state.version(),
            status: state.status().into(),
            body,
            due: state.deadline().map(|d| d.at()),
            subject: state.subject().cloned(),
        })
    }
}

/// A sealed item for a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The holding; it must stand, or be opened in the same commit (RET-01).
    pub holding: HoldingId,
    /// The item's name.
    pub name: String,
    /// The ciphertext.
    pub sealed: Sealed,
}

/// The texts of an entry, to be sealed beside it.
#[derive(Clone, Debug)]
pub struct Body {
    /// The entry.
    pub entry: String,
    /// The texts, by label.
    pub texts: BTreeMap<String, String>,
}

/// What one operation changes, being gathered.
#[derive(Debug)]
pub struct Batch {
    op: OperationId,
    name: &'static str,
    records: Vec<Record>,
    commit: Parts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    writes: Vec<Write>,
    effects: Vec<Effect>,
    items: Vec<Item>,
    many_writes: Vec<Bulk<Write>>,
    many_items: Vec<(Vec<HoldingId>, Bulk<Item>)>,
    emptied: Vec<HoldingId>,
    packages: Vec<(PackageId, Vec<u8>)>,
    more: Vec<(PackageId, Spooled)>,
    dropped: Vec<PackageId>,
    completes: Vec<EffectId>,
}

impl Batch {
    /// A batch for one operation; `name` names the transaction for operators.
    pub fn new(op: OperationId, name: &'static str) -> Self {
        Self {
            op,
            name,
            records: Vec::new(),
            commit: Parts::default(),
        }
    }

    /// The operation.
    pub fn op(&self) -> &OperationId {
        &self.op
    }

    /// Adds a change.
    ///
    /// # Errors
    /// [`PortFault`] when the state cannot be written as JSON.
    pub fn and<T: Aggregate>(mut self, change: Change<T>) -> Result<Self, PortFault> {
        let Change {
            state,
            record,
            effects,
            along,
            many_along,
        } = change;
        self.commit.writes.push(Write::of(&state)?);
        for other in along {
            self.commit.writes.push(other?);
        }
        self.commit.many_writes.extend(many_along);
        self.records.push(record);
        self.commit.effects.extend(effects);
        Ok(self)
    }

    /// Adds a record of something that changed no state: a refusal, a look-up.
    pub(crate) fn note(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    /// Adds a sealed item to a holding.
    pub fn item(mut self, holding: &HoldingId, name: impl Into<String>, sealed: Sealed) -> Self {
        let (holding, name) = (holding.clone(), name.into());
        self.commit.items.push(Item {
            holding,
            name,
            sealed,
        });
        self
    }

    /// Adds sealed items to these holdings, and to no other, that are more than memory holds.
    pub fn many_items(mut self, holdings: &[HoldingId], items: Bulk<Item>) -> Self {
        self.commit.many_items.push((holdings.to_vec(), items));
        self
    }

    /// Deletes all items of a holding (their key has died already).
    pub(crate) fn empty(mut self, holding: &HoldingId) -> Self {
        self.commit.emptied.push(holding.clone());
        self
    }

    /// Keeps the sealed bytes of a package.
    pub fn package(mut self, id: &PackageId, bytes: Vec<u8>) -> Self {
        self.commit.packages.push((id.clone(), bytes));
        self
    }

    /// Keeps the sealed bytes of a package that begin with these and go on in a spooled blob.
    pub fn large_package(self, id: &PackageId, front: Vec<u8>, rest: Spooled) -> Self {
        let mut batch = self.package(id, front);
        batch.commit.more.push((id.clone(), rest));
        batch
    }

    /// Deletes the sealed bytes of a package.
    pub fn drop_package(mut self, id: &PackageId) -> Self {
        self.commit.dropped.push(id.clone());
        self
    }

    /// Marks an effect as done.
    pub fn completes(mut self, effect: &EffectId) -> Self {
        self.commit.completes.push(effect.clone());
        self
    }

    /// Adds an effect that no single change carries.
    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.commit.effects.push(effect);
        self
    }

    /// Turns records into entries, committed to under `key`, and gives the texts that must be sealed beside
    /// them.
    ///
    /// # Errors
    /// [`PortFault`] when the operation's id cannot stand in the ledger.
    pub fn finish(
        self,
        at: Timestamp,
        node: &NodeName,
        key: &CommitKey,
    ) -> Result<(Commit, Vec<Body>), PortFault> {
        let mut entries = Vec::new();
        let mut bodies = Vec::new();
        for (n, record) in self.records.into_iter().enumerate() {
            let id = EntryId::new(self.op.as_str(), n as u64)
                .map_err(|e| PortFault(format!("the operation cannot be recorded: {e}")))?;
            if let Some(name) = record.malformed {
                let what = format!(
                    "the {name} of {} cannot stand in the ledger",
                    record.act.as_str()
                );
                return Err(PortFault(what));
            }
            let mut texts = record.texts;
            if let Some(staff) = record.actor.staff() {
                texts.insert(Code::of("who"), staff.to_string());
            }
            let sealed = texts
                .iter()
                .map(|(label, text)| (label.clone(), key.commit(&id, label, text.as_bytes())))
                .collect();
            if !texts.is_empty() {
                let texts = texts.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
                bodies.push(Body {
                    entry: id.to_string(),
                    texts,
                });
            }
            entries.push(Entry {
                id,
                at,
                node: node.clone(),
                act: record.act.code(),
                by: By {
                    role: record.actor.role_code(),
                },
                agreement: record.agreement,
                rule: record.rule,
                facts: record.facts,
                sealed,
            });
        }
        let effects = self
            .commit
            .effects
            .iter()
            .enumerate()
            .map(|(n, effect)| {
                EffectId::parse(format!("{}/e{n}", self.op))
                    .map(|id| (id, effect.clone()))
                    .map_err(|e| PortFault(e.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let commit = Commit {
            op: self.op,
            name: self.name,
            at,
            entries,
            effects,
            parts: self.commit,
        };
        Ok((commit, bodies))
    }
}

/// All that one operation changes, ready for the store: one transaction or nothing.
#[derive(Clone, Debug)]
pub struct Commit {
    op: OperationId,
    name: &'static str,
    at: Timestamp,
    entries: Vec<Entry>,
    effects: Vec<(EffectId, Effect)>,
    parts: Parts,
}

impl Commit {
    /// Adds a sealed item.
    pub fn put(&mut self, holding: &HoldingId, name: impl Into<String>, sealed: Sealed) {
        let (holding, name) = (holding.clone(), name.into());
        self.parts.items.push(Item {
            holding,
            name,
            sealed,
        });
    }

    /// The operation.
    pub fn op(&self) -> &OperationId {
        &self.op
    }
    /// The transaction's name, for operators.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// When it happens.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// The ledger entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
    /// The effects it intends, each to be kept until done.
    pub fn effects(&self) -> &[(EffectId, Effect)] {
        &self.effects
    }
    /// The aggregates' new states.
    pub fn writes(&self) -> &[Write] {
        &self.parts.writes
    }
    /// The sealed items to keep.
    pub fn items(&self) -> &[Item] {
        &self.parts.items
    }
    /// More new states: no aggregate of these is in [`Commit::writes`], or here twice.
    pub fn many_writes(&self) -> &[Bulk<Write>] {
        &self.parts.many_writes
    }
    /// More sealed items to keep, each in one of the holdings beside them.
    pub fn many_items(&self) -> &[(Vec<HoldingId>, Bulk<Item>)] {
        &self.parts.many_items
    }
    /// The holdings whose items are to be deleted.
    pub fn emptied(&self) -> &[HoldingId] {
        &self.parts.emptied
    }
    /// The packages to keep: all their bytes, or the first.
    pub fn packages(&self) -> &[(PackageId, Vec<u8>)] {
        &self.parts.packages
    }
    /// How packages go on after the bytes that [`Commit::packages`] begins them with.
    pub fn more(&self) -> &[(PackageId, Spooled)] {
        &self.parts.more
    }
    /// The packages whose bytes are to be deleted.
    pub fn dropped(&self) -> &[PackageId] {
        &self.parts.dropped
    }
    /// The effects that this commit completes.
    pub fn completes(&self) -> &[EffectId] {
        &self.parts.completes
    }
}
