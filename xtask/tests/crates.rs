//! The table of crates, on fixtures and in this repository.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use xtask::crates::{Walls, check, differences, table};

fn walls(of: &[(&str, &[&str])]) -> Walls {
    let own = |(name, on): &(&str, &[&str])| {
        (
            (*name).to_owned(),
            on.iter().map(|o| (*o).to_owned()).collect(),
        )
    };
    of.iter().map(own).collect()
}

#[test]
fn the_table_is_read() {
    let page = "# A\n\n| key | value |\n|---|---|\n| `no` | `no` |\n\n| crate | job | depends on |\n|---|---|---|\n\
        | `a` | with `code` | nothing |\n| `b` | x | `a` |\n| `c` | y | `a`, `b` |\n\n| `d` | | `a` |\n";
    assert_eq!(
        table(page).unwrap(),
        walls(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])])
    );
}

#[test]
fn a_page_without_the_table_is_refused() {
    for page in [
        "",
        "| crate | job |\n|---|---|\n| `a` | b |\n",
        "| c | depends on |\n|---|---|\n| a | |\n",
        "| c | depends on |\n|---|---|\n| `a` | |\n| `a` | |\n",
    ] {
        assert!(table(page).is_err(), "{page}");
    }
}

#[test]
fn differences_are_told() {
    let page = walls(&[("a", &[]), ("b", &["a"]), ("gone", &[])]);
    let workspace = walls(&[("a", &["b"]), ("b", &[]), ("new", &[])]);
    assert_eq!(
        differences(&page, &workspace),
        [
            "a depends on b, which ARCHITECTURE.md does not say",
            "ARCHITECTURE.md says that b depends on a, which it does not",
            "ARCHITECTURE.md has a row for gone, which is no crate of the workspace",
            "ARCHITECTURE.md has no row for new",
        ]
    );
    assert!(differences(&page, &page).is_empty());
}

#[test]
fn this_repository_is_as_its_page_says() {
    match check(&xtask::root()) {
        Ok(found) => assert!(found.is_empty(), "{}", found.join("\n")),
        Err(fault) => panic!("{fault}"),
    }
}
