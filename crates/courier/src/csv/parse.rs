//! A strict reader of RFC 4180: what a lenient one repairs in silence is a fault here.

use exchange::table::FileFault;

use crate::fault::in_row;
use crate::limits;

/// The records of a text, one after the other; nothing follows a fault.
pub(super) struct Records<'a> {
    pub(super) rest: &'a str,
    /// How many came before.
    pub(super) row: u64,
    /// How the lines before ended.
    pub(super) line_end: Option<&'static str>,
}

impl Records<'_> {
    fn fault(&mut self, what: &str) -> FileFault {
        self.rest = "";
        in_row(self.row, what)
    }

    fn record(&mut self) -> Result<Vec<String>, FileFault> {
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            if cells.len() > limits::COLUMNS {
                return Err(
                    self.fault("the row has more than 16,384 cells: check its commas and quotes")
                );
            }
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            self.end_of_line()?;
            return Ok(cells);
        }
    }

    fn end_of_line(&mut self) -> Result<(), FileFault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        for end in ["\r\n", "\n"] {
            if let Some(rest) = self.rest.strip_prefix(end) {
                if *self.line_end.get_or_insert(end) != end {
                    return Err(self.fault(
                        "the line ends another way than the lines before: use CR LF throughout",
                    ));
                }
                self.rest = rest;
                return Ok(());
            }
        }
        if self.rest.starts_with('\r') {
            return Err(
                self.fault("a CR stands outside quotes without its LF: end lines with CR LF")
            );
        }
        Err(self.fault("text follows a closing quote: double the quotes inside a quoted cell"))
    }

    fn cell(&mut self) -> Result<String, FileFault> {
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            let end = self
                .rest
                .find([',', '\r', '\n', '"'])
                .unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            if rest.starts_with('"') {
                return Err(self.fault(
                    "a quote stands inside a cell that is not quoted: quote the whole cell",
                ));
            }
            self.rest = rest;
            return Ok(cell.to_owned());
        };
        let mut cell = String::new();
        while let Some((text, after)) = rest.split_once('"') {
            cell.push_str(text);
            if let Some(more) = after.strip_prefix('"') {
                cell.push('"');
                rest = more;
            } else {
                self.rest = after;
                return Ok(cell);
            }
        }
        Err(self.fault("a quote is opened in this row and never closed: close it"))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<String>, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.row += 1;
        Some(self.record())
    }
}

#[cfg(test)]
mod tests {
    use super::Records;

    fn records(text: &str) -> Records<'_> {
        Records {
            rest: text,
            row: 0,
            line_end: None,
        }
    }

    fn check(text: &str, expect: Result<&[&[&str]], u64>) {
        let got: Result<Vec<Vec<String>>, _> = records(text).collect();
        match (got, expect) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{text:?}"),
            (Err(fault), Err(row)) => assert_eq!(fault.row, Some(row), "{text:?}"),
            (got, want) => panic!("{text:?}: {:?}, not {want:?}", got.map(|g| g.len())),
        }
    }

    #[test]
    fn records_are_those_of_the_rfc() {
        check("", Ok(&[]));
        check("a,b\r\n1,2", Ok(&[&["a", "b"], &["1", "2"]]));
        check("a,b\n1,2\n", Ok(&[&["a", "b"], &["1", "2"]]));
        check("\"a\r\nb\",\"\"\"\"\n", Ok(&[&["a\r\nb", "\""]]));
        check("a,\n", Ok(&[&["a", ""]]));
        check("a\n\nb\n", Ok(&[&["a"], &[""], &["b"]]));
    }

    #[test]
    fn nothing_is_repaired() {
        check("a\r\n\"b\r\nc", Err(2));
        check("a\r\nb\nc", Err(2));
        check("a\rb", Err(1));
        check("\"a\"b\n", Err(1));
        check("a\"b\n", Err(1));
    }
}
