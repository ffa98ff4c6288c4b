//! A trained model as data for charts: what each level is worth, and how often it is met.

use std::cmp::Ordering;

use serde::Serialize;

use super::scales::units;
use super::words;
use crate::engine::source::SourceFault;
use crate::engine::trained::{Trained, TrainedUnit, Unit};
use crate::model::Model;

/// A trained model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelChart {
    /// The model's name.
    pub model: String,
    /// The probability that two records taken at random are of one person.
    pub lambda: f64,
    /// The same in bits.
    pub prior: f64,
    /// Comparisons and joint groups, in the model's order.
    pub units: Vec<UnitChart>,
}

/// A comparison, or comparisons that are weighed together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitChart {
    /// Its columns.
    pub columns: Vec<String>,
    /// The levels of each column. Of a joint group: what each level comes to where all of its columns are held,
    /// whatever the others' levels are.
    pub levels: Vec<Vec<LevelChart>>,
    /// Of a joint group: the combinations that are most common among pairs of one person. At most twelve.
    pub combinations: Vec<Combination>,
}

/// One level.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LevelChart {
    /// Its number, from 1.
    pub level: usize,
    /// In words.
    pub words: String,
    /// Its share of the pairs of one person that hold the column.
    pub m: f64,
    /// Its share of the pairs of two people that hold it.
    pub u: f64,
    /// log2(m/u).
    pub bits: f64,
    /// On how many expected or labelled pairs of one person m rests.
    pub seen: f64,
}

/// Levels of a joint group in combination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Combination {
    /// Each column's level in words.
    pub words: Vec<String>,
    /// Its share of the pairs of one person that hold the same columns.
    pub m: f64,
    /// Its share of the pairs of two people.
    pub u: f64,
    /// log2(m/u).
    pub bits: f64,
}

/// The most combinations of a joint group that are shown.
const COMBINATIONS: usize = 12;

/// A trained model as data.
///
/// # Errors
/// [`SourceFault`] when the numbers are of another model.
pub fn chart(model: &Model, trained: &Trained) -> Result<ModelChart, SourceFault> {
    let units = units(model, trained)?;
    let units = units.iter().map(|(unit, trained)| UnitChart {
        columns: unit
            .comparisons
            .iter()
            .map(|c| words::column(model, *c))
            .collect(),
        levels: (0..unit.comparisons.len())
            .map(|at| levels(model, unit, trained, at))
            .collect(),
        combinations: combinations(model, unit, trained),
    });
    Ok(ModelChart {
        model: trained.model.clone(),
        lambda: trained.lambda,
        prior: trained.prior(trained.records),
        units: units.collect(),
    })
}

/// The cells of pairs that hold all of a unit's columns.
fn whole(unit: &Unit) -> impl Iterator<Item = usize> {
    (0..unit.cells).filter(|cell| !unit.codes(*cell).contains(&0))
}

fn levels(model: &Model, unit: &Unit, trained: &TrainedUnit, at: usize) -> Vec<LevelChart> {
    let comparison = unit.comparisons.get(at).copied().unwrap_or(0);
    let radix = unit.radix.get(at).copied().unwrap_or(0);
    let one = |level: usize| {
        let (mut m, mut u, mut seen) = (0.0, 0.0, 0.0);
        for cell in whole(unit).filter(|cell| unit.codes(*cell).get(at) == Some(&level)) {
            if let Some(cell) = trained.cells.get(cell) {
                m += cell.m;
                u += cell.u;
                seen += cell.seen;
            }
        }
        LevelChart {
            level,
            words: words::of_comparison(model, comparison, level),
            m,
            u,
            bits: (m / u).log2(),
            seen,
        }
    };
    (1..radix).map(one).collect()
}

fn combinations(model: &Model, unit: &Unit, trained: &TrainedUnit) -> Vec<Combination> {
    if unit.comparisons.len() < 2 {
        return Vec::new();
    }
    let m = |cell: &usize| trained.cells.get(*cell).map_or(0.0, |c| c.m);
    let mut cells: Vec<usize> = whole(unit).collect();
    cells.sort_by(|a, b| m(b).partial_cmp(&m(a)).unwrap_or(Ordering::Equal));
    let one = |cell: usize| {
        let codes = unit.codes(cell);
        let each = unit.comparisons.iter().zip(codes);
        let level = trained.cells.get(cell)?;
        Some(Combination {
            words: each
                .map(|(c, code)| words::of_comparison(model, *c, code))
                .collect(),
            m: level.m,
            u: level.u,
            bits: level.bits(),
        })
    };
    cells
        .into_iter()
        .take(COMBINATIONS)
        .filter_map(one)
        .collect()
}
