//! `concordat node rekey`: another node key. Every key of values is sealed anew, one change of a name puts the new key in force,
//! and the old one is overwritten. Broken off at any moment, the command is given again.

use exchange::Node;
use exchange::change::Aggregate as _;
use exchange::ids::HoldingId;
use exchange::node_key::NodeKey;
use exchange::ports::Entropy;
use exchange::retention::Holding;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

use super::acting::{Acting, Said, op};
use crate::fail::Fail;
use crate::house::{self, Config};
use crate::os::SystemEntropy;
use crate::{node_key, running};

/// Arguments of `node rekey`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat node rekey --reason \"an operator has left\" --dir ho --as r1:siro"
)]
pub(super) struct Rekey {
    /// Where the new node key is: env:NAME, a variable with 64 hex digits. [default: a new keys/node.key]
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
    /// How many keys that belong to no holding of the store are destroyed with it. With another number nothing is done.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    orphans: usize,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    pub(super) by: Acting,
}

pub(super) async fn rekey(args: &Rekey) -> Result<Said, Fail> {
    let working = &args.by.working;
    let dir = working.at.dir.as_path();
    let config = Config::read(dir)?;
    let source = config.node_key.as_deref();
    let present = node_key::read(dir, source)?;
    let present_name = store::print_of(&present).map_err(fault)?;
    // Nobody else may have it open: it is said before anything is begun.
    drop(running::alone(dir)?);
    let node = working.node().await?;
    let stands: Option<NodeKey> = node.find(NodeKey::ID).await?;
    if stands.is_some_and(|k| k.next() == Some(present_name.as_str())) {
        return finish(&node, dir, args).await;
    }
    if let (None, Some(source)) = (&args.to, source) {
        return Err(Fail::usage(format!(
            "the node key is in {source}: put another one into another variable, and name that with --to env:NAME"
        )));
    }
    let next = match &args.to {
        Some(to) => node_key::read(dir, Some(to))?,
        None if working.dry_run => present.clone(),
        None => node_key::next(dir)?,
    };
    let name = match working.dry_run && args.to.is_none() {
        true => "to-be-made".to_owned(),
        false => store::print_of(&next).map_err(fault)?,
    };
    let begin = op("node-key.replace", &name)?;
    let of = (present_name.as_str(), name.as_str());
    let done = node
        .replace_node_key(&begin, of, &args.reason, &args.by.who)
        .await?;
    if working.dry_run {
        return Ok(Said::did(
            "The node key would be replaced, and the old one destroyed.",
            done,
        ));
    }
    node.sequence().await?;
    drop(node);
    let resealed = {
        let _closed = running::alone(dir)?;
        let holdings = holdings(dir, &config).await?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let folder = dir.join("keys/vault");
        let all = (holdings.as_slice(), args.orphans);
        let resealed = store::reseal(&folder, (&present, &next), all, &begin, &entropy);
        let resealed = resealed.map_err(fault)?;
        match &args.to {
            Some(to) => node_key::name_in_force(dir, to)?,
            None => node_key::put_in_force(dir)?,
        }
        resealed
    };
    let node = working.node().await?;
    let said = finish(&node, dir, args).await?;
    Ok(said
        .line(format!("  {resealed} keys of values are sealed under it"))
        .with("keys", json!(resealed)))
}

/// The new key is in force: the vault was opened with it. What is left of the old one goes, and the ledger says so.
async fn finish(node: &Node, dir: &Path, args: &Rekey) -> Result<Said, Fail> {
    let config = Config::read(dir)?;
    let said = "The node key is replaced, and the old one is destroyed.";
    if args.by.working.dry_run {
        return Ok(Said::shown(
            "The replacement that was begun would be finished.",
        ));
    }
    node_key::clear(dir, config.node_key.as_deref())?;
    let key: NodeKey = node
        .find(NodeKey::ID)
        .await?
        .ok_or_else(|| Fail::fault("nobody began to replace the node key".into()))?;
    let next = key.next().unwrap_or_else(|| key.name()).to_owned();
    let end = op("node-key.replaced", &next)?;
    let done = node.node_key_replaced(&end, &args.by.who).await?;
    node.sequence().await?;
    Ok(Said::did(said, done)
        .with("key", json!(next))
        .next("keep a copy of the new node key elsewhere, and make a new copy of keys/vault with it")
        .next("destroy the copies of the old node key: an old copy of keys/vault opens with that one alone")
        .undo("a destroyed key does not come back; `concordat node rekey` replaces this one"))
}

async fn holdings(dir: &Path, config: &Config) -> Result<Vec<HoldingId>, Fail> {
    let store = store::open(&house::store_url(dir, &config.store)).await;
    let store = store.map_err(|e| Fail::fault(e.to_string()))?;
    let all = store.list(Holding::KIND, "").await;
    let all = all.map_err(|e| Fail::fault(e.to_string()))?;
    let ids = all.into_iter().map(|(id, _)| HoldingId::parse(id));
    ids.collect::<Result<_, _>>().map_err(Fail::from)
}

fn fault(e: exchange::ports::PortFault) -> Fail {
    Fail::fault(e.to_string())
}
