//! Signed notes (C2SP signed-note, Ed25519): text that one or more known keys have signed.
//!
//! Checkpoints, agreements and package manifests are signed in this form. It never says who may sign what:
//! the caller brings the keys it trusts. A text's first line must name what kind of text it is, so that a
//! signature under one kind cannot be passed off as one under another.
//!
//! ```
//! use ledger::note::{self, NoteSigner};
//! let signer = NoteSigner::new("ho.example/ledger", &[7; 32])?;
//! let signed = note::sign("example.org/greeting\nGood morning.\n", &[&signer])?;
//! let opened = note::open(&signed, &[signer.verifier()])?;
//! assert_eq!(opened.text, "example.org/greeting\nGood morning.\n");
//! assert_eq!(opened.signers, [signer.verifier()]);
//! assert!(note::open(&signed.replace("Good", "Bad"), &[signer.verifier()]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod key;

use ed25519_dalek::Signature;

use crate::codec::{base64, from_base64};

use key::is_name;
pub use key::{KeyFault, NoteSigner, VerifierKey};
pub(crate) use key::{key_id_of_type, key_of_type, text_of_type};

/// The longest note in bytes and the most signatures that are read; C2SP asks for at least 16 signatures.
const MAX_BYTES: usize = 1_000_000;
const MAX_SIGNATURES: usize = 100;

/// Why a note was not signed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// Not a signed note.
    #[error("this is not a signed note: {0}; fetch it again from the party that signed it")]
    Form(&'static str),
    /// Not a text that can be signed.
    #[error("this text cannot be signed as a note: {0}")]
    Text(&'static str),
    /// A known key's signature does not fit the text.
    #[error(
        "the signature of {name} does not fit the text (SEC-14): the text or the signature was altered; do not use it, and fetch it again from the party that signed it"
    )]
    Altered {
        /// The key's name.
        name: String,
    },
    /// No known key has signed.
    #[error(
        "no known key has signed this note ({unknown} signatures of unknown keys, SEC-14): check which keys the agreement's annex gives for the party"
    )]
    Unsigned {
        /// How many signatures were passed over.
        unknown: usize,
    },
}

/// A note whose known signatures all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The text that was signed, with its last newline.
    pub text: String,
    /// The known keys that signed it, each once, in the note's order.
    pub signers: Vec<VerifierKey>,
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b < 0x20 && b != b'\n')
}

/// Signs `text`, which must end in a newline and have no other control characters, with every signer in
/// order.
///
/// # Errors
/// [`NoteFault::Text`] when the text cannot be a note's text or there is no signer.
pub fn sign(text: &str, signers: &[&NoteSigner]) -> Result<String, NoteFault> {
    if !text.ends_with('\n') {
        return Err(NoteFault::Text("it must end with a newline"));
    }
    if has_control(text) {
        return Err(NoteFault::Text(
            "it has a control character other than newline",
        ));
    }
    if signers.is_empty() || signers.len() > MAX_SIGNATURES {
        return Err(NoteFault::Text("it needs between one and 100 signers"));
    }
    let mut note = format!("{text}\n");
    for signer in signers {
        let id = signer.verifier().id();
        let signature = signer.sign_bytes(text.as_bytes());
        let blob = base64(&[&id[..], &signature[..]].concat());
        note.push_str(&format!("\u{2014} {} {blob}\n", signer.name));
    }
    if note.len() > MAX_BYTES {
        return Err(NoteFault::Text("it is longer than 1,000,000 bytes"));
    }
    Ok(note)
}

/// Opens a signed note: at least one of the `known` keys must have signed it, every signature of a known key
/// must hold, and signatures of unknown keys are passed over (C2SP signed-note).
///
/// # Errors
/// [`NoteFault`]; the text must not be used then.
pub fn open(signed: &str, known: &[VerifierKey]) -> Result<Opened, NoteFault> {
    let (text, lines) = parts(signed)?;
    let mut signers: Vec<VerifierKey> = Vec::new();
    let mut unknown = 0;
    for line in lines {
        let mine = |key: &&VerifierKey| key.name == line.name && key.id() == line.id;
        let Some(key) = known.iter().find(mine) else {
            unknown += 1;
            continue;
        };
        let holds = Signature::from_slice(&line.signature)
            .is_ok_and(|signature| key.verifies(text.as_bytes(), &signature));
        if !holds {
            return Err(NoteFault::Altered {
                name: key.name.clone(),
            });
        }
        if !signers.contains(key) {
            signers.push(key.clone());
        }
    }
    if signers.is_empty() {
        return Err(NoteFault::Unsigned { unknown });
    }
    Ok(Opened { text, signers })
}

/// A signature line, not checked yet.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: [u8; 4],
    pub(crate) signature: Vec<u8>,
}

/// The text of a note and its signature lines; no signature is checked yet.
pub(crate) fn parts(signed: &str) -> Result<(String, Vec<Line<'_>>), NoteFault> {
    if signed.len() > MAX_BYTES {
        return Err(NoteFault::Form("it is longer than 1,000,000 bytes"));
    }
    if has_control(signed) {
        return Err(NoteFault::Form(
            "it has a control character other than newline",
        ));
    }
    let (text, lines) = signed
        .rsplit_once("\n\n")
        .and_then(|(text, lines)| Some((format!("{text}\n"), lines.strip_suffix('\n')?)))
        .ok_or(NoteFault::Form(
            "no blank line parts text and signatures, or the last newline is missing",
        ))?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteFault::Form("it has more than 100 signatures"));
    }
    let lines: Option<Vec<Line<'_>>> = lines.split('\n').map(signature_line).collect();
    let lines = lines.ok_or(NoteFault::Form(
        "a line below the blank line is not a signature line",
    ))?;
    Ok((text, lines))
}

fn signature_line(line: &str) -> Option<Line<'_>> {
    let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let blob = from_base64(blob)?;
    let (id, signature) = blob.split_first_chunk::<4>()?;
    (is_name(name) && !signature.is_empty()).then(|| Line {
        name,
        id: *id,
        signature: signature.to_vec(),
    })
}
