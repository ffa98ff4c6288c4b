//! Tables as comma-separated values: RFC 4180 in UTF-8, every field quoted.
//!
//! A spreadsheet takes a field for a formula when it begins with `=`, `+`, `-`, `@` (also in full width), TAB,
//! CR or LF. Such a field is written with an apostrophe before it, and so is one that begins with an
//! apostrophe. The same is done within a field after a comma, a semicolon, TAB, CR or LF: a program that is set to
//! another separator begins a field there, whatever quotes are around it. Reading takes exactly these apostrophes
//! away again, and leaves any other as it is. Reading guesses nothing: another encoding, a mark before the text, a
//! quote out of place or mixed line ends refuse the file.
//!
//! ```
//! use exchange::table::{Shape, Table};
//! let table = Table { columns: vec!["ref".into()], rows: vec![vec!["=1+1".into()]] };
//! let bytes = courier::csv::write(&table)?;
//! assert_eq!(bytes, b"\"ref\"\r\n\"'=1+1\"\r\n");
//! let shape = Shape { sheet: String::new(), columns: table.columns.clone(), max_rows: 1 };
//! assert!(courier::csv::read(&shape, &bytes)? == table);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod parse;
mod rows;

use std::borrow::Cow;

use exchange::ports::{PortFault, Writing};
use exchange::table::{FileFault, Format, Looked, Shape, Table};

use crate::cells::{Checked, Written, unsafe_file};
use crate::drain::Drain;
use crate::fault::in_row;
use crate::header;
use crate::reader::Stop;

pub(crate) use rows::Rows;

/// The beginnings that are kept inert, and the mark itself.
const INJECTED: [char; 12] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];
const MARK: char = '\'';
/// What some program takes for the end of a field.
const ENDS: [char; 5] = [',', ';', '\t', '\r', '\n'];

fn escape(cell: &str) -> Cow<'_, str> {
    if !cell.starts_with(INJECTED) && !cell.contains(ENDS) {
        return Cow::Borrowed(cell);
    }
    let (mut out, mut begins) = (String::with_capacity(cell.len() + 1), true);
    for c in cell.chars() {
        if begins && INJECTED.contains(&c) {
            out.push(MARK);
        }
        out.push(c);
        begins = ENDS.contains(&c);
    }
    Cow::Owned(out)
}

fn unescape(cell: String) -> String {
    if !cell.contains(MARK) {
        return cell;
    }
    let (mut out, mut begins) = (String::with_capacity(cell.len()), true);
    let mut rest = cell.chars().peekable();
    while let Some(mut c) = rest.next() {
        if begins
            && c == MARK
            && let Some(marked) = rest.next_if(|next| INJECTED.contains(next))
        {
            c = marked;
        }
        out.push(c);
        begins = ENDS.contains(&c);
    }
    out
}

/// Writes the table, header first, with CR LF after each record.
///
/// # Errors
/// [`PortFault`] with row and column when a cell or the table cannot stand in a file.
pub fn write(table: &Table) -> Result<Vec<u8>, PortFault> {
    let mut file = Vec::new();
    let mut writing = Lines::under(&table.columns)?;
    for row in &table.rows {
        writing.line(row)?;
    }
    Box::new(writing).finish(&mut file)?;
    Ok(file)
}

/// A file that is written line by line.
pub(crate) struct Lines {
    checked: Written,
    writer: ::csv::Writer<Drain>,
    drain: Drain,
}

impl Lines {
    pub(crate) fn under(columns: &[String]) -> Result<Self, PortFault> {
        let drain = Drain::default();
        let writer = ::csv::WriterBuilder::new()
            .quote_style(::csv::QuoteStyle::Always)
            .terminator(::csv::Terminator::CRLF)
            .from_writer(drain.clone());
        let mut lines = Self {
            checked: Written::under(columns)?,
            writer,
            drain,
        };
        lines.put(columns)?;
        Ok(lines)
    }

    fn line<S: AsRef<str>>(&mut self, cells: &[S]) -> Result<(), PortFault> {
        self.checked.row(cells)?;
        self.put(cells)
    }

    fn put<S: AsRef<str>>(&mut self, cells: &[S]) -> Result<(), PortFault> {
        for cell in cells {
            let escaped = escape(cell.as_ref());
            self.writer.write_field(&*escaped).map_err(unwritten)?;
        }
        let end: Option<&[u8]> = None;
        self.writer.write_record(end).map_err(unwritten)
    }
}

impl Writing for Lines {
    fn row(&mut self, cells: &[&str], file: &mut Vec<u8>) -> Result<(), PortFault> {
        self.line(cells)?;
        self.drain.move_to(file);
        Ok(())
    }

    fn finish(mut self: Box<Self>, file: &mut Vec<u8>) -> Result<(), PortFault> {
        self.writer.flush().map_err(unwritten)?;
        self.drain.move_to(file);
        Ok(())
    }
}

fn unwritten<E>(_: E) -> PortFault {
    PortFault(
        "the csv file was not written: its writer refused the table; report this as a defect"
            .into(),
    )
}

/// Reads a file that is in memory against the agreed shape.
///
/// # Errors
/// [`FileFault`]: rule, row and column, never a value.
pub fn read(shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    crate::reader::read(Format::Csv, shape, bytes)
}

/// Reads the cells as they are, with all that is wrong with them; after a line that is no csv nothing is read.
///
/// # Errors
/// [`FileFault`] where it is no text at all.
pub(crate) fn look(shape: &Shape, bytes: &[u8]) -> Result<Looked, FileFault> {
    let mut looked = Looked::default();
    let mut rows = Rows::of(shape, bytes);
    for row in 1u64.. {
        let cells = match rows.cells() {
            Ok(Some(cells)) => cells,
            Ok(None) => break,
            Err(Stop::Fault(fault)) if row == 1 => return Err(fault),
            Err(Stop::Fault(fault)) => {
                looked.fault(fault);
                break;
            }
            // Nothing fails that is in memory.
            Err(Stop::Io(_)) => return Err(unsafe_file()),
        };
        if row > 1 {
            let checked = Checked::new(shape).row(row, &cells);
            checked.err().into_iter().for_each(|f| looked.fault(f));
            if row > shape.max_rows.saturating_add(1) {
                let what =
                    "the file has more rows than the run can have: send only what was asked for";
                looked.fault(in_row(row, what));
            }
        }
        for (column, cell) in (0u32..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            looked.cells.push((row, column, cell));
        }
    }
    if let Err(fault) = header::check(&looked.header(), &shape.columns) {
        looked.faults.insert(0, fault);
    }
    Ok(looked)
}

#[cfg(test)]
mod tests {
    use super::{escape, unescape};

    #[test]
    fn the_escape_is_undone_exactly() {
        for text in [
            "",
            "'",
            "''",
            "=1",
            "'=1",
            "''=1",
            "-",
            "a",
            "'t Hooft",
            "\ta",
            "\u{ff1d}x",
            "\nx",
            "a;=1",
            "a;'=1",
            ";\t\n'',+1;",
            "a, b; 'c",
            "a;'t",
        ] {
            assert_eq!(unescape(escape(text).into_owned()), text);
        }
        assert_eq!(escape("=1"), "'=1");
        assert_eq!(escape("a;=1,b\n@"), "a;'=1,b\n'@");
        // A partner's own apostrophe that marks nothing is kept.
        for own in ["'t Hooft", "O'Neill, '", "a;'t Hooft"] {
            assert_eq!(unescape(own.into()), own);
        }
    }
}
