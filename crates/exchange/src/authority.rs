//! May this person? Roles and what each may do, in one table; whether a *state* allows an act is asked of the
//! state itself. Unknown means no.

use ledger::Code;
use serde::{Deserialize, Serialize};

use crate::ids::{PartyId, StaffId};
use crate::refusal::Refusal;

macro_rules! named {
    ($(#[$top:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $code:literal,)* }) => {
        $(#[$top])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $enum {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }
        impl $enum {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The name as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

named! {
    /// What somebody is in their organisation.
    Role {
        /// Runs exchanges: the bulk data sharing team.
        DataSharingOfficer = "data-sharing-officer",
        /// Owns the information: the information asset owner.
        AssetOwner = "iao",
        /// Owns the risk: the senior information risk owner.
        RiskOwner = "siro",
        /// Signs for the party.
        Signatory = "signatory",
        /// Receives, matches and returns on a partner's side.
        Analyst = "analyst",
        /// Decides about persons' cases.
        Caseworker = "caseworker",
        /// Decides about a benefit.
        DecisionMaker = "decision-maker",
        /// Audits who looked people up (LOOKUP-04).
        AccessAuditor = "access-auditor",
        /// Answers for the rights of the people whom data is about.
        DataProtectionLead = "data-protection-lead",
    }
}

named! {
    /// What a person can ask the node to do.
    Action {
        /// Lay an agreement on the table and take on partners' keys.
        LayAgreement = "lay-agreement",
        /// Suspend an agreement or let it go on, review it, give notice of its end.
        Stand = "stand",
        /// Say that the controls which an agreement is kept under are in place.
        StateControls = "state-controls",
        /// Sign an agreement for the party.
        Sign = "sign",
        /// Propose a route.
        ProposeRoute = "propose-route",
        /// Record what assurances whoever runs a route gave.
        AssureRoute = "assure-route",
        /// Approve a route for the data, or retire it.
        ApproveRoute = "approve-route",
        /// Ask for an approval.
        AskApproval = "ask-approval",
        /// Decide on an approval.
        Approve = "approve",
        /// Start a run, correct it, close it.
        Run = "run",
        /// Release a checked file to be sent.
        Release = "release",
        /// Decide about a held file.
        DecideHold = "decide-hold",
        /// Sign the report of a matching solution's test.
        TestSolution = "test-solution",
        /// Put a tested matching solution to use, or end its use.
        ChooseSolution = "choose-solution",
        /// Match received records.
        Match = "match",
        /// Confirm or refute a match, and set a flag on a confirmed one.
        ReviewMatch = "review-match",
        /// Say whether what a confirmed match tells is so.
        Verify = "verify",
        /// Take a decision that the agreement names.
        Decide = "decide",
        /// Use received values for a purpose of the agreement.
        UseValues = "use-values",
        /// Look a person up.
        LookUp = "look-up",
        /// Read and review the look-ups of others.
        AuditLookUps = "audit-look-ups",
        /// Say that kept values are still needed.
        ReviewNeed = "review-need",
        /// Destroy values before their rule asks for it.
        DestroyEarly = "destroy-early",
        /// Co-sign a partner's ledger, and take on a partner's co-signature.
        Witness = "witness",
        /// Suspend the destruction of values, or let it go on.
        LegalHold = "legal-hold",
        /// Have a check made for an application that one works on, and see its months.
        Check = "check",
        /// Say who works on an application.
        Assign = "assign",
        /// Tell the sender of a file of another use of it, and look at what its receiver tells.
        Announce = "announce",
        /// Ask another party for an assurance of compliance, and take such papers in.
        AskAssurance = "ask-assurance",
        /// Give an assurance of compliance for the party.
        GiveAssurance = "give-assurance",
        /// Give notice of what may affect an agreement, agree to it, say by which new version it is applied.
        Alter = "alter",
        /// Raise an incident.
        RaiseIncident = "raise-incident",
        /// Tell contacts of an incident, and move it on to its end.
        HandleIncident = "handle-incident",
        /// Replace the node key.
        ReplaceNodeKey = "replace-node-key",
        /// Vouch for what the node's clock shows after it leapt.
        ConfirmClock = "confirm-clock",
    }
}

impl Action {
    /// The roles that may do it.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |r| allowed(*r, self))
    }
}

/// The whole table: who may do what. Printed as a golden file.
const TABLE: &[(Role, &[Action])] = &[
    (
        Role::DataSharingOfficer,
        &[
            Action::LayAgreement,
            Action::ProposeRoute,
            Action::Stand,
            Action::AskApproval,
            Action::Run,
            Action::Release,
            Action::DecideHold,
            Action::DestroyEarly,
            Action::Witness,
            Action::Assign,
            Action::Announce,
            Action::AskAssurance,
            Action::Alter,
            Action::RaiseIncident,
            Action::HandleIncident,
        ],
    ),
    (
        Role::AssetOwner,
        &[
            Action::AssureRoute,
            Action::ApproveRoute,
            Action::Approve,
            Action::Stand,
            Action::StateControls,
            Action::ChooseSolution,
            Action::ReplaceNodeKey,
            Action::AskAssurance,
            Action::GiveAssurance,
            Action::Alter,
            Action::ConfirmClock,
            Action::RaiseIncident,
            Action::HandleIncident,
        ],
    ),
    (
        Role::RiskOwner,
        &[
            Action::AssureRoute,
            Action::ApproveRoute,
            Action::Approve,
            Action::Stand,
            Action::StateControls,
            Action::ChooseSolution,
            Action::ReplaceNodeKey,
            Action::AskAssurance,
            Action::GiveAssurance,
            Action::Alter,
            Action::ConfirmClock,
            Action::RaiseIncident,
            Action::HandleIncident,
        ],
    ),
    (Role::Signatory, &[Action::Sign, Action::RaiseIncident]),
    (
        Role::Analyst,
        &[
            Action::LayAgreement,
            Action::ProposeRoute,
            Action::Stand,
            Action::TestSolution,
            Action::Match,
            Action::Release,
            Action::DecideHold,
            Action::Run,
            Action::ReviewMatch,
            Action::DestroyEarly,
            Action::Witness,
            Action::Announce,
            Action::AskAssurance,
            Action::Alter,
            Action::RaiseIncident,
            Action::HandleIncident,
        ],
    ),
    (
        Role::Caseworker,
        &[
            Action::ReviewMatch,
            Action::Verify,
            Action::Decide,
            Action::UseValues,
            Action::LookUp,
            Action::ReviewNeed,
            Action::DestroyEarly,
            Action::Check,
            Action::RaiseIncident,
        ],
    ),
    (
        Role::DecisionMaker,
        &[Action::Decide, Action::UseValues, Action::RaiseIncident],
    ),
    (
        Role::AccessAuditor,
        &[Action::AuditLookUps, Action::RaiseIncident],
    ),
    (
        Role::DataProtectionLead,
        &[
            Action::LegalHold,
            Action::Announce,
            Action::AskAssurance,
            Action::RaiseIncident,
            Action::HandleIncident,
        ],
    ),
];

/// A member of staff as the identity provider presents them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The opaque handle.
    pub staff: StaffId,
    /// What they are.
    pub role: Role,
}

/// Leave for one person to do one action; only [`Person::may`] makes it.
#[derive(Clone, Debug)]
pub struct Warrant {
    person: Person,
}

impl Person {
    /// Leave to do `action`.
    ///
    /// # Errors
    /// A refusal naming the rule (SEC-09) and the roles that may.
    pub fn may(&self, action: Action) -> Result<Warrant, Refusal> {
        if allowed(self.role, action) {
            return Ok(Warrant {
                person: self.clone(),
            });
        }
        let who: Vec<_> = action.roles().map(Role::as_str).collect();
        Err(Refusal::new(
            "SEC-09",
            format!("a {} may not {}", self.role.as_str(), action.as_str()),
        )
        .help(format!("ask one of: {}", who.join(", "))))
    }
}

fn allowed(role: Role, action: Action) -> bool {
    TABLE
        .iter()
        .any(|(r, actions)| *r == role && actions.contains(&action))
}

impl Warrant {
    /// Who holds it.
    pub fn staff(&self) -> &StaffId {
        &self.person.staff
    }
    /// In which role.
    pub fn role(&self) -> Role {
        self.person.role
    }
    /// The person as the actor of a record.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Person(self.person.clone())
    }
}

/// Who did it, in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff of this node's party.
    Person(Person),
    /// The node itself, by a rule.
    Node,
    /// Another party, by a package.
    Partner(PartyId),
}

impl Actor {
    pub(crate) fn staff(&self) -> Option<&StaffId> {
        match self {
            Self::Person(person) => Some(&person.staff),
            Self::Node | Self::Partner(_) => None,
        }
    }

    pub(crate) fn role_code(&self) -> Code {
        match self {
            Self::Person(person) => Code::of(person.role.as_str()),
            Self::Node => Code::of("node"),
            Self::Partner(_) => Code::of("partner"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // shows: SEC-09
    #[test]
    fn the_matrix_is_the_one_written_down() {
        let mut lines = String::new();
        for role in Role::ALL {
            for action in Action::ALL {
                let person = Person {
                    staff: StaffId::parse("s1").unwrap(),
                    role: *role,
                };
                let answer = if person.may(*action).is_ok() {
                    "allow"
                } else {
                    "deny"
                };
                lines.push_str(&format!("{} {} {answer}\n", role.as_str(), action.as_str()));
            }
        }
        insta::assert_snapshot!(lines);
    }
}
