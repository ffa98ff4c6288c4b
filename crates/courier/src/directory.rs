//! Folders as transport and as shelf: for parties that share a mounted folder, for publishing a ledger, for
//! tests.
//!
//! Only sealed packages and public ledger files come here. A name never leaves its folder: identifiers have no
//! percent sign, so `/` and `:` are written as `%2f` and `%3a`, and no identifier begins with a dot.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use exchange::ids::{PackageId, PartyId};
use exchange::ports::{LedgerShelf, Parts, PortFault, Transport};
use ledger::verify::{LogFiles, ReadFault};

use crate::durable::{self, Begun, Replace};
use crate::limits;

pub(crate) const SUFFIX: &str = ".pkg";
/// An empty file that says: the package of this name was here and was taken. A sender that stopped before it
/// knew that it had sent finds it and does not send again.
pub(crate) const TAKEN: &str = "taken";
/// Longer than any file that a ledger publishes: 256 entries of at most 65,537 bytes.
const SHELF_BYTES: usize = 32 << 20;

/// A shared folder: `<root>/<to>/<package id>.pkg`, and `.taken` in its place once it was taken away.
#[derive(Clone, Debug)]
pub struct DirectoryTransport {
    root: PathBuf,
}

pub(crate) fn escape(id: &str) -> String {
    id.replace('/', "%2f").replace(':', "%3a")
}

fn unescape(name: &str) -> String {
    name.replace("%2f", "/").replace("%3a", ":")
}

/// The package that lies under this name; none for any other name.
pub(crate) fn package_of(name: &str) -> Option<PackageId> {
    let name = name.strip_suffix(SUFFIX)?;
    let id = PackageId::parse(unescape(name)).ok()?;
    (escape(id.as_str()) == name).then_some(id)
}

fn fault(what: &str, path: &Path, e: &io::Error) -> PortFault {
    PortFault(format!(
        "{what} {} failed: {e}; check the folder, its permissions and its space",
        path.display()
    ))
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortFault> + Send + 'static,
) -> Result<T, PortFault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(PortFault(
            "the work on a folder was broken off: try again".into(),
        )),
    }
}

impl DirectoryTransport {
    /// The transport under `root`, which is made when it is first used.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn folder(&self, party: &PartyId) -> PathBuf {
        self.root.join(party.as_str())
    }

    fn file(&self, party: &PartyId, id: &PackageId) -> PathBuf {
        self.folder(party)
            .join(format!("{}{SUFFIX}", escape(id.as_str())))
    }
}

/// Begins the file of a package; none when it was there and was taken.
fn begun(path: &Path) -> Result<Option<Begun>, PortFault> {
    let failed = |e: io::Error| fault("writing the package", path, &e);
    if path.with_extension(TAKEN).exists() {
        return Ok(None);
    }
    if let Some(folder) = path.parent() {
        durable::make_folder(folder).map_err(failed)?;
    }
    Begun::to(path, 0o640).map(Some).map_err(failed)
}

fn ended(mut file: Begun, path: &Path) -> Result<(), PortFault> {
    let failed = |e: io::Error| fault("writing the package", path, &e);
    match file.finish(Replace::No) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            if file.stands_there().map_err(failed)? {
                return Ok(());
            }
            Err(PortFault(format!(
                "another package already stands at {}: it was not replaced; find out who wrote it",
                path.display()
            )))
        }
        result => result.map_err(failed),
    }
}

fn waiting(folder: &Path) -> Result<Vec<PackageId>, PortFault> {
    let failed = |e: io::Error| fault("listing", folder, &e);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(e)),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let id = name.to_str().and_then(package_of);
        if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            ids.push(id);
        }
    }
    ids.sort();
    Ok(ids)
}

#[async_trait]
impl Transport for DirectoryTransport {
    async fn put(
        &self,
        to: &PartyId,
        id: &PackageId,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault> {
        let path = self.file(to, id);
        let place = path.clone();
        let Some(mut file) = blocking(move || begun(&place)).await? else {
            return Ok(());
        };
        let mut length = 0;
        while let Some(part) = bytes.next().await? {
            length += part.len();
            if length > limits::PACKAGE_BYTES {
                return Err(PortFault(format!(
                    "the package for {} is too long: send fewer rows",
                    path.display()
                )));
            }
            let place = path.clone();
            file = blocking(move || {
                let written = file.file.write_all(&part);
                written.map_err(|e| fault("writing the package", &place, &e))?;
                Ok(file)
            })
            .await?;
        }
        blocking(move || ended(file, &path)).await
    }

    async fn waiting(&self, me: &PartyId) -> Result<Vec<PackageId>, PortFault> {
        let folder = self.folder(me);
        blocking(move || waiting(&folder)).await
    }

    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Vec<u8>>, PortFault> {
        let path = self.file(me, id);
        blocking(move || {
            durable::read(&path, limits::PACKAGE_BYTES)
                .map_err(|e| fault("reading the package", &path, &e))
        })
        .await
    }

    async fn remove(&self, me: &PartyId, id: &PackageId) -> Result<(), PortFault> {
        let path = self.file(me, id);
        blocking(move || {
            let failed = |e: io::Error| fault("removing the package", &path, &e);
            // The mark first: without it, a sender that stopped would put the package back.
            if path.exists() {
                durable::write(&path.with_extension(TAKEN), &[], 0o640, Replace::Yes)
                    .map_err(failed)?;
            }
            durable::remove(&path).map_err(failed)
        })
        .await
    }
}

/// A folder of published ledger files (C2SP tlog-tiles).
#[derive(Clone, Debug)]
pub struct DirectoryShelf {
    root: PathBuf,
}

impl DirectoryShelf {
    /// The shelf under `root`, which is made when it is first written to.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a relative path of plain names lies; none for any other path.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let plain = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        path.split('/').all(plain).then(|| self.root.join(path))
    }
}

#[async_trait]
impl LedgerShelf for DirectoryShelf {
    async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), PortFault> {
        let place = self.place(path).ok_or_else(|| {
            PortFault("a ledger file's path is not made of plain names: it was not written".into())
        })?;
        let bytes = bytes.to_vec();
        blocking(move || {
            let failed = |e: io::Error| fault("writing the ledger file", &place, &e);
            if let Some(folder) = place.parent() {
                durable::make_folder(folder).map_err(failed)?;
            }
            durable::write(&place, &bytes, 0o644, Replace::Yes).map_err(failed)
        })
        .await
    }

    async fn remove(&self, path: &str) -> Result<(), PortFault> {
        let place = self.place(path).ok_or_else(|| {
            PortFault("a ledger file's path is not made of plain names: it was not removed".into())
        })?;
        blocking(move || {
            durable::remove(&place).map_err(|e| fault("removing the ledger file", &place, &e))
        })
        .await
    }
}

impl LogFiles for DirectoryShelf {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadFault> {
        let Some(place) = self.place(path) else {
            return Ok(None);
        };
        durable::read(&place, SHELF_BYTES).map_err(|e| ReadFault(e.to_string()))
    }
}
