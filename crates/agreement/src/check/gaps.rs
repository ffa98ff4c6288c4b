//! Gaps: what the agreement does not settle, and what that stops. What a gap stops compiles to no permit.

use crate::check::Scope;
use crate::diagnostic::Span;
use crate::ids::{DatasetId, FieldName, FlowId, GapId};
use crate::keep::Stops;
use crate::model::{Agreement, Holds, Slot};
use crate::read::At;
use crate::rules::{GAP, OPEN_GAP, UNUSED};

/// Where a gap stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In a part of the whole agreement.
    Agreement(&'static str),
    /// In the charges, which need not stop anything.
    Charges,
    /// In a flow.
    Flow(FlowId, &'static str),
    /// In a field.
    Field(DatasetId, FieldName),
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agreement(part) => f.write_str(part),
            Self::Charges => f.write_str("charges"),
            Self::Flow(flow, part) => write!(f, "{part} of flow {flow}"),
            Self::Field(dataset, field) => write!(f, "field {dataset}.{field}"),
        }
    }
}

/// One use of a gap.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) gap: GapId,
    pub(crate) span: Span,
    pub(crate) place: Where,
}

fn slot<T>(found: &mut Vec<Use>, slot: &At<Slot<T>>, place: Where) {
    if let Slot::Gap(gap) = &slot.value {
        found.push(Use {
            gap: gap.clone(),
            span: slot.span,
            place,
        });
    }
}

/// Every gap that is used, with its place.
pub(crate) fn uses(a: &Agreement) -> Vec<Use> {
    let mut found = Vec::new();
    if let Some(at) = &a.charges {
        slot(&mut found, at, Where::Charges);
    }
    for at in a.under.values() {
        slot(&mut found, at, Where::Agreement("under"));
    }
    if let Some(at) = a.term.as_ref().and_then(|t| t.from.as_ref()) {
        slot(&mut found, at, Where::Agreement("term"));
    }
    for at in a.contacts.values() {
        slot(&mut found, at, Where::Agreement("contacts"));
    }
    for at in a.signed.values() {
        slot(&mut found, at, Where::Agreement("signed"));
    }
    for (id, flow) in &a.flows {
        let place = |part| Where::Flow(id.clone(), part);
        if let Some(at) = &flow.value.when {
            slot(&mut found, at, place("when"));
        }
        if let Some(at) = &flow.value.form {
            slot(&mut found, at, place("as"));
        }
        if let Some(at) = &flow.value.route {
            slot(&mut found, at, place("route"));
        }
    }
    for (path, field) in a.fields() {
        if let Some(Holds::Gap(gap)) = &field.holds {
            let place = Where::Field(path.dataset, path.field);
            found.push(Use {
                gap: gap.value.clone(),
                span: gap.span,
                place,
            });
        }
    }
    found
}

pub(super) fn check(scope: &Scope<'_>) {
    let uses = uses(scope.a);
    for one in &uses {
        let at = At::new(one.gap.clone(), one.span);
        let Some(gap) = scope.a.gaps.get(&one.gap) else {
            let all = scope.a.gaps.keys().map(GapId::as_str);
            let help = scope
                .log
                .did_you_mean(one.gap.as_str(), all)
                .unwrap_or_else(|| {
                    format!(
                        "add `{}` to gaps, with `asks`, `owner` and `stops`",
                        at.value
                    )
                });
            scope
                .log
                .fault(GAP, one.span, format!("the gap {} is not listed", at.value))
                .help(help);
            continue;
        };
        let Some(stops) = &gap.value.stops else {
            continue;
        };
        let enough: &[Stops] = match one.place {
            Where::Agreement(_) => &[Stops::Agreement],
            Where::Charges => &[Stops::Nothing, Stops::Agreement],
            Where::Flow(..) => &[Stops::Flow, Stops::Agreement],
            Where::Field(..) => &[Stops::Cells, Stops::Flow, Stops::Agreement],
        };
        if !enough.contains(&stops.value) {
            let words: Vec<&str> = enough.iter().map(|s| s.as_str()).collect();
            let message = format!(
                "the gap {} stands in {} and stops {}",
                one.gap, one.place, stops.value
            );
            scope
                .log
                .fault(GAP, stops.span, message)
                .help(format!("it must stop: {}", words.join(" or ")));
        }
    }
}

/// The gaps that are open, and those that are used nowhere. Asked only where there is no fault.
pub(super) fn open(scope: &Scope<'_>) {
    let uses = uses(scope.a);
    for (id, gap) in &scope.a.gaps {
        let Some(stops) = gap
            .value
            .stops
            .as_ref()
            .filter(|s| s.value != Stops::Nothing)
        else {
            continue;
        };
        let mine = uses.iter().filter(|u| u.gap == *id);
        let places: Vec<String> = mine.map(|u| u.place.to_string()).collect();
        if places.is_empty() {
            scope
                .log
                .warn(UNUSED, gap.span, format!("the gap {id} is used nowhere"));
        } else {
            let places = places.join(", ");
            let message = format!(
                "the gap {id} is open in {places} and stops the {}",
                stops.value
            );
            scope.log.warn(OPEN_GAP, gap.span, message);
        }
    }
}
