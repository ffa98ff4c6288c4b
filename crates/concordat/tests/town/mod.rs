//! Three nodes in a temporary directory under the agreement of the demonstration, with departments whose people each
//! test writes itself.
#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../common/controls.rs"]
pub mod controls;
mod departments;
mod hands;
#[path = "../common/routes.rs"]
pub mod routes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use concordat::house::{self, Config};
use exchange::authority::{Person, Role};
use exchange::ids::{
    AgreementId, FlowId, OperationId, PartyId, ProjectId, RunId, SignerId, StaffId, SubjectId,
};
use exchange::leg::{Leg, State};
use exchange::matches::{Match, Standing};
use exchange::trace::Trace;
use exchange::{Done, Node, Start, Trouble, Verdict, Word};
use ledger::Entry;
use sim::{SeededEntropy, VirtualClock};

pub use departments::{Migrant, Office, Pool};
use hands::Hands;

/// What DWP says of its sources.
pub const QUALITY: &str = "a snapshot of systems that are being replaced";

pub const PARTIES: [&str; 3] = ["ho", "hmrc", "dwp"];

/// Three nodes and their departments.
pub struct Town {
    pub dir: tempfile::TempDir,
    pub clock: Arc<VirtualClock>,
    pub ho: Node,
    pub hmrc: Node,
    pub dwp: Node,
    pub pool: Arc<Pool>,
    pub tax: Arc<Office>,
    pub benefits: Arc<Office>,
    pub source: String,
    hands: Arc<Hands>,
}

pub fn op(text: impl std::fmt::Display) -> OperationId {
    OperationId::parse(text.to_string()).unwrap()
}
pub fn agreement() -> AgreementId {
    AgreementId::parse("no-contact-demo").unwrap()
}
pub fn project() -> ProjectId {
    ProjectId::parse("no-contact-2016").unwrap()
}
pub fn flow(name: &str) -> FlowId {
    FlowId::parse(name).unwrap()
}
pub fn run(name: &str) -> RunId {
    RunId::parse(name).unwrap()
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
pub fn decision_maker() -> Person {
    person("d1", Role::DecisionMaker)
}
pub fn risk_owner() -> Person {
    person("r1", Role::RiskOwner)
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements/demo");
    std::fs::read_to_string(path.join(name)).unwrap()
}

/// The text of the agreement.
pub fn source() -> String {
    read("no-contact.yaml")
}

/// The texts of its umbrellas.
pub fn umbrellas() -> Vec<String> {
    ["mou-u-d.yaml", "mou-u-a.yaml", "mou-ho-dwp.yaml"]
        .map(read)
        .into()
}

/// The folder of the matching solution that ships for a party's list.
fn models(party: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models")
        .join(party)
}

/// The rules of a refusal, in order; each names the way out.
pub fn rules<T: std::fmt::Debug>(result: &Result<T, Trouble>) -> Vec<&'static str> {
    match result {
        Err(Trouble::Refused(refusals)) => {
            for refusal in refusals {
                assert!(refusal.help.is_some(), "no way out: {refusal}");
            }
            refusals.iter().map(|r| r.rule).collect()
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// The start of a run.
pub fn starting(name: &str, by: &str) -> Start {
    Start {
        agreement: agreement(),
        flow: flow(by),
        run: run(name),
        at_most: None,
        reason: None,
        reply_by: None,
    }
}

impl Town {
    /// Three nodes with these people in the pool, on 1 March 2016.
    pub async fn new(people: Vec<Migrant>) -> Self {
        Self::under(people, source()).await
    }

    /// As [`Town::new`], under another text of the agreement.
    pub async fn under(people: Vec<Migrant>, source: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new("2016-03-01T09:00:00Z".parse().unwrap()));
        let (pool, tax, benefits) = departments::of(people);
        let (pool, tax, benefits) = (Arc::new(pool), Arc::new(tax), Arc::new(benefits));
        let mut nodes = Vec::new();
        let mut hands = Vec::new();
        for who in PARTIES {
            let home = dir.path().join(who);
            let config = Config {
                party: PartyId::parse(who).unwrap(),
                store: "sqlite:node.db".into(),
                permanent: None,
                traces: None,
                evidence: agreement::Period::parse("7 years").unwrap(),
                backups: agreement::Period::parse("35 days"),
                node_key: None,
                quality: (who == "dwp").then(|| QUALITY.to_owned()),
                by_hand: Default::default(),
                calls: Default::default(),
                channels: Default::default(),
                register: None,
                master: None,
                solution: (who != "ho").then(|| models(who)),
                egress: vec![],
                routes: routes::set_up(&["gsi-email", "sealed"]),
            };
            house::init(&home, &config).unwrap();
            let entropy = Arc::new(SeededEntropy::new(format!("town/{who}")));
            let (settings, mut ports) =
                house::compose(&home, clock.clone(), entropy).await.unwrap();
            let hand = Arc::new(Hands::over(ports.forms));
            ports.forms = hand.clone();
            hands.push(hand);
            match who {
                "ho" => ports.register = Some(pool.clone()),
                "hmrc" => ports.master = Some(tax.clone()),
                _ => ports.master = Some(benefits.clone()),
            }
            nodes.push(Node::new(settings, ports, house::law().unwrap()).unwrap());
        }
        let dwp = nodes.pop().unwrap();
        let hmrc = nodes.pop().unwrap();
        let ho = nodes.pop().unwrap();
        Self {
            dir,
            clock,
            ho,
            hmrc,
            dwp,
            pool,
            tax,
            benefits,
            source,
            hands: hands.swap_remove(1),
        }
    }

    /// HMRC's next files have a changed cell, or no longer do.
    pub fn meddle(&self, meddles: bool) {
        let order = std::sync::atomic::Ordering::Relaxed;
        self.hands.meddles.store(meddles, order);
    }

    /// Personal values that stand in clear in a file of a node or on the transport, by file.
    pub fn in_clear(&self) -> Vec<String> {
        let values = self.pool.values();
        assert!(values.len() > 5, "the search looks for something");
        let search = aho_corasick::AhoCorasick::new(&values).unwrap();
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if search.is_match(&std::fs::read(&path).unwrap()) {
                    found.push(path.display().to_string());
                }
            }
        }
        found
    }

    pub fn home(&self, who: &str) -> PathBuf {
        self.dir.path().join(who)
    }

    pub fn nodes(&self) -> [&Node; 3] {
        [&self.ho, &self.hmrc, &self.dwp]
    }

    /// It is nine in the morning of this day, or later that day where it is later already.
    pub fn on(&self, day: &str) {
        let at: jiff::Timestamp = format!("{day}T09:00:00Z").parse().unwrap();
        self.clock.set(at).unwrap();
    }

    /// Lets all nodes work until nothing is left to do.
    pub async fn settle(&self) -> Vec<Entry> {
        let mut all = Vec::new();
        loop {
            let mut busy = false;
            for node in self.nodes() {
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

    /// Keys exchanged, the agreement on every table, signed by all, and the volume approved.
    pub async fn agreed(&self) {
        self.laid().await;
        self.signed().await;
        self.approved("ask", 5_000).await;
        self.approved("once", 5_000).await;
        self.on("2016-03-18");
        self.settle().await;
    }

    pub async fn laid(&self) {
        for node in self.nodes() {
            node.open(&op("open")).await.unwrap();
            routes::approved(node).await;
            for other in self.nodes() {
                if other.party() != node.party() {
                    let card = other.ports().signer.card();
                    let op = op(format!("trust-{}", other.party()));
                    node.trust(&op, card, &officer()).await.unwrap();
                }
            }
        }
        for (node, party) in [(&self.hmrc, "hmrc"), (&self.dwp, "dwp")] {
            let report = std::fs::read(models(party).join("quality.json")).unwrap();
            let (test, put) = (op("test-solution"), op("use-solution"));
            node.test_solution(&test, &report, &analyst())
                .await
                .unwrap();
            let owner = person("i1", Role::AssetOwner);
            node.use_solution(&put, &owner).await.unwrap();
        }
        self.laid_as(agreement().as_str(), &self.source).await;
    }

    /// The agreement of this name and text is laid on every table.
    pub async fn laid_as(&self, name: &str, source: &str) {
        let (id, lay) = (AgreementId::parse(name).unwrap(), op(format!("lay-{name}")));
        for node in self.nodes() {
            node.lay(&lay, (&id, &project()), source, &umbrellas(), &officer())
                .await
                .unwrap();
            controls::stated(node, &id).await;
        }
    }

    pub async fn signed(&self) {
        self.signed_as(agreement().as_str()).await;
    }

    /// Everybody signs the agreement of this name.
    pub async fn signed_as(&self, agreement: &str) {
        let signers = [
            (&self.ho, "ho"),
            (&self.hmrc, "hmrc.ris"),
            (&self.hmrc, "hmrc.benefits-credits"),
            (&self.dwp, "dwp"),
        ];
        let day = jiff::civil::date(2016, 3, 1);
        let id = AgreementId::parse(agreement).unwrap();
        for (node, name) in signers {
            let signer = SignerId::parse(name).unwrap();
            let by = person("s1", Role::Signatory);
            let sign = op(format!("sign-{agreement}-{name}"));
            node.sign(&sign, &id, &signer, day, &by).await.unwrap();
            let note = node.signature(&id, &signer).await.unwrap().unwrap();
            for other in self.nodes() {
                if other.party() != node.party() {
                    let op = op(format!("take-{agreement}-{name}"));
                    other
                        .take_signature(&op, &id, &note, &officer())
                        .await
                        .unwrap();
                }
            }
        }
    }

    pub async fn approved(&self, by: &str, volume: u64) {
        let id = agreement();
        let ask = op(format!("ask-approval-{by}"));
        self.ho
            .ask_approval(&ask, &id, &flow(by), volume, &officer())
            .await
            .unwrap();
        let approve = op(format!("approve-{by}"));
        self.ho
            .approve(&approve, &id, &flow(by), &risk_owner())
            .await
            .unwrap();
    }

    /// Validates, releases and seals a prepared file, and lets it travel.
    pub async fn send(&self, node: &Node, name: &str, by: &str) -> Result<Done, Trouble> {
        let (run, flow) = (run(name), flow(by));
        node.validate(&op(format!("{name}/{by}/validate")), &run, &flow)
            .await?;
        node.release(&op(format!("{name}/{by}/release")), &run, &flow, &officer())
            .await?;
        let sealed = node
            .seal(&op(format!("{name}/{by}/seal")), &run, &flow)
            .await?;
        self.settle().await;
        Ok(sealed)
    }

    /// The question of a run is selected and sent.
    pub async fn asked(&self, name: &str, by: &str) {
        self.ho
            .start(
                &op(format!("{name}/start")),
                &starting(name, by),
                &officer(),
            )
            .await
            .unwrap();
        self.send(&self.ho, name, by).await.unwrap();
    }

    /// A partner matches a file and decides: what is strong is confirmed, the rest refuted.
    pub async fn matched(&self, node: &Node, name: &str, by: &str) {
        let matching = op(format!("{name}/{by}/match"));
        node.match_rows(&matching, &run(name), &flow(by), &analyst())
            .await
            .unwrap();
        self.reviewed(node, name, by, &analyst()).await;
    }

    /// Decides every open match of a file.
    pub async fn reviewed(&self, node: &Node, name: &str, by: &str, who: &Person) {
        let words = self.words(node, name, by).await;
        if words.is_empty() {
            return;
        }
        let review = op(format!("{name}/{by}/review"));
        node.review(&review, (&run(name), &flow(by)), &words, who)
            .await
            .unwrap();
    }

    pub async fn words(&self, node: &Node, name: &str, by: &str) -> Vec<Word> {
        let prefix = format!("{name}/{by}/");
        let open = node.under::<Match>(&prefix).await.unwrap();
        open.iter()
            .filter(|m| m.standing().is_open())
            .map(|m| {
                let sure = m.evidence().is_strong() && m.standing() == Standing::Candidate;
                Word {
                    row: m.row(),
                    verdict: if sure {
                        Verdict::Confirm
                    } else {
                        Verdict::Refute
                    },
                    reason: "looked at".into(),
                }
            })
            .collect()
    }

    /// A file that rests on another is prepared and sent.
    pub async fn next(&self, node: &Node, name: &str, by: &str) -> Result<Done, Trouble> {
        let prepare = op(format!("{name}/{by}/prepare"));
        node.prepare_next(&prepare, &agreement(), &flow(by), &run(name), &officer())
            .await?;
        self.send(node, name, by).await
    }

    /// HMRC matches, answers and forwards; DWP matches and answers.
    pub async fn answered(&self, name: &str, by: &str) {
        self.matched(&self.hmrc, name, by).await;
        self.next(&self.hmrc, name, "hmrc-reply").await.unwrap();
        self.next(&self.hmrc, name, "forward").await.unwrap();
        self.matched(&self.dwp, name, "forward").await;
        self.next(&self.dwp, name, "dwp-reply").await.unwrap();
    }

    /// The Home Office decides what came and confirms to DWP.
    pub async fn confirmed(&self, name: &str) {
        for by in ["hmrc-reply", "dwp-reply"] {
            self.reviewed(&self.ho, name, by, &caseworker()).await;
        }
        self.next(&self.ho, name, "confirm").await.unwrap();
    }

    /// Everybody's work is over: what was to go goes.
    pub async fn closed(&self, name: &str) {
        for node in [&self.hmrc, &self.dwp] {
            node.complete_matching(&op(format!("{name}/complete")), &run(name), &analyst())
                .await
                .unwrap();
        }
        self.settle().await;
        self.ho
            .close_run(&op(format!("{name}/close")), &run(name), &officer())
            .await
            .unwrap();
        self.settle().await;
    }

    /// A whole run from the question to the destruction.
    pub async fn whole(&self, name: &str, by: &str) {
        self.asked(name, by).await;
        self.answered(name, by).await;
        self.confirmed(name).await;
        self.closed(name).await;
    }

    pub async fn leg(&self, node: &Node, name: &str, by: &str) -> Leg {
        node.find(&Leg::key_of(&run(name), &flow(by)))
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("{} has no {by} of {name}", node.party()))
    }

    pub async fn state(&self, node: &Node, name: &str, by: &str) -> State {
        self.leg(node, name, by).await.state()
    }

    /// The match of a row at a node.
    pub async fn the_match(&self, node: &Node, name: &str, by: &str, row: u64) -> Option<Match> {
        let key = Match::key_of(&run(name), &flow(by), row);
        node.find(&key).await.unwrap()
    }

    /// The row of this person in the run's question.
    pub async fn row(&self, name: &str, person: &str) -> u64 {
        let trace = self.trace(person).await.expect("a trace");
        let wash = trace.washes().iter().find(|w| w.run.as_str() == name);
        wash.expect("a wash in that run").row
    }

    pub async fn subject(&self, person: &str) -> SubjectId {
        SubjectId::parse(self.ho.ports().vault.lookup_key(person).await.unwrap()).unwrap()
    }

    pub async fn trace(&self, person: &str) -> Option<Trace> {
        let key = Trace::key_of(&agreement(), &self.subject(person).await);
        self.ho.find(&key).await.unwrap()
    }

    /// Every entry of a node's ledger that has a place.
    pub async fn entries(&self, node: &Node) -> Vec<Entry> {
        let store = &node.ports().store;
        let leaves = store.leaves(0, u64::from(u32::MAX)).await.unwrap();
        leaves
            .iter()
            .map(|(bytes, _)| Entry::parse(bytes).unwrap())
            .collect()
    }

    /// How many entries of a node are about this act.
    pub async fn acts(&self, node: &Node, act: &str) -> usize {
        let all = self.entries(node).await;
        all.iter().filter(|e| e.act.as_str() == act).count()
    }
}

/// A count of an entry.
pub fn count(entry: &Entry, name: &str) -> u64 {
    entry
        .facts
        .iter()
        .find(|(n, _)| n.as_str() == name)
        .and_then(|(_, fact)| {
            let ledger::Fact::Count(c) = fact else {
                return None;
            };
            Some(*c)
        })
        .unwrap_or_else(|| panic!("{} has no {name}", entry.act))
}
