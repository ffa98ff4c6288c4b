//! The small words of an agreement: forms, presence, classes, events, and until when something is kept.

use serde::Serialize;

use crate::ids::{DatasetId, FlowId, PartyId, ReadingId};
use crate::period::Period;

/// Declares a closed list of words, each with its name in the file.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];

            /// The word, as an agreement writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// The form of a flow's file (RUN-12).
    Form {
        /// A workbook.
        Xlsx = "xlsx",
        /// Comma-separated values.
        Csv = "csv",
    }
    /// May the cell be empty?
    Presence {
        /// Never.
        Always = "always",
        /// Where the sender does not hold it.
        IfHeld = "if-held",
    }
    /// The class of a field (LEG-22).
    Class {
        /// Personal data.
        Personal = "personal",
        /// Special category data; needs a handling reason.
        Sensitive = "sensitive",
        /// A handle of the exchange itself, about nobody outside it.
        Reference = "reference",
        /// Data from which nobody can be told.
        DePersonalised = "de-personalised",
        /// Not about a person.
        None = "none",
    }
    /// Why a field is sent (LEG-20).
    Why {
        /// It tells who is meant.
        Identifies = "identifies",
        /// It ties an answer to its question.
        Links = "links",
        /// The receiver compares it with its own.
        Compares = "compares",
        /// It is what was asked for.
        Answers = "answers",
        /// A person decides with it.
        Decides = "decides",
        /// Something is calculated out of it.
        Derives = "derives",
        /// It governs the exchange.
        Governs = "governs",
        /// It measures how useful the exchange is.
        Evaluates = "evaluates",
    }
    /// An event that time is counted from or that ends a time.
    Event {
        /// The sender's file has gone.
        Sent = "sent",
        /// The receiver has the file.
        Received = "received",
        /// The party that matches declared the matching complete (RET-02).
        MatchingComplete = "matching-complete",
        /// The run is closed.
        RunClosed = "run-closed",
        /// A party knows of an incident.
        Aware = "aware",
        /// A party was told of an incident.
        Reported = "reported",
    }
    /// What an event happens to.
    Subject {
        /// A run.
        Run = "run",
        /// An incident.
        Incident = "incident",
    }
    /// Which copy a keep rule is about.
    Place {
        /// What the party prepared to send.
        Staging = "staging",
        /// What the party received.
        Received = "received",
    }
    /// What happens when a keeping ends.
    Then {
        /// The key of the dataset is destroyed, with a certificate (RET-12).
        Destroy = "destroy",
    }
    /// Is a clock a duty or an aim?
    Force {
        /// A duty.
        Must = "must",
        /// An aim.
        Aim = "aim",
    }
    /// Which rows an answer has.
    RowCover {
        /// One for every row that was asked (MATCH-02).
        EveryRow = "every-row",
        /// One for some of the rows that were asked.
        RowsSent = "rows-sent",
        /// One for the rows where there is something to say.
        RowsWithContent = "rows-with-content",
    }
    /// How much a gap stops.
    Stops {
        /// Nothing; a question only.
        Nothing = "nothing",
        /// The cells of the field.
        Cells = "cells",
        /// The flow.
        Flow = "flow",
        /// The whole agreement.
        Agreement = "agreement",
    }
    /// How often a flow runs.
    Frequency {
        /// Once a week.
        Week = "week",
        /// Once a month.
        Month = "month",
        /// Once a quarter.
        Quarter = "quarter",
        /// Once a year.
        Year = "year",
    }
}

/// How many values a cell may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Many {
    /// One.
    One,
    /// As many as are held.
    All,
    /// At most so many.
    UpTo(u16),
}

/// An event of something: `{ event: received, of: run }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct When {
    /// What happens.
    pub event: Event,
    /// To what.
    pub of: Subject,
}

/// When a keeping ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
}

/// A keep rule (RET-01, AGR-19): these datasets, at this party, until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// What.
    pub what: Vec<DatasetId>,
    /// At which party.
    pub at: PartyId,
    /// Which copy.
    pub place: Place,
    /// Until when.
    pub ends: Ends,
    /// What happens then.
    pub then: Then,
    /// The paragraph of the source it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// When a flow is sent of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Again and again.
    Every {
        /// How often.
        every: Frequency,
        /// The first day of the first month.
        from: jiff::civil::Date,
    },
    /// Once.
    Once {
        /// The first day of the month.
        month: jiff::civil::Date,
    },
}

/// How many rows a flow's file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volume {
    /// About so many; give or take this many percent.
    About {
        /// The number of rows.
        rows: u32,
        /// How far it may be off, in percent.
        percent: u8,
    },
    /// So many and no more.
    AtMost {
        /// The number of rows.
        rows: u32,
    },
}

impl Volume {
    /// The most rows that this allows.
    pub fn most(self) -> u64 {
        match self {
            Self::About { rows, percent } => {
                u64::from(rows).saturating_mul(100 + u64::from(percent)) / 100
            }
            Self::AtMost { rows } => u64::from(rows),
        }
    }
}

/// Which flows a flow answers, and how its rows pair with theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answers {
    /// The flows that are answered; at least one.
    pub flows: Vec<FlowId>,
    /// Which rows it has.
    pub rows: RowCover,
    /// The columns by which rows pair (MATCH-03, MATCH-04).
    pub pairs_on: Vec<crate::ids::FieldName>,
}
