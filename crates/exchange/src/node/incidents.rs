//! Incidents at this node: raised under an agreement, told to the contacts of its annex, moved on and closed (INC-*).

use std::collections::{BTreeMap, BTreeSet};

use super::agreements::actor;
use agreement::Plan;

use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Actor, Person};
use crate::change::{Batch, Record};
use crate::ids::{AgreementId, HoldingId, IncidentId, OperationId, PartyId, RunId};
use crate::incident::{Answers, Category, Incident, Nature, Raising, Stepping, told_by};
use crate::leg::Leg;
use crate::pact::Move;
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::run::Run;
use crate::trouble::Trouble;
use jiff::Timestamp;

/// What a person says of an incident when they raise it.
#[derive(Clone, Debug)]
pub struct Raised {
    /// Were rules broken, or was something lost or reached?
    pub nature: Nature,
    /// What kind of thing happened.
    pub category: Category,
    /// When it happened, where that is known.
    pub happened: Option<Timestamp>,
    /// When somebody became aware of it.
    pub aware: Timestamp,
    /// The runs that are concerned.
    pub runs: BTreeSet<RunId>,
    /// The sets of values that are concerned.
    pub sets: BTreeSet<HoldingId>,
    /// Is the agreement suspended with it (INC-09)?
    pub suspends: bool,
    /// What happened, in words that name nobody; they are sealed.
    pub what: String,
}

impl Node {
    /// Raises an incident under an agreement; every party whose contacts the agreement has is to be told. Where it is asked
    /// for, the agreement is suspended in the same commit.
    ///
    /// # Errors
    /// [`Trouble`]: refused for a name that stands, for runs and sets that are not of the agreement, where the agreement has
    /// no clock that runs from an incident (INC-01), and where the person may not suspend.
    pub async fn raise_incident(
        &self,
        op: &OperationId,
        name: &IncidentId,
        under: &AgreementId,
        raised: Raised,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::RaiseIncident)?;
            if self.find::<Incident>(name.as_str()).await?.is_some() {
                let what = format!("there is an incident {name} already");
                return Err(Refusal::new("INC-01", what)
                    .help("give it another name")
                    .into());
            }
            let (pact, plan) = self.pact(under).await?;
            for run in &raised.runs {
                let stands: Option<Run> = self.find(run.as_str()).await?;
                if stands.is_none_or(|run| run.agreement() != under) {
                    return Err(other(run, under).into());
                }
            }
            for set in &raised.sets {
                let stands: Option<Holding> = self.find(set.as_str()).await?;
                if stands.is_none_or(|set| set.agreement() != Some(pact.hash())) {
                    return Err(other(set, under).into());
                }
            }
            let Raised {
                nature,
                category,
                happened,
                aware,
                runs,
                sets,
                suspends,
                what,
            } = raised;
            let due = told_by(&plan.clocks, happened, aware, self.party())?.ok_or_else(|| {
                Refusal::new(
                    "INC-01",
                    format!("{under} does not say within which time contacts are told"),
                )
                .help("raise it under the agreement whose clocks count from an incident, or tell the contacts and amend this one")
            })?;
            let raising = Raising {
                name: name.clone(),
                agreement: under.clone(),
                hash: pact.hash(),
                nature,
                category,
                happened,
                aware,
                due,
                runs,
                sets,
                parties: plan.contacts.keys().cloned().collect(),
            };
            let change = Incident::raise(raising, &what, self.now(), &by)?;
            let mut batch = Batch::new(op.clone(), "incident.raise").and(change)?;
            if suspends {
                let by = who.may(Action::Stand)?.actor();
                batch =
                    batch.and(pact.moved(Move::Suspend, &format!("incident {name}"), &by)?)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// More came with a file than may come: an incident of the name of its package is raised in the same commit, for a
    /// person to assess (RUN-07, RUN-11). Where the agreement names nobody to tell, that stands in the ledger in its place.
    pub(super) async fn too_much(
        &self,
        leg: &Leg,
        plan: &Plan,
        sets: &[HoldingId],
        what: &str,
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        let Some(package) = leg.package() else {
            return Ok(batch);
        };
        let name = IncidentId::parse(package.as_str())?;
        if self.find::<Incident>(name.as_str()).await?.is_some() {
            return Ok(batch);
        }
        let now = self.now();
        let raising = Raising {
            name,
            agreement: leg.agreement().clone(),
            hash: leg.hash(),
            nature: Nature::Breach,
            category: Category::WrongfulDisclosure,
            happened: None,
            aware: now,
            due: told_by(&plan.clocks, None, now, self.party())?.unwrap_or(now),
            runs: [leg.run().clone()].into(),
            sets: sets.iter().cloned().collect(),
            parties: plan.contacts.keys().cloned().collect(),
        };
        match Incident::noticed(raising, what, now) {
            Ok(change) => Ok(batch.and(change)?),
            Err(refusal) => {
                let record = Record::new(Act::Refused, &Actor::Node)
                    .rule(refusal.rule)
                    .id("run", leg.run())
                    .text("what", refusal.what);
                Ok(batch.note(record))
            }
        }
    }

    /// Writes down that a person told a party's contact, at `at`.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn notify_incident(
        &self,
        op: &OperationId,
        name: &IncidentId,
        party: &PartyId,
        at: Timestamp,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::HandleIncident)?;
            let incident: Incident = self.need(name.as_str()).await?;
            let contacts = self.incident_contacts(&incident).await?;
            let contact = contacts.get(party).cloned().flatten().unwrap_or_default();
            let change = incident.notify(party, &contact, at, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "incident.notify").and(change)?)
                .await
        })
        .await
    }

    /// Moves it on: contained, assessed, recovered, closed, or open again.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn step_incident(
        &self,
        op: &OperationId,
        name: &IncidentId,
        step: Stepping,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::HandleIncident)?;
            let incident: Incident = self.need(name.as_str()).await?;
            let change = incident.step(step, reason, &by)?;
            self.commit(Batch::new(op.clone(), "incident.step").and(change)?)
                .await
        })
        .await
    }

    /// Decides who else is told and what follows.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn decide_incident(
        &self,
        op: &OperationId,
        name: &IncidentId,
        answers: &Answers,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::HandleIncident)?;
            let incident: Incident = self.need(name.as_str()).await?;
            let change = incident.decide(answers, &by)?;
            self.commit(Batch::new(op.clone(), "incident.decide").and(change)?)
                .await
        })
        .await
    }

    /// The contact of each party that is to be told, as the agreement's annex has it; none where it leaves it open.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn incident_contacts(
        &self,
        incident: &Incident,
    ) -> Result<BTreeMap<PartyId, Option<String>>, Trouble> {
        let (_, plan) = self.pact(incident.agreement()).await?;
        let contact = |party: &PartyId| plan.contacts.get(party)?.get("incidents").cloned();
        let parties = incident.notices().keys();
        Ok(parties.map(|p| (p.clone(), contact(p))).collect())
    }
}

fn other(what: &impl std::fmt::Display, under: &AgreementId) -> Refusal {
    Refusal::new(
        "INC-01",
        format!("{what} is nothing of {under} at this node"),
    )
    .help("`concordat run status` and `concordat due` name what there is")
}
