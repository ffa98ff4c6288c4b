//! `concordat lookup`: a caseworker asks what is held of one person. There is no dry run of it: what is seen is on record.

use std::io::{BufRead, IsTerminal};

use agreement::PurposeId;
use exchange::Node;
use exchange::ids::StaffId;
use exchange::lookup::{Answer, Asker, Held, Looked, Request};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::acting::{At, op};
use crate::fail::Fail;
use crate::os::random;
use crate::{say, staff, terminal};

/// The one answer where nothing can be shown, whatever the reason.
const NOTHING: &str = "Nothing is held of this person that you may see.";

/// Arguments of `lookup`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat lookup --case case-2026-0007 --reason \"a letter came back\" --as c1\nExample: concordat lookup --person C00000001 --case case-2026-0007 --reason \"a letter came back\" --as c1 --json"
)]
pub(crate) struct Args {
    /// The case register's exact reference of the person. A shell keeps what is typed: without it, the reference is asked
    /// for, or read from the first line of the standard input.
    #[arg(long, value_name = "REFERENCE")]
    person: Option<String>,
    /// The case that it is for; it must be one of yours.
    #[arg(long)]
    case: String,
    /// Why; it is kept with the record of the look-up.
    #[arg(long)]
    reason: String,
    /// For which purpose of the agreements. [default: the only one that you work for]
    #[arg(long)]
    purpose: Option<String>,
    /// Why what is sensitive must be seen; without it that is masked.
    #[arg(long, value_name = "WHY")]
    unmask: Option<String>,
    /// Who looks, by the handle in staff.toml. The local single-user mode: whoever can read the node's keys is believed.
    #[arg(long = "as", value_name = "STAFF", value_parser = staff_id)]
    who: StaffId,
    #[command(flatten)]
    at: At,
}

pub(super) fn staff_id(text: &str) -> Result<StaffId, String> {
    StaffId::parse(text).map_err(|e| e.to_string())
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let asker = staff::read(&args.at.dir)?.member(&args.who)?;
    let purpose = match &args.purpose {
        Some(purpose) => PurposeId::parse(purpose).map_err(|e| Fail::usage(e.to_string()))?,
        None => only_purpose(&asker)?,
    };
    let request = Request {
        reference: match &args.person {
            Some(reference) => Zeroizing::new(reference.clone()),
            None => asked_for()?,
        },
        case: args.case.clone(),
        reason: args.reason.clone(),
        purpose,
        unmask: args.unmask.clone(),
    };
    let node = args.at.node().await?;
    let looked = node.look_up(&each("look-up")?, &asker, &request).await?;
    waited(&node, looked.not_before).await;
    told(args.at.json, looked)
}

fn only_purpose(asker: &Asker) -> Result<PurposeId, Fail> {
    let mut all = asker.purposes.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => Err(Fail::usage(
            "name the purpose with --purpose: you work for none, or for several",
        )),
    }
}

/// The reference, from a person at the terminal or from a program.
pub(super) fn asked_for() -> Result<Zeroizing<String>, Fail> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        say("The person's reference:");
    }
    let mut line = Zeroizing::new(String::new());
    stdin
        .lock()
        .read_line(&mut line)
        .map_err(|e| Fail::fault(format!("the reference cannot be read: {e}")))?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}

/// An operation of its own for each time that somebody looks.
pub(super) fn each(verb: &str) -> Result<exchange::ids::OperationId, Fail> {
    let mut bytes = [0; 16];
    random(&mut bytes);
    op(verb, hex::encode(bytes))
}

async fn waited(node: &Node, until: Timestamp) {
    let left = until.duration_since(node.ports().clock.now());
    if let Ok(left) = std::time::Duration::try_from(left) {
        tokio::time::sleep(left).await;
    }
}

fn told(as_json: bool, looked: Looked) -> Result<(), Fail> {
    if as_json {
        let text = serde_json::to_string_pretty(&looked.answer)?;
        say(Zeroizing::new(text).as_str());
    }
    match looked.answer {
        Answer::Refused { .. } if as_json => Err(Fail::no("")),
        _ if as_json => Ok(()),
        Answer::Shown { held } => {
            held.iter().for_each(shown);
            Ok(())
        }
        Answer::Nothing => {
            say(NOTHING);
            Ok(())
        }
        Answer::Before => Err(Fail::no("this look-up was answered before: look again")),
        Answer::Refused { refused } => {
            let lines: Vec<_> = refused.iter().map(ToString::to_string).collect();
            let record = "The person was not looked at; that you asked stands in the ledger.";
            Err(Fail::no(format!("{}\n{record}", lines.join("\n"))))
        }
    }
}

fn shown(held: &Held) {
    say(format!(
        "From {} under {} ({}):",
        held.source, held.agreement, held.title
    ));
    for cell in &held.cells {
        let value = terminal::safe_value(&cell.value);
        say(Zeroizing::new(format!("  {:<34} {}", cell.field, *value)).as_str());
    }
    let day = |day: Option<jiff::civil::Date>| {
        day.map_or("a day that is not kept".into(), |d| d.to_string())
    };
    say(format!(
        "  received on {}; the match is {} ({})",
        day(held.received),
        held.standing,
        held.certainty
    ));
    if let Some(as_of) = held.as_of {
        let quality = held.quality.as_deref().unwrap_or("nothing is said");
        say(format!(
            "  the source stood as of {as_of}; of its quality: {quality}"
        ));
    }
    let purposes: Vec<_> = held.purposes.iter().map(ToString::to_string).collect();
    say(format!("  may be used for: {}", purposes.join(", ")));
    held.restrictions
        .iter()
        .for_each(|line| say(format!("  {line}")));
    match held.expires {
        Some(at) => say(format!("  may be shown until {at}")),
        None => say(format!("  kept until: {}", held.keep)),
    }
    for flag in &held.flags {
        say(format!("  flag: {flag}"));
    }
}
