//! Each target over its corpus, and over what small changes make of it: the smoke run that needs no fuzzing engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The seeds of a target, in order of their names.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = home().join("corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

// shows: RUN-09
#[test]
fn every_target_takes_its_corpus_and_what_damage_makes_of_it() {
    for (name, target) in fuzz::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        // Opening a locked file costs what its password costs: a few are enough.
        let steps = if name == "locked" { 3 } else { 24 };
        for (path, seed) in seeds {
            assert!(
                seed.len() < 64 << 10,
                "{} is large for a seed",
                path.display()
            );
            target(&seed);
            for step in 0..steps {
                let at = seed.len() * step / steps;
                target(&seed[..at]);
                let mut changed = seed.clone();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 1 << (step % 8);
                }
                target(&changed);
            }
        }
    }
}

#[test]
fn every_target_is_a_program_of_the_engine_and_has_a_corpus_and_no_other_has() {
    let named = |folder: &str| -> BTreeSet<String> {
        std::fs::read_dir(home().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let targets: BTreeSet<_> = fuzz::TARGETS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(named("fuzz_targets"), targets);
    assert_eq!(named("corpus"), targets);
}
