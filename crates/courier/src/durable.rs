//! Writes files whole and durably: a temporary name in the same folder, fsync, rename, fsync of the folder.
//!
//! Only ciphertext, public files and key files come here; never a value in clear.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// The beginning of every temporary name; no file of ours begins so.
const TEMPORARY: &str = ".tmp-";

/// May a file of this name be replaced?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Yes,
    /// No: [`io::ErrorKind::AlreadyExists`] then.
    No,
}

/// Writes `bytes` to `path` with these permission bits.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32, replace: Replace) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = Temporary(folder.join(format!("{TEMPORARY}{}-{n}", std::process::id())));
    // A leftover of a process that had the same id and died would stand in the way for ever.
    remove(&temporary.0)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary.0)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    match replace {
        Replace::Yes => std::fs::rename(&temporary.0, path)?,
        Replace::No => renameat_with(CWD, &temporary.0, CWD, path, RenameFlags::NOREPLACE)?,
    }
    sync_folder(folder)
}

/// Removes the file durably; that it is not there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the folder and those above it, durably.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(above) = above {
        make_folder(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    sync_folder(above.unwrap_or(Path::new(".")))
}

/// Reads a file of at most `most` bytes; none when there is no such file.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        Err(io::ErrorKind::FileTooLarge.into())
    } else {
        Ok(Some(bytes))
    }
}

/// Removed when it goes out of scope, unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
