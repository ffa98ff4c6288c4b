#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! The test vectors in docs/formats: what the pages say is what the program does.

use ledger::proof::EntryProof;
use ledger::{
    Cell, Checkpoint, Code, CommitKey, Digest, DisclosureKey, Entry, EntryId, Frontier, NoteSigner,
    Opening, Proof, VerifierKey, disclosure, leaf_hash, tiles, tree,
};
use serde_json::Value;

const LEDGER: &str = include_str!("../../../docs/formats/ledger.md");
const DISCLOSURE: &str = include_str!("../../../docs/formats/disclosure.md");

/// The lines of the fenced block `vector=name`, without the last newline.
#[track_caller]
fn block<'a>(page: &'a str, name: &str) -> &'a str {
    let fence = format!(" vector={name}\n");
    let mut found = page.split("```").filter(|part| part.contains(&fence));
    let (_, body) = found.next().expect(name).split_once(&fence).unwrap();
    assert!(found.next().is_none(), "{name} is there twice");
    body.strip_suffix('\n').unwrap()
}

fn json(page: &str, name: &str) -> Value {
    serde_json::from_str(block(page, name)).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn key_bytes(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn digests(page: &str, name: &str) -> Vec<Digest> {
    block(page, name)
        .lines()
        .map(|line| line.parse().unwrap())
        .collect()
}

fn verifier() -> VerifierKey {
    block(LEDGER, "verifier-key").parse().unwrap()
}

#[test]
fn entries_and_their_leaves() {
    let leaves: Vec<Digest> = block(LEDGER, "entries")
        .lines()
        .map(|line| Entry::parse(line.as_bytes()).unwrap().leaf().unwrap())
        .collect();
    assert_eq!(leaves, digests(LEDGER, "leaf-hashes"));
    let refused: Vec<&str> = block(LEDGER, "refused").lines().collect();
    assert_eq!(refused.len(), 10);
    for line in refused {
        assert!(Entry::parse(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_commitment_and_its_opening() {
    let vector = json(LEDGER, "commitment");
    let key = CommitKey::new(key_bytes(text(&vector["key"])));
    let entry = EntryId::parse(text(&vector["entry"])).unwrap();
    let label = Code::parse(text(&vector["label"])).unwrap();
    let value = hex::decode(text(&vector["value"])).unwrap();
    let commitment = text(&vector["commitment"]).parse().unwrap();
    assert_eq!(key.commit(&entry, &label, &value), commitment);
    let opening = serde_json::json!({ "salt": vector["salt"], "value": vector["value"] });
    let opening: Opening = serde_json::from_value(opening).unwrap();
    opening.verify(&commitment).unwrap();
    assert_eq!(opening, key.open(&entry, &label, &value));
    let first = block(LEDGER, "entries").lines().next().unwrap();
    let first = Entry::parse(first.as_bytes()).unwrap();
    assert_eq!((first.id, first.sealed[&label]), (entry, commitment));
}

#[test]
fn the_tree_of_eight() {
    let mut edge = Frontier::new();
    for line in block(LEDGER, "tree").lines() {
        let (leaf, root) = line.split_once(' ').unwrap();
        edge.append(leaf_hash(
            &hex::decode(leaf.trim_start_matches('-')).unwrap(),
        ));
        assert_eq!(edge.root().to_string(), root);
    }
    assert_eq!(edge.size(), 8);
}

#[test]
fn keys_and_checkpoints() {
    let signer = NoteSigner::new("ho.example/ledger", &key_bytes(block(LEDGER, "secret"))).unwrap();
    assert_eq!(signer.verifier(), verifier());
    let leaves = digests(LEDGER, "leaf-hashes");
    for (name, size) in [("older-checkpoint", 2), ("checkpoint", 3)] {
        let root = tree::root(&leaves[..size as usize]);
        let checkpoint = Checkpoint {
            origin: "ho.example/ledger".into(),
            size,
            root,
        };
        let note = format!("{}\n", block(LEDGER, name));
        assert_eq!(checkpoint.sign(&signer).unwrap(), note);
        assert_eq!(Checkpoint::open(&note, &verifier()).unwrap(), checkpoint);
    }
}

// shows: SEC-14
#[test]
fn a_witness_and_what_it_co_signs() {
    use ledger::{CosignerKey, Request, witness};
    let secret = key_bytes(block(LEDGER, "witness-secret"));
    let hmrc = NoteSigner::new("hmrc.example/witness", &secret).unwrap();
    let key = CosignerKey::parse(block(LEDGER, "witness-key")).unwrap();
    assert_eq!(key, CosignerKey::of(&hmrc.verifier()));
    let own = format!("{}\n", block(LEDGER, "checkpoint"));
    let note = format!("{}\n", block(LEDGER, "cosigned-checkpoint"));
    let seen = witness::open(&note, &verifier(), &key).unwrap();
    assert_eq!(
        seen.checkpoint,
        Checkpoint::open(&own, &verifier()).unwrap()
    );
    assert_eq!(seen.at.to_string(), "2026-04-01T00:00:00Z");
    let text = seen.checkpoint.text();
    assert_eq!(own.clone() + &hmrc.cosign(&text, seen.at).unwrap(), note);
    let request: Request = format!("{}\n", block(LEDGER, "witness-request"))
        .parse()
        .unwrap();
    let older = format!("{}\n", block(LEDGER, "older-checkpoint"));
    let known = Checkpoint::open(&older, &verifier()).unwrap();
    let is = witness::consistent(Some(&known), &request, &verifier()).unwrap();
    assert_eq!((is, request.checkpoint), (seen.checkpoint, own));

    // The line, by C2SP tlog-cosignature and a library for signatures alone.
    use base64::Engine as _;
    let (_, blob) = note.trim_end().rsplit_once(' ').unwrap();
    let blob = base64::engine::general_purpose::STANDARD
        .decode(blob)
        .unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key();
    let id = [b"hmrc.example/witness\n\x04", &public.as_bytes()[..]].concat();
    assert_eq!(blob[..4], Digest::of(&id).0[..4]);
    assert_eq!(
        u64::from_be_bytes(blob[4..12].try_into().unwrap()),
        1_775_001_600
    );
    let signature = ed25519_dalek::Signature::from_slice(&blob[12..]).unwrap();
    let message = format!("cosignature/v1\ntime 1775001600\n{text}");
    public
        .verify_strict(message.as_bytes(), &signature)
        .unwrap();
}

#[test]
fn the_published_files() {
    struct Three(Vec<Vec<u8>>);
    impl tiles::LeafSource for Three {
        fn entry(&self, index: u64) -> Option<Vec<u8>> {
            self.0.get(index as usize).cloned()
        }
        fn leaf(&self, index: u64) -> Option<Digest> {
            self.entry(index).map(|entry| leaf_hash(&entry))
        }
    }
    let entries = block(LEDGER, "entries")
        .lines()
        .map(|line| line.as_bytes().to_vec())
        .collect();
    let expect = [
        ("tile/entries/000.p/3", "bundle"),
        ("tile/0/000.p/3", "tile"),
    ]
    .map(|(path, name)| (path.to_owned(), hex::decode(block(LEDGER, name)).unwrap()));
    assert_eq!(tiles::publish(0, 3, &Three(entries)).unwrap(), expect);
}

#[test]
fn the_proofs() {
    for (page, name) in [
        (LEDGER, "proof-entry"),
        (LEDGER, "proof-growth"),
        (DISCLOSURE, "proof-cell"),
        (DISCLOSURE, "proof-row"),
        (DISCLOSURE, "proof-fields"),
        (DISCLOSURE, "proof-disclosure"),
    ] {
        let proof: Proof = serde_json::from_value(json(page, name)).unwrap();
        proof.check(&verifier()).unwrap();
        assert_eq!(serde_json::to_value(&proof).unwrap(), json(page, name));
    }
    let note = format!("{}\n", block(LEDGER, "tlog-proof"));
    let proof = EntryProof::from_tlog_proof(&note).unwrap();
    assert_eq!(proof.to_tlog_proof(), note);
    assert_eq!(
        serde_json::to_value(Proof::Entry(proof)).unwrap(),
        json(LEDGER, "proof-entry")
    );
    assert_eq!(
        block(DISCLOSURE, "verifier-key"),
        block(LEDGER, "verifier-key")
    );
}

#[test]
fn the_disclosure() {
    let vector = json(DISCLOSURE, "rows");
    let rows: Vec<Vec<Cell<'_>>> = vector["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let cell = |cell| {
                let of = |member: &str| text(Value::get(cell, member).unwrap());
                Cell {
                    permit: of("permit"),
                    field: of("field"),
                    value: of("value"),
                }
            };
            row.as_array().unwrap().iter().map(cell).collect()
        })
        .collect();
    let file_key = key_bytes(text(&vector["file_key"]));
    let key = DisclosureKey::new(file_key);
    let left = disclosure::commit(&key, &rows).unwrap();
    assert_eq!([left.root][..], digests(DISCLOSURE, "root"));

    let roots = digests(DISCLOSURE, "row-roots");
    let as_leaves: Vec<Digest> = roots.iter().map(|root| leaf_hash(&root.0)).collect();
    assert_eq!(tree::root(&as_leaves), left.root);
    let cells: Vec<&str> = block(DISCLOSURE, "cells").lines().collect();
    assert_eq!(cells.len() as u64, left.cells);
    for (cells, root) in cells.chunks(3).zip(&roots) {
        let leaves: Vec<Digest> = cells
            .iter()
            .map(|cell| leaf_hash(cell.as_bytes()))
            .collect();
        assert_eq!(tree::root(&leaves), *root);
    }

    // The salts, by RFC 5869 and RFC 2104 alone.
    let mut salt_key = [0; 32];
    let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(None, &file_key);
    hkdf.expand(b"concordat/cell-salt/v1", &mut salt_key)
        .unwrap();
    assert_eq!(hex::encode(salt_key), block(DISCLOSURE, "salt-key"));
    let salts = block(DISCLOSURE, "salts").lines();
    let values = rows.iter().flatten().map(|cell| cell.value);
    for ((line, salt), value) in cells.iter().zip(salts).zip(values) {
        use hmac::{KeyInit, Mac};
        let hmac = |key: &[u8], parts: [&[u8]; 2]| {
            let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
            parts.iter().for_each(|part| mac.update(part));
            hex::encode(mac.finalize().into_bytes())
        };
        let cell: Value = serde_json::from_str(line).unwrap();
        let row = cell["row"].as_u64().unwrap().to_be_bytes();
        assert_eq!(
            hmac(&salt_key, [&row, text(&cell["field"]).as_bytes()]),
            salt
        );
        let commitment = hmac(&key_bytes(salt), [value.as_bytes(), b""]);
        assert_eq!(commitment, text(&cell["commitment"]));
    }
}
