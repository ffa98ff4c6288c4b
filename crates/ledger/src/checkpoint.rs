//! Checkpoints (C2SP tlog-checkpoint): the signed statement of a log's size and root.
//!
//! A checkpoint never says when it was made, and never carries extension lines: nobody could audit them.
//!
//! ```
//! use ledger::{Checkpoint, Frontier, NoteSigner};
//! let signer = NoteSigner::new("ho.example/ledger", &[7; 32])?;
//! let edge = Frontier::new();
//! let checkpoint = Checkpoint { origin: signer.name().into(), size: edge.size(), root: edge.root() };
//! let note = checkpoint.sign(&signer)?;
//! assert!(note.starts_with("ho.example/ledger\n0\n47DEQpj8HBSa"));
//! assert_eq!(Checkpoint::open(&note, &signer.verifier())?, checkpoint);
//! assert!(Checkpoint::open(&note.replace("\n0\n", "\n1\n"), &signer.verifier()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::codec::{base64, decimal, hash_from_base64};
use crate::digest::Digest;
use crate::note::{self, NoteFault, NoteSigner, VerifierKey};
use crate::tree::MAX_SIZE;

/// A log's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of the key that signs it.
    pub origin: String,
    /// How many entries; at most [`MAX_SIZE`].
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Digest,
}

/// Why a checkpoint was not signed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// Its text.
    #[error("this is not a checkpoint: {0} (SEC-14); fetch it again from the log")]
    Form(&'static str),
    /// Signed by one log, about another.
    #[error(
        "{signer} signed a checkpoint of another log, {origin} (SEC-14): a key speaks for its own log only; use the key of that log"
    )]
    Origin {
        /// The log that the checkpoint names.
        origin: String,
        /// The name of the key.
        signer: String,
    },
}

impl Checkpoint {
    /// The text that is signed: origin, size and root in base64, a line each.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root.0))
    }

    /// Reads the text that [`Self::text`] writes.
    ///
    /// # Errors
    /// [`CheckpointFault::Form`] when it is another text.
    pub fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines.as_slice() else {
            return Err(CheckpointFault::Form(
                "it has not exactly the three lines origin, size and root",
            ));
        };
        if origin.is_empty() {
            return Err(CheckpointFault::Form("its origin is empty"));
        }
        let size = decimal(size)
            .filter(|size| *size <= MAX_SIZE)
            .ok_or(CheckpointFault::Form(
                "its size is not a decimal number up to 9007199254740991",
            ))?;
        let root = hash_from_base64(root)
            .map(Digest)
            .ok_or(CheckpointFault::Form("its root is not 32 bytes of base64"))?;
        Ok(Self {
            origin: (*origin).to_owned(),
            size,
            root,
        })
    }

    /// The signed note.
    ///
    /// # Errors
    /// [`CheckpointFault::Origin`] when the signer's name is not the origin.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, CheckpointFault> {
        self.of(signer.name())?;
        Ok(note::sign(&self.text(), &[signer])?)
    }

    /// Opens a signed checkpoint of the log whose key this is; other signatures (witnesses) are passed over.
    ///
    /// # Errors
    /// [`CheckpointFault`]: not signed by this key, altered, or about another log.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, CheckpointFault> {
        let opened = note::open(signed, std::slice::from_ref(key))?;
        let checkpoint = Self::parse(&opened.text)?;
        checkpoint.of(key.name())?;
        Ok(checkpoint)
    }

    fn of(&self, signer: &str) -> Result<(), CheckpointFault> {
        if self.origin == signer {
            return Ok(());
        }
        Err(CheckpointFault::Origin {
            origin: self.origin.clone(),
            signer: signer.to_owned(),
        })
    }
}
