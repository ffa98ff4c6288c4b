//! What carries the packages of a route, as `node.toml` says it, and the transport that this comes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use courier::{Allowed, DirectoryTransport, Egress, Remote, SftpPlace, WebDavPlace};
use exchange::file_name::FileName;
use exchange::ids::{PackageId, PartyId, RouteId};
use exchange::ports::{Carrier, Parts, PortFault, Transport};
use ledger::Digest;
use serde::{Deserialize, Serialize};

use crate::fail::Fail;

/// What carries a route's packages. Paths are relative to the node's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Carrying {
    /// A folder that both parties reach.
    Directory(PathBuf),
    /// An SFTP server.
    Sftp(SftpPlace),
    /// A WebDAV server.
    Webdav(WebDavPlace),
    /// A person, who takes files for a party that has no node from the node's directory and hands them over.
    ByHand,
}

/// Where files lie that a person carries, below the node's directory: `by-hand/<party>/`.
const DESK: &str = "by-hand";

/// What a person carries goes no further than the folder that the person takes it from, and puts into it what came.
struct Person(DirectoryTransport);

#[async_trait]
impl Transport for Person {
    async fn put(&self, to: &PartyId, _: &PackageId, _: &mut dyn Parts) -> Result<(), PortFault> {
        Err(PortFault(format!(
            "a person carries this route, and a package for {to} needs a node there: write {to} under `by_hand` in node.toml, or another carrier for the route"
        )))
    }
    async fn waiting(&self, _: &PartyId) -> Result<Vec<PackageId>, PortFault> {
        Ok(Vec::new())
    }
    async fn get(&self, _: &PartyId, _: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault> {
        Ok(None)
    }
    async fn remove(&self, _: &PartyId, _: &PackageId) -> Result<(), PortFault> {
        Ok(())
    }
    async fn lay(&self, to: &PartyId, name: &FileName, bytes: &[u8]) -> Result<(), PortFault> {
        self.0.lay(to, name, bytes).await
    }
    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault> {
        self.0.lying(me).await
    }
    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault> {
        self.0.fetch(me, name).await
    }
    async fn clear(&self, party: &PartyId, name: &FileName) -> Result<(), PortFault> {
        self.0.clear(party, name).await
    }
}

/// The folder from which a person of the node in `dir` takes locked files, and puts what came.
pub(crate) fn desk(dir: &Path) -> DirectoryTransport {
    DirectoryTransport::new(dir.join(DESK))
}

/// Routes of these names that all lead to one folder.
pub fn by_directory<'a>(
    names: impl IntoIterator<Item = &'a RouteId>,
    folder: impl Into<PathBuf>,
) -> BTreeMap<RouteId, Carrying> {
    let folder = folder.into();
    let carried = |name: &RouteId| (name.clone(), Carrying::Directory(folder.clone()));
    names.into_iter().map(carried).collect()
}

impl Carrying {
    /// The folder, of a route that is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Directory(folder) => Some(folder),
            Self::ByHand => Some(Path::new(DESK)),
            Self::Sftp(_) | Self::Webdav(_) => None,
        }
    }

    /// The digest of the settings, as the register has it. Secrets stand in files, and only their places are settings.
    fn settings(&self) -> Result<Digest, Fail> {
        Ok(Digest::of(&serde_json::to_vec(self)?))
    }

    fn transport(&self, dir: &Path, egress: &Egress) -> Arc<dyn Transport> {
        match self.clone() {
            Self::Directory(folder) => Arc::new(DirectoryTransport::new(dir.join(folder))),
            Self::Sftp(place) => {
                let key = dir.join(&place.key);
                Arc::new(Remote::sftp(SftpPlace { key, ..place }, egress.clone()))
            }
            Self::Webdav(place) => {
                let password = dir.join(&place.password);
                let place = WebDavPlace { password, ..place };
                Arc::new(Remote::webdav(place, egress.clone()))
            }
            Self::ByHand => Arc::new(Person(desk(dir))),
        }
    }
}

/// The carriers of the routes of the node in `dir`, which may connect to these places.
pub(crate) fn carriers(
    dir: &Path,
    routes: &BTreeMap<RouteId, Carrying>,
    egress: &[Allowed],
) -> Result<BTreeMap<RouteId, Carrier>, Fail> {
    let egress = Egress::new(egress.to_vec());
    let mut all = BTreeMap::new();
    for (name, carrying) in routes {
        let carrier = Carrier {
            settings: carrying.settings()?,
            transport: carrying.transport(dir, &egress),
        };
        all.insert(name.clone(), carrier);
    }
    Ok(all)
}
