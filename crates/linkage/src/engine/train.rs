//! Training: both lists are gone through once; what estimation needs of them is counts of patterns of agreement, a
//! sample of records, and how often values stand in both lists.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};

use super::bands::{BANDS, Bands};
use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::distinct::{Distinct, Values};
use super::encode::{Encoder, KnownAlone, Lookup, Reading};
use super::equal::{Counter, Equal, Equality};
use super::estimate::{Estimate, Estimator, Pattern};
use super::frequency::{Counts, Shares, Terms};
use super::handful::Handful;
use super::intern::Words;
use super::keys::spread;
use super::labels::{Labels, labelled};
use super::pairs::{Blocks, Finder};
use super::random::{Basis, Drawn, Lists, Reservoir};
use super::scan::{Run, scan};
use super::source::{Source, SourceFault};
use super::trained::{Cells, Trained, TrainedLevel, TrainedUnit, Unit};
use crate::model::{BlockingRule, Model};

/// What training tells of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleTraining {
    /// How many of the pairs looked at meet the rule.
    pub pairs: f64,
    /// Comparisons whose columns it does not ask about: its matches say what their m is, where labels do not.
    pub free: Vec<usize>,
    /// How many of its pairs are expected to be of one person.
    pub expected: f64,
    /// How many of those no other rule finds.
    pub alone: f64,
}

/// A trained model, and what training had to say.
#[derive(Clone, Debug)]
pub struct Training {
    /// The numbers.
    pub trained: Trained,
    /// One for each rule: those of `blocking`, then those of `training`.
    pub rules: Vec<RuleTraining>,
    /// Rounds of EM.
    pub rounds: usize,
    /// The share of the master list whose candidates were looked at.
    pub sampled: f64,
    /// What is weak about the result, in words; holds no value.
    pub doubts: Vec<String>,
    /// What the u of each level rests on, by unit and cell, as in the trained numbers.
    pub u: Vec<Vec<Basis>>,
    pub(crate) shares: Vec<Option<Shares>>,
}

/// The most candidate pairs that training looks at; above it, a share of the master list's records is taken.
const PAIRS: u64 = 1_000_000;

/// What counts as a pattern: which rules a pair meets, and its codes.
type Seen = HashMap<(u32, u64), u32>;

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    counts: Vec<Option<Counts>>,
    equal: Vec<Counter<'a>>,
    /// By unit, while there are few.
    values: Vec<Option<Values>>,
    seen: Vec<Seen>,
    records: Vec<u64>,
    drawn: Reservoir,
    handful: Handful,
    /// Of each record that is looked at together: its band, and before which case those stand that it is held against.
    of: Vec<(usize, u32)>,
}

impl Worker<'_> {
    /// Counts the patterns of the records that are looked at together, and the pairs of each band.
    fn look(&mut self, cases: &Cases, comparers: &[Comparer], pairs: &mut [u64; BANDS]) {
        let asked = self.handful.sides(&cases.known);
        self.finder
            .find_all(asked.clone(), |case| cases.fetch(case));
        for (((band, before), right), found) in self.of.iter().zip(asked).zip(self.finder.found()) {
            let (Some(seen), Some(pairs)) = (self.seen.get_mut(*band), pairs.get_mut(*band)) else {
                continue;
            };
            for (case, mask) in found.iter().filter(|(case, _)| case < before) {
                *pairs += 1;
                let codes = codes(comparers, cases, *case, right);
                *seen.entry((*mask, codes)).or_default() += 1;
            }
        }
        self.handful.clear();
        self.of.clear();
    }
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
    trained_on(model, None, cases, list, run)
}

/// Trains a model on two lists and on pairs of them that people have labelled: m is what the pairs of one person show,
/// u what random pairs show, and λ is found as without labels.
///
/// # Errors
/// [`SourceFault`] when a list cannot be read, or a comparison cannot be trained on the labels.
pub fn train_on_labels(
    model: &Model,
    labels: &Labels,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<Training, SourceFault> {
    let found = labelled(model, labels, cases, list, run)?;
    let mut told = vec![format!(
        "m rests on the {} pairs that were labelled the same: pairs that were not drawn from all matches make it theirs",
        found.same
    )];
    if found.different > 0 {
        told.push(format!(
            "{} pairs that were labelled different are not used",
            found.different
        ));
    }
    if found.strange > 0 {
        told.push(format!(
            "{} labelled pairs have a handle that its list has not, and are not used",
            found.strange
        ));
    }
    let mut training = trained_on(model, Some(found.seen), cases, list, run)?;
    told.append(&mut training.doubts);
    training.doubts = told;
    Ok(training)
}

fn trained_on(
    model: &Model,
    labelled: Option<Vec<Cells>>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<Training, SourceFault> {
    let rules: Vec<&BlockingRule> = model.blocking.iter().chain(&model.training).collect();
    let blocks = Blocks::build(rules.clone(), cases);
    let comparers = Comparer::all(model, cases);
    let terms = terms(model, cases);
    let units = Unit::all(model);
    let equalities = Equality::all(model, cases);
    let distinct = Distinct::all(model, &units, cases);
    let with_terms = model.comparisons.iter().filter(|c| c.term_frequency);
    let counted = with_terms.map(|c| c.column);
    let alone = Counter::all(&units, &equalities);
    let counted: Vec<usize> = counted.chain(alone.iter().map(Counter::column)).collect();
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let look = |bands: &Bands| {
        let make = || Worker {
            encoder: Encoder::new(model, &cases.master, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            counts: terms
                .iter()
                .map(|t| t.as_ref().map(|t| vec![0; t.len()]))
                .collect(),
            equal: Counter::all(&units, &equalities),
            values: distinct
                .iter()
                .map(|d| d.as_ref().map(|_| Values::new()))
                .collect(),
            seen: vec![Seen::new(); BANDS],
            records: vec![0; BANDS],
            drawn: Reservoir::default(),
            handful: Handful::new(cases.master.words),
            of: Vec::new(),
        };
        scan(list, &reading.columns, run, make, |w, batch| {
            let mut pairs = [0; BANDS];
            for at in 0..batch.rows() {
                let hash = hash_of(batch.text(0, at).unwrap_or_default());
                let band = Bands::of(hash);
                let looked_at = band >= bands.skipped();
                let drawn = w.drawn.takes(hash);
                w.lookup.strange.clear();
                let row = w.handful.row();
                if looked_at || drawn {
                    w.encoder.encode(batch, at, &mut w.lookup, row);
                } else if w.values.iter().any(Option::is_some) {
                    let few = distinct.iter().zip(&w.values);
                    let few = few.filter_map(|(d, v)| v.as_ref().and(d.as_ref()));
                    let wanted = |column| {
                        counted.contains(&column)
                            || few.clone().any(|d| d.columns.contains(&column))
                    };
                    w.encoder.encode_some(wanted, batch, at, &mut w.lookup, row);
                } else {
                    // Of most records of a long list nothing is read but what is counted.
                    let numbers = &mut KnownAlone(&mut w.lookup);
                    let wanted = |column| counted.contains(&column);
                    w.encoder.encode_some(wanted, batch, at, numbers, row);
                }
                for (terms, counts) in terms.iter().zip(&mut w.counts) {
                    if let (Some(terms), Some(counts)) = (terms, counts) {
                        terms.count(row, counts);
                    }
                }
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                w.equal.iter_mut().for_each(|c| c.count(row));
                for (distinct, few) in distinct.iter().zip(&mut w.values) {
                    if let (Some(distinct), Some(values)) = (distinct, few.as_mut())
                        && !values.count(distinct, row, words)
                    {
                        *few = None;
                    }
                }
                if let Some(records) = w.records.get_mut(band) {
                    *records += 1;
                }
                if drawn {
                    w.drawn.offer(hash, row, &w.lookup.strange);
                }
                if looked_at {
                    w.of.push((band, cases.before(hash)));
                    if w.handful.keep(&mut w.lookup) {
                        w.look(cases, &comparers, &mut pairs);
                    }
                }
            }
            w.look(cases, &comparers, &mut pairs);
            bands.read(batch.rows() as u64, &pairs);
            Ok(())
        })
    };
    let bands = Bands::new(PAIRS, list.records());
    let mut workers = look(&bands)?;
    let mut end = bands.end();
    if end.is_none() {
        // A list that does not go on as it began is gone through again, and nothing is guessed.
        let bands = Bands::new(PAIRS, None);
        workers = look(&bands)?;
        end = bands.end();
    }
    let skipped = end.unwrap_or(0);
    let mut counts: Vec<Option<Counts>> = terms
        .iter()
        .map(|t| t.as_ref().map(|t| vec![0; t.len()]))
        .collect();
    let mut seen = BTreeMap::<(u32, u64), f64>::new();
    let mut records = [0; BANDS];
    let mut drawn = Reservoir::default();
    let mut equal: Option<Vec<Counter>> = None;
    let mut values: Option<Vec<Option<Values>>> = None;
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
        equal = Some(match equal {
            None => w.equal,
            Some(mut all) => {
                all.iter_mut().zip(w.equal).for_each(|(a, s)| a.merge(s));
                all
            }
        });
        values = Some(match values {
            None => w.values,
            Some(all) => {
                let both = all.into_iter().zip(w.values).zip(&distinct);
                both.map(|((all, some), distinct)| all?.merge(some?, distinct.as_ref()?))
                    .collect()
            }
        });
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
    let equal = equal.into_iter().flatten();
    let equal: Vec<Equal> = equal.map(|counter| counter.end(cases)).collect();
    let lists = Lists {
        comparers: &comparers,
        cases,
        equalities: &equalities,
        equal: &equal,
        drawn: &drawn.finish(),
    };
    let values = values.unwrap_or_default();
    let few = distinct.iter().zip(&values);
    let few = few.map(|(d, v)| d.as_ref().zip(v.as_ref()));
    let random: Vec<Drawn> = units
        .iter()
        .zip(few)
        .map(|(unit, few)| lists.chances(unit, few))
        .collect();
    let pattern = |((mask, codes), count): ((u32, u64), f64)| Pattern {
        mask,
        cells: units.iter().map(|u| u.cell(codes)).collect(),
        count,
    };
    let estimator = Estimator {
        model,
        units: &units,
        rules: &rules,
        random: &random,
        patterns: seen.into_iter().map(pattern).collect(),
        pairs: cases.pairs_with(looked_at),
        // Half of the shorter list: where EM begins, not where it ends.
        expected: 0.5 * left.min(looked_at) as f64,
        labelled,
    };
    let found = estimator.estimate()?;
    let mut doubts = estimator.doubts(&found);
    doubts.extend(blocks.doubts());
    Ok(Training {
        rules: estimator.rules(&found),
        rounds: found.rounds,
        sampled: looked_at as f64 / right as f64,
        doubts,
        u: random.into_iter().map(|drawn| drawn.basis).collect(),
        shares,
        trained: trained(model, &units, found, right),
    })
}

fn trained(model: &Model, units: &[Unit], found: Estimate, records: u64) -> Trained {
    let cells = found.m.into_iter().zip(found.u).zip(found.seen);
    let units = units.iter().zip(cells).map(|(unit, ((m, u), seen))| {
        let levels = m.into_iter().zip(u).zip(seen);
        TrainedUnit {
            comparisons: unit.comparisons.clone(),
            cells: levels
                .map(|((m, u), seen)| TrainedLevel { m, u, seen })
                .collect(),
        }
    });
    Trained {
        model: model.name.clone(),
        lambda: found.lambda,
        records,
        units: units.collect(),
    }
}

/// The cell of a unit that a pair is in.
pub(crate) fn cell_of(
    unit: &Unit,
    comparers: &[Comparer],
    cases: &Cases,
    case: u32,
    right: Side,
) -> usize {
    let left = Side {
        row: cases.row(case),
        words: cases.words(),
    };
    let codes = unit.comparisons.iter().zip(&unit.radix);
    codes.fold(0, |cell, (comparison, radix)| {
        let comparer = comparers.get(*comparison);
        cell * radix + comparer.map_or(0, |c| usize::from(c.code(left, right)))
    })
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
        let terms = c.term_frequency.then(|| Terms::of(c.column, cases));
        terms.flatten()
    };
    model.comparisons.iter().map(of).collect()
}
