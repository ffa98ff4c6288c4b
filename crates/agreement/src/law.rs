//! The law catalogue: which bodies there are, which purposes the law names, which gateway opens which way for
//! which purposes, which regime asks what, which days are no working days. Data, not code: read from texts,
//! hashed, and named by every signed agreement.
//!
//! It records what the agreements print and which legal questions are open; it is no legal advice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::diagnostic::Diagnostic;
use crate::ids::{
    BodyId, DutyId, GatewayId, InstrumentId, KindId, LabelId, LegalPurpose, LimbId, RegimeId,
    RegisterId,
};
use crate::period::Period;
use crate::words::{Impact, Kind, Level, Scope};

mod calendar;
pub(crate) mod file;
mod load;

pub use calendar::{Calendar, NoSuchDay};

/// Days on which something is in force; none where it has no such end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct InForce {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl InForce {
    /// Is it in force on the day?
    pub fn on(self, day: Date) -> bool {
        self.from.is_none_or(|first| first <= day) && self.until.is_none_or(|last| day <= last)
    }
}

/// A kind of body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BodyKind {
    /// What it is.
    pub title: String,
    /// It shares under a commercial contract and not under a memorandum (LEG-29).
    pub commercial: bool,
    /// Can its bodies be parties as processors only?
    pub processor_only: bool,
}

/// A public body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Body {
    /// Its name, for people.
    pub title: String,
    /// Its kind.
    pub kind: KindId,
    /// Its country.
    pub country: LabelId,
    /// The body that it is a part of.
    pub part_of: Option<BodyId>,
    /// Its own rule about approvals.
    pub approvals: Option<LabelId>,
}

/// A register of bodies or areas, by version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Register {
    /// What it lists.
    pub title: String,
    /// The kind of its bodies, where it lists bodies.
    pub kind: Option<KindId>,
    /// The members of each version.
    pub versions: BTreeMap<Date, Vec<LabelId>>,
}

impl Register {
    /// The SHA-256 of a version's members: it is signed with every agreement that uses it.
    pub fn digest(&self, version: Date) -> Option<String> {
        let members = self.versions.get(&version)?;
        let text = serde_json_canonicalizer::to_vec(members).ok()?;
        Some(hex::encode(Sha256::digest(&text)))
    }
}

/// A provision that a gateway is read with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instrument {
    /// The citation.
    pub cites: String,
    /// The days on which it is in force.
    pub effective: InForce,
}

/// Who stands at one end of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Every body of the catalogue.
    Any,
    /// These bodies, and bodies of these kinds.
    These {
        /// The bodies.
        bodies: Vec<BodyId>,
        /// The kinds.
        kinds: Vec<KindId>,
    },
}

/// A body as a way sees it: one of the catalogue, or any of a register.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The body; none where it is any of a register, or the person the data is about.
    pub body: Option<&'a BodyId>,
    /// Its kind.
    pub kind: &'a KindId,
}

impl Who {
    fn has(&self, end: End<'_>) -> bool {
        match self {
            // Any body; the person whom data is about is no body.
            Self::Any => end.kind.as_str() != crate::model::SUBJECT,
            Self::These { bodies, kinds } => {
                kinds.contains(end.kind) || end.body.is_some_and(|b| bodies.contains(b))
            }
        }
    }
}

/// An exception from a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Except {
    /// Who may not send.
    pub from: Who,
    /// Only this kind of information.
    pub information: Option<LabelId>,
    /// The gateway that serves instead.
    pub instead: Option<GatewayId>,
    /// The requirement.
    pub rule: String,
}

/// One way that a gateway opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Who may send.
    pub from: Who,
    /// Who may receive.
    pub to: Who,
    /// The closed list of purposes.
    pub purposes: Vec<LegalPurpose>,
    /// Who may not send after all, or what may not be sent.
    pub except: Vec<Except>,
}

/// What must be known of a record for which a gateway is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnlyWhere {
    /// A fact has one of these values.
    pub values: Vec<String>,
    /// The requirement.
    pub rule: String,
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
    pub read_with: Vec<InstrumentId>,
    /// What an agreement may name as read with it.
    pub may_be_with: Vec<InstrumentId>,
    /// Its limbs, and the purposes that each serves.
    pub limbs: BTreeMap<LimbId, Vec<LegalPurpose>>,
    /// The register of areas, one of which each use is for.
    pub areas: Option<RegisterId>,
    /// What must be known of a record.
    pub only_where: Option<OnlyWhere>,
    /// Is each use documented by who discloses?
    pub documented: bool,
    /// Is it only for data that is about nobody?
    pub non_personal: bool,
    /// What it asks of those who use it, in words.
    pub conditions: Vec<String>,
    /// The days on which it is in force.
    pub effective: InForce,
    /// Who compared the entry with the law, and when.
    pub verified: Option<(String, Date)>,
    /// Legal questions that are open.
    pub checks: Vec<String>,
    /// The requirement behind its territory, area or scope.
    pub rule: Option<String>,
}

/// A data protection regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regime {
    /// Its name, for people.
    pub title: String,
    /// The days on which it is in force.
    pub effective: InForce,
    /// Within which time a request for access is answered (SAR-02).
    pub access: Period,
    /// Its principles, in words (LEG-19).
    pub principles: BTreeMap<LabelId, String>,
    /// Its exemptions, in words.
    pub exemptions: BTreeMap<LabelId, String>,
    /// The impact assessment that it knows.
    pub impact: Impact,
    /// Must every controller have that assessment (C-50)?
    pub impact_needed: bool,
    /// Its conditions for processing; where there are some, each controller names one (LEG-18).
    pub lawful_bases: BTreeMap<InstrumentId, String>,
    /// What is open about it.
    pub checks: Vec<String>,
}

/// Where data may go without an adequacy assessment, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdequacyList {
    /// The days on which it holds.
    pub effective: InForce,
    /// Countries of the area within which none is needed (APP-15).
    pub area: Vec<LabelId>,
    /// Countries outside it that need none either (APP-16).
    pub exempt: Vec<LabelId>,
    /// Countries that always need one (APP-16, APP-17).
    pub always: Vec<LabelId>,
    /// What is open about it.
    pub checks: Vec<String>,
}

/// Whose leave a volume needs (APP-03).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// What it is.
    pub title: String,
    /// The number of records over which the higher level is needed.
    pub over: u32,
    /// The time over which they are counted.
    pub within: Period,
    /// The level for more.
    pub above: Level,
    /// The level for as many or fewer.
    pub below: Level,
}

/// A list of codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Codes {
    /// What they stand for.
    pub title: String,
    /// Each code with its printed and its official name.
    pub values: BTreeMap<LabelId, (String, String)>,
}

/// A duty that decisions must consider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// The citation.
    pub cites: String,
    /// The bodies that it binds.
    pub binds: Vec<BodyId>,
    /// Is it about people under 18?
    pub minors: bool,
    /// The days on which it is in force.
    pub effective: InForce,
    /// The requirement.
    pub rule: String,
}

/// What a kind of agreement asks of its parties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgreementRule {
    /// The kind.
    pub kind: Kind,
    /// A body that must be one of its parties.
    pub with: BodyId,
    /// The requirement.
    pub rule: String,
}

/// Why a gateway does not open a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed<'a> {
    /// It opens the opposite way only.
    Opposite,
    /// It opens other ways.
    Elsewhere,
    /// The sender, or what is sent, is excluded.
    Excluded(&'a Except),
}

/// The catalogue could not be read: each fault with its file and place.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the law catalogue has {} faults, first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct LawFault(pub Vec<Diagnostic>);

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Law {
    pub(crate) kinds: BTreeMap<KindId, BodyKind>,
    pub(crate) bodies: BTreeMap<BodyId, Body>,
    pub(crate) registers: BTreeMap<RegisterId, Register>,
    pub(crate) purposes: BTreeMap<LegalPurpose, String>,
    pub(crate) guidance: BTreeMap<LegalPurpose, Vec<String>>,
    pub(crate) instruments: BTreeMap<InstrumentId, Instrument>,
    pub(crate) gateways: BTreeMap<GatewayId, Gateway>,
    pub(crate) regimes: BTreeMap<RegimeId, Regime>,
    pub(crate) adequacy: Vec<AdequacyList>,
    pub(crate) calendars: BTreeMap<LabelId, Calendar>,
    pub(crate) approvals: BTreeMap<LabelId, Approvals>,
    pub(crate) codes: BTreeMap<LabelId, Codes>,
    pub(crate) duties: BTreeMap<DutyId, Duty>,
    pub(crate) agreements: Vec<AgreementRule>,
    pub(crate) clauses: BTreeMap<LabelId, String>,
    pub(crate) grades: Vec<BTreeSet<String>>,
    #[serde(skip)]
    digest: [u8; 32],
}

macro_rules! built_in {
    ($($name:literal),*) => {
        const BUILT_IN: &[(&str, &str)] = &[
            $((concat!("law/", $name, ".yaml"), include_str!(concat!("../../../law/", $name, ".yaml")))),*
        ];
    };
}

built_in!(
    "adequacy",
    "approvals",
    "bodies",
    "calendars",
    "clauses",
    "codes",
    "duties",
    "gateways",
    "instruments",
    "purposes",
    "regimes",
    "registers"
);

impl Law {
    /// The catalogue that this version of the program carries.
    ///
    /// # Errors
    /// [`LawFault`] when its files have a fault, which the tests rule out.
    pub fn built_in() -> Result<Self, LawFault> {
        Self::from_texts(BUILT_IN)
    }

    /// The built-in catalogue with more files: a statute, a body or a regime needs no code.
    ///
    /// # Errors
    /// [`LawFault`] with all faults of all files; a name that stands in two files is one.
    pub fn with(more: &[(String, String)]) -> Result<Self, LawFault> {
        let more = more
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let all: Vec<(&str, &str)> = BUILT_IN.iter().copied().chain(more).collect();
        Self::from_texts(&all)
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

    /// All bodies, by name.
    pub fn bodies(&self) -> impl Iterator<Item = (&BodyId, &Body)> {
        self.bodies.iter()
    }

    /// One register.
    pub fn register(&self, id: &RegisterId) -> Option<&Register> {
        self.registers.get(id)
    }

    /// What a legal purpose is, in words.
    pub fn purpose(&self, id: &LegalPurpose) -> Option<&str> {
        self.purposes.get(id).map(String::as_str)
    }

    /// The statutory guidance under which a legal purpose is served, by its titles (CHILD-01).
    pub fn guidance(&self, id: &LegalPurpose) -> &[String] {
        self.guidance.get(id).map_or(&[], Vec::as_slice)
    }

    /// One regime.
    pub fn regime(&self, id: &RegimeId) -> Option<&Regime> {
        self.regimes.get(id)
    }

    /// The calendar of this name; `england-and-wales` is the one that working days are counted by (C-34).
    pub fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.calendars
            .iter()
            .find(|(name, _)| name.as_str() == id)
            .map(|(_, calendar)| calendar)
    }

    /// A rule about approvals.
    pub fn approvals(&self, id: &LabelId) -> Option<&Approvals> {
        self.approvals.get(id)
    }

    /// A list of codes.
    pub fn codes(&self, id: &LabelId) -> Option<&Codes> {
        self.codes.get(id)
    }

    /// A duty.
    pub fn duty(&self, id: &DutyId) -> Option<&Duty> {
        self.duties.get(id)
    }

    /// A clause of the library.
    pub fn clause(&self, id: &LabelId) -> Option<&str> {
        self.clauses.get(id).map(String::as_str)
    }

    /// A clause of the library, by its name as text.
    pub(crate) fn clause_named(&self, name: &str) -> Option<&str> {
        self.clauses
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .map(|(_, text)| text.as_str())
    }

    /// What an instrument cites.
    pub fn instrument(&self, id: &InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id)
    }

    /// Must a transfer to this country be assessed on that day (APP-14)? Unknown means yes.
    pub fn needs_adequacy(&self, country: &LabelId, on: Date) -> bool {
        let list = self.adequacy.iter().find(|list| list.effective.on(on));
        list.is_none_or(|list| {
            list.always.contains(country)
                || !(list.area.contains(country) || list.exempt.contains(country))
        })
    }

    /// The adequacy list of a day.
    pub fn adequacy_on(&self, on: Date) -> Option<&AdequacyList> {
        self.adequacy.iter().find(|list| list.effective.on(on))
    }

    /// The level of seniority of a title, from 0, the highest.
    pub(crate) fn grade(&self, title: &str) -> Option<usize> {
        self.grades.iter().position(|titles| titles.contains(title))
    }

    /// The purposes for which a gateway opens the way from one body to another, for data with this information.
    ///
    /// # Errors
    /// Why it does not open that way.
    pub fn open<'a>(
        &self,
        gateway: &'a Gateway,
        from: End<'_>,
        to: End<'_>,
        information: &[LabelId],
    ) -> Result<Vec<&'a LegalPurpose>, Closed<'a>> {
        let mut purposes: Vec<&LegalPurpose> = Vec::new();
        let mut closed = Closed::Elsewhere;
        for way in &gateway.ways {
            if way.from.has(from) && way.to.has(to) {
                let hits = |e: &&Except| {
                    e.from.has(from)
                        && e.information
                            .as_ref()
                            .is_none_or(|i| information.contains(i))
                };
                match way.except.iter().find(hits) {
                    Some(except) => closed = Closed::Excluded(except),
                    None => purposes.extend(&way.purposes),
                }
            } else if closed == Closed::Elsewhere && way.from.has(to) && way.to.has(from) {
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
        from: End<'a>,
        to: End<'a>,
        purposes: &'a [LegalPurpose],
        information: &'a [LabelId],
    ) -> impl Iterator<Item = &'a GatewayId> {
        self.gateways.iter().filter_map(move |(id, gateway)| {
            let open = self.open(gateway, from, to, information).ok()?;
            open.iter().any(|p| purposes.contains(p)).then_some(id)
        })
    }
}

impl Gateway {
    /// Does it reach the whole of the United Kingdom?
    pub fn everywhere(&self) -> bool {
        crate::value::NATIONS
            .iter()
            .all(|n| self.territory.iter().any(|t| t == n))
    }
}
