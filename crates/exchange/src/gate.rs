//! The gate before every send: all conditions together, and a permit for every cell (RUN-05, RUN-07). Pure: it
//! is handed the plan, the rows and the facts, and reads nothing.
//!
//! What a flow's permits and conditions come to is worked out once for each set of facts that they read, not once for
//! each cell; `tests/gate_plain.rs` compares it with one question for each cell.

mod cells;
mod leave;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agreement::{Column, DatasetId, Facts, FieldName, Flow, Plan};
use foldhash::HashMap;
use jiff::civil::Date;

use crate::refusal::Refusal;
use crate::rows::Row;
pub use cells::Cells;
use leave::{Leave, Leaves};
pub use shape::is_complete;
pub(crate) use shape::{Presence, presence};

/// The facts about one row, by name; an unknown fact is absent.
pub type RowFacts = BTreeMap<String, String>;

/// The rows of a flow's datasets, by row number.
pub type Rows = BTreeMap<DatasetId, BTreeMap<u64, Row>>;

/// The permit that stands in the commitment to a cell that is empty because nothing may leave in it.
pub const NOTHING: &str = "-";

/// One cell that may leave, with the permit that lets it.
#[derive(Clone)]
pub struct LeavingCell {
    /// The field.
    pub field: Arc<FieldName>,
    /// The value; empty when it is not held.
    pub value: String,
    /// The permit that was relied on; [`NOTHING`] where the cell is empty and no permit covers it.
    pub permit: Arc<str>,
}

/// What may leave: cells row by row, in the order of the flow's columns.
#[derive(Clone, Default)]
pub struct Leaving {
    /// The row numbers and their cells.
    pub rows: Vec<(u64, Vec<LeavingCell>)>,
    /// The rows that are withheld: no longer eligible at this moment (RUN-20), or without a gateway (LEG-14).
    pub withheld: Vec<u64>,
    /// How many of them are eligible and have no gateway: the conditions of every permit fail for the record.
    pub without_gateway: u64,
}

/// Decides which rows and cells may leave now. The rows of `stopped` do not, whatever the conditions say of them: they
/// are about people of whom nothing goes out before somebody says so (S-24), or rest on a match that is not confirmed
/// any more (MATCH-06).
///
/// # Errors
/// All refusals together; nothing may leave then.
pub fn pass(
    plan: &Plan,
    flow: &Flow,
    rows: &Rows,
    facts: &BTreeMap<u64, RowFacts>,
    stopped: &BTreeSet<u64>,
    on: Date,
) -> Result<Leaving, Vec<Refusal>> {
    let columns = flow.columns.iter().map(|c| Arc::new(c.name.clone()));
    let columns: Vec<Arc<FieldName>> = columns.collect();
    let none = RowFacts::default();
    let mut gate = Gate::new(plan, flow, on);
    let cells = Cells::of(flow);
    let mut left = Vec::new();
    for n in numbers(rows) {
        if stopped.contains(&n) {
            gate.withhold(n);
            continue;
        }
        let values = cells.row(rows, n);
        if let Some(pattern) = gate.row(n, &values, facts.get(&n).unwrap_or(&none)) {
            let cells = columns.iter().zip(values).zip(gate.relied(pattern));
            let cell =
                |((field, value), permit): ((&Arc<FieldName>, &str), &Arc<str>)| LeavingCell {
                    field: field.clone(),
                    value: value.to_owned(),
                    permit: permit.clone(),
                };
            left.push((n, cells.map(cell).collect()));
        }
    }
    let passed = gate.done()?;
    Ok(Leaving {
        rows: left,
        withheld: passed.withheld,
        without_gateway: passed.without_gateway,
    })
}

/// What came of a whole flow at the gate.
#[derive(Clone, Default)]
pub struct Passed {
    /// How many rows leave.
    pub rows: u64,
    /// How many cells leave, absent ones included.
    pub cells: u64,
    /// The permits that rows relied on, column by column: few patterns, each once.
    pub patterns: Vec<Vec<Arc<str>>>,
    /// The rows that are withheld: no longer eligible at this moment (RUN-20), or without a gateway (LEG-14).
    pub withheld: Vec<u64>,
    /// How many of them are eligible and have no gateway: the conditions of every permit fail for the record.
    pub without_gateway: u64,
}

/// The gate of one flow on one day; rows pass it one after another.
pub struct Gate<'p> {
    plan: &'p Plan,
    flow: &'p Flow,
    on: Date,
    leaves: Leaves<'p>,
    relied: Vec<usize>,
    known: HashMap<Vec<usize>, usize>,
    passed: Passed,
    refusals: Vec<Refusal>,
}

impl<'p> Gate<'p> {
    /// The gate of this flow on that day.
    pub fn new(plan: &'p Plan, flow: &'p Flow, on: Date) -> Self {
        Self {
            plan,
            flow,
            on,
            leaves: Leaves::new(plan, flow, on),
            relied: Vec::with_capacity(flow.columns.len()),
            known: HashMap::default(),
            passed: Passed::default(),
            refusals: Vec::new(),
        }
    }

    /// This row does not leave, whatever the conditions say of it.
    pub fn withhold(&mut self, n: u64) {
        self.passed.withheld.push(n);
    }

    /// May row `n` leave, with these values of the flow's columns? The pattern of the permits that it relies on, where
    /// it may; why it may not is kept for [`Gate::done`].
    pub fn row(&mut self, n: u64, values: &[&str], facts: &dyn Facts) -> Option<usize> {
        let Some(leaves) = self.leaves.of(facts) else {
            self.withhold(n);
            return None;
        };
        self.relied.clear();
        let mut refusals = Vec::new();
        let mut closed = false;
        let get = |column: &Column| {
            let mut all = self.flow.columns.iter();
            let at = all.position(|c| std::ptr::eq(c, column));
            at.and_then(|at| values.get(at)).copied().unwrap_or("")
        };
        let values = values.iter().copied().chain(std::iter::repeat(""));
        for ((column, leave), value) in self.flow.columns.iter().zip(leaves).zip(values) {
            let fault = shape::shape_fault(self.plan, self.flow, column, value, &get, n, self.on);
            if let Some(refusal) = fault {
                refusals.push(refusal);
                continue;
            }
            match leave {
                Leave::By(permit) => self.relied.push(*permit),
                // What is empty since its own condition fails leaves as nothing.
                Leave::Closed | Leave::Never if value.is_empty() && !column.only.is_empty() => {
                    self.relied.push(leave::NONE);
                }
                Leave::Closed => closed = true,
                Leave::Never => {
                    let what = format!("no permit lets {} of row {n} leave today", column.name);
                    refusals.push(
                        Refusal::new("LEG-01", what)
                            .help("`concordat explain` names the nearest refusals"),
                    );
                }
            }
        }
        if closed {
            self.withhold(n);
            self.passed.without_gateway += 1;
            return None;
        }
        if !refusals.is_empty() {
            self.refusals.extend(refusals);
            return None;
        }
        self.passed.rows += 1;
        self.passed.cells += self.relied.len() as u64;
        Some(self.pattern())
    }

    /// The number of the pattern that the row at hand relied on.
    fn pattern(&mut self) -> usize {
        if let Some(known) = self.known.get(&self.relied) {
            return *known;
        }
        let new = self.passed.patterns.len();
        let names = self.relied.iter().map(|at| self.leaves.name(*at)).collect();
        self.passed.patterns.push(names);
        self.known.insert(self.relied.clone(), new);
        new
    }

    /// The permits of a pattern, in the order of the flow's columns.
    pub fn relied(&self, pattern: usize) -> &[Arc<str>] {
        let all = self.passed.patterns.get(pattern);
        all.map(Vec::as_slice).unwrap_or_default()
    }

    /// What came of it, once every row has passed.
    ///
    /// # Errors
    /// All refusals together; nothing may leave then.
    pub fn done(mut self) -> Result<Passed, Vec<Refusal>> {
        if self.refusals.is_empty() {
            self.refusals.extend(coverage(self.flow, &self.passed));
        }
        if self.refusals.is_empty() {
            Ok(self.passed)
        } else {
            Err(self.refusals)
        }
    }
}

/// A list that starts a run must have somebody in it, and an answer that covers every row must cover it.
fn coverage(flow: &Flow, passed: &Passed) -> Option<Refusal> {
    let rests = flow.answers.is_some() || flow.follows.is_some();
    if passed.rows == 0 && !rests {
        return Some(Refusal::new("RUN-20", "no row is eligible at this moment"));
    }
    (flow.answers_every_row() && !passed.withheld.is_empty()).then(|| {
        Refusal::new(
            "MATCH-02",
            format!(
                "{} rows may not leave, and the answer has every row",
                passed.withheld.len()
            ),
        )
        .help("see what no gateway covers, and write down what only this party can tell of it")
    })
}

/// Is a cell missing that must be there, there where it must not be, or not of its column's form? `get` gives the other
/// cells of its row.
pub(crate) fn cell_fault<'a>(
    plan: &Plan,
    flow: &Flow,
    column: &Column,
    value: &str,
    get: &dyn Fn(&Column) -> &'a str,
    on: Date,
) -> bool {
    shape::shape_fault(plan, flow, column, value, get, 0, on).is_some()
}

/// The numbers of all rows, in order.
pub fn numbers(rows: &Rows) -> Vec<u64> {
    let mut all: Vec<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}
