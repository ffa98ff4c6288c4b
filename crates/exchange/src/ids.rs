//! Names that do not mix: each kind of identifier is its own type, checked once at the edge.
//!
//! No identifier here is about a person: people appear in the hub as row handles and keyed hashes only.
//!
//! ```compile_fail
//! use exchange::ids::{OperationId, RunId};
//! let run = RunId::parse("ask-2026-02").unwrap();
//! let _: OperationId = run; // a run is not an operation
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

pub use agreement::{AgreementId, FlowId, PartyId, RouteId, SignerId};

/// A text that is not a well-formed identifier of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} must be 1 to {max} characters out of a-z, 0-9 and . _ : / - and start with a letter or digit"
)]
pub struct BadId {
    kind: &'static str,
    max: usize,
}

const MAX: usize = 160;

fn well_formed(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    text.len() <= MAX
        && first.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.all(|b| {
            b.is_ascii_lowercase()
                || b.is_ascii_digit()
                || matches!(b, b'.' | b'_' | b':' | b'/' | b'-')
        })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the form of `text`.
            ///
            /// # Errors
            /// [`BadId`] when it is empty, too long or holds another character.
            pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                if well_formed(&text) {
                    Ok(Self(text))
                } else {
                    Err(BadId { kind: $kind, max: MAX })
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

ids! {
    /// One thing that a person or a worker asked the node to do; doing it twice does it once.
    OperationId = "an operation id";
    /// One period's run of an exchange, the same on every node.
    RunId = "a run id";
    /// One sealed package on a transport.
    PackageId = "a package id";
    /// One set of values in the vault, under one key.
    HoldingId = "a holding id";
    /// One intended effect outside the node.
    EffectId = "an effect id";
    /// One incident under an agreement; never named after a person.
    IncidentId = "an incident id";
    /// A project of this party, out of which agreements come.
    ProjectId = "a project id";
    /// A member of staff, by the identity provider's opaque handle.
    StaffId = "a staff id";
    /// A person of the case register, as the keyed hash of their person key: it names nobody without the key.
    SubjectId = "a subject id";
}

impl OperationId {
    /// The operation that follows from this one, `of` it.
    pub(crate) fn then(&self, of: &str) -> Result<Self, BadId> {
        Self::parse(format!("{}:{of}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_written_alphabet_is_accepted() {
        for good in [
            "a",
            "ask-2026-02",
            "ho.ask-2026-02.ask.data.1",
            "0",
            "a/b:c_d",
        ] {
            assert!(RunId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "A",
            "-a",
            "a b",
            "é",
            "a\n",
            "a\u{202e}",
            &"a".repeat(161),
        ] {
            assert!(RunId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
