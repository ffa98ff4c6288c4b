//! The virtual clock and the seeded entropy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use exchange::ids::OperationId;
use exchange::ports::{Clock, Entropy};
use hkdf::Hkdf;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sim::{Backwards, SeededEntropy, VirtualClock};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn draw(seed: &[u8], op: &str, label: &str, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    SeededEntropy::new(seed).fill(&OperationId::parse(op).unwrap(), label, &mut out);
    out
}

#[test]
fn the_clock_stands_until_it_is_set_and_never_goes_back() {
    let clock = VirtualClock::new(at("2026-01-31T09:00:00Z"));
    assert_eq!(clock.now(), at("2026-01-31T09:00:00Z"));
    assert_eq!(clock.now(), clock.now());
    clock.set(at("2026-02-01T00:00:00Z")).unwrap();
    clock.set(at("2026-02-01T00:00:00Z")).unwrap();
    clock.advance(SignedDuration::from_secs(90)).unwrap();
    let stands = at("2026-02-01T00:01:30Z");
    assert_eq!(
        clock.set(at("2026-01-31T09:00:00Z")),
        Err(Backwards { stands })
    );
    assert_eq!(
        clock.advance(SignedDuration::from_secs(-1)),
        Err(Backwards { stands })
    );
    assert_eq!(
        clock.advance(SignedDuration::MAX),
        Err(Backwards { stands })
    );
    assert_eq!(clock.now(), stands);
}

#[test]
fn entropy_is_the_derivation_that_is_documented() {
    let mut expect = [0; 48];
    Hkdf::<sha2::Sha256>::new(None, b"seed")
        .expand(b"run-1\0file key", &mut expect)
        .unwrap();
    assert_eq!(draw(b"seed", "run-1", "file key", 48), expect);
    assert_eq!(hex::encode(draw(b"seed", "run-1", "file key", 8)), FIRST);
    // More than one expansion gives: the parts go on and do not repeat.
    let long = draw(b"seed", "run-1", "file key", 20_000);
    assert_eq!(long[..48], expect);
    assert_ne!(long[..8160], long[8160..16_320]);
    assert_ne!(long[16_320..], [0; 3680]);
}

// By another implementation of HKDF.
const FIRST: &str = "b5745fef58cb0651";

proptest! {
    #[test]
    fn a_draw_depends_on_all_its_names_and_on_nothing_else(
        (seed, other) in (any::<[u8; 8]>(), any::<[u8; 8]>()),
        op in "[a-z]{1,8}", label in "[a-z]{1,8}", more in "[a-z]{1,4}",
    ) {
        let drawn = draw(&seed, &op, &label, 32);
        prop_assert_eq!(&draw(&seed, &op, &label, 32), &drawn);
        prop_assert_ne!(&draw(&seed, &format!("{op}{more}"), &label, 32), &drawn);
        prop_assert_ne!(&draw(&seed, &op, &format!("{label}{more}"), 32), &drawn);
        // The border between operation and label counts.
        prop_assert_ne!(
            draw(&seed, &format!("{op}{more}"), &label, 32),
            draw(&seed, &op, &format!("{more}{label}"), 32)
        );
        if seed != other {
            prop_assert_ne!(&draw(&other, &op, &label, 32), &drawn);
        }
    }
}
