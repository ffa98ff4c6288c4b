#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Tiles: the layout of C2SP tlog-tiles, against `tlog_tiles`.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Log;
use ledger::{Digest, Frontier, leaf_hash, tiles, tree};
use proptest::prelude::*;
use tiles::PublishFault;
use tlog_tiles::Tile;

/// Leaves that cost nothing: the entry is the index.
struct Numbers(u64);

impl tiles::LeafSource for Numbers {
    fn entry(&self, index: u64) -> Option<Vec<u8>> {
        (index < self.0).then(|| index.to_be_bytes().to_vec())
    }
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.entry(index).map(|entry| leaf_hash(&entry))
    }
}

/// The names of the files that change.
#[track_caller]
fn check(old: u64, new: u64, expect: &[&str]) {
    let files = tiles::publish(old, new, &Numbers(new)).unwrap();
    assert_eq!(
        files
            .iter()
            .map(|(path, _)| path.as_str())
            .collect::<Vec<_>>(),
        expect
    );
}

#[test]
fn only_the_files_that_change_are_given() {
    check(0, 0, &[]);
    check(5, 5, &[]);
    check(0, 1, &["tile/entries/000.p/1", "tile/0/000.p/1"]);
    check(1, 5, &["tile/entries/000.p/5", "tile/0/000.p/5"]);
    check(
        255,
        256,
        &["tile/entries/000", "tile/0/000", "tile/1/000.p/1"],
    );
    check(256, 257, &["tile/entries/001.p/1", "tile/0/001.p/1"]);
    let both = [
        "tile/entries/001",
        "tile/entries/002.p/1",
        "tile/0/001",
        "tile/0/002.p/1",
        "tile/1/000.p/2",
    ];
    check(300, 513, &both);
    let level_2 = [
        "tile/entries/255",
        "tile/0/255",
        "tile/1/000",
        "tile/2/000.p/1",
    ];
    check(65_535, 65_536, &level_2);
}

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(tiles::tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tiles::tile_path(1, 273, 112), "tile/1/273.p/112");
    assert_eq!(tiles::bundle_path(0, 1), "tile/entries/000.p/1");
    assert_eq!(tiles::bundle_path(1_000, 256), "tile/entries/x001/000");
    assert_eq!(tiles::CHECKPOINT, "checkpoint");
    for n in [
        0,
        7,
        999,
        1_000,
        1_000_000,
        273_999_999,
        u64::from(u32::MAX),
    ] {
        for (level, width) in [(0, 256), (1, 1), (5, 255)] {
            let theirs = Tile::new(8, level, n, width, false).path();
            let ours = tiles::tile_path(u32::from(level), n, u64::from(width));
            assert_eq!(ours.replace("tile/", "tile/8/"), theirs);
        }
    }
}

/// The example of the specification: which tiles make up a tree of 70,000 entries, and what is in them.
#[test]
fn the_example_of_the_specification_holds() {
    let files: BTreeMap<_, _> = tiles::publish(0, 70_000, &Numbers(70_000))
        .unwrap()
        .into_iter()
        .collect();
    let of = |start: &str| files.keys().filter(|path| path.starts_with(start)).count();
    assert_eq!(
        (
            of("tile/0/"),
            of("tile/entries/"),
            of("tile/1/"),
            of("tile/2/")
        ),
        (274, 274, 2, 1)
    );
    assert_eq!(files["tile/0/273.p/112"].len(), 112 * 32);
    assert_eq!(files["tile/1/001.p/17"].len(), 17 * 32);
    assert_eq!(files["tile/2/000.p/1"].len(), 32);
    let hashes = |path: &str| -> Vec<Digest> {
        files[path]
            .chunks(32)
            .map(|hash| Digest(hash.try_into().unwrap()))
            .collect()
    };
    assert_eq!(hashes("tile/1/000")[3], tree::root(&hashes("tile/0/003")));
    assert_eq!(
        hashes("tile/2/000.p/1")[0],
        tree::root(&hashes("tile/1/000"))
    );
    assert_eq!(
        files["tile/entries/000"][..20],
        [0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]
    );
}

#[test]
fn what_cannot_be_published_is_named() {
    struct Bad(Vec<Vec<u8>>, bool);
    impl tiles::LeafSource for Bad {
        fn entry(&self, index: u64) -> Option<Vec<u8>> {
            self.0.get(index as usize).cloned()
        }
        fn leaf(&self, index: u64) -> Option<Digest> {
            self.entry(index).map(|e| {
                if self.1 {
                    leaf_hash(b"other")
                } else {
                    leaf_hash(&e)
                }
            })
        }
    }
    let publish = |entries: Vec<Vec<u8>>, altered, size| {
        tiles::publish(0, size, &Bad(entries, altered)).map(|files| files.len())
    };
    let (longest, longer) = (vec![b'x'; 65_535], vec![b'x'; 65_536]);
    assert_eq!(publish(vec![vec![], longest.clone()], false, 2), Ok(2));
    assert_eq!(
        publish(vec![vec![], longer], false, 2),
        Err(PublishFault::TooLong {
            index: 1,
            bytes: 65_536
        })
    );
    assert_eq!(
        publish(vec![longest], true, 1),
        Err(PublishFault::Altered { index: 0 })
    );
    assert_eq!(
        publish(vec![vec![]], false, 2),
        Err(PublishFault::Missing { index: 1 })
    );
    assert_eq!(
        tiles::publish(2, 1, &Numbers(2)),
        Err(PublishFault::Shrinks { old: 2, new: 1 })
    );
}

/// What `publish` asks its source for.
struct Asked<'a>(&'a Log, std::cell::Cell<u64>, BTreeMap<(u32, u64), Digest>);

impl tiles::LeafSource for Asked<'_> {
    fn entry(&self, index: u64) -> Option<Vec<u8>> {
        self.1.set(self.1.get().min(index));
        self.0.entry(index)
    }
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.1.set(self.1.get().min(index));
        self.0.leaf(index)
    }
    fn subtree(&self, level: u32, index: u64) -> Option<Digest> {
        self.2.get(&(level, index)).copied()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn growing_in_steps_gives_the_same_files(steps in proptest::collection::vec(1u64..400, 1..4)) {
        let size: u64 = steps.iter().sum();
        let log = Log::of(size);
        let (mut old, mut grown) = (0, BTreeMap::new());
        let (mut edge, mut told) = (Frontier::new(), BTreeMap::new());
        for step in steps {
            for index in old..old + step {
                let subtrees = edge.append(log.leaves()[index as usize]);
                told.extend((1..).zip(subtrees).map(|(level, root)| ((level, index >> (8 * level)), root)));
            }
            // Of the levels that are asked about, no more is there than is said to be asked for.
            let wanted = |(level, index): &(u32, u64)| tiles::asked(*level, old, old + step).contains(index);
            let given = told.iter().filter(|(at, _)| wanted(at)).map(|(at, root)| (*at, *root));
            let asked = Asked(&log, std::cell::Cell::new(u64::MAX), given.collect());
            let files = tiles::publish(old, old + step, &asked).unwrap();
            prop_assert_eq!(asked.1.get(), tiles::asked(0, old, old + step).start);
            let paths: BTreeSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
            let theirs: BTreeSet<String> = Tile::new_tiles(8, old, old + step)
                .iter()
                .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
                .collect();
            let ours: BTreeSet<String> = paths.into_iter().filter(|p| !p.contains("entries")).collect();
            prop_assert_eq!(ours, theirs);
            grown.extend(files);
            old += step;
        }
        for (path, bytes) in tiles::publish(0, size, &log).unwrap() {
            prop_assert_eq!(grown.get(&path), Some(&bytes), "{}", path);
        }
    }
}
