//! What the service does for those who may: reads, writes that happen once, what operators see, and its end.
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
mod service;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use common::{House, officer, op, values_in};
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::retention::Holding;
use serde_json::{Value, json};
use service::*;
use tokio::io::AsyncWriteExt;

const ASK: &str = "/v1/agreements/contact-thread/approvals/ask/ask";
const GRANT: &str = "/v1/agreements/contact-thread/approvals/ask/grant";

#[tokio::test]
async fn the_resources_are_shown_without_a_value_of_a_person() {
    let service = Service::answered().await;
    let mut all = String::new();
    for (subject, path, of) in [
        ("sub-o2", "/v1/agreements", "contact-thread"),
        (
            "sub-o2",
            "/v1/agreements/contact-thread",
            "\"in_force\":true",
        ),
        ("sub-o2", "/v1/runs", "ask-2026-02"),
        ("sub-o2", "/v1/runs/ask-2026-02", "\"state\":\"open\""),
        ("sub-o2", "/v1/files", "\"flow\":\"reply\""),
        ("sub-o2", "/v1/approvals", "granted"),
        (
            "sub-c1",
            "/v1/runs/ask-2026-02/files/reply/matches",
            "partner-answer",
        ),
        ("sub-u1", "/v1/ledger/checkpoint", "checkpoint"),
        ("sub-u1", "/v1/ledger/entries?limit=200", "agreement.laid"),
        ("sub-u1", "/v1/due", "items"),
        ("sub-u1", "/v1/report", "{}"),
        ("hmrc-node", "/v1/ledger/checkpoint", "checkpoint"),
        ("hmrc-node", "/v1/agreements", "contact-thread"),
    ] {
        let answer = service.get(subject, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.contains(of), "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type").as_deref(), Some(V1));
        all += &answer.body;
    }
    all += &service.operator("/metrics").await.body;
    for value in values_in(&service.house).await {
        assert!(!all.contains(&value), "a value of a person is shown");
    }
}

#[tokio::test]
async fn a_list_is_read_part_by_part() {
    let service = Service::answered().await;
    let whole = service
        .get("sub-u1", "/v1/ledger/entries?limit=200")
        .await
        .json();
    let (mut parts, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/ledger/entries?limit=7{next}");
        let part = service.get("sub-u1", &path).await.json();
        parts.extend(part["items"].as_array().unwrap().clone());
        match part["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => break,
        }
    }
    assert!(parts.len() > 14);
    assert_eq!(json!(parts), whole["items"]);
    let matches = "/v1/runs/ask-2026-02/files/reply/matches";
    for (who, path, longer_than) in [
        ("sub-o1", "/v1/agreements", 0),
        ("sub-o1", "/v1/approvals", 0),
        ("sub-o1", "/v1/runs", 0),
        ("sub-o1", "/v1/files", 1),
        ("sub-c1", matches, 1),
    ] {
        let whole = service.get(who, path).await.json();
        let whole = whole["items"].as_array().unwrap();
        assert!(whole.len() > longer_than, "{path}");
        let (mut parts, mut next) = (Vec::new(), String::new());
        for _ in 0..=whole.len() {
            let part = service.get(who, &format!("{path}?limit=1{next}")).await;
            let part = part.json();
            parts.extend(part["items"].as_array().unwrap().clone());
            match part["next"].as_str() {
                Some(after) => next = format!("&after={after}"),
                None => break,
            }
        }
        assert_eq!(parts, *whole, "{path}");
    }
    // What is not theirs to see stands in no part, and leads to none.
    for path in ["/v1/agreements", "/v1/approvals", "/v1/runs", "/v1/files"] {
        let part = service.get("sub-x1", &format!("{path}?limit=1")).await;
        assert_eq!(part.json(), json!({ "items": [] }), "{path}");
    }
    for bad in [
        "after=a%00",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "order=desc",
        "after=1&after=2",
    ] {
        let answer = service.get("sub-u1", &format!("/v1/runs?{bad}")).await;
        assert_eq!(answer.code(), "bad-request", "{bad}");
    }
}

#[tokio::test]
async fn a_write_happens_once_for_a_key() {
    let service = Service::agreed().await;
    let first = service.post("sub-o1", ASK, "k1", r#"{"volume":60}"#).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.json()["done_before"], false);
    assert_eq!(first.json()["entries"][0]["act"], "approval.asked");
    let again = service.post("sub-o1", ASK, "k1", r#"{"volume":60}"#).await;
    assert_eq!(again.json(), json!({ "done_before": true, "entries": [] }));
    let other = service.post("sub-o1", ASK, "k1", r#"{"volume":70}"#).await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "idempotency-key-reused")
    );
    // What a key was used for is kept keyed: a body may hold words that could be tried against a plain digest.
    let plain = ledger::Digest::of(format!("POST {ASK}\n{{\"volume\":60}}").as_bytes());
    let holds = |bytes: &[u8]| bytes.windows(64).any(|w| w == plain.to_string().as_bytes());
    assert!(files(service.house.dir.path()).iter().all(|f| !holds(f)));
    let elsewhere = service.post("sub-i1", GRANT, "k1", "").await;
    assert_eq!(
        elsewhere.status, 200,
        "another's key is another: {}",
        elsewhere.body
    );
    // The domain's own rules answer with their ids, and stand in the ledger.
    let refused = service.post("sub-i1", GRANT, "k2", "").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "refused"),
        "{}",
        refused.body
    );
    assert!(refused.json()["rules"][0]["rule"].is_string());
    let approval: Vec<Approval> = service.node.all().await.unwrap();
    assert_eq!(approval[0].status(), "granted");
    assert_eq!(approval[0].scope().volume, 60);
    // After a restart the store still knows.
    let after = Service::of(service.house).await;
    let again = after.post("sub-o1", ASK, "k1", r#"{"volume":60}"#).await;
    assert_eq!(again.json()["done_before"], true);
    let other = after.post("sub-o1", ASK, "k1", r#"{"volume":70}"#).await;
    assert_eq!(other.code(), "idempotency-key-reused");
    for key in ["", "a b", &"k".repeat(65), "k/1"] {
        let answer = after.post("sub-o1", ASK, key, r#"{"volume":60}"#).await;
        assert_eq!(answer.code(), "idempotency-key-missing", "{key}");
    }
}

#[tokio::test]
async fn of_two_bodies_that_come_at_once_under_one_key_one_is_done_and_the_other_told_so() {
    let service = Service::agreed().await;
    for round in 0..8 {
        let key = format!("k{round}");
        let ask = async |volume: u64| {
            let body = json!({ "volume": volume }).to_string();
            service.post("sub-o1", ASK, &key, &body).await
        };
        let (one, two) = tokio::join!(ask(60), ask(70));
        let (done, not, volume) = match one.status {
            200 => (one, two, 60),
            _ => (two, one, 70),
        };
        assert_eq!(done.json()["done_before"], false, "{}", done.body);
        assert_eq!(not.code(), "idempotency-key-reused", "{}", not.body);
        let approval: Vec<Approval> = service.node.all().await.unwrap();
        assert_eq!(approval[0].scope().volume, volume);
        let no = GRANT.replace("/grant", "/refuse");
        let body = r#"{"reason":"not this month"}"#;
        let refused = service.post("sub-i1", &no, &key, body).await;
        assert_eq!(refused.status, 200, "{}", refused.body);
    }
}

#[tokio::test]
async fn deciding_and_releasing_need_a_recent_sign_in() {
    let service = Service::agreed().await;
    assert_eq!(
        service
            .post("sub-o1", ASK, "k1", r#"{"volume":60}"#)
            .await
            .status,
        200
    );
    let more = "Idempotency-Key: k2\r\n";
    let now = service.claims("sub-i1")["iat"].as_i64().unwrap() + 60;
    for signed_in in [json!(now - 301), json!(now + 600), Value::Null] {
        let mut claims = service.claims("sub-i1");
        claims["auth_time"] = signed_in;
        let token = service.sign(&service.header(), &claims);
        let answer = service.ask(&token, "POST", GRANT, more, "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "step-up-needed")
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.contains("insufficient_user_authentication"),
            "{challenge}"
        );
        // Reading does not need it.
        assert_eq!(
            service
                .ask(&token, "GET", "/v1/approvals", "", "")
                .await
                .status,
            200
        );
    }
    assert_eq!(service.post("sub-i1", GRANT, "k2", "").await.status, 200);
}

#[tokio::test]
async fn a_match_is_refuted_by_a_person_with_a_reason_and_a_file_is_released() {
    let service = Service::answered().await;
    let path = "/v1/runs/ask-2026-02/files/reply/matches";
    let rows = service.get("sub-c1", path).await.json();
    let row = rows["items"][0]["row"].as_u64().unwrap();
    let reason = r#"{"reason":"a namesake"}"#;
    let refute = format!("{path}/{row}/refute");
    let answer = service.post("sub-c1", &refute, "k1", reason).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.body.contains("namesake"), "texts stay sealed");
    let rows = service.get("sub-c1", path).await.json();
    assert_eq!(rows["items"][0]["standing"], "refuted");
    let answer = service
        .post("sub-c1", &refute, "k2", r#"{"reason":""}"#)
        .await;
    assert_eq!(answer.code(), "bad-request");
    let denied = service.post("sub-o1", &refute, "k3", reason).await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "denied"));
    assert_eq!(denied.json()["rules"][0]["rule"], "SEC-09");

    let service = Service::agreed().await;
    service.house.at("2026-02-02T09:00:00Z");
    let node = &service.node;
    node.start(&op("prepare"), &common::start(), &common::officer())
        .await
        .unwrap();
    let release = "/v1/runs/ask-2026-02/files/ask/release";
    let answer = service.post("sub-o1", release, "k1", "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let files = service.get("sub-o1", "/v1/files").await.json();
    assert_eq!(files["items"][0]["state"], "sealed");
    let again = service.post("sub-o1", release, "k1", "").await;
    assert_eq!(again.json()["done_before"], true);
}

#[tokio::test]
async fn versions_and_ids_are_answered() {
    let service = Service::agreed().await;
    let token = service.token("sub-o1");
    for (accept, status) in [
        ("application/vnd.concordat.v1+json", 200),
        ("text/html, application/json;q=0.9", 200),
        ("*/*", 200),
        ("application/vnd.concordat.v2+json", 406),
        ("text/html", 406),
    ] {
        let more = format!("Accept: {accept}\r\nX-Correlation-Id: 6f1c-22\r\n");
        let answer = service.ask(&token, "GET", "/v1/runs", &more, "").await;
        assert_eq!(answer.status, status, "{accept}");
        assert_eq!(
            answer.header("x-correlation-id").as_deref(),
            Some("6f1c-22")
        );
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id.len(), 36);
        if status == 406 {
            assert_eq!(answer.json()["instance"], format!("urn:uuid:{id}"));
        }
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    }
    let long = format!("X-Correlation-Id: {}\r\n", "a".repeat(65));
    let answer = service.ask(&token, "GET", "/v1/runs", &long, "").await;
    assert_eq!(answer.header("x-correlation-id"), None);
}

/// What is wrong with this list.
fn read(service: &Service, text: &str) -> String {
    let home = service.house.dir.path().join("tls");
    let beside = |name: &str| std::fs::read_to_string(home.join(name)).map_err(|e| e.to_string());
    let fault = web::Access::read(text, service.node.party(), beside);
    fault.unwrap_err().to_string()
}

// shows: PTY-07, PTY-17, SEC-12
#[tokio::test]
async fn who_is_known_is_a_list_and_what_it_says_counts_at_once() {
    let service = Service::agreed().await;
    let text = access_text();
    for (from, to, why) in [
        (
            "provisioned-by = \"a1\"",
            "provisioned-by = \"m1\"",
            "SEC-12",
        ),
        ("granted-by = \"m1\"", "granted-by = \"o1\"", "SEC-12"),
        ("party = \"ho\"", "party = \"hmrc\"", "PTY-07"),
        ("sub-o2", "sub-o1", "twice"),
        ("clearance = \"ctc\"", "clearance = \"high\"", "clearance"),
        ("role = \"iao\"", "role = \"root\"", "unknown role"),
        (
            "authorised = true\n",
            "authorised = true\nadmin = true\n",
            "unknown field",
        ),
        (
            "keys = \"keys.json\"",
            "keys = \"none.json\"",
            "No such file",
        ),
        (
            "[[system]]",
            "[sign-in]\nissuer = \"x\"\n[[system]]",
            "client",
        ),
    ] {
        let fault = read(&service, &text.replacen(from, to, 1));
        assert!(fault.contains(why), "{fault}");
    }
    let signs = text.clone() + &service.sign_in(ISSUER, ISSUER);
    for (from, to, why) in [
        (
            "\nauthorize = \"https",
            "\nauthorize = \"http",
            "sign-in.authorize",
        ),
        ("\ntoken = \"https", "\ntoken = \"http", "sign-in.token"),
        (
            "\naddress = \"https",
            "\naddress = \"http",
            "sign-in.address",
        ),
        (
            "\naddress = \"https://",
            "\naddress = \"https://x@",
            "sign-in.address",
        ),
        (
            "\nclient = \"ho-node\"",
            "\nclient = \"ho-node\"\nsecret = \"s\"",
            "unknown field",
        ),
    ] {
        let fault = read(&service, &signs.replacen(from, to, 1));
        assert!(fault.contains(why), "{fault}");
    }
    let (before, auditor) = text.split_once("sub-u1").unwrap();
    let endless = auditor.replacen("until = \"2026-12-31\"\ngranted", "granted", 1);
    let fault = read(&service, &format!("{before}sub-u1{endless}"));
    assert!(fault.contains("is an auditor"), "{fault}");
    assert_eq!(service.get("sub-o1", "/v1/runs").await.status, 200);
    // Trained until yesterday.
    service.known(&text.replacen(
        "trained-until = \"2026-12-31\"",
        "trained-until = \"2026-01-06\"",
        1,
    ));
    let answer = service.get("sub-o1", "/v1/runs").await;
    assert_eq!(answer.json()["rules"][0]["rule"], "PTY-17");
    // A faulty list changes nothing, and says so.
    service.known("audience = 1");
    assert_eq!(service.get("sub-o1", "/v1/runs").await.status, 403);
    assert!(
        service
            .operator("/readyz")
            .await
            .body
            .contains("access-list-faulty")
    );
    // Taken off the list: the token that was good a moment ago is refused.
    service.known(&text.replacen("sub-o1", "sub-o9", 1));
    assert_eq!(
        service.get("sub-o1", "/v1/runs").await.code(),
        "token-refused"
    );
}

// shows: AUD-07
#[tokio::test]
async fn whoever_is_kept_out_is_written_down_with_the_rule_that_nobody_is_told() {
    let service = Service::agreed().await;
    let waiting = async || {
        let pending = service.node.ports().store.pending(1_000).await.unwrap();
        let read = |p: &exchange::ports::Pending| ledger::Entry::parse(&p.bytes).unwrap();
        pending.iter().map(read).collect::<Vec<_>>()
    };
    assert!(waiting().await.is_empty());
    // By the role, which is told; and by the agreement, which is not.
    for (subject, path, code, role) in [
        ("sub-c1", "/v1/ledger/entries", "denied", "caseworker"),
        (
            "sub-x1",
            "/v1/agreements/contact-thread",
            "not-found",
            "data-sharing-officer",
        ),
        ("hmrc-node", "/v1/runs", "denied", "partner"),
    ] {
        assert_eq!(service.get(subject, path).await.code(), code, "{path}");
        let entries = waiting().await;
        let entry = entries.last().unwrap();
        assert_eq!(entry.act.to_string(), "refused");
        assert_eq!(entry.rule.as_ref().unwrap().to_string(), "SEC-09");
        assert_eq!(entry.by.role.to_string(), role);
    }
    assert_eq!(waiting().await.len(), 3);
    // Leaving something out of a list is no refusal, and a stranger writes nothing.
    assert_eq!(service.get("sub-x1", "/v1/agreements").await.status, 200);
    assert_eq!(service.get("sub-z9", "/v1/agreements").await.status, 401);
    assert_eq!(waiting().await.len(), 3);
}

// shows: SEC-09
#[tokio::test]
async fn an_auditors_view_ends_on_its_day() {
    let service = Service::agreed().await;
    assert_eq!(
        service.get("sub-u1", "/v1/ledger/entries").await.status,
        200
    );
    service.house.at("2026-12-31T22:00:00Z");
    assert_eq!(
        service.get("sub-u1", "/v1/ledger/entries").await.status,
        200
    );
    service.house.at("2027-01-01T00:30:00Z");
    let answer = service.get("sub-u1", "/v1/ledger/entries").await;
    assert_eq!(answer.code(), "denied");
}

#[tokio::test]
async fn operators_are_told_whether_the_node_can_serve_and_why_not() {
    let service = Service::agreed().await;
    assert_eq!(service.operator("/livez").await.body, "live\n");
    let ready = service.operator("/readyz").await;
    assert_eq!(
        (ready.status, ready.json()),
        (200, json!({ "ready": true, "why_not": [] }))
    );
    // An entry without a place, for longer than a minute.
    assert_eq!(
        service
            .post("sub-o1", ASK, "k1", r#"{"volume":60}"#)
            .await
            .status,
        200
    );
    service.house.at("2026-01-07T12:00:00Z");
    assert_eq!(
        service.operator("/readyz").await.json()["why_not"],
        json!(["sequencer-behind"])
    );
    service.node.work().await.unwrap();
    service.house.at("2026-01-07T12:01:00Z");
    assert_eq!(service.operator("/readyz").await.status, 200);
    // After its last day no agreement is in force.
    service.house.at("2040-01-01T12:00:00Z");
    let why = service.operator("/readyz").await;
    assert_eq!(why.status, 503);
    assert!(why.body.contains("no-agreement-in-force"), "{}", why.body);
    let counts = service.operator("/metrics").await.body;
    let counted = r#"concordat_http_requests_total{route="/v1/agreements/{agreement}/approvals/{flow}/ask",method="POST",status="200"} 1"#;
    assert!(counts.contains(counted), "{counts}");
    assert!(counts.ends_with("# EOF\n"));
    assert_eq!(
        service.operator("/v1/runs").await.status,
        404,
        "operators see no resource"
    );
}

#[tokio::test]
async fn operators_see_in_numbers_what_waits_and_what_is_late() {
    let house = House::new(None, None).await;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    let start = exchange::Start {
        reply_by: Some(jiff::civil::date(2026, 2, 16)),
        ..common::start()
    };
    let (run, ask) = (common::run(), common::ask());
    let ho = &house.ho;
    ho.start(&op("prepare"), &start, &officer()).await.unwrap();
    ho.validate(&op("validate"), &run, &ask).await.unwrap();
    ho.release(&op("release"), &run, &ask, &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &run, &ask).await.unwrap();
    let service = Service::of(house).await;
    let waits = async || {
        let counts = service.operator("/metrics").await.body;
        [
            "effects_open",
            "entries_unplaced",
            "answers_late",
            "retention_overdue",
        ]
        .map(|name| {
            let name = format!("concordat_{name} ");
            let line = counts.lines().find_map(|line| line.strip_prefix(&name));
            line.unwrap_or_else(|| panic!("{name}in {counts}"))
                .parse::<u64>()
                .unwrap()
        })
    };
    // The package is to be published, and the entries have no place yet.
    let [effects, entries, late, overdue] = waits().await;
    assert!(effects == 1 && entries > 2, "{effects} {entries}");
    assert_eq!((late, overdue), (0, 0));
    service.house.settle().await;
    service.house.at("2026-02-16T23:30:00Z");
    assert_eq!(waits().await, [0, 0, 0, 0]);
    // The day of the answer is over.
    service.house.at("2026-02-17T00:30:00Z");
    assert_eq!(waits().await, [0, 0, 1, 0]);
    // The date of values has come, and no round of the worker.
    let held: Vec<Holding> = service.node.all().await.unwrap();
    let sent = held.iter().find(|h| h.what() == "extract").unwrap();
    let node = &service.node;
    node.destroy_early(&op("early"), sent.id(), "not needed", &officer())
        .await
        .unwrap();
    service.house.at("2026-02-17T00:40:00Z");
    assert_eq!(waits().await[3], 1);
    service.house.settle().await;
    service.house.at("2026-02-17T00:41:00Z");
    assert_eq!(waits().await, [0, 0, 1, 0]);
}

#[tokio::test]
async fn what_was_begun_is_finished_at_the_end() {
    let mut service = Service::agreed().await;
    let token = service.token("sub-o1");
    let body = r#"{"volume":60}"#;
    let head = format!(
        "POST {ASK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k1\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut begun = service.connect(Some("one")).await;
    begun.write_all(head.as_bytes()).await.unwrap();
    // The handler waits for the body when the server asks for it.
    let mut said = [0u8; 25];
    tokio::io::AsyncReadExt::read_exact(&mut begun, &mut said)
        .await
        .unwrap();
    assert!(said.starts_with(b"HTTP/1.1 100"));
    service.end.take().unwrap().send(()).unwrap();
    // Nothing new is accepted once the listener is gone.
    while tokio::net::TcpStream::connect(service.address)
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    begun.write_all(body.as_bytes()).await.unwrap();
    let answer = read_answer(&mut begun).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    service.ended.await.unwrap();
}

/// The bytes of all files of a folder.
fn files(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let each = entries.flat_map(|entry| match entry.file_type().unwrap().is_dir() {
        true => files(&entry.path()),
        false => vec![std::fs::read(entry.path()).unwrap()],
    });
    each.collect()
}

// shows: SEC-13
#[tokio::test]
async fn a_key_of_the_service_that_others_may_read_serves_nobody() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let home = house.home("ho");
    certificates(&home.join("tls"));
    std::fs::copy(home.join("tls/ca.pem"), home.join("tls/clients.pem")).unwrap();
    std::fs::copy(home.join("tls/keys.json"), home.join("keys.json")).unwrap();
    std::fs::write(home.join("access.toml"), access_text()).unwrap();
    let key = home.join("tls/server.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
    command
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--operate",
            "127.0.0.1:0",
            "--dir",
        ])
        .arg(&home);
    let out = command.output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{told}");
    assert!(
        told.contains("server.key") && told.contains("SEC-13"),
        "{told}"
    );
}

#[tokio::test]
async fn the_program_serves_one_person_on_this_machine() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let home = house.home("ho");
    let program = env!("CARGO_BIN_EXE_concordat");
    let serve = |listen: &str| {
        let mut command = Command::new(program);
        command
            .args(["serve", "--local", "o1:data-sharing-officer", "--json"])
            .args(["--listen", listen, "--operate", "127.0.0.1:0", "--dir"])
            .arg(&home);
        command
    };
    let elsewhere = serve("0.0.0.0:0").output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(2));
    let mut child = serve("127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let secret = std::fs::read_to_string(home.join("keys/serve.token")).unwrap();
    let ask = async |secret: &str| {
        let address = told["listening"].as_str().unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let text = format!(
            "GET /v1/agreements HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {secret}\r\n\r\n"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        read_answer(&mut stream).await
    };
    let answer = ask(&secret).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("contact-thread"));
    assert_eq!(ask("guessed").await.code(), "token-refused");
    let done = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let log = String::from_utf8(ended.stderr).unwrap();
    assert!(log.contains(r#""route":"/v1/agreements""#), "{log}");
    assert!(
        !log.contains(secret.as_str()) && !log.contains("o1"),
        "{log}"
    );
}

// shows: AUD-01
#[tokio::test]
async fn an_auditor_reads_for_a_time_and_changes_nothing() {
    let service = Service::agreed().await;
    let text = include_str!("../../../docs/api/openapi.json");
    let described: Value = serde_json::from_str(text).unwrap();
    let given = [
        ("{agreement}", "contact-thread"),
        ("{flow}", "ask"),
        ("{run}", "ask-2026-02"),
        ("{row}", "1"),
    ];
    let (mut read, mut kept_out) = (0, 0);
    for (path, verbs) in described["paths"].as_object().unwrap() {
        let path = given
            .iter()
            .fold(path.clone(), |p, (name, value)| p.replace(name, value));
        // Sessions are for whoever signs in with a browser, which nobody can at this service.
        if verbs.get("post").is_some() && path.starts_with("/v1/") {
            let key = format!("k{kept_out}");
            let body = json!({ "reason": "to see what happens", "volume": 600 }).to_string();
            let answer = service.post("sub-u1", &path, &key, &body).await;
            // A node that calls shows no token: what it is, its certificate says.
            let status = if path == "/v1/calls" { 401 } else { 403 };
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            kept_out += 1;
        }
        if verbs.get("get").is_some() && path.starts_with("/v1/") && !path.contains("ask-2026-02") {
            let answer = service.get("sub-u1", &path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            read += 1;
        }
    }
    assert!(read > 6 && kept_out > 6, "{read} {kept_out}");
    // The day after the last one nothing is read any more.
    let text = access_text();
    let (others, auditor) = text.split_once("sub-u1").unwrap();
    let ended = auditor.replacen(
        "until = \"2026-12-31\"\ngranted",
        "until = \"2026-01-06\"\ngranted",
        1,
    );
    service.known(&format!("{others}sub-u1{ended}"));
    let answer = service.get("sub-u1", "/v1/agreements").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(
        answer.body.contains("your access has ended"),
        "{}",
        answer.body
    );
}

// shows: PTY-06
#[tokio::test]
async fn more_people_of_a_team_than_were_reviewed_are_a_thing_to_be_done() {
    let service = Service::agreed().await;
    let home = service.house.home("ho");
    let keys = service.house.dir.path().join("tls/keys.json");
    std::fs::copy(keys, home.join("keys.json")).unwrap();
    let due = |people: usize| {
        let baseline =
            format!("[[baseline]]\nparty = \"ho\"\nteam = \"matching\"\npeople = {people}\n");
        let text = access_text().replace("2026-12-31", "2099-12-31") + &baseline;
        std::fs::write(home.join("access.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
        let out = command.args(["due", "--dir"]).arg(&home).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    };
    let text = due(7);
    let task = "ho data-sharing-officer: 8 people of the team matching of ho are listed, and 7 were reviewed";
    assert!(text.contains(task), "{text}");
    let text = due(8);
    assert!(!text.contains("are listed"), "{text}");
    // A faulty list does not hide what else is due.
    std::fs::write(home.join("access.toml"), "people = ").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
    let out = command.args(["due", "--dir"]).arg(&home).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        out.status.success() && text.contains("mend the list"),
        "{text}"
    );
    // Nobody is shut out by it, and whoever is not listed stays outside.
    assert_eq!(service.get("sub-o1", "/v1/runs").await.status, 200);
    assert_eq!(
        service.get("sub-o7", "/v1/runs").await.code(),
        "token-refused"
    );
}
