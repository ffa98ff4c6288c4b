//! Is each route one that may be used for this data, and does the form of what goes on it fit it?

use crate::check::Check;
use crate::grammar::{Entries, Items};
use crate::ids::{FlowId, RouteId};
use crate::log::At;
use crate::model::{Flow, Route};
use crate::rules::{DETAIL, PROCESSOR};
use crate::words::{Control, Does, Form, RouteKind, RouteState};

pub(super) fn check(check: &Check<'_>) {
    for (id, route) in check.a.routes.entries() {
        one(check, id, route);
    }
    for (id, flow) in check.a.each_flow() {
        used(check, id, &flow.value);
    }
}

fn one(check: &Check<'_>, id: &RouteId, at: &At<Route>) {
    let route = &at.value;
    if let Some(other) = &route.password_by {
        check.declared("route", other, check.a.routes.names());
        if other.value == *id {
            let message = format!("the password of {id} would travel on the same route");
            check
                .log
                .fault("SEC-06", other.span, message)
                .help("name another route, on which the password goes apart from the file");
        }
    }
    let (Some(kind), encrypted) = (
        &route.kind,
        route.encrypted.as_ref().is_some_and(|e| e.value),
    ) else {
        return;
    };
    let portable = kind.value == RouteKind::Portable;
    if portable && (route.exception.is_none() || !encrypted) {
        let message =
            "a portable device is used only where it is absolutely necessary, and then encrypted";
        check
            .log
            .fault("SEC-08", kind.span, message)
            .help("write `exception:` with the reason, and `encrypted: yes`");
    }
    let direct = kind.value == RouteKind::DirectAccess;
    if direct && route.terms.is_none() {
        let message = "direct access to a system of the other party needs terms of its own";
        check
            .log
            .fault("SEC-11", kind.span, message)
            .help("write `terms:`: how access is appropriate, applied, managed and recorded");
    }
    for (there, fits, what) in [
        (
            route.exception.as_ref().map(|e| e.span),
            portable,
            "an exception is for a portable device",
        ),
        (
            route.terms.as_ref().map(|t| t.span),
            direct,
            "terms are for direct access",
        ),
    ] {
        if let Some(span) = there.filter(|_| !fits) {
            check.log.fault(DETAIL, span, what).help("take it out");
        }
    }
    if let Some(host) = &route.host
        && check.declared("party", host, check.a.parties.names())
    {
        let carries = check.a.parties.entry(&host.value).is_some_and(|p| {
            p.value
                .is
                .as_ref()
                .is_some_and(|is| is.value == Control::Processor)
                && p.value.does.all().iter().any(|d| d.value == Does::Carry)
        });
        if !carries {
            let message = format!(
                "{} runs the route {id}, and is no processor that carries",
                host.value
            );
            check
                .log
                .fault(PROCESSOR, host.span, message)
                .help("write `is: processor, for: ..., does: carry` for that party");
        }
    }
}

fn used(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let Some((name, span)) = flow
        .route
        .as_ref()
        .and_then(|r| Some((r.value.given()?, r.span)))
    else {
        return;
    };
    let Some(route) = check.a.routes.entry(name).map(|at| &at.value) else {
        return;
    };
    match route.state.as_ref().map(|s| s.value) {
        Some(state @ (RouteState::Proposed | RouteState::Assured)) => {
            let message =
                format!("the flow {id} would use {name}, which is {state} and not approved");
            check
                .log
                .fault("SEC-07", span, message)
                .help("use an approved route, or let a gap stand until it is approved")
                .source("a system with assurance only is not enough (C-18)");
        }
        Some(RouteState::Retired) => {
            let message = format!("the flow {id} would use {name}, which is retired");
            check
                .log
                .fault("RUN-13", span, message)
                .help("use an approved route");
        }
        Some(RouteState::Approved) | None => {}
    }
    let Some(form) = flow
        .form
        .as_ref()
        .and_then(|f| f.value.given().map(|form| (*form, f.span)))
    else {
        return;
    };
    let Some(kind) = route.kind.as_ref().map(|k| k.value) else {
        return;
    };
    let program = matches!(kind, RouteKind::Api);
    let fits = match form.0 {
        Form::Call => program,
        Form::Xlsx | Form::Csv | Form::Form | Form::Letter => !program,
    };
    if !fits {
        let message = format!("the flow {id} goes as {}, and {name} is {}", form.0, kind);
        check
            .log
            .fault("RUN-12", form.1, message)
            .help("a call goes by an api, and everything else by another kind of route");
    }
}
