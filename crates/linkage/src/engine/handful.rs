//! Some records of the master list that are looked at together.

use super::compare::Side;
use super::encode::Lookup;
use super::intern::{Known, Strange, Words};

/// So many are: what is read of them and of their cases is not far yet when it is used.
const MOST: usize = 8;

/// Rows, each with what the case list does not have.
pub(crate) struct Handful {
    words: usize,
    rows: Vec<u32>,
    strange: Vec<Strange>,
    count: usize,
}

impl Handful {
    /// Room for rows of so many words.
    pub(crate) fn new(words: usize) -> Self {
        Self {
            words: words.max(1),
            rows: vec![0; MOST * words.max(1)],
            strange: vec![Strange::default(); MOST],
            count: 0,
        }
    }

    /// The row that is next.
    pub(crate) fn row(&mut self) -> &mut [u32] {
        let from = self.count * self.words;
        let row = self.rows.get_mut(from..from + self.words);
        row.unwrap_or_default()
    }

    /// Keeps the row that is next, whose strange texts are in `lookup`; whether there is room for no other.
    pub(crate) fn keep(&mut self, lookup: &mut Lookup) -> bool {
        if let Some(strange) = self.strange.get_mut(self.count) {
            std::mem::swap(strange, &mut lookup.strange);
        }
        self.count += 1;
        self.count == MOST
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// What is kept.
    pub(crate) fn sides<'s>(&'s self, known: &'s Known) -> impl Iterator<Item = Side<'s>> + Clone {
        let rows = self.rows.chunks_exact(self.words).zip(&self.strange);
        rows.take(self.count).map(move |(row, strange)| Side {
            row,
            words: Words { known, strange },
        })
    }

    /// Keeps nothing any more.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }
}
