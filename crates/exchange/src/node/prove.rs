//! Proving: what an outsider can check about what left. A row is proven while its salts live, the fact for ever.

use std::ops::RangeInclusive;

use agreement::Flow;
use ledger::disclosure::{self, Committing};
use ledger::proof::{DisclosureProof, EntryProof, Proof};
use ledger::tree::{Joint, Stretch};
use ledger::{Cell, Checkpoint, Digest, DisclosureKey, RowProof};
use zeroize::Zeroizing;

use super::Node;
use super::outbound::{Relied, committed, relied_item, roots_item};
use crate::gate::Cells;
use crate::ids::{FlowId, RunId};
use crate::leg::Leg;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows;
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
        let opens = self.opened(&leg, row).await?.cell(field);
        let opens = opens.map_err(|e| PortFault(e.to_string()))?;
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
        let opens = self.opened(&leg, row).await?.without_values();
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

    /// Opens the commitment to a sent file at one of its rows, counted from 1 as the file was prepared. No more rows are read
    /// than those near it.
    async fn opened(&self, leg: &Leg, row: u64) -> Result<RowProof, Trouble> {
        let root = left(leg)?;
        for holding in leg.holdings() {
            let kept = self.find::<Holding>(holding.as_str()).await?;
            if !kept.is_some_and(|kept| kept.is_alive()) {
                let help = "that the file left can still be proven: `concordat prove disclosure` without a row";
                return Err(Self::gone(holding).help(help).into());
            }
        }
        let key = self.disclosure_key(leg).await?;
        let (_, _, flow_plan) = self.flow(leg.agreement(), leg.flow()).await?;
        let sent = SentFile {
            relied: self.relied(leg).await?,
            numbers: leg.numbers(),
            flow: flow_plan,
        };
        let size = sent.numbers.len() as u64;
        let at = sent.numbers.binary_search(&row).map_err(|_| {
            Refusal::new(
                "RUN-17",
                format!("row {row} of {} in {} has not left", leg.flow(), leg.run()),
            )
        })? as u64;
        let roots = match self.roots(leg).await? {
            Some(roots) => roots,
            // Sealed before they were kept.
            None => self.roots_anew(leg, &sent, &key).await?,
        };
        let mut read = Vec::new();
        for page in sent.pages_of(disclosure::near(size, at)) {
            let rows = self.rows_of_page(leg, &sent.flow, &page).await?;
            read.push((page, rows));
        }
        // The cells as they left, with the permits that were relied on; the root in the ledger shows whether they did.
        let cells = Cells::of(&sent.flow);
        let near = disclosure::near(size, at).filter_map(|place| {
            let number = sent.number(place)?;
            let (_, rows) = read.iter().find(|(page, _)| page.contains(&number))?;
            Some((place, sent.row(place, &cells.row(rows, number))))
        });
        let proof = disclosure::prove_row_near(&key, (&roots, size), near, at);
        let proof = proof.and_then(|proof| proof.verify(&root, size).map(|()| proof));
        Ok(proof.map_err(|e| PortFault(e.to_string()))?)
    }

    /// The roots over each 256 rows of a sent file, as they were kept when it was sealed.
    async fn roots(&self, leg: &Leg) -> Result<Option<Vec<Digest>>, Trouble> {
        let Some(plain) = self.kept_beside(leg, &roots_item(leg.file())).await? else {
            return Ok(None);
        };
        let (roots, rest) = plain.as_chunks();
        match rest.is_empty() {
            true => Ok(Some(roots.iter().copied().map(Digest).collect())),
            false => Err(damaged("roots").into()),
        }
    }

    /// The same, out of all its rows, a page at a time.
    async fn roots_anew(
        &self,
        leg: &Leg,
        sent: &SentFile,
        key: &DisclosureKey,
    ) -> Result<Vec<Digest>, Trouble> {
        let (mut committing, cells) = (Committing::default(), Cells::of(&sent.flow));
        let mut places = (0..).zip(&sent.numbers).peekable();
        for page in rows::pages(leg.last_number()) {
            let rows = self.rows_of_page(leg, &sent.flow, &page).await?;
            while let Some((place, number)) = places.next_if(|(_, n)| page.contains(n)) {
                let taken = committing.row(key, &sent.row(place, &cells.row(&rows, *number)));
                taken.map_err(|e| PortFault(e.to_string()))?;
            }
        }
        Ok(committing.roots().to_vec())
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
        let Some(plain) = self.kept_beside(leg, &relied_item(leg.file())).await? else {
            return Err(match leg.holdings().first() {
                Some(holding) => Self::gone(holding),
                None => Refusal::new("SEC-14", "this file has no holding"),
            }
            .into());
        };
        serde_json::from_slice(&plain).map_err(|_| damaged("permits").into())
    }

    /// What was sealed beside the rows of a sent file under this name.
    async fn kept_beside(
        &self,
        leg: &Leg,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
        let Some(holding) = leg.holdings().first() else {
            return Ok(None);
        };
        let Some(sealed) = self.ports.store.item(holding, name).await? else {
            return Ok(None);
        };
        Ok(Some(self.ports.vault.open(holding, name, &sealed).await?))
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

/// A sent file: the numbers of its rows in their order, and the permits that each cell relied on.
struct SentFile {
    relied: Relied,
    numbers: Vec<u64>,
    flow: Flow,
}

impl SentFile {
    /// The number of the row at a place of the file, counted from 0.
    fn number(&self, place: u64) -> Option<u64> {
        self.numbers.get(usize::try_from(place).ok()?).copied()
    }

    /// The pages on which the rows at these places are, each once.
    fn pages_of(&self, places: impl Iterator<Item = u64>) -> Vec<RangeInclusive<u64>> {
        let mut pages: Vec<_> = places
            .filter_map(|place| self.number(place))
            .map(rows::page_of)
            .collect();
        pages.dedup();
        pages
    }

    /// The cells of the row at a place, which has these values, as they were committed to.
    fn row<'a>(&'a self, place: u64, values: &[&'a str]) -> Vec<Cell<'a>> {
        let permits = usize::try_from(place).ok().and_then(|n| self.relied.at(n));
        committed(&self.flow, permits.unwrap_or_default(), values)
    }
}

fn damaged(what: &str) -> PortFault {
    PortFault(format!("the {what} of a file are damaged"))
}

/// The root of the commitment to what left.
fn left(leg: &Leg) -> Result<Digest, Refusal> {
    leg.disclosure().ok_or_else(|| {
        let what = format!("{} of {} has not left", leg.flow(), leg.run());
        Refusal::new("RUN-04", what)
    })
}
