//! Expectation-maximisation over counted patterns of agreement (Fellegi and Sunter 1969; Winkler 1988): m and the
//! share of matches are estimated, u is given.

use super::trained::Unit;

/// One probability for each cell of a unit.
pub(crate) type Cells = Vec<f64>;

/// How a run of EM ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) share: f64,
    pub(crate) rounds: usize,
    pub(crate) converged: bool,
}

/// The most rounds.
const ROUNDS: usize = 500;

/// When no probability moves further than this, a run has converged.
const STILL: f64 = 1e-5;

/// Patterns with each unit's cell worked out once.
pub(crate) struct Patterns {
    pub(crate) cells: Vec<u32>,
    pub(crate) counts: Vec<f64>,
    width: usize,
}

impl Patterns {
    /// Patterns over `units`, folded: codes that differ in other comparisons alone are one pattern.
    pub(crate) fn fold(entries: impl Iterator<Item = (u64, f64)>, units: &[&Unit]) -> Self {
        let mut folded = std::collections::BTreeMap::<Vec<u32>, f64>::new();
        for (codes, count) in entries {
            let key = units
                .iter()
                .map(|u| super::intern::narrow(u.cell(codes)))
                .collect();
            *folded.entry(key).or_default() += count;
        }
        let mut patterns = Self {
            cells: Vec::new(),
            counts: Vec::new(),
            width: units.len(),
        };
        for (key, count) in folded {
            patterns.cells.extend(key);
            patterns.counts.push(count);
        }
        patterns
    }

    fn each(&self) -> impl Iterator<Item = (&[u32], f64)> {
        self.cells
            .chunks_exact(self.width.max(1))
            .zip(self.counts.iter().copied())
    }

    /// The probability that each pattern is of one person.
    fn posterior(cells: &[u32], m: &[Cells], u: &[Cells], share: f64) -> f64 {
        let mut odds = share / (1.0 - share);
        for ((cell, m), u) in cells.iter().zip(m).zip(u) {
            let at = *cell as usize;
            odds *= m.get(at).copied().unwrap_or(1.0) / u.get(at).copied().unwrap_or(1.0);
        }
        if odds.is_finite() {
            odds / (1.0 + odds)
        } else {
            1.0
        }
    }

    /// Estimates m of every unit and the share of matches among the patterns, with u as given. `seen` receives the
    /// expected number of matches in each cell; `smooth` makes m of it.
    pub(crate) fn estimate(
        &self,
        m: &mut [Cells],
        u: &[Cells],
        smooth: &dyn Fn(usize, &[f64]) -> Cells,
    ) -> (Ended, Vec<Cells>) {
        let total: f64 = self.counts.iter().sum();
        let mut share = 0.5_f64;
        let mut seen: Vec<Cells> = m.iter().map(|c| vec![0.0; c.len()]).collect();
        for round in 1..=ROUNDS {
            seen.iter_mut().for_each(|c| c.fill(0.0));
            let mut matches = 0.0;
            for (cells, count) in self.each() {
                let expected = count * Self::posterior(cells, m, u, share);
                matches += expected;
                for (cell, seen) in cells.iter().zip(&mut seen) {
                    if let Some(s) = seen.get_mut(*cell as usize) {
                        *s += expected;
                    }
                }
            }
            let new_share = (matches / total.max(1.0)).clamp(1e-9, 1.0 - 1e-9);
            let mut moved = (new_share - share).abs();
            share = new_share;
            for (at, (m, seen)) in m.iter_mut().zip(&seen).enumerate() {
                let next = smooth(at, seen);
                for (old, new) in m.iter().zip(&next) {
                    moved = moved.max((old - new).abs());
                }
                *m = next;
            }
            if moved < STILL {
                let ended = Ended {
                    share,
                    rounds: round,
                    converged: true,
                };
                return (ended, seen);
            }
        }
        let ended = Ended {
            share,
            rounds: ROUNDS,
            converged: false,
        };
        (ended, seen)
    }

    /// How many of the patterns' pairs are expected to be of one person.
    pub(crate) fn expected(&self, m: &[Cells], u: &[Cells], share: f64) -> f64 {
        self.each()
            .map(|(cells, count)| count * Self::posterior(cells, m, u, share))
            .sum()
    }

    /// The share of matches among `pairs` pairs of which these patterns are the candidates, with m and u as given;
    /// pairs that are no candidates are taken for different people.
    pub(crate) fn share_of(&self, m: &[Cells], u: &[Cells], pairs: f64) -> f64 {
        let total: f64 = self.counts.iter().sum();
        let mut share = (0.5 * total / pairs).clamp(1e-15, 0.5);
        for _ in 0..ROUNDS {
            let expected = self.expected(m, u, share);
            let next = (expected / pairs).clamp(1e-15, 0.5);
            let moved = (next / share - 1.0).abs();
            share = next;
            if moved < STILL {
                break;
            }
        }
        share
    }
}
