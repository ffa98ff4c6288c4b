//! Attempts on the sign-in of people and on their sessions. The provider is one that answers whatever a test says; a real
//! one is in `provider.rs`.
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

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::ports::PortFault;
use exchange::session::Session;
use serde_json::{Value, json};
use service::browser::Browser;
use service::*;
use web::{Provider, SignIn};
use zeroize::Zeroizing;

const ASK: &str = "/v1/agreements/contact-thread/approvals/ask/ask";
const GRANT: &str = "/v1/agreements/contact-thread/approvals/ask/grant";
const VOLUME: &str = r#"{"volume":60}"#;
const COOKIE: &str = "__Host-concordat";

/// Redeems each code once, for the ID token that lies under it.
struct Scripted {
    key: String,
    tokens: Mutex<BTreeMap<String, String>>,
    forms: Mutex<Vec<BTreeMap<String, String>>>,
}

#[async_trait]
impl Provider for Scripted {
    fn key(&self, _: &str) -> Result<Zeroizing<String>, PortFault> {
        Ok(Zeroizing::new(self.key.clone()))
    }
    async fn redeem(
        &self,
        _: &SignIn,
        form: String,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, PortFault> {
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        let form: BTreeMap<_, _> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let token = self.tokens.lock().unwrap().remove(&form["code"]);
        self.forms.lock().unwrap().push(form);
        let answer = token.map(|token| json!({ "id_token": token, "token_type": "Bearer" }));
        Ok(answer.map(|json| Zeroizing::new(json.to_string().into_bytes())))
    }
}

struct Office {
    service: Service,
    provider: Arc<Scripted>,
}

/// A sign-in that was begun.
struct Begun {
    browser: Browser,
    state: String,
    nonce: String,
    challenge: String,
}

impl Office {
    async fn new() -> Self {
        let service = Service::agreed().await;
        let key = std::fs::read_to_string(service.home.join("sign-in.key")).unwrap();
        let (tokens, forms) = Default::default();
        let provider = Arc::new(Scripted { key, tokens, forms });
        service.app.signs_in_by(provider.clone());
        let office = Self { service, provider };
        office.service.known(&office.listed());
        office
    }

    fn listed(&self) -> String {
        access_text() + &self.service.sign_in(ISSUER, ISSUER)
    }

    async fn begin(&self, mut browser: Browser, path: &str) -> Begun {
        let answer = browser.get(&self.service, path).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let to = answer.header("location").unwrap();
        assert!(
            to.starts_with(&format!("{ISSUER}/auth?response_type=code")),
            "{to}"
        );
        let part = |name: &str| {
            let found = to
                .split(['?', '&'])
                .find_map(|p| p.strip_prefix(&format!("{name}=")));
            found.unwrap_or_else(|| panic!("{name} in {to}")).to_owned()
        };
        let (state, nonce, challenge) = (part("state"), part("nonce"), part("code_challenge"));
        assert_eq!(part("code_challenge_method"), "S256");
        Begun {
            browser,
            state,
            nonce,
            challenge,
        }
    }

    fn claims(&self, subject: &str, nonce: &str) -> Value {
        let now = self.service.claims(subject)["iat"].as_i64().unwrap() + 60;
        json!({
            "iss": ISSUER, "sub": subject, "aud": "ho-node", "nonce": nonce, "exp": now + 300, "iat": now,
            "auth_time": now,
        })
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = self.service.header();
        header.typ = Some("JWT".into());
        self.service.sign(&header, claims)
    }

    /// The provider sends the browser back with a code, under which this ID token lies.
    async fn back(&self, begun: &mut Begun, code: &str, token: String) -> Answer {
        self.provider
            .tokens
            .lock()
            .unwrap()
            .insert(code.to_owned(), token);
        let path = format!(
            "/signed-in?code={code}&state={}&iss=https%3A%2F%2Flogin.ho.example",
            begun.state
        );
        begun.browser.get(&self.service, &path).await
    }

    async fn signed_in(&self, browser: Browser, subject: &str, path: &str) -> Browser {
        let mut begun = self.begin(browser, path).await;
        let token = self.sign(&self.claims(subject, &begun.nonce));
        let answer = self.back(&mut begun, "c1", token).await;
        assert_eq!(
            (answer.status, answer.header("location").as_deref()),
            (303, Some("/")),
            "{answer:?}"
        );
        begun.browser
    }

    fn secret(&self, browser: &Browser) -> String {
        browser.jar[&(self.service.address, COOKIE.to_owned())].clone()
    }

    /// A browser that somebody put this secret into.
    fn with(&self, secret: &str) -> Browser {
        let key = (self.service.address, COOKIE.to_owned());
        Browser {
            jar: [(key, secret.to_owned())].into(),
        }
    }

    async fn acts(&self) -> Vec<(String, String)> {
        let pending = self
            .service
            .node
            .ports()
            .store
            .pending(1_000)
            .await
            .unwrap();
        let entries = pending
            .iter()
            .map(|p| ledger::Entry::parse(&p.bytes).unwrap());
        let told = entries.map(|e| (e.act.to_string(), e.by.role.to_string()));
        told.filter(|(act, _)| act.starts_with("session."))
            .collect()
    }
}

// shows: SEC-14
#[tokio::test]
async fn a_sign_in_begins_a_session_that_is_in_the_ledger_and_its_secret_nowhere() {
    let office = Office::new().await;
    let mut begun = office.begin(Browser::default(), "/sign-in").await;
    let token = office.sign(&office.claims("sub-o1", &begun.nonce));
    let answer = office.back(&mut begun, "c1", token).await;
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        let cookies = answer
            .head
            .lines()
            .filter(|l| l.to_ascii_lowercase().starts_with("set-cookie: "));
        assert!(
            cookies.clone().count() == 2 && cookies.clone().all(|c| c.contains(part)),
            "{answer:?}"
        );
    }
    // Whoever redeems the code is whoever began, and shows that it is this node.
    let form = office.provider.forms.lock().unwrap()[0].clone();
    let challenge = ledger::Digest::of(form["code_verifier"].as_bytes());
    assert_eq!(
        URL_SAFE_NO_PAD.encode(challenge.as_bytes()),
        begun.challenge
    );
    assert!(!form.contains_key("client_secret") && form["client_assertion"].len() > 100);
    let mut browser = begun.browser;
    let told = browser.get(&office.service, "/session").await.json();
    assert_eq!(
        (&told["staff"], &told["role"]),
        (&json!("o1"), &json!("data-sharing-officer"))
    );
    let page = browser.get(&office.service, "/").await;
    assert!(
        page.body.contains("signed in as o1") && !page.body.contains("<script"),
        "{}",
        page.body
    );
    assert_eq!(browser.get(&office.service, "/v1/runs").await.status, 200);
    let secret = office.secret(&browser);
    let stored = office.service.node.all::<Session>().await.unwrap();
    assert!(!format!("{stored:?}").contains(&secret) && !format!("{stored:?}").contains("sub-o1"));
    // An auditor has no role of the node.
    office
        .signed_in(Browser::default(), "sub-u1", "/sign-in")
        .await;
    browser.sign_out(&office.service).await;
    let acts = office.acts().await;
    let acts: Vec<_> = acts
        .iter()
        .map(|(act, by)| (act.as_str(), by.as_str()))
        .collect();
    let officer = "data-sharing-officer";
    assert_eq!(
        acts,
        [
            ("session.opened", officer),
            ("session.opened", "node"),
            ("session.ended", officer)
        ]
    );
}

/// What is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// shows: SEC-09, SEC-14
#[tokio::test]
async fn an_id_token_that_is_not_right_signs_nobody_in() {
    let log = Log::default();
    web::log_to(log.clone(), None);
    let office = Office::new().await;
    let none = |claims: &Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.",
            part(&json!({ "alg": "none", "typ": "JWT", "kid": "k1" })),
            part(claims)
        )
    };
    let now = office.claims("", "")["iat"].as_i64().unwrap();
    type Change<'a> = (&'a str, Value);
    let wrong: [Change<'_>; 14] = [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!(AUDIENCE)),
        ("aud", json!(["ho-node", "another"])),
        ("azp", json!("another")),
        ("iss", json!("https://login.hmrc.example")),
        ("exp", json!(now)),
        ("iat", json!(now + 600)),
        ("auth_time", Value::Null),
        ("auth_time", json!(now - 9 * 3600)),
        ("auth_time", json!(now + 600)),
        ("sub", json!("sub-z9")),
        ("sub", Value::Null),
        ("sub", json!("hmrc-node")),
    ];
    for (name, value) in wrong {
        let mut begun = office.begin(Browser::default(), "/sign-in").await;
        let mut claims = office.claims("sub-o1", &begun.nonce);
        claims[name] = value;
        let answer = office.back(&mut begun, "c1", office.sign(&claims)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "sign-in-refused"),
            "{claims}"
        );
        assert!(
            !begun
                .browser
                .jar
                .contains_key(&(office.service.address, COOKIE.to_owned()))
        );
    }
    let mut begun = office.begin(Browser::default(), "/sign-in").await;
    let right = office.claims("sub-o1", &begun.nonce);
    let access = office.service.sign(&office.service.header(), &right);
    let mut altered = office.sign(&right);
    altered.replace_range(altered.len() - 4.., "AAAA");
    for token in [none(&right), access, altered, "x".into(), String::new()] {
        let answer = office.back(&mut begun, "c1", token).await;
        assert_eq!(answer.code(), "sign-in-refused");
    }
    assert!(office.acts().await.is_empty());
    // Operators are told why, and of nobody.
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for why in ["Nonce", "Audience", "Time", "Signature", "Type", "unknown"] {
        assert!(log.contains(&format!(r#""code":"{why}""#)), "{why}: {log}");
    }
    assert!(
        !log.contains("sub-") && !log.contains(&begun.nonce),
        "{log}"
    );
}

// shows: SEC-09
#[tokio::test]
async fn an_attempt_is_the_browsers_that_began_it_and_a_code_is_redeemed_once() {
    let office = Office::new().await;
    let service = &office.service;
    let mut mine = office.begin(Browser::default(), "/sign-in").await;
    let mut theirs = office.begin(Browser::default(), "/sign-in").await;
    assert_ne!(
        (&mine.state, &mine.nonce, &mine.challenge),
        (&theirs.state, &theirs.nonce, &theirs.challenge)
    );
    let token = office.sign(&office.claims("sub-o1", &mine.nonce));
    // Login CSRF: another browser is led to where this one should be.
    let path = format!("/signed-in?code=c1&state={}", mine.state);
    office
        .provider
        .tokens
        .lock()
        .unwrap()
        .insert("c1".into(), token.clone());
    for browser in [&mut theirs.browser, &mut Browser::default()] {
        assert_eq!(browser.get(service, &path).await.code(), "sign-in-refused");
    }
    for path in [
        "/signed-in?code=c1".to_owned(),
        format!("/signed-in?state={}", mine.state),
        format!("{path}&state={}", mine.state),
        format!("{path}&iss=https%3A%2F%2Flogin.hmrc.example"),
        format!("/signed-in?error=access_denied&state={}", mine.state),
    ] {
        assert_eq!(
            mine.browser.get(service, &path).await.code(),
            "sign-in-refused",
            "{path}"
        );
    }
    assert!(
        office.provider.forms.lock().unwrap().is_empty(),
        "no code was redeemed"
    );
    let before = mine.browser.clone();
    assert_eq!(mine.browser.get(service, &path).await.status, 303);
    // Again, in the browser as it is and as it was.
    for mut browser in [mine.browser, before] {
        assert_eq!(browser.get(service, &path).await.code(), "sign-in-refused");
    }
    // Nobody is led anywhere else.
    for more in [
        "?to=https://evil.example",
        "?again=//evil.example",
        "?redirect_uri=x",
    ] {
        let answer = Browser::default()
            .get(service, &format!("/sign-in{more}"))
            .await;
        assert_eq!(answer.code(), "bad-request", "{more}");
    }
}

// shows: SEC-09
#[tokio::test]
async fn a_session_cannot_be_fixed_stolen_after_its_end_or_kept_for_ever() {
    let office = Office::new().await;
    let service = &office.service;
    let planted = URL_SAFE_NO_PAD.encode([7; 32]);
    let mut browser = office
        .signed_in(office.with(&planted), "sub-i1", "/sign-in")
        .await;
    let first = office.secret(&browser);
    assert_ne!(first, planted);
    assert_eq!(
        office.with(&planted).get(service, "/v1/runs").await.code(),
        "session-ended"
    );
    // A step-up is a new session; the old secret is worth nothing.
    service.house.at("2026-01-07T09:10:00Z");
    browser.get(service, "/").await;
    service.house.at("2026-01-07T09:20:00Z");
    let needed = browser.post(service, GRANT, "k1", "").await;
    assert_eq!(needed.code(), "step-up-needed", "{}", needed.body);
    let begun = office.begin(browser.clone(), "/sign-in?again=true").await;
    assert!(begun.browser.jar.len() == 2);
    let browser = office
        .signed_in(browser, "sub-i1", "/sign-in?again=true")
        .await;
    let second = office.secret(&browser);
    assert_eq!(
        office.with(&first).get(service, "/v1/runs").await.code(),
        "session-ended"
    );
    assert_eq!(
        office.with(&second).get(service, "/v1/runs").await.status,
        200
    );
    // Signed out: whoever copied the cookie before has nothing.
    let mut leaving = browser.clone();
    let left = leaving.sign_out(service).await;
    assert_eq!(
        (left.status, left.header("location").as_deref()),
        (303, Some("/")),
        "{left:?}"
    );
    assert!(
        !leaving
            .jar
            .contains_key(&(service.address, COOKIE.to_owned()))
    );
    assert_eq!(
        office.with(&second).get(service, "/v1/runs").await.code(),
        "session-ended"
    );
    assert!(
        office
            .with(&second)
            .get(service, "/")
            .await
            .body
            .contains("Nobody is signed in")
    );
    for wrong in [
        "",
        "x",
        &"A".repeat(43),
        &format!("{second}; {COOKIE}={second}"),
    ] {
        assert_eq!(
            office.with(wrong).get(service, "/v1/runs").await.code(),
            "session-ended"
        );
    }
    // Not used for a quarter of an hour.
    let mut idle = office
        .signed_in(Browser::default(), "sub-o1", "/sign-in")
        .await;
    service.house.at("2026-01-07T09:36:00Z");
    assert_eq!(idle.get(service, "/v1/runs").await.code(), "session-ended");
    assert_eq!(idle.get(service, "/v1/runs").await.code(), "session-ended");
    // Used all the time, for eight hours.
    let mut busy = office
        .signed_in(Browser::default(), "sub-o1", "/sign-in")
        .await;
    let start: jiff::Timestamp = "2026-01-07T09:36:00Z".parse().unwrap();
    for minutes in (10..480).step_by(10) {
        let at = start + jiff::SignedDuration::from_mins(minutes);
        service.house.at(&at.to_string());
        assert_eq!(busy.get(service, "/v1/runs").await.status, 200, "{at}");
    }
    service.house.at("2026-01-07T17:36:00Z");
    assert_eq!(busy.get(service, "/v1/runs").await.code(), "session-ended");
}

#[tokio::test]
async fn a_session_is_known_to_every_process_and_ends_with_the_line_of_the_list() {
    let office = Office::new().await;
    let service = &office.service;
    let mut browser = office
        .signed_in(Browser::default(), "sub-o1", "/sign-in")
        .await;
    // Another process of the node knows it, and knows of its end.
    let listed = office.listed();
    let beside = service.beside_to(&listed).await;
    let secret = office.secret(&browser);
    let mut there = Browser {
        jar: [((beside, COOKIE.to_owned()), secret)].into(),
    };
    let mut elsewhere = async || {
        let to = ("GET", "/v1/runs");
        there.send(service, beside, to, "", "").await
    };
    assert_eq!(elsewhere().await.status, 200);
    browser.sign_out(service).await;
    assert_eq!(elsewhere().await.code(), "session-ended");
    let mut browser = office.signed_in(browser, "sub-o1", "/sign-in").await;
    // The same handle under another subject is somebody else.
    service.known(&listed.replacen("sub-o1", "sub-o9", 1));
    assert_eq!(
        browser.get(service, "/v1/runs").await.code(),
        "session-ended"
    );
    service.known(&listed);
    assert_eq!(browser.get(service, "/v1/runs").await.status, 200);
    // Where nobody signs in any more, nobody is signed in.
    service.known(&access_text());
    assert_eq!(
        browser.get(service, "/v1/runs").await.code(),
        "session-ended"
    );
    for path in ["/", "/sign-in", "/signed-in", "/session"] {
        assert_eq!(
            browser.get(service, path).await.code(),
            "not-found",
            "{path}"
        );
    }
    service.known(&listed);
    let person = |role| exchange::authority::Person {
        staff: exchange::ids::StaffId::parse("m1").unwrap(),
        role,
    };
    let staff = exchange::ids::StaffId::parse("o1").unwrap();
    let op = common::op("revoke");
    let node = &service.node;
    let worker = person(exchange::authority::Role::Caseworker);
    assert!(node.revoke_sessions(&op, &staff, &worker).await.is_err());
    let role = exchange::authority::Role::RiskOwner;
    let done = node
        .revoke_sessions(&op, &staff, &person(role))
        .await
        .unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!(
        browser.get(service, "/v1/runs").await.code(),
        "session-ended"
    );
}

// shows: SEC-09
#[tokio::test]
async fn a_person_sees_their_other_sessions_and_ends_them_after_a_recent_sign_in() {
    const ELSEWHERE: &str = "/sign-out-elsewhere";
    let office = Office::new().await;
    let service = &office.service;
    let of = async |subject: &str| {
        let begun = office.signed_in(Browser::default(), subject, "/sign-in");
        begun.await
    };
    let others = async |browser: &mut Browser| {
        let session = browser.get(service, "/session").await.json();
        session["others"].as_array().unwrap().len()
    };
    let (mut colleague, mut lost) = (of("sub-o2").await, of("sub-o1").await);
    assert_eq!(others(&mut lost).await, 0);
    service.house.at("2026-01-07T09:03:00Z");
    let (mut second, mut here) = (of("sub-o1").await, of("sub-o1").await);
    for browser in [&mut lost, &mut second, &mut here] {
        assert_eq!(others(browser).await, 2, "their own, and nobody else's");
    }
    let page = here.get(service, "/").await.body;
    assert!(page.contains("Your other sessions") && page.contains("2026-01-07T09:03:00Z"));
    assert!(
        !colleague
            .get(service, "/")
            .await
            .body
            .contains("other sessions")
    );
    // Whoever found an open browser throws nobody out.
    service.house.at("2026-01-07T09:09:00Z");
    assert_eq!(
        here.presses(service, ELSEWHERE).await.code(),
        "step-up-needed"
    );
    assert_eq!(others(&mut here).await, 2);
    let mut here = office
        .signed_in(here, "sub-o1", "/sign-in?again=true")
        .await;
    let origin = format!("Origin: https://{}\r\n", service.address);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (at, lines) = (service.address, format!("{origin}{form}"));
    let far = here
        .send(service, at, ("POST", ELSEWHERE), &lines, "csrf=x")
        .await;
    assert_eq!(far.code(), "cross-site-refused");
    let done = here.presses(service, ELSEWHERE).await;
    let led = done.header("location");
    assert_eq!((done.status, led.as_deref()), (303, Some("/")), "{done:?}");
    for browser in [&mut lost, &mut second] {
        assert_eq!(
            browser.get(service, "/v1/runs").await.code(),
            "session-ended"
        );
    }
    assert_eq!(others(&mut here).await, 0);
    for browser in [&mut colleague, &mut here] {
        assert_eq!(browser.get(service, "/v1/runs").await.status, 200);
    }
    // Where there is none, nothing is ended and nothing is written down.
    let before = office.acts().await;
    assert_eq!(here.presses(service, ELSEWHERE).await.status, 303);
    assert_eq!(office.acts().await, before);
    let ended = before.iter().filter(|(act, _)| act == "session.ended");
    assert_eq!(ended.count(), 3, "the one that was replaced, and two");
}

#[tokio::test]
async fn a_write_comes_from_a_page_of_this_service() {
    let office = Office::new().await;
    let service = &office.service;
    let mut browser = office
        .signed_in(Browser::default(), "sub-o1", "/sign-in")
        .await;
    let csrf = browser.csrf(service).await;
    let mut other = office
        .signed_in(Browser::default(), "sub-o2", "/sign-in")
        .await;
    let others = other.csrf(service).await;
    let origin = format!("Origin: https://{}\r\n", service.address);
    let (near, token) = (
        "Sec-Fetch-Site: same-origin\r\n",
        format!("X-CSRF-Token: {csrf}\r\n"),
    );
    let rest = "Idempotency-Key: k1\r\nContent-Type: application/json\r\n";
    let at = service.address;
    for (lines, code) in [
        (String::new(), "cross-site-refused"),
        (token.clone(), "cross-site-refused"),
        (format!("{origin}{near}"), "cross-site-refused"),
        (
            format!("{origin}X-CSRF-Token: {others}\r\n"),
            "cross-site-refused",
        ),
        (format!("{origin}{token}{token}"), "cross-site-refused"),
        (
            format!("Origin: https://evil.example\r\n{token}"),
            "cross-site-refused",
        ),
        (format!("Origin: null\r\n{token}"), "cross-site-refused"),
        (
            format!("{origin}Origin: https://evil.example\r\n{token}"),
            "cross-site-refused",
        ),
        (
            format!("{origin}Sec-Fetch-Site: cross-site\r\n{token}"),
            "cross-site-refused",
        ),
        (
            format!("{origin}Sec-Fetch-Site: same-site\r\n{token}"),
            "cross-site-refused",
        ),
        (
            format!("{origin}Sec-Fetch-Site: none\r\n{token}"),
            "cross-site-refused",
        ),
        (
            format!("Referer: https://{at}/\r\nX-Forwarded-Host: {at}\r\n{token}"),
            "cross-site-refused",
        ),
        (
            format!(
                "{origin}{token}Authorization: Bearer {}\r\n",
                service.token("sub-o1")
            ),
            "two-callers",
        ),
        (
            format!("{origin}{token}Authorization: Basic eDp5\r\n"),
            "two-callers",
        ),
    ] {
        let more = format!("{lines}{rest}");
        let answer = browser
            .send(service, at, ("POST", ASK), &more, VOLUME)
            .await;
        assert_eq!(answer.code(), code, "{lines}: {}", answer.body);
    }
    // Reading across sites is refused as well; a link to the page is not.
    let far = "Sec-Fetch-Site: cross-site\r\n";
    for path in ["/v1/runs", "/session"] {
        let answer = browser.send(service, at, ("GET", path), far, "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "cross-site-refused")
        );
    }
    assert_eq!(
        browser
            .send(service, at, ("GET", "/"), far, "")
            .await
            .status,
        200
    );
    // Nobody is signed out from elsewhere.
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (lines, body) in [
        (form.to_owned(), format!("csrf={csrf}")),
        (format!("{form}{origin}"), "csrf=x".to_owned()),
        (
            format!("{form}Origin: https://evil.example\r\n"),
            format!("csrf={csrf}"),
        ),
    ] {
        let answer = browser
            .send(service, at, ("POST", "/sign-out"), &lines, &body)
            .await;
        assert_eq!(answer.code(), "cross-site-refused", "{lines}");
    }
    let answer = browser.post(service, ASK, "k1", VOLUME).await;
    assert_eq!(
        answer.json()["done_before"],
        false,
        "nothing of it did anything: {}",
        answer.body
    );
    // The same policies as for a token.
    let denied = browser.post(service, GRANT, "k2", "").await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "denied"));
}

#[tokio::test]
async fn a_browser_is_told_of_a_problem_by_a_page_and_a_program_is_not() {
    let office = Office::new().await;
    let (service, at) = (&office.service, office.service.address);
    let mut browser = Browser::default();
    let html = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
    let page = browser
        .send(service, at, ("GET", "/signed-in?code=x"), html, "")
        .await;
    assert_eq!(page.status, 401);
    let kind = page.header("content-type").unwrap();
    assert_eq!(kind, "text/html; charset=utf-8");
    assert!(page.body.contains("<h1>The sign-in is not accepted.</h1>"));
    assert!(page.body.contains("sign-in-refused"), "{}", page.body);
    let answer = browser
        .send(service, at, ("GET", "/v1/runs"), html, "")
        .await;
    assert_eq!(answer.code(), "token-missing");
}

#[tokio::test]
async fn every_answer_forbids_what_a_browser_could_be_made_to_do() {
    let office = Office::new().await;
    let service = &office.service;
    let mut browser = office
        .signed_in(Browser::default(), "sub-o1", "/sign-in")
        .await;
    for path in [
        "/",
        "/session",
        "/sign-in",
        "/signed-in",
        "/v1/runs",
        "/livez",
        "/none",
        "/sign-out",
    ] {
        let answer = browser.get(service, path).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
            ),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name).as_deref(), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}
