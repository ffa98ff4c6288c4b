//! Traces: which person of the pool was asked about when, and what came of it (EXCH-HMRC-05, EXCH-HMRC-22). Names
//! nobody: the person is a keyed hash. Closing a case is never this module's: it says when a person may decide.

use std::collections::BTreeMap;

use agreement::Period;
use jiff::civil::Date;
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, RunId, SubjectId};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

/// What came of one wash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nobody answered yet.
    Waiting,
    /// The partner found the person.
    Hit,
    /// The partner found nobody, or what it found was refuted.
    NoHit,
    /// The record was not sent after all.
    NotSent,
}

/// One time that a person was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wash {
    /// The run.
    pub run: RunId,
    /// The flow.
    pub flow: FlowId,
    /// The row.
    pub row: u64,
    /// The day of the selection.
    pub on: Date,
    /// What came of it.
    pub outcome: Outcome,
}

/// How a flow sends again what was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewash {
    /// The time between.
    pub every: Period,
    /// How many times after the first.
    pub times: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    /// In a run, or found, or asked about for the last time: the last wash says which.
    Going,
    /// Nobody is asked before a person says so.
    Stopped,
    /// A person closed the case as not located.
    Closed,
    /// No longer in the pool: what was known of the washes is gone.
    Left,
}

/// Every step of one. While it goes, its last wash says how the person is asked about.
pub const MOVES: &[Move] = &[
    ("come in sight", None, "going", Owner::Node),
    (
        "leave the pool",
        Some("going"),
        "left-the-pool",
        Owner::Node,
    ),
    (
        "select",
        Some("left-the-pool"),
        "going",
        Owner::May(Action::Run),
    ),
    (
        "close",
        Some("going"),
        "closed-not-located",
        Owner::May(Action::Decide),
    ),
    ("stop", Some("going"), "stopped", Owner::Partner),
    (
        "stop",
        Some("closed-not-located"),
        "stopped",
        Owner::Partner,
    ),
    ("stop", Some("left-the-pool"), "stopped", Owner::Partner),
    (
        "restart",
        Some("stopped"),
        "going",
        Owner::May(Action::Verify),
    ),
];

/// The trace of one person in one agreement's pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trace {
    agreement: AgreementId,
    hash: Digest,
    subject: SubjectId,
    washes: Vec<Wash>,
    rewash: Option<Rewash>,
    /// What partners told of the person that counts as a fact, by fact.
    told: BTreeMap<String, String>,
    state: State,
    #[serde(skip)]
    version: u64,
}

/// Whether a person can be asked about on a day. Whoever is asked about earlier is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Again, since this day: before those never asked about, since a missed re-wash is a promise broken.
    Again(Date),
    /// Never asked about.
    First,
    /// Not now, and why is in the trace.
    No,
}

impl Trace {
    /// The state in which nobody is asked before a person says so, by its name.
    pub(crate) const STOPPED: &str = "stopped";

    /// The key under which the store has a person's trace.
    pub fn key_of(agreement: &AgreementId, subject: &SubjectId) -> String {
        format!("{agreement}/{subject}")
    }

    /// A person comes into the agreement's sight for the first time.
    pub(crate) fn new(agreement: &AgreementId, hash: Digest, subject: SubjectId) -> Self {
        Self {
            agreement: agreement.clone(),
            hash,
            subject,
            washes: Vec::new(),
            rewash: None,
            told: BTreeMap::new(),
            state: State::Going,
            version: 0,
        }
    }

    /// The person is selected for a run: a part of the act that prepares it.
    pub(crate) fn selected(mut self, wash: Wash, rewash: Option<Rewash>) -> Self {
        if self.state == State::Left {
            self.state = State::Going;
        }
        self.washes.push(wash);
        self.rewash = rewash;
        self
    }

    /// Something came of the wash of a run: a part of the act that tells it.
    pub(crate) fn told(mut self, run: &RunId, outcome: Outcome) -> Self {
        if let Some(wash) = self.washes.iter_mut().find(|w| w.run == *run) {
            wash.outcome = outcome;
        }
        self
    }

    /// The person is no longer in the pool: the history of the washes goes (its keep rule ends there).
    pub(crate) fn left(mut self) -> Self {
        self.washes.clear();
        self.state = State::Left;
        self
    }

    /// A partner told something by which the person is not to be asked about (a death): nothing about the person
    /// goes out before somebody says so (MATCH-12, S-24).
    pub fn stop(mut self, fact: &str, value: &str, by: &Actor) -> Change<Self> {
        self.told.insert(fact.to_owned(), value.to_owned());
        self.state = State::Stopped;
        let record = self
            .record(Act::TracingStopped, by)
            .rule("MATCH-12")
            .id("fact", fact);
        Change::new(self, record)
    }

    /// A person says that tracing goes on, and why.
    ///
    /// # Errors
    /// A refusal (S-24) when it was not stopped, or without a reason.
    pub fn restart(mut self, reason: &str, by: &Actor) -> Result<Change<Self>, Refusal> {
        if self.state != State::Stopped {
            return Err(Refusal::new(
                "S-24",
                "the tracing of this person is not stopped",
            ));
        }
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "S-24",
                "restarting needs its reason",
            ));
        }
        self.state = State::Going;
        self.told.clear();
        let record = self
            .record(Act::TracingRestarted, by)
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// A person decided that the case is closed as not located: a part of the act of the decision.
    pub(crate) fn closed(mut self) -> Self {
        self.state = State::Closed;
        self
    }

    /// May the person be asked about by `flow` on `day`? Whoever was asked about by one flow that starts runs is in
    /// its pool and in no other (EXCH-HMRC-21).
    pub fn turn(&self, flow: &FlowId, day: Date) -> Turn {
        let other_pool = self.sent().any(|w| w.flow != *flow);
        if other_pool || matches!(self.state, State::Stopped | State::Closed) {
            return Turn::No;
        }
        match self.next() {
            Next::First => Turn::First,
            Next::On(due) if due <= day => Turn::Again(due),
            Next::On(_) | Next::Never => Turn::No,
        }
    }

    /// As [`Trace::turn`], of a case that somebody is asked about for: whoever was asked about before can be again.
    pub fn turn_of_case(&self) -> Turn {
        if matches!(self.state, State::Stopped | State::Closed) {
            Turn::No
        } else {
            Turn::First
        }
    }

    /// Was the person asked about at all?
    pub fn was_asked(&self) -> bool {
        self.sent().next().is_some()
    }

    /// The flow in whose pool the person is, where the trace has no open wash, so that a person who is no longer in that
    /// pool can leave it.
    pub(crate) fn may_leave(&self) -> Option<&FlowId> {
        let last = self.washes.last().filter(|_| self.state == State::Going);
        last.filter(|w| w.outcome != Outcome::Waiting)
            .map(|w| &w.flow)
    }

    /// Was the person asked about as often as the agreement says, with no hit: may somebody decide to close
    /// the case (EXCH-HMRC-06)?
    pub fn is_exhausted(&self) -> bool {
        self.state == State::Going
            && self.rewash.is_some_and(|again| {
                let sent: Vec<&Wash> = self.sent().collect();
                sent.len() > usize::from(again.times)
                    && sent.iter().all(|w| w.outcome == Outcome::NoHit)
            })
    }

    /// Does it stand still until a person says so?
    pub fn is_stopped(&self) -> bool {
        self.state == State::Stopped
    }

    /// The day of the next wash, where there is to be one.
    pub fn next_on(&self) -> Option<Date> {
        match (self.state == State::Going, self.next()) {
            (true, Next::On(day)) => Some(day),
            (true | false, Next::First | Next::Never | Next::On(_)) => None,
        }
    }

    fn next(&self) -> Next {
        let sent: Vec<&Wash> = self.sent().collect();
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else {
            return Next::First;
        };
        let Some(again) = self.rewash else {
            return Next::Never;
        };
        if last.outcome != Outcome::NoHit || sent.len() > usize::from(again.times) {
            return Next::Never;
        }
        // Counted from the first wash, so that a late run does not shift all that follow.
        let due = u16::try_from(sent.len())
            .ok()
            .and_then(|n| again.every.count.checked_mul(n))
            .and_then(|count| {
                Period {
                    count,
                    ..again.every
                }
                .after(first.on)
            });
        due.map_or(Next::Never, Next::On)
    }

    /// The washes that were sent.
    fn sent(&self) -> impl Iterator<Item = &Wash> {
        self.washes.iter().filter(|w| w.outcome != Outcome::NotSent)
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let record = Record::new(act, by).under(self.hash);
        match self.washes.last() {
            Some(last) => record
                .id("run", &last.run)
                .id("flow", &last.flow)
                .count("row", last.row),
            None => record,
        }
    }

    /// What partners told of the person that counts as a fact, by fact.
    pub fn told_facts(&self) -> &BTreeMap<String, String> {
        &self.told
    }
    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The agreement's hash.
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// The person, as a keyed hash.
    pub fn subject(&self) -> &SubjectId {
        &self.subject
    }
    /// Each time that the person was asked about.
    pub fn washes(&self) -> &[Wash] {
        &self.washes
    }
}

enum Next {
    First,
    On(Date),
    Never,
}

impl Aggregate for Trace {
    const KIND: &'static str = "trace";
    fn key(&self) -> String {
        Self::key_of(&self.agreement, &self.subject)
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Stopped => Self::STOPPED,
            State::Closed => "closed-not-located",
            State::Left => "left-the-pool",
            State::Going if self.is_exhausted() => "eligible-for-closure",
            State::Going => match self.sent().last().map(|w| w.outcome) {
                Some(Outcome::Waiting) => "waiting",
                Some(Outcome::Hit) => "found",
                Some(Outcome::NoHit) if self.rewash.is_some() => "to-be-asked-again",
                Some(Outcome::NoHit) => "not-found",
                Some(Outcome::NotSent) | None => "not-asked",
            },
        }
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
