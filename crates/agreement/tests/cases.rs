//! Runs the annotated cases of `tests/cases`. Each file is the sections of an agreement that differ from
//! `base.yaml`, then what the checker says about them:
//!
//! ```yaml
//! # shows: ...                          the requirements that the case shows
//! # without: keep                       sections of the base that the case leaves out
//! # whole                               the file stands alone, without the base
//! flows: ...
//! # fault[LEG-01] 4:30-4:43 a part of the message
//! # fault[AGR-19] base 31:3-31:9 ...    a place that is in the base
//! ```
//!
//! `UPDATE=1 cargo test -p agreement --test cases` writes the expectations anew; read the difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use agreement::{Diagnostic, Law};
use common::compose;

fn expectation(d: &Diagnostic, places: &[String]) -> String {
    let place = |line: u32| {
        places
            .get(line as usize - 1)
            .cloned()
            .unwrap_or_else(|| "end ".to_owned())
    };
    let start = place(d.span.line);
    let end = place(d.span.end_line);
    let end = end.strip_prefix("base ").unwrap_or(&end);
    format!(
        "# {}[{}] {start}:{}-{end}:{} {}",
        d.severity, d.rule, d.span.column, d.span.end_column, d.message
    )
}

fn is_expectation(line: &str) -> bool {
    line.starts_with("# fault[") || line.starts_with("# warning[")
}

/// Checks one case; the answer tells what differs.
fn check(law: &Law, base: &str, path: &Path) -> Result<(), String> {
    let case = std::fs::read_to_string(path).unwrap();
    let (text, places) = compose(base, &case);
    let name = path.file_name().unwrap().to_str().unwrap();
    let checked = agreement::check(name, text.as_bytes(), law);
    let found: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|d| expectation(d, &places))
        .collect();
    let expected: Vec<&str> = case.lines().filter(|l| is_expectation(l)).collect();
    let has_fault = found.iter().any(|f| f.starts_with("# fault["));
    assert_eq!(
        checked.plan.is_none(),
        has_fault,
        "{name}: a plan exactly where there is no fault"
    );
    // An expectation may give a part of the message, after its place.
    let same = found.len() == expected.len()
        && found.iter().zip(&expected).all(|(f, e)| {
            let place = |s: &str| {
                s.splitn(5, ' ')
                    .take(if s.contains("] base ") { 4 } else { 3 })
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let (at, part) = (place(e), e[place(e).len()..].trim());
            place(f) == at && f[at.len()..].contains(part)
        });
    if same {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        let mut new: String = case
            .lines()
            .filter(|l| !is_expectation(l))
            .fold(String::new(), |out, line| out + line + "\n");
        new.truncate(new.trim_end().len());
        new.push('\n');
        for line in &found {
            writeln!(new, "{line}").unwrap();
        }
        std::fs::write(path, new).unwrap();
        return Ok(());
    }
    Err(format!(
        "{name}\n  found:\n{}\n  expected:\n{}\n",
        found.join("\n"),
        expected.join("\n")
    ))
}

#[test]
fn every_case_says_what_it_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let base = std::fs::read_to_string(folder.join("base.yaml")).unwrap();
    let law = Law::built_in().unwrap();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 60, "the cases are there");
    let wrong: Vec<String> = paths
        .iter()
        .filter_map(|path| check(&law, &base, path).err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A rule that no case breaks is a rule that nobody sees work.
#[test]
fn every_rule_of_the_language_has_a_case_that_breaks_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let all: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap())
        .collect();
    // These have their tests elsewhere: their files would be too large, or no YAML.
    let elsewhere = ["LANG-01", "LANG-18", "LANG-20"];
    for (rule, _) in agreement::rules::LANGUAGE {
        let broken = all.contains(&format!("# fault[{rule}]"))
            || all.contains(&format!("# warning[{rule}]"));
        assert!(broken || elsewhere.contains(rule), "no case breaks {rule}");
    }
}

#[test]
fn the_language_reference_has_every_rule_as_it_stands() {
    let page = std::fs::read_to_string(common::folder().join("../../docs/language.md")).unwrap();
    for (rule, sentence) in agreement::rules::LANGUAGE {
        let row = format!("| `{rule}` | {sentence} |");
        assert!(page.contains(&row), "docs/language.md lacks: {row}");
    }
}
