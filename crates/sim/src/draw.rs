//! Draws by name from a seed: what is drawn depends on the names alone, never on what was drawn before.

use hkdf::Hkdf;
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
