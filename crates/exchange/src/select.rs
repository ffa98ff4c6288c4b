//! Who is asked about in a run: whoever's next time has come first, then whoever was never asked about, the oldest
//! first (EXCH-HMRC-04). Pure: it is handed facts and traces, and reads nothing.

use agreement::{Asked, ConditionId, FieldType, Operand, Plan, Term, Test, TypeName, parse_date};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::gate::RowFacts;
use crate::trace::Turn;

/// Somebody who meets the flow's condition today, and whose turn it is. Whoever is asked about earlier is less: by the turn,
/// then the oldest, then the key, so that one list always gives one selection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Candidate {
    /// Why it is the person's turn.
    pub turn: Turn,
    /// The oldest day among the facts that the condition asks about.
    pub since: Option<Date>,
    /// The person key.
    pub person: String,
    /// The version of the trace by which it is the person's turn; 0 where there is none.
    pub seen: u64,
    /// Is the person in the register more than once (RUN-19)?
    pub twice: bool,
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
            twice: false,
        }
    }

    // shows: EXCH-HMRC-04
    #[test]
    fn whoever_is_due_again_goes_first_and_then_the_oldest_unchecked() {
        let mut all = [
            one("new-2012", Turn::First, Some(date(2012, 1, 1))),
            one("nobody-knows", Turn::First, None),
            one("also-2009", Turn::First, Some(date(2009, 1, 1))),
            one("due-june", Turn::Again(date(2016, 6, 1)), None),
            one("new-2009", Turn::First, Some(date(2009, 1, 1))),
            one("due-may", Turn::Again(date(2016, 5, 1)), None),
        ];
        all.sort();
        let order: Vec<&str> = all.iter().map(|c| c.person.as_str()).collect();
        let due = ["due-may", "due-june", "nobody-knows"];
        assert_eq!(
            order,
            [&due[..], &["also-2009", "new-2009", "new-2012"]].concat()
        );
    }
}
