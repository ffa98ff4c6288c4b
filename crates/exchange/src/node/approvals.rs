//! Asking for approvals and deciding on them.

use agreement::{Route, RouteKind};

use super::agreements::actor;
use super::{Done, Node};
use crate::approval::{Approval, Scope, Senior};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::ids::{AgreementId, FlowId, OperationId};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Asks for approval of `volume` records in any 12 months over a flow, or asks anew once it was decided.
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
            let key = Approval::key_of(agreement, flow);
            let change = match self.find::<Approval>(&key).await? {
                Some(before) => before.ask_again(scope, &by)?,
                None => Approval::ask(scope, &by),
            };
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

    /// Refuses it, with the full reason, which goes back to whoever asked (APP-18).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn refuse_approval(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Approve)?;
            let approval: Approval = self.need(&Approval::key_of(agreement, flow)).await?;
            let change = approval.refuse(reason, &by)?;
            self.commit(Batch::new(op.clone(), "approval.refuse").and(change)?)
                .await
        })
        .await
    }

    /// Refers it upward, with the reason (APP-07).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn refer_approval(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Approve)?;
            let approval: Approval = self.need(&Approval::key_of(agreement, flow)).await?;
            let change = approval.refer(reason, &by)?;
            self.commit(Batch::new(op.clone(), "approval.refer").and(change)?)
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
            last: pact.last(),
            volume,
            senior: plan
                .approvals
                .get(self.party())
                .and_then(|own| senior(own, plan.routes.get(&flow_plan.route))),
        })
    }
}

/// Why the senior information risk owner decides whatever the volume, where it is so.
fn senior(own: &agreement::Approval, route: Option<&Route>) -> Option<Senior> {
    if own.national_security {
        Some(Senior::NationalSecurity)
    } else if own.sensitive_recipient {
        Some(Senior::SensitiveRecipient)
    } else if route.is_some_and(|r| r.kind == RouteKind::DirectAccess) {
        Some(Senior::DirectAccess)
    } else {
        (own.level == agreement::Level::Siro).then_some(Senior::Agreement)
    }
}
