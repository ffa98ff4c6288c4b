//! The law catalogue: which bodies there are, which purposes the law names, and which gateway opens which way
//! for which purposes. Data, not code: read from texts, hashed, and named by every signed agreement.
//!
//! It records what the agreements print and which legal questions are open; it is no legal advice.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::diagnostic::Diagnostic;
use crate::ids::{BodyId, GatewayId, LegalPurpose};
use crate::permit::Scope;
use crate::value::NATIONS;

mod load;

/// A kind of body.
pub(crate) type Kind = String;

/// A public body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Body {
    /// Its name, for people.
    pub title: String,
    /// Its kind.
    pub kind: Kind,
}

/// Who stands at one end of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Every body of the catalogue.
    Any,
    /// These bodies.
    Bodies(Vec<BodyId>),
}

/// One way that a gateway opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Who may send.
    pub from: Who,
    /// Who may receive.
    pub to: Who,
    /// Bodies that may not send, although `from` has them.
    pub except_bodies: Vec<BodyId>,
    /// Kinds of body that may not send, although `from` has them.
    pub except_kinds: Vec<Kind>,
    /// The closed list of purposes.
    pub purposes: Vec<LegalPurpose>,
    /// The requirement that the exceptions come from; none means LEG-01.
    pub rule: Option<String>,
}

/// A legal gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// The citation.
    pub cites: String,
    /// The ways it opens.
    pub ways: Vec<Way>,
    /// Where it reaches: nations of the United Kingdom.
    pub territory: Vec<String>,
    /// How much one use covers.
    pub scope: Scope,
    /// Must the agreement say why it is relied on (LEG-03)?
    pub needs_why: bool,
    /// What it is always read with.
    pub read_with: Vec<String>,
    /// What an agreement may name as read with it.
    pub may_be_with: Vec<String>,
    /// What it asks of those who use it, in words.
    pub conditions: Vec<String>,
    /// The first day on which it can be used.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Who compared the entry with the law.
    pub verified_by: Option<String>,
    /// Legal questions that are open.
    pub checks: Vec<String>,
}

/// Why a gateway does not open a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It opens the opposite way only.
    Opposite,
    /// It opens other ways.
    Elsewhere,
    /// The sender is excluded; the rule that says so.
    Excluded(&'static str),
}

/// The catalogue could not be read: each fault with its file and place.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the law catalogue has {} faults, first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct LawFault(pub Vec<Diagnostic>);

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Law {
    pub(crate) kinds: BTreeMap<Kind, String>,
    pub(crate) bodies: BTreeMap<BodyId, Body>,
    pub(crate) purposes: BTreeMap<LegalPurpose, String>,
    pub(crate) regimes: BTreeMap<String, String>,
    pub(crate) gateways: BTreeMap<GatewayId, Gateway>,
    #[serde(skip)]
    digest: [u8; 32],
}

const BUILT_IN: &[(&str, &str)] = &[
    ("law/bodies.yaml", include_str!("../../../law/bodies.yaml")),
    (
        "law/purposes.yaml",
        include_str!("../../../law/purposes.yaml"),
    ),
    (
        "law/gateways.yaml",
        include_str!("../../../law/gateways.yaml"),
    ),
];

impl Law {
    /// The catalogue that this version of the program carries.
    ///
    /// # Errors
    /// [`LawFault`] when its files have a fault, which the tests rule out.
    pub fn built_in() -> Result<Self, LawFault> {
        Self::from_texts(BUILT_IN)
    }

    /// Reads a catalogue from files, each a name and a text; their order does not matter.
    ///
    /// # Errors
    /// [`LawFault`] with all faults of all files.
    pub fn from_texts(texts: &[(&str, &str)]) -> Result<Self, LawFault> {
        let mut law = load::load(texts)?;
        // A catalogue is made of texts, lists and small blocks, which always have a canonical form.
        let canonical = serde_json_canonicalizer::to_vec(&law).unwrap_or_default();
        law.digest = Sha256::digest(&canonical).into();
        Ok(law)
    }

    /// The SHA-256 of the catalogue's RFC 8785 form.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// One gateway.
    pub fn gateway(&self, id: &GatewayId) -> Option<&Gateway> {
        self.gateways.get(id)
    }

    /// All gateways, by name.
    pub fn gateways(&self) -> impl Iterator<Item = (&GatewayId, &Gateway)> {
        self.gateways.iter()
    }

    /// One body.
    pub fn body(&self, id: &BodyId) -> Option<&Body> {
        self.bodies.get(id)
    }

    /// What a legal purpose is, in words.
    pub fn purpose(&self, id: &LegalPurpose) -> Option<&str> {
        self.purposes.get(id).map(String::as_str)
    }

    fn has(who: &Who, body: &BodyId) -> bool {
        match who {
            Who::Any => true,
            Who::Bodies(bodies) => bodies.contains(body),
        }
    }

    /// The purposes for which a gateway opens the way from one body to another.
    pub(crate) fn open(
        &self,
        gateway: &Gateway,
        from: &BodyId,
        to: &BodyId,
    ) -> Result<Vec<LegalPurpose>, Closed> {
        let mut purposes = Vec::new();
        let mut closed = Closed::Elsewhere;
        for way in &gateway.ways {
            if Self::has(&way.from, from) && Self::has(&way.to, to) {
                let kind = self.bodies.get(from).map(|b| &b.kind);
                if way.except_bodies.contains(from)
                    || kind.is_none_or(|k| way.except_kinds.contains(k))
                {
                    closed = Closed::Excluded(if way.rule.as_deref() == Some("LEG-06") {
                        "LEG-06"
                    } else {
                        "LEG-01"
                    });
                } else {
                    purposes.extend(way.purposes.iter().cloned());
                }
            } else if closed == Closed::Elsewhere
                && Self::has(&way.from, to)
                && Self::has(&way.to, from)
            {
                closed = Closed::Opposite;
            }
        }
        if purposes.is_empty() {
            Err(closed)
        } else {
            Ok(purposes)
        }
    }

    /// The gateways that open a way for at least one of these purposes, for a hint.
    pub(crate) fn open_for<'a>(
        &'a self,
        from: &'a BodyId,
        to: &'a BodyId,
        purposes: &'a [LegalPurpose],
    ) -> impl Iterator<Item = &'a GatewayId> {
        self.gateways.iter().filter_map(move |(id, gateway)| {
            let open = self.open(gateway, from, to).ok()?;
            open.iter().any(|p| purposes.contains(p)).then_some(id)
        })
    }
}

impl Gateway {
    /// Does it reach the whole of the United Kingdom?
    pub fn everywhere(&self) -> bool {
        NATIONS
            .iter()
            .all(|n| self.territory.iter().any(|t| t == n))
    }
}
