//! Which cases a master record is compared with: those that meet any rule, each once.

use std::hint::black_box;

use super::cases::Cases;
use super::intern::Words;
use super::keys::{Prober, RuleIndex};
use crate::model::BlockingRule;

/// The cases under every rule of a list of rules, in its order.
pub(crate) struct Blocks<'m> {
    rules: Vec<&'m BlockingRule>,
    indexes: Vec<RuleIndex>,
}

impl<'m> Blocks<'m> {
    pub(crate) fn build(rules: Vec<&'m BlockingRule>, cases: &Cases) -> Self {
        let build =
            |r: &&BlockingRule| RuleIndex::build(r, &cases.layout, cases.words(), cases.rows());
        let indexes = rules.iter().map(build).collect();
        Self { rules, indexes }
    }

    /// Values that hold more cases than a rule's cap, in words.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let hot = (1..).zip(self.indexes.iter().map(|i| i.hot));
        hot.filter(|(_, hot)| hot.numbers > 0)
            .map(|(n, hot)| {
                format!(
                    "blocking rule {n}: {} values hold more cases than its cap; their {} cases are looked at by its further keys alone",
                    hot.numbers, hot.cases
                )
            })
            .collect()
    }
}

/// Finds candidates; one for each thread.
pub(crate) struct Finder<'b> {
    blocks: &'b Blocks<'b>,
    probers: Vec<Prober>,
    /// Case and the rule that it met.
    met: Vec<(u32, u32)>,
}

impl<'b> Finder<'b> {
    pub(crate) fn new(blocks: &'b Blocks, cases: &Cases) -> Self {
        let prober = |r: &&BlockingRule| Prober::new(r, &cases.master);
        Self {
            blocks,
            probers: blocks.rules.iter().map(prober).collect(),
            met: Vec::new(),
        }
    }

    /// Calls `each` with every case that meets a rule, in the order of the case list, and a bit for each rule met.
    /// What will be read of the rules' blocks, and what `fetch` reads of what `each` will read of a case, is read before:
    /// so it comes at a time and not one after another.
    pub(crate) fn find(
        &mut self,
        row: &[u32],
        words: Words,
        fetch: impl Fn(u32) -> u32,
        each: &mut impl FnMut(u32, u32),
    ) {
        self.met.clear();
        let indexes = &self.blocks.indexes;
        let made = self.probers.iter_mut().zip(indexes);
        let made = made.map(|(prober, index)| prober.make(index, row, words));
        black_box(made.fold(0, |all, word| all ^ word));
        for (rule, (prober, index)) in (0_u32..).zip(self.probers.iter_mut().zip(indexes)) {
            let met = &mut self.met;
            prober.met(index, row, words, &mut |case| met.push((case, rule)));
        }
        // A rule's numbers may hold a case twice.
        self.met.sort_unstable();
        let fetched = self.met.iter().map(|(case, _)| fetch(*case));
        black_box(fetched.fold(0, |all, word| all ^ word));
        for group in self.met.chunk_by(|a, b| a.0 == b.0) {
            let mask = group.iter().fold(0, |mask, (_, rule)| mask | 1 << rule);
            if let Some((case, _)) = group.first() {
                each(*case, mask);
            }
        }
    }
}
