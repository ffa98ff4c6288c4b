//! The exact matcher: its rules one by one, and against a plain double loop.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod plain;

use linkage::{
    Comparison, ExactMatcher, Field, LinkageFault, Linked, MOST_CANDIDATES, Matcher, Outcome,
    Record, Rule, Strength,
};
use proptest::prelude::*;

/// A record from `name|date of birth|NINO`, each empty or several with `/` between.
fn record(reference: &str, text: &str) -> Record {
    let mut record = Record::new(reference);
    let fields = [Field::FullName, Field::DateOfBirth, Field::Nino];
    for (field, values) in fields.into_iter().zip(text.split('|')) {
        for value in values.split('/').filter(|v| !v.is_empty()) {
            record = record.with(field, value);
        }
    }
    record
}

fn link(cases: &[Record], batches: &[&[Record]]) -> Vec<Linked> {
    let mut index = ExactMatcher.index(cases).unwrap();
    for batch in batches {
        index.probe(batch);
    }
    index.finish()
}

fn check(case: &str, masters: &[&str], outcome: Outcome, rules: &[(&str, Rule)]) {
    let masters: Vec<_> = masters
        .iter()
        .map(|text| {
            let (reference, text) = text.split_once('=').unwrap();
            record(reference, text)
        })
        .collect();
    let linked = link(&[record("c", case)], &[&masters]).remove(0);
    let found: Vec<_> = linked
        .candidates
        .iter()
        .map(|c| (c.master.as_str(), c.rule))
        .collect();
    assert_eq!(found, rules, "{case} in {masters:?}");
    assert_eq!(linked.outcome(), outcome, "{case} in {masters:?}");
}

const CASE: &str = "Zoë O'Neill|1980-02-29|QQ123456C";

// shows: MATCH-05
#[test]
fn strong_evidence() {
    use Outcome::Strong;
    check(
        CASE,
        &["m=Zoe ONeill|1980-02-29|QQ 12 34 56 C"],
        Strong,
        &[("m", Rule::NinoAndPerson)],
    );
    check(
        CASE,
        &["m=Other|1980-02-29|QQ123456C"],
        Strong,
        &[("m", Rule::NinoAndPerson)],
    );
    check(
        CASE,
        &["m=ZOE O\u{2019}NEILL|1990-01-01|qq123456c"],
        Strong,
        &[("m", Rule::NinoAndPerson)],
    );
    check(
        CASE,
        &["m=|1980-02-29|QQ123456C"],
        Strong,
        &[("m", Rule::NinoAndPerson)],
    );
    check(
        CASE,
        &["m=zoe oneill|1980-02-29|"],
        Strong,
        &[("m", Rule::NameAndDateOfBirth)],
    );
    check(
        CASE,
        &["m=zoe oneill|1980-02-29|QQ999999A"],
        Strong,
        &[("m", Rule::NameAndDateOfBirth)],
    );
    check(
        CASE,
        &["m=A/Zoe Oneill|1970-01-01/1980-02-29|"],
        Strong,
        &[("m", Rule::NameAndDateOfBirth)],
    );
}

// shows: MATCH-05
#[test]
fn weak_evidence_stays_weak_however_much_there_is() {
    use Outcome::Weak;
    check(
        CASE,
        &["m=Other|1990-01-01|QQ123456C"],
        Weak,
        &[("m", Rule::NinoAlone)],
    );
    check(CASE, &["m=||QQ123456C"], Weak, &[("m", Rule::NinoAlone)]);
    check(CASE, &["m=Zoe ONeill||"], Weak, &[("m", Rule::NameAlone)]);
    check(
        CASE,
        &["m=Zoe ONeill|1990-01-01|"],
        Weak,
        &[("m", Rule::NameAlone)],
    );
    check(
        CASE,
        &["m=Zoe ONeill|1980-02-30|"],
        Weak,
        &[("m", Rule::NameAlone)],
    );
    let many = [
        "m1=Zoe ONeill||",
        "m2=Zoe ONeill|1990-01-01|",
        "m3=||QQ123456C",
    ];
    let rules = [
        ("m3", Rule::NinoAlone),
        ("m1", Rule::NameAlone),
        ("m2", Rule::NameAlone),
    ];
    check(CASE, &many, Weak, &rules);
    // The parts of one person's evidence in two records of one handle do not add up either.
    check(
        CASE,
        &["m=Zoe ONeill||", "m=||QQ123456C"],
        Weak,
        &[("m", Rule::NinoAlone)],
    );
}

#[test]
fn nothing_and_too_much() {
    let none: [&str; 5] = [
        "m=Other|1980-02-29|",
        "m=||",
        "m=Zoe||",
        "m=|1980-02-29|",
        "m=-||QQ1",
    ];
    check(CASE, &none, Outcome::None, &[]);
    check(
        "||",
        &["m=||", "m2=A|1980-02-29|QQ123456C"],
        Outcome::None,
        &[],
    );
    let two = ["m2=zoe oneill|1980-02-29|", "m1=x|1980-02-29|QQ123456C"];
    let rules = [
        ("m1", Rule::NinoAndPerson),
        ("m2", Rule::NameAndDateOfBirth),
    ];
    check(CASE, &two, Outcome::Ambiguous, &rules);
    // One person twice in the master list is one candidate, under the stronger rule.
    let twice = ["m=zoe oneill|1980-02-29|", "m=x|1980-02-29|QQ123456C"];
    check(CASE, &twice, Outcome::Strong, &[("m", Rule::NinoAndPerson)]);
    // A weak candidate beside a strong one does not make it doubtful.
    let beside = ["m1=zoe oneill|1980-02-29|", "m2=zoe oneill||"];
    let rules = [("m1", Rule::NameAndDateOfBirth), ("m2", Rule::NameAlone)];
    check(CASE, &beside, Outcome::Strong, &rules);
}

// shows: MATCH-01, MATCH-02
#[test]
fn each_case_has_exactly_one_answer_in_its_place() {
    let cases = [record("b", "A||"), record("a", "||"), record("c", "A||")];
    let linked = link(&cases, &[&[record("m", "a||")]]);
    let answers: Vec<_> = linked
        .iter()
        .map(|l| (l.case.as_str(), l.outcome()))
        .collect();
    assert_eq!(
        answers,
        [
            ("b", Outcome::Weak),
            ("a", Outcome::None),
            ("c", Outcome::Weak)
        ]
    );
    assert!(link(&[], &[&[record("m", "a||")]]).is_empty());
}

#[test]
fn cases_that_cannot_be_told_apart_are_refused() {
    let cases = [
        record("a", ""),
        record("CANARY", ""),
        record("b", ""),
        record("CANARY", ""),
    ];
    let Err(fault) = ExactMatcher.index(&cases) else {
        panic!("accepted")
    };
    assert_eq!(
        fault,
        LinkageFault::TwiceTheSame {
            first: 2,
            second: 4
        }
    );
    assert!(!fault.to_string().contains("CANARY"), "{fault}");
}

#[test]
fn an_explanation_says_which_value_agreed_and_no_value() {
    let case = record("c", "A B/CANARY X|1980-02-29|JUNK");
    let master = record("m", "Q/R/canary x|1990-01-01|QQ123456C");
    let linked = link(&[case], &[&[master]]).remove(0);
    let why = linked.candidates[0].explanation;
    assert_eq!(
        why.full_name,
        Comparison::Agrees {
            case_value: 1,
            master_value: 2
        }
    );
    assert_eq!(why.date_of_birth, Comparison::Differs);
    assert_eq!(why.nino, Comparison::Missing);
    assert_eq!(linked.unusable, [Field::Nino]);
    assert_eq!(
        why.to_string(),
        "National Insurance number not held on both sides; full name agrees (value 2 of the case, \
         value 3 of the record); date of birth differs"
    );
    let shown = format!("{linked:?}{}", serde_json::to_string(&linked).unwrap());
    assert!(
        !shown.to_lowercase().contains("canary") && !shown.contains("1990"),
        "{shown}"
    );
}

#[test]
fn a_common_name_does_not_grow_without_bound() {
    let masters: Vec<_> = (0..100)
        .map(|n| record(&format!("m{n:03}"), "a b||"))
        .collect();
    let linked = link(&[record("c", "A B||")], &[&masters]).remove(0);
    assert_eq!(linked.candidates.len(), MOST_CANDIDATES);
    assert_eq!(linked.candidates[0].master, "m000");
    assert!(linked.more);
    let few = link(&[record("c", "A B||")], &[&masters[..MOST_CANDIDATES]]).remove(0);
    assert!(!few.more);
}

fn values(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..3)
}

/// Records over few values, so that agreements of every kind are common.
fn any_record(references: usize) -> impl Strategy<Value = Record> {
    let names = values(&["Ann Lee", "ann  LEE", "Bo", "Łee", "lee", "", "-"]);
    let dates = values(&["1980-02-29", "1990-01-01", "1980-02-30", " 1990-01-01"]);
    let ninos = values(&["QQ123456C", "qq 12 34 56 c", "QQ000000A", "none"]);
    (0..references, names, dates, ninos).prop_map(|(reference, names, dates, ninos)| {
        let mut record = Record::new(format!("r{reference:02}"));
        let all = [
            (Field::FullName, names),
            (Field::DateOfBirth, dates),
            (Field::Nino, ninos),
        ];
        for (field, values) in all {
            for value in values {
                record = record.with(field, value);
            }
        }
        record
    })
}

fn any_cases() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(any_record(1), 0..6).prop_map(|mut cases| {
        for (n, case) in cases.iter_mut().enumerate() {
            case.reference = format!("c{n}");
        }
        cases
    })
}

proptest! {
    #[test]
    fn it_finds_what_a_double_loop_finds(
        cases in any_cases(),
        masters in prop::collection::vec(any_record(40), 0..80),
    ) {
        prop_assert_eq!(link(&cases, &[&masters]), plain::link(&cases, &masters));
    }

    #[test]
    fn order_batches_and_repeats_do_not_matter(
        cases in any_cases(),
        (masters, shuffled) in prop::collection::vec(any_record(40), 0..80)
            .prop_flat_map(|m| (Just(m.clone()), Just(m).prop_shuffle())),
        cut in 0usize..80,
    ) {
        let once = link(&cases, &[&masters]);
        let (head, tail) = shuffled.split_at(cut.min(shuffled.len()));
        prop_assert_eq!(&link(&cases, &[head, &[], tail, head]), &once);
        let turned: Vec<_> = cases.iter().rev().cloned().collect();
        let mut back = link(&turned, &[&shuffled]);
        back.reverse();
        prop_assert_eq!(back, once);
    }

    // shows: MATCH-05
    #[test]
    fn an_outcome_follows_from_the_evidence(
        cases in any_cases(),
        masters in prop::collection::vec(any_record(40), 0..80),
    ) {
        for linked in link(&cases, &[&masters]) {
            let strong = linked.candidates.iter().filter(|c| c.strength() == Strength::Strong).count();
            match linked.outcome() {
                Outcome::Strong => prop_assert_eq!(strong, 1),
                Outcome::Ambiguous => prop_assert!(strong > 1),
                Outcome::Weak => prop_assert!(strong == 0 && !linked.candidates.is_empty()),
                Outcome::None => prop_assert!(linked.candidates.is_empty()),
            }
        }
    }
}
