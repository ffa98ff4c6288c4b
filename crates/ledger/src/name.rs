//! Names that may stand in an entry: codes, identifiers of the hub's own things, nodes and entries.
//!
//! None of these forms has room for free text. A personal value must never be made into one of them: people
//! appear in the ledger as commitments only.
//!
//! ```
//! use ledger::{Code, EntryId, Id, NodeName};
//! const SENT: Code = Code::of("run.sent");
//! assert_eq!(Code::parse("run.sent")?, SENT);
//! assert!(Code::parse("two words").is_err());
//! let entry = EntryId::new("send/ask-2026-02", 0)?;
//! assert_eq!(entry.to_string(), "send/ask-2026-02/0");
//! assert_eq!((entry.operation(), entry.n()), ("send/ask-2026-02", 0));
//! assert!(NodeName::parse("ho")?.as_str() == "ho" && Id::parse("Not an id").is_err());
//! # Ok::<(), ledger::NameFault>(())
//! ```
//!
//! Names of one kind do not pass for names of another, and a wrong code in a `const` does not compile:
//!
//! ```compile_fail
//! let _: ledger::Id = ledger::Code::of("run.sent");
//! ```
//! ```compile_fail
//! const _: ledger::Code = ledger::Code::of("two words");
//! ```

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::codec::{decimal, text_form};

/// A text that is not a name of the kind asked for. The text itself is not repeated: it may be anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} is {form}: no other text may stand in the ledger (SEC-14)")]
pub struct NameFault {
    kind: &'static str,
    form: &'static str,
}

const CODE: NameFault = NameFault {
    kind: "a code",
    form: "1 to 80 letters, digits and . _ : / - starting with a letter or digit",
};
const ID: NameFault = NameFault {
    kind: "an identifier",
    form: "1 to 160 characters out of a-z, 0-9 and . _ : / - starting with a letter or digit",
};
const NODE: NameFault = NameFault {
    kind: "a node's name",
    form: "a letter a-z, then up to 31 of a-z, 0-9 and -",
};
const ENTRY: NameFault = NameFault {
    kind: "an entry's id",
    form: "the operation's id, a slash and the entry's number, without leading zeros",
};

const fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut rest = bytes;
    while let [b, tail @ ..] = rest {
        let first = rest.len() == bytes.len();
        let mark = matches!(*b, b'.' | b'_' | b':' | b'/' | b'-');
        if !(b.is_ascii_alphanumeric() || (mark && !first)) {
            return false;
        }
        rest = tail;
    }
    !bytes.is_empty() && bytes.len() <= 80
}

fn is_id(text: &str) -> bool {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 160
        && text.bytes().next().is_some_and(lower)
        && text
            .bytes()
            .all(|b| lower(b) || matches!(b, b'.' | b'_' | b':' | b'/' | b'-'))
}

fn is_node(text: &str) -> bool {
    text.len() <= 32
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A short code: an act, a role, a rule, a fact's name, a label. Form: `[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// Checks the form of `text`.
    ///
    /// # Errors
    /// [`NameFault`] when it has another form.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if is_code(text) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(CODE)
        }
    }

    /// A code written in the program's text; in a `const` a wrong form does not compile.
    ///
    /// # Panics
    /// When `text` has not the form of a code: a mistake in the program, never in its input.
    #[track_caller]
    pub const fn of(text: &'static str) -> Self {
        assert!(
            is_code(text),
            "a code in the program's text has not the form of a code"
        );
        Self(Cow::Borrowed(text))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identifier of something of the hub (a run, a holding, a package), never of a person. Form:
/// `[a-z0-9][a-z0-9._:/-]{0,159}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// Checks the form of `text`.
    ///
    /// # Errors
    /// [`NameFault`] when it has another form.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if is_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ID)
        }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of the node whose ledger it is. Form: `[a-z][a-z0-9-]{0,31}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(String);

impl NodeName {
    /// Checks the form of `text`.
    ///
    /// # Errors
    /// [`NameFault`] when it has another form.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if is_node(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NODE)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of an entry: the operation that wrote it, and which of that operation's entries it is, from 0.
/// Text form: `<operation id>/<n>`; it is unique in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    operation: String,
    n: u64,
}

impl EntryId {
    /// The `n`th entry (from 0) of an operation, whose id has the form of an [`Id`].
    ///
    /// # Errors
    /// [`NameFault`] when the operation's id has another form.
    pub fn new(operation: &str, n: u64) -> Result<Self, NameFault> {
        if is_id(operation) {
            Ok(Self {
                operation: operation.to_owned(),
                n,
            })
        } else {
            Err(ID)
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`NameFault`] when it is another text.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        // An operation's id may hold slashes, the number may not: the last slash parts them.
        let (operation, n) = text.rsplit_once('/').ok_or(ENTRY)?;
        Self::new(operation, decimal(n).ok_or(ENTRY)?).map_err(|_| ENTRY)
    }

    /// The operation's id.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Which of the operation's entries, from 0.
    pub fn n(&self) -> u64 {
        self.n
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.operation, self.n)
    }
}

impl FromStr for EntryId {
    type Err = NameFault;
    fn from_str(text: &str) -> Result<Self, NameFault> {
        Self::parse(text)
    }
}
text_form!(EntryId);

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = NameFault;
            fn from_str(text: &str) -> Result<Self, NameFault> {
                Self::parse(text)
            }
        }
        text_form!($name);
    )*};
}
as_text!(Code, Id, NodeName);
