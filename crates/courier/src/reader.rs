//! Reads a partner's file against the agreed shape: a pure function of bytes, used by the confined reader and
//! by fuzzing, and the lines that the confined reader and its caller exchange.
//!
//! It never runs in the process that serves others: that is what [`crate::confined::ConfinedForms`] is for.

use exchange::password::{Password, unopened};
use exchange::table::{FileFault, Format, Looked, Shape, Table};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{csv, locked, xlsx};

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

/// Reads a locked file, as [`read`] reads one that is not.
///
/// # Errors
/// As [`read`]; SEC-06 where it does not open.
pub fn open(
    format: Format,
    shape: &Shape,
    bytes: &[u8],
    password: &Password,
) -> Result<Table, FileFault> {
    read(format, shape, &locked::open(format, bytes, password)?)
}

/// Reads a locked file as it is, for whoever must mend it.
///
/// # Errors
/// [`FileFault`] where nothing of it can be shown: it does not open, is damaged, or holds what a table does not.
pub fn look(
    format: Format,
    shape: &Shape,
    bytes: &[u8],
    password: &Password,
) -> Result<Looked, FileFault> {
    let plain = locked::open(format, bytes, password)?;
    match format {
        Format::Xlsx => xlsx::look(shape, &plain),
        Format::Csv => csv::look(shape, &plain),
    }
}

/// What the confined reader is to do with the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// [`read`] it.
    Read,
    /// [`open`] it with this password.
    Open(Zeroizing<String>),
    /// [`look`] at it with this password.
    Look(Zeroizing<String>),
}

/// The first line to the confined reader; `bytes` bytes of file follow it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is asked.
    pub task: Task,
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
    /// The file as it is.
    Looked(Looked),
    /// Why there is nothing.
    Fault(FileFault),
}

/// Does what is asked.
pub fn answer(request: Request, file: &[u8]) -> Answer {
    let Request {
        task,
        format,
        shape,
        ..
    } = request;
    let given = |mut text: Zeroizing<String>| {
        Password::given(std::mem::take(&mut *text)).ok_or_else(unopened)
    };
    let answer = match task {
        Task::Read => read(format, &shape, file).map(Answer::Table),
        Task::Open(text) => given(text)
            .and_then(|password| open(format, &shape, file, &password))
            .map(Answer::Table),
        Task::Look(text) => given(text)
            .and_then(|password| look(format, &shape, file, &password))
            .map(Answer::Looked),
    };
    answer.unwrap_or_else(Answer::Fault)
}

/// The exit code with which the confined reader says that it was called wrongly or could not confine itself,
/// so that nothing about the file is known.
pub const NOT_STARTED: i32 = 2;
