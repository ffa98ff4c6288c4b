//! The suppliers of one check: whom the request names, and each whose data goes into the same months by its own agreement,
//! where both agreements say so (C-33). What one agreement permits is never widened by another: each call sends what its own
//! names, by its own gateways, under its own condition and history. Whoever cannot be asked is said and asked nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Instrument;
use zeroize::Zeroizing;

use super::call::{DECLARED, Known, Way, gateways};
use super::check::{misfit, not_theirs};
use super::{Node, span};
use crate::check::application::{Application, Check};
use crate::check::combine::Heard;
use crate::check::line::Line;
use crate::check::months::Periods;
use crate::check::wire::{self, Breach, Found};
use crate::check::{Caller, Outcome, Request, Silence, Unanswered};
use crate::ids::{AgreementId, OperationId};
use crate::pact::Pact;
use crate::ports::Calling;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// How many bytes an identifier of a call has: nobody guesses it (RTC-05).
const CORRELATION: usize = 16;

/// What is asked, by whom and when.
pub(super) struct Asking<'a> {
    pub(super) op: &'a OperationId,
    pub(super) request: &'a Request,
    pub(super) caller: &'a Caller,
    pub(super) now: Timestamp,
    pub(super) on: Date,
}

/// One supplier of a check, with what is to be done at it. No value is in it.
pub(super) struct Leg<'a> {
    pub(super) way: Way,
    /// The application under its agreement, as it stood before.
    pub(super) application: Application,
    /// How it is called. None: it is not.
    pub(super) calling: Option<&'a Calling>,
    /// The gateways that the call rests on.
    pub(super) gateways: Vec<String>,
    /// What keeps a call from being made; where nothing does and there is none, its line is down (RTC-19).
    pub(super) lacking: Vec<String>,
}

/// What goes out, and the identifier by which its answer is known.
pub(super) struct Question {
    bytes: Zeroizing<Vec<u8>>,
    correlation: Zeroizing<String>,
}

/// A supplier with the question that is ready for it, where a call goes out.
pub(super) type Ready<'a> = (Leg<'a>, Option<Question>);

impl Leg<'_> {
    /// That nothing is known of its months, and why.
    pub(super) fn silent(&self, why: Silence) -> Unanswered {
        silent(&self.way, why)
    }
}

fn silent(way: &Way, why: Silence) -> Unanswered {
    Unanswered {
        agreement: way.pact.id().clone(),
        supplier: Some(way.flow.to.clone()),
        why,
    }
}

impl Node {
    /// Whom the request names, and the others that can be asked beside it, each with what is to be done; and those that
    /// cannot.
    ///
    /// # Errors
    /// A refusal by a rule of the agreement that the request names, or of a value or fact that none of them has. What keeps
    /// another supplier from being asked is no refusal.
    pub(super) async fn legs<'a>(
        &'a self,
        lead: Way,
        ask: &Asking<'_>,
    ) -> Result<(Vec<Ready<'a>>, Vec<Unanswered>), Trouble> {
        let application = self.application(&lead, ask.request).await?;
        if let Caller::Staff(person) = ask.caller
            && !application.works_on(&person.staff)
        {
            // PTY-12: whoever works on it, and nobody else.
            return Err(not_theirs().into());
        }
        let (others, paused, mut unanswered) = self.others(&lead, ask).await?;
        let all: Vec<&Way> = std::iter::once(&lead)
            .chain(&others)
            .chain(&paused)
            .collect();
        known_to_one(&all, ask.request)?;
        let mut routes = BTreeSet::from([lead.flow.route.clone()]);
        let first = self.ready(lead, application, ask).await?;
        if is_staff(ask.caller) && !first.0.lacking.is_empty() {
            let no = |what: &String| lacks(&first.0.way, what);
            return Err(first.0.lacking.iter().map(no).collect::<Vec<_>>().into());
        }
        let mut legs = vec![first];
        for way in others {
            // A route leads to one supplier.
            let configured = unless_refused(self.approved_calling(&way.flow.route).await)?;
            if configured.is_none() || !routes.insert(way.flow.route.clone()) {
                unanswered.push(silent(&way, Silence::NotConfigured));
                continue;
            }
            let not_asked = silent(&way, Silence::NotAttempted);
            let application = self.application(&way, ask.request).await?;
            match unless_refused(self.ready(way, application, ask).await)? {
                None => unanswered.push(not_asked),
                // What a caseworker asks for without its condition stands in no history, as where it is refused.
                Some((leg, _)) if is_staff(ask.caller) && !leg.lacking.is_empty() => {
                    unanswered.push(not_asked);
                }
                Some(ready) => legs.push(ready),
            }
        }
        Ok((legs, unanswered))
    }

    /// The suppliers beside the one that is asked for: those that can be asked, those whose agreement is not in force, and
    /// whoever cannot be asked, with why.
    async fn others(
        &self,
        lead: &Way,
        ask: &Asking<'_>,
    ) -> Result<(Vec<Way>, Vec<Way>, Vec<Unanswered>), Trouble> {
        let named = lead.derived.1.out_of_others.iter();
        let named: BTreeSet<&AgreementId> = named.map(|(agreement, _, _)| agreement).collect();
        let (mut ways, mut paused, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
        if named.is_empty() {
            return Ok((ways, paused, unanswered));
        }
        let pacts = self.pacts().await?;
        for agreement in named {
            let nameless = |why| Unanswered {
                agreement: agreement.clone(),
                supplier: None,
                why,
            };
            if ask.request.closed.contains(agreement) {
                unanswered.push(nameless(Silence::NotPermitted));
                continue;
            }
            let found = pacts.get(agreement);
            // One that the law of this program says otherwise of than was signed is in force no more than one that is not
            // there; it stops nobody else.
            let found = found.and_then(|pact| Some((self.plan_of(pact).ok()?, pact)));
            let Some((plan, pact)) = found else {
                unanswered.push(nameless(Silence::NotInForce));
                continue;
            };
            let way = self
                .way_under(Pact::clone(pact), plan, &ask.request.flow)
                .ok();
            let starts = |way: &Way| way.may_start(self.party(), ask.caller).is_ok();
            match way.filter(|way| lead.agrees_with(way) && starts(way)) {
                None => unanswered.push(nameless(Silence::NotAgreed)),
                Some(way) if way.pact.in_force(ask.on).is_err() => {
                    unanswered.push(silent(&way, Silence::NotInForce));
                    paused.push(way);
                }
                Some(way) => ways.push(way),
            }
        }
        Ok((ways, paused, unanswered))
    }

    /// The application under the agreement of this call.
    async fn application(&self, way: &Way, request: &Request) -> Result<Application, Trouble> {
        let pact = &way.pact;
        let key = self
            .application_key(pact.id(), &request.application)
            .await?;
        let found: Option<Application> = self.find(key.as_str()).await?;
        Ok(found.unwrap_or_else(|| Application::new(key, self.party(), pact.id(), pact.hash())))
    }

    /// What is to be done at one supplier.
    ///
    /// # Errors
    /// A refusal before anything goes out: of a call that may not be made again, of a value or a fact that is not of its form.
    async fn ready<'a>(
        &'a self,
        way: Way,
        application: Application,
        ask: &Asking<'_>,
    ) -> Result<Ready<'a>, Trouble> {
        let before = may_again(&way, &application, ask.caller)?;
        let mut bytes = Zeroizing::new([0; CORRELATION]);
        let label = format!("correlation/{}", way.pact.id());
        self.ports.entropy.fill(ask.op, &label, &mut *bytes);
        let correlation = Zeroizing::new(hex::encode(*bytes));
        let facts = way.facts(ask.request, before)?;
        let row = way.row(ask.request, &correlation)?;
        wire::fits(&way.plan, &way.flow, &row, ask.on).map_err(misfit)?;
        let known = Known {
            facts: &facts,
            row: &row,
        };
        let mut leg = Leg {
            lacking: way.lacking(&known, ask.on),
            way,
            application,
            calling: None,
            gateways: Vec::new(),
        };
        if !leg.lacking.is_empty() {
            return Ok((leg, None));
        }
        let way = &leg.way;
        let rows = std::slice::from_ref(&row);
        let rest_on = gateways(&way.plan, &way.flow, rows, &facts, ask.on)?;
        let bytes = wire::question(way.pact.hash(), &way.flow.id, &row);
        let bytes = bytes.map_err(|breach| misfit((breach, None)))?;
        let calling = self.approved_calling(&way.flow.route).await?;
        if !self.line(way).await?.is_open(ask.now) {
            return Ok((leg, None));
        }
        leg.calling = Some(calling);
        leg.gateways = rest_on;
        Ok((leg, Some(Question { bytes, correlation })))
    }

    /// The line of the route by which a call goes, with whom to tell when it is down (PTY-18).
    pub(super) async fn line(&self, way: &Way) -> Result<Line, Trouble> {
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

    /// Asks one supplier and reads what it answers; of both messages nothing outlives this but periods.
    pub(super) async fn heard(
        &self,
        leg: &Leg<'_>,
        question: Option<Question>,
        ask: &Asking<'_>,
    ) -> Heard {
        let (Some(question), Some(calling)) = (question, leg.calling) else {
            return match leg.lacking.is_empty() {
                true => Heard::Failed(None),
                false => Heard::NotAsked,
            };
        };
        let answer = calling.supplier.ask(&question.bytes, calling.within);
        let answer = answer.instrument(span::call()).await;
        drop(question.bytes);
        let late = self.now().duration_since(ask.now) > calling.within;
        match answer {
            Ok(bytes) if !late => read(&leg.way, &bytes, &question.correlation, ask.on),
            Ok(_) | Err(_) => Heard::Failed(None),
        }
    }
}

/// Each value and each fact that is given is one that an agreement of these names.
fn known_to_one(ways: &[&Way], request: &Request) -> Result<(), Trouble> {
    let sent = |name: &String| ways.iter().any(|way| way.sends(name));
    if !request.details.keys().all(sent) {
        return Err(misfit((Breach::UnlistedField, None)).into());
    }
    let stated = |name: &String| {
        let mut ways = ways.iter();
        ways.any(|way| way.stateable(name).is_some())
    };
    match (ways.first(), request.facts.keys().all(stated)) {
        (Some(lead), false) => {
            let what = "a fact is stated that the agreement lets nobody state here";
            Err(Refusal::new(lead.rule(), what).into())
        }
        _ => Ok(()),
    }
}

/// What another supplier's rules did not refuse; a fault stays one.
fn unless_refused<T>(result: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Trouble::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn is_staff(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff(_))
}

/// The refusal for one thing that a condition lacks.
fn lacks(way: &Way, what: &str) -> Refusal {
    let rule = match what {
        DECLARED => "RTC-18",
        field if field.contains('.') => "RTC-02",
        _ => way.rule(),
    };
    let said = format!("{} is not as {} asks", what, way.flow.id);
    Refusal::new(rule, said).help("no call was made; the agreement says what must be so")
}

/// May a call be made beside those there were? The outcome of the call before it, of those about the same people.
fn may_again(
    way: &Way,
    application: &Application,
    caller: &Caller,
) -> Result<Option<&'static str>, Refusal> {
    if application.open().is_some() {
        let what = "a check of this application is under way";
        return Err(Refusal::new("RTC-15", what));
    }
    let mut alike = application.checks().iter().rev();
    let before = alike.find(|c| way.is_alike(c.flow()));
    match (caller, before) {
        (Caller::Applicant, Some(_)) => {
            let what = "the check was made when the application was submitted";
            let help = "a caseworker may have it made again where that helps the applicant";
            Err(Refusal::new("RTC-15", what).help(help))
        }
        (Caller::Applicant | Caller::Staff(_), before) => {
            Ok(before.and_then(Check::own).map(Outcome::as_str))
        }
    }
}

/// From the bytes of an answer to periods.
fn read(way: &Way, bytes: &[u8], correlation: &str, on: Date) -> Heard {
    let answer = match wire::read_answer(bytes, &way.plan, &way.answer, correlation, on) {
        Ok(answer) => answer,
        Err(breach) => return Heard::Failed(Some(breach)),
    };
    match answer.outcome {
        Found::NotFound => return Heard::NotFound,
        Found::Ambiguous => return Heard::Ambiguous,
        Found::Found => {}
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
                return Heard::Failed(Some(Breach::UnlistedValue));
            };
            periods.push(period);
        }
        sources.push(periods);
    }
    Heard::Found(sources)
}
