//! Bases and flows.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{
    Book, Items, Month, Number, Part, Rows, Seq, Set, Slot, Together, Written, Yes, constructs,
    text,
};
use crate::ids::{
    BasisId, ConditionId, DatasetId, DecisionId, FieldName, FlowId, GatewayId, InstrumentId,
    LabelId, LimbId, OccasionId, PartyId, PersonKind, PurposeId, RouteId, StarterId,
};
use crate::log::{At, Log};
use crate::model::{ReadingName, Tested};
use crate::period::Period;
use crate::rules::WORD;
use crate::words::{Extra, Form, Frequency, NotBefore, OnlyIf, Others, Outcome, RowCover, Scope};
use document::{Node, Value};

constructs! {
    /// One line of a legal basis; any one line suffices.
    Line = "line" {
        /// The gateway of the law catalogue.
        need gate = "gate": GatewayId ["LEG-01"];
        /// What it is read with, as the catalogue allows.
        may with = "with": Set<InstrumentId>;
        /// The limbs of the section that are relied on.
        may limbs = "limbs": Set<LimbId>;
        /// The area, where the gateway is used in one of a register of areas.
        may area = "area": LabelId;
        /// The condition on which a record may go by this line.
        may when = "when": ConditionId;
        /// Why it is relied on.
        may why = "why": String;
        /// When it may be relied on at all.
        may only_if = "only-if": OnlyIf;
        /// How much one use covers.
        may scope = "scope": Scope;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A flow: what goes from one party to another, when, and under what.
    Flow = "flow" {
        /// The sender.
        need from = "from": PartyId;
        /// The receiver, or `subject`: the person the data is about.
        need to = "to": PartyId;
        /// The datasets that go, in the order of their columns.
        need send = "send": Seq<DatasetId> ["AGR-12"];
        /// The kinds of person it is about, where the datasets are about more.
        may about = "about": Set<PersonKind>;
        /// What the receiver may be told about: the person who receives it and nobody else.
        may held_about = "held-about": Subject;
        /// Where it goes to each body of a register: the fact or field that says for which member a row is.
        may for_member = "for-member": Tested;
        /// The condition that a record must meet.
        may only = "only": ConditionId;
        /// The legal basis: its name, or its lines.
        need by = "by": By ["LEG-01"];
        /// What for.
        need purposes = "for": Set<PurposeId> ["LEG-23"];
        /// When it is sent.
        may when = "when": Slot<Sending>;
        /// Who starts it: a kind of person, or a role.
        may started_by = "started-by": StarterId;
        /// How many rows.
        may volume = "volume": Volume;
        /// What must go with it.
        may needs = "needs": Seq<Need>;
        /// When rows are sent again.
        may again = "again": Again;
        /// The flow whose file it is a part of.
        may part_of = "part-of": FlowId;
        /// What it answers: it goes back to who asked.
        may answers = "answers": Answers;
        /// What it follows: its rows are rows of these flows, and it goes on to another.
        may follows = "follows": Follows;
        /// The processors that handle it at either end.
        may handled_by = "handled-by": Set<PartyId>;
        /// The standard of integrity that its sender assures, where it is higher than its own (AGR-27).
        may integrity = "integrity": String;
        /// The form of the file.
        need form = "as": Slot<Form> ["RUN-12"];
        /// The route.
        need route = "route": Slot<RouteId> ["AGR-04"];
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::AtMostOne("LANG-06", &["answers", "follows"]),
    ]

    /// When a flow is sent; exactly one of the first four.
    WhenBlock = "when" {
        /// Again and again.
        may every = "every": Frequency;
        /// Once, planned for this month.
        may once = "once": Month;
        /// Each time that something happens.
        may each = "each": Set<OccasionId>;
        /// Each time that somebody asks for it.
        may on_demand = "on-demand": OnDemand;
        /// The first month, where it is sent again and again.
        may from = "from": Month;
        /// What it waits for.
        may not_before = "not-before": NotBefore;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["every", "once", "each", "on-demand"]),
        Together::With("LANG-05", "every", &["from"]),
        Together::With("LANG-06", "from", &["every"]),
    ]

    /// On demand, in named circumstances.
    OnDemandBlock = "on-demand" {
        /// The circumstances, one of which is named each time.
        may circumstance = "circumstance": Seq<LabelId>;
        /// What else the circumstance `other` asks for.
        may other = "other": OtherNeeds;
    }

    /// What a circumstance that was not foreseen asks for.
    OtherNeeds = "other" {
        /// What it needs.
        need needs = "needs": Set<Extra>;
    }

    /// How many rows; exactly one of the first two.
    Volume = "volume" {
        /// About so many.
        may about = "about": Number<100_000_000>;
        /// So many and no more.
        may at_most = "at-most": Number<100_000_000>;
        /// How far it may be off.
        may give_or_take = "give-or-take": Percent;
        /// What must be so where it is further off.
        may beyond = "beyond": Beyond;
        /// Over what it is counted: each file, where nothing is written; each file of another flow; or a period.
        may per = "per": Per;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["about", "at-most"]),
        Together::AtMostOne("LANG-06", &["at-most", "give-or-take"]),
        Together::With("LANG-05", "beyond", &["give-or-take"]),
    ]

    /// What must be so where a volume is further off than its margin (RUN-16).
    Beyond = "beyond" {
        /// The party that was told beforehand and agreed.
        need agreed_by = "told-and-agreed-by": PartyId;
    }

    /// A flow that must go with this one, for some of its rows.
    NeedFor = "needs" {
        /// That flow.
        need flow = "flow": FlowId;
        /// The condition of the rows that need it.
        need for_rows = "for-rows": ConditionId;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Rows that are sent again.
    Again = "again" {
        /// Which rows.
        need rows = "rows": AgainRows;
        /// The time between.
        need every = "every": Period;
        /// How many times.
        need times = "times": Number<999>;
        /// What comes after the last time.
        may then = "then": AgainThen;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// Which rows are sent again.
    AgainRows = "rows" {
        /// What came of them.
        need outcome = "outcome": Outcome;
        /// In which answer.
        need answer = "in": FlowId;
    }

    /// What comes after the last time.
    AgainThen = "then" {
        /// A person may take this decision.
        need decision = "decision": DecisionId;
    }

    /// What a flow answers.
    Answers = "answers" {
        /// The flows that are answered.
        need flow = "flow": Set<FlowId>;
        /// The flow through which the question came, where another party passed it on.
        may through = "through": FlowId;
        /// Which rows it has.
        need a_row_for = "a-row-for": RowCover ["MATCH-02"];
        /// How the other rows show, where it has rows for some only.
        may others = "others": Others;
        /// The columns by which its rows pair with those of the question.
        may pairs_on = "pairs-on": Seq<FieldName>;
        /// The same file comes back: every row, its cells unchanged.
        may same_file = "same-file": Yes;
        /// Each question is answered at most once.
        may once = "once": Yes;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// What a flow follows.
    Follows = "follows" {
        /// The flows whose rows it goes on with.
        need flow = "flow": Set<FlowId>;
        /// Which of those rows it has.
        need a_row_for = "a-row-for": RowCover;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
}

/// `subject`, written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject;

/// The receiver that is the person the data is about.
pub(crate) const SUBJECT: &str = "subject";

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        SUBJECT.serialize(to)
    }
}

impl Written for Subject {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        crate::grammar::word(node, log, &[(SUBJECT, Self)], WORD)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "const": SUBJECT })
    }

    fn words() -> String {
        "`subject`".to_owned()
    }
}

/// The legal basis of a flow.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    Named(BasisId),
    Lines(Vec<At<Line>>),
}

impl Written for By {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Text { .. } => BasisId::read(node, log).map(Self::Named),
            Value::List(_) | Value::Map(_) => Rows::read(node, log).map(|rows| Self::Lines(rows.0)),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [BasisId::schema(book), Rows::<Line>::schema(book)] })
    }

    fn words() -> String {
        format!(
            "{}, or a list of gateways, `[ {{ gate: name }} ]`",
            BasisId::words()
        )
    }
}

/// When a flow is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Schedule {
    Every {
        every: Frequency,
        from: Month,
    },
    Once(Month),
    Each(Vec<OccasionId>),
    OnDemand {
        circumstance: Vec<LabelId>,
        other: Vec<Extra>,
    },
}

/// When a flow is sent, with what it waits for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Sending {
    pub(crate) schedule: Schedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_before: Option<NotBefore>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cite: Part<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Part<ReadingName>,
}

impl Written for Sending {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let block = WhenBlock::read(node, log)?;
        let schedule = match (&block.every, &block.once, &block.each, &block.on_demand) {
            (Some(every), ..) => Schedule::Every {
                every: every.value,
                from: block.from.as_ref()?.value,
            },
            (_, Some(once), ..) => Schedule::Once(once.value),
            (_, _, Some(_), _) => Schedule::Each(block.each.values()),
            (_, _, _, Some(demand)) => Schedule::OnDemand {
                circumstance: demand.value.circumstance.clone(),
                other: demand.value.other.clone(),
            },
            (None, None, None, None) => return None,
        };
        Some(Self {
            schedule,
            not_before: block.not_before.map(|at| at.value),
            cite: block.cite,
            reading: block.reading,
        })
    }

    fn schema(book: &mut Book) -> Json {
        WhenBlock::schema(book)
    }

    fn words() -> String {
        "`{ every: month, from: 2026-01 }`, `{ once: 2026-01 }`, `{ each: flow.event }` or `{ on-demand: yes }`"
            .to_owned()
    }
}

/// On demand: `yes`, or the circumstances.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OnDemand {
    pub(crate) circumstance: Vec<LabelId>,
    pub(crate) other: Vec<Extra>,
}

impl Written for OnDemand {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let block = OnDemandBlock::read(node, log)?;
            return Some(Self {
                circumstance: block.circumstance.values(),
                other: block
                    .other
                    .map(|at| at.value.needs.values())
                    .unwrap_or_default(),
            });
        }
        Yes::read(node, log).map(|_| Self {
            circumstance: Vec::new(),
            other: Vec::new(),
        })
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Yes::schema(book), OnDemandBlock::schema(book)] })
    }

    fn words() -> String {
        "`yes`, or `{ circumstance: [...] }`".to_owned()
    }
}

/// A share, `20 percent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) u8);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{} percent", self.0))
    }
}

impl Written for Percent {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let written = text(node, log)?;
        let percent = written
            .strip_suffix(" percent")
            .filter(|p| !p.starts_with(['0', '+']))
            .and_then(|p| p.parse::<u8>().ok())
            .filter(|p| (1..=100).contains(p));
        if percent.is_none() {
            log.fault(
                WORD,
                node.span,
                format!("{} must be a share, as `20 percent`", log.here()),
            );
        }
        percent.map(Self)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "pattern": "^([1-9][0-9]?|100) percent$" })
    }

    fn words() -> String {
        "a share, `20 percent`".to_owned()
    }
}

/// Over what a volume is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Per {
    Period(Period),
    Flow(FlowId),
}

impl Written for Per {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let written = text(node, log)?;
        if written.contains(' ') {
            return Period::read(node, log).map(Self::Period);
        }
        FlowId::read(node, log).map(Self::Flow)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [FlowId::schema(book), Period::schema(book)] })
    }

    fn words() -> String {
        "a flow, or a period, `12 months`".to_owned()
    }
}

/// What must go with a flow.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Need {
    Flow(FlowId),
    For(NeedFor),
}

impl Need {
    /// The flow that must go with it.
    pub(crate) fn flow(&self) -> Option<&FlowId> {
        match self {
            Self::Flow(flow) => Some(flow),
            Self::For(need) => need.flow.as_ref().map(|at| &at.value),
        }
    }

    /// The condition of the rows that need it; none where all do.
    pub(crate) fn for_rows(&self) -> Option<&At<ConditionId>> {
        match self {
            Self::Flow(_) => None,
            Self::For(need) => need.for_rows.as_ref(),
        }
    }
}

impl PartialEq for Need {
    fn eq(&self, other: &Self) -> bool {
        let rows = |need: &Self| need.for_rows().map(|at| at.value.clone());
        self.flow() == other.flow() && rows(self) == rows(other)
    }
}

impl Written for Need {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => NeedFor::read(node, log).map(Self::For),
            Value::Text { .. } | Value::List(_) => FlowId::read(node, log).map(Self::Flow),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [FlowId::schema(book), NeedFor::schema(book)] })
    }

    fn words() -> String {
        format!(
            "{}, or `{{ flow: name, for-rows: condition }}`",
            FlowId::words()
        )
    }
}
