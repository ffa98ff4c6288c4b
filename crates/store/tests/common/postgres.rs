//! A throw-away PostgreSQL server for this test process: started once, on a Unix socket in a folder of its own.
//!
//! A shell watches over it: it reads a pipe whose other end only this process holds, so that the server ends
//! and its folder goes however this process ends.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A server, as long as this value and this process last.
pub struct Server {
    folder: PathBuf,
    fsync: &'static str,
    /// What the watchers of it, and of those that it was before, read.
    alive: Vec<ChildStdin>,
}

/// The address of an empty database. Not to be called inside a runtime.
#[allow(dead_code, reason = "benchmarks take the durable one")]
pub fn fresh_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("fsync=off")).fresh()
}

/// As [`fresh_database`], of a server whose commits are on the disk when they stand.
#[allow(dead_code, reason = "tests take the faster one")]
pub fn durable_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("fsync=on")).fresh()
}

impl Server {
    /// A server of its own, whose commits are on the disk when they stand.
    #[allow(dead_code, reason = "most tests share one")]
    pub fn durable() -> Self {
        Self::start("fsync=on")
    }

    /// The address of an empty database.
    pub fn fresh(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name}")).unwrap();
        self.url(&name)
    }

    fn start(fsync: &'static str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(&folder));
        }
        done(
            unprivileged(&binaries().join("initdb"))
                .args([
                    "-A",
                    "trust",
                    "--no-sync",
                    "-U",
                    "postgres",
                    "-E",
                    "UTF8",
                    "-D",
                ])
                .arg(folder.join("data")),
        );
        let mut server = Self {
            folder,
            fsync,
            alive: Vec::new(),
        };
        server.run_it();
        server
    }

    /// Runs on the data as they are, under a watcher.
    pub fn run_it(&mut self) {
        let program = unprivileged(&binaries().join("postgres"));
        #[expect(clippy::zombie_processes, reason = "it ends after this process, by design")]
        let mut watcher = Command::new("sh")
            .arg("-c")
            .arg(r#"folder=$0; "$@" & pid=$!; cat >/dev/null; kill $pid; wait $pid; rm -rf "$folder""#)
            .arg(&self.folder)
            .arg(program.get_program())
            .args(program.get_args())
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-c", self.fsync, "-c", "max_connections=200"])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.alive.push(watcher.stdin.take().unwrap());
        for _ in 0..300 {
            if self.run("SELECT 1").is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the throw-away PostgreSQL server did not start within 15 seconds");
    }

    /// SIGKILL to the server and to each process that it has, at once; returns when none of them is left.
    #[allow(dead_code, reason = "most tests leave it running")]
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let server: u32 = file.lines().next().unwrap().parse().unwrap();
        let signal = |signal: &str, to: &[u32]| {
            let to = to.iter().map(u32::to_string);
            let mut kill = Command::new("sh");
            kill.args(["-c", r#"kill "$@" 2>/dev/null; true"#, "sh", signal]);
            done(kill.args(to));
        };
        // It makes no more of them while they are counted.
        signal("-STOP", &[server]);
        let all: Vec<u32> = std::iter::once(server).chain(children(server)).collect();
        signal("-KILL", &all);
        while all.iter().any(|pid| parent(*pid).is_some()) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@localhost/{database}?host={}",
            self.folder.display()
        )
    }

    fn run(&self, sql: &str) -> Result<(), sqlx::Error> {
        super::place::runtime().block_on(async {
            let mut connection = PgConnection::connect(&self.url("postgres")).await?;
            connection.execute(AssertSqlSafe(sql.to_owned())).await?;
            connection.close().await
        })
    }
}

/// The parent of a process that runs; none of one that has ended, also where nobody has asked yet how.
fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

fn children(of: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(of)).collect()
}

fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is not installed, and the store must be tested on it: apt-get install postgresql")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The server refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(program);
    command
}

fn done(command: &mut Command) {
    let out = command.current_dir("/").output().unwrap();
    if !out.status.success() {
        std::io::stderr().write_all(&out.stderr).unwrap();
        panic!("{command:?} failed");
    }
}
