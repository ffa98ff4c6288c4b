//! `concordat session`: who is signed in to the service, and the end of somebody's sessions at every server process.

use clap::Subcommand;
use exchange::ids::StaffId;
use exchange::session::{LONGEST, Session};
use jiff::Timestamp;
use serde_json::json;

use super::acting::{Acting, At, Said, brief, op, show, tell};
use crate::fail::Fail;

/// Arguments of `session`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat session end c1 --as o1:data-sharing-officer")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// End all sessions of a person: their next request is refused. Taken out of access.toml, they cannot sign in again.
    #[command(after_help = "Example: concordat session end c1 --as o1:data-sharing-officer")]
    End {
        /// Whose: a staff handle.
        staff: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Say who is signed in, and since when.
    #[command(after_help = "Example: concordat session list --dir ho")]
    List(At),
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::End { staff, by } => tell(&by.working, end(staff, by).await),
        What::List(at) => show(at, list(at).await),
    }
}

async fn end(staff: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let staff = StaffId::parse(staff)?;
    let open: Vec<Session> = node.in_state("open").await?;
    // What is ended are the sessions of this moment; later ones are another act.
    let ids: Vec<_> = open.iter().map(|one| one.id().to_string()).collect();
    let op = op("session-end", format!("{staff}/{}", brief(&ids.join(" "))))?;
    let done = node.revoke_sessions(&op, &staff, &by.who).await?;
    Ok(Said::did(format!("{staff} is signed in no more."), done)
        .next("whoever must not sign in again is taken out of access.toml")
        .undo("they can sign in again while access.toml lists them"))
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let now = node.ports().clock.now();
    let open: Vec<Session> = node.in_state("open").await?;
    let signed: Vec<_> = open.iter().filter_map(|one| one.signed(now)).collect();
    let mut said = Said::shown(format!(
        "{} sessions at {}; one that is not used for a quarter of an hour is over, and may be here still.",
        signed.len(),
        node.party()
    ));
    let ends = |opened: Timestamp| opened.checked_add(LONGEST).ok();
    let until = |opened| ends(opened).map_or("its end".into(), |at: Timestamp| at.to_string());
    for one in &signed {
        said = said.line(format!(
            "  {} signed in at {}; until {} at the latest",
            one.staff,
            one.signed_in,
            until(one.opened)
        ));
    }
    let json = signed.iter().map(|one| {
        json!({ "staff": one.staff, "signed_in": one.signed_in, "opened": one.opened, "ends": ends(one.opened) })
    });
    let json: Vec<_> = json.collect();
    Ok(said.with("sessions", json!(json)))
}
