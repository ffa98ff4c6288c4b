//! Conditions: named terms over facts and fields, joined by `all` or `any`, or told by another party.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Items, Number, Rows, Set, Together, Written, constructs};
use crate::ids::{ConditionId, FlowId, Name, PartyId};
use crate::log::{At, Log, Step, cut};
use crate::model::ReadingName;
use crate::period::Period;
use crate::rules::{SHAPE, WORD};
use crate::words::Told as ToldAs;
use document::{Node, Value};

constructs! {
    /// A condition.
    Condition = "condition" {
        /// All of these terms hold.
        may all = "all": Rows<Term>;
        /// One of these terms holds.
        may any = "any": Rows<Term>;
        /// Another party says that one of its conditions holds.
        may told = "told": Told;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["all", "any", "told"]),
    ]

    /// What one party tells another that it cannot see itself.
    Told = "told" {
        /// The party that answers for it.
        need by = "by": PartyId;
        /// The condition that it says to hold.
        need that = "that": ConditionId;
        /// How it says so.
        need how = "as": ToldAs;
    }

    /// A record that came by a flow.
    Received = "received" {
        /// The flow by which the record came to the party that tests this.
        need flow = "flow": FlowId;
    }

    /// The test of one value; exactly one operator.
    TestBlock = "test" {
        /// It has this value, or one of its values is this.
        may is = "is": TestValue;
        /// It has one of these values.
        may one_of = "in": Set<TestValue>;
        /// It is recorded, or it is not.
        may known = "known": bool;
        /// It is a day before this one.
        may before = "before": Date;
        /// It is this day or a later one.
        may on_or_after = "on-or-after": Date;
        /// It is a day that lies at least so long back.
        may ago_at_least = "ago-at-least": Period;
        /// It is a day that lies less than so long back.
        may ago_less_than = "ago-less-than": Period;
        /// It is this number or a greater one.
        may at_least = "at-least": Number<999_999_999>;
        /// It is this number or a smaller one.
        may at_most = "at-most": Number<999_999_999>;
    }
    together [
        Together::One("LANG-05", &[
            "is", "in", "known", "before", "on-or-after", "ago-at-least", "ago-less-than", "at-least", "at-most",
        ]),
    ]
}

/// A value that is tested for; `true` and `false` are read as `yes` and `no`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct TestValue(pub(crate) String);

impl Written for TestValue {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        String::read(node, log).map(|text| {
            Self(match text.as_str() {
                "true" => "yes".to_owned(),
                "false" => "no".to_owned(),
                _ => text,
            })
        })
    }

    fn schema(book: &mut Book) -> Json {
        String::schema(book)
    }

    fn words() -> String {
        "a value".to_owned()
    }
}

/// The closed list of operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Test {
    Is(String),
    In(Vec<String>),
    Known(bool),
    Before(Date),
    OnOrAfter(Date),
    AgoAtLeast(Period),
    AgoLessThan(Period),
    AtLeast(Number<999_999_999>),
    AtMost(Number<999_999_999>),
}

impl Written for Test {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let block = TestBlock::read(node, log)?;
        let mut list: Vec<String> = block.one_of.values().into_iter().map(|v| v.0).collect();
        list.sort();
        None.or(block.is.map(|at| Self::Is(at.value.0)))
            .or(block.one_of.map(|_| Self::In(list)))
            .or(block.known.map(|at| Self::Known(at.value)))
            .or(block.before.map(|at| Self::Before(at.value)))
            .or(block.on_or_after.map(|at| Self::OnOrAfter(at.value)))
            .or(block.ago_at_least.map(|at| Self::AgoAtLeast(at.value)))
            .or(block.ago_less_than.map(|at| Self::AgoLessThan(at.value)))
            .or(block.at_least.map(|at| Self::AtLeast(at.value)))
            .or(block.at_most.map(|at| Self::AtMost(at.value)))
    }

    fn schema(book: &mut Book) -> Json {
        TestBlock::schema(book)
    }

    fn words() -> String {
        "a block: test".to_owned()
    }
}

/// The name of a fact, or the path of a field, as it stands in a term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tested(pub(crate) String);

impl std::fmt::Display for Tested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Tested {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl Written for Tested {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let name = String::read(node, log)?;
        let key = document::Key {
            text: name,
            span: node.span,
        };
        tested(&key, log).map(|at| at.value)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "pattern": crate::ids::SignerId::PATTERN })
    }

    fn words() -> String {
        "a fact, or a field as dataset.field".to_owned()
    }
}

/// The test of one named thing: `{ nino: { known: yes } }`.
#[derive(Clone, Debug)]
pub(crate) struct TestOf {
    pub(crate) of: At<Tested>,
    pub(crate) test: Test,
}

impl Serialize for TestOf {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({ self.of.value.0.as_str(): self.test }).serialize(to)
    }
}

/// One term of a condition.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Term {
    Test(TestOf),
    /// Another condition holds.
    Holds(ConditionId),
    /// Another condition is known not to hold.
    Fails(ConditionId),
    /// The record came by this flow.
    Received(FlowId),
}

/// Words of a term that are no fact.
pub(crate) const TERM_WORDS: [&str; 3] = ["holds", "fails", "received"];

fn single<'a>(node: &'a Node, log: &Log, what: &str) -> Option<(&'a document::Key, &'a Node)> {
    if let Value::Map(entries) = &node.value
        && let [(key, value)] = entries.as_slice()
    {
        return Some((key, value));
    }
    log.fault(
        SHAPE,
        node.span,
        format!("{what} of {} is a block of one key", log.here()),
    )
    .help("write `{ fact: { is: yes } }`, or `{ holds: condition }`");
    None
}

fn tested(key: &document::Key, log: &Log) -> Option<At<Tested>> {
    match crate::ids::SignerId::parse_name(&key.text) {
        Ok(_) => Some(At::new(Tested(key.text.clone()), key.span)),
        Err(_) => {
            let message = format!(
                "`{}` cannot stand here: it must be the name of a fact, or a field as dataset.field",
                cut(&key.text)
            );
            log.fault(WORD, key.span, message);
            None
        }
    }
}

impl Written for TestOf {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let (key, value) = single(node, log, "a test")?;
        let of = tested(key, log);
        let _inside = log.enter(Step::Name(key.text.clone()));
        let test = Test::read(value, log);
        Some(Self {
            of: of?,
            test: test?,
        })
    }

    fn schema(book: &mut Book) -> Json {
        json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": { "pattern": crate::ids::SignerId::PATTERN },
            "additionalProperties": Test::schema(book),
        })
    }

    fn words() -> String {
        "`{ name: test }`".to_owned()
    }
}

impl Written for Term {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let (key, value) = single(node, log, "a term")?;
        match key.text.as_str() {
            "holds" => {
                let _inside = log.enter(Step::Key("holds"));
                ConditionId::read(value, log).map(Self::Holds)
            }
            "fails" => {
                let _inside = log.enter(Step::Key("fails"));
                ConditionId::read(value, log).map(Self::Fails)
            }
            "received" => {
                let _inside = log.enter(Step::Key("received"));
                Some(Self::Received(Received::read(value, log)?.flow?.value))
            }
            _ => TestOf::read(node, log).map(Self::Test),
        }
    }

    fn schema(book: &mut Book) -> Json {
        let name = ConditionId::schema(book);
        json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": { "holds": name, "fails": name, "received": Received::schema(book) },
            "propertyNames": { "pattern": crate::ids::SignerId::PATTERN },
            "additionalProperties": Test::schema(book),
        })
    }

    fn words() -> String {
        "`{ fact: test }`, `{ dataset.field: test }`, `{ holds: condition }`, `{ fails: condition }` or `{ received: { flow: name } }`".to_owned()
    }
}
