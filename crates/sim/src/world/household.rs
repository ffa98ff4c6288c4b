//! Who lives with whom, by arithmetic on the index: a block of twelve people falls into households, so that a
//! person's household is known without looking at anybody else.

use super::World;

/// People in a block.
const BLOCK: u64 = 12;

/// The ways in which a block falls into households: on average two people in each.
const SPLITS: [&[u64]; 6] = [
    &[1, 1, 1, 1, 1, 1, 2, 4],
    &[2, 2, 2, 2, 1, 3],
    &[4, 3, 2, 2, 1],
    &[5, 3, 1, 1, 2],
    &[1, 1, 1, 2, 2, 2, 3],
    &[6, 2, 2, 1, 1],
];

/// What the members of a household are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// One person.
    Alone,
    /// Two partners, and the children of the first where there are more members.
    Couple,
    /// One parent and children.
    Parent,
    /// People who share no more than the address.
    Sharers,
}

/// A household: the people `first` to `first + size - 1` of the population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Household {
    /// The index of its first member, which is also the household's number.
    pub first: u64,
    /// How many members it has; the last household of a population may be cut short by its end.
    pub size: u64,
    /// What they are to each other.
    pub together: Together,
}

impl World {
    /// The household of this person.
    pub fn household(&self, index: u64) -> Household {
        let (block, place) = (index / BLOCK, index % BLOCK);
        let lot = self.lot.of("block", block);
        let mut first = 0;
        let mut size = 1;
        for members in lot.pick("split", &SPLITS).unwrap_or_default() {
            size = *members;
            if place < first + size {
                break;
            }
            first += size;
        }
        let first = block * BLOCK + first;
        let kind = self.lot.of("household", first).number("together", 100);
        let together = match (size, kind) {
            (1, _) => Together::Alone,
            (2, 0..70) | (_, 0..65) => Together::Couple,
            (_, 0..85) => Together::Parent,
            (_, _) => Together::Sharers,
        };
        Household {
            first,
            size,
            together,
        }
    }
}

impl Household {
    /// The partner of the person at this index.
    pub fn partner(&self, index: u64) -> Option<u64> {
        let second = self.first + 1;
        match self.together {
            Together::Couple if index == self.first => Some(second),
            Together::Couple if index == second => Some(self.first),
            Together::Alone | Together::Couple | Together::Parent | Together::Sharers => None,
        }
    }

    /// Whether the person at this index is a child of the first member.
    pub fn is_child(&self, index: u64) -> bool {
        let place = index.saturating_sub(self.first);
        match self.together {
            Together::Alone | Together::Sharers => false,
            Together::Couple => place > 1,
            Together::Parent => place > 0,
        }
    }
}
