//! Legal holds: a person suspends the destruction of exactly the values that they name, with the reason, the owner and
//! the day of review (RET-13). Events still start the count and dates still pass; only the key does not die.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Code, Fact};
use serde::{Deserialize, Serialize};

use super::{Holding, Opening, State};
use crate::act::Act;
use crate::authority::{Action, Warrant};
use crate::change::{Change, Record};
use crate::ids::{HoldingId, StaffId};
use crate::machine::{Move, Owner};
use crate::refusal::Refusal;

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why destruction is suspended: a closed list (RET-13).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Cause {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }
        impl Cause {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The name as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

causes! {
    /// Somebody asks for what is held about them: a subject access request.
    SubjectAccess = "subject-access",
    /// A request under the Freedom of Information Act.
    FreedomOfInformation = "freedom-of-information",
    /// A dispute between parties, or with a person.
    Dispute = "dispute",
    /// An incident that is looked into.
    Incident = "incident",
    /// An audit.
    Audit = "audit",
    /// A court's order.
    Court = "court",
}

/// A hold on one set of values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalHold {
    /// Why.
    pub cause: Cause,
    /// Who answers for it, by the identity provider's opaque handle.
    pub owner: StaffId,
    /// The day on which a person looks at it again; the hold does not end by itself.
    pub review: Date,
}

/// What suspends the destruction of a set of values, and what lets it go on.
pub const MOVES: &[Move] = &[
    ("open", None, "free", Owner::Node),
    (
        "open under a hold",
        None,
        "held",
        Owner::May(Action::LegalHold),
    ),
    ("hold", Some("free"), "held", Owner::May(Action::LegalHold)),
    (
        "let go",
        Some("held"),
        "free",
        Owner::May(Action::LegalHold),
    ),
];

impl Holding {
    /// A person suspends the destruction of these values under a name, such as that of a request, and says why.
    ///
    /// # Errors
    /// A refusal (RET-13) without a reason, under a name that holds them already, for a day of review that is past, or
    /// when the key is going or gone.
    pub fn hold(
        self,
        name: &HoldingId,
        hold: LegalHold,
        reason: &str,
        today: Date,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        let (held, record) = self.held(name, hold, reason, today, by)?;
        Ok(Change::new(held, record))
    }

    /// Opens a holding that is held from the beginning; gives the record of the hold with it.
    ///
    /// # Errors
    /// As [`Holding::open`] and [`Holding::hold`].
    pub(crate) fn open_held(
        opening: Opening,
        name: &HoldingId,
        hold: LegalHold,
        reason: &str,
        today: Date,
        by: &Warrant,
    ) -> Result<(Change<Self>, Record), Refusal> {
        let opened = Self::open(opening, &by.actor())?;
        let of = opened.state().clone();
        let (held, record) = of.held(name, hold, reason, today, by)?;
        Ok((opened.map(|_| held), record))
    }

    fn held(
        mut self,
        name: &HoldingId,
        hold: LegalHold,
        reason: &str,
        today: Date,
        by: &Warrant,
    ) -> Result<(Self, Record), Refusal> {
        let refused = |what: String| Err(Refusal::new("RET-13", what));
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason("RET-13", "a hold needs its reason"));
        }
        if hold.review <= today {
            return refused("the day on which a hold is looked at again lies ahead".into());
        }
        if !self.is_alive() {
            return refused(format!("the values of {} are being destroyed", self.id));
        }
        if self.holds.contains_key(name) {
            return refused(format!("{name} holds {} already", self.id));
        }
        let record = self
            .record(Act::LegalHoldPlaced, &by.actor())
            .rule("RET-13")
            .id("hold", name)
            .fact("cause", Fact::Code(Code::of(hold.cause.as_str())))
            .fact("review", Fact::Date(hold.review))
            .text("owner", hold.owner.to_string())
            .text("reason", reason);
        self.holds.insert(name.clone(), hold);
        Ok((self, record))
    }

    /// A person lets the destruction go on, and says why; where the date has come, the key dies now.
    ///
    /// # Errors
    /// A refusal (RET-13) without a reason, or when nothing of this name holds the values.
    pub fn let_go(
        mut self,
        name: &HoldingId,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            let what = "releasing a hold needs its reason";
            return Err(Refusal::without_reason("RET-13", what));
        }
        if self.holds.remove(name).is_none() {
            let what = format!("{name} does not hold {}", self.id);
            return Err(Refusal::new("RET-13", what));
        }
        let record = self
            .record(Act::LegalHoldReleased, &by.actor())
            .rule("RET-13")
            .id("hold", name)
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// The holding of some of its rows, to be held apart from it: the same rule and the same count.
    pub fn apart(&self, id: HoldingId, rows: u64) -> Opening {
        let started = match self.state {
            State::Counting { from, .. } => Some(from),
            State::Kept | State::Destroying { .. } | State::Destroyed { .. } => None,
        };
        Opening {
            id,
            agreement: self.agreement,
            what: self.what.clone(),
            keeper: self.keeper.clone(),
            rows,
            rule: self.rule.clone(),
            controller: self.controller.clone(),
            owed_to: self.owed_to.clone(),
            started,
        }
    }

    /// What holds it, by name.
    pub fn holds(&self) -> impl Iterator<Item = (&HoldingId, &LegalHold)> {
        self.holds.iter()
    }

    /// Is its destruction suspended?
    pub fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Under a hold, what should die now dies when the hold is released.
    pub(super) fn due_on_release(mut self, at: Timestamp) -> Self {
        self.state = State::Counting { from: at, due: at };
        self
    }
}
