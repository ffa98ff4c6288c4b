//! The papers around an exchange: approvals, assessments, texts, signers, contacts, readings and gaps.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Day, OneOrMore, Set, Slot, Written, constructs};
use crate::ids::{ActorId, FlowId, LabelId, PartyId};
use crate::log::Log;
use crate::model::ReadingName;
use crate::stops::Stops;
use crate::words::{AskedIn, Assessed, Impact, Level};
use document::{Node, Value};

constructs! {
    /// The leave that a party's own rules ask for (APP-03).
    Approval = "approval" {
        /// The level at which it is given.
        need level = "level": Level ["APP-03"];
        /// The role that gives it.
        need by = "by": ActorId ["PTY-13"];
        /// The role that leads the project, and asks for it.
        need lead = "lead": ActorId ["PTY-13"];
        /// Is national security involved?
        need national_security = "national-security": bool ["APP-04"];
        /// Is the receiver particularly sensitive, high profile or a risk?
        need sensitive_recipient = "sensitive-recipient": bool ["APP-05"];
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Why flows are proportionate (LEG-20).
    Proportionality = "proportionality" {
        /// The flows.
        need flows = "flows": Set<FlowId>;
        /// The legitimate aim.
        need aim = "aim": Slot<String> ["LEG-20"];
        /// Why it is necessary.
        need necessity = "necessity": Slot<String> ["LEG-20"];
        /// Why it is the least data that answers the need.
        need least_data = "least-data": Slot<String> ["LEG-20"];
        /// The paragraph of the source.
        may cite = "cite": String;
    }

    /// An impact assessment (APP-11).
    Assessment = "impact assessment" {
        /// What kind.
        need kind = "kind": Impact ["APP-11"];
        /// Of which parties.
        need of = "of": Set<PartyId>;
        /// How it stands.
        need is = "is": Assessed ["APP-11"];
        /// The day on which it was done.
        may on = "on": Day;
        /// The reason of the decision.
        need because = "because": Slot<String> ["APP-11"];
        /// Who was consulted.
        may consulted = "consulted": String;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A benefit of the exchange.
    Benefit = "benefit" {
        /// What it is.
        need text = "text": String;
        /// The parties that have it.
        need to = "to": Set<PartyId>;
        /// How it is measured; `not measured` is an answer.
        need measured_by = "measured-by": Slot<String>;
        /// The paragraph of the source.
        may cite = "cite": String;
    }

    /// How information is asked for (AGR-11).
    Requests = "requests" {
        /// In which way.
        need asked_in = "asked-in": AskedIn ["AGR-11"];
        /// The exceptional circumstances in which it is asked for otherwise.
        may exceptions = "exceptions": Set<String>;
        /// How the receiver justifies each request.
        need justified = "justified": Slot<String> ["AGR-11"];
        /// May a party disclose without being asked?
        need unprompted = "unprompted": bool ["AGR-11"];
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Texts that people sign and no machine enforces: they print, and grant nothing.
    Prose = "prose" {
        /// Why there is this agreement.
        need background = "background": Text ["AGR-09"];
        /// The work to be done, its extent, and how and when it is used.
        need scope = "scope": Text ["AGR-10"];
        /// How what was received is controlled and safeguarded, and what happens on failure.
        need security = "security": Text ["AGR-13"];
        /// How and when the parties consult, and tell each other of changes.
        need consultation = "consultation": Text ["AGR-14"];
        /// How usefulness is watched, volumes reported, and audit provided for.
        need performance = "performance": Text ["AGR-15"];
        /// How issues and disputes are resolved.
        need disputes = "disputes": Text ["AGR-08"];
        /// Obligations under the laws on data protection, human rights and freedom of information.
        need rights = "rights": Text ["AGR-03"];
        /// More about procedures.
        may procedures = "procedures": Text;
        /// More about limits of use.
        may limitations = "limitations": Text;
        /// More about money.
        may financial = "financial": Text;
        /// More about storing and destroying.
        may retention = "retention": Text;
        /// Frameworks and standards that the parties follow.
        may frameworks = "frameworks": Text;
        /// What stands nowhere else.
        may other = "other": Text;
    }

    /// A clause of the library in `law/`.
    Clause = "clause" {
        /// Its name.
        need clause = "clause": LabelId;
    }

    /// Who signs for a party, or for one of its units.
    Signer = "signer" {
        /// The role or title.
        need role = "role": String ["PTY-16"];
    }
    annex {
        /// The name of who signed.
        may name = "name": String;
        /// The day on which it was signed; without it, the signature is awaited.
        may date = "date": Day;
    }

    /// Who wrote, approved and reviews the document (AGR-31).
    Control = "control" {
        /// Who wrote it.
        need author = "author": Slot<String> ["AGR-31"];
        /// Who approved it.
        need approver = "approver": Slot<String> ["AGR-31"];
        /// Who controls its review.
        need review = "review": Slot<String> ["AGR-31"];
    }

    /// The contact points of a party; each role is a mailbox or a record.
    Contacts = "contacts" {
        /// For business as usual, with a deputy.
        need business = "business": Slot<Record> ["PTY-03"];
        /// For incidents.
        need incidents = "incidents": Slot<Contact> ["PTY-04"];
        /// For what business as usual cannot resolve.
        need escalation = "escalation": Slot<Contact> ["AGR-22"];
        /// For legal issues.
        may legal = "legal": Slot<Contact>;
        /// For requests under freedom of information.
        may foi = "foi": Slot<Contact>;
        /// For complaints across the parties.
        may complaints = "complaints": Slot<Contact>;
        /// For incidents that business as usual cannot resolve.
        may incidents_escalation = "incidents-escalation": Slot<Contact>;
        /// For legal issues that business as usual cannot resolve.
        may legal_escalation = "legal-escalation": Slot<Contact>;
        /// For freedom of information that business as usual cannot resolve.
        may foi_escalation = "foi-escalation": Slot<Contact>;
        /// For complaints that business as usual cannot resolve.
        may complaints_escalation = "complaints-escalation": Slot<Contact>;
        /// The manager of the agreement.
        may manager = "manager": Slot<Contact>;
        /// For technical failures.
        may technical_failure = "technical-failure": Slot<Contact>;
        /// For changes of the agreement.
        may change_control = "change-control": Slot<Contact>;
    }

    /// A contact with all that PTY-03 asks for.
    Record = "contact" {
        /// The name, or the post.
        need name = "name": String ["PTY-03"];
        /// The job title.
        need job_title = "job-title": String ["PTY-03"];
        /// The team.
        need team = "team": String ["PTY-03"];
        /// The email address.
        need email = "email": String ["PTY-03"];
        /// The telephone number.
        need telephone = "telephone": String ["PTY-03"];
        /// The deputy.
        need deputy = "deputy": Deputy ["PTY-03"];
    }

    /// A deputy.
    Deputy = "deputy" {
        /// The name, or the post.
        need name = "name": String ["PTY-03"];
        /// The email address.
        need email = "email": String ["PTY-03"];
        /// The telephone number.
        need telephone = "telephone": String ["PTY-03"];
    }

    /// A reading: where the source allows two, which one runs.
    Reading = "reading" {
        /// What it takes.
        need takes = "takes": String;
        /// Who owns the question: a party, or `all`.
        need owner = "owner": String;
        /// What it is about, where that part has no `reading` of its own.
        may about = "about": String;
    }

    /// A gap: what is missing, and what that stops.
    Gap = "gap" {
        /// The question.
        need asks = "asks": String;
        /// Who owns it: a party, or `all`.
        need owner = "owner": String;
        /// What it stops.
        need stops = "stops": Stops;
        /// The entry of the register of contradictions.
        may register = "register": String;
    }

    /// A gap that somebody has taken upon themselves for a time (AGR-30).
    Waiver = "waiver" {
        /// The role that did.
        need by = "by": ActorId ["AGR-30"];
        /// The day from which it holds.
        need on = "on": Day ["AGR-30"];
        /// The last day on which it holds.
        need until = "until": Day ["AGR-30"];
        /// Why.
        need why = "why": String ["AGR-30"];
    }
}

/// A text of the prose: own words, a clause of the library, or several of them, or a gap.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(pub(crate) OneOrMore<Paragraph>);

impl Written for Text {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        OneOrMore::read(node, log).map(Self)
    }

    fn schema(book: &mut Book) -> Json {
        OneOrMore::<Paragraph>::schema(book)
    }

    fn words() -> String {
        "a text, `{ clause: name }`, a gap, or a list of them".to_owned()
    }
}

/// One paragraph of a text.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Paragraph {
    Words(Slot<String>),
    Clause(LabelId),
}

impl Written for Paragraph {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(entries) if entries.iter().any(|(k, _)| k.text == "clause") => {
                Clause::read(node, log)?
                    .clause
                    .map(|at| Self::Clause(at.value))
            }
            Value::Map(_) | Value::Text { .. } | Value::List(_) => {
                Slot::read(node, log).map(Self::Words)
            }
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Slot::<String>::schema(book), Clause::schema(book)] })
    }

    fn words() -> String {
        "a text, `{ clause: name }`, or a gap".to_owned()
    }
}

/// A contact: a mailbox, or a record.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Contact {
    Mailbox(String),
    Record(Box<Record>),
}

impl Written for Contact {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Record::read(node, log).map(|r| Self::Record(Box::new(r))),
            Value::Text { .. } | Value::List(_) => String::read(node, log).map(Self::Mailbox),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [String::schema(book), Record::schema(book)] })
    }

    fn words() -> String {
        "a mailbox, or a record".to_owned()
    }
}

/// The mailbox or the record of a contact, in one line, for people.
impl Contact {
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Mailbox(text) => text.clone(),
            Self::Record(record) => record.line(),
        }
    }
}

impl Record {
    /// In one line.
    pub(crate) fn line(&self) -> String {
        let part = |at: &crate::grammar::Part<String>| at.as_ref().map(|at| at.value.clone());
        let deputy = self.deputy.as_ref().map(|d| {
            let all = [
                part(&d.value.name),
                part(&d.value.email),
                part(&d.value.telephone),
            ];
            format!(
                "deputy {}",
                all.into_iter().flatten().collect::<Vec<_>>().join(", ")
            )
        });
        let all = [
            part(&self.name),
            part(&self.job_title),
            part(&self.team),
            part(&self.email),
            part(&self.telephone),
            deputy,
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
