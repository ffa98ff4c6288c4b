//! What counts as a claim, and that every claim of this repository is one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use xtask::coverage::{Count, Register, count, of};

const REGISTER: &str = "## 0. Intro\n| code | file |\n## 1. Register\n| id | requirement |\n|---|---|\n\
    | LEG-01 | A. |\n| LEG-02 | B, see RUN-09. |\n| RUN-09 | C. |\n| EXCH-HMRC-01 | D. |\n\
    ## 3. Contradictions\n| C-34 | E. |\n| S-01 | F. |\n";

fn check(path: &str, text: &str, tested: &[&str], faults: usize) {
    let register = Register::parse(REGISTER).unwrap();
    let coverage = count(&register, &[(path.to_owned(), text.to_owned())]);
    let found: Vec<_> = coverage
        .rows
        .iter()
        .filter(|r| r.2)
        .map(|r| r.0.as_str())
        .collect();
    assert_eq!(found, tested, "{path}: {text}");
    assert_eq!(coverage.faults.len(), faults, "{:?}", coverage.faults);
}

#[test]
fn claims_count_in_tests_only() {
    let rust = "crates/a/tests/x.rs";
    check(
        rust,
        "// shows: LEG-01, RUN-09\n#[test]",
        &["LEG-01", "RUN-09"],
        0,
    );
    check(
        rust,
        "fn x() {\n    // shows: EXCH-HMRC-01.\n",
        &["EXCH-HMRC-01"],
        0,
    );
    check(rust, "/// shows: LEG-02", &["LEG-02"], 0);
    check(rust, "// shows: C-34, S-01", &[], 0);
    check(
        "crates/a/src/b/tests.rs",
        "// shows: LEG-01",
        &["LEG-01"],
        0,
    );
    check(
        "crates/a/tests/cases/x.yaml",
        "# shows: LEG-01",
        &["LEG-01"],
        0,
    );
    let module = "// shows: LEG-02\nfn a() {\n}\n#[cfg(test)]\nmod tests {\n    // shows: LEG-01\n}\n// shows: RUN-09\n";
    check("crates/a/src/b.rs", module, &["LEG-01"], 0);
}

#[test]
fn nothing_else_counts() {
    let rust = "crates/a/tests/x.rs";
    check(rust, "// see LEG-01", &[], 0);
    check(rust, "let x = \"// shows: LEG-01\";", &[], 0);
    check(rust, "// this shows: LEG-01", &[], 0);
    check("crates/a/src/b.rs", "// shows: LEG-01", &[], 0);
    check("docs/x.md", "// shows: LEG-01", &[], 0);
    check("agreements/x.yaml", "# shows: LEG-01", &[], 0);
    check(
        rust,
        "// shows: LEG-01\n#[test]\n#[ignore = \"later\"]\nfn x() {}",
        &[],
        0,
    );
}

#[test]
fn a_claim_of_what_is_no_row_is_a_fault() {
    let rust = "crates/a/tests/x.rs";
    check(rust, "// shows: LEG-99", &[], 1);
    check(rust, "// shows: LEG-01,", &["LEG-01"], 1);
    check(rust, "// shows: LEG-01 in part", &[], 1);
    check(rust, "// shows:", &[], 1);
    check(rust, "// shows: leg-01", &[], 1);
}

#[test]
fn a_register_is_whole() {
    assert!(Register::parse("## 1. Register\n").is_err());
    assert!(Register::parse("## 1. R\n| LEG-01 | a |\n| LEG-01 | b |\n").is_err());
}

#[test]
fn counts_print_as_promised() {
    let register = Register::parse(REGISTER).unwrap();
    let files = [("a/tests/b.rs".to_owned(), "// shows: LEG-01".to_owned())];
    let coverage = count(&register, &files);
    assert_eq!(
        coverage.json().unwrap(),
        r#"{"tested":1,"open":3,"groups":{"EXCH-HMRC":{"tested":0,"open":1},"LEG":{"tested":1,"open":1},"RUN":{"tested":0,"open":1}}}"#
    );
    let table = coverage.table(true);
    assert!(
        table.contains("LEG              1     1\nRUN              0     1\n"),
        "{table}"
    );
    assert!(
        table.ends_with("open:\nLEG-02\nRUN-09\nEXCH-HMRC-01\n"),
        "{table}"
    );
}

#[test]
fn this_repository_claims_rows_of_its_register() {
    let coverage = of(&xtask::root()).unwrap();
    let Count { tested, open } = coverage.all();
    assert_eq!(tested + open, 408);
    assert!(coverage.faults.is_empty(), "{}", coverage.faults.join("\n"));
}
