//! The stage: three nodes in three directories, one virtual clock, and how far the script has come.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use courier::DirectoryShelf;
use exchange::Node;
use exchange::ids::{FlowId, PartyId, RouteId, RunId};
use sim::world::World;
use sim::{SeededEntropy, VirtualClock};

use super::Args;
use super::hands::Hands;
use super::script::{Step, Who, last_run};
use crate::carrying;
use crate::fail::Fail;
use crate::house::{self, Config};
use crate::solution;

const PROGRESS: &str = "progress";
/// The folder of a node's matching solution.
const SOLUTION: &str = "solution";
/// The folder with the files of the last run, to look at.
const FILES: &str = "files";
/// The file with the proof of a cell.
pub(super) const CELL: &str = "proof-of-a-cell.json";
/// The file with the proof of a destruction.
pub(super) const CERTIFICATE: &str = "proof-of-a-destruction.json";

/// The three nodes and the world around them.
pub(super) struct Stage {
    dir: PathBuf,
    clock: Arc<VirtualClock>,
    nodes: Vec<(Who, Node, Arc<Hands>)>,
    last: Option<String>,
}

impl Stage {
    /// Makes the world and the nodes, or opens those that are there; the clock shows the first step's time.
    pub(super) async fn set(
        args: &Args,
        steps: &[Step],
        done: impl Fn(u64) + Sync,
    ) -> Result<Self, Fail> {
        let dir = args.dir.clone();
        let first = steps
            .first()
            .ok_or_else(|| Fail::fault("the script is empty".into()))?;
        world(&dir, args, done).await?;
        let clock = Arc::new(VirtualClock::new(first.at));
        let mut nodes = Vec::new();
        for (who, store) in Who::ALL.into_iter().zip(&args.store) {
            let home = dir.join(who.name());
            solution::lay(who.name(), &home.join(SOLUTION))?;
            house::init(&home, &config(who, store)?)?;
            let seed = format!("{}/{}", args.seed, who.name());
            let entropy = Arc::new(SeededEntropy::new(seed));
            let (settings, mut ports) = house::compose(&home, clock.clone(), entropy).await?;
            let hands = Arc::new(Hands::new(ports.forms));
            ports.forms = hands.clone();
            let node = Node::new(settings, ports, house::law()?)?;
            nodes.push((who, node, hands));
        }
        let last = last_run(steps).map(str::to_owned);
        Ok(Self {
            dir,
            clock,
            nodes,
            last,
        })
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (Who, &Node)> {
        self.nodes.iter().map(|(who, node, _)| (*who, node))
    }

    pub(super) fn node(&self, who: Who) -> Result<&Node, Fail> {
        self.nodes()
            .find_map(|(w, node)| (w == who).then_some(node))
            .ok_or_else(|| Fail::fault("three nodes make this exchange".into()))
    }

    pub(super) fn hands(&self, who: Who) -> Result<&Hands, Fail> {
        self.nodes
            .iter()
            .find_map(|(w, _, hands)| (*w == who).then_some(&**hands))
            .ok_or_else(|| Fail::fault("three nodes make this exchange".into()))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a file of this run and flow is left to look at: those of the last run are, without their end.
    pub(super) fn left(&self, run: &str, flow: &str) -> Result<Option<PathBuf>, Fail> {
        if self.last.as_deref() != Some(run) {
            return Ok(None);
        }
        let files = self.dir.join(FILES);
        std::fs::create_dir_all(&files).map_err(|e| Fail::at(&files, &e))?;
        Ok(Some(files.join(format!("{run}-{flow}"))))
    }

    /// Leaves the proof that a cell left, and under which permit, to be checked by anybody. A cell that says nothing
    /// about a person: the proof holds its value.
    pub(super) async fn prove_cell(&self, run: &RunId, flow: &FlowId) -> Result<(), Fail> {
        let node = self.node(Who::Ho)?;
        let proven = node.prove_cell(run, flow, 1, "dash_source").await?;
        self.leave(CELL, &proven.proof)
    }

    /// Leaves the proof that the ledger has the certificate of a destruction.
    pub(super) async fn prove_destruction(&self) -> Result<(), Fail> {
        let node = self.node(Who::Ho)?;
        let proven = node.prove_destroyed("once-2016-03/once.1/extract").await?;
        self.leave(CERTIFICATE, &proven.proof)
    }

    fn leave(&self, name: &str, proof: &ledger::Proof) -> Result<(), Fail> {
        let json = serde_json::to_vec_pretty(proof).map_err(|e| Fail::fault(e.to_string()))?;
        house::whole(&self.dir.join(name), &json)
    }

    pub(super) fn home(&self, who: Who) -> PathBuf {
        self.dir.join(who.name())
    }

    /// The report of the test of this node's matching solution.
    pub(super) fn test_report(&self, who: Who) -> Result<Vec<u8>, Fail> {
        let path = self.home(who).join(SOLUTION).join(solution::REPORT);
        std::fs::read(&path).map_err(|e| Fail::at(&path, &e))
    }

    pub(super) fn ledger(&self, who: Who) -> DirectoryShelf {
        DirectoryShelf::new(self.home(who).join("ledger"))
    }

    pub(super) fn clock_to(&self, step: &Step) -> Result<(), Fail> {
        self.clock
            .set(step.at)
            .map_err(|e| Fail::fault(e.to_string()))
    }

    /// How many steps of the script were played to their end. A step that was cut short is played again: each of
    /// its operations is done once.
    pub(super) fn played(&self) -> usize {
        let text = std::fs::read_to_string(self.dir.join(PROGRESS)).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    /// Remembers that so many steps were played.
    pub(super) fn remember(&self, played: usize) -> Result<(), Fail> {
        house::whole(&self.dir.join(PROGRESS), played.to_string().as_bytes())
    }

    /// Lets all nodes work until nothing is left to do at this moment.
    pub(super) async fn settle(&self) -> Result<(), Fail> {
        loop {
            let mut busy = false;
            for (_, node) in self.nodes() {
                let worked = node.work().await?;
                if let Some(fault) = worked.faults.first() {
                    return Err(Fail::fault(format!(
                        "something did not work on the way: {fault}"
                    )));
                }
                busy |= worked.busy;
            }
            if !busy {
                return Ok(());
            }
        }
    }

    /// The domain state of all nodes, as JSON.
    pub(super) async fn snapshot(&self) -> Result<String, Fail> {
        let mut all = std::collections::BTreeMap::new();
        for (who, node) in self.nodes() {
            all.insert(who.name(), node.snapshot().await?);
        }
        serde_json::to_string_pretty(&all).map_err(|e| Fail::fault(e.to_string()))
    }
}

fn config(who: Who, store: &str) -> Result<Config, Fail> {
    let master = || "world:master.parquet".to_owned();
    let routes = ["gsi-email", "sealed"].map(RouteId::parse);
    let routes: Result<Vec<_>, _> = routes.into_iter().collect();
    let routes = routes.map_err(|e| Fail::fault(e.to_string()))?;
    Ok(Config {
        party: PartyId::parse(who.name()).map_err(|e| Fail::fault(e.to_string()))?,
        store: store.to_owned(),
        quality: None,
        by_hand: Default::default(),
        calls: Default::default(),
        channels: Default::default(),
        permanent: None,
        traces: None,
        evidence: agreement::Period::parse("7 years")
            .ok_or_else(|| Fail::fault("no period".into()))?,
        backups: agreement::Period::parse("35 days"),
        node_key: None,
        register: (who == Who::Ho).then(|| "world:register.db".to_owned()),
        master: (who != Who::Ho).then(master),
        solution: (who != Who::Ho).then(|| SOLUTION.into()),
        egress: Vec::new(),
        routes: carrying::by_directory(&routes, "../transport"),
    })
}

/// Writes the departments' files, all or none.
async fn world(dir: &Path, args: &Args, done: impl Fn(u64) + Sync) -> Result<(), Fail> {
    let departments = dir.join("departments");
    if !departments.exists() {
        let new = dir.join("departments.new");
        if new.exists() {
            std::fs::remove_dir_all(&new).map_err(|e| Fail::at(&new, &e))?;
        }
        std::fs::create_dir_all(&new).map_err(|e| Fail::at(&new, &e))?;
        World::new(args.seed, args.people)
            .write(&new, done)
            .await
            .map_err(|e| Fail::fault(e.to_string()))?;
        std::fs::rename(&new, &departments).map_err(|e| Fail::at(&departments, &e))?;
    }
    for (who, file) in [
        (Who::Ho, "register.db"),
        (Who::Hmrc, "master.parquet"),
        (Who::Dwp, "master.parquet"),
    ] {
        let home = dir.join(who.name());
        std::fs::create_dir_all(&home).map_err(|e| Fail::at(&home, &e))?;
        let (from, to) = (departments.join(who.name()).join(file), home.join(file));
        if !to.exists() {
            std::fs::hard_link(&from, &to).map_err(|e| Fail::at(&to, &e))?;
        }
    }
    Ok(())
}
