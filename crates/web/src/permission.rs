//! May this caller? Cedar policies, validated strictly against their schema. The whole answer is a golden file
//! (`tests/permissions.rs`). Whether a state allows an act is asked of the domain.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use agreement::Clearance;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use exchange::ids::{AgreementId, PartyId};

use crate::problem::{DENIED, Problem, Rule, STEP_UP};

const SCHEMA: &str = include_str!("policy/concordat.cedarschema");
const POLICIES: &str = include_str!("policy/concordat.cedar");

/// The policies cannot be used; the text says why.
#[derive(Debug, thiserror::Error)]
#[error("the policies of access cannot be used: {0}")]
pub struct PolicyFault(String);

fn fault(error: impl std::fmt::Display) -> PolicyFault {
    PolicyFault(error.to_string())
}

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $code:literal on $of:ident,)*) => {
        /// What a caller does, as the policies name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Deed { $($(#[$doc])* $name,)* }
        impl Deed {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The name as policies write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            /// Is it done to the node as a whole, and not to an agreement?
            pub fn is_of_node(self) -> bool {
                match self { $(Self::$name => matches!(Of::$of, Of::Node),)* }
            }
        }
    };
}

enum Of {
    Node,
    Agreement,
}

deeds! {
    /// Read the ledger's signed checkpoint.
    ReadCheckpoint = "read-checkpoint" on Node,
    /// Read ledger entries, without their sealed texts.
    ReadEntries = "read-entries" on Node,
    /// Read what falls due.
    ReadDue = "read-due" on Node,
    /// Read the report.
    ReadReport = "read-report" on Node,
    /// Look one person up.
    LookUp = "look-up" on Node,
    /// Answer the call of another party's node.
    AnswerCall = "answer-call" on Node,
    /// Have a residence check made.
    Check = "check" on Agreement,
    /// See the months of the checks of an application.
    SeeMonths = "see-months" on Agreement,
    /// Read how an agreement stands.
    ReadAgreement = "read-agreement" on Agreement,
    /// Read runs and their files, without a row.
    ReadRun = "read-run" on Agreement,
    /// Read approvals.
    ReadApproval = "read-approval" on Agreement,
    /// Read the matches of a file by row number, without a value.
    ReadMatch = "read-match" on Agreement,
    /// Confirm or refute a match.
    ReviewMatch = "review-match" on Agreement,
    /// Ask for an approval.
    AskApproval = "ask-approval" on Agreement,
    /// Grant, refuse or refer an approval.
    DecideApproval = "decide-approval" on Agreement,
    /// Release a checked file to be sent.
    Release = "release" on Agreement,
}

/// A caller as the policies see one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The party whose staff or program it is.
    pub party: PartyId,
    /// The agreements that the access is for; none: all of them.
    pub agreements: Option<BTreeSet<AgreementId>>,
    /// What only people have; none for a program.
    pub person: Option<Attributes>,
}

/// What the policies ask of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// The role, as it is written.
    pub role: &'static str,
    /// The clearance.
    pub clearance: Clearance,
    /// Are they authorised for exchange data (PTY-08, PTY-09)?
    pub authorised: bool,
    /// Has their training not expired (PTY-17)?
    pub trained: bool,
    /// Does their access run today?
    pub current: bool,
    /// Did they sign in within the last five minutes?
    pub recent: bool,
    /// Their teams.
    pub teams: BTreeSet<String>,
}

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The node as a whole.
    Node,
    /// An agreement, or what belongs to it.
    Agreement {
        /// The agreement.
        id: AgreementId,
        /// The least clearance of this party's readers (PTY-08).
        clearance: Clearance,
        /// Does it give other parties direct access to this node (SEC-11)?
        direct: bool,
    },
}

/// The policies, ready to be asked.
pub struct Permissions {
    schema: Schema,
    policies: PolicySet,
    authorizer: Authorizer,
    /// What was answered before: nothing but the question decides an answer, and one is mostly asked again.
    answered: Mutex<HashMap<Question, Answer>>,
}

/// Who, at the node of which party, what, to what.
type Question = (PartyId, Principal, Deed, Resource);

/// So many answers are kept; with one more all are forgotten.
const KEPT: usize = 1_000;

impl Permissions {
    /// The policies that this program carries.
    ///
    /// # Errors
    /// [`PolicyFault`] when they do not validate strictly.
    pub fn built_in() -> Result<Self, PolicyFault> {
        let (schema, warnings) = Schema::from_cedarschema_str(SCHEMA).map_err(fault)?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(fault(warning));
        }
        let policies = PolicySet::from_str(POLICIES).map_err(fault)?;
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !result.validation_passed() {
            return Err(fault(result));
        }
        Ok(Self {
            schema,
            policies,
            authorizer: Authorizer::new(),
            answered: Mutex::default(),
        })
    }

    /// May this caller, at the node of `party`? Every rule that says no is named.
    ///
    /// # Errors
    /// A [`Problem`]: denied, or a recent sign-in is all that is missing.
    pub(crate) fn ask(
        &self,
        party: &PartyId,
        who: &Principal,
        deed: Deed,
        resource: &Resource,
    ) -> Result<(), Problem> {
        let answer = self.decide(party, who, deed, resource);
        match answer {
            Ok(Answer::Yes) => Ok(()),
            Ok(Answer::No { rules, step_up }) => {
                let kind = if step_up { STEP_UP } else { DENIED };
                Err(Problem {
                    rules,
                    ..kind.into()
                })
            }
            // A question that the schema does not know is answered with no.
            Err(_) => Err(DENIED.into()),
        }
    }

    /// The answer in one word and the rules that said no, as the golden file prints it.
    pub fn line(
        &self,
        party: &PartyId,
        who: &Principal,
        deed: Deed,
        resource: &Resource,
    ) -> String {
        match self.decide(party, who, deed, resource) {
            Ok(Answer::Yes) => "allow".into(),
            Ok(Answer::No { rules, step_up }) => {
                let rules: BTreeSet<_> = rules.into_iter().map(|r| r.rule).collect();
                let rules: Vec<_> = rules.into_iter().collect();
                let how = if step_up { "step-up" } else { "deny" };
                format!("{how} {}", rules.join(" "))
            }
            Err(_) => "deny (no such question)".into(),
        }
    }

    fn decide(
        &self,
        party: &PartyId,
        who: &Principal,
        deed: Deed,
        resource: &Resource,
    ) -> Result<Answer, PolicyFault> {
        let question = (party.clone(), who.clone(), deed, resource.clone());
        // Nothing that could leave it half done happens under the lock.
        let answered = || self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answered().get(&question) {
            return Ok(answer.clone());
        }
        let answer = self.evaluate(party, who, deed, resource)?;
        let mut answered = answered();
        if answered.len() >= KEPT {
            answered.clear();
        }
        answered.insert(question, answer.clone());
        Ok(answer)
    }

    fn evaluate(
        &self,
        party: &PartyId,
        who: &Principal,
        deed: Deed,
        resource: &Resource,
    ) -> Result<Answer, PolicyFault> {
        let principal = principal(who)?;
        let resource = object(party, resource)?;
        let action = uid("Action", deed.as_str())?;
        let request = Request::new(
            principal.uid(),
            action,
            resource.uid(),
            Context::empty(),
            Some(&self.schema),
        )
        .map_err(fault)?;
        let entities =
            Entities::from_entities([principal, resource], Some(&self.schema)).map_err(fault)?;
        let response = self
            .authorizer
            .is_authorized(&request, &self.policies, &entities);
        if response.diagnostics().errors().next().is_some() {
            return Err(PolicyFault("a policy could not be evaluated".into()));
        }
        if response.decision() == Decision::Allow {
            return Ok(Answer::Yes);
        }
        let said = |id, key| self.policies.policy(id).and_then(|p| p.annotation(key));
        let mut rules = Vec::new();
        let mut step_up = true;
        for id in response.diagnostics().reason() {
            step_up &= said(id, "stepup").is_some();
            rules.push(Rule {
                rule: said(id, "rule").unwrap_or("SEC-09").to_owned(),
                what: said(id, "says").unwrap_or_default().to_owned(),
                help: None,
            });
        }
        if rules.is_empty() {
            step_up = false;
            rules.push(Rule {
                rule: "SEC-09".into(),
                what: "your role does not include this".into(),
                help: None,
            });
        }
        rules.sort_by(|a, b| (&a.rule, &a.what).cmp(&(&b.rule, &b.what)));
        Ok(Answer::No { rules, step_up })
    }
}

#[derive(Clone)]
enum Answer {
    Yes,
    No { rules: Vec<Rule>, step_up: bool },
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, PolicyFault> {
    let kind = EntityTypeName::from_str(&format!("Concordat::{kind}")).map_err(fault)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn set<'a>(items: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    let items = items.into_iter().map(str::to_owned);
    RestrictedExpression::new_set(items.map(RestrictedExpression::new_string))
}

fn entity(
    kind: &str,
    attributes: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> Result<Entity, PolicyFault> {
    let attributes: HashMap<_, _> = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    // One of each is ever in a question, so no caller's name gets into the policies.
    Entity::new(uid(kind, "it")?, attributes, HashSet::new()).map_err(fault)
}

fn principal(who: &Principal) -> Result<Entity, PolicyFault> {
    let (text, yes) = (
        RestrictedExpression::new_string,
        RestrictedExpression::new_bool,
    );
    let some = who.agreements.iter().flatten().map(AgreementId::as_str);
    let mut all = vec![
        ("party", text(who.party.to_string())),
        ("everything", yes(who.agreements.is_none())),
        ("agreements", set(some)),
    ];
    let Some(person) = &who.person else {
        return entity("System", all);
    };
    all.extend([
        ("role", text(person.role.to_owned())),
        ("clearance", level(person.clearance)),
        ("authorised", yes(person.authorised)),
        ("trained", yes(person.trained)),
        ("current", yes(person.current)),
        ("recent", yes(person.recent)),
        ("teams", set(person.teams.iter().map(String::as_str))),
    ]);
    entity("Person", all)
}

fn object(party: &PartyId, resource: &Resource) -> Result<Entity, PolicyFault> {
    let text = RestrictedExpression::new_string;
    let owner = ("party", text(party.to_string()));
    match resource {
        Resource::Node => entity("Node", [owner]),
        Resource::Agreement {
            id,
            clearance,
            direct,
        } => entity(
            "Agreement",
            [
                owner,
                ("id", text(id.to_string())),
                ("clearance", level(*clearance)),
                ("direct", RestrictedExpression::new_bool(*direct)),
            ],
        ),
    }
}

fn level(clearance: Clearance) -> RestrictedExpression {
    RestrictedExpression::new_long(match clearance {
        Clearance::None => 0,
        Clearance::Bpss => 1,
        Clearance::Ctc => 2,
        Clearance::Sc => 3,
        Clearance::Dv => 4,
    })
}
