//! The commands that link lists in files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use serde_json::Value;

const MODEL: &str = "\
linkage: 1
name: small
id: id
columns:
  person: { kind: name, from: [given, family] }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - [person.word, town]
comparisons:
  person: [same, within, variant, close, all-but-one, shares]
  born: [same, one-digit, same-year]
  town: [same, like 0.9]
training:
  - person
decide:
  strong:
    - { person: close, born: same }
";

fn link(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .current_dir(folder)
        .arg("link")
        .args(args)
        .output()
        .unwrap()
}

/// Two lists of invented people; every third of the first is in the second, and one in five of those moved.
fn lists(folder: &Path) -> usize {
    let header = "id,given,family,born,town\n".to_owned();
    let (mut left, mut right) = (header.clone(), header);
    let mut both = 0;
    let person = |n: usize| {
        let (given, family) = (n * 7919 % 97, n * 104_729 % 389);
        let day = n * 6007 % 10_000;
        let born = format!(
            "{}-{:02}-{:02}",
            1950 + day / 336,
            day % 336 / 28 + 1,
            day % 28 + 1
        );
        format!(
            "gi{}ven{given},fa{}mily{family},{born}",
            "aeiou".chars().nth(given % 5).unwrap(),
            "aeiou".chars().nth(family % 5).unwrap()
        )
    };
    for n in 0..900 {
        writeln!(left, "L{n},{},town{}", person(n), n % 41).unwrap();
        if n % 3 == 0 {
            let moved = usize::from(n % 5 == 0);
            writeln!(right, "R{n},{},town{}", person(n), (n + moved) % 41).unwrap();
            both += 1;
        }
        writeln!(right, "X{n},{},town{}", person(n + 10_000), n % 37).unwrap();
    }
    std::fs::write(folder.join("left.csv"), left).unwrap();
    std::fs::write(folder.join("right.csv"), right).unwrap();
    std::fs::write(folder.join("model.yaml"), MODEL).unwrap();
    both
}

#[test]
fn trained_apart_or_at_once_the_pairs_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let both = lists(folder.path());
    let files = [
        "--left",
        "left.csv",
        "--right",
        "right.csv",
        "--model",
        "model.yaml",
    ];
    let with = |verb: &str, more: &[&str]| {
        let args: Vec<&str> = std::iter::once(verb)
            .chain(files)
            .chain(more.iter().copied())
            .collect();
        link(folder.path(), &args)
    };
    let told = with("train", &["--out", "trained.json"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let text = String::from_utf8(told.stdout).unwrap();
    let born = text
        .lines()
        .skip_while(|line| *line != "born: level, m, u, bits, u rests on");
    let levels = born.skip(1).map_while(|line| line.strip_prefix("  "));
    let words: Vec<_> = levels.filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(
        words,
        ["same", "one-digit", "same-year", "no level"],
        "{text}"
    );
    let told = with("score", &["--out", "at-once.parquet", "--json"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(told.stderr.is_empty(), "no progress where nobody looks");
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    let strong = usize::try_from(json["strong"].as_u64().unwrap()).unwrap();
    assert!(strong * 10 > both * 9 && strong <= both + 5, "{json}");
    let told = with(
        "score",
        &[
            "--trained",
            "trained.json",
            "--out",
            "apart.parquet",
            "--threads",
            "1",
        ],
    );
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("at-once.parquet"), read("apart.parquet"));
}

#[test]
fn an_interruption_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    lists(folder.path());
    let master = std::fs::read_to_string(folder.path().join("right.csv")).unwrap();
    let (header, rows) = master.split_once('\n').unwrap();
    std::fs::write(
        folder.path().join("right.csv"),
        format!("{header}\n{}", rows.repeat(500)),
    )
    .unwrap();
    // Later and later, until one came too late.
    let mut interrupted = 0;
    for wait in (0..).map(|n| Duration::from_millis(20).mul_f64(1.6_f64.powi(n))) {
        let args =
            "link score --left left.csv --right right.csv --model model.yaml --out out.parquet";
        let child = Command::new(env!("CARGO_BIN_EXE_concordat"))
            .current_dir(folder.path())
            .args(args.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        let pid = Pid::from_child(&child);
        // One that ended before cannot be interrupted.
        let _ = kill_process(pid, Signal::INT);
        let ended = child.wait_with_output().unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        if ended.status.success() {
            assert_eq!(files, 4, "the pairs are there and nothing else");
            break;
        }
        if ended.status.code() == Some(1) {
            interrupted += 1;
            let text = String::from_utf8(ended.stderr).unwrap();
            assert!(text.contains("stopped before the end"), "{text}");
        }
        assert_eq!(files, 3, "a half of a file lies about");
    }
    assert!(
        interrupted > 0,
        "no interruption came while a list was read"
    );
}

#[test]
fn what_cannot_be_linked_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    lists(folder.path());
    let refused = |args: &[&str], words: &[&str]| {
        let told = link(folder.path(), args);
        assert_eq!(told.status.code(), Some(1), "{told:?}");
        let text = String::from_utf8(told.stderr).unwrap();
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!folder.path().join("out.parquet").exists());
        let left_over = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left_over, 4, "a half of a file lies about");
    };
    let text = MODEL.replace("from: town", "from: village");
    std::fs::write(folder.path().join("other.yaml"), text).unwrap();
    let score = [
        "score",
        "--left",
        "left.csv",
        "--right",
        "right.csv",
        "--out",
        "out.parquet",
        "--model",
    ];
    let with = |more: &str| -> Vec<String> {
        score
            .iter()
            .chain([&more])
            .map(|s| (*s).to_owned())
            .collect()
    };
    let run = |model: &str, words: &[&str]| {
        let args = with(model);
        refused(&args.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    run("other.yaml", &["left.csv", "no column 'village'", "town"]);
    std::fs::write(
        folder.path().join("other.yaml"),
        MODEL.replace("kind: date", "kind: dote"),
    )
    .unwrap();
    run("other.yaml", &["other.yaml", "dote", "date"]);
    std::fs::write(folder.path().join("other.yaml"), MODEL).unwrap();
    let right = std::fs::read_to_string(folder.path().join("right.csv")).unwrap();
    std::fs::write(
        folder.path().join("right.csv"),
        format!("{right}R9999,only two\n"),
    )
    .unwrap();
    run("other.yaml", &["right.csv", "line", "number of columns"]);
    std::fs::write(
        folder.path().join("right.csv"),
        "id,given,family,born,town\n",
    )
    .unwrap();
    run("other.yaml", &["master list", "no record"]);
}

#[test]
fn one_list_is_held_against_itself() {
    let folder = tempfile::tempdir().unwrap();
    lists(folder.path());
    let right = std::fs::read_to_string(folder.path().join("right.csv")).unwrap();
    let left = std::fs::read_to_string(folder.path().join("left.csv")).unwrap();
    let all = left + right.split_once('\n').unwrap().1;
    std::fs::write(folder.path().join("all.csv"), all).unwrap();
    let told = link(
        folder.path(),
        &[
            "dedupe",
            "--left",
            "all.csv",
            "--model",
            "model.yaml",
            "--out",
            "out.parquet",
            "--json",
        ],
    );
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert!(json["strong"].as_u64().unwrap() > 250, "{json}");
}
