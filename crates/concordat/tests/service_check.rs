//! The residence check between two servers on loopback: an application system and caseworkers ask one, it calls the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
/// The published client in Rust.
#[path = "../../../examples/residence_check.rs"]
#[allow(dead_code, reason = "its own command line is not asked here")]
mod client;
mod common;
mod service;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use concordat::calling::Place;
use concordat::house;
use courier::{Allowed, CallPlace};
use exchange::authority::Role;
use exchange::ids::StaffId;
use ledger::Digest;
use serde_json::{Value, json};
use service::*;
use sim::sandbox::USERS;
use sim::{SeededEntropy, VirtualClock};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

const CHECKS: &str = "/v1/residence-checks";
const MONTHS: &str = "/v1/residence-months";
const CALLS: &str = "/v1/calls";

fn known(more: &str) -> String {
    format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{ISSUER}\"\nkeys = \"keys.json\"\n{more}"
    )
}

const GRANTED: &str = "granted-by = \"m1\"\nprovisioned-by = \"a1\"\n";

/// Who the Home Office's node knows: two caseworkers, the application system, and a program of the other party.
fn people() -> String {
    let mut text = String::new();
    for staff in ["c1", "c2"] {
        text += &format!(
            "[[person]]\nstaff = \"{staff}\"\nissuer = \"{ISSUER}\"\nsubject = \"sub-{staff}\"\nrole = \"caseworker\"\n\
             party = \"ho\"\nclearance = \"sc\"\nauthorised = true\ntrained-until = \"2026-12-31\"\n\
             agreements = [\"euss-check-demo\"]\n{GRANTED}"
        );
    }
    for (client, party) in [("apply", "ho"), ("dwp-program", "dwp")] {
        text += &format!(
            "[[system]]\nclient = \"{client}\"\nissuer = \"{ISSUER}\"\nparty = \"{party}\"\n\
             agreements = [\"euss-check-demo\"]\n{GRANTED}"
        );
    }
    known(&text)
}

/// Two nodes that know each other by certificates, both served.
struct Two {
    ho: Service<TempDir>,
    dwp: Service<()>,
}

fn op(text: &str) -> exchange::ids::OperationId {
    exchange::ids::OperationId::parse(text).unwrap()
}

impl Two {
    /// `pinned` is the certificate that the Home Office's node believes the supplier by.
    async fn new(pinned: &str, within: u32) -> Self {
        Self::limited(pinned, within, 10_000).await
    }

    /// Each lets one caller ask so often a minute.
    async fn limited(pinned: &str, within: u32, per_minute: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let noon = "2020-02-29T12:00:00Z".parse().unwrap();
        let clock = Arc::new(VirtualClock::new(noon));
        let home = dir.path().join("tls");
        certificates(&home);
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(home.join("one.key"), private).unwrap();
        let digest = |name: &str| {
            let pem = std::fs::read(home.join(format!("{name}.pem"))).unwrap();
            Digest::of(&CertificateDer::from_pem_slice(&pem).unwrap())
        };
        let opened = async |who: &str| {
            let entropy = Arc::new(SeededEntropy::new(format!("two/{who}")));
            let node = house::open(&dir.path().join(who), clock.clone(), entropy).await;
            Arc::new(node.unwrap())
        };
        house::init(&dir.path().join("dwp"), &call::config("dwp", within)).unwrap();
        let node = opened("dwp").await;
        let caller = format!(
            "[[node]]\nparty = \"ho\"\ncertificates = [\"{}\"]\n{GRANTED}",
            digest("one")
        );
        let known = known(&caller);
        let list = (per_minute, known.as_str());
        let dwp = Service::serving((), node, clock.clone(), home.clone(), list).await;
        let mut config = call::config("ho", within);
        for route in config.calls.routes.values_mut() {
            route.to = Place::Https(CallPlace {
                url: format!("https://{}{CALLS}", dwp.address),
                certificates: vec![digest(pinned)],
                own: "../tls/one.pem".into(),
                key: "../tls/one.key".into(),
            });
        }
        config.egress = vec![Allowed {
            host: "127.0.0.1".into(),
            port: dwp.address.port(),
            addresses: vec!["127.0.0.1".parse().unwrap()],
        }];
        house::init(&dir.path().join("ho"), &config).unwrap();
        let node = opened("ho").await;
        call::agreed(&node, &dwp.node, &call::source()).await;
        let list = people();
        let ho = Service::serving(dir, node, clock, home, (per_minute, &list)).await;
        Self { ho, dwp }
    }

    async fn post(&self, subject: &str, path: &str, body: &Value) -> Answer {
        let more = "Content-Type: application/json\r\n";
        let token = self.ho.token(subject);
        self.ho
            .ask(&token, "POST", path, more, &body.to_string())
            .await
    }

    /// The outcome of a check that the application system asks for.
    async fn outcome(&self, name: &str, person: (&str, &str)) -> String {
        let answer = self.post("apply", CHECKS, &request(name, person)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        answer.json()["outcome"].as_str().unwrap().to_owned()
    }

    /// Asks the supplier, with this client certificate.
    async fn called(&self, client: Option<&str>, token: &str, body: &str) -> Answer {
        let text = format!(
            "POST {CALLS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.dwp.raw(client, text.as_bytes()).await
    }

    /// A question under an identifier of its own, about the first test user but for what is named.
    async fn question(&self, id: &str, more: Value) -> String {
        let (pact, _) = self.dwp.node.agreement(&call::agreement()).await.unwrap();
        let mut details = json!({
            "forename": "Test", "surname": "Found", "date_of_birth": "1980-02-29", "nino": "QQ100001A",
            "correlation_id": id.repeat(32),
        });
        let named = more.as_object().unwrap().clone();
        details.as_object_mut().unwrap().extend(named);
        json!({ "agreement": pact.hash(), "flow": "check", "details": details }).to_string()
    }

    /// How many calls came to the supplier's door, whatever they were answered.
    async fn calls(&self) -> u64 {
        let counts = self.dwp.operator("/metrics").await.body;
        let lines = counts.lines().filter(|line| {
            line.starts_with("concordat_http_requests_total") && line.contains(CALLS)
        });
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// c1 works on this application.
    async fn assigned(&self, number: &str) {
        let officer = common::person("o1", Role::DataSharingOfficer);
        let c1 = StaffId::parse("c1").unwrap();
        let of = (&call::agreement(), number);
        let op = op(&format!("assign/{}", number.len()));
        let done = self.ho.node.assign(&op, of, &c1, true, &officer);
        done.await.unwrap();
    }
}

/// A request for an application of its own.
fn request(name: &str, (person, nino): (&str, &str)) -> Value {
    let (forename, surname) = person.split_once(' ').unwrap();
    json!({
        "request": name, "agreement": "euss-check-demo", "flow": "check", "application": format!("GWF-CANARY-{name}"),
        "declaration": { "signed": true, "names": ["dwp"] },
        "details": { "forename": forename, "surname": surname, "date_of_birth": "1980-02-29", "nino": nino },
    })
}

const FOUND: (&str, &str) = ("Test Found", "QQ100001A");
const FAULT: (&str, &str) = ("Test Fault", "QQ100010A");

/// What the log of this process says.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// shows: RTC-10, RTC-11, RTC-14, RTC-20, PTY-12, S-20, SEC-05
#[tokio::test]
async fn the_test_users_come_to_their_outcomes_and_nothing_of_them_stays_at_either_node() {
    let log = Log::default();
    web::log_to(log.clone(), None);
    let two = Two::new("server", 2).await;
    let outcomes = [
        "with-data",
        "with-data",
        "ambiguous",
        "ambiguous",
        "ambiguous",
        "not-found",
        "with-data",
        "with-data",
        "unsuccessful",
        "unsuccessful",
    ];
    for (n, (user, outcome)) in USERS.iter().zip(outcomes).enumerate() {
        let came = two.outcome(&format!("u{n}"), (user.name, user.nino)).await;
        assert_eq!(came, outcome, "{}", user.name);
    }
    assert_eq!(
        two.outcome("nobody", ("Test Nobody", "QQ100099A")).await,
        "not-found"
    );
    let calls = two.calls().await;
    // The same request again: told, and nobody is called. Another party's program asks for nobody.
    assert_eq!(two.outcome("u0", FOUND).await, "with-data");
    assert_eq!(two.calls().await, calls);
    let other = two.post("dwp-program", CHECKS, &request("p1", FOUND)).await;
    assert_eq!((other.status, other.code().as_str()), (403, "denied"));

    // Months are for whoever works on the application, and so is an outcome that was told to others before.
    two.assigned("GWF-CANARY-u0").await;
    let which = |number: &str| json!({ "agreement": "euss-check-demo", "application": number });
    let seen = two.post("sub-c1", MONTHS, &which("GWF-CANARY-u0")).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(seen.json()["checks"][0]["views"][0]["shown"], 60);
    assert_eq!(seen.json()["marking"], "OFFICIAL-SENSITIVE");
    let there = two.post("sub-c2", MONTHS, &which("GWF-CANARY-u0")).await;
    let absent = two.post("sub-c2", MONTHS, &which("GWF-CANARY-none")).await;
    for answer in [&there, &absent] {
        assert_eq!(
            (answer.status, &answer.json()["rules"][0]["rule"]),
            (409, &json!("PTY-12"))
        );
    }
    assert_eq!(there.json()["rules"], absent.json()["rules"]);
    let again = two.post("sub-c2", CHECKS, &request("u0", FOUND)).await;
    assert_eq!(
        (again.status, &again.json()["rules"][0]["rule"]),
        (409, &json!("PTY-12"))
    );
    assert_eq!(
        two.post("sub-c1", CHECKS, &request("u0", FOUND))
            .await
            .status,
        200
    );
    assert_eq!(
        two.post("apply", MONTHS, &which("GWF-CANARY-u0"))
            .await
            .code(),
        "denied"
    );

    // A caseworker checks again, with the reasons.
    let mut again = request("nobody", FOUND);
    two.assigned("GWF-CANARY-nobody").await;
    again["request"] = json!("again-1");
    again["flow"] = json!("recheck");
    let because = json!({ "value": "yes", "because": "the CANARY reason" });
    again["facts"] = json!({ "match_possible": because, "helps_applicant": because });
    let told = two.post("sub-c1", CHECKS, &again).await;
    assert_eq!(
        (told.status, &told.json()["outcome"]),
        (200, &json!("with-data")),
        "{}",
        told.body
    );

    // What is not the caller's goes into no check of theirs, and they are told.
    let (node, tax) = (&two.ho.node, call::tax_agreement());
    call::laid_at(node, &tax, &call::tax_source(), call::TAX_UMBRELLA).await;
    let told = two
        .post(
            "apply",
            CHECKS,
            &request("closed", ("Test Old", "QQ100006A")),
        )
        .await;
    assert_eq!(
        told.json()["unanswered"],
        json!([{ "agreement": "euss-check-hmrc", "why": "not-permitted" }]),
        "{}",
        told.body
    );
    assert_eq!(told.json()["outcome"], "not-found");

    let counts = two.ho.operator("/metrics").await.body;
    for line in [
        r#"concordat_residence_checks_total{channel="applicant",what="with-data"} 4"#,
        r#"concordat_residence_checks_total{channel="applicant",what="unsuccessful"} 2"#,
        r#"concordat_residence_checks_total{channel="caseworker",what="with-data"} 1"#,
    ] {
        assert!(counts.contains(line), "{line}\n{counts}");
    }
    let mut canaries: Vec<String> = USERS.iter().map(|user| user.nino.to_owned()).collect();
    canaries.extend(["CANARY", "1980-02-29", "Test Found", "2013-01-01"].map(str::to_owned));
    let nodes = ["ho", "dwp"].map(|who| two.ho.house.path().join(who));
    let found: Vec<_> = nodes
        .iter()
        .flat_map(|dir| call::found_in(dir, &canaries))
        .collect();
    assert!(found.is_empty(), "{found:?}");
    let mut told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(told.contains(CHECKS) && told.contains(CALLS), "{told}");
    told += &(counts + &two.dwp.operator("/metrics").await.body);
    for canary in &canaries {
        assert!(!told.contains(canary), "{canary}");
    }
}

// shows: RTC-19
#[tokio::test]
async fn a_supplier_that_fails_is_left_alone_for_a_while_and_one_that_is_gone_holds_nobody_up() {
    let mut two = Two::new("server", 2).await;
    for n in 0..3 {
        assert_eq!(two.outcome(&format!("f{n}"), FAULT).await, "unsuccessful");
    }
    let calls = two.calls().await;
    assert_eq!(calls, 3);
    assert_eq!(two.outcome("down", FOUND).await, "unsuccessful");
    assert_eq!(
        two.calls().await,
        calls,
        "no call is made while the line is down"
    );
    two.ho
        .clock
        .set("2020-02-29T12:06:00Z".parse().unwrap())
        .unwrap();
    assert_eq!(two.outcome("up", FOUND).await, "with-data");
    two.dwp.end.take().unwrap().send(()).unwrap();
    two.dwp.ended.await.unwrap();
    let answer = two.ho.token("apply");
    let more = "Content-Type: application/json\r\n";
    let body = request("gone", FOUND).to_string();
    let answer = two.ho.ask(&answer, "POST", CHECKS, more, &body).await;
    assert_eq!(
        (answer.status, &answer.json()["outcome"]),
        (200, &json!("unsuccessful"))
    );
}

#[tokio::test]
async fn a_certificate_that_is_replaced_counts_with_the_next_call() {
    let two = Two::new("server", 2).await;
    assert_eq!(two.outcome("c1", FOUND).await, "with-data");
    assert_eq!(two.outcome("c2", FOUND).await, "with-data");
    let at = |name: &str| two.ho.home.join(name);
    for end in ["pem", "key"] {
        std::fs::copy(at(&format!("two.{end}")), at(&format!("one.{end}"))).unwrap();
    }
    // The supplier knows nobody by it.
    assert_eq!(two.outcome("c3", FOUND).await, "unsuccessful");
}

// shows: RTC-05, RTC-06, SEC-01, EXCH-EUSS-06
#[tokio::test]
async fn a_call_is_answered_once_to_whom_its_certificate_proves_and_asked_of_the_pinned_server() {
    // The one that is pinned is not the one that answers: nothing is asked of it.
    let two = Two::new("two", 2).await;
    assert_eq!(two.outcome("w1", FOUND).await, "unsuccessful");
    assert_eq!(two.calls().await, 0);

    let good = two.question("a", json!({})).await;
    let token = format!("Authorization: Bearer {}\r\n", two.dwp.token("sub-c1"));
    for (client, token) in [(None, ""), (Some("two"), ""), (Some("two"), token.as_str())] {
        let answer = two.called(client, token, &good).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "certificate-refused")
        );
    }
    let answer = two.called(Some("one"), "", &good).await;
    assert_eq!(
        (answer.status, &answer.json()["outcome"]),
        (200, &json!("found")),
        "{}",
        answer.body
    );
    for (body, rule) in [
        (good.clone(), "RTC-05"),
        (
            two.question("b", json!({ "address": "1 Test Street" }))
                .await,
            "RTC-02",
        ),
        (
            two.question("c", json!({ "nino": "QQ-CANARY" })).await,
            "RTC-02",
        ),
        ("{".to_owned(), "RTC-02"),
    ] {
        let answer = two.called(Some("one"), "", &body).await;
        assert_eq!(
            (answer.status, &answer.json()["rules"][0]["rule"]),
            (409, &json!(rule)),
            "{body}"
        );
        assert!(!answer.body.contains("Test Street") && !answer.body.contains("QQ-CANARY"));
    }
    // A certificate that calls is let in nowhere else.
    let text = "GET /v1/ledger/checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = two.dwp.raw(Some("one"), text.as_bytes()).await;
    assert_eq!(answer.code(), "token-missing");
}

#[tokio::test]
async fn one_caller_asks_about_one_person_only_so_often_whatever_the_application_is_called() {
    let two = Two::limited("server", 2, 60).await;
    let refused = |answer: &Answer| {
        let code = answer.code();
        assert!(answer.header("retry-after").is_some(), "{}", answer.body);
        assert_eq!((answer.status, code.as_str()), (429, "too-many-requests"));
        let mut told = answer.json();
        told.as_object_mut().unwrap().remove("instance");
        told
    };
    // Under another application, with another name, once more: the person is the same.
    let nobody = ("Test Nobody", "QQ100099A");
    let mut told = Vec::new();
    for (n, person) in [FOUND, nobody].into_iter().enumerate() {
        two.outcome(&format!("a{n}"), person).await;
        for (name, person) in [("b", person), ("c", ("Another Name", person.1))] {
            let again = request(&format!("{name}{n}"), person);
            told.push(refused(&two.post("apply", CHECKS, &again).await));
        }
    }
    let nameless = |name: &str, born: &str| {
        let mut request = request(name, ("Test Gaps", ""));
        request["details"]["date_of_birth"] = json!(born);
        request["details"].as_object_mut().unwrap().remove("nino");
        request
    };
    let first = two
        .post("apply", CHECKS, &nameless("d", "1980-02-29"))
        .await;
    assert_eq!(first.json()["outcome"], "not-attempted", "{}", first.body);
    let again = two
        .post("apply", CHECKS, &nameless("e", "1980-02-29"))
        .await;
    told.push(refused(&again));
    let other = two
        .post("apply", CHECKS, &nameless("f", "1980-03-01"))
        .await;
    assert_eq!(other.status, 200, "{}", other.body);

    // At the supplier, which was asked about two people by now: the identifier of the call is another each time.
    for (n, nino) in ["QQ100001A", "QQ100099A", "QQ100002A", "QQ100098A"]
        .iter()
        .enumerate()
    {
        let ask = async |id: String| {
            let question = two.question(&id, json!({ "nino": nino })).await;
            two.called(Some("one"), "", &question).await
        };
        let first = ask(format!("{n}")).await;
        if n < 2 {
            told.push(refused(&first));
        } else {
            assert_eq!(first.status, 200, "{}", first.body);
            told.push(refused(&ask(format!("{}", n + 2)).await));
        }
    }
    // Whether there are records of the person, and at which node, nobody can tell.
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_client_is_told_an_outcome_or_why_not() {
    let two = Two::new("server", 2).await;
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/residence_check.py"
    );
    let at = |name: &str| two.ho.home.join(name);
    let asked = async |name: &str, request: &Value| {
        let file = two.ho.house.path().join(name);
        std::fs::write(&file, request.to_string()).unwrap();
        let mut python = tokio::process::Command::new("python3");
        python
            .arg(script)
            .arg(format!("https://{}", two.ho.address))
            .args([at("ca.pem"), at("one.pem"), at("one.key")])
            .env("TOKEN", two.ho.token("apply"))
            .stdin(std::fs::File::open(&file).unwrap());
        let out = python.output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (code, told, why) = asked("good", &request("py-1", FOUND)).await;
    assert_eq!(
        (code, told.as_str()),
        (Some(0), "with-data nothing-more\n"),
        "{why}"
    );
    let mut bad = request("py-2", FOUND);
    bad["details"]["nino"] = json!("QQ-CANARY");
    let (code, told, why) = asked("bad", &bad).await;
    assert_eq!((code, told.as_str()), (Some(1), ""));
    assert!(
        why.starts_with("refused ") && why.contains("RTC-02"),
        "{why}"
    );
    assert!(!why.contains("QQ-CANARY"));
}

#[tokio::test]
async fn the_published_client_in_rust_is_told_the_same() {
    let two = Two::new("server", 2).await;
    let at = |name: &str| two.ho.home.join(name);
    let url = format!("https://{}", two.ho.address);
    let asked = async |authority: &str, request: &Value| {
        let tls = client::tls(&at(authority), &at("one.pem"), &at("one.key")).unwrap();
        let request = request.to_string().into_bytes();
        client::check(&url, tls, &two.ho.token("apply"), request).await
    };
    let (status, told) = asked("ca.pem", &request("rs-1", FOUND)).await.unwrap();
    assert_eq!((status, &told["outcome"]), (200, &json!("with-data")));
    let mut bad = request("rs-2", FOUND);
    bad["details"]["nino"] = json!("QQ-CANARY");
    let (status, told) = asked("ca.pem", &bad).await.unwrap();
    assert_eq!((status, &told["code"]), (409, &json!("refused")));
    assert!(!told.to_string().contains("QQ-CANARY"));
    // A server that another authority speaks for is not asked.
    let calls = two.calls().await;
    assert!(asked("two.pem", &request("rs-3", FOUND)).await.is_err());
    assert_eq!(two.calls().await, calls);
}
