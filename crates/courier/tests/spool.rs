//! The spool: what is put in comes out in parts, and no file of it can be found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use courier::DirectorySpool;
use exchange::ports::{Spool, Spooled};

const PART: usize = 1 << 20;

async fn read(blob: &Spooled) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for n in 0.. {
        match blob.0.part(n).await.unwrap() {
            Some(part) => parts.push(part),
            None => break,
        }
    }
    parts
}

#[tokio::test]
async fn a_blob_comes_in_parts_as_often_as_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let spool = DirectorySpool::new(folder.path());
    for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 5] {
        let bytes: Vec<u8> = (0..length)
            .map(|n| u8::try_from(n % 251).unwrap())
            .collect();
        let mut filling = spool.begin().await.unwrap();
        for piece in bytes.chunks(300_000) {
            filling.push(piece).await.unwrap();
        }
        let blob = filling.done().await.unwrap();
        let parts = read(&blob).await;
        assert!(parts.iter().rev().skip(1).all(|part| part.len() == PART));
        assert!(parts.concat() == bytes, "{length}");
        assert!(read(&blob).await == parts, "again");
    }
}

// A process that stops leaves nothing behind: there is no name to find a blob by, also while it is written.
#[tokio::test]
async fn a_blob_has_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut filling = DirectorySpool::new(folder.path()).begin().await.unwrap();
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    filling.push(&[7; 2 * PART]).await.unwrap();
    assert_eq!(names(), 0);
    let blob = filling.done().await.unwrap();
    assert_eq!((names(), read(&blob).await.len()), (0, 2));
}

#[tokio::test]
async fn a_spool_that_cannot_work_says_so() {
    let gone = DirectorySpool::new("/nowhere/at/all");
    let fault = gone.begin().await.err().unwrap().to_string();
    assert!(fault.contains("spool"), "{fault}");
}
