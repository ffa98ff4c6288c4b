//! `concordat diff`: what a new version of an agreement gives and takes, and who must sign it again.

use std::path::PathBuf;

use agreement::Permit;
use agreement::diff::{Change, How};

use super::{Beside, Shelf};
use crate::fail::Fail;
use crate::say;

/// Arguments of `diff`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat diff signed.yaml agreements/contact-thread.yaml\n\nExit codes: 0 done, whether or not they differ, 1 one of them has faults, 2 wrong use."
)]
pub(crate) struct Args {
    /// The old version.
    old: PathBuf,
    /// The new version.
    new: PathBuf,
    /// Print the change as JSON.
    #[arg(long)]
    json: bool,
    /// Compare the permits as if every gap were filled.
    #[arg(long)]
    as_if_filled: bool,
    #[command(flatten)]
    beside: Beside,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let mut shelf = Shelf::open(&args.beside)?;
    let mut version = |path| {
        let (plan, memo) = shelf.memorandum(path)?;
        let plan = if args.as_if_filled {
            shelf.plan(path, agreement::AsIf::Filled)?
        } else {
            plan
        };
        Ok::<_, Fail>((plan, memo))
    };
    let (old, new) = (version(&args.old)?, version(&args.new)?);
    let change = agreement::diff::diff((&old.0, &old.1), (&new.0, &new.1));
    if args.json {
        say(serde_json::to_string_pretty(&change).map_err(|e| Fail::fault(e.to_string()))?);
    } else {
        tell(&change);
    }
    Ok(())
}

fn tell(change: &Change) {
    permits("permits given", "+", &change.given);
    permits("permits taken away", "-", &change.taken);
    head("permits that hold otherwise", change.altered.len());
    for (id, parts) in &change.altered {
        say(format!("  ~ {id}: {}", parts.join(", ")));
    }
    head("clauses", change.clauses.len());
    for clause in &change.clauses {
        let sign = match clause.how {
            How::Added => '+',
            How::Removed => '-',
            How::Changed => '~',
        };
        say(format!(
            "  {sign} {} {} ({})",
            clause.number, clause.heading, clause.id
        ));
    }
    head("parts of the file", change.parts.len());
    for part in &change.parts {
        let shown = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or("-".to_owned(), ToString::to_string)
        };
        say(format!(
            "  ~ {}: {} > {}",
            part.path,
            shown(&part.was),
            shown(&part.is)
        ));
    }
    for beside in &change.beside {
        say(format!("beside the file, this is another: {beside}"));
    }
    let names = |all: &[agreement::SignerId]| {
        all.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if change.sign_again.is_empty() {
        let annex = if change.annex {
            "; the annex differs, which nobody signs"
        } else {
            ""
        };
        say(format!(
            "nobody must sign again: what is signed is the same{annex}"
        ));
        return;
    }
    let [was, is] = &change.hashes;
    say(format!(
        "must sign again: {} (hash {was} > {is})",
        names(&change.sign_again)
    ));
    if !change.signs_no_longer.is_empty() {
        say(format!(
            "signs no longer: {}",
            names(&change.signs_no_longer)
        ));
    }
}

fn head(what: &str, count: usize) {
    if count > 0 {
        say(format!("{what}: {count}"));
    }
}

fn permits(what: &str, sign: &str, permits: &[Permit]) {
    head(what, permits.len());
    for permit in permits {
        say(format!("  {sign} {} {}", permit.act.verb(), permit.id));
    }
}
