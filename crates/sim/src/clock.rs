//! Time and randomness under test. Neither ever comes from the machine.

use std::sync::{Mutex, PoisonError};

use exchange::ids::OperationId;
use exchange::ports::{Clock, Entropy};
use jiff::{SignedDuration, Timestamp};

use crate::draw;

/// A clock that stands until somebody sets it, and is never set back.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Timestamp>);

/// A clock was to be set back, or beyond the end of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the virtual clock stands at {stands}: it is set forward only, within the calendar")]
pub struct Backwards {
    /// What it shows, and goes on showing.
    pub stands: Timestamp,
}

impl VirtualClock {
    /// A clock that shows `at`.
    pub const fn new(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    /// Sets the clock to `at`, which may be what it shows.
    ///
    /// # Errors
    /// [`Backwards`] when that is earlier than what it shows.
    pub fn set(&self, at: Timestamp) -> Result<(), Backwards> {
        self.change(|stands| (at >= stands).then_some(at))
    }

    /// Sets the clock forward by `time`.
    ///
    /// # Errors
    /// [`Backwards`] when `time` is negative, or leads beyond the end of the calendar.
    pub fn advance(&self, time: SignedDuration) -> Result<(), Backwards> {
        self.change(|stands| {
            let at = stands.checked_add(time).ok()?;
            (at >= stands).then_some(at)
        })
    }

    fn change(&self, to: impl FnOnce(Timestamp) -> Option<Timestamp>) -> Result<(), Backwards> {
        // A panic elsewhere leaves the instant whole, so a poisoned lock is still good.
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = to(*shown).ok_or(Backwards { stands: *shown })?;
        Ok(())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Randomness from a seed, by operation and label: a crash and restart draws the same.
///
/// HKDF-SHA256 (RFC 5869) without salt, the seed as key material, `operation || 0x00 || label` as info.
/// Never for a real node: who knows the seed knows every key.
#[derive(Clone)]
pub struct SeededEntropy(Vec<u8>);

impl SeededEntropy {
    /// Entropy from `seed`.
    pub fn new(seed: impl Into<Vec<u8>>) -> Self {
        Self(seed.into())
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, op: &OperationId, label: &str, out: &mut [u8]) {
        let op = op.as_str().as_bytes();
        draw::fill(&self.0, &[op, &[0], label.as_bytes()], out);
    }
}
