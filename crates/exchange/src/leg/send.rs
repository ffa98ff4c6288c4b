//! A leg at the node that sends.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Digest, Fact};

use super::{Circumstance, Leg, Numbers, Of, Side, Sources, State};
use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Change, Record};
use crate::effect::Effect;
use crate::ids::{HoldingId, PackageId, PartyId};
use crate::refusal::Refusal;
use crate::table::FileFault;

/// What is prepared to be sent.
#[derive(Clone, Debug)]
pub struct Preparing {
    /// The numbers of the rows, in the order of the file.
    pub numbers: Numbers,
    /// Where their values are, in the order of the flow's datasets.
    pub holdings: Vec<HoldingId>,
    /// The day for which the sources stood.
    pub as_of: Date,
    /// What the receiver must know of the quality of the sources.
    pub quality: Option<String>,
    /// Who was looked at and not taken, by the reason.
    pub counts: Vec<(&'static str, u64)>,
    /// The systems that were read, as one name (RUN-06).
    pub sources: String,
    /// The circumstance of the case that it is about.
    pub circumstance: Option<Circumstance>,
}

/// What sealing came to.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The package.
    pub package: PackageId,
    /// The numbers of the rows in the file, in its order.
    pub numbers: Numbers,
    /// How many cells.
    pub cells: u64,
    /// The prepared rows that were withheld: no longer eligible (RUN-20), or without a gateway (LEG-14).
    pub withheld: Vec<u64>,
    /// How many of them no gateway covers.
    pub without_gateway: u64,
    /// The root of the commitment to the cells.
    pub disclosure: Digest,
    /// The digest of the package's bytes.
    pub ciphertext: Digest,
}

impl Leg {
    /// Sender: rows were extracted, or made out of a file that came in.
    pub fn prepare(of: Of, what: Preparing, by: &Warrant) -> Change<Self> {
        let mut leg = Self::new(of, Side::Sender, State::Prepared);
        leg.rows = what.numbers.count();
        leg.numbers = what.numbers.listed();
        leg.holdings = what.holdings;
        leg.sources = Some(Sources {
            as_of: what.as_of,
            quality: what.quality,
            project: None,
            reply_by: None,
        });
        let mut record = leg
            .record(Act::LegPrepared, &by.actor())
            .count("rows", leg.rows)
            .fact("as-of", Fact::Date(what.as_of));
        if !what.sources.is_empty() {
            record = record.id("sources", what.sources);
        }
        if let Some(quality) = leg.quality() {
            record = record.text("quality", quality);
        }
        if let Some(circumstance) = &what.circumstance {
            record = record
                .rule("EXCH-DFE-11")
                .id("circumstance", &circumstance.name);
        }
        leg.circumstance = what.circumstance;
        for (name, count) in what.counts {
            record = record.count(name, count);
        }
        Change::new(leg, record)
    }

    /// Sender: the gate found nothing wrong with `cells` cells.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `prepared`.
    pub fn validate(self, rows: u64, cells: u64) -> Result<Change<Self>, Refusal> {
        let leg = self.step("validate")?;
        let record = leg
            .record(Act::LegValidated, &Actor::Node)
            .rule("RUN-05")
            .count("rows", rows)
            .count("cells", cells);
        Ok(Change::new(leg, record))
    }

    /// Sender: a person releases it to be sent.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `validated`.
    pub fn release(self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let leg = self.step("release")?;
        let record = leg.record(Act::LegApproved, &by.actor());
        Ok(Change::new(leg, record))
    }

    /// Sender: the file is built and sealed. This record carries the commitment to all that leaves.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `approved`.
    pub fn seal(self, sealing: Sealing) -> Result<Change<Self>, Refusal> {
        let leg = self.step("seal")?;
        let to = leg.peer.clone();
        let package = sealing.package.clone();
        let (leg, record) = leg.closed_up(sealing, &Actor::Node);
        let route = leg.route.clone();
        Ok(Change::new(leg, record).effect(Effect::Publish { package, to, route }))
    }

    /// Sender: the file is built and locked with a password for a receiver that has no node; a person hands it over.
    /// Once more before it was handed over, it is another file under another password.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `approved`, or `sealed` by this very step.
    pub fn lock(
        self,
        sealing: Sealing,
        password_by: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        let again = self.state == State::Sealed;
        let mut leg = self.step("lock")?;
        leg.file += u32::from(again);
        let (leg, record) = leg.closed_up(sealing, &by.actor());
        let record = record.rule("SEC-06").id("password-by", password_by);
        Ok(Change::new(leg, record))
    }

    fn closed_up(self, sealing: Sealing, by: &Actor) -> (Self, Record) {
        let mut leg = self;
        let Sealing {
            package,
            numbers,
            cells,
            withheld,
            without_gateway,
            disclosure,
            ciphertext,
        } = sealing;
        leg.package = Some(package.clone());
        leg.rows = numbers.count();
        leg.numbers = numbers.listed();
        leg.disclosure = Some(disclosure);
        let record = leg
            .record(Act::LegSealed, by)
            .id("package", &package)
            .id("to", &leg.peer)
            .count("rows", leg.rows)
            .count("cells", cells)
            .count("withheld", withheld.len() as u64)
            .count("without-gateway", without_gateway)
            .fact("disclosure", Fact::Digest(disclosure))
            .fact("ciphertext", Fact::Digest(ciphertext));
        leg.withheld = withheld;
        (leg, record)
    }

    /// Sender: the package is on the transport.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sealed`.
    pub fn sent(self, at: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("sent")?;
        leg.sent_at = Some(at);
        let record = leg
            .record(Act::LegSent, &Actor::Node)
            .count("rows", leg.rows);
        Ok(Change::new(leg, record))
    }

    /// Sender: the agreement ended before the sealed file could go. Nothing of it left; a person gives it up (REV-10).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sealed`.
    pub fn take_back(self) -> Result<Change<Self>, Refusal> {
        let leg = self.step("take-back")?.anew();
        let record = leg
            .record(Act::LegTakenBack, &Actor::Node)
            .rule("REV-10")
            .count("file", u64::from(leg.file));
        Ok(Change::new(leg, record))
    }

    /// The same rows, to be made into another file.
    fn anew(mut self) -> Self {
        self.file += 1;
        self.package = None;
        self.disclosure = None;
        self.sent_at = None;
        self
    }

    /// Sender: the receiver has it, as itself or a person here says, and answers until then, where the agreement sets a time.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sent`.
    pub fn accepted(
        self,
        rows: u64,
        reply_by: Option<Timestamp>,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("accepted")?;
        leg.reply_by = reply_by;
        let record = leg.record(Act::LegAccepted, by).count("rows", rows);
        Ok(Change::new(leg, record))
    }

    /// Sender: the receiver refused it whole, as itself or a person here says.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `sent`.
    pub fn refused_there(self, fault: FileFault, by: &Actor) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("refused-there")?;
        let record = leg
            .record(Act::LegRefusedThere, by)
            .text("fault", fault.to_string());
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Sender: the same run, the same rows, a new file (RUN-10).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `refused-there`.
    pub fn reopen(self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let leg = self.step("reopen")?.anew();
        let record = leg
            .record(Act::LegReopened, &by.actor())
            .count("file", u64::from(leg.file));
        Ok(Change::new(leg, record))
    }

    /// Sender: a match that it rests on was refuted before it was sealed. Whoever released it released something else,
    /// so it passes the gate and is released anew (MATCH-06).
    ///
    /// # Errors
    /// A refusal (RUN-04) once it is sealed.
    pub fn prepare_again(self, rows: u64, by: &Actor) -> Result<Change<Self>, Refusal> {
        let leg = self.step("prepare-again")?;
        let record = leg
            .record(Act::LegPreparedAgain, by)
            .rule("MATCH-06")
            .count("rows", rows);
        Ok(Change::new(leg, record))
    }

    /// Sender: the receiver is to be told that rows it has must not be relied on (S-04).
    ///
    /// # Errors
    /// A refusal (RUN-04) unless the file has left, or is about to.
    pub fn recall(mut self, places: &[u64], by: &Actor) -> Result<Change<Self>, Refusal> {
        if !self.has_left() {
            return Err(Refusal::new(
                "RUN-04",
                format!(
                    "{} of {} has not left: nothing to recall",
                    self.flow, self.run
                ),
            ));
        }
        self.recalls += 1;
        let record = self
            .record(Act::RecallSent, by)
            .rule("FLAG-08")
            .id("to", &self.peer)
            .count("rows", places.len() as u64);
        Ok(Change::new(self, record))
    }

    /// Sender: the other party was told of its volume beforehand and agreed; where that is written is the reason.
    ///
    /// # Errors
    /// A refusal (RUN-16) once it is sealed, or without a reason.
    pub fn volume_agreed(
        mut self,
        with: &PartyId,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.needs_making("RUN-16")?;
        if reason.trim().is_empty() {
            let what = "that the other party agreed needs where it says so";
            return Err(Refusal::without_reason("RUN-16", what));
        }
        self.agreed_volume = Some(self.rows);
        let record = self
            .record(Act::VolumeAgreed, &by.actor())
            .rule("RUN-16")
            .id("with", with)
            .count("rows", self.rows)
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Sender: a senior person approves the circumstance of the case.
    ///
    /// # Errors
    /// A refusal (EXCH-DFE-11) where nothing waits for it, or without a reason.
    pub fn circumstance_approved(
        mut self,
        reason: &str,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        self.needs_making("EXCH-DFE-11")?;
        if reason.trim().is_empty() {
            let what = "the approval of a circumstance needs its reason";
            return Err(Refusal::without_reason("EXCH-DFE-11", what));
        }
        let Some(waits) = self.circumstance.as_mut().filter(|c| c.needs_senior) else {
            let what = format!("{} of {} waits for no senior person", self.flow, self.run);
            return Err(Refusal::new("EXCH-DFE-11", what));
        };
        waits.needs_senior = false;
        let record = self
            .record(Act::CircumstanceApproved, &by.actor())
            .rule("EXCH-DFE-11")
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    fn needs_making(&self, rule: &'static str) -> Result<(), Refusal> {
        self.is_being_made().then_some(()).ok_or_else(|| {
            let what = format!("{} of {} is {}", self.flow, self.run, self.state.name());
            Refusal::new(rule, what).help("it is said before the file is sealed")
        })
    }

    /// Is it made here, and not sealed yet?
    pub fn is_being_made(&self) -> bool {
        matches!(
            self.state,
            State::Prepared | State::Validated | State::Approved
        )
    }

    /// Is its present file with the receiver, or on its way there and out of anybody's reach?
    pub fn has_left(&self) -> bool {
        self.side == Side::Sender
            && match self.state {
                State::Sealed | State::Sent | State::Accepted => true,
                State::Closed => self.sent_at.is_some(),
                State::Prepared
                | State::Validated
                | State::Approved
                | State::RefusedThere
                | State::Received
                | State::Rejected
                | State::Held
                | State::Loaded
                | State::Matched => false,
            }
    }

    /// When its present file left: now, where it is sealed and nobody can hold it back any more.
    pub fn left_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state == State::Sealed {
            Some(now)
        } else {
            self.sent_at
        }
    }

    /// How many recalls were sent about it.
    pub fn recalls(&self) -> u32 {
        self.recalls
    }
}
