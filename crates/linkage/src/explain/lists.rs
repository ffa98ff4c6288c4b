//! What a trained model does with two lists: what each blocking rule finds, which records can never be linked, and
//! what rare values weigh. Counts and weights, never a value.

use std::collections::BTreeMap;

use foldhash::HashMapExt;

use super::scales::{Scales, Weighed, shares};
use super::terms::{TermChart, terms};
use super::unlinkable::{Attained, Unlinkable, plain};
use super::yields::{AtLeast, ByRules, RuleYield, Yields, parts};
use crate::engine::cases::Cases;
use crate::engine::compare::Side;
use crate::engine::encode::{Encoder, Lookup, Reading};
use crate::engine::intern::Words;
use crate::engine::pairs::{Blocks, Finder};
use crate::engine::scan::{Run, scan};
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::{Training, hash_of};
use crate::engine::trained::Trained;
use crate::model::Model;

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

fn bits_of(probability: f64) -> f64 {
    (probability / (1.0 - probability)).log2()
}

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
    let (shares, records) = shares(model, training, cases, list, run)?;
    let scales = Scales::new(model, trained, &shares, records, cases)?;
    let blocks = Blocks::build(model.blocking.iter().collect(), cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let (review, link) = (bits_of(model.decide.review), bits_of(model.decide.link));
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.master, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            row: vec![0; cases.master.words],
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
                w.finder.find(
                    &w.row,
                    words,
                    |case| cases.fetch(case),
                    &mut |case, mask| {
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
                        entry.1 += parts(weighed.weight);
                    },
                );
                plain(model, cases, &w.row, &mut w.plain);
                scales.weigh_itself(|c| c.right, &w.plain, weighed);
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
        scales.weigh_itself(|c| c.left, row, &mut weighed);
        left.add(weighed.weight, review, link);
    }
    let yields = Yields { found: &found };
    Ok(ListsChart {
        cases: cases.len() as u64,
        records: right.records,
        pairs: found.values().map(|(pairs, _)| pairs).sum(),
        expected: yields.expected(|_| true),
        rules: yields.rules(model),
        missed: yields.missed(model),
        unlinkable: [left.finish(), right.finish()],
        terms: terms(model, &shares),
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
