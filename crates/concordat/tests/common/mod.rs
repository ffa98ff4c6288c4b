//! Two nodes in a temporary directory, composed as the program composes them, and the hands that interfere.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod controls;
pub mod paused;
pub mod routes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use concordat::house::{self, Config};
use exchange::authority::{Person, Role};
use exchange::cover::Cover;
use exchange::ids::{
    AgreementId, FlowId, OperationId, PartyId, ProjectId, RunId, SignerId, StaffId,
};
use exchange::matches::Match;
use exchange::ports::{Forms, Parts, PortFault, Reading, Writing};
use exchange::table::{Format, Gathering, Shape, Table};
use exchange::{Node, Start, Trouble};
use ledger::Entry;
use sim::{SeededEntropy, VirtualClock, master::Master, register::Register};

pub const SEED: u64 = 7;
pub const PEOPLE: usize = 40;

/// What a hand does to a file after the node built it and before it is sealed.
pub type Hand = fn(Format, &Table, Vec<u8>) -> Vec<u8>;

struct Meddling {
    inner: Arc<dyn Forms>,
    hand: Hand,
}

#[async_trait]
impl Forms for Meddling {
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        let (inner, hand, cover) = (self.inner.clone(), self.hand, cover.clone());
        Ok(Box::new(Gathering::new(&cover.names(), move |table| {
            Ok(hand(format, &table, inner.write(format, &cover, &table)?))
        })))
    }
    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault> {
        self.inner.read(format, shape, file).await
    }
}

/// Two nodes and their world.
pub struct House {
    pub dir: tempfile::TempDir,
    pub clock: Arc<VirtualClock>,
    pub ho: Node,
    pub hmrc: Node,
}

pub fn op(text: &str) -> OperationId {
    OperationId::parse(text).unwrap()
}
pub fn agreement() -> AgreementId {
    AgreementId::parse("contact-thread").unwrap()
}
pub fn project() -> ProjectId {
    ProjectId::parse("contact-2026").unwrap()
}
pub fn run() -> RunId {
    RunId::parse("ask-2026-02").unwrap()
}
pub fn ask() -> FlowId {
    FlowId::parse("ask").unwrap()
}
pub fn start() -> Start {
    Start {
        agreement: agreement(),
        flow: ask(),
        run: run(),
        at_most: None,
        reason: None,
        reply_by: None,
    }
}
pub fn reply() -> FlowId {
    FlowId::parse("reply").unwrap()
}
pub fn person(staff: &str, role: Role) -> Person {
    Person {
        staff: StaffId::parse(staff).unwrap(),
        role,
    }
}
pub fn officer() -> Person {
    person("o1", Role::DataSharingOfficer)
}
pub fn analyst() -> Person {
    person("a1", Role::Analyst)
}
pub fn caseworker() -> Person {
    person("c1", Role::Caseworker)
}

/// The text of the agreement that the thread runs.
pub fn source() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements/contact-thread.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// The text of its umbrella.
pub fn umbrellas() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements/mou-u-d.yaml");
    vec![std::fs::read_to_string(path).unwrap()]
}

/// The folder of the matching solution that ships for a party's list.
pub fn models(party: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models")
        .join(party)
}

/// The node's matching solution is tested and in use.
pub async fn tested(node: &Node, party: &str) {
    let report = std::fs::read(models(party).join("quality.json")).unwrap();
    node.test_solution(&op("test-solution"), &report, &analyst())
        .await
        .unwrap();
    node.use_solution(&op("use-solution"), &person("i1", Role::AssetOwner))
        .await
        .unwrap();
}

/// The signatory of a node's party.
pub fn signer(node: &Node) -> SignerId {
    SignerId::parse(node.party().as_str()).unwrap()
}

/// The rules of a refusal.
pub fn rules(result: &Result<Vec<Entry>, Trouble>) -> Vec<&'static str> {
    match result {
        Err(Trouble::Refused(refusals)) => refusals.iter().map(|r| r.rule).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

impl House {
    /// Two nodes; `ho` and `hmrc` are the hands that meddle with their outbound files.
    pub async fn new(ho: Option<Hand>, hmrc: Option<Hand>) -> Self {
        let files = ["sqlite:node.db", "sqlite:node.db"];
        Self::made([ho, hmrc], files.map(str::to_owned)).await
    }

    /// Two nodes whose state is in these databases.
    pub async fn stored(stores: [String; 2]) -> Self {
        Self::made([None, None], stores).await
    }

    async fn made([ho, hmrc]: [Option<Hand>; 2], [ho_store, hmrc_store]: [String; 2]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new("2026-01-05T09:00:00Z".parse().unwrap()));
        let as_of = jiff::civil::date(2026, 1, 5);
        for who in ["ho", "hmrc"] {
            std::fs::create_dir_all(dir.path().join(who)).unwrap();
        }
        let register = Register {
            seed: SEED,
            size: PEOPLE,
            as_of,
        };
        register
            .write(&dir.path().join("ho/register.db"))
            .await
            .unwrap();
        let master = Master {
            seed: SEED,
            register_size: PEOPLE as u64,
            strangers: 60,
        };
        master
            .write(&dir.path().join("hmrc/master.db"))
            .await
            .unwrap();
        let ho = node(dir.path(), "ho", ho_store, &clock, ho).await;
        let hmrc = node(dir.path(), "hmrc", hmrc_store, &clock, hmrc).await;
        Self {
            dir,
            clock,
            ho,
            hmrc,
        }
    }

    pub fn home(&self, who: &str) -> PathBuf {
        self.dir.path().join(who)
    }

    pub fn at(&self, text: &str) {
        self.clock.set(text.parse().unwrap()).unwrap();
    }

    /// Lets both nodes work until nothing is left to do.
    pub async fn settle(&self) -> Vec<Entry> {
        let mut all = Vec::new();
        loop {
            let mut busy = false;
            for node in [&self.ho, &self.hmrc] {
                let worked = node.work().await.unwrap();
                assert_eq!(worked.faults, Vec::<String>::new());
                busy |= worked.busy;
                all.extend(worked.entries);
            }
            if !busy {
                return all;
            }
        }
    }

    /// An agreement in force on both nodes, and the approval.
    pub async fn agreed(&self) {
        self.agreed_on(&source()).await;
    }

    /// As [`House::agreed`], of this text.
    pub async fn agreed_on(&self, source: &str) {
        let (ho, hmrc, id) = (&self.ho, &self.hmrc, agreement());
        for node in [ho, hmrc] {
            node.open(&op("open")).await.unwrap();
            routes::approved(node).await;
        }
        ho.trust(&op("trust"), hmrc.ports().signer.card(), &officer())
            .await
            .unwrap();
        hmrc.trust(&op("trust"), ho.ports().signer.card(), &analyst())
            .await
            .unwrap();
        let laid = (&id, &project());
        ho.lay(&op("lay"), laid, source, &umbrellas(), &officer())
            .await
            .unwrap();
        hmrc.lay(&op("lay"), laid, source, &umbrellas(), &analyst())
            .await
            .unwrap();
        for node in [ho, hmrc] {
            controls::stated(node, &id).await;
        }
        tested(hmrc, "hmrc").await;
        self.at("2026-01-07T09:00:00Z");
        let day = jiff::civil::date(2026, 1, 7);
        for node in [ho, hmrc] {
            node.sign(
                &op("sign"),
                &id,
                &signer(node),
                day,
                &person("s1", Role::Signatory),
            )
            .await
            .unwrap();
        }
        let note = hmrc.signature(&id, &signer(hmrc)).await.unwrap().unwrap();
        ho.take_signature(&op("take"), &id, &note, &officer())
            .await
            .unwrap();
        let note = ho.signature(&id, &signer(ho)).await.unwrap().unwrap();
        hmrc.take_signature(&op("take"), &id, &note, &analyst())
            .await
            .unwrap();
        ho.ask_approval(&op("ask-approval"), &id, &ask(), 50, &officer())
            .await
            .unwrap();
        ho.approve(&op("approve"), &id, &ask(), &person("i1", Role::AssetOwner))
            .await
            .unwrap();
        self.settle().await;
    }

    /// The question is sent, and whatever HMRC makes of it has happened.
    pub async fn asked(&self) {
        self.sealed().await;
        self.settle().await;
    }

    /// The question is sealed, and waits to be sent.
    pub async fn sealed(&self) {
        self.agreed().await;
        self.at("2026-02-02T09:00:00Z");
        let ho = &self.ho;
        ho.start(&op("prepare"), &start(), &officer())
            .await
            .unwrap();
        ho.validate(&op("validate"), &run(), &ask()).await.unwrap();
        ho.release(&op("release"), &run(), &ask(), &officer())
            .await
            .unwrap();
        ho.seal(&op("seal"), &run(), &ask()).await.unwrap();
    }

    /// The answer is sent, and whatever the Home Office makes of it has happened.
    pub async fn answered(&self) {
        self.asked().await;
        self.answered_from_here().await;
    }

    /// As [`House::answered`], once the question was sent.
    pub async fn answered_from_here(&self) {
        self.answer_sealed().await;
        self.settle().await;
    }

    /// The answer is sealed, and waits to be sent.
    pub async fn answer_sealed(&self) {
        self.at("2026-02-03T09:00:00Z");
        let hmrc = &self.hmrc;
        hmrc.match_rows(&op("match"), &run(), &ask(), &analyst())
            .await
            .unwrap();
        self.review(hmrc, &ask(), &analyst()).await;
        self.at("2026-02-04T09:00:00Z");
        hmrc.prepare_next(&op("answer"), &agreement(), &reply(), &run(), &analyst())
            .await
            .unwrap();
        hmrc.validate(&op("validate-answer"), &run(), &reply())
            .await
            .unwrap();
        hmrc.release(&op("release-answer"), &run(), &reply(), &analyst())
            .await
            .unwrap();
        hmrc.seal(&op("seal-answer"), &run(), &reply())
            .await
            .unwrap();
    }

    /// Confirms what can be confirmed and refutes the rest.
    pub async fn review(&self, node: &Node, flow: &FlowId, who: &Person) {
        for m in node.all::<Match>().await.unwrap() {
            if m.flow() != flow {
                continue;
            }
            let (run, row) = (run(), m.row());
            let confirm = op(&format!("confirm-{flow}-{row}"));
            if node
                .confirm(&confirm, (&run, flow, row), "they agree", who)
                .await
                .is_err()
            {
                let refute = op(&format!("refute-{flow}-{row}"));
                node.refute(&refute, (&run, flow, row), "too weak", who)
                    .await
                    .unwrap();
            }
        }
    }
}

impl House {
    /// Contact with the person of this row is restored: the register says so from now on.
    pub async fn found_alive_again(&self, row: u64) {
        use sqlx::{Connection, Row};
        let path = self.home("ho").join("register.db");
        let mut db = sqlx::SqliteConnection::connect(path.to_str().unwrap())
            .await
            .unwrap();
        let sql = "select cid_person_id from pool where in_pool = 'yes' and dead = 'no' \
                   and last_contact <= '2025-08-02' order by cid_person_id limit 1 offset ?";
        let id: String = sqlx::query(sql)
            .bind(row as i64 - 1)
            .fetch_one(&mut db)
            .await
            .unwrap()
            .get(0);
        sqlx::query("update pool set in_pool = 'no' where cid_person_id = ?")
            .bind(id)
            .execute(&mut db)
            .await
            .unwrap();
    }
}

/// The node of a house anew, as its directory now says.
pub async fn reopened(house: &House, who: &str) -> Node {
    let entropy = Arc::new(SeededEntropy::new(format!("{SEED}/{who}/again")));
    let home = house.home(who);
    house::open(&home, house.clock.clone(), entropy)
        .await
        .unwrap()
}

async fn node(
    dir: &Path,
    who: &str,
    store: String,
    clock: &Arc<VirtualClock>,
    hand: Option<Hand>,
) -> Node {
    let config = Config {
        party: PartyId::parse(who).unwrap(),
        store,
        quality: None,
        by_hand: Default::default(),
        calls: Default::default(),
        channels: Default::default(),
        permanent: None,
        traces: None,
        evidence: agreement::Period::parse("7 years").unwrap(),
        backups: agreement::Period::parse("35 days"),
        node_key: None,
        register: (who == "ho").then(|| "register.db".to_owned()),
        master: (who == "hmrc").then(|| "master.db".into()),
        solution: (who == "hmrc").then(|| models("hmrc")),
        egress: vec![],
        routes: routes::set_up(&["sealed-exchange"]),
    };
    let home = dir.join(who);
    house::init(&home, &config).unwrap();
    let entropy = Arc::new(SeededEntropy::new(format!("{SEED}/{who}")));
    let (settings, mut ports) = house::compose(&home, clock.clone(), entropy).await.unwrap();
    if let Some(hand) = hand {
        ports.forms = Arc::new(Meddling {
            inner: ports.forms,
            hand,
        });
    }
    Node::new(settings, ports, house::law().unwrap()).unwrap()
}

/// Every personal value of the register and the master list that is long enough to be told apart.
pub async fn values_in(house: &House) -> Vec<String> {
    use exchange::ports::{CaseRegister, MasterList};
    let register = sim::departments::OpenRegister::open(&house.home("ho").join("register.db"))
        .await
        .unwrap();
    let master = sim::departments::OpenMaster::open(&house.home("hmrc").join("master.db"))
        .await
        .unwrap();
    let mut all = std::collections::BTreeSet::new();
    let people: Vec<String> = register
        .facts(None, 100_000)
        .await
        .unwrap()
        .into_iter()
        .map(|(person, _)| person)
        .collect();
    for person in register.records(&people).await.unwrap().into_values() {
        all.extend(
            person
                .values
                .into_iter()
                .filter(|(k, _)| k != "dash_source")
                .map(|(_, v)| v),
        );
    }
    let columns = ["reference", "full_name", "date_of_birth", "nino"].map(str::to_owned);
    let list = master.list().await.unwrap();
    let mut references = Vec::new();
    for part in 0..list.parts() {
        list.read(part, &columns, &mut |batch| {
            for row in 0..batch.rows() {
                references.extend(batch.text(0, row).map(str::to_owned));
                all.extend((0..4).filter_map(|c| batch.text(c, row).map(str::to_owned)));
            }
            Ok(())
        })
        .unwrap();
    }
    for record in master.records(&references).await.unwrap().into_values() {
        all.extend(record.values.into_values());
    }
    all.into_iter().filter(|v| v.len() >= 6).collect()
}

/// Every file below `dir`.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}
