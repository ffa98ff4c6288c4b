//! `concordat verify`: what an outsider does with a ledger's files and a public key, and nothing else.

use std::path::PathBuf;

use courier::DirectoryShelf;
use ledger::{Proof, VerifierKey, verify_log};

use crate::fail::Fail;
use crate::say;

/// Arguments of `verify`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat verify demo/ho/ledger --key demo/ho/ledger/key")]
pub(crate) struct Args {
    /// The ledger's directory, or with --proof a proof's file.
    path: PathBuf,
    /// The file with the ledger's public key, taken from a place you trust. [default: `key` in the ledger's
    /// directory, which proves nothing about whose ledger it is]
    #[arg(long)]
    key: Option<PathBuf>,
    /// The path is a proof and not a ledger; --key is needed.
    #[arg(long, requires = "key")]
    proof: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let key_path = args.key.clone().unwrap_or_else(|| args.path.join("key"));
    let text = std::fs::read_to_string(&key_path).map_err(|e| Fail::at(&key_path, &e))?;
    let key = VerifierKey::parse(text.trim())
        .map_err(|e| Fail::usage(format!("{}: {e}", key_path.display())))?;
    if args.proof {
        return proof(args, &key);
    }
    let files = DirectoryShelf::new(args.path.clone());
    let report =
        verify_log(&files, &key, None).map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
    if args.json {
        let json = serde_json::json!({ "verified": true, "entries": report.size, "root": report.root, "acts": report.acts });
        say(json);
    } else {
        say(format!(
            "ledger verified: {} entries, root {}",
            report.size, report.root
        ));
        for (act, count) in &report.acts {
            say(format!("  {count:>6} {act}"));
        }
    }
    Ok(())
}

fn proof(args: &Args, key: &VerifierKey) -> Result<(), Fail> {
    let text = std::fs::read_to_string(&args.path).map_err(|e| Fail::at(&args.path, &e))?;
    let proof: Proof = serde_json::from_str(&text).map_err(|e| {
        Fail::no(format!(
            "{} is not a proof: line {}",
            args.path.display(),
            e.line()
        ))
    })?;
    let shown = proof
        .check(key)
        .map_err(|e| Fail::no(format!("NOT SHOWN: {e}")))?;
    say(shown.words);
    Ok(())
}
