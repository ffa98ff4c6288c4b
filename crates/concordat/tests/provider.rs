//! A program obtains its token from a real OpenID provider, by client credentials and its certificate, and uses it.
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
use service::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The provider with the certificates of this service; ends when it is dropped.
async fn provider(home: &Path) -> (Child, Value) {
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
    let (_child, told) = provider(&home).await;
    let issuer = told["issuer"].as_str().unwrap();
    std::fs::write(home.join("provider.json"), told["keys"].to_string()).unwrap();
    service.known(&format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{issuer}\"\nkeys = \"provider.json\"\n\
         [[system]]\nclient = \"one-node\"\nissuer = \"{issuer}\"\nparty = \"hmrc\"\nagreements = [\"contact-thread\"]\n\
         granted-by = \"m1\"\nprovisioned-by = \"a1\"\n"
    ));
    // The provider's clock is the machine's.
    #[expect(
        clippy::disallowed_methods,
        reason = "a program with the machine's clock is asked"
    )]
    let now = jiff::Timestamp::now();
    service.house.at(&now.to_string());
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
