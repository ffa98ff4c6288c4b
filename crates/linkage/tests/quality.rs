//! Quality: worked by hand, and against plain counting.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use linkage::Standing;
use linkage::quality::{
    About, Cell, Counts, Input, Lists, Member, Quality, ScoredPair, Shown, Side, Statement,
    Unmeasurable, blocks, f1, ladder, measure, measure_clusters, pairs_of_people, share_out,
    wilson,
};
use proptest::prelude::*;
use serde_json::Value;

fn pair(left: usize, right: usize, probability: f64) -> ScoredPair {
    ScoredPair {
        left: format!("L{left}"),
        right: format!("R{right}"),
        probability,
        weight: (probability / (1.0 - probability)).log2(),
        standing: Standing::Review,
    }
}

fn truth(pairs: &[(usize, usize)]) -> BTreeSet<(String, String)> {
    let each = pairs.iter();
    each.map(|(l, r)| (format!("L{l}"), format!("R{r}")))
        .collect()
}

/// Records 0 to `n` - 1, each with one group.
fn records(n: usize, group: impl Fn(usize) -> String) -> BTreeMap<String, Vec<String>> {
    (0..n).map(|l| (format!("L{l}"), vec![group(l)])).collect()
}

fn about() -> About {
    About {
        date: "2026-03-02".into(),
        model: "small".into(),
        model_sha256: "00".into(),
        trained_sha256: None,
        left_records: 12,
        right_records: Some(12),
        link: 0.9,
        review: 0.2,
    }
}

fn near(rate: Option<linkage::quality::Rate>, value: f64, low: f64, high: f64) {
    let rate = rate.unwrap();
    for (got, wanted) in [(rate.value, value), (rate.low, low), (rate.high, high)] {
        assert!((got - wanted).abs() < 0.00005, "{rate:?}: {wanted}");
    }
}

/// Table I of Newcombe, "Two-sided confidence intervals for the single proportion" (1998), method 3.
#[test]
fn wilsons_interval_is_the_published_one() {
    near(wilson(81, 263), 0.3080, 0.2553, 0.3662);
    near(wilson(15, 148), 0.1014, 0.0624, 0.1605);
    near(wilson(0, 20), 0.0, 0.0, 0.1611);
    near(wilson(1, 29), 0.0345, 0.0061, 0.1718);
    assert_eq!(wilson(0, 0), None);
    let all = wilson(9, 9).unwrap();
    assert!(all.high >= 1.0 && all.value >= 1.0 && all.low < 0.71);
}

/// Twelve cases, ten true pairs. Of these eight were scored, one was brought together and not written, and one was
/// never looked at.
fn worked() -> (Vec<ScoredPair>, BTreeSet<(String, String)>) {
    let mut pairs: Vec<ScoredPair> = (0..6).map(|n| pair(n, n, 0.999)).collect();
    pairs.extend([
        pair(10, 11, 0.99),
        pair(6, 6, 0.95),
        pair(7, 7, 0.6),
        pair(0, 11, 0.3),
    ]);
    let each: Vec<(usize, usize)> = (0..10).map(|n| (n, n)).collect();
    (pairs, truth(&each))
}

/// At .9: 8 links, 7 right; precision 7/8, recall 7/10, F1 = 14 / (8 + 10). Intervals as statsmodels'
/// `proportion_confint(x, n, method="wilson")` has them, that is (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) with
/// z = 1.959964: 7 of 8 gives .5291 to .9776, 7 of 10 gives .3968 to .8922; 7 of 11 gives .3538 to .8483, and 2f/(1+f) of
/// these .5227 to .9179. Brier: (6 x .001² + .99² + .05² + .4² + .3²) / 10 = .1233.
// shows: RPT-05, S-25
#[test]
fn a_small_list_is_measured_as_by_hand() {
    let (pairs, truth) = worked();
    let mut reached = truth.clone();
    reached.remove(&("L9".into(), "R9".into()));
    let columns = ["half".to_owned()];
    let records = records(12, |n| if n < 6 { "first" } else { "second" }.into());
    let quality = measure(&Input {
        lists: Lists::Two,
        pairs: &pairs,
        truth: &truth,
        reached: Some(&reached),
        columns: &columns,
        records: &records,
        link: 0.9,
    })
    .unwrap();
    let link = quality.link.counts;
    assert_eq!(
        link,
        Counts {
            right: 7,
            wrong: 1,
            missed: 3
        }
    );
    near(link.precision(), 0.875, 0.5291, 0.9776);
    near(link.recall(), 0.7, 0.3968, 0.8922);
    near(link.f1(), 0.7778, 0.5227, 0.9179);
    assert_eq!(link.f1(), f1(7, 1, 3));
    assert!((quality.brier.unwrap() - 0.12326).abs() < 1e-5);
    // The best F1 is 16 / (9 + 10) at .6: recall counts the pairs that were never scored.
    assert!((quality.best.cut.probability - 0.6).abs() < 1e-9);
    assert!((quality.best.counts.f1().unwrap().value - 0.8421).abs() < 0.00005);
    assert_eq!((quality.same, quality.reached), (8, Some(9)));
    let people = quality.people;
    let told = (people.right, people.wrong, people.strangers);
    assert_eq!(told, (7, 0, 1), "the eleventh is linked and is on no list");
    assert_eq!(
        (people.missed, people.rightly_alone, people.several),
        (3, 1, 0)
    );
    // Best candidates: six at .999, .99, .95, .6; three cases have none.
    assert!((quality.expected_hits - (6.0 * 0.999 + 0.99 + 0.95 + 0.6) / 12.0).abs() < 1e-12);
    let half = |n: usize| quality.groups[0].groups[n].counts;
    assert_eq!((half(0).right, half(0).wrong, half(0).missed), (6, 0, 0));
    assert_eq!((half(1).right, half(1).wrong, half(1).missed), (1, 1, 3));
    let last = quality.bins.last().unwrap();
    assert_eq!((last.pairs, last.same), (8, 7));
    assert!((last.predicted - (6.0 * 0.999 + 0.99 + 0.95) / 8.0).abs() < 1e-12);
}

#[test]
fn lists_that_are_not_of_one_another_are_refused_without_a_handle() {
    let (pairs, truth) = worked();
    let refused = |pairs: &[ScoredPair], truth: &BTreeSet<_>, n: usize| {
        let records = records(n, |_| String::new());
        let input = Input {
            lists: Lists::Two,
            pairs,
            truth,
            reached: None,
            columns: &[],
            records: &records,
            link: 0.9,
        };
        let fault = measure(&input).unwrap_err();
        assert!(!fault.to_string().contains("L1"), "{fault}");
        fault
    };
    let few: BTreeSet<_> = truth.iter().take(4).cloned().collect();
    assert_eq!(refused(&pairs, &few, 12), Unmeasurable::TooFew);
    assert_eq!(refused(&pairs, &truth, 9), Unmeasurable::StrangeTruth);
    assert_eq!(refused(&pairs, &truth, 10), Unmeasurable::StrangePair);
    let broken = [pair(0, 0, f64::NAN)];
    assert_eq!(refused(&broken, &truth, 12), Unmeasurable::NoProbability);
}

/// Three people: one whole, one in two clusters, one together with a stranger.
#[test]
fn clusters_are_measured_as_clusters() {
    let truth = truth(&[(0, 0), (0, 1), (1, 2), (2, 3)]);
    let member = |side, n: usize, cluster: &str| Member {
        side,
        record: match side {
            Side::Left => format!("L{n}"),
            Side::Right => format!("R{n}"),
        },
        cluster: cluster.to_owned(),
    };
    let members = [
        member(Side::Left, 0, "a"),
        member(Side::Right, 0, "a"),
        member(Side::Right, 1, "a"),
        member(Side::Left, 1, "b"),
        member(Side::Right, 2, "c"),
        member(Side::Left, 2, "d"),
        member(Side::Right, 3, "d"),
        member(Side::Right, 9, "d"),
    ];
    let figures = measure_clusters(Lists::Two, &members, &truth);
    // a: two pairs, both right; d: two pairs, one right. One true pair is parted.
    let counts = Counts {
        right: 3,
        wrong: 1,
        missed: 1,
    };
    assert_eq!(figures.pairs, counts);
    let people = (figures.people, figures.exact, figures.split, figures.merged);
    assert_eq!(people, (3, 1, 1, 1));
    assert_eq!(figures.clusters, 2);
}

#[test]
fn people_of_both_lists_give_the_true_pairs() {
    let list = |records: &[(&str, &str)]| -> Vec<(String, String)> {
        let each = records.iter();
        each.map(|(r, p)| ((*r).to_owned(), (*p).to_owned()))
            .collect()
    };
    let pairs = pairs_of_people(
        &list(&[("a", "1"), ("b", "2"), ("c", "3")]),
        &list(&[("x", "1"), ("y", "1"), ("z", "2")]),
    );
    let shown: Vec<String> = pairs.iter().map(|(l, r)| format!("{l}{r}")).collect();
    assert_eq!(shown, ["ax", "ay", "bz"]);
}

fn is_small(count: u64) -> bool {
    (1..5).contains(&count)
}

/// Every rising row of three counts up to 17, sorted by what is told of it: who knows how it is told cannot work out a
/// count, nor a difference of counts, from 1 to 4.
// shows: RPT-08
#[test]
fn no_small_count_can_be_worked_out_of_a_row_of_counts() {
    let mut by_told: BTreeMap<Vec<(u64, u64)>, Vec<[u64; 3]>> = BTreeMap::new();
    for a in 0..18 {
        for b in a..18 {
            for c in b..18 {
                let shown = ladder(&[a, b, c]);
                for (shown, count) in shown.iter().zip([a, b, c]) {
                    assert!(shown.from <= count && count <= shown.to);
                }
                let told = shown.iter().map(|s| (s.from, s.to)).collect();
                by_told.entry(told).or_default().push([a, b, c]);
            }
        }
    }
    for (told, rows) in by_told {
        let knows = |of: &dyn Fn(&[u64; 3]) -> u64| {
            let all: BTreeSet<u64> = rows.iter().map(of).collect();
            all.len() == 1 && all.iter().copied().any(is_small)
        };
        assert!(!knows(&|r| r[0]), "{told:?}");
        assert!(!knows(&|r| r[1] - r[0]), "{told:?}");
        assert!(!knows(&|r| r[2] - r[1]), "{told:?}");
        assert!(!knows(&|r| r[2] - r[0]), "{told:?}");
    }
}

/// Every way to share out a total up to 30 among three, sorted by what is told of the parts: whoever knows the total, and how
/// parts are hidden, cannot work out a part, nor what the others have together, from 1 to 4.
// shows: RPT-08
#[test]
fn no_small_part_can_be_worked_out_from_its_total() {
    for total in 5..31_u64 {
        let whole = Shown {
            from: total,
            to: total,
        };
        let mut by_told: BTreeMap<Vec<(u64, u64)>, Vec<[u64; 3]>> = BTreeMap::new();
        for a in 0..=total {
            for b in 0..=total - a {
                let counts = [a, b, total - a - b];
                let shown = share_out(whole, &counts.map(|count| Cell { count, of: None }));
                for (shown, count) in shown.iter().zip(counts) {
                    assert!(shown.from <= count && count <= shown.to, "{counts:?}");
                }
                let told = shown.iter().map(|s| (s.from, s.to)).collect();
                by_told.entry(told).or_default().push(counts);
            }
        }
        for (told, rows) in by_told {
            for at in 0..3 {
                let one = rows[0][at];
                let known = rows.iter().all(|r| r[at] == one);
                let small = is_small(one) || is_small(total - one);
                assert!(!known || !small, "{total}: {told:?} is {rows:?}");
            }
        }
    }
    let whole = Shown { from: 40, to: 40 };
    let cells = [20, 18, 2, 0].map(|count| Cell { count, of: None });
    let says: Vec<Value> = share_out(whole, &cells)
        .iter()
        .map(|s| serde_json::to_value(s).unwrap()["says"].clone())
        .collect();
    assert_eq!(says, ["18 to 21", "18", "fewer than 5", "0"]);
}

/// Every way to share out a total up to 30 among three, in blocks.
// shows: RPT-08
#[test]
fn no_count_can_be_worked_out_from_blocks_and_their_total() {
    for total in 1..31_u64 {
        let mut by_told: BTreeMap<Vec<(u64, u64)>, Vec<[u64; 3]>> = BTreeMap::new();
        for a in 0..=total {
            for b in 0..=total - a {
                let counts = [a, b, total - a - b];
                let told = blocks(&counts).iter().map(|s| (s.from, s.to)).collect();
                by_told.entry(told).or_default().push(counts);
            }
        }
        for (told, rows) in by_told {
            for at in 0..3 {
                let known = rows.iter().all(|r| r[at] == rows[0][at]);
                assert!(!known || !is_small(rows[0][at]), "{total}: {told:?}");
            }
        }
    }
}

type Draws = Vec<(usize, usize, u8, bool)>;

/// A made world: cases 0 to 59 in three groups; each draw is a pair with a probability in 64ths and whether it is true.
fn world(draws: &Draws) -> (Vec<ScoredPair>, BTreeSet<(String, String)>) {
    let mut pairs: BTreeMap<(usize, usize), (u8, bool)> = BTreeMap::new();
    for (left, right, score, same) in draws {
        pairs.insert((*left, *right), (*score, *same));
    }
    let mut same: BTreeSet<(String, String)> =
        truth(&[(0, 90), (1, 91), (2, 92), (3, 93), (4, 94)]);
    let each = pairs.iter();
    same.extend(
        each.clone()
            .filter(|(_, (_, same))| *same)
            .map(|((l, r), _)| (format!("L{l}"), format!("R{r}"))),
    );
    let scored = each.map(|((l, r), (score, _))| pair(*l, *r, f64::from(*score) / 64.0));
    (scored.collect(), same)
}

fn measured(pairs: &[ScoredPair], truth: &BTreeSet<(String, String)>) -> Quality {
    let records = records(60, |n| ["a", "b", "c"][n * n % 3].into());
    measure(&Input {
        lists: Lists::Two,
        pairs,
        truth,
        reached: None,
        columns: &["group".to_owned()],
        records: &records,
        link: 0.9,
    })
    .unwrap()
}

/// Counts are told as `from` and `to`; rates are told so too, but beside `low`.
fn counts_in<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("says") && !fields.contains_key("low") {
                found.push(value);
            }
            fields.values().for_each(|v| counts_in(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| counts_in(v, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    /// As counted one by one; recall falls and links grow fewer as the threshold rises.
    #[test]
    fn every_point_is_what_plain_counting_gives(
        draws in prop::collection::vec((0_usize..60, 0_usize..40, 1_u8..64, any::<bool>()), 0..300)
    ) {
        let (pairs, truth) = world(&draws);
        let quality = measured(&pairs, &truth);
        let is_true = |p: &ScoredPair| truth.contains(&(p.left.clone(), p.right.clone()));
        for point in &quality.points {
            let links: Vec<&ScoredPair> =
                pairs.iter().filter(|p| p.probability >= point.cut.probability).collect();
            let right = links.iter().filter(|p| is_true(p)).count() as u64;
            prop_assert_eq!(point.counts.right, right);
            prop_assert_eq!(point.counts.wrong, links.len() as u64 - right);
            prop_assert_eq!(point.counts.missed, truth.len() as u64 - right);
            let f1 = |c: Counts| 2.0 * c.right as f64 / (c.right * 2 + c.wrong + c.missed) as f64;
            prop_assert!(f1(point.counts) <= f1(quality.best.counts) + 1e-12);
        }
        for two in quality.points.windows(2) {
            prop_assert!(two[0].counts.right <= two[1].counts.right);
            prop_assert!(two[0].counts.wrong <= two[1].counts.wrong);
        }
        for column in &quality.groups {
            let sum = |of: fn(&linkage::quality::GroupCounts) -> u64| -> u64 {
                column.groups.iter().map(of).sum()
            };
            prop_assert_eq!(sum(|g| g.records), 60);
            prop_assert_eq!(sum(|g| g.counts.right), quality.link.counts.right);
            prop_assert_eq!(sum(|g| g.counts.wrong), quality.link.counts.wrong);
            prop_assert_eq!(sum(|g| g.counts.missed), quality.link.counts.missed);
        }
        prop_assert_eq!(quality.bins.iter().map(|b| b.pairs).sum::<u64>(), pairs.len() as u64);
    }

    // shows: RPT-08
    #[test]
    fn no_small_count_stands_in_a_statement_and_its_order_tells_nothing(
        draws in prop::collection::vec((0_usize..60, 0_usize..40, 1_u8..64, any::<bool>()), 0..300)
    ) {
        let (mut pairs, truth) = world(&draws);
        let statement = Statement::of(about(), &measured(&pairs, &truth), None);
        let json = serde_json::to_value(&statement).unwrap();
        let mut counts = Vec::new();
        counts_in(&json, &mut counts);
        prop_assert!(counts.len() > 40);
        for count in counts {
            let (from, to) = (count["from"].as_u64().unwrap(), count["to"].as_u64().unwrap());
            prop_assert!(from <= to, "{}", count);
            prop_assert!(from != to || !is_small(from), "{}", count);
            if to == 4 {
                prop_assert_eq!(count["says"].as_str(), Some(if from < 2 { "fewer than 5" } else { "2 to 4" }));
            }
        }
        pairs.reverse();
        prop_assert!(statement == Statement::of(about(), &measured(&pairs, &truth), None));
    }
}

/// Two hundred pairs of which a third of one group is missed: the gap names both.
// shows: RPT-05, RPT-08
#[test]
fn the_gap_between_groups_is_the_headline() {
    let all: Vec<(usize, usize)> = (0..200).map(|n| (n, n)).collect();
    let truth = truth(&all);
    let missed = |n: usize| n >= 100 && n.is_multiple_of(3);
    let pairs: Vec<ScoredPair> = (0..200)
        .filter(|n| !missed(*n))
        .map(|n| pair(n, n, 0.99))
        .collect();
    let records = records(206, |n| match n {
        0..100 => "near".to_owned(),
        100..200 => "far".to_owned(),
        _ => "none".to_owned(),
    });
    let quality = measure(&Input {
        lists: Lists::Two,
        pairs: &pairs,
        truth: &truth,
        reached: None,
        columns: &["origin".to_owned()],
        records: &records,
        link: 0.9,
    })
    .unwrap();
    let json = serde_json::to_value(Statement::of(about(), &quality, None)).unwrap();
    assert_eq!(json["schema"], "concordat-linkage-quality/1");
    let gap = &json["headline_gap"];
    assert_eq!(
        (&gap["largest"], &gap["smallest"], &gap["column"]),
        (&"near".into(), &"far".into(), &"origin".into())
    );
    // 33 of 100 are missed, and of the other group nobody.
    let (from, to) = (gap["from"].as_f64().unwrap(), gap["to"].as_f64().unwrap());
    assert!((from, to) == (0.33, 0.33), "{gap}");
    assert_eq!(json["link"]["false_links"]["says"], "0");
    assert_eq!(json["link"]["recall"]["from"], 0.835);
}
