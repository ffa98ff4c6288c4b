//! Whose leave does the volume need (APP-03 to APP-06)? Counts what each party sends to each other in twelve
//! months, as far as the agreement says; what it does not say is more than any limit.

use std::collections::BTreeMap;

use crate::check::Check;
use crate::check::names::actor;
use crate::grammar::Entries;
use crate::ids::{FlowId, PartyId};
use crate::log::At;
use crate::model::{Agreement, Approval, Body, Flow, Per, Schedule};
use crate::period::{Period, Unit};
use crate::words::{Frequency, Level, RouteKind};

pub(super) fn check(check: &Check<'_>) {
    records(check);
    for (party, at) in check.a.approval.entries() {
        let name = At::new(party.clone(), at.span);
        check.declared("party", &name, check.a.parties.names());
        if let Some(approval) = at.value.given() {
            roles(check, party, approval);
        }
    }
    for (party, at) in check.a.parties.entries() {
        let Some(rule) = rule_of(check, party) else {
            continue;
        };
        let Some((needed, why)) = needed(check, party, rule) else {
            continue;
        };
        match check.a.approval.entry(party) {
            None if check.a.approval.is_some() => {
                check
                    .log
                    .fault(
                        "APP-03",
                        at.span,
                        format!("nobody gave leave for what {party} sends"),
                    )
                    .help(format!("add it to `approval`, at the level {needed}"))
                    .source(rule.title.clone());
            }
            None => {}
            Some(found) => {
                let Some(level) = found.value.given().and_then(|a| a.level.as_ref()) else {
                    continue;
                };
                if level.value < needed {
                    check
                        .log
                        .fault(
                            why.rule,
                            level.span,
                            format!(
                                "{}, and the {} alone gives leave for it",
                                why.text,
                                title(needed)
                            ),
                        )
                        .help(format!(
                            "write `level: {needed}`, and let that role approve"
                        ))
                        .source(rule.title.clone());
                }
            }
        }
    }
}

/// The volumes of a usage agreement stay within the total that it states (AGR-23).
fn records(check: &Check<'_>) {
    let Some(records) = &check.a.records else {
        return;
    };
    let firsts = check
        .a
        .each_flow()
        .filter(|(_, f)| check.a.rests_on(&f.value).is_empty());
    let (mut total, mut last, mut count) = (0_u64, None, Count::default());
    for (id, flow) in firsts {
        if let (Some(most), Some(volume)) = (count.yearly(check.a, id), &flow.value.volume) {
            total = total.saturating_add(most);
            last = Some(volume.span);
        }
    }
    let stated = u64::from(records.value.0);
    if let Some(span) = last.filter(|_| stated < total) {
        let message = format!(
            "the flows move up to {total} records, and the agreement states {stated} in all"
        );
        check
            .log
            .fault("AGR-23", span, message)
            .help("state as many, or move fewer");
    }
}

fn title(level: Level) -> &'static str {
    match level {
        Level::Iao => "information asset owner",
        Level::Siro => "senior information risk owner",
    }
}

fn rule_of<'a>(check: &Check<'a>, party: &PartyId) -> Option<&'a crate::law::Approvals> {
    let body = check.law.body(check.a.body(party)?)?;
    check.law.approvals.get(body.approvals.as_ref()?)
}

/// Nobody approves what they ask for themselves (PTY-13).
fn roles(check: &Check<'_>, party: &PartyId, approval: &Approval) {
    for role in approval.by.iter().chain(&approval.lead) {
        actor(check, role);
        if role.value.party() != *party && check.is_party(&role.value.party()) {
            let message = format!(
                "{} is no role of {party}, for which leave is given",
                role.value
            );
            check.log.fault("PTY-13", role.span, message);
        }
    }
    let own = |by: &At<crate::ActorId>| by.value.role().map(|r| r.as_str().to_owned());
    if let (Some(by), Some(level)) = (&approval.by, &approval.level)
        && let Some(role) = own(by).filter(|role| ["iao", "siro"].contains(&role.as_str()))
        && role != level.value.as_str()
    {
        let message = format!("{} gives no leave at the level {}", by.value, level.value);
        check
            .log
            .fault("PTY-13", by.span, message)
            .help(format!("write `by: {party}.{}`", level.value));
    }
    if let (Some(by), Some(lead)) = (&approval.by, &approval.lead)
        && by.value == lead.value
    {
        check
            .log
            .fault(
                "PTY-13",
                by.span,
                format!("{} would approve what it asks for itself", by.value),
            )
            .help("name another role in `by`");
    }
}

struct Why {
    rule: &'static str,
    text: String,
}

/// The level that what a party sends needs, and why; none where it sends nothing about people.
fn needed(
    check: &Check<'_>,
    party: &PartyId,
    rule: &crate::law::Approvals,
) -> Option<(Level, Why)> {
    let a = check.a;
    let sends: Vec<(&FlowId, &At<Flow>)> = a
        .each_flow()
        .filter(|(_, f)| {
            let body = f.value.from.as_ref().and_then(|from| a.body(&from.value));
            body.is_some() && body == a.body(party)
        })
        .filter(|(_, f)| !a.flow_about(&f.value).is_empty() && !check.to_subject(&f.value))
        .collect();
    // Where a flow has a fault of its own, how much it sends is not known yet.
    if sends.is_empty()
        || sends
            .iter()
            .any(|(id, _)| check.has_fault_at(&["flows", id.as_str()]))
    {
        return None;
    }
    let approval = a.approval.entry(party).and_then(|at| at.value.given());
    let yes = |part: &crate::grammar::Part<bool>| part.as_ref().is_some_and(|at| at.value);
    if approval.is_some_and(|a| yes(&a.national_security)) {
        return Some((
            rule.above,
            Why {
                rule: "APP-04",
                text: "national security is involved".to_owned(),
            },
        ));
    }
    if approval.is_some_and(|a| yes(&a.sensitive_recipient)) {
        let text = "the receiver is particularly sensitive, high profile or a risk".to_owned();
        return Some((
            rule.above,
            Why {
                rule: "APP-05",
                text,
            },
        ));
    }
    let direct = sends.iter().find(|(_, f)| {
        let route = f.value.route.as_ref().and_then(|r| r.value.given());
        let kind = route
            .and_then(|r| a.routes.entry(r))
            .and_then(|r| r.value.kind.as_ref());
        kind.is_some_and(|k| k.value == RouteKind::DirectAccess)
    });
    if let Some((id, _)) = direct {
        let text = format!("the flow {id} gives direct access to a system of {party}");
        return Some((
            rule.above,
            Why {
                rule: "APP-06",
                text,
            },
        ));
    }
    // All that the body sends counts, so that splitting an exchange over flows, receivers or purposes changes
    // nothing.
    let mut total = Some(0_u64);
    let mut count = Count::default();
    for (id, flow) in &sends {
        let Some(to) = &flow.value.to else { continue };
        // A volume is that of each member's file.
        let times = members(check, &to.value);
        let yearly = count.yearly(a, id).map(|n| n.saturating_mul(times));
        total = total.zip(yearly).map(|(sum, n)| sum.saturating_add(n));
    }
    let limit = u64::from(rule.over);
    let (level, text) = match total {
        Some(n) if n <= limit => (rule.below, String::new()),
        Some(n) => (
            rule.above,
            format!("{party} sends up to {n} records in 12 months, which is over {limit}"),
        ),
        None => (
            rule.above,
            format!("nothing says how many records {party} sends in 12 months"),
        ),
    };
    let rule = "APP-03";
    Some((level, Why { rule, text }))
}

/// How many bodies a party stands for.
fn members(check: &Check<'_>, party: &PartyId) -> u64 {
    let each = check
        .a
        .parties
        .entry(party)
        .and_then(|p| match &p.value.body.as_ref()?.value {
            Body::Each(each) => crate::compile::register(each, check.law),
            Body::One(_) => None,
        });
    each.map_or(1, |each| {
        u64::try_from(each.members.len()).unwrap_or(u64::MAX)
    })
}

/// Counts records and runs, each flow once, however many others rest on it.
#[derive(Default)]
struct Count<'a> {
    records: BTreeMap<&'a FlowId, Option<u64>>,
    runs: BTreeMap<&'a FlowId, Option<u64>>,
}

impl<'a> Count<'a> {
    /// The most records that a flow sends in twelve months; none where the agreement does not say.
    fn yearly(&mut self, a: &'a Agreement, id: &FlowId) -> Option<u64> {
        let (id, flow) = a.each_flow().find(|(own, _)| *own == id)?;
        if let Some(known) = self.records.get(id) {
            return *known;
        }
        self.records.insert(id, None);
        let found = self.records_of(a, id, &flow.value);
        self.records.insert(id, found);
        found
    }

    fn records_of(&mut self, a: &'a Agreement, id: &'a FlowId, flow: &'a Flow) -> Option<u64> {
        let volume = flow.volume.as_ref().map(|at| &at.value);
        let rows = volume.and_then(|v| {
            let margin = v.give_or_take.as_ref().map_or(0, |p| u64::from(p.value.0));
            let about = v
                .about
                .as_ref()
                .map(|n| u64::from(n.value.0) * (100 + margin) / 100);
            about.or(v.at_most.as_ref().map(|n| u64::from(n.value.0)))
        });
        let per = volume.and_then(|v| v.per.as_ref()).map(|p| &p.value);
        let again = match &flow.again {
            None => 0,
            Some(at) => times_a_year(at.value.every.as_ref()?.value)?,
        };
        let first = match (rows, per) {
            (Some(rows), Some(Per::Period(period))) => {
                Some(rows.saturating_mul(times_a_year(*period)?))
            }
            (Some(rows), Some(Per::Flow(other))) => {
                self.runs(a, other).map(|n| n.saturating_mul(rows))
            }
            (Some(rows), None) => self.runs(a, id).map(|n| n.saturating_mul(rows)),
            // A usage agreement states its total.
            (None, _) if a.rests_on(flow).is_empty() && a.records.is_some() => {
                a.records.as_ref().map(|at| u64::from(at.value.0))
            }
            // An answer has no more rows than its question, and what follows no more than what it follows.
            (None, _) => {
                let asked = a.rests_on(flow);
                let mut total = Some(0_u64);
                for question in asked {
                    let rows = self.yearly(a, &question.value);
                    total = total.zip(rows).map(|(sum, n)| sum.saturating_add(n));
                }
                total.filter(|_| !asked.is_empty())
            }
        };
        first.map(|n| n.saturating_mul(1 + again))
    }

    /// How often a flow runs in twelve months.
    fn runs(&mut self, a: &'a Agreement, id: &FlowId) -> Option<u64> {
        let (id, flow) = a.each_flow().find(|(own, _)| *own == id)?;
        if let Some(known) = self.runs.get(id) {
            return *known;
        }
        self.runs.insert(id, None);
        let found = self.runs_of(a, &flow.value);
        self.runs.insert(id, found);
        found
    }

    fn runs_of(&mut self, a: &'a Agreement, flow: &'a Flow) -> Option<u64> {
        let mut sum = |flows: &[FlowId]| {
            let mut total = Some(0_u64);
            for other in flows {
                let runs = self.runs(a, other);
                total = total.zip(runs).map(|(sum, n)| sum.saturating_add(n));
            }
            total.filter(|_| !flows.is_empty())
        };
        // A part of a file runs as the file does.
        if let Some(whole) = &flow.part_of {
            return sum(std::slice::from_ref(&whole.value));
        }
        let when = flow.when.as_ref().and_then(|w| w.value.given());
        match when.map(|w| &w.schedule) {
            Some(Schedule::Every { every, .. }) => Some(match every {
                Frequency::Day => 366,
                Frequency::Week => 53,
                Frequency::Month => 12,
                Frequency::Quarter => 4,
                Frequency::Year => 1,
            }),
            Some(Schedule::Once(_)) => Some(1),
            Some(Schedule::Each(occasions)) => {
                let flows = occasions.iter().map(|o| FlowId::parse(o.of().as_str()));
                sum(&flows.collect::<Result<Vec<_>, _>>().ok()?)
            }
            Some(Schedule::OnDemand { .. }) => None,
            None => sum(&a
                .rests_on(flow)
                .iter()
                .map(|f| f.value.clone())
                .collect::<Vec<_>>()),
        }
    }
}

/// How many of a period begin in twelve months at the most; none for hours and working days.
fn times_a_year(period: Period) -> Option<u64> {
    let n = u64::from(period.count.max(1));
    match period.unit {
        Unit::Days => Some(366_u64.div_ceil(n)),
        Unit::Weeks => Some(53_u64.div_ceil(n)),
        Unit::Months => Some(12_u64.div_ceil(n)),
        Unit::Years => Some(1),
        Unit::Hours | Unit::WorkingDays => None,
    }
}
