//! `concordat announce`: what the receiver of a file tells its sender of a use for another purpose or a disclosure to a third
//! party (LEG-24, LEG-25), and what the sender makes of it.

use clap::Subcommand;
use exchange::announcement::{Announcement, Matter, Said as Word};
use exchange::change::Aggregate as _;
use exchange::deadline::last_day;
use exchange::ids::{FlowId, RunId};
use jiff::Timestamp;
use serde_json::json;

use super::acting::{Acting, At, Said, brief, flow_id, op, run_id, show, tell};
use crate::fail::Fail;

/// Arguments of `announce`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat announce raise ask-2026-12 ask --matter third-party --text \"a court has ordered it\" --as a1:analyst"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write down that what came with a file is to be used for another purpose, or disclosed to a third party.
    #[command(
        after_help = "Example: concordat announce raise ask-2026-12 ask --matter other-purpose --text \"to check the address of a witness\" --as a1:analyst"
    )]
    Raise {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow of the file.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// What is announced: other-purpose or third-party.
        #[arg(long, value_parser = matter)]
        matter: Matter,
        /// What it is and why, in words that name nobody.
        #[arg(long)]
        text: String,
        /// When it was done, where it was too urgent to tell before.
        #[arg(long, value_name = "INSTANT")]
        done_at: Option<Timestamp>,
        #[command(flatten)]
        by: Acting,
    },
    /// Tell the sender of the file, by a letter.
    #[command(after_help = "Example: concordat announce tell ask-2026-12 ask 1 --as a1:analyst")]
    Tell {
        #[command(flatten)]
        of: Of,
    },
    /// Say, at the sender, that you looked at what was announced, and what you make of it.
    #[command(
        after_help = "Example: concordat announce look ask-2026-12 ask 1 --reason \"agreed with their data protection lead\" --as o1:data-sharing-officer"
    )]
    Look {
        #[command(flatten)]
        of: Of,
        /// What you make of it.
        #[arg(long)]
        reason: String,
    },
    /// List what was announced here and there.
    #[command(after_help = "Example: concordat announce list --dir ho")]
    List(At),
}

/// One announcement.
#[derive(clap::Args)]
struct Of {
    /// The run.
    #[arg(value_parser = run_id)]
    run: RunId,
    /// The flow of the file.
    #[arg(value_parser = flow_id)]
    flow: FlowId,
    /// Its number, as the list has it.
    number: u32,
    #[command(flatten)]
    by: Acting,
}

fn matter(text: &str) -> Result<Matter, String> {
    let found = Matter::ALL.into_iter().find(|m| m.name() == text);
    found.ok_or_else(|| "write other-purpose or third-party".into())
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Raise {
            run,
            flow,
            matter,
            text,
            done_at,
            by,
        } => {
            let said = Word {
                matter: *matter,
                text: text.clone(),
                done_at: *done_at,
            };
            tell(&by.working, raise(run, flow, said, by).await)
        }
        What::Tell { of } => tell(&of.by.working, told(of).await),
        What::Look { of, reason } => tell(&of.by.working, look(of, reason).await),
        What::List(at) => show(at, list(at).await),
    }
}

async fn raise(run: &RunId, flow: &FlowId, said: Word, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let what = format!("{}/{}", said.matter.name(), brief(&said.text));
    let op = op("announce", format!("{run}/{flow}/{what}"))?;
    let (matter, text) = (said.matter, said.text.clone());
    let done = node.announce(&op, (run, flow), said, &by.who).await?;
    // The same words again are the same announcement, whatever was announced since.
    let all: Vec<Announcement> = node.under(&format!("{run}/{flow}/")).await?;
    let is_this = |a: &&Announcement| a.said().matter == matter && a.said().text == text;
    let this = all.iter().find(is_this).or(all.last());
    let number = this.map_or(1, Announcement::number);
    Ok(
        Said::did(format!("The announcement {number} about {flow} of {run} is written down."), done)
            .with("number", json!(number))
            .next(format!("`concordat announce tell {run} {flow} {number} --as STAFF:ROLE`: the run does not end before"))
            .undo("tell it, and say that it did not come to it: what is written down stands"),
    )
}

async fn told(of: &Of) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow, number) = (&of.run, &of.flow, of.number);
    let op = op("announce.tell", format!("{run}/{flow}/{number}"))?;
    let done = node
        .tell_announcement(&op, (run, flow, number), &of.by.who)
        .await?;
    let all: Option<Announcement> = node.find(&Announcement::key_of(run, flow, number)).await?;
    let said = match all.filter(|a| node.is_by_hand(a.peer())) {
        Some(a) => Said::did(format!("That {} was told is written down.", a.peer()), done).next(
            format!("{} has no node: a person tells it in writing", a.peer()),
        ),
        None => Said::did(format!("The announcement {number} goes."), done)
            .next("`concordat node work` sends it"),
    };
    Ok(said.undo("what was said is said: announce what is so now"))
}

async fn look(of: &Of, reason: &str) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow, number) = (&of.run, &of.flow, of.number);
    let op = op("announce.look", format!("{run}/{flow}/{number}"))?;
    let done = node
        .look_at_announcement(&op, (run, flow, number), reason, &of.by.who)
        .await?;
    Ok(Said::did(
        format!("The announcement {number} about {flow} of {run} was looked at."),
        done,
    )
    .undo("the word stands; write to the partner where it was wrong"))
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let mut said = Said::shown(format!("What was announced at {}.", node.party()));
    let mut items = Vec::new();
    for a in node.all::<Announcement>().await? {
        let (run, flow, number, word) = (a.run(), a.flow(), a.number(), a.said());
        let due = a.due().map(last_day).transpose()?;
        let by = due.map_or(String::new(), |day| format!(", by {day}"));
        said = said.line(format!(
            "  {run} {flow} {number} ({} {}): {}{by}: {}",
            word.matter.name(),
            a.peer(),
            a.status(),
            word.text
        ));
        items.push(json!({
            "run": run, "flow": flow, "number": number, "party": a.peer(), "matter": word.matter, "text": word.text,
            "done_at": word.done_at, "state": a.status(), "due": due,
        }));
    }
    Ok(said.with("announcements", json!(items)))
}
