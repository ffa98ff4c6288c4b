//! Answers that are awaited: until when, and which are late (RUN-18). A late one is told and marked; nothing else
//! follows.

use agreement::{ClockFrom, Event, Flow, Plan};
use jiff::Timestamp;
use jiff::civil::Date;

use super::Node;
use crate::deadline::{Deadline, Expiry, day_end, last_day, london_day};
use crate::ids::{FlowId, PartyId, ProjectId, RunId};
use crate::leg::{Leg, Side, State};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::run::Run;
use crate::trouble::Trouble;

/// The calendar that working days are counted by (C-34).
pub(super) const CALENDAR: &str = "england-and-wales";

/// A file that is to come, or to go, in answer to one that its receiver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The run.
    pub run: RunId,
    /// The flow of the question.
    pub question: FlowId,
    /// The flow of the answer.
    pub answer: FlowId,
    /// Until when, and whose it is.
    pub deadline: Deadline,
}

impl Node {
    /// Until when a file of this flow that was received at this moment is to be answered: the earliest of the
    /// agreement's clocks for it. None where there is none, and past the end of the calendar.
    pub(super) fn reply_by(
        &self,
        plan: &Plan,
        flow: &Flow,
        received: Timestamp,
    ) -> Result<Option<Timestamp>, PortFault> {
        let Some(calendar) = self.law.calendar(CALENDAR) else {
            return Ok(None);
        };
        let mut by = None;
        for clock in &plan.clocks {
            let (ClockFrom::Event(when), Some(within)) = (&clock.from, clock.within) else {
                continue;
            };
            let of_this = when.event == Event::Received && when.of.as_str() == flow.id.as_str();
            if of_this && clock.owner == flow.to.as_str() {
                let deadline = Deadline::answer(received, within, calendar, &flow.to)?;
                by = by.into_iter().chain(deadline.map(|d| d.at())).min();
            }
        }
        Ok(by)
    }

    /// The last day for the answer to a run that starts now with this flow: as if the file were received at this moment
    /// where a clock of the agreement runs from its receipt, else the day that a person states (RUN-03).
    pub(super) fn reply_day(
        &self,
        plan: &Plan,
        flow: &Flow,
        stated: Option<Date>,
    ) -> Result<Result<Option<Date>, Refusal>, PortFault> {
        const RULE: &str = "RUN-03";
        let by_clock = self.reply_by(plan, flow, self.now())?;
        let Some(day) = stated else {
            return Ok(Ok(by_clock.map(last_day).transpose()?));
        };
        let answered = plan.flows.values().any(|f| is_answer(f, &flow.id, &f.from));
        let (what, help) = if !answered {
            let what = format!("nothing answers {}, so no day for an answer", flow.id);
            (what, "leave the day out")
        } else if let Some(by) = by_clock {
            let by = last_day(by)?;
            let what = format!(
                "the agreement says until when {} is answered: until {by}, if it were received today",
                flow.id
            );
            (what, "leave the day out: a run states no other")
        } else if day < london_day(self.now())? {
            let what = format!("{day}, the last day for the answer, is over");
            (what, "name a day to come")
        } else {
            return Ok(Ok(Some(day)));
        };
        Ok(Err(Refusal::new(RULE, what).help(help)))
    }

    /// What a run says with the file of one of its flows that goes now: its project, and the last day for the answer.
    pub(super) async fn stated(
        &self,
        plan: &Plan,
        flow: &Flow,
        run: &RunId,
    ) -> Result<(Option<ProjectId>, Option<Date>), Trouble> {
        let started: Option<Run> = self.find(run.as_str()).await?;
        let project = match &started {
            Some(run) => run.project().cloned(),
            None => {
                let legs: Vec<Leg> = self.under(&format!("{run}/")).await?;
                legs.iter().find_map(|leg| leg.project().cloned())
            }
        };
        let day = match self.reply_by(plan, flow, self.now())? {
            Some(by) => Some(last_day(by)?),
            None => of_question(started.as_ref(), flow),
        };
        Ok((project, day))
    }

    /// Until when a file that was sent is to be answered, from the moment at which its receiver had it: by a clock of the
    /// agreement, else by what its run states.
    pub(super) async fn answer_by(
        &self,
        plan: &Plan,
        flow: &Flow,
        run: &RunId,
        received: Timestamp,
    ) -> Result<Option<Timestamp>, Trouble> {
        if let Some(by) = self.reply_by(plan, flow, received)? {
            return Ok(Some(by));
        }
        let started: Option<Run> = self.find(run.as_str()).await?;
        Ok(of_question(started.as_ref(), flow)
            .map(day_end)
            .transpose()?)
    }

    /// Does an answer of this flow that comes now come late?
    pub(super) async fn is_late(&self, run: &RunId, flow: &Flow) -> Result<bool, Trouble> {
        for question in flow.answers.iter().flat_map(|a| &a.flows) {
            let leg = self.find::<Leg>(&Leg::key_of(run, question)).await?;
            let by = leg.and_then(|leg| leg.reply_by());
            if by.is_some_and(|by| self.now() >= by) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every answer that is awaited here, or owed from here, in order of run and question.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn awaited(&self) -> Result<Vec<Awaited>, Trouble> {
        let mut all = Vec::new();
        for leg in self.all::<Leg>().await? {
            let Some(by) = leg.reply_by().filter(|_| leg.state() != State::Closed) else {
                continue;
            };
            let (_, plan) = self.pact(leg.agreement()).await?;
            let owner = match leg.side() {
                Side::Sender => leg.peer(),
                Side::Receiver => self.party(),
            };
            for flow in plan.flows.values() {
                if is_answer(flow, leg.flow(), owner) && !self.is_there(&leg, flow).await? {
                    all.push(Awaited {
                        run: leg.run().clone(),
                        question: leg.flow().clone(),
                        answer: flow.id.clone(),
                        deadline: Deadline::at_instant(by, "answer", owner, Expiry::Tell),
                    });
                }
            }
        }
        Ok(all)
    }

    /// Has the answer come, or gone? One that was refused is awaited still.
    async fn is_there(&self, question: &Leg, flow: &Flow) -> Result<bool, Trouble> {
        let key = Leg::key_of(question.run(), &flow.id);
        let answer = self.find::<Leg>(&key).await?;
        Ok(answer.is_some_and(|leg| match leg.side() {
            Side::Sender => leg.sent_at().is_some() && leg.state() != State::RefusedThere,
            Side::Receiver => leg.state() != State::Rejected,
        }))
    }
}

/// The last day that a run states for the answer to this flow.
fn of_question(run: Option<&Run>, flow: &Flow) -> Option<Date> {
    run.filter(|run| *run.flow() == flow.id)?.reply_by()
}

fn is_answer(flow: &Flow, question: &FlowId, owner: &PartyId) -> bool {
    let answers = flow.answers.as_ref();
    flow.part_of.is_none()
        && flow.from == *owner
        && answers.is_some_and(|a| a.flows.contains(question))
}
