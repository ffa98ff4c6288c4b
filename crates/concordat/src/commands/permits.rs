//! `concordat permits`: the whole set of permits that an agreement compiles to.

use std::path::PathBuf;

use agreement::{AsIf, Permit};

use super::{Beside, Shelf};
use crate::fail::Fail;
use crate::say;

/// Arguments of `permits`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat permits agreements/contact-thread.yaml")]
pub(crate) struct Args {
    /// The agreement's file.
    file: PathBuf,
    /// Print the permits as JSON.
    #[arg(long)]
    json: bool,
    /// Show the permits as if every gap were filled.
    #[arg(long)]
    as_if_filled: bool,
    #[command(flatten)]
    beside: Beside,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let as_if = if args.as_if_filled {
        AsIf::Filled
    } else {
        AsIf::Written
    };
    let plan = Shelf::open(&args.beside)?.plan(&args.file, as_if)?;
    if args.json {
        let json = serde_json::to_string_pretty(plan.permits());
        say(json.map_err(|e| Fail::fault(e.to_string()))?);
        return Ok(());
    }
    let rows: Vec<[String; 8]> = plan.permits().iter().map(row).collect();
    let head = [
        "act",
        "flow",
        "field",
        "about",
        "from > to",
        "gateway",
        "purposes",
        "when",
    ]
    .map(str::to_owned);
    let width = |i: usize| {
        let cells = std::iter::once(&head)
            .chain(&rows)
            .filter_map(|row| row.get(i));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in std::iter::once(&head).chain(&rows) {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    let [disclose, use_, keep] = plan.counts();
    let end = if args.as_if_filled {
        "if every gap were filled; nothing can run by this table"
    } else {
        "what is not in this table does not move"
    };
    say(format!(
        "{disclose} permits to disclose, {use_} to use, {keep} to keep; {end}"
    ));
    Ok(())
}

fn row(p: &Permit) -> [String; 8] {
    let join = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(" and ");
    let name = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    [
        p.act.verb().to_owned(),
        name(p.flow.as_ref().map(ToString::to_string)),
        p.field.to_string(),
        p.about.to_string(),
        format!("{} > {}", p.from, p.to),
        name(p.gateway.as_ref().map(ToString::to_string)),
        join(&mut p.purposes.iter().map(ToString::to_string)),
        join(&mut p.when.iter().map(ToString::to_string)),
    ]
}
