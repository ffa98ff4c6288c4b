//! What a look-up never serves, and what must not be done with what it shows: both read from the agreement.

use std::collections::BTreeSet;

use agreement::{Act, Column, Flow, Form, Onward, Plan};

use crate::finding::{Finding, Kind, State};

/// May a look-up serve anything of this flow? Not what programs ask for and calculate with at once, nor what goes into
/// something that only named roles may see (LOOKUP-11).
pub(crate) fn is_served(plan: &Plan, flow: &Flow) -> bool {
    let into_less = |column: &Column| {
        let mut derived = plan.derived.values().filter(|d| !d.seen_by.is_empty());
        derived.any(|d| d.out_of.contains(&column.field.dataset))
    };
    flow.form != Some(Form::Call) && !flow.columns.iter().any(into_less)
}

/// What must not be done with what is shown, in words.
pub(crate) fn restrictions(
    plan: &Plan,
    flow: &Flow,
    shown: &[&Column],
    findings: &[Finding],
) -> Vec<String> {
    let mut all = vec![
        "A match is not a fact: nobody is harmed by it unless a named person decides so."
            .to_owned(),
    ];
    for finding in findings {
        if let (Kind::Contact, State::ToVerify, Some(field)) =
            (finding.kind(), finding.state(), finding.field())
        {
            all.push(format!(
                "{field} is not used before a person has verified it (MATCH-08)."
            ));
        }
    }
    let mut onward = BTreeSet::new();
    for column in shown {
        let others = |kind| {
            plan.people
                .get(kind)
                .is_some_and(|person| person.third_party)
        };
        if column.about.iter().any(others) {
            let what = "is about another person, who is not traced because of it (MATCH-13).";
            all.push(format!("{} {what}", column.field));
        }
        let permits = plan.permits().iter().filter(|permit| {
            permit.act == Act::Use
                && permit.flow.as_ref() == Some(&flow.id)
                && permit.field == column.field
        });
        onward.extend(permits.map(|permit| match &permit.onward {
            Onward::None => "It goes to nobody else (LEG-30).".to_owned(),
            Onward::By(flows) => format!("It goes on only by {}.", names(flows)),
            Onward::AfterTelling(_) => format!("{} is told before it goes on (LEG-25).", flow.from),
        }));
    }
    all.extend(onward);
    all
}

fn names(flows: &[agreement::FlowId]) -> String {
    let all: Vec<&str> = flows.iter().map(agreement::FlowId::as_str).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use agreement::{AsIf, Law, Library, check_as_if};

    use super::*;

    fn plan(name: &str) -> Plan {
        let read = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements");
            std::fs::read(format!("{folder}/{name}.yaml")).unwrap()
        };
        let (law, umbrella) = (Law::built_in().unwrap(), read("mou-u-d"));
        let beside = std::iter::once(("umbrella", umbrella.as_slice()));
        let library = Library::read(beside, &law);
        let checked = check_as_if(name, &read(name), &law, &library, AsIf::Filled);
        checked.plan.unwrap()
    }

    // shows: LOOKUP-11
    #[test]
    fn nothing_of_the_residence_check_is_served() {
        let check = plan("euss-check");
        assert!(!check.flows.is_empty() && !check.derived.is_empty());
        for mut flow in check.flows.values().cloned() {
            assert!(!is_served(&check, &flow), "{}", flow.id);
            // What is calculated with is not served in another form either.
            if flow
                .columns
                .iter()
                .any(|c| c.field.dataset.as_str() == "periods")
            {
                flow.form = Some(Form::Csv);
                assert!(!is_served(&check, &flow), "{}", flow.id);
            }
        }
        let tracing = plan("contact-thread");
        assert!(tracing.flows.values().all(|flow| is_served(&tracing, flow)));
    }
}
