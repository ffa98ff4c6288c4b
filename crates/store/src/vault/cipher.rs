//! The vault's cryptography, all of it from libraries: sealing, deriving, keyed hashes. Touches no file.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::HEXLOWER;
use exchange::ids::HoldingId;
use exchange::ports::PortFault;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A secret of 32 bytes.
pub(crate) type Key = Zeroizing<[u8; 32]>;
/// The nonce of XChaCha20-Poly1305.
pub(crate) type Nonce = [u8; NONCE];

const NONCE: usize = 24;
const VERSION: u8 = 1;

/// Binds a ciphertext to its place: a holding's id has no zero byte, so no two places read the same.
fn place(holding: &HoldingId, item: &str) -> Vec<u8> {
    [
        holding.as_str().as_bytes(),
        &[0],
        item.as_bytes(),
        &[VERSION],
    ]
    .concat()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    let key: &[u8; 32] = key;
    XChaCha20Poly1305::new(key.into())
}

/// Seals `plain` for its place: version, nonce, ciphertext with tag.
pub(crate) fn seal(
    key: &Key,
    nonce: &Nonce,
    holding: &HoldingId,
    item: &str,
    plain: &[u8],
) -> Result<Vec<u8>, PortFault> {
    let aad = place(holding, item);
    let sealed = cipher(key)
        .encrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .map_err(|_| PortFault(format!("an item of holding {holding} is too large to seal")))?;
    Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
}

/// Opens what was sealed for this place; nothing else opens.
pub(crate) fn open(
    key: &Key,
    holding: &HoldingId,
    item: &str,
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, msg) = rest.split_first_chunk::<NONCE>()?;
    if *version != VERSION {
        return None;
    }
    let aad = place(holding, item);
    cipher(key)
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
        .ok()
        .map(Zeroizing::new)
}

/// HKDF-SHA256 (RFC 5869) without a salt: the inputs are uniform keys already.
pub(crate) fn derived(key: &[u8; 32], info: &str) -> Result<Key, PortFault> {
    let mut out = Zeroizing::new([0u8; 32]);
    Hkdf::<Sha256>::new(None, key)
        .expand(info.as_bytes(), out.as_mut_slice())
        .map_err(|_| PortFault("a key could not be derived".into()))?;
    Ok(out)
}

/// HMAC-SHA256, as 64 lower-case hex digits.
pub(crate) fn keyed_hash(key: &Key, value: &[u8]) -> Result<String, PortFault> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice())
        .map_err(|_| PortFault("a keyed hash could not be made".into()))?;
    mac.update(value);
    Ok(HEXLOWER.encode(&mac.finalize().into_bytes()))
}
