//! A person's word: matches confirmed and refuted, flags set for confirmed ones.

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::flag::Flag;
use crate::ids::{FlowId, OperationId, RunId};
use crate::matches::Match;
use crate::trouble::Trouble;

impl Node {
    /// A person confirms the match of a row, with a reason.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn confirm(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let found: Match = self.need(&Match::key_of(of.0, of.1, of.2)).await?;
            self.commit(Batch::new(op.clone(), "match.confirm").and(found.confirm(reason, &by)?)?)
                .await
        })
        .await
    }

    /// A person refutes the match of a row, with a reason.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn refute(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let found: Match = self.need(&Match::key_of(of.0, of.1, of.2)).await?;
            self.commit(Batch::new(op.clone(), "match.refute").and(found.refute(reason, &by)?)?)
                .await
        })
        .await
    }

    /// A person sets a flag on the person of a confirmed match; the case register will show it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn set_flag(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        name: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let found: Match = self.need(&Match::key_of(of.0, of.1, of.2)).await?;
            let change = Flag::set(name, &found, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "flag.set").and(change)?)
                .await
        })
        .await
    }
}
