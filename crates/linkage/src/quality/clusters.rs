//! What is said of clusters: whole people, not pairs.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::Counts;

/// Which list a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The case list.
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
    /// Pairs, one record of each list, that stand in one cluster, against all true pairs.
    pub pairs: Counts,
    /// People with records in both lists: the groups of records that true pairs join.
    pub people: u64,
    /// Of them, those whose records are a cluster, and nothing else is in it.
    pub exact: u64,
    /// Those whose records are in more than one cluster, or in none.
    pub split: u64,
    /// Those who share a cluster with a record that is not theirs. A person can be split and merged.
    pub merged: u64,
}

type Record<'a> = (Side, &'a str);

/// Measures clusters. A record that is in none is alone.
pub fn measure_clusters(members: &[Member], truth: &BTreeSet<(String, String)>) -> ClusterFigures {
    let mut cluster_of: BTreeMap<Record, &str> = BTreeMap::new();
    let mut clusters: BTreeMap<&str, BTreeSet<Record>> = BTreeMap::new();
    for m in members {
        let record = (m.side, m.record.as_str());
        cluster_of.insert(record, &m.cluster);
        clusters.entry(&m.cluster).or_default().insert(record);
    }
    let mut figures = ClusterFigures::default();
    for cluster in clusters.values() {
        let lefts = cluster.iter().filter(|(s, _)| *s == Side::Left).count() as u64;
        figures.pairs.wrong += lefts * (cluster.len() as u64 - lefts);
        figures.clusters += u64::from(cluster.len() > 1);
    }
    for (left, right) in truth {
        let left = cluster_of.get(&(Side::Left, left.as_str()));
        if left.is_some() && left == cluster_of.get(&(Side::Right, right.as_str())) {
            figures.pairs.right += 1;
            figures.pairs.wrong -= 1;
        } else {
            figures.pairs.missed += 1;
        }
    }
    for person in people(truth) {
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

/// The records of each person: those that true pairs join, directly or through others.
fn people(truth: &BTreeSet<(String, String)>) -> Vec<BTreeSet<Record<'_>>> {
    let mut near: BTreeMap<Record, Vec<Record>> = BTreeMap::new();
    for (left, right) in truth {
        let (left, right) = ((Side::Left, left.as_str()), (Side::Right, right.as_str()));
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
