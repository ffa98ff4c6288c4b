//! Hits and harm by record of the case list (S-25): one person looked for, however many pairs they are in.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::ScoredPair;

/// How the case list's records come off at the model's `link` threshold. Every record is in one of the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleCounts {
    /// Linked, and to nobody else.
    pub right: u64,
    /// Linked to somebody else although the person is on the other list: harmed, perhaps beside a right link.
    pub wrong: u64,
    /// Linked to somebody although the person is not on the other list.
    pub strangers: u64,
    /// On the other list and not linked.
    pub missed: u64,
    /// Not on the other list and not linked.
    pub rightly_alone: u64,
    /// Linked to more than one record.
    pub several: u64,
}

impl PeopleCounts {
    pub(super) fn of(
        records: &BTreeMap<String, Vec<String>>,
        links: &[&ScoredPair],
        truth: &BTreeSet<(String, String)>,
    ) -> Self {
        let mut linked: BTreeMap<&str, (bool, u64)> = BTreeMap::new();
        for pair in links {
            let same = truth.contains(&(pair.left.clone(), pair.right.clone()));
            let seen = linked.entry(&pair.left).or_insert((true, 0));
            *seen = (seen.0 && same, seen.1 + 1);
        }
        let present: BTreeSet<&str> = truth.iter().map(|(left, _)| left.as_str()).collect();
        let mut counts = Self::default();
        for record in records.keys() {
            let there = present.contains(record.as_str());
            let count = match (linked.get(record.as_str()), there) {
                (Some((true, _)), _) => &mut counts.right,
                (Some((false, _)), true) => &mut counts.wrong,
                (Some((false, _)), false) => &mut counts.strangers,
                (None, true) => &mut counts.missed,
                (None, false) => &mut counts.rightly_alone,
            };
            *count += 1;
        }
        counts.several = linked.values().filter(|(_, links)| *links > 1).count() as u64;
        counts
    }
}

/// The true pairs of two lists whose records name their person: (record, person) of each.
pub fn pairs_of_people(
    left: &[(String, String)],
    right: &[(String, String)],
) -> BTreeSet<(String, String)> {
    let mut records: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (record, person) in right {
        records.entry(person).or_default().push(record);
    }
    let mut pairs = BTreeSet::new();
    for (record, person) in left {
        for other in records.get(person.as_str()).into_iter().flatten() {
            pairs.insert((record.clone(), (*other).to_owned()));
        }
    }
    pairs
}
