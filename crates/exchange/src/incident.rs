//! Incidents: something went wrong with what was shared under an agreement. The contacts of every party are told within
//! the time of the agreement (INC-01), and nobody closes one without saying what was done and decided (INC-04, INC-05).
//!
//! The hub sends no notice by itself: a person tells a contact, and writes down here that they did and when.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Clock, ClockFrom, Event, Unit, When};
use jiff::{SignedDuration, Timestamp};
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

pub use words::{Category, MOVES, Nature, OWNER, State, Stepping};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record, next};
use crate::deadline::{Deadline, Expiry};
use crate::ids::{AgreementId, HoldingId, IncidentId, PartyId, RunId, StaffId};
use crate::ports::PortFault;
use crate::refusal::Refusal;

/// That a party's contact was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// By whom, by the identity provider's opaque handle.
    pub by: StaffId,
    /// Was it after its time?
    pub is_late: bool,
}

/// What is written down when an incident is raised.
#[derive(Clone, Debug)]
pub struct Raising {
    /// Its name; never a person's.
    pub name: IncidentId,
    /// The agreement under which the data was shared.
    pub agreement: AgreementId,
    /// The agreement's hash.
    pub hash: Digest,
    /// Were rules broken, or was something lost or reached?
    pub nature: Nature,
    /// What kind of thing happened.
    pub category: Category,
    /// When it happened, where that is known.
    pub happened: Option<Timestamp>,
    /// When somebody became aware of it.
    pub aware: Timestamp,
    /// By when every contact is to be told.
    pub due: Timestamp,
    /// The runs that are concerned.
    pub runs: BTreeSet<RunId>,
    /// The sets of values that are concerned.
    pub sets: BTreeSet<HoldingId>,
    /// The parties whose contacts are to be told.
    pub parties: BTreeSet<PartyId>,
}

/// One question that is decided before an incident is closed, and why so.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Yes or no.
    pub is_yes: bool,
    /// Why.
    pub reason: String,
}

/// The questions of INC-04, INC-05 and INC-08.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Is the Information Commissioner told?
    pub regulator: Answer,
    /// Are the people told whom the data is about?
    pub subjects: Answer,
    /// Is specialist advice taken?
    pub advice: Answer,
    /// Is disciplinary or criminal action taken?
    pub discipline: Answer,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    name: IncidentId,
    agreement: AgreementId,
    hash: Digest,
    nature: Nature,
    category: Category,
    happened: Option<Timestamp>,
    aware: Timestamp,
    due: Timestamp,
    runs: BTreeSet<RunId>,
    sets: BTreeSet<HoldingId>,
    notices: BTreeMap<PartyId, Option<Notice>>,
    state: State,
    #[serde(skip)]
    version: u64,
}

/// By when the contacts are to be told, as the agreement's clocks say: the earliest of those that run from an incident.
/// Where its time ran out before anybody was aware, it is at once (INC-03). None where no clock runs from an incident.
///
/// # Errors
/// When the date lies outside the calendar, or the time is one that is not counted from an instant.
pub fn told_by(
    clocks: &[Clock],
    happened: Option<Timestamp>,
    aware: Timestamp,
    owner: &PartyId,
) -> Result<Option<Timestamp>, PortFault> {
    let mut earliest = None;
    for clock in clocks {
        let from = match &clock.from {
            ClockFrom::Event(When {
                event: Event::Aware,
                of,
            }) if of.as_str() == "incident" => aware,
            ClockFrom::Event(When {
                event: Event::Happened,
                of,
            }) if of.as_str() == "incident" => happened.unwrap_or(aware),
            ClockFrom::EarlierOf { of, .. } if of.as_str() == "incident" => {
                happened.map_or(aware, |at| at.min(aware))
            }
            ClockFrom::Term | ClockFrom::Event(_) | ClockFrom::EarlierOf { .. } => continue,
        };
        let Some(within) = clock.within else { continue };
        let at = if within.unit == Unit::Hours {
            // Clock hours, over nights and weekends.
            from.checked_add(SignedDuration::from_hours(i64::from(within.count)))
                .map_err(|_| PortFault("the time of a notice lies outside the calendar".into()))?
        } else {
            Deadline::after(from, within, "notice", owner, Expiry::Tell)?.at()
        };
        let at = at.max(aware);
        earliest = Some(earliest.map_or(at, |e: Timestamp| e.min(at)));
    }
    Ok(earliest)
}

impl Incident {
    /// A person raises it, and says in words that name nobody what happened.
    ///
    /// # Errors
    /// A refusal (INC-01) for instants that lie ahead or do not follow each other, where nobody is to be told, or without
    /// words.
    pub fn raise(
        raising: Raising,
        what: &str,
        now: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        Self::begun(raising, what, now, &by.actor())
    }

    /// The node raises it for what came in; whether it is one is a person's to assess.
    ///
    /// # Errors
    /// As [`Incident::raise`].
    pub fn noticed(raising: Raising, what: &str, now: Timestamp) -> Result<Change<Self>, Refusal> {
        Self::begun(raising, what, now, &Actor::Node)
    }

    fn begun(
        raising: Raising,
        what: &str,
        now: Timestamp,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let Raising {
            name,
            agreement,
            hash,
            nature,
            category,
            happened,
            aware,
            due,
            runs,
            sets,
            parties,
        } = raising;
        said(what, "an incident needs words about what happened")?;
        if aware > now || happened.is_some_and(|at| at > aware) {
            return Err(Refusal::new(
                "INC-01",
                "an incident happens first, then somebody is aware of it, then it is raised",
            )
            .help("compare --happened and --aware with the present time"));
        }
        if parties.is_empty() {
            let what = format!("{agreement} names no contact to be told of an incident");
            return Err(Refusal::new("INC-01", what).help(
                "write the contacts in the agreement's annex, which needs no new signature",
            ));
        }
        let notices = parties.into_iter().map(|party| (party, None)).collect();
        let incident = Self {
            name,
            agreement,
            hash,
            nature,
            category,
            happened,
            aware,
            due,
            runs,
            sets,
            notices,
            state: State::Reported,
            version: 0,
        };
        let mut record = incident
            .record(Act::IncidentRaised, "INC-01", by)
            .fact("nature", Fact::Code(Code::of(nature.as_str())))
            .fact("category", Fact::Code(Code::of(category.as_str())))
            .fact("aware", Fact::At(aware))
            .fact("due", Fact::At(due))
            .count("runs", incident.runs.len() as u64)
            .count("sets", incident.sets.len() as u64)
            .text("what", what);
        if let Some(at) = happened {
            record = record.fact("happened", Fact::At(at));
        }
        Ok(Change::new(incident, record))
    }

    /// A person told a party's contact, at `at`. With the last of them the incident is notified.
    ///
    /// # Errors
    /// A refusal (INC-01) for a party that is not to be told, or was, and for an instant before anybody was aware or
    /// after `now`.
    pub fn notify(
        mut self,
        party: &PartyId,
        contact: &str,
        at: Timestamp,
        now: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if at < self.aware || at > now {
            let aware = self.aware;
            let what = format!("nobody was told at {at}: it was known from {aware} on");
            return Err(Refusal::new("INC-01", what)
                .help("give the instant with --at; without it, it is the present one"));
        }
        let notice = Notice {
            at,
            by: by.staff().clone(),
            is_late: at > self.due,
        };
        match self.notices.get_mut(party) {
            Some(open @ None) => *open = Some(notice),
            Some(Some(_)) => {
                let what = format!("{party} was told of {} already", self.name);
                return Err(Refusal::new("INC-01", what)
                    .help("the first notice counts; `concordat incident list` shows it"));
            }
            None => {
                let what = format!("{party} is not to be told of {}", self.name);
                return Err(Refusal::new("INC-01", what)
                    .help("`concordat incident list` says whose contacts are"));
            }
        }
        let is_last = self.notices.values().all(Option::is_some);
        self.moved(if is_last { "notify-last" } else { "notify" })?;
        let late = if at > self.due { "yes" } else { "no" };
        let record = self
            .record(Act::IncidentNotified, "INC-01", &by.actor())
            .id("party", party)
            .fact("told-at", Fact::At(at))
            .fact("late", Fact::Code(Code::of(late)))
            .text("contact", contact);
        Ok(Change::new(self, record))
    }

    /// A person moves it on, and says what was done or found: `contain`, `assess`, `recover`, `close`, `reopen`.
    ///
    /// # Errors
    /// A refusal (INC-13) from a state that the table does not name, or without words (INC-05).
    pub fn step(
        mut self,
        step: Stepping,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        said(reason, "a step of an incident needs what was done or found")?;
        self.moved(step.as_str())?;
        let record = self
            .record(step.act(), "INC-13", &by.actor())
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// A person decides who else is told and what follows, each with its reason.
    ///
    /// # Errors
    /// A refusal (INC-04, INC-13) from another state than `assessed`, or where a reason is missing.
    pub fn decide(mut self, answers: &Answers, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let Answers {
            regulator,
            subjects,
            advice,
            discipline,
        } = answers;
        let all = [
            ("regulator", "regulator-reason", regulator),
            ("subjects", "subjects-reason", subjects),
            ("advice", "advice-reason", advice),
            ("discipline", "discipline-reason", discipline),
        ];
        self.moved("decide")?;
        let mut record = self.record(Act::IncidentDecided, "INC-04", &by.actor());
        for (name, why, answer) in all {
            if answer.reason.trim().is_empty() {
                let what = "each decision about an incident needs its reason";
                return Err(Refusal::without_reason("INC-04", what));
            }
            let code = if answer.is_yes { "yes" } else { "no" };
            record = record
                .fact(name, Fact::Code(Code::of(code)))
                .text(why, answer.reason.clone());
        }
        Ok(Change::new(self, record))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        self.state = next(MOVES, verb, self.state).ok_or_else(|| {
            let here = MOVES.iter().filter(|(_, from, _, _)| *from == self.state);
            let ways: Vec<_> = here.map(|(verb, _, _, _)| *verb).collect();
            let (name, state) = (&self.name, self.state.name());
            Refusal::new("INC-13", format!("{name} is {state}: it cannot {verb}"))
                .help(format!("from here: {}", ways.join(", ")))
        })?;
        Ok(())
    }

    fn record(&self, act: Act, rule: &'static str, by: &Actor) -> Record {
        Record::new(act, by)
            .under(self.hash)
            .rule(rule)
            .id("incident", &self.name)
    }

    /// Its name.
    pub fn name(&self) -> &IncidentId {
        &self.name
    }
    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// What kind of thing happened.
    pub fn category(&self) -> Category {
        self.category
    }
    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }
    /// By when every contact is to be told.
    pub fn due(&self) -> Timestamp {
        self.due
    }
    /// Each party whose contact is to be told, and that it was.
    pub fn notices(&self) -> &BTreeMap<PartyId, Option<Notice>> {
        &self.notices
    }
    /// Is a notice late at `now`? At the instant itself it is in time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        now > self.due && self.notices.values().any(Option::is_none)
    }
}

fn said(words: &str, what: &'static str) -> Result<(), Refusal> {
    if words.trim().is_empty() {
        return Err(Refusal::without_reason("INC-05", what));
    }
    Ok(())
}

impl Aggregate for Incident {
    const KIND: &'static str = "incident";
    fn key(&self) -> String {
        self.name.to_string()
    }
    fn status(&self) -> &'static str {
        self.state.name()
    }
    /// None: nothing is done by itself, so the worker need not know.
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
