//! Servers of other people's make that the tests start and stop: OpenSSH's sshd, and rclone's WebDAV over TLS. And a
//! wire between them and us that is cut after so many bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier::{Allowed, Egress, Remote, SftpPlace, WebDavPlace};
use ledger::Digest;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const PASSWORD: &str = "canary-TRANSPORT-password-7391";

/// A server that runs as long as this lives.
pub struct Served {
    child: Child,
    pub port: u16,
    home: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn ran(program: &str, args: &[&str]) -> Vec<u8> {
    let done = Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e} (`make test` installs it)"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {args:?}: {said}");
    done.stdout
}

/// Starts a server, at another port where somebody was quicker.
fn started(home: TempDir, command: impl Fn(&Path, u16) -> Command) -> Served {
    for _ in 0..5 {
        let port = free_port();
        let mut child = command(home.path(), port)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("the server: {e} (`make test` installs it)"));
        while child.try_wait().unwrap().is_none() {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Served { child, port, home };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    panic!("the server does not start");
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// sshd with one user, who may use keys alone.
pub fn sshd() -> Served {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    for key in ["host", "user", "other"] {
        let path = at(key);
        let path = path.to_str().unwrap();
        ran(
            "ssh-keygen",
            &["-q", "-t", "ed25519", "-N", "", "-f", path, "-C", ""],
        );
    }
    std::fs::copy(at("user.pub"), at("authorized")).unwrap();
    std::fs::create_dir(at("post")).unwrap();
    // Where sshd is root it wants this folder, which Debian makes at the machine's start.
    let _ = std::fs::create_dir("/run/sshd");
    started(home, |home, port| {
        let config = home.join("config");
        let home = home.display();
        std::fs::write(
            &config,
            format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {home}/host\nPidFile none\nUsePAM no\nStrictModes no\n\
                 AuthorizedKeysFile {home}/authorized\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n"
            ),
        )
        .unwrap();
        let mut sshd = Command::new("/usr/sbin/sshd");
        sshd.arg("-D")
            .arg("-f")
            .arg(config)
            .arg("-E")
            .arg("/dev/null");
        sshd
    })
}

/// rclone's WebDAV, with a certificate that an authority of its own issued for 127.0.0.1.
pub fn webdav() -> Served {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let new = [
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let (ca, ca_key) = (at("ca.pem"), at("ca.key"));
    let mut args = vec!["req", "-x509", "-days", "30", "-subj", "/CN=authority"];
    args.extend(new);
    args.extend(["-keyout", &ca_key, "-out", &ca]);
    ran("openssl", &args);
    let (own, own_key, request) = (at("own.pem"), at("own.key"), at("own.csr"));
    let mut args = vec![
        "req",
        "-subj",
        "/CN=files",
        "-keyout",
        &own_key,
        "-out",
        &request,
    ];
    args.extend(new);
    ran("openssl", &args);
    std::fs::write(at("own.ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let extensions = at("own.ext");
    ran(
        "openssl",
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            &extensions,
            "-out",
            &own,
        ],
    );
    let chain = text(Path::new(&own)) + &text(Path::new(&ca));
    std::fs::write(at("chain.pem"), chain).unwrap();
    private(Path::new(&at("password")), &format!("{PASSWORD}\n"));
    std::fs::create_dir(at("post")).unwrap();
    started(home, |home, port| {
        let mut rclone = Command::new("rclone");
        rclone
            .args(["serve", "webdav", "--config", "", "--dir-cache-time", "0"])
            .args(["--user", "ho", "--pass", PASSWORD, "--baseurl", "dav"])
            .arg("--addr")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--cert")
            .arg(home.join("chain.pem"))
            .arg("--key")
            .arg(home.join("own.key"))
            .arg(home.join("post"));
        rclone
    })
}

/// This node may connect to this port of this machine, under two names.
pub fn egress(port: u16) -> Egress {
    let place = |host: &str| Allowed {
        host: host.into(),
        port,
        addresses: vec!["127.0.0.1".parse().unwrap()],
    };
    Egress::new(vec![place("127.0.0.1"), place("files.example")])
}

impl Served {
    pub fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Where the packages lie.
    pub fn post(&self) -> PathBuf {
        self.at("post")
    }

    /// How the SFTP server is reached, at its own port or through a wire.
    pub fn sftp(&self, port: u16) -> SftpPlace {
        SftpPlace {
            host: "127.0.0.1".into(),
            port,
            user: String::from_utf8(ran("id", &["-un"]))
                .unwrap()
                .trim()
                .into(),
            key: self.at("user"),
            host_keys: vec![self.public("host")],
            folder: self.post().to_str().unwrap().into(),
        }
    }

    /// A public key in two words.
    pub fn public(&self, name: &str) -> String {
        text(&self.at(&format!("{name}.pub"))).trim().to_owned()
    }

    /// The digest of a certificate in its DER form.
    pub fn certificate(&self, name: &str) -> Digest {
        let path = self.at(name);
        let path = path.to_str().unwrap();
        Digest::of(&ran("openssl", &["x509", "-in", path, "-outform", "der"]))
    }

    pub fn webdav(&self, port: u16) -> WebDavPlace {
        WebDavPlace {
            url: format!("https://127.0.0.1:{port}/dav"),
            user: "ho".into(),
            password: self.at("password"),
            certificates: vec![self.certificate("own.pem")],
        }
    }
}

/// The server and the transport to it, by its own port or through a wire.
pub struct Kind {
    pub name: &'static str,
    pub served: Served,
}

impl Kind {
    pub fn both() -> [Self; 2] {
        [
            Self {
                name: "sftp",
                served: sshd(),
            },
            Self {
                name: "webdav",
                served: webdav(),
            },
        ]
    }

    pub fn transport(&self, port: u16) -> Remote {
        match self.name {
            "sftp" => Remote::sftp(self.served.sftp(port), egress(port)),
            _ => Remote::webdav(self.served.webdav(port), egress(port)),
        }
    }
}

/// A wire to a server. Each connection takes the next of the budgets and is cut when so many bytes have gone over it,
/// both ways together; without a budget it is whole.
pub struct Wire {
    pub port: u16,
    budgets: Arc<Mutex<VecDeque<u64>>>,
    up: Arc<AtomicU64>,
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            budgets: Arc::default(),
            up: Arc::default(),
        };
        let (budgets, up) = (wire.budgets.clone(), wire.up.clone());
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let budget = budgets.lock().unwrap().pop_front().unwrap_or(u64::MAX);
                let up = up.clone();
                tokio::spawn(async move {
                    if let Ok(there) = TcpStream::connect(("127.0.0.1", port)).await {
                        carry(here, there, budget, &up).await;
                    }
                });
            }
        });
        wire
    }

    /// The next connections are cut after so many bytes.
    pub fn cut(&self, budgets: impl IntoIterator<Item = u64>) {
        *self.budgets.lock().unwrap() = budgets.into_iter().collect();
    }

    /// How many cuts are still to come.
    pub fn cuts_left(&self) -> usize {
        self.budgets.lock().unwrap().len()
    }

    /// How many bytes went up since this was asked last.
    pub fn went_up(&self) -> u64 {
        self.up.swap(0, Ordering::SeqCst)
    }
}

async fn carry(here: TcpStream, there: TcpStream, budget: u64, up: &AtomicU64) {
    let left = AtomicU64::new(budget);
    let none = AtomicU64::new(0);
    let (from_here, to_here) = here.into_split();
    let (from_there, to_there) = there.into_split();
    tokio::select! {
        () = one_way(from_here, to_there, &left, up) => {}
        () = one_way(from_there, to_here, &left, &none) => {}
    }
}

async fn one_way(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    left: &AtomicU64,
    count: &AtomicU64,
) {
    let mut buffer = [0; 4096];
    loop {
        let n = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(n) => n as u64,
        };
        let may = left.load(Ordering::SeqCst).min(n);
        left.fetch_sub(may, Ordering::SeqCst);
        count.fetch_add(may, Ordering::SeqCst);
        let part = buffer.get(..usize::try_from(may).unwrap()).unwrap();
        if to.write_all(part).await.is_err() || may < n {
            return;
        }
    }
}
