//! Incidents: who is told by when, what is late, and what must be said before one is closed.
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

use agreement::{Law, Library, Plan};
use common::{hash, party, person};
use exchange::authority::{Action, Role, Warrant};
use exchange::ids::{AgreementId, IncidentId};
use exchange::incident::{
    Answer, Answers, Category, Incident, Nature, Raising, State, Stepping, told_by,
};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn by() -> Warrant {
    person("d1", Role::DataProtectionLead)
        .may(Action::HandleIncident)
        .unwrap()
}

fn plan(name: &str, umbrellas: &[&str]) -> Plan {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements/demo/");
        std::fs::read(format!("{folder}{name}.yaml")).unwrap()
    };
    let law = Law::built_in().unwrap();
    let texts: Vec<_> = umbrellas.iter().map(|name| (*name, read(name))).collect();
    let beside = texts.iter().map(|(name, text)| (*name, text.as_slice()));
    let library = Library::read(beside, &law);
    let checked = agreement::check(name, &read(name), &law, &library);
    checked
        .plan
        .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn no_contact() -> Plan {
    plan("no-contact", &["mou-u-a", "mou-u-d", "mou-ho-dwp"])
}

fn due(plan: &Plan, happened: Option<&str>, aware: &str) -> String {
    let due = told_by(&plan.clocks, happened.map(at), at(aware), &party("ho"));
    due.unwrap().unwrap().to_string()
}

/// A workbook of the no-contact exchange is lost on a Friday evening.
fn raised() -> Incident {
    let plan = no_contact();
    let aware = at("2026-02-06T18:00:00Z");
    let raising = Raising {
        name: IncidentId::parse("inc-2026-01").unwrap(),
        agreement: AgreementId::parse("no-contact").unwrap(),
        hash: hash(),
        nature: Nature::Incident,
        category: Category::Loss,
        happened: None,
        aware,
        due: told_by(&plan.clocks, None, aware, &party("ho"))
            .unwrap()
            .unwrap(),
        runs: BTreeSet::new(),
        sets: BTreeSet::new(),
        parties: plan.contacts.keys().cloned().collect(),
    };
    let change = Incident::raise(raising, "a workbook is lost", aware, &by());
    change.unwrap().state().clone()
}

fn told(incident: Incident, who: &str, when: &str) -> Result<Incident, &'static str> {
    let (who, when) = (party(who), at(when));
    let change = incident.notify(&who, "a contact", when, at("2026-03-01T00:00:00Z"), &by());
    change.map(|c| c.state().clone()).map_err(|r| r.rule)
}

fn stepped(incident: Incident, step: Stepping, reason: &str) -> Result<Incident, &'static str> {
    let change = incident.step(step, reason, &by());
    change.map(|c| c.state().clone()).map_err(|r| r.rule)
}

fn answers(discipline: &str) -> Answers {
    let answer = |is_yes, reason: &str| Answer {
        is_yes,
        reason: reason.into(),
    };
    Answers {
        regulator: answer(true, "it is required"),
        subjects: answer(false, "there is no risk to them"),
        advice: answer(false, "none is needed"),
        discipline: answer(false, discipline),
    }
}

fn decided(incident: Incident, discipline: &str) -> Result<Incident, &'static str> {
    let change = incident.decide(&answers(discipline), &by());
    change.map(|c| c.state().clone()).map_err(|r| r.rule)
}

// shows: INC-01
#[test]
fn contacts_are_told_within_24_clock_hours_across_a_weekend() {
    let friday = "2026-02-06T18:00:00Z";
    assert_eq!(due(&no_contact(), None, friday), "2026-02-07T18:00:00Z");
    // That it happened before it was known does not count here.
    let before = Some("2026-02-01T09:00:00Z");
    assert_eq!(due(&no_contact(), before, friday), "2026-02-07T18:00:00Z");
    let incident = raised();
    for (now, is_late) in [
        ("2026-02-07T17:59:59Z", false),
        ("2026-02-07T18:00:00Z", false),
        ("2026-02-07T18:00:01Z", true),
    ] {
        assert_eq!(incident.is_late(at(now)), is_late, "{now}");
        let told = told(incident.clone(), "hmrc", now).unwrap();
        let notice = told.notices()[&party("hmrc")].clone().unwrap();
        assert_eq!(notice.is_late, is_late, "{now}");
    }
}

// shows: INC-02
#[test]
fn an_incident_of_no_contact_makes_three_notices() {
    let incident = raised();
    let parties: Vec<_> = incident.notices().keys().map(|p| p.as_str()).collect();
    assert_eq!(parties, ["dwp", "hmrc", "ho"]);
    let incident = told(incident, "hmrc", "2026-02-06T19:00:00Z").unwrap();
    assert_eq!(
        told(incident.clone(), "hmrc", "2026-02-06T19:00:00Z"),
        Err("INC-01")
    );
    assert_eq!(
        told(incident.clone(), "dfe", "2026-02-06T19:00:00Z"),
        Err("INC-01")
    );
    // Before anybody knew, nobody can have been told.
    assert_eq!(
        told(incident.clone(), "ho", "2026-02-06T17:59:59Z"),
        Err("INC-01")
    );
    let incident = told(incident, "ho", "2026-02-06T19:00:00Z").unwrap();
    assert_eq!(incident.state(), State::Reported);
    let incident = told(incident, "dwp", "2026-02-06T19:00:00Z").unwrap();
    assert_eq!(incident.state(), State::Notified);
}

// shows: INC-03
#[test]
fn where_the_event_counts_its_24_hours_end_first_or_are_at_once() {
    let plan = plan("euss-check", &["mou-ho-dwp-gdpr"]);
    let aware = "2026-02-06T18:00:00Z";
    for (happened, by) in [
        (Some("2026-02-06T09:00:00Z"), "2026-02-07T09:00:00Z"),
        (Some("2026-02-01T09:00:00Z"), aware),
        (None, "2026-02-07T18:00:00Z"),
    ] {
        assert_eq!(due(&plan, happened, aware), by, "{happened:?}");
    }
}

// shows: INC-04, INC-05, INC-08, INC-13
#[test]
fn nobody_closes_an_incident_before_all_is_said() {
    let mut incident = raised();
    for who in ["ho", "hmrc", "dwp"] {
        // Nothing is skipped.
        assert_eq!(
            stepped(incident.clone(), Stepping::Contain, "called back"),
            Err("INC-13")
        );
        incident = told(incident, who, "2026-02-06T19:00:00Z").unwrap();
    }
    assert_eq!(
        stepped(incident.clone(), Stepping::Close, "done"),
        Err("INC-13")
    );
    assert_eq!(
        stepped(incident.clone(), Stepping::Contain, " "),
        Err("INC-05")
    );
    let incident = stepped(incident, Stepping::Contain, "called back").unwrap();
    assert_eq!(decided(incident.clone(), "an accident"), Err("INC-13"));
    let incident = stepped(incident, Stepping::Assess, "one file").unwrap();
    assert_eq!(
        stepped(incident.clone(), Stepping::Recover, "back"),
        Err("INC-13")
    );
    assert_eq!(decided(incident.clone(), ""), Err("INC-04"));
    let incident = decided(incident, "an accident").unwrap();
    let incident = stepped(incident, Stepping::Recover, "it is back").unwrap();
    let incident = stepped(incident, Stepping::Close, "done").unwrap();
    assert_eq!(incident.state(), State::Closed);
    let incident = stepped(incident, Stepping::Reopen, "a second copy").unwrap();
    assert_eq!(incident.state(), State::Notified);
}

#[test]
fn an_incident_follows_its_event_and_has_words() {
    let (early, late) = (at("2026-02-06T18:00:00Z"), at("2026-02-06T18:00:01Z"));
    let raise = |happened, aware, now, what: &str| {
        let raising = Raising {
            name: IncidentId::parse("inc-2026-01").unwrap(),
            agreement: AgreementId::parse("no-contact").unwrap(),
            hash: hash(),
            nature: Nature::Breach,
            category: Category::WrongfulDisclosure,
            happened: Some(happened),
            aware,
            due: late,
            runs: BTreeSet::new(),
            sets: BTreeSet::new(),
            parties: BTreeSet::from([party("ho")]),
        };
        Incident::raise(raising, what, now, &by()).map_err(|r| r.rule)
    };
    assert!(raise(early, late, late, "sent to the wrong place").is_ok());
    assert!(raise(late, early, late, "sent to the wrong place").is_err());
    assert!(raise(early, late, early, "sent to the wrong place").is_err());
    assert_eq!(raise(early, late, late, "").map(drop), Err("INC-05"));
}
