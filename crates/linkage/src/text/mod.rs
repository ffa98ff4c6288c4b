//! How much alike two texts are: Jaro and Winkler's measure, and the number of slips that lie between them.
//!
//! Both count Unicode scalar values and neither standardises anything. Each has a bounded form that says only
//! whether the answer is good enough, always as the full form would, and mostly long before it.

mod damerau;
mod jaro;

pub use damerau::{damerau, within_edits};
pub(crate) use jaro::{Outline, long_word};
pub use jaro::{alike, jaro_winkler};

/// Texts up to this many letters are compared without the heap.
const SHORT: usize = 64;

/// The letters of a text, on the stack where they are few.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one comparison, to keep off the heap"
)]
enum Letters {
    Few([char; SHORT], usize),
    Many(Vec<char>),
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut few = ['\0'; SHORT];
        let mut count = 0;
        let mut letters = text.chars();
        for (slot, letter) in few.iter_mut().zip(&mut letters) {
            *slot = letter;
            count += 1;
        }
        // Where all the slots are taken, `zip` has asked for no letter more.
        if count == SHORT && letters.next().is_some() {
            Self::Many(text.chars().collect())
        } else {
            Self::Few(few, count)
        }
    }

    fn all(&self) -> &[char] {
        match self {
            Self::Few(letters, count) => letters.get(..*count).unwrap_or_default(),
            Self::Many(letters) => letters,
        }
    }
}
