#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Verification of whole logs: every kind of tampering, and the first bad entry it is named by.

mod common;

use common::{Files, Log, ORIGIN, entry, signer};
use ledger::{
    Checkpoint, CheckpointFault, Digest, EntryFault, LogFault, LogReport, NoteSigner, tiles,
    verify_log,
};
use proptest::prelude::*;

fn verify(files: &Files, trusted: Option<&Checkpoint>) -> Result<LogReport, LogFault> {
    verify_log(files, &signer().verifier(), trusted)
}

/// The log as a list of entries is tampered with and published again with everything but the checkpoint that
/// was signed before: what an intruder without the key can do.
#[track_caller]
fn rewritten(size: u64, tamper: impl Fn(&mut Vec<Vec<u8>>)) -> Files {
    let mut log = Log::of(size);
    let mut files = log.files();
    tamper(&mut log.0);
    let mut again = log.files();
    let signed = files.0.remove(tiles::CHECKPOINT).unwrap();
    again.0.insert(tiles::CHECKPOINT.into(), signed);
    again
}

/// One file of a log of `size` is tampered with.
#[track_caller]
fn check(size: u64, path: &str, tamper: impl Fn(&mut Vec<u8>), expect: LogFault) {
    let mut files = Log::of(size).files();
    verify(&files, None).unwrap();
    tamper(files.0.get_mut(path).unwrap());
    let fault = verify(&files, None).unwrap_err();
    assert!(fault.to_string().contains(path), "names the file: {fault}");
    assert_eq!(fault, expect);
}

/// Where entry `n` starts in its bundle, with its length prefix.
fn offset(n: u64) -> usize {
    (n / 256 * 256..n)
        .map(|n| entry(n).to_bytes().unwrap().len() + 2)
        .sum()
}

fn hash(index: u64, n: u64, width: u64) -> LogFault {
    LogFault::Hash {
        path: tiles::bundle_path(n, width),
        tile: tiles::tile_path(0, n, width),
        index,
    }
}

// shows: SEC-14
#[test]
fn a_whole_log_verifies() {
    for size in [0, 1, 2, 255, 256, 257, 600] {
        let log = Log::of(size);
        let report = verify(&log.files(), None).unwrap();
        assert_eq!(
            (report.size, report.root),
            (size, log.checkpoint(size).root)
        );
        assert_eq!(report.acts.values().sum::<u64>(), size);
        assert_eq!(
            report.acts.get("leg.sent").copied().unwrap_or(0),
            size.div_ceil(3)
        );
        assert_eq!(report.grew_from, None);
        let trusted = log.checkpoint(size / 2);
        assert_eq!(
            verify(&log.files(), Some(&trusted)).unwrap().grew_from,
            Some(size / 2)
        );
    }
}

// shows: SEC-14
#[test]
fn a_tampered_file_is_named_with_its_first_bad_entry() {
    let (bundle, tile) = ("tile/entries/001.p/44", "tile/0/001.p/44");
    let broken = |index| LogFault::Bundle {
        path: bundle.into(),
        index,
    };
    let no_tile = |path: &str, index| LogFault::Tile {
        path: path.into(),
        index,
    };
    // Edited: one character of entry 270.
    check(300, bundle, |b| b[offset(270) + 10] ^= 1, hash(270, 1, 44));
    check(
        300,
        "tile/entries/000",
        |b| b[offset(3) + 10] ^= 1,
        hash(3, 0, 256),
    );
    // Deleted: entry 270 is cut out, and the last one; those that follow move up.
    check(
        300,
        bundle,
        |b| drop(b.drain(offset(270)..offset(271))),
        hash(270, 1, 44),
    );
    check(300, bundle, |b| b.truncate(offset(299)), broken(299));
    // Reordered: 270 and 271 change places.
    let swap = |b: &mut Vec<u8>| {
        let (x, y, z) = (offset(270), offset(271), offset(272));
        b[x..z].rotate_left(y - x);
    };
    check(300, bundle, swap, hash(270, 1, 44));
    // Truncated, and something put after the end.
    check(300, bundle, |b| b.truncate(offset(280) + 1), broken(280));
    check(300, bundle, Vec::clear, broken(256));
    check(300, bundle, |b| b.push(0), broken(300));
    check(
        300,
        "tile/entries/000",
        |b| b.push(0),
        LogFault::Bundle {
            path: "tile/entries/000".into(),
            index: 256,
        },
    );
    // A length prefix that points past the end, and one that ends early.
    check(300, bundle, |b| b[offset(299)] ^= 0x80, broken(299));
    check(300, bundle, |b| b[offset(270) + 1] ^= 1, hash(270, 1, 44));
    // Hash tiles: flipped, cut, longer.
    let flipped = LogFault::Hash {
        path: bundle.into(),
        tile: tile.into(),
        index: 260,
    };
    check(300, tile, |b| b[4 * 32] ^= 1, flipped);
    check(300, tile, |b| b.truncate(5 * 32), no_tile(tile, 261));
    check(300, tile, |b| b.truncate(5 * 32 + 1), no_tile(tile, 261));
    check(300, tile, |b| b.push(0), no_tile(tile, 300));
    check(300, tile, |b| b.extend([0; 32]), no_tile(tile, 300));
    let above = "tile/1/000.p/2";
    check(600, above, |b| b[0] ^= 1, no_tile(above, 0));
    check(600, above, |b| b[63] ^= 1, no_tile(above, 256));
    check(600, above, |b| b.truncate(32), no_tile(above, 256));
    check(600, above, |b| b.push(0), no_tile(above, 512));
    check(
        300,
        bundle,
        |b| *b = b"unreadable".to_vec(),
        LogFault::Read {
            path: bundle.into(),
            fault: ledger::verify::ReadFault("input/output error".into()),
        },
    );
}

// shows: SEC-14
#[test]
fn a_missing_file_is_named_with_the_first_entry_it_would_show() {
    let all = Log::of(600).files();
    for path in all.0.keys() {
        let mut files = all.clone();
        files.0.remove(path);
        let index = match path.as_str() {
            "tile/entries/001" | "tile/0/001" => 256,
            "tile/entries/002.p/88" | "tile/0/002.p/88" => 512,
            _ => 0,
        };
        assert_eq!(
            verify(&files, None),
            Err(LogFault::Missing {
                path: path.clone(),
                index
            })
        );
    }
}

// shows: SEC-14
#[test]
fn a_rewritten_log_does_not_pass_under_the_old_signature() {
    let root = |size, index| Err(LogFault::Root { size, index });
    let edit = |log: &mut Vec<Vec<u8>>| log[270] = entry(1000).to_bytes().unwrap();
    assert_eq!(verify(&rewritten(300, edit), None), root(300, 0));
    assert_eq!(
        verify(&rewritten(300, |log| log.swap(3, 4)), None),
        root(300, 0)
    );
    // An older checkpoint narrows it down, or shows that the older part was rewritten.
    let log = Log::of(300);
    assert_eq!(
        verify(&rewritten(300, edit), Some(&log.checkpoint(260))),
        root(300, 260)
    );
    let forked = |trusted| Err(LogFault::Forked { trusted });
    assert_eq!(
        verify(&rewritten(300, edit), Some(&log.checkpoint(280))),
        forked(280)
    );
    // A whole tile rewritten with its entries is caught by the tile above.
    let mut files = log.files();
    for path in ["tile/entries/000", "tile/0/000"] {
        let other = rewritten(300, |log| log[5] = entry(1000).to_bytes().unwrap());
        files.0.insert(path.into(), other.0[path].clone());
    }
    let above = LogFault::Tile {
        path: "tile/1/000.p/1".into(),
        index: 0,
    };
    assert_eq!(verify(&files, None), Err(above));
}

/// Even the holder of the key cannot rewrite what somebody has a checkpoint of.
// shows: SEC-14
#[test]
fn a_forked_or_shrunk_log_is_refused() {
    let (old, mut fork) = (Log::of(300), Log::of(300));
    fork.0[5] = entry(1000).to_bytes().unwrap();
    verify(&fork.files(), None).unwrap();
    for size in [6, 256, 299, 300] {
        let fault = verify(&fork.files(), Some(&old.checkpoint(size))).unwrap_err();
        assert_eq!(fault, LogFault::Forked { trusted: size });
    }
    assert!(verify(&fork.files(), Some(&old.checkpoint(5))).is_ok());
    let shrunk = LogFault::Shrunk {
        size: 299,
        trusted: 300,
    };
    assert_eq!(
        verify(&Log::of(299).files(), Some(&old.checkpoint(300))),
        Err(shrunk)
    );
    let mut empty = old.checkpoint(0);
    empty.root = Digest::of(b"not nothing");
    assert_eq!(
        verify(&old.files(), Some(&empty)),
        Err(LogFault::Forked { trusted: 0 })
    );
    let other = Checkpoint {
        origin: "dwp.example/ledger".into(),
        ..old.checkpoint(5)
    };
    assert!(matches!(
        verify(&old.files(), Some(&other)),
        Err(LogFault::OtherLog { .. })
    ));
}

// shows: SEC-14
#[test]
fn a_forged_checkpoint_is_refused() {
    let log = Log::of(10);
    let forged = |note: Vec<u8>| {
        let mut files = log.files();
        files.0.insert(tiles::CHECKPOINT.into(), note);
        matches!(verify(&files, None), Err(LogFault::Checkpoint(_)))
    };
    let forger = NoteSigner::new(ORIGIN, &[8; 32]).unwrap();
    assert!(forged(
        log.checkpoint(10).sign(&forger).unwrap().into_bytes()
    ));
    let good = String::from_utf8(log.files().0[tiles::CHECKPOINT].clone()).unwrap();
    assert!(forged(good.replace("\n10\n", "\n9\n").into_bytes()));
    assert!(forged(vec![0xff]) && forged(Vec::new()));
    let fault = verify(
        &Files([(tiles::CHECKPOINT.into(), vec![0xff])].into()),
        None,
    )
    .unwrap_err();
    assert!(matches!(
        fault,
        LogFault::Checkpoint(CheckpointFault::Form(_))
    ));
}

// shows: SEC-14
#[test]
fn entries_must_be_canonical_and_their_ids_unique() {
    let path = "tile/entries/000.p/10";
    let signed = |tamper: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut log = Log::of(10);
        tamper(&mut log.0);
        verify(&log.files(), None).unwrap_err()
    };
    let fault = signed(&|log| log[4].push(b'\n'));
    let at = entry(4).to_bytes().unwrap().len();
    let not = EntryFault::NotCanonical { at };
    assert_eq!(
        fault,
        LogFault::Entry {
            path: path.into(),
            index: 4,
            fault: not
        }
    );
    let fault = signed(&|log| log[7] = log[2].clone());
    assert_eq!(
        fault,
        LogFault::Twice {
            path: path.into(),
            index: 7,
            first: 2
        }
    );
}

/// A copy taken while the log grows: full files stand in for the partial ones that were cleared away.
#[test]
fn full_files_stand_in_for_partial_ones() {
    let log = Log::of(600);
    for size in [1, 100, 255, 257, 511, 600] {
        let mut files = Files(tiles::publish(0, 600, &log).unwrap().into_iter().collect());
        files.0.extend(tiles::publish(0, size, &log).unwrap());
        files.0.retain(|path, _| {
            let cleared = path.contains(".p/") && files_has_full(path);
            !cleared
        });
        let note = log.checkpoint(size).sign(&signer()).unwrap();
        files.0.insert(tiles::CHECKPOINT.into(), note.into_bytes());
        assert_eq!(verify(&files, None).unwrap().size, size);
    }
}

fn files_has_full(path: &str) -> bool {
    [
        "tile/0/000",
        "tile/0/001",
        "tile/entries/000",
        "tile/entries/001",
    ]
    .iter()
    .any(|full| path.starts_with(full))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // shows: SEC-14
    #[test]
    fn no_changed_byte_of_any_file_goes_unseen(
        size in 1u64..300, file in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(), bit in 0u8..8,
    ) {
        let mut files = Log::of(size).files();
        let path = files.0.keys().nth(file.index(files.0.len())).unwrap().clone();
        let bytes = files.0.get_mut(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // A bundle's and a tile's first bad entry is the one whose byte was changed.
        let expect = match path.as_str() {
            "tile/entries/000" => Some((0..256).rfind(|n| offset(*n) <= at).unwrap()),
            "tile/0/000" => Some(at as u64 / 32),
            _ => None,
        };
        let fault = verify(&files, None).unwrap_err();
        if let Some(expect) = expect {
            let (LogFault::Hash { index, .. } | LogFault::Bundle { index, .. }) = fault else {
                panic!("{fault:?}")
            };
            prop_assert_eq!(index, expect);
        }
    }
}
