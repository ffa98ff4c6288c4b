//! Proving: what an outsider can check about what left. A row is proven while its salts live, the fact for ever.

use ledger::proof::{DisclosureProof, EntryProof, Proof};
use ledger::tree::{Joint, Stretch};
use ledger::{Cell, Checkpoint, Digest, DisclosureFault, DisclosureKey};

use super::Node;
use super::outbound::{Relied, committed, relied_item};
use crate::gate::Cells;
use crate::ids::{FlowId, RunId};
use crate::leg::Leg;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::trouble::Trouble;

/// A proof and the public key that it is checked with.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The proof. A cell's proof holds the cell's value: it is for whoever may see it.
    pub proof: Proof,
    /// This node's verifier key.
    pub key: String,
}

impl Node {
    /// Proves that the cell of `field` in row `row` (from 1) of a sent file left, and under which permit. The proof holds
    /// the cell's value.
    ///
    /// # Errors
    /// [`Trouble`]: refused once the key of its salts is destroyed.
    pub async fn prove_cell(
        &self,
        run: &RunId,
        flow: &FlowId,
        row: u64,
        field: &str,
    ) -> Result<Proven, Trouble> {
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        let opens = self
            .opened(&leg, row, |key, rows, at| {
                ledger::disclosure::prove(key, rows, at, field)
            })
            .await?;
        let entry = self.prove_sealed(&leg).await?;
        Ok(self.proven(Proof::Cell(DisclosureProof { entry, opens })))
    }

    /// Proves which fields row `row` (from 1) of a sent file left with, each under its permit, and that nothing else left
    /// in it. The proof holds no value and none can be guessed from it.
    ///
    /// # Errors
    /// [`Trouble`]: refused once the key of its salts is destroyed; [`Node::prove_disclosure`] still works then.
    pub async fn prove_fields(
        &self,
        run: &RunId,
        flow: &FlowId,
        row: u64,
    ) -> Result<Proven, Trouble> {
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        let opens = self
            .opened(&leg, row, |key, rows, at| {
                ledger::disclosure::prove_row(key, rows, at).map(|row| row.without_values())
            })
            .await?;
        let entry = self.prove_sealed(&leg).await?;
        Ok(self.proven(Proof::Fields(DisclosureProof { entry, opens })))
    }

    /// Proves that a file left: when, to whom, under which agreement and with how many rows and cells. No key is needed.
    ///
    /// # Errors
    /// [`Trouble`]: refused for a file that has not left.
    pub async fn prove_disclosure(&self, run: &RunId, flow: &FlowId) -> Result<Proven, Trouble> {
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        let entry = self.prove_sealed(&leg).await?;
        Ok(self.proven(Proof::Disclosure(entry)))
    }

    /// Opens the commitment to a sent file at one of its rows, counted from 1 as the file was prepared.
    async fn opened<P>(
        &self,
        leg: &Leg,
        row: u64,
        open: impl FnOnce(&DisclosureKey, Vec<Vec<Cell<'_>>>, u64) -> Result<P, DisclosureFault>,
    ) -> Result<P, Trouble> {
        left(leg)?;
        for holding in leg.holdings() {
            let kept = self.find::<Holding>(holding.as_str()).await?;
            if !kept.is_some_and(|kept| kept.is_alive()) {
                let help = "that the file left can still be proven: `concordat prove disclosure` without a row";
                return Err(Self::gone(holding).help(help).into());
            }
        }
        let key = self.disclosure_key(leg).await?;
        let (_, _, flow_plan) = self.flow(leg.agreement(), leg.flow()).await?;
        let values = self.rows_of(leg, &flow_plan).await?;
        let relied = self.relied(leg).await?;
        let numbers = leg.numbers();
        let at = numbers.iter().position(|n| *n == row).ok_or_else(|| {
            Refusal::new(
                "RUN-17",
                format!("row {row} of {} in {} has not left", leg.flow(), leg.run()),
            )
        })?;
        // The cells as they left, with the permits that were relied on; the root in the ledger shows whether they did.
        let cells = Cells::of(&flow_plan);
        let rows = numbers.iter().enumerate().map(|(place, n)| {
            let values = cells.row(&values, *n);
            committed(&flow_plan, relied.at(place).unwrap_or_default(), &values)
        });
        Ok(open(&key, rows.collect(), at as u64).map_err(|e| PortFault(e.to_string()))?)
    }

    async fn prove_sealed(&self, leg: &Leg) -> Result<EntryProof, Trouble> {
        self.prove_entry(&left(leg)?.to_string()).await
    }

    fn proven(&self, proof: Proof) -> Proven {
        let key = self.ports.signer.card().verifier;
        Proven { proof, key }
    }

    /// Proves that the ledger has the certificate of a holding's destruction.
    ///
    /// # Errors
    /// [`Trouble`]: refused while the key lives.
    pub async fn prove_destroyed(&self, holding: &str) -> Result<Proven, Trouble> {
        let entry = self.prove_entry(holding).await?;
        Ok(self.proven(Proof::Destroyed(entry)))
    }

    async fn relied(&self, leg: &Leg) -> Result<Relied, Trouble> {
        let holding = leg
            .holdings()
            .first()
            .ok_or_else(|| Refusal::new("SEC-14", "this file has no holding"))?;
        let name = relied_item(leg.file());
        let Some(sealed) = self.ports.store.item(holding, &name).await? else {
            return Err(Self::gone(holding).into());
        };
        let plain = self.ports.vault.open(holding, &name, &sealed).await?;
        serde_json::from_slice(&plain)
            .map_err(|_| PortFault("the permits of a file are damaged".into()).into())
    }

    /// The first entry that is found by `name`, with its way to the checkpoint.
    async fn prove_entry(&self, name: &str) -> Result<EntryProof, Trouble> {
        let checkpoint = self.ports.store.head().await?.checkpoint;
        let size = if checkpoint.is_empty() {
            0
        } else {
            Checkpoint::open(&checkpoint, &self.own_key()?)
                .map_err(|e| PortFault(e.to_string()))?
                .size
        };
        let found = self.ports.store.found_by(name).await?.into_iter().next();
        let Some((index, bytes)) = found.filter(|(index, _)| *index < size) else {
            let what = "the ledger has no such entry under its checkpoint";
            return Err(Refusal::new("SEC-14", what).into());
        };
        let nodes =
            ledger::tree::inclusion_stretches(size, index).map_err(|e| PortFault(e.to_string()))?;
        let path = self.path(&nodes).await?;
        let entry = String::from_utf8(bytes).map_err(|e| PortFault(e.to_string()))?;
        Ok(EntryProof {
            index,
            entry,
            path,
            checkpoint,
        })
    }

    /// The hashes of these nodes of the tree.
    pub(super) async fn path(&self, nodes: &[Vec<Stretch>]) -> Result<Vec<Digest>, Trouble> {
        let mut path = Vec::with_capacity(nodes.len());
        for stretches in nodes {
            let hash = self.joined(stretches).await?;
            path.push(hash.ok_or_else(|| {
                let what =
                    "the ledger lacks entries below its checkpoint (SEC-14): restore the store";
                PortFault(what.into())
            })?);
        }
        Ok(path)
    }

    /// The hash that these stretches of the tree join to; none where the ledger has fewer entries.
    pub(super) async fn joined(&self, stretches: &[Stretch]) -> Result<Option<Digest>, Trouble> {
        let (store, mut joint) = (&self.ports.store, Joint::default());
        for Stretch { level, from, to } in stretches {
            let hashes: Vec<Digest> = match level {
                0 => {
                    let leaves = store.leaves(*from, *to).await?;
                    leaves.into_iter().map(|(_, leaf)| leaf).collect()
                }
                level => store.subtrees(*level, *from, *to).await?,
            };
            if hashes.len() as u64 != to - from {
                return Ok(None);
            }
            for hash in hashes {
                joint.push(*level, hash);
            }
        }
        Ok(Some(joint.hash()))
    }
}

/// The root of the commitment to what left.
fn left(leg: &Leg) -> Result<Digest, Refusal> {
    leg.disclosure().ok_or_else(|| {
        let what = format!("{} of {} has not left", leg.flow(), leg.run());
        Refusal::new("RUN-04", what)
    })
}
