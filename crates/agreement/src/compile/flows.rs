//! Flows and their columns, without their permits.

use std::collections::BTreeMap;

use super::conditions::test;
use super::{Source, part, set};
use crate::check::data::declared_type;
use crate::check::gaps::Stopped;
use crate::check::operand;
use crate::grammar::{Entries, Items, Slot};
use crate::ids::{ConditionId, FieldName, FieldPath, FlowId, RouteId};
use crate::model::{self, Agreement};
use crate::plan::{
    Again, Answers, Column, Flow, Follows, Many, Need, Per, Present, Schedule, Sending, Volume,
};
use crate::value::FieldType;
use crate::window::Window;
use crate::words::{Fallback, Form, Moment, Presence, TypeName};

pub(super) fn flows(source: &Source<'_>, stopped: &Stopped) -> Option<BTreeMap<FlowId, Flow>> {
    let a = source.read.agreement;
    let mut out = BTreeMap::new();
    for (id, at) in a.each_flow() {
        if !stopped.flows.contains_key(id) {
            out.insert(id.clone(), flow(source, id, &at.value, stopped)?);
        }
    }
    Some(out)
}

fn flow(source: &Source<'_>, id: &FlowId, flow: &model::Flow, stopped: &Stopped) -> Option<Flow> {
    let a = source.read.agreement;
    let columns = a
        .sent(flow)
        .filter_map(|path| match column(source, flow, &path, stopped) {
            Some(None) => None,
            found => Some(found.flatten()),
        })
        .collect::<Option<Vec<_>>>()?;
    let runs = |flows: Vec<FlowId>| -> Vec<FlowId> {
        flows
            .into_iter()
            .filter(|f| !stopped.flows.contains_key(f))
            .collect()
    };
    let answers = match &flow.answers {
        Some(at) => Some(Answers {
            flows: runs(set(&at.value.flow)),
            through: part(&at.value.through),
            rows: part(&at.value.a_row_for)?,
            others: part(&at.value.others),
            pairs_on: at.value.pairs_on.values(),
            same_file: at.value.same_file.is_some(),
            once: at.value.once.is_some(),
        }),
        None => None,
    };
    let follows = match &flow.follows {
        Some(at) => Some(Follows {
            flows: runs(set(&at.value.flow)),
            rows: part(&at.value.a_row_for)?,
        }),
        None => None,
    };
    Some(Flow {
        id: id.clone(),
        from: part(&flow.from)?,
        to: part(&flow.to)?,
        columns,
        for_member: flow.for_member.as_ref().and_then(|at| operand(&at.value)),
        only: part(&flow.only),
        purposes: set(&flow.purposes),
        when: flow
            .when
            .as_ref()
            .and_then(|at| at.value.given())
            .map(sending),
        started_by: part(&flow.started_by),
        volume: flow.volume.as_ref().and_then(|at| volume(&at.value)),
        needs: flow
            .needs
            .all()
            .iter()
            .map(|need| {
                Some(Need {
                    flow: need.value.flow()?.clone(),
                    for_rows: need.value.for_rows().map(|at| at.value.clone()),
                })
            })
            .collect::<Option<_>>()?,
        again: match &flow.again {
            Some(at) => Some(again(&at.value)?),
            None => None,
        },
        part_of: part(&flow.part_of),
        answers,
        follows,
        handled_by: set(&flow.handled_by),
        integrity: part(&flow.integrity),
        form: flow.form.as_ref()?.value.given().copied(),
        route: route(&flow.route.as_ref()?.value)?,
    })
}

/// Where a gap leaves the route open, its name stands for it.
fn route(route: &Slot<RouteId>) -> Option<RouteId> {
    match route {
        Slot::Given(route) => Some(route.clone()),
        Slot::Gap(gap) => RouteId::parse(gap.as_str()).ok(),
    }
}

fn sending(when: &model::Sending) -> Sending {
    let schedule = match &when.schedule {
        model::Schedule::Every { every, from } => Schedule::Every {
            every: *every,
            from: from.0,
        },
        model::Schedule::Once(month) => Schedule::Once { month: month.0 },
        model::Schedule::Each(occasions) => Schedule::Each(occasions.clone()),
        model::Schedule::OnDemand {
            circumstance,
            other,
        } => Schedule::OnDemand {
            circumstances: circumstance.clone(),
            other: other.clone(),
        },
    };
    Sending {
        schedule,
        not_before: when.not_before,
    }
}

fn volume(volume: &model::Volume) -> Option<Volume> {
    let per = match volume.per.as_ref().map(|at| &at.value) {
        None => Per::File,
        Some(model::Per::Period(period)) => Per::Period(*period),
        Some(model::Per::Flow(flow)) => Per::Flow(flow.clone()),
    };
    let beyond = volume
        .beyond
        .as_ref()
        .and_then(|at| part(&at.value.agreed_by));
    let (least, most) = match (&volume.about, &volume.at_most) {
        (Some(rows), _) => {
            let margin = volume.give_or_take.as_ref().map(|at| u64::from(at.value.0));
            let rows = u64::from(rows.value.0);
            // Without a margin it says how many there may be, and not how many there must be. With one it is
            // rounded so that it is never wider than what is written.
            let least = margin.map(|margin| (rows * (100 - margin)).div_ceil(100));
            let most = rows * (100 + margin.unwrap_or(0)) / 100;
            (least.and_then(|n| u32::try_from(n).ok()), most)
        }
        (None, Some(rows)) => (None, u64::from(rows.value.0)),
        (None, None) => return None,
    };
    Some(Volume {
        least,
        most,
        per,
        beyond,
    })
}

fn again(again: &model::Again) -> Option<Again> {
    let rows = &again.rows.as_ref()?.value;
    Some(Again {
        outcome: part(&rows.outcome)?,
        answer: part(&rows.answer)?,
        every: part(&again.every)?,
        times: u16::try_from(again.times.as_ref()?.value.0).ok()?,
        then: again.then.as_ref().and_then(|at| part(&at.value.decision)),
    })
}

/// One column, without its permits; `Some(None)` where a gap stops its cells, or where it is off.
fn column(
    source: &Source<'_>,
    flow: &model::Flow,
    path: &FieldPath,
    stopped: &Stopped,
) -> Option<Option<Column>> {
    let a = source.read.agreement;
    // What is true of any link of a copy is true of the copy.
    let links = a.links(path)?;
    let origins = a.origins(path)?;
    let (_, origin) = a.origin(path)?;
    let is_stopped = |p: &FieldPath| {
        stopped
            .fields
            .contains_key(&(p.dataset.clone(), p.field.clone()))
    };
    let is_off =
        |(link, field): &(FieldPath, &model::Field)| is_stopped(link) || field.off_until.is_some();
    if links.iter().any(is_off) {
        return Some(None);
    }
    let kind = declared_type(&origin.kind, &origin.values, &origin.list, source.law);
    let field_type = match kind {
        Some(kind) => kind,
        // What a gap leaves open is shown as a text, as if it were filled.
        None if source.filled() => FieldType::Plain(TypeName::Text),
        None => return Some(None),
    };
    let about = a.about(flow, &path.dataset).into_iter().cloned().collect();
    let dataset = &a.datasets.entry(&path.dataset)?.value;
    // In an answer the rows are those that were asked: what there is several of for one of them stands in its cells.
    let each = dataset.one_row_per.as_ref().map(|at| &at.value);
    let form = flow.form.as_ref().and_then(|at| at.value.given());
    let in_file = matches!(form, Some(Form::Xlsx | Form::Csv));
    let in_parallel =
        in_file && flow.answers.is_some() && matches!(each, Some(model::RowPer::Each(_)));
    Some(Some(Column {
        name: path.field.clone(),
        field: path.clone(),
        origins,
        field_type,
        class: links
            .iter()
            .filter_map(|(_, field)| part(&field.class))
            .max_by_key(|class| class.strictness())?,
        why: set(&origin.why),
        present: present(
            a,
            path,
            links
                .iter()
                .find_map(|(_, field)| field.present.as_ref())
                .map(|at| &at.value),
        )?,
        many: match links.iter().find_map(|(_, field)| part(&field.many)) {
            None if in_parallel => Many::All,
            None => Many::One,
            Some(model::Many::All) => Many::All,
            Some(model::Many::UpTo(n)) => Many::UpTo(u16::try_from(n).ok()?),
        },
        in_parallel,
        part: None,
        minted: part(&origin.minted),
        tells: part(&origin.tells),
        window: window(dataset, &links),
        only: only(&links),
        about,
        permits: Vec::new(),
    }))
}

fn present(a: &Agreement, path: &FieldPath, written: Option<&model::Present>) -> Option<Present> {
    Some(match written {
        None | Some(model::Present::Word(Presence::Always)) => Present::Always,
        Some(model::Present::Word(Presence::IfHeld)) => Present::IfHeld,
        // A copy's presence may rest on a field that its own dataset does not have: then it is as it is held.
        Some(model::Present::UnlessKnown(other)) => {
            if a.field(&FieldPath::new(path.dataset.clone(), other.clone()))
                .is_some()
            {
                Present::UnlessKnown(other.clone())
            } else {
                Present::IfHeld
            }
        }
        Some(model::Present::When(test_of)) => {
            let other = FieldName::parse(&test_of.of.value.0).ok()?;
            if a.field(&FieldPath::new(path.dataset.clone(), other.clone()))
                .is_some()
            {
                Present::When {
                    field: other,
                    test: test(&test_of.test),
                }
            } else {
                Present::IfHeld
            }
        }
    })
}

/// All conditions of a field and of what it is copied from.
fn only(links: &[(FieldPath, &model::Field)]) -> Vec<ConditionId> {
    let mut all = Vec::new();
    for condition in links.iter().filter_map(|(_, field)| part(&field.only)) {
        if !all.contains(&condition) {
            all.push(condition);
        }
    }
    all
}

/// The window of a field's values, or of the rows of its dataset.
fn window(dataset: &model::Dataset, links: &[(FieldPath, &model::Field)]) -> Option<Window> {
    if let Some(at) = links.iter().find_map(|(_, field)| field.window.as_ref()) {
        let written = &at.value;
        return Some(Window {
            reach: model::window(&written.back, &written.tax_years)?,
            from: part(&written.from).unwrap_or(Moment::Sent),
            last_known: written
                .fallback
                .as_ref()
                .is_some_and(|f| f.value == Fallback::LastKnown),
            by: None,
        });
    }
    let written = &dataset.window.as_ref()?.value;
    Some(Window {
        reach: model::window(&written.back, &written.tax_years)?,
        from: part(&written.from).unwrap_or(Moment::Sent),
        last_known: false,
        by: part(&written.by),
    })
}
