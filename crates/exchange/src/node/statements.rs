//! What only one party can say of a record: what the sender of a file tells of its rows without sending why, and what
//! the receiver's own people write down record by record. Both are facts that conditions ask about.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{
    Asked, Column, ConditionId, FactId, FieldType, Flow, Plan, Schedule, Told, TypeName, Why,
};
use zeroize::Zeroizing;

use super::agreements::actor;
use super::sources::Base;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Batch, Record};
use crate::compose::Source;
use crate::gate::RowFacts;
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Side, State};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::rows::Row;
use crate::trouble::Trouble;

/// The field of a statement that has how many rows a party's condition holds of.
pub(super) fn count_of(condition: &ConditionId) -> String {
    format!("{}_count", condition.as_str().replace('-', "_"))
}

/// The name of the item that keeps what was written down about a row.
fn item(row: u64) -> String {
    format!("facts/{row:06}")
}

/// What came beside a file and speaks of its rows.
#[derive(Default)]
struct Beside {
    /// The statement that goes with every such file.
    statement: Option<Row>,
    /// The links of the rows that a list names, by the condition that it names them for.
    named: BTreeMap<ConditionId, BTreeSet<String>>,
}

impl Beside {
    /// Does the sender say that this condition holds of the row with this link? None while the statement is not here.
    fn tells(&self, base: &Base, that: &ConditionId, how: Told, link: &str) -> Option<bool> {
        let statement = self.statement.as_ref()?;
        let count: u64 = statement.get(&count_of(that)).parse().unwrap_or(0);
        let in_a_list = |names: &BTreeSet<String>| names.contains(link);
        Some(match how {
            // Whoever a list names is there for what the list is for.
            Told::Statement => count > 0 && !self.named.values().any(in_a_list),
            Told::NamedRecord => {
                let schedule = base.flow.when.as_ref().map(|w| &w.schedule);
                let one_case = matches!(schedule, Some(Schedule::OnDemand { .. }));
                // A file that goes case by case names each record by having it.
                self.named.get(that).is_some_and(in_a_list)
                    || (one_case && count > 0 && count == base.leg.rows())
            }
        })
    }
}

impl Node {
    /// Adds to the facts of each row what the file's sender tells of it, and what this party wrote down about it.
    pub(super) async fn add_statements(
        &self,
        plan: &Plan,
        base: &Base,
        sources: &mut BTreeMap<u64, Source>,
    ) -> Result<(), Trouble> {
        if let Some(holding) = base.leg.holdings().first() {
            for (n, facts) in self.written_down(holding).await? {
                if let Some(source) = sources.get_mut(&n) {
                    source.facts.extend(facts);
                }
            }
        }
        let told = plan.conditions.iter().filter_map(|c| match &c.asked {
            Asked::Told { by, that, how } => Some((by, that, *how)),
            Asked::All(_) | Asked::Any(_) => None,
        });
        let told: Vec<_> = told.filter(|(by, ..)| *by == base.leg.peer()).collect();
        if told.is_empty() || base.flow.needs.is_empty() {
            return Ok(());
        }
        let beside = self.beside(base).await?;
        let link = link_of(&base.flow);
        for source in sources.values_mut() {
            let key = link.and_then(|column| source.given.get(&column.field));
            let key = key.cloned().unwrap_or_default();
            for (by, that, how) in &told {
                if let Some(so) = beside.tells(base, that, *how, &key) {
                    let so = if so { "yes" } else { "no" };
                    source.facts.insert(format!("told:{by}.{that}"), so.into());
                }
            }
        }
        Ok(())
    }

    async fn beside(&self, base: &Base) -> Result<Beside, Trouble> {
        let mut beside = Beside::default();
        for need in &base.flow.needs {
            let leg: Option<Leg> = self.find(&Leg::key_of(base.leg.run(), &need.flow)).await?;
            let here = |leg: &Leg| {
                leg.side() == Side::Receiver
                    && matches!(leg.state(), State::Loaded | State::Matched)
            };
            let Some(leg) = leg.filter(here) else {
                continue;
            };
            let (_, _, flow) = self.flow(leg.agreement(), leg.flow()).await?;
            let rows = self.rows_of(&leg, &flow).await?;
            let Some(condition) = &need.for_rows else {
                beside.statement = rows.into_values().flat_map(BTreeMap::into_values).next();
                continue;
            };
            let link = link_of(&base.flow);
            let copy = |c: &&Column| link.is_some_and(|l| c.origins.contains(&l.field));
            let names = beside.named.entry(condition.clone()).or_default();
            for column in flow.columns.iter().filter(copy) {
                let rows = rows.get(&column.field.dataset).into_iter().flatten();
                names.extend(rows.map(|(_, r)| r.get(column.field.field.as_str()).to_owned()));
            }
        }
        Ok(beside)
    }

    /// What was written down about the rows of a holding.
    async fn written_down(&self, holding: &HoldingId) -> Result<Vec<(u64, RowFacts)>, Trouble> {
        let items = self.ports.store.items(holding, "facts/").await?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let plain = self.ports.vault.open_many(holding, &items).await?;
        let read = items.iter().zip(plain).map(|((name, _), plain)| {
            let row = name.trim_start_matches("facts/").parse().ok();
            let facts = serde_json::from_slice(&plain).ok();
            row.zip(facts)
                .ok_or_else(|| PortFault("what was written about a row is damaged".into()).into())
        });
        read.collect()
    }

    /// A person writes down, of one record, whether a fact is so that only this party can tell, and why. It is kept with
    /// the record and dies with it; the reason stands in the ledger's sealed texts.
    ///
    /// # Errors
    /// [`Trouble`]: refused where the agreement has no such fact for this party, or without a reason (RUN-04, LEG-01).
    pub async fn write_fact(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        (fact, is_so): (&FactId, bool),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let leg: Leg = self.need(&Leg::key_of(of.0, of.1)).await?;
            let (pact, plan) = self.pact(leg.agreement()).await?;
            let mine = plan.facts.get(fact).is_some_and(|f| {
                f.known_to.contains(self.party())
                    && f.field_type == FieldType::Plain(TypeName::Truth)
            });
            if !mine {
                let what = format!("{} has no fact {fact} for this party to tell", pact.id());
                let help = "the agreement's `facts` name who knows each";
                return Err(Refusal::new("LEG-01", what).help(help).into());
            }
            if reason.trim().is_empty() {
                let what = "what is written down about a record needs its reason";
                return Err(Refusal::without_reason("LEG-01", what).into());
            }
            let open = matches!(leg.state(), State::Loaded | State::Matched);
            let here = leg.side() == Side::Receiver && open && leg.place_of(of.2).is_some();
            let Some(holding) = leg.holdings().first().filter(|_| here) else {
                let what = format!(
                    "there is no row {} of {} in {} at work here",
                    of.2, of.1, of.0
                );
                let help = "`concordat run status` says which files are";
                return Err(Refusal::new("RUN-04", what).help(help).into());
            };
            let all = self.written_down(holding).await?.into_iter();
            let mut before = all.filter(|(n, _)| *n == of.2).map(|(_, facts)| facts);
            let mut facts: RowFacts = before.next().unwrap_or_default();
            facts.insert(fact.to_string(), if is_so { "yes" } else { "no" }.into());
            let plain =
                Zeroizing::new(serde_json::to_vec(&facts).map_err(|e| PortFault(e.to_string()))?);
            let name = item(of.2);
            let sealed = self.ports.vault.seal(holding, op, &name, &plain).await?;
            let record = Record::new(Act::FactWritten, &by.actor())
                .under(pact.hash())
                .id("run", of.0)
                .id("flow", of.1)
                .count("row", of.2)
                .id("fact", fact)
                .text("reason", reason);
            let batch = Batch::new(op.clone(), "fact.write").note(record);
            self.commit(batch.item(holding, name, sealed)).await
        })
        .await
    }
}

/// The column that links a row to its answer.
fn link_of(flow: &Flow) -> Option<&Column> {
    flow.columns.iter().find(|c| c.why.contains(&Why::Links))
}
