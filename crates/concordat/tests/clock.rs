//! A clock that leapt: nothing is destroyed by it, people are told, and a person's word is the way out.
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

use std::sync::{Arc, Mutex};

use common::*;
use concordat::house;
use exchange::authority::Role;
use exchange::change::Aggregate;
use exchange::ports::Clock;
use exchange::retention::Holding;
use exchange::{Instance, Node, Settings};
use jiff::Timestamp;

/// A clock beside a count of time that nobody can set.
struct Watched {
    shows: Mutex<Timestamp>,
    counted: Mutex<Option<Timestamp>>,
}

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        *self.shows.lock().unwrap()
    }
    fn should_show(&self) -> Option<Timestamp> {
        *self.counted.lock().unwrap()
    }
    fn believe(&self) {
        *self.counted.lock().unwrap() = None;
    }
}

impl Watched {
    fn shows(&self, at: &str) {
        *self.shows.lock().unwrap() = at.parse().unwrap();
    }
    fn counts(&self, at: &str) {
        *self.counted.lock().unwrap() = Some(at.parse().unwrap());
    }
}

/// The Home Office's node on a clock of the test's own.
fn on(house: &House, at: &str) -> (Node, Arc<Watched>) {
    let clock = Arc::new(Watched {
        shows: Mutex::new(at.parse().unwrap()),
        counted: Mutex::default(),
    });
    let mut ports = house.ho.ports().clone();
    ports.clock = clock.clone();
    let settings = Settings {
        party: house.ho.party().clone(),
        instance: Instance::held("ho-1".into(), ()),
        backups: None,
        by_hand: Default::default(),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    (
        Node::new(settings, ports, house::law().unwrap()).unwrap(),
        clock,
    )
}

/// The state of what the answer brought.
async fn kept(node: &Node) -> Vec<&'static str> {
    let all = node.under::<Holding>(&format!("{}/reply.1/", run())).await;
    let mut states: Vec<_> = all.unwrap().iter().map(Aggregate::status).collect();
    states.dedup();
    states
}

async fn work(node: &Node) {
    while {
        let worked = node.work().await.unwrap();
        assert_eq!(worked.faults, Vec::<String>::new());
        worked.busy
    } {}
}

async fn confirm(
    node: &Node,
    reason: &str,
    role: Role,
) -> Result<Vec<ledger::Entry>, exchange::Trouble> {
    let name = op(&format!("confirm-{}-{}", role.as_str(), reason.len()));
    node.confirm_clock(&name, reason, &person("p1", role)).await
}

// shows: RET-01
#[tokio::test]
async fn nothing_is_destroyed_by_a_clock_that_leapt_until_a_person_vouches_for_it() {
    let house = House::new(None, None).await;
    // What came on 4 February is kept for 28 days.
    house.answered().await;
    let (ho, clock) = on(&house, "2026-02-05T09:00:00Z");
    let idle = confirm(&ho, "why not", Role::RiskOwner).await;
    assert_eq!(rules(&idle), ["RET-01"], "there is nothing to vouch for");
    clock.shows("2027-02-05T09:00:00Z");
    clock.counts("2026-02-05T10:00:00Z");
    work(&ho).await;
    assert_eq!(kept(&ho).await, ["counting"]);
    let doubt = ho.clock_doubt().await.unwrap().unwrap();
    assert_eq!(doubt.expected.to_string(), "2026-02-05T10:00:00Z");
    for (reason, role, rule) in [
        (" ", Role::RiskOwner, "RET-01"),
        ("it looks right", Role::DataSharingOfficer, "SEC-09"),
    ] {
        assert_eq!(rules(&confirm(&ho, reason, role).await), [rule]);
    }
    work(&ho).await;
    assert_eq!(kept(&ho).await, ["counting"]);
    let done = confirm(&ho, "the machine was off for a year", Role::RiskOwner).await;
    assert_eq!(done.unwrap()[0].act.as_str(), "clock.confirmed");
    assert_eq!(ho.clock_doubt().await.unwrap(), None);
    work(&ho).await;
    assert_eq!(kept(&ho).await, ["destroyed"]);
}

// shows: RET-01
#[tokio::test]
async fn a_clock_that_was_set_back_counts_nothing_from_before_its_time() {
    let house = House::new(None, None).await;
    house.sealed().await;
    let (ho, clock) = on(&house, "2026-02-02T10:00:00Z");
    // It shows January, and the count goes on.
    clock.shows("2026-01-08T09:00:00Z");
    clock.counts("2026-02-02T10:00:00Z");
    work(&ho).await;
    let sent = ho
        .find::<exchange::leg::Leg>(&format!("{}/ask", run()))
        .await;
    let sent = sent.unwrap().unwrap().sent_at().unwrap();
    assert_eq!(sent.to_string(), "2026-02-02T10:00:00Z");
    assert!(ho.clock_doubt().await.unwrap().is_some());
}

// shows: RET-01
#[tokio::test]
async fn a_clock_behind_the_newest_entry_is_in_doubt_until_an_entry_of_its_own_stands() {
    let house = House::new(None, None).await;
    house.answered().await;
    let (ho, clock) = on(&house, "2026-02-04T08:56:00Z");
    assert_eq!(
        ho.clock_doubt().await.unwrap(),
        None,
        "two machines may be minutes apart"
    );
    clock.shows("2026-02-04T08:00:00Z");
    let doubt = ho.clock_doubt().await.unwrap().unwrap();
    assert_eq!(doubt.expected.to_string(), "2026-02-04T09:00:00Z");
    let done = confirm(
        &ho,
        "the clock was ahead when the answer came",
        Role::AssetOwner,
    )
    .await;
    assert_eq!(done.unwrap()[0].at, clock.now());
    assert_eq!(ho.clock_doubt().await.unwrap(), None);
}
