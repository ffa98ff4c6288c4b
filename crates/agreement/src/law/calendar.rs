//! Working days (C-34): Monday to Friday less bank holidays, as far as the list of holidays is complete. Past
//! its end is an error, never a guess.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// Bank holidays, and the days for which the list is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// What it is.
    pub title: String,
    /// The first day for which it is complete.
    pub from: Date,
    /// The last day for which it is complete.
    pub until: Date,
    /// The holidays.
    pub holidays: BTreeSet<Date>,
}

/// A day that the calendar does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{day} is not between {from} and {until}, for which bank holidays are known: add the later ones to law/calendars.yaml"
)]
pub struct NoSuchDay {
    /// The day.
    pub day: Date,
    /// The first day that is known.
    pub from: Date,
    /// The last day that is known.
    pub until: Date,
}

impl Calendar {
    /// Is it a working day?
    ///
    /// # Errors
    /// [`NoSuchDay`] outside the days for which the list is complete.
    pub fn is_working(&self, day: Date) -> Result<bool, NoSuchDay> {
        if day < self.from || self.until < day {
            let Self { from, until, .. } = *self;
            return Err(NoSuchDay { day, from, until });
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(!weekend && !self.holidays.contains(&day))
    }

    /// The last of so many working days after `start`, which itself does not count: the day after receipt is
    /// day 1.
    ///
    /// # Errors
    /// [`NoSuchDay`] where it would lie outside the days for which the list is complete.
    pub fn after(&self, start: Date, days: u16) -> Result<Date, NoSuchDay> {
        let mut day = start;
        let mut left = days;
        while left > 0 {
            let Self { from, until, .. } = *self;
            day = day.tomorrow().map_err(|_| NoSuchDay { day, from, until })?;
            if self.is_working(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }
}
