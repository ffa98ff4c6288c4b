//! Who is asked about in a run: whoever's next time has come first, then whoever was never asked about, the oldest
//! first (EXCH-HMRC-04). Pure: it is handed facts and traces, and reads nothing.

use agreement::{Asked, ConditionId, FieldType, Operand, Plan, Term, Test, TypeName, parse_date};
use jiff::civil::Date;

use crate::gate::RowFacts;
use crate::trace::Turn;

/// Somebody who meets the flow's condition today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The person key.
    pub person: String,
    /// Whether it is the person's turn.
    pub turn: Turn,
    /// The oldest day among the facts that the condition asks about.
    pub since: Option<Date>,
    /// The version of the trace by which it is the person's turn; 0 where there is none.
    pub seen: u64,
}

/// Those whose turn it is, in the order in which they are taken.
pub fn choose(mut all: Vec<Candidate>) -> Vec<Candidate> {
    all.retain(|c| c.turn != Turn::No);
    // Again before first, since a missed re-wash is a promise broken; then the oldest, then the key, so that one
    // list always gives one selection.
    all.sort_by(|a, b| {
        let rank = |c: &Candidate| match c.turn {
            Turn::Again(due) => (0, Some(due), c.since),
            Turn::First => (1, c.since, None),
            Turn::No => (2, None, None),
        };
        rank(a).cmp(&rank(b)).then_with(|| a.person.cmp(&b.person))
    });
    all
}

/// The oldest day among the facts that a condition asks about.
pub fn since(plan: &Plan, condition: Option<&ConditionId>, facts: &RowFacts) -> Option<Date> {
    let mut todo: Vec<&ConditionId> = condition.into_iter().collect();
    let mut seen: Vec<&ConditionId> = Vec::new();
    let mut oldest: Option<Date> = None;
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let Some(condition) = plan.conditions.get(id) else {
            continue;
        };
        let terms = match &condition.asked {
            Asked::All(terms) | Asked::Any(terms) => terms.as_slice(),
            Asked::Told { .. } => &[],
        };
        for term in terms {
            match term {
                Term::Holds(other) | Term::Fails(other) => todo.push(other),
                // A day that lies too far back at some time is nobody's waiting.
                Term::Test {
                    test: Test::AgoLessThan(_),
                    ..
                } => {}
                Term::Test {
                    of: Operand::Fact(name),
                    ..
                } => {
                    let is_day = plan
                        .facts
                        .get(name)
                        .is_some_and(|f| f.field_type == FieldType::Plain(TypeName::Date));
                    let day = facts.get(name.as_str()).and_then(|text| parse_date(text));
                    if let Some(day) = day.filter(|_| is_day) {
                        oldest = Some(oldest.map_or(day, |o| o.min(day)));
                    }
                }
                Term::Test { .. } | Term::Received(_) => {}
            }
        }
    }
    oldest
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn one(person: &str, turn: Turn, since: Option<Date>) -> Candidate {
        Candidate {
            person: person.into(),
            turn,
            since,
            seen: 0,
        }
    }

    // shows: EXCH-HMRC-04
    #[test]
    fn whoever_is_due_again_goes_first_and_then_the_oldest_unchecked() {
        let all = vec![
            one("new-2012", Turn::First, Some(date(2012, 1, 1))),
            one("not-yet", Turn::No, Some(date(2001, 1, 1))),
            one("due-june", Turn::Again(date(2016, 6, 1)), None),
            one("new-2009", Turn::First, Some(date(2009, 1, 1))),
            one("due-may", Turn::Again(date(2016, 5, 1)), None),
        ];
        let order: Vec<String> = choose(all).into_iter().map(|c| c.person).collect();
        assert_eq!(order, ["due-may", "due-june", "new-2009", "new-2012"]);
    }
}
