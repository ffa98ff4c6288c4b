//! Answering calls of another party out of this party's own records (EXCH-EUSS-06, EXCH-EUSS-08). Nothing of a question or
//! an answer is retained: what stays is that a call was answered, by which gateway and with which outcome (C-49), and the
//! keyed hash of its identifier, so that none is answered twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use agreement::{Flow, Form, Minted, Plan};
use jiff::civil::Date;
use ledger::Fact;
use zeroize::Zeroizing;

use super::Node;
use super::call::{RECORD, gateways};
use super::check::misfit;
use crate::act::Act;
use crate::authority::Actor;
use crate::change::{Batch, Record};
use crate::check;
use crate::check::wire::{self, Found};
use crate::ids::{OperationId, PartyId};
use crate::pact::Pact;
use crate::refusal::Refusal;
use crate::rows::Row;
use crate::trouble::Trouble;

/// A question that came from a party, as its agreement reads it.
pub struct Asked {
    from: PartyId,
    read: Result<Read, Trouble>,
}

/// A question that may be answered.
struct Read {
    pact: Arc<Pact>,
    plan: Arc<Plan>,
    asked: Flow,
    answers: Flow,
    details: Row,
    on: Date,
}

impl Asked {
    /// Whom it is about, as [`check::subject`] has it. None where it is refused before anybody is looked for.
    pub fn subject(&self) -> Option<Zeroizing<String>> {
        let read = self.read.as_ref().ok()?;
        check::subject(&read.asked, &|field| read.details.get(field))
    }
}

impl Node {
    /// Reads the question of a call that came from this party, which the caller has proven. No record is looked for yet.
    pub async fn call_asked(&self, question: &[u8], from: &PartyId) -> Asked {
        Asked {
            from: from.clone(),
            read: self.read_call(question, from).await,
        }
    }

    /// Answers the question of a call. The entry has its place in the ledger before the answer is given out.
    ///
    /// # Errors
    /// [`Trouble`]: refused when the question is not as the agreement says, when no agreement in force lets it be
    /// answered, or when its identifier was used before (RTC-05); a fault when the records do not answer.
    pub async fn answer_call(&self, asked: Asked) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let Asked { from, read } = asked;
        let mut nonce = [0; 8];
        // A refusal is recorded under the moment of the call: what came names nothing that could be trusted.
        let moment = OperationId::parse(format!("call:{}", self.now().as_nanosecond()))?;
        self.ports.entropy.fill(&moment, "call", &mut nonce);
        let moment = moment.then(&hex::encode(nonce))?;
        let answer = match read {
            Ok(read) => self.answering(read, &from).await,
            Err(trouble) => Err(trouble),
        };
        if let Err(Trouble::Refused(refusals)) = &answer {
            let by = Actor::Partner(from);
            self.record_refusals(&moment, &by, refusals).await?;
        }
        answer
    }

    async fn read_call(&self, question: &[u8], from: &PartyId) -> Result<Read, Trouble> {
        let on = crate::deadline::london_day(self.now())?;
        let question = wire::read_question(question).map_err(|breach| misfit((breach, None)))?;
        let pacts = self.pacts().await?;
        let pact = pacts.values().find(|p| p.hash() == question.agreement);
        let pact = pact.ok_or_else(|| {
            Refusal::new(
                "AGR-01",
                "the call is under an agreement that does not stand here",
            )
            .help("compare the hashes that `concordat check` prints on both sides")
        })?;
        pact.in_force(on)?;
        let plan = self.plan_of(pact)?;
        let call = |f: &&Flow| f.form == Some(Form::Call);
        let asked = plan.flow(&question.flow).filter(call);
        let asked = asked.filter(|f| f.from == *from && f.to == *self.party());
        let answers = |f: &&Flow| f.rests_on().contains(&question.flow) && f.from == *self.party();
        let answers = plan.flows.values().find(answers).filter(call);
        let (Some(asked), Some(answers)) = (asked, answers) else {
            let what = format!("{} has no such call from {from}", pact.id());
            return Err(Refusal::new("LEG-01", what).into());
        };
        wire::fits(&plan, asked, &question.details, on).map_err(misfit)?;
        Ok(Read {
            asked: asked.clone(),
            answers: answers.clone(),
            details: question.details,
            pact: pact.clone(),
            plan,
            on,
        })
    }

    async fn answering(&self, read: Read, from: &PartyId) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let Read {
            pact,
            plan,
            asked,
            answers,
            details,
            on,
        } = read;
        let mut minted = asked.columns.iter();
        let minted = minted.find(|c| c.minted == Some(Minted::PerCall));
        let minted = minted.map_or("", |c| c.field.field.as_str());
        let correlation = Zeroizing::new(details.get(minted).to_owned());
        let named = Zeroizing::new(format!("call/{}", *correlation));
        let once = self.ports.vault.lookup_key(&named).await?;
        let op = OperationId::parse(format!("answer:{once}"))?;
        if self.ports.store.done(&op).await? {
            return Err(used().into());
        }
        let records = self.ports.calls.records.as_ref().ok_or_else(|| {
            Refusal::new(
                "RUN-06",
                format!("{} has no records to answer from here", self.party()),
            )
            .help("set `calls.records` in node.toml")
        })?;
        let mut records = records.about(&details).await?;
        drop(details);
        let (outcome, rows) = match (records.pop(), records.is_empty()) {
            (None, _) => (Found::NotFound, Vec::new()),
            (Some(_), false) => (Found::Ambiguous, Vec::new()),
            (Some(record), true) => leaving(&plan, &answers, &record, &correlation, on),
        };
        let outcome = match (outcome, rows.is_empty()) {
            (Found::Found, true) => Found::NotFound,
            (outcome, _) => outcome,
        };
        let facts = BTreeMap::from([(RECORD.to_owned(), "yes".to_owned())]);
        let rest_on = gateways(&plan, &answers, &rows, &facts, on)?;
        let mut record = Record::new(Act::CallAnswered, &Actor::Partner(from.clone()))
            .under(pact.hash())
            .id("flow", &answers.id)
            .id("party", from)
            .fact("outcome", Fact::Code(ledger::Code::of(outcome.as_str())));
        if !rest_on.is_empty() {
            record = record.id("gateway", rest_on.join("/"));
        }
        let bytes = wire::answer(&correlation, outcome, &rows)
            .map_err(|_| Refusal::new("RTC-03", "there are more rows than an answer may have"))?;
        let done = self
            .commit_covered(Batch::new(op, "call.answer").note(record))
            .await?;
        if done.is_empty() {
            return Err(used().into());
        }
        Ok(bytes)
    }
}

/// The rows of a record that may leave: built of the flow's columns and of nothing else, those in its window, of the forms
/// that it lists.
fn leaving(
    plan: &Plan,
    flow: &Flow,
    record: &[Row],
    correlation: &str,
    on: Date,
) -> (Found, Vec<Row>) {
    let pairs = flow.answers.iter().flat_map(|a| &a.pairs_on);
    let pairs: Vec<&str> = pairs.map(|name| name.as_str()).collect();
    let built = record.iter().map(|held| {
        let mut row = Row::default();
        for column in &flow.columns {
            let name = column.field.field.as_str();
            let value = if pairs.contains(&name) {
                correlation
            } else {
                held.get(name)
            };
            row.set(name, value);
        }
        row
    });
    let may = |row: &Row| {
        wire::in_window(flow, &|name: &str| row.get(name), on)
            && wire::fits(plan, flow, row, on).is_ok()
    };
    (Found::Found, built.filter(may).collect())
}

fn used() -> Refusal {
    Refusal::new("RTC-05", "the identifier of this call was used before")
        .help("each call has one of its own")
}
