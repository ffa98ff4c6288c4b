//! csv files, UTF-8 with a header.

use std::path::{Path, PathBuf};

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord};
use linkage::{Batch, Source, SourceFault};

use super::list::lacks;
use crate::fail::Fail;

/// Rows in a batch.
const ROWS: usize = 8192;

/// Rows in a part, so that several threads can share a file.
const PART: usize = 16 * ROWS;

struct Rows {
    records: Vec<StringRecord>,
    rows: usize,
    places: Vec<usize>,
}

impl Batch for Rows {
    fn rows(&self) -> usize {
        self.rows
    }
    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let place = self.places.get(column)?;
        self.records.get(row)?.get(*place).filter(|t| !t.is_empty())
    }
}

/// A csv file.
pub(crate) struct Csv {
    path: PathBuf,
    pub(super) names: Vec<String>,
    /// Where each part begins.
    parts: Vec<Position>,
}

fn reader(path: &Path) -> Result<Reader<std::fs::File>, csv::Error> {
    ReaderBuilder::new().from_path(path)
}

impl Csv {
    /// Opens a file that so many threads may read.
    pub(crate) fn open(path: &Path, threads: usize) -> Result<Self, Fail> {
        Self::in_parts(path, if threads > 1 { PART } else { usize::MAX })
    }

    /// To be cut, a file is gone through once: only who reads from the start knows which line breaks stand in quotes.
    fn in_parts(path: &Path, rows_of_a_part: usize) -> Result<Self, Fail> {
        let unreadable = |_| {
            Fail::no(format!(
                "{} is no csv file in UTF-8, Parquet or Arrow file",
                path.display()
            ))
        };
        let mut reader = reader(path).map_err(unreadable)?;
        let header = reader.headers().map_err(unreadable)?;
        // A mark of the byte order is no part of the first name.
        let names = header
            .iter()
            .map(|n| n.trim_start_matches('\u{feff}').to_owned());
        let names = names.collect();
        let mut parts = vec![reader.position().clone()];
        if rows_of_a_part < usize::MAX {
            let (mut record, mut rows) = (ByteRecord::new(), 0);
            // What is broken is told, with its line, when its part is read.
            while reader.read_byte_record(&mut record).unwrap_or(false) {
                rows += 1;
                if rows % rows_of_a_part == 0 {
                    parts.push(reader.position().clone());
                }
            }
        }
        Ok(Self {
            names,
            path: path.to_owned(),
            parts,
        })
    }
}

impl Source for Csv {
    fn parts(&self) -> usize {
        self.parts.len()
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let find = |c: &String| {
            let at = self.names.iter().position(|n| n == c);
            at.ok_or_else(|| lacks(&self.path, c, &self.names))
        };
        let mut rows = Rows {
            records: vec![StringRecord::new(); ROWS],
            rows: 0,
            places: columns.iter().map(find).collect::<Result<_, _>>()?,
        };
        // The error's own text may repeat what stands in the file.
        let broken = |line: u64| {
            SourceFault(format!(
                "{}: line {line} or the one after it has another number of columns than the header, or is not UTF-8",
                self.path.display()
            ))
        };
        let mut reader = reader(&self.path).map_err(|_| broken(1))?;
        let start = self.parts.get(part).ok_or_else(|| broken(1))?.clone();
        reader.seek(start).map_err(|_| broken(1))?;
        let end = self.parts.get(part + 1).map(Position::byte);
        loop {
            let line = reader.position().line();
            let more = end.is_none_or(|end| reader.position().byte() < end);
            let more = more
                && match rows.records.get_mut(rows.rows) {
                    Some(record) => reader.read_record(record).map_err(|_| broken(line))?,
                    None => false,
                };
            rows.rows += usize::from(more);
            if rows.rows == ROWS || !more {
                each(&rows)?;
                if !more {
                    return Ok(());
                }
                rows.rows = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(list: &Csv) -> Result<Vec<String>, SourceFault> {
        let mut all = Vec::new();
        for part in 0..list.parts() {
            list.read(part, &["a".into(), "b".into()], &mut |batch| {
                let text = |row, column| batch.text(column, row).unwrap_or("-").to_owned();
                all.extend((0..batch.rows()).map(|r| text(r, 0) + "|" + &text(r, 1)));
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// Neither line breaks and quotes in quotes nor a mark of the byte order move a cut into a record.
    #[test]
    fn a_list_in_parts_is_the_list_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        let odd = [
            "1,x",
            "\"2\n,\",\"y\"\"\ny\"",
            "5\" pipe,z",
            ",\"\"",
            "\"\r\n\",w",
        ];
        let mut text = "\u{feff}a,b\r\n".to_owned();
        for n in 0..50 {
            text += odd[n * 7 % 5];
            text += if n % 3 == 0 { "\r\n" } else { "\n" };
        }
        std::fs::write(&path, &text).unwrap();
        let whole = rows(&Csv::in_parts(&path, usize::MAX).unwrap()).unwrap();
        assert_eq!(whole.len(), 50);
        for part in [1, 2, 7, 50, 51] {
            let list = Csv::in_parts(&path, part).unwrap();
            assert_eq!(list.parts(), 50 / part + 1);
            assert_eq!(rows(&list).unwrap(), whole, "in parts of {part}");
        }
        // What is broken is told with its line however the list is cut.
        std::fs::write(&path, text + "one,two,three\n1,2\n").unwrap();
        let fault = |part| rows(&Csv::in_parts(&path, part).unwrap()).unwrap_err();
        assert_eq!(fault(7), fault(usize::MAX));
    }
}
