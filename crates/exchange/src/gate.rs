//! The gate before every send: all conditions together, and a permit for every cell (RUN-05, RUN-07). Pure: it
//! is handed the plan, the rows and the facts, and reads nothing.

use std::collections::BTreeMap;

use agreement::{Column, DatasetId, Flow, Permit, Plan, Truth};
use jiff::civil::Date;

use crate::refusal::Refusal;
use crate::rows::Row;

/// The facts about one row, by name; an unknown fact is absent.
pub type RowFacts = BTreeMap<String, String>;

/// The rows of a flow's datasets, by row number.
pub type Rows = BTreeMap<DatasetId, BTreeMap<u64, Row>>;

/// One cell that may leave, with the permit that lets it.
#[derive(Clone)]
pub struct LeavingCell {
    /// The dataset that the field is of.
    pub dataset: DatasetId,
    /// The field.
    pub field: String,
    /// The value; empty when it is not held.
    pub value: String,
    /// The permit that was relied on.
    pub permit: String,
}

/// What may leave: cells row by row, in the order of the flow's columns.
#[derive(Clone, Default)]
pub struct Leaving {
    /// The row numbers and their cells.
    pub rows: Vec<(u64, Vec<LeavingCell>)>,
    /// The rows that are withheld: no longer eligible at this moment (RUN-20).
    pub withheld: Vec<u64>,
}

impl Leaving {
    /// How many cells leave, absent ones included.
    pub fn cells(&self) -> u64 {
        self.rows.iter().map(|(_, cells)| cells.len() as u64).sum()
    }
}

/// Decides which rows and cells may leave now.
///
/// # Errors
/// All refusals together; nothing may leave then.
pub fn pass(
    plan: &Plan,
    flow: &Flow,
    rows: &Rows,
    facts: &BTreeMap<u64, RowFacts>,
    on: Date,
) -> Result<Leaving, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut leaving = Leaving::default();
    let none = RowFacts::default();
    for n in numbers(rows) {
        let facts = facts.get(&n).unwrap_or(&none);
        if let Some(only) = &flow.only
            && plan.holds(only, facts, on) != Truth::True
        {
            leaving.withheld.push(n);
            continue;
        }
        let mut cells = Vec::with_capacity(flow.columns.len());
        for column in &flow.columns {
            let field = column.name.as_str();
            let value = rows
                .get(&column.field.dataset)
                .and_then(|d| d.get(&n))
                .map_or("", |row| row.get(column.field.field.as_str()));
            if let Some(refusal) = shape_fault(column, value, n) {
                refusals.push(refusal);
                continue;
            }
            match leave(plan, column, facts, on) {
                Some(permit) => cells.push(LeavingCell {
                    dataset: column.field.dataset.clone(),
                    field: field.to_owned(),
                    value: value.to_owned(),
                    permit: permit.id.to_string(),
                }),
                None => refusals.push(
                    Refusal::new(
                        "LEG-01",
                        format!("no permit lets {field} of row {n} leave today"),
                    )
                    .help("`concordat explain` names the nearest refusals"),
                ),
            }
        }
        leaving.rows.push((n, cells));
    }
    if leaving.rows.is_empty() {
        refusals.push(Refusal::new("RUN-20", "no row is eligible at this moment"));
    }
    if refusals.is_empty() {
        Ok(leaving)
    } else {
        Err(refusals)
    }
}

/// Can this row be described as the flow's columns ask? Whoever cannot is set aside and counted, not sent.
pub fn is_complete(flow: &Flow, row: &Row) -> bool {
    flow.columns
        .iter()
        .all(|c| shape_fault(c, row.get(c.field.field.as_str()), 0).is_none())
}

fn numbers(rows: &Rows) -> Vec<u64> {
    let mut all: Vec<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn shape_fault(column: &Column, value: &str, row: u64) -> Option<Refusal> {
    let field = column.name.as_str();
    if value.is_empty() {
        return column.required().then(|| {
            Refusal::new(
                "RUN-05",
                format!("row {row} has no {field}, which the agreement requires"),
            )
        });
    }
    (!column.field_type.accepts(value)).then(|| {
        Refusal::new(
            "RUN-05",
            format!(
                "{field} of row {row} has not the form of a {}",
                column.field_type.name()
            ),
        )
    })
}

/// The first permit in rank whose conditions are all true of the record; unknown is not true. A leave to each body
/// of a register needs to know which of them the node speaks to, which no node does yet.
fn leave<'p>(plan: &'p Plan, column: &Column, facts: &RowFacts, on: Date) -> Option<&'p Permit> {
    let all: Vec<&Permit> = column
        .permits
        .iter()
        .filter_map(|id| plan.permits().get(id))
        .collect();
    all.iter()
        .find(|permit| {
            permit.each_from.is_none()
                && permit.each_to.is_none()
                && permit.dates.contains(on)
                && permit
                    .when
                    .iter()
                    .all(|c| plan.holds(c, facts, on) == Truth::True)
                && plan.is_resort(permit, &all, facts, on)
        })
        .copied()
}
