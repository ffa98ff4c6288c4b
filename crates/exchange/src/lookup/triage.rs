//! Which look-ups somebody should ask about: each is explained by the work that there was, or is scored by what is odd
//! about it. A pure function of the look-ups' facts and of what is watched; it decides nothing about anybody. Whoever is
//! asked about a look-up is asked by a person (LOOKUP-05, AUD-06).
//!
//! The way is explanation-based auditing (Fabbri and LeFevre, "Explaining accesses to electronic medical records", VLDB
//! 2011): most work explains itself by what the systems know already, so what is left is few enough to be looked at. The
//! points of the indicators were set by judgement, in the order in which an auditor would ask; they are fitted to no data.

mod indicators;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use ledger::Digest;
use serde::Serialize;

pub use indicators::Indicator;

use super::Outcome;
use crate::deadline::london_time;
use crate::ids::{StaffId, SubjectId};
use crate::ports::PortFault;

/// What is known of the case that a look-up named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseIs {
    /// The looker works on it, and it is the person's.
    OfPerson,
    /// The looker works on it, and the register says that it is not the person's.
    OfAnother,
    /// The looker works on it; whose it is nobody can say.
    Unknown,
    /// The looker does not work on it.
    NotTheirs,
}

/// One look-up as its facts.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Its name.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who looked.
    pub user: StaffId,
    /// Their unit and team.
    pub team: String,
    /// The person, as a keyed hash.
    pub subject: SubjectId,
    /// The number that the person's reference ends with, where it has one.
    pub number: Option<u64>,
    /// The case.
    pub case: CaseIs,
    /// Is a flag on the person?
    pub flagged: bool,
    /// Did something about the person wait for a caseworker's word?
    pub referred: bool,
    /// The last day on which the person was asked about in a run.
    pub run_on: Option<Date>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What is watched, and what counts as usual.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Usual work is from this hour, in London, on Monday to Friday.
    pub from_hour: i8,
    /// And until this one.
    pub to_hour: i8,
    /// People in whom curiosity is likely.
    pub watched: BTreeSet<SubjectId>,
    /// Members of staff and their households.
    pub own: BTreeMap<StaffId, BTreeSet<SubjectId>>,
}

impl Watch {
    /// Usual work from seven to seven; these people watched.
    pub fn over(watched: BTreeSet<SubjectId>, own: BTreeMap<StaffId, BTreeSet<SubjectId>>) -> Self {
        Self {
            from_hour: 7,
            to_hour: 19,
            watched,
            own,
        }
    }
}

/// How long a run explains that somebody looks at what came of it.
const RUN_EXPLAINS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How far apart colleagues look at one person in one piece of work.
const TEAM_WORKS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So many people in a day whom no work explains raise an alert.
pub const ALERT_PEOPLE: usize = 10;

/// The work that explains a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Explanation {
    /// The looker works on a case of the person.
    Assignment,
    /// The hub itself asks a caseworker to look.
    Referral,
    /// A flag points the caseworker here (FLAG-04).
    Flag,
    /// The person was asked about lately.
    RecentRun,
    /// A colleague of the team looked the person up at about that time, for work that explains itself.
    TeamWork,
}

impl Explanation {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Assignment => "the case is the person's, and whoever looked works on it",
            Self::Referral => "something about the person waited for a caseworker's word",
            Self::Flag => "a flag on the person points to what is held",
            Self::RecentRun => "the person was asked about in a run of the last 90 days",
            Self::TeamWork => {
                "a colleague of the same team looked the person up within 14 days, for work that explains itself"
            }
        }
    }
}

/// What is made of one look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The work that explains it; none where it is scored.
    pub explained: Option<Explanation>,
    /// What is odd about it, where no work explains it.
    pub indicators: Vec<Indicator>,
    /// The points of the indicators.
    pub score: u32,
}

/// Somebody should be asked at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Who looked.
    pub user: StaffId,
    /// On which day, in London.
    pub day: Date,
    /// How many people without an explanation.
    pub people: usize,
    /// Why, in words.
    pub what: String,
}

/// What is made of all of them.
#[derive(Clone, Debug)]
pub struct Triage {
    /// Of each look-up, in the order in which they came.
    pub findings: Vec<Finding>,
    /// The places of those that are scored, the highest first.
    pub queue: Vec<usize>,
    /// Explained ones that are drawn to be looked at beside them, so that an explanation is no hiding place.
    pub samples: Vec<usize>,
    /// What should be asked about at once.
    pub alerts: Vec<Alert>,
}

/// Sorts look-ups into those that work explains and those to ask about; draws `samples` of the explained by `seed`.
///
/// # Errors
/// [`PortFault`] when the time zone database is missing.
pub fn triage(
    sights: &[Sight],
    watch: &Watch,
    samples: usize,
    seed: u64,
) -> Result<Triage, PortFault> {
    let local = sights.iter().map(|s| london_time(s.at));
    let local: Vec<DateTime> = local.collect::<Result<_, _>>()?;
    let explained = explained(sights, &local, watch);
    let odd = indicators::all(sights, &local, &explained, watch);
    let findings: Vec<Finding> = explained
        .into_iter()
        .zip(odd)
        .map(|(explained, indicators)| Finding {
            explained,
            score: indicators.iter().map(|i| i.points()).sum(),
            indicators,
        })
        .collect();
    let both = || findings.iter().zip(sights).enumerate();
    let mut queue: Vec<(u32, Timestamp, &str, usize)> = both()
        .filter(|(_, (finding, _))| finding.explained.is_none())
        .map(|(n, (finding, sight))| (finding.score, sight.at, sight.id.as_str(), n))
        .collect();
    queue.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut drawn: Vec<([u8; 32], usize)> = both()
        .filter(|(_, (finding, _))| finding.explained.is_some())
        .map(|(n, (_, sight))| (lot(seed, &sight.id), n))
        .collect();
    drawn.sort_unstable();
    drawn.truncate(samples);
    let alerts = alerts(sights, &local, &findings);
    Ok(Triage {
        queue: queue.into_iter().map(|(_, _, _, n)| n).collect(),
        samples: drawn.into_iter().map(|(_, n)| n).collect(),
        findings,
        alerts,
    })
}

/// Whoever does not know the seed cannot tell which look-ups will be drawn.
fn lot(seed: u64, id: &str) -> [u8; 32] {
    *Digest::of(format!("{seed}/{id}").as_bytes()).as_bytes()
}

/// The work that explains each. Nothing explains a look-up of oneself, of one's household or of whoever is watched, nor one
/// for a case that is somebody else's.
fn explained(sights: &[Sight], local: &[DateTime], watch: &Watch) -> Vec<Option<Explanation>> {
    let barred = |s: &Sight| {
        watch.watched.contains(&s.subject)
            || watch
                .own
                .get(&s.user)
                .is_some_and(|own| own.contains(&s.subject))
            || matches!(s.case, CaseIs::OfAnother | CaseIs::NotTheirs)
    };
    let alone: Vec<Option<Explanation>> = sights
        .iter()
        .zip(local)
        .map(|(s, at)| {
            if barred(s) {
                None
            } else {
                by_itself(s, at.date())
            }
        })
        .collect();
    let mut team: HashMap<(&str, &SubjectId), Vec<(&StaffId, Timestamp)>> = HashMap::new();
    for (s, _) in sights.iter().zip(&alone).filter(|(_, why)| why.is_some()) {
        let work = team.entry((&s.team, &s.subject)).or_default();
        work.push((&s.user, s.at));
    }
    sights
        .iter()
        .zip(alone)
        .map(|(s, why)| {
            let near = |(user, at): &(&StaffId, Timestamp)| {
                **user != s.user && s.at.duration_since(*at).abs() <= TEAM_WORKS
            };
            let work = team.get(&(s.team.as_str(), &s.subject));
            let together = !barred(s) && work.is_some_and(|all| all.iter().any(near));
            why.or(together.then_some(Explanation::TeamWork))
        })
        .collect()
}

fn by_itself(s: &Sight, day: Date) -> Option<Explanation> {
    let since = |run: Date| day.duration_since(run);
    let recent = s
        .run_on
        .is_some_and(|run| since(run) <= RUN_EXPLAINS && !since(run).is_negative());
    if s.case == CaseIs::OfPerson {
        Some(Explanation::Assignment)
    } else if s.referred {
        Some(Explanation::Referral)
    } else if s.flagged {
        Some(Explanation::Flag)
    } else {
        recent.then_some(Explanation::RecentRun)
    }
}

/// Somebody who looked at many people in a day without an explanation, or at themselves or their household.
fn alerts(sights: &[Sight], local: &[DateTime], findings: &[Finding]) -> Vec<Alert> {
    let mut days: BTreeMap<(Date, &StaffId), (BTreeSet<&SubjectId>, bool)> = BTreeMap::new();
    for ((s, at), finding) in sights.iter().zip(local).zip(findings) {
        if finding.explained.is_none() {
            let day = days.entry((at.date(), &s.user)).or_default();
            day.0.insert(&s.subject);
            day.1 |= finding.indicators.contains(&Indicator::Own);
        }
    }
    let alert = |((day, user), (people, own)): ((Date, &StaffId), (BTreeSet<&SubjectId>, bool))| {
        let what = if own {
            "looked at themselves or their household".to_owned()
        } else if people.len() >= ALERT_PEOPLE {
            format!(
                "looked at {} people in one day whom no work explains",
                people.len()
            )
        } else {
            return None;
        };
        Some(Alert {
            user: user.clone(),
            day,
            people: people.len(),
            what,
        })
    };
    days.into_iter().filter_map(alert).collect()
}

#[cfg(test)]
mod tests;
