//! Where the node key comes from, under which the vault's keys are sealed: a file that its owner alone may read, or the
//! environment of the process. It is read at each start and kept nowhere else. It is replaced by one change of a name: that of
//! the new file, or of the variable in `node.toml`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use toml_edit::{DocumentMut, value};
use zeroize::Zeroizing;

use crate::fail::Fail;
use crate::house;
use crate::os::random;

/// Where `node.toml` says that the node key is, when it says nothing.
const FILE: &str = "keys/node.key";
/// The key that is to replace it.
const NEXT: &str = "keys/node.key.next";

/// The 32 bytes of the node key: from the variable that `source` names (`env:NAME`), or from `keys/node.key`; 64 hex digits
/// in either.
///
/// # Errors
/// [`Fail`] when it is not there, is no key, or others may read the file (SEC-02). The key is never repeated.
pub(crate) fn read(dir: &Path, source: Option<&str>) -> Result<Zeroizing<[u8; 32]>, Fail> {
    let (text, place) = match source {
        None => from_file(dir)?,
        Some(source) => from_environment(source)?,
    };
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *key)
        .map_err(|_| Fail::fault(format!("{place} is not a key: restore it from its backup")))?;
    Ok(key)
}

fn from_file(dir: &Path) -> Result<(Zeroizing<String>, String), Fail> {
    let path = dir.join(FILE);
    let found = std::fs::metadata(&path).map_err(|e| Fail::at(&path, &e))?;
    if found.permissions().mode() & 0o077 != 0 {
        return Err(Fail::fault(format!(
            "{} may be read by others (SEC-02): allow its owner alone (chmod 600), and consider the key known",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Fail::at(&path, &e))?;
    Ok((Zeroizing::new(text), path.display().to_string()))
}

fn from_environment(source: &str) -> Result<(Zeroizing<String>, String), Fail> {
    let name = source.strip_prefix("env:").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        Fail::usage(format!(
            "{source} names no place for the node key: write env:NAME, or leave `node-key` out for {FILE}"
        ))
    })?;
    #[expect(
        clippy::disallowed_methods,
        reason = "configuration is read once, in the binary"
    )]
    let text = std::env::var(name).map_err(|_| {
        Fail::fault(format!(
            "the variable {name} is not set, and node.toml says that the node key is in it"
        ))
    })?;
    Ok((Zeroizing::new(text), format!("the variable {name}")))
}

/// Makes a key that is to replace the one in the file, and keeps it beside that one.
///
/// # Errors
/// [`Fail`] when it cannot be written.
pub(crate) fn next(dir: &Path) -> Result<Zeroizing<[u8; 32]>, Fail> {
    let path = dir.join(NEXT);
    erase(&path)?;
    let mut key = Zeroizing::new([0; 32]);
    random(&mut *key);
    let text = Zeroizing::new(hex::encode(*key));
    house::private(&path, text.as_bytes())?;
    Ok(key)
}

/// The key that [`next`] made is the node key from now on; the old one is overwritten.
///
/// # Errors
/// [`Fail`] when the disk does not work.
pub(crate) fn put_in_force(dir: &Path) -> Result<(), Fail> {
    let path = dir.join(FILE);
    // Opened before it loses its name, so that it can be overwritten after.
    let old = OpenOptions::new().write(true).open(&path);
    let old = old.map_err(|e| Fail::at(&path, &e))?;
    house::named(&dir.join(NEXT), &path)?;
    overwrite(&old).map_err(|e| Fail::at(&path, &e))
}

/// `node.toml` names the variable of the node key from now on.
///
/// # Errors
/// [`Fail`] when it cannot be written.
pub(crate) fn name_in_force(dir: &Path, source: &str) -> Result<(), Fail> {
    let path = dir.join("node.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| Fail::at(&path, &e))?;
    let document = text.parse::<DocumentMut>();
    let mut document = document.map_err(|e| Fail::usage(format!("{}: {e}", path.display())))?;
    document.insert("node-key", value(source));
    house::whole(&path, document.to_string().as_bytes())
}

/// Overwrites and removes what no longer is, or never became, the node key.
///
/// # Errors
/// [`Fail`] when the disk does not work.
pub(crate) fn clear(dir: &Path, source: Option<&str>) -> Result<(), Fail> {
    erase(&dir.join(NEXT))?;
    match source {
        Some(_) => erase(&dir.join(FILE)),
        None => Ok(()),
    }
}

/// Overwrites a file with zeros and removes it; one that is not there is no error.
fn erase(path: &Path) -> Result<(), Fail> {
    let erased = match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(&file).and_then(|()| std::fs::remove_file(path)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    };
    erased.map_err(|e| Fail::at(path, &e))
}

fn overwrite(mut file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    file.write_all(&vec![0; length.min(4096)])?;
    file.sync_all()
}
