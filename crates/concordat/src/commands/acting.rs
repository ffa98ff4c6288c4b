//! What every command of a running node shares: where the node is, who acts, dry runs, and how a result is told:
//! what was done, what is next, how it is undone or appealed.

use std::path::PathBuf;
use std::sync::Arc;

use exchange::authority::{Person, Role};
use exchange::ids::{
    AgreementId, FlowId, OperationId, ProjectId, RouteId, RunId, SignerId, StaffId,
};
use exchange::pact::Pact;
use exchange::{Done, Node};
use ledger::{Digest, Entry, Fact};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::fail::Fail;
use crate::os::{NodeClock, SystemEntropy};
use crate::{dry, house, say};

/// Where the node is, and how the answer is printed.
#[derive(clap::Args)]
pub(crate) struct At {
    /// The node's directory.
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A command that changes something without a person's word.
#[derive(clap::Args)]
pub(crate) struct Working {
    #[command(flatten)]
    pub(crate) at: At,
    /// Say what would happen, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A command by which a person acts.
#[derive(clap::Args)]
pub(crate) struct Acting {
    #[command(flatten)]
    pub(crate) working: Working,
    /// Who acts: a staff handle and a role, such as o1:data-sharing-officer. The local single-user mode: whoever can
    /// read the node's keys is believed, and the ledger keeps the handle.
    #[arg(long = "as", value_name = "STAFF:ROLE", value_parser = person)]
    pub(crate) who: Person,
}

impl Working {
    /// The node, on the machine's clock and randomness; in a dry run one that changes nothing.
    pub(crate) async fn node(&self) -> Result<Node, Fail> {
        compose(&self.at, self.dry_run).await
    }
}

impl At {
    /// The node, to be looked at.
    pub(crate) async fn node(&self) -> Result<Node, Fail> {
        compose(self, false).await
    }
}

async fn compose(at: &At, is_dry: bool) -> Result<Node, Fail> {
    let (clock, entropy) = (Arc::new(NodeClock::of(&at.dir)), Arc::new(SystemEntropy));
    let (settings, ports) = house::compose(&at.dir, clock, entropy).await?;
    let ports = if is_dry { dry::ports(ports) } else { ports };
    Ok(Node::new(settings, ports, house::law()?)?)
}

/// What a command did, in words.
#[derive(Default)]
pub(crate) struct Said {
    did: String,
    lines: Vec<String>,
    entries: Done,
    again: bool,
    next: Vec<String>,
    undo: String,
    once: Option<Zeroizing<String>>,
    more: Map<String, Value>,
}

impl Said {
    /// What was done, by these entries; without any it was done before.
    pub(crate) fn did(what: impl Into<String>, entries: Done) -> Self {
        Self {
            again: entries.is_empty(),
            did: what.into(),
            entries,
            ..Self::default()
        }
    }
    /// Something that is only looked at.
    pub(crate) fn shown(what: impl Into<String>) -> Self {
        Self {
            did: what.into(),
            ..Self::default()
        }
    }
    /// Something that leaves no entry when there was nothing to do.
    pub(crate) fn worked(mut self) -> Self {
        self.again = false;
        self
    }
    /// The same under another first line.
    pub(crate) fn renamed(mut self, did: String) -> Self {
        self.did = did;
        self
    }
    /// A line of detail.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
    /// What is next, and whose.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
    /// How it is undone.
    pub(crate) fn undo(mut self, undo: impl Into<String>) -> Self {
        self.undo = undo.into();
        self
    }
    /// A line for the person at the terminal alone: never in what programs read.
    pub(crate) fn once(mut self, line: String) -> Self {
        self.once = Some(Zeroizing::new(line));
        self
    }
    /// A value for programs.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }
}

/// Tells a result of a command that changes something.
pub(crate) fn tell(working: &Working, result: Result<Said, Fail>) -> Result<(), Fail> {
    tell_as(&working.at, working.dry_run, result)
}

/// Tells what a command looked at.
pub(crate) fn show(at: &At, result: Result<Said, Fail>) -> Result<(), Fail> {
    tell_as(at, false, result)
}

fn tell_as(at: &At, is_dry: bool, result: Result<Said, Fail>) -> Result<(), Fail> {
    match result {
        Ok(said) if at.json => {
            say(serde_json::to_string_pretty(&as_json(said, is_dry))?);
            Ok(())
        }
        Ok(said) => {
            in_words(&said, is_dry);
            Ok(())
        }
        Err(fail) if fail.refusals.is_empty() => Err(fail),
        Err(fail) if at.json => {
            let refused = json!({ "refused": fail.refusals, "dry_run": is_dry });
            say(serde_json::to_string_pretty(&refused)?);
            Err(Fail::no(""))
        }
        Err(fail) => Err(Fail::no(format!("{}\n{}", fail.text, way_out(is_dry)))),
    }
}

fn way_out(is_dry: bool) -> &'static str {
    if is_dry {
        "This was a dry run: nothing was changed, and nothing of it stands in the ledger."
    } else {
        "Nothing was changed; the refusal stands in the ledger. Mend what it names and give the command again. To appeal, \
         turn to the escalation contact in the agreement's annex: the rule is in docs/requirements.md."
    }
}

fn as_json(said: Said, is_dry: bool) -> Value {
    let mut all = said.more;
    all.insert("did".into(), json!(said.did));
    if !said.entries.is_empty() {
        all.insert("entries".into(), said.entries.iter().map(entry).collect());
    }
    if is_dry {
        all.insert("dry_run".into(), json!(true));
    }
    if said.again {
        all.insert("done_before".into(), json!(true));
    }
    if !said.next.is_empty() {
        all.insert("next".into(), json!(said.next));
    }
    if !said.undo.is_empty() {
        all.insert("undo".into(), json!(said.undo));
    }
    Value::Object(all)
}

fn entry(entry: &Entry) -> Value {
    let facts: Map<String, Value> = entry
        .facts
        .iter()
        .map(|(name, fact)| (name.to_string(), json!(short(fact))))
        .collect();
    json!({ "id": entry.id.to_string(), "act": entry.act.to_string(), "facts": facts })
}

fn in_words(said: &Said, is_dry: bool) {
    match (is_dry, said.again) {
        (_, true) => say(format!(
            "{} (this was done before; nothing happened again)",
            said.did
        )),
        (true, false) => say(format!("Would be done: {}", said.did)),
        (false, false) => say(&said.did),
    }
    said.lines.iter().for_each(say);
    if let Some(once) = &said.once {
        say(once.as_str());
    }
    for e in &said.entries {
        let facts: Vec<_> = e
            .facts
            .iter()
            .map(|(name, fact)| format!("{name}={}", short(fact)))
            .collect();
        say(format!("  {:<22} {}", e.act.to_string(), facts.join(" ")).trim_end());
    }
    if is_dry {
        say("This was a dry run: nothing was changed.");
    }
    for next in &said.next {
        say(format!("Next: {next}"));
    }
    if !said.undo.is_empty() {
        say(format!("To undo: {}", said.undo));
    }
}

/// A fact in few words.
pub(crate) fn short(fact: &Fact) -> String {
    match fact {
        Fact::Count(n) => n.to_string(),
        Fact::Code(code) => code.to_string(),
        Fact::Digest(d) => d.to_string().chars().take(12).collect(),
        Fact::Date(date) => date.to_string(),
        Fact::At(at) => at.to_string(),
        Fact::Id(id) => id.to_string(),
    }
}

/// An operation's name, made of what is asked; one that is too long to be a name is told by its digest.
pub(crate) fn op(verb: &str, what: impl std::fmt::Display) -> Result<OperationId, Fail> {
    let what = what.to_string();
    let what = if what.len() > 120 { brief(&what) } else { what };
    Ok(OperationId::parse(format!("{verb}:{what}"))?)
}

/// The first digits of a text's digest.
pub(crate) fn brief(text: &str) -> String {
    let digest = Digest::of(text.as_bytes()).to_string();
    digest.chars().take(24).collect()
}

/// The only agreement on the node's table, unless one is named.
pub(crate) async fn agreement(
    node: &Node,
    named: Option<&AgreementId>,
) -> Result<AgreementId, Fail> {
    if let Some(id) = named {
        return Ok(id.clone());
    }
    let mut all: Vec<Pact> = node.all().await?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only.id().clone()),
        (None, _) => Err(Fail::no(
            "no agreement lies on this node's table: `concordat node lay FILE` lays one",
        )),
        (Some(_), false) => Err(Fail::usage(
            "several agreements lie on this node's table: name the one that is meant",
        )),
    }
}

/// Row numbers as a person writes them: 1,4-6.
#[derive(Clone, Debug)]
pub(crate) struct Rows(pub(crate) Vec<u64>);

pub(crate) fn rows(text: &str) -> Result<Rows, String> {
    let mut all = std::collections::BTreeSet::new();
    let bad = || format!("{text} names no rows: write 3, or 1,4-6");
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let from: u64 = from.trim().parse().map_err(|_| bad())?;
        let to: u64 = to.trim().parse().map_err(|_| bad())?;
        if from == 0 || to < from || to - from > 1_000_000 {
            return Err(bad());
        }
        all.extend(from..=to);
    }
    Ok(Rows(all.into_iter().collect()))
}

impl std::fmt::Display for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("."))
    }
}

pub(crate) fn person(text: &str) -> Result<Person, String> {
    let roles: Vec<_> = Role::ALL.iter().map(|r| r.as_str()).collect();
    let bad = || format!("write STAFF:ROLE with a role out of {}", roles.join(", "));
    let (staff, role) = text.split_once(':').ok_or_else(bad)?;
    let role = Role::ALL.iter().find(|r| r.as_str() == role);
    Ok(Person {
        staff: StaffId::parse(staff).map_err(|e| e.to_string())?,
        role: *role.ok_or_else(bad)?,
    })
}

pub(crate) fn project_id(text: &str) -> Result<ProjectId, String> {
    ProjectId::parse(text).map_err(|e| e.to_string())
}

pub(crate) fn run_id(text: &str) -> Result<RunId, String> {
    match RunId::parse(text) {
        Ok(run) if !text.contains(['/', ':']) => Ok(run),
        Ok(_) => Err("a run's name has no / and no :".into()),
        Err(e) => Err(e.to_string()),
    }
}
pub(crate) fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).map_err(|e| e.to_string())
}
pub(crate) fn agreement_id(text: &str) -> Result<AgreementId, String> {
    AgreementId::parse(text).map_err(|e| e.to_string())
}
pub(crate) fn route_id(text: &str) -> Result<RouteId, String> {
    RouteId::parse(text).map_err(|e| e.to_string())
}
pub(crate) fn signer_id(text: &str) -> Result<SignerId, String> {
    SignerId::parse(text).map_err(|e| e.to_string())
}
