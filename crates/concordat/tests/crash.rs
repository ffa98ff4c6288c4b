//! Killed at any moment and started again, or kept in another database: the run ends the same, and each message
//! is sent once.
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

/// How many starts are killed.
const KILLS: u32 = 100;
const PARTIES: [&str; 3] = ["ho", "hmrc", "dwp"];

/// Where three nodes live, and their databases where they have other ones than a file in their directory.
struct World {
    dir: tempfile::TempDir,
    stores: Vec<String>,
}

impl World {
    fn in_files() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stores = Vec::new();
        Self { dir, stores }
    }

    fn in_postgresql() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stores = PARTIES.map(|_| postgres::fresh_database()).into();
        Self { dir, stores }
    }

    /// Another world whose nodes have the keys of this one's.
    fn with_keys_of(self, other: &Self) -> Self {
        copy_keys(other.dir.path(), self.dir.path());
        self
    }

    fn demo(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
        command
            .args([
                "demo", "--json", "--people", "500", "--months", "6", "--dir",
            ])
            .arg(self.dir.path());
        if !self.stores.is_empty() {
            command.arg("--store").args(&self.stores);
        }
        command
    }

    fn finish(&self) -> serde_json::Value {
        let out = self.demo().output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let mut told = serde_json::from_slice(&out.stdout).unwrap();
        forget_ciphertexts(&mut told);
        told
    }
}

/// Sealing draws fresh randomness: that a file has a digest is compared, and not which.
fn forget_ciphertexts(told: &mut serde_json::Value) {
    for who in PARTIES {
        for (key, state) in told[who].as_object_mut().unwrap() {
            if let Some(digest) = state[1]
                .get_mut("bytes")
                .filter(|_| key.starts_with("leg "))
            {
                *digest = (!digest.is_null()).into();
            }
        }
    }
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

/// Kills so many starts at moments that are spread over a whole run; what is finished after them ends as `whole` did,
/// entry by entry.
#[expect(
    clippy::disallowed_methods,
    reason = "the kills are spread over the time that a whole run takes"
)]
fn killed(whole: &World, new: fn() -> World, kills: u32) {
    let expected = whole.finish();
    let unbroken = new().with_keys_of(whole);
    let started = std::time::Instant::now();
    assert_eq!(unbroken.finish(), expected);
    let takes = u64::try_from(started.elapsed().as_millis()).unwrap();
    let again = std::time::Instant::now();
    assert_eq!(unbroken.finish(), expected, "what is over stays as it is");
    let opens = u64::try_from(again.elapsed().as_millis()).unwrap();
    the_same(whole, &unbroken);

    // Where the kills fall is spread by a fixed sequence, so that a start gets on by some hundredths of the whole; how
    // far it gets by then is the machine's affair, and nothing here depends on it.
    let reach = (3 * takes / u64::from(kills)).max(20);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let (mut killed, mut worlds) = (0, 0);
    while killed < kills {
        let broken = new().with_keys_of(whole);
        while killed < kills {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let mut child = broken
                .demo()
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
        let found = broken.finish();
        assert_eq!(found, expected, "the domain state, after {killed} kills");
        the_same(whole, &broken);
    }
    println!(
        "{killed} starts were killed, in {worlds} worlds; one unbroken run takes {takes} ms, its opening {opens} ms"
    );
}

#[test]
fn killed_at_any_moment_the_run_ends_the_same() {
    killed(&World::in_files(), World::in_files, KILLS);
}

#[test]
fn killed_at_any_moment_in_postgresql_the_run_ends_the_same() {
    killed(&World::in_files(), World::in_postgresql, KILLS);
}

/// Two runs have the same entries, and no message was taken twice.
fn the_same(expected: &World, found: &World) {
    for who in PARTIES {
        let entries = |world: &World| entries(&world.dir.path().join(who));
        let (expected, found) = (entries(expected), entries(found));
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
