//! LibreOffice, to open, edit and store locked workbooks as a person with a spreadsheet program would.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// One thing that a person does in the sheet `Records`; rows and columns from 0.
#[derive(Clone, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Edit {
    Set { row: u32, column: u32, text: String },
    Formula { row: u32, column: u32, text: String },
    HideColumn { column: u32 },
    HideRow { row: u32 },
    HideSheet { name: String },
    AddSheet { name: String },
}

impl Edit {
    pub fn set(row: u32, column: u32, text: &str) -> Self {
        let text = text.to_owned();
        Self::Set { row, column, text }
    }
}

/// What LibreOffice saw before any edit.
#[derive(Deserialize)]
pub struct Saw {
    /// Each sheet's name, and whether it is shown.
    pub sheets: Vec<(String, bool)>,
    /// The cells of `Records`: text and kind.
    pub records: Vec<Vec<(String, String)>>,
}

#[derive(Serialize)]
struct Job<'a> {
    from: &'a Path,
    to: &'a Path,
    password: &'a str,
    r#do: &'a [Edit],
}

/// Opens a locked workbook in LibreOffice, edits it and stores it under the same password.
pub fn through(from: &Path, to: &Path, password: &str, edits: &[Edit]) -> Saw {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/office/office.py");
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the system's Python is installed");
    let r#do = edits;
    let job = serde_json::to_vec(&Job {
        from,
        to,
        password,
        r#do,
    })
    .unwrap();
    child.stdin.take().unwrap().write_all(&job).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(
        out.status.success(),
        "LibreOffice did not do it: `make packages` installs libreoffice-calc-nogui and python3-uno"
    );
    serde_json::from_slice(&out.stdout).unwrap()
}
