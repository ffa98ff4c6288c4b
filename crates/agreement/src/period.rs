//! Lengths of time as an agreement writes them, and their arithmetic on civil dates.
//! Reads no clock: the day is always an argument.

use std::fmt;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::words::Frequency;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Hours.
    Hours,
    /// Calendar days.
    Days,
    /// Days on which business is done (C-34); their calendar is not part of this crate.
    WorkingDays,
    /// Weeks of seven days.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

impl Unit {
    /// Is it a count of civil days?
    pub(crate) fn is_civil(self) -> bool {
        !matches!(self, Self::Hours | Self::WorkingDays)
    }
}

impl Unit {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Hours, "hour", "hours"),
        (Self::Days, "day", "days"),
        (Self::WorkingDays, "working day", "working days"),
        (Self::Weeks, "week", "weeks"),
        (Self::Months, "month", "months"),
        (Self::Years, "year", "years"),
    ];
}

/// A length of time: `6 months`, `28 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    /// How many, 1 to 9999.
    pub count: u16,
    /// Of what.
    pub unit: Unit,
}

impl Period {
    /// Reads `6 months`; none when it is not a number and a unit.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once(' ')?;
        if count.starts_with(['0', '+']) || count.len() > 4 {
            return None;
        }
        let count: u16 = count.parse().ok()?;
        let (unit, ..) = Unit::ALL.into_iter().find(|(_, one, many)| {
            if count == 1 {
                unit == *one
            } else {
                unit == *many
            }
        })?;
        Some(Self { count, unit })
    }

    /// The corresponding day after this period: in months and years the same day of the month, or the last
    /// day of a shorter month. None for hours and working days, which are no count of civil days, and where
    /// the calendar ends.
    pub fn after(self, day: Date) -> Option<Date> {
        let n = i64::from(self.count);
        let span = jiff::Span::new();
        let span = match self.unit {
            Unit::Days => span.try_days(n),
            Unit::Weeks => span.try_weeks(n),
            Unit::Months => span.try_months(n),
            Unit::Years => span.try_years(n),
            Unit::Hours | Unit::WorkingDays => return None,
        };
        day.checked_add(span.ok()?).ok()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Unit::ALL
            .into_iter()
            .find(|(unit, ..)| *unit == self.unit)
            .map_or(
                "",
                |(_, one, many)| if self.count == 1 { one } else { many },
            );
        write!(f, "{} {word}", self.count)
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

impl TryFrom<String> for Period {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a period is a number and a unit, such as 6 months")
    }
}

/// Reads a strict `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let (month, day) = (text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?);
    Date::new(text.get(..4)?.parse().ok()?, month, day).ok()
}

/// Reads a strict `YYYY-MM` as the first day of that month.
pub fn parse_month(text: &str) -> Option<Date> {
    parse_date(&format!("{text}-01"))
}

impl Frequency {
    /// The first and the last day of the period that a day is in; a week begins on Monday. None at the calendar's ends.
    pub fn period_of(self, day: Date) -> Option<(Date, Date)> {
        let months = |first: Date, months: i32| {
            let next = first.checked_add(Span::new().months(months)).ok()?;
            Some((first, next.yesterday().ok()?))
        };
        match self {
            Self::Day => Some((day, day)),
            Self::Week => {
                let since = i32::from(day.weekday().to_monday_zero_offset());
                let first = day.checked_sub(Span::new().days(since)).ok()?;
                Some((first, first.checked_add(Span::new().days(6)).ok()?))
            }
            Self::Month => months(day.first_of_month(), 1),
            Self::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                months(Date::new(day.year(), month, 1).ok()?, 3)
            }
            Self::Year => months(day.first_of_year(), 12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_on_the_corresponding_day_or_the_last_of_a_shorter_month() {
        for (from, period, until) in [
            ("2026-01-01", "24 months", "2028-01-01"),
            ("2025-08-31", "6 months", "2026-02-28"),
            ("2024-02-29", "1 year", "2025-02-28"),
            ("2026-03-01", "28 days", "2026-03-29"),
            ("2026-03-01", "1 week", "2026-03-08"),
        ] {
            let after = Period::parse(period)
                .unwrap()
                .after(parse_date(from).unwrap());
            assert_eq!(after, parse_date(until), "{from} + {period}");
        }
        assert_eq!(
            Period::parse("24 hours")
                .unwrap()
                .after(parse_date("2026-01-01").unwrap()),
            None
        );
        assert_eq!(
            Period::parse("9999 years")
                .unwrap()
                .after(parse_date("2026-01-01").unwrap()),
            None
        );
    }

    #[test]
    fn only_a_number_and_its_unit_is_a_period() {
        for good in ["1 day", "2 days", "10 working days", "9999 years"] {
            assert_eq!(Period::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "days",
            "0 days",
            "01 days",
            "+1 day",
            "1 days",
            "2 day",
            "10000 days",
            "1.5 days",
            "2  days",
        ] {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_strict() {
        assert!(parse_date("2024-02-29").is_some());
        for bad in [
            "2025-02-29",
            "2025-2-01",
            "20250201",
            "2025-02-01T00",
            "+025-02-01",
            "2025-02-1é",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(parse_month("2026-04"), parse_date("2026-04-01"));
        for text in [
            "0000-01-01",
            "0000-00-00",
            "2023-13-01",
            "2100-02-29",
            "9999-12-31",
        ] {
            assert_eq!(parse_date(text), text.parse().ok(), "{text}");
        }
    }
}
