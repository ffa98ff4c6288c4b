//! Tables of cells on their way into or out of a file; never printed, since cells are personal values.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::ports::{PortFault, Writing};

/// The form of a file (RUN-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An Office Open XML workbook.
    Xlsx,
    /// Comma-separated values (RFC 4180), UTF-8.
    Csv,
}

/// As the end of a file's name.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        })
    }
}

/// A table: column names and rows of as many cells. An empty cell is an absent value.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The columns' names, in order.
    pub columns: Vec<String>,
    /// The rows; each has one cell per column.
    pub rows: Vec<Vec<String>>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({:?}, {} rows)", self.columns, self.rows.len())
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for cell in self.rows.iter_mut().flatten() {
            cell.zeroize();
        }
    }
}

/// A file that can only be built when all its rows are there: they are gathered, and built into it at the end.
pub struct Gathering<F> {
    table: Table,
    build: F,
}

impl<F: FnOnce(Table) -> Result<Vec<u8>, PortFault> + Send> Gathering<F> {
    /// Gathers rows under these columns for `build`.
    pub fn new(columns: &[String], build: F) -> Self {
        let table = Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        };
        Self { table, build }
    }
}

impl<F: FnOnce(Table) -> Result<Vec<u8>, PortFault> + Send> Writing for Gathering<F> {
    fn row(&mut self, cells: &[&str], _: &mut Vec<u8>) -> Result<(), PortFault> {
        let row = cells.iter().map(|cell| (*cell).to_owned());
        self.table.rows.push(row.collect());
        Ok(())
    }

    fn finish(self: Box<Self>, file: &mut Vec<u8>) -> Result<(), PortFault> {
        let Self { table, build } = *self;
        file.append(&mut build(table)?);
        Ok(())
    }
}

/// A file as it is, right or wrong, for whoever must mend it: its cells where they stand, and what is wrong with them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// The cells that hold something: row (from 1), column (from 0), text.
    pub cells: Vec<(u64, u32, String)>,
    /// What is wrong, in the order of the file; never a value. The first [`Looked::MOST`] at most.
    pub faults: Vec<FileFault>,
}

impl Looked {
    /// So many faults are told.
    pub const MOST: usize = 1_000;

    /// Adds a fault, while there is room.
    pub fn fault(&mut self, fault: FileFault) {
        if self.faults.len() < Self::MOST {
            self.faults.push(fault);
        }
    }

    /// The names in the first row, in their places.
    pub fn header(&self) -> Vec<String> {
        let mut header = Vec::new();
        for (_, column, text) in self.cells.iter().filter(|(row, _, _)| *row == 1) {
            let at = usize::try_from(*column).unwrap_or(usize::MAX);
            if at < 16_384 {
                header.resize(header.len().max(at + 1), String::new());
                header.splice(at..=at, [text.clone()]);
            }
        }
        header
    }

    /// The rows below the header under these columns; what stands beside them is left out.
    pub fn table(&self, columns: &[String]) -> Table {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (row, column, text) in &self.cells {
            let at = row.checked_sub(2).and_then(|n| usize::try_from(n).ok());
            let Some(at) = at else { continue };
            if at >= rows.len() {
                rows.resize(at + 1, vec![String::new(); columns.len()]);
            }
            let cells = rows.get_mut(at);
            let cell = usize::try_from(*column).ok().zip(cells);
            if let Some(cell) = cell.and_then(|(n, cells)| cells.get_mut(n)) {
                cell.clone_from(text);
            }
        }
        Table {
            columns: columns.to_vec(),
            rows,
        }
    }
}

impl fmt::Debug for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cells, faults) = (self.cells.len(), &self.faults);
        write!(f, "Looked({cells} cells, {faults:?})")
    }
}

impl Drop for Looked {
    fn drop(&mut self) {
        for (_, _, text) in &mut self.cells {
            text.zeroize();
        }
    }
}

/// What a reader expects: the agreement's columns, in order, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The name of the sheet in a workbook (ignored for csv).
    pub sheet: String,
    /// The columns' names, in order.
    pub columns: Vec<String>,
    /// The most rows that the run can have.
    pub max_rows: u64,
}

/// A structural fault: the whole file is refused and nothing of it is used (RUN-09).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{what}{}{} (rule {rule})", row.map(|r| format!(", row {r}")).unwrap_or_default(), column.as_ref().map(|c| format!(", column {c}")).unwrap_or_default())]
pub struct FileFault {
    /// The rule that was broken: a requirement id, such as RUN-07.
    pub rule: String,
    /// The sheet's row, counted from 1 with the header as row 1.
    pub row: Option<u64>,
    /// The column's name (names are kept, values never are).
    pub column: Option<String>,
    /// What is wrong and what would mend it; no cell value.
    pub what: String,
}
