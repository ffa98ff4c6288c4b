//! Scoring: every candidate pair's weight of evidence, the best of each case, and what they amount to.

use std::fmt;

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::encode::{Encoder, KnownAlone, Lookup, Reading, Unused};
use super::frequency::Shares;
use super::handful::Handful;
use super::pairs::{Blocks, Finder};
use super::scan::{Run, scan};
use super::source::{Source, SourceFault};
use super::train::{hash_of, terms};
use super::trained::{Trained, Unit, code_of};
use super::weighing::{Seen, Weighing};
use crate::model::{BlockingRule, Column, How, MOST_COMPARISONS, Model};

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

/// A comparison in the order in which pairs are looked at.
#[derive(Clone, Copy)]
struct Step {
    /// The unit, and the comparison's place in it.
    unit: usize,
    at: usize,
    comparison: usize,
    dear: bool,
    /// Its place among those that rare values make heavier.
    rare: Option<usize>,
}

impl Step {
    /// All comparisons.
    fn all(units: &[Weighing], with_rare: &[usize]) -> Vec<Self> {
        let mut steps = Vec::new();
        for (n, weighing) in units.iter().enumerate() {
            let those = weighing.unit.comparisons.iter().zip(&weighing.dear);
            steps.extend(those.enumerate().map(|(at, (comparison, dear))| Self {
                unit: n,
                at,
                comparison: *comparison,
                dear: *dear,
                rare: with_rare.iter().position(|with| with == comparison),
            }));
        }
        steps
    }

    /// All comparisons for the pairs of a rule: first those that take most away where they meet no level, last those of
    /// the rule's own columns, of which that is known.
    fn for_rule(rule: &BlockingRule, model: &Model, units: &[Weighing], all: &[Self]) -> Vec<Self> {
        let asked = |step: &Self| {
            let comparison = model.comparisons.get(step.comparison);
            comparison.is_some_and(|c| rule.keys.iter().any(|key| key.column == c.column))
        };
        let (mut last, mut rest): (Vec<Self>, Vec<Self>) = all.iter().partition(|s| asked(s));
        let mut seen: Vec<Seen> = units.iter().map(Weighing::nothing).collect();
        let mut steps = Vec::new();
        loop {
            let taken = |step: &Self| {
                let unit = units.get(step.unit).zip(seen.get(step.unit));
                unit.map_or(0.0, |(weighing, seen)| weighing.taken(*seen, step.at))
            };
            let next = rest.iter().enumerate();
            let next = next.max_by(|(_, a), (_, b)| taken(a).total_cmp(&taken(b)));
            let Some(next) = next.map(|(n, _)| n) else {
                break;
            };
            let step = rest.remove(next);
            if let (Some(weighing), Some(seen)) = (units.get(step.unit), seen.get_mut(step.unit)) {
                weighing.see(seen, step.at, None, weighing.otherwise(step.at));
            }
            steps.push(step);
        }
        steps.append(&mut last);
        steps
    }
}

/// Tables made ready for the kernel.
struct Scorer<'a> {
    cases: &'a Cases,
    comparers: Vec<Comparer>,
    units: Vec<Weighing>,
    /// By rule.
    steps: Vec<Vec<Step>>,
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

/// What is known of a unit of a pair.
#[derive(Clone, Copy, Default)]
struct Prospect {
    seen: Seen,
    /// The most that rare values can add.
    rare: f64,
}

impl Scorer<'_> {
    fn hopeless(&self, bound: f64) -> bool {
        bound < self.floor - ROUNDING
    }

    /// Codes and weight of a pair; none where it cannot reach the floor.
    fn weigh(&self, case: u32, rule: u32, right: Side) -> Option<(u64, f64)> {
        let left = Side {
            row: self.cases.row(case),
            words: self.cases.words(),
        };
        // INVARIANT: the bounds add up to no less than the pair's weight but for rounding, so nothing above the floor
        // is lost.
        let steps = self.steps.get(rule as usize)?;
        let (mut codes, mut units, mut bound) = self.prospect(steps, case, left, right)?;
        let mut weight = self.prior;
        for (weighing, Prospect { seen, rare }) in self.units.iter().zip(&mut units) {
            let before = weight;
            bound -= weighing.most(*seen) + *rare;
            for (at, (c, dear)) in
                (weighing.unit.comparisons.iter().zip(&weighing.dear)).enumerate()
            {
                let shares = self.shares.get(*c).and_then(Option::as_ref);
                if !dear && shares.is_none() {
                    continue;
                }
                let Some(comparer) = self.comparers.get(*c) else {
                    continue;
                };
                let found = comparer.compare(left, right);
                weighing.see(seen, at, Some(code_of(codes, *c)), found.code);
                codes = codes & !(0xf << (4 * c)) | u64::from(found.code) << (4 * c);
                if self.hopeless(bound + weighing.most(*seen) + *rare) {
                    return None;
                }
                let last = self.rare.get(*c).copied().unwrap_or(0);
                if let (Some(shares), true) = (shares, (1..=last).contains(&found.code.into())) {
                    let (a, b) = comparer.slots(found, left.row, right.row);
                    weight += shares.bits(a, b);
                }
            }
            weight += weighing.bits(codes);
            bound += weight - before;
            if self.hopeless(bound) {
                return None;
            }
        }
        (weight >= self.floor).then_some((codes, weight))
    }

    /// Finds the codes of cheap comparisons for good, and the closest that dear ones can have, one step after another until
    /// the pair is hopeless; what that leaves of each unit, and the bound of the pair.
    fn prospect(
        &self,
        steps: &[Step],
        case: u32,
        left: Side,
        right: Side,
    ) -> Option<(u64, [Prospect; MOST_COMPARISONS], f64)> {
        let mut codes = 0;
        let mut bound = self.prior;
        let mut units = [Prospect::default(); MOST_COMPARISONS];
        let rare_most = |n: usize| {
            let most = self.rare_most.get(self.rare_at(case) + n);
            most.copied().map_or(0.0, f64::from)
        };
        for (unit, weighing) in units.iter_mut().zip(&self.units) {
            unit.seen = weighing.nothing();
            bound += weighing.most(unit.seen);
        }
        for step in steps {
            if let (Some(rare), Some(unit)) = (step.rare, units.get_mut(step.unit)) {
                unit.rare += rare_most(rare);
                bound += rare_most(rare);
            }
        }
        for step in steps {
            let comparer = self.comparers.get(step.comparison)?;
            let weighing = self.units.get(step.unit)?;
            let unit = units.get_mut(step.unit)?;
            let (code, common) = if step.dear {
                comparer.at_best(left, right)
            } else {
                (comparer.code(left, right), true)
            };
            codes |= u64::from(code) << (4 * step.comparison);
            bound -= weighing.most(unit.seen);
            weighing.see(&mut unit.seen, step.at, None, code);
            bound += weighing.most(unit.seen);
            if let (Some(rare), false) = (step.rare, common) {
                unit.rare -= rare_most(rare);
                bound -= rare_most(rare);
            }
            if self.hopeless(bound) {
                return None;
            }
        }
        Some((codes, units, bound))
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
    handful: Handful,
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
    let units: Vec<Weighing> = units
        .map(|(unit, trained)| Weighing::new(unit, trained, &comparers))
        .collect();
    let with_rare = shares.iter().enumerate().filter(|(_, s)| s.is_some());
    let with_rare: Vec<usize> = with_rare.map(|(c, _)| c).collect();
    // Rounded up: a bound may be too great and never too small.
    let most = |shares: &Shares, row: &[u32]| (shares.most(row) as f32).next_up();
    let by_case = |row| shares.iter().flatten().map(move |s| most(s, row));
    let rare_most = cases.rows().flat_map(by_case).collect();
    let steps = Step::all(&units, &with_rare);
    let for_rule = |rule| Step::for_rule(rule, model, &units, &steps);
    let scorer = Scorer {
        cases,
        steps: model.blocking.iter().map(for_rule).collect(),
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
            handful: Handful::new(cases.master.words),
            pairs: Vec::new(),
            looked_at: vec![0; model.blocking.len()],
            right: 0,
            prune_at: PRUNE,
        },
        |w, batch| {
            for end in 1..=batch.rows() {
                w.right += 1;
                w.lookup.strange.clear();
                let row = w.handful.row();
                w.encoder.encode(batch, end - 1, &mut w.lookup, row);
                if !w.handful.keep(&mut w.lookup) && end < batch.rows() {
                    continue;
                }
                let asked = w.handful.sides(&cases.known);
                w.finder.find_all(asked.clone(), |case| scorer.fetch(case));
                let from = end - w.handful.len();
                for ((at, right), found) in (from..).zip(asked).zip(w.finder.found()) {
                    let handle = batch.text(0, at).unwrap_or_default();
                    let before = match cases.is_of_one_list() {
                        true => cases.before(hash_of(handle)),
                        false => u32::MAX,
                    };
                    for (case, mask) in found.iter().filter(|(case, _)| *case < before) {
                        let rule = mask.trailing_zeros();
                        if let Some(n) = w.looked_at.get_mut(rule as usize) {
                            *n += 1;
                        }
                        if let Some((codes, weight)) = scorer.weigh(*case, rule, right) {
                            w.pairs.push(Pair {
                                case: *case,
                                master: handle.into(),
                                rule: u8::try_from(rule).unwrap_or(u8::MAX),
                                weight,
                                codes,
                                margin: None,
                                standing: Standing::Review,
                            });
                        }
                    }
                }
                w.handful.clear();
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
            (encoder, Lookup::new(&cases.known), row, empty(), 0_u64)
        },
        |(encoder, lookup, row, counts, records), batch| {
            let known = &mut KnownAlone(lookup);
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
