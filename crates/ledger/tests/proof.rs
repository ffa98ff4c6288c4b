#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Proof: what an outsider can check with files and public keys alone.

mod common;

use common::{Log, entry, signer};
use ledger::proof::{DisclosureProof, EntryProof, GrowthProof};
use ledger::{
    Cell, Checkpoint, Code, DisclosureKey, Entry, Fact, NoteSigner, PathFault, Proof, ProofFault,
    disclosure, tree,
};
use proptest::prelude::*;

fn entry_proof(log: &Log, index: u64) -> EntryProof {
    let size = log.0.len() as u64;
    EntryProof {
        index,
        entry: String::from_utf8(log.0[index as usize].clone()).unwrap(),
        path: tree::prove_inclusion(&log.leaves(), index).unwrap(),
        checkpoint: log.checkpoint(size).sign(&signer()).unwrap(),
    }
}

fn growth(log: &Log, older: u64) -> Proof {
    let newer = log.0.len() as u64;
    let note = |size| log.checkpoint(size).sign(&signer()).unwrap();
    let path = tree::prove_growth(&log.leaves(), older).unwrap();
    Proof::Growth(GrowthProof {
        older: note(older),
        newer: note(newer),
        path,
    })
}

const ROWS: [[Cell<'static>; 2]; 2] = [
    [
        Cell {
            permit: "p-1",
            field: "nino",
            value: "QQ123456C",
        },
        Cell {
            permit: "p-2",
            field: "postcode",
            value: "",
        },
    ],
    [
        Cell {
            permit: "p-1",
            field: "nino",
            value: "QQ000001A",
        },
        Cell {
            permit: "p-2",
            field: "postcode",
            value: "ZZ1 1ZZ",
        },
    ],
];

/// A log whose entry 4 records a disclosure and entry 5 the destruction of its key.
fn log() -> Log {
    let mut log = Log::of(7);
    let left = disclosure::commit(&DisclosureKey::new([7; 32]), ROWS).unwrap();
    let put = |log: &mut Log, entry: Entry, at: usize| log.0[at] = entry.to_bytes().unwrap();
    let mut sealed = entry(4);
    sealed.act = Code::of("leg.sealed");
    sealed
        .facts
        .insert(Code::of(disclosure::ROOT_FACT), Fact::Digest(left.root));
    sealed
        .facts
        .insert(Code::of(disclosure::ROWS_FACT), Fact::Count(left.rows));
    put(&mut log, sealed, 4);
    let mut gone = entry(5);
    gone.act = Code::of(ledger::proof::DESTROYED);
    gone.rule = Some(Code::of("RET-12"));
    put(&mut log, gone, 5);
    log
}

fn cell(index: u64) -> Proof {
    let opens = disclosure::prove(&DisclosureKey::new([7; 32]), ROWS, 1, "postcode").unwrap();
    Proof::Cell(DisclosureProof {
        entry: entry_proof(&log(), index),
        opens,
    })
}

fn row(index: u64) -> Proof {
    let opens = disclosure::prove_row(&DisclosureKey::new([7; 32]), ROWS, 0).unwrap();
    Proof::Row(DisclosureProof {
        entry: entry_proof(&log(), index),
        opens,
    })
}

fn fields(index: u64) -> Proof {
    let row = disclosure::prove_row(&DisclosureKey::new([7; 32]), ROWS, 0).unwrap();
    Proof::Fields(DisclosureProof {
        entry: entry_proof(&log(), index),
        opens: row.without_values(),
    })
}

/// The proof survives JSON, holds, and says this.
#[track_caller]
fn check(proof: &Proof, says: &str) {
    let json = serde_json::to_string(proof).unwrap();
    assert_eq!(&serde_json::from_str::<Proof>(&json).unwrap(), proof);
    let shown = proof.check(&signer().verifier()).unwrap();
    assert!(shown.words.contains(says), "{}", shown.words);
    assert!(
        !shown.words.contains("QQ123456C") && !shown.words.contains("ZZ1"),
        "{}",
        shown.words
    );
    let stranger = NoteSigner::new(common::ORIGIN, &[8; 32]).unwrap();
    assert!(matches!(
        proof.check(&stranger.verifier()),
        Err(ProofFault::Checkpoint(_))
    ));
}

#[test]
fn each_kind_of_proof_says_what_it_shows() {
    let log = log();
    check(
        &Proof::Entry(entry_proof(&log, 0)),
        "Entry 0 of the ledger ho.example/ledger, at its checkpoint of 7 entries",
    );
    check(
        &Proof::Entry(entry_proof(&log, 5)),
        "key.destroyed at 2026-02-03T09:00:00Z, by the role officer at node ho, by rule RET-12.",
    );
    check(&growth(&log, 3), "grew from 3 entries");
    check(&growth(&log, 7), "grew from 7 entries");
    check(
        &cell(4),
        "the field \"postcode\" of row 1 left under the permit \"p-2\"",
    );
    check(
        &row(4),
        "row 0 left with exactly the fields [\"nino\", \"postcode\"]",
    );
    check(
        &fields(4),
        "row 0 left with exactly these fields:\n  \"nino\" under the permit \"p-1\"\n  \"postcode\" under the permit \"p-2\"\nNothing else left",
    );
    check(
        &Proof::Disclosure(entry_proof(&log, 4)),
        "a disclosure of 2 rows. No value",
    );
}

#[test]
fn a_destruction_is_shown_by_its_certificates_entry_only() {
    let log = log();
    check(
        &Proof::Destroyed(entry_proof(&log, 5)),
        "records that a key was destroyed",
    );
    let fault = Proof::Destroyed(entry_proof(&log, 4))
        .check(&signer().verifier())
        .unwrap_err();
    assert_eq!(fault, ProofFault::NotDestroyed { index: 4 });
}

// shows: SEC-14
#[test]
fn a_proof_of_something_else_shows_nothing() {
    let key = signer().verifier();
    let log = log();
    let missing = |fact| Err(ProofFault::NoDisclosure { index: 3, fact });
    assert_eq!(cell(3).check(&key), missing("disclosure"));
    assert_eq!(row(3).check(&key), missing("disclosure"));
    assert_eq!(fields(3).check(&key), missing("disclosure"));
    let whole = Proof::Disclosure(entry_proof(&log, 3));
    assert_eq!(whole.check(&key), missing("disclosure"));
    let mut half = Log::of(7);
    let mut sealed = entry(3);
    sealed
        .facts
        .insert(Code::of("disclosure"), Fact::Digest(log.leaves()[0]));
    sealed
        .facts
        .insert(Code::of("rows"), Fact::Code(Code::of("two")));
    half.0[3] = sealed.to_bytes().unwrap();
    let Proof::Cell(DisclosureProof { opens, .. }) = cell(4) else {
        panic!()
    };
    let proof = Proof::Cell(DisclosureProof {
        entry: entry_proof(&half, 3),
        opens,
    });
    assert_eq!(proof.check(&key), missing("rows"));

    let good = entry_proof(&log, 2);
    let mut moved = good.clone();
    moved.index = 3;
    let not = |index| Err(ProofFault::Path(PathFault::NotIncluded { index, size: 7 }));
    assert_eq!(Proof::Entry(moved).check(&key), not(3));
    let mut edited = good.clone();
    edited.entry = edited.entry.replace("officer", "auditor");
    assert_eq!(Proof::Entry(edited).check(&key), not(2));
    // Something that the log holds but that is no entry.
    let mut odd = Log::of(3);
    odd.0[1] = b"{}".to_vec();
    let fault = Proof::Entry(entry_proof(&odd, 1)).check(&key).unwrap_err();
    assert!(matches!(fault, ProofFault::Entry(_)));

    let mut fork = log.clone();
    fork.0[1] = entry(1000).to_bytes().unwrap();
    let Proof::Growth(mut forked) = growth(&log, 3) else {
        panic!()
    };
    forked.older = fork.checkpoint(3).sign(&signer()).unwrap();
    let not = ProofFault::Path(PathFault::NotGrown { older: 3, newer: 7 });
    assert_eq!(Proof::Growth(forked.clone()).check(&key), Err(not));
    std::mem::swap(&mut forked.older, &mut forked.newer);
    let not = ProofFault::Path(PathFault::NoSuchGrowth { older: 7, newer: 3 });
    assert_eq!(Proof::Growth(forked).check(&key), Err(not));
}

#[test]
fn unknown_kinds_and_members_are_refused() {
    let json = serde_json::to_string(&cell(4)).unwrap();
    assert!(serde_json::from_str::<Proof>(&json).is_ok());
    for (was, is) in [
        ("cell@v1", "cell@v2"),
        ("cell@v1", "row@v1"),
        ("{", "{\"x\":1,"),
        ("\"index\"", "\"x\":1,\"index\""),
    ] {
        let bad = json.replacen(was, is, 1);
        assert_ne!(bad, json);
        assert!(serde_json::from_str::<Proof>(&bad).is_err(), "{is}");
    }
}

#[test]
fn an_entrys_proof_has_the_text_of_c2sp() {
    let proof = entry_proof(&log(), 5);
    let text = proof.to_tlog_proof();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2]), ("c2sp.org/tlog-proof@v1", "index 5"));
    assert_eq!(
        lines.iter().position(|line| line.is_empty()),
        Some(3 + proof.path.len())
    );
    assert!(text.ends_with(&format!("\n\n{}", proof.checkpoint)));
    assert_eq!(EntryProof::from_tlog_proof(&text).unwrap(), proof);
    for (was, is) in [
        ("@v1", "@v2"),
        ("extra ", "extra"),
        ("extra ", "more "),
        ("index 5", "index 05"),
        ("index 5", "index"),
        ("index 5\n", "index 5\nAAAA\n"),
        ("\n\n", "\n"),
    ] {
        let bad = EntryProof::from_tlog_proof(&text.replacen(was, is, 1));
        assert!(matches!(bad, Err(ProofFault::Form(_))), "{is}");
    }
}

proptest! {
    #[test]
    fn every_entry_of_every_log_has_its_proof(size in 1u64..40, pick in any::<proptest::sample::Index>()) {
        let log = Log::of(size);
        let index = pick.index(size as usize) as u64;
        let proof = entry_proof(&log, index);
        let (checkpoint, shown) = proof.check(&signer().verifier()).unwrap();
        prop_assert_eq!((checkpoint.size, shown), (size, entry(index)));
        prop_assert_eq!(EntryProof::from_tlog_proof(&proof.to_tlog_proof()).unwrap(), proof);
    }

    #[test]
    fn no_proof_makes_checking_panic(
        index in any::<u64>(), text in any::<String>(), size in any::<u64>(), kind in 0..6,
        path in proptest::collection::vec(any::<[u8; 32]>().prop_map(ledger::Digest), 0..70),
    ) {
        let checkpoint = Checkpoint { size, ..Log::of(1).checkpoint(1) }.sign(&signer()).unwrap();
        let entry = EntryProof { index, entry: text.clone(), path: path.clone(), checkpoint: checkpoint.clone() };
        let proof = match kind {
            0 => Proof::Entry(entry),
            1 => Proof::Destroyed(entry),
            2 => Proof::Growth(GrowthProof { older: checkpoint.clone(), newer: checkpoint, path }),
            4 => Proof::Disclosure(entry),
            3 => Proof::Growth(GrowthProof { older: text.clone(), newer: checkpoint, path }),
            _ => {
                let Proof::Cell(DisclosureProof { opens, .. }) = cell(4) else { panic!() };
                Proof::Cell(DisclosureProof { entry, opens })
            }
        };
        let _ = proof.check(&signer().verifier());
        let _ = EntryProof::from_tlog_proof(&text);
        let _ = EntryProof::from_tlog_proof(&format!("c2sp.org/tlog-proof@v1\n{text}\n\n{text}"));
        let _ = serde_json::from_str::<Proof>(&text);
    }
}
