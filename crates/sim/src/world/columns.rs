//! Tables of text as Parquet files, written and read in groups of rows, so that memory does not grow with the
//! table. Every column is text and every value may be absent. Never overwrites a file.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::file::FileFault;

/// Rows in a group.
const GROUP: usize = 8192;

/// A table that is being written.
pub(crate) struct TableWriter {
    file: SerializedFileWriter<File>,
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Default)]
struct Column {
    values: Vec<ByteArray>,
    /// 1 where a row has a value, 0 where it has none.
    held: Vec<i16>,
}

impl TableWriter {
    /// A new table at `path` with these columns.
    pub(crate) fn create(path: &Path, columns: &[&str]) -> Result<Self, FileFault> {
        if path.exists() {
            return Err(FileFault::Exists(path.to_owned()));
        }
        let file = File::create_new(path).map_err(FileFault::folder(path))?;
        let properties = WriterProperties::builder()
            .set_created_by("concordat".to_owned())
            .build();
        let file = schema(columns)
            .and_then(|schema| SerializedFileWriter::new(file, schema, Arc::new(properties)))
            .map_err(FileFault::columns(path))?;
        let columns = columns.iter().map(|_| Column::default()).collect();
        Ok(Self {
            file,
            columns,
            rows: 0,
        })
    }

    /// One more row, in the order of the columns; what is missing at its end is absent.
    pub(crate) fn push(&mut self, row: Vec<Option<String>>) -> Result<(), ParquetError> {
        let row = row.into_iter().chain(std::iter::repeat(None));
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.held.push(i16::from(value.is_some()));
            column
                .values
                .extend(value.map(|text| ByteArray::from(text.into_bytes())));
        }
        self.rows += 1;
        if self.rows == GROUP {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            if let Some(mut writer) = group.next_column()? {
                writer.typed::<ByteArrayType>().write_batch(
                    &column.values,
                    Some(&column.held),
                    None,
                )?;
                writer.close()?;
            }
            column.values.clear();
            column.held.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Writes the rest and the end of the file.
    pub(crate) fn finish(mut self) -> Result<(), ParquetError> {
        self.flush()?;
        self.file.close()?;
        Ok(())
    }
}

fn schema(columns: &[&str]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|name| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::String))
            .with_converted_type(ConvertedType::UTF8)
            .build()
            .map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    let table = Type::group_type_builder("table").with_fields(fields);
    table.build().map(Arc::new)
}

/// The values of one column, by row: one text with the place of each.
#[derive(Default)]
pub(crate) struct Values {
    text: String,
    places: Vec<Option<Range<usize>>>,
}

impl Values {
    fn of(rows: usize) -> Self {
        Self {
            text: String::new(),
            places: Vec::with_capacity(rows),
        }
    }

    pub(crate) fn push(&mut self, value: Option<&str>) {
        let from = self.text.len();
        self.text.push_str(value.unwrap_or_default());
        self.places.push(value.map(|_| from..self.text.len()));
    }

    /// What a row has.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        self.text.get(self.places.get(row)?.clone()?)
    }

    /// What each row has.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        (0..self.places.len()).map(|row| self.get(row))
    }
}

/// A table that is being read.
pub(crate) struct TableReader {
    file: SerializedFileReader<File>,
    names: Vec<String>,
}

impl TableReader {
    /// Opens the table at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, ParquetError> {
        let file = SerializedFileReader::new(File::open(path)?)?;
        let schema = file.metadata().file_metadata().schema_descr();
        let names = schema.columns().iter().map(|c| c.name().to_owned());
        let names = names.collect();
        Ok(Self { file, names })
    }

    /// Whether it has this column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// How many groups of rows it has.
    pub(crate) fn groups(&self) -> usize {
        self.file.num_row_groups()
    }

    /// One column of one group.
    pub(crate) fn values(&self, group: usize, column: &str) -> Result<Values, ParquetError> {
        self.values_at(group, column, |_| true)
    }

    /// One column of one group; rows that are not wanted are as if they held nothing.
    pub(crate) fn values_at(
        &self,
        group: usize,
        column: &str,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Values, ParquetError> {
        let at = self.names.iter().position(|name| name == column);
        let at = at.ok_or_else(|| ParquetError::General(format!("no column {column}")))?;
        let group = self.file.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut reader = get_typed_column_reader::<ByteArrayType>(group.get_column_reader(at)?);
        let (mut values, mut held) = (Vec::new(), Vec::new());
        let mut all = Values::of(rows);
        let mut row = 0;
        // Rows that are not wanted are passed over, which costs far less than reading them.
        while row < rows {
            let want = wanted(row);
            let end = (row + 1..rows).find(|at| wanted(*at) != want);
            let end = end.unwrap_or(rows);
            // A call goes no further than a page, so there are as many calls as it takes.
            while row < end {
                let done = if want {
                    reader
                        .read_records(end - row, Some(&mut held), None, &mut values)?
                        .0
                } else {
                    reader.skip_records(end - row)?
                };
                if done == 0 {
                    return Ok(all);
                }
                row += done;
                if !want {
                    (0..done).for_each(|_| all.push(None));
                }
                let mut values = values.drain(..);
                for held in held.drain(..) {
                    let value = if held > 0 { values.next() } else { None };
                    all.push(value.as_ref().map(ByteArray::as_utf8).transpose()?);
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Some values long and all different, so that pages are of both kinds: with a dictionary and without.
    #[test]
    fn a_part_of_a_column_is_what_reading_it_whole_gives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let cell = |row: usize| match row % 7 {
            0 | 3 => None,
            1 => Some(format!("{row}:{}", "x".repeat(row % 400))),
            _ => Some(format!("word {}", row % 5)),
        };
        let rows = GROUP + 1_000;
        let mut table = TableWriter::create(&path, &["a"]).unwrap();
        (0..rows).for_each(|row| table.push(vec![cell(row)]).unwrap());
        table.finish().unwrap();
        let table = TableReader::open(&path).unwrap();
        let choices: [fn(usize) -> bool; 5] = [
            |_| true,
            |_| false,
            |row| row == 777,
            |row| row.is_multiple_of(3),
            |row| (row / 100).is_multiple_of(2),
        ];
        for (choice, wanted) in choices.iter().enumerate() {
            for group in 0..table.groups() {
                let some = table.values_at(group, "a", wanted).unwrap();
                let first = group * GROUP;
                let all = (first..rows.min(first + GROUP)).map(cell).enumerate();
                let expected: Vec<_> = all.map(|(at, v)| v.filter(|_| wanted(at))).collect();
                let some: Vec<_> = some.iter().map(|v| v.map(ToOwned::to_owned)).collect();
                assert!(some == expected, "choice {choice}, group {group}");
            }
        }
    }
}
