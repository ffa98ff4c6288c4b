//! What other parties' servers, programs and people hand over beside their files.

use std::sync::{Arc, LazyLock};

use courier::{AgeSealer, Keys};
use exchange::ids::PartyId;
use exchange::message::{Head, Manifest};
use exchange::ports::{PartyCard, Sealer as _};
use exchange::solution::Report;
use zeroize::Zeroizing;

/// The manifest of a receipt.
const MANIFEST: &str = r#"{"agreement":"no-contact","answers":null,"flow":"ask","from":"ho","hash":"46a81739c6ee7c1d5ed084e7de843a7ed79435cd445513e4dd5c4e5ac395fb4b","id":"ho.ask-2026-02.ask.data.1","kind":"receipt","run":"ask-2026-02","sealed_at":"2026-02-03T09:00:00Z","to":"dwp","v":1}"#;

/// What a WebDAV server says lies in a folder.
pub fn listing(bytes: &[u8]) {
    if let Ok(names) = courier::remote::listing::names(bytes) {
        assert!(names.iter().all(|name| !name.contains('/')));
    }
}

/// What an opened package begins with: a line for its manifest, and a line for its letter's head.
pub fn letter(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    if let (Some(inner), Some(head)) = (lines.next(), lines.next())
        && let Ok(manifest) = serde_json::from_slice::<Manifest>(inner)
    {
        let _ = courier::package::head(&manifest, inner, head);
    }
}

/// What the confined reader says to the process that started it.
pub fn reader(bytes: &[u8]) {
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let _ = courier::reader::heard(line);
    }
}

/// The card of another party's public keys: what it signs is looked at, and what is for it is sealed.
pub fn card(bytes: &[u8]) {
    static OURS: LazyLock<Option<(AgeSealer, Manifest)>> = LazyLock::new(|| {
        let party = PartyId::parse("ho").ok()?;
        let keys = Keys::generate(party, Zeroizing::new([1; 32])).ok()?;
        Some((
            AgeSealer::new(Arc::new(keys)),
            serde_json::from_str(MANIFEST).ok()?,
        ))
    });
    if let (Ok(card), Some((sealer, manifest))) =
        (serde_json::from_slice::<PartyCard>(bytes), &*OURS)
    {
        let _ = ledger::VerifierKey::parse(&card.verifier);
        let manifest = Manifest {
            to: card.party.clone(),
            ..manifest.clone()
        };
        let _ = sealer.begin(&manifest, &Head::Receipt { rows: 1 }, &card);
    }
}

/// The report of how a matching solution was tested.
pub fn report(bytes: &[u8]) {
    let _ = Report::read(bytes);
}
