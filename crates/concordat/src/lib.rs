//! A node: the command line, its configuration, and the composition of every port.
//!
//! A library and a thin program, so that tests compose nodes as the program does. The library draws the
//! machine's clock and randomness only in `os`.

pub mod calling;
pub mod carrying;
mod commands;
mod demo;
mod dry;
mod fail;
pub mod house;
mod link;
mod node_key;
mod os;
mod page;
pub mod records;
mod running;
pub mod sign_in;
pub mod solution;
mod staff;
mod terminal;

pub use fail::Fail;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use zeroize::Zeroizing;

/// A governed data-sharing hub: the agreement is the program.
#[derive(Parser)]
#[command(name = "concordat", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 something outside did not work."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check agreements and say every fault at once.
    Check(commands::check::Args),
    /// Print what an agreement permits: every cell that may move, and nothing else.
    Permits(commands::permits::Args),
    /// Say whether a field may go from one party to another for a purpose, and why (not).
    Explain(commands::explain::Args),
    /// Print the memorandum that people sign, made of the file that the hub runs.
    Render(commands::render::Args),
    /// Say what a new version gives and takes away, and who must sign it again.
    Diff(commands::diff::Args),
    /// Print the JSON Schema of agreements, for editors.
    Schema(commands::schema::Args),
    /// Put files into the one layout.
    Fmt(commands::fmt::Args),
    /// Verify a ledger, or a proof from one, with files and public keys alone.
    Verify(commands::verify::Args),
    /// Make the proof that something left, or was destroyed, for somebody outside. No value is in it.
    Prove(commands::prove::Args),
    /// Gather the trail of an exchange: how it was tested, tried, justified, evaluated and reviewed.
    Trail(commands::trail::Args),
    /// Have a partner co-sign this node's ledger, or co-sign a partner's.
    Witness(commands::witness::Args),
    /// Set a node up, and run its worker.
    Node(commands::node::Args),
    /// Propose a route, record its assurances, approve it, retire it.
    Route(commands::route::Args),
    /// Ask for the approval of a flow's volume, and decide on it.
    Approve(commands::approve::Args),
    /// Run an exchange, file by file.
    Run(commands::run::Args),
    /// Test a matching solution, put it to use, retire it.
    Solution(commands::solution::Args),
    /// Decide about what was found: matches, what they tell, flags, decisions.
    Review(commands::review::Args),
    /// Look one person up: what confirmed matches told of them, for a case, a reason and a purpose.
    Lookup(commands::lookup::Args),
    /// Audit look-ups: who looked whom up, which of them to ask about, what an auditor makes of each.
    Audit(commands::audit::Args),
    /// Say what falls due when, and whose it is.
    Due(commands::due::Args),
    /// Suspend the destruction of values for a request, a dispute, an incident, an audit or a court, or let it go on.
    Hold(commands::hold::Args),
    /// Raise an incident under an agreement, write down who was told of it, and move it on to its end.
    Incident(commands::incident::Args),
    /// Tell the sender of a file of another use or disclosure of it, and look at what a receiver tells.
    Announce(commands::announce::Args),
    /// Give notice of what may affect an agreement, agree to it, apply it by a new version of the agreement.
    Alteration(commands::alteration::Args),
    /// Ask a party for its signed word that it keeps what it undertook, or give it.
    Assurance(commands::assurance::Args),
    /// Let fall due what is due, or destroy values early.
    Destroy(commands::destroy::Args),
    /// Count what the agreements did, from the node's own state and ledger.
    Report(commands::report::Args),
    /// Examine a node: each part ok, look or broken, with the way out.
    Doctor(commands::doctor::Args),
    /// The residence check: a call about one person while they apply, and the months that stay.
    Residence(commands::residence::Args),
    /// Serve the node to people and programs, with its worker.
    Serve(commands::serve::Args),
    /// Say who is signed in to the service, or end somebody's sessions at once.
    Session(commands::session::Args),
    /// Move a node's state to another database.
    Store(commands::store::Args),
    /// Make the synthetic world of the exchanges of four departments, as files.
    Synth(commands::synth::Args),
    /// Link two lists of people, or find the doubles in one.
    Link(commands::link::Args),
    /// Write the manual pages and the completions of shells.
    Manual(commands::manual::Args),
    /// Run the demonstration: two departments, one agreement, one run, from file to destruction.
    Demo(demo::Args),
}

/// Runs the command line that the process was started with.
pub async fn run() -> ExitCode {
    // Values are in this process's memory for a while: a crash must not write them to a disk.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A limit does not hold back a dump that the kernel pipes to a program; a process that is not dumpable does.
    let off = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if setrlimit(Resource::Core, none).and(off).is_err() {
        let fail =
            Fail::fault("core dumps could not be switched off: values could reach the disk".into());
        tell(&fail);
        return fail.exit();
    }
    let done = match Cli::parse().command {
        Command::Check(args) => commands::check::run(&args),
        Command::Permits(args) => commands::permits::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Render(args) => commands::render::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Fmt(args) => commands::fmt::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Prove(args) => commands::prove::run(&args).await,
        Command::Witness(args) => commands::witness::run(&args).await,
        Command::Node(args) => commands::node::run(&args).await,
        Command::Route(args) => commands::route::run(&args).await,
        Command::Approve(args) => commands::approve::run(&args).await,
        Command::Run(args) => commands::run::run(&args).await,
        Command::Solution(args) => commands::solution::run(&args).await,
        Command::Review(args) => commands::review::run(&args).await,
        Command::Lookup(args) => commands::lookup::run(&args).await,
        Command::Audit(args) => commands::audit::run(&args).await,
        Command::Due(args) => commands::due::run(&args).await,
        Command::Hold(args) => commands::hold::run(&args).await,
        Command::Trail(args) => commands::trail::run(&args).await,
        Command::Announce(args) => commands::announce::run(&args).await,
        Command::Alteration(args) => commands::alteration::run(&args).await,
        Command::Assurance(args) => commands::assurance::run(&args).await,
        Command::Incident(args) => commands::incident::run(&args).await,
        Command::Destroy(args) => commands::destroy::run(&args).await,
        Command::Report(args) => commands::report::run(&args).await,
        Command::Doctor(args) => commands::doctor::run(&args).await,
        Command::Residence(args) => commands::residence::run(&args).await,
        Command::Serve(args) => commands::serve::run(&args).await,
        Command::Session(args) => commands::session::run(&args).await,
        Command::Store(args) => commands::store::run(&args).await,
        Command::Synth(args) => commands::synth::run(&args).await,
        Command::Link(args) => commands::link::run(&args),
        Command::Manual(args) => commands::manual::run(&args, Cli::command()),
        Command::Demo(args) => demo::run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fail) => {
            tell(&fail);
            fail.exit()
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is the command line's voice")]
fn tell(fail: &Fail) {
    if !fail.text.is_empty() {
        eprintln!("{}", *terminal::safe(&fail.text));
    }
}

/// Prints a line; a closed pipe is no fault. What no terminal should be sent is written out.
pub(crate) fn say(line: impl std::fmt::Display) {
    let line = Zeroizing::new(line.to_string());
    draw(terminal::safe(&line).as_str());
}

/// Prints what this program drew itself, in colours.
pub(crate) fn draw(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A line as a shell would split it, up to where its output goes.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap_or_default();
        let mut words = Vec::new();
        for (n, part) in line.split('"').enumerate() {
            if n % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }

    fn parses(line: &str) {
        if let Err(e) = Cli::try_parse_from(words(line)) {
            panic!("{line}: {e}");
        }
    }

    #[test]
    fn every_command_shows_an_example_that_is_one() {
        fn look(command: &clap::Command, path: &str, examples: &mut Vec<String>) {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let mine: Vec<_> = help
                .lines()
                .filter_map(|l| l.strip_prefix("Example: "))
                .collect();
            assert!(!mine.is_empty(), "{path} shows no example");
            for example in mine {
                assert!(example.starts_with(path), "{path}: {example}");
                examples.push(example.to_owned());
            }
            for sub in command.get_subcommands() {
                look(sub, &format!("{path} {}", sub.get_name()), examples);
            }
        }
        let mut examples = Vec::new();
        for command in Cli::command().get_subcommands() {
            let path = format!("concordat {}", command.get_name());
            look(command, &path, &mut examples);
        }
        examples.iter().for_each(|line| parses(line));
    }

    /// Commands that only look, or make the file that they are asked for and nothing else.
    const LOOKS: &[&str] = &[
        "alteration list",
        "announce list",
        "assurance list",
        "audit evaluate",
        "audit key",
        "check",
        "diff",
        "doctor",
        "due",
        "explain",
        "hold list",
        "incident list",
        "link cluster",
        "link dedupe",
        "link evaluate",
        "link explain",
        "link profile",
        "link sample",
        "link score",
        "link train",
        "manual",
        "node card",
        "node checklist",
        "node status",
        "permits",
        "prove destruction",
        "prove disclosure",
        "render",
        "report",
        "residence aims",
        "residence counts",
        "residence load",
        "residence rules",
        "review list",
        "route list",
        "run draft",
        "run status",
        "schema",
        "session list",
        "solution status",
        "trail",
        "verify",
        "witness list",
    ];

    /// Commands that change something and cannot be tried first, and why.
    const NOT_TRIED: &[(&str, &str)] = &[
        (
            "audit lookups",
            "reading look-ups stands in the ledger before anything is shown",
        ),
        (
            "audit queue",
            "reading look-ups stands in the ledger before anything is shown",
        ),
        (
            "demo",
            "it makes a new directory and refuses one that is there",
        ),
        ("fmt", "--check says which files would change"),
        (
            "lookup",
            "a look-up stands in the ledger before anything is shown",
        ),
        (
            "serve",
            "it is the service itself: what is asked of it has its own answers",
        ),
        (
            "synth",
            "it makes a new directory of files and refuses one that is there",
        ),
    ];

    /// Commands that have no `--json`, and why.
    const NO_JSON: &[(&str, &str)] = &[("schema", "what it prints is JSON")];

    /// Each command that does something, by its words, with the names of its options.
    fn leaves() -> Vec<(String, BTreeSet<String>)> {
        fn look(command: &clap::Command, path: &str, all: &mut Vec<(String, BTreeSet<String>)>) {
            let mut subs = command.get_subcommands().peekable();
            if subs.peek().is_none() {
                let options = command.get_arguments().filter_map(clap::Arg::get_long);
                all.push((path.to_owned(), options.map(str::to_owned).collect()));
            }
            for sub in subs {
                look(sub, format!("{path} {}", sub.get_name()).trim_start(), all);
            }
        }
        let mut all = Vec::new();
        look(&Cli::command(), "", &mut all);
        all
    }

    #[test]
    fn what_changes_something_can_be_tried_first_and_all_answers_are_for_programs_too() {
        let leaves = leaves();
        assert!(leaves.len() > 90);
        for (name, options) in &leaves {
            let looks = LOOKS.contains(&name.as_str());
            let not_tried = NOT_TRIED.iter().any(|(n, _)| n == name);
            assert_ne!(
                options.contains("dry-run"),
                looks || not_tried,
                "{name}: it has --dry-run, or only looks, or cannot be tried, which is argued"
            );
            assert!(!(looks && not_tried), "{name}");
            let no_json = NO_JSON.iter().any(|(n, _)| n == name);
            assert_ne!(options.contains("json"), no_json, "{name}: --json");
        }
        let argued = NOT_TRIED.iter().chain(NO_JSON).map(|(name, why)| {
            assert!(!why.is_empty());
            name
        });
        for name in LOOKS.iter().chain(argued) {
            assert!(leaves.iter().any(|(n, _)| n == name), "{name} is a command");
        }
    }

    #[test]
    fn every_command_of_the_walk_through_is_one() {
        for (text, least) in [
            (include_str!("../../../docs/running-a-node.md"), 30),
            (include_str!("../../../docs/runbook.md"), 15),
        ] {
            let lines = text.lines().filter(|l| l.starts_with("concordat "));
            let lines: Vec<_> = lines.collect();
            assert!(lines.len() > least);
            lines.iter().for_each(|line| parses(line));
        }
    }
}
