//! How an agreement stands at the moment at which a sealed file goes: suspended, it waits; ended, it never goes.
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

use common::*;
use exchange::authority::Role;
use exchange::change::Aggregate;
use exchange::leg::{Leg, State};
use exchange::pact::Move;
use exchange::retention::Holding;
use exchange::{Node, Trouble};

async fn stand(node: &Node, name: &str, what: Move) {
    let (id, owner) = (agreement(), person("r1", Role::RiskOwner));
    let why = "a loss is being looked into";
    let stood = node.stand(&op(name), &id, what, why, &owner).await;
    stood.unwrap();
}

async fn leg(node: &Node) -> Leg {
    let key = Leg::key_of(&run(), &ask());
    node.find(&key).await.unwrap().unwrap()
}

/// Works until nothing is left to do; nothing goes wrong.
async fn work(node: &Node) {
    while {
        let worked = node.work().await.unwrap();
        assert_eq!(worked.faults, Vec::<String>::new());
        worked.busy
    } {}
}

/// What lies on the way to HMRC.
fn under_way(house: &House) -> usize {
    let post = house.dir.path().join("transport/hmrc");
    if post.exists() { files(&post).len() } else { 0 }
}

fn acts(entries: &[ledger::Entry]) -> Vec<&str> {
    entries.iter().map(|e| e.act.as_str()).collect()
}

// shows: REV-10, S-23
#[tokio::test]
async fn a_file_that_was_sealed_before_its_agreement_was_suspended_waits_and_then_goes() {
    let house = House::new(None, None).await;
    let ho = &house.ho;
    house.sealed().await;
    stand(ho, "suspend", Move::Suspend).await;
    for day in ["02", "03", "20"] {
        house.at(&format!("2026-02-{day}T10:00:00Z"));
        work(ho).await;
        assert_eq!(
            (leg(ho).await.state(), under_way(&house)),
            (State::Sealed, 0)
        );
        let held = ho.held_back().await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].1[0].rule, "AGR-28");
    }
    stand(ho, "resume", Move::Resume).await;
    work(ho).await;
    assert_eq!((leg(ho).await.state(), under_way(&house)), (State::Sent, 1));
    assert!(ho.held_back().await.unwrap().is_empty());
    house.settle().await;
    assert_eq!(leg(&house.hmrc).await.state(), State::Loaded);
}

// shows: REV-10, RET-15
#[tokio::test]
async fn receipts_and_certificates_go_under_a_suspended_agreement() {
    let house = House::new(None, None).await;
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    house.sealed().await;
    work(ho).await;
    // HMRC has opened it, and its receipt lies in the outbox.
    let (route, carrier) = hmrc.ports().routes.first_key_value().unwrap();
    let waiting = carrier.transport.waiting(hmrc.party()).await.unwrap();
    hmrc.receive(route, &waiting[0]).await.unwrap();
    hmrc.open_received(&run(), &ask()).await.unwrap();
    stand(hmrc, "suspend", Move::Suspend).await;
    house.settle().await;
    assert_eq!(leg(ho).await.state(), State::Accepted);
    stand(hmrc, "resume", Move::Resume).await;
    house.answered_from_here().await;
    stand(hmrc, "again", Move::Suspend).await;
    let complete = op("complete");
    hmrc.complete_matching(&complete, &run(), &analyst())
        .await
        .unwrap();
    let told = house.settle().await;
    assert!(acts(&told).contains(&"destruction.confirmed"), "{told:?}");
}

// shows: REV-10, AGR-28
#[tokio::test]
async fn a_file_that_was_sealed_before_its_agreement_ended_never_goes() {
    let house = House::new(None, None).await;
    let ho = &house.ho;
    house.sealed().await;
    house.at("2027-12-31T23:59:59Z");
    assert!(
        ho.held_back().await.unwrap().is_empty(),
        "the last day counts"
    );
    house.at("2028-01-01T00:00:00Z");
    let worked = ho.work().await.unwrap();
    assert!(acts(&worked.entries).contains(&"leg.taken-back"));
    work(ho).await;
    assert_eq!(
        (leg(ho).await.state(), under_way(&house)),
        (State::Prepared, 0)
    );
    assert_eq!(ho.ports().store.open_effects().await.unwrap(), 0);
    // Not under another name either; the one way out is to give it up.
    let again = ho.validate(&op("again"), &run(), &ask()).await;
    assert!(matches!(again, Err(Trouble::Refused(_))));
    assert!(rules(&again).contains(&"AGR-28"), "{again:?}");
    let give_up = op("give-up");
    ho.abandon(&give_up, &run(), &ask(), "the agreement ended", &officer())
        .await
        .unwrap();
    work(ho).await;
    assert_eq!(leg(ho).await.state(), State::Closed);
    for kept in ho.under::<Holding>(&format!("{}/", run())).await.unwrap() {
        assert_eq!(kept.status(), "destroyed", "{}", kept.id());
    }
    house.settle().await;
    let none = house.hmrc.find::<Leg>(&Leg::key_of(&run(), &ask())).await;
    assert!(none.unwrap().is_none());
}
