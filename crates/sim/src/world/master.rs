//! The large lists of the world behind the domain's port: the tax authority's, the benefits department's and the census.
//! They answer as they stood on the clock's day in London, and hold one group of rows in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agreement::{dated_address, line_and_postcode};
use async_trait::async_trait;
use exchange::deadline::london_day;
use exchange::ports::{Clock, MasterList, OwnRecord, PortFault};
use jiff::civil::Date;
use linkage::{Batch, Source, SourceFault};
use parquet::errors::ParquetError;

use super::answers::{BENEFITS, Cells, PUPILS, TAXES};
use super::columns::{TableReader, Values};

/// An open list of a world. Which department's it is, its columns say.
pub struct WorldMaster {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl WorldMaster {
    /// Opens a list's file; it answers as of the clock's day.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there or not a list of a world.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, PortFault> {
        TableReader::open(path).map_err(|e| unreadable(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            clock,
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

/// The rows of a group that have a reference and have begun by `day`.
fn begun(table: &TableReader, group: usize, day: Date) -> Result<Vec<usize>, ParquetError> {
    let references = table.values(group, "reference")?;
    let begins = table.values(group, "begins")?;
    // Days of this form compare as their texts do.
    let day = day.to_string();
    let rows = references.iter().zip(begins.iter()).enumerate();
    Ok(rows
        .filter(|(_, (reference, begins))| {
            reference.is_some() && begins.is_none_or(|begins| begins <= day.as_str())
        })
        .map(|(at, _)| at)
        .collect())
}

#[async_trait]
impl MasterList for WorldMaster {
    async fn list(&self) -> Result<Box<dyn Source>, PortFault> {
        let day = london_day(self.clock.now())?;
        Ok(Box::new(Standing::open(&self.path, day)?))
    }

    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let wanted: BTreeSet<&str> = references.iter().map(String::as_str).collect();
        let day = london_day(self.clock.now())?;
        let read = || {
            let table = TableReader::open(&self.path)?;
            let (pays, teaches) = (table.has("benefits"), table.has("schools"));
            let columns: &[&str] = match (pays, teaches) {
                (true, _) => &BENEFITS,
                (false, true) => &PUPILS,
                (false, false) => &TAXES,
            };
            let mut all = BTreeMap::new();
            let today = day.to_string();
            for group in 0..table.groups() {
                let references = table.values(group, "reference")?;
                let rows = references.iter().enumerate();
                let rows = rows.filter_map(|(at, reference)| Some((at, reference?)));
                let rows: BTreeMap<usize, &str> = rows
                    .filter(|(_, reference)| wanted.contains(reference))
                    .collect();
                if rows.is_empty() {
                    continue;
                }
                let wanted = |at: usize| rows.contains_key(&at);
                let begins = table.values_at(group, "begins", wanted)?;
                let columns = columns
                    .iter()
                    .map(|name| Ok((*name, table.values_at(group, name, wanted)?)))
                    .collect::<Result<BTreeMap<_, _>, ParquetError>>()?;
                let begun = |at: usize| begins.get(at).is_none_or(|day| day <= today.as_str());
                for (at, reference) in rows.iter().filter(|(at, _)| begun(**at)) {
                    let cells = Cells {
                        columns: &columns,
                        at: *at,
                    };
                    let record = match (pays, teaches) {
                        (true, _) => cells.benefits(day),
                        (false, true) => cells.pupils(day),
                        (false, false) => cells.taxes(day),
                    };
                    all.insert((*reference).to_owned(), record);
                }
            }
            Ok(all)
        };
        read().map_err(|e| unreadable(&self.path, &e))
    }
}

/// A list as it stands on a day: each record with the values that are known by then, under the names of its columns;
/// addresses without their days, what each ends with as `addresses.postcode`.
pub(crate) struct Standing {
    path: PathBuf,
    groups: usize,
    day: Date,
}

impl Standing {
    pub(crate) fn open(path: &Path, day: Date) -> Result<Self, PortFault> {
        let table = TableReader::open(path).map_err(|e| unreadable(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            groups: table.groups(),
            day,
        })
    }

    fn columns(&self, group: usize, wanted: &[String]) -> Result<Rows, ParquetError> {
        // Each thread reads at its own place of the file.
        let table = TableReader::open(&self.path)?;
        let rows = begun(&table, group, self.day)?;
        let is_address = |column: &String| column.starts_with("addresses");
        let (lines, postcodes) = match wanted.iter().any(is_address) {
            true => self.known(&table.values(group, "addresses")?),
            false => (Values::default(), Values::default()),
        };
        let (mut lines, mut postcodes) = (Some(lines), Some(postcodes));
        let columns = wanted.iter().map(|column| match column.as_str() {
            "addresses" => Ok(lines.take().unwrap_or_default()),
            "addresses.postcode" => Ok(postcodes.take().unwrap_or_default()),
            other => table.values(group, other),
        });
        let columns = columns.collect::<Result<_, ParquetError>>()?;
        Ok(Rows { rows, columns })
    }

    /// The addresses that are known by the day without their postcodes, and these.
    fn known(&self, addresses: &Values) -> (Values, Values) {
        let (mut lines, mut postcodes) = (Values::default(), Values::default());
        for cell in addresses.iter() {
            let Some(cell) = cell else {
                lines.push(None);
                postcodes.push(None);
                continue;
            };
            let values = agreement::values(cell);
            let known = values.iter().filter_map(|value| {
                let (from, _, address) = dated_address(value)?;
                let begun = from.is_none_or(|from| from <= self.day);
                begun.then(|| line_and_postcode(address))
            });
            let (line, codes): (Vec<&str>, Vec<Option<&str>>) = known.unzip();
            let codes: Vec<&str> = codes.into_iter().flatten().collect();
            lines.push(Some(&agreement::join(&line)));
            postcodes.push(Some(&agreement::join(&codes)));
        }
        (lines, postcodes)
    }
}

impl Source for Standing {
    fn parts(&self) -> usize {
        self.groups
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let rows = self.columns(part, columns);
        each(&rows.map_err(|e| SourceFault(unreadable(&self.path, &e).to_string()))?)
    }
}

/// The rows of a list's group that have begun, with the columns of the whole group.
struct Rows {
    rows: Vec<usize>,
    columns: Vec<Values>,
}

impl Batch for Rows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let value = self.columns.get(column)?.get(*self.rows.get(row)?);
        value.filter(|text| !text.is_empty())
    }
}
