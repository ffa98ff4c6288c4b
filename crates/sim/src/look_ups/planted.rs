//! Those who look where they have nothing to look for.

use exchange::ids::BadId;
use exchange::lookup::Outcome;
use exchange::lookup::triage::{CaseIs, Watch};

use super::{Department, Made, anybody, held, household, watch, watched};
use crate::draw::Lot;

/// A way of looking without cause. Not among them: somebody who looks at the person of a case of their own, for other than
/// the case's reasons. No log can tell that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Snoop {
    /// Twenty references at random, within an hour and a half.
    Browsing,
    /// Eight references in sequence, over a day.
    Sequence,
    /// One reference at random a day, for ten days.
    Slow,
    /// One of the looker's own household.
    Household,
    /// One who is watched.
    Watched,
    /// Somebody whom the looker knows, for the case of somebody else.
    Acquaintance,
    /// The same, at night.
    AtNight,
    /// Somebody whom the looker knows, under an item of work that the register does not know.
    UnderDuty,
}

impl Snoop {
    /// Every way, with how many times it is planted for every hundred members of staff, and how many look-ups each is.
    pub const ALL: [(Self, u64, u64); 8] = [
        (Self::Browsing, 5, 20),
        (Self::Sequence, 5, 8),
        (Self::Slow, 5, 10),
        (Self::Household, 12, 1),
        (Self::Watched, 12, 1),
        (Self::Acquaintance, 25, 1),
        (Self::AtNight, 10, 1),
        (Self::UnderDuty, 12, 1),
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Browsing => "twenty references at random in an hour and a half",
            Self::Sequence => "eight references in sequence over a day",
            Self::Slow => "one reference at random a day",
            Self::Household => "the looker's own household",
            Self::Watched => "somebody who is watched",
            Self::Acquaintance => "an acquaintance, for somebody else's case",
            Self::AtNight => "an acquaintance, at night",
            Self::UnderDuty => {
                "an acquaintance, under an item of work that the register does not know"
            }
        }
    }
}

/// Plants all of them in a log of work; gives who is watched.
pub(super) fn plant(
    department: Department,
    world: Lot,
    made: &mut Vec<Made>,
) -> Result<Watch, BadId> {
    let watch = watch(department, world)?;
    let users = department.users();
    for (snoop, per_hundred, look_ups) in Snoop::ALL {
        for episode in 0..users * per_hundred / 100 {
            let lot = world.of(snoop.words(), episode);
            let user = lot.number("who", users);
            let first = lot.number("day", department.days.saturating_sub(look_ups).max(1));
            let start = lot.number("reference", super::REGISTER);
            let minute = lot.number("minute", 8 * 60) + 8 * 60;
            for n in 0..look_ups {
                let each = lot.of("look-up", n);
                let (person, day, minute) = match snoop {
                    Snoop::Browsing => (
                        anybody(each),
                        first,
                        minute + n * 4 + each.number("wait", 3),
                    ),
                    Snoop::Sequence => (start + n, first, 8 * 60 + n * 60),
                    Snoop::Slow => (anybody(each), first + n, minute),
                    Snoop::Household => (household(user), first, minute),
                    Snoop::Watched => {
                        let one = each.number("which", super::WATCHED);
                        (watched(world, one), first, minute)
                    }
                    Snoop::AtNight => (anybody(each), first, 22 * 60 + each.number("late", 90)),
                    Snoop::Acquaintance | Snoop::UnderDuty => (anybody(each), first, minute),
                };
                let name = format!("{snoop:?}-{episode}-{n}");
                let mut sight = department.sight(user, day, minute, person, &name)?;
                // A case is named since one must be: it is one of the looker's own.
                if snoop != Snoop::UnderDuty {
                    sight.case = CaseIs::OfAnother;
                }
                // Whoever is watched is in the news: something is held of them.
                sight.outcome = if snoop == Snoop::Watched {
                    Outcome::Shown
                } else {
                    held(each, 200)
                };
                // A flag or a run is on some of them, as on some of all people.
                sight.flagged = each.chance("flagged", 20);
                made.push((sight, Some(snoop)));
            }
        }
    }
    Ok(watch)
}
