//! Digests: the 32 bytes of a SHA-256, and the two hashes of the RFC 6962 tree.
//!
//! A digest here is of public bytes or of salted ones, never of a bare personal value.
//!
//! ```
//! use ledger::{Digest, leaf_hash, node_hash};
//! let (left, right) = (leaf_hash(b"first"), leaf_hash(b"second"));
//! assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
//! let text = left.to_string();
//! assert_eq!(text.len(), 64);
//! assert_eq!(text.parse::<Digest>()?, left);
//! assert!(text.to_uppercase().parse::<Digest>().is_err()); // one spelling only
//! # Ok::<(), ledger::digest::DigestFault>(())
//! ```

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::codec::{hash_from_hex, text_form, write_hex};

/// 32 bytes of SHA-256; as text always 64 characters of lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// A text that is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a digest is 64 characters of lower-case hexadecimal: copy it whole from where it was printed"
)]
pub struct DigestFault;

impl Digest {
    /// SHA-256 (FIPS 180-4) of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// SHA-256 of bytes that come in parts.
///
/// ```
/// use ledger::{Digest, Digesting};
/// let mut digesting = Digesting::default();
/// digesting.take(b"fir");
/// digesting.take(b"st");
/// assert_eq!(digesting.done(), Digest::of(b"first"));
/// ```
#[derive(Clone, Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// Takes the next part.
    pub fn take(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts, one after another.
    pub fn done(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Digesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digesting")
    }
}

/// The hash of a leaf, RFC 6962 section 2.1: SHA-256(0x00 || bytes).
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    Digest(
        Sha256::new()
            .chain_update([0u8])
            .chain_update(bytes)
            .finalize()
            .into(),
    )
}

/// The hash of an inner node, RFC 6962 section 2.1: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new()
        .chain_update([1u8])
        .chain_update(left.0)
        .chain_update(right.0);
    Digest(hasher.finalize().into())
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestFault;

    fn from_str(text: &str) -> Result<Self, DigestFault> {
        hash_from_hex(text).map(Self).ok_or(DigestFault)
    }
}

text_form!(Digest);
