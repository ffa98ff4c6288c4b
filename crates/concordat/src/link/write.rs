//! A result as a Parquet file: written beside its final name, and given it when it is whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt8Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use tempfile::NamedTempFile;

use crate::fail::Fail;

/// A column of a result.
pub(crate) enum Column {
    Text(Vec<String>),
    Number(Vec<Option<f64>>),
    Small(Vec<u8>),
    Count(Vec<u64>),
}

impl Column {
    fn array(self) -> (DataType, ArrayRef) {
        match self {
            Self::Text(v) => (DataType::Utf8, Arc::new(StringArray::from(v))),
            Self::Number(v) => (DataType::Float64, Arc::new(Float64Array::from(v))),
            Self::Small(v) => (DataType::UInt8, Arc::new(UInt8Array::from(v))),
            Self::Count(v) => (DataType::UInt64, Arc::new(UInt64Array::from(v))),
        }
    }
}

/// Writes one table.
pub(crate) struct Writer {
    path: PathBuf,
    file: NamedTempFile,
}

impl Writer {
    /// Begins a file whose final name will be `path`.
    pub(crate) fn new(path: &Path) -> Result<Self, Fail> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Ok(Self {
            path: path.to_owned(),
            file: NamedTempFile::new_in(folder).map_err(|e| Fail::at(folder, &e))?,
        })
    }

    /// Writes the columns and gives the file its name.
    pub(crate) fn write(self, columns: Vec<(String, Column)>) -> Result<(), Fail> {
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (name, column) in columns {
            let (kind, array) = column.array();
            fields.push(Field::new(name, kind, true));
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        let failed = || Fail::fault(format!("{} could not be written", self.path.display()));
        let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|_| failed())?;
        let mut writer =
            ArrowWriter::try_new(self.file.as_file(), schema, None).map_err(|_| failed())?;
        writer.write(&batch).map_err(|_| failed())?;
        writer.close().map_err(|_| failed())?;
        self.file
            .persist(&self.path)
            .map_err(|e| Fail::at(&self.path, &e.error))?;
        Ok(())
    }
}
