//! The node's clock, doubted: while nobody can tell the time no deadline fires, and no time is counted from before it.

use jiff::{SignedDuration, Timestamp};
use ledger::{Entry, Fact};

use super::agreements::actor;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Batch, Record};
use crate::ids::OperationId;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// The clocks of two processes of one node may be so far apart.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// A clock that shows another time than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What it shows.
    pub shows: Timestamp,
    /// What it should show: by the count of time that nobody sets, or at the least by the newest entry of the ledger.
    pub expected: Timestamp,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shows, expected } = self;
        write!(f, "the clock shows {shows}, and {expected} was expected")
    }
}

impl Node {
    /// The present instant. Of a clock that was set back it is what that should show: whatever is counted from it is not due
    /// too early when the clock is right again.
    pub(super) fn now(&self) -> Timestamp {
        let shows = self.ports.clock.now();
        self.ports
            .clock
            .should_show()
            .map_or(shows, |counted| shows.max(counted))
    }

    /// Is the clock in doubt: did it leap while the machine ran, was the machine off for so long that nobody can tell, or is it
    /// behind the ledger? Nothing falls due then.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn clock_doubt(&self) -> Result<Option<Doubt>, Trouble> {
        let shows = self.ports.clock.now();
        if let Some(expected) = self.ports.clock.should_show() {
            return Ok(Some(Doubt { shows, expected }));
        }
        let size = self.ports.store.head().await?.frontier.size();
        let newest = self
            .ports
            .store
            .leaves(size.saturating_sub(1), size)
            .await?;
        let Some((bytes, _)) = newest.first() else {
            return Ok(None);
        };
        let entry = Entry::parse(bytes).map_err(|e| PortFault(e.to_string()))?;
        let behind = entry.at.duration_since(shows) > APART;
        Ok(behind.then_some(Doubt {
            shows,
            expected: entry.at,
        }))
    }

    /// A person compared the clock with another one, and vouches for what it shows; deadlines fire again.
    ///
    /// # Errors
    /// [`Trouble`]: refused where the clock is not in doubt, and without a reason (RET-01).
    pub async fn confirm_clock(
        &self,
        op: &OperationId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        const RULE: &str = "RET-01";
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::ConfirmClock)?;
                if reason.trim().is_empty() {
                    let what = "vouching for the clock needs its reason: what it was compared with";
                    return Err(Refusal::without_reason(RULE, what).into());
                }
                let Some(Doubt { shows, expected }) = self.clock_doubt().await? else {
                    let help = "nothing is to be done: deadlines fire";
                    return Err(Refusal::new(RULE, "the clock is not in doubt")
                        .help(help)
                        .into());
                };
                self.ports.clock.believe();
                let record = Record::new(Act::ClockConfirmed, &by.actor())
                    .rule(RULE)
                    .fact("shows", Fact::At(shows))
                    .fact("expected", Fact::At(expected))
                    .text("reason", reason);
                let batch = Batch::new(op.clone(), "clock.confirm").note(record);
                self.commit(batch).await
            })
            .await?;
        // After its entry: broken off between the two, the clock is still in doubt.
        self.covered().await?;
        self.ports.clock.remember()?;
        Ok(done)
    }
}
