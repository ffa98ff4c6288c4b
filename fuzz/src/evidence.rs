//! What an auditor, a witness or a party is handed that somebody signed.

use exchange::ids::AgreementId;
use exchange::pact::Signature;
use ledger::tiles::CHECKPOINT;
use ledger::verify::ReadFault;
use ledger::{Checkpoint, Digest, LogFiles, NoteSigner, Request, VerifierKey, verify_log};

/// The key of docs/formats/ledger.md, whose seed is published.
fn signer() -> Option<NoteSigner> {
    NoteSigner::new("ho.example/ledger", &[7; 32]).ok()
}

/// What an auditor is handed of a ledger: an entry, a signed checkpoint, a proof.
pub fn ledger(bytes: &[u8]) {
    let _ = ledger::Entry::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Checkpoint::parse(text);
        let _ = ledger::note::open(text, &[]);
        let _ = VerifierKey::parse(text);
        let key = signer().map(|s| s.verifier());
        if let (Ok(proof), Some(key)) = (serde_json::from_str::<ledger::Proof>(text), key) {
            let _ = proof.check(&key);
        }
    }
}

/// What a witness is asked to co-sign, and the co-signed checkpoint that comes back.
pub fn witness(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = ledger::CosignerKey::parse(text);
    let Some(key) = signer().map(|s| s.verifier()) else {
        return;
    };
    let _ = ledger::witness::open(text, &key, &ledger::CosignerKey::of(&key));
    if let Ok(request) = text.parse::<Request>() {
        let known = Checkpoint {
            origin: "ho.example/ledger".into(),
            size: request.old,
            root: Digest::of(b"known"),
        };
        for known in [None, Some(&known)] {
            // No seed grew from a root that is made up here.
            assert!(
                ledger::witness::consistent(known, &request, &key).is_err() || request.old == 0
            );
        }
    }
}

/// The files of a log under a checkpoint that its key signed, whatever stands in them.
struct Files<'a> {
    checkpoint: String,
    /// Every bundle, and every tile.
    file: &'a [u8],
}

impl LogFiles for Files<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadFault> {
        Ok(Some(match path {
            CHECKPOINT => self.checkpoint.clone().into_bytes(),
            _ => self.file.to_vec(),
        }))
    }
}

/// A log's bundles and tiles: the first line says how many entries the checkpoint claims, and every file is the rest.
pub fn log(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
        return;
    };
    let (size, file) = bytes.split_at(end);
    let size = std::str::from_utf8(size)
        .ok()
        .and_then(|text| text.parse().ok());
    let (Some(size), Some(signer)) = (size, signer()) else {
        return;
    };
    let claimed = |size| Checkpoint {
        origin: "ho.example/ledger".into(),
        size,
        root: Digest::of(b"claimed"),
    };
    if let Ok(checkpoint) = claimed(size).sign(&signer) {
        let file = file.get(1..).unwrap_or_default();
        let files = Files { checkpoint, file };
        for trusted in [None, Some(&claimed(size / 2))] {
            assert!(verify_log(&files, &signer.verifier(), trusted).is_err());
        }
    }
}

/// The text by which somebody signed an agreement.
pub fn signature(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let hash = "46a81739c6ee7c1d5ed084e7de843a7ed79435cd445513e4dd5c4e5ac395fb4b".parse();
    if let (Ok(agreement), Ok(hash)) = (AgreementId::parse("no-contact"), hash)
        && let Ok(read) = Signature::read(text, &agreement, hash)
    {
        assert_eq!(read.text(&agreement, hash), text);
    }
}
