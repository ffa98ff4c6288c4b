//! Witnessing: this node asks a partner to co-sign its ledger, co-signs a partner's, and publishes what it was given.

use ledger::{Checkpoint, CosignerKey, Request, VerifierKey, WitnessFault, witness};

use super::agreements::{actor, key};
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::cosigning::{Cosigning, Whose};
use crate::ids::{OperationId, PartyId};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// What `witness` is asked to co-sign: the newest checkpoint, with the path from the one that it co-signed last.
    ///
    /// # Errors
    /// [`Trouble`]: refused while the ledger has no checkpoint, and for a party whose keys are not taken on.
    pub async fn ask_witness(&self, witness: &PartyId) -> Result<Request, Trouble> {
        self.card_of(witness).await?;
        let key = Cosigning::key_of(Whose::Ours, witness);
        let old = self.find::<Cosigning>(&key).await?.map_or(0, |c| c.size());
        let checkpoint = self.ports.store.head().await?.checkpoint;
        if checkpoint.is_empty() {
            return Err(Refusal::new("SEC-14", "this ledger has no checkpoint yet").into());
        }
        let size = Checkpoint::open(&checkpoint, &self.own_key()?)
            .map_err(fault)?
            .size;
        let path = if old == 0 {
            Vec::new()
        } else {
            let nodes = ledger::tree::growth_stretches(size, old).map_err(fault)?;
            self.path(&nodes).await?
        };
        Ok(Request {
            old,
            path,
            checkpoint,
        })
    }

    /// Co-signs a partner's checkpoint: it is signed by the partner's key, and its ledger only grew since the newest
    /// checkpoint that was co-signed here. What was seen is recorded before the signature exists.
    ///
    /// # Errors
    /// [`Trouble`]: refused (SEC-14) for a ledger that shrank or forked, naming both checkpoints.
    pub async fn cosign(
        &self,
        op: &OperationId,
        request: &Request,
        who: &Person,
    ) -> Result<(Done, String), Trouble> {
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::Witness)?;
                let (log, key) = self.log_of(&request.checkpoint).await?;
                let before = self.theirs(&log).await?;
                let known = before.as_ref().map(|before| before.checkpoint(&log));
                let seen = witness::consistent(known.as_ref(), request, &key).map_err(refused)?;
                let at = self.now();
                let change = Cosigning::seen(before, Whose::Theirs, &log, &seen, at, &by)?;
                self.commit(Batch::new(op.clone(), "checkpoint.witness").and(change)?)
                    .await
            })
            .await?;
        let (log, key) = self.log_of(&request.checkpoint).await?;
        let text = Checkpoint::open(&request.checkpoint, &key)
            .map_err(fault)?
            .text();
        let seen = self.theirs(&log).await?;
        let seen = seen.filter(|seen| seen.checkpoint(&log).text() == text);
        let seen = seen.ok_or_else(|| {
            Refusal::new(
                "SEC-14",
                format!("a newer checkpoint of {log} is co-signed"),
            )
        })?;
        let line = self.ports.signer.cosign(&text, seen.at())?;
        Ok((done, format!("{}{line}", request.checkpoint)))
    }

    /// Takes on a checkpoint of this node's ledger that a partner co-signed, and publishes it beside the ledger as
    /// `witness/<party>`.
    ///
    /// # Errors
    /// [`Trouble`]: refused (SEC-14) when no partner co-signed it, or when it is not this ledger's.
    pub async fn take_cosigned(
        &self,
        op: &OperationId,
        note: &str,
        who: &Person,
    ) -> Result<(Done, PartyId), Trouble> {
        let (party, seen) = self.cosigned(note).await?;
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::Witness)?;
                let whole = ledger::tree::root_of_stretches(seen.checkpoint.size);
                if self.joined(&whole).await? != Some(seen.checkpoint.root) {
                    let what = "the co-signed checkpoint is not of this ledger as it stands";
                    let help = "keep it as evidence: this node's store was put back to an older state, or its key is used elsewhere";
                    return Err(Refusal::new("SEC-14", what).help(help).into());
                }
                let key = Cosigning::key_of(Whose::Ours, &party);
                let before = self.find::<Cosigning>(&key).await?;
                let change =
                    Cosigning::seen(before, Whose::Ours, &party, &seen.checkpoint, seen.at, &by)?;
                self.commit(Batch::new(op.clone(), "checkpoint.cosigned").and(change)?)
                    .await
            })
            .await?;
        let path = format!("witness/{party}");
        self.ports
            .shelf
            .write(vec![(path.clone(), note.as_bytes().to_vec())])
            .await?;
        Ok((done, party))
    }

    async fn theirs(&self, log: &PartyId) -> Result<Option<Cosigning>, Trouble> {
        self.find(&Cosigning::key_of(Whose::Theirs, log)).await
    }

    /// The partner whose ledger a checkpoint says it is of, with its key.
    async fn log_of(&self, checkpoint: &str) -> Result<(PartyId, VerifierKey), Trouble> {
        let origin = checkpoint.lines().next().unwrap_or_default();
        let log = PartyId::parse(origin)
            .ok()
            .filter(|log| log != self.party());
        let log = log
            .ok_or_else(|| Refusal::new("SEC-14", "the checkpoint is not of a partner's ledger"))?;
        let key = key(&self.card_of(&log).await?)?;
        Ok((log, key))
    }

    /// The first partner that co-signed a checkpoint of this ledger.
    async fn cosigned(&self, note: &str) -> Result<(PartyId, ledger::Cosigned), Trouble> {
        let own = self.own_key()?;
        for card in self.cards().await? {
            if card.party == *self.party() {
                continue;
            }
            match witness::open(note, &own, &CosignerKey::of(&key(&card)?)) {
                Ok(seen) => return Ok((card.party, seen)),
                Err(WitnessFault::Unwitnessed { .. }) => {}
                Err(fault) => return Err(refused(fault).into()),
            }
        }
        Err(
            Refusal::new("SEC-14", "no partner has co-signed this checkpoint")
                .help("ask one: `concordat witness ask`")
                .into(),
        )
    }

    pub(super) fn own_key(&self) -> Result<VerifierKey, Trouble> {
        let card = self.ports.signer.card();
        Ok(key(&card)?)
    }
}

fn refused(fault: WitnessFault) -> Refusal {
    Refusal::new("SEC-14", fault.to_string())
}

fn fault(fault: impl std::fmt::Display) -> PortFault {
    PortFault(fault.to_string())
}
