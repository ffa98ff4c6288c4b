//! Flows and their routes, as a plan has them.

use crate::condition::Operand;
use crate::ids::{
    ConditionId, DecisionId, FieldName, FlowId, LabelId, OccasionId, PartyId, PurposeId, RouteId,
    StarterId,
};
use crate::period::Period;
use crate::words::{Extra, Form, Frequency, NotBefore, Others, Outcome, RouteKind, RowCover};
use jiff::civil::Date;
use serde::Serialize;

use super::Column;

/// When a flow is sent of its own accord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Again and again.
    Every {
        /// How often.
        every: Frequency,
        /// The first day of the first month.
        from: Date,
    },
    /// Once.
    Once {
        /// The first day of the month.
        month: Date,
    },
    /// Each time that one of these happens.
    Each(Vec<OccasionId>),
    /// Each time that somebody asks for it.
    OnDemand {
        /// The circumstances, one of which is named; empty where any will do.
        circumstances: Vec<LabelId>,
        /// What the circumstance `other` asks for besides.
        other: Vec<Extra>,
    },
}

/// When a flow is sent, with what it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sending {
    /// When.
    pub schedule: Schedule,
    /// Does it wait for the first day of the term?
    pub not_before: Option<NotBefore>,
}

/// Over what a volume is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each file of the flow itself.
    File,
    /// A period.
    Period(Period),
    /// Each file of another flow.
    Flow(FlowId),
}

/// How many rows a flow's file may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Volume {
    /// The least, where there is one.
    pub least: Option<u32>,
    /// The most.
    pub most: u64,
    /// Over what it is counted.
    pub per: Per,
    /// The party that must have been told and agreed where it is outside (RUN-16); without one, outside is
    /// refused.
    pub beyond: Option<PartyId>,
}

/// A flow that must go with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Need {
    /// That flow.
    pub flow: FlowId,
    /// The condition of the rows that need it; none where it goes with every file.
    pub for_rows: Option<ConditionId>,
}

/// Rows that are sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Again {
    /// What came of them.
    pub outcome: Outcome,
    /// In which answer.
    pub answer: FlowId,
    /// The time between.
    pub every: Period,
    /// How many times.
    pub times: u16,
    /// The decision that a person may take after the last time.
    pub then: Option<DecisionId>,
}

/// Which flows a flow answers, and how its rows pair with theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answers {
    /// The flows that are answered; at least one.
    pub flows: Vec<FlowId>,
    /// The flow through which the question came, where another party passed it on.
    pub through: Option<FlowId>,
    /// Which rows it has.
    pub rows: RowCover,
    /// How the other rows show.
    pub others: Option<Others>,
    /// The columns by which rows pair (MATCH-03, MATCH-04).
    pub pairs_on: Vec<FieldName>,
    /// Does the same file come back?
    pub same_file: bool,
    /// Is each question answered at most once?
    pub once: bool,
}

/// Which flows a flow goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Follows {
    /// The flows whose rows it has; at least one.
    pub flows: Vec<FlowId>,
    /// Which of those rows.
    pub rows: RowCover,
}

/// A flow that can run: one file's way from one party to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// The sender.
    pub from: PartyId,
    /// The receiver; `subject` is the person the data is about.
    pub to: PartyId,
    /// The columns, in the order of the file; these and no other.
    pub columns: Vec<Column>,
    /// What says for which member of the receiving register a row is.
    pub for_member: Option<Operand>,
    /// The condition that a record must meet to be in it.
    pub only: Option<ConditionId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// When it is sent of its own accord; none for what rests on another flow.
    pub when: Option<Sending>,
    /// Who starts it.
    pub started_by: Option<StarterId>,
    /// How many rows.
    pub volume: Option<Volume>,
    /// What must go with it.
    pub needs: Vec<Need>,
    /// When rows are sent again.
    pub again: Option<Again>,
    /// The flow whose file it is a part of.
    pub part_of: Option<FlowId>,
    /// What it answers.
    pub answers: Option<Answers>,
    /// What it follows.
    pub follows: Option<Follows>,
    /// The processors that handle it.
    pub handled_by: Vec<PartyId>,
    /// The standard of integrity that the sender assures; none is its own (AGR-27).
    pub integrity: Option<String>,
    /// The form of the file; none where a gap leaves it open and the plan is only as if it were filled.
    pub form: Option<Form>,
    /// The route of the file.
    pub route: RouteId,
}

impl Flow {
    /// Does it go to the person it is about?
    pub fn to_subject(&self) -> bool {
        self.to.as_str() == crate::model::SUBJECT
    }

    /// The flows that it rests on: those it answers, or those it follows.
    pub fn rests_on(&self) -> &[FlowId] {
        match (&self.answers, &self.follows) {
            (Some(answers), _) => &answers.flows,
            (None, Some(follows)) => &follows.flows,
            (None, None) => &[],
        }
    }

    /// Is it an answer that has a row for every row that it answers?
    pub fn answers_every_row(&self) -> bool {
        let answers = self.answers.as_ref();
        answers.is_some_and(|a| a.rows == RowCover::EveryRow)
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// How it carries.
    pub kind: RouteKind,
    /// Are files encrypted besides?
    pub encrypted: bool,
    /// The route on which its password travels.
    pub password_by: Option<RouteId>,
    /// Who may use it.
    pub users: Vec<String>,
}
