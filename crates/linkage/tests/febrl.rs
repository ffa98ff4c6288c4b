//! FEBRL 3 and 4, which have been linked by many: no worse than the best that is known of any program. The model is that
//! of the comparison with other programs, trained from nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::quiet;
use linkage::model::Model;
use linkage::{Cases, Link, List, Method, Scored, cluster, score, train};

const MODEL: &str = include_str!("../../../bench/peers/models/febrl.yaml");

/// A list, and the record ids in it.
fn list(csv: &str) -> (List, Vec<&str>) {
    let mut lines = csv.lines().map(|line| line.split(',').map(str::trim));
    let columns = lines.next().unwrap();
    let mut list = List::new(columns.map(|c| if c == "rec_id" { "id" } else { c }));
    let mut ids = Vec::new();
    for mut line in lines {
        ids.push(line.clone().next().unwrap());
        list.push(line.by_ref().map(str::to_owned).collect());
    }
    (list, ids)
}

/// Whose record it is.
fn person(id: &str) -> &str {
    id.split('-').nth(1).unwrap()
}

fn scored(left: &List, right: Option<&List>) -> (Cases, Scored) {
    let model = Model::read("febrl.yaml", MODEL.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let cases = Cases::read(&model, left).unwrap();
    let cases = match right {
        Some(_) => cases,
        None => cases.with_itself(),
    };
    let right = right.unwrap_or(left);
    let training = train(&model, &cases, right, quiet(2)).unwrap();
    let trained = training.trained.clone();
    let scored = score(&model, &trained, Some(&training), &cases, right, quiet(2)).unwrap();
    (cases, scored)
}

/// The best F1 at any whole number of bits, over all pairs that the clusters there hold.
fn best_f1(left: &List, right: Option<&List>, method: Method, truth: usize) -> f64 {
    let (cases, scored) = scored(left, right);
    let f1 = |least: i32| {
        let links = scored.pairs.iter().filter(|p| p.weight >= f64::from(least));
        let links: Vec<Link> = links
            .map(|p| Link {
                left: cases.handle(p.case).to_owned(),
                right: p.master.to_string(),
                weight: p.weight,
            })
            .collect();
        let found = cluster(&links, method, right.is_none(), &BTreeMap::new());
        let (mut pairs, mut same) = (0, 0);
        for held in &found.clusters {
            let held: Vec<&str> = held.members.iter().map(|m| person(&m.handle)).collect();
            for (n, one) in held.iter().enumerate() {
                pairs += n;
                same += held.iter().take(n).filter(|other| one == *other).count();
            }
        }
        2.0 * same as f64 / (pairs + truth) as f64
    };
    (-4..40).map(f1).fold(0.0, f64::max)
}

/// Pairs of one person's records, each once.
fn pairs(ids: &[&str]) -> usize {
    let mut counts = BTreeMap::<&str, usize>::new();
    ids.iter()
        .for_each(|id| *counts.entry(person(id)).or_default() += 1);
    counts.values().map(|n| n * (n - 1) / 2).sum()
}

#[test]
fn the_repeats_of_febrl_3_are_found() {
    let (list, ids) = list(include_str!("febrl/dataset3.csv"));
    assert_eq!((ids.len(), pairs(&ids)), (5_000, 6_538));
    let f1 = best_f1(&list, None, Method::Components, 6_538);
    assert!(f1 >= 0.9994, "{f1}");
}

#[test]
fn the_lists_of_febrl_4_are_linked() {
    let (left, ids) = list(include_str!("febrl/dataset4a.csv"));
    let (right, others) = list(include_str!("febrl/dataset4b.csv"));
    let people = |ids: &[&'static str]| ids.iter().map(|id| person(id)).collect::<BTreeSet<_>>();
    assert_eq!((people(&ids), 5_000), (people(&others), others.len()));
    let f1 = best_f1(&left, Some(&right), Method::OneToOne, 5_000);
    assert!(f1 >= 0.9998, "{f1}");
}
