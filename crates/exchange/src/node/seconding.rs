//! What stands before a decision counts, and what follows when it does: the controllers' review of a process (CHILD-05), the
//! word of a senior person (CHILD-06), and that somebody was told. The hub tells nobody by itself.

use agreement::{Control, Decision as Named, Plan};
use ledger::Digest;

use super::agreements::actor;
use super::decide::About;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::decision::Decision;
use crate::ids::{AgreementId, OperationId, PartyId};
use crate::refusal::Refusal;
use crate::set_up::SetUp;
use crate::trouble::Trouble;

impl Node {
    /// Writes down that a controller reviewed a process and agreed that it is set up; `reason` says where that stands.
    ///
    /// # Errors
    /// [`Trouble`]: refused where the agreement has no such decision, or nothing holds it off (CHILD-05).
    pub async fn agree_set_up(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        decision: &str,
        party: &PartyId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Stand)?;
            let (pact, plan) = self.pact(agreement).await?;
            if named(&plan, agreement, decision)?.off_until.is_none() {
                let what = format!("{decision} of {agreement} waits for no review");
                return Err(Refusal::new("CHILD-05", what)
                    .help("the agreement says `off-until` of a decision that does")
                    .into());
            }
            let stands: Option<SetUp> = self.find(&SetUp::key_of(&pact.hash(), decision)).await?;
            let set_up = stands.unwrap_or_else(|| {
                SetUp::awaited(agreement, pact.hash(), decision, controllers(&plan))
            });
            let change = set_up.agree(party, reason, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "set-up.agree").and(change)?)
                .await
        })
        .await
    }

    /// The controllers have not all agreed to what the agreement makes the decision wait for.
    pub(super) async fn not_set_up(
        &self,
        hash: Digest,
        decision: &str,
        until: &str,
    ) -> Result<Option<Refusal>, Trouble> {
        let stands: Option<SetUp> = self.find(&SetUp::key_of(&hash, decision)).await?;
        let agreed = stands.is_some_and(|s| s.awaited_of().next().is_none());
        Ok((!agreed).then(|| {
            let what = format!("{decision} is off until every controller agreed to it: {until}");
            Refusal::new("CHILD-05", what)
                .help("write each review down: `concordat node set-up DECISION --party PARTY`")
        }))
    }

    /// A senior person agrees to a decision that waits for them, or does not.
    ///
    /// # Errors
    /// [`Trouble`]: refused to another role than the agreement names, to whoever asked, and where what the decision rests
    /// on has fallen since.
    pub async fn second_decision(
        &self,
        op: &OperationId,
        (agreement, decision): (&AgreementId, &str),
        about: &About,
        (agrees, reason): (bool, &str),
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Approve)?;
            let (_, plan) = self.pact(agreement).await?;
            let named = named(&plan, agreement, decision)?;
            let role = format!("{}.{}", self.party(), who.role.as_str());
            let senior = named.seconded_by.as_ref().map(ToString::to_string);
            if senior.as_deref() != Some(role.as_str()) {
                let senior = senior.unwrap_or_else(|| "nobody".into());
                let what = format!("{decision} waits for {senior}, not for {role}");
                return Err(Refusal::new("CHILD-06", what)
                    .help("ask somebody in that role")
                    .into());
            }
            if agrees {
                let fallen = self.missing(&plan, &named.after, agreement, about).await?;
                if !fallen.is_empty() {
                    return Err(fallen.into());
                }
            }
            let key = Decision::key_of(decision, &about.key(agreement));
            let waits: Decision = self.need(&key).await?;
            let change = waits.second(agrees, reason, &by)?;
            self.commit(Batch::new(op.clone(), "decision.second").and(change)?)
                .await
        })
        .await
    }

    /// Writes down that a person told somebody of a decision, as the agreement says.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn told_of_decision(
        &self,
        op: &OperationId,
        key: &str,
        to: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Decide)?;
            let decision: Decision = self.need(key).await?;
            let change = decision.told(to, &by)?;
            self.commit(Batch::new(op.clone(), "decision.tell").and(change)?)
                .await
        })
        .await
    }
}

pub(super) fn named<'a>(
    plan: &'a Plan,
    agreement: &AgreementId,
    decision: &str,
) -> Result<&'a Named, Refusal> {
    let found = plan
        .decisions
        .iter()
        .find(|(id, _)| id.as_str() == decision);
    found.map(|(_, named)| named).ok_or_else(|| {
        Refusal::new(
            "REF-04",
            format!("{agreement} names no decision {decision}"),
        )
        .help("`concordat render` prints the agreement's decisions")
    })
}

fn controllers(plan: &Plan) -> impl Iterator<Item = PartyId> {
    let all = plan.parties.iter();
    let all = all.filter(|(_, party)| party.is == Control::Controller);
    all.map(|(id, _)| id.clone())
}
