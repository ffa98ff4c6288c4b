//! Folders as transport and shelf: whole or not at all, once, and never outside of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::Path;

use courier::{DirectoryShelf, DirectoryTransport};
use exchange::ids::{PackageId, PartyId};
use exchange::ports::{LedgerShelf, Transport};
use ledger::verify::LogFiles;

fn id(text: &str) -> PackageId {
    PackageId::parse(text).unwrap()
}

fn me() -> PartyId {
    PartyId::parse("dwp").unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_link_is_no_package() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("dwp");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.pkg")).unwrap();
    let transport = DirectoryTransport::new(root.path());
    assert_eq!(transport.waiting(&me()).await.unwrap(), []);
    assert!(PartyId::parse("a/../../b").is_err());
}

#[tokio::test]
async fn a_failed_write_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("dwp"), b"a file, not a folder").unwrap();
    let fault = DirectoryTransport::new(root.path())
        .put(&me(), &id("a"), &mut &b"x"[..])
        .await
        .unwrap_err();
    assert!(fault.to_string().contains("check the folder"), "{fault}");
    assert_eq!(names(root.path()), ["dwp"]);
}

#[tokio::test]
async fn what_a_dead_writer_left_is_swept_and_what_a_live_one_has_is_not() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("dwp");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(".tmp-1-0"), b"half a package").unwrap();
    let live = std::fs::File::create(folder.join(".tmp-2-0")).unwrap();
    live.lock().unwrap();
    let transport = DirectoryTransport::new(root.path());
    let put = async |name: &str| {
        let put = transport.put(&me(), &id(name), &mut &b"x"[..]).await;
        put.unwrap();
    };
    put("a").await;
    assert_eq!(names(&folder), [".tmp-2-0", "a.pkg"]);
    drop(live);
    put("b").await;
    assert_eq!(names(&folder), ["a.pkg", "b.pkg"]);
}

#[tokio::test]
async fn ledger_files_are_replaced_whole_and_read_back() {
    let root = tempfile::tempdir().unwrap();
    let shelf = DirectoryShelf::new(root.path().join("ledger"));
    assert_eq!(shelf.read("checkpoint").unwrap(), None);
    for (path, bytes) in [
        ("checkpoint", "one"),
        ("checkpoint", "two"),
        ("tile/entries/x001/234.p/5", "t"),
    ] {
        let file = (path.to_owned(), bytes.as_bytes().to_vec());
        shelf.write(vec![file]).await.unwrap();
        assert_eq!(shelf.read(path).unwrap().unwrap(), bytes.as_bytes());
    }
    assert_eq!(names(&root.path().join("ledger")), ["checkpoint", "tile"]);
    std::fs::write(root.path().join("secret"), b"x").unwrap();
    for path in [
        "../secret",
        "/etc/passwd",
        "tile/../../secret",
        "",
        "a//b",
        ".tmp-1-1",
        "a\\b",
    ] {
        let file = (path.to_owned(), b"x".to_vec());
        assert!(shelf.write(vec![file]).await.is_err(), "{path}");
        assert_eq!(shelf.read(path).unwrap(), None, "{path}");
    }
}
