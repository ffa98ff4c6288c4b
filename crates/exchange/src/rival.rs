//! A rival: a second, different file for a leg that has one. It is kept as it came, sealed and unopened, until two people
//! decide: one says what becomes of it, and another says so too.

use jiff::Timestamp;
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{BadId, FlowId, PackageId, RunId, StaffId};
use crate::leg::{Arrival, Leg};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

/// What becomes of a rival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It takes the place of the first, which goes unused.
    Take,
    /// It goes unopened; the first stands.
    Refuse,
}

impl Fate {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Refuse => "refuse",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Waits,
    /// One person said what becomes of it.
    Said {
        fate: Fate,
        by: StaffId,
    },
    Taken,
    Refused,
}

/// Every step: the verb, from where, to where, whose.
pub const MOVES: &[Move] = &[
    ("come", None, "waits", Owner::Partner),
    (
        "take",
        Some("waits"),
        "said",
        Owner::May(Action::DecideHold),
    ),
    (
        "refuse",
        Some("waits"),
        "said",
        Owner::May(Action::DecideHold),
    ),
    (
        "take",
        Some("said"),
        "taken",
        Owner::May(Action::DecideHold),
    ),
    (
        "refuse",
        Some("said"),
        "refused",
        Owner::May(Action::DecideHold),
    ),
    ("come", Some("taken"), "waits", Owner::Partner),
    ("come", Some("refused"), "waits", Owner::Partner),
];

/// A second, different file for a leg.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rival {
    run: RunId,
    flow: FlowId,
    hash: Digest,
    package: PackageId,
    bytes: Digest,
    at: Timestamp,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Rival {
    /// The node holds a file that came for this leg beside the one that it has. `before` is the one that was decided last.
    ///
    /// # Errors
    /// A refusal (RUN-04) while another one waits.
    pub fn hold(leg: &Leg, file: &Arrival, before: Option<Self>) -> Result<Change<Self>, Refusal> {
        if before.as_ref().is_some_and(Self::is_open) {
            let what = format!("two files of {} of {} are here", leg.flow(), leg.run());
            return Err(Refusal::new("RUN-04", what).help("have people decide about those first"));
        }
        let rival = Self {
            run: leg.run().clone(),
            flow: leg.flow().clone(),
            hash: leg.hash(),
            package: file.package.clone(),
            bytes: file.bytes,
            at: file.at,
            state: State::Waits,
            version: before.map_or(0, |b| b.version),
        };
        let record = rival
            .record(Act::RivalHeld, &Actor::Partner(leg.peer().clone()))
            .id("package", &rival.package)
            .fact("ciphertext", Fact::Digest(rival.bytes));
        Ok(Change::new(rival, record))
    }

    /// A person says what becomes of it, and why. It is decided when another person says the same; where they do not agree,
    /// the later word waits for another's.
    ///
    /// # Errors
    /// A refusal (RUN-04) when it is decided, when the same person says the same again, or without a reason.
    pub fn say(mut self, fate: Fate, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "what becomes of a second file needs its reason";
            return Err(Refusal::without_reason("RUN-04", what));
        }
        let (state, act) = match &self.state {
            State::Said {
                fate: said,
                by: first,
            } if *said == fate => {
                if first == by.staff() {
                    let what = format!("you said that already of {} of {}", self.flow, self.run);
                    return Err(Refusal::new("RUN-04", what).help("another person says so too"));
                }
                match fate {
                    Fate::Take => (State::Taken, Act::RivalTaken),
                    Fate::Refuse => (State::Refused, Act::RivalRefused),
                }
            }
            State::Waits | State::Said { .. } => {
                let by = by.staff().clone();
                (State::Said { fate, by }, Act::RivalSpokenOf)
            }
            State::Taken | State::Refused => {
                let what = format!("no second file of {} of {} waits", self.flow, self.run);
                return Err(Refusal::new("RUN-04", what).help("it was decided"));
            }
        };
        self.state = state;
        let record = self
            .record(act, &by.actor())
            .fact("fate", Fact::Code(Code::of(fate.name())))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by)
            .under(self.hash)
            .rule("RUN-04")
            .id("run", &self.run)
            .id("flow", &self.flow)
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }
    /// The flow.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// Do people still have to decide about it?
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Waits | State::Said { .. })
    }
    /// What one person said of it, where another has not.
    pub fn said(&self) -> Option<Fate> {
        match &self.state {
            State::Said { fate, .. } => Some(*fate),
            State::Waits | State::Taken | State::Refused => None,
        }
    }
    /// What was decided.
    pub fn decided(&self) -> Option<Fate> {
        match &self.state {
            State::Taken => Some(Fate::Take),
            State::Refused => Some(Fate::Refuse),
            State::Waits | State::Said { .. } => None,
        }
    }
    /// The digest of its bytes, as they came.
    pub fn bytes(&self) -> Digest {
        self.bytes
    }
    /// The name that its bytes are kept under: it may come under the name of the first.
    ///
    /// # Errors
    /// None in practice: the form is fixed.
    pub fn kept_as(&self) -> Result<PackageId, BadId> {
        PackageId::parse(format!("rival.{}", self.bytes))
    }
    /// It as the file of its leg.
    pub fn arrival(&self, reply_by: Option<Timestamp>, late: bool) -> Arrival {
        Arrival {
            package: self.package.clone(),
            at: self.at,
            bytes: self.bytes,
            reply_by,
            late,
        }
    }
}

impl Aggregate for Rival {
    const KIND: &'static str = "rival";
    fn key(&self) -> String {
        Leg::key_of(&self.run, &self.flow)
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Waits => "waits",
            State::Said { .. } => "said",
            State::Taken => "taken",
            State::Refused => "refused",
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
