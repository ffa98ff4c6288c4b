//! What a look-up gives back. Nothing of an answer is kept by whoever prints it.

use std::collections::BTreeSet;

use agreement::{AgreementId, PersonKind, PurposeId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use zeroize::Zeroize;

use crate::ids::PartyId;
use crate::node::Done;
use crate::refusal::Refusal;

/// The answer to a look-up, and when it may be given.
#[derive(Debug)]
pub struct Looked {
    /// The answer.
    pub answer: Answer,
    /// It must not be given before this instant, whatever it is; whoever asks is kept waiting until then.
    pub not_before: Timestamp,
    /// Its entry, which is durable.
    pub entries: Done,
}

/// What whoever asked is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// What is held of the person for this purpose; at least one.
    Shown {
        /// Each confirmed match with what it told.
        held: Vec<Held>,
    },
    /// The one answer of every case in which nothing can be shown, whatever the reason: nobody of that reference, nothing
    /// held, unconfirmed, past its date, for other purposes. Only the ledger knows which.
    Nothing,
    /// This person may not ask this, whoever it is about: the rules.
    Refused {
        /// All of them.
        refused: Vec<Refusal>,
    },
    /// This operation was done before: an answer is given once.
    Before,
}

/// What one confirmed match told (LOOKUP-07).
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    /// The party that it came from.
    pub source: PartyId,
    /// The agreement under which it came.
    pub agreement: AgreementId,
    /// The agreement's title.
    pub title: String,
    /// The day on which it came.
    pub received: Option<Date>,
    /// The day for which the source's records stood, where it said so (MATCH-18).
    pub as_of: Option<Date>,
    /// What the source says of their quality (MATCH-18).
    pub quality: Option<String>,
    /// Where the match stands: always `confirmed`.
    pub standing: &'static str,
    /// On what evidence a person confirmed it.
    pub certainty: String,
    /// For what it may be used.
    pub purposes: BTreeSet<PurposeId>,
    /// What must not be done with it.
    pub restrictions: Vec<String>,
    /// The instant from which it may not be shown any more; none while its rule waits for an event.
    pub expires: Option<Timestamp>,
    /// The event from or until which its keep rule counts.
    pub keep: String,
    /// The flags that the case register shows because of it.
    pub flags: Vec<String>,
    /// The fields.
    pub cells: Vec<Cell>,
}

/// One field that is shown.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cell {
    /// The field, as `dataset.field`.
    pub field: String,
    /// The kinds of person that it is about.
    pub about: Vec<PersonKind>,
    /// The value, or [`crate::MASKED`].
    pub value: String,
    /// Is the value sensitive, and masked (CHILD-07)?
    pub masked: bool,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cell({})", self.field)
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}
