//! Scored pairs against the truth, counted exactly.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::interval::{Rate, f1, wilson};
use super::lists::{ACROSS, Lists};
use super::people::PeopleCounts;
use crate::Standing;

/// Thresholds that are always told: those that people choose, and the edges of the calibration's tenths.
pub const FIXED: [f64; 13] = [
    0.999, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0,
];

/// The most operating points beside those of [`FIXED`].
const MOST_POINTS: usize = 200;

/// A pair as it was scored.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredPair {
    /// The case's handle.
    pub left: String,
    /// The master record's handle.
    pub right: String,
    /// The match probability.
    pub probability: f64,
    /// Bits: they tell pairs apart whose probabilities are so near to 1 that they are one number.
    pub weight: f64,
    /// What it amounts to.
    pub standing: Standing,
}

/// What is measured.
pub struct Input<'a> {
    /// What was linked. Of one list the pairs of `truth` and `reached` are as [`Lists::ends`] has them.
    pub lists: Lists,
    /// The scored pairs; of a pair that is given twice the better counts.
    pub pairs: &'a [ScoredPair],
    /// All pairs (left, right) of one person.
    pub truth: &'a BTreeSet<(String, String)>,
    /// Of the true pairs those that a blocking rule brings together, where that is known: what was scored too low to be
    /// written is then told apart from what was never looked at.
    pub reached: Option<&'a BTreeSet<(String, String)>>,
    /// The names of the columns by which groups are made.
    pub columns: &'a [String],
    /// Each record of the case list with its group in every column.
    pub records: &'a BTreeMap<String, Vec<String>>,
    /// The probability from which a pair counts as a link: the model's `link`.
    pub link: f64,
}

/// Why nothing can be measured. Tells no handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmeasurable {
    /// A truth that would make every count a small one.
    #[error("the truth or the case list has fewer than 5 entries: nothing can be told of so few")]
    TooFew,
    /// Recall over all true pairs needs them all to be of the list.
    #[error(
        "the truth names a record that is not in the case list: give the truth of these lists, with their own handles"
    )]
    StrangeTruth,
    /// The pairs are of another list.
    #[error(
        "a scored pair names a record that is not in the case list: give the list that was scored"
    )]
    StrangePair,
    /// A record is no pair.
    #[error("a pair of one list has the same record twice, or its handles out of order")]
    Itself,
    /// A probability that is none.
    #[error(
        "a scored pair has a match probability that is not from 0 to 1, or a weight that is no number"
    )]
    NoProbability,
}

/// Links, and true pairs that are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links of one person.
    pub right: u64,
    /// Links of two people.
    pub wrong: u64,
    /// True pairs that are no links, whatever the reason.
    pub missed: u64,
}

impl Counts {
    /// Of the links, those of one person.
    pub fn precision(self) -> Option<Rate> {
        wilson(self.right, self.right + self.wrong)
    }
    /// Of all true pairs, those that are links.
    pub fn recall(self) -> Option<Rate> {
        wilson(self.right, self.right + self.missed)
    }
    /// The harmonic mean of both.
    pub fn f1(self) -> Option<Rate> {
        f1(self.right, self.wrong, self.missed)
    }
}

/// Where links begin: a pair of this probability and weight is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// From which probability.
    pub probability: f64,
    /// From which weight, among pairs of that probability.
    pub weight: f64,
}

impl Cut {
    pub(super) fn at(probability: f64) -> Self {
        Self {
            probability,
            weight: f64::NEG_INFINITY,
        }
    }
    fn order(self, other: Self) -> Ordering {
        let by_weight = self.weight.total_cmp(&other.weight);
        self.probability
            .total_cmp(&other.probability)
            .then(by_weight)
    }
}

/// What a threshold comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The threshold.
    pub cut: Cut,
    /// What it comes to.
    pub counts: Counts,
}

/// A tenth of the probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Pairs.
    pub pairs: u64,
    /// Of one person.
    pub same: u64,
    /// The mean of their probabilities; 0 where there is no pair.
    pub predicted: f64,
}

/// The pairs of a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingCounts {
    /// Which.
    pub standing: Standing,
    /// Of one person.
    pub right: u64,
    /// Of two people.
    pub wrong: u64,
}

/// A group of the case list's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCounts {
    /// What they have in common.
    pub group: String,
    /// How many they are.
    pub records: u64,
    /// What the link threshold comes to for their pairs.
    pub counts: Counts,
}

/// The groups of a column, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupColumn {
    /// The column.
    pub column: String,
    /// Its groups; every record is in one.
    pub groups: Vec<GroupCounts>,
}

/// What was measured, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// What was linked.
    pub lists: Lists,
    /// Records of the case list.
    pub records: u64,
    /// All true pairs.
    pub true_pairs: u64,
    /// Scored pairs of one person.
    pub same: u64,
    /// Scored pairs of two people.
    pub different: u64,
    /// True pairs that a blocking rule brings together, where it is known.
    pub reached: Option<u64>,
    /// Operating points, from the highest threshold down.
    pub points: Vec<Point>,
    /// The one of the best F1, of several the highest.
    pub best: Point,
    /// The one of the model's `link`.
    pub link: Point,
    /// By standing.
    pub standings: Vec<StandingCounts>,
    /// Tenths of the probability, from 0 up; 1 is in the last.
    pub bins: Vec<Bin>,
    /// The mean squared difference of probability and truth (Brier 1950); none without a pair.
    pub brier: Option<f64>,
    /// The mean, over the case list, of the probability of each record's best candidate: the hit rate to expect if the
    /// probabilities are right (RPT-05).
    pub expected_hits: f64,
    /// By record, at the link threshold.
    pub people: PeopleCounts,
    /// By group, at the link threshold.
    pub groups: Vec<GroupColumn>,
}

/// Measures.
///
/// # Errors
/// [`Unmeasurable`] where lists, pairs and truth are not of one another.
pub fn measure(input: &Input) -> Result<Quality, Unmeasurable> {
    let pairs = sorted(input)?;
    let same = |p: &ScoredPair| is_true(input, p);
    let judged: Vec<(&ScoredPair, bool)> = pairs.iter().map(|p| (*p, same(p))).collect();
    let true_pairs = input.truth.len() as u64;
    let curve = curve(&judged, true_pairs);
    let best = curve.iter().fold(None, |best: Option<Point>, point| {
        // 2 right / (links + true): compared as products of whole numbers, so that no rounding chooses.
        let of = |p: &Point| {
            (
                u128::from(p.counts.right),
                u128::from(p.counts.right + p.counts.wrong + true_pairs),
            )
        };
        match best {
            Some(b) if of(point).0 * of(&b).1 <= of(&b).0 * of(point).1 => Some(b),
            _ => Some(*point),
        }
    });
    let nothing = Point {
        cut: Cut::at(1.0),
        counts: Counts {
            missed: true_pairs,
            ..Counts::default()
        },
    };
    let best = best.unwrap_or(nothing);
    let at = |cut: Cut| Point {
        cut,
        counts: counts_at(&curve, cut, nothing.counts),
    };
    let link = at(Cut::at(input.link));
    let mut points = thinned(&curve);
    points.extend(FIXED.iter().map(|p| at(Cut::at(*p))));
    points.extend([best, link]);
    points.sort_by(|a, b| b.cut.order(a.cut));
    points.dedup_by(|a, b| a.cut == b.cut);
    let links: Vec<&ScoredPair> = pairs
        .iter()
        .copied()
        .filter(|p| p.probability >= input.link)
        .collect();
    let found = judged.iter().filter(|(_, same)| *same).count() as u64;
    Ok(Quality {
        lists: input.lists,
        records: input.records.len() as u64,
        true_pairs,
        same: found,
        different: judged.len() as u64 - found,
        reached: input
            .reached
            .map(|reached| reached_or_scored(input, reached, &pairs)),
        points,
        best,
        link,
        standings: standings(&judged),
        bins: bins(&judged),
        brier: brier(&judged),
        expected_hits: expected_hits(input, &pairs),
        people: PeopleCounts::of(input, &links),
        groups: groups(input, &links),
    })
}

/// Whether a pair is of one person.
pub(super) fn is_true(input: &Input, pair: &ScoredPair) -> bool {
    let (left, right) = input.lists.ends(&pair.left, &pair.right);
    input.truth.contains(&(left.to_owned(), right.to_owned()))
}

/// The pairs, each once, the best first.
fn sorted<'a>(input: &Input<'a>) -> Result<Vec<&'a ScoredPair>, Unmeasurable> {
    if input.truth.len() < 5 || input.records.len() < 5 {
        return Err(Unmeasurable::TooFew);
    }
    let lists = input.lists;
    let listed = |left: &str, right: &str| {
        let mut cases = lists.cases(left, right);
        cases.all(|case| input.records.contains_key(case))
    };
    if !input.truth.iter().all(|(left, right)| listed(left, right)) {
        return Err(Unmeasurable::StrangeTruth);
    }
    let ordered = |(left, right): &(String, String)| lists == Lists::Two || left < right;
    if !input.truth.iter().all(ordered) {
        return Err(Unmeasurable::Itself);
    }
    let mut best: BTreeMap<(&str, &str), &ScoredPair> = BTreeMap::new();
    for pair in input.pairs {
        if !(0.0..=1.0).contains(&pair.probability) || pair.weight.is_nan() {
            return Err(Unmeasurable::NoProbability);
        }
        if !listed(&pair.left, &pair.right) {
            return Err(Unmeasurable::StrangePair);
        }
        if lists == Lists::One && pair.left == pair.right {
            return Err(Unmeasurable::Itself);
        }
        let ends = lists.ends(&pair.left, &pair.right);
        let held = best.entry(ends).or_insert(pair);
        if cut_of(held).order(cut_of(pair)) == Ordering::Less {
            *held = pair;
        }
    }
    let mut pairs: Vec<&ScoredPair> = best.into_values().collect();
    // Stable: among equals the order of the handles stays.
    pairs.sort_by(|a, b| cut_of(b).order(cut_of(a)));
    Ok(pairs)
}

/// Of the true pairs, those that blocking brings together: what was scored was.
fn reached_or_scored(
    input: &Input,
    reached: &BTreeSet<(String, String)>,
    pairs: &[&ScoredPair],
) -> u64 {
    let scored: BTreeSet<(&str, &str)> = pairs
        .iter()
        .map(|p| input.lists.ends(&p.left, &p.right))
        .collect();
    let is = |pair: &&(String, String)| {
        reached.contains(*pair) || scored.contains(&(pair.0.as_str(), pair.1.as_str()))
    };
    input.truth.iter().filter(is).count() as u64
}

fn cut_of(pair: &ScoredPair) -> Cut {
    Cut {
        probability: pair.probability,
        weight: pair.weight,
    }
}

/// Every distinct operating point, from the highest threshold down.
fn curve(judged: &[(&ScoredPair, bool)], true_pairs: u64) -> Vec<Point> {
    let (mut right, mut wrong) = (0, 0);
    let mut curve: Vec<Point> = Vec::new();
    for (pair, same) in judged {
        right += u64::from(*same);
        wrong += u64::from(!same);
        let point = Point {
            cut: cut_of(pair),
            counts: Counts {
                right,
                wrong,
                missed: true_pairs - right,
            },
        };
        // Pairs of one score stand and fall together.
        match curve.last_mut() {
            Some(last) if last.cut == point.cut => *last = point,
            _ => curve.push(point),
        }
    }
    curve
}

fn counts_at(curve: &[Point], cut: Cut, nothing: Counts) -> Counts {
    let above = curve.partition_point(|p| p.cut.order(cut) != Ordering::Less);
    above
        .checked_sub(1)
        .and_then(|at| curve.get(at))
        .map_or(nothing, |p| p.counts)
}

fn thinned(curve: &[Point]) -> Vec<Point> {
    if curve.len() <= MOST_POINTS {
        return curve.to_vec();
    }
    let last = curve.len() - 1;
    let place = |n: usize| n * last / (MOST_POINTS - 1);
    (0..MOST_POINTS)
        .filter_map(|n| curve.get(place(n)).copied())
        .collect()
}

fn standings(judged: &[(&ScoredPair, bool)]) -> Vec<StandingCounts> {
    [Standing::Strong, Standing::Ambiguous, Standing::Review]
        .map(|standing| {
            let count = |wanted| {
                let each = judged.iter();
                each.filter(|(p, same)| p.standing == standing && *same == wanted)
                    .count() as u64
            };
            StandingCounts {
                standing,
                right: count(true),
                wrong: count(false),
            }
        })
        .into()
}

fn bins(judged: &[(&ScoredPair, bool)]) -> Vec<Bin> {
    // The edges are those of FIXED, so that a tenth's pairs are the difference of two operating points.
    let mut edges: Vec<f64> = FIXED.iter().copied().filter(|p| *p <= 0.9).collect();
    edges.sort_by(f64::total_cmp);
    let mut bins = Vec::new();
    for (n, from) in edges.iter().enumerate() {
        let until = edges.get(n + 1).copied().unwrap_or(f64::INFINITY);
        let mut bin = Bin::default();
        let mut sum = 0.0;
        for (pair, same) in judged {
            if (*from..until).contains(&pair.probability) {
                bin.pairs += 1;
                bin.same += u64::from(*same);
                sum += pair.probability;
            }
        }
        if bin.pairs > 0 {
            bin.predicted = sum / bin.pairs as f64;
        }
        bins.push(bin);
    }
    bins
}

fn brier(judged: &[(&ScoredPair, bool)]) -> Option<f64> {
    let miss = |(p, same): &(&ScoredPair, bool)| (p.probability - f64::from(*same)).powi(2);
    let sum: f64 = judged.iter().map(miss).sum();
    (!judged.is_empty()).then(|| sum / judged.len() as f64)
}

fn expected_hits(input: &Input, pairs: &[&ScoredPair]) -> f64 {
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for pair in pairs {
        for case in input.lists.cases(&pair.left, &pair.right) {
            let held = best.entry(case).or_insert(0.0);
            *held = held.max(pair.probability);
        }
    }
    best.values().sum::<f64>() / input.records.len().max(1) as f64
}

fn groups(input: &Input, links: &[&ScoredPair]) -> Vec<GroupColumn> {
    let column = |(at, column): (usize, &String)| {
        let group_of = |record: &str| -> &str {
            let groups = input.records.get(record);
            groups.and_then(|g| g.get(at)).map_or("", String::as_str)
        };
        let of_pair = |left, right| input.lists.group(group_of(left), group_of(right));
        let mut groups: BTreeMap<&str, GroupCounts> = BTreeMap::new();
        let across = (input.lists == Lists::One).then_some((ACROSS, 0));
        let each = input.records.keys().map(|record| (group_of(record), 1));
        for (name, records) in each.chain(across) {
            let group = groups.entry(name).or_insert_with(|| GroupCounts {
                group: name.to_owned(),
                records: 0,
                counts: Counts::default(),
            });
            group.records += records;
        }
        for (left, right) in input.truth {
            if let Some(group) = groups.get_mut(of_pair(left, right)) {
                group.counts.missed += 1;
            }
        }
        for link in links {
            let Some(group) = groups.get_mut(of_pair(&link.left, &link.right)) else {
                continue;
            };
            if is_true(input, link) {
                group.counts.right += 1;
                group.counts.missed -= 1;
            } else {
                group.counts.wrong += 1;
            }
        }
        GroupColumn {
            column: column.clone(),
            groups: groups.into_values().collect(),
        }
    };
    input.columns.iter().enumerate().map(column).collect()
}
