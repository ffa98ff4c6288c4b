//! One pair's weight as a waterfall, and which rules find the pair.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scales::{Scales, Weighed, shares};
use super::words;
use crate::engine::cases::Cases;
use crate::engine::compare::Side;
use crate::engine::encode::{Layout, Place};
use crate::engine::keys::KeyMaker;
use crate::engine::pairs::{Blocks, Finder};
use crate::engine::scan::Run;
use crate::engine::seek::seek;
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::Training;
use crate::engine::trained::Trained;
use crate::model::{BlockingRule, Key, Model};

/// Where the weight of a pair comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waterfall {
    /// Bits before anything is compared: log2(λ/(1-λ)).
    pub prior: f64,
    /// What each comparison, joint group and rare value adds, in the model's order.
    pub bars: Vec<Bar>,
    /// All of it: the weight that scoring gives the pair.
    pub weight: f64,
    /// The match probability.
    pub probability: f64,
    /// Every blocking rule of the model, met or not. Where none is, scoring does not look at the pair.
    pub rules: Vec<RuleMet>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bar {
    /// The comparisons' columns.
    pub columns: Vec<String>,
    /// Whether it is what a rare or common value adds to the agreement before it.
    pub term_frequency: bool,
    /// The level of each comparison.
    pub levels: Vec<Seen>,
    /// The evidence in bits.
    pub bits: f64,
    /// m of the level or of the levels in combination.
    pub m: Option<f64>,
    /// u of the same.
    pub u: Option<f64>,
}

/// How one comparison came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// Its column.
    pub column: String,
    /// 0 where a side has no value, then the model's levels from 1, then none of them.
    pub level: usize,
    /// The level in words.
    pub words: String,
    /// Which value of the case it is about, where there are several.
    pub left: Option<ValuePlace>,
    /// Which value of the master record.
    pub right: Option<ValuePlace>,
}

/// A value by its place among those that can be used, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ValuePlace {
    /// Which.
    pub value: usize,
    /// Of how many.
    pub of: usize,
}

/// Whether a blocking rule finds the pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleMet {
    /// The rule in words.
    pub rule: String,
    /// Whether it finds the pair.
    pub met: bool,
    /// Each key that it asks for; beyond a cap the further ones too.
    pub keys: Vec<KeyMet>,
}

/// How a key of a rule compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyMet {
    /// The key as the model has it.
    pub key: String,
    /// Whether it is asked for only where more cases hold the rule's value than its cap.
    pub beyond_cap: bool,
    /// How it compares.
    pub state: KeyState,
}

/// How a key compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Both records have it, equal.
    Equal,
    /// Both have a value, and not an equal one.
    Differs,
    /// The case has no value.
    CaseHasNone,
    /// The master record has no value.
    RecordHasNone,
    /// Neither has.
    NeitherHas,
}

/// Explains pairs: each is a case, which counts from 0, and a master record's handle. A handle that the master list
/// has more than once is explained by its heaviest record, as scoring keeps it; one that it has not is none.
///
/// `training` saves a reading of the master list: without it terms are counted first.
///
/// # Errors
/// [`SourceFault`] when the list cannot be read, or the trained numbers are of another model.
pub fn explain(
    model: &Model,
    trained: &Trained,
    training: Option<&Training>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
    pairs: &[(u32, &str)],
) -> Result<Vec<Option<Waterfall>>, SourceFault> {
    let (shares, records) = shares(model, training, cases, list, run)?;
    let scales = Scales::new(model, trained, &shares, records, cases)?;
    let mut wanted = BTreeMap::<&str, Vec<(usize, u32)>>::new();
    for (at, (case, handle)) in pairs.iter().enumerate() {
        wanted.entry(handle).or_default().push((at, *case));
    }
    let explainer = Explainer {
        model,
        cases,
        scales,
        blocks: Blocks::build(model.blocking.iter().collect(), cases),
    };
    let found = seek(
        model,
        cases,
        list,
        run,
        &wanted,
        |_, asked, record, found| {
            explainer.record(record, asked, found);
        },
    )?;
    let mut all: Vec<Option<Found>> = (0..pairs.len()).map(|_| None).collect();
    for found in found {
        if let Some(best) = all.get_mut(found.at)
            && best.as_ref().is_none_or(|best| found.is_before(best))
        {
            *best = Some(found);
        }
    }
    Ok(all.into_iter().map(|f| Some(f?.waterfall)).collect())
}

/// One record that has the handle of a pair.
struct Found {
    /// Which pair.
    at: usize,
    codes: u64,
    waterfall: Waterfall,
}

impl Found {
    /// Whether scoring would keep this one of two.
    fn is_before(&self, other: &Self) -> bool {
        let (mine, others) = (self.waterfall.weight, other.waterfall.weight);
        let order = others.total_cmp(&mine);
        order.then(self.codes.cmp(&other.codes)).is_lt()
    }
}

struct Explainer<'a> {
    model: &'a Model,
    cases: &'a Cases,
    scales: Scales<'a>,
    blocks: Blocks<'a>,
}

impl Explainer<'_> {
    /// One master record with the cases that are asked about.
    fn record(&self, right: Side, asked: &[(usize, u32)], out: &mut Vec<Found>) {
        let mut met = BTreeMap::new();
        let mut finder = Finder::new(&self.blocks, self.cases);
        let fetch = |case| self.cases.fetch(case);
        finder.find(right.row, right.words, fetch, &mut |case, mask| {
            met.insert(case, mask);
        });
        let mut weighed = Weighed::default();
        for (at, case) in asked {
            let left = Side {
                row: self.cases.row(*case),
                words: self.cases.words(),
            };
            self.scales.weigh(left, right, &mut weighed);
            let mask = met.get(case).copied().unwrap_or(0);
            let rules = (0..).zip(&self.model.blocking);
            let codes = (0..).zip(&weighed.compared);
            out.push(Found {
                at: *at,
                codes: codes.fold(0, |codes, (c, found)| {
                    codes | u64::from(found.code) << (4 * c)
                }),
                waterfall: Waterfall {
                    prior: self.scales.prior,
                    bars: self.bars(&weighed, left, right),
                    weight: weighed.weight,
                    probability: 1.0 / (1.0 + (-weighed.weight).exp2()),
                    rules: rules
                        .map(|(n, rule)| self.rule(rule, mask >> n & 1 == 1, left, right))
                        .collect(),
                },
            });
        }
    }

    fn bars(&self, weighed: &Weighed, left: Side, right: Side) -> Vec<Bar> {
        let mut bars = Vec::new();
        for ((unit, trained), (cell, bits)) in self.scales.units.iter().zip(&weighed.cells) {
            let seen = |c: &usize| self.seen(weighed, *c, left, right);
            let held = unit.held(*cell) != 0;
            let level = trained.cells.get(*cell).filter(|_| held);
            bars.push(Bar {
                columns: unit
                    .comparisons
                    .iter()
                    .map(|c| words::column(self.model, *c))
                    .collect(),
                term_frequency: false,
                levels: unit.comparisons.iter().map(seen).collect(),
                bits: *bits,
                m: level.map(|l| l.m),
                u: level.map(|l| l.u),
            });
            for c in &unit.comparisons {
                if let Some(bits) = weighed.rare.get(*c).copied().flatten() {
                    bars.push(Bar {
                        columns: vec![words::column(self.model, *c)],
                        term_frequency: true,
                        levels: vec![self.seen(weighed, *c, left, right)],
                        bits,
                        m: None,
                        u: None,
                    });
                }
            }
        }
        bars
    }

    fn seen(&self, weighed: &Weighed, c: usize, left: Side, right: Side) -> Seen {
        let found = weighed.compared.get(c);
        let level = found.map_or(0, |f| usize::from(f.code));
        let places = self.scales.comparers.get(c).map(|c| (c.left, c.right));
        let (of_left, of_right) = places.unzip();
        let some_level = self.model.comparisons.get(c).map_or(0, |c| c.levels.len());
        let which = |place: Option<Place>, row: &[u32], n: Option<u8>| {
            let of = place.map_or(0, |p| p.values(row).count());
            let value = usize::from(n?) + 1;
            (of > 1 && (1..=some_level).contains(&level)).then_some(ValuePlace { value, of })
        };
        let empty = |place: Option<Place>, row: &[u32]| place.is_none_or(|p| p.is_empty(row));
        Seen {
            column: words::column(self.model, c),
            level,
            words: match (level, empty(of_left, left.row), empty(of_right, right.row)) {
                (0, true, true) => "neither has a value".into(),
                (0, true, false) => "the case has no value".into(),
                (0, false, _) => "the record has no value".into(),
                _ => words::of_comparison(self.model, c, level),
            },
            left: which(of_left, left.row, found.map(|f| f.left)),
            right: which(of_right, right.row, found.map(|f| f.right)),
        }
    }

    fn rule(&self, rule: &BlockingRule, met: bool, left: Side, right: Side) -> RuleMet {
        let keys = rule.keys.iter().map(|k| (*k, false));
        let then = rule.then.iter().map(|k| (*k, true));
        let one = |(key, beyond_cap): (Key, bool)| KeyMet {
            key: words::key(self.model, key),
            beyond_cap,
            state: self.key(key, left, right),
        };
        RuleMet {
            rule: words::rule(self.model, rule),
            met,
            keys: keys.chain(then).map(one).collect(),
        }
    }

    fn key(&self, key: Key, left: Side, right: Side) -> KeyState {
        let (of_left, of_right) = (&self.cases.layout, &self.cases.master);
        let empty = |layout: &Layout, row: &[u32]| {
            let place = layout.places.get(key.column);
            place.is_none_or(|p| p.is_empty(row))
        };
        match (empty(of_left, left.row), empty(of_right, right.row)) {
            (true, true) => return KeyState::NeitherHas,
            (true, false) => return KeyState::CaseHasNone,
            (false, true) => return KeyState::RecordHasNone,
            (false, false) => {}
        }
        let make = |layout: &Layout, side: Side| {
            let mut numbers = Vec::new();
            KeyMaker::new(&[key], layout).make(0, side.row, side.words, &mut numbers);
            numbers
        };
        let (of_left, of_right) = (make(of_left, left), make(of_right, right));
        if of_left.iter().any(|n| of_right.contains(n)) {
            KeyState::Equal
        } else {
            KeyState::Differs
        }
    }
}
