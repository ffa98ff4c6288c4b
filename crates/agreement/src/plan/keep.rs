//! Events, retention and what may go on, as a plan has them.

use crate::ids::{DatasetId, DecisionId, FlowId, KeepId, LabelId, PartyId, ReadingId};
use crate::period::Period;
use crate::words::{Event, MatchIs, Passes, Place, Then, UntilThen};
use serde::Serialize;

/// An event of something: `{ event: received, of: run }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct When {
    /// What happens.
    pub event: Event,
    /// To what.
    pub of: LabelId,
}

impl Event {
    /// The event as a clause, `the run is closed`.
    pub fn happens_to(self, of: &LabelId) -> String {
        let of = of.as_str().replace(['-', '_'], " ");
        let happens = match self {
            Self::MatchingComplete => return format!("the matching of the {of} is complete"),
            Self::Sent => "is sent",
            Self::Received => "is received",
            Self::Loaded => "is loaded",
            Self::RunClosed | Self::Closed => "is closed",
            Self::Answered => "is answered",
            Self::Calculated => "is calculated with",
            Self::Created => "is made",
            Self::Decided => "is decided",
            Self::PoolLeft => "leaves the pool",
            Self::Reviewed => "is reviewed",
            Self::Ended => "ends",
            Self::Happened => "happens",
            Self::Aware => "becomes known",
            Self::Reported => "is reported",
            Self::Escalated => "is escalated",
        };
        format!("the {of} {happens}")
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.event.happens_to(&self.of))
    }
}

/// When a keeping ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// At the event.
    Until(When),
    /// So long after the event.
    After {
        /// The event from which the time counts.
        from: When,
        /// How long; never hours or working days.
        #[serde(rename = "for")]
        period: Period,
    },
    /// When nobody says, at one of the looks, that there is still a need.
    NeedReviewed {
        /// The time between the looks.
        every: Period,
    },
    /// Nothing says so yet; only in a plan as if gaps were filled.
    Open,
}

impl std::fmt::Display for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Until(when) => write!(f, "until {when}"),
            Self::After { from, period } => write!(f, "{period} after {from}"),
            Self::NeedReviewed { every } => {
                write!(f, "while a person says every {every} that it is needed")
            }
            Self::Open => f.write_str("until when is open"),
        }
    }
}

/// A keep rule (RET-01, AGR-19): these datasets, at this party, until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Keep {
    /// Its name, where something refers to it.
    pub id: Option<KeepId>,
    /// What: datasets or derived things; empty where it is about what the party itself makes.
    pub what: Vec<DatasetId>,
    /// What the party itself makes of the exchange, and all that it holds.
    pub own: Option<(LabelId, Vec<String>)>,
    /// At which party.
    pub at: PartyId,
    /// Which copy.
    pub place: Place,
    /// May it be in memory only?
    pub memory_only: bool,
    /// Of which rows; none is all.
    pub rows: Option<MatchIs>,
    /// Until when.
    pub ends: Ends,
    /// The decision that ends the rule before its time.
    pub unless: Option<DecisionId>,
    /// What happens then.
    pub then: Then,
    /// The paragraph of the source it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// Whether data may go on from who received it (LEG-30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onward {
    /// Not at all.
    None,
    /// By these flows.
    By(Vec<FlowId>),
    /// Only after its exporter was told (LEG-25); by these flows, or any where none is named.
    AfterTelling(Vec<FlowId>),
}

impl Onward {
    /// What both let go on.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = |one: Vec<FlowId>, two: Vec<FlowId>| match (one.is_empty(), two.is_empty()) {
            (true, _) => two,
            (_, true) => one,
            (false, false) => one.into_iter().filter(|f| two.contains(f)).collect(),
        };
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::By(one), Self::By(two)) => {
                let flows: Vec<FlowId> = one.into_iter().filter(|f| two.contains(f)).collect();
                if flows.is_empty() {
                    Self::None
                } else {
                    Self::By(flows)
                }
            }
            (Self::By(one) | Self::AfterTelling(one), Self::By(two) | Self::AfterTelling(two)) => {
                let some = !one.is_empty() && !two.is_empty();
                match both(one, two) {
                    // Flows that are named on both sides and are never the same.
                    none if some && none.is_empty() => Self::None,
                    flows => Self::AfterTelling(flows),
                }
            }
        }
    }
}

/// Who becomes controller of what is received (LEG-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Controllers {
    /// When the receiver does.
    pub passes: Passes,
    /// Who is before that.
    pub until_then: UntilThen,
}
