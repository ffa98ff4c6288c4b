//! What is worked out, decided and owed, and the life of an agreement, as a plan has them.

use crate::condition::{Operand, Test};
use crate::ids::{
    ActorId, AgreementId, ConditionId, DatasetId, DutyId, FieldName, FieldPath, FlowId, KeepId,
    LabelId, PartyId, PersonKind, PurposeId, ReadingId,
};
use crate::period::Period;
use crate::permit::Dates;
use crate::stops::Stops;
use crate::value::FieldType;
use crate::words::{AtOnce, ClockThen, Event, Force, Level, MatchIs, Survives};
use jiff::civil::Date;
use serde::Serialize;

use super::When;

/// Something that is calculated: the only thing that may come out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Derived {
    /// The party that calculates, and keeps it.
    pub at: PartyId,
    /// The kinds of person it is about; empty where it is about nobody.
    pub about: Vec<PersonKind>,
    /// The datasets of this agreement out of which it is calculated.
    pub out_of: Vec<DatasetId>,
    /// The datasets of other agreements, and whether each may be missing.
    pub out_of_others: Vec<(AgreementId, DatasetId, bool)>,
    /// The name of its rules.
    pub rules: LabelId,
    /// Their version; none where a gap leaves it open and the plan is only as if it were filled.
    pub rules_version: Option<String>,
    /// What comes out, in order.
    pub fields: Vec<(FieldName, FieldType)>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// The roles that may see it.
    pub seen_by: Vec<ActorId>,
}

/// What must be so before a decision; all of it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct After {
    /// The match stands so.
    pub matched: Option<MatchIs>,
    /// This field was verified to be up to date.
    pub verified: Option<FieldPath>,
    /// The record came by this flow.
    pub received: Option<FlowId>,
    /// The rows of this flow were sent again as often as it says.
    pub again: Option<FlowId>,
    /// This condition holds.
    pub holds: Option<ConditionId>,
    /// These tests of what was received hold.
    pub tests: Vec<(Operand, Test)>,
}

/// A decision that only a named person may take (law of the house 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// The role that takes it.
    pub by: ActorId,
    /// About whom.
    pub of: Vec<PersonKind>,
    /// What must be so before.
    pub after: After,
    /// What it may come out as, where it is a choice; there is never a default.
    pub one_of: Vec<LabelId>,
    /// The duty that must be considered.
    pub duty: Option<DutyId>,
    /// The datasets or derived things it is taken with.
    pub out_of: Vec<DatasetId>,
    /// What it never rests on.
    pub never_rests_on: Vec<LabelId>,
    /// The datasets that it moves, and where to.
    pub moves: Option<(Vec<DatasetId>, LabelId)>,
    /// The party that becomes controller by it.
    pub makes_controller: Option<PartyId>,
    /// The keep rule before whose end it must be taken.
    pub before: Option<KeepId>,
    /// What every controller must have agreed to in a review before anybody may take it (CHILD-05).
    pub off_until: Option<LabelId>,
    /// Whom a person tells of it: parties, and others to whom it refers the person.
    pub tells: Vec<LabelId>,
    /// The senior role in which another person agrees before it counts (CHILD-06).
    pub seconded_by: Option<ActorId>,
    /// The paragraph it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// From when a clock runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFrom {
    /// The first day of the term.
    Term,
    /// An event.
    Event(When),
    /// The earlier of these events of one thing.
    EarlierOf {
        /// The events.
        events: Vec<Event>,
        /// What they happen to.
        of: LabelId,
    },
}

/// A duty or an aim with a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Clock {
    /// What is to be done.
    pub what: String,
    /// Within which time.
    pub within: Option<Period>,
    /// How often.
    pub every: Option<Period>,
    /// From when.
    pub from: ClockFrom,
    /// Who must do it.
    pub owner: String,
    /// Duty or aim.
    pub force: Force,
    /// What happens when the time has run out.
    pub then: Option<ClockThen>,
}

/// Something the agreement does not settle yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gap {
    /// The question.
    pub asks: String,
    /// The party that owns it, or `all`.
    pub owner: String,
    /// How much it stops.
    pub stops: Stops,
    /// Where it is open: paths of the agreement, such as `flows.ask.route`.
    pub open_at: Vec<String>,
    /// The days for which it is waived.
    pub waived: Option<Dates>,
}

/// A reading: which of two readings of the source runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What it takes.
    pub takes: String,
    /// Who owns the question.
    pub owner: String,
}

/// The leave that a party's own rules ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// The level.
    pub level: Level,
    /// The role that gives it.
    pub by: ActorId,
    /// The role that leads the project.
    pub lead: ActorId,
    /// Is national security involved?
    pub national_security: bool,
    /// Is the receiver particularly sensitive?
    pub sensitive_recipient: bool,
}

/// How the agreement is reviewed and ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Life {
    /// The days of review.
    pub reviews: Vec<Date>,
    /// The time between reviews.
    pub review_every: Period,
    /// The time after which no run starts while a review is overdue (REV-03).
    pub review_stop: Option<Period>,
    /// How long before the end one party gives notice.
    pub notice: Option<Period>,
    /// What ends it at once.
    pub stop_at_once: Vec<AtOnce>,
    /// What stays in force after its end (AGR-20).
    pub survives: Vec<Survives>,
    /// How many signatures it takes; none where it takes all.
    pub signatures: Option<u32>,
}

impl Life {
    /// The last day of an agreement of which notice is given on `day`: the corresponding day, so that at least
    /// the whole period lies between (C-45). None where it has no notice.
    pub fn ends_by_notice(&self, day: Date) -> Option<Date> {
        self.notice?.after(day)
    }
}
