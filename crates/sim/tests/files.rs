//! The case register and the master list as files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::Path;

use jiff::civil::date;
use sim::FileFault;
use sim::master::Master;
use sim::register::{Register, cid_person_id};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};

const REGISTER: Register = Register {
    seed: 7,
    size: 1000,
    as_of: date(2026, 1, 31),
};
const MASTER: Master = Master {
    seed: 7,
    register_size: 1000,
    strangers: 2000,
};

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .connect()
        .await
        .unwrap()
}

async fn number(db: &mut SqliteConnection, question: &'static str) -> i64 {
    sqlx::query_scalar(question).fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn a_register_holds_people_and_facts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.db");
    REGISTER.write(&path).await.unwrap();
    let mut db = open(&path).await;
    let db = &mut db;
    assert_eq!(number(db, "select count(*) from persons").await, 1000);
    assert_eq!(number(db, "select count(*) from pool").await, 1000);
    assert_eq!(number(db, "select count(*) from flags").await, 0);
    assert_eq!(number(db, "select count(*) from activity").await, 0);
    for (question, low, high) in [
        ("select count(*) from pool where in_pool = 'yes'", 550, 650),
        ("select count(*) from pool where in_pool is null", 25, 80),
        ("select count(*) from pool where dead = 'yes'", 5, 40),
        ("select count(*) from pool where dead is null", 15, 70),
        (
            "select count(*) from pool where last_contact is null",
            25,
            80,
        ),
        (
            "select count(*) from pool where last_contact > '2026-01-31'",
            0,
            0,
        ),
        (
            "select count(*) from pool where last_contact < '2021-01-31'",
            0,
            0,
        ),
    ] {
        let found = number(db, question).await;
        assert!((low..=high).contains(&found), "{question}: {found}");
    }
    let row = sqlx::query("select * from pool where cid_person_id = ?")
        .bind(cid_person_id(5))
        .fetch_one(db)
        .await
        .unwrap();
    let facts = REGISTER.facts(5);
    let told = facts.in_pool.map(|yes| if yes { "yes" } else { "no" });
    assert_eq!(row.get::<Option<String>, _>("in_pool").as_deref(), told);
    let told = facts.last_contact.map(|d| d.to_string());
    assert_eq!(row.get::<Option<String>, _>("last_contact"), told);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    REGISTER.write(&at("r1")).await.unwrap();
    REGISTER.write(&at("r2")).await.unwrap();
    MASTER.write(&at("m1")).await.unwrap();
    MASTER.write(&at("m2")).await.unwrap();
    let other = Register {
        seed: 8,
        ..REGISTER
    };
    other.write(&at("r3")).await.unwrap();
    let bytes = |name: &str| std::fs::read(at(name)).unwrap();
    assert!(bytes("r1") == bytes("r2"));
    assert!(bytes("m1") == bytes("m2"));
    assert!(bytes("r1") != bytes("r3"));
    assert!(matches!(
        REGISTER.write(&at("m1")).await,
        Err(FileFault::Exists(_))
    ));
    assert!(bytes("m1") == bytes("m2"));
    let mut names: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["m1", "m2", "r1", "r2", "r3"],
        "nothing is left beside the files"
    );
}

#[tokio::test]
async fn a_master_list_overlaps_in_part_and_tells_not_with_whom() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.db");
    MASTER.write(&path).await.unwrap();
    let known = (0..1000).filter(|n| MASTER.knows(*n)).count();
    assert!((650..750).contains(&known), "{known}");
    assert!(!MASTER.knows(3000));
    let db = &mut open(&path).await;
    let all = number(db, "select count(*) from taxpayers").await;
    assert_eq!(all, i64::try_from(known + 2000).unwrap());
    let held = (0..1000)
        .filter(|n| MASTER.knows(*n))
        .map(|n| (MASTER.person(n), sim::people::person(7, n)));
    let held: Vec<_> = held.collect();
    let share = |test: &dyn Fn(&sim::SyntheticPerson, &sim::SyntheticPerson) -> bool| {
        held.iter().filter(|(a, b)| test(a, b)).count() * 100 / known
    };
    let moved = share(&|a, b| a.address != b.address);
    assert!((36..56).contains(&moved), "moved: {moved} %");
    let spelt = share(&|a, b| a.full_name != b.full_name);
    assert!((4..14).contains(&spelt), "spelt otherwise: {spelt} %");
}
