//! What a received file must be: the structure that the agreement's flow gives it, and, where it answers a
//! file of ours, the rows and cells that we sent. Pure. Structural faults refuse the whole file (RUN-09,
//! RUN-11); faults of content hold the whole file for a person.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use agreement::{
    Answers, Column, DatasetId, FieldName, Flow, Others, Plan, Present, RowCover, parse_date,
    values,
};
use jiff::civil::Date;

use crate::gate::{Presence, Rows, presence};
use crate::rows::Row;
use crate::table::{FileFault, Looked, Shape};

/// The name of the sheet that has the records.
pub const SHEET: &str = "Records";

/// The most rows that a file may have at all.
pub const MAX_ROWS: u64 = 1_000_000;

/// So many faults of rows are told of a file.
const FAULTS: usize = Looked::MOST;

/// The shape that a flow's file must have.
pub fn shape(flow: &Flow) -> Shape {
    Shape {
        sheet: SHEET.into(),
        columns: flow.columns.iter().map(|c| c.name.to_string()).collect(),
        max_rows: MAX_ROWS,
    }
}

/// Checks the form of every cell of a row, that required ones are there, and that values which stand in parallel belong
/// together and lie in their window, which for an answer is measured on the day it was asked for (EXCH-DFE-13). The row
/// stands at a place of the file, counted from 0.
///
/// # Errors
/// The first fault, by row and column; no value.
pub fn cells(
    plan: &Plan,
    flow: &Flow,
    row: &[String],
    place: u64,
    on: Date,
    asked_on: Option<Date>,
) -> Result<(), FileFault> {
    match cell_faults(plan, flow, row, place, on, asked_on).next() {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// Every cell of a row that has not the agreed form, or is missing, in the order of the file; no value.
pub fn cell_faults<'a>(
    plan: &'a Plan,
    flow: &'a Flow,
    row: &'a [String],
    place: u64,
    on: Date,
    asked_on: Option<Date>,
) -> impl Iterator<Item = FileFault> + 'a {
    let get = move |column: &Column| {
        let at = flow.columns.iter().position(|c| c.name == column.name);
        at.and_then(|at| row.get(at)).map_or("", String::as_str)
    };
    let cells = flow.columns.iter().zip(row);
    let forms = cells.filter_map(move |(column, value)| {
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
        wrong.map(|what| fault("RUN-09", Some(place), Some(column.name.as_str()), what))
    });
    let parallel = parallel(flow).into_iter().filter_map(move |columns| {
        let (column, what) = apart(&columns, &get, asked_on.unwrap_or(on))?;
        Some(fault("RUN-09", Some(place), Some(column), what.to_owned()))
    });
    forms.chain(parallel)
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
    let held = columns.iter().map(|c| (*c, values(get(c))));
    let held: Vec<(&Column, Vec<Cow<'_, str>>)> = held.filter(|(_, v)| !v.is_empty()).collect();
    let (_, first) = held.first()?;
    let uneven = held.iter().find(|(_, values)| values.len() != first.len());
    if let Some((column, _)) = uneven {
        let what = "the cell has not as many values as those that it belongs to";
        return Some((column.name.as_str(), what));
    }
    held.iter().find_map(|(column, values)| {
        let window = column.window.as_ref()?;
        let measured = window.by.as_ref() == Some(&column.field.field);
        let outside =
            |v: &Cow<'_, str>| parse_date(v).is_some_and(|day| !window.covers(Some(day), on));
        (measured && values.iter().any(outside)).then(|| {
            let what = "the cell has a day that lies further back than the agreement reaches";
            (column.name.as_str(), what)
        })
    })
}

/// Cuts a row of a file into the rows of its datasets.
pub fn row(flow: &Flow, cells: &[String]) -> BTreeMap<DatasetId, Row> {
    let mut rows: BTreeMap<DatasetId, Row> = BTreeMap::new();
    for (column, value) in flow.columns.iter().zip(cells) {
        let name = column.field.field.as_str();
        match rows.get_mut(&column.field.dataset) {
            Some(row) => row.set(name, value.as_str()),
            None => {
                let row = rows.entry(column.field.dataset.clone()).or_default();
                row.set(name, value.as_str());
            }
        }
    }
    rows
}

/// The columns that must come back as they went: those by which rows pair, in their order, and where the same file comes
/// back every other column that was sent.
pub fn returned<'a>(flow: &'a Flow, answers: &'a Answers) -> Vec<&'a FieldName> {
    let copied = |c: &&Column| c.origins.iter().any(|origin| *origin != c.field);
    let others = flow.columns.iter().filter(copied).map(|c| &c.name);
    let others = others.filter(|name| answers.same_file && !answers.pairs_on.contains(name));
    answers.pairs_on.iter().chain(others).collect()
}

/// The cells of the rows that were sent and must come back: by number, and by the first of them.
#[derive(Default)]
pub struct Sent {
    as_of: Option<Date>,
    by_number: BTreeMap<u64, Vec<String>>,
    by_handle: BTreeMap<String, u64>,
}

impl Sent {
    /// No rows yet, that stand as they were on a day.
    pub fn of(as_of: Option<Date>) -> Self {
        Self {
            as_of,
            ..Self::default()
        }
    }

    /// The day for which the rows stood.
    pub fn as_of(&self) -> Option<Date> {
        self.as_of
    }

    /// Adds the row of this number with its cells that must come back, in the order of [`returned`].
    pub fn add(&mut self, number: u64, cells: Vec<String>) {
        let handle = cells.first().cloned().unwrap_or_default();
        self.by_handle.insert(handle, number);
        self.by_number.insert(number, cells);
    }
}

/// The pairing of a return's rows, as they come, with the rows that were sent, by the first link field. A row that no sent
/// row stands for gets a number beyond all that were sent.
///
/// A fault of content holds the whole file: rows that were not asked for, rows twice, rows missing, link fields changed
/// (MATCH-01 to MATCH-04, RUN-11), and where the same file comes back any other cell that was sent (EXCH-DFE-16).
pub struct Pairing<'a> {
    answers: &'a Answers,
    sent: &'a Sent,
    /// What must come back as it went, and where its columns stand.
    returned: Vec<(&'a FieldName, Option<usize>)>,
    rows: u64,
    beyond: u64,
    seen: BTreeSet<u64>,
    unasked: u64,
    faults: Vec<FileFault>,
}

impl<'a> Pairing<'a> {
    /// Begins with the first row.
    pub fn new(flow: &'a Flow, answers: &'a Answers, sent: &'a Sent) -> Self {
        let place = |name: &FieldName| flow.columns.iter().position(|c| c.name == *name);
        let returned = returned(flow, answers).into_iter();
        let unnamed = || {
            let what = "the agreement names no link fields".into();
            fault("MATCH-03", None, None, what)
        };
        Self {
            answers,
            sent,
            returned: returned.map(|name| (name, place(name))).collect(),
            rows: 0,
            beyond: sent.by_number.keys().last().copied().unwrap_or(0),
            seen: BTreeSet::new(),
            unasked: 0,
            faults: answers
                .pairs_on
                .is_empty()
                .then(unnamed)
                .into_iter()
                .collect(),
        }
    }

    /// The number of the next row of the file.
    pub fn row(&mut self, cells: &[String]) -> u64 {
        let place = self.rows;
        self.rows += 1;
        let value = |at: Option<usize>| {
            let cell = at.and_then(|at| cells.get(at));
            cell.map_or("", String::as_str)
        };
        let handle = value(self.returned.first().and_then(|(_, at)| *at));
        let mut found = self.sent.by_handle.get(handle).copied();
        if let Some(sent) = found.and_then(|n| self.sent.by_number.get(&n)) {
            let both = self.returned.iter().zip(sent);
            let changed = both.filter(|((_, at), sent)| value(*at) != **sent);
            let what = "the cell is not what was sent".to_owned();
            let changed = changed.map(|((name, _), _)| {
                fault("MATCH-04", Some(place), Some(name.as_str()), what.clone())
            });
            let room = FAULTS.saturating_sub(self.faults.len());
            self.faults.extend(changed.take(room));
        } else {
            self.unasked += 1;
        }
        if found.is_some_and(|n| !self.seen.insert(n)) {
            if self.faults.len() < FAULTS {
                let handle = self.answers.pairs_on.first().map(FieldName::as_str);
                let what = "the row comes twice".into();
                self.faults
                    .push(fault("MATCH-01", Some(place), handle, what));
            }
            found = None;
        }
        found.unwrap_or_else(|| {
            self.beyond += 1;
            self.beyond
        })
    }

    /// How many rows so far were not asked for, where rows pair at all.
    pub fn unasked(&self) -> u64 {
        match self.answers.pairs_on.is_empty() {
            true => 0,
            false => self.unasked,
        }
    }

    /// Why a person must look at the file first, all its rows being there: `nil` of those that were sent have no content
    /// by its letter. Every reason, in the order of the file; of those in rows so many as a person will read.
    pub fn done(mut self, nil: Option<u64>) -> Vec<FileFault> {
        let sent = self.sent.by_number.len() as u64;
        // Where one row was asked and one answers, nothing need link them.
        if self.answers.pairs_on.is_empty() && (sent, self.rows) == (1, 1) {
            return Vec::new();
        }
        if self.unasked > 0 {
            let unasked = self.unasked;
            let what = format!("{unasked} rows were not asked for: this may be an over-disclosure");
            self.faults.push(fault("RUN-11", None, None, what));
        }
        self.faults
            .extend(counts(self.answers, self.rows, sent, nil));
        self.faults
    }
}

/// Do the rows and those without content come to what was sent (MATCH-02)?
fn counts(answers: &Answers, rows: u64, sent: u64, nil: Option<u64>) -> Option<FileFault> {
    let answered = rows + nil.unwrap_or_default();
    let what = if answers.rows == RowCover::EveryRow && rows < sent {
        format!("{} of {sent} rows are not answered", sent - rows)
    } else if answers.others == Some(Others::NilCount) && nil.is_none() {
        "it does not say how many rows have no content".into()
    } else if answered > sent {
        format!("it answers {answered} rows, and {sent} were sent")
    } else {
        return None;
    };
    Some(fault("MATCH-02", None, None, what))
}

/// The rows of a held file whose cells are not those of the row that was sent under their number, or that no sent row
/// stands for.
pub fn doubtful(flow: &Flow, answers: &Answers, rows: &Rows, sent: &Sent) -> BTreeSet<u64> {
    let columns = returned(flow, answers).into_iter();
    let columns = columns.map(|name| flow.columns.iter().find(|c| c.name == *name));
    let columns: Vec<Option<&Column>> = columns.collect();
    let numbers: BTreeSet<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
    let agrees = |n: &u64| {
        sent.by_number.get(n).is_some_and(|sent| {
            let both = columns.iter().zip(sent);
            let mut both = both.filter_map(|(column, sent)| column.map(|column| (column, sent)));
            both.all(|(column, sent)| {
                let held = rows.get(&column.field.dataset).and_then(|d| d.get(n));
                held.map_or("", |r| r.get(column.field.field.as_str())) == sent
            })
        })
    };
    numbers.into_iter().filter(|n| !agrees(n)).collect()
}

fn fault(rule: &str, row: Option<u64>, column: Option<&str>, what: String) -> FileFault {
    FileFault {
        rule: rule.into(),
        // The header is row 1.
        row: row.map(|n| n + 2),
        column: column.map(str::to_owned),
        what,
    }
}
