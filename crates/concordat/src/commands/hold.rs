//! `concordat hold`: suspends the destruction of exactly what it names, with the reason, the owner and the day of review
//! (RET-13). A hold never ends by itself.

use clap::Subcommand;
use exchange::change::Aggregate as _;
use exchange::ids::{HoldingId, StaffId};
use exchange::retention::{Cause, Holding, LegalHold};
use jiff::civil::Date;
use serde_json::json;

use super::acting::{self, Acting, At, Said, brief, op, show, tell};
use crate::fail::Fail;

/// Arguments of `hold`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat hold place sar-2026-014 ask-2026-12/ask.1/extract --rows 4 --cause subject-access --owner d1 --review 2027-01-31 --reason \"the request is being answered\" --as d1:data-protection-lead"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Suspend the destruction of a set of values, or of single rows of it.
    #[command(
        after_help = "Example: concordat hold place sar-2026-014 ask-2026-12/ask.1/extract --rows 4 --cause subject-access --owner d1 --review 2027-01-31 --reason \"the request is being answered\" --as d1:data-protection-lead"
    )]
    Place {
        /// The name of the hold, such as that of the request; never a person's.
        name: String,
        /// The set of values, as `concordat due` names it.
        holding: String,
        /// Only these rows of it: 4, or 1,4-6. All else dies on its date.
        #[arg(long, value_parser = acting::rows)]
        rows: Option<acting::Rows>,
        /// Why: subject-access, freedom-of-information, dispute, incident, audit or court.
        #[arg(long, value_parser = cause)]
        cause: Cause,
        /// Who answers for the hold: a staff handle.
        #[arg(long)]
        owner: String,
        /// The day on which a person looks at it again.
        #[arg(long)]
        review: Date,
        /// Why, in words; they are sealed.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Let the destruction of all that a hold names go on: what is past its date dies now.
    #[command(
        after_help = "Example: concordat hold release sar-2026-014 --reason \"the request is answered\" --as d1:data-protection-lead"
    )]
    Release {
        /// The name of the hold.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Say what is held, why, and when it is looked at again.
    #[command(after_help = "Example: concordat hold list --dir ho")]
    List(At),
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Place {
            name,
            holding,
            rows,
            cause,
            owner,
            review,
            reason,
            by,
        } => {
            let hold = LegalHold {
                cause: *cause,
                owner: StaffId::parse(owner)?,
                review: *review,
            };
            let rows = rows.as_ref().map_or(&[][..], |rows| &rows.0);
            tell(
                &by.working,
                place(name, holding, rows, hold, reason, by).await,
            )
        }
        What::Release { name, reason, by } => tell(&by.working, release(name, reason, by).await),
        What::List(at) => show(at, list(at).await),
    }
}

fn cause(text: &str) -> Result<Cause, String> {
    let all = || Cause::ALL.iter().map(|cause| cause.as_str());
    let found = Cause::ALL.iter().find(|cause| cause.as_str() == text);
    let names: Vec<_> = all().collect();
    found
        .copied()
        .ok_or_else(|| format!("write one of {}", names.join(", ")))
}

async fn place(
    name: &str,
    holding: &str,
    rows: &[u64],
    hold: LegalHold,
    reason: &str,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let (id, of) = (HoldingId::parse(name)?, HoldingId::parse(holding)?);
    let review = hold.review;
    let parts: Vec<String> = match rows {
        [] => vec![of.to_string()],
        rows => rows.iter().map(|n| format!("{of}/row/{n:06}")).collect(),
    };
    let standing = node.find_many::<Holding>(&parts).await?;
    let is_held = |part: &String| {
        let held = standing
            .get(part)
            .map(|h| h.holds().any(|(name, _)| *name == id));
        held.unwrap_or(false)
    };
    // Twice is once while it stands; after a release the same hold is another one.
    let done = if parts.iter().all(is_held) {
        Vec::new()
    } else {
        let whole: Option<Holding> = node.find(of.as_str()).await?;
        let version = whole.map_or(0, |whole| whole.version());
        let op = op(
            "hold",
            format!("{id}/{}", brief(&format!("{of} {rows:?} {version}"))),
        )?;
        node.place_hold(&op, &id, &of, rows, hold, reason, &by.who)
            .await?
    };
    let what = match rows {
        [] => format!("{of} is held under {id}."),
        rows => format!(
            "{} rows of {of} are held under {id}, each under a key of its own.",
            rows.len()
        ),
    };
    Ok(Said::did(what, done)
        .next(format!(
            "it is looked at again on {review}: `concordat due` says so"
        ))
        .undo(format!("`concordat hold release {id} --reason R`")))
}

async fn release(name: &str, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = HoldingId::parse(name)?;
    // The same name can hold something again later: that is another release.
    let held: Vec<_> = node.all::<Holding>().await?;
    let held = held
        .iter()
        .filter(|h| h.holds().any(|(name, _)| *name == id));
    let held: Vec<_> = held.map(|h| h.id().to_string()).collect();
    let op = op("release", format!("{id}/{}", brief(&held.join(" "))))?;
    let done = node.release_hold(&op, &id, reason, &by.who).await?;
    Ok(Said::did(format!("{id} holds nothing any more."), done)
        .next("`concordat node work` destroys what is past its date")
        .undo("what is not destroyed yet can be held again"))
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let all: Vec<Holding> = node.all().await?;
    let held = all.iter().flat_map(|holding| {
        holding
            .holds()
            .map(move |(name, hold)| (holding, name, hold))
    });
    let held: Vec<_> = held.collect();
    let mut said = Said::shown(format!(
        "{} holds on sets of values at {}.",
        held.len(),
        node.party()
    ));
    for (holding, name, hold) in &held {
        let (id, rows, cause) = (holding.id(), holding.rows(), hold.cause.as_str());
        said = said.line(format!(
            "  {name} ({cause}) holds {id} ({rows} rows); looked at again on {}",
            hold.review
        ));
    }
    let json = held.iter().map(|(holding, name, hold)| {
        json!({ "hold": name, "holding": holding.id(), "cause": hold.cause, "review": hold.review, "owner": hold.owner })
    });
    let json: Vec<_> = json.collect();
    Ok(said.with("holds", json!(json)))
}
