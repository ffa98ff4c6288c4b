//! `concordat incident`: what went wrong under an agreement, who was told of it by when, and what was decided (INC-*). The
//! hub tells nobody by itself.

use std::collections::BTreeSet;

use clap::Subcommand;
use exchange::change::Aggregate as _;
use exchange::ids::{AgreementId, HoldingId, IncidentId, PartyId, RunId};
use exchange::incident::{Answer, Answers, Category, Incident, MOVES, Nature, Stepping};
use exchange::{Node, Raised};
use jiff::Timestamp;
use serde_json::json;

use super::acting::{self, Acting, At, Said, op, show, tell};
use crate::fail::Fail;

/// Arguments of `incident`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat incident list --dir ho")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Raise an incident: from now on every contact of the agreement's annex is to be told, and until when is known.
    #[command(
        after_help = "Example: concordat incident raise inc-2026-01 contact-thread --category loss --aware 2026-02-06T16:30:00Z --run ask-2026-02 --what \"a workbook was left on a train\" --as o1:data-sharing-officer"
    )]
    Raise(Raise),
    /// Write down that you told a party's contact.
    #[command(
        after_help = "Example: concordat incident notify inc-2026-01 hmrc --as o1:data-sharing-officer"
    )]
    Notify {
        /// The incident.
        #[arg(value_parser = incident_id)]
        name: IncidentId,
        /// The party whose contact was told.
        #[arg(value_parser = party_id)]
        party: PartyId,
        /// When, where it was not now.
        #[arg(long)]
        at: Option<Timestamp>,
        #[command(flatten)]
        by: Acting,
    },
    /// Say what contains it: it spreads no further.
    #[command(
        after_help = "Example: concordat incident contain inc-2026-01 --reason \"the copies are called back\" --as o1:data-sharing-officer"
    )]
    Contain(Reasoned),
    /// Say how far it went and what harm it did.
    #[command(
        after_help = "Example: concordat incident assess inc-2026-01 --reason \"one file, nobody opened it\" --as o1:data-sharing-officer"
    )]
    Assess(Reasoned),
    /// Decide who else is told and what follows, each with yes or no and its reason.
    #[command(
        after_help = "Example: concordat incident decide inc-2026-01 --regulator \"no: nobody read it\" --subjects \"no: no risk to them\" --advice \"yes: counsel was asked\" --discipline \"no: an accident\" --as d1:data-protection-lead"
    )]
    Decide {
        /// The incident.
        #[arg(value_parser = incident_id)]
        name: IncidentId,
        /// Is the Information Commissioner told? `yes: REASON` or `no: REASON`.
        #[arg(long, value_parser = answer)]
        regulator: Answer,
        /// Are the people told whom the data is about?
        #[arg(long, value_parser = answer)]
        subjects: Answer,
        /// Is specialist advice taken?
        #[arg(long, value_parser = answer)]
        advice: Answer,
        /// Is disciplinary or criminal action taken?
        #[arg(long, value_parser = answer)]
        discipline: Answer,
        #[command(flatten)]
        by: Acting,
    },
    /// Say what came back, or that nothing can.
    #[command(
        after_help = "Example: concordat incident recover inc-2026-01 --reason \"the workbook is back\" --as o1:data-sharing-officer"
    )]
    Recover(Reasoned),
    /// Close it: nothing more is to be done.
    #[command(
        after_help = "Example: concordat incident close inc-2026-01 --reason \"all steps are taken\" --as d1:data-protection-lead"
    )]
    Close(Reasoned),
    /// Open a closed one again.
    #[command(
        after_help = "Example: concordat incident reopen inc-2026-01 --reason \"a second copy was found\" --as d1:data-protection-lead"
    )]
    Reopen(Reasoned),
    /// Say which incidents there are, who is told, and how each is moved on.
    #[command(after_help = "Example: concordat incident list --dir ho")]
    List(At),
}

#[derive(clap::Args)]
struct Raise {
    /// Its name; never a person's.
    #[arg(value_parser = incident_id)]
    name: IncidentId,
    /// The agreement under which the data was shared.
    #[arg(value_parser = acting::agreement_id)]
    agreement: AgreementId,
    /// loss, attack, wrongful-disclosure, papers-left, publication, wrong-match or other.
    #[arg(long, value_parser = category)]
    category: Category,
    /// Rules were broken: a breach, not an incident alone.
    #[arg(long)]
    breach: bool,
    /// When it happened, where that is known.
    #[arg(long)]
    happened: Option<Timestamp>,
    /// When somebody became aware of it.
    #[arg(long)]
    aware: Timestamp,
    /// A run that is concerned; may be given again.
    #[arg(long = "run", value_parser = acting::run_id)]
    runs: Vec<RunId>,
    /// A set of values that is concerned, as `concordat due` names it; may be given again.
    #[arg(long = "set", value_parser = holding_id)]
    sets: Vec<HoldingId>,
    /// Suspend the agreement with it: nothing moves under it until somebody lets it go on.
    #[arg(long)]
    suspend: bool,
    /// What happened, in words that name nobody; they are sealed.
    #[arg(long)]
    what: String,
    #[command(flatten)]
    by: Acting,
}

#[derive(clap::Args)]
struct Reasoned {
    /// The incident.
    #[arg(value_parser = incident_id)]
    name: IncidentId,
    /// What was done or found; it is sealed.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    by: Acting,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let (it, stepping) = match &args.what {
        What::List(at) => return show(at, list(at).await),
        What::Raise(it) => return tell(&it.by.working, raise(it).await),
        What::Notify {
            name,
            party,
            at,
            by,
        } => return tell(&by.working, notify(name, party, *at, by).await),
        What::Decide {
            name,
            regulator,
            subjects,
            advice,
            discipline,
            by,
        } => {
            let answers = Answers {
                regulator: regulator.clone(),
                subjects: subjects.clone(),
                advice: advice.clone(),
                discipline: discipline.clone(),
            };
            return tell(&by.working, decide(name, &answers, by).await);
        }
        What::Contain(it) => (it, Stepping::Contain),
        What::Assess(it) => (it, Stepping::Assess),
        What::Recover(it) => (it, Stepping::Recover),
        What::Close(it) => (it, Stepping::Close),
        What::Reopen(it) => (it, Stepping::Reopen),
    };
    tell(&it.by.working, step(it, stepping).await)
}

fn incident_id(text: &str) -> Result<IncidentId, String> {
    IncidentId::parse(text).map_err(|e| e.to_string())
}

fn party_id(text: &str) -> Result<PartyId, String> {
    PartyId::parse(text).map_err(|e| e.to_string())
}

fn holding_id(text: &str) -> Result<HoldingId, String> {
    HoldingId::parse(text).map_err(|e| e.to_string())
}

fn category(text: &str) -> Result<Category, String> {
    let found = Category::ALL.iter().find(|c| c.as_str() == text);
    let names: Vec<_> = Category::ALL.iter().map(|c| c.as_str()).collect();
    found
        .copied()
        .ok_or_else(|| format!("write one of {}", names.join(", ")))
}

fn answer(text: &str) -> Result<Answer, String> {
    let (word, reason) = text.split_once(':').unwrap_or((text, ""));
    let is_yes = match word.trim() {
        "yes" => true,
        "no" => false,
        _ => return Err("write `yes: REASON` or `no: REASON`".into()),
    };
    Ok(Answer {
        is_yes,
        reason: reason.trim().to_owned(),
    })
}

async fn raise(it: &Raise) -> Result<Said, Fail> {
    let node = it.by.working.node().await?;
    let nature = if it.breach {
        Nature::Breach
    } else {
        Nature::Incident
    };
    let raised = Raised {
        nature,
        category: it.category,
        happened: it.happened,
        aware: it.aware,
        runs: BTreeSet::from_iter(it.runs.clone()),
        sets: BTreeSet::from_iter(it.sets.clone()),
        suspends: it.suspend,
        what: it.what.clone(),
    };
    let (name, who) = (&it.name, &it.by.who);
    let op = op("incident-raise", name)?;
    let done = node
        .raise_incident(&op, name, &it.agreement, raised, who)
        .await?;
    let mut said = Said::did(format!("The incident {name} is raised."), done)
        .next("tell each contact, then `concordat incident notify`: `concordat due` says whom, and by when")
        .undo("it stays in the ledger: tell the contacts, and close it with the reason");
    if it.suspend {
        said = said.line(format!("  {} is suspended with it", it.agreement));
    }
    Ok(said)
}

/// The operation of this step; how often the incident has changed tells its repeats apart.
async fn changed(
    node: &Node,
    verb: &str,
    name: &IncidentId,
) -> Result<exchange::ids::OperationId, Fail> {
    let stands: Option<Incident> = node.find(name.as_str()).await?;
    let changes = stands.map_or(0, |incident| incident.version());
    op(&format!("incident-{verb}"), format!("{name}/{changes}"))
}

async fn notify(
    name: &IncidentId,
    party: &PartyId,
    at: Option<Timestamp>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let at = at.unwrap_or_else(|| node.ports().clock.now());
    let op = op("incident-notify", format!("{name}/{party}"))?;
    let done = node.notify_incident(&op, name, party, at, &by.who).await?;
    Ok(
        Said::did(format!("{party} was told of {name} at {at}."), done)
            .next("`concordat incident list` says who else is to be told")
            .undo("a notice stands: tell the contact what has changed"),
    )
}

async fn decide(name: &IncidentId, answers: &Answers, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = changed(&node, "decide", name).await?;
    let done = node.decide_incident(&op, name, answers, &by.who).await?;
    Ok(
        Said::did(format!("What follows from {name} is decided."), done)
            .next(format!("`concordat incident recover {name} --reason R`"))
            .undo("close it and open it again, to decide anew"),
    )
}

async fn step(it: &Reasoned, step: Stepping) -> Result<Said, Fail> {
    let Reasoned { name, reason, by } = it;
    let node = by.working.node().await?;
    let op = changed(&node, step.as_str(), name).await?;
    let done = node.step_incident(&op, name, step, reason, &by.who).await?;
    let incident: Option<Incident> = node.find(name.as_str()).await?;
    let state = incident.map_or("as it was", |incident| incident.status());
    Ok(Said::did(format!("The incident {name} is {state}."), done)
        .next("`concordat incident list` says what comes next")
        .undo("close it and open it again: what was said stays in the ledger"))
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let all: Vec<Incident> = node.all().await?;
    let mut said = Said::shown(format!("{} incidents at {}.", all.len(), node.party()));
    for incident in &all {
        let (name, state) = (incident.name(), incident.state());
        let ways = MOVES.iter().filter(|(_, from, _, _)| *from == state);
        let ways: Vec<_> = ways
            .map(|(verb, _, _, _)| *verb)
            .filter(|verb| *verb != "notify-last")
            .collect();
        said = said.line(format!(
            "  {name} ({}) under {} is {}; next: {}",
            incident.category().as_str(),
            incident.agreement(),
            state.name(),
            ways.join(", ")
        ));
        for (party, notice) in incident.notices() {
            said = said.line(match notice {
                Some(n) if n.is_late => format!("    {party} was told at {}, LATE", n.at),
                Some(n) => format!("    {party} was told at {}", n.at),
                None => format!("    {party} is to be told by {}", incident.due()),
            });
        }
    }
    let json = all.iter().map(|i| {
        json!({ "incident": i.name(), "agreement": i.agreement(), "category": i.category(), "state": i.state(), "due": i.due(), "notices": i.notices() })
    });
    let json: Vec<_> = json.collect();
    Ok(said.with("incidents", json!(json)))
}
