//! `concordat permits`: the whole set of permits that an agreement compiles to.

use std::path::PathBuf;

use super::plan;
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
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let plan = plan(&args.file)?;
    if args.json {
        let json = serde_json::to_string_pretty(plan.permits());
        say(json.map_err(|e| Fail::fault(e.to_string()))?);
        return Ok(());
    }
    say(format!(
        "{:<8} {:<28} {:<14} {:<18} from -> to, purposes",
        "act", "field", "about", "gateway"
    ));
    for p in plan.permits().iter() {
        let purposes: Vec<_> = p.purposes.iter().map(ToString::to_string).collect();
        let gateway = p
            .gateway
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        say(format!(
            "{:<8} {:<28} {:<14} {:<18} {} -> {}, {}",
            p.act.verb(),
            p.field.to_string(),
            p.about.to_string(),
            gateway,
            p.from,
            p.to,
            purposes.join(" and "),
        ));
    }
    say(format!(
        "{} permits; what is not in this table does not move",
        plan.permits().len()
    ));
    Ok(())
}
