//! Look-ups through the service: who may, one answer for whatever depends on the person, and no answer without its entry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::duplicate_mod,
    missing_docs,
    unreachable_pub,
    reason = "tests; the house of the service and the town each bring what they share"
)]

mod common;
#[path = "common/looking.rs"]
mod looking;
mod service;
mod town;

use std::sync::Arc;

use exchange::lookup::PACE;
use ledger::Entry;
use serde_json::{Value, json};
use service::*;
use town::{Migrant, Town, caseworker, flow, op, run, source};

const APRIL: &str = "ask-2016-04";
const PATH: &str = "/v1/look-ups";
const PHONE: &str = "07700 900555";
/// Confirmed; found, and nobody decided; refuted; asked about, and nobody found; no such reference.
const CONFIRMED: &str = "C00000001";
const CANDIDATE: &str = "C00000002";
const REFUTED: &str = "C00000003";
const NOT_FOUND: &str = "C00000004";
const NOBODY: &str = "C00000999";

fn known() -> String {
    let mut text = format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{ISSUER}\"\nkeys = \"keys.json\"\n"
    );
    for (staff, role, agreements) in [
        ("c1", "caseworker", "all"),
        ("c2", "caseworker", "all"),
        ("c3", "caseworker", "no-contact-demo"),
        ("c4", "caseworker", "all"),
        ("o1", "data-sharing-officer", "all"),
    ] {
        text += &format!(
            "[[person]]\nstaff = \"{staff}\"\nissuer = \"{ISSUER}\"\nsubject = \"sub-{staff}\"\nrole = \"{role}\"\n\
             party = \"ho\"\nclearance = \"sc\"\nauthorised = true\ntrained-until = \"2026-12-31\"\n\
             agreements = [\"{agreements}\"]\ngranted-by = \"m1\"\nprovisioned-by = \"a1\"\n"
        );
    }
    text
}

/// HMRC has answered, and the service is the Home Office's; c1, c3 and c4 are its staff, and c2 is in no list of staff.
async fn served(per_minute: u32) -> Service<Town> {
    let found = |n| Migrant::new(n).taxed(&[("hmrc_phone", PHONE)]);
    let people = vec![found(1), found(2), found(3), Migrant::new(4)];
    let town = Town::under(people, source()).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.matched(&town.hmrc, APRIL, "ask").await;
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    let (run, reply) = (run(APRIL), flow("hmrc-reply"));
    let row = town.row(APRIL, CONFIRMED).await;
    let by = caseworker();
    let by = &by;
    let confirm = op("confirm");
    let of = (&run, &reply, row);
    town.ho
        .confirm(&confirm, of, "they agree", by)
        .await
        .unwrap();
    let row = town.row(APRIL, REFUTED).await;
    let (refute, of) = (op("refute"), (&run, &reply, row));
    town.ho.refute(&refute, of, "a namesake", by).await.unwrap();
    town.settle().await;
    let node = looking::node(&town.home("ho"), town.clock.clone(), town.pool.clone()).await;
    let (clock, home) = (town.clock.clone(), town.dir.path().join("tls"));
    let known = known();
    let service = Service::serving(town, Arc::new(node), clock, home, (per_minute, &known)).await;
    let asker = |staff| looking::asker(staff, &["contact", "benefits"]);
    service.lists(&known, vec![asker("c1"), asker("c3"), asker("c4")]);
    service
}

fn question(reference: &str) -> Value {
    json!({ "reference": reference, "case": "case-1", "reason": "a letter came back", "purpose": "contact" })
}

async fn ask(service: &Service<Town>, subject: &str, question: &Value) -> Answer {
    let more = "Content-Type: application/json\r\n";
    let token = service.token(subject);
    service
        .ask(&token, "POST", PATH, more, &question.to_string())
        .await
}

/// The entries that wait for their place, of these acts.
async fn entries(service: &Service<Town>, act: &str) -> Vec<Entry> {
    let pending = service.node.ports().store.pending(1_000).await.unwrap();
    let all = pending.iter().map(|p| Entry::parse(&p.bytes).unwrap());
    all.filter(|e| e.act.to_string() == act).collect()
}

/// An answer without what no two answers share: the second and the id of the request.
fn constant(answer: &Answer) -> (u16, Vec<String>, String) {
    let differs = |line: &&str| line.starts_with("x-request-id") || line.starts_with("date");
    let lines = answer.head.lines().filter(|line| !differs(line));
    (
        answer.status,
        lines.map(str::to_owned).collect(),
        answer.body.clone(),
    )
}

// shows: LOOKUP-02, LOOKUP-03, LOOKUP-07, LOOKUP-09, LOOKUP-10, S-16
#[tokio::test]
async fn whatever_depends_on_the_person_is_one_answer_after_one_time_and_in_the_ledger_before() {
    let service = served(1_000_000).await;
    let shown = ask(&service, "sub-c1", &question(CONFIRMED)).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.json()["answer"], "shown");
    assert!(shown.body.contains(PHONE), "{}", shown.body);
    assert_eq!(entries(&service, "person.looked-up").await.len(), 1);
    let mut otherwise = question(CONFIRMED);
    otherwise["purpose"] = json!("benefits");
    let mut answers = Vec::new();
    for (n, question) in [CANDIDATE, REFUTED, NOT_FOUND, NOBODY]
        .map(question)
        .into_iter()
        .chain([otherwise])
        .enumerate()
    {
        let asked = tokio::time::Instant::now();
        let answer = ask(&service, "sub-c1", &question).await;
        // The clock of the node stands: each answer is kept back for one whole pace.
        assert!(asked.elapsed() >= PACE.unsigned_abs(), "{question}");
        assert_eq!(entries(&service, "person.looked-up").await.len(), n + 2);
        answers.push((constant(&answer), question));
    }
    assert_eq!(answers[0].0.2, r#"{"answer":"nothing"}"#);
    for (answer, question) in &answers {
        assert_eq!(*answer, answers[0].0, "{question}");
    }
    // No two of the entries in clear differ by what was found either.
    let clear = |e: &Entry| format!("{:?} {:?} {:?}", e.act, e.rule, e.facts);
    let all = entries(&service, "person.looked-up").await;
    assert_eq!(clear(&all[1]), clear(&all[4]));
    let counts = service.operator("/metrics").await.body;
    for secret in [PHONE, CONFIRMED, NOBODY, "case-1"] {
        assert!(!counts.contains(secret), "{secret}");
    }
}

fn rules(answer: &Answer) -> Vec<String> {
    let told = answer.json();
    let rules = told["rules"].as_array().unwrap_or_else(|| panic!("{told}"));
    rules
        .iter()
        .map(|r| r["rule"].as_str().unwrap().to_owned())
        .collect()
}

// shows: SEC-09, PTY-11, LOOKUP-01, LOOKUP-03, LOOKUP-06, LOOKUP-10
#[tokio::test]
async fn who_may_not_ask_is_told_every_rule_whoever_the_question_is_about() {
    let service = served(1_000_000).await;
    // At the door: the role, and an access that is for some agreements.
    for subject in ["sub-o1", "sub-c3"] {
        for reference in [CONFIRMED, NOBODY] {
            let answer = ask(&service, subject, &question(reference)).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "denied"));
            assert_eq!(rules(&answer), ["SEC-09"], "{subject}");
        }
    }
    assert_eq!(entries(&service, "refused").await.len(), 4);
    assert_eq!(entries(&service, "person.looked-up").await.len(), 0);
    let with = |name: &str, value: &str| {
        let mut question = question(CONFIRMED);
        question[name] = json!(value);
        question
    };
    // Asked by the domain, all of it together, and written down as a look-up that was denied.
    let cases = [
        (
            "sub-c2",
            with("reference", NOBODY),
            "PTY-11 SEC-09 PTY-09 PTY-17 LOOKUP-10 LOOKUP-06",
        ),
        (
            "sub-c2",
            with("reference", CONFIRMED),
            "PTY-11 SEC-09 PTY-09 PTY-17 LOOKUP-10 LOOKUP-06",
        ),
        ("sub-c1", with("case", "case-2"), "LOOKUP-06"),
        ("sub-c1", with("reason", " "), "LOOKUP-06"),
        ("sub-c1", with("purpose", "audit"), "LOOKUP-10"),
        ("sub-c1", with("reference", "C0000000*"), "LOOKUP-01"),
    ];
    for (n, (subject, question, named)) in cases.iter().enumerate() {
        let answer = ask(&service, subject, question).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "denied"),
            "{}",
            answer.body
        );
        assert_eq!(rules(&answer).join(" "), *named, "{question}");
        assert!(!answer.body.contains(PHONE));
        assert_eq!(entries(&service, "person.looked-up").await.len(), n + 1);
    }
    let mut search = question(CONFIRMED);
    search["surname"] = json!("Smith");
    assert_eq!(ask(&service, "sub-c1", &search).await.code(), "bad-request");
    assert_eq!(
        ask(&service, "sub-z9", &question(CONFIRMED)).await.code(),
        "token-refused"
    );
}

#[tokio::test]
async fn one_caller_asks_about_one_person_only_so_often_and_others_do_not_notice() {
    let service = served(60).await;
    let asked = async |subject, reference| ask(&service, subject, &question(reference)).await;
    assert_eq!(asked("sub-c1", CONFIRMED).await.status, 200);
    let held = asked("sub-c1", CONFIRMED).await;
    assert_eq!(
        (held.status, held.code().as_str()),
        (429, "too-many-requests")
    );
    assert!(held.header("retry-after").is_some());
    // Who was asked about does not matter.
    assert_eq!(asked("sub-c1", NOBODY).await.status, 200);
    assert_eq!(asked("sub-c1", NOBODY).await.status, 429);
    // What others asked tells nobody anything.
    assert_eq!(asked("sub-c4", CONFIRMED).await.status, 200);
}

/// Lets nobody write into the database of this node, as a full disk does, or lets them again.
async fn writable(service: &Service<Town>, writable: bool) {
    use sqlx::{Connection, Row};
    let path = service.house.home("ho").join("node.db");
    let mut db = sqlx::SqliteConnection::connect(path.to_str().unwrap())
        .await
        .unwrap();
    let tables = sqlx::query(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%'",
    );
    for table in tables.fetch_all(&mut db).await.unwrap() {
        let table: String = table.get(0);
        for act in ["insert", "update", "delete"] {
            let name = format!("full_{table}_{act}");
            let sql = match writable {
                true => format!("drop trigger {name}"),
                false => format!(
                    "create trigger {name} before {act} on {table} begin select raise(abort, 'full'); end"
                ),
            };
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&mut db)
                .await
                .unwrap();
        }
    }
}

// shows: LOOKUP-03, AUD-07
#[tokio::test]
async fn without_a_ledger_that_can_be_written_nothing_is_answered_and_operators_are_told() {
    let service = served(1_000_000).await;
    writable(&service, false).await;
    for (subject, reference) in [
        ("sub-c1", CONFIRMED),
        ("sub-c1", NOBODY),
        ("sub-c2", NOBODY),
        ("sub-o1", NOBODY),
    ] {
        let answer = ask(&service, subject, &question(reference)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "fault"),
            "{subject}"
        );
        assert!(!answer.body.contains(PHONE));
    }
    let ready = service.operator("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("store-unwritable"), "{}", ready.body);
    writable(&service, true).await;
    assert_eq!(
        ask(&service, "sub-c1", &question(CONFIRMED)).await.json()["answer"],
        "shown"
    );
}
