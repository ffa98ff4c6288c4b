//! A WebDAV server (RFC 4918) over TLS. It has no way to write on from a byte, so an upload that was cut begins anew
//! under the same temporary name; a download goes on where it was cut. Redirections are not followed.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::ports::{Parts, PortFault};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full, Limited, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderValue, RANGE};
use hyper::{Method, Request, Response, StatusCode, Uri};
use ledger::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::egress::Egress;
use super::{Server, Session, Take, awaited, listing, pin};
use crate::{keys, limits};

/// What may stand in a name of a URL as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebDavPlace {
    /// The folder in which each party has its own: `https://files.example/post`.
    pub url: String,
    /// As whom.
    pub user: String,
    /// The file of the password, which its owner alone may read.
    pub password: PathBuf,
    /// The SHA-256 of the server's certificate, or of one that issued it, in its DER form; several while one is
    /// replaced by another.
    pub certificates: Vec<Digest>,
}

pub(crate) struct WebDav {
    place: WebDavPlace,
    egress: Egress,
}

impl WebDav {
    pub(crate) fn new(place: WebDavPlace, egress: Egress) -> Self {
        Self { place, egress }
    }
}

type Body = BoxBody<Bytes, PortFault>;

fn empty() -> Body {
    Full::default().map_err(|e| match e {}).boxed()
}

#[async_trait]
impl Server for WebDav {
    async fn session(&self) -> Result<Box<dyn Session>, PortFault> {
        let WebDavPlace { url, user, .. } = &self.place;
        let bad = |why: &str| PortFault(format!("the WebDAV address {url} cannot be used: {why}"));
        let uri: Uri = url.parse().map_err(|_| bad("it is no URL"))?;
        if uri.scheme_str() != Some("https") || uri.query().is_some() || url.contains('@') {
            return Err(bad(
                "it must be https, without a name, a password or a query",
            ));
        }
        let host = uri.host().ok_or_else(|| bad("it names no host"))?;
        if self.place.certificates.is_empty() {
            return Err(bad("no certificate is pinned for it: write `certificates`"));
        }
        let password = keys::read(&self.place.password).map_err(|e| PortFault(e.to_string()))?;
        let pair = Zeroizing::new(format!("{user}:{}", password.trim_end()));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut basic = HeaderValue::from_str(&basic)
            .map_err(|_| bad("its user or password cannot be sent"))?;
        basic.set_sensitive(true);
        Ok(Box::new(WebDavSession {
            egress: self.egress.clone(),
            tls: TlsConnector::from(Arc::new(
                pin::client(&self.place.certificates)?.with_no_client_auth(),
            )),
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(443),
            base: uri.path().trim_end_matches('/').to_owned(),
            basic,
        }))
    }
}

struct WebDavSession {
    egress: Egress,
    tls: TlsConnector,
    host: String,
    port: u16,
    base: String,
    basic: HeaderValue,
}

impl WebDavSession {
    fn fault(&self, what: &str, path: &str, why: impl std::fmt::Display) -> PortFault {
        let Self { host, port, .. } = self;
        PortFault(format!(
            "{what} {path} at {host} port {port} failed: {why}; it is tried again"
        ))
    }

    fn authority(&self) -> String {
        match self.port {
            443 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }

    fn path(&self, path: &str) -> String {
        let names = path.split('/').map(|n| utf8_percent_encode(n, PLAIN));
        names.fold(self.base.clone(), |all, n| format!("{all}/{n}"))
    }

    /// A connection to the pinned server, at an address that the list of places gives.
    async fn connected(&self) -> Result<SendRequest<Body>, PortFault> {
        let failed = |e: String| self.fault("the connection", "to the server", e);
        let bare = self.host.trim_matches(['[', ']']).to_owned();
        let addresses = self.egress.addresses(&bare, self.port).await?;
        let connected = pin::connect(&self.tls, bare, &addresses).await;
        connected.map_err(failed)
    }

    fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(self.path(path))
            .header(HOST, self.authority())
            .header(AUTHORIZATION, self.basic.clone())
    }

    async fn ask(
        &self,
        what: &str,
        path: &str,
        request: hyper::http::request::Builder,
        body: Body,
    ) -> Result<Response<Incoming>, PortFault> {
        let failed = |e: String| self.fault(what, path, e);
        let request = request.body(body).map_err(|e| failed(e.to_string()))?;
        let mut sender = self.connected().await?;
        awaited(sender.send_request(request)).await.map_err(failed)
    }

    /// Asks without a body, and fails on any other answer than one of these.
    async fn simply(
        &self,
        what: &str,
        path: &str,
        request: hyper::http::request::Builder,
        wanted: &[StatusCode],
    ) -> Result<Response<Incoming>, PortFault> {
        let answer = self.ask(what, path, request, empty()).await?;
        if wanted.contains(&answer.status()) {
            Ok(answer)
        } else {
            Err(self.unwanted(what, path, answer.status()))
        }
    }

    fn unwanted(&self, what: &str, path: &str, status: StatusCode) -> PortFault {
        let why = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!(
                    "the server says {status}: check the user, the password file and what they may do"
                )
            }
            other => format!("the server says {other}"),
        };
        self.fault(what, path, why)
    }
}

#[async_trait]
impl Session for WebDavSession {
    fn resumes(&self) -> bool {
        false
    }

    async fn make_folder(&mut self, folder: &str) -> Result<(), PortFault> {
        // 405: it stands already.
        let wanted = [StatusCode::CREATED, StatusCode::METHOD_NOT_ALLOWED];
        let request = self.request("MKCOL", folder);
        self.simply("making the folder", folder, request, &wanted)
            .await
            .map(|_| ())
    }

    async fn names(&mut self, folder: &str) -> Result<Vec<String>, PortFault> {
        let what = "listing";
        let request = self.request("PROPFIND", folder).header("Depth", "1");
        let body = Full::from(listing::QUESTION).map_err(|e| match e {});
        let answer = self.ask(what, folder, request, body.boxed()).await?;
        match answer.status() {
            StatusCode::MULTI_STATUS => {}
            StatusCode::NOT_FOUND => return Ok(Vec::new()),
            other => return Err(self.unwanted(what, folder, other)),
        }
        let body = Limited::new(answer.into_body(), limits::LISTING_BYTES);
        let body = awaited(body.collect()).await;
        let body = body.map_err(|e| self.fault(what, folder, e))?.to_bytes();
        let names = listing::names(&body).map_err(|e| self.fault(what, folder, e))?;
        if names.len() > limits::NAMES {
            return Err(self.fault(what, folder, "it has too many files"));
        }
        Ok(names)
    }

    async fn length(&mut self, path: &str) -> Result<Option<u64>, PortFault> {
        let what = "looking for";
        let wanted = [StatusCode::OK, StatusCode::NOT_FOUND];
        let request = self.request("HEAD", path);
        let answer = self.simply(what, path, request, &wanted).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let length = answer.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|l| l.to_str().ok()?.parse().ok());
        Ok(Some(length.unwrap_or(0)))
    }

    async fn read(&mut self, path: &str, from: u64, take: Take<'_>) -> Result<bool, PortFault> {
        let what = "reading";
        let mut request = self.request("GET", path);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let answer = self.ask(what, path, request, empty()).await?;
        let mut skip = match answer.status() {
            // The whole, from a server that gives no part.
            StatusCode::OK => from,
            StatusCode::PARTIAL_CONTENT if from > 0 => 0,
            // Nothing is left of it.
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => return Ok(true),
            StatusCode::NOT_FOUND => return Ok(false),
            other => return Err(self.unwanted(what, path, other)),
        };
        let mut body = answer.into_body();
        while let Some(frame) = awaited(async { body.frame().await.transpose() })
            .await
            .map_err(|e| self.fault(what, path, e))?
        {
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            let there = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
            skip -= there as u64;
            take(bytes.get(there..).unwrap_or_default())?;
        }
        Ok(true)
    }

    async fn write(
        &mut self,
        path: &str,
        _from: u64,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault> {
        let what = "writing";
        let (mut up, body) = Channel::<Bytes, PortFault>::new(1);
        let request = self.request(Method::PUT.as_str(), path).body(body.boxed());
        let request = request.map_err(|e| self.fault(what, path, e))?;
        let mut sender = self.connected().await?;
        let this = &*self;
        let feed = async move {
            loop {
                let sent = match bytes.next().await {
                    Ok(None) => return Ok(()),
                    Ok(Some(part)) => awaited(up.send_data(Bytes::from(part))).await,
                    Err(fault) => Err(fault.0),
                };
                // Otherwise the part that was sent would look like the whole.
                if let Err(why) = sent {
                    let fault = this.fault(what, path, why);
                    up.abort(fault.clone());
                    return Err(fault);
                }
            }
        };
        let mut answer = std::pin::pin!(sender.send_request(request));
        let early = tokio::select! {
            answer = &mut answer => Some(answer.map_err(|e| e.to_string())),
            fed = feed => {
                fed?;
                None
            }
        };
        let answer = match early {
            Some(answer) => answer,
            None => awaited(answer).await,
        };
        let answer = answer.map_err(|e| self.fault(what, path, e))?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => Ok(()),
            other => Err(self.unwanted(what, path, other)),
        }
    }

    async fn publish(&mut self, path: &str, name: &str) -> Result<bool, PortFault> {
        let to = format!("https://{}{}", self.authority(), self.path(name));
        let request = self.request("MOVE", path);
        let request = request.header("Destination", to).header("Overwrite", "F");
        let wanted = [StatusCode::CREATED, StatusCode::PRECONDITION_FAILED];
        let answer = self.simply("publishing", name, request, &wanted).await?;
        Ok(answer.status() == StatusCode::CREATED)
    }

    async fn remove(&mut self, path: &str) -> Result<(), PortFault> {
        let wanted = [
            StatusCode::OK,
            StatusCode::NO_CONTENT,
            StatusCode::NOT_FOUND,
        ];
        let request = self.request("DELETE", path);
        self.simply("removing", path, request, &wanted)
            .await
            .map(|_| ())
    }
}
