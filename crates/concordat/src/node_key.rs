//! Where the node key comes from, under which the vault's keys are sealed: a file that its owner alone may read, or the
//! environment of the process. It is read at each start and kept nowhere else.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::fail::Fail;

/// Where `node.toml` says that the node key is, when it says nothing.
const FILE: &str = "keys/node.key";

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
