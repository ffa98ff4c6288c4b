//! The confined reader: takes its own means away, then reads one request and one file from its standard input
//! and writes one answer. It never opens a file or a connection, starts no process and keeps nothing.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;

use courier::limits;
use courier::reader::{Answer, NOT_STARTED, Request, answer};
use rustix::process::{DumpableBehavior, Resource, Rlimit};

fn main() -> ExitCode {
    // What a parser would say when it stumbles could hold a value.
    std::panic::set_hook(Box::new(|_| {}));
    let done = confine().is_ok().then(|| request().ok()).flatten();
    let Some((request, file)) = done else {
        return ExitCode::from(u8::try_from(NOT_STARTED).unwrap_or(u8::MAX));
    };
    match say(&answer(request, &file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes away memory, time, files, processes, core dumps and new privileges, before the first byte is read.
fn confine() -> rustix::io::Result<()> {
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
    limit(Resource::As, limits::READER_MEMORY)
}

/// The longest request line: an agreement's column names.
const LINE: u64 = 16 << 20;

fn request() -> io::Result<(Request, Vec<u8>)> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut line = Vec::new();
    input.by_ref().take(LINE).read_until(b'\n', &mut line)?;
    let request: Request = serde_json::from_slice(&line)?;
    if request.bytes > limits::FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut file = Vec::with_capacity(request.bytes);
    input
        .take(request.bytes as u64 + 1)
        .read_to_end(&mut file)?;
    if file.len() == request.bytes {
        Ok((request, file))
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, answer)?;
    output.write_all(b"\n")?;
    output.flush()
}
