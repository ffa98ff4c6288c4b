//! A leg at the node that receives.

use jiff::Timestamp;
use ledger::{Code, Digest, Fact};

use super::{Leg, Numbers, Of, Side, Sources, State};
use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Change, Record};
use crate::effect::Effect;
use crate::ids::{HoldingId, PackageId};
use crate::refusal::Refusal;
use crate::table::FileFault;

/// A file that arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The package.
    pub package: PackageId,
    /// When it arrived.
    pub at: Timestamp,
    /// The digest of its bytes, as they came.
    pub bytes: Digest,
    /// Until when it is to be answered, where the agreement sets a time.
    pub reply_by: Option<Timestamp>,
    /// Is it an answer that comes later than it was to come (RUN-18)?
    pub late: bool,
}

impl Leg {
    /// Receiver: the first file of this leg is in its restricted place, unopened (RUN-14).
    pub fn receive(of: Of, file: Arrival) -> Change<Self> {
        Self::new(of, Side::Receiver, State::Received).arrived(file)
    }

    /// Receiver: another file, after one that was refused (RUN-10).
    ///
    /// # Errors
    /// A refusal (RUN-04) unless the last file was rejected.
    pub fn receive_again(self, file: Arrival) -> Result<Change<Self>, Refusal> {
        Ok(self.step("receive")?.next_file().arrived(file))
    }

    /// Receiver: a person brought the first file of a sender that has no node, unopened.
    pub fn receive_by_hand(of: Of, file: Arrival, by: &Warrant) -> Change<Self> {
        Self::new(of, Side::Receiver, State::Received).brought(file, by)
    }

    /// Receiver: a person brought another file, after one that was refused.
    ///
    /// # Errors
    /// A refusal (RUN-04) unless the last file was rejected.
    pub fn receive_again_by_hand(
        self,
        file: Arrival,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        Ok(self.step("receive")?.next_file().brought(file, by))
    }

    fn next_file(mut self) -> Self {
        self.file += 1;
        self.fault = None;
        self.tries = 0;
        self
    }

    /// Receiver: a second, different file takes the place of the first, of which nothing was used. Its bytes are kept here
    /// under that name.
    ///
    /// # Errors
    /// A refusal (RUN-04) once the first is loaded, or refused.
    pub fn take_rival(
        self,
        file: Arrival,
        kept_as: PackageId,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("take-rival")?.next_file();
        leg.package = Some(file.package);
        leg.bytes = Some(file.bytes);
        leg.received_at = Some(file.at);
        leg.kept_as = Some(kept_as);
        leg.holdings = Vec::new();
        let record = leg
            .record(Act::LegReplaced, &by.actor())
            .count("file", u64::from(leg.file))
            .fact("ciphertext", Fact::Digest(file.bytes));
        Ok(Change::new(leg, record))
    }

    fn brought(mut self, file: Arrival, by: &Warrant) -> Change<Self> {
        let record = self.taken_in(&file, &by.actor());
        Change::new(self, record.fact("ciphertext", Fact::Digest(file.bytes)))
    }

    /// So many passwords are tried before a file is refused.
    pub const TRIES: u32 = 5;

    /// Receiver: the locked file did not open with the password that was given; after the last try it is refused.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn missed(self, fault: FileFault, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("missed")?;
        leg.tries += 1;
        let mut record = leg
            .record(Act::PasswordWrong, &by.actor())
            .rule("SEC-06")
            .count("tries", u64::from(leg.tries));
        if leg.tries >= Self::TRIES {
            leg = leg.step("reject")?;
            record = leg.rejection(&by.actor(), &fault);
            leg.fault = Some(fault);
        }
        Ok(Change::new(leg, record))
    }

    /// Receiver: the same, to be answered until then where no clock of the agreement says until when (RUN-03).
    #[must_use]
    pub fn answered_by(mut self, at: Option<Timestamp>) -> Self {
        self.reply_by = self.reply_by.or(at);
        self
    }

    fn arrived(mut self, file: Arrival) -> Change<Self> {
        let record = self.taken_in(&file, &self.partner());
        let (package, route) = (file.package, self.route.clone());
        Change::new(self, record).effect(Effect::TakeAway { package, route })
    }

    fn taken_in(&mut self, file: &Arrival, by: &Actor) -> Record {
        self.package = Some(file.package.clone());
        self.bytes = Some(file.bytes);
        self.kept_as = None;
        self.received_at = Some(file.at);
        self.reply_by = file.reply_by;
        self.late = file.late;
        let record = self
            .record(Act::LegReceived, by)
            .id("from", &self.peer)
            .id("package", &file.package);
        match file.late {
            true => record
                .rule("RUN-18")
                .fact("late", Fact::Code(Code::of("yes"))),
            false => record,
        }
    }

    /// Receiver: refused whole for a structural fault; nothing of it is used (RUN-09, RUN-11).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn reject(self, fault: FileFault) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("reject")?;
        let record = leg.rejection(&Actor::Node, &fault);
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Receiver: well formed, but its content is at fault: kept, unused, until a person decides.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn hold(
        self,
        numbers: Numbers,
        holdings: Vec<HoldingId>,
        fault: FileFault,
        sources: Option<Sources>,
    ) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("hold")?;
        let rows = numbers.count();
        leg.rows = rows;
        leg.numbers = numbers.listed();
        leg.holdings = holdings;
        leg.sources = sources;
        let mut record = leg.record(Act::LegHeld, &Actor::Node).count("rows", rows);
        if let Some(row) = fault.row {
            record = record.count("row", row);
        }
        if let Ok(rule) = ledger::Code::parse(&fault.rule) {
            record = record.fact("broken-rule", Fact::Code(rule));
        }
        record = record.text("fault", fault.to_string());
        leg.fault = Some(fault);
        Ok(Change::new(leg, record))
    }

    /// Receiver: its values are in the vault and may be used.
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `received`.
    pub fn load(
        self,
        numbers: Numbers,
        holdings: Vec<HoldingId>,
        sources: Option<Sources>,
    ) -> Result<Change<Self>, Refusal> {
        let mut leg = self.step("load")?;
        leg.rows = numbers.count();
        leg.numbers = numbers.listed();
        leg.holdings = holdings;
        leg.sources = sources;
        let mut record = leg
            .record(Act::LegLoaded, &Actor::Node)
            .count("rows", leg.rows);
        if let Some(day) = leg.as_of() {
            record = record.fact("as-of", Fact::Date(day));
        }
        if let Some(quality) = leg.quality() {
            record = record.text("quality", quality);
        }
        Ok(Change::new(leg, record))
    }

    /// Receiver: a person releases a held file, with a reason.
    ///
    /// # Errors
    /// A refusal without a reason (RUN-11), or (RUN-04) from any other state than `held`.
    pub fn release_held(self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let mut leg = self.step("release-held")?;
        leg.fault = None;
        let record = leg
            .record(Act::LegReleased, &by.actor())
            .text("reason", reason);
        Ok(Change::new(leg, record))
    }

    /// Receiver: a person refuses a held file, with a reason.
    ///
    /// # Errors
    /// A refusal without a reason (RUN-11), or (RUN-04) from any other state than `held`.
    pub fn refuse_held(self, reason: &str, by: &Warrant) -> Result<Change<Self>, Refusal> {
        needs_reason(reason)?;
        let leg = self.step("refuse-held")?;
        let Some(fault) = leg.fault.clone() else {
            return Err(Refusal::new(
                "RUN-04",
                "the held file has no fault on record",
            ));
        };
        let record = leg.rejection(&by.actor(), &fault).text("reason", reason);
        Ok(Change::new(leg, record))
    }

    /// Receiver: matching is done (MATCH-01).
    ///
    /// # Errors
    /// A refusal (RUN-04) from any other state than `loaded`.
    pub fn matched(self, candidates: u64, by: &Warrant) -> Result<Change<Self>, Refusal> {
        let leg = self.step("match")?;
        let record = leg
            .record(Act::LegMatched, &by.actor())
            .count("rows", leg.rows)
            .count("candidates", candidates);
        Ok(Change::new(leg, record))
    }

    /// Receiver: the sender says that rows of this file must not be relied on (S-04).
    pub fn recalled(mut self, numbers: &[u64]) -> Change<Self> {
        self.recalled.extend(numbers);
        let rows = numbers.len() as u64;
        let record = self
            .record(Act::RecallReceived, &self.partner())
            .rule("FLAG-08")
            .count("rows", rows);
        Change::new(self, record)
    }
}

fn needs_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::without_reason(
            "RUN-11",
            "a decision about a held file needs its reason",
        ));
    }
    Ok(())
}
