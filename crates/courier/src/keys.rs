//! A party's two private keys: Ed25519 for signing notes, X25519 (age) for opening packages.
//!
//! They stay in this type: no debug print, error or log shows them, they are wiped from memory when dropped, and
//! their files may be read by their owner alone.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use exchange::ids::PartyId;
use exchange::ports::{PartyCard, PortFault, Signer};
use jiff::Timestamp;
use ledger::note::{self, NoteSigner};
use zeroize::Zeroizing;

use crate::durable::{self, Replace};

const SIGNING: &str = "signing.key";
const SEALING: &str = "sealing.key";
/// Far more than either key's text.
const MOST: usize = 4096;

/// Why keys could not be made, kept or loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// The text of a key is not that of a key.
    #[error("the {0} key of this party is not well formed: restore the key file from its backup")]
    Form(&'static str),
    /// There is no such file.
    #[error("there is no key file at {0}: make the party's keys first, or restore them")]
    Missing(PathBuf),
    /// Keys stand there already, and a lost key cannot be made again.
    #[error("a key file stands at {0} already: it was not replaced")]
    Exists(PathBuf),
    /// Somebody else may read the file.
    #[error(
        "the key file {0} may be read by others: allow its owner alone (mode 0600), and consider the key known (SEC-13)"
    )]
    Open(PathBuf),
    /// The disk did not work.
    #[error("the key file {path} could not be used: {reason}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
}

/// The private keys of one party.
pub struct Keys {
    party: PartyId,
    seed: Zeroizing<[u8; 32]>,
    signer: NoteSigner,
    identity: Identity,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, redacted)", self.party)
    }
}

impl Keys {
    /// New keys: the signing key is `seed`, 32 bytes of entropy (RFC 8032); the sealing key is drawn by age
    /// from the operating system, because age takes no entropy from outside.
    ///
    /// # Errors
    /// [`KeysFault::Form`] when the party's name cannot name a key.
    pub fn generate(party: PartyId, seed: Zeroizing<[u8; 32]>) -> Result<Self, KeysFault> {
        Self::assemble(party, seed, Identity::generate())
    }

    /// Keys from `seed` and the text of an age identity (`AGE-SECRET-KEY-1...`).
    ///
    /// # Errors
    /// [`KeysFault::Form`] when the text is no identity.
    pub fn from_parts(
        party: PartyId,
        seed: Zeroizing<[u8; 32]>,
        identity: &str,
    ) -> Result<Self, KeysFault> {
        let identity = identity.parse().map_err(|_| KeysFault::Form("sealing"))?;
        Self::assemble(party, seed, identity)
    }

    fn assemble(
        party: PartyId,
        seed: Zeroizing<[u8; 32]>,
        identity: Identity,
    ) -> Result<Self, KeysFault> {
        let signer =
            NoteSigner::new(party.as_str(), &seed).map_err(|_| KeysFault::Form("signing"))?;
        Ok(Self {
            party,
            seed,
            signer,
            identity,
        })
    }

    /// Writes `signing.key` (64 hex digits) and `sealing.key` (an age identity file) into `folder`, which is
    /// made if it is not there; each with mode 0600, whole or not at all, and never over another.
    ///
    /// # Errors
    /// [`KeysFault::Exists`] when a key stands there; [`KeysFault::Disk`].
    pub fn save(&self, folder: &Path) -> Result<(), KeysFault> {
        durable::make_folder(folder).map_err(|e| disk(folder, &e))?;
        let hex = Zeroizing::new(hex::encode(self.seed.as_slice()));
        let signing = Zeroizing::new(format!("{}\n", hex.as_str()));
        let identity = self.identity.to_string();
        let sealing = Zeroizing::new(format!("{}\n", identity.expose_secret()));
        for (name, text) in [(SIGNING, signing), (SEALING, sealing)] {
            let path = folder.join(name);
            durable::write(&path, text.as_bytes(), 0o600, Replace::No).map_err(|e| {
                if e.kind() == std::io::ErrorKind::AlreadyExists {
                    KeysFault::Exists(path.clone())
                } else {
                    disk(&path, &e)
                }
            })?;
        }
        Ok(())
    }

    /// Loads what [`Keys::save`] wrote.
    ///
    /// # Errors
    /// [`KeysFault`]; its text names the file, never its content.
    pub fn load(party: PartyId, folder: &Path) -> Result<Self, KeysFault> {
        let signing = read(&folder.join(SIGNING))?;
        let sealing = read(&folder.join(SEALING))?;
        let mut seed = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(signing.trim_end(), seed.as_mut_slice())
            .map_err(|_| KeysFault::Form("signing"))?;
        Self::from_parts(party, seed, sealing.trim_end())
    }

    /// Whose keys.
    pub fn party(&self) -> &PartyId {
        &self.party
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Signer for Keys {
    fn sign_note(&self, text: &str) -> Result<String, PortFault> {
        note::sign(text, &[&self.signer]).map_err(|e| PortFault(e.to_string()))
    }

    fn cosign(&self, checkpoint: &str, at: Timestamp) -> Result<String, PortFault> {
        let line = self.signer.cosign(checkpoint, at);
        line.map_err(|e| PortFault(e.to_string()))
    }

    fn card(&self) -> PartyCard {
        PartyCard {
            party: self.party.clone(),
            verifier: self.signer.verifier().to_string(),
            sealing: self.identity.to_public().to_string(),
        }
    }
}

fn disk(path: &Path, e: &std::io::Error) -> KeysFault {
    KeysFault::Disk {
        path: path.to_owned(),
        reason: e.to_string(),
    }
}

/// The text of a file that its owner alone may read (SEC-13).
///
/// # Errors
/// [`KeysFault`] when it is not there, is no text, or may be read by others.
pub fn read(path: &Path) -> Result<Zeroizing<String>, KeysFault> {
    let bytes = durable::read(path, MOST).map_err(|e| disk(path, &e))?;
    let bytes = Zeroizing::new(bytes.ok_or_else(|| KeysFault::Missing(path.to_owned()))?);
    let mode = std::fs::metadata(path)
        .map_err(|e| disk(path, &e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(KeysFault::Open(path.to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| KeysFault::Form("stored"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
