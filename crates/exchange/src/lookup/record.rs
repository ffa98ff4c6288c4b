//! What a look-up leaves: its entry, the texts sealed beside it, and a state by which the auditors of look-ups find it.
//! The state names who asked and when; about whom stands in the sealed texts alone, which die with their year.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Code, Fact};
use serde::{Deserialize, Serialize};

use super::{Asker, Request};
use crate::act::Act;
use crate::authority::{Action, Actor, Role, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{OperationId, StaffId};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;
use crate::value_use::key_of;

/// What came of a look-up (LOOKUP-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something was shown.
    Shown,
    /// Nothing is held that could be shown.
    NothingHeld,
    /// A rule said no.
    Denied,
}

impl Outcome {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::NothingHeld => "nothing-held",
            Self::Denied => "denied",
        }
    }
}

/// What this node knew at the moment of a look-up that could explain it; no value of the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Is the case one of the person's? None where the register does not know the case.
    pub case_of_person: Option<bool>,
    /// Is a flag on the person?
    pub flagged: bool,
    /// Does something about the person wait for a caseworker's word?
    pub referred: bool,
    /// The last day on which the person was asked about in a run.
    pub run_on: Option<Date>,
}

/// What an auditor said of a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// Is it a cause for concern, to be taken up with the person's manager?
    pub concern: bool,
}

/// Every step of one.
pub(crate) const MOVES: &[Move] = &[
    ("look up", None, "shown", Owner::May(Action::LookUp)),
    ("look up", None, "nothing-held", Owner::May(Action::LookUp)),
    ("look up", None, "denied", Owner::May(Action::LookUp)),
    (
        "find in order",
        Some("shown"),
        "in-order",
        Owner::May(Action::AuditLookUps),
    ),
    (
        "find of concern",
        Some("shown"),
        "concern",
        Owner::May(Action::AuditLookUps),
    ),
    (
        "find in order",
        Some("nothing-held"),
        "in-order",
        Owner::May(Action::AuditLookUps),
    ),
    (
        "find of concern",
        Some("nothing-held"),
        "concern",
        Owner::May(Action::AuditLookUps),
    ),
    (
        "find in order",
        Some("denied"),
        "in-order",
        Owner::May(Action::AuditLookUps),
    ),
    (
        "find of concern",
        Some("denied"),
        "concern",
        Owner::May(Action::AuditLookUps),
    ),
];

/// One look-up, as its auditors find it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUp {
    op: OperationId,
    day: Date,
    at: Timestamp,
    by: StaffId,
    role: Role,
    outcome: Outcome,
    review: Option<Review>,
    #[serde(skip)]
    version: u64,
}

/// What came of it, for its record.
pub(crate) struct Found<'a> {
    pub(crate) outcome: Outcome,
    /// The rules that said no, to all or to a part of what is held.
    pub(crate) rules: Vec<&'static str>,
    /// The fields that are shown.
    pub(crate) fields: Vec<String>,
    /// What could explain it; none where the person was not looked at.
    pub(crate) known: Option<Known>,
    pub(crate) asker: &'a Asker,
    pub(crate) request: &'a Request,
}

impl LookUp {
    /// The prefix of the keys of a day's look-ups, in London.
    pub fn prefix(day: Date) -> String {
        format!("{day}/")
    }

    /// A look-up was made at `at`, on `day` in London. The person, the case, the reason, the outcome and the fields are
    /// committed to and sealed; in clear stand the role, the purpose, and the rule by which the asker may not ask at all
    /// (LOOKUP-03, C-49).
    pub(crate) fn made(
        op: &OperationId,
        day: Date,
        at: Timestamp,
        found: Found<'_>,
    ) -> Change<Self> {
        let Found {
            outcome,
            rules,
            fields,
            known,
            asker,
            request,
        } = found;
        let look_up = Self {
            op: op.clone(),
            day,
            at,
            by: asker.person.staff.clone(),
            role: asker.person.role,
            outcome,
            review: None,
            version: 0,
        };
        let actor = Actor::Person(asker.person.clone());
        let record = Record::new(Act::PersonLookedUp, &actor)
            .id("purpose", &request.purpose)
            .text("person", request.reference.as_str())
            .text("case", &request.case)
            .text("reason", &request.reason)
            .text("unit", &asker.unit)
            .text("team", &asker.team)
            .text("outcome", outcome.name())
            .text("fields", fields.join(" "))
            .text("rules", rules.join(" "));
        // Whoever asked knows these rules. Any other would tell of the person to whoever reads the published ledger, the
        // asker first, so that outcome and rules are sealed.
        let record = match (known, rules.first()) {
            (None, Some(rule)) => record
                .rule(rule)
                .fact("outcome", Fact::Code(Code::of(outcome.name()))),
            _ => record,
        };
        let record = match &request.unmask {
            Some(why) => record.text("unmask", why),
            None => record,
        };
        let known = known.and_then(|known| serde_json::to_string(&known).ok());
        let record = match known {
            Some(known) => record.text("known", known),
            None => record,
        };
        Change::new(look_up, record)
    }

    /// An auditor says what they make of it.
    ///
    /// # Errors
    /// A refusal (AUD-06) for whoever made the look-up, when it was reviewed already, or without a reason.
    pub fn reviewed(
        mut self,
        concern: bool,
        reason: &str,
        at: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if *by.staff() == self.by {
            return Err(Refusal::new("AUD-06", "nobody reviews their own look-ups")
                .help("another auditor reviews this one"));
        }
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "AUD-06",
                "a review needs its reason",
            ));
        }
        if self.review.is_some() {
            return Err(
                Refusal::new("AUD-06", "this look-up is reviewed already").help(
                    "what was said stands; take a concern up with the manager of whoever looked",
                ),
            );
        }
        self.review = Some(Review {
            by: by.staff().clone(),
            at,
            concern,
        });
        let record = Record::new(Act::LookUpReviewed, &by.actor())
            .rule("AUD-06")
            .id("look-up", self.key())
            .fact("verdict", Fact::Code(Code::of(self.status())))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// The operation that asked: its first entry is the look-up's.
    pub fn op(&self) -> &OperationId {
        &self.op
    }
    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// Who looked.
    pub fn by(&self) -> &StaffId {
        &self.by
    }
    /// In which role.
    pub fn role(&self) -> Role {
        self.role
    }
    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
    /// What an auditor said of it.
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }
}

impl Aggregate for LookUp {
    const KIND: &'static str = "look-up";
    fn key(&self) -> String {
        key_of(self.day, self.at, &self.op)
    }
    fn status(&self) -> &'static str {
        match &self.review {
            None => self.outcome.name(),
            Some(Review { concern: true, .. }) => "concern",
            Some(Review { concern: false, .. }) => "in-order",
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
