//! The rows of a csv file as they come: no more than one of them is in memory.

use std::io::{self, BufRead, Read, Take};

use exchange::table::{FileFault, Format, Shape};

use super::{parse, unescape};
use crate::cells::Checked;
use crate::fault::{FORM, in_row, too_long, whole};
use crate::reader::Stop;
use crate::{header, limits};

/// Reads rows; nothing follows a fault.
pub(crate) struct Rows<'a, R> {
    checked: Checked<'a>,
    input: Take<R>,
    record: Vec<u8>,
    /// How many records came.
    row: u64,
    /// How many line feeds came before the record.
    lines: u64,
    line_end: Option<&'static str>,
}

impl<'a, R: BufRead> Rows<'a, R> {
    /// The records of the file in `input`, the header among them.
    pub(super) fn of(shape: &'a Shape, input: R) -> Self {
        Self {
            checked: Checked::new(shape),
            input: input.take(limits::file_bytes(Format::Csv) + 1),
            record: Vec::new(),
            row: 0,
            lines: 0,
            line_end: None,
        }
    }

    /// The rows of the file in `input`, whose header is checked.
    pub(crate) fn under(shape: &'a Shape, input: R) -> Result<Self, Stop> {
        let mut rows = Self::of(shape, input);
        let head = rows.cells()?.unwrap_or_default();
        header::check(&head, &shape.columns)?;
        Ok(rows)
    }

    /// The next row; none after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<String>>, Stop> {
        let cells = self.cells()?;
        if let Some(cells) = &cells {
            self.checked.row(self.row, cells)?;
        }
        Ok(cells)
    }

    /// The cells of the next record; none after the last.
    pub(super) fn cells(&mut self) -> Result<Option<Vec<String>>, Stop> {
        self.lines += line_feeds(&self.record);
        self.take_record()?;
        if self.record.is_empty() {
            return Ok(None);
        }
        if self.row == 0 {
            looks_like_text(&self.record)?;
        }
        if self.input.limit() == 0 {
            return Err(too_long(limits::file_bytes(Format::Csv)).into());
        }
        if self.record.len() as u64 > limits::RECORD_BYTES {
            let what = "the row is longer than 4 MiB: check its quotes, and end lines with CR LF";
            return Err(in_row(self.row + 1, what).into());
        }
        let mut records = parse::Records {
            rest: self.text()?,
            row: self.row,
            line_end: self.line_end,
        };
        let cells = records.next().transpose()?;
        self.line_end = records.line_end;
        self.row += 1;
        let plain = |cells: Vec<String>| cells.into_iter().map(unescape).collect();
        Ok(cells.map(plain))
    }

    /// Takes the next record from the input. Where all before it is well formed, it ends with the first line feed that has
    /// an even number of quotes before it; where it is not, the parser finds the fault in what is taken.
    fn take_record(&mut self) -> io::Result<()> {
        self.record.clear();
        let mut quotes = 0;
        loop {
            let from = self.record.len();
            let room = (limits::RECORD_BYTES + 1).saturating_sub(from as u64);
            let mut line = (&mut self.input).take(room);
            line.read_until(b'\n', &mut self.record)?;
            let line = self.record.get(from..).unwrap_or_default();
            quotes += line.iter().filter(|b| **b == b'"').count();
            if !line.ends_with(b"\n") || quotes % 2 == 0 {
                return Ok(());
            }
        }
    }

    fn text(&self) -> Result<&str, FileFault> {
        let row_of = |place: usize| {
            let before = self.record.get(..place).unwrap_or_default();
            self.lines + line_feeds(before) + 1
        };
        if let Some(place) = self.record.iter().position(|b| *b == 0) {
            return Err(in_row(
                row_of(place),
                "the file has a NUL character (line counted by line feeds): save it as UTF-8",
            ));
        }
        std::str::from_utf8(&self.record).map_err(|bad| {
            let row = row_of(bad.valid_up_to());
            in_row(row, "the file is not UTF-8 (line counted by line feeds): save it as UTF-8, not in a Windows code page")
        })
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}

/// Does a file that begins like this look like csv at all?
fn looks_like_text(bytes: &[u8]) -> Result<(), FileFault> {
    let is = |magic: &[u8]| bytes.starts_with(magic);
    if is(b"PK\x03\x04") || is(&crate::xlsx::OLE) || is(b"%PDF") {
        let what = "the file is a workbook or a document, not csv: send it in the agreed form";
        return Err(whole(FORM, what));
    }
    if is(b"\xff\xfe") || is(b"\xfe\xff") {
        return Err(in_row(1, "the file is in UTF-16: save it as UTF-8"));
    }
    if is(b"\xef\xbb\xbf") {
        return Err(in_row(
            1,
            "the file begins with a byte order mark: save it as UTF-8 without one",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn shape() -> Shape {
        Shape {
            sheet: String::new(),
            columns: vec!["a".into(), "b".into()],
            max_rows: 6,
        }
    }

    type Whole = Result<Vec<Vec<String>>, FileFault>;

    /// The plain way: the whole text is taken apart by the parser, and then its rows are looked at.
    fn plain(shape: &Shape, text: &str) -> Whole {
        let mut records = parse::Records {
            rest: text,
            row: 0,
            line_end: None,
        };
        let head = records.next().transpose()?.unwrap_or_default();
        let head: Vec<String> = head.into_iter().map(unescape).collect();
        header::check(&head, &shape.columns)?;
        let mut checked = Checked::new(shape);
        (2..)
            .zip(records)
            .map(|(row, record)| {
                let cells: Vec<String> = record?.into_iter().map(unescape).collect();
                checked.row(row, &cells)?;
                Ok(cells)
            })
            .collect()
    }

    fn streamed(shape: &Shape, text: &str, buffer: usize) -> Whole {
        let input = BufReader::with_capacity(buffer, text.as_bytes());
        let read = || {
            let mut rows = Rows::under(shape, input)?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(row);
            }
            Ok(all)
        };
        read().map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            Stop::Io(e) => panic!("{e}"),
        })
    }

    proptest! {
        /// Whatever the file, and wherever its pieces end: the same rows, or the same fault at the same place.
        #[test]
        fn a_file_in_pieces_is_the_whole_file(
            body in r#"([ab'é]{0,3}|"[a,\r\n']{0,3}"|"|""|\r|\n|\r\n|,){0,24}"#,
            header in prop::bool::weighted(0.9),
            buffer in 1_usize..9,
        ) {
            let text = if header { format!("a,b\r\n{body}") } else { body };
            prop_assert_eq!(streamed(&shape(), &text, buffer), plain(&shape(), &text));
        }
    }

    #[test]
    fn a_record_that_does_not_end_is_refused_within_bounds() {
        let most = usize::try_from(limits::RECORD_BYTES).unwrap();
        let endless = format!("a,b\r\n1,\"{}", "x\n".repeat(most));
        let fault = streamed(&shape(), &endless, 8_192).unwrap_err();
        assert_eq!(fault.row, Some(2));
        assert!(fault.what.contains("4 MiB"), "{fault}");
    }

    // The bound itself is too far away for a test.
    #[test]
    fn a_file_beyond_the_bound_is_refused() {
        let shape = shape();
        let mut rows = Rows::under(&shape, b"a,b\r\n1,2\r\n3,4\r\n".as_slice())
            .ok()
            .unwrap();
        rows.input.set_limit(6);
        assert!(rows.next().is_ok());
        rows.input.set_limit(4);
        let Err(Stop::Fault(fault)) = rows.next() else {
            panic!("it is read");
        };
        assert!(fault.what.contains("512 MiB"), "{fault}");
    }
}
