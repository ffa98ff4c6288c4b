//! What rare and common values weigh: counts and weights, never a value.

use std::collections::BTreeMap;

use super::words;
use crate::engine::frequency::Shares;
use crate::model::Model;

/// How often terms stand in both lists, and what agreement on them weighs more or less than on the average one.
#[derive(Clone, Debug, PartialEq)]
pub struct TermChart {
    /// The column.
    pub column: String,
    /// How many terms the case list has.
    pub terms: u64,
    /// The commonest, the middle one and the rarest, by count.
    pub weights: [TermWeight; 3],
    /// Terms by whole bits, from the lightest.
    pub bins: Vec<TermBin>,
}

/// What one term weighs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermWeight {
    /// Records of both lists that have it.
    pub records: u64,
    /// What it adds.
    pub bits: f64,
}

/// Terms of about one weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermBin {
    /// From so many bits to one more.
    pub bits: i32,
    /// How many terms.
    pub terms: u64,
    /// How many times a record has one of them.
    pub records: u64,
}

/// Weights are within a few hundred bits.
pub(super) fn whole_bits(weight: f64) -> i32 {
    weight.floor().clamp(-1000.0, 1000.0) as i32
}

/// Each comparison that weighs rare values more.
pub(super) fn terms(model: &Model, shares: &[Option<Shares>]) -> Vec<TermChart> {
    let mut charts = Vec::new();
    for (n, shares) in shares.iter().enumerate() {
        let Some(shares) = shares.as_ref().filter(|s| s.chance > 0.0) else {
            continue;
        };
        let (counts, least) = shares.counts();
        let weight = |records: u64| TermWeight {
            records,
            bits: (shares.chance / (records as f64 * least)).log2(),
        };
        let [Some(first), Some(middle), Some(last)] =
            [counts.first(), counts.get(counts.len() / 2), counts.last()]
        else {
            continue;
        };
        let mut bins = BTreeMap::<i32, TermBin>::new();
        for records in &counts {
            let bits = whole_bits(weight(*records).bits);
            let bin = bins.entry(bits).or_insert(TermBin {
                bits,
                ..TermBin::default()
            });
            bin.terms += 1;
            bin.records += records;
        }
        charts.push(TermChart {
            column: words::column(model, n),
            terms: counts.len() as u64,
            weights: [weight(*first), weight(*middle), weight(*last)],
            bins: bins.into_values().collect(),
        });
    }
    charts
}
