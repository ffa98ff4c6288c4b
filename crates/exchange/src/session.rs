//! Session: a person's use of the service, from a sign-in to its end. The browser alone holds its secret; here it is
//! known by the secret's digest. Once it has ended nothing is kept of whose it was: the ledger has that, sealed.

use jiff::{SignedDuration, Timestamp};
use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Action, Actor};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::StaffId;
use crate::machine::{Move, Owner};

/// A session that is not used for so long is over (ASVS 5.0, 7.3.1).
pub const IDLE: SignedDuration = SignedDuration::from_mins(15);
/// A session is over so long after its sign-in, however it is used (ASVS 5.0, 7.3.2).
pub const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// Who signed in, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The opaque handle.
    pub staff: StaffId,
    /// What they are known by at their issuer, keyed with the session's secret.
    pub subject: Digest,
    /// When they showed the issuer who they are.
    pub signed_in: Timestamp,
    /// When the session began.
    pub opened: Timestamp,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The person signed out.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// Somebody ended it for them.
    Revoked,
    /// Its time was over.
    Lapsed,
}

impl Ending {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Lapsed => "lapsed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum State {
    Open(Signed),
    Ended,
}

/// Every step of one.
pub const MOVES: &[Move] = &[
    ("sign in", None, "open", Owner::Own),
    ("sign out", Some("open"), "ended", Owner::Own),
    ("replace", Some("open"), "ended", Owner::Own),
    (
        "revoke",
        Some("open"),
        "ended",
        Owner::May(Action::HandleIncident),
    ),
    ("lapse", Some("open"), "ended", Owner::Clock),
];

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    id: Digest,
    state: State,
    #[serde(skip)]
    version: u64,
}

impl Session {
    /// Begins, under the digest of its secret.
    pub(crate) fn open(id: Digest, signed: Signed, by: &Actor) -> Change<Self> {
        let record = record(Act::SessionOpened, id, &signed, by);
        let state = State::Open(signed);
        let version = 0;
        Change::new(Self { id, state, version }, record)
    }

    /// Ends; none where it has ended.
    pub(crate) fn end(mut self, why: Ending, by: &Actor) -> Option<Change<Self>> {
        let State::Open(signed) = &self.state else {
            return None;
        };
        let record = record(Act::SessionEnded, self.id, signed, by)
            .fact("why", Fact::Code(Code::of(why.as_str())));
        self.state = State::Ended;
        Some(Change::new(self, record))
    }

    /// The digest of its secret.
    pub fn id(&self) -> Digest {
        self.id
    }

    /// Who signed in, where the session has not ended and its time is not over at `now`.
    pub fn signed(&self, now: Timestamp) -> Option<&Signed> {
        match &self.state {
            State::Open(signed) if now.duration_since(signed.opened) < LONGEST => Some(signed),
            State::Open(_) | State::Ended => None,
        }
    }

    /// Is it a session of this person that has not been ended, whatever the time?
    pub(crate) fn is_of(&self, staff: &StaffId) -> bool {
        matches!(&self.state, State::Open(signed) if signed.staff == *staff)
    }
}

/// The digest of a secret that was drawn at random tells nothing; whose session it is stays sealed.
fn record(act: Act, id: Digest, signed: &Signed, by: &Actor) -> Record {
    Record::new(act, by)
        .fact("session", Fact::Digest(id))
        .text("staff", signed.staff.to_string())
}

impl Aggregate for Session {
    const KIND: &'static str = "session";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn status(&self) -> &'static str {
        match self.state {
            State::Open(_) => "open",
            State::Ended => "ended",
        }
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(self, version: u64) -> Self {
        Self { version, ..self }
    }
}
