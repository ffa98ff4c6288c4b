//! The node key is replaced: what a person began, and that it is done. The key itself is the composition's to make and keep.

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::ids::OperationId;
use crate::node_key::NodeKey;
use crate::trouble::Trouble;

impl Node {
    /// Says that the node key of the name `present` is to be replaced by the one of the name `next`.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn replace_node_key(
        &self,
        op: &OperationId,
        (present, next): (&str, &str),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReplaceNodeKey)?;
            let stands: Option<NodeKey> = self.find(NodeKey::ID).await?;
            let key = stands.unwrap_or_else(|| NodeKey::first(present.to_owned()));
            let change = key.replace(next.to_owned(), reason, &by)?;
            self.commit(Batch::new(op.clone(), "node-key.replace").and(change)?)
                .await
        })
        .await
    }

    /// Says that it is replaced, and the old one destroyed.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn node_key_replaced(&self, op: &OperationId, who: &Person) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReplaceNodeKey)?;
            let key: NodeKey = self.need(NodeKey::ID).await?;
            let change = key.replaced(self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "node-key.replaced").and(change)?)
                .await
        })
        .await
    }
}
