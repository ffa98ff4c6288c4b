//! The service of a node in this process, over TLS on a loopback port: its certificates, its issuer, and a client that
//! sends whatever bytes a test writes.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod browser;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::lookup::Asker;
use exchange::ports::Clock;
use exchange::{Node, Trouble};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ledger::Digest;
use serde_json::{Value, json};
use sim::VirtualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use web::{Access, App, Bound, Entrance, Lists, Overview, Tls, Waiting};

use crate::common::{House, reopened};

pub const AUDIENCE: &str = "https://ho.example/concordat";
pub const ISSUER: &str = "https://login.ho.example";
pub const V1: &str = "application/vnd.concordat.v1+json";

/// Nothing is told of the node as a whole but that it is asked.
struct Quiet;

#[async_trait]
impl Overview for Quiet {
    async fn due(&self) -> Result<Vec<Waiting>, Trouble> {
        Ok(vec![])
    }
    async fn report(&self) -> Result<Value, Trouble> {
        Ok(json!({}))
    }
}

/// Whoever asks a service: the certificates and keys of the clients and of their issuer, and the clock of their tokens.
#[derive(Clone)]
pub struct Client {
    /// Where certificates and keys are.
    pub home: PathBuf,
    pub now: Arc<dyn Clock>,
}

/// A node of a house, or of another world of tests, served.
pub struct Service<W = House> {
    pub house: W,
    pub clock: Arc<VirtualClock>,
    client: Client,
    pub node: Arc<Node>,
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub operating: SocketAddr,
    pub end: Option<oneshot::Sender<()>>,
    pub ended: tokio::task::JoinHandle<()>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
    /// The header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.to_ascii_lowercase() == name).then(|| value.trim().to_owned())
        })
    }
}

fn openssl(args: &[&str]) -> Vec<u8> {
    let out = Command::new("openssl").args(args).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "openssl {args:?}: {told}");
    out.stdout
}

/// Makes, in `dir`: an authority, the service's certificate, the certificates of two clients, and the issuer's key.
pub fn certificates(dir: &Path) {
    if dir.exists() {
        return;
    }
    std::fs::create_dir_all(dir).unwrap();
    let at = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let new = |out: &str| {
        let curve = [
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
        ];
        let mut args = curve.to_vec();
        args.push(out);
        openssl(&args);
    };
    let ca_key = at("ca.key");
    new(&ca_key);
    let (ca, serial) = (at("ca.pem"), at("ca.srl"));
    openssl(&[
        "req",
        "-x509",
        "-days",
        "30",
        "-subj",
        "/CN=authority",
        "-key",
        &ca_key,
        "-out",
        &ca,
    ]);
    std::fs::write(at("ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for name in ["server", "one", "two"] {
        let (key, csr, pem) = (
            at(&format!("{name}.key")),
            at(&format!("{name}.csr")),
            at(&format!("{name}.pem")),
        );
        new(&key);
        let subject = format!("/CN={name}");
        openssl(&["req", "-new", "-subj", &subject, "-key", &key, "-out", &csr]);
        openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAserial",
            &serial,
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            &at("ext"),
            "-out",
            &pem,
        ]);
    }
    new(&at("sign-in.key"));
    openssl(&[
        "pkey",
        "-in",
        &at("sign-in.key"),
        "-pubout",
        "-out",
        &at("sign-in.pub"),
    ]);
    let issuer = at("issuer.der");
    openssl(&[
        "genpkey",
        "-algorithm",
        "ed25519",
        "-outform",
        "DER",
        "-out",
        &issuer,
    ]);
    let public = openssl(&[
        "pkey", "-inform", "DER", "-in", &issuer, "-pubout", "-outform", "DER",
    ]);
    // The last 32 bytes of the public key's encoding are the key (RFC 8410).
    let x = URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1", "x": x });
    let keys = json!({ "keys": [key] });
    std::fs::write(at("keys.json"), keys.to_string()).unwrap();
}

/// Who is known: for each role one person with the access that it needs, and a program of HMRC.
pub fn access_text() -> String {
    let mut text = format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{ISSUER}\"\nkeys = \"keys.json\"\n"
    );
    for (staff, role, agreements) in [
        ("o1", "data-sharing-officer", "all"),
        ("o2", "data-sharing-officer", "contact-thread"),
        ("i1", "iao", "all"),
        ("c1", "caseworker", "contact-thread"),
        ("x1", "data-sharing-officer", "another"),
        ("x2", "iao", "another"),
        ("x3", "caseworker", "another"),
        ("u1", "auditor", "all"),
    ] {
        text += &format!(
            "[[person]]\nstaff = \"{staff}\"\nissuer = \"{ISSUER}\"\nsubject = \"sub-{staff}\"\nrole = \"{role}\"\n\
             party = \"ho\"\nclearance = \"ctc\"\nauthorised = true\ntrained-until = \"2026-12-31\"\nteams = [\"matching\"]\n\
             agreements = [\"{agreements}\"]\nuntil = \"2026-12-31\"\ngranted-by = \"m1\"\nprovisioned-by = \"a1\"\n"
        );
    }
    text + &format!(
        "[[system]]\nclient = \"hmrc-node\"\nissuer = \"{ISSUER}\"\nparty = \"hmrc\"\nagreements = [\"contact-thread\"]\n\
         granted-by = \"m1\"\nprovisioned-by = \"a1\"\n"
    )
}

/// A service is asked as its clients ask it.
impl<W> std::ops::Deref for Service<W> {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.home.join(name)).unwrap()
    }

    /// What a right token of this subject says, bound to the certificate of client `one`.
    pub fn claims(&self, subject: &str) -> Value {
        let now = self.now.now().as_second();
        let person = subject.starts_with("sub-");
        let client = if person { "front-end" } else { subject };
        json!({
            "iss": ISSUER, "sub": subject, "aud": AUDIENCE, "client_id": client, "exp": now + 300, "iat": now - 60,
            "auth_time": now - 60, "jti": "j1", "cnf": { "x5t#S256": self.thumbprint("one") },
        })
    }

    pub fn thumbprint(&self, client: &str) -> String {
        let der = CertificateDer::from_pem_slice(&self.file(&format!("{client}.pem"))).unwrap();
        URL_SAFE_NO_PAD.encode(Digest::of(&der).as_bytes())
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".into());
        header.kid = Some("k1".into());
        header
    }

    /// A token of the issuer with these claims.
    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_ed_der(&self.file("issuer.der"));
        encode(header, claims, &key).unwrap()
    }

    /// A right token of a person or program.
    pub fn token(&self, subject: &str) -> String {
        self.sign(&self.header(), &self.claims(subject))
    }

    /// A connection to a server whose certificate is of the same authority.
    pub async fn connect_to(&self, at: SocketAddr, client: Option<&str>) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(&self.file("ca.pem")).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => config.with_no_client_auth(),
            Some(name) => {
                let chain = CertificateDer::from_pem_slice(&self.file(&format!("{name}.pem")));
                let key = PrivateKeyDer::from_pem_slice(&self.file(&format!("{name}.key")));
                let (chain, key) = (vec![chain.unwrap()], key.unwrap());
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let stream = TcpStream::connect(at).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }

    pub async fn raw_to(&self, at: SocketAddr, client: Option<&str>, bytes: &[u8]) -> Answer {
        let mut stream = self.connect_to(at, client).await;
        // A server that has answered already may not want the rest.
        let _ = stream.write_all(bytes).await;
        read_answer(&mut stream).await
    }

    /// As [`Service::post`], to another process of the node.
    pub async fn post_to(
        &self,
        at: SocketAddr,
        subject: &str,
        path: &str,
        key: &str,
        body: &str,
    ) -> Answer {
        let more = format!("Idempotency-Key: {key}\r\nContent-Type: application/json\r\n");
        let request = request(&self.token(subject), "POST", path, &more, body);
        self.raw_to(at, Some("one"), request.as_bytes()).await
    }
}

impl Service<House> {
    /// The Home Office's node of this house, served.
    pub async fn of(house: House) -> Self {
        Self::limited(house, 600).await
    }

    /// As [`Service::of`]; one caller may ask so often a minute.
    pub async fn limited(house: House, per_minute: u32) -> Self {
        let home = house.dir.path().join("tls");
        let node = Arc::new(reopened(&house, "ho").await);
        let clock = house.clock.clone();
        Self::serving(house, node, clock, home, (per_minute, &access_text())).await
    }

    /// Another process of the same node, served beside this one: its address. It ends with the test.
    pub async fn beside(&self) -> SocketAddr {
        self.beside_to(&access_text()).await
    }

    /// As [`Service::beside`], to whom this text lists.
    pub async fn beside_to(&self, known: &str) -> SocketAddr {
        let node = Arc::new(reopened(&self.house, "ho").await);
        let served = served(&self.home, node, 600, known).await;
        std::mem::forget(served.end);
        served.address
    }

    /// The run is asked and answered; ten in the morning of the day after. Whoever asks may ask very often.
    pub async fn answered() -> Self {
        let house = House::new(None, None).await;
        house.answered().await;
        house.at("2026-02-05T10:00:00Z");
        Self::limited(house, 1_000_000).await
    }

    /// An agreement is in force, and nothing has been asked yet.
    pub async fn agreed() -> Self {
        let house = House::new(None, None).await;
        house.agreed().await;
        Self::of(house).await
    }
}

impl<W> Service<W> {
    /// This node of a world, served to whom this text lists; one caller may ask so often a minute.
    pub async fn serving(
        house: W,
        node: Arc<Node>,
        clock: Arc<VirtualClock>,
        home: PathBuf,
        (per_minute, known): (u32, &str),
    ) -> Self {
        certificates(&home);
        let served = served(&home, node.clone(), per_minute, known).await;
        Self {
            house,
            client: Client {
                home,
                now: clock.clone(),
            },
            clock,
            node,
            app: served.app,
            address: served.address,
            operating: served.operating,
            end: Some(served.end),
            ended: served.ended,
        }
    }

    /// The list of who is known is now this text.
    pub fn known(&self, text: &str) {
        self.lists(text, Vec::new());
    }

    /// As [`Service::known`], with the staff who may look people up.
    pub fn lists(&self, text: &str, askers: Vec<Asker>) {
        let access = read(&self.home, &self.node, text);
        let lists = access.map(|access| Lists {
            access: Some(access),
            askers,
        });
        self.app.refresh(lists);
    }

    /// How people sign in at this issuer, whose token endpoint is at this address.
    pub fn sign_in(&self, issuer: &str, at: &str) -> String {
        let server = CertificateDer::from_pem_slice(&self.file("server.pem")).unwrap();
        format!(
            "[sign-in]\nissuer = \"{issuer}\"\nclient = \"ho-node\"\nkey = \"../tls/sign-in.key\"\n\
             authorize = \"{at}/auth\"\ntoken = \"{at}/token\"\ncertificates = [\"{}\"]\naddress = \"https://{}\"\n",
            Digest::of(&server),
            self.address
        )
    }

    /// A connection; with the certificate of this client, where there is one.
    pub async fn connect(&self, client: Option<&str>) -> TlsStream<TcpStream> {
        self.connect_to(self.address, client).await
    }

    /// Sends these bytes as they are, and reads the answer to its end.
    pub async fn raw(&self, client: Option<&str>, bytes: &[u8]) -> Answer {
        self.raw_to(self.address, client, bytes).await
    }

    /// Asks with a token and the certificate of client `one`; `more` are further header lines.
    pub async fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> Answer {
        let request = request(token, method, path, more, body);
        self.raw(Some("one"), request.as_bytes()).await
    }

    pub async fn get(&self, subject: &str, path: &str) -> Answer {
        self.ask(&self.token(subject), "GET", path, "", "").await
    }

    /// A write under an idempotency key.
    pub async fn post(&self, subject: &str, path: &str, key: &str, body: &str) -> Answer {
        self.post_to(self.address, subject, path, key, body).await
    }

    /// What an operator sees.
    pub async fn operator(&self, path: &str) -> Answer {
        operator(self.operating, path).await
    }
}

/// What the operator of this address sees.
pub async fn operator(at: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    read_answer(&mut stream).await
}

pub fn request(token: &str, method: &str, path: &str, more: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         {more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A node that is served.
struct Served {
    app: Arc<App>,
    address: SocketAddr,
    operating: SocketAddr,
    end: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

async fn served(home: &Path, node: Arc<Node>, per_minute: u32, known: &str) -> Served {
    let access = read(home, &node, known).unwrap();
    let entrance = Entrance::Tokens(RwLock::new(Arc::new(access)));
    let app = App::new(
        node.clone(),
        Arc::new(Quiet),
        entrance,
        per_minute.try_into().unwrap(),
    )
    .unwrap();
    let pem = |name: &str| std::fs::read(home.join(name)).unwrap();
    let tls = Tls::new(&pem("server.pem"), &pem("server.key"), &pem("ca.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let operators = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let operating = operators.local_addr().unwrap();
    let (end, stop) = oneshot::channel();
    let bound = vec![
        Bound {
            listener,
            tls: Some(tls),
            router: web::router(&app),
        },
        Bound {
            listener: operators,
            tls: None,
            router: web::operating(&app),
        },
    ];
    let ended = tokio::spawn(web::serve(app.clone(), bound, async {
        let _ = stop.await;
    }));
    Served {
        app,
        address,
        operating,
        end,
        ended,
    }
}

fn read(home: &Path, node: &Node, text: &str) -> Result<Access, String> {
    let beside = |name: &str| std::fs::read_to_string(home.join(name)).map_err(|e| e.to_string());
    Access::read(text, node.party(), beside).map_err(|e| e.to_string())
}

pub async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
