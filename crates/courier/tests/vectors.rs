//! The test vector of docs/formats/package.md, read from the page itself, so that the two cannot drift.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courier::{AgeSealer, Keys};
use exchange::ids::PartyId;
use exchange::message::{Letter, Manifest};
use exchange::ports::{PartyCard, Sealer, Signer};
use zeroize::Zeroizing;

const PAGE: &str = include_str!("../../../docs/formats/package.md");

/// The fenced block whose info string is `text vector=<name>`.
fn block(name: &str) -> &'static str {
    let start = format!("```text vector={name}\n");
    let (_, rest) = PAGE.split_once(&start).expect(name);
    rest.split_once("\n```").expect(name).0
}

fn keys(party: &str) -> Keys {
    let mut seed = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(block(&format!("{party}-signing-key")), seed.as_mut_slice()).unwrap();
    Keys::from_parts(
        PartyId::parse(party).unwrap(),
        seed,
        block(&format!("{party}-sealing-key")),
    )
    .unwrap()
}

fn card(party: &str) -> PartyCard {
    serde_json::from_str(block(&format!("{party}-card"))).unwrap()
}

/// Seals the lines and the file of the page anew and writes the page: for whoever changes the format.
fn refresh() {
    let (manifest, head) = block("lines").split_once('\n').unwrap();
    let manifest: Manifest = serde_json::from_str(manifest).unwrap();
    let letter = Letter {
        head: serde_json::from_str(head).unwrap(),
        file: format!("{}\n", block("file"))
            .replace('\n', "\r\n")
            .into_bytes(),
    };
    let sealer = AgeSealer::new(Arc::new(keys("ho")));
    let bytes = sealer.seal(&manifest, &letter, &card("dwp")).unwrap();
    let text = STANDARD.encode(&bytes);
    let lines: Vec<&str> = (0..text.len())
        .step_by(76)
        .map(|at| &text[at..(at + 76).min(text.len())])
        .collect();
    let clear = bytes
        .windows(5)
        .position(|w| w == b"age-e")
        .expect("the ciphertext");
    let before = String::from_utf8(bytes[..clear].to_vec()).unwrap();
    let page = PAGE
        .replace(block("package"), &lines.join("\n"))
        .replace(block("before"), before.trim_end_matches('\n'));
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/package.md"),
        page,
    )
    .unwrap();
}

#[test]
fn the_package_on_the_page_opens_to_the_letter_on_the_page() {
    if std::env::var_os("UPDATE").is_some() {
        return refresh();
    }
    let (ho, dwp) = (keys("ho"), keys("dwp"));
    assert_eq!((ho.card(), dwp.card()), (card("ho"), card("dwp")));
    let bytes = STANDARD.decode(block("package").replace('\n', "")).unwrap();
    let sealer = AgeSealer::new(Arc::new(dwp));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (manifest, letter) = runtime.unwrap().block_on(async {
        let cards = [card("ho"), card("dwp")];
        let opened = sealer.open(&bytes.clone().into(), &cards).await;
        let mut opened = opened.unwrap().unwrap();
        let (head, mut file) = (opened.head, Vec::new());
        while let Some(part) = opened.file.next().await.unwrap() {
            file.extend(part);
        }
        (opened.manifest, Letter { head, file })
    });

    let text = format!(
        "{}\n{}",
        serde_json_canonicalizer::to_string(&manifest).unwrap(),
        serde_json_canonicalizer::to_string(&letter.head).unwrap()
    );
    assert_eq!(text, block("lines"));
    let file = format!("{}\n", block("file")).replace('\n', "\r\n");
    assert_eq!(String::from_utf8(letter.file).unwrap(), file);
    let visible = String::from_utf8_lossy(&bytes);
    assert!(
        visible.starts_with(&format!("{}\n", block("before"))),
        "{visible}"
    );
}

#[test]
fn the_page_says_the_longest_package_that_is_taken() {
    let most = courier::limits::PACKAGE_BYTES >> 20;
    let says = format!("A package is at most {most} MiB");
    assert!(PAGE.contains(&says), "{says}");
}
