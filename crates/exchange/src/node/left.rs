//! The rows of a file that leave. Nearly always their numbers follow each other and they rely on the same permits, and then
//! a file of any length takes a few bytes.

use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};

/// Row numbers in their order, each with the pattern of the permits that the row relied on.
#[derive(Default)]
pub(super) struct Left {
    /// The first and last number of a stretch, and the pattern of all its rows.
    stretches: Vec<(u64, u64, usize)>,
}

impl Left {
    /// Adds the next row.
    pub(super) fn push(&mut self, n: u64, pattern: usize) {
        match self.stretches.last_mut() {
            Some((_, last, of)) if *last + 1 == n && *of == pattern => *last = n,
            Some(_) | None => self.stretches.push((n, n, pattern)),
        }
    }

    /// The numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.stretches.iter().flat_map(|(from, to, _)| *from..=*to)
    }

    /// The numbers that lie on a page.
    pub(super) fn on(&self, page: &RangeInclusive<u64>) -> impl Iterator<Item = u64> {
        let (first, last) = (*page.start(), *page.end());
        let from = self.stretches.partition_point(|(_, to, _)| *to < first);
        let here = self.stretches.iter().skip(from);
        let here = here.take_while(move |(from, ..)| *from <= last);
        here.flat_map(move |(from, to, _)| first.max(*from)..=last.min(*to))
    }

    /// The last number; 0 where no row leaves.
    pub(super) fn last(&self) -> u64 {
        self.stretches.last().map_or(0, |(_, last, _)| *last)
    }
}

/// The patterns, row by row.
impl Serialize for Left {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stretches = self.stretches.iter();
        to.collect_seq(stretches.flat_map(|(from, to, of)| (*from..=*to).map(move |_| of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_give_back_the_rows_that_were_put_in_them() {
        let rows = [
            (1, 0),
            (2, 0),
            (3, 1),
            (5, 1),
            (6, 1),
            (1_000, 1),
            (1_001, 0),
        ];
        let mut left = Left::default();
        for (n, pattern) in rows {
            left.push(n, pattern);
        }
        assert_eq!(left.stretches.len(), 5);
        assert_eq!(left.last(), 1_001);
        assert!(left.numbers().eq(rows.map(|(n, _)| n)));
        let patterns = serde_json::to_string(&left).unwrap();
        assert_eq!(patterns, "[0,0,1,1,1,1,0]");
        for page in [0..=0, 0..=1, 2..=5, 4..=4, 6..=999, 1_000..=2_000] {
            let here = rows.map(|(n, _)| n).into_iter();
            assert!(
                left.on(&page).eq(here.filter(|n| page.contains(n))),
                "{page:?}"
            );
        }
    }
}
