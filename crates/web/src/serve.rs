//! Listening: TLS with client certificates where they are shown, bounds on what a connection may cost, and an end that
//! lets what was begun be finished.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ledger::Digest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tower::ServiceExt;

use crate::app::App;
use crate::caller::Peer;
use crate::log::TARGET;

/// A connection has so long for its handshake, and for the head of each request.
const PATIENCE: Duration = Duration::from_secs(10);
/// At the end, what was begun has so long to be finished.
const FAREWELL: Duration = Duration::from_secs(30);
/// So many connections are open at once; more of them wait to be accepted.
const CONNECTIONS: usize = 1_024;
/// The head of a request has at most so many bytes.
const HEAD: usize = 32_768;

/// The files of TLS cannot be used; the text says which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsFault(String);

/// The service's certificate, and whose client certificates it accepts.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// From PEM texts: the certificate with its chain, its key, and the authorities of client certificates. Who shows no
    /// certificate is connected, and gets no further than the probes: every token is bound to one.
    ///
    /// # Errors
    /// [`TlsFault`] when one of them is not what it should be.
    pub fn new(certificate: &[u8], key: &[u8], clients: &[u8]) -> Result<Self, TlsFault> {
        let bad = |what: &str| TlsFault(format!("{what} is not in PEM, or does not fit"));
        let read = |pem| CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let chain = read(certificate).map_err(|_| bad("the certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| bad("the certificate's key"))?;
        let mut roots = RootCertStore::empty();
        for root in read(clients).map_err(|_| bad("the authority of clients"))? {
            roots
                .add(root)
                .map_err(|_| bad("the authority of clients"))?;
        }
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|e| TlsFault(format!("the authority of clients: {e}")))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsFault(e.to_string()))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(|e| TlsFault(format!("the certificate: {e}")))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// An address that is listened on.
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
    /// TLS; none on a loopback address.
    pub tls: Option<Tls>,
    /// What is served there.
    pub router: Router,
}

/// Serves until `stop`, then lets what was begun be finished for half a minute; what is abandoned after that is one
/// transaction, which did not happen.
pub async fn serve(app: Arc<App>, bound: Vec<Bound>, stop: impl Future<Output = ()>) {
    let graceful = Arc::new(GracefulShutdown::new());
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut listening = tokio::task::JoinSet::new();
    for one in bound {
        listening.spawn(accept(app.clone(), one, graceful.clone(), room.clone()));
    }
    stop.await;
    listening.shutdown().await;
    // Every connection has its watcher by now, and no task that could make another one is left.
    if let Some(graceful) = Arc::into_inner(graceful) {
        tokio::select! {
            () = graceful.shutdown() => {}
            () = sleep(FAREWELL) => {
                tracing::warn!(target: TARGET, "requests were abandoned after half a minute");
            }
        }
    }
}

async fn accept(
    app: Arc<App>,
    bound: Bound,
    graceful: Arc<GracefulShutdown>,
    room: Arc<Semaphore>,
) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let (stream, from) = match bound.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                let fault = error.kind().to_string();
                tracing::error!(target: TARGET, fault, "no connection could be accepted");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let watcher = graceful.watcher();
        let (app, tls, router) = (app.clone(), bound.tls.clone(), bound.router.clone());
        tokio::spawn(async move {
            app.metrics.connections.inc();
            connection(stream, from, tls, router, watcher).await;
            app.metrics.connections.dec();
            drop(permit);
        });
    }
}

async fn connection(
    stream: TcpStream,
    from: std::net::SocketAddr,
    tls: Option<Tls>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD);
    let service = |certificate| {
        let peer = Peer { from, certificate };
        let router = router.map_request(move |mut request: Request<hyper::body::Incoming>| {
            // Set here and nowhere else: no header of a request says who it is from.
            request.extensions_mut().insert(peer);
            request.map(Body::new)
        });
        TowerToHyperService::new(router)
    };
    // A connection that breaks is the peer's affair: what it began is finished or rolled back.
    match tls {
        None => {
            let io = TokioIo::new(stream);
            let _ = watcher
                .watch(http.serve_connection(io, service(None)))
                .await;
        }
        Some(tls) => {
            let Ok(Ok(stream)) = timeout(PATIENCE, tls.0.accept(stream)).await else {
                return;
            };
            let shown = stream.get_ref().1.peer_certificates();
            let certificate = shown.and_then(<[_]>::first).map(|c| Digest::of(c));
            let io = TokioIo::new(stream);
            let _ = watcher
                .watch(http.serve_connection(io, service(certificate)))
                .await;
        }
    }
}
