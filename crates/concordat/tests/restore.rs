//! Backup and restore as docs/runbook.md says: a copy that is made while the node runs, put back later, and what the node
//! says of it.
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

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{House, analyst, officer, op, reopened};
use exchange::Trouble;
use exchange::change::Aggregate;
use exchange::ids::PartyId;
use exchange::ports::VaultFault;
use exchange::retention::Holding;
use serde_json::Value;

fn runs(program: &str, args: &[&str]) {
    let out = Command::new(program).args(args).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{program} {args:?}: {told}");
}

/// Where a database is, and where copies of it are put back.
enum Database {
    File(PathBuf),
    Server { url: String, restored: Vec<String> },
}

impl Database {
    fn back_up(&self, to: &Path) {
        match self {
            Self::File(path) => {
                let into = format!("VACUUM INTO '{}'", to.display());
                runs("sqlite3", &[path.to_str().unwrap(), &into]);
            }
            Self::Server { url, .. } => {
                let to = to.to_str().unwrap();
                runs(
                    "pg_dump",
                    &["--format=custom", "--no-owner", "--file", to, url],
                );
            }
        }
    }

    /// Puts a copy back, for the `n`th time, and has node.toml name it.
    fn restore(&self, from: &Path, home: &Path, n: usize) {
        let name = match self {
            Self::File(_) => {
                let name = format!("restored-{n}.db");
                std::fs::copy(from, home.join(&name)).unwrap();
                format!("sqlite:{name}")
            }
            Self::Server { restored, .. } => {
                let from = from.to_str().unwrap();
                runs(
                    "pg_restore",
                    &["--no-owner", "--dbname", &restored[n], from],
                );
                restored[n].clone()
            }
        };
        let config = home.join("node.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let lines = text.lines().map(|line| match line.starts_with("store = ") {
            true => format!("store = \"{name}\"\n"),
            false => format!("{line}\n"),
        });
        std::fs::write(config, lines.collect::<String>()).unwrap();
    }
}

/// What `concordat doctor` finds: the lines that are broken.
fn broken(home: &Path) -> Vec<String> {
    let out = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["doctor", "--json", "--dir"])
        .arg(home)
        .output()
        .unwrap();
    let lines: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
    let lines = lines.iter().filter(|line| line["is"] == "broken");
    lines
        .map(|line| {
            format!(
                "{}: {}",
                line["part"].as_str().unwrap(),
                line["what"].as_str().unwrap()
            )
        })
        .collect()
}

async fn drill(database: &Database, house: House) {
    let home = house.home("ho");
    house.asked().await;
    let (early, late) = (
        house.dir.path().join("early"),
        house.dir.path().join("late"),
    );
    database.back_up(&early);
    assert_eq!(broken(&home), Vec::<String>::new());

    house.answered_from_here().await;
    let hmrc = PartyId::parse("hmrc").unwrap();
    let request = house.ho.ask_witness(&hmrc).await.unwrap();
    let (_, note) = house
        .hmrc
        .cosign(&op("see"), &request, &analyst())
        .await
        .unwrap();
    house
        .ho
        .take_cosigned(&op("seen"), &note, &officer())
        .await
        .unwrap();
    house.settle().await;
    database.back_up(&late);
    let size = house.ho.ports().store.head().await.unwrap().frontier.size();

    // The early copy is put back: it is shorter than what was published and co-signed, and whoever saw that says no.
    database.restore(&early, &home, 0);
    let found = broken(&home);
    let says = |text: &str| found.iter().any(|line| line.contains(text));
    assert!(says("it is older than they are"), "{found:?}");
    assert!(says("hmrc co-signed"), "{found:?}");
    let old = reopened(&house, "ho").await;
    assert!(old.ports().store.head().await.unwrap().frontier.size() < size);
    let short = old.ask_witness(&hmrc).await.unwrap();
    let refused = house.hmrc.cosign(&op("see-2"), &short, &analyst()).await;
    assert!(matches!(refused, Err(Trouble::Refused(_))), "{refused:?}");

    // A key that was destroyed since opens nothing, whatever copy of the database there is.
    let holdings: Vec<Holding> = old.all().await.unwrap();
    let held = holdings.iter().find(|h| h.status() != "destroyed").unwrap();
    let items = old.ports().store.items(held.id(), "").await.unwrap();
    assert!(!items.is_empty());
    let vault = home.join("keys/vault");
    let copied = house.dir.path().join("vault");
    runs(
        "cp",
        &["-a", vault.to_str().unwrap(), copied.to_str().unwrap()],
    );
    old.ports()
        .vault
        .destroy(&[held.id().clone()])
        .await
        .unwrap();
    for (name, sealed) in &items {
        let opened = old.ports().vault.open(held.id(), name, sealed).await;
        assert!(matches!(opened, Err(VaultFault::Destroyed(_))));
    }
    drop(old);

    // The late copy with its vault goes on.
    std::fs::remove_dir_all(&vault).unwrap();
    std::fs::rename(&copied, &vault).unwrap();
    database.restore(&late, &home, 1);
    assert_eq!(broken(&home), Vec::<String>::new());
    let again = reopened(&house, "ho").await;
    assert_eq!(
        again.ports().store.head().await.unwrap().frontier.size(),
        size
    );
    let worked = again.work().await.unwrap();
    assert_eq!(worked.faults, Vec::<String>::new());
}

#[test]
fn a_copy_of_sqlite_is_put_back() {
    place::runtime().block_on(async {
        let house = House::new(None, None).await;
        let database = Database::File(house.home("ho").join("node.db"));
        drill(&database, house).await;
    });
}

#[test]
fn a_dump_of_postgresql_is_put_back() {
    let [url, other, one, two] = std::array::from_fn(|_| postgres::fresh_database());
    let restored = vec![one, two];
    place::runtime().block_on(async {
        let house = House::stored([url.clone(), other]).await;
        drill(&Database::Server { url, restored }, house).await;
    });
}
