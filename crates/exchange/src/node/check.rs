//! Checks at the asking side. The intent is in the ledger and under a checkpoint before a call goes out; what comes back
//! lives for the life of the calculation, and is wiped however that ends (RTC-10, RTC-11). A call never delays or decides
//! an application: whatever fails, an outcome is told and the application goes on (RTC-19).

use agreement::FieldName;
use jiff::civil::Date;
use tracing::Instrument;
use zeroize::Zeroizing;

use super::call::{Known, Way, gateways};
use super::{Done, Node, span};
use crate::authority::Actor;
use crate::change::Batch;
use crate::check::application::{Application, Beginning, Check, Ending};
use crate::check::line::Line;
use crate::check::months::{Month, Period, Periods, table, view};
use crate::check::wire::{self, Breach, Found};
use crate::check::{Caller, Checked, Counts, GUIDANCE, Outcome, Request};
use crate::ids::{AgreementId, OperationId, SubjectId};
use crate::ports::Calling;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// How many bytes an identifier of a call has: nobody guesses it (RTC-05).
const CORRELATION: usize = 16;
/// How often the end of a check is tried where others change the same line meanwhile.
const TRIES: u32 = 5;

/// What a call brought.
struct Calculated {
    outcome: Outcome,
    months: Vec<Month>,
}

/// How a call ended.
enum Ended {
    Calculated(Calculated),
    Failed(Option<Breach>),
}

impl Node {
    /// Makes a check, or tells what came of it where it was made before: a request is answered once.
    ///
    /// No call is made, and that is the outcome, where the applicant's own request lacks what the agreement asks for
    /// (RTC-02, RTC-18). What a caseworker asks for without it is refused (RTC-15, RTC-17).
    ///
    /// # Errors
    /// [`Trouble`]: refused when the agreement is not in force (EXCH-EUSS-09), when another than it names starts the
    /// call, when values are not of its form, or no gateway lets them go.
    pub async fn check(&self, request: &Request, caller: &Caller) -> Result<Checked, Trouble> {
        let op = OperationId::parse(format!("check:{}", request.request))
            .map_err(|bad| Refusal::new("RTC-02", bad.to_string()))?;
        let key = self
            .application_key(&request.agreement, &request.application)
            .await?;
        if let Caller::Staff(person) = caller
            && self.ports.store.done(&op).await?
        {
            // What came of it is told to whoever works on the application, also when it is told again (PTY-12).
            let found: Option<Application> = self.find(key.as_str()).await?;
            if !found.is_some_and(|a| a.works_on(&person.staff)) {
                let moment = op.then(&format!("again:{}", self.now().as_nanosecond()))?;
                let no = async { Err(not_theirs().into()) };
                self.recorded(&moment, &caller.actor(), no).await?;
            }
        }
        if let Some(told) = self.checked_before(&key, &op).await? {
            let again = true;
            return Ok(Checked { again, ..told });
        }
        let verb = async {
            self.checking(&op, &key, request, caller).await?;
            Ok(Vec::new())
        };
        self.recorded(&op, &caller.actor(), verb).await?;
        self.checked_before(&key, &op).await?.ok_or_else(|| {
            Refusal::new(
                "RTC-02",
                "a request of this name was made for another application",
            )
            .help("give each request a name of its own")
            .into()
        })
    }

    /// The key of an application: the keyed hash of its number, so that no number is in a column (law of the house 6).
    pub(super) async fn application_key(
        &self,
        agreement: &AgreementId,
        number: &str,
    ) -> Result<SubjectId, Trouble> {
        let of = Zeroizing::new(format!("application/{agreement}/{number}"));
        Ok(SubjectId::parse(self.ports.vault.lookup_key(&of).await?)?)
    }

    async fn checked_before(
        &self,
        key: &SubjectId,
        op: &OperationId,
    ) -> Result<Option<Checked>, Trouble> {
        let application: Option<Application> = self.find(key.as_str()).await?;
        let check = application.as_ref().and_then(|a| a.check(op));
        let Some(check) = check else { return Ok(None) };
        if check.outcome().is_none() {
            let what = "this check is under way";
            let help =
                "ask again in a while: it ends by itself, at the latest when its time is over";
            return Err(Refusal::new("RTC-11", what).help(help).into());
        }
        Ok(Some(told(check)))
    }

    async fn checking(
        &self,
        op: &OperationId,
        key: &SubjectId,
        request: &Request,
        caller: &Caller,
    ) -> Result<(), Trouble> {
        let now = self.now();
        let on = crate::deadline::london_day(now)?;
        let way = self.way(request, on).await?;
        way.may_start(self.party(), caller)?;
        let applied = request.applied.unwrap_or(on);
        if applied > on {
            return Err(Refusal::new("RTC-02", "the day of the application lies ahead").into());
        }
        let pact = &way.pact;
        let found: Option<Application> = self.find(key.as_str()).await?;
        let application = found
            .unwrap_or_else(|| Application::new(key.clone(), self.party(), pact.id(), pact.hash()));
        let before = may_again(&way, &application, caller)?;
        let mut correlation = Zeroizing::new([0; CORRELATION]);
        self.ports
            .entropy
            .fill(op, "correlation", &mut *correlation);
        let correlation = Zeroizing::new(hex::encode(*correlation));
        let facts = way.facts(self.party(), request, before)?;
        let row = request.details(way.minted()?, &correlation);
        wire::fits(&way.plan, &way.flow, &row, on).map_err(misfit)?;
        let known = Known {
            facts: &facts,
            row: &row,
        };
        let lacking = way.lacking(&known, on);
        let mut beginning = Beginning {
            op,
            flow: &way.flow.id,
            channel: caller.channel(),
            at: now,
            within: jiff::SignedDuration::ZERO,
            gateways: &[],
            number: &request.application,
            reasons: reasons(request),
        };
        let by = caller.actor();
        if !lacking.is_empty() {
            if let Caller::Staff(_) = caller {
                let no = |what: &String| refused(&way, what);
                return Err(lacking.iter().map(no).collect::<Vec<_>>().into());
            }
            let outcome = Outcome::NotAttempted;
            let change = application.without_call(&beginning, outcome, lacking, &by);
            self.commit(Batch::new(op.clone(), "check.not-attempted").and(change)?)
                .await?;
            return Ok(());
        }
        let rest_on = gateways(&way.plan, &way.flow, std::slice::from_ref(&row), &facts, on)?;
        let question = wire::question(pact.hash(), &way.flow.id, &row);
        let question = question.map_err(|breach| misfit((breach, None)))?;
        drop(row);
        let calling = self.approved_calling(&way.flow.route).await?;
        if !self.line(&way).await?.is_open(now) {
            let outcome = Outcome::Unsuccessful;
            let change = application.without_call(&beginning, outcome, Vec::new(), &by);
            self.commit(Batch::new(op.clone(), "check.line-down").and(change)?)
                .await?;
            return Ok(());
        }
        beginning.within = calling.within;
        beginning.gateways = &rest_on;
        let begun = application.begin(&beginning, &by)?;
        self.commit(Batch::new(op.clone(), "check.begin").and(begun)?)
            .await?;
        self.covered(op).await?;
        let answer = calling.supplier.ask(&question, calling.within);
        let answer = answer.instrument(span::call()).await;
        drop(question);
        let late = self.now().duration_since(now) > calling.within;
        let ended = match answer {
            Ok(bytes) if !late => calculate(&way, &bytes, &correlation, applied, on),
            Ok(_) | Err(_) => Ended::Failed(None),
        };
        self.end_check(op, key, &way, calling, ended, &by).await
    }

    /// The line of the route by which a call goes, with whom to tell when it is down (PTY-18).
    async fn line(&self, way: &Way) -> Result<Line, Trouble> {
        let route = &way.flow.route;
        if let Some(line) = self.find::<Line>(route.as_str()).await? {
            return Ok(line);
        }
        let contacts = way.plan.contacts.get(&way.flow.to);
        let contact = contacts.and_then(|c| c.get("technical-failure"));
        let contact = contact.ok_or_else(|| {
            let what = format!("{} names no contact for technical failures", way.pact.id());
            Refusal::new("PTY-18", what).help("the annex of the agreement needs one")
        })?;
        Ok(Line::new(route, &way.flow.to, contact))
    }

    /// Records what came of a check, with its months under the agreement's keep rule.
    async fn end_check(
        &self,
        op: &OperationId,
        key: &SubjectId,
        way: &Way,
        calling: &Calling,
        ended: Ended,
        by: &Actor,
    ) -> Result<(), Trouble> {
        let (outcome, breach, months) = match &ended {
            Ended::Calculated(c) => (c.outcome, None, c.months.as_slice()),
            Ended::Failed(breach) => (Outcome::Unsuccessful, *breach, &[][..]),
        };
        let longest = way.rules.views().iter().max().copied().unwrap_or_default();
        let complete = !months.is_empty() && view(months, longest).iter().all(|m| m.qualifies);
        let mut tried = 0;
        loop {
            tried += 1;
            let application: Application = self.need(key.as_str()).await?;
            let ending = op.then("end")?;
            let mut batch = Batch::new(ending.clone(), "check.end");
            let mut kept = None;
            if outcome == Outcome::WithData {
                let n = application.checks().len();
                let (holding, more) = self
                    .keep_months(&ending, way, (key, n), months, batch)
                    .await?;
                batch = more;
                kept = Some((holding, way.rules.version().to_owned()));
            }
            let ending = Ending {
                outcome: Some(outcome),
                complete,
                breach,
                months: kept,
            };
            let mut change = application.end(op, ending, by)?;
            let worked = outcome != Outcome::Unsuccessful;
            let line = self.line(way).await?.after(worked, calling, self.now());
            if let Some((line, record)) = line {
                change = change.along(&line);
                batch = record.into_iter().fold(batch, Batch::note);
            }
            match self.commit(batch.and(change)?).await {
                // Another check changed the line in between: what it says now counts.
                Err(Trouble::Fault(_)) if tried < TRIES => {}
                Err(trouble) => return Err(trouble),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Ends what is past its time without an outcome, since a process stopped in between: it did not succeed (RTC-11).
    pub(super) async fn give_up_checks(&self) -> Result<Done, Trouble> {
        let mut done = Vec::new();
        for application in self.in_state::<Application>("checking").await? {
            let Some(open) = application.open().filter(|c| c.until() < self.now()) else {
                continue;
            };
            if self.clock_doubt().await?.is_some() {
                break;
            }
            let op = open.op().clone();
            let change = application.end(&op, Ending::default(), &Actor::Node)?;
            let batch = Batch::new(op.then("end")?, "check.give-up").and(change)?;
            done.extend(self.commit(batch).await?);
        }
        Ok(done)
    }

    /// How many checks of an agreement came to what (RPT-10): no application and no person is told apart. Those that are
    /// under way count as `under-way`, answers that departed from the agreement also as `breach`.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn check_counts(&self, agreement: &AgreementId) -> Result<Counts, Trouble> {
        let mut counts = Counts::new();
        for application in self.all::<Application>().await? {
            if application.agreement() != agreement {
                continue;
            }
            for check in application.checks() {
                let outcome = check.outcome().map_or("under-way", Outcome::as_str);
                let breach = check.breach().map(|_| "breach");
                for what in std::iter::once(outcome).chain(breach) {
                    *counts.entry((check.channel(), what)).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }
}

/// May a check be made beside those there were? The outcome before it, of checks about the same people.
fn may_again(
    way: &Way,
    application: &Application,
    caller: &Caller,
) -> Result<Option<&'static str>, Refusal> {
    if application.open().is_some() {
        return Err(Refusal::new(
            "RTC-15",
            "a check of this application is under way",
        ));
    }
    let mut alike = application.checks().iter().rev();
    let before = alike.find(|c| way.is_alike(c.flow()));
    match caller {
        Caller::Applicant if before.is_some() => {
            let what = "the check was made when the application was submitted";
            let help = "a caseworker may have it made again where that helps the applicant";
            Err(Refusal::new("RTC-15", what).help(help))
        }
        // PTY-12: whoever works on it, and nobody else.
        Caller::Staff(person) if !application.works_on(&person.staff) => Err(not_theirs()),
        Caller::Applicant | Caller::Staff(_) => {
            Ok(before.and_then(Check::outcome).map(Outcome::as_str))
        }
    }
}

/// The one answer to whoever does not work on an application, whether it is there or not.
pub(super) fn not_theirs() -> Refusal {
    let what = "this member of staff works on no such application";
    Refusal::new("PTY-12", what).help("whoever assigns the work lets a caseworker in")
}

/// The refusal for one thing that a condition lacks.
fn refused(way: &Way, what: &str) -> Refusal {
    let rule = match what {
        super::call::DECLARED => "RTC-18",
        field if field.contains('.') => "RTC-02",
        _ => way.rule(),
    };
    let said = format!("{} is not as {} asks", what, way.flow.id);
    Refusal::new(rule, said).help("no call was made; the agreement says what must be so")
}

/// Values that do not fit the columns of a call; the field is named, and never its value.
pub(super) fn misfit((breach, field): (Breach, Option<FieldName>)) -> Refusal {
    let what = match field {
        Some(field) => format!("{field}: {}", breach.what()),
        None => breach.what().to_owned(),
    };
    Refusal::new("RTC-02", what).help("the agreement names each field and its form")
}

/// What was stated, with the reasons, to be sealed beside the entry.
fn reasons(request: &Request) -> String {
    let stated = request
        .facts
        .iter()
        .map(|(name, stated)| format!("{name}: {}: {}", stated.value, stated.because.trim()));
    stated.collect::<Vec<_>>().join("; ")
}

/// From the bytes of an answer to months; nothing of them outlives this.
fn calculate(way: &Way, bytes: &[u8], correlation: &str, applied: Date, on: Date) -> Ended {
    let answer = match wire::read_answer(bytes, &way.plan, &way.answer, correlation, on) {
        Ok(answer) => answer,
        Err(breach) => return Ended::Failed(Some(breach)),
    };
    let outcome = match answer.outcome {
        Found::NotFound => Outcome::NotFound,
        Found::Ambiguous => Outcome::Ambiguous,
        Found::Found => Outcome::WithData,
    };
    let nothing = |outcome| {
        Ended::Calculated(Calculated {
            outcome,
            months: Vec::new(),
        })
    };
    if outcome != Outcome::WithData {
        return nothing(outcome);
    }
    let mut sources: Vec<Periods> = Vec::new();
    for dataset in &way.derived.1.out_of {
        let Some(source) = way.rules.source(dataset.as_str()) else {
            continue;
        };
        // Room for all at once: a buffer that grows leaves copies that nobody wipes.
        let mut periods = Periods::new(Vec::with_capacity(wire::MOST_ROWS));
        for get in answer.rows() {
            let Some(period) = source.period(&get) else {
                return Ended::Failed(Some(Breach::UnlistedValue));
            };
            periods.push(period);
        }
        sources.push(periods);
    }
    let sources: Vec<&[Period]> = sources.iter().map(|all| all.as_slice()).collect();
    match table(&way.rules, &sources, applied, on) {
        Ok(months) => Ended::Calculated(Calculated { outcome, months }),
        Err(_) => nothing(Outcome::Ambiguous),
    }
}

fn told(check: &Check) -> Checked {
    Checked {
        outcome: check.outcome().unwrap_or(Outcome::Unsuccessful),
        lacking: check.lacking().to_vec(),
        guidance: check.guidance(),
        guidance_version: GUIDANCE,
        again: false,
        breach: check.breach().is_some(),
    }
}
