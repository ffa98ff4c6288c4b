//! What follows from a condition: can it hold of a person of one kind at all, and what is certain of every record
//! of which it holds? Each condition is looked at once, however many others rest on it; what rests on itself
//! follows from nothing (that circle is told elsewhere).

use std::collections::BTreeMap;

use crate::check::data::type_of;
use crate::check::{Check, operand, terms};
use crate::condition::Operand;
use crate::grammar::{Entries, Items};
use crate::ids::{ConditionId, PartyId, PersonKind};
use crate::model::{Agreement, Term, Test, TestOf};
use crate::value::FieldType;
use crate::words::Recorded;

/// Can the condition be true of a person of this kind? A fact that is never about such a person is never recorded
/// of one, so a condition that needs it is never true, and never known to be false either.
pub(crate) fn can_hold(a: &Agreement, id: &ConditionId, kind: &PersonKind) -> bool {
    can_be(a, id, kind, true, &mut BTreeMap::new())
}

type Seen<'a> = BTreeMap<(&'a ConditionId, bool), bool>;

fn can_be<'a>(
    a: &'a Agreement,
    id: &'a ConditionId,
    kind: &PersonKind,
    truth: bool,
    seen: &mut Seen<'a>,
) -> bool {
    if let Some(known) = seen.get(&(id, truth)) {
        return *known;
    }
    seen.insert((id, truth), false);
    let Some(condition) = a.conditions.entry(id).map(|at| &at.value) else {
        return false;
    };
    let term = |term: &'a Term, seen: &mut Seen<'a>| match term {
        Term::Holds(other) => can_be(a, other, kind, truth, seen),
        Term::Fails(other) => can_be(a, other, kind, !truth, seen),
        Term::Received(_) => true,
        Term::Test(test) => match operand(&test.of.value) {
            Some(Operand::Fact(fact)) => a
                .facts
                .entry(&fact)
                .is_none_or(|f| a.concerns(f.value.of.all(), kind)),
            Some(Operand::Field(_)) | None => true,
        },
    };
    let found = match (&condition.told, condition.any.is_some()) {
        // What is told is a condition of the teller, about the same person.
        (Some(told), _) => told
            .value
            .that
            .as_ref()
            .is_none_or(|that| can_be(a, &that.value, kind, truth, seen)),
        (None, any) if any == truth => terms(condition).any(|at| term(&at.value, seen)),
        (None, _) => terms(condition).all(|at| term(&at.value, seen)),
    };
    seen.insert((id, truth), found);
    found
}

/// Is something certain of every record of which the condition holds? `of` says whether one test makes it so;
/// `told` whether it may also be what another party tells.
fn is_certain<'a>(
    a: &'a Agreement,
    id: &'a ConditionId,
    of: &dyn Fn(&TestOf) -> bool,
    told: bool,
    seen: &mut BTreeMap<&'a ConditionId, bool>,
) -> bool {
    if let Some(known) = seen.get(id) {
        return *known;
    }
    seen.insert(id, false);
    let Some(condition) = a.conditions.entry(id).map(|at| &at.value) else {
        return false;
    };
    let term = |term: &'a Term, seen: &mut BTreeMap<&'a ConditionId, bool>| match term {
        Term::Holds(other) => is_certain(a, other, of, told, seen),
        Term::Fails(_) | Term::Received(_) => false,
        Term::Test(test) => of(test),
    };
    let found = match (&condition.told, &condition.any) {
        (Some(said), _) => {
            let that = said.value.that.as_ref().filter(|_| told);
            that.is_some_and(|that| is_certain(a, &that.value, of, told, seen))
        }
        (None, Some(_)) => {
            let mut all = terms(condition).peekable();
            all.peek().is_some() && all.all(|at| term(&at.value, seen))
        }
        (None, None) => terms(condition).any(|at| term(&at.value, seen)),
    };
    seen.insert(id, found);
    found
}

/// Which records a gateway's values are asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Every value that a record has must be one of them: a record has a place in each nation that it names.
    Every,
    /// One of its values must: one suspected offence suffices.
    One,
}

/// Does the condition hold only of records where a fact of such a type has one of these values?
pub(super) fn keeps_within(
    check: &Check<'_>,
    id: &ConditionId,
    is_type: &dyn Fn(&FieldType) -> bool,
    values: &[String],
    of: Values,
) -> bool {
    let within = |value: &String| values.contains(value);
    let test = |test: &TestOf| {
        let kind = operand(&test.of.value).and_then(|o| type_of(check.a, check.law, &o));
        let Some((kind, many)) = kind.filter(|(kind, _)| is_type(kind)) else {
            return false;
        };
        let one_counts = !many || of == Values::One;
        match &test.test {
            Test::Is(value) => one_counts && within(value),
            Test::In(all) => one_counts && all.iter().all(within),
            // Recorded at all is enough where every value it can have is one of these.
            Test::Known(known) => {
                *known
                    && match &kind {
                        FieldType::OneOf(all) | FieldType::Listed { codes: all, .. } => {
                            all.iter().all(within)
                        }
                        FieldType::Plain(_) | FieldType::WhichOf(_) => false,
                    }
            }
            Test::Before(_)
            | Test::OnOrAfter(_)
            | Test::AgoAtLeast(_)
            | Test::AgoLessThan(_)
            | Test::AtLeast(_)
            | Test::AtMost(_) => false,
        }
    };
    is_certain(check.a, id, &test, true, &mut BTreeMap::new())
}

/// Does the condition hold only of records where something is recorded as a text by this party: a case that is
/// documented? That it is not recorded documents nothing, nor does what another party says.
pub(super) fn is_documented(check: &Check<'_>, id: &ConditionId, by: &PartyId) -> bool {
    let test = |test: &TestOf| {
        let Some(Operand::Fact(fact)) = operand(&test.of.value) else {
            return false;
        };
        let Some(fact) = check.a.facts.entry(&fact).map(|at| &at.value) else {
            return false;
        };
        let text = fact
            .recorded_as
            .as_ref()
            .is_some_and(|r| r.value == Recorded::Text);
        let own = fact.known_to.all().iter().any(|p| p.value == *by);
        text && own && test.test != Test::Known(false)
    };
    is_certain(check.a, id, &test, false, &mut BTreeMap::new())
}
