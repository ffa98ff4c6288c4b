//! What auditors of look-ups are given.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::triage::Alert;
use super::{Outcome, Review};
use crate::ids::StaffId;

/// Civil days in London, both ends included.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// One look-up, as an auditor reads it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Audited {
    /// Its name.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who looked.
    pub user: StaffId,
    /// In which role.
    pub role: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What an auditor made of it.
    pub review: Option<Review>,
    /// What was sealed beside its entry: `person`, `case`, `reason`, `unit`, `team`, `fields`, `rules` and others. None
    /// when the evidence of its year is destroyed.
    pub texts: Option<Texts>,
}

/// The texts of an entry, by label. They are about a person: `Debug` shows their labels alone.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Texts(pub(crate) BTreeMap<String, String>);

impl Texts {
    /// The text of this label; empty where there is none.
    pub fn get(&self, label: &str) -> &str {
        self.0.get(label).map_or("", String::as_str)
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The look-ups of a period that somebody should ask about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Queue {
    /// What should be asked about at once.
    pub alerts: Vec<Alert>,
    /// Those to be reviewed, the oddest first, and drawn ones after them.
    pub queued: Vec<Queued>,
    /// How many look-ups of the period work explains.
    pub explained: usize,
    /// How many no work explains, reviewed or not.
    pub unexplained: usize,
    /// How many cannot be read any more.
    pub unreadable: usize,
}

/// One look-up that is to be reviewed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Queued {
    /// The look-up.
    pub look_up: Audited,
    /// Its points; 0 where it was drawn.
    pub score: u32,
    /// Is it one that work explains, drawn at random?
    pub drawn: bool,
    /// Why it is in the queue, in words.
    pub why: Vec<&'static str>,
}
