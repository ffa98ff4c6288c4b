//! Ids of clusters: new ones are a number made of their first record's handle, and a cluster that goes on keeps its id.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cluster, Member};
use crate::engine::train::hash_of;

/// What became of the clusters of an earlier run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Clusters that have an id of the earlier run.
    pub kept: u64,
    /// Clusters with a new one.
    pub new: u64,
    /// Clusters that hold records of two or more earlier ones.
    pub merged: Vec<Merge>,
    /// Earlier clusters whose records are no longer in one.
    pub split: Vec<Split>,
}

/// Records of several earlier clusters are in one now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Merge {
    /// Its id.
    pub id: String,
    /// The earlier ones.
    pub from: Vec<String>,
}

/// Records of one earlier cluster are in several now, or in none.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Split {
    /// The earlier one.
    pub id: String,
    /// Those of now.
    pub into: Vec<String>,
    /// How many of its records are in no cluster any more.
    pub loose: u64,
}

/// Gives each cluster its id.
pub(super) fn give(clusters: &mut [Cluster], previous: &BTreeMap<Member, String>) -> Changes {
    let mut sizes = BTreeMap::<&str, u64>::new();
    for id in previous.values() {
        *sizes.entry(id).or_default() += 1;
    }
    let mut changes = Changes::default();
    let mut taken: BTreeSet<String> = previous.values().cloned().collect();
    // For each earlier cluster, those that its records are in now.
    let mut into = BTreeMap::<&str, (Vec<String>, u64)>::new();
    for cluster in clusters {
        let mut held = BTreeMap::<&str, u64>::new();
        for id in cluster.members.iter().filter_map(|m| previous.get(m)) {
            *held.entry(id).or_default() += 1;
        }
        let majority = held
            .iter()
            .filter(|(id, n)| 2 * **n > sizes.get(*id).copied().unwrap_or(0));
        // Of several the one of which it holds most, then the first.
        let most = majority.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        cluster.id = match most {
            Some((id, _)) => {
                changes.kept += 1;
                (*id).to_owned()
            }
            None => {
                changes.new += 1;
                fresh(cluster, &mut taken)
            }
        };
        for (id, n) in &held {
            let (ids, records) = into.entry(id).or_default();
            ids.push(cluster.id.clone());
            *records += n;
        }
        if held.len() > 1 {
            changes.merged.push(Merge {
                id: cluster.id.clone(),
                from: held.into_keys().map(str::to_owned).collect(),
            });
        }
    }
    for (id, size) in sizes {
        let (ids, records) = into.remove(id).unwrap_or_default();
        if ids.len() != 1 || records < size {
            changes.split.push(Split {
                id: id.to_owned(),
                into: ids,
                loose: size - records,
            });
        }
    }
    changes
}

/// An id that no cluster has or had: that of the first record which gives one.
fn fresh(cluster: &Cluster, taken: &mut BTreeSet<String>) -> String {
    let members = |again: u64| cluster.members.iter().map(move |m| (again, m));
    let ids = (0..).flat_map(members).map(|(again, member)| {
        let (of, handle) = (member.of, &member.handle);
        let text = match again {
            0 => format!("{of}/{handle}"),
            again => format!("{of}/{handle}/{again}"),
        };
        format!("{:016x}", hash_of(&text))
    });
    let mut free = ids.filter(|id| taken.insert(id.clone()));
    free.next().unwrap_or_default()
}
