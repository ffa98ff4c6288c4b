//! A counter where people apply: nodes that call within one process, a virtual clock, and the hands that interfere.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use concordat::calling::{CallTo, Calls, Place, Records};
use concordat::house::{self, Config};
use courier::{Allowed, CallPlace};
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

/// The node of a supplier, with what goes wrong, and all that was said.
pub struct Meddling {
    node: Node,
    clock: Arc<VirtualClock>,
    fault: Mutex<Option<Fault>>,
    calls: Mutex<u32>,
    log: Mutex<Vec<(Vec<u8>, String)>>,
    /// Where it waits for another before it answers.
    meets: Mutex<Option<Arc<tokio::sync::Barrier>>>,
}

impl Meddling {
    fn new(node: Node, clock: &Arc<VirtualClock>) -> Arc<Self> {
        Arc::new(Self {
            node,
            clock: clock.clone(),
            fault: Mutex::default(),
            calls: Mutex::default(),
            log: Mutex::default(),
            meets: Mutex::default(),
        })
    }

    pub fn fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// How many calls went out.
    pub fn calls(&self) -> u32 {
        *self.calls.lock().unwrap()
    }

    /// The questions that were answered, with the answers as they were before a fault.
    pub fn log(&self) -> Vec<(Vec<u8>, String)> {
        self.log.lock().unwrap().clone()
    }

    /// It answers once the other is asked too.
    pub fn meets(&self, other: &Self) {
        let both = Arc::new(tokio::sync::Barrier::new(2));
        *self.meets.lock().unwrap() = Some(both.clone());
        *other.meets.lock().unwrap() = Some(both);
    }
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
        let meets = self.meets.lock().unwrap().clone();
        if let Some(both) = meets {
            both.wait().await;
        }
        let from = PartyId::parse("ho").unwrap();
        let asked = self.node.call_asked(question, &from).await;
        let answer = self.node.answer_call(asked).await;
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
    /// The tax authority, where it takes part.
    pub tax: Option<Tax>,
}

/// The tax authority's node, and the hands between it and whoever asks.
pub struct Tax {
    pub node: Node,
    pub hand: Arc<Meddling>,
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
pub fn text(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}{path}")).unwrap()
}
pub fn source() -> String {
    text("agreements/demo/euss-check.yaml")
}
/// The agreement with the tax authority.
pub fn tax_agreement() -> AgreementId {
    AgreementId::parse("euss-check-hmrc").unwrap()
}
pub const TAX_UMBRELLA: &str = "agreements/examples/ho-hmrc-umbrella.yaml";
pub fn tax_source() -> String {
    text("agreements/examples/euss-check-hmrc.yaml")
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
        closed: BTreeSet::new(),
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
    all.extend((1..14).map(|n| format!("QQ1000{n:02}A")));
    let tax = counter.tax.iter().flat_map(|tax| tax.hand.log());
    for (question, _) in counter.log().into_iter().chain(tax) {
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

fn route(to: &str, within: u32) -> (RouteId, CallTo) {
    let call = CallTo {
        to: Place::Node(format!("../{to}").into()),
        within,
        failures: 3,
        pause: 300,
    };
    (RouteId::parse(&format!("{to}-api")).unwrap(), call)
}

pub fn config(who: &str, within: u32) -> Config {
    let asks = who == "ho";
    let records = match who {
        "ho" => None,
        "hmrc" => Some(Records::TaxSandbox),
        _ => Some(Records::Sandbox),
    };
    Config {
        party: PartyId::parse(who).unwrap(),
        store: "sqlite:node.db".into(),
        quality: None,
        by_hand: Default::default(),
        calls: Calls {
            records,
            rules: asks
                .then(|| format!("{ROOT}rules/residence-months.toml").into())
                .into_iter()
                .collect(),
            routes: asks.then(|| route("dwp", within)).into_iter().collect(),
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
    config: &Config,
) -> (exchange::Settings, exchange::Ports) {
    let home = dir.join(who);
    if !home.exists() {
        house::init(&home, config).unwrap();
    }
    let entropy = Arc::new(SeededEntropy::new(who));
    house::compose(&home, clock.clone(), entropy).await.unwrap()
}

/// Both nodes know each other and have signed this text; the route is approved.
pub async fn agreed(ho: &Node, dwp: &Node, text_of_it: &str) {
    known(&[ho, dwp]).await;
    let umbrella = "agreements/demo/mou-ho-dwp-gdpr.yaml";
    laid([ho, dwp], &agreement(), text_of_it, umbrella).await;
    signed([ho, dwp], &agreement()).await;
}

/// The first knows each of the others, and they it; their routes are approved.
async fn known(nodes: &[&Node]) {
    let officer = person("o1", Role::DataSharingOfficer);
    for node in nodes {
        node.open(&op("open")).await.unwrap();
        super::common::routes::approved(node).await;
    }
    for other in &nodes[1..] {
        for (node, of) in [(nodes[0], *other), (*other, nodes[0])] {
            let trust = op(&format!("trust/{}", of.party()));
            let card = of.ports().signer.card();
            node.trust(&trust, card, &officer).await.unwrap();
        }
    }
}

/// This text lies on both tables, under the umbrella of this file; its controls are in place.
pub async fn laid(nodes: [&Node; 2], id: &AgreementId, text_of_it: &str, umbrella: &str) {
    for node in nodes {
        laid_at(node, id, text_of_it, umbrella).await;
        super::common::controls::stated(node, id).await;
    }
}

/// This text lies on the table of this node.
pub async fn laid_at(node: &Node, id: &AgreementId, text_of_it: &str, umbrella: &str) {
    let umbrella = vec![text(umbrella)];
    let officer = person("o1", Role::DataSharingOfficer);
    let project = exchange::ids::ProjectId::parse("euss-2019").unwrap();
    let lay = op(&format!("lay/{id}"));
    node.lay(&lay, (id, &project), text_of_it, &umbrella, &officer)
        .await
        .unwrap();
}

/// Both have signed it.
pub async fn signed(nodes: [&Node; 2], id: &AgreementId) {
    let signer = |node: &Node| SignerId::parse(node.party().as_str()).unwrap();
    for node in nodes {
        let day = jiff::civil::date(2019, 3, 25);
        let by = person("s1", Role::Signatory);
        let sign = op(&format!("sign/{id}"));
        node.sign(&sign, id, &signer(node), day, &by).await.unwrap();
    }
    let officer = person("o1", Role::DataSharingOfficer);
    for (node, other) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
        let note = other.signature(id, &signer(other)).await.unwrap();
        let take = op(&format!("take/{id}"));
        node.take_signature(&take, id, &note.unwrap(), &officer)
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

    /// With the tax authority beside, whose agreement is in force.
    pub async fn with_tax() -> Self {
        Self::with_tax_under(&tax_source()).await
    }

    /// As [`Counter::with_tax`]; the benefits department is asked over TLS, on this port of this machine. `before` puts in the
    /// directory of the parties what that needs.
    pub async fn with_tax_over(place: CallPlace, port: u16, before: impl FnOnce(&Path)) -> Self {
        let mut ho = config("ho", 3_600);
        for call in ho.calls.routes.values_mut() {
            call.to = Place::Https(place.clone());
        }
        ho.calls.routes.extend([route("hmrc", 60)]);
        ho.egress = vec![Allowed {
            host: "127.0.0.1".into(),
            port,
            addresses: vec!["127.0.0.1".parse().unwrap()],
        }];
        let dir = tempfile::tempdir().unwrap();
        before(dir.path());
        let counter = Self::made_in(dir, &source(), "2026-01-05T09:00:00Z", ho, true).await;
        counter.lay_tax(&tax_source()).await;
        counter.sign_tax().await;
        counter
    }

    /// As [`Counter::with_tax`], under this text of its agreement.
    pub async fn with_tax_under(text_of_it: &str) -> Self {
        let counter = Self::before_tax(true).await;
        counter.lay_tax(text_of_it).await;
        counter.sign_tax().await;
        counter
    }

    /// With the tax authority beside, with which nothing is agreed yet.
    pub async fn before_tax(route_is_set_up: bool) -> Self {
        let mut ho = config("ho", 5);
        if route_is_set_up {
            ho.calls.routes.extend([route("hmrc", 60)]);
        }
        Self::made(&source(), "2026-01-05T09:00:00Z", ho, true).await
    }

    pub async fn lay_tax(&self, text_of_it: &str) {
        let nodes = [&self.ho, &self.tax().node];
        laid(nodes, &tax_agreement(), text_of_it, TAX_UMBRELLA).await;
    }

    pub async fn sign_tax(&self) {
        signed([&self.ho, &self.tax().node], &tax_agreement()).await;
    }

    pub fn tax(&self) -> &Tax {
        self.tax.as_ref().unwrap()
    }

    async fn from(text: &str, at: &str, within: u32) -> Self {
        Self::made(text, at, config("ho", within), false).await
    }

    async fn made(text: &str, at: &str, ho: Config, tax: bool) -> Self {
        Self::made_in(tempfile::tempdir().unwrap(), text, at, ho, tax).await
    }

    async fn made_in(dir: tempfile::TempDir, text: &str, at: &str, ho: Config, tax: bool) -> Self {
        let clock = Arc::new(VirtualClock::new(at.parse().unwrap()));
        let law = || house::law().unwrap();
        let node = async |who: &str, config: &Config| {
            let (settings, ports) = compose(dir.path(), who, &clock, config).await;
            Node::new(settings, ports, law()).unwrap()
        };
        let dwp = node("dwp", &config("dwp", 5)).await;
        let meddling = Meddling::new(node("dwp", &config("dwp", 5)).await, &clock);
        let tax = match tax {
            false => None,
            true => {
                let of = config("hmrc", 5);
                let hand = Meddling::new(node("hmrc", &of).await, &clock);
                let node = node("hmrc", &of).await;
                Some(Tax { node, hand })
            }
        };
        let (settings, mut ports) = compose(dir.path(), "ho", &clock, &ho).await;
        for (route, calling) in &mut ports.calls.suppliers {
            calling.supplier = match (route.as_str(), &tax) {
                ("hmrc-api", Some(tax)) => tax.hand.clone(),
                _ => meddling.clone(),
            };
        }
        let ho = Node::new(settings, ports, law()).unwrap();
        let mut nodes = vec![&ho, &dwp];
        nodes.extend(tax.as_ref().map(|tax| &tax.node));
        known(&nodes).await;
        let umbrella = "agreements/demo/mou-ho-dwp-gdpr.yaml";
        laid([&ho, &dwp], &agreement(), text, umbrella).await;
        signed([&ho, &dwp], &agreement()).await;
        Self {
            dir,
            clock,
            ho,
            dwp,
            meddling,
            tax,
        }
    }

    pub fn at(&self, text: &str) {
        self.clock.set(text.parse().unwrap()).unwrap();
    }

    pub fn fault(&self, fault: Option<Fault>) {
        self.meddling.fault(fault);
    }

    /// How many calls went out.
    pub fn calls(&self) -> u32 {
        self.meddling.calls()
    }

    /// The questions that were answered, with the answers as they were before a fault.
    pub fn log(&self) -> Vec<(Vec<u8>, String)> {
        self.meddling.log()
    }

    /// The hands between the two departments that are asked.
    pub fn hands(&self) -> [&Meddling; 2] {
        [&self.meddling, &self.tax().hand]
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
        self.assigned_under(&agreement()).await;
    }

    pub async fn assigned_under(&self, id: &AgreementId) {
        let c1 = StaffId::parse("c1").unwrap();
        let officer = person("o1", Role::DataSharingOfficer);
        let assign = op(&format!("assign/{id}"));
        self.ho
            .assign(&assign, (id, NUMBER), &c1, true, &officer)
            .await
            .unwrap();
    }

    /// The entries of the operations of a node whose names begin so, in the order of the ledger.
    pub async fn entries(&self, who: &str, begins: &str) -> Vec<Entry> {
        let node = match who {
            "ho" => &self.ho,
            "hmrc" => &self.tax().node,
            _ => &self.dwp,
        };
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

    /// All that is kept of the nth set of months: each month with yes or no, and nothing else.
    pub async fn kept_months(&self, n: usize) -> BTreeMap<String, String> {
        let held: Vec<Holding> = self.ho.all().await.unwrap();
        let held: Vec<&Holding> = held.iter().filter(|h| h.what() == "months").collect();
        let id = held[n].id();
        assert_eq!(held[n].status(), "counting");
        let items = self.ho.ports().store.items(id, "").await.unwrap();
        let plain = self.ho.ports().vault.open_many(id, &items).await.unwrap();
        assert_eq!(plain.len(), 1);
        let months: BTreeMap<String, String> = serde_json::from_slice(&plain[0]).unwrap();
        assert_eq!(months.len(), 60);
        for (month, truth) in &months {
            let first: jiff::civil::Date = format!("{month}-01").parse().unwrap();
            assert_eq!(first.strftime("%Y-%m").to_string(), *month);
            assert!(truth == "yes" || truth == "no", "{truth}");
        }
        months
    }
}
