//! What the service bears: residence checks from the application system through the asking node to the supplier and back,
//! the supplier's answers alone, and look-ups, each beside a bare handler of the same server that does one indexed read and
//! one durable insert. Two nodes, the bare handler and their databases are processes of their own on this machine; this one
//! asks, over TLS, on connections that stay open. Then: can whoever asks the supplier tell by the time whether somebody was
//! found?
//!
//! `cargo bench -p concordat --bench service`; `PEOPLE=1000000` chooses the size of the supplier's index, `STORES=sqlite` the
//! databases, `CONNECTIONS=1,8,64` how many ask at once, `SECONDS=5` how long, `CALLS=10000` how many calls tell of the time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::duplicate_mod,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark reads the machine's clock and prints"
)]

#[path = "../tests/call/mod.rs"]
mod call;
#[path = "../tests/common/mod.rs"]
mod common;
mod load;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;
#[path = "../tests/service/mod.rs"]
mod service;

mod place {
    pub fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Runtime::new().unwrap()
    }
}

use std::str::FromStr;
use std::sync::Arc;

use exchange::ids::OperationId;
use load::drive::{Asked, Client, Load};
use load::nodes::{Counts, Laid, Server, person};
use load::{bare, told};
use serde_json::json;
use zeroize::Zeroizing;

fn setting<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).map_or(default, |n| n.parse().unwrap_or_else(|_| panic!("{name}")))
}

fn list(name: &str, default: &str) -> Vec<String> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    text.split(',').map(str::to_owned).collect()
}

fn main() {
    if let Ok(place) = std::env::var(bare::PLACE) {
        return place::runtime().block_on(bare::serve(&place));
    }
    let people: u64 = setting("PEOPLE", 100_000);
    let aside = tempfile::tempdir().unwrap();
    let index = aside.path().join("records.db");
    place::runtime().block_on(load::nodes::index(&index, people));
    println!(
        "An index of {people} people; answers a second, milliseconds, and seconds of processor for 1,000 answers: of the \
         servers, of the database's own processes, of whoever asks."
    );
    println!("{}", Load::HEADER);
    for kind in list("STORES", "sqlite,postgres") {
        let stores: Vec<String> = (0..3).map(|n| store(&kind, n)).collect();
        let databases = stores.iter().find_map(|url| load::nodes::postmaster(url));
        place::runtime().block_on(one(&kind, people, &stores, &index, databases));
    }
}

fn store(kind: &str, n: usize) -> String {
    match kind {
        "sqlite" => format!("sqlite:node{n}.db"),
        "postgres" => postgres::durable_database(),
        other => panic!("STORES: {other}"),
    }
}

/// All measurements over one kind of database.
async fn one(
    kind: &str,
    people: u64,
    stores: &[String],
    index: &std::path::Path,
    databases: Option<u32>,
) {
    let laid = Laid::new(stores, index).await;
    let bare = bare::started(&laid, &stores[2], people).await;
    let (ho, dwp) = laid.served().await;
    let client = Client::new(&laid.dir.path().join("tls"));
    let counts = Counts { databases };
    let seconds: f64 = setting("SECONDS", 3.0);
    let mut unlike = Vec::new();
    for connections in list("CONNECTIONS", "1,8,64") {
        let connections: usize = connections.parse().unwrap();
        let ask = async |what: &'static str, servers: &[&Server], at, make: &Make| {
            let load = Load {
                what,
                kind,
                connections,
                seconds,
            };
            load.run(&client, (servers, &counts), at, make.as_ref())
                .await
        };
        let base = ask("bare handler", &[&bare], bare.at, &reading(people)).await;
        base.print(None);
        let answers = ask("supplier's answer", &[&dwp], dwp.at, &question(&laid)).await;
        answers.print(Some(&base));
        let checks = ask("check, end to end", &[&ho, &dwp], ho.at, &check(&laid)).await;
        checks.print(Some(&base));
        let looks = ask("look-up, padded", &[&ho], ho.at, &look_up(&laid)).await;
        looks.print(Some(&base));
        unlike.push((connections, base));
    }
    let calls: usize = setting("CALLS", 4_000);
    told::compare(&client, dwp.at, &laid, calls).await;
    drop((ho, dwp, bare));
    // Without the service around it, and so without its pace: each as fast as it is recorded.
    let node = Arc::new(laid.open("ho").await);
    for (connections, base) in unlike {
        let load = Load {
            what: "look-up, not padded",
            kind,
            connections,
            seconds,
        };
        let node = node.clone();
        let each = move |n: u64| {
            let node = node.clone();
            async move {
                let op = OperationId::parse(format!("bench-{connections}-{n}")).unwrap();
                let (asker, request) = load::nodes::looking(n);
                node.look_up(&op, &asker, &request).await.is_ok()
            }
        };
        load.within(&counts, each).await.print(Some(&base));
    }
}

type Make = Box<dyn Fn(u64) -> Asked + Send + Sync>;

fn reading(people: u64) -> Make {
    Box::new(move |n| {
        // Far apart, as calls are.
        let which = n.wrapping_mul(7_919_777) % people;
        Asked::new("/", None, json!({ "number": bare::number(which) }))
    })
}

/// The supplier is asked of somebody whom it has.
fn question(laid: &Laid) -> Make {
    let hash = laid.hash;
    Box::new(move |n| {
        let body = load::nodes::question(&hash, n, &person(n));
        Asked::new("/v1/calls", None, body).expecting("\"found\"")
    })
}

fn check(laid: &Laid) -> Make {
    let token: Zeroizing<String> = laid.token("apply").into();
    Box::new(move |n| {
        let who = person(n);
        let body = json!({
            "request": format!("r{n}"), "agreement": "euss-check-demo", "flow": "check", "application": format!("GWF{n:09}"),
            "declaration": { "signed": true, "names": ["dwp"] },
            "details": { "forename": who.forename, "surname": who.surname, "date_of_birth": who.born, "nino": who.nino },
        });
        Asked::new("/v1/residence-checks", Some(&token), body).expecting("\"with-data\"")
    })
}

fn look_up(laid: &Laid) -> Make {
    let token: Zeroizing<String> = laid.token("sub-c1").into();
    Box::new(move |n| {
        let body = json!({ "reference": format!("C{n:08}"), "case": "case-1", "reason": "a letter came back", "purpose": "residence" });
        Asked::new("/v1/look-ups", Some(&token), body).expecting("\"nothing\"")
    })
}
