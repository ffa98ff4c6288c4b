//! Two nodes that are driven by the command line alone, and the steps of one exchange between them, from the choice of the
//! people to the last certificate. Each step is one command, so that a step can be disturbed and given again.
#![allow(dead_code, reason = "each test file uses its part")]

mod begun;
pub mod disk;
pub mod ended;
pub mod history;
pub mod injector;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sim::SeededEntropy;

const RUN: &str = "ask-1";
pub const NODES: [&str; 2] = ["ho", "hmrc"];
const OFFICER: &str = "o1:data-sharing-officer";
const ANALYST: &str = "a1:analyst";
const CASEWORKER: &str = "c1:caseworker";

/// One command of the exchange.
pub struct Step {
    /// What it is called in what the tests print.
    pub name: &'static str,
    pub who: &'static str,
    does: Does,
}

enum Does {
    Line(&'static [&'static str]),
    /// The worker's round.
    Work,
    /// Confirms the strong matches of a flow, or refutes the others: the rows are looked up before the step.
    Decide(&'static str, &'static str, &'static str),
}

const fn line(name: &'static str, who: &'static str, line: &'static [&'static str]) -> Step {
    let does = Does::Line(line);
    Step { name, who, does }
}

const fn work(name: &'static str, who: &'static str) -> Step {
    let does = Does::Work;
    Step { name, who, does }
}

const fn decide(
    name: &'static str,
    who: &'static str,
    does: (&'static str, &'static str, &'static str),
) -> Step {
    let does = Does::Decide(does.0, does.1, does.2);
    Step { name, who, does }
}

/// The exchange, from the agreement in force to the end of the run.
pub const STEPS: &[Step] = &[
    line(
        "select and extract",
        "ho",
        &["run", "start", "ask", "--run", RUN, "--as", OFFICER],
    ),
    line(
        "release and seal",
        "ho",
        &["run", "release", RUN, "ask", "--as", OFFICER],
    ),
    work("send", "ho"),
    work("receive, open, load", "hmrc"),
    work("take the receipt", "ho"),
    line(
        "match",
        "hmrc",
        &["run", "match", RUN, "ask", "--as", ANALYST],
    ),
    decide("confirm", "hmrc", ("confirm", "ask", ANALYST)),
    decide("refute", "hmrc", ("refute", "ask", ANALYST)),
    line(
        "extract the answer",
        "hmrc",
        &["run", "next", "reply", "--run", RUN, "--as", ANALYST],
    ),
    line(
        "release and seal the answer",
        "hmrc",
        &["run", "release", RUN, "reply", "--as", ANALYST],
    ),
    work("send the answer", "hmrc"),
    work("receive, open, load the answer", "ho"),
    work("take the answer's receipt", "hmrc"),
    decide("confirm the answer", "ho", ("confirm", "reply", CASEWORKER)),
    decide("refute the answer", "ho", ("refute", "reply", CASEWORKER)),
    work("tell what was refuted", "ho"),
    work("take what was refuted", "hmrc"),
    line(
        "complete",
        "hmrc",
        &["run", "complete", RUN, "--as", ANALYST],
    ),
    line("close", "ho", &["run", "close", RUN, "--as", OFFICER]),
    work("destroy and certify", "ho"),
    work("destroy and certify there", "hmrc"),
    work("take the certificate", "ho"),
    work("take the certificate there", "hmrc"),
];

pub fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// The directories of two nodes and of the transport between them, all in `world`, and beside it what they are begun from.
pub struct World {
    root: tempfile::TempDir,
    /// The personal values of both departments' lists: none of them may stand anywhere in `world`.
    pub values: Vec<String>,
}

impl World {
    /// Two nodes with an agreement in force between them, before their first run.
    pub async fn new() -> Self {
        let root = room();
        begun::lists(root.path()).await;
        let values = begun::values(root.path()).await;
        let world = Self { root, values };
        std::fs::create_dir(world.dir()).unwrap();
        world.agreed();
        copy(&world.dir(), &world.root.path().join("begun"));
        world
    }

    /// Where the nodes and the transport are.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("world")
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.dir().join(name).display().to_string()
    }

    /// Everything as before the first run.
    pub fn anew(&self) {
        self.again(&self.beside("begun"));
    }

    /// Everything as in this copy of the world.
    pub fn again(&self, copied: &Path) {
        for file in std::fs::read_dir(self.dir()).unwrap().map(Result::unwrap) {
            // A new disk has a folder of its own.
            if file.file_name() != "lost+found" {
                std::fs::remove_dir_all(file.path()).unwrap();
            }
        }
        for part in std::fs::read_dir(copied).unwrap().map(Result::unwrap) {
            if part.file_name() == "lost+found" {
                continue;
            }
            copy(&part.path(), &self.dir().join(part.file_name()));
        }
        let whole = Command::new("sync").arg("-f").arg(self.dir()).status();
        assert!(whole.unwrap().success());
    }

    /// The command, to be run or to be disturbed.
    pub fn command(&self, who: &str, line: &[&str]) -> Vec<String> {
        let (program, home) = (env!("CARGO_BIN_EXE_concordat"), self.at(who));
        let all = [&[program], line, &["--json", "--dir", &home]].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    /// Gives a command that must be done.
    pub fn does(&self, who: &str, line: &[&str]) -> Value {
        done(&self.command(who, line))
    }

    /// The command of a step, as it stands before the step; none where there is nothing to decide.
    pub fn step(&self, step: &Step) -> Option<Vec<String>> {
        let (verb, flow, by) = match step.does {
            Does::Line(line) => return Some(self.command(step.who, line)),
            Does::Work => return Some(self.command(step.who, &["node", "work"])),
            Does::Decide(verb, flow, by) => (verb, flow, by),
        };
        let list = self.does(step.who, &["review", "list", RUN, flow, "--open"]);
        let is_sure = |m: &&Value| m["strong"] == true && m["standing"] == "candidate";
        let open = list["matches"].as_array().unwrap().iter();
        let rows: Vec<String> = open
            .filter(|m| is_sure(m) == (verb == "confirm"))
            .map(|m| m["row"].to_string())
            .collect();
        let rows = rows.join(",");
        let line = [
            "review",
            verb,
            RUN,
            flow,
            &rows,
            "--reason",
            "looked at",
            "--as",
            by,
        ];
        (!rows.is_empty()).then(|| self.command(step.who, &line))
    }

    /// So much time passes that whatever is to be tried again is due.
    pub async fn later(&self) {
        use sqlx::{Connection, SqliteConnection};
        for who in NODES {
            let file = self.at(&format!("{who}/node.db"));
            let mut db = SqliteConnection::connect(&file).await.unwrap();
            let waits = "select count(*) from outbox where state = 'open' and attempts > 0";
            if sqlx::query_scalar::<_, i64>(waits)
                .fetch_one(&mut db)
                .await
                .unwrap()
                > 0
            {
                let due = "update outbox set retry_at = 0 where state = 'open'";
                sqlx::query(due).execute(&mut db).await.unwrap();
            }
            db.close().await.unwrap();
        }
    }
}

/// A folder in memory, where there is enough: which calls fail is not the disk's affair, and it is faster.
fn room() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let is_enough = rustix::fs::statvfs(memory).is_ok_and(|m| m.f_bavail * m.f_bsize > 512 << 20);
    match is_enough.then(|| tempfile::tempdir_in(memory)) {
        Some(Ok(dir)) => dir,
        Some(Err(_)) | None => tempfile::tempdir().unwrap(),
    }
}

/// Runs a command that must be done: what it says. What does not work on the way counts as not done.
pub fn done(line: &[String]) -> Value {
    let out = Command::new(&line[0]).args(&line[1..]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{line:?}: {}", text(&out));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let faults = told.get("faults").and_then(Value::as_array);
    assert!(faults.is_none_or(Vec::is_empty), "{line:?}: {told}");
    told
}

/// Numbers that a seed and a name decide.
pub fn draw(seed: u64, what: &str, below: usize) -> usize {
    use exchange::ids::OperationId;
    use exchange::ports::Entropy;
    let mut bytes = [0; 8];
    let op = OperationId::parse("draw").unwrap();
    SeededEntropy::new(seed.to_string()).fill(&op, what, &mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
}

/// Copies a folder and all that is in it.
pub fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.unwrap().success(), "cp {}", from.display());
}
