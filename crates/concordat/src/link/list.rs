//! Which reader a file gets: by its first bytes, not by its name.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use linkage::Source;

use super::arrow::{Ipc, Parquet};
use super::csv::Csv;
use crate::fail::Fail;

/// The form of a file.
enum Form {
    Parquet,
    Ipc,
    Csv,
}

/// Opens a list; `threads` may read it at a time.
pub(crate) fn open(path: &Path, threads: usize) -> Result<Box<dyn Source>, Fail> {
    Ok(match form(path)? {
        Form::Parquet => Box::new(Parquet::open(path, threads)?),
        Form::Ipc => Box::new(Ipc::open(path)?),
        Form::Csv => Box::new(Csv::open(path, threads)?),
    })
}

/// The columns of a list.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, Fail> {
    Ok(match form(path)? {
        Form::Parquet => Parquet::open(path, 1)?.names,
        Form::Ipc => Ipc::open(path)?.names,
        Form::Csv => Csv::open(path, 1)?.names,
    })
}

fn form(path: &Path) -> Result<Form, Fail> {
    let mut first = [0; 6];
    let mut file = File::open(path).map_err(|e| Fail::at(path, &e))?;
    let mut filled = 0;
    while let Some(rest) = first.get_mut(filled..).filter(|r| !r.is_empty()) {
        match file.read(rest).map_err(|e| Fail::at(path, &e))? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(match &first {
        first if first.starts_with(b"PAR1") => Form::Parquet,
        b"ARROW1" => Form::Ipc,
        _ => Form::Csv,
    })
}

/// A list lacks a column that the model names.
pub(crate) fn lacks(path: &Path, column: &str, has: &[String]) -> linkage::SourceFault {
    linkage::SourceFault(format!(
        "{} has no column '{column}': it has {}",
        path.display(),
        has.join(", ")
    ))
}
