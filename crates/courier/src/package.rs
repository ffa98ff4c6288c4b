//! The container of a sealed package (docs/formats/package.md): a signed manifest and a ciphertext.
//!
//! Takes packages apart and puts them together in exactly one form; holds no private key and decrypts nothing.

use exchange::message::{Head, Manifest};
use exchange::ports::{PackageFault, Parts, PartyCard, PortFault, Spooled};
use ledger::note::{self, VerifierKey};
use ledger::{Digest, Digesting};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::limits;

/// The first line of a package, and of the text that its manifest's signature covers.
pub const MAGIC: &str = "concordat-package/v1";
/// The longest signed manifest, in bytes.
const NOTE_BYTES: usize = 64 << 10;
/// What stands before the ciphertext is shorter: two lines and the longest signed manifest.
const FRONT_BYTES: usize = NOTE_BYTES + (1 << 10);
/// The longest line inside the plain payload, in bytes.
pub(crate) const LINE_BYTES: u64 = 64 << 10;

/// What the manifest says of the ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    /// Its length.
    pub(crate) bytes: u64,
    /// Its SHA-256.
    pub(crate) sha256: Digest,
}

/// A package whose signature and whose ciphertext's digest are checked.
pub(crate) struct Checked {
    pub(crate) manifest: Manifest,
    /// Where its ciphertext begins, in bytes.
    pub(crate) at: usize,
}

/// RFC 8785 of a value, if it has such a form.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Option<String> {
    serde_json_canonicalizer::to_string(value).ok()
}

/// The text that the manifest's signature covers: two lines.
pub(crate) fn signed_text(manifest: &Manifest, payload: &Payload) -> Option<String> {
    let mut value = serde_json::to_value(manifest).ok()?;
    value
        .as_object_mut()?
        .insert("payload".into(), serde_json::to_value(payload).ok()?);
    Some(format!("{MAGIC}\n{}\n", canonical(&value)?))
}

/// What stands before the ciphertext.
pub(crate) fn front(note: &str, payload: &Payload) -> Vec<u8> {
    format!("{MAGIC}\n{} {}\n{note}", note.len(), payload.bytes).into_bytes()
}

/// What the plain payload begins with before the file: the manifest and the letter's head, a line each.
pub(crate) fn lines(manifest: &Manifest, head: &Head) -> Option<Zeroizing<String>> {
    let lines = format!("{}\n{}\n", canonical(manifest)?, canonical(head)?);
    Some(Zeroizing::new(lines))
}

fn line<'a>(
    bytes: &'a [u8],
    most: usize,
    fault: &'static str,
) -> Result<(&'a str, &'a [u8]), PackageFault> {
    let fault = PackageFault::Malformed(fault);
    let end = bytes
        .iter()
        .take(most)
        .position(|b| *b == b'\n')
        .ok_or(fault.clone())?;
    let (line, rest) = bytes.split_at(end);
    let line = std::str::from_utf8(line).map_err(|_| fault.clone())?;
    Ok((line, rest.get(1..).ok_or(fault)?))
}

fn length(text: &str) -> Option<u64> {
    let n: u64 = text.parse().ok()?;
    (n.to_string() == text).then_some(n)
}

/// What stands before the ciphertext, read.
struct Front {
    manifest: Manifest,
    payload: Payload,
    /// How long it is itself, and how long the ciphertext is by it, in bytes.
    front: usize,
    ciphertext: u64,
}

const NOT_AS_LONG: PackageFault = PackageFault::Malformed("its parts are not as long as it says");

/// Reads what stands before the ciphertext in these first bytes of a package: form and lengths, then the signature by
/// exactly the party that the manifest says sent it.
fn read_front(bytes: &[u8], parties: &[PartyCard]) -> Result<Front, PackageFault> {
    const LENGTHS: &str = "its second line is not the lengths of its parts";
    let (magic, rest) = line(
        bytes,
        MAGIC.len() + 1,
        "it does not begin as a package of version 1",
    )?;
    if magic != MAGIC {
        return Err(PackageFault::Malformed(
            "it does not begin as a package of version 1",
        ));
    }
    let (lengths, rest) = line(rest, 40, LENGTHS)?;
    let (note, ciphertext) = lengths
        .split_once(' ')
        .ok_or(PackageFault::Malformed(LENGTHS))?;
    let (Some(note), Some(ciphertext)) = (length(note), length(ciphertext)) else {
        return Err(PackageFault::Malformed(LENGTHS));
    };
    if ciphertext > limits::PACKAGE_BYTES {
        return Err(PackageFault::Malformed("it is longer than any package"));
    }
    let note = usize::try_from(note).unwrap_or(usize::MAX);
    if note > NOTE_BYTES {
        return Err(NOT_AS_LONG);
    }
    let note = rest.get(..note).ok_or(NOT_AS_LONG)?;
    let front = bytes.len() - rest.len() + note.len();
    let note = std::str::from_utf8(note)
        .map_err(|_| PackageFault::Malformed("its manifest is not text"))?;
    let (manifest, payload) = manifest(note, parties)?;
    Ok(Front {
        manifest,
        payload,
        front,
        ciphertext,
    })
}

/// Takes a package apart and checks, in this order: form and lengths of what stands first, signature by exactly the party
/// that the manifest says sent it, length and digest of the ciphertext. No more than its longest beginning is in memory.
pub(crate) async fn check(
    package: &Spooled,
    parties: &[PartyCard],
) -> Result<Result<Checked, PackageFault>, PortFault> {
    let mut parts = package.parts();
    let mut bytes = Vec::new();
    while bytes.len() < FRONT_BYTES {
        match parts.next().await? {
            Some(part) => bytes.extend(part),
            None => break,
        }
    }
    let front = match read_front(&bytes, parties) {
        Ok(front) => front,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut piece = bytes.split_off(front.front);
    let (mut length, mut digest) = (0, Digesting::default());
    loop {
        length += piece.len() as u64;
        digest.take(&piece);
        if length > front.ciphertext {
            return Ok(Err(NOT_AS_LONG));
        }
        match parts.next().await? {
            Some(part) => piece = part,
            None => break,
        }
    }
    if length != front.ciphertext {
        return Ok(Err(NOT_AS_LONG));
    }
    if front.payload.bytes != length || front.payload.sha256 != digest.done() {
        return Ok(Err(PackageFault::Altered));
    }
    Ok(Ok(Checked {
        manifest: front.manifest,
        at: front.front,
    }))
}

fn manifest(note: &str, parties: &[PartyCard]) -> Result<(Manifest, Payload), PackageFault> {
    // A key under another name than its party's could speak for somebody else: it is passed over.
    let keys: Vec<VerifierKey> = parties
        .iter()
        .filter_map(|card| {
            VerifierKey::parse(&card.verifier)
                .ok()
                .filter(|key| key.name() == card.party.as_str())
        })
        .collect();
    let opened = note::open(note, &keys).map_err(|_| PackageFault::Unsigned)?;
    // Exactly one signature line: a package has one form, so nothing can be added to it on its way.
    let signatures = note
        .rsplit_once("\n\n")
        .map_or(0, |(_, lines)| lines.lines().count());
    let ([signer], 1) = (opened.signers.as_slice(), signatures) else {
        return Err(PackageFault::Unsigned);
    };
    let text = opened
        .text
        .strip_prefix(MAGIC)
        .and_then(|text| text.strip_prefix('\n'));
    let json = text.and_then(|text| text.strip_suffix('\n'));
    let malformed = PackageFault::Malformed("its manifest is not one of version 1");
    let (manifest, payload) = json.and_then(parse).ok_or(malformed)?;
    if manifest.from.as_str() == signer.name() {
        Ok((manifest, payload))
    } else {
        Err(PackageFault::Unsigned)
    }
}

fn parse(json: &str) -> Option<(Manifest, Payload)> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    // One spelling only; this also refuses a member that is there twice.
    if canonical(&value)? != json {
        return None;
    }
    let payload = serde_json::from_value(value.as_object_mut()?.remove("payload")?).ok()?;
    let manifest: Manifest = serde_json::from_value(value.clone()).ok()?;
    (manifest.v == 1 && canonical(&manifest)? == canonical(&value)?).then_some((manifest, payload))
}

/// Reads the lines with which the plain payload of a package of this manifest begins.
///
/// # Errors
/// [`PackageFault`] where they are another manifest's, or no letter of its kind in its one form.
pub fn head(manifest: &Manifest, inner: &[u8], head: &[u8]) -> Result<Head, PackageFault> {
    // A party that wraps another's ciphertext in a manifest of its own is found here.
    if canonical(manifest).is_none_or(|text| text.as_bytes() != inner) {
        return Err(PackageFault::Altered);
    }
    let parsed: Head = serde_json::from_slice(head).map_err(|_| PackageFault::WrongLetter)?;
    let one_form = canonical(&parsed).is_some_and(|text| text.as_bytes() == head);
    if one_form && parsed.fits(manifest.kind) {
        Ok(parsed)
    } else {
        Err(PackageFault::WrongLetter)
    }
}
