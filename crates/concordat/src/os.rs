//! The machine's own clock and randomness. The only place where they are read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use exchange::ids::OperationId;
use exchange::ports::{Clock, Entropy, PortFault};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::house;

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

/// So far a clock may be from the count of time: what setting it right by others takes.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// So long a machine may be off before nobody can tell whether its clock has leapt meanwhile.
const OFF: SignedDuration = SignedDuration::from_hours(24);
/// What is kept may be so old: it need not be written in each round.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// What the clock showed at a point of the count of one run of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// Names the run of the machine.
    boot: String,
    /// Its length up to then, sleep included; nobody can set it.
    seconds: i64,
    /// What the clock showed.
    at: Timestamp,
}

impl Mark {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn now(boot: &str) -> Self {
        Self {
            boot: boot.to_owned(),
            seconds: rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec,
            at: Timestamp::now(),
        }
    }

    /// What the clock should show at the point of `now`, where it shows something else. After another start of the machine
    /// that is at least so late, and at most a day later.
    fn contradicts(&self, now: &Self) -> Option<Timestamp> {
        let same = self.boot == now.boot && self.seconds <= now.seconds;
        let (run, later) = match same {
            true => (now.seconds - self.seconds, SLACK),
            false => (now.seconds, OFF),
        };
        let expected = self.at.checked_add(SignedDuration::from_secs(run)).ok()?;
        let off = now.at.duration_since(expected);
        (off < -SLACK || off > later).then_some(expected)
    }
}

/// The machine's clock as a node knows it: beside the count of time since the machine started, which nobody can set. What
/// it showed last is kept in the node's directory.
pub(crate) struct NodeClock {
    /// Names this run of the machine; nothing where the system does not say.
    boot: String,
    path: PathBuf,
    mark: Mutex<Option<Mark>>,
}

impl NodeClock {
    /// The clock of the node in `dir`.
    pub(crate) fn of(dir: &Path) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let path = dir.join("running/clock");
        Self {
            boot: boot.unwrap_or_default().trim().to_owned(),
            mark: Mutex::new(kept(&path)),
            path,
        }
    }

    fn mark(&self) -> MutexGuard<'_, Option<Mark>> {
        // A panic elsewhere leaves the mark whole.
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was kept; none where there is nothing, or half of it: then there is nothing to compare with.
fn kept(path: &Path) -> Option<Mark> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn should_show(&self) -> Option<Timestamp> {
        self.mark().as_ref()?.contradicts(&Mark::now(&self.boot))
    }

    fn remember(&self) -> Result<(), PortFault> {
        let (mut mark, now) = (self.mark(), Mark::now(&self.boot));
        if mark.as_ref().is_some_and(|m| m.contradicts(&now).is_some()) {
            // Another process may have been told meanwhile that it is right.
            *mark = kept(&self.path);
        }
        if mark.as_ref().is_some_and(|m| m.contradicts(&now).is_some()) {
            return Ok(());
        }
        *mark = Some(now.clone());
        let last = kept(&self.path).filter(|m| m.boot == now.boot);
        if last
            .is_some_and(|m| m.contradicts(&now).is_none() && now.at.duration_since(m.at) < FRESH)
        {
            return Ok(());
        }
        let text = serde_json::to_vec(&now).map_err(|e| PortFault(e.to_string()))?;
        house::whole(&self.path, &text).map_err(|fail| PortFault(fail.text))
    }

    fn believe(&self) {
        *self.mark() = Some(Mark::now(&self.boot));
    }
}

/// The seconds that this process has used of any processor: for its own reports of what work took.
pub(crate) fn cpu_seconds() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(boot: &str, hours: i64, at: &str) -> Mark {
        Mark {
            boot: boot.to_owned(),
            seconds: hours * 3_600,
            at: at.parse().unwrap(),
        }
    }

    #[test]
    fn a_leap_is_told_from_time_that_passed() {
        let before = mark("a", 10, "2026-03-01T00:00:00Z");
        let check = |now: Mark, expect: Option<&str>| {
            let expected = expect.map(|at| at.parse::<Timestamp>().unwrap());
            assert_eq!(before.contradicts(&now), expected, "{now:?}");
        };
        let ten = Some("2026-03-01T10:00:00Z");
        // The machine ran on, whether this node did or not.
        check(mark("a", 20, "2026-03-01T10:00:00Z"), None);
        check(mark("a", 20, "2026-03-01T10:05:00Z"), None);
        check(mark("a", 20, "2026-03-01T09:55:00Z"), None);
        check(mark("a", 20, "2026-03-01T10:05:01Z"), ten);
        check(mark("a", 20, "2026-03-01T09:54:59Z"), ten);
        check(mark("a", 20, "2027-03-01T10:00:00Z"), ten);
        check(mark("a", 20, "1970-01-01T10:00:00Z"), ten);
        check(mark("a", 8770, "2027-03-01T00:00:00Z"), None);
        // It was started again: nobody can tell beyond a day.
        let one = Some("2026-03-01T01:00:00Z");
        check(mark("b", 1, "2026-03-01T01:00:00Z"), None);
        check(mark("b", 1, "2026-03-02T01:00:00Z"), None);
        check(mark("b", 1, "2026-03-02T01:00:01Z"), one);
        check(mark("b", 1, "2026-02-28T23:00:00Z"), one);
        // Where no run has a name, a shorter count is another run.
        check(mark("a", 9, "2026-03-01T09:00:00Z"), None);
    }

    #[test]
    fn what_is_kept_outlives_the_process_and_a_leap_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let clock = NodeClock::of(dir.path());
        std::fs::create_dir(dir.path().join("running")).unwrap();
        assert_eq!(
            clock.should_show(),
            None,
            "there is nothing to compare with"
        );
        clock.remember().unwrap();
        assert_eq!(NodeClock::of(dir.path()).should_show(), None);
        // As if the clock had been set forward by a year since.
        let now = Mark::now(&clock.boot);
        let year = SignedDuration::from_hours(365 * 24);
        let leapt = Mark {
            at: now.at.checked_sub(year).unwrap(),
            ..now
        };
        let text = serde_json::to_vec(&leapt).unwrap();
        std::fs::write(dir.path().join("running/clock"), &text).unwrap();
        let (one, two) = (NodeClock::of(dir.path()), NodeClock::of(dir.path()));
        assert!(one.should_show().is_some());
        one.remember().unwrap();
        assert!(one.should_show().is_some(), "it is not taken for true");
        // A person vouches for it in one process; the other learns it in its next round.
        one.believe();
        assert!(
            NodeClock::of(dir.path()).should_show().is_some(),
            "not before it is kept"
        );
        one.remember().unwrap();
        assert!(two.should_show().is_some());
        two.remember().unwrap();
        assert_eq!((one.should_show(), two.should_show()), (None, None));
    }
}
