//! Approvals, from both sides of each rule.
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

use common::{approver, hash, officer, party};
use exchange::approval::{Approval, Scope, Senior};
use exchange::authority::{Action, Role};
use exchange::ids::{AgreementId, FlowId};

fn scope(volume: u64) -> Scope {
    Scope {
        agreement: AgreementId::parse("contact-thread").unwrap(),
        hash: hash(),
        flow: FlowId::parse("ask").unwrap(),
        to: party("hmrc"),
        route: "sealed-exchange".into(),
        last: None,
        volume,
        senior: None,
    }
}

fn asked(volume: u64) -> Approval {
    Approval::ask(scope(volume), &officer()).state().clone()
}

fn granted(volume: u64, role: Role) -> Result<Approval, &'static str> {
    asked(volume)
        .grant(&approver("x9", role))
        .map(|c| c.state().clone())
        .map_err(|r| r.rule)
}

// shows: APP-03
#[test]
fn a_thousand_records_are_the_asset_owners_and_one_more_is_not() {
    assert!(granted(999, Role::AssetOwner).is_ok());
    assert!(granted(1_000, Role::AssetOwner).is_ok());
    assert_eq!(granted(1_001, Role::AssetOwner).unwrap_err(), "APP-03");
    assert!(granted(1_001, Role::RiskOwner).is_ok());
}

// shows: PTY-13
#[test]
fn nobody_approves_what_they_asked_for() {
    let refusal = asked(10)
        .grant(&approver("o1", Role::AssetOwner))
        .unwrap_err();
    assert_eq!(refusal.rule, "PTY-13");
}

#[test]
fn an_officer_may_not_approve_at_all() {
    let refusal = common::person("o2", Role::DataSharingOfficer)
        .may(Action::Approve)
        .unwrap_err();
    assert_eq!(refusal.rule, "SEC-09");
}

// shows: APP-18
#[test]
fn a_refusal_needs_its_reason() {
    let by = approver("x9", Role::AssetOwner);
    assert_eq!(asked(10).refuse(" ", &by).unwrap_err().rule, "APP-18");
    let refused = asked(10)
        .refuse("the purpose is not clear", &by)
        .unwrap()
        .state()
        .clone();
    assert_eq!(refused.clone().grant(&by).unwrap_err().rule, "APP-19");
    assert_eq!(refused.covers(&scope(1), 1).unwrap_err().rule, "APP-03");
}

// shows: APP-08, APP-19
#[test]
fn an_approval_covers_its_scope_and_nothing_else() {
    let approval = granted(900, Role::AssetOwner).unwrap();
    assert!(approval.covers(&scope(900), 1).is_ok());
    assert_eq!(approval.covers(&scope(901), 1).unwrap_err().rule, "APP-08");
    let other = [
        Scope {
            hash: ledger::Digest::of(b"another version"),
            ..scope(1)
        },
        Scope {
            to: party("dwp"),
            ..scope(1)
        },
        Scope {
            route: "portable".into(),
            ..scope(1)
        },
        Scope {
            flow: FlowId::parse("once").unwrap(),
            ..scope(1)
        },
    ];
    for wanted in other {
        assert_eq!(approval.covers(&wanted, 1).unwrap_err().rule, "APP-19");
    }
}

// shows: APP-07
#[test]
fn what_is_referred_upward_its_asset_owner_cannot_grant_any_more() {
    let asked = Approval::ask(scope(10), &officer()).state().clone();
    let silent = asked.clone().refer(" ", &approver("i1", Role::AssetOwner));
    assert_eq!(silent.unwrap_err().rule, "APP-07");
    let why = "the gain in reputation is extraordinary";
    let referred = asked.refer(why, &approver("i1", Role::AssetOwner)).unwrap();
    let referred = referred.state().clone();
    for owner in ["i1", "i2"] {
        let granted = referred.clone().grant(&approver(owner, Role::AssetOwner));
        assert_eq!(granted.unwrap_err().rule, "APP-07");
    }
    assert!(referred.grant(&approver("r1", Role::RiskOwner)).is_ok());
}

// shows: APP-04, APP-05, APP-06
#[test]
fn some_things_are_the_risk_owners_whatever_the_volume() {
    for (senior, rule) in [
        (Senior::NationalSecurity, "APP-04"),
        (Senior::SensitiveRecipient, "APP-05"),
        (Senior::DirectAccess, "APP-06"),
    ] {
        let scope = Scope {
            senior: Some(senior),
            ..scope(1)
        };
        let asked = Approval::ask(scope, &officer()).state().clone();
        let owner = asked.clone().grant(&approver("i1", Role::AssetOwner));
        assert_eq!(owner.unwrap_err().rule, rule);
        assert!(asked.grant(&approver("r1", Role::RiskOwner)).is_ok());
    }
}

// shows: APP-09
#[test]
fn splitting_an_exchange_does_not_avoid_the_threshold() {
    let owner = granted(900, Role::AssetOwner).unwrap();
    assert!(owner.covers(&scope(600), 1_000).is_ok());
    assert_eq!(owner.covers(&scope(600), 1_001).unwrap_err().rule, "APP-09");
    let risk = granted(900, Role::RiskOwner).unwrap();
    assert!(risk.covers(&scope(600), 1_200).is_ok());
}

// shows: APP-10
#[test]
fn a_month_of_the_education_exchange_needs_the_risk_owner() {
    let text = include_str!("../../../agreements/dfe-annex-5.yaml");
    assert!(
        text.contains("volume: { about: 1500"),
        "the month is as the agreement says"
    );
    assert_eq!(granted(1_500, Role::AssetOwner).unwrap_err(), "APP-03");
    assert!(granted(1_500, Role::RiskOwner).is_ok());
}
