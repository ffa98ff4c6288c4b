//! What the tests share: a small table, workbooks taken apart and put together again, one check for both readers.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::io::{Cursor, Read, Write};

use courier::confined::ConfinedForms;
use courier::{reader, workbook};
use exchange::cover::Cover;
use exchange::ports::{Forms, PortFault, Spooled};
use exchange::table::{FileFault, Format, Shape, Table};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub const COLUMNS: [&str; 3] = ["ref", "surname", "born"];

pub fn shape() -> Shape {
    Shape {
        sheet: workbook::RECORDS.into(),
        columns: COLUMNS.map(Into::into).to_vec(),
        max_rows: 10,
    }
}

/// A table as a workbook under a plain cover.
pub fn book(table: &Table) -> Result<Vec<u8>, PortFault> {
    workbook::write(&Cover::plain(&table.columns), table)
}

pub fn table(rows: &[[&str; 3]]) -> Table {
    Table {
        columns: COLUMNS.map(Into::into).to_vec(),
        rows: rows
            .iter()
            .map(|row| row.map(Into::into).to_vec())
            .collect(),
    }
}

/// A table with two people; `Canary` stands for all that no fault may repeat.
pub fn two() -> Table {
    table(&[["r1", "Canary", "1980-02-29"], ["r2", "Other", ""]])
}

pub type Parts = Vec<(String, Vec<u8>)>;

pub fn parts(workbook: &[u8]) -> Parts {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    (0..archive.len())
        .map(|n| {
            let mut file = archive.by_index(n).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

pub fn zip(parts: &Parts) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn sample() -> Parts {
    parts(&book(&two()).unwrap())
}

/// The sample with `from` replaced by `to` in one part; the text must be there.
pub fn edited(part: &str, from: &str, to: &str) -> Vec<u8> {
    let mut parts = sample();
    let (_, bytes) = parts
        .iter_mut()
        .find(|(name, _)| name == part)
        .expect("the part is there");
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {part}: {text}");
    *bytes = text.replacen(from, to, 1).into_bytes();
    zip(&parts)
}

/// The sample with one more part.
pub fn with_part(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut parts = sample();
    parts.push((name.into(), bytes.to_vec()));
    zip(&parts)
}

pub fn forms() -> ConfinedForms {
    ConfinedForms::new(env!("CARGO_BIN_EXE_concordat-reader"))
}

pub fn confined(format: Format, bytes: &[u8]) -> Result<Table, FileFault> {
    confined_with(format, &shape(), bytes)
}

pub fn confined_with(format: Format, shape: &Shape, bytes: &[u8]) -> Result<Table, FileFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(whole(&forms(), format, shape, bytes.to_vec()))
        .expect("the reader is installed")
}

/// A file that is read to its end.
pub async fn whole(
    forms: &ConfinedForms,
    format: Format,
    shape: &Shape,
    bytes: Vec<u8>,
) -> Result<Result<Table, FileFault>, PortFault> {
    let file = Box::new(Spooled::from(bytes).parts());
    let mut reading = forms.read(format, shape, file).await?;
    let mut table = Table {
        columns: shape.columns.clone(),
        rows: Vec::new(),
    };
    loop {
        match reading.next().await? {
            Ok(Some(mut page)) => table.rows.append(&mut page.rows),
            Ok(None) => return Ok(Ok(table)),
            Err(fault) => return Ok(Err(fault)),
        }
    }
}

/// The one check of this layer: both readers refuse the file, under this rule, at this place, with these words,
/// and say nothing of what is in it. That the test goes on shows that the caller survives.
#[track_caller]
pub fn refused(
    format: Format,
    bytes: &[u8],
    rule: &str,
    row: Option<u64>,
    column: Option<&str>,
    words: &str,
) {
    let fault = reader::read(format, &shape(), bytes).expect_err(words);
    assert_eq!(
        (fault.rule.as_str(), fault.row, fault.column.as_deref()),
        (rule, row, column),
        "{fault}"
    );
    assert!(fault.what.contains(words), "{fault}");
    assert!(!fault.to_string().contains("Canary"), "{fault}");
    assert_eq!(confined(format, bytes), Err(fault));
}
