//! The confined reader: takes its own means away, then reads one request and one file from its standard input
//! and writes its rows as it finds them. It never opens a file or a connection, starts no process and keeps nothing.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use courier::limits;
use courier::reader::{Answer, NOT_STARTED, Request, pages};
use rustix::process::{DumpableBehavior, Resource, Rlimit};

fn main() -> ExitCode {
    // What a parser would say when it stumbles could hold a value.
    std::panic::set_hook(Box::new(|_| {}));
    let mut input = BufReader::new(io::stdin().lock());
    let asked = confine().is_ok().then(|| request(&mut input).ok());
    let Some(request) = asked.flatten() else {
        return ExitCode::from(u8::try_from(NOT_STARTED).unwrap_or(u8::MAX));
    };
    match answer(&request, input) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(request: &Request, input: impl BufRead) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut say = |answer| {
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()
    };
    let read = pages(request.format, &request.shape, input, |page| {
        say(Answer::Page(page))
    })?;
    say(match read {
        Ok(()) => Answer::End,
        Err(fault) => Answer::Fault(fault),
    })
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

fn request(input: impl BufRead) -> io::Result<Request> {
    let mut line = Vec::new();
    input.take(LINE).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}
