//! What explains a pair is what scored it; what is told of two lists is what a plain count of their pairs tells.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use common::{List, quiet, two_lists};
use linkage::model::Model;
use linkage::{
    Cases, KeyState, ListsChart, Scored, Trained, Waterfall, chart, explain, lists, score, train,
};
use proptest::prelude::*;

/// Rare values, a joint group, several values of one column, a cap: whatever weighs or finds a pair.
const MODEL: &str = "\
linkage: 1
name: small
id: id
columns:
  given: { kind: name, from: given, also: family }
  family: { kind: name, from: family }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - [given.word, family.sound]
  - { keys: town, cap: 3, then: born.year }
comparisons:
  given: { levels: [same, variant, close], term-frequency: true }
  family: { levels: [same, variant, close], term-frequency: true }
  born: [same, swapped, one-digit, same-year]
  town: [same, like 0.9]
joint:
  - [family, town]
decide:
  review: 0.5
  keep: 50
";

fn model(text: &str) -> Model {
    Model::read("small.yaml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let (left, right, _) = two_lists(21, 1000, 3000, 20_000);
        let model = model(MODEL);
        let cases = Cases::read(&model, &left).unwrap();
        train(&model, &cases, &right, quiet(2)).unwrap().trained
    })
}

/// Every pair that a rule finds, whatever it weighs.
fn scored(cases: &Cases, right: &List) -> Scored {
    let mut all = model(MODEL);
    all.decide.review = 1e-300;
    all.decide.keep = usize::MAX - 1;
    score(&all, trained(), None, cases, right, quiet(2)).unwrap()
}

fn explained(cases: &Cases, right: &List, threads: usize) -> Vec<(u32, String, Waterfall)> {
    let handles = right.rows().iter().map(|r| r[0].as_str());
    let pairs: Vec<(u32, &str)> = handles
        .flat_map(|h| (0..cases.len() as u32).map(move |case| (case, h)))
        .collect();
    let run = quiet(threads);
    let found = explain(&model(MODEL), trained(), None, cases, right, run, &pairs).unwrap();
    let found = pairs.into_iter().zip(found);
    found
        .map(|((case, handle), w)| (case, handle.to_owned(), w.unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Of all pairs of two lists: those that scoring looks at are explained to the last bit, at the same levels and by the
    /// same rule; all others meet no rule.
    #[test]
    fn what_explains_a_pair_is_what_scored_it(seed in 0_u64..1000) {
        let (left, right, _) = two_lists(seed, 60, 150, 300);
        let cases = Cases::read(&model(MODEL), &left).unwrap();
        let scored = scored(&cases, &right);
        let mut by_pair: BTreeMap<_, _> = scored
            .pairs
            .iter()
            .map(|p| ((p.case, p.master.to_string()), p))
            .collect();
        let looked_at: u64 = scored.looked_at.iter().sum();
        prop_assert_eq!(by_pair.len() as u64, looked_at);
        for (case, handle, why) in explained(&cases, &right, 2) {
            let sum = why.prior + why.bars.iter().map(|b| b.bits).sum::<f64>();
            prop_assert!((sum - why.weight).abs() < 1e-9);
            let Some(pair) = by_pair.remove(&(case, handle)) else {
                prop_assert!(why.rules.iter().all(|r| !r.met));
                // Some key differs or is lacking, unless a cap asks for more.
                prop_assert!(why.rules.iter().all(|r| r.keys.iter().any(|k| k.state != KeyState::Equal)));
                continue;
            };
            prop_assert_eq!(pair.weight.to_bits(), why.weight.to_bits());
            prop_assert_eq!(pair.probability().to_bits(), why.probability.to_bits());
            prop_assert_eq!(Some(usize::from(pair.rule)), why.rules.iter().position(|r| r.met));
            let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
            for seen in why.bars.iter().flat_map(|b| &b.levels) {
                levels.insert(&seen.column, seen.level);
            }
            for (c, column) in ["given", "family", "born", "town"].into_iter().enumerate() {
                prop_assert_eq!(pair.code(c), levels[column], "{}", column);
            }
        }
        prop_assert!(by_pair.is_empty());
    }
}

/// Which of several values agreed is told by its place; why a rule misses, by its keys; and no value is told.
#[test]
fn a_pair_is_explained_by_places_and_keys() {
    let row = |r: [&str; 5]| r.map(str::to_owned);
    let left = List::of(vec![
        row(["L0", "sabadi", "tokemi", "1970-02-03", ""]),
        row(["L1", "sakafu", "tomina", "1980-05-06", "vabadi"]),
    ]);
    let right = List::of(vec![row([
        "R0",
        "tokemi",
        "sabadi",
        "1970-03-02",
        "vabadi",
    ])]);
    let model = model(MODEL);
    let cases = Cases::read(&model, &left).unwrap();
    let pairs = [(0, "R0"), (1, "R0"), (0, "R9")];
    let found = explain(&model, trained(), None, &cases, &right, quiet(1), &pairs).unwrap();
    assert_eq!(found[2], None);
    let why = found[0].as_ref().unwrap();
    let bar = |column: &str| why.bars.iter().find(|b| b.columns == [column]).unwrap();
    let given = &bar("given").levels[0];
    assert_eq!(given.words, "the same words");
    // The case's first value is the record's second.
    assert_eq!(given.left.map(|p| (p.value, p.of)), Some((1, 2)));
    assert_eq!(given.right.map(|p| (p.value, p.of)), Some((2, 2)));
    assert_eq!(bar("born").levels[0].words, "day and month exchanged");
    let joint = why.bars.iter().find(|b| b.columns.len() == 2).unwrap();
    assert_eq!(joint.levels[0].words, "nothing in common");
    assert_eq!(joint.levels[1].words, "the case has no value");
    let states: Vec<Vec<KeyState>> = why
        .rules
        .iter()
        .map(|r| r.keys.iter().map(|k| k.state).collect())
        .collect();
    use KeyState::{CaseHasNone, Differs, Equal};
    assert_eq!(
        states,
        [
            vec![Differs],
            vec![Equal, Differs],
            vec![CaseHasNone, Equal]
        ]
    );
    assert!(why.rules.iter().all(|r| !r.met));
    assert_eq!(why.rules[2].rule, "town; above 3 cases also born.year");
    let third = &found[1].as_ref().unwrap().rules[2];
    assert!(third.met, "below the cap the town alone finds it");
    let shown = serde_json::to_string(&found).unwrap();
    for value in ["sabadi", "tokemi", "1970", "vabadi"] {
        assert!(!shown.contains(value), "{shown}");
    }
}

/// A handle that the master list has twice is explained by the heavier record, which scoring keeps.
#[test]
fn of_two_records_with_one_handle_the_heavier_is_explained() {
    let (left, right, truth) = two_lists(3, 60, 150, 300);
    let mut rows = right.rows().to_vec();
    let mut other = rows[100].clone();
    other[0].clone_from(&truth[0].1);
    rows.push(other);
    for rows in [rows.clone(), rows.into_iter().rev().collect()] {
        let right = List::of(rows);
        let cases = Cases::read(&model(MODEL), &left).unwrap();
        let kept = scored(&cases, &right);
        let pair = |p: &&linkage::Pair| p.case == 0 && *p.master == *truth[0].1;
        let kept = kept.pairs.iter().find(pair).unwrap().weight;
        let pairs = [(0, truth[0].1.as_str())];
        let found = explain(
            &model(MODEL),
            trained(),
            None,
            &cases,
            &right,
            quiet(2),
            &pairs,
        );
        assert_eq!(
            found.unwrap()[0].as_ref().unwrap().weight.to_bits(),
            kept.to_bits()
        );
    }
}

fn told(cases: &Cases, right: &List, threads: usize) -> ListsChart {
    lists(&model(MODEL), trained(), None, cases, right, quiet(threads)).unwrap()
}

/// What each rule finds, and alone, is what a count over all pairs finds; whoever reads.
#[test]
fn a_rule_yields_what_a_plain_count_says() {
    let (left, right, _) = two_lists(5, 60, 150, 300);
    let cases = Cases::read(&model(MODEL), &left).unwrap();
    let found = told(&cases, &right, 1);
    assert_eq!(found, told(&cases, &right.cut(7), 3));
    assert_eq!((found.cases, found.records), (60, 150));
    let all = explained(&cases, &right, 2);
    let sum = |which: &dyn Fn(&[bool]) -> bool| -> (u64, f64) {
        let met = |w: &Waterfall| -> Vec<bool> { w.rules.iter().map(|r| r.met).collect() };
        let chosen = all.iter().filter(|(_, _, w)| which(&met(w)));
        chosen.fold((0, 0.0), |(n, p), (_, _, w)| (n + 1, p + w.probability))
    };
    let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let (pairs, expected) = sum(&|met| met.contains(&true));
    assert_eq!(found.pairs, pairs);
    assert!(near(found.expected, expected) && expected > 10.0);
    for (n, rule) in found.rules.iter().enumerate() {
        let (pairs, mine) = sum(&|met| met[n]);
        assert_eq!(rule.pairs, pairs, "{}", rule.rule);
        assert!(near(rule.expected, mine));
        let (_, others) = sum(&|met| !met[n] && met.contains(&true));
        assert!(near(rule.lost, others / expected));
        let (_, alone) = sum(&|met| met[n] && met.iter().filter(|m| **m).count() == 1);
        assert!(near(rule.alone, alone));
    }
}

/// Where mistakes in one column say nothing of those in another, the bound on what blocking misses is what it misses.
#[test]
fn what_all_rules_miss_is_bounded() {
    let (left, right, truth) = two_lists(23, 2000, 4000, 20_000);
    let missed = |text: &str| {
        let model = model(text);
        let cases = Cases::read(&model, &left).unwrap();
        let training = train(&model, &cases, &right, quiet(2)).unwrap();
        let (numbers, run) = (&training.trained, quiet(2));
        let found = lists(&model, numbers, Some(&training), &cases, &right, run).unwrap();
        found.missed
    };
    let independent = MODEL.replace(", also: family", "");
    let found = missed(&independent).unwrap();
    assert!(found.missed > 0.0 && found.missed < 0.05, "{found:?}");
    let share = found.matches / truth.len() as f64;
    assert!(
        (0.95..1.05).contains(&share),
        "{found:?} of {}",
        truth.len()
    );
    // Two rules that ask about one column are no two captures.
    let alike = independent
        .replace("[given.word, family.sound]", "[given.word, born.year]")
        .replace("then: born.year", "then: given.word");
    let alike = alike.replace("  - { keys: town, cap: 3, then: given.word }\n", "");
    let alike = alike.replace("decide:", "training:\n  - town\n  - family\ndecide:");
    assert_eq!(missed(&alike), None);
}

/// A record that says too little cannot be linked, even with itself.
#[test]
fn what_says_too_little_is_unlinkable() {
    let (left, right, _) = two_lists(9, 60, 150, 300);
    let cut = |list: &List, columns: &[usize]| {
        let rows = list.rows().iter().enumerate().map(|(n, row)| {
            let mut row = row.clone();
            if n < 7 {
                columns.iter().for_each(|c| row[*c] = String::new());
            }
            row
        });
        List::of(rows.collect())
    };
    let (left, right) = (cut(&left, &[1, 2, 3]), cut(&right, &[3, 4]));
    let cases = Cases::read(&model(MODEL), &left).unwrap();
    let [of_cases, of_records] = told(&cases, &right, 2).unlinkable;
    assert_eq!((of_cases.records, of_records.records), (60, 150));
    // Even in so short a list a town alone is not worth a look.
    assert_eq!((of_cases.below_review, of_cases.below_link), (7, 7));
    assert!(of_records.below_link <= 7, "{of_records:?}");
    assert_eq!(of_cases.below.first().unwrap().1, 0);
    assert_eq!(of_cases.below.last().unwrap().1, 60);
}

/// The commonest term weighs least; counts add up, and none is a value.
#[test]
fn terms_are_told_by_count_and_weight() {
    let (left, right, _) = two_lists(9, 60, 150, 300);
    let cases = Cases::read(&model(MODEL), &left).unwrap();
    let found = told(&cases, &right, 2).terms;
    assert_eq!(found.len(), 2);
    let family = &found[1];
    assert_eq!(family.column, "family");
    let mut plain = BTreeMap::<&str, u64>::new();
    for row in left.rows() {
        plain.insert(&row[2], 0);
    }
    for row in left.rows().iter().chain(right.rows()) {
        if let Some(n) = plain.get_mut(row[2].as_str()) {
            *n += 1;
        }
    }
    assert_eq!(family.terms, plain.len() as u64);
    assert_eq!(family.weights[0].records, *plain.values().max().unwrap());
    assert_eq!(family.weights[2].records, *plain.values().min().unwrap());
    assert!(family.weights[0].bits < family.weights[2].bits);
    let records: u64 = family.bins.iter().map(|b| b.records).sum();
    assert_eq!(records, plain.values().sum::<u64>());
}

/// Shares of each comparison add up, of a joint group's too; another model's numbers are refused.
#[test]
fn a_model_is_shown_by_its_levels() {
    let shown = chart(&model(MODEL), trained()).unwrap();
    let columns: Vec<_> = shown.units.iter().map(|u| u.columns.join(" + ")).collect();
    assert_eq!(columns, ["given", "family + town", "born"]);
    for levels in shown.units.iter().flat_map(|u| &u.levels) {
        let (m, u) = levels
            .iter()
            .fold((0.0, 0.0), |(m, u), l| (m + l.m, u + l.u));
        assert!((m - 1.0).abs() < 1e-9 && (u - 1.0).abs() < 1e-9, "{m} {u}");
        assert!(levels[0].bits > 0.0 && levels.last().unwrap().bits < 0.0);
    }
    assert_eq!(shown.units[1].combinations[0].words[0], "the same words");
    let other = MODEL.replace("  born: [same, swapped", "  born: [same");
    assert!(chart(&model(&other), trained()).is_err());
}
