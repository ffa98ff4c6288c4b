//! Several processes of one node over one PostgreSQL database, as several nodes with pools and names of their own: what
//! they do together is what one would have done.
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
use std::sync::Arc;

use async_trait::async_trait;
use common::paused::Paused;
use common::{House, agreement, analyst, ask, officer, op, reopened, reply, run, start};
use concordat::house::{compose, law};
use courier::DirectoryShelf;
use exchange::authority::Role;
use exchange::cover::Cover;
use exchange::message::{Head, Manifest};
use exchange::pact::Move;
use exchange::ports::{
    Forms, Opened, PackageFault, Parts, PartyCard, PortFault, Reading, Sealer, SealingFile,
    Spooled, Writing,
};
use exchange::table::{FileFault, Format, Shape, Table};
use exchange::{Node, Ports};
use ledger::{Fact, VerifierKey, verify_log};
use serde_json::json;
use service::Service;

/// How many processes each node has.
const PROCESSES: usize = 3;

/// A house whose nodes keep their state in PostgreSQL, and an agreement is in force.
async fn house(stores: [String; 2]) -> House {
    let house = House::stored(stores).await;
    house.agreed().await;
    house
}

/// All processes of both nodes work at once, until nothing is left to do.
async fn settle(processes: &[Arc<Node>]) {
    let mut idle = 0;
    while idle < 3 {
        let mut round = tokio::task::JoinSet::new();
        for node in processes {
            let node = node.clone();
            round.spawn(async move { node.work().await.unwrap() });
        }
        let worked = round.join_all().await;
        for one in &worked {
            assert_eq!(one.faults, Vec::<String>::new());
        }
        idle = if worked.iter().any(|one| one.busy) {
            0
        } else {
            idle + 1
        };
    }
}

/// The ledger is whole and published, and what came in came in once.
async fn is_verified(house: &House, who: &str, node: &Node) -> u64 {
    let shelf = DirectoryShelf::new(house.home(who).join("ledger"));
    let key = VerifierKey::parse(&node.ports().signer.card().verifier).unwrap();
    let report = verify_log(&shelf, &key, None).unwrap();
    let head = node.ports().store.head().await.unwrap();
    assert_eq!(
        (report.size, report.root),
        (head.frontier.size(), head.frontier.root())
    );
    assert_eq!(node.ports().store.pending(9).await.unwrap(), []);
    report.size
}

async fn is_whole(house: &House, who: &str, node: &Node) {
    let size = is_verified(house, who, node).await;
    assert_eq!(node.ports().store.open_effects().await.unwrap(), 0);
    let mut received = BTreeSet::new();
    for (bytes, _) in node.ports().store.leaves(0, size).await.unwrap() {
        let entry = ledger::Entry::parse(&bytes).unwrap();
        assert_ne!(entry.act.as_str(), "package.repeated", "sent twice");
        if entry.act.as_str() == "leg.received" {
            let Some(Fact::Id(package)) = entry.facts.get(&ledger::Code::of("package")) else {
                panic!("no package is named");
            };
            assert!(received.insert(package.to_string()), "received twice");
        }
    }
    assert_eq!(received.len(), 1, "{who}");
}

#[test]
fn processes_that_work_at_once_send_each_message_once_and_make_one_ledger() {
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(async {
        let house = house(stores).await;
        let mut all = Vec::new();
        for who in ["ho", "hmrc"] {
            let mut names = BTreeSet::new();
            for n in 0..PROCESSES {
                let entropy = Arc::new(sim::SeededEntropy::new(format!("{who}-{n}")));
                let (settings, ports) = compose(&house.home(who), house.clock.clone(), entropy)
                    .await
                    .unwrap();
                names.insert(settings.instance.as_str().to_owned());
                all.push(Arc::new(
                    Node::new(settings, ports, law().unwrap()).unwrap(),
                ));
            }
            assert_eq!(names.len(), PROCESSES, "each has a name of its own");
        }
        let (ho, hmrc) = (&all[0], &all[PROCESSES]);

        house.at("2026-02-02T09:00:00Z");
        ho.start(&op("prepare"), &start(), &officer())
            .await
            .unwrap();
        ho.validate(&op("validate"), &run(), &ask()).await.unwrap();
        ho.release(&op("release"), &run(), &ask(), &officer())
            .await
            .unwrap();
        ho.seal(&op("seal"), &run(), &ask()).await.unwrap();
        settle(&all).await;
        house.at("2026-02-03T09:00:00Z");
        hmrc.match_rows(&op("match"), &run(), &ask(), &analyst())
            .await
            .unwrap();
        house.review(hmrc, &ask(), &analyst()).await;
        let (id, flow, run) = (agreement(), reply(), run());
        hmrc.prepare_next(&op("next"), &id, &flow, &run, &analyst())
            .await
            .unwrap();
        hmrc.validate(&op("validate2"), &run, &flow).await.unwrap();
        hmrc.release(&op("release2"), &run, &flow, &analyst())
            .await
            .unwrap();
        hmrc.seal(&op("seal2"), &run, &flow).await.unwrap();
        settle(&all).await;
        is_whole(&house, "ho", ho).await;
        is_whole(&house, "hmrc", hmrc).await;
    });
}

#[test]
fn a_sequencer_that_is_paused_past_its_lease_makes_no_second_history() {
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(async {
        let house = house(stores).await;
        let other = reopened(&house, "ho").await;
        house.at("2026-02-02T09:00:00Z");
        other
            .start(&op("prepare"), &start(), &officer())
            .await
            .unwrap();
        let before = other.ports().store.head().await.unwrap();
        let waiting = other.ports().store.pending(99).await.unwrap();
        assert!(!waiting.is_empty());

        let (dir, clock) = (house.home("ho"), house.clock.clone());
        let entropy = Arc::new(sim::SeededEntropy::new("paused".to_owned()));
        let (settings, mut ports) = compose(&dir, clock.clone(), entropy).await.unwrap();
        let signer = ports.signer.clone();
        let meanwhile = Box::new(move || {
            clock.set("2026-02-02T09:01:00Z".parse().unwrap()).unwrap();
            // The other comes to the head, and waits for it.
            std::thread::sleep(std::time::Duration::from_millis(200));
        });
        ports.signer = Arc::new(Paused { signer, meanwhile });
        let paused = Node::new(settings, ports, law().unwrap()).unwrap();
        let (one, two) = tokio::join!(paused.sequence(), other.sequence());
        assert_ne!(one.unwrap(), two.unwrap(), "each entry is placed once");
        while other.sequence().await.unwrap() {}
        let size = is_verified(&house, "ho", &other).await;
        assert_eq!(size, before.frontier.size() + waiting.len() as u64);
    });
}

// shows: REV-10
#[test]
fn an_agreement_that_another_process_suspends_is_suspended_for_all_at_once() {
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(async {
        let house = house(stores).await;
        let other = reopened(&house, "ho").await;
        let on = jiff::civil::date(2026, 2, 2);
        let owner = common::person("r1", Role::RiskOwner);
        let stands = async || {
            house
                .ho
                .agreement(&agreement())
                .await
                .unwrap()
                .0
                .in_force(on)
        };
        assert_eq!(stands().await, Ok(()));
        for (what, running) in [(Move::Suspend, false), (Move::Resume, true)] {
            let (op, why) = (op(what.name()), "a loss is being looked into");
            let id = agreement();
            other.stand(&op, &id, what, why, &owner).await.unwrap();
            assert_eq!(stands().await.is_ok(), running, "{}", what.name());
        }
    });
}

#[test]
fn two_servers_answer_one_idempotency_key_once() {
    const ASK: &str = "/v1/agreements/contact-thread/approvals/ask/ask";
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(async {
        let one = Service::of(house(stores).await).await;
        let two = one.beside().await;
        let body = r#"{"volume":60}"#;
        let before = one.node.ports().store.head().await.unwrap().frontier.size();
        let asked = |at| one.post_to(at, "sub-o1", ASK, "k1", body);
        let first = one.address;
        let (a, b, c, d) = tokio::join!(asked(first), asked(two), asked(first), asked(two));
        let answers = [a, b, c, d];
        let firsts = answers.iter().filter(|a| a.json()["done_before"] == false);
        assert_eq!(firsts.count(), 1, "{answers:?}");
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let again = one.post_to(two, "sub-o1", ASK, "k1", body).await;
        assert_eq!(again.json(), json!({ "done_before": true, "entries": [] }));
        let other = one
            .post_to(two, "sub-o1", ASK, "k1", r#"{"volume":70}"#)
            .await;
        assert_eq!(other.code(), "idempotency-key-reused");
        one.node.work().await.unwrap();
        let after = one.node.ports().store.head().await.unwrap().frontier.size();
        assert_eq!(after, before + 1);
    });
}

/// A process that comes to a file as another does, and is slower.
struct Overtaken<P: ?Sized> {
    port: Arc<P>,
    by: Arc<Node>,
}

impl<P: ?Sized> Overtaken<P> {
    async fn overtake(&self) {
        self.by.open_received(&run(), &ask()).await.unwrap();
    }
}

/// The other opens the package before any of it is read here.
#[async_trait]
impl Sealer for Overtaken<dyn Sealer> {
    fn begin(
        &self,
        manifest: &Manifest,
        head: &Head,
        to: &PartyCard,
    ) -> Result<Box<dyn SealingFile>, PortFault> {
        self.port.begin(manifest, head, to)
    }
    async fn inspect(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Manifest, PackageFault>, PortFault> {
        self.port.inspect(package, parties).await
    }
    async fn open(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Opened, PackageFault>, PortFault> {
        self.overtake().await;
        self.port.open(package, parties).await
    }
}

/// The other opens the file when a thousand of its rows were read here, and the rest of it is gone.
#[async_trait]
impl Forms for Overtaken<dyn Forms> {
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        self.port.begin(format, cover)
    }
    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault> {
        let mut reading = self.port.read(format, shape, file).await?;
        let mut page = reading.next().await?.unwrap().unwrap();
        page.rows = page.rows.iter().cycle().take(1_000).cloned().collect();
        Ok(Box::new(CutOff {
            first: Some(page),
            overtaken: Self {
                port: self.port.clone(),
                by: self.by.clone(),
            },
        }))
    }
}

struct CutOff {
    first: Option<Table>,
    overtaken: Overtaken<dyn Forms>,
}

#[async_trait]
impl Reading for CutOff {
    async fn next(&mut self) -> Result<Result<Option<Table>, FileFault>, PortFault> {
        if let Some(first) = self.first.take() {
            return Ok(Ok(Some(first)));
        }
        self.overtaken.overtake().await;
        Ok(Err(FileFault {
            rule: "RUN-09".into(),
            row: None,
            column: None,
            what: "the file ends early".into(),
        }))
    }
}

/// HMRC has two processes; the ports of one are changed by `slow`. It tells no fault and destroys no key: what the other
/// keeps stays readable.
async fn is_overtaken(stores: [String; 2], slow: impl FnOnce(&mut Ports, Arc<Node>)) {
    let house = House::stored(stores).await;
    house.sealed().await;
    house.ho.work().await.unwrap();
    let by = Arc::new(reopened(&house, "hmrc").await);
    let entropy = Arc::new(sim::SeededEntropy::new("overtaken".to_owned()));
    let (settings, mut ports) = compose(&house.home("hmrc"), house.clock.clone(), entropy)
        .await
        .unwrap();
    slow(&mut ports, by.clone());
    let late = Node::new(settings, ports, law().unwrap()).unwrap();
    let worked = late.work().await.unwrap();
    assert_eq!(worked.faults, Vec::<String>::new());
    by.match_rows(&op("match"), &run(), &ask(), &analyst())
        .await
        .unwrap();
}

#[test]
fn a_file_that_another_process_opens_first_is_no_fault() {
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(is_overtaken(stores, |ports, by| {
        let port = ports.sealer.clone();
        ports.sealer = Arc::new(Overtaken { port, by });
    }));
}

#[test]
fn a_file_that_another_process_opens_meanwhile_keeps_its_keys() {
    let stores = [postgres::fresh_database(), postgres::fresh_database()];
    place::runtime().block_on(is_overtaken(stores, |ports, by| {
        let port = ports.forms.clone();
        ports.forms = Arc::new(Overtaken { port, by });
    }));
}
