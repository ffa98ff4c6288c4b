//! Runs: one period's exchange, as the node that starts it sees it. A run says what was asked for and by whom;
//! its files are legs, each with its own state.

use jiff::civil::Date;
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, ProjectId, RunId};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

/// What kind of run it is (RUN-03, RUN-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Planned once.
    OneOff,
    /// Planned again and again.
    Regular,
    /// Whenever the agreement's circumstances ask for it, case by case.
    OnDemand,
    /// A list of a pilot or project, which has a definite end (RUN-22).
    AdHocTransfer,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneOff => "one-off",
            Self::Regular => "regular",
            Self::OnDemand => "on-demand",
            Self::AdHocTransfer => "ad-hoc-transfer",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Open,
    Closing { on: Date },
    Closed { on: Date },
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("start", None, "open", Owner::May(Action::Run)),
    ("close", Some("open"), "closing", Owner::May(Action::Run)),
    ("files gone", Some("closing"), "closed", Owner::Node),
];

/// Who was looked at when the run was selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Everybody in the register.
    pub register: u64,
    /// Whoever meets the flow's condition today.
    pub eligible: u64,
    /// Of those, whoever was asked about before.
    pub checked: u64,
    /// Selected for the first time.
    pub first: u64,
    /// Selected again after no hit.
    pub again: u64,
}

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    id: RunId,
    agreement: AgreementId,
    hash: Digest,
    /// None in runs of agreements that were laid before projects were written down.
    #[serde(default)]
    project: Option<ProjectId>,
    flow: FlowId,
    kind: Kind,
    on: Date,
    #[serde(default)]
    reply_by: Option<Date>,
    pool: Pool,
    state: State,
    #[serde(skip)]
    version: u64,
}

/// What starts a run.
#[derive(Clone, Debug)]
pub struct Starting {
    /// The run.
    pub id: RunId,
    /// The agreement.
    pub agreement: AgreementId,
    /// Its hash.
    pub hash: Digest,
    /// The project that the agreement belongs to (RUN-03).
    pub project: Option<ProjectId>,
    /// The flow that it starts with.
    pub flow: FlowId,
    /// Its kind.
    pub kind: Kind,
    /// The day.
    pub on: Date,
    /// The last day for the answer (RUN-03); none where nothing says one.
    pub reply_by: Option<Date>,
    /// Who was looked at.
    pub pool: Pool,
    /// Why there is a second run in the period, where there is (RUN-02).
    pub reason: Option<String>,
}

impl Run {
    /// A run starts.
    pub fn start(starting: Starting, by: &Warrant) -> Change<Self> {
        let Starting {
            id,
            agreement,
            hash,
            project,
            flow,
            kind,
            on,
            reply_by,
            pool,
            reason,
        } = starting;
        let run = Self {
            id,
            agreement,
            hash,
            project,
            flow,
            kind,
            on,
            reply_by,
            pool,
            state: State::Open,
            version: 0,
        };
        let mut record = run
            .record(Act::RunStarted, &by.actor())
            .id("flow", &run.flow)
            .fact("kind", Fact::Code(Code::of(kind.name())))
            .count("register", pool.register)
            .count("eligible", pool.eligible)
            .count("checked", pool.checked)
            .count("first", pool.first)
            .count("again", pool.again);
        if let Some(project) = &run.project {
            record = record.id("project", project);
        }
        if let Some(day) = run.reply_by {
            record = record.fact("reply-by", Fact::Date(day));
        }
        if let Some(reason) = reason {
            record = record.rule("RUN-02").text("reason", reason);
        }
        Change::new(run, record)
    }

    /// All that was to be done is done; the transfer files are going (RUN-21).
    ///
    /// # Errors
    /// A refusal (RUN-04) when it is closed already.
    pub fn closing(mut self, on: Date, by: &Actor) -> Result<Change<Self>, Refusal> {
        if self.state != State::Open {
            return Err(Refusal::new(
                "RUN-04",
                format!("{} is {} already", self.id, self.status()),
            ));
        }
        self.state = State::Closing { on };
        let record = self.record(Act::RunClosing, by).rule("RUN-21");
        Ok(Change::new(self, record))
    }

    /// The transfer files are gone (RET-03).
    ///
    /// # Errors
    /// A refusal (RUN-21) when it was not closing.
    pub fn closed(mut self, on: Date) -> Result<Change<Self>, Refusal> {
        if !self.is_closing() {
            return Err(Refusal::new(
                "RUN-21",
                format!("{} is not closing", self.id),
            ));
        }
        self.state = State::Closed { on };
        let record = self.record(Act::RunClosed, &Actor::Node).rule("RUN-21");
        Ok(Change::new(self, record))
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by).under(self.hash).id("run", &self.id)
    }

    /// Its name.
    pub fn id(&self) -> &RunId {
        &self.id
    }
    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The hash of the agreement under which it was started: the version of its specification.
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// The project that its agreement belongs to (RUN-03).
    pub fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }
    /// The last day for the answer, as it was when the run started (RUN-03).
    pub fn reply_by(&self) -> Option<Date> {
        self.reply_by
    }
    /// The flow that it starts with.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// The day on which it was started.
    pub fn on(&self) -> Date {
        self.on
    }
    /// Who was looked at.
    pub fn pool(&self) -> Pool {
        self.pool
    }
    /// Are its files being destroyed?
    pub fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing { .. })
    }
}

impl Aggregate for Run {
    const KIND: &'static str = "run";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Open => "open",
            State::Closing { .. } => "closing",
            State::Closed { .. } => "closed",
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
