//! Holdings: every value that the node keeps stands in a holding, under one key, with a rule that says when the
//! key dies (RET-01). Never touches the key itself: destruction is an effect, its certificate the record after.

mod legal_hold;

use std::collections::BTreeMap;

pub use legal_hold::{Cause, LegalHold, MOVES as LEGAL_HOLD_MOVES};

use agreement::Period;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::{Deadline, Expiry};
use crate::effect::Effect;
use crate::ids::{HoldingId, PartyId};
use crate::machine::{Move, Owner};
use crate::ports::PortFault;
use crate::refusal::Refusal;

/// The event of a rule that keeps values while a person says, again and again, that they are needed.
pub const NEED_REVIEWED: &str = "need-reviewed";

/// How long values are kept: from or until an event, as the agreement's keep rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepRule {
    /// The event that starts the count, such as `matching-complete` or `received`.
    pub event: String,
    /// How long after the event the key dies; none means at the event.
    pub after: Option<Period>,
    /// The clause that asks for it.
    pub authority: String,
}

impl KeepRule {
    /// When the key dies of what `keeper` keeps by it, where its event happened at `at`.
    pub(crate) fn due(&self, at: Timestamp, keeper: &PartyId) -> Result<Timestamp, Refusal> {
        let Some(period) = self.after else {
            return Ok(at);
        };
        let due = Deadline::after(at, period, "destroy", keeper, Expiry::Destroy);
        let due = due.map_err(|PortFault(what)| Refusal::new("RET-01", what))?;
        Ok(due.at())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Kept,
    Counting { from: Timestamp, due: Timestamp },
    Destroying { due: Timestamp },
    Destroyed { at: Timestamp },
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("open", None, "kept", Owner::Node),
    ("open", None, "counting", Owner::Node),
    ("event", Some("kept"), "counting", Owner::Node),
    (
        "give up",
        Some("kept"),
        "counting",
        Owner::May(Action::DestroyEarly),
    ),
    ("discard", Some("kept"), "destroying", Owner::Node),
    ("discard", Some("counting"), "destroying", Owner::Node),
    (
        "discard under a hold",
        Some("kept"),
        "counting",
        Owner::Node,
    ),
    ("fall due", Some("counting"), "destroying", Owner::Clock),
    ("certify", Some("destroying"), "destroyed", Owner::Node),
];

/// One set of values under one key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holding {
    id: HoldingId,
    agreement: Option<Digest>,
    what: String,
    keeper: PartyId,
    rows: u64,
    rule: KeepRule,
    /// Whose controller-ship it is under at present (LEG-26).
    controller: String,
    state: State,
    /// Where a certificate is owed: the party that the values came from.
    owed_to: Option<PartyId>,
    /// What suspends its destruction, by name (RET-13).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    holds: BTreeMap<HoldingId, LegalHold>,
    #[serde(skip)]
    version: u64,
}

/// What a new holding is to be.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its id.
    pub id: HoldingId,
    /// The agreement under which the values came.
    pub agreement: Option<Digest>,
    /// The agreement's dataset.
    pub what: String,
    /// The party that keeps it.
    pub keeper: PartyId,
    /// How many rows.
    pub rows: u64,
    /// The rule.
    pub rule: KeepRule,
    /// The party that is controller of it at present, or both in common (LEG-26).
    pub controller: String,
    /// The party that is owed a certificate.
    pub owed_to: Option<PartyId>,
    /// When the rule's event happened, where it is the opening itself (such as `received`).
    pub started: Option<Timestamp>,
}

impl Holding {
    /// Opens a holding: values may be put in it from now on.
    ///
    /// # Errors
    /// A refusal when the rule's date lies outside the calendar (RET-01).
    pub fn open(opening: Opening, by: &Actor) -> Result<Change<Self>, Refusal> {
        let Opening {
            id,
            agreement,
            what,
            keeper,
            rows,
            rule,
            controller,
            owed_to,
            started,
        } = opening;
        let state = State::Kept;
        let mut holding = Self {
            id,
            agreement,
            what,
            keeper,
            rows,
            rule,
            controller,
            state,
            owed_to,
            holds: BTreeMap::new(),
            version: 0,
        };
        let mut record = holding.record(Act::HoldingOpened, by).count("rows", rows);
        if let Some(at) = started {
            let due = holding.start(at)?;
            record = record.fact("due", Fact::At(due));
        }
        Ok(Change::new(holding, record))
    }

    /// So many of its rows are kept apart from now on, under a key and a rule of their own: its certificate will not
    /// count them (RET-12).
    ///
    /// # Errors
    /// A refusal (RET-01) when its key is going or gone, or when it has not so many rows.
    pub fn kept_apart(mut self, rows: u64, by: &Actor) -> Result<Change<Self>, Refusal> {
        let left = self.rows.checked_sub(rows).filter(|_| self.is_alive());
        self.rows = left.ok_or_else(|| {
            Refusal::new(
                "RET-01",
                format!("holding {} has not {rows} rows to keep", self.id),
            )
        })?;
        let record = self
            .record(Act::HoldingKeptApart, by)
            .rule("RET-12")
            .count("apart", rows)
            .count("rows", self.rows);
        Ok(Change::new(self, record))
    }

    /// The rule's event happened at `at`: the count starts.
    ///
    /// # Errors
    /// A refusal when the count runs already (RET-01).
    pub fn happened(mut self, at: Timestamp, by: &Actor) -> Result<Change<Self>, Refusal> {
        if self.state != State::Kept {
            return Err(Refusal::new(
                "RET-01",
                format!("holding {} counts already", self.id),
            ));
        }
        let due = self.start(at)?;
        let record = self
            .record(Act::HoldingEvent, by)
            .fact("due", Fact::At(due));
        Ok(Change::new(self, record))
    }

    fn start(&mut self, at: Timestamp) -> Result<Timestamp, Refusal> {
        let due = self.rule.due(at, &self.keeper)?;
        self.state = State::Counting { from: at, due };
        Ok(due)
    }

    /// A person says that the values are still needed, and why: the count starts anew (RET-04).
    ///
    /// # Errors
    /// A refusal (RET-01) when nothing is looked at again, when the date has come, or without a reason.
    pub fn needed(
        mut self,
        reason: &str,
        now: Timestamp,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let State::Counting { due, .. } = self.state else {
            return Err(Refusal::new(
                "RET-01",
                format!("holding {} is not counting", self.id),
            ));
        };
        if self.rule.event != NEED_REVIEWED || now >= due {
            return Err(Refusal::new(
                "RET-01",
                format!(
                    "holding {} is not kept by need, or its date has come",
                    self.id
                ),
            ));
        }
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "RET-01",
                "that something is needed needs its reason",
            ));
        }
        let due = self.start(now)?;
        let record = self
            .record(Act::NeedConfirmed, by)
            .rule("RET-04")
            .fact("due", Fact::At(due))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// The values are not wanted (a file that a person refused, a match that was refuted): they die now, whatever the rule
    /// allows. Intends the destruction of the key; under a hold, once that is released.
    ///
    /// # Errors
    /// A refusal when the key is going or gone already.
    pub fn discard(self, at: Timestamp, by: &Actor) -> Result<Change<Self>, Refusal> {
        self.alive()?;
        if self.is_held() {
            let record = self
                .record(Act::HoldingEvent, by)
                .rule("RET-13")
                .fact("due", Fact::At(at));
            return Ok(Change::new(self.due_on_release(at), record));
        }
        Ok(self.destroying(at, by))
    }

    fn alive(&self) -> Result<(), Refusal> {
        self.is_alive().then_some(()).ok_or_else(|| {
            Refusal::new("RET-01", format!("holding {} is being destroyed", self.id))
                .help("nothing is to be done: the certificate follows by itself")
        })
    }

    fn destroying(mut self, due: Timestamp, by: &Actor) -> Change<Self> {
        self.state = State::Destroying { due };
        let record = self
            .record(Act::DestructionDue, by)
            .fact("due", Fact::At(due));
        let holding = self.id.clone();
        Change::new(self, record).effect(Effect::DestroyKey { holding })
    }

    /// A person says that the values are not needed any more, and why: they die now, whatever the rule allows.
    ///
    /// # Errors
    /// A refusal (RET-01) without a reason, for values that no agreement brought (the node's own evidence), or when
    /// the key is going or gone already.
    pub fn give_up(
        mut self,
        reason: &str,
        at: Timestamp,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "RET-01",
                "destroying before the date needs its reason",
            ));
        }
        if self.agreement.is_none() {
            return Err(Refusal::new(
                "RET-01",
                format!("{} is the evidence of this node's own acts", self.id),
            )
            .help("it goes on its date: the ledger's texts could not be opened without it"));
        }
        self.alive()?;
        if let Some((name, _)) = self.holds().next() {
            let what = format!("{name} holds {}: nothing of it is destroyed", self.id);
            return Err(Refusal::new("RET-13", what).help("have the hold released first"));
        }
        self.state = State::Counting { from: at, due: at };
        let record = self
            .record(Act::HoldingEvent, by)
            .fact("due", Fact::At(at))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// The date has come: intends the destruction of the key.
    ///
    /// # Errors
    /// A refusal when the date has not come (destruction is never early) or the key is going already.
    pub fn fall_due(self, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let State::Counting { due, .. } = self.state else {
            return Err(Refusal::new(
                "RET-01",
                format!("holding {} is not counting", self.id),
            ));
        };
        if now < due || self.is_held() {
            let why = if self.is_held() {
                format!("holding {} is held", self.id)
            } else {
                format!("holding {} is not due before {due}", self.id)
            };
            return Err(Refusal::new("RET-01", why));
        }
        Ok(self.destroying(due, &Actor::Node))
    }

    /// The key is dead: the certificate (RET-12), with the last day on which a backup may still hold a copy (RET-16).
    ///
    /// # Errors
    /// A refusal when no destruction was intended.
    pub fn destroyed(
        mut self,
        at: Timestamp,
        backups: Option<Date>,
    ) -> Result<Change<Self>, Refusal> {
        let State::Destroying { due } = self.state else {
            return Err(Refusal::new(
                "RET-12",
                format!("holding {} was not to be destroyed", self.id),
            ));
        };
        self.state = State::Destroyed { at };
        let mut record = self
            .record(Act::KeyDestroyed, &Actor::Node)
            .rule("RET-12")
            .count("rows", self.rows)
            .fact("due", Fact::At(due))
            .fact("destroyed-at", Fact::At(at))
            .fact("method", Fact::Code(ledger::Code::of("key-destroyed")))
            .text("authority", self.rule.authority.clone());
        if let Some(last) = backups {
            record = record.fact("backups-until", Fact::Date(last));
        }
        Ok(Change::new(self, record))
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let record = Record::new(act, by)
            .id("holding", &self.id)
            .id("what", &self.what);
        match self.agreement {
            Some(hash) => record.under(hash),
            None => record,
        }
    }

    /// Its id.
    pub fn id(&self) -> &HoldingId {
        &self.id
    }
    /// The hash of the agreement under which the values came; none for the node's own evidence.
    pub fn agreement(&self) -> Option<Digest> {
        self.agreement
    }
    /// The agreement's dataset.
    pub fn what(&self) -> &str {
        &self.what
    }
    /// How many rows die with its key: those it was opened for, without those that are kept apart.
    pub fn rows(&self) -> u64 {
        self.rows
    }
    /// The rule.
    pub fn rule(&self) -> &KeepRule {
        &self.rule
    }
    /// The party that is controller of it at present, or both in common (LEG-26).
    pub fn controller(&self) -> &str {
        &self.controller
    }
    /// Is its key alive?
    pub fn is_alive(&self) -> bool {
        matches!(self.state, State::Kept | State::Counting { .. })
    }
    /// When its key dies, where that is known.
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            State::Counting { due, .. } | State::Destroying { due } => Some(due),
            State::Kept | State::Destroyed { .. } => None,
        }
    }
    /// Does the count wait for `event`?
    pub fn waits_for(&self, event: &str) -> bool {
        self.state == State::Kept && self.rule.event == event
    }
    /// The party that is owed a certificate.
    pub fn owed_to(&self) -> Option<&PartyId> {
        self.owed_to.as_ref()
    }
}

impl Aggregate for Holding {
    const KIND: &'static str = "holding";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Kept => "kept",
            State::Counting { .. } => "counting",
            State::Destroying { .. } => "destroying",
            State::Destroyed { .. } => "destroyed",
        }
    }
    fn deadline(&self) -> Option<Deadline> {
        match self.state {
            State::Counting { .. } if self.is_held() => None,
            State::Counting { due, .. } => Some(Deadline::at_instant(
                due,
                "destroy",
                &self.keeper,
                Expiry::Destroy,
            )),
            State::Kept | State::Destroying { .. } | State::Destroyed { .. } => None,
        }
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
