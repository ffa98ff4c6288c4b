//! What is said of clusters: whole people, not pairs.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::Lists;
use super::measure::Counts;
use super::people::pairs_of;

/// Which list a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The case list, or the only one.
    Left,
    /// The master list.
    Right,
}

/// A record in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its list.
    pub side: Side,
    /// Its handle.
    pub record: String,
    /// Its cluster.
    pub cluster: String,
}

/// What clusters come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterFigures {
    /// Clusters of two records or more.
    pub clusters: u64,
    /// Pairs that stand in one cluster, of two lists one record of each, against all true pairs.
    pub pairs: Counts,
    /// People with records in both lists, or two and more in the one: the groups of records that true pairs join.
    pub people: u64,
    /// Of them, those whose records are a cluster, and nothing else is in it.
    pub exact: u64,
    /// Those whose records are in more than one cluster, or in none.
    pub split: u64,
    /// Those who share a cluster with a record that is not theirs. A person can be split and merged.
    pub merged: u64,
}

type Record<'a> = (Side, &'a str);

impl Lists {
    fn right(self) -> Side {
        match self {
            Self::One => Side::Left,
            Self::Two => Side::Right,
        }
    }
}

/// Measures clusters. A record that is in none is alone.
pub fn measure_clusters(
    lists: Lists,
    members: &[Member],
    truth: &BTreeSet<(String, String)>,
) -> ClusterFigures {
    let mut cluster_of: BTreeMap<Record, &str> = BTreeMap::new();
    let mut clusters: BTreeMap<&str, BTreeSet<Record>> = BTreeMap::new();
    for m in members {
        let record = (m.side, m.record.as_str());
        cluster_of.insert(record, &m.cluster);
        clusters.entry(&m.cluster).or_default().insert(record);
    }
    let mut figures = ClusterFigures::default();
    for cluster in clusters.values() {
        let all = cluster.len() as u64;
        let lefts = cluster.iter().filter(|(s, _)| *s == Side::Left).count() as u64;
        figures.pairs.wrong += match lists {
            Lists::One => all * (all - 1) / 2,
            Lists::Two => lefts * (all - lefts),
        };
        figures.clusters += u64::from(all > 1);
    }
    for (left, right) in truth {
        let left = cluster_of.get(&(Side::Left, left.as_str()));
        if left.is_some() && left == cluster_of.get(&(lists.right(), right.as_str())) {
            figures.pairs.right += 1;
            figures.pairs.wrong -= 1;
        } else {
            figures.pairs.missed += 1;
        }
    }
    for person in people(lists, truth) {
        let of: BTreeSet<Option<&str>> =
            person.iter().map(|r| cluster_of.get(r).copied()).collect();
        let split = of.len() > 1 || of.contains(&None);
        let strange = |c: &&str| {
            let cluster = clusters.get(c);
            cluster.is_some_and(|cluster| !cluster.is_subset(&person))
        };
        let merged = of.iter().flatten().any(strange);
        figures.people += 1;
        figures.split += u64::from(split);
        figures.merged += u64::from(merged);
        figures.exact += u64::from(!split && !merged);
    }
    figures
}

/// The true pairs of one list, of which some are given, from either side: whose record a and b are, and b and c, theirs
/// a and c are too.
pub fn joined(pairs: &BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
    let people = people(Lists::One, pairs).into_iter();
    let handles = people.map(|person| person.into_iter().map(|(_, handle)| handle).collect());
    handles
        .flat_map(|person: BTreeSet<&str>| pairs_of(&person))
        .collect()
}

/// The records of each person: those that true pairs join, directly or through others.
fn people(lists: Lists, truth: &BTreeSet<(String, String)>) -> Vec<BTreeSet<Record<'_>>> {
    let mut near: BTreeMap<Record, Vec<Record>> = BTreeMap::new();
    for (left, right) in truth {
        let left = (Side::Left, left.as_str());
        let right = (lists.right(), right.as_str());
        near.entry(left).or_default().push(right);
        near.entry(right).or_default().push(left);
    }
    let mut people = Vec::new();
    let mut seen = BTreeSet::new();
    for record in near.keys() {
        let mut person = BTreeSet::new();
        let mut open = vec![*record];
        while let Some(record) = open.pop() {
            if seen.insert(record) {
                person.insert(record);
                open.extend(near.get(&record).into_iter().flatten());
            }
        }
        if !person.is_empty() {
            people.push(person);
        }
    }
    people
}
