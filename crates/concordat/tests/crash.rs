//! Killed at any moment and started again, or kept in another database: the run ends the same, and each message
//! is sent once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

mod place {
    pub fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    }
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use courier::DirectoryShelf;
use ledger::{Entry, Fact, LogFiles, VerifierKey, verify_log};

const KILLS: u32 = 100;
const PARTIES: [&str; 3] = ["ho", "hmrc", "dwp"];

fn demo(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
    command
        .args([
            "demo", "--json", "--people", "500", "--months", "6", "--dir",
        ])
        .arg(dir);
    command
}

fn finish(dir: &Path) -> serde_json::Value {
    let out = demo(dir).output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Every entry of a node's published ledger by its id, without its index, checkpoint or the digest of a
/// ciphertext: sealing draws fresh randomness, so that two runs have two ciphertexts of one content.
fn entries(home: &Path) -> BTreeMap<String, Entry> {
    let shelf = DirectoryShelf::new(home.join("ledger"));
    let key = std::fs::read_to_string(home.join("ledger/key")).unwrap();
    let report = verify_log(&shelf, &VerifierKey::parse(key.trim()).unwrap(), None).unwrap();
    let mut all = BTreeMap::new();
    let mut n = 0;
    while all.len() < usize::try_from(report.size).unwrap() {
        let left = (report.size - n * 256).min(256);
        let bytes = shelf
            .read(&ledger::tiles::bundle_path(n, left))
            .unwrap()
            .unwrap();
        let mut rest = bytes.as_slice();
        while let [high, low, tail @ ..] = rest {
            let (entry, next) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            let mut entry = Entry::parse(entry).unwrap();
            entry.facts.retain(|name, _| name.as_str() != "ciphertext");
            all.insert(entry.id.to_string(), entry);
            rest = next;
        }
        n += 1;
    }
    all
}

fn copy_keys(from: &Path, to: &Path) {
    for who in PARTIES {
        let (from, to) = (from.join(who).join("keys"), to.join(who).join("keys"));
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(&from).unwrap().map(Result::unwrap) {
            // The node's own keys are drawn from the machine; the vault's come from the seed.
            if file.path().is_file() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
}

fn id_of(entry: &Entry, name: &str) -> Option<String> {
    entry.facts.iter().find_map(|(n, fact)| {
        let Fact::Id(id) = fact else { return None };
        (n.as_str() == name).then(|| id.to_string())
    })
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the kills are spread over the time that a whole run takes"
)]
fn killed_at_any_moment_the_run_ends_the_same() {
    let whole = tempfile::tempdir().unwrap();
    let started = std::time::Instant::now();
    let expected = finish(whole.path());
    let takes = u64::try_from(started.elapsed().as_millis()).unwrap();
    let again = std::time::Instant::now();
    assert_eq!(
        finish(whole.path()),
        expected,
        "what is over stays as it is"
    );
    let opens = u64::try_from(again.elapsed().as_millis()).unwrap();

    // Where the kills fall is spread by a fixed sequence, so that a start gets on by some hundredths of the whole; how
    // far it gets by then is the machine's affair, and nothing here depends on it.
    let reach = (3 * takes / u64::from(KILLS)).max(20);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let (mut killed, mut worlds) = (0, 0);
    while killed < KILLS {
        let broken = tempfile::tempdir().unwrap();
        copy_keys(whole.path(), broken.path());
        while killed < KILLS {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let mut child = demo(broken.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(opens / 2 + state % reach));
            let over = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            if over {
                break;
            }
            killed += 1;
        }
        worlds += 1;
        let found = finish(broken.path());
        assert_eq!(found, expected, "the domain state, after {killed} kills");
        the_same(whole.path(), broken.path());
    }
    println!("{killed} starts were killed, in {worlds} worlds");
}

#[test]
fn kept_in_postgresql_the_run_ends_the_same() {
    let whole = tempfile::tempdir().unwrap();
    let expected = finish(whole.path());
    let other = tempfile::tempdir().unwrap();
    copy_keys(whole.path(), other.path());
    let stores = PARTIES.map(|_| postgres::fresh_database());
    let out = demo(other.path())
        .arg("--store")
        .args(&stores)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found, expected);
    the_same(whole.path(), other.path());
}

/// Two runs have the same entries, and no message was taken twice.
fn the_same(expected: &Path, found: &Path) {
    for who in PARTIES {
        let (expected, found) = (entries(&expected.join(who)), entries(&found.join(who)));
        let differ: Vec<_> = expected
            .keys()
            .chain(found.keys())
            .filter(|id| expected.get(*id) != found.get(*id))
            .map(|id| (expected.get(id), found.get(id)))
            .collect();
        assert!(differ.is_empty(), "entries of {who} differ: {differ:#?}");
        let mut sent = BTreeSet::new();
        for entry in found.values() {
            assert_ne!(
                entry.act.as_str(),
                "package.repeated",
                "a message was taken twice"
            );
            if entry.act.as_str() == "leg.received" {
                assert!(
                    sent.insert(id_of(entry, "package").unwrap()),
                    "a message was received twice"
                );
            }
        }
    }
}
