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
use exchange::authority::{Action, Actor, Person, Role};
use exchange::change::Aggregate;
use exchange::ids::{HoldingId, StaffId};
use exchange::retention::{Cause, Holding, KeepRule, LegalHold, Opening};
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
    assert_eq!(
        kept.clone().destroyed(due, None).unwrap_err().rule,
        "RET-12"
    );
    let going = kept.fall_due(due).unwrap().state().clone();
    assert_eq!(going.status(), "destroying");
    assert_eq!(going.clone().fall_due(due).unwrap_err().rule, "RET-01");
    let gone = going.destroyed(due, None).unwrap().state().clone();
    assert_eq!((gone.status(), gone.deadline()), ("destroyed", None));
    assert_eq!(gone.destroyed(due, None).unwrap_err().rule, "RET-12");
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

// shows: RET-13
#[test]
fn a_hold_suspends_destruction_and_nothing_else() {
    let staff = StaffId::parse("d1").unwrap();
    let lead = Person {
        staff: staff.clone(),
        role: Role::DataProtectionLead,
    };
    let by = lead.may(Action::LegalHold).unwrap();
    let name = HoldingId::parse("sar-2026-014").unwrap();
    let today = jiff::civil::date(2026, 2, 4);
    let hold = |review: i16| LegalHold {
        cause: Cause::SubjectAccess,
        owner: staff.clone(),
        review: jiff::civil::date(review, 1, 31),
    };
    let kept = holding("received", Some("28 days"), Some("2026-02-04T09:30:00Z"));
    let refused = |change: Result<_, exchange::refusal::Refusal>| {
        change
            .map(|_: exchange::change::Change<Holding>| ())
            .unwrap_err()
            .rule
    };
    assert_eq!(
        refused(kept.clone().hold(&name, hold(2027), " ", today, &by)),
        "RET-13"
    );
    assert_eq!(
        refused(kept.clone().hold(&name, hold(2026), "asked", today, &by)),
        "RET-13"
    );
    let held = kept
        .clone()
        .hold(&name, hold(2027), "asked", today, &by)
        .unwrap()
        .state()
        .clone();
    assert_eq!(
        refused(held.clone().hold(&name, hold(2027), "asked", today, &by)),
        "RET-13"
    );
    // It survives its date, and by nobody's word does it die.
    let due = at("2026-03-04T00:00:00Z");
    assert_eq!(
        (held.status(), held.deadline(), held.due()),
        ("counting", None, Some(due))
    );
    assert_eq!(refused(held.clone().fall_due(due)), "RET-01");
    assert_eq!(
        refused(held.clone().give_up("not needed", due, &Actor::Node)),
        "RET-13"
    );
    // A second hold keeps it when the first goes; when the last goes the date is back.
    let court = HoldingId::parse("court-7").unwrap();
    let both = held
        .hold(&court, hold(2028), "an order", today, &by)
        .unwrap()
        .state()
        .clone();
    let one = both.let_go(&name, "answered", &by).unwrap().state().clone();
    assert!(one.is_held());
    assert_eq!(
        refused(one.clone().let_go(&name, "answered", &by)),
        "RET-13"
    );
    assert_eq!(refused(one.clone().let_go(&court, "", &by)), "RET-13");
    let free = one
        .clone()
        .let_go(&court, "over", &by)
        .unwrap()
        .state()
        .clone();
    assert_eq!(free.deadline().unwrap().at(), due);
    assert_eq!(free.fall_due(due).unwrap().state().status(), "destroying");
    // What a rule would destroy at once dies at once when it is released.
    let now = at("2026-02-10T09:00:00Z");
    let unwanted = one.discard(now, &Actor::Node).unwrap().state().clone();
    assert_eq!((unwanted.status(), unwanted.deadline()), ("counting", None));
    let free = unwanted
        .let_go(&court, "over", &by)
        .unwrap()
        .state()
        .clone();
    assert_eq!(free.deadline().unwrap().at(), now);
    let gone = kept.discard(now, &Actor::Node).unwrap().state().clone();
    assert_eq!(
        refused(gone.hold(&name, hold(2027), "asked", today, &by)),
        "RET-13"
    );
}

// shows: RET-16
#[test]
fn a_certificate_states_how_long_backups_last() {
    let kept = holding("received", Some("28 days"), Some("2026-02-04T09:30:00Z"));
    let due = at("2026-03-04T00:00:00Z");
    let going = kept.fall_due(due).unwrap().state().clone();
    let last = jiff::civil::date(2026, 4, 8);
    let gone = going.destroyed(due, Some(last)).unwrap();
    let printed = format!("{gone:?}");
    assert!(
        printed.contains("backups-until") && printed.contains("2026-04-08"),
        "{printed}"
    );
}

/// When values of a rule die whose event happened at `from`: the instant, and that nothing dies a second before.
fn dies(event: &str, after: &str, from: &str) -> String {
    let kept = holding(event, Some(after), None);
    let counting = kept
        .happened(at(from), &Actor::Node)
        .unwrap()
        .state()
        .clone();
    let due = counting.due().unwrap();
    let early = due - jiff::SignedDuration::from_secs(1);
    assert_eq!(counting.clone().fall_due(early).unwrap_err().rule, "RET-01");
    assert_eq!(
        counting.fall_due(due).unwrap().state().status(),
        "destroying"
    );
    due.to_string()
}

// shows: RET-05
#[test]
fn four_weeks_after_the_matching_day_27_is_kept_and_day_28_is_due() {
    assert_eq!(
        dies("matching-complete", "28 days", "2026-01-05T16:00:00Z"),
        "2026-02-02T00:00:00Z"
    );
    assert_eq!(
        dies("matching-complete", "4 weeks", "2026-01-05T16:00:00Z"),
        "2026-02-02T00:00:00Z"
    );
}

// shows: RET-06
#[test]
fn six_months_after_receipt_is_never_later_than_six_calendar_months() {
    for (from, due) in [
        ("2026-08-31T10:00:00Z", "2027-02-28T00:00:00Z"),
        ("2027-08-31T10:00:00Z", "2028-02-29T00:00:00Z"),
        ("2026-03-01T10:00:00Z", "2026-08-31T23:00:00Z"), // 1 September, 00:00 in London
    ] {
        assert_eq!(dies("received", "6 months", from), due);
    }
}
