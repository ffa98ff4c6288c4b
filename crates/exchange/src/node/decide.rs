//! Decisions that the agreement names: asked for by a named person in the role that it names, and only after all that
//! it asks for. Nothing here is ever done by a timer (S-01).

use agreement::{After, FieldPath, MatchIs, Plan, Truth};

use super::agreements::actor;
use super::seconding::named;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::decision::{Deciding as Taking, Decision};
use crate::finding::{Finding, Kind, State as FindingState};
use crate::gate::RowFacts;
use crate::ids::{AgreementId, FlowId, OperationId, RunId, SubjectId};
use crate::leg::{Leg, Side, State};
use crate::matches::{Match, Standing, unconfirmed};
use crate::refusal::Refusal;
use crate::trace::Trace;
use crate::trouble::Trouble;

/// Whom a decision is about.
#[derive(Clone, Debug)]
pub enum About {
    /// The person of a row of a file that came in.
    Row(RunId, FlowId, u64),
    /// A person of the pool.
    Pool(SubjectId),
}

impl About {
    /// The key of what a decision under this agreement is about.
    pub fn key(&self, agreement: &AgreementId) -> String {
        match self {
            Self::Row(run, flow, row) => Match::key_of(run, flow, *row),
            Self::Pool(subject) => Trace::key_of(agreement, subject),
        }
    }
}

/// What is decided, and why.
#[derive(Clone, Debug)]
pub struct Deciding {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its name of the decision.
    pub decision: String,
    /// Whom it is about.
    pub about: About,
    /// What it comes to, where the agreement gives a choice.
    pub outcome: Option<String>,
    /// Why.
    pub reason: String,
}

impl Node {
    /// A named person takes a decision that the agreement names (REF-04).
    ///
    /// # Errors
    /// [`Trouble`]: refused, with all reasons together, unless the role is the one that the agreement names and all that
    /// it asks for is there (REF-05, EXCH-HMRC-06).
    pub async fn decide(
        &self,
        op: &OperationId,
        what: &Deciding,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.decided(op, what, None, who).await
    }

    /// As [`Node::decide`], with how the duty was considered that the agreement names (CHILD-02).
    ///
    /// # Errors
    /// As [`Node::decide`].
    pub async fn decide_considering(
        &self,
        op: &OperationId,
        what: &Deciding,
        considered: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.decided(op, what, Some(considered), who).await
    }

    async fn decided(
        &self,
        op: &OperationId,
        what: &Deciding,
        considered: Option<&str>,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Decide)?;
            let (pact, plan) = self.pact(&what.agreement).await?;
            let decision = named(&plan, &what.agreement, &what.decision)?;
            let mut refusals = Vec::new();
            let role = format!("{}.{}", self.party(), who.role.as_str());
            if decision.by.to_string() != role {
                refusals.push(
                    Refusal::new(
                        "REF-04",
                        format!(
                            "{} is {}'s to take, not {role}'s",
                            what.decision, decision.by
                        ),
                    )
                    .help("ask somebody in that role"),
                );
            }
            let choice = what.outcome.as_deref();
            let offered = |o: &str| decision.one_of.iter().any(|l| l.as_str() == o);
            if decision.one_of.is_empty() != choice.is_none() || choice.is_some_and(|o| !offered(o))
            {
                let all: Vec<&str> = decision.one_of.iter().map(|l| l.as_str()).collect();
                refusals.push(
                    Refusal::new("REF-04", "the outcome is not one that the agreement offers")
                        .help(format!("it offers: {}", all.join(", "))),
                );
            }
            let considered = considered.filter(|text| !text.trim().is_empty());
            if let (Some(duty), None) = (&decision.duty, considered) {
                let what = format!("it is not said how {duty} was considered");
                let help = "say how the best interests of the child were considered";
                refusals.push(Refusal::new("CHILD-02", what).help(help));
            }
            if let Some(until) = &decision.off_until {
                let until = until.as_str();
                refusals.extend(self.not_set_up(pact.hash(), &what.decision, until).await?);
            }
            refusals.extend(
                self.missing(&plan, &decision.after, &what.agreement, &what.about)
                    .await?,
            );
            if !refusals.is_empty() {
                return Err(refusals.into());
            }
            let about = what.about.key(&what.agreement);
            let key = Decision::key_of(&what.decision, &about);
            let taking = Taking {
                name: what.decision.clone(),
                about,
                hash: pact.hash(),
                outcome: what.outcome.clone(),
                waits: decision.seconded_by.is_some(),
                tells: decision.tells.iter().map(ToString::to_string).collect(),
            };
            let mut change = match self.find::<Decision>(&key).await? {
                Some(before) => before.take_again(taking, &what.reason, considered, &by)?,
                None => Decision::take(taking, &what.reason, considered, &by)?,
            };
            if let (About::Pool(subject), Some(_)) = (&what.about, &decision.after.again) {
                let key = Trace::key_of(&what.agreement, subject);
                change = change.along(&self.need::<Trace>(&key).await?.closed());
            }
            let mut batch = Batch::new(op.clone(), "decision.take");
            if let (About::Row(run, flow, row), Some((moved, _))) = (&what.about, &decision.moves) {
                let of = (run, flow, *row);
                let (found, with) = self
                    .promote(op, &plan, decision, moved, of, &by, batch)
                    .await?;
                change = change.along(&found);
                batch = with;
            }
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// What the agreement asks for before the decision and is not there.
    pub(super) async fn missing(
        &self,
        plan: &Plan,
        after: &After,
        agreement: &AgreementId,
        about: &About,
    ) -> Result<Vec<Refusal>, Trouble> {
        let mut refusals = Vec::new();
        if let Some(flow) = &after.again {
            let trace = match about {
                About::Pool(subject) => {
                    self.find::<Trace>(&Trace::key_of(agreement, subject))
                        .await?
                }
                About::Row(..) => None,
            };
            if !trace.is_some_and(|t| t.is_exhausted()) {
                refusals.push(
                    Refusal::new(
                        "EXCH-HMRC-06",
                        format!(
                            "{flow} has not asked about this person as often as the agreement says"
                        ),
                    )
                    .help(
                        "after the last time without a hit a person may decide, and never a timer",
                    ),
                );
            }
        }
        let asks_row = after.matched.is_some()
            || after.verified.is_some()
            || after.received.is_some()
            || !after.tests.is_empty();
        let About::Row(run, flow, row) = about else {
            if asks_row || after.holds.is_some() {
                refusals.push(
                    Refusal::new(
                        "REF-04",
                        "this decision is about a row of a file that came in",
                    )
                    .help("name the run, the flow and the row"),
                );
            }
            return Ok(refusals);
        };
        if after.matched == Some(MatchIs::Confirmed) {
            let found: Option<Match> = self.find(&Match::key_of(run, flow, *row)).await?;
            if found.is_none_or(|m| m.standing() != Standing::Confirmed) {
                refusals.push(unconfirmed("the match is not confirmed"));
            }
        }
        if let Some(field) = &after.verified {
            refusals.extend(self.verified(run, flow, *row, field).await?);
        }
        if let Some(by) = &after.received {
            refusals.extend(self.came(run, by, *row).await?);
        }
        if !after.tests.is_empty() || after.holds.is_some() {
            let came_by = after.received.as_ref().unwrap_or(flow);
            let facts = self.row_facts(run, came_by, *row).await?;
            let on = crate::deadline::london_day(self.now())?;
            let holds = |c| plan.holds(c, &facts, on) == Truth::True;
            if !after.holds.as_ref().is_none_or(holds) {
                refusals.push(Refusal::new("REF-04", "the condition does not hold"));
            }
            for (of, test) in &after.tests {
                if plan.conditions.test(of, test, &facts, on) != Truth::True {
                    refusals.push(
                        Refusal::new("REF-05", format!("it is not known that {of} {test}"))
                            .help("ask the sender to confirm again"),
                    );
                }
            }
        }
        Ok(refusals)
    }

    async fn verified(
        &self,
        run: &RunId,
        flow: &FlowId,
        row: u64,
        field: &FieldPath,
    ) -> Result<Option<Refusal>, Trouble> {
        let basis = Match::key_of(run, flow, row);
        let key = Finding::key_of(&basis, Kind::Contact, Some(&field.to_string()));
        let finding: Option<Finding> = self.find(&key).await?;
        let so = finding.is_some_and(|f| f.state() == FindingState::Verified);
        Ok((!so).then(|| {
            Refusal::new(
                "MATCH-08",
                format!("nobody has verified {field} of this row"),
            )
            .help("a contact detail is verified to be up to date before it is used")
        }))
    }

    /// Did the row come by this flow, and was it not recalled since?
    async fn came(&self, run: &RunId, flow: &FlowId, row: u64) -> Result<Option<Refusal>, Trouble> {
        let leg: Option<Leg> = self.find(&Leg::key_of(run, flow)).await?;
        let here = leg.is_some_and(|leg| {
            leg.side() == Side::Receiver
                && matches!(leg.state(), State::Loaded | State::Matched | State::Closed)
                && leg.place_of(row).is_some()
                && !leg.is_recalled(row)
        });
        Ok((!here).then(|| {
            Refusal::new("REF-05", format!("{flow} has not confirmed this row"))
                .help("nothing is decided before the confirmation has come")
        }))
    }

    /// The values of a row that came in, as conditions ask for them.
    async fn row_facts(&self, run: &RunId, flow: &FlowId, row: u64) -> Result<RowFacts, Trouble> {
        let mut facts = RowFacts::new();
        let Some(leg) = self.find::<Leg>(&Leg::key_of(run, flow)).await? else {
            return Ok(facts);
        };
        facts.insert(format!("received:{flow}"), "yes".into());
        let (_, _, plan) = self.flow(leg.agreement(), leg.flow()).await?;
        for (dataset, rows) in self.rows_of(&leg, &plan).await? {
            for (field, value) in rows.get(&row).iter().flat_map(|r| r.values()) {
                facts.insert(format!("{dataset}.{field}"), value.to_owned());
            }
        }
        Ok(facts)
    }
}
