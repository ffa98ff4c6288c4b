//! What holders may do with what they have: pass it on, decide with it, keep it; and the clocks that run.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Part, Seq, Set, Slot, Together, Written, constructs};
use crate::ids::{
    ActorId, ConditionId, DatasetId, DecisionId, DutyId, FieldPath, FlowId, KeepId, LabelId,
    PartyId, PersonKind,
};
use crate::log::{At, Log};
use crate::model::{ReadingName, TestOf};
use crate::period::Period;
use crate::rules::{SHAPE, WORD};
use crate::words::{ClockThen, Event, Force, MatchIs, OnlyIn, Passes, Place, Then, UntilThen};
use document::{Node, Value};

constructs! {
    /// Data that may go on only after its exporter was told.
    OnlyAfter = "onward" {
        /// What must have happened first.
        need only_after = "only-after": ToldExporter;
        /// The flows by which it may go on then; without it, any that the agreement has.
        may flows = "flows": Set<FlowId>;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Who becomes controller of what is received, and when (LEG-26).
    Controllers = "controllers" {
        /// The receiver becomes controller.
        need passes = "passes": Passes ["LEG-26"];
        /// Who is controller before that.
        need until_then = "until-then": UntilThen ["LEG-26"];
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A decision that only a named person may take: the only doors to harm.
    Decision = "decision" {
        /// The role that takes it.
        need by = "by": ActorId;
        /// About which kinds of person.
        need of = "of": Set<PersonKind>;
        /// What must be so before.
        may after = "after": After;
        /// What it may come out as, where it is a choice; there is never a default.
        may one_of = "one-of": Seq<LabelId>;
        /// Written out: there is no default.
        may default = "default": NoDefault;
        /// A duty that must be considered.
        may duty = "duty": DutyId;
        /// The datasets or derived things that it is taken with.
        may out_of = "out-of": Set<DatasetId>;
        /// What it never rests on.
        may never_rests_on = "never-rests-on": Set<LabelId>;
        /// The datasets that it is about, where it moves them.
        may what = "what": Set<DatasetId>;
        /// Where it moves them.
        may to = "to": LabelId;
        /// The party that becomes controller by it.
        may makes_controller = "makes-controller": PartyId;
        /// The keep rule before whose end it must be taken.
        may before = "before": BeforeKeep;
        /// What every controller must have reviewed and agreed to before anybody may take it.
        may off_until = "off-until": LabelId;
        /// Whom a person tells of it when it is taken: parties, or others to whom it refers the person. The hub sends nothing.
        may tells = "tells": Set<LabelId>;
        /// Those of its outcomes that do nothing but take a service away.
        may removes = "removes": Set<LabelId>;
        /// The senior role in which another person agrees before it counts.
        may seconded_by = "seconded-by": ActorId;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::With("LANG-05", "default", &["one-of"]),
        Together::With("LANG-05", "to", &["what"]),
        Together::With("LANG-05", "removes", &["one-of"]),
        Together::AtMostOne("LANG-05", &["seconded-by", "what"]),
    ]

    /// The keep rule before whose end a decision must be taken.
    BeforeKeep = "before" {
        /// Its id.
        need keep = "keep": KeepId;
    }

    /// What must be so before a decision; all of it.
    AfterBlock = "after" {
        /// The match stands so.
        may matched = "match": MatchIs;
        /// This field was verified to be up to date.
        may verified = "verified": FieldPath;
        /// The record came by this flow.
        may received = "received": ReceivedBy;
        /// The rows of this flow were sent again as often as it says.
        may again = "again": FlowId;
        /// This condition holds.
        may holds = "holds": ConditionId;
    }

    /// The flow by which a record came.
    ReceivedBy = "received" {
        /// That flow.
        need flow = "flow": FlowId;
    }

    /// A keep rule (RET-01): these datasets, at this party, until then.
    KeepLine = "keep rule" {
        /// Its name, where something refers to it.
        may id = "id": KeepId;
        /// The datasets, or what is derived.
        may what = "what": Set<DatasetId>;
        /// What the party itself makes of the exchange, in a word.
        may own = "own": LabelId;
        /// What that holds, and nothing else.
        may holds = "holds": Seq<String>;
        /// The party that keeps it.
        need at = "at": PartyId;
        /// Which copy: what it prepared to send, or (without it) what it received or made.
        may place = "in": Place;
        /// Where it may be at all.
        may only_in = "only-in": OnlyIn;
        /// Of which rows.
        may wher = "where": WhereMatch;
        /// The event at which the keeping ends.
        may until = "until": Slot<KeepUntil>;
        /// The event from which the time counts.
        may from = "from": Occasion;
        /// How long after it.
        may length = "for": Period;
        /// What ends the rule before its time.
        may unless = "unless": Unless;
        /// What happens then.
        need then = "then": Then ["RET-12"];
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["what", "own"]),
        Together::With("LANG-05", "own", &["holds"]),
        Together::With("LANG-05", "holds", &["own"]),
        Together::One("RET-01", &["until", "for"]),
        Together::With("RET-01", "for", &["from"]),
        Together::With("RET-01", "from", &["for"]),
    ]

    /// Of which rows.
    WhereMatch = "where" {
        /// Those whose match stands so.
        need matched = "match": MatchIs;
    }

    /// What ends a keep rule before its time.
    Unless = "unless" {
        /// This decision was taken.
        need decided = "decided": DecisionId;
    }

    /// An event of something.
    Occasion = "event" {
        /// What happens.
        need event = "event": Event;
        /// To what: `run`, `call`, `request`, `incident`, `issue`, `error`, `agreement`, or a flow, decision, case, kind of
        /// person or derived thing of the agreement.
        need of = "of": LabelId;
    }

    /// A need that is looked at again and again.
    NeedReviewed = "until" {
        /// How often it is asked whether there is still a need.
        need every = "need-reviewed-every": Period;
    }

    /// A duty or an aim with a time.
    Clock = "clock" {
        /// What is to be done.
        need what = "what": String;
        /// Within which time.
        may within = "within": Period;
        /// How often.
        may every = "every": Period;
        /// From when.
        need from = "from": From;
        /// Who must do it: a party, `all`, `the party that lost it`, or a level of contacts.
        need owner = "owner": String;
        /// Is it a duty or an aim?
        need force = "force": Force;
        /// What happens when the time has run out.
        may then = "then": ClockThen;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["within", "every"]),
    ]

    /// The earlier of two events.
    Earlier = "from" {
        /// The events.
        need events = "earlier-of": Seq<Event>;
        /// What they happen to.
        need of = "of": LabelId;
    }
}

macro_rules! only_word {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name;

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $word.serialize(to)
            }
        }

        impl Written for $name {
            fn read(node: &Node, log: &Log) -> Option<Self> {
                crate::grammar::word(node, log, &[($word, Self)], WORD)
            }
            fn schema(_: &mut Book) -> Json {
                json!({ "const": $word })
            }
            fn words() -> String {
                concat!("`", $word, "`").to_owned()
            }
        }
    )*};
}

only_word! {
    /// The exporter was told.
    ToldExporter = "told-exporter";
    /// There is no default.
    NoDefault = "none";
}

/// Whether a dataset may go on from who received it.
#[derive(Clone, Debug)]
pub(crate) enum Onward {
    /// Not at all.
    None,
    /// By these flows.
    Flows(Vec<At<FlowId>>),
    /// Only after its exporter was told.
    OnlyAfter(OnlyAfter),
}

impl Serialize for Onward {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => "none".serialize(to),
            Self::Flows(flows) => flows.serialize(to),
            Self::OnlyAfter(block) => block.serialize(to),
        }
    }
}

impl Written for Onward {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => OnlyAfter::read(node, log).map(Self::OnlyAfter),
            Value::Text { text, .. } if text == "none" => Some(Self::None),
            Value::Text { .. } | Value::List(_) => {
                Set::read(node, log).map(|set| Self::Flows(set.0))
            }
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [{ "const": "none" }, Set::<FlowId>::schema(book), OnlyAfter::schema(book)] })
    }

    fn words() -> String {
        "`none`, a flow or a list of flows, or `{ only-after: told-exporter }`".to_owned()
    }
}

/// When a keeping ends.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum KeepUntil {
    Event(Occasion),
    Need(NeedReviewed),
}

impl Written for KeepUntil {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let needs = matches!(&node.value, Value::Map(e) if e.iter().any(|(k, _)| k.text == "need-reviewed-every"));
        if needs {
            return NeedReviewed::read(node, log).map(Self::Need);
        }
        Occasion::read(node, log).map(Self::Event)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Occasion::schema(book), NeedReviewed::schema(book)] })
    }

    fn words() -> String {
        "`{ event: run-closed, of: run }`, or `{ need-reviewed-every: 12 months }`".to_owned()
    }
}

/// From when a clock runs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum From {
    Term,
    Event(Occasion),
    Earlier(Earlier),
}

impl Written for From {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(entries) if entries.iter().any(|(k, _)| k.text == "earlier-of") => {
                Earlier::read(node, log).map(Self::Earlier)
            }
            Value::Map(_) => Occasion::read(node, log).map(Self::Event),
            Value::Text { .. } => {
                crate::grammar::word(node, log, &[("term", ())], WORD).map(|()| Self::Term)
            }
            Value::List(_) => {
                log.fault(
                    SHAPE,
                    node.span,
                    format!("{} must be one event, or `term`", log.here()),
                );
                None
            }
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [{ "const": "term" }, Occasion::schema(book), Earlier::schema(book)] })
    }

    fn words() -> String {
        "`{ event: aware, of: incident }`, `{ earlier-of: [aware, happened], of: incident }`, or `term`".to_owned()
    }
}

/// What must be so before a decision.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct After {
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub(crate) matched: Part<MatchIs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified: Part<FieldPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received: Part<FlowId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) again: Part<FlowId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holds: Part<ConditionId>,
    /// Tests of fields that were received.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tests: Vec<TestOf>,
}

impl Written for After {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return AfterBlock::read(node, log).and(None);
        };
        if entries.is_empty() {
            log.fault(crate::rules::MISSING, node.span, "`after` says nothing")
                .help("write `after: { match: confirmed }`");
            return None;
        }
        // A key with a full stop is the path of a field that is tested; the others are the block's own.
        let (paths, own): (Vec<_>, Vec<_>) = entries
            .iter()
            .cloned()
            .partition(|(k, _)| k.text.contains('.'));
        let tests = paths.into_iter().filter_map(|(key, test)| {
            let one = Node {
                span: node.span,
                value: Value::Map(vec![(key, test)]),
            };
            TestOf::read(&one, log)
        });
        let tests: Vec<TestOf> = tests.collect();
        let block = AfterBlock::read(
            &Node {
                span: node.span,
                value: Value::Map(own),
            },
            log,
        )?;
        Some(Self {
            matched: block.matched,
            verified: block.verified,
            received: block.received.and_then(|at| at.value.flow),
            again: block.again,
            holds: block.holds,
            tests,
        })
    }

    fn schema(book: &mut Book) -> Json {
        let block = AfterBlock::schema(book);
        let test = crate::model::Test::schema(book);
        let mut own = book.defs.get("AfterBlock").cloned().unwrap_or_default();
        if let Json::Object(own) = &mut own {
            own.insert("additionalProperties".to_owned(), test);
            own.insert("minProperties".to_owned(), json!(1));
            own.insert(
                "propertyNames".to_owned(),
                json!({ "pattern": <crate::ids::SignerId as crate::ids::Name>::PATTERN }),
            );
        }
        book.defs.insert("AfterBlock", own);
        block
    }

    fn words() -> String {
        "`{ match: confirmed }`, with `verified`, `received`, `again`, `holds`, or the test of a field".to_owned()
    }
}

impl After {
    /// Does it say anything?
    pub(crate) fn is_empty(&self) -> bool {
        self.matched.is_none()
            && self.verified.is_none()
            && self.received.is_none()
            && self.again.is_none()
            && self.holds.is_none()
            && self.tests.is_empty()
    }
}

impl KeepLine {
    /// The place it is about; what is received or made, where nothing is written.
    pub(crate) fn place(&self) -> Place {
        self.place.as_ref().map_or(Place::Received, |at| at.value)
    }

    /// The rows it is about.
    pub(crate) fn rows(&self) -> Option<MatchIs> {
        Some(self.wher.as_ref()?.value.matched.as_ref()?.value)
    }
}
