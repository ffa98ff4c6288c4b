//! Line: whether calls by a route work at present. After so many failures in a row none is made for a while, the
//! technical contact of the agreement is to be told, and applications go on without the check (RTC-19).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::Actor;
use crate::change::{Aggregate, Record};
use crate::deadline::Deadline;
use crate::ids::{PartyId, RouteId};
use crate::machine::{Move, Owner};
use crate::ports::Calling;

/// Every step of one. A call after the pause tries whether it works again.
pub const MOVES: &[Move] = &[
    ("first call", None, "working", Owner::Node),
    ("first failure", None, "down", Owner::Node),
    ("fail", Some("working"), "down", Owner::Node),
    ("answer", Some("down"), "working", Owner::Node),
];

/// How calls by one route went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    route: RouteId,
    /// Who answers.
    supplier: PartyId,
    /// Failures in a row.
    failures: u32,
    /// Since when it is down, and until when no call is made.
    down: Option<(Timestamp, Timestamp)>,
    /// Whom to tell, by the agreement's annex.
    contact: String,
    #[serde(skip)]
    version: u64,
}

impl Line {
    /// A line that nothing is known of yet.
    pub(crate) fn new(route: &RouteId, supplier: &PartyId, contact: &str) -> Self {
        Self {
            route: route.clone(),
            supplier: supplier.clone(),
            failures: 0,
            down: None,
            contact: contact.to_owned(),
            version: 0,
        }
    }

    /// May a call be made now? One may when the pause is over, to see whether the line works again.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.down.is_none_or(|(_, until)| now >= until)
    }

    /// A call went so. What stands then, where that is news, with the record of a line that went down or came back.
    pub(crate) fn after(
        mut self,
        worked: bool,
        calling: &Calling,
        now: Timestamp,
    ) -> Option<(Self, Option<Record>)> {
        let was_down = self.down.is_some();
        if worked {
            let news = self.failures > 0 || was_down;
            self.failures = 0;
            self.down = None;
            let record = was_down.then(|| self.record(Act::LineRestored));
            return news.then_some((self, record));
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= calling.failures {
            let until = now.checked_add(calling.pause).unwrap_or(Timestamp::MAX);
            let since = self.down.map_or(now, |(since, _)| since);
            self.down = Some((since, until));
        }
        let fell = !was_down && self.down.is_some();
        let record = fell.then(|| self.record(Act::LineDown).rule("RTC-19"));
        Some((self, record))
    }

    fn record(&self, act: Act) -> Record {
        Record::new(act, &Actor::Node)
            .id("route", &self.route)
            .id("party", &self.supplier)
    }

    /// The route.
    pub fn route(&self) -> &RouteId {
        &self.route
    }
    /// Who answers on it.
    pub fn supplier(&self) -> &PartyId {
        &self.supplier
    }
    /// Since when it is down.
    pub fn down_since(&self) -> Option<Timestamp> {
        self.down.map(|(since, _)| since)
    }
    /// Whom to tell when it is down: the technical contact in the agreement's annex (PTY-18).
    pub fn contact(&self) -> &str {
        &self.contact
    }
}

impl Aggregate for Line {
    const KIND: &'static str = "line";
    fn key(&self) -> String {
        self.route.to_string()
    }
    fn status(&self) -> &'static str {
        match self.down {
            Some(_) => "down",
            None => "working",
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
