//! `concordat render`: the memorandum in print, of the same file that the hub runs.

use std::path::PathBuf;

use super::{Beside, Shelf};
use crate::fail::Fail;
use crate::say;

/// Arguments of `render`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat render agreements/no-contact.yaml --out no-contact.html\n\nExit codes: 0 done, 1 the agreement has faults, 2 wrong use."
)]
pub(crate) struct Args {
    /// The agreement's file.
    file: PathBuf,
    /// As Markdown, with the figure as a Mermaid diagram. [default: one HTML page that needs nothing else]
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// As JSON: sections, clauses with their numbers, blocks.
    #[arg(long)]
    json: bool,
    /// Write to a file. [default: to the terminal]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    beside: Beside,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let (_, memo) = Shelf::open(&args.beside)?.memorandum(&args.file)?;
    let text = if args.json {
        serde_json::to_string_pretty(&memo).map_err(|e| Fail::fault(e.to_string()))? + "\n"
    } else if args.markdown {
        memo.markdown()
    } else {
        memo.html()
    };
    match &args.out {
        Some(path) => std::fs::write(path, text).map_err(|e| Fail::at(path, &e)),
        None => {
            say(text.trim_end());
            Ok(())
        }
    }
}
