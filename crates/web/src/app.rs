//! What the handlers share: the node, who may come in, what is counted.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use async_trait::async_trait;
use exchange::authority::Person;
use exchange::lookup::Asker;
use exchange::{Node, Trouble, Waits};
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Digest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Access;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::people::provider::Provider;
use crate::permission::{Permissions, PolicyFault};
use crate::problem::{FAULT, Problem};

/// One thing that falls due, or waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Waiting {
    /// The day; none for what waits for somebody or something.
    #[schema(value_type = Option<String>, format = Date)]
    pub on: Option<Date>,
    /// What.
    pub what: String,
    /// Whose it is.
    pub whose: String,
    /// What happens by itself, or what the owner does.
    pub then: String,
}

/// What is told of the node as a whole: made above the domain, by the program that composes the node.
#[async_trait]
pub trait Overview: Send + Sync {
    /// What falls due when, and what waits for whom; no value of a person.
    async fn due(&self) -> Result<Vec<Waiting>, Trouble>;
    /// What the agreements did, in counts, names of the hub and dates.
    async fn report(&self) -> Result<serde_json::Value, Trouble>;
}

/// How callers show who they are.
pub enum Entrance {
    /// By access tokens that are bound to client certificates; the list of who is known changes while the node runs.
    Tokens(RwLock<Arc<Access>>),
    /// One person on this machine, who holds the secret that was written where the node's keys are.
    Local {
        /// Who they are.
        person: Person,
        /// The digest of the secret.
        secret: Digest,
    },
}

/// The lists of the node's directory, as they stand now.
pub struct Lists {
    /// Who may come in; none where one person is served on this machine.
    pub access: Option<Access>,
    /// Of whom a look-up knows what it asks about them.
    pub askers: Vec<Asker>,
}

/// The service's state.
pub struct App {
    pub(crate) node: Arc<Node>,
    pub(crate) overview: Arc<dyn Overview>,
    pub(crate) entrance: Entrance,
    pub(crate) askers: RwLock<Arc<Vec<Asker>>>,
    pub(crate) permissions: Permissions,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// How many requests there were: each draws its id by its number.
    pub(crate) requests: AtomicU64,
    pub(crate) looked: Mutex<Option<(Timestamp, Vec<&'static str>)>>,
    pub(crate) counted: Mutex<Option<(Timestamp, Waits)>>,
    /// Is something wrong with the list of who is known, so that an older one counts?
    pub(crate) stale_access: Mutex<bool>,
    /// Who signs people in; none where nobody can.
    pub(crate) provider: OnceLock<Arc<dyn Provider>>,
    /// When this process wrote down last that a session is used.
    pub(crate) used: Mutex<BTreeMap<Digest, Timestamp>>,
}

impl App {
    /// Composes the service; one caller may ask so often a minute.
    ///
    /// # Errors
    /// [`PolicyFault`] when the policies do not validate against their schema.
    pub fn new(
        node: Arc<Node>,
        overview: Arc<dyn Overview>,
        entrance: Entrance,
        per_minute: NonZeroU32,
    ) -> Result<Arc<Self>, PolicyFault> {
        Ok(Arc::new(Self {
            node,
            overview,
            entrance,
            askers: RwLock::default(),
            permissions: Permissions::built_in()?,
            limits: Limits::new(per_minute),
            metrics: Metrics::new(),
            requests: AtomicU64::new(0),
            looked: Mutex::default(),
            counted: Mutex::default(),
            stale_access: Mutex::default(),
            provider: OnceLock::new(),
            used: Mutex::default(),
        }))
    }

    /// People sign in by this provider, where the list of who is known says how; a second one changes nothing.
    pub fn signs_in_by(&self, provider: Arc<dyn Provider>) {
        let _ = self.provider.set(provider);
    }

    /// The file of this node's key at its provider; none where nobody signs in.
    pub fn key_of_sign_in(&self) -> Option<String> {
        let access = self.access().ok().flatten()?;
        access.sign_in.as_ref().map(|at| at.key.clone())
    }

    /// The list of who is known, as it stands now; none where one person is served on this machine.
    pub(crate) fn access(&self) -> Result<Option<Arc<Access>>, Problem> {
        match &self.entrance {
            Entrance::Local { .. } => Ok(None),
            Entrance::Tokens(list) => Ok(Some(list.read().map_err(|_| FAULT)?.clone())),
        }
    }

    /// From now on these lists count. Where one could not be read, the older ones still count, and `/readyz` says so; the
    /// fault is logged once.
    pub fn refresh(&self, lists: Result<Lists, String>) {
        if let Ok(mut stale) = self.stale_access.lock() {
            if let (Err(fault), false) = (&lists, *stale) {
                crate::log::fault(fault);
            }
            *stale = lists.is_err();
        }
        let Ok(Lists { access, askers }) = lists else {
            return;
        };
        if let (Some(access), Entrance::Tokens(list)) = (access, &self.entrance)
            && let Ok(mut list) = list.write()
        {
            *list = Arc::new(access);
        }
        if let Ok(mut list) = self.askers.write() {
            *list = Arc::new(askers);
        }
    }

    /// A round of the worker came to these faults.
    pub fn worked(&self, faults: &[String]) {
        if !faults.is_empty() {
            self.metrics.rounds_failed.inc();
        }
        faults.iter().for_each(crate::log::fault);
    }
}
