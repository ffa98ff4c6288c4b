//! Which cases a master record is compared with: those that meet any rule, each once.

use std::hint::black_box;

use super::cases::Cases;
use super::compare::Side;
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

/// Finds candidates; one for each thread. Records are asked about several at a time: what is read of the rules' blocks and of
/// the cases lies far apart, and comes at a time and not one after another.
pub(crate) struct Finder<'b> {
    blocks: &'b Blocks<'b>,
    probers: Vec<Prober>,
    /// The numbers of the records, each with its rule; and where each record's end.
    numbers: Vec<(u64, u32)>,
    numbers_end: Vec<usize>,
    /// Case and the rule that it met, of one record.
    met: Vec<(u32, u32)>,
    /// Case and a bit for each rule that it met; and where each record's end.
    found: Vec<(u32, u32)>,
    found_end: Vec<usize>,
}

impl<'b> Finder<'b> {
    pub(crate) fn new(blocks: &'b Blocks, cases: &Cases) -> Self {
        let prober = |r: &&BlockingRule| Prober::new(r, &cases.master);
        Self {
            blocks,
            probers: blocks.rules.iter().map(prober).collect(),
            numbers: Vec::new(),
            numbers_end: Vec::new(),
            met: Vec::new(),
            found: Vec::new(),
            found_end: Vec::new(),
        }
    }

    /// Calls `each` with every case that meets a rule, in the order of the case list, and a bit for each rule met. `fetch`
    /// reads something of what `each` will read of a case.
    pub(crate) fn find(
        &mut self,
        row: &[u32],
        words: Words,
        fetch: impl Fn(u32) -> u32,
        each: &mut impl FnMut(u32, u32),
    ) {
        self.find_all(std::iter::once(Side { row, words }), fetch);
        self.found
            .iter()
            .for_each(|(case, mask)| each(*case, *mask));
    }

    /// Looks for the cases of all of these records, which [`found`](Self::found) gives then.
    pub(crate) fn find_all<'r>(
        &mut self,
        records: impl Iterator<Item = Side<'r>> + Clone,
        fetch: impl Fn(u32) -> u32,
    ) {
        let indexes = &self.blocks.indexes;
        self.numbers.clear();
        self.numbers_end.clear();
        for Side { row, words } in records.clone() {
            for (rule, prober) in (0..).zip(&mut self.probers) {
                let numbers = prober.numbers(row, words).iter();
                self.numbers.extend(numbers.map(|n| (*n, rule)));
            }
            self.numbers_end.push(self.numbers.len());
        }
        let index = |rule: u32| indexes.get(rule as usize);
        let fetched = self.numbers.iter();
        let fetched = fetched.map(|(n, rule)| index(*rule).map_or(0, |i| i.block.fetch(*n)));
        black_box(fetched.fold(0, |all, word| all ^ word));
        self.found.clear();
        self.found_end.clear();
        let mut from = 0;
        for (Side { row, words }, end) in records.zip(&self.numbers_end) {
            self.met.clear();
            for (number, rule) in self.numbers.get(from..*end).unwrap_or_default() {
                let prober = self.probers.get_mut(*rule as usize);
                if let (Some(index), Some(prober)) = (index(*rule), prober) {
                    let met = &mut self.met;
                    prober.met(index, *number, row, words, &mut |case| {
                        met.push((case, *rule))
                    });
                }
            }
            from = *end;
            // A rule's numbers may hold a case twice.
            self.met.sort_unstable();
            for group in self.met.chunk_by(|a, b| a.0 == b.0) {
                let mask = group.iter().fold(0, |mask, (_, rule)| mask | 1 << rule);
                self.found
                    .extend(group.first().map(|(case, _)| (*case, mask)));
            }
            self.found_end.push(self.found.len());
        }
        let fetched = self.found.iter().map(|(case, _)| fetch(*case));
        black_box(fetched.fold(0, |all, word| all ^ word));
    }

    /// What was found of each record, in their order: as [`find`](Self::find) gives it.
    pub(crate) fn found(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        let mut from = 0;
        self.found_end.iter().map(move |end| {
            let found = self.found.get(from..*end);
            from = *end;
            found.unwrap_or_default()
        })
    }
}
