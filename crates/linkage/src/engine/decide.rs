//! What scored pairs amount to. Never confirms: at most it says that the evidence is strong.

use std::collections::BTreeMap;

use super::score::{Pair, Standing};
use crate::model::Model;

/// Fills in margins and standings of pairs that are sorted by case and weight; keeps as many of a case as the
/// model says.
pub(crate) fn decide(model: &Model, pairs: &mut Vec<Pair>) {
    let decide = &model.decide;
    let link = (decide.link / (1.0 - decide.link)).log2();
    for group in pairs.chunk_by_mut(|a, b| a.case == b.case) {
        let weights: Vec<f64> = group.iter().map(|p| p.weight).collect();
        for (n, pair) in group.iter_mut().enumerate() {
            let rival = if n == 0 {
                weights.get(1)
            } else {
                weights.first()
            };
            pair.margin = rival.map(|r| pair.weight - r);
            let strong = pair.weight >= link && strong_rule(model, pair).is_some();
            pair.standing = match pair.margin {
                _ if !strong => Standing::Review,
                Some(margin) if too_near(margin, decide.margin) => Standing::Ambiguous,
                _ => Standing::Strong,
            };
        }
    }
    if decide.one_to_one {
        one_to_one(decide.margin, pairs);
    }
    let (mut case, mut held) = (u32::MAX, 0);
    pairs.retain(|pair| {
        if pair.case != case {
            (case, held) = (pair.case, 0);
        }
        held += 1;
        held <= decide.keep
    });
}

/// Whether a pair is not far enough ahead of its rival; of two that weigh the same neither ever is.
fn too_near(ahead: f64, margin: f64) -> bool {
    ahead <= 0.0 || ahead < margin
}

/// The first of the model's `strong` lines that holds (MATCH-05). A model that has none has no strong pair.
pub(crate) fn strong_rule(model: &Model, pair: &Pair) -> Option<usize> {
    let holds = |(comparison, level): &(usize, usize)| {
        let code = pair.code(*comparison);
        code != 0 && code <= level + 1
    };
    let strong = &model.decide.strong;
    strong.iter().position(|all| all.iter().all(holds))
}

/// A master record that is strong for two cases is strong for none, unless one is ahead by the margin.
fn one_to_one(margin: f64, pairs: &mut [Pair]) {
    let mut best = BTreeMap::<Box<str>, (f64, f64)>::new();
    for pair in pairs.iter() {
        let (first, second) = best
            .entry(pair.master.clone())
            .or_insert((f64::NEG_INFINITY, f64::NEG_INFINITY));
        if pair.weight > *first {
            (*first, *second) = (pair.weight, *first);
        } else if pair.weight > *second {
            *second = pair.weight;
        }
    }
    for pair in pairs.iter_mut().filter(|p| p.standing == Standing::Strong) {
        if let Some((first, second)) = best.get(&pair.master) {
            let rival = if pair.weight >= *first { second } else { first };
            if too_near(pair.weight - rival, margin) {
                pair.standing = Standing::Ambiguous;
            }
        }
    }
}
