//! `cargo xtask`: the checks of the library, from the command line. Exit code 1 when something is wrong.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tells by printing"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{Fault, coverage, crates, root, tidy};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Checks the repository's claims against the tree"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Count the requirement rows that a test says it shows
    Coverage {
        /// List the rows that no test claims
        #[arg(long)]
        open: bool,
        /// Print the counts as one line of JSON
        #[arg(long, conflicts_with = "open")]
        json: bool,
    },
    /// Compare the crates and their dependencies with the table in ARCHITECTURE.md
    Crates,
    /// Look for what no file of the repository may hold
    Tidy,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(found) if found.is_empty() => ExitCode::SUCCESS,
        Ok(found) => {
            for line in found {
                eprintln!("{line}");
            }
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// What is wrong, one line each.
fn run(task: &Task) -> Result<Vec<String>, Fault> {
    match task {
        Task::Coverage { open, json } => {
            let coverage = coverage::of(&root())?;
            if *json {
                let line = coverage
                    .json()
                    .map_err(|fault| Fault::Form(fault.to_string()))?;
                println!("{line}");
            } else {
                print!("{}", coverage.table(*open));
            }
            Ok(coverage.faults)
        }
        Task::Crates => crates::check(&root()),
        Task::Tidy => tidy::of(&root()),
    }
}
