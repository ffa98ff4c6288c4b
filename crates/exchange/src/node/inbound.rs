//! Receiving: a package is moved to its restricted place before anything else, opened in the confined reader,
//! and then refused whole, held for a person, or loaded.

use std::sync::Arc;

use agreement::{Flow, Plan};
use async_trait::async_trait;

use super::agreements::actor;
use super::loading::{Loading, Values, with_traces};
use super::outbound::digest;
use super::reading::{Read, Refused};
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Actor, Person};
use crate::change::{Batch, Record};
use crate::entrusted::Certificate;
use crate::ids::{FlowId, OperationId, PackageId, RouteId, RunId};
use crate::leg::{Arrival, Leg, Of, Side, State};
use crate::message::{Head, Kind, Manifest, rule_of};
use crate::ports::{Blob, Carrier, PackageFault, PortFault, Spooled};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows::pages;
use crate::trouble::Trouble;

impl Node {
    /// Receives a package that waits at the end of a route. What is not wanted here is refused at the door, recorded, and taken away.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when something outside does not work; a refusal of the package is not an error.
    pub async fn receive(&self, route: &RouteId, id: &PackageId) -> Result<Done, Trouble> {
        let op = OperationId::parse(format!("receive:{id}"))?;
        if self.ports.store.done(&op).await? {
            return self.repeated(route, id).await;
        }
        let carrier = self.approved_route(route).await?;
        let Some(package) = self.fetched(carrier, id).await? else {
            return Ok(Vec::new());
        };
        match self.admit(route, id, &package).await {
            // It waits on the transport for what it rests on.
            Ok(manifest) if self.is_ahead(&manifest).await? => Ok(Vec::new()),
            Ok(manifest) => match manifest.kind {
                Kind::Data | Kind::Return => self.take_in(op, route, manifest, package).await,
                Kind::Receipt
                | Kind::Rejection
                | Kind::Destruction
                | Kind::Recall
                | Kind::Announcement => self.take_note(op, route, manifest, &package).await,
            },
            Err(Trouble::Refused(refusals)) => {
                self.turn_away(op, route, id, &package, refusals).await
            }
            Err(fault) => Err(fault),
        }
    }

    /// A waiting package, in the spool; none when it was taken in between.
    async fn fetched(&self, carrier: &Carrier, id: &PackageId) -> Result<Option<Spooled>, Trouble> {
        let Some(mut parts) = carrier.transport.get(self.party(), id).await? else {
            return Ok(None);
        };
        let mut filling = self.ports.spool.begin().await?;
        while let Some(part) = parts.next().await? {
            filling.push(&part).await?;
        }
        Ok(Some(filling.done().await?))
    }

    /// Is this package for us, from a party of an agreement in force here, under its very hash?
    pub(super) async fn admit(
        &self,
        route: &RouteId,
        id: &PackageId,
        package: &Spooled,
    ) -> Result<Manifest, Trouble> {
        let cards = self.cards().await?;
        let manifest = self.ports.sealer.inspect(package, &cards).await?;
        let manifest = manifest.map_err(refused)?;
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
            Kind::Receipt
            | Kind::Rejection
            | Kind::Destruction
            | Kind::Recall
            | Kind::Announcement => true,
        };
        if *from != manifest.from || *to != manifest.to || !kind_fits {
            return refuse("LEG-01", "the flow does not go this way");
        }
        self.came_rightly(route, &flow.route).await?;
        Ok(manifest)
    }

    /// Does it come before what it rests on? An answer may find its question sealed and not yet recorded as sent, by a
    /// node that stopped between the two; a recall may find its file not here, not opened, or held. Nothing is taken in under
    /// an agreement that is suspended, or whose checklist of controls is not complete.
    async fn is_ahead(&self, manifest: &Manifest) -> Result<bool, Trouble> {
        let file = matches!(manifest.kind, Kind::Data | Kind::Return);
        if file && self.pact(&manifest.agreement).await?.0.holds_off() {
            return Ok(true);
        }
        let about = match manifest.kind {
            Kind::Data => return Ok(false),
            Kind::Recall => return self.recalls_ahead(manifest).await,
            Kind::Return => {
                let (_, _, flow) = self.flow(&manifest.agreement, &manifest.flow).await?;
                flow.answers.map(|a| a.flows).unwrap_or_default()
            }
            Kind::Receipt | Kind::Rejection | Kind::Destruction | Kind::Announcement => {
                vec![manifest.flow.clone()]
            }
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

    pub(super) async fn turn_away(
        &self,
        op: OperationId,
        route: &RouteId,
        id: &PackageId,
        package: &Spooled,
        refusals: Vec<Refusal>,
    ) -> Result<Done, Trouble> {
        let ciphertext = digest(&[], package).await?;
        let mut batch = Batch::new(op, "package.refuse").effect(take_away(route, id));
        for refusal in refusals {
            let record = Record::new(Act::PackageRefused, &Actor::Node)
                .rule(refusal.rule)
                .id("package", id)
                .fact("ciphertext", ledger::Fact::Digest(ciphertext))
                .text("what", refusal.what);
            batch = batch.note(record);
        }
        self.commit(batch).await
    }

    /// A package whose name was received before. Where it is the same, nothing happens again; the first record stands.
    async fn repeated(&self, route: &RouteId, id: &PackageId) -> Result<Done, Trouble> {
        let first = OperationId::parse(format!("receive:{id}"))?;
        if self.ports.store.effect_open(&first).await? {
            return Ok(Vec::new()); // The first is still on its way off the transport.
        }
        let carrier = self.approved_route(route).await?;
        let Some(package) = self.fetched(carrier, id).await? else {
            return Ok(Vec::new());
        };
        if let Some(held) = self.another_of_that_name(route, id, package).await? {
            return Ok(held);
        }
        carrier.transport.remove(self.party(), id).await?;
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
        route: &RouteId,
        manifest: Manifest,
        package: Spooled,
    ) -> Result<Done, Trouble> {
        let id = manifest.id.clone();
        let known = self
            .find::<Leg>(&Leg::key_of(&manifest.run, &manifest.flow))
            .await?;
        let (_, plan, flow) = self.flow(&manifest.agreement, &manifest.flow).await?;
        let file = Arrival {
            package: id.clone(),
            at: self.now(),
            bytes: digest(&[], &package).await?,
            reply_by: self.reply_by(&plan, &flow, self.now())?,
            late: self.is_late(&manifest.run, &flow).await?,
        };
        let change = match known {
            None if manifest.kind == Kind::Return && !self.asked(&manifest).await? => Err(
                Refusal::new("RUN-11", "nothing was sent that this would answer"),
            ),
            None => Ok(Leg::receive(
                Of {
                    route: flow.route,
                    run: manifest.run,
                    flow: manifest.flow,
                    agreement: manifest.agreement,
                    hash: manifest.hash,
                    peer: manifest.from,
                },
                file,
            )),
            Some(leg) if leg.state() != State::Rejected => {
                return self.hold_rival(op, route, &leg, &file, package).await;
            }
            Some(leg) => leg.receive_again(file),
        };
        match change {
            Ok(change) => {
                let first = package.0.part(0).await?.unwrap_or_default();
                let rest = Spooled(Arc::new(AfterFirst(package)));
                let batch = Batch::new(op, "leg.receive").large_package(&id, first, rest);
                self.commit(batch.and(change)?).await
            }
            Err(refusal) => {
                self.turn_away(op, route, &id, &package, vec![refusal])
                    .await
            }
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
        route: &RouteId,
        manifest: Manifest,
        package: &Spooled,
    ) -> Result<Done, Trouble> {
        let id = manifest.id.clone();
        let batch = Batch::new(op.clone(), "letter.receive").effect(take_away(route, &id));
        match self.note_about(&manifest, package, batch).await {
            Err(Trouble::Refused(refusals)) => {
                self.turn_away(op, route, &id, package, refusals).await
            }
            done => done,
        }
    }

    /// A receipt, a rejection, a recall or a certificate: about a leg that is here, in a state that takes it.
    async fn note_about(
        &self,
        manifest: &Manifest,
        package: &Spooled,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let opened = self
            .ports
            .sealer
            .open(package, &self.cards().await?)
            .await?;
        let opened = opened.map_err(refused)?;
        let leg: Leg = self
            .need(&Leg::key_of(&manifest.run, &manifest.flow))
            .await?;
        manifest.kind.taken_by(&leg)?;
        // A letter about an older file of this leg says nothing about the present one.
        let about_this = manifest.answers.as_ref() == leg.package();
        let peer = partner(&leg);
        match opened.head {
            Head::Receipt { rows } if about_this => {
                // The receiver's own clock says when it had the file.
                let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
                let by = self
                    .answer_by(&plan, &flow, leg.run(), manifest.sealed_at)
                    .await?;
                let change = self.with_entrusted(leg.accepted(rows, by, &peer)?).await?;
                self.commit(batch.and(change)?).await
            }
            Head::Rejection { fault } if about_this => {
                self.commit(batch.and(leg.refused_there(fault, &peer)?)?)
                    .await
            }
            Head::Recall { rows } if about_this => {
                self.take_recall(manifest, leg, &rows, batch).await
            }
            Head::Announcement { number, said } if about_this => {
                self.take_announcement(&leg, number, said, batch).await
            }
            Head::Destruction {
                file,
                what,
                rows,
                at,
                authority,
                ..
            } => {
                let certificate = Certificate {
                    rows,
                    at,
                    authority,
                };
                self.take_certificate(&leg, file, &what, &certificate, batch)
                    .await
            }
            Head::Receipt { .. }
            | Head::Rejection { .. }
            | Head::Recall { .. }
            | Head::Announcement { .. }
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
        let Some(package) = leg.kept_as().cloned() else {
            return Err(Refusal::new("RUN-04", format!("{flow} of {run} has no package")).into());
        };
        let op = OperationId::parse(format!("open:{package}"))?;
        if leg.state() != State::Received || self.ports.store.done(&op).await? {
            return Ok(Vec::new());
        }
        let (pact, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
        // A file that a person brought is opened when its password is given.
        if pact.holds_off() || self.is_by_hand(leg.peer()) {
            return Ok(Vec::new());
        }
        let read = match self.read(&op, &leg, &package, &plan, &flow_plan).await {
            Ok(read) => read,
            // Another process opened it meanwhile, and its bytes are not kept any more.
            Err(_) if self.ports.store.done(&op).await? => return Ok(Vec::new()),
            Err(trouble) => return Err(trouble),
        };
        let batch = Batch::new(op, "leg.open").drop_package(&package);
        self.settle(leg, &plan, &flow_plan, read, batch).await
    }

    /// Refuses, holds or loads a file that was read; the answer to the sender is in the same commit.
    pub(super) async fn settle(
        &self,
        leg: Leg,
        plan: &Plan,
        flow_plan: &Flow,
        read: Result<Read, Refused>,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let Read {
            filed,
            numbers,
            fault,
            unasked,
            sources,
        } = match read {
            Ok(read) => read,
            Err(Refused { fault, keyed }) => {
                let head = Head::Rejection {
                    fault: fault.clone(),
                };
                let mut batch = self.reply(&leg, Kind::Rejection, head, batch).await?;
                if fault.rule == MINIMISATION {
                    let what =
                        "a column came that the agreement does not list; its file is refused";
                    batch = self.too_much(&leg, plan, &[], what, batch).await?;
                }
                let done = self.commit(batch.and(leg.reject(fault)?)?).await?;
                // The next file has other holdings: what was sealed of this one is nowhere, and its keys go too. Where
                // another process settled it first, they are the keys of what that one keeps.
                if !done.is_empty() {
                    self.ports.vault.destroy(&keyed).await?;
                }
                return Ok(done);
            }
        };
        let day = sources.reply_by.map(crate::deadline::day_end);
        let leg = leg.answered_by(day.transpose()?);
        let holdings = filed.holdings();
        let values = Values::Spooled(filed.items.pages());
        let batch = filed.kept(&partner(&leg), batch)?;
        match fault {
            Some(fault) => {
                let mut batch = batch;
                if unasked > 0 {
                    let what =
                        format!("{unasked} rows came that were not asked for; their file is held");
                    batch = self.too_much(&leg, plan, &holdings, &what, batch).await?;
                }
                self.commit(batch.and(leg.hold(numbers, holdings, fault, Some(sources))?)?)
                    .await
            }
            None => {
                let file = Loading {
                    count: numbers.count(),
                    holdings: &holdings,
                    values,
                    sent: None,
                };
                let (traces, batch) = self.loaded(&leg, plan, flow_plan, file, batch).await?;
                let change = with_traces(leg.load(numbers, holdings, Some(sources))?, &traces);
                let change = self.with_matched_there(change, flow_plan).await?;
                self.commit(batch.and(change)?).await
            }
        }
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
            let sent = self.sent_for(&leg, &flow_plan).await?;
            let pages: Vec<_> = pages(leg.last_number()).collect();
            let batch = Batch::new(op.clone(), "leg.release-held");
            let file = Loading {
                count: leg.rows(),
                holdings: leg.holdings(),
                values: Values::Kept(pages.into_iter()),
                sent: sent.as_ref(),
            };
            let (traces, batch) = self.loaded(&leg, &plan, &flow_plan, file, batch).await?;
            let change = with_traces(leg.release_held(reason, &by)?, &traces);
            let change = self.with_matched_there(change, &flow_plan).await?;
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
}

/// The rule of a column that the agreement does not list.
const MINIMISATION: &str = "RUN-07";

/// The parts of a package after its first.
pub(super) struct AfterFirst(pub(super) Spooled);

#[async_trait]
impl Blob for AfterFirst {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        self.0.0.part(n + 1).await
    }
}

pub(super) fn take_away(route: &RouteId, id: &PackageId) -> crate::effect::Effect {
    crate::effect::Effect::TakeAway {
        package: id.clone(),
        route: route.clone(),
    }
}

fn refused(fault: PackageFault) -> Trouble {
    Refusal::new("RUN-09", fault.to_string()).into()
}

fn partner(leg: &Leg) -> Actor {
    Actor::Partner(leg.peer().clone())
}

pub(super) fn of(leg: &Leg) -> Of {
    Of {
        run: leg.run().clone(),
        flow: leg.flow().clone(),
        agreement: leg.agreement().clone(),
        hash: leg.hash(),
        peer: leg.peer().clone(),
        route: leg.route().clone(),
    }
}
