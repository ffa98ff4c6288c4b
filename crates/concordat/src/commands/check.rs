//! `concordat check`: every fault of an agreement at once, each with its place, rule and remedy.

use std::path::PathBuf;

use agreement::Severity;

use super::checked;
use crate::fail::Fail;
use crate::say;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat check agreements/contact-thread.yaml")]
pub(crate) struct Args {
    /// Agreement files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let mut all = Vec::new();
    for path in &args.files {
        let (bytes, checked) = checked(path)?;
        if !args.json {
            let text = String::from_utf8_lossy(&bytes);
            if !checked.diagnostics.is_empty() {
                say(agreement::diagnostic::render(
                    &checked.diagnostics,
                    &text,
                    false,
                ));
            }
            if let Some(plan) = &checked.plan {
                say(format!(
                    "{}: {}, {} permits, hash {}",
                    path.display(),
                    plan.title,
                    plan.permits().len(),
                    plan.hash()
                ));
            }
        }
        all.extend(checked.diagnostics);
    }
    if args.json {
        say(serde_json::to_string_pretty(&all).map_err(|e| Fail::fault(e.to_string()))?);
    }
    let faults = all.iter().filter(|d| d.severity == Severity::Fault).count();
    if faults > 0 {
        Err(Fail::no(format!("{faults} faults")))
    } else {
        Ok(())
    }
}
