//! Routes: the register of the ways by which this node may send and receive (RUN-13). Only people move one on, and only
//! an approved one carries: an assurance alone is not enough (SEC-07, C-18).
//!
//! What is approved is a route with its settings. Another server, another key or another folder under the same name is
//! another route, and has to be approved anew.

use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Warrant;
use crate::change::{Aggregate, Change, Record, Step, next};
use crate::deadline::Deadline;
use crate::ids::{RouteId, StaffId};
use crate::refusal::Refusal;

/// How far a route has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Somebody wants it.
    Proposed,
    /// Somebody was assured of it, which is not enough to use it.
    Assured,
    /// It may be used for this data.
    Approved,
    /// It may be used no longer.
    Retired,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Assured => "assured",
            Self::Approved => "approved",
            Self::Retired => "retired",
        }
    }
}

/// Every step of a route but the first proposal. Another proposal of a route that is not retired is one of other
/// settings.
pub const MOVES: &[Step<State>] = &[
    ("assure", State::Proposed, State::Assured, "iao or siro"),
    ("approve", State::Assured, State::Approved, "iao or siro"),
    ("retire", State::Proposed, State::Retired, "iao or siro"),
    ("retire", State::Assured, State::Retired, "iao or siro"),
    ("retire", State::Approved, State::Retired, "iao or siro"),
    (
        "propose",
        State::Proposed,
        State::Proposed,
        "data-sharing-officer or analyst",
    ),
    (
        "propose",
        State::Assured,
        State::Proposed,
        "data-sharing-officer or analyst",
    ),
    (
        "propose",
        State::Approved,
        State::Proposed,
        "data-sharing-officer or analyst",
    ),
    (
        "propose",
        State::Retired,
        State::Proposed,
        "data-sharing-officer or analyst",
    ),
];

/// One route of this node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Route {
    name: RouteId,
    settings: Digest,
    proposer: StaffId,
    assurer: Option<StaffId>,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Route {
    /// A route with these settings is wanted.
    pub fn propose(name: &RouteId, settings: Digest, by: &Warrant) -> Change<Self> {
        Self {
            name: name.clone(),
            settings,
            proposer: by.staff().clone(),
            assurer: None,
            state: State::Proposed,
            version: 0,
        }
        .proposed(by)
    }

    /// It is wanted with other settings, or again after it was retired.
    ///
    /// # Errors
    /// A refusal (RUN-13) where it stands with these settings.
    pub fn propose_again(
        mut self,
        settings: Digest,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if self.settings == settings && self.state != State::Retired {
            return Err(self.not("propose"));
        }
        self.moved("propose")?;
        self.settings = settings;
        self.proposer = by.staff().clone();
        self.assurer = None;
        Ok(self.proposed(by))
    }

    fn proposed(self, by: &Warrant) -> Change<Self> {
        let record = self.record(Act::RouteProposed, by);
        Change::new(self, record)
    }

    /// Whoever runs it gave assurances; the reason says which.
    ///
    /// # Errors
    /// A refusal (SEC-07) from another state than `proposed`, of other settings, or without a reason.
    pub fn assure(
        mut self,
        settings: Digest,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.as_proposed(settings)?;
        with_reason(reason, "an assurance needs what it rests on")?;
        self.moved("assure")?;
        self.assurer = Some(by.staff().clone());
        let record = self.record(Act::RouteAssured, by).text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// It is accredited or approved for the data; the reason says by whom. Neither who proposed it nor who assured it
    /// approves it.
    ///
    /// # Errors
    /// A refusal (SEC-07, APP-04) from another state than `assured`, of other settings, by one of these people, or
    /// without a reason.
    pub fn approve(
        mut self,
        settings: Digest,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.as_proposed(settings)?;
        with_reason(reason, "an approval needs what it rests on")?;
        if *by.staff() == self.proposer || Some(by.staff()) == self.assurer.as_ref() {
            let what = "whoever proposed or assured a route does not approve it";
            return Err(Refusal::new("SEC-07", what).help("ask another person"));
        }
        self.moved("approve")?;
        let record = self.record(Act::RouteApproved, by).text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// It carries nothing any more. The record says whether what lay there was left, unasked.
    ///
    /// # Errors
    /// A refusal (RUN-13) where it is retired, or without a reason.
    pub fn retire(
        mut self,
        reason: &str,
        left: bool,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        with_reason(reason, "the end of a route needs its reason")?;
        self.moved("retire")?;
        let record = self.record(Act::RouteRetired, by).text("reason", reason);
        let record = match left {
            true => record.fact("what-lies-there", Fact::Code(Code::of("left"))),
            false => record,
        };
        Ok(Change::new(self, record))
    }

    /// May packages go by it, with these settings?
    ///
    /// # Errors
    /// A refusal that names the rule: SEC-07 where it is not approved yet, RUN-13 where it is retired or has other
    /// settings.
    pub fn carries(&self, settings: Digest) -> Result<(), Refusal> {
        match self.state {
            State::Approved => self.as_proposed(settings),
            State::Proposed | State::Assured => Err(Refusal::new(
                "SEC-07",
                format!(
                    "the route {} is {} and not approved: an assurance alone is not enough",
                    self.name,
                    self.state.name()
                ),
            )
            .help("`concordat route list` says who moves it on")),
            State::Retired => Err(Refusal::new(
                "RUN-13",
                format!("the route {} is retired", self.name),
            )
            .help("propose it again with `concordat route propose`, or use another")),
        }
    }

    fn as_proposed(&self, settings: Digest) -> Result<(), Refusal> {
        if self.settings == settings {
            return Ok(());
        }
        Err(Refusal::new(
            "RUN-13",
            format!(
                "the settings of the route {} in node.toml are not those that were proposed",
                self.name
            ),
        )
        .help("put them back, or propose it anew with `concordat route propose`"))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        self.state = next(MOVES, verb, self.state).ok_or_else(|| self.not(verb))?;
        Ok(())
    }

    fn not(&self, verb: &str) -> Refusal {
        let (name, state) = (&self.name, self.state.name());
        Refusal::new(
            "RUN-13",
            format!("the route {name} is {state}: it cannot {verb}"),
        )
        .help("`concordat route list` shows how far each has come")
    }

    /// Locked files of this node are to be taken away from where they lie, so many.
    pub(crate) fn clearing(&self, files: usize, by: &Warrant) -> Record {
        self.record(Act::RouteClearing, by)
            .rule("RET-16")
            .count("files", files as u64)
    }

    fn record(&self, act: Act, by: &Warrant) -> Record {
        Record::new(act, &by.actor())
            .rule("SEC-07")
            .id("route", &self.name)
            .fact("settings", Fact::Digest(self.settings))
    }

    /// Its name, as agreements know it.
    pub fn name(&self) -> &RouteId {
        &self.name
    }
    /// The digest of the settings that it was proposed with.
    pub fn settings(&self) -> Digest {
        self.settings
    }
    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }
}

fn with_reason(reason: &str, what: &'static str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::without_reason("SEC-07", what));
    }
    Ok(())
}

impl Aggregate for Route {
    const KIND: &'static str = "route";
    fn key(&self) -> String {
        self.name.to_string()
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
