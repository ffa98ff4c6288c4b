//! What is odd about a look-up that no work explains.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{CaseIs, Explanation, Sight, Watch};
use crate::ids::{StaffId, SubjectId};
use crate::lookup::Outcome;

/// One thing that is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Indicator {
    /// The person is the looker, or of their household.
    Own,
    /// The person is one in whom curiosity is likely.
    Watched,
    /// The case that was named is somebody else's.
    CaseOfAnother,
    /// The same looker looked at a neighbouring reference on that day.
    Sequence,
    /// The same looker looked at several such people within an hour.
    Burst,
    /// The looker has many more such look-ups on that day than others.
    Volume,
    /// The looker does not work on the case.
    NotTheirCase,
    /// It was at night, early or late, or on a weekend.
    OddHours,
    /// Nothing was held.
    NothingHeld,
    /// A rule said no.
    Denied,
}

/// Look-ups are near one another within this.
const BURST: SignedDuration = SignedDuration::from_hours(1);
/// So many people within [`BURST`] are several.
const BURST_PEOPLE: usize = 5;
/// References are neighbours within this.
const NEIGHBOURS: u64 = 3;
/// Volume is odd from so many look-ups on.
const VOLUME: usize = 5;
/// And from so many times the median of whoever looked on that day.
const TIMES_MEDIAN: usize = 3;

impl Indicator {
    /// Its points.
    pub fn points(self) -> u32 {
        match self {
            Self::Own => 10,
            Self::Watched => 8,
            Self::CaseOfAnother | Self::Sequence => 5,
            Self::Burst | Self::Volume => 4,
            Self::NotTheirCase | Self::OddHours => 3,
            Self::NothingHeld => 2,
            Self::Denied => 1,
        }
    }

    /// What is odd, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Own => "the person is the looker, or of their household",
            Self::Watched => "the person is on the list of those who are watched",
            Self::CaseOfAnother => "the case that was named is not this person's",
            Self::Sequence => {
                "a neighbouring reference was looked up by the same looker on that day"
            }
            Self::Burst => {
                "five or more people were looked up by the same looker within an hour, and no work explains it"
            }
            Self::Volume => {
                "the looker has more than three times as many unexplained look-ups on that day as others"
            }
            Self::NotTheirCase => "the looker does not work on the case that was named",
            Self::OddHours => "it was outside the usual hours of work",
            Self::NothingHeld => "nothing was held of the person",
            Self::Denied => "a rule said no",
        }
    }
}

/// What is odd about each; nothing about what work explains.
pub(super) fn all(
    sights: &[Sight],
    local: &[DateTime],
    explained: &[Option<Explanation>],
    watch: &Watch,
) -> Vec<Vec<Indicator>> {
    let days = Days::of(sights, local, explained);
    let mut all = Vec::with_capacity(sights.len());
    for ((s, at), why) in sights.iter().zip(local).zip(explained) {
        let mut odd = Vec::new();
        if why.is_none() {
            let mut when = |holds: bool, indicator| {
                if holds {
                    odd.push(indicator);
                }
            };
            let own = watch.own.get(&s.user);
            when(
                own.is_some_and(|own| own.contains(&s.subject)),
                Indicator::Own,
            );
            when(watch.watched.contains(&s.subject), Indicator::Watched);
            when(s.case == CaseIs::OfAnother, Indicator::CaseOfAnother);
            when(days.in_sequence(s, at.date()), Indicator::Sequence);
            when(days.in_burst(s, at.date()), Indicator::Burst);
            when(days.is_much(s, at.date()), Indicator::Volume);
            when(s.case == CaseIs::NotTheirs, Indicator::NotTheirCase);
            when(is_odd(*at, watch), Indicator::OddHours);
            when(s.outcome == Outcome::NothingHeld, Indicator::NothingHeld);
            when(s.outcome == Outcome::Denied, Indicator::Denied);
        }
        all.push(odd);
    }
    all
}

fn is_odd(at: DateTime, watch: &Watch) -> bool {
    let weekend = matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
    weekend || !(watch.from_hour..watch.to_hour).contains(&at.hour())
}

/// One unexplained look-up of a looker's day.
type One<'a> = (Timestamp, &'a SubjectId, Option<u64>);

/// The unexplained look-ups of each looker's day, in order of time; and the median of their number among all who looked up
/// anybody on the day.
struct Days<'a> {
    of: HashMap<(Date, &'a StaffId), Vec<One<'a>>>,
    median: HashMap<Date, usize>,
}

impl<'a> Days<'a> {
    fn of(sights: &'a [Sight], local: &[DateTime], explained: &[Option<Explanation>]) -> Self {
        let mut of: HashMap<(Date, &StaffId), Vec<One<'_>>> = HashMap::new();
        for ((s, at), why) in sights.iter().zip(local).zip(explained) {
            let day = of.entry((at.date(), &s.user)).or_default();
            if why.is_none() {
                day.push((s.at, &s.subject, s.number));
            }
        }
        let mut counts: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for ((date, _), day) in &mut of {
            day.sort_unstable();
            counts.entry(*date).or_default().push(day.len());
        }
        let median = counts.into_iter().map(|(date, mut counts)| {
            counts.sort_unstable();
            (date, counts.get(counts.len() / 2).copied().unwrap_or(0))
        });
        Self {
            median: median.collect(),
            of,
        }
    }

    fn day(&self, s: &'a Sight, date: Date) -> &[One<'a>] {
        self.of.get(&(date, &s.user)).map_or(&[], Vec::as_slice)
    }

    fn in_sequence(&self, s: &'a Sight, date: Date) -> bool {
        let Some(number) = s.number else {
            return false;
        };
        let mut others = self.day(s, date).iter().filter_map(|(_, _, n)| *n);
        others.any(|n| (1..=NEIGHBOURS).contains(&n.abs_diff(number)))
    }

    /// Is it among several people whom an hour holds?
    fn in_burst(&self, s: &'a Sight, date: Date) -> bool {
        let day = self.day(s, date);
        let holds = |from: Timestamp| {
            let within = |at: Timestamp| at >= from && at.duration_since(from) <= BURST;
            let people = day.iter().filter(|(at, _, _)| within(*at));
            let people: BTreeSet<_> = people.map(|(_, subject, _)| subject).collect();
            within(s.at) && people.len() >= BURST_PEOPLE
        };
        day.iter().any(|(at, _, _)| holds(*at))
    }

    fn is_much(&self, s: &'a Sight, date: Date) -> bool {
        let mine = self.day(s, date).len();
        let others = self.median.get(&date).copied().unwrap_or(0);
        mine >= VOLUME && mine > TIMES_MEDIAN.saturating_mul(others)
    }
}
