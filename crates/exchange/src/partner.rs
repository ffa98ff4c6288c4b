//! Partners: the public keys of each party, taken on once by a person.

use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ports::PartyCard;

/// A party whose keys this node knows; its own among them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Partner {
    card: PartyCard,
    #[serde(skip)]
    version: u64,
}

impl Partner {
    /// This node's own keys: its first record.
    pub fn own(card: PartyCard) -> Change<Self> {
        let record = Record::new(Act::NodeOpened, &Actor::Node).id("party", &card.party);
        Change::new(Self { card, version: 0 }, record)
    }

    /// A partner's keys, taken on by a person.
    pub fn trust(card: PartyCard, by: &Warrant) -> Change<Self> {
        let record = Record::new(Act::PartnerTrusted, &by.actor()).id("party", &card.party);
        Change::new(Self { card, version: 0 }, record)
    }

    /// The keys.
    pub fn card(&self) -> &PartyCard {
        &self.card
    }
}

impl Aggregate for Partner {
    const KIND: &'static str = "partner";
    fn key(&self) -> String {
        self.card.party.to_string()
    }
    fn status(&self) -> &'static str {
        "trusted"
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
