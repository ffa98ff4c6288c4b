//! The node key, under which the vault seals the keys of values, and that it is replaced: said in the ledger before it is done
//! and after. What names a key here tells nothing of it. Never sees the key.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

/// Every step of it.
pub const MOVES: &[Move] = &[
    ("come with the node", None, "in-force", Owner::Node),
    (
        "replace",
        Some("in-force"),
        "replacing",
        Owner::May(Action::ReplaceNodeKey),
    ),
    (
        "replaced",
        Some("replacing"),
        "in-force",
        Owner::May(Action::ReplaceNodeKey),
    ),
];

/// The node key as the node's history has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeKey {
    name: String,
    since: Option<Timestamp>,
    next: Option<String>,
    #[serde(skip)]
    version: u64,
}

impl NodeKey {
    /// The key under which the store has it: there is one.
    pub const ID: &'static str = "node-key";

    /// The first one, which came with the node, by its name.
    pub fn first(name: String) -> Self {
        Self {
            name,
            since: None,
            next: None,
            version: 0,
        }
    }

    /// A person has it replaced by the key of this name. What was begun before and did not happen is begun anew.
    ///
    /// # Errors
    /// A refusal (SEC-13) where it is the same key, and without a reason.
    pub fn replace(
        mut self,
        next: String,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "replacing the node key needs its reason";
            return Err(Refusal::without_reason("SEC-13", what));
        }
        if next == self.name {
            return Err(
                Refusal::new("SEC-13", "that is the node key already").help("give another one")
            );
        }
        let record = Record::new(Act::NodeKeyReplacing, &by.actor())
            .rule("SEC-13")
            .id("key", &self.name)
            .id("next", &next)
            .text("reason", reason);
        self.next = Some(next);
        Ok(Change::new(self, record))
    }

    /// It is replaced: so many keys of values are sealed under the new one, and the old one is no more.
    ///
    /// # Errors
    /// A refusal (SEC-13) where no replacement was begun.
    pub fn replaced(mut self, at: Timestamp, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let Some(next) = self.next.take() else {
            return Err(
                Refusal::new("SEC-13", "nobody began to replace the node key")
                    .help("`concordat node rekey` begins it"),
            );
        };
        let record = Record::new(Act::NodeKeyReplaced, &by.actor())
            .rule("SEC-13")
            .id("key", &next);
        self.name = next;
        self.since = Some(at);
        Ok(Change::new(self, record))
    }

    /// What names the key that is in force.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Since when it is in force; none for the first one.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }
    /// What names the key that is to replace it, while that is not done.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

impl Aggregate for NodeKey {
    const KIND: &'static str = "node-key";
    fn key(&self) -> String {
        Self::ID.to_owned()
    }
    fn status(&self) -> &'static str {
        match self.next {
            Some(_) => "replacing",
            None => "in-force",
        }
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
