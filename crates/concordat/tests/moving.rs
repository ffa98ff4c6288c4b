//! `concordat store move`: from SQLite to PostgreSQL and back, in the middle of a run, which goes on there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

mod place {
    pub fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    }
}

mod common;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use common::{House, files};
use concordat::house::open;
use exchange::Node;
use exchange::ports::Clock;
use serde_json::Value;
use sim::{SeededEntropy, VirtualClock};
use store::Database;

/// The house without its open nodes: their directories, and the clock.
struct Closed {
    dir: tempfile::TempDir,
    clock: Arc<VirtualClock>,
}

async fn closed() -> Closed {
    let house = House::new(None, None).await;
    house.asked().await;
    let path = house.home("ho").join("node.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("# the owner's own words\n{text}")).unwrap();
    let House {
        dir,
        clock,
        ho,
        hmrc,
    } = house;
    drop((ho, hmrc));
    Closed { dir, clock }
}

impl Closed {
    fn ho(&self) -> std::path::PathBuf {
        self.dir.path().join("ho")
    }

    async fn open(&self, who: &str) -> Result<Node, concordat::Fail> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let entropy = Arc::new(SeededEntropy::new(format!("moved/{who}")));
        open(&self.dir.path().join(who), clock, entropy).await
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.ho().join("node.toml")).unwrap()
    }
}

fn moves(dir: &Path, to: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["store", "move", "--json", "--to", to, "--dir"])
        .arg(dir)
        .args(more)
        .output()
        .unwrap()
}

fn done(out: &Output) -> Value {
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{told}");
    serde_json::from_slice(&out.stdout).unwrap()
}

fn refused(out: &Output, why: &str) {
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains(why), "{told}");
}

/// What a node holds, in words, without the moment of its opening.
async fn state(url: &str) -> Vec<store::Contents> {
    let database = Database::look(url).await.unwrap().unwrap();
    database.contents(&|_| {}).await.unwrap()
}

#[test]
fn a_node_is_moved_in_the_middle_of_a_run_and_goes_on() {
    let target = postgres::fresh_database();
    place::runtime().block_on(async {
        let closed = closed().await;
        let (ho, old) = (
            closed.ho(),
            format!("sqlite:{}/node.db", closed.ho().display()),
        );
        let (before, config) = (state(&old).await, closed.config());

        // A dry run changes nothing, on either side.
        let would = done(&moves(&ho, &target, &["--dry-run"]));
        assert_eq!(would["dry_run"], true);
        assert_eq!(closed.config(), config);
        let there = Database::look(&target).await.unwrap().unwrap();
        assert_eq!(there.standing().await.unwrap(), store::Standing::Empty);

        // A node that is open is not moved.
        let node = closed.open("ho").await.unwrap();
        refused(&moves(&ho, &target, &[]), "is running");
        drop(node);

        let moved = done(&moves(&ho, &target, &[]));
        assert!(moved["rows"].as_u64().unwrap() > 50, "{moved}");
        assert_eq!(state(&target).await, before);
        assert_eq!(state(&old).await, before, "the old one is as it was");
        assert_eq!(
            closed.config(),
            config.replace("sqlite:node.db", &target),
            "node.toml says where, and nothing else of it changed"
        );
        // Whoever comes with the old file writes nothing.
        let fault = store::open(&old).await.err().unwrap().to_string();
        assert!(fault.contains("moved from this database"), "{fault}");

        // The run goes on, at both sides, with the numbering of entries and effects.
        let (ho, hmrc) = (
            closed.open("ho").await.unwrap(),
            closed.open("hmrc").await.unwrap(),
        );
        let house = House {
            dir: closed.dir,
            clock: closed.clock,
            ho,
            hmrc,
        };
        house.answered_from_here().await;
        let (size, root) = store::ledger_of(&*house.ho.ports().store).await.unwrap();
        assert!(size > moved["ledger"]["entries"].as_u64().unwrap());
        assert_eq!(
            house.ho.ports().store.head().await.unwrap().frontier.root(),
            root
        );
        assert!(!files(&house.home("ho")).is_empty());

        // And back, into another file.
        let House {
            dir,
            clock,
            ho,
            hmrc,
        } = house;
        drop((ho, hmrc));
        let closed = Closed { dir, clock };
        let home = closed.ho();
        refused(
            &moves(&home, "sqlite:node.db", &[]),
            "itself moved away from",
        );
        let there = state(&target).await;
        done(&moves(&home, "sqlite:again.db", &[]));
        let again = format!("sqlite:{}/again.db", home.display());
        assert_eq!(state(&again).await, there);
        let ho = closed.open("ho").await.unwrap();
        assert_eq!(
            store::ledger_of(&*ho.ports().store).await.unwrap(),
            (size, root)
        );
    });
}

#[test]
fn a_target_that_is_not_empty_is_refused_and_a_broken_move_is_begun_again() {
    let [other, foreign, target] = std::array::from_fn(|_| postgres::fresh_database());
    place::runtime().block_on(async {
        let closed = closed().await;
        let ho = closed.ho();
        let old = format!("sqlite:{}/node.db", ho.display());
        let config = closed.config();
        // Another node's.
        let hmrc = closed.dir.path().join("hmrc");
        done(&moves(&hmrc, &other, &[]));
        refused(&moves(&ho, &other, &[]), "not empty");
        refused(&moves(&ho, &other, &["--dry-run"]), "not empty");
        // Somebody else's.
        {
            use sqlx::{Connection, Executor};
            let mut db = sqlx::PgConnection::connect(&foreign).await.unwrap();
            db.execute("CREATE TABLE invoices (n BIGINT)")
                .await
                .unwrap();
        }
        refused(&moves(&ho, &foreign, &[]), "something else");
        assert_eq!(closed.config(), config);
        assert!(closed.open("ho").await.is_ok());

        // Broken off after the tables were made; then after the copy; then after the mark.
        let source = Database::look(&old).await.unwrap().unwrap();
        drop(store::open(&target).await.unwrap());
        assert!(done(&moves(&ho, &target, &["--dry-run"]))["dry_run"] == true);
        let there = Database::look(&target).await.unwrap().unwrap();
        source.copy(&there, &|_| {}).await.unwrap();
        assert!(
            source.copy(&there, &|_| {}).await.is_err(),
            "all of it, or nothing"
        );
        assert!(done(&moves(&ho, &target, &["--dry-run"]))["dry_run"] == true);
        source.mark().await.unwrap();
        assert!(closed.open("ho").await.is_err());
        let empty = format!("sqlite:{}/empty.db", ho.display());
        refused(&moves(&ho, &empty, &[]), "was moved to another database");
        done(&moves(&ho, &target, &[]));
        assert_eq!(state(&target).await, state(&old).await);
        assert!(closed.open("ho").await.is_ok());
    });
}
