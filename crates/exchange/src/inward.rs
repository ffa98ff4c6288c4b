//! What a received file must be: the structure that the agreement's flow gives it, and, where it answers a
//! file of ours, the rows and cells that we sent. Pure. Structural faults refuse the whole file (RUN-09,
//! RUN-11); faults of content hold the whole file for a person.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Answers, Column, Flow, Others, Plan, Present, RowCover, parse_date, split};
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

/// Checks the form of every cell, that required ones are there, and that values which stand in parallel belong together
/// and lie in their window, which for an answer is measured on the day it was asked for (EXCH-DFE-13).
///
/// # Errors
/// The first fault, by row and column; no value.
pub fn cells(
    plan: &Plan,
    flow: &Flow,
    table: &Table,
    on: Date,
    asked_on: Option<Date>,
) -> Result<(), FileFault> {
    for (n, row) in table.rows.iter().enumerate() {
        let get = |column: &Column| {
            let at = flow.columns.iter().position(|c| c.name == column.name);
            at.and_then(|at| row.get(at)).map_or("", String::as_str)
        };
        for (column, value) in flow.columns.iter().zip(row) {
            // Only what rests on another cell needs to be looked up.
            let needed = match &column.present {
                Present::Always if column.part.is_none() => Presence::Required,
                Present::IfHeld => Presence::Optional,
                Present::Always | Present::When { .. } | Present::UnlessKnown(_) => {
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
        for columns in parallel(flow) {
            if let Some((column, what)) = apart(&columns, &get, asked_on.unwrap_or(on)) {
                return Err(fault("RUN-09", Some(n), Some(column), what.to_owned()));
            }
        }
    }
    Ok(())
}

/// The columns of each dataset whose values stand in parallel.
pub(crate) fn parallel(flow: &Flow) -> Vec<Vec<&Column>> {
    let mut all: Vec<Vec<&Column>> = Vec::new();
    for column in flow.columns.iter().filter(|c| c.in_parallel) {
        let of = |c: &&Column| c.field.dataset == column.field.dataset;
        match all.iter_mut().find(|columns| columns.iter().any(of)) {
            Some(columns) => columns.push(column),
            None => all.push(vec![column]),
        }
    }
    all
}

/// What is wrong with values that stand in parallel: not as many in each column, or outside their window.
fn apart<'a>(
    columns: &[&'a Column],
    get: &dyn Fn(&Column) -> &'a str,
    on: Date,
) -> Option<(&'a str, &'static str)> {
    let held = columns.iter().map(|c| (*c, split(get(c))));
    let held: Vec<(&Column, Vec<String>)> = held.filter(|(_, v)| !v.is_empty()).collect();
    let (_, first) = held.first()?;
    let uneven = held.iter().find(|(_, values)| values.len() != first.len());
    if let Some((column, _)) = uneven {
        let what = "the cell has not as many values as those that it belongs to";
        return Some((column.name.as_str(), what));
    }
    held.iter().find_map(|(column, values)| {
        let window = column.window.as_ref()?;
        let measured = window.by.as_ref() == Some(&column.field.field);
        let outside = |v: &String| parse_date(v).is_some_and(|day| !window.covers(Some(day), on));
        (measured && values.iter().any(outside)).then(|| {
            let what = "the cell has a day that lies further back than the agreement reaches";
            (column.name.as_str(), what)
        })
    })
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

/// A return's rows beside the rows that were sent.
pub struct Paired {
    /// The sent row's number for each row of the file; a row that no sent row stands for has a number beyond all that
    /// were sent.
    pub number: Vec<u64>,
    /// Why a person must look at the file first.
    pub fault: Option<FileFault>,
}

/// Pairs a return's rows with the rows that were sent, by the first link field.
///
/// A fault of content holds the whole file: rows that were not asked for, rows twice, rows missing, link fields changed
/// (MATCH-01 to MATCH-04, RUN-11).
pub fn pair(
    flow: &Flow,
    answers: &Answers,
    table: &Table,
    sent: &BTreeMap<u64, Row>,
    nil: Option<u64>,
) -> Paired {
    // Where one row was asked and one answers, nothing need link them.
    if let (true, [_], Some(number)) = (
        answers.pairs_on.is_empty() && sent.len() == 1,
        table.rows.as_slice(),
        sent.keys().next(),
    ) {
        return Paired {
            number: vec![*number],
            fault: None,
        };
    }
    let mut faults = Vec::new();
    let handle = answers.pairs_on.first().map(|l| l.as_str());
    if handle.is_none() {
        let what = "the agreement names no link fields".into();
        faults.push(fault("MATCH-03", None, None, what));
    }
    let handle = handle.unwrap_or_default();
    let by_handle: BTreeMap<&str, u64> =
        sent.iter().map(|(n, row)| (row.get(handle), *n)).collect();
    let places: BTreeMap<&str, usize> = (0..)
        .zip(&flow.columns)
        .map(|(at, c)| (c.name.as_str(), at))
        .collect();
    let mut beyond = sent.keys().last().copied().unwrap_or(0);
    let (mut number, mut seen, mut unasked) = (Vec::new(), BTreeSet::new(), 0);
    for (at, cells) in table.rows.iter().enumerate() {
        let value = |name: &str| -> &str {
            let place = places.get(name).copied();
            place
                .and_then(|at| cells.get(at))
                .map_or("", String::as_str)
        };
        let mut found = by_handle.get(value(handle)).copied();
        if let Some(row) = found.and_then(|n| sent.get(&n)) {
            let changed = answers
                .pairs_on
                .iter()
                .find(|l| value(l.as_str()) != row.get(l.as_str()));
            if let Some(link) = changed {
                let what = "the cell is not what was sent".into();
                faults.push(fault("MATCH-04", Some(at), Some(link.as_str()), what));
            }
        } else {
            unasked += 1;
        }
        if found.is_some_and(|n| !seen.insert(n)) {
            faults.push(fault(
                "MATCH-01",
                Some(at),
                Some(handle),
                "the row comes twice".into(),
            ));
            found = None;
        }
        number.push(found.unwrap_or_else(|| {
            beyond += 1;
            beyond
        }));
    }
    if unasked > 0 {
        let what = format!("{unasked} rows were not asked for: this may be an over-disclosure");
        faults.push(fault("RUN-11", None, None, what));
    }
    faults.extend(counts(answers, number.len(), sent.len(), nil));
    Paired {
        number,
        fault: faults.into_iter().next(),
    }
}

/// Do the rows and those without content come to what was sent (MATCH-02)?
fn counts(answers: &Answers, rows: usize, sent: usize, nil: Option<u64>) -> Option<FileFault> {
    let answered = rows as u64 + nil.unwrap_or_default();
    let what = if answers.rows == RowCover::EveryRow && rows < sent {
        format!("{} of {sent} rows are not answered", sent - rows)
    } else if answers.others == Some(Others::NilCount) && nil.is_none() {
        "it does not say how many rows have no content".into()
    } else if answered > sent as u64 {
        format!("it answers {answered} rows, and {sent} were sent")
    } else {
        return None;
    };
    Some(fault("MATCH-02", None, None, what))
}

/// The rows of a held file whose link fields are not those of the row that was sent under their number, or that no sent
/// row stands for.
pub fn doubtful(
    flow: &Flow,
    answers: &Answers,
    rows: &Rows,
    sent: &BTreeMap<u64, Row>,
) -> BTreeSet<u64> {
    let links: Vec<&Column> = flow
        .columns
        .iter()
        .filter(|c| answers.pairs_on.contains(&c.name))
        .collect();
    let numbers: BTreeSet<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    let agrees = |n: &u64| {
        sent.get(n).is_some_and(|row| {
            links.iter().all(|link| {
                let held = rows.get(&link.field.dataset).and_then(|d| d.get(n));
                held.map_or("", |r| r.get(link.field.field.as_str())) == row.get(link.name.as_str())
            })
        })
    };
    numbers.into_iter().filter(|n| !agrees(n)).collect()
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
