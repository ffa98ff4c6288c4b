//! Receiving: a package is moved to its restricted place before anything else, opened in the confined reader,
//! and then refused whole, held for a person, or loaded.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Flow, Plan};
use jiff::civil::Date;
use ledger::Digest;

use super::agreements::actor;
use super::effects::gone;
use super::loading::{Loading, with_traces};
use super::outbound::{datasets, format_of};
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Actor, Person};
use crate::change::{Batch, Record};
use crate::gate::Rows;
use crate::ids::{FlowId, HoldingId, OperationId, PackageId, RunId};
use crate::inward::{self, Paired};
use crate::leg::{Leg, Of, Side, Sources, State};
use crate::message::{Head, Kind, Letter, Manifest, is_plain_note, rule_of};
use crate::ports::PackageFault;
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows::Row;
use crate::table::{FileFault, Table};
use crate::trouble::Trouble;

impl Node {
    /// Receives a waiting package. What is not wanted here is refused at the door, recorded, and taken away.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when something outside does not work; a refusal of the package is not an error.
    pub async fn receive(&self, id: &PackageId) -> Result<Done, Trouble> {
        let op = OperationId::parse(format!("receive:{id}"))?;
        if self.ports.store.done(&op).await? {
            return self.repeated(id).await;
        }
        let Some(bytes) = self.ports.transport.get(self.party(), id).await? else {
            return Ok(Vec::new());
        };
        match self.admit(id, &bytes).await {
            // It waits on the transport for what it rests on.
            Ok(manifest) if self.is_ahead(&manifest).await? => Ok(Vec::new()),
            Ok(manifest) => match manifest.kind {
                Kind::Data | Kind::Return => self.take_in(op, manifest, bytes).await,
                Kind::Receipt | Kind::Rejection | Kind::Destruction | Kind::Recall => {
                    self.take_note(op, manifest, &bytes).await
                }
            },
            Err(Trouble::Refused(refusals)) => self.turn_away(op, id, &bytes, refusals).await,
            Err(fault) => Err(fault),
        }
    }

    /// Is this package for us, from a party of an agreement in force here, under its very hash?
    async fn admit(&self, id: &PackageId, bytes: &[u8]) -> Result<Manifest, Trouble> {
        let manifest = self
            .ports
            .sealer
            .inspect(bytes, &self.cards().await?)
            .map_err(refused)?;
        let refuse = |rule, what: &str| Err(Trouble::from(Refusal::new(rule, what)));
        if manifest.id != *id {
            return refuse(
                "RUN-17",
                "the package lies under another name than its manifest says",
            );
        }
        if manifest.to != *self.party() {
            return refuse("RUN-13", "the package is for somebody else");
        }
        let (pact, plan) = self.pact(&manifest.agreement).await?;
        if pact.hash() != manifest.hash {
            return refuse(
                "AGR-01",
                "the package is under another version of the agreement",
            );
        }
        let on = crate::deadline::london_day(self.now())?;
        // Receipts and certificates are taken after the end as well: retention outlives the term (RET-15).
        if matches!(manifest.kind, Kind::Data | Kind::Return) {
            pact.runs(on)?;
        }
        let Some(flow) = plan.file(&manifest.flow) else {
            return refuse("LEG-01", "the agreement has no such flow");
        };
        let (from, to) = match rule_of(manifest.kind).sent_by {
            Side::Sender => (&flow.from, &flow.to),
            Side::Receiver => (&flow.to, &flow.from),
        };
        let answering = flow.answers.is_some();
        let kind_fits = match manifest.kind {
            Kind::Data => !answering,
            Kind::Return => answering,
            Kind::Receipt | Kind::Rejection | Kind::Destruction | Kind::Recall => true,
        };
        if *from != manifest.from || *to != manifest.to || !kind_fits {
            return refuse("LEG-01", "the flow does not go this way");
        }
        Ok(manifest)
    }

    /// Does it come before what it rests on? An answer may find its question sealed and not yet recorded as sent, by a
    /// node that stopped between the two; a recall may find its file not here, not opened, or held. Nothing is taken in under
    /// a suspended agreement.
    async fn is_ahead(&self, manifest: &Manifest) -> Result<bool, Trouble> {
        let file = matches!(manifest.kind, Kind::Data | Kind::Return);
        if file && self.pact(&manifest.agreement).await?.0.is_suspended() {
            return Ok(true);
        }
        let about = match manifest.kind {
            Kind::Data => return Ok(false),
            Kind::Recall => return self.recalls_ahead(manifest).await,
            Kind::Return => {
                let (_, _, flow) = self.flow(&manifest.agreement, &manifest.flow).await?;
                flow.answers.map(|a| a.flows).unwrap_or_default()
            }
            Kind::Receipt | Kind::Rejection | Kind::Destruction => vec![manifest.flow.clone()],
        };
        for flow in about {
            let leg = self.find::<Leg>(&Leg::key_of(&manifest.run, &flow)).await?;
            if leg.is_some_and(|leg| leg.state() == State::Sealed) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A recall is not lost because it is faster than its file: it waits until the file is loaded, or refused.
    async fn recalls_ahead(&self, manifest: &Manifest) -> Result<bool, Trouble> {
        let key = Leg::key_of(&manifest.run, &manifest.flow);
        let Some(leg) = self.find::<Leg>(&key).await? else {
            return Ok(true);
        };
        let of_this_file = manifest.answers.as_ref() == leg.package();
        Ok(match leg.state() {
            State::Received | State::Held => true,
            State::Rejected => !of_this_file,
            State::Prepared
            | State::Validated
            | State::Approved
            | State::Sealed
            | State::Sent
            | State::Accepted
            | State::RefusedThere
            | State::Loaded
            | State::Matched
            | State::Closed => false,
        })
    }

    async fn turn_away(
        &self,
        op: OperationId,
        id: &PackageId,
        bytes: &[u8],
        refusals: Vec<Refusal>,
    ) -> Result<Done, Trouble> {
        let mut batch = Batch::new(op, "package.refuse").effect(take_away(id));
        for refusal in refusals {
            let record = Record::new(Act::PackageRefused, &Actor::Node)
                .rule(refusal.rule)
                .id("package", id)
                .fact("ciphertext", ledger::Fact::Digest(Digest::of(bytes)))
                .text("what", refusal.what);
            batch = batch.note(record);
        }
        self.commit(batch).await
    }

    /// A package that was received before: nothing happens again; the first record stands.
    async fn repeated(&self, id: &PackageId) -> Result<Done, Trouble> {
        let first = OperationId::parse(format!("receive:{id}"))?;
        if self.ports.store.effect_open(&first).await? {
            return Ok(Vec::new()); // The first is still on its way off the transport.
        }
        self.ports.transport.remove(self.party(), id).await?;
        let op = OperationId::parse(format!("repeat:{id}"))?;
        if self.ports.store.done(&op).await? {
            return Ok(Vec::new());
        }
        let record = Record::new(Act::PackageRepeated, &Actor::Node).id("package", id);
        self.commit(Batch::new(op, "package.repeat").note(record))
            .await
    }

    async fn take_in(
        &self,
        op: OperationId,
        manifest: Manifest,
        bytes: Vec<u8>,
    ) -> Result<Done, Trouble> {
        let id = manifest.id.clone();
        let known = self
            .find::<Leg>(&Leg::key_of(&manifest.run, &manifest.flow))
            .await?;
        let change = match known {
            None if manifest.kind == Kind::Return && !self.asked(&manifest).await? => Err(
                Refusal::new("RUN-11", "nothing was sent that this would answer"),
            ),
            None => Ok(Leg::receive(
                Of {
                    run: manifest.run,
                    flow: manifest.flow,
                    agreement: manifest.agreement,
                    hash: manifest.hash,
                    peer: manifest.from,
                },
                id.clone(),
            )),
            Some(leg) => leg.receive_again(id.clone()),
        };
        match change {
            Ok(change) => {
                let batch = Batch::new(op, "leg.receive")
                    .package(&id, bytes)
                    .and(change)?;
                self.commit(batch).await
            }
            Err(refusal) => self.turn_away(op, &id, &bytes, vec![refusal]).await,
        }
    }

    async fn asked(&self, manifest: &Manifest) -> Result<bool, Trouble> {
        let (_, _, flow) = self.flow(&manifest.agreement, &manifest.flow).await?;
        Ok(self.sent_leg(&manifest.run, &flow).await?.is_some())
    }

    /// The leg of ours that a flow of this run answers, once it was sent.
    pub(super) async fn sent_leg(&self, run: &RunId, flow: &Flow) -> Result<Option<Leg>, Trouble> {
        for asked in flow.answers.iter().flat_map(|a| &a.flows) {
            if let Some(leg) = self.find::<Leg>(&Leg::key_of(run, asked)).await?
                && leg.sent_at().is_some()
            {
                return Ok(Some(leg));
            }
        }
        Ok(None)
    }

    /// A receipt, a rejection or a certificate: about a leg of ours.
    async fn take_note(
        &self,
        op: OperationId,
        manifest: Manifest,
        bytes: &[u8],
    ) -> Result<Done, Trouble> {
        let id = manifest.id.clone();
        let batch = Batch::new(op.clone(), "letter.receive").effect(take_away(&id));
        match self.note_about(&manifest, bytes, batch).await {
            Err(Trouble::Refused(refusals)) => self.turn_away(op, &id, bytes, refusals).await,
            done => done,
        }
    }

    /// A receipt, a rejection, a recall or a certificate: about a leg that is here, in a state that takes it.
    async fn note_about(
        &self,
        manifest: &Manifest,
        bytes: &[u8],
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let (_, letter) = self
            .ports
            .sealer
            .open(bytes, &self.cards().await?)
            .map_err(refused)?;
        let leg: Leg = self
            .need(&Leg::key_of(&manifest.run, &manifest.flow))
            .await?;
        manifest.kind.taken_by(&leg)?;
        // A letter about an older file of this leg says nothing about the present one.
        let about_this = manifest.answers.as_ref() == leg.package();
        match letter.head {
            Head::Receipt { rows } if about_this => {
                self.commit(batch.and(leg.accepted(rows)?)?).await
            }
            Head::Rejection { fault } if about_this => {
                self.commit(batch.and(leg.refused_there(fault)?)?).await
            }
            Head::Recall { rows } if about_this => {
                self.take_recall(manifest, leg, &rows, batch).await
            }
            Head::Destruction {
                what,
                rows,
                at,
                authority,
            } => {
                let record = Record::new(
                    Act::DestructionConfirmed,
                    &Actor::Partner(manifest.from.clone()),
                )
                .under(manifest.hash)
                .rule("RET-14")
                .id("run", &manifest.run)
                .id("flow", &manifest.flow)
                .id("what", what)
                .count("rows", rows)
                .fact("destroyed-at", ledger::Fact::At(at))
                .text("authority", authority);
                self.commit(batch.note(record)).await
            }
            Head::Receipt { .. }
            | Head::Rejection { .. }
            | Head::Recall { .. }
            | Head::File { .. } => Err(Refusal::new(
                "RUN-04",
                "the letter is about another file than the present one",
            )
            .into()),
        }
    }

    /// Opens a received file in the confined reader and refuses, holds or loads it. The answer to the sender
    /// is sealed in the same commit.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn open_received(&self, run: &RunId, flow: &FlowId) -> Result<Done, Trouble> {
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        let Some(package) = leg.package().cloned() else {
            return Err(Refusal::new("RUN-04", format!("{flow} of {run} has no package")).into());
        };
        let op = OperationId::parse(format!("open:{package}"))?;
        if leg.state() != State::Received || self.ports.store.done(&op).await? {
            return Ok(Vec::new());
        }
        let (pact, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
        if pact.is_suspended() {
            return Ok(Vec::new());
        }
        let asked = self.sent_leg(run, &flow_plan).await?;
        let asked_on = asked.and_then(|asked| asked.as_of());
        let read = self.read(&package, &plan, &flow_plan, asked_on).await?;
        let batch = Batch::new(op.clone(), "leg.open").drop_package(&package);
        let (table, nil, sources) = match read {
            Ok(read) => read,
            Err(fault) => {
                let head = Head::Rejection {
                    fault: fault.clone(),
                };
                let batch = self.reply(&leg, Kind::Rejection, head, batch).await?;
                return self.commit(batch.and(leg.reject(fault)?)?).await;
            }
        };
        let Paired { number, fault } = self.paired(&leg, &flow_plan, &table, nil).await?;
        let rows = inward::rows(&flow_plan, &table, &number);
        let (holdings, batch) = self
            .open_holdings(
                &op,
                &plan,
                &of(&leg),
                leg.file(),
                &rows,
                &partner(&leg),
                batch,
            )
            .await?;
        match fault {
            Some(fault) => {
                self.commit(batch.and(leg.hold(number, holdings, fault, Some(sources))?)?)
                    .await
            }
            None => {
                let file = Loading {
                    rows: &rows,
                    holdings: &holdings,
                    doubtful: &BTreeSet::new(),
                };
                let (traces, batch) = self.loaded(&leg, &plan, &flow_plan, &file, batch).await?;
                let change = with_traces(leg.load(number, holdings, Some(sources))?, &traces);
                self.commit(batch.and(change)?).await
            }
        }
    }

    async fn read(
        &self,
        package: &PackageId,
        plan: &Plan,
        flow: &Flow,
        asked_on: Option<Date>,
    ) -> Result<Result<(Table, Option<u64>, Sources), FileFault>, Trouble> {
        let Some(bytes) = self.ports.store.package(package, 0).await? else {
            return Err(gone(package).into());
        };
        let whole = |rule: &str, what: String| FileFault {
            rule: rule.into(),
            row: None,
            column: None,
            what,
        };
        let letter = match self.ports.sealer.open(&bytes, &self.cards().await?) {
            Ok((_, letter)) => letter,
            Err(fault) => return Ok(Err(whole("RUN-09", fault.to_string()))),
        };
        let Letter {
            head:
                Head::File {
                    format,
                    rows,
                    nil,
                    as_of,
                    quality,
                    ..
                },
            file,
        } = &letter
        else {
            return Ok(Err(whole("RUN-09", PackageFault::WrongLetter.to_string())));
        };
        if !quality.as_deref().is_none_or(is_plain_note) {
            let what = "the note about the quality of the sources is too long, or no plain text";
            return Ok(Err(whole("RUN-09", what.to_owned())));
        }
        let wanted = format_of(flow)?;
        if *format != wanted {
            return Ok(Err(whole(
                "RUN-12",
                format!("the agreement wants {wanted}"),
            )));
        }
        let table = match self
            .ports
            .forms
            .read(*format, &inward::shape(flow), file)
            .await?
        {
            Ok(table) => table,
            Err(fault) => return Ok(Err(fault)),
        };
        if table.rows.len() as u64 != *rows {
            let what = format!(
                "the file has {} rows, its letter says {rows}",
                table.rows.len()
            );
            return Ok(Err(whole("RUN-09", what)));
        }
        let sources = Sources {
            as_of: *as_of,
            quality: quality.clone(),
        };
        let on = crate::deadline::london_day(self.now())?;
        Ok(inward::cells(plan, flow, &table, on, asked_on).map(|()| (table, *nil, sources)))
    }

    /// The sent row's number for each row of a return; for a file that answers nothing, the order of the file.
    async fn paired(
        &self,
        leg: &Leg,
        flow: &Flow,
        table: &Table,
        nil: Option<u64>,
    ) -> Result<Paired, Trouble> {
        let Some(answers) = &flow.answers else {
            return Ok(Paired {
                number: (1..=table.rows.len() as u64).collect(),
                fault: None,
            });
        };
        let Some(asked) = self.sent_leg(leg.run(), flow).await? else {
            return Err(Refusal::new("RUN-11", "nothing was sent that this would answer").into());
        };
        let sent = self.sent_rows(&asked).await?;
        Ok(inward::pair(flow, answers, table, &sent, nil))
    }

    /// The rows of a leg that were sent, by number: all values of a row in one.
    async fn sent_rows(&self, leg: &Leg) -> Result<BTreeMap<u64, Row>, Trouble> {
        let (_, _, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        let mut all: BTreeMap<u64, Row> = BTreeMap::new();
        for (dataset, rows) in self.rows_of(leg, &flow).await? {
            for (n, row) in rows {
                if leg.withheld().contains(&n) {
                    continue;
                }
                let whole = all.entry(n).or_default();
                for column in flow.columns.iter().filter(|c| c.field.dataset == dataset) {
                    let field = column.field.field.as_str();
                    whole.set(column.name.as_str(), row.get(field));
                }
            }
        }
        Ok(all)
    }

    /// The rows of a held file that are not what was sent: whoever releases it makes them no better (MATCH-04).
    async fn doubtful(
        &self,
        leg: &Leg,
        flow: &Flow,
        rows: &Rows,
    ) -> Result<BTreeSet<u64>, Trouble> {
        let (Some(answers), Some(asked)) = (&flow.answers, self.sent_leg(leg.run(), flow).await?)
        else {
            return Ok(BTreeSet::new());
        };
        let sent = self.sent_rows(&asked).await?;
        Ok(inward::doubtful(flow, answers, rows, &sent))
    }

    /// A person releases a held file: it is loaded as it is, and a match of a row that is not what was sent can only be
    /// refuted.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn release_held(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::DecideHold)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            for id in leg.holdings() {
                if !self.need::<Holding>(id.as_str()).await?.is_alive() {
                    let what = format!("what was read of {flow} has been destroyed");
                    let way = "refuse the file: its sender can send it again";
                    return Err(Refusal::new("RET-01", what).help(way).into());
                }
            }
            let (_, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
            let rows = self.rows_of(&leg, &flow_plan).await?;
            let doubtful = self.doubtful(&leg, &flow_plan, &rows).await?;
            let batch = Batch::new(op.clone(), "leg.release-held");
            let file = Loading {
                rows: &rows,
                holdings: leg.holdings(),
                doubtful: &doubtful,
            };
            let (traces, batch) = self.loaded(&leg, &plan, &flow_plan, &file, batch).await?;
            let change = with_traces(leg.release_held(reason, &by)?, &traces);
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// A person refuses a held file: the sender is told, and what was read of it dies.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn refuse_held(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::DecideHold)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let mut batch = Batch::new(op.clone(), "leg.refuse-held");
            for id in leg.holdings() {
                let holding: Holding = self.need(id.as_str()).await?;
                if holding.is_alive() {
                    batch = batch.and(holding.discard(self.now(), &by.actor())?)?;
                }
            }
            if let Some(fault) = leg.fault() {
                let head = Head::Rejection {
                    fault: fault.clone(),
                };
                batch = self.reply(&leg, Kind::Rejection, head, batch).await?;
            }
            self.commit(batch.and(leg.refuse_held(reason, &by)?)?).await
        })
        .await
    }

    /// Opens the holdings of a leg's file, one for each dataset, and seals its rows into them.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call opens all that one file brings"
    )]
    pub(super) async fn open_holdings(
        &self,
        op: &OperationId,
        plan: &Plan,
        of: &Of,
        file: u32,
        rows: &Rows,
        by: &Actor,
        mut batch: Batch,
    ) -> Result<(Vec<HoldingId>, Batch), Trouble> {
        let Some(flow) = plan.file(&of.flow) else {
            return Err(Refusal::new("LEG-01", format!("there is no flow {}", of.flow)).into());
        };
        let mut ids = Vec::new();
        for dataset in datasets(&flow) {
            let id = super::outbound::holding_id(of, file, &dataset)?;
            let none = BTreeMap::new();
            let rows = rows.get(&dataset).unwrap_or(&none);
            let opening = self.opening(plan, &flow, of, &dataset, &id, rows.len() as u64)?;
            self.ports.vault.create(&id, op).await?;
            batch = batch.and(Holding::open(opening, by)?)?;
            let numbered = rows.iter().map(|(n, row)| (*n, row));
            batch = crate::rows::seal(&*self.ports.vault, op, &id, numbered, batch).await?;
            ids.push(id);
        }
        Ok((ids, batch))
    }
}

fn take_away(id: &PackageId) -> crate::effect::Effect {
    crate::effect::Effect::TakeAway {
        package: id.clone(),
    }
}

fn refused(fault: PackageFault) -> Trouble {
    Refusal::new("RUN-09", fault.to_string()).into()
}

fn partner(leg: &Leg) -> Actor {
    Actor::Partner(leg.peer().clone())
}

fn of(leg: &Leg) -> Of {
    Of {
        run: leg.run().clone(),
        flow: leg.flow().clone(),
        agreement: leg.agreement().clone(),
        hash: leg.hash(),
        peer: leg.peer().clone(),
    }
}
