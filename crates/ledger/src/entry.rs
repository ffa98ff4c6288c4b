//! Entries: who did what, when, under which agreement and rule, in one canonical form.
//!
//! An entry never holds a bare identifier of a person, free text or an unsalted digest of a personal value:
//! there is no member that could take one. Its bytes are RFC 8785 JSON, and only those bytes are an entry.
//!
//! ```
//! use ledger::{By, Code, Entry, EntryId, Fact, NodeName};
//! let mut entry = Entry::new(
//!     EntryId::new("send/ask-2026-02", 0)?,
//!     "2026-02-03T09:00:00Z".parse()?,
//!     NodeName::parse("ho")?,
//!     Code::of("run.sent"),
//!     By { role: Code::of("officer") },
//! );
//! entry.facts.insert(Code::of("rows"), Fact::Count(1000));
//! let bytes = entry.to_bytes()?;
//! assert_eq!(Entry::parse(&bytes)?, entry);
//! assert!(Entry::parse(&[b" ", &bytes[..]].concat()).is_err()); // one spelling only
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod text;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use crate::commitment::Commitment;
use crate::digest::{Digest, leaf_hash};
use crate::name::{Code, EntryId, Id, NodeName};

/// The longest entry in bytes: the length prefix of a C2SP entry bundle has 16 bits.
pub const MAX_BYTES: usize = 65_535;

/// The largest count: RFC 8785 writes numbers as IEEE 754 doubles, exact up to here (RFC 7493 section 2.2).
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id, unique in the ledger.
    pub id: EntryId,
    /// When it happened, UTC; written to the millisecond (what is finer is cut off).
    pub at: Timestamp,
    /// The node whose ledger it is.
    pub node: NodeName,
    /// What happened, such as `run.sent`.
    pub act: Code,
    /// In which role it was done.
    pub by: By,
    /// The canonical hash of the agreement it was done under.
    pub agreement: Option<Digest>,
    /// The rule behind it, such as `RUN-05`; a refusal always names one (AUD-07).
    pub rule: Option<Code>,
    /// What can be said openly, by name.
    pub facts: BTreeMap<Code, Fact>,
    /// What can be said only to whom it is opened, by label.
    pub sealed: BTreeMap<Code, Commitment>,
}

/// By whom: the role only. The person is a commitment among [`Entry::sealed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The role.
    pub role: Code,
}

/// Something that can be said openly. The list is closed and has no free text, on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fact {
    /// How many; at most [`MAX_COUNT`].
    Count(u64),
    /// A word of a fixed list.
    Code(Code),
    /// A digest of public or salted bytes.
    Digest(Digest),
    /// A civil date of the years 0000 to 9999, `YYYY-MM-DD`.
    Date(#[serde(with = "text::date")] civil::Date),
    /// An instant, in the form of [`Entry::at`].
    At(#[serde(with = "text::instant")] Timestamp),
    /// The identifier of something of the hub, never of a person.
    Id(Id),
}

/// Bytes that are not an entry, or an entry that cannot be written. No content is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Another version of the format.
    #[error(
        "the entry has a version other than 1 (SEC-14): read it with a program that knows that version"
    )]
    Version,
    /// Not the object that the format lays down.
    #[error(
        "the bytes are not a ledger entry: reading stops at column {column} of line {line} (SEC-14): compare \
         with the members in docs/formats/ledger.md and fetch the entry again from its ledger"
    )]
    Form {
        /// The line, from 1; an entry has one.
        line: usize,
        /// The column in bytes, from 1; 0 when the bytes ended before the first.
        column: usize,
    },
    /// The right members, but not the canonical bytes.
    #[error(
        "the entry is not in its canonical form: byte {at} differs from RFC 8785 (SEC-14): it was rewritten on \
         its way; fetch it again from its ledger"
    )]
    NotCanonical {
        /// The first byte that differs, from 0.
        at: usize,
    },
    /// Longer than a bundle can hold.
    #[error(
        "the entry has {bytes} bytes, and {MAX_BYTES} is the most that a ledger takes (SEC-14): record fewer \
         facts in one entry"
    )]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A count, date or instant that has no exact form.
    #[error(
        "a number or time in the entry has no exact form (SEC-14): counts go up to 9007199254740991, dates and \
         instants from the year 0000 to 9999"
    )]
    OutOfRange,
}

/// An entry as it is written; its members stand in the order of RFC 8785.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    act: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreement: Option<Digest>,
    #[serde(with = "text::instant")]
    at: Timestamp,
    by: By,
    facts: BTreeMap<Code, Fact>,
    id: EntryId,
    node: NodeName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<Code>,
    sealed: BTreeMap<Code, Commitment>,
    v: u8,
}

#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

impl Entry {
    /// An entry with no agreement, rule, facts or sealed texts; set the fields that it has.
    pub fn new(id: EntryId, at: Timestamp, node: NodeName, act: Code, by: By) -> Self {
        let (facts, sealed) = (BTreeMap::new(), BTreeMap::new());
        Self {
            id,
            at,
            node,
            act,
            by,
            agreement: None,
            rule: None,
            facts,
            sealed,
        }
    }

    /// The canonical bytes: RFC 8785 JSON, at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`EntryFault::TooLong`] or [`EntryFault::OutOfRange`]: such an entry cannot be kept, so what it records
    /// must not happen.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryFault> {
        for fact in self.facts.values() {
            if matches!(fact, Fact::Count(n) if *n > MAX_COUNT) {
                return Err(EntryFault::OutOfRange);
            }
        }
        let wire = Wire::from(self.clone());
        // RFC 8785 orders members by their UTF-16 units. Codes are ASCII, so a map of them stands in that order, and
        // whole numbers and texts are written as `serde_json` writes them; a test compares. The only members that can
        // refuse to be written are dates and instants.
        let bytes = serde_json::to_vec(&wire).map_err(|_| EntryFault::OutOfRange)?;
        if bytes.len() > MAX_BYTES {
            return Err(EntryFault::TooLong { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads canonical bytes, and no others: `Entry::parse(&b)?.to_bytes()? == b`.
    ///
    /// # Errors
    /// [`EntryFault`]: another version, an unknown or missing member, another spelling, too long.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryFault> {
        if bytes.len() > MAX_BYTES {
            return Err(EntryFault::TooLong { bytes: bytes.len() });
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|e| {
            let versioned = serde_json::from_slice::<Versioned>(bytes);
            if versioned.is_ok_and(|versioned| versioned.v != 1) {
                return EntryFault::Version;
            }
            EntryFault::Form {
                line: e.line(),
                column: e.column(),
            }
        })?;
        if wire.v != 1 {
            return Err(EntryFault::Version);
        }
        let entry = Self::from(wire);
        let canonical = entry.to_bytes()?;
        if canonical == bytes {
            return Ok(entry);
        }
        let same = canonical
            .iter()
            .zip(bytes)
            .take_while(|(a, b)| a == b)
            .count();
        Err(EntryFault::NotCanonical { at: same })
    }

    /// The entry's leaf in the tree.
    ///
    /// # Errors
    /// As [`Self::to_bytes`].
    pub fn leaf(&self) -> Result<Digest, EntryFault> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

impl From<Entry> for Wire {
    fn from(e: Entry) -> Self {
        let Entry {
            id,
            at,
            node,
            act,
            by,
            agreement,
            rule,
            facts,
            sealed,
        } = e;
        Self {
            v: 1,
            id,
            at,
            node,
            act,
            by,
            agreement,
            rule,
            facts,
            sealed,
        }
    }
}

impl From<Wire> for Entry {
    fn from(w: Wire) -> Self {
        let Wire {
            v: _,
            id,
            at,
            node,
            act,
            by,
            agreement,
            rule,
            facts,
            sealed,
        } = w;
        Self {
            id,
            at,
            node,
            act,
            by,
            agreement,
            rule,
            facts,
            sealed,
        }
    }
}
