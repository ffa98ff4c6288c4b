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

struct Server {
    folder: PathBuf,
    _alive: ChildStdin,
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
    fn fresh(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name}")).unwrap();
        self.url(&name)
    }

    fn start(fsync: &str) -> Self {
        let bin = binaries();
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        done(
            unprivileged(&bin.join("initdb"))
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
                .arg(&data),
        );
        let server = unprivileged(&bin.join("postgres"));
        #[expect(clippy::zombie_processes, reason = "it ends after this process, by design")]
        let mut watcher = Command::new("sh")
            .arg("-c")
            .arg(r#"folder=$0; "$@" & pid=$!; cat >/dev/null; kill $pid; wait $pid; rm -rf "$folder""#)
            .arg(&folder)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", fsync, "-c", "max_connections=200"])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            folder,
            _alive: watcher.stdin.take().unwrap(),
        };
        for _ in 0..300 {
            if server.run("SELECT 1").is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the throw-away PostgreSQL server did not start within 15 seconds");
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
