//! The match room: received cases are looked for in this party's own records; what was found is decided by a
//! person; only then is an answer prepared.

use std::collections::BTreeMap;

use agreement::{FieldType, Flow, TypeName};
use linkage::{Field, Linked, Outcome, Record as Case};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::gate::Rows;
use crate::ids::{FlowId, OperationId, RunId};
use crate::leg::{Leg, State};
use crate::matches::{Evidence, Found, Match};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

const BATCH: u32 = 10_000;

/// Which records of this party's own were found for a row: sealed beside the row, dead with it.
#[derive(Serialize, Deserialize)]
pub(super) struct Candidates {
    masters: Vec<String>,
}

impl Candidates {
    pub(super) fn read(plain: &[u8]) -> Result<Self, PortFault> {
        serde_json::from_slice(plain)
            .map_err(|_| PortFault("the candidates of a row are damaged".into()))
    }

    /// The record on the strongest evidence.
    pub(super) fn best(&self) -> Option<&str> {
        self.masters.first().map(String::as_str)
    }
}

/// The name of the item that keeps a row's candidates.
pub(super) fn item(row: u64) -> String {
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
            let mut items = Vec::new();
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
                items.push((item(row), Zeroizing::new(plain)));
                let what = Found {
                    run: run.clone(),
                    flow: flow.clone(),
                    hash: leg.hash(),
                    row,
                    holding: holding.clone(),
                    subject: None,
                    evidence: Evidence::Own(best.rule),
                    ambiguous: case.outcome() == Outcome::Ambiguous,
                };
                batch = batch.and(Match::found(what, &by.actor()))?;
            }
            let sealed = self.ports.vault.seal_many(&holding, op, &items).await?;
            for ((name, _), sealed) in items.into_iter().zip(sealed) {
                batch = batch.item(&holding, name, sealed);
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
}
