//! A sample of scored pairs for a person to judge, where there is no truth.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::lists::Lists;
use super::measure::ScoredPair;
use crate::Standing;

/// Fewer pairs of a stratum say nothing of how they differ.
const LEAST: u64 = 4;

/// Models are surer than they should be: a stratum is taken to be at least this uneven.
const LEAST_SPREAD: f64 = 0.1;

/// What is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was linked.
    pub lists: Lists,
    /// The probabilities at which bands begin, above 0, rising. Precision and recall are estimated at these.
    pub thresholds: Vec<f64>,
    /// How many pairs.
    pub pairs: u64,
    /// What the draw and the order of the sheet follow from.
    pub seed: u64,
}

/// Pairs that are drawn from together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// The probability at which its band begins.
    pub from: f64,
    /// The pairs' standing.
    pub standing: Standing,
    /// Their case's group, or that of both records of one list; empty where none was asked for.
    pub group: String,
    /// How many pairs it has.
    pub pairs: u64,
    /// How many were drawn.
    pub drawn: u64,
}

/// A pair to be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnPair {
    /// The case's handle.
    pub left: String,
    /// The master record's.
    pub right: String,
    /// Its stratum, from 0: not for the judge's eyes.
    pub stratum: usize,
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// By band, standing and group.
    pub strata: Vec<Stratum>,
    /// In an order that tells nothing of the strata.
    pub pairs: Vec<DrawnPair>,
}

/// Draws pairs at random within each stratum. Which pair is drawn follows from the seed and the pair alone, not from
/// the order in which pairs are given; of a pair that is given twice, one is drawn.
///
/// Each stratum gets at least four pairs, or all it has; then one pair at a time goes where it lessens the variance of
/// the estimated number of matches most: Neyman's allocation in whole numbers (Wright 2012, by priority values
/// N s / √(n (n + 1))), s from the probabilities.
///
/// # Errors
/// The number of pairs that is needed at least, where it is more than what was asked for.
pub fn draw(
    pairs: &[ScoredPair],
    groups: &BTreeMap<String, String>,
    plan: &Plan,
) -> Result<Drawn, u64> {
    let strata = stratify(pairs, groups, plan);
    let needed: u64 = strata.iter().map(|s| LEAST.min(s.size())).sum();
    if needed > plan.pairs {
        return Err(needed);
    }
    let share = allocate(&strata, plan.pairs);
    let mut drawn = Drawn {
        strata: Vec::new(),
        pairs: Vec::new(),
    };
    for (n, (stratum, share)) in strata.into_iter().zip(share).enumerate() {
        let mut by_lot: Vec<_> = stratum
            .members
            .iter()
            .map(|pair| (lot(b"draw", plan.seed, *pair), *pair))
            .collect();
        by_lot.sort_unstable();
        let taken = by_lot
            .iter()
            .take(usize::try_from(share).unwrap_or(usize::MAX));
        drawn
            .pairs
            .extend(taken.map(|(_, (left, right))| DrawnPair {
                left: (*left).to_owned(),
                right: (*right).to_owned(),
                stratum: n,
            }));
        drawn.strata.push(Stratum {
            from: stratum.from,
            standing: stratum.standing,
            group: stratum.group.to_owned(),
            pairs: stratum.size(),
            drawn: share,
        });
    }
    drawn
        .pairs
        .sort_by_cached_key(|p| lot(b"order", plan.seed, (&p.left, &p.right)));
    Ok(drawn)
}

struct Members<'a> {
    from: f64,
    standing: Standing,
    group: &'a str,
    members: Vec<(&'a str, &'a str)>,
    /// Sum of the probabilities.
    expected: f64,
}

impl Members<'_> {
    fn size(&self) -> u64 {
        self.members.len() as u64
    }
    fn spread(&self) -> f64 {
        let mean = self.expected / self.members.len().max(1) as f64;
        (mean * (1.0 - mean)).max(0.0).sqrt().max(LEAST_SPREAD)
    }
}

fn stratify<'a>(
    pairs: &'a [ScoredPair],
    groups: &'a BTreeMap<String, String>,
    plan: &Plan,
) -> Vec<Members<'a>> {
    let mut each: BTreeMap<(&str, &str), &ScoredPair> = BTreeMap::new();
    for pair in pairs {
        let ends = plan.lists.ends(&pair.left, &pair.right);
        let held = each.entry(ends).or_insert(pair);
        if pair.probability.total_cmp(&held.probability) == Ordering::Greater {
            *held = pair;
        }
    }
    let mut strata: BTreeMap<(usize, u8, &str), Members> = BTreeMap::new();
    for (handles, pair) in each {
        let band = plan.thresholds.partition_point(|t| *t <= pair.probability);
        let from = band.checked_sub(1).and_then(|at| plan.thresholds.get(at));
        let group_of = |record: &str| groups.get(record).map_or("", String::as_str);
        let group = plan.lists.group(group_of(handles.0), group_of(handles.1));
        let standing = match pair.standing {
            Standing::Strong => 0,
            Standing::Ambiguous => 1,
            Standing::Review => 2,
        };
        let stratum = strata
            .entry((band, standing, group))
            .or_insert_with(|| Members {
                from: from.copied().unwrap_or(0.0),
                standing: pair.standing,
                group,
                members: Vec::new(),
                expected: 0.0,
            });
        stratum.members.push(handles);
        stratum.expected += pair.probability;
    }
    strata.into_values().collect()
}

fn allocate(strata: &[Members], pairs: u64) -> Vec<u64> {
    let mut share: Vec<u64> = strata.iter().map(|s| LEAST.min(s.size())).collect();
    let all: u64 = strata.iter().map(Members::size).sum();
    let mut left = pairs.min(all).saturating_sub(share.iter().sum());
    while left > 0 {
        let priority = |(n, s): (&u64, &Members)| {
            if *n >= s.size() {
                return f64::NEG_INFINITY;
            }
            let n = *n as f64;
            s.size() as f64 * s.spread() / (n * (n + 1.0)).sqrt()
        };
        let priorities = share.iter().zip(strata).map(priority).enumerate();
        // Of equals the first.
        let next = priorities.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some(share) = next.and_then(|(at, _)| share.get_mut(at)) {
            *share += 1;
        }
        left -= 1;
    }
    share
}

/// A number by lot: every pair has its own, under every seed another.
fn lot(what: &[u8], seed: u64, (left, right): (&str, &str)) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(what);
    hash.update(seed.to_be_bytes());
    hash.update((left.len() as u64).to_be_bytes());
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}
