//! The pages of docs/language: the reference is what the program declares, and every example is compiled.
//!
//! A fenced block says how it is compiled:
//! - `yaml`: sections that replace those of the small agreement; it has no fault;
//! - `yaml fault LEG-01`: the same, and that rule is broken;
//! - `yaml step`: sections that are added to what the page has built up so far;
//! - `yaml step fault LEG-01`: the same, broken there, and not kept;
//! - `yaml step check`: what the page has built up has no fault from here on;
//! - `yaml law`: a file of the law catalogue.
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

use agreement::schema::{Needed, reference, word_lists};
use agreement::{Checked, Law, Severity};
use common::{base_with, compose, folder};

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn page() -> String {
    let mut out = String::from(
        "# Reference of the agreement language

This page is made of the declarations that the reader, the checker's rules and the [JSON Schema](editor.md) are made of; a test holds it against them, and `UPDATE=1 cargo test -p agreement --test docs` writes it anew. What the constructs are for, with examples, is in [the guide](guide.md).

A part that is *needed* must be written; without it the rule in the last column is broken. Where a part is needed by some kinds of agreement only, they are named. A place that says *or a gap* takes `{ gap: name }`.

## Constructs

",
    );
    for construct in reference() {
        writeln!(out, "### {}\n\n{}\n", construct.name, construct.doc).unwrap();
        writeln!(
            out,
            "| key | needed | what is written | what it means | rule |"
        )
        .unwrap();
        writeln!(out, "|---|---|---|---|---|").unwrap();
        for part in &construct.parts {
            let needed = match &part.needed {
                Needed::Always => "yes".to_owned(),
                Needed::Never => String::new(),
                Needed::By(kinds) => kinds
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            let rule = if part.needed == Needed::Never {
                ""
            } else {
                part.rule
            };
            writeln!(
                out,
                "| `{}` | {needed} | {} | {} | {rule} |",
                part.key,
                cell(&part.words),
                cell(&part.doc)
            )
            .unwrap();
        }
        out.push('\n');
    }
    out.push_str(
        "## Words\n\nClosed lists: another word is a fault, with the nearest one as help.\n\n",
    );
    for (name, doc, words) in word_lists() {
        writeln!(out, "### {name}\n\n{doc}\n\n| word | meaning |\n|---|---|").unwrap();
        for (word, means) in words {
            writeln!(out, "| `{word}` | {} |", cell(means)).unwrap();
        }
        out.push('\n');
    }
    out.push_str("## Rules of the language\n\nRules that stand in the [requirements](../requirements.md) are named by their ids there. `crates/agreement/tests/cases` has a folder for each, with cases that break it and cases that keep it.\n\n| rule | what it asks |\n|---|---|\n");
    for (rule, sentence) in agreement::rules::LANGUAGE {
        writeln!(out, "| `{rule}` | {sentence} |").unwrap();
    }
    out
}

#[test]
fn the_reference_is_what_the_program_declares() {
    let path = folder().join("../../docs/language/reference.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap();
    assert!(
        found == page,
        "docs/language/reference.md differs; UPDATE=1 writes it anew"
    );
}

/// The fenced blocks of a page: what their fence says, the line they begin in, and their text.
fn blocks(page: &str) -> Vec<(String, usize, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (i, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(says)) => open = Some((says.trim().to_owned(), i + 1, String::new())),
            (Some(_), Some(_)) => out.extend(open.take()),
            (Some((.., text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    out
}

fn faults(checked: &Checked) -> Vec<String> {
    let faults = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Fault);
    faults.map(ToString::to_string).collect()
}

#[test]
fn every_example_is_compiled() {
    let library = common::library_of("tests/cases/beside");
    let law = common::law();
    let check = |text: &str| agreement::check("example.yaml", text.as_bytes(), &law, &library);
    let mut compiled = 0;
    for entry in std::fs::read_dir(folder().join("../../docs/language")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut built = String::new();
        for (says, line, text) in blocks(&std::fs::read_to_string(&path).unwrap()) {
            let words: Vec<&str> = says.split_whitespace().collect();
            let at = format!("{name}:{line}");
            let broken = |text: &str, rule: &str| {
                let found = faults(&check(text));
                assert!(
                    found.iter().any(|f| f.contains(&format!("[{rule}]"))),
                    "{at}: {rule} in {found:#?}"
                );
            };
            match words.as_slice() {
                ["yaml"] => {
                    assert_eq!(faults(&check(&base_with(&text))), [] as [String; 0], "{at}")
                }
                ["yaml", "fault", rule] => broken(&base_with(&text), rule),
                ["yaml", "step"] => built = compose(&built, &text).0,
                ["yaml", "step", "fault", rule] => broken(&compose(&built, &text).0, rule),
                ["yaml", "step", "check"] => {
                    built = compose(&built, &text).0;
                    assert_eq!(faults(&check(&built)), [] as [String; 0], "{at}\n{built}");
                }
                ["yaml", "law"] => {
                    let file = (at.clone(), text.clone());
                    let read = Law::with(std::slice::from_ref(&file));
                    assert!(read.is_ok(), "{at}: {:?}", read.err());
                }
                ["yaml", ..] => panic!("{at}: a fence that says `{says}`"),
                _ => continue,
            }
            compiled += 1;
        }
    }
    assert!(compiled >= 40, "{compiled} examples");
}
