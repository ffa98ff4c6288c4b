//! A counter where people apply: two nodes that call within one process, a virtual clock, and the hands that interfere.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use concordat::calling::{CallTo, Calls, Place, Records};
use concordat::house::{self, Config};
use exchange::Node;
use exchange::authority::{Person, Role};
use exchange::change::Aggregate as _;
use exchange::check::{Declaration, Request, Stated};
use exchange::ids::{AgreementId, FlowId, OperationId, PartyId, RouteId, SignerId, StaffId};
use exchange::ports::{CallFault, Supplier};
use exchange::retention::Holding;
use jiff::SignedDuration;
use ledger::Entry;
use sim::{SeededEntropy, VirtualClock};
use zeroize::Zeroizing;

/// The number of the application, unless a test has several.
pub const NUMBER: &str = "GWF-CANARY";
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Garbage,
    Replace(&'static str, &'static str),
    OtherCall,
    Unreachable,
    Late,
    Never,
}

/// The other node, with what goes wrong, and all that was said.
struct Meddling {
    dwp: Node,
    clock: Arc<VirtualClock>,
    fault: Mutex<Option<Fault>>,
    calls: Mutex<u32>,
    log: Mutex<Vec<(Vec<u8>, String)>>,
}

#[async_trait]
impl Supplier for Meddling {
    async fn ask(
        &self,
        question: &[u8],
        within: SignedDuration,
    ) -> Result<Zeroizing<Vec<u8>>, CallFault> {
        *self.calls.lock().unwrap() += 1;
        let fault = *self.fault.lock().unwrap();
        match fault {
            Some(Fault::Unreachable) => return Err(CallFault::Failed),
            Some(Fault::Never) => std::future::pending().await,
            _ => {}
        }
        let from = PartyId::parse("ho").unwrap();
        let asked = self.dwp.call_asked(question, &from).await;
        let answer = self.dwp.answer_call(asked).await;
        let answer = answer.map_err(|_| CallFault::Failed)?;
        let text = String::from_utf8(answer.to_vec()).unwrap();
        let mut log = self.log.lock().unwrap();
        log.push((question.to_vec(), text.clone()));
        let text = match fault {
            Some(Fault::Garbage) => "\u{0}garbage QQ100001A".to_owned(),
            Some(Fault::Replace(what, with)) => text.replace(what, with),
            Some(Fault::OtherCall) => {
                let name: serde_json::Value = serde_json::from_str(&text).unwrap();
                text.replace(name["correlation_id"].as_str().unwrap(), &"0".repeat(32))
            }
            Some(Fault::Late) => {
                let more = within + SignedDuration::from_millis(1);
                self.clock.advance(more).unwrap();
                text
            }
            _ => text,
        };
        Ok(Zeroizing::new(text.into_bytes()))
    }
}

pub struct Counter {
    pub dir: tempfile::TempDir,
    clock: Arc<VirtualClock>,
    pub ho: Node,
    pub dwp: Node,
    meddling: Arc<Meddling>,
}

fn op(text: &str) -> OperationId {
    OperationId::parse(text).unwrap()
}
pub fn person(staff: &str, role: Role) -> Person {
    let staff = StaffId::parse(staff).unwrap();
    Person { staff, role }
}
pub fn agreement() -> AgreementId {
    AgreementId::parse("euss-check-demo").unwrap()
}
fn text(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}{path}")).unwrap()
}
pub fn source() -> String {
    text("agreements/demo/euss-check.yaml")
}
/// The version of the rules that ship.
pub fn version() -> String {
    let rules = concordat::calling::rules(Path::new(&format!("{ROOT}rules/residence-months.toml")));
    rules.unwrap().version().to_owned()
}

/// A request of this person, with a whole declaration.
pub fn request(name: &str, person: &str, nino: &str) -> Request {
    let (forename, surname) = person.split_once(' ').unwrap();
    let details = [
        ("forename", forename),
        ("surname", surname),
        ("other_names", "Canaryother Former"),
        ("date_of_birth", "1980-02-29"),
        ("nino", nino),
    ];
    let details = details.map(|(n, v)| (n.to_owned(), Zeroizing::new(v.to_owned())));
    Request {
        request: name.to_owned(),
        agreement: agreement(),
        flow: FlowId::parse("check").unwrap(),
        application: NUMBER.to_owned().into(),
        applied: None,
        declaration: Some(Declaration {
            signed: true,
            names: vec![PartyId::parse("dwp").unwrap()],
        }),
        details: details.into(),
        facts: BTreeMap::new(),
    }
}

/// Facts that are so, each with a reason.
pub fn reasons(names: &[&str]) -> BTreeMap<String, Stated> {
    let stated = |name: &&str| {
        let because = "the CANARY reason".to_owned().into();
        let value = "yes".to_owned();
        ((*name).to_owned(), Stated { value, because })
    };
    names.iter().map(stated).collect()
}

/// What must be in no file: what was asked, what was answered, how the calls and applications are named.
pub fn canaries(counter: &Counter) -> Vec<String> {
    let mut all = [
        "Test Found",
        "Canaryother",
        "1980-02-29",
        "GWF-CANARY",
        "2013-01-01",
        "CANARY",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend((1..11).map(|n| format!("QQ1000{n:02}A")));
    for (question, _) in counter.log() {
        let question: serde_json::Value = serde_json::from_slice(&question).unwrap();
        all.push(
            question["details"]["correlation_id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    all
}

/// The canaries that are in files below `dir`, each with the file.
pub fn found_in(dir: &Path, canaries: &[String]) -> Vec<String> {
    let search = aho_corasick::AhoCorasick::new(canaries).unwrap();
    let mut found = Vec::new();
    for path in super::common::files(dir) {
        let bytes = std::fs::read(&path).unwrap();
        for hit in search.find_iter(&bytes) {
            found.push(format!("{} in {}", canaries[hit.pattern()], path.display()));
        }
    }
    found
}

pub fn config(who: &str, within: u32) -> Config {
    let to = CallTo {
        to: Place::Node("../dwp".into()),
        within,
        failures: 3,
        pause: 300,
    };
    let route = RouteId::parse("dwp-api").unwrap();
    let asks = who == "ho";
    Config {
        party: PartyId::parse(who).unwrap(),
        store: "sqlite:node.db".into(),
        quality: None,
        by_hand: Default::default(),
        calls: Calls {
            records: (!asks).then_some(Records::Sandbox),
            rules: asks
                .then(|| format!("{ROOT}rules/residence-months.toml").into())
                .into_iter()
                .collect(),
            routes: asks.then_some((route, to)).into_iter().collect(),
        },
        channels: Default::default(),
        permanent: None,
        traces: None,
        evidence: agreement::Period::parse("7 years").unwrap(),
        backups: None,
        node_key: None,
        register: None,
        master: None,
        solution: None,
        egress: vec![],
        routes: Default::default(),
    }
}

async fn compose(
    dir: &Path,
    who: &str,
    clock: &Arc<VirtualClock>,
    within: u32,
) -> (exchange::Settings, exchange::Ports) {
    let home = dir.join(who);
    if !home.exists() {
        house::init(&home, &config(who, within)).unwrap();
    }
    let entropy = Arc::new(SeededEntropy::new(who));
    house::compose(&home, clock.clone(), entropy).await.unwrap()
}

/// Both nodes know each other and have signed this text; the route is approved.
pub async fn agreed(ho: &Node, dwp: &Node, text_of_it: &str) {
    let umbrella = vec![text("agreements/demo/mou-ho-dwp-gdpr.yaml")];
    let officer = person("o1", Role::DataSharingOfficer);
    for node in [ho, dwp] {
        node.open(&op("open")).await.unwrap();
        super::common::routes::approved(node).await;
    }
    for (node, other) in [(ho, dwp), (dwp, ho)] {
        let card = other.ports().signer.card();
        node.trust(&op("trust"), card, &officer).await.unwrap();
        let project = exchange::ids::ProjectId::parse("euss-2019").unwrap();
        let id = (&agreement(), &project);
        node.lay(&op("lay"), id, text_of_it, &umbrella, &officer)
            .await
            .unwrap();
        super::common::controls::stated(node, &agreement()).await;
        let signer = SignerId::parse(node.party().as_str()).unwrap();
        let day = jiff::civil::date(2019, 3, 25);
        let signatory = person("s1", Role::Signatory);
        node.sign(&op("sign"), &agreement(), &signer, day, &signatory)
            .await
            .unwrap();
    }
    for (node, other) in [(ho, dwp), (dwp, ho)] {
        let signer = SignerId::parse(other.party().as_str()).unwrap();
        let note = other
            .signature(&agreement(), &signer)
            .await
            .unwrap()
            .unwrap();
        node.take_signature(&op("take"), &agreement(), &note, &officer)
            .await
            .unwrap();
    }
}

impl Counter {
    pub async fn new() -> Self {
        Self::under(&source()).await
    }

    pub async fn under(text: &str) -> Self {
        Self::from(text, "2020-02-29T12:00:00Z", 5).await
    }

    /// Nodes that a program with the machine's clock can go on with: it is past this, and before 2036.
    pub async fn under_this_clock() -> Self {
        Self::from(&source(), "2026-01-05T09:00:00Z", 3_600).await
    }

    async fn from(text: &str, at: &str, within: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new(at.parse().unwrap()));
        let law = || house::law().unwrap();
        let (settings, ports) = compose(dir.path(), "dwp", &clock, within).await;
        let dwp = Node::new(settings, ports, law()).unwrap();
        let (settings, ports) = compose(dir.path(), "dwp", &clock, within).await;
        let meddling = Arc::new(Meddling {
            dwp: Node::new(settings, ports, law()).unwrap(),
            clock: clock.clone(),
            fault: Mutex::default(),
            calls: Mutex::default(),
            log: Mutex::default(),
        });
        let (settings, mut ports) = compose(dir.path(), "ho", &clock, within).await;
        for calling in ports.calls.suppliers.values_mut() {
            calling.supplier = meddling.clone();
        }
        let ho = Node::new(settings, ports, law()).unwrap();
        agreed(&ho, &dwp, text).await;
        Self {
            dir,
            clock,
            ho,
            dwp,
            meddling,
        }
    }

    pub fn at(&self, text: &str) {
        self.clock.set(text.parse().unwrap()).unwrap();
    }

    pub fn fault(&self, fault: Option<Fault>) {
        *self.meddling.fault.lock().unwrap() = fault;
    }

    /// How many calls went out.
    pub fn calls(&self) -> u32 {
        *self.meddling.calls.lock().unwrap()
    }

    /// The questions that were answered, with the answers as they were before a fault.
    pub fn log(&self) -> Vec<(Vec<u8>, String)> {
        self.meddling.log.lock().unwrap().clone()
    }

    /// The line works again, by a check without a fault.
    pub async fn restored(&self, n: &str) {
        self.fault(None);
        let mut request = request(&format!("restore{n}"), "Test Nobody", "QQ100099A");
        request.application = format!("GWF-restore-{n}").into();
        let caller = exchange::check::Caller::Applicant;
        self.ho.check(&request, &caller).await.unwrap();
    }

    /// The caseworker c1 works on the application.
    pub async fn assigned(&self) {
        let c1 = StaffId::parse("c1").unwrap();
        let officer = person("o1", Role::DataSharingOfficer);
        let of = (&agreement(), NUMBER);
        self.ho
            .assign(&op("assign"), of, &c1, true, &officer)
            .await
            .unwrap();
    }

    /// The entries of the operations of a node whose names begin so, in the order of the ledger.
    pub async fn entries(&self, who: &str, begins: &str) -> Vec<Entry> {
        let node = if who == "ho" { &self.ho } else { &self.dwp };
        node.work().await.unwrap();
        let store = &node.ports().store;
        let size = store.head().await.unwrap().frontier.size();
        let leaves = store.leaves(0, size).await.unwrap();
        let all = leaves
            .into_iter()
            .map(|(bytes, _)| Entry::parse(&bytes).unwrap());
        all.filter(|e| e.id.to_string().starts_with(begins))
            .collect()
    }

    /// The opened rows of the nth set of months: the fields with their values.
    pub async fn kept_rows(&self, n: usize) -> Vec<BTreeMap<String, String>> {
        let held: Vec<Holding> = self.ho.all().await.unwrap();
        let held: Vec<&Holding> = held.iter().filter(|h| h.what() == "months").collect();
        let id = held[n].id();
        assert_eq!(held[n].status(), "counting");
        let items = self.ho.ports().store.items(id, "").await.unwrap();
        let plain = self.ho.ports().vault.open_many(id, &items).await.unwrap();
        assert_eq!(plain.len(), 60);
        plain
            .iter()
            .map(|row| serde_json::from_slice(row).unwrap())
            .collect()
    }
}
