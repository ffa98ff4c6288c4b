//! Calls that come at one time: they are made durable together, each is answered once, and none stands in the way of others.
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
            .worker_threads(4)
            .enable_all()
            .build()
            .unwrap()
    }
}

mod call;
mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use call::Counter;
use common::paused::Paused;
use concordat::house::{self, Config};
use exchange::check::Caller;
use exchange::ids::PartyId;
use exchange::{Node, Trouble};
use ledger::Entry;
use sim::{SeededEntropy, VirtualClock};

/// How many calls come.
const CALLS: usize = 24;

/// How often somebody signed, and whether whoever signs is held up.
#[derive(Default)]
struct Pace {
    signed: AtomicUsize,
    held: AtomicBool,
}

impl Pace {
    /// Signing takes its time; the other tasks, and the clock by which they sleep, go on meanwhile.
    fn signing(&self) {
        self.signed.fetch_add(1, Ordering::SeqCst);
        tokio::task::block_in_place(|| {
            std::thread::sleep(Duration::from_millis(100));
            while self.held.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }
}

/// A department that answers calls out of this database, how often it signed, and a question to it without its identifier.
struct Answering {
    dwp: Arc<Node>,
    pace: Arc<Pace>,
    question: (String, String),
    _dir: tempfile::TempDir,
}

impl Answering {
    async fn new(store: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ho = node(dir.path(), "ho", "sqlite:node.db".into(), None).await;
        let plain = node(dir.path(), "dwp", store.clone(), None).await;
        call::agreed(&ho, &plain, &call::source()).await;
        let pace = Arc::new(Pace::default());
        let dwp = node(dir.path(), "dwp", store, Some(pace.clone())).await;
        let counter = Counter::new().await;
        let asked = call::request("r", "Test Found", "QQ100001A");
        counter.ho.check(&asked, &Caller::Applicant).await.unwrap();
        let (question, _) = counter.log().pop().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&question).unwrap();
        let name = told["details"]["correlation_id"].as_str().unwrap();
        let question = (String::from_utf8(question.clone()).unwrap(), name.into());
        Self {
            dwp: Arc::new(dwp),
            pace,
            question,
            _dir: dir,
        }
    }

    fn ask(&self, n: usize) -> tokio::task::JoinHandle<Result<(), Trouble>> {
        let question = self
            .question
            .0
            .replace(&self.question.1, &format!("{n:032x}"));
        let dwp = self.dwp.clone();
        tokio::spawn(async move {
            let ho = PartyId::parse("ho").unwrap();
            let asked = dwp.call_asked(question.as_bytes(), &ho).await;
            dwp.answer_call(asked).await.map(|_| ())
        })
    }

    /// How many calls the ledger says were answered: no answer waits for its place.
    async fn answered(&self) -> usize {
        let store = &self.dwp.ports().store;
        let pending = store.pending(99).await.unwrap();
        assert!(pending.iter().all(|entry| !entry.id.starts_with("answer:")));
        let size = store.head().await.unwrap().frontier.size();
        let leaves = store.leaves(0, size).await.unwrap();
        let acts = leaves
            .iter()
            .map(|(bytes, _)| Entry::parse(bytes).unwrap().act);
        acts.filter(|act| act.as_str() == "call.answered").count()
    }
}

async fn node(dir: &Path, who: &str, store: String, slow: Option<Arc<Pace>>) -> Node {
    let home = dir.join(who);
    if !home.exists() {
        let config = call::config(who, 5);
        house::init(&home, &Config { store, ..config }).unwrap();
    }
    let clock = Arc::new(VirtualClock::new("2020-02-29T12:00:00Z".parse().unwrap()));
    let entropy = Arc::new(SeededEntropy::new(who));
    let (settings, mut ports) = house::compose(&home, clock, entropy).await.unwrap();
    if let Some(pace) = slow {
        let signer = ports.signer.clone();
        let meanwhile = Box::new(move || pace.signing());
        ports.signer = Arc::new(Paused { signer, meanwhile });
    }
    Node::new(settings, ports, house::law().unwrap()).unwrap()
}

fn stores() -> [String; 2] {
    ["sqlite:node.db".into(), postgres::fresh_database()]
}

#[test]
fn calls_at_one_time_share_a_checkpoint_and_each_is_answered_once() {
    for store in stores() {
        place::runtime().block_on(async {
            let answering = Answering::new(store).await;
            // Each comes twice: one of the two was there before.
            let calls: Vec<_> = (0..2 * CALLS).map(|n| answering.ask(n / 2)).collect();
            let mut done = Vec::new();
            for call in calls {
                done.push(call.await.unwrap());
            }
            for twins in done.chunks(2) {
                assert_eq!(twins.iter().filter(|d| d.is_ok()).count(), 1);
                let refused = twins.iter().find_map(|d| d.as_ref().err()).unwrap();
                assert!(refused.to_string().contains("used before"), "{refused}");
            }
            assert_eq!(answering.answered().await, CALLS);
            let signed = answering.pace.signed.load(Ordering::SeqCst);
            assert!(signed < CALLS / 2, "{signed} checkpoints");
        });
    }
}

#[test]
fn calls_that_are_given_up_stand_in_nobodys_way() {
    for store in stores() {
        place::runtime().block_on(async {
            let answering = Answering::new(store).await;
            let mut kept = Vec::new();
            for n in 0..CALLS {
                let call = answering.ask(n);
                if n % 3 == 0 {
                    // At whatever it is doing after that time.
                    tokio::time::sleep(Duration::from_millis(n as u64)).await;
                    call.abort();
                } else {
                    kept.push(call);
                }
            }
            let many = kept.len();
            for call in kept {
                call.await.unwrap().unwrap();
            }
            let answered = answering.answered().await;
            assert!((many..=CALLS).contains(&answered), "{answered}");
        });
    }
}

#[test]
fn a_call_that_is_given_up_before_its_turn_is_not_answered_later() {
    for store in stores() {
        place::runtime().block_on(async {
            let answering = Answering::new(store).await;
            let pace = &answering.pace;
            pace.held.store(true, Ordering::SeqCst);
            let first = answering.ask(0);
            while pace.signed.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // It comes to wait for its turn, which cannot come before the first is let go.
            let second = answering.ask(1);
            tokio::time::sleep(Duration::from_millis(250)).await;
            second.abort();
            assert!(second.await.unwrap_err().is_cancelled());
            pace.held.store(false, Ordering::SeqCst);
            first.await.unwrap().unwrap();
            answering.ask(2).await.unwrap().unwrap();
            assert_eq!(answering.answered().await, 2);
        });
    }
}

#[test]
fn what_stands_in_the_way_of_one_stops_none_of_the_others() {
    for store in stores() {
        place::runtime().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let plain = node(dir.path(), "ho", store.clone(), None).await;
            let dwp = node(dir.path(), "dwp", "sqlite:node.db".into(), None).await;
            call::agreed(&plain, &dwp, &call::source()).await;
            let ho = Arc::new(node(dir.path(), "ho", store, Some(Arc::default())).await);
            // Two for each application: one of them finds it changed.
            let checks: Vec<_> = (0..CALLS)
                .map(|n| {
                    let ho = ho.clone();
                    tokio::spawn(async move {
                        let name = format!("r{n}");
                        let mut request = call::request(&name, "Test Found", "QQ100001A");
                        request.application = format!("GWF-{}", n / 2).into();
                        ho.check(&request, &Caller::Applicant).await.is_ok()
                    })
                })
                .collect();
            let mut done = Vec::new();
            for check in checks {
                done.push(check.await.unwrap());
            }
            for twins in done.chunks(2) {
                assert_eq!(twins.iter().filter(|d| **d).count(), 1, "{done:?}");
            }
        });
    }
}
