//! Names that do not mix: each kind of name is its own type, checked once when a file is read.
//! A name here is never about a person.
//!
//! ```compile_fail,E0308
//! use agreement::{FlowId, PartyId};
//! let flow = FlowId::parse("ask").unwrap();
//! let _: PartyId = flow; // a flow is not a party
//! ```
//!
//! ```compile_fail,E0308
//! use agreement::{ConditionId, FactId};
//! fn test(_: &FactId) {}
//! test(&ConditionId::parse("lost").unwrap()); // a condition is not a fact
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
pub const LONGEST: usize = 64;

/// A text that is not a well-formed name of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be {kind} ({alphabet}; at most {LONGEST} characters each)")]
pub struct BadName {
    kind: &'static str,
    alphabet: &'static str,
}

// YAML readers take these for a truth value or for nothing, so they are no names.
fn is_other(text: &str) -> bool {
    matches!(text, "true" | "false" | "null")
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        && !is_other(text)
}

fn is_reference(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null"
        )
}

fn is_name_or_star(text: &str) -> bool {
    text == "*" || is_name(text)
}

/// One name, or two joined by a full stop.
fn is_dotted(text: &str) -> bool {
    match text.split_once('.') {
        None => is_name(text),
        Some((one, two)) => is_name(one) && is_name(two),
    }
}

/// Two names joined by a full stop.
fn is_path(text: &str) -> bool {
    text.contains('.') && is_dotted(text)
}

/// A kind of name that an author may write.
pub(crate) trait Name: Sized + Clone + Ord + fmt::Display {
    /// What it is, in words.
    const KIND: &'static str;
    /// Its form, as a regular expression of the published schema.
    const PATTERN: &'static str;
    /// Checks the form of `text`.
    fn parse_name(text: &str) -> Result<Self, BadName>;
}

/// The form of a kind of name.
struct Form {
    check: fn(&str) -> bool,
    alphabet: &'static str,
    pattern: &'static str,
}

const NAME: Form = Form {
    check: is_name,
    alphabet: "a-z, 0-9, - and _, a letter first",
    pattern: "^(?!(true|false|null)$)[a-z][a-z0-9_-]{0,63}$",
};
const REFERENCE: Form = Form {
    check: is_reference,
    alphabet: "letters, digits, . - and _, a letter first",
    pattern: "^(?!([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[nN][uU][lL][lL])$)[A-Za-z][A-Za-z0-9._-]{0,63}$",
};
const STAR: Form = Form {
    check: is_name_or_star,
    alphabet: "a-z, 0-9, - and _, a letter first; or * alone",
    pattern: "^(\\*|(?!(true|false|null)$)[a-z][a-z0-9_-]{0,63})$",
};
const DOTTED: Form = Form {
    check: is_dotted,
    alphabet: "one name, or two joined by a full stop",
    pattern: "^(?!(true|false|null)(\\.|$))[a-z][a-z0-9_-]{0,63}(\\.(?!(true|false|null)$)[a-z][a-z0-9_-]{0,63})?$",
};
const PATH: Form = Form {
    check: is_path,
    alphabet: "two names joined by a full stop",
    pattern: "^(?!(true|false|null)\\.)[a-z][a-z0-9_-]{0,63}\\.(?!(true|false|null)$)[a-z][a-z0-9_-]{0,63}$",
};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $kind:literal, $form:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the form of `text`.
            ///
            /// # Errors
            /// [`BadName`] when it is empty, too long or holds another character.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                if ($form.check)(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { kind: $kind, alphabet: $form.alphabet })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Name for $name {
            const KIND: &'static str = $kind;
            const PATTERN: &'static str = $form.pattern;
            fn parse_name(text: &str) -> Result<Self, BadName> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    )*};
}

names! {
    /// An agreement's short name.
    AgreementId = "the name of an agreement", NAME;
    /// A party, as the agreement names it.
    PartyId = "the name of a party", NAME;
    /// A unit of a party.
    UnitId = "the name of a unit", NAME;
    /// A public body, as the law catalogue names it.
    BodyId = "the name of a body", NAME;
    /// A kind of body, as the law catalogue names it.
    KindId = "the name of a kind of body", NAME;
    /// A register of bodies or areas, as the law catalogue names it.
    RegisterId = "the name of a register", NAME;
    /// A data protection regime, as the law catalogue names it.
    RegimeId = "the name of a regime", NAME;
    /// A kind of person a cell can be about, or the person whose record it is.
    PersonKind = "a kind of person", NAME;
    /// Who belongs together: an application, a household.
    CaseId = "the name of a case", NAME;
    /// A purpose, as the agreement names it.
    PurposeId = "the name of a purpose", NAME;
    /// A purpose that the law names; only the catalogue makes one.
    LegalPurpose = "a legal purpose of the catalogue", NAME;
    /// Something read to decide, which never moves.
    FactId = "the name of a fact", NAME;
    /// A named condition.
    ConditionId = "the name of a condition", NAME;
    /// A dataset.
    DatasetId = "the name of a dataset", NAME;
    /// A dataset, or `*` for every other one.
    DatasetOrAll = "the name of a dataset, or *", STAR;
    /// A field within its dataset; also the name of its column.
    FieldName = "the name of a field", NAME;
    /// A named list of gateways.
    BasisId = "the name of a basis", NAME;
    /// A flow.
    FlowId = "the name of a flow", NAME;
    /// A legal gateway, as the law catalogue names it.
    GatewayId = "the name of a gateway", NAME;
    /// A provision that a gateway is read with, as the law catalogue names it.
    InstrumentId = "the name of an instrument", NAME;
    /// A decision that only a person may take.
    DecisionId = "the name of a decision", NAME;
    /// Something that is calculated.
    DerivedId = "the name of something derived", NAME;
    /// A keep rule that something refers to.
    KeepId = "the name of a keep rule", NAME;
    /// A duty of the law catalogue.
    DutyId = "the name of a duty", NAME;
    /// A role within a party.
    RoleId = "the name of a role", NAME;
    /// A role of a party: `ho.caseworker`.
    ActorId = "a role of a party, as ho.caseworker", PATH;
    /// Who starts a call: a kind of person, or a role of a party.
    StarterId = "a kind of person, or a role of a party", DOTTED;
    /// Who signs: a party, or a unit of a party (`hmrc.ris`).
    SignerId = "a party, or a unit of a party", DOTTED;
    /// An event of something that the agreement names: `monthly.sent`.
    OccasionId = "an event, as monthly.sent", PATH;
    /// A source system, a route or another thing outside the agreement that it names.
    SystemId = "the name of a system", NAME;
    /// A route.
    RouteId = "the name of a route", NAME;
    /// Something that the author names and nothing refers to.
    LabelId = "a name", NAME;
    /// A limb of a section.
    LimbId = "a limb of a section", NAME;
    /// Something the agreement does not settle yet.
    GapId = "the name of a gap", NAME;
    /// Which of two readings of the text runs.
    ReadingId = "the name of a reading", REFERENCE;
}

impl PersonKind {
    /// The kind that stands for data that is about nobody.
    pub fn nobody() -> Self {
        Self("nobody".to_owned())
    }
}

macro_rules! dotted {
    ($($name:ident $first:ident: $one:ident, $second:ident: $two:ident;)*) => {$(
        impl $name {
            /// What stands before the full stop.
            pub fn $first(&self) -> $one {
                $one(self.0.split('.').next().unwrap_or_default().to_owned())
            }

            /// What stands after the full stop, if there is one.
            pub fn $second(&self) -> Option<$two> {
                self.0.split_once('.').map(|(_, second)| $two(second.to_owned()))
            }
        }
    )*};
}

dotted! {
    ActorId party: PartyId, role: RoleId;
    SignerId party: PartyId, unit: UnitId;
    StarterId who: PersonKind, role: RoleId;
    OccasionId of: FlowId, event: LabelId;
}

/// A field by dataset and name: `extract.full_name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath {
    /// The dataset.
    pub dataset: DatasetId,
    /// The field within it.
    pub field: FieldName,
}

impl FieldPath {
    /// Puts a path together.
    pub fn new(dataset: DatasetId, field: FieldName) -> Self {
        Self { dataset, field }
    }

    /// Checks the form `dataset.field`.
    ///
    /// # Errors
    /// [`BadName`] when it is not two names joined by one full stop.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let bad = BadName {
            kind: <Self as Name>::KIND,
            alphabet: PATH.alphabet,
        };
        let (dataset, field) = text.split_once('.').ok_or(bad)?;
        Ok(Self {
            dataset: DatasetId::parse(dataset)?,
            field: FieldName::parse(field)?,
        })
    }
}

impl Name for FieldPath {
    const KIND: &'static str = "a field, as dataset.field";
    const PATTERN: &'static str = PATH.pattern;
    fn parse_name(text: &str) -> Result<Self, BadName> {
        Self::parse(text)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.field)
    }
}

impl TryFrom<String> for FieldPath {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> String {
        path.to_string()
    }
}

/// A permit's stable name, derived from what it permits: `ask/extract.nino/migrant/bcia-2009-s21` to
/// disclose, `use/...` and `keep/...` for the other acts. Only a compiled agreement makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct PermitId(String);

impl PermitId {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PermitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PermitId> for String {
    fn from(id: PermitId) -> String {
        id.0
    }
}

/// The SHA-256 of what is signed; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementHash(pub [u8; 32]);

impl AgreementHash {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AgreementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for AgreementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for AgreementHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
