//! What stands before a decision counts, and what follows: a review of every controller, a senior person's word, that
//! somebody was told (CHILD-05, CHILD-06).

use exchange::About;
use exchange::change::Aggregate as _;
use exchange::decision::Decision;
use exchange::ids::{AgreementId, FlowId, PartyId, RunId};
use serde_json::json;

use super::acting::{self, Acting, Said, agreement_id, flow_id, op, run_id};
use crate::fail::Fail;

/// A decision about a row.
#[derive(clap::Args)]
struct Which {
    /// The agreement's name of the decision.
    decision: String,
    /// The run of the row that it is about.
    #[arg(long, value_parser = run_id)]
    run: RunId,
    /// The flow of the row that it is about.
    #[arg(long, value_parser = flow_id)]
    flow: FlowId,
    /// The row that it is about.
    #[arg(long)]
    row: u64,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
}

/// Arguments of `review second`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat review second refer --run monthly-2016-04 --flow reply --row 1 --reason \"the referral helps the child\" --as r1:siro"
)]
pub(super) struct Second {
    #[command(flatten)]
    which: Which,
    /// Do not agree.
    #[arg(long)]
    decline: bool,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    pub(super) by: Acting,
}

/// Arguments of `review told`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat review told refer --run monthly-2016-04 --flow reply --row 1 --to nrpf-connect --as c1:caseworker"
)]
pub(super) struct Told {
    #[command(flatten)]
    which: Which,
    /// Whom you told, as the agreement names them.
    #[arg(long)]
    to: String,
    #[command(flatten)]
    pub(super) by: Acting,
}

/// Arguments of `node set-up`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat node set-up notify-minors --party dfe --reason \"minutes of the joint review, 3 June\" --as o1:data-sharing-officer"
)]
pub(super) struct SetUp {
    /// The agreement's name of the decision that is off until then.
    decision: String,
    /// The controller that reviewed it and agreed.
    #[arg(long, value_parser = party_id)]
    party: PartyId,
    /// Where that is written down.
    #[arg(long)]
    reason: String,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    pub(super) by: Acting,
}

fn party_id(text: &str) -> Result<PartyId, String> {
    PartyId::parse(text).map_err(|e| e.to_string())
}

pub(super) async fn second(args: &Second) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let id = acting::agreement(&node, args.which.agreement.as_ref()).await?;
    let about = args.which.about();
    let decision = args.which.decision.as_str();
    let key = Decision::key_of(decision, &about.key(&id));
    // Each time that it was asked for is decided once.
    let stands: Option<Decision> = node.find(&key).await?;
    let times = stands.map_or(0, |d| d.times());
    let op = op("second", format!("{key}/{times}"))?;
    let word = (!args.decline, args.reason.as_str());
    let done = node
        .second_decision(&op, (&id, decision), &about, word, &args.by.who)
        .await?;
    if args.decline {
        return Ok(
            Said::did(format!("The decision {decision} is declined."), done)
                .undo("`concordat review decide` asks for it again"),
        );
    }
    let now: Option<Decision> = node.find(&key).await?;
    let tells: Vec<String> = now
        .iter()
        .flat_map(Decision::to_tell)
        .map(str::to_owned)
        .collect();
    let said =
        Said::did(format!("The decision {decision} is taken."), done).with("to_tell", json!(tells));
    Ok(said
        .next("`concordat due` says whom a person tells of it: nothing is sent by itself")
        .undo("it is open again when what it rests on is recalled"))
}

pub(super) async fn told(args: &Told) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let id = acting::agreement(&node, args.which.agreement.as_ref()).await?;
    let key = Decision::key_of(&args.which.decision, &args.which.about().key(&id));
    let stands: Option<Decision> = node.find(&key).await?;
    let times = stands.map_or(0, |d| d.times());
    let op = op("told", format!("{key}/{times}/{}", args.to))?;
    let done = node
        .told_of_decision(&op, &key, &args.to, &args.by.who)
        .await?;
    let what = format!("{} was told of {}.", args.to, args.which.decision);
    Ok(Said::did(what, done).undo(
        "what was said is said: tell them where it was wrong; `concordat due` says what is open",
    ))
}

pub(super) async fn set_up(args: &SetUp) -> Result<Said, Fail> {
    let node = args.by.working.node().await?;
    let id = acting::agreement(&node, args.agreement.as_ref()).await?;
    let (pact, _) = node.agreement(&id).await?;
    let (decision, party) = (args.decision.as_str(), &args.party);
    let key = exchange::set_up::SetUp::key_of(&pact.hash(), decision);
    let op = op("set-up", format!("{key}/{party}"))?;
    let done = node
        .agree_set_up(&op, &id, decision, party, &args.reason, &args.by.who)
        .await?;
    let stands: Option<exchange::set_up::SetUp> = node.find(&key).await?;
    let awaited: Vec<String> = stands
        .iter()
        .flat_map(|s| s.awaited_of())
        .map(ToString::to_string)
        .collect();
    let status = stands.as_ref().map_or("under-review", |s| s.status());
    let said = Said::did(
        format!("{party} has agreed to {decision}: it is {status}."),
        done,
    )
    .with("awaited", json!(awaited));
    Ok(match awaited.is_empty() {
        true => said.next("`concordat review decide` takes it"),
        false => said.next(format!("the review of {} is awaited", awaited.join(", "))),
    }
    .undo("an amendment of the agreement takes it out: another text is reviewed anew"))
}

impl Which {
    fn about(&self) -> About {
        About::Row(self.run.clone(), self.flow.clone(), self.row)
    }
}
