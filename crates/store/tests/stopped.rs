//! A process that is stopped in the midst of a transaction does not hold up the others for ever, and one whose connections are
//! gone makes others, on PostgreSQL.
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

use std::process::Command;
use std::time::Duration;

use common::place::{Place, runtime};
use common::world::{at, commit, opened, places};
use exchange::change::Commit;
use exchange::ports::{Committed, Sequenced, Store};
use ledger::Entry;
use sqlx::{Connection, PgConnection};

/// Whose process has this in its environment is the one that is stopped, at this database.
const STOPPED: &str = "STOPPED_AT";
/// Longer than any machine takes for what is waited for.
const EVER: Duration = Duration::from_secs(120);

fn made(name: &str) -> Commit {
    commit(name, at(0), |b| b.and(opened(name, None)).unwrap())
}

/// The operations whose entries have places, in the order of the ledger.
async fn placed(store: &dyn Store) -> Vec<String> {
    let leaves = store.leaves(0, 99).await.unwrap();
    let ids = leaves
        .iter()
        .map(|(bytes, _)| Entry::parse(bytes).unwrap().id);
    ids.map(|id| id.to_string()).collect()
}

/// Stops while it holds the ledger's head; what it began did not happen, and begun again it does.
async fn is_stopped(url: &str) {
    let store = store::open(url).await.unwrap();
    let mine = made("mine");
    let stopping = |frontier, waiting| {
        let me = std::process::id().to_string();
        let told = Command::new("sh")
            .args(["-c", "kill -STOP $0", &me])
            .status();
        assert!(told.unwrap().success());
        places(frontier, waiting)
    };
    let amid = store.sequence(&[&mine], 9, &stopping).await;
    assert!(amid.is_err(), "the database ended the transaction");
    assert_eq!(placed(&*store).await, ["theirs/0"]);
    assert_eq!(store.pending(9).await, Ok(vec![]));
    assert_eq!(store.load("holding", "mine").await, Ok(None));
    let now = Sequenced {
        committed: vec![Committed::Now],
        placed: 1,
    };
    assert_eq!(store.sequence(&[&mine], 9, &places).await, Ok(now));
}

/// The letter by which the system names the state of a process.
fn state(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest[..1].to_owned()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the process that is started here is told by it what it is"
)]
fn a_process_that_is_stopped_while_it_holds_the_head_holds_nobody_up_for_ever() {
    if let Ok(url) = std::env::var(STOPPED) {
        return runtime().block_on(is_stopped(&url));
    }
    let url = Place::postgres().url() + "&options[idle_in_transaction_session_timeout]=1s";
    let this = std::thread::current().name().unwrap().to_owned();
    let mut stopped = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &this])
        .env(STOPPED, &url)
        .spawn()
        .unwrap();
    while state(stopped.id()) != "T" {
        assert_eq!(stopped.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(20));
    }
    runtime().block_on(async {
        let store = store::open(&url).await.unwrap();
        let theirs = made("theirs");
        let theirs = [&theirs];
        let turn = tokio::time::timeout(EVER, store.sequence(&theirs, 9, &places));
        turn.await.expect("it does not wait for ever").unwrap();
        assert_eq!(placed(&*store).await, ["theirs/0"]);
    });
    let id = stopped.id().to_string();
    let told = Command::new("sh")
        .args(["-c", "kill -CONT $0", &id])
        .status();
    assert!(told.unwrap().success());
    assert!(stopped.wait().unwrap().success());
    runtime().block_on(async {
        let store = store::open(&url).await.unwrap();
        assert_eq!(placed(&*store).await, ["theirs/0", "mine/0"]);
    });
}

/// Has the database end all connections to it.
async fn ended(url: &str) {
    let mut db = PgConnection::connect(url).await.unwrap();
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while sqlx::query_scalar::<_, i64>(all)
        .fetch_one(&mut db)
        .await
        .unwrap()
        > 0
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn connections_that_the_database_ended_are_made_anew() {
    let place = Place::postgres();
    runtime().block_on(async {
        let store = place.store().await;
        store.head().await.unwrap();
        ended(&place.url()).await;
        // Longer than a connection is believed unasked.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        store.head().await.unwrap();
        ended(&place.url()).await;
        // One that was used just now tells it by a statement that fails, and is not used again.
        let _ = store.head().await;
        store.head().await.unwrap();
    });
}
