//! Announcements: what the receiver of a file tells its sender of something that it means to do, or had to do at once, with what
//! it received and that was not agreed: use it for another purpose (LEG-24), or disclose it to a third party as law or
//! conscience asks (LEG-25). It gives no leave: what the permits do not name still does not move through the hub.
//!
//! At the receiver it is a task until the sender was told, and holds the end of the run off. At the sender it waits until a
//! person has looked at it.

use jiff::Timestamp;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, FlowId, PartyId, RunId};
use crate::leg::Leg;
use crate::machine::{Move, Owner};
use crate::message::is_plain_note;
use crate::refusal::Refusal;

/// What is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// A use for a purpose that the agreement does not name (LEG-24).
    OtherPurpose,
    /// A disclosure to somebody who is no party, because of a legal or moral requirement (LEG-25).
    ThirdParty,
}

impl Matter {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OtherPurpose, Self::ThirdParty];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherPurpose => "other-purpose",
            Self::ThirdParty => "third-party",
        }
    }

    /// The row that asks for it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::OtherPurpose => "LEG-24",
            Self::ThirdParty => "LEG-25",
        }
    }
}

/// How far one has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Receiver: the sender is to be told.
    ToTell,
    /// Receiver: the sender was told.
    Told,
    /// Sender: it came.
    Received,
    /// Sender: a person looked at it.
    LookedAt,
}

/// Every step of one, at the receiver of the file and at its sender.
pub const MOVES: &[Move] = &[
    ("raise", None, "to-tell", Owner::May(Action::Announce)),
    (
        "tell",
        Some("to-tell"),
        "told",
        Owner::May(Action::Announce),
    ),
    ("arrive", None, "received", Owner::Partner),
    (
        "look",
        Some("received"),
        "looked-at",
        Owner::May(Action::Announce),
    ),
];

/// What an announcement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// What is announced.
    pub matter: Matter,
    /// In words that name nobody: plain text of at most 300 bytes.
    pub text: String,
    /// When it was done, where it was so urgent that the sender is told afterwards; none where it is told before.
    pub done_at: Option<Timestamp>,
}

/// One announcement about a file, at one node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Announcement {
    agreement: AgreementId,
    hash: Digest,
    run: RunId,
    flow: FlowId,
    /// Counts those about one file, from 1.
    number: u32,
    /// The party at the other end.
    peer: PartyId,
    said: Said,
    /// Until when the sender is to be told, where it is told afterwards.
    due: Option<Timestamp>,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Announcement {
    /// The key under which the store has it.
    pub fn key_of(run: &RunId, flow: &FlowId, number: u32) -> String {
        format!("{run}/{flow}/{number:04}")
    }

    /// Receiver: somebody means to do it, or did it because it was urgent; the sender is to be told.
    ///
    /// # Errors
    /// A refusal (LEG-24, LEG-25) for a text that is empty, too long or not plain, and for a time to come.
    pub fn raise(
        leg: &Leg,
        number: u32,
        said: Said,
        (due, now): (Option<Timestamp>, Timestamp),
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        said.is_well_formed()?;
        if said.done_at.is_some_and(|at| at > now) {
            let what = "what is urgent was done already: its time is not to come";
            return Err(Refusal::new(said.matter.rule(), what).help("leave the time out"));
        }
        let raised = Self::of(leg, number, said, due, State::ToTell);
        let record = raised.record(Act::AnnouncementRaised, &by.actor());
        Ok(Change::new(raised, record))
    }

    /// Receiver: the sender is told.
    ///
    /// # Errors
    /// A refusal when it was told already, or came from there.
    pub fn tell(mut self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        self.moved(State::ToTell, State::Told)?;
        let record = self.record(Act::AnnouncementSent, &by.actor());
        Ok(Change::new(self, record))
    }

    /// Sender: the receiver of a file told it.
    ///
    /// # Errors
    /// A refusal for a text that is too long or not plain.
    pub fn arrived(leg: &Leg, number: u32, said: Said) -> Result<Change<Self>, Refusal> {
        said.is_well_formed()?;
        let arrived = Self::of(leg, number, said, None, State::Received);
        let by = Actor::Partner(leg.peer().clone());
        let record = arrived.record(Act::AnnouncementReceived, &by);
        Ok(Change::new(arrived, record))
    }

    /// Sender: a person looked at it, and says what they make of it.
    ///
    /// # Errors
    /// A refusal without a word, when it was looked at already, or was made here.
    pub fn looked_at(mut self, word: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if word.trim().is_empty() {
            let what = "whoever looks at an announcement says what they make of it";
            return Err(Refusal::without_reason(self.said.matter.rule(), what));
        }
        self.moved(State::Received, State::LookedAt)?;
        let record = self.record(Act::AnnouncementLookedAt, &by.actor());
        let record = record.text("word", word);
        Ok(Change::new(self, record))
    }

    fn of(leg: &Leg, number: u32, said: Said, due: Option<Timestamp>, state: State) -> Self {
        Self {
            agreement: leg.agreement().clone(),
            hash: leg.hash(),
            run: leg.run().clone(),
            flow: leg.flow().clone(),
            number,
            peer: leg.peer().clone(),
            said,
            due,
            state,
            version: 0,
        }
    }

    fn moved(&mut self, from: State, to: State) -> Result<(), Refusal> {
        if self.state != from {
            let what = format!("the announcement {} is {}", self.key(), self.status());
            return Err(Refusal::new(self.said.matter.rule(), what)
                .help("`concordat announce list` says what is open"));
        }
        self.state = to;
        Ok(())
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        let mut record = Record::new(act, by)
            .under(self.hash)
            .rule(self.said.matter.rule())
            .id("run", &self.run)
            .id("flow", &self.flow)
            .count("number", u64::from(self.number))
            .id("matter", self.said.matter.name())
            .id("party", &self.peer)
            .text("text", self.said.text.as_str());
        if let Some(at) = self.said.done_at {
            record = record.fact("done-at", Fact::At(at));
        }
        record
    }

    /// The agreement.
    pub fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }
    /// The flow of the file that it is about.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// Counts those about one file, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }
    /// The party at the other end.
    pub fn peer(&self) -> &PartyId {
        &self.peer
    }
    /// What it says.
    pub fn said(&self) -> &Said {
        &self.said
    }
    /// Until when the sender is to be told, where it is told afterwards.
    pub fn due(&self) -> Option<Timestamp> {
        self.due
    }
    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Said {
    fn is_well_formed(&self) -> Result<(), Refusal> {
        if self.text.trim().is_empty() || !is_plain_note(&self.text) {
            let what = "an announcement says what it is in plain words, at most 300 bytes of them, and names nobody";
            return Err(Refusal::without_reason(self.matter.rule(), what));
        }
        Ok(())
    }
}

impl Aggregate for Announcement {
    const KIND: &'static str = "announcement";
    fn key(&self) -> String {
        Self::key_of(&self.run, &self.flow, self.number)
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::ToTell => "to-tell",
            State::Told => "told",
            State::Received => "received",
            State::LookedAt => "looked-at",
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
