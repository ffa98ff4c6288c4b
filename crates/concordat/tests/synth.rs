//! The command that writes a synthetic world.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn synth(out: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["synth", "--people", "600", "--out"])
        .arg(out)
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn a_world_is_written_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("world");
    let told = synth(&out, &["--json"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(told.stderr.is_empty(), "no progress where nobody looks");
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&json["people"], &json["seed"]), (&600.into(), &7.into()));
    assert!(json["case-register"]["people"].as_u64().unwrap() > 60);
    assert!(json["hmrc"].as_u64().unwrap() > json["dwp"].as_u64().unwrap());
    assert!(json["dwp"].as_u64().unwrap() > json["dfe"].as_u64().unwrap());
    assert!(json["dfe"].as_u64().unwrap() > 10);
    for file in [
        "ho/register.db",
        "hmrc/master.parquet",
        "dwp/master.parquet",
        "dfe/census.parquet",
        "truth.parquet",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let other = folder.path().join("other");
    let told = synth(&other, &["--seed", "8"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        text.starts_with("600 synthetic people of seed 8 in "),
        "{text}"
    );
    assert!(text.contains("in the case register"), "{text}");
    assert!(
        text.contains("in the school census (dfe/census.parquet)"),
        "{text}"
    );
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        synth(folder.path(), &[]).status.code(),
        Some(0),
        "an empty one is not"
    );
    let before = std::fs::read(folder.path().join("truth.parquet")).unwrap();
    let told = synth(folder.path(), &["--seed", "8"]);
    assert_eq!(told.status.code(), Some(2));
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(
        text.contains("has something in it: give --out a folder that is empty"),
        "{text}"
    );
    assert!(before == std::fs::read(folder.path().join("truth.parquet")).unwrap());
    let help = synth(folder.path(), &["--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("Example: concordat synth "), "{help}");
}
