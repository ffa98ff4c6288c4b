//! The vault: what it seals opens only in its place and while its key lives; a dead key stays dead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::world::{at, commit, hold, op, opened};
use exchange::ids::{HoldingId, OperationId};
use exchange::ports::{Entropy, Sealed, Vault, VaultFault};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use store::FileVault;
use tempfile::TempDir;

const NODE_KEY: [u8; 32] = [9; 32];
const CANARY: &[u8] = b"CANARY Zebedee Canary QQ123456C";

/// Repeats itself for one operation and label, as under simulation.
struct Repeating;

impl Entropy for Repeating {
    fn fill(&self, op: &OperationId, label: &str, out: &mut [u8]) {
        let seed = Sha256::digest(format!("{op} {label}"));
        for (byte, drawn) in out.iter_mut().zip(seed) {
            *byte = drawn;
        }
    }
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn vault(&self) -> FileVault {
        FileVault::open(self.keys(), NODE_KEY, Arc::new(Repeating)).unwrap()
    }

    /// A file of a holding's key.
    fn file(&self, holding: &str, kind: &str) -> PathBuf {
        self.keys()
            .join(format!("{}.{kind}", hex::encode(Sha256::digest(holding))))
    }
}

async fn with_key(home: &Home, holding: &str) -> FileVault {
    let vault = home.vault();
    vault.create(&hold(holding), &op("open")).await.unwrap();
    vault
}

async fn seal(vault: &FileVault, holding: &str, item: &str) -> Sealed {
    vault
        .seal(&hold(holding), &op("seal"), item, CANARY)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_sealed_opens_in_its_place_also_after_a_restart() {
    let home = Home::new();
    let sealed = seal(&with_key(&home, "a").await, "a", "row/1").await;
    let plain = home
        .vault()
        .open(&hold("a"), "row/1", &sealed)
        .await
        .unwrap();
    assert_eq!(plain.as_slice(), CANARY);
}

#[tokio::test]
async fn an_altered_or_moved_item_is_refused() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    vault.create(&hold("b"), &op("open")).await.unwrap();
    let sealed = seal(&vault, "a", "row/1").await;

    let altered = Err(VaultFault::Altered(hold("a")));
    assert_eq!(vault.open(&hold("a"), "row/2", &sealed).await, altered);
    assert_eq!(
        vault.open(&hold("b"), "row/1", &sealed).await,
        Err(VaultFault::Altered(hold("b")))
    );
    for n in 0..sealed.0.len() {
        let mut bytes = sealed.0.clone();
        bytes[n] ^= 1;
        assert_eq!(
            vault.open(&hold("a"), "row/1", &Sealed(bytes)).await,
            altered,
            "byte {n}"
        );
        let short = Sealed(sealed.0[..n].to_vec());
        assert_eq!(
            vault.open(&hold("a"), "row/1", &short).await,
            altered,
            "cut at {n}"
        );
    }
}

#[tokio::test]
async fn one_operation_never_uses_a_nonce_for_two_items_of_a_holding() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    let nonce = |sealed: Sealed| sealed.0[1..25].to_vec();
    let one = nonce(seal(&vault, "a", "row/1").await);
    assert_ne!(one, nonce(seal(&vault, "a", "row/2").await));
}

#[tokio::test]
async fn a_key_is_made_once_however_many_make_it() {
    let home = Home::new();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let vault = home.vault();
        tasks.spawn(async move {
            vault
                .create(&hold("a"), &op(format!("open-{n}")))
                .await
                .unwrap();
            *vault.derive(&hold("a"), "salts").await.unwrap()
        });
    }
    let keys = tasks.join_all().await;
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test]
async fn a_destroyed_key_stays_destroyed() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    let sealed = seal(&vault, "a", "row/1").await;
    vault.destroy(&[hold("a")]).await.unwrap();
    vault.destroy(&[hold("a")]).await.unwrap();
    dead(&home, "a", &sealed).await;
}

/// Nothing of the holding works any more, whoever asks.
async fn dead(home: &Home, holding: &str, sealed: &Sealed) {
    let (vault, id) = (home.vault(), hold(holding));
    let gone = VaultFault::Destroyed(id.clone());
    assert_eq!(vault.create(&id, &op("open")).await, Err(gone.clone()));
    assert_eq!(
        vault.seal(&id, &op("seal"), "row/1", b"x").await,
        Err(gone.clone())
    );
    assert_eq!(vault.open(&id, "row/1", sealed).await, Err(gone.clone()));
    assert_eq!(vault.derive(&id, "salts").await, Err(gone));
    assert!(!home.file(holding, "key").exists());
}

#[tokio::test]
async fn a_key_destroyed_before_it_was_made_is_never_made() {
    let home = Home::new();
    home.vault().destroy(&[hold("a")]).await.unwrap();
    dead(&home, "a", &Sealed(Vec::new())).await;
}

#[tokio::test]
async fn several_keys_are_made_and_destroyed_together() {
    let home = Home::new();
    let vault = home.vault();
    let all: Vec<HoldingId> = (0..70).map(|n| hold(format!("h{n}"))).collect();
    vault.create_many(&all, &op("open")).await.unwrap();
    let sealed = seal(&vault, "h69", "row/1").await;
    // Those that stand stay as they are, also named twice.
    let again = [hold("h69"), hold("h70"), hold("h70")];
    vault.create_many(&again, &op("again")).await.unwrap();
    assert!(vault.open(&hold("h69"), "row/1", &sealed).await.is_ok());
    vault.destroy(&all).await.unwrap();
    vault.destroy(&[hold("h0"), hold("h0")]).await.unwrap();
    dead(&home, "h69", &sealed).await;
    assert!(vault.derive(&hold("h70"), "salts").await.is_ok());
    // One that is dead stops the others.
    let gone = Err(VaultFault::Destroyed(hold("h1")));
    let more = [hold("h71"), hold("h1")];
    assert_eq!(vault.create_many(&more, &op("more")).await, gone);
    assert!(!home.file("h71", "key").exists());
}

#[tokio::test]
async fn a_key_that_never_was_is_missing() {
    let home = Home::new();
    let missing = Err(VaultFault::Missing(hold("a")));
    assert_eq!(
        home.vault()
            .seal(&hold("a"), &op("seal"), "row/1", b"x")
            .await,
        missing
    );
}

#[tokio::test]
async fn a_stop_while_a_key_is_written_is_harmless() {
    let home = Home::new();
    let vault = home.vault();
    fs::write(home.file("a", "new"), b"half a k").unwrap();
    assert!(matches!(
        vault.derive(&hold("a"), "salts").await,
        Err(VaultFault::Missing(_))
    ));
    vault.create(&hold("a"), &op("open")).await.unwrap();
    let sealed = seal(&vault, "a", "row/1").await;
    assert!(
        home.vault()
            .open(&hold("a"), "row/1", &sealed)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_stop_while_a_key_is_destroyed_leaves_it_dead_and_is_finished_later() {
    // Stopped after the tombstone, in the middle of the overwriting, and before the removal.
    for overwritten in [0, 30, usize::MAX] {
        let home = Home::new();
        let vault = with_key(&home, "a").await;
        let sealed = seal(&vault, "a", "row/1").await;
        let mut key = fs::read(home.file("a", "key")).unwrap();
        let end = overwritten.min(key.len());
        key[..end].fill(0);
        fs::write(home.file("a", "key"), &key).unwrap();
        fs::write(home.file("a", "new"), &key).unwrap();
        fs::write(home.file("a", "dead"), b"").unwrap();

        let gone = Err(VaultFault::Destroyed(hold("a")));
        assert_eq!(home.vault().open(&hold("a"), "row/1", &sealed).await, gone);
        home.vault().destroy(&[hold("a")]).await.unwrap();
        dead(&home, "a", &sealed).await;
        assert!(!home.file("a", "new").exists());
    }
}

#[tokio::test]
async fn a_key_that_is_overwritten_is_overwritten_on_the_disk() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    // A second name for the same bytes shows what became of them.
    let witness = home.0.path().join("witness");
    fs::hard_link(home.file("a", "key"), &witness).unwrap();
    let length = fs::read(&witness).unwrap().len();
    vault.destroy(&[hold("a")]).await.unwrap();
    assert_eq!(fs::read(&witness).unwrap(), vec![0; length]);
}

#[tokio::test]
async fn another_node_key_opens_nothing_and_says_so() {
    let home = Home::new();
    let sealed = seal(&with_key(&home, "a").await, "a", "row/1").await;
    let other = FileVault::open(home.keys(), [8; 32], Arc::new(Repeating)).unwrap();
    let fault = other.open(&hold("a"), "row/1", &sealed).await.unwrap_err();
    assert!(matches!(fault, VaultFault::Port(_)), "{fault}");
}

#[tokio::test]
async fn derived_keys_and_keyed_hashes_are_the_documented_ones() {
    // Computed apart, with Python's hmac and hashlib, from the formats in the module's documentation.
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    assert_eq!(
        vault.lookup_key("QQ123456C").await.unwrap(),
        "ea2431828259a28b558fb6fd4ad0c8b052c22148dc2b02781f1a5bad0fcc5dcf"
    );
    assert_eq!(
        hex::encode(vault.derive(&hold("a"), "salts").await.unwrap().as_slice()),
        "222608023e6c3c46480a773b9e3ee0399306240dde7ce7850db2c6cd3ff843a4"
    );
    assert_ne!(
        vault.derive(&hold("a"), "salts").await,
        vault.derive(&hold("a"), "commit").await
    );
}

// shows: SEC-02
#[tokio::test]
async fn no_file_of_the_node_holds_a_clear_value_or_a_clear_key() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    let sealed = seal(&vault, "a", "row/1").await;
    let store = store::SqliteStore::open(home.0.path().join("node.db"))
        .await
        .unwrap();
    let put = commit("put", at(0), |b| {
        b.and(opened("a", None))
            .unwrap()
            .item(&hold("a"), "row/1", sealed)
    });
    exchange::ports::Store::commit(&store, &put).await.unwrap();

    let mut key = [0; 32];
    Repeating.fill(&op("open"), "vault/key/a", &mut key);
    let derived = *vault.derive(&hold("a"), "salts").await.unwrap();
    let mut files = Vec::new();
    walk(home.0.path(), &mut files);
    assert!(files.len() > 2);
    let all = files
        .iter()
        .flat_map(|file| fs::read(file).unwrap())
        .collect::<Vec<u8>>();
    assert!(contains(&all, b"row/1"), "the search itself works");
    for secret in [CANARY, b"Zebedee", b"QQ123456C", &key, &derived, &NODE_KEY] {
        assert!(!contains(&all, secret));
    }
    assert_eq!(format!("{vault:?}"), "FileVault");
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn keys_are_for_their_owner_alone() {
    let home = Home::new();
    let runtime = common::place::runtime();
    runtime.block_on(with_key(&home, "a"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.keys()), 0o700);
    assert_eq!(mode(&home.file("a", "key")), 0o600);
    fs::set_permissions(home.keys(), fs::Permissions::from_mode(0o750)).unwrap();
    let fault = FileVault::open(home.keys(), NODE_KEY, Arc::new(Repeating)).unwrap_err();
    assert!(fault.to_string().contains("chmod 700"), "{fault}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let home = Home::new();
        let runtime = common::place::runtime();
        let answer = runtime.block_on(async {
            let vault = with_key(&home, "a").await;
            vault.open(&hold("a"), "row/1", &Sealed(bytes)).await
        });
        prop_assert_eq!(answer, Err(VaultFault::Altered(hold("a"))));
    }
}

const NEW_KEY: [u8; 32] = [7; 32];

fn open_with(home: &Home, node_key: [u8; 32]) -> Result<FileVault, exchange::ports::PortFault> {
    FileVault::open(home.keys(), node_key, Arc::new(Repeating))
}

fn try_reseal(
    home: &Home,
    holdings: &[&str],
    orphans: usize,
) -> Result<u64, exchange::ports::PortFault> {
    let holdings: Vec<HoldingId> = holdings.iter().map(|h| hold(*h)).collect();
    let entropy: Arc<dyn Entropy> = Arc::new(Repeating);
    let (keys, all) = ((&NODE_KEY, &NEW_KEY), (holdings.as_slice(), orphans));
    store::reseal(&home.keys(), keys, all, &op("rekey"), &entropy)
}

fn resealed(home: &Home, holdings: &[&str]) {
    try_reseal(home, holdings, 0).unwrap();
}

#[tokio::test]
async fn another_node_key_opens_what_was_sealed_and_finds_who_was_found() {
    let home = Home::new();
    let vault = with_key(&home, "a").await;
    vault.create(&hold("b"), &op("b")).await.unwrap();
    vault.create(&hold("broken-off"), &op("c")).await.unwrap();
    let sealed = seal(&vault, "a", "row/1").await;
    let found = vault.lookup_key("QQ123456C").await.unwrap();
    drop(vault);
    let all = ["a", "b", "never-there"];
    let told = try_reseal(&home, &all, 0).unwrap_err().to_string();
    assert!(told.contains("--orphans 1"), "{told}");
    assert!(try_reseal(&home, &all, 2).is_err());
    let whole = open_with(&home, NODE_KEY).unwrap();
    assert!(whole.open(&hold("a"), "row/1", &sealed).await.is_ok());
    drop(whole);
    assert_eq!(try_reseal(&home, &all, 1), Ok(2));
    let vault = open_with(&home, NEW_KEY).unwrap();
    let opened = vault.open(&hold("a"), "row/1", &sealed).await.unwrap();
    assert_eq!(opened.as_slice(), CANARY);
    assert_eq!(vault.lookup_key("QQ123456C").await.unwrap(), found);
    assert!(!home.keys().join("next").exists());
    drop(vault);
    // The old one opens nothing any more, and a second replacement keeps the key of look-ups.
    assert!(open_with(&home, NODE_KEY).is_err());
    let entropy: Arc<dyn Entropy> = Arc::new(Repeating);
    let third = [5; 32];
    let all = [hold("a"), hold("b")];
    let keys = (&NEW_KEY, &third);
    store::reseal(&home.keys(), keys, (&all, 0), &op("again"), &entropy).unwrap();
    let vault = open_with(&home, third).unwrap();
    assert!(vault.open(&hold("a"), "row/1", &sealed).await.is_ok());
    assert_eq!(vault.lookup_key("QQ123456C").await.unwrap(), found);
    assert_ne!(
        store::print_of(&third).unwrap(),
        store::print_of(&NEW_KEY).unwrap()
    );
}

#[tokio::test]
async fn a_replacement_that_was_broken_off_is_finished_or_taken_back_and_never_half_done() {
    let holdings = ["a", "b", "c"];
    let files = || {
        ["lookup".to_owned()]
            .into_iter()
            .chain(holdings.map(|h| format!("{}.key", hex::encode(Sha256::digest(h)))))
    };
    // Before the new key is in force the old one takes it back, from whatever was written of it.
    for taken in 0..=4 {
        let home = Home::new();
        let sealed = sealed_in(&home, &holdings).await;
        resealed(&home, &holdings);
        let next = home.keys().join("next");
        if taken > 0 {
            fs::remove_file(next.join("after")).unwrap();
        }
        for file in files().take(taken) {
            fs::remove_file(next.join(file)).unwrap();
        }
        opens(&open_with(&home, NODE_KEY).unwrap(), &sealed).await;
        assert!(!next.exists(), "{taken}");
        assert!(
            open_with(&home, NEW_KEY)
                .unwrap()
                .open(&hold("a"), "row/1", &sealed[0].1)
                .await
                .is_err()
        );
    }
    // After it the new key goes on from wherever it stood, and the old one takes nothing back.
    for moved in 0..=4 {
        let home = Home::new();
        let sealed = sealed_in(&home, &holdings).await;
        resealed(&home, &holdings);
        let next = home.keys().join("next");
        fs::remove_file(next.join("before")).unwrap();
        for file in files().take(moved) {
            fs::rename(next.join(&file), home.keys().join(&file)).unwrap();
        }
        for wrong in [NODE_KEY, [1; 32]] {
            let told = open_with(&home, wrong).unwrap_err().to_string();
            assert!(told.contains("give the right one"), "{told}");
        }
        opens(&open_with(&home, NEW_KEY).unwrap(), &sealed).await;
        assert!(!next.exists(), "{moved}");
    }
    // A key that is neither, while nobody has decided: nothing is lost.
    let home = Home::new();
    let sealed = sealed_in(&home, &holdings).await;
    resealed(&home, &holdings);
    assert!(open_with(&home, [1; 32]).is_err());
    opens(&open_with(&home, NEW_KEY).unwrap(), &sealed).await;
}

async fn sealed_in(home: &Home, holdings: &[&str]) -> Vec<(String, Sealed)> {
    let vault = home.vault();
    let mut all = Vec::new();
    for holding in holdings {
        vault.create(&hold(*holding), &op("open")).await.unwrap();
        all.push(((*holding).to_owned(), seal(&vault, holding, "row/1").await));
    }
    all
}

async fn opens(vault: &FileVault, sealed: &[(String, Sealed)]) {
    for (holding, sealed) in sealed {
        let plain = vault.open(&hold(holding), "row/1", sealed).await.unwrap();
        assert_eq!(plain.as_slice(), CANARY);
    }
}
