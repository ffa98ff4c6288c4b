#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Witnesses: what is co-signed, what never is, and what a co-signature shows.

mod common;

use common::{Log, entry, signer};
use ledger::witness::{self, consistent};
use ledger::{Checkpoint, CosignerKey, NoteSigner, Request, VerifierKey, WitnessFault, tree};
use proptest::prelude::*;

fn hmrc() -> NoteSigner {
    NoteSigner::new("hmrc.example/witness", &[8; 32]).unwrap()
}

fn request(log: &Log, old: u64) -> Request {
    let path = if old == 0 {
        Vec::new()
    } else {
        tree::prove_growth(&log.leaves(), old).unwrap()
    };
    let size = log.0.len() as u64;
    Request {
        old,
        path,
        checkpoint: log.checkpoint(size).sign(&signer()).unwrap(),
    }
}

fn cosigned(log: &Log, size: u64, at: &str) -> String {
    let checkpoint = log.checkpoint(size);
    let line = hmrc()
        .cosign(&checkpoint.text(), at.parse().unwrap())
        .unwrap();
    checkpoint.sign(&signer()).unwrap() + &line
}

fn check(known: Option<&Checkpoint>, request: &Request, expect: Result<u64, &str>) {
    let is = consistent(known, request, &signer().verifier());
    match (is, expect) {
        (Ok(seen), Ok(size)) => assert_eq!(seen.size, size),
        (Err(fault), Err(says)) => {
            let fault = fault.to_string();
            assert!(fault.contains(says), "{fault}");
        }
        (is, expect) => panic!("{is:?}, and not {expect:?}"),
    }
}

// shows: SEC-14
#[test]
fn a_witness_follows_a_log_that_grows_and_no_other() {
    let (three, seven) = (Log::of(3), Log::of(7));
    let known = three.checkpoint(3);
    check(None, &request(&three, 0), Ok(3));
    check(Some(&known), &request(&seven, 3), Ok(7));
    check(Some(&known), &request(&three, 3), Ok(3));

    // The fork is named: both checkpoints, with their roots.
    let mut fork = seven.clone();
    fork.0[1] = entry(1000).to_bytes().unwrap();
    let forked = fork.checkpoint(7).root.to_string();
    check(Some(&known), &request(&fork, 3), Err("is forked"));
    check(Some(&known), &request(&fork, 3), Err(&forked));
    check(
        Some(&known),
        &request(&fork, 3),
        Err(&known.root.to_string()),
    );
    let mut same_size = three.clone();
    same_size.0[2] = entry(1000).to_bytes().unwrap();
    check(Some(&known), &request(&same_size, 3), Err("is forked"));
    // Shrunk, from elsewhere, from nothing, without its path.
    let shrunk = request(&Log::of(2), 0);
    check(Some(&known), &shrunk, Err("shows 2 entries"));
    check(
        Some(&known),
        &request(&seven, 2),
        Err("goes on from 2 entries"),
    );
    check(
        Some(&known),
        &request(&seven, 0),
        Err("goes on from 0 entries"),
    );
    check(None, &request(&seven, 3), Err("has 0"));
    let mut without = request(&seven, 3);
    without.path.clear();
    check(Some(&known), &without, Err("is forked"));
    let mut with = request(&seven, 0);
    with.path.push(known.root);
    check(None, &with, Err("is empty"));
    // Signed by another key.
    let mut stranger = request(&seven, 3);
    let other = NoteSigner::new(common::ORIGIN, &[9; 32]).unwrap();
    stranger.checkpoint = seven.checkpoint(7).sign(&other).unwrap();
    check(Some(&known), &stranger, Err("no known key"));
}

// shows: SEC-14
#[test]
fn a_co_signature_holds_for_its_checkpoint_time_and_witness_alone() {
    let log = Log::of(7);
    let (key, witness) = (signer().verifier(), CosignerKey::of(&hmrc().verifier()));
    let note = cosigned(&log, 7, "2026-02-03T09:00:00.9Z");
    let seen = witness::open(&note, &key, &witness).unwrap();
    assert_eq!(seen.checkpoint, log.checkpoint(7));
    assert_eq!(seen.at.to_string(), "2026-02-03T09:00:00Z");
    // The log's own checkpoint still opens, co-signed or not.
    assert_eq!(Checkpoint::open(&note, &key).unwrap(), log.checkpoint(7));

    let own = log.checkpoint(7).sign(&signer()).unwrap();
    let line = note.strip_prefix(&own).unwrap();
    let not_yet = witness::open(&own, &key, &witness);
    assert!(matches!(not_yet, Err(WitnessFault::Unwitnessed { .. })));
    let other = CosignerKey::of(
        &NoteSigner::new("dwp.example/witness", &[8; 32])
            .unwrap()
            .verifier(),
    );
    let other = witness::open(&note, &key, &other);
    assert!(matches!(other, Err(WitnessFault::Unwitnessed { .. })));
    // Under another checkpoint of the same log.
    let moved = log.checkpoint(6).sign(&signer()).unwrap() + line;
    assert!(witness::open(&moved, &key, &witness).is_err());
    // With another time: the eight bytes before the signature.
    let later = cosigned(&log, 7, "2026-02-03T09:00:01Z");
    let later = later.strip_prefix(&own).unwrap();
    let mixed = format!("{own}{}{}", &line[..44], &later[44..]);
    assert!(witness::open(&mixed, &key, &witness).is_err());
    // The witness alone, without the log.
    let alone = format!("{}\n{line}", log.checkpoint(7).text());
    assert!(witness::open(&alone, &key, &witness).is_err());
    // An ordinary signature of the witness's key is no co-signature.
    let ordinary = ledger::note::sign(&log.checkpoint(7).text(), &[&signer(), &hmrc()]).unwrap();
    assert!(witness::open(&ordinary, &key, &witness).is_err());
    // Of two co-signatures the newer counts.
    let twice = format!("{own}{later}{line}");
    let seen = witness::open(&twice, &key, &witness).unwrap();
    assert_eq!(seen.at.to_string(), "2026-02-03T09:00:01Z");
}

#[test]
fn keys_and_requests_have_one_text() {
    let key = CosignerKey::of(&hmrc().verifier());
    let text = key.to_string();
    assert_eq!(CosignerKey::parse(&text).unwrap(), key);
    assert!(VerifierKey::parse(&text).is_err(), "another type of key");
    assert!(CosignerKey::parse(&hmrc().verifier().to_string()).is_err());
    let request = request(&Log::of(7), 3);
    let text = request.to_string();
    assert!(text.starts_with("old 3\n"));
    assert_eq!(text.parse::<Request>().unwrap(), request);
    for (was, is) in [
        ("old 3", "old 03"),
        ("old 3", "new 3"),
        ("\n\n", "\n"),
        ("old 3\n", "old 3\nAAAA\n"),
    ] {
        let bad = text.replacen(was, is, 1).parse::<Request>();
        assert!(matches!(bad, Err(WitnessFault::Form(_))), "{is}");
    }
    assert!(
        hmrc()
            .cosign("hello\n", "2026-02-03T09:00:00Z".parse().unwrap())
            .is_err()
    );
    assert!(
        hmrc()
            .cosign(
                &Log::of(1).checkpoint(1).text(),
                "1969-12-31T23:59:59Z".parse().unwrap()
            )
            .is_err()
    );
}

proptest! {
    #[test]
    fn a_witness_co_signs_exactly_what_grew(
        old in 1u64..20, more in 0u64..20, changed in proptest::option::of(0u64..20),
    ) {
        let known = Log::of(old).checkpoint(old);
        let mut log = Log::of(old + more);
        if let Some(at) = changed.filter(|at| *at < old) {
            log.0[at as usize] = entry(1000).to_bytes().unwrap();
        }
        let grew = changed.is_none_or(|at| at >= old);
        let is = consistent(Some(&known), &request(&log, old), &signer().verifier());
        prop_assert_eq!(is.is_ok(), grew);
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>(), blob in any::<Vec<u8>>()) {
        let _ = text.parse::<Request>();
        let _ = format!("old 1\n{text}\n\n{text}").parse::<Request>();
        let own = Log::of(1).checkpoint(1).sign(&signer()).unwrap();
        let line = format!("\u{2014} hmrc.example/witness {}\n", hex::encode(blob));
        let key = CosignerKey::of(&hmrc().verifier());
        let _ = witness::open(&(own + &line), &signer().verifier(), &key);
    }
}
