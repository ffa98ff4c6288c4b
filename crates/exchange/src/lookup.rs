//! Look-ups: a member of staff asks what this node holds about one person, for a case and with a reason. Who asks is
//! looked at before the person is; whatever depends on the person has one answer. Never a search, and never a change of
//! what is held: what it leaves is its record (LOOKUP-01 to LOOKUP-11, S-16).

mod answer;
mod asker;
mod audited;
mod limits;
pub(crate) mod record;
pub mod triage;

use std::collections::{BTreeMap, BTreeSet};

use agreement::Clearance;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};

pub use answer::{Answer, Cell, Held, Looked};
pub use asker::{Asker, Request};
pub use audited::{Audited, Period, Queue, Queued, Texts};
pub(crate) use limits::{is_served, restrictions};
pub(crate) use record::Found;
pub use record::{Known, LookUp, Outcome, Review};

use crate::ids::{StaffId, SubjectId};

/// An answer is given at a multiple of this after the question, so that its time tells little of the person. Work that
/// takes longer than one of them shows as the next.
pub const PACE: SignedDuration = SignedDuration::from_millis(500);

/// Who may look people up at this node, and what its auditors watch. Unknown means no: where no team is named, nobody may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rules {
    /// The teams whose people may, by their unit (PTY-11).
    pub teams: BTreeMap<String, BTreeSet<String>>,
    /// The least clearance (PTY-10, SEC-09); none asked for where it is missing.
    #[serde(deserialize_with = "clearance_if_any")]
    pub clearance: Option<Clearance>,
    /// The people in whom curiosity is likely, as keyed hashes: a look-up of one is always reviewed.
    pub watched: BTreeSet<SubjectId>,
    /// Members of staff and their households, as keyed hashes, by the member of staff.
    pub own: BTreeMap<StaffId, BTreeSet<SubjectId>>,
}

/// The first instant at or after which an answer to a question of `asked` may be given, where it is ready at `now`.
pub fn not_before(asked: Timestamp, now: Timestamp) -> Timestamp {
    let pace = PACE.as_nanos();
    let taken = now.as_nanosecond().saturating_sub(asked.as_nanosecond());
    let paces = taken
        .max(0)
        .checked_div(pace)
        .unwrap_or(0)
        .saturating_add(1);
    let at = asked
        .as_nanosecond()
        .saturating_add(paces.saturating_mul(pace));
    Timestamp::from_nanosecond(at).unwrap_or(Timestamp::MAX)
}

/// A level of clearance by its word.
pub(crate) fn clearance<'de, D: Deserializer<'de>>(from: D) -> Result<Clearance, D::Error> {
    let word = String::deserialize(from)?;
    let found = Clearance::ALL.iter().find(|(name, _)| *name == word);
    found.map(|(_, level)| *level).ok_or_else(|| {
        let all: Vec<_> = Clearance::ALL.iter().map(|(name, _)| *name).collect();
        serde::de::Error::custom(format!("a clearance is one of {}", all.join(", ")))
    })
}

fn clearance_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Clearance>, D::Error> {
    clearance(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_waits_for_the_next_multiple_of_the_pace() {
        let asked: Timestamp = "2026-02-03T09:00:00Z".parse().unwrap();
        for (ready, given) in [
            (0, 500),
            (3, 500),
            (499, 500),
            (500, 1_000),
            (1_700, 2_000),
            (-5, 500),
        ] {
            let now = asked + SignedDuration::from_millis(ready);
            let at = asked + SignedDuration::from_millis(given);
            assert_eq!(not_before(asked, now), at, "{ready}");
        }
    }
}
