//! A program obtains its token from a real OpenID provider, by client credentials and its certificate, and uses it; a person
//! signs in there in a browser.
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

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use service::browser::Browser;
use service::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The provider with the certificates of this service; ends when it is dropped.
async fn provider(home: &Path, node: SocketAddr) -> (Child, Value) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = here.join("../../target/provider");
    assert!(
        modules.join("node_modules/oidc-provider").exists(),
        "`make provider` installs oidc-provider"
    );
    let mut child = Command::new("node")
        .arg(here.join("tests/service/provider.mjs"))
        .arg(modules)
        .arg(home)
        .arg(format!("https://{node}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .next_line()
        .await
        .unwrap()
        .expect("the provider starts");
    (child, serde_json::from_str(&line).unwrap())
}

#[tokio::test]
async fn a_token_of_a_real_provider_is_accepted_with_its_certificate_and_no_other() {
    let service = Service::agreed().await;
    let home = service.house.dir.path().join("tls");
    let (_child, told) = provider(&home, service.address).await;
    let issuer = told["issuer"].as_str().unwrap();
    std::fs::write(home.join("provider.json"), told["keys"].to_string()).unwrap();
    service.known(&format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{issuer}\"\nkeys = \"provider.json\"\n\
         [[system]]\nclient = \"one-node\"\nissuer = \"{issuer}\"\nparty = \"hmrc\"\nagreements = [\"contact-thread\"]\n\
         granted-by = \"m1\"\nprovisioned-by = \"a1\"\n"
    ));
    service.house.at(&now().to_string());
    let at: SocketAddr = issuer.strip_prefix("https://").unwrap().parse().unwrap();
    let token = async |client: &str, audience: &str| {
        let form = format!(
            "grant_type=client_credentials&client_id={client}-node&scope=api&resource={}",
            audience.replace(':', "%3A").replace('/', "%2F")
        );
        let text = format!(
            "POST /token HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut stream = service.connect_to(at, Some(client)).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    let ask = async |client: &str, token: &str| {
        let text = format!(
            "GET /v1/agreements/contact-thread HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        service.raw(Some(client), text.as_bytes()).await
    };
    let one = token("one", AUDIENCE).await;
    let answer = ask("one", &one).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(ask("two", &one).await.code(), "token-refused");
    // A program that the provider knows and this node does not; and a token for somebody else.
    let two = token("two", AUDIENCE).await;
    assert_eq!(ask("two", &two).await.code(), "token-refused");
    let elsewhere = token("one", "https://hmrc.example/concordat").await;
    assert_eq!(ask("one", &elsewhere).await.code(), "token-refused");
}

/// The machine's clock, which is the provider's.
#[expect(
    clippy::disallowed_methods,
    reason = "a program with the machine's clock is asked"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

// shows: SEC-09, SEC-14
#[tokio::test]
async fn a_person_signs_in_steps_up_and_is_signed_out_by_somebody_else() {
    let service = Service::agreed().await;
    let (tls, ho) = (service.home.clone(), service.house.home("ho"));
    let (_child, told) = provider(&tls, service.address).await;
    let issuer = told["issuer"].as_str().unwrap();
    std::fs::write(tls.join("provider.json"), told["keys"].to_string()).unwrap();
    let at: SocketAddr = issuer.strip_prefix("https://").unwrap().parse().unwrap();
    let listed = |text: &str| {
        let text = text.replace(ISSUER, issuer);
        let text = text.replace("\"keys.json\"", "\"provider.json\"");
        text.replace("2026-12-31", "2099-12-31") + &service.sign_in(issuer, issuer)
    };
    service.known(&listed(&access_text()));
    service.house.at(&now().to_string());
    let compose = || std::sync::Arc::new(concordat::sign_in::Provider::of(&ho).unwrap());
    let mut settings = std::fs::read_to_string(ho.join("node.toml")).unwrap();
    settings += &format!(
        "\n[[egress]]\nhost = \"127.0.0.1\"\nport = {}\naddresses = [\"127.0.0.1\"]\n",
        at.port()
    );
    std::fs::write(ho.join("node.toml"), settings).unwrap();
    service.app.signs_in_by(compose());
    let mut browser = Browser::default();
    let (page, asked) = browser.through(&service, "/sign-in", "sub-o1").await;
    assert_eq!((page.status, asked), (200, 1), "{page:?}");
    let who = "You are signed in as o1, data-sharing-officer.";
    assert!(page.body.contains(who), "{}", page.body);
    let path = "/v1/agreements/contact-thread/approvals/ask/ask";
    let answer = browser.post(&service, path, "k1", r#"{"volume":60}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Signed in at the provider already: it asks nobody again, but for a step-up.
    let mut owner = Browser::default();
    assert_eq!(owner.through(&service, "/sign-in", "sub-i1").await.1, 1);
    assert_eq!(owner.through(&service, "/sign-in", "sub-i1").await.1, 0);
    let grant = "/v1/agreements/contact-thread/approvals/ask/grant";
    let (page, asked) = owner
        .through(&service, "/sign-in?again=true", "sub-i1")
        .await;
    assert_eq!((page.status, asked), (200, 1), "{page:?}");
    let answer = owner.post(&service, grant, "k2", "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Somebody whom the provider knows and the node does not.
    let (page, _) = Browser::default()
        .through(&service, "/sign-in", "sub-z9")
        .await;
    assert_eq!(page.code(), "sign-in-refused", "{page:?}");
    // Their sessions are ended on the machine; taken off the list, nobody signs in again.
    let program = env!("CARGO_BIN_EXE_concordat");
    let mut end = std::process::Command::new(program);
    end.args(["session", "end", "o1", "--as", "i1:iao", "--dir"])
        .arg(&ho);
    let out = end.output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert_eq!(
        browser.get(&service, "/v1/runs").await.code(),
        "session-ended"
    );
    assert_eq!(owner.get(&service, "/v1/runs").await.status, 200);
    service.known(&listed(&access_text().replacen("sub-o1", "sub-o9", 1)));
    let (page, _) = browser.through(&service, "/sign-in", "sub-o1").await;
    assert_eq!(page.code(), "sign-in-refused");
    // What needs a recent sign-in needs another one by then.
    let later = now() + jiff::SignedDuration::from_mins(6);
    service.house.at(&later.to_string());
    let answer = owner.post(&service, grant, "k3", "").await;
    assert_eq!(answer.code(), "step-up-needed", "{}", answer.body);
}
