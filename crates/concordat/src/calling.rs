//! How this node calls and answers, as `node.toml` says it, and the ports that this comes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use courier::{Allowed, CallPlace, Egress, Https};
use exchange::check::months::{Rules, RulesFile};
use exchange::ids::{PartyId, RouteId};
use exchange::ports::{CallFault, CallRecords, Calling, Clock, Entropy, Supplier};
use exchange::{Node, Trouble, ports};
use jiff::SignedDuration;
use ledger::Digest;
use serde::{Deserialize, Serialize};
use sim::sandbox::Sandbox;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::fail::Fail;
use crate::house;
use crate::records::OwnRecords;

/// How calls are made and answered. Paths are relative to the node's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Calls {
    /// Out of what calls are answered, where this party does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
    /// The files of the rules that turn periods into months.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PathBuf>,
    /// Whom to call, by the agreement's routes. Which of them may be used, the register says (`concordat route`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<RouteId, CallTo>,
}

/// Out of what calls are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// The test users of docs/residence-check.md, as the benefits department has them.
    Sandbox,
    /// The same test users, as the tax authority has them.
    TaxSandbox,
    /// An index of the party's own list, which `concordat residence index` makes.
    Index(PathBuf),
}

/// Whom to call, and when to give up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CallTo {
    /// Who answers.
    pub to: Place,
    /// For how many seconds an answer is waited for.
    #[serde(default = "within")]
    pub within: u32,
    /// After how many failures in a row no call is made for a while.
    #[serde(default = "failures")]
    pub failures: u32,
    /// For how many seconds that is.
    #[serde(default = "pause")]
    pub pause: u32,
}

fn within() -> u32 {
    5
}
fn failures() -> u32 {
    3
}
fn pause() -> u32 {
    300
}

/// Who answers calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// The node in this directory, within this process: for tests and for trying out.
    Node(PathBuf),
    /// The node of another party, over TLS.
    Https(CallPlace),
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The ports of a node in `dir`, which may connect to these places and has this node key.
    pub(crate) async fn ports(
        &self,
        (dir, node_key): (&Path, &[u8; 32]),
        me: &PartyId,
        egress: &[Allowed],
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<ports::Calls, Fail> {
        let mut suppliers = BTreeMap::new();
        for (route, call) in &self.routes {
            let supplier: Arc<dyn Supplier> = match &call.to {
                Place::Node(peer) => Arc::new(NextDoor {
                    dir: dir.join(peer),
                    me: me.clone(),
                    clock: clock.clone(),
                    entropy: entropy.clone(),
                    node: OnceCell::new(),
                }),
                Place::Https(place) => {
                    let (own, key) = (dir.join(&place.own), dir.join(&place.key));
                    let url = place.url.clone();
                    let certificates = place.certificates.clone();
                    let place = CallPlace {
                        url,
                        certificates,
                        own,
                        key,
                    };
                    Arc::new(Https::new(place, Egress::new(egress.to_vec())))
                }
            };
            let calling = Calling {
                settings: Digest::of(&serde_json::to_vec(call)?),
                supplier,
                within: SignedDuration::from_secs(call.within.into()),
                failures: call.failures,
                pause: SignedDuration::from_secs(call.pause.into()),
            };
            suppliers.insert(route.clone(), calling);
        }
        let rules = self.rules.iter().map(|path| rules(&dir.join(path)));
        let records: Option<Arc<dyn CallRecords>> = match &self.records {
            None => None,
            Some(Records::Sandbox) => Some(Arc::new(Sandbox::Benefits)),
            Some(Records::TaxSandbox) => Some(Arc::new(Sandbox::Tax)),
            Some(Records::Index(path)) => {
                Some(Arc::new(OwnRecords::open(&dir.join(path), node_key).await?))
            }
        };
        Ok(ports::Calls {
            suppliers,
            records,
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

/// Reads the rules that turn periods into months.
///
/// # Errors
/// [`Fail`] with the place of the fault.
pub fn rules(path: &Path) -> Result<Rules, Fail> {
    let text = std::fs::read_to_string(path).map_err(|e| Fail::at(path, &e))?;
    let bad = |what: String| Fail::usage(format!("{}: {what}", path.display()));
    let file: RulesFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
    Rules::new(file, text.as_bytes()).map_err(|what| bad(what.to_owned()))
}

/// Another party's node within this process.
struct NextDoor {
    dir: PathBuf,
    me: PartyId,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Opened with the first call: it may be set up later than this node.
    node: OnceCell<Node>,
}

#[async_trait]
impl Supplier for NextDoor {
    async fn ask(
        &self,
        question: &[u8],
        within: SignedDuration,
    ) -> Result<Zeroizing<Vec<u8>>, CallFault> {
        let open = || house::open(&self.dir, self.clock.clone(), self.entropy.clone());
        let node = self.node.get_or_try_init(open).await;
        let node = node.map_err(|_| CallFault::Failed)?;
        let within = within.unsigned_abs();
        let answer = async {
            let asked = node.call_asked(question, &self.me).await;
            node.answer_call(asked).await
        };
        match tokio::time::timeout(within, answer).await {
            Err(_) => Err(CallFault::Late),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Trouble::Refused(_))) => Err(CallFault::Refused),
            Ok(Err(Trouble::Fault(_))) => Err(CallFault::Failed),
        }
    }
}
