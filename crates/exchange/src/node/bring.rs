//! What a party without a node sends back: a person brings the file and its password. It is opened in the confined
//! reader, and then refused whole, held or loaded as a package would be (RUN-09, RUN-11, SEC-06).

use std::sync::Arc;

use agreement::{Flow, Plan};
use async_trait::async_trait;
use jiff::civil::Date;
use ledger::Digest;
use zeroize::Zeroizing;

use super::agreements::actor;
use super::outbound::format_of;
use super::reading::{File, Refused};
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::cover::{Cover, annotated_name};
use crate::ids::{AgreementId, FlowId, OperationId, PackageId, RunId};
use crate::inward::{self, Pairing, Sent};
use crate::leg::{Arrival, Leg, Of, Sources, State};
use crate::password::{self, Password};
use crate::ports::{PortFault, Reading};
use crate::refusal::Refusal;
use crate::table::{FileFault, Format, Table};
use crate::trouble::Trouble;

/// A table that was read already, as one page.
struct Whole(Option<Table>);

#[async_trait]
impl Reading for Whole {
    async fn next(&mut self) -> Result<Result<Option<Table>, FileFault>, PortFault> {
        Ok(Ok(self.0.take()))
    }
}

/// A file that a person brings.
pub struct Brought {
    /// The agreement.
    pub agreement: AgreementId,
    /// The run.
    pub run: RunId,
    /// The flow that it is of.
    pub flow: FlowId,
    /// Its bytes, as they came.
    pub bytes: Vec<u8>,
    /// Its password.
    pub password: Password,
    /// The day for which its sender's sources stood; none is today.
    pub as_of: Option<Date>,
    /// How many rows that were asked about have no content, where the agreement shows them as a count.
    pub nil: Option<u64>,
}

impl Brought {
    /// What the file is known by: its bytes, and where they belong.
    pub(super) fn package(&self) -> Result<PackageId, Trouble> {
        let short: String = Digest::of(&self.bytes)
            .to_string()
            .chars()
            .take(24)
            .collect();
        let (run, flow) = (&self.run, &self.flow);
        Ok(PackageId::parse(format!("{run}.{flow}.by-hand.{short}"))?)
    }
}

impl Node {
    /// Takes in a file that a person brings from a party without a node.
    ///
    /// # Errors
    /// [`Trouble`]: refused (SEC-06) while the password does not open it; after five tries the file is refused whole.
    /// A file that came before is refused (RUN-17). What is wrong in an opened file is no error: the file is refused
    /// or held then.
    pub async fn bring(&self, brought: &Brought, who: &Person) -> Result<Done, Trouble> {
        let (run, flow) = (&brought.run, &brought.flow);
        let package = brought.package()?;
        let op = OperationId::parse(format!("bring:{package}"))?;
        let mut done = self
            .recorded(&op, &actor(who), async {
                let by = who.may(Action::Run)?;
                let (of, plan, flow_plan) = self.brought_of(brought).await?;
                let file = Arrival {
                    package: package.clone(),
                    at: self.now(),
                    bytes: Digest::of(&brought.bytes),
                    reply_by: self.reply_by(&plan, &flow_plan, self.now())?,
                    late: self.is_late(run, &flow_plan).await?,
                };
                let change = match self.find::<Leg>(&Leg::key_of(run, flow)).await? {
                    None => Leg::receive_by_hand(of, file, &by),
                    Some(leg) => leg.receive_again_by_hand(file, &by)?,
                };
                self.commit(Batch::new(op.clone(), "leg.bring").and(change)?)
                    .await
            })
            .await?;
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        let op = OperationId::parse(format!("open:{package}/{}", leg.tries()))?;
        done.extend(
            self.recorded(
                &op,
                &actor(who),
                self.open_brought(&op, leg, &package, brought, who),
            )
            .await?,
        );
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        if leg.state() == State::Loaded {
            self.clear_annotated(&leg).await?;
        }
        Ok(done)
    }

    /// Where a file that a person brings belongs.
    async fn brought_of(&self, brought: &Brought) -> Result<(Of, Arc<Plan>, Flow), Trouble> {
        let (pact, plan, flow) = self.flow(&brought.agreement, &brought.flow).await?;
        pact.runs(crate::deadline::london_day(self.now())?)?;
        if flow.to != *self.party() || !self.is_by_hand(&flow.from) {
            let what = format!("{} of {} is not brought by hand here", flow.id, flow.from);
            return Err(Refusal::new("RUN-13", what)
                .help("a party with a node sends packages")
                .into());
        }
        if pact.holds_off() || self.sent_leg(&brought.run, &flow).await?.is_none() {
            let what = "nothing was sent that this would answer, or its agreement is not in force";
            return Err(Refusal::new("RUN-11", what).into());
        }
        let of = Of {
            route: flow.route.clone(),
            run: brought.run.clone(),
            flow: brought.flow.clone(),
            agreement: brought.agreement.clone(),
            hash: pact.hash(),
            peer: flow.from.clone(),
        };
        Ok((of, plan, flow))
    }

    async fn open_brought(
        &self,
        op: &OperationId,
        leg: Leg,
        package: &PackageId,
        brought: &Brought,
        who: &Person,
    ) -> Result<Done, Trouble> {
        let by = who.may(Action::Run)?;
        if leg.package() != Some(package) || leg.state() != State::Received {
            let state = leg.state().name();
            let what = format!(
                "a file of {} was received before: it is {state}",
                leg.flow()
            );
            return Err(Refusal::new("RUN-17", what)
                .help("the first stands; another can come once it is refused")
                .into());
        }
        let (_, plan, flow) = self.brought_of(brought).await?;
        let format = format_of(&flow)?;
        let shape = inward::shape(&flow);
        let locks = &self.ports.locks;
        let opened = locks
            .open(format, &shape, &brought.bytes, &brought.password)
            .await?;
        if opened.as_ref().err() == Some(&password::unopened()) {
            let change = leg.missed(password::unopened(), &by)?;
            let left = Leg::TRIES.saturating_sub(change.state().tries());
            // Not under the operation itself: that would say that what was asked for is done.
            let missed = op.then("missed")?;
            self.commit(Batch::new(missed, "leg.missed").and(change)?)
                .await?;
            let help = if left == 0 {
                "the file is refused now: have it sent again under another password".to_owned()
            } else {
                format!("{left} tries are left before the file is refused")
            };
            let what = password::unopened().what;
            return Err(Refusal::new("SEC-06", what).help(help).into());
        }
        let on = crate::deadline::london_day(self.now())?;
        let sources = Sources {
            as_of: brought.as_of.unwrap_or(on),
            quality: None,
            project: None,
            reply_by: None,
        };
        let read = match opened {
            Ok(table) => {
                let file = File {
                    reading: Box::new(Whole(Some(table))),
                    rows: None,
                    nil: brought.nil,
                    sources,
                };
                self.filed(op, &leg, &plan, &flow, file).await?
            }
            Err(fault) => Err(Refused::from(fault)),
        };
        let batch = Batch::new(op.clone(), "leg.open");
        self.settle(leg, &plan, &flow, read, batch).await
    }

    /// The copy of a brought file that shows whoever must mend it what is wrong: its name and its bytes, locked with
    /// the file's own password. None where nothing is wrong.
    ///
    /// # Errors
    /// [`Trouble`]: refused where nothing of the file can be shown.
    pub async fn annotated(
        &self,
        brought: &Brought,
        who: &Person,
    ) -> Result<Option<(String, Vec<u8>)>, Trouble> {
        who.may(Action::Run)?;
        let (_, plan, flow) = self.brought_of(brought).await?;
        let leg: Leg = self.need(&Leg::key_of(&brought.run, &brought.flow)).await?;
        let (shape, locks) = (inward::shape(&flow), &self.ports.locks);
        let looked = locks
            .look(format_of(&flow)?, &shape, &brought.bytes, &brought.password)
            .await?;
        let mut looked = looked.map_err(|fault| {
            let what = format!("nothing of the file can be shown: {}", fault.what);
            Trouble::from(Refusal::new("RUN-09", what))
        })?;
        if looked.header() == shape.columns {
            let table = looked.table(&shape.columns);
            let on = crate::deadline::london_day(self.now())?;
            let sent = self.sent_for(&leg, &flow).await?;
            let asked_on = sent.as_ref().and_then(Sent::as_of);
            for (place, row) in (0..).zip(&table.rows) {
                for fault in inward::cell_faults(&plan, &flow, row, place, on, asked_on) {
                    looked.fault(fault);
                }
            }
            if let Some((answers, sent)) = flow.answers.as_ref().zip(sent.as_ref()) {
                let mut pairing = Pairing::new(&flow, answers, sent);
                for row in &table.rows {
                    pairing.row(row);
                }
                for fault in pairing.done(brought.nil) {
                    looked.fault(fault);
                }
            }
        }
        if looked.faults.is_empty() {
            return Ok(None);
        }
        looked.faults.sort_by_key(|fault| fault.row);
        let mut cover = Cover::of(&plan, &flow, &leg, Format::Xlsx);
        cover.name = annotated_name(&plan, &leg);
        let plain = Zeroizing::new(locks.annotate(&cover, &looked)?);
        let op = OperationId::parse(format!("annotate:{}/{}", brought.run, brought.flow))?;
        let mut seed = Zeroizing::new([0; 32]);
        self.ports.entropy.fill(&op, "lock", &mut *seed);
        let bytes = locks.lock(Format::Xlsx, &cover, &plain, &brought.password, &seed)?;
        Ok(Some((cover.name, bytes)))
    }
}
