//! Doing effects: what was intended is done, idempotent by its id, and its completion recorded.

use async_trait::async_trait;

use super::{Done, Node};
use crate::change::{Aggregate, Batch};
use crate::effect::{Effect, LeasedEffect};
use crate::flag::Flag;
use crate::ids::{EffectId, OperationId, PackageId, PartyId};
use crate::leg::{Leg, State};
use crate::message::{Head, Kind};
use crate::ports::{CaseRegister, Parts, PortFault, Store};
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
            Effect::Publish { package, to } => {
                self.publish(package, to, batch("package.publish")).await
            }
            Effect::TakeAway { package } => {
                self.ports.transport.remove(self.party(), package).await?;
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
            self.ports.vault.destroy(holding).await?;
            dying.push(holding.clone());
        }
        for holding in &dying {
            let gone: Holding = self.need(holding.as_str()).await?;
            batch = self.certify(&gone, batch.empty(holding)).await?;
            batch = batch.and(gone.destroyed(self.now())?)?;
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

    async fn publish(
        &self,
        package: &PackageId,
        to: &PartyId,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let mut kept = Kept {
            store: &*self.ports.store,
            package,
            next: 0,
        };
        self.ports.transport.put(to, package, &mut kept).await?;
        let batch = batch.drop_package(package);
        for leg in self.in_state::<Leg>(State::Sealed.name()).await? {
            if leg.package() == Some(package) {
                let change = leg.sent(self.now())?;
                return self.commit(batch.and(change)?).await;
            }
        }
        self.commit(batch).await
    }

    /// The certificate that is owed to the party whose values they were (RET-12, RET-14).
    async fn certify(&self, holding: &Holding, batch: Batch) -> Result<Batch, Trouble> {
        if holding.owed_to().is_none() {
            return Ok(batch);
        }
        let Some(leg) = self.leg_of(holding.id()).await? else {
            return Ok(batch);
        };
        let at = leg
            .holdings()
            .iter()
            .position(|h| h == holding.id())
            .unwrap_or_default();
        // One certificate for each holding: numbered by file and place, so that ids never meet.
        let number = leg.file() * 100 + u32::try_from(at).unwrap_or_default() + 1;
        let head = Head::Destruction {
            what: holding.what().to_owned(),
            rows: holding.rows(),
            at: self.now(),
            authority: holding.rule().authority.clone(),
        };
        self.letter(&leg, Kind::Destruction, number, head, batch)
            .await
    }
}

/// The bytes of a package that the store keeps.
struct Kept<'a> {
    store: &'a dyn Store,
    package: &'a PackageId,
    next: u32,
}

#[async_trait]
impl Parts for Kept<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        let part = self.store.package(self.package, self.next).await?;
        if part.is_none() && self.next == 0 {
            return Err(gone(self.package));
        }
        self.next += 1;
        Ok(part)
    }
}

/// The fault of a package whose bytes are not kept any more.
pub(super) fn gone(package: &PackageId) -> PortFault {
    PortFault(format!("the bytes of package {package} are gone"))
}
