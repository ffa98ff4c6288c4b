//! The large lists of the world behind the domain's port: the tax authority's and the benefits department's.
//! They answer as they stood on the clock's day in London, and hold one group of rows in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange::deadline::london_day;
use exchange::ports::{Clock, MasterList, OwnRecord, PortFault};
use jiff::civil::Date;
use linkage::{Field, Record};
use parquet::errors::ParquetError;

use super::answers::{BENEFITS, Cells, TAXES};
use super::columns::TableReader;

/// An open list of a world. Which department's it is, its columns say.
///
/// It reads its file on the thread that asks. Batches that are asked in their order read each group of rows once;
/// any other order, and a new day, begins again at the first row.
pub struct WorldMaster {
    path: PathBuf,
    table: Mutex<Reading>,
    clock: Arc<dyn Clock>,
    pays: bool,
}

/// The table, and how far batches were read.
struct Reading {
    table: TableReader,
    /// The day for which `from` counts.
    day: Option<Date>,
    /// How many records before the next one there are on that day.
    from: u64,
    group: usize,
    rest: std::vec::IntoIter<Record>,
}

/// The columns that a batch needs, and the field that each one's values are of.
const LINKING: [(&str, Field); 4] = [
    ("full_name", Field::FullName),
    ("former_names", Field::FullName),
    ("date_of_birth", Field::DateOfBirth),
    ("nino", Field::Nino),
];

impl WorldMaster {
    /// Opens a list's file; it answers as of the clock's day.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there or not a list of a world.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, PortFault> {
        let table = TableReader::open(path).map_err(|e| unreadable(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            pays: table.has("benefits"),
            table: Mutex::new(Reading {
                table,
                day: None,
                from: 0,
                group: 0,
                rest: Vec::new().into_iter(),
            }),
            clock,
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&mut Reading, Date) -> Result<T, ParquetError>,
    ) -> Result<T, PortFault> {
        let day = london_day(self.clock.now())?;
        // After a panic elsewhere the place may be wrong: it is then found again from the beginning.
        let mut reading = self
            .table
            .lock()
            .unwrap_or_else(|poisoned: PoisonError<_>| {
                let mut reading = poisoned.into_inner();
                reading.day = None;
                reading
            });
        work(&mut reading, day).map_err(|e| {
            reading.day = None;
            unreadable(&self.path, &e)
        })
    }
}

// The error's own text may repeat what stands in the file, so only its kind is told.
fn unreadable(path: &Path, error: &ParquetError) -> PortFault {
    let why = if let ParquetError::External(_) = error {
        "it cannot be opened"
    } else {
        "it is no list of this world, or damaged"
    };
    PortFault(format!("{} could not be read: {why}", path.display()))
}

#[async_trait]
impl MasterList for WorldMaster {
    async fn batch(&self, from: u64, size: u32) -> Result<Vec<Record>, PortFault> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.read(|reading, day| {
            if reading.day != Some(day) || reading.from > from {
                reading.restart(day);
            }
            while reading.from < from {
                if reading.next()?.is_none() {
                    return Ok(Vec::new());
                }
            }
            let mut batch = Vec::new();
            while batch.len() < size {
                match reading.next()? {
                    Some(record) => batch.push(record),
                    None => break,
                }
            }
            Ok(batch)
        })
    }

    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let wanted: BTreeSet<&str> = references.iter().map(String::as_str).collect();
        let columns: &[&str] = if self.pays { &BENEFITS } else { &TAXES };
        self.read(|reading, day| {
            let mut all = BTreeMap::new();
            for group in 0..reading.table.groups() {
                let rows = reading.rows(group, day)?;
                let rows: Vec<_> = rows
                    .into_iter()
                    .filter(|(_, reference)| wanted.contains(reference.as_str()))
                    .collect();
                if rows.is_empty() {
                    continue;
                }
                let places: BTreeSet<usize> = rows.iter().map(|(at, _)| *at).collect();
                let wanted = |at: usize| places.contains(&at);
                let columns = columns
                    .iter()
                    .map(|name| Ok((*name, reading.table.values_at(group, name, wanted)?)))
                    .collect::<Result<BTreeMap<_, _>, ParquetError>>()?;
                for (at, reference) in rows {
                    let cells = Cells {
                        columns: &columns,
                        at,
                    };
                    let record = if self.pays {
                        cells.benefits(day)
                    } else {
                        cells.taxes(day)
                    };
                    all.insert(reference, record);
                }
            }
            Ok(all)
        })
    }
}

impl Reading {
    fn restart(&mut self, day: Date) {
        self.day = Some(day);
        self.from = 0;
        self.group = 0;
        self.rest = Vec::new().into_iter();
    }

    /// The next record that has begun; none at the end.
    fn next(&mut self) -> Result<Option<Record>, ParquetError> {
        let Some(day) = self.day else { return Ok(None) };
        loop {
            if let Some(record) = self.rest.next() {
                self.from = self.from.saturating_add(1);
                return Ok(Some(record));
            }
            if self.group >= self.table.groups() {
                return Ok(None);
            }
            self.rest = self.load(self.group, day)?.into_iter();
            self.group = self.group.saturating_add(1);
        }
    }

    /// The rows of a group that have begun, with their references.
    fn rows(&self, group: usize, day: Date) -> Result<Vec<(usize, String)>, ParquetError> {
        let references = self.table.values(group, "reference")?;
        let begins = self.table.values(group, "begins")?;
        // Days of this form compare as their texts do.
        let day = day.to_string();
        let rows = references.into_iter().zip(begins).enumerate();
        Ok(rows
            .filter(|(_, (_, begins))| begins.as_ref().is_none_or(|begins| *begins <= day))
            .filter_map(|(at, (reference, _))| Some((at, reference?)))
            .collect())
    }

    fn load(&self, group: usize, day: Date) -> Result<Vec<Record>, ParquetError> {
        let mut columns = Vec::with_capacity(LINKING.len());
        for (name, field) in LINKING {
            columns.push((name, field, self.table.values(group, name)?));
        }
        let rows = self.rows(group, day)?;
        let records = rows.into_iter().map(|(at, reference)| {
            let mut record = Record::new(reference);
            for (name, field, values) in &columns {
                let Some(Some(text)) = values.get(at) else {
                    continue;
                };
                if *name == "former_names" {
                    for former in agreement::split(text) {
                        record = record.with(*field, former);
                    }
                } else {
                    record = record.with(*field, text.clone());
                }
            }
            record
        });
        Ok(records.collect())
    }
}
