//! Keeping and destroying: every file opens holdings under the agreement's keep rules; events start their
//! counts; when a date comes, the key dies.

use std::collections::BTreeSet;

use agreement::{DatasetId, Ends, Flow, Keep, MatchIs, Passes, Place, Plan, Schedule, UntilThen};

use super::agreements::actor;
use super::keep::authority;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::{Aggregate, Batch};
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Of, Side, State};
use crate::matches::Match;
use crate::refusal::Refusal;
use crate::retention::{Holding, KeepRule, Opening};
use crate::run::Run;
use crate::trouble::Trouble;

/// How many sets of values fall due in one transaction.
const DUE_AT_ONCE: u32 = 100;

impl Node {
    /// The opening of a holding, by the keep rule of the agreement for this dataset at this party (RET-01).
    pub(super) fn opening(
        &self,
        plan: &Plan,
        flow: &Flow,
        of: &Of,
        dataset: &DatasetId,
        id: &HoldingId,
        rows: u64,
    ) -> Result<Opening, Trouble> {
        let sends = flow.from == *self.party();
        let rules: Vec<&Keep> = plan.keep_rules(dataset, self.party()).collect();
        // A sender's working copy is in staging; where the agreement tells the two apart, each has its rule.
        let fits = |rule: &&&Keep| {
            (rule.place == Place::Staging) == sends && rule.rows != Some(MatchIs::Confirmed)
        };
        let Some(rule) = rules.iter().find(fits).or_else(|| rules.first()) else {
            return Err(Refusal::new(
                "RET-01",
                format!(
                    "{} says not how long {} keeps {dataset}",
                    of.agreement,
                    self.party()
                ),
            )
            .into());
        };
        let (event, after) = match &rule.ends {
            Ends::Until(when) => (when.event, None),
            Ends::After { from, period } => (from.event, Some(*period)),
            Ends::NeedReviewed { .. } | Ends::Open => {
                return Err(Refusal::new(
                    "RET-01",
                    format!(
                        "how {} ends the keeping of {dataset} is not counted here yet",
                        of.agreement
                    ),
                )
                .into());
            }
        };
        let received = event == agreement::Event::Received && !sends;
        Ok(Opening {
            id: id.clone(),
            agreement: Some(of.hash),
            what: dataset.to_string(),
            keeper: self.party().clone(),
            rows,
            rule: KeepRule {
                event: event.to_string(),
                after,
                authority: authority(rule),
            },
            controller: self.controller(plan, flow, dataset),
            owed_to: (!sends).then(|| of.peer.clone()),
            started: received.then(|| self.now()),
        })
    }

    /// Who is controller of a dataset that came by a flow, or is to go by it, as long as this party keeps it here
    /// (LEG-26).
    fn controller(&self, plan: &Plan, flow: &Flow, dataset: &DatasetId) -> String {
        let before = |until: UntilThen| match until {
            UntilThen::Sender => flow.from.to_string(),
            UntilThen::InCommon => format!("{} and {} in common", flow.from, flow.to),
        };
        if flow.from == *self.party() {
            return self.party().to_string();
        }
        match plan.controllers_of(dataset) {
            Some(c) if c.passes == Passes::OnReceipt => self.party().to_string(),
            Some(c) => before(c.until_then),
            None => flow.from.to_string(),
        }
    }

    /// The matching party declares the matching of a run complete: its legs close, and what was to be kept
    /// until then dies (RET-02).
    ///
    /// # Errors
    /// [`Trouble`]: refused until the other party has the answer.
    pub async fn complete_matching(
        &self,
        op: &OperationId,
        run: &RunId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.end(op, run, "matching-complete", Action::Match, who)
            .await
    }

    /// Closes a run: the return is loaded and every match decided; what was to be kept until then dies
    /// (RUN-21).
    ///
    /// # Errors
    /// [`Trouble`]: refused while something is still to be done.
    pub async fn close_run(
        &self,
        op: &OperationId,
        run: &RunId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.end(op, run, "run-closed", Action::Run, who).await
    }

    async fn end(
        &self,
        op: &OperationId,
        run: &RunId,
        event: &'static str,
        action: Action,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(action)?.actor();
            let legs: Vec<Leg> = self.under(&format!("{run}/")).await?;
            let Some(first) = legs.first() else {
                return Err(Refusal::new("RUN-04", format!("there is no run {run} here")).into());
            };
            let (_, plan) = self.pact(first.agreement()).await?;
            let mut refusals: Vec<Refusal> = legs.iter().filter_map(unfinished).collect();
            refusals.extend(self.expected(&plan, &legs));
            refusals.extend(self.untold(run).await?);
            refusals.extend(self.rivals(run).await?);
            let open = self.undecided(run).await?;
            if open > 0 {
                refusals.push(
                    Refusal::new("RUN-21", format!("{open} matches of {run} are not decided"))
                        .help("confirm or refute them"),
                );
            }
            if !refusals.is_empty() {
                return Err(refusals.into());
            }
            let mut batch = Batch::new(op.clone(), "run.end");
            let mut sent = self.counted_from_the_end(run).await?;
            for leg in legs.into_iter().filter(|l| l.state() != State::Closed) {
                let mut change = leg.close(&by)?;
                for counted in sent.drain(..) {
                    change = change.along(&counted);
                }
                batch = batch.and(change)?;
            }
            if let Some(started) = self.find::<Run>(run.as_str()).await? {
                let on = crate::deadline::london_day(self.now())?;
                batch = batch.and(started.closing(on, &by)?)?;
            }
            for holding in self.under::<Holding>(&format!("{run}/")).await? {
                if holding.waits_for(event) {
                    batch = batch.and(holding.happened(self.now(), &by)?)?;
                }
            }
            self.commit(batch).await
        })
        .await
    }

    /// The files of the run that this party still has to send, or still waits for: whatever rests on a file that
    /// moved, in either direction, must have moved too.
    fn expected(&self, plan: &Plan, legs: &[Leg]) -> Vec<Refusal> {
        let over = |leg: &Leg| unfinished(leg).is_none();
        let moved = |flow: &FlowId| legs.iter().any(|l| l.flow() == flow && over(l));
        let mut refusals = Vec::new();
        let listed = |flow: &FlowId| {
            let mut needs = plan.flows.values().flat_map(|f| &f.needs);
            needs.any(|need| need.flow == *flow && need.for_rows.is_some())
        };
        for flow in plan.flows.values().filter(|f| f.part_of.is_none()) {
            // A list beside a file is there only where a row asks for it.
            if listed(&flow.id) && !legs.iter().any(|l| *l.flow() == flow.id) {
                continue;
            }
            let mine = flow.from == *self.party() || flow.to == *self.party();
            let asked_for = matches!(
                flow.when.as_ref().map(|w| &w.schedule),
                Some(Schedule::OnDemand { .. })
            );
            let rests = flow.rests_on();
            let through = flow.answers.as_ref().and_then(|a| a.through.as_ref());
            let due = rests.iter().chain(through).any(moved);
            if mine && !asked_for && due && !moved(&flow.id) {
                let what = if flow.from == *self.party() {
                    format!("{} is not sent", flow.id)
                } else {
                    format!("{} has not come", flow.id)
                };
                refusals.push(
                    Refusal::new("RUN-21", what)
                        .help("where there is nothing to say, a file without rows says so"),
                );
            }
        }
        refusals
    }

    async fn undecided(&self, run: &RunId) -> Result<usize, Trouble> {
        let all = self.under::<Match>(&format!("{run}/")).await?;
        Ok(all.iter().filter(|m| m.standing().is_open()).count())
    }

    /// With the last of a run's transfer files its destruction is complete: the run is closed (RUN-21).
    pub(super) async fn perhaps_closed(
        &self,
        dying: &[HoldingId],
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let runs: BTreeSet<&str> = dying
            .iter()
            .filter_map(|h| Some(h.as_str().split_once('/')?.0))
            .collect();
        for run in runs {
            let Some(run) = self.find::<Run>(run).await?.filter(Run::is_closing) else {
                continue;
            };
            let files = self.under::<Holding>(&format!("{}/", run.id())).await?;
            let left = files
                .iter()
                .any(|h| !dying.contains(h.id()) && !is_apart(h.id()) && h.status() != "destroyed");
            if !left {
                let on = crate::deadline::london_day(self.now())?;
                batch = batch.and(run.closed(on)?)?;
            }
        }
        Ok(batch)
    }

    /// Lets everything that is due fall due: intends the destruction of its key.
    pub(super) async fn fall_due(&self) -> Result<Done, Trouble> {
        let due = self.ports.store.due(self.now(), DUE_AT_ONCE).await?;
        let ids: Vec<String> = due
            .into_iter()
            .filter(|d| d.kind == Holding::KIND)
            .map(|d| d.id)
            .collect();
        let Some(first) = ids.first() else {
            return Ok(Vec::new());
        };
        // Destruction is never early: not by a clock that nobody vouches for either.
        if self.clock_doubt().await?.is_some() {
            return Ok(Vec::new());
        }
        // A holding falls due once, so the first one names the operation.
        let op = OperationId::parse(format!("due:{first}"))?;
        let mut batch = Batch::new(op, "holding.due");
        for holding in self.find_many::<Holding>(&ids).await?.into_values() {
            batch = batch.and(holding.fall_due(self.now())?)?;
        }
        self.commit(batch).await
    }

    /// The leg whose file brought a holding's values: `<run>/<flow>.<file>/<dataset>`.
    pub(super) async fn leg_of(&self, holding: &HoldingId) -> Result<Option<Leg>, Trouble> {
        let mut parts = holding.as_str().split('/');
        let (Some(run), Some(flow)) = (parts.next(), parts.next()) else {
            return Ok(None);
        };
        let Some((flow, _)) = flow.rsplit_once('.') else {
            return Ok(None);
        };
        let (Ok(run), Ok(flow)) = (RunId::parse(run), FlowId::parse(flow)) else {
            return Ok(None);
        };
        self.find(&Leg::key_of(&run, &flow)).await
    }
}

/// Is it the holding of a single row that is kept or held apart from its file?
fn is_apart(holding: &HoldingId) -> bool {
    let id = holding.as_str();
    id.contains("/kept/") || id.contains("/row/")
}

fn unfinished(leg: &Leg) -> Option<Refusal> {
    let over = match leg.side() {
        Side::Sender => matches!(leg.state(), State::Accepted | State::Closed),
        Side::Receiver => matches!(leg.state(), State::Loaded | State::Matched | State::Closed),
    };
    (!over).then(|| {
        Refusal::new(
            "RUN-21",
            format!("{} of {} is {}", leg.flow(), leg.run(), leg.state().name()),
        )
        .help("see it through, or give it up where that is still possible")
    })
}
