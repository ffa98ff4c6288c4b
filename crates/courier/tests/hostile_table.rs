//! The table of bad input, row by row: each file is refused under its rule or read unchanged, and after each of them
//! the same caller reads an honest file. What exactly is said of each is in the other tests of hostile files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::io::Cursor;

use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use common::{COLUMNS, book, edited, forms, sample, shape, table, two, whole, with_part, zip};
use exchange::cover::Cover;
use exchange::password::Password;
use exchange::ports::{Forms, Locks};
use exchange::table::{FileFault, Format, Table};
use zeroize::Zeroizing;

const SHEET: &str = "xl/worksheets/sheet2.xml";
const STRINGS: &str = "xl/sharedStrings.xml";
const BOOK: &str = "xl/workbook.xml";

/// A file of the table's row, and the rule that refuses it.
struct Case {
    row: &'static str,
    what: &'static str,
    bytes: Vec<u8>,
    format: Format,
    password: Option<&'static str>,
    rule: &'static str,
}

fn xlsx(row: &'static str, what: &'static str, bytes: Vec<u8>) -> Case {
    Case {
        row,
        what,
        bytes,
        format: Format::Xlsx,
        password: None,
        rule: "RUN-09",
    }
}

fn csv(row: &'static str, what: &'static str, bytes: &[u8]) -> Case {
    Case {
        format: Format::Csv,
        bytes: bytes.to_vec(),
        ..xlsx(row, what, Vec::new())
    }
}

fn locked(row: &'static str, what: &'static str, bytes: Vec<u8>, password: &'static str) -> Case {
    Case {
        password: Some(password),
        rule: "SEC-06",
        ..xlsx(row, what, bytes)
    }
}

fn bombs() -> Vec<Case> {
    let row = "zip or xlsx bomb";
    let many: Vec<_> = (0..65)
        .map(|n| (format!("xl/theme/t{n}.xml"), b"<x/>".to_vec()))
        .collect();
    vec![
        xlsx(
            row,
            "ratio",
            with_part("xl/theme/big.xml", &vec![b' '; 20 << 20]),
        ),
        xlsx(
            row,
            "size",
            with_part("xl/theme/big.xml", &vec![b' '; 129 << 20]),
        ),
        xlsx(row, "entries", zip(&many)),
    ]
}

fn forged() -> Vec<Case> {
    let row = "sparse sheet, forged count, giant cell";
    let far = r#"<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>"#;
    vec![
        xlsx(
            row,
            "one cell at the end",
            edited(SHEET, "</sheetData>", far),
        ),
        xlsx(
            row,
            "dimension",
            edited(SHEET, "ref=\"A1:C3\"", "ref=\"A1:XFD1048576\""),
        ),
        xlsx(
            row,
            "uniqueCount",
            edited(STRINGS, "uniqueCount=\"", "uniqueCount=\"4294967295"),
        ),
        xlsx(
            row,
            "giant cell",
            edited(STRINGS, "Canary", &"x".repeat(300_000)),
        ),
    ]
}

fn entities() -> Vec<Case> {
    let row = "XXE, entity bomb";
    let xxe = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet"#;
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst"#;
    vec![
        xlsx(row, "external entity", edited(SHEET, "<worksheet", xxe)),
        xlsx(row, "entity bomb", edited(STRINGS, "<sst", bomb)),
    ]
}

fn archives() -> Vec<Case> {
    let row = "archive paths, links, names";
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink(BOOK, "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let mut parts = sample();
    parts.push(("xl/theme/one.xml".into(), b"<x/>".to_vec()));
    parts.push(("xl/theme/two.xml".into(), b"<x/>".to_vec()));
    let renamed = |to: &[u8]| {
        let mut bytes = zip(&parts);
        for at in 0..bytes.len() - 13 {
            if bytes[at..].starts_with(b"theme/two.xml") {
                bytes[at..at + 13].copy_from_slice(to);
            }
        }
        bytes
    };
    vec![
        xlsx(row, "..", with_part("../evil.xml", b"<x/>")),
        xlsx(row, "absolute", with_part("/etc/passwd", b"<x/>")),
        xlsx(row, "symlink", link.finish().unwrap().into_inner()),
        xlsx(row, "duplicate", renamed(b"theme/one.xml")),
        xlsx(row, "case", renamed(b"theme/ONE.xml")),
    ]
}

fn hidden() -> Vec<Case> {
    let row = "macro, OLE, links, hidden, .xls renamed";
    let link = r#"<Relationship Id="rId99" Type="x/hyperlink" Target="file:///etc/passwd" TargetMode="External"/></Relationships>"#;
    let sheet = "<sheet name=\"Contents\"";
    let ole = [
        &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
        [0; 600].as_slice(),
    ]
    .concat();
    vec![
        xlsx(row, "macro", with_part("xl/vbaProject.bin", b"x")),
        xlsx(
            row,
            "OLE part",
            with_part("xl/embeddings/oleObject1.bin", b"x"),
        ),
        xlsx(
            row,
            "external link",
            edited("xl/_rels/workbook.xml.rels", "</Relationships>", link),
        ),
        xlsx(
            row,
            "sheet",
            edited(BOOK, sheet, &format!("{sheet} state=\"veryHidden\"")),
        ),
        xlsx(
            row,
            "row",
            edited(SHEET, "<row r=\"2\"", "<row hidden=\"1\" r=\"2\""),
        ),
        xlsx(
            row,
            "column",
            edited(SHEET, "<col min=\"1\"", "<col hidden=\"1\" min=\"1\""),
        ),
        Case {
            rule: "RUN-12",
            ..xlsx(row, ".xls", ole)
        },
    ]
}

fn oversized() -> Vec<Case> {
    let row = "oversized row, cell, columns";
    let head = b"ref,surname,born\r\n".as_slice();
    vec![
        csv(row, "rows", &[head, &b"1,2,3\r\n".repeat(11)].concat()),
        csv(
            row,
            "cell",
            &[head, b"1,", &b"x".repeat(40_000), b",3\r\n"].concat(),
        ),
        csv(row, "columns", &[head, &b",".repeat(20_000)].concat()),
        xlsx(row, "rows", book(&table(&[["r", "x", "y"]; 11])).unwrap()),
        xlsx(row, "cell", edited(STRINGS, "Canary", &"x".repeat(32_768))),
    ]
}

fn encodings() -> Vec<Case> {
    let row = "encodings, NUL, line ends, quotes";
    vec![
        csv(row, "BOM", b"\xef\xbb\xbfref,surname,born\r\n"),
        csv(row, "UTF-16 LE", b"\xff\xfer\0e\0f\0"),
        csv(row, "UTF-16 BE", b"\xfe\xff\0r\0e\0f"),
        csv(row, "cp1252", b"ref,surname,born\r\n1,Zo\xeb,3\r\n"),
        csv(row, "bad UTF-8", b"ref,surname,born\r\n1,\xc0\xaf,3\r\n"),
        csv(
            row,
            "surrogate",
            b"ref,surname,born\r\n1,\xed\xa0\x80,3\r\n",
        ),
        csv(row, "NUL", b"ref,surname,born\r\n1,a\0b,3\r\n"),
        csv(row, "mixed ends", b"ref,surname,born\r\n1,2,3\n"),
        csv(row, "old Mac ends", b"ref,surname,born\r1,2,3\r"),
        csv(row, "open quote", b"ref,surname,born\r\n1,\"2,3\r\n"),
    ]
}

fn ciphertexts() -> Vec<Case> {
    let right = Password::given("pass word".into()).unwrap();
    let cover = Cover::plain(&COLUMNS.map(String::from));
    let seed = Zeroizing::new([5; 32]);
    let file = book(&two()).unwrap();
    let whole = forms()
        .lock(Format::Xlsx, &cover, &file, &right, &seed)
        .unwrap();
    let mut flipped = whole.clone();
    let half = flipped.len() / 2;
    flipped[half] ^= 1;
    vec![
        locked(
            "truncated, flipped",
            "cut",
            whole[..half].to_vec(),
            "pass word",
        ),
        locked("truncated, flipped", "one bit", flipped, "pass word"),
        locked("wrong password", "another", whole, "pass-word"),
        locked("wrong password", "none", file, "pass word"),
    ]
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

fn read(case: &Case) -> Result<Table, FileFault> {
    let (forms, shape) = (forms(), shape());
    run(async {
        match case.password {
            None => whole(&forms, case.format, &shape, case.bytes.clone()).await,
            Some(text) => {
                let password = Password::given(text.into()).unwrap();
                forms
                    .open(case.format, &shape, &case.bytes, &password)
                    .await
            }
        }
    })
    .expect("the caller goes on")
}

// shows: RUN-09, SEC-06
#[test]
fn each_bad_file_is_refused_under_its_rule_and_the_caller_goes_on() {
    let honest = book(&two()).unwrap();
    let cases = [
        bombs(),
        forged(),
        entities(),
        archives(),
        hidden(),
        oversized(),
        encodings(),
        ciphertexts(),
    ];
    for case in cases.iter().flatten() {
        let fault = read(case).expect_err(case.what);
        assert_eq!(
            fault.rule, case.rule,
            "{}: {}: {fault}",
            case.row, case.what
        );
        assert!(
            !fault.to_string().contains("Canary"),
            "{}: {fault}",
            case.row
        );
        let after = run(whole(&forms(), Format::Xlsx, &shape(), honest.clone())).unwrap();
        assert!(after.unwrap() == two(), "after {}: {}", case.row, case.what);
    }
}

#[test]
fn texts_that_would_do_something_are_read_as_they_are() {
    let texts = [
        "=1+1",
        "+1",
        "-1",
        "@A1",
        "\t=1",
        "\r=1",
        "a\r\nb",
        "\u{1b}[31m",
        "\u{202e}x",
        "\u{200b}",
    ];
    let rows: Vec<[&str; 3]> = texts.iter().map(|text| ["r1", *text, ""]).collect();
    let table = table(&rows);
    let cover = Cover::plain(&table.columns);
    for format in [Format::Xlsx, Format::Csv] {
        let bytes = forms().write(format, &cover, &table).unwrap();
        assert!(
            run(whole(&forms(), format, &shape(), bytes))
                .unwrap()
                .unwrap()
                == table,
            "{format}"
        );
    }
}
