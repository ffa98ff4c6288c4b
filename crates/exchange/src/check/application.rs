//! Application: which checks were made for one application, by which channel and with which outcome, and who works on it
//! (RTC-15, RTC-20, PTY-12). Known by a keyed hash of its number. No value of a call, no month and no name is here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use super::wire::Breach;
use super::{Channel, Guidance, Outcome};
use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::{Deadline, Expiry};
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, PartyId, StaffId, SubjectId};
use crate::machine::{Move, Owner};
use crate::ports::PortFault;
use crate::refusal::Refusal;

/// One check of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    op: OperationId,
    flow: FlowId,
    channel: Channel,
    at: Timestamp,
    /// Until when an answer is used; past it the check did not succeed (RTC-11).
    until: Timestamp,
    outcome: Option<Outcome>,
    lacking: Vec<String>,
    guidance: Guidance,
    breach: Option<Breach>,
    rules: Option<String>,
    months: Option<HoldingId>,
}

/// Every step of one: is a check of it under way, or does it stand still?
pub const MOVES: &[Move] = &[
    ("assign", None, "still", Owner::May(Action::Assign)),
    ("check without a call", None, "still", Owner::Own),
    ("check", None, "checking", Owner::Own),
    ("check", Some("still"), "checking", Owner::Own),
    (
        "check again",
        Some("still"),
        "checking",
        Owner::May(Action::Check),
    ),
    ("answer", Some("checking"), "still", Owner::Node),
    ("give up", Some("checking"), "still", Owner::Clock),
];

/// One application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    key: SubjectId,
    party: PartyId,
    agreement: AgreementId,
    hash: Digest,
    caseworkers: BTreeSet<StaffId>,
    checks: Vec<Check>,
    #[serde(skip)]
    version: u64,
}

/// A check that begins.
pub(crate) struct Beginning<'a> {
    pub(crate) op: &'a OperationId,
    pub(crate) flow: &'a FlowId,
    pub(crate) channel: Channel,
    pub(crate) at: Timestamp,
    pub(crate) within: SignedDuration,
    /// The gateways that the call rests on.
    pub(crate) gateways: &'a [String],
    /// The application's number, to be sealed.
    pub(crate) number: &'a str,
    /// What was stated of the application and why, to be sealed; empty where nothing was.
    pub(crate) reasons: String,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Ending {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) complete: bool,
    pub(crate) breach: Option<Breach>,
    pub(crate) months: Option<(HoldingId, String)>,
}

impl Beginning<'_> {
    fn sealed(&self, record: Record) -> Record {
        let record = record.text("application", self.number);
        if self.reasons.is_empty() {
            return record;
        }
        record.text("reasons", self.reasons.as_str())
    }
}

impl Application {
    /// The key of an application of an agreement, by the keyed hash of its number.
    pub(crate) fn new(
        key: SubjectId,
        party: &PartyId,
        agreement: &AgreementId,
        hash: Digest,
    ) -> Self {
        Self {
            key,
            party: party.clone(),
            agreement: agreement.clone(),
            hash,
            caseworkers: BTreeSet::new(),
            checks: Vec::new(),
            version: 0,
        }
    }

    /// Lets a caseworker work on it, or no longer.
    ///
    /// # Errors
    /// A refusal (PTY-12) when it is so already, or when somebody would let themselves in.
    pub fn assign(
        mut self,
        staff: &StaffId,
        works: bool,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if works && staff == by.staff() {
            let what = "nobody lets themselves into an application";
            return Err(Refusal::new("PTY-12", what).help("ask a colleague"));
        }
        let changed = if works {
            self.caseworkers.insert(staff.clone())
        } else {
            self.caseworkers.remove(staff)
        };
        if !changed {
            return Err(Refusal::new("PTY-12", "that is so already"));
        }
        let act = if works {
            Act::CaseworkerAssigned
        } else {
            Act::CaseworkerRemoved
        };
        let record = self
            .record(act, &by.actor())
            .text("caseworker", staff.as_str());
        Ok(Change::new(self, record))
    }

    /// Does this member of staff work on it?
    pub fn works_on(&self, staff: &StaffId) -> bool {
        self.caseworkers.contains(staff)
    }

    /// A check begins: its call is made once this stands under a checkpoint.
    pub(crate) fn begin(
        mut self,
        beginning: &Beginning<'_>,
        by: &Actor,
    ) -> Result<Change<Self>, PortFault> {
        let end = |_| PortFault("the clock is at the end of time".into());
        let until = beginning.at.checked_add(beginning.within).map_err(end)?;
        let check = Check::new(beginning, until);
        let record = self
            .of(&check, Act::CheckBegun, by)
            .id("gateway", beginning.gateways.join("/"));
        let record = beginning.sealed(record);
        self.checks.push(check);
        Ok(Change::new(self, record))
    }

    /// It is over without a call: something that the agreement asks for is not there (RTC-02, RTC-18), or the line is
    /// down (RTC-19).
    pub(crate) fn without_call(
        mut self,
        beginning: &Beginning<'_>,
        outcome: Outcome,
        lacking: Vec<String>,
        by: &Actor,
    ) -> Change<Self> {
        let mut check = Check::new(beginning, beginning.at);
        check.outcome = Some(outcome);
        let record = self.of(&check, Act::CheckEnded, by);
        let mut record = beginning.sealed(record.fact("outcome", code(outcome)));
        if !lacking.is_empty() {
            record = record.id("lacking", lacking.join("/"));
        }
        check.lacking = lacking;
        self.checks.push(check);
        Change::new(self, record)
    }

    /// A check that began is over.
    ///
    /// # Errors
    /// A refusal (RTC-11) when no such check is under way: it was given up, or is over.
    pub(crate) fn end(
        mut self,
        op: &OperationId,
        ending: Ending,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let over = || Refusal::new("RTC-11", "the check is over already, or was given up");
        let open = |check: &&mut Check| check.op == *op && check.outcome.is_none();
        let outcome = ending.outcome.unwrap_or(Outcome::Unsuccessful);
        let check = self.checks.iter_mut().find(open).ok_or_else(over)?;
        check.outcome = Some(outcome);
        check.breach = ending.breach;
        if ending.complete {
            check.guidance = Guidance::NothingMore;
        }
        if let Some((holding, rules)) = ending.months {
            check.months = Some(holding);
            check.rules = Some(rules);
        }
        let check = check.clone();
        let mut record = self
            .of(&check, Act::CheckEnded, by)
            .fact("outcome", code(outcome));
        if let Some(rules) = &check.rules {
            record = record.id("rules", rules);
        }
        if let Some(breach) = check.breach {
            record = record.rule(breach.rule());
        }
        Ok(Change::new(self, record))
    }

    fn of(&self, check: &Check, act: Act, by: &Actor) -> Record {
        self.record(act, by).id("flow", &check.flow).fact(
            "channel",
            Fact::Code(ledger::Code::of(check.channel.as_str())),
        )
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by).under(self.hash)
    }

    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The checks, in order.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
    /// The check of this operation.
    pub(crate) fn check(&self, op: &OperationId) -> Option<&Check> {
        self.checks.iter().find(|check| check.op == *op)
    }
    /// The check that is under way.
    pub(crate) fn open(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.outcome.is_none())
    }
}

fn code(outcome: Outcome) -> Fact {
    Fact::Code(ledger::Code::of(outcome.as_str()))
}

impl Check {
    fn new(beginning: &Beginning<'_>, until: Timestamp) -> Self {
        Self {
            op: beginning.op.clone(),
            flow: beginning.flow.clone(),
            channel: beginning.channel,
            at: beginning.at,
            until,
            outcome: None,
            lacking: Vec::new(),
            guidance: Guidance::FurtherEvidence,
            breach: None,
            rules: None,
            months: None,
        }
    }

    pub(crate) fn op(&self) -> &OperationId {
        &self.op
    }
    pub(crate) fn until(&self) -> Timestamp {
        self.until
    }
    /// When it began.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// By which flow.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// By which channel.
    pub fn channel(&self) -> Channel {
        self.channel
    }
    /// The outcome; none while it is under way.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }
    /// What was not there, where no call was made.
    pub fn lacking(&self) -> &[String] {
        &self.lacking
    }
    /// What the applicant is told.
    pub fn guidance(&self) -> Guidance {
        self.guidance
    }
    /// How the answer departed from the agreement, where it did.
    pub fn breach(&self) -> Option<Breach> {
        self.breach
    }
    /// The version of the rules by which its months were worked out.
    pub fn rules(&self) -> Option<&str> {
        self.rules.as_deref()
    }
    /// Where its months are.
    pub fn months(&self) -> Option<&HoldingId> {
        self.months.as_ref()
    }
}

impl Aggregate for Application {
    const KIND: &'static str = "application";
    fn key(&self) -> String {
        self.key.to_string()
    }
    fn status(&self) -> &'static str {
        match self.open() {
            Some(_) => "checking",
            None => "still",
        }
    }
    fn deadline(&self) -> Option<Deadline> {
        let open = self.open()?;
        Some(Deadline::at_instant(
            open.until,
            "answer",
            &self.party,
            Expiry::GiveUp,
        ))
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
