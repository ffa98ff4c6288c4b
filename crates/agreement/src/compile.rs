//! From a checked agreement to its plan and permits. Deterministic; what a gap stops compiles to nothing.
//! It judges nothing: it is called only where the checker found no fault.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::AsIf;
use crate::check::{Read, dates, gaps};
use crate::grammar::{Entries, Items, Part, Set};
use crate::ids::{GapId, PartyId};
use crate::law::Law;
use crate::library::Library;
use crate::model::{self, Agreement, Body};
use crate::permit::{Dates, Each};
use crate::plan::{Approval, Gap, Life, Party, Person, Plan, Purpose, Reading, Route};

mod conditions;
mod flows;
mod held;
mod permits;

/// What compiling needs.
pub(crate) struct Source<'a> {
    pub(crate) read: &'a Read<'a>,
    pub(crate) law: &'a Law,
    pub(crate) library: &'a Library,
    pub(crate) as_if: AsIf,
}

impl Source<'_> {
    /// Are all gaps supposed to be filled?
    fn filled(&self) -> bool {
        self.as_if == AsIf::Filled
    }
}

/// Compiles; none only where a part is missing, whose fault was told.
pub(crate) fn compile(source: &Source<'_>) -> Option<Plan> {
    let a = source.read.agreement;
    let (canonical, hash, annex_hash) = crate::canonical::canonical(a, source.law, source.library)?;
    let mut stopped = gaps::stopped(a, source.read.gaps);
    match source.as_if {
        AsIf::Written => {}
        AsIf::InForce => stopped.agreement.clear(),
        AsIf::Filled => stopped = gaps::Stopped::default(),
    }
    let gaps = open_gaps(a, source.read)?;
    let whole = !stopped.agreement.is_empty();
    let term = dates::term(a).or_else(|| (source.as_if != AsIf::Written).then(|| assumed_term(a)));
    let days = term.and_then(|term| waived(term, &gaps));
    let keep = held::keep(a)?;
    let onward = held::onward(a)?;
    let mut flows = if whole {
        BTreeMap::new()
    } else {
        flows::flows(source, &stopped)?
    };
    let derived = if whole {
        BTreeMap::new()
    } else {
        held::derived(source, &stopped)?
    };
    let parties = parties(a, source.law)?;
    let permits = match days {
        Some(days) if !whole => {
            let held = permits::Held {
                keep: &keep,
                onward: &onward,
                parties: &parties,
                days,
            };
            permits::permits(source, &held, &mut flows, &derived)?
        }
        Some(_) | None => Vec::new(),
    };
    let names = |set: &BTreeSet<GapId>| set.iter().cloned().collect::<Vec<_>>();
    Some(Plan {
        hash,
        canonical,
        annex_hash,
        as_if: source.as_if,
        agreement: a.agreement.as_ref()?.value.clone(),
        title: a.title.as_ref()?.value.clone(),
        kind: a.kind.as_ref()?.value,
        stage: a.stage.as_ref().map(|at| at.value),
        regime: a.regime.as_ref()?.value.name.clone()?,
        marking: a.marking.as_ref()?.value,
        term,
        life: life(a, term)?,
        records: a.records.as_ref().map(|at| at.value.0),
        umbrellas: a
            .under
            .entries()
            .filter_map(|(pair, at)| {
                let name = at.value.given()?;
                let hash = source.library.get(name)?.hash?;
                Some((pair.to_string(), (name.clone(), hash)))
            })
            .collect(),
        parties,
        people: people(a)?,
        cases: a
            .cases
            .entries()
            .map(|(id, at)| (id.clone(), at.value.holds.values()))
            .collect(),
        purposes: purposes(a)?,
        facts: conditions::facts(a, source.law)?,
        conditions: conditions::conditions(a, source.law)?,
        flows,
        routes: routes(a)?,
        derived,
        keep,
        controllers: held::controllers(a)?,
        decisions: held::decisions(a)?,
        clocks: held::clocks(a)?,
        approvals: approvals(a)?,
        signers: a
            .signed
            .entries()
            .filter_map(|(who, at)| {
                Some((who.clone(), at.value.given()?.role.as_ref()?.value.clone()))
            })
            .collect(),
        contacts: contacts(a),
        undertakings: held::undertakings(a, source.law),
        readings: a
            .readings
            .entries()
            .map(|(id, at)| {
                let reading = Reading {
                    takes: at.value.takes.as_ref()?.value.clone(),
                    owner: at.value.owner.as_ref()?.value.clone(),
                };
                Some((id.clone(), reading))
            })
            .collect::<Option<_>>()?,
        stopped_flows: stopped
            .flows
            .iter()
            .map(|(id, why)| (id.clone(), names(why)))
            .collect(),
        stopped_derived: stopped
            .derived
            .iter()
            .map(|(id, why)| (id.clone(), names(why)))
            .collect(),
        stopped_by: names(&stopped.agreement),
        gaps,
        permits: crate::permit::Permits::new(permits),
    })
}

/// The value of a part that must be there.
fn part<T: Clone>(part: &Part<T>) -> Option<T> {
    part.as_ref().map(|at| at.value.clone())
}

fn set<T: Clone>(part: &Part<Set<T>>) -> Vec<T> {
    part.values()
}

/// Where the first day is a gap, what would hold is shown from the first month that a flow names, or from the
/// first day of the calendar's common era.
fn assumed_term(a: &Agreement) -> Dates {
    let months =
        a.each_flow().filter_map(
            |(_, f)| match &f.value.when.as_ref()?.value.given()?.schedule {
                model::Schedule::Every { from, .. } => Some(from.0),
                model::Schedule::Once(month) => Some(month.0),
                model::Schedule::Each(_) | model::Schedule::OnDemand { .. } => None,
            },
        );
    let from = months.min().unwrap_or(Date::constant(1, 1, 1));
    let term = a.term.as_ref().map(|at| &at.value);
    let last = term.and_then(|term| match (&term.length, &term.until) {
        (Some(length), _) => length.value.after(from)?.yesterday().ok(),
        (None, Some(until)) => until.value.last(),
        (None, None) => None,
    });
    Dates { from, last }
}

/// The days on which the agreement can be in force and every waiver that it needs holds.
fn waived(term: Dates, gaps: &BTreeMap<GapId, Gap>) -> Option<Dates> {
    gaps.values()
        .filter_map(|gap| gap.waived)
        .try_fold(term, Dates::and)
}

fn open_gaps(a: &Agreement, read: &Read<'_>) -> Option<BTreeMap<GapId, Gap>> {
    let mut out = BTreeMap::new();
    for (id, at) in a.gaps.entries() {
        let mut open_at: Vec<String> = read
            .gaps
            .iter()
            .filter(|u| u.name == *id)
            .map(|u| gaps::place(&u.path))
            .collect();
        open_at.dedup();
        let waived = a.waivers.entry(id).and_then(|w| {
            Some(Dates {
                from: w.value.on.as_ref()?.value,
                last: Some(w.value.until.as_ref()?.value),
            })
        });
        let gap = Gap {
            asks: part(&at.value.asks)?,
            owner: part(&at.value.owner)?,
            stops: part(&at.value.stops)?,
            open_at,
            waived,
        };
        out.insert(id.clone(), gap);
    }
    Some(out)
}

fn life(a: &Agreement, term: Option<Dates>) -> Option<Life> {
    let written = &a.term.as_ref()?.value;
    let review = &written.review.as_ref()?.value;
    let every = review.every.as_ref()?.value;
    let first = review.first.as_ref().map(|at| at.value);
    Some(Life {
        reviews: term
            .map(|t| dates::reviews(t, first, every))
            .unwrap_or_default(),
        review_every: every,
        review_stop: part(&review.no_later_than),
        notice: part(&written.notice),
        stop_at_once: set(&written.stop_at_once),
        survives: set(&written.survives),
        signatures: match &written.effect.as_ref()?.value {
            model::EffectRule::All(_) => None,
            model::EffectRule::Some(block) => Some(block.signatures.as_ref()?.value.0),
        },
    })
}

fn parties(a: &Agreement, law: &Law) -> Option<BTreeMap<PartyId, Party>> {
    let one = |p: &model::Party| {
        let (body, each) = match &p.body.as_ref()?.value {
            Body::One(body) => (Some(body.clone()), None),
            Body::Each(each) => (None, Some(register(each, law)?)),
        };
        Some(Party {
            body,
            each,
            unit: part(&p.unit)?,
            is: part(&p.is)?,
            named: part(&p.named),
            contract: part(&p.contract),
            acts_for: part(&p.acts_for),
            does: set(&p.does),
            scope: set(&p.scope),
            reads: set(&p.reads),
            clearance: part(&p.clearance),
            no_staff: p.no_staff.is_some(),
        })
    };
    a.parties
        .entries()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

/// The register that a party stands for, with the digest of its members.
pub(crate) fn register(each: &model::EachOf, law: &Law) -> Option<Each> {
    let name = part(&each.each_of)?;
    let version = part(&each.version)?;
    let register = law.register(&name)?;
    Some(Each {
        digest: register.digest(version)?,
        members: register.versions.get(&version)?.clone(),
        register: name,
        version,
    })
}

fn people(a: &Agreement) -> Option<BTreeMap<crate::PersonKind, Person>> {
    let one = |p: &model::Person| {
        Some(Person {
            text: p.text.clone()?,
            third_party: p.third_party,
            minor: p.minor,
        })
    };
    a.people
        .entries()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn purposes(a: &Agreement) -> Option<BTreeMap<crate::PurposeId, Purpose>> {
    let one = |p: &model::Purpose| {
        Some(Purpose {
            text: part(&p.text)?,
            law: set(&p.law),
            umbrella: part(&p.umbrella),
        })
    };
    a.purposes
        .entries()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn routes(a: &Agreement) -> Option<BTreeMap<crate::RouteId, Route>> {
    let one = |r: &model::Route| {
        Some(Route {
            kind: part(&r.kind)?,
            encrypted: part(&r.encrypted).unwrap_or(false),
            password_by: part(&r.password_by),
            users: r.users.values(),
        })
    };
    a.routes
        .entries()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

fn approvals(a: &Agreement) -> Option<BTreeMap<PartyId, Approval>> {
    let one = |approval: &model::Approval| {
        Some(Approval {
            level: part(&approval.level)?,
            by: part(&approval.by)?,
            lead: part(&approval.lead)?,
            national_security: part(&approval.national_security)?,
            sensitive_recipient: part(&approval.sensitive_recipient)?,
        })
    };
    a.approval
        .entries()
        .filter_map(|(party, at)| Some((party, at.value.given()?)))
        .map(|(party, approval)| Some((party.clone(), one(approval)?)))
        .collect()
}

fn contacts(a: &Agreement) -> BTreeMap<PartyId, BTreeMap<String, String>> {
    a.contacts
        .entries()
        .filter_map(|(party, at)| Some((party.clone(), held::contact_lines(at.value.given()?))))
        .collect()
}
