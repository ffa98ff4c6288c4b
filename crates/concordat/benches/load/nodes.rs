//! Two nodes under the agreement of the residence check, served by the program itself, and the supplier's index.

use std::io::BufRead;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use concordat::calling::{Place, Records};
use concordat::house;
use courier::{Allowed, CallPlace};
use exchange::Node;
use exchange::lookup::{Asker, Request};
use exchange::ports::Clock;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ledger::Digest;
use serde_json::{Value, json};
use sim::register::Register;
use sim::{SeededEntropy, VirtualClock};
use store::NewRecords;
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use crate::call;
use crate::service::{AUDIENCE, ISSUER, certificates};

/// The supplier's node key: the index is made before its node is.
const KEY: [u8; 32] = [7; 32];
/// So many people have names and numbers of a right form; the others only fill the index.
const KNOWN: u64 = 10_000;
const TICKS: f64 = 100.0;

pub struct Who {
    pub forename: &'static str,
    pub surname: String,
    pub born: &'static str,
    pub nino: String,
}

/// One of those whom the supplier knows.
pub fn person(n: u64) -> Who {
    let n = n.wrapping_mul(7_919) % KNOWN;
    somebody(n, n)
}

/// Somebody whom nobody knows, of the same form.
pub fn stranger(n: u64) -> Who {
    let n = n.wrapping_mul(7_919) % KNOWN;
    somebody(n, 500_000 + n)
}

fn somebody(name: u64, number: u64) -> Who {
    let letter = |at: u32| char::from(b'a' + u8::try_from(name / 26_u64.pow(at) % 26).unwrap());
    Who {
        forename: "Test",
        surname: format!("Stone{}{}{}", letter(0), letter(1), letter(2)),
        born: "1980-02-29",
        nino: format!("QQ{number:06}A"),
    }
}

/// A question to the supplier, under an identifier of its own.
pub fn question(hash: &Digest, n: u64, who: &Who) -> Value {
    json!({ "agreement": hash.to_string(), "flow": "check", "details": {
        "correlation_id": format!("{n:032x}"), "forename": who.forename, "surname": who.surname,
        "date_of_birth": who.born, "nino": who.nino,
    } })
}

/// Makes the supplier's index.
pub async fn index(path: &Path, people: u64) {
    let entropy = Arc::new(SeededEntropy::new("load"));
    let mut new = NewRecords::begin(path, &KEY, entropy).await.unwrap();
    for n in 0..people {
        let who = somebody(n % KNOWN, n);
        let number = if n < KNOWN {
            who.nino
        } else {
            format!("filler-{n}")
        };
        let period = |kind: &str| json!({ "benefit_type": kind, "start_date": "2013-01-01" });
        let held = json!({ "born": who.born, "names": [format!("{} Marie {}", who.forename, who.surname)],
            "rows": [period("universal-credit"), period("pip")] });
        new.add(&number, held.to_string().as_bytes()).await.unwrap();
    }
    new.finish().await.unwrap();
}

/// The machine's clock.
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Two nodes that agree, not yet served.
pub struct Laid {
    pub dir: TempDir,
    pub hash: Digest,
    port: u16,
}

const GRANTED: &str = "granted-by = \"m1\"\nprovisioned-by = \"a1\"\n";
const STAFF: &str = r#"
[look-up]
teams = { casework = ["north"] }
[[staff]]
person = { staff = "c1", role = "caseworker" }
party = "ho"
unit = "casework"
team = "north"
clearance = "sc"
authorised = true
trained-until = "2099-12-31"
purposes = ["residence"]
cases = ["case-1"]
"#;

/// The caseworker of the list, with a question.
pub fn looking(n: u64) -> (Asker, Request) {
    let list: toml::Table = STAFF.parse().unwrap();
    let asker: Asker = list["staff"][0].clone().try_into().unwrap();
    let request = Request {
        reference: Zeroizing::new(format!("C{n:08}")),
        case: "case-1".into(),
        reason: "a letter came back".into(),
        purpose: agreement::PurposeId::parse("residence").unwrap(),
        unmask: None,
    };
    (asker, request)
}

fn private(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Laid {
    pub async fn new(stores: &[String], index: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tls = dir.path().join("tls");
        certificates(&tls);
        let digest = |name: &str| {
            let pem = std::fs::read(tls.join(format!("{name}.pem"))).unwrap();
            Digest::of(&CertificateDer::from_pem_slice(&pem).unwrap())
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        for (who, store) in ["ho", "dwp", "bare"].into_iter().zip(stores) {
            let home = dir.path().join(who);
            std::fs::create_dir_all(home.join("tls")).unwrap();
            let mut config = call::config(if who == "bare" { "ho" } else { who }, 20);
            config.store = if who == "bare" {
                "sqlite:own.db".into()
            } else {
                store.clone()
            };
            match who {
                "ho" => {
                    let register = Register {
                        seed: 7,
                        size: 10,
                        as_of: jiff::civil::date(2026, 1, 5),
                    };
                    register.write(&home.join("register.db")).await.unwrap();
                    config.register = Some("register.db".into());
                    for route in config.calls.routes.values_mut() {
                        route.to = Place::Https(CallPlace {
                            url: format!("https://127.0.0.1:{port}/v1/calls"),
                            certificates: vec![digest("server")],
                            own: "tls/one.pem".into(),
                            key: "tls/one.key".into(),
                        });
                    }
                    config.egress = vec![Allowed {
                        host: "127.0.0.1".into(),
                        port,
                        addresses: vec!["127.0.0.1".parse().unwrap()],
                    }];
                    private(&home.join("staff.toml"), STAFF);
                }
                "dwp" => config.calls.records = Some(Records::Index(index.to_owned())),
                _ => {}
            }
            house::init(&home, &config).unwrap();
            private(&home.join("keys/node.key"), hex::encode(KEY));
            for (from, to) in [
                ("server.pem", "server.pem"),
                ("server.key", "server.key"),
                ("ca.pem", "clients.pem"),
                ("one.pem", "one.pem"),
                ("one.key", "one.key"),
            ] {
                private(
                    &home.join("tls").join(to),
                    std::fs::read(tls.join(from)).unwrap(),
                );
            }
            std::fs::copy(tls.join("keys.json"), home.join("keys.json")).unwrap();
            let known = format!(
                "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{ISSUER}\"\nkeys = \"keys.json\"\n"
            );
            private(
                &home.join("access.toml"),
                known + &access(who, &digest("one")),
            );
        }
        let clock = Arc::new(VirtualClock::new("2026-01-05T09:00:00Z".parse().unwrap()));
        let mut nodes = Vec::new();
        for who in ["ho", "dwp"] {
            let entropy = Arc::new(SeededEntropy::new(who));
            let node = house::open(&dir.path().join(who), clock.clone(), entropy).await;
            nodes.push(node.unwrap());
        }
        call::agreed(&nodes[0], &nodes[1], &call::source()).await;
        let (pact, _) = nodes[0].agreement(&call::agreement()).await.unwrap();
        Self {
            hash: pact.hash(),
            dir,
            port,
        }
    }

    /// A node on the machine's clock, in this process.
    pub async fn open(&self, who: &str) -> Node {
        let entropy = Arc::new(SeededEntropy::new("within"));
        let node = house::open(&self.dir.path().join(who), Arc::new(Now), entropy).await;
        node.unwrap()
    }

    /// Both, as the program serves them.
    pub async fn served(&self) -> (Server, Server) {
        let serve = |who: &str, listen: String| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
            command.args([
                "serve",
                "--json",
                "--per-minute",
                "4000000000",
                "--operate",
                "127.0.0.1:0",
            ]);
            command
                .args(["--listen", &listen, "--dir"])
                .arg(self.home(who));
            Server::started(command)
        };
        let dwp = serve("dwp", format!("127.0.0.1:{}", self.port));
        (serve("ho", "127.0.0.1:0".into()), dwp)
    }

    pub fn home(&self, who: &str) -> PathBuf {
        self.dir.path().join(who)
    }

    /// An access token that is good for an hour.
    pub fn token(&self, subject: &str) -> String {
        let tls = self.dir.path().join("tls");
        let der = CertificateDer::from_pem_slice(&std::fs::read(tls.join("one.pem")).unwrap());
        let bound = URL_SAFE_NO_PAD.encode(Digest::of(&der.unwrap()).as_bytes());
        let now = Timestamp::now().as_second();
        let client = if subject.starts_with("sub-") {
            "front-end"
        } else {
            subject
        };
        let claims = json!({
            "iss": ISSUER, "sub": subject, "aud": AUDIENCE, "client_id": client, "exp": now + 3_600, "iat": now - 60,
            "auth_time": now - 60, "jti": "j1", "cnf": { "x5t#S256": bound },
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".into());
        header.kid = Some("k1".into());
        let key = EncodingKey::from_ed_der(&std::fs::read(tls.join("issuer.der")).unwrap());
        encode(&header, &claims, &key).unwrap()
    }
}

fn access(who: &str, one: &Digest) -> String {
    if who != "ho" {
        return format!("[[node]]\nparty = \"ho\"\ncertificates = [\"{one}\"]\n{GRANTED}");
    }
    format!(
        "[[person]]\nstaff = \"c1\"\nissuer = \"{ISSUER}\"\nsubject = \"sub-c1\"\nrole = \"caseworker\"\nparty = \"ho\"\n\
         clearance = \"sc\"\nauthorised = true\ntrained-until = \"2099-12-31\"\nagreements = [\"all\"]\n{GRANTED}\
         [[system]]\nclient = \"apply\"\nissuer = \"{ISSUER}\"\nparty = \"ho\"\nagreements = [\"all\"]\n{GRANTED}"
    )
}

/// A program that serves, until this is let go of.
pub struct Server {
    child: Child,
    pub at: SocketAddr,
}

impl Server {
    pub fn started(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command:?} does not serve"));
        let at = told["listening"].as_str().unwrap().parse().unwrap();
        Self { child, at }
    }

    /// Seconds of processor that it used.
    pub fn cpu(&self) -> f64 {
        stat(self.child.id()).map_or(0.0, |(_, own, _)| own)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The database's own processes, where it has some.
pub struct Counts {
    pub databases: Option<u32>,
}

impl Counts {
    /// Seconds of processor that they used.
    pub fn cpu(&self) -> f64 {
        let Some(main) = self.databases else {
            return 0.0;
        };
        let all = std::fs::read_dir("/proc").unwrap();
        let all = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let used = all.filter_map(|process: u32| {
            let (parent, own, ended) = stat(process)?;
            let of = if process == main { own + ended } else { own };
            (process == main || parent == main).then_some(of)
        });
        used.sum()
    }
}

/// proc_pid_stat(5): the parent, seconds of processor, and those of children that ended.
fn stat(process: u32) -> Option<(u32, f64, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap() / TICKS;
    Some((
        fields[1].parse().ok()?,
        ticks(11) + ticks(12),
        ticks(13) + ticks(14),
    ))
}

/// The first process of the server of a PostgreSQL database that listens in a folder.
pub fn postmaster(url: &str) -> Option<u32> {
    let (_, folder) = url.split_once("?host=")?;
    let text = std::fs::read_to_string(Path::new(folder).join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().ok()
}
