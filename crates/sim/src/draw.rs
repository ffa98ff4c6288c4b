//! Draws by name from a seed: what is drawn depends on the names alone, never on what was drawn before.

use hkdf::Hkdf;
use jiff::SignedDuration;
use jiff::civil::Date;
use sha2::Sha256;

/// What one expansion of HKDF-SHA256 gives at most, in bytes (RFC 5869 section 2.3).
const MOST: usize = 255 * 32;

/// Fills `out` with HKDF-SHA256 of `seed` under the concatenation of `info`. Beyond one expansion's limit
/// the number of the part, eight bytes big-endian after a zero byte, is added to the info.
pub(crate) fn fill(seed: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let key = Hkdf::<Sha256>::new(None, seed);
    for (part, bytes) in (0u64..).zip(out.chunks_mut(MOST)) {
        let number = part.to_be_bytes();
        let mut info = info.to_vec();
        if part > 0 {
            info.extend([&[0][..], &number[..]]);
        }
        #[expect(
            clippy::expect_used,
            reason = "a part is never longer than one expansion"
        )]
        key.expand_multi_info(&info, bytes)
            .expect("within the limit of one expansion");
    }
}

/// One person's draws.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    seed: u64,
    index: u64,
}

impl Draw {
    pub(crate) const fn new(seed: u64, index: u64) -> Self {
        Self { seed, index }
    }

    /// A number from 0 to `below` - 1; 0 when `below` is 0. Out of 2^64, so the bias is below one in 2^40
    /// for every `below` used here.
    pub(crate) fn number(self, label: &str, below: u64) -> u64 {
        let mut bytes = [0; 8];
        let info = [&self.index.to_be_bytes()[..], label.as_bytes()];
        fill(&self.seed.to_be_bytes(), &info, &mut bytes);
        u64::from_be_bytes(bytes).checked_rem(below).unwrap_or(0)
    }

    /// True in `percent` of 100 people.
    pub(crate) fn chance(self, label: &str, percent: u64) -> bool {
        self.number(label, 100) < percent
    }

    /// One of `list`; none of an empty one.
    pub(crate) fn pick<T: Copy>(self, label: &str, list: &[T]) -> Option<T> {
        let below = u64::try_from(list.len()).ok()?;
        let at = usize::try_from(self.number(label, below)).ok()?;
        list.get(at).copied()
    }
}

/// The draws of the large world: HKDF gives the seed's key once, and each draw mixes that key with the names
/// of what is drawn. An expansion of HKDF for each draw would take most of the time that a world takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot(u64);

impl Lot {
    /// The lot of a whole world.
    pub(crate) fn world(seed: u64) -> Self {
        let mut bytes = [0; 8];
        fill(&seed.to_be_bytes(), &[b"world"], &mut bytes);
        Self(u64::from_be_bytes(bytes))
    }

    /// The lot of one thing within this.
    pub(crate) fn of(self, label: &str, index: u64) -> Self {
        Self(mix(self.named(label) ^ mix(index)))
    }

    /// 64 bits under this name.
    pub(crate) fn named(self, label: &str) -> u64 {
        // FNV-1a: a name is a few letters, and what follows mixes it thoroughly.
        let name = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        mix(self.0 ^ name)
    }

    /// A number from 0 to `below` - 1; 0 when `below` is 0.
    pub(crate) fn number(self, label: &str, below: u64) -> u64 {
        self.named(label).checked_rem(below).unwrap_or(0)
    }

    /// True in `of_thousand` of 1,000.
    pub(crate) fn chance(self, label: &str, of_thousand: u64) -> bool {
        self.number(label, 1000) < of_thousand
    }

    /// One of `list`; none of an empty one.
    pub(crate) fn pick<T: Copy>(self, label: &str, list: &[T]) -> Option<T> {
        let below = u64::try_from(list.len()).ok()?;
        let at = usize::try_from(self.number(label, below)).ok()?;
        list.get(at).copied()
    }

    /// A day from `first` to `last`, both included; `first` where `last` is before it.
    pub(crate) fn day(self, label: &str, first: Date, last: Date) -> Date {
        let days = last.duration_since(first).as_hours() / 24;
        let below = u64::try_from(days).unwrap_or(0).saturating_add(1);
        let drawn = i64::try_from(self.number(label, below)).unwrap_or(0);
        if last < first {
            return first;
        }
        first
            .checked_add(SignedDuration::from_hours(drawn.saturating_mul(24)))
            .unwrap_or(first)
    }
}

/// The finaliser of SplitMix64: every bit of the argument moves about half the bits of the result.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
