//! What the levels of a unit weigh, and the most that they can come to while not all comparisons are made.

use super::compare::Comparer;
use super::trained::{TrainedUnit, Unit};

/// One unit made ready for the kernel.
pub(super) struct Weighing {
    pub(super) unit: Unit,
    pub(super) dear: Vec<bool>,
    /// By cell.
    bits: Vec<f64>,
    /// By [`Seen`]: the most that the unit can come to.
    most: Vec<f64>,
    /// How far apart the digits of each comparison are in `most`.
    strides: Vec<usize>,
}

/// What is known of a pair's codes in one unit, as a number with a digit for each comparison: its code, or one more than
/// the greatest where it is not known. The code of a dear comparison is the closest that it can have.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen(usize);

impl Weighing {
    pub(super) fn new(unit: Unit, trained: &TrainedUnit, comparers: &[Comparer]) -> Self {
        let bits: Vec<f64> = (0..unit.cells)
            .zip(&trained.cells)
            .map(|(cell, level)| {
                if unit.held(cell) == 0 {
                    0.0
                } else {
                    level.bits()
                }
            })
            .collect();
        let comparisons = unit.comparisons.iter();
        let dear: Vec<bool> = comparisons
            .map(|c| comparers.get(*c).is_some_and(Comparer::is_dear))
            .collect();
        let (most, strides) = most(&unit.radix, &dear, bits.clone());
        Self {
            unit,
            dear,
            bits,
            most,
            strides,
        }
    }

    /// Nothing is known.
    pub(super) fn nothing(&self) -> Seen {
        Seen(self.most.len().saturating_sub(1))
    }

    /// The code of a comparison, counted in this unit, is known now, and was `before`: none where it was not known.
    pub(super) fn see(&self, seen: &mut Seen, at: usize, before: Option<usize>, code: u8) {
        let radix = self.unit.radix.get(at).copied().unwrap_or(0);
        let stride = self.strides.get(at).copied().unwrap_or(0);
        let before = before.unwrap_or(radix);
        seen.0 = (seen.0 + usize::from(code) * stride).saturating_sub(before * stride);
    }

    /// The most that the unit can come to.
    pub(super) fn most(&self, seen: Seen) -> f64 {
        self.most.get(seen.0).copied().unwrap_or(0.0)
    }

    /// What is taken from [`most`](Self::most) at least where a comparison is found to meet no level, or a side has no value.
    pub(super) fn taken(&self, seen: Seen, at: usize) -> f64 {
        let to = |code| {
            let mut then = seen;
            self.see(&mut then, at, None, code);
            self.most(then)
        };
        self.most(seen) - to(0).max(to(self.otherwise(at)))
    }

    /// The code of a pair that meets no level.
    pub(super) fn otherwise(&self, at: usize) -> u8 {
        let radix = self
            .unit
            .radix
            .get(at)
            .and_then(|radix| u8::try_from(*radix).ok());
        radix.map_or(0, |radix| radix.saturating_sub(1))
    }

    /// What codes weigh, all of which are found.
    pub(super) fn bits(&self, codes: u64) -> f64 {
        let bits = self.bits.get(self.unit.cell(codes));
        bits.copied().unwrap_or(0.0)
    }
}

/// Adds to the cells of a unit those in which a code is not known, and makes each the most that it can come to: one
/// comparison after the other, from the last. Gives the strides of their digits too.
fn most(radix: &[usize], dear: &[bool], cells: Vec<f64>) -> (Vec<f64>, Vec<usize>) {
    let mut all = cells;
    let mut strides = Vec::with_capacity(radix.len());
    let mut stride = 1;
    for (radix, dear) in radix.iter().zip(dear).rev() {
        let mut next = Vec::with_capacity(all.len() / radix * (radix + 1));
        for block in all.chunks_exact(radix * stride) {
            let from = next.len();
            next.extend_from_slice(block);
            // From the furthest code to the closest; 0 is no level.
            let mut rest = vec![f64::NEG_INFINITY; stride];
            for code in (0..*radix).rev() {
                let codes = from + code * stride;
                let cells = next.get_mut(codes..codes + stride).unwrap_or_default();
                for (rest, cell) in rest.iter_mut().zip(cells) {
                    *rest = rest.max(*cell);
                    if *dear && code > 0 {
                        *cell = *rest;
                    }
                }
            }
            next.extend(rest);
        }
        all = next;
        strides.push(stride);
        stride *= radix + 1;
    }
    strides.reverse();
    (all, strides)
}

#[cfg(test)]
mod tests {
    use super::most;

    /// Whether codes can be the true ones of what is known.
    fn can_be(codes: &[usize], known: &[usize], radix: &[usize], dear: &[bool]) -> bool {
        let each = codes.iter().zip(known).zip(radix.iter().zip(dear));
        each.into_iter().all(|((code, known), (radix, dear))| {
            known == radix || code == known || (*dear && *known != 0 && code > known)
        })
    }

    fn digits(mut number: usize, radix: &[usize]) -> Vec<usize> {
        let mut digits: Vec<usize> = radix
            .iter()
            .rev()
            .map(|radix| {
                let digit = number % radix;
                number /= radix;
                digit
            })
            .collect();
        digits.reverse();
        digits
    }

    #[test]
    fn the_most_is_that_of_all_codes_that_can_be() {
        let (radix, dear) = ([3, 4, 2], [true, false, true]);
        let with_unknown = radix.map(|radix| radix + 1);
        let cells: Vec<f64> = (0..24).map(|cell| f64::from(cell * 7919 % 101)).collect();
        let (found, strides) = most(&radix, &dear, cells.clone());
        assert_eq!(strides, [15, 3, 1]);
        assert_eq!(found.len(), with_unknown.iter().product());
        for (at, found) in found.iter().enumerate() {
            let known = digits(at, &with_unknown);
            let those = cells.iter().enumerate();
            let those =
                those.filter(|(cell, _)| can_be(&digits(*cell, &radix), &known, &radix, &dear));
            let expect = those
                .map(|(_, bits)| *bits)
                .fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(*found, expect, "{known:?}");
        }
    }
}
