//! The form of a workbook: what a person sees who opens it, and what they can enter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use calamine::Reader;
use common::{COLUMNS, confined, parts, table};
use courier::workbook;
use exchange::cover::{Cover, Heading};
use exchange::table::Format;

fn heading(name: &str, choices: &[&str], length: Option<u32>) -> Heading {
    Heading {
        name: name.into(),
        form: format!("form of {name}"),
        choices: choices.iter().map(|c| (*c).into()).collect(),
        length,
        required: false,
    }
}

fn cover() -> Cover {
    Cover {
        name: "official-sensitive-run-flow.xlsx".into(),
        marking: "OFFICIAL-SENSITIVE & MORE".into(),
        about: vec![("Agreement", "contact-thread".into())],
        to_fill: vec![
            heading("matched", &["matched", "not-matched"], None),
            heading("seen_on", &[], Some(10)),
            heading("remark", &[], None),
        ],
        ..Cover::plain(&COLUMNS.map(String::from))
    }
}

fn part(bytes: &[u8], name: &str) -> String {
    let parts = parts(bytes).into_iter().find(|(n, _)| n == name);
    String::from_utf8(parts.unwrap().1).unwrap()
}

#[test]
fn the_marking_stands_on_every_page_and_in_the_contents() {
    let bytes = workbook::write(&cover(), &table(&[["r1", "Canary", "x"]])).unwrap();
    for sheet in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
        let text = part(&bytes, sheet);
        for place in ["oddHeader", "oddFooter"] {
            let marked = format!("<{place}>&amp;COFFICIAL-SENSITIVE &amp;&amp; MORE</{place}>");
            assert!(text.contains(&marked), "{sheet} {place}: {text}");
        }
    }
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(&bytes)).unwrap();
    let contents = book.worksheet_range("Contents").unwrap();
    let told: Vec<String> = contents
        .rows()
        .map(|row| {
            row.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" = ")
        })
        .collect();
    for line in [
        "Marking = OFFICIAL-SENSITIVE & MORE",
        "Agreement = contact-thread",
        "Rows = 1",
        "Column 2 = surname: text; may be empty",
        "Column 4, to be filled in = matched: form of matched; may be empty",
    ] {
        assert!(told.iter().any(|t| t == line), "{line} in {told:?}");
    }
    assert!(!told.iter().any(|t| t.contains("Canary")));
}

#[test]
fn the_header_stays_in_view_and_what_is_entered_stays_text() {
    let bytes = workbook::write(&cover(), &table(&[["007", "x", "y"], ["008", "x", "y"]])).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet2.xml");
    assert!(
        sheet.contains(
            r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#
        )
    );
    // All six columns have the text format, the empty ones too.
    let columns: Vec<&str> = sheet.split("<col ").skip(1).collect();
    assert!(!columns.is_empty());
    for column in columns {
        let (column, _) = column.split_once("/>").unwrap();
        assert!(column.contains(" style=\""), "{column}");
    }
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("formatCode=\"@\"") || styles.contains("numFmtId=\"49\""));
}

#[test]
fn columns_to_be_filled_in_take_only_what_the_agreement_takes() {
    let bytes = workbook::write(&cover(), &table(&[["1", "x", "y"], ["2", "x", "y"]])).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet2.xml");
    assert!(sheet.contains("sqref=\"D2:D3\""), "{sheet}");
    assert!(
        sheet.contains("<formula1>\"matched,not-matched\"</formula1>"),
        "{sheet}"
    );
    assert!(
        sheet.contains("type=\"textLength\"") && sheet.contains("sqref=\"E2:E3\""),
        "{sheet}"
    );
    assert!(!sheet.contains("sqref=\"F2:F3\""), "{sheet}");
    // A list that Excel does not take is told in the contents alone.
    let mut wide = cover();
    wide.to_fill[0].choices = (0..60).map(|n| format!("choice-{n}")).collect();
    let bytes = workbook::write(&wide, &table(&[["1", "x", "y"]])).unwrap();
    assert!(!part(&bytes, "xl/worksheets/sheet2.xml").contains("sqref=\"D2\""));
    // Nothing to fill in, nothing to check; and a column that is there already is no second one.
    let plain = Cover {
        to_fill: vec![],
        ..cover()
    };
    let bytes = workbook::write(&plain, &table(&[["1", "x", "y"]])).unwrap();
    assert!(!part(&bytes, "xl/worksheets/sheet2.xml").contains("dataValidation"));
    let twice = Cover {
        to_fill: vec![heading("surname", &[], None)],
        ..cover()
    };
    assert!(workbook::write(&twice, &table(&[])).is_err());
}

#[test]
fn it_is_read_back_and_its_contents_are_passed_over() {
    let table = table(&[["r1", "=1+1", "x"]]);
    let plain = Cover {
        to_fill: vec![],
        ..cover()
    };
    let bytes = workbook::write(&plain, &table).unwrap();
    assert!(confined(Format::Xlsx, &bytes).unwrap() == table);
    // With the empty columns it is not the agreed shape of the file that was sent.
    let bytes = workbook::write(&cover(), &table).unwrap();
    assert_eq!(confined(Format::Xlsx, &bytes).unwrap_err().rule, "RUN-07");
}
