//! Asking for approvals and deciding on them.

use super::agreements::actor;
use super::{Done, Node};
use crate::approval::{Approval, Scope};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::ids::{AgreementId, FlowId, OperationId};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Asks for approval of `volume` records in any 12 months over a flow.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn ask_approval(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        volume: u64,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::AskApproval)?;
            let scope = self.scope(agreement, flow, volume).await?;
            let change = Approval::ask(scope, &by);
            self.commit(Batch::new(op.clone(), "approval.ask").and(change)?)
                .await
        })
        .await
    }

    /// Grants it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn approve(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Approve)?;
            let approval: Approval = self.need(&Approval::key_of(agreement, flow)).await?;
            self.commit(Batch::new(op.clone(), "approval.grant").and(approval.grant(&by)?)?)
                .await
        })
        .await
    }

    pub(super) async fn scope(
        &self,
        agreement: &AgreementId,
        flow: &FlowId,
        volume: u64,
    ) -> Result<Scope, Trouble> {
        let (pact, plan) = self.pact(agreement).await?;
        let flow_plan = plan
            .flow(flow)
            .ok_or_else(|| Refusal::new("LEG-01", format!("{agreement} has no flow {flow}")))?;
        Ok(Scope {
            agreement: agreement.clone(),
            hash: pact.hash(),
            flow: flow.clone(),
            to: flow_plan.to.clone(),
            route: flow_plan.route.to_string(),
            volume,
        })
    }
}
