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
#[error("{kind} is written in 1 to {LONGEST} characters out of {alphabet}")]
pub struct BadName {
    kind: &'static str,
    alphabet: &'static str,
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

fn is_reference(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A kind of name that an author may write.
pub(crate) trait Name: Sized + Clone + Ord {
    /// Checks the form of `text`.
    fn parse_name(text: &str) -> Result<Self, BadName>;
    /// The name as text.
    fn as_text(&self) -> &str;
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $kind:literal, $check:ident, $alphabet:literal;)*) => {$(
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
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { kind: $kind, alphabet: $alphabet })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Name for $name {
            fn parse_name(text: &str) -> Result<Self, BadName> {
                Self::parse(text)
            }
            fn as_text(&self) -> &str {
                &self.0
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
    AgreementId = "an agreement's name", is_name, "a-z, 0-9, - and _";
    /// A party, as the agreement names it.
    PartyId = "a party's name", is_name, "a-z, 0-9, - and _";
    /// A public body, as the law catalogue names it.
    BodyId = "a body's name", is_name, "a-z, 0-9, - and _";
    /// A kind of person a cell can be about, or the person whose record it is.
    PersonKind = "a kind of person", is_name, "a-z, 0-9, - and _";
    /// A purpose, as the agreement names it.
    PurposeId = "a purpose's name", is_name, "a-z, 0-9, - and _";
    /// A purpose that the law names; only the catalogue makes one.
    LegalPurpose = "a legal purpose", is_name, "a-z, 0-9, - and _";
    /// Something read to decide, which never moves.
    FactId = "a fact's name", is_name, "a-z, 0-9, - and _";
    /// A named condition.
    ConditionId = "a condition's name", is_name, "a-z, 0-9, - and _";
    /// A dataset.
    DatasetId = "a dataset's name", is_name, "a-z, 0-9, - and _";
    /// A field within its dataset; also the name of its column.
    FieldName = "a field's name", is_name, "a-z, 0-9, - and _";
    /// A named list of gateways.
    BasisId = "a basis's name", is_name, "a-z, 0-9, - and _";
    /// A flow.
    FlowId = "a flow's name", is_name, "a-z, 0-9, - and _";
    /// A legal gateway, as the law catalogue names it.
    GatewayId = "a gateway's name", is_name, "a-z, 0-9, - and _";
    /// A decision that only a person may take.
    DecisionId = "a decision's name", is_name, "a-z, 0-9, - and _";
    /// A role within a party.
    RoleId = "a role's name", is_name, "a-z, 0-9, - and _";
    /// A source system, a route or another thing outside the agreement that it names.
    SystemId = "a system's name", is_name, "a-z, 0-9, - and _";
    /// Something the agreement does not settle yet.
    GapId = "a gap's name", is_name, "a-z, 0-9, - and _";
    /// Which of two readings of the text runs.
    ReadingId = "a reading's name", is_reference, "letters, digits, . - and _";
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
            kind: "a field's path",
            alphabet: "two names joined by a full stop",
        };
        let (dataset, field) = text.split_once('.').ok_or(bad)?;
        Ok(Self {
            dataset: DatasetId::parse(dataset)?,
            field: FieldName::parse(field)?,
        })
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
