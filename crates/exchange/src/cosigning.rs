//! Cosigning: what a witness saw of a ledger, at the witness and at the ledger's own node. Never decides whether a
//! ledger only grew: `ledger::witness` does.

use jiff::Timestamp;
use ledger::{Checkpoint, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Warrant;
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::PartyId;
use crate::refusal::Refusal;

/// Whose ledger was co-signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// This node's, by the party.
    Ours,
    /// The party's, by this node.
    Theirs,
}

impl Whose {
    /// As it stands in keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

/// The newest co-signed checkpoint between this node and one party, in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cosigning {
    whose: Whose,
    party: PartyId,
    size: u64,
    root: Digest,
    at: Timestamp,
    #[serde(skip)]
    version: u64,
}

impl Cosigning {
    /// The key of what stands between this node and a party.
    pub fn key_of(whose: Whose, party: &PartyId) -> String {
        format!("{}/{party}", whose.as_str())
    }

    /// A checkpoint was co-signed at `at`; `before` is what stood until now.
    ///
    /// # Errors
    /// A refusal (SEC-14) for a checkpoint that is smaller than the one that stands.
    pub fn seen(
        before: Option<Self>,
        whose: Whose,
        party: &PartyId,
        checkpoint: &Checkpoint,
        at: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        let (size, root) = (checkpoint.size, checkpoint.root);
        if let Some(stands) = before.as_ref().filter(|before| before.size > size) {
            let what = format!(
                "a checkpoint of {} entries is co-signed already, this one has {size}",
                stands.size
            );
            return Err(Refusal::new("SEC-14", what));
        }
        let act = match whose {
            Whose::Ours => Act::CheckpointCosigned,
            Whose::Theirs => Act::CheckpointWitnessed,
        };
        let record = Record::new(act, &by.actor())
            .id("party", party)
            .count("size", size)
            .fact("root", Fact::Digest(root))
            .fact("seen-at", Fact::At(at));
        let state = Self {
            whose,
            party: party.clone(),
            size,
            root,
            at,
            version: before.map_or(0, |before| before.version),
        };
        Ok(Change::new(state, record))
    }

    /// Whose ledger.
    pub fn whose(&self) -> Whose {
        self.whose
    }
    /// The other party.
    pub fn party(&self) -> &PartyId {
        &self.party
    }
    /// How many entries were co-signed.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// When the witness saw them.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The checkpoint of the log of this origin.
    pub fn checkpoint(&self, origin: &PartyId) -> Checkpoint {
        Checkpoint {
            origin: origin.to_string(),
            size: self.size,
            root: self.root,
        }
    }
}

impl Aggregate for Cosigning {
    const KIND: &'static str = "cosigning";
    fn key(&self) -> String {
        Self::key_of(self.whose, &self.party)
    }
    fn status(&self) -> &'static str {
        self.whose.as_str()
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
