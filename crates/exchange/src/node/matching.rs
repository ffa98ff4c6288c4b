//! The match room: received cases are looked for in this party's own records; what was found is decided by a
//! person; only then is an answer prepared.

use std::collections::BTreeMap;

use agreement::{FieldType, Flow, TypeName};
use linkage::{Field, Linked, Outcome, Record as Case};
use serde::{Deserialize, Serialize};

use super::agreements::actor;
use super::outbound::datasets;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::gate::Rows;
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Of, State};
use crate::matches::{Evidence, Found, Match, Standing};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::rows::Row;
use crate::trouble::Trouble;

const BATCH: u32 = 10_000;

/// Which records of this party's own were found for a row: sealed beside the row, dead with it.
#[derive(Serialize, Deserialize)]
struct Candidates {
    masters: Vec<String>,
}

fn item(row: u64) -> String {
    format!("candidates/{row:06}")
}

impl Node {
    /// Looks for the rows of a loaded file in this party's own records (MATCH-01). Nothing is confirmed.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn match_rows(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Match)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            if leg.state() != State::Loaded {
                // The state refuses too; asked here so that no record is read before.
                return leg.matched(0, &by).map(|_| Vec::new()).map_err(Into::into);
            }
            let (_, _, flow_plan) = self.flow(leg.agreement(), flow).await?;
            let rows = self.rows_of(&leg, &flow_plan).await?;
            let linked = self.link(&flow_plan, &rows).await?;
            let Some(holding) = leg.holdings().first().cloned() else {
                return Err(Refusal::new("RET-01", "the file has no holding").into());
            };
            let mut batch = Batch::new(op.clone(), "leg.match");
            let mut found = 0;
            for case in linked {
                let Some(best) = case.candidates.first() else {
                    continue;
                };
                found += 1;
                let row: u64 = case
                    .case
                    .parse()
                    .map_err(|_| PortFault("a row number was lost".into()))?;
                let masters = case.candidates.iter().map(|c| c.master.clone()).collect();
                let plain = serde_json::to_vec(&Candidates { masters })
                    .map_err(|e| PortFault(e.to_string()))?;
                let name = item(row);
                let sealed = self.ports.vault.seal(&holding, op, &name, &plain).await?;
                batch = batch.item(&holding, name, sealed);
                let what = Found {
                    run: run.clone(),
                    flow: flow.clone(),
                    hash: leg.hash(),
                    row,
                    holding: holding.clone(),
                    evidence: Evidence::Own(best.rule),
                    ambiguous: case.outcome() == Outcome::Ambiguous,
                };
                batch = batch.and(Match::found(what, &by.actor()))?;
            }
            self.commit(batch.and(leg.matched(found, &by)?)?).await
        })
        .await
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a new type of field identifies nobody until it is said how"
    )]
    async fn link(&self, flow: &Flow, rows: &Rows) -> Result<Vec<Linked>, Trouble> {
        let Some(master) = &self.ports.master else {
            return Err(Refusal::new(
                "MATCH-01",
                format!("{} has no records to match against here", self.party()),
            )
            .into());
        };
        let mut cases: BTreeMap<u64, Case> = BTreeMap::new();
        for column in &flow.columns {
            let field = match column.field_type {
                FieldType::Plain(TypeName::Name) => Field::FullName,
                FieldType::Plain(TypeName::Date) => Field::DateOfBirth,
                FieldType::Plain(TypeName::Nino) => Field::Nino,
                _ => continue,
            };
            if !column.why.contains(&agreement::Why::Identifies) {
                continue;
            }
            for (n, row) in rows.get(&column.field.dataset).into_iter().flatten() {
                let case = cases.entry(*n).or_insert_with(|| Case::new(n.to_string()));
                let value = row.get(column.field.field.as_str());
                if !value.is_empty() {
                    *case = std::mem::replace(case, Case::new("")).with(field, value);
                }
            }
        }
        let cases: Vec<Case> = cases.into_values().collect();
        let mut index = self
            .ports
            .matcher
            .index(&cases)
            .map_err(|e| PortFault(e.to_string()))?;
        let mut from = 0;
        loop {
            let batch = master.batch(from, BATCH).await?;
            if batch.is_empty() {
                return Ok(index.finish());
            }
            from += batch.len() as u64;
            index.probe(&batch);
        }
    }

    /// Prepares the answer to a matched file: one row for each row asked about, with what the agreement's
    /// answering flow names, and details only for confirmed matches.
    ///
    /// # Errors
    /// [`Trouble`]: refused while a match is undecided (MATCH-06).
    pub async fn prepare_answer(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        run: &RunId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, answer) = self.flow(agreement, flow).await?;
            let (asked, asked_plan) = self.asked_leg(run, &answer).await?;
            if asked.state() != State::Matched {
                return Err(Refusal::new(
                    "RUN-04",
                    format!("{} of {run} is not matched", asked.flow()),
                )
                .help("match it first")
                .into());
            }
            let asked_rows = self.rows_of(&asked, &asked_plan).await?;
            let mut rows = Rows::new();
            let (mut count, mut open) = (0, 0);
            let numbers: std::collections::BTreeSet<u64> = asked_rows
                .values()
                .flat_map(BTreeMap::keys)
                .copied()
                .collect();
            for n in numbers {
                let found: Option<Match> = self.find(&Match::key_of(run, asked.flow(), n)).await?;
                let details = match found.as_ref().map(Match::standing) {
                    Some(Standing::Candidate | Standing::Ambiguous) => {
                        open += 1;
                        continue;
                    }
                    Some(Standing::Confirmed) => self.details(&asked, n).await?,
                    Some(Standing::Refuted) | None => None,
                };
                count += 1;
                for dataset in datasets(&answer) {
                    let mut row = Row::default();
                    for column in answer.columns.iter().filter(|c| c.field.dataset == dataset) {
                        let field = column.field.field.as_str();
                        let copied = column.origins.first().filter(|o| **o != column.field);
                        let value = if let Some(origin) = copied {
                            let from = asked_rows.get(&origin.dataset).and_then(|d| d.get(&n));
                            from.map_or("", |r| r.get(origin.field.as_str())).to_owned()
                        } else if column.field_type == FieldType::Plain(TypeName::MatchOutcome) {
                            let matched = details.is_some();
                            if matched { "matched" } else { "not-matched" }.to_owned()
                        } else {
                            details
                                .as_ref()
                                .and_then(|d| d.get(field))
                                .cloned()
                                .unwrap_or_default()
                        };
                        row.set(field, value);
                    }
                    rows.entry(dataset).or_default().insert(n, row);
                }
            }
            if open > 0 {
                return Err(Refusal::new(
                    "MATCH-06",
                    format!("{open} matches of {run} are not decided"),
                )
                .help("confirm or refute them: only a confirmed match leaves the match room")
                .into());
            }
            let of = Of {
                run: run.clone(),
                flow: flow.clone(),
                agreement: agreement.clone(),
                hash: pact.hash(),
                peer: answer.to.clone(),
            };
            let batch = Batch::new(op.clone(), "answer.prepare");
            let (holdings, batch) = self
                .open_holdings(op, &plan, &of, 1, &rows, &Actor::Node, batch)
                .await?;
            self.commit(batch.and(Leg::prepare(of, count, (0, 0), holdings, &by))?)
                .await
        })
        .await
    }

    async fn asked_leg(&self, run: &RunId, answer: &Flow) -> Result<(Leg, Flow), Trouble> {
        for flow in answer.answers.iter().flat_map(|a| &a.flows) {
            if let Some(leg) = self.find::<Leg>(&Leg::key_of(run, flow)).await? {
                let (_, _, plan) = self.flow(leg.agreement(), flow).await?;
                return Ok((leg, plan));
            }
        }
        Err(Refusal::new("RUN-11", format!("no file of {run} asks for {}", answer.id)).into())
    }

    /// What this party holds about the person of a confirmed row.
    async fn details(
        &self,
        leg: &Leg,
        row: u64,
    ) -> Result<Option<BTreeMap<String, String>>, Trouble> {
        let (Some(master), Some(holding)) = (&self.ports.master, leg.holdings().first()) else {
            return Ok(None);
        };
        let name = item(row);
        let Some(sealed) = self.ports.store.item(holding, &name).await? else {
            return Ok(None);
        };
        let plain = self.ports.vault.open(holding, &name, &sealed).await?;
        let candidates: Candidates =
            serde_json::from_slice(&plain).map_err(|e| PortFault(e.to_string()))?;
        match candidates.masters.first() {
            Some(reference) => Ok(master
                .records(std::slice::from_ref(reference))
                .await?
                .remove(reference)
                .map(|record| record.values)),
            None => Ok(None),
        }
    }

    /// The matches that a loaded return tells of: candidates here, whatever the partner decided there.
    pub(super) fn found_by_partner(
        &self,
        leg: &Leg,
        flow: &Flow,
        rows: &Rows,
        holdings: &[HoldingId],
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let Some(outcome) = flow
            .columns
            .iter()
            .find(|c| c.field_type == FieldType::Plain(TypeName::MatchOutcome))
        else {
            return Ok(batch);
        };
        // The holding that has the link fields: from it the case register's person is found.
        let linked = flow
            .columns
            .iter()
            .find(|c| c.why.contains(&agreement::Why::Links));
        let at = linked.and_then(|c| datasets(flow).iter().position(|d| *d == c.field.dataset));
        let Some(holding) = at.and_then(|i| holdings.get(i)) else {
            return Ok(batch);
        };
        for (n, row) in rows.get(&outcome.field.dataset).into_iter().flatten() {
            let ambiguous = match row.get(outcome.field.field.as_str()) {
                "matched" => false,
                "ambiguous" => true,
                _ => continue,
            };
            let found = Found {
                run: leg.run().clone(),
                flow: leg.flow().clone(),
                hash: leg.hash(),
                row: *n,
                holding: holding.clone(),
                evidence: Evidence::Partner,
                ambiguous,
            };
            batch = batch.and(Match::found(found, &Actor::Partner(leg.peer().clone())))?;
        }
        Ok(batch)
    }
}
