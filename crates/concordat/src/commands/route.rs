//! `concordat route`: the register of the routes of a node. Nothing goes by one, and nothing is taken from one, before it
//! is approved (SEC-07, RUN-13).

use clap::Subcommand;
use exchange::Node;
use exchange::change::Aggregate;
use exchange::ids::RouteId;
use exchange::route::{Route, State};
use serde_json::json;

use super::acting::{Acting, At, Said, op, route_id, show, tell};
use crate::fail::Fail;

/// Arguments of `route`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat route list --dir ho")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Propose a route of node.toml, as it is set up there.
    #[command(
        after_help = "Example: concordat route propose secure-transfer --as o1:data-sharing-officer"
    )]
    Propose(Named),
    /// Record the assurances that whoever runs the route gave. They are not enough to use it.
    #[command(
        after_help = "Example: concordat route assure secure-transfer --reason \"the host's security statement of May\" --as i1:iao"
    )]
    Assure(Reasoned),
    /// Approve the route for the data: from now on it carries. Another person than who proposed or assured it does.
    #[command(
        after_help = "Example: concordat route approve secure-transfer --reason \"accredited on 3 June\" --as r1:siro"
    )]
    Approve(Reasoned),
    /// Retire the route: nothing goes by it any more, and nothing is taken from it. What this node laid there for a party without
    /// a node is taken away first.
    #[command(
        after_help = "Example: concordat route retire secure-transfer --reason \"the host closes\" --as r1:siro"
    )]
    Retire(Retiring),
    /// Say which routes there are, and how far each has come.
    #[command(after_help = "Example: concordat route list --dir ho")]
    List(At),
}

/// A route, and who acts.
#[derive(clap::Args)]
struct Named {
    /// The route's name, as agreements and node.toml have it.
    #[arg(value_parser = route_id)]
    route: RouteId,
    #[command(flatten)]
    by: Acting,
}

/// A route, why, and who acts.
#[derive(clap::Args)]
struct Reasoned {
    #[command(flatten)]
    named: Named,
    /// What it rests on, or why.
    #[arg(long)]
    reason: String,
}

/// A route that is to be retired.
#[derive(clap::Args)]
struct Retiring {
    #[command(flatten)]
    because: Reasoned,
    /// Ask nothing of the place and leave what lies there: it does not answer, or must not be asked.
    #[arg(long)]
    leave: bool,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let (named, said) = match &args.what {
        What::List(at) => return show(at, list(at).await),
        What::Propose(named) => (named, propose(named).await),
        What::Assure(it) => (&it.named, assure(it).await),
        What::Approve(it) => (&it.named, approve(it).await),
        What::Retire(it) => (&it.because.named, retire(it).await),
    };
    tell(&named.by.working, said)
}

/// The operation of this step; how often the route has changed tells its repeats apart.
async fn step(node: &Node, verb: &str, name: &RouteId) -> Result<exchange::ids::OperationId, Fail> {
    let stands: Option<Route> = node.find(name.as_str()).await?;
    let changes = stands.map_or(0, |route| route.version());
    op(&format!("route-{verb}"), format!("{name}/{changes}"))
}

async fn propose(named: &Named) -> Result<Said, Fail> {
    let Named { route, by } = named;
    let node = by.working.node().await?;
    let op = step(&node, "propose", route).await?;
    let done = node.propose_route(&op, route, &by.who).await?;
    Ok(Said::did(format!("The route {route} is proposed."), done)
        .next(format!(
            "the information asset owner or the senior risk owner gets assurances of whoever runs it: `concordat route assure {route} --reason R`"
        ))
        .undo(format!("`concordat route retire {route} --reason R`")))
}

async fn assure(it: &Reasoned) -> Result<Said, Fail> {
    let Named { route, by } = &it.named;
    let node = by.working.node().await?;
    let op = step(&node, "assure", route).await?;
    let done = node.assure_route(&op, route, &it.reason, &by.who).await?;
    Ok(Said::did(
        format!("The route {route} is assured, and carries nothing yet."),
        done,
    )
    .next(format!(
        "another person approves it for the data: `concordat route approve {route} --reason R`"
    ))
    .undo(format!("`concordat route retire {route} --reason R`")))
}

async fn approve(it: &Reasoned) -> Result<Said, Fail> {
    let Named { route, by } = &it.named;
    let node = by.working.node().await?;
    let op = step(&node, "approve", route).await?;
    let done = node.approve_route(&op, route, &it.reason, &by.who).await?;
    Ok(
        Said::did(format!("The route {route} is approved, and carries."), done)
            .next("the worker sends and receives by it: `concordat node work`")
            .undo(format!("`concordat route retire {route} --reason R`")),
    )
}

async fn retire(it: &Retiring) -> Result<Said, Fail> {
    let Reasoned { named, reason } = &it.because;
    let Named { route, by } = named;
    let node = by.working.node().await?;
    let op = step(&node, "retire", route).await?;
    let retired = node.retire_route(&op, route, reason, it.leave, &by.who);
    let (done, gone) = retired.await?;
    let mut said = Said::did(
        format!("The route {route} is retired: it carries nothing any more."),
        done,
    );
    for name in &gone {
        said = said.line(format!("  {name} is taken away from there"));
    }
    if !gone.is_empty() {
        said = said.next("where a party has not got its file, say so (`concordat run said RUN FLOW --refused R`): it is made anew");
    }
    if it.leave {
        said = said.next("what lies there is left: whoever runs the place takes it away");
    }
    Ok(said.next("what is sealed for it waits; an agreement that names it needs it back, or a new version")
    .undo(format!(
        "`concordat route propose {route}`: assured and approved anew, it carries again"
    )))
}

/// What each route waits for.
fn waits_for(route: &Route, carries: bool) -> &'static str {
    match route.state() {
        State::Proposed => "`concordat route assure`, by the iao or siro",
        State::Assured => "`concordat route approve`, by another iao or siro",
        State::Approved if carries => "nothing: it carries",
        State::Approved => {
            "`concordat route propose`: its settings in node.toml are not those that were approved"
        }
        State::Retired => "`concordat route propose`, where it is wanted again",
    }
}

async fn list(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let all: Vec<Route> = node.all().await?;
    let here = &node.ports().routes;
    let carries = |route: &Route| {
        let carrier = here.get(route.name());
        carrier.is_some_and(|c| route.carries(c.settings).is_ok())
    };
    let open = all.iter().filter(|r| carries(r)).count();
    let mut said = Said::shown(format!("Routes: {}; open: {open}.", all.len()));
    let mut told = Vec::new();
    for route in &all {
        let (name, state) = (route.name(), route.state().name());
        let waits = waits_for(route, carries(route));
        said = said.line(format!("  {name}: {state}; waits for {waits}"));
        told.push(
            json!({ "route": name, "state": state, "carries": carries(route),
            "settings": route.settings().to_string(), "waits_for": waits }),
        );
    }
    for name in here.keys() {
        if !all.iter().any(|r| r.name() == name) {
            let waits = "`concordat route propose`, by a data-sharing-officer or analyst";
            said = said.line(format!("  {name}: not proposed; waits for {waits}"));
            told.push(
                json!({ "route": name, "state": null, "carries": false, "waits_for": waits }),
            );
        }
    }
    if all.is_empty() && here.is_empty() {
        said = said.next("write the routes of your agreements in node.toml, under `routes`");
    }
    Ok(said.with("routes", json!(told)))
}
