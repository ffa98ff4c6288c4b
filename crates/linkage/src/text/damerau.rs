//! The number of slips between two texts.

use super::Letters;

/// Damerau and Levenshtein's distance: the least number of letters put in, left out or changed and of
/// neighbours exchanged that makes one text the other.
///
/// The unrestricted form: letters may be put in between two that were exchanged, so `ca` is 2 from `abc` (the
/// restricted form, often under the same name, says 3). It is symmetric, and obeys the triangle inequality.
pub fn damerau(a: &str, b: &str) -> u32 {
    if a.is_ascii() && b.is_ascii() {
        distance(a.as_bytes(), b.as_bytes())
    } else {
        distance(Letters::of(a).all(), Letters::of(b).all())
    }
}

/// Whether [`damerau`] of the two is at `most` that.
pub fn within_edits(a: &str, b: &str, most: u32) -> bool {
    if a == b {
        return true;
    }
    // A letter takes up to four bytes.
    if a.len().abs_diff(b.len()) > 4 * most as usize {
        return false;
    }
    if a.is_ascii() && b.is_ascii() {
        within(a.as_bytes(), b.as_bytes(), most)
    } else {
        within(Letters::of(a).all(), Letters::of(b).all(), most)
    }
}

/// Beyond this many slips the branches of the direct search outgrow the table.
const SEARCHED: u32 = 3;

fn within<T: Copy + PartialEq>(a: &[T], b: &[T], most: u32) -> bool {
    if a.len().abs_diff(b.len()) > most as usize {
        return false;
    }
    let (a, b) = differing(a, b);
    let longer = a.len().max(b.len());
    if longer <= most as usize {
        return true;
    }
    // With nothing left of one, the other's letters are the slips.
    if most == 0 || a.is_empty() || b.is_empty() {
        return false;
    }
    if most > SEARCHED {
        return distance(a, b) <= most;
    }
    // The first letters differ, so the first slip is here: each is tried.
    if let ([_, a_rest @ ..], [_, b_rest @ ..]) = (a, b)
        && (within(a_rest, b_rest, most - 1)
            || within(a_rest, b, most - 1)
            || within(a, b_rest, most - 1))
    {
        return true;
    }
    exchanged(a, b, most)
}

/// Whether the first letters become the others' by an exchange, with the letters between put in or left out.
fn exchanged<T: Copy + PartialEq>(a: &[T], b: &[T], most: u32) -> bool {
    let (Some(a_first), Some(b_first)) = (a.first(), b.first()) else {
        return false;
    };
    let reach = most as usize;
    for in_a in 1..=reach.min(a.len().saturating_sub(1)) {
        if a.get(in_a) != Some(b_first) {
            continue;
        }
        for in_b in 1..=(reach + 1 - in_a).min(b.len().saturating_sub(1)) {
            if b.get(in_b) != Some(a_first) {
                continue;
            }
            let cost = (in_a + in_b - 1) as u32;
            let rest = (a.get(in_a + 1..), b.get(in_b + 1..));
            if let (true, (Some(a_rest), Some(b_rest))) = (cost <= most, rest)
                && within(a_rest, b_rest, most - cost)
            {
                return true;
            }
        }
    }
    false
}

/// The two without their common beginning and end, which no least way touches.
fn differing<'t, T: PartialEq>(mut a: &'t [T], mut b: &'t [T]) -> (&'t [T], &'t [T]) {
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b)
        && x == y
    {
        (a, b) = (a_rest, b_rest);
    }
    while let ([a_rest @ .., x], [b_rest @ .., y]) = (a, b)
        && x == y
    {
        (a, b) = (a_rest, b_rest);
    }
    (a, b)
}

/// Lowrance and Wagner's table, with the last match of each letter kept by column in place of an alphabet.
#[expect(
    clippy::indexing_slicing,
    reason = "the table has a row and column more than either text, and the loops stay inside"
)]
fn distance<T: Copy + PartialEq>(a: &[T], b: &[T]) -> u32 {
    let (a, b) = differing(a, b);
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len()) as u32;
    }
    let width = b.len() + 1;
    let mut table = vec![0_u32; (a.len() + 1) * width];
    for (column, cell) in table.iter_mut().take(width).enumerate() {
        *cell = column as u32;
    }
    // For each letter of `b`, the last row before this one whose letter is the same; 0 for none.
    let mut row_of = vec![0_usize; width];
    for row in 1..=a.len() {
        let letter = a[row - 1];
        table[row * width] = row as u32;
        // The last column of this row whose letter is the same; 0 for none.
        let mut column_of = 0;
        for column in 1..width {
            let above = (row - 1) * width + column;
            let here = row * width + column;
            let same = letter == b[column - 1];
            let mut least =
                (table[above].min(table[here - 1]) + 1).min(table[above - 1] + u32::from(!same));
            let (from, to) = (row_of[column], column_of);
            if from > 0 && to > 0 {
                let skipped = (row - from - 1) + (column - to - 1);
                least = least.min(table[(from - 1) * width + to - 1] + skipped as u32 + 1);
            }
            table[here] = least;
            if same {
                row_of[column] = row;
                column_of = column;
            }
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rapidfuzz::distance::damerau_levenshtein;

    #[track_caller]
    fn check(a: &str, b: &str, expect: u32) {
        assert_eq!(damerau(a, b), expect, "{a:?} {b:?}");
        for most in 0..5 {
            assert_eq!(
                within_edits(a, b, most),
                expect <= most,
                "{a:?} {b:?} {most}"
            );
        }
    }

    #[test]
    fn known_values() {
        check("", "", 0);
        check("", "ab", 2);
        check("smith", "smyth", 1);
        check("smith", "simth", 1);
        check("smith", "smiths", 1);
        check("ca", "abc", 2);
        check("abcd", "dcba", 3);
        check("жук", "жку", 1);
        check("élan", "elan", 1);
    }

    /// Few letters, so that some match; of one and of several bytes.
    fn texts() -> impl Strategy<Value = (String, String)> {
        let of = |pattern: &'static str| (pattern, pattern);
        prop_oneof![
            of("[ab]{0,5}"),
            of("[abc]{0,7}"),
            of("[a-d]{0,16}"),
            of("[abжé王]{0,9}"),
            of("[ab]{60,70}"),
            of("\\PC{0,9}"),
            ("[a-d]{0,7}", "[a-d]{0,3}", "[a-d]{0,3}", "[a-d]{0,7}")
                .prop_map(|(p, x, y, s)| (format!("{p}{x}{s}"), format!("{p}{y}{s}"))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn as_the_reference_has_it((a, b) in texts()) {
            let ours = damerau(&a, &b);
            prop_assert_eq!(ours as usize, damerau_levenshtein::distance(a.chars(), b.chars()));
            for most in 0..6 {
                prop_assert_eq!(within_edits(&a, &b, most), ours <= most, "{}", most);
            }
        }
    }
}
