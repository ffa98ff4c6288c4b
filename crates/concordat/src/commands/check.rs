//! `concordat check`: every fault of an agreement at once, each with its place, rule and remedy.

use std::io::IsTerminal;
use std::path::PathBuf;

use agreement::{AsIf, Diagnostic, Plan, Severity};

use super::sarif;
use super::{Beside, Shelf};
use crate::fail::Fail;
use crate::{draw, say, terminal};

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat check agreements/*.yaml\n\nExit codes: 0 clean but for gaps that the files list themselves, 1 faults, 2 wrong use."
)]
pub(crate) struct Args {
    /// Agreement files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the findings as JSON: rule, severity, file, line, column, message, help, source.
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Print the findings as SARIF 2.1.0, for code review tools.
    #[arg(long)]
    sarif: bool,
    /// Count the permits as if every gap were filled.
    #[arg(long, conflicts_with = "as_if_in_force")]
    as_if_filled: bool,
    /// Count the permits as if the papers were complete, with all other gaps open.
    #[arg(long)]
    as_if_in_force: bool,
    #[command(flatten)]
    beside: Beside,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let as_if = match (args.as_if_filled, args.as_if_in_force) {
        (true, _) => AsIf::Filled,
        (false, true) => AsIf::InForce,
        (false, false) => AsIf::Written,
    };
    let mut shelf = Shelf::open(&args.beside)?;
    let mut all: Vec<Diagnostic> = Vec::new();
    let text = !args.json && !args.sarif;
    for path in &args.files {
        let (bytes, checked) = shelf.check(path, as_if)?;
        if text {
            if !checked.diagnostics.is_empty() {
                let source = terminal::blotted(&String::from_utf8_lossy(&bytes));
                let colour = std::io::stdout().is_terminal();
                let drawn = agreement::diagnostic::render(&checked.diagnostics, &source, colour);
                draw(&drawn);
            }
            if let Some(plan) = &checked.plan {
                say(summary(&path.display().to_string(), plan));
            }
        }
        all.extend(checked.diagnostics);
    }
    if args.json {
        say(serde_json::to_string_pretty(&all).map_err(|e| Fail::fault(e.to_string()))?);
    }
    if args.sarif {
        say(sarif::report(&all)?);
    }
    let faults = all.iter().filter(|d| d.severity == Severity::Fault).count();
    match faults {
        0 => Ok(()),
        1 => Err(Fail::no("1 fault")),
        n => Err(Fail::no(format!("{n} faults"))),
    }
}

fn summary(file: &str, plan: &Plan) -> String {
    let [disclose, use_, keep] = plan.counts();
    let supposed = match plan.as_if {
        AsIf::Written => "",
        AsIf::InForce => ", as if in force",
        AsIf::Filled => ", as if filled",
    };
    let stopped = match plan.stopped_by().len() {
        0 => String::new(),
        n => format!(", stopped by {n} of {} gaps", plan.gaps.len()),
    };
    format!(
        "{file}: {}: {disclose} permits to disclose, {use_} to use, {keep} to keep{supposed}{stopped}, hash {}",
        plan.title,
        plan.hash()
    )
}
