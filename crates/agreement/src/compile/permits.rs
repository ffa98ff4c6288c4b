//! Compiles the permits: to disclose, one per flow, field, kind of person and gateway; to use, one at the
//! receiver for each of these, and one for each field that is derived; to keep, one per keep rule, field and
//! kind of person.

use std::collections::BTreeMap;

use super::held::onward_of;
use super::{Source, set};
use crate::check::{applies_to, purposes_of, served};
use crate::grammar::{Entries, Items};
use crate::ids::{
    DatasetId, DerivedId, FieldPath, FlowId, KindId, PartyId, PermitId, PersonKind, PurposeId,
};
use crate::law::{End, Gateway};
use crate::model::{self, SUBJECT};
use crate::permit::{Act, Dates, Permit, Shape};
use crate::plan::{Column, Derived, Flow, Keep, Many, Onward, Party, Present};
use crate::value::NATIONS;
use crate::words::{Does, Place, Scope};

/// What the permits rest on, besides the flows.
pub(super) struct Held<'a> {
    pub(super) keep: &'a [Keep],
    pub(super) onward: &'a BTreeMap<String, Onward>,
    pub(super) parties: &'a BTreeMap<PartyId, Party>,
    pub(super) days: Dates,
}

/// All permits; also writes into each column those that disclose it.
pub(super) fn permits(
    source: &Source<'_>,
    held: &Held<'_>,
    flows: &mut BTreeMap<FlowId, Flow>,
    derived: &BTreeMap<DerivedId, Derived>,
) -> Option<Vec<Permit>> {
    let mut disclose: Vec<Permit> = Vec::new();
    for flow in flows.values_mut() {
        let mut columns = std::mem::take(&mut flow.columns);
        for column in &mut columns {
            let permits = column_permits(source, held, flow, column)?;
            let mut ids: Vec<(u16, PermitId)> =
                permits.iter().map(|p| (p.rank, p.id.clone())).collect();
            ids.sort();
            column.permits = ids.into_iter().map(|(_, id)| id).collect();
            disclose.extend(permits);
        }
        flow.columns = columns;
    }
    let to_use = disclose
        .iter()
        .filter(|p| p.to.as_str() != SUBJECT)
        .map(|permit| use_permit(held, permit));
    let mut all: Vec<Permit> = to_use.collect();
    for (id, one) in derived {
        all.extend(derived_permits(source, held, id, one)?);
    }
    let to_keep = keep_permits(held, flows, &disclose, &all);
    Some(disclose.into_iter().chain(all).chain(to_keep).collect())
}

fn kinds_or_nobody(kinds: &[PersonKind]) -> Vec<PersonKind> {
    if kinds.is_empty() {
        return vec![PersonKind::nobody()];
    }
    kinds.to_vec()
}

fn column_permits(
    source: &Source<'_>,
    held: &Held<'_>,
    flow: &Flow,
    column: &Column,
) -> Option<Vec<Permit>> {
    let a = source.read.agreement;
    let written = &a.flows.entry(&flow.id)?.value;
    let kinds = kinds_or_nobody(&column.about);
    let mut out = Vec::new();
    for about in &kinds {
        for (rank, at) in a.lines(written).iter().enumerate() {
            let line = &at.value;
            // A line that rests on facts about others only is never true of this kind of person.
            if !column.about.is_empty() && !applies_to(a, written, line, about) {
                continue;
            }
            let permit = line_permit(source, held, (flow, written), column, about, line, rank)?;
            out.extend(permit);
        }
    }
    Some(out)
}

fn line_permit(
    source: &Source<'_>,
    held: &Held<'_>,
    (flow, written): (&Flow, &model::Flow),
    column: &Column,
    about: &PersonKind,
    line: &model::Line,
    rank: usize,
) -> Option<Option<Permit>> {
    let a = source.read.agreement;
    let gate = &line.gate.as_ref()?.value;
    let gateway = source.law.gateway(gate)?;
    let purposes = purposes(source, held, (flow, written), line, gateway)?;
    let mut with = gateway.read_with.clone();
    with.extend(set(&line.with));
    let Some(dates) = dates(source, held.days, gateway, &set(&line.with)) else {
        return Some(None);
    };
    let mut when: Vec<crate::ConditionId> = flow.only.iter().cloned().collect();
    for condition in line.when.iter().map(|at| &at.value).chain(&column.only) {
        if !when.contains(condition) {
            when.push(condition.clone());
        }
    }
    let each = |party: &PartyId| held.parties.get(party).and_then(|p| p.each.clone());
    let answers = flow.answers.as_ref();
    Some(Some(Permit {
        id: PermitId::new(format!(
            "{}/{}/{about}/{}",
            flow.id,
            column.field,
            use_of(a, written, line)?
        )),
        agreement: a.agreement.as_ref()?.value.clone(),
        act: Act::Disclose,
        flow: Some(flow.id.clone()),
        field: column.field.clone(),
        origins: column.origins.clone(),
        about: about.clone(),
        from: flow.from.clone(),
        to: flow.to.clone(),
        each_from: each(&flow.from),
        each_to: each(&flow.to),
        for_member: flow.for_member.clone(),
        handled_by: flow.handled_by.clone(),
        gateway: Some(gate.clone()),
        limbs: set(&line.limbs),
        area: line.area.as_ref().map(|at| at.value.clone()),
        with,
        rank: u16::try_from(rank).ok()?,
        last_resort: line.only_if.is_some(),
        scope: line.scope.as_ref().map_or(gateway.scope, |at| at.value),
        purposes,
        when,
        territory: gateway.territory.clone(),
        dates,
        shape: shape(column),
        form: flow.form,
        route: Some(flow.route.clone()),
        needs: flow.needs.iter().map(|n| n.flow.clone()).collect(),
        answers: flow.rests_on().to_vec(),
        coverage: answers
            .map(|x| x.rows)
            .or(flow.follows.as_ref().map(|x| x.rows)),
        nil: answers.and_then(|x| x.others),
        pairs_on: answers.map(|x| x.pairs_on.clone()).unwrap_or_default(),
        seen_by: Vec::new(),
        keep: rules(held.keep, &column.field.dataset, &flow.to, Place::Received),
        onward: origin_onward(source, held, column)?,
    }))
}

/// The gateway of a line; where a basis names it more than once, with its area or limbs.
fn use_of(a: &model::Agreement, flow: &model::Flow, line: &model::Line) -> Option<String> {
    let gate = &line.gate.as_ref()?.value;
    let same = |other: &&crate::log::At<model::Line>| {
        other.value.gate.as_ref().is_some_and(|g| g.value == *gate)
    };
    if a.lines(flow).iter().filter(same).count() < 2 {
        return Some(gate.to_string());
    }
    let limbs = line.limbs.values();
    let parts = line.area.iter().map(|at| at.value.to_string());
    let parts = parts.chain(limbs.iter().map(ToString::to_string));
    Some(format!("{gate}:{}", parts.collect::<Vec<_>>().join("+")))
}

/// The rules of all datasets through which the field came: it goes on only where all of them let it.
fn origin_onward(source: &Source<'_>, held: &Held<'_>, column: &Column) -> Option<Onward> {
    let links = source.read.agreement.links(&column.field)?;
    let rules = links
        .iter()
        .map(|(path, _)| onward_of(held.onward, &path.dataset));
    rules.reduce(Onward::and)
}

fn purposes(
    source: &Source<'_>,
    held: &Held<'_>,
    (flow, written): (&Flow, &model::Flow),
    line: &model::Line,
    gateway: &Gateway,
) -> Option<Vec<PurposeId>> {
    let a = source.read.agreement;
    let person;
    let sender = end(source, held, &flow.from)?;
    let receiver = if flow.to_subject() {
        person = KindId::parse(SUBJECT).ok()?;
        End {
            body: None,
            kind: &person,
        }
    } else {
        end(source, held, &flow.to)?
    };
    // Exceptions by kind of information were the checker's matter: here the way is known to be open.
    let open = source.law.open(gateway, sender, receiver, &[]).ok()?;
    let open = purposes_of(line, gateway, &open);
    Some(served(a, written, &open).into_iter().cloned().collect())
}

fn end<'a>(source: &'a Source<'_>, held: &'a Held<'_>, party: &PartyId) -> Option<End<'a>> {
    let party = held.parties.get(party)?;
    match (&party.body, &party.each) {
        (Some(body), _) => Some(End {
            kind: &source.law.body(body)?.kind,
            body: Some(body),
        }),
        (None, Some(each)) => Some(End {
            body: None,
            kind: source.law.register(&each.register)?.kind.as_ref()?,
        }),
        (None, None) => None,
    }
}

/// The days of the agreement on which the gateway and what it is read with are in force.
fn dates(
    source: &Source<'_>,
    days: Dates,
    gateway: &Gateway,
    with: &[crate::InstrumentId],
) -> Option<Dates> {
    let instruments = with
        .iter()
        .filter_map(|w| source.law.instrument(w))
        .map(|i| i.effective);
    std::iter::once(gateway.effective)
        .chain(instruments)
        .try_fold(days, |days, effective| {
            days.and(Dates {
                from: effective.from.unwrap_or(days.from),
                last: effective.until,
            })
        })
}

fn shape(column: &Column) -> Shape {
    Shape {
        field_type: column.field_type.clone(),
        many: column.many,
        presence: column.present.clone(),
        window: column.window.clone(),
    }
}

fn rules(keep: &[Keep], dataset: &DatasetId, at: &PartyId, place: Place) -> Vec<Keep> {
    keep.iter()
        .filter(|k| k.at == *at && k.place == place && k.what.contains(dataset))
        .cloned()
        .collect()
}

/// The receiver may use what it received for the purposes for which it came (LEG-23).
fn use_permit(held: &Held<'_>, disclose: &Permit) -> Permit {
    // A processor that works for the receiver does so under the receiver's leave; one that stores uses nothing.
    let works = |party: &&PartyId| {
        let party = held.parties.get(*party);
        party.is_some_and(|p| {
            p.acts_for.as_ref() == Some(&disclose.to) && p.does.contains(&Does::Work)
        })
    };
    Permit {
        handled_by: disclose.handled_by.iter().filter(works).cloned().collect(),
        for_member: None,
        id: PermitId::new(format!("use/{}", disclose.id)),
        act: Act::Use,
        from: disclose.to.clone(),
        each_from: disclose.each_to.clone(),
        // The record met its conditions when it came; they are not asked again of the receiver.
        when: Vec::new(),
        form: None,
        route: None,
        needs: Vec::new(),
        ..disclose.clone()
    }
}

/// Who may use what is calculated, and for what: the only thing that comes out of a calculation.
fn derived_permits(
    source: &Source<'_>,
    held: &Held<'_>,
    id: &DerivedId,
    derived: &Derived,
) -> Option<Vec<Permit>> {
    let dataset = DatasetId::parse(id.as_str()).ok()?;
    let mut out = Vec::new();
    for (name, kind) in &derived.fields {
        let field = FieldPath::new(dataset.clone(), name.clone());
        for about in &kinds_or_nobody(&derived.about) {
            out.push(Permit {
                id: PermitId::new(format!("use/{field}/{about}")),
                agreement: source.read.agreement.agreement.as_ref()?.value.clone(),
                act: Act::Use,
                flow: None,
                field: field.clone(),
                origins: vec![field.clone()],
                about: about.clone(),
                from: derived.at.clone(),
                to: derived.at.clone(),
                each_from: None,
                each_to: None,
                for_member: None,
                handled_by: Vec::new(),
                gateway: None,
                limbs: Vec::new(),
                area: None,
                with: Vec::new(),
                rank: 0,
                last_resort: false,
                scope: Scope::OneRecord,
                purposes: derived.purposes.clone(),
                when: Vec::new(),
                territory: NATIONS.map(str::to_owned).to_vec(),
                dates: held.days,
                shape: Shape {
                    field_type: kind.clone(),
                    many: Many::One,
                    presence: Present::Always,
                    window: None,
                },
                form: None,
                route: None,
                needs: Vec::new(),
                answers: Vec::new(),
                coverage: None,
                nil: None,
                pairs_on: Vec::new(),
                seen_by: derived.seen_by.clone(),
                keep: rules(held.keep, &dataset, &derived.at, Place::Received),
                onward: onward_of(held.onward, &dataset),
            });
        }
    }
    Some(out)
}

/// A party may keep what its rule says, as long as some flow that can run moves it, or it derives it.
fn keep_permits(
    held: &Held<'_>,
    flows: &BTreeMap<FlowId, Flow>,
    disclose: &[Permit],
    to_use: &[Permit],
) -> Vec<Permit> {
    let mut out: BTreeMap<PermitId, Permit> = BTreeMap::new();
    for rule in held.keep {
        let moved = flows.values().filter(|flow| {
            let end = match rule.place {
                Place::Staging => &flow.from,
                Place::Received => &flow.to,
            };
            *end == rule.at || rule.place == Place::Received && flow.handled_by.contains(&rule.at)
        });
        for flow in moved {
            for first in disclose
                .iter()
                .filter(|p| p.flow.as_ref() == Some(&flow.id))
            {
                if rule.what.contains(&first.field.dataset) {
                    insert(&mut out, rule, held, first, disclose);
                }
            }
        }
        for derived in to_use
            .iter()
            .filter(|p| p.gateway.is_none() && p.to == rule.at)
        {
            if rule.place == Place::Received && rule.what.contains(&derived.field.dataset) {
                insert(&mut out, rule, held, derived, to_use);
            }
        }
    }
    out.into_values().collect()
}

fn insert(
    out: &mut BTreeMap<PermitId, Permit>,
    rule: &Keep,
    held: &Held<'_>,
    first: &Permit,
    all: &[Permit],
) {
    let copy = match rule.place {
        Place::Staging => "/staging",
        Place::Received => "",
    };
    let rows = rule.rows.map(|rows| format!("/{rows}")).unwrap_or_default();
    let id = PermitId::new(format!(
        "keep/{}/{}/{}{copy}{rows}",
        rule.at, first.field, first.about
    ));
    if out.contains_key(&id) {
        return;
    }
    let same = |p: &&Permit| {
        let end = match rule.place {
            Place::Staging => &p.from,
            Place::Received => &p.to,
        };
        let here =
            *end == rule.at || rule.place == Place::Received && p.handled_by.contains(&rule.at);
        here && p.field == first.field && p.about == first.about
    };
    let mut purposes: Vec<PurposeId> = all
        .iter()
        .filter(same)
        .flat_map(|p| p.purposes.clone())
        .collect();
    purposes.sort();
    purposes.dedup();
    let each = held.parties.get(&rule.at).and_then(|p| p.each.clone());
    let permit = Permit {
        id: id.clone(),
        act: Act::Keep,
        flow: None,
        from: rule.at.clone(),
        to: rule.at.clone(),
        each_from: each.clone(),
        each_to: each,
        for_member: None,
        handled_by: Vec::new(),
        gateway: None,
        limbs: Vec::new(),
        area: None,
        with: Vec::new(),
        rank: 0,
        last_resort: false,
        scope: Scope::Batch,
        purposes,
        when: Vec::new(),
        territory: NATIONS.map(str::to_owned).to_vec(),
        // Keep rules stay in force after the agreement has ended (RET-15).
        dates: Dates {
            from: held.days.from,
            last: None,
        },
        form: None,
        route: None,
        needs: Vec::new(),
        answers: Vec::new(),
        coverage: None,
        nil: None,
        pairs_on: Vec::new(),
        keep: vec![rule.clone()],
        ..first.clone()
    };
    out.insert(id, permit);
}
