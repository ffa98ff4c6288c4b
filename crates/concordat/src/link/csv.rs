//! csv files, UTF-8 with a header. One part: whoever reads it reads it all.

use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use linkage::{Batch, Source, SourceFault};

use super::list::lacks;
use crate::fail::Fail;

/// Rows in a batch.
const ROWS: usize = 8192;

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
}

fn reader(path: &Path) -> Result<Reader<std::fs::File>, csv::Error> {
    ReaderBuilder::new().from_path(path)
}

impl Csv {
    pub(crate) fn open(path: &Path) -> Result<Self, Fail> {
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
        Ok(Self {
            names: names.collect(),
            path: path.to_owned(),
        })
    }
}

impl Source for Csv {
    fn parts(&self) -> usize {
        1
    }

    fn read(
        &self,
        _part: usize,
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
        loop {
            let line = reader.position().line();
            let more = match rows.records.get_mut(rows.rows) {
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
