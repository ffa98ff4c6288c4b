//! Commitments: how an entry speaks of a text or a person without holding either.
//!
//! A commitment is fixed by the node's commitment key, the entry and the label; nobody can guess a value
//! against it without the salt, and destroying the key destroys every salt that was not handed out. This
//! module never keeps a value and never prints a key, a salt or a value.
//!
//! ```
//! use ledger::{Code, CommitKey, EntryId};
//! let key = CommitKey::new([7; 32]);
//! let (entry, who) = (EntryId::new("approve-1", 0)?, Code::of("who"));
//! let commitment = key.commit(&entry, &who, b"officer 12");
//! let opening = key.open(&entry, &who, b"officer 12"); // handed to an auditor who may know
//! assert!(opening.verify(&commitment).is_ok());
//! assert!(key.open(&entry, &who, b"officer 13").verify(&commitment).is_err());
//! # Ok::<(), ledger::NameFault>(())
//! ```

use std::fmt;
use std::str::FromStr;

use hmac::Mac;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::codec::{hash_from_hex, hmac, text_form, write_hex};
use crate::digest::DigestFault;
use crate::name::{Code, EntryId};

/// What a salt is made for; the last byte keeps it apart from the entry's id.
const CONTEXT: &[u8] = b"concordat/commit/v1\0";

/// The secret that every salt of a node's entries comes from; 32 random bytes, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct CommitKey([u8; 32]);

/// A salted commitment to one value: HMAC-SHA256(salt, value); as text 64 characters of lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment([u8; 32]);

/// What opens a commitment: the salt and the value, both for the eyes of whom it is handed to only.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
    #[serde(with = "hex::serde")]
    value: Vec<u8>,
}

/// An opening that does not belong to the commitment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this salt and value do not open this commitment (SEC-14): the value is another one, or the opening was \
     made for another entry or label; ask the node for the opening of this entry and label"
)]
pub struct OpeningFault;

impl CommitKey {
    /// Takes the key's bytes; they must come from a source of randomness and be kept nowhere else.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Commits to `value` under a label of an entry.
    pub fn commit(&self, entry: &EntryId, label: &Code, value: &[u8]) -> Commitment {
        let mut salt = self.salt(entry, label);
        let commitment = Commitment::of(&salt, value);
        salt.zeroize();
        commitment
    }

    /// The opening of [`Self::commit`] with the same arguments.
    pub fn open(&self, entry: &EntryId, label: &Code, value: &[u8]) -> Opening {
        Opening {
            salt: self.salt(entry, label),
            value: value.to_vec(),
        }
    }

    fn salt(&self, entry: &EntryId, label: &Code) -> [u8; 32] {
        // Neither an entry's id nor a label can hold a zero byte, so the parts cannot run together.
        let entry = entry.to_string();
        let parts: [&[u8]; 4] = [CONTEXT, entry.as_bytes(), b"\0", label.as_str().as_bytes()];
        hmac(&self.0, &parts).finalize().into_bytes().into()
    }
}

impl Commitment {
    /// HMAC-SHA256(salt, value).
    pub(crate) fn of(salt: &[u8; 32], value: &[u8]) -> Self {
        Self(hmac(salt, &[value]).finalize().into_bytes().into())
    }
}

impl Opening {
    /// Does it open `commitment`?
    ///
    /// # Errors
    /// [`OpeningFault`] when it does not.
    pub fn verify(&self, commitment: &Commitment) -> Result<(), OpeningFault> {
        hmac(&self.salt, &[&self.value])
            .verify_slice(&commitment.0)
            .map_err(|_| OpeningFault)
    }

    /// The value that was committed to.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Debug for CommitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitKey(redacted)")
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(redacted)")
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Commitment {
    type Err = DigestFault;

    fn from_str(text: &str) -> Result<Self, DigestFault> {
        hash_from_hex(text).map(Self).ok_or(DigestFault)
    }
}

text_form!(Commitment);
