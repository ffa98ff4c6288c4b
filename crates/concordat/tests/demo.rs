//! The demonstration and the commands, as a person uses them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::process::{Command, Output};

fn concordat(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(args)
        .output()
        .unwrap()
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[test]
fn the_demonstration_ends_verified_and_can_be_checked_by_anybody() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let out = concordat(&[
        "demo",
        "--people",
        "4000",
        "--months",
        "6",
        "--dir",
        &at(""),
    ]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(text(&out).matches("ledger verified: ").count(), 3);
    for told in ["refused (AGR-29)", "refused (APP-03)", "refused (APP-08)"] {
        assert!(text(&out).contains(told), "{told}: {}", text(&out));
    }
    let page = std::fs::read_to_string(dir.path().join("index.html")).unwrap();
    for shown in [
        "ISD HMRC Match lifted",
        "Hit rate, by run",
        "Keys destroyed, by month",
        "change-benefit reopened",
        "APP-08",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(dir.path().join("memorandum.html").exists());
    assert!(dir.path().join("files/ask-2016-09-ask.xlsx").exists());
    assert!(dir.path().join("files/ask-2016-09-forward.csv").exists());

    let out = concordat(&["verify", &at("ho/ledger")]);
    assert!(
        out.status.success() && text(&out).contains("ledger verified: "),
        "{}",
        text(&out)
    );
    let key = at("ho/ledger/key");
    for (proof, words) in [
        ("proof-of-a-cell.json", "dash_source"),
        ("proof-of-a-destruction.json", "a key was destroyed"),
    ] {
        let out = concordat(&["verify", "--proof", &at(proof), "--key", &key]);
        assert!(
            out.status.success() && text(&out).contains(words),
            "{}",
            text(&out)
        );
        let other = concordat(&[
            "verify",
            "--proof",
            &at(proof),
            "--key",
            &at("hmrc/ledger/key"),
        ]);
        assert_eq!(
            other.status.code(),
            Some(1),
            "another ledger's key shows nothing"
        );
    }

    let entries = dir.path().join("ho/ledger/tile/entries");
    let (mut whole, mut partial) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(entries).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            partial.extend(std::fs::read_dir(path).unwrap().map(|f| f.unwrap().path()));
        } else {
            whole.push(path);
        }
    }
    assert!(
        partial.len() <= 1,
        "no file lies about that no verifier looks at"
    );
    let file = whole.pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let out = concordat(&["verify", &at("ho/ledger")]);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        text(&out).contains("NOT VERIFIED") && text(&out).contains("entry "),
        "{}",
        text(&out)
    );
}

#[test]
fn the_exchange_with_the_education_department_is_shown_too() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let home = at("dfe-demo");
    let out = concordat(&[
        "demo",
        "--exchange",
        "dfe",
        "--people",
        "3000",
        "--months",
        "3",
        "--dir",
        &home,
    ]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    for told in [
        "monthly-2016-06: 45 asked about",
        "one case, in the circumstance",
        "with 10 headings",
        "records are part of the permanent record",
    ] {
        assert!(text(&out).contains(told), "{told}: {}", text(&out));
    }
    assert_eq!(text(&out).matches("ledger verified: ").count(), 2);
    let page = std::fs::read_to_string(dir.path().join("dfe-demo/index.html")).unwrap();
    assert!(page.contains("monthly-2016-06"));
    // What is there is not played over.
    let again = concordat(&["demo", "--exchange", "dfe", "--dir", &home]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again));
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |_| {
        let dir = tempfile::tempdir().unwrap();
        let out = concordat(&[
            "demo",
            "--people",
            "500",
            "--months",
            "1",
            "--dir",
            &dir.path().display().to_string(),
        ]);
        let told = text(&out);
        let end = told.find("\nThe report of the three nodes").unwrap();
        // The ciphertext is sealed with fresh randomness; all else follows from the seed.
        let lines: Vec<_> = told[..end]
            .split_whitespace()
            .filter(|word| !word.starts_with("ciphertext="))
            .map(str::to_owned)
            .collect();
        let page = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
        (lines, [page("index.html"), page("memorandum.html")])
    };
    let ((lines, pages), (lines_again, pages_again)) = (story(1), story(2));
    assert_eq!(lines, lines_again);
    // Not by assert_eq: a page that differs is long.
    assert!(pages == pages_again, "the report and the memorandum");
}

#[test]
fn a_ledger_that_is_not_there_is_told() {
    let out = concordat(&["verify", "nowhere"]);
    assert_eq!(out.status.code(), Some(3));
    assert!(text(&out).contains("nowhere"), "{}", text(&out));
}
