//! Whoever asks: connections that stay open, each with one question at a time, and what came of them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::nodes::{Counts, Server};

/// A question.
pub struct Asked {
    path: &'static str,
    token: Option<String>,
    body: String,
    expects: &'static str,
}

impl Asked {
    pub fn new(path: &'static str, token: Option<&str>, body: Value) -> Self {
        let token = token.map(str::to_owned);
        let body = body.to_string();
        Self {
            path,
            token,
            body,
            expects: "",
        }
    }

    /// A right answer has this in it.
    pub fn expecting(self, expects: &'static str) -> Self {
        Self { expects, ..self }
    }
}

/// Connects with the certificate of the client `one`.
pub struct Client(TlsConnector);

impl Client {
    pub fn new(tls: &Path) -> Self {
        let file = |name: &str| std::fs::read(tls.join(name)).unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&file("ca.pem")).unwrap())
            .unwrap();
        let chain = vec![CertificateDer::from_pem_slice(&file("one.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(&file("one.key")).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        Self(TlsConnector::from(Arc::new(config)))
    }

    pub async fn connect(&self, at: SocketAddr) -> Line {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = self.0.connect(name, stream).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Line(sender)
    }
}

/// An open connection.
pub struct Line(SendRequest<Full<Bytes>>);

impl Line {
    /// Whether the answer is right.
    pub async fn ask(&mut self, asked: Asked) -> bool {
        let mut request = hyper::Request::post(asked.path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json");
        if let Some(token) = &asked.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(asked.body))).unwrap();
        if self.0.ready().await.is_err() {
            return false;
        }
        let Ok(answer) = self.0.send_request(request).await else {
            return false;
        };
        let right = answer.status() == 200;
        let Ok(body) = answer.into_body().collect().await else {
            return false;
        };
        let body = body.to_bytes();
        right && std::str::from_utf8(&body).unwrap().contains(asked.expects)
    }
}

/// Each question of a benchmark has a number of its own.
static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What is measured.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub what: &'static str,
    pub kind: &'a str,
    pub connections: usize,
    pub seconds: f64,
}

/// What came of it.
pub struct Came {
    what: &'static str,
    kind: String,
    connections: usize,
    /// Milliseconds of each right answer, in order.
    took: Vec<f64>,
    errors: usize,
    wall: f64,
    server: f64,
    database: f64,
    asker: f64,
}

impl Load<'_> {
    pub const HEADER: &'static str = "what                 store     connections  answers/s      p50      p95      p99  errors  server cpu  database  asker  of bare";

    /// Asks for as long as it says, after a little while that does not count.
    pub async fn run(
        self,
        client: &Client,
        (servers, counts): (&[&Server], &Counts),
        at: SocketAddr,
        make: &(dyn Fn(u64) -> Asked + Send + Sync),
    ) -> Came {
        let mut lines = Vec::new();
        for _ in 0..self.connections {
            lines.push(client.connect(at).await);
        }
        self.asked(&mut lines, make, self.seconds / 4.0).await;
        let server = || servers.iter().map(|s| s.cpu()).sum::<f64>();
        let (server_before, database, own) = (server(), counts.cpu(), own());
        let begun = Instant::now();
        let (took, errors) = self.asked(&mut lines, make, self.seconds).await;
        let wall = begun.elapsed().as_secs_f64();
        let used = (
            server() - server_before,
            counts.cpu() - database,
            self::own() - own,
        );
        self.came((took, errors), wall, used)
    }

    async fn asked(
        self,
        lines: &mut [Line],
        make: &(dyn Fn(u64) -> Asked + Send + Sync),
        seconds: f64,
    ) -> (Vec<f64>, usize) {
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let each = lines.iter_mut().map(|line| async move {
            let (mut took, mut errors) = (Vec::new(), 0);
            while Instant::now() < end {
                let asked = make(next());
                let begun = Instant::now();
                match line.ask(asked).await {
                    true => took.push(begun.elapsed().as_secs_f64() * 1e3),
                    false => errors += 1,
                }
            }
            (took, errors)
        });
        gathered(futures_util::future::join_all(each).await)
    }

    /// As [`Load::run`], of work within this process.
    pub async fn within<F: Future<Output = bool> + Send + 'static>(
        self,
        counts: &Counts,
        each: impl Fn(u64) -> F + Clone + Send + 'static,
    ) -> Came {
        let end = Instant::now() + Duration::from_secs_f64(self.seconds);
        let (database, own) = (counts.cpu(), own());
        let begun = Instant::now();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..self.connections {
            let each = each.clone();
            all.spawn(async move {
                let (mut took, mut errors) = (Vec::new(), 0);
                while Instant::now() < end {
                    let begun = Instant::now();
                    match each(next()).await {
                        true => took.push(begun.elapsed().as_secs_f64() * 1e3),
                        false => errors += 1,
                    }
                }
                (took, errors)
            });
        }
        let came = gathered(all.join_all().await);
        let wall = begun.elapsed().as_secs_f64();
        let used = (self::own() - own, counts.cpu() - database, 0.0);
        self.came(came, wall, used)
    }

    fn came(self, (mut took, errors): (Vec<f64>, usize), wall: f64, used: (f64, f64, f64)) -> Came {
        took.sort_by(f64::total_cmp);
        Came {
            what: self.what,
            kind: self.kind.to_owned(),
            connections: self.connections,
            took,
            errors,
            wall,
            server: used.0,
            database: used.1,
            asker: used.2,
        }
    }
}

fn gathered(all: Vec<(Vec<f64>, usize)>) -> (Vec<f64>, usize) {
    let errors = all.iter().map(|(_, errors)| errors).sum();
    (all.into_iter().flat_map(|(took, _)| took).collect(), errors)
}

/// Seconds of processor that this process used.
fn own() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

impl Came {
    fn rate(&self) -> f64 {
        self.took.len() as f64 / self.wall
    }

    fn part(&self, of: f64) -> f64 {
        let at = (self.took.len() as f64 * of) as usize;
        let at = at.min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or(f64::NAN)
    }

    /// A line of the table, beside the bare handler's.
    pub fn print(&self, bare: Option<&Came>) {
        let thousand = |used: f64| 1e3 * used / self.took.len().max(1) as f64;
        let share = bare.map_or(String::new(), |bare| {
            format!("{:.2}", self.rate() / bare.rate())
        });
        println!(
            "{:<20} {:<9} {:>11} {:>10.0} {:>8.1} {:>8.1} {:>8.1} {:>7} {:>11.2} {:>9.2} {:>6.2} {share:>8}",
            self.what,
            self.kind,
            self.connections,
            self.rate(),
            self.part(0.5),
            self.part(0.95),
            self.part(0.99),
            self.errors,
            thousand(self.server),
            thousand(self.database),
            thousand(self.asker),
        );
    }
}
