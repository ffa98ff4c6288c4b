//! Witnesses: another node states, under its own key, that it saw a log at a checkpoint and that the log only grew
//! until then (C2SP tlog-cosignature, Ed25519; the request is that of C2SP tlog-witness).
//!
//! A witness knows nothing of entries and never sees one. It never co-signs two histories of one log: it remembers
//! the newest checkpoint that it co-signed, and asks for the path from there.
//!
//! ```
//! use ledger::witness::{self, CosignerKey, Request};
//! use ledger::{Checkpoint, NoteSigner, leaf_hash, tree};
//! let (log, hmrc) = (NoteSigner::new("ho", &[7; 32])?, NoteSigner::new("hmrc", &[8; 32])?);
//! let leaves = [leaf_hash(b"first"), leaf_hash(b"second")];
//! let checkpoint = Checkpoint { origin: "ho".into(), size: 2, root: tree::root(&leaves) };
//! let request = Request { old: 0, path: vec![], checkpoint: checkpoint.sign(&log)? };
//! let seen = witness::consistent(None, &request, &log.verifier())?;
//! let line = hmrc.cosign(&seen.text(), "2026-02-03T09:00:00Z".parse()?)?;
//! let note = format!("{}{line}", request.checkpoint);
//! let cosigned = witness::open(&note, &log.verifier(), &CosignerKey::of(&hmrc.verifier()))?;
//! assert_eq!((cosigned.checkpoint, cosigned.at.to_string()), (seen, "2026-02-03T09:00:00Z".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signature;
use jiff::Timestamp;

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::codec::{base64, decimal, hash_from_base64};
use crate::digest::Digest;
use crate::note::{self, KeyFault, NoteFault, NoteSigner, VerifierKey};
use crate::tree;

/// The signature type byte of Ed25519 in C2SP tlog-cosignature.
const COSIGNATURE: u8 = 0x04;
/// The most lines of a path that a request may have (C2SP tlog-witness).
const MOST: usize = 63;

/// A witness's public key under its name. Text form (C2SP): `name+hex8+base64(0x04||key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey(VerifierKey);

/// A checkpoint that a witness co-signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// When the witness saw it, to the second.
    pub at: Timestamp,
}

/// What a log asks of a witness: to co-sign a checkpoint, with the path from the one that the witness knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The size of the newest checkpoint that the witness co-signed; 0 when there is none.
    pub old: u64,
    /// The consistency path of RFC 6962 section 2.1.2 from there; empty when `old` is 0.
    pub path: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why nothing is co-signed, or a co-signature is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFault {
    /// The checkpoint does not hold.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// Not a request.
    #[error("this is not a request to a witness: {0}; have the log's node make it again")]
    Form(&'static str),
    /// The path begins elsewhere than at what the witness knows.
    #[error(
        "the request goes on from {old} entries, and the newest checkpoint co-signed here has {known}: have the log's node ask again from there"
    )]
    Stale {
        /// Where the request begins.
        old: u64,
        /// What the witness knows.
        known: u64,
    },
    /// The log is smaller than it was.
    #[error(
        "the log {origin} shows {size} entries, and a checkpoint of {known} was co-signed here (SEC-14): entries from {size} on were taken away, or an old checkpoint is shown; nothing is co-signed, keep the request as evidence"
    )]
    Shrunk {
        /// The log.
        origin: String,
        /// Its size in the request.
        size: u64,
        /// The size that was co-signed.
        known: u64,
    },
    /// The log has two histories.
    #[error(
        "the log {origin} is forked (SEC-14): its checkpoint of {size} entries, root {root}, does not go on from the checkpoint of {known} entries, root {known_root}, that was co-signed here, and both have its signature; nothing is co-signed, keep the request as evidence and tell the other parties"
    )]
    Forked {
        /// The log.
        origin: String,
        /// The size in the request.
        size: u64,
        /// Its root.
        root: Digest,
        /// The size that was co-signed.
        known: u64,
        /// Its root.
        known_root: Digest,
    },
    /// The witness has not co-signed.
    #[error(
        "{witness} has not co-signed this checkpoint (SEC-14): ask the log's node for one that it has"
    )]
    Unwitnessed {
        /// The witness.
        witness: String,
    },
}

impl From<NoteFault> for WitnessFault {
    fn from(fault: NoteFault) -> Self {
        Self::Checkpoint(fault.into())
    }
}

/// What is signed: the header, the time in seconds since 1970, and the checkpoint's text.
fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl CosignerKey {
    /// The key by which the party of this verifier key co-signs: the same key, under another type.
    pub fn of(key: &VerifierKey) -> Self {
        Self(key.clone())
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyFault`] when it is another text.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        note::key_of_type(text, COSIGNATURE).map(Self)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note::text_of_type(&self.0, COSIGNATURE))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CosignerKey {
    type Err = KeyFault;

    fn from_str(text: &str) -> Result<Self, KeyFault> {
        Self::parse(text)
    }
}

impl NoteSigner {
    /// The signature line by which this signer, as a witness, states that it saw the checkpoint with this text at `at`
    /// (cut to the second). Whoever calls it has checked that the log only grew: see [`consistent`].
    ///
    /// # Errors
    /// [`WitnessFault`] when the text is no checkpoint's, or `at` is before 1970.
    pub fn cosign(&self, text: &str, at: Timestamp) -> Result<String, WitnessFault> {
        Checkpoint::parse(text)?;
        let seconds = u64::try_from(at.as_second())
            .map_err(|_| WitnessFault::Form("its time is before 1970"))?;
        let signature = self.sign_bytes(message(text, seconds).as_bytes());
        let id = note::key_id_of_type(&self.verifier(), COSIGNATURE);
        let blob = base64(&[&id[..], &seconds.to_be_bytes(), &signature].concat());
        Ok(format!("\u{2014} {} {blob}\n", self.name()))
    }
}

/// Opens a checkpoint that both the log and the witness have signed.
///
/// # Errors
/// [`WitnessFault`]: it must not be relied on then.
pub fn open(
    signed: &str,
    log: &VerifierKey,
    witness: &CosignerKey,
) -> Result<Cosigned, WitnessFault> {
    let checkpoint = Checkpoint::open(signed, log)?;
    let (text, lines) = note::parts(signed)?;
    let id = note::key_id_of_type(&witness.0, COSIGNATURE);
    let altered = || NoteFault::Altered {
        name: witness.name().to_owned(),
    };
    let mut newest = None;
    for line in lines
        .iter()
        .filter(|line| line.name == witness.name() && line.id == id)
    {
        let (seconds, signature) = line
            .signature
            .split_first_chunk::<8>()
            .ok_or_else(altered)?;
        let seconds = u64::from_be_bytes(*seconds);
        let holds = Signature::from_slice(signature).is_ok_and(|signature| {
            witness
                .0
                .verifies(message(&text, seconds).as_bytes(), &signature)
        });
        let at = i64::try_from(seconds).ok();
        let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let at = at.filter(|_| holds).ok_or_else(altered)?;
        newest = newest.max(Some(at));
    }
    let at = newest.ok_or_else(|| WitnessFault::Unwitnessed {
        witness: witness.name().to_owned(),
    })?;
    Ok(Cosigned { checkpoint, at })
}

/// What a witness checks before it co-signs: the log's key has signed, and the log only grew from the newest checkpoint
/// that was co-signed here, if there is one. Gives the checkpoint to be remembered and co-signed.
///
/// # Errors
/// [`WitnessFault`]: nothing may be co-signed then.
pub fn consistent(
    known: Option<&Checkpoint>,
    request: &Request,
    key: &VerifierKey,
) -> Result<Checkpoint, WitnessFault> {
    let checkpoint = Checkpoint::open(&request.checkpoint, key)?;
    let Some(known) = known else {
        return match (request.old, request.path.as_slice()) {
            (0, []) => Ok(checkpoint),
            (0, _) => Err(WitnessFault::Form("a path from no entries is empty")),
            (old, _) => Err(WitnessFault::Stale { old, known: 0 }),
        };
    };
    let (size, origin) = (checkpoint.size, checkpoint.origin.clone());
    if size < known.size {
        return Err(WitnessFault::Shrunk {
            origin,
            size,
            known: known.size,
        });
    }
    if request.old != known.size {
        return Err(WitnessFault::Stale {
            old: request.old,
            known: known.size,
        });
    }
    let grew = if known.size == 0 {
        request.path.is_empty()
    } else {
        tree::verify_growth(
            known.size,
            &known.root,
            size,
            &checkpoint.root,
            &request.path,
        )
        .is_ok()
    };
    if grew {
        return Ok(checkpoint);
    }
    Err(WitnessFault::Forked {
        origin,
        size,
        root: checkpoint.root,
        known: known.size,
        known_root: known.root,
    })
}

impl fmt::Display for Request {
    /// The text of C2SP tlog-witness's `add-checkpoint`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.path {
            writeln!(f, "{}", base64(&hash.0))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Request {
    type Err = WitnessFault;

    /// Reads the text; the checkpoint in it is not checked yet.
    fn from_str(text: &str) -> Result<Self, WitnessFault> {
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(WitnessFault::Form("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("old ")?))
            .ok_or(WitnessFault::Form("its first line is not the old size"))?;
        let path = lines
            .map(|line| hash_from_base64(line).map(Digest))
            .collect::<Option<Vec<_>>>()
            .filter(|path| path.len() <= MOST)
            .ok_or(WitnessFault::Form(
                "its path is not at most 63 lines of 32 bytes of base64",
            ))?;
        Ok(Self {
            old,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }
}
