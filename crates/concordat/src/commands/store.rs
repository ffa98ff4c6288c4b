//! `concordat store`: where a node's durable state is. Never deletes what was moved: the old database stays as it was.

use std::path::Path;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use store::{Contents, Database, Standing, ledger_of};
use toml_edit::{DocumentMut, value};

use super::acting::{Said, Working, tell};
use crate::fail::Fail;
use crate::house::{self, Config};
use crate::running;

/// Arguments of `store`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat store move --dir ho --to postgres://ho@db.example/ho --dry-run"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Move a stopped node's state to an empty database, compare both, and have node.toml name the new one. The old one
    /// stays as it was, and no program writes to it any more. What was broken off is begun again.
    #[command(
        after_help = "Example: concordat store move --dir ho --to postgres://ho@db.example/ho"
    )]
    Move {
        /// The empty database: postgres://USER@HOST/NAME, or sqlite:FILE. A password does not belong here: it is taken
        /// from PGPASSWORD or ~/.pgpass.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        working: Working,
    },
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let What::Move { to, working } = &args.what;
    tell(working, move_to(to, working).await)
}

/// A copy that is begun, done, or ended by another node's.
enum Target {
    Empty,
    Full(Database),
}

async fn move_to(to: &str, working: &Working) -> Result<Said, Fail> {
    let dir = &working.at.dir;
    Config::read(dir)?;
    let _closed = running::alone(dir)?;
    let config = Config::read(dir)?;
    if config.store == to {
        return Err(Fail::usage(
            "node.toml names this database already: nothing is to be moved",
        ));
    }
    let (from, target) = (
        house::store_url(dir, &config.store),
        house::store_url(dir, to),
    );
    let source = source(&from).await?;
    let was_moved = source.standing().await? == Standing::Moved;
    let target_is = standing(&target).await?;
    if was_moved && matches!(target_is, Target::Empty) {
        return Err(Fail::no(
            "the state of this node was moved to another database than that: name the one it was moved to",
        ));
    }
    let rows = source.rows().await?;
    let bar = bar(working, rows);
    let seen = |n: u64| bar.inc(n);
    if working.dry_run {
        if let Target::Full(target) = &target_is {
            same(
                &source.contents(&seen).await?,
                &target.contents(&seen).await?,
            )?;
        }
        return Ok(said(dir, rows));
    }
    let target_db = match target_is {
        Target::Full(database) => database,
        Target::Empty => {
            // Makes the tables.
            drop(store::open(&target).await?);
            let empty = Database::look(&target).await?;
            let empty =
                empty.ok_or_else(|| Fail::fault("the new database is gone again".into()))?;
            bar.set_message("copying");
            source.copy(&empty, &seen).await?;
            empty
        }
    };
    bar.set_message("comparing");
    let there = target_db.contents(&seen).await?;
    same(&source.contents(&seen).await?, &there)?;
    let (size, root) = ledger_of(&*store::open(&target).await?).await?;
    source.mark().await?;
    name(dir, to)?;
    bar.finish_and_clear();
    Ok(said(dir, rows)
        .line(format!(
            "  compared: {} tables, value by value",
            there.len()
        ))
        .line(format!(
            "  ledger: {size} entries, its tree computed anew, root {root}"
        ))
        .with("ledger", json!({ "entries": size, "root": root }))
        .with("tables", json!(there)))
}

fn said(dir: &Path, rows: u64) -> Said {
    Said::did(
        format!("The node's state is in the new database: {rows} rows, and node.toml names it."),
        vec![],
    )
    .worked()
    .with("rows", json!(rows))
    .next(format!(
        "`concordat doctor --dir {}`, and start the node",
        dir.display()
    ))
    .next("delete the old database when no copy of it is needed: it holds what was sealed until the day it was moved")
    .undo("`concordat store move` to another empty database; the old one is never gone on with")
}

/// The database that is moved; brought up to date, if nobody did so.
async fn source(url: &str) -> Result<Database, Fail> {
    let gone = || {
        Fail::fault(
            "the database that node.toml names is not there: restore it from its backup".into(),
        )
    };
    let database = Database::look(url).await?.ok_or_else(gone)?;
    if database.standing().await? != Standing::Moved {
        drop(store::open(url).await?);
    }
    Ok(database)
}

async fn standing(url: &str) -> Result<Target, Fail> {
    let Some(database) = Database::look(url).await? else {
        return Ok(Target::Empty);
    };
    match database.standing().await? {
        Standing::Empty => Ok(Target::Empty),
        Standing::Full => Ok(Target::Full(database)),
        Standing::Moved => Err(Fail::no(
            "the database that it is to be moved to was itself moved away from: name an empty one",
        )),
        Standing::Foreign => Err(Fail::no(
            "the database that it is to be moved to has tables of something else: name an empty one",
        )),
    }
}

/// Both hold the same; a target that does not was not filled by this move.
fn same(from: &[Contents], to: &[Contents]) -> Result<(), Fail> {
    let differing: Vec<_> = from.iter().zip(to).filter(|(a, b)| a != b).collect();
    if differing.is_empty() && from.len() == to.len() {
        return Ok(());
    }
    let mut text = "the database that it is to be moved to is not empty, and holds something else; nothing was changed:".to_owned();
    for (a, b) in differing {
        text += &format!("\n  {}: {} rows here, {} there", a.table, a.rows, b.rows);
    }
    Err(Fail::no(text + "\nName an empty database."))
}

/// Has node.toml name the new database; whatever else its owner wrote there stays as it is.
fn name(dir: &Path, to: &str) -> Result<(), Fail> {
    let path = dir.join("node.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| Fail::at(&path, &e))?;
    let mut document: DocumentMut = text
        .parse()
        .map_err(|e| Fail::usage(format!("{}: {e}", path.display())))?;
    document.insert("store", value(to));
    house::whole(&path, document.to_string().as_bytes())
}

/// Every row is read to be copied, and read again on both sides to be compared.
fn bar(working: &Working, rows: u64) -> ProgressBar {
    if working.at.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(3 * rows);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}") {
        bar.set_style(style);
    }
    bar
}
