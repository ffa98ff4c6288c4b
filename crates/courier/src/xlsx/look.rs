//! Reads the cells of a refused workbook as they are, for the copy that shows what is wrong with them. The pre-scan has
//! bounded the file; every fault of rows and cells is gathered instead of ending the reading.

use calamine::DataRef;
use exchange::table::{FileFault, Looked, Shape};

use super::{book, broken, text};
use crate::cells::wrong_text;
use crate::fault::{MINIMISE, column_at, in_cell, in_row};
use crate::{header, limits};

/// The cells and what is wrong with them.
pub(super) fn cells(shape: &Shape, bytes: &[u8]) -> Result<Looked, FileFault> {
    let mut book = book(shape, bytes)?;
    let mut reader = book
        .worksheet_cells_reader(&shape.sheet)
        .map_err(|_| broken())?;
    let mut looked = Looked::default();
    let (mut last, mut size) = (0, 0usize);
    let most = shape.max_rows.saturating_add(1);
    while let Some(cell) = reader.next_cell().map_err(|_| broken())? {
        let (row, column) = cell.get_position();
        let (number, at) = (u64::from(row) + 1, column as usize);
        let shown = shown(cell.get_value());
        if shown.is_empty() {
            continue;
        }
        size = size.saturating_add(shown.len()).saturating_add(48);
        if size > limits::TABLE_BYTES {
            let what = "the table is larger than can be read safely: send it in parts";
            return Err(in_row(number, what));
        }
        for empty in (last + 1..number).take(Looked::MOST) {
            looked.fault(in_row(empty, "the row is empty: delete it"));
        }
        if number > most && number != last {
            let what = "the file has more rows than the run can have: send only what was asked for";
            looked.fault(in_row(number, what));
        }
        last = number;
        if number > 1 && at >= shape.columns.len() {
            let what = "a cell stands outside the agreed columns: take it out of the file";
            let fault = in_cell(number, column_at(&shape.columns, at), what);
            looked.fault(FileFault {
                rule: MINIMISE.into(),
                ..fault
            });
        } else if let Err(fault) = text(cell.get_value(), shape, number, at) {
            looked.fault(fault);
        } else if let Some(what) = wrong_text(&shown) {
            looked.fault(in_cell(number, column_at(&shape.columns, at), what));
        }
        looked.cells.push((number, column, shown));
    }
    if let Err(fault) = header::check(&looked.header(), &shape.columns) {
        looked.faults.insert(0, fault);
    }
    Ok(looked)
}

/// A value as a reader of the sheet could see it.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => n.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(day) => day.as_f64().to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}
