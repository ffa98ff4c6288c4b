//! Writes files whole and durably: a temporary name in the same folder, fsync, rename, fsync of the folder.
//!
//! Only ciphertext, public files and key files come here; never a value in clear.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

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
        sweep(folder(path))?;
        loop {
            let n = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{TEMPORARY}{}-{n}", std::process::id());
            let temporary = folder(path).join(name);
            let made = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&temporary);
            let file = match made {
                // Of a process with the same id on another machine, or in another container.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            };
            // Where there are no locks, nothing is swept either.
            let _ = file.lock();
            // Whoever swept before it was locked took it for a leftover.
            if stands(&temporary, &file)? {
                return Ok(Self {
                    path: path.to_owned(),
                    temporary: Temporary(temporary),
                    file,
                });
            }
        }
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

    /// Has the file that stands at its path the same bytes? It is durable then, also where whoever put it there was
    /// stopped before it was.
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
                let is_same = a.is_empty() && b.is_empty();
                if is_same {
                    there.get_ref().sync_all()?;
                    sync_folder(folder(&self.path))?;
                }
                return Ok(is_same);
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

/// Removes what processes that died left in the folder, which nobody has locked any more: a copy that is in no book would
/// outlast every destruction.
fn sweep(folder: &Path) -> io::Result<()> {
    // A partner may write here too: nothing that is put in the way is waited for or followed.
    let careful = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let opened = || {
            OpenOptions::new()
                .read(true)
                .custom_flags(careful.bits().cast_signed())
                .open(entry.path())
        };
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(TEMPORARY.as_bytes())
            && let Ok(file) = opened()
            && file.try_lock().is_ok()
        {
            // Another may have removed it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Is this file still the one of that name?
fn stands(path: &Path, file: &File) -> io::Result<bool> {
    let file = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (file.dev(), file.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Removes the file durably; that it is not there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        // It may have been removed before, and not durably.
        Err(e) if e.kind() == io::ErrorKind::NotFound => match sync_folder(folder(path)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        },
        result => result.and_then(|()| sync_folder(folder(path))),
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
    sync_folder(above.unwrap_or(Path::new("."))).inspect_err(|_| {
        // So that it is made again, and then durably.
        let _ = std::fs::remove_dir(folder);
    })
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
