//! A solution answers for every case, in the order of the case list, and confirms nobody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::collections::BTreeSet;

use common::{quiet, two_lists};
use linkage::model::Model;
use linkage::{Cases, List, Solution, Standing, Trained, score, train};

const MODEL: &str = "linkage: 1
name: small
id: id
columns:
  person: { kind: name, from: [given, family] }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - person
training:
  - town
comparisons:
  person: { levels: [same, variant, close, all-but-one, shares], term-frequency: true }
  born: [same, swapped, one-digit, same-year]
  town: [same, like 0.9]
decide:
  strong:
    - { person: close, born: same, town: same }
    - { person: close, born: same }
";

fn model() -> Model {
    Model::read("small.yaml", MODEL.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn trained(left: &common::List, right: &common::List) -> Trained {
    let model = model();
    let cases = Cases::read(&model, left).unwrap();
    train(&model, &cases, right, quiet(2)).unwrap().trained
}

fn list(columns: &[&str], rows: &[&[&str]]) -> List {
    let mut list = List::new(columns.iter().copied());
    for row in rows {
        list.push(row.iter().map(|cell| (*cell).to_owned()).collect());
    }
    list
}

const COLUMNS: [&str; 5] = ["id", "given", "family", "born", "town"];

// shows: MATCH-01, MATCH-02
#[test]
fn every_case_has_one_answer_in_its_place_and_nothing_found_is_one() {
    let (left, right, truth) = two_lists(7, 400, 3000, 3000);
    let trained = trained(&left, &right);
    let solution = Solution::new(model(), trained.clone()).unwrap();
    let linked = solution.find(&left, &right, quiet(2)).unwrap();
    let handles: Vec<&str> = linked.iter().map(|l| l.case.as_str()).collect();
    let cases: Vec<&str> = left.rows().iter().map(|row| row[0].as_str()).collect();
    assert_eq!(handles, cases);
    assert!(linked.iter().any(|l| l.candidates.is_empty()));
    // The candidates are those of scoring, heaviest first.
    let cases = Cases::read(&model(), &left).unwrap();
    let scored = score(&model(), &trained, None, &cases, &right, quiet(1)).unwrap();
    let plain: Vec<(String, String, u64)> = scored
        .pairs
        .iter()
        .map(|p| {
            let case = cases.handle(p.case).to_owned();
            (case, p.master.to_string(), p.weight.to_bits())
        })
        .collect();
    let told: Vec<(String, String, u64)> = linked
        .iter()
        .flat_map(|l| {
            l.candidates
                .iter()
                .map(|c| (l.case.clone(), c.master.clone(), c.weight.to_bits()))
        })
        .collect();
    assert_eq!(told, plain);
    let truth: BTreeSet<_> = truth.into_iter().collect();
    let best = linked.iter().filter_map(|l| {
        let best = l.candidates.first()?;
        (best.standing == Standing::Strong).then(|| (l.case.clone(), best.master.clone()))
    });
    let (right, wrong): (Vec<_>, Vec<_>) = best.partition(|pair| truth.contains(pair));
    assert!(
        right.len() > 150 && wrong.len() < 5,
        "{} {}",
        right.len(),
        wrong.len()
    );
}

// shows: MATCH-05
#[test]
fn what_is_strong_meets_a_line_of_strong_evidence_and_says_which() {
    let (left, right, _) = two_lists(7, 400, 3000, 3000);
    let solution = Solution::new(model(), trained(&left, &right)).unwrap();
    let person = ["s", "sbadi tfuge", "", "1950-03-04", "vlo"];
    let case = |name: &str, born: &str, town: &str| {
        let cases = list(&COLUMNS, &[&["c", name, "", born, town]]);
        let master = list(&COLUMNS, &[&person]);
        let linked = solution.find(&cases, &master, quiet(1)).unwrap();
        let best = linked[0].candidates.first();
        best.map(|c| (c.standing, c.rule))
    };
    let (name, born, town) = (person[1], person[3], person[4]);
    assert_eq!(case(name, born, town), Some((Standing::Strong, Some(0))));
    assert_eq!(
        case(name, born, "elsewhere"),
        Some((Standing::Strong, Some(1)))
    );
    // A name with a town carries nothing, however it weighs.
    let weak = case(name, "1971-11-29", town);
    assert!(weak.is_none_or(|(standing, rule)| standing == Standing::Review && rule.is_none()));
    assert_eq!(case("somebody else", "1971-11-29", town), None);
}

/// The same evidence is worth less against a longer list, by the bits by which it is longer.
#[test]
fn a_longer_list_makes_each_of_its_records_less_likely() {
    let (left, right, _) = two_lists(7, 400, 3000, 3000);
    let trained = trained(&left, &right);
    assert_eq!(trained.records, 3000);
    assert!((trained.prior(3000) - trained.prior(12_000) - 2.0).abs() < 0.001);
    assert!(trained.prior(1) <= 0.0, "never more likely than not");
    assert!(trained.prior(0) <= 0.0);
}

/// A column that a list lacks is one whose values are not held, and that is not against anybody.
#[test]
fn a_case_list_may_lack_a_column() {
    let (left, right, _) = two_lists(7, 400, 3000, 3000);
    let solution = Solution::new(model(), trained(&left, &right)).unwrap();
    let rows: Vec<Vec<&str>> = left
        .rows()
        .iter()
        .map(|row| row[..4].iter().map(String::as_str).collect())
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let without = list(&COLUMNS[..4], &rows);
    let emptied: Vec<Vec<&str>> = rows.iter().map(|row| [row, &[""][..]].concat()).collect();
    let emptied: Vec<&[&str]> = emptied.iter().map(Vec::as_slice).collect();
    let emptied = list(&COLUMNS, &emptied);
    let found = |cases: &List| solution.find(cases, &right, quiet(1)).unwrap();
    assert_eq!(found(&without), found(&emptied));
    assert!(found(&without).iter().any(|l| !l.candidates.is_empty()));
}

#[test]
fn numbers_of_another_model_make_no_solution() {
    let (left, right, _) = two_lists(7, 400, 3000, 3000);
    let trained = trained(&left, &right);
    let other = MODEL.replace("  town: [same, like 0.9]\n", "  town: [same]\n");
    let other = Model::read("other.yaml", other.as_bytes()).unwrap();
    assert!(Solution::new(other, trained).is_err());
}
