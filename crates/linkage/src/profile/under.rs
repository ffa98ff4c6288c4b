//! Two lists under a model, before it is trained: what can be compared, and how many pairs its rules look at.

use std::collections::BTreeMap;

use crate::engine::cases::Cases;
use crate::engine::encode::{Encoder, Lookup, Place, Reading, Unused};
use crate::engine::intern::Words;
use crate::engine::pairs::{Blocks, Finder};
use crate::engine::scan::{Run, scan};
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::hash_of;
use crate::explain::words;
use crate::model::{Kind, Model};

/// Two lists under a model that need not be trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProfile {
    /// The model's columns in the case list.
    pub left: Vec<ValueProfile>,
    /// The same in the master list.
    pub right: Vec<ValueProfile>,
    /// Each blocking rule in words, with the pairs that it looks at.
    pub rules: Vec<(String, u64)>,
    /// The pairs that any rule looks at.
    pub pairs: u64,
    /// What of the rules is not as it stands in the model, in words.
    pub doubts: Vec<String>,
}

/// A column of a model, in one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProfile {
    /// Its name in the model.
    pub column: String,
    /// Records.
    pub records: u64,
    /// Records with a value that can be compared.
    pub filled: u64,
    /// Values, whether they can be compared or not.
    pub values: u64,
    /// Values that have no standard form.
    pub unusable: u64,
    /// Of dates: those of a first of January, which often stand for an unknown day.
    pub default_days: Option<u64>,
}

impl ValueProfile {
    fn all(model: &Model) -> Vec<Self> {
        let columns = model.columns.iter();
        columns
            .map(|c| Self {
                column: c.name.clone(),
                records: 0,
                filled: 0,
                values: 0,
                unusable: 0,
                default_days: (c.kind == Kind::Date).then_some(0),
            })
            .collect()
    }

    /// One record's row.
    fn add(&mut self, place: Place, row: &[u32]) {
        let values = place.values(row).count() as u64;
        self.records += 1;
        self.values += values;
        self.filled += u64::from(values > 0);
        if let Some(days) = &mut self.default_days {
            let first = |slot: &&[u32]| slot.first().is_some_and(|d| d & 0xffff == 0x0101);
            *days += place.values(row).filter(first).count() as u64;
        }
    }

    fn lost(&mut self, unused: &Unused) {
        self.values += unused.unusable + unused.beyond;
        self.unusable += unused.unusable;
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.filled += other.filled;
        self.values += other.values;
        self.unusable += other.unusable;
        if let (Some(all), Some(some)) = (&mut self.default_days, other.default_days) {
            *all += some;
        }
    }
}

/// What a model finds in two lists, before it is trained.
///
/// # Errors
/// [`SourceFault`] when the master list cannot be read.
pub fn profile_under(
    model: &Model,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<ModelProfile, SourceFault> {
    let blocks = Blocks::build(model.blocking.iter().collect(), cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.master, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            row: vec![0; cases.master.words],
            values: ValueProfile::all(model),
            met: BTreeMap::new(),
        },
        |w, batch| {
            for at in 0..batch.rows() {
                w.lookup.strange.clear();
                w.encoder.encode(batch, at, &mut w.lookup, &mut w.row);
                for (value, place) in w.values.iter_mut().zip(&cases.master.places) {
                    value.add(*place, &w.row);
                }
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                let before = cases.before(hash_of(batch.text(0, at).unwrap_or_default()));
                let met = &mut w.met;
                w.finder.find(
                    &w.row,
                    words,
                    |case| cases.fetch(case),
                    &mut |case, mask| {
                        if case < before {
                            *met.entry(mask).or_default() += 1;
                        }
                    },
                );
            }
            Ok(())
        },
    )?;
    let mut right = ValueProfile::all(model);
    let mut met = BTreeMap::<u32, u64>::new();
    for mut w in workers {
        for (value, unused) in w.values.iter_mut().zip(&w.encoder.unused) {
            value.lost(unused);
        }
        right
            .iter_mut()
            .zip(&w.values)
            .for_each(|(a, s)| a.merge(s));
        for (mask, pairs) in w.met {
            *met.entry(mask).or_default() += pairs;
        }
    }
    let mut left = ValueProfile::all(model);
    for row in cases.rows() {
        for (value, place) in left.iter_mut().zip(&cases.layout.places) {
            value.add(*place, row);
        }
    }
    for (value, unused) in left.iter_mut().zip(&cases.unused) {
        value.lost(unused);
    }
    let rules = (0..).zip(&model.blocking).map(|(n, rule)| {
        let mine = met.iter().filter(|(mask, _)| *mask >> n & 1 == 1);
        (words::rule(model, rule), mine.map(|(_, pairs)| pairs).sum())
    });
    Ok(ModelProfile {
        rules: rules.collect(),
        pairs: met.values().sum(),
        doubts: blocks.doubts(),
        left,
        right,
    })
}

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    row: Vec<u32>,
    values: Vec<ValueProfile>,
    /// Pairs by the rules that they meet.
    met: BTreeMap<u32, u64>,
}
