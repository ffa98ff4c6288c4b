//! `concordat schema`: the JSON Schema of agreements, for editors and other tools.

use crate::fail::Fail;
use crate::say;

/// Arguments of `schema`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat schema > agreement.schema.json")]
pub(crate) struct Args {
    /// Print the schema of a file of the law catalogue instead.
    #[arg(long)]
    law: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let schema = if args.law {
        agreement::schema::law_schema()
    } else {
        agreement::schema::agreement_schema()
    };
    say(serde_json::to_string_pretty(&schema).map_err(|e| Fail::fault(e.to_string()))?);
    Ok(())
}
