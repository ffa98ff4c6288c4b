//! Announcements between the two ends of a file (LEG-24, LEG-25): raised and told where it was received, looked at where it
//! came from.

use agreement::{Period, Unit};
use jiff::Timestamp;

use super::agreements::actor;
use super::replies::CALENDAR;
use super::{Done, Node};
use crate::announcement::{Announcement, Said, State};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::deadline::Deadline;
use crate::ids::{FlowId, OperationId, RunId};
use crate::leg::Leg;
use crate::message::{Head, Kind};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// As soon as possible afterwards: by the end of the next working day.
const AFTERWARDS: Period = Period {
    count: 1,
    unit: Unit::WorkingDays,
};

impl Node {
    /// A person says that what came with a file is to be used, or was, for another purpose, or disclosed to a third party.
    /// Telling the sender is a task from now on, and the run does not end before it is done.
    ///
    /// # Errors
    /// [`Trouble`]: refused (RUN-04) for a file that was not received and loaded here.
    pub async fn announce(
        &self,
        op: &OperationId,
        (run, flow): (&RunId, &FlowId),
        said: Said,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Announce)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            Kind::Announcement.sent_from(&leg)?;
            let before: Vec<Announcement> = self.under(&format!("{run}/{flow}/")).await?;
            let number = before.iter().map(Announcement::number).max().unwrap_or(0) + 1;
            let due = match said.done_at {
                Some(at) => self.afterwards(at, &leg)?,
                None => None,
            };
            let change = Announcement::raise(&leg, number, said, (due, self.now()), &by)?;
            self.commit(Batch::new(op.clone(), "announcement.raise").and(change)?)
                .await
        })
        .await
    }

    fn afterwards(&self, done: Timestamp, leg: &Leg) -> Result<Option<Timestamp>, Trouble> {
        let Some(calendar) = self.law.calendar(CALENDAR) else {
            return Ok(None);
        };
        let by = Deadline::answer(done, AFTERWARDS, calendar, leg.peer())?;
        Ok(by.map(|deadline| deadline.at()))
    }

    /// Tells the sender of the file, by a letter; where it has no node, a person has told it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn tell_announcement(
        &self,
        op: &OperationId,
        (run, flow, number): (&RunId, &FlowId, u32),
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Announce)?;
            let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
            let key = Announcement::key_of(run, flow, number);
            let announcement: Announcement = self.need(&key).await?;
            let said = announcement.said().clone();
            let head = Head::Announcement { number, said };
            let change = announcement.tell(&by)?;
            let batch = Batch::new(op.clone(), "announcement.tell").and(change)?;
            let batch = self
                .letter(&leg, Kind::Announcement, number, head, batch)
                .await?;
            self.commit(batch).await
        })
        .await
    }

    /// A person at the sender looked at it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn look_at_announcement(
        &self,
        op: &OperationId,
        (run, flow, number): (&RunId, &FlowId, u32),
        word: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Announce)?;
            let key = Announcement::key_of(run, flow, number);
            let announcement: Announcement = self.need(&key).await?;
            let change = announcement.looked_at(word, &by)?;
            self.commit(Batch::new(op.clone(), "announcement.look").and(change)?)
                .await
        })
        .await
    }

    /// One came in.
    pub(super) async fn take_announcement(
        &self,
        leg: &Leg,
        number: u32,
        said: Said,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let key = Announcement::key_of(leg.run(), leg.flow(), number);
        if self.find::<Announcement>(&key).await?.is_some() {
            let what = format!("an announcement {key} came before");
            return Err(Refusal::new("RUN-17", what).into());
        }
        let change = Announcement::arrived(leg, number, said)?;
        self.commit(batch.and(change)?).await
    }

    /// What holds the end of a run off: announcements that its senders were not told of.
    pub(super) async fn untold(&self, run: &RunId) -> Result<Vec<Refusal>, Trouble> {
        let all: Vec<Announcement> = self.under(&format!("{run}/")).await?;
        let open = all.iter().filter(|a| a.state() == State::ToTell);
        let refusal = |a: &Announcement| {
            let (flow, number) = (a.flow(), a.number());
            let what = format!(
                "{} is not told of the announcement {number} about {flow} of {run}",
                a.peer()
            );
            Refusal::new(a.said().matter.rule(), what)
                .help(format!("`concordat announce tell {run} {flow} {number}`"))
        };
        Ok(open.map(refusal).collect())
    }
}
