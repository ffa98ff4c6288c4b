//! The program, serving over TLS a node that checks residence, looks people up and has approvals, on the machine's clock.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use concordat::house;
use exchange::ports::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};
use sim::register::Register;
use sim::{SeededEntropy, VirtualClock};

use crate::call;
use crate::service::{AUDIENCE, Answer, Client, ISSUER, certificates, request};

pub const CHECKS: &str = "/v1/residence-checks";
pub const LOOK_UPS: &str = "/v1/look-ups";

/// For so many seconds the answer to a call is waited for.
const WITHIN: u32 = 5;

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
purposes = ["contact"]
cases = ["case-1"]
"#;

/// The machine's clock, which the program goes by.
struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "tokens are for a program that goes by it"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A caseworker, an officer, a senior information risk owner, and the system by which people apply.
fn known() -> String {
    let mut text = format!(
        "audience = \"{AUDIENCE}\"\n[[issuer]]\nname = \"{ISSUER}\"\nkeys = \"tls/keys.json\"\n"
    );
    let granted = "granted-by = \"m1\"\nprovisioned-by = \"a1\"\n";
    for (staff, role) in [
        ("c1", "caseworker"),
        ("o1", "data-sharing-officer"),
        ("r1", "siro"),
    ] {
        text += &format!(
            "[[person]]\nstaff = \"{staff}\"\nissuer = \"{ISSUER}\"\nsubject = \"sub-{staff}\"\nrole = \"{role}\"\n\
             party = \"ho\"\nclearance = \"sc\"\nauthorised = true\ntrained-until = \"2099-12-31\"\n\
             agreements = [\"all\"]\n{granted}"
        );
    }
    text + &format!(
        "[[system]]\nclient = \"apply\"\nissuer = \"{ISSUER}\"\nparty = \"ho\"\nagreements = [\"all\"]\n{granted}"
    )
}

/// The Home Office's node, ready to be served, and that of DWP beside it, which it calls.
pub struct Hub {
    dir: tempfile::TempDir,
    pub client: Client,
}

impl Hub {
    /// Its state is in this database; `set` is what its owner sets further.
    pub async fn new(store: String, set: impl FnOnce(&mut house::Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new("2026-01-05T09:00:00Z".parse().unwrap()));
        let (home, beside) = (dir.path().join("ho"), dir.path().join("dwp"));
        let mut config = call::config("ho", WITHIN);
        config.store = store;
        config.register = Some("register.db".to_owned());
        set(&mut config);
        house::init(&home, &config).unwrap();
        house::init(&beside, &call::config("dwp", WITHIN)).unwrap();
        let register = Register {
            seed: 7,
            size: 10,
            as_of: jiff::civil::date(2026, 1, 5),
        };
        register.write(&home.join("register.db")).await.unwrap();
        let opened = async |home: &Path| {
            let entropy = Arc::new(SeededEntropy::new(home.display().to_string()));
            house::open(home, clock.clone(), entropy).await.unwrap()
        };
        let (ho, dwp) = (opened(&home).await, opened(&beside).await);
        call::agreed(&ho, &dwp, &call::source()).await;
        std::fs::write(home.join("staff.toml"), STAFF).unwrap();
        std::fs::write(home.join("access.toml"), known()).unwrap();
        let tls = home.join("tls");
        certificates(&tls);
        std::fs::copy(tls.join("ca.pem"), tls.join("clients.pem")).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(tls.join("server.key"), private).unwrap();
        let now = Arc::new(Now);
        let client = Client { home: tls, now };
        Self { dir, client }
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("ho")
    }

    /// The node anew, as its directory has it.
    pub async fn opened(&self) -> exchange::Node {
        let entropy = Arc::new(SeededEntropy::new("again"));
        let now = Arc::new(Now);
        house::open(&self.home(), now, entropy).await.unwrap()
    }

    /// The program, serving.
    pub fn serve(&self) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_concordat"))
            .args(["serve", "--json", "--per-minute", "1000000"])
            .args(["--listen", "127.0.0.1:0", "--operate", "127.0.0.1:0"])
            .arg("--dir")
            .arg(self.home())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}", self.log()));
        let at = |name: &str| told[name].as_str().unwrap().parse().unwrap();
        Program {
            listening: at("listening"),
            operating: at("operating"),
            client: self.client.clone(),
            child,
        }
    }

    /// What the program logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

/// The program while it serves; dropped, it is killed.
pub struct Program {
    child: Child,
    client: Client,
    listening: SocketAddr,
    pub operating: SocketAddr,
}

impl Program {
    /// What this subject posts; `more` are further header lines.
    pub async fn post(&self, subject: &str, path: &str, more: &str, body: &Value) -> Answer {
        let token = self.client.token(subject);
        let more = format!("{more}Content-Type: application/json\r\n");
        let request = request(&token, "POST", path, &more, &body.to_string());
        let bytes = request.as_bytes();
        self.client.raw_to(self.listening, Some("one"), bytes).await
    }

    /// A request to end, and the end.
    pub fn end(mut self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A check of a test user for an application of its own.
pub fn check(name: &str) -> Value {
    json!({
        "request": name, "agreement": "euss-check-demo", "flow": "check", "application": format!("GWF-CANARY-{name}"),
        "declaration": { "signed": true, "names": ["dwp"] },
        "details": { "forename": "Test", "surname": "Found", "date_of_birth": "1980-02-29", "nino": "QQ100001A" },
    })
}

/// A look-up of somebody about whom nothing is held.
pub fn look_up(n: usize) -> Value {
    json!({ "reference": format!("C{n:08}"), "case": "case-1", "reason": "a letter came back", "purpose": "contact" })
}
