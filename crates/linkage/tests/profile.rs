//! What a profile counts is what a plain count of the list counts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{List, Row, quiet, two_lists};
use linkage::model::Model;
use linkage::{Cases, Counting, profile, profile_under};

const MODEL: &str = "\
linkage: 1
name: small
id: id
columns:
  person: { kind: name, from: [given, family] }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - { keys: town, cap: 4, then: born.year }
comparisons:
  person: [same]
";

fn model() -> Model {
    Model::read("small.yaml", MODEL.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn columns() -> Vec<String> {
    ["given", "family", "born", "town"]
        .map(str::to_owned)
        .into()
}

/// Exactly, and whoever reads: how many rows are filled, how many values there are, how common the commonest is.
#[test]
fn columns_are_counted() {
    let (left, _, _) = two_lists(7, 900, 100, 300);
    let found = profile(&left, &columns(), Counting::Exact, quiet(1)).unwrap();
    let other = profile(&left.cut(31), &columns(), Counting::Exact, quiet(3)).unwrap();
    assert_eq!(found, other);
    assert_eq!(found.rows, 900);
    for (n, column) in found.columns.iter().enumerate() {
        let values = left.rows().iter().map(|r| r[n + 1].as_str());
        let values: Vec<&str> = values.filter(|v| !v.is_empty()).collect();
        let mut counts = BTreeMap::<&str, u64>::new();
        values
            .iter()
            .for_each(|v| *counts.entry(v).or_default() += 1);
        assert!(column.distinct_exact && column.commonest_exact);
        assert_eq!(column.filled, values.len() as u64);
        assert_eq!(column.distinct, counts.len() as u64);
        assert_eq!(column.commonest, *counts.values().max().unwrap());
        let lengths = values.iter().map(|v| v.len() as u64);
        assert_eq!(column.shortest, lengths.clone().min().unwrap());
        assert_eq!(column.longest, lengths.clone().max().unwrap());
        assert_eq!(column.length, lengths.sum::<u64>());
    }
}

/// In memory that does not grow: the number of values within three standard errors, the commonest never too small, and
/// not much too great.
#[test]
fn a_large_list_is_counted_in_bounded_memory() {
    let rows = (0..60_000_usize).map(|n| -> Row {
        let common = if n % 50 == 0 {
            "  common ".to_owned()
        } else {
            format!("v{n}")
        };
        [
            format!("R{n}"),
            common,
            format!("few{}", n % 900),
            String::new(),
            " ".into(),
        ]
    });
    let list = List::of(rows.collect());
    let found = profile(&list, &columns(), Counting::Bounded, quiet(1)).unwrap();
    let other = profile(&list.cut(777), &columns(), Counting::Bounded, quiet(3)).unwrap();
    assert_eq!(found, other);
    let [many, few, none, space] = found.columns.as_slice() else {
        panic!("{found:?}");
    };
    let error = many.distinct as f64 / 58_801.0 - 1.0;
    assert!(error.abs() < 3.0 / 4094_f64.sqrt(), "{error}");
    assert!((1200..1230).contains(&many.commonest), "{}", many.commonest);
    assert!(!many.distinct_exact && !many.commonest_exact && few.distinct_exact);
    assert_eq!(few.distinct, 900);
    assert!((66..200).contains(&few.commonest), "{}", few.commonest);
    assert_eq!((none.filled, none.shortest, space.filled), (0, 0, 0));
}

/// Under a model: what has no standard form, default days, and the pairs of each rule, as a double loop counts them.
#[test]
fn a_model_says_what_it_would_look_at() {
    let (left, right, _) = two_lists(9, 200, 600, 300);
    let mut cases = left.rows().to_vec();
    cases[0][3] = "1970-01-01".into();
    cases[1][3] = "1971-01-01".into();
    cases[2][3] = "31/02/1971".into();
    cases[3][3] = "unknown".into();
    cases[4][3] = String::new();
    let (left, model) = (List::of(cases), model());
    let read = Cases::read(&model, &left).unwrap();
    let found = profile_under(&model, &read, &right, quiet(1)).unwrap();
    assert_eq!(
        found,
        profile_under(&model, &read, &right.cut(7), quiet(3)).unwrap()
    );
    let born = &found.left[1];
    let firsts = left
        .rows()
        .iter()
        .filter(|r| r[3].ends_with("-01-01"))
        .count() as u64;
    assert_eq!(
        (born.column.as_str(), born.records, born.filled),
        ("born", 200, 197)
    );
    assert_eq!(
        (born.values, born.unusable, born.default_days),
        (199, 2, Some(firsts))
    );
    assert_eq!((found.right[1].records, found.right[1].unusable), (600, 0));
    assert_eq!(found.left[0].default_days, None);
    let holds = |town: &str| left.rows().iter().filter(|l| l[4] == town).count();
    let usable = |born: &str| born.len() == 10 && !born.contains('/');
    let (mut by_birth, mut by_town) = (BTreeSet::new(), BTreeSet::new());
    for l in left.rows() {
        for r in right.rows() {
            let pair = (l[0].as_str(), r[0].as_str());
            if usable(&l[3]) && l[3] == r[3] {
                by_birth.insert(pair);
            }
            let year = usable(&l[3]) && l[3][..4] == r[3][..4];
            if !l[4].is_empty() && l[4] == r[4] && (holds(&l[4]) <= 4 || year) {
                by_town.insert(pair);
            }
        }
    }
    let rules = [
        ("born".to_owned(), by_birth.len() as u64),
        (
            "town; above 4 cases also born.year".to_owned(),
            by_town.len() as u64,
        ),
    ];
    assert_eq!(found.rules, rules);
    assert_eq!(found.pairs, by_birth.union(&by_town).count() as u64);
    assert!(
        found.doubts[0].contains("blocking rule 2"),
        "{:?}",
        found.doubts
    );
}
