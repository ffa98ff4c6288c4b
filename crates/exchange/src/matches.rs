//! Matches: a match is not a fact. It begins as a candidate, with the evidence that made it; only a person's
//! word confirms or refutes it, and only a confirmed one leaves the match room (MATCH-06).

use ledger::{Code, Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::deadline::Deadline;
use crate::ids::{FlowId, HoldingId, RunId};
use crate::refusal::Refusal;

/// The evidence that made a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// This node compared its own records with the case: the rule that agreed.
    Own(linkage::Rule),
    /// The partner answered that it matched.
    Partner,
}

impl Evidence {
    /// Can this evidence be confirmed at all? Weak evidence never (MATCH-05).
    pub fn is_strong(self) -> bool {
        match self {
            Self::Own(rule) => rule.strength() == linkage::Strength::Strong,
            Self::Partner => true,
        }
    }

    fn code(self) -> Code {
        Code::of(match self {
            Self::Own(linkage::Rule::NinoAndPerson) => "nino-and-person",
            Self::Own(linkage::Rule::NameAndDateOfBirth) => "name-and-date-of-birth",
            Self::Own(linkage::Rule::NinoAlone) => "nino-alone",
            Self::Own(linkage::Rule::NameAlone) => "name-alone",
            Self::Partner => "partner-answer",
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
    /// A person refuted it.
    Refuted,
}

/// A possible match of one row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Match {
    run: RunId,
    flow: FlowId,
    hash: Digest,
    row: u64,
    holding: HoldingId,
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
            evidence,
            standing,
            version: 0,
        };
        let record = new
            .record(Act::MatchFound, by)
            .fact("evidence", Fact::Code(evidence.code()))
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
        match self.standing {
            Standing::Candidate => {}
            Standing::Ambiguous => {
                return Err(
                    Refusal::new("MATCH-04", "an ambiguous match cannot be confirmed")
                        .help("refute it, or have the data put right and match again"),
                );
            }
            Standing::Confirmed | Standing::Refuted => return Err(self.decided()),
        }
        self.standing = Standing::Confirmed;
        let record = self
            .record(Act::MatchConfirmed, &by.actor())
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// A person refutes it, with a reason.
    ///
    /// # Errors
    /// A refusal when it was refuted already (MATCH-06), or without a reason.
    pub fn refute(mut self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        // INVARIANT: a confirmed match that proves wrong must be recalled everywhere it went; until recalls
        // exist it cannot be refuted here, rather than be refuted in one place only (S-04).
        match self.standing {
            Standing::Candidate | Standing::Ambiguous => {}
            Standing::Confirmed | Standing::Refuted => return Err(self.decided()),
        }
        self.standing = Standing::Refuted;
        let record = self
            .record(Act::MatchRefuted, &by.actor())
            .text("reason", reason);
        Ok(Change::new(self, record))
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

fn needs_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::new(
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
        match self.standing {
            Standing::Candidate => "candidate",
            Standing::Ambiguous => "ambiguous",
            Standing::Confirmed => "confirmed",
            Standing::Refuted => "refuted",
        }
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
