//! Auditing look-ups: who looked whom up in a period, which of them to ask about, and what an auditor makes of each. To
//! read them is an act with its own entry, like a look-up (LOOKUP-04, LOOKUP-05, AUD-06).

use std::collections::HashMap;

use jiff::civil::Date;
use ledger::{EntryId, Fact};

use super::agreements::actor;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Aggregate, Batch, Record};
use crate::deadline::london_day;
use crate::ids::{HoldingId, OperationId, StaffId};
use crate::lookup::triage::{CaseIs, Sight, Triage, Watch, triage};
use crate::lookup::{Audited, Known, LookUp, Period, Queue, Queued, Texts};
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::trouble::Trouble;
use crate::value_use::ValueUse;

/// The longest period that is read at once, in days.
const LONGEST: usize = 366;

impl Node {
    /// The look-ups of a period, of one member of staff or of all, in order of time (LOOKUP-04). An operation gives them
    /// once.
    ///
    /// # Errors
    /// [`Trouble`]: refused to whoever does not audit look-ups (SEC-09).
    pub async fn look_ups(
        &self,
        op: &OperationId,
        period: Period,
        user: Option<&StaffId>,
        who: &Person,
    ) -> Result<(Done, Vec<Audited>), Trouble> {
        let read = self.audited(period, user);
        let of = ("look-ups.read", "LOOKUP-04", "look-ups");
        self.given_once(op, (period, user), of, read, who).await
    }

    /// The uses of received values in a period, by one member of staff or by all, developers too, in order of time
    /// (SEC-16). Reading them stands in the ledger as reading look-ups does.
    ///
    /// # Errors
    /// [`Trouble`]: refused to whoever does not audit look-ups (SEC-09).
    pub async fn value_uses(
        &self,
        op: &OperationId,
        period: Period,
        user: Option<&StaffId>,
        who: &Person,
    ) -> Result<(Done, Vec<ValueUse>), Trouble> {
        let read = async {
            let mut all = Vec::new();
            for day in days(period)? {
                let used = self.under::<ValueUse>(&ValueUse::prefix(day)).await?;
                let theirs = |used: &ValueUse| user.is_none_or(|user| used.user == *user);
                all.extend(used.into_iter().filter(theirs));
            }
            Ok(all)
        };
        let of = ("value-uses.read", "SEC-16", "value-uses");
        self.given_once(op, (period, user), of, read, who).await
    }

    /// Gives what `read` finds to an auditor, with its entry: under this name and rule, with how many of what there were.
    async fn given_once<T>(
        &self,
        op: &OperationId,
        (period, user): (Period, Option<&StaffId>),
        (name, rule, what): (&'static str, &'static str, &'static str),
        read: impl Future<Output = Result<Vec<T>, Trouble>>,
        who: &Person,
    ) -> Result<(Done, Vec<T>), Trouble> {
        let mut given = Vec::new();
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::AuditLookUps)?;
                given = read.await?;
                let record = Record::new(Act::LookUpsRead, &by.actor())
                    .rule(rule)
                    .fact("from", Fact::Date(period.from))
                    .fact("to", Fact::Date(period.to))
                    .count(what, given.len() as u64);
                let record = match user {
                    Some(user) => record.text("user", user.as_str()),
                    None => record,
                };
                self.commit(Batch::new(op.clone(), name).note(record)).await
            })
            .await?;
        // Another process did this operation in between: what it read is not told twice.
        if done.is_empty() {
            given.clear();
        }
        Ok((done, given))
    }

    /// The look-ups of a period that somebody should ask about: at most `most` of those that no work explains, and so many
    /// `samples` drawn of those that work explains. None of them is the auditor's own (AUD-06).
    ///
    /// # Errors
    /// [`Trouble`]: refused to whoever does not audit look-ups (SEC-09).
    pub async fn look_up_queue(
        &self,
        op: &OperationId,
        period: Period,
        (most, samples): (usize, usize),
        who: &Person,
    ) -> Result<(Done, Option<Queue>), Trouble> {
        let mut given = None;
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::AuditLookUps)?;
                let mut bytes = [0; 8];
                self.ports.entropy.fill(op, "sample", &mut bytes);
                let all = self.audited(period, None).await?;
                let read = self.sights(&all).await?;
                let rules = &self.settings.look_ups;
                let watch = Watch::over(rules.watched.clone(), rules.own.clone());
                let sights: Vec<Sight> = read.iter().map(|(_, sight)| sight.clone()).collect();
                let found = triage(&sights, &watch, samples, u64::from_be_bytes(bytes))?;
                let record = Record::new(Act::LookUpsQueued, &by.actor())
                    .rule("AUD-06")
                    .fact("from", Fact::Date(period.from))
                    .fact("to", Fact::Date(period.to))
                    .count("look-ups", all.len() as u64)
                    .count("unexplained", found.queue.len() as u64)
                    .count("alerts", found.alerts.len() as u64)
                    .id("seed", hex::encode(bytes));
                given = Some(queue(found, &read, all.len(), most, who));
                self.commit(Batch::new(op.clone(), "look-ups.queue").note(record))
                    .await
            })
            .await?;
        Ok((done.clone(), given.filter(|_| !done.is_empty())))
    }

    /// An auditor says what they make of somebody else's look-up, and why.
    ///
    /// # Errors
    /// [`Trouble`]: refused to whoever made it (AUD-06), or when it was reviewed before.
    pub async fn review_look_up(
        &self,
        op: &OperationId,
        id: &str,
        concern: bool,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::AuditLookUps)?;
            let found: Option<LookUp> = self.find(id).await?;
            let found = found.ok_or_else(|| {
                Refusal::new("AUD-06", "there is no look-up of this name")
                    .help("`concordat audit queue` names those that are to be reviewed")
            })?;
            let change = found.reviewed(concern, reason, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "look-up.review").and(change)?)
                .await
        })
        .await
    }

    async fn audited(
        &self,
        period: Period,
        user: Option<&StaffId>,
    ) -> Result<Vec<Audited>, Trouble> {
        let mut all = Vec::new();
        for day in days(period)? {
            for look_up in self.under::<LookUp>(&LookUp::prefix(day)).await? {
                if user.is_none_or(|user| look_up.by() == user) {
                    all.push(Audited {
                        id: look_up.key(),
                        at: look_up.at(),
                        user: look_up.by().clone(),
                        role: look_up.role().as_str(),
                        outcome: look_up.outcome(),
                        review: look_up.review().cloned(),
                        texts: self.texts(&look_up).await?,
                    });
                }
            }
        }
        Ok(all)
    }

    /// What was sealed beside the entry of a look-up; none when the evidence of its year is destroyed.
    async fn texts(&self, look_up: &LookUp) -> Result<Option<Texts>, Trouble> {
        let entry = EntryId::new(look_up.op().as_str(), 0)?;
        let holding = HoldingId::parse(format!("evidence-{}", london_day(look_up.at())?.year()))?;
        let item = format!("entry/{entry}");
        let Some(sealed) = self.ports.store.item(&holding, &item).await? else {
            return Ok(None);
        };
        let plain = self.ports.vault.open(&holding, &item, &sealed).await?;
        let texts = serde_json::from_slice(&plain).map_err(|_| {
            PortFault(format!(
                "the texts of {entry} are damaged: restore the store from a backup"
            ))
        })?;
        Ok(Some(Texts(texts)))
    }

    /// The facts of those that can still be read, each with its look-up.
    async fn sights<'a>(&self, all: &'a [Audited]) -> Result<Vec<(&'a Audited, Sight)>, Trouble> {
        let mut subjects = HashMap::new();
        let mut sights = Vec::with_capacity(all.len());
        for look_up in all {
            let Some(texts) = &look_up.texts else {
                continue;
            };
            let person = texts.get("person");
            let subject = match subjects.get(person) {
                Some(subject) => subject,
                None => subjects
                    .entry(person)
                    .or_insert(self.subject(person).await?),
            };
            let known: Known = serde_json::from_str(texts.get("known")).unwrap_or_default();
            let not_theirs = texts
                .get("rules")
                .split(' ')
                .any(|rule| rule == "LOOKUP-06");
            let sight = Sight {
                id: look_up.id.clone(),
                at: look_up.at,
                user: look_up.user.clone(),
                team: format!("{}/{}", texts.get("unit"), texts.get("team")),
                subject: subject.clone(),
                number: number(person),
                case: match known.case_of_person {
                    _ if not_theirs => CaseIs::NotTheirs,
                    Some(true) => CaseIs::OfPerson,
                    Some(false) => CaseIs::OfAnother,
                    None => CaseIs::Unknown,
                },
                flagged: known.flagged,
                referred: known.referred,
                run_on: known.run_on,
                outcome: look_up.outcome,
            };
            sights.push((look_up, sight));
        }
        Ok(sights)
    }
}

/// The days of a period.
fn days(period: Period) -> Result<Vec<Date>, Refusal> {
    let days = period.from.series(jiff::Span::new().days(1));
    let days: Vec<Date> = days
        .take_while(|day| *day <= period.to)
        .take(LONGEST + 1)
        .collect();
    if days.is_empty() || days.len() > LONGEST {
        let what = "a period has from 1 to 366 days, the first of them first";
        return Err(Refusal::new("LOOKUP-04", what).help("ask for a shorter period"));
    }
    Ok(days)
}

/// The number that a reference ends with.
fn number(reference: &str) -> Option<u64> {
    let rest = reference.trim_end_matches(|c: char| c.is_ascii_digit());
    reference.strip_prefix(rest)?.parse().ok()
}

fn queue(
    found: Triage,
    read: &[(&Audited, Sight)],
    all: usize,
    most: usize,
    who: &Person,
) -> Queue {
    let open = |n: &usize| {
        let (look_up, _) = read.get(*n)?;
        let mine = look_up.user == who.staff;
        (!mine && look_up.review.is_none()).then(|| (*look_up).clone())
    };
    let mut queued = Vec::new();
    for n in &found.queue {
        if let (Some(look_up), Some(finding)) = (open(n), found.findings.get(*n)) {
            let odd = finding.indicators.iter().map(|i| i.words());
            let why = std::iter::once("no work explains it").chain(odd);
            queued.push(Queued {
                look_up,
                score: finding.score,
                drawn: false,
                why: why.collect(),
            });
        }
    }
    queued.truncate(most);
    for n in &found.samples {
        if let (Some(look_up), Some(finding)) = (open(n), found.findings.get(*n)) {
            let why = finding.explained.map(|why| why.words());
            queued.push(Queued {
                look_up,
                score: 0,
                drawn: true,
                why: std::iter::once("drawn at random").chain(why).collect(),
            });
        }
    }
    Queue {
        explained: read.len().saturating_sub(found.queue.len()),
        unexplained: found.queue.len(),
        unreadable: all.saturating_sub(read.len()),
        alerts: found.alerts,
        queued,
    }
}
