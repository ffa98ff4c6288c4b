//! u against plain counting: of all pairs of two whole lists, how many are at each level.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a level that is of another kind has no plain definition there"
)]

mod common;
mod every_kind;
mod plain_levels;

use std::collections::BTreeMap;

use common::{List, quiet, two_lists, two_lists_of};
use linkage::model::Model;
use linkage::{Basis, Cases, Labels, TrainedLevel, Training, train, train_on_labels};
use plain_levels::Plain;
use proptest::prelude::*;
use rapidfuzz::distance::jaro_winkler;

fn model(text: &str) -> Model {
    Model::read("lists.yaml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// u, plainly: the shares of all pairs that hold the column, less the matches among them.
fn plain_u(counts: &[u64], cells: &[TrainedLevel], lambda: f64) -> Vec<f64> {
    let counts: Vec<f64> = counts.iter().map(|n| (*n as f64).max(0.5)).collect();
    let all: f64 = counts.iter().sum();
    let less = counts.iter().zip(cells).map(|(n, cell)| {
        let q = n / all;
        let rest = (q - lambda * cell.m) / (1.0 - lambda);
        rest.max(0.05 * q).max(1e-12)
    });
    let less: Vec<f64> = less.collect();
    let sum: f64 = less.iter().sum();
    less.iter().map(|u| u / sum).collect()
}

fn near(one: f64, other: f64) -> bool {
    (one / other - 1.0).abs() < 1e-9
}

/// How random pairs meet, before the matches are taken out of it.
fn chance(training: &Training, unit: usize, code: usize) -> f64 {
    let (lambda, cell) = (
        training.trained.lambda,
        training.trained.units[unit].cells[code],
    );
    lambda * cell.m + (1.0 - lambda) * cell.u
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Of lists with few values every level's u is exact, whatever is compared, also of one list and of several values,
    /// and by however many threads it is read.
    #[test]
    fn of_few_values_each_level_is_exact(
        left in every_kind::list("L", 20..40),
        right in every_kind::list("R", 20..40),
        one_list in any::<bool>(),
        part in 5_usize..40,
        threads in 1_usize..4,
    ) {
        let model = model(every_kind::MODEL);
        let right = if one_list { &left } else { &right };
        let right = every_kind::List { rows: right.rows.clone(), part };
        let mut labels = if one_list { Labels::of_one_list() } else { Labels::default() };
        let mut counts = vec![BTreeMap::<usize, u64>::new(); 5];
        let plain = Plain::new(&model);
        for l in &left.rows {
            for r in right.rows.iter().filter(|r| r[0] != l[0]) {
                labels.add(&l[0], &r[0], true);
                for (c, counts) in counts.iter_mut().enumerate() {
                    *counts.entry(plain.code(c, &l[c + 2], &r[c + 2])).or_default() += 1;
                }
            }
        }
        let held = counts.iter().map(|c| c.iter().filter(|(code, _)| **code > 0).map(|(_, n)| n).sum::<u64>());
        prop_assume!(held.into_iter().all(|n| n > 60));
        let mut cases = Cases::read(&model, &left).unwrap();
        if one_list {
            cases = cases.with_itself();
        }
        let training = train_on_labels(&model, &labels, &cases, &right, quiet(threads)).unwrap();
        for (c, counts) in counts.iter().enumerate() {
            let cells = &training.trained.units[c].cells;
            let counts: Vec<u64> = (1..cells.len()).map(|code| counts.get(&code).copied().unwrap_or(0)).collect();
            let plain = plain_u(&counts, &cells[1..], training.trained.lambda);
            for (code, (cell, plain)) in cells[1..].iter().zip(plain).enumerate() {
                prop_assert!(near(cell.u, plain), "comparison {c}, level {}: {} of {plain}", code + 1, cell.u);
            }
            prop_assert!(training.u[c].iter().all(|basis| *basis == Basis::Exact));
        }
    }
}

/// Two names for each record, each a value; and one comparison of many values, one of few.
const TWO_NAMES: &str = "\
linkage: 1
name: two-names
id: id
columns:
  person: { kind: name, from: given, also: family, most: 2 }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - person
comparisons:
  person: [same, variant, close]
  born: [same, one-digit]
  town: [same, like 0.9]
decide:
  review: 0.5
";

fn trained(model: &Model, left: &List, right: Option<&List>) -> Training {
    let cases = Cases::read(model, left).unwrap();
    match right {
        Some(right) => train(model, &cases, right, quiet(2)).unwrap(),
        None => train(model, &cases.with_itself(), left, quiet(2)).unwrap(),
    }
}

/// Of long lists with many values, equality is exact: also where a pair has two values in common, which is one pair. The
/// other levels tell how many pairs they rest on.
#[test]
fn of_many_values_equality_is_exact() {
    let model = model(TWO_NAMES);
    let (left, right, _) = two_lists_of(20, 41, 1500, 21_000);
    let (_, other, _) = two_lists_of(20, 43, 1500, 1500);
    let one = left.and(&doubled(&other, &left));
    for (left, right) in [(&left, Some(&right)), (&one, None)] {
        let training = trained(&model, left, right);
        let rows = right.unwrap_or(left).rows();
        let (mut same, mut born, mut all, mut held) = (0_u64, 0_u64, 0_u64, 0_u64);
        for l in left.rows() {
            for r in rows.iter().filter(|r| r[0] != l[0]) {
                all += 1;
                same += u64::from(l[1] == r[1] || l[2] == r[2]);
                held += u64::from(!l[3].is_empty() && !r[3].is_empty());
                born += u64::from(l[3] == r[3]);
            }
        }
        assert!(near(chance(&training, 0, 1), same as f64 / all as f64));
        assert!(near(chance(&training, 1, 1), born as f64 / held as f64));
        for unit in [0, 1] {
            let basis = &training.u[unit];
            assert_eq!(basis[1], Basis::Exact);
            let sampled = |b: &Basis| matches!(b, Basis::Sampled(n) if *n > 300_000);
            assert!(basis[2..].iter().all(sampled), "{basis:?}");
        }
        assert!(training.u[2].iter().all(|b| *b == Basis::Exact));
    }
}

/// Records of `list` under handles of their own, after as many doubles of `of`.
fn doubled(list: &List, of: &List) -> List {
    let double = |row: &common::Row| {
        let mut row = row.clone();
        row[0] = format!("D{}", row[0]);
        row
    };
    let rows = of.rows().iter().take(600).chain(list.rows());
    List::of(rows.map(double).collect())
}

/// Few values in a long list: a level that is no equality is exact too, far beyond the records that are drawn.
#[test]
fn of_few_values_in_a_long_list_nearly_alike_is_exact() {
    let (left, right, _) = two_lists(47, 400, 30_000, 20_000);
    let training = trained(&model(common::MODEL), &left, Some(&right));
    let count = |list: &List| {
        let mut counts = BTreeMap::<String, u64>::new();
        for row in list.rows().iter().filter(|r| !r[4].is_empty()) {
            *counts.entry(row[4].clone()).or_default() += 1;
        }
        counts
    };
    let (mut same, mut alike, mut all) = (0, 0, 0);
    for (l, many) in count(&left) {
        for (r, n) in count(&right) {
            all += many * n;
            if l == r {
                same += many * n;
            } else if jaro_winkler::similarity(l.chars(), r.chars()) >= 0.9 {
                alike += many * n;
            }
        }
    }
    assert!(alike > 0);
    let all = all as f64;
    assert!(near(chance(&training, 3, 1), same as f64 / all));
    assert!(near(chance(&training, 3, 2), alike as f64 / all));
    assert!(training.u[3].iter().all(|b| *b == Basis::Exact));
}
