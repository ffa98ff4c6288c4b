//! PostgreSQL is killed under load, with all its processes, and started again: what the service acknowledged stands once,
//! what it could not do it said, and it is well again by itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
mod common;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;
mod served;
mod service;

mod place {
    pub fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    }
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier::DirectoryShelf;
use ledger::{Entry, VerifierKey, verify_log};
use postgres::Server;
use serde_json::{Value, json};
use served::{CHECKS, Hub, LOOK_UPS, Program, check, look_up};
use service::{Answer, operator};
use tokio::task::JoinHandle;

/// So many ask for checks at once, and so many look people up; each flow's approval has one writer.
const ASKING: usize = 3;
const FLOWS: [&str; 2] = ["check", "recheck"];
/// So often the database is killed, and so much of each kind is acknowledged before, and after the last time.
const KILLS: usize = 2;
const EACH: usize = 12;

/// What was acknowledged and what was not.
#[derive(Default)]
struct Told {
    /// The ids of the requests of look-ups.
    look_ups: BTreeSet<String>,
    /// The names of checks.
    checks: BTreeSet<String>,
    /// For each key of a write, the entries of its operation; none where it had been done before.
    writes: BTreeMap<String, Vec<String>>,
    /// Statuses and codes of what was not done, with how often.
    problems: BTreeMap<(u16, String), usize>,
}

impl Told {
    fn least(&self) -> usize {
        let all = [self.look_ups.len(), self.checks.len(), self.writes.len()];
        all.into_iter().min().unwrap()
    }
}

struct Load {
    program: Program,
    told: Mutex<Told>,
    asked: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// Notes what was not done; false where it was.
    fn failed(&self, answer: &Answer) -> bool {
        if answer.status == 200 {
            return false;
        }
        let problem = (answer.status, answer.code());
        let mut told = self.told.lock().unwrap();
        *told.problems.entry(problem).or_default() += 1;
        true
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn next(&self) -> usize {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }

    async fn look_ups(&self) {
        while self.goes_on() {
            let question = look_up(self.next());
            let answer = self.program.post("sub-c1", LOOK_UPS, "", &question).await;
            if !self.failed(&answer) {
                assert_eq!(answer.body, r#"{"answer":"nothing"}"#);
                let id = answer.header("x-request-id").unwrap();
                self.told.lock().unwrap().look_ups.insert(id);
            }
        }
    }

    /// Each check is asked for until its outcome is told.
    async fn checks(&self) {
        while self.goes_on() {
            let name = format!("check-{}", self.next());
            let asked = check(&name);
            while self.failed(&self.program.post("apply", CHECKS, "", &asked).await) {
                tokio::task::yield_now().await;
            }
            self.told.lock().unwrap().checks.insert(name);
        }
    }

    /// Approval is asked for and refused, in turn; each write is repeated under its key until it is done.
    async fn writes(&self, flow: &str) {
        while self.goes_on() {
            self.write("sub-o1", flow, "ask", &json!({ "volume": 60 }))
                .await;
            let why = json!({ "reason": "not this year" });
            self.write("sub-r1", flow, "refuse", &why).await;
        }
    }

    async fn write(&self, subject: &str, flow: &str, verb: &str, body: &Value) {
        let path = format!("/v1/agreements/euss-check-demo/approvals/{flow}/{verb}");
        let key = format!("{flow}-{}", self.next());
        let more = format!("Idempotency-Key: {key}\r\n");
        let ask = async || self.program.post(subject, &path, &more, body).await;
        let mut answer = ask().await;
        while self.failed(&answer) {
            answer = ask().await;
        }
        let ids = |answer: &Answer| {
            let all = answer.json()["entries"].as_array().unwrap().clone();
            let ids = all.iter().map(|e| e["id"].as_str().unwrap().to_owned());
            ids.collect::<Vec<_>>()
        };
        let name = subject.trim_start_matches("sub-");
        let op = ledger::Digest::of(format!("staff {name}\n{key}").as_bytes());
        assert_eq!(answer.json()["done_before"], ids(&answer).is_empty());
        {
            let mut told = self.told.lock().unwrap();
            told.writes.insert(format!("api/{op}/"), ids(&answer));
        }
        // Whoever asks again is told that it is done.
        let again = ask().await;
        if !self.failed(&again) {
            assert_eq!(again.json(), json!({ "done_before": true, "entries": [] }));
        }
    }

    /// Waits until so much more of each kind is acknowledged, by all these who ask.
    async fn acknowledges(&self, asking: &[JoinHandle<()>]) {
        let enough = {
            let told = self.told.lock().unwrap();
            [told.look_ups.len(), told.checks.len(), told.writes.len()].map(|n| n + EACH)
        };
        loop {
            let now = {
                let told = self.told.lock().unwrap();
                [told.look_ups.len(), told.checks.len(), told.writes.len()]
            };
            if now.iter().zip(enough).all(|(now, enough)| *now >= enough) {
                return;
            }
            assert!(!asking.iter().any(JoinHandle::is_finished));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn is_ready(&self) -> (u16, Value) {
        let answer = operator(self.program.operating, "/readyz").await;
        (answer.status, answer.json()["why_not"].clone())
    }

    /// Waits until operators are told this.
    async fn tells(&self, status: u16, why_not: Value) {
        let expected = (status, why_not);
        while self.is_ready().await != expected {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

// shows: LOOKUP-03
#[test]
fn a_database_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    let mut server = Server::durable();
    let store = server.fresh();
    let runtime = place::runtime();
    let hub = runtime.block_on(Hub::new(store, |_| {}));
    let load = Arc::new(Load {
        program: hub.serve(),
        told: Mutex::default(),
        asked: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let mut tasks = Vec::new();
    for _ in 0..ASKING {
        let of = load.clone();
        tasks.push(runtime.spawn(async move { of.look_ups().await }));
        let of = load.clone();
        tasks.push(runtime.spawn(async move { of.checks().await }));
    }
    for flow in FLOWS {
        let of = load.clone();
        tasks.push(runtime.spawn(async move { of.writes(flow).await }));
    }
    runtime.block_on(load.tells(200, json!([])));
    for _ in 0..KILLS {
        runtime.block_on(load.acknowledges(&tasks));
        server.kill();
        runtime.block_on(load.tells(503, json!(["store-unreadable"])));
        server.run_it();
        runtime.block_on(load.tells(200, json!([])));
    }
    runtime.block_on(async {
        load.acknowledges(&tasks).await;
        load.over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
    });
    let Load { program, told, .. } = Arc::into_inner(load).unwrap();
    let told = told.into_inner().unwrap();
    program.end();

    // The node cannot do it now, or, of a check whose end it could not write, that it is under way.
    for ((status, code), times) in &told.problems {
        let known = [(503, "fault"), (409, "refused")].contains(&(*status, code.as_str()));
        assert!(known, "{status} {code}, {times} times: {}", hub.log());
    }
    let faults = told.problems.get(&(503, "fault".to_owned()));
    assert!(faults.is_some_and(|n| *n > 0), "{:?}", told.problems);
    assert!(told.least() >= EACH * (KILLS + 1));
    runtime.block_on(is_whole(&hub, &told));
}

/// Each acknowledged act has its entries once, and the published ledger has them all.
async fn is_whole(hub: &Hub, told: &Told) {
    let node = hub.opened().await;
    node.work().await.unwrap();
    let (store, signer) = (&node.ports().store, &node.ports().signer);
    assert_eq!(store.pending(9).await.unwrap(), []);
    let shelf = DirectoryShelf::new(hub.home().join("ledger"));
    let key = VerifierKey::parse(&signer.card().verifier).unwrap();
    let report = verify_log(&shelf, &key, None).unwrap();
    let head = store.head().await.unwrap().frontier;
    assert_eq!((report.size, report.root), (head.size(), head.root()));
    let leaves = store.leaves(0, report.size).await.unwrap();
    let entries = leaves.iter().map(|(bytes, _)| Entry::parse(bytes).unwrap());
    let entries: Vec<Entry> = entries.collect();
    let ids: Vec<String> = entries.iter().map(|e| e.id.to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let of = |begins: &str| {
        let found = ids.iter().filter(|id| id.starts_with(begins));
        found.cloned().collect::<Vec<_>>()
    };
    for id in &told.look_ups {
        assert_eq!(of(&format!("api/look-up/{id}/")).len(), 1, "look-up {id}");
    }
    for (begins, entries) in &told.writes {
        let stand = of(begins);
        assert_eq!(stand.len(), 1, "{begins}: {stand:?}");
        assert!(entries.is_empty() || *entries == stand, "{entries:?}");
    }
    for name in &told.checks {
        // The operation, and what follows from it.
        let its = ["/", ":"].map(|end| format!("check:{name}{end}"));
        let is_its = |e: &&Entry| its.iter().any(|its| e.id.to_string().starts_with(its));
        let acts = entries.iter().filter(is_its).map(|e| e.act.as_str());
        let acts: Vec<&str> = acts.collect();
        let once = |act: &str| acts.iter().filter(|a| **a == act).count();
        assert_eq!(
            [once("check.begun"), once("check.ended")],
            [1, 1],
            "{acts:?}"
        );
    }
}
