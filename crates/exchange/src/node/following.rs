//! Preparing a file that answers or follows one that came in: one row for each of its rows, or for those with
//! something to say, made of what came and of what this party holds about confirmed matches.

use agreement::{FieldPath, Flow, Plan, Truth};
use jiff::civil::Date;

use super::agreements::actor;
use super::filing::Filing;
use super::outbound::of;
use super::sources::Base;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::compose::compose;
use crate::gate;
use crate::ids::{AgreementId, FlowId, OperationId, RunId};
use crate::leg::{Leg, Numbers, Preparing, State};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Prepares the file of a flow that answers or follows one of this run. A file without rows is prepared too: the
    /// other side learns that there is nothing (MATCH-02).
    ///
    /// # Errors
    /// [`Trouble`]: refused while what it rests on is not here or not matched, or a match is undecided (MATCH-06).
    pub async fn prepare_next(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        run: &RunId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, flow_plan) = self.flow(agreement, flow).await?;
            let on = crate::deadline::london_day(self.now())?;
            pact.in_force(on)?;
            let base = self.matched_base(run, &flow_plan).await?;
            let undecided = self
                .matches_of(&base.leg)
                .await?
                .values()
                .filter(|m| m.standing().is_open())
                .count();
            if undecided > 0 {
                return Err(Refusal::new(
                    "MATCH-06",
                    format!("{undecided} matches of {run} are not decided"),
                )
                .help("confirm or refute them: only a confirmed match leaves the match room")
                .into());
            }
            let of = of(&pact, flow, run, &flow_plan);
            let mut filing = self.filing(op, &plan, &flow_plan, &of, 1).await?;
            let (numbers, incomplete) =
                self.made(&plan, &flow_plan, &base, on, &mut filing).await?;
            let filed = filing.done().await?;
            let holdings = filed.holdings();
            let batch = filed.kept(&Actor::Node, Batch::new(op.clone(), "leg.prepare"))?;
            let without = base.numbers().len() as u64 - numbers.count();
            let preparing = Preparing {
                numbers,
                holdings,
                as_of: on,
                quality: self.settings.quality.clone(),
                counts: vec![("without-content", without), ("incomplete", incomplete)],
                sources: self.sources_named(&plan),
                circumstance: None,
            };
            self.commit(batch.and(Leg::prepare(of, preparing, &by))?)
                .await
        })
        .await
    }

    async fn matched_base(&self, run: &RunId, flow: &Flow) -> Result<Base, Trouble> {
        let Some(base) = self.base(run, flow).await? else {
            return Err(Refusal::new(
                "RUN-11",
                format!("no file of {run} is loaded here that {} rests on", flow.id),
            )
            .help("wait until it has come; one that is held is released or refused first")
            .into());
        };
        if base.leg.state() == State::Closed {
            return Err(Refusal::new(
                "RUN-04",
                format!(
                    "{} of {run} is closed: nothing more rests on it",
                    base.leg.flow()
                ),
            )
            .help("what is over stays over: ask again in another run")
            .into());
        }
        if self.ports.master.is_some() && base.leg.state() != State::Matched {
            return Err(Refusal::new(
                "RUN-04",
                format!("{} of {run} is not matched", base.leg.flow()),
            )
            .help("match it first")
            .into());
        }
        Ok(base)
    }

    /// Files the rows that have something to say; gives their numbers and how many eligible ones cannot be described.
    async fn made(
        &self,
        plan: &Plan,
        flow: &Flow,
        base: &Base,
        on: Date,
        filing: &mut Filing<'_>,
    ) -> Result<(Numbers, u64), Trouble> {
        let (mut numbers, mut incomplete) = (Numbers::default(), 0);
        for (n, source) in self.sources(base).await? {
            let row = compose(plan, flow, &source, on);
            if !flow.answers_every_row() {
                let own = |path: &FieldPath| {
                    let row = row.get(&path.dataset);
                    row.map_or("", |r| r.get(path.field.as_str()))
                };
                let known = source.known(&own);
                let holds = |only| plan.holds(only, &known, on) == Truth::True;
                let eligible = flow.only.as_ref().is_none_or(holds);
                if source.outcome != Some("matched") || !eligible {
                    continue;
                }
                if !gate::is_complete(plan, flow, &row, on) {
                    incomplete += 1;
                    continue;
                }
            }
            numbers.push(n);
            filing.row(n, &row).await?;
        }
        Ok((numbers, incomplete))
    }
}
