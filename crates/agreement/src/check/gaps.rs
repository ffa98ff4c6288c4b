//! Gaps: what the agreement does not settle, and what that stops. What a gap stops compiles to no permit.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Check;
use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, DerivedId, FieldName, FlowId, GapId};
use crate::log::{Step, Use};
use crate::model::Agreement;
use crate::rules::{GAP, OPEN_GAP, UNUSED};
use crate::stops::Stops;

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
    /// In a route, or a keep rule: flows must be named.
    Flows,
    /// In a field of a dataset.
    Field(DatasetId, FieldName),
    /// In something derived.
    Derived(DerivedId),
}

impl Where {
    fn of(path: &[Step]) -> Self {
        let words: Vec<String> = path.iter().map(ToString::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["flows", flow, ..] => FlowId::parse(flow).map_or(Self::Agreement, Self::Flow),
            ["datasets", dataset, "fields", field, ..] => {
                match (DatasetId::parse(dataset), FieldName::parse(field)) {
                    (Ok(dataset), Ok(field)) => Self::Field(dataset, field),
                    _ => Self::Agreement,
                }
            }
            ["derived", derived, ..] => {
                DerivedId::parse(derived).map_or(Self::Agreement, Self::Derived)
            }
            ["keep" | "routes", ..] => Self::Flows,
            ["under", ..] => Self::Waivable,
            ["contacts", _, "business" | "incidents" | "escalation", ..]
            | ["contacts", _, "gap"] => Self::Waivable,
            ["term", "withdraw", ..] => Self::Paper,
            [
                "charges" | "reference" | "contacts" | "control" | "versions" | "owners"
                | "benefits" | "prose" | "requests",
                ..,
            ] => Self::Paper,
            _ => Self::Agreement,
        }
    }

    /// Does what the gap stops suffice for the place where it stands?
    fn suffices(&self, stops: &Stops) -> bool {
        match (self, stops) {
            (_, Stops::Agreement) | (Self::Paper, _) => true,
            (Self::Flow(_), Stops::Flow(None)) => true,
            (Self::Flow(own), Stops::Flow(Some(named))) => own == named,
            (Self::Flows, Stops::Flow(Some(_))) => true,
            (Self::Field(..), Stops::Cells | Stops::Flow(_)) => true,
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
            Self::Flows => "flow with its name, or agreement",
            Self::Field(..) => "cells, flow, or agreement",
            Self::Derived(_) => "derived, or agreement",
        }
    }
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
        let place_of = Where::of(&one.path);
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
        if places.is_empty() && stops.value != Stops::Nothing {
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
    for one in uses {
        let stops = a
            .gaps
            .entry(&one.name)
            .and_then(|g| g.value.stops.as_ref())
            .map(|s| &s.value);
        let place_of = Where::of(&one.path);
        let gap = || one.name.clone();
        match (stops, place_of) {
            (None | Some(Stops::Nothing), _) => {}
            (Some(Stops::Agreement), _) => {
                if !a.waivers.has(&one.name) {
                    out.agreement.insert(gap());
                }
            }
            (Some(Stops::Flow(Some(flow))), _) => {
                out.flows.entry(flow.clone()).or_default().insert(gap());
            }
            (Some(Stops::Flow(None)), Where::Flow(flow)) => {
                out.flows.entry(flow).or_default().insert(gap());
            }
            (Some(Stops::Flow(None)), Where::Field(dataset, _)) => {
                let sends = a
                    .each_flow()
                    .filter(|(_, f)| f.value.send.all().iter().any(|d| d.value == dataset));
                for (flow, _) in sends {
                    out.flows.entry(flow.clone()).or_default().insert(gap());
                }
            }
            (Some(Stops::Cells), Where::Field(dataset, field)) => {
                out.fields
                    .entry((dataset, field))
                    .or_default()
                    .insert(gap());
            }
            (Some(Stops::Derived(Some(derived))), _) => {
                out.derived
                    .entry(derived.clone())
                    .or_default()
                    .insert(gap());
            }
            (Some(Stops::Derived(None)), Where::Derived(derived)) => {
                out.derived.entry(derived).or_default().insert(gap());
            }
            (Some(Stops::Flow(None) | Stops::Cells | Stops::Derived(None)), _) => {}
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
            let is_stopped = |f: &&FlowId| out.flows.contains_key(*f);
            let rests = !asked.is_empty() && asked.iter().all(|f| out.flows.contains_key(&f.value));
            if rests || parts.iter().any(is_stopped) || through.iter().any(is_stopped) {
                let why: BTreeSet<GapId> = asked
                    .iter()
                    .map(|at| &at.value)
                    .chain(parts)
                    .chain(through)
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
