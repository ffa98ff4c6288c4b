//! One list held against itself: what is said of its doubles against plain counting of pairs, records and clusters.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{List, MODEL, quiet, two_lists};
use linkage::model::Model;
use linkage::quality::{
    About, Counts, Input, Lists, Member, Plan, Quality, SCHEMA, ScoredPair, Side, Statement,
    Unmeasurable, draw, joined, measure, measure_clusters, pairs_within, wide_blocks,
};
use linkage::{Cases, Labels, Standing, explain, score, train, train_on_labels};
use proptest::prelude::*;

const RECORDS: usize = 40;

fn handle(n: usize) -> String {
    format!("R{n:02}")
}

fn pair(a: usize, b: usize, probability: f64) -> ScoredPair {
    ScoredPair {
        left: handle(a),
        right: handle(b),
        probability,
        weight: (probability / (1.0 - probability)).log2(),
        standing: Standing::Review,
    }
}

fn group(n: usize) -> usize {
    n * 7 % 3
}

fn truth(people: &[usize]) -> BTreeSet<(String, String)> {
    let each = people.iter().enumerate();
    let list: Vec<_> = each.map(|(n, p)| (handle(n), format!("p{p}"))).collect();
    pairs_within(&list)
}

fn measured(
    pairs: &[ScoredPair],
    truth: &BTreeSet<(String, String)>,
) -> Result<Quality, Unmeasurable> {
    let records = (0..RECORDS).map(|n| (handle(n), vec![format!("g{}", group(n))]));
    measure(&Input {
        lists: Lists::One,
        pairs,
        truth,
        reached: None,
        columns: &["group".to_owned()],
        records: &records.collect(),
        link: 0.9,
    })
}

fn about() -> About {
    About {
        date: "2026-03-02".into(),
        model: "doubles".into(),
        model_sha256: "00".into(),
        trained_sha256: None,
        left_records: RECORDS as u64,
        right_records: None,
        link: 0.9,
        review: 0.05,
    }
}

/// Scores of pairs, in the order in which they are drawn: either side may come first, and a pair may come twice.
type Draws = Vec<(usize, usize, u8)>;

fn scored(draws: &Draws) -> (Vec<ScoredPair>, BTreeMap<(usize, usize), f64>) {
    let mut best = BTreeMap::new();
    let mut pairs = Vec::new();
    for (a, b, score) in draws.iter().filter(|(a, b, _)| a != b) {
        let probability = f64::from(*score) / 64.0;
        pairs.push(pair(*a, *b, probability));
        let held = best.entry((*a.min(b), *a.max(b))).or_insert(0.0);
        *held = probability.max(*held);
    }
    (pairs, best)
}

proptest! {
    /// Every pair of records is gone through; each counts once, from whichever side it was scored. Records, groups and
    /// clusters are counted one by one.
    // shows: RPT-05, S-25
    #[test]
    fn one_list_is_measured_as_plain_counting_does(
        people in prop::collection::vec(0_usize..14, RECORDS),
        clusters in prop::collection::vec(0_usize..14, RECORDS),
        draws in prop::collection::vec((0_usize..RECORDS, 0_usize..RECORDS, 1_u8..64), 0..150),
    ) {
        let (mut pairs, best) = scored(&draws);
        let truth = truth(&people);
        let quality = measured(&pairs, &truth).unwrap();
        let is_link = |a, b| best.get(&(a, b)).is_some_and(|p| *p >= 0.9);
        let all: Vec<(usize, usize)> =
            (0..RECORDS).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
        let count = |what: &dyn Fn(usize, usize) -> bool| {
            all.iter().filter(|(a, b)| what(*a, *b)).count() as u64
        };
        let same = |a: usize, b: usize| people[a] == people[b];
        let counts = |within: &dyn Fn(usize, usize) -> bool| Counts {
            right: count(&|a, b| within(a, b) && same(a, b) && is_link(a, b)),
            wrong: count(&|a, b| within(a, b) && !same(a, b) && is_link(a, b)),
            missed: count(&|a, b| within(a, b) && same(a, b) && !is_link(a, b)),
        };
        prop_assert_eq!(quality.true_pairs, count(&same));
        prop_assert_eq!(quality.link.counts, counts(&|_, _| true));
        for told in &quality.groups[0].groups {
            let plain = if told.group == "across groups" {
                counts(&|a, b| group(a) != group(b))
            } else {
                counts(&|a, b| [a, b].iter().all(|n| told.group == format!("g{}", group(*n))))
            };
            prop_assert_eq!(told.counts, plain, "{}", &told.group);
        }
        let mut plain = [0; 6];
        let mut hits = 0.0;
        for n in 0..RECORDS {
            let near: Vec<usize> =
                (0..RECORDS).filter(|o| *o != n && is_link(n.min(*o), n.max(*o))).collect();
            let there = (0..RECORDS).any(|o| o != n && same(n, o));
            let wrong = near.iter().any(|o| !same(n, *o));
            let at = match (near.is_empty(), wrong, there) {
                (false, false, _) => 0,
                (false, true, true) => 1,
                (false, true, false) => 2,
                (true, _, true) => 3,
                (true, _, false) => 4,
            };
            plain[at] += 1;
            plain[5] += u64::from(near.len() > 1);
            let of = best.iter().filter(|((a, b), _)| *a == n || *b == n);
            hits += of.map(|(_, p)| *p).fold(0.0, f64::max);
        }
        let p = quality.people;
        prop_assert_eq!(
            [p.right, p.wrong, p.strangers, p.missed, p.rightly_alone, p.several],
            plain
        );
        prop_assert!((quality.expected_hits - hits / RECORDS as f64).abs() < 1e-9);

        let members: Vec<Member> = (0..RECORDS)
            .map(|n| Member {
                side: Side::Left,
                record: handle(n),
                cluster: format!("c{}", clusters[n]),
            })
            .collect();
        let figures = measure_clusters(Lists::One, &members, &truth);
        let together = |a: usize, b: usize| clusters[a] == clusters[b];
        prop_assert_eq!(figures.pairs, Counts {
            right: count(&|a, b| together(a, b) && same(a, b)),
            wrong: count(&|a, b| together(a, b) && !same(a, b)),
            missed: count(&|a, b| !together(a, b) && same(a, b)),
        });
        let of = |keys: &[usize], k: usize| -> BTreeSet<usize> {
            (0..RECORDS).filter(|n| keys[*n] == k).collect()
        };
        let (mut exact, mut several) = (0, 0);
        for person in (0..14).map(|k| of(&people, k)).filter(|p| p.len() > 1) {
            several += 1;
            exact += u64::from((0..14).any(|k| of(&clusters, k) == person));
        }
        prop_assert_eq!((figures.people, figures.exact), (several, exact));

        // Neither side nor order tells anything.
        let told = Statement::of(about(), &quality, Some(&figures));
        pairs.reverse();
        for pair in &mut pairs {
            std::mem::swap(&mut pair.left, &mut pair.right);
        }
        let turned = measured(&pairs, &truth).unwrap();
        prop_assert!(told == Statement::of(about(), &turned, Some(&figures)));
        // Nor does a statement about one list pass for the test of a solution that links two (MATCH-17).
        let json = serde_json::to_value(&told).unwrap();
        prop_assert_ne!(&json["schema"], SCHEMA);
        prop_assert!(json["about"]["right_records"].is_null());
    }

    /// Whose record two are, and two others of which one is among them, theirs all are: as from side to side until nothing
    /// is added.
    #[test]
    fn what_follows_from_true_pairs_is_true(
        given in prop::collection::btree_set((0_usize..12, 0_usize..12), 0..12)
    ) {
        let mut same = [[false; 12]; 12];
        for (a, b) in &given {
            same[*a][*b] = true;
            same[*b][*a] = true;
        }
        for k in 0..12 {
            for a in 0..12 {
                for b in 0..12 {
                    same[a][b] |= same[a][k] && same[k][b];
                }
            }
        }
        let plain: BTreeSet<_> = (0..12)
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .filter(|(a, b)| same[*a][*b])
            .map(|(a, b)| (handle(a), handle(b)))
            .collect();
        let given = given.iter().map(|(a, b)| (handle(*a), handle(*b))).collect();
        prop_assert_eq!(joined(&given), plain);
    }
}

#[test]
fn records_that_name_nobody_are_alone() {
    let list = [("a", "1"), ("b", ""), ("c", "1"), ("d", ""), ("a", "1")];
    let list: Vec<_> = list.map(|(r, p)| (r.to_owned(), p.to_owned())).into();
    let pairs: Vec<_> = pairs_within(&list).into_iter().collect();
    assert_eq!(pairs, [("a".to_owned(), "c".to_owned())]);
}

#[test]
fn a_record_is_no_pair_with_itself_nor_with_a_stranger() {
    let truth = truth(&(0..RECORDS).map(|n| n / 2).collect::<Vec<_>>());
    let refused = |pairs: &[ScoredPair], truth: &BTreeSet<_>| measured(pairs, truth).unwrap_err();
    assert_eq!(refused(&[pair(3, 3, 0.9)], &truth), Unmeasurable::Itself);
    let strange = [pair(3, 99, 0.9)];
    assert_eq!(refused(&strange, &truth), Unmeasurable::StrangePair);
    let mut turned = truth.clone();
    turned.insert((handle(7), handle(2)));
    assert_eq!(refused(&[], &turned), Unmeasurable::Itself);
    turned.remove(&(handle(7), handle(2)));
    turned.insert((handle(7), handle(99)));
    assert_eq!(refused(&[], &turned), Unmeasurable::StrangeTruth);
}

/// Each pair has two records: who is told that fewer than 5 pairs are missed, and the block of the records that are, knows
/// no more of the pairs than before.
// shows: RPT-08
#[test]
fn the_block_of_records_tells_nothing_of_a_small_count_of_pairs() {
    for missed in 0..30_u64 {
        for others in 0..60 {
            let shown = wide_blocks(&[2 * missed, others])[0];
            assert!(shown.from <= 2 * missed && 2 * missed <= shown.to);
            let could_be = (1..5).filter(|pairs| (shown.from..=shown.to).contains(&(2 * pairs)));
            let could_be = could_be.count();
            assert!(
                could_be == 0 || could_be == 4,
                "{missed} {others}: {shown:?}"
            );
        }
    }
}

/// A pair is drawn once, from whichever side it comes, and its stratum is of the group of both of its records.
#[test]
fn a_sample_of_one_list_has_each_pair_once() {
    let pairs: Vec<_> = (0..30)
        .flat_map(|n| [pair(n, n + 10, 0.97), pair(n + 10, n, 0.96)])
        .collect();
    let groups = (0..RECORDS).map(|n| (handle(n), format!("g{}", group(n))));
    let plan = Plan {
        lists: Lists::One,
        thresholds: vec![0.5, 0.9],
        pairs: 100,
        seed: 7,
    };
    let drawn = draw(&pairs, &groups.collect(), &plan).unwrap();
    let ends: BTreeSet<_> = drawn.pairs.iter().map(|p| (&p.left, &p.right)).collect();
    assert_eq!((ends.len(), drawn.pairs.len()), (30, 30));
    assert!(ends.iter().all(|(left, right)| left < right));
    let named: Vec<_> = drawn
        .strata
        .iter()
        .map(|s| (s.group.as_str(), s.pairs))
        .collect();
    // 70 is 1 more than a multiple of 3: no pair is within a group.
    assert_eq!(named, [("across groups", 30)]);
}

/// Both lists of `two_lists` as one.
fn one_list() -> (List, Vec<(String, String)>) {
    let (left, right, truth) = two_lists(5, 400, 3000, 3000);
    (left.and(&right), truth)
}

/// Labels from either side train alike; a label and its contrary from the other side are refused.
#[test]
fn labels_of_one_list_are_the_same_from_either_side() {
    let model = Model::read("small.yaml", MODEL.as_bytes()).unwrap();
    let (list, truth) = one_list();
    let cases = Cases::read(&model, &list).unwrap().with_itself();
    let trained = |turn: bool| {
        let mut labels = Labels::of_one_list();
        for (left, right) in &truth {
            let (a, b) = if turn { (right, left) } else { (left, right) };
            assert!(labels.add(a, b, true));
        }
        assert!(!labels.add(&truth[0].1, &truth[0].0, false));
        train_on_labels(&model, &labels, &cases, &list, quiet(2)).unwrap()
    };
    let (one, other) = (trained(false), trained(true));
    assert_eq!(one.trained, other.trained);
    assert_eq!(one.doubts, other.doubts);
    let told = one.doubts.join("\n");
    assert!(
        told.contains(&format!("the {} pairs that were", truth.len())),
        "{told}"
    );
}

/// Every scored pair of one list is explained with the weight that scoring gives it, from either side.
#[test]
fn a_pair_of_one_list_is_explained_as_it_was_scored() {
    let model = Model::read("small.yaml", MODEL.as_bytes()).unwrap();
    let (list, _) = one_list();
    let cases = Cases::read(&model, &list).unwrap().with_itself();
    let training = train(&model, &cases, &list, quiet(2)).unwrap();
    let trained = &training.trained;
    let scored = score(&model, trained, Some(&training), &cases, &list, quiet(2)).unwrap();
    assert!(scored.pairs.len() > 100);
    for pair in scored.pairs.iter().step_by(scored.pairs.len() / 50) {
        let ends = (cases.handle(pair.case), &*pair.master);
        assert_eq!(cases.as_looked_at(ends.0, ends.1), ends);
        assert_eq!(cases.as_looked_at(ends.1, ends.0), ends);
        let asked = [(pair.case, ends.1)];
        let told = explain(
            &model,
            trained,
            Some(&training),
            &cases,
            &list,
            quiet(1),
            &asked,
        );
        let told = told.unwrap()[0].clone().unwrap();
        assert!((told.weight - pair.weight).abs() < 1e-9);
    }
}
