//! Matches and flags: weak evidence never confirms, and nothing is flagged on a candidate.
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

use common::{caseworker, hash, of, reviewer};
use exchange::authority::Actor;
use exchange::flag::{Flag, NAMES};
use exchange::ids::HoldingId;
use exchange::matches::{Evidence, Found, Grounds, Match, Standing};
use jiff::Timestamp;
use proptest::prelude::*;

fn found(evidence: Evidence, ambiguous: bool) -> Match {
    let found = Found {
        run: of().run,
        flow: of().flow,
        hash: hash(),
        row: 1,
        holding: HoldingId::parse("ask-2026-02/ask.1/extract").unwrap(),
        subject: None,
        evidence,
        ambiguous,
    };
    Match::found(found, &Actor::Node).state().clone()
}

/// By the lines of strong evidence that hold.
fn own(rule: Option<u16>) -> Evidence {
    Evidence::Own(Grounds {
        solution: hash(),
        rule,
        weight: 2500,
    })
}

fn all() -> [Evidence; 4] {
    [own(None), own(Some(1)), own(Some(2)), Evidence::Partner]
}

fn now() -> Timestamp {
    "2026-02-10T09:00:00Z".parse().unwrap()
}

// shows: MATCH-05, S-03
#[test]
fn weak_evidence_never_confirms() {
    for (rule, ok) in [(Some(1), true), (Some(3), true), (None, false)] {
        let result = found(own(rule), false).confirm("looked at", &caseworker());
        assert_eq!(result.is_ok(), ok, "{rule:?}");
        if let Err(refusal) = result {
            assert_eq!(refusal.rule, "MATCH-05");
        }
    }
}

// shows: MATCH-04
#[test]
fn an_ambiguous_match_can_only_be_refuted() {
    let doubtful = found(Evidence::Partner, true);
    assert_eq!(
        doubtful
            .clone()
            .confirm("sure", &caseworker())
            .unwrap_err()
            .rule,
        "MATCH-04"
    );
    assert!(doubtful.refute("two records fit", &reviewer()).is_ok());
}

// shows: MATCH-06
#[test]
fn only_a_confirmed_match_is_flagged() {
    let candidate = found(Evidence::Partner, false);
    let flag = |m: &Match| Flag::set(NAMES[1], m, now(), &caseworker()).map_err(|r| r.rule);
    assert_eq!(flag(&candidate).unwrap_err(), "FLAG-04");
    let refuted = candidate
        .clone()
        .refute("another person", &reviewer())
        .unwrap();
    assert_eq!(flag(refuted.state()).unwrap_err(), "FLAG-04");
    let confirmed = candidate.confirm("the same person", &caseworker()).unwrap();
    assert!(flag(confirmed.state()).is_ok());
}

// shows: FLAG-03
#[test]
fn seven_flags_by_their_exact_names_and_no_other() {
    insta::assert_snapshot!(NAMES.join("\n"), @r"
    ISD DVLA Match
    ISD HMRC Match
    ISD HMRC B&C Revoked
    NHS Treatment Case
    ISD NHS Debtor
    NRPF Supported
    I & S D interest
    ");
    let confirmed = found(Evidence::Partner, false)
        .confirm("the same person", &caseworker())
        .unwrap();
    for name in ["ISD DWP Match", "isd hmrc match", ""] {
        let refusal = Flag::set(name, confirmed.state(), now(), &caseworker()).unwrap_err();
        assert_eq!(refusal.rule, "FLAG-03");
    }
}

// shows: FLAG-10
#[test]
fn a_flags_history_only_grows() {
    let confirmed = found(Evidence::Partner, false)
        .confirm("the same person", &caseworker())
        .unwrap();
    let set = Flag::set(NAMES[1], confirmed.state(), now(), &caseworker())
        .unwrap()
        .state()
        .clone();
    let shown = set.clone().shown(now()).unwrap().state().clone();
    assert_eq!(shown.history()[..1], set.history()[..]);
    assert_eq!(shown.history().len(), 2);
    assert_eq!(shown.shown(now()).unwrap_err().rule, "FLAG-10");
}

proptest! {
    // shows: MATCH-06
    #[test]
    fn no_history_confirms_without_a_person_and_strong_evidence(
        which in 0usize..4,
        ambiguous: bool,
        confirms in prop::collection::vec(any::<bool>(), 0..6),
    ) {
        let evidence = all()[which];
        let mut m = found(evidence, ambiguous);
        prop_assert!(m.standing() != Standing::Confirmed);
        for confirm in confirms {
            let step = if confirm { m.clone().confirm("r", &caseworker()) } else { m.clone().refute("r", &reviewer()) };
            if let Ok(change) = step {
                m = change.state().clone();
            }
        }
        if m.standing() == Standing::Confirmed {
            prop_assert!(evidence.is_strong() && !ambiguous);
        }
    }
}
