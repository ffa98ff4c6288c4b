//! Legs: one flow of one run, as one node sees it. Every step stands in one table with the state it leaves and
//! the state it leads to; whatever is not in the table is refused (RUN-04). Never asks who may: that is
//! `authority`, answered before, and handed in as a warrant.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Actor;
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, HoldingId, PackageId, PartyId, ProjectId, RouteId, RunId};
use crate::refusal::Refusal;
use crate::table::FileFault;

mod numbers;
mod receive;
mod send;

pub use numbers::Numbers;
pub use receive::Arrival;
pub use send::{Preparing, Sealing};

/// Which end of the flow this node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// It sends.
    Sender,
    /// It receives.
    Receiver,
}

/// Where a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Sender: rows are extracted and in the vault.
    Prepared,
    /// Sender: the gate found nothing wrong.
    Validated,
    /// Sender: a person released it.
    Approved,
    /// Sender: the file is built, sealed and kept to be sent.
    Sealed,
    /// Sender: the package is on the transport.
    Sent,
    /// Sender: the receiver has it.
    Accepted,
    /// Sender: the receiver refused it whole.
    RefusedThere,
    /// Receiver: the package is in its restricted place, unopened.
    Received,
    /// Receiver: refused whole; nothing of it is used.
    Rejected,
    /// Receiver: well formed, but a person must decide about its content.
    Held,
    /// Receiver: its values may be used.
    Loaded,
    /// Receiver: matching is done.
    Matched,
    /// Both: over.
    Closed,
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The verb.
    pub verb: &'static str,
    /// The state it leaves; none where the leg comes to be.
    pub from: Option<State>,
    /// The state it leads to.
    pub to: State,
    /// Who takes it.
    pub owner: &'static str,
}

const fn step(verb: &'static str, from: State, to: State, owner: &'static str) -> Step {
    Step {
        verb,
        from: Some(from),
        to,
        owner,
    }
}

/// Whose word a second file waits for.
const TWO: &str = "data-sharing-officer or analyst, two of them";

/// Every step there is.
pub const STEPS: &[Step] = &[
    Step {
        verb: "prepare",
        from: None,
        to: State::Prepared,
        owner: "data-sharing-officer",
    },
    step("validate", State::Prepared, State::Validated, "node"),
    step(
        "release",
        State::Validated,
        State::Approved,
        "data-sharing-officer",
    ),
    step("seal", State::Approved, State::Sealed, "node"),
    step(
        "lock",
        State::Approved,
        State::Sealed,
        "data-sharing-officer",
    ),
    step("lock", State::Sealed, State::Sealed, "data-sharing-officer"),
    step("sent", State::Sealed, State::Sent, "node"),
    step("take-back", State::Sealed, State::Prepared, "node"),
    step("accepted", State::Sent, State::Accepted, "partner"),
    step("refused-there", State::Sent, State::RefusedThere, "partner"),
    step(
        "reopen",
        State::RefusedThere,
        State::Prepared,
        "data-sharing-officer",
    ),
    step("prepare-again", State::Prepared, State::Prepared, "node"),
    step("prepare-again", State::Validated, State::Prepared, "node"),
    step("prepare-again", State::Approved, State::Prepared, "node"),
    step(
        "abandon",
        State::Prepared,
        State::Closed,
        "data-sharing-officer",
    ),
    step(
        "abandon",
        State::Validated,
        State::Closed,
        "data-sharing-officer",
    ),
    step(
        "abandon",
        State::Approved,
        State::Closed,
        "data-sharing-officer",
    ),
    step(
        "abandon",
        State::RefusedThere,
        State::Closed,
        "data-sharing-officer",
    ),
    step(
        "abandon",
        State::Rejected,
        State::Closed,
        "data-sharing-officer",
    ),
    step(
        "close",
        State::Accepted,
        State::Closed,
        "data-sharing-officer",
    ),
    Step {
        verb: "receive",
        from: None,
        to: State::Received,
        owner: "node",
    },
    step("receive", State::Rejected, State::Received, "node"),
    step("missed", State::Received, State::Received, "node"),
    step("take-rival", State::Received, State::Received, TWO),
    step("take-rival", State::Held, State::Received, TWO),
    step("reject", State::Received, State::Rejected, "node"),
    step("hold", State::Received, State::Held, "node"),
    step("load", State::Received, State::Loaded, "node"),
    step(
        "release-held",
        State::Held,
        State::Loaded,
        "data-sharing-officer",
    ),
    step(
        "refuse-held",
        State::Held,
        State::Rejected,
        "data-sharing-officer",
    ),
    step("match", State::Loaded, State::Matched, "analyst"),
    step("close", State::Matched, State::Closed, "node"),
    step(
        "close",
        State::Loaded,
        State::Closed,
        "data-sharing-officer",
    ),
];

impl State {
    /// The name as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Validated => "validated",
            Self::Approved => "approved",
            Self::Sealed => "sealed",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::RefusedThere => "refused-there",
            Self::Received => "received",
            Self::Rejected => "rejected",
            Self::Held => "held",
            Self::Loaded => "loaded",
            Self::Matched => "matched",
            Self::Closed => "closed",
        }
    }
}

/// One flow of one run at this node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leg {
    run: RunId,
    flow: FlowId,
    side: Side,
    agreement: AgreementId,
    hash: Digest,
    peer: PartyId,
    route: RouteId,
    state: State,
    /// Which file of this leg: 1, and one more after each refusal (RUN-10).
    file: u32,
    rows: u64,
    holdings: Vec<HoldingId>,
    package: Option<PackageId>,
    /// The digest of the package that came; none of one that came before it was kept.
    #[serde(default)]
    bytes: Option<Digest>,
    /// The name that its bytes are kept under, where that is not its own.
    #[serde(default)]
    kept_as: Option<PackageId>,
    disclosure: Option<Digest>,
    withheld: Vec<u64>,
    /// The numbers of the file's rows, in its order; none where they are 1, 2, 3 and so on.
    numbers: Option<Vec<u64>>,
    sent_at: Option<Timestamp>,
    /// When the present file arrived here.
    #[serde(default)]
    received_at: Option<Timestamp>,
    /// Until when it is to be answered, from the moment that its receiver has it (RUN-18).
    reply_by: Option<Timestamp>,
    /// Did it come after the question was to be answered?
    late: bool,
    /// What the sender says of its sources.
    sources: Option<Sources>,
    fault: Option<FileFault>,
    /// How many recalls were sent about it.
    recalls: u32,
    /// The rows that the sender recalled, by number.
    recalled: BTreeSet<u64>,
    /// How many passwords did not open it.
    #[serde(default)]
    tries: u32,
    /// How many rows outside the expected volume the other party agreed to.
    agreed_volume: Option<u64>,
    /// The circumstance of the case that it is about.
    circumstance: Option<Circumstance>,
    #[serde(skip)]
    version: u64,
}

/// What the sender of a file says of the sources that it was made of (MATCH-18), and of its run (RUN-03).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// The day for which they stood.
    pub as_of: Date,
    /// What the receiver must know of their quality, where there is something to know; no personal value.
    pub quality: Option<String>,
    /// The project that the run belongs to, as another party said.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// The last day for the answer, as another party said.
    #[serde(default)]
    pub reply_by: Option<Date>,
}

/// The circumstance for which somebody is asked about, case by case. What it is stands sealed beside the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circumstance {
    /// The agreement's name of it.
    pub name: String,
    /// Does it still need the approval of a senior person?
    pub needs_senior: bool,
}

/// What identifies a leg.
#[derive(Clone, Debug)]
pub struct Of {
    /// The run.
    pub run: RunId,
    /// The flow.
    pub flow: FlowId,
    /// The agreement.
    pub agreement: AgreementId,
    /// The agreement's hash.
    pub hash: Digest,
    /// The other end.
    pub peer: PartyId,
    /// The route that the agreement names for the flow (RUN-13).
    pub route: RouteId,
}

impl Leg {
    /// The key under which the store has the leg of a run and flow.
    pub fn key_of(run: &RunId, flow: &FlowId) -> String {
        format!("{run}/{flow}")
    }

    fn new(of: Of, side: Side, state: State) -> Self {
        let Of {
            run,
            flow,
            agreement,
            hash,
            peer,
            route,
        } = of;
        Self {
            run,
            flow,
            side,
            agreement,
            hash,
            peer,
            route,
            state,
            file: 1,
            rows: 0,
            holdings: Vec::new(),
            package: None,
            bytes: None,
            kept_as: None,
            disclosure: None,
            withheld: Vec::new(),
            numbers: None,
            sent_at: None,
            received_at: None,
            reply_by: None,
            late: false,
            sources: None,
            fault: None,
            recalls: 0,
            recalled: BTreeSet::new(),
            tries: 0,
            agreed_volume: None,
            circumstance: None,
            version: 0,
        }
    }

    /// Both: the leg is over.
    ///
    /// # Errors
    /// A refusal (RUN-04, RUN-21) while something is still to be done.
    pub fn close(self, by: &Actor) -> Result<Change<Self>, Refusal> {
        let leg = self.step("close")?;
        let record = leg.record(Act::LegClosed, by).rule("RUN-21");
        Ok(Change::new(leg, record))
    }

    /// Both: it is given up before anything of it was used; why is the reason.
    ///
    /// # Errors
    /// A refusal (RUN-04) where it is on its way or was used, or without a reason.
    pub fn abandon(self, reason: &str, by: &Actor) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "RUN-04",
                "giving a file up needs its reason",
            ));
        }
        let leg = self.step("abandon")?;
        let record = leg.record(Act::LegAbandoned, by).text("reason", reason);
        Ok(Change::new(leg, record))
    }

    fn step(mut self, verb: &'static str) -> Result<Self, Refusal> {
        let mine = |s: &&Step| s.verb == verb && s.from == Some(self.state);
        match STEPS.iter().find(mine) {
            Some(step) => {
                self.state = step.to;
                Ok(self)
            }
            None => Err(Refusal::new(
                "RUN-04",
                format!(
                    "{} of {} is {}: it cannot {verb}",
                    self.flow,
                    self.run,
                    self.state.name()
                ),
            )
            .help(format!("from here: {}", ways_out(self.state)))),
        }
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by)
            .under(self.hash)
            .id("run", &self.run)
            .id("flow", &self.flow)
    }

    fn rejection(&self, by: &Actor, fault: &FileFault) -> Record {
        let mut record = self
            .record(Act::LegRejected, by)
            .text("fault", fault.to_string());
        if let Some(row) = fault.row {
            record = record.count("row", row);
        }
        if let Ok(rule) = ledger::Code::parse(&fault.rule) {
            record = record.fact("broken-rule", Fact::Code(rule));
        }
        record
    }

    fn partner(&self) -> Actor {
        Actor::Partner(self.peer.clone())
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }
    /// The flow.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// Which end of the flow this node is.
    pub fn side(&self) -> Side {
        self.side
    }
    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The agreement's hash.
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// The other end.
    pub fn peer(&self) -> &PartyId {
        &self.peer
    }
    /// The route that the agreement names for it.
    pub fn route(&self) -> &RouteId {
        &self.route
    }
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }
    /// Which file of this leg, from 1.
    pub fn file(&self) -> u32 {
        self.file
    }
    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }
    /// Where its values are, in the order of the flow's datasets.
    pub fn holdings(&self) -> &[HoldingId] {
        &self.holdings
    }
    /// The package of the present file.
    pub fn package(&self) -> Option<&PackageId> {
        self.package.as_ref()
    }
    /// The name that the bytes of the package of the present file are kept under.
    pub fn kept_as(&self) -> Option<&PackageId> {
        self.kept_as.as_ref().or(self.package.as_ref())
    }
    /// The digest of the package of the present file, as it came here.
    pub fn bytes(&self) -> Option<Digest> {
        self.bytes
    }
    /// The commitment to what left.
    pub fn disclosure(&self) -> Option<Digest> {
        self.disclosure
    }
    /// The prepared rows that were not sent.
    pub fn withheld(&self) -> &[u64] {
        &self.withheld
    }
    /// The number of the row at a place of the file, counted from 1.
    pub fn number_at(&self, place: u64) -> Option<u64> {
        match &self.numbers {
            None => (1..=self.rows).contains(&place).then_some(place),
            Some(all) => all
                .get(usize::try_from(place.checked_sub(1)?).ok()?)
                .copied(),
        }
    }
    /// The place of a numbered row in the file, counted from 1.
    pub fn place_of(&self, number: u64) -> Option<u64> {
        match &self.numbers {
            None => (1..=self.rows).contains(&number).then_some(number),
            Some(all) => (1u64..)
                .zip(all)
                .find(|(_, n)| **n == number)
                .map(|(place, _)| place),
        }
    }
    /// The numbers of its rows, in the order of the file.
    pub fn numbers(&self) -> Vec<u64> {
        match &self.numbers {
            None => (1..=self.rows).collect(),
            Some(all) => all.clone(),
        }
    }
    /// No row of its files has a greater number.
    pub fn last_number(&self) -> u64 {
        let listed = self.numbers.iter().flatten().chain(&self.withheld);
        let counted = if self.numbers.is_none() { self.rows } else { 0 };
        listed.copied().max().unwrap_or(0).max(counted)
    }
    /// Did the sender recall this row?
    pub fn is_recalled(&self, number: u64) -> bool {
        self.recalled.contains(&number)
    }
    /// The project that its run belongs to, as the file of another party said (RUN-03).
    pub fn project(&self) -> Option<&ProjectId> {
        self.sources.as_ref()?.project.as_ref()
    }
    /// The day for which the sender's sources stood (MATCH-18).
    pub fn as_of(&self) -> Option<Date> {
        self.sources.as_ref().map(|s| s.as_of)
    }
    /// What the sender says of the quality of its sources (MATCH-18).
    pub fn quality(&self) -> Option<&str> {
        self.sources.as_ref()?.quality.as_deref()
    }
    /// How many passwords did not open the present file.
    pub fn tries(&self) -> u32 {
        self.tries
    }
    /// When it was sent.
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.sent_at
    }
    /// When the present file arrived here; none for what this node sends.
    pub fn received_at(&self) -> Option<Timestamp> {
        self.received_at
    }
    /// Until when it is to be answered (RUN-18).
    pub fn reply_by(&self) -> Option<Timestamp> {
        self.reply_by
    }
    /// Is it an answer that came later than it was to come (RUN-18)?
    pub fn is_late(&self) -> bool {
        self.late
    }
    /// How many rows outside the expected volume the other party agreed to (RUN-16).
    pub fn agreed_volume(&self) -> Option<u64> {
        self.agreed_volume
    }
    /// The circumstance of the case that it is about.
    pub fn circumstance(&self) -> Option<&Circumstance> {
        self.circumstance.as_ref()
    }
    /// Why it was refused or is held.
    pub fn fault(&self) -> Option<&FileFault> {
        self.fault.as_ref()
    }
}

fn ways_out(state: State) -> String {
    let ways: Vec<_> = STEPS
        .iter()
        .filter(|s| s.from == Some(state))
        .map(|s| format!("{} ({})", s.verb, s.owner))
        .collect();
    if ways.is_empty() {
        "nothing, it is over".into()
    } else {
        ways.join(", ")
    }
}

impl Aggregate for Leg {
    const KIND: &'static str = "leg";
    fn key(&self) -> String {
        Self::key_of(&self.run, &self.flow)
    }
    fn status(&self) -> &'static str {
        self.state.name()
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
