//! Short, pet and translated forms of given names: Bill for William, Kasia for Katarzyna.

use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One group a line: a name, then its forms.
const LINES: &str = include_str!("../data/diminutives.txt");

static GROUPS: LazyLock<HashMap<&str, Vec<u16>, FixedState>> = LazyLock::new(|| {
    let mut groups: HashMap<&str, Vec<u16>, FixedState> = HashMap::default();
    for (number, (head, forms)) in (0..).zip(lines()) {
        for word in std::iter::once(head).chain(forms) {
            let of = groups.entry(word).or_default();
            if of.last() != Some(&number) {
                of.push(number);
            }
        }
    }
    groups
});

fn lines() -> impl Iterator<Item = (&'static str, std::str::SplitWhitespace<'static>)> {
    let groups = LINES.lines().filter(|line| !line.starts_with('#'));
    groups
        .filter_map(|line| line.split_once(':'))
        .map(|(head, forms)| (head, forms.split_whitespace()))
}

/// The numbers of the groups that a standardised word is in, in rising order; none for most words.
pub(crate) fn groups(word: &str) -> &'static [u16] {
    GROUPS.get(word).map_or(&[], Vec::as_slice)
}

/// Whether two words of these groups can be forms of one name. A form of two names (Alex) does not make them
/// one: Alexander is not Alexandra.
pub(crate) fn related(a: &[u16], b: &[u16]) -> bool {
    a.iter().any(|group| b.contains(group))
}

/// Whether two standardised words can be forms of one name: of one group, whichever of its words. No word is a
/// form of itself unless it is in a group.
#[cfg(test)]
pub(crate) fn diminutive(a: &str, b: &str) -> bool {
    related(groups(a), groups(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standardise::name;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(a: &str, b: &str, expect: bool) {
        assert_eq!(diminutive(a, b), expect, "{a} {b}");
        assert_eq!(diminutive(b, a), expect, "{b} {a}");
    }

    #[test]
    fn forms_of_one_name() {
        for (a, b) in [
            ("william", "bill"),
            ("william", "will"),
            ("bill", "billy"),
            ("liam", "william"),
            ("margaret", "peggy"),
            ("alexander", "alex"),
            ("alexandra", "alex"),
            ("padraig", "patrick"),
            ("dafydd", "dai"),
            ("katarzyna", "kasia"),
            ("aleksandr", "sasha"),
            ("oleksandr", "aleksandr"),
            ("francisco", "paco"),
            ("joao", "john"),
            ("giuseppe", "beppe"),
            ("johannes", "hans"),
            ("konstantinos", "kostas"),
            ("muhammad", "mohd"),
            ("gurpreet", "preet"),
        ] {
            check(a, b, true);
        }
    }

    #[test]
    fn other_names() {
        for (a, b) in [
            ("alexander", "alexandra"),
            ("edward", "theodore"),
            ("albert", "robert"),
            ("samuel", "samantha"),
            ("william", "robert"),
            ("nobody", "nothing"),
            ("", ""),
        ] {
            check(a, b, false);
        }
    }

    #[test]
    fn every_line_is_in_standard_form() {
        let mut lines_seen = BTreeSet::new();
        for (number, (head, forms)) in (0_u16..).zip(lines()) {
            let words: Vec<_> = std::iter::once(head).chain(forms).collect();
            assert!(words.len() > 1, "{head} has no form");
            for word in &words {
                assert_eq!(name(word).as_deref(), Some(*word));
                assert!(groups(word).contains(&number) && groups(word).is_sorted());
            }
            let all: BTreeSet<_> = words.iter().collect();
            assert_eq!(all.len(), words.len(), "{head} has a form twice");
            assert!(lines_seen.insert(words), "{head} is there twice");
        }
        let meant = LINES
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count();
        assert_eq!(meant, lines().count());
    }
}
