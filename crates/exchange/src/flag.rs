//! Flags: what the case register shows because of a confirmed match. Set by a person, shown by an effect,
//! never overwritten (FLAG-10). Names are the seven of FLAG-03 and no other.

use jiff::Timestamp;
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::effect::{Effect, RegisterAct};
use crate::ids::StaffId;
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
}

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
        let effect = Effect::Register {
            flag: flag.key(),
            holding: basis.holding().clone(),
            item: crate::rows::item_name(basis.row()),
            act: RegisterAct::SetFlag {
                name: name.to_owned(),
            },
        };
        Ok(Change::new(flag, record).effect(effect))
    }

    /// The case register shows it.
    ///
    /// # Errors
    /// A refusal when it was shown before.
    pub fn shown(mut self, at: Timestamp) -> Result<Change<Self>, Refusal> {
        if self
            .history
            .iter()
            .any(|e| matches!(e, Event::Shown { .. }))
        {
            return Err(Refusal::new(
                "FLAG-10",
                "the register shows this flag already",
            ));
        }
        self.history.push(Event::Shown { at });
        let record = self.record(Act::FlagShown, &Actor::Node);
        Ok(Change::new(self, record))
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
        if self
            .history
            .iter()
            .any(|e| matches!(e, Event::Shown { .. }))
        {
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
