//! What a person writes to go with a run: the form that says what a file is, a list of rows picked out of it, a report of
//! a period. The hub adds what it knows itself, and its figures stand whatever was written.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{DatasetId, Flow, Form, Plan, Schedule, Truth};
use jiff::civil::Date;

use super::agreements::actor;
use super::outbound::{format_of, of};
use super::start::{Start, may_start};
use super::statements::count_of;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Actor, Person};
use crate::change::{Batch, Record};
use crate::compose::{Source, compose};
use crate::cover::file_name;
use crate::gate::{self, RowFacts, Rows};
use crate::ids::{AgreementId, FlowId, OperationId, RunId};
use crate::leg::{Leg, Numbers, Preparing, Side, State};
use crate::matches::{Match, Standing};
use crate::refusal::Refusal;
use crate::rows::{self, Row};
use crate::run::{Pool, Run, Starting};
use crate::trouble::Trouble;

/// The item that keeps the circumstance of a case beside its rows.
pub(super) const CIRCUMSTANCE: &str = "circumstance";

/// What a person writes.
#[derive(Clone)]
pub struct Written {
    /// The agreement.
    pub agreement: AgreementId,
    /// The flow.
    pub flow: FlowId,
    /// The run that it goes with, or is by itself.
    pub run: RunId,
    /// Its rows.
    pub rows: Vec<WrittenRow>,
}

/// A row of it.
#[derive(Clone, Default)]
pub struct WrittenRow {
    /// The number of the row that it is about, where the flow goes on with a file of this party's own.
    pub of: Option<u64>,
    /// The values, by the agreement's field names.
    pub values: BTreeMap<String, String>,
}

impl Node {
    /// Prepares a file that a person writes.
    ///
    /// # Errors
    /// [`Trouble`]: refused for a flow whose rows are made of records, for a row that is not in the file that it is
    /// picked from (EXCH-DFE-09), or while what it rests on is not here.
    pub async fn write(
        &self,
        op: &OperationId,
        what: &Written,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, flow) = self.flow(&what.agreement, &what.flow).await?;
            let on = crate::deadline::london_day(self.now())?;
            pact.in_force(on)?;
            if !is_written(&plan, &flow) {
                let what = format!("the rows of {} are made of records", flow.id);
                let help = "start a run of it, or prepare it with the run that it belongs to";
                return Err(Refusal::new("RUN-04", what).help(help).into());
            }
            let most = flow.volume.as_ref().map_or(u64::MAX, |v| v.most);
            if what.rows.len() as u64 > most {
                let what = format!("{} has at most {most} rows", flow.id);
                let help = "leave rows out: what is written is kept until it is sent";
                return Err(Refusal::new("RUN-16", what).help(help).into());
            }
            let mut batch = Batch::new(op.clone(), "leg.write");
            if starts(&flow) {
                let start = Start {
                    agreement: what.agreement.clone(),
                    flow: what.flow.clone(),
                    run: what.run.clone(),
                    at_most: None,
                    reason: None,
                    reply_by: None,
                };
                let before = self.all::<Run>().await?;
                let kind = may_start(&flow, &plan, on, (&before, &BTreeSet::new()), &start)?;
                let starting = Starting {
                    id: what.run.clone(),
                    agreement: what.agreement.clone(),
                    hash: pact.hash(),
                    project: pact.project().cloned(),
                    flow: what.flow.clone(),
                    kind,
                    on,
                    reply_by: self.reply_day(&plan, &flow, None)??,
                    pool: Pool::default(),
                    reason: None,
                };
                batch = batch.and(Run::start(starting, &by))?;
            }
            let sources = self.of_the_writer(&flow, what).await?;
            let figures = self.figures(&plan, &flow, &what.run, on).await?;
            let of = of(&pact, &what.flow, &what.run, &flow);
            let mut filing = self.filing(op, &plan, &flow, &of, 1).await?;
            let mut numbers = Numbers::default();
            for (n, mut source) in sources {
                source.own.extend(figures.clone());
                filing.row(n, &compose(&plan, &flow, &source, on)).await?;
                numbers.push(n);
            }
            let filed = filing.done().await?;
            let holdings = filed.holdings();
            let batch = filed.kept(&Actor::Node, batch)?;
            let preparing = Preparing {
                numbers,
                holdings,
                as_of: on,
                quality: None,
                counts: Vec::new(),
                sources: String::new(),
                circumstance: None,
            };
            self.commit(batch.and(Leg::prepare(of, preparing, &by))?)
                .await
        })
        .await
    }

    /// The values of a form that was written here, or came in, row by row in the order of its fields: what is printed for
    /// people. That it was read stands in the ledger.
    ///
    /// # Errors
    /// [`Trouble`]: refused for what is no form (RUN-04).
    pub async fn form(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<(Done, Vec<Vec<(String, String)>>), Trouble> {
        let mut form = Vec::new();
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::Run)?;
                let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
                let (pact, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
                if flow_plan.form != Some(Form::Form) {
                    let what = format!("{flow} is no form");
                    let help = "only what goes beside a file is printed";
                    return Err(Refusal::new("RUN-04", what).help(help).into());
                }
                let mut rows = self.rows_of(&leg, &flow_plan).await?;
                if leg.is_being_made() {
                    let on = crate::deadline::london_day(self.now())?;
                    for (dataset, anew) in self.with_figures(&plan, &flow_plan, &leg, on).await? {
                        rows.entry(dataset).or_default().extend(anew);
                    }
                }
                let cells = gate::Cells::of(&flow_plan);
                for n in gate::numbers(&rows) {
                    let values = cells.row(&rows, n);
                    let named = flow_plan.columns.iter().zip(values);
                    let held = named.filter(|(_, value)| !value.is_empty());
                    let held = held.map(|(c, value)| (c.name.to_string(), value.to_owned()));
                    form.push(held.collect());
                }
                let record = Record::new(Act::ValuesUsed, &by.actor())
                    .under(pact.hash())
                    .rule("LEG-23")
                    .id("run", run)
                    .id("flow", flow)
                    .count("rows", form.len() as u64);
                self.commit(Batch::new(op.clone(), "form.show").note(record))
                    .await
            })
            .await?;
        Ok((done, form))
    }

    /// What the rows are made of: the rows of the own file that they are picked from, and what was written.
    async fn of_the_writer(
        &self,
        flow: &Flow,
        what: &Written,
    ) -> Result<BTreeMap<u64, Source>, Trouble> {
        let mut sources = BTreeMap::new();
        let written = |row: &WrittenRow| Source {
            own: row.values.clone(),
            ..Source::default()
        };
        let Some(follows) = &flow.follows else {
            if flow.answers.is_some() && self.base_leg(&what.run, flow).await?.is_none() {
                let what = format!("what {} answers is not here", flow.id);
                return Err(Refusal::new("RUN-11", what)
                    .help("wait until it has come")
                    .into());
            }
            sources.extend((1u64..).zip(what.rows.iter().map(written)));
            return Ok(sources);
        };
        let mut from = None;
        for name in &follows.flows {
            let leg = self.find::<Leg>(&Leg::key_of(&what.run, name)).await?;
            from = from.or(leg.filter(|l| l.is_being_made() || l.has_left()));
        }
        let Some(from) = from else {
            let what = format!("the file that {} is picked from is not here", flow.id);
            return Err(Refusal::new("RUN-04", what)
                .help("start the run first")
                .into());
        };
        let (_, _, picked) = self.flow(from.agreement(), from.flow()).await?;
        let rows = self.rows_of(&from, &picked).await?;
        let numbers: BTreeSet<u64> = from.numbers().into_iter().collect();
        for row in &what.rows {
            let n = row
                .of
                .filter(|n| numbers.contains(n) && !from.withheld().contains(n));
            let Some(n) = n.filter(|n| !sources.contains_key(n)) else {
                let what = format!(
                    "a row is not in {} of {}, or is picked twice",
                    from.flow(),
                    from.run()
                );
                let help = "pick each row of the file at most once, by its number";
                return Err(Refusal::new("EXCH-DFE-09", what).help(help).into());
            };
            let mut source = written(row);
            let of: BTreeMap<&DatasetId, &Row> = rows
                .iter()
                .filter_map(|(dataset, rows)| Some((dataset, rows.get(&n)?)))
                .collect();
            source.give(&picked, &of);
            sources.insert(n, source);
        }
        Ok(sources)
    }

    /// The rows of a form with the hub's own figures as they stand now; none where nothing changed.
    pub(super) async fn with_figures(
        &self,
        plan: &Plan,
        flow: &Flow,
        leg: &Leg,
        on: Date,
    ) -> Result<Rows, Trouble> {
        let mut anew = Rows::new();
        if flow.form != Some(Form::Form) {
            return Ok(anew);
        }
        let figures = self.figures(plan, flow, leg.run(), on).await?;
        for (dataset, rows) in self.rows_of(leg, flow).await? {
            for (n, row) in rows {
                let mut now = row.clone();
                for column in flow.columns.iter().filter(|c| c.field.dataset == dataset) {
                    let field = column.field.field.as_str();
                    if let Some(figure) = figures.get(field) {
                        now.set(field, figure.as_str());
                    }
                }
                if now != row {
                    anew.entry(dataset.clone()).or_default().insert(n, now);
                }
            }
        }
        Ok(anew)
    }

    /// What the hub knows itself of the file that a form goes with, or of the matching that it reports, by the field
    /// names that ask for it (docs/exchange.md lists them).
    async fn figures(
        &self,
        plan: &Plan,
        flow: &Flow,
        run: &RunId,
        on: Date,
    ) -> Result<BTreeMap<String, String>, Trouble> {
        let mut figures = BTreeMap::new();
        let legs: Vec<Leg> = self.under(&format!("{run}/")).await?;
        let with = legs
            .iter()
            .find(|l| l.side() == Side::Sender && goes_with(flow, l.flow()));
        if let Some(leg) = with {
            let (_, _, file) = self.flow(leg.agreement(), leg.flow()).await?;
            figures.insert("kind".to_owned(), leg.flow().to_string());
            figures.insert(
                "file_name".to_owned(),
                file_name(plan, leg, format_of(&file)?),
            );
            figures.insert("record_count".to_owned(), leg.rows().to_string());
            let password = plan
                .routes
                .get(&file.route)
                .and_then(|r| r.password_by.as_ref());
            if let Some(route) = password {
                figures.insert("password_channel".to_owned(), route.to_string());
            }
            if let Some(holding) = leg.holdings().first()
                && let Some(row) = rows::open_one(
                    &*self.ports.store,
                    &*self.ports.vault,
                    holding,
                    CIRCUMSTANCE,
                )
                .await?
            {
                figures.insert("circumstance".to_owned(), row.get(CIRCUMSTANCE).to_owned());
            }
            let facts = self.facts_of_rows(&file, leg).await?;
            for condition in plan.conditions.iter() {
                let so = facts
                    .iter()
                    .filter(|(_, f)| plan.holds(&condition.id, f, on) == Truth::True);
                figures.insert(count_of(&condition.id), so.count().to_string());
            }
        }
        let matched = legs
            .iter()
            .filter(|l| l.side() == Side::Receiver && matches!(l.state(), State::Matched));
        for leg in matched {
            let all = self.matches_of(leg).await?;
            let found = all
                .values()
                .filter(|m: &&Match| m.standing() == Standing::Confirmed);
            let found = found.count() as u64;
            figures.insert("matched_count".to_owned(), found.to_string());
            figures.insert(
                "unmatched_count".to_owned(),
                (leg.rows() - found).to_string(),
            );
        }
        Ok(figures)
    }

    /// The rows of a file that must be in this list beside it, as the case register says today.
    ///
    /// # Errors
    /// [`Trouble`]: refused where no file of the run needs such a list (RUN-04).
    pub async fn to_be_listed(&self, run: &RunId, list: &FlowId) -> Result<Vec<u64>, Trouble> {
        let on = crate::deadline::london_day(self.now())?;
        for leg in self.under::<Leg>(&format!("{run}/")).await? {
            let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
            let need = flow.needs.iter().find(|need| need.flow == *list);
            let Some(condition) = need.and_then(|need| need.for_rows.as_ref()) else {
                continue;
            };
            let facts = self.facts_of_rows(&flow, &leg).await?.into_iter();
            let so = facts.filter(|(_, f)| plan.holds(condition, f, on) == Truth::True);
            return Ok(so.map(|(n, _)| n).collect());
        }
        let what = format!("no file of {run} needs a list {list}");
        Err(Refusal::new("RUN-04", what)
            .help("`concordat run status` says which files there are")
            .into())
    }

    /// The facts of each row that leaves, or has left, with a file of this party's own.
    async fn facts_of_rows(&self, flow: &Flow, leg: &Leg) -> Result<Vec<(u64, RowFacts)>, Trouble> {
        let rows = self.rows_of(leg, flow).await?;
        let leaves: BTreeSet<u64> = leg.numbers().into_iter().collect();
        let sources = self.facts_of(flow, &rows).await?;
        let left = sources.into_iter().filter(|(n, _)| leaves.contains(n));
        Ok(left.map(|(n, source)| (n, source.facts)).collect())
    }
}

/// Does a flow start a run by itself?
pub(super) fn starts(flow: &Flow) -> bool {
    let schedule = flow.when.as_ref().map(|w| &w.schedule);
    matches!(
        schedule,
        Some(Schedule::Every { .. } | Schedule::Once { .. } | Schedule::OnDemand { .. })
    )
}

/// Is what a flow sends written by a person: a form, or rows that are picked out of a file of the party's own?
pub(super) fn is_written(plan: &Plan, flow: &Flow) -> bool {
    flow.form == Some(Form::Form) || picks(plan, flow)
}

/// Does a flow go on with a file that its own sender sends?
fn picks(plan: &Plan, flow: &Flow) -> bool {
    let own = |id: &FlowId| plan.flow(id).is_some_and(|f| f.from == flow.from);
    flow.follows
        .as_ref()
        .is_some_and(|f| f.flows.iter().all(own))
}

/// Is a flow sent each time that the other is sent?
pub(super) fn goes_with(flow: &Flow, other: &FlowId) -> bool {
    sent_with(flow).any(|id| id == *other)
}

/// The flows with each of whose files a flow is sent.
pub(super) fn sent_with(flow: &Flow) -> impl Iterator<Item = FlowId> {
    let occasions = match flow.when.as_ref().map(|w| &w.schedule) {
        Some(Schedule::Each(occasions)) => occasions.as_slice(),
        Some(Schedule::Every { .. } | Schedule::Once { .. } | Schedule::OnDemand { .. }) | None => {
            &[]
        }
    };
    let sent = occasions
        .iter()
        .filter(|o| o.event().is_some_and(|e| e.as_str() == "sent"));
    sent.map(agreement::OccasionId::of)
}
