//! What is signed: it depends on what the agreement says and on nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use common::yaml::{Draw, Yaml, read, write};
use common::{base_with, contact_thread, plan};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

proptest! {
    #![proptest_config(common::cases(64))]

    /// Layout, comments, quotes and the order of keys are not signed.
    #[test]
    fn the_layout_of_the_file_is_not_signed(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let text = contact_thread();
        let other = write(&read(&text), &mut Draw(&bytes));
        let (one, two) = (plan(&text), plan(&other));
        prop_assert_eq!(one.canonical(), two.canonical());
        prop_assert_eq!(one.hash(), two.hash());
        prop_assert_eq!(one.annex_hash, two.annex_hash);
        prop_assert_eq!(one.permits(), two.permits());
    }
}

#[test]
fn what_the_agreement_says_is_signed() {
    let base = plan(&base_with("")).hash();
    let mut seen = vec![base];
    for (what, sections) in [
        ("the title", "title: Another agreement\n"),
        ("the umbrella", "under: { ho-hmrc: three }\n"),
        (
            "the regime",
            "regime: { name: gdpr-dpa-2018, reading: C-06 }\nreadings: { C-06: { takes: the present one, owner: all } }\n",
        ),
        (
            "the term",
            "term: { from: 2026-01-01, for: 25 months, review: { every: 12 months }, effect: all-signed, amend: in-writing-by-all, notice: 3 months, survives: [retention, security] }\n",
        ),
        (
            "a unit",
            "parties:\n  ho: { body: home-office, unit: Other, is: controller, lawful-basis: gdpr-6-1-e }\n  hmrc: { body: hmrc, unit: Analytics, is: controller, lawful-basis: gdpr-6-1-e }\n",
        ),
        (
            "a condition",
            "conditions:\n  lost: { all: [ { in_pool: { is: yes } }, { last_seen: { ago-at-least: 7 months } } ] }\n",
        ),
        (
            "a gateway",
            "bases:\n  out: [ { gate: iana-2006-s36, cite: \"2\" } ]\n",
        ),
        (
            "who signs",
            "signed:\n  ho: { role: Deputy Director }\n  hmrc: { role: Director }\n",
        ),
        (
            "a decision",
            "decisions:\n  use-contact: { by: ho.caseworker, of: person, after: { match: confirmed } }\n",
        ),
    ] {
        let hash = plan(&base_with(sections)).hash();
        assert!(!seen.contains(&hash), "{what} is not signed");
        seen.push(hash);
    }
}

#[test]
fn the_order_of_columns_is_signed() {
    let fields = |first: &str, second: &str| {
        let list = format!(
            "  list:\n    about: person\n    one-row-per: person\n    fields:\n      {first}\n      {second}\n"
        );
        let found = "  found:\n    about: person\n    one-row-per: { row-of: list }\n    fields:\n      ref: { copy-of: list.ref }\n";
        plan(&base_with(&format!("datasets:\n{list}{found}"))).hash()
    };
    let one = "ref: { type: reference, class: reference, why: [links] }";
    let two = "full_name: { type: name, class: personal, why: [identifies] }";
    assert_ne!(fields(one, two), fields(two, one));
}

#[test]
fn names_of_people_and_days_of_signature_stand_in_the_annex() {
    let base = base_with("");
    let one = plan(&base);
    for (from, to) in [
        ("business@ho.example", "other@ho.example"),
        ("author: Analytics", "author: Another Team"),
        (
            "ho:   { role: Director }",
            "ho:   { role: Director, name: the post holder, date: 2026-01-05 }",
        ),
    ] {
        let text = base.replace(from, to);
        assert_ne!(text, base, "{from}");
        let two = plan(&text);
        assert_eq!(one.hash(), two.hash(), "{to}");
        assert_ne!(one.annex_hash, two.annex_hash, "{to}");
        assert!(!two.canonical().contains(to), "{to}");
    }
}

/// A change of an umbrella is a change of what stands under it.
#[test]
fn the_umbrellas_are_signed_by_their_hash() {
    let umbrella =
        std::fs::read_to_string(common::folder().join("tests/cases/beside/umbrella.yaml")).unwrap();
    let under = |text: &str| {
        let law = common::law();
        let library = agreement::Library::read([("umbrella.yaml", text.as_bytes())], &law);
        let base = base_with("");
        agreement::check("base.yaml", base.as_bytes(), &law, &library)
            .plan
            .unwrap()
            .hash()
    };
    assert_eq!(under(&umbrella), under(&format!("{umbrella}# a comment\n")));
    assert_ne!(
        under(&umbrella),
        under(&umbrella.replace("12 months", "6 months"))
    );
}

#[test]
fn the_hash_is_of_the_canonical_text() {
    let plan = plan(&contact_thread());
    let digest = Sha256::digest(plan.canonical().as_bytes());
    assert_eq!(plan.hash().as_bytes(), &<[u8; 32]>::from(digest));
    // The text is its own RFC 8785 form, and holds no number that could be rounded.
    let value: serde_json::Value = serde_json::from_str(plan.canonical()).unwrap();
    assert_eq!(
        serde_json_canonicalizer::to_string(&value).unwrap(),
        plan.canonical()
    );
    fn no_number(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::Number(_) => false,
            serde_json::Value::Array(items) => items.iter().all(no_number),
            serde_json::Value::Object(map) => map.values().all(no_number),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {
                true
            }
        }
    }
    assert!(no_number(&value));
}

/// The vector of docs/formats/agreement.md. The catalogue grows, so its digest is left out of the vector.
#[test]
fn the_documented_vector_holds() {
    let text =
        std::fs::read_to_string(common::folder().join("../../docs/formats/agreement.md")).unwrap();
    let block = |title: &str| -> String {
        let after = text
            .split_once(title)
            .unwrap_or_else(|| panic!("no {title}"))
            .1;
        after
            .split("```")
            .nth(1)
            .unwrap()
            .split_once('\n')
            .unwrap()
            .1
            .trim_end()
            .to_owned()
    };
    let written = plan(&(block("### Vector: the file") + "\n"));
    let law = hex::encode(common::law().digest());
    let expected =
        block("### Vector: the canonical text").replace("<the catalogue's digest>", &law);
    assert_eq!(written.canonical(), expected);
    let fixed = expected.replace(&law, &"0".repeat(64));
    assert_eq!(
        hex::encode(Sha256::digest(fixed.as_bytes())),
        block("### Vector: the hash")
    );
    assert!(matches!(read(&block("### Vector: the file")), Yaml::Map(_)));
}
