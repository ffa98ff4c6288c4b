//! The law catalogue, and what it opens to whom.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::{GatewayId, Law, LegalPurpose};
use common::{base_with, law};

/// A base agreement between two bodies, each flow by the gateway given.
fn between(one: &str, other: &str, out: &str, back: &str, purpose: &str) -> String {
    let why = |gate: &str| match gate {
        "common-law-crown" => {
            "{ gate: common-law-crown, why: no statutory gateway applies }".to_owned()
        }
        gate => format!("{{ gate: {gate} }}"),
    };
    base_with(&format!(
        "parties:
  ho: {{ body: {one}, unit: Casework, is: controller }}
  hmrc: {{ body: {other}, unit: Analytics, is: controller }}
purposes:
  contact: {{ text: find contact details, law: [{purpose}] }}
bases: {{}}
flows:
  ask: {{ from: ho, to: hmrc, send: list, only: lost, by: [ {} ], for: contact, when: {{ every: month, from: 2026-01 }}, as: xlsx, route: exchange }}
  reply: {{ from: hmrc, to: ho, answers: {{ flow: ask, a-row-for: every-row, pairs-on: [ref] }}, send: found, by: [ {} ], for: contact, as: csv, route: exchange }}
",
        why(out),
        why(back)
    ))
}

/// The rules that refuse, among those of the flow named.
fn refusals(text: &str, of: &str) -> Vec<&'static str> {
    let checked = common::check(text);
    let of = format!("the flow {of}");
    checked
        .diagnostics
        .iter()
        .filter(|d| d.message.contains(&of))
        .map(|d| d.rule)
        .collect()
}

#[test]
fn section_21_serves_three_recipients() {
    // shows: LEG-04
    for (recipient, opens) in [
        ("police-force", true),
        ("nca", true),
        ("hmrc", true),
        ("dwp", false),
        ("dfe", false),
        ("dvla", false),
    ] {
        let text = between(
            "home-office",
            recipient,
            "iaa-1999-s21",
            "iana-2006-s36",
            "immigration-offences",
        );
        let expected: &[&str] = if opens { &[] } else { &["LEG-01"] };
        assert_eq!(refusals(&text, "ask"), expected, "{recipient}");
    }
}

#[test]
fn section_20_excludes_five_suppliers_and_connected_persons() {
    // shows: LEG-06
    for (supplier, opens) in [
        ("dwp", true),
        ("dfe", true),
        ("local-authority", true),
        ("health-body", true),
        ("police-force", true),
        ("hmrc", false),
        ("house-of-commons", false),
        ("house-of-lords", false),
        ("scottish-parliament", false),
        ("national-assembly-for-wales", false),
        ("northern-ireland-assembly", false),
        ("person-in-proceedings", false),
    ] {
        let text = between(
            "home-office",
            supplier,
            "common-law-crown",
            "iaa-1999-s20",
            "immigration-control",
        );
        let expected: &[&str] = if opens { &[] } else { &["LEG-06"] };
        assert_eq!(refusals(&text, "reply"), expected, "{supplier}");
    }
}

#[test]
fn only_the_home_office_cites_the_power_of_the_crown() {
    // shows: LEG-03
    let text = between(
        "dwp",
        "home-office",
        "common-law-crown",
        "common-law-crown",
        "immigration-control",
    );
    assert_eq!(refusals(&text, "ask"), ["LEG-01"]);
    assert_eq!(refusals(&text, "reply"), [] as [&str; 0]);
}

fn purposes(gate: &str) -> Vec<String> {
    let law = law();
    let gateway = law.gateway(&GatewayId::parse(gate).unwrap()).unwrap();
    assert_eq!(gateway.ways.len(), 1);
    gateway.ways[0]
        .purposes
        .iter()
        .map(ToString::to_string)
        .collect()
}

const IMMIGRATION: [&str; 7] = [
    "immigration-control",
    "immigration-offences",
    "immigration-charges",
    "asylum-support",
    "illegal-working",
    "accommodation",
    "immigration-function",
];

#[test]
fn immigration_purposes_are_a_closed_list_of_seven() {
    // shows: LEG-08
    assert_eq!(purposes("iaa-1999-s20"), IMMIGRATION);
}

#[test]
fn section_40_has_ten_purposes_one_with_two_cases() {
    // shows: LEG-10
    // Its last purpose, functions of immigration and nationality, includes those of immigration alone.
    let mut expected: Vec<&str> = IMMIGRATION.to_vec();
    expected.extend([
        "naturalisation-character",
        "registration-character-war-wives",
        "registration-character-hong-kong",
        "deprivation",
        "immigration-and-nationality-function",
    ]);
    expected.sort();
    let mut found = purposes("ukba-2007-s40");
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn to_dwp_the_home_office_data_serves_fraud_and_checking_alone() {
    // shows: LEG-12
    for (purpose, opens) in [
        ("counter-fraud", true),
        ("benefit-checking", true),
        ("social-security", false),
        ("immigration-control", false),
    ] {
        let text = between(
            "home-office",
            "dwp",
            "ssaa-1992-s122b",
            "iaa-1999-s20",
            purpose,
        );
        assert_eq!(refusals(&text, "ask").is_empty(), opens, "{purpose}");
    }
}

#[test]
fn every_entry_is_verified_by_somebody_or_says_what_is_open() {
    let law = law();
    for (id, gateway) in law.gateways() {
        assert!(
            !gateway.cites.is_empty() && !gateway.ways.is_empty(),
            "{id}"
        );
        assert!(
            gateway.verified_by.is_some() || !gateway.checks.is_empty(),
            "{id}"
        );
        for way in &gateway.ways {
            assert!(
                way.purposes
                    .iter()
                    .all(|p: &LegalPurpose| law.purpose(p).is_some()),
                "{id}"
            );
        }
    }
}

const FILES: [(&str, &str); 3] = [
    (
        "bodies",
        "kinds: { department: a department }\nbodies:\n  one: { title: One, kind: department }\n  two: { title: Two, kind: department }\n",
    ),
    (
        "purposes",
        "purposes: { work: the work }\nregimes: { act: an Act }\n",
    ),
    (
        "gateways",
        "gateways:\n  gate: { cites: section 1, ways: [ { from: one, to: two, purposes: [work] } ] }\n",
    ),
];

#[test]
fn a_catalogue_is_hashed_by_what_it_says() {
    let one = Law::from_texts(&FILES).unwrap();
    let turned: Vec<(&str, &str)> = FILES.into_iter().rev().collect();
    assert_eq!(one.digest(), Law::from_texts(&turned).unwrap().digest());
    let mut other = FILES;
    let text = other[2].1.replace("section 1", "section 2");
    other[2].1 = &text;
    assert_ne!(one.digest(), Law::from_texts(&other).unwrap().digest());
}

#[test]
fn a_catalogue_with_a_fault_is_refused_with_its_place() {
    for (at, from, to, told) in [
        (
            0,
            "kind: department }\n  two",
            "kind: ministry }\n  two",
            "bodies:3:3: fault[LANG-08]",
        ),
        (
            2,
            "from: one",
            "from: three",
            "gateways:2:3: fault[LANG-08]",
        ),
        (2, "[work]", "[play]", "gateways:2:3: fault[LANG-08]"),
        (2, "cites", "cite", "gateways:2:11: fault[LANG-04]"),
        (
            1,
            "act: an Act",
            "act: !!str an Act",
            "purposes:2:17: fault[LANG-02]",
        ),
    ] {
        let mut files = FILES;
        let text = files[at].1.replace(from, to);
        files[at].1 = &text;
        let fault = Law::from_texts(&files).unwrap_err();
        let all: Vec<String> = fault.0.iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|d| d.starts_with(told)), "{told}: {all:?}");
    }
}
