//! What a trained model does with two lists: what each blocking rule finds, which records can never be linked, and
//! what rare values weigh. Counts and weights, never a value.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};
use serde::Serialize;

use super::scales::{Scales, Weighed};
use super::words;
use crate::engine::cases::Cases;
use crate::engine::compare::Side;
use crate::engine::encode::{Encoder, Lookup, NAME_WORDS, Reading};
use crate::engine::frequency::Shares;
use crate::engine::intern::{STRANGE, Words};
use crate::engine::pairs::{Blocks, Finder};
use crate::engine::scan::{Run, scan};
use crate::engine::score::count;
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::{Training, hash_of};
use crate::engine::trained::Trained;
use crate::model::{Kind, Model};

/// Two lists under a trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct ListsChart {
    /// Cases.
    pub cases: u64,
    /// Master records.
    pub records: u64,
    /// Pairs that any blocking rule finds.
    pub pairs: u64,
    /// How many of them are expected to be of one person: their match probabilities added up.
    pub expected: f64,
    /// Each blocking rule.
    pub rules: Vec<RuleYield>,
    /// What all rules together miss at least, where it can be said.
    pub missed: Option<AtLeast>,
    /// The case list, then the master list.
    pub unlinkable: [Unlinkable; 2],
    /// Each comparison that weighs rare values more.
    pub terms: Vec<TermChart>,
}

/// What a blocking rule finds.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleYield {
    /// The rule in words.
    pub rule: String,
    /// The pairs that meet it.
    pub pairs: u64,
    /// How many of them are expected to be of one person.
    pub expected: f64,
    /// How many of those no other rule finds.
    pub alone: f64,
    /// The share of all expected matches that only the other rules find.
    pub lost: f64,
}

/// A lower bound on what blocking misses, from two rules that ask about different columns (Lincoln and Petersen; Sekar
/// and Deming 1949): if whoever meets one is no less likely to meet the other, there are at least
/// n(1) n(2) / n(both) matches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AtLeast {
    /// The two rules, from 1.
    pub rules: [usize; 2],
    /// The least number of matches among all pairs.
    pub matches: f64,
    /// The share of them that no rule finds.
    pub missed: f64,
}

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

/// Matches that both rules of a bound must find, for it to be said.
const FEWEST: f64 = 20.0;

/// Match probabilities are added up in these parts, so that their order does not matter.
const PARTS: f64 = (1_u64 << 40) as f64;

/// Weights by whole bits, and what stays below the two thresholds.
#[derive(Clone, Default)]
struct Attained {
    bits: BTreeMap<i32, u64>,
    records: u64,
    below_review: u64,
    below_link: u64,
}

impl Attained {
    fn add(&mut self, weight: f64, review: f64, link: f64) {
        *self.bits.entry(whole_bits(weight)).or_default() += 1;
        self.records += 1;
        self.below_review += u64::from(weight < review);
        self.below_link += u64::from(weight < link);
    }

    fn merge(&mut self, other: &Self) {
        for (bits, n) in &other.bits {
            *self.bits.entry(*bits).or_default() += n;
        }
        self.records += other.records;
        self.below_review += other.below_review;
        self.below_link += other.below_link;
    }

    fn finish(self) -> Unlinkable {
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

/// Weights are within a few hundred bits.
fn whole_bits(weight: f64) -> i32 {
    weight.floor().clamp(-1000.0, 1000.0) as i32
}

fn bits_of(probability: f64) -> f64 {
    (probability / (1.0 - probability)).log2()
}

/// Pairs and their expected matches, by the rules that find them.
type ByRules = HashMap<u32, (u64, u128)>;

/// What a trained model does with two lists. Every pair that a rule finds is weighed in full.
///
/// `training` saves a reading of the master list: without it terms are counted first.
///
/// # Errors
/// [`SourceFault`] when the list cannot be read, or the trained numbers are of another model.
pub fn lists(
    model: &Model,
    trained: &Trained,
    training: Option<&Training>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<ListsChart, SourceFault> {
    let counted;
    let (shares, records): (&[_], u64) = match training {
        Some(training) => (&training.shares, training.trained.records),
        None => {
            let (shares, records) = count(model, cases, list, run)?;
            counted = shares;
            (&counted, records)
        }
    };
    let scales = Scales::new(model, trained, shares, records, cases)?;
    let blocks = Blocks::build(model.blocking.iter().collect(), cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let (review, link) = (bits_of(model.decide.review), bits_of(model.decide.link));
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.layout, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            row: vec![0; cases.layout.words],
            plain: Vec::new(),
            weighed: Weighed::default(),
            found: ByRules::new(),
            attained: Attained::default(),
        },
        |w, batch| {
            for at in 0..batch.rows() {
                w.lookup.strange.clear();
                w.encoder.encode(batch, at, &mut w.lookup, &mut w.row);
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                let right = Side { row: &w.row, words };
                let before = cases.before(hash_of(batch.text(0, at).unwrap_or_default()));
                let (found, weighed) = (&mut w.found, &mut w.weighed);
                w.finder.find(&w.row, words, &mut |case, mask| {
                    if case >= before {
                        return;
                    }
                    let left = Side {
                        row: cases.row(case),
                        words: cases.words(),
                    };
                    scales.weigh(left, right, weighed);
                    let entry = found.entry(mask).or_default();
                    entry.0 += 1;
                    entry.1 += (PARTS / (1.0 + (-weighed.weight).exp2())).round() as u128;
                });
                plain(model, cases, &w.row, &mut w.plain);
                let itself = Side {
                    row: &w.plain,
                    words,
                };
                scales.weigh(itself, itself, weighed);
                w.attained.add(weighed.weight, review, link);
            }
            Ok(())
        },
    )?;
    let mut found = BTreeMap::<u32, (u64, u128)>::new();
    let mut right = Attained::default();
    for w in workers {
        right.merge(&w.attained);
        for (mask, (pairs, expected)) in w.found {
            let all = found.entry(mask).or_default();
            all.0 += pairs;
            all.1 += expected;
        }
    }
    let mut left = Attained::default();
    let mut weighed = Weighed::default();
    for row in cases.rows() {
        let words = cases.words();
        let itself = Side { row, words };
        scales.weigh(itself, itself, &mut weighed);
        left.add(weighed.weight, review, link);
    }
    let yields = Yields::of(&found);
    Ok(ListsChart {
        cases: cases.len() as u64,
        records: right.records,
        pairs: found.values().map(|(pairs, _)| pairs).sum(),
        expected: yields.expected(|_| true),
        rules: yields.rules(model),
        missed: yields.missed(model),
        unlinkable: [left.finish(), right.finish()],
        terms: terms(model, shares),
    })
}

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    row: Vec<u32>,
    plain: Vec<u32>,
    weighed: Weighed,
    found: ByRules,
    attained: Attained,
}

/// The row without the words of names that no case has: how rare these are was not counted.
fn plain(model: &Model, cases: &Cases, row: &[u32], into: &mut Vec<u32>) {
    into.clear();
    into.extend_from_slice(row);
    for comparison in model.comparisons.iter().filter(|c| c.term_frequency) {
        let Some(place) = cases.layout.places.get(comparison.column) else {
            continue;
        };
        if place.kind != Kind::Name {
            continue;
        }
        let end = place.at + place.slots * place.width();
        let slots = into.get_mut(place.at..end).unwrap_or_default();
        for slot in slots.chunks_exact_mut(NAME_WORDS) {
            // A name that no case has a word of keeps one, so that it is still a name.
            let some = slot.iter().any(|w| *w != 0 && w & STRANGE == 0);
            let mut kept = [0; NAME_WORDS];
            let known = slot.iter().filter(|w| *w & STRANGE == 0 || !some);
            kept.iter_mut().zip(known).for_each(|(to, w)| *to = *w);
            slot.copy_from_slice(&kept);
        }
    }
}

/// Expected matches by the rules that find them, in a fixed order.
struct Yields<'a> {
    found: &'a BTreeMap<u32, (u64, u128)>,
}

impl<'a> Yields<'a> {
    fn of(found: &'a BTreeMap<u32, (u64, u128)>) -> Self {
        Self { found }
    }

    fn expected(&self, which: impl Fn(u32) -> bool) -> f64 {
        let chosen = self.found.iter().filter(|(mask, _)| which(**mask));
        chosen.map(|(_, (_, parts))| *parts).sum::<u128>() as f64 / PARTS
    }

    fn rules(&self, model: &Model) -> Vec<RuleYield> {
        let all = self.expected(|_| true);
        let one = |(n, rule): (u32, &crate::model::BlockingRule)| {
            let meets = |mask: u32| mask >> n & 1 == 1;
            let expected = self.expected(meets);
            let mine = self.found.iter().filter(|(mask, _)| meets(**mask));
            RuleYield {
                rule: words::rule(model, rule),
                pairs: mine.map(|(_, (pairs, _))| pairs).sum(),
                expected,
                alone: self.expected(|mask| mask == 1 << n),
                lost: if all > 0.0 { 1.0 - expected / all } else { 0.0 },
            }
        };
        (0..).zip(&model.blocking).map(one).collect()
    }

    fn missed(&self, model: &Model) -> Option<AtLeast> {
        let all = self.expected(|_| true);
        let columns = |n: usize| -> Vec<usize> {
            let rule = model.blocking.get(n);
            let keys = rule.into_iter().flat_map(|r| r.keys.iter().chain(&r.then));
            keys.map(|k| k.column).collect()
        };
        let mut best: Option<AtLeast> = None;
        for one in 0..model.blocking.len() {
            for other in one + 1..model.blocking.len() {
                if columns(one).iter().any(|c| columns(other).contains(c)) {
                    continue;
                }
                let meets = |mask: u32, n: usize| mask >> n & 1 == 1;
                let both = self.expected(|m| meets(m, one) && meets(m, other));
                if both < FEWEST {
                    continue;
                }
                let apart = self.expected(|m| meets(m, one)) * self.expected(|m| meets(m, other));
                let matches = (apart / both).max(all);
                if best.is_none_or(|b| matches > b.matches) {
                    best = Some(AtLeast {
                        rules: [one + 1, other + 1],
                        matches,
                        missed: 1.0 - all / matches,
                    });
                }
            }
        }
        best
    }
}

fn terms(model: &Model, shares: &[Option<Shares>]) -> Vec<TermChart> {
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
