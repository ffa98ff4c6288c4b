//! Assurances: one party asks another for written, signed word that it keeps what it undertook in an agreement; the other gives
//! it, with what it did not keep (AUD-02). Both go as papers. An assurance is what somebody says: it proves nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record, Step, next};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, PartyId};
use crate::message::is_plain_note;
use crate::paper::Paper;
use crate::refusal::Refusal;

const RULE: &str = "AUD-02";

/// What is asked: the paper that the asker signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its hash.
    pub hash: Digest,
    /// Who asks.
    pub asker: PartyId,
    /// Who is to give it.
    pub giver: PartyId,
    /// Counts what this party asked that one under the agreement, from 1.
    pub number: u32,
    /// The first day that it is about.
    pub from: Date,
    /// The last day that it is about.
    pub until: Date,
    /// The day by which it is to be given.
    pub by: Date,
}

impl Paper for Asked {
    const FIRST_LINE: &'static str = "concordat-assurance-request/v1";
}

/// The assurance: the paper that the giver signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assured {
    /// What was asked.
    pub asked: Asked,
    /// What the party undertook, by the key of the agreement's prose, in its words.
    pub undertakings: BTreeMap<String, String>,
    /// What of it was not kept, and why, in words that name nobody; the rest was.
    pub not_kept: BTreeMap<String, String>,
    /// The role of who gave it.
    pub role: String,
    /// The day on which it was given.
    pub on: Date,
}

impl Paper for Assured {
    const FIRST_LINE: &'static str = "concordat-assurance/v1";
}

impl Assured {
    /// Is each thing that was not kept an undertaking, with plain words why?
    ///
    /// # Errors
    /// A refusal (AUD-02).
    pub fn is_well_formed(&self) -> Result<(), Refusal> {
        for (name, why) in &self.not_kept {
            if !self.undertakings.contains_key(name) {
                let all: Vec<&str> = self.undertakings.keys().map(String::as_str).collect();
                let what = format!("the agreement has no undertaking {name}");
                return Err(Refusal::new(RULE, what).help(format!("it has: {}", all.join(", "))));
            }
            if why.trim().is_empty() || !is_plain_note(why) {
                let what = "what was not kept is told in plain words, at most 300 bytes of them, and names nobody";
                return Err(Refusal::without_reason(RULE, what));
            }
        }
        Ok(())
    }
}

/// How far one has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// At the asker: it is awaited.
    Asked,
    /// At the giver: it is to be given.
    ToGive,
    /// At the giver: it was given.
    Given,
    /// At the asker: it came.
    Received,
    /// It is not waited for any more.
    Dropped,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::ToGive => "to-give",
            Self::Given => "given",
            Self::Received => "received",
            Self::Dropped => "dropped",
        }
    }
}

/// Who asks for one, takes papers in, and drops it.
pub const ASKS: &str = "data-sharing-officer, analyst, data-protection-lead, iao or siro";

/// Who gives one.
pub const GIVES: &str = "iao or siro";

/// Every step but the beginnings: the verb, from where, to where, whose.
pub const MOVES: &[Step<State>] = &[
    ("give", State::ToGive, State::Given, GIVES),
    ("receive", State::Asked, State::Received, ASKS),
    ("drop", State::Asked, State::Dropped, ASKS),
    ("drop", State::ToGive, State::Dropped, ASKS),
];

/// One assurance at one of its two ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assurance {
    asked: Asked,
    state: State,
    /// The signed request and, once it is there, the signed assurance.
    request: String,
    note: Option<String>,
    /// What was not kept, once it is given.
    not_kept: BTreeMap<String, String>,
    #[serde(skip)]
    version: u64,
}

impl Assurance {
    /// The key under which the store has what was asked.
    pub fn key_of(asked: &Asked) -> String {
        let Asked {
            agreement,
            asker,
            giver,
            number,
            ..
        } = asked;
        format!("{agreement}/{asker}/{giver}/{number:04}")
    }

    /// At the asker: it is asked for, in this signed note.
    ///
    /// # Errors
    /// A refusal (AUD-02) for days that do not follow each other, or are not over, or a last day that is.
    pub fn ask(
        asked: Asked,
        note: String,
        today: Date,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if asked.from > asked.until || asked.until > today {
            let what = format!(
                "{} to {} are no days that are over",
                asked.from, asked.until
            );
            return Err(Refusal::new(RULE, what).help("ask about days that are over"));
        }
        if asked.by < today {
            let what = format!("{} is over: nobody could give it by then", asked.by);
            return Err(Refusal::new(RULE, what).help("name a day from today on"));
        }
        Ok(Self::new(
            asked,
            note,
            State::Asked,
            Act::AssuranceAsked,
            &by.actor(),
        ))
    }

    /// At the giver: it was asked for, in this signed note.
    pub fn to_give(asked: Asked, note: String) -> Change<Self> {
        let by = Actor::Partner(asked.asker.clone());
        Self::new(asked, note, State::ToGive, Act::AssuranceRequested, &by)
    }

    fn new(asked: Asked, request: String, state: State, act: Act, by: &Actor) -> Change<Self> {
        let new = Self {
            asked,
            state,
            request,
            note: None,
            not_kept: BTreeMap::new(),
            version: 0,
        };
        let record = new.record(act, by);
        Change::new(new, record)
    }

    /// At the giver: it is given, in this signed note.
    ///
    /// # Errors
    /// A refusal (AUD-02) as [`Assured::is_well_formed`], and where it is not to be given.
    pub fn give(
        mut self,
        assured: Assured,
        note: String,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.moved("give")?;
        self.signed(assured, note, Act::AssuranceGiven, &by.actor())
    }

    /// At the asker: it came, in this signed note.
    ///
    /// # Errors
    /// A refusal (AUD-02) as [`Assured::is_well_formed`], and where it is not awaited.
    pub fn receive(mut self, assured: Assured, note: String) -> Result<Change<Self>, Refusal> {
        self.moved("receive")?;
        let by = Actor::Partner(self.asked.giver.clone());
        self.signed(assured, note, Act::AssuranceReceived, &by)
    }

    fn signed(
        mut self,
        assured: Assured,
        note: String,
        act: Act,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        assured.is_well_formed()?;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let mut record = self
            .record(act, by)
            .count("undertakings", count(assured.undertakings.len()))
            .count("not-kept", count(assured.not_kept.len()))
            .fact("note", Fact::Digest(Digest::of(note.as_bytes())))
            .fact("on", Fact::Date(assured.on));
        if !assured.not_kept.is_empty() {
            let said = assured
                .not_kept
                .iter()
                .map(|(name, why)| format!("{name}: {why}"));
            record = record.text("not-kept", said.collect::<Vec<_>>().join("\n"));
        }
        self.not_kept = assured.not_kept;
        self.note = Some(note);
        Ok(Change::new(self, record))
    }

    /// It is not waited for any more, at either end.
    ///
    /// # Errors
    /// A refusal (AUD-02) without a reason, and where it is not awaited.
    pub fn drop(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "that an assurance is not waited for any more needs its reason";
            return Err(Refusal::without_reason(RULE, what));
        }
        self.moved("drop")?;
        let record = self.record(Act::AssuranceDropped, &by.actor());
        Ok(Change::new(self, record.text("reason", reason)))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        self.state = next(MOVES, verb, self.state).ok_or_else(|| {
            let (key, state) = (self.key(), self.state.name());
            Refusal::new(
                RULE,
                format!("the assurance {key} is {state}: nothing to {verb}"),
            )
            .help("`concordat assurance list` says what is open; ask for another")
        })?;
        Ok(())
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let asked = &self.asked;
        Record::new(act, by)
            .under(asked.hash)
            .rule(RULE)
            .id("agreement", &asked.agreement)
            .id("asker", &asked.asker)
            .id("giver", &asked.giver)
            .count("number", u64::from(asked.number))
            .fact("from", Fact::Date(asked.from))
            .fact("until", Fact::Date(asked.until))
            .fact("by", Fact::Date(asked.by))
    }

    /// What was asked.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }
    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }
    /// The signed note that is handed over: the request, or the assurance once it is given.
    pub fn paper(&self) -> &str {
        self.note.as_deref().unwrap_or(&self.request)
    }
    /// The signed assurance, once it is there.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    /// Is it awaited, and the day by which it was to be given over?
    pub fn is_late(&self, today: Date) -> bool {
        matches!(self.state, State::Asked | State::ToGive) && self.asked.by < today
    }
    /// What was not kept, once it is given.
    pub fn not_kept(&self) -> &BTreeMap<String, String> {
        &self.not_kept
    }
}

impl Aggregate for Assurance {
    const KIND: &'static str = "assurance";
    fn key(&self) -> String {
        Self::key_of(&self.asked)
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
