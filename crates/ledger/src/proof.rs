//! Proof: what an outsider can check with files and public keys alone.
//!
//! A proof shows that an entry is in a ledger, that a ledger only grew, that a cell or a whole row left under
//! its permit, or that a key was destroyed. It never shows that an act was lawful, nor that a node recorded all
//! that it did: it shows that the record stands and what it says.
//!
//! ```
//! use ledger::proof::{EntryProof, Proof};
//! use ledger::{By, Checkpoint, Code, Entry, EntryId, NodeName, NoteSigner, tree};
//! let signer = NoteSigner::new("ho.example/ledger", &[7; 32])?;
//! let (id, by) = (EntryId::new("destroy-1", 0)?, By { role: Code::of("node") });
//! let entry =
//!     Entry::new(id, "2026-02-03T09:00:00Z".parse()?, NodeName::parse("ho")?, Code::of("key.destroyed"), by);
//! let leaves = [entry.leaf()?];
//! let checkpoint = Checkpoint { origin: signer.name().into(), size: 1, root: tree::root(&leaves) };
//! let proof = Proof::Destroyed(EntryProof {
//!     index: 0,
//!     entry: String::from_utf8(entry.to_bytes()?)?,
//!     path: tree::prove_inclusion(&leaves, 0)?,
//!     checkpoint: checkpoint.sign(&signer)?,
//! });
//! let shown = proof.check(&signer.verifier())?;
//! assert!(shown.words.contains("records that a key was destroyed"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod text;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::digest::Digest;
use crate::disclosure::{CellProof, DisclosureFault, FieldsProof, ROOT_FACT, ROWS_FACT, RowProof};
use crate::entry::{Entry, EntryFault, Fact};
use crate::name::Code;
use crate::note::VerifierKey;
use crate::tree::{self, PathFault};

/// The act of an entry that records that a key was destroyed.
pub const DESTROYED: &str = "key.destroyed";

/// A proof, as it is handed to an outsider. JSON: the member `proof` names the kind and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof")]
pub enum Proof {
    /// That an entry is in the ledger.
    #[serde(rename = "entry@v1")]
    Entry(EntryProof),
    /// That the ledger only grew between two checkpoints.
    #[serde(rename = "growth@v1")]
    Growth(GrowthProof),
    /// That a cell left, under which permit.
    #[serde(rename = "cell@v1")]
    Cell(DisclosureProof<CellProof>),
    /// That a row left with exactly these cells.
    #[serde(rename = "row@v1")]
    Row(DisclosureProof<RowProof>),
    /// That a row left with exactly these fields, without their values.
    #[serde(rename = "fields@v1")]
    Fields(DisclosureProof<FieldsProof>),
    /// That the ledger records a disclosure of so many rows.
    #[serde(rename = "disclosure@v1")]
    Disclosure(EntryProof),
    /// That the ledger records the destruction of a key.
    #[serde(rename = "destroyed@v1")]
    Destroyed(EntryProof),
}

/// An entry and its way into the tree of a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// Its index, from 0.
    pub index: u64,
    /// Its canonical bytes, which are text.
    pub entry: String,
    /// The hashes from its sibling up to below the root.
    pub path: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Two signed checkpoints and the path that joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthProof {
    /// The older signed checkpoint, verbatim.
    pub older: String,
    /// The newer one.
    pub newer: String,
    /// The consistency path of RFC 6962 section 2.1.2.
    pub path: Vec<Digest>,
}

/// The entry that records a disclosure, and an opening of part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureProof<P> {
    /// The entry with the facts `disclosure` and `rows`.
    pub entry: EntryProof,
    /// The opening.
    pub opens: P,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// In words, without any disclosed value.
    pub words: String,
    /// The checkpoint that it rests on: the newer one for growth.
    pub checkpoint: Checkpoint,
    /// The entry that it is about; none for growth.
    pub entry: Option<Entry>,
}

/// Why a proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The checkpoint.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// The way from the entry to the checkpoint, or between two checkpoints.
    #[error(transparent)]
    Path(#[from] PathFault),
    /// The entry's form.
    #[error("the proof's entry: {0}")]
    Entry(#[from] EntryFault),
    /// The opening of the disclosure.
    #[error(transparent)]
    Disclosure(#[from] DisclosureFault),
    /// The entry records no disclosure.
    #[error(
        "entry {index} has no fact {fact} of the right kind, so it records no disclosure (SEC-14): ask for the proof with the entry that sealed the file"
    )]
    NoDisclosure {
        /// The entry.
        index: u64,
        /// The fact.
        fact: &'static str,
    },
    /// The entry records no destruction.
    #[error(
        "entry {index} is not the act key.destroyed (RET-12): it shows no destruction; ask for the proof of the certificate's entry"
    )]
    NotDestroyed {
        /// The entry.
        index: u64,
    },
    /// Not the text of a C2SP proof.
    #[error("this is not a proof in the form c2sp.org/tlog-proof@v1: {0}; ask for the file again")]
    Form(&'static str),
}

impl Proof {
    /// Checks the proof against the public key of the ledger.
    ///
    /// # Errors
    /// [`ProofFault`]: it shows nothing then.
    pub fn check(&self, key: &VerifierKey) -> Result<Shown, ProofFault> {
        match self {
            Self::Entry(proof) => proof.shown(key, "."),
            Self::Growth(proof) => proof.check(key),
            Self::Cell(DisclosureProof { entry, opens }) => {
                let (checkpoint, record) = entry.check(key)?;
                let (root, rows) = disclosure(&record, entry.index)?;
                opens.verify(&root, rows)?;
                let (field, permit) = (opens.field(), opens.permit());
                let tail = format!(
                    ". It commits to a disclosure of {rows} rows, in which the field {field:?} of row {} left \
                     under the permit {permit:?} with the value in this proof. Nothing is shown of other cells.",
                    opens.row()
                );
                Ok(told(entry, checkpoint, record, &tail))
            }
            Self::Row(DisclosureProof { entry, opens }) => {
                let (checkpoint, record) = entry.check(key)?;
                let (root, rows) = disclosure(&record, entry.index)?;
                opens.verify(&root, rows)?;
                let fields: Vec<&str> = opens.fields().collect();
                let tail = format!(
                    ". It commits to a disclosure of {rows} rows, in which row {} left with exactly the fields \
                     {fields:?}, each under its permit and with the value in this proof. Nothing else left in \
                     that row. Nothing is shown of other rows.",
                    opens.row()
                );
                Ok(told(entry, checkpoint, record, &tail))
            }
            Self::Fields(DisclosureProof { entry, opens }) => {
                let (checkpoint, record) = entry.check(key)?;
                let (root, rows) = disclosure(&record, entry.index)?;
                opens.verify(&root, rows)?;
                let fields: String = opens
                    .fields()
                    .map(|(field, permit)| format!("\n  {field:?} under the permit {permit:?}"))
                    .collect();
                let tail = format!(
                    ". It commits to a disclosure of {rows} rows{}, in which row {} left with exactly these \
                     fields:{fields}\nNothing else left in that row. No value is in this proof, and none can be \
                     guessed from it. Nothing is shown of other rows.",
                    with_facts(&record),
                    opens.row(),
                );
                Ok(told(entry, checkpoint, record, &tail))
            }
            Self::Disclosure(entry) => {
                let (checkpoint, record) = entry.check(key)?;
                let (_, rows) = disclosure(&record, entry.index)?;
                let tail = format!(
                    ". It commits to a disclosure of {rows} rows{}. No value is in this proof, and none can be \
                     guessed from it.",
                    with_facts(&record)
                );
                Ok(told(entry, checkpoint, record, &tail))
            }
            Self::Destroyed(proof) => {
                let shown = proof.shown(
                    key,
                    ". It records that a key was destroyed, and so that what was sealed under it cannot be read \
                     at this node again. It does not show that nobody else holds a copy.",
                )?;
                match &shown.entry {
                    Some(entry) if entry.act.as_str() == DESTROYED => Ok(shown),
                    _ => Err(ProofFault::NotDestroyed { index: proof.index }),
                }
            }
        }
    }
}

fn disclosure(entry: &Entry, index: u64) -> Result<(Digest, u64), ProofFault> {
    let fact = |name| entry.facts.get(&Code::of(name));
    match (fact(ROOT_FACT), fact(ROWS_FACT)) {
        (Some(Fact::Digest(root)), Some(Fact::Count(rows))) => Ok((*root, *rows)),
        (Some(Fact::Digest(_)), _) => Err(ProofFault::NoDisclosure {
            index,
            fact: ROWS_FACT,
        }),
        _ => Err(ProofFault::NoDisclosure {
            index,
            fact: ROOT_FACT,
        }),
    }
}

/// The identifiers and counts of a disclosure's entry, in words: to whom, in which run, how many cells.
fn with_facts(entry: &Entry) -> String {
    let known = |(name, fact): (&Code, &Fact)| match fact {
        Fact::Id(id) => Some(format!("{name} {id}")),
        Fact::Count(n) if name.as_str() != ROWS_FACT => Some(format!("{name} {n}")),
        Fact::Count(_) | Fact::Code(_) | Fact::Digest(_) | Fact::Date(_) | Fact::At(_) => None,
    };
    let facts: Vec<String> = entry.facts.iter().filter_map(known).collect();
    if facts.is_empty() {
        return String::new();
    }
    format!(" ({})", facts.join(", "))
}

fn told(proof: &EntryProof, checkpoint: Checkpoint, entry: Entry, tail: &str) -> Shown {
    let Checkpoint { origin, size, root } = &checkpoint;
    let Entry { act, at, node, .. } = &entry;
    let agreement = entry
        .agreement
        .map(|hash| format!(", under the agreement {hash}"));
    let rule = entry.rule.as_ref().map(|rule| format!(", by rule {rule}"));
    let words = format!(
        "Entry {} of the ledger {origin}, at its checkpoint of {size} entries with root {root}, says: {act} at \
         {at}, by the role {} at node {node}{}{}{tail}",
        proof.index,
        entry.by.role,
        agreement.unwrap_or_default(),
        rule.unwrap_or_default(),
    );
    Shown {
        words,
        checkpoint,
        entry: Some(entry),
    }
}

impl GrowthProof {
    fn check(&self, key: &VerifierKey) -> Result<Shown, ProofFault> {
        let older = Checkpoint::open(&self.older, key)?;
        let newer = Checkpoint::open(&self.newer, key)?;
        tree::verify_growth(older.size, &older.root, newer.size, &newer.root, &self.path)?;
        let words = format!(
            "The ledger {} grew from {} entries (root {}) to {} entries (root {}): none of the first {} was \
             changed, moved or taken away.",
            newer.origin, older.size, older.root, newer.size, newer.root, older.size
        );
        Ok(Shown {
            words,
            checkpoint: newer,
            entry: None,
        })
    }
}

impl EntryProof {
    /// Checks that the entry is in the ledger of `key`, and gives the checkpoint and the entry.
    ///
    /// # Errors
    /// [`ProofFault`].
    pub fn check(&self, key: &VerifierKey) -> Result<(Checkpoint, Entry), ProofFault> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let Checkpoint { size, root, .. } = &checkpoint;
        tree::verify_inclusion(self.entry.as_bytes(), self.index, *size, &self.path, root)?;
        let entry = Entry::parse(self.entry.as_bytes())?;
        Ok((checkpoint, entry))
    }

    fn shown(&self, key: &VerifierKey, tail: &str) -> Result<Shown, ProofFault> {
        let (checkpoint, entry) = self.check(key)?;
        Ok(told(self, checkpoint, entry, tail))
    }
}
