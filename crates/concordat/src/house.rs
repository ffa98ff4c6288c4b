//! A node's directory and the composition of its ports. The only place that knows which adapter stands behind
//! which port.
//!
//! | path | what it is |
//! |---|---|
//! | `node.toml` | what the owner has set; no secret stands in it |
//! | `staff.toml` | who may look people up, and for whom somebody works; the file need not be there |
//! | `keys/` | the node's private keys (0600) and the vault's keys |
//! | `node.db` | durable state: no personal value in clear |
//! | `running/` | locks of the processes that have the node open; nothing is in them |
//! | `by-hand/` | locked files that a person carries, until the party has them |
//! | `ledger/` | the published ledger: what an auditor takes away |
//! | `card.json`, `signatures/` | the public keys and the signatures of this party, to hand to partners |

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agreement::{Law, Period};
use courier::{
    AgeSealer, Allowed, ConfinedForms, DirectoryShelf, DirectorySpool, FolderChannel, Keys,
    MailChannel,
};
use exchange::ids::{PartyId, RouteId};
use exchange::message::is_plain_note;
use exchange::ports::{CaseRegister, Channel, Clock, Entropy, MasterList, Signer};
use exchange::{Node, Ports, Settings};
use serde::{Deserialize, Serialize};
use sim::departments::{OpenMaster, OpenRegister};
use sim::world::{WorldMaster, WorldRegister};
use store::FileVault;
use zeroize::Zeroizing;

use crate::calling::Calls;
use crate::carrying::{self, Carrying};
use crate::fail::Fail;
use crate::node_key;
use crate::os::random;
use crate::running;
use crate::solution;
use crate::staff;

/// What a node's owner has set: `node.toml`. Paths are relative to the node's directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The party that this node is.
    pub party: PartyId,
    /// The database: `sqlite:node.db`, or `postgres://…`.
    pub store: String,
    /// How long after the end of a year the sealed texts of ledger entries are kept.
    pub evidence: Period,
    /// How long a copy in a backup of this node outlives a destruction at most; stated on each certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<Period>,
    /// Where the node key is, under which the vault's keys are sealed: `env:NAME`, a variable with 64 hex digits. None:
    /// `keys/node.key`.
    #[serde(default, rename = "node-key", skip_serializing_if = "Option::is_none")]
    pub node_key: Option<String>,
    /// How long the party keeps what becomes part of its permanent record, by its own schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permanent: Option<Period>,
    /// What whoever receives a file of this party must know of the quality of its sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// The parties that have no node: their files are locked with a password and laid out for them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub by_hand: BTreeSet<PartyId>,
    /// How passwords of locked files travel, by the agreement's routes (SEC-06).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, Way>,
    /// The case register, where this party has one, such as `register.db`: a file, or `world:FILE` for one that `synth` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// The master list, where this party matches, such as `master.db`: a file, or `world:FILE` for one that `synth` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<String>,
    /// The folder of the matching solution, where this party matches; `model.yaml` and `trained.json` are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution: Option<PathBuf>,
    /// Where this node may connect to; nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Allowed>,
    /// Where a collector on this machine takes traces (OTLP over HTTP), such as `127.0.0.1:4318`. None: none are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<SocketAddr>,
    /// How calls are made and answered.
    #[serde(default, skip_serializing_if = "Calls::is_empty")]
    pub calls: Calls,
    /// What carries each route. Which of them may be used, the register says (`concordat route`).
    #[serde(default)]
    pub routes: BTreeMap<RouteId, Carrying>,
}

/// How the password of a locked file travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Way {
    /// It is put into this folder, from which another system takes it.
    Folder(PathBuf),
    /// It is mailed.
    Mail {
        /// The mail relay of this machine, such as `127.0.0.1:25`.
        relay: SocketAddr,
        /// The sender's address.
        from: String,
        /// The address of each party.
        to: BTreeMap<PartyId, String>,
    },
}

impl Config {
    pub(crate) fn read(dir: &Path) -> Result<Self, Fail> {
        let path = dir.join("node.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Fail::usage(format!(
                "{}: {e}; name a node's directory with --dir, or make one with `concordat node init`",
                path.display()
            ))
        })?;
        let config: Self =
            toml::from_str(&text).map_err(|e| Fail::usage(format!("{}: {e}", path.display())))?;
        config.checked()?;
        Ok(config)
    }

    /// Every receiver would refuse a file with such a note: it is refused here. Traces go to no other machine: they are not
    /// sealed, and the list of where the node may connect to is not asked for them.
    fn checked(&self) -> Result<(), Fail> {
        if let Some(collector) = self.traces.filter(|at| !at.ip().is_loopback()) {
            return Err(Fail::usage(format!(
                "{collector} (`traces`) is on another machine: name a collector on this one, such as 127.0.0.1:4318, which may pass traces on"
            )));
        }
        if self.quality.as_deref().is_none_or(is_plain_note) {
            return Ok(());
        }
        Err(Fail::usage(
            "the note about the quality of the sources (`quality`) may have 300 bytes of plain text without line breaks: shorten it",
        ))
    }
}

/// Makes a node's directory: its configuration and its keys. What stands already is left as it is.
///
/// # Errors
/// [`Fail`] when something cannot be written.
pub fn init(dir: &Path, config: &Config) -> Result<(), Fail> {
    config.checked()?;
    std::fs::create_dir_all(dir).map_err(|e| Fail::at(dir, &e))?;
    let path = dir.join("node.toml");
    if !path.exists() {
        let text = toml::to_string(config).map_err(|e| Fail::usage(e.to_string()))?;
        whole(&path, text.as_bytes())?;
    }
    keys(dir, config)?;
    Ok(())
}

/// Opens a node on the given clock and randomness.
///
/// # Errors
/// [`Fail`] when its directory, keys or database cannot be used.
pub async fn open(
    dir: &Path,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Node, Fail> {
    let (settings, ports) = compose(dir, clock, entropy).await?;
    Ok(Node::new(settings, ports, law()?)?)
}

/// The settings and ports of the node in `dir`.
///
/// # Errors
/// As [`open`].
pub async fn compose(
    dir: &Path,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<(Settings, Ports), Fail> {
    let party = Config::read(dir)?.party;
    let instance = running::join(dir, &party)?;
    // Read after the node is held open: until then its store may have been moved.
    let config = Config::read(dir)?;
    let keys = Arc::new(keys(dir, &config)?);
    let shelf = dir.join("ledger");
    std::fs::create_dir_all(&shelf).map_err(|e| Fail::at(&shelf, &e))?;
    let (key, verifier) = (shelf.join("key"), keys.card().verifier);
    if std::fs::read(&key).map_or(true, |there| there != verifier.as_bytes()) {
        whole(&key, verifier.as_bytes())?;
    }
    let node_key = node_key::read(dir, config.node_key.as_deref())?;
    let vault = FileVault::open(dir.join("keys/vault"), *node_key, entropy.clone())?;
    let register = match &config.register {
        Some(path) => Some(register(dir, path, &clock).await?),
        None => None,
    };
    let master = match &config.master {
        Some(path) => Some(master(dir, path, &clock).await?),
        None => None,
    };
    let matching = match &config.solution {
        Some(folder) => Some(Arc::new(solution::read(&dir.join(folder))?)),
        None => None,
    };
    let channels = channels(dir, &config)?;
    let forms = Arc::new(ConfinedForms::new(reader()?));
    let place = (dir, &*node_key);
    let calls = config
        .calls
        .ports(place, &config.party, &config.egress, &clock, &entropy)
        .await?;
    let ports = Ports {
        clock,
        entropy,
        store: store::open(&store_url(dir, &config.store))
            .await
            .map_err(|e| Fail::fault(e.to_string()))?,
        vault: Arc::new(vault),
        forms: forms.clone(),
        locks: forms,
        channels,
        sealer: Arc::new(AgeSealer::new(keys.clone())),
        spool: Arc::new(DirectorySpool::new(dir)),
        signer: keys,
        routes: carrying::carriers(dir, &config.routes, &config.egress)?,
        desk: Arc::new(carrying::desk(dir)),
        shelf: Arc::new(DirectoryShelf::new(shelf)),
        register,
        master,
        matching,
        calls,
    };
    let settings = Settings {
        party: config.party,
        instance,
        by_hand: config.by_hand,
        evidence: config.evidence,
        backups: config.backups,
        permanent: config.permanent,
        look_ups: staff::read(dir)?.look_up,
        quality: config.quality,
    };
    Ok((settings, ports))
}

/// The channels of passwords. None of them may be where files travel (SEC-06).
fn channels(dir: &Path, config: &Config) -> Result<BTreeMap<String, Arc<dyn Channel>>, Fail> {
    let files = config.routes.values().filter_map(Carrying::folder);
    let files = files.map(|folder| plain(&dir.join(folder)));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let mut channels: BTreeMap<String, Arc<dyn Channel>> = BTreeMap::new();
    for (route, way) in &config.channels {
        let channel: Arc<dyn Channel> = match way {
            Way::Folder(folder) => {
                let folder = plain(&dir.join(folder))?;
                let meets =
                    |files: &PathBuf| folder.starts_with(files) || files.starts_with(&folder);
                if files.iter().any(meets) {
                    return Err(Fail::usage(format!(
                        "the channel {route} puts passwords into {}, where files travel: choose another folder (SEC-06)",
                        folder.display()
                    )));
                }
                Arc::new(FolderChannel::new(folder))
            }
            Way::Mail { relay, from, to } => Arc::new(
                MailChannel::new(*relay, from, to)
                    .map_err(|e| Fail::usage(format!("the channel {route}: {e}")))?,
            ),
        };
        channels.insert(route.clone(), channel);
    }
    Ok(channels)
}

/// A path without links and dots, as far as it stands.
fn plain(path: &Path) -> Result<PathBuf, Fail> {
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let whole = std::path::absolute(path).map_err(|e| Fail::at(path, &e))?;
    let mut out = PathBuf::new();
    for part in whole.components() {
        if part == std::path::Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
            out = out.canonicalize().unwrap_or(out);
        }
    }
    Ok(out)
}

async fn register(
    dir: &Path,
    path: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn CaseRegister>, Fail> {
    Ok(match path.strip_prefix("world:") {
        Some(path) => Arc::new(WorldRegister::open(&dir.join(path), clock.clone()).await?),
        None => Arc::new(OpenRegister::open(&dir.join(path)).await?),
    })
}

async fn master(
    dir: &Path,
    path: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn MasterList>, Fail> {
    Ok(match path.strip_prefix("world:") {
        Some(path) => Arc::new(WorldMaster::open(&dir.join(path), clock.clone())?),
        None => Arc::new(OpenMaster::open(&dir.join(path)).await?),
    })
}

/// The law catalogue that this program carries.
///
/// # Errors
/// [`Fail`] when it has a fault.
pub fn law() -> Result<Law, Fail> {
    Law::built_in().map_err(|e| Fail::fault(e.to_string()))
}

/// The node's private keys; made all together when there are none, so that a node is never left with half.
fn keys(dir: &Path, config: &Config) -> Result<Keys, Fail> {
    let party = &config.party;
    let home = dir.join("keys");
    if !home.exists() {
        let new = dir.join("keys.new");
        if new.exists() {
            std::fs::remove_dir_all(&new).map_err(|e| Fail::at(&new, &e))?;
        }
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed);
        let made = Keys::generate(party.clone(), seed).map_err(|e| Fail::fault(e.to_string()))?;
        made.save(&new).map_err(|e| Fail::fault(e.to_string()))?;
        if config.node_key.is_none() {
            let mut key = Zeroizing::new([0; 32]);
            random(&mut *key);
            private(&new.join("node.key"), hex::encode(*key).as_bytes())?;
        }
        named(&new, &home)?;
    }
    Keys::load(party.clone(), &home).map_err(|e| Fail::fault(e.to_string()))
}

/// Writes a file that its owner alone may read.
pub(crate) fn private(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Fail::at(path, &e))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|e| Fail::at(path, &e))
}

pub(crate) fn store_url(dir: &Path, url: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) => format!("sqlite:{}", dir.join(path).display()),
        None => url.to_owned(),
    }
}

/// The confined reader stands beside this program.
pub(crate) fn reader() -> Result<PathBuf, Fail> {
    let me = std::env::current_exe().map_err(|e| Fail::fault(e.to_string()))?;
    let beside = me.with_file_name("concordat-reader");
    // A test program lies one directory deeper.
    let above = me
        .parent()
        .and_then(Path::parent)
        .map(|p| p.join("concordat-reader"));
    [Some(beside), above]
        .into_iter()
        .flatten()
        .find(|path| path.exists())
        .ok_or_else(|| {
            Fail::fault(
                "concordat-reader is not beside this program: build the whole workspace".into(),
            )
        })
}

/// Writes a file whole or not at all; when it returns, the file stands there also after the power was cut.
pub(crate) fn whole(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let temporary = path.with_extension("new");
    File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|e| Fail::at(&temporary, &e))?;
    named(&temporary, path)
}

/// Gives a file or folder that is durable its name, durably.
pub(crate) fn named(from: &Path, to: &Path) -> Result<(), Fail> {
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty());
    std::fs::rename(from, to)
        .and_then(|()| File::open(folder.unwrap_or(Path::new(".")))?.sync_all())
        .map_err(|e| Fail::at(to, &e))
}
