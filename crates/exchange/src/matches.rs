//! Matches: a match is not a fact. It begins as a candidate, with the evidence that made it; only a person's
//! word confirms or refutes it, and only a confirmed one leaves the match room (MATCH-06).

use std::fmt;

use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record, Step, next};
use crate::deadline::Deadline;
use crate::ids::{FlowId, HoldingId, RunId, SubjectId};
use crate::refusal::Refusal;

/// The evidence that made a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// This node compared its own records with the case.
    Own(Grounds),
    /// The partner answered that it matched.
    Partner,
}

/// How this node's own records compare with the case (MATCH-05). Holds no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// The version of the matching solution that compared them.
    pub solution: Digest,
    /// Which of the solution's lines of strong evidence holds, from 1; none where the evidence is weak.
    pub rule: Option<u16>,
    /// The weight of evidence, in hundredths of a bit; 0 for what is less likely than not.
    pub weight: u32,
}

impl Evidence {
    /// Can this evidence be confirmed at all? Weak evidence never (MATCH-05).
    pub fn is_strong(self) -> bool {
        match self {
            Self::Own(grounds) => grounds.rule.is_some(),
            Self::Partner => true,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own(Grounds { rule: Some(_), .. }) => "strong",
            Self::Own(Grounds { rule: None, .. }) => "weak",
            Self::Partner => "partner-answer",
        }
    }

    /// What a record says of it.
    fn told(self, record: Record) -> Record {
        let record = record.fact("evidence", Fact::Code(Code::of(self.name())));
        let Self::Own(grounds) = self else {
            return record;
        };
        let record = record
            .fact("solution", Fact::Digest(grounds.solution))
            .count("weight", grounds.weight.into());
        match grounds.rule {
            Some(rule) => record.count("line", rule.into()),
            None => record,
        }
    }
}

/// As a reviewer reads it: its name, which line of strong evidence holds, and how heavy it is.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Own(Grounds { rule, weight, .. }) = self else {
            return f.pad(self.name());
        };
        let bits = f64::from(*weight) / 100.0;
        f.pad(&match rule {
            Some(line) => format!("line {line}, {bits:.1} bits"),
            None => format!("no line, {bits:.1} bits"),
        })
    }
}

/// Where a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Somebody must look at it.
    Candidate,
    /// Two records fit alike, or the link fields disagree: it can only be refuted.
    Ambiguous,
    /// A person confirmed it.
    Confirmed,
    /// A person, or the partner that told of it, refuted it.
    Refuted,
    /// A newer candidate about the same person took its place before anybody decided.
    Superseded,
}

impl Standing {
    /// Does somebody still have to decide?
    pub fn is_open(self) -> bool {
        matches!(self, Self::Candidate | Self::Ambiguous)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Ambiguous => "ambiguous",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Superseded => "superseded",
        }
    }
}

/// Who may move a match, from where to where (MATCH-06). Whatever is not here is refused.
pub const MOVES: &[Step<Standing>] = &[
    (
        "confirm",
        Standing::Candidate,
        Standing::Confirmed,
        "reviewer",
    ),
    ("refute", Standing::Candidate, Standing::Refuted, "reviewer"),
    ("refute", Standing::Ambiguous, Standing::Refuted, "reviewer"),
    (
        "refute",
        Standing::Confirmed,
        Standing::Refuted,
        "reviewer or partner",
    ),
    (
        "supersede",
        Standing::Candidate,
        Standing::Superseded,
        "node",
    ),
    (
        "supersede",
        Standing::Ambiguous,
        Standing::Superseded,
        "node",
    ),
];

/// A possible match of one row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Match {
    run: RunId,
    flow: FlowId,
    hash: Digest,
    row: u64,
    holding: HoldingId,
    /// The person of the case register, where this party has one.
    subject: Option<SubjectId>,
    evidence: Evidence,
    standing: Standing,
    #[serde(skip)]
    version: u64,
}

/// What a match is about.
#[derive(Clone, Debug)]
pub struct Found {
    /// The run.
    pub run: RunId,
    /// The flow whose row was looked for.
    pub flow: FlowId,
    /// The agreement's hash.
    pub hash: Digest,
    /// The row, from 1.
    pub row: u64,
    /// The holding that has the row's evidence.
    pub holding: HoldingId,
    /// The person of the case register, where this party has one.
    pub subject: Option<SubjectId>,
    /// The evidence.
    pub evidence: Evidence,
    /// Whether more than one record fits alike.
    pub ambiguous: bool,
}

impl Match {
    /// The key under which the store has the match of a row.
    pub fn key_of(run: &RunId, flow: &FlowId, row: u64) -> String {
        format!("{run}/{flow}/{row:06}")
    }

    /// A match comes to be: never more than a candidate.
    pub fn found(found: Found, by: &Actor) -> Change<Self> {
        let Found {
            run,
            flow,
            hash,
            row,
            holding,
            subject,
            evidence,
            ambiguous,
        } = found;
        let standing = if ambiguous {
            Standing::Ambiguous
        } else {
            Standing::Candidate
        };
        let new = Self {
            run,
            flow,
            hash,
            row,
            holding,
            subject,
            evidence,
            standing,
            version: 0,
        };
        let record = evidence
            .told(new.record(Act::MatchFound, by))
            .fact("standing", Fact::Code(Code::of(new.status())));
        Change::new(new, record)
    }

    /// A person confirms it, with a reason.
    ///
    /// # Errors
    /// A refusal for weak or ambiguous evidence (MATCH-05, MATCH-04), for a decided match (MATCH-06), or
    /// without a reason.
    pub fn confirm(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        if !self.evidence.is_strong() {
            return Err(
                Refusal::new("MATCH-05", "weak evidence never confirms a match")
                    .help("refute it; a stronger identifier would make another candidate"),
            );
        }
        if self.standing == Standing::Ambiguous {
            return Err(
                Refusal::new("MATCH-04", "an ambiguous match cannot be confirmed")
                    .help("refute it, or have the data put right and match again"),
            );
        }
        self.moved("confirm")?;
        let record = self
            .record(Act::MatchConfirmed, &by.actor())
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// It is refuted, with a reason: by a person here, or by the partner that told of it. What followed from a
    /// confirmed one is undone by whoever commits this (S-04).
    ///
    /// # Errors
    /// A refusal when it was refuted already (MATCH-06), or without a reason.
    pub fn refute(mut self, reason: &str, by: &Actor) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let was = self.standing;
        self.moved("refute")?;
        let record = self
            .record(Act::MatchRefuted, by)
            .fact("was", Fact::Code(Code::of(was.name())))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// A newer candidate about the same person takes its place before anybody decided.
    ///
    /// # Errors
    /// A refusal when somebody decided already (MATCH-06).
    pub fn supersede(mut self) -> Result<Change<Self>, Refusal> {
        self.moved("supersede")?;
        let record = self.record(Act::MatchSuperseded, &Actor::Node);
        Ok(Change::new(self, record))
    }

    /// Its row's values are in another holding from now on: a part of the act that confirms it.
    pub(crate) fn kept_in(mut self, holding: &HoldingId) -> Self {
        self.holding = holding.clone();
        self
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        match next(MOVES, verb, self.standing) {
            Some(to) => {
                self.standing = to;
                Ok(())
            }
            None => Err(self.decided()),
        }
    }

    fn decided(&self) -> Refusal {
        Refusal::new(
            "MATCH-06",
            format!(
                "row {} of {} is {} already",
                self.row,
                self.run,
                self.status()
            ),
        )
        .help("what was decided stands, but that a confirmed match can still be refuted")
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by)
            .under(self.hash)
            .id("run", &self.run)
            .id("flow", &self.flow)
            .count("row", self.row)
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }
    /// The flow.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }
    /// The agreement's hash.
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// The row, from 1.
    pub fn row(&self) -> u64 {
        self.row
    }
    /// The person of the case register, where this party has one.
    pub fn subject(&self) -> Option<&SubjectId> {
        self.subject.as_ref()
    }
    /// The holding that has the row's evidence.
    pub fn holding(&self) -> &HoldingId {
        &self.holding
    }
    /// Where it is.
    pub fn standing(&self) -> Standing {
        self.standing
    }
    /// The evidence.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }
}

/// Something is to be done because of a match that nobody has confirmed, or that was refuted (MATCH-06).
pub(crate) fn unconfirmed(what: &'static str) -> Refusal {
    Refusal::new("MATCH-06", what)
        .help("only a match that a person confirmed is acted on: `concordat review list` shows what is open")
}

fn needs_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::without_reason(
            "MATCH-06",
            "a decision about a match needs its reason",
        ));
    }
    Ok(())
}

impl Aggregate for Match {
    const KIND: &'static str = "match";
    fn key(&self) -> String {
        Self::key_of(&self.run, &self.flow, self.row)
    }
    fn status(&self) -> &'static str {
        self.standing.name()
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn subject(&self) -> Option<&SubjectId> {
        self.subject.as_ref()
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
