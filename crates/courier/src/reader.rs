//! Reads a partner's file against the agreed shape: a pure function of bytes, used by the confined reader and
//! by fuzzing, and the lines that the confined reader and its caller exchange.
//!
//! It never runs in the process that serves others: that is what [`crate::confined::ConfinedForms`] is for.

use std::io::{self, BufRead, Read};

use exchange::password::{Password, unopened};
use exchange::table::{FileFault, Format, Looked, Shape, Table};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cells::unsafe_file;
use crate::fault::too_long;
use crate::{csv, limits, locked, xlsx};

/// Some rows of a file.
pub type Page = Vec<Vec<String>>;

/// Reads `input` as a file of `format` with `shape`, and gives its rows to `take`, a page at a time.
///
/// # Errors
/// A failure of `input` or of `take`; within, [`FileFault`] with rule, row and column, never a value: the whole file is
/// refused then, also the rows that were given before (RUN-09).
pub fn pages(
    format: Format,
    shape: &Shape,
    input: impl BufRead,
    mut take: impl FnMut(Page) -> io::Result<()>,
) -> io::Result<Result<(), FileFault>> {
    match gather(format, shape, input, &mut take) {
        Ok(()) => Ok(Ok(())),
        Err(Stop::Fault(fault)) => Ok(Err(fault)),
        Err(Stop::Io(e)) => Err(e),
    }
}

/// Why nothing more is read.
pub(crate) enum Stop {
    Fault(FileFault),
    Io(io::Error),
}

impl From<FileFault> for Stop {
    fn from(fault: FileFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

fn gather(
    format: Format,
    shape: &Shape,
    input: impl BufRead,
    take: &mut impl FnMut(Page) -> io::Result<()>,
) -> Result<(), Stop> {
    let mut gathered = Gathered::default();
    match format {
        Format::Xlsx => {
            let bytes = whole(input)?;
            let mut table = xlsx::read(shape, &bytes)?;
            for row in std::mem::take(&mut table.rows) {
                gathered.push(row, take)?;
            }
        }
        Format::Csv => {
            let mut rows = csv::Rows::under(shape, input)?;
            while let Some(row) = rows.next()? {
                gathered.push(row, take)?;
            }
        }
    }
    if !gathered.rows.is_empty() {
        take(gathered.rows)?;
    }
    Ok(())
}

/// A file that is read as a whole.
fn whole(input: impl Read) -> Result<Vec<u8>, Stop> {
    let most = limits::WHOLE_BYTES;
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_long(most).into());
    }
    Ok(bytes)
}

/// The rows of a page that are there already.
#[derive(Default)]
struct Gathered {
    rows: Page,
    bytes: usize,
}

impl Gathered {
    fn push(
        &mut self,
        row: Vec<String>,
        take: &mut impl FnMut(Page) -> io::Result<()>,
    ) -> io::Result<()> {
        self.bytes += row.iter().map(String::len).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() < limits::PAGE_ROWS && self.bytes < limits::PAGE_BYTES {
            return Ok(());
        }
        take(std::mem::take(self).rows)
    }
}

/// Reads `bytes` as a whole file of `format` with `shape`.
///
/// # Errors
/// As [`pages`].
pub fn read(format: Format, shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    let mut table = Table {
        columns: shape.columns.clone(),
        rows: Vec::new(),
    };
    let take = |page| {
        table.rows.extend::<Page>(page);
        Ok(())
    };
    // Nothing fails that is in memory.
    pages(format, shape, bytes, take).unwrap_or_else(|_| Err(unsafe_file()))?;
    Ok(table)
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
    /// [`pages`] of it.
    Read,
    /// [`pages`] of what opens with this password.
    Open(Zeroizing<String>),
    /// [`look`] at it with this password.
    Look(Zeroizing<String>),
}

/// The first line to the confined reader; the file follows it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is asked.
    pub task: Task,
    /// The form that the agreement fixes.
    pub format: Format,
    /// The shape that the agreement fixes.
    pub shape: Shape,
}

/// A line of the confined reader. Pages come first, and then one of the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The next rows.
    Page(Page),
    /// There are no more.
    End,
    /// The file as it is.
    Looked(Looked),
    /// The file is refused whole.
    Fault(FileFault),
}

/// What a line of the confined reader says. A file that makes it say anything else is not safe.
pub fn heard(line: &[u8]) -> Answer {
    serde_json::from_slice(line).unwrap_or_else(|_| Answer::Fault(unsafe_file()))
}

/// Does what is asked, and says it to `say` line by line.
///
/// # Errors
/// A failure of `input` or of `say`.
pub fn answer(
    request: Request,
    input: impl BufRead,
    mut say: impl FnMut(Answer) -> io::Result<()>,
) -> io::Result<()> {
    let Request {
        task,
        format,
        shape,
    } = request;
    let mut page = |page| say(Answer::Page(page));
    let done = match task {
        Task::Read => gather(format, &shape, input, &mut page).map(|()| Answer::End),
        Task::Open(text) => with(text, input, |bytes, password| {
            locked::open(format, bytes, password)
        })
        .and_then(|plain| gather(format, &shape, plain.as_slice(), &mut page))
        .map(|()| Answer::End),
        Task::Look(text) => with(text, input, |bytes, password| {
            look(format, &shape, bytes, password)
        })
        .map(Answer::Looked),
    };
    match done {
        Ok(last) => say(last),
        Err(Stop::Fault(fault)) => say(Answer::Fault(fault)),
        Err(Stop::Io(e)) => Err(e),
    }
}

/// Does something with a whole locked file and its password.
fn with<T>(
    mut text: Zeroizing<String>,
    input: impl Read,
    work: impl FnOnce(&[u8], &Password) -> Result<T, FileFault>,
) -> Result<T, Stop> {
    let password = Password::given(std::mem::take(&mut *text)).ok_or_else(unopened)?;
    Ok(work(&whole(input)?, &password)?)
}

/// The exit code with which the confined reader says that it was called wrongly or could not confine itself,
/// so that nothing about the file is known.
pub const NOT_STARTED: i32 = 2;
