//! `concordat run`: one period's exchange, file by file, each by a person's word.

use clap::Subcommand;
use exchange::authority::Action;
use exchange::change::Aggregate as _;
use exchange::ids::{AgreementId, FlowId, RunId};
use exchange::leg::{Leg, State};
use exchange::rival::{Fate, Rival};
use exchange::{Node, Start};
use jiff::civil::Date;
use serde_json::json;

use super::acting::{
    self, Acting, At, Said, Working, agreement_id, flow_id, op, run_id, show, tell,
};
use super::{beside, node, run_by_hand, status};
use crate::fail::Fail;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat run start ask --run ask-2026-12 --as o1:data-sharing-officer"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    #[command(flatten)]
    Beside(beside::What),
    /// Start a run: select whose turn it is and extract what the agreement names of them.
    #[command(
        after_help = "Example: concordat run start ask --run ask-2026-12 --at-most 50 --as o1:data-sharing-officer"
    )]
    Start {
        /// The flow that the run starts with.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// The run's name, the same on every node.
        #[arg(long, value_parser = run_id)]
        run: RunId,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// At most so many people, where the pool is worked through in parts.
        #[arg(long)]
        at_most: Option<u64>,
        /// Why there is a second run in the period.
        #[arg(long)]
        reason: Option<String>,
        /// The last day for the answer, where no clock of the agreement says it.
        #[arg(long, value_name = "DAY")]
        reply_by: Option<Date>,
        #[command(flatten)]
        by: Acting,
    },
    /// Prepare the file of a flow that answers or follows one of the run.
    #[command(after_help = "Example: concordat run next reply --run ask-2026-12 --as a1:analyst")]
    Next {
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// The run.
        #[arg(long, value_parser = run_id)]
        run: RunId,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Say where the runs stand, and what each file waits for.
    #[command(after_help = "Example: concordat run status ask-2026-12")]
    Status {
        /// One run. [default: all]
        #[arg(value_parser = run_id)]
        run: Option<RunId>,
        #[command(flatten)]
        at: At,
    },
    /// Lock a released file with a password for a party that has no node; the password goes on a way of its own.
    #[command(
        after_help = "Example: concordat run export ask-2026-12 ask --as o1:data-sharing-officer"
    )]
    Export(run_by_hand::Export),
    /// Say what a party that has no node said of the file that it got.
    #[command(
        after_help = "Example: concordat run said ask-2026-12 ask --refused \"a column is missing\" --as o1:data-sharing-officer"
    )]
    Said(run_by_hand::SaidThere),
    /// Bring a file that a party without a node sends back, and open it with its password.
    #[command(
        after_help = "Example: concordat run bring reply --run ask-2026-12 --lying answer.xlsx --annotated --as o1:data-sharing-officer"
    )]
    Bring(run_by_hand::Bring),
    /// Take what waits on the transport, and open it in the confined reader: a round of the worker.
    #[command(after_help = "Example: concordat run receive")]
    Receive {
        #[command(flatten)]
        working: Working,
    },
    /// Check a prepared file, say what leaves, release it and seal it.
    #[command(
        after_help = "Example: concordat run release ask-2026-12 ask --as o1:data-sharing-officer --dry-run"
    )]
    Release {
        #[command(flatten)]
        of: Of,
    },
    /// Decide about a held file: load it as it is, or refuse it.
    #[command(
        after_help = "Example: concordat run load ask-2026-12 reply --reason \"the partner confirmed by telephone\" --as o1:data-sharing-officer"
    )]
    Load {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Refuse the file: the sender is told, and what was read of it dies.
        #[arg(long)]
        refuse: bool,
    },
    /// Say what becomes of a second, different file that came for a leg; it is done when another person says the same.
    #[command(
        after_help = "Example: concordat run second ask-2026-12 reply take --reason \"the partner withdrew the first by telephone\" --as o1:data-sharing-officer"
    )]
    Second {
        #[command(flatten)]
        of: Of,
        /// Does it take the place of the first, or is it refused?
        #[arg(value_enum)]
        fate: Becomes,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Look for a loaded file's rows in this party's own records; nothing is confirmed.
    #[command(after_help = "Example: concordat run match ask-2026-12 ask --as a1:analyst")]
    Match {
        #[command(flatten)]
        of: Of,
    },
    /// Close a run here: everything is decided, and what was kept until then is destroyed.
    #[command(after_help = "Example: concordat run close ask-2026-12 --as o1:data-sharing-officer")]
    Close {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        #[command(flatten)]
        by: Acting,
    },
    /// Declare the matching of a run complete here: what was kept until then is destroyed.
    #[command(after_help = "Example: concordat run complete ask-2026-12 --as a1:analyst")]
    Complete {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        #[command(flatten)]
        by: Acting,
    },
    /// Take back a file that the receiver refused, to be released again.
    #[command(
        after_help = "Example: concordat run reopen ask-2026-12 ask --as o1:data-sharing-officer"
    )]
    Reopen {
        #[command(flatten)]
        of: Of,
    },
    /// Give a file up before anything of it is used: its values die.
    #[command(
        after_help = "Example: concordat run abandon ask-2026-12 ask --reason \"selected by mistake\" --as o1:data-sharing-officer"
    )]
    Abandon {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::Args)]
pub(crate) struct Of {
    /// The run.
    #[arg(value_parser = run_id)]
    pub(crate) run: RunId,
    /// The flow.
    #[arg(value_parser = flow_id)]
    pub(crate) flow: FlowId,
    #[command(flatten)]
    pub(crate) by: Acting,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Beside(what) => beside::run(what).await,
        What::Start {
            flow,
            run,
            agreement,
            at_most,
            reason,
            reply_by,
            by,
        } => {
            let how = (*at_most, reason.as_deref(), *reply_by);
            let start = start_run((flow, run), agreement.as_ref(), how, by);
            tell(&by.working, start.await)
        }
        What::Next {
            flow,
            run,
            agreement,
            by,
        } => tell(&by.working, next(flow, run, agreement.as_ref(), by).await),
        What::Status { run, at } => show(at, status::runs(at, run.as_ref()).await),
        What::Export(args) => tell(&args.of.by.working, run_by_hand::export(args).await),
        What::Said(args) => tell(&args.of.by.working, run_by_hand::said(args).await),
        What::Bring(args) => tell(&args.by.working, run_by_hand::bring(args).await),
        What::Receive { working } => {
            let node = working.node().await?;
            tell(working, node::round(&node).await)
        }
        What::Release { of } => tell(&of.by.working, release(of).await),
        What::Load { of, reason, refuse } => tell(&of.by.working, load(of, reason, *refuse).await),
        What::Second { of, fate, reason } => tell(&of.by.working, second(of, *fate, reason).await),
        What::Match { of } => tell(&of.by.working, match_rows(of).await),
        What::Close { run, by } => tell(&by.working, close(run, by).await),
        What::Complete { run, by } => tell(&by.working, complete(run, by).await),
        What::Reopen { of } => tell(&of.by.working, reopen(of).await),
        What::Abandon { of, reason } => tell(&of.by.working, abandon(of, reason).await),
    }
}

async fn start_run(
    (flow, run): (&FlowId, &RunId),
    agreement: Option<&AgreementId>,
    (at_most, reason, reply_by): (Option<u64>, Option<&str>, Option<Date>),
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let start = Start {
        agreement: id.clone(),
        flow: flow.clone(),
        run: run.clone(),
        at_most,
        reason: reason.map(str::to_owned),
        reply_by,
    };
    let op = op("run.start", format!("{id}/{run}"))?;
    let done = node.start(&op, &start, &by.who).await?;
    let leg: Option<Leg> = node.find(&Leg::key_of(run, flow)).await?;
    let rows = leg.map_or(0, |l| l.rows());
    Ok(Said::did(
        format!("The run {run} is started: {rows} people are selected for {flow}."),
        done,
    )
    .with("rows", json!(rows))
    .next(format!(
        "`concordat run release {run} {flow} --as STAFF:ROLE` (with --dry-run it says first what would leave)"
    ))
    .undo(format!(
        "`concordat run abandon {run} {flow} --reason R`: the values die, and whoever was selected counts as not asked"
    )))
}

async fn next(
    flow: &FlowId,
    run: &RunId,
    agreement: Option<&AgreementId>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let op = op("leg.prepare", format!("{run}/{flow}"))?;
    let done = node.prepare_next(&op, &id, flow, run, &by.who).await?;
    let leg: Option<Leg> = node.find(&Leg::key_of(run, flow)).await?;
    let rows = leg.map_or(0, |l| l.rows());
    Ok(
        Said::did(format!("{flow} of {run} is prepared: {rows} rows."), done)
            .with("rows", json!(rows))
            .next(format!(
                "`concordat run release {run} {flow} --as STAFF:ROLE`"
            ))
            .undo(format!("`concordat run abandon {run} {flow} --reason R`")),
    )
}

/// The file as it stands.
pub(crate) async fn leg(node: &Node, of: &Of) -> Result<Leg, Fail> {
    let leg: Option<Leg> = node.find(&Leg::key_of(&of.run, &of.flow)).await?;
    leg.ok_or_else(|| Fail::no(format!("there is no {} of {} here", of.flow, of.run)))
}

pub(crate) fn numbered(verb: &str, of: &Of, file: u32) -> Result<exchange::ids::OperationId, Fail> {
    op(verb, format!("{}/{}/{file}", of.run, of.flow))
}

async fn release(of: &Of) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow, who) = (&of.run, &of.flow, &of.by.who);
    let before = leg(&node, of).await?;
    let file = before.file();
    let mut done = Vec::new();
    // Whoever may not release does not make the node check the file either.
    if before.state() == State::Prepared && who.may(Action::Release).is_ok() {
        let op = numbered("leg.validate", of, file)?;
        done.extend(node.validate(&op, run, flow).await?);
    }
    let op = numbered("leg.release", of, file)?;
    done.extend(node.release(&op, run, flow, who).await?);
    if node.is_by_hand(before.peer()) {
        return Ok(Said::did(
            format!(
                "{flow} of {run} is checked and released: {} rows.",
                before.rows()
            ),
            done,
        )
        .next(format!(
            "`concordat run export {run} {flow}`: {} has no node",
            before.peer()
        ))
        .undo(format!("`concordat run abandon {run} {flow} --reason R`")));
    }
    let op = numbered("leg.seal", of, file)?;
    done.extend(node.seal(&op, run, flow).await?);
    let after = leg(&node, of).await?;
    let (_, plan) = node.agreement(after.agreement()).await?;
    let mut said = Said::did(
        format!(
            "{flow} of {run} is checked, released and sealed to {}: {} rows.",
            after.peer(),
            after.rows()
        ),
        done,
    );
    if let Some(flow) = plan.flow(flow) {
        let columns: Vec<String> = flow.columns.iter().map(|c| c.field.to_string()).collect();
        let purposes: Vec<String> = flow.purposes.iter().map(ToString::to_string).collect();
        said = said
            .line(format!("  what leaves: {}", columns.join(", ")))
            .line(format!("  for: {}", purposes.join(", ")))
            .line(format!(
                "  by the route {}; {} rows withheld",
                flow.route,
                after.withheld().len()
            ))
            .with("columns", json!(columns));
    }
    Ok(said
        .with("rows", json!(after.rows()))
        .with("withheld", json!(after.withheld().len()))
        .next("`concordat node work` sends it; then the receiver answers")
        .undo("what is sealed goes; a match that proves wrong is recalled by `concordat review refute`"))
}

async fn load(of: &Of, reason: &str, refuse: bool) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow, who) = (&of.run, &of.flow, &of.by.who);
    let file = leg(&node, of).await?.file();
    if refuse {
        let op = numbered("leg.refuse-held", of, file)?;
        let done = node.refuse_held(&op, run, flow, reason, who).await?;
        return Ok(Said::did(
            format!("The held file {flow} of {run} is refused: the sender is told, and what was read of it dies."),
            done,
        )
        .next("`concordat node work`; then the sender mends the file and sends it again")
        .undo("the sender sends the file again"));
    }
    let op = numbered("leg.release-held", of, file)?;
    let done = node.release_held(&op, run, flow, reason, who).await?;
    Ok(Said::did(
        format!("The held file {flow} of {run} is loaded as it is."),
        done,
    )
    .next(format!("`concordat run status {run}`"))
    .undo("what was loaded is decided row by row: `concordat review refute`"))
}

/// What becomes of a second file.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Becomes {
    /// It takes the place of the first, of which nothing was used.
    Take,
    /// It goes unopened; the first stands.
    Refuse,
}

async fn second(of: &Of, fate: Becomes, reason: &str) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let fate = match fate {
        Becomes::Take => Fate::Take,
        Becomes::Refuse => Fate::Refuse,
    };
    let (run, flow) = (&of.run, &of.flow);
    let key = Leg::key_of(run, flow);
    // Each word is another act: how often it was spoken of tells them apart.
    let before = node.find::<Rival>(&key).await?.map_or(0, |r| r.version());
    let op = op("rival.decide", format!("{key}/{}/{before}", fate.name()))?;
    let done = node
        .decide_rival(&op, (run, flow), fate, reason, &of.by.who)
        .await?;
    let after: Option<Rival> = node.find(&key).await?;
    let what = format!("the second file {flow} of {run}");
    Ok(match after.and_then(|rival| rival.decided()) {
        None => Said::did(format!("{}: {what}.", fate.name()), done)
            .next("another person says the same: `concordat run second`")
            .undo("say the other thing, before another person agrees"),
        Some(Fate::Take) => Said::did(format!("{what} takes the place of the first."), done)
            .next("`concordat node work` opens it")
            .undo("once it is opened it is held, or refuted row by row"),
        Some(Fate::Refuse) => Said::did(format!("{what} is refused, and goes unopened."), done)
            .next("tell its sender: the hub tells it nothing of this")
            .undo("the sender sends it again"),
    })
}

async fn match_rows(of: &Of) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow) = (&of.run, &of.flow);
    let file = leg(&node, of).await?.file();
    let op = numbered("leg.match", of, file)?;
    let done = node.match_rows(&op, run, flow, &of.by.who).await?;
    let found: Vec<exchange::matches::Match> = node.under(&format!("{run}/{flow}/")).await?;
    let rows = leg(&node, of).await?.rows();
    let entries = done.into_iter().filter(|e| e.act.as_str() == "leg.matched");
    Ok(Said::did(
        format!(
            "{flow} of {run} was looked for in this party's records: {} candidates for {rows} rows; none is confirmed.",
            found.len()
        ),
        entries.collect(),
    )
    .with("candidates", json!(found.len()))
    .with("rows", json!(rows))
    .next(format!("`concordat review list {run} {flow}`"))
    .undo("a candidate is no fact: `concordat review refute` takes it away"))
}

async fn close(run: &RunId, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let done = node.close_run(&op("run.close", run)?, run, &by.who).await?;
    Ok(Said::did(format!("The run {run} is closed here."), done)
        .next("`concordat node work` destroys what was kept until now; `concordat due` says what stays")
        .undo("a closed run is not opened again; a match that proves wrong later is still refuted and recalled"))
}

async fn complete(run: &RunId, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let done = node
        .complete_matching(&op("run.complete", run)?, run, &by.who)
        .await?;
    Ok(Said::did(format!("The matching of {run} is complete here."), done)
        .next("`concordat node work` destroys what was kept until now, and sends the certificates")
        .undo("values that are destroyed do not come back; the sender may send them in another run"))
}

async fn reopen(of: &Of) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow) = (&of.run, &of.flow);
    let leg = leg(&node, of).await?;
    // The number of the file that was refused: when it was taken back already, the one before.
    let waits = leg.state() == State::RefusedThere;
    let refused = leg.file() - u32::from(!waits);
    let op = numbered("leg.reopen", of, refused)?;
    let done = node.reopen(&op, run, flow, &of.by.who).await?;
    Ok(Said::did(
        format!("{flow} of {run} is taken back, to be checked and released again."),
        done,
    )
    .next(format!("`concordat run release {run} {flow}`"))
    .undo(format!("`concordat run abandon {run} {flow} --reason R`")))
}

async fn abandon(of: &Of, reason: &str) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let (run, flow) = (&of.run, &of.flow);
    let op = op("leg.abandon", format!("{run}/{flow}"))?;
    let done = node.abandon(&op, run, flow, reason, &of.by.who).await?;
    Ok(Said::did(
        format!("{flow} of {run} is given up; its values die with the worker's next round."),
        done,
    )
    .next("`concordat node work`")
    .undo("a new run selects anew; whoever was selected by this one counts as not asked"))
}
