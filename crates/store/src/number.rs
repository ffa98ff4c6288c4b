//! Numbers and instants as both databases keep them: 64-bit signed integers.
//!
//! Instants are whole microseconds since 1970-01-01T00:00:00Z. What is stored is rounded up and what is asked
//! is rounded down, so that nothing finer than a microsecond ever makes a deadline fall due early.

use exchange::ports::PortFault;
use jiff::Timestamp;

/// An instant as it is stored: rounded up to the microsecond.
pub(crate) fn stored(at: Timestamp) -> i64 {
    let whole = asked(at);
    if at.as_nanosecond() > i128::from(whole) * 1_000 {
        whole + 1
    } else {
        whole
    }
}

/// An instant as it is asked about: rounded down to the microsecond.
pub(crate) fn asked(at: Timestamp) -> i64 {
    let micros = at.as_microsecond();
    // INVARIANT: the calendar ends far inside 64 bits of microseconds, so neither this nor `stored` overflows.
    if at.as_nanosecond() < i128::from(micros) * 1_000 {
        micros - 1
    } else {
        micros
    }
}

/// An instant out of the database.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, PortFault> {
    Timestamp::from_microsecond(micros).map_err(|_| strange("an instant"))
}

/// A count, size or version for the database.
pub(crate) fn count(n: u64) -> Result<i64, PortFault> {
    i64::try_from(n).map_err(|_| PortFault(format!("{n} is more than the database can count")))
}

/// A count, size or version out of the database.
pub(crate) fn uncount(n: i64) -> Result<u64, PortFault> {
    u64::try_from(n).map_err(|_| strange("a count"))
}

/// Something in the database that this program did not write there.
pub(crate) fn strange(what: &str) -> PortFault {
    PortFault(format!(
        "the database holds {what} that this version cannot read: it was changed by hand or by a newer \
         version; restore it, or run the version that wrote it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nanos: i128, expect_stored: i64, expect_asked: i64) {
        let at = Timestamp::from_nanosecond(nanos).unwrap();
        assert_eq!(
            (stored(at), asked(at)),
            (expect_stored, expect_asked),
            "{nanos}"
        );
    }

    #[test]
    fn stored_instants_round_up_and_asked_ones_down() {
        check(0, 0, 0);
        check(1, 1, 0);
        check(1_000, 1, 1);
        check(1_001, 2, 1);
        check(-1, 0, -1);
        check(-1_000, -1, -1);
        check(-1_001, -1, -2);
    }

    #[test]
    fn the_ends_of_the_calendar_fit() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(stored(at) >= asked(at));
        }
    }

    #[test]
    fn what_no_count_can_be_is_refused() {
        assert!(count(u64::MAX).is_err());
        assert!(uncount(-1).is_err());
        assert_eq!(count(7).and_then(uncount), Ok(7));
    }
}
