//! The whole weight of a pair, piece by piece: every comparison is made in full, and nothing stops early.

use std::borrow::Cow;

use crate::engine::cases::Cases;
use crate::engine::compare::{Compared, Comparer, Side};
use crate::engine::frequency::Shares;
use crate::engine::scan::Run;
use crate::engine::score::{count, rare_until};
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::Training;
use crate::engine::trained::{Trained, TrainedUnit, Unit};
use crate::model::Model;

/// What weighs a pair.
pub(super) struct Scales<'a> {
    pub(super) comparers: Vec<Comparer>,
    pub(super) units: Vec<(Unit, &'a TrainedUnit)>,
    shares: &'a [Option<Shares>],
    /// The last code of each comparison that a rare value makes heavier.
    rare: Vec<usize>,
    /// Bits before anything is compared.
    pub(super) prior: f64,
}

/// What a pair came to.
#[derive(Default)]
pub(super) struct Weighed {
    pub(super) weight: f64,
    /// By comparison.
    pub(super) compared: Vec<Compared>,
    /// By unit: its cell, and the cell's bits.
    pub(super) cells: Vec<(usize, f64)>,
    /// By comparison: what a rare or common value adds.
    pub(super) rare: Vec<Option<f64>>,
}

/// How common terms are, and how many records the master list has: as training counted, or counted now.
pub(super) fn shares<'a>(
    model: &Model,
    training: Option<&'a Training>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<(Cow<'a, [Option<Shares>]>, u64), SourceFault> {
    Ok(match training {
        Some(training) => (Cow::Borrowed(&training.shares), training.trained.records),
        None => {
            let (shares, records) = count(model, cases, list, run)?;
            (Cow::Owned(shares), records)
        }
    })
}

/// Each unit of a model with its trained numbers.
pub(super) fn units<'a>(
    model: &Model,
    trained: &'a Trained,
) -> Result<Vec<(Unit, &'a TrainedUnit)>, SourceFault> {
    trained.fits(model)?;
    Ok(Unit::all(model).into_iter().zip(&trained.units).collect())
}

impl<'a> Scales<'a> {
    pub(super) fn new(
        model: &Model,
        trained: &'a Trained,
        shares: &'a [Option<Shares>],
        records: u64,
        cases: &Cases,
    ) -> Result<Self, SourceFault> {
        Ok(Self {
            comparers: Comparer::all(model, cases),
            units: units(model, trained)?,
            shares,
            rare: model.comparisons.iter().map(rare_until).collect(),
            prior: trained.prior(records),
        })
    }

    /// Weighs a pair. INVARIANT: the pieces are added in the order in which scoring adds them, so that both come to
    /// one number to the last bit.
    pub(super) fn weigh(&self, left: Side, right: Side, into: &mut Weighed) {
        self.weigh_by(&self.comparers, left, right, into);
    }

    /// Weighs a record against itself, by comparisons between two rows of its layout.
    pub(super) fn weigh_itself(&self, by: &[Comparer], record: Side, into: &mut Weighed) {
        self.weigh_by(by, record, record, into);
    }

    fn weigh_by(&self, comparers: &[Comparer], left: Side, right: Side, into: &mut Weighed) {
        into.compared.clear();
        into.cells.clear();
        into.rare.clear();
        into.compared
            .extend(comparers.iter().map(|c| c.compare(left, right)));
        into.rare.resize(comparers.len(), None);
        into.weight = self.prior;
        for (unit, trained) in &self.units {
            let mut cell = 0;
            for (c, radix) in unit.comparisons.iter().zip(&unit.radix) {
                let Some(found) = into.compared.get(*c).copied() else {
                    continue;
                };
                cell = cell * radix + usize::from(found.code);
                if let (Some(bits), Some(rare)) = (
                    self.rare_bits(comparers, *c, found, left, right),
                    into.rare.get_mut(*c),
                ) {
                    into.weight += bits;
                    *rare = Some(bits);
                }
            }
            let bits = match trained.cells.get(cell) {
                Some(level) if unit.held(cell) != 0 => level.bits(),
                _ => 0.0,
            };
            into.weight += bits;
            into.cells.push((cell, bits));
        }
    }

    fn rare_bits(
        &self,
        comparers: &[Comparer],
        c: usize,
        found: Compared,
        left: Side,
        right: Side,
    ) -> Option<f64> {
        let shares = self.shares.get(c)?.as_ref()?;
        let last = self.rare.get(c).copied().unwrap_or(0);
        if !(1..=last).contains(&found.code.into()) {
            return None;
        }
        let (a, b) = comparers.get(c)?.slots(found, left.row, right.row);
        Some(shares.bits(a, b))
    }
}
