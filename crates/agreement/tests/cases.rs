//! Runs the annotated cases of `tests/cases`, a folder for each rule. Each file is the sections of an agreement
//! that differ from `base.yaml`, then what the checker says about them:
//!
//! ```yaml
//! # shows: ...                          the requirements that the case shows
//! # without: keep                       sections of the base that the case leaves out
//! # whole                               the file stands alone, without the base
//! flows: ...
//! # fault[LEG-01] 4:30-4:43 the message
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

use agreement::{Diagnostic, Law, Library};
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
    ["# fault[", "# warning[", "# gap["]
        .iter()
        .any(|start| line.starts_with(start))
}

struct Suite {
    law: Law,
    library: Library,
    base: String,
}

impl Suite {
    fn new() -> Self {
        Self {
            law: common::law(),
            library: common::library_of("tests/cases/beside"),
            base: std::fs::read_to_string(common::folder().join("tests/cases/base.yaml")).unwrap(),
        }
    }

    /// Checks one case; the answer tells what differs.
    fn check(&self, path: &Path) -> Result<(), String> {
        let case = std::fs::read_to_string(path).unwrap();
        let (text, places) = compose(&self.base, &case);
        let name = path.file_name().unwrap().to_str().unwrap();
        let checked = agreement::check(name, text.as_bytes(), &self.law, &self.library);
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
        if found == expected {
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
            "{}\n  found:\n{}\n  expected:\n{}\n",
            path.display(),
            found.join("\n"),
            expected.join("\n")
        ))
    }
}

/// The cases by rule: a folder each.
fn cases() -> Vec<(String, Vec<PathBuf>)> {
    let list = |folder: &Path| {
        let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        all.sort();
        all
    };
    list(&common::folder().join("tests/cases"))
        .into_iter()
        .filter(|path| path.is_dir() && !path.ends_with("beside"))
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                list(&path),
            )
        })
        .collect()
}

#[test]
fn every_case_says_what_it_expects() {
    let suite = Suite::new();
    let all: Vec<PathBuf> = cases().into_iter().flat_map(|(_, paths)| paths).collect();
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|path| suite.check(path).err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(all.len() >= 250, "{} cases", all.len());
}

/// A rule that no case breaks is a rule that nobody sees work; one that no case keeps may refuse everything.
#[test]
fn each_rule_is_seen_from_both_sides() {
    for (rule, paths) in cases() {
        let told = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            ["fault", "warning", "gap"]
                .iter()
                .any(|s| text.contains(&format!("# {s}[{rule}]")))
        };
        let (breaks, keeps): (Vec<_>, Vec<_>) = paths.iter().partition(|path| told(path));
        assert!(!breaks.is_empty(), "no case breaks {rule}");
        assert!(!keeps.is_empty(), "no case keeps {rule}");
    }
}

#[test]
fn every_rule_of_the_language_has_its_cases() {
    let cases = cases();
    // These have their tests elsewhere: their files would be too large, or no text.
    let elsewhere = ["LANG-01", "LANG-18", "LANG-20"];
    for (rule, _) in agreement::rules::LANGUAGE {
        let there = cases.iter().any(|(name, _)| name == rule);
        assert!(there || elsewhere.contains(rule), "{rule} has no cases");
    }
}
