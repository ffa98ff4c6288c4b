//! Approvals: who said that this much may go to this recipient. An approval covers a stated flow, recipient,
//! volume, route and version of the agreement (APP-19); what it does not cover, it does not approve.

use jiff::civil::Date;
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Role, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, PartyId, StaffId};
use crate::machine::{Move, Owner};
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
    /// The last day for which it is asked; none where the agreement has no end.
    pub last: Option<Date>,
    /// How many records may go in any 12 months.
    pub volume: u64,
    /// Why it is the senior information risk owner's whatever the volume.
    pub senior: Option<Senior>,
}

/// Why an approval is the senior information risk owner's whatever the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Senior {
    /// National security is involved (APP-04).
    NationalSecurity,
    /// The recipient is particularly sensitive, high profile or a risk (APP-05).
    SensitiveRecipient,
    /// Direct access to the department's systems is asked for (APP-06).
    DirectAccess,
    /// The agreement asks for that level.
    Agreement,
}

impl Senior {
    fn rule(self) -> &'static str {
        match self {
            Self::NationalSecurity => "APP-04",
            Self::SensitiveRecipient => "APP-05",
            Self::DirectAccess => "APP-06",
            Self::Agreement => "APP-03",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Asked,
    /// Only the senior information risk owner may decide now (APP-07).
    Referred {
        by: StaffId,
    },
    Granted {
        by: StaffId,
        role: Role,
    },
    Refused {
        by: StaffId,
    },
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("ask", None, "asked", Owner::May(Action::AskApproval)),
    (
        "refer",
        Some("asked"),
        "referred",
        Owner::May(Action::Approve),
    ),
    (
        "grant",
        Some("asked"),
        "granted",
        Owner::May(Action::Approve),
    ),
    (
        "grant",
        Some("referred"),
        "granted",
        Owner::May(Action::Approve),
    ),
    (
        "refuse",
        Some("asked"),
        "refused",
        Owner::May(Action::Approve),
    ),
    (
        "refuse",
        Some("referred"),
        "refused",
        Owner::May(Action::Approve),
    ),
    (
        "ask again",
        Some("granted"),
        "asked",
        Owner::May(Action::AskApproval),
    ),
    (
        "ask again",
        Some("refused"),
        "asked",
        Owner::May(Action::AskApproval),
    ),
];

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

    /// Asks anew, for whatever changed since it was decided (APP-19).
    ///
    /// # Errors
    /// A refusal while it waits for a decision.
    pub fn ask_again(mut self, scope: Scope, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if matches!(self.state, State::Asked | State::Referred { .. }) {
            return Err(
                Refusal::new("APP-19", "this approval waits for a decision already")
                    .help("have it decided first"),
            );
        }
        self.scope = scope;
        self.asked_by = by.staff().clone();
        self.state = State::Asked;
        let record = self.record(Act::ApprovalAsked, by);
        Ok(Change::new(self, record))
    }

    /// An information asset owner refers it upward, and cannot grant it any more (APP-07).
    ///
    /// # Errors
    /// A refusal without a reason, or when it was decided or referred already.
    pub fn refer(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if self.state != State::Asked {
            return Err(Refusal::new("APP-07", "only what is asked for is referred"));
        }
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "APP-07",
                "referring upward needs its reason",
            ));
        }
        self.state = State::Referred {
            by: by.staff().clone(),
        };
        let record = self
            .record(Act::ApprovalReferred, by)
            .rule("APP-07")
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Grants it.
    ///
    /// # Errors
    /// A refusal when the person asked for it themselves (PTY-13), when it needs the senior information risk owner
    /// (APP-03 to APP-07), or when it was decided already.
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
        if let Some(senior) = self.scope.senior
            && by.role() != Role::RiskOwner
        {
            return Err(Refusal::new(
                senior.rule(),
                "the senior information risk owner approves this, whatever the volume",
            ));
        }
        if matches!(self.state, State::Referred { .. }) && by.role() != Role::RiskOwner {
            return Err(Refusal::new(
                "APP-07",
                "this was referred: the senior information risk owner decides",
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
            return Err(Refusal::without_reason(
                "APP-18",
                "a refusal needs its full reason",
            ));
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

    /// Does it cover `wanted`, of which `wanted.volume` counts this run and the 12 months before it? `to_recipient`
    /// counts the same over all agreements, to the same recipient for the same purposes (APP-09).
    ///
    /// # Errors
    /// The refusal that says what it does not cover.
    pub fn covers(&self, wanted: &Scope, to_recipient: u64) -> Result<(), Refusal> {
        let State::Granted { role, .. } = &self.state else {
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
        if to_recipient > ASSET_OWNER_LIMIT && *role != Role::RiskOwner {
            return Err(Refusal::new(
                "APP-09",
                format!(
                    "over all agreements {to_recipient} records go to {} for this purpose in 12 months: over {ASSET_OWNER_LIMIT} the senior information risk owner approves",
                    wanted.to
                ),
            )
            .help("ask the senior information risk owner for a new approval"));
        }
        Ok(())
    }

    fn undecided(&self) -> Result<(), Refusal> {
        match self.state {
            State::Asked | State::Referred { .. } => Ok(()),
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

    /// What it is asked, or granted, for.
    pub fn scope(&self) -> &Scope {
        &self.scope
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
            State::Referred { .. } => "referred",
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
