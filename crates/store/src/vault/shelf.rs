//! The folder of key files: written whole or not at all, destroyed for good. Knows nothing of what is in them.
//!
//! A file's name is the SHA-256 of its holding's id: `.key` while the key lives, `.dead` for ever after, `.new`
//! while it is being written. The tombstone is written *before* the key is overwritten, so that a stop at any
//! instruction leaves the key either alive and whole or dead; doing it again finishes what was begun.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use exchange::ids::HoldingId;
use exchange::ports::PortFault;
use sha2::{Digest, Sha256};

/// A folder of key files.
#[derive(Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// What the folder has for a holding.
pub(crate) enum Found {
    Dead,
    Nothing,
    Wrapped(Vec<u8>),
}

impl Shelf {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, PortFault> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        let mode = made
            .and_then(|()| fs::metadata(&folder))
            .map_err(failed("open"))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(PortFault(format!(
                "the folder of keys {} is open to other users (SEC-02): take their rights away (chmod 700)",
                folder.display()
            )));
        }
        Ok(Self { folder })
    }

    /// The wrapped key, unless it is dead. The tombstone is looked for last: whoever reads a key that is being
    /// overwritten finds it.
    pub(crate) fn read(&self, holding: &HoldingId) -> Result<Found, PortFault> {
        let key = match fs::read(self.path(holding, "key")) {
            Ok(bytes) => Found::Wrapped(bytes),
            Err(e) if e.kind() == ErrorKind::NotFound => Found::Nothing,
            Err(e) => return Err(failed("read a key from")(e)),
        };
        Ok(if self.is_dead(holding).map_err(failed("read"))? {
            Found::Dead
        } else {
            key
        })
    }

    /// Puts wrapped keys there unless they are; gives the first holding whose key is dead, and puts none then.
    pub(crate) fn create(
        &self,
        wrapped: &BTreeMap<HoldingId, Vec<u8>>,
    ) -> Result<Option<HoldingId>, PortFault> {
        self.locked(|| {
            let mut missing = Vec::new();
            for (holding, bytes) in wrapped {
                if self.is_dead(holding)? {
                    return Ok(Some(holding.clone()));
                }
                let (new, key) = (self.path(holding, "new"), self.path(holding, "key"));
                if !key.try_exists()? {
                    missing.push((new, key, bytes));
                }
            }
            at_once(&missing, |(new, _, bytes)| write_durably(new, bytes))?;
            for (new, key, _) in &missing {
                fs::rename(new, key)?;
            }
            // Also where none is missing: whoever put them there may have been stopped before they were durable.
            self.sync()?;
            Ok(None)
        })
        .map_err(failed("write a key to"))
    }

    /// Overwrites and removes keys, leaving tombstones, also where there never was a key.
    ///
    /// On media that write elsewhere (flash, copy-on-write) the overwritten sectors may last; what they hold is
    /// sealed under the node key.
    pub(crate) fn destroy(&self, holdings: &[HoldingId]) -> Result<(), PortFault> {
        self.locked(|| {
            let paths = |kind| holdings.iter().map(move |h| self.path(h, kind));
            let dead: Vec<PathBuf> = paths("dead").collect();
            at_once(&dead, |path| write_durably(path, b"destroyed\n"))?;
            self.sync()?;
            let keys: Vec<PathBuf> = paths("key").chain(paths("new")).collect();
            at_once(&keys, |path| erase(path))?;
            self.sync()
        })
        .map_err(failed("destroy a key in"))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the file of a living key.
    pub(crate) fn file(&self, holding: &HoldingId) -> String {
        format!("{}.key", name(holding))
    }

    /// The files of keys, living or begun, that are none of these.
    pub(crate) fn others(&self, names: &BTreeSet<String>) -> Result<Vec<PathBuf>, PortFault> {
        let found = || {
            let mut others = Vec::new();
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                let file = entry.file_name().to_string_lossy().into_owned();
                if (file.ends_with(".key") || file.ends_with(".new")) && !names.contains(&file) {
                    others.push(entry.path());
                }
            }
            Ok(others)
        };
        found().map_err(failed("look through"))
    }

    /// Overwrites and removes these files of keys.
    pub(crate) fn erase_all(&self, files: &[PathBuf]) -> Result<(), PortFault> {
        self.locked(|| {
            files.iter().try_for_each(|path| erase(path))?;
            self.sync()
        })
        .map_err(failed("take a key away from"))
    }

    /// Makes the names in a folder durable, and that of the folder.
    pub(crate) fn sync_all(&self, folder: &Path) -> Result<(), PortFault> {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced
            .and_then(|()| self.sync())
            .map_err(failed("write a key to"))
    }

    fn path(&self, holding: &HoldingId, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", name(holding)))
    }

    fn is_dead(&self, holding: &HoldingId) -> io::Result<bool> {
        self.path(holding, "dead").try_exists()
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// One writer at a time, over all processes of the node; the lock goes with the file when it is dropped.
    pub(crate) fn locked<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.folder.join(".lock"))?;
        lock.lock()?;
        work()
    }
}

fn name(holding: &HoldingId) -> String {
    hex::encode(Sha256::digest(holding.as_str()))
}

/// How many files are written at once.
const AT_ONCE: usize = 32;

/// Does the work for each at once: their waits for the disk overlap.
fn at_once<T: Sync>(all: &[T], work: impl Fn(&T) -> io::Result<()> + Sync) -> io::Result<()> {
    let work = &work;
    for part in all.chunks(AT_ONCE) {
        let Some((first, others)) = part.split_first() else {
            continue;
        };
        thread::scope(|scope| {
            let each: Vec<_> = others
                .iter()
                .map(|one| scope.spawn(move || work(one)))
                .collect();
            let broken = |_| io::Error::other("the work was broken off");
            work(first)?;
            each.into_iter()
                .try_for_each(|one| one.join().map_err(broken)?)
        })?;
    }
    Ok(())
}

pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Overwrites a file in place with zeros, then removes it; one that is not there is no error.
fn erase(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let length = file.metadata()?.len();
    io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
    file.sync_all()?;
    fs::remove_file(path)
}

pub(crate) fn failed(what: &'static str) -> impl Fn(io::Error) -> PortFault {
    move |e| {
        PortFault(format!(
            "cannot {what} the folder of keys: {e}; check the disk and the folder's owner"
        ))
    }
}
