//! Matching solutions: no version matches before its test report is signed, shows what the model is documented to do, and
//! somebody else than the tester puts it to use.
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

use common::{hash, person};
use exchange::authority::{Action, Actor, Role, Warrant};
use exchange::solution::{Report, Solution, State, Tested, Version};
use linkage::model::Documented;
use serde_json::{Value, json};

fn version() -> Version {
    Version::of(b"a model", b"numbers")
}

fn tester() -> Warrant {
    person("a1", Role::Analyst)
        .may(Action::TestSolution)
        .unwrap()
}

fn owner(staff: &str) -> Warrant {
    person(staff, Role::AssetOwner)
        .may(Action::ChooseSolution)
        .unwrap()
}

/// As `concordat link evaluate` writes it; a test of its own compares the two.
fn report(version: Version) -> Value {
    json!({
        "schema": "concordat-linkage-quality/1",
        "about": {
            "model_sha256": version.model.to_string(),
            "trained_sha256": version.trained.to_string(),
        },
        "standings": [
            { "standing": "review", "precision": null, "recall": { "from": 0.01, "to": 0.02 } },
            { "standing": "strong", "precision": { "from": 0.995, "to": 0.996 }, "recall": { "from": 0.93, "to": 0.93 } },
        ],
        "headline_gap": { "column": "origin", "from": 0.03, "to": 0.04 },
    })
}

fn read(report: &Value) -> Report {
    Report::read(report.to_string().as_bytes()).unwrap()
}

const DOCUMENTED: Documented = Documented {
    precision: 0.99,
    recall: 0.9,
    gap: 0.05,
};

fn tested(report: &Value, documented: Option<Documented>) -> Result<Solution, Vec<String>> {
    let test = Tested {
        name: "example".into(),
        version: version(),
        documented,
        report: read(report),
        note: "a signed note".into(),
    };
    match Solution::tested(test, &tester()) {
        Ok(change) => Ok(change.state().clone()),
        Err(refusals) => {
            assert!(refusals.iter().all(|r| r.rule == "MATCH-17"));
            Err(refusals.into_iter().map(|r| r.what).collect())
        }
    }
}

// shows: MATCH-17
#[test]
fn a_version_is_tested_when_its_report_shows_what_is_documented() {
    let solution = tested(&report(version()), Some(DOCUMENTED)).unwrap();
    assert_eq!(solution.state(), State::Tested);
    assert_eq!(solution.of(), version());
}

// shows: MATCH-17
#[test]
fn a_report_of_another_version_signs_nothing() {
    for other in [
        Version::of(b"another model", b"numbers"),
        Version::of(b"a model", b"other numbers"),
    ] {
        let refused = tested(&report(other), Some(DOCUMENTED)).unwrap_err();
        assert_eq!(
            refused,
            ["the report is of another version of the solution"]
        );
    }
}

// shows: MATCH-17
#[test]
fn every_figure_that_fails_is_told() {
    let below = |precision: f64, recall: f64, gap: f64| {
        let least = Documented {
            precision,
            recall,
            gap,
        };
        tested(&report(version()), Some(least))
            .err()
            .unwrap_or_default()
            .len()
    };
    assert_eq!(below(0.99, 0.9, 0.05), 0);
    assert_eq!(
        below(0.9951, 0.9, 0.05),
        1,
        "the worse end of precision counts"
    );
    assert_eq!(below(0.99, 0.94, 0.05), 1);
    assert_eq!(
        below(0.99, 0.9, 0.035),
        1,
        "the worse end of the gap counts"
    );
    assert_eq!(below(0.999, 0.99, 0.01), 3);
    let none = tested(&report(version()), None).unwrap_err();
    assert_eq!(none, ["the model does not say what it is documented to do"]);
}

// shows: MATCH-17
#[test]
fn what_does_not_say_enough_is_no_report() {
    for (at, without) in [
        ("schema", json!("another/1")),
        (
            "about",
            json!({ "model_sha256": version().model.to_string() }),
        ),
        ("about", json!({ "model_sha256": "no digest" })),
        ("headline_gap", Value::Null),
        ("standings", json!([])),
        (
            "standings",
            json!([{ "standing": "strong", "precision": null, "recall": null }]),
        ),
    ] {
        let mut report = report(version());
        report[at] = without;
        let refusal = Report::read(report.to_string().as_bytes()).unwrap_err();
        assert_eq!(refusal.rule, "MATCH-17", "{at}");
        assert!(refusal.help.is_some(), "{at}");
    }
    assert!(Report::read(b"{").is_err());
}

// shows: MATCH-17
#[test]
fn the_tester_does_not_put_it_to_use_and_somebody_else_does() {
    let solution = tested(&report(version()), Some(DOCUMENTED)).unwrap();
    let refusal = solution.clone().put_to_use(&owner("a1")).unwrap_err();
    assert_eq!(refusal.rule, "MATCH-17");
    let used = solution.put_to_use(&owner("i1")).unwrap().state().clone();
    assert_eq!(used.state(), State::InUse);
    let again = used.clone().put_to_use(&owner("i1")).unwrap_err();
    assert_eq!(again.rule, "MATCH-17");
    let by = Actor::Person(person("i1", Role::AssetOwner));
    assert!(used.clone().retire(" ", &by).is_err(), "a reason");
    let retired = used.retire("a new list", &by).unwrap().state().clone();
    assert_eq!(retired.state(), State::Retired);
    let back = retired.put_to_use(&owner("i1")).unwrap().state().clone();
    assert_eq!(back.state(), State::InUse);
}

// shows: MATCH-17
#[test]
fn what_is_signed_names_the_version_and_the_report() {
    let text = read(&report(version())).text("analyst", jiff::civil::date(2016, 3, 7));
    let of = version();
    let bytes = report(version()).to_string();
    let digest = ledger::Digest::of(bytes.as_bytes());
    assert_eq!(
        text,
        format!(
            "concordat-test-report/v1\nmodel {}\ntrained {}\nreport {digest}\nrole analyst\ndate 2016-03-07\n",
            of.model, of.trained
        )
    );
    assert_ne!(hash(), of.digest());
}
