//! The description of the API is checked in, and the codes of its problems are in the documentation.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::path::Path;

#[test]
fn the_description_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
    let made = web::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == stands,
        "docs/api/openapi.json differs from the code: UPDATE=1 cargo test -p web --test description, and read the difference"
    );
    assert!(made.contains("\"openapi\": \"3.1.0\""));
}

#[test]
fn every_code_of_a_problem_is_documented() {
    let page = include_str!("../../../docs/api.md");
    let mut rows: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(str::to_owned)
        .collect();
    for kind in web::KINDS {
        let row = format!(
            "| `{}` | {} | {} |",
            kind.code,
            kind.status.as_u16(),
            kind.title
        );
        assert!(rows.contains(&row), "docs/api.md lacks the row: {row}");
        rows.retain(|r| *r != row);
    }
    let more: Vec<_> = rows
        .iter()
        .filter(|r| r.contains(" | 4") || r.contains(" | 5"))
        .collect();
    assert!(
        more.is_empty(),
        "docs/api.md has rows of no problem: {more:?}"
    );
}

#[test]
fn codes_are_used_once() {
    let codes: std::collections::BTreeSet<_> = web::KINDS.iter().map(|k| k.code).collect();
    assert_eq!(codes.len(), web::KINDS.len());
}
