//! The pool's memory: what came of asking about each person, as answers come in and matches are decided.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{FieldType, Flow, Plan, Truth, TypeName};
use jiff::civil::Date;

use super::agreements::actor;
use super::sources::people_of;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::{Aggregate, Batch, Change};
use crate::finding::{Finding, Kind};
use crate::gate::{Passed, RowFacts, Rows};
use crate::ids::{AgreementId, OperationId, SubjectId};
use crate::leg::Leg;
use crate::matches::Match;
use crate::trace::{Outcome, Trace};
use crate::trouble::Trouble;

/// What an answer does to the traces of its rows.
#[derive(Default)]
pub(super) struct Told {
    /// The traces that move with the loading of the file.
    pub(super) along: Vec<Trace>,
    /// The traces that stop, each in a record of its own.
    pub(super) stops: Vec<Change<Trace>>,
    /// What a person must look at because of it.
    pub(super) findings: Vec<Change<Finding>>,
    /// The people whose rows were looked at: what a second row says of somebody is not heard.
    people: BTreeSet<String>,
}

impl Node {
    /// The traces of the rows that were selected and do not leave after all.
    pub(super) async fn not_sent(
        &self,
        leg: &Leg,
        flow: &Flow,
        passed: &Passed,
    ) -> Result<Vec<Trace>, Trouble> {
        if !flow.rests_on().is_empty() || passed.withheld.is_empty() {
            return Ok(Vec::new());
        }
        let withheld: BTreeSet<u64> = passed.withheld.iter().copied().collect();
        let prefix = format!("{}/", leg.agreement());
        let mut back = Vec::new();
        for trace in self.under::<Trace>(&prefix).await? {
            let here = trace.washes().iter().any(|w| {
                w.run == *leg.run() && withheld.contains(&w.row) && w.outcome == Outcome::Waiting
            });
            if here {
                back.push(trace.told(leg.run(), Outcome::NotSent));
            }
        }
        Ok(back)
    }

    /// The traces of whoever was selected for a file that is given up: nobody was asked about.
    pub(super) async fn given_up(&self, leg: &Leg) -> Result<Vec<Trace>, Trouble> {
        let here = |trace: &Trace| {
            let mut washes = trace.washes().iter();
            washes.any(|w| w.run == *leg.run() && w.outcome == Outcome::Waiting)
        };
        let prefix = format!("{}/", leg.agreement());
        let all = self.under::<Trace>(&prefix).await?;
        let mine = all.into_iter().filter(here);
        Ok(mine.map(|t| t.told(leg.run(), Outcome::NotSent)).collect())
    }

    /// What a page of a loaded answer tells about each person of its rows: hit or no hit, and facts that stop the
    /// tracing.
    pub(super) async fn told(
        &self,
        leg: &Leg,
        plan: &Plan,
        flow: &Flow,
        rows: &Rows,
        told: &mut Told,
    ) -> Result<(), Trouble> {
        let Some(register) = &self.ports.register else {
            return Ok(());
        };
        let people = people_of(flow, rows, register.person_fields());
        let on = crate::deadline::london_day(self.now())?;
        let by = Actor::Partner(leg.peer().clone());
        let mut traces = self.traces_of(leg.agreement(), people.values()).await?;
        for (n, person) in people {
            let Some(mut trace) = traces.remove(&person) else {
                continue;
            };
            if !told.people.insert(person) {
                continue;
            }
            let outcome = outcome(flow, rows, n);
            if let Some(outcome) = outcome {
                trace = trace.told(leg.run(), outcome);
            }
            match stopping(plan, flow, &trace, rows, n, on) {
                Some((fact, value, field)) => {
                    let basis = Match::key_of(leg.run(), leg.flow(), n);
                    let finding = Finding::made(&basis, leg.hash(), Kind::Death, Some(field), &by);
                    told.findings.push(finding);
                    told.stops.push(trace.stop(&fact, &value, &by));
                }
                None if outcome.is_some() => told.along.push(trace),
                None => {}
            }
        }
        Ok(())
    }

    /// The trace of the person of a match, told that nothing was found after all.
    pub(super) async fn no_hit_after_all(
        &self,
        found: &Match,
        agreement: &AgreementId,
    ) -> Result<Option<Trace>, Trouble> {
        let Some(subject) = found.subject() else {
            return Ok(None);
        };
        let trace: Option<Trace> = self.find(&Trace::key_of(agreement, subject)).await?;
        Ok(trace
            .filter(|t| {
                t.washes()
                    .iter()
                    .any(|w| w.run == *found.run() && w.outcome == Outcome::Hit)
            })
            .map(|t| t.told(found.run(), Outcome::NoHit)))
    }

    /// A person says that the tracing of somebody goes on, and why: nothing else restarts it (S-24).
    ///
    /// # Errors
    /// [`Trouble`]: refused when it was not stopped.
    pub async fn restart_tracing(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        subject: &SubjectId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Verify)?.actor();
            let trace: Trace = self.need(&Trace::key_of(agreement, subject)).await?;
            let change = trace.restart(reason, &by)?;
            self.commit(Batch::new(op.clone(), "trace.restart").and(change)?)
                .await
        })
        .await
    }

    /// How many people's traces stand where, by the name of the state.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn pool(
        &self,
        agreement: &AgreementId,
    ) -> Result<BTreeMap<&'static str, u64>, Trouble> {
        let mut states = BTreeMap::new();
        for trace in self.under::<Trace>(&format!("{agreement}/")).await? {
            *states.entry(trace.status()).or_insert(0) += 1;
        }
        Ok(states)
    }
}

/// What an answer with outcomes says of a row.
fn outcome(flow: &Flow, rows: &Rows, n: u64) -> Option<Outcome> {
    let column = flow
        .columns
        .iter()
        .find(|c| c.field_type == FieldType::Plain(TypeName::MatchOutcome))?;
    let row = rows.get(&column.field.dataset)?.get(&n)?;
    match row.get(column.field.field.as_str()) {
        "matched" | "ambiguous" => Some(Outcome::Hit),
        "not-matched" => Some(Outcome::NoHit),
        _ => None,
    }
}

/// The fact that a row tells and by which the person would not have been asked about: its name, value and field.
fn stopping(
    plan: &Plan,
    flow: &Flow,
    trace: &Trace,
    rows: &Rows,
    n: u64,
    on: Date,
) -> Option<(String, String, String)> {
    let asked = &trace.washes().last()?.flow;
    let only = plan.flow(asked)?.only.as_ref()?;
    flow.columns.iter().find_map(|column| {
        let fact = column.tells.as_ref()?;
        let row = rows.get(&column.field.dataset)?.get(&n)?;
        let value = row.get(column.field.field.as_str());
        let alone: RowFacts = [(fact.to_string(), value.to_owned())].into();
        (!value.is_empty() && plan.holds(only, &alone, on) == Truth::False)
            .then(|| (fact.to_string(), value.to_owned(), column.field.to_string()))
    })
}
