//! Flags: what the case register shows because of a confirmed match. Set by a person, shown by an effect,
//! never overwritten (FLAG-10). Names are the seven of FLAG-03 and no other.

use jiff::Timestamp;
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::effect::Effect;
use crate::ids::StaffId;
use crate::machine::{Move, Owner};
use crate::matches::{Match, Standing};
use crate::refusal::Refusal;

/// The seven flags by their exact names (FLAG-03).
pub const NAMES: [&str; 7] = [
    "ISD DVLA Match",
    "ISD HMRC Match",
    "ISD HMRC B&C Revoked",
    "NHS Treatment Case",
    "ISD NHS Debtor",
    "NRPF Supported",
    "I & S D interest",
];

/// One thing that happened to a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A person set it.
    Set {
        /// Who.
        by: StaffId,
        /// When.
        at: Timestamp,
    },
    /// The case register shows it.
    Shown {
        /// When.
        at: Timestamp,
    },
    /// What was begun because of it is concluded; how is in the ledger.
    Concluded {
        /// Who said so.
        by: StaffId,
        /// When.
        at: Timestamp,
    },
    /// It is to be taken away; why is in the ledger.
    Lifting {
        /// Who said so; none where the partner did, by recalling what it rests on.
        by: Option<StaffId>,
        /// When.
        at: Timestamp,
    },
    /// The case register no longer shows it.
    Lifted {
        /// When.
        at: Timestamp,
    },
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("set", None, "in-progress", Owner::May(Action::ReviewMatch)),
    ("show", Some("in-progress"), "applied", Owner::Node),
    (
        "conclude",
        Some("in-progress"),
        "concluded",
        Owner::May(Action::ReviewMatch),
    ),
    (
        "conclude",
        Some("applied"),
        "concluded",
        Owner::May(Action::ReviewMatch),
    ),
    (
        "lift",
        Some("in-progress"),
        "lifting",
        Owner::May(Action::ReviewMatch),
    ),
    (
        "lift",
        Some("applied"),
        "lifting",
        Owner::May(Action::ReviewMatch),
    ),
    (
        "lift",
        Some("concluded"),
        "lifting",
        Owner::May(Action::ReviewMatch),
    ),
    ("recall", Some("in-progress"), "lifting", Owner::Partner),
    ("recall", Some("applied"), "lifting", Owner::Partner),
    ("recall", Some("concluded"), "lifting", Owner::Partner),
    ("take away", Some("lifting"), "lifted", Owner::Node),
];

/// A flag on the person of one confirmed match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flag {
    name: String,
    basis: String,
    hash: Digest,
    history: Vec<Event>,
    #[serde(skip)]
    version: u64,
}

impl Flag {
    /// The key under which the store has the flag of a match.
    pub fn key_of(basis: &str, name: &str) -> String {
        let name: String = name
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!("{basis}/{name}")
    }

    /// Sets a flag for a confirmed match; the case register will show it.
    ///
    /// # Errors
    /// A refusal for an unknown name (FLAG-03) or a match that is not confirmed (FLAG-04, MATCH-06).
    pub fn set(
        name: &str,
        basis: &Match,
        at: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if !NAMES.contains(&name) {
            return Err(Refusal::new("FLAG-03", "there is no flag of this name")
                .help(format!("the names are: {}", NAMES.join(", "))));
        }
        if basis.standing() != Standing::Confirmed {
            return Err(Refusal::new(
                "FLAG-04",
                format!(
                    "row {} of {} is {}, not confirmed",
                    basis.row(),
                    basis.run(),
                    basis.status()
                ),
            )
            .help("a person must confirm the match first"));
        }
        let history = vec![Event::Set {
            by: by.staff().clone(),
            at,
        }];
        let flag = Self {
            name: name.to_owned(),
            basis: basis.key(),
            hash: basis.hash(),
            history,
            version: 0,
        };
        let record = flag.record(Act::FlagSet, &by.actor());
        let effect = Effect::ShowFlag {
            flag: flag.key(),
            holding: basis.holding().clone(),
            item: crate::rows::item_name(basis.row()),
        };
        Ok(Change::new(flag, record).effect(effect))
    }

    /// The case register shows it.
    ///
    /// # Errors
    /// A refusal when it was shown before.
    pub fn shown(mut self, at: Timestamp) -> Result<Change<Self>, Refusal> {
        if self.has(|e| matches!(e, Event::Shown { .. })) {
            return Err(Refusal::new(
                "FLAG-10",
                "the register shows this flag already",
            ));
        }
        self.history.push(Event::Shown { at });
        let record = self.record(Act::FlagShown, &Actor::Node);
        Ok(Change::new(self, record))
    }

    /// A person says how what was begun because of it ended (FLAG-07). The register still shows it: that it was is no
    /// secret.
    ///
    /// # Errors
    /// A refusal (FLAG-07) when it is concluded or lifted already, or without saying how.
    pub fn conclude(
        mut self,
        how: &str,
        at: Timestamp,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if how.trim().is_empty() {
            return Err(Refusal::without_reason(
                "FLAG-07",
                "a conclusion needs its reason",
            ));
        }
        if !self.is_open() {
            return Err(
                Refusal::new("FLAG-07", format!("{} is {}", self.key(), self.status()))
                    .help("nothing more is followed because of it"),
            );
        }
        self.history.push(Event::Concluded {
            by: by.staff().clone(),
            at,
        });
        let record = self
            .record(Act::FlagConcluded, &by.actor())
            .rule("FLAG-07")
            .text("how", how);
        Ok(Change::new(self, record))
    }

    /// Is what was begun because of it still to be followed to its end (FLAG-07)?
    pub fn is_open(&self) -> bool {
        !self.is_going() && !self.has(|e| matches!(e, Event::Concluded { .. }))
    }

    /// It is to be taken away, with the reason: its match was refuted, or the status changed (FLAG-08).
    ///
    /// # Errors
    /// A refusal when it is going already (FLAG-10), or without a reason.
    pub fn lift(
        mut self,
        reason: &str,
        at: Timestamp,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "FLAG-08",
                "lifting a flag needs its reason",
            ));
        }
        if self.is_going() {
            return Err(Refusal::new("FLAG-10", "this flag is lifted already")
                .help("nothing is to be done: the register stops showing it by itself"));
        }
        self.history.push(Event::Lifting {
            by: by.staff().cloned(),
            at,
        });
        let record = self
            .record(Act::FlagLifting, by)
            .rule("FLAG-08")
            .text("reason", reason);
        let effect = Effect::LiftFlag { flag: self.key() };
        Ok(Change::new(self, record).effect(effect))
    }

    /// The case register no longer shows it.
    ///
    /// # Errors
    /// A refusal when it was not to be lifted (FLAG-10).
    pub fn lifted(mut self, at: Timestamp) -> Result<Change<Self>, Refusal> {
        if !self.is_going() || self.has(|e| matches!(e, Event::Lifted { .. })) {
            return Err(Refusal::new("FLAG-10", "this flag is not being lifted"));
        }
        self.history.push(Event::Lifted { at });
        let record = self.record(Act::FlagLifted, &Actor::Node);
        Ok(Change::new(self, record))
    }

    /// Is it to be taken away, or gone?
    pub fn is_going(&self) -> bool {
        self.has(|e| matches!(e, Event::Lifting { .. }))
    }

    fn has(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.history.iter().any(what)
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let code = Self::key_of("flag", &self.name);
        let record = Record::new(act, by)
            .under(self.hash)
            .id("match", &self.basis);
        match Code::parse(&code) {
            Ok(code) => record.fact("flag", Fact::Code(code)),
            Err(_) => record,
        }
    }

    /// The match that it rests on.
    pub fn basis(&self) -> &str {
        &self.basis
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// All that happened to it.
    pub fn history(&self) -> &[Event] {
        &self.history
    }
}

impl Aggregate for Flag {
    const KIND: &'static str = "flag";
    fn key(&self) -> String {
        Self::key_of(&self.basis, &self.name)
    }
    fn status(&self) -> &'static str {
        if self.has(|e| matches!(e, Event::Lifted { .. })) {
            "lifted"
        } else if self.is_going() {
            "lifting"
        } else if !self.is_open() {
            "concluded"
        } else if self.has(|e| matches!(e, Event::Shown { .. })) {
            "applied"
        } else {
            "in-progress"
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
