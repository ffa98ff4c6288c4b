//! The node key is replaced: every value opens as before, the old key is nowhere, and a stop at any instruction leaves a node
//! that goes on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{House, files};

const REKEY: [&str; 8] = [
    "node",
    "rekey",
    "--reason",
    "an operator has left",
    "--dir",
    "ho",
    "--as",
    "r1:siro",
];
const PROVES: [&str; 7] = [
    "prove",
    "disclosure",
    "ask-2026-02",
    "--row",
    "1",
    "--dir",
    "ho",
];
/// Calls that make what was done last.
const CALLS: [&str; 6] = ["mkdir", "write", "fsync", "rename", "unlink", "rmdir"];

fn concordat(at: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
    command.args(args).current_dir(at);
    command
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[track_caller]
fn answers(at: &Path, args: &[&str], code: i32, says: &str) -> String {
    let out = concordat(at, args).output().unwrap();
    let text = text(&out);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(says), "{args:?}: {text}");
    text
}

/// The directory of a Home Office node that sent a file, and that no process has open.
async fn left() -> tempfile::TempDir {
    let house = House::new(None, None).await;
    house.asked().await;
    let House { dir, ho, hmrc, .. } = house;
    drop((ho, hmrc));
    // A database closes its files on a thread of its own.
    while open_below(dir.path()) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    dir
}

/// Has this process a file open below this folder?
fn open_below(folder: &Path) -> bool {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut files = open.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
    files.any(|file| file.starts_with(folder))
}

fn node_key(at: &Path) -> String {
    std::fs::read_to_string(at.join("ho/keys/node.key")).unwrap()
}

/// The files of the node in which the text stands.
fn with(at: &Path, text: &str) -> Vec<PathBuf> {
    let mut all = files(&at.join("ho"));
    all.retain(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|w| w == text.as_bytes())
    });
    all
}

/// How often an act stands in the published ledger.
fn acts(at: &Path, act: &str) -> usize {
    let name = format!("\"act\":\"{act}\"");
    let bundles = files(&at.join("ho/ledger"));
    let entries = bundles
        .iter()
        .filter(|p| p.to_string_lossy().contains("entries"));
    let newest = entries.map(|p| std::fs::read(p).unwrap());
    let count = |b: Vec<u8>| {
        b.windows(name.len())
            .filter(|w| *w == name.as_bytes())
            .count()
    };
    newest.map(count).max().unwrap_or(0)
}

// shows: SEC-13
#[tokio::test]
async fn the_node_key_is_replaced_and_the_old_one_is_destroyed() {
    let dir = left().await;
    let at = dir.path();
    let old = node_key(at);
    answers(at, &PROVES, 0, "fields@v1");
    let mut officer = REKEY;
    officer[7] = "o1:data-sharing-officer";
    answers(at, &officer, 1, "SEC-09");
    let mut dry = REKEY.to_vec();
    dry.push("--dry-run");
    answers(at, &dry, 0, "dry run");
    assert_eq!(node_key(at), old);
    answers(at, &REKEY, 0, "the old one is destroyed");
    let new = node_key(at);
    assert_ne!(new, old);
    assert_eq!(with(at, &old), Vec::<PathBuf>::new());
    answers(at, &PROVES, 0, "fields@v1");
    answers(at, &["doctor", "--dir", "ho"], 0, "0 days old");
    let counted = ["node-key.replacing", "node-key.replaced"].map(|act| acts(at, act));
    assert_eq!(counted, [1, 1]);
    // While a process has the node open nothing is begun.
    let mut worker = concordat(at, &["node", "work", "--watch", "60", "--dir", "ho"])
        .spawn()
        .unwrap();
    let mut tries = 0;
    let refused = loop {
        let out = concordat(at, &dry).output().unwrap();
        tries += 1;
        if out.status.code() != Some(0) || tries > 100 {
            break text(&out);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(refused.contains("the node is running"), "{refused}");
    // Into the environment: the file is gone, and the node opens with the variable alone.
    let value = "ab".repeat(32);
    let mut to = REKEY.to_vec();
    to.extend(["--to", "env:HO_NODE_KEY"]);
    let moved = concordat(at, &to)
        .env("HO_NODE_KEY", &value)
        .output()
        .unwrap();
    assert_eq!(moved.status.code(), Some(0), "{}", text(&moved));
    assert!(!at.join("ho/keys/node.key").exists());
    assert_eq!(with(at, &new), Vec::<PathBuf>::new());
    answers(at, &PROVES, 3, "HO_NODE_KEY is not set");
    let opens = concordat(at, &PROVES)
        .env("HO_NODE_KEY", &value)
        .output()
        .unwrap();
    assert_eq!(opens.status.code(), Some(0), "{}", text(&opens));
    let again = concordat(at, &REKEY)
        .env("HO_NODE_KEY", &value)
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(2), "{}", text(&again));
}

/// Runs the replacement and kills it at the nth of these calls on a file of the keys; false when it made fewer.
fn killed(at: &Path, call: &str, nth: usize) -> bool {
    let mut strace = Command::new("strace");
    strace
        .current_dir(at)
        .args(["-f", "-qq", "-o", "/dev/null"]);
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    strace.args(["-e", &format!("trace={call}"), "-e", &inject]);
    let vault = at.join("ho/keys/vault");
    let mut names: Vec<PathBuf> = files(&vault);
    names.extend(["lookup", "before", "after"].map(|name| vault.join(name)));
    for path in names {
        let next = vault.join("next").join(path.file_name().unwrap());
        for path in [path, next] {
            strace.arg("-P").arg(path);
        }
    }
    for name in ["vault", "vault/next", "node.key", "node.key.next", ""] {
        for home in [at.join("ho/keys"), PathBuf::from("ho/keys")] {
            let path = home.join(name);
            strace
                .arg("-P")
                .arg(path.to_string_lossy().trim_end_matches('/'));
        }
    }
    strace.arg(env!("CARGO_BIN_EXE_concordat")).args(REKEY);
    let out = strace.output().unwrap();
    !out.status.success()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let path = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &path),
            false => drop(std::fs::copy(entry.path(), path).unwrap()),
        }
    }
    let mode = std::fs::metadata(from).unwrap().permissions();
    std::fs::set_permissions(to, mode).unwrap();
}

#[tokio::test]
async fn killed_at_any_call_on_the_keys_it_is_given_again_and_nothing_is_lost() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("NOT RUN: strace is not installed: apt-get install strace");
        return;
    }
    let dir = left().await;
    let mut kills = 0;
    for call in CALLS {
        for nth in 1.. {
            let copied = tempfile::tempdir().unwrap();
            let at = copied.path();
            copy(dir.path(), at);
            let old = node_key(at);
            if !killed(at, call, nth) {
                break;
            }
            kills += 1;
            // Whatever else is done first: the node opens as it is.
            answers(at, &PROVES, 0, "fields@v1");
            answers(at, &REKEY, 0, "the old one is destroyed");
            answers(at, &PROVES, 0, "fields@v1");
            assert_ne!(node_key(at), old, "{call} {nth}");
            assert_eq!(with(at, &old), Vec::<PathBuf>::new(), "{call} {nth}");
            assert_eq!(acts(at, "node-key.replaced"), 1, "{call} {nth}");
            assert!(!at.join("ho/keys/vault/next").exists());
        }
    }
    println!("{kills} kills");
    assert!(kills > 20, "{kills}");
}
