//! `concordat alteration`: what a party means to change that may affect an agreement: discussed, notified, agreed, applied by a
//! new version of the agreement (AGR-26). Papers go from hand to hand as files.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use exchange::Node;
use exchange::alteration::{Alteration, MOVES};
use exchange::change::Aggregate as _;
use exchange::deadline::london_day;
use exchange::ids::AgreementId;
use jiff::civil::Date;
use serde_json::json;

use super::acting::{self, Acting, At, Said, Working, agreement_id, brief, op, show, tell};
use super::shelf::read;
use crate::fail::Fail;
use crate::house;

/// Arguments of `alteration`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat alteration list --dir ho")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write down that what this party means to change was discussed with the others, at the level of business as usual.
    #[command(
        after_help = "Example: concordat alteration discuss --text \"the census moves to another system in June; the columns of the return may change\" --as a1:analyst"
    )]
    Discuss(Discuss),
    /// Give notice of it; the signed notice is a file for the change control contacts.
    #[command(
        after_help = "Example: concordat alteration notify dfe-annex-5/dfe/0001 --as a1:analyst"
    )]
    Notify(Of),
    /// Take the file that a partner handed over: its notice, or its word that it agrees.
    #[command(
        after_help = "Example: concordat alteration take dfe/alterations/dfe-annex-5.dfe.0001.notice.note --as o1:data-sharing-officer"
    )]
    Take {
        /// The signed note.
        file: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Agree, for this party, to another's; the signed word is a file to hand over.
    #[command(after_help = "Example: concordat alteration agree dfe-annex-5/dfe/0001 --as i1:iao")]
    Agree(Of),
    /// Say by which new version of the agreement it is applied; it must be in force here.
    #[command(
        after_help = "Example: concordat alteration apply dfe-annex-5/dfe/0001 --by dfe-annex-5-2 --as o1:data-sharing-officer"
    )]
    Apply {
        /// The new version, as it lies on this node's table.
        #[arg(long, value_parser = agreement_id)]
        by: AgreementId,
        #[command(flatten)]
        of: Of,
    },
    /// Say that it does not come to it, or that the agreement need not change for it. The others are told by a person.
    #[command(
        after_help = "Example: concordat alteration withdraw dfe-annex-5/dfe/0001 --reason \"the old system stays\" --as a1:analyst"
    )]
    Withdraw {
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: Of,
    },
    /// List what was discussed here and there, who agreed, and how each goes on.
    #[command(after_help = "Example: concordat alteration list --json --dir ho")]
    List(At),
}

#[derive(clap::Args)]
struct Discuss {
    /// What is to change, and what of the agreement it may affect, in words that name nobody.
    #[arg(long)]
    text: String,
    /// The day on which it was discussed. [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<Date>,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    by: Acting,
}

/// One alteration.
#[derive(clap::Args)]
struct Of {
    /// Its name, as the list has it.
    name: String,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Discuss(it) => tell(&it.by.working, discuss(it).await),
        What::Notify(of) => tell(&of.acting.working, notify(of).await),
        What::Take { file, by } => tell(&by.working, take(file, by).await),
        What::Agree(of) => tell(&of.acting.working, agree(of).await),
        What::Apply { by, of } => tell(&of.acting.working, apply(by, of).await),
        What::Withdraw { reason, of } => tell(&of.acting.working, withdraw(reason, of).await),
        What::List(at) => show(at, list(at).await),
    }
}

async fn discuss(it: &Discuss) -> Result<Said, Fail> {
    let node = it.by.working.node().await?;
    let id = acting::agreement(&node, it.agreement.as_ref()).await?;
    let today = london_day(node.ports().clock.now())?;
    let op = op("alteration.discuss", format!("{id}/{}", brief(&it.text)))?;
    let what = (it.text.as_str(), it.on.unwrap_or(today));
    let done = node.discuss_alteration(&op, &id, what, &it.by.who).await?;
    let all: Vec<Alteration> = node.under(&format!("{id}/{}/", node.party())).await?;
    let name = all.iter().find(|a| a.notice().text == it.text);
    let name = name.map_or_else(String::new, Alteration::key);
    Ok(
        Said::did(format!("The alteration {name} was discussed."), done)
            .with("name", json!(name))
            .next(format!(
                "`concordat alteration notify {name}`: notice goes to the change control contacts"
            ))
            .undo("`concordat alteration withdraw`"),
    )
}

/// Writes a paper of an alteration to a file, and says where it is.
fn handed(working: &Working, paper: (&str, &str, Option<&str>), said: Said) -> Result<Said, Fail> {
    let (name, kind, note) = paper;
    let Some(note) = note.filter(|_| !working.dry_run) else {
        return Ok(said);
    };
    let folder = working.at.dir.join("alterations");
    std::fs::create_dir_all(&folder).map_err(|e| Fail::at(&folder, &e))?;
    let file = folder.join(format!("{}.{kind}.note", name.replace('/', ".")));
    house::whole(&file, note.as_bytes())?;
    Ok(said
        .line(format!("  the paper: {}", file.display()))
        .with("file", json!(file)))
}

async fn notify(of: &Of) -> Result<Said, Fail> {
    let (name, working) = (&of.name, &of.acting.working);
    let node = working.node().await?;
    let op = op("alteration.notify", name)?;
    let done = node.notify_alteration(&op, name, &of.acting.who).await?;
    let said = Said::did(format!("Notice of {name} is given, and signed."), done);
    let Some(stands) = node.find::<Alteration>(name).await? else {
        return Ok(said);
    };
    let mut said = handed(working, (name, "notice", stands.note()), said)?;
    let notice = stands.notice();
    for (party, contact) in node
        .change_control(&notice.agreement, &notice.party)
        .await?
    {
        let contact = contact.unwrap_or_else(|| "a contact that the agreement leaves open".into());
        said = said.next(format!(
            "hand the file to {party}: {contact}; its node takes it with `concordat alteration take FILE`"
        ));
    }
    Ok(said.undo("`concordat alteration withdraw`, and tell the contacts"))
}

async fn take(path: &Path, by: &Acting) -> Result<Said, Fail> {
    let note = String::from_utf8(read(path)?)
        .map_err(|_| Fail::usage(format!("{} is no signed note", path.display())))?;
    let node = by.working.node().await?;
    let op = op("alteration.take", brief(&note))?;
    let done = node.take_alteration(&op, &note, &by.who).await?;
    let all: Vec<Alteration> = node.all().await?;
    let is_this = |a: &&Alteration| {
        a.note() == Some(&note) || a.consents().values().any(|c| c.as_ref() == Some(&note))
    };
    let said = Said::did("The paper is taken.", done);
    Ok(match all.iter().find(is_this) {
        Some(a) => said
            .with("name", json!(a.key()))
            .with("state", json!(a.status()))
            .line(format!("  {}: {}", a.key(), a.notice().text))
            .next(way_on(&node, a)),
        None => said,
    }
    .undo("a paper that was taken stays; `concordat alteration withdraw` where it does not come to it"))
}

async fn agree(of: &Of) -> Result<Said, Fail> {
    let (name, working) = (&of.name, &of.acting.working);
    let node = working.node().await?;
    let op = op("alteration.agree", name)?;
    let done = node.agree_to_alteration(&op, name, &of.acting.who).await?;
    let stands: Option<Alteration> = node.find(name).await?;
    let word = stands
        .as_ref()
        .and_then(|a| a.consents().get(node.party())?.clone());
    let said = Said::did(format!("{} agrees to {name}.", node.party()), done);
    let said = handed(working, (name, "consent", word.as_deref()), said)?;
    Ok(said
        .next("hand the file to every other party, which takes it with `concordat alteration take FILE`")
        .next("nothing changes before a new version of the agreement is signed and in force")
        .undo("`concordat alteration withdraw`, and tell the others"))
}

async fn apply(by: &AgreementId, of: &Of) -> Result<Said, Fail> {
    let node = of.acting.working.node().await?;
    let op = op("alteration.apply", format!("{}/{by}", of.name))?;
    let done = node
        .apply_alteration(&op, &of.name, by, &of.acting.who)
        .await?;
    Ok(
        Said::did(format!("{} is applied by {by}.", of.name), done)
            .next("end the old version where it still runs: `concordat node notice`, or `node stand suspend`")
            .undo("another alteration, with another version"),
    )
}

async fn withdraw(reason: &str, of: &Of) -> Result<Said, Fail> {
    let node = of.acting.working.node().await?;
    let op = op("alteration.withdraw", &of.name)?;
    let done = node
        .withdraw_alteration(&op, &of.name, reason, &of.acting.who)
        .await?;
    Ok(Said::did(format!("{} is withdrawn.", of.name), done)
        .next("tell the other parties: the hub tells them nothing of it")
        .undo("write it down again: `concordat alteration discuss`"))
}

/// What comes next for an alteration at this node, and whose it is.
pub(super) fn way_on(node: &Node, alteration: &Alteration) -> String {
    use exchange::alteration::State;
    let name = alteration.key();
    match alteration.state() {
        State::Discussed => format!("`concordat alteration notify {name}`"),
        State::Notified if alteration.consents().get(node.party()) == Some(&None) => {
            format!("`concordat alteration agree {name}`, or withdraw it")
        }
        State::Notified => {
            let open = alteration.consents().iter().filter(|(_, c)| c.is_none());
            let open: Vec<_> = open.map(|(party, _)| party.to_string()).collect();
            let open = open.join(" and ");
            format!("{open} is to agree: `concordat alteration take FILE` when its paper comes")
        }
        State::Agreed => format!(
            "have the new version of the agreement signed, then `concordat alteration apply {name} --by NEW`"
        ),
        State::Applied | State::Withdrawn => "nothing".to_owned(),
    }
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let mut said = Said::shown(format!(
        "Alterations that may affect agreements of {}.",
        node.party()
    ));
    let mut items = Vec::new();
    for a in node.all::<Alteration>().await? {
        let ways = MOVES.iter().filter(|(_, from, ..)| *from == a.state());
        let ways: Vec<_> = ways
            .map(|(verb, ..)| *verb)
            .filter(|v| *v != "agree-last")
            .collect();
        let agreed = a.consents().iter().map(|(party, c)| (party, c.is_some()));
        let agreed: std::collections::BTreeMap<_, _> = agreed.collect();
        said = said.line(format!(
            "  {}: {}; next: {}",
            a.key(),
            a.status(),
            ways.join(", ")
        ));
        said = said.line(format!("    {}", a.notice().text));
        for (party, agrees) in &agreed {
            let word = if *agrees {
                "agrees"
            } else {
                "has not said that it agrees"
            };
            said = said.line(format!("    {party} {word}"));
        }
        items.push(json!({
            "name": a.key(), "notice": a.notice(), "state": a.status(), "agreed": agreed, "applied": a.applied(), "note": a.note(),
        }));
    }
    Ok(said.with("alterations", json!(items)))
}
