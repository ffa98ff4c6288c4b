//! The confined reader: takes its own means away, then reads one request and one file from its standard input
//! and writes its rows as it finds them. It never opens a file or a connection, starts no process and keeps nothing.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use courier::limits;
use courier::reader::{Answer, NOT_STARTED, Request, answer};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

fn main() -> ExitCode {
    // What a parser would say when it stumbles could hold a value.
    std::panic::set_hook(Box::new(|_| {}));
    let mut input = BufReader::new(io::stdin().lock());
    let asked = confine().is_ok().then(|| request(&mut input).ok());
    let Some(request) = asked.flatten() else {
        return ExitCode::from(u8::try_from(NOT_STARTED).unwrap_or(u8::MAX));
    };
    match told(request, input) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn told(request: Request, input: impl BufRead) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    answer(request, input, |answer: Answer| {
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()
    })
}

/// Takes away memory, time, files, processes, core dumps, new privileges and most system calls, before the first byte is read.
fn confine() -> Result<(), Unfiltered> {
    let limit = |resource, most| {
        rustix::process::setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
    };
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nproc, 0)?;
    // The three that are open already.
    limit(Resource::Nofile, 3)?;
    limit(Resource::Cpu, limits::READER_SECONDS)?;
    limit(Resource::As, limits::READER_MEMORY)?;
    filter()
}

/// The system calls that reading, computing and answering need: memory, the three pipes that are open already, the
/// clock and randomness of hash tables, and ways to end. None of them opens a file or a connection, starts a process
/// or looks at another.
const CALLS: [libc::c_long; 29] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_mmap,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_set_robust_list,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Any other system call ends the process.
fn filter() -> Result<(), Unfiltered> {
    let rules = CALLS.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into().map_err(|_| Unfiltered)?,
    );
    let program: BpfProgram = filter
        .and_then(BpfProgram::try_from)
        .map_err(|_| Unfiltered)?;
    seccompiler::apply_filter(&program).map_err(|_| Unfiltered)
}

/// The process could not be confined.
struct Unfiltered;

impl From<rustix::io::Errno> for Unfiltered {
    fn from(_: rustix::io::Errno) -> Self {
        Self
    }
}

/// The longest request line: an agreement's column names.
const LINE: u64 = 16 << 20;

fn request(input: impl BufRead) -> io::Result<Request> {
    let mut line = Vec::new();
    input.take(LINE).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}
