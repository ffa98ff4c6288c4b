//! `concordat assurance`: the signed word of another party that it keeps what it undertook, asked for and given as files (AUD-02).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use exchange::Asking;
use exchange::assurance::{Assurance, State};
use exchange::change::Aggregate as _;
use exchange::deadline::london_day;
use exchange::ids::{AgreementId, PartyId};
use jiff::civil::Date;
use serde_json::json;

use super::acting::{self, Acting, At, Said, Working, agreement_id, brief, op, show, tell};
use super::shelf::read;
use crate::fail::Fail;
use crate::house;

/// Arguments of `assurance`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat assurance list --dir ho")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ask another party for an assurance about days that are over; the signed request is a file to hand over.
    #[command(
        after_help = "Example: concordat assurance ask hmrc --from 2026-01-01 --until 2026-06-30 --by 2026-07-31 --as o1:data-sharing-officer"
    )]
    Ask(Ask),
    /// Take the file that a partner handed over: a request, or the assurance that was asked for.
    #[command(
        after_help = "Example: concordat assurance take ho/assurances/contact-thread.ho.hmrc.0001.asked.note --as a1:analyst"
    )]
    Take {
        /// The signed note.
        file: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Give an assurance for this party: all was kept but what you name. The signed note is a file to hand over.
    #[command(
        after_help = "Example: concordat assurance give contact-thread/ho/hmrc/0001 --not-kept \"retention=one workbook was destroyed two days late\" --as i1:iao"
    )]
    Give {
        /// Its name, as the list has it.
        name: String,
        /// An undertaking that was not kept, and why, in words that name nobody; may be given again.
        #[arg(long, value_name = "UNDERTAKING=WHY", value_parser = not_kept)]
        not_kept: Vec<(String, String)>,
        #[command(flatten)]
        by: Acting,
    },
    /// Wait for it no longer, and say why. The other party is told by a person.
    #[command(
        after_help = "Example: concordat assurance drop contact-thread/ho/hmrc/0001 --reason \"the audit report has it\" --as o1:data-sharing-officer"
    )]
    Drop {
        /// Its name, as the list has it.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// List what was asked here and there, and what an agreement's undertakings are.
    #[command(after_help = "Example: concordat assurance list --json --dir ho")]
    List(At),
}

#[derive(clap::Args)]
struct Ask {
    /// The party that is to give it.
    #[arg(value_parser = party_id)]
    giver: PartyId,
    /// The first day that it is about.
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// The last day that it is about.
    #[arg(long, value_name = "DAY")]
    until: Date,
    /// The day by which it is to be given.
    #[arg(long, value_name = "DAY")]
    by: Date,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    acting: Acting,
}

fn party_id(text: &str) -> Result<PartyId, String> {
    PartyId::parse(text).map_err(|e| e.to_string())
}

fn not_kept(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(n, w)| (n.trim(), w.trim()));
    pair.map(|(name, why)| (name.to_owned(), why.to_owned()))
        .ok_or_else(|| "write UNDERTAKING=WHY, such as retention=\"destroyed late\"".into())
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Ask(it) => tell(&it.acting.working, ask(it).await),
        What::Take { file, by } => tell(&by.working, take(file, by).await),
        What::Give { name, not_kept, by } => tell(&by.working, give(name, not_kept, by).await),
        What::Drop { name, reason, by } => tell(&by.working, dropped(name, reason, by).await),
        What::List(at) => show(at, list(at).await),
    }
}

async fn ask(it: &Ask) -> Result<Said, Fail> {
    let working = &it.acting.working;
    let node = working.node().await?;
    let asking = Asking {
        agreement: acting::agreement(&node, it.agreement.as_ref()).await?,
        giver: it.giver.clone(),
        from: it.from,
        until: it.until,
        by: it.by,
    };
    let (id, giver) = (asking.agreement.clone(), &it.giver);
    let op = op(
        "assurance.ask",
        format!("{id}/{giver}/{}/{}", it.from, it.until),
    )?;
    let done = node.ask_assurance(&op, asking, &it.acting.who).await?;
    let all: Vec<Assurance> = node
        .under(&format!("{id}/{}/{giver}/", node.party()))
        .await?;
    let is_this = |a: &&Assurance| a.asked().from == it.from && a.asked().until == it.until;
    let said = Said::did(format!("{giver} is asked for an assurance."), done);
    let said = match all.iter().rfind(is_this) {
        Some(asked) => handed(working, asked, said)?,
        None => said,
    };
    Ok(said
        .next(format!(
            "hand the file to {giver}, who takes it with `concordat assurance take FILE`"
        ))
        .undo("`concordat assurance drop NAME --reason R`, and tell them"))
}

/// Writes the paper of an assurance to a file, and says where it is.
fn handed(working: &Working, assurance: &Assurance, said: Said) -> Result<Said, Fail> {
    let name = assurance.key();
    let said = said
        .line(format!("  its name: {name}"))
        .with("name", json!(name));
    if working.dry_run {
        return Ok(said);
    }
    let file = format!("{}.{}.note", name.replace('/', "."), assurance.status());
    let folder = working.at.dir.join("assurances");
    std::fs::create_dir_all(&folder).map_err(|e| Fail::at(&folder, &e))?;
    let file = folder.join(file);
    house::whole(&file, assurance.paper().as_bytes())?;
    Ok(said
        .line(format!("  the paper: {}", file.display()))
        .with("file", json!(file)))
}

async fn take(path: &Path, by: &Acting) -> Result<Said, Fail> {
    let note = String::from_utf8(read(path)?)
        .map_err(|_| Fail::usage(format!("{} is no signed note", path.display())))?;
    let node = by.working.node().await?;
    let op = op("assurance.take", brief(&note))?;
    let done = node.take_assurance(&op, &note, &by.who).await?;
    let all: Vec<Assurance> = node.all().await?;
    let taken = all.iter().find(|a| a.paper() == note);
    let said = Said::did("The paper is taken.", done);
    Ok(match taken {
        Some(a) if a.state() == State::ToGive => said
            .with("name", json!(a.key()))
            .next(format!(
                "by {}, the information asset owner or the senior information risk owner gives it: `concordat assurance give {}`",
                a.asked().by, a.key()
            )),
        Some(a) => {
            let said = said.with("name", json!(a.key())).with("not_kept", json!(a.not_kept()));
            let kept = a.not_kept().iter();
            kept.fold(said, |said, (name, why)| said.line(format!("  not kept: {name}: {why}")))
                .next("read it: it is what they say, and an audit shows whether it is so")
        }
        None => said,
    }
    .undo("a paper that was taken stays; ask for another"))
}

async fn give(name: &str, not_kept: &[(String, String)], by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let not_kept: BTreeMap<String, String> = not_kept.iter().cloned().collect();
    let op = op("assurance.give", name)?;
    let done = node.give_assurance(&op, name, not_kept, &by.who).await?;
    let given: Option<Assurance> = node.find(name).await?;
    let said = Said::did("The assurance is given, and signed.", done);
    let said = match &given {
        Some(given) => handed(&by.working, given, said)?,
        None => said,
    };
    Ok(said
        .next("hand the file to the party that asked; whoever has this party's public key can check it: `concordat verify FILE --note --key KEY`")
        .undo("what is signed is signed: say what is so in the next one, and tell them now"))
}

async fn dropped(name: &str, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("assurance.drop", name)?;
    let done = node.drop_assurance(&op, name, reason, &by.who).await?;
    Ok(
        Said::did(format!("The assurance {name} is not waited for."), done)
            .next("tell the other party: the hub tells them nothing of it")
            .undo("`concordat assurance ask` for another"),
    )
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let today = london_day(node.ports().clock.now())?;
    let mut said = Said::shown(format!("Assurances at {}.", node.party()));
    let mut items = Vec::new();
    let mut undertakings = BTreeMap::new();
    for a in node.all::<Assurance>().await? {
        let (asked, name) = (a.asked(), a.key());
        let is_late = a.is_late(today);
        let late = if is_late { ", LATE" } else { "" };
        said = said.line(format!(
            "  {name}: {} to {}, {} by {}{late}",
            asked.from,
            asked.until,
            a.status(),
            asked.by
        ));
        for (name, why) in a.not_kept() {
            said = said.line(format!("    not kept: {name}: {why}"));
        }
        if !undertakings.contains_key(&asked.agreement) {
            let (_, plan) = node.agreement(&asked.agreement).await?;
            undertakings.insert(asked.agreement.clone(), plan.undertakings.clone());
        }
        items.push(json!({ "name": name, "asked": asked, "state": a.status(), "late": is_late, "not_kept": a.not_kept(), "note": a.note() }));
    }
    for (id, all) in &undertakings {
        said = said.line(format!("  What the parties of {id} undertook:"));
        for (name, text) in all {
            said = said.line(format!("    {name}: {text}"));
        }
    }
    Ok(said
        .with("assurances", json!(items))
        .with("undertakings", json!(undertakings)))
}
