//! Asks a node for a residence check, as the system by which people apply would (docs/api.md).
//!
//! ```text
//! TOKEN=... residence_check https://ho.example:8443 ca.pem apply.pem apply.key < request.json
//! ```
//!
//! The token is one of the node's issuer for this program, bound to the certificate. The request is printed nowhere; its
//! `request` names the act, so that asking again after a failure makes no second check.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "an example is a program of its own"
)]

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Fault = Box<dyn Error + Send + Sync>;

/// Whom this program believes, and what it is: files in PEM.
///
/// # Errors
/// When a file is not there, or is not what it should be.
pub(crate) fn tls(authority: &Path, certificate: &Path, key: &Path) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(authority)? {
        roots.add(root?)?;
    }
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?,
    )
}

/// The status and the body of the answer: an outcome (200), or a problem whose `code` is stable.
///
/// # Errors
/// When the node is not reached, or does not answer in JSON.
pub(crate) async fn check(
    url: &str,
    tls: ClientConfig,
    token: &str,
    request: Vec<u8>,
) -> Result<(u16, Value), Fault> {
    let at: Uri = url.parse()?;
    let host = at.host().ok_or("the address names no host")?.to_owned();
    let stream = TcpStream::connect((host.as_str(), at.port_u16().unwrap_or(443))).await?;
    let name = ServerName::try_from(host.clone())?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(name, stream)
        .await?;
    let (mut node, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post("/v1/residence-checks")
        .header("Host", host)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .header("Accept", "application/vnd.concordat.v1+json")
        .body(Full::new(Bytes::from(request)))?;
    let answer = node.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&body)?))
}

async fn asked() -> Result<ExitCode, Fault> {
    let line: Vec<String> = std::env::args().skip(1).collect();
    let [url, authority, certificate, key] = line.as_slice() else {
        return Err("use: residence_check URL AUTHORITY CERTIFICATE KEY < REQUEST".into());
    };
    let tls = tls(authority.as_ref(), certificate.as_ref(), key.as_ref())?;
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request)?;
    let (status, told) = check(url, tls, &std::env::var("TOKEN")?, request).await?;
    let text = |of: &Value, name: &str| {
        let value = of.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    if status == 200 {
        println!("{} {}", text(&told, "outcome"), text(&told, "guidance"));
        return Ok(ExitCode::SUCCESS);
    }
    // A 429 or 503 may be asked again later, under the same `request`; the others are to be mended first.
    let (code, title, detail) = (
        text(&told, "code"),
        text(&told, "title"),
        text(&told, "detail"),
    );
    eprintln!("{code} {title} {detail}");
    let rules = told.get("rules").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        eprintln!("{} {}", text(rule, "rule"), text(rule, "what"));
    }
    Ok(ExitCode::FAILURE)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match asked().await {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
