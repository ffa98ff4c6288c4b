//! What loading a file brings with it: the receipt, the candidates that the partner told of, and what the answers say of
//! each person that was asked about.

use std::ops::RangeInclusive;

use agreement::{FieldType, Flow, Plan, RowCover, TypeName, Why};

use super::Node;
use super::outbound::datasets;
use super::sources::people_of;
use super::traces::Told;
use crate::authority::Actor;
use crate::bulk::Pages;
use crate::change::{Batch, Change, Item};
use crate::gate::Rows;
use crate::ids::HoldingId;
use crate::inward::{self, Sent};
use crate::leg::Leg;
use crate::matches::{Evidence, Found, Match};
use crate::message::{Head, Kind};
use crate::rows;
use crate::trace::Trace;
use crate::trouble::Trouble;

/// A file that is loaded.
pub(super) struct Loading<'a> {
    /// How many rows it has.
    pub(super) count: u64,
    pub(super) holdings: &'a [HoldingId],
    pub(super) values: Values,
    /// What was sent of the rows that it answers, where its own are not all known to be those.
    pub(super) sent: Option<&'a Sent>,
}

/// Where the values of a file are.
pub(super) enum Values {
    /// In the spool, on their way to the store.
    Spooled(Pages<Item>),
    /// In the store, on these pages.
    Kept(std::vec::IntoIter<RangeInclusive<u64>>),
}

impl Node {
    /// Adds all that follows from loading a file to the batch; gives the traces that move with its leg.
    pub(super) async fn loaded(
        &self,
        leg: &Leg,
        plan: &Plan,
        flow: &Flow,
        mut file: Loading<'_>,
        batch: Batch,
    ) -> Result<(Vec<Trace>, Batch), Trouble> {
        let head = Head::Receipt { rows: file.count };
        let mut batch = self.reply(leg, Kind::Receipt, head, batch).await?;
        // A party without a case register knows nobody to match with.
        if self.ports.register.is_none() {
            return Ok((Vec::new(), batch));
        }
        let mut told = Told::default();
        while let Some(rows) = self.next_rows(leg, flow, &mut file).await? {
            batch = self
                .found_by_partner(leg, flow, &rows, &file, batch)
                .await?;
            self.told(leg, plan, flow, &rows, &mut told).await?;
        }
        for stop in told.stops {
            batch = batch.and(stop)?;
        }
        for finding in told.findings {
            batch = batch.and(finding)?;
        }
        Ok((told.along, batch))
    }

    /// The next page of the values of a file.
    async fn next_rows(
        &self,
        leg: &Leg,
        flow: &Flow,
        file: &mut Loading<'_>,
    ) -> Result<Option<Rows>, Trouble> {
        match &mut file.values {
            Values::Kept(pages) => match pages.next() {
                Some(page) => Ok(Some(self.rows_of_page(leg, flow, &page).await?)),
                None => Ok(None),
            },
            Values::Spooled(pages) => {
                let Some(page) = pages.next().await? else {
                    return Ok(None);
                };
                let mut rows = Rows::new();
                for (dataset, holding) in datasets(flow).into_iter().zip(file.holdings) {
                    let items = page.iter().filter(|item| item.holding == *holding);
                    let items = items.map(|item| (item.name.clone(), item.sealed.clone()));
                    let opened = rows::opened(&*self.ports.vault, holding, items.collect()).await?;
                    rows.insert(dataset, opened);
                }
                Ok(Some(rows))
            }
        }
    }

    /// The matches that a page of a loaded return tells of: candidates here, whatever the partner decided there.
    async fn found_by_partner(
        &self,
        leg: &Leg,
        flow: &Flow,
        rows: &Rows,
        file: &Loading<'_>,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
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
        let sent = file.sent;
        let doubtful = sent.map(|sent| inward::doubtful(flow, answers, rows, sent));
        let doubtful = doubtful.unwrap_or_default();
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
                ambiguous: ambiguous || doubtful.contains(n),
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
