//! The match room: received cases are looked for in this party's own records; what was found is decided by a
//! person; only then is an answer prepared.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Column, DatedAddress, FieldType, Flow, Why};
use linkage::{Candidate, Linked, List, Run, Standing};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::compose::{Contact, contact};
use crate::gate::Rows;
use crate::ids::{FlowId, OperationId, RunId};
use crate::leg::{Leg, State};
use crate::matches::{Evidence, Found, Grounds, Match};
use crate::ports::{Matching, PortFault};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

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
            let matching = self.in_use().await?;
            let linked = self.link(matching, &flow_plan, &rows).await?;
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
                    evidence: Evidence::Own(grounds(matching, best)),
                    ambiguous: best.standing == Standing::Ambiguous,
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

    /// Looks for the people of a file's rows in this party's own records.
    async fn link(
        &self,
        matching: &Matching,
        flow: &Flow,
        rows: &Rows,
    ) -> Result<Vec<Linked>, Trouble> {
        let Some(master) = &self.ports.master else {
            return Err(Refusal::new(
                "MATCH-01",
                format!("{} has no records to match against here", self.party()),
            )
            .into());
        };
        let cases = cases(&matching.solution.model().id.left, flow, rows);
        let list = master.list().await?;
        let run = Run {
            threads: matching.threads,
            progress: &|_| true,
        };
        let linked = matching.solution.find(&cases, list.as_ref(), run);
        Ok(linked.map_err(|fault| PortFault(fault.to_string()))?)
    }
}

/// The rows as a case list: what identifies somebody by the agreement, and nothing else, under the fields' own names.
/// A field of addresses is there without their days; what each ends with, its postcode, is `<field>.postcode`.
fn cases(id: &str, flow: &Flow, rows: &Rows) -> List {
    let identifying: Vec<&Column> = flow
        .columns
        .iter()
        .filter(|column| column.why.contains(&Why::Identifies))
        .collect();
    let mut names = vec![id.to_owned()];
    for column in &identifying {
        names.push(column.field.field.to_string());
        names.push(format!("{}.postcode", column.field.field));
    }
    let numbers: BTreeSet<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    let mut list = List::new(names);
    for n in numbers {
        let mut row = vec![n.to_string()];
        for column in &identifying {
            let held = rows.get(&column.field.dataset).and_then(|d| d.get(&n));
            let value = held.map_or("", |row| row.get(column.field.field.as_str()));
            let (value, postcode) = comparable(&column.field_type, value);
            row.push(value);
            row.push(postcode);
        }
        list.push(row);
    }
    list
}

/// A value as it is compared: addresses without their days and postcodes, and these apart.
fn comparable(kind: &FieldType, value: &str) -> (String, String) {
    if contact(kind) != Some(Contact::Address) {
        return (value.to_owned(), String::new());
    }
    DatedAddress::taken_apart(value)
}

/// Why a candidate is one. Strong is what the model calls strong, at a weight from which it links (MATCH-05).
fn grounds(matching: &Matching, candidate: &Candidate) -> Grounds {
    let strong = candidate.standing != Standing::Review;
    let rule = candidate.rule.filter(|_| strong);
    Grounds {
        solution: matching.version.digest(),
        rule: rule.and_then(|rule| u16::try_from(rule.saturating_add(1)).ok()),
        // A weight has few digits before its point; the conversion takes what is below 0 for 0.
        weight: (100.0 * candidate.weight).round() as u32,
    }
}
