//! What is left in the memory of a program that serves when a check is over (RTC-10).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
mod common;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use call::Counter;
use exchange::check::Caller;
use serde_json::{Value, json};

const PERSON: [&str; 4] = [
    "Quillonfeatherstonehaugh",
    "Zanziboroughcarrington",
    "QQ987654C",
    "Canarysecondnamewhichislong",
];
/// What is looked for: of the names what stays where the allocator has written over the beginning of a block that was freed.
const TRACES: [&str; 4] = [
    "eatherstonehaugh",
    "oughcarrington",
    "QQ987654C",
    "ondnamewhichislong",
];

const PAGE: u64 = 4096;
/// The name in a request that is not over: the scan finds it.
const UNDER_WAY: &str = "Underwaycanary";

/// The program, serving the caseworker c1 from this directory; and where it listens.
fn serve(home: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["serve", "--local", "c1:caseworker", "--json"])
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
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    (child, told["listening"].as_str().unwrap().parse().unwrap())
}

/// What of these stands in the memory that the process can write to; none where it cannot be read here.
fn in_memory(child: &Child, texts: &[&str]) -> Option<BTreeSet<String>> {
    let search = aho_corasick::AhoCorasick::new(texts).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).ok()?;
    let mut memory = File::open(format!("/proc/{}/mem", child.id())).ok()?;
    let mut found = BTreeSet::new();
    let mut pages = File::open(format!("/proc/{}/pagemap", child.id())).ok()?;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let page = |hex: &str| u64::from_str_radix(hex, 16).unwrap() / PAGE;
        let (from, to) = (page(from), page(to));
        // Only the pages that are in memory: much more is reserved.
        let mut there = vec![0; usize::try_from((to - from) * 8).unwrap()];
        pages.seek(SeekFrom::Start(from * 8)).ok()?;
        pages.read_exact(&mut there).ok()?;
        let is_there: Vec<bool> = there.chunks(8).map(|entry| entry[7] & 0xc0 != 0).collect();
        let mut next = from;
        for run in is_there.chunk_by(|a, b| a == b) {
            let first = next;
            next += run.len() as u64;
            if run[0] {
                let mut bytes = vec![0; run.len() * PAGE as usize];
                memory.seek(SeekFrom::Start(first * PAGE)).ok()?;
                memory.read_exact(&mut bytes).ok()?;
                let hits = search.find_iter(&bytes);
                found.extend(hits.map(|hit| texts[hit.pattern()].to_owned()));
            }
        }
    }
    Some(found)
}

// shows: RTC-10
#[tokio::test]
async fn when_a_check_is_over_nothing_of_the_person_is_in_the_memory_of_the_program() {
    let counter = Counter::with_tax().await;
    let mut first = call::request("first", "Test Nobody", "QQ100099A");
    let hmrc = exchange::ids::PartyId::parse("hmrc").unwrap();
    first.declaration.as_mut().unwrap().names.push(hmrc);
    first.application = "GWF-first".to_owned().into();
    counter.ho.check(&first, &Caller::Applicant).await.unwrap();
    let officer = call::person("o1", exchange::authority::Role::DataSharingOfficer);
    let c1 = exchange::ids::StaffId::parse("c1").unwrap();
    let op = exchange::ids::OperationId::parse("assign").unwrap();
    let of = (&call::agreement(), "GWF-first");
    counter
        .ho
        .assign(&op, of, &c1, true, &officer)
        .await
        .unwrap();
    let home = counter.dir.path().join("ho");
    let (mut child, at) = serve(&home);
    let secret = std::fs::read_to_string(home.join("keys/serve.token")).unwrap();
    let stated = json!({ "value": "yes", "because": "the first one was cut off" });
    let [forename, surname, nino, other] = PERSON;
    let body = json!({
        "request": "again", "agreement": "euss-check-demo", "flow": "recheck", "application": "GWF-first",
        "declaration": { "signed": true, "names": ["dwp", "hmrc"] },
        "details": { "forename": forename, "surname": surname, "other_names": other, "date_of_birth": "1980-02-29", "nino": nino },
        "facts": { "match_possible": stated, "helps_applicant": stated },
    })
    .to_string();
    let text = format!(
        "POST /v1/residence-checks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        secret.trim(),
        body.len()
    );
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"outcome\":\"not-found\""), "{answer}");
    assert!(!answer.contains("unanswered"), "both are asked: {answer}");
    // Another request is under way: the scan finds what is there.
    let mut begun = TcpStream::connect(at).unwrap();
    let part = format!("{{\"details\":{{\"surname\":\"{UNDER_WAY}");
    let head = text.split_once("Content-Length").unwrap().0;
    let begun_text = format!("{head}Content-Length: 500\r\n\r\n{part}");
    begun.write_all(begun_text.as_bytes()).unwrap();
    let mut texts = TRACES.to_vec();
    texts.push(UNDER_WAY);
    let expected = BTreeSet::from([UNDER_WAY.to_owned()]);
    let mut found = in_memory(&child, &texts);
    for _ in 0..100 {
        if found.as_ref().is_none_or(|found| *found == expected) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        found = in_memory(&child, &texts);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    match found {
        None => println!("NOT RUN: the memory of another process cannot be read here"),
        Some(found) => assert_eq!(found, expected),
    }
}
