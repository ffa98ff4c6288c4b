//! Checks at the asking side. The intent is in the ledger and under a checkpoint before a call goes out; what comes back
//! lives for the life of the calculation, and is wiped however that ends (RTC-10, RTC-11). All suppliers are asked at once,
//! each with a time of its own. A check never delays or decides an application: whatever fails, an outcome is told and the
//! application goes on (RTC-19).

use std::collections::BTreeMap;

use agreement::FieldName;
use futures_util::future::join_all;
use jiff::SignedDuration;
use zeroize::Zeroizing;

use super::call::Way;
use super::legs::{Asking, Leg};
use super::{Done, Node};
use crate::authority::Actor;
use crate::change::{Aggregate as _, Batch, Change};
use crate::check::application::{Application, Beginning, Check, Ending, Whole};
use crate::check::combine::{Combined, Heard, combine};
use crate::check::months::{Month, view};
use crate::check::wire::Breach;
use crate::check::{Caller, Checked, Counts, GUIDANCE, Outcome, Request};
use crate::ids::{AgreementId, OperationId, SubjectId};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// How often the end of a check is tried where others change the same line meanwhile.
const TRIES: u32 = 5;

/// What one supplier came to, once nothing of its answer is left.
struct Came<'a> {
    leg: Leg<'a>,
    own: Outcome,
    breach: Option<Breach>,
    /// Did what it answered go into the months?
    counts: bool,
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
            self.checking(&op, request, caller).await?;
            Ok(Vec::new())
        };
        self.recorded(&op, &caller.actor(), verb).await?;
        self.checked_before(&key, &op).await?.ok_or_else(|| {
            Refusal::new(
                "RTC-02",
                "a request of this name was made for another application or under another agreement",
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
        let Some(check) = check.filter(|c| c.is_asked_here()) else {
            return Ok(None);
        };
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
        request: &Request,
        caller: &Caller,
    ) -> Result<(), Trouble> {
        let now = self.now();
        let on = crate::deadline::london_day(now)?;
        let lead = self.way(request, on).await?;
        lead.may_start(self.party(), caller)?;
        let applied = request.applied.unwrap_or(on);
        if applied > on {
            return Err(Refusal::new("RTC-02", "the day of the application lies ahead").into());
        }
        let ask = Asking {
            op,
            request,
            caller,
            now,
            on,
        };
        let rules = lead.rules.clone();
        let (ready, mut unanswered) = self.legs(lead, &ask).await?;
        let (legs, questions): (Vec<Leg<'_>>, Vec<_>) = ready.into_iter().unzip();
        // They end together: each is under way until the longest of their times is over.
        let longest = legs
            .iter()
            .filter_map(|leg| Some(leg.calling?.within))
            .max();
        if let Some(within) = longest {
            let mut batch = Batch::new(op.clone(), "check.begin");
            for (n, leg) in legs.iter().enumerate() {
                // Whoever else is not called is over with already; whom the request names waits for the others.
                if n == 0 || leg.calling.is_some() {
                    let beginning = beginning(&ask, leg, n, within);
                    batch =
                        batch.and(leg.application.clone().begin(&beginning, &caller.actor())?)?;
                } else {
                    batch = batch.and(not_called(&ask, leg, n, None))?;
                }
            }
            self.commit_covered(batch).await?;
        }
        let asked = legs.iter().zip(questions);
        let asked = asked.map(|(leg, question)| self.heard(leg, question, &ask));
        let heard = join_all(asked).await;
        let Combined { outcome, months } = combine(&rules, &heard, applied, on);
        let mut came = Vec::new();
        for (leg, heard) in legs.into_iter().zip(heard) {
            unanswered.extend(heard.silence().map(|why| leg.silent(why)));
            came.push(Came {
                own: heard.own(outcome),
                breach: heard.breach(),
                counts: matches!(heard, Heard::Found(_) | Heard::NotFound),
                leg,
            });
        }
        unanswered.sort_by(|a, b| a.agreement.cmp(&b.agreement));
        let views = rules.views().iter().max().copied().unwrap_or_default();
        let complete = !months.is_empty() && view(&months, views).iter().all(|m| m.qualifies);
        let whole = Whole {
            outcome,
            complete,
            unanswered,
            months: None,
        };
        if longest.is_some() {
            return self.end_check(&ask, &came, whole, &months).await;
        }
        let mut batch = Batch::new(op.clone(), "check.no-call");
        for (n, one) in came.iter().enumerate() {
            let whole = (n == 0).then(|| whole.clone());
            batch = batch.and(not_called(&ask, &one.leg, n, whole))?;
        }
        self.commit(batch).await?;
        Ok(())
    }

    /// Records what came of a check, with its months under the keep rules of all whose data went into them.
    async fn end_check(
        &self,
        ask: &Asking<'_>,
        came: &[Came<'_>],
        whole: Whole,
        months: &[Month],
    ) -> Result<(), Trouble> {
        let by = ask.caller.actor();
        let mut tried = 0;
        loop {
            tried += 1;
            let ending = ask.op.then("end")?;
            let mut batch = Batch::new(ending.clone(), "check.end");
            for (n, one) in came.iter().enumerate() {
                if n > 0 && one.leg.calling.is_none() {
                    continue;
                }
                let way = &one.leg.way;
                let key = one.leg.application.key();
                let application: Application = self.need(&key).await?;
                let mut whole = (n == 0).then(|| whole.clone());
                if let Some(whole) = whole.as_mut().filter(|w| w.outcome == Outcome::WithData) {
                    let others = came.iter().skip(1).filter(|one| one.counts);
                    let others: Vec<&Way> = others.map(|one| &one.leg.way).collect();
                    let of = (&SubjectId::parse(key.as_str())?, application.checks().len());
                    let (holding, more) = self
                        .keep_months(&ending, (way, &others), of, months, batch)
                        .await?;
                    batch = more;
                    let with = others.iter().map(|way| way.pact.id().clone()).collect();
                    whole.months = Some((holding, way.rules.version().to_owned(), with));
                }
                let ending = Ending {
                    own: Some(one.own),
                    breach: one.breach,
                    whole,
                };
                let mut change = application.end(ask.op, ending, &by)?;
                if let Some(calling) = one.leg.calling {
                    let worked = one.own != Outcome::Unsuccessful;
                    let line = self.line(way).await?.after(worked, calling, self.now());
                    if let Some((line, record)) = line {
                        change = change.along(&line);
                        batch = record.into_iter().fold(batch, Batch::note);
                    }
                }
                batch = batch.and(change)?;
            }
            match self.commit_covered(batch).await {
                // Another check changed a line in between: what it says now counts.
                Err(Trouble::Fault(_)) if tried < TRIES => {}
                Err(trouble) => return Err(trouble),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Ends what is past its time without an outcome, since a process stopped in between: it did not succeed (RTC-11).
    pub(super) async fn give_up_checks(&self) -> Result<Done, Trouble> {
        let mut over: BTreeMap<OperationId, Vec<Application>> = BTreeMap::new();
        for application in self.in_state::<Application>("checking").await? {
            if let Some(open) = application.open().filter(|c| c.until() < self.now()) {
                over.entry(open.op().clone()).or_default().push(application);
            }
        }
        let mut done = Vec::new();
        if over.is_empty() || self.clock_doubt().await?.is_some() {
            return Ok(done);
        }
        for (op, applications) in over {
            let mut batch = Batch::new(op.then("end")?, "check.give-up");
            for application in applications {
                batch = batch.and(application.end(&op, Ending::default(), &Actor::Node)?)?;
            }
            done.extend(self.commit(batch).await?);
        }
        Ok(done)
    }

    /// How many calls of checks under an agreement came to what (RPT-10): no application and no person is told apart. Those that are
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
                let outcome = check.own().map_or("under-way", Outcome::as_str);
                let breach = check.breach().map(|_| "breach");
                for what in std::iter::once(outcome).chain(breach) {
                    *counts.entry((check.channel(), what)).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }
}

/// How a check begins under the agreement of one of its suppliers, the nth.
fn beginning<'a>(
    ask: &'a Asking<'_>,
    leg: &'a Leg<'_>,
    n: usize,
    within: SignedDuration,
) -> Beginning<'a> {
    Beginning {
        op: ask.op,
        flow: &leg.way.flow.id,
        channel: ask.caller.channel(),
        at: ask.now,
        within,
        asked_under: (n > 0).then_some(&ask.request.agreement),
        gateways: &leg.gateways,
        lacking: &leg.lacking,
        number: &ask.request.application,
        reasons: leg.way.reasons(&ask.request.facts),
    }
}

/// No call is made under the agreement of this supplier, the nth.
fn not_called(
    ask: &Asking<'_>,
    leg: &Leg<'_>,
    n: usize,
    whole: Option<Whole>,
) -> Change<Application> {
    let own = match leg.lacking.is_empty() {
        true => Outcome::Unsuccessful,
        false => Outcome::NotAttempted,
    };
    let ending = Ending {
        own: Some(own),
        breach: None,
        whole,
    };
    let beginning = beginning(ask, leg, n, SignedDuration::ZERO);
    let application = leg.application.clone();
    application.without_call(&beginning, ending, &ask.caller.actor())
}

/// The one answer to whoever does not work on an application, whether it is there or not.
pub(super) fn not_theirs() -> Refusal {
    let what = "this member of staff works on no such application";
    Refusal::new("PTY-12", what).help("whoever assigns the work lets a caseworker in")
}

/// Values that do not fit the columns of a call; the field is named, and never its value.
pub(super) fn misfit((breach, field): (Breach, Option<FieldName>)) -> Refusal {
    let what = match field {
        Some(field) => format!("{field}: {}", breach.what()),
        None => breach.what().to_owned(),
    };
    Refusal::new("RTC-02", what).help("the agreement names each field and its form")
}

fn told(check: &Check) -> Checked {
    Checked {
        outcome: check.outcome().unwrap_or(Outcome::Unsuccessful),
        lacking: check.lacking().to_vec(),
        unanswered: check.unanswered().to_vec(),
        guidance: check.guidance(),
        guidance_version: GUIDANCE,
        again: false,
        breach: check.breach().is_some(),
    }
}
