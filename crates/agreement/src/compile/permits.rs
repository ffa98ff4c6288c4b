//! Compiles the permits: to disclose, one per flow, field, kind of person and gateway; to use, one at the
//! receiver for each of these; to keep, one per keep rule, field and kind of person.

use std::collections::BTreeMap;

use crate::ids::{FlowId, PartyId, PermitId, PersonKind, PurposeId};
use crate::keep::{Keep, Place};
use crate::law::Law;
use crate::model::{Agreement, Line};
use crate::permit::{Act, Dates, Permit, Scope, Shape};
use crate::plan::{Column, Flow};
use crate::value::NATIONS;

/// All permits; also writes into each column those that disclose it.
pub(super) fn permits(
    a: &Agreement,
    law: &Law,
    term: Dates,
    flows: &mut BTreeMap<FlowId, Flow>,
    keep: &[Keep],
) -> Option<Vec<Permit>> {
    let mut disclose: Vec<Permit> = Vec::new();
    for flow in flows.values_mut() {
        let mut columns = std::mem::take(&mut flow.columns);
        for column in &mut columns {
            let permits = column_permits(a, law, term, flow, column, keep)?;
            let mut ids: Vec<(u16, PermitId)> =
                permits.iter().map(|p| (p.rank, p.id.clone())).collect();
            ids.sort();
            column.permits = ids.into_iter().map(|(_, id)| id).collect();
            disclose.extend(permits);
        }
        flow.columns = columns;
    }
    let to_use: Vec<Permit> = disclose.iter().map(use_permit).collect();
    let to_keep = keep_permits(flows, keep, term, &disclose);
    Some(disclose.into_iter().chain(to_use).chain(to_keep).collect())
}

fn column_permits(
    a: &Agreement,
    law: &Law,
    term: Dates,
    flow: &Flow,
    column: &Column,
    keep: &[Keep],
) -> Option<Vec<Permit>> {
    let written = &a.flows.get(&flow.id)?.value;
    let body = |party: &PartyId| Some(&a.parties.get(party)?.value.body.as_ref()?.value);
    let mut out = Vec::new();
    for about in &column.about {
        for (rank, line) in a.lines(written).iter().enumerate() {
            let gate = &line.gate.as_ref()?.value;
            let gateway = law.gateway(gate)?;
            let open = law.open(gateway, body(&flow.from)?, body(&flow.to)?).ok()?;
            let purposes = crate::check::served(a, written, &open)
                .into_iter()
                .cloned()
                .collect();
            let dates = Dates {
                from: gateway.from.map_or(term.from, |first| first.max(term.from)),
                last: gateway.until.map_or(term.last, |last| last.min(term.last)),
            };
            let mut with = gateway.read_with.clone();
            with.extend(line.with.iter().map(|w| w.value.clone()));
            out.push(Permit {
                id: PermitId::new(format!("{}/{}/{about}/{gate}", flow.id, column.field)),
                agreement: a.agreement.as_ref()?.value.clone(),
                act: Act::Disclose,
                flow: Some(flow.id.clone()),
                field: column.field.clone(),
                origin: column.origin.clone(),
                about: about.clone(),
                from: flow.from.clone(),
                to: flow.to.clone(),
                gateway: Some(gate.clone()),
                with,
                rank: u16::try_from(rank).ok()?,
                scope: gateway.scope,
                purposes,
                when: conditions(flow, line),
                territory: gateway.territory.clone(),
                dates,
                shape: shape(column),
                form: Some(flow.form),
                route: Some(flow.route.clone()),
                answers: flow
                    .answers
                    .as_ref()
                    .map(|x| x.flows.clone())
                    .unwrap_or_default(),
                pairs_on: flow
                    .answers
                    .as_ref()
                    .map(|x| x.pairs_on.clone())
                    .unwrap_or_default(),
                keep: rules(keep, column, &flow.to, Place::Received),
            });
        }
    }
    Some(out)
}

fn conditions(flow: &Flow, line: &Line) -> Vec<crate::ConditionId> {
    let mut all: Vec<crate::ConditionId> = flow.only.iter().cloned().collect();
    if let Some(when) = &line.when
        && !all.contains(&when.value)
    {
        all.push(when.value.clone());
    }
    all
}

fn shape(column: &Column) -> Shape {
    Shape {
        field_type: column.field_type.clone(),
        many: column.many,
        presence: column.presence,
    }
}

fn rules(keep: &[Keep], column: &Column, at: &PartyId, place: Place) -> Vec<Keep> {
    keep.iter()
        .filter(|k| k.at == *at && k.place == place && k.what.contains(&column.field.dataset))
        .cloned()
        .collect()
}

/// The receiver may use what it received for the purposes for which it came (LEG-23).
fn use_permit(disclose: &Permit) -> Permit {
    Permit {
        id: PermitId::new(format!("use/{}", disclose.id)),
        act: Act::Use,
        from: disclose.to.clone(),
        // The record met its conditions when it came; they are not asked again of the receiver.
        when: Vec::new(),
        form: None,
        route: None,
        ..disclose.clone()
    }
}

/// A party may keep what its rule says, as long as some flow that can run moves it.
fn keep_permits(
    flows: &BTreeMap<FlowId, Flow>,
    keep: &[Keep],
    term: Dates,
    disclose: &[Permit],
) -> Vec<Permit> {
    let mut out: BTreeMap<PermitId, Permit> = BTreeMap::new();
    for rule in keep {
        for flow in flows.values() {
            let end = match rule.place {
                Place::Staging => &flow.from,
                Place::Received => &flow.to,
            };
            if *end != rule.at {
                continue;
            }
            for column in flow
                .columns
                .iter()
                .filter(|c| rule.what.contains(&c.field.dataset))
            {
                for about in &column.about {
                    let permit = keep_permit(rule, column, about, term, disclose);
                    if let Some(permit) = permit {
                        out.entry(permit.id.clone()).or_insert(permit);
                    }
                }
            }
        }
    }
    out.into_values().collect()
}

fn keep_permit(
    rule: &Keep,
    column: &Column,
    about: &PersonKind,
    term: Dates,
    disclose: &[Permit],
) -> Option<Permit> {
    let moves = |p: &&Permit| {
        let end = match rule.place {
            Place::Staging => &p.from,
            Place::Received => &p.to,
        };
        *end == rule.at && p.field == column.field && p.about == *about
    };
    let first = disclose.iter().find(moves)?;
    let mut purposes: Vec<PurposeId> = disclose
        .iter()
        .filter(moves)
        .flat_map(|p| p.purposes.clone())
        .collect();
    purposes.sort();
    purposes.dedup();
    let copy = match rule.place {
        Place::Staging => "/staging",
        Place::Received => "",
    };
    Some(Permit {
        id: PermitId::new(format!("keep/{}/{}/{about}{copy}", rule.at, column.field)),
        act: Act::Keep,
        flow: None,
        from: rule.at.clone(),
        to: rule.at.clone(),
        gateway: None,
        with: Vec::new(),
        rank: 0,
        scope: Scope::Batch,
        purposes,
        when: Vec::new(),
        territory: NATIONS.map(str::to_owned).to_vec(),
        dates: term,
        form: None,
        route: None,
        answers: Vec::new(),
        pairs_on: Vec::new(),
        keep: vec![rule.clone()],
        ..first.clone()
    })
}
