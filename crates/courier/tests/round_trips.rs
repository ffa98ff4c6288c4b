//! What is written is what is read, for every text that a cell can hold, in both forms.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use calamine::{Data, Reader};
use common::{book, confined_with, parts, shape, table, two};
use courier::{csv, reader, workbook};
use exchange::cover::Cover;
use exchange::ports::Forms;
use exchange::table::{Format, Shape, Table};
use proptest::prelude::*;

const NASTY: [&str; 30] = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'",
    "''=1",
    "'t Hooft",
    "a\"b",
    "\"",
    "a,b",
    "a;=1",
    "line\r\nline",
    "a\rb",
    " lead",
    "trail ",
    "\u{202e}Okafor",
    "\u{200b}",
    "\u{1b}[31m",
    "_x000D_",
    "_x005F_x0041_",
    "<r><t>x</t></r>",
    "<r></t><r>&</r>",
    "&amp;<",
    "007",
    "1e5",
    "\u{ff1d}1",
    "\u{1f600}\u{85}\u{7f}",
];

fn shape_of(table: &Table) -> Shape {
    Shape {
        sheet: workbook::RECORDS.into(),
        columns: table.columns.clone(),
        max_rows: 100,
    }
}

#[track_caller]
fn check(table: &Table) {
    let shape = shape_of(table);
    for (format, bytes) in [
        (Format::Xlsx, book(table)),
        (Format::Csv, csv::write(table)),
    ] {
        let bytes = bytes.unwrap();
        let back = reader::read(format, &shape, &bytes).unwrap();
        assert!(
            back.columns == table.columns && back.rows == table.rows,
            "{format:?} {:?} {:?}",
            back.rows,
            table.rows
        );
    }
}

#[test]
fn nasty_cells_come_back_unchanged_in_both_forms() {
    for cell in NASTY {
        check(&table(&[["r1", cell, ""], [cell, "x", cell]]));
    }
    check(&table(&[["r1", &"\u{1f600}".repeat(32_766 / 2), ""]]));
    check(&Table {
        columns: vec!["=ref".into()],
        rows: vec![vec!["1".into()]],
    });
    check(&table(&[]));
}

#[test]
fn the_confined_reader_gives_the_same_table() {
    let table = table(&[["r1", NASTY[0], ""], ["r2", NASTY[18], "x"]]);
    for (format, bytes) in [
        (Format::Xlsx, book(&table)),
        (Format::Csv, csv::write(&table)),
    ] {
        assert!(confined_with(format, &shape(), &bytes.unwrap()).unwrap() == table);
    }
}

#[test]
fn the_same_table_gives_the_same_bytes_and_no_author() {
    let first = book(&two()).unwrap();
    assert_eq!(first, book(&two()).unwrap());
    let core = parts(&first)
        .into_iter()
        .find(|(name, _)| name == "docProps/core.xml")
        .unwrap()
        .1;
    let core = String::from_utf8(core).unwrap();
    assert!(
        core.contains("<dc:creator></dc:creator>") || !core.contains("creator"),
        "{core}"
    );
    assert!(core.contains("2000-01-01T00:00:00Z"), "{core}");
}

// shows: RUN-07
#[test]
fn a_workbook_holds_the_table_and_its_contents_sheet_and_nothing_else() {
    let table = table(&[["r1", "=1+1", "+44"]]);
    let bytes = book(&table).unwrap();
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Contents", "Records"]);
    let range = book.worksheet_range("Records").unwrap();
    let cells: Vec<&Data> = range.rows().flatten().collect();
    let texts = ["ref", "surname", "born", "r1", "=1+1", "+44"].map(|t| Data::String(t.into()));
    assert_eq!(cells, texts.iter().collect::<Vec<_>>());
    assert!(book.worksheet_formula("Records").unwrap().is_empty());
    for (name, part) in parts(&bytes) {
        let text = String::from_utf8(part).unwrap();
        assert!(!text.contains("<f>") && !text.contains("hidden"), "{name}");
        assert_eq!(
            name == "xl/styles.xml",
            text.contains("quotePrefix=\"1\""),
            "{name}"
        );
    }
}

#[test]
fn what_no_file_can_hold_is_not_written_and_not_repeated() {
    let long = "Canary".repeat(6_000);
    for (bad, words) in [
        ("Canary\0", "U+0000"),
        ("Canary\u{ffff}", "U+FFFF"),
        (long.as_str(), "32,767"),
    ] {
        for fault in [
            book(&table(&[["r1", bad, ""]])),
            csv::write(&table(&[["r1", bad, ""]])),
        ] {
            let text = fault.unwrap_err().to_string();
            assert!(
                text.contains(words) && text.contains("row 2, column surname"),
                "{text}"
            );
            assert!(!text.contains("Canary"), "{text}");
        }
    }
    let ragged = Table {
        columns: vec!["a".into(), "b".into()],
        rows: vec![vec!["1".into()]],
    };
    let empty = table(&[["", "", ""]]);
    let twice = Table {
        columns: vec!["a".into(), "a".into()],
        rows: vec![],
    };
    let none = Table::default();
    for bad in [ragged, empty, twice, none] {
        assert!(book(&bad).is_err() && csv::write(&bad).is_err(), "{bad:?}");
    }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        proptest::sample::select(NASTY.to_vec()).prop_map(str::to_owned),
        "[=+@'\"\t\r\n,;<>&_x0-9A-Fa-f -]{0,12}",
        any::<String>().prop_map(|text| text.replace(['\0', '\u{fffe}', '\u{ffff}'], "")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_table_comes_back(rows in proptest::collection::vec(proptest::array::uniform3(cell()), 0..8)) {
        let mut table = table(&[]);
        table.rows = rows.into_iter().map(Vec::from).filter(|row| row.iter().any(|c| !c.is_empty())).collect();
        let shape = shape_of(&table);
        for (format, bytes) in [(Format::Xlsx, book(&table)), (Format::Csv, csv::write(&table))] {
            let back = reader::read(format, &shape, &bytes.unwrap()).unwrap();
            prop_assert_eq!(&back.rows, &table.rows, "{:?}", format);
        }
    }

    /// The strict reader agrees with the lenient library on every file that it accepts, but for apostrophes: which of them
    /// are marks that are taken away, `every_table_comes_back` says.
    #[test]
    fn accepted_csv_means_what_the_library_says(body in "[ab'\",\r\n]{0,24}") {
        let text = format!("ref,surname,born\r\n{body}");
        if let Ok(table) = csv::read(&shape(), text.as_bytes()) {
            let mut oracle = ::csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let rows: Vec<Vec<String>> = oracle.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
            let plain = |rows: &[Vec<String>]| rows.iter().flatten().map(|c| c.replace('\'', "")).collect::<Vec<_>>();
            prop_assert_eq!(plain(&table.rows), plain(&rows));
        }
    }

    #[test]
    fn arbitrary_bytes_never_stop_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = reader::read(Format::Csv, &shape(), &bytes);
        let _ = reader::read(Format::Xlsx, &shape(), &bytes);
        let zip = [b"PK\x03\x04".as_slice(), &bytes].concat();
        let _ = reader::read(Format::Xlsx, &shape(), &zip);
    }

    /// One changed byte in a workbook: read as the same table, or refused; never a panic, never other columns.
    #[test]
    fn a_damaged_workbook_is_refused_or_unharmed(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let mut bytes = book(&two()).unwrap();
        let n = bytes.len();
        bytes[at.index(n)] = to;
        if let Ok(table) = reader::read(Format::Xlsx, &shape(), &bytes) {
            prop_assert!(table == two());
        }
    }
}

#[test]
fn a_file_that_is_written_row_by_row_is_the_file_of_the_table() {
    let forms = courier::ConfinedForms::new("never-started");
    let rows: Vec<[&str; 3]> = NASTY.iter().map(|text| ["r1", text, ""]).collect();
    let table = table(&rows.repeat(40));
    for (format, whole) in [
        (Format::Xlsx, book(&table).unwrap()),
        (Format::Csv, csv::write(&table).unwrap()),
    ] {
        let mut writing = forms.begin(format, &Cover::plain(&table.columns)).unwrap();
        let (mut file, mut first) = (Vec::new(), 0);
        for (n, row) in table.rows.iter().enumerate() {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            writing.row(&cells, &mut file).unwrap();
            if !file.is_empty() && first == 0 {
                first = n;
            }
        }
        assert!(
            format == Format::Xlsx || first < table.rows.len() - 1,
            "it is given out on the way"
        );
        writing.finish(&mut file).unwrap();
        assert!(
            file == whole
                && forms
                    .write(format, &Cover::plain(&table.columns), &table)
                    .unwrap()
                    == whole,
            "{format}"
        );
    }
}
