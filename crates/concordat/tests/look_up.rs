//! Somebody looks a person up: what they are shown, what they are not, and what stands in the ledger of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "common/looking.rs"]
mod looking;
mod town;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use agreement::PurposeId;
use exchange::authority::Role;
use exchange::change::Aggregate;
use exchange::ids::PartyId;
use exchange::lookup::{Answer, Asker, Held, LookUp, Looked, Period, Request};
use exchange::pact::Move;
use exchange::ports::Clock;
use exchange::retention::Holding;
use exchange::{Node, Trouble};
use jiff::civil::date;
use ledger::Entry;
use sqlx::Connection;
use town::{
    Migrant, Town, agreement, caseworker, flow, op, person, risk_owner, rules, run, source,
};
use zeroize::Zeroizing;

const APRIL: &str = "ask-2016-04";
const FLAG: &str = "ISD HMRC Match";
/// Confirmed and flagged; found, and nobody decided; refuted; asked about, and nobody found.
const CONFIRMED: &str = "C00000001";
const CANDIDATE: &str = "C00000002";
const REFUTED: &str = "C00000003";
const NOT_FOUND: &str = "C00000004";
/// Nobody has this reference.
const NOBODY: &str = "C00000999";

async fn answered(source: String) -> Town {
    let found = |n| Migrant::new(n).taxed(&[("hmrc_phone", "07700 900555")]);
    let people = vec![found(1), found(2), found(3), Migrant::new(4)];
    let town = Town::under(people, source).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.matched(&town.hmrc, APRIL, "ask").await;
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    let (run, reply, ho) = (run(APRIL), flow("hmrc-reply"), &town.ho);
    let row = town.row(APRIL, CONFIRMED).await;
    let of = (&run, &reply, row);
    ho.confirm(&op("confirm"), of, "they agree", &caseworker())
        .await
        .unwrap();
    ho.set_flag(&op("flag"), of, FLAG, &caseworker())
        .await
        .unwrap();
    let row = town.row(APRIL, REFUTED).await;
    let of = (&run, &reply, row);
    ho.refute(&op("refute"), of, "a namesake", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    town
}

/// The Home Office's node, with people who may look people up.
async fn looking(town: &Town) -> Node {
    looking::node(&town.home("ho"), town.clock.clone(), town.pool.clone()).await
}

fn asker(staff: &str) -> Asker {
    looking::asker(staff, &["contact", "benefits"])
}

fn request(reference: &str) -> Request {
    looking::request(reference, "contact")
}

/// What is sealed beside the one entry of a look-up.
async fn sealed(node: &Node, looked: &Looked) -> BTreeMap<String, String> {
    let [entry] = looked.entries.as_slice() else {
        panic!("one entry: {:?}", looked.entries);
    };
    assert_eq!(entry.act.as_str(), "person.looked-up");
    let year = exchange::deadline::london_day(entry.at).unwrap().year();
    let holding = exchange::ids::HoldingId::parse(format!("evidence-{year}")).unwrap();
    let item = format!("entry/{}", entry.id);
    let sealed = node.ports().store.item(&holding, &item).await.unwrap();
    let vault = &node.ports().vault;
    let plain = vault.open(&holding, &item, &sealed.unwrap()).await.unwrap();
    serde_json::from_slice(&plain).unwrap()
}

/// What a look-up leaves in the ledger, sealed: outcome and rules.
async fn stands(node: &Node, looked: &Looked) -> (String, String) {
    let mut texts = sealed(node, looked).await;
    let mut take = |label: &str| texts.remove(label).unwrap();
    (take("outcome"), take("rules"))
}

/// What an entry tells without its seal: all but when, by which operation, and the commitments.
fn in_clear(entry: &Entry) -> String {
    let labels: Vec<_> = entry.sealed.keys().collect();
    format!(
        "{:?} {:?} {:?} {labels:?}",
        entry.act, entry.rule, entry.facts
    )
}

fn held(looked: &Looked) -> &[Held] {
    let Answer::Shown { held } = &looked.answer else {
        panic!("nothing is shown: {:?}", looked.answer);
    };
    held
}

async fn look(node: &Node, name: &str, asker: &Asker, request: &Request) -> Looked {
    node.look_up(&op(name), asker, request).await.unwrap()
}

fn told(outcome: &str, rules: &str) -> (String, String) {
    (outcome.into(), rules.into())
}

// shows: LOOKUP-02, LOOKUP-03, LOOKUP-07, FLAG-04
#[tokio::test]
async fn a_confirmed_match_is_shown_with_all_that_must_be_known_of_it() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    let before = node.snapshot().await.unwrap();
    let asked = town.clock.now();
    let looked = look(&node, "l1", &asker("c1"), &request(CONFIRMED)).await;
    assert_eq!(
        looked.not_before.duration_since(asked),
        exchange::lookup::PACE
    );
    assert_eq!(stands(&node, &looked).await, told("shown", ""));
    let [one] = held(&looked) else {
        panic!("one match tells");
    };
    assert_eq!(
        (one.source.as_str(), one.agreement.as_str()),
        ("hmrc", "no-contact-demo")
    );
    assert_eq!(one.received, Some(date(2016, 4, 4)));
    assert_eq!(
        (one.standing, one.certainty.as_str()),
        ("confirmed", "partner-answer")
    );
    let purposes: Vec<_> = one.purposes.iter().map(PurposeId::as_str).collect();
    assert_eq!(purposes, ["contact", "tracing"]);
    assert_eq!(one.expires.unwrap().to_string(), "2017-04-03T23:00:00Z");
    assert_eq!(one.flags, [FLAG]);
    let cells: Vec<_> = one
        .cells
        .iter()
        .map(|c| (c.field.as_str(), c.value.as_str()))
        .collect();
    assert_eq!(
        cells,
        [
            ("hmrc-found.matched", "matched"),
            ("hmrc-found.hmrc_phone", "07700 900555")
        ]
    );
    let said = one.restrictions.join(" ");
    assert!(
        said.contains("hmrc-found.hmrc_phone is not used before"),
        "{said}"
    );
    assert!(said.contains("goes to nobody else"), "{said}");
    // Who, about whom, for which case, why and which fields: committed to in the entry, and in no clear text.
    let [entry] = looked.entries.as_slice() else {
        panic!("one entry");
    };
    let labels: Vec<_> = entry.sealed.keys().map(ToString::to_string).collect();
    for label in [
        "case", "fields", "known", "outcome", "person", "reason", "rules", "team", "unit", "who",
    ] {
        assert!(labels.iter().any(|l| l == label), "{label} of {labels:?}");
    }
    assert_eq!(entry.by.role.to_string(), "caseworker");
    let bytes = entry.to_bytes().unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for secret in [CONFIRMED, "case-1", "a letter came back", "c1"] {
        assert!(!text.contains(&format!("\"{secret}\"")), "{secret}");
    }
    // It is durable, and nothing else has moved.
    let kept = node.ports().store.pending(100).await.unwrap();
    assert!(kept.iter().any(|p| p.bytes == bytes));
    let mut after = node.snapshot().await.unwrap();
    after.retain(|key, _| !key.starts_with("look-up "));
    assert_eq!(before, after);
    assert_eq!(town.in_clear(), Vec::<String>::new());
    // Once: an operation that was done is not answered again.
    let again = look(&node, "l1", &asker("c1"), &request(CONFIRMED)).await;
    assert!(matches!(again.answer, Answer::Before) && again.entries.is_empty());
}

// shows: LOOKUP-03, LOOKUP-08, LOOKUP-09, LOOKUP-10, S-03, S-11
#[tokio::test]
async fn whatever_depends_on_the_person_has_one_answer_and_its_rule_in_the_ledger() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    let nothing = serde_json::to_string(&Answer::Nothing).unwrap();
    let check = async |name: &str, request: &Request, outcome: &str, rule: &str| {
        let looked = look(&node, name, &asker("c1"), request).await;
        assert_eq!(
            serde_json::to_string(&looked.answer).unwrap(),
            nothing,
            "{name}"
        );
        assert_eq!(stands(&node, &looked).await, told(outcome, rule), "{name}");
        // Nor does the published entry tell whoever asked more than that of a reference that nobody has.
        let mut nobody = request.clone();
        nobody.reference = Zeroizing::new(NOBODY.into());
        let nobody = look(&node, &format!("{name}-nobody"), &asker("c1"), &nobody).await;
        assert_eq!(
            in_clear(&looked.entries[0]),
            in_clear(&nobody.entries[0]),
            "{name}"
        );
    };
    check("nobody", &request(NOBODY), "nothing-held", "").await;
    check("not-found", &request(NOT_FOUND), "nothing-held", "").await;
    for (name, reference) in [("candidate", CANDIDATE), ("refuted", REFUTED)] {
        check(name, &request(reference), "nothing-held", "LOOKUP-09").await;
    }
    let mut other = request(CONFIRMED);
    other.purpose = PurposeId::parse("benefits").unwrap();
    check("purpose", &other, "denied", "LOOKUP-10").await;
    // A suspended agreement serves nobody.
    let stand = async |name: &str, what: Move| {
        let why = "a loss is looked into";
        node.stand(&op(name), &agreement(), what, why, &risk_owner())
            .await
            .unwrap();
    };
    stand("suspend", Move::Suspend).await;
    check("suspended", &request(CONFIRMED), "denied", "AGR-28").await;
    stand("resume", Move::Resume).await;
    assert_eq!(
        held(&look(&node, "shown", &asker("c1"), &request(CONFIRMED)).await).len(),
        1
    );
    // Nobody has destroyed it on its date: it is shown a moment before, and never after.
    town.clock
        .set("2017-04-03T22:59:59Z".parse().unwrap())
        .unwrap();
    assert_eq!(
        held(&look(&node, "last", &asker("c1"), &request(CONFIRMED)).await).len(),
        1
    );
    town.clock
        .set("2017-04-03T23:00:00Z".parse().unwrap())
        .unwrap();
    let kept = format!(
        "{APRIL}/hmrc-reply.1/kept/{:06}",
        town.row(APRIL, CONFIRMED).await
    );
    let kept: Holding = node.find(&kept).await.unwrap().unwrap();
    assert_eq!(kept.status(), "counting");
    check("expired", &request(CONFIRMED), "nothing-held", "LOOKUP-08").await;
    town.settle().await;
    check(
        "destroyed",
        &request(CONFIRMED),
        "nothing-held",
        "LOOKUP-08",
    )
    .await;
}

// shows: PTY-08
#[tokio::test]
async fn a_clearance_below_the_agreements_own_is_shown_nothing() {
    let strict = source().replace(
        "    unit: Removals Casework\n",
        "    unit: Removals Casework\n    clearance: dv\n",
    );
    assert_ne!(strict, source());
    let town = answered(strict).await;
    let node = looking(&town).await;
    let looked = look(&node, "l1", &asker("c1"), &request(CONFIRMED)).await;
    assert!(matches!(looked.answer, Answer::Nothing));
    assert_eq!(stands(&node, &looked).await, told("denied", "PTY-08"));
    let mut cleared = asker("c1");
    cleared.clearance = agreement::Clearance::Dv;
    let looked = look(&node, "l2", &cleared, &request(CONFIRMED)).await;
    assert_eq!(stands(&node, &looked).await, told("shown", ""));
}

// shows: LOOKUP-01, LOOKUP-03, LOOKUP-06, PTY-07, S-16, AUD-07
#[tokio::test]
async fn whoever_may_not_ask_is_told_the_rules_before_the_person_is_looked_at() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    let reads = town.pool.reads.load(Ordering::Relaxed);
    let mut stranger = asker("x1");
    stranger.party = PartyId::parse("hmrc").unwrap();
    stranger.cases.clear();
    let mut answers = Vec::new();
    for (n, reference) in [CONFIRMED, CANDIDATE, NOBODY].into_iter().enumerate() {
        let looked = look(&node, &format!("l{n}"), &stranger, &request(reference)).await;
        assert_eq!(
            stands(&node, &looked).await,
            told("denied", "PTY-07 LOOKUP-06")
        );
        let Answer::Refused { refused } = &looked.answer else {
            panic!("not refused: {:?}", looked.answer);
        };
        let all: Vec<_> = refused.iter().map(|r| r.rule).collect();
        assert_eq!(all, ["PTY-07", "LOOKUP-06"]);
        let rule = looked.entries[0].rule.as_ref().map(ToString::to_string);
        assert_eq!(rule.as_deref(), Some("PTY-07"));
        answers.push(serde_json::to_string(&looked.answer).unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let looked = look(&node, "part", &asker("c1"), &request("C0000000*")).await;
    assert_eq!(stands(&node, &looked).await, told("denied", "LOOKUP-01"));
    assert_eq!(town.pool.reads.load(Ordering::Relaxed), reads);
    // A party without a case register has nobody to look up, whoever asks.
    let looked = look(&town.hmrc, "elsewhere", &asker("c1"), &request(CONFIRMED)).await;
    let Answer::Refused { refused } = looked.answer else {
        panic!("not refused");
    };
    assert!(refused.iter().any(|r| r.rule == "LOOKUP-01"));
}

// shows: LOOKUP-03, S-16
#[tokio::test]
async fn where_no_record_can_be_written_there_is_no_answer() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    let path = town.home("ho").join("node.db");
    let mut db = sqlx::SqliteConnection::connect(path.to_str().unwrap())
        .await
        .unwrap();
    let full = "create trigger full before insert on entries begin select raise(abort, 'the disk is full'); end";
    sqlx::query(full).execute(&mut db).await.unwrap();
    for (n, reference) in [CONFIRMED, NOBODY].into_iter().enumerate() {
        let looked = node
            .look_up(&op(format!("l{n}")), &asker("c1"), &request(reference))
            .await;
        assert!(matches!(looked, Err(Trouble::Fault(_))), "{looked:?}");
    }
    let none: Vec<LookUp> = node.all().await.unwrap();
    assert_eq!(none.len(), 0);
    sqlx::query("drop trigger full")
        .execute(&mut db)
        .await
        .unwrap();
    let looked = look(&node, "l0", &asker("c1"), &request(CONFIRMED)).await;
    assert_eq!(held(&looked).len(), 1);
}

fn april(first: i8, last: i8) -> Period {
    Period {
        from: date(2016, 4, first),
        to: date(2016, 4, last),
    }
}

// shows: LOOKUP-04, AUD-06
#[tokio::test]
async fn an_auditor_reads_who_looked_whom_up_and_that_is_recorded_too() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    look(&node, "l1", &asker("c1"), &request(CONFIRMED)).await;
    look(&node, "l2", &asker("c2"), &request(NOBODY)).await;
    let mut late = request(CANDIDATE);
    late.case = "case-2".into();
    town.on("2016-04-06");
    look(&node, "l3", &asker("c1"), &late).await;
    let auditor = person("u1", Role::AccessAuditor);
    let user = exchange::ids::StaffId::parse("c1").unwrap();
    let (done, all) = node
        .look_ups(&op("r1"), april(4, 6), Some(&user), &auditor)
        .await
        .unwrap();
    assert_eq!(done[0].act.as_str(), "look-ups.read");
    let lines: Vec<_> = all
        .iter()
        .map(|one| {
            let texts = one.texts.as_ref().unwrap();
            assert_eq!((texts.get("unit"), one.user.as_str()), ("casework", "c1"));
            [
                texts.get("person"),
                texts.get("case"),
                texts.get("rules"),
                one.outcome.name(),
            ]
            .join(" ")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "C00000001 case-1  shown",
            "C00000002 case-2 LOOKUP-06 denied"
        ]
    );
    let fields = all[0].texts.as_ref().unwrap().get("fields");
    assert_eq!(fields, "hmrc-found.matched hmrc-found.hmrc_phone");
    assert!(!format!("{all:?}").contains(CONFIRMED));
    let count = async |name: &str, period| {
        let read = node.look_ups(&op(name), period, None, &auditor).await;
        read.unwrap().1.len()
    };
    assert_eq!(count("r2", april(4, 6)).await, 3);
    assert_eq!(count("r3", april(5, 6)).await, 1);
    assert_eq!(count("r4", april(7, 30)).await, 0);
    // Nobody else reads them, and nobody at length.
    let no = node
        .look_ups(&op("r5"), april(4, 6), None, &caseworker())
        .await;
    assert_eq!(rules(&no), ["SEC-09"]);
    for period in [
        april(6, 4),
        Period {
            from: date(2016, 1, 1),
            to: date(2017, 1, 1),
        },
    ] {
        let no = node
            .look_ups(&op(format!("r6-{}", period.to)), period, None, &auditor)
            .await;
        assert_eq!(rules(&no), ["LOOKUP-04"]);
    }
    assert_eq!(town.in_clear(), Vec::<String>::new());
}

// shows: LOOKUP-05, AUD-06
#[tokio::test]
async fn random_searching_raises_an_alert_and_a_person_reviews_it() {
    let town = answered(source()).await;
    let node = looking(&town).await;
    town.pool
        .cases
        .lock()
        .unwrap()
        .insert("case-1".into(), CONFIRMED.into());
    // A colleague looks up whose case it is; somebody else browses.
    look(&node, "work", &asker("c2"), &request(CONFIRMED)).await;
    for n in 0..20 {
        let reference = format!("C{:08}", 300 + n * 37);
        look(
            &node,
            &format!("browse-{n}"),
            &asker("c1"),
            &request(&reference),
        )
        .await;
    }
    let auditor = person("u1", Role::AccessAuditor);
    let asked = node
        .look_up_queue(&op("q1"), april(1, 30), (50, 1), &auditor)
        .await;
    let (done, queue) = asked.unwrap();
    let queue = queue.unwrap();
    assert_eq!(done[0].act.as_str(), "look-ups.queued");
    assert_eq!(
        (queue.explained, queue.unexplained, queue.unreadable),
        (1, 20, 0)
    );
    assert_eq!(queue.alerts.len(), 1);
    assert_eq!(
        (queue.alerts[0].user.as_str(), queue.alerts[0].people),
        ("c1", 20)
    );
    assert_eq!(queue.queued.len(), 21);
    let first = &queue.queued[0];
    assert!(
        first
            .why
            .contains(&"the case that was named is not this person's"),
        "{:?}",
        first.why
    );
    let drawn = &queue.queued[20];
    assert!(drawn.drawn && drawn.look_up.user.as_str() == "c2");
    assert_eq!(
        drawn.why[1],
        "the case is the person's, and whoever looked works on it"
    );
    // A person reviews it, never the looker, with a reason, once.
    let id = first.look_up.id.clone();
    let review = async |name: &str, why: &str, who: &str| {
        let who = person(who, Role::AccessAuditor);
        node.review_look_up(&op(name), &id, true, why, &who).await
    };
    assert_eq!(rules(&review("v1", "curious", "c1").await), ["AUD-06"]);
    assert_eq!(rules(&review("v2", " ", "u1").await), ["AUD-06"]);
    review("v3", "no case of theirs", "u1").await.unwrap();
    assert_eq!(rules(&review("v4", "again", "u2").await), ["AUD-06"]);
    let reviewed: LookUp = node.find(&id).await.unwrap().unwrap();
    assert_eq!(reviewed.status(), "concern");
    // What is reviewed is not queued again, and whoever looked is not given their own.
    let length = async |name: &str, who: &str| {
        let who = person(who, Role::AccessAuditor);
        let asked = node
            .look_up_queue(&op(name), april(1, 30), (50, 0), &who)
            .await;
        asked.unwrap().1.unwrap().queued.len()
    };
    assert_eq!(length("q2", "u1").await, 19);
    assert_eq!(length("q3", "c1").await, 0);
    assert_eq!(town.in_clear(), Vec::<String>::new());
}
