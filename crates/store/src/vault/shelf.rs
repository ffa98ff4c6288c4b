//! The folder of key files: written whole or not at all, destroyed for good. Knows nothing of what is in them.
//!
//! A file's name is the SHA-256 of its holding's id: `.key` while the key lives, `.dead` for ever after, `.new`
//! while it is being written. The tombstone is written *before* the key is overwritten, so that a stop at any
//! instruction leaves the key either alive and whole or dead; doing it again finishes what was begun.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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

    /// Puts a wrapped key there unless one is; false when the holding's key is dead.
    pub(crate) fn create(&self, holding: &HoldingId, wrapped: &[u8]) -> Result<bool, PortFault> {
        self.locked(|| {
            if self.is_dead(holding)? {
                return Ok(false);
            }
            let (new, key) = (self.path(holding, "new"), self.path(holding, "key"));
            if !key.try_exists()? {
                self.write_durably(&new, wrapped)?;
                fs::rename(&new, &key)?;
                self.sync()?;
            }
            Ok(true)
        })
        .map_err(failed("write a key to"))
    }

    /// Overwrites and removes the key, leaving a tombstone, also where there never was a key.
    ///
    /// On media that write elsewhere (flash, copy-on-write) the overwritten sectors may last; what they hold is
    /// sealed under the node key.
    pub(crate) fn destroy(&self, holding: &HoldingId) -> Result<(), PortFault> {
        self.locked(|| {
            self.write_durably(&self.path(holding, "dead"), b"destroyed\n")?;
            self.sync()?;
            for kind in ["key", "new"] {
                erase(&self.path(holding, kind))?;
            }
            self.sync()
        })
        .map_err(failed("destroy a key in"))
    }

    fn path(&self, holding: &HoldingId, kind: &str) -> PathBuf {
        let name = hex::encode(Sha256::digest(holding.as_str()));
        self.folder.join(format!("{name}.{kind}"))
    }

    fn is_dead(&self, holding: &HoldingId) -> io::Result<bool> {
        self.path(holding, "dead").try_exists()
    }

    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// One writer at a time, over all processes of the node; the lock goes with the file when it is dropped.
    fn locked<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
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

fn failed(what: &'static str) -> impl Fn(io::Error) -> PortFault {
    move |e| {
        PortFault(format!(
            "cannot {what} the folder of keys: {e}; check the disk and the folder's owner"
        ))
    }
}
