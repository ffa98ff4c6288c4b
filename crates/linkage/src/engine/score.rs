//! Scoring: every candidate pair's weight of evidence, the best of each case, and what they amount to.

use std::fmt;

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::encode::{Encoder, KnownAlone, Lookup, Reading, Unused};
use super::frequency::Shares;
use super::intern::Words;
use super::pairs::{Blocks, Finder};
use super::scan::{Run, scan};
use super::source::{Source, SourceFault};
use super::train::{hash_of, terms};
use super::trained::{Trained, TrainedUnit, Unit, code_of};
use crate::model::{Column, How, MOST_COMPARISONS, Model};

/// A scored pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The case, counted from 0.
    pub case: u32,
    /// The master record's handle.
    pub master: Box<str>,
    /// The first blocking rule that the pair meets, from 0.
    pub rule: u8,
    /// Weight of evidence with the prior, in bits.
    pub weight: f64,
    /// Codes of all comparisons, four bits each: 0 where a side has no value, then levels from 1, then `else`.
    codes: u64,
    /// How many bits it is ahead of the case's next candidate; none where there is no other.
    pub margin: Option<f64>,
    /// What the evidence amounts to.
    pub standing: Standing,
}

/// What a pair amounts to. No match is a fact: a person confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Strong evidence, and no other candidate near.
    Strong,
    /// Strong evidence for more than one record, or for a record of more than one case.
    Ambiguous,
    /// A person must look: the weight lies in the review band, or the evidence is of a weak kind (MATCH-05).
    Review,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strong => "strong",
            Self::Ambiguous => "ambiguous",
            Self::Review => "review",
        })
    }
}

impl Pair {
    /// The match probability.
    pub fn probability(&self) -> f64 {
        1.0 / (1.0 + (-self.weight).exp2())
    }

    /// The code of a comparison.
    pub fn code(&self, comparison: usize) -> usize {
        code_of(self.codes, comparison)
    }
}

/// The outcome of scoring.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// The pairs that were kept: by case, then by weight (heaviest first), then by handle.
    pub pairs: Vec<Pair>,
    /// How many pairs were looked at, by the first rule that they meet.
    pub looked_at: Vec<u64>,
    /// Master records.
    pub right: u64,
    /// What could not be used of the master list, in words; holds no value.
    pub doubts: Vec<String>,
}

/// One unit made ready for the kernel.
struct Weighing {
    unit: Unit,
    bits: Vec<f64>,
    /// The most that a cell can come to, where the codes of dear comparisons are the closest that they can have.
    at_best: Vec<f64>,
    dear: Vec<bool>,
}

impl Weighing {
    fn new(unit: Unit, trained: &TrainedUnit, comparers: &[Comparer]) -> Self {
        let bits: Vec<f64> = (0..unit.cells)
            .zip(&trained.cells)
            .map(|(cell, level)| {
                if unit.held(cell) == 0 {
                    0.0
                } else {
                    level.bits()
                }
            })
            .collect();
        let dear: Vec<bool> = unit
            .comparisons
            .iter()
            .map(|c| comparers.get(*c).is_some_and(Comparer::is_dear))
            .collect();
        let codes: Vec<Vec<usize>> = (0..unit.cells).map(|cell| unit.codes(cell)).collect();
        let reaches = |from: &[usize], to: &[usize]| {
            let mut each = from.iter().zip(to).zip(&dear);
            each.all(|((from, to), dear)| from == to || (*dear && *from != 0 && from < to))
        };
        let at_best = codes.iter().map(|from| {
            let reached = codes.iter().zip(&bits).filter(|(to, _)| reaches(from, to));
            reached
                .map(|(_, bits)| *bits)
                .fold(f64::NEG_INFINITY, f64::max)
        });
        Self {
            at_best: at_best.collect(),
            bits,
            dear,
            unit,
        }
    }

    /// The most that a pair of these codes can come to, where those of dear comparisons are the closest that they can
    /// have, or are found.
    fn bound(&self, codes: u64) -> f64 {
        let cell = self.unit.cell(codes);
        self.at_best.get(cell).copied().unwrap_or(0.0)
    }
}

/// Tables made ready for the kernel.
struct Scorer<'a> {
    cases: &'a Cases,
    comparers: Vec<Comparer>,
    units: Vec<Weighing>,
    shares: &'a [Option<Shares>],
    /// The last code of a comparison that a rare value makes heavier.
    rare: Vec<usize>,
    /// The comparisons that rare values make heavier.
    with_rare: Vec<usize>,
    /// The most that rare values can add, by case and then as in `with_rare`.
    rare_most: Vec<f32>,
    prior: f64,
    floor: f64,
}

/// More than what rounding may take from a bound, in bits.
const ROUNDING: f64 = 1e-6;

impl Scorer<'_> {
    /// Codes and weight of a pair; none where it cannot reach the floor.
    fn weigh(&self, case: u32, right: Side) -> Option<(u64, f64)> {
        let left = Side {
            row: self.cases.row(case),
            words: self.cases.words(),
        };
        // INVARIANT: the bounds add up to no less than the pair's weight but for rounding, so nothing above the floor
        // is lost.
        let mut codes = 0;
        let mut rare = [0.0; MOST_COMPARISONS];
        let mut bound = self.prior;
        for (weighing, rare) in self.units.iter().zip(&mut rare) {
            *rare = self.prospect(weighing, case, left, right, &mut codes);
            bound += weighing.bound(codes) + *rare;
        }
        let hopeless = |bound: f64| bound < self.floor - ROUNDING;
        if hopeless(bound) {
            return None;
        }
        let mut weight = self.prior;
        for (weighing, most_rare) in self.units.iter().zip(rare) {
            let before = weight;
            bound -= weighing.bound(codes) + most_rare;
            for (c, dear) in weighing.unit.comparisons.iter().zip(&weighing.dear) {
                let rare = self.shares.get(*c).and_then(Option::as_ref);
                if !dear && rare.is_none() {
                    continue;
                }
                let Some(comparer) = self.comparers.get(*c) else {
                    continue;
                };
                let found = comparer.compare(left, right);
                codes = codes & !(0xf << (4 * c)) | u64::from(found.code) << (4 * c);
                if hopeless(bound + weighing.bound(codes) + most_rare) {
                    return None;
                }
                let last = self.rare.get(*c).copied().unwrap_or(0);
                if let (Some(shares), true) = (rare, (1..=last).contains(&found.code.into())) {
                    let (a, b) = comparer.slots(found, left.row, right.row);
                    weight += shares.bits(a, b);
                }
            }
            let cell = weighing.unit.cell(codes);
            weight += weighing.bits.get(cell).copied().unwrap_or(0.0);
            bound += weight - before;
            if hopeless(bound) {
                return None;
            }
        }
        (weight >= self.floor).then_some((codes, weight))
    }

    /// Finds the codes of a unit's cheap comparisons for good, and the closest that its dear ones can have; the most that
    /// rare values can add.
    fn prospect(
        &self,
        weighing: &Weighing,
        case: u32,
        left: Side,
        right: Side,
        codes: &mut u64,
    ) -> f64 {
        let mut most = 0.0;
        for (c, dear) in weighing.unit.comparisons.iter().zip(&weighing.dear) {
            let Some(comparer) = self.comparers.get(*c) else {
                continue;
            };
            let (code, common) = if *dear {
                comparer.at_best(left, right)
            } else {
                (comparer.code(left, right), true)
            };
            *codes |= u64::from(code) << (4 * c);
            let rare = self.with_rare.iter().position(|with| with == c);
            if let (true, Some(rare)) = (common, rare) {
                let rare = self.rare_most.get(self.rare_at(case) + rare);
                most += rare.copied().map_or(0.0, f64::from);
            }
        }
        most
    }

    fn rare_at(&self, case: u32) -> usize {
        case as usize * self.with_rare.len()
    }

    /// Reads something of what [`weigh`](Self::weigh) reads of a case.
    fn fetch(&self, case: u32) -> u32 {
        let rare = self.rare_most.get(self.rare_at(case));
        self.cases.fetch(case) ^ rare.map_or(0, |r| r.to_bits())
    }
}

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    row: Vec<u32>,
    pairs: Vec<Pair>,
    looked_at: Vec<u64>,
    right: u64,
    prune_at: usize,
}

/// Scores every pair that meets a blocking rule.
///
/// `shares` are a training's; without them the master list is read once more, to count its terms.
///
/// # Errors
/// [`SourceFault`] when the list cannot be read.
pub fn score(
    model: &Model,
    trained: &Trained,
    training: Option<&super::Training>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<Scored, SourceFault> {
    trained.fits(model)?;
    let counted;
    let (shares, records): (&[Option<Shares>], u64) = match training {
        Some(training) => (&training.shares, training.trained.records),
        None => {
            let (shares, records) = count(model, cases, list, run)?;
            counted = shares;
            (&counted, records)
        }
    };
    let comparers = Comparer::all(model, cases);
    let units = Unit::all(model).into_iter().zip(&trained.units);
    let units = units
        .map(|(unit, trained)| Weighing::new(unit, trained, &comparers))
        .collect();
    let with_rare = shares.iter().enumerate().filter(|(_, s)| s.is_some());
    let with_rare: Vec<usize> = with_rare.map(|(c, _)| c).collect();
    // Rounded up: a bound may be too great and never too small.
    let most = |shares: &Shares, row: &[u32]| (shares.most(row) as f32).next_up();
    let by_case = |row| shares.iter().flatten().map(move |s| most(s, row));
    let rare_most = cases.rows().flat_map(by_case).collect();
    let scorer = Scorer {
        cases,
        comparers,
        rare: model.comparisons.iter().map(rare_until).collect(),
        with_rare,
        rare_most,
        units,
        shares,
        prior: trained.prior(records),
        floor: (model.decide.review / (1.0 - model.decide.review)).log2(),
    };
    let blocks = Blocks::build(model.blocking.iter().collect(), cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let keep = model.decide.keep;
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.master, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            row: vec![0; cases.master.words],
            pairs: Vec::new(),
            looked_at: vec![0; model.blocking.len()],
            right: 0,
            prune_at: PRUNE,
        },
        |w, batch| {
            for at in 0..batch.rows() {
                w.right += 1;
                w.lookup.strange.clear();
                w.encoder.encode(batch, at, &mut w.lookup, &mut w.row);
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                let right = Side { row: &w.row, words };
                let handle = batch.text(0, at).unwrap_or_default();
                let before = cases.before(hash_of(handle));
                let (looked_at, pairs) = (&mut w.looked_at, &mut w.pairs);
                let fetch = |case| scorer.fetch(case);
                w.finder.find(&w.row, words, fetch, &mut |case, mask| {
                    if case >= before {
                        return;
                    }
                    let rule = mask.trailing_zeros();
                    if let Some(n) = looked_at.get_mut(rule as usize) {
                        *n += 1;
                    }
                    if let Some((codes, weight)) = scorer.weigh(case, right) {
                        pairs.push(Pair {
                            case,
                            master: handle.into(),
                            rule: u8::try_from(rule).unwrap_or(u8::MAX),
                            weight,
                            codes,
                            margin: None,
                            standing: Standing::Review,
                        });
                    }
                });
            }
            if w.pairs.len() > w.prune_at {
                prune(&mut w.pairs, keep);
                w.prune_at = PRUNE.max(2 * w.pairs.len());
            }
            Ok(())
        },
    )?;
    let mut scored = Scored {
        looked_at: vec![0; model.blocking.len()],
        ..Scored::default()
    };
    let mut unused = vec![Unused::default(); model.columns.len()];
    for w in workers {
        Unused::add(&mut unused, &w.encoder.unused);
        scored.pairs.extend(w.pairs);
        scored.right += w.right;
        let all = scored.looked_at.iter_mut().zip(w.looked_at);
        all.for_each(|(a, s)| *a += s);
    }
    scored.doubts = Unused::doubts("master list", model, &unused);
    prune(&mut scored.pairs, keep);
    super::decide::decide(model, &mut scored.pairs);
    Ok(scored)
}

/// How many pairs a thread holds before it lets go of those that are not among a case's best.
const PRUNE: usize = 1 << 20;

/// Keeps the best of each case; one master record counts once for a case.
fn prune(pairs: &mut Vec<Pair>, keep: usize) {
    pairs.sort_unstable_by(|a, b| {
        a.case
            .cmp(&b.case)
            .then(b.weight.total_cmp(&a.weight))
            .then(a.master.cmp(&b.master))
            .then(a.codes.cmp(&b.codes))
    });
    pairs.dedup_by(|b, a| a.case == b.case && a.master == b.master);
    let (mut case, mut held) = (u32::MAX, 0);
    pairs.retain(|pair| {
        if pair.case != case {
            (case, held) = (pair.case, 0);
        }
        held += 1;
        // One more than asked for, so that the last one's margin is known.
        held <= keep + 1
    });
}

/// The last level of a comparison on which how rare a value is still tells: the values are nearly the same.
pub(crate) fn rare_until(comparison: &crate::model::ColumnComparison) -> usize {
    if !comparison.term_frequency {
        return 0;
    }
    let near = |how: How| match how {
        How::Same | How::Within | How::Single | How::Variant | How::Close => true,
        How::AllButOne | How::Shares | How::Like(_) | How::Edits(_) => true,
        How::Swapped | How::OneDigit | How::DefaultDay => false,
        How::SameYear | How::Years(_) => false,
        How::Sector | How::Outward | How::Area => false,
    };
    comparison.levels.iter().take_while(|l| near(l.how)).count()
}

/// Counts the records of the master list, and the case list's terms in it.
pub(crate) fn count(
    model: &Model,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<(Vec<Option<Shares>>, u64), SourceFault> {
    let terms = terms(model, cases);
    // Nothing is read but what is counted.
    let nothing = Vec::new();
    let is_counted = |column: &Column| {
        let mut counted = model.comparisons.iter().filter(|c| c.term_frequency);
        counted.any(|c| model.columns.get(c.column) == Some(column))
    };
    let reading = Reading::new(&model.id.right, model, |c| match is_counted(c) {
        true => &c.from.right,
        false => &nothing,
    });
    let empty = || -> Vec<Option<Vec<u32>>> {
        let counts = terms.iter().map(|t| t.as_ref().map(|t| vec![0; t.len()]));
        counts.collect()
    };
    let workers = scan(
        list,
        &reading.columns,
        run,
        || {
            let encoder = Encoder::new(model, &cases.master, &reading);
            let row = vec![0; cases.master.words];
            (encoder, KnownAlone(&cases.known), row, empty(), 0_u64)
        },
        |(encoder, known, row, counts, records), batch| {
            for at in 0..batch.rows() {
                encoder.encode(batch, at, known, row);
                *records += 1;
                for (terms, counts) in terms.iter().zip(&mut *counts) {
                    if let (Some(terms), Some(counts)) = (terms, counts) {
                        terms.count(row, counts);
                    }
                }
            }
            Ok(())
        },
    )?;
    let mut counts = empty();
    let mut right = 0;
    for (.., some, records) in workers {
        right += records;
        for (all, some) in counts.iter_mut().zip(&some) {
            if let (Some(all), Some(some)) = (all, some) {
                all.iter_mut().zip(some).for_each(|(a, s)| *a += s);
            }
        }
    }
    let left = cases.len() as u64;
    let shares = terms.iter().zip(&counts);
    let shares = shares.map(|(t, c)| Some(t.as_ref()?.shares(c.as_ref()?, left, right)));
    Ok((shares.collect(), right))
}
