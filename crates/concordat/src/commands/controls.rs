//! The checklist of an agreement's controls, who says that each is in place and what is still open (SEC-03, SEC-04); and the
//! reviews that an agreement promises (SEC-10).

use exchange::change::Aggregate as _;
use exchange::controls::{FRAMEWORKS, Framework, Stating, framework};
use exchange::deadline::london_day;
use exchange::ids::AgreementId;
use jiff::civil::Date;
use serde_json::json;

use super::acting::{self, Acting, At, Said, agreement_id, op};
use crate::fail::Fail;

/// Arguments of `node control`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat node control spf --edition \"April 2014\" --evidence \"security assurance statement 12\" --as i1:iao"
)]
pub(super) struct Control {
    /// The framework: spf (Security Policy Framework), gsc (Government Security Classifications) or ias6 (Information
    /// Assurance Standard 6).
    #[arg(value_parser = of_name)]
    framework: &'static Framework,
    /// The controls. [default: all of the framework]
    #[arg(long, value_name = "NAME")]
    control: Vec<String>,
    /// The version of the framework that was looked at.
    #[arg(long)]
    edition: String,
    /// What it rests on.
    #[arg(long)]
    evidence: String,
    /// The day for which it is said. [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<Date>,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    pub(super) by: Acting,
}

/// Arguments of `node checklist`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat node checklist contact-thread")]
pub(super) struct Checklist {
    /// The agreement. [default: the only one on the table]
    #[arg(value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    pub(super) at: At,
}

/// Arguments of `node reviewed`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat node reviewed risks --reason \"minutes of the security board, 3 March\" --as r1:siro"
)]
pub(super) struct Reviewed {
    /// The review's name, as `concordat due` has it: risks, or clock-2 for the second clock of the agreement's file.
    review: String,
    /// Where what came of it is written.
    #[arg(long)]
    reason: String,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    pub(super) by: Acting,
}

fn of_name(text: &str) -> Result<&'static Framework, String> {
    framework(text).ok_or_else(|| {
        let names: Vec<&str> = FRAMEWORKS.iter().map(|f| f.name).collect();
        format!("write one of: {}", names.join(", "))
    })
}

pub(super) async fn state(args: &Control) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let id = acting::agreement(&node, args.agreement.as_ref()).await?;
    let (pact, _) = node.agreement(&id).await?;
    let today = london_day(node.ports().clock.now())?;
    let of = args.framework;
    let all = || of.controls.iter().map(|c| (*c).to_owned()).collect();
    let what = Stating {
        framework: of,
        controls: &Some(args.control.clone())
            .filter(|named| !named.is_empty())
            .unwrap_or_else(all),
        version: &args.edition,
        evidence: &args.evidence,
        on: args.on.unwrap_or(today),
    };
    // Each time is another act: how often the agreement has changed tells them apart.
    let op = op("controls", format!("{id}/{}/{}", of.name, pact.version()))?;
    let done = node.state_controls(&op, &id, &what, &args.by.who).await?;
    let (pact, _) = node.agreement(&id).await?;
    let said = Said::did(
        format!(
            "That controls of the {} are in place is written down.",
            of.title
        ),
        done,
    )
    .with("complete", json!(pact.controls().is_complete()));
    Ok(match pact.in_force(today) {
        Ok(()) => said.next("the agreement is in force here"),
        Err(open) => open
            .iter()
            .fold(said, |said, refusal| said.next(refusal.what.clone())),
    }
    .undo("say what is so now: the later word stands, and both are in the ledger"))
}

pub(super) async fn reviewed(args: &Reviewed) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let id = acting::agreement(&node, args.agreement.as_ref()).await?;
    let (pact, _) = node.agreement(&id).await?;
    let name = &args.review;
    let op = op("reviewed", format!("{id}/{name}/{}", pact.version()))?;
    let done = node
        .review_done(&op, &id, name, &args.reason, &args.by.who)
        .await?;
    let all = node.reviews().await?;
    let next = all.iter().find(|r| r.agreement == id && r.name == *name);
    let next = next.map(|r| r.on);
    let mut said = Said::did(format!("The review {name} of {id} is done."), done)
        .with("next", json!(next))
        .undo("do it again, and say so: the next is counted from the last");
    if let Some(day) = next {
        said = said.next(format!("the next one is due on {day}"));
    }
    Ok(said)
}

pub(super) async fn list(args: &Checklist) -> Result<Said, Fail> {
    let node = args.at.node().await?;
    let id = acting::agreement(&node, args.agreement.as_ref()).await?;
    let (pact, _) = node.agreement(&id).await?;
    let mut said = Said::shown(format!(
        "The controls that {id} is kept under, at {}.",
        node.party()
    ));
    let mut items = Vec::new();
    for (key, stated) in pact.controls().items() {
        said = said.line(match stated {
            Some(s) => format!(
                "  {key}: in place on {}, edition {}, says {}",
                s.on, s.version, s.by
            ),
            None => format!("  {key}: nobody has said that it is in place"),
        });
        let (version, by, on) = (
            stated.map(|s| &s.version),
            stated.map(|s| &s.by),
            stated.map(|s| s.on),
        );
        items.push(json!({ "control": key, "edition": version, "by": by, "on": on }));
    }
    Ok(said
        .with("complete", json!(pact.controls().is_complete()))
        .with("controls", json!(items)))
}
