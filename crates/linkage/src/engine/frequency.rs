//! How often the case list's values stand in both lists: term frequencies, and the exact probability that two
//! records taken at random have one value.

use foldhash::{HashMap, HashMapExt};

use super::cases::Cases;
use super::encode::{Place, is_known};
use super::keys::whole;
use crate::model::Kind;

/// Counts of one column's terms: of a name its words, else the whole value.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// In the rows of the cases, and in those of the master list.
    places: (Place, Place),
    at: HashMap<u64, u32>,
    left: Vec<u32>,
}

/// Counts of the master list's records that have each term.
pub(crate) type Counts = Vec<u32>;

impl Terms {
    /// The terms of a column that the cases have.
    pub(crate) fn of(column: usize, cases: &Cases) -> Option<Self> {
        let place = *cases.layout.places.get(column)?;
        let mut terms = Self {
            places: (place, *cases.master.places.get(column)?),
            at: HashMap::new(),
            left: Vec::new(),
        };
        let mut seen = Vec::new();
        for row in cases.rows() {
            seen.clear();
            each_term(place, row, &mut |t| seen.push(t));
            seen.sort_unstable();
            seen.dedup();
            for term in &seen {
                let next = super::intern::narrow(terms.left.len());
                let at = *terms.at.entry(*term).or_insert(next) as usize;
                if at == terms.left.len() {
                    terms.left.push(0);
                }
                if let Some(count) = terms.left.get_mut(at) {
                    *count += 1;
                }
            }
        }
        Some(terms)
    }

    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }

    /// Counts a master record.
    pub(crate) fn count(&self, row: &[u32], counts: &mut Counts) {
        each_term(self.places.1, row, &mut |term| {
            if let Some(count) = self
                .at
                .get(&term)
                .and_then(|at| counts.get_mut(*at as usize))
            {
                *count = count.saturating_add(1);
            }
        });
    }

    /// For each term its share of the records of both lists; and the chance that a record of each list, taken at
    /// random, have one (Fellegi and Sunter 1969: u of equality, exact).
    pub(crate) fn shares(&self, right: &Counts, left_total: u64, right_total: u64) -> Shares {
        let total = (left_total + right_total).max(1) as f64;
        let mut chance = 0.0;
        // Summed in a fixed order, so that the result is one and the same.
        for (l, r) in self.left.iter().zip(right) {
            chance += f64::from(*l) * f64::from(*r);
        }
        let pairs = left_total as f64 * right_total as f64;
        let chance = if pairs > 0.0 { chance / pairs } else { 0.0 };
        let bits = |n: f64| (chance / (n / total)).log2();
        let of = |counts: &[u32], at: u32| {
            let count = counts.get(at as usize).copied();
            f64::from(count.unwrap_or(0))
        };
        let known = self.at.iter();
        let known = known.map(|(term, at)| (*term, bits(of(&self.left, *at) + of(right, *at))));
        Shares {
            place: self.places.0,
            chance,
            bits: known.collect(),
            rarest: bits(1.0),
        }
    }
}

fn each_term(place: Place, row: &[u32], each: &mut impl FnMut(u64)) {
    for slot in place.values(row) {
        if place.kind == Kind::Name {
            let words = slot.iter().take_while(|w| **w != 0);
            words
                .filter(|w| is_known(**w))
                .for_each(|w| each((*w).into()));
        } else if let Some(value) = whole(place.kind, slot) {
            each(value);
        }
    }
}

/// Shares of terms.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    place: Place,
    /// The chance that two records taken at random have a term in common.
    pub(crate) chance: f64,
    /// By term, log2 of the chance of any common term over this term's share.
    bits: HashMap<u64, f64>,
    /// That of a term that one record has.
    rarest: f64,
}

impl Shares {
    fn of(&self, term: u64) -> f64 {
        self.bits.get(&term).copied().unwrap_or(self.rarest)
    }

    /// How many records of both lists have each term, the commonest first; and one record's share.
    pub(crate) fn counts(&self) -> (Vec<u64>, f64) {
        // The bits of a term are those of one that one record has, less log2 of how many have it.
        let count = |bits: &f64| (self.rarest - bits).exp2().round() as u64;
        let mut counts: Vec<u64> = self.bits.values().map(count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        (counts, self.chance / self.rarest.exp2())
    }

    /// The most that [`bits`](Self::bits) can give for a case.
    pub(crate) fn most(&self, row: &[u32]) -> f64 {
        let bits = |term: u64| self.of(term).max(0.0);
        let mut most = 0.0_f64;
        for slot in self.place.values(row) {
            let bits = if self.place.kind == Kind::Name {
                slot.iter()
                    .filter(|w| **w != 0)
                    .map(|w| bits((*w).into()))
                    .sum()
            } else {
                whole(self.place.kind, slot).map_or(0.0, bits)
            };
            most = most.max(bits);
        }
        if most.is_finite() { most } else { 0.0 }
    }

    /// How many bits more (or fewer) than the average value this agreement weighs: for each term in common the
    /// chance of any common term over this term's share. Of names, the words in common count.
    pub(crate) fn bits(&self, left: &[u32], right: &[u32]) -> f64 {
        if self.chance <= 0.0 {
            return 0.0;
        }
        let bits = |term: u64| self.of(term);
        if self.place.kind == Kind::Name {
            let both = |w: &&u32| **w != 0 && right.contains(w);
            left.iter().filter(both).map(|w| bits((*w).into())).sum()
        } else {
            whole(self.place.kind, left).map_or(0.0, bits)
        }
    }
}
