//! What was linked: two lists, or one that was held against itself.

/// What the records of a pair are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// One list: a pair has no sides, and both of its records are looked for.
    One,
    /// A case list and a master list.
    Two,
}

/// The group of the pairs of one list whose records are of two groups.
pub(super) const ACROSS: &str = "across groups";

impl Lists {
    /// A pair as it is counted: the handles of one list's records in order, so that the pair is one from either side.
    pub fn ends<'a>(self, left: &'a str, right: &'a str) -> (&'a str, &'a str) {
        match self {
            Self::One if right < left => (right, left),
            Self::One | Self::Two => (left, right),
        }
    }

    /// The records of a pair that are looked for.
    pub(super) fn cases<'a>(
        self,
        left: &'a str,
        right: &'a str,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let second = (self == Self::One).then_some(right);
        [left].into_iter().chain(second)
    }

    /// The group of a pair whose records are of these.
    pub(super) fn group<'a>(self, left: &'a str, right: &'a str) -> &'a str {
        match self {
            Self::One if left != right => ACROSS,
            Self::One | Self::Two => left,
        }
    }
}
