//! What is untidy, on fixtures and in this repository.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

fn check(path: &str, text: &str, expect: &[&str]) {
    let found = xtask::tidy::check(&[(path.to_owned(), text.to_owned())]);
    assert_eq!(found.len(), expect.len(), "{path}: {text}: {found:?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.contains(expect), "{found} is not {expect}");
    }
}

#[test]
fn files() {
    check("a.yaml", "a:\n\tb: 1\n", &["a.yaml:2: a tab"]);
    check("a.yaml", "a: \tb\n", &[]);
    check("crates/a/tests/cases/tab.yaml", "a:\n\tb: 1\n", &[]);
    check(
        "a.md",
        concat!("see /wo", "rk/x"),
        &["a folder of one machine"],
    );
    check(
        "a.md",
        concat!("see /ro", "ot/x"),
        &["a folder of one machine"],
    );
    check(
        "a.toml",
        concat!("https://static.crates", ".io/x"),
        &["registry"],
    );
    check(
        "a.rs",
        concat!("    #[ignore", "]\n"),
        &["a.rs:1: a test is ignored"],
    );
    check("a.rs", "    #[ignore = \"slow\"]\n", &[]);
    check("crates/a/src/lib.rs", "mod b;\n", &["begin with //!"]);
    check("crates/a/src/lib.rs", "//! A.\n", &[]);
    check("crates/a/src/b.rs", "mod b;\n", &[]);
    check(
        "Cargo.lock",
        "source = \"git+https://example.org/x\"\n",
        &["another source"],
    );
    check(
        "Cargo.lock",
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
        &[],
    );
}

// shows: SEC-15
#[test]
fn numbers_that_could_be_a_persons() {
    let could = "a National Insurance number";
    check("a.csv", concat!("x,JA", "123456B,y"), &[could]);
    check("a.csv", concat!("JA ", "12 34 56 B"), &[could]);
    for fine in [
        "QQ123456C",
        "QQ 12 34 56 C",
        "AO123456A",
        "ZZ123456A",
        "AA999999A",
        "JA123456E",
        "XJA123456B",
        "JA123456BX",
        "ja123456b",
    ] {
        check("a.csv", fine, &[]);
    }
}

// shows: SEC-15
#[test]
fn this_repository_is_tidy() {
    let found = xtask::tidy::of(&xtask::root()).unwrap();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = xtask::text(&xtask::root().join("Cargo.toml")).unwrap();
    let page = xtask::text(&xtask::root().join("docs/decisions/0010-dependencies.md")).unwrap();
    let told: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|cell| cell.split(", "))
        .collect();
    let (_, after) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let lines = after.lines().take_while(|line| !line.starts_with('['));
    for line in lines.filter(|line| line.contains(" = ") && !line.contains("path = ")) {
        let name = line.split(" = ").next().unwrap();
        assert!(
            told.contains(&name),
            "docs/decisions/0010-dependencies.md gives no reason for {name}"
        );
    }
}
