//! The whole file, and its header: what it is, whom it stands under, how long it lasts.

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::grammar::{
    Book, Day, Named, Number, Rows, Set, Slot, Together, Written, Yes, constructs,
};
use crate::ids::{
    AgreementId, BasisId, CaseId, ConditionId, DatasetId, DatasetOrAll, DecisionId, DerivedId,
    FactId, FlowId, GapId, LabelId, PartyId, PersonKind, PurposeId, ReadingId, RegimeId, RouteId,
    SignerId,
};
use crate::log::Log;
use crate::model::{
    Approval, Assessment, Benefit, Case, Clock, Condition, Contacts, Control, Controllers, Dataset,
    Decision, Derived, Fact, Flow, Gap, KeepLine, Line, Onward, Party, Person, Proportionality,
    Prose, Purpose, Reading, ReadingName, Requests, Route, Signer, Waiver,
};
use crate::period::Period;
use crate::rules::MISSING;
use crate::words::{Amend, Asks, AtOnce, Effect, Kind, Marking, Stage, Survives};
use document::{Node, Value};

constructs! {
    /// An agreement: one file that people read and sign and the hub runs.
    Agreement = "agreement" {
        /// Its short name, by which others refer to it.
        need agreement = "agreement": AgreementId;
        /// Its title.
        need title = "title": String;
        /// What it is.
        need kind = "kind": Kind ["AGR-02"];
        /// What the partners call it, where they have another word for it.
        may called = "called": String;
        /// The parties' own reference.
        may reference = "reference": Slot<String>;
        /// Is the exchange tried out, or done for good?
        may stage = "stage": Stage;
        /// The document that it was written from, and how it cites that.
        may source = "source": Source;
        /// The umbrella of each pair of parties between which something flows, `ho-hmrc: name`. Only an agreement of one party and the people it holds data about has none.
        may under = "under": Named<LabelId, Slot<AgreementId>>;
        /// Other agreements that look like this one, and why this one is needed besides.
        may besides = "besides": Named<AgreementId, String>;
        /// The data protection regime.
        need regime = "regime": Regime ["LEG-27"];
        /// The protective marking.
        need marking = "marking": Marking;
        /// What it costs whom; `none` is an answer.
        need charges = "charges": Slot<String> ["AGR-16"];
        /// It is not legally binding, and says so.
        need legally_binding = "legally-binding": No ["AGR-17"];
        /// How long it lasts, and how it is reviewed, changed and ended.
        need term = "term": Lasts ["AGR-20"];
        /// The records that a data usage agreement moves in all.
        may records = "records": Number<100_000_000>;
        /// What an umbrella asks of the process agreements under it.
        may process_agreements = "process-agreements": ProcessAgreements;
        /// Words that its texts use, and words that they never use.
        may words = "words": Vocabulary;
        /// The parties.
        need parties = "parties": Named<PartyId, Party> ["AGR-09"];
        /// The kinds of person that a cell can be about.
        may people = "people": Named<PersonKind, Person>;
        /// Who belongs together.
        may cases = "cases": Named<CaseId, Case>;
        /// What the data may be used for.
        need purposes = "purposes": Named<PurposeId, Purpose> ["AGR-04"];
        /// What is read to decide, and never moves.
        may facts = "facts": Named<FactId, Fact>;
        /// Named terms over facts and fields.
        may conditions = "conditions": Named<ConditionId, Condition>;
        /// What can move: about whom, one row per what, which fields.
        may datasets = "datasets": Named<DatasetId, Dataset>;
        /// What is calculated.
        may derived = "derived": Named<DerivedId, Derived>;
        /// Legal bases with a name.
        may bases = "bases": Named<BasisId, Rows<Line>>;
        /// The ways on which files and calls may go.
        may routes = "routes": Named<RouteId, Route>;
        /// What goes from whom to whom.
        may flows = "flows": Named<FlowId, Flow>;
        /// What may go on from who received it, by which flows.
        may onward = "onward": Named<DatasetOrAll, Onward>;
        /// Who becomes controller of what is received.
        may controllers = "controllers": Named<DatasetOrAll, Controllers>;
        /// The only doors to harm.
        may decisions = "decisions": Named<DecisionId, Decision>;
        /// How long each holder keeps what it has.
        may keep = "keep": Rows<KeepLine>;
        /// Duties and aims with a time.
        may clocks = "clocks": Rows<Clock>;
        /// Who gave leave for the volume, at which level.
        may approval = "approval": Named<PartyId, Slot<Approval>>;
        /// The outcome of each principle of the regime.
        may principles = "principles": Named<LabelId, Slot<String>>;
        /// Why each flow is proportionate.
        may proportionality = "proportionality": Named<LabelId, Proportionality>;
        /// Whether a duty of confidence applies, and why it is kept.
        may confidentiality = "confidentiality": Confidentiality;
        /// The impact assessments.
        may impact = "impact": Rows<Assessment>;
        /// The business owner at each party.
        may owners = "owners": Named<PartyId, Slot<String>>;
        /// The benefits, to whom, and how each is measured.
        may benefits = "benefits": Named<LabelId, Benefit>;
        /// How information is asked for.
        may requests = "requests": Requests;
        /// Texts that people sign and no machine enforces.
        need prose = "prose": Prose ["AGR-08"];
        /// What its words mean.
        may definitions = "definitions": Named<LabelId, String>;
        /// Who signs.
        need signed = "signed": Named<SignerId, Slot<Signer>> ["AGR-21"];
        /// Which of two readings of the source runs.
        may readings = "readings": Named<ReadingId, Reading>;
        /// What is missing, and what that stops.
        may gaps = "gaps": Named<GapId, Gap>;
        /// Gaps that somebody has taken upon themselves for a time; every party signs to it.
        may waivers = "waivers": Named<GapId, Waiver>;
    }
    annex {
        /// The contact points of each party.
        need contacts = "contacts": Named<PartyId, Slot<Contacts>> ["AGR-04"];
        /// Who wrote, approved and reviews the document, for each party.
        need control = "control": Named<PartyId, Slot<Control>> ["AGR-31"];
        /// The versions of the document.
        may versions = "versions": Rows<Version>;
    }

    /// The document that the agreement was written from.
    Source = "source" {
        /// Its title.
        need document = "document": String;
        /// How its places are cited: paragraph, heading, page.
        need cited_as = "cited-as": String;
    }

    /// How long the agreement lasts, and how it is reviewed, changed and ended.
    Lasts = "term" {
        /// The first day.
        need from = "from": Slot<Date> ["AGR-20"];
        /// How long it lasts.
        may length = "for": Period;
        /// Its last day, or the day before which it ends.
        may until = "until": Until;
        /// It has no end of its own.
        may open_ended = "open-ended": Yes;
        /// When it is reviewed.
        need review = "review": Review ["AGR-15"];
        /// When it takes effect.
        need effect = "effect": EffectRule ["AGR-21"];
        /// How it is changed.
        need amend = "amend": Amend ["AGR-18"];
        /// How long before the end one party gives notice.
        may notice = "notice": Period;
        /// On which conditions one party may withdraw, where that is not by notice.
        may withdraw = "withdraw": Slot<String>;
        /// What ends it at once.
        may stop_at_once = "stop-at-once": Set<AtOnce>;
        /// What stays in force after its end.
        need survives = "survives": Set<Survives> ["AGR-20"];
        /// The languages in which it is signed.
        may languages = "languages": Set<String>;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::AtMostOne("AGR-20", &["for", "until", "open-ended"]),
        Together::AtMostOne("AGR-20", &["notice", "withdraw"]),
    ]

    /// When the agreement is reviewed.
    Review = "review" {
        /// The time between reviews.
        need every = "every": Period ["AGR-15"];
        /// The time to the first review, where it is another.
        may first = "first": Period;
        /// The time after which no run starts while a review is overdue.
        may no_later_than = "no-later-than": Period;
    }

    /// A regime that does not hold for all of the term, and why it stands nevertheless.
    RegimeBlock = "regime" {
        /// Its name.
        need name = "name": RegimeId;
        /// The reading it rests on.
        need reading = "reading": ReadingName;
    }

    /// The day before which the agreement ends.
    Before = "until" {
        /// That day, on which it is over.
        need before = "before": Day;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
        /// The paragraph of the source.
        may cite = "cite": String;
    }

    /// When an agreement takes effect, by number of signatures.
    Signatures = "effect" {
        /// The number of signatures with which it takes effect.
        need signatures = "signatures": Number<1000>;
    }

    /// What an umbrella asks of each process agreement under it (AGR-05).
    ProcessAgreements = "process-agreements" {
        /// The parts that each must have.
        may must_have = "must-have": Set<Asks>;
        /// The soonest time, from the first day, for the first review.
        may review_from = "first-review-from": Period;
        /// The latest time for the first review.
        may review_until = "first-review-until": Period;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Words that the texts of the agreement use, and words that they never use.
    Vocabulary = "words" {
        /// What to say.
        may say = "say": Set<String>;
        /// What never to say.
        need never_say = "never-say": Set<String>;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
        /// The paragraph of the source.
        may cite = "cite": String;
    }

    /// One version of the document (AGR-24).
    Version = "version" {
        /// Its number.
        need number = "number": String;
        /// Its day.
        need date = "date": Slot<Day>;
        /// What changed.
        need changes = "changes": String;
        /// Are the changes marked in the text?
        need marked = "marked": bool;
        /// The day of publication.
        may published = "published": Slot<Day>;
        /// The day on which it is to be reviewed.
        may review = "review": Slot<Day>;
        /// Why it is dated before a lower number.
        may out_of_order = "out-of-order": String;
    }

    /// The common law duty of confidentiality (LEG-21).
    Confidentiality = "confidentiality" {
        /// Does it apply?
        need applies = "applies": bool ["LEG-21"];
        /// Why it does not, or how it is kept.
        need because = "because": Slot<String> ["LEG-21"];
        /// The paragraph of the source.
        may cite = "cite": String;
    }
}

/// `no`, written out: the agreement is not legally binding (AGR-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct No;

impl Serialize for No {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        "no".serialize(to)
    }
}

impl Written for No {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        crate::grammar::word(node, log, &[("no", Self), ("false", Self)], "AGR-17")
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "enum": ["no", "false", false] })
    }

    fn words() -> String {
        "`no`".to_owned()
    }
}

/// The data protection regime.
#[derive(Clone, Debug)]
pub(crate) struct Regime {
    pub(crate) name: Option<RegimeId>,
    pub(crate) reading: Option<ReadingName>,
}

impl Serialize for Regime {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.reading {
            None => self.name.serialize(to),
            Some(reading) => json!({ "name": self.name, "reading": reading }).serialize(to),
        }
    }
}

impl Written for Regime {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        Some(match &node.value {
            Value::Map(_) => {
                let block = RegimeBlock::read(node, log)?;
                Self {
                    name: block.name.map(|at| at.value),
                    reading: block.reading.map(|at| at.value),
                }
            }
            Value::Text { .. } | Value::List(_) => Self {
                name: Some(RegimeId::read(node, log)?),
                reading: None,
            },
        })
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [RegimeId::schema(book), RegimeBlock::schema(book)] })
    }

    fn words() -> String {
        format!(
            "{}, or `{{ name: regime, reading: name }}`",
            RegimeId::words()
        )
    }
}

/// The last day of a term.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Until {
    Last(Date),
    Before(Before),
}

impl Until {
    /// The last day on which the agreement can be in force.
    pub(crate) fn last(&self) -> Option<Date> {
        match self {
            Self::Last(day) => Some(*day),
            Self::Before(before) => before.before.as_ref()?.value.yesterday().ok(),
        }
    }
}

impl Written for Until {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Before::read(node, log).map(Self::Before),
            Value::Text { .. } | Value::List(_) => Date::read(node, log).map(Self::Last),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Date::schema(book), Before::schema(book)] })
    }

    fn words() -> String {
        format!("{} (the last day), or `{{ before: ... }}`", Date::words())
    }
}

/// When an agreement takes effect.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum EffectRule {
    All(Effect),
    Some(Signatures),
}

impl Written for EffectRule {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Signatures::read(node, log).map(Self::Some),
            Value::Text { .. } | Value::List(_) => Effect::read(node, log).map(Self::All),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Effect::schema(book), Signatures::schema(book)] })
    }

    fn words() -> String {
        format!("{}, or `{{ signatures: 2 }}`", Effect::words())
    }
}

/// Parts that only some kinds of agreement need or may have: the key, the kinds that need it, the kinds that
/// must not have it, and the rule.
pub(crate) const BY_KIND: &[(&str, &[Kind], &[Kind], &str)] = &[
    ("under", &[], &[Kind::Umbrella], "AGR-04"),
    ("people", EXCHANGES, &[Kind::Umbrella], MISSING),
    ("cases", &[], &[Kind::Umbrella], MISSING),
    ("facts", &[], &[Kind::Umbrella], MISSING),
    ("conditions", &[], &[Kind::Umbrella], MISSING),
    ("datasets", EXCHANGES, &[Kind::Umbrella], "AGR-12"),
    ("derived", &[], &[Kind::Umbrella], MISSING),
    ("bases", &[], &[Kind::Umbrella], "LEG-02"),
    ("routes", EXCHANGES, &[Kind::Umbrella], "RUN-13"),
    ("flows", EXCHANGES, &[Kind::Umbrella], MISSING),
    ("onward", EXCHANGES, &[Kind::Umbrella], "LEG-30"),
    ("controllers", EXCHANGES, &[Kind::Umbrella], "LEG-26"),
    ("decisions", &[], &[Kind::Umbrella], MISSING),
    ("keep", EXCHANGES, &[Kind::Umbrella], "AGR-19"),
    ("approval", EXCHANGES, &[Kind::Umbrella], "APP-03"),
    ("principles", EXCHANGES, &[Kind::Umbrella], "LEG-19"),
    ("proportionality", EXCHANGES, &[Kind::Umbrella], "LEG-20"),
    ("confidentiality", EXCHANGES, &[Kind::Umbrella], "LEG-21"),
    ("impact", EXCHANGES, &[Kind::Umbrella], "APP-11"),
    ("requests", EXCHANGES, &[], "AGR-11"),
    (
        "records",
        &[Kind::Dua],
        &[Kind::Umbrella, Kind::Process],
        "AGR-23",
    ),
    ("process-agreements", &[], EXCHANGES, "AGR-05"),
];

const EXCHANGES: &[Kind] = &[Kind::Process, Kind::Dua];

/// Reads a whole file: what each kind of agreement needs and may have included.
pub(crate) fn read(root: &Node, log: &Log) -> Option<Agreement> {
    let agreement = Agreement::read(root, log)?;
    let Value::Map(entries) = &root.value else {
        return Some(agreement);
    };
    if let Some(kind) = agreement.kind.as_ref().map(|at| at.value) {
        for (key, need, never, rule) in BY_KIND {
            let there = entries.iter().find(|(k, _)| k.text == *key);
            match there {
                None if need.contains(&kind) => {
                    let message = format!("the agreement has no `{key}`");
                    log.fault(*rule, root.place(), message)
                        .help(format!("write `{key}:`; every {kind} has it"));
                }
                Some((found, _)) if never.contains(&kind) => {
                    let message = format!("a {kind} has no `{key}`");
                    let help = match kind {
                        Kind::Umbrella => "write it in a process agreement under this umbrella",
                        Kind::Process | Kind::Dua => "take it out",
                    };
                    log.fault(*rule, found.span, message).help(help);
                }
                None | Some(_) => {}
            }
        }
    }
    Some(agreement)
}

/// The published schema of a whole file.
pub(crate) fn schema() -> Json {
    let mut book = Book::default();
    let root = Agreement::schema(&mut book);
    let cases: Vec<Json> = Kind::ALL
        .iter()
        .map(|(word, kind)| {
            let need: Vec<&str> = by_kind(*kind, |need, _| need);
            let never: Vec<&str> = by_kind(*kind, |_, never| never);
            let never: serde_json::Map<String, Json> = never
                .into_iter()
                .map(|key| (key.to_owned(), json!(false)))
                .collect();
            json!({
                "if": { "properties": { "kind": { "const": word } }, "required": ["kind"] },
                "then": { "required": need, "properties": never },
            })
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Concordat agreement",
        "allOf": [root, { "allOf": cases }],
        "$defs": book.defs,
    })
}

fn by_kind(
    kind: Kind,
    which: impl Fn(&'static [Kind], &'static [Kind]) -> &'static [Kind],
) -> Vec<&'static str> {
    BY_KIND
        .iter()
        .filter(|(_, need, never, _)| which(need, never).contains(&kind))
        .map(|(key, ..)| *key)
        .collect()
}

/// The kinds that need a part of the whole file, where not every kind does.
pub(crate) fn needed_by(key: &str) -> &'static [Kind] {
    BY_KIND
        .iter()
        .find(|(k, ..)| *k == key)
        .map_or(&[], |(_, need, ..)| need)
}

/// The rule that is broken where a part of the whole file is missing, for a part that not every kind needs.
pub(crate) fn rule_of(key: &str) -> Option<&'static str> {
    BY_KIND
        .iter()
        .find(|(k, ..)| *k == key)
        .map(|(.., rule)| *rule)
}
