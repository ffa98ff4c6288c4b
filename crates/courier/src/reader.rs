//! Reads a partner's file against the agreed shape: a pure function of bytes, used by the confined reader and
//! by fuzzing, and the lines that the confined reader and its caller exchange.
//!
//! It never runs in the process that serves others: that is what [`crate::confined::ConfinedForms`] is for.

use exchange::table::{FileFault, Format, Shape, Table};
use serde::{Deserialize, Serialize};

use crate::{csv, xlsx};

/// Reads `bytes` as a file of `format` with `shape`.
///
/// # Errors
/// [`FileFault`] with rule, row and column, never a value; nothing of the file is given out then (RUN-09).
pub fn read(format: Format, shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    match format {
        Format::Xlsx => xlsx::read(shape, bytes),
        Format::Csv => csv::read(shape, bytes),
    }
}

/// The first line to the confined reader; `bytes` bytes of file follow it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The form that the agreement fixes.
    pub format: Format,
    /// The shape that the agreement fixes.
    pub shape: Shape,
    /// How many bytes follow.
    pub bytes: usize,
}

/// The confined reader's only line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The whole table.
    Table(Table),
    /// Why there is none.
    Fault(FileFault),
}

/// The exit code with which the confined reader says that it was called wrongly or could not confine itself,
/// so that nothing about the file is known.
pub const NOT_STARTED: i32 = 2;
