//! Trail: what a node shows an outsider of why and how an exchange came to be: entries by kind, each with its way to one signed
//! checkpoint and the texts that are opened, the agreements that they were done under, and the notes that people signed.
//!
//! A trail shows that these entries stand and what they say. It does not show that there are no others: that is seen in the whole
//! ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commitment::{Opening, OpeningFault};
use crate::digest::Digest;
use crate::name::Code;
use crate::note::{self, NoteFault, VerifierKey};
use crate::proof::{EntryProof, ProofFault};

/// The version of the form.
pub const SCHEMA: &str = "concordat-trail/1";

/// A trail, as it is handed to an outsider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The version of the form: [`SCHEMA`].
    pub schema: String,
    /// The signed checkpoint of the node's ledger that every entry is under.
    pub checkpoint: String,
    /// The canonical texts of the agreements, by the hash that was signed.
    pub agreements: BTreeMap<Digest, String>,
    /// The kinds without which the trail is not complete.
    pub needed: Vec<Code>,
    /// The entries, in the order of the ledger.
    pub items: Vec<Item>,
    /// The notes that were signed: under agreements, and test reports.
    pub notes: Vec<String>,
}

/// One entry of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is in the trail, such as `testing`.
    pub kind: Code,
    /// Its index in the ledger, from 0.
    pub index: u64,
    /// Its canonical bytes, which are text.
    pub entry: String,
    /// The hashes from its sibling up to below the root.
    pub path: Vec<Digest>,
    /// The texts that are opened, by label.
    pub texts: BTreeMap<Code, Opening>,
}

/// What a trail has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Walked {
    /// How many entries of the ledger the checkpoint covers.
    pub size: u64,
    /// How many entries the trail has, by kind.
    pub kinds: BTreeMap<Code, u64>,
    /// The needed kinds of which it has none.
    pub missing: Vec<Code>,
    /// How many texts were opened.
    pub texts: u64,
    /// How many notes are by the key that was given; the others are by keys of others.
    pub notes: u64,
}

/// Why a trail shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrailFault {
    /// Another version of the form.
    #[error("this is no trail of the form {SCHEMA}: ask for the file again")]
    Schema,
    /// An entry, or its way to the checkpoint.
    #[error("entry {index}: {fault}")]
    Entry {
        /// The entry.
        index: u64,
        /// What is wrong.
        fault: ProofFault,
    },
    /// A text that is not what the entry commits to.
    #[error("entry {index}, the text {label}: {fault}")]
    Text {
        /// The entry.
        index: u64,
        /// The text.
        label: Code,
        /// What is wrong.
        fault: OpeningFault,
    },
    /// An agreement's text has another hash than it stands under, or an entry names one that is not here.
    #[error(
        "the agreement {0} is not here, or its text has another hash (SEC-14): ask for the file again"
    )]
    Agreement(Digest),
    /// A note that was altered.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

impl Trail {
    /// Checks every entry, text, agreement and note against the public key of the ledger.
    ///
    /// # Errors
    /// [`TrailFault`]: it shows nothing then.
    pub fn check(&self, key: &VerifierKey) -> Result<Walked, TrailFault> {
        if self.schema != SCHEMA {
            return Err(TrailFault::Schema);
        }
        for (hash, text) in &self.agreements {
            if Digest::of(text.as_bytes()) != *hash {
                return Err(TrailFault::Agreement(*hash));
            }
        }
        let mut walked = Walked {
            size: 0,
            kinds: BTreeMap::new(),
            missing: Vec::new(),
            texts: 0,
            notes: 0,
        };
        for item in &self.items {
            walked.size = self.walk(item, key)?;
            *walked.kinds.entry(item.kind.clone()).or_default() += 1;
            walked.texts += item.texts.len() as u64;
        }
        for note in &self.notes {
            match note::open(note, std::slice::from_ref(key)) {
                Ok(_) => walked.notes += 1,
                Err(NoteFault::Unsigned { .. }) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        let lacks = |kind: &&Code| !walked.kinds.contains_key(*kind);
        walked.missing = self.needed.iter().filter(lacks).cloned().collect();
        Ok(walked)
    }

    fn walk(&self, item: &Item, key: &VerifierKey) -> Result<u64, TrailFault> {
        let index = item.index;
        let proof = EntryProof {
            index,
            entry: item.entry.clone(),
            path: item.path.clone(),
            checkpoint: self.checkpoint.clone(),
        };
        let (checkpoint, entry) = proof
            .check(key)
            .map_err(|fault| TrailFault::Entry { index, fault })?;
        if let Some(hash) = entry.agreement.filter(|h| !self.agreements.contains_key(h)) {
            return Err(TrailFault::Agreement(hash));
        }
        for (label, opening) in &item.texts {
            let committed = entry.sealed.get(label).ok_or(OpeningFault);
            let opened = committed.and_then(|commitment| opening.verify(commitment));
            opened.map_err(|fault| TrailFault::Text {
                index,
                label: label.clone(),
                fault,
            })?;
        }
        Ok(checkpoint.size)
    }
}
