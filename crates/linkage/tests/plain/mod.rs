//! The matcher as it would be written on paper: every case against every record, then the rules in words.

use std::collections::BTreeMap;

use linkage::{Candidate, Comparison, Explanation, Field, Linked, MOST_CANDIDATES, Record, Rule};

fn standard(field: Field, raw: &str) -> Option<String> {
    match field {
        Field::FullName => linkage::name(raw),
        Field::DateOfBirth => linkage::date(raw).map(|d| d.to_string()),
        Field::Nino => linkage::nino(raw),
    }
}

fn compare(field: Field, case: &Record, master: &Record) -> Comparison {
    let mut both = false;
    for (at_case, one) in case.values(field).iter().enumerate() {
        for (at_master, other) in master.values(field).iter().enumerate() {
            let (Some(one), Some(other)) = (standard(field, one), standard(field, other)) else {
                continue;
            };
            both = true;
            if one == other {
                return Comparison::Agrees {
                    case_value: at_case as u32,
                    master_value: at_master as u32,
                };
            }
        }
    }
    if both {
        Comparison::Differs
    } else {
        Comparison::Missing
    }
}

fn rule(why: &Explanation) -> Option<Rule> {
    let nino = why.nino.agrees();
    let name = why.full_name.agrees();
    let born = why.date_of_birth.agrees();
    if nino && (name || born) {
        Some(Rule::NinoAndPerson)
    } else if name && born {
        Some(Rule::NameAndDateOfBirth)
    } else if nino {
        Some(Rule::NinoAlone)
    } else if name {
        Some(Rule::NameAlone)
    } else {
        None
    }
}

pub(crate) fn link(cases: &[Record], masters: &[Record]) -> Vec<Linked> {
    cases.iter().map(|case| one(case, masters)).collect()
}

fn one(case: &Record, masters: &[Record]) -> Linked {
    let mut best: BTreeMap<(Rule, String), Explanation> = BTreeMap::new();
    for master in masters {
        let why = Explanation {
            nino: compare(Field::Nino, case, master),
            full_name: compare(Field::FullName, case, master),
            date_of_birth: compare(Field::DateOfBirth, case, master),
        };
        if let Some(rule) = rule(&why) {
            let kept = best.entry((rule, master.reference.clone())).or_insert(why);
            *kept = why.min(*kept);
        }
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut more = false;
    for wanted in Rule::ALL {
        let of_rule: Vec<_> = best
            .iter()
            .filter(|((rule, _), _)| *rule == wanted)
            .collect();
        more |= of_rule.len() > MOST_CANDIDATES;
        for ((rule, master), explanation) in of_rule.into_iter().take(MOST_CANDIDATES) {
            if candidates.iter().all(|c| c.master != *master) {
                let (master, explanation) = (master.clone(), *explanation);
                candidates.push(Candidate {
                    master,
                    rule: *rule,
                    explanation,
                });
            }
        }
    }
    let fields = [Field::FullName, Field::DateOfBirth, Field::Nino];
    let unusable = fields
        .into_iter()
        .filter(|f| {
            case.values(*f)
                .iter()
                .any(|raw| standard(*f, raw).is_none())
        })
        .collect();
    Linked {
        case: case.reference.clone(),
        candidates,
        more,
        unusable,
    }
}
