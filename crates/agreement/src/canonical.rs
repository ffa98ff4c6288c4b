//! What is signed: the RFC 8785 form of the checked agreement, with the version of this schema, the digest of
//! the law catalogue it was checked against, and the hashes of its umbrellas and registers. Layout, comments,
//! quoting and the order of keys are not in it; nor is what stands in the annex, which has its own hash. Permits
//! are derived, never signed.
//!
//! The form is described, with a test vector, in `docs/formats/agreement.md`.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::grammar::{Entries, Items};
use crate::ids::AgreementHash;
use crate::law::Law;
use crate::library::Library;
use crate::model::{Agreement, Body, Ingredient};

/// The schema's name; a change of meaning gets a new one.
pub const SCHEMA: &str = "concordat-agreement/2";
/// The annex's schema.
pub const ANNEX_SCHEMA: &str = "concordat-annex/2";

#[derive(Serialize)]
struct Signed<'a> {
    schema: &'static str,
    law: String,
    umbrellas: BTreeMap<&'a str, String>,
    registers: BTreeMap<&'a str, String>,
    /// The other agreements out of which something is calculated.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sources: BTreeMap<&'a str, &'a str>,
    agreement: &'a Agreement,
}

#[derive(Serialize)]
struct Annex<'a, C, D, V> {
    schema: &'static str,
    contacts: C,
    control: D,
    versions: V,
    signatures: BTreeMap<&'a str, (Option<&'a str>, Option<jiff::civil::Date>)>,
}

/// The canonical text and its hash, and the hash of the annex.
pub(crate) fn canonical(
    a: &Agreement,
    law: &Law,
    library: &Library,
) -> Option<(String, AgreementHash, AgreementHash)> {
    let umbrellas = a.under.entries().filter_map(|(_, at)| {
        let name = at.value.given()?;
        let hash = library.get(name)?.hash?;
        Some((name.as_str(), hash.to_string()))
    });
    let registers =
        a.parties
            .entries()
            .filter_map(|(id, at)| match &at.value.body.as_ref()?.value {
                Body::Each(each) => {
                    Some((id.as_str(), crate::compile::register(each, law)?.digest))
                }
                Body::One(_) => None,
            });
    let out_of = a
        .derived
        .entries()
        .flat_map(|(_, at)| at.value.out_of.all());
    let sources = out_of.filter_map(|one| match &one.value {
        Ingredient::Elsewhere(other) => {
            let name = &other.agreement.as_ref()?.value;
            Some((name.as_str(), library.get(name)?.digest.as_str()))
        }
        Ingredient::Here(_) => None,
    });
    let signed = Signed {
        schema: SCHEMA,
        law: hex::encode(law.digest()),
        umbrellas: umbrellas.collect(),
        registers: registers.collect(),
        sources: sources.collect(),
        agreement: a,
    };
    let text = serde_json_canonicalizer::to_string(&signed).ok()?;
    let signatures = a.signed.entries().filter_map(|(who, at)| {
        let signer = at.value.given()?;
        let name = signer.name.as_ref().map(|n| n.value.as_str());
        Some((who.as_str(), (name, signer.date.as_ref().map(|d| d.value))))
    });
    let annex = Annex {
        schema: ANNEX_SCHEMA,
        contacts: a.contacts.as_ref(),
        control: a.control.as_ref(),
        versions: a.versions.all(),
        signatures: signatures.collect(),
    };
    let annex = serde_json_canonicalizer::to_string(&annex).ok()?;
    let (hash, annex_hash) = (digest(&text), digest(&annex));
    Some((text, hash, annex_hash))
}

fn digest(text: &str) -> AgreementHash {
    AgreementHash(Sha256::digest(text.as_bytes()).into())
}
