//! The demonstration: two departments as two nodes in two directories, one agreement, one run, from the file
//! that both sign to the certificates of destruction. Everybody in it is synthetic. It can be stopped at any
//! moment and started again: it goes on where it was.

mod page;
mod scenes;
mod stage;

use std::path::PathBuf;

use ledger::{Entry, verify_log};

use crate::fail::Fail;
use crate::say;
use scenes::SCENES;
use stage::Stage;

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat demo --dir demo")]
pub(crate) struct Args {
    /// Where the two nodes live; what is there already goes on.
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
    /// How many people the case register has.
    #[arg(long, default_value_t = 60)]
    people: usize,
    /// The seed of the synthetic world.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The database of each node, the Home Office's first: sqlite:PATH in the node's directory, or postgres://…
    #[arg(long, num_args = 2, value_names = ["HO", "HMRC"], default_values = ["sqlite:node.db", "sqlite:node.db"])]
    store: Vec<String>,
    /// The agreement; another than the built-in one must have its parties and flows.
    #[arg(long)]
    agreement: Option<PathBuf>,
    /// Print the domain state at the end as JSON and nothing else.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let stage = Stage::set(args).await?;
    let mut faults = Vec::new();
    for (i, scene) in SCENES.iter().enumerate() {
        stage.clock_to(scene.at)?;
        let next = SCENES.get(i + 1);
        if stage.is_done(scene).await? && next.is_some() && stage.reached(next).await? {
            continue;
        }
        if !args.json {
            say(format!(
                "\n{}  {}",
                scene.at.get(..10).unwrap_or_default(),
                scene.says
            ));
        }
        let (mut entries, refusals) = stage.play(scene).await?;
        entries.extend(stage.settle(&mut faults).await?);
        if scene.what == scenes::What::Seal {
            stage.prove_cell().await?;
        }
        if !args.json {
            refusals.iter().for_each(|r| say(format!("    {r}")));
            entries.iter().for_each(|e| say(line(e)));
        }
    }
    if !args.json {
        stage.prove_destruction().await?;
    }
    if let Some(fault) = faults.first() {
        return Err(Fail::fault(format!(
            "something did not work on the way: {fault}"
        )));
    }
    if args.json {
        say(stage.snapshot().await?);
        return Ok(());
    }
    conclude(&stage, args).await
}

async fn conclude(stage: &Stage, args: &Args) -> Result<(), Fail> {
    say("\nThe two ledgers, verified with their files and public keys alone:");
    for node in stage.nodes() {
        let shelf = stage.ledger(node);
        let key = ledger::VerifierKey::parse(&node.ports().signer.card().verifier)
            .map_err(|e| Fail::fault(e.to_string()))?;
        let report =
            verify_log(&shelf, &key, None).map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
        say(format!(
            "  {}: ledger verified: {} entries",
            node.party(),
            report.size
        ));
    }
    let page = args.dir.join("index.html");
    crate::house::whole(&page, page::render(stage).await?.as_bytes())?;
    say(format!("\nThe whole story as a page: {}", page.display()));
    let (dir, key) = (args.dir.display(), args.dir.join("ho/ledger/key"));
    say("Check it yourself, with files and public keys alone:");
    say(format!("  concordat verify {dir}/ho/ledger"));
    for proof in [stage::CELL, stage::CERTIFICATE] {
        say(format!(
            "  concordat verify --proof {dir}/{proof} --key {}",
            key.display()
        ));
    }
    Ok(())
}

/// One entry as a line of the story.
fn line(entry: &Entry) -> String {
    let facts: Vec<_> = entry
        .facts
        .iter()
        .map(|(name, fact)| format!("{name}={}", stage::short(fact)))
        .collect();
    let rule = entry
        .rule
        .as_ref()
        .map(|r| format!(" [{r}]"))
        .unwrap_or_default();
    format!(
        "    {:<5} {:<22}{rule} {}",
        entry.node,
        entry.act,
        facts.join(" ")
    )
}
