#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Signed notes and checkpoints: both ways against `signed_note` and `tlog_tiles`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{
    Checkpoint, CheckpointFault, Digest, KeyFault, NoteFault, NoteSigner, VerifierKey, note,
};
use proptest::prelude::*;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};

const TEXT: &str = "example.org/kind\nline\n";

fn signer(n: u8) -> NoteSigner {
    NoteSigner::new(&format!("key{n}.example/log"), &[n; 32]).unwrap()
}

/// The same key in the form that `signed_note` reads.
fn their_signer(name: &str, secret: &[u8; 32]) -> StandardSigner {
    let ours = NoteSigner::new(name, secret)
        .unwrap()
        .verifier()
        .to_string();
    let hash = ours.split('+').nth(1).unwrap();
    let key = STANDARD.encode([&[1u8][..], secret].concat());
    StandardSigner::new(&format!("PRIVATE+KEY+{name}+{hash}+{key}")).unwrap()
}

fn their_verifiers(keys: &[VerifierKey]) -> VerifierList {
    let one = |key: &VerifierKey| -> Box<dyn signed_note::Verifier> {
        Box::new(StandardVerifier::new(&key.to_string()).unwrap())
    };
    VerifierList::new(keys.iter().map(one).collect())
}

/// Opens `signed` with the keys of signers 1 and 2.
#[track_caller]
fn check(signed: &str, expect: Result<&[u8], NoteFault>) {
    let known = [signer(1).verifier(), signer(2).verifier()];
    let opened = note::open(signed, &known).map(|opened| opened.signers);
    let expect = expect.map(|ns| ns.iter().map(|n| signer(*n).verifier()).collect::<Vec<_>>());
    assert_eq!(opened, expect);
}

fn form(signed: &str) {
    let known = [signer(1).verifier(), signer(2).verifier()];
    assert!(
        matches!(note::open(signed, &known), Err(NoteFault::Form(_))),
        "{signed:?}"
    );
}

#[test]
fn known_keys_must_hold_and_unknown_ones_are_passed_over() {
    let by = |ns: &[u8]| {
        let signers: Vec<NoteSigner> = ns.iter().map(|n| signer(*n)).collect();
        note::sign(TEXT, &signers.iter().collect::<Vec<_>>()).unwrap()
    };
    check(&by(&[1]), Ok(&[1]));
    check(&by(&[2, 1]), Ok(&[2, 1]));
    check(&by(&[3, 1, 4]), Ok(&[1]));
    check(&by(&[1, 1]), Ok(&[1]));
    check(&by(&[3, 4]), Err(NoteFault::Unsigned { unknown: 2 }));
    let altered = |n: u8| {
        Err(NoteFault::Altered {
            name: format!("key{n}.example/log"),
        })
    };
    check(&by(&[1]).replace("line", "lime"), altered(1));
    // One good signature does not make up for a bad one.
    let (one, two) = (by(&[1]), by(&[2]).replace("line", "lime"));
    let bad_two = note::sign("other\n", &[&signer(2)]).unwrap();
    let bad_line = bad_two.lines().last().unwrap();
    check(&format!("{one}{bad_line}\n"), altered(2));
    check(&two, altered(2));
    // A name alone or a hash alone does not make a key known.
    let imposter = NoteSigner::new("key1.example/log", &[9; 32]).unwrap();
    check(
        &note::sign(TEXT, &[&imposter]).unwrap(),
        Err(NoteFault::Unsigned { unknown: 1 }),
    );
    let renamed = one.replace("key1", "key9");
    check(&renamed, Err(NoteFault::Unsigned { unknown: 1 }));
}

#[test]
fn other_forms_are_refused() {
    let good = note::sign(TEXT, &[&signer(1)]).unwrap();
    for bad in [
        String::new(),
        "\n\n".into(),
        TEXT.into(),
        good.trim_end().into(),
        good.replace('\u{2014}', "-"),
        good.replace("\n\n", "\n"),
        good.replace("log ", "log  "),
        good.replace("key1.", "key1+"),
        good.replace("line", "li\tne"),
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        format!("{good}more\n"),
        format!("{good}\u{2014} name AAAA\n"),
        format!("{good}\u{2014} name !!!!\n"),
        format!("{}{good}", "x".repeat(1_000_000)),
        format!("{good}{}", "\u{2014} name AAAAAAAA\n".repeat(100)),
    ] {
        form(&bad);
    }
    check(
        &format!("{good}{}", "\u{2014} name AAAAAAAA\n".repeat(99)),
        Ok(&[1]),
    );
    for text in ["", "no newline", "tab\t\n"] {
        assert!(matches!(
            note::sign(text, &[&signer(1)]),
            Err(NoteFault::Text(_))
        ));
    }
    assert!(matches!(note::sign(TEXT, &[]), Err(NoteFault::Text(_))));
}

#[test]
fn keys_have_one_text() {
    let key = signer(1).verifier();
    let text = key.to_string();
    assert_eq!(text.parse::<VerifierKey>().unwrap(), key);
    assert_eq!(
        serde_json::from_str::<VerifierKey>(&serde_json::to_string(&key).unwrap()).unwrap(),
        key
    );
    let renamed = text.replace("key1", "key2");
    let fault = KeyFault::Hash {
        name: "key2.example/log".into(),
    };
    assert_eq!(renamed.parse::<VerifierKey>(), Err(fault));
    let weak = STANDARD.encode([&[1u8, 1][..], &[0; 31]].concat());
    for bad in [
        "",
        "a",
        "a+b",
        &text[..text.len() - 1],
        &text.to_uppercase(),
        &format!("a+00000000+{weak}"),
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    for name in ["", "two words", "a+b", "a\u{2003}b", "a\nb"] {
        assert_eq!(NoteSigner::new(name, &[1; 32]).unwrap_err(), KeyFault::Name);
    }
    assert_eq!(
        format!("{:?}", signer(1)),
        "NoteSigner(key1.example/log, redacted)"
    );
}

/// Opens a checkpoint with the key of signer 1.
#[track_caller]
fn checkpoint(text: &str, good: bool) {
    let signed = note::sign(text, &[&signer(1)]).unwrap();
    let opened = Checkpoint::open(&signed, &signer(1).verifier());
    assert_eq!(opened.is_ok(), good, "{opened:?}");
    if let Ok(checkpoint) = opened {
        assert_eq!(checkpoint.text(), text);
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
        let ours = (
            checkpoint.origin.as_str(),
            checkpoint.size,
            checkpoint.root.0,
        );
        assert_eq!(ours, (theirs.origin(), theirs.size(), theirs.hash().0));
    }
}

#[test]
fn a_checkpoint_has_three_lines_and_its_own_key() {
    let root = STANDARD.encode([5; 32]);
    checkpoint(&format!("key1.example/log\n0\n{root}\n"), true);
    checkpoint(&format!("key1.example/log\n20852163\n{root}\n"), true);
    for bad in [
        format!("key2.example/log\n1\n{root}\n"),
        format!("\n1\n{root}\n"),
        format!("key1.example/log\n01\n{root}\n"),
        format!("key1.example/log\n+1\n{root}\n"),
        format!("key1.example/log\n-1\n{root}\n"),
        format!("key1.example/log\n9007199254740992\n{root}\n"),
        format!("key1.example/log\n1\n{}\n", &root[4..]),
        format!("key1.example/log\n1\n{}\n", root.trim_end_matches('=')),
        format!("key1.example/log\n1\n{root}\nextension\n"),
        format!("key1.example/log\n1\n{root}\n\n"),
        "key1.example/log\n1\n".into(),
    ] {
        checkpoint(&bad, false);
    }
    let other = Checkpoint {
        origin: "key2.example/log".into(),
        size: 0,
        root: Digest::of(b""),
    };
    assert!(matches!(
        other.sign(&signer(1)),
        Err(CheckpointFault::Origin { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn notes_open_in_both_libraries(
        text in "(\\PC|\n){0,60}", secrets in proptest::collection::btree_set(any::<[u8; 32]>(), 1..4),
    ) {
        let text = format!("{text}\n");
        let signers: Vec<NoteSigner> = secrets
            .iter()
            .map(|secret| NoteSigner::new("one.example/log", secret).unwrap())
            .collect();
        let keys: Vec<VerifierKey> = signers.iter().map(NoteSigner::verifier).collect();
        let ours = note::sign(&text, &signers.iter().collect::<Vec<_>>()).unwrap();

        let opened = note::open(&ours, &keys).unwrap();
        prop_assert_eq!((&opened.text, &opened.signers), (&text, &keys));
        let read = Note::from_bytes(ours.as_bytes()).unwrap();
        prop_assert_eq!(read.text(), text.as_bytes());
        let (verified, rest) = read.verify(&their_verifiers(&keys)).unwrap();
        prop_assert_eq!((verified.len(), rest.len()), (keys.len(), 0));

        let theirs: Vec<StandardSigner> =
            secrets.iter().map(|secret| their_signer("one.example/log", secret)).collect();
        let dyns: Vec<&dyn signed_note::Signer> = theirs.iter().map(|s| s as &dyn signed_note::Signer).collect();
        let mut note = Note::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&dyns).unwrap();
        prop_assert_eq!(note.to_bytes(), ours.as_bytes());
    }

    #[test]
    fn a_changed_character_is_never_opened_to_another_text(at in any::<proptest::sample::Index>(), with in any::<char>()) {
        let signed = note::sign(TEXT, &[&signer(1)]).unwrap();
        let mut chars: Vec<char> = signed.chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        let changed: String = chars.into_iter().collect();
        if let Ok(opened) = note::open(&changed, &[signer(1).verifier()]) {
            prop_assert_eq!(opened.text, TEXT);
        }
    }

    #[test]
    fn no_text_makes_opening_panic(text in any::<String>(), tail in "(\\PC|\n){0,80}") {
        let known = [signer(1).verifier()];
        let _ = (note::open(&text, &known), text.parse::<VerifierKey>(), Checkpoint::parse(&text));
        let _ = note::open(&format!("{text}\n\n\u{2014} {tail}\n"), &known);
    }
}
