//! Doing effects: what was intended is done, idempotent by its id, and its completion recorded.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;

use super::{Done, Node};
use crate::change::{Aggregate, Batch};
use crate::deadline::london_day;
use crate::effect::{Effect, LeasedEffect};
use crate::flag::Flag;
use crate::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId, RouteId};
use crate::leg::{Leg, State};
use crate::message::{Head, Kind};
use crate::ports::{Blob, CaseRegister, PortFault, Spooled, Store};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows;
use crate::trouble::Trouble;

impl Node {
    /// Does a group of effects that go together, of which `first` is the first, and records their completion in one
    /// transaction. None: it is held back until a person lets it go on.
    pub(super) async fn perform(
        &self,
        first: &LeasedEffect,
        group: &[LeasedEffect],
    ) -> Result<Option<Done>, Trouble> {
        let op = OperationId::parse(format!("{}:done", first.id))?;
        let batch = |name| {
            let batch = Batch::new(op.clone(), name);
            group.iter().fold(batch, |b, e| b.completes(&e.id))
        };
        let done = match &first.effect {
            Effect::Publish { package, to, route } => {
                let batch = batch("package.publish");
                return self.publish(package, to, route, batch).await;
            }
            Effect::TakeAway { package, route } => {
                let carrier = self.approved_route(route).await?;
                carrier.transport.remove(self.party(), package).await?;
                self.commit(batch("package.take-away")).await?
            }
            Effect::ShowFlag { .. } => self.show(group, batch("flag.show")).await?,
            Effect::LiftFlag { .. } => self.lift(group, batch("flag.take-away")).await?,
            Effect::DestroyKey { .. } => self.destroy(group, batch("key.destroy")).await?,
        };
        Ok(Some(done))
    }

    /// Destroys keys; the certificates stand only when they are all dead, and no locked copy lies where the node laid it.
    async fn destroy(&self, group: &[LeasedEffect], mut batch: Batch) -> Result<Done, Trouble> {
        let mut dying = Vec::new();
        for leased in group {
            let Effect::DestroyKey { holding } = &leased.effect else {
                continue;
            };
            dying.push(holding.clone());
        }
        self.ports.vault.destroy(&dying).await?;
        self.clear_copies(&dying).await?;
        let backups = self.backups_until()?;
        for holding in &dying {
            let gone: Holding = self.need(holding.as_str()).await?;
            batch = self.certify(&gone, batch.empty(holding)).await?;
            batch = batch.and(gone.destroyed(self.now(), backups)?)?;
        }
        let batch = self.perhaps_closed(&dying, batch).await?;
        self.commit(batch).await
    }

    /// Shows flags in the case register. One that is going already is not: what an earlier try may have shown is taken
    /// away again.
    async fn show(&self, group: &[LeasedEffect], mut batch: Batch) -> Result<Done, Trouble> {
        let register = self.register()?;
        for leased in group {
            let Effect::ShowFlag {
                flag,
                holding,
                item,
            } = &leased.effect
            else {
                continue;
            };
            let flag: Flag = self.need(flag).await?;
            let (key, now) = (flag.key(), self.now());
            if flag.is_going() {
                // An act of its own in the register: the showing has its line there already.
                let undoing = EffectId::parse(format!("{}/undo", leased.id))
                    .map_err(|e| PortFault(e.to_string()))?;
                register.lift_flag(&undoing, &key, now).await?;
                continue;
            }
            let row = rows::open_one(&*self.ports.store, &*self.ports.vault, holding, item).await?;
            let row = row.ok_or_else(|| Self::gone(holding))?;
            let keys = register.person_fields().iter();
            let person = keys.map(|field| row.get(field)).find(|key| !key.is_empty());
            let person = person.unwrap_or_default();
            register
                .show_flag(&leased.id, person, &key, flag.name(), now)
                .await?;
            batch = batch.and(flag.shown(now)?)?;
        }
        self.commit(batch).await
    }

    /// Takes flags away from the case register.
    async fn lift(&self, group: &[LeasedEffect], mut batch: Batch) -> Result<Done, Trouble> {
        let register = self.register()?;
        for leased in group {
            let Effect::LiftFlag { flag } = &leased.effect else {
                continue;
            };
            let flag: Flag = self.need(flag).await?;
            let now = self.now();
            register.lift_flag(&leased.id, &flag.key(), now).await?;
            batch = batch.and(flag.lifted(now)?)?;
        }
        self.commit(batch).await
    }

    fn register(&self) -> Result<&dyn CaseRegister, PortFault> {
        let register = self.ports.register.as_deref();
        register.ok_or_else(|| PortFault("this node has no case register".into()))
    }

    /// The bytes of a package that is kept.
    pub(super) fn kept(&self, package: &PackageId) -> Spooled {
        Spooled(Arc::new(Kept {
            store: self.ports.store.clone(),
            package: package.clone(),
        }))
    }

    /// Sends a package. What was sealed before its agreement was suspended waits until that is in force again, and what was
    /// sealed before it ended is taken back (REV-10). A letter brings no row and goes: recalls, receipts and certificates
    /// outlive the term.
    async fn publish(
        &self,
        package: &PackageId,
        to: &PartyId,
        route: &RouteId,
        batch: Batch,
    ) -> Result<Option<Done>, Trouble> {
        let sealed = self.in_state::<Leg>(State::Sealed.name()).await?;
        let file = sealed.into_iter().find(|l| l.package() == Some(package));
        let mut batch = batch.drop_package(package);
        if let Some(leg) = &file {
            let (pact, _) = self.pact(leg.agreement()).await?;
            let today = london_day(self.now())?;
            if pact.has_ended(today) && self.clock_doubt().await?.is_none() {
                let change = leg.clone().take_back()?;
                return Ok(Some(self.commit(batch.and(change)?).await?));
            }
            if pact.in_force(today).is_err() {
                return Ok(None);
            }
        }
        // Asked again: a route that was retired after the seal carries nothing.
        let carrier = self.approved_route(route).await?;
        let mut kept = self.kept(package).parts();
        carrier.transport.put(to, package, &mut kept).await?;
        if let Some(leg) = file {
            batch = batch.and(leg.sent(self.now())?)?;
        }
        Ok(Some(self.commit(batch).await?))
    }

    /// The sealed files that do not go now, each with why its agreement is not in force, in order of run and flow.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn held_back(&self) -> Result<Vec<(Leg, Vec<Refusal>)>, Trouble> {
        let today = london_day(self.now())?;
        let mut all = Vec::new();
        for leg in self.in_state::<Leg>(State::Sealed.name()).await? {
            if let Err(why) = self.pact(leg.agreement()).await?.0.in_force(today) {
                all.push((leg, why));
            }
        }
        Ok(all)
    }

    /// The last day on which a copy in a backup may still hold what is destroyed now, where the node's owner has said how
    /// long backups last (RET-16).
    fn backups_until(&self) -> Result<Option<Date>, Trouble> {
        let Some(period) = self.settings.backups else {
            return Ok(None);
        };
        let last = period.after(london_day(self.now())?);
        let outside = || PortFault("the period of backups lies outside the calendar".into());
        Ok(Some(last.ok_or_else(outside)?))
    }

    /// The certificate that is owed to the party whose values they were (RET-12, RET-14).
    async fn certify(&self, holding: &Holding, batch: Batch) -> Result<Batch, Trouble> {
        if holding.owed_to().is_none() {
            return Ok(batch);
        }
        let Some(leg) = self.leg_of(holding.id()).await? else {
            return Ok(batch);
        };
        // The holding's own place below the leg names its certificate: no two are the same, whichever file is present.
        let place = place(holding.id());
        let file = place.split('.').next().and_then(|file| file.parse().ok());
        let file = file.unwrap_or_else(|| leg.file());
        let head = Head::Destruction {
            file,
            what: holding.what().to_owned(),
            rows: holding.rows(),
            at: self.now(),
            authority: holding.rule().authority.clone(),
            backups_until: self.backups_until()?,
        };
        self.letter(&leg, Kind::Destruction, place, head, batch)
            .await
    }
}

/// The place of a holding below its leg: `1.extract` of `ask-2026-02/ask.1/extract`.
fn place(holding: &HoldingId) -> String {
    let below = holding
        .as_str()
        .split_once('/')
        .map_or("", |(_, below)| below);
    let (flow, rest) = below.split_once('/').unwrap_or((below, ""));
    let file = flow.rsplit_once('.').map_or("", |(_, file)| file);
    format!("{file}.{}", rest.replace('/', "."))
}

/// The bytes of a package that the store keeps.
struct Kept {
    store: Arc<dyn Store>,
    package: PackageId,
}

#[async_trait]
impl Blob for Kept {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        let part = self.store.package(&self.package, n).await?;
        if part.is_none() && n == 0 {
            return Err(gone(&self.package));
        }
        Ok(part)
    }
}

/// The fault of a package whose bytes are not kept any more.
fn gone(package: &PackageId) -> PortFault {
    PortFault(format!("the bytes of package {package} are gone"))
}
