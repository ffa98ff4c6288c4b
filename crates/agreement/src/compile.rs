//! From a checked agreement to its plan and permits. Deterministic; what a gap stops compiles to nothing.
//! It judges nothing: it is called only where the checker found no fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{dates, gaps};
use crate::condition::{Condition, Conditions, Operand};
use crate::ids::{FlowId, GapId};
use crate::keep::{Answers, Ends, Keep, Many, Presence, Schedule, Stops, Volume};
use crate::law::Law;
use crate::model::{self, Agreement, Holds, Slot};
use crate::plan::{Clock, Column, Decision, Fact, Flow, Gap, Party, Plan, Purpose};

mod permits;

/// Compiles; none only where a part is missing, whose fault was told.
pub(crate) fn compile(a: &Agreement, law: &Law) -> Option<Plan> {
    let (canonical, hash, annex_hash) = crate::canonical::canonical(a, law)?;
    let uses = gaps::uses(a);
    let stopped_flows = stopped_flows(a, &uses);
    let gaps = open_gaps(a, &uses)?;
    let whole = gaps.values().any(|gap| gap.stops == Stops::Agreement);
    let keep: Vec<Keep> = a.keep.iter().map(keep).collect::<Option<_>>()?;
    let term = dates::term(a);
    let mut flows = BTreeMap::new();
    for (id, at) in &a.flows {
        if !whole && !stopped_flows.contains_key(id) {
            flows.insert(id.clone(), flow(a, id, &at.value, &stopped_flows)?);
        }
    }
    let permits = match term {
        Some(term) => permits::permits(a, law, term, &mut flows, &keep)?,
        None => Vec::new(),
    };
    Some(Plan {
        hash,
        canonical,
        annex_hash,
        agreement: a.agreement.as_ref()?.value.clone(),
        title: a.title.as_ref()?.value.clone(),
        regime: a.regime.as_ref()?.value.clone(),
        marking: a.marking.as_ref()?.value.to_owned(),
        term,
        reviews: reviews(a, term)?,
        umbrellas: given(&a.under, |pair, reference| {
            (pair.clone(), reference.clone())
        }),
        parties: parties(a)?,
        people: a
            .people
            .iter()
            .map(|(k, at)| (k.clone(), at.value.clone()))
            .collect(),
        purposes: purposes(a)?,
        facts: facts(a)?,
        conditions: conditions(a),
        flows,
        keep,
        decisions: decisions(a)?,
        clocks: a.clocks.iter().map(clock).collect::<Option<_>>()?,
        signers: given(&a.signed, |party, role| (party.clone(), role.clone())),
        contacts: given(&a.contacts, |party, points| {
            (
                party.clone(),
                points
                    .iter()
                    .map(|(role, at)| ((*role).to_owned(), at.clone()))
                    .collect(),
            )
        }),
        gaps,
        stopped_flows,
        permits: crate::permit::Permits::new(permits),
    })
}

fn given<K, T, L: Ord, U>(
    map: &BTreeMap<K, crate::read::At<Slot<T>>>,
    each: impl Fn(&K, &T) -> (L, U),
) -> BTreeMap<L, U> {
    map.iter()
        .filter_map(|(k, at)| at.value.given().map(|v| each(k, v)))
        .collect()
}

fn values<T: Clone>(list: &[crate::read::At<T>]) -> Vec<T> {
    list.iter().map(|at| at.value.clone()).collect()
}

/// The flows that gaps stop, and those that answer nothing but stopped flows.
fn stopped_flows(a: &Agreement, uses: &[gaps::Use]) -> BTreeMap<FlowId, Vec<GapId>> {
    let mut stopped: BTreeMap<FlowId, BTreeSet<GapId>> = BTreeMap::new();
    for one in uses {
        let stops = a
            .gaps
            .get(&one.gap)
            .and_then(|g| g.value.stops.as_ref())
            .map(|s| s.value);
        if stops != Some(Stops::Flow) {
            continue;
        }
        let hit = a.flows.iter().filter(|(id, flow)| match &one.place {
            gaps::Where::Flow(named, _) => named == *id,
            gaps::Where::Field(dataset, _) => flow.value.send.iter().any(|d| d.value == *dataset),
            gaps::Where::Agreement(_) | gaps::Where::Charges => false,
        });
        for (id, _) in hit {
            stopped
                .entry(id.clone())
                .or_default()
                .insert(one.gap.clone());
        }
    }
    loop {
        let mut more = Vec::new();
        for (id, flow) in a.flows.iter().filter(|(id, _)| !stopped.contains_key(id)) {
            let Some(answers) = &flow.value.answers else {
                continue;
            };
            if answers
                .flow
                .iter()
                .all(|asked| stopped.contains_key(&asked.value))
            {
                let why: BTreeSet<GapId> = answers
                    .flow
                    .iter()
                    .filter_map(|f| stopped.get(&f.value))
                    .flatten()
                    .cloned()
                    .collect();
                more.push((id.clone(), why));
            }
        }
        if more.is_empty() {
            break;
        }
        stopped.extend(more);
    }
    stopped
        .into_iter()
        .map(|(id, why)| (id, why.into_iter().collect()))
        .collect()
}

fn open_gaps(a: &Agreement, uses: &[gaps::Use]) -> Option<BTreeMap<GapId, Gap>> {
    let mut out = BTreeMap::new();
    for (id, at) in &a.gaps {
        let open_at: Vec<String> = uses
            .iter()
            .filter(|u| u.gap == *id)
            .map(|u| u.place.to_string())
            .collect();
        if open_at.is_empty() {
            continue;
        }
        let gap = Gap {
            asks: at.value.asks.as_ref()?.value.clone(),
            owner: at.value.owner.as_ref()?.value.clone(),
            stops: at.value.stops.as_ref()?.value,
            open_at,
        };
        out.insert(id.clone(), gap);
    }
    Some(out)
}

fn reviews(a: &Agreement, term: Option<crate::Dates>) -> Option<Vec<jiff::civil::Date>> {
    let every = a.term.as_ref()?.review_every.as_ref()?.value;
    Some(term.map(|t| dates::reviews(t, every)).unwrap_or_default())
}

fn parties(a: &Agreement) -> Option<BTreeMap<crate::PartyId, Party>> {
    let one = |p: &model::Party| {
        Some(Party {
            body: p.body.as_ref()?.value.clone(),
            unit: p.unit.as_ref()?.value.clone(),
            reads: values(&p.reads),
        })
    };
    a.parties
        .iter()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn purposes(a: &Agreement) -> Option<BTreeMap<crate::PurposeId, Purpose>> {
    let one = |p: &model::Purpose| {
        Some(Purpose {
            text: p.text.as_ref()?.value.clone(),
            law: values(&p.law),
        })
    };
    a.purposes
        .iter()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn facts(a: &Agreement) -> Option<BTreeMap<crate::FactId, Fact>> {
    let one = |f: &model::Fact| {
        Some(Fact {
            field_type: f.kind.as_ref()?.value.clone(),
            of: f.of.as_ref()?.value.clone(),
            known_to: values(&f.known_to),
        })
    };
    a.facts
        .iter()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn conditions(a: &Agreement) -> Conditions {
    let by_id = a.conditions.iter().map(|(id, at)| {
        let (join, terms) = (at.value.join, values(&at.value.terms));
        (
            id.clone(),
            Condition {
                id: id.clone(),
                join,
                terms,
            },
        )
    });
    let facts = a.facts.iter().filter_map(|(id, at)| {
        Some((
            Operand::Fact(id.clone()),
            at.value.kind.as_ref()?.value.clone(),
        ))
    });
    let fields = a.fields().filter_map(|(path, _)| {
        let kind = model::type_of(&a.datasets, &path)?.clone();
        Some((Operand::Field(path), kind))
    });
    Conditions::new(by_id.collect(), facts.chain(fields).collect())
}

fn flow(
    a: &Agreement,
    id: &FlowId,
    flow: &model::Flow,
    stopped: &BTreeMap<FlowId, Vec<GapId>>,
) -> Option<Flow> {
    let when = flow
        .when
        .as_ref()
        .and_then(|at| at.value.given())
        .map(|schedule| match *schedule {
            model::Schedule::Every { every, from } => Schedule::Every { every, from },
            model::Schedule::Once(month) => Schedule::Once { month },
        });
    let volume = flow
        .volume
        .as_ref()
        .and_then(|v| match (&v.about, &v.at_most) {
            (Some(rows), _) => {
                let percent = v.give_or_take_percent.as_ref().map_or(0, |p| p.value);
                Some(Volume::About {
                    rows: rows.value,
                    percent: u8::try_from(percent).ok()?,
                })
            }
            (None, Some(rows)) => Some(Volume::AtMost { rows: rows.value }),
            (None, None) => None,
        });
    let answers = match &flow.answers {
        Some(answers) => Some(Answers {
            flows: values(&answers.flow)
                .into_iter()
                .filter(|f| !stopped.contains_key(f))
                .collect(),
            rows: answers.a_row_for.as_ref()?.value,
            pairs_on: values(&answers.pairs_on),
        }),
        None => None,
    };
    Some(Flow {
        id: id.clone(),
        from: flow.from.as_ref()?.value.clone(),
        to: flow.to.as_ref()?.value.clone(),
        columns: crate::check::sent(a, flow)
            .filter_map(|path| match column(a, &path) {
                Some(None) => None,
                found => Some(found.flatten()),
            })
            .collect::<Option<_>>()?,
        only: flow.only.as_ref().map(|c| c.value.clone()),
        purposes: values(&flow.purposes),
        when,
        volume,
        answers,
        form: *flow.form.as_ref()?.value.given()?,
        route: flow.route.as_ref()?.value.given()?.clone(),
    })
}

/// One column, without its permits; `Some(None)` where a gap stops its cells.
fn column(a: &Agreement, path: &crate::FieldPath) -> Option<Option<Column>> {
    let field = a.field(path)?;
    let origin_path = a.origin(path)?;
    let origin = a.field(&origin_path)?;
    let Some(Holds::Type(kind)) = &origin.holds else {
        return Some(None);
    };
    let about = a
        .datasets
        .get(&path.dataset)?
        .value
        .about
        .iter()
        .map(|k| k.value.clone());
    let present = field.present.as_ref().or(origin.present.as_ref());
    let many = field.many.as_ref().or(origin.many.as_ref());
    Some(Some(Column {
        name: field.name.value.clone(),
        field: path.clone(),
        origin: origin_path,
        field_type: kind.value.clone(),
        class: origin.class.as_ref()?.value,
        why: values(&origin.why),
        presence: present.map_or(Presence::Always, |p| p.value),
        many: many.map_or(Many::One, |m| m.value),
        minted: origin.minted.is_some(),
        about: about.collect(),
        permits: Vec::new(),
    }))
}

fn keep(line: &model::KeepLine) -> Option<Keep> {
    let ends = match (&line.until, &line.from, &line.period) {
        (Some(until), _, _) => Ends::Until(until.value),
        (None, Some(from), Some(period)) => Ends::After {
            from: from.value,
            period: period.value,
        },
        (None, _, _) => return None,
    };
    Some(Keep {
        what: values(&line.what),
        at: line.at.as_ref()?.value.clone(),
        place: line.place?,
        ends,
        then: line.then.as_ref()?.value,
        cite: line.cite.as_ref().map(|c| c.value.clone()),
        reading: line.reading.as_ref().map(|r| r.value.clone()),
    })
}

fn decisions(a: &Agreement) -> Option<BTreeMap<crate::DecisionId, Decision>> {
    let one = |d: &model::Decision| {
        let by = &d.by.as_ref()?.value;
        Some(Decision {
            party: by.party.clone(),
            role: by.role.clone(),
            of: values(&d.of),
            after: d.after.as_ref()?.value,
            cite: d.cite.as_ref().map(|c| c.value.clone()),
            reading: d.reading.as_ref().map(|r| r.value.clone()),
        })
    };
    a.decisions
        .iter()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn clock(c: &model::Clock) -> Option<Clock> {
    Some(Clock {
        what: c.what.as_ref()?.value.clone(),
        within: c.within.as_ref()?.value,
        from: c.from.as_ref()?.value,
        owner: c.owner.as_ref()?.value.clone(),
        force: c.force.as_ref()?.value,
    })
}
