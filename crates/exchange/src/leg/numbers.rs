//! The numbers of a file's rows: most files count from 1, and then no list of them is kept.

/// The numbers of the rows of a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 1, 2, 3 and so on, up to this.
    Counted(u64),
    /// These, which do not count from 1.
    Listed(Vec<u64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Counted(0)
    }
}

impl Numbers {
    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::Counted(rows) => *rows,
            Self::Listed(all) => all.len() as u64,
        }
    }

    /// Adds the number of the next row.
    pub fn push(&mut self, n: u64) {
        match self {
            Self::Counted(rows) if n == *rows + 1 => *rows = n,
            Self::Counted(rows) => *self = Self::Listed((1..=*rows).chain([n]).collect()),
            Self::Listed(all) => all.push(n),
        }
    }

    /// The list as a leg keeps it: none where they are 1, 2, 3 and so on.
    pub(super) fn listed(self) -> Option<Vec<u64>> {
        match self {
            Self::Counted(_) => None,
            Self::Listed(all) => Some(all),
        }
    }
}

impl FromIterator<u64> for Numbers {
    fn from_iter<I: IntoIterator<Item = u64>>(all: I) -> Self {
        let mut numbers = Self::default();
        all.into_iter().for_each(|n| numbers.push(n));
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_count_from_one_is_listed() {
        for (all, listed) in [
            (vec![], false),
            (vec![1, 2, 3], false),
            (vec![2, 3], true),
            (vec![1, 2, 4], true),
            (vec![1, 3, 2], true),
        ] {
            let numbers: Numbers = all.iter().copied().collect();
            assert_eq!(numbers.count(), all.len() as u64, "{all:?}");
            assert_eq!(numbers.listed(), listed.then_some(all));
        }
    }
}
