//! The commands around an agreement, as a person or another program uses them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn concordat(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(args)
        .output()
        .unwrap()
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

fn json(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(out)))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements")
}

fn agreement(name: &str) -> String {
    folder().join(format!("{name}.yaml")).display().to_string()
}

/// A copy of an agreement in a folder of its own, with its umbrella and one change.
fn changed(dir: &Path, name: &str, from: &str, to: &str) -> String {
    for beside in ["mou-u-a", "mou-u-d", "ho-dfe-umbrella"] {
        std::fs::copy(agreement(beside), dir.join(format!("{beside}.yaml"))).unwrap();
    }
    let text = std::fs::read_to_string(agreement(name)).unwrap();
    assert!(text.contains(from), "{from}");
    let path = dir.join(format!("{name}.yaml"));
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.display().to_string()
}

fn answers(args: &[&str], code: i32, says: &str) -> Output {
    let out = concordat(args);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {}", text(&out));
    assert!(text(&out).contains(says), "{args:?}: {}", text(&out));
    out
}

#[test]
fn commands_answer_with_their_exit_codes() {
    let file = agreement("contact-thread");
    answers(
        &["check", &file],
        0,
        "53 permits to disclose, 53 to use, 30 to keep, hash ",
    );
    answers(&["check", "nowhere.yaml"], 2, "nowhere.yaml");
    answers(&["check"], 2, "Usage");
    answers(&["permits", &file], 0, "does not move");
    answers(&["permits", &file, "--law", "nowhere"], 2, "nowhere");
    answers(&["render", &file, "--markdown"], 0, "## 16. Annexes");
    answers(&["schema"], 0, "\"$schema\"");
    answers(&["schema", "--law"], 0, "gateways");
    answers(&["fmt", "--check", &file], 0, "");
    answers(&["diff", &file, &file], 0, "nobody must sign again");
    for command in [
        "check", "permits", "explain", "render", "diff", "schema", "fmt",
    ] {
        answers(&[command, "--help"], 0, "Example: concordat ");
    }
}

#[test]
fn all_instruments_check_with_their_gaps_alone() {
    let files: Vec<String> = ["", "examples/"]
        .iter()
        .flat_map(|sub| std::fs::read_dir(folder().join(sub)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(files.len() >= 19, "{files:?}");
    let mut args = vec!["check", "--json"];
    args.extend(files.iter().map(String::as_str));
    let out = concordat(&args);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let found = json(&out);
    let all = found.as_array().unwrap();
    assert!(
        all.iter()
            .all(|d| d["severity"] == "gap" && d["rule"] == "LANG-17")
    );
    assert!(
        all.iter()
            .all(|d| !d["file"].as_str().unwrap().contains("examples")),
        "the examples have no gap"
    );
}

#[test]
fn a_fault_is_told_for_people_and_for_programs() {
    let dir = tempfile::tempdir().unwrap();
    let file = changed(
        dir.path(),
        "contact-thread",
        "gate: bcia-2009-s21",
        "gate: bcia-2009-s12",
    );
    answers(&["check", &file], 1, "did you mean `bcia-2009-s21`?");
    let out = answers(&["check", "--json", &file], 1, "LANG-08");
    let found = json(&out);
    let fault = &found[0];
    for key in [
        "rule", "severity", "file", "line", "column", "message", "help",
    ] {
        assert!(!fault[key].is_null(), "{key}");
    }
    let out = concordat(&["check", "--sarif", &file]);
    assert_eq!(out.status.code(), Some(1));
    let sarif = json(&out);
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&"LANG-08".into(), &"error".into())
    );
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], fault["line"]);
    answers(&["permits", &file], 1, "LANG-08");
    answers(&["render", &file], 1, "LANG-08");
    answers(&["diff", &agreement("contact-thread"), &file], 1, "LANG-08");
}

fn explain(extra: &[&str]) -> Output {
    let file = agreement("contact-thread");
    let args = [
        "explain",
        &file,
        "--field",
        "extract.nino",
        "--about",
        "migrant",
        "--on",
        "2026-02-02",
    ];
    concordat(&[&args[..], extra].concat())
}

#[test]
fn explain_says_yes_with_the_chain_or_no_with_what_is_nearest() {
    let out = explain(&["--from", "ho", "--to", "hmrc", "--purpose", "contact"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let told = text(&out);
    for part in [
        "ask/extract.nino/migrant/bcia-2009-s21",
        "flow ask",
        "lost: in_pool is yes",
        "until the matching of the run is complete",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let no = |args: &[&str], rule: &str| {
        let out = explain(args);
        assert_eq!(out.status.code(), Some(1), "{}", text(&out));
        assert!(text(&out).contains(rule), "{}", text(&out));
    };
    no(
        &["--from", "ho", "--to", "dwp", "--purpose", "contact"],
        "LEG-01",
    );
    no(
        &["--from", "hmrc", "--to", "ho", "--purpose", "contact"],
        "the other way",
    );
    no(
        &["--from", "ho", "--to", "hmrc", "--purpose", "marketing"],
        "LEG-23",
    );
    let asked = [
        "--from",
        "ho",
        "--to",
        "hmrc",
        "--purpose",
        "contact",
        "--fact",
        "in_pool=yes",
    ];
    no(&asked, "not recorded");
    let known = ["--fact", "last_contact=2025-01-01", "--fact", "dead=no"];
    let out = explain(&[&asked[..], &known].concat());
    assert!(
        out.status.success() && text(&out).contains("yes, for this record"),
        "{}",
        text(&out)
    );
    let out = explain(&[&asked[..], &["--json"]].concat());
    assert_eq!(json(&out)["answer"], "no");
    for wrong in [["--act", "sell"], ["--fact", "nothing"], ["--to", "A B"]] {
        let out = explain(&[&["--from", "ho", "--purpose", "contact"], &wrong[..]].concat());
        assert_eq!(out.status.code(), Some(2), "{}", text(&out));
    }
}

#[test]
fn what_gaps_stop_is_said() {
    let file = agreement("no-contact");
    let args = [
        "explain",
        &file,
        "--field",
        "extract.nino",
        "--about",
        "migrant",
        "--from",
        "ho",
        "--to",
        "hmrc",
        "--purpose",
        "contact",
        "--on",
        "2016-05-01",
    ];
    let out = concordat(&args);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        text(&out).contains("stopped by gaps: contacts, impact, signatures, umbrella-ho-dwp"),
        "{}",
        text(&out)
    );
    let out = concordat(&[&args[..], &["--as-if-filled"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    answers(
        &["check", "--as-if-filled", &file],
        0,
        "168 permits to disclose",
    );
    answers(
        &["check", "--as-if-in-force", &file],
        0,
        "108 permits to disclose",
    );
}

#[test]
fn diff_names_what_is_given_and_who_signs() {
    let dir = tempfile::tempdir().unwrap();
    let line = "      postcode:       { type: postcode,";
    let new = changed(
        dir.path(),
        "contact-thread",
        line,
        &format!(
            "      phone: {{ type: phone, class: personal, why: compares, present: if-held }}\n{line}"
        ),
    );
    let old = agreement("contact-thread");
    let out = answers(&["diff", &old, &new], 0, "must sign again: hmrc, ho");
    assert!(
        text(&out).contains("+ disclose ask/extract.phone/migrant/bcia-2009-s21"),
        "{}",
        text(&out)
    );
    let out = answers(&["diff", "--json", &new, &old], 0, "taken");
    assert_eq!(json(&out)["given"], serde_json::json!([]));
}

#[test]
fn a_page_is_written_to_a_file_and_fmt_keeps_the_hash() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("page.html").display().to_string();
    answers(
        &["render", &agreement("contact-thread"), "--out", &page],
        0,
        "",
    );
    assert!(
        std::fs::read_to_string(&page)
            .unwrap()
            .starts_with("<!doctype html>")
    );

    let file = changed(
        dir.path(),
        "contact-thread",
        "charges: none",
        "charges:     none   # nothing",
    );
    let hash = |file: &str| {
        text(&concordat(&["check", file]))
            .split("hash ")
            .nth(1)
            .unwrap()
            .trim()
            .to_owned()
    };
    let before = hash(&file);
    answers(&["fmt", "--check", &file], 1, "not in the one layout");
    let json = answers(&["fmt", "--check", "--json", &file], 1, "");
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told, serde_json::json!({ "other": [file], "faults": [] }));
    answers(&["fmt", &file], 0, "laid out");
    let json = answers(&["fmt", "--check", "--json", &file], 0, "");
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told, serde_json::json!({ "other": [], "faults": [] }));
    answers(&["fmt", "--check", &file], 0, "");
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains("charges: none  # nothing\n")
    );
    assert_eq!(hash(&file), before);
}

/// A statute of one's own in a folder: the same agreement is lawful with it and unlawful without.
#[test]
fn law_may_be_added_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let law = dir.path().join("law");
    std::fs::create_dir(&law).unwrap();
    std::fs::write(
        law.join("canals.yaml"),
        "gateways:\n  canals-2026-s1:\n    cites: section 1 of a Canals Act\n    ways: [ { from: home-office, to: hmrc, purposes: [immigration-control] } ]\n    checks: [it is invented]\n",
    )
    .unwrap();
    let file = changed(
        dir.path(),
        "contact-thread",
        "gate: bcia-2009-s21",
        "gate: canals-2026-s1",
    );
    answers(&["check", &file], 1, "LANG-08");
    answers(
        &["check", &file, "--law", &law.display().to_string()],
        0,
        "53 permits",
    );
    std::fs::write(law.join("canals.yaml"), "gateways:\n  x: { cite: y }\n").unwrap();
    answers(
        &["check", &file, "--law", &law.display().to_string()],
        1,
        "canals.yaml:2:8: fault[LANG-04]",
    );
}
