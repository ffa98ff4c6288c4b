//! Legs: one flow of one run, as one node sees it. Every step stands in one table with the state it leaves and
//! the state it leads to; whatever is not in the table is refused (RUN-04). Never asks who may: that is
//! `authority`, answered before, and handed in as a warrant.

use jiff::Timestamp;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::effect::Effect;
use crate::ids::{AgreementId, FlowId, HoldingId, PackageId, PartyId, RunId};
use crate::refusal::Refusal;
use crate::table::FileFault;

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
    step("sent", State::Sealed, State::Sent, "node"),
    step("accepted", State::Sent, State::Accepted, "partner"),
    step("refused-there", State::Sent, State::RefusedThere, "partner"),
    step(
        "reopen",
        State::RefusedThere,
        State::Prepared,
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
    state: State,
    /// Which file of this leg: 1, and one more after each refusal (RUN-10).
    file: u32,
    rows: u64,
    holdings: Vec<HoldingId>,
    package: Option<PackageId>,
    disclosure: Option<Digest>,
    withheld: Vec<u64>,
    sent_at: Option<Timestamp>,
    fault: Option<FileFault>,
    #[serde(skip)]
    version: u64,
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
        } = of;
        Self {
            run,
            flow,
            side,
            agreement,
            hash,
            peer,
            state,
            file: 1,
            rows: 0,
            holdings: Vec::new(),
            package: None,
            disclosure: None,
            withheld: Vec::new(),
            sent_at: None,
            fault: None,
            version: 0,
        }
    }

    /// Sender: `rows` were extracted into `holdings`; of those looked at, so many were not eligible, and so many
    /// were eligible and cannot be described as the flow asks.
    pub fn prepare(
        of: Of,
        rows: u64,
        (not_eligible, incomplete): (u64, u64),
        holdings: Vec<HoldingId>,
        by: &Warrant,
    ) -> Change<Self> {
        let mut leg = Self::new(of, Side::Sender, State::Prepared);
        leg.rows = rows;
        leg.holdings = holdings;
        let record = leg
            .record(Act::LegPrepared, &by.actor())
            .count("rows", rows)
            .count("not-eligible", not_eligible)
            .count("incomplete", incomplete);
        Change::new(leg, record)
    }

    /// Sender: the gate found nothing wrong with `cells` cells.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `prepared`.
    pub fn validate(self, rows: u64, cells: u64) -> Result<Change<Self>, Refusal> {
        let leg = self.step("validate")?;
        let record = leg
            .record(Act::LegValidated, &Actor::Node)
            .rule("RUN-05")
            .count("rows", rows)
            .count("cells", cells);
        Ok(Change::new(leg, record))
    }

    /// Sender: a person releases it to be sent.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `validated`.
    pub fn release(self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let leg = self.step("release")?;
        let record = leg.record(Act::LegApproved, &by.actor());
        Ok(Change::new(leg, record))
    }

    /// Sender: the file is built and sealed. This record carries the commitment to all that leaves.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `approved`.
    pub fn seal(self, sealing: Sealing) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("seal")?;
        let Sealing {
            package,
            rows,
            cells,
            withheld,
            disclosure,
            ciphertext,
        } = sealing;
        leg.package = Some(package.clone());
        leg.rows = rows;
        leg.disclosure = Some(disclosure);
        let record = leg
            .record(Act::LegSealed, &Actor::Node)
            .id("package", &package)
            .id("to", &leg.peer)
            .count("rows", rows)
            .count("cells", cells)
            .count("withheld", withheld.len() as u64)
            .fact("disclosure", Fact::Digest(disclosure))
            .fact("ciphertext", Fact::Digest(ciphertext));
        leg.withheld = withheld;
        let to = leg.peer.clone();
        Ok(Change::new(leg, record).effect(Effect::Publish { package, to }))
    }

    /// Sender: the package is on the transport.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sealed`.
    pub fn sent(self, at: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("sent")?;
        leg.sent_at = Some(at);
        let record = leg
            .record(Act::LegSent, &Actor::Node)
            .count("rows", leg.rows);
        Ok(Change::new(leg, record))
    }

    /// Sender: the receiver has it.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sent`.
    pub fn accepted(self, rows: u64) -> Result<Change<Self>, Refusal> {
        let leg = self.step("accepted")?;
        let record = leg
            .record(Act::LegAccepted, &leg.partner())
            .count("rows", rows);
        Ok(Change::new(leg, record))
    }

    /// Sender: the receiver refused it whole.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sent`.
    pub fn refused_there(self, fault: FileFault) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("refused-there")?;
        let record = leg
            .record(Act::LegRefusedThere, &leg.partner())
            .text("fault", fault.to_string());
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Sender: the same run, the same rows, a new file (RUN-10).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `refused-there`.
    pub fn reopen(self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("reopen")?;
        leg.file += 1;
        leg.package = None;
        leg.disclosure = None;
        leg.sent_at = None;
        let record = leg
            .record(Act::LegReopened, &by.actor())
            .count("file", u64::from(leg.file));
        Ok(Change::new(leg, record))
    }

    /// Receiver: the first file of this leg is in its restricted place, unopened (RUN-14).
    pub fn receive(of: Of, package: PackageId) -> Change<Self> {
        let mut leg = Self::new(of, Side::Receiver, State::Received);
        leg.package = Some(package);
        leg.arrived()
    }

    /// Receiver: another file, after one that was refused (RUN-10).
    ///
    /// # Errors
    /// A refusal (RUN-04) unless the last file was rejected.
    pub fn receive_again(self, package: PackageId) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("receive")?;
        leg.file += 1;
        leg.package = Some(package);
        leg.fault = None;
        Ok(leg.arrived())
    }

    fn arrived(self) -> Change<Self> {
        let mut record = self
            .record(Act::LegReceived, &self.partner())
            .id("from", &self.peer);
        let mut effect = None;
        if let Some(package) = self.package.clone() {
            record = record.id("package", &package);
            effect = Some(Effect::TakeAway { package });
        }
        let change = Change::new(self, record);
        match effect {
            Some(effect) => change.effect(effect),
            None => change,
        }
    }

    /// Receiver: refused whole for a structural fault; nothing of it is used (RUN-09, RUN-11).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn reject(self, fault: FileFault) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("reject")?;
        let record = leg.rejection(&Actor::Node, &fault);
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Receiver: well formed, but its content is at fault: kept, unused, until a person decides.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn hold(
        self,
        rows: u64,
        holdings: Vec<HoldingId>,
        fault: FileFault,
    ) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("hold")?;
        leg.rows = rows;
        leg.holdings = holdings;
        let mut record = leg.record(Act::LegHeld, &Actor::Node).count("rows", rows);
        if let Some(row) = fault.row {
            record = record.count("row", row);
        }
        if let Ok(rule) = ledger::Code::parse(&fault.rule) {
            record = record.fact("broken-rule", Fact::Code(rule));
        }
        record = record.text("fault", fault.to_string());
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Receiver: its values are in the vault and may be used.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn load(self, rows: u64, holdings: Vec<HoldingId>) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("load")?;
        leg.rows = rows;
        leg.holdings = holdings;
        let record = leg.record(Act::LegLoaded, &Actor::Node).count("rows", rows);
        Ok(Change::new(leg, record))
    }

    /// Receiver: a person releases a held file, with a reason.
    ///
    /// # Errors
    /// A refusal without a reason (RUN-11), or (RUN-04) from any other state than `held`.
    pub fn release_held(self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let mut leg = self.step("release-held")?;
        leg.fault = None;
        let record = leg
            .record(Act::LegReleased, &by.actor())
            .text("reason", reason);
        Ok(Change::new(leg, record))
    }

    /// Receiver: a person refuses a held file, with a reason.
    ///
    /// # Errors
    /// A refusal without a reason (RUN-11), or (RUN-04) from any other state than `held`.
    pub fn refuse_held(self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let leg = self.step("refuse-held")?;
        let Some(fault) = leg.fault.clone() else {
            return Err(Refusal::new(
                "RUN-04",
                "the held file has no fault on record",
            ));
        };
        let record = leg.rejection(&by.actor(), &fault).text("reason", reason);
        Ok(Change::new(leg, record))
    }

    /// Receiver: matching is done (MATCH-01).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `loaded`.
    pub fn matched(self, candidates: u64, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let leg = self.step("match")?;
        let record = leg
            .record(Act::LegMatched, &by.actor())
            .count("rows", leg.rows)
            .count("candidates", candidates);
        Ok(Change::new(leg, record))
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
    /// The commitment to what left.
    pub fn disclosure(&self) -> Option<Digest> {
        self.disclosure
    }
    /// The prepared rows that were not sent.
    pub fn withheld(&self) -> &[u64] {
        &self.withheld
    }
    /// When it was sent.
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.sent_at
    }
    /// Why it was refused or is held.
    pub fn fault(&self) -> Option<&FileFault> {
        self.fault.as_ref()
    }
}

/// What sealing came to.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The package.
    pub package: PackageId,
    /// How many rows are in the file.
    pub rows: u64,
    /// How many cells.
    pub cells: u64,
    /// The prepared rows that were withheld, since they are no longer eligible (RUN-20).
    pub withheld: Vec<u64>,
    /// The root of the commitment to the cells.
    pub disclosure: Digest,
    /// The digest of the package's bytes.
    pub ciphertext: Digest,
}

fn needs_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::new(
            "RUN-11",
            "a decision about a held file needs its reason",
        ));
    }
    Ok(())
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
