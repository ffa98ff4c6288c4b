//! `concordat audit`: who looked whom up, which look-ups to ask about, and what an auditor makes of each. Reading them is
//! an act of its own with its own entry, so there is no dry run of it.

mod evaluate;

use clap::Subcommand;
use exchange::authority::Person;
use exchange::ids::{StaffId, SubjectId};
use exchange::lookup::{Audited, Period, Queue};
use jiff::civil::Date;
use serde_json::json;
use sim::look_ups::Department;

use super::acting::{Acting, At, Said, brief, op, person, show, tell};
use super::lookup::{asked_for, each, staff_id};
use crate::fail::Fail;

/// Arguments of `audit`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat audit lookups --from 2026-02-01 --to 2026-02-28 --as u1:access-auditor"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The look-ups of a period, of one member of staff or of all: who, when, about whom, why, what came of it; and who
    /// was given received values, which and what for.
    #[command(
        after_help = "Example: concordat audit lookups --user c1 --from 2026-02-01 --to 2026-02-28 --as u1:access-auditor"
    )]
    Lookups {
        /// The member of staff. [default: all]
        #[arg(long, value_parser = staff_id)]
        user: Option<StaffId>,
        #[command(flatten)]
        of: Of,
    },
    /// The look-ups to ask about: those that no work explains, the oddest first, and some that were drawn at random.
    #[command(
        after_help = "Example: concordat audit queue --from 2026-02-01 --to 2026-02-28 --as u1:access-auditor"
    )]
    Queue {
        /// At most so many of those that no work explains.
        #[arg(long, default_value_t = 50)]
        most: usize,
        /// So many of those that work explains, drawn at random.
        #[arg(long, default_value_t = 10)]
        samples: usize,
        #[command(flatten)]
        of: Of,
    },
    /// Say what you make of a look-up of somebody else.
    #[command(
        after_help = "Example: concordat audit review 2026-02-03/01770109200000000/0f1e --reason \"the duty desk took the call\" --as u1:access-auditor\nExample: concordat audit review 2026-02-03/01770109200000000/0f1e --concern --reason \"no case, at night\" --as u1:access-auditor"
    )]
    Review {
        /// The look-up, as `audit queue` names it.
        id: String,
        /// It is a cause for concern, to be taken up with the person's manager.
        #[arg(long)]
        concern: bool,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Measure on simulated logs how the look-ups are sorted: how much of what was planted lies in the first 5 % of the
    /// queue, and how much honest work is explained. No node is needed.
    #[command(after_help = "Example: concordat audit evaluate --seed 101 --logs 5")]
    Evaluate {
        /// The seed of the first log; each further one has the next.
        #[arg(long, default_value_t = 101)]
        seed: u64,
        /// How many logs, which are counted together.
        #[arg(long, default_value_t = 1)]
        logs: u64,
        /// Teams of ten.
        #[arg(long, default_value_t = 20)]
        teams: u64,
        /// Working days.
        #[arg(long, default_value_t = 60)]
        days: u64,
        /// As if the case register knew of no cases.
        #[arg(long)]
        without_cases: bool,
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the keyed hash of a reference, by which staff.toml names whom to watch. The reference is asked for, or read
    /// from the first line of the standard input.
    #[command(after_help = "Example: concordat audit key --dir ho")]
    Key(At),
}

/// Whose look at which period it is.
#[derive(clap::Args)]
struct Of {
    /// The first day.
    #[arg(long)]
    from: Date,
    /// The last day.
    #[arg(long)]
    to: Date,
    /// Who audits: a staff handle and a role. The local single-user mode: whoever can read the node's keys is believed.
    #[arg(long = "as", value_name = "STAFF:ROLE", value_parser = person)]
    who: Person,
    #[command(flatten)]
    at: At,
}

impl Of {
    fn period(&self) -> Period {
        Period {
            from: self.from,
            to: self.to,
        }
    }
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Lookups { user, of } => show(&of.at, lookups(user.as_ref(), of).await),
        What::Queue { most, samples, of } => show(&of.at, queue((*most, *samples), of).await),
        What::Review {
            id,
            concern,
            reason,
            by,
        } => tell(&by.working, review(id, *concern, reason, by).await),
        What::Evaluate {
            seed,
            logs,
            teams,
            days,
            without_cases,
            json,
        } => {
            let size = |seed| Department {
                seed,
                teams: *teams,
                days: *days,
            };
            evaluate::evaluate(
                (*seed..seed.saturating_add(*logs)).map(size),
                *without_cases,
                *json,
            )
        }
        What::Key(at) => show(at, key(at).await),
    }
}

async fn lookups(user: Option<&StaffId>, of: &Of) -> Result<Said, Fail> {
    let node = of.at.node().await?;
    let (_, all) = node
        .look_ups(&each("look-ups.read")?, of.period(), user, &of.who)
        .await?;
    let said = Said::shown(format!(
        "{} look-ups from {} to {}.",
        all.len(),
        of.from,
        of.to
    ));
    let mut said = all.iter().fold(said, |said, one| said.line(line(one)));
    let (_, uses) = node
        .value_uses(&each("value-uses.read")?, of.period(), user, &of.who)
        .await?;
    said = said.line(format!("{} uses of received values.", uses.len()));
    for one in &uses {
        said = said.line(format!(
            "  {}  {:<12} {:<12} row {} of {} in {}, {} fields, for {}",
            one.at,
            one.user.as_str(),
            one.role.as_str(),
            one.row,
            one.flow,
            one.run,
            one.fields,
            one.purpose
        ));
    }
    Ok(said.with("look_ups", json!(all)).with("uses", json!(uses)))
}

fn line(one: &Audited) -> String {
    let told = match &one.texts {
        None => "the evidence of its year is destroyed".to_owned(),
        Some(texts) => format!(
            "{}/{}; person {}, case {}; {}{}",
            texts.get("unit"),
            texts.get("team"),
            texts.get("person"),
            texts.get("case"),
            texts.get("reason"),
            match texts.get("rules") {
                "" => String::new(),
                rules => format!("; rules: {rules}"),
            },
        ),
    };
    format!(
        "  {}  {:<12} {:<12} {told}",
        one.at,
        one.user.as_str(),
        one.outcome.name()
    )
}

async fn queue(size: (usize, usize), of: &Of) -> Result<Said, Fail> {
    let node = of.at.node().await?;
    let (_, queue) = node
        .look_up_queue(&each("look-ups.queue")?, of.period(), size, &of.who)
        .await?;
    let Some(queue) = queue else {
        return Err(Fail::no("this queue was given before: ask again"));
    };
    let Queue {
        explained,
        unexplained,
        ..
    } = queue;
    let mut said = Said::shown(format!(
        "From {} to {}: work explains {explained} look-ups, and not {unexplained}.",
        of.from, of.to
    ));
    for alert in &queue.alerts {
        said = said.line(format!(
            "  ALERT {} {}: {}",
            alert.day, alert.user, alert.what
        ));
    }
    for one in &queue.queued {
        said = said
            .line(format!("  {}", one.look_up.id))
            .line(line(&one.look_up))
            .line(format!("    {} points: {}", one.score, one.why.join("; ")));
    }
    if queue.unreadable > 0 {
        said = said.line(format!("  {} cannot be read any more", queue.unreadable));
    }
    Ok(said.with("queue", json!(queue)).next(
        "ask whoever looked, and say what you make of it: `concordat audit review ID --reason R`",
    ))
}

async fn review(id: &str, concern: bool, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("look-up.review", brief(&format!("{id} {}", by.who.staff)))?;
    let done = node
        .review_look_up(&op, id, concern, reason, &by.who)
        .await?;
    let what = if concern {
        "is a cause for concern"
    } else {
        "is in order"
    };
    let said = Said::did(format!("This look-up {what}."), done)
        .undo("what was said stands, with its reason, in the ledger");
    Ok(match concern {
        true => said
            .next("take it up with the manager of whoever looked: the hub does nothing by itself"),
        false => said,
    })
}

async fn key(at: &At) -> Result<Said, Fail> {
    let reference = asked_for()?;
    let node = at.node().await?;
    let key = node.ports().vault.lookup_key(&reference).await;
    let key = SubjectId::parse(key.map_err(exchange::Trouble::from)?)?;
    Ok(Said::shown(key.as_str()).with("key", json!(key)))
}
