//! What training found: m and u probabilities of every level, and how common a match is. Holds no value of
//! any record, so it may be kept, shown and shared.

use serde::{Deserialize, Serialize};

use super::source::SourceFault;
use crate::model::Model;

/// The trained numbers of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The model's name.
    pub model: String,
    /// The probability that two records, one of each list, taken at random, are of one person.
    pub lambda: f64,
    /// How many records the master list had that it was trained on.
    pub records: u64,
    /// One for each comparison that stands alone and for each joint group, in the model's order.
    pub units: Vec<TrainedUnit>,
}

/// Comparisons that are weighed together; most often one alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedUnit {
    /// The comparisons, as they count in the model.
    pub comparisons: Vec<usize>,
    /// One for each combination of the comparisons' codes; the first comparison's code varies slowest. A code is 0
    /// where a side has no value, then the levels from 1, then `else`.
    pub cells: Vec<TrainedLevel>,
}

/// One level, or one combination of levels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedLevel {
    /// Its probability among pairs of one person, of those that hold the same columns.
    pub m: f64,
    /// Its probability among pairs of two people, of those that hold the same columns.
    pub u: f64,
    /// How many pairs of one person were expected at this level in training.
    pub seen: f64,
}

impl TrainedLevel {
    /// The weight of evidence in bits, log2(m/u).
    pub fn bits(self) -> f64 {
        (self.m / self.u).log2()
    }
}

impl Trained {
    /// The prior weight in bits, log2(λ/(1-λ)), against a master list of so many records: as many cases in a hundred
    /// are taken to be in it as in training, so a longer list makes each of its records less likely. At most 0.
    pub fn prior(&self, records: u64) -> f64 {
        let lambda = self.lambda * self.records as f64 / records.max(1) as f64;
        (lambda / (1.0 - lambda.min(0.5))).log2().min(0.0)
    }

    /// Whether the numbers are of this model.
    ///
    /// # Errors
    /// [`SourceFault`] when they are of another.
    pub fn fits(&self, model: &Model) -> Result<(), SourceFault> {
        let units = Unit::all(model);
        let same = |(unit, trained): (&Unit, &TrainedUnit)| {
            unit.comparisons == trained.comparisons && unit.cells == trained.cells.len()
        };
        if units.len() == self.units.len() && units.iter().zip(&self.units).all(same) {
            return Ok(());
        }
        Err(SourceFault(
            "the trained numbers are of another model: train this one".into(),
        ))
    }
}

/// One probability, or count, for each cell of a unit.
pub(crate) type Cells = Vec<f64>;

/// Which comparisons are weighed together, and how their codes make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) comparisons: Vec<usize>,
    /// How many codes each comparison has.
    pub(crate) radix: Vec<usize>,
    pub(crate) cells: usize,
}

impl Unit {
    /// The units of a model, in the order of their first comparison.
    pub(crate) fn all(model: &Model) -> Vec<Self> {
        let mut units = Vec::new();
        for at in 0..model.comparisons.len() {
            let group = model.joint.iter().find(|g| g.contains(&at));
            match group {
                Some(group) if group.iter().min() == Some(&at) => {
                    units.push(Self::of(model, group.clone()));
                }
                Some(_) => {}
                None => units.push(Self::of(model, vec![at])),
            }
        }
        units
    }

    fn of(model: &Model, mut comparisons: Vec<usize>) -> Self {
        comparisons.sort_unstable();
        let codes = |c: &usize| model.comparisons.get(*c).map_or(0, |c| c.levels.len() + 2);
        let radix: Vec<usize> = comparisons.iter().map(codes).collect();
        Self {
            cells: radix.iter().product(),
            comparisons,
            radix,
        }
    }

    /// The cell of a pair's codes, four bits for each comparison.
    pub(crate) fn cell(&self, codes: u64) -> usize {
        let mut cell = 0;
        for (c, radix) in self.comparisons.iter().zip(&self.radix) {
            cell = cell * radix + code_of(codes, *c);
        }
        cell
    }

    /// The codes of a cell, in the order of the unit's comparisons.
    pub(crate) fn codes(&self, mut cell: usize) -> Vec<usize> {
        let mut codes: Vec<usize> = self
            .radix
            .iter()
            .rev()
            .map(|radix| {
                let code = cell % radix;
                cell /= radix;
                code
            })
            .collect();
        codes.reverse();
        codes
    }

    /// A bit for each comparison whose columns both sides hold.
    pub(crate) fn held(&self, cell: usize) -> u32 {
        let codes = self.codes(cell).into_iter();
        codes.fold(0, |held, code| held << 1 | u32::from(code > 0))
    }
}

/// Codes of all comparisons of a pair, four bits each.
pub(crate) fn code_of(codes: u64, comparison: usize) -> usize {
    (codes >> (4 * comparison) & 0xf) as usize
}
