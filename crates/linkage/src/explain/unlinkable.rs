//! Which records say too little to be linked, even with themselves.

use std::collections::BTreeMap;

use super::terms::whole_bits;
use crate::engine::cases::Cases;
use crate::engine::intern::STRANGE;
use crate::model::{Kind, Model};

/// The best weight that the records of a list can attain: that of each record compared with itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlinkable {
    /// How many records.
    pub records: u64,
    /// How many stay below the probability from which a person looks at a pair.
    pub below_review: u64,
    /// How many stay below that from which a pair can be strong.
    pub below_link: u64,
    /// For each whole number of bits, how many stay below it.
    pub below: Vec<(i32, u64)>,
}

/// Weights by whole bits, and what stays below the two thresholds.
#[derive(Clone, Default)]
pub(super) struct Attained {
    bits: BTreeMap<i32, u64>,
    pub(super) records: u64,
    below_review: u64,
    below_link: u64,
}

impl Attained {
    pub(super) fn add(&mut self, weight: f64, review: f64, link: f64) {
        *self.bits.entry(whole_bits(weight)).or_default() += 1;
        self.records += 1;
        self.below_review += u64::from(weight < review);
        self.below_link += u64::from(weight < link);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bits, n) in &other.bits {
            *self.bits.entry(*bits).or_default() += n;
        }
        self.records += other.records;
        self.below_review += other.below_review;
        self.below_link += other.below_link;
    }

    pub(super) fn finish(self) -> Unlinkable {
        let first = self.bits.keys().next().copied().unwrap_or(0);
        let last = self.bits.keys().next_back().copied().unwrap_or(0);
        let mut held = 0;
        let below = (first..=last + 1).map(|bits| {
            held += self.bits.get(&(bits - 1)).copied().unwrap_or(0);
            (bits, held)
        });
        Unlinkable {
            below: below.collect(),
            records: self.records,
            below_review: self.below_review,
            below_link: self.below_link,
        }
    }
}

/// The row without the words of names that no case has: how rare these are was not counted.
pub(super) fn plain(model: &Model, cases: &Cases, row: &[u32], into: &mut Vec<u32>) {
    into.clear();
    into.extend_from_slice(row);
    for comparison in model.comparisons.iter().filter(|c| c.term_frequency) {
        let Some(place) = cases.master.places.get(comparison.column) else {
            continue;
        };
        if place.kind != Kind::Name {
            continue;
        }
        for slot in place.slots_mut(into) {
            // A name that no case has a word of keeps one, so that it is still a name.
            let some = slot.iter().any(|w| *w != 0 && w & STRANGE == 0);
            let mut kept: Vec<u32> = slot.to_vec();
            kept.retain(|w| w & STRANGE == 0 || !some);
            kept.resize(slot.len(), 0);
            slot.copy_from_slice(&kept);
        }
    }
}
