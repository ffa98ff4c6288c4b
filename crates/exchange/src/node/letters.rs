//! Small letters about a file: receipts, rejections, certificates. Each is sealed and sent like any package.

use std::fmt::Display;

use super::Node;
use crate::change::Batch;
use crate::effect::Effect;
use crate::leg::Leg;
use crate::message::{Head, Kind, Letter};
use crate::trouble::Trouble;

impl Node {
    /// Seals a letter about the present file of a received leg and intends to send it to the file's sender.
    pub(super) async fn reply(
        &self,
        leg: &Leg,
        kind: Kind,
        head: Head,
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        self.letter(leg, kind, leg.file(), head, batch).await
    }

    /// As [`Node::reply`], under a number or name that no other of its kind about this leg has.
    pub(super) async fn letter(
        &self,
        leg: &Leg,
        kind: Kind,
        number: impl Display,
        head: Head,
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        kind.sent_from(leg)?;
        if self.is_by_hand(leg.peer()) {
            return Ok(batch); // A person tells it: there is no node to write to.
        }
        let manifest = self.manifest(leg, kind, number, leg.package().cloned())?;
        let letter = Letter {
            head,
            file: Vec::new(),
        };
        let to = self.card_of(leg.peer()).await?;
        let bytes = self.ports.sealer.seal(&manifest, &letter, &to)?;
        let effect = Effect::Publish {
            package: manifest.id.clone(),
            to: leg.peer().clone(),
            route: leg.route().clone(),
        };
        Ok(batch.package(&manifest.id, bytes).effect(effect))
    }
}
