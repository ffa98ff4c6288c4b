//! Parquet and Arrow IPC files.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, RecordBatch, StringArray};
use arrow_ipc::reader::FileReader;
use arrow_schema::DataType;
use linkage::{Batch, Source, SourceFault};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};

use super::list::lacks;
use crate::fail::Fail;

/// Rows in a batch: so few that their texts stay near until they are read.
const ROWS: usize = 2048;

/// A group of rows above this is read in slices, so that several threads can share it.
const SLICE: usize = 128 * 1024;

/// Columns as texts.
struct Texts {
    columns: Vec<StringArray>,
    rows: usize,
}

impl Batch for Texts {
    fn rows(&self) -> usize {
        self.rows
    }
    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let column = self.columns.get(column)?;
        (row < self.rows && column.is_valid(row)).then(|| column.value(row))
    }
}

impl Texts {
    fn of(batch: &RecordBatch, places: &[usize]) -> Result<Self, SourceFault> {
        let text = |at: &usize| {
            let column: &ArrayRef = batch.columns().get(*at).ok_or_else(|| {
                SourceFault("the file's columns changed while it was read".into())
            })?;
            if let Some(texts) = column.as_string_opt::<i32>() {
                return Ok(texts.clone());
            }
            let cast = arrow_cast::cast(column, &DataType::Utf8);
            cast.ok()
                .and_then(|c| c.as_string_opt::<i32>().cloned())
                .ok_or_else(|| SourceFault("a column of the list cannot be read as text".into()))
        };
        Ok(Self {
            columns: places.iter().map(text).collect::<Result<_, _>>()?,
            rows: batch.num_rows(),
        })
    }
}

/// A Parquet file; its parts are groups of rows, or slices of large ones.
pub(crate) struct Parquet {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    pub(super) names: Vec<String>,
    /// The group of rows, how many of its rows come before, and how many there are.
    parts: Vec<(usize, usize, usize)>,
}

impl Parquet {
    pub(crate) fn open(path: &Path, threads: usize) -> Result<Self, Fail> {
        let file = File::open(path).map_err(|e| Fail::at(path, &e))?;
        let broken = |_| Fail::no(format!("{} is no whole Parquet file", path.display()));
        let metadata = ArrowReaderMetadata::load(&file, Default::default()).map_err(broken)?;
        let fields = metadata.schema().fields().iter();
        let names = fields.map(|f| f.name().clone()).collect();
        let groups = metadata.metadata().row_groups();
        // To begin in the middle of a group costs the reading of what comes before: no more slices than needed.
        let most = if groups.len() >= threads { 1 } else { threads };
        let mut parts = Vec::new();
        for (group, rows) in groups.iter().enumerate() {
            let rows = usize::try_from(rows.num_rows()).unwrap_or(0);
            let slices = (rows / SLICE).clamp(1, most);
            let size = rows.div_ceil(slices).max(1);
            let starts = (0..rows).step_by(size);
            parts.extend(starts.map(|from| (group, from, size.min(rows - from))));
        }
        Ok(Self {
            path: path.to_owned(),
            metadata,
            names,
            parts,
        })
    }

    fn reader(
        &self,
        part: usize,
        roots: Vec<usize>,
    ) -> Option<impl Iterator<Item = Option<RecordBatch>>> {
        let (group, from, rows) = *self.parts.get(part)?;
        let file = File::open(&self.path).ok()?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let slice = RowSelection::from(vec![RowSelector::skip(from), RowSelector::select(rows)]);
        let reader = builder
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_row_selection(slice)
            .with_batch_size(ROWS)
            .build()
            .ok()?;
        Some(reader.map(Result::ok))
    }
}

/// Where each wanted column stands among the wanted ones in the file's order, and those.
fn projection(
    path: &Path,
    names: &[String],
    wanted: &[String],
) -> Result<(Vec<usize>, Vec<usize>), SourceFault> {
    let find = |c: &String| {
        let at = names.iter().position(|n| n == c);
        at.ok_or_else(|| lacks(path, c, names))
    };
    let at: Vec<usize> = wanted.iter().map(find).collect::<Result<_, _>>()?;
    let mut roots = at.clone();
    roots.sort_unstable();
    roots.dedup();
    let place = |n: &usize| roots.binary_search(n).unwrap_or(0);
    Ok((at.iter().map(place).collect(), roots))
}

impl Source for Parquet {
    fn parts(&self) -> usize {
        self.parts.len()
    }

    fn records(&self) -> Option<u64> {
        let rows = self.parts.iter().map(|(_, _, rows)| *rows as u64);
        Some(rows.sum())
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let (places, roots) = projection(&self.path, &self.names, columns)?;
        let broken = || {
            SourceFault(format!(
                "{} is damaged: it cannot be read to its end",
                self.path.display()
            ))
        };
        for batch in self.reader(part, roots).ok_or_else(broken)? {
            each(&Texts::of(&batch.ok_or_else(broken)?, &places)?)?;
        }
        Ok(())
    }
}

/// An Arrow IPC file; its parts are its batches.
pub(crate) struct Ipc {
    path: PathBuf,
    pub(super) names: Vec<String>,
    parts: usize,
}

impl Ipc {
    pub(crate) fn open(path: &Path) -> Result<Self, Fail> {
        let file = File::open(path).map_err(|e| Fail::at(path, &e))?;
        let broken = |_| Fail::no(format!("{} is no whole Arrow file", path.display()));
        let reader = FileReader::try_new(file, None).map_err(broken)?;
        let fields = reader.schema();
        Ok(Self {
            path: path.to_owned(),
            names: fields.fields().iter().map(|f| f.name().clone()).collect(),
            parts: reader.num_batches(),
        })
    }
}

impl Source for Ipc {
    fn parts(&self) -> usize {
        self.parts
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let (places, roots) = projection(&self.path, &self.names, columns)?;
        let broken = || {
            SourceFault(format!(
                "{} is damaged: it cannot be read to its end",
                self.path.display()
            ))
        };
        let file = File::open(&self.path).map_err(|_| broken())?;
        let mut reader = FileReader::try_new(file, Some(roots)).map_err(|_| broken())?;
        reader.set_index(part).map_err(|_| broken())?;
        let batch = reader.next().and_then(Result::ok).ok_or_else(broken)?;
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = ROWS.min(batch.num_rows() - from);
            each(&Texts::of(&batch.slice(from, rows), &places)?)?;
            from += rows;
        }
        Ok(())
    }
}
