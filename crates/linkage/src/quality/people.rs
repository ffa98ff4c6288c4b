//! Hits and harm by record that is looked for (S-25): a record of the case list, or each of one list.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::{Input, ScoredPair, is_true};

/// How the case list's records come off at the model's `link` threshold. Every record is in one of the first five. Of one
/// list each record is looked for among the others, and these are its other list.
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
    pub(super) fn of(input: &Input, links: &[&ScoredPair]) -> Self {
        let mut linked: BTreeMap<&str, (bool, u64)> = BTreeMap::new();
        for pair in links {
            let same = is_true(input, pair);
            for case in input.lists.cases(&pair.left, &pair.right) {
                let seen = linked.entry(case).or_insert((true, 0));
                *seen = (seen.0 && same, seen.1 + 1);
            }
        }
        let truth = input.truth.iter();
        let present: BTreeSet<&str> = truth
            .flat_map(|(left, right)| input.lists.cases(left, right))
            .collect();
        let mut counts = Self::default();
        for record in input.records.keys() {
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

/// The true pairs of one list whose records name their person: (record, person) of each. A record that names none is alone.
pub fn pairs_within(list: &[(String, String)]) -> BTreeSet<(String, String)> {
    let mut records: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (record, person) in list.iter().filter(|(_, person)| !person.is_empty()) {
        records.entry(person).or_default().insert(record);
    }
    records.values().flat_map(pairs_of).collect()
}

/// Every pair of some records.
pub(super) fn pairs_of(records: &BTreeSet<&str>) -> Vec<(String, String)> {
    let each = (1..).zip(records);
    let pair = |(after, left): (usize, &&str)| {
        let rights = records.iter().skip(after);
        let pairs = rights.map(|right| ((*left).to_owned(), (*right).to_owned()));
        pairs.collect::<Vec<_>>()
    };
    each.flat_map(pair).collect()
}
