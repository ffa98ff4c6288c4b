//! Where files of parties without a node lie on the route that the agreement names: laid out under a name of their own,
//! fetched, and taken away again. By a route that is not approved nothing is laid or fetched (SEC-01, RUN-13).

use std::collections::{BTreeMap, BTreeSet};

use agreement::Flow;

use super::bring::Brought;
use super::byhand::Locked;
use super::outbound::format_of;
use super::{Carrier, Node};
use crate::cover::{Cover, annotated_name};
use crate::file_name::FileName;
use crate::ids::{AgreementId, FlowId, HoldingId, PartyId, RouteId};
use crate::leg::{Leg, State};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Lays a locked file out for its party, in place of one of that name whose password was never sent.
    ///
    /// # Errors
    /// [`Trouble`]: it is not handed over then. Refused under an agreement that is not in force.
    pub async fn lay_out(&self, locked: &Locked) -> Result<(), Trouble> {
        let leg: Leg = self.need(&locked.leg()).await?;
        let (pact, _) = self.pact(leg.agreement()).await?;
        pact.in_force(crate::deadline::london_day(self.now())?)?;
        let carrier = self.approved_route(leg.route()).await?;
        let name = named(&locked.name)?;
        let laid = carrier.transport.lay(leg.peer(), &name, &locked.bytes);
        Ok(laid.await?)
    }

    /// The files that lie for this party at the end of a flow's route, by name.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn lying(
        &self,
        agreement: &AgreementId,
        flow: &FlowId,
    ) -> Result<Vec<FileName>, Trouble> {
        let carrier = self.route_of(agreement, flow).await?;
        Ok(carrier.transport.lying(self.party()).await?)
    }

    /// The bytes of a file that lies for this party at the end of a flow's route.
    ///
    /// # Errors
    /// [`Trouble`]: refused (RUN-17) where no such file lies there.
    pub async fn fetch(
        &self,
        agreement: &AgreementId,
        flow: &FlowId,
        name: &FileName,
    ) -> Result<Vec<u8>, Trouble> {
        let carrier = self.route_of(agreement, flow).await?;
        let fetched = carrier.transport.fetch(self.party(), name).await?;
        fetched.ok_or_else(|| {
            let what = format!("no file {name} lies there for {}", self.party());
            let way = "ask its sender under which name it was put there";
            Refusal::new("RUN-17", what).help(way).into()
        })
    }

    /// Takes a file away that was fetched from there and brought, once it is loaded, held or refused. While its password is
    /// looked for it stays, and so does a file that was not received because another had been.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn take_away(&self, brought: &Brought, name: &FileName) -> Result<(), Trouble> {
        let leg: Option<Leg> = self.find(&Leg::key_of(&brought.run, &brought.flow)).await?;
        let package = brought.package()?;
        let is_decided = |l: &Leg| l.package() == Some(&package) && l.state() != State::Received;
        if !leg.as_ref().is_some_and(is_decided) {
            return Ok(());
        }
        let carrier = self.route_of(&brought.agreement, &brought.flow).await?;
        Ok(carrier.transport.clear(self.party(), name).await?)
    }

    async fn route_of(&self, agreement: &AgreementId, flow: &FlowId) -> Result<&Carrier, Trouble> {
        let (_, _, flow) = self.flow(agreement, flow).await?;
        self.approved_route(&flow.route).await
    }

    /// Takes a file of ours away from where it was laid out for a party without a node. Nothing is asked of a route that is
    /// not approved.
    pub(super) async fn clear_laid(&self, leg: &Leg) -> Result<(), Trouble> {
        let Some(name) = self.laid_name(leg).await? else {
            return Ok(());
        };
        let carrier = match self.approved_route(leg.route()).await {
            Ok(carrier) => carrier,
            Err(Trouble::Refused(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        Ok(carrier.transport.clear(leg.peer(), &name).await?)
    }

    /// The name under which a file of ours is laid out; none where it goes to a node, or is of the other party.
    async fn laid_name(&self, leg: &Leg) -> Result<Option<FileName>, Trouble> {
        let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        if flow.from != *self.party() || !self.is_by_hand(leg.peer()) {
            return Ok(None);
        }
        let Ok(format) = format_of(&flow) else {
            return Ok(None);
        };
        let cover = Cover::of(&plan, &flow, leg, format);
        Ok(Some(named(&self.ports.locks.name(format, &cover))?))
    }

    /// The files of ours that a route laid out for parties without a node, or may have: for whom, and under which names.
    pub(super) async fn laid_by(
        &self,
        route: &RouteId,
    ) -> Result<BTreeMap<PartyId, BTreeSet<FileName>>, Trouble> {
        let mut all: BTreeMap<PartyId, BTreeSet<FileName>> = BTreeMap::new();
        for leg in self.all::<Leg>().await? {
            if leg.route() == route
                && let Some(name) = self.laid_name(&leg).await?
            {
                all.entry(leg.peer().clone()).or_default().insert(name);
            }
        }
        Ok(all)
    }

    /// Puts the annotated copy of a brought file on the desk, from where a person takes it to whoever must mend the file. It
    /// lies there until the file that comes instead is loaded.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn lay_annotated(
        &self,
        brought: &Brought,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Trouble> {
        let leg: Leg = self.need(&Leg::key_of(&brought.run, &brought.flow)).await?;
        let name = named(name)?;
        Ok(self.ports.desk.lay(leg.peer(), &name, bytes).await?)
    }

    pub(super) async fn clear_annotated(&self, leg: &Leg) -> Result<(), Trouble> {
        let (_, plan) = self.pact(leg.agreement()).await?;
        let name = named(&annotated_name(&plan, leg))?;
        Ok(self.ports.desk.clear(leg.peer(), &name).await?)
    }

    /// What was laid out of values that have died goes as well, before it is certified that they are gone (RET-16): the file
    /// itself, and annotated copies of what came in its place or in answer to it.
    pub(super) async fn clear_copies(&self, dead: &[HoldingId]) -> Result<(), Trouble> {
        for holding in dead {
            let Some(leg) = self.leg_of(holding).await? else {
                continue;
            };
            if !self.is_by_hand(leg.peer()) {
                continue;
            }
            self.clear_laid(&leg).await?;
            self.clear_annotated(&leg).await?;
            let (_, plan) = self.pact(leg.agreement()).await?;
            let answers = |f: &&Flow| {
                let of = f.answers.as_ref().map(|a| &a.flows);
                of.is_some_and(|flows| flows.contains(leg.flow()))
            };
            for back in plan.flows.values().filter(answers) {
                let key = Leg::key_of(leg.run(), &back.id);
                if let Some(answer) = self.find::<Leg>(&key).await? {
                    self.clear_annotated(&answer).await?;
                }
            }
        }
        Ok(())
    }
}

fn named(name: &str) -> Result<FileName, PortFault> {
    let parsed = FileName::parse(name);
    parsed.ok_or_else(|| PortFault(format!("{name} is no name for a file that is laid out")))
}
