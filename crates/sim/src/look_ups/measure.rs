//! How the triage orders a simulated log.

use std::collections::{BTreeMap, BTreeSet};

use exchange::deadline::london_day;
use exchange::lookup::triage::{Sight, triage};
use exchange::ports::PortFault;
use linkage::quality::{Rate, wilson};

use super::{Log, Snoop};

/// What was measured on one log, or on several together.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// How many look-ups.
    pub look_ups: u64,
    /// How many of them are work, and of these how many are explained.
    pub work: (u64, u64),
    /// How many look-ups without cause there are of each kind, and how many lie in the first part of the queue.
    pub planted: BTreeMap<Snoop, (u64, u64)>,
    /// How many alerts there are, and how many of them are about somebody with a look-up without cause on that day.
    pub alerts: (u64, u64),
}

impl Measured {
    /// The share of honest look-ups that work explains, with Wilson's interval.
    pub fn explained(&self) -> Option<Rate> {
        wilson(self.work.1, self.work.0)
    }

    /// The share of planted look-ups in the first part of the queue, with Wilson's interval.
    pub fn found(&self) -> Option<Rate> {
        let sum = |of: fn(&(u64, u64)) -> u64| self.planted.values().map(of).sum();
        wilson(sum(|(_, found)| *found), sum(|(all, _)| *all))
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.look_ups += other.look_ups;
        self.work.0 += other.work.0;
        self.work.1 += other.work.1;
        self.alerts.0 += other.alerts.0;
        self.alerts.1 += other.alerts.1;
        for (snoop, (all, found)) in &other.planted {
            let mine = self.planted.entry(*snoop).or_default();
            mine.0 += all;
            mine.1 += found;
        }
        self
    }
}

/// Puts the log through the triage, and counts what lies within the first `percent` of all look-ups, in the order of the
/// queue.
///
/// # Errors
/// [`PortFault`] when the time zone database is missing.
pub fn measured(log: &Log, percent: u64) -> Result<Measured, PortFault> {
    let sights: Vec<Sight> = log.made.iter().map(|(sight, _)| sight.clone()).collect();
    let found = triage(&sights, &log.watch, 0, 0)?;
    let all = sights.len() as u64;
    let first = usize::try_from(all * percent / 100).unwrap_or(usize::MAX);
    let mut is_first = vec![false; sights.len()];
    for n in found.queue.iter().take(first) {
        if let Some(place) = is_first.get_mut(*n) {
            *place = true;
        }
    }
    let mut measured = Measured {
        look_ups: all,
        ..Measured::default()
    };
    for (((_, snoop), finding), first) in log.made.iter().zip(&found.findings).zip(is_first) {
        match snoop {
            None => {
                measured.work.0 += 1;
                measured.work.1 += u64::from(finding.explained.is_some());
            }
            Some(snoop) => {
                let counts = measured.planted.entry(*snoop).or_default();
                counts.0 += 1;
                counts.1 += u64::from(first);
            }
        }
    }
    let mut caused = BTreeSet::new();
    for (sight, _) in log.made.iter().filter(|(_, snoop)| snoop.is_some()) {
        caused.insert((&sight.user, london_day(sight.at)?));
    }
    for alert in &found.alerts {
        measured.alerts.0 += 1;
        measured.alerts.1 += u64::from(caused.contains(&(&alert.user, alert.day)));
    }
    Ok(measured)
}
