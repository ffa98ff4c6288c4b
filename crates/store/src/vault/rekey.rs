//! Another node key: every holding's key is sealed anew beside the old ones, in the folder `next`, before the node key is
//! replaced. Which of the two is in force decides what becomes of `next` when the vault is opened: under the new one its files
//! take the place of the old, under the old one it is taken away. So a stop at any instruction leaves one of them whole.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use exchange::ids::{HoldingId, OperationId};
use exchange::ports::{Entropy, PortFault};

use super::cipher::{Key, Nonce, derived, open, seal};
use super::shelf::{Found, Shelf, failed, write_durably};
use super::{KEY, LOOKUP, WRAP};

/// The folder of what is sealed anew.
const NEXT: &str = "next";
/// Sealed under the new node key: it opens where that one is in force. It is written last.
const AFTER: &str = "after";
/// Sealed under the old node key: it opens where that one still is.
const BEFORE: &str = "before";

/// What names the node key `node_key` and tells nothing of it: 32 hex digits.
///
/// # Errors
/// [`PortFault`] when it cannot be derived.
pub fn print_of(node_key: &[u8; 32]) -> Result<String, PortFault> {
    let print = derived(node_key, "concordat/vault/print/v1")?;
    let (front, _) = print.split_at(16);
    Ok(hex::encode(front))
}

/// Seals the keys of these holdings, and the key of look-ups, under `new`. Nothing else changes: the node key is replaced
/// after it, and then the vault is opened, which finishes. No process may have the vault open meanwhile; `holdings` are all
/// that the store knows. Keys of no holding are destroyed, where there are just `orphans` of them. Gives how many were sealed.
///
/// # Errors
/// [`PortFault`] when `old` is not the node key in force, there is another number of orphans, or the disk does not work.
pub fn reseal(
    folder: &Path,
    (old, new): (&[u8; 32], &[u8; 32]),
    (holdings, orphans): (&[HoldingId], usize),
    op: &OperationId,
    entropy: &Arc<dyn Entropy>,
) -> Result<u64, PortFault> {
    let shelf = Shelf::open(folder.to_owned())?;
    let (was, will) = (derived(old, WRAP)?, derived(new, WRAP)?);
    settle(&shelf, &was)?;
    let known = holdings.iter().map(|holding| shelf.file(holding)).collect();
    let others = shelf.others(&known)?;
    if others.len() != orphans {
        let found = others.len();
        return Err(PortFault(format!(
            "{found} keys belong to no holding of the store: an operation that was broken off left them, or the store is older than the vault. Look with `concordat doctor`; `--orphans {found}` destroys them"
        )));
    }
    let nonce = |name: &str| {
        let mut nonce: Nonce = [0; 24];
        entropy.fill(op, &format!("vault/rekey/{name}"), &mut nonce);
        nonce
    };
    let next = folder.join(NEXT);
    let made = DirBuilder::new().mode(0o700).create(&next);
    made.map_err(failed("make a folder in"))?;
    let put = |name: &str, bytes: &[u8]| {
        write_durably(&next.join(name), bytes).map_err(failed("write a key to"))
    };
    let mut keys = 0;
    for holding in holdings {
        let Found::Wrapped(bytes) = shelf.read(holding)? else {
            continue;
        };
        let key = open(&was, holding, KEY, &bytes).ok_or_else(|| foreign(holding))?;
        let name = shelf.file(holding);
        put(&name, &seal(&will, &nonce(&name), holding, KEY, &key)?)?;
        keys += 1;
    }
    let lookup = lookup_key(&shelf, old, &was)?;
    let here = place()?;
    put(
        LOOKUP,
        &seal(&will, &nonce(LOOKUP), &here, LOOKUP, lookup.as_slice())?,
    )?;
    put(BEFORE, &seal(&was, &nonce(BEFORE), &here, BEFORE, &[])?)?;
    put(AFTER, &seal(&will, &nonce(AFTER), &here, AFTER, &[])?)?;
    shelf.sync_all(&next)?;
    shelf.erase_all(&others)?;
    Ok(keys)
}

/// Finishes a replacement of the node key that was begun, or takes it back, as the key in force says.
pub(super) fn settle(shelf: &Shelf, wrap: &Key) -> Result<(), PortFault> {
    let next = shelf.folder().join(NEXT);
    if !next.try_exists().map_err(failed("read"))? {
        return Ok(());
    }
    let here = place()?;
    let settled = shelf.locked(|| {
        let sealed = |name: &str| match fs::read(next.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        };
        let opens = |name: &str| -> io::Result<Option<bool>> {
            let bytes = sealed(name)?;
            Ok(bytes.map(|bytes| open(wrap, &here, name, &bytes).is_some()))
        };
        let gone = |name: &str| match fs::remove_file(next.join(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        };
        let after = opens(AFTER)?;
        if after == Some(true) {
            // From here on the old key takes nothing back.
            gone(BEFORE)?;
            File::open(&next)?.sync_all()?;
            for entry in fs::read_dir(&next)? {
                let entry = entry?;
                if entry.file_name() != AFTER {
                    fs::rename(entry.path(), shelf.folder().join(entry.file_name()))?;
                }
            }
            shelf.sync()?;
            gone(AFTER)?;
        } else if after.is_some() && opens(BEFORE)? != Some(true) {
            return Ok(false);
        } else {
            gone(AFTER)?;
            for entry in fs::read_dir(&next)? {
                fs::remove_file(entry?.path())?;
            }
        }
        fs::remove_dir(&next)?;
        shelf.sync()?;
        Ok(true)
    });
    match settled.map_err(failed("replace the node key of"))? {
        true => Ok(()),
        false => Err(PortFault(
            "the node key is neither the one that is being replaced nor the one that replaces it: give the right one".into(),
        )),
    }
}

/// The key of look-ups. It outlives the node key that it was once derived from: what the store finds people by stays.
pub(super) fn lookup_key(shelf: &Shelf, node_key: &[u8; 32], wrap: &Key) -> Result<Key, PortFault> {
    match fs::read(shelf.folder().join(LOOKUP)) {
        Ok(bytes) => {
            let plain = open(wrap, &place()?, LOOKUP, &bytes);
            let key = plain.and_then(|p| p.as_slice().try_into().ok().map(Key::new));
            key.ok_or_else(|| {
                PortFault(
                    "the key of look-ups does not open under this node's key: restore the node key or the vault's folder"
                        .into(),
                )
            })
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            derived(node_key, "concordat/vault/lookup/v1")
        }
        Err(e) => Err(failed("read")(e)),
    }
}

/// Where the vault's own items are, which are no holding's.
fn place() -> Result<HoldingId, PortFault> {
    HoldingId::parse("vault").map_err(|e| PortFault(e.to_string()))
}

fn foreign(holding: &HoldingId) -> PortFault {
    PortFault(format!(
        "the key file of holding {holding} does not open under this node's key: restore it first"
    ))
}
