//! The vault: a key per holding, in files apart from the database, so that a copy of the database tells nothing
//! and the destruction of a key is the destruction of all that it sealed. Never keeps a key in memory between
//! two calls (another process may destroy it) and never shows one.
//!
//! Formats. A sealed item is one version byte (1), 24 bytes of nonce, then XChaCha20-Poly1305's ciphertext and
//! tag, with the associated data *holding id, a zero byte, item name, version byte*. Its key is HKDF-SHA256 of
//! the holding's key with the info `concordat/vault/item/v1`. A key file holds the holding's key sealed the same
//! way as an item called `key`, under HKDF-SHA256 of the node key with the info `concordat/vault/wrap/v1`. The key of look-ups
//! is HKDF-SHA256 of the node key with the info `concordat/vault/lookup/v1` until that is replaced; from then on it lies sealed
//! in the file `lookup`, as an item of that name of a holding `vault`.

pub(crate) mod cipher;
mod rekey;
mod shelf;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use exchange::ids::{HoldingId, OperationId};
use exchange::ports::{Entropy, PortFault, Sealed, Vault, VaultFault};
use exchange::together::Together;
use zeroize::Zeroizing;

pub use rekey::{print_of, reseal};

use cipher::{Key, derived, keyed_hash, open, seal};
use shelf::{Found, Shelf};

/// What a holding's key is called where it is sealed as if it were an item.
const KEY: &str = "key";
/// The file of the key of look-ups.
const LOOKUP: &str = "lookup";
/// What the key that seals keys is derived for.
const WRAP: &str = "concordat/vault/wrap/v1";

/// The vault in a folder of key files.
///
/// Whoever holds the folder alone has nothing: its files are sealed under the node key, which the composition
/// root keeps elsewhere. The folder must not be backed up for longer than its holdings may last: a key that
/// comes back from a copy would bring its values back (the tombstones beside it do not survive such a copy).
pub struct FileVault {
    shelf: Shelf,
    /// Keys that are made at one moment are on the disk together.
    creating: Together<Arc<Wrapped>, Result<(), VaultFault>>,
    entropy: Arc<dyn Entropy>,
    wrap: Key,
    lookup: Key,
}

/// Keys that are sealed, by holding.
type Wrapped = BTreeMap<HoldingId, Vec<u8>>;

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileVault")
    }
}

impl FileVault {
    /// Opens the folder of key files, making it (mode 0700) when it is not there. `node_key` is this node's 32
    /// secret bytes, the same at every start.
    ///
    /// # Errors
    /// [`PortFault`] when the folder cannot be made, or others than its owner can enter it (SEC-02). A replacement of the node
    /// key that was broken off is finished, or taken back where the old one is given.
    pub fn open(
        folder: impl Into<PathBuf>,
        node_key: [u8; 32],
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, PortFault> {
        let node_key = Zeroizing::new(node_key);
        let shelf = Shelf::open(folder.into())?;
        let wrap = derived(&node_key, WRAP)?;
        rekey::settle(&shelf, &wrap)?;
        Ok(Self {
            lookup: rekey::lookup_key(&shelf, &node_key, &wrap)?,
            shelf,
            creating: Together::default(),
            entropy,
            wrap,
        })
    }

    fn key(&self, holding: &HoldingId) -> Result<Key, VaultFault> {
        match self.shelf.read(holding)? {
            Found::Dead => Err(VaultFault::Destroyed(holding.clone())),
            Found::Nothing => Err(VaultFault::Missing(holding.clone())),
            Found::Wrapped(bytes) => Ok(open(&self.wrap, holding, KEY, &bytes)
                .and_then(|plain| plain.as_slice().try_into().ok().map(Zeroizing::new))
                .ok_or_else(|| {
                    PortFault(format!(
                        "the key file of holding {holding} does not open under this node's key: restore the \
                         node key or the file"
                    ))
                })?),
        }
    }

    /// Puts all of these on the shelf, and says what came of each.
    async fn create_all(&self, all: Vec<Arc<Wrapped>>) -> Vec<Result<(), VaultFault>> {
        let together = all.iter().flat_map(|one| one.iter());
        let together = together.map(|(holding, key)| (holding.clone(), key.clone()));
        match self.put(together.collect()).await {
            // A dead key stands in the way of no other.
            Err(VaultFault::Destroyed(_)) if all.len() > 1 => {
                let mut each = Vec::with_capacity(all.len());
                for one in all {
                    each.push(self.put(Wrapped::clone(&one)).await);
                }
                each
            }
            came => all.iter().map(|_| came.clone()).collect(),
        }
    }

    async fn put(&self, all: Wrapped) -> Result<(), VaultFault> {
        let shelf = self.shelf.clone();
        match blocking(move || shelf.create(&all)).await? {
            None => Ok(()),
            Some(dead) => Err(VaultFault::Destroyed(dead)),
        }
    }

    fn item_key(&self, holding: &HoldingId) -> Result<Key, VaultFault> {
        let key = self.key(holding)?;
        Ok(derived(&key, "concordat/vault/item/v1")?)
    }

    /// Fresh bytes. The label names what they are for down to the item, so that even an entropy that repeats
    /// itself for one operation and label gives two items of a holding two nonces.
    fn draw<const N: usize>(&self, op: &OperationId, label: &str) -> Zeroizing<[u8; N]> {
        let mut bytes = Zeroizing::new([0u8; N]);
        self.entropy.fill(op, label, bytes.as_mut_slice());
        bytes
    }
}

#[async_trait]
impl Vault for FileVault {
    async fn create(&self, holding: &HoldingId, op: &OperationId) -> Result<(), VaultFault> {
        self.create_many(std::slice::from_ref(holding), op).await
    }

    async fn create_many(
        &self,
        holdings: &[HoldingId],
        op: &OperationId,
    ) -> Result<(), VaultFault> {
        let wrapped = |holding: &HoldingId| {
            let key: Key = self.draw(op, &format!("vault/key/{holding}"));
            let nonce = self.draw(op, &format!("vault/key-nonce/{holding}"));
            let wrapped = seal(&self.wrap, &nonce, holding, KEY, key.as_slice())?;
            Ok((holding.clone(), wrapped))
        };
        let all = holdings.iter().map(wrapped);
        let all: Wrapped = all.collect::<Result<_, PortFault>>()?;
        let create = |all| self.create_all(all);
        self.creating.done(Arc::new(all), create).await
    }

    async fn seal(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        item: &str,
        plain: &[u8],
    ) -> Result<Sealed, VaultFault> {
        let key = self.item_key(holding)?;
        let nonce = self.draw(op, &format!("vault/nonce/{holding}/{item}"));
        Ok(Sealed(seal(&key, &nonce, holding, item, plain)?))
    }

    async fn seal_many(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        items: &[(String, Zeroizing<Vec<u8>>)],
    ) -> Result<Vec<Sealed>, VaultFault> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.item_key(holding)?;
        items
            .iter()
            .map(|(item, plain)| {
                let nonce = self.draw(op, &format!("vault/nonce/{holding}/{item}"));
                Ok(Sealed(seal(&key, &nonce, holding, item, plain)?))
            })
            .collect()
    }

    async fn open_many(
        &self,
        holding: &HoldingId,
        items: &[(String, Sealed)],
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, VaultFault> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.item_key(holding)?;
        items
            .iter()
            .map(|(item, sealed)| {
                open(&key, holding, item, &sealed.0)
                    .ok_or_else(|| VaultFault::Altered(holding.clone()))
            })
            .collect()
    }

    async fn open(
        &self,
        holding: &HoldingId,
        item: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
        let key = self.item_key(holding)?;
        open(&key, holding, item, &sealed.0).ok_or_else(|| VaultFault::Altered(holding.clone()))
    }

    async fn derive(
        &self,
        holding: &HoldingId,
        purpose: &str,
    ) -> Result<Zeroizing<[u8; 32]>, VaultFault> {
        let key = self.key(holding)?;
        Ok(derived(&key, &format!("concordat/vault/v1/{purpose}"))?)
    }

    async fn destroy(&self, holdings: &[HoldingId]) -> Result<(), VaultFault> {
        let (shelf, mut ids) = (self.shelf.clone(), holdings.to_vec());
        ids.sort();
        ids.dedup();
        Ok(blocking(move || shelf.destroy(&ids)).await?)
    }

    async fn lookup_key(&self, value: &str) -> Result<String, VaultFault> {
        Ok(keyed_hash(&self.lookup, value.as_bytes())?)
    }
}

/// Waiting for a disk must not hold up the tasks that share the thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortFault> + Send + 'static,
) -> Result<T, PortFault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| PortFault("the vault's work was interrupted: start the node again".into()))?
}
