//! Doing effects: what was intended is done, idempotent by its id, and its completion recorded.

use super::{Done, Node};
use crate::authority::Actor;
use crate::change::{Aggregate, Batch};
use crate::effect::{Effect, LeasedEffect, RegisterAct};
use crate::flag::Flag;
use crate::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId};
use crate::leg::{Leg, State};
use crate::matches::{Match, Standing};
use crate::message::{Head, Kind};
use crate::ports::PortFault;
use crate::refusal::Refusal;
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
            Effect::Register {
                act: RegisterAct::SetFlag { .. },
                ..
            } => self.show(group, batch("flag.show")).await,
            Effect::Register {
                flag,
                holding,
                item,
                act,
            } => {
                let batch = batch("register.apply");
                self.register(&first.id, flag.as_deref(), holding, item, act, batch)
                    .await
            }
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

    /// Shows flags in the case register. One that is going already is not shown any more.
    async fn show(&self, group: &[LeasedEffect], mut batch: Batch) -> Result<Done, Trouble> {
        for leased in group {
            let Effect::Register {
                flag: Some(flag),
                holding,
                item,
                act,
            } = &leased.effect
            else {
                continue;
            };
            let flag: Flag = self.need(flag).await?;
            if !flag.is_going() {
                self.apply(&leased.id, holding, item, act).await?;
                batch = batch.and(flag.shown(self.now())?)?;
            }
        }
        self.commit(batch).await
    }

    async fn publish(
        &self,
        package: &PackageId,
        to: &PartyId,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let Some(bytes) = self.ports.store.package(package).await? else {
            return Err(PortFault(format!("the bytes of package {package} are gone")).into());
        };
        self.ports.transport.put(to, package, &bytes).await?;
        let batch = batch.drop_package(package);
        for leg in self.in_state::<Leg>(State::Sealed.name()).await? {
            if leg.package() == Some(package) {
                let change = leg.sent(self.now())?;
                return self.commit(batch.and(change)?).await;
            }
        }
        self.commit(batch).await
    }

    /// Does the effect in the case register and records what it came to.
    async fn register(
        &self,
        id: &EffectId,
        flag: Option<&str>,
        holding: &HoldingId,
        item: &str,
        act: &RegisterAct,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let Some(flag) = flag else {
            self.apply(id, holding, item, act).await?;
            return self.commit(batch).await;
        };
        let flag: Flag = self.need(flag).await?;
        match act {
            RegisterAct::LiftFlag { .. } => {
                self.apply(id, holding, item, act).await?;
                let basis: Match = self.need(flag.basis()).await?;
                let others = self.under::<Flag>(&format!("{}/", flag.basis())).await?;
                let last = others
                    .iter()
                    .all(|f| f.key() == flag.key() || f.status() == "lifted");
                let mut batch = batch.and(flag.lifted(self.now())?)?;
                if basis.standing() == Standing::Refuted && last {
                    batch = self.discard_kept(holding, &Actor::Node, batch).await?;
                }
                self.commit(batch).await
            }
            RegisterAct::SetFlag { .. } | RegisterAct::Note { .. } => {
                self.apply(id, holding, item, act).await?;
                self.commit(batch).await
            }
        }
    }

    async fn apply(
        &self,
        id: &EffectId,
        holding: &HoldingId,
        item: &str,
        act: &RegisterAct,
    ) -> Result<(), Trouble> {
        let Some(register) = &self.ports.register else {
            return Err(PortFault("this node has no case register".into()).into());
        };
        let row = rows::open_one(&*self.ports.store, &*self.ports.vault, holding, item).await?;
        let row = row.ok_or_else(|| {
            Refusal::new(
                "RET-12",
                format!("the row of {holding} that names the person is gone"),
            )
        })?;
        let person = row.get(register.person_field());
        register.apply(id, person, act, self.now()).await?;
        Ok(())
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
