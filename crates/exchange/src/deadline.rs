//! Deadline: every clock is data derived from state by one function. What, by when, on which calendar, whose,
//! and what expiry does. Never reads a clock: a deadline is asked whether it has passed at a given instant.
//!
//! ```
//! use exchange::deadline::{Deadline, Expiry};
//! use exchange::ids::PartyId;
//! let received = "2026-04-01T15:00:00Z".parse()?;
//! let keep = agreement::Period::parse("28 days").ok_or("no period")?;
//! let d = Deadline::after(received, keep, "destroy", &PartyId::parse("ho")?, Expiry::Destroy)?;
//! assert_eq!(d.at().to_string(), "2026-04-28T23:00:00Z"); // 29 April, 00:00 in London, which is an hour ahead
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use agreement::{Calendar, Period, Unit};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::ids::PartyId;
use crate::ports::PortFault;

/// What happens when a deadline passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// The values must be destroyed.
    Destroy,
    /// A person asks the partner: nothing happens by itself.
    Ask,
    /// What is under way did not succeed (RTC-11).
    GiveUp,
    /// What is awaited is late: that is told, and nothing else follows (RUN-18).
    Tell,
}

/// One deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deadline {
    what: &'static str,
    at: Timestamp,
    owner: PartyId,
    expiry: Expiry,
}

impl Deadline {
    /// Falls due at an instant.
    pub fn at_instant(at: Timestamp, what: &'static str, owner: &PartyId, expiry: Expiry) -> Self {
        Self {
            what,
            at,
            owner: owner.clone(),
            expiry,
        }
    }

    /// Falls due at the start, in London, of the corresponding day `period` after the day of `from` in
    /// London: of 28 days, day 27 is kept and day 28 is due (RET-05's way of counting).
    ///
    /// # Errors
    /// When the period is no count of civil days, or the date lies outside the calendar.
    pub fn after(
        from: Timestamp,
        period: Period,
        what: &'static str,
        owner: &PartyId,
        expiry: Expiry,
    ) -> Result<Self, PortFault> {
        let day = period.after(london_day(from)?).ok_or_else(outside)?;
        let at = day.to_zoned(london()?).map_err(|_| outside())?.timestamp();
        Ok(Self::at_instant(at, what, owner, expiry))
    }

    /// Runs to the end, in London, of the last day of `within`: the day after that of `from` is day 1, and working days
    /// are those of the calendar (C-34). Hours are clock hours. None where the calendar does not reach so far.
    ///
    /// # Errors
    /// When the date lies outside all calendars.
    pub fn answer(
        from: Timestamp,
        within: Period,
        calendar: &Calendar,
        owner: &PartyId,
    ) -> Result<Option<Self>, PortFault> {
        let day = london_day(from)?;
        let last = match within.unit {
            Unit::Hours => {
                let hours = jiff::SignedDuration::from_hours(i64::from(within.count));
                let at = from.checked_add(hours).map_err(|_| outside())?;
                return Ok(Some(Self::at_instant(at, "answer", owner, Expiry::Tell)));
            }
            Unit::WorkingDays => match calendar.after(day, within.count) {
                Ok(last) => last,
                Err(_) => return Ok(None),
            },
            Unit::Days | Unit::Weeks | Unit::Months | Unit::Years => {
                within.after(day).ok_or_else(outside)?
            }
        };
        let at = day_end(last)?;
        Ok(Some(Self::at_instant(at, "answer", owner, Expiry::Tell)))
    }

    /// The instant it falls due.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// What is due.
    pub fn what(&self) -> &'static str {
        self.what
    }
    /// Whose it is.
    pub fn owner(&self) -> &PartyId {
        &self.owner
    }
    /// What its expiry does.
    pub fn expiry(&self) -> Expiry {
        self.expiry
    }
    /// Has it fallen due at `now`?
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.at
    }
}

fn outside() -> PortFault {
    PortFault("a deadline lies outside the calendar: check the agreement's periods".into())
}

fn london() -> Result<TimeZone, PortFault> {
    TimeZone::get("Europe/London")
        .map_err(|_| PortFault("the bundled time zone database has no Europe/London".into()))
}

/// The civil day of an instant in London.
///
/// # Errors
/// When the time zone database is missing.
pub fn london_day(at: Timestamp) -> Result<Date, PortFault> {
    Ok(at.to_zoned(london()?).date())
}

/// The instant at which a civil day is over in London.
///
/// # Errors
/// When the time zone database is missing or the calendar ends.
pub fn day_end(day: Date) -> Result<Timestamp, PortFault> {
    let end = day.tomorrow().map_err(|_| outside())?;
    Ok(end.to_zoned(london()?).map_err(|_| outside())?.timestamp())
}

/// The last civil day in London before an instant at which something is due.
///
/// # Errors
/// When the time zone database is missing.
pub fn last_day(due: Timestamp) -> Result<Date, PortFault> {
    let second = jiff::SignedDuration::from_secs(1);
    london_day(due.checked_sub(second).unwrap_or(due))
}

/// The civil date and time of an instant in London.
///
/// # Errors
/// When the time zone database is missing.
pub fn london_time(at: Timestamp) -> Result<DateTime, PortFault> {
    Ok(at.to_zoned(london()?).datetime())
}

/// The first instant, in London, of the year after that of `at`.
///
/// # Errors
/// When the time zone database is missing or the calendar ends.
pub fn year_end(at: Timestamp) -> Result<Timestamp, PortFault> {
    let year = london_day(at)?.year().checked_add(1).ok_or_else(outside)?;
    let day = Date::new(year, 1, 1).map_err(|_| outside())?;
    Ok(day.to_zoned(london()?).map_err(|_| outside())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn due(from: &str, period: &str) -> String {
        let ho = PartyId::parse("ho").unwrap();
        let period = Period::parse(period).unwrap();
        Deadline::after(
            from.parse().unwrap(),
            period,
            "destroy",
            &ho,
            Expiry::Destroy,
        )
        .unwrap()
        .at()
        .to_string()
    }

    #[test]
    fn days_are_counted_in_london_across_clock_changes_leap_days_and_month_ends() {
        assert_eq!(
            due("2026-01-10T09:00:00Z", "28 days"),
            "2026-02-07T00:00:00Z"
        );
        // 23:30 UTC in summer is the next day in London.
        assert_eq!(due("2026-06-01T23:30:00Z", "1 day"), "2026-06-02T23:00:00Z");
        assert_eq!(
            due("2028-02-01T12:00:00Z", "28 days"),
            "2028-02-29T00:00:00Z"
        );
        assert_eq!(due("2026-10-24T12:00:00Z", "1 day"), "2026-10-24T23:00:00Z");
        assert_eq!(
            due("2026-10-24T12:00:00Z", "2 days"),
            "2026-10-26T00:00:00Z"
        );
    }

    // shows: RUN-18
    #[test]
    fn answers_are_due_at_the_end_of_a_working_day_over_weekends_and_bank_holidays() {
        let law = agreement::Law::built_in().unwrap();
        let calendar = law.calendar("england-and-wales").unwrap();
        for (received, within, due) in [
            // Friday to Friday week, and a Wednesday in the middle.
            (
                "2016-04-01T09:00:00Z",
                "10 working days",
                "2016-04-15T23:00:00Z",
            ),
            (
                "2016-04-06T09:00:00Z",
                "5 working days",
                "2016-04-13T23:00:00Z",
            ),
            // On a Saturday: Monday is day 1.
            (
                "2016-04-02T09:00:00Z",
                "5 working days",
                "2016-04-08T23:00:00Z",
            ),
            // Good Friday and Easter Monday, and the clocks change.
            (
                "2016-03-21T09:00:00Z",
                "10 working days",
                "2016-04-06T23:00:00Z",
            ),
            // Christmas Day on a Sunday: its substitute is a Tuesday; and New Year's.
            (
                "2016-12-19T09:00:00Z",
                "10 working days",
                "2017-01-06T00:00:00Z",
            ),
            // 23:30 UTC in summer is the next day in London.
            (
                "2016-06-01T23:30:00Z",
                "5 working days",
                "2016-06-09T23:00:00Z",
            ),
            ("2016-04-29T09:00:00Z", "3 days", "2016-05-02T23:00:00Z"),
            ("2016-04-29T09:00:00Z", "24 hours", "2016-04-30T09:00:00Z"),
        ] {
            let ho = PartyId::parse("dfe").unwrap();
            let within = Period::parse(within).unwrap();
            let answer = Deadline::answer(received.parse().unwrap(), within, calendar, &ho);
            let at = answer.unwrap().unwrap().at().to_string();
            assert_eq!(at, due, "{received} and {within}");
        }
        let ho = PartyId::parse("dfe").unwrap();
        let far = "2090-01-01T09:00:00Z".parse().unwrap();
        let days = Period::parse("5 working days").unwrap();
        assert_eq!(Deadline::answer(far, days, calendar, &ho).unwrap(), None);
    }

    proptest! {
        // Destruction is never early: at least `days - 1` whole days and an hour lie between.
        #[test]
        fn never_early(seconds in 0i64..4_000_000_000, days in 2u16..4000) {
            let from = Timestamp::from_second(seconds).unwrap();
            let ho = PartyId::parse("ho").unwrap();
            let period = Period::parse(&format!("{days} days")).unwrap();
            let d = Deadline::after(from, period, "destroy", &ho, Expiry::Destroy).unwrap();
            let least = i64::from(days - 1) * 86_400 - 3_600;
            prop_assert!(d.at().as_second() - from.as_second() > least);
            prop_assert!(!d.is_due(from));
            prop_assert!(d.is_due(d.at()));
        }
    }
}
