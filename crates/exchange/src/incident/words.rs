//! The words of incidents, and the table of their steps.

use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::change::Step;

macro_rules! words {
    ($(#[$top:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $code:literal,)* }) => {
        $(#[$top])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $enum {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }
        impl $enum {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The name as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

words! {
    /// Were rules broken, or was something lost, stolen or reached (INC-06)?
    Nature {
        /// Rules were broken.
        Breach = "breach",
        /// Loss, theft or access without leave.
        Incident = "incident",
    }
}

words! {
    /// What kind of thing happened (INC-07).
    Category {
        /// Accidental loss or damage.
        Loss = "loss",
        /// Malware or hacking.
        Attack = "attack",
        /// Disclosure to somebody who is not entitled, also by email to personal accounts.
        WrongfulDisclosure = "wrongful-disclosure",
        /// Papers that were left where others reach them.
        PapersLeft = "papers-left",
        /// Publication, also in social media.
        Publication = "publication",
        /// Somebody was harmed by a wrong match, also where no data was lost (INC-12).
        WrongMatch = "wrong-match",
        /// Anything else: the words say what.
        Other = "other",
    }
}

words! {
    /// What a person does with an incident beyond notices and decisions.
    Stepping {
        /// It spreads no further.
        Contain = "contain",
        /// Its extent and harm are known.
        Assess = "assess",
        /// What was lost is back, or cannot be.
        Recover = "recover",
        /// Nothing more is to be done.
        Close = "close",
        /// It was closed too early.
        Reopen = "reopen",
    }
}

impl Stepping {
    pub(super) fn act(self) -> Act {
        match self {
            Self::Contain => Act::IncidentContained,
            Self::Assess => Act::IncidentAssessed,
            Self::Recover => Act::IncidentRecovered,
            Self::Close => Act::IncidentClosed,
            Self::Reopen => Act::IncidentReopened,
        }
    }
}

/// How far an incident has come (INC-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Somebody raised it; not every contact is told.
    Reported,
    /// Every contact is told.
    Notified,
    /// It spreads no further.
    Contained,
    /// Its extent and harm are known.
    Assessed,
    /// Who else is told, and what follows, is decided.
    Decided,
    /// What was lost is back, or cannot be.
    Recovered,
    /// Nothing more is to be done.
    Closed,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Notified => "notified",
            Self::Contained => "contained",
            Self::Assessed => "assessed",
            Self::Decided => "decided",
            Self::Recovered => "recovered",
            Self::Closed => "closed",
        }
    }
}

/// Who moves an incident on.
pub const OWNER: &str = "data-protection-lead, data-sharing-officer, analyst, iao or siro";

/// Every step of an incident but its beginning.
pub const MOVES: &[Step<State>] = &[
    ("notify", State::Reported, State::Reported, OWNER),
    ("notify-last", State::Reported, State::Notified, OWNER),
    ("contain", State::Notified, State::Contained, OWNER),
    ("assess", State::Contained, State::Assessed, OWNER),
    ("decide", State::Assessed, State::Decided, OWNER),
    ("recover", State::Decided, State::Recovered, OWNER),
    ("close", State::Recovered, State::Closed, OWNER),
    ("reopen", State::Closed, State::Notified, OWNER),
];
