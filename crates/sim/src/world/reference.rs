//! Opaque references: a list's order tells nothing about the population's. Distinct without a table, since each
//! step of the making can be undone.

use super::World;
use crate::draw::Lot;

/// 40 bits: eight signs of five bits.
const BITS: u64 = (1 << 40) - 1;

/// In the order of their bytes, so that references sort as their numbers do.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A list that gives references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Taxes,
    Benefits,
    Pupils,
}

impl List {
    const fn sign(self) -> char {
        match self {
            Self::Taxes => 'T',
            Self::Benefits => 'B',
            Self::Pupils => 'P',
        }
    }
}

impl World {
    /// The number of a person's reference: below 2^40, and no two people of one list share one.
    pub(crate) fn number(&self, list: List, index: u64) -> u64 {
        let lot: Lot = self.lot.of("reference", u64::from(u32::from(list.sign())));
        let mut x = index & BITS;
        for key in ["one", "two", "three"] {
            x = (x ^ lot.named(key)) & BITS;
            x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15) & BITS;
            x ^= x >> 20;
        }
        x
    }
}

/// A reference as its list writes it.
pub(crate) fn text(list: List, number: u64) -> String {
    let mut text = String::with_capacity(9);
    text.push(list.sign());
    for place in (0..8).rev() {
        let five = usize::try_from((number >> (place * 5)) & 31).unwrap_or(0);
        text.push(char::from(SIGNS.get(five).copied().unwrap_or(b'0')));
    }
    text
}

/// In how many parts a list of this many people is written.
pub(crate) const fn parts(people: u64) -> u64 {
    /// People in a part, at most on average: their references are sorted in memory.
    const PART: u64 = 65_536;
    people.div_ceil(PART) + 1
}

/// Which part this reference is in; greater references are in later parts.
pub(crate) fn part(number: u64, parts: u64) -> u64 {
    let wide = u128::from(number) * u128::from(parts);
    u64::try_from(wide >> 40).unwrap_or(0)
}
