//! Calls to the node of another party over TLS: each side is known by its certificate. A question goes out once; whatever
//! else happens than an answer in time is a fault, and the caller does without (RTC-19).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange::check::wire::LONGEST;
use exchange::ports::{CallFault, PortFault, Supplier};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use jiff::SignedDuration;
use ledger::Digest;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::{Zeroize, Zeroizing};

use super::egress::Egress;
use super::pin;
use crate::keys;

/// Where a supplier answers, by what it is known, and by what this node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallPlace {
    /// The address: `https://node.dwp.example/v1/calls`.
    pub url: String,
    /// The SHA-256 of the server's certificate, or of one that issued it, in its DER form; several while one is
    /// replaced by another.
    pub certificates: Vec<Digest>,
    /// The file of this node's client certificate with its chain, in PEM.
    pub own: PathBuf,
    /// The file of that certificate's key, which its owner alone may read.
    pub key: PathBuf,
}

/// A supplier that is reached over TLS.
pub struct Https {
    place: CallPlace,
    egress: Egress,
    client: Mutex<Option<Client>>,
}

/// This node as the supplier knows it, with what was in the files of its certificate and key.
struct Client {
    chain: Vec<u8>,
    key: Zeroizing<String>,
    tls: TlsConnector,
}

impl Https {
    /// The supplier at this place.
    pub fn new(place: CallPlace, egress: Egress) -> Self {
        Self {
            place,
            egress,
            client: Mutex::default(),
        }
    }

    /// The files are read for each call, so that a new certificate counts at once; they are taken apart when they are others than
    /// before.
    fn tls(&self) -> Result<TlsConnector, PortFault> {
        let CallPlace { own, key, .. } = &self.place;
        let chain = std::fs::read(own).map_err(|e| bad(own, e.to_string()))?;
        let key = keys::read(key).map_err(|e| PortFault(e.to_string()))?;
        // Nothing that could leave it half done happens under the lock.
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client
            .as_ref()
            .filter(|c| c.chain == chain && *c.key == *key)
        {
            return Ok(client.tls.clone());
        }
        let tls = self.connector(&chain, &key)?;
        *client = Some(Client {
            chain,
            key,
            tls: tls.clone(),
        });
        Ok(tls)
    }

    fn connector(&self, chain: &[u8], key: &str) -> Result<TlsConnector, PortFault> {
        let own = &self.place.own;
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|e| bad(own, e.to_string()))?;
        let private = PrivateKeyDer::from_pem_slice(key.as_bytes());
        let private = private.map_err(|e| bad(&self.place.key, e.to_string()))?;
        let mut config = pin::client(&self.place.certificates)?
            .with_client_auth_cert(chain, private)
            .map_err(|e| bad(own, e.to_string()))?;
        // Each connection proves both certificates anew.
        config.resumption = Resumption::disabled();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    async fn asked(&self, question: &[u8]) -> Result<Zeroizing<Vec<u8>>, CallFault> {
        let tls = self.tls().map_err(|_| CallFault::Failed)?;
        let opened = pin::open::<Full<Bytes>>(&self.place.url, &tls, &self.egress).await;
        let (mut sender, uri) = opened.map_err(|_| CallFault::Failed)?;
        let authority = uri.authority().ok_or(CallFault::Failed)?.as_str();
        // The copy that is sent is wiped when it is let go of.
        let body = Bytes::from_owner(Zeroizing::new(question.to_vec()));
        let request = Request::post(uri.path())
            .header(HOST, authority)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Full::new(body));
        let request = request.map_err(|_| CallFault::Failed)?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|_| CallFault::Failed)?;
        match answer.status() {
            StatusCode::OK => read(answer.into_body()).await,
            StatusCode::CONFLICT => Err(CallFault::Refused),
            _ => Err(CallFault::Failed),
        }
    }
}

/// The answer, up to the longest that there may be.
pub(super) async fn read(mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, CallFault> {
    // Room for all at once: a buffer that grows leaves copies that nobody wipes.
    let mut answer = Zeroizing::new(Vec::with_capacity(LONGEST));
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(|_| CallFault::Failed)?.into_data() else {
            continue;
        };
        if answer.len() + bytes.len() > LONGEST {
            return Err(CallFault::Failed);
        }
        answer.extend_from_slice(&bytes);
        if let Ok(mut bytes) = bytes.try_into_mut() {
            bytes.as_mut().zeroize();
        }
    }
    Ok(answer)
}

fn bad(path: &Path, why: String) -> PortFault {
    PortFault(format!("{}: {why}", path.display()))
}

#[async_trait]
impl Supplier for Https {
    async fn ask(
        &self,
        question: &[u8],
        within: SignedDuration,
    ) -> Result<Zeroizing<Vec<u8>>, CallFault> {
        let asked = tokio::time::timeout(within.unsigned_abs(), self.asked(question));
        asked.await.unwrap_or(Err(CallFault::Late))
    }
}
