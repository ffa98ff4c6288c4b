//! A call: which flow of which agreement it is, whether its condition holds, and which gateways its cells rest on. The gate
//! of a call is the gate of files, for one row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agreement::{
    Asked, ConditionId, Derived, DerivedId, Fact, FactId, Facts, FieldPath, Flow, FlowId, Form,
    Minted, PartyId, PersonKind, Plan, Recorded, Term, Truth,
};
use jiff::civil::Date;

use super::Node;
use crate::authority::{Action, Warrant};
use crate::check::months::Rules;
use crate::check::{Caller, Declaration, Request, Stated};
use crate::gate::Gate;
use crate::pact::Pact;
use crate::refusal::Refusal;
use crate::rows::Row;
use crate::trouble::Trouble;

/// The facts that the hub knows itself, whatever is stated: that the declaration is signed and names who is asked, what
/// came of the check before, and that a record was found.
pub(super) const DECLARED: &str = "declared";
pub(super) const BEFORE: &str = "first_check";
pub(super) const RECORD: &str = "record_found";
const OWN: [&str; 3] = [DECLARED, BEFORE, RECORD];

/// A call that an agreement names: the question, its answer, and what is worked out of that.
pub(super) struct Way {
    pub(super) pact: Pact,
    pub(super) plan: Arc<Plan>,
    pub(super) flow: Flow,
    pub(super) answer: Flow,
    pub(super) derived: (DerivedId, Derived),
    pub(super) rules: Rules,
}

impl Node {
    /// The call that is asked for, under an agreement in force today (EXCH-EUSS-09).
    pub(super) async fn way(&self, request: &Request, on: Date) -> Result<Way, Trouble> {
        let (pact, plan) = self.pact(&request.agreement).await?;
        pact.in_force(on)?;
        Ok(self.way_under(pact, plan, &request.flow)?)
    }

    /// The call of this name under an agreement, with its answer and what is worked out of that.
    pub(super) fn way_under(
        &self,
        pact: Pact,
        plan: Arc<Plan>,
        flow: &FlowId,
    ) -> Result<Way, Refusal> {
        let name = flow;
        let flow = plan.flow(name).filter(|f| f.from == *self.party());
        let flow = flow.filter(|f| f.form == Some(Form::Call)).ok_or_else(|| {
            let what = format!("{} has no call {name} of this party", pact.id());
            Refusal::new("RUN-04", what).help("`concordat permits` lists what the agreement moves")
        })?;
        let answers = |f: &&Flow| f.rests_on().contains(&flow.id) && f.to == *self.party();
        let answer = plan.flows.values().find(answers);
        let answer = answer
            .filter(|f| f.form == Some(Form::Call))
            .ok_or_else(|| {
                Refusal::new("RUN-04", format!("nothing answers {} by a call", flow.id))
            })?;
        let sent = |d: &(&DerivedId, &Derived)| {
            let mut columns = answer.columns.iter();
            d.1.at == *self.party() && columns.any(|c| d.1.out_of.contains(&c.field.dataset))
        };
        let derived = plan.derived.iter().find(sent).ok_or_else(|| {
            let what = format!("nothing is worked out of {}: a gap stops it", answer.id);
            Refusal::new("RTC-12", what).help("`concordat check` names the gap")
        })?;
        if derived.1.out_of_others.iter().any(|(_, _, absent)| !absent) {
            let what = format!(
                "{} cannot do without the data of another agreement",
                derived.0
            );
            return Err(Refusal::new("RTC-08", what)
                .help("`present: if-held` in its `out-of` lets it do without"));
        }
        let version = derived.1.rules_version.as_deref();
        let mut rules = self.ports.calls.rules.iter();
        let named =
            |r: &&Rules| r.name() == derived.1.rules.as_str() && Some(r.version()) == version;
        let rules = rules.find(named).ok_or_else(|| {
            let what = format!(
                "the rules {} {} that the agreement names do not stand here",
                derived.1.rules,
                version.unwrap_or("without a version")
            );
            Refusal::new("RTC-12", what).help("name their file in node.toml, under `calls.rules`")
        })?;
        Ok(Way {
            flow: flow.clone(),
            answer: answer.clone(),
            derived: (derived.0.clone(), derived.1.clone()),
            rules: rules.clone(),
            pact,
            plan: plan.clone(),
        })
    }
}

impl Way {
    /// Do both agreements say that what is worked out comes of the data of both, by the same rules, for the same purposes
    /// and about the same people? Then they are asked in one check (C-33).
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.derived.1, &other.derived.1);
        self.names(other)
            && other.names(self)
            && (&mine.rules, &mine.rules_version) == (&theirs.rules, &theirs.rules_version)
            && (&mine.fields, &mine.purposes) == (&theirs.fields, &theirs.purposes)
            && about(&self.flow) == about(&other.flow)
    }

    /// Does this agreement name a dataset that the other's answer brings?
    fn names(&self, other: &Self) -> bool {
        let mut named = self.derived.1.out_of_others.iter();
        named.any(|(agreement, dataset, _)| {
            let mut brought = other.answer.columns.iter();
            agreement == other.pact.id() && brought.any(|c| c.field.dataset == *dataset)
        })
    }

    /// Does its call send this field?
    pub(super) fn sends(&self, field: &str) -> bool {
        let mut columns = self.flow.columns.iter();
        columns.any(|c| c.field.field.as_str() == field)
    }

    /// The values that its call sends, of those that were given, with the identifier of the call.
    pub(super) fn row(&self, request: &Request, correlation: &str) -> Result<Row, Refusal> {
        let mut row = Row::default();
        let given = request.details.iter();
        for (name, value) in given.filter(|(name, _)| self.sends(name)) {
            row.set(name.as_str(), value.as_str());
        }
        row.set(self.minted()?, correlation);
        Ok(row)
    }

    /// The fact of this name, where its agreement lets the party that asks state it.
    pub(super) fn stateable(&self, name: &str) -> Option<&Fact> {
        let declared = FactId::parse(name).ok()?;
        let fact = self.plan.facts.get(&declared)?;
        (fact.known_to.contains(&self.flow.from) && !OWN.contains(&name)).then_some(fact)
    }

    /// What was stated that its agreement has, with the reasons, to be sealed beside the entry.
    pub(super) fn reasons(&self, facts: &BTreeMap<String, Stated>) -> String {
        let mine = facts
            .iter()
            .filter(|(name, _)| self.stateable(name).is_some());
        let stated = mine
            .map(|(name, stated)| format!("{name}: {}: {}", stated.value, stated.because.trim()));
        stated.collect::<Vec<_>>().join("; ")
    }

    /// May this caller start it? The agreement says who does.
    pub(super) fn may_start(&self, party: &PartyId, caller: &Caller) -> Result<(), Refusal> {
        let starter = self.flow.started_by.as_ref();
        let fits = match caller {
            Caller::Applicant => {
                starter.is_some_and(|s| s.role().is_none() && self.is_about(&s.who()))
            }
            Caller::Staff(person) => {
                let _: Warrant = person.may(Action::Check)?;
                starter.is_some_and(|s| {
                    let role = s.role();
                    s.who().as_str() == party.as_str()
                        && role.is_some_and(|role| role.as_str() == person.role.as_str())
                })
            }
        };
        if fits {
            return Ok(());
        }
        let who = starter.map_or("nobody".to_owned(), ToString::to_string);
        let what = format!("{} is started by {who} alone", self.flow.id);
        Err(Refusal::new(self.rule(), what))
    }

    fn is_about(&self, kind: &PersonKind) -> bool {
        about(&self.flow).contains(kind)
    }

    /// Is another flow's call about the same people?
    pub(super) fn is_alike(&self, other: &FlowId) -> bool {
        let other = self.plan.flow(other);
        other.is_some_and(|other| about(other) == about(&self.flow))
    }

    /// The rule that a call breaks which may not be made: one about whom applicants themselves start calls is a check
    /// again, one about another person a check of the sponsor.
    pub(super) fn rule(&self) -> &'static str {
        let starters = self
            .plan
            .flows
            .values()
            .filter_map(|f| f.started_by.as_ref());
        let mut applicants = starters.filter(|s| s.role().is_none()).map(|s| s.who());
        if applicants.any(|kind| self.is_about(&kind)) {
            "RTC-15"
        } else {
            "RTC-17"
        }
    }

    /// The name of the field that the exchange makes anew for each call.
    fn minted(&self) -> Result<&str, Refusal> {
        let mut columns = self.flow.columns.iter();
        let minted = columns.find(|c| c.minted == Some(Minted::PerCall));
        let what = || Refusal::new("RTC-05", format!("{} mints no reference", self.flow.id));
        Ok(minted.ok_or_else(what)?.field.field.as_str())
    }

    /// The facts of the application: what is stated that its agreement has, each in its form and with its reason where the
    /// agreement records one, and what the hub knows itself.
    pub(super) fn facts(
        &self,
        request: &Request,
        before: Option<&str>,
    ) -> Result<BTreeMap<String, String>, Vec<Refusal>> {
        let (mut all, mut refusals) = (BTreeMap::new(), Vec::new());
        let mut no = |what: String| refusals.push(Refusal::new(self.rule(), what));
        for (name, stated) in &request.facts {
            let Some(fact) = self.stateable(name) else {
                continue;
            };
            if !fact.field_type.accepts(&stated.value) {
                no(format!(
                    "{name} has not the form of a {}",
                    fact.field_type.name()
                ));
            } else if fact.recorded_as == Some(Recorded::Text) && stated.because.trim().is_empty() {
                no(format!(
                    "{name} is recorded with its reason, and none is given"
                ));
            } else {
                all.insert(name.clone(), stated.value.clone());
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let names = |d: &Declaration| d.signed && d.names.contains(&self.flow.to);
        if let Some(declaration) = &request.declaration {
            let truth = if names(declaration) { "yes" } else { "no" };
            all.insert(DECLARED.into(), truth.into());
        }
        if let Some(before) = before {
            all.insert(BEFORE.into(), before.into());
        }
        Ok(all)
    }

    /// What keeps the flow's condition from being true: the facts and fields that are not as it asks.
    pub(super) fn lacking(&self, known: &Known<'_>, on: Date) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(only) = &self.flow.only {
            lacking(&self.plan, only, known, on, &mut all);
        }
        all
    }
}

/// The kinds of person that a flow is about.
fn about(flow: &Flow) -> BTreeSet<PersonKind> {
    flow.columns.iter().flat_map(|c| c.about.clone()).collect()
}

fn lacking(plan: &Plan, id: &ConditionId, known: &Known<'_>, on: Date, all: &mut Vec<String>) {
    if plan.holds(id, known, on) == Truth::True {
        return;
    }
    let Some(condition) = plan.conditions.get(id) else {
        all.push(id.to_string());
        return;
    };
    let terms = match &condition.asked {
        Asked::All(terms) | Asked::Any(terms) => terms.as_slice(),
        Asked::Told { .. } => &[],
    };
    let named = all.len();
    for term in terms {
        let what = match term {
            Term::Holds(other) => {
                lacking(plan, other, known, on, all);
                continue;
            }
            Term::Test { of, test } if plan.conditions.test(of, test, known, on) == Truth::True => {
                continue;
            }
            Term::Test { of, .. } => of.to_string(),
            Term::Fails(other) => other.to_string(),
            Term::Received(flow) => flow.to_string(),
        };
        if !all.contains(&what) {
            all.push(what);
        }
    }
    if all.len() == named && terms.is_empty() {
        all.push(id.to_string());
    }
}

/// What is known of one call: facts by name, and the values of its row where they lie.
pub(super) struct Known<'a> {
    pub(super) facts: &'a BTreeMap<String, String>,
    pub(super) row: &'a Row,
}

impl Facts for Known<'_> {
    fn fact(&self, name: &FactId) -> Option<&str> {
        self.facts.get(name.as_str()).map(String::as_str)
    }
    fn field(&self, path: &FieldPath) -> Option<&str> {
        Some(self.row.get(path.field.as_str())).filter(|value| !value.is_empty())
    }
    fn told(&self, _: &PartyId, _: &ConditionId) -> Option<bool> {
        None
    }
    fn received(&self, _: &FlowId) -> Option<bool> {
        None
    }
}

/// Asks the gate for every cell of these rows, and gives the gateways that they rest on (RUN-05). Not which field rests on
/// which: no trace of fields is kept (C-49).
pub(super) fn gateways(
    plan: &Plan,
    flow: &Flow,
    rows: &[Row],
    facts: &BTreeMap<String, String>,
    on: Date,
) -> Result<Vec<String>, Vec<Refusal>> {
    let mut gate = Gate::new(plan, flow, on);
    let mut all = BTreeSet::new();
    for (n, row) in (1..).zip(rows) {
        let values = flow.columns.iter().map(|c| row.get(c.field.field.as_str()));
        let values: Vec<&str> = values.collect();
        let Some(pattern) = gate.row(n, &values, &Known { facts, row }) else {
            continue;
        };
        let permits = gate.relied(pattern).iter();
        let permits = permits.filter_map(|id| plan.permits().find(id));
        all.extend(
            permits
                .filter_map(|p| p.gateway.as_ref())
                .map(ToString::to_string),
        );
    }
    let passed = gate.done()?;
    if !passed.withheld.is_empty() {
        let what = format!("no gateway lets {} go today", flow.id);
        return Err(vec![Refusal::new("LEG-01", what)]);
    }
    Ok(all.into_iter().collect())
}
