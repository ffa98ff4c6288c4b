//! Node: one organisation's hub. Each verb of its modules is one thing that a person or the worker asks for:
//! it loads states, asks authority and the states themselves, and commits their changes in one transaction.
//! Every verb takes an operation id; asking twice does it once.

mod agreements;
mod aims;
mod alterations;
mod announcements;
mod answer;
mod approvals;
mod assurances;
mod bring;
mod byhand;
mod call;
mod check;
mod decide;
mod deny;
mod effects;
mod entrusted;
mod extract;
mod filing;
mod following;
mod handing;
mod inbound;
mod incidents;
mod keep;
mod leaving;
mod left;
mod legal_holds;
mod legs;
mod letters;
mod loading;
mod look_up;
mod look_ups;
mod matching;
mod months;
mod node_keys;
mod outbound;
mod pacts;
mod papers;
mod prove;
mod reading;
mod recall;
mod replies;
mod retention;
mod review;
mod reviews;
mod rivals;
mod routes;
mod seconding;
mod sequence;
mod sessions;
mod solutions;
mod sources;
mod span;
mod start;
mod statements;
mod time;
mod traces;
mod trail;
mod usage;
mod waits;
mod witness;
mod work;
mod writing;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, Ordering};

use agreement::{Law, Period};
use jiff::Timestamp;
use ledger::{CommitKey, Entry, NodeName};
use tracing::Instrument;
use zeroize::Zeroizing;

pub use aims::{Aims, Share};
pub use answer::Asked;
pub use assurances::Asking;
pub use bring::Brought;
pub use byhand::{Locked, Told};
pub use decide::{About, Deciding};
pub use incidents::Raised;
pub use pacts::Pacts;
pub use prove::Proven;
pub use replies::Awaited;
pub use review::{Verdict, Word};
pub use reviews::Review;
pub use start::{Case, Start};
pub use time::Doubt;
pub use trail::of_project;
pub use usage::MASKED;
pub use waits::Waits;
pub use work::Worked;
pub use writing::{Written, WrittenRow};

use crate::act::Act;
use crate::authority::Actor;
use crate::change::{Aggregate, Batch, Commit, Record};
use crate::ids::{HoldingId, OperationId, PartyId, RouteId, SubjectId};
use crate::ports::{
    Calls, Carrier, CaseRegister, Channel, Clock, Committed, Entropy, Forms, LedgerShelf, Locks,
    MasterList, Matching, PortFault, Sealer, Signer, Spool, Store, StoreFault, Transport, Vault,
};
use crate::refusal::Refusal;
use crate::retention::{Holding, KeepRule, Opening};
use crate::trouble::Trouble;

/// The adapters that a node is composed of.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Keys for values at rest.
    pub vault: Arc<dyn Vault>,
    /// Files of tables.
    pub forms: Arc<dyn Forms>,
    /// Locked files, for parties that have no node.
    pub locks: Arc<dyn Locks>,
    /// The ways by which passwords of locked files travel, by the agreement's routes.
    pub channels: BTreeMap<String, Arc<dyn Channel>>,
    /// Sealed packages.
    pub sealer: Arc<dyn Sealer>,
    /// Room for ciphertext that is too large to be in memory.
    pub spool: Arc<dyn Spool>,
    /// This node's signature.
    pub signer: Arc<dyn Signer>,
    /// What carries the packages of each route that the node's owner has set up; the register says which may be used.
    pub routes: BTreeMap<RouteId, Carrier>,
    /// Where a person of this node takes locked files from, and puts what came.
    pub desk: Arc<dyn Transport>,
    /// The published ledger.
    pub shelf: Arc<dyn LedgerShelf>,
    /// The case register, where this party has one.
    pub register: Option<Arc<dyn CaseRegister>>,
    /// The partner's own records, where this party matches.
    pub master: Option<Arc<dyn MasterList>>,
    /// How this party matches, where it does.
    pub matching: Option<Arc<Matching>>,
    /// How calls are made and answered.
    pub calls: Calls,
}

/// A server process by a name that is unique among those that share a store, and whatever keeps the name its own: a
/// lease that two processes held under one name would hold back neither.
#[derive(Clone, Debug)]
pub struct Instance {
    name: String,
    _held: Arc<dyn Any + Send + Sync>,
}

impl Instance {
    /// The process of this name, which is its own as long as `held` is not dropped.
    pub fn held(name: String, held: impl Any + Send + Sync) -> Self {
        let held = Arc::new(held);
        Self { name, _held: held }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// What a node's owner has set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The party that this node is.
    pub party: PartyId,
    /// This server process: the holder of leases.
    pub instance: Instance,
    /// The parties that have no node: their files are locked, and handed over by a person.
    pub by_hand: BTreeSet<PartyId>,
    /// What whoever receives a file of this party must know of the quality of its sources (MATCH-18); at most 300 bytes of
    /// plain text, and no personal value.
    pub quality: Option<String>,
    /// How long after the end of a year the sealed texts of its ledger entries are kept.
    pub evidence: Period,
    /// How long a copy in a backup outlives a destruction at most (RET-16); stated on each certificate. None: not stated.
    pub backups: Option<Period>,
    /// How long this party keeps what becomes part of its permanent record, by its own schedule; none where it has none,
    /// and nothing is promoted then (RET-07).
    pub permanent: Option<Period>,
    /// Who may look people up here, and what the auditors of look-ups watch.
    pub look_ups: crate::lookup::Rules,
}

/// One organisation's hub.
pub struct Node {
    settings: Settings,
    name: NodeName,
    ports: Ports,
    law: Law,
    known: pacts::Known,
    sequencer: sequence::Sequencer,
    /// The year whose holding of sealed texts is known to stand.
    evidence: AtomicI16,
}

/// What a verb did: the entries that now stand, none when it had been done before.
pub type Done = Vec<Entry>;

impl Node {
    /// Composes a node.
    ///
    /// # Errors
    /// [`PortFault`] when the party's name cannot stand in a ledger.
    pub fn new(settings: Settings, ports: Ports, law: Law) -> Result<Self, PortFault> {
        let name =
            NodeName::parse(settings.party.as_str()).map_err(|e| PortFault(e.to_string()))?;
        Ok(Self {
            settings,
            name,
            ports,
            law,
            known: pacts::Known::default(),
            sequencer: sequence::Sequencer::default(),
            evidence: AtomicI16::default(),
        })
    }

    /// The party that this node is.
    pub fn party(&self) -> &PartyId {
        &self.settings.party
    }

    /// The adapters.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// One aggregate, or none.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work or holds something unreadable.
    pub async fn find<T: Aggregate>(&self, key: &str) -> Result<Option<T>, Trouble> {
        self.ports
            .store
            .load(T::KIND, key)
            .await?
            .map(|s| revive(key, s.version, s.body))
            .transpose()
    }

    /// All aggregates of a kind, in order of their keys.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn all<T: Aggregate>(&self) -> Result<Vec<T>, Trouble> {
        self.under("").await
    }

    /// Those of these aggregates that there are, by key.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn find_many<T: Aggregate>(
        &self,
        keys: &[String],
    ) -> Result<BTreeMap<String, T>, Trouble> {
        let rows = self.ports.store.load_many(T::KIND, keys).await?;
        rows.into_iter()
            .map(|(key, s)| Ok((key.clone(), revive(&key, s.version, s.body)?)))
            .collect()
    }

    /// The aggregates of a kind whose keys start with `prefix`, in order of their keys.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn under<T: Aggregate>(&self, prefix: &str) -> Result<Vec<T>, Trouble> {
        let rows = self.ports.store.list(T::KIND, prefix).await?;
        rows.into_iter()
            .map(|(key, s)| revive(&key, s.version, s.body))
            .collect()
    }

    /// Of the aggregates of a kind with keys that begin so, the first `limit` after this key, each with its key, in order of
    /// their keys.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn after<T: Aggregate>(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, T)>, Trouble> {
        let rows = self.ports.store.list_after(T::KIND, prefix, after, limit);
        rows.await?
            .into_iter()
            .map(|(key, s)| Ok((key.clone(), revive(&key, s.version, s.body)?)))
            .collect()
    }

    /// The aggregates of a kind in a state, in order of their keys.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn in_state<T: Aggregate>(&self, status: &str) -> Result<Vec<T>, Trouble> {
        let rows = self.ports.store.in_state(T::KIND, status).await?;
        rows.into_iter()
            .map(|(key, s)| revive(&key, s.version, s.body))
            .collect()
    }

    /// The aggregates of a kind that are about this person of the case register, in order of their keys.
    ///
    /// # Errors
    /// As [`Node::find`].
    pub async fn about<T: Aggregate>(&self, subject: &SubjectId) -> Result<Vec<T>, Trouble> {
        let rows = self.ports.store.about(T::KIND, subject).await?;
        rows.into_iter()
            .map(|(key, s)| revive(&key, s.version, s.body))
            .collect()
    }

    async fn need<T: Aggregate>(&self, key: &str) -> Result<T, Trouble> {
        self.find(key).await?.ok_or_else(|| {
            Refusal::new("RUN-04", format!("there is no {} {key} here", T::KIND))
                .help("`concordat node status` lists what there is; a file may be on its way")
                .into()
        })
    }

    /// Runs a verb; when rules say no, records the refusal before it is told (AUD-07).
    async fn recorded(
        &self,
        op: &OperationId,
        by: &Actor,
        verb: impl Future<Output = Result<Done, Trouble>>,
    ) -> Result<Done, Trouble> {
        if self.ports.store.done(op).await? {
            return Ok(Vec::new());
        }
        let result = verb.await;
        // Another process may have done the same meanwhile: what stands in the way is then what was asked for.
        if result.is_err() && self.ports.store.done(op).await? {
            return Ok(Vec::new());
        }
        if let Err(Trouble::Refused(refusals)) = &result {
            self.record_refusals(op, by, refusals).await?;
        }
        result
    }

    /// Records what rules say no to, under the operation that they refuse.
    async fn record_refusals(
        &self,
        op: &OperationId,
        by: &Actor,
        refusals: &[Refusal],
    ) -> Result<(), Trouble> {
        // The same request may be refused at two moments; each moment is recorded once.
        let no = op.then(&format!("no:{}", self.now().as_millisecond()))?;
        let mut batch = Batch::new(no, "refusal");
        for refusal in refusals {
            let record = Record::new(Act::Refused, by)
                .rule(refusal.rule)
                .id("operation", op)
                .text("what", refusal.what.clone());
            batch = batch.note(record);
        }
        self.commit(batch).await?;
        Ok(())
    }

    /// Commits a batch, all in one transaction.
    async fn commit(&self, batch: Batch) -> Result<Done, Trouble> {
        let commit = self.prepared(batch).await?;
        let committed = self.ports.store.commit(&commit);
        Ok(match committed.instrument(span::commit()).await? {
            Committed::Now => commit.entries().to_vec(),
            Committed::Already => Vec::new(),
        })
    }

    /// Commits a batch, and its entries have their places under a signed checkpoint.
    async fn commit_covered(&self, batch: Batch) -> Result<Done, Trouble> {
        let commit = self.prepared(batch).await?;
        let entries = commit.entries().to_vec();
        let committed = self.commit_placed(commit).instrument(span::commit());
        Ok(match committed.await? {
            Committed::Now => entries,
            Committed::Already => Vec::new(),
        })
    }

    /// Makes a commit of a batch: entries get their ids and commitments, texts are sealed.
    async fn prepared(&self, batch: Batch) -> Result<Commit, Trouble> {
        let now = self.now();
        let (holding, batch) = self.evidence(batch, now).await?;
        let key = self.evidence_key(&holding).await?;
        let (mut commit, bodies) = batch.finish(now, &self.name, &key)?;
        let mut texts = Vec::with_capacity(bodies.len());
        for body in bodies {
            let plain = Zeroizing::new(
                serde_json::to_vec(&body.texts).map_err(|e| PortFault(e.to_string()))?,
            );
            texts.push((format!("entry/{}", body.entry), plain));
        }
        let vault = &self.ports.vault;
        let sealed = vault.seal_many(&holding, commit.op(), &texts).await?;
        for ((name, _), sealed) in texts.into_iter().zip(sealed) {
            commit.put(&holding, name, sealed);
        }
        Ok(commit)
    }

    /// The holding of this year's sealed texts, opened in `batch` if it is the first of the year.
    async fn evidence(&self, batch: Batch, now: Timestamp) -> Result<(HoldingId, Batch), Trouble> {
        let year = crate::deadline::london_day(now)?.year();
        let id = HoldingId::parse(format!("evidence-{year}"))?;
        // It stands for years: whatever is put in it is refused should it not.
        if self.evidence.load(Ordering::Relaxed) == year {
            return Ok((id, batch));
        }
        let found = self.ports.store.load(Holding::KIND, id.as_str());
        if found.await?.is_some() {
            self.evidence.store(year, Ordering::Relaxed);
            return Ok((id, batch));
        }
        self.ports.vault.create(&id, batch.op()).await?;
        let opening = Opening {
            id: id.clone(),
            agreement: None,
            what: "evidence".into(),
            keeper: self.party().clone(),
            rows: 0,
            controller: self.party().to_string(),
            rule: KeepRule {
                event: "year-ended".into(),
                after: Some(self.settings.evidence),
                authority: "node settings".into(),
            },
            owed_to: None,
            started: Some(crate::deadline::year_end(now)?),
        };
        let batch = batch.and(Holding::open(opening, &Actor::Node)?)?;
        Ok((id, batch))
    }

    async fn evidence_key(&self, holding: &HoldingId) -> Result<CommitKey, Trouble> {
        let key = self.ports.vault.derive(holding, "commitments").await?;
        Ok(CommitKey::new(*key))
    }
}

fn revive<T: Aggregate>(key: &str, version: u64, body: serde_json::Value) -> Result<T, Trouble> {
    serde_json::from_value::<T>(body)
        .map(|t| t.at_version(version))
        .map_err(|e| {
            PortFault(format!(
            "{} {key} cannot be read: restore the store from a backup or update the program ({e})",
            T::KIND
        ))
        .into()
        })
}

/// The kinds of aggregate that a node's state is made of.
const KINDS: [&str; 21] = [
    "alteration",
    "announcement",
    "assurance",
    "partner",
    "route",
    "pact",
    "approval",
    "run",
    "leg",
    "trace",
    "match",
    "finding",
    "flag",
    "decision",
    "holding",
    "cosigning",
    "entrusted",
    "application",
    "line",
    "look-up",
    "rival",
];

/// What stands in a node's state, by kind and key: what comparisons of runs look at.
pub type Snapshot = BTreeMap<String, (String, serde_json::Value)>;

impl Node {
    /// The node's whole domain state, without ciphertext.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn snapshot(&self) -> Result<Snapshot, Trouble> {
        let mut all = Snapshot::new();
        for kind in KINDS {
            for (key, stored) in self.ports.store.list(kind, "").await? {
                all.insert(format!("{kind} {key}"), (stored.status, stored.body));
            }
        }
        Ok(all)
    }
}

impl From<StoreFault> for PortFault {
    fn from(fault: StoreFault) -> Self {
        Self(fault.to_string())
    }
}
