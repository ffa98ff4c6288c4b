//! Assurances: asked for in a signed request, which is a task of the party that is asked; given in a signed note, which both
//! keep and an outsider can check.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod school;

use std::collections::BTreeMap;

use exchange::assurance::{Asked, Assurance, Assured, State};
use exchange::authority::{Person, Role};
use exchange::ids::{PartyId, StaffId};
use exchange::paper::Paper;
use exchange::{Asking, Done, Node, Trouble};
use jiff::civil::{Date, date};
use ledger::VerifierKey;
use school::*;

fn asking(giver: &str, until: Date, by: Date) -> Asking {
    Asking {
        agreement: agreement(),
        giver: PartyId::parse(giver).unwrap(),
        from: date(2016, 3, 18),
        until,
        by,
    }
}

fn lead() -> Person {
    Person {
        staff: StaffId::parse("d1").unwrap(),
        role: Role::DataProtectionLead,
    }
}

async fn ask(school: &School, name: &str, asking: Asking, who: &Person) -> Result<Done, Trouble> {
    school.ho.ask_assurance(&op(name), asking, who).await
}

async fn take(node: &Node, name: &str, note: &str) -> Result<Done, Trouble> {
    node.take_assurance(&op(name), note, &officer()).await
}

async fn at(node: &Node, number: u32) -> Assurance {
    let key = format!("dfe-demo/ho/dfe/{number:04}");
    node.find(&key).await.unwrap().unwrap()
}

async fn give(
    school: &School,
    name: &str,
    not_kept: &[(&str, &str)],
    who: &Person,
) -> Result<Done, Trouble> {
    let key = "dfe-demo/ho/dfe/0001";
    let not_kept = not_kept.iter();
    let not_kept: BTreeMap<_, _> = not_kept.map(|(n, w)| ((*n).into(), (*w).into())).collect();
    school
        .dfe
        .give_assurance(&op(name), key, not_kept, who)
        .await
}

// shows: AUD-02
#[tokio::test]
async fn a_request_makes_a_task_and_what_is_signed_is_kept_by_both_and_checked_by_anybody() {
    let school = School::new(vec![Child::new(1).ground_a()]).await;
    school.on("2016-07-04");
    let (june, july, day) = (date(2016, 6, 30), date(2016, 7, 29), officer());
    // Of the other party, about days that are over, by a day that is not.
    for (name, asking, who, rule) in [
        ("self", asking("ho", june, july), &day, "AUD-02"),
        ("who", asking("dwp", june, july), &day, "AUD-02"),
        (
            "ahead",
            asking("dfe", date(2016, 7, 5), july),
            &day,
            "AUD-02",
        ),
        (
            "over",
            asking("dfe", june, date(2016, 7, 3)),
            &day,
            "AUD-02",
        ),
        (
            "back",
            asking("dfe", date(2016, 3, 17), july),
            &day,
            "AUD-02",
        ),
        ("role", asking("dfe", june, july), &caseworker(), "SEC-09"),
    ] {
        assert_eq!(
            rules(&ask(&school, name, asking, who).await),
            [rule],
            "{name}"
        );
    }
    let asked = asking("dfe", june, july);
    ask(&school, "ask", asked.clone(), &lead()).await.unwrap();
    ask(&school, "again", asked, &day).await.unwrap();
    let request = at(&school.ho, 1).await;
    assert_eq!(request.state(), State::Asked);
    assert_eq!(at(&school.ho, 2).await.asked().number, 2);

    // Handed over, it is a task of the Department for Education until it is done, and late after its day.
    let (ho, dfe) = (&school.ho, &school.dfe);
    let forged = request.paper().replace("2016-07-29", "2016-08-29");
    assert_eq!(rules(&take(dfe, "forged", &forged).await), ["AUD-02"]);
    assert_eq!(rules(&take(ho, "own", request.paper()).await), ["AUD-02"]);
    take(dfe, "take", request.paper()).await.unwrap();
    assert_eq!(
        rules(&take(dfe, "twice", request.paper()).await),
        ["AUD-02"]
    );
    let task = at(dfe, 1).await;
    assert_eq!((task.state(), task.is_late(july)), (State::ToGive, false));
    for node in [ho, dfe] {
        assert!(at(node, 1).await.is_late(date(2016, 7, 30)));
    }

    // Whoever owns the information or its risk gives it, and says what was not kept.
    let late = "one file was destroyed two days late";
    for (name, not_kept, who, rule) in [
        ("by", ("retention", late), officer(), "SEC-09"),
        ("none", ("retention", " "), asset_owner(), "AUD-02"),
        ("other", ("money", late), asset_owner(), "AUD-02"),
    ] {
        assert_eq!(rules(&give(&school, name, &[not_kept], &who).await), [rule]);
    }
    let kept = [("security", late)];
    give(&school, "give", &kept, &asset_owner()).await.unwrap();
    let twice = give(&school, "twice", &kept, &asset_owner()).await;
    assert_eq!(rules(&twice), ["AUD-02"]);
    let given = at(dfe, 1).await;
    assert_eq!(given.state(), State::Given);

    // What is stated is what the agreement's own text says, and it is by the node's key.
    let note = given.note().unwrap();
    let key = VerifierKey::parse(&dfe.ports().signer.card().verifier).unwrap();
    let opened = ledger::note::open(note, &[key]).unwrap();
    let assured = Assured::read(&opened.text).unwrap();
    let (_, plan) = dfe.agreement(&agreement()).await.unwrap();
    assert_eq!(assured.undertakings, plan.undertakings);
    assert!(assured.undertakings["performance"].contains("written and signed assurance"));
    assert!(assured.undertakings.contains_key("security"));
    assert!(!assured.undertakings.contains_key("background"));
    assert_eq!(
        (assured.role.as_str(), assured.on),
        ("iao", date(2016, 7, 4))
    );
    assert_eq!(Asked::read(&opened.text), None, "one kind is not another");

    // The asker takes what it asked for, as it stands, and no other.
    let other = note.replace(late, "nothing");
    assert_eq!(rules(&take(ho, "altered", &other).await), ["AUD-02"]);
    take(ho, "take", note).await.unwrap();
    assert_eq!(rules(&take(ho, "anew", note).await), ["AUD-02"]);
    let received = at(ho, 1).await;
    assert_eq!(received.state(), State::Received);
    assert_eq!(
        (received.note(), received.not_kept()),
        (Some(note), &assured.not_kept)
    );
    assert!(!received.is_late(date(2016, 7, 30)));

    // What is not waited for any more is said, with the reason.
    let drop = async |name: &str, why: &str| {
        let key = "dfe-demo/ho/dfe/0002";
        ho.drop_assurance(&op(name), key, why, &officer()).await
    };
    assert_eq!(rules(&drop("silent", "").await), ["AUD-02"]);
    drop("drop", "asked twice").await.unwrap();
    assert_eq!(rules(&drop("dropped", "again").await), ["AUD-02"]);
    school.settle().await;
    for (node, act, times) in [
        (ho, "assurance.asked", 2),
        (ho, "assurance.received", 1),
        (ho, "assurance.dropped", 1),
        (dfe, "assurance.requested", 1),
        (dfe, "assurance.given", 1),
    ] {
        assert_eq!(school.acts(node, act).await, times, "{act}");
    }
}
