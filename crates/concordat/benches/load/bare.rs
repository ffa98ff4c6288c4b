//! The handler that the service is measured beside: one indexed read and one durable insert in the same kind of database, by
//! the same server with the same TLS. This program starts itself again for it.

use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use concordat::house;
use exchange::Trouble;
use exchange::authority::{Person, Role};
use exchange::ids::StaffId;
use ledger::Digest;
use serde_json::{Value, json};
use sim::{SeededEntropy, VirtualClock};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::net::TcpListener;
use web::{App, Bound, Entrance, Overview, Tls, Waiting};

use super::nodes::{Laid, Server};

/// The variable by which this program knows that it is the bare handler: its directory and its database.
pub const PLACE: &str = "BARE_HANDLER";

pub fn number(n: u64) -> String {
    format!("p{n:09}")
}

/// Makes its tables, and starts it.
pub async fn started(laid: &Laid, store: &str, people: u64) -> Server {
    let home = laid.home("bare");
    let url = store.strip_prefix("sqlite:").map_or_else(
        || store.to_owned(),
        |name| format!("sqlite:{}", home.join(name).display()),
    );
    Database::open(&url).await.filled(people).await;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PLACE, format!("{}|{url}", home.display()));
    Server::started(command)
}

/// As many connections as a node has.
#[derive(Clone)]
enum Database {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

const TABLES: [&str; 2] = [
    "CREATE TABLE people (number TEXT PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE done (id TEXT PRIMARY KEY, name TEXT NOT NULL)",
];

impl Database {
    async fn open(url: &str) -> Self {
        let Some(path) = url.strip_prefix("sqlite:") else {
            let pool = PgPoolOptions::new().max_connections(8).connect(url).await;
            return Self::Postgres(pool.unwrap());
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .connect_with(options.clone())
        };
        let writer = pool(1).await.unwrap();
        Self::Sqlite {
            writer,
            readers: pool(4).await.unwrap(),
        }
    }

    async fn filled(&self, people: u64) {
        let people = i64::try_from(people).unwrap() - 1;
        for table in TABLES {
            match self {
                Self::Sqlite { writer, .. } => sqlx::query(table).execute(writer).await.map(|_| ()),
                Self::Postgres(pool) => sqlx::query(table).execute(pool).await.map(|_| ()),
            }
            .unwrap();
        }
        match self {
            Self::Sqlite { writer, .. } => {
                let sql = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?) \
                           INSERT INTO people SELECT printf('p%09d', n), hex(randomblob(100)) FROM n";
                sqlx::query(sql).bind(people).execute(writer).await.map(|_| ())
            }
            Self::Postgres(pool) => {
                let sql = "INSERT INTO people SELECT 'p' || lpad(n::text, 9, '0'), repeat(md5(n::text), 6) \
                           FROM generate_series(0, $1) n";
                sqlx::query(sql).bind(people).execute(pool).await.unwrap();
                sqlx::query("VACUUM ANALYZE people").execute(pool).await.map(|_| ())
            }
        }
        .unwrap();
    }

    async fn read(&self, number: &str) -> String {
        match self {
            Self::Sqlite { readers, .. } => {
                let sql = "SELECT name FROM people WHERE number = ?";
                sqlx::query_scalar(sql)
                    .bind(number)
                    .fetch_one(readers)
                    .await
            }
            Self::Postgres(pool) => {
                let sql = "SELECT name FROM people WHERE number = $1";
                sqlx::query_scalar(sql).bind(number).fetch_one(pool).await
            }
        }
        .unwrap()
    }

    async fn write(&self, name: &str) {
        let mut id = [0; 16];
        getrandom::fill(&mut id).unwrap();
        let id = hex::encode(id);
        match self {
            Self::Sqlite { writer, .. } => {
                let query = sqlx::query("INSERT INTO done VALUES (?, ?)")
                    .bind(id)
                    .bind(name);
                query.execute(writer).await.map(|_| ())
            }
            Self::Postgres(pool) => {
                let query = sqlx::query("INSERT INTO done VALUES ($1, $2)")
                    .bind(id)
                    .bind(name);
                query.execute(pool).await.map(|_| ())
            }
        }
        .unwrap();
    }
}

async fn handle(State(database): State<Database>, Json(asked): Json<Value>) -> Json<Value> {
    let name = database.read(asked["number"].as_str().unwrap()).await;
    database.write(&name).await;
    Json(json!({ "name": name }))
}

/// The service's server asks for a node; this one is asked nothing.
struct Quiet;

#[async_trait]
impl Overview for Quiet {
    async fn due(&self) -> Result<Vec<Waiting>, Trouble> {
        Ok(vec![])
    }
    async fn report(&self) -> Result<Value, Trouble> {
        Ok(json!({}))
    }
}

/// Serves until the process ends.
pub async fn serve(place: &str) {
    let (home, url) = place.split_once('|').unwrap();
    let home = Path::new(home);
    let clock = Arc::new(VirtualClock::new("2026-01-05T09:00:00Z".parse().unwrap()));
    let entropy = Arc::new(SeededEntropy::new("bare"));
    let node = Arc::new(house::open(home, clock, entropy).await.unwrap());
    let person = Person {
        staff: StaffId::parse("o1").unwrap(),
        role: Role::DataSharingOfficer,
    };
    let entrance = Entrance::Local {
        person,
        secret: Digest::of(b"nobody"),
    };
    let app = App::new(node, Arc::new(Quiet), entrance, NonZeroU32::MAX).unwrap();
    let pem = |name: &str| std::fs::read(home.join("tls").join(name)).unwrap();
    let tls = Tls::new(&pem("server.pem"), &pem("server.key"), &pem("clients.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", json!({ "listening": listener.local_addr().unwrap() }));
    let router = Router::new()
        .route("/", post(handle))
        .with_state(Database::open(url).await);
    let bound = Bound {
        listener,
        tls: Some(tls),
        router,
    };
    web::serve(app, vec![bound], std::future::pending()).await;
}
