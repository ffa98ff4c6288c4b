//! A small synthetic log, its files and its key.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeMap;

use ledger::verify::ReadFault;
use ledger::{
    By, Checkpoint, Code, CommitKey, Digest, Entry, EntryId, Fact, LogFiles, NodeName, NoteSigner,
    leaf_hash, tiles, tree,
};

pub const ORIGIN: &str = "ho.example/ledger";

pub fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

/// Entry `n` of the synthetic log.
pub fn entry(n: u64) -> Entry {
    let act = if n.is_multiple_of(3) {
        "leg.sent"
    } else {
        "refused"
    };
    let id = EntryId::new(&format!("op-{n}"), 0).unwrap();
    let at = "2026-02-03T09:00:00Z".parse().unwrap();
    let by = By {
        role: Code::of("officer"),
    };
    let mut entry = Entry::new(id, at, NodeName::parse("ho").unwrap(), Code::of(act), by);
    entry.facts.insert(Code::of("rows"), Fact::Count(n));
    let who = Code::of("who");
    let sealed = CommitKey::new([9; 32]).commit(&entry.id, &who, b"officer 12");
    entry.sealed.insert(who, sealed);
    entry
}

/// The bytes of entries.
#[derive(Clone)]
pub struct Log(pub Vec<Vec<u8>>);

impl Log {
    pub fn of(size: u64) -> Self {
        Self((0..size).map(|n| entry(n).to_bytes().unwrap()).collect())
    }

    pub fn leaves(&self) -> Vec<Digest> {
        self.0.iter().map(|entry| leaf_hash(entry)).collect()
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = tree::root(&self.leaves()[..size as usize]);
        Checkpoint {
            origin: ORIGIN.into(),
            size,
            root,
        }
    }

    /// All files of the log, as published at once.
    pub fn files(&self) -> Files {
        let size = self.0.len() as u64;
        let mut files: BTreeMap<_, _> =
            tiles::publish(0, size, self).unwrap().into_iter().collect();
        let note = self.checkpoint(size).sign(&signer()).unwrap();
        files.insert(tiles::CHECKPOINT.into(), note.into_bytes());
        Files(files)
    }
}

impl tiles::LeafSource for Log {
    fn entry(&self, index: u64) -> Option<Vec<u8>> {
        self.0.get(index as usize).cloned()
    }
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.0.get(index as usize).map(|entry| leaf_hash(entry))
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl LogFiles for Files {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadFault> {
        match self.0.get(path) {
            Some(bytes) if bytes == b"unreadable" => Err(ReadFault("input/output error".into())),
            found => Ok(found.cloned()),
        }
    }
}
