//! The service is killed under load: what it answered stands in the ledger, and it goes on afterwards.
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

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{House, reopened};
use ledger::Entry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The one who asks.
const STAFF: &str = r#"
[look-up]
teams = { casework = ["north"] }
[[staff]]
person = { staff = "c1", role = "caseworker" }
party = "ho"
unit = "casework"
team = "north"
clearance = "sc"
authorised = true
trained-until = "2099-12-31"
purposes = ["contact"]
cases = ["case-1"]
"#;

/// So many ask at the same time, and so many answers are waited for before the end.
const CONNECTIONS: usize = 16;
const ANSWERS: usize = 60;

/// The program, serving c1 from this directory; and where it listens.
fn serve(home: &Path) -> (Child, SocketAddr, SocketAddr) {
    use std::io::BufRead;
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args([
            "serve",
            "--local",
            "c1:caseworker",
            "--json",
            "--per-minute",
            "1000000",
        ])
        .args([
            "--listen",
            "127.0.0.1:0",
            "--operate",
            "127.0.0.1:0",
            "--dir",
        ])
        .arg(home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let at = |name: &str| told[name].as_str().unwrap().parse().unwrap();
    (child, at("listening"), at("operating"))
}

/// What is answered; less than that when the server is gone.
async fn sent(at: SocketAddr, text: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(at).await else {
        return String::new();
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn question(secret: &str, n: usize) -> String {
    let body = format!(
        r#"{{"reference":"C{n:08}","case":"case-1","reason":"a letter came back","purpose":"contact"}}"#
    );
    format!(
        "POST /v1/look-ups HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The id of the request that this whole answer is about.
fn answered(answer: &str) -> Option<String> {
    let whole = answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"answer":"nothing"}"#);
    let mut lines = answer.lines();
    let id = lines.find_map(|line| line.strip_prefix("x-request-id: "))?;
    whole.then(|| id.to_owned())
}

// shows: LOOKUP-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_that_was_given_before_a_kill_stands_in_the_ledger() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let home = house.home("ho");
    std::fs::write(home.join("staff.toml"), STAFF).unwrap();
    let (mut child, at, _) = serve(&home);
    let secret = std::fs::read_to_string(home.join("keys/serve.token")).unwrap();
    let given: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (given, asked, secret) = (given.clone(), asked.clone(), secret.clone());
        asking.spawn(async move {
            loop {
                let n = asked.fetch_add(1, Ordering::Relaxed);
                let answer = sent(at, &question(&secret, n)).await;
                let Some(id) = answered(&answer) else {
                    return answer;
                };
                given.lock().unwrap().insert(id);
            }
        });
    }
    while given.lock().unwrap().len() < ANSWERS {
        tokio::task::yield_now().await;
        if let Some(ended) = asking.try_join_next() {
            panic!("not answered: {}", ended.unwrap());
        }
    }
    // SIGKILL, with questions under way.
    child.kill().unwrap();
    child.wait().unwrap();
    asking.join_all().await;
    let given = given.lock().unwrap().clone();
    assert!(given.len() >= ANSWERS);

    // It goes on, and gives each entry its place.
    let (mut child, at, operating) = serve(&home);
    let secret = std::fs::read_to_string(home.join("keys/serve.token")).unwrap();
    let answer = sent(at, &question(&secret, 0)).await;
    assert!(answered(&answer).is_some(), "{answer}");
    let ready = sent(
        operating,
        "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(ready.contains(r#""ready":true"#), "{ready}");
    child.kill().unwrap();
    child.wait().unwrap();
    house.at("2099-01-01T09:00:00Z");
    let node = reopened(&house, "ho").await;
    node.work().await.unwrap();
    let store = &node.ports().store;
    let size = store.head().await.unwrap().frontier.size();
    let leaves = store.leaves(0, size).await.unwrap();
    let entries = leaves
        .iter()
        .map(|(bytes, _)| Entry::parse(bytes).unwrap().id.to_string());
    let entries: Vec<String> = entries.collect();
    for id in &given {
        let of = format!("api/look-up/{id}");
        assert_eq!(
            entries.iter().filter(|e| e.starts_with(&of)).count(),
            1,
            "{of}"
        );
    }
}
