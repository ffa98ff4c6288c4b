#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Entries: one canonical form, and nothing else is an entry.

mod common;

use std::collections::BTreeMap;

use ledger::entry::{MAX_BYTES, MAX_COUNT};
use ledger::{By, Code, CommitKey, Digest, Entry, EntryFault, EntryId, Fact, Id, NodeName};
use proptest::prelude::*;

const WHOLE: &str = r#"{"act":"run.sent","at":"2026-02-03T09:00:00.000Z","by":{"role":"officer"},"facts":{},"id":"op-1/0","node":"ho","sealed":{},"v":1}"#;

/// Reads `text`; the fault, or none.
#[track_caller]
fn check(text: impl AsRef<[u8]>, expect: Option<EntryFault>) {
    assert_eq!(Entry::parse(text.as_ref()).err(), expect);
}

fn form(column: usize) -> Option<EntryFault> {
    Some(EntryFault::Form { line: 1, column })
}

/// Not an entry at all, wherever reading stops.
#[track_caller]
fn refused(text: &str) {
    assert!(
        matches!(Entry::parse(text.as_bytes()), Err(EntryFault::Form { .. })),
        "{text}"
    );
}

// shows: SEC-14
#[test]
fn only_the_canonical_bytes_are_an_entry() {
    check(WHOLE, None);
    check("", Some(EntryFault::Form { line: 1, column: 0 }));
    check("{", form(1));
    check(
        WHOLE.replace("\"v\":1", "\"v\":2"),
        Some(EntryFault::Version),
    );
    check(
        WHOLE.replace("\"v\":1", "\"v\":1000"),
        Some(EntryFault::Version),
    );
    let differs = |at| Some(EntryFault::NotCanonical { at });
    check(WHOLE.replace(",\"v\"", ", \"v\""), differs(WHOLE.len() - 6));
    check(format!("{WHOLE}\n"), differs(WHOLE.len()));
    check(format!(" {WHOLE}"), differs(0));
    check(WHOLE.replace("run.sent", "run\\u002esent"), differs(11));
    check(
        WHOLE
            .replace("\"node\":\"ho\",", "")
            .replacen('{', "{\"node\":\"ho\",", 1),
        differs(2),
    );
    check(
        WHOLE.replace("\"v\":1", "\"rule\":null,\"v\":1"),
        differs(WHOLE.len() - 5),
    );
    for (member, other) in [
        ("\"v\":1", "\"v\":1,\"x\":1"),
        ("\"v\":1", "\"v\":1,\"v\":1"),
        ("\"v\":1", "\"v\":1.5"),
        (",\"v\":1", ""),
        (
            "\"by\":{\"role\":\"officer\"}",
            "\"by\":{\"role\":\"officer\",\"person\":\"x\"}",
        ),
        ("run.sent", "run sent"),
        ("run.sent", ""),
        ("op-1/0", "op-1/00"),
        ("op-1/0", "OP-1/0"),
        ("op-1/0", "op-1"),
        ("\"ho\"", "\"Ho\""),
        ("00.000Z", "00Z"),
        ("00.000Z", "00.0000Z"),
        ("00.000Z", "00.000+00:00"),
        ("2026-02-03T", "2026-02-03 "),
        ("09:00:00.000Z", "23:59:60.000Z"),
        ("\"facts\":{}", "\"facts\":{\"a\":{\"text\":\"free\"}}"),
        ("\"facts\":{}", "\"facts\":{\"a\":\"free\"}"),
        ("\"facts\":{}", "\"facts\":{\"a\":{\"count\":-1}}"),
        (
            "\"facts\":{}",
            "\"facts\":{\"a\":{\"count\":1,\"code\":\"x\"}}",
        ),
        ("\"facts\":{}", "\"facts\":{\"a\":{\"code\":\"two words\"}}"),
        ("\"facts\":{}", "\"facts\":{\"a\":{\"date\":\"2026-2-3\"}}"),
        ("\"facts\":{}", "\"facts\":{\"two words\":{\"count\":1}}"),
        ("\"sealed\":{}", "\"sealed\":{\"who\":\"officer 12\"}"),
        ("\"sealed\":{}", "\"sealed\":{\"who\":null}"),
    ] {
        let text = WHOLE.replace(member, other);
        assert_ne!(text, WHOLE);
        refused(&text);
    }
}

#[test]
fn a_fault_repeats_nothing_of_what_it_read() {
    for place in [
        "\"who\":\"CANARY-QQ123456C\"",
        "\"CANARY-QQ123456C\":1",
        "\"a\":CANARY-QQ123456C",
    ] {
        let text = WHOLE.replace("\"sealed\":{}", &format!("\"sealed\":{{{place}}}"));
        let fault = Entry::parse(text.as_bytes()).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("CANARY"), "{fault}");
    }
    let fault = Code::parse("CANARY QQ123456C").unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("CANARY"));
}

#[test]
fn an_entry_that_cannot_be_kept_is_not_written() {
    let mut entry = common::entry(0);
    entry.facts.insert(Code::of("rows"), Fact::Count(MAX_COUNT));
    assert_eq!(Entry::parse(&entry.to_bytes().unwrap()).unwrap(), entry);
    entry
        .facts
        .insert(Code::of("rows"), Fact::Count(MAX_COUNT + 1));
    assert_eq!(entry.to_bytes(), Err(EntryFault::OutOfRange));
    entry
        .facts
        .insert(Code::of("rows"), Fact::Date(jiff::civil::date(-1, 1, 1)));
    assert_eq!(entry.to_bytes(), Err(EntryFault::OutOfRange));
    entry
        .facts
        .insert(Code::of("rows"), Fact::At(jiff::Timestamp::MIN));
    assert_eq!(entry.to_bytes(), Err(EntryFault::OutOfRange));
    for n in 0..2000 {
        entry.facts.insert(
            Code::parse(&format!("rows-{n}")).unwrap(),
            Fact::Code(Code::of("abcdefghij")),
        );
    }
    entry.facts.remove(&Code::of("rows"));
    assert!(matches!(entry.to_bytes(), Err(EntryFault::TooLong { bytes }) if bytes > MAX_BYTES));
}

#[test]
fn an_instant_is_cut_to_the_millisecond() {
    for (at, written) in [
        ("2026-02-03T09:00:00.123999999Z", "2026-02-03T09:00:00.123Z"),
        ("2026-12-31T23:59:59.999999999Z", "2026-12-31T23:59:59.999Z"),
        ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z"),
        ("2026-02-03T09:00:00+01:00", "2026-02-03T08:00:00.000Z"),
    ] {
        let mut entry = common::entry(0);
        entry.at = at.parse().unwrap();
        let bytes = entry.to_bytes().unwrap();
        assert!(
            String::from_utf8(bytes.clone()).unwrap().contains(written),
            "{at}"
        );
        assert_eq!(
            Entry::parse(&bytes).unwrap().at.to_string(),
            written.parse::<jiff::Timestamp>().unwrap().to_string()
        );
    }
}

#[test]
fn names_have_their_forms_and_no_others() {
    let code = |text: &str| Code::parse(text).is_ok();
    assert!(code("a") && code("RUN-05") && code("a.b_c:d/e-f") && code(&"a".repeat(80)));
    assert!(!code("") && !code("-a") && !code("a b") && !code("é") && !code(&"a".repeat(81)));
    let id = |text: &str| Id::parse(text).is_ok();
    assert!(id("a") && id("0a") && id(&"a".repeat(160)));
    assert!(!id("") && !id("A") && !id("/a") && !id("a b") && !id(&"a".repeat(161)));
    let node = |text: &str| NodeName::parse(text).is_ok();
    assert!(node("ho") && node("h-2") && node(&"a".repeat(32)));
    assert!(!node("") && !node("2h") && !node("h_o") && !node(&"a".repeat(33)));
    let entry = |text: &str| EntryId::parse(text).is_ok();
    assert!(entry("a/0") && entry("a/b/12") && entry("a/0/0"));
    assert!(
        !entry("a")
            && !entry("a/")
            && !entry("/0")
            && !entry("a/01")
            && !entry("a/+1")
            && !entry("a/b")
    );
}

#[test]
fn an_opening_fits_its_entry_label_and_value_only() {
    let key = CommitKey::new([9; 32]);
    let (entry, label) = (EntryId::new("op", 1).unwrap(), Code::of("who"));
    let commitment = key.commit(&entry, &label, b"officer 12");
    key.open(&entry, &label, b"officer 12")
        .verify(&commitment)
        .unwrap();
    let other = EntryId::new("op", 2).unwrap();
    for opening in [
        key.open(&entry, &label, b"officer 13"),
        key.open(&entry, &label, b""),
        key.open(&other, &label, b"officer 12"),
        key.open(&entry, &Code::of("why"), b"officer 12"),
        CommitKey::new([8; 32]).open(&entry, &label, b"officer 12"),
    ] {
        assert!(opening.verify(&commitment).is_err());
    }
    let opening = key.open(&entry, &label, b"officer 12");
    let json = serde_json::to_string(&opening).unwrap();
    assert_eq!(
        serde_json::from_str::<ledger::Opening>(&json).unwrap(),
        opening
    );
    assert_eq!(
        format!("{key:?} {opening:?}"),
        "CommitKey(redacted) Opening(redacted)"
    );
}

fn code() -> impl Strategy<Value = Code> {
    "[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}".prop_map(|text| Code::parse(&text).unwrap())
}

fn instant() -> impl Strategy<Value = jiff::Timestamp> {
    (-62_167_219_200_000i64..=253_402_207_199_999)
        .prop_map(|ms| jiff::Timestamp::from_millisecond(ms).unwrap())
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (0..=MAX_COUNT).prop_map(Fact::Count),
        code().prop_map(Fact::Code),
        any::<[u8; 32]>().prop_map(|bytes| Fact::Digest(Digest(bytes))),
        (0i16..=9999, 1i8..=12, 1i8..=28)
            .prop_map(|(y, m, d)| Fact::Date(jiff::civil::date(y, m, d))),
        instant().prop_map(Fact::At),
        "[a-z0-9][a-z0-9._:/-]{0,159}".prop_map(|text| Fact::Id(Id::parse(&text).unwrap())),
    ]
}

prop_compose! {
    fn entries()(
        (id, n) in ("[a-z0-9][a-z0-9._:/-]{0,159}", any::<u64>()),
        at in instant(),
        node in "[a-z][a-z0-9-]{0,31}",
        act in code(),
        role in code(),
        agreement in proptest::option::of(any::<[u8; 32]>()),
        rule in proptest::option::of(code()),
        facts in proptest::collection::btree_map(code(), fact(), 0..5),
        sealed in proptest::collection::btree_map(code(), any::<Vec<u8>>(), 0..3),
    ) -> Entry {
        let id = EntryId::new(&id, n).unwrap();
        let key = CommitKey::new([9; 32]);
        let sealed: BTreeMap<_, _> =
            sealed.into_iter().map(|(label, v)| (label.clone(), key.commit(&id, &label, &v))).collect();
        let node = NodeName::parse(&node).unwrap();
        Entry { id, at, node, act, by: By { role }, agreement: agreement.map(Digest), rule, facts, sealed }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entry in entries()) {
        let bytes = entry.to_bytes().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&serde_json_canonicalizer::to_vec(&json).unwrap(), &bytes);
        prop_assert_eq!(Entry::parse(&bytes).unwrap(), entry);
    }

    #[test]
    fn what_is_read_is_what_would_be_written(entry in entries(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = entry.to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Entry::parse(&bytes) {
            prop_assert_eq!(read.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in any::<Vec<u8>>()) {
        prop_assert!(Entry::parse(&bytes).is_err());
    }

    #[test]
    fn no_text_makes_names_panic(text in any::<String>()) {
        let _ = (Code::parse(&text), Id::parse(&text), NodeName::parse(&text), EntryId::parse(&text));
        let _ = (text.parse::<Digest>(), text.parse::<ledger::Commitment>());
    }
}
