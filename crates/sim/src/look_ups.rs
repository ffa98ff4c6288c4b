//! A simulated log of look-ups: caseworkers of a department who do their work, and some who look where they have nothing to
//! look for. The rates below were written down before anything was measured and are invented: no public source has them.
//! What is measured on this log says how the triage orders these behaviours, not how often they happen anywhere.

use std::collections::BTreeSet;

use exchange::ids::{BadId, StaffId, SubjectId};
use exchange::lookup::Outcome;
use exchange::lookup::triage::{CaseIs, Sight, Watch};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use crate::draw::Lot;

mod measure;
mod planted;

pub use measure::{Measured, measured};
pub use planted::Snoop;

/// How large the department is.
#[derive(Clone, Copy, Debug)]
pub struct Department {
    /// The seed of everything.
    pub seed: u64,
    /// Teams, each of ten.
    pub teams: u64,
    /// Working days, from 5 January 2026.
    pub days: u64,
}

/// One look-up with what it is in truth; none is work.
pub type Made = (Sight, Option<Snoop>);

/// The log of a department, and who is watched.
pub struct Log {
    /// The look-ups, in no order.
    pub made: Vec<Made>,
    /// Who is watched.
    pub watch: Watch,
}

impl Log {
    /// The same log where the case register knows of no cases.
    #[must_use]
    pub fn without_cases(mut self) -> Self {
        for (sight, _) in &mut self.made {
            if matches!(sight.case, CaseIs::OfPerson | CaseIs::OfAnother) {
                sight.case = CaseIs::Unknown;
            }
        }
        self
    }
}

const TEAM: u64 = 10;
/// Cases of one caseworker at a time.
const CASELOAD: u64 = 40;
/// How many people are watched.
const WATCHED: u64 = 50;
/// References of the whole register.
const REGISTER: u64 = 400_000;

/// What honest work is made of, in thousandths: the person's own case; what the hub asks for; a flag; what a run told; the
/// cover for a colleague; a case that was handed over and is not in the register yet; a case that is not assigned yet; a
/// mistyped reference; a member of the family of whose case it is.
const WORK: [(Work, u64); 9] = [
    (Work::OwnCase, 640),
    (Work::Referral, 80),
    (Work::Flag, 60),
    (Work::Run, 70),
    (Work::Cover, 70),
    (Work::HandedOver, 30),
    (Work::NotAssigned, 25),
    (Work::Mistyped, 12),
    (Work::Family, 13),
];

#[derive(Clone, Copy)]
enum Work {
    OwnCase,
    Referral,
    Flag,
    Run,
    Cover,
    HandedOver,
    NotAssigned,
    Mistyped,
    Family,
}

impl Department {
    /// The log of this department.
    ///
    /// # Errors
    /// [`BadId`] never: the names are made of letters and digits.
    pub fn log(self) -> Result<Log, BadId> {
        let lot = Lot::world(self.seed);
        let mut made = Vec::new();
        for user in 0..self.users() {
            for day in 0..self.days {
                let mine = lot.of("user", user).of("day", day);
                for n in 0..8 + mine.number("how many", 15) {
                    made.push((self.work(user, day, mine.of("look-up", n), n)?, None));
                }
            }
        }
        let watch = planted::plant(self, lot, &mut made)?;
        Ok(Log { made, watch })
    }

    fn users(self) -> u64 {
        self.teams * TEAM
    }

    /// One honest look-up.
    fn work(self, user: u64, day: u64, lot: Lot, n: u64) -> Result<Sight, BadId> {
        let at = if lot.chance("overtime", 20) {
            lot.number("evening", 3 * 60) + 19 * 60
        } else {
            lot.number("minute", 11 * 60) + 7 * 60 + 30
        };
        let own = case_of(user, lot.number("case", CASELOAD));
        let mut sight = self.sight(user, day, at, own, &format!("w{n}"))?;
        match work(lot) {
            Work::OwnCase => sight.case = CaseIs::OfPerson,
            Work::Referral => sight.referred = true,
            Work::Flag => sight.flagged = true,
            Work::Run => sight.run_on = Some(day_of(day)),
            Work::Cover => {
                let team = user / TEAM * TEAM;
                let colleague = team + (user + 1 + lot.number("colleague", TEAM - 1)) % TEAM;
                look_at(&mut sight, case_of(colleague, lot.number("case", CASELOAD)))?;
            }
            Work::HandedOver => look_at(&mut sight, anybody(lot))?,
            Work::NotAssigned => {
                look_at(&mut sight, anybody(lot))?;
                sight.case = CaseIs::NotTheirs;
                sight.outcome = Outcome::Denied;
            }
            Work::Mistyped => {
                look_at(&mut sight, anybody(lot))?;
                sight.case = CaseIs::OfAnother;
                sight.outcome = held(lot, 150);
            }
            Work::Family => {
                // Members of a family came together: their references are often neighbours, and both are looked at.
                look_at(&mut sight, own + 1)?;
                sight.case = CaseIs::OfAnother;
                sight.outcome = held(lot, 600);
            }
        }
        Ok(sight)
    }

    /// A look-up of this reference under an item of work that the register does not know.
    fn sight(
        self,
        user: u64,
        day: u64,
        minute: u64,
        person: u64,
        name: &str,
    ) -> Result<Sight, BadId> {
        let mut sight = Sight {
            id: format!("{user}/{day}/{name}"),
            at: instant(day, minute),
            user: staff(user)?,
            team: format!("casework/{}", user / TEAM),
            subject: subject(person)?,
            number: None,
            case: CaseIs::Unknown,
            flagged: false,
            referred: false,
            run_on: None,
            outcome: Outcome::Shown,
        };
        look_at(&mut sight, person)?;
        Ok(sight)
    }
}

fn work(lot: Lot) -> Work {
    let mut left = lot.number("work", 1_000);
    for (work, share) in WORK {
        if left < share {
            return work;
        }
        left -= share;
    }
    Work::OwnCase
}

fn look_at(sight: &mut Sight, person: u64) -> Result<(), BadId> {
    sight.subject = subject(person)?;
    sight.number = Some(person);
    Ok(())
}

/// Shown in so many of a thousand, else nothing is held.
fn held(lot: Lot, of_thousand: u64) -> Outcome {
    if lot.chance("held", of_thousand) {
        Outcome::Shown
    } else {
        Outcome::NothingHeld
    }
}

fn anybody(lot: Lot) -> u64 {
    lot.number("anybody", REGISTER)
}

/// The person of a case of somebody's caseload: references lie apart.
fn case_of(user: u64, case: u64) -> u64 {
    Lot::world(user).of("case", case).number("person", REGISTER)
}

fn staff(user: u64) -> Result<StaffId, BadId> {
    StaffId::parse(format!("c{user}"))
}

fn subject(person: u64) -> Result<SubjectId, BadId> {
    SubjectId::parse(format!("{person:064x}"))
}

/// The working day of this number.
fn day_of(day: u64) -> Date {
    let mut date = Date::constant(2026, 1, 5);
    let mut left = day;
    while left > 0 {
        date = date.tomorrow().unwrap_or(date);
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    date
}

/// A minute of a working day; winter, so that London keeps UTC.
fn instant(day: u64, minute: u64) -> Timestamp {
    let date = day_of(day);
    let midnight = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map(|z| z.timestamp());
    let minutes = SignedDuration::from_mins(i64::try_from(minute).unwrap_or(0));
    midnight.unwrap_or(Timestamp::UNIX_EPOCH) + minutes
}

/// Nobody in particular: who is watched, and each member of staff's household.
fn watch(department: Department, lot: Lot) -> Result<Watch, BadId> {
    let watched: BTreeSet<SubjectId> = (0..WATCHED)
        .map(|n| subject(watched(lot, n)))
        .collect::<Result<_, _>>()?;
    let own = (0..department.users())
        .map(|user| Ok((staff(user)?, [subject(household(user))?].into())))
        .collect::<Result<_, BadId>>()?;
    Ok(Watch::over(watched, own))
}

/// The reference of one who is watched.
fn watched(lot: Lot, n: u64) -> u64 {
    lot.of("watched", n).number("person", REGISTER)
}

/// The reference of somebody of a member of staff's household.
fn household(user: u64) -> u64 {
    REGISTER + user * 10
}
