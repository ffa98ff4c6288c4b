//! Legal holds: a person suspends the destruction of what they name, whole sets of values or single rows, and lets it go
//! on (RET-13).

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::deadline::london_day;
use crate::ids::{HoldingId, OperationId};
use crate::refusal::Refusal;
use crate::retention::{Holding, LegalHold};
use crate::rows;
use crate::trouble::Trouble;

impl Node {
    /// Suspends the destruction of a set of values, or of some of its rows alone: those are kept apart, each under a key of
    /// its own, and everything else dies on its date.
    ///
    /// # Errors
    /// [`Trouble`]: refused without a reason, for rows that are not there, and once the key is going.
    #[expect(
        clippy::too_many_arguments,
        reason = "a hold names what, by whom, why and until when it is looked at"
    )]
    pub async fn place_hold(
        &self,
        op: &OperationId,
        name: &HoldingId,
        of: &HoldingId,
        only: &[u64],
        hold: LegalHold,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::LegalHold)?;
            let today = london_day(self.now())?;
            let whole: Holding = self.need(of.as_str()).await?;
            let mut batch = Batch::new(op.clone(), "legal-hold.place");
            if only.is_empty() {
                let change = whole.hold(name, hold, reason, today, &by)?;
                return self.commit(batch.and(change)?).await;
            }
            let apart = whole.clone().kept_apart(only.len() as u64, &by.actor())?;
            for n in only {
                let item = rows::item_name(*n);
                let (store, vault) = (&*self.ports.store, &*self.ports.vault);
                let row = rows::open_one(store, vault, of, &item).await?;
                let row =
                    row.ok_or_else(|| Refusal::new("RET-13", format!("{of} has no row {n}")))?;
                let id = HoldingId::parse(format!("{of}/row/{n:06}"))?;
                vault.create(&id, op).await?;
                let opening = whole.apart(id.clone(), 1);
                let (opened, record) =
                    Holding::open_held(opening, name, hold.clone(), reason, today, &by)?;
                batch = batch.and(opened)?.note(record);
                let one = std::iter::once((*n, &row));
                batch = rows::seal(vault, op, &id, one, batch).await?;
            }
            self.commit(batch.and(apart)?).await
        })
        .await
    }

    /// Lets the destruction of everything that a hold names go on; what is past its date dies in the worker's next round.
    ///
    /// # Errors
    /// [`Trouble`]: refused without a reason, and when nothing is held under this name.
    pub async fn release_hold(
        &self,
        op: &OperationId,
        name: &HoldingId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::LegalHold)?;
            let mut batch = Batch::new(op.clone(), "legal-hold.release");
            let mut any = false;
            for holding in self.all::<Holding>().await? {
                if holding.holds().any(|(held, _)| held == name) {
                    batch = batch.and(holding.let_go(name, reason, &by)?)?;
                    any = true;
                }
            }
            if !any {
                let what = format!("nothing is held under the name {name}");
                return Err(Refusal::new("RET-13", what)
                    .help("`concordat hold list` names what is held")
                    .into());
            }
            self.commit(batch).await
        })
        .await
    }
}
