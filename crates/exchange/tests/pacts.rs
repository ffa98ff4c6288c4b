//! Pacts: in force only when everybody signed the same hash and the term runs.
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

use std::collections::BTreeMap;

use common::{hash, person};
use exchange::authority::{Action, Actor, Role};
use exchange::change::Aggregate;
use exchange::controls::{Checklist, FRAMEWORKS, Framework, Stating, framework};
use exchange::ids::{AgreementId, ProjectId, SignerId};
use exchange::pact::{Laying, MOVES, Move, Pact, Signature};
use jiff::civil::{Date, date};

fn id() -> AgreementId {
    AgreementId::parse("contact-thread").unwrap()
}

fn signer(name: &str) -> SignerId {
    SignerId::parse(name).unwrap()
}

/// Laid on the table, with nothing said of its controls.
fn bare() -> Pact {
    let laying = Laying {
        id: id(),
        project: ProjectId::parse("contact-2026").unwrap(),
        hash: hash(),
        controls: Checklist::with(&[]),
        source: "agreement: contact-thread".into(),
        umbrellas: Vec::new(),
        signatories: BTreeMap::from([
            (signer("ho"), "Director".to_owned()),
            (signer("hmrc.ris"), "Deputy Director".to_owned()),
        ]),
        from: date(2026, 1, 1),
        last: Some(date(2027, 12, 31)),
    };
    let by = person("o1", Role::DataSharingOfficer)
        .may(Action::LayAgreement)
        .unwrap();
    Pact::lay(laying, &by).state().clone()
}

/// Says of controls of a framework that they are in place: the rule that refuses it.
fn said(pact: &Pact, of: &'static Framework, controls: &[&str]) -> Result<Pact, &'static str> {
    let controls: Vec<String> = controls.iter().map(|c| (*c).to_owned()).collect();
    let what = Stating {
        framework: of,
        controls: &controls,
        version: "April 2014",
        evidence: "statement 12",
        on: date(2026, 1, 5),
    };
    stated(pact, &what)
}

fn stated(pact: &Pact, what: &Stating<'_>) -> Result<Pact, &'static str> {
    let owner = person("i1", Role::AssetOwner);
    let by = owner.may(Action::StateControls).unwrap();
    let change = pact.clone().state_controls(what, date(2026, 1, 7), &by);
    change.map(|c| c.state().clone()).map_err(|r| r.rule)
}

/// Laid on the table, with every control in place.
fn laid() -> Pact {
    let pact = said(&bare(), &FRAMEWORKS[0], FRAMEWORKS[0].controls).unwrap();
    said(&pact, &FRAMEWORKS[1], FRAMEWORKS[1].controls).unwrap()
}

fn signature(who: &str, role: &str) -> Signature {
    Signature {
        signer: signer(who),
        role: role.into(),
        date: date(2026, 1, 7),
    }
}

fn sign(pact: Pact, who: &str, role: &str) -> Result<Pact, &'static str> {
    pact.sign(signature(who, role), "note", &Actor::Node)
        .map(|c| c.state().clone())
        .map_err(|r| r.rule)
}

fn rules(pact: &Pact, day: Date) -> Vec<&'static str> {
    pact.in_force(day)
        .err()
        .unwrap_or_default()
        .iter()
        .map(|r| r.rule)
        .collect()
}

// shows: AGR-21, AGR-29, PTY-16
#[test]
fn in_force_means_all_signed_and_the_term_runs() {
    let day = date(2026, 2, 2);
    let pact = laid();
    assert_eq!(rules(&pact, day), ["AGR-21"]);
    assert_eq!(
        rules(&pact, date(2025, 12, 31)),
        ["AGR-21", "AGR-29"],
        "all reasons together"
    );
    let one = sign(pact, "ho", "Director").unwrap();
    assert_eq!(
        rules(&one, day),
        ["AGR-21"],
        "n-1 signatures are not enough"
    );
    assert_eq!(
        sign(one.clone(), "ho", "Director").unwrap_err(),
        "AGR-21",
        "nobody signs twice"
    );
    assert_eq!(
        sign(one.clone(), "dwp", "Director").unwrap_err(),
        "AGR-21",
        "only parties sign"
    );
    assert_eq!(
        sign(one.clone(), "hmrc.ris", "Analyst").unwrap_err(),
        "PTY-16",
        "only in the agreed role"
    );
    let both = sign(one, "hmrc.ris", "Deputy Director").unwrap();
    for (day, expected) in [
        (date(2025, 12, 31), vec!["AGR-29"]),
        (date(2026, 1, 1), vec![]),
        (date(2027, 12, 31), vec![]),
        (date(2028, 1, 1), vec!["AGR-28"]),
    ] {
        assert_eq!(rules(&both, day), expected, "{day}");
    }
}

#[test]
fn a_signature_is_about_one_agreement_and_one_hash() {
    let s = signature("ho", "Director");
    let text = s.text(&id(), hash());
    assert_eq!(Signature::read(&text, &id(), hash()).unwrap(), s);
    let other = ledger::Digest::of(b"another");
    assert!(Signature::read(&text, &id(), other).is_err());
    assert!(Signature::read(&text, &AgreementId::parse("other").unwrap(), hash()).is_err());
    assert!(
        Signature::read(&format!("{text}signer hmrc\n"), &id(), hash()).is_err(),
        "no line more"
    );
    assert!(
        Signature::read(text.trim_end(), &id(), hash()).is_err(),
        "no character less"
    );
}

const ALL: [Move; 4] = [Move::Suspend, Move::Resume, Move::Review, Move::Reviewed];

fn moved(pact: &Pact, what: Move) -> Result<Pact, &'static str> {
    let change = pact.clone().moved(what, "decided together", &Actor::Node);
    change.map(|c| c.state().clone()).map_err(|r| r.rule)
}

fn start(pact: &Pact, day: Date) -> Vec<&'static str> {
    let no = pact.may_start(day).err().unwrap_or_default();
    no.iter().map(|r| r.rule).collect()
}

// shows: AGR-28
#[test]
fn each_standing_takes_exactly_the_moves_of_the_table() {
    let one = sign(laid(), "ho", "Director").unwrap();
    let both = sign(one, "hmrc.ris", "Deputy Director").unwrap();
    let mut todo = vec![both];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(pact) = todo.pop() {
        let at = pact.status();
        if !seen.insert(at) {
            continue;
        }
        let reachable = |verb: Move| moved(&pact, verb).map(|p| p.status());
        let takes: Vec<&str> = ALL
            .into_iter()
            .filter(|verb| reachable(*verb).is_ok())
            .map(Move::name)
            .collect();
        let written: &[&str] = match at {
            "signed" => &["suspend", "review"],
            "under-review" => &["suspend", "reviewed"],
            "suspended" => &["resume"],
            other => panic!("no standing {other}"),
        };
        assert_eq!(takes, written, "{at}");
        for verb in ALL {
            match moved(&pact, verb) {
                Ok(next) => todo.push(next),
                Err(rule) => assert_eq!(rule, "AGR-28", "{at} {}", verb.name()),
            }
        }
        let silent = pact.moved(Move::Suspend, " ", &Actor::Node);
        assert_eq!(silent.unwrap_err().rule, "AGR-28");
    }
    assert_eq!((seen.len(), MOVES.len()), (3, 5));
}

// shows: AGR-28
#[test]
fn a_run_starts_in_force_and_under_review_and_in_no_other_stage_of_its_life() {
    let day = date(2026, 6, 1);
    let one = sign(laid(), "ho", "Director").unwrap();
    let both = sign(one.clone(), "hmrc.ris", "Deputy Director").unwrap();
    let reviewed = moved(&both, Move::Review).unwrap();
    let suspended = moved(&both, Move::Suspend).unwrap();
    let resumed = moved(&suspended, Move::Resume).unwrap();
    let by = Actor::Node;
    let ending = both
        .clone()
        .notice(date(2026, 8, 31), day, "the pilot is over", &by);
    let ending = ending.unwrap().state().clone();
    for (pact, day, stage, refused) in [
        (&one, day, "awaiting-signature", vec!["AGR-21"]),
        (&both, date(2025, 12, 31), "signed", vec!["AGR-29"]),
        (&both, day, "in-force", vec![]),
        (&resumed, day, "in-force", vec![]),
        (&reviewed, day, "under-review", vec![]),
        (&suspended, day, "suspended", vec!["AGR-28"]),
        (&ending, date(2026, 8, 31), "terminating", vec!["AGR-28"]),
        (&ending, date(2026, 9, 1), "terminated", vec!["AGR-28"]),
        (&both, date(2028, 1, 1), "expired", vec!["AGR-28"]),
    ] {
        assert_eq!(pact.stage(day), stage);
        assert_eq!(start(pact, day), refused, "{stage}");
    }
    // What runs when notice is given goes on to the last day.
    assert_eq!(rules(&ending, date(2026, 8, 31)), [""; 0]);
    let again = ending.notice(date(2026, 9, 30), day, "again", &by);
    assert_eq!(again.unwrap_err().rule, "AGR-28");
    for (last, why) in [
        (date(2026, 5, 31), "too late"),
        (date(2028, 1, 1), "after its term"),
        (date(2026, 8, 31), ""),
    ] {
        let refused = both.clone().notice(last, day, why, &by);
        assert_eq!(refused.unwrap_err().rule, "AGR-28", "{last}");
    }
}

// shows: SEC-03, SEC-04
#[test]
fn an_agreement_is_not_in_force_before_its_checklist_is_complete() {
    let day = date(2026, 2, 2);
    let one = sign(bare(), "ho", "Director").unwrap();
    let signed = sign(one, "hmrc.ris", "Deputy Director").unwrap();
    assert_eq!(rules(&signed, day), ["SEC-03", "SEC-04"]);
    assert_eq!(start(&signed, day), ["SEC-03", "SEC-04"]);
    assert_eq!(signed.stage(day), "signed", "signed, and not yet effective");
    assert!(signed.holds_off(), "what comes in waits");
    let spf = framework("spf").unwrap();
    let gsc = framework("gsc").unwrap();
    // Every control of every framework is said, and of no other.
    let mut pact = signed.clone();
    for of in [spf, gsc] {
        for control in of.controls {
            assert!(rules(&pact, day).contains(&of.rule), "{control}");
            pact = said(&pact, of, &[control]).unwrap();
        }
        assert!(!rules(&pact, day).contains(&of.rule));
    }
    assert_eq!(pact.stage(day), "in-force");
    assert!(!pact.holds_off());
    let refused = |of, controls: &[&str]| said(&signed, of, controls).err();
    assert_eq!(refused(gsc, &["handling"]), Some("SEC-04"));
    let ias6 = framework("ias6").unwrap();
    assert_eq!(refused(ias6, ias6.controls), Some("SEC-03"));
    // With the Department for Education it is asked for too.
    assert_eq!(Checklist::with(&["dfe"]).items().count(), 9);
    // Of an agreement that was laid before there was a checklist it is not known: everything is asked for.
    assert_eq!(Checklist::default().items().count(), 9);
    assert_eq!(Checklist::with(&["home-office", "hmrc"]).items().count(), 8);
    // Without version or evidence, or for a day to come, it is not said.
    let controls = [spf.controls[0].to_owned()];
    let whole = Stating {
        framework: spf,
        controls: &controls,
        version: "April 2014",
        evidence: "statement 12",
        on: date(2026, 1, 7),
    };
    for part in [
        Stating {
            version: " ",
            ..whole.clone()
        },
        Stating {
            evidence: "",
            ..whole.clone()
        },
        Stating {
            on: date(2026, 1, 8),
            ..whole.clone()
        },
    ] {
        assert_eq!(stated(&signed, &part).map(|_| ()), Err("SEC-03"));
    }
    let said = stated(&signed, &whole).unwrap();
    let (_, item) = said
        .controls()
        .items()
        .find(|(key, _)| *key == "spf.handling")
        .unwrap();
    let item = item.unwrap();
    assert_eq!(
        (item.version.as_str(), item.by.as_str(), item.on),
        ("April 2014", "i1", whole.on)
    );
}
