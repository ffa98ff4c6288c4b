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
use crate::retention::Holding;
use crate::rows;
use crate::trouble::Trouble;

impl Node {
    /// Does a group of effects that go together, of which `first` is the first, and records their completion in one
    /// transaction.
    pub(super) async fn perform(
        &self,
        first: &LeasedEffect,
        group: &[LeasedEffect],
    ) -> Result<Done, Trouble> {
        let op = OperationId::parse(format!("{}:done", first.id))?;
        let batch = |name| {
            let batch = Batch::new(op.clone(), name);
            group.iter().fold(batch, |b, e| b.completes(&e.id))
        };
        match &first.effect {
            Effect::Publish { package, to, route } => {
                let batch = batch("package.publish");
                self.publish(package, to, route, batch).await
            }
            Effect::TakeAway { package, route } => {
                let carrier = self.approved_route(route).await?;
                carrier.transport.remove(self.party(), package).await?;
                self.commit(batch("package.take-away")).await
            }
            Effect::ShowFlag { .. } => self.show(group, batch("flag.show")).await,
            Effect::LiftFlag { .. } => self.lift(group, batch("flag.take-away")).await,
            Effect::DestroyKey { .. } => self.destroy(group, batch("key.destroy")).await,
        }
    }

    /// Destroys keys; the certificates stand only when they are all dead.
    async fn destroy(&self, group: &[LeasedEffect], mut batch: Batch) -> Result<Done, Trouble> {
        let mut dying = Vec::new();
        for leased in group {
            let Effect::DestroyKey { holding } = &leased.effect else {
                continue;
            };
            dying.push(holding.clone());
        }
        self.ports.vault.destroy(&dying).await?;
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

    async fn publish(
        &self,
        package: &PackageId,
        to: &PartyId,
        route: &RouteId,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        // Asked again: a route that was retired after the seal carries nothing.
        let carrier = self.approved_route(route).await?;
        let mut kept = self.kept(package).parts();
        carrier.transport.put(to, package, &mut kept).await?;
        let batch = batch.drop_package(package);
        for leg in self.in_state::<Leg>(State::Sealed.name()).await? {
            if leg.package() == Some(package) {
                let change = leg.sent(self.now())?;
                return self.commit(batch.and(change)?).await;
            }
        }
        self.commit(batch).await
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
