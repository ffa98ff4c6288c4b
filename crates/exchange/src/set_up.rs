//! Processes that an agreement foresees and that are set up only when every controller has reviewed them and agreed: until
//! then nobody can take the decision (CHILD-05). What the parties agreed to is one text: another text is reviewed anew.

use std::collections::BTreeMap;

use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, PartyId};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;
use jiff::Timestamp;

/// Every step of one; the last controller's agreement sets it up.
pub const MOVES: &[Move] = &[
    ("foresee", None, "under-review", Owner::Node),
    (
        "agree",
        Some("under-review"),
        "set-up",
        Owner::May(Action::Stand),
    ),
];

/// One process, and what each controller decided in its review.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetUp {
    agreement: AgreementId,
    hash: Digest,
    decision: String,
    agreed: BTreeMap<PartyId, Option<Timestamp>>,
    #[serde(skip)]
    version: u64,
}

impl SetUp {
    /// The key under which the store has it: of this text of the agreement.
    pub fn key_of(hash: &Digest, decision: &str) -> String {
        format!("{hash}/{decision}")
    }

    /// A process that no controller has agreed to yet.
    pub fn awaited(
        agreement: &AgreementId,
        hash: Digest,
        decision: &str,
        controllers: impl Iterator<Item = PartyId>,
    ) -> Self {
        Self {
            agreement: agreement.clone(),
            hash,
            decision: decision.to_owned(),
            agreed: controllers.map(|party| (party, None)).collect(),
            version: 0,
        }
    }

    /// A person writes down that a controller reviewed it and agreed, and where that stands.
    ///
    /// # Errors
    /// A refusal (CHILD-05) for a party that is no controller or has agreed already, and without a reason.
    pub fn agree(
        mut self,
        party: &PartyId,
        reason: &str,
        at: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "a review needs where it is written down, such as the minutes and their day";
            return Err(Refusal::without_reason("CHILD-05", what));
        }
        match self.agreed.get_mut(party) {
            Some(open @ None) => *open = Some(at),
            Some(Some(_)) => {
                let what = format!("{party} has agreed to {} already", self.decision);
                return Err(Refusal::new("CHILD-05", what)
                    .help("`concordat due` says whose review is awaited"));
            }
            None => {
                let all: Vec<&str> = self.agreed.keys().map(PartyId::as_str).collect();
                let what = format!("{party} is no controller of {}", self.agreement);
                return Err(Refusal::new("CHILD-05", what)
                    .help(format!("these review it: {}", all.join(", "))));
            }
        }
        let record = Record::new(Act::SetUpAgreed, &by.actor())
            .under(self.hash)
            .rule("CHILD-05")
            .id("decision", &self.decision)
            .id("party", party)
            .fact("awaited", Fact::Count(self.awaited_of().count() as u64))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The agreement's name of the decision.
    pub fn decision(&self) -> &str {
        &self.decision
    }
    /// The controllers whose review is awaited.
    pub fn awaited_of(&self) -> impl Iterator<Item = &PartyId> {
        let open = self.agreed.iter().filter(|(_, at)| at.is_none());
        open.map(|(party, _)| party)
    }
}

impl Aggregate for SetUp {
    const KIND: &'static str = "set-up";
    fn key(&self) -> String {
        Self::key_of(&self.hash, &self.decision)
    }
    fn status(&self) -> &'static str {
        match self.awaited_of().next() {
            Some(_) => "under-review",
            None => "set-up",
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
