//! Application: which checks were made for one application, by which channel and with which outcome, and who works on it
//! (RTC-15, RTC-20, PTY-12). Known by a keyed hash of its number. No value of a call, no month and no name is here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use super::wire::Breach;
use super::{Channel, Guidance, Outcome, Unanswered};
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
    /// What came of it; of several suppliers together, where it was asked for under this agreement.
    outcome: Option<Outcome>,
    /// What came of the call under this agreement, where others were made in the same check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own: Option<Outcome>,
    /// The agreement under which it was asked for, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_under: Option<AgreementId>,
    lacking: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unanswered: Vec<Unanswered>,
    guidance: Guidance,
    breach: Option<Breach>,
    rules: Option<String>,
    months: Option<HoldingId>,
    /// The other agreements whose data went into the months.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<AgreementId>,
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

/// A check that begins, as it is under one agreement.
pub(crate) struct Beginning<'a> {
    pub(crate) op: &'a OperationId,
    pub(crate) flow: &'a FlowId,
    pub(crate) channel: Channel,
    pub(crate) at: Timestamp,
    pub(crate) within: SignedDuration,
    /// The agreement under which it was asked for, where that is another.
    pub(crate) asked_under: Option<&'a AgreementId>,
    /// The gateways that the call rests on; none where none is made under this agreement.
    pub(crate) gateways: &'a [String],
    /// What keeps a call from being made under this agreement.
    pub(crate) lacking: &'a [String],
    /// The application's number, to be sealed.
    pub(crate) number: &'a str,
    /// What was stated of the application and why, to be sealed; empty where nothing was.
    pub(crate) reasons: String,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Ending {
    /// Of the call under this agreement. None: it was given up.
    pub(crate) own: Option<Outcome>,
    pub(crate) breach: Option<Breach>,
    /// Of the whole check, where it was asked for under this agreement.
    pub(crate) whole: Option<Whole>,
}

/// What came of a check with all its suppliers.
#[derive(Clone)]
pub(crate) struct Whole {
    pub(crate) outcome: Outcome,
    /// Do the records show every month of the longest view?
    pub(crate) complete: bool,
    pub(crate) unanswered: Vec<Unanswered>,
    /// Where the months are, the version of their rules, and the other agreements whose data went into them.
    pub(crate) months: Option<(HoldingId, String, Vec<AgreementId>)>,
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
        let mut record = self.of(&check, Act::CheckBegun, by);
        if !beginning.gateways.is_empty() {
            record = record.id("gateway", beginning.gateways.join("/"));
        }
        let record = beginning.sealed(record);
        self.checks.push(check);
        Ok(Change::new(self, record))
    }

    /// It is over without a call: something that the agreement asks for is not there (RTC-02, RTC-18), or the line is
    /// down (RTC-19).
    pub(crate) fn without_call(
        mut self,
        beginning: &Beginning<'_>,
        ending: Ending,
        by: &Actor,
    ) -> Change<Self> {
        let mut check = Check::new(beginning, beginning.at);
        check.close(ending);
        let record = beginning.sealed(self.ended(&check, by));
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
        let check = self.checks.iter_mut().find(open).ok_or_else(over)?;
        check.close(ending);
        let check = check.clone();
        let record = self.ended(&check, by);
        Ok(Change::new(self, record))
    }

    /// What stands in the ledger of a check that is over: the outcome of the call under this agreement, and that of all
    /// together where it is another; who did not answer; no value and no month.
    fn ended(&self, check: &Check, by: &Actor) -> Record {
        let (own, outcome) = (check.own(), check.outcome);
        let own = own.unwrap_or(Outcome::Unsuccessful);
        let mut record = self
            .of(check, Act::CheckEnded, by)
            .fact("outcome", code(own));
        if let Some(together) = outcome.filter(|o| *o != own) {
            record = record.fact("together", code(together));
        }
        if !check.lacking.is_empty() {
            record = record.id("lacking", check.lacking.join("/"));
        }
        if !check.unanswered.is_empty() {
            let each = |one: &Unanswered| format!("{}:{}", one.agreement, one.why.as_str());
            let all: Vec<String> = check.unanswered.iter().map(each).collect();
            record = record.id("unanswered", all.join("/"));
        }
        if let Some(rules) = &check.rules {
            record = record.id("rules", rules);
        }
        if let Some(breach) = check.breach {
            record = record.rule(breach.rule());
        }
        record
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
            own: None,
            asked_under: beginning.asked_under.cloned(),
            lacking: beginning.lacking.to_vec(),
            unanswered: Vec::new(),
            guidance: Guidance::FurtherEvidence,
            breach: None,
            rules: None,
            months: None,
            with: Vec::new(),
        }
    }

    fn close(&mut self, ending: Ending) {
        let own = ending.own.unwrap_or(Outcome::Unsuccessful);
        self.breach = ending.breach;
        self.outcome = Some(own);
        let Some(whole) = ending.whole else { return };
        self.outcome = Some(whole.outcome);
        self.own = (whole.outcome != own).then_some(own);
        self.unanswered = whole.unanswered;
        if whole.complete {
            self.guidance = Guidance::NothingMore;
        }
        if let Some((holding, rules, with)) = whole.months {
            self.months = Some(holding);
            self.rules = Some(rules);
            self.with = with;
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
    /// What came of the call under this agreement; none while it is under way.
    pub fn own(&self) -> Option<Outcome> {
        self.own.or(self.outcome)
    }
    /// Was it asked for under this agreement, and not under another whose data goes into the same months?
    pub fn is_asked_here(&self) -> bool {
        self.asked_under.is_none()
    }
    /// Who did not answer, and why.
    pub fn unanswered(&self) -> &[Unanswered] {
        &self.unanswered
    }
    /// The other agreements whose data went into its months.
    pub fn with(&self) -> &[AgreementId] {
        &self.with
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
