//! The keys of signed notes: names, the C2SP text form of public keys, and signers.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::codec::{base64, from_base64, text_form};
use crate::digest::Digest;

/// The signature type byte of Ed25519 in C2SP signed-note.
const ED25519: u8 = 0x01;

/// A key's name, or a key, that is not well formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The name.
    #[error(
        "a key's name is not empty and has no spaces, no control characters and no plus sign: use a form such as ho.example/ledger"
    )]
    Name,
    /// The text of a verifier key.
    #[error(
        "a verifier key has the form name+8 hex digits+base64 of an Ed25519 key: copy it whole from the party's own publication"
    )]
    Form,
    /// The hash in it.
    #[error(
        "the eight hex digits in the verifier key {name} do not belong to its name and key: one of the three was altered; copy it whole from the party's own publication"
    )]
    Hash {
        /// The key's name.
        name: String,
    },
}

/// A public key under a name. Text form (C2SP): `name+hex8+base64(0x01||key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    pub(super) name: String,
    pub(super) key: VerifyingKey,
}

/// A signing key under a name; the secret is wiped when dropped.
pub struct NoteSigner {
    pub(super) name: String,
    pub(super) key: SigningKey,
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// C2SP signed-note: SHA-256(name || 0x0A || type || key)[..4].
pub(crate) fn key_id_of_type(key: &VerifierKey, kind: u8) -> [u8; 4] {
    let bytes = [key.name.as_bytes(), &[b'\n', kind], key.key.as_bytes()].concat();
    let [a, b, c, d, ..] = Digest::of(&bytes).0;
    [a, b, c, d]
}

/// Reads the text form of a key whose signatures are of this type.
pub(crate) fn key_of_type(text: &str, kind: u8) -> Result<VerifierKey, KeyFault> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyFault::Form);
    };
    let bytes = from_base64(key).ok_or(KeyFault::Form)?;
    let (of, key) = bytes.split_first().ok_or(KeyFault::Form)?;
    if *of != kind {
        return Err(KeyFault::Form);
    }
    let key = VerifierKey::new(name, key.try_into().map_err(|_| KeyFault::Form)?)?;
    if hex::encode(key_id_of_type(&key, kind)) == hash {
        Ok(key)
    } else {
        Err(KeyFault::Hash { name: key.name })
    }
}

/// The text form of a key whose signatures are of this type.
pub(crate) fn text_of_type(key: &VerifierKey, kind: u8) -> String {
    let id = hex::encode(key_id_of_type(key, kind));
    let bytes = base64(&[&[kind], &key.key.as_bytes()[..]].concat());
    format!("{}+{id}+{bytes}", key.name)
}

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    /// [`KeyFault`] when the name or the key is not well formed.
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = VerifyingKey::from_bytes(key).map_err(|_| KeyFault::Form)?;
        // A key of small order fits any text: nobody makes one by chance.
        if key.is_weak() {
            return Err(KeyFault::Form);
        }
        if is_name(name) {
            Ok(Self {
                name: name.to_owned(),
                key,
            })
        } else {
            Err(KeyFault::Name)
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyFault`] when it is another text.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        key_of_type(text, ED25519)
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 bytes of the Ed25519 key (RFC 8032).
    pub fn key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    pub(crate) fn verifies(&self, text: &[u8], signature: &Signature) -> bool {
        self.key.verify_strict(text, signature).is_ok()
    }

    pub(super) fn id(&self) -> [u8; 4] {
        key_id_of_type(self, ED25519)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of_type(self, ED25519))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyFault;

    fn from_str(text: &str) -> Result<Self, KeyFault> {
        Self::parse(text)
    }
}

text_form!(VerifierKey);

impl NoteSigner {
    /// A signing key from its 32 secret bytes (RFC 8032), which must come from a source of randomness.
    ///
    /// # Errors
    /// [`KeyFault::Name`] when the name is not well formed.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = SigningKey::from_bytes(secret);
        if is_name(name) {
            Ok(Self {
                name: name.to_owned(),
                key,
            })
        } else {
            Err(KeyFault::Name)
        }
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn sign_bytes(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }

    /// The public half, to be handed out.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey {
            name: self.name.clone(),
            key: self.key.verifying_key(),
        }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({}, redacted)", self.name)
    }
}
