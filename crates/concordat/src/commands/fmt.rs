//! `concordat fmt`: files in the one layout; nothing that is signed changes.

use std::path::PathBuf;

use serde_json::json;

use super::shelf::read;
use crate::fail::Fail;
use crate::say;

/// Arguments of `fmt`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat fmt --check agreements/*.yaml\n\nComments, quotes and what stands on one line stay as they are. Exit codes: 0 done, 1 a file is laid out otherwise (--check) or is not YAML, 2 wrong use."
)]
pub(crate) struct Args {
    /// Agreement files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that are laid out otherwise.
    #[arg(long)]
    check: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let mut other = Vec::new();
    let mut faults = Vec::new();
    for path in &args.files {
        let bytes = read(path)?;
        let name = path.display().to_string();
        match agreement::lay_out(&name, &bytes) {
            Err(told) => faults.extend(told.iter().map(ToString::to_string)),
            Ok(text) if text.as_bytes() == bytes => {}
            Ok(text) => {
                if !args.check {
                    let beside = path.with_extension("yaml.new");
                    let written =
                        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
                    written.map_err(|e| Fail::at(path, &e))?;
                    if !args.json {
                        say(format!("{name}: laid out"));
                    }
                }
                other.push(name);
            }
        }
    }
    if args.json {
        let laid_out = if args.check { "other" } else { "laid_out" };
        say(json!({ laid_out: other, "faults": faults }));
        let is_no = !faults.is_empty() || (args.check && !other.is_empty());
        return if is_no { Err(Fail::no("")) } else { Ok(()) };
    }
    if args.check {
        faults.extend(other.iter().map(|name| {
            format!("{name}: not in the one layout; `concordat fmt {name}` lays it out")
        }));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Fail::no(faults.join("\n")))
    }
}
