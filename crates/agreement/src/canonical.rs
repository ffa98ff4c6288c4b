//! What is signed: the RFC 8785 form of the checked agreement, with the version of this schema and the digest
//! of the law catalogue it was checked against. Layout, comments, quoting and the order of keys are not in it;
//! nor are contacts, which stand in the annex with its own hash. Permits are derived, never signed.
//!
//! The form is described, with a test vector, in `docs/formats/agreement.md`.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ids::AgreementHash;
use crate::law::Law;
use crate::model::Agreement;

/// The schema's name; a change of meaning gets a new one.
pub const SCHEMA: &str = "concordat-agreement/1";
/// The annex's schema.
pub const ANNEX_SCHEMA: &str = "concordat-annex/1";

#[derive(Serialize)]
struct Signed<'a> {
    schema: &'static str,
    law: String,
    agreement: &'a Agreement,
}

#[derive(Serialize)]
struct Annex<'a, C> {
    schema: &'static str,
    contacts: &'a C,
}

/// The canonical text and its hash, and the hash of the annex.
pub(crate) fn canonical(
    a: &Agreement,
    law: &Law,
) -> Option<(String, AgreementHash, AgreementHash)> {
    let signed = Signed {
        schema: SCHEMA,
        law: hex::encode(law.digest()),
        agreement: a,
    };
    let text = serde_json_canonicalizer::to_string(&signed).ok()?;
    let annex = Annex {
        schema: ANNEX_SCHEMA,
        contacts: &a.contacts,
    };
    let annex = serde_json_canonicalizer::to_string(&annex).ok()?;
    let (hash, annex_hash) = (digest(&text), digest(&annex));
    Some((text, hash, annex_hash))
}

fn digest(text: &str) -> AgreementHash {
    AgreementHash(Sha256::digest(text.as_bytes()).into())
}
