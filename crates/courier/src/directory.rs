//! Folders as transport and as shelf: for parties that share a mounted folder, for publishing a ledger, for
//! tests.
//!
//! Only sealed packages and public ledger files come here. A name never leaves its folder: identifiers have no
//! percent sign, so `/` and `:` are written as `%2f` and `%3a`, and no identifier begins with a dot.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use exchange::file_name::FileName;
use exchange::ids::{PackageId, PartyId};
use exchange::ports::{LedgerShelf, Parts, PortFault, Transport};
use ledger::verify::{LogFiles, ReadFault};

use crate::durable::{self, Begun, Replace};
use crate::limits;

pub(crate) const SUFFIX: &str = ".pkg";
/// An empty file that says: the package of this name was here and was taken. A sender that stopped before it
/// knew that it had sent finds it and does not send again.
pub(crate) const TAKEN: &str = "taken";
/// How much of a package is read at a time, in bytes.
const PART: u64 = 1 << 20;
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

    fn laid(&self, party: &PartyId, name: &FileName) -> PathBuf {
        self.folder(party).join(name.as_str())
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

/// The files of a folder whose names are of a kind, in order.
fn standing<T: Ord>(folder: &Path, of: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, PortFault> {
    let failed = |e: io::Error| fault("listing", folder, &e);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(e)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let one = name.to_str().and_then(&of);
        if let Some(one) = one.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            all.push(one);
        }
    }
    all.sort();
    Ok(all)
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
            length += part.len() as u64;
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
        blocking(move || standing(&folder, package_of)).await
    }

    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault> {
        let path = self.file(me, id);
        blocking(move || match File::open(&path) {
            Ok(file) => Ok(Some(reading(file, path))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fault("reading the package", &path, &e)),
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

    async fn lay(&self, to: &PartyId, name: &FileName, bytes: &[u8]) -> Result<(), PortFault> {
        let (folder, path, bytes) = (self.folder(to), self.laid(to, name), bytes.to_vec());
        blocking(move || {
            let written = durable::make_folder(&folder)
                .and_then(|()| durable::write(&path, &bytes, 0o640, Replace::Yes));
            written.map_err(|e| fault("writing the file", &path, &e))
        })
        .await
    }

    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault> {
        let folder = self.folder(me);
        blocking(move || standing(&folder, |name| FileName::parse(name))).await
    }

    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault> {
        let path = self.laid(me, name);
        blocking(move || {
            let most = usize::try_from(limits::WHOLE_BYTES).unwrap_or(usize::MAX);
            durable::read(&path, most).map_err(|e| fault("reading the file", &path, &e))
        })
        .await
    }

    async fn clear(&self, party: &PartyId, name: &FileName) -> Result<(), PortFault> {
        let path = self.laid(party, name);
        blocking(move || durable::remove(&path).map_err(|e| fault("removing the file", &path, &e)))
            .await
    }
}

/// A package in a file, read from where the file stands.
pub(crate) fn reading(file: File, path: PathBuf) -> Box<dyn Parts> {
    Box::new(Reading {
        file: Arc::new(file),
        path,
        read: 0,
    })
}

/// A package that is read, a part at a time.
struct Reading {
    file: Arc<File>,
    path: PathBuf,
    read: u64,
}

#[async_trait]
impl Parts for Reading {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        let (file, path) = (self.file.clone(), self.path.clone());
        let part = blocking(move || {
            let mut part = Vec::new();
            let read = (&*file).take(PART).read_to_end(&mut part);
            read.map_err(|e| fault("reading the package", &path, &e))?;
            Ok(part)
        })
        .await?;
        self.read += part.len() as u64;
        if self.read > limits::PACKAGE_BYTES {
            let path = self.path.display();
            return Err(PortFault(format!(
                "the file {path} is longer than any package: it was not read; find out who wrote it"
            )));
        }
        Ok((!part.is_empty()).then_some(part))
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
    async fn write(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), PortFault> {
        let mut all = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            let place = self.place(&path).ok_or_else(|| unplain("written"))?;
            all.push((place, bytes));
        }
        let write = |(place, bytes): &(PathBuf, Vec<u8>)| {
            let failed = |e: io::Error| fault("writing the ledger file", place, &e);
            if let Some(folder) = place.parent() {
                durable::make_folder(folder).map_err(failed)?;
            }
            durable::write(place, bytes, 0o644, Replace::Yes).map_err(failed)
        };
        blocking(move || at_once(&all, write)).await
    }

    async fn remove(&self, paths: Vec<String>) -> Result<(), PortFault> {
        let places = paths.iter().map(|path| self.place(path));
        let places: Option<Vec<PathBuf>> = places.collect();
        let places = places.ok_or_else(|| unplain("removed"))?;
        let remove = |place: &PathBuf| {
            let failed = |e: io::Error| fault("removing the ledger file", place, &e);
            durable::remove(place).map_err(failed)
        };
        blocking(move || at_once(&places, remove)).await
    }
}

fn unplain(not: &str) -> PortFault {
    PortFault(format!(
        "a ledger file's path is not made of plain names: it was not {not}"
    ))
}

/// How many files are written at once.
const AT_ONCE: usize = 32;

/// Does the work for each at once: their waits for the disk overlap.
fn at_once<T: Sync>(
    all: &[T],
    work: impl Fn(&T) -> Result<(), PortFault> + Sync,
) -> Result<(), PortFault> {
    let work = &work;
    for part in all.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let each = |one| scope.spawn(move || work(one));
            let each: Vec<_> = part.iter().map(each).collect();
            let broken = |_| PortFault("the work on a folder was broken off: try again".into());
            let mut each = each.into_iter();
            each.try_for_each(|one| one.join().map_err(broken)?)
        })?;
    }
    Ok(())
}

impl LogFiles for DirectoryShelf {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadFault> {
        let Some(place) = self.place(path) else {
            return Ok(None);
        };
        durable::read(&place, SHELF_BYTES).map_err(|e| ReadFault(e.to_string()))
    }
}
