//! What is left in the memory of programs that serve when a check is over, and what of it reaches anything else (RTC-10).
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
mod service;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use call::Counter;
use courier::CallPlace;
use exchange::check::Caller;
use ledger::Digest;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// Forename, surname, number and other name of somebody whom no department knows.
const NOBODY: [&str; 4] = [
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
/// The tax authority answers about this test user, and the benefits department never does.
const SILENCE: [&str; 4] = [
    "Test",
    "Silence",
    "QQ100009A",
    "Canarysecondnamewhichislong",
];
/// What must be in no file while the silence lasts: details, what the records of the tax authority tell, the number of the
/// application, the reasons.
const HELD: [&str; 6] = [
    "QQ100009A",
    "Canarysecondnamewhichislong",
    "1980-02-29",
    "2013-01-01",
    "GWF-first",
    "the first one was cut off",
];

const PAGE: u64 = 4096;
/// The name in a request that is not over: the scan finds it.
const UNDER_WAY: &str = "Underwaycanary";

/// This program with the rights of its user and no other: root could look into whatever it likes.
fn plain(program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-all", program]);
    command
}

/// The program while it serves; dropped, it is killed.
struct Program {
    child: Child,
    listening: SocketAddr,
    operating: SocketAddr,
}

impl Program {
    /// Serves from this directory; what it logs, and a dump of its memory if there were one, comes to be in `work`. The
    /// shell lifts the limit of dumps: the program itself must put it down.
    fn new(home: &Path, work: &Path, more: &[&str]) -> Self {
        let log = work.join(format!("{}.log", home.file_name().unwrap().display()));
        let mut child = plain("sh")
            .args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"])
            .args([env!("CARGO_BIN_EXE_concordat"), "serve", "--json"])
            .args(["--listen", "127.0.0.1:0", "--operate", "127.0.0.1:0"])
            .arg("--dir")
            .arg(home)
            .args(more)
            .current_dir(work)
            .env("TMPDIR", work)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", std::fs::read_to_string(&log).unwrap()));
        let at = |name: &str| told[name].as_str().unwrap().parse().unwrap();
        Self {
            listening: at("listening"),
            operating: at("operating"),
            child,
        }
    }

    /// What of these stands in the memory that the process can write to; none where it cannot be read here.
    fn holds(&self, texts: &[&str]) -> Option<BTreeSet<String>> {
        let search = aho_corasick::AhoCorasick::new(texts).unwrap();
        let id = self.child.id();
        let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).ok()?;
        let mut memory = File::open(format!("/proc/{id}/mem")).ok()?;
        let mut found = BTreeSet::new();
        let mut pages = File::open(format!("/proc/{id}/pagemap")).ok()?;
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

    /// What it holds of these once that is as `enough` says; what it holds in the end, where it does not come to that.
    async fn comes_to_hold(
        &self,
        texts: &[&str],
        enough: impl Fn(&BTreeSet<String>) -> bool,
    ) -> Option<BTreeSet<String>> {
        let mut found = self.holds(texts);
        for _ in 0..100 {
            if found.as_ref().is_none_or(&enough) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = self.holds(texts);
        }
        if found.is_none() {
            println!("NOT RUN: the memory of another process cannot be read here");
        }
        found
    }

    /// Can a program of the same user open this file of the process?
    fn opens(id: u32, name: &str) -> bool {
        let mut dd = plain("dd");
        dd.arg(format!("if=/proc/{id}/{name}"));
        let told = dd.args(["count=0", "status=none"]).stderr(Stdio::null());
        told.status().unwrap().success()
    }

    /// How large a dump of it may be, in bytes.
    fn dumps(&self) -> String {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let mut lines = limits.lines();
        let line = lines.find_map(|line| line.strip_prefix("Max core file size"));
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Ends it by this signal, which asks the system for a dump of its memory.
    async fn ended_by(&mut self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        let status = loop {
            // The first of some signals is taken by the runtime, which looks for an overflow of the stack.
            rustix::process::kill_process(id, signal).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
        };
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(!status.core_dumped(), "{status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The second check of an application, of this person, as the caseworker asks for it: all but its last bytes where it is cut.
fn asked(home: &Path, [forename, surname, nino, other]: [&str; 4]) -> String {
    let secret = std::fs::read_to_string(home.join("keys/serve.token")).unwrap();
    let stated = json!({ "value": "yes", "because": "the first one was cut off" });
    let body = json!({
        "request": "again", "agreement": "euss-check-demo", "flow": "recheck", "application": "GWF-first",
        "declaration": { "signed": true, "names": ["dwp", "hmrc"] },
        "details": { "forename": forename, "surname": surname, "other_names": other, "date_of_birth": "1980-02-29", "nino": nino },
        "facts": { "match_possible": stated, "helps_applicant": stated },
    })
    .to_string();
    format!(
        "POST /v1/residence-checks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        secret.trim(),
        body.len()
    )
}

async fn sent(at: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// The whole answer to this request.
async fn answered(at: SocketAddr, text: &str) -> String {
    let mut answer = String::new();
    let mut stream = sent(at, text).await;
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The first check of the application was made, and the caseworker c1 works on it.
async fn checked_once(counter: &Counter) {
    let mut first = call::request("first", "Test Nobody", "QQ100099A");
    let hmrc = exchange::ids::PartyId::parse("hmrc").unwrap();
    first.declaration.as_mut().unwrap().names.push(hmrc);
    first.application = "GWF-first".to_owned().into();
    counter.ho.check(&first, &Caller::Applicant).await.unwrap();
    let officer = call::person("o1", exchange::authority::Role::DataSharingOfficer);
    let c1 = exchange::ids::StaffId::parse("c1").unwrap();
    let op = exchange::ids::OperationId::parse("assign").unwrap();
    let of = (&call::agreement(), "GWF-first");
    let assigned = counter.ho.assign(&op, of, &c1, true, &officer);
    assigned.await.unwrap();
}

const LOCAL: [&str; 2] = ["--local", "c1:caseworker"];

/// Two programs that serve: the Home Office's asks that of the benefits department over TLS, and the tax authority's node
/// beside it.
struct Two {
    counter: Counter,
    ho: Program,
    dwp: Program,
    /// Where they work.
    work: PathBuf,
}

impl Two {
    async fn new() -> Self {
        let tls = tempfile::tempdir().unwrap();
        let at = |name: &str| tls.path().join("made").join(name);
        service::certificates(&at(""));
        let private = std::fs::Permissions::from_mode(0o600);
        for name in ["one.key", "server.key"] {
            std::fs::set_permissions(at(name), private.clone()).unwrap();
        }
        let digest = |name: &str| {
            let pem = std::fs::read(at(name)).unwrap();
            Digest::of(&CertificateDer::from_pem_slice(&pem).unwrap())
        };
        // The supplier's program listens where it can: what comes to the door is passed on to it.
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = door.local_addr().unwrap().port();
        let place = CallPlace {
            url: format!("https://127.0.0.1:{port}/v1/calls"),
            certificates: vec![digest("server.pem")],
            own: "../ho-client.pem".into(),
            key: "../ho-client.key".into(),
        };
        let counter = Counter::with_tax_over(place, port, |dir| {
            for end in ["pem", "key"] {
                let own = dir.join(format!("ho-client.{end}"));
                std::fs::copy(at(&format!("one.{end}")), own).unwrap();
            }
        })
        .await;
        checked_once(&counter).await;
        let (home, beside) = (
            counter.dir.path().join("ho"),
            counter.dir.path().join("dwp"),
        );
        std::fs::create_dir(beside.join("tls")).unwrap();
        for (from, to) in [
            ("server.pem", "server.pem"),
            ("server.key", "server.key"),
            ("ca.pem", "clients.pem"),
            ("keys.json", "keys.json"),
        ] {
            std::fs::copy(at(from), beside.join("tls").join(to)).unwrap();
        }
        let known = format!(
            "audience = \"{}\"\n[[issuer]]\nname = \"{}\"\nkeys = \"tls/keys.json\"\n[[node]]\nparty = \"ho\"\n\
             certificates = [\"{}\"]\ngranted-by = \"m1\"\nprovisioned-by = \"a1\"\n",
            service::AUDIENCE,
            service::ISSUER,
            digest("one.pem")
        );
        std::fs::write(beside.join("access.toml"), known).unwrap();
        let work = counter.dir.path().join("work");
        std::fs::create_dir(&work).unwrap();
        let dwp = Program::new(&beside, &work, &[]);
        tokio::spawn(passed_on(door, dwp.listening));
        let ho = Program::new(&home, &work, &LOCAL);
        Self {
            counter,
            ho,
            dwp,
            work,
        }
    }

    fn asked(&self, person: [&str; 4]) -> String {
        asked(&self.counter.dir.path().join("ho"), person)
    }

    /// How many entries the tax authority has.
    async fn told_by_tax(&self) -> u64 {
        let store = &self.counter.tax().node.ports().store;
        let waiting = store.pending(999).await.unwrap().len() as u64;
        store.head().await.unwrap().frontier.size() + waiting
    }
}

async fn passed_on(door: TcpListener, to: SocketAddr) {
    while let Ok((mut from, _)) = door.accept().await {
        tokio::spawn(async move {
            let mut to = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
        });
    }
}

// shows: RTC-10
#[tokio::test]
async fn when_a_check_is_over_nothing_of_the_person_is_in_the_memory_of_the_program() {
    let counter = Counter::with_tax().await;
    checked_once(&counter).await;
    let home = counter.dir.path().join("ho");
    let program = Program::new(&home, counter.dir.path(), &LOCAL);
    let text = asked(&home, NOBODY);
    let answer = answered(program.listening, &text).await;
    assert!(answer.contains("\"outcome\":\"not-found\""), "{answer}");
    assert!(!answer.contains("unanswered"), "both are asked: {answer}");
    // Another request is under way: the scan finds what is there.
    let part = format!("{{\"details\":{{\"surname\":\"{UNDER_WAY}");
    let head = text.split_once("Content-Length").unwrap().0;
    let begun = format!("{head}Content-Length: 500\r\n\r\n{part}");
    let _begun = sent(program.listening, &begun).await;
    let mut texts = TRACES.to_vec();
    texts.push(UNDER_WAY);
    let expected = BTreeSet::from([UNDER_WAY.to_owned()]);
    let found = program.comes_to_hold(&texts, |found| *found == expected);
    if let Some(found) = found.await {
        assert_eq!(found, expected);
    }
}

// shows: RTC-10, RET-08
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_check_over_tls_is_over_nothing_of_the_person_is_in_the_memory_of_either_program() {
    let two = Two::new().await;
    let answer = answered(two.ho.listening, &two.asked(NOBODY)).await;
    assert!(answer.contains("\"outcome\":\"not-found\""), "{answer}");
    assert!(!answer.contains("unanswered"), "both are asked: {answer}");
    for program in [&two.ho, &two.dwp] {
        if let Some(found) = program.comes_to_hold(&TRACES, BTreeSet::is_empty).await {
            assert_eq!(found, BTreeSet::new());
        }
    }
}

// shows: RTC-10, RTC-11, S-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amid_a_check_no_memory_comes_to_a_disk_or_to_another_program_however_it_is_ended() {
    let mut two = Two::new().await;
    let told = two.told_by_tax().await;
    let asking = sent(two.ho.listening, &two.asked(SILENCE)).await;
    // The tax authority has answered, and the benefits department looks for the person: both programs hold the details.
    while two.told_by_tax().await == told {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [_, _, nino, other] = SILENCE;
    let held = BTreeSet::from([nino, other].map(str::to_owned));
    for program in [&two.ho, &two.dwp] {
        let texts = [nino, other];
        let found = program.comes_to_hold(&texts, |found| *found == held);
        if let Some(found) = found.await {
            assert_eq!(found, held);
        }
    }
    let mut counts = String::new();
    for program in [&two.ho, &two.dwp] {
        counts += &service::operator(program.operating, "/metrics").await.body;
        assert_eq!(program.dumps(), "0 0 bytes");
    }
    assert!(counts.contains("concordat_"), "{counts}");

    // No debugger and no other program of its user looks into it. What can be opened of another is opened.
    let mut another = plain("sleep").arg("3600").spawn().unwrap();
    let of_another = Program::opens(another.id(), "environ");
    another.kill().unwrap();
    another.wait().unwrap();
    assert!(of_another);
    for program in [&two.ho, &two.dwp] {
        for name in ["environ", "maps", "mem"] {
            assert!(!Program::opens(program.child.id(), name), "{name}");
        }
    }

    two.ho.ended_by(Signal::ABORT).await;
    two.dwp.ended_by(Signal::SEGV).await;
    drop(asking);
    let canaries = HELD.map(str::to_owned);
    // The scan finds what it looks for, where it is.
    std::fs::write(two.work.join("planted"), format!("xx {counts} {nino} xx")).unwrap();
    let found = call::found_in(two.counter.dir.path(), &canaries);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("planted"), "{found:?}");
}
