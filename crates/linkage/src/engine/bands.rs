//! Which records of the master list training looks at. They fall into bands by the hash of their handles, each with half
//! of what is left; looked at are the rarest bands that make no more pairs than are wanted, whatever the order of the list.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The most bands.
pub(super) const BANDS: usize = 24;

/// The bands of one reading of a list.
pub(super) struct Bands {
    /// The most pairs that are wanted.
    most: u64,
    /// How many records the list has, where that is known and what is to come may be guessed by it.
    records: Option<u64>,
    read: AtomicU64,
    pairs: [AtomicU64; BANDS],
    /// How many bands, from the commonest, are looked at no more.
    skipped: AtomicUsize,
}

impl Bands {
    pub(super) fn new(most: u64, records: Option<u64>) -> Self {
        Self {
            most,
            records,
            read: AtomicU64::new(0),
            pairs: [const { AtomicU64::new(0) }; BANDS],
            skipped: AtomicUsize::new(0),
        }
    }

    /// The band of a record of this hash.
    pub(super) fn of(hash: u64) -> usize {
        (hash.leading_zeros() as usize).min(BANDS - 1)
    }

    pub(super) fn skipped(&self) -> usize {
        self.skipped.load(Ordering::Relaxed)
    }

    /// So many more records were read, which make so many pairs in each band. Bands that make too many are skipped from
    /// here on; as are those that would make three times too many by the end, were the list to go on as it began: what
    /// is left then, about half, is still enough.
    pub(super) fn read(&self, records: u64, pairs: &[u64; BANDS]) {
        // The records first: a guess by another thread is too low meanwhile, and not too high.
        let read = self.read.fetch_add(records, Ordering::Relaxed) + records;
        for (all, pairs) in self.pairs.iter().zip(pairs) {
            all.fetch_add(*pairs, Ordering::Relaxed);
        }
        let all = self.records.unwrap_or(read).max(read);
        let guessed = |pairs: u64| pairs as f64 * all as f64 / read as f64 / 3.0;
        self.skip(|pairs| pairs > self.most || guessed(pairs) > self.most as f64);
    }

    /// The list is at its end: how many bands to leave out. None where a guess left out what belongs to it.
    pub(super) fn end(&self) -> Option<usize> {
        self.skip(|pairs| pairs > self.most);
        let skipped = self.skipped();
        let last = skipped.saturating_sub(1);
        let pairs = self.pairs.iter().skip(last);
        let pairs: u64 = pairs.map(|n| n.load(Ordering::Relaxed)).sum();
        (skipped == 0 || pairs > self.most).then_some(skipped)
    }

    /// Skips the bands up to the last with which there are too many pairs.
    fn skip(&self, too_many: impl Fn(u64) -> bool) {
        let (mut above, mut least) = (0, BANDS);
        for (band, pairs) in self.pairs.iter().enumerate().rev() {
            above += pairs.load(Ordering::Relaxed);
            if too_many(above) {
                break;
            }
            least = band;
        }
        if least < BANDS {
            self.skipped.fetch_max(least, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BANDS, Bands};

    /// A list of batches: of each how many pairs a record of it makes. Each record's hash is another; a batch has 1024.
    fn skipped(bands: &Bands, batches: &[u64]) -> Option<usize> {
        let mut hash = 0_u64;
        for pairs in batches {
            let mut found = [0; BANDS];
            for _ in 0..1024 {
                hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let band = Bands::of(hash);
                if band >= bands.skipped() {
                    found[band] += pairs;
                }
            }
            bands.read(1024, &found);
        }
        bands.end()
    }

    #[test]
    fn a_guess_skips_no_other_bands_than_counting_does() {
        let lists: [&[u64]; 5] = [
            &[10; 64],
            &[1; 64],
            &[0, 0, 0, 40, 40],
            &[40, 40, 40, 0],
            &[0],
        ];
        for list in lists {
            let records = 1024 * list.len() as u64;
            let counted = skipped(&Bands::new(10_000, None), list);
            assert!(counted.is_some_and(|n| n < BANDS), "{list:?}");
            assert_eq!(
                skipped(&Bands::new(10_000, Some(records)), list),
                counted,
                "{list:?}"
            );
        }
    }

    #[test]
    fn a_guess_that_was_wrong_is_told() {
        // It begins with thirty times the pairs that it goes on with.
        let mut list = vec![0; 100];
        list[0] = 9;
        assert_eq!(skipped(&Bands::new(10_000, None), &list), Some(0));
        assert_eq!(skipped(&Bands::new(10_000, Some(102_400)), &list), None);
    }
}
