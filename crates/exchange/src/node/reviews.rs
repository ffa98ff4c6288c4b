//! The reviews that an agreement promises again and again: of the risks to the information and of the measures against them
//! (SEC-10), and whatever its clocks name. A person does them and says so; the next is counted from that day.

use agreement::{Clock, ClockFrom, Plan};
use jiff::civil::Date;

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::deadline::london_day;
use crate::ids::{AgreementId, OperationId};
use crate::pact::Pact;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// The name of the review that every agreement has, as often as it is itself reviewed.
const RISKS: &str = "risks";

/// A review that an agreement promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its name there: `risks`, or `clock-2` for the second clock of the file.
    pub name: String,
    /// What is to be done.
    pub what: String,
    /// When it was done last; none where it never was.
    pub last: Option<Date>,
    /// The day by which it is to be done next.
    pub on: Date,
}

impl Review {
    /// Is its day over, and it was not done?
    pub fn is_overdue(&self, today: Date) -> bool {
        self.on < today
    }
}

impl Node {
    /// The reviews that are promised here, of agreements that are signed and not over, by agreement and in the order of
    /// their files.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn reviews(&self) -> Result<Vec<Review>, Trouble> {
        let today = london_day(self.now())?;
        let mut all = Vec::new();
        for pact in self.all::<Pact>().await? {
            let stage = pact.stage(today);
            if matches!(stage, "awaiting-signature" | "expired" | "terminated") {
                continue;
            }
            let (_, plan) = self.pact(pact.id()).await?;
            all.extend(self.promised(&pact, &plan));
        }
        Ok(all)
    }

    /// A person did a review, and says where what came of it is written.
    ///
    /// # Errors
    /// [`Trouble`]: refused (SEC-10) for a review that the agreement does not promise here, and without a word.
    pub async fn review_done(
        &self,
        op: &OperationId,
        id: &AgreementId,
        name: &str,
        word: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Stand)?.actor();
            let (pact, plan) = self.pact(id).await?;
            let promised = self.promised(&pact, &plan);
            if !promised.iter().any(|review| review.name == name) {
                let names: Vec<&str> = promised.iter().map(|r| r.name.as_str()).collect();
                let what = format!("{id} promises no review {name} here");
                return Err(Refusal::new("SEC-10", what)
                    .help(format!("it promises: {}", names.join(", ")))
                    .into());
            }
            let change = pact.review_done(name, word, london_day(self.now())?, &by)?;
            self.commit(Batch::new(op.clone(), "review.done").and(change)?)
                .await
        })
        .await
    }

    fn promised(&self, pact: &Pact, plan: &Plan) -> Vec<Review> {
        let Some(term) = &plan.term else {
            return Vec::new();
        };
        let risks = (
            RISKS.to_owned(),
            "review the risks to the information and how well the measures work".to_owned(),
            plan.life.review_every,
        );
        let clocks = (1..).zip(&plan.clocks).filter_map(|(n, clock)| {
            let every = clock.every.filter(|_| self.reviews_by(plan, clock))?;
            Some((format!("clock-{n}"), clock.what.clone(), every))
        });
        let review = |(name, what, every): (String, String, agreement::Period)| {
            let last = pact.reviewed(&name);
            Some(Review {
                agreement: pact.id().clone(),
                on: every.after(last.unwrap_or(term.from))?,
                name,
                what,
                last,
            })
        };
        std::iter::once(risks)
            .chain(clocks)
            .filter_map(review)
            .collect()
    }

    /// Does the clock run again and again from the term, and is it this party's, or nobody's alone?
    fn reviews_by(&self, plan: &Plan, clock: &Clock) -> bool {
        let owner = clock.owner.as_str();
        let of_another =
            plan.parties.keys().any(|p| p.as_str() == owner) && owner != self.party().as_str();
        clock.from == ClockFrom::Term && !of_another
    }
}
