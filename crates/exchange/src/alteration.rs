//! Alterations: a party means to change its duties, systems or organisation in a way that may affect an agreement. It is
//! discussed at the level of business as usual, notified to the change control contacts, agreed by every party, and applied only
//! by a new version of the agreement that is in force (AGR-26). It changes nothing by itself: only a signed text does.

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

const RULE: &str = "AGR-26";

/// The notice: the paper that the party signs whose alteration it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The agreement that it may affect.
    pub agreement: AgreementId,
    /// Its hash.
    pub hash: Digest,
    /// Whose alteration it is.
    pub party: PartyId,
    /// Counts those of this party under the agreement, from 1.
    pub number: u32,
    /// What is to change and what of the agreement it may affect, in words that name nobody.
    pub text: String,
    /// The day on which it was discussed.
    pub discussed: Date,
}

impl Paper for Notice {
    const FIRST_LINE: &'static str = "concordat-alteration-notice/v1";
}

/// The word of another party that it agrees: the paper that it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What it agrees to, as it was notified.
    pub to: Notice,
    /// Who agrees.
    pub party: PartyId,
    /// The role of who said so.
    pub role: String,
    /// The day.
    pub on: Date,
}

impl Paper for Consent {
    const FIRST_LINE: &'static str = "concordat-alteration-consent/v1";
}

/// How far one has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was discussed at the level of business as usual.
    Discussed,
    /// Notice is given; not every party has agreed.
    Notified,
    /// Every party has agreed.
    Agreed,
    /// The new version of the agreement is in force.
    Applied,
    /// It does not come to it.
    Withdrawn,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discussed => "discussed",
            Self::Notified => "notified",
            Self::Agreed => "agreed",
            Self::Applied => "applied",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Who moves an alteration on.
pub const OWNER: &str = "data-sharing-officer, analyst, iao or siro";

/// Every step but the beginnings: the verb, from where, to where, whose.
pub const MOVES: &[Step<State>] = &[
    ("notify", State::Discussed, State::Notified, OWNER),
    ("agree", State::Notified, State::Notified, OWNER),
    ("agree-last", State::Notified, State::Agreed, OWNER),
    ("apply", State::Agreed, State::Applied, OWNER),
    ("withdraw", State::Discussed, State::Withdrawn, OWNER),
    ("withdraw", State::Notified, State::Withdrawn, OWNER),
    ("withdraw", State::Agreed, State::Withdrawn, OWNER),
];

/// One alteration at one node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alteration {
    notice: Notice,
    state: State,
    /// The signed notice, once it is given.
    note: Option<String>,
    /// The other parties, and the signed word of each that it agrees.
    consents: BTreeMap<PartyId, Option<String>>,
    /// The agreement by which it was applied.
    applied: Option<AgreementId>,
    #[serde(skip)]
    version: u64,
}

impl Alteration {
    /// The key under which the store has what was notified.
    pub fn key_of(notice: &Notice) -> String {
        let Notice {
            agreement,
            party,
            number,
            ..
        } = notice;
        format!("{agreement}/{party}/{number:04}")
    }

    /// It was discussed, at the party whose alteration it is, with the other parties of the agreement.
    ///
    /// # Errors
    /// A refusal (AGR-26) for a text that is empty, too long or not plain, or a day to come.
    pub fn discussed(
        notice: Notice,
        others: Vec<PartyId>,
        today: Date,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        notice.is_well_formed()?;
        if notice.discussed > today {
            let what = format!("{} is a day to come", notice.discussed);
            return Err(Refusal::new(RULE, what).help("write it down when it was discussed"));
        }
        let new = Self::new(notice, others, State::Discussed, None);
        let record = new.record(Act::AlterationDiscussed, &by.actor());
        Ok(Change::new(new, record))
    }

    /// The notice of another party's alteration came, in this signed note.
    ///
    /// # Errors
    /// A refusal (AGR-26) for a text that is empty, too long or not plain.
    pub fn came(
        notice: Notice,
        others: Vec<PartyId>,
        note: String,
    ) -> Result<Change<Self>, Refusal> {
        notice.is_well_formed()?;
        let by = Actor::Partner(notice.party.clone());
        let new = Self::new(notice, others, State::Notified, Some(note));
        let record = new.record(Act::AlterationReceived, &by);
        Ok(Change::new(new, record))
    }

    fn new(notice: Notice, others: Vec<PartyId>, state: State, note: Option<String>) -> Self {
        Self {
            notice,
            state,
            note,
            consents: others.into_iter().map(|party| (party, None)).collect(),
            applied: None,
            version: 0,
        }
    }

    /// Notice is given, in this signed note.
    ///
    /// # Errors
    /// A refusal (AGR-26) where it is not discussed, or was given.
    pub fn notify(mut self, note: String, by: &Warrant) -> Result<Change<Self>, Refusal> {
        self.moved("notify")?;
        let record = self
            .record(Act::AlterationNotified, &by.actor())
            .fact("note", Fact::Digest(Digest::of(note.as_bytes())));
        self.note = Some(note);
        Ok(Change::new(self, record))
    }

    /// A party agrees, in this signed note: this one by a person, another by its paper.
    ///
    /// # Errors
    /// A refusal (AGR-26) for who has agreed, or has nothing to agree to, and before notice is given.
    pub fn agree(
        mut self,
        consent: &Consent,
        note: String,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let party = &consent.party;
        if consent.to != self.notice || self.consents.get(party) != Some(&None) {
            let what = format!(
                "{party} has nothing to agree to in the alteration {}",
                self.key()
            );
            return Err(Refusal::new(RULE, what)
                .help("`concordat alteration list` says who has agreed, and to what"));
        }
        let last = self.consents.values().filter(|c| c.is_none()).count() == 1;
        self.moved(if last { "agree-last" } else { "agree" })?;
        let record = self
            .record(Act::AlterationAgreed, by)
            .id("by", party)
            .fact("on", Fact::Date(consent.on))
            .fact("note", Fact::Digest(Digest::of(note.as_bytes())));
        self.consents.insert(party.clone(), Some(note));
        Ok(Change::new(self, record))
    }

    /// The new version of the agreement is in force here; whoever calls has looked that it is.
    ///
    /// # Errors
    /// A refusal (AGR-26) before every party has agreed.
    pub fn apply(
        mut self,
        (new, hash): (&AgreementId, Digest),
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.moved("apply")?;
        let record = self
            .record(Act::AlterationApplied, &by.actor())
            .id("by", new)
            .fact("hash", Fact::Digest(hash));
        self.applied = Some(new.clone());
        Ok(Change::new(self, record))
    }

    /// It does not come to it, or the agreement need not change for it.
    ///
    /// # Errors
    /// A refusal (AGR-26) without a reason, and at its end.
    pub fn withdraw(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "that an alteration does not come to it needs its reason";
            return Err(Refusal::without_reason(RULE, what));
        }
        self.moved("withdraw")?;
        let record = self.record(Act::AlterationWithdrawn, &by.actor());
        Ok(Change::new(self, record.text("reason", reason)))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        self.state = next(MOVES, verb, self.state).ok_or_else(|| {
            let here = MOVES.iter().filter(|(_, from, ..)| *from == self.state);
            let ways: Vec<_> = here.map(|(verb, ..)| *verb).collect();
            let (key, state) = (self.key(), self.state.name());
            let ways = match ways.is_empty() {
                true => "it is at its end: write down another".to_owned(),
                false => format!("from here: {}", ways.join(", ")),
            };
            Refusal::new(
                RULE,
                format!("the alteration {key} is {state}: it cannot {verb}"),
            )
            .help(ways)
        })?;
        Ok(())
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let notice = &self.notice;
        Record::new(act, by)
            .under(notice.hash)
            .rule(RULE)
            .id("agreement", &notice.agreement)
            .id("party", &notice.party)
            .count("number", u64::from(notice.number))
            .fact("discussed", Fact::Date(notice.discussed))
            .text("text", notice.text.as_str())
    }

    /// What it is.
    pub fn notice(&self) -> &Notice {
        &self.notice
    }
    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }
    /// The signed notice, once it is given.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    /// The other parties, and the signed word of each that it agrees.
    pub fn consents(&self) -> &BTreeMap<PartyId, Option<String>> {
        &self.consents
    }
    /// The agreement by which it was applied.
    pub fn applied(&self) -> Option<&AgreementId> {
        self.applied.as_ref()
    }
}

impl Notice {
    fn is_well_formed(&self) -> Result<(), Refusal> {
        if self.text.trim().is_empty() || !is_plain_note(&self.text) {
            let what = "an alteration says what changes in plain words, at most 300 bytes of them, and names nobody";
            return Err(Refusal::without_reason(RULE, what));
        }
        Ok(())
    }
}

impl Aggregate for Alteration {
    const KIND: &'static str = "alteration";
    fn key(&self) -> String {
        Self::key_of(&self.notice)
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
