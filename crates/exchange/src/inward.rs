//! What a received file must be: the structure that the agreement's flow gives it, and, where it answers a
//! file of ours, the rows and cells that we sent. Pure. Structural faults refuse the whole file (RUN-09,
//! RUN-11); faults of content hold the whole file for a person.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Answers, Column, Flow, Others, Plan, Present, RowCover};
use jiff::civil::Date;

use crate::gate::{Presence, Rows, presence};
use crate::rows::Row;
use crate::table::{FileFault, Shape, Table};

/// The name of the sheet that has the records.
pub const SHEET: &str = "Records";

/// The most rows that a file may have at all.
pub const MAX_ROWS: u64 = 1_000_000;

/// The shape that a flow's file must have.
pub fn shape(flow: &Flow) -> Shape {
    Shape {
        sheet: SHEET.into(),
        columns: flow.columns.iter().map(|c| c.name.to_string()).collect(),
        max_rows: MAX_ROWS,
    }
}

/// Checks the form of every cell and that required ones are there.
///
/// # Errors
/// The first fault, by row and column; no value.
pub fn cells(plan: &Plan, flow: &Flow, table: &Table, on: Date) -> Result<(), FileFault> {
    for (n, row) in table.rows.iter().enumerate() {
        let get = |column: &Column| {
            let at = flow.columns.iter().position(|c| c.name == column.name);
            at.and_then(|at| row.get(at)).map_or("", String::as_str)
        };
        for (column, value) in flow.columns.iter().zip(row) {
            // Only what rests on another cell needs to be looked up.
            let needed = match &column.present {
                Present::Always => Presence::Required,
                Present::IfHeld => Presence::Optional,
                Present::When { .. } | Present::UnlessKnown(_) => {
                    presence(plan, flow, column, &get, on)
                }
            };
            let wrong = if value.is_empty() {
                (needed == Presence::Required)
                    .then(|| "the cell is empty and the agreement requires it".to_owned())
            } else if needed == Presence::Absent {
                Some("the cell has a value and the agreement wants none there".to_owned())
            } else {
                (!column.accepts(value)).then(|| {
                    format!(
                        "the cell has not the form of a {}",
                        column.field_type.name()
                    )
                })
            };
            if let Some(what) = wrong {
                return Err(fault("RUN-09", Some(n), Some(column.name.as_str()), what));
            }
        }
    }
    Ok(())
}

/// Cuts a file into the rows of its datasets, numbered by `number` (from 1) in the order of the file.
pub fn rows(flow: &Flow, table: &Table, number: &[u64]) -> Rows {
    let mut rows = Rows::new();
    for (cells, n) in table.rows.iter().zip(number) {
        for (column, value) in flow.columns.iter().zip(cells) {
            rows.entry(column.field.dataset.clone())
                .or_default()
                .entry(*n)
                .or_default()
                .set(column.field.field.as_str(), value.as_str());
        }
    }
    rows
}

/// Pairs a return's rows with the rows that were sent: the sent row's number for each row of the file.
///
/// # Errors
/// A fault of content: rows that were not asked for, rows twice, rows missing, link fields changed
/// (MATCH-02 to MATCH-04). The whole file is then held.
pub fn pair(
    flow: &Flow,
    answers: &Answers,
    table: &Table,
    sent: &BTreeMap<u64, Row>,
    nil: Option<u64>,
) -> Result<Vec<u64>, FileFault> {
    let Some(handle) = answers.pairs_on.first() else {
        return Err(fault(
            "MATCH-03",
            None,
            None,
            "the agreement names no link fields".into(),
        ));
    };
    let by_handle: BTreeMap<&str, u64> = sent
        .iter()
        .map(|(n, row)| (row.get(handle.as_str()), *n))
        .collect();
    let mut numbers = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unasked = 0;
    let places: BTreeMap<&str, usize> = (0..)
        .zip(&flow.columns)
        .map(|(at, c)| (c.name.as_str(), at))
        .collect();
    for (n, cells) in table.rows.iter().enumerate() {
        let value = |name: &str| cells.get(*places.get(name)?).map(String::as_str);
        let found = value(handle.as_str())
            .and_then(|v| by_handle.get(v))
            .copied();
        let Some((number, row)) = found.and_then(|f| sent.get(&f).map(|row| (f, row))) else {
            unasked += 1;
            continue;
        };
        for link in &answers.pairs_on {
            if value(link.as_str()) != Some(row.get(link.as_str())) {
                return Err(fault(
                    "MATCH-04",
                    Some(n),
                    Some(link.as_str()),
                    "the cell is not what was sent".into(),
                ));
            }
        }
        if !seen.insert(number) {
            return Err(fault(
                "MATCH-01",
                Some(n),
                Some(handle.as_str()),
                "the row comes twice".into(),
            ));
        }
        numbers.push(number);
    }
    if unasked > 0 {
        let what = format!("{unasked} rows were not asked for: this may be an over-disclosure");
        return Err(fault("RUN-11", None, None, what));
    }
    if answers.rows == RowCover::EveryRow && numbers.len() != sent.len() {
        let missing = sent.len() - numbers.len();
        let what = format!("{missing} of {} rows are not answered", sent.len());
        return Err(fault("MATCH-02", None, None, what));
    }
    let answered = numbers.len() as u64 + nil.unwrap_or_default();
    if answers.others == Some(Others::NilCount) && nil.is_none() {
        let what = "it does not say how many rows have no content".into();
        return Err(fault("MATCH-02", None, None, what));
    }
    if answered > sent.len() as u64 {
        let what = format!("it answers {answered} rows, and {} were sent", sent.len());
        return Err(fault("MATCH-02", None, None, what));
    }
    Ok(numbers)
}

fn fault(rule: &str, row: Option<usize>, column: Option<&str>, what: String) -> FileFault {
    FileFault {
        rule: rule.into(),
        // The header is row 1.
        row: row.map(|n| n as u64 + 2),
        column: column.map(str::to_owned),
        what,
    }
}
