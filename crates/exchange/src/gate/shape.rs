//! The form of a row's cells: which must be there, which may, which must not, and whether each is of its type.

use std::collections::BTreeMap;

use agreement::{
    Column, ConditionId, DatasetId, FactId, Facts, FieldPath, Flow, FlowId, Operand, PartyId, Plan,
    Present, Truth,
};
use jiff::civil::Date;

use crate::refusal::Refusal;
use crate::rows::Row;

/// Can this row be described as the flow's columns ask? Whoever cannot is set aside and counted, not sent.
pub fn is_complete(plan: &Plan, flow: &Flow, row: &BTreeMap<DatasetId, Row>, on: Date) -> bool {
    let get = |column: &Column| {
        row.get(&column.field.dataset)
            .map_or("", |r| r.get(column.field.field.as_str()))
    };
    let fault = |c: &Column| shape_fault(plan, flow, c, get(c), &get, 0, on);
    flow.columns.iter().all(|c| fault(c).is_none())
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
    // A part of a file says nothing of a row, or all that its dataset must say.
    let nothing = |c: &Column| c.field.dataset != column.field.dataset || get(c).is_empty();
    match &column.present {
        Present::Always if column.part.is_some() && flow.columns.iter().all(nothing) => {
            Presence::Optional
        }
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
            let of = Operand::Field(other.field.clone());
            let value = Value(&other.field, get(other));
            if plan.conditions.test(&of, test, &value, on) == Truth::True {
                Presence::Required
            } else {
                Presence::Absent
            }
        }
    }
}

/// One value of a record, with nothing known besides.
struct Value<'a>(&'a FieldPath, &'a str);

impl Facts for Value<'_> {
    fn fact(&self, _: &FactId) -> Option<&str> {
        None
    }

    fn field(&self, path: &FieldPath) -> Option<&str> {
        (path == self.0).then_some(self.1)
    }

    fn told(&self, _: &PartyId, _: &ConditionId) -> Option<bool> {
        None
    }

    fn received(&self, _: &FlowId) -> Option<bool> {
        None
    }
}

/// What is wrong with this value of a column, by the other cells of its row.
pub(super) fn shape_fault<'a>(
    plan: &Plan,
    flow: &Flow,
    column: &Column,
    value: &str,
    get: &dyn Fn(&Column) -> &'a str,
    row: u64,
    on: Date,
) -> Option<Refusal> {
    let field = column.name.as_str();
    let needed = presence(plan, flow, column, get, on);
    if value.is_empty() {
        return (needed == Presence::Required).then(|| {
            Refusal::new(
                "RUN-05",
                format!("row {row} has no {field}, which the agreement requires"),
            )
            .help("mend it where the file is made from")
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
        .help("mend it where the file is made from")
    })
}
