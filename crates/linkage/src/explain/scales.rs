//! The whole weight of a pair, piece by piece: every comparison is made in full, and nothing stops early.

use std::borrow::Cow;

use crate::engine::cases::Cases;
use crate::engine::compare::{Compared, Comparer, Side};
use crate::engine::encode::Place;
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

/// By comparison, how common its terms are.
type AllShares<'a> = Cow<'a, [Option<Shares>]>;

/// How common terms are, and how many records the master list has: as training counted, or counted now.
pub(super) fn shares<'a>(
    model: &Model,
    training: Option<&'a Training>,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<(AllShares<'a>, u64), SourceFault> {
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
        into.compared.clear();
        let compared = self.comparers.iter().map(|c| c.compare(left, right));
        into.compared.extend(compared);
        let slots = |c: &Comparer, found| {
            let (a, b) = c.slots(found, left.row, right.row);
            (a.to_vec(), b.to_vec())
        };
        self.add(slots, into);
    }

    /// Weighs a record against itself: what it holds is at the closest level. `place` says where the list's rows have a
    /// column.
    pub(super) fn weigh_itself(
        &self,
        place: fn(&Comparer) -> Place,
        row: &[u32],
        into: &mut Weighed,
    ) {
        into.compared.clear();
        let compared = self.comparers.iter().map(|c| Compared {
            code: u8::from(!place(c).is_empty(row)),
            left: 0,
            right: 0,
        });
        into.compared.extend(compared);
        let slots = |c: &Comparer, _| {
            let value = place(c).values(row).next().unwrap_or_default();
            (value.to_vec(), value.to_vec())
        };
        self.add(slots, into);
    }

    /// Adds the pieces of what was compared; `slots` gives the two values that were found.
    fn add(&self, slots: impl Fn(&Comparer, Compared) -> (Vec<u32>, Vec<u32>), into: &mut Weighed) {
        into.cells.clear();
        into.rare.clear();
        into.rare.resize(self.comparers.len(), None);
        into.weight = self.prior;
        for (unit, trained) in &self.units {
            let mut cell = 0;
            for (c, radix) in unit.comparisons.iter().zip(&unit.radix) {
                let Some(found) = into.compared.get(*c).copied() else {
                    continue;
                };
                cell = cell * radix + usize::from(found.code);
                let rare = self.rare_shares(*c, found).zip(self.comparers.get(*c));
                if let (Some((shares, comparer)), Some(rare)) = (rare, into.rare.get_mut(*c)) {
                    let (a, b) = slots(comparer, found);
                    let bits = shares.bits(&a, &b);
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

    /// How common values are, where it makes this level heavier or lighter.
    fn rare_shares(&self, c: usize, found: Compared) -> Option<&Shares> {
        let last = self.rare.get(c).copied().unwrap_or(0);
        let shares = self.shares.get(c)?.as_ref();
        shares.filter(|_| (1..=last).contains(&found.code.into()))
    }
}
