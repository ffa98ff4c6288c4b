//! `concordat witness`: a partner co-signs this node's ledger, so that two histories of it cannot be shown to two people;
//! and this node co-signs a partner's. The files go between the two by whatever way; nothing in them is secret.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use exchange::change::Aggregate as _;
use exchange::cosigning::{Cosigning, Whose};
use exchange::ids::PartyId;
use ledger::Request;
use serde_json::json;

use super::acting::{Acting, At, Said, Working, brief, op, show, tell};
use super::shelf::read;
use crate::fail::Fail;
use crate::{house, say};

/// Arguments of `witness`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat witness list --dir ho")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make the request by which a partner is asked to co-sign this node's ledger.
    #[command(after_help = "Example: concordat witness ask hmrc --dir ho --out ho-request.txt")]
    Ask {
        /// The partner.
        witness: String,
        /// The file that the request is written to. [default: it is printed]
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        working: Working,
    },
    /// Co-sign a partner's ledger, if it only grew since it was last co-signed here.
    #[command(
        after_help = "Example: concordat witness cosign ho-request.txt --dir hmrc --out ho-cosigned.note --as a1:analyst"
    )]
    Cosign {
        /// The partner's request, as `witness ask` made it there.
        request: PathBuf,
        /// The file that the co-signed checkpoint is written to, to be handed back.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Take on a checkpoint of this node's ledger that a partner co-signed, and publish it with the ledger.
    #[command(
        after_help = "Example: concordat witness add ho-cosigned.note --dir ho --as o1:data-sharing-officer"
    )]
    Add {
        /// The co-signed checkpoint, as `witness cosign` made it there.
        note: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Say who co-signed this node's ledger, and whose this node co-signed: how far, and when.
    #[command(after_help = "Example: concordat witness list --dir ho")]
    List(At),
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Ask {
            witness,
            out,
            working,
        } => match ask(witness, out.as_deref(), working).await.transpose() {
            Some(said) => tell(working, said),
            None => Ok(()),
        },
        What::Cosign { request, out, by } => tell(&by.working, cosign(request, out, by).await),
        What::Add { note, by } => tell(&by.working, add(note, by).await),
        What::List(at) => show(at, list(at).await),
    }
}

/// None where the request was printed and nothing else is to be.
async fn ask(witness: &str, out: Option<&Path>, working: &Working) -> Result<Option<Said>, Fail> {
    let party = PartyId::parse(witness).map_err(|e| Fail::usage(e.to_string()))?;
    let node = working.node().await?;
    let request = node.ask_witness(&party).await?;
    let said = match out {
        Some(path) => {
            if !working.dry_run {
                house::whole(path, request.to_string().as_bytes())?;
            }
            Said::shown(format!("The request to {party} is in {}.", path.display()))
        }
        None if working.at.json => Said::shown(format!("The request to {party}."))
            .with("request", json!(request.to_string())),
        None => {
            say(request.to_string().trim_end());
            return Ok(None);
        }
    };
    let file = out.map_or("FILE".to_owned(), |path| path.display().to_string());
    let next = format!("{party}: `concordat witness cosign {file}`");
    Ok(Some(said.with("old", json!(request.old)).next(next)))
}

async fn cosign(path: &Path, out: &Path, by: &Acting) -> Result<Said, Fail> {
    let text = text(path)?;
    let request: Request = text
        .parse()
        .map_err(|e| Fail::no(format!("{}: {e}", path.display())))?;
    let node = by.working.node().await?;
    let op = op("cosign", brief(&text))?;
    if by.working.dry_run {
        let (done, _) = node.cosign(&op, &request, &by.who).await?;
        return Ok(Said::did("The checkpoint is co-signed.", done));
    }
    let (done, note) = node.cosign(&op, &request, &by.who).await?;
    house::whole(out, note.as_bytes())?;
    Ok(Said::did(
        format!("The co-signed checkpoint is in {}.", out.display()),
        done,
    )
    .next(format!(
        "hand it back: `concordat witness add {}` there",
        out.display()
    ))
    .undo("what was seen stays seen: no other history of that ledger is co-signed here"))
}

async fn add(path: &Path, by: &Acting) -> Result<Said, Fail> {
    let text = text(path)?;
    let node = by.working.node().await?;
    let op = op("cosigned", brief(&text))?;
    let (done, party) = node.take_cosigned(&op, &text, &by.who).await?;
    Ok(Said::did(format!("This ledger as {party} co-signed it is published."), done)
        .line(format!("  ledger/witness/{party}"))
        .next(format!(
            "whoever verifies the ledger asks for it with `concordat verify LEDGER --key KEY --witness-key {party}'s key`"
        ))
        .undo("a newer co-signed checkpoint takes its place"))
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let all: Vec<Cosigning> = node.all().await?;
    let size = node
        .ports()
        .store
        .head()
        .await
        .map_err(|e| Fail::fault(e.to_string()))?;
    let size = size.frontier.size();
    let mut said = Said::shown(format!("{}: {size} entries in this ledger.", node.party()));
    for one in &all {
        let (party, seen, when) = (one.party(), one.size(), one.at());
        said = said.line(match one.whose() {
            Whose::Ours => format!("  {party} co-signed this ledger at {seen} entries, {when}"),
            Whose::Theirs => {
                format!("  the ledger of {party} is co-signed here at {seen} entries, {when}")
            }
        });
    }
    if !all.iter().any(|one| one.whose() == Whose::Ours) {
        said = said.next("nobody has co-signed this ledger: `concordat witness ask PARTNER`");
    }
    let rows: Vec<_> = all
        .iter()
        .map(|one| {
            json!({ "whose": one.status(), "party": one.party(), "entries": one.size(), "at": one.at() })
        })
        .collect();
    Ok(said
        .with("entries", json!(size))
        .with("cosigned", json!(rows)))
}

fn text(path: &Path) -> Result<String, Fail> {
    String::from_utf8(read(path)?)
        .map_err(|_| Fail::no(format!("{} is not text in UTF-8", path.display())))
}
