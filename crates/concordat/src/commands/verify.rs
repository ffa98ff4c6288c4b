//! `concordat verify`: what an outsider does with a ledger's files and a public key, and nothing else.

use std::path::{Path, PathBuf};

use courier::DirectoryShelf;
use ledger::note::KeyFault;
use ledger::{Cosigned, CosignerKey, LogFiles, Proof, Trail, VerifierKey, verify_log};

use crate::fail::Fail;
use crate::say;

/// Arguments of `verify`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat verify demo/ho/ledger --key demo/ho/ledger/key\n\nExample: concordat verify ho/ledger --key ho.key --witness-key hmrc.key\n\nExample: concordat verify proof.json --proof --key ho.key\n\nExample: concordat verify assurance.note --note --key hmrc.key\n\nExample: concordat verify trail.json --trail --key ho.key"
)]
pub(crate) struct Args {
    /// The ledger's directory, with --proof a proof's file, with --note a signed note's, with --trail a trail's.
    path: PathBuf,
    /// The file with the ledger's public key, taken from a place you trust. [default: `key` in the ledger's
    /// directory, which proves nothing about whose ledger it is]
    #[arg(long)]
    key: Option<PathBuf>,
    /// The path is a proof and not a ledger; --key is needed.
    #[arg(long, requires = "key")]
    proof: bool,
    /// The path is a note that a party signed (an assurance, a notice, a signature under an agreement); --key is needed. Its
    /// text is printed.
    #[arg(long, requires = "key", conflicts_with = "proof")]
    note: bool,
    /// The path is a trail, as `concordat trail` writes it; --key is needed.
    #[arg(long, requires = "key", conflicts_with_all = ["proof", "note"])]
    trail: bool,
    /// The file with the public key of a witness that must have co-signed the ledger: a party's key, or one in the
    /// form of C2SP tlog-cosignature. The ledger must have grown from what the witness saw.
    #[arg(long, conflicts_with_all = ["proof", "note", "trail"])]
    witness_key: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let key_path = args.key.clone().unwrap_or_else(|| args.path.join("key"));
    let key = key(&key_path, VerifierKey::parse)?;
    if args.proof {
        return proof(args, &key);
    }
    if args.note {
        return note(args, &key);
    }
    if args.trail {
        return trail(args, &key);
    }
    let files = DirectoryShelf::new(args.path.clone());
    let seen = match &args.witness_key {
        Some(path) => Some(witnessed(&files, &key, path)?),
        None => None,
    };
    let trusted = seen.as_ref().map(|seen| &seen.cosigned.checkpoint);
    let report =
        verify_log(&files, &key, trusted).map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
    if args.json {
        let witness = seen.as_ref().map(|Seen { witness, cosigned }| {
            serde_json::json!({ "name": witness, "entries": cosigned.checkpoint.size, "at": cosigned.at })
        });
        let json = serde_json::json!({
            "verified": true, "entries": report.size, "root": report.root, "acts": report.acts, "witness": witness,
        });
        say(json);
    } else {
        say(format!(
            "ledger verified: {} entries, root {}",
            report.size, report.root
        ));
        if let Some(Seen { witness, cosigned }) = &seen {
            say(format!(
                "co-signed by {witness} at {}: the first {} of these entries, and no other history",
                cosigned.at, cosigned.checkpoint.size
            ));
        }
        for (act, count) in &report.acts {
            say(format!("  {count:>6} {act}"));
        }
    }
    Ok(())
}

fn key<K>(path: &Path, parse: impl Fn(&str) -> Result<K, KeyFault>) -> Result<K, Fail> {
    let text = std::fs::read_to_string(path).map_err(|e| Fail::at(path, &e))?;
    parse(text.trim()).map_err(|e| Fail::usage(format!("{}: {e}", path.display())))
}

/// What a witness saw of a ledger.
struct Seen {
    witness: String,
    cosigned: Cosigned,
}

/// The checkpoint that lies with the ledger as the witness of this key co-signed it.
fn witnessed(files: &DirectoryShelf, log: &VerifierKey, path: &Path) -> Result<Seen, Fail> {
    let either = |text: &str| match VerifierKey::parse(text) {
        Ok(key) => Ok(CosignerKey::of(&key)),
        Err(_) => CosignerKey::parse(text),
    };
    let witness = key(path, either)?;
    let name = witness.name();
    let no = |what: String| Fail::no(format!("NOT VERIFIED: {what}"));
    let bytes = files
        .read(&format!("witness/{name}"))
        .map_err(|e| no(e.to_string()))?
        .ok_or_else(|| {
            no(format!(
                "no checkpoint that {name} co-signed lies with this ledger (SEC-14): ask its node for one"
            ))
        })?;
    let note =
        String::from_utf8(bytes).map_err(|_| no("the co-signed checkpoint is no text".into()))?;
    let cosigned = ledger::witness::open(&note, log, &witness)
        .map_err(|e| no(format!("witness/{name}: {e}")))?;
    Ok(Seen {
        witness: name.to_owned(),
        cosigned,
    })
}

fn note(args: &Args, key: &VerifierKey) -> Result<(), Fail> {
    let text = std::fs::read_to_string(&args.path).map_err(|e| Fail::at(&args.path, &e))?;
    let opened = ledger::note::open(&text, std::slice::from_ref(key))
        .map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
    if args.json {
        say(serde_json::json!({ "verified": true, "by": key.name(), "text": opened.text }));
    } else {
        say(format!(
            "signed by {}:\n\n{}",
            key.name(),
            opened.text.trim_end()
        ));
    }
    Ok(())
}

fn trail(args: &Args, key: &VerifierKey) -> Result<(), Fail> {
    let text = std::fs::read_to_string(&args.path).map_err(|e| Fail::at(&args.path, &e))?;
    let trail: Trail = serde_json::from_str(&text).map_err(|e| {
        let what = format!("{} is not a trail: line {}", args.path.display(), e.line());
        Fail::no(what)
    })?;
    let walked = trail
        .check(key)
        .map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
    if args.json {
        say(serde_json::json!({ "verified": true, "trail": walked }));
    } else {
        say(format!(
            "trail verified: {} entries out of the {} of the ledger, {} texts, {} notes by this key",
            trail.items.len(),
            walked.size,
            walked.texts,
            walked.notes
        ));
        for (kind, count) in &walked.kinds {
            say(format!("  {count:>6} {kind}"));
        }
    }
    if walked.missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = walked.missing.iter().map(ToString::to_string).collect();
    Err(Fail::no(format!(
        "NOT COMPLETE: nothing of the kinds {}",
        missing.join(", ")
    )))
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
