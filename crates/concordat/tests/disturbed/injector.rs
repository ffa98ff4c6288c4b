//! Runs a command under strace, which lets the n-th write, fsync or rename of a thread fail, or kills the program at it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is counted and disturbed: writing, making durable, giving and taking away names.
const CALLS: &str = "write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat2,unlink";

/// How a call is disturbed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// The disk is broken at this call.
    Eio,
    /// The disk is full at this call.
    Enospc,
    /// The disk is broken from this call on, for calls of its kind.
    EioFromHere,
    /// The disk is full from this call on, for calls of its kind.
    EnospcFromHere,
    /// The program is killed as it makes the call.
    Kill,
}

pub const ALL: [How; 5] = [
    How::Eio,
    How::Enospc,
    How::EioFromHere,
    How::EnospcFromHere,
    How::Kill,
];

impl How {
    pub fn name(self) -> &'static str {
        match self {
            Self::Eio => "EIO",
            Self::Enospc => "ENOSPC",
            Self::EioFromHere => "EIO from here on",
            Self::EnospcFromHere => "ENOSPC from here on",
            Self::Kill => "kill -9",
        }
    }
}

/// A call that an undisturbed command makes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Call {
    /// The system call.
    pub name: String,
    /// The file; none for one whose name is another in every run.
    pub file: Option<PathBuf>,
    /// Which of its thread's calls of this name on this file it is, from 1.
    pub nth: usize,
    /// The kind of file, such as `database`.
    pub place: &'static str,
}

/// A disturbance.
#[derive(Clone, Debug)]
pub struct Fault {
    pub call: Call,
    pub how: How,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            name,
            nth,
            place,
            file,
        } = &self.call;
        write!(f, "{} at {name} {nth} ({place}: {file:?})", self.how.name())
    }
}

/// How a disturbed command ended.
pub struct Outcome {
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub told: String,
    /// How many calls were disturbed, by kind of call and kind of file.
    pub hits: BTreeMap<(&'static str, &'static str), usize>,
    /// Was the disturbed call made again on the same file, and then undisturbed?
    pub made_again: bool,
}

impl Outcome {
    /// Did it say that something did not work?
    pub fn told_fault(&self) -> bool {
        self.code == Some(3) || self.told.contains("\"faults\": [\n")
    }
}

/// Runs the command as it is.
pub fn plain(line: &[String]) -> Outcome {
    let out = Command::new(&line[0]).args(&line[1..]).output().unwrap();
    Outcome {
        code: out.status.code(),
        told: super::text(&out),
        hits: BTreeMap::new(),
        made_again: false,
    }
}

/// Why nothing can be injected here; none when it can.
pub fn missing() -> Option<String> {
    let out = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-o", "/dev/null", "true"])
        .output();
    match out {
        Ok(out) if out.status.success() => None,
        Ok(out) => Some(format!(
            "strace may not trace here: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        )),
        Err(e) => Some(format!(
            "strace is not installed ({e}): apt-get install strace"
        )),
    }
}

/// Runs the command as it is: every call that it makes on the files below `world`.
pub fn count(line: &[String], world: &Path) -> (Outcome, Vec<Call>) {
    let (outcome, seen) = traced(line, world, &[]);
    let mut calls: Vec<Call> = seen.into_iter().map(|s| s.call).collect();
    calls.retain(|call| call.place != ELSEWHERE);
    calls.sort();
    calls.dedup();
    (outcome, calls)
}

/// Runs the command with a fault.
pub fn disturbed(line: &[String], world: &Path, fault: &Fault) -> Outcome {
    let Call { name, nth, .. } = &fault.call;
    let what = match fault.how {
        How::Eio => format!("{name}:error=EIO:when={nth}"),
        How::Enospc => format!("{name}:error=ENOSPC:when={nth}"),
        How::EioFromHere => format!("{name}:error=EIO:when={nth}+"),
        How::EnospcFromHere => format!("{name}:error=ENOSPC:when={nth}+"),
        How::Kill => format!("{name}:signal=SIGKILL:when={nth}"),
    };
    let mut more = vec!["-e".into(), format!("inject={what}")];
    for file in fault.call.file.iter().flat_map(|file| names(file)) {
        more.extend(["-P".into(), file]);
    }
    let (mut outcome, seen) = traced(line, world, &more);
    if fault.how == How::Kill && outcome.code == Some(KILLED) {
        outcome.code = None;
        // The trace ends with the call: strace does not mark it.
        let kind = (kind(name), fault.call.place);
        outcome.hits = BTreeMap::from([(kind, 1)]);
    }
    let mut after = seen.iter().skip_while(|s| !s.injected);
    outcome.made_again =
        after.any(|s| !s.injected && s.call.name == *name && s.call.file == fault.call.file);
    for hit in seen.iter().filter(|s| s.injected) {
        *outcome
            .hits
            .entry((kind(&hit.call.name), hit.call.place))
            .or_default() += 1;
    }
    outcome
}

/// The names that a file may have: which of the files that are written at once gets which number is not the same each time.
fn names(file: &Path) -> Vec<String> {
    let text = file.display().to_string();
    match text.rsplit_once('-') {
        Some((stem, _)) if text.contains("/.tmp-") => {
            (0..16).map(|n| format!("{stem}-{n}")).collect()
        }
        _ => vec![text],
    }
}

/// How a shell, and whoever stands between, says that a program was killed.
const KILLED: i32 = 128 + 9;

/// The kind of a call.
pub fn kind(name: &str) -> &'static str {
    match name {
        "write" | "pwrite64" | "ftruncate" => "write",
        "fsync" | "fdatasync" => "fsync",
        "rename" | "renameat2" => "rename",
        _ => "remove",
    }
}

/// A file outside the nodes' directories: a pipe, a terminal, a wake-up.
pub const ELSEWHERE: &str = "elsewhere";

fn place(path: &str, world: &Path) -> &'static str {
    let Ok(path) = Path::new(path).strip_prefix(world) else {
        return ELSEWHERE;
    };
    // A node names it as it stands in its settings: beside its own folder.
    if path.iter().any(|part| part == "transport") {
        return "transport";
    }
    let inside: PathBuf = path.iter().skip(1).collect();
    let text = inside.to_string_lossy();
    match text.split('/').next().unwrap_or_default() {
        "" => "folder",
        "ledger" if text.starts_with("ledger/key") => "public key",
        "ledger" => "ledger",
        "keys" => "keys",
        "node.db-shm" => "database's index",
        "node.db-wal" => "database's log",
        name if name.starts_with("node.db") => "database",
        name if name.starts_with('#') => "spool",
        name if name.starts_with("card") => "card",
        _ => "other",
    }
}

struct Seen {
    call: Call,
    injected: bool,
}

fn traced(line: &[String], world: &Path, more: &[String]) -> (Outcome, Vec<Seen>) {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let alone = is_alone();
    // strace delivers no signal at a call that it caught in this faster way.
    let fast = match more.iter().any(|word| word.contains("signal=")) {
        true => &[][..],
        false => &["--seccomp-bpf"],
    };
    // Temporary files have the number of their process in their names: alone, it is the same in every run.
    let prefix = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        "--propagation",
        "slave",
    ];
    let prefix = if alone { &prefix[..] } else { &["env"] };
    let out = Command::new(prefix[0])
        .args(&prefix[1..])
        .args(["strace", "-f", "-y", "-qq", "-s", "0", "-e", "signal=none"])
        .args(fast)
        .arg("-o")
        .arg(trace.path())
        .args(["-e", &format!("trace={CALLS}")])
        .args(more)
        .args(line)
        .output()
        .unwrap();
    let code = out.status.code().or(Some(KILLED));
    let told = super::text(&out);
    let text = String::from_utf8_lossy(&std::fs::read(trace.path()).unwrap()).into_owned();
    let mut counts = BTreeMap::<(&str, &str, Option<PathBuf>), usize>::new();
    // The last call of each thread: whether it was injected stands where it is resumed.
    let mut last = BTreeMap::<&str, usize>::new();
    let mut seen = Vec::<Seen>::new();
    for row in text.lines() {
        let Some((thread, rest)) = row.split_once(' ') else {
            continue;
        };
        let (rest, injected) = (rest.trim_start(), row.ends_with("(INJECTED)"));
        if rest.starts_with("<...") {
            if let Some(call) = last.get(thread).and_then(|n| seen.get_mut(*n)) {
                call.injected |= injected;
            }
            continue;
        }
        let Some((name, args)) = rest.split_once('(') else {
            continue;
        };
        let path = path(args);
        let is_known = !args.contains("(deleted)") && (alone || !path.contains("/.tmp-"));
        let file = is_known.then(|| PathBuf::from(path));
        let n = counts.entry((thread, name, file.clone())).or_default();
        *n += 1;
        let (name, nth) = (name.to_owned(), *n);
        let place = place(path, world);
        last.insert(thread, seen.len());
        let call = Call {
            name,
            file,
            nth,
            place,
        };
        seen.push(Seen { call, injected });
    }
    let (hits, made_again) = (BTreeMap::new(), false);
    let outcome = Outcome {
        code,
        told,
        hits,
        made_again,
    };
    (outcome, seen)
}

/// May this process give others a numbering of their own?
fn is_alone() -> bool {
    static ALONE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ALONE.get_or_init(|| {
        let probe = ["--pid", "--fork", "--mount-proc", "true"];
        let out = Command::new("unshare").args(probe).output();
        out.is_ok_and(|out| out.status.success())
    })
}

/// The file of a call: its descriptor's, or the first name that is given.
fn path(args: &str) -> &str {
    let of_descriptor = args
        .split_once('<')
        .filter(|(n, _)| n.parse::<u32>().is_ok());
    if let Some((_, rest)) = of_descriptor {
        return rest.split_once('>').map_or(rest, |(path, _)| path);
    }
    args.split('"').nth(1).unwrap_or_default()
}
