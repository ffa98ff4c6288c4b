//! Locked files: what is locked is read back, nothing else opens it, and a wrong password is told like damage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::io::{Cursor, Write};

use common::{COLUMNS, book, forms, parts, shape, table, two, whole, with_part};
use exchange::cover::Cover;
use exchange::password::{Password, unopened};
use exchange::ports::{Forms, Locks};
use exchange::table::{FileFault, Format, Looked, Table};
use zeroize::Zeroizing;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const RIGHT: &str = "07en3-ahqz6-dmt29-gpw5c-kv18f";

fn password(text: &str) -> Password {
    Password::given(text.into()).unwrap()
}

fn cover() -> Cover {
    Cover {
        name: "official-run-flow.csv".into(),
        ..Cover::plain(&COLUMNS.map(String::from))
    }
}

fn lock(format: Format, file: &[u8]) -> Vec<u8> {
    let seed = Zeroizing::new([7; 32]);
    forms()
        .lock(format, &cover(), file, &password(RIGHT), &seed)
        .unwrap()
}

fn locked(format: Format, table: &Table) -> Vec<u8> {
    lock(format, &forms().write(format, &cover(), table).unwrap())
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn open(format: Format, bytes: &[u8], text: &str) -> Result<Table, FileFault> {
    run(forms().open(format, &shape(), bytes, &password(text))).expect("the reader is installed")
}

fn look(format: Format, bytes: &[u8]) -> Result<Looked, FileFault> {
    run(forms().look(format, &shape(), bytes, &password(RIGHT))).expect("the reader is installed")
}

// shows: SEC-06
#[test]
fn what_is_locked_opens_with_its_password_alone_and_holds_nothing_in_clear() {
    for format in [Format::Xlsx, Format::Csv] {
        let bytes = locked(format, &two());
        assert!(open(format, &bytes, RIGHT).unwrap() == two(), "{format}");
        for secret in ["Canary", RIGHT] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
        }
        for wrong in ["x", "07en3-ahqz6-dmt29-gpw5c-kv18g", ""] {
            let wrong = if wrong.is_empty() { " " } else { wrong };
            assert_eq!(open(format, &bytes, wrong), Err(unopened()), "{format}");
        }
        // Neither is it the file of a party that has a node.
        let plain = run(whole(&forms(), format, &shape(), bytes)).unwrap();
        assert_eq!(plain.unwrap_err().rule, "RUN-12");
    }
}

// shows: SEC-06
#[test]
fn damage_is_told_like_a_wrong_password_and_no_row_comes_out() {
    for format in [Format::Xlsx, Format::Csv] {
        let rows = table(&[["r1", "Canary", "x"]; 10]);
        let whole = locked(format, &rows);
        // Some bytes of a container nobody reads; no flipped bit gives another table.
        let mut refused = 0;
        for step in 0..16 {
            let mut bytes = whole.clone();
            let at = whole.len() * step / 16;
            bytes[at] ^= 1;
            match open(format, &bytes, RIGHT) {
                Ok(same) => assert!(same == rows, "{format} at {at} of {}", whole.len()),
                Err(fault) => {
                    // The names in a zip archive's directory are in clear: what is wrong with them is told.
                    let one = format == Format::Csv || fault == unopened();
                    assert!(one, "{format} at {at} of {}: {fault}", whole.len());
                    refused += 1;
                }
            }
        }
        // Most of a small archive is its directory and the description, which is not read.
        let least = if format == Format::Csv { 3 } else { 8 };
        assert!(refused >= least, "{format}: {refused}");
        for length in [whole.len() - 700, whole.len() / 2] {
            let opened = open(format, &whole[..length], RIGHT);
            assert_eq!(opened, Err(unopened()), "{format} cut to {length}");
        }
    }
}

// shows: SEC-06
#[test]
fn a_file_without_a_password_is_refused() {
    for format in [Format::Xlsx, Format::Csv] {
        let plain = forms().write(format, &cover(), &two()).unwrap();
        let fault = open(format, &plain, RIGHT).unwrap_err();
        assert_eq!(
            (fault.rule.as_str(), fault == unopened()),
            ("SEC-06", false),
            "{format}"
        );
        assert!(fault.what.contains("has no password"), "{fault}");
    }
    let mut open_zip = ZipWriter::new(Cursor::new(Vec::new()));
    open_zip
        .start_file("a.csv", SimpleFileOptions::default())
        .unwrap();
    open_zip.write_all(b"ref,surname,born\r\n").unwrap();
    let open_zip = open_zip.finish().unwrap().into_inner();
    let fault = open(Format::Csv, &open_zip, RIGHT).unwrap_err();
    assert!(fault.what.contains("has no password"), "{fault}");
}

#[test]
fn what_must_not_be_in_a_workbook_is_refused_behind_a_password_too() {
    let macros = lock(Format::Xlsx, &with_part("xl/vbaProject.bin", b"x"));
    let fault = open(Format::Xlsx, &macros, RIGHT).unwrap_err();
    assert!(fault.what.contains("macro"), "{fault}");
    assert!(look(Format::Xlsx, &macros).is_err());
    let bomb = lock(
        Format::Xlsx,
        &with_part("xl/theme/big.xml", &vec![b' '; 20 << 20]),
    );
    let fault = open(Format::Xlsx, &bomb, RIGHT).unwrap_err();
    assert!(fault.what.contains("inflates beyond"), "{fault}");
}

#[test]
fn beside_a_csv_file_lies_its_description() {
    let bytes = locked(Format::Csv, &table(&[["=1", "x", "y"]]));
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let read = |archive: &mut zip::ZipArchive<_>, name: &str| {
        let n = archive.index_for_name(name).unwrap();
        std::io::read_to_string(archive.by_index_decrypt(n, RIGHT.as_bytes()).unwrap()).unwrap()
    };
    assert!(read(&mut archive, "official-run-flow.csv").contains("\"'=1\""));
    let text = read(&mut archive, "official-run-flow.csv-metadata.json");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["@context"], "http://www.w3.org/ns/csvw");
    assert_eq!(told["url"], "official-run-flow.csv");
    assert_eq!(told["tableSchema"]["columns"][1]["name"], "surname");
    assert_eq!(told["dialect"]["lineTerminators"], "\r\n");
    assert!(
        told["rdfs:comment"][1]
            .as_str()
            .unwrap()
            .contains("apostrophe")
    );
}

// shows: RUN-09
#[test]
fn the_annotated_copy_shows_each_fault_at_its_cell_and_is_made_of_cells_alone() {
    let mut source = rust_xlsxwriter::Workbook::new();
    let sheet = source.add_worksheet().set_name("Records").unwrap();
    for (column, name) in ["ref", "surname", "born", "ward"].iter().enumerate() {
        sheet.write_string(0, column as u16, *name).unwrap();
    }
    sheet.write_string(1, 0, "r1").unwrap();
    sheet.write_string(1, 1, "=Canary").unwrap();
    sheet.write_number(1, 2, 29_000.5).unwrap();
    sheet.write_string(3, 0, "r3").unwrap();
    let bytes = lock(Format::Xlsx, &source.save_to_buffer().unwrap());
    assert_eq!(
        open(Format::Xlsx, &bytes, RIGHT).unwrap_err().rule,
        "RUN-07"
    );
    let looked = look(Format::Xlsx, &bytes).unwrap();
    let places: Vec<_> = looked
        .faults
        .iter()
        .map(|f| (f.rule.as_str(), f.row, f.column.as_deref()))
        .collect();
    assert_eq!(
        places,
        [
            ("RUN-07", Some(1), Some("ward")),
            ("RUN-09", Some(2), Some("born")),
            ("RUN-09", Some(3), None)
        ]
    );
    let copy = forms().annotate(&cover(), &looked).unwrap();
    let parts = parts(&copy);
    let part = |name: &str| {
        let found = parts.iter().find(|(n, _)| n == name);
        String::from_utf8(found.unwrap_or_else(|| panic!("{name}")).1.clone()).unwrap()
    };
    let comments = part("xl/comments1.xml");
    for place in ["ref=\"D1\"", "ref=\"C2\"", "ref=\"A3\""] {
        assert!(comments.contains(place), "{comments}");
    }
    assert!(
        !comments.contains("Canary") && !comments.contains("29000.5"),
        "{comments}"
    );
    let cells = part("xl/sharedStrings.xml");
    assert!(
        cells.contains("=Canary") && cells.contains("29000.5"),
        "{cells}"
    );
    assert!(!part("xl/worksheets/sheet2.xml").contains("<f>"));
    let csv = lock(Format::Csv, b"ref,surname,born\r\n1,2\r\n\"1,Canary\r\n");
    let looked = look(Format::Csv, &csv).unwrap();
    let rows: Vec<_> = looked.faults.iter().map(|f| f.row).collect();
    assert_eq!(rows, [Some(2), Some(3)]);
    assert!(book(&looked.table(&shape().columns)).is_ok());
}
