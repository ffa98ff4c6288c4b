//! How a world ended: the nodes' domain states and ledgers, and what must be so after any disturbance.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use courier::DirectoryShelf;
use ledger::{Code, Entry, Fact, LogFiles, VerifierKey, verify_log};
use serde_json::{Value, json};

use super::{NODES, World, text};

/// What a world ended as: the domain state and each entry of the ledger, by node and key.
#[derive(Clone, Debug, PartialEq)]
pub struct End(BTreeMap<String, Value>);

impl World {
    /// How it stands now.
    pub async fn end(&self) -> End {
        let mut all = BTreeMap::new();
        for who in NODES {
            for (key, (status, body)) in self.state(who).await {
                all.insert(format!("{who} {key}"), plain(json!([status, body])));
            }
            for entry in entries(&self.dir().join(who)) {
                // Not by its id: what is done alone, since something beside it failed, has another than what is done together.
                let said = |(name, fact): (&Code, &Fact)| match fact {
                    Fact::Count(_) | Fact::Code(_) | Fact::Id(_) => {
                        Some(format!("{name} {fact:?}"))
                    }
                    Fact::Digest(_) | Fact::Date(_) | Fact::At(_) => None,
                };
                let said: Vec<String> = entry.facts.iter().filter_map(said).collect();
                let mut body: Value = serde_json::from_slice(&entry.to_bytes().unwrap()).unwrap();
                body.as_object_mut().unwrap().remove("id");
                // Its salt follows from the id.
                for commitment in body["sealed"].as_object_mut().unwrap().values_mut() {
                    *commitment = DRAWN.into();
                }
                let mut key = format!("{who} entry {} {}", entry.act, said.join(", "));
                while all.contains_key(&key) {
                    key.push_str(" again");
                }
                all.insert(key, plain(body));
            }
        }
        End(all)
    }

    async fn state(&self, who: &str) -> exchange::node::Snapshot {
        let clock = sim::VirtualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
        let entropy = sim::SeededEntropy::new("looking");
        // In a copy: a node that this process opens holds its disk for as long as it likes.
        let aside = tempfile::tempdir().unwrap();
        let home = aside.path().join(who);
        super::copy(&self.dir().join(who), &home);
        let node = concordat::house::open(&home, Arc::new(clock), Arc::new(entropy)).await;
        node.unwrap().snapshot().await.unwrap()
    }

    /// Panics unless each message was taken once, each ledger is whole for whoever verifies it, each node is well,
    /// no value of a person stands in any file, and no file was left half written.
    pub fn sound(&self) {
        for who in NODES {
            let home = self.dir().join(who);
            once(&entries(&home));
            let ask = |line: &[&str]| {
                let program = env!("CARGO_BIN_EXE_concordat");
                Command::new(program).args(line).output().unwrap()
            };
            let out = ask(&["verify", &home.join("ledger").display().to_string()]);
            assert!(out.status.success(), "{}", text(&out));
            let out = ask(&["doctor", "--json", "--dir", &home.display().to_string()]);
            let parts: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
            for part in parts.as_array().unwrap() {
                // The disks that are disturbed are small.
                assert!(part["is"] != "broken" || part["part"] == "disk", "{part}");
            }
        }
        self.closed();
        self.no_value();
        assert_eq!(self.left_over(), Vec::<PathBuf>::new());
    }

    /// No file holds a value of a person, in either encoding.
    fn no_value(&self) {
        let mut needles: Vec<Vec<u8>> = Vec::new();
        for value in &self.values {
            needles.push(value.as_bytes().to_vec());
            needles.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        let search = aho_corasick::AhoCorasick::new(&needles).unwrap();
        let all = files(&self.dir());
        assert!(needles.len() > 600 && all.len() > 20);
        for path in all {
            let hits = search.find_iter(&std::fs::read(&path).unwrap()).count();
            assert_eq!(hits, 0, "{}", path.display());
        }
    }

    /// Every file of the run has come to its end at both nodes: nothing is half loaded.
    fn closed(&self) {
        for (who, legs) in [("ho", 2), ("hmrc", 2)] {
            let status = self.does(who, &["run", "status", super::RUN]);
            let files = status["files"].as_array().unwrap();
            assert_eq!(files.len(), legs, "{status}");
            assert!(files.iter().all(|f| f["state"] == "closed"), "{status}");
            let status = self.does(who, &["node", "status"]);
            assert_eq!(status["ledger"]["open_effects"], 0, "{status}");
            assert_eq!(status["ledger"]["pending"], 0, "{status}");
        }
    }

    /// Files that were begun and never finished.
    fn left_over(&self) -> Vec<PathBuf> {
        let mut all = files(&self.dir());
        all.retain(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(".tmp") || name.ends_with(".new") || name.ends_with(".part")
        });
        all
    }
}

impl End {
    /// What two undisturbed runs have in common: keys, reference numbers and times are drawn anew in each.
    pub fn and(&self, other: &Self) -> Self {
        let keys: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let both = |key: &String| (key.clone(), common(self.0.get(key), other.0.get(key)));
        Self(keys.into_iter().map(both).collect())
    }

    /// Panics unless `found` ended as this, wherever two undisturbed runs are alike.
    pub fn is_as(&self, found: &Self) {
        let keys: BTreeSet<_> = self.0.keys().chain(found.0.keys()).collect();
        let differ: Vec<_> = keys
            .into_iter()
            .map(|key| (key, self.0.get(key), found.0.get(key)))
            .filter(|(_, expected, found)| {
                expected.is_none_or(|expected| common(Some(expected), *found) != *expected)
            })
            .collect();
        assert!(differ.is_empty(), "ended otherwise: {differ:#?}");
    }
}

/// What is drawn or read from a clock.
const DRAWN: &str = "(drawn)";

fn common(a: Option<&Value>, b: Option<&Value>) -> Value {
    match (a, b) {
        (Some(a), Some(b)) if a == b => a.clone(),
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            let each = a.iter().zip(b).map(|(a, b)| common(Some(a), Some(b)));
            Value::Array(each.collect())
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) if a.keys().eq(b.keys()) => {
            let each = a
                .iter()
                .map(|(k, v)| (k.clone(), common(Some(v), b.get(k))));
            Value::Object(each.collect())
        }
        _ => DRAWN.into(),
    }
}

/// The value without dates and times: a run may go over midnight.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) if is_time(&text) => DRAWN.into(),
        Value::Array(all) => all.into_iter().map(plain).collect(),
        Value::Object(all) => Value::Object(all.into_iter().map(|(k, v)| (k, plain(v))).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}

/// No message was taken twice, and none was sent twice.
fn once(entries: &[Entry]) {
    let mut all = BTreeSet::new();
    for entry in entries {
        let act = entry.act.as_str();
        assert_ne!(act, "package.repeated", "a message was taken twice");
        if act == "leg.received" || act == "leg.sent" {
            let package = entry
                .facts
                .iter()
                .find(|(name, _)| name.as_str() == "package");
            let Some((_, Fact::Id(package))) = package else {
                continue;
            };
            assert!(
                all.insert((act, package.to_string())),
                "{act} twice: {package}"
            );
        }
    }
}

/// Every entry of a node's published ledger, which must be whole.
fn entries(home: &Path) -> Vec<Entry> {
    let shelf = DirectoryShelf::new(home.join("ledger"));
    let key = std::fs::read_to_string(home.join("ledger/key")).unwrap();
    let report = verify_log(&shelf, &VerifierKey::parse(key.trim()).unwrap(), None).unwrap();
    let mut all = Vec::new();
    for n in 0..report.size.div_ceil(256) {
        let left = (report.size - n * 256).min(256);
        let bundle = shelf.read(&ledger::tiles::bundle_path(n, left));
        let bytes = bundle.unwrap().unwrap();
        let mut rest = bytes.as_slice();
        while let [high, low, tail @ ..] = rest {
            let (entry, next) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            all.push(Entry::parse(entry).unwrap());
            rest = next;
        }
    }
    all
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}
