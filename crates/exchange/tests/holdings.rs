//! Holdings: no value without a rule, never destroyed early, certificate only after.
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

use agreement::Period;
use common::{hash, party};
use exchange::authority::Actor;
use exchange::change::Aggregate;
use exchange::ids::HoldingId;
use exchange::retention::{Holding, KeepRule, Opening};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn holding(event: &str, after: Option<&str>, started: Option<&str>) -> Holding {
    let opening = Opening {
        id: HoldingId::parse("ask-2026-02/reply.1/hmrc-found").unwrap(),
        agreement: Some(hash()),
        what: "hmrc-found".into(),
        keeper: party("ho"),
        rows: 3,
        rule: KeepRule {
            event: event.into(),
            after: after.map(|p| Period::parse(p).unwrap()),
            authority: "4".into(),
        },
        controller: "ho".into(),
        owed_to: None,
        started: started.map(at),
    };
    Holding::open(opening, &Actor::Node)
        .unwrap()
        .state()
        .clone()
}

// shows: RET-01
#[test]
fn every_holding_that_counts_has_a_date() {
    let waiting = holding("matching-complete", None, None);
    assert_eq!((waiting.status(), waiting.deadline()), ("kept", None));
    assert!(waiting.waits_for("matching-complete") && !waiting.waits_for("run-closed"));
    let now = at("2026-02-05T09:00:00Z");
    let counting = waiting.happened(now, &Actor::Node).unwrap().state().clone();
    assert_eq!(counting.deadline().unwrap().at(), now);
}

#[test]
fn destruction_is_never_early_and_certified_only_after() {
    let kept = holding("received", Some("28 days"), Some("2026-02-04T09:30:00Z"));
    let due = at("2026-03-04T00:00:00Z");
    assert_eq!(kept.deadline().unwrap().at(), due);
    assert_eq!(
        kept.clone()
            .fall_due(at("2026-03-03T23:59:59Z"))
            .unwrap_err()
            .rule,
        "RET-01"
    );
    assert_eq!(kept.clone().destroyed(due).unwrap_err().rule, "RET-12");
    let going = kept.fall_due(due).unwrap().state().clone();
    assert_eq!(going.status(), "destroying");
    assert_eq!(going.clone().fall_due(due).unwrap_err().rule, "RET-01");
    let gone = going.destroyed(due).unwrap().state().clone();
    assert_eq!((gone.status(), gone.deadline()), ("destroyed", None));
    assert_eq!(gone.destroyed(due).unwrap_err().rule, "RET-12");
}

#[test]
fn what_a_person_refused_dies_at_once() {
    let kept = holding("received", Some("28 days"), Some("2026-02-04T09:30:00Z"));
    let now = at("2026-02-04T11:00:00Z");
    let going = kept.discard(now, &Actor::Node).unwrap().state().clone();
    assert_eq!(going.status(), "destroying");
    assert_eq!(going.discard(now, &Actor::Node).unwrap_err().rule, "RET-01");
}

// shows: RET-12
#[test]
fn a_certificate_counts_the_rows_that_die_with_the_key() {
    let by = Actor::Node;
    let file = holding("run-closed", None, None);
    assert_eq!(file.clone().kept_apart(4, &by).unwrap_err().rule, "RET-01");
    let file = file.kept_apart(2, &by).unwrap().state().clone();
    assert_eq!(file.rows(), 1);
    let now = at("2026-02-05T09:00:00Z");
    let gone = file.discard(now, &by).unwrap().state().clone();
    assert_eq!(gone.kept_apart(1, &by).unwrap_err().rule, "RET-01");
}
