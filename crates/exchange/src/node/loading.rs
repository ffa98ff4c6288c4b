//! What loading a file brings with it: the receipt, the candidates that the partner told of, and what the answers say of
//! each person that was asked about.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{FieldType, Flow, Plan, RowCover, TypeName, Why};

use super::Node;
use super::outbound::datasets;
use super::sources::people_of;
use super::traces::Told;
use crate::authority::Actor;
use crate::change::{Batch, Change};
use crate::gate::Rows;
use crate::ids::HoldingId;
use crate::leg::Leg;
use crate::matches::{Evidence, Found, Match};
use crate::message::{Head, Kind};
use crate::trace::Trace;
use crate::trouble::Trouble;

/// The values of a file that is loaded.
pub(super) struct Loading<'a> {
    pub(super) rows: &'a Rows,
    pub(super) holdings: &'a [HoldingId],
    /// Rows that are not what was sent.
    pub(super) doubtful: &'a BTreeSet<u64>,
}

impl Node {
    /// Adds all that follows from loading `rows` to the batch; gives the change of the leg with the traces that move
    /// with it.
    pub(super) async fn loaded(
        &self,
        leg: &Leg,
        plan: &Plan,
        flow: &Flow,
        file: &Loading<'_>,
        batch: Batch,
    ) -> Result<(Vec<Trace>, Batch), Trouble> {
        let rows = file.rows;
        let count = rows.values().map(BTreeMap::len).max().unwrap_or(0) as u64;
        let batch = self
            .reply(leg, Kind::Receipt, Head::Receipt { rows: count }, batch)
            .await?;
        let mut batch = self.found_by_partner(leg, flow, file, batch).await?;
        let Told {
            along,
            stops,
            findings,
        } = self.told(leg, plan, flow, rows).await?;
        for stop in stops {
            batch = batch.and(stop)?;
        }
        for finding in findings {
            batch = batch.and(finding)?;
        }
        Ok((along, batch))
    }

    /// The matches that a loaded return tells of: candidates here, whatever the partner decided there. A party without
    /// a case register knows nobody to match with.
    async fn found_by_partner(
        &self,
        leg: &Leg,
        flow: &Flow,
        file: &Loading<'_>,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let rows = file.rows;
        let (Some(register), Some(answers)) = (&self.ports.register, &flow.answers) else {
            return Ok(batch);
        };
        let outcome = flow
            .columns
            .iter()
            .find(|c| c.field_type == FieldType::Plain(TypeName::MatchOutcome));
        // The holding that has the link fields: from it the case register's person is found.
        let linked = flow.columns.iter().find(|c| c.why.contains(&Why::Links));
        let Some(linked) = linked else {
            return Ok(batch);
        };
        let at = datasets(flow)
            .iter()
            .position(|d| *d == linked.field.dataset);
        let Some(holding) = at.and_then(|i| file.holdings.get(i)) else {
            return Ok(batch);
        };
        let people = people_of(flow, rows, register.person_fields());
        let traces = self.traces_of(leg.agreement(), people.values()).await?;
        for n in rows
            .get(&linked.field.dataset)
            .into_iter()
            .flat_map(|r| r.keys())
        {
            let said = match outcome {
                Some(column) => rows
                    .get(&column.field.dataset)
                    .and_then(|d| d.get(n))
                    .map_or("", |r| r.get(column.field.field.as_str())),
                // An answer that has rows only where there is something to say says it by the row.
                None if answers.rows != RowCover::EveryRow => "matched",
                None => "",
            };
            let ambiguous = match said {
                "matched" => false,
                "ambiguous" => true,
                _ => continue,
            };
            let subject = match people.get(n) {
                Some(person) => Some(self.subject(person).await?),
                None => None,
            };
            if let Some(trace) = people.get(n).and_then(|person| traces.get(person)) {
                batch = self.superseded(leg, trace, batch).await?;
            }
            let found = Found {
                run: leg.run().clone(),
                flow: leg.flow().clone(),
                hash: leg.hash(),
                row: *n,
                holding: holding.clone(),
                subject,
                evidence: Evidence::Partner,
                ambiguous: ambiguous || file.doubtful.contains(n),
            };
            batch = batch.and(Match::found(found, &Actor::Partner(leg.peer().clone())))?;
        }
        Ok(batch)
    }

    /// The candidates about the same person that earlier runs left undecided give way.
    async fn superseded(
        &self,
        leg: &Leg,
        trace: &Trace,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        for wash in trace.washes() {
            if wash.run == *leg.run() {
                continue;
            }
            let key = Match::key_of(&wash.run, leg.flow(), wash.row);
            if let Some(older) = self.find::<Match>(&key).await?
                && older.standing().is_open()
            {
                batch = batch.and(older.supersede()?)?;
            }
        }
        Ok(batch)
    }
}

/// A change with the traces that move with it.
pub(super) fn with_traces(mut change: Change<Leg>, traces: &[Trace]) -> Change<Leg> {
    for trace in traces {
        change = change.along(trace);
    }
    change
}
