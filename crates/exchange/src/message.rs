//! Messages between nodes: few kinds, each sealed in a package under a signed manifest.

use jiff::Timestamp;
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::ids::{AgreementId, FlowId, PackageId, PartyId, RunId};
use crate::table::{FileFault, Format};

/// The kinds of message (design: 'A run').
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file of a flow that starts a run or goes on with it.
    Data,
    /// The receiver has a file and it is well formed.
    Receipt,
    /// The receiver refuses a file whole.
    Rejection,
    /// A file that answers another.
    Return,
    /// The receiver of data tells that it destroyed them.
    Destruction,
}

impl Kind {
    /// The kind as it stands in manifests and ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Receipt => "receipt",
            Self::Rejection => "rejection",
            Self::Return => "return",
            Self::Destruction => "destruction",
        }
    }
}

/// What stands outside the ciphertext: no more than routing and refusal need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format's version: 1.
    pub v: u8,
    /// The package.
    pub id: PackageId,
    /// The kind of message.
    pub kind: Kind,
    /// The sender.
    pub from: PartyId,
    /// The recipient.
    pub to: PartyId,
    /// The agreement's short name.
    pub agreement: AgreementId,
    /// The hash of the agreement that both signed.
    pub hash: Digest,
    /// The run.
    pub run: RunId,
    /// The flow of the file that the message is or is about.
    pub flow: FlowId,
    /// The package that this one answers.
    pub answers: Option<PackageId>,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// What is sealed inside: a head and, for data and returns, a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What the letter says.
    pub head: Head,
    /// The file's bytes; empty for other kinds.
    pub file: Vec<u8>,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({:?}, {} bytes)", self.head, self.file.len())
    }
}

/// The head of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Head {
    /// A file of data or a return.
    File {
        /// The file's name, as a person would see it.
        name: String,
        /// Its form.
        format: Format,
        /// How many rows it has.
        rows: u64,
        /// The sender's commitment to its cells, as in the sender's ledger.
        disclosure: Digest,
    },
    /// A receipt.
    Receipt {
        /// How many rows were read.
        rows: u64,
    },
    /// A rejection.
    Rejection {
        /// Why.
        fault: FileFault,
    },
    /// A destruction certificate (RET-12): what, how many, when, method, authority; the entry's proof is
    /// in the sender's ledger.
    Destruction {
        /// The agreement's dataset.
        what: String,
        /// How many rows.
        rows: u64,
        /// When the key died.
        at: Timestamp,
        /// The keep rule that asked for it.
        authority: String,
    },
}

impl Head {
    /// May this head stand under a manifest of `kind`?
    pub fn fits(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Self::File { .. }, Kind::Data | Kind::Return)
                | (Self::Receipt { .. }, Kind::Receipt)
                | (Self::Rejection { .. }, Kind::Rejection)
                | (Self::Destruction { .. }, Kind::Destruction)
        )
    }
}
