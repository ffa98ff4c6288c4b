//! Parties, the people it is about, facts and columns, as a plan has them.

use crate::condition::Test;
use crate::ids::{
    BodyId, ConditionId, FactId, FieldName, FieldPath, FlowId, LegalPurpose, PartyId, PermitId,
    PersonKind, PurposeId, SystemId,
};
use crate::permit::Each;
use crate::value::{FieldType, is_one, values};
use crate::window::Window;
use crate::words::{Class, Clearance, Control, Does, Minted, Recorded, Why};
use serde::Serialize;

/// A party of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The public body; none where the party stands for each of a register.
    pub body: Option<BodyId>,
    /// Its own name, where the catalogue's body stands for any of its kind.
    pub named: Option<String>,
    /// The register, where it does.
    pub each: Option<Each>,
    /// Its unit.
    pub unit: String,
    /// Is it a controller or a processor?
    pub is: Control,
    /// For whom a processor acts.
    pub acts_for: Option<PartyId>,
    /// The contract that binds a processor.
    pub contract: Option<String>,
    /// What a processor does.
    pub does: Vec<Does>,
    /// The parts of the body that are in scope (PTY-01).
    pub scope: Vec<String>,
    /// The source systems it may read (EXCH-HMRC-23).
    pub reads: Vec<SystemId>,
    /// The least clearance of whoever reads what it received (PTY-08).
    pub clearance: Option<Clearance>,
    /// Does no person take part on its side?
    pub no_staff: bool,
}

/// A kind of person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    /// Who they are.
    pub text: String,
    /// Are they third parties, who enter no later run (MATCH-13)?
    pub third_party: bool,
    /// May they be under 18?
    pub minor: bool,
}

/// A purpose of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// What for, in words.
    pub text: String,
    /// The legal purposes it stands on.
    pub law: Vec<LegalPurpose>,
    /// The purpose of the umbrella that it serves.
    pub umbrella: Option<PurposeId>,
}

/// A fact: read to decide, never moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fact {
    /// Its type.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The kinds of person, or the cases, it is about.
    pub of: Vec<PersonKind>,
    /// The parties that can know it.
    pub known_to: Vec<PartyId>,
    /// Can there be several values?
    pub many: bool,
    /// How it is recorded, where that is said.
    #[serde(skip)]
    pub recorded_as: Option<Recorded>,
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

impl Many {
    /// May a cell have so many values?
    pub fn allows(self, count: usize) -> bool {
        match self {
            Self::One => count <= 1,
            Self::All => true,
            Self::UpTo(most) => count <= usize::from(most),
        }
    }
}

/// May a cell be empty?
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Present {
    /// Never.
    Always,
    /// Where the sender does not hold it.
    IfHeld,
    /// It is there where the test of another field of the row holds, and only then.
    When {
        /// The other field.
        field: FieldName,
        /// The test.
        test: Test,
    },
    /// It is there where another field of the row is empty.
    UnlessKnown(FieldName),
}

/// One column of a flow's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Column {
    /// Its heading.
    pub name: FieldName,
    /// The field.
    pub field: FieldPath,
    /// The fields it was first copied from, or itself.
    pub origins: Vec<FieldPath>,
    /// The form of its cells.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Its class.
    pub class: Class,
    /// Why it is sent.
    pub why: Vec<Why>,
    /// May a cell be empty?
    pub present: Present,
    /// How many values a cell may have.
    pub many: Many,
    /// Is a row of its dataset one of several things of a person, such as an address? Its values then stand in parallel
    /// with those of the dataset's other columns: the first of each belong together.
    #[serde(skip)]
    pub in_parallel: bool,
    /// The flow by which it is in the file, where that is a part of the file's own flow.
    #[serde(skip)]
    pub part: Option<FlowId>,
    /// Does the exchange itself make the value?
    pub minted: Option<Minted>,
    /// The fact that its receiver learns from it.
    pub tells: Option<FactId>,
    /// How far back its values reach.
    pub window: Option<Window>,
    /// The conditions on which a cell may go at all; all of them.
    pub only: Vec<ConditionId>,
    /// The kinds of person its cells are about; empty where it is about nobody.
    pub about: Vec<PersonKind>,
    /// The permits to disclose it, in the order in which they are relied on.
    pub permits: Vec<PermitId>,
}

impl Column {
    /// Must every row have a value here?
    pub fn required(&self) -> bool {
        self.present == Present::Always
    }

    /// Is the text of a cell of the form that the agreement gives? An empty text is not.
    pub fn accepts(&self, text: &str) -> bool {
        if self.many == Many::One {
            return self.field_type.accepts(text);
        }
        // One of several things may lack what another has: its place is empty.
        let lacks = |v: &str| self.in_parallel && v.is_empty() && !self.required();
        if is_one(text) {
            return self.many.allows(1) && self.field_type.accepts(text);
        }
        let values = values(text);
        !values.is_empty()
            && self.many.allows(values.len())
            && values
                .iter()
                .all(|v| lacks(v) || self.field_type.accepts(v))
    }
}
