//! Findings: what a confirmed match tells that a person must look at before anything rests on it. Holds no value:
//! the value is in the holding of the match.

use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record, Step, next};
use crate::deadline::Deadline;
use crate::refusal::Refusal;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A contact detail that this party did not have: to be verified before it is used (MATCH-08).
    Contact,
    /// Contact with the partner, without a new contact detail (MATCH-09).
    Lead,
    /// The person has died: a person closes the case (MATCH-12).
    Death,
    /// Details of another person, kept apart and never added to a pool (MATCH-13).
    ThirdParty,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Lead => "lead",
            Self::Death => "death",
            Self::ThirdParty => "third-party",
        }
    }
}

/// Where a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A person must look at it.
    ToVerify,
    /// It is so.
    Verified,
    /// It is not so, or of no use.
    Dismissed,
    /// It fell with its match.
    Withdrawn,
}

/// A step of a finding: the verb, from where, to where, whose.
pub const MOVES: &[Step<State>] = &[
    ("verify", State::ToVerify, State::Verified, "caseworker"),
    ("dismiss", State::ToVerify, State::Dismissed, "caseworker"),
    ("withdraw", State::ToVerify, State::Withdrawn, "node"),
    ("withdraw", State::Verified, State::Withdrawn, "node"),
];

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToVerify => "to-verify",
            Self::Verified => "verified",
            Self::Dismissed => "dismissed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One finding of one match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    basis: String,
    hash: Digest,
    kind: Kind,
    /// The field that tells it, as `dataset.field`; none for a lead.
    field: Option<String>,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Finding {
    /// The key under which the store has the finding of a match.
    pub fn key_of(basis: &str, kind: Kind, field: Option<&str>) -> String {
        match field {
            Some(field) => format!("{basis}/{}/{field}", kind.name()),
            None => format!("{basis}/{}", kind.name()),
        }
    }

    /// A confirmed match tells something.
    pub fn made(
        basis: &str,
        hash: Digest,
        kind: Kind,
        field: Option<String>,
        by: &Actor,
    ) -> Change<Self> {
        let finding = Self {
            basis: basis.to_owned(),
            hash,
            kind,
            field,
            state: State::ToVerify,
            version: 0,
        };
        let record = finding.record(Act::FindingMade, by);
        Change::new(finding, record)
    }

    /// A person looked, and says what is so.
    ///
    /// # Errors
    /// A refusal (MATCH-08) when it was decided already, or without a reason.
    pub fn decide(
        mut self,
        is_so: bool,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "MATCH-08",
                "a word about a finding needs its reason",
            ));
        }
        let (verb, act) = if is_so {
            ("verify", Act::FindingVerified)
        } else {
            ("dismiss", Act::FindingDismissed)
        };
        self.moved(verb)?;
        let record = self.record(act, &by.actor()).text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Its match was refuted.
    ///
    /// # Errors
    /// A refusal when it is dismissed or withdrawn already.
    pub fn withdraw(mut self, by: &Actor) -> Result<Change<Self>, Refusal> {
        self.moved("withdraw")?;
        let record = self.record(Act::FindingWithdrawn, by);
        Ok(Change::new(self, record))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        match next(MOVES, verb, self.state) {
            Some(to) => {
                self.state = to;
                Ok(())
            }
            None => Err(Refusal::new(
                "MATCH-08",
                format!("this finding is {} already", self.state.name()),
            )),
        }
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let record = Record::new(act, by)
            .under(self.hash)
            .id("match", &self.basis)
            .fact("kind", Fact::Code(Code::of(self.kind.name())));
        match &self.field {
            Some(field) => record.id("field", field),
            None => record,
        }
    }

    /// The match that it rests on.
    pub fn basis(&self) -> &str {
        &self.basis
    }
    /// What is told.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// The field that tells it.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Aggregate for Finding {
    const KIND: &'static str = "finding";
    fn key(&self) -> String {
        Self::key_of(&self.basis, self.kind, self.field())
    }
    fn status(&self) -> &'static str {
        self.state.name()
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
