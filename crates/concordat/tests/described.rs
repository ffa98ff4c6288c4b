//! The service does what its description says, and refuses what it does not, whatever is sent: schemathesis asks.
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

use std::path::{Path, PathBuf};
use std::process::Stdio;

use ledger::Digest;
use service::{ISSUER, Service, access_text};
use tokio::process::Command;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that `make attackers` installs.
fn attacker(name: &str) -> Command {
    let path = root().join("target/attackers/bin").join(name);
    assert!(path.exists(), "`make attackers` installs {name}");
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_valid_openapi() {
    let mut command = attacker("openapi-spec-validator");
    let out = command
        .arg(root().join("docs/api/openapi.json"))
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_is_described() {
    let service = Service::answered().await;
    let at = |name: &str| service.house.dir.path().join("tls").join(name);
    // Beside those who are known anyway: a program of this party, and the node that calls.
    let one = CertificateDer::from_pem_file(at("one.pem")).unwrap();
    let granted = "granted-by = \"m1\"\nprovisioned-by = \"a1\"\n";
    let known = format!(
        "{}[[system]]\nclient = \"apply\"\nissuer = \"{ISSUER}\"\nparty = \"ho\"\nagreements = [\"all\"]\n{granted}\
         [[node]]\nparty = \"hmrc\"\ncertificates = [\"{}\"]\n{granted}",
        access_text(),
        Digest::of(&one)
    );
    service.known(&known);
    for subject in ["sub-o1", "sub-i1", "sub-c1", "sub-u1", "apply"] {
        let out = attacker("schemathesis")
            .arg("run")
            .arg(root().join("docs/api/openapi.json"))
            .arg("--url")
            .arg(format!("https://{}", service.address))
            .arg("--header")
            .arg(format!("Authorization: Bearer {}", service.token(subject)))
            .arg("--tls-verify")
            .arg(at("ca.pem"))
            .arg("--request-cert")
            .arg(at("one.pem"))
            .arg("--request-cert-key")
            .arg(at("one.key"))
            // What is valid by its form may still be refused by a rule, or not be there.
            .args([
                "--checks",
                "all",
                "--exclude-checks",
                "positive_data_acceptance",
            ])
            .args([
                "--max-examples",
                "5",
                "--seed",
                "1",
                "--no-color",
                "--request-retries",
                "2",
                "--continue-on-failure",
            ])
            .current_dir(service.house.dir.path())
            .output()
            .await
            .unwrap();
        let told = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{subject}: {told}");
    }

    // The auditor and the node that calls came past the door.
    let counts = service.operator("/metrics").await.body;
    for (route, status) in [
        ("/v1/ledger/checkpoint", 200),
        ("/v1/ledger/entries", 200),
        ("/v1/calls", 409),
    ] {
        let line = counts.lines().find(|l| {
            l.contains(&format!("route=\"{route}\"")) && l.contains(&format!("status=\"{status}\""))
        });
        assert!(line.is_some(), "{route} {status}: {counts}");
    }
}
