//! How often one caller may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::{Problem, TOO_MANY};

/// One address may fail to show who it is this many times less often than a caller may ask.
const RARER: u32 = 20;
/// One caller may ask about one person this many times less often than they may ask at all.
const ABOUT_ONE: u32 = 60;
/// Beyond so many remembered callers, those that asked long ago are forgotten.
const REMEMBERED: usize = 10_000;

/// The limits of one process.
pub(crate) struct Limits {
    callers: DefaultKeyedRateLimiter<String>,
    attempts: DefaultKeyedRateLimiter<IpAddr>,
    about: DefaultKeyedRateLimiter<(String, String)>,
}

impl Limits {
    /// One caller may ask so often a minute, at once or spread.
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let rarer = |times| NonZeroU32::new(per_minute.get() / times).unwrap_or(NonZeroU32::MIN);
        Self {
            callers: RateLimiter::keyed(Quota::per_minute(per_minute)),
            attempts: RateLimiter::keyed(Quota::per_minute(rarer(RARER))),
            about: RateLimiter::keyed(Quota::per_minute(rarer(ABOUT_ONE))),
        }
    }

    /// A caller asks once more.
    pub(crate) fn caller(&self, who: &str) -> Result<(), Problem> {
        take(&self.callers, &who.to_owned())
    }

    /// A caller asks once more about the subject of this keyed hash. What others asked about them counts for nothing: it
    /// would tell that they did.
    pub(crate) fn about(&self, who: &str, subject: String) -> Result<(), Problem> {
        take(&self.about, &(who.to_owned(), subject))
    }

    /// Somebody at this address did not show who they are.
    pub(crate) fn attempt(&self, from: IpAddr) -> Result<(), Problem> {
        take(&self.attempts, &from)
    }
}

fn take<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Problem> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        let seconds = wait.max(Duration::from_secs(1)).as_secs() + 1;
        Problem::from(TOO_MANY).retry_after(seconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_is_held_back_and_another_is_not() {
        let limits = Limits::new(NonZeroU32::MIN.saturating_add(599));
        let held = (0..2000).filter(|_| limits.caller("a").is_err()).count();
        assert!(held >= 1000, "{held}");
        assert!(limits.caller("b").is_ok());
        let about = |who, subject: &str| limits.about(who, subject.to_owned());
        let held = (0..30).filter(|_| about("a", "s1").is_err()).count();
        assert!(held >= 15, "{held}");
        assert!(about("a", "s2").is_ok() && about("b", "s1").is_ok());
        let from: IpAddr = "203.0.113.7".parse().unwrap();
        assert!((0..100).any(|_| limits.attempt(from).is_err()));
    }
}
