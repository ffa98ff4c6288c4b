//! The agreements on this node's table. Most verbs begin with one, and to read one again takes longer than most verbs: they are
//! kept in memory as they were last read, and each reading asks the store whether they still have that version. What they
//! compile to is kept by the hash that was signed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use agreement::{Library, Plan};
use ledger::Digest;

use super::{Node, revive};
use crate::change::Aggregate;
use crate::ids::AgreementId;
use crate::pact::Pact;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// The agreements on the table at one moment, by name.
pub type Pacts = Arc<BTreeMap<AgreementId, Arc<Pact>>>;

/// What is kept of them.
#[derive(Default)]
pub(super) struct Known {
    pacts: Mutex<Pacts>,
    plans: Mutex<BTreeMap<Digest, Arc<Plan>>>,
}

impl Node {
    /// The agreements on this node's table, as they stand now.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work or holds something unreadable.
    pub async fn pacts(&self) -> Result<Pacts, Trouble> {
        let versions = self.ports.store.versions(Pact::KIND).await?;
        // Nothing that could leave it half done happens under the lock.
        let known = self.known.pacts.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner).clone();
        let stands = |(id, version): (&String, &u64)| {
            let pact = AgreementId::parse(id).ok().and_then(|id| known.get(&id));
            pact.is_some_and(|pact| pact.version() == *version)
        };
        let new = versions.iter().filter(|one| !stands(*one));
        let new: Vec<String> = new.map(|(id, _)| id.clone()).collect();
        if new.is_empty() && known.len() == versions.len() {
            return Ok(known);
        }
        let mut now = BTreeMap::clone(&known);
        now.retain(|id, _| versions.contains_key(id.as_str()));
        for (key, stored) in self.ports.store.load_many(Pact::KIND, &new).await? {
            let pact: Pact = revive(&key, stored.version, stored.body)?;
            now.insert(pact.id().clone(), Arc::new(pact));
        }
        let now = Arc::new(now);
        let mut known = self
            .known
            .pacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.clone_from(&now);
        Ok(now)
    }

    pub(super) async fn pact(&self, id: &AgreementId) -> Result<(Pact, Arc<Plan>), Trouble> {
        let pacts = self.pacts().await?;
        let pact = pacts.get(id).ok_or_else(|| {
            Trouble::from(
                Refusal::new(
                    "AGR-01",
                    format!("there is no agreement {id} on this node's table"),
                )
                .help("lay it on the table and have it signed"),
            )
        })?;
        Ok((Pact::clone(pact), self.plan_of(pact)?))
    }

    /// What an agreement compiles to; kept by its hash.
    ///
    /// # Errors
    /// [`Trouble`]: refused when it has faults; a fault when it compiles to another hash than was signed.
    pub fn plan_of(&self, pact: &Pact) -> Result<Arc<Plan>, Trouble> {
        let (id, hash) = (pact.id(), pact.hash());
        let known = self
            .known
            .plans
            .lock()
            .ok()
            .and_then(|p| p.get(&hash).cloned());
        if let Some(plan) = known {
            return Ok(plan);
        }
        let plan = Arc::new(self.plan(id, pact.source(), pact.umbrellas())?);
        if plan.hash().as_bytes() != hash.as_bytes() {
            return Err(PortFault(format!(
                "agreement {id} compiles to another hash than was signed: this program or its law catalogue changed"
            ))
            .into());
        }
        if let Ok(mut plans) = self.known.plans.lock() {
            plans.insert(hash, plan.clone());
        }
        Ok(plan)
    }

    /// An agreement on this node's table, with the plan that it compiles to.
    ///
    /// # Errors
    /// [`Trouble`]: refused when there is none; a fault when it compiles to another hash than was signed.
    pub async fn agreement(&self, id: &AgreementId) -> Result<(Pact, Arc<Plan>), Trouble> {
        self.pact(id).await
    }

    pub(super) fn plan(
        &self,
        id: &AgreementId,
        source: &str,
        umbrellas: &[String],
    ) -> Result<Plan, Trouble> {
        let beside = umbrellas.iter().map(|text| ("umbrella", text.as_bytes()));
        let library = Library::read(beside, &self.law);
        let checked = agreement::check(id.as_str(), source.as_bytes(), &self.law, &library);
        checked.plan.ok_or_else(|| {
            Refusal::new("AGR-01", format!("agreement {id} has faults"))
                .help("`concordat check` lists them")
                .into()
        })
    }
}
