//! Decisions: the only doors to harm. Each is one that the agreement names, taken by a named person in the role that
//! it names, after all that it asks for (S-01, REF-04). Software takes none.

use std::collections::BTreeSet;

use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::StaffId;
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    /// It stands.
    Taken,
    /// A senior person is to agree to it.
    Waiting,
    /// A senior person did not agree to it.
    Declined,
    /// What it rests on was recalled: a person must look at it again.
    Reopened,
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("take", None, "taken", Owner::May(Action::Decide)),
    ("ask", None, "waiting", Owner::May(Action::Decide)),
    (
        "agree",
        Some("waiting"),
        "taken",
        Owner::May(Action::Approve),
    ),
    (
        "decline",
        Some("waiting"),
        "declined",
        Owner::May(Action::Approve),
    ),
    (
        "take",
        Some("declined"),
        "taken",
        Owner::May(Action::Decide),
    ),
    (
        "ask",
        Some("declined"),
        "waiting",
        Owner::May(Action::Decide),
    ),
    (
        "take",
        Some("reopened"),
        "taken",
        Owner::May(Action::Decide),
    ),
    (
        "ask",
        Some("reopened"),
        "waiting",
        Owner::May(Action::Decide),
    ),
    ("reopen", Some("taken"), "reopened", Owner::Node),
    ("reopen", Some("waiting"), "reopened", Owner::Node),
    ("reopen", Some("declined"), "reopened", Owner::Node),
];

/// A decision about one person, taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    name: String,
    about: String,
    hash: Digest,
    outcome: Option<String>,
    by: StaffId,
    times: u32,
    state: State,
    /// Whom a person is still to tell of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    tells: BTreeSet<String>,
    #[serde(skip)]
    version: u64,
}

/// What is decided.
#[derive(Clone, Debug)]
pub struct Deciding {
    /// The agreement's decision.
    pub name: String,
    /// What it is about: a row `run/flow/row`, or a trace.
    pub about: String,
    /// The agreement's hash.
    pub hash: Digest,
    /// What it comes to, where the agreement gives a choice.
    pub outcome: Option<String>,
    /// Does it wait until a senior person agrees?
    pub waits: bool,
    /// Whom a person tells of it when it is taken.
    pub tells: BTreeSet<String>,
}

impl Decision {
    /// The key under which the store has a decision.
    pub fn key_of(name: &str, about: &str) -> String {
        format!("{name}/{about}")
    }

    /// A named person takes it, with the reason. That everything the agreement asks for is there was asked before.
    ///
    /// # Errors
    /// A refusal (REF-04) without a reason.
    pub fn take(
        what: Deciding,
        reason: &str,
        considered: Option<&str>,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let decision = Self {
            name: what.name,
            about: what.about,
            hash: what.hash,
            outcome: what.outcome,
            by: by.staff().clone(),
            times: 1,
            state: State::taken(what.waits),
            tells: what.tells,
            version: 0,
        };
        let record = decision.taken(reason, considered, by);
        Ok(Change::new(decision, record))
    }

    /// A person takes it anew, after it was reopened or declined.
    ///
    /// # Errors
    /// A refusal (REF-04) while it stands or waits, or without a reason.
    pub fn take_again(
        mut self,
        what: Deciding,
        reason: &str,
        considered: Option<&str>,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let stands = match self.state {
            State::Taken => Some("was decided for this record already"),
            State::Waiting => Some("waits for a senior person already"),
            State::Declined | State::Reopened => None,
        };
        if let Some(stands) = stands {
            let what = format!("{} {stands}", self.name);
            return Err(Refusal::new("REF-04", what)
                .help("`concordat due` says what waits and what is open again"));
        }
        self.outcome = what.outcome;
        self.tells = what.tells;
        self.by = by.staff().clone();
        self.times += 1;
        self.state = State::taken(what.waits);
        let record = self.taken(reason, considered, by);
        Ok(Change::new(self, record))
    }

    /// A senior person, who is not the one who asked for it, agrees to it or does not.
    ///
    /// # Errors
    /// A refusal (CHILD-06) where it does not wait, to whoever asked for it, and without a reason.
    pub fn second(
        mut self,
        agrees: bool,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "CHILD-06",
                "whether one agrees to a decision needs its reason",
            ));
        }
        if self.state != State::Waiting {
            let what = format!("{} waits for nobody: it is {}", self.name, self.status());
            return Err(Refusal::new("CHILD-06", what).help("`concordat due` says what waits"));
        }
        if *by.staff() == self.by {
            let what = format!("whoever asks for {} does not agree to it too", self.name);
            return Err(Refusal::new("CHILD-06", what).help("ask another person in that role"));
        }
        let (state, act) = match agrees {
            true => (State::Taken, Act::DecisionSeconded),
            false => (State::Declined, Act::DecisionDeclined),
        };
        self.state = state;
        let record = self.record(act, &by.actor()).rule("CHILD-06");
        let record = record.text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// A person told somebody of it, as the agreement says.
    ///
    /// # Errors
    /// A refusal (REF-04) while it does not stand, and for whom nobody is to tell, or who was told.
    pub fn told(mut self, to: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if !self.stands() || !self.tells.remove(to) {
            let what = format!("{to} is not to be told of {}", self.name);
            return Err(Refusal::new("REF-04", what).help("`concordat due` says who is"));
        }
        let record = self.record(Act::DecisionTold, &by.actor()).id("to", to);
        Ok(Change::new(self, record))
    }

    /// What it rests on was recalled: a person must look at it again (S-04).
    ///
    /// # Errors
    /// A refusal when it is open again already.
    pub fn reopen(mut self, by: &Actor) -> Result<Change<Self>, Refusal> {
        if self.state == State::Reopened {
            return Err(Refusal::new("S-04", "this decision is open again already"));
        }
        self.state = State::Reopened;
        let record = self.record(Act::DecisionReopened, by).rule("FLAG-08");
        Ok(Change::new(self, record))
    }

    /// The record of its being taken, with how the duty was considered where the agreement names one.
    fn taken(&self, reason: &str, considered: Option<&str>, by: &Warrant) -> Record {
        let act = match self.waits() {
            true => Act::DecisionAsked,
            false => Act::DecisionTaken,
        };
        let record = self.record(act, &by.actor());
        let record = record.text("reason", reason);
        match considered {
            Some(text) => record.rule("CHILD-02").text("considered", text),
            None => record,
        }
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let record = Record::new(act, by)
            .under(self.hash)
            .id("decision", &self.name)
            .id("about", &self.about)
            .count("times", u64::from(self.times));
        match self.outcome.as_deref().and_then(|o| Code::parse(o).ok()) {
            Some(outcome) => record.fact("outcome", Fact::Code(outcome)),
            None => record,
        }
    }

    /// The agreement's name of it.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What it is about.
    pub fn about(&self) -> &str {
        &self.about
    }
    /// How often it was taken or asked for.
    pub fn times(&self) -> u32 {
        self.times
    }
    /// Does it stand?
    pub fn stands(&self) -> bool {
        self.state == State::Taken
    }
    /// Does it wait for a senior person?
    pub fn waits(&self) -> bool {
        self.state == State::Waiting
    }
    /// Must a person look at it again?
    pub fn is_open_again(&self) -> bool {
        self.state == State::Reopened
    }
    /// Whom a person is still to tell of it; empty while it does not stand.
    pub fn to_tell(&self) -> impl Iterator<Item = &str> {
        let tells = self.tells.iter().filter(|_| self.stands());
        tells.map(String::as_str)
    }
}

impl State {
    fn taken(waits: bool) -> Self {
        if waits { Self::Waiting } else { Self::Taken }
    }
}

fn needs_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::without_reason(
            "REF-04",
            "a decision needs its reason",
        ));
    }
    Ok(())
}

impl Aggregate for Decision {
    const KIND: &'static str = "decision";
    fn key(&self) -> String {
        Self::key_of(&self.name, &self.about)
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Taken => "taken",
            State::Waiting => "waiting",
            State::Declined => "declined",
            State::Reopened => "reopened",
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
