//! Starting a run: may it start today, who is asked about, and what of them goes into the file.

use std::collections::BTreeSet;

use agreement::{Flow, Frequency, Plan, Schedule, Stage};
use jiff::civil::Date;

use super::agreements::actor;
use super::extract::{Extract, Under};
use super::outbound::of;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::ids::{AgreementId, FlowId, OperationId, RunId};
use crate::leg::{Leg, Preparing, State};
use crate::refusal::Refusal;
use crate::run::{Kind, Run, Starting};
use crate::trouble::Trouble;

/// What starts a run.
#[derive(Clone, Debug)]
pub struct Start {
    /// The agreement.
    pub agreement: AgreementId,
    /// The flow that the run starts with.
    pub flow: FlowId,
    /// The run's name, the same on every node.
    pub run: RunId,
    /// At most so many people, where the pool is worked through in parts (EXCH-HMRC-04).
    pub at_most: Option<u64>,
    /// Why there is a second run in the period (RUN-02).
    pub reason: Option<String>,
}

impl Node {
    /// Starts a run: selects whom the flow's condition lets through and whose turn it is, and extracts what the
    /// agreement names of them (RUN-06, EXCH-HMRC-04).
    ///
    /// # Errors
    /// [`Trouble`]: refused, with all reasons together, when the agreement is not in force, when it is not the
    /// flow's time, when a person is in the register twice (RUN-19), or when nobody is eligible (RUN-20).
    pub async fn start(
        &self,
        op: &OperationId,
        what: &Start,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, flow) = self.flow(&what.agreement, &what.flow).await?;
            let on = crate::deadline::london_day(self.now())?;
            let mut refusals = pact.may_start(on).err().unwrap_or_default();
            let before = self.all::<Run>().await?;
            let unsent = self.given_up_unsent(&before).await?;
            let kind = match may_start(&flow, &plan, on, (&before, &unsent), what) {
                Ok(kind) => kind,
                Err(more) => {
                    refusals.extend(more);
                    return Err(refusals.into());
                }
            };
            if !refusals.is_empty() {
                return Err(refusals.into());
            }
            let register = self.ports.register.as_ref().ok_or_else(|| {
                Refusal::new(
                    "RUN-06",
                    format!("{} has no case register here", self.party()),
                )
            })?;
            let of = of(&pact, &what.flow, &what.run, &flow);
            let under = Under {
                register: &**register,
                plan: &plan,
                flow: &flow,
                of: &of,
                on,
            };
            let Extract {
                filed,
                rows,
                traces,
                pool,
                incomplete,
            } = self.extract(op, under, what.at_most).await?;
            let preparing = Preparing {
                numbers: (1..=rows).collect(),
                holdings: filed.holdings(),
                as_of: on,
                quality: self.settings.quality.clone(),
                counts: vec![
                    ("not-eligible", pool.register - pool.eligible),
                    ("incomplete", incomplete),
                ],
                sources: self.sources_named(&plan),
            };
            let batch = filed.kept(&Actor::Node, Batch::new(op.clone(), "run.start"))?;
            let leg = Leg::prepare(of, preparing, &by).many_along(traces);
            let starting = Starting {
                id: what.run.clone(),
                agreement: what.agreement.clone(),
                hash: pact.hash(),
                flow: what.flow.clone(),
                kind,
                on,
                pool,
                reason: what.reason.clone(),
            };
            let batch = batch.and(Run::start(starting, &by))?.and(leg)?;
            self.commit(batch).await
        })
        .await
    }

    /// The runs whose question was given up before it was sent: what is sent once was not sent by them.
    async fn given_up_unsent(&self, runs: &[Run]) -> Result<BTreeSet<RunId>, Trouble> {
        let mut unsent = BTreeSet::new();
        for run in runs {
            let question: Option<Leg> = self.find(&Leg::key_of(run.id(), run.flow())).await?;
            if question.is_some_and(|l| l.state() == State::Closed && l.sent_at().is_none()) {
                unsent.insert(run.id().clone());
            }
        }
        Ok(unsent)
    }

    /// The systems that this party reads for the agreement (EXCH-HMRC-23), as one name.
    pub(super) fn sources_named(&self, plan: &Plan) -> String {
        let party = plan.parties.get(self.party());
        let names: Vec<String> = party
            .iter()
            .flat_map(|p| &p.reads)
            .map(ToString::to_string)
            .collect();
        names.join("/")
    }
}

/// May this flow start a run today, beside the runs there were?
fn may_start(
    flow: &Flow,
    plan: &Plan,
    on: Date,
    (before, unsent): (&[Run], &BTreeSet<RunId>),
    what: &Start,
) -> Result<Kind, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut no = |rule, what: String, help: &str| {
        refusals.push(Refusal::new(rule, what).help(help));
    };
    if before.iter().any(|r| *r.id() == what.run) {
        no(
            "RUN-02",
            format!("there is a run {} already", what.run),
            "give the new run another name",
        );
    }
    if !flow.rests_on().is_empty() {
        no(
            "RUN-04",
            format!("{} answers or follows another flow", flow.id),
            "prepare it with the run that it belongs to",
        );
    }
    let mine = |run: &&Run| *run.agreement() == what.agreement && *run.flow() == flow.id;
    let schedule = flow.when.as_ref().map(|w| &w.schedule);
    let kind = match schedule {
        Some(Schedule::Once { month }) => {
            let first = plan
                .term
                .filter(|_| flow.when.as_ref().is_some_and(|w| w.not_before.is_some()))
                .map_or(*month, |term| term.from.max(*month));
            if on < first {
                no(
                    "RUN-04",
                    format!("{} is planned for {first} at the earliest", flow.id),
                    "wait for that day",
                );
            }
            if before.iter().any(|r| mine(&r) && !unsent.contains(r.id())) {
                no(
                    "EXCH-HMRC-03",
                    format!("{} is sent once, and it was", flow.id),
                    "no agreement permits a second one",
                );
            }
            Kind::OneOff
        }
        Some(Schedule::Every { every, from }) => {
            if on < *from {
                no(
                    "RUN-04",
                    format!("{} begins on {from}", flow.id),
                    "wait for that day",
                );
            }
            let again = before
                .iter()
                .filter(mine)
                .any(|r| same_period(*every, r.on(), on));
            if again && what.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
                no(
                    "RUN-02",
                    format!("there is a run of {} in this period already", flow.id),
                    "give the reason for a second one",
                );
            }
            Kind::Regular
        }
        Some(Schedule::Each(_)) | None => {
            no(
                "RUN-04",
                format!("{} does not start by itself", flow.id),
                "it goes with what it waits for",
            );
            Kind::OnDemand
        }
        Some(Schedule::OnDemand { .. }) => Kind::OnDemand,
    };
    if refusals.is_empty() {
        let tried = plan.stage == Some(Stage::ProofOfConcept);
        let listed = matches!(kind, Kind::Regular | Kind::OneOff);
        Ok(if tried && listed {
            Kind::AdHocTransfer
        } else {
            kind
        })
    } else {
        Err(refusals)
    }
}

fn same_period(every: Frequency, a: Date, b: Date) -> bool {
    match every {
        Frequency::Day => a == b,
        Frequency::Week => {
            let week = |day: Date| (day.iso_week_date().year(), day.iso_week_date().week());
            week(a) == week(b)
        }
        Frequency::Month => (a.year(), a.month()) == (b.year(), b.month()),
        Frequency::Quarter => (a.year(), (a.month() - 1) / 3) == (b.year(), (b.month() - 1) / 3),
        Frequency::Year => a.year() == b.year(),
    }
}
