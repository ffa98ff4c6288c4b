//! Messages between nodes: few kinds, each sealed in a package under a signed manifest.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::announcement::Said;
use crate::ids::{AgreementId, FlowId, PackageId, PartyId, ProjectId, RunId};
use crate::leg::{Leg, Side, State};
use crate::refusal::Refusal;
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
    /// The receiver of data tells of a use, or a disclosure, that was not agreed.
    Announcement,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Data,
        Self::Return,
        Self::Receipt,
        Self::Rejection,
        Self::Destruction,
        Self::Recall,
        Self::Announcement,
    ];

    /// The kind as it stands in manifests and ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Receipt => "receipt",
            Self::Rejection => "rejection",
            Self::Return => "return",
            Self::Destruction => "destruction",
            Self::Recall => "recall",
            Self::Announcement => "announcement",
        }
    }
}

/// Who sends a kind of message, and the states that the leg must be in at each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Does the sender of the flow's file send it, or its receiver?
    pub sent_by: Side,
    /// The states of the leg at the node that sends the message; it may be sent in these alone.
    pub sending: &'static [State],
    /// The states of the leg at the node that takes it.
    pub taking: &'static [State],
    /// Does it also bring a leg that is not there yet?
    pub first: bool,
}

/// The table of messages (design: 'A run'). A message that does not fit is not sent, and is refused at the door.
pub const fn rule_of(kind: Kind) -> Rule {
    match kind {
        Kind::Data | Kind::Return => Rule {
            sent_by: Side::Sender,
            sending: &[State::Sealed],
            taking: &[State::Rejected],
            first: true,
        },
        Kind::Receipt => Rule {
            sent_by: Side::Receiver,
            sending: &[State::Received, State::Held],
            taking: &[State::Sent],
            first: false,
        },
        Kind::Rejection => Rule {
            sent_by: Side::Receiver,
            sending: &[State::Received, State::Held],
            taking: &[State::Sent],
            first: false,
        },
        Kind::Destruction => Rule {
            sent_by: Side::Receiver,
            // A file may come again, and be on its way in, when the values of the refused one die.
            sending: &[
                State::Received,
                State::Held,
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
            first: false,
        },
        Kind::Announcement => Rule {
            sent_by: Side::Receiver,
            sending: &[State::Loaded, State::Matched, State::Closed],
            // It may be faster than the receipt.
            taking: &[State::Sent, State::Accepted, State::Closed],
            first: false,
        },
        Kind::Recall => Rule {
            sent_by: Side::Sender,
            sending: &[State::Sealed, State::Sent, State::Accepted, State::Closed],
            // Of a file that was refused nothing was used; the recall may still be on its way.
            taking: &[
                State::Rejected,
                State::Loaded,
                State::Matched,
                State::Closed,
            ],
            first: false,
        },
    }
}

impl Kind {
    /// May the node that has this leg send such a message about it now?
    ///
    /// # Errors
    /// A refusal (RUN-04).
    pub fn sent_from(self, leg: &Leg) -> Result<(), Refusal> {
        let rule = rule_of(self);
        let fits = rule.sent_by == leg.side() && rule.sending.contains(&leg.state());
        fits.then_some(()).ok_or_else(|| self.unfit(leg, "sends"))
    }

    /// May the node that has this leg take such a message about it now?
    ///
    /// # Errors
    /// A refusal (RUN-04).
    pub fn taken_by(self, leg: &Leg) -> Result<(), Refusal> {
        let rule = rule_of(self);
        let fits = rule.sent_by != leg.side() && rule.taking.contains(&leg.state());
        fits.then_some(()).ok_or_else(|| self.unfit(leg, "takes"))
    }

    fn unfit(self, leg: &Leg, does: &str) -> Refusal {
        let (flow, run, state) = (leg.flow(), leg.run(), leg.state().name());
        let what = format!("{flow} of {run} is {state}: it {does} no {}", self.as_str());
        Refusal::new("RUN-04", what)
            .help("docs/exchange.md has the table of messages; a refused one can be sent anew when its time comes")
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
        /// How many rows that were asked about have no content, where the agreement shows them as a count.
        nil: Option<u64>,
        /// The day for which the sender's sources stood (MATCH-18).
        as_of: Date,
        /// What the receiver must know of the quality of those sources, where there is something to know (MATCH-18).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quality: Option<String>,
        /// The project that the run belongs to at the party that started it (RUN-03).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        project: Option<ProjectId>,
        /// The last day for the answer, where one is set (RUN-03).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_by: Option<Date>,
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
        /// Which of the leg's files brought them, from 1.
        file: u32,
        /// The agreement's dataset; several, with a dot between, for a row that was kept apart.
        what: String,
        /// How many rows.
        rows: u64,
        /// When the key died.
        at: Timestamp,
        /// The keep rule that asked for it.
        authority: String,
        /// The last day on which a copy in a backup may still hold them, where that was stated (RET-16).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backups_until: Option<Date>,
    },
    /// An announcement (LEG-24, LEG-25).
    Announcement {
        /// Counts those about one file, from 1.
        number: u32,
        /// What it says.
        said: Said,
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
                | (Self::Announcement { .. }, Kind::Announcement)
        )
    }
}

/// Whether a note about the quality of sources may go with a file (MATCH-18): it is shown to people as it is.
pub fn is_plain_note(note: &str) -> bool {
    note.len() <= 300 && !note.chars().any(char::is_control)
}
