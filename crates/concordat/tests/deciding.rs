//! People who decide at one instant, and files that leave at one: one order stands, and nothing is counted twice; on both
//! databases.
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

mod common;
mod service;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use common::{House, agreement, ask, officer, op, person, reopened, rules, start};
use concordat::house::{compose, law};
use exchange::approval::{Approval, MOVES};
use exchange::authority::Role;
use exchange::change::Aggregate;
use exchange::ids::RunId;
use exchange::leg::{Leg, State};
use exchange::ports::{Filling, PortFault, Spool};
use exchange::{Node, Start, Trouble};
use futures_util::future::join_all;
use ledger::Entry;
use service::{Answer, Service, access_text};

/// So often each thing is decided by all at once.
const ROUNDS: usize = 6;

fn stores() -> [[String; 2]; 2] {
    let sqlite = || "sqlite:node.db".to_owned();
    let postgres = || postgres::fresh_database();
    [[sqlite(), sqlite()], [postgres(), postgres()]]
}

/// Those who are known anyway, and these people.
fn known(more: &[(&str, &str)]) -> String {
    let mut text = access_text();
    for (staff, role) in more {
        text += &format!(
            "[[person]]\nstaff = \"{staff}\"\nissuer = \"{}\"\nsubject = \"sub-{staff}\"\nrole = \"{role}\"\nparty = \"ho\"\n\
             clearance = \"ctc\"\nauthorised = true\ntrained-until = \"2026-12-31\"\nteams = [\"matching\"]\n\
             agreements = [\"all\"]\nuntil = \"2026-12-31\"\ngranted-by = \"m1\"\nprovisioned-by = \"a1\"\n",
            service::ISSUER
        );
    }
    text
}

/// Two processes of the Home Office's node, each with its own list of who is known.
struct Two {
    one: Service,
    two: SocketAddr,
}

/// What somebody asks of a process about the approval: who, which verb, in which words.
type Asks = (SocketAddr, &'static str, &'static str, &'static str);

impl Two {
    async fn new(stores: [String; 2], of_one: &str, of_two: &str) -> Self {
        let house = House::stored(stores).await;
        house.agreed().await;
        let one = Service::limited(house, 1_000_000).await;
        one.known(of_one);
        let two = one.beside_to(of_two).await;
        Self { one, two }
    }

    async fn asked(&self, key: &str, (at, who, verb, body): Asks) -> Answer {
        let path = format!("/v1/agreements/contact-thread/approvals/ask/{verb}");
        let key = format!("{key}-{verb}");
        self.one.post_to(at, who, &path, &key, body).await
    }

    /// All ask at once; who is told that the node could not do it then asks again. The entries of whoever was told that it is
    /// done.
    async fn at_once(&self, key: &str, all: &[Asks]) -> BTreeSet<String> {
        let until_it_is_told = async |asks: Asks| loop {
            let answer = self.asked(key, asks).await;
            match answer.status {
                200 => return answer.json()["entries"].as_array().unwrap().clone(),
                403 | 409 => return Vec::new(),
                503 => {}
                other => panic!("{other}: {}", answer.body),
            }
        };
        let told = join_all(all.iter().map(|asks| until_it_is_told(*asks))).await;
        let ids = told.iter().flatten();
        ids.map(|entry| entry["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The entries about approvals, in the order in which they were committed.
    async fn entries(&self) -> Vec<Entry> {
        let store = &self.one.node.ports().store;
        let placed = store.leaves(0, u64::from(u32::MAX)).await.unwrap();
        let waiting = store.pending(u32::MAX).await.unwrap();
        let placed = placed.into_iter().map(|(bytes, _)| bytes);
        let all = placed.chain(waiting.into_iter().map(|entry| entry.bytes));
        let all = all.map(|bytes| Entry::parse(&bytes).unwrap());
        all.filter(|e| e.act.as_str().starts_with("approval."))
            .collect()
    }

    async fn state(&self) -> &'static str {
        let key = Approval::key_of(&agreement(), &ask());
        let approval: Option<Approval> = self.one.node.find(&key).await.unwrap();
        approval.unwrap().status()
    }
}

/// The verb of an act.
fn verb(act: &str) -> &'static str {
    match act {
        "approval.asked" => "ask again",
        "approval.referred" => "refer",
        "approval.granted" => "grant",
        "approval.refused" => "refuse",
        other => panic!("{other}"),
    }
}

// shows: APP-07, APP-18, APP-19
#[test]
fn of_what_people_decide_at_one_instant_one_order_stands() {
    for stores in stores() {
        place::runtime().block_on(async {
            let known = known(&[("i2", "iao"), ("r1", "siro")]);
            let both = Two::new(stores, &known, &known).await;
            let (one, two) = (both.one.address, both.two);
            let why = r#"{"reason":"the need is not shown"}"#;
            for round in 0..ROUNDS {
                let (before, mut state) = (both.entries().await.len(), both.state().await);
                let key = format!("r{round}");
                let volume = (one, "sub-o1", "ask", r#"{"volume":60}"#);
                let mut told = both.at_once(&key, &[volume]).await;
                let all = [
                    (one, "sub-i1", "grant", ""),
                    (two, "sub-i2", "refuse", why),
                    (one, "sub-i2", "refer", why),
                    (two, "sub-r1", "grant", ""),
                ];
                told.extend(both.at_once(&key, &all).await);
                if both.state().await == "referred" {
                    let last = (one, "sub-r1", "refuse", why);
                    told.extend(both.at_once(&key, &[last]).await);
                }
                // Whoever was told that it is done has an entry, nobody else has, and they are steps of one way.
                let entries = both.entries().await.split_off(before);
                let ids: BTreeSet<String> = entries.iter().map(|e| e.id.to_string()).collect();
                assert_eq!(told, ids);
                for entry in &entries {
                    let verb = verb(entry.act.as_str());
                    let step = MOVES
                        .iter()
                        .find(|(of, from, _, _)| *of == verb && *from == Some(state));
                    state = step.unwrap_or_else(|| panic!("{verb} from {state}")).2;
                }
                assert_eq!(both.state().await, state);
                assert!(["granted", "refused"].contains(&state), "{state}");
            }
        });
    }
}

// shows: PTY-13
#[test]
fn nobody_approves_at_the_instant_of_asking_what_they_ask_for() {
    for stores in stores() {
        place::runtime().block_on(async {
            // The role is being changed: one process knows it already.
            let (before, after) = (
                known(&[("d1", "data-sharing-officer")]),
                known(&[("d1", "iao")]),
            );
            let both = Two::new(stores, &before, &after).await;
            for round in 0..ROUNDS {
                let key = format!("r{round}");
                let before = both.entries().await.len();
                let all = [
                    (both.one.address, "sub-d1", "ask", r#"{"volume":60}"#),
                    (both.two, "sub-d1", "grant", ""),
                ];
                both.at_once(&key, &all).await;
                let own = both.asked(&format!("{key}-again"), all[1]).await;
                assert_eq!(own.json()["rules"][0]["rule"], "PTY-13", "{}", own.body);
                let entries = both.entries().await.split_off(before);
                let acts: Vec<&str> = entries.iter().map(|e| e.act.as_str()).collect();
                assert_eq!(acts, ["approval.asked"]);
                let other = (both.one.address, "sub-i1", "grant", "");
                assert_eq!(both.at_once(&key, &[other]).await.len(), 1);
            }
        });
    }
}

/// What happens in another process while a file is sealed in one.
#[derive(Clone, Copy)]
enum Meanwhile {
    /// Another file is sealed.
    Sealed,
    /// What was granted is asked for anew.
    AskedAnew,
}

/// The room for a file that is being sealed: it is gone to when all that may leave was counted.
struct Overtaken {
    port: Arc<dyn Spool>,
    by: Arc<Node>,
    meanwhile: Meanwhile,
}

#[async_trait]
impl Spool for Overtaken {
    async fn begin(&self) -> Result<Box<dyn Filling>, PortFault> {
        let done = match self.meanwhile {
            Meanwhile::Sealed => self.by.seal(&op("b/seal"), &run("b"), &ask()).await,
            Meanwhile::AskedAnew => {
                let (anew, by) = (op("anew"), officer());
                self.by
                    .ask_approval(&anew, &agreement(), &ask(), 60, &by)
                    .await
            }
        };
        done.unwrap();
        self.port.begin().await
    }
}

fn run(name: &str) -> RunId {
    RunId::parse(format!("ask-{name}")).unwrap()
}

/// Three records may go, and files of two each are released; what is sealed is overtaken. It comes to nothing, and tried
/// again it is refused by this rule.
async fn is_overtaken(stores: [String; 2], meanwhile: Meanwhile, rule: &str) {
    let house = House::stored(stores).await;
    house.agreed().await;
    let (ho, id) = (&house.ho, agreement());
    ho.ask_approval(&op("three"), &id, &ask(), 3, &officer())
        .await
        .unwrap();
    ho.approve(
        &op("grant-three"),
        &id,
        &ask(),
        &person("i1", Role::AssetOwner),
    )
    .await
    .unwrap();
    house.at("2026-02-02T09:00:00Z");
    for name in ["a", "b"] {
        let part = Start {
            run: run(name),
            at_most: Some(2),
            reason: Some("the pool is worked through in parts".into()),
            ..start()
        };
        let op = |verb: &str| op(&format!("{name}/{verb}"));
        ho.start(&op("start"), &part, &officer()).await.unwrap();
        ho.validate(&op("validate"), &run(name), &ask())
            .await
            .unwrap();
        ho.release(&op("release"), &run(name), &ask(), &officer())
            .await
            .unwrap();
    }
    let by = Arc::new(reopened(&house, "ho").await);
    let entropy = Arc::new(sim::SeededEntropy::new("overtaken".to_owned()));
    let home = house.home("ho");
    let composed = compose(&home, house.clock.clone(), entropy);
    let (settings, mut ports) = composed.await.unwrap();
    let (port, other) = (ports.spool.clone(), by.clone());
    ports.spool = Arc::new(Overtaken {
        port,
        by: other,
        meanwhile,
    });
    let late = Node::new(settings, ports, law().unwrap()).unwrap();
    let (seal, a) = (op("a/seal"), run("a"));
    let overtaken = late.seal(&seal, &a, &ask()).await;
    assert!(matches!(overtaken, Err(Trouble::Fault(_))), "{overtaken:?}");
    assert_eq!(rules(&by.seal(&seal, &a, &ask()).await), [rule]);
    let leg: Option<Leg> = by.find(&Leg::key_of(&a, &ask())).await.unwrap();
    assert_eq!(leg.unwrap().state(), State::Approved);
}

// shows: APP-08
#[test]
fn files_that_are_sealed_at_one_instant_are_counted_together() {
    for stores in stores() {
        place::runtime().block_on(is_overtaken(stores, Meanwhile::Sealed, "APP-08"));
    }
}

// shows: APP-03, APP-19
#[test]
fn what_is_asked_for_anew_while_a_file_is_sealed_lets_no_file_go() {
    for stores in stores() {
        place::runtime().block_on(is_overtaken(stores, Meanwhile::AskedAnew, "APP-03"));
    }
}
