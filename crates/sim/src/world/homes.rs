//! Where people live, and how much of it somebody knows who was told on a day.

use agreement::DatedAddress;
use jiff::civil::{Date, date};

use crate::draw::Lot;
use crate::people::{self, Address};

/// A home and the days of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The first day.
    pub from: Date,
    /// The last day; none where it is in use.
    pub until: Option<Date>,
    /// Where.
    pub address: Address,
}

impl Home {
    /// The home as lists write it.
    pub(crate) fn dated(&self) -> DatedAddress {
        let Address { lines, postcode } = &self.address;
        DatedAddress {
            from: Some(self.from),
            until: self.until,
            address: format!("{lines}, {postcode}"),
        }
    }
}

/// The homes of a person over ten years, oldest first: the household's, and before them an own one of whoever
/// came later.
pub(crate) fn homes(lot: Lot, household: Lot, may_come_later: bool) -> Vec<Home> {
    /// The days between which households move.
    const MOVES: (Date, Date) = (date(2010, 4, 6), date(2018, 2, 28));
    const TIMES: [u64; 8] = [0, 0, 0, 1, 1, 2, 3, 4];
    let times = household.pick("moves", &TIMES).unwrap_or(0);
    let span = MOVES.1.duration_since(MOVES.0).as_hours() / 24;
    let part = |n: u64| {
        let days = span.saturating_mul(i64::try_from(n).unwrap_or(0))
            / i64::try_from(times).unwrap_or(1).max(1);
        let hours = jiff::SignedDuration::from_hours(days.saturating_mul(24));
        MOVES.0.checked_add(hours).unwrap_or(MOVES.0)
    };
    let mut starts = vec![household.day("moved in", date(2006, 4, 6), date(2010, 4, 5))];
    starts.extend((0..times).map(|n| {
        let last = part(n + 1).yesterday().unwrap_or(MOVES.1);
        household.of("move", n).day("day", part(n), last)
    }));
    let mut all: Vec<Home> = Vec::with_capacity(starts.len() + 1);
    // Who came later has a home of their own before.
    let came = lot.day("came", date(2011, 1, 1), date(2016, 12, 31));
    let came = (may_come_later && lot.chance("came later", 150)).then_some(came);
    if let Some(came) = came {
        all.push(Home {
            from: lot.day("own home", date(2006, 4, 6), date(2010, 12, 31)),
            until: came.yesterday().ok(),
            address: people::compose(|part, below| lot.of("own home", 0).number(part, below)),
        });
    }
    for (n, from) in (0..).zip(&starts) {
        let next = usize::try_from(n).ok().and_then(|n| starts.get(n + 1));
        let until = next.and_then(|d| d.yesterday().ok());
        if came.zip(until).is_some_and(|(came, until)| until < came) {
            continue;
        }
        let place = household.of("home", n);
        all.push(Home {
            from: came.map_or(*from, |came| came.max(*from)),
            until,
            address: people::compose(|part, below| place.number(part, below)),
        });
    }
    all
}

/// The homes that somebody knew of who was last told on `seen`, oldest first; the last one is in use as far as
/// they know.
pub(crate) fn known_homes(homes: &[Home], seen: Date) -> Vec<Home> {
    let known = homes.iter().filter(|home| home.from <= seen);
    known
        .map(|home| Home {
            until: home.until.filter(|until| *until < seen),
            ..home.clone()
        })
        .collect()
}
