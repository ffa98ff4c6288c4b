//! Who has a node open. Every process of a node shares its directory (the vault's keys and the ledger's files are
//! there), so locks of files there tell them apart, and end with the process however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use exchange::Instance;
use exchange::ids::PartyId;

use crate::fail::Fail;

/// More processes than one node ever has.
const MOST: u32 = 1_000;

/// Holds the node open, under the first name that no other process has: `PARTY-1`, `PARTY-2`, and so on. A process that
/// is started again finds its name free, and goes on with what it had leased.
///
/// # Errors
/// [`Fail`] when the node is to stand still, or its directory cannot be written.
pub(crate) fn join(dir: &Path, party: &PartyId) -> Result<Instance, Fail> {
    let open = file(dir, "node")?;
    match open.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Fail::fault(
                "the node's store is being moved: wait until `concordat store move` is done".into(),
            ));
        }
        Err(TryLockError::Error(e)) => return Err(Fail::at(dir, &e)),
    }
    for n in 1..=MOST {
        let name = file(dir, &n.to_string())?;
        match name.try_lock() {
            Ok(()) => return Ok(Instance::held(format!("{party}-{n}"), (open, name))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(Fail::at(dir, &e)),
        }
    }
    Err(Fail::fault(format!(
        "{MOST} processes have this node open: end some"
    )))
}

/// Holds the node closed: no process has it open until the answer is dropped.
///
/// # Errors
/// [`Fail`] when a process has it open.
pub(crate) fn alone(dir: &Path) -> Result<File, Fail> {
    let node = file(dir, "node")?;
    match node.try_lock() {
        Ok(()) => Ok(node),
        Err(TryLockError::WouldBlock) => Err(Fail::no(
            "the node is running: end its service, its worker and every command first",
        )),
        Err(TryLockError::Error(e)) => Err(Fail::at(dir, &e)),
    }
}

fn file(dir: &Path, name: &str) -> Result<File, Fail> {
    let folder = dir.join("running");
    let path = folder.join(name);
    std::fs::create_dir_all(&folder)
        .and_then(|()| {
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).write(true).open(&path)
        })
        .map_err(|e| Fail::at(&path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_a_name_of_its_own_and_a_new_one_takes_the_free_one() {
        let dir = tempfile::tempdir().unwrap();
        let party = PartyId::parse("ho").unwrap();
        let join = || join(dir.path(), &party).unwrap();
        let (one, two) = (join(), join());
        assert_eq!((one.as_str(), two.as_str()), ("ho-1", "ho-2"));
        let kept = one.clone();
        drop(one);
        assert_eq!(join().as_str(), "ho-3", "as long as a copy is kept");
        drop(kept);
        assert_eq!(join().as_str(), "ho-1");
        assert!(alone(dir.path()).is_err(), "{}", two.as_str());
    }

    #[test]
    fn nobody_opens_a_node_that_is_held_closed() {
        let dir = tempfile::tempdir().unwrap();
        let party = PartyId::parse("ho").unwrap();
        let closed = alone(dir.path()).unwrap();
        assert!(join(dir.path(), &party).is_err());
        drop(closed);
        assert!(join(dir.path(), &party).is_ok());
    }
}
