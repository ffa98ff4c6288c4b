//! Sending: extract, pass the gate, be released by a person, be built and sealed.

use std::collections::BTreeMap;

use agreement::{DatasetId, Flow, Plan};
use jiff::{Span, Timestamp};
use ledger::{Cell, Digest, DisclosureKey};
use zeroize::Zeroizing;

use super::agreements::actor;
use super::{Done, Node};
use crate::approval::Approval;
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::gate::{self, Leaving, LeavingCell, RowFacts, Rows};
use crate::ids::{AgreementId, FlowId, HoldingId, OperationId, PackageId, RunId};
use crate::leg::{Leg, Of, Sealing};
use crate::message::{Head, Kind, Letter, Manifest};
use crate::pact::Pact;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::rows::{self, Row};
use crate::table::{Format, Table};
use crate::trouble::Trouble;

impl Node {
    /// Starts a run: extracts the eligible people of the case register for a flow (RUN-06).
    ///
    /// # Errors
    /// [`Trouble`]: refused when the agreement is not in force, or a person appears twice (RUN-19).
    pub async fn prepare(
        &self,
        op: &OperationId,
        agreement: &AgreementId,
        flow: &FlowId,
        run: &RunId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Run)?;
            let (pact, plan, flow_plan) = self.flow(agreement, flow).await?;
            let on = crate::deadline::london_day(self.now())?;
            pact.in_force(on)?;
            let register = self.ports.register.as_ref().ok_or_else(|| {
                Refusal::new(
                    "RUN-06",
                    format!("{} has no case register here", self.party()),
                )
            })?;
            let mut rows = BTreeMap::new();
            let mut incomplete = 0;
            let everybody = self.everybody().await?;
            let all = everybody.len() as u64;
            let eligible: Vec<String> = everybody
                .into_iter()
                .filter(|(_, facts)| {
                    flow_plan
                        .only
                        .as_ref()
                        .is_none_or(|only| plan.holds(only, facts, on) == agreement::Truth::True)
                })
                .map(|(person, _)| person)
                .collect();
            let passed_over = all - eligible.len() as u64;
            if let Some(n) = twice(&eligible) {
                return Err(Refusal::new(
                    "RUN-19",
                    format!("record {n} of the extract is a person who is in it already"),
                )
                .help("mend the register: there is one record for each person")
                .into());
            }
            let mut records = register.records(&eligible).await?;
            for person in &eligible {
                let Some(record) = records.remove(person) else {
                    continue;
                };
                let n = rows.len() as u64 + 1;
                let mut row = Row::default();
                for column in &flow_plan.columns {
                    let field = column.field.field.as_str();
                    let value = if column.minted.is_some() {
                        self.mint(op, n)
                    } else {
                        record.values.get(field).cloned().unwrap_or_default()
                    };
                    row.set(field, value);
                }
                if !gate::is_complete(&flow_plan, &row) {
                    incomplete += 1;
                    continue;
                }
                rows.insert(n, row);
            }
            if rows.is_empty() {
                return Err(
                    Refusal::new("RUN-20", "nobody in the register is eligible today").into(),
                );
            }
            let mut by_dataset = Rows::new();
            for dataset in datasets(&flow_plan) {
                by_dataset.insert(dataset, rows.clone());
            }
            let of = of(&pact, flow, run, &flow_plan);
            let batch = Batch::new(op.clone(), "leg.prepare");
            let (holdings, batch) = self
                .open_holdings(op, &plan, &of, 1, &by_dataset, &Actor::Node, batch)
                .await?;
            let change = Leg::prepare(
                of,
                rows.len() as u64,
                (passed_over, incomplete),
                holdings,
                &by,
            );
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// A reference that stands for a row between nodes and says nothing about the person.
    fn mint(&self, op: &OperationId, row: u64) -> String {
        let mut bytes = [0; 8];
        self.ports
            .entropy
            .fill(op, &format!("reference/{row}"), &mut bytes);
        format!("D{}", hex::encode_upper(bytes))
    }

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
            let leaving = self.leaving(&leg).await?;
            let change = leg.validate(leaving.rows.len() as u64, leaving.cells())?;
            self.commit(Batch::new(op.clone(), "leg.validate").and(change)?)
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
            let leaving = self.leaving(&leg).await?;
            let disclosure = self.commitment(&leg, &leaving).await?;
            let format = format_of(&flow_plan)?;
            let table = table_of(&flow_plan, &leaving);
            let file = self.ports.forms.write(format, &table)?;
            let kind = if flow_plan.answers.is_some() {
                Kind::Return
            } else {
                Kind::Data
            };
            let answers = match &flow_plan.answers {
                None => None,
                Some(answers) => self.answered(run, &answers.flows).await?,
            };
            let manifest = self.manifest(&leg, kind, leg.file(), answers)?;
            let letter = Letter {
                head: Head::File {
                    name: file_name(&plan, &leg, format),
                    format,
                    rows: leaving.rows.len() as u64,
                    disclosure: disclosure.root,
                },
                file,
            };
            let bytes =
                self.ports
                    .sealer
                    .seal(&manifest, &letter, &self.card_of(leg.peer()).await?)?;
            let sealing = Sealing {
                package: manifest.id.clone(),
                rows: leaving.rows.len() as u64,
                cells: leaving.cells(),
                withheld: leaving.withheld,
                disclosure: disclosure.root,
                ciphertext: Digest::of(&bytes),
            };
            let batch = Batch::new(op.clone(), "leg.seal")
                .package(&manifest.id, bytes)
                .and(leg.seal(sealing)?)?;
            self.commit(batch).await
        })
        .await
    }

    /// The cells that may leave now, or every reason why none may.
    pub(super) async fn leaving(&self, leg: &Leg) -> Result<Leaving, Trouble> {
        let (pact, plan, flow_plan) = self.flow(leg.agreement(), leg.flow()).await?;
        let now = self.now();
        let on = crate::deadline::london_day(now)?;
        let mut refusals = pact.in_force(on).err().unwrap_or_default();
        if !self
            .settings
            .routes
            .iter()
            .any(|r| r == flow_plan.route.as_str())
        {
            refusals.push(
                Refusal::new(
                    "RUN-13",
                    format!("the route {} is not approved here", flow_plan.route),
                )
                .help("only a route whose state is approved sends (SEC-07)"),
            );
        }
        if self.card_of(leg.peer()).await.is_err() {
            refusals.push(Refusal::new(
                "SEC-01",
                format!("the keys of {} are not taken on", leg.peer()),
            ));
        }
        if flow_plan.answers.is_none()
            && let Err(refusal) = self.approved(leg, now).await?
        {
            refusals.push(refusal);
        }
        let rows = self.rows_of(leg, &flow_plan).await?;
        let facts = self.facts_of(&rows).await?;
        match gate::pass(&plan, &flow_plan, &rows, &facts, on) {
            Ok(leaving) if refusals.is_empty() => Ok(leaving),
            Ok(_) => Err(refusals.into()),
            Err(more) => {
                refusals.extend(more);
                Err(refusals.into())
            }
        }
    }

    async fn approved(&self, leg: &Leg, now: Timestamp) -> Result<Result<(), Refusal>, Trouble> {
        let mut volume = leg.rows();
        let day = crate::deadline::london_day(now)?;
        let since = day
            .checked_sub(
                Span::new()
                    .try_months(12)
                    .map_err(|e| PortFault(e.to_string()))?,
            )
            .map_err(|e| PortFault(e.to_string()))?;
        for other in self.all::<Leg>().await? {
            let counted = other.agreement() == leg.agreement()
                && other.flow() == leg.flow()
                && other.run() != leg.run();
            if let Some(at) = other.sent_at()
                && counted
                && crate::deadline::london_day(at)? > since
            {
                volume += other.rows();
            }
        }
        let wanted = self.scope(leg.agreement(), leg.flow(), volume).await?;
        let key = Approval::key_of(leg.agreement(), leg.flow());
        Ok(match self.find::<Approval>(&key).await? {
            Some(approval) => approval.covers(&wanted),
            None => Err(
                Refusal::new("APP-03", format!("nobody has approved {}", leg.flow()))
                    .help("ask an information asset owner for approval"),
            ),
        })
    }

    async fn commitment(
        &self,
        leg: &Leg,
        leaving: &Leaving,
    ) -> Result<ledger::Disclosure, Trouble> {
        let key = self.disclosure_key(leg).await?;
        let rows = leaving.rows.iter().map(|(_, cells)| committed(cells));
        ledger::disclosure::commit(&key, rows).map_err(|e| PortFault(e.to_string()).into())
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

    pub(super) async fn rows_of(&self, leg: &Leg, flow: &Flow) -> Result<Rows, Trouble> {
        let mut rows = Rows::new();
        for (dataset, holding) in datasets(flow).into_iter().zip(leg.holdings()) {
            let (store, vault) = (&*self.ports.store, &*self.ports.vault);
            rows.insert(dataset, rows::open(store, vault, holding).await?);
        }
        Ok(rows)
    }

    /// The person keys and facts of everybody in the register.
    async fn everybody(&self) -> Result<Vec<(String, RowFacts)>, Trouble> {
        const BATCH: u32 = 10_000;
        let mut all: Vec<(String, RowFacts)> = Vec::new();
        let Some(register) = &self.ports.register else {
            return Ok(all);
        };
        loop {
            let after = all.last().map(|(person, _)| person.as_str());
            let batch = register.facts(after, BATCH).await?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    async fn facts_of(&self, rows: &Rows) -> Result<BTreeMap<u64, RowFacts>, Trouble> {
        let Some(register) = &self.ports.register else {
            return Ok(BTreeMap::new());
        };
        let field = register.person_field();
        let people: std::collections::BTreeSet<String> = rows
            .values()
            .flat_map(BTreeMap::values)
            .map(|row| row.get(field).to_owned())
            .collect();
        let people: Vec<String> = people.into_iter().collect();
        let known = register.records(&people).await?;
        let mut facts = BTreeMap::new();
        for (n, row) in rows.values().flatten() {
            if let Some(record) = known.get(row.get(field)) {
                facts.insert(*n, record.facts.clone());
            }
        }
        Ok(facts)
    }

    pub(super) async fn flow(
        &self,
        agreement: &AgreementId,
        flow: &FlowId,
    ) -> Result<(Pact, Plan, Flow), Trouble> {
        let (pact, plan) = self.pact(agreement).await?;
        let flow_plan = plan
            .flow(flow)
            .cloned()
            .ok_or_else(|| Refusal::new("LEG-01", format!("{agreement} has no flow {flow}")))?;
        Ok((pact, plan, flow_plan))
    }

    async fn answered(&self, run: &RunId, flows: &[FlowId]) -> Result<Option<PackageId>, Trouble> {
        for flow in flows {
            if let Some(leg) = self.find::<Leg>(&Leg::key_of(run, flow)).await? {
                return Ok(leg.package().cloned());
            }
        }
        Ok(None)
    }
}

/// The place, from 1, of the first person who comes a second time (RUN-19).
fn twice(people: &[String]) -> Option<usize> {
    let mut seen = std::collections::BTreeSet::new();
    people.iter().position(|p| !seen.insert(p)).map(|at| at + 1)
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
        Some(agreement::Form::Csv) => Ok(Format::Csv),
        Some(agreement::Form::Form | agreement::Form::Letter | agreement::Form::Call) | None => {
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
pub(super) fn committed(cells: &[LeavingCell]) -> Vec<Cell<'_>> {
    cells
        .iter()
        .map(|c| Cell {
            permit: &c.permit,
            field: &c.field,
            value: &c.value,
        })
        .collect()
}

fn table_of(flow: &Flow, leaving: &Leaving) -> Table {
    Table {
        columns: flow.columns.iter().map(|c| c.name.to_string()).collect(),
        rows: leaving
            .rows
            .iter()
            .map(|(_, cells)| cells.iter().map(|c| c.value.clone()).collect())
            .collect(),
    }
}

fn file_name(plan: &Plan, leg: &Leg, format: Format) -> String {
    format!("{}-{}-{}.{format}", plan.marking, leg.run(), leg.flow())
}

impl Node {
    pub(super) fn manifest(
        &self,
        leg: &Leg,
        kind: Kind,
        number: u32,
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
