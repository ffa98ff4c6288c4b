//! The parties, the kinds of person, who belongs together, the purposes and the routes.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Day, Named, Seq, Set, Slot, Together, Written, Yes, constructs};
use crate::ids::{
    BodyId, InstrumentId, LegalPurpose, PartyId, PersonKind, PurposeId, RegisterId, RouteId,
    SystemId, UnitId,
};
use crate::log::Log;
use crate::model::ReadingName;
use crate::words::{Clearance, Control as Standing, Does, RouteKind, RouteState};
use document::{Node, Value};

constructs! {
    /// A party: a body, one of its units, and what it may read.
    Party = "party" {
        /// The body of the law catalogue, or each body of one of its registers.
        need body = "body": Body;
        /// Its own name, where the body of the catalogue stands for any of its kind: a council, a trust.
        may named = "named": String;
        /// The command or team.
        need unit = "unit": String ["PTY-01"];
        /// Is it a controller, or does it act for one?
        need is = "is": Standing;
        /// The controller for whom a processor acts.
        may acts_for = "for": PartyId;
        /// The contract that binds a processor to its controller.
        may contract = "contract": String;
        /// What a processor does.
        may does = "does": Set<Does>;
        /// The parts of the body that are in scope; without it, the unit alone.
        may scope = "scope": Set<String>;
        /// Other units that take part, and what each does.
        may units = "units": Named<UnitId, String>;
        /// The source systems that it may read.
        may reads = "reads": Set<SystemId>;
        /// The unit or body through which it sends.
        may sends_through = "sends-through": String;
        /// The least clearance of whoever reads what it received.
        may clearance = "clearance": Clearance;
        /// Its condition for processing, as the regime names it.
        may lawful_basis = "lawful-basis": InstrumentId;
        /// No person takes part on its side.
        may no_staff = "no-staff": Yes;
        /// The adequacy assessment, where its country asks for one.
        may adequacy = "adequacy": Slot<Adequacy>;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::With("LANG-05", "for", &["does"]),
        Together::With("LANG-05", "does", &["for"]),
        Together::With("LANG-05", "contract", &["for"]),
    ]

    /// Each body of a register, one at a time.
    EachOf = "body" {
        /// The register of the law catalogue.
        need each_of = "each-of": RegisterId;
        /// The day of the register's version.
        need version = "version": Day;
    }

    /// An adequacy assessment of a country outside the European Economic Area (APP-14).
    Adequacy = "adequacy assessment" {
        /// The day of its verdict.
        need on = "on": Day ["APP-14"];
        /// The verdict in words: why the protection is adequate.
        need verdict = "verdict": String ["APP-14"];
        /// Who gave it.
        need by = "by": String ["APP-14"];
    }

    /// A kind of person.
    PersonBlock = "kind of person" {
        /// Who they are.
        need text = "text": String;
        /// They did not come to the exchange themselves; they are kept apart and enter no later run.
        may third_party = "third-party": Yes;
        /// They are, or may be, under 18.
        may minor = "minor": Yes;
    }

    /// Who belongs together: a fact can be about all of them.
    Case = "case" {
        /// The kinds of person that it holds.
        need holds = "holds": Set<PersonKind>;
        /// What it is.
        need text = "text": String;
    }

    /// A purpose.
    Purpose = "purpose" {
        /// What for, in words.
        need text = "text": String;
        /// The legal purposes of the catalogue that it stands on.
        may law = "law": Set<LegalPurpose>;
        /// The purpose of the umbrella that it serves.
        may umbrella = "umbrella": PurposeId;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A way on which files or calls go (C-18).
    Route = "route" {
        /// How it carries.
        need kind = "kind": RouteKind ["RUN-13"];
        /// How far it has come; only an approved route may be used.
        need state = "state": RouteState ["SEC-07"];
        /// From where to where, or which product.
        need text = "text": Slot<String> ["AGR-04"];
        /// The processor that runs it.
        may host = "host": PartyId;
        /// Who may use it, by name or role.
        may users = "users": Seq<String>;
        /// The other route on which its password travels.
        may password_by = "password-by": RouteId;
        /// Are files encrypted besides?
        may encrypted = "encrypted": bool;
        /// Why a portable device is absolutely necessary.
        may exception = "exception": String;
        /// The terms of direct access: that it is appropriate, applied, managed and recorded.
        may terms = "terms": String;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
}

impl Party {
    /// The register, where the party stands for each of its bodies.
    pub(crate) fn register(&self) -> Option<&RegisterId> {
        match &self.body.as_ref()?.value {
            Body::Each(each) => each.each_of.as_ref().map(|at| &at.value),
            Body::One(_) => None,
        }
    }
}

/// The body of a party.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Body {
    One(BodyId),
    Each(EachOf),
}

impl Written for Body {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => EachOf::read(node, log).map(Self::Each),
            Value::Text { .. } | Value::List(_) => BodyId::read(node, log).map(Self::One),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [BodyId::schema(book), EachOf::schema(book)] })
    }

    fn words() -> String {
        format!(
            "{}, or `{{ each-of: register, version: day }}`",
            BodyId::words()
        )
    }
}

/// A kind of person: a text, or a block.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Person {
    pub(crate) text: Option<String>,
    #[serde(rename = "third-party", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) third_party: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) minor: bool,
}

impl Written for Person {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        Some(match &node.value {
            Value::Map(_) => {
                let block = PersonBlock::read(node, log)?;
                Self {
                    text: block.text.map(|at| at.value),
                    third_party: block.third_party.is_some(),
                    minor: block.minor.is_some(),
                }
            }
            Value::Text { .. } | Value::List(_) => Self {
                text: Some(String::read(node, log)?),
                third_party: false,
                minor: false,
            },
        })
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [String::schema(book), PersonBlock::schema(book)] })
    }

    fn words() -> String {
        "a text, or a block: kind of person".to_owned()
    }
}
