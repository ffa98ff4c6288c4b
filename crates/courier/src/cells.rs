//! What a table and its cells may be, in any form of file; the same for what is written and what is read.
//!
//! A cell is any text of up to 32,767 UTF-16 units but for U+0000, U+FFFE and U+FFFF, which XML cannot hold.
//! An empty cell is an absent value, and a row has at least one value.

use exchange::ports::PortFault;
use exchange::table::{FileFault, Shape, Table};

use crate::fault::{column_at, in_cell, in_row, whole};
use crate::limits;

/// What is wrong with a cell's text, if anything.
pub(crate) fn wrong_text(text: &str) -> Option<&'static str> {
    if text.contains(['\0', '\u{fffe}', '\u{ffff}']) {
        Some(
            "the cell has a character that no file can hold (U+0000, U+FFFE or U+FFFF): take it out",
        )
    } else if text.len() > limits::CELL_UNITS && text.encode_utf16().count() > limits::CELL_UNITS {
        Some("the cell is longer than 32,767 characters: shorten it")
    } else {
        None
    }
}

/// Holds the rows of a file that is read to the shape.
pub(crate) struct Checked<'a> {
    shape: &'a Shape,
    rows: u64,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(shape: &'a Shape) -> Self {
        Self { shape, rows: 0 }
    }

    /// Checks row number `row` (the header is row 1).
    pub(crate) fn row(&mut self, row: u64, cells: &[String]) -> Result<(), FileFault> {
        if self.rows >= self.shape.max_rows {
            return Err(in_row(
                row,
                "the file has more rows than the run can have: send only what was asked for",
            ));
        }
        self.rows += 1;
        if cells.len() != self.shape.columns.len() {
            let (has, want) = (cells.len(), self.shape.columns.len());
            return Err(in_row(
                row,
                format!("the row has {has} cells where the header has {want}: make them as many"),
            ));
        }
        if cells.iter().all(String::is_empty) {
            return Err(in_row(row, "the row is empty: delete it"));
        }
        for (index, cell) in cells.iter().enumerate() {
            if let Some(what) = wrong_text(cell) {
                return Err(in_cell(row, column_at(&self.shape.columns, index), what));
            }
        }
        if length(cells) > limits::ROW_BYTES {
            return Err(in_row(row, LONG_ROW));
        }
        Ok(())
    }
}

const LONG_ROW: &str = "the row is longer than 1 MiB: shorten its cells";

fn length<S: AsRef<str>>(cells: &[S]) -> usize {
    cells.iter().map(|cell| cell.as_ref().len()).sum()
}

/// Collects the rows of a file that is read as a whole, holding them to the shape and to the memory's bound.
pub(crate) struct Rows<'a> {
    checked: Checked<'a>,
    table: Table,
    bytes: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(shape: &'a Shape) -> Self {
        Self {
            checked: Checked::new(shape),
            table: Table {
                columns: shape.columns.clone(),
                rows: Vec::new(),
            },
            bytes: 0,
        }
    }

    /// Adds row number `row` (the header is row 1).
    pub(crate) fn push(&mut self, row: u64, cells: Vec<String>) -> Result<(), FileFault> {
        self.checked.row(row, &cells)?;
        // Each cell costs its text and about as much again as a string's own fields and padding.
        let bytes = length(&cells) + 48 * cells.len();
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > limits::TABLE_BYTES {
            return Err(in_row(
                row,
                "the table is larger than can be read safely: send it in parts",
            ));
        }
        self.table.rows.push(cells);
        Ok(())
    }

    pub(crate) fn done(self) -> Table {
        self.table
    }
}

/// The one answer for a file over which the reader stumbled: which part of it did so is not known.
pub(crate) fn unsafe_file() -> FileFault {
    whole(
        crate::fault::STRUCTURE,
        "the file could not be read safely: save it anew as a plain table and send that",
    )
}

/// Holds what is written to what a file can have.
pub(crate) struct Written {
    columns: Vec<String>,
    rows: u64,
}

fn unwritten(what: impl std::fmt::Display) -> PortFault {
    PortFault(format!("the file was not written: {what} (RUN-07)"))
}

impl Written {
    pub(crate) fn under(columns: &[String]) -> Result<Self, PortFault> {
        let width = columns.len();
        if width == 0 || width > limits::COLUMNS {
            return Err(unwritten(format_args!(
                "a table has 1 to 16,384 columns, and this one has {width}"
            )));
        }
        for (index, name) in columns.iter().enumerate() {
            let twice = columns.iter().take(index).any(|earlier| earlier == name);
            if name.is_empty() || twice || wrong_text(name).is_some() {
                let n = index + 1;
                return Err(unwritten(format_args!("column {n} has no name of its own")));
            }
        }
        Ok(Self {
            columns: columns.to_vec(),
            rows: 0,
        })
    }

    /// Checks the next row.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: &[S]) -> Result<(), PortFault> {
        self.rows += 1;
        if self.rows >= limits::SHEET_ROWS {
            return Err(unwritten(
                "a sheet has at most 1,048,575 rows below its header: send the table in parts",
            ));
        }
        let place = self.rows + 1;
        if cells.len() != self.columns.len() {
            return Err(unwritten(format_args!(
                "row {place} has not as many cells as there are columns"
            )));
        }
        if cells.iter().all(|cell| cell.as_ref().is_empty()) {
            return Err(unwritten(format_args!("row {place} has no value at all")));
        }
        for (name, cell) in self.columns.iter().zip(cells) {
            if let Some(what) = wrong_text(cell.as_ref()) {
                return Err(unwritten(format_args!(
                    "row {place}, column {name}: {what}"
                )));
            }
        }
        if length(cells) > limits::ROW_BYTES {
            return Err(unwritten(format_args!("row {place}: {LONG_ROW}")));
        }
        Ok(())
    }
}
