//! The story of the demonstration as one page, told from the ledgers' entries alone: no value of a person is
//! in it.

use std::collections::BTreeMap;

use exchange::Node;
use ledger::{Checkpoint, Code, Entry, Fact, VerifierKey};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use sim::departments::OpenRegister;

use super::scenes::RUN;
use super::stage::{Stage, Who, short};
use crate::fail::Fail;

const TEMPLATE: &str = include_str!("page.html");

#[derive(Serialize)]
struct Line {
    at: String,
    node: String,
    act: String,
    rule: String,
    by: String,
    facts: String,
    agreement: String,
}

#[derive(Serialize)]
struct Bar {
    label: &'static str,
    count: u64,
    width: u64,
}

#[derive(Serialize)]
struct Ledger {
    party: String,
    size: u64,
    root: String,
}

#[derive(Serialize)]
struct Page {
    run: &'static str,
    ledgers: Vec<Ledger>,
    bars: Vec<Bar>,
    flags: BTreeMap<String, u64>,
    refusals: Vec<Line>,
    destroyed: Vec<Line>,
    certificates: Vec<Line>,
    story: Vec<Line>,
}

/// Renders the page.
pub(super) async fn render(stage: &Stage) -> Result<String, Fail> {
    let mut entries = Vec::new();
    let mut ledgers = Vec::new();
    for node in stage.nodes() {
        entries.extend(read(node).await?);
        ledgers.push(head(node).await?);
    }
    entries.sort_by_key(|e| e.at);
    let flags = OpenRegister::open(&stage.home(Who::Ho).join("register.db"))
        .await?
        .flags()
        .await?;
    let bars = bars(&entries, flags.values().sum());
    let of = |act: &str| {
        entries
            .iter()
            .filter(|e| e.act.as_str() == act)
            .map(line)
            .collect::<Vec<_>>()
    };
    let mut env = Environment::new();
    // The name's ending switches on escaping.
    env.add_template("page.html", TEMPLATE)
        .map_err(|e| Fail::fault(e.to_string()))?;
    let page = Page {
        run: RUN,
        ledgers,
        bars,
        flags,
        refusals: of("refused"),
        destroyed: of("key.destroyed"),
        certificates: of("destruction.confirmed"),
        story: entries.iter().map(line).collect(),
    };
    let page = env
        .get_template("page.html")
        .and_then(|t| t.render(Value::from(Serde(&page))));
    page.map_err(|e| Fail::fault(e.to_string()))
}

async fn read(node: &Node) -> Result<Vec<Entry>, Fail> {
    let store = &node.ports().store;
    let size = head(node).await?.size;
    let leaves = store
        .leaves(0, size)
        .await
        .map_err(|e| Fail::fault(e.to_string()))?;
    leaves
        .iter()
        .map(|(bytes, _)| Entry::parse(bytes).map_err(|e| Fail::fault(e.to_string())))
        .collect()
}

async fn head(node: &Node) -> Result<Ledger, Fail> {
    let fault = |e: &dyn std::fmt::Display| Fail::fault(e.to_string());
    let head = node.ports().store.head().await.map_err(|e| fault(&e))?;
    let key = VerifierKey::parse(&node.ports().signer.card().verifier).map_err(|e| fault(&e))?;
    let checkpoint = Checkpoint::open(&head.checkpoint, &key).map_err(|e| fault(&e))?;
    Ok(Ledger {
        party: node.party().to_string(),
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
    })
}

fn line(entry: &Entry) -> Line {
    let facts: Vec<_> = entry
        .facts
        .iter()
        .map(|(name, fact)| format!("{name}={}", short(fact)))
        .collect();
    Line {
        at: entry.at.to_string(),
        node: entry.node.to_string(),
        act: entry.act.to_string(),
        rule: entry
            .rule
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        by: entry.by.role.to_string(),
        facts: facts.join(" "),
        agreement: entry
            .agreement
            .map(|d| d.to_string().chars().take(12).collect())
            .unwrap_or_default(),
    }
}

/// How many people were left at each step: the chart of the page.
fn bars(entries: &[Entry], flags: u64) -> Vec<Bar> {
    let count = |entry: &Entry, name| match entry.facts.get(&Code::of(name)) {
        Some(Fact::Count(n)) => *n,
        _ => 0,
    };
    let at = |node: &str, act: &str| {
        entries
            .iter()
            .filter(|e| e.node.as_str() == node && e.act.as_str() == act)
            .collect::<Vec<_>>()
    };
    let sum = |found: Vec<&Entry>, name| found.into_iter().map(|e| count(e, name)).sum::<u64>();
    let prepared = at("ho", "leg.prepared");
    let all = ["rows", "not-eligible", "incomplete"]
        .into_iter()
        .map(|n| sum(prepared.clone(), n))
        .sum::<u64>();
    let rows = vec![
        ("in the case register", all),
        ("eligible, and sent to HMRC", sum(prepared, "rows")),
        (
            "found there as candidates",
            sum(at("hmrc", "leg.matched"), "candidates"),
        ),
        (
            "confirmed by HMRC's analyst",
            at("hmrc", "match.confirmed").len() as u64,
        ),
        (
            "confirmed by the caseworker",
            at("ho", "match.confirmed").len() as u64,
        ),
        ("flagged in the case register", flags),
    ];
    rows.into_iter()
        .map(|(label, count)| Bar {
            label,
            count,
            width: count * 400 / all.max(1),
        })
        .collect()
}
