//! Training on pairs that people have labelled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{List, quiet, two_lists};
use linkage::model::Model;
use linkage::{Cases, Labels, SourceFault, Training, train, train_on_labels};

const MODEL: &str = "\
linkage: 1
name: small
id: id
columns:
  given: { kind: name, from: given }
  family: { kind: name, from: family }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - [given.word, family.sound]
  - town
comparisons:
  given: [same, variant, close]
  family: [same, variant, close]
  born: [same, swapped, one-digit, same-year]
  town: [same, like 0.9]
";

fn model() -> Model {
    Model::read("small.yaml", MODEL.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str, bool)>) -> Labels {
    let mut labels = Labels::default();
    for (left, right, same) in pairs {
        assert!(labels.add(left, right, same));
    }
    labels
}

fn trained(labels: &Labels, left: &List, right: &List) -> Result<Training, SourceFault> {
    let cases = Cases::read(&model(), left).unwrap();
    let one = train_on_labels(&model(), labels, &cases, right, quiet(1))?;
    let two = train_on_labels(&model(), labels, &cases, &right.cut(77), quiet(3))?;
    assert_eq!(one.trained, two.trained);
    assert_eq!(one.doubts, two.doubts);
    Ok(one)
}

/// From 600 labelled pairs the m that the lists were made with comes back within three standard errors of a share of
/// 600, λ within a tenth, and u as random pairs have it.
#[test]
fn known_probabilities_are_recovered_from_labels() {
    let (left, right, truth) = two_lists(21, 3000, 12_000, 100_000);
    let some = truth.iter().step_by(truth.len() / 600).take(600);
    let same = some.map(|(l, r)| (l.as_str(), r.as_str(), true));
    let found = trained(&labels(same), &left, &right).unwrap();
    let numbers = &found.trained;
    let pairs = left.rows().len() as f64 * right.rows().len() as f64;
    let share = truth.len() as f64 / pairs;
    assert!(
        (numbers.lambda / share - 1.0).abs() < 0.1,
        "{} of {share}",
        numbers.lambda
    );
    for (unit, m) in [(0, 0.90), (1, 0.90), (2, 0.94), (3, 0.85)] {
        let error = (m * (1.0 - m) / 600.0_f64).sqrt();
        let level = numbers.units[unit].cells[1].m;
        assert!((level - m).abs() < 3.0 * error, "{unit}: {level} of {m}");
    }
    let town = numbers.units[3].cells[1].u;
    let plain = left.chance(&right, 4);
    assert!((town / plain - 1.0).abs() < 0.1, "{town} of {plain}");
    assert!(
        found
            .rules
            .iter()
            .all(|r| r.free.is_empty() && r.expected > 500.0)
    );
}

/// m is the labels' own shares, with half a pair added to each level: one that nobody labelled is not impossible. What
/// EM would have found does not matter.
#[test]
fn m_is_what_the_labels_show() {
    let (left, right, truth) = two_lists(5, 400, 3000, 3000);
    let chosen = truth[..50].to_vec();
    let row = |list: &List, id: &str| list.rows().iter().find(|r| r[0] == id).unwrap().clone();
    let (mut held, mut same) = (0.0, 0.0);
    for (l, r) in &chosen {
        let (l, r) = (row(&left, l), row(&right, r));
        if !l[4].is_empty() && !r[4].is_empty() {
            held += 1.0;
            same += f64::from(u8::from(l[4] == r[4]));
        }
    }
    let mut pairs: Vec<_> = chosen
        .iter()
        .map(|(l, r)| (l.as_str(), r.as_str(), true))
        .collect();
    pairs.extend([
        ("L1", "R2", false),
        ("L1", "R999999", true),
        ("L999999", "R1", true),
    ]);
    let found = trained(&labels(pairs), &left, &right).unwrap();
    let town = &found.trained.units[3].cells;
    assert!((town[1].m - (same + 0.5) / (held + 1.5)).abs() < 1e-12);
    assert_eq!(town[1].seen, same);
    assert!(town.iter().all(|level| level.m > 0.0));
    let told = found.doubts.join("\n");
    assert!(
        told.contains("the 50 pairs that were labelled the same"),
        "{told}"
    );
    assert!(
        told.contains("1 pairs that were labelled different"),
        "{told}"
    );
    assert!(told.contains("2 labelled pairs have a handle"), "{told}");
    assert!(told.contains("labelled matches"), "{told}");
    let cases = Cases::read(&model(), &left).unwrap();
    let plain = train(&model(), &cases, &right, quiet(2)).unwrap();
    assert!(plain.trained.units[3].cells[1].m != town[1].m);
}

/// Too few labels are an error that says what would mend it, and a pair has one label.
#[test]
fn too_few_labels_are_refused() {
    let (left, right, truth) = two_lists(5, 400, 3000, 3000);
    let few = truth[..12]
        .iter()
        .map(|(l, r)| (l.as_str(), r.as_str(), true));
    let fault = trained(&labels(few), &left, &right).unwrap_err();
    assert!(fault.0.contains("label more pairs"), "{fault}");
    let mut labels = Labels::default();
    assert!(labels.add("a", "b", true) && labels.add("a", "b", true));
    assert!(!labels.add("a", "b", false));
}
