//! Reads a workbook in three steps: the archive's directory, then every part's XML (both by bounds and by a
//! list of what a plain table has; all else refuses the file), and only then the cells.
//!
//! The bounds come first because a parser of workbooks believes what a file says of itself: two of 1.5 KB have
//! made one ask for more than 100 GB.

mod archive;
mod look;
mod names;
mod scan;
mod sheet;
mod tags;

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx};
use exchange::table::{FileFault, Looked, Shape, Table};

use crate::cells::Rows;
use crate::fault::{FORM, STRUCTURE, column_at, in_cell, in_row, whole};
use crate::header;

/// The beginning of old Office files and of password-protected workbooks.
pub(crate) const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The beginning of a zip archive.
pub(crate) const ZIP: &[u8] = b"PK\x03\x04";

/// Is it a workbook's archive whose parts all have the check sums that they say?
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let whole = |entries: Vec<archive::Entry>| scan::is_whole(bytes, &entries);
    // What is wrong with the list of parts itself is told by the read that follows, but for plain damage.
    archive::entries(bytes).map_or_else(|fault| fault != broken(), whole)
}

/// A workbook that no parser can make sense of.
fn broken() -> FileFault {
    whole(
        STRUCTURE,
        "the workbook is damaged: save it anew as .xlsx and send that",
    )
}

/// Reads the sheet that the shape names.
///
/// # Errors
/// [`FileFault`]: rule, row and column, never a value.
pub(crate) fn read(shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    scanned(shape, bytes)?;
    cells(shape, bytes)
}

/// Reads the cells of the sheet that the shape names as they are, with all that is wrong with them.
///
/// # Errors
/// [`FileFault`] where the workbook is no plain table: nothing of it is shown then.
pub(crate) fn look(shape: &Shape, bytes: &[u8]) -> Result<Looked, FileFault> {
    scanned(shape, bytes)?;
    look::cells(shape, bytes)
}

/// Bounds and closed lists, before a parser sees it.
fn scanned(shape: &Shape, bytes: &[u8]) -> Result<(), FileFault> {
    if bytes.starts_with(&OLE) {
        let what = "the file is an old .xls or a password-protected workbook: save it as .xlsx without a password";
        return Err(whole(FORM, what));
    }
    if !bytes.starts_with(ZIP) {
        return Err(whole(
            FORM,
            "the file is not a workbook (.xlsx): send it in the agreed form",
        ));
    }
    let entries = archive::entries(bytes)?;
    scan::check(bytes, &entries, shape)
}

/// The workbook, if it has the sheet exactly once.
fn book<'a>(shape: &Shape, bytes: &'a [u8]) -> Result<Xlsx<Cursor<&'a [u8]>>, FileFault> {
    let book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if book
        .sheet_names()
        .iter()
        .filter(|name| **name == shape.sheet)
        .count()
        != 1
    {
        return Err(broken());
    }
    Ok(book)
}

fn cells(shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    let mut book = book(shape, bytes)?;
    let mut reader = book
        .worksheet_cells_reader(&shape.sheet)
        .map_err(|_| broken())?;
    let mut lines = Lines {
        shape,
        rows: Rows::new(shape),
        line: None,
        last: 0,
    };
    while let Some(cell) = reader.next_cell().map_err(|_| broken())? {
        let (row, column) = cell.get_position();
        let (row, column) = (u64::from(row) + 1, column as usize);
        if let Some(text) = text(cell.get_value(), shape, row, column)? {
            lines.put(row, column, text)?;
        }
    }
    lines.finish()
}

/// A cell's text; none for an empty cell.
fn text(
    value: &DataRef<'_>,
    shape: &Shape,
    row: u64,
    column: usize,
) -> Result<Option<String>, FileFault> {
    let kind = match value {
        DataRef::Empty => return Ok(None),
        DataRef::String(text) if text.is_empty() => return Ok(None),
        DataRef::SharedString("") => return Ok(None),
        DataRef::String(text) => return Ok(Some(text.clone())),
        DataRef::SharedString(text) => return Ok(Some((*text).to_owned())),
        DataRef::Int(_) | DataRef::Float(_) => "a number",
        DataRef::Bool(_) => "a truth value",
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => {
            "a date or time"
        }
        DataRef::Error(_) => "a spreadsheet error",
    };
    let what = format!(
        "the cell holds {kind} where the agreement has text: format the column as text and enter it again"
    );
    Err(in_cell(row, column_at(&shape.columns, column), what))
}

/// Puts cells together to rows; the first is the header.
struct Lines<'a> {
    shape: &'a Shape,
    rows: Rows<'a>,
    line: Option<BTreeMap<usize, String>>,
    last: u64,
}

impl Lines<'_> {
    fn put(&mut self, row: u64, column: usize, text: String) -> Result<(), FileFault> {
        if row != self.last {
            self.end_row()?;
            if row != self.last + 1 {
                let what = if self.last == 0 {
                    "the header is missing: put the agreed column names in row 1"
                } else {
                    "the row is empty: delete it"
                };
                return Err(in_row(self.last + 1, what));
            }
            self.last = row;
        }
        self.line.get_or_insert_default().insert(column, text);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), FileFault> {
        let Some(mut line) = self.line.take() else {
            return Ok(());
        };
        let width = self.shape.columns.len();
        let widest = line.last_key_value().map_or(0, |(column, _)| column + 1);
        if self.last == 1 {
            let found: Vec<String> = (0..widest)
                .map(|n| line.remove(&n).unwrap_or_default())
                .collect();
            return header::check(&found, &self.shape.columns);
        }
        if widest > width {
            let what = "a cell stands outside the agreed columns: take it out of the file";
            let fault = in_cell(self.last, column_at(&self.shape.columns, widest - 1), what);
            return Err(FileFault {
                rule: crate::fault::MINIMISE.into(),
                ..fault
            });
        }
        let cells = (0..width)
            .map(|n| line.remove(&n).unwrap_or_default())
            .collect();
        self.rows.push(self.last, cells)
    }

    fn finish(mut self) -> Result<Table, FileFault> {
        self.end_row()?;
        if self.last == 0 {
            return Err(in_row(
                1,
                "the header is missing: put the agreed column names in row 1",
            ));
        }
        Ok(self.rows.done())
    }
}
