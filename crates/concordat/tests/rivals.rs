//! A second, different file for a leg: held unopened, and decided by two people.
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

use async_trait::async_trait;
use common::*;
use exchange::authority::{Person, Role};
use exchange::change::Aggregate;
use exchange::ids::PackageId;
use exchange::leg::{Leg, State};
use exchange::matches::Match;
use exchange::message::Letter;
use exchange::ports::{Blob, PortFault, Spooled};
use exchange::retention::Holding;
use exchange::rival::{Fate, Rival};
use exchange::{Node, Trouble};
use ledger::Entry;

struct Bytes(Vec<u8>);

#[async_trait]
impl Blob for Bytes {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        Ok((n == 0).then(|| self.0.clone()))
    }
}

/// The answer as HMRC sealed it, taken off the transport before anybody saw it.
async fn answer(house: &House) -> (PackageId, Vec<u8>) {
    house.asked().await;
    house.answer_sealed().await;
    while house.hmrc.work().await.unwrap().busy {}
    let (_, carrier) = house.ho.ports().routes.first_key_value().unwrap();
    let ho = house.ho.party();
    let waiting = carrier.transport.waiting(ho).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let mut parts = carrier
        .transport
        .get(ho, &waiting[0])
        .await
        .unwrap()
        .unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await.unwrap() {
        bytes.extend(part);
    }
    carrier.transport.remove(ho, &waiting[0]).await.unwrap();
    (waiting[0].clone(), bytes)
}

/// The same answer, sealed by HMRC once more under this name, with its file changed.
async fn sealed_again(
    house: &House,
    answer: &[u8],
    name: &PackageId,
    change: fn(String) -> String,
) -> Vec<u8> {
    let (ho, hmrc) = (house.ho.ports(), house.hmrc.ports());
    let spooled = Spooled(Arc::new(Bytes(answer.to_vec())));
    let opened = ho.sealer.open(&spooled, &[hmrc.signer.card()]).await;
    let mut opened = opened.unwrap().unwrap();
    let mut file = Vec::new();
    while let Some(part) = opened.file.next().await.unwrap() {
        file.extend(part);
    }
    let mut manifest = opened.manifest;
    manifest.id = name.clone();
    let letter = Letter {
        head: opened.head,
        file: change(String::from_utf8(file).unwrap()).into_bytes(),
    };
    hmrc.sealer
        .seal(&manifest, &letter, &ho.signer.card())
        .unwrap()
}

/// A date of the file is another one.
fn one_date_changed(text: String) -> String {
    let is_date = |cell: &&str| cell.len() == 10 && cell.matches('-').count() == 2;
    let date = text.split('"').find(is_date).expect("a date").to_owned();
    text.replacen(&date, "1901-01-01", 1)
}

/// It comes, and the Home Office works until nothing is left to do.
async fn comes(house: &House, name: &PackageId, bytes: &[u8]) {
    // As whoever rules the transport can put it there: a node does not send under a name twice.
    let post = house.dir.path().join("transport/ho");
    std::fs::write(post.join(format!("{name}.pkg")), bytes).unwrap();
    while house.ho.work().await.unwrap().busy {}
    let (_, carrier) = house.ho.ports().routes.first_key_value().unwrap();
    let left = carrier.transport.waiting(house.ho.party()).await.unwrap();
    assert!(left.is_empty());
}

async fn leg(node: &Node) -> Leg {
    let key = Leg::key_of(&run(), &reply());
    node.find(&key).await.unwrap().unwrap()
}

async fn rival(node: &Node) -> Rival {
    let key = Leg::key_of(&run(), &reply());
    node.find(&key).await.unwrap().unwrap()
}

/// How many entries are about each of these acts.
async fn told<const N: usize>(node: &Node, acts: [&str; N]) -> [usize; N] {
    let leaves = node
        .ports()
        .store
        .leaves(0, u64::from(u32::MAX))
        .await
        .unwrap();
    let all: Vec<Entry> = leaves
        .iter()
        .map(|(bytes, _)| Entry::parse(bytes).unwrap())
        .collect();
    acts.map(|act| all.iter().filter(|e| e.act.as_str() == act).count())
}

async fn says(node: &Node, name: &str, fate: Fate, who: &Person) -> Result<Vec<Entry>, Trouble> {
    let (run, reply) = (run(), reply());
    let why = "told by telephone";
    node.decide_rival(
        &op(&format!("rival-{name}")),
        (&run, &reply),
        fate,
        why,
        who,
    )
    .await
}

async fn states(node: &Node, file: u32) -> Vec<&'static str> {
    let prefix = format!("{}/reply.{file}/", run());
    let all = node.under::<Holding>(&prefix).await.unwrap();
    all.iter().map(Aggregate::status).collect()
}

// shows: RUN-04, RUN-11
#[tokio::test]
async fn a_second_file_under_the_name_of_a_held_one_takes_its_place_by_the_word_of_two() {
    let house = House::new(None, None).await;
    let (name, good) = answer(&house).await;
    let bad = sealed_again(&house, &good, &name, one_date_changed).await;
    let ho = &house.ho;
    comes(&house, &name, &bad).await;
    assert_eq!(leg(ho).await.state(), State::Held);
    for _ in ["once", "and the same again"] {
        comes(&house, &name, &good).await;
        assert_eq!(leg(ho).await.state(), State::Held);
        assert_eq!(rival(ho).await.status(), "waits");
    }
    let acts = ["rival.held", "package.repeated", "package.refused"];
    assert_eq!(told(ho, acts).await, [1, 1, 0]);
    comes(&house, &name, &bad).await;
    assert_eq!(told(ho, acts).await[0], 1, "the first again is no second");
    // Nobody alone, nobody without the task, and nobody against another's word.
    let other = says(ho, "other", Fate::Take, &caseworker()).await;
    assert_eq!(rules(&other), ["SEC-09"]);
    says(ho, "one", Fate::Take, &officer()).await.unwrap();
    let alone = says(ho, "alone", Fate::Take, &officer()).await;
    assert_eq!(rules(&alone), ["RUN-04"]);
    says(ho, "no", Fate::Refuse, &analyst()).await.unwrap();
    says(ho, "yes", Fate::Take, &officer()).await.unwrap();
    assert_eq!(leg(ho).await.state(), State::Held);
    says(ho, "two", Fate::Take, &analyst()).await.unwrap();
    assert_eq!(
        (leg(ho).await.state(), leg(ho).await.file()),
        (State::Received, 2)
    );
    house.settle().await;
    assert_eq!(leg(ho).await.state(), State::Loaded);
    assert!(!ho.all::<Match>().await.unwrap().is_empty());
    assert!(states(ho, 1).await.iter().all(|s| *s == "destroyed"));
    assert!(states(ho, 2).await.iter().all(|s| *s == "counting"));
    assert_eq!(leg(&house.hmrc).await.state(), State::Accepted);
    let late = says(ho, "late", Fate::Refuse, &officer()).await;
    assert_eq!(rules(&late), ["RUN-04"]);
}

// shows: RUN-04
#[tokio::test]
async fn a_second_file_after_the_first_was_loaded_can_only_be_refused() {
    let house = House::new(None, None).await;
    let (name, good) = answer(&house).await;
    let ho = &house.ho;
    comes(&house, &name, &good).await;
    assert_eq!(leg(ho).await.state(), State::Loaded);
    let other = PackageId::parse(format!("{name}0")).unwrap();
    let second = sealed_again(&house, &good, &other, one_date_changed).await;
    let before = ho.all::<Match>().await.unwrap().len();
    comes(&house, &other, &second).await;
    assert_eq!(told(ho, ["rival.held", "package.refused"]).await, [1, 0]);
    assert_eq!(leg(ho).await.package(), Some(&name));
    let used = says(ho, "take", Fate::Take, &officer()).await;
    assert_eq!(rules(&used), ["RUN-04"]);
    // A third does not come in while the second waits.
    let third = PackageId::parse(format!("{name}1")).unwrap();
    comes(
        &house,
        &third,
        &sealed_again(&house, &good, &third, |t| t).await,
    )
    .await;
    assert_eq!(told(ho, ["rival.held", "package.refused"]).await, [1, 1]);
    house.review(ho, &reply(), &caseworker()).await;
    let close = ho.close_run(&op("early"), &run(), &officer()).await;
    assert_eq!(rules(&close), ["RUN-21"]);
    let kept = rival(ho).await.kept_as().unwrap();
    let store = &ho.ports().store;
    assert!(store.package(&kept, 0).await.unwrap().is_some());
    let second = person("o2", Role::DataSharingOfficer);
    says(ho, "one", Fate::Refuse, &officer()).await.unwrap();
    says(ho, "two", Fate::Refuse, &second).await.unwrap();
    assert_eq!(rival(ho).await.status(), "refused");
    assert!(store.package(&kept, 0).await.unwrap().is_none());
    assert_eq!(ho.all::<Match>().await.unwrap().len(), before);
    ho.close_run(&op("close"), &run(), &officer())
        .await
        .unwrap();
}
