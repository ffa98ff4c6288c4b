//! Where a node stands and where its runs stand, told from its own state. Never a value of a person.

use exchange::Node;
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::deadline::last_day;
use exchange::ids::{ProjectId, RunId};
use exchange::leg::{Leg, STEPS, Side, State};
use exchange::matches::Match;
use exchange::pact::Pact;
use exchange::partner::Partner;
use exchange::run::Run;
use ledger::Digest;
use serde_json::{Value, json};

use super::acting::{At, Said};
use crate::fail::Fail;

/// The whole node.
pub(super) async fn node(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let store = &node.ports().store;
    let head = store.head().await?;
    let pending = store.pending(u32::MAX).await?.len();
    let open = store.open_effects().await?;
    let state = serde_json::to_vec(&node.snapshot().await?)?;
    let today = exchange::deadline::london_day(node.ports().clock.now())?;
    let mut said = Said::shown(format!("The node of {}, on {today}.", node.party()));
    let mut partners = Vec::new();
    for partner in node.all::<Partner>().await? {
        if partner.card().party != *node.party() {
            partners.push(partner.card().party.to_string());
        }
    }
    said = said.line(format!("  partners: {}", listed(&partners)));
    let mut agreements = Vec::new();
    for pact in node.all::<Pact>().await? {
        let open = pact.in_force(today).err().unwrap_or_default();
        let why: Vec<String> = open.into_iter().map(|r| r.what).collect();
        let stage = pact.stage(today);
        let mut stands = vec![stage.replace('-', " ")];
        stands.extend(pact.last().map(|last| format!("to {last}")));
        stands.extend(why.iter().cloned());
        said = said.line(format!("  agreement {}: {}", pact.id(), stands.join("; ")));
        agreements.push(json!({
            "agreement": pact.id(), "hash": pact.hash().to_string(), "stage": stage, "last_day": pact.last(),
            "in_force": why.is_empty(), "why_not": why,
        }));
    }
    for approval in node.all::<Approval>().await? {
        said = said.line(format!(
            "  approval {}: {}",
            approval.key(),
            approval.status()
        ));
    }
    let (lines, runs, files) = files(&node, None).await?;
    for line in lines {
        said = said.line(line);
    }
    said = said.line(format!(
        "  ledger: {} entries published of {}, {pending} not placed yet; {open} effects open",
        head.published,
        head.frontier.size(),
    ));
    if pending > 0 || open > 0 {
        said = said.next("`concordat node work`");
    }
    Ok(said
        .with("party", json!(node.party()))
        .with("partners", json!(partners))
        .with("agreements", json!(agreements))
        .with("runs", Value::Array(runs))
        .with("files", Value::Array(files))
        .with(
            "ledger",
            json!({ "size": head.frontier.size(), "published": head.published, "pending": pending, "open_effects": open }),
        )
        .with("state", json!(Digest::of(&state).to_string())))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// The runs, or one of them.
pub(super) async fn runs(at: &At, run: Option<&RunId>) -> Result<Said, Fail> {
    let node = at.node().await?;
    let (lines, runs, files) = files(&node, run).await?;
    let what = match run {
        Some(run) if files.is_empty() => {
            return Err(Fail::no(format!("there is no run {run} here")));
        }
        Some(run) => format!("The run {run} at {}.", node.party()),
        None if files.is_empty() => format!("There is no run at {} yet.", node.party()),
        None => format!("The runs at {}.", node.party()),
    };
    let mut said = Said::shown(what)
        .with("runs", Value::Array(runs))
        .with("files", Value::Array(files));
    for line in lines {
        said = said.line(line);
    }
    Ok(said)
}

/// The runs with their files, in words; the runs; the files.
async fn files(
    node: &Node,
    run: Option<&RunId>,
) -> Result<(Vec<String>, Vec<Value>, Vec<Value>), Fail> {
    let (mut lines, mut runs, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let prefix = run.map(|r| format!("{r}/")).unwrap_or_default();
    let mut last = None;
    for leg in node.under::<Leg>(&prefix).await? {
        if last.as_ref() != Some(leg.run()) {
            let (line, stated) = one_run(node, &leg).await?;
            lines.push(line);
            runs.push(stated);
            last = Some(leg.run().clone());
        }
        let prefix = format!("{}/{}/", leg.run(), leg.flow());
        let all: Vec<Match> = node.under(&prefix).await?;
        let open = all.iter().filter(|m| m.standing().is_open()).count();
        let side = match leg.side() {
            Side::Sender => "to",
            Side::Receiver => "from",
        };
        let late = if leg.is_late() { ", late" } else { "" };
        let fault = leg.fault().map(ToString::to_string);
        let is_by_hand = node.is_by_hand(leg.peer());
        // A party without a node is told by people, whom this reminds.
        let untold = match leg.recalls() {
            n @ 1.. if is_by_hand => format!("; {n} recalls, to be told by hand"),
            _ => String::new(),
        };
        let next = next(&leg, open, node.ports().master.is_some(), is_by_hand);
        lines.push(format!(
            "    {} {side} {}: {}{late}, {} rows{}{}",
            leg.flow(),
            leg.peer(),
            leg.state().name(),
            leg.rows(),
            fault.as_ref().map(|f| format!("; {f}")).unwrap_or_default() + &untold,
            next.as_ref()
                .map(|n| format!("; next: {n}"))
                .unwrap_or_default()
        ));
        files.push(json!({
            "run": leg.run(), "flow": leg.flow(), "side": leg.side(), "peer": leg.peer(), "state": leg.state().name(),
            "file": leg.file(), "route": leg.route(), "reply_by": leg.reply_by().map(last_day).transpose()?, "rows": leg.rows(), "late": leg.is_late(), "undecided": open, "fault": fault, "next": next,
            "steps": steps(leg.state()),
        }));
    }
    Ok((lines, runs, files))
}

/// What a run states of itself (RUN-03), by one of its files.
async fn one_run(node: &Node, leg: &Leg) -> Result<(String, Value), Fail> {
    let name = leg.run();
    let Some(run) = node.find::<Run>(name.as_str()).await? else {
        let line = format!(
            "  run {name} (started elsewhere){}",
            of_project(leg.project())
        );
        let stated = json!({
            "run": name, "agreement": leg.agreement(), "version": leg.hash().to_string(), "state": "started-elsewhere",
            "project": leg.project(),
        });
        return Ok((line, stated));
    };
    let (_, plan) = node.agreement(run.agreement()).await?;
    let first: Option<Leg> = node.find(&Leg::key_of(name, run.flow())).await?;
    let flow = plan.flow(run.flow());
    let contact = flow.and_then(|f| plan.contacts.get(&f.to)?.get("business"));
    // Once the receiver has the file, its clock says the day.
    let by_clock = first.as_ref().and_then(Leg::reply_by).map(last_day);
    let reply_by = by_clock.transpose()?.or(run.reply_by());
    let day = reply_by.map_or("no day for the answer".to_owned(), |day| {
        format!("the answer by {day}")
    });
    let line = format!(
        "  run {name} ({}, {}{}; {day})",
        run.status(),
        run.kind().name(),
        of_project(run.project())
    );
    let stated = json!({
        "run": name, "agreement": run.agreement(), "version": run.hash().to_string(), "state": run.status(),
        "project": run.project(), "kind": run.kind().name(), "flow": run.flow(), "on": run.on(),
        "records": first.as_ref().map(Leg::rows), "route": flow.map(|f| &f.route),
        "sender": node.party(), "receiver": flow.map(|f| &f.to), "contact": contact, "reply_by": reply_by,
    });
    Ok((line, stated))
}

fn of_project(project: Option<&ProjectId>) -> String {
    project.map_or(", of no project".to_owned(), |p| format!(", project {p}"))
}

fn steps(state: State) -> Vec<String> {
    let from = STEPS.iter().filter(|s| s.from == Some(state));
    from.map(|s| format!("{} ({})", s.verb, s.owner)).collect()
}

/// What a person does next with a file, as a command.
fn next(leg: &Leg, undecided: usize, matches_here: bool, is_by_hand: bool) -> Option<String> {
    let (run, of) = (leg.run(), format!("{} {}", leg.run(), leg.flow()));
    let command = match leg.state() {
        State::Approved | State::Sealed if is_by_hand => {
            format!("`concordat run export {of}`")
        }
        State::Prepared | State::Validated | State::Approved => {
            format!("`concordat run release {of}`")
        }
        State::Sent if is_by_hand => format!("`concordat run said {of}`, with what it says"),
        State::Received if is_by_hand => {
            format!("`concordat run bring {} --run {run}`", leg.flow())
        }
        State::Sealed | State::Received => "`concordat node work`".into(),
        State::RefusedThere => {
            format!("`concordat run reopen {of}` or `concordat run abandon {of} --reason R`")
        }
        State::Held => format!("`concordat run load {of} --reason R`, or with --refuse"),
        State::Loaded if matches_here => format!("`concordat run match {of}`"),
        State::Loaded | State::Matched if undecided > 0 => {
            format!("`concordat review list {of}` ({undecided} undecided)")
        }
        State::Matched => format!(
            "`concordat run next FLOW --run {run}`, and `concordat run complete {run}` in the end"
        ),
        State::Loaded => format!(
            "`concordat run next FLOW --run {run}`, or `concordat run close {run}` in the end"
        ),
        State::Sent => format!("{} has to answer", leg.peer()),
        State::Accepted | State::Rejected | State::Closed => return None,
    };
    Some(command)
}
