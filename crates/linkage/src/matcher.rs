//! What a matcher takes and gives. Never says "confirmed": that is a person's word, outside this crate.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{Field, Record};

/// Why a list of cases cannot be matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkageFault {
    /// Two cases have one handle, so that an answer could not be told to its row (MATCH-01: exactly one
    /// outcome for each record). Rows count from 1.
    #[error(
        "rows {first} and {second} of the case list have the same reference: give each row its own (MATCH-01)"
    )]
    TwiceTheSame {
        /// The earlier row, from 1.
        first: usize,
        /// The later row, from 1.
        second: usize,
    },
}

/// A way of finding cases in a master list.
pub trait Matcher: Send + Sync {
    /// Prepares the case list; memory is proportional to it.
    ///
    /// # Errors
    /// [`LinkageFault`] when the cases cannot be told apart.
    fn index(&self, cases: &[Record]) -> Result<Box<dyn Index>, LinkageFault>;
}

/// A case list that the master list streams past.
///
/// The result depends on the set of records alone: not on their order, nor on how they are cut into
/// batches, nor on a record that comes twice.
pub trait Index: Send {
    /// Compares a batch of master records with the cases. Records without a usable value are passed over.
    fn probe(&mut self, batch: &[Record]);

    /// One answer for each case, in the order of the case list (MATCH-01, MATCH-02).
    fn finish(self: Box<Self>) -> Vec<Linked>;
}

/// How far evidence goes. Neither is a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Never enough on its own, whatever else of its kind comes with it (MATCH-05).
    Weak,
    /// Identifiers that rarely agree by chance.
    Strong,
}

/// Which evidence made a candidate; strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The National Insurance number, and the full name or the date of birth as well.
    NinoAndPerson,
    /// The full name and the date of birth.
    NameAndDateOfBirth,
    /// The National Insurance number, with neither name nor date of birth to back it.
    NinoAlone,
    /// The full name, with no date of birth to back it.
    NameAlone,
}

impl Rule {
    /// All rules, strongest first.
    pub const ALL: [Self; 4] = [
        Self::NinoAndPerson,
        Self::NameAndDateOfBirth,
        Self::NinoAlone,
        Self::NameAlone,
    ];

    /// How far this rule's evidence goes (MATCH-05).
    pub const fn strength(self) -> Strength {
        match self {
            Self::NinoAndPerson | Self::NameAndDateOfBirth => Strength::Strong,
            Self::NinoAlone | Self::NameAlone => Strength::Weak,
        }
    }

    /// The rule that this evidence meets, if it meets one.
    pub(crate) fn of(found: &Explanation) -> Option<Self> {
        let (name, born) = (found.full_name.agrees(), found.date_of_birth.agrees());
        match (found.nino.agrees(), name, born) {
            (true, true, _) | (true, _, true) => Some(Self::NinoAndPerson),
            (false, true, true) => Some(Self::NameAndDateOfBirth),
            (true, false, false) => Some(Self::NinoAlone),
            (false, true, false) => Some(Self::NameAlone),
            (false, false, _) => None,
        }
    }
}

/// How one field of a case compares with that of a master record. Values compare as sets; places count
/// from 0 in the order in which the record holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// A value of the one is a value of the other, in standard form.
    Agrees {
        /// Which of the case's values.
        case_value: u32,
        /// Which of the master record's values.
        master_value: u32,
    },
    /// Both have usable values and none is the same.
    Differs,
    /// One side has no usable value: this tells nothing either way.
    Missing,
}

impl Comparison {
    /// Whether a value agrees.
    pub const fn agrees(self) -> bool {
        matches!(self, Self::Agrees { .. })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agrees {
                case_value: 0,
                master_value: 0,
            } => f.write_str("agrees"),
            Self::Agrees {
                case_value,
                master_value,
            } => write!(
                f,
                "agrees (value {} of the case, value {} of the record)",
                case_value.saturating_add(1),
                master_value.saturating_add(1)
            ),
            Self::Differs => f.write_str("differs"),
            Self::Missing => f.write_str("not held on both sides"),
        }
    }
}

/// Field by field, why a candidate is one. Holds no value, so it may be kept and shown where the values
/// may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Explanation {
    /// How the National Insurance numbers compare.
    pub nino: Comparison,
    /// How the full names compare.
    pub full_name: Comparison,
    /// How the dates of birth compare.
    pub date_of_birth: Comparison,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}; {} {}; {} {}",
            Field::Nino,
            self.nino,
            Field::FullName,
            self.full_name,
            Field::DateOfBirth,
            self.date_of_birth
        )
    }
}

/// A master record that may be about the person of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The master list's handle of the record.
    pub master: String,
    /// The strongest rule that the record meets.
    pub rule: Rule,
    /// How its fields compare with the case's.
    pub explanation: Explanation,
}

impl Candidate {
    /// How far the evidence goes: a matter of the rule alone.
    pub const fn strength(&self) -> Strength {
        self.rule.strength()
    }
}

/// What was found for one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The case's handle.
    pub case: String,
    /// One candidate for each master handle, by rule (strongest first), then by handle.
    pub candidates: Vec<Candidate>,
    /// There were more candidates of some rule than are kept.
    pub more: bool,
    /// Fields of the case that hold a value without a standard form: it could not be compared.
    pub unusable: Vec<Field>,
}

impl Linked {
    /// What the candidates amount to. Any number of weak ones stay weak (MATCH-05).
    pub fn outcome(&self) -> Outcome {
        let strong = self
            .candidates
            .iter()
            .filter(|c| c.strength() == Strength::Strong)
            .count();
        match strong.cmp(&1) {
            Ordering::Greater => Outcome::Ambiguous,
            Ordering::Equal => Outcome::Strong,
            Ordering::Less if self.candidates.is_empty() => Outcome::None,
            Ordering::Less => Outcome::Weak,
        }
    }
}

/// What was found for a case, in one word. It is derived from the candidates and is no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// One master handle, on strong evidence.
    Strong,
    /// Weak evidence only.
    Weak,
    /// Strong evidence for more than one master handle.
    Ambiguous,
    /// Nothing (a result too: MATCH-02).
    None,
}
