//! The commands of `concordat run` for a party that has no node: its file is locked and handed over, and what it says
//! and sends back is taken in, each by a person.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use courier::limits::WHOLE_BYTES;
use exchange::file_name::FileName;
use exchange::ids::{AgreementId, FlowId, RunId};
use exchange::leg::{Leg, State};
use exchange::password::Password;
use exchange::{Brought, Node, Told};
use jiff::civil::Date;
use serde_json::json;
use zeroize::Zeroizing;

use super::acting::{self, Acting, Said, agreement_id, flow_id, run_id};
use super::run::{Of, leg, numbered};
use crate::fail::Fail;
use crate::house;

/// Arguments of `run export`.
#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) of: Of,
    /// A folder of yours that the file is written to, and that you answer for. [default: where the agreement's route has it
    /// lie for its party, from where the node takes it away again]
    #[arg(long)]
    into: Option<PathBuf>,
}

/// Arguments of `run said`.
#[derive(clap::Args)]
pub(crate) struct SaidThere {
    #[command(flatten)]
    pub(crate) of: Of,
    /// It refuses the file, for this reason. [default: it has it, and it opens]
    #[arg(long, value_name = "REASON")]
    refused: Option<String>,
}

/// Arguments of `run bring`.
#[derive(clap::Args)]
pub(crate) struct Bring {
    /// The flow that the file is of.
    #[arg(value_parser = flow_id)]
    flow: FlowId,
    /// The run.
    #[arg(long, value_parser = run_id)]
    run: RunId,
    /// The file, as it came. Its password is read from the standard input, up to the end of the line. [default: the file that
    /// lies for this node at the end of the agreement's route]
    #[arg(long)]
    file: Option<PathBuf>,
    /// The name of the file that lies there, where there are several.
    #[arg(long, conflicts_with = "file", value_parser = file_name)]
    lying: Option<FileName>,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    /// The day for which the sender's sources stood. [default: today]
    #[arg(long)]
    as_of: Option<Date>,
    /// How many rows that were asked about have no content, where the agreement has that as a count.
    #[arg(long)]
    nil: Option<u64>,
    /// Have a copy that shows what is wrong, if something is, for whoever must mend it; it opens with the file's own password, and
    /// lies in `by-hand/` of the node's directory until the file that comes instead is loaded. With FOLDER, a folder of yours.
    #[arg(long, value_name = "FOLDER")]
    annotated: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) by: Acting,
}

pub(crate) async fn export(args: &Export) -> Result<Said, Fail> {
    let node = args.of.by.working.node().await?;
    let (run, flow, who) = (&args.of.run, &args.of.flow, &args.of.by.who);
    let before = leg(&node, &args.of).await?;
    // Locked and never handed over, it is another file now.
    let again = u32::from(before.state() == State::Sealed);
    let verb = numbered("leg.lock", &args.of, before.file() + again)?;
    let (mut done, locked) = node.lock(&verb, run, flow, who).await?;
    let place = match &args.into {
        Some(folder) => folder.join(&locked.name).display().to_string(),
        None => format!("{} on {}", locked.name, before.route()),
    };
    if !args.of.by.working.dry_run {
        match &args.into {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|e| Fail::at(folder, &e))?;
                house::whole(&folder.join(&locked.name), &locked.bytes)?;
            }
            None => node.lay_out(&locked).await?,
        }
        done.extend(node.handed_over(&locked, who).await?);
    }
    let after = leg(&node, &args.of).await?;
    let mut said = Said::did(
        format!(
            "{flow} of {run} is locked for {}: {} rows in {place}.",
            after.peer(),
            after.rows(),
        ),
        done,
    )
    .with("rows", json!(after.rows()))
    .with("file", json!(place))
    .with("password_by", json!(locked.password_by))
    .line(format!("  its password went by {}", locked.password_by));
    if !args.of.by.working.dry_run {
        said = said.once(format!(
            "  the password, shown this once and kept nowhere: {}",
            locked.password.reveal()
        ));
    }
    let hand = match &args.into {
        Some(_) => "hand the file over by the agreement's route, and destroy your copy",
        None => "a person carries it where the route is by hand",
    };
    Ok(said
        .next(format!(
            "{hand}; then `concordat run said {run} {flow}` with what {} says",
            after.peer()
        ))
        .undo(format!(
            "`concordat run said {run} {flow} --refused R`, then `concordat run reopen {run} {flow}`: another file under another password"
        )))
}

pub(crate) async fn said(args: &SaidThere) -> Result<Said, Fail> {
    let node = args.of.by.working.node().await?;
    let (run, flow, who) = (&args.of.run, &args.of.flow, &args.of.by.who);
    let before = leg(&node, &args.of).await?;
    let verb = numbered("leg.said", &args.of, before.file())?;
    let told = args
        .refused
        .as_deref()
        .map_or(Told::Accepted, Told::Refused);
    let done = node.said_by_hand(&verb, run, flow, told, who).await?;
    let (what, next) = match args.refused {
        None => (
            "has",
            format!("`concordat run bring FLOW --run {run}` when it answers"),
        ),
        Some(_) => ("refuses", format!("`concordat run reopen {run} {flow}`")),
    };
    Ok(
        Said::did(format!("{} {what} {flow} of {run}.", before.peer()), done)
            .next(next)
            .undo("what was said stands in the ledger; a later word is another entry"),
    )
}

/// The password, from the standard input.
fn password() -> Result<Password, Fail> {
    // All room at once: a text that grows leaves a copy behind.
    let mut line = Zeroizing::new(String::with_capacity(1_024));
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|e| Fail::fault(format!("the password could not be read: {e}")))?;
    Password::given(line.trim_end_matches(['\r', '\n']).to_owned()).ok_or_else(|| {
        Fail::usage(
            "give the file's password on the standard input, in one line of up to 255 characters",
        )
    })
}

/// The bytes of a file that somebody else made; one that is longer than any is not read.
fn whole(path: &Path) -> Result<Vec<u8>, Fail> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| Fail::at(path, &e))?;
    file.take(WHOLE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Fail::at(path, &e))?;
    if bytes.len() as u64 > WHOLE_BYTES {
        return Err(Fail::no(format!(
            "{} is longer than {} MiB: have it sent in parts (RUN-09)",
            path.display(),
            WHOLE_BYTES >> 20
        )));
    }
    Ok(bytes)
}

/// A file's name, as `--lying` takes it.
fn file_name(name: &str) -> Result<FileName, String> {
    FileName::parse(name).ok_or_else(|| {
        "a name has letters, digits, spaces, dots, dashes and brackets, and ends in .xlsx or .zip"
            .into()
    })
}

/// The file that lies at the end of the route: the one that is named, or the only one.
async fn found(node: &Node, agreement: &AgreementId, args: &Bring) -> Result<FileName, Fail> {
    if let Some(name) = &args.lying {
        return Ok(name.clone());
    }
    let mut lying = node.lying(agreement, &args.flow).await?;
    let names: Vec<String> = lying.iter().map(FileName::to_string).collect();
    match lying.pop() {
        Some(only) if lying.is_empty() => Ok(only),
        Some(_) => Err(Fail::no(format!(
            "several files lie there: say which with --lying: {}",
            names.join(", ")
        ))),
        None => Err(Fail::no(
            "no file lies there: its sender has put none, or under a name that does not end in .xlsx or .zip",
        )),
    }
}

pub(crate) async fn bring(args: &Bring) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let agreement = acting::agreement(&node, args.agreement.as_ref()).await?;
    let (run, flow) = (&args.run, &args.flow);
    let (bytes, lying) = match &args.file {
        Some(file) => (whole(file)?, None),
        None => {
            let name = found(&node, &agreement, args).await?;
            (node.fetch(&agreement, flow, &name).await?, Some(name))
        }
    };
    let brought = Brought {
        agreement,
        run: run.clone(),
        flow: flow.clone(),
        bytes,
        password: password()?,
        as_of: args.as_of,
        nil: args.nil,
    };
    let done = node.bring(&brought, &args.by.who).await;
    let away = match &lying {
        Some(name) => node.take_away(&brought, name).await,
        None => Ok(()),
    };
    // Why a file was refused comes before that its server did not let it be taken away.
    let done = done?;
    away?;
    let leg: Option<Leg> = node.find(&Leg::key_of(run, flow)).await?;
    let (state, fault) = leg.map_or((State::Received, None), |l| (l.state(), l.fault().cloned()));
    let mut said = Said::did(
        format!(
            "{flow} of {run} was opened in the confined reader: it is {}.",
            state.name()
        ),
        done,
    )
    .with("state", json!(state));
    if let Some(fault) = fault {
        said = said.line(format!("  {fault}")).with("fault", json!(fault));
    }
    if let Some(folder) = args.annotated.as_ref().filter(|_| state != State::Loaded) {
        said = annotated(&node, &brought, args, folder.as_deref(), said).await?;
    }
    Ok(said
        .next(format!("`concordat run status {run}`"))
        .undo("a file that is held is decided about by `concordat run load`; the sender of a refused one sends another"))
}

async fn annotated(
    node: &Node,
    brought: &Brought,
    args: &Bring,
    folder: Option<&Path>,
    said: Said,
) -> Result<Said, Fail> {
    let Some((name, bytes)) = node.annotated(brought, &args.by.who).await? else {
        return Ok(said);
    };
    let place = match folder {
        Some(folder) => {
            let path = folder.join(name);
            if !args.by.working.dry_run {
                std::fs::create_dir_all(folder).map_err(|e| Fail::at(folder, &e))?;
                house::whole(&path, &bytes)?;
            }
            path.display().to_string()
        }
        None => {
            node.lay_annotated(brought, &name, &bytes).await?;
            format!("{name} below by-hand/")
        }
    };
    let line = format!("  {place} shows what is wrong, cell by cell; the file's password opens it");
    Ok(said.line(line).with("annotated", json!(place)))
}
