//! Training: m and λ by EM on patterns of agreement, u from how often values stand in both lists.
//!
//! For each rule the pairs that meet it are a mixture of one and of two people; the comparisons whose columns the
//! rule does not ask about are free in it, and their m is estimated there (as Splink does). u of a level is what
//! pairs taken at random show, less the matches among them: q = λm + (1-λ)u.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use foldhash::{HashMap, HashMapExt};

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::em::{Cells, Patterns};
use super::encode::{Encoder, Lookup, Reading};
use super::frequency::{Counts, Shares, Terms};
use super::intern::Words;
use super::keys::spread;
use super::pairs::{Blocks, Finder};
use super::random::{Drawn, Reservoir, chances};
use super::scan::{Run, scan};
use super::source::{Source, SourceFault};
use super::trained::{Trained, TrainedLevel, TrainedUnit, Unit};
use crate::model::{BlockingRule, Model};

/// What training tells of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleTraining {
    /// How many of the pairs looked at meet the rule.
    pub pairs: f64,
    /// The share of them that are of one person, as estimated from the free comparisons.
    pub share: f64,
    /// Rounds of EM.
    pub rounds: usize,
    /// Whether it converged.
    pub converged: bool,
    /// Comparisons whose m was estimated here.
    pub free: Vec<usize>,
    /// Matches that the whole model expects among its pairs, and how many of those no other rule finds.
    pub expected: f64,
    /// See `expected`.
    pub alone: f64,
}

/// A trained model, and what training had to say.
#[derive(Clone, Debug)]
pub struct Training {
    /// The numbers.
    pub trained: Trained,
    /// One for each rule: those of `blocking`, then those of `training`.
    pub rules: Vec<RuleTraining>,
    /// Records of the master list.
    pub right: u64,
    /// The share of the master list whose candidates were looked at.
    pub sampled: f64,
    /// What is weak about the result, in words; holds no value.
    pub doubts: Vec<String>,
    pub(crate) shares: Vec<Option<Shares>>,
}

/// The most candidate pairs that training looks at; above it, a share of the master list's records is taken.
const PAIRS: u64 = 1_000_000;

/// The most bands of records by hash: each takes half of what is left.
const BANDS: usize = 24;

/// The fewest matches that a comparison's m may rest on.
const FEWEST: f64 = 20.0;

/// What counts as a pattern: which rules a pair meets, and its codes.
type Seen = HashMap<(u32, u64), u32>;

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    counts: Vec<Option<Counts>>,
    seen: Vec<Seen>,
    records: Vec<u64>,
    drawn: Reservoir,
    row: Vec<u32>,
}

/// A number for a handle, the same in every run.
pub(crate) fn hash_of(handle: &str) -> u64 {
    let chunks = handle.as_bytes().chunks(8);
    chunks.fold(handle.len() as u64, |hash, chunk| {
        let bits = chunk.iter().fold(0, |bits, b| bits << 8 | u64::from(*b));
        spread(hash ^ bits)
    })
}

/// Trains a model on two lists, of which neither says who is who.
///
/// # Errors
/// [`SourceFault`] when a list cannot be read, or a comparison cannot be trained on them.
pub fn train(
    model: &Model,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<Training, SourceFault> {
    let rules: Vec<&BlockingRule> = model.blocking.iter().chain(&model.training).collect();
    let blocks = Blocks::build(rules.clone(), cases);
    let comparers = Comparer::all(model, &cases.layout);
    let terms = terms(model, cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    // How many bands, from the rarest, are looked at; and the pairs of each.
    let skipped = AtomicUsize::new(0);
    let pairs: Vec<AtomicU64> = (0..BANDS).map(|_| AtomicU64::new(0)).collect();
    let raise = || {
        let from = skipped.load(Ordering::Relaxed);
        let mut above = 0;
        let mut least = BANDS;
        for (band, count) in pairs.iter().enumerate().rev() {
            above += count.load(Ordering::Relaxed);
            if above > PAIRS {
                break;
            }
            least = band;
        }
        if least > from && least < BANDS {
            skipped.fetch_max(least, Ordering::Relaxed);
        }
    };
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.layout, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            counts: terms
                .iter()
                .map(|t| t.as_ref().map(|t| vec![0; t.len()]))
                .collect(),
            seen: vec![Seen::new(); BANDS],
            records: vec![0; BANDS],
            drawn: Reservoir::default(),
            row: vec![0; cases.layout.words],
        },
        |w, batch| {
            for at in 0..batch.rows() {
                w.lookup.strange.clear();
                w.encoder.encode(batch, at, &mut w.lookup, &mut w.row);
                for (terms, counts) in terms.iter().zip(&mut w.counts) {
                    if let (Some(terms), Some(counts)) = (terms, counts) {
                        terms.count(&w.row, counts);
                    }
                }
                let hash = hash_of(batch.text(0, at).unwrap_or_default());
                let band = (hash.leading_zeros() as usize).min(BANDS - 1);
                if let Some(records) = w.records.get_mut(band) {
                    *records += 1;
                }
                w.drawn.offer(hash, &w.row, &w.lookup.strange);
                if band < skipped.load(Ordering::Relaxed) {
                    continue;
                }
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                let right = Side { row: &w.row, words };
                let seen = w.seen.get_mut(band);
                let mut found = 0;
                let before = cases.before(hash);
                if let Some(seen) = seen {
                    w.finder.find(&w.row, words, &mut |case, mask| {
                        if case >= before {
                            return;
                        }
                        found += 1;
                        let codes = codes(&comparers, cases, case, right);
                        *seen.entry((mask, codes)).or_default() += 1;
                    });
                }
                if let Some(pairs) = pairs.get(band) {
                    pairs.fetch_add(found, Ordering::Relaxed);
                }
            }
            raise();
            Ok(())
        },
    )?;
    raise();
    let skipped = skipped.load(Ordering::Relaxed);
    let mut counts: Vec<Option<Counts>> = terms
        .iter()
        .map(|t| t.as_ref().map(|t| vec![0; t.len()]))
        .collect();
    let mut seen = BTreeMap::<(u32, u64), f64>::new();
    let mut records = [0; BANDS];
    let mut drawn = Reservoir::default();
    for w in workers {
        for (all, some) in counts.iter_mut().zip(&w.counts) {
            if let (Some(all), Some(some)) = (all, some) {
                all.iter_mut().zip(some).for_each(|(a, s)| *a += s);
            }
        }
        for band in w.seen.iter().skip(skipped) {
            for (key, count) in band {
                *seen.entry(*key).or_default() += f64::from(*count);
            }
        }
        records
            .iter_mut()
            .zip(&w.records)
            .for_each(|(a, s)| *a += s);
        drawn.merge(w.drawn);
    }
    let right: u64 = records.iter().sum();
    let looked_at: u64 = records.iter().skip(skipped).sum();
    if cases.is_empty() || looked_at == 0 {
        let empty = if cases.is_empty() {
            "case list"
        } else {
            "master list"
        };
        return Err(SourceFault(format!(
            "the {empty} has no record: there is nothing to train on"
        )));
    }
    let left = cases.len() as u64;
    let shares = terms
        .iter()
        .zip(&counts)
        .map(|(t, c)| Some(t.as_ref()?.shares(c.as_ref()?, left, right)))
        .collect();
    let drawn = drawn.finish();
    let units = Unit::all(model);
    let estimator = Estimator {
        model,
        units: &units,
        rules: &rules,
        entries: seen
            .into_iter()
            .map(|((mask, codes), n)| (mask, codes, n))
            .collect(),
        pairs: cases.pairs_with(looked_at),
    };
    let random = chances(model, &units, &comparers, cases, &drawn);
    let mut training = estimator.estimate(random)?;
    training.right = right;
    training.sampled = looked_at as f64 / right.max(1) as f64;
    training.shares = shares;
    for (n, hot) in blocks.hot().iter().enumerate() {
        if hot.numbers > 0 {
            training.doubts.push(format!(
                "blocking rule {}: {} values hold more cases than its cap; their {} cases are looked at by its further keys alone",
                n + 1,
                hot.numbers,
                hot.cases
            ));
        }
    }
    Ok(training)
}

/// The codes of a pair, four bits for each comparison.
pub(crate) fn codes(comparers: &[Comparer], cases: &Cases, case: u32, right: Side) -> u64 {
    let left = Side {
        row: cases.row(case),
        words: cases.words(),
    };
    let mut codes = 0;
    for (at, comparer) in comparers.iter().enumerate() {
        codes |= u64::from(comparer.code(left, right)) << (4 * at);
    }
    codes
}

/// The terms of each comparison that weighs rare values more.
pub(crate) fn terms(model: &Model, cases: &Cases) -> Vec<Option<Terms>> {
    let of = |c: &crate::model::ColumnComparison| {
        let place = cases.layout.places.get(c.column)?;
        c.term_frequency.then(|| Terms::of(*place, cases.rows()))
    };
    model.comparisons.iter().map(of).collect()
}

struct Estimator<'a> {
    model: &'a Model,
    units: &'a [Unit],
    rules: &'a [&'a BlockingRule],
    /// Rules met, codes, how many pairs.
    entries: Vec<(u32, u64, f64)>,
    /// All pairs of the records that were looked at.
    pairs: f64,
}

/// How often u is worked out anew from m and λ.
const TURNS: usize = 3;

impl Estimator<'_> {
    fn estimate(&self, random: Vec<Drawn>) -> Result<Training, SourceFault> {
        let mut u: Vec<Cells> = random.iter().map(|d| d.cells.clone()).collect();
        let mut m: Vec<Cells> = self.units.iter().map(|unit| self.start(unit)).collect();
        let mut seen: Vec<Cells> = Vec::new();
        let mut rules = Vec::new();
        let mut lambda = 0.0;
        let blocking = (1_u32 << self.model.blocking.len()) - 1;
        let all: Vec<&Unit> = self.units.iter().collect();
        let union = self
            .entries
            .iter()
            .filter(|(mask, ..)| mask & blocking != 0);
        let patterns = Patterns::fold(union.map(|(_, codes, n)| (*codes, *n)), &all);
        for _ in 0..TURNS {
            seen = m.iter().map(|c| vec![0.0; c.len()]).collect();
            rules = self.each_rule(&m, &u, &mut seen);
            for ((unit, m), seen) in self.units.iter().zip(&mut m).zip(&seen) {
                *m = self.fix(unit, self.smooth(unit, seen), |f| f.0);
            }
            lambda = patterns.share_of(&m, &u, self.pairs);
            for (((unit, u), m), drawn) in self.units.iter().zip(&mut u).zip(&m).zip(&random) {
                *u = self.fix(unit, drawn.less(unit, m, lambda), |f| f.1);
            }
        }
        self.untrained(&seen)?;
        self.expected(&m, &u, lambda, &mut rules);
        let doubts = self.doubts(&rules, &seen);
        let units = self.units.iter().zip(m).zip(u).zip(seen);
        let units = units
            .map(|(((unit, m), u), seen)| TrainedUnit {
                comparisons: unit.comparisons.clone(),
                cells: m
                    .into_iter()
                    .zip(u)
                    .zip(seen)
                    .map(|((m, u), seen)| TrainedLevel { m, u, seen })
                    .collect(),
            })
            .collect();
        Ok(Training {
            trained: Trained {
                model: self.model.name.clone(),
                lambda,
                units,
            },
            rules,
            right: 0,
            sampled: 1.0,
            doubts,
            shares: Vec::new(),
        })
    }

    /// EM for each rule, over the units whose columns the rule does not ask about.
    fn each_rule(&self, m: &[Cells], u: &[Cells], seen: &mut [Cells]) -> Vec<RuleTraining> {
        let mut told = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let asked = |c: &usize| {
                let column = self.model.comparisons.get(*c).map(|c| c.column);
                rule.keys.iter().any(|k| Some(k.column) == column)
            };
            let free: Vec<usize> = (0..self.units.len())
                .filter(|n| {
                    let unit = self.units.get(*n);
                    unit.is_some_and(|unit| !unit.comparisons.iter().any(asked))
                })
                .collect();
            let units: Vec<&Unit> = free.iter().filter_map(|n| self.units.get(*n)).collect();
            let of = |all: &[Cells]| -> Vec<Cells> {
                free.iter().filter_map(|n| all.get(*n).cloned()).collect()
            };
            let met = self.entries.iter().filter(|(mask, ..)| mask >> at & 1 == 1);
            let patterns = Patterns::fold(met.map(|(_, codes, n)| (*codes, *n)), &units);
            let pairs: f64 = patterns.counts.iter().sum();
            let mut own_m = of(m);
            let smooth = |n: usize, seen: &[f64]| {
                units.get(n).map_or(Vec::new(), |unit| {
                    self.fix(unit, self.smooth(unit, seen), |f| f.0)
                })
            };
            let (ended, found) = patterns.estimate(&mut own_m, &of(u), &smooth);
            // A rule whose pairs leave one comparison free cannot tell matches from chance.
            if free.len() > 1 {
                for (n, found) in free.iter().zip(found) {
                    if let Some(seen) = seen.get_mut(*n) {
                        seen.iter_mut().zip(found).for_each(|(s, f)| *s += f);
                    }
                }
            }
            let comparisons = units.iter().flat_map(|u| u.comparisons.iter().copied());
            told.push(RuleTraining {
                pairs,
                share: ended.share,
                rounds: ended.rounds,
                converged: ended.converged,
                free: comparisons.collect(),
                expected: 0.0,
                alone: 0.0,
            });
        }
        told
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
                let names: Vec<&str> = unit
                    .comparisons
                    .iter()
                    .filter_map(|c| self.model.comparisons.get(*c))
                    .filter_map(|c| self.model.columns.get(c.column))
                    .map(|c| c.name.as_str())
                    .collect();
                return Err(SourceFault(format!(
                    "the comparison of {} rests on {held:.1} matches and needs {FEWEST}: add a rule under `training` that asks about other columns, or give m and u",
                    names.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// How many matches the whole model expects under each rule.
    fn expected(&self, m: &[Cells], u: &[Cells], lambda: f64, rules: &mut [RuleTraining]) {
        let all: Vec<&Unit> = self.units.iter().collect();
        let mut by_mask = BTreeMap::<u32, Vec<(u64, f64)>>::new();
        for (mask, codes, n) in &self.entries {
            by_mask.entry(*mask).or_default().push((*codes, *n));
        }
        for (mask, entries) in by_mask {
            let patterns = Patterns::fold(entries.into_iter(), &all);
            let expected: f64 = patterns.expected(m, u, lambda);
            for (at, rule) in rules.iter_mut().enumerate() {
                if mask >> at & 1 == 1 {
                    rule.expected += expected;
                    if mask == 1 << at {
                        rule.alone += expected;
                    }
                }
            }
        }
    }

    fn doubts(&self, rules: &[RuleTraining], seen: &[Cells]) -> Vec<String> {
        let mut doubts = Vec::new();
        for (at, rule) in (1..).zip(rules) {
            if rule.pairs > 0.0 && !rule.converged {
                doubts.push(format!(
                    "rule {at}: EM did not converge in {} rounds",
                    rule.rounds
                ));
            }
            if rule.pairs > 0.0 && rule.free.len() > 1 && rule.share > 0.999 {
                doubts.push(format!(
                    "rule {at}: nearly all its pairs look like matches, so chance cannot be told from them there"
                ));
            }
        }
        for (unit, seen) in self.units.iter().zip(seen) {
            let [only] = unit.comparisons.as_slice() else {
                continue;
            };
            let Some(comparison) = self.model.comparisons.get(*only) else {
                continue;
            };
            let name = self
                .model
                .columns
                .get(comparison.column)
                .map_or("", |c| &c.name);
            for (code, n) in seen.iter().enumerate().skip(1) {
                if *n < 5.0 {
                    doubts.push(format!(
                        "{name}: level {code} rests on {n:.1} expected matches"
                    ));
                }
            }
        }
        doubts
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
