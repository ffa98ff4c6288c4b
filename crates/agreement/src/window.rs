//! How far back values reach: a time, or whole tax years. Reads no clock; the day is an argument.

use jiff::civil::{Date, date};
use serde::Serialize;

use crate::ids::FieldName;
use crate::period::Period;
use crate::value::DatedAddress;
use crate::words::Moment;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// So long.
    Back(Period),
    /// Whole tax years, 6 April to 5 April (C-22).
    TaxYears {
        /// The present one too?
        current: bool,
        /// How many before it.
        before: u32,
    },
}

/// A window on values or rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Window {
    /// How far back.
    pub reach: Reach,
    /// The moment at which it is measured.
    pub from: Moment,
    /// Where all values lie outside, does the last one known stand?
    pub last_known: bool,
    /// The field of type date by which a row is measured; none where the values carry their own days.
    pub by: Option<FieldName>,
}

/// The first day of the tax year of a day.
pub fn tax_year_start(day: Date) -> Option<Date> {
    let this = Date::new(day.year(), 4, 6).ok()?;
    if this <= day {
        Some(this)
    } else {
        Date::new(day.year().checked_sub(1)?, 4, 6).ok()
    }
}

impl Window {
    /// Does something whose last day is `day` lie in the window that is measured on `at`? What has no last day
    /// reaches the present.
    pub fn covers(&self, day: Option<Date>, at: Date) -> bool {
        match self.reach {
            Reach::Back(period) => {
                day.is_none_or(|day| period.after(day).is_some_and(|end| at <= end))
            }
            Reach::TaxYears { current, before } => {
                let Some(start) = tax_year_start(at) else {
                    return false;
                };
                let first = i16::try_from(before)
                    .ok()
                    .and_then(|n| start.year().checked_sub(n))
                    .map_or(date(-9999, 1, 1), |year| {
                        Date::new(year, 4, 6).unwrap_or(start)
                    });
                let day = day.unwrap_or(at);
                first <= day && (current || day < start)
            }
        }
    }

    /// The addresses that the window lets through, in order; where all lie outside and the agreement says so,
    /// the last one known (EXCH-HMRC-08).
    pub fn addresses<'a>(&self, all: &'a [DatedAddress], at: Date) -> Vec<&'a DatedAddress> {
        let inside: Vec<&DatedAddress> = all.iter().filter(|a| self.covers(a.until, at)).collect();
        if !inside.is_empty() || !self.last_known {
            return inside;
        }
        all.iter().max_by_key(|a| a.until).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::parse_date;

    fn window(reach: Reach) -> Window {
        Window {
            reach,
            from: Moment::Sent,
            last_known: true,
            by: None,
        }
    }

    fn check(reach: Reach, at: &str, inside: &[&str], outside: &[&str]) {
        let day = |text| parse_date(text).unwrap();
        for text in inside {
            assert!(
                window(reach).covers(Some(day(text)), day(at)),
                "{text} at {at}"
            );
        }
        for text in outside {
            assert!(
                !window(reach).covers(Some(day(text)), day(at)),
                "{text} at {at}"
            );
        }
    }

    // shows: MATCH-14, RTC-06
    #[test]
    fn tax_years_turn_on_the_sixth_of_april() {
        let seven = Reach::TaxYears {
            current: true,
            before: 6,
        };
        check(
            seven,
            "2025-04-06",
            &["2019-04-06", "2025-04-06"],
            &["2019-04-05"],
        );
        check(seven, "2025-04-05", &["2018-04-06"], &["2018-04-05"]);
        let two = Reach::TaxYears {
            current: true,
            before: 1,
        };
        check(
            two,
            "2017-06-01",
            &["2016-04-06", "2017-06-01"],
            &["2016-04-05"],
        );
        let past = Reach::TaxYears {
            current: false,
            before: 1,
        };
        check(
            past,
            "2017-06-01",
            &["2016-04-06", "2017-04-05"],
            &["2016-04-05", "2017-04-06"],
        );
    }

    #[test]
    fn a_time_back_includes_its_corresponding_day() {
        let five = Reach::Back(Period::parse("5 years").unwrap());
        check(
            five,
            "2021-03-01",
            &["2016-03-01", "2021-03-01"],
            &["2016-02-29"],
        );
        check(five, "2021-02-28", &["2016-02-29"], &["2016-02-27"]);
    }

    #[test]
    fn the_last_known_address_stands_where_all_are_too_old() {
        let five = window(Reach::Back(Period::parse("5 years").unwrap()));
        let at = parse_date("2021-03-01").unwrap();
        let old = DatedAddress::parse("2010-01-01/2016-02-29 1 Old Street").unwrap();
        let older = DatedAddress::parse("../2011-01-01 1 Older Street").unwrap();
        let now = DatedAddress::parse("2016-03-01/.. 1 New Street").unwrap();
        let all = [older.clone(), old.clone(), now.clone()];
        assert_eq!(five.addresses(&all, at), [&now]);
        assert_eq!(five.addresses(&all[..2], at), [&old]);
        assert!(
            Window {
                last_known: false,
                ..five
            }
            .addresses(&all[..2], at)
            .is_empty()
        );
    }
}
