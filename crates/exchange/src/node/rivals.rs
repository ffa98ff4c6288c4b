//! A second, different file for a leg: held sealed, and decided by two people. It takes the place of the first only where
//! nothing of that was used.

use std::sync::Arc;

use ledger::Digest;

use super::agreements::actor;
use super::inbound::{AfterFirst, take_away};
use super::outbound::digest;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::ids::{FlowId, OperationId, PackageId, RouteId, RunId};
use crate::leg::{Arrival, Leg, State};
use crate::message::Kind;
use crate::ports::Spooled;
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rival::{Fate, Rival};
use crate::trouble::Trouble;

impl Node {
    /// Holds a file that came for a leg beside the one that it has.
    pub(super) async fn hold_rival(
        &self,
        op: OperationId,
        route: &RouteId,
        leg: &Leg,
        file: &Arrival,
        package: Spooled,
    ) -> Result<Done, Trouble> {
        let before = self
            .find::<Rival>(&Leg::key_of(leg.run(), leg.flow()))
            .await?;
        match Rival::hold(leg, file, before) {
            Ok(change) => {
                let first = package.0.part(0).await?.unwrap_or_default();
                let rest = Spooled(Arc::new(AfterFirst(package)));
                let batch = Batch::new(op, "rival.hold")
                    .large_package(&change.state().kept_as()?, first, rest)
                    .effect(take_away(route, &file.package));
                self.commit(batch.and(change)?).await
            }
            Err(refusal) => {
                self.turn_away(op, route, &file.package, &package, vec![refusal])
                    .await
            }
        }
    }

    /// A package whose name was received before, where it is another file than the one that a leg has under this name:
    /// held. None where it is the same again, or nothing that is to be held.
    pub(super) async fn another_of_that_name(
        &self,
        route: &RouteId,
        id: &PackageId,
        package: Spooled,
    ) -> Result<Option<Done>, Trouble> {
        let bytes = digest(&[], &package).await?;
        let op = OperationId::parse(format!("rival:{bytes}"))?;
        if self.ports.store.done(&op).await? {
            // It is held already: the same again, or still on its way off the transport.
            let going = self.ports.store.effect_open(&op).await?;
            return Ok(going.then(Vec::new));
        }
        let manifest = match self.admit(route, id, &package).await {
            Ok(manifest) if matches!(manifest.kind, Kind::Data | Kind::Return) => manifest,
            Ok(_) | Err(Trouble::Refused(_)) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let key = Leg::key_of(&manifest.run, &manifest.flow);
        let leg = self.find::<Leg>(&key).await?;
        let differs = |leg: &Leg| {
            leg.package() == Some(id) && leg.bytes().is_some_and(|first: Digest| first != bytes)
        };
        let Some(leg) = leg.filter(|leg| leg.state() != State::Rejected && differs(leg)) else {
            return Ok(None);
        };
        let file = Arrival {
            package: id.clone(),
            at: self.now(),
            bytes,
            reply_by: None,
            late: false,
        };
        let held = self.hold_rival(op, route, &leg, &file, package).await?;
        Ok(Some(held))
    }

    /// A person says what becomes of a second file; when another has said the same, it is done.
    ///
    /// # Errors
    /// [`Trouble`]: refused (RUN-04) where none waits, to one person alone, and to take it where the first was used.
    pub async fn decide_rival(
        &self,
        op: &OperationId,
        (run, flow): (&RunId, &FlowId),
        fate: Fate,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::DecideHold)?;
            let key = Leg::key_of(run, flow);
            let (rival, leg): (Rival, Leg) = (self.need(&key).await?, self.need(&key).await?);
            let fresh = matches!(leg.state(), State::Received | State::Held);
            if fate == Fate::Take && !fresh {
                let state = leg.state().name();
                let what = format!("the first file of {flow} of {run} is {state}: it was used");
                let help = "refuse the second; what is wrong with the first is recalled row by row";
                return Err(Refusal::new("RUN-04", what).help(help).into());
            }
            let kept = rival.kept_as()?;
            let change = rival.say(fate, reason, &by)?;
            let mut batch = Batch::new(op.clone(), "rival.decide");
            match change.state().decided() {
                None => {}
                Some(Fate::Refuse) => batch = batch.drop_package(&kept),
                Some(Fate::Take) => {
                    for id in leg.holdings() {
                        let holding: Holding = self.need(id.as_str()).await?;
                        if holding.is_alive() {
                            batch = batch.and(holding.discard(self.now(), &by.actor())?)?;
                        }
                    }
                    if let Some(first) = leg.kept_as() {
                        batch = batch.drop_package(first);
                    }
                    let (reply_by, late) = (leg.reply_by(), leg.is_late());
                    let file = change.state().arrival(reply_by, late);
                    batch = batch.and(leg.take_rival(file, kept, &by)?)?;
                }
            }
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// The second files of a run that people still have to decide about.
    pub(super) async fn rivals(&self, run: &RunId) -> Result<Vec<Refusal>, Trouble> {
        let all = self.under::<Rival>(&format!("{run}/")).await?;
        let open = all.into_iter().filter(Rival::is_open).map(|rival| {
            let what = format!("a second file of {} waits for two people", rival.flow());
            Refusal::new("RUN-21", what).help("`concordat run second` says what becomes of it")
        });
        Ok(open.collect())
    }
}
