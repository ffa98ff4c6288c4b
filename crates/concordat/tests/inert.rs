//! Cells that a spreadsheet program would take for formulas, in a csv file that LibreOffice opens: none of them is one,
//! whatever separator it is set to, and each comes back as it went.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use exchange::table::{Shape, Table};

const NASTY: [&str; 26] = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://x.example\",\"a\")",
    "\t=1",
    "\n=1",
    "'",
    "''=1",
    "'=1",
    "'t Hooft",
    ";=1",
    ";=1+1;",
    "a;=1",
    "a;=cmd|' /C calc'!A0;b",
    "a;'=1",
    "a,=1",
    "a,+1,-1,@x",
    "a\t=1\t",
    "a\n=1",
    "a\n\t;=1",
    "a\";=1",
    "\";\"=1",
    " =1",
    "\u{ff1d}1+1",
];

/// LibreOffice's filter for csv: separator, quotes, UTF-8, from the first row, quoted fields are text.
fn filter(separator: u8) -> String {
    format!("Text - txt - csv (StarCalc):{separator},34,76,1,,0,true")
}

/// Has LibreOffice read a csv file, set to a separator, and store it in another form; where that lies.
fn through(file: &Path, separator: u8, form: &str, folder: &Path) -> PathBuf {
    let done = Command::new("soffice")
        .args(["--headless", "--norestore"])
        .arg(format!(
            "-env:UserInstallation=file://{}",
            folder.join("user").display()
        ))
        .arg(format!("--infilter={}", filter(separator)))
        .args(["--convert-to", form, "--outdir"])
        .arg(folder)
        .arg(file)
        .output()
        .expect("`make packages` installs libreoffice-calc-nogui");
    assert!(done.status.success());
    let ending = form.split(':').next().unwrap();
    folder
        .join(file.file_name().unwrap())
        .with_extension(ending)
}

// shows: RUN-12
#[test]
fn injected_text_is_inert_in_csv_whatever_the_separator_and_comes_back_unchanged() {
    let columns = vec!["ref".to_owned(), "text".to_owned()];
    let rows: Vec<Vec<String>> = (0..)
        .zip(NASTY)
        .map(|(n, text)| vec![format!("r{n}"), text.to_owned()])
        .collect();
    let table = Table { columns, rows };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sent.csv");
    std::fs::write(&file, courier::csv::write(&table).unwrap()).unwrap();
    for separator in *b",;\t" {
        let out = folder.path().join(separator.to_string());
        let book = std::fs::read(through(&file, separator, "xlsx", &out)).unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
        let sheet = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
        let sheet = std::io::read_to_string(sheet).unwrap();
        let formula = sheet.find("<f").map(|at| sheet.get(at..at + 60));
        assert_eq!(formula, None, "a separator of {separator}");
    }
    let out = folder.path().join("back");
    let form = format!("csv:{},true", filter(b','));
    let back = std::fs::read(through(&file, b',', &form, &out)).unwrap();
    let shape = Shape {
        sheet: String::new(),
        columns: table.columns.clone(),
        max_rows: 100,
    };
    let read = courier::csv::read(&shape, &back).unwrap();
    for (sent, come) in table.rows.iter().zip(&read.rows) {
        assert_eq!(sent, come);
    }
    assert!(read == table);
}
