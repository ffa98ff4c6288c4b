//! `concordat doctor`: is this node well? Each line says ok, look or broken, and the way out.

mod certificates;
mod machine;
mod node_key;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use courier::DirectoryShelf;
use exchange::Node;
use exchange::change::Aggregate;
use exchange::pact::Pact;
use exchange::ports::{Clock, VaultFault};
use exchange::retention::Holding;
use exchange::route::Route;
use exchange::solution::{Solution, State};
use jiff::SignedDuration;
use ledger::{Checkpoint, VerifierKey, verify_log};
use serde::Serialize;

use super::acting::At;
use crate::carrying::Carrying;
use crate::fail::Fail;
use crate::house::{self, Config};
use crate::os::{NodeClock, SystemClock, SystemEntropy};
use crate::say;

/// Arguments of `doctor`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat doctor --dir ho\n\nExit codes: 0 nothing is broken, 1 something is, 2 wrong use."
)]
pub(crate) struct Args {
    #[command(flatten)]
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Is {
    Ok,
    Look,
    Broken,
}

#[derive(Serialize)]
struct Line {
    part: &'static str,
    is: Is,
    what: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// What the doctor found so far.
#[derive(Default)]
struct Chart(Vec<Line>);

impl Chart {
    fn ok(&mut self, part: &'static str, what: impl Into<String>) {
        self.add(part, Is::Ok, what.into(), None);
    }
    fn look(&mut self, part: &'static str, what: impl Into<String>, mend: &str) {
        self.add(part, Is::Look, what.into(), Some(mend.to_owned()));
    }
    fn broken(&mut self, part: &'static str, what: impl Into<String>, mend: &str) {
        self.add(part, Is::Broken, what.into(), Some(mend.to_owned()));
    }
    fn add(&mut self, part: &'static str, is: Is, what: String, mend: Option<String>) {
        self.0.push(Line {
            part,
            is,
            what,
            mend,
        });
    }
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let chart = examine(&args.at.dir).await?;
    if args.at.json {
        say(serde_json::to_string_pretty(&chart.0)?);
    } else {
        for line in &chart.0 {
            let is = match line.is {
                Is::Ok => "ok",
                Is::Look => "look",
                Is::Broken => "broken",
            };
            say(format!("{is:<7} {:<10} {}", line.part, line.what));
            if let Some(mend) = &line.mend {
                say(format!("{:<18} {mend}", ""));
            }
        }
    }
    match chart.0.iter().filter(|l| l.is == Is::Broken).count() {
        0 => Ok(()),
        _ if args.at.json => Err(Fail::no("")),
        n => Err(Fail::no(format!("{n} broken"))),
    }
}

async fn examine(dir: &Path) -> Result<Chart, Fail> {
    let config = Config::read(dir)?;
    let mut chart = Chart::default();
    keys(dir, &config, &mut chart);
    match house::reader() {
        Ok(path) => chart.ok("reader", format!("{} is there", path.display())),
        Err(fail) => chart.broken(
            "reader",
            fail.text,
            "install concordat-reader beside concordat: without it no file is opened",
        ),
    }
    folders(dir, &config, &mut chart);
    machine::private(dir, &mut chart);
    machine::room(dir, &mut chart);
    machine::swap(Path::new("/"), &mut chart);
    certificates::valid(dir, &config, SystemClock.now(), &mut chart);
    let url = house::store_url(dir, &config.store);
    if let Err(fault) = store::open(&url).await {
        chart.broken(
            "store",
            fault.to_string(),
            "start the database, or restore it from its backup",
        );
        return Ok(chart);
    }
    chart.ok("store", "reachable, and its tables are up to date");
    machine::skew(&url, &mut chart).await?;
    let (clock, entropy) = (Arc::new(NodeClock::of(dir)), Arc::new(SystemEntropy));
    match house::open(dir, clock, entropy).await {
        Ok(node) => inside(&node, dir, &mut chart).await?,
        Err(fail) => chart.broken(
            "node",
            fail.text,
            "mend what is named: the node does not open",
        ),
    }
    Ok(chart)
}

/// The private files are their owner's alone.
fn keys(dir: &Path, config: &Config, chart: &mut Chart) {
    let mut bad = 0;
    for name in [
        "keys/signing.key",
        "keys/sealing.key",
        "keys/node.key",
        "keys/vault",
    ] {
        if name == "keys/node.key" && config.node_key.is_some() {
            continue;
        }
        let path = dir.join(name);
        match std::fs::metadata(&path) {
            Ok(found) if found.permissions().mode() & 0o077 == 0 => continue,
            Ok(_) => {
                bad += 1;
                chart.broken(
                    "keys",
                    format!("{} may be read by others", path.display()),
                    "allow its owner alone (chmod go= FILE), find out who could read it, and consider the key known \
                     (SEC-13)",
                );
            }
            Err(e) => {
                bad += 1;
                chart.broken(
                    "keys",
                    format!("{}: {e}", path.display()),
                    "restore it from its backup: a lost key cannot be made again",
                );
            }
        }
    }
    if bad == 0 {
        chart.ok("keys", "their owner alone may read them");
    }
}

/// The folders of routes can be written.
fn folders(dir: &Path, config: &Config, chart: &mut Chart) {
    let folders = config.routes.values().filter_map(Carrying::folder);
    for folder in folders.collect::<BTreeSet<_>>() {
        let folder = dir.join(folder).join(config.party.as_str());
        let probe = folder.join(".doctor");
        let tried = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&probe, []))
            .and_then(|()| std::fs::remove_file(&probe));
        match tried {
            Ok(()) => chart.ok("transport", format!("{} can be written", folder.display())),
            Err(e) => chart.broken(
                "transport",
                format!("{}: {e}", folder.display()),
                "check the folder, its permissions and its space: nothing is sent or received until then",
            ),
        }
    }
    if config.routes.is_empty() {
        chart.look(
            "transport",
            "no route is set up",
            "write the `routes` of the agreements in node.toml: nothing is sent until then",
        );
    }
}

/// A file that has not come by its time is an alarm (RUN-18).
async fn answers(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    let now = node.ports().clock.now();
    let mut late = node.awaited().await?;
    late.retain(|a| a.deadline.is_due(now));
    for missing in &late {
        chart.look(
            "answers",
            format!("{} of {} is late", missing.answer, missing.run),
            "`concordat due` says since when; ask the partner, or send it",
        );
    }
    if late.is_empty() {
        chart.ok("answers", "none is late");
    }
    Ok(())
}

/// Every route that may carry answers (SEC-07).
async fn routes(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    for (name, carrier) in &node.ports().routes {
        let route: Option<Route> = node.find(name.as_str()).await?;
        if route.is_none_or(|r| r.carries(carrier.settings).is_err()) {
            chart.look(
                "route",
                format!("{name} is not approved as it stands in node.toml"),
                "`concordat route list` says what it waits for: nothing goes by it until then",
            );
            continue;
        }
        match carrier.transport.waiting(node.party()).await {
            Ok(_) => chart.ok("route", format!("{name} is approved, and answers")),
            Err(fault) => chart.broken(
                "route",
                fault.to_string(),
                "mend what is named: nothing is sent or received by it until then",
            ),
        }
    }
    Ok(())
}

async fn inside(node: &Node, dir: &Path, chart: &mut Chart) -> Result<(), Fail> {
    node_key::age(node, dir, chart).await?;
    routes(node, chart).await?;
    ledger(node, dir, chart).await?;
    clock(node, chart).await?;
    plans(node, chart).await?;
    answers(node, chart).await?;
    solution(node, chart).await?;
    effects(node, chart).await?;
    dead_keys(node, chart).await
}

/// A party that matches has a solution that is in use (MATCH-17).
async fn solution(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    const PART: &str = "solution";
    let ports = node.ports();
    let Some(matching) = &ports.matching else {
        if ports.master.is_some() {
            chart.look(
                PART,
                "there is a master list and no matching solution",
                "name the solution's folder in node.toml (`solution`): nobody is matched until then",
            );
        }
        return Ok(());
    };
    let found: Option<Solution> = node.find(&Solution::key_of(matching.version)).await?;
    match found {
        Some(found) if found.state() == State::InUse => {
            chart.ok(PART, format!("{} is tested and in use", found.name()));
        }
        Some(found) => chart.look(
            PART,
            format!("{} is {}", found.name(), found.state().name()),
            "`concordat solution use`: nobody is matched until then",
        ),
        None => chart.look(
            PART,
            "the version that node.toml names has no signed test report",
            "`concordat solution test`: nobody is matched until it is tested and in use",
        ),
    }
    Ok(())
}

/// The published files are the tree that the store goes on from.
async fn ledger(node: &Node, dir: &Path, chart: &mut Chart) -> Result<(), Fail> {
    const PART: &str = "ledger";
    const TAMPERED: &str = "keep the directory as it is, tell the incidents contact, and compare with a copy that \
                            an auditor holds: `concordat verify`";
    let head = node.ports().store.head().await?;
    let size = head.frontier.size();
    let pending = node.ports().store.pending(u32::MAX).await?.len();
    if size == 0 {
        chart.look(PART, "it has no entry yet", "`concordat node work`");
    } else {
        let key = VerifierKey::parse(&node.ports().signer.card().verifier)
            .map_err(|e| Fail::fault(e.to_string()))?;
        cosigned(dir, &key, size, chart);
        match verify_log(&DirectoryShelf::new(dir.join("ledger")), &key, None) {
            Err(fault) => chart.broken(PART, format!("NOT VERIFIED: {fault}"), TAMPERED),
            Ok(report) if report.size == size && report.root == head.frontier.root() => {
                chart.ok(
                    PART,
                    format!("verified: {size} entries, as the store has them"),
                );
            }
            Ok(report) if report.size < size => chart.look(
                PART,
                format!("verified, with {} of {size} entries", report.size),
                "`concordat node work` publishes the rest",
            ),
            Ok(report) if report.size > size => chart.broken(
                PART,
                format!(
                    "the store has {size} entries, and {} are published: it is older than they are",
                    report.size
                ),
                OLDER,
            ),
            Ok(_) => chart.broken(
                PART,
                "verified, and another tree than the store has",
                TAMPERED,
            ),
        }
    }
    if pending > 0 {
        chart.look(
            PART,
            format!("{pending} entries have no place yet"),
            "`concordat node work` places them; nothing that rests on them leaves before",
        );
    }
    Ok(())
}

/// What a store that is behind its own ledger has to do.
const OLDER: &str = "do not start the node: restore a newer copy of the store (docs/runbook.md); going on would write another \
                     history than the one that was shown";

/// No partner co-signed more of this ledger than the store has (SEC-14).
fn cosigned(dir: &Path, key: &VerifierKey, size: u64, chart: &mut Chart) {
    let Ok(found) = std::fs::read_dir(dir.join("ledger/witness")) else {
        return;
    };
    for path in found.flatten().map(|entry| entry.path()) {
        let note = std::fs::read_to_string(&path).unwrap_or_default();
        let Ok(seen) = Checkpoint::open(&note, key) else {
            continue;
        };
        if seen.size > size {
            let who = path.file_name().unwrap_or_default().display();
            let what = format!(
                "{who} co-signed {} entries, and the store has {size}",
                seen.size
            );
            chart.broken("witness", what, OLDER);
        }
    }
}

/// The clock is as late as it should be, or a person vouches for it.
async fn clock(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    match node.clock_doubt().await? {
        Some(doubt) => chart.broken(
            "clock",
            doubt.to_string(),
            "nothing is destroyed until then: set the machine's clock, or, where it is right, `concordat node clock`",
        ),
        None => chart.ok("clock", format!("it is {}, as it should be", SystemClock.now())),
    }
    Ok(())
}

/// Each agreement compiles to what was signed.
async fn plans(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    let pacts: Vec<Pact> = node.all().await?;
    if pacts.is_empty() {
        chart.look(
            "agreement",
            "no agreement lies on the table",
            "`concordat node lay FILE`",
        );
    }
    for pact in pacts {
        match node.agreement(pact.id()).await {
            Ok((_, plan)) => chart.ok(
                "agreement",
                format!("{} compiles to the hash {}", pact.id(), plan.hash()),
            ),
            Err(trouble) => chart.broken(
                "agreement",
                trouble.to_string(),
                "run the version of this program under which it was signed, or have the new hash signed",
            ),
        }
    }
    Ok(())
}

/// What was intended outside the node and is not done.
async fn effects(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    const LONG: SignedDuration = SignedDuration::from_hours(24);
    let store = &node.ports().store;
    let (open, since) = (store.open_effects().await?, store.open_since().await?);
    let held = node.held_back().await?;
    for (leg, _) in &held {
        chart.look(
            "effects",
            format!(
                "{} of {} is sealed and does not go: its agreement is not in force",
                leg.flow(),
                leg.run()
            ),
            "`concordat due` says why; it goes by itself once that is over",
        );
    }
    match since {
        None => chart.ok("effects", "none is open"),
        Some(since) => {
            let age = SystemClock.now().duration_since(since);
            let what = format!("{open} are open, the oldest since {since}");
            // What people hold back may be old.
            if age > LONG && open > held.len() as u64 {
                let mend = "`concordat node work` says what does not work; nothing is done twice";
                chart.broken("effects", what, mend);
            } else {
                chart.look("effects", what, "`concordat node work` does them");
            }
        }
    }
    Ok(())
}

/// What is destroyed cannot be opened, and what is kept can.
async fn dead_keys(node: &Node, chart: &mut Chart) -> Result<(), Fail> {
    let (mut dead, mut alive, mut bad) = (0u64, 0u64, 0u64);
    for holding in node.all::<Holding>().await? {
        let key = node.ports().vault.derive(holding.id(), "doctor").await;
        match (holding.status() == "destroyed", key) {
            (true, Err(VaultFault::Destroyed(_) | VaultFault::Missing(_))) => dead += 1,
            (false, Ok(_)) => alive += 1,
            (true, Ok(_)) => {
                bad += 1;
                chart.broken(
                    "vault",
                    format!(
                        "the key of {} is there, and its certificate says it is dead",
                        holding.id()
                    ),
                    "a copy was put back: remove the key file, and tell the incidents contact",
                );
            }
            // Between the destruction of a key and its certificate the key is gone and the holding says destroying.
            (false, Err(_)) if holding.status() == "destroying" => dead += 1,
            (_, Err(fault)) => {
                bad += 1;
                chart.broken(
                    "vault",
                    fault.to_string(),
                    "restore keys/ from its backup; without the key the values cannot be read again",
                );
            }
        }
    }
    if bad == 0 {
        chart.ok(
            "vault",
            format!("{alive} keys are alive, {dead} are dead, as the state says"),
        );
    }
    Ok(())
}
