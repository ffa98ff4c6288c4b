//! Messages between nodes: few kinds, each sealed in a package under a signed manifest.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::ids::{AgreementId, FlowId, PackageId, PartyId, RunId};
use crate::leg::{Side, State};
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
    /// The sender of data tells that some rows must not be relied on.
    Recall,
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
            Self::Recall => "recall",
        }
    }
}

/// Who sends a kind of message, and the states that the leg must be in at each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind.
    pub kind: Kind,
    /// Does the sender of the flow's file send it, or its receiver?
    pub sent_by: Side,
    /// The states of the leg at the node that sends the message; it may be sent in these alone.
    pub sending: &'static [State],
    /// The states of the leg at the node that takes it; none where the message brings the leg.
    pub taking: &'static [State],
}

/// The table of messages (design: 'A run'). A message that does not fit is refused at the door.
pub const RULES: &[Rule] = &[
    Rule {
        kind: Kind::Data,
        sent_by: Side::Sender,
        sending: &[State::Sealed],
        taking: &[State::Rejected],
    },
    Rule {
        kind: Kind::Return,
        sent_by: Side::Sender,
        sending: &[State::Sealed],
        taking: &[State::Rejected],
    },
    Rule {
        kind: Kind::Receipt,
        sent_by: Side::Receiver,
        sending: &[State::Received, State::Held],
        taking: &[State::Sent],
    },
    Rule {
        kind: Kind::Rejection,
        sent_by: Side::Receiver,
        sending: &[State::Received, State::Held],
        taking: &[State::Sent],
    },
    Rule {
        kind: Kind::Destruction,
        sent_by: Side::Receiver,
        sending: &[
            State::Loaded,
            State::Matched,
            State::Closed,
            State::Rejected,
        ],
        // A refused file may be on its way again when the certificate about the old one comes.
        taking: &[
            State::Accepted,
            State::Closed,
            State::RefusedThere,
            State::Prepared,
            State::Validated,
            State::Approved,
            State::Sealed,
            State::Sent,
        ],
    },
    Rule {
        kind: Kind::Recall,
        sent_by: Side::Sender,
        sending: &[State::Sealed, State::Sent, State::Accepted, State::Closed],
        // Of a file that was refused nothing was used; the recall may still be on its way.
        taking: &[
            State::Rejected,
            State::Loaded,
            State::Matched,
            State::Closed,
        ],
    },
];

/// The rule of a kind of message.
pub fn rule_of(kind: Kind) -> &'static Rule {
    const NONE: &Rule = &Rule {
        kind: Kind::Data,
        sent_by: Side::Sender,
        sending: &[],
        taking: &[],
    };
    RULES.iter().find(|r| r.kind == kind).unwrap_or(NONE)
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
        /// How many rows that were asked about have no content, where the agreement shows them as a count.
        nil: Option<u64>,
        /// The day for which the sender's sources stood (MATCH-18).
        as_of: Date,
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
    /// A recall (FLAG-08): these rows of the file must not be relied on any more.
    Recall {
        /// Their places in the file, counted from 1.
        rows: Vec<u64>,
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
                | (Self::Recall { .. }, Kind::Recall)
        )
    }
}
