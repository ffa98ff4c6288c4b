//! Attempts on the service: tokens that are not right, headers that lie, what is another's, and what would exhaust it.
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

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, encode};
use serde_json::{Value, json};
use service::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An answer without what differs from one request to the next.
fn without_instance(answer: &Answer) -> Value {
    let mut told = answer.json();
    told.as_object_mut().unwrap().remove("instance");
    told
}

// shows: SEC-09
#[tokio::test]
async fn a_token_that_is_not_right_lets_nobody_in_and_does_not_say_why() {
    let service = Service::agreed().await;
    let right = service.claims("sub-o1");
    let with = |name: &str, value: Value| {
        let mut claims = right.clone();
        claims[name] = value;
        service.sign(&service.header(), &claims)
    };
    let without = |name: &str| {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(name);
        service.sign(&service.header(), &claims)
    };
    let header = |change: fn(&mut jsonwebtoken::Header)| {
        let mut header = service.header();
        change(&mut header);
        service.sign(&header, &right)
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = json!({ "alg": "none", "typ": "at+jwt", "kid": "k1" });
    let unsigned = format!("{}.{}.", part(&none), part(&right));
    // The public key as the secret of a symmetric signature.
    let keys = std::fs::read(service.house.dir.path().join("tls/keys.json")).unwrap();
    let mut symmetric = service.header();
    symmetric.alg = Algorithm::HS256;
    let symmetric = encode(&symmetric, &right, &EncodingKey::from_secret(&keys)).unwrap();
    let good = service.token("sub-o1");
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    parts[1] = part(&service.claims("sub-i1"));
    let swapped = parts.join(".");
    let now = right["iat"].as_i64().unwrap();
    let bad = [
        ("no token at all", "x".to_owned()),
        ("alg none", unsigned),
        ("a symmetric signature", symmetric),
        ("another payload under the signature", swapped),
        (
            "another audience",
            with("aud", json!("https://hmrc.example/concordat")),
        ),
        ("no audience", without("aud")),
        (
            "another issuer",
            with("iss", json!("https://login.example")),
        ),
        ("expired", with("exp", json!(now + 60))),
        ("no expiry", without("exp")),
        ("not yet valid", with("nbf", json!(now + 600))),
        ("issued in the future", with("iat", json!(now + 600))),
        ("a stranger", with("sub", json!("sub-z9"))),
        (
            "a program's subject at a person's client",
            with("sub", json!("hmrc-node")),
        ),
        ("bound to nothing", without("cnf")),
        (
            "bound to another certificate",
            with("cnf", json!({ "x5t#S256": service.thumbprint("two") })),
        ),
        ("an id token", header(|h| h.typ = Some("JWT".into()))),
        ("an unknown key", header(|h| h.kid = Some("k2".into()))),
        ("no key", header(|h| h.kid = None)),
        ("too long", "a".repeat(9_000)),
    ];
    let mut told = None;
    for (what, token) in bad {
        let answer = service.ask(&token, "GET", "/v1/agreements", "", "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "token-refused"),
            "{what}"
        );
        let same = told
            .get_or_insert_with(|| without_instance(&answer))
            .clone();
        assert_eq!(without_instance(&answer), same, "{what}");
    }
    assert_eq!(service.get("sub-o1", "/v1/agreements").await.status, 200);
}

// shows: SEC-09
#[tokio::test]
async fn a_stolen_token_is_of_no_use_without_the_certificate() {
    let service = Service::agreed().await;
    let token = service.token("hmrc-node");
    let request = format!(
        "GET /v1/agreements HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    for (client, status) in [(Some("one"), 200), (Some("two"), 401), (None, 401)] {
        let answer = service.raw(client, request.as_bytes()).await;
        assert_eq!(answer.status, status, "{client:?}");
    }
}

#[tokio::test]
async fn no_header_says_who_a_caller_is() {
    let service = Service::agreed().await;
    let forged = [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-User: o1",
        "X-Remote-User: o1",
        "X-Forwarded-Client-Cert: Hash=00",
        "X-SSL-Client-Cert: x",
        "X-Original-URL: /livez",
        "X-Rewrite-URL: /livez",
        "X-HTTP-Method-Override: GET",
        "Forwarded: for=127.0.0.1;proto=https",
        "Cookie: __Host-session=o1",
    ];
    for line in forged {
        let text = format!(
            "GET /v1/agreements HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n\r\n"
        );
        let answer = service.raw(Some("one"), text.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "token-missing"),
            "{line}"
        );
    }
    // Two tokens: two readers might choose differently, so neither counts.
    let more = format!("Authorization: Bearer {}\r\n", service.token("sub-i1"));
    let token = service.token("sub-o1");
    let answer = service
        .ask(&token, "GET", "/v1/agreements", &more, "")
        .await;
    assert_eq!(answer.code(), "token-missing");
}

// shows: SEC-09, PTY-11
#[tokio::test]
async fn what_is_anothers_answers_as_what_is_not_there() {
    let service = Service::answered().await;
    for (method, path, deed) in web::TABLE {
        if deed.is_of_node() || !path.contains('{') {
            continue;
        }
        let fill = |agreement: &str, run: &str| {
            path.replace("{agreement}", agreement)
                .replace("{run}", run)
                .replace(
                    "{flow}",
                    if path.contains("matches") {
                        "reply"
                    } else {
                        "ask"
                    },
                )
                .replace("{row}", "1")
        };
        let subject = match deed.as_str() {
            "decide-approval" => "sub-x2",
            "read-match" | "review-match" => "sub-x3",
            _ => "sub-x1",
        };
        let body = match path {
            p if p.ends_with("/ask") => r#"{"volume":5}"#,
            p if *method == "GET" || p.ends_with("/grant") || p.ends_with("/release") => "",
            _ => r#"{"reason":"none"}"#,
        };
        let more = "Idempotency-Key: k1\r\nContent-Type: application/json\r\n";
        let token = service.token(subject);
        let there = fill("contact-thread", "ask-2026-02");
        let absent = fill("no-such-agreement", "no-such-run");
        let there = service.ask(&token, method, &there, more, body).await;
        let absent = service.ask(&token, method, &absent, more, body).await;
        assert_eq!(
            (there.status, there.code().as_str()),
            (404, "not-found"),
            "{method} {path}"
        );
        assert_eq!(
            without_instance(&there),
            without_instance(&absent),
            "{method} {path}"
        );
    }
    for path in ["/v1/agreements", "/v1/runs", "/v1/files", "/v1/approvals"] {
        let answer = service.get("sub-x1", path).await;
        assert_eq!(answer.json(), json!({ "items": [] }), "{path}");
        let answer = service.get("sub-o1", path).await;
        assert_ne!(answer.json(), json!({ "items": [] }), "{path}");
    }
}

#[tokio::test]
async fn names_are_not_found_by_trying() {
    let service = Service::agreed().await;
    for path in [
        "/v1/agreements/..%2f..%2fnode.toml",
        "/v1/agreements/%00",
        "/v1/agreements/CONTACT-THREAD",
        "/v1/runs/'%20or%201=1",
        "/v1",
        "/",
        "/metrics",
        "/v1/agreements/contact-thread/",
        "/v1//agreements",
    ] {
        let answer = service.get("sub-o1", path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not-found"),
            "{path}"
        );
    }
    let answer = service
        .ask(&service.token("sub-o1"), "DELETE", "/v1/agreements", "", "")
        .await;
    assert_eq!(answer.code(), "method-not-allowed");
}

#[tokio::test]
async fn bodies_and_heads_are_bounded_and_read_strictly() {
    let service = Service::agreed().await;
    let path = "/v1/agreements/contact-thread/approvals/ask/ask";
    let large = format!(r#"{{"volume":5,"x":"{}"}}"#, "a".repeat(70_000));
    for (body, code) in [
        (large.as_str(), "body-too-large"),
        ("", "bad-request"),
        ("{", "bad-request"),
        (r#"{"volume":"5"}"#, "bad-request"),
        (r#"{"volume":0}"#, "bad-request"),
        (r#"{"volume":5,"role":"siro"}"#, "bad-request"),
        (r#"{"volume":-1}"#, "bad-request"),
    ] {
        let answer = service.post("sub-o1", path, "k1", body).await;
        assert_eq!(answer.code(), code, "{}", answer.body);
        // What was sent is not told back.
        assert!(!answer.body.contains("siro"));
    }
    // Chunks that tell no length are bounded all the same.
    let token = service.token("sub-o1");
    let chunk = format!("{:x}\r\n{}\r\n", 70_000, "a".repeat(70_000));
    let text = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k1\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
    );
    let answer = service.raw(Some("one"), text.as_bytes()).await;
    assert_eq!(answer.code(), "body-too-large");
    let long = format!(
        "GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    assert_eq!(service.raw(None, long.as_bytes()).await.status, 431);
    let media = "Idempotency-Key: k1\r\nContent-Type: text/plain\r\n";
    let answer = service
        .ask(&token, "POST", path, media, r#"{"volume":5}"#)
        .await;
    assert_eq!(answer.code(), "media-type-refused");
    // Nothing of it did anything.
    let answer = service.post("sub-o1", path, "k1", r#"{"volume":5}"#).await;
    assert_eq!(answer.json()["done_before"], false, "{}", answer.body);
}

#[tokio::test]
async fn one_length_and_one_way_to_tell_it() {
    let service = Service::agreed().await;
    for lines in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: +4",
        "Transfer-Encoding: chunked, identity",
    ] {
        let text = format!(
            "POST /livez HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n"
        );
        let answer = service.raw(None, text.as_bytes()).await;
        assert_eq!(answer.status, 400, "{lines}: {answer:?}");
        assert_eq!(answer.head.matches("HTTP/1.1").count(), 1);
    }
}

#[tokio::test]
async fn connections_that_say_little_are_closed() {
    let service = Service::agreed().await;
    let mut slow = Vec::new();
    for head in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = service.connect(None).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // One that does not even begin TLS, and one that is done and lingers.
    let mut silent = tokio::net::TcpStream::connect(service.address)
        .await
        .unwrap();
    let mut lingers = service.connect(None).await;
    lingers
        .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    // Each ends: what is read comes to an end.
    let mut bytes = Vec::new();
    for mut stream in slow {
        let _ = stream.read_to_end(&mut bytes).await;
    }
    let _ = lingers.read_to_end(&mut bytes).await;
    let _ = silent.read_to_end(&mut bytes).await;
}

#[tokio::test]
async fn refused_tokens_are_held_back_by_address_and_callers_by_name() {
    let service = Service::agreed().await;
    let mut last = service.ask("x", "GET", "/v1/runs", "", "").await;
    for _ in 0..60 {
        if last.status == 429 {
            break;
        }
        last = service.ask("x", "GET", "/v1/runs", "", "").await;
    }
    assert_eq!(last.code(), "too-many-requests");
    assert!(last.header("retry-after").is_some());
    // Whoever shows who they are is not held back by others at the same address.
    assert_eq!(service.get("sub-o1", "/v1/runs").await.status, 200);
}
