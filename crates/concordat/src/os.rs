//! The machine's own clock and randomness, behind the domain's ports. The only place where either is read.

use exchange::ids::OperationId;
use exchange::ports::{Clock, Entropy};
use jiff::Timestamp;

/// The machine's clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's randomness.
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, _op: &OperationId, _label: &str, out: &mut [u8]) {
        random(out);
    }
}

/// Fills `out` with the operating system's randomness.
///
/// # Panics
/// When the operating system has none to give: no key may be made then.
#[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
#[expect(
    clippy::expect_used,
    reason = "a node that cannot draw randomness must not go on"
)]
pub(crate) fn random(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system gives randomness");
}
