//! The gate before every send: all conditions together, and a permit for every cell (RUN-05, RUN-07). Pure: it
//! is handed the plan, the rows and the facts, and reads nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use agreement::{
    Column, ConditionId, DatasetId, Flow, Operand, Permit, PersonKind, Plan, Present, Truth,
};
use jiff::civil::Date;

use crate::refusal::Refusal;
use crate::rows::Row;

/// The facts about one row, by name; an unknown fact is absent.
pub type RowFacts = BTreeMap<String, String>;

/// The rows of a flow's datasets, by row number.
pub type Rows = BTreeMap<DatasetId, BTreeMap<u64, Row>>;

/// The permit that stands in the commitment to a cell that is empty because nothing may leave in it.
pub const NOTHING: &str = "-";

/// One cell that may leave, with the permit that lets it.
#[derive(Clone)]
pub struct LeavingCell {
    /// The dataset that the field is of.
    pub dataset: DatasetId,
    /// The field.
    pub field: String,
    /// The value; empty when it is not held.
    pub value: String,
    /// The permit that was relied on; [`NOTHING`] where the cell is empty and no permit covers it.
    pub permit: String,
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

impl Leaving {
    /// How many cells leave, absent ones included.
    pub fn cells(&self) -> u64 {
        self.rows.iter().map(|(_, cells)| cells.len() as u64).sum()
    }
}

enum RowSays {
    Leaves(Vec<LeavingCell>),
    NoGateway,
    Refused(Vec<Refusal>),
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
    let mut refusals = Vec::new();
    let mut leaving = Leaving::default();
    let none = RowFacts::default();
    let gate = Gate::new(plan, flow, on);
    for n in numbers(rows) {
        let facts = facts.get(&n).unwrap_or(&none);
        let eligible = flow
            .only
            .as_ref()
            .is_none_or(|only| plan.holds(only, facts, on) == Truth::True);
        if !eligible || stopped.contains(&n) {
            leaving.withheld.push(n);
            continue;
        }
        match gate.row(n, rows, facts) {
            RowSays::Leaves(cells) => leaving.rows.push((n, cells)),
            RowSays::NoGateway => {
                leaving.withheld.push(n);
                leaving.without_gateway += 1;
            }
            RowSays::Refused(more) => refusals.extend(more),
        }
    }
    if refusals.is_empty() {
        refusals.extend(coverage(flow, &leaving));
    }
    if refusals.is_empty() {
        Ok(leaving)
    } else {
        Err(refusals)
    }
}

/// A list that starts a run must have somebody in it, and an answer that covers every row must cover it.
fn coverage(flow: &Flow, leaving: &Leaving) -> Option<Refusal> {
    let rests = flow.answers.is_some() || flow.follows.is_some();
    if leaving.rows.is_empty() && !rests {
        return Some(Refusal::new("RUN-20", "no row is eligible at this moment"));
    }
    (flow.answers_every_row() && !leaving.withheld.is_empty()).then(|| {
        Refusal::new(
            "MATCH-02",
            format!(
                "{} rows may not leave, and the answer has every row",
                leaving.withheld.len()
            ),
        )
    })
}

/// What the gate knows of a flow before it sees a row: the permits of each column, by the kind of person.
struct Gate<'p> {
    plan: &'p Plan,
    flow: &'p Flow,
    on: Date,
    permits: Vec<BTreeMap<&'p PersonKind, Vec<&'p Permit>>>,
}

impl<'p> Gate<'p> {
    fn new(plan: &'p Plan, flow: &'p Flow, on: Date) -> Self {
        let of = |column: &'p Column| {
            let mut by_kind: BTreeMap<&PersonKind, Vec<&Permit>> = BTreeMap::new();
            for permit in column
                .permits
                .iter()
                .filter_map(|id| plan.permits().get(id))
            {
                // A leave to each body of a register needs to know which of them the node speaks to, which no
                // node does yet.
                if permit.each_from.is_none() && permit.each_to.is_none() {
                    by_kind.entry(&permit.about).or_default().push(permit);
                }
            }
            by_kind
        };
        let permits = flow.columns.iter().map(of).collect();
        Self {
            plan,
            flow,
            on,
            permits,
        }
    }

    fn row(&self, n: u64, rows: &Rows, facts: &RowFacts) -> RowSays {
        let mut cells = Vec::with_capacity(self.flow.columns.len());
        let mut refusals = Vec::new();
        let mut closed = false;
        let conditions = Conditions::of(self, facts);
        let get = |column: &Column| held(rows, column, n);
        for (column, permits) in self.flow.columns.iter().zip(&self.permits) {
            let value = get(column);
            if let Some(refusal) = shape_fault(self.plan, self.flow, column, &get, n, self.on) {
                refusals.push(refusal);
                continue;
            }
            let permit = match self.leave(permits, &conditions) {
                Some(permit) => permit.id.to_string(),
                // What is empty since its own condition fails leaves as nothing.
                None if value.is_empty() && !column.only.is_empty() => NOTHING.to_owned(),
                None if permits
                    .values()
                    .flatten()
                    .any(|p| p.dates.contains(self.on)) =>
                {
                    closed = true;
                    continue;
                }
                None => {
                    let what = format!("no permit lets {} of row {n} leave today", column.name);
                    refusals.push(
                        Refusal::new("LEG-01", what)
                            .help("`concordat explain` names the nearest refusals"),
                    );
                    continue;
                }
            };
            cells.push(LeavingCell {
                dataset: column.field.dataset.clone(),
                field: column.name.to_string(),
                value: value.to_owned(),
                permit,
            });
        }
        match (refusals.is_empty(), closed) {
            (_, true) => RowSays::NoGateway,
            (true, false) => RowSays::Leaves(cells),
            (false, false) => RowSays::Refused(refusals),
        }
    }

    /// The first permit in rank whose conditions are all true of the record; unknown is not true. A cell that may be
    /// about several kinds of person needs one for each.
    fn leave(
        &self,
        permits: &BTreeMap<&'p PersonKind, Vec<&'p Permit>>,
        conditions: &Conditions<'_, 'p>,
    ) -> Option<&'p Permit> {
        let mut relied = None;
        for all in permits.values() {
            let found = all.iter().find(|permit| {
                permit.dates.contains(self.on)
                    && permit.when.iter().all(|c| conditions.hold(c))
                    && self.plan.is_resort(permit, all, conditions.facts, self.on)
            })?;
            relied = relied.or(Some(*found));
        }
        relied
    }
}

/// The conditions of one record, each worked out once: its cells ask for the same few again and again.
struct Conditions<'a, 'p> {
    gate: &'a Gate<'p>,
    facts: &'a RowFacts,
    known: RefCell<Vec<(&'p ConditionId, bool)>>,
}

impl<'a, 'p> Conditions<'a, 'p> {
    fn of(gate: &'a Gate<'p>, facts: &'a RowFacts) -> Self {
        Self {
            gate,
            facts,
            known: RefCell::default(),
        }
    }

    fn hold(&self, condition: &'p ConditionId) -> bool {
        let mut known = self.known.borrow_mut();
        if let Some((_, holds)) = known.iter().find(|(c, _)| *c == condition) {
            return *holds;
        }
        let holds = self.gate.plan.holds(condition, self.facts, self.gate.on) == Truth::True;
        known.push((condition, holds));
        holds
    }
}

fn held<'a>(rows: &'a Rows, column: &Column, n: u64) -> &'a str {
    rows.get(&column.field.dataset)
        .and_then(|d| d.get(&n))
        .map_or("", |row| row.get(column.field.field.as_str()))
}

/// Can this row be described as the flow's columns ask? Whoever cannot is set aside and counted, not sent.
pub fn is_complete(plan: &Plan, flow: &Flow, row: &BTreeMap<DatasetId, Row>, on: Date) -> bool {
    let get = |column: &Column| {
        row.get(&column.field.dataset)
            .map_or("", |r| r.get(column.field.field.as_str()))
    };
    flow.columns
        .iter()
        .all(|c| shape_fault(plan, flow, c, &get, 0, on).is_none())
}

fn numbers(rows: &Rows) -> Vec<u64> {
    let mut all: Vec<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Must a cell be there, may it, or must it not?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It must not.
    Absent,
}

/// Whether a cell of this column must be there, by the other cells of its row.
pub(crate) fn presence<'a>(
    plan: &Plan,
    flow: &Flow,
    column: &Column,
    get: &dyn Fn(&Column) -> &'a str,
    on: Date,
) -> Presence {
    let beside = |name: &str| {
        flow.columns
            .iter()
            .find(|c| c.field.dataset == column.field.dataset && c.field.field.as_str() == name)
    };
    match &column.present {
        Present::Always => Presence::Required,
        Present::IfHeld => Presence::Optional,
        Present::UnlessKnown(other) => match beside(other.as_str()).map(get) {
            Some(known) if !known.is_empty() => Presence::Absent,
            Some(_) => Presence::Required,
            None => Presence::Optional,
        },
        Present::When { field, test } => {
            let Some(other) = beside(field.as_str()) else {
                return Presence::Absent;
            };
            let facts: RowFacts = [(other.field.to_string(), get(other).to_owned())].into();
            let of = Operand::Field(other.field.clone());
            if plan.conditions.test(&of, test, &facts, on) == Truth::True {
                Presence::Required
            } else {
                Presence::Absent
            }
        }
    }
}

fn shape_fault<'a>(
    plan: &Plan,
    flow: &Flow,
    column: &Column,
    get: &dyn Fn(&Column) -> &'a str,
    row: u64,
    on: Date,
) -> Option<Refusal> {
    let field = column.name.as_str();
    let value = get(column);
    let needed = presence(plan, flow, column, get, on);
    if value.is_empty() {
        return (needed == Presence::Required).then(|| {
            Refusal::new(
                "RUN-05",
                format!("row {row} has no {field}, which the agreement requires"),
            )
        });
    }
    if needed == Presence::Absent {
        return Some(Refusal::new(
            "RUN-05",
            format!("row {row} has a {field}, which the agreement wants left out there"),
        ));
    }
    (!column.accepts(value)).then(|| {
        Refusal::new(
            "RUN-05",
            format!(
                "{field} of row {row} has not the form of a {}",
                column.field_type.name()
            ),
        )
    })
}
