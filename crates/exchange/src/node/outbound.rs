//! Sending: extract, pass the gate, be released by a person, be built and sealed.

use std::ops::RangeInclusive;
use std::sync::Arc;

use agreement::{DatasetId, Flow, Others, Plan};
use ledger::disclosure::Committing;
use ledger::{Cell, Digest, Digesting, DisclosureKey};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::agreements::actor;
use super::leaving::{Leaving, overlay};
use super::left::Left;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person, Role};
use crate::change::{Aggregate, Batch};
use crate::cover::Cover;
use crate::gate::{Cells, Rows};
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, PackageId, RunId};
use crate::leg::{Leg, Of, Sealing};
use crate::message::{Head, Kind, Manifest};
use crate::pact::Pact;
use crate::ports::{Parts, PortFault, SealingFile, Spooled, Writing};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows;
use crate::run::Run;
use crate::table::Format;
use crate::trouble::Trouble;

impl Node {
    /// Passes the gate: all failing conditions together, and a permit for every cell (RUN-05).
    ///
    /// # Errors
    /// [`Trouble`] with every refusal.
    pub async fn validate(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &Actor::Node, async {
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let passed = self.leaving(&leg, None).await?.passed;
            let change = leg.validate(passed.rows, passed.cells)?;
            self.commit(Batch::new(op.clone(), "leg.validate").and(change)?)
                .await
        })
        .await
    }

    /// A person records that the other party was told of a file's volume beforehand and agreed, and where that is
    /// written (RUN-16).
    ///
    /// # Errors
    /// [`Trouble`]: refused where the agreement lets nobody agree to it.
    pub async fn volume_agreed(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let (_, _, flow_plan) = self.flow(leg.agreement(), flow).await?;
            let with = flow_plan.volume.as_ref().and_then(|v| v.beyond.as_ref());
            let Some(with) = with else {
                let what = format!("nobody can agree to another volume of {flow}");
                let help = "the agreement says how many rows a file may have";
                return Err(Refusal::new("RUN-16", what).help(help).into());
            };
            let change = leg.volume_agreed(with, reason, &by)?;
            self.commit(Batch::new(op.clone(), "leg.volume").and(change)?)
                .await
        })
        .await
    }

    /// The senior information risk owner approves the circumstance of a case (EXCH-DFE-11).
    ///
    /// # Errors
    /// [`Trouble`]: refused to anybody else.
    pub async fn approve_circumstance(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Approve)?;
            if by.role() != Role::RiskOwner {
                let what = "this circumstance is the senior information risk owner's to approve";
                let help = "ask the senior information risk owner";
                return Err(Refusal::new("EXCH-DFE-11", what).help(help).into());
            }
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let change = leg.circumstance_approved(reason, &by)?;
            self.commit(Batch::new(op.clone(), "leg.circumstance").and(change)?)
                .await
        })
        .await
    }

    /// A person releases a validated file to be sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn release(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Release)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            self.commit(Batch::new(op.clone(), "leg.release").and(leg.release(&by)?)?)
                .await
        })
        .await
    }

    /// Takes back a file that the receiver refused, to be validated, released and sealed again (RUN-10).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn reopen(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            self.commit(Batch::new(op.clone(), "leg.reopen").and(leg.reopen(&by)?)?)
                .await
        })
        .await
    }

    /// Gives a file up before anything of it is used: its values die, and where it starts a run, whoever was
    /// selected counts as not asked and the run ends with its values.
    ///
    /// # Errors
    /// [`Trouble`]: refused once the file is on its way or was used, and without a reason (RUN-04).
    pub async fn abandon(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?.actor();
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let holdings = leg.holdings().to_vec();
            let starts = self.find::<Run>(run.as_str()).await?;
            let starts = starts.filter(|r| r.flow() == flow && r.status() == "open");
            let mut change = leg.abandon(reason, &by)?;
            if starts.is_some() {
                for trace in self.given_up(change.state()).await? {
                    change = change.along(&trace);
                }
            }
            let mut batch = Batch::new(op.clone(), "leg.abandon").and(change)?;
            for id in &holdings {
                let holding: Holding = self.need(id.as_str()).await?;
                if holding.is_alive() {
                    batch = batch.and(holding.discard(self.now(), &by)?)?;
                }
            }
            if let Some(started) = starts {
                let on = crate::deadline::london_day(self.now())?;
                batch = batch.and(started.closing(on, &by)?)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// Builds the file out of the cells that may leave at this moment, commits to them, seals it once to the
    /// recipient and intends to publish it.
    ///
    /// # Errors
    /// [`Trouble`]: the gate is asked again, since eligibility is tested at each send (RUN-20).
    pub async fn seal(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &Actor::Node, async {
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let (_, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
            let mut commitment = Commitment::of(self.disclosure_key(&leg).await?);
            let leaving = self.leaving(&leg, Some(&mut commitment)).await?;
            let (disclosure, roots) = commitment.done();
            let format = format_of(&flow_plan)?;
            let kind = if flow_plan.answers.is_some() {
                Kind::Return
            } else {
                Kind::Data
            };
            let base = self.base_leg(run, &flow_plan).await?;
            let answers = base.as_ref().and_then(|b| b.package().cloned());
            let manifest = self.manifest(&leg, kind, leg.file(), answers)?;
            let rows = leaving.passed.rows;
            let (project, reply_by) = self.stated(&plan, &flow_plan, run).await?;
            let cover =
                Cover::of(&plan, &flow_plan, &leg, format).stating(project.as_ref(), reply_by);
            let head = Head::File {
                name: cover.name.clone(),
                format,
                rows,
                disclosure,
                nil: nil(&flow_plan, base.as_ref(), rows),
                as_of: leg
                    .as_of()
                    .unwrap_or(crate::deadline::london_day(self.now())?),
                quality: leg.quality().map(str::to_owned),
                project,
                reply_by,
            };
            if self.is_by_hand(leg.peer()) {
                let what = format!("{} has no node: its files are locked", leg.peer());
                let help = "`concordat run export` locks it with a password";
                return Err(Refusal::new("SEC-06", what).help(help).into());
            }
            let to = self.card_of(leg.peer()).await?;
            let sealing = self.ports.sealer.begin(&manifest, &head, &to)?;
            let file = self.ports.forms.begin(format, &cover)?;
            let (front, spooled) = self
                .built(&leg, &flow_plan, &leaving, file, sealing)
                .await?;
            let sealing = Sealing {
                package: manifest.id.clone(),
                numbers: leaving.rows.numbers().collect(),
                cells: leaving.passed.cells,
                without_gateway: leaving.passed.without_gateway,
                withheld: leaving.passed.withheld.clone(),
                disclosure,
                ciphertext: digest(&front, &spooled).await?,
            };
            let batch = Batch::new(op.clone(), "leg.seal");
            let batch = batch.large_package(&manifest.id, front, spooled);
            let batch = self
                .remember_proofs(op, &leg, leg.file(), (&leaving, &roots), batch)
                .await?;
            let anew = &leaving.anew;
            let batch = self.put_anew(op, &leg, &flow_plan, anew, batch).await?;
            let mut change = leaving.counted(leg.seal(sealing)?);
            let passed = &leaving.passed;
            for trace in self.not_sent(change.state(), &flow_plan, passed).await? {
                change = change.along(&trace);
            }
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// Builds the file out of the rows that leave, a page at a time, and seals it into the spool: no more than a page is
    /// in memory, but for a form that can only be written whole. Gives what stands before the ciphertext, and that.
    async fn built(
        &self,
        leg: &Leg,
        flow: &Flow,
        leaving: &Leaving,
        mut file: Box<dyn Writing>,
        mut sealing: Box<dyn SealingFile>,
    ) -> Result<(Vec<u8>, Spooled), Trouble> {
        let mut spool = self.ports.spool.begin().await?;
        let (mut plain, mut sealed) = (Zeroizing::new(Vec::new()), Vec::new());
        for page in rows::pages(leaving.rows.last()) {
            self.page_into(leg, flow, leaving, &page, &mut *file, &mut plain)
                .await?;
            sealing.push(&plain, &mut sealed)?;
            plain.zeroize();
            spool.push(&sealed).await?;
            sealed.clear();
        }
        file.finish(&mut plain)?;
        sealing.push(&plain, &mut sealed)?;
        let front = sealing.finish(&mut sealed)?;
        spool.push(&sealed).await?;
        Ok((front, spool.done().await?))
    }

    /// Adds a page of the rows that leave to the file that is being built.
    pub(super) async fn page_into(
        &self,
        leg: &Leg,
        flow: &Flow,
        leaving: &Leaving,
        page: &RangeInclusive<u64>,
        file: &mut dyn Writing,
        plain: &mut Vec<u8>,
    ) -> Result<(), Trouble> {
        let mut rows = self.rows_of_page(leg, flow, page).await?;
        overlay(&mut rows, &leaving.anew, page);
        let cells = Cells::of(flow);
        for n in leaving.rows.on(page) {
            file.row(&cells.row(&rows, n), plain)?;
        }
        Ok(())
    }

    /// The key of a file's cell salts: derived from the keys of all its holdings, so that the first of them to
    /// die takes every salt with it.
    pub(super) async fn disclosure_key(&self, leg: &Leg) -> Result<DisclosureKey, Trouble> {
        let mut all = Zeroizing::new(Vec::new());
        for holding in leg.holdings() {
            all.extend_from_slice(&*self.ports.vault.derive(holding, "disclosure").await?);
        }
        Ok(DisclosureKey::new(*Digest::of(&all).as_bytes()))
    }

    /// Keeps which permit each cell relied on, and the roots over each 256 rows, sealed beside the rows and dead with them: a
    /// proof needs the permits, and with the roots no more rows than those near its own.
    pub(super) async fn remember_proofs(
        &self,
        op: &OperationId,
        leg: &Leg,
        file: u32,
        (leaving, roots): (&Leaving, &[Digest]),
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        let Some(holding) = leg.holdings().first() else {
            return Ok(batch);
        };
        let plain = Zeroizing::new(
            serde_json::to_vec(&Relying::of(leaving)).map_err(|e| PortFault(e.to_string()))?,
        );
        let roots: Vec<u8> = roots.iter().flat_map(|root| root.0).collect();
        let items = [
            (relied_item(file), plain),
            (roots_item(file), Zeroizing::new(roots)),
        ];
        let sealed = self.ports.vault.seal_many(holding, op, &items).await?;
        let put = |batch: Batch, ((name, _), sealed)| batch.item(holding, name, sealed);
        Ok(items.into_iter().zip(sealed).fold(batch, put))
    }

    /// Rows that leave otherwise than they were prepared are kept as they leave: a proof needs them.
    pub(super) async fn put_anew(
        &self,
        op: &OperationId,
        leg: &Leg,
        flow: &Flow,
        anew: &Rows,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        for (dataset, holding) in datasets(flow).iter().zip(leg.holdings()) {
            let rows = anew.get(dataset).into_iter().flatten();
            let numbered = rows.map(|(n, row)| (*n, row));
            batch = rows::seal(&*self.ports.vault, op, holding, numbered, batch).await?;
        }
        Ok(batch)
    }

    pub(super) async fn rows_of(&self, leg: &Leg, flow: &Flow) -> Result<Rows, Trouble> {
        let mut rows = Rows::new();
        for (dataset, holding) in datasets(flow).into_iter().zip(leg.holdings()) {
            let (store, vault) = (&*self.ports.store, &*self.ports.vault);
            rows.insert(dataset, rows::open(store, vault, holding).await?);
        }
        Ok(rows)
    }

    /// One page of the rows of a leg.
    pub(super) async fn rows_of_page(
        &self,
        leg: &Leg,
        flow: &Flow,
        page: &RangeInclusive<u64>,
    ) -> Result<Rows, Trouble> {
        let mut all = Rows::new();
        for (dataset, holding) in datasets(flow).into_iter().zip(leg.holdings()) {
            let (store, vault) = (&*self.ports.store, &*self.ports.vault);
            let rows = rows::open_page(store, vault, holding, page).await?;
            all.insert(dataset, rows);
        }
        Ok(all)
    }

    pub(super) async fn flow(
        &self,
        agreement: &AgreementId,
        flow: &FlowId,
    ) -> Result<(Pact, Arc<Plan>, Flow), Trouble> {
        let (pact, plan) = self.pact(agreement).await?;
        let flow_plan = plan
            .file(flow)
            .ok_or_else(|| Refusal::new("LEG-01", format!("{agreement} has no flow {flow}")))?;
        Ok((pact, plan, flow_plan))
    }
}

/// Which permits the cells of a sent file relied on: few patterns, and one of them for each row.
#[derive(Deserialize)]
pub(super) struct Relied {
    patterns: Vec<Vec<String>>,
    rows: Vec<usize>,
}

/// The same, as it is written.
#[derive(Serialize)]
struct Relying<'a> {
    patterns: Vec<Vec<&'a str>>,
    rows: &'a Left,
}

impl<'a> Relying<'a> {
    fn of(leaving: &'a Leaving) -> Self {
        let names = |pattern: &'a Vec<Arc<str>>| pattern.iter().map(AsRef::as_ref).collect();
        Self {
            patterns: leaving.passed.patterns.iter().map(names).collect(),
            rows: &leaving.rows,
        }
    }
}

impl Relied {
    /// The permits of the row at a place of the file, counted from 0.
    pub(super) fn at(&self, place: usize) -> Option<&[String]> {
        self.patterns.get(*self.rows.get(place)?).map(Vec::as_slice)
    }
}

/// The name of the item that keeps them.
pub(super) fn relied_item(file: u32) -> String {
    format!("permits/{file}")
}

/// The name of the item that keeps the roots of a file's commitment.
pub(super) fn roots_item(file: u32) -> String {
    format!("roots/{file}")
}

/// How many rows that were asked about have no content, where the agreement shows them so.
fn nil(flow: &Flow, base: Option<&Leg>, rows: u64) -> Option<u64> {
    let answers = flow.answers.as_ref()?;
    (answers.others == Some(Others::NilCount))
        .then(|| base.map_or(0, |b| b.rows().saturating_sub(rows)))
}

/// The datasets of a flow, in the order of its columns.
pub(super) fn datasets(flow: &Flow) -> Vec<DatasetId> {
    let mut all: Vec<DatasetId> = Vec::new();
    for column in &flow.columns {
        if !all.contains(&column.field.dataset) {
            all.push(column.field.dataset.clone());
        }
    }
    all
}

/// The format of a flow's file; a refusal (RUN-12) where the flow goes as something else than a file.
pub(super) fn format_of(flow: &Flow) -> Result<Format, Refusal> {
    match flow.form {
        Some(agreement::Form::Xlsx) => Ok(Format::Xlsx),
        // Between nodes a form is a table of its rows; `concordat run form` prints it.
        Some(agreement::Form::Csv | agreement::Form::Form) => Ok(Format::Csv),
        Some(agreement::Form::Letter | agreement::Form::Call) | None => {
            let what = format!("the flow {} does not go as a file of rows", flow.id);
            Err(Refusal::new("RUN-12", what))
        }
    }
}

pub(super) fn of(pact: &Pact, flow: &FlowId, run: &RunId, plan: &Flow) -> Of {
    Of {
        run: run.clone(),
        flow: flow.clone(),
        agreement: pact.id().clone(),
        hash: pact.hash(),
        peer: plan.to.clone(),
        route: plan.route.clone(),
    }
}

/// The id of the holding that a dataset of a leg's file is in.
pub(super) fn holding_id(of: &Of, file: u32, dataset: &DatasetId) -> Result<HoldingId, Trouble> {
    Ok(HoldingId::parse(format!(
        "{}/{}.{file}/{dataset}",
        of.run, of.flow
    ))?)
}

/// A row's cells as the disclosure commits to them.
pub(super) fn committed<'a, S: AsRef<str>>(
    flow: &'a Flow,
    permits: &'a [S],
    values: &[&'a str],
) -> Vec<Cell<'a>> {
    let cells = flow.columns.iter().zip(permits).zip(values);
    cells
        .map(|((column, permit), value)| Cell {
            permit: permit.as_ref(),
            field: column.name.as_str(),
            value,
        })
        .collect()
}

/// The commitment to the rows of a file, made as they pass the gate.
pub(super) struct Commitment {
    key: DisclosureKey,
    rows: Committing,
}

impl Commitment {
    pub(super) fn of(key: DisclosureKey) -> Self {
        Self {
            key,
            rows: Committing::default(),
        }
    }

    /// The root over all rows that were taken, and those over each 256 of them.
    pub(super) fn done(self) -> (Digest, Vec<Digest>) {
        let roots = self.rows.roots().to_vec();
        (self.rows.done().root, roots)
    }

    pub(super) fn row(
        &mut self,
        flow: &Flow,
        permits: &[Arc<str>],
        values: &[&str],
    ) -> Result<(), PortFault> {
        let cells = committed(flow, permits, values);
        let taken = self.rows.row(&self.key, &cells);
        taken.map_err(|e| PortFault(e.to_string()))
    }
}

/// The digest of a package's bytes.
pub(super) async fn digest(front: &[u8], rest: &Spooled) -> Result<Digest, PortFault> {
    let mut digesting = Digesting::default();
    digesting.take(front);
    let mut parts = rest.parts();
    while let Some(part) = parts.next().await? {
        digesting.take(&part);
    }
    Ok(digesting.done())
}

impl Node {
    pub(super) fn manifest(
        &self,
        leg: &Leg,
        kind: Kind,
        number: impl std::fmt::Display,
        answers: Option<PackageId>,
    ) -> Result<Manifest, Trouble> {
        let id = format!(
            "{}.{}.{}.{}.{number}",
            self.party(),
            leg.run(),
            leg.flow(),
            kind.as_str()
        );
        Ok(Manifest {
            v: 1,
            id: PackageId::parse(id)?,
            kind,
            from: self.party().clone(),
            to: leg.peer().clone(),
            agreement: leg.agreement().clone(),
            hash: leg.hash(),
            run: leg.run().clone(),
            flow: leg.flow().clone(),
            answers,
            sealed_at: self.now(),
        })
    }
}
