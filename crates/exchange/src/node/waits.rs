//! What waits at a node, in numbers, for whoever watches it: nobody and nothing is told apart (RPT-10).

use jiff::SignedDuration;

use super::Node;
use crate::change::Aggregate as _;
use crate::retention::Holding;
use crate::trouble::Trouble;

/// So many entries and dates are counted at most: a node that is further behind is no better known by the number.
const MOST: u32 = 1_000;
/// A key dies in the round of the worker that follows its date; only after so long it is overdue.
const ROUND: SignedDuration = SignedDuration::from_mins(5);

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Effects that are intended and not done.
    pub effects: u64,
    /// Entries without a place in the ledger's tree; 1,000 where there are more.
    pub entries: u64,
    /// Answers that are awaited here or owed from here, past their time (RUN-18).
    pub late: u64,
    /// Sets of values past their date whose destruction has not begun (RET-01); 1,000 where there are more.
    pub overdue: u64,
}

impl Node {
    /// What waits now.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn waits(&self) -> Result<Waits, Trouble> {
        let (store, now) = (&self.ports.store, self.now());
        let past = now
            .checked_sub(ROUND)
            .map_err(|_| crate::ports::PortFault("the clock is at the beginning of time".into()))?;
        let due = store.due(past, MOST).await?;
        let awaited = self.awaited().await?;
        Ok(Waits {
            effects: store.open_effects().await?,
            entries: store.pending(MOST).await?.len() as u64,
            late: awaited.iter().filter(|a| a.deadline.is_due(now)).count() as u64,
            overdue: due.iter().filter(|d| d.kind == Holding::KIND).count() as u64,
        })
    }
}
