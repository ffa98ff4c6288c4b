//! The simplest matcher: values agree when their standard forms are equal. Never weighs, never guesses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;

use crate::matcher::{
    Candidate, Comparison, Explanation, Index, LinkageFault, Linked, Matcher, Rule,
};
use crate::record::{Field, Record};
use crate::standardise;

/// How many master handles are kept for one case and one [`Rule`]: those that sort first. A common name
/// would otherwise grow with the master list; more than a person can look at tells nothing more.
pub const MOST_CANDIDATES: usize = 20;

/// Matches on exact agreement of standard forms, by four rules ([`Rule`], MATCH-05).
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactMatcher;

impl Matcher for ExactMatcher {
    fn index(&self, cases: &[Record]) -> Result<Box<dyn Index>, LinkageFault> {
        let mut index = ExactIndex::default();
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for (at, case) in cases.iter().enumerate() {
            let second = at.saturating_add(1);
            if let Some(first) = rows.insert(&case.reference, second) {
                return Err(LinkageFault::TwiceTheSame { first, second });
            }
            index.add(case);
        }
        Ok(Box::new(index))
    }
}

/// The usable values of one record in standard form, each with its place in the record.
struct Standard {
    names: Vec<(u32, String)>,
    dates: Vec<(u32, Date)>,
    ninos: Vec<(u32, String)>,
}

impl Standard {
    fn of(record: &Record) -> Self {
        Self {
            names: usable(record, Field::FullName, standardise::name),
            dates: usable(record, Field::DateOfBirth, standardise::date),
            ninos: usable(record, Field::Nino, standardise::nino),
        }
    }

    fn compare(&self, master: &Self) -> Explanation {
        Explanation {
            nino: compare(&self.ninos, &master.ninos),
            full_name: compare(&self.names, &master.names),
            date_of_birth: compare(&self.dates, &master.dates),
        }
    }
}

fn usable<T>(record: &Record, field: Field, standard: impl Fn(&str) -> Option<T>) -> Vec<(u32, T)> {
    (0u32..)
        .zip(record.values(field))
        .filter_map(|(at, raw)| Some((at, standard(raw)?)))
        .collect()
}

fn compare<T: PartialEq>(case: &[(u32, T)], master: &[(u32, T)]) -> Comparison {
    if case.is_empty() || master.is_empty() {
        return Comparison::Missing;
    }
    for (case_value, one) in case {
        for (master_value, other) in master {
            if one == other {
                return Comparison::Agrees {
                    case_value: *case_value,
                    master_value: *master_value,
                };
            }
        }
    }
    Comparison::Differs
}

struct Case {
    reference: String,
    standard: Standard,
    unusable: Vec<Field>,
    /// The candidates of each rule. The bound holds for each rule apart, so that which ones are kept does
    /// not depend on the order in which they come.
    found: BTreeMap<Rule, BTreeMap<String, Explanation>>,
    more: bool,
}

impl Case {
    fn take(&mut self, master: &str, rule: Rule, explanation: Explanation) {
        let kept = self.found.entry(rule).or_default();
        if let Some(known) = kept.get_mut(master) {
            *known = explanation.min(*known);
            return;
        }
        kept.insert(master.to_owned(), explanation);
        if kept.len() > MOST_CANDIDATES {
            kept.pop_last();
            self.more = true;
        }
    }

    fn linked(self) -> Linked {
        let mut seen = BTreeSet::new();
        let mut candidates = Vec::new();
        for (rule, kept) in self.found {
            for (master, explanation) in kept {
                if seen.insert(master.clone()) {
                    candidates.push(Candidate {
                        master,
                        rule,
                        explanation,
                    });
                }
            }
        }
        Linked {
            case: self.reference,
            candidates,
            more: self.more,
            unusable: self.unusable,
        }
    }
}

/// Cases by name and by National Insurance number, the two blocking rules that every [`Rule`] falls under.
#[derive(Default)]
struct ExactIndex {
    cases: Vec<Case>,
    by_name: HashMap<String, Vec<usize>>,
    by_nino: HashMap<String, Vec<usize>>,
}

impl ExactIndex {
    fn add(&mut self, case: &Record) {
        let at = self.cases.len();
        let standard = Standard::of(case);
        for (_, name) in &standard.names {
            self.by_name.entry(name.clone()).or_default().push(at);
        }
        for (_, nino) in &standard.ninos {
            self.by_nino.entry(nino.clone()).or_default().push(at);
        }
        let usable = [
            (Field::FullName, standard.names.len()),
            (Field::DateOfBirth, standard.dates.len()),
            (Field::Nino, standard.ninos.len()),
        ];
        let unusable = usable
            .into_iter()
            .filter(|(field, count)| *count < case.values(*field).len())
            .map(|(field, _)| field)
            .collect();
        self.cases.push(Case {
            reference: case.reference.clone(),
            standard,
            unusable,
            found: BTreeMap::new(),
            more: false,
        });
    }
}

impl Index for ExactIndex {
    fn probe(&mut self, batch: &[Record]) {
        for record in batch {
            let master = Standard::of(record);
            let names = master.names.iter().filter_map(|(_, v)| self.by_name.get(v));
            let ninos = master.ninos.iter().filter_map(|(_, v)| self.by_nino.get(v));
            let blocked: BTreeSet<usize> = names.chain(ninos).flatten().copied().collect();
            for at in blocked {
                let Some(case) = self.cases.get_mut(at) else {
                    continue;
                };
                let explanation = case.standard.compare(&master);
                if let Some(rule) = Rule::of(&explanation) {
                    case.take(&record.reference, rule, explanation);
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Vec<Linked> {
        self.cases.into_iter().map(Case::linked).collect()
    }
}
