//! Packages: what was sealed is what is opened, and anything else gives nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use async_trait::async_trait;
use courier::{AgeSealer, Keys, KeysFault};
use exchange::ids::PartyId;
use exchange::message::{Head, Kind, Letter, Manifest};
use exchange::ports::{Blob, PackageFault, PartyCard, PortFault, Sealer, Signer, Spooled};
use exchange::table::{FileFault, Format};
use ledger::Digest;
use ledger::note::{self, NoteSigner};
use zeroize::Zeroizing;

struct Party {
    keys: Arc<Keys>,
    sealer: AgeSealer,
    seed: [u8; 32],
}

fn party(name: &str, n: u8) -> Party {
    let keys = Keys::generate(PartyId::parse(name).unwrap(), Zeroizing::new([n; 32])).unwrap();
    let keys = Arc::new(keys);
    Party {
        sealer: AgeSealer::new(keys.clone()),
        keys,
        seed: [n; 32],
    }
}

fn on_a_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

/// A package whose parts end anywhere.
struct Pieces(Vec<u8>, usize);

#[async_trait]
impl Blob for Pieces {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        let part = self.0.chunks(self.1).nth(usize::try_from(n).unwrap());
        Ok(part.map(<[u8]>::to_vec))
    }
}

fn inspect(party: &Party, bytes: &[u8], cards: &[PartyCard]) -> Result<Manifest, PackageFault> {
    let package = Spooled::from(bytes.to_vec());
    on_a_thread(party.sealer.inspect(&package, cards)).unwrap()
}

/// The letter of a package, opened to its end.
fn open(
    party: &Party,
    bytes: &[u8],
    cards: &[PartyCard],
) -> Result<(Manifest, Letter), PackageFault> {
    open_from(party, Spooled::from(bytes.to_vec()), cards)
}

fn open_from(
    party: &Party,
    package: Spooled,
    cards: &[PartyCard],
) -> Result<(Manifest, Letter), PackageFault> {
    on_a_thread(async {
        let mut opened = party.sealer.open(&package, cards).await.unwrap()?;
        let mut file = Vec::new();
        while let Some(part) = opened.file.next().await.unwrap() {
            file.extend(part);
        }
        let head = opened.head;
        Ok((opened.manifest, Letter { head, file }))
    })
}

fn manifest(kind: Kind, from: &str, to: &str) -> Manifest {
    Manifest {
        v: 1,
        id: "ho.ask-2026-02.ask.data.1".to_owned().try_into().unwrap(),
        kind,
        from: PartyId::parse(from).unwrap(),
        to: PartyId::parse(to).unwrap(),
        agreement: "no-contact".to_owned().try_into().unwrap(),
        hash: Digest::of(b"agreement"),
        run: "ask-2026-02".to_owned().try_into().unwrap(),
        flow: "ask".to_owned().try_into().unwrap(),
        answers: None,
        sealed_at: "2026-02-03T09:00:00Z".parse().unwrap(),
    }
}

fn data() -> Letter {
    let head = Head::File {
        name: "ask.csv".into(),
        format: Format::Csv,
        rows: 1,
        disclosure: Digest::of(b"root"),
        nil: None,
        as_of: jiff::civil::date(2026, 2, 2),
        quality: None,
        project: None,
        reply_by: None,
    };
    Letter {
        head,
        file: b"ref\r\n\0Canary\r\n".to_vec(),
    }
}

fn letters() -> Vec<(Kind, Letter)> {
    let fault = FileFault {
        rule: "RUN-09".into(),
        row: Some(2),
        column: None,
        what: "a row".into(),
    };
    let at = "2026-03-01T00:00:00Z".parse().unwrap();
    let gone = Head::Destruction {
        file: 1,
        backups_until: Some(jiff::civil::date(2026, 4, 8)),
        what: "cases".into(),
        rows: 3,
        at,
        authority: "keep".into(),
    };
    vec![
        (Kind::Data, data()),
        (Kind::Return, data()),
        (
            Kind::Receipt,
            Letter {
                head: Head::Receipt { rows: 3 },
                file: vec![],
            },
        ),
        (
            Kind::Rejection,
            Letter {
                head: Head::Rejection { fault },
                file: vec![],
            },
        ),
        (
            Kind::Destruction,
            Letter {
                head: gone,
                file: vec![],
            },
        ),
    ]
}

struct Pair {
    ho: Party,
    dwp: Party,
    cards: Vec<PartyCard>,
}

fn pair() -> Pair {
    let (ho, dwp) = (party("ho", 1), party("dwp", 2));
    let cards = vec![ho.keys.card(), dwp.keys.card()];
    Pair { ho, dwp, cards }
}

impl Pair {
    fn sealed(&self) -> Vec<u8> {
        self.ho
            .sealer
            .seal(&manifest(Kind::Data, "ho", "dwp"), &data(), &self.cards[1])
            .unwrap()
    }

    /// The one check: the package gives this fault and nothing else.
    #[track_caller]
    fn refuses(&self, bytes: &[u8], fault: PackageFault) {
        assert_eq!(open(&self.dwp, bytes, &self.cards), Err(fault));
    }
}

/// The package's parts: the lengths line is left out.
fn parts(bytes: &[u8]) -> (String, Vec<u8>) {
    let text = String::from_utf8_lossy(bytes);
    let lengths = text.lines().nth(1).unwrap();
    let note: usize = lengths.split(' ').next().unwrap().parse().unwrap();
    let begin = "concordat-package/v1\n".len() + lengths.len() + 1;
    (
        String::from_utf8(bytes[begin..begin + note].to_vec()).unwrap(),
        bytes[begin + note..].to_vec(),
    )
}

fn package(note: &str, ciphertext: &[u8]) -> Vec<u8> {
    let head = format!(
        "concordat-package/v1\n{} {}\n{note}",
        note.len(),
        ciphertext.len()
    );
    [head.as_bytes(), ciphertext].concat()
}

#[test]
fn letters_of_every_kind_are_opened_as_they_were_sealed() {
    let pair = pair();
    for (kind, letter) in letters() {
        let manifest = manifest(kind, "ho", "dwp");
        let bytes = pair
            .ho
            .sealer
            .seal(&manifest, &letter, &pair.cards[1])
            .unwrap();
        assert_eq!(inspect(&pair.dwp, &bytes, &pair.cards).unwrap(), manifest);
        assert_eq!(
            open(&pair.dwp, &bytes, &pair.cards).unwrap(),
            (manifest, letter)
        );
        // What lies on a transport shows routing alone.
        assert!(!String::from_utf8_lossy(&bytes).contains("Canary"));
    }
}

// shows: RUN-09
#[test]
fn every_changed_byte_is_refused_and_gives_nothing() {
    let pair = pair();
    let bytes = pair.sealed();
    for at in 0..bytes.len() {
        for mask in [0x01, 0x20, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            assert!(open(&pair.dwp, &flipped, &pair.cards).is_err(), "byte {at}");
            assert!(
                inspect(&pair.dwp, &flipped, &pair.cards).is_err(),
                "byte {at}"
            );
        }
    }
}

#[test]
fn every_truncation_and_every_addition_is_refused() {
    let pair = pair();
    let bytes = pair.sealed();
    for end in 0..bytes.len() {
        assert!(
            open(&pair.dwp, &bytes[..end], &pair.cards).is_err(),
            "cut at {end}"
        );
    }
    let fault = PackageFault::Malformed("its parts are not as long as it says");
    pair.refuses(&[bytes.as_slice(), b"x"].concat(), fault);
}

#[test]
fn a_damaged_ciphertext_that_is_signed_gives_nothing() {
    // The sender's own program went wrong: digest and signature fit, the text does not authenticate.
    let pair = pair();
    let (note, mut ciphertext) = parts(&pair.sealed());
    let signer = NoteSigner::new("ho", &pair.ho.seed).unwrap();
    let sign = |ciphertext: &[u8]| {
        let text = note.rsplit_once("\n\n").unwrap().0;
        let (line, json) = text.split_once('\n').unwrap();
        let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
        value["payload"]["sha256"] = Digest::of(ciphertext).to_string().into();
        value["payload"]["bytes"] = ciphertext.len().into();
        let json = serde_json_canonicalizer::to_string(&value).unwrap();
        package(
            &note::sign(&format!("{line}\n{json}\n"), &[&signer]).unwrap(),
            ciphertext,
        )
    };
    assert!(open(&pair.dwp, &sign(&ciphertext), &pair.cards).is_ok());
    let last = ciphertext.len() - 1;
    pair.refuses(&sign(&ciphertext[..last]), PackageFault::Unopened);
    ciphertext[last] ^= 1;
    pair.refuses(&sign(&ciphertext), PackageFault::Unopened);
    pair.refuses(&sign(b""), PackageFault::Unopened);
}

#[test]
fn a_wrong_key_is_told_like_corruption() {
    let pair = pair();
    let bytes = pair.sealed();
    let fault = open(&pair.ho, &bytes, &pair.cards).unwrap_err();
    assert_eq!(fault, PackageFault::Unopened);
}

#[test]
fn only_the_party_in_from_may_have_signed_and_alone() {
    let pair = pair();
    let (note, ciphertext) = parts(&pair.sealed());
    let text = format!("{}\n", note.rsplit_once("\n\n").unwrap().0);
    let (ho, dwp, other) = (
        NoteSigner::new("ho", &pair.ho.seed).unwrap(),
        NoteSigner::new("dwp", &pair.dwp.seed).unwrap(),
        NoteSigner::new("other", &[9; 32]).unwrap(),
    );
    let forged = NoteSigner::new("ho", &[9; 32]).unwrap();
    for signers in [
        vec![&dwp],
        vec![&other],
        vec![&forged],
        vec![&ho, &dwp],
        vec![&ho, &other],
        vec![&ho, &ho],
    ] {
        let signed = package(&note::sign(&text, &signers).unwrap(), &ciphertext);
        pair.refuses(&signed, PackageFault::Unsigned);
    }
    // A card whose key has another party's name speaks for nobody.
    let mut cards = pair.cards.clone();
    cards[0].verifier = other.verifier().to_string();
    assert_eq!(
        open(&pair.dwp, &pair.sealed(), &cards),
        Err(PackageFault::Unsigned)
    );
    assert_eq!(
        open(&pair.dwp, &pair.sealed(), &[]),
        Err(PackageFault::Unsigned)
    );
}

#[test]
fn a_swapped_manifest_or_ciphertext_is_refused() {
    let pair = pair();
    let other = Letter {
        head: Head::Receipt { rows: 9 },
        file: vec![],
    };
    let receipt = pair
        .ho
        .sealer
        .seal(
            &manifest(Kind::Receipt, "ho", "dwp"),
            &other,
            &pair.cards[1],
        )
        .unwrap();
    let ((note, _), (_, ciphertext)) = (parts(&pair.sealed()), parts(&receipt));
    pair.refuses(&package(&note, &ciphertext), PackageFault::Altered);
}

#[test]
fn a_party_cannot_pass_off_anothers_ciphertext_as_its_own() {
    let mut pair = pair();
    let thief = party("hmrc", 3);
    pair.cards.push(thief.keys.card());
    let (_, ciphertext) = parts(&pair.sealed());
    let mut value = serde_json::to_value(manifest(Kind::Data, "hmrc", "dwp")).unwrap();
    value["payload"] =
        serde_json::json!({ "bytes": ciphertext.len(), "sha256": Digest::of(&ciphertext) });
    let text = format!(
        "concordat-package/v1\n{}\n",
        serde_json_canonicalizer::to_string(&value).unwrap()
    );
    let note = thief.keys.sign_note(&text).unwrap();
    pair.refuses(&package(&note, &ciphertext), PackageFault::Altered);
}

#[test]
fn one_spelling_of_a_manifest_is_accepted() {
    let pair = pair();
    let (note, ciphertext) = parts(&pair.sealed());
    let text = note.rsplit_once("\n\n").unwrap().0.to_owned();
    for (from, to) in [
        ("{\"agreement\"", "{ \"agreement\""),
        ("\"v\":1", "\"v\":2"),
        ("\"v\":1", "\"v\":1,\"x\":1"),
        ("concordat-package/v1", "concordat-package/v2"),
    ] {
        let text = text.replacen(from, to, 1);
        let bytes = package(
            &pair.ho.keys.sign_note(&format!("{text}\n")).unwrap(),
            &ciphertext,
        );
        pair.refuses(
            &bytes,
            PackageFault::Malformed("its manifest is not one of version 1"),
        );
    }
}

#[test]
fn what_may_not_be_sealed_is_not() {
    let pair = pair();
    let seal = |manifest: Manifest, letter: Letter, to: &PartyCard| {
        pair.ho.sealer.seal(&manifest, &letter, to)
    };
    let full = Letter {
        head: Head::Receipt { rows: 1 },
        file: b"x".to_vec(),
    };
    let bad = PartyCard {
        sealing: "age1nothing".into(),
        ..pair.cards[1].clone()
    };
    let old = Manifest {
        v: 2,
        ..manifest(Kind::Data, "ho", "dwp")
    };
    for (manifest, letter, to) in [
        (manifest(Kind::Data, "dwp", "dwp"), data(), &pair.cards[1]),
        (manifest(Kind::Data, "ho", "dwp"), data(), &pair.cards[0]),
        (manifest(Kind::Receipt, "ho", "dwp"), data(), &pair.cards[1]),
        (manifest(Kind::Receipt, "ho", "dwp"), full, &pair.cards[1]),
        (manifest(Kind::Data, "ho", "dwp"), data(), &bad),
        (old, data(), &pair.cards[1]),
    ] {
        let text = seal(manifest, letter, to).unwrap_err().to_string();
        assert!(
            text.contains("not sealed") && !text.contains("Canary"),
            "{text}"
        );
    }
}

#[test]
fn key_files_are_their_owners_alone_and_keys_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("keys");
    let keys = party("ho", 1).keys;
    keys.save(&home).unwrap();
    let loaded = Keys::load(keys.party().clone(), &home).unwrap();
    assert_eq!(loaded.card(), keys.card());
    assert_eq!(loaded.sign_note("x\n"), keys.sign_note("x\n"));
    assert!(matches!(keys.save(&home), Err(KeysFault::Exists(_))));
    assert!(matches!(
        Keys::load(keys.party().clone(), folder.path()),
        Err(KeysFault::Missing(_))
    ));

    let secret = std::fs::read_to_string(home.join("sealing.key")).unwrap();
    let shown = format!("{keys:?} {:?}", AgeSealer::new(keys.clone()));
    assert!(
        !shown.contains(secret.trim()) && !shown.contains(&"01".repeat(32)),
        "{shown}"
    );
    for name in ["signing.key", "sealing.key"] {
        let path = home.join(name);
        let mode =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        mode(0o640);
        assert!(matches!(
            Keys::load(keys.party().clone(), &home),
            Err(KeysFault::Open(_))
        ));
        mode(0o600);
        let kept = std::fs::read(&path).unwrap();
        std::fs::write(&path, "AGE-SECRET-KEY-1CANARY\n").unwrap();
        let fault = Keys::load(keys.party().clone(), &home).unwrap_err();
        assert!(!fault.to_string().contains("CANARY"), "{fault}");
        std::fs::write(&path, kept).unwrap();
    }
}

// A file of several of age's blocks, cut anywhere, gives the same letter as the file at once.
#[test]
fn a_file_that_comes_in_pieces_is_sealed_as_one() {
    let pair = pair();
    let file: Vec<u8> = (0u32..50_000).flat_map(u32::to_le_bytes).collect();
    for piece in [1, 7, 65_536, 65_537, 200_000] {
        let (manifest, head) = (manifest(Kind::Data, "ho", "dwp"), data().head);
        let sealing = pair.ho.sealer.begin(&manifest, &head, &pair.cards[1]);
        let (mut sealing, mut sealed) = (sealing.unwrap(), Vec::new());
        for (n, piece) in file.chunks(piece).enumerate().take(200) {
            sealing.push(piece, &mut sealed).unwrap();
            assert!(
                n * piece.len() < 200_000 || !sealed.is_empty(),
                "it is given out on the way"
            );
        }
        let pushed: Vec<u8> = file.chunks(piece).take(200).flatten().copied().collect();
        let mut package = sealing.finish(&mut sealed).unwrap();
        package.append(&mut sealed);
        let (opened, letter) = open(&pair.dwp, &package, &pair.cards).unwrap();
        assert!(
            opened == manifest && letter.head == head && letter.file == pushed,
            "{piece}"
        );
        for part in [613, 65_536, 1 << 20] {
            let package = Spooled(Arc::new(Pieces(package.clone(), part)));
            let (_, again) = open_from(&pair.dwp, package, &pair.cards).unwrap();
            assert!(again == letter, "{piece}, in parts of {part}");
        }
    }
}

#[test]
fn only_a_file_letter_has_a_file() {
    let pair = pair();
    let (manifest, head) = (
        manifest(Kind::Receipt, "ho", "dwp"),
        Head::Receipt { rows: 3 },
    );
    let mut sealing = pair
        .ho
        .sealer
        .begin(&manifest, &head, &pair.cards[1])
        .unwrap();
    assert!(sealing.push(b"", &mut Vec::new()).is_ok());
    assert!(sealing.push(b"x", &mut Vec::new()).is_err());
}

#[test]
fn a_package_that_cannot_be_had_is_not_the_senders_fault() {
    struct Broken;
    #[async_trait]
    impl Blob for Broken {
        async fn part(&self, _: u32) -> Result<Option<Vec<u8>>, PortFault> {
            Err(PortFault("the disk".into()))
        }
    }
    let pair = pair();
    let package = Spooled(Arc::new(Broken));
    let opened = on_a_thread(pair.dwp.sealer.open(&package, &pair.cards));
    assert_eq!(opened.err(), Some(PortFault("the disk".into())));
}
