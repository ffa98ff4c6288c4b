//! Packages that are well formed, signed and sealed, and not to be taken: each is refused for its own reason, is not opened,
//! leaves no leg, and stands in the ledger.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use common::*;
use concordat::house;
use exchange::authority::Role;
use exchange::ids::{AgreementId, FlowId, PackageId, PartyId, RunId};
use exchange::leg::Leg;
use exchange::message::{Head, Kind, Letter, Manifest};
use exchange::pact::{Move, Pact};
use exchange::ports::{Opened, PackageFault, PartyCard, PortFault, Sealer, SealingFile, Spooled};
use exchange::table::Format;
use exchange::{Instance, Node, Settings};
use ledger::{Digest, Entry};

/// A sealer that counts how often a ciphertext is opened.
struct Counting {
    inner: Arc<dyn Sealer>,
    opened: AtomicUsize,
}

#[async_trait]
impl Sealer for Counting {
    fn begin(
        &self,
        manifest: &Manifest,
        head: &Head,
        to: &PartyCard,
    ) -> Result<Box<dyn SealingFile>, PortFault> {
        self.inner.begin(manifest, head, to)
    }
    async fn inspect(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Manifest, PackageFault>, PortFault> {
        self.inner.inspect(package, parties).await
    }
    async fn open(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Opened, PackageFault>, PortFault> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.inner.open(package, parties).await
    }
}

/// The node over a sealer that counts.
fn counting(node: &Node) -> (Node, Arc<Counting>) {
    let mut ports = node.ports().clone();
    let inner = ports.sealer.clone();
    let sealer = Arc::new(Counting {
        inner,
        opened: AtomicUsize::new(0),
    });
    ports.sealer = sealer.clone();
    let settings = Settings {
        party: node.party().clone(),
        instance: Instance::held(format!("{}-1", node.party()), ()),
        backups: None,
        by_hand: Default::default(),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    let node = Node::new(settings, ports, house::law().unwrap()).unwrap();
    (node, sealer)
}

/// What is to be sealed, and how it lies on the way.
struct Forged {
    manifest: Manifest,
    /// The name that it lies under, where that is not its own.
    lies_as: Option<&'static str>,
}

type Forging = fn(&mut Forged);

fn flow(name: &str) -> FlowId {
    FlowId::parse(name).unwrap()
}

async fn entries(node: &Node) -> Vec<Entry> {
    let leaves = node
        .ports()
        .store
        .leaves(0, u64::from(u32::MAX))
        .await
        .unwrap();
    let all = leaves.iter().map(|(bytes, _)| Entry::parse(bytes).unwrap());
    all.collect()
}

/// Seals a file from one node to the other as it is forged, and puts it where it is taken.
async fn put(
    house: &House,
    from: &Node,
    to: &Node,
    kind: Kind,
    by: &str,
    forging: Forging,
) -> PackageId {
    static MADE: AtomicUsize = AtomicUsize::new(1);
    let n = MADE.fetch_add(1, Ordering::Relaxed);
    let pact: Pact = to.find(agreement().as_str()).await.unwrap().unwrap();
    let mut forged = Forged {
        manifest: Manifest {
            v: 1,
            id: PackageId::parse(format!("{}.ask-9.{by}.forged.{n}", from.party())).unwrap(),
            kind,
            from: from.party().clone(),
            to: to.party().clone(),
            agreement: agreement(),
            hash: pact.hash(),
            run: RunId::parse("ask-9").unwrap(),
            flow: flow(by),
            answers: None,
            sealed_at: from.ports().clock.now(),
        },
        lies_as: None,
    };
    forging(&mut forged);
    let Forged { manifest, lies_as } = forged;
    let letter = Letter {
        head: Head::File {
            name: "list".into(),
            format: Format::Csv,
            rows: 0,
            disclosure: Digest::of(b"nothing"),
            nil: None,
            as_of: jiff::civil::date(2026, 2, 2),
            quality: None,
            project: None,
            reply_by: None,
        },
        file: b"x".to_vec(),
    };
    let card = PartyCard {
        party: manifest.to.clone(),
        ..to.ports().signer.card()
    };
    let bytes = from.ports().sealer.seal(&manifest, &letter, &card).unwrap();
    let id = lies_as.map_or(manifest.id, |name| PackageId::parse(name).unwrap());
    // As whoever rules the transport can put it there: a node does not send under a name twice.
    let post = house.dir.path().join("transport").join(to.party().as_str());
    std::fs::create_dir_all(&post).unwrap();
    std::fs::write(post.join(format!("{id}.pkg")), bytes).unwrap();
    id
}

async fn waits(node: &Node) -> usize {
    let (_, carrier) = node.ports().routes.first_key_value().unwrap();
    carrier.transport.waiting(node.party()).await.unwrap().len()
}

/// The node takes what waits for it: the package is refused by this rule, once, and nothing else happens.
async fn refuses(node: &Node, rule: &str, case: &str) {
    let (node, sealer) = counting(node);
    while node.work().await.unwrap().busy {}
    let before = node.snapshot().await.unwrap();
    let stood = entries(&node).await.len();
    assert_eq!(
        sealer.opened.load(Ordering::Relaxed),
        0,
        "{case}: it was opened"
    );
    let refused: Vec<_> = entries(&node)
        .await
        .into_iter()
        .filter(|e| e.act.as_str() == "package.refused")
        .collect();
    let last = refused
        .last()
        .unwrap_or_else(|| panic!("{case}: not refused"));
    assert_eq!(last.rule.as_ref().unwrap().as_str(), rule, "{case}");
    assert!(
        node.under::<Leg>("ask-9/").await.unwrap().is_empty(),
        "{case}"
    );
    assert_eq!(waits(&node).await, 0, "{case}: it is taken away");
    while node.work().await.unwrap().busy {}
    assert_eq!(entries(&node).await.len(), stood, "{case}: once");
    assert_eq!(node.snapshot().await.unwrap(), before, "{case}");
}

// shows: RUN-11, RUN-13, RUN-17, AGR-01, LEG-01
#[tokio::test]
async fn each_package_that_is_not_to_be_taken_is_refused_for_its_own_reason_and_not_opened() {
    let house = House::new(None, None).await;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    let cases: [(&str, &str, Kind, &str, Forging); 7] = [
        ("another name", "RUN-17", Kind::Data, "ask", |f| {
            f.lies_as = Some("ho.ask-9.ask.data.7");
        }),
        ("another recipient", "RUN-13", Kind::Data, "ask", |f| {
            f.manifest.to = PartyId::parse("dwp").unwrap();
        }),
        (
            "another version of the agreement",
            "AGR-01",
            Kind::Data,
            "ask",
            |f| {
                f.manifest.hash = Digest::of(b"another");
            },
        ),
        ("another agreement", "AGR-01", Kind::Data, "ask", |f| {
            f.manifest.agreement = AgreementId::parse("no-contact").unwrap();
        }),
        ("no such flow", "LEG-01", Kind::Data, "ask", |f| {
            f.manifest.flow = flow("tell")
        }),
        ("the wrong way", "LEG-01", Kind::Return, "reply", |_| ()),
        (
            "an answer in place of a question",
            "LEG-01",
            Kind::Return,
            "ask",
            |_| (),
        ),
    ];
    for (n, (case, rule, kind, by, forging)) in cases.into_iter().enumerate() {
        put(&house, ho, hmrc, kind, by, forging).await;
        refuses(hmrc, rule, case).await;
        let all = entries(hmrc).await;
        let refused = all.iter().filter(|e| e.act.as_str() == "package.refused");
        assert_eq!(refused.count(), n + 1, "{case}");
    }
    put(&house, hmrc, ho, Kind::Return, "reply", |_| ()).await;
    refuses(ho, "RUN-11", "an answer to nothing that was sent").await;
}

// shows: AGR-28, AGR-01
#[tokio::test]
async fn a_file_after_the_last_day_of_the_agreement_is_refused() {
    let house = House::new(None, None).await;
    house.agreed().await;
    house.at("2027-12-31T23:59:59Z");
    put(&house, &house.ho, &house.hmrc, Kind::Data, "ask", |_| ()).await;
    house.at("2028-01-01T00:00:00Z");
    refuses(&house.hmrc, "AGR-28", "the term is over").await;
}

// shows: AGR-28, REV-10
#[tokio::test]
async fn a_file_under_a_suspended_agreement_waits_unopened_where_it_lies() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let (id, owner) = (agreement(), person("r1", Role::RiskOwner));
    let suspend = op("suspend");
    let why = "a loss is being looked into";
    let stood = house
        .hmrc
        .stand(&suspend, &id, Move::Suspend, why, &owner)
        .await;
    stood.unwrap();
    put(&house, &house.ho, &house.hmrc, Kind::Data, "ask", |_| ()).await;
    let (hmrc, sealer) = counting(&house.hmrc);
    while hmrc.work().await.unwrap().busy {}
    assert_eq!(sealer.opened.load(Ordering::Relaxed), 0);
    assert_eq!(waits(&hmrc).await, 1);
    assert!(hmrc.under::<Leg>("ask-9/").await.unwrap().is_empty());
    let acts = entries(&hmrc).await;
    assert!(acts.iter().all(|e| e.act.as_str() != "package.refused"));
}

// shows: RUN-17
#[tokio::test]
async fn a_refused_package_that_comes_again_is_told_and_not_looked_at() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    let forging: Forging = |f| f.lies_as = Some("ho.ask-9.ask.data.7");
    put(&house, ho, hmrc, Kind::Data, "ask", forging).await;
    refuses(hmrc, "RUN-17", "the first time").await;
    put(&house, ho, hmrc, Kind::Data, "ask", forging).await;
    while hmrc.work().await.unwrap().busy {}
    let all = entries(hmrc).await;
    let told = |act: &str| all.iter().filter(|e| e.act.as_str() == act).count();
    assert_eq!((told("package.refused"), told("package.repeated")), (1, 1));
    assert_eq!(waits(hmrc).await, 0);
}
