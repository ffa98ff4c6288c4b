//! The worker: everything that needs no person. Places entries, receives, opens, does effects, lets dates fall
//! due, until nothing is left to do now.

use jiff::SignedDuration;
use ledger::Entry;

use super::{Done, Node};
use crate::effect::LeasedEffect;
use crate::leg::{Leg, State};
use crate::ports::PortFault;
use crate::trouble::Trouble;

const LEASE_TIME: SignedDuration = SignedDuration::from_mins(5);
/// Enough that the effects of one operation are leased at once.
const BATCH: u32 = 1_000;
/// The first wait before an effect is tried again; it doubles with each try.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
const MOST_DOUBLINGS: u32 = 10;

/// What a round of work came to.
#[derive(Debug, Default)]
pub struct Worked {
    /// The entries that now stand, in order.
    pub entries: Vec<Entry>,
    /// What did not work and will be tried again; for the operator.
    pub faults: Vec<String>,
    /// Was anything done at all? Sending a letter leaves no entry, and gives the other node work.
    pub busy: bool,
}

impl Node {
    /// Works until nothing is left to do at this moment.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work; what goes wrong with one package or effect is told in
    /// [`Worked::faults`] and does not stop the others.
    pub async fn work(&self) -> Result<Worked, Trouble> {
        let mut worked = Worked::default();
        // What cannot be kept is compared with what was kept before.
        if let Err(fault) = self.ports.clock.remember() {
            worked.faults.push(fault.to_string());
        }
        loop {
            let before = worked.entries.len();
            let placed = self.sequence().await?;
            self.take_packages(&mut worked).await?;
            self.open_files(&mut worked).await?;
            worked.entries.extend(self.fall_due().await?);
            worked.entries.extend(self.give_up_checks().await?);
            let performed = self.perform_effects(&mut worked).await?;
            if !placed && !performed && worked.entries.len() == before {
                return Ok(worked);
            }
            worked.busy = true;
        }
    }

    async fn take_packages(&self, worked: &mut Worked) -> Result<(), Trouble> {
        for (route, carrier) in self.open_routes().await? {
            match carrier.transport.waiting(self.party()).await {
                Ok(waiting) => {
                    for id in waiting {
                        gather(worked, self.receive(&route, &id).await);
                    }
                }
                // One that does not answer does not hold back the others.
                Err(fault) => gather(worked, Err(fault.into())),
            }
        }
        Ok(())
    }

    async fn open_files(&self, worked: &mut Worked) -> Result<(), Trouble> {
        for leg in self.in_state::<Leg>(State::Received.name()).await? {
            gather(worked, self.open_received(leg.run(), leg.flow()).await);
        }
        Ok(())
    }

    async fn perform_effects(&self, worked: &mut Worked) -> Result<bool, Trouble> {
        let (store, now) = (&self.ports.store, self.now());
        let until = now.checked_add(LEASE_TIME).map_err(end_of_time)?;
        let holder = self.settings.instance.as_str();
        let leased = store.lease_effects(holder, now, until, BATCH).await?;
        let mut any = false;
        let groups = leased.chunk_by(|a, b| a.op == b.op && a.effect.goes_with(&b.effect));
        let mut todo: Vec<&[LeasedEffect]> = groups.rev().collect();
        while let Some(group) = todo.pop() {
            let Some(first) = group.first() else { continue };
            match self.perform(first, group).await {
                Ok(Some(done)) => {
                    any = true;
                    worked.entries.extend(done);
                }
                // It stays leased: this process asks again in its next round, any other when the lease is over.
                Ok(None) => {}
                // One that cannot be done does not hold back the others: each is done alone.
                Err(_) if group.len() > 1 => todo.extend(group.chunks(1).rev()),
                Err(trouble) => {
                    worked
                        .faults
                        .push(format!("effect {}: {trouble}", first.id));
                    let doublings = first.attempts.min(MOST_DOUBLINGS);
                    let wait = FIRST_WAIT.checked_mul(1 << doublings).unwrap_or(FIRST_WAIT);
                    let at = now.checked_add(wait).map_err(end_of_time)?;
                    store.retry_effect(&first.id, at).await?;
                }
            }
        }
        Ok(any)
    }
}

fn gather(worked: &mut Worked, result: Result<Done, Trouble>) {
    match result {
        Ok(done) => worked.entries.extend(done),
        Err(trouble) => {
            let fault = trouble.to_string();
            // A round asks again and again until nothing is left to do.
            if !worked.faults.contains(&fault) {
                worked.faults.push(fault);
            }
        }
    }
}

fn end_of_time(_: jiff::Error) -> PortFault {
    PortFault("the clock is at the end of time".into())
}
