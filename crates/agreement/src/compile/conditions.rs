//! Facts and conditions, with the types of what they test.

use std::collections::BTreeMap;

use super::{part, set};
use crate::check::data::{declared_type, type_of};
use crate::check::{operand, terms};
use crate::condition::{Asked, Condition, Conditions, Operand, Term, Test};
use crate::grammar::Entries;
use crate::ids::FactId;
use crate::law::Law;
use crate::model::{self, Agreement};
use crate::plan::Fact;

pub(super) fn facts(a: &Agreement, law: &Law) -> Option<BTreeMap<FactId, Fact>> {
    let one = |f: &model::Fact| {
        Some(Fact {
            field_type: declared_type(&f.kind, &f.values, &f.list, law)?,
            of: set(&f.of),
            known_to: set(&f.known_to),
            many: f.many.is_some(),
            recorded_as: part(&f.recorded_as),
        })
    };
    a.facts
        .entries()
        .map(|(id, at)| Some((id.clone(), one(&at.value)?)))
        .collect()
}

pub(super) fn conditions(a: &Agreement, law: &Law) -> Option<Conditions> {
    let mut by_id = BTreeMap::new();
    for (id, at) in a.conditions.entries() {
        let written = &at.value;
        let all = || {
            terms(written)
                .map(|at| term(&at.value))
                .collect::<Option<Vec<_>>>()
        };
        let asked = match (&written.told, &written.any) {
            (Some(told), _) => Asked::Told {
                by: part(&told.value.by)?,
                that: part(&told.value.that)?,
                how: part(&told.value.how)?,
            },
            (None, Some(_)) => Asked::Any(all()?),
            (None, None) => Asked::All(all()?),
        };
        by_id.insert(
            id.clone(),
            Condition {
                id: id.clone(),
                asked,
            },
        );
    }
    let facts = a.facts.names().map(|id| Operand::Fact(id.clone()));
    let fields = a.fields().map(|(path, ..)| Operand::Field(path));
    let types = facts
        .chain(fields)
        .filter_map(|of| {
            let kind = type_of(a, law, &of)?;
            Some((of, kind))
        })
        .collect();
    Some(Conditions::new(by_id, types))
}

fn term(written: &model::Term) -> Option<Term> {
    Some(match written {
        model::Term::Holds(other) => Term::Holds(other.clone()),
        model::Term::Fails(other) => Term::Fails(other.clone()),
        model::Term::Received(flow) => Term::Received(flow.clone()),
        model::Term::Test(test_of) => Term::Test {
            of: operand(&test_of.of.value)?,
            test: test(&test_of.test),
        },
    })
}

pub(super) fn test(written: &model::Test) -> Test {
    match written {
        model::Test::Is(value) => Test::Is(value.clone()),
        model::Test::In(values) => Test::In(values.clone()),
        model::Test::Known(known) => Test::Known(*known),
        model::Test::Before(day) => Test::Before(*day),
        model::Test::OnOrAfter(day) => Test::OnOrAfter(*day),
        model::Test::AgoAtLeast(period) => Test::AgoAtLeast(*period),
        model::Test::AgoLessThan(period) => Test::AgoLessThan(*period),
        model::Test::AtLeast(n) => Test::AtLeast(n.0),
        model::Test::AtMost(n) => Test::AtMost(n.0),
    }
}
