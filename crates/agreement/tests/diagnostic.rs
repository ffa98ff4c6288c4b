//! How faults are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::Severity;
use common::{base_with, check};

#[test]
fn a_fault_is_a_line_a_picture_and_json() {
    let text = base_with("regime: dpa-1989\n");
    let checked = check(&text);
    let fault = &checked.diagnostics[0];
    let line = text.lines().position(|l| l.starts_with("regime")).unwrap() + 1;
    assert_eq!(fault.severity, Severity::Fault);
    assert_eq!(
        fault.to_string(),
        format!(
            "test.yaml:{line}:9: fault[LANG-08] there is no data protection regime named `dpa-1989`"
        )
    );
    let picture = agreement::diagnostic::render(&checked.diagnostics, &text, false);
    assert!(
        picture.contains("regime: dpa-1989") && picture.contains("did you mean `dpa-1998`?"),
        "{picture}"
    );
    assert!(!picture.contains('\u{1b}'));
    assert!(agreement::diagnostic::render(&checked.diagnostics, &text, true).contains('\u{1b}'));
    let json = serde_json::to_value(fault).unwrap();
    assert_eq!(json["rule"], "LANG-08");
    assert_eq!(json["severity"], "fault");
    assert_eq!(json["line"], line);
    assert_eq!(
        (json["column"].clone(), json["end-column"].clone()),
        (9.into(), 17.into())
    );
    assert_eq!(json["help"], "did you mean `dpa-1998`?");
}

#[test]
fn a_gateway_fault_names_the_law_and_what_would_do() {
    let text = base_with("bases:\n  out: [ { gate: crca-2005-s18 } ]\n");
    let fault = check(&text).diagnostics.into_iter().next().unwrap();
    assert_eq!(fault.rule, "LEG-01");
    assert_eq!(
        fault.source.as_deref(),
        Some("section 18 of the Commissioners for Revenue and Customs Act 2005")
    );
    assert_eq!(
        fault.help.as_deref(),
        Some("from home-office to hmrc there is: bcia-2009-s21, common-law-crown, iana-2006-s36")
    );
}

#[test]
fn messages_speak_no_type_names() {
    let folder = common::folder().join("tests/cases");
    let folders = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let files = folders
        .filter(|path| path.is_dir())
        .flat_map(|path| std::fs::read_dir(path).unwrap());
    for entry in files {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines().filter(|l| l.starts_with("# fault[")) {
            for word in ["Some(", "None", "Option", "Vec<", "String", "unwrap", "::"] {
                assert!(!line.contains(word), "{line}");
            }
        }
    }
}
