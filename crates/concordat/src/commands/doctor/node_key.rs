//! How old the node key is, and whether its replacement was broken off.

use std::path::Path;

use exchange::Node;
use exchange::deadline::london_day;
use exchange::node_key::NodeKey;
use jiff::{Timestamp, Unit};

use super::Chart;
use crate::fail::Fail;

pub(super) async fn age(node: &Node, dir: &Path, chart: &mut Chart) -> Result<(), Fail> {
    const PART: &str = "node key";
    let key: Option<NodeKey> = node.find(NodeKey::ID).await?;
    if key.as_ref().is_some_and(|k| k.next().is_some()) {
        chart.look(
            PART,
            "its replacement was begun and is not finished",
            "give `concordat node rekey` again, as it was",
        );
        return Ok(());
    }
    // The first key is as old as its file; in the environment nobody can say.
    let file = std::fs::metadata(dir.join("keys/node.key")).and_then(|found| found.modified());
    let file = file.ok().and_then(|at| Timestamp::try_from(at).ok());
    let Some(since) = key.and_then(|k| k.since()).or(file) else {
        chart.ok(PART, "it was never replaced; `concordat node rekey` does");
        return Ok(());
    };
    let (from, today) = (london_day(since)?, london_day(node.ports().clock.now())?);
    let days = from
        .until((Unit::Day, today))
        .map_or(0, |span| span.get_days());
    chart.ok(PART, format!("{days} days old, in force since {from}"));
    Ok(())
}
