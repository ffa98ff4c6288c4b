//! Gaps: what the agreement does not settle, and what that stops. What a gap stops compiles to no permit.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Check;
use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, DerivedId, FieldName, FlowId, GapId};
use crate::log::{Step, Use};
use crate::model::{Agreement, Flow, KeepLine};
use crate::rules::{GAP, OPEN_GAP, UNUSED};
use crate::stops::Stops;
use crate::words::Place;

/// Where a gap stands, as far as it matters for what it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In a part without which the agreement cannot be in force.
    Agreement,
    /// In a part that a dated waiver can stand in for.
    Waivable,
    /// In a part without which it can.
    Paper,
    /// In a flow.
    Flow(FlowId),
    /// In a route, or a keep rule: these flows use it, or move what it is about.
    Flows(BTreeSet<FlowId>),
    /// In a field of a dataset, which these flows send.
    Field(DatasetId, FieldName, BTreeSet<FlowId>),
    /// In something derived.
    Derived(DerivedId),
}

impl Where {
    fn of(a: &Agreement, path: &[Step]) -> Self {
        let words: Vec<String> = path.iter().map(ToString::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["flows", flow, ..] => FlowId::parse(flow).map_or(Self::Agreement, Self::Flow),
            ["datasets", dataset, "fields", field, ..] => {
                match (DatasetId::parse(dataset), FieldName::parse(field)) {
                    (Ok(dataset), Ok(field)) => {
                        let flows = flows_of(a, |f| sends(f, &dataset));
                        Self::Field(dataset, field, flows)
                    }
                    _ => Self::Agreement,
                }
            }
            ["derived", derived, ..] => {
                DerivedId::parse(derived).map_or(Self::Agreement, Self::Derived)
            }
            ["keep", number, ..] => number
                .parse()
                .ok()
                .and_then(|n: usize| a.keep.all().get(n.checked_sub(1)?))
                .map_or(Self::Agreement, |line| {
                    Self::Flows(flows_of(a, |f| brings(f, &line.value)))
                }),
            ["routes", route, ..] => Self::Flows(flows_of(a, |f| uses(a, f, route))),
            ["under", ..] => Self::Waivable,
            ["contacts", _, "business" | "incidents" | "escalation", ..]
            | ["contacts", _, "gap"] => Self::Waivable,
            ["term", "withdraw", ..] => Self::Paper,
            [
                "charges" | "reference" | "contacts" | "control" | "versions" | "owners"
                | "benefits",
                ..,
            ] => Self::Paper,
            _ => Self::Agreement,
        }
    }

    /// Does what the gap stops suffice for the place where it stands?
    fn suffices(&self, stops: &Stops) -> bool {
        let only = |flows: &BTreeSet<FlowId>, named: &FlowId| flows.iter().all(|f| f == named);
        match (self, stops) {
            (_, Stops::Agreement) | (Self::Paper, _) => true,
            (Self::Flow(_) | Self::Flows(_), Stops::Flow(None)) => true,
            (Self::Flow(own), Stops::Flow(Some(named))) => own == named,
            (Self::Flows(flows), Stops::Flow(Some(named))) => only(flows, named),
            (Self::Field(..), Stops::Cells | Stops::Flow(None)) => true,
            (Self::Field(.., flows), Stops::Flow(Some(named))) => only(flows, named),
            (Self::Derived(_), Stops::Derived(None)) => true,
            (Self::Derived(own), Stops::Derived(Some(named))) => own == named,
            _ => false,
        }
    }

    fn wants(&self) -> &'static str {
        match self {
            Self::Agreement | Self::Waivable => "agreement",
            Self::Paper => "nothing, or agreement",
            Self::Flow(_) => "flow, or agreement",
            Self::Flows(_) => "flow, which is every flow that uses it, or agreement",
            Self::Field(..) => "cells, flow, or agreement",
            Self::Derived(_) => "derived, or agreement",
        }
    }
}

fn flows_of(a: &Agreement, is: impl Fn(&Flow) -> bool) -> BTreeSet<FlowId> {
    let all = a.each_flow().filter(|(_, flow)| is(&flow.value));
    all.map(|(id, _)| id.clone()).collect()
}

fn sends(flow: &Flow, dataset: &DatasetId) -> bool {
    flow.send.all().iter().any(|d| d.value == *dataset)
}

/// Does the flow move what a keep rule is about to, or from, its holder?
fn brings(flow: &Flow, line: &KeepLine) -> bool {
    let end = match line.place() {
        Place::Staging => &flow.from,
        Place::Received => &flow.to,
    };
    let at = line.at.as_ref().map(|at| &at.value);
    let here = end.as_ref().map(|p| &p.value) == at
        || flow.handled_by.all().iter().any(|p| Some(&p.value) == at);
    here && line.what.all().iter().any(|d| sends(flow, &d.value))
}

/// Does the flow go by the route, or its password?
fn uses(a: &Agreement, flow: &Flow, route: &str) -> bool {
    let Some(own) = flow.route.as_ref().and_then(|r| r.value.given()) else {
        return false;
    };
    let password = a
        .routes
        .entry(own)
        .and_then(|r| r.value.password_by.as_ref());
    own.as_str() == route || password.is_some_and(|p| p.value.as_str() == route)
}

/// The path of a use, as people read it.
pub(crate) fn place(path: &[Step]) -> String {
    let words: Vec<String> = path
        .iter()
        .filter(|step| !matches!(step, Step::Key("gap")))
        .map(ToString::to_string)
        .collect();
    words.join(".")
}

pub(super) fn check(check: &Check<'_>) {
    for one in check.gaps {
        let Some(gap) = check.a.gaps.entry(&one.name) else {
            let all = check.a.gaps.names().map(GapId::as_str);
            let help = check
                .log
                .did_you_mean(one.name.as_str(), all)
                .unwrap_or_else(|| {
                    format!(
                        "add `{}` to gaps, with `asks`, `owner` and `stops`",
                        one.name
                    )
                });
            check
                .log
                .fault(GAP, one.span, format!("the gap {} is not listed", one.name))
                .help(help);
            continue;
        };
        let Some(stops) = &gap.value.stops else {
            continue;
        };
        let place_of = Where::of(check.a, &one.path);
        if !place_of.suffices(&stops.value) {
            let message = format!(
                "the gap {} stands in {} and stops {}",
                one.name,
                place(&one.path),
                stops.value
            );
            check
                .log
                .fault(GAP, stops.span, message)
                .help(format!("it must stop: {}", place_of.wants()));
        }
        if check.a.waivers.has(&one.name) && place_of != Where::Waivable {
            let message = format!(
                "the gap {} stands in {}, for which no waiver can stand in",
                one.name,
                place(&one.path)
            );
            let span = check
                .a
                .waivers
                .entry(&one.name)
                .map_or(one.span, |at| at.span);
            check
                .log
                .fault(GAP, span, message)
                .help("a waiver stands in for an umbrella or for contacts")
                .source("AGR-30, PTY-03");
        }
    }
    for (id, gap) in check.a.gaps.entries() {
        let Some(stops) = &gap.value.stops else {
            continue;
        };
        let named = |there: bool, what: &str, name: &str| {
            if !there {
                let message = format!("the gap {id} stops the {what} {name}, which is not there");
                check.log.fault(GAP, stops.span, message);
            }
        };
        match &stops.value {
            Stops::Flow(Some(flow)) => named(check.a.flows.has(flow), "flow", flow.as_str()),
            Stops::Derived(Some(derived)) => named(
                check.a.derived.has(derived),
                "derived thing",
                derived.as_str(),
            ),
            Stops::Nothing
            | Stops::Cells
            | Stops::Flow(None)
            | Stops::Derived(None)
            | Stops::Agreement => {}
        }
    }
}

/// The gaps that are open, and those that are used nowhere. Asked only where there is no fault.
pub(super) fn open(check: &Check<'_>) {
    for (id, gap) in check.a.gaps.entries() {
        let Some(stops) = &gap.value.stops else {
            continue;
        };
        let mut places: Vec<String> = check
            .gaps
            .iter()
            .filter(|u| u.name == *id)
            .map(|u| place(&u.path))
            .collect();
        places.dedup();
        let says_what = matches!(
            stops.value,
            Stops::Nothing | Stops::Agreement | Stops::Flow(Some(_)) | Stops::Derived(Some(_))
        );
        if places.is_empty() && !says_what {
            check
                .log
                .warn(UNUSED, gap.span, format!("the gap {id} is used nowhere"));
            continue;
        }
        let open_in = match places.as_slice() {
            [] => "stands open".to_owned(),
            places => format!("is open in {}", places.join(", ")),
        };
        let asks = gap.value.asks.as_ref().map_or("", |a| a.value.as_str());
        let mut message = format!(
            "the gap {id} {open_in} and stops {}: {asks}",
            what(&stops.value)
        );
        if let Some(waiver) = check.a.waivers.entry(id)
            && let (Some(on), Some(until)) = (&waiver.value.on, &waiver.value.until)
        {
            message = format!("{message} (waived from {} to {})", on.value, until.value);
        }
        let owner = gap.value.owner.as_ref().map_or("", |o| o.value.as_str());
        check
            .log
            .gap(OPEN_GAP, gap.span, message)
            .help(format!("{owner} must answer it"));
    }
}

/// What a gap stops, for people.
pub(crate) fn what(stops: &Stops) -> String {
    match stops {
        Stops::Nothing => "nothing".to_owned(),
        Stops::Cells => "its cells".to_owned(),
        Stops::Flow(None) => "its flow".to_owned(),
        Stops::Flow(Some(flow)) => format!("the flow {flow}"),
        Stops::Derived(None) => "its derivation".to_owned(),
        Stops::Derived(Some(derived)) => format!("the derivation {derived}"),
        Stops::Agreement => "the agreement".to_owned(),
    }
}

/// What the open gaps of an agreement stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopped {
    /// Which gaps stop the whole agreement; those that are waived are not here.
    pub(crate) agreement: BTreeSet<GapId>,
    pub(crate) flows: BTreeMap<FlowId, BTreeSet<GapId>>,
    pub(crate) fields: BTreeMap<(DatasetId, FieldName), BTreeSet<GapId>>,
    pub(crate) derived: BTreeMap<DerivedId, BTreeSet<GapId>>,
}

pub(crate) fn stopped(a: &Agreement, uses: &[Use<GapId>]) -> Stopped {
    let mut out = Stopped::default();
    let mut stop_flow = |flow: &FlowId, gap: &GapId| {
        out.flows
            .entry(flow.clone())
            .or_default()
            .insert(gap.clone());
    };
    // A gap that says what it stops stops it, wherever it stands and even where it stands nowhere.
    for (id, gap) in a.gaps.entries().filter(|(id, _)| !a.waivers.has(id)) {
        match gap.value.stops.as_ref().map(|s| &s.value) {
            Some(Stops::Agreement) => {
                out.agreement.insert(id.clone());
            }
            Some(Stops::Flow(Some(flow))) => stop_flow(flow, id),
            Some(Stops::Derived(Some(derived))) => {
                out.derived
                    .entry(derived.clone())
                    .or_default()
                    .insert(id.clone());
            }
            Some(Stops::Nothing | Stops::Cells | Stops::Flow(None) | Stops::Derived(None))
            | None => {}
        }
    }
    for one in uses {
        let stops = a
            .gaps
            .entry(&one.name)
            .and_then(|g| g.value.stops.as_ref())
            .map(|s| &s.value);
        match (stops, Where::of(a, &one.path)) {
            (Some(Stops::Flow(None)), Where::Flow(flow)) => stop_flow(&flow, &one.name),
            (Some(Stops::Flow(None)), Where::Flows(flows) | Where::Field(.., flows)) => {
                flows.iter().for_each(|flow| stop_flow(flow, &one.name));
            }
            (Some(Stops::Cells), Where::Field(dataset, field, _)) => {
                let cell = out.fields.entry((dataset, field)).or_default();
                cell.insert(one.name.clone());
            }
            (Some(Stops::Derived(None)), Where::Derived(derived)) => {
                let stopped = out.derived.entry(derived).or_default();
                stopped.insert(one.name.clone());
            }
            (Some(_) | None, _) => {}
        }
    }
    // A flow that rests on nothing but stopped flows is stopped too; so is one that goes only when they do.
    loop {
        let mut more = Vec::new();
        for (id, flow) in a.each_flow().filter(|(id, _)| !out.flows.contains_key(id)) {
            let asked = a.rests_on(&flow.value);
            let parts: Vec<&FlowId> = flow.value.part_of.iter().map(|at| &at.value).collect();
            let through: Vec<&FlowId> = flow
                .value
                .answers
                .iter()
                .filter_map(|at| at.value.through.as_ref())
                .map(|at| &at.value)
                .collect();
            let needs: Vec<&FlowId> = flow
                .value
                .needs
                .all()
                .iter()
                .filter_map(|n| n.value.flow())
                .collect();
            let is_stopped = |f: &&FlowId| out.flows.contains_key(*f);
            let rests = !asked.is_empty() && asked.iter().all(|f| out.flows.contains_key(&f.value));
            let with = parts.iter().chain(&through).chain(&needs);
            if rests || with.into_iter().any(is_stopped) {
                let why: BTreeSet<GapId> = asked
                    .iter()
                    .map(|at| &at.value)
                    .chain(parts)
                    .chain(through)
                    .chain(needs)
                    .filter_map(|f| out.flows.get(f))
                    .flatten()
                    .cloned()
                    .collect();
                more.push((id.clone(), why));
            }
        }
        if more.is_empty() {
            return out;
        }
        out.flows.extend(more);
    }
}
