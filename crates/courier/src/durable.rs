//! Writes files whole and durably: a temporary name in the same folder, fsync, rename, fsync of the folder.
//!
//! Only ciphertext, public files and key files come here; never a value in clear.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
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
    let mut begun = Begun::to(path, mode)?;
    begun.file.write_all(bytes)?;
    begun.finish(replace)
}

/// A file that is being written under a temporary name.
pub(crate) struct Begun {
    path: PathBuf,
    temporary: Temporary,
    pub(crate) file: File,
}

impl Begun {
    /// Begins the file that `path` is to be, with these permission bits.
    pub(crate) fn to(path: &Path, mode: u32) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TEMPORARY}{}-{n}", std::process::id());
        let temporary = Temporary(folder(path).join(name));
        // A leftover of a process that had the same id and died would stand in the way for ever.
        remove(&temporary.0)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary.0)?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file,
        })
    }

    /// Gives it its name.
    pub(crate) fn finish(&mut self, replace: Replace) -> io::Result<()> {
        self.file.sync_all()?;
        let (from, to) = (&self.temporary.0, &self.path);
        match replace {
            Replace::Yes => std::fs::rename(from, to)?,
            Replace::No => renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?,
        }
        sync_folder(folder(to))
    }

    /// Has the file that stands at its path the same bytes?
    pub(crate) fn stands_there(&mut self) -> io::Result<bool> {
        self.file.rewind()?;
        let mut there = BufReader::new(File::open(&self.path)?);
        let mut here = BufReader::new(&self.file);
        loop {
            let (a, b) = (here.fill_buf()?, there.fill_buf()?);
            let length = a.len().min(b.len());
            if a.get(..length) != b.get(..length) {
                return Ok(false);
            }
            if length == 0 {
                return Ok(a.is_empty() && b.is_empty());
            }
            here.consume(length);
            there.consume(length);
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
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
