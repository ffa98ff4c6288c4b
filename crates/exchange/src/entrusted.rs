//! Entrusted: values that this node sent, and whose destruction the partner is to confirm (RET-14). What the partner's
//! keep rule says is counted here from what is known here; when its date comes and no certificate has, a person asks.
//! Nothing happens by itself.

use agreement::Period;
use jiff::Timestamp;
use ledger::Fact;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Actor;
use crate::change::{Aggregate, Record};
use crate::deadline::{Deadline, Expiry};
use crate::ids::PartyId;
use crate::leg::Leg;
use crate::machine::{Move, Owner};
use crate::ports::PortFault;
use crate::retention::KeepRule;

/// How long after its event a certificate is waited for, where the partner's rule ends at the event itself: RET-14's 28
/// days.
const WAIT: &str = "28 days";

/// One dataset of one sent file, at the partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrusted {
    leg: String,
    file: u32,
    what: String,
    party: PartyId,
    rows: u64,
    /// Rows that the partner has certified as destroyed.
    gone: u64,
    /// The partner's rule.
    rule: KeepRule,
    /// Does the partner keep confirmed rows longer, while it says that they are needed?
    keeps_confirmed: bool,
    due: Option<Timestamp>,
    #[serde(skip)]
    version: u64,
}

/// Every step of one. Past its date a person asks, and the certificate still moves it.
pub const MOVES: &[Move] = &[
    ("send", None, "waiting", Owner::Node),
    ("send", None, "counting", Owner::Node),
    ("event", Some("waiting"), "counting", Owner::Node),
    ("certify", Some("waiting"), "kept-there", Owner::Partner),
    ("certify", Some("waiting"), "destroyed", Owner::Partner),
    ("certify", Some("counting"), "kept-there", Owner::Partner),
    ("certify", Some("counting"), "destroyed", Owner::Partner),
    ("certify", Some("kept-there"), "destroyed", Owner::Partner),
];

/// A partner's certificate, as its letter says it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// How many rows.
    pub rows: u64,
    /// When the key died.
    pub at: Timestamp,
    /// The keep rule that asked for it.
    pub authority: String,
}

impl Entrusted {
    /// The key of a dataset of a leg's file.
    pub fn key_of(leg: &Leg, file: u32, what: &str) -> String {
        format!("{}.{file}/{what}", leg.key())
    }

    /// What the present file of a leg brought to its receiver.
    pub fn with(leg: &Leg, what: &str, rule: KeepRule, keeps_confirmed: bool) -> Self {
        Self {
            leg: leg.key(),
            file: leg.file(),
            what: what.to_owned(),
            party: leg.peer().clone(),
            rows: leg.rows(),
            gone: 0,
            rule,
            keeps_confirmed,
            due: None,
            version: 0,
        }
    }

    /// The event from which the partner counts happened at `at`, as far as is known here.
    ///
    /// # Errors
    /// When the date lies outside the calendar.
    pub fn happened(mut self, at: Timestamp) -> Result<Self, PortFault> {
        let wait = self.rule.after.or_else(|| Period::parse(WAIT));
        let wait = wait.ok_or_else(|| PortFault(format!("{WAIT} is no length of time")))?;
        let due = Deadline::after(at, wait, "certificate", &self.party, Expiry::Ask)?;
        self.due = Some(due.at());
        Ok(self)
    }

    /// Does the count wait for `event`?
    pub fn waits_for(&self, event: &str) -> bool {
        self.is_waiting() && self.rule.event == event
    }

    /// Has no count begun of what the partner still has?
    pub fn is_waiting(&self) -> bool {
        self.due.is_none() && self.left() > 0
    }

    /// The partner's certificate came: of the file, or of a row that it kept apart.
    #[must_use]
    pub fn certified(mut self, certificate: &Certificate) -> Self {
        self.gone = self.gone.saturating_add(certificate.rows).min(self.rows);
        self
    }

    /// How many rows the partner still has, as far as it has certified.
    pub fn left(&self) -> u64 {
        self.rows - self.gone
    }

    /// When the certificate is to be there; none while the count has not begun, when all is destroyed, and for rows that
    /// the partner may keep as confirmed.
    pub fn due(&self) -> Option<Timestamp> {
        let rest_is_kept = self.gone > 0 && self.keeps_confirmed;
        self.due.filter(|_| self.left() > 0 && !rest_is_kept)
    }

    /// The partner.
    pub fn party(&self) -> &PartyId {
        &self.party
    }
    /// The agreement's dataset.
    pub fn what(&self) -> &str {
        &self.what
    }
    /// The event from which the partner counts.
    pub fn event(&self) -> &str {
        &self.rule.event
    }
}

impl Certificate {
    /// The record that a certificate about `what` of a leg's file arrived.
    pub(crate) fn record(&self, leg: &Leg, file: u32, what: &str) -> Record {
        Record::new(
            Act::DestructionConfirmed,
            &Actor::Partner(leg.peer().clone()),
        )
        .under(leg.hash())
        .rule("RET-14")
        .id("run", leg.run())
        .id("flow", leg.flow())
        .id("what", what)
        .count("file", u64::from(file))
        .count("rows", self.rows)
        .fact("destroyed-at", Fact::At(self.at))
        .text("authority", self.authority.clone())
    }
}

impl Aggregate for Entrusted {
    const KIND: &'static str = "entrusted";
    fn key(&self) -> String {
        format!("{}.{}/{}", self.leg, self.file, self.what)
    }
    fn status(&self) -> &'static str {
        match (self.left(), self.gone, self.due) {
            (0, 1.., _) => "destroyed",
            (_, 1.., _) if self.keeps_confirmed => "kept-there",
            (_, _, Some(_)) => "counting",
            (_, _, None) => "waiting",
        }
    }
    /// None: nothing is done by itself, so the worker need not know.
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
