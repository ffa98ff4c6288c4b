//! Jaro and Winkler's measure.
//!
//! Three kernels give one answer: lanes of a machine word for the short ASCII texts that most names are,
//! one bit a letter up to 64 letters, and the definition as it stands beyond. A common beginning is left out
//! of the work by all but the last: the first free letter that matches it is its own twin.

use super::{Letters, SHORT};

/// What a common beginning weighs, per letter.
const PREFIX_SCALE: f64 = 0.1;
/// How many letters of a common beginning count.
const PREFIX_MOST: usize = 4;
/// A common beginning counts only above this.
const BOOST_ABOVE: f64 = 0.7;
/// Far more than rounding can add up to, far less than one letter weighs.
const MARGIN: f64 = 1e-9;

/// Jaro's similarity of two texts with Winkler's bonus for a common beginning, from 0 to 1.
///
/// Letters match where they are equal and no further apart than half the longer text less one. With `m`
/// matches of which `t` pairs stand in another order (half of them, rounded down), Jaro is the mean of
/// `m/|a|`, `m/|b|` and `(m-t)/m`. Above .7, as in Winkler's own program, a tenth of what is missing is added
/// for each of up to four letters of a common beginning.
///
/// Two empty texts are equal (1); one empty text is like no other (0). The measure is symmetric.
///
/// ```
/// use linkage::text::jaro_winkler;
///
/// assert!((jaro_winkler("martha", "marhta") - 0.961_111).abs() < 1e-6);
/// ```
pub fn jaro_winkler(a: &str, b: &str) -> f64 {
    measure(a, b, &Bar::NONE)
}

/// Whether [`jaro_winkler`] of the two is `at_least` that.
pub fn alike(a: &str, b: &str, at_least: f64) -> bool {
    measure(a, b, &Bar(at_least)) >= at_least
}

/// How many letters a text has and of which kinds: enough to tell of most texts that they are not alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outline {
    kinds: u32,
    count: u32,
}

impl Outline {
    pub(crate) fn of(text: &str) -> Self {
        text.chars().fold(Self::default(), |outline, letter| Self {
            kinds: outline.kinds | kind(letter),
            count: outline.count + 1,
        })
    }

    /// It as two words, of which [`of_words`](Self::of_words) makes it again.
    pub(crate) const fn words(self) -> [u32; 2] {
        [self.kinds, self.count]
    }

    pub(crate) const fn of_words([kinds, count]: [u32; 2]) -> Self {
        Self { kinds, count }
    }

    /// Whether the text has no letter.
    pub(crate) fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Whether the text is one letter.
    pub(crate) fn is_letter(self) -> bool {
        self.count == 1
    }

    /// False only where [`alike`] of two texts of these outlines is.
    #[inline]
    pub(crate) fn may_be_alike(self, other: Self, at_least: f64) -> bool {
        let (a, b) = (f64::from(self.count), f64::from(other.count));
        // As in `matches`, without a division.
        (self.most(other) as f64 + MARGIN) * (a + b) >= Bar(at_least).share(PREFIX_MOST) * a * b
    }

    /// False only where [`within_edits`](super::within_edits) of two texts of these outlines is: a slip mends no more than
    /// one letter of each.
    pub(crate) fn may_be_within(self, other: Self, edits: u32) -> bool {
        let without = self.without(other).max(other.without(self));
        without.max(self.count.abs_diff(other.count)) <= edits
    }

    /// No more letters than this can match: one of a kind that the other text lacks matches nothing.
    fn most(self, other: Self) -> usize {
        let of = |one: Self, other: Self| (one.count - one.without(other).min(one.count)) as usize;
        of(self, other).min(of(other, self))
    }

    /// As many letters at least are of a kind that the other text lacks.
    fn without(self, other: Self) -> u32 {
        (self.kinds & !other.kinds).count_ones()
    }
}

/// A bit for a letter. Letters are told apart by their last five bits, so some are taken for another: that only
/// makes a bound weaker.
fn kind(letter: impl Into<u32>) -> u32 {
    1 << (letter.into() & 31)
}

/// What the answer has to reach to be of use; below it, any answer that is below too will do.
struct Bar(f64);

impl Bar {
    const NONE: Self = Self(0.0);

    /// The least number of matches with which the bar can be reached.
    ///
    /// INVARIANT: never more than that. Jaro with `m` matches is at most `(m/|a| + m/|b| + 1) / 3`, and
    /// Winkler's bonus grows more slowly than what it is added to, so the bar may be taken back through it.
    fn matches(&self, a: usize, b: usize, prefix: usize) -> usize {
        if self.0 <= 0.0 {
            return 0;
        }
        let (a, b) = (a as f64, b as f64);
        let least = self.share(prefix) * a * b / (a + b) - MARGIN;
        // Rounded up; what is negative, or no number, becomes 0 by the cast.
        let whole = least as usize;
        whole + usize::from(least > whole as f64)
    }

    /// The least number of matches, as a share of `|a| |b| / (|a| + |b|)`.
    #[inline]
    fn share(&self, prefix: usize) -> f64 {
        let bonus = prefix.min(PREFIX_MOST) as f64 * PREFIX_SCALE;
        let jaro = if self.0 > BOOST_ABOVE {
            BOOST_ABOVE.max((self.0 - bonus) / (1.0 - bonus))
        } else {
            self.0
        };
        3.0 * jaro - 1.0
    }
}

fn measure(a: &str, b: &str, bar: &Bar) -> f64 {
    if a.is_empty() || b.is_empty() {
        return if a == b { 1.0 } else { 0.0 };
    }
    let longer = a.len().max(b.len());
    if longer <= 16
        && let Some(answer) = in_lanes(a.as_bytes(), b.as_bytes(), bar)
    {
        return answer;
    }
    if longer <= SHORT && a.is_ascii() && b.is_ascii() {
        return ascii(a.as_bytes(), b.as_bytes(), bar);
    }
    let (a, b) = (Letters::of(a), Letters::of(b));
    let (a, b) = (a.all(), b.all());
    if a.len() <= SHORT && b.len() <= SHORT {
        unicode(a, b, bar)
    } else {
        in_full(a, b)
    }
}

/// The mean of three and the bonus; `moved` letters match out of their order.
fn weigh(a: usize, b: usize, matches: usize, moved: usize, prefix: usize) -> f64 {
    if matches == 0 {
        return 0.0;
    }
    let m = matches as f64;
    let jaro = (m / a as f64 + m / b as f64 + (m - (moved / 2) as f64) / m) / 3.0;
    if jaro > BOOST_ABOVE {
        jaro + prefix.min(PREFIX_MOST) as f64 * PREFIX_SCALE * (1.0 - jaro)
    } else {
        jaro
    }
}

/// How far apart matching letters may stand.
fn reach(a: usize, b: usize) -> usize {
    (a.max(b) / 2).saturating_sub(1)
}

/// Kernels for ASCII texts of few letters, each in its byte of one number, the first in the lowest. A flag of
/// a letter is the top bit of its byte.
macro_rules! lanes {
    ($name:ident, $word:ty, $most:literal) => {
        fn $name(a: $word, b: $word, a_count: usize, b_count: usize, bar: &Bar) -> f64 {
            const EACH: $word = <$word>::MAX / 0xff;
            const TOPS: $word = EACH << 7;
            let first = |count: usize| {
                if count >= $most {
                    TOPS
                } else {
                    TOPS & ((1 << (8 * count)) - 1)
                }
            };
            let letter = |word: $word, lane: u32| (word >> (8 * lane)) as u8;

            let shorter = a_count.min(b_count);
            let prefix = ((a ^ b).trailing_zeros() as usize / 8).min(shorter);
            let needed = bar.matches(a_count, b_count, prefix);
            if shorter < needed {
                return 0.0;
            }
            let reach = reach(a_count, b_count);
            let mut matched = first(prefix);
            let mut free = first(a_count) & !matched;
            let mut near = first(prefix + reach + 1) & !first(prefix.saturating_sub(reach));
            let mut rest = b >> (8 * prefix.min($most - 1));
            for at in prefix..b_count {
                // No lane is above 0x7f, so nothing carries from one into the next.
                let differs = (a ^ (EACH * (rest & 0x7f))) + (TOPS - EACH);
                let hits = !differs & near & free;
                let hit = hits & hits.wrapping_neg();
                free ^= hit;
                matched |= <$word>::from(hit != 0) << (8 * at + 7);
                near = near << 8 | <$word>::from(at < reach) << 7;
                rest >>= 8;
            }
            let matches = matched.count_ones() as usize;
            if matches < needed {
                return 0.0;
            }
            let mut moved = 0;
            let (mut of_a, mut of_b) = (first(a_count) & !free, matched);
            // Where the matches stand in the same places, none has moved.
            if of_a != of_b || ((a ^ b) & (of_a >> 7) * 0x7f) != 0 {
                while of_a != 0 {
                    let pair = (of_a.trailing_zeros() / 8, of_b.trailing_zeros() / 8);
                    moved += usize::from(letter(a, pair.0) != letter(b, pair.1));
                    of_a &= of_a - 1;
                    of_b &= of_b.wrapping_sub(1);
                }
            }
            weigh(a_count, b_count, matches, moved, prefix)
        }
    };
}

lanes!(eight, u64, 8);
lanes!(sixteen, u128, 16);

/// A text of up to 8 bytes in one number.
fn word(bytes: &[u8]) -> u64 {
    // Two overlapping reads of a fixed size are much faster than a copy of any size.
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let high = u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len().min(8) - 4));
        u64::from(u32::from_le_bytes(*first)) | high
    } else {
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
    }
}

/// A text of up to 16 bytes in one number.
pub(crate) fn long_word(bytes: &[u8]) -> u128 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let high = u128::from(u64::from_le_bytes(*last)) << (8 * (bytes.len().min(16) - 8));
        u128::from(u64::from_le_bytes(*first)) | high
    } else {
        u128::from(word(bytes))
    }
}

/// The measure of two short texts; none where a letter is not ASCII.
fn in_lanes(a: &[u8], b: &[u8], bar: &Bar) -> Option<f64> {
    if a.len().max(b.len()) <= 8 {
        let (a_word, b_word) = (word(a), word(b));
        let ascii = (a_word | b_word) & ((u64::MAX / 0xff) << 7) == 0;
        ascii.then(|| eight(a_word, b_word, a.len(), b.len(), bar))
    } else {
        let (a_word, b_word) = (long_word(a), long_word(b));
        let ascii = (a_word | b_word) & ((u128::MAX / 0xff) << 7) == 0;
        ascii.then(|| sixteen(a_word, b_word, a.len(), b.len(), bar))
    }
}

#[expect(clippy::indexing_slicing, reason = "an ASCII byte is below 128")]
fn ascii(a: &[u8], b: &[u8], bar: &Bar) -> f64 {
    let Some(start) = start(a, b, bar) else {
        return 0.0;
    };
    let mut places = [0_u64; 128];
    for (at, letter) in a.iter().enumerate() {
        places[usize::from(letter & 0x7f)] |= 1 << at;
    }
    in_bits(a, b, &start, |letter| places[usize::from(letter & 0x7f)])
}

fn unicode(a: &[char], b: &[char], bar: &Bar) -> f64 {
    let Some(start) = start(a, b, bar) else {
        return 0.0;
    };
    in_bits(a, b, &start, |letter| {
        let all = a.iter().enumerate();
        all.fold(0, |places, (at, other)| {
            places | u64::from(*other == letter) << at
        })
    })
}

/// What is known before the letters are matched.
struct Start {
    prefix: usize,
    needed: usize,
}

/// None where the bar is out of reach, for the lengths or for the letters.
fn start<T: Copy + PartialEq + Into<u32>>(a: &[T], b: &[T], bar: &Bar) -> Option<Start> {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let needed = bar.matches(a.len(), b.len(), prefix);
    if needed > 0 {
        let outline = |text: &[T]| Outline {
            kinds: text.iter().fold(0, |all, letter| all | kind(*letter)),
            count: u32::try_from(text.len()).unwrap_or(u32::MAX),
        };
        if outline(a).most(outline(b)) < needed {
            return None;
        }
    }
    Some(Start { prefix, needed })
}

/// Up to 64 letters on each side; `places` says where in `a` a letter stands.
fn in_bits<T: Copy + PartialEq>(a: &[T], b: &[T], start: &Start, places: impl Fn(T) -> u64) -> f64 {
    let Start { prefix, needed } = *start;
    let reach = reach(a.len(), b.len());
    let mut taken = low_bits(prefix);
    let mut matched = taken;
    let mut near = low_bits(prefix + reach + 1) & !low_bits(prefix.saturating_sub(reach));
    for (at, letter) in b.iter().enumerate().skip(prefix) {
        let hits = places(*letter) & near & !taken;
        taken |= hits & hits.wrapping_neg();
        matched |= u64::from(hits != 0) << at;
        near = near << 1 | u64::from(at < reach);
    }
    let matches = taken.count_ones() as usize;
    if matches < needed {
        return 0.0;
    }
    let mut moved = 0;
    while taken != 0 {
        let pair = (
            a.get(taken.trailing_zeros() as usize),
            b.get(matched.trailing_zeros() as usize),
        );
        moved += usize::from(pair.0 != pair.1);
        taken &= taken - 1;
        matched &= matched.wrapping_sub(1);
    }
    weigh(a.len(), b.len(), matches, moved, prefix)
}

fn low_bits(count: usize) -> u64 {
    if count >= SHORT {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

/// The definition as it stands, for texts of any length.
fn in_full(a: &[char], b: &[char]) -> f64 {
    let reach = reach(a.len(), b.len());
    let mut taken = vec![false; a.len()];
    let mut of_b = Vec::new();
    for (at, letter) in b.iter().enumerate() {
        let from = at.saturating_sub(reach);
        let near = a
            .iter()
            .zip(&mut taken)
            .skip(from)
            .take(at + reach + 1 - from);
        for (other, taken) in near {
            if !*taken && other == letter {
                *taken = true;
                of_b.push(letter);
                break;
            }
        }
    }
    let of_a = a
        .iter()
        .zip(&taken)
        .filter_map(|(letter, taken)| taken.then_some(letter));
    let moved = of_a.zip(&of_b).filter(|(x, y)| x != *y).count();
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    weigh(a.len(), b.len(), of_b.len(), moved, prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rapidfuzz::distance::jaro_winkler::similarity;

    #[track_caller]
    fn check(a: &str, b: &str, expect: f64) {
        assert!(
            (jaro_winkler(a, b) - expect).abs() < 5e-7,
            "{a:?} {b:?}: {}",
            jaro_winkler(a, b)
        );
    }

    #[test]
    fn known_values() {
        check("martha", "marhta", 0.961_111);
        check("dwayne", "duane", 0.84);
        check("dixon", "dicksonx", 0.813_333);
        check("", "", 1.0);
        check("", "a", 0.0);
        check("a", "b", 0.0);
        check("éa", "éa", 1.0);
        // Jaro of .7 or less has no bonus.
        check("abcd", "abxyzw", 0.611_111);
    }

    /// Few letters, so that some match; of one and of several bytes.
    fn texts() -> impl Strategy<Value = (String, String)> {
        let of = |pattern: &'static str| (pattern, pattern);
        prop_oneof![
            of("[abc]{0,9}"),
            of("[a-e]{0,20}"),
            of("[a-f ]{0,70}"),
            of("[abéжτ王]{0,20}"),
            of("[ab\u{0}\u{7f}é]{0,18}"),
            of("[abж]{55,140}"),
            of("\\PC{0,12}"),
            ("[a-d]{0,7}", "[a-d]{0,4}", "[a-d]{0,4}")
                .prop_map(|(p, x, y)| (format!("{p}{x}"), format!("{p}{y}"))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn as_the_reference_has_it((a, b) in texts()) {
            let ours = jaro_winkler(&a, &b);
            prop_assert_eq!(ours.to_bits(), similarity(a.chars(), b.chars()).to_bits());
            prop_assert_eq!(ours.to_bits(), jaro_winkler(&b, &a).to_bits());
        }

        #[test]
        fn alike_is_the_full_answer((a, b) in texts(), free in -0.1..1.1, cents in 0_u8..=100) {
            let full = jaro_winkler(&a, &b);
            let below = f64::from_bits(full.to_bits().saturating_sub(1));
            let above = f64::from_bits(full.to_bits() + 1);
            for at_least in [free, f64::from(cents) / 100.0, full, below, above, f64::NAN] {
                prop_assert_eq!(alike(&a, &b, at_least), full >= at_least, "{}", at_least);
                let may = Outline::of(&a).may_be_alike(Outline::of(&b), at_least);
                prop_assert!(may || full < at_least || at_least.is_nan(), "{}", at_least);
            }
        }
    }
}
