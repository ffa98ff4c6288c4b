//! The machine's own clock and randomness. The only place where they are read.

use exchange::ids::OperationId;
use exchange::ports::{Clock, Entropy};
use jiff::Timestamp;

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

/// Randomness from the operating system, whatever it is for.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, _: &OperationId, _: &str, out: &mut [u8]) {
        random(out);
    }
}

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The seconds that this process has used of any processor: for its own reports of what work took.
pub(crate) fn cpu_seconds() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
