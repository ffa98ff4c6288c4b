//! What each blocking rule finds, and what all of them miss at least.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde::Serialize;

use super::words;
use crate::model::{BlockingRule, Model};

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

/// Matches that both rules of a bound must find, for it to be said.
const FEWEST: f64 = 20.0;

/// Match probabilities are added up in these parts, so that their order does not matter.
const PARTS: f64 = (1_u64 << 40) as f64;

/// A pair's match probability in parts.
pub(super) fn parts(weight: f64) -> u128 {
    (PARTS / (1.0 + (-weight).exp2())).round() as u128
}

/// Pairs and their expected matches, by the rules that find them.
pub(super) type ByRules = HashMap<u32, (u64, u128)>;

/// Expected matches by the rules that find them, in a fixed order.
pub(super) struct Yields<'a> {
    pub(super) found: &'a BTreeMap<u32, (u64, u128)>,
}

impl Yields<'_> {
    pub(super) fn expected(&self, which: impl Fn(u32) -> bool) -> f64 {
        let chosen = self.found.iter().filter(|(mask, _)| which(**mask));
        chosen.map(|(_, (_, parts))| *parts).sum::<u128>() as f64 / PARTS
    }

    pub(super) fn rules(&self, model: &Model) -> Vec<RuleYield> {
        let all = self.expected(|_| true);
        let one = |(n, rule): (u32, &BlockingRule)| {
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

    pub(super) fn missed(&self, model: &Model) -> Option<AtLeast> {
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
