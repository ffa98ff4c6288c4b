//! Starting a run: may it start today, who is asked about, and what of them goes into the file.

use std::collections::BTreeSet;

use agreement::{Extra, Flow, Plan, Schedule, Stage};
use jiff::civil::Date;

use super::agreements::actor;
use super::extract::{Extract, Under};
use super::outbound::of;
use super::writing::CIRCUMSTANCE;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Circumstance, Leg, Numbers, Preparing, State};
use crate::refusal::Refusal;
use crate::rows::{self, Row};
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
    /// The last day for the answer, where no clock of the agreement says it (RUN-03).
    pub reply_by: Option<Date>,
}

/// The case that somebody is asked about for.
#[derive(Clone)]
pub struct Case {
    /// The agreement's name of the circumstance.
    pub circumstance: String,
    /// What the circumstance is.
    pub text: String,
    /// The person keys of those who are asked about.
    pub people: Vec<String>,
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
        self.start_for(op, what, None, who).await
    }

    /// Starts a run about one case, in a circumstance that the agreement names (EXCH-DFE-11, CHILD-04).
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_case(
        &self,
        op: &OperationId,
        what: &Start,
        case: &Case,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.start_for(op, what, Some(case), who).await
    }

    async fn start_for(
        &self,
        op: &OperationId,
        what: &Start,
        case: Option<&Case>,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, flow) = self.flow(&what.agreement, &what.flow).await?;
            let on = crate::deadline::london_day(self.now())?;
            let mut refusals = pact.may_start(on).err().unwrap_or_default();
            let before = self.all::<Run>().await?;
            let unsent = self.given_up_unsent(&before).await?;
            let circumstance = match circumstance(&flow, case) {
                Ok(circumstance) => circumstance,
                Err(refusal) => {
                    refusals.push(refusal);
                    None
                }
            };
            let reply_by = match self.reply_day(&plan, &flow, what.reply_by)? {
                Ok(day) => day,
                Err(refusal) => {
                    refusals.push(refusal);
                    None
                }
            };
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
                case,
                on,
            };
            let Extract {
                filed,
                rows,
                traces,
                pool,
                incomplete,
            } = self.extract(op, under, what.at_most).await?;
            let holdings = filed.holdings();
            let batch = filed.kept(&Actor::Node, Batch::new(op.clone(), "run.start"))?;
            let batch = self.keep_circumstance(op, case, &holdings, batch).await?;
            let preparing = Preparing {
                numbers: Numbers::Counted(rows),
                holdings,
                as_of: on,
                quality: self.settings.quality.clone(),
                counts: vec![
                    ("not-eligible", pool.register - pool.eligible),
                    ("incomplete", incomplete),
                ],
                sources: self.sources_named(&plan),
                circumstance,
            };
            let leg = Leg::prepare(of, preparing, &by).many_along(traces);
            let starting = Starting {
                id: what.run.clone(),
                agreement: what.agreement.clone(),
                hash: pact.hash(),
                project: pact.project().cloned(),
                flow: what.flow.clone(),
                kind,
                on,
                reply_by,
                pool,
                reason: what.reason.clone(),
            };
            let batch = batch.and(Run::start(starting, &by))?.and(leg)?;
            self.commit(batch).await
        })
        .await
    }

    /// What the circumstance is, beside the rows, as it may name somebody.
    async fn keep_circumstance(
        &self,
        op: &OperationId,
        case: Option<&Case>,
        holdings: &[HoldingId],
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        let (Some(case), Some(holding)) = (case, holdings.first()) else {
            return Ok(batch);
        };
        let mut row = Row::default();
        row.set(
            CIRCUMSTANCE,
            format!("{}: {}", case.circumstance, case.text),
        );
        rows::seal_as(&*self.ports.vault, op, holding, CIRCUMSTANCE, &row, batch).await
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

/// The circumstance that the agreement asks for, where it asks for one.
fn circumstance(flow: &Flow, case: Option<&Case>) -> Result<Option<Circumstance>, Refusal> {
    const RULE: &str = "EXCH-DFE-11";
    let (circumstances, other) = match flow.when.as_ref().map(|w| &w.schedule) {
        Some(Schedule::OnDemand {
            circumstances,
            other,
        }) => (circumstances.as_slice(), other.as_slice()),
        Some(Schedule::Every { .. } | Schedule::Once { .. } | Schedule::Each(_)) | None => {
            (&[][..], &[][..])
        }
    };
    let names: Vec<&str> = circumstances.iter().map(|c| c.as_str()).collect();
    let Some(case) = case else {
        return if names.is_empty() {
            Ok(None)
        } else {
            let what = format!("{} goes case by case, in a circumstance", flow.id);
            Err(Refusal::new(RULE, what).help(format!("name one of: {}", names.join(", "))))
        };
    };
    if !names.contains(&case.circumstance.as_str()) {
        let what = format!("{} is sent in no such circumstance", flow.id);
        return Err(Refusal::new(RULE, what).help(format!("it names: {}", names.join(", "))));
    }
    if case.text.trim().is_empty() {
        let what = "the form must say what the circumstance is";
        return Err(Refusal::without_reason(RULE, what));
    }
    if case.people.is_empty() {
        let help = "name who is asked about";
        return Err(Refusal::new(RULE, "a case is about somebody").help(help));
    }
    Ok(Some(Circumstance {
        needs_senior: case.circumstance == "other" && other.contains(&Extra::SeniorApproval),
        name: case.circumstance.clone(),
    }))
}

/// May this flow start a run today, beside the runs there were?
pub(super) fn may_start(
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
                .any(|r| every.period_of(r.on()) == every.period_of(on));
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
