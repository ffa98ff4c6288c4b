//! The pairs of each rule, as a mixture of their own: what they have in common, because the rule asks for it, tells
//! nothing of who is who.

use std::collections::BTreeMap;

use super::estimate::{Estimate, Pattern, probability};
use super::trained::{Cells, Unit};

/// The pairs that a rule finds.
pub(super) struct RulePairs {
    /// The rule's bit.
    bit: u32,
    /// By unit that the rule asks about: the cells in which its pairs are.
    asked: Vec<Option<Vec<bool>>>,
    /// The share of its pairs that are expected to be of one person.
    share: f64,
    /// Of the round: by unit and cell, how much likelier a match is to be there.
    ratios: Vec<Cells>,
    /// Of the round: its pairs, and those expected to be of one person.
    counts: (f64, f64),
    /// The probability that the pattern at hand is of one person, where the rule finds it.
    told: f64,
}

impl RulePairs {
    /// Of a rule; by unit, whether the rule asks about it.
    pub(super) fn new(
        bit: u32,
        asks: &[bool],
        units: &[Unit],
        patterns: &[Pattern],
        start: &Estimate,
    ) -> Self {
        let asked = asks.iter().zip(units);
        let asked = asked.map(|(asks, unit)| asks.then(|| vec![false; unit.cells]));
        let mut new = Self {
            bit,
            asked: asked.collect(),
            share: 0.0,
            ratios: Vec::new(),
            counts: (0.0, 0.0),
            told: 0.0,
        };
        for pattern in patterns.iter().filter(|p| p.mask & bit != 0) {
            new.count(pattern.count, start.posterior(pattern));
            for (cell, asked) in pattern.cells.iter().zip(&mut new.asked) {
                if let Some(asked) = asked.as_mut().and_then(|a| a.get_mut(*cell)) {
                    *asked = true;
                }
            }
        }
        new.end();
        new
    }

    fn count(&mut self, pairs: f64, told: f64) {
        self.counts.0 += pairs;
        self.counts.1 += pairs * told;
    }

    /// Begins a round.
    pub(super) fn begin(&mut self, units: &[Unit], estimate: &Estimate) {
        self.counts = (0.0, 0.0);
        let each = units.iter().zip(&estimate.m).zip(&estimate.u);
        let ratios = each.zip(&self.asked).map(|(((unit, m), u), asked)| {
            // Where the rule's pairs can be at all, of those that hold the same columns.
            let mut sums = BTreeMap::<u32, (f64, f64)>::new();
            if let Some(asked) = asked {
                let cells = m.iter().zip(u).zip(asked).enumerate();
                for (cell, ((m, u), _)) in cells.filter(|(_, (_, asked))| **asked) {
                    let sum = sums.entry(unit.held(cell)).or_default();
                    *sum = (sum.0 + m, sum.1 + u);
                }
            }
            let ratio = |(cell, (m, u)): (usize, (&f64, &f64))| match sums.get(&unit.held(cell)) {
                Some((all_m, all_u)) => m / u * all_u / all_m,
                None => m / u,
            };
            m.iter().zip(u).enumerate().map(ratio).collect()
        });
        self.ratios = ratios.collect();
    }

    /// Takes a pattern into account, where the rule finds it.
    pub(super) fn take(&mut self, pattern: &Pattern) {
        if pattern.mask & self.bit == 0 {
            return;
        }
        let ratios = pattern.cells.iter().zip(&self.ratios);
        let ratios = ratios.filter_map(|(cell, ratios)| ratios.get(*cell));
        self.told = probability(self.share / (1.0 - self.share) * ratios.product::<f64>());
        self.count(pattern.count, self.told);
    }

    /// Ends a round.
    pub(super) fn end(&mut self) {
        let (pairs, same) = self.counts;
        if pairs > 0.0 {
            self.share = (same / pairs).clamp(1e-12, 1.0 - 1e-12);
        }
    }
}

/// How likely the pattern at hand is of one person: the mean of what these rules say of it; none where none says anything.
pub(super) fn mean(rules: &[RulePairs], which: u32) -> Option<f64> {
    let says = rules.iter().filter(|rule| rule.bit & which != 0);
    let (sum, n) = says.fold((0.0, 0.0), |(sum, n), rule| (sum + rule.told, n + 1.0));
    (n > 0.0).then_some(sum / n)
}
