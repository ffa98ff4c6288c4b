//! Check: a call about one person while somebody applies, whose answer lives for the life of a calculation. What it may
//! ask, of whom, for whom and until when is the agreement's to say (docs/residence-check.md). Never decides: an outcome is
//! information for the person who does (RTC-13). No value of a call is stored, logged or told in an error.

pub mod application;
pub(crate) mod combine;
pub mod line;
pub mod months;
mod subject;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};

use agreement::Plan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::authority::{Actor, Person};
use crate::ids::{AgreementId, FlowId, HoldingId, PartyId};
use crate::refusal::Refusal;

pub use subject::subject;

/// What came of a check (RTC-14). There is no word here for a decision (RTC-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Completed: a record was found and the months worked out.
    WithData,
    /// Completed: no record was found, which says nothing against anybody (RTC-16).
    NotFound,
    /// More than one record could be meant, or the one does not speak with one voice: a human looks.
    Ambiguous,
    /// It did not work technically.
    Unsuccessful,
    /// No call was made.
    NotAttempted,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::WithData,
        Self::NotFound,
        Self::Ambiguous,
        Self::Unsuccessful,
        Self::NotAttempted,
    ];

    /// The name as agreements and entries write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithData => "with-data",
            Self::NotFound => "not-found",
            Self::Ambiguous => "ambiguous",
            Self::Unsuccessful => "unsuccessful",
            Self::NotAttempted => "not-attempted",
        }
    }
}

/// Why nothing is known of the months that a supplier could have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// Whoever asks may not use its agreement.
    NotPermitted,
    /// Its agreement is not on the table, not in force, or suspended.
    NotInForce,
    /// The two agreements do not both say that their data is put together, by the same rules, for the same (C-33).
    NotAgreed,
    /// Its route is not set up here, or not approved.
    NotConfigured,
    /// No call was made: the condition of its agreement is not true, or it was asked before.
    NotAttempted,
    /// It did not answer in time or as agreed, refused, or its line is down.
    Unsuccessful,
    /// More than one of its records could be meant: a human looks.
    Ambiguous,
}

impl Silence {
    /// The name as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPermitted => "not-permitted",
            Self::NotInForce => "not-in-force",
            Self::NotAgreed => "not-agreed",
            Self::NotConfigured => "not-configured",
            Self::NotAttempted => "not-attempted",
            Self::Unsuccessful => "unsuccessful",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// A supplier that did not answer: the months that it could have shown are unknown, which counts against nobody (RTC-16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The agreement with it.
    pub agreement: AgreementId,
    /// Who it is, where the agreement is on the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<PartyId>,
    /// Why.
    pub why: Silence,
}

/// The version of what [`Guidance`] says; the texts are in docs/residence-check.md.
pub const GUIDANCE: &str = "1";

/// What the applicant is told to do next (RTC-16, EXCH-EUSS-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guidance {
    /// The records show every month that is assessed; a caseworker decides.
    NothingMore,
    /// Other evidence can show what the records do not; a caseworker decides on all of it.
    FurtherEvidence,
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The system by which a person applies, for that person.
    Applicant,
    /// A member of staff.
    Staff(Person),
}

impl Caller {
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Applicant => Actor::Node,
            Self::Staff(person) => Actor::Person(person.clone()),
        }
    }

    /// The channel, as it stands in entries and counts (RTC-20).
    pub fn channel(&self) -> Channel {
        match self {
            Self::Applicant => Channel::Applicant,
            Self::Staff(_) => Channel::Caseworker,
        }
    }
}

/// By which channel a check was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// While somebody applies.
    Applicant,
    /// A caseworker.
    Caseworker,
}

impl Channel {
    /// The name as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Caseworker => "caseworker",
        }
    }
}

/// What the applicant signed before any call (RTC-18).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Is it signed?
    pub signed: bool,
    /// The departments that it names.
    pub names: Vec<PartyId>,
}

/// A fact about the application that only its people know, with the reason that is recorded (RTC-15).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The value, in the form of the fact's type.
    pub value: String,
    /// Why it is so; sealed beside the entry.
    #[serde(default)]
    pub because: Zeroizing<String>,
}

/// What is asked. Its values are wiped when it is let go of.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The caller's name of this request, unique and about nobody: asked again, the first answer is given.
    pub request: String,
    /// The agreement; those whose data goes into the same months are asked too (C-33).
    pub agreement: AgreementId,
    /// The flow by which is asked, in each of them.
    pub flow: FlowId,
    /// The application's number.
    pub application: Zeroizing<String>,
    /// The day of the application. None: the day of the check.
    #[serde(default)]
    pub applied: Option<Date>,
    /// The declaration.
    #[serde(default)]
    pub declaration: Option<Declaration>,
    /// The values that the flows send, by field, each to whom its agreement names it; several values of one field as [`agreement::join`] joins them.
    pub details: BTreeMap<String, Zeroizing<String>>,
    /// Facts that the flow's condition asks for.
    #[serde(default)]
    pub facts: BTreeMap<String, Stated>,
    /// The agreements that whoever asks may not use, as whoever lets them ask knows: nobody is asked under them.
    #[serde(skip)]
    pub closed: BTreeSet<AgreementId>,
}

impl Request {
    /// Reads a request from JSON.
    ///
    /// # Errors
    /// A refusal (RTC-02) that names the line, and no value.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > wire::LONGEST {
            return Err(Refusal::new("RTC-02", "the request is longer than 64 KiB"));
        }
        serde_json::from_slice(bytes).map_err(|fault| {
            let what = format!(
                "the request is not of its form: line {}, column {}",
                fault.line(),
                fault.column()
            );
            Refusal::new("RTC-02", what).help("docs/residence-check.md shows one")
        })
    }

    /// Whom it is about, as [`subject`] has it. None where the agreement names no such flow.
    pub fn subject(&self, plan: &Plan) -> Option<Zeroizing<String>> {
        let value = |field: &str| self.details.get(field).map_or("", |value| value.as_str());
        subject(plan.flow(&self.flow)?, &value)
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} of {})", self.flow, self.agreement)
    }
}

/// What is told of a check to whoever asked for it: no month and no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The outcome.
    pub outcome: Outcome,
    /// What was not there, where no call was made: facts and fields of the agreement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// Who did not answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
    /// What the applicant is told to do next.
    pub guidance: Guidance,
    /// The version of the guidance.
    pub guidance_version: &'static str,
    /// Was it made before, so that nobody was called now?
    #[serde(skip)]
    pub again: bool,
    /// Did the answer depart from the agreement?
    #[serde(skip)]
    pub breach: bool,
}

/// What a caseworker of the application sees of one check (EXCH-EUSS-02). A month that is `no` is one that the records do
/// not show, and nothing else; it is `unknown` where somebody did not answer who could have shown it (RTC-16, C-24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The day of the check.
    pub checked: Date,
    /// By which flow.
    pub flow: FlowId,
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// Who did not answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
    /// The agreement that went into the months and gives this caseworker no leave to see them today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<AgreementId>,
    /// The rules' version.
    pub rules: Option<String>,
    /// The views: the last so many months, each with what the records show.
    pub views: Vec<View>,
    /// Where the months are kept, until their date.
    pub kept: Option<HoldingId>,
}

/// The last so many months before an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// How many.
    pub months: u16,
    /// How many of them the records show.
    pub shown: usize,
    /// Each month with `yes`, `no` or `unknown`.
    pub each: Vec<(String, String)>,
}

/// How many checks came to what, by channel (RPT-10).
pub type Counts = BTreeMap<(Channel, &'static str), u64>;
