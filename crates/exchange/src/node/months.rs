//! The months of a check: kept under the agreement's rule, and seen by whoever works on the application alone (PTY-12,
//! LOOKUP-11, RET-10).

use std::collections::BTreeSet;

use agreement::{
    Act as Permitted, ActorId, Ask, DatasetId, Ends, FieldPath, FieldType, Keep, PersonKind,
    TypeName,
};

use super::agreements::actor;
use super::call::Way;
use super::check::not_theirs;
use super::keep::authority;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Actor, Person};
use crate::change::{Batch, Record};
use crate::check::application::Application;
use crate::check::months::Month;
use crate::check::{Shown, View};
use crate::ids::{AgreementId, HoldingId, OperationId, StaffId, SubjectId};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::retention::{Holding, KeepRule, Opening};
use crate::rows::{self, Row};
use crate::trouble::Trouble;

/// The item that keeps all months of a check: they are made, seen and destroyed together.
const MONTHS: &str = "months";

impl Node {
    /// Seals the months into a holding of their own: for each the month and whether it qualifies, and nothing else (RTC-09,
    /// RET-09). No longer than any of the agreements lets whose data went into them.
    pub(super) async fn keep_months(
        &self,
        op: &OperationId,
        ways: (&Way, &[&Way]),
        (key, n): (&SubjectId, usize),
        months: &[Month],
        batch: Batch,
    ) -> Result<(HoldingId, Batch), Trouble> {
        let (way, others) = ways;
        let (name, derived) = &way.derived;
        let [
            (_, FieldType::Plain(TypeName::Month)),
            (_, FieldType::Plain(TypeName::Truth)),
        ] = derived.fields.as_slice()
        else {
            let what = format!("{name} is not a month and a truth, and nothing else comes out");
            return Err(Refusal::new("RTC-09", what).into());
        };
        let now = self.now();
        let mut rule = None;
        for way in std::iter::once(&way).chain(others) {
            let one = self.months_rule(way)?;
            let due = one.due(now, self.party())?;
            if rule.as_ref().is_none_or(|(_, soonest)| due < *soonest) {
                rule = Some((one, due));
            }
        }
        let (rule, _) = rule.ok_or_else(|| no_rule(name.as_str()))?;
        let id = HoldingId::parse(format!("call:{key}/{n}"))?;
        self.ports.vault.create(&id, op).await?;
        let opening = Opening {
            id: id.clone(),
            agreement: Some(way.pact.hash()),
            what: name.to_string(),
            keeper: self.party().clone(),
            rows: months.len() as u64,
            rule,
            controller: self.party().to_string(),
            owed_to: None,
            started: Some(now),
        };
        let batch = batch.and(Holding::open(opening, &Actor::Node)?)?;
        let mut all = Row::default();
        for month in months {
            let truth = if month.qualifies { "yes" } else { "no" };
            all.set(month.first.strftime("%Y-%m").to_string(), truth);
        }
        let batch = rows::seal_as(&*self.ports.vault, op, &id, MONTHS, &all, batch).await?;
        Ok((id, batch))
    }

    /// The rule by which an agreement keeps what is worked out.
    fn months_rule(&self, way: &Way) -> Result<KeepRule, Refusal> {
        let name = way.derived.0.as_str();
        let dataset = DatasetId::parse(name).map_err(|_| no_rule(name))?;
        let rule = way.plan.keep_rules(&dataset, self.party()).next();
        rule.and_then(count).ok_or_else(|| no_rule(name))
    }

    /// Lets a caseworker work on an application, or no longer.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn assign(
        &self,
        op: &OperationId,
        (agreement, number): (&AgreementId, &str),
        staff: &StaffId,
        works: bool,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Assign)?;
            let (pact, _) = self.pact(agreement).await?;
            let key = self.application_key(agreement, number).await?;
            let found: Option<Application> = self.find(key.as_str()).await?;
            let application = found
                .unwrap_or_else(|| Application::new(key, self.party(), pact.id(), pact.hash()));
            let change = application.assign(staff, works, &by)?;
            self.commit(Batch::new(op.clone(), "application.assign").and(change)?)
                .await
        })
        .await
    }

    /// What the checks of an application came to, for a caseworker who works on it. That it was seen stands in the ledger
    /// before it is told. Months into which the data of several agreements went are seen with the leave of each, and of
    /// none that is `closed` to whoever looks.
    ///
    /// # Errors
    /// [`Trouble`]: refused to everybody else, in one answer, whether there is such an application or not (PTY-12).
    pub async fn months(
        &self,
        op: &OperationId,
        (agreement, number): (&AgreementId, &str),
        who: &Person,
        closed: &BTreeSet<AgreementId>,
    ) -> Result<(Done, Vec<Shown>), Trouble> {
        let mut shown = Vec::new();
        let verb = async {
            let by = who.may(Action::Check)?;
            let key = self.application_key(agreement, number).await?;
            let found: Option<Application> = self.find(key.as_str()).await?;
            let application = found.filter(|a| a.works_on(&who.staff));
            let application = application.ok_or_else(not_theirs)?;
            self.may_see(agreement, who).await?;
            let record = Record::new(Act::MonthsSeen, &by.actor())
                .rule("PTY-12")
                .count("checks", application.checks().len() as u64)
                .text("application", number);
            let done = self
                .commit(Batch::new(op.clone(), "months.see").note(record))
                .await?;
            for check in application.checks() {
                let mut withheld = None;
                for other in check.with() {
                    match self.may_see(other, who).await {
                        Ok(()) if !closed.contains(other) => {}
                        Ok(()) | Err(Trouble::Refused(_)) => withheld = Some(other.clone()),
                        Err(fault) => return Err(fault),
                    }
                }
                let mut each = match check.months() {
                    Some(holding) if withheld.is_none() => self.kept_months(holding).await?,
                    Some(_) | None => None,
                };
                if !check.unanswered().is_empty() {
                    // Whoever did not answer could have shown them (C-24).
                    let no = each.iter_mut().flatten().filter(|(_, truth)| truth == "no");
                    no.for_each(|(_, truth)| *truth = "unknown".into());
                }
                let version = check.rules();
                let mut rules = self.ports.calls.rules.iter();
                let rules = rules.find(|r| Some(r.version()) == version);
                let whole = each.as_ref().map(|all| all.len() as u16);
                let lengths = rules.map_or(whole.into_iter().collect(), |r| r.views().to_vec());
                let views = |all: &Vec<(String, String)>| {
                    lengths.iter().map(|n| last(all, *n)).collect::<Vec<_>>()
                };
                shown.push(Shown {
                    checked: crate::deadline::london_day(check.at())?,
                    flow: check.flow().clone(),
                    outcome: check.outcome(),
                    unanswered: check.unanswered().to_vec(),
                    withheld,
                    rules: version.map(ToOwned::to_owned),
                    views: each.as_ref().map(views).unwrap_or_default(),
                    kept: each.and(check.months().cloned()),
                });
            }
            Ok(done)
        };
        let done = self.recorded(op, &actor(who), verb).await?;
        Ok((done, shown))
    }

    /// The agreement's leave to use what is derived, for somebody of this role.
    async fn may_see(&self, agreement: &AgreementId, who: &Person) -> Result<(), Trouble> {
        let (_, plan) = self.pact(agreement).await?;
        let on = crate::deadline::london_day(self.now())?;
        let sees = |actor: &ActorId| {
            // `caseworker-of-application`: the role, of whoever works on the case.
            let role = actor.role().map(|r| r.to_string()).unwrap_or_default();
            let role = role.split_once("-of-").map_or(role.as_str(), |(r, _)| r);
            actor.party() == *self.party() && role == who.role.as_str()
        };
        let mine = plan.derived.iter().filter(|(_, d)| d.at == *self.party());
        for (name, derived) in mine {
            if !derived.seen_by.iter().any(sees) {
                return Err(not_theirs().into());
            }
            let dataset = DatasetId::parse(name.as_str()).map_err(|_| no_rule(name.as_str()))?;
            let kinds: Vec<PersonKind> = derived.about.clone();
            for ((field, _), about) in derived
                .fields
                .iter()
                .flat_map(|f| kinds.iter().map(move |k| (f, k)))
            {
                for purpose in &derived.purposes {
                    let ask = Ask {
                        act: Permitted::Use,
                        flow: None,
                        field: FieldPath::new(dataset.clone(), field.clone()),
                        about: about.clone(),
                        from: self.party().clone(),
                        from_member: None,
                        to: self.party().clone(),
                        to_member: None,
                        purpose: purpose.clone(),
                        on,
                    };
                    if plan.permits().ask(&ask).is_err() {
                        let what = format!("no permit lets {name} be used today");
                        return Err(Refusal::new("LEG-23", what).into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Each month with what stands of it; none once their key is dead.
    async fn kept_months(&self, id: &HoldingId) -> Result<Option<Vec<(String, String)>>, Trouble> {
        let holding: Holding = self.need(id.as_str()).await?;
        if !holding.is_alive() {
            return Ok(None);
        }
        let all = rows::open_one(&*self.ports.store, &*self.ports.vault, id, MONTHS).await?;
        let all = all.ok_or_else(|| {
            PortFault(format!(
                "the months of {id} are not there: restore the store from a backup"
            ))
        })?;
        let both = |(month, truth): (&str, &str)| (month.to_owned(), truth.to_owned());
        Ok(Some(all.values().map(both).collect()))
    }
}

fn last(all: &[(String, String)], months: u16) -> View {
    let from = all.len().saturating_sub(usize::from(months));
    let each = all.get(from..).unwrap_or_default().to_vec();
    View {
        months,
        shown: each.iter().filter(|(_, truth)| truth == "yes").count(),
        each,
    }
}

/// A keep rule that counts from the making of what is derived (C-25).
fn count(rule: &Keep) -> Option<KeepRule> {
    match &rule.ends {
        Ends::After { from, period } if from.event == agreement::Event::Created => Some(KeepRule {
            event: from.event.to_string(),
            after: Some(*period),
            authority: authority(rule),
        }),
        Ends::After { .. } | Ends::Until(_) | Ends::NeedReviewed { .. } | Ends::Open => None,
    }
}

fn no_rule(name: &str) -> Refusal {
    Refusal::new(
        "RET-01",
        format!("the agreement says not how long {name} is kept from its making"),
    )
}
