//! Starting a run: may it start today, who is asked about, and what of them goes into the file.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{DatasetId, Extra, Flow, Plan, Schedule, Stage, Truth};
use jiff::civil::Date;

use super::agreements::actor;
use super::outbound::{datasets, of};
use super::writing::CIRCUMSTANCE;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::compose::{Source, compose};
use crate::gate::{self, RowFacts, Rows};
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, RunId, SubjectId};
use crate::leg::{Circumstance, Leg, Preparing, State};
use crate::ports::CaseRegister;
use crate::refusal::Refusal;
use crate::rows::{self, Row};
use crate::run::{Kind, Pool, Run, Starting};
use crate::select::{self, Candidate};
use crate::trace::{Outcome, Rewash, Trace, Turn, Wash};
use crate::trouble::Trouble;

/// How many people are read from the register at a time.
const BATCH: usize = 500;

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

/// Who is asked about, and who was looked at.
struct Selected {
    rows: Vec<(BTreeMap<DatasetId, Row>, Trace)>,
    pool: Pool,
    incomplete: u64,
    left: Vec<Trace>,
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
            let selected = self
                .select(op, &**register, &plan, &flow, (what, case), pact.hash(), on)
                .await?;
            let of = of(&pact, &what.flow, &what.run, &flow);
            let mut by_dataset = Rows::new();
            for dataset in datasets(&flow) {
                by_dataset.insert(dataset, BTreeMap::new());
            }
            for (n, (row, _)) in (1u64..).zip(&selected.rows) {
                for (dataset, row) in row {
                    by_dataset
                        .entry(dataset.clone())
                        .or_default()
                        .insert(n, row.clone());
                }
            }
            let batch = Batch::new(op.clone(), "run.start");
            let (holdings, batch) = self
                .open_holdings(op, &plan, &of, 1, &by_dataset, &Actor::Node, batch)
                .await?;
            let batch = self.keep_circumstance(op, case, &holdings, batch).await?;
            let pool = selected.pool;
            let preparing = Preparing {
                numbers: (1..=selected.rows.len() as u64).collect(),
                holdings,
                as_of: on,
                quality: self.settings.quality.clone(),
                counts: vec![
                    ("not-eligible", pool.register - pool.eligible),
                    ("incomplete", selected.incomplete),
                ],
                sources: self.sources_named(&plan),
                circumstance,
            };
            let mut leg = Leg::prepare(of, preparing, &by);
            for (_, trace) in &selected.rows {
                leg = leg.along(trace);
            }
            for trace in &selected.left {
                leg = leg.along(trace);
            }
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

    #[expect(
        clippy::too_many_arguments,
        reason = "a selection is of one register, by one flow, on one day"
    )]
    async fn select(
        &self,
        op: &OperationId,
        register: &dyn CaseRegister,
        plan: &Plan,
        flow: &Flow,
        (what, case): (&Start, Option<&Case>),
        hash: ledger::Digest,
        on: Date,
    ) -> Result<Selected, Trouble> {
        let mut traces: BTreeMap<SubjectId, Trace> = self
            .under::<Trace>(&format!("{}/", what.agreement))
            .await?
            .into_iter()
            .map(|t| (t.subject().clone(), t))
            .collect();
        let mut pool = Pool::default();
        let mut candidates = Vec::new();
        let mut left = Vec::new();
        for (person, mut facts) in self.everybody(register).await? {
            pool.register += 1;
            let subject = self.subject(&person).await?;
            let trace = traces.get(&subject);
            if let Some(trace) = trace {
                facts.extend(trace.told_facts().clone());
            }
            let meets = |flow: &Flow| {
                let only = flow.only.as_ref();
                only.map_or(Truth::True, |only| plan.holds(only, &facts, on))
            };
            // Whoever was asked about by another flow is in that one's pool, and leaves it by its condition.
            let own = trace.and_then(Trace::may_leave);
            let own = own.and_then(|id| plan.flow(id));
            if own.is_some_and(|own| meets(own) == Truth::False) {
                left.extend(traces.remove(&subject).map(Trace::left));
                continue;
            }
            if meets(flow) != Truth::True {
                continue;
            }
            pool.eligible += 1;
            let turn = match (trace, case) {
                (Some(trace), Some(case)) if case.people.contains(&person) => trace.turn_of_case(),
                (Some(trace), None) => trace.turn(&flow.id, on),
                (None, Some(case)) if !case.people.contains(&person) => Turn::No,
                (Some(_), Some(_)) => Turn::No,
                (None, _) => Turn::First,
            };
            if trace.is_some_and(Trace::was_asked) {
                pool.checked += 1;
            }
            candidates.push(Candidate {
                person,
                turn,
                since: select::since(plan, flow.only.as_ref(), &facts),
            });
        }
        let chosen = select::choose(candidates);
        let again = flow.again.as_ref().map(|a| Rewash {
            every: a.every,
            times: a.times,
        });
        let mut rows = Vec::new();
        let mut incomplete = 0;
        let most = what
            .at_most
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(usize::MAX);
        let mut seen = BTreeSet::new();
        for part in chosen.chunks(BATCH) {
            if rows.len() >= most {
                break;
            }
            let keys: Vec<String> = part.iter().map(|c| c.person.clone()).collect();
            let mut records = register.records(&keys).await?;
            for candidate in part {
                if rows.len() >= most {
                    break;
                }
                if !seen.insert(candidate.person.clone()) {
                    return Err(Refusal::new(
                        "RUN-19",
                        format!(
                            "record {} of the extract is a person who is in it already",
                            rows.len() + 1
                        ),
                    )
                    .help("mend the register: there is one record for each person")
                    .into());
                }
                let Some(record) = records.remove(&candidate.person) else {
                    continue;
                };
                let n = rows.len() as u64 + 1;
                let source = Source {
                    own: record.values,
                    facts: record.facts,
                    minted: Some(self.mint(op, n)),
                    ..Source::default()
                };
                let row = compose(plan, flow, &source, on);
                if !gate::is_complete(plan, flow, &row, on) {
                    incomplete += 1;
                    continue;
                }
                match candidate.turn {
                    Turn::Again(_) => pool.again += 1,
                    Turn::First | Turn::No => pool.first += 1,
                }
                let subject = self.subject(&candidate.person).await?;
                let trace = traces
                    .remove(&subject)
                    .unwrap_or_else(|| Trace::new(&what.agreement, hash, subject));
                let wash = Wash {
                    run: what.run.clone(),
                    flow: flow.id.clone(),
                    row: n,
                    on,
                    outcome: Outcome::Waiting,
                };
                rows.push((row, trace.selected(wash, again)));
            }
        }
        if rows.is_empty() {
            return Err(Refusal::new(
                "RUN-20",
                "nobody in the register is eligible today, or it is nobody's turn",
            )
            .help("wait: `concordat due` says whose turn comes when")
            .into());
        }
        Ok(Selected {
            rows,
            pool,
            incomplete,
            left,
        })
    }

    /// The person keys and facts of everybody in the register.
    async fn everybody(
        &self,
        register: &dyn CaseRegister,
    ) -> Result<Vec<(String, RowFacts)>, Trouble> {
        const BATCH: u32 = 10_000;
        let mut all: Vec<(String, RowFacts)> = Vec::new();
        loop {
            let after = all.last().map(|(person, _)| person.as_str());
            let batch = register.facts(after, BATCH).await?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    /// A reference that stands for a row between nodes and says nothing about the person.
    fn mint(&self, op: &OperationId, row: u64) -> String {
        let mut bytes = [0; 8];
        self.ports
            .entropy
            .fill(op, &format!("reference/{row}"), &mut bytes);
        format!("D{}", hex::encode_upper(bytes))
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
