//! Estimation of m, u and λ by expectation-maximisation over counted patterns of agreement (Fellegi and Sunter 1969;
//! Winkler 1988).
//!
//! A pair that was found because two values agree says nothing of how often they agree: m of a comparison comes from
//! the pairs that some rule finds without asking about its columns. How likely these are of one person is told by the
//! other comparisons and by the share of matches among the rule's own pairs ([`by_rule`](super::by_rule)): names go
//! together, so how many people share what a rule asks about is not to be had from how many share each part of it. λ is
//! of all pairs, by all comparisons. u of a level is what pairs taken at random show, less the matches among them:
//! q = λm + (1-λ)u.

use std::collections::BTreeMap;

use super::by_rule::{RulePairs, mean};
use super::random::Drawn;
use super::source::SourceFault;
use super::train::RuleTraining;
use super::trained::{Cells, Unit};
use crate::model::{BlockingRule, Model};

/// The fewest matches that a comparison's m may rest on.
const FEWEST: f64 = 20.0;

/// The most rounds.
const ROUNDS: usize = 500;

/// When nothing moves further than this, EM has converged: m absolutely, λ by its share.
const STILL: f64 = 1e-5;

/// Pairs that meet the same rules and compare the same.
pub(crate) struct Pattern {
    /// A bit for each rule met.
    pub(crate) mask: u32,
    /// The cell of each unit.
    pub(crate) cells: Vec<usize>,
    /// How many pairs.
    pub(crate) count: f64,
}

/// What was counted.
pub(crate) struct Estimator<'a> {
    pub(crate) model: &'a Model,
    pub(crate) units: &'a [Unit],
    /// Blocking rules, then those of training alone.
    pub(crate) rules: &'a [&'a BlockingRule],
    pub(crate) random: &'a [Drawn],
    pub(crate) patterns: Vec<Pattern>,
    /// All pairs of the records that were looked at.
    pub(crate) pairs: f64,
    /// How many matches EM begins with.
    pub(crate) expected: f64,
    /// By unit and cell, how many labelled pairs are of one person: m rests on them alone, where they are given.
    pub(crate) labelled: Option<Vec<Cells>>,
}

/// What was estimated; by unit and cell.
pub(crate) struct Estimate {
    pub(crate) m: Vec<Cells>,
    pub(crate) u: Vec<Cells>,
    /// Expected matches on which m rests.
    pub(crate) seen: Vec<Cells>,
    pub(crate) lambda: f64,
    pub(crate) rounds: usize,
    converged: bool,
}

impl Estimate {
    /// The probability that a pattern is of one person.
    pub(super) fn posterior(&self, pattern: &Pattern) -> f64 {
        let mut odds = self.lambda / (1.0 - self.lambda);
        for ((cell, m), u) in pattern.cells.iter().zip(&self.m).zip(&self.u) {
            odds *= m.get(*cell).copied().unwrap_or(1.0) / u.get(*cell).copied().unwrap_or(1.0);
        }
        probability(odds)
    }
}

/// The probability of odds, however great they are.
pub(super) fn probability(odds: f64) -> f64 {
    if odds.is_finite() {
        odds / (1.0 + odds)
    } else {
        1.0
    }
}

impl Estimator<'_> {
    /// Runs EM.
    ///
    /// # Errors
    /// [`SourceFault`] when a comparison rests on too few matches.
    pub(crate) fn estimate(&self) -> Result<Estimate, SourceFault> {
        let mut found = Estimate {
            m: self.units.iter().map(|unit| self.start(unit)).collect(),
            u: self.random.iter().map(|d| d.cells.clone()).collect(),
            seen: self.units.iter().map(|u| vec![0.0; u.cells]).collect(),
            lambda: (self.expected / self.pairs).clamp(1e-15, 0.5),
            rounds: 0,
            converged: false,
        };
        let free: Vec<u32> = self.units.iter().map(|unit| self.free_of(unit)).collect();
        let mut rules = self.by_rule(&free, &found);
        while found.rounds < ROUNDS && !found.converged {
            let moved = self.round(&free, &mut rules, &mut found);
            found.rounds += 1;
            found.converged = moved < STILL;
        }
        self.untrained(&found.seen)?;
        Ok(found)
    }

    /// The rules that say m of something.
    fn by_rule(&self, free: &[u32], start: &Estimate) -> Vec<RulePairs> {
        let bits = (0..self.rules.len()).map(|at| 1_u32 << at);
        let saying = bits.filter(|bit| free.iter().any(|free| free & bit != 0));
        let new = |bit| {
            let asks: Vec<bool> = free.iter().map(|free| free & bit == 0).collect();
            RulePairs::new(bit, &asks, self.units, &self.patterns, start)
        };
        saying.map(new).collect()
    }

    /// One round; how far anything moved.
    fn round(&self, free: &[u32], rules: &mut [RulePairs], found: &mut Estimate) -> f64 {
        let mut seen: Vec<Cells> = self.units.iter().map(|u| vec![0.0; u.cells]).collect();
        let mut matches = 0.0;
        rules.iter_mut().for_each(|r| r.begin(self.units, found));
        for pattern in &self.patterns {
            rules.iter_mut().for_each(|r| r.take(pattern));
            let told = mean(rules, pattern.mask);
            matches += pattern.count * told.unwrap_or_else(|| found.posterior(pattern));
            for ((cell, seen), free) in pattern.cells.iter().zip(&mut seen).zip(free) {
                let told = mean(rules, pattern.mask & free);
                if let (Some(told), Some(seen)) = (told, seen.get_mut(*cell)) {
                    *seen += pattern.count * told;
                }
            }
        }
        rules.iter_mut().for_each(RulePairs::end);
        if let Some(labelled) = &self.labelled {
            seen.clone_from(labelled);
        }
        let lambda = (matches / self.pairs).clamp(1e-15, 0.5);
        let mut moved = (lambda / found.lambda - 1.0).abs();
        found.lambda = lambda;
        for (at, unit) in self.units.iter().enumerate() {
            let (Some(seen), Some(m), Some(u), Some(random)) = (
                seen.get(at),
                found.m.get_mut(at),
                found.u.get_mut(at),
                self.random.get(at),
            ) else {
                continue;
            };
            let next = self.fix(unit, self.smooth(unit, seen), |fixed| fixed.0);
            for (old, new) in m.iter().zip(&next) {
                moved = moved.max((old - new).abs());
            }
            *u = self.fix(unit, random.less(unit, &next, lambda), |fixed| fixed.1);
            *m = next;
        }
        found.seen = seen;
        moved
    }

    /// A bit for each rule that asks about none of a unit's columns.
    fn free_of(&self, unit: &Unit) -> u32 {
        let column = |c: &usize| self.model.comparisons.get(*c).map(|c| c.column);
        let columns: Vec<Option<usize>> = unit.comparisons.iter().map(column).collect();
        let mut free = 0;
        for (at, rule) in self.rules.iter().enumerate() {
            if !rule.keys.iter().any(|k| columns.contains(&Some(k.column))) {
                free |= 1 << at;
            }
        }
        free
    }

    /// Where EM begins: agreement is likely among matches, the closer the likelier.
    fn start(&self, unit: &Unit) -> Cells {
        let cells = (0..unit.cells).map(|cell| {
            let codes = unit.codes(cell);
            codes.iter().zip(&unit.radix).fold(1.0, |p, (code, radix)| {
                p * match code {
                    0 => 1.0,
                    code if code + 1 == *radix => 0.05,
                    code => 0.9 * 0.2_f64.powi(i32::try_from(*code).unwrap_or(1) - 1),
                }
            })
        });
        normalise(unit, cells.collect())
    }

    /// m of what was seen. A level that was never seen is not impossible: half a pair is added to each. A joint
    /// group leans by [`LEAN`] pairs on what its comparisons would show if they were independent.
    fn smooth(&self, unit: &Unit, seen: &[f64]) -> Cells {
        let apart = independent(unit, seen, 0.5);
        if unit.comparisons.len() == 1 {
            return apart;
        }
        let mut sums = BTreeMap::<u32, f64>::new();
        for (cell, n) in seen.iter().enumerate() {
            *sums.entry(unit.held(cell)).or_default() += n;
        }
        let cells = seen.iter().zip(&apart).enumerate().map(|(cell, (n, p))| {
            let sum = sums.get(&unit.held(cell)).copied().unwrap_or(0.0);
            (n + LEAN * p) / (sum + LEAN)
        });
        cells.collect()
    }

    /// Puts in the probabilities that the model gives; the others share what is left.
    fn fix(&self, unit: &Unit, mut cells: Cells, which: impl Fn((f64, f64)) -> f64) -> Cells {
        let [only] = unit.comparisons.as_slice() else {
            return cells;
        };
        let levels = self
            .model
            .comparisons
            .get(*only)
            .map(|c| c.levels.as_slice());
        let fixed: Vec<(usize, f64)> = (1..)
            .zip(levels.unwrap_or_default())
            .filter_map(|(code, level)| Some((code, which(level.fixed?))))
            .collect();
        if fixed.is_empty() {
            return cells;
        }
        let given: f64 = fixed.iter().map(|(_, p)| p).sum();
        let is_fixed = |code: usize| fixed.iter().any(|(c, _)| *c == code);
        let free = (1..cells.len()).filter(|c| !is_fixed(*c));
        let rest: f64 = free.filter_map(|c| cells.get(c)).sum();
        for (code, p) in cells.iter_mut().enumerate().skip(1) {
            match fixed.iter().find(|(c, _)| *c == code) {
                Some((_, given)) => *p = *given,
                None => *p *= (1.0 - given).max(1e-6) / rest.max(1e-12),
            }
        }
        cells
    }

    /// Every comparison rests on enough matches, or training fails.
    fn untrained(&self, seen: &[Cells]) -> Result<(), SourceFault> {
        for (unit, seen) in self.units.iter().zip(seen) {
            let held: f64 = (0..unit.cells)
                .filter(|cell| unit.held(*cell) != 0)
                .filter_map(|cell| seen.get(cell))
                .sum();
            let all_fixed = unit.comparisons.iter().all(|c| {
                let comparison = self.model.comparisons.get(*c);
                comparison.is_some_and(|c| c.levels.iter().all(|l| l.fixed.is_some()))
            });
            if held < FEWEST && !all_fixed {
                let names = self.names(unit);
                let mend = match self.labelled {
                    Some(_) => "label more pairs that hold its columns",
                    None => "add a rule under `training` that asks about other columns",
                };
                return Err(SourceFault(format!(
                    "the comparison of {names} rests on {held:.1} matches and needs {FEWEST}: {mend}, or give m and u"
                )));
            }
        }
        Ok(())
    }

    /// What training tells of each rule.
    pub(crate) fn rules(&self, found: &Estimate) -> Vec<RuleTraining> {
        let free: Vec<u32> = self.units.iter().map(|unit| self.free_of(unit)).collect();
        let mut told: Vec<RuleTraining> = (0..self.rules.len())
            .map(|at| {
                let units = self.units.iter().zip(&free);
                let says = |free: u32| self.labelled.is_none() && free >> at & 1 == 1;
                let mine = units.filter(|(_, free)| says(**free));
                RuleTraining {
                    pairs: 0.0,
                    free: mine
                        .flat_map(|(unit, _)| unit.comparisons.clone())
                        .collect(),
                    expected: 0.0,
                    alone: 0.0,
                }
            })
            .collect();
        for pattern in &self.patterns {
            let expected = pattern.count * found.posterior(pattern);
            for (at, rule) in told.iter_mut().enumerate() {
                if pattern.mask >> at & 1 == 1 {
                    rule.pairs += pattern.count;
                    rule.expected += expected;
                    if pattern.mask == 1 << at {
                        rule.alone += expected;
                    }
                }
            }
        }
        told
    }

    /// What is weak about an estimate, in words.
    pub(crate) fn doubts(&self, found: &Estimate) -> Vec<String> {
        let mut doubts = Vec::new();
        if !found.converged {
            doubts.push(format!("EM did not converge in {ROUNDS} rounds"));
        }
        let matches = match self.labelled {
            Some(_) => "labelled matches",
            None => "expected matches",
        };
        for (unit, seen) in self.units.iter().zip(&found.seen) {
            let [comparison] = unit.comparisons.as_slice() else {
                continue;
            };
            let Some(comparison) = self.model.comparisons.get(*comparison) else {
                continue;
            };
            // The first cell is of pairs that lack a value.
            for (at, n) in seen.iter().enumerate().skip(1) {
                if *n < 5.0 {
                    let level = comparison.word(at);
                    let names = self.names(unit);
                    doubts.push(format!("{names}: {level} rests on {n:.1} {matches}"));
                }
            }
        }
        doubts
    }

    fn names(&self, unit: &Unit) -> String {
        let comparisons = unit.comparisons.iter();
        let columns = comparisons.filter_map(|c| self.model.comparisons.get(*c));
        let columns = columns.filter_map(|c| self.model.columns.get(c.column));
        let names: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
        names.join(", ")
    }
}

/// How many pairs' worth a joint group leans on independence.
const LEAN: f64 = 10.0;

/// Cells of pairs that hold the same columns add up to one.
pub(crate) fn normalise(unit: &Unit, mut cells: Cells) -> Cells {
    let mut sums = BTreeMap::<u32, f64>::new();
    for (cell, p) in cells.iter().enumerate() {
        *sums.entry(unit.held(cell)).or_default() += p;
    }
    for (cell, p) in cells.iter_mut().enumerate() {
        *p /= sums.get(&unit.held(cell)).copied().unwrap_or(1.0);
    }
    cells
}

/// The cells if the unit's comparisons were independent: products of each one's shares, of the pairs that hold
/// it. `more` is added to each count.
pub(crate) fn independent(unit: &Unit, counts: &[f64], more: f64) -> Cells {
    let mut sums: Vec<Vec<f64>> = unit.radix.iter().map(|r| vec![more; *r]).collect();
    for (cell, n) in counts.iter().enumerate() {
        for (sums, code) in sums.iter_mut().zip(unit.codes(cell)) {
            if let Some(sum) = sums.get_mut(code) {
                *sum += n;
            }
        }
    }
    for sums in &mut sums {
        let held: f64 = sums.iter().skip(1).sum();
        sums.iter_mut().skip(1).for_each(|s| *s /= held);
        if let Some(missing) = sums.first_mut() {
            *missing = 1.0;
        }
    }
    let cells = (0..unit.cells).map(|cell| {
        let codes = unit.codes(cell).into_iter();
        let each = codes.zip(&sums).filter_map(|(code, sums)| sums.get(code));
        each.product()
    });
    cells.collect()
}
