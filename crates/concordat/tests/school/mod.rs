//! Two nodes in a temporary directory under the agreement with the Department for Education, with a case register and a
//! school census whose people each test writes itself.
#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../common/controls.rs"]
pub mod controls;
mod lists;
#[path = "../common/routes.rs"]
pub mod routes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use concordat::house::{self, Config};
use exchange::authority::{Person, Role};
use exchange::ids::{
    AgreementId, FlowId, OperationId, PartyId, ProjectId, RunId, SignerId, StaffId,
};
use exchange::leg::{Leg, State};
use exchange::matches::{Match, Standing};
use exchange::retention::Holding;
use exchange::{Done, Node, Start, Trouble, Verdict, Word, Written, WrittenRow};
use ledger::Entry;
use sim::{SeededEntropy, VirtualClock};

pub use lists::{Cases, Census, Child};

/// The two nodes and their lists.
pub struct School {
    pub dir: tempfile::TempDir,
    pub clock: Arc<VirtualClock>,
    pub ho: Node,
    pub dfe: Node,
    pub cases: Arc<Cases>,
    pub census: Arc<Census>,
}

pub fn op(text: impl std::fmt::Display) -> OperationId {
    OperationId::parse(text.to_string()).unwrap()
}
pub fn agreement() -> AgreementId {
    AgreementId::parse("dfe-demo").unwrap()
}
pub fn project() -> ProjectId {
    ProjectId::parse("dfe-2016").unwrap()
}
pub fn flow(name: &str) -> FlowId {
    FlowId::parse(name).unwrap()
}
pub fn run(name: &str) -> RunId {
    RunId::parse(name).unwrap()
}
fn person(staff: &str, role: Role) -> Person {
    let staff = StaffId::parse(staff).unwrap();
    Person { staff, role }
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
pub fn risk_owner() -> Person {
    person("r1", Role::RiskOwner)
}
pub fn asset_owner() -> Person {
    person("i1", Role::AssetOwner)
}

pub fn signatory() -> Person {
    person("s1", Role::Signatory)
}

/// The text of a file of the demonstration's agreements.
pub fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements/demo");
    std::fs::read_to_string(path.join(name)).unwrap()
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/dfe")
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

/// Values by field.
pub fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    pairs.iter().map(own).collect()
}

impl School {
    /// Two nodes on 18 March 2016 with these children: keys exchanged, the agreement signed by both, the flows that start
    /// runs approved, and the matching solution put to use.
    pub async fn new(children: Vec<Child>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new("2016-03-18T09:00:00Z".parse().unwrap()));
        let (cases, census) = lists::of(children);
        let (cases, census) = (Arc::new(cases), Arc::new(census));
        let mut nodes = Vec::new();
        for who in ["ho", "dfe"] {
            let home = dir.path().join(who);
            let config = Config {
                party: PartyId::parse(who).unwrap(),
                store: "sqlite:node.db".into(),
                by_hand: Default::default(),
                calls: Default::default(),
                channels: Default::default(),
                traces: None,
                evidence: agreement::Period::parse("7 years").unwrap(),
                permanent: (who == "ho").then(|| agreement::Period::parse("10 years").unwrap()),
                quality: None,
                register: None,
                master: None,
                solution: (who == "dfe").then(models),
                backups: agreement::Period::parse("35 days"),
                node_key: None,
                egress: vec![],
                routes: routes::set_up(&[
                    "key-to-success",
                    "email-npd-mailbox",
                    "email-named-contact",
                ]),
            };
            house::init(&home, &config).unwrap();
            let entropy = Arc::new(SeededEntropy::new(format!("school/{who}")));
            let (settings, mut ports) =
                house::compose(&home, clock.clone(), entropy).await.unwrap();
            match who {
                "ho" => ports.register = Some(cases.clone()),
                _ => ports.master = Some(census.clone()),
            }
            nodes.push(Node::new(settings, ports, house::law().unwrap()).unwrap());
        }
        let dfe = nodes.pop().unwrap();
        let ho = nodes.pop().unwrap();
        let school = Self {
            dir,
            clock,
            ho,
            dfe,
            cases,
            census,
        };
        school.agreed().await;
        school
    }

    fn nodes(&self) -> [&Node; 2] {
        [&self.ho, &self.dfe]
    }

    async fn agreed(&self) {
        let id = agreement();
        for (node, other) in [(&self.ho, &self.dfe), (&self.dfe, &self.ho)] {
            node.open(&op("open")).await.unwrap();
            routes::approved(node).await;
            let card = other.ports().signer.card();
            node.trust(&op("trust"), card, &officer()).await.unwrap();
            let umbrellas = [text_of("mou-ho-dfe.yaml")];
            let (laid, text) = ((&id, &project()), text_of("dfe.yaml"));
            node.lay(&op("lay"), laid, &text, &umbrellas, &officer())
                .await
                .unwrap();
            controls::stated(node, &id).await;
        }
        let report = std::fs::read(models().join("quality.json")).unwrap();
        self.dfe
            .test_solution(&op("test-solution"), &report, &analyst())
            .await
            .unwrap();
        self.dfe
            .use_solution(&op("use-solution"), &asset_owner())
            .await
            .unwrap();
        for (node, other, name) in [(&self.ho, &self.dfe, "ho"), (&self.dfe, &self.ho, "dfe")] {
            let signer = SignerId::parse(name).unwrap();
            let day = jiff::civil::date(2016, 3, 18);
            let by = signatory();
            node.sign(&op(format!("sign-{name}")), &id, &signer, day, &by)
                .await
                .unwrap();
            let note = node.signature(&id, &signer).await.unwrap().unwrap();
            other
                .take_signature(&op(format!("take-{name}")), &id, &note, &officer())
                .await
                .unwrap();
        }
        for by in ["monthly", "ad-hoc"] {
            self.ho
                .ask_approval(&op(format!("ask-{by}")), &id, &flow(by), 20_000, &officer())
                .await
                .unwrap();
            self.ho
                .approve(&op(format!("approve-{by}")), &id, &flow(by), &risk_owner())
                .await
                .unwrap();
        }
        self.settle().await;
    }

    /// Another agreement is laid at both nodes, for the same project, and its controls are in place.
    pub async fn laid_too(&self, id: &AgreementId, text: &str) {
        let umbrellas = [text_of("mou-ho-dfe.yaml")];
        for node in self.nodes() {
            let (laid, lay) = ((id, &project()), op(format!("lay-{id}")));
            node.lay(&lay, laid, text, &umbrellas, &officer())
                .await
                .unwrap();
            controls::stated(node, id).await;
        }
    }

    /// Both sign it, and take each other's signature.
    pub async fn signed_too(&self, id: &AgreementId) {
        let day = exchange::deadline::london_day(self.ho.ports().clock.now()).unwrap();
        for (node, other, name) in [(&self.ho, &self.dfe, "ho"), (&self.dfe, &self.ho, "dfe")] {
            let (by, sign) = (
                SignerId::parse(name).unwrap(),
                op(format!("sign-{id}-{name}")),
            );
            node.sign(&sign, id, &by, day, &signatory()).await.unwrap();
            let note = node.signature(id, &by).await.unwrap().unwrap();
            let take = op(format!("take-{id}-{name}"));
            other
                .take_signature(&take, id, &note, &officer())
                .await
                .unwrap();
        }
    }

    /// It is nine in the morning of this day, or later that day where it is later already.
    pub fn on(&self, day: &str) {
        let at: jiff::Timestamp = format!("{day}T09:00:00Z").parse().unwrap();
        self.clock.set(at).unwrap();
    }

    /// Lets both nodes work until nothing is left to do.
    pub async fn settle(&self) {
        loop {
            let mut busy = false;
            for node in self.nodes() {
                let worked = node.work().await.unwrap();
                assert_eq!(worked.faults, Vec::<String>::new());
                busy |= worked.busy;
            }
            if !busy {
                return;
            }
        }
    }

    /// The monthly check is selected.
    pub async fn start(&self, name: &str) -> Result<Done, Trouble> {
        let start = starting(name, "monthly");
        self.ho
            .start(&op(format!("{name}/start")), &start, &officer())
            .await
    }

    /// A person writes what goes with a run.
    pub async fn write(
        &self,
        node: &Node,
        name: &str,
        by: &str,
        rows: Vec<WrittenRow>,
    ) -> Result<Done, Trouble> {
        let written = Written {
            agreement: agreement(),
            flow: flow(by),
            run: run(name),
            rows,
        };
        let op = op(format!("{name}/{by}/write/{}", written.rows.len()));
        node.write(&op, &written, &officer()).await
    }

    /// Some rows of the monthly file are to be looked at by hand.
    pub async fn picked(&self, name: &str, rows: &[u64]) -> Result<Done, Trouble> {
        let reason = "a child alone, and a teacher is concerned";
        let pick = |n: &u64| WrittenRow {
            of: Some(*n),
            values: values(&[("reason", reason)]),
        };
        let rows = rows.iter().map(pick).collect();
        self.write(&self.ho, name, "manual", rows).await
    }

    /// The request template is written, outward.
    pub async fn noticed(&self, name: &str) {
        let row = WrittenRow {
            of: None,
            values: values(&[("reply_to", "the post holder, data-sharing@ho.example")]),
        };
        self.write(&self.ho, name, "notice-out", vec![row])
            .await
            .unwrap();
    }

    /// Validates, releases and seals a prepared file, and lets it travel.
    pub async fn send(&self, node: &Node, name: &str, by: &str) -> Result<(), Trouble> {
        let (run, flow) = (run(name), flow(by));
        let at = self.clock.now_text();
        node.validate(&op(format!("{name}/{by}/validate/{at}")), &run, &flow)
            .await?;
        node.release(
            &op(format!("{name}/{by}/release/{at}")),
            &run,
            &flow,
            &officer(),
        )
        .await?;
        node.seal(&op(format!("{name}/{by}/seal/{at}")), &run, &flow)
            .await?;
        self.settle().await;
        Ok(())
    }

    /// DfE was told of the volume and agreed.
    pub async fn told_of_volume(&self, name: &str, by: &str) -> Result<Done, Trouble> {
        let agreed = op(format!("{name}/{by}/agreed"));
        let reason = "agreed by telephone, and written in the issue log";
        self.ho
            .volume_agreed(&agreed, &run(name), &flow(by), reason, &officer())
            .await
    }

    /// A month as far as the request, the template and the list of these rows are with DfE.
    pub async fn asked(&self, name: &str, by_hand: &[u64]) {
        self.start(name).await.unwrap();
        if !by_hand.is_empty() {
            self.picked(name, by_hand).await.unwrap();
        }
        self.noticed(name).await;
        self.told_of_volume(name, "monthly").await.unwrap();
        self.send(&self.ho, name, "monthly").await.unwrap();
        if !by_hand.is_empty() {
            self.send(&self.ho, name, "manual").await.unwrap();
        }
        self.send(&self.ho, name, "notice-out").await.unwrap();
    }

    /// DfE looks for the rows of a file, and decides.
    pub async fn matched(&self, name: &str, by: &str) {
        let matching = op(format!("{name}/{by}/match"));
        self.dfe
            .match_rows(&matching, &run(name), &flow(by), &analyst())
            .await
            .unwrap();
        self.reviewed(&self.dfe, name, by, &analyst()).await;
    }

    /// Decides every open match of a file: what is strong, or told by the partner, is confirmed.
    pub async fn reviewed(&self, node: &Node, name: &str, by: &str, who: &Person) {
        let prefix = format!("{name}/{by}/");
        let open = node.under::<Match>(&prefix).await.unwrap();
        let words: Vec<Word> = open
            .iter()
            .filter(|m| m.standing().is_open())
            .map(|m| {
                let sure = m.evidence().is_strong() && m.standing() == Standing::Candidate;
                let verdict = if sure {
                    Verdict::Confirm
                } else {
                    Verdict::Refute
                };
                Word {
                    row: m.row(),
                    verdict,
                    reason: "looked at".into(),
                }
            })
            .collect();
        if !words.is_empty() {
            let review = op(format!("{name}/{by}/review"));
            node.review(&review, (&run(name), &flow(by)), &words, who)
                .await
                .unwrap();
        }
    }

    /// The analyst writes down that section 7 is needed for this row.
    pub async fn necessary(&self, name: &str, by: &str, row: u64) -> Result<Done, Trouble> {
        let fact = agreement::FactId::parse("wellbeing_necessity").unwrap();
        let why = "nobody else knows where the child is";
        let op = op(format!("{name}/{by}/{row}/necessity"));
        self.dfe
            .write_fact(
                &op,
                (&run(name), &flow(by), row),
                (&fact, true),
                why,
                &analyst(),
            )
            .await
    }

    /// The reply is prepared.
    pub async fn reply(&self, name: &str) -> Result<Done, Trouble> {
        let prepare = op(format!("{name}/reply/prepare"));
        self.dfe
            .prepare_next(
                &prepare,
                &agreement(),
                &flow("reply"),
                &run(name),
                &analyst(),
            )
            .await
    }

    /// The returned half of the request template is written.
    pub async fn noted_back(&self, name: &str) {
        let row = WrittenRow {
            of: None,
            values: values(&[("how_it_went", "all records could be looked for")]),
        };
        self.write(&self.dfe, name, "note-back", vec![row])
            .await
            .unwrap();
    }

    /// The reply to a matched file with the template is with HO, and what it tells is decided.
    pub async fn answered(&self, name: &str) {
        self.reply(name).await.unwrap();
        self.noted_back(name).await;
        self.send(&self.dfe, name, "reply").await.unwrap();
        self.send(&self.dfe, name, "note-back").await.unwrap();
        self.reviewed(&self.ho, name, "reply", &caseworker()).await;
    }

    pub async fn complete(&self, name: &str) -> Result<Done, Trouble> {
        let complete = op(format!("{name}/complete"));
        self.dfe
            .complete_matching(&complete, &run(name), &analyst())
            .await
    }

    pub async fn close(&self, name: &str) -> Result<Done, Trouble> {
        let close = op(format!("{name}/close/{}", self.clock.now_text()));
        self.ho.close_run(&close, &run(name), &officer()).await
    }

    pub async fn leg(&self, node: &Node, name: &str, by: &str) -> Leg {
        let found = node.find(&Leg::key_of(&run(name), &flow(by))).await;
        let found: Option<Leg> = found.unwrap();
        found.unwrap_or_else(|| panic!("{} has no {by} of {name}", node.party()))
    }

    pub async fn state(&self, node: &Node, name: &str, by: &str) -> State {
        self.leg(node, name, by).await.state()
    }

    pub async fn holding(&self, node: &Node, id: &str) -> Holding {
        node.find(id)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("no holding {id}"))
    }

    /// The values of one row of a file, by column, as a node holds them.
    pub async fn row(&self, node: &Node, name: &str, by: &str, n: u64) -> BTreeMap<String, String> {
        let leg = self.leg(node, name, by).await;
        let (store, vault) = (&node.ports().store, &node.ports().vault);
        let mut all = BTreeMap::new();
        for holding in leg.holdings() {
            let item = exchange::rows::item_name(n);
            let Some(sealed) = store.item(holding, &item).await.unwrap() else {
                continue;
            };
            let dataset = holding.as_str().rsplit('/').next().unwrap().to_owned();
            let plain = vault.open(holding, &item, &sealed).await.unwrap();
            let row: BTreeMap<String, String> = serde_json::from_slice(&plain).unwrap();
            all.extend(row.into_iter().map(|(k, v)| (format!("{dataset}.{k}"), v)));
        }
        all
    }

    /// Every entry of a node's ledger that has a place.
    pub async fn entries(&self, node: &Node) -> Vec<Entry> {
        let store = &node.ports().store;
        let leaves = store.leaves(0, u64::from(u32::MAX)).await.unwrap();
        let parse = |(bytes, _): &(Vec<u8>, _)| Entry::parse(bytes).unwrap();
        leaves.iter().map(parse).collect()
    }

    /// How many entries of a node are about this act.
    pub async fn acts(&self, node: &Node, act: &str) -> usize {
        let all = self.entries(node).await;
        all.iter().filter(|e| e.act.as_str() == act).count()
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

/// The clock as a part of an operation's name.
pub trait NowText {
    fn now_text(&self) -> String;
}

impl NowText for VirtualClock {
    fn now_text(&self) -> String {
        use exchange::ports::Clock;
        // Each asking is another one.
        use std::sync::atomic::{AtomicU64, Ordering};
        static ASKED: AtomicU64 = AtomicU64::new(0);
        let n = ASKED.fetch_add(1, Ordering::Relaxed);
        format!("{}-{n}", self.now().as_second())
    }
}
