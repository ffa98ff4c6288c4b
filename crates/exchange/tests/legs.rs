//! Legs: the table of steps, and every history that can be made of them.
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

use std::collections::BTreeSet;

use common::{arrival, caseworker, hash, of, officer, package};
use exchange::authority::Actor;
use exchange::change::{Aggregate, Change};
use exchange::leg::{Leg, Numbers, Preparing, STEPS, Sealing, Side, State};
use exchange::message::{Kind, rule_of};
use exchange::refusal::Refusal;
use exchange::table::FileFault;
use proptest::prelude::*;

fn fault() -> FileFault {
    FileFault {
        rule: "RUN-07".into(),
        row: Some(1),
        column: Some("ward".into()),
        what: "a column too many".into(),
    }
}

fn sealing() -> Sealing {
    Sealing {
        package: package(1),
        numbers: Numbers::Counted(2),
        cells: 14,
        withheld: vec![],
        without_gateway: 0,
        disclosure: hash(),
        ciphertext: hash(),
    }
}

fn preparing() -> Preparing {
    Preparing {
        numbers: Numbers::Counted(2),
        holdings: vec![],
        as_of: jiff::civil::date(2026, 2, 2),
        quality: None,
        counts: vec![("not-eligible", 1)],
        sources: "cid/crs".into(),
        circumstance: None,
    }
}

/// Takes the step of this verb, whatever the state.
fn take(leg: Leg, verb: &str) -> Result<Change<Leg>, Refusal> {
    let by = officer();
    match verb {
        "validate" => leg.validate(2, 14),
        "release" => leg.release(&by),
        "seal" => leg.seal(sealing()),
        "lock" => leg.lock(sealing(), "separate-email", &by),
        "missed" => leg.missed(fault(), &by),
        "take-back" => leg.take_back(),
        "sent" => leg.sent("2026-02-02T10:00:00Z".parse().unwrap()),
        "accepted" => leg.accepted(2, None, &Actor::Node),
        "refused-there" => leg.refused_there(fault(), &Actor::Node),
        "prepare-again" => leg.prepare_again(1, &Actor::Node),
        "reopen" => leg.reopen(&by),
        "take-rival" => leg.take_rival(arrival(2), package(2), &by),
        "receive" => leg.receive_again(arrival(2)),
        "reject" => leg.reject(fault()),
        "hold" => leg.hold(Numbers::Counted(2), vec![], fault(), None),
        "load" => leg.load(Numbers::Counted(2), vec![], None),
        "release-held" => leg.release_held("looked at with the partner", &by),
        "refuse-held" => leg.refuse_held("not ours", &by),
        "match" => leg.matched(1, &caseworker()),
        "close" => leg.close(&Actor::Node),
        "abandon" => leg.abandon("a wrong list", &Actor::Node),
        other => panic!("no verb {other}"),
    }
}

fn verbs() -> Vec<&'static str> {
    let all: BTreeSet<_> = STEPS
        .iter()
        .filter(|s| s.from.is_some())
        .map(|s| s.verb)
        .collect();
    all.into_iter().collect()
}

// shows: RUN-04
#[test]
fn each_state_takes_exactly_the_steps_of_the_table() {
    let mut todo = vec![
        Leg::prepare(of(), preparing(), &officer()).state().clone(),
        Leg::receive(of(), arrival(1)).state().clone(),
    ];
    let mut seen = BTreeSet::new();
    while let Some(leg) = todo.pop() {
        if !seen.insert(leg.state().name()) {
            continue;
        }
        for verb in verbs() {
            let written = STEPS
                .iter()
                .find(|s| s.from == Some(leg.state()) && s.verb == verb);
            match (take(leg.clone(), verb), written) {
                (Ok(change), Some(step)) => {
                    assert_eq!(change.state().state(), step.to, "{verb}");
                    todo.push(change.state().clone());
                }
                (Err(refusal), None) => assert_eq!(refusal.rule, "RUN-04", "{verb}"),
                (Ok(_), None) => panic!("{} took {verb}, which is not in the table", leg.status()),
                (Err(no), Some(_)) => panic!("{} refused {verb}: {no}", leg.status()),
            }
        }
    }
    let every: BTreeSet<_> = STEPS.iter().map(|s| s.to.name()).collect();
    assert_eq!(seen, every, "every state can be reached");
}

#[test]
fn every_state_but_the_last_has_an_owner_and_a_way_out() {
    for state in STEPS.iter().map(|s| s.to) {
        let out: Vec<_> = STEPS.iter().filter(|s| s.from == Some(state)).collect();
        assert!(
            !out.is_empty() || state == State::Closed,
            "{}",
            state.name()
        );
        assert!(out.iter().all(|s| !s.owner.is_empty()));
    }
}

proptest! {
    // shows: RUN-04
    #[test]
    fn no_history_is_sent_without_the_gate_and_a_person(picks in prop::collection::vec(0usize..32, 0..60)) {
        let verbs = verbs();
        let mut leg = Leg::prepare(of(), preparing(), &officer()).state().clone();
        let mut taken: Vec<&str> = Vec::new();
        for pick in picks {
            let verb = verbs[pick % verbs.len()];
            if let Ok(change) = take(leg.clone(), verb) {
                leg = change.state().clone();
                taken.push(verb);
                if verb == "sent" {
                    // Since the file was last opened for change, all three happened, in this order.
                    let opens = |v: &&str| matches!(*v, "reopen" | "prepare-again" | "take-back");
                    let since = taken.iter().rposition(opens).map_or(0, |i| i + 1);
                    let mut way = taken[since..].to_vec();
                    // A locked file that nobody handed over is locked anew.
                    way.dedup_by(|again, first| *again == "lock" && matches!(*first, "seal" | "lock"));
                    prop_assert!(
                        way == ["validate", "release", "seal", "sent"]
                            || way == ["validate", "release", "lock", "sent"],
                        "{:?}",
                        way
                    );
                }
            }
        }
    }
}

// shows: RUN-10
#[test]
fn a_refused_file_is_corrected_under_the_same_run_and_a_new_file_number() {
    let mut leg = Leg::prepare(of(), preparing(), &officer()).state().clone();
    for verb in [
        "validate",
        "release",
        "seal",
        "sent",
        "refused-there",
        "reopen",
    ] {
        leg = take(leg, verb).unwrap().state().clone();
    }
    assert_eq!(
        (leg.run().as_str(), leg.file(), leg.package()),
        ("ask-2026-02", 2, None)
    );
}

// shows: RUN-11
#[test]
fn a_held_file_is_not_decided_without_a_reason() {
    let held = Leg::receive(of(), arrival(1))
        .state()
        .clone()
        .hold(Numbers::Counted(2), vec![], fault(), None)
        .unwrap();
    let held = held.state();
    for reason in ["", "  "] {
        assert_eq!(
            held.clone()
                .release_held(reason, &officer())
                .unwrap_err()
                .rule,
            "RUN-11"
        );
        assert_eq!(
            held.clone()
                .refuse_held(reason, &officer())
                .unwrap_err()
                .rule,
            "RUN-11"
        );
    }
}

// shows: RUN-04
#[test]
fn a_message_goes_and_is_taken_in_the_states_of_its_rule_alone() {
    let mut todo = vec![
        Leg::prepare(of(), preparing(), &officer()).state().clone(),
        Leg::receive(of(), arrival(1)).state().clone(),
    ];
    let mut seen = BTreeSet::new();
    while let Some(leg) = todo.pop() {
        let at = (leg.side() == Side::Sender, leg.state().name());
        if !seen.insert(at) {
            continue;
        }
        for kind in Kind::ALL {
            let rule = rule_of(kind);
            let mine = rule.sent_by == leg.side();
            let sends = mine && rule.sending.contains(&leg.state());
            let takes = !mine && rule.taking.contains(&leg.state());
            for (answer, fits) in [(kind.sent_from(&leg), sends), (kind.taken_by(&leg), takes)] {
                match answer {
                    Ok(()) => assert!(fits, "{at:?} {}", kind.as_str()),
                    Err(refusal) => assert_eq!((refusal.rule, fits), ("RUN-04", false), "{at:?}"),
                }
            }
        }
        for verb in verbs() {
            todo.extend(take(leg.clone(), verb).ok().map(|c| c.state().clone()));
        }
    }
    // The certificate about a refused file goes out while its corrected one lies here unopened, or held.
    for state in [State::Received, State::Held] {
        assert!(rule_of(Kind::Destruction).sending.contains(&state));
    }
}
