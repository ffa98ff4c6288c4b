//! Approvals: who said that this much may go to this recipient. An approval covers a stated flow, recipient,
//! volume, route and version of the agreement (APP-19); what it does not cover, it does not approve.

use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Role, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, PartyId, StaffId};
use crate::refusal::Refusal;

/// The most records in 12 months that an information asset owner may approve (APP-03, C-20).
pub const ASSET_OWNER_LIMIT: u64 = 1_000;

/// What an approval is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its hash: another version needs another approval.
    pub hash: Digest,
    /// The flow.
    pub flow: FlowId,
    /// The recipient.
    pub to: PartyId,
    /// The route.
    pub route: String,
    /// How many records may go in any 12 months.
    pub volume: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Asked,
    Granted { by: StaffId, role: Role },
    Refused { by: StaffId },
}

/// One approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Approval {
    scope: Scope,
    asked_by: StaffId,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Approval {
    /// Asks for one.
    pub fn ask(scope: Scope, by: &Warrant) -> Change<Self> {
        let asked_by = by.staff().clone();
        let approval = Self {
            scope,
            asked_by,
            state: State::Asked,
            version: 0,
        };
        let record = approval.record(Act::ApprovalAsked, by);
        Change::new(approval, record)
    }

    /// Grants it.
    ///
    /// # Errors
    /// A refusal when the person asked for it themselves (PTY-13), when the volume needs the senior
    /// information risk owner (APP-03), or when it was decided already.
    pub fn grant(mut self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        self.undecided()?;
        if *by.staff() == self.asked_by {
            return Err(
                Refusal::new("PTY-13", "nobody approves what they asked for themselves").help(
                    "another information asset owner or the senior information risk owner may",
                ),
            );
        }
        if self.scope.volume > ASSET_OWNER_LIMIT && by.role() != Role::RiskOwner {
            return Err(Refusal::new(
                "APP-03",
                format!(
                    "{} records in 12 months are over {ASSET_OWNER_LIMIT}: the senior information risk owner approves",
                    self.scope.volume
                ),
            ));
        }
        self.state = State::Granted {
            by: by.staff().clone(),
            role: by.role(),
        };
        let record = self.record(Act::ApprovalGranted, by).rule("APP-03");
        Ok(Change::new(self, record))
    }

    /// Refuses it, with the full reason.
    ///
    /// # Errors
    /// A refusal when no reason is given (APP-18), or when it was decided already.
    pub fn refuse(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        self.undecided()?;
        if reason.trim().is_empty() {
            return Err(Refusal::new("APP-18", "a refusal needs its full reason"));
        }
        self.state = State::Refused {
            by: by.staff().clone(),
        };
        let record = self
            .record(Act::ApprovalRefused, by)
            .rule("APP-18")
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Does it cover `wanted`, of which `wanted.volume` counts this run and the 12 months before it?
    ///
    /// # Errors
    /// The refusal that says what it does not cover.
    pub fn covers(&self, wanted: &Scope) -> Result<(), Refusal> {
        let State::Granted { .. } = self.state else {
            return Err(Refusal::new(
                "APP-03",
                format!("the approval of {} is not granted", wanted.flow),
            )
            .help(
                "an information asset owner or the senior information risk owner must grant it",
            ));
        };
        let same = Scope {
            volume: self.scope.volume,
            ..wanted.clone()
        };
        if same != self.scope {
            return Err(Refusal::new(
                "APP-19",
                format!(
                    "the approval of {} was for another version, recipient or route",
                    wanted.flow
                ),
            )
            .help("ask for a new approval"));
        }
        if wanted.volume > self.scope.volume {
            return Err(Refusal::new(
                "APP-08",
                format!(
                    "with this run {} records go in 12 months; {} are approved",
                    wanted.volume, self.scope.volume
                ),
            )
            .help("ask for a higher approval"));
        }
        Ok(())
    }

    fn undecided(&self) -> Result<(), Refusal> {
        match self.state {
            State::Asked => Ok(()),
            State::Granted { .. } | State::Refused { .. } => {
                Err(Refusal::new("APP-19", "this approval was decided already")
                    .help("ask for a new one"))
            }
        }
    }

    fn record(&self, act: Act, by: &Warrant) -> Record {
        Record::new(act, &by.actor())
            .under(self.scope.hash)
            .id("flow", &self.scope.flow)
            .count("volume", self.scope.volume)
    }

    /// The key under which the store has the approval of a flow.
    pub fn key_of(agreement: &AgreementId, flow: &FlowId) -> String {
        format!("{agreement}/{flow}")
    }
}

impl Aggregate for Approval {
    const KIND: &'static str = "approval";
    fn key(&self) -> String {
        Self::key_of(&self.scope.agreement, &self.scope.flow)
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Asked => "asked",
            State::Granted { .. } => "granted",
            State::Refused { .. } => "refused",
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
