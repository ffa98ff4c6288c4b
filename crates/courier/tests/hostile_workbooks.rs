//! Workbooks that must be refused: what, where, by which rule, and the caller goes on.
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

use common::{book, confined, edited, refused as both, sample, table, two, with_part, zip};
use courier::reader;
use exchange::table::{Format, Table};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const SHEET: &str = "xl/worksheets/sheet2.xml";
const BOOK: &str = "xl/workbook.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

#[track_caller]
fn refused(bytes: &[u8], words: &str) {
    both(Format::Xlsx, bytes, "RUN-09", None, None, words);
}

#[track_caller]
fn refused_at(bytes: &[u8], row: u64, column: Option<&str>, words: &str) {
    both(Format::Xlsx, bytes, "RUN-09", Some(row), column, words);
}

fn written(columns: &[&str], row: &[&str]) -> Vec<u8> {
    book(&Table {
        columns: columns.iter().map(|c| (*c).into()).collect(),
        rows: vec![row.iter().map(|c| (*c).into()).collect()],
    })
    .unwrap()
}

#[test]
fn the_sample_itself_is_read() {
    assert!(confined(Format::Xlsx, &zip(&sample())).unwrap() == two());
}

// shows: RUN-07
#[test]
fn a_column_added_to_a_written_workbook_is_refused_and_named() {
    let added = r#"<c r="D1" t="inlineStr"><is><t>religion</t></is></c></row>"#;
    let bytes = edited(SHEET, "</row>", added);
    both(
        Format::Xlsx,
        &bytes,
        "RUN-07",
        Some(1),
        Some("religion"),
        "does not list this column",
    );
    let bytes = written(
        &["ref", "surname", "born", "nationality"],
        &["r1", "Canary", "x", "y"],
    );
    both(
        Format::Xlsx,
        &bytes,
        "RUN-07",
        Some(1),
        Some("nationality"),
        "take it out",
    );
    let stray = r#"<c r="F3" t="inlineStr"><is><t>Canary</t></is></c></row></sheetData>"#;
    let bytes = edited(SHEET, "</row></sheetData>", stray);
    both(
        Format::Xlsx,
        &bytes,
        "RUN-07",
        Some(3),
        Some("F"),
        "outside the agreed columns",
    );
}

// shows: RUN-09
#[test]
fn missing_renamed_doubled_and_moved_columns_are_refused_whole() {
    refused_at(
        &written(&["ref", "surname"], &["r1", "Canary"]),
        1,
        Some("born"),
        "missing",
    );
    refused_at(
        &written(&["ref", "family", "born"], &["r1", "Canary", "x"]),
        1,
        Some("family"),
        "surname",
    );
    refused_at(
        &written(&["surname", "ref", "born"], &["Canary", "r", "x"]),
        1,
        Some("ref"),
        "order",
    );
    refused_at(
        &written(&["r1", "Canary", "x"], &["r2", "Canary", "x"]),
        1,
        None,
        "none of the agreed",
    );
    let bytes = edited(STRINGS, "<t>born</t>", "<t>ref</t>");
    refused_at(&bytes, 1, Some("ref"), "twice");
}

// shows: RUN-09
#[test]
fn cells_that_are_not_text_are_refused_at_their_place() {
    let cell = |xml: &str| {
        edited(
            SHEET,
            "</row></sheetData>",
            &format!("{xml}</row></sheetData>"),
        )
    };
    refused_at(
        &cell(r#"<c r="C3"><v>29000</v></c>"#),
        3,
        Some("born"),
        "a number",
    );
    refused_at(
        &cell(r#"<c r="C3" t="b"><v>1</v></c>"#),
        3,
        Some("born"),
        "a truth value",
    );
    refused_at(
        &cell(r#"<c r="C3" t="d"><v>1980-01-01</v></c>"#),
        3,
        Some("born"),
        "a date",
    );
    refused_at(
        &cell(r#"<c r="C3" t="e"><v>#REF!</v></c>"#),
        3,
        Some("born"),
        "a spreadsheet error",
    );
    refused_at(
        &cell(r#"<c r="C3" t="str"><f>1+1</f><v>2</v></c>"#),
        3,
        Some("born"),
        "formula",
    );
}

// shows: RUN-12
#[test]
fn another_form_of_file_is_refused_by_content() {
    let ole = [courier_ole().as_slice(), &[0; 600]].concat();
    both(Format::Xlsx, &ole, "RUN-12", None, None, ".xls");
    both(
        Format::Xlsx,
        b"ref,surname,born\r\n",
        "RUN-12",
        None,
        None,
        "not a workbook",
    );
    both(
        Format::Csv,
        &zip(&sample()),
        "RUN-12",
        None,
        None,
        "not csv",
    );
    both(Format::Csv, &ole, "RUN-12", None, None, "not csv");
}

fn courier_ole() -> [u8; 8] {
    [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
}

// shows: RUN-09
#[test]
fn macros_objects_links_and_every_unlisted_part_are_refused() {
    for (name, words) in [
        ("xl/vbaProject.bin", "macro"),
        ("xl/macrosheets/sheet1.xml", "macro"),
        ("xl/activeX/activeX1.bin", "macro"),
        ("xl/embeddings/oleObject1.bin", "embedded object"),
        ("xl/externalLinks/externalLink1.xml", "another file"),
        ("xl/connections.xml", "another file"),
        ("xl/calcChain.xml", "formulas"),
        ("xl/drawings/drawing1.xml", "a plain table does not have"),
        ("../evil.xml", "outside of it"),
        ("/etc/passwd", "outside of it"),
        ("xl\\evil.xml", "outside of it"),
        ("xl/Workbook.xml", "a plain table does not have"),
        ("XL/WORKBOOK.XML", "a plain table does not have"),
    ] {
        refused(&with_part(name, b"<x/>"), words);
    }
    let types = "[Content_Types].xml";
    let macro_type = r#"<Override PartName="/xl/x.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>"#;
    refused(&edited(types, "</Types>", macro_type), "macro");
    let link = r#"<Relationship Id="rId99" Type="x/hyperlink" Target="file:///etc/passwd" TargetMode="External"/></Relationships>"#;
    refused(
        &edited("xl/_rels/workbook.xml.rels", "</Relationships>", link),
        "link to another file",
    );
}

// shows: RUN-09
#[test]
fn archives_that_lie_about_their_entries_are_refused() {
    let mut parts = sample();
    parts.push(("xl/theme/one.xml".into(), b"<x/>".to_vec()));
    parts.push(("xl/theme/two.xml".into(), b"<x/>".to_vec()));
    let twice = replace_all(&zip(&parts), b"theme/two.xml", b"theme/one.xml");
    refused(&twice, "same name");
    let case = replace_all(&zip(&parts), b"theme/two.xml", b"theme/ONE.xml");
    refused(&case, "same name");
    let bytes = zip(&sample());
    refused(&[bytes.as_slice(), b"trailing"].concat(), "damaged");
    refused(&bytes[..bytes.len() / 2], "damaged");
    refused(b"PK\x03\x04", "damaged");
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink(
        "xl/workbook.xml",
        "/etc/passwd",
        SimpleFileOptions::default(),
    )
    .unwrap();
    refused(&link.finish().unwrap().into_inner(), "symbolic link");
    let many: Vec<_> = (0..65)
        .map(|n| (format!("xl/theme/t{n}.xml"), b"<x/>".to_vec()))
        .collect();
    refused(&zip(&many), "more entries");
}

fn replace_all(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in 0..out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + to.len()].copy_from_slice(to);
        }
    }
    out
}

// shows: RUN-09
#[test]
fn bombs_are_refused_before_they_are_inflated() {
    refused(
        &with_part("xl/theme/big.xml", &vec![b' '; 20 << 20]),
        "inflates beyond",
    );
    // A directory that understates the size: the real size is counted.
    let mut parts = sample();
    parts.push(("xl/theme/big.xml".into(), vec![b' '; 2000]));
    let bytes = replace_all(&zip(&parts), &2000u32.to_le_bytes(), &20u32.to_le_bytes());
    let fault = reader::read(Format::Xlsx, &common::shape(), &bytes).unwrap_err();
    assert_eq!(fault.rule, "RUN-09");
    // Parts of tolerable ratio each, too much together.
    let noise = (0..512u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes());
    let block: Vec<u8> = noise.chain([b' '; 40_000]).collect();
    let part = block.repeat((44 << 20) / block.len());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    for n in 0..3 {
        writer
            .start_file(format!("xl/theme/t{n}.xml"), options)
            .unwrap();
        writer.write_all(&part).unwrap();
    }
    refused(&writer.finish().unwrap().into_inner(), "inflates beyond");
}

// shows: RUN-09
#[test]
fn entities_document_types_and_other_encodings_are_refused() {
    let xxe = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet"#;
    refused(&edited(SHEET, "<worksheet", xxe), "document type");
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst"#;
    refused(&edited(STRINGS, "<sst", bomb), "document type");
    refused(&edited(STRINGS, "<t>ref</t>", "<t>&xxe;</t>"), "entity");
    refused(
        &edited(STRINGS, "<t>ref</t>", "<t>re<!-- x -->f</t>"),
        "comment",
    );
    refused(
        &edited(STRINGS, "<t>ref</t>", "<t><![CDATA[ref]]></t>"),
        "instruction",
    );
    refused(&edited(STRINGS, "UTF-8", "UTF-16"), "UTF-8");
    let mut parts = sample();
    for (_, bytes) in parts.iter_mut().filter(|(name, _)| name == STRINGS) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
    }
    let fault = reader::read(Format::Xlsx, &common::shape(), &zip(&parts)).unwrap_err();
    assert!(fault.what.contains("UTF-8"), "{fault}");
    refused(
        &edited(STRINGS, "<t>ref</t>", &"<t>".repeat(100)),
        "damaged",
    );
    refused(&edited(STRINGS, "</si>", "</sj>"), "damaged");
}

// shows: RUN-09
#[test]
fn forged_counts_and_places_are_refused_in_the_pre_scan() {
    let count = edited(STRINGS, "uniqueCount=\"", "uniqueCount=\"4294967295");
    refused(&count, "claims more texts");
    refused(
        &edited(
            STRINGS,
            "uniqueCount=\"",
            "uniqueCount=\"99999999999999999999",
        ),
        "damaged",
    );
    refused(&edited(SHEET, "<v>15</v>", "<v>999999</v>"), "damaged");
    let sparse = |cell: &str| {
        edited(
            SHEET,
            "</sheetData>",
            &format!(
                r#"<row r="1048576"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>"#
            ),
        )
    };
    refused_at(&sparse("XFD1048576"), 1_048_576, None, "reaches beyond");
    refused_at(
        &edited(
            SHEET,
            "<dimension ref=\"A1:C3\"",
            "<dimension ref=\"A1:XFD1048576\"",
        ),
        1_048_576,
        None,
        "reaches beyond",
    );
    refused(
        &edited(
            SHEET,
            "<dimension ref=\"A1:C3\"",
            "<dimension ref=\"C3:A1\"",
        ),
        "damaged",
    );
    refused(&edited(SHEET, "r=\"A2\"", "r=\"A9999999999\""), "damaged");
    refused(&edited(SHEET, "r=\"A2\"", "r=\"A3\""), "damaged");
    refused(&edited(SHEET, "r=\"B2\"", "r=\"A2\""), "damaged");
    refused(&edited(SHEET, "<row r=\"3\"", "<row r=\"2\""), "damaged");
    refused(
        &edited(SHEET, "<sheetData>", "<sheetData></sheetData><sheetData>"),
        "damaged",
    );
    refused(&edited(STRINGS, "Canary", &"x".repeat(300_000)), "32,767");
    refused_at(
        &edited(STRINGS, "Canary", &"x".repeat(32_768)),
        2,
        Some("surname"),
        "32,767",
    );
}

// shows: RUN-09
#[test]
fn nothing_may_be_hidden_or_added() {
    for state in ["hidden", "veryHidden", "other"] {
        let from = "<sheet name=\"Contents\"";
        refused(
            &edited(BOOK, from, &format!("{from} state=\"{state}\"")),
            "hidden sheet",
        );
    }
    refused(
        &edited(BOOK, "name=\"Contents\"", "name=\"More\""),
        "another sheet",
    );
    refused(
        &edited(BOOK, "name=\"Contents\"", "name=\"Records\""),
        "exactly one sheet",
    );
    refused(
        &edited(BOOK, "name=\"Records\"", "name=\"Contents\""),
        "exactly one sheet",
    );
    let orphan = b"<worksheet><sheetData/></worksheet>";
    refused(
        &with_part("xl/worksheets/sheet9.xml", orphan),
        "does not show",
    );
    let twice = edited(
        SHEET,
        "<row r=\"2\"",
        "<row hidden=\"0\" hidden=\"1\" r=\"2\"",
    );
    refused(&twice, "damaged");
    let end = "</v></c></row></sheetData>";
    refused(&edited(SHEET, end, &format!("</v><v>0{end}")), "damaged");
    let name = "</sheets><definedNames><definedName name=\"x\">1+1</definedName></definedNames>";
    refused(&edited(BOOK, "</sheets>", name), "defined name");
    both(
        Format::Xlsx,
        &edited(SHEET, "<row r=\"2\"", "<row hidden=\"1\" r=\"2\""),
        "RUN-09",
        Some(2),
        None,
        "hidden row",
    );
    both(
        Format::Xlsx,
        &edited(SHEET, "<row r=\"2\"", "<row hidden=\"&#49;\" r=\"2\""),
        "RUN-09",
        Some(2),
        None,
        "hidden row",
    );
    both(
        Format::Xlsx,
        &edited(SHEET, "<row r=\"2\"", "<row ht=\"0\" r=\"2\""),
        "RUN-09",
        Some(2),
        None,
        "hidden row",
    );
    refused(
        &edited(SHEET, "<sheetFormatPr", "<sheetFormatPr zeroHeight=\"1\""),
        "hidden row",
    );
    let hidden = edited(SHEET, "<col min=\"1\"", "<col hidden=\"true\" min=\"1\"");
    both(
        Format::Xlsx,
        &hidden,
        "RUN-09",
        None,
        Some("ref"),
        "hidden column",
    );
    refused(
        &edited(
            SHEET,
            "</sheetData>",
            "</sheetData><mergeCells><mergeCell ref=\"A1:B1\"/></mergeCells>",
        ),
        "merged",
    );
    refused(
        &edited(SHEET, "</sheetData>", "</sheetData><oleObjects/>"),
        "an object",
    );
    refused(
        &edited(SHEET, "</sheetData>", "</sheetData><unheard/>"),
        "a plain table does not have",
    );
}

// shows: RUN-09
#[test]
fn too_many_rows_and_gaps_are_refused() {
    let row = ["r", "Canary", "x"];
    let eleven = book(&table(&[row; 11])).unwrap();
    refused_at(&eleven, 12, None, "more rows");
    let bytes = edited(
        SHEET,
        "</sheetData>",
        r#"<row r="5"><c r="A5" t="inlineStr"><is><t>x</t></is></c></row></sheetData>"#,
    );
    refused_at(&bytes, 4, None, "empty");
    // Rows without any value at the end are nothing.
    let bytes = edited(
        SHEET,
        "</sheetData>",
        r#"<row r="4"><c r="A4" s="1"/></row></sheetData>"#,
    );
    assert!(confined(Format::Xlsx, &bytes).unwrap() == two());
    let bytes = edited(STRINGS, "Canary", "Canary_x0000_");
    refused_at(&bytes, 2, Some("surname"), "U+0000");
}
