//! The plan: everything the hub runs, compiled from a checked agreement. Deterministic: the same agreement and
//! law give the same plan. It holds no record, no count and no clock.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::condition::{Conditions, Facts, Operand, Test, Truth};
use crate::ids::{
    ActorId, AgreementHash, AgreementId, BodyId, CaseId, ConditionId, DatasetId, DecisionId,
    DerivedId, DutyId, FactId, FieldName, FieldPath, FlowId, GapId, KeepId, LabelId, LegalPurpose,
    OccasionId, PartyId, PermitId, PersonKind, PurposeId, ReadingId, RegimeId, RouteId, SignerId,
    StarterId, SystemId,
};
use crate::period::Period;
use crate::permit::{Act, Ask, Dates, Each, NearRefusal, Permit, Permits, Reason};
use crate::stops::Stops;
use crate::value::{FieldType, split};
use crate::window::Window;
use crate::words::{
    AtOnce, Class, Clearance, ClockThen, Control, Does, Event, Extra, Force, Form, Frequency, Kind,
    Level, Marking, MatchIs, Minted, NotBefore, Others, Outcome, Passes, Place, RouteKind,
    RowCover, Survives, Then, UntilThen, Why,
};

/// A party of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The public body; none where the party stands for each of a register.
    pub body: Option<BodyId>,
    /// Its own name, where the catalogue's body stands for any of its kind.
    pub named: Option<String>,
    /// The register, where it does.
    pub each: Option<Each>,
    /// Its unit.
    pub unit: String,
    /// Is it a controller or a processor?
    pub is: Control,
    /// For whom a processor acts.
    pub acts_for: Option<PartyId>,
    /// The contract that binds a processor.
    pub contract: Option<String>,
    /// What a processor does.
    pub does: Vec<Does>,
    /// The parts of the body that are in scope (PTY-01).
    pub scope: Vec<String>,
    /// The source systems it may read (EXCH-HMRC-23).
    pub reads: Vec<SystemId>,
    /// The least clearance of whoever reads what it received (PTY-08).
    pub clearance: Option<Clearance>,
    /// Does no person take part on its side?
    pub no_staff: bool,
}

/// A kind of person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    /// Who they are.
    pub text: String,
    /// Are they third parties, who enter no later run (MATCH-13)?
    pub third_party: bool,
    /// May they be under 18?
    pub minor: bool,
}

/// A purpose of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// What for, in words.
    pub text: String,
    /// The legal purposes it stands on.
    pub law: Vec<LegalPurpose>,
    /// The purpose of the umbrella that it serves.
    pub umbrella: Option<PurposeId>,
}

/// A fact: read to decide, never moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fact {
    /// Its type.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The kinds of person, or the cases, it is about.
    pub of: Vec<PersonKind>,
    /// The parties that can know it.
    pub known_to: Vec<PartyId>,
    /// Can there be several values?
    pub many: bool,
}

/// How many values a cell may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Many {
    /// One.
    One,
    /// As many as are held.
    All,
    /// At most so many.
    UpTo(u16),
}

impl Many {
    /// May a cell have so many values?
    pub fn allows(self, count: usize) -> bool {
        match self {
            Self::One => count <= 1,
            Self::All => true,
            Self::UpTo(most) => count <= usize::from(most),
        }
    }
}

/// May a cell be empty?
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Present {
    /// Never.
    Always,
    /// Where the sender does not hold it.
    IfHeld,
    /// It is there where the test of another field of the row holds, and only then.
    When {
        /// The other field.
        field: FieldName,
        /// The test.
        test: Test,
    },
    /// It is there where another field of the row is empty.
    UnlessKnown(FieldName),
}

/// One column of a flow's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Column {
    /// Its heading.
    pub name: FieldName,
    /// The field.
    pub field: FieldPath,
    /// The fields it was first copied from, or itself.
    pub origins: Vec<FieldPath>,
    /// The form of its cells.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Its class.
    pub class: Class,
    /// Why it is sent.
    pub why: Vec<Why>,
    /// May a cell be empty?
    pub present: Present,
    /// How many values a cell may have.
    pub many: Many,
    /// Does the exchange itself make the value?
    pub minted: Option<Minted>,
    /// How far back its values reach.
    pub window: Option<Window>,
    /// The conditions on which a cell may go at all; all of them.
    pub only: Vec<ConditionId>,
    /// The kinds of person its cells are about; empty where it is about nobody.
    pub about: Vec<PersonKind>,
    /// The permits to disclose it, in the order in which they are relied on.
    pub permits: Vec<PermitId>,
}

impl Column {
    /// Must every row have a value here?
    pub fn required(&self) -> bool {
        self.present == Present::Always
    }

    /// Is the text of a cell of the form that the agreement gives? An empty text is not.
    pub fn accepts(&self, text: &str) -> bool {
        if self.many == Many::One {
            return self.field_type.accepts(text);
        }
        let values = split(text);
        !values.is_empty()
            && self.many.allows(values.len())
            && values.iter().all(|v| self.field_type.accepts(v))
    }
}

/// When a flow is sent of its own accord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Again and again.
    Every {
        /// How often.
        every: Frequency,
        /// The first day of the first month.
        from: Date,
    },
    /// Once.
    Once {
        /// The first day of the month.
        month: Date,
    },
    /// Each time that one of these happens.
    Each(Vec<OccasionId>),
    /// Each time that somebody asks for it.
    OnDemand {
        /// The circumstances, one of which is named; empty where any will do.
        circumstances: Vec<LabelId>,
        /// What the circumstance `other` asks for besides.
        other: Vec<Extra>,
    },
}

/// When a flow is sent, with what it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sending {
    /// When.
    pub schedule: Schedule,
    /// Does it wait for the first day of the term?
    pub not_before: Option<NotBefore>,
}

/// Over what a volume is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each file of the flow itself.
    File,
    /// A period.
    Period(Period),
    /// Each file of another flow.
    Flow(FlowId),
}

/// How many rows a flow's file may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Volume {
    /// The least, where there is one.
    pub least: Option<u32>,
    /// The most.
    pub most: u64,
    /// Over what it is counted.
    pub per: Per,
    /// The party that must have been told and agreed where it is outside (RUN-16); without one, outside is
    /// refused.
    pub beyond: Option<PartyId>,
}

/// A flow that must go with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Need {
    /// That flow.
    pub flow: FlowId,
    /// The condition of the rows that need it; none where it goes with every file.
    pub for_rows: Option<ConditionId>,
}

/// Rows that are sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Again {
    /// What came of them.
    pub outcome: Outcome,
    /// In which answer.
    pub answer: FlowId,
    /// The time between.
    pub every: Period,
    /// How many times.
    pub times: u16,
    /// The decision that a person may take after the last time.
    pub then: Option<DecisionId>,
}

/// Which flows a flow answers, and how its rows pair with theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answers {
    /// The flows that are answered; at least one.
    pub flows: Vec<FlowId>,
    /// The flow through which the question came, where another party passed it on.
    pub through: Option<FlowId>,
    /// Which rows it has.
    pub rows: RowCover,
    /// How the other rows show.
    pub others: Option<Others>,
    /// The columns by which rows pair (MATCH-03, MATCH-04).
    pub pairs_on: Vec<FieldName>,
    /// Does the same file come back?
    pub same_file: bool,
    /// Is each question answered at most once?
    pub once: bool,
}

/// Which flows a flow goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Follows {
    /// The flows whose rows it has; at least one.
    pub flows: Vec<FlowId>,
    /// Which of those rows.
    pub rows: RowCover,
}

/// A flow that can run: one file's way from one party to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// The sender.
    pub from: PartyId,
    /// The receiver; `subject` is the person the data is about.
    pub to: PartyId,
    /// The columns, in the order of the file; these and no other.
    pub columns: Vec<Column>,
    /// What says for which member of the receiving register a row is.
    pub for_member: Option<Operand>,
    /// The condition that a record must meet to be in it.
    pub only: Option<ConditionId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// When it is sent of its own accord; none for what rests on another flow.
    pub when: Option<Sending>,
    /// Who starts it.
    pub started_by: Option<StarterId>,
    /// How many rows.
    pub volume: Option<Volume>,
    /// What must go with it.
    pub needs: Vec<Need>,
    /// When rows are sent again.
    pub again: Option<Again>,
    /// The flow whose file it is a part of.
    pub part_of: Option<FlowId>,
    /// What it answers.
    pub answers: Option<Answers>,
    /// What it follows.
    pub follows: Option<Follows>,
    /// The processors that handle it.
    pub handled_by: Vec<PartyId>,
    /// The standard of integrity that the sender assures; none is its own (AGR-27).
    pub integrity: Option<String>,
    /// The form of the file; none where a gap leaves it open and the plan is only as if it were filled.
    pub form: Option<Form>,
    /// The route of the file.
    pub route: RouteId,
}

impl Flow {
    /// Does it go to the person it is about?
    pub fn to_subject(&self) -> bool {
        self.to.as_str() == crate::model::SUBJECT
    }

    /// The flows that it rests on: those it answers, or those it follows.
    pub fn rests_on(&self) -> &[FlowId] {
        match (&self.answers, &self.follows) {
            (Some(answers), _) => &answers.flows,
            (None, Some(follows)) => &follows.flows,
            (None, None) => &[],
        }
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// How it carries.
    pub kind: RouteKind,
    /// Are files encrypted besides?
    pub encrypted: bool,
    /// The route on which its password travels.
    pub password_by: Option<RouteId>,
    /// Who may use it.
    pub users: Vec<String>,
}

/// An event of something: `{ event: received, of: run }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct When {
    /// What happens.
    pub event: Event,
    /// To what.
    pub of: LabelId,
}

impl Event {
    /// The event as a clause, `the run is closed`.
    pub fn happens_to(self, of: &LabelId) -> String {
        let of = of.as_str().replace(['-', '_'], " ");
        let happens = match self {
            Self::MatchingComplete => return format!("the matching of the {of} is complete"),
            Self::Sent => "is sent",
            Self::Received => "is received",
            Self::Loaded => "is loaded",
            Self::RunClosed | Self::Closed => "is closed",
            Self::Answered => "is answered",
            Self::Calculated => "is calculated with",
            Self::Created => "is made",
            Self::Decided => "is decided",
            Self::PoolLeft => "leaves the pool",
            Self::Reviewed => "is reviewed",
            Self::Ended => "ends",
            Self::Happened => "happens",
            Self::Aware => "becomes known",
            Self::Reported => "is reported",
            Self::Escalated => "is escalated",
        };
        format!("the {of} {happens}")
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.event.happens_to(&self.of))
    }
}

/// When a keeping ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// At the event.
    Until(When),
    /// So long after the event.
    After {
        /// The event from which the time counts.
        from: When,
        /// How long; never hours or working days.
        #[serde(rename = "for")]
        period: Period,
    },
    /// When nobody says, at one of the looks, that there is still a need.
    NeedReviewed {
        /// The time between the looks.
        every: Period,
    },
    /// Nothing says so yet; only in a plan as if gaps were filled.
    Open,
}

impl std::fmt::Display for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Until(when) => write!(f, "until {when}"),
            Self::After { from, period } => write!(f, "{period} after {from}"),
            Self::NeedReviewed { every } => {
                write!(f, "while a person says every {every} that it is needed")
            }
            Self::Open => f.write_str("until when is open"),
        }
    }
}

/// A keep rule (RET-01, AGR-19): these datasets, at this party, until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Keep {
    /// Its name, where something refers to it.
    pub id: Option<KeepId>,
    /// What: datasets or derived things; empty where it is about what the party itself makes.
    pub what: Vec<DatasetId>,
    /// What the party itself makes of the exchange, and all that it holds.
    pub own: Option<(LabelId, Vec<String>)>,
    /// At which party.
    pub at: PartyId,
    /// Which copy.
    pub place: Place,
    /// May it be in memory only?
    pub memory_only: bool,
    /// Of which rows; none is all.
    pub rows: Option<MatchIs>,
    /// Until when.
    pub ends: Ends,
    /// The decision that ends the rule before its time.
    pub unless: Option<DecisionId>,
    /// What happens then.
    pub then: Then,
    /// The paragraph of the source it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// Whether data may go on from who received it (LEG-30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onward {
    /// Not at all.
    None,
    /// By these flows.
    By(Vec<FlowId>),
    /// Only after its exporter was told (LEG-25); by these flows, or any where none is named.
    AfterTelling(Vec<FlowId>),
}

impl Onward {
    /// What both let go on.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = |one: Vec<FlowId>, two: Vec<FlowId>| match (one.is_empty(), two.is_empty()) {
            (true, _) => two,
            (_, true) => one,
            (false, false) => one.into_iter().filter(|f| two.contains(f)).collect(),
        };
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::By(one), Self::By(two)) => {
                let flows: Vec<FlowId> = one.into_iter().filter(|f| two.contains(f)).collect();
                if flows.is_empty() {
                    Self::None
                } else {
                    Self::By(flows)
                }
            }
            (Self::By(one) | Self::AfterTelling(one), Self::By(two) | Self::AfterTelling(two)) => {
                let some = !one.is_empty() && !two.is_empty();
                match both(one, two) {
                    // Flows that are named on both sides and are never the same.
                    none if some && none.is_empty() => Self::None,
                    flows => Self::AfterTelling(flows),
                }
            }
        }
    }
}

/// Who becomes controller of what is received (LEG-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Controllers {
    /// When the receiver does.
    pub passes: Passes,
    /// Who is before that.
    pub until_then: UntilThen,
}

/// Something that is calculated: the only thing that may come out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Derived {
    /// The party that calculates, and keeps it.
    pub at: PartyId,
    /// The kinds of person it is about; empty where it is about nobody.
    pub about: Vec<PersonKind>,
    /// The datasets of this agreement out of which it is calculated.
    pub out_of: Vec<DatasetId>,
    /// The datasets of other agreements, and whether each may be missing.
    pub out_of_others: Vec<(AgreementId, DatasetId, bool)>,
    /// The name of its rules.
    pub rules: LabelId,
    /// Their version; none where a gap leaves it open and the plan is only as if it were filled.
    pub rules_version: Option<String>,
    /// What comes out, in order.
    pub fields: Vec<(FieldName, FieldType)>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// The roles that may see it.
    pub seen_by: Vec<ActorId>,
}

/// What must be so before a decision; all of it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct After {
    /// The match stands so.
    pub matched: Option<MatchIs>,
    /// This field was verified to be up to date.
    pub verified: Option<FieldPath>,
    /// The record came by this flow.
    pub received: Option<FlowId>,
    /// The rows of this flow were sent again as often as it says.
    pub again: Option<FlowId>,
    /// This condition holds.
    pub holds: Option<ConditionId>,
    /// These tests of what was received hold.
    pub tests: Vec<(Operand, Test)>,
}

/// A decision that only a named person may take (law of the house 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// The role that takes it.
    pub by: ActorId,
    /// About whom.
    pub of: Vec<PersonKind>,
    /// What must be so before.
    pub after: After,
    /// What it may come out as, where it is a choice; there is never a default.
    pub one_of: Vec<LabelId>,
    /// The duty that must be considered.
    pub duty: Option<DutyId>,
    /// The datasets or derived things it is taken with.
    pub out_of: Vec<DatasetId>,
    /// What it never rests on.
    pub never_rests_on: Vec<LabelId>,
    /// The datasets that it moves, and where to.
    pub moves: Option<(Vec<DatasetId>, LabelId)>,
    /// The party that becomes controller by it.
    pub makes_controller: Option<PartyId>,
    /// The keep rule before whose end it must be taken.
    pub before: Option<KeepId>,
    /// The paragraph it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// From when a clock runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFrom {
    /// The first day of the term.
    Term,
    /// An event.
    Event(When),
    /// The earlier of these events of one thing.
    EarlierOf {
        /// The events.
        events: Vec<Event>,
        /// What they happen to.
        of: LabelId,
    },
}

/// A duty or an aim with a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Clock {
    /// What is to be done.
    pub what: String,
    /// Within which time.
    pub within: Option<Period>,
    /// How often.
    pub every: Option<Period>,
    /// From when.
    pub from: ClockFrom,
    /// Who must do it.
    pub owner: String,
    /// Duty or aim.
    pub force: Force,
    /// What happens when the time has run out.
    pub then: Option<ClockThen>,
}

/// Something the agreement does not settle yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gap {
    /// The question.
    pub asks: String,
    /// The party that owns it, or `all`.
    pub owner: String,
    /// How much it stops.
    pub stops: Stops,
    /// Where it is open: paths of the agreement, such as `flows.ask.route`.
    pub open_at: Vec<String>,
    /// The days for which it is waived.
    pub waived: Option<Dates>,
}

/// A reading: which of two readings of the source runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What it takes.
    pub takes: String,
    /// Who owns the question.
    pub owner: String,
}

/// The leave that a party's own rules ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// The level.
    pub level: Level,
    /// The role that gives it.
    pub by: ActorId,
    /// The role that leads the project.
    pub lead: ActorId,
    /// Is national security involved?
    pub national_security: bool,
    /// Is the receiver particularly sensitive?
    pub sensitive_recipient: bool,
}

/// How the agreement is reviewed and ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Life {
    /// The days of review.
    pub reviews: Vec<Date>,
    /// The time between reviews.
    pub review_every: Period,
    /// The time after which no run starts while a review is overdue (REV-03).
    pub review_stop: Option<Period>,
    /// How long before the end one party gives notice.
    pub notice: Option<Period>,
    /// What ends it at once.
    pub stop_at_once: Vec<AtOnce>,
    /// What stays in force after its end (AGR-20).
    pub survives: Vec<Survives>,
    /// How many signatures it takes; none where it takes all.
    pub signatures: Option<u32>,
}

impl Life {
    /// The last day of an agreement of which notice is given on `day`: the corresponding day, so that at least
    /// the whole period lies between (C-45). None where it has no notice.
    pub fn ends_by_notice(&self, day: Date) -> Option<Date> {
        self.notice?.after(day)
    }
}

/// The plan. Built only by [`crate::check`], from an agreement without a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    pub(crate) hash: AgreementHash,
    #[serde(skip)]
    pub(crate) canonical: String,
    /// The hash of the annex: contacts, control, versions, signatures; a new telephone number needs no new
    /// signature.
    pub annex_hash: AgreementHash,
    /// Is it only as if gaps were filled? Then nothing can run by it.
    #[serde(skip)]
    pub as_if: crate::AsIf,
    /// The agreement's short name.
    pub agreement: AgreementId,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: Kind,
    /// Its data protection regime (LEG-27).
    pub regime: RegimeId,
    /// Its protective marking.
    pub marking: Marking,
    /// The days on which it can be in force; none where a gap leaves the first day open.
    pub term: Option<Dates>,
    /// How it is reviewed and ended.
    pub life: Life,
    /// The records that a usage agreement moves in all (AGR-23).
    pub records: Option<u32>,
    /// The umbrella of each pair of parties, by `first-second`, with its hash.
    pub umbrellas: BTreeMap<String, (AgreementId, AgreementHash)>,
    /// The parties.
    pub parties: BTreeMap<PartyId, Party>,
    /// The kinds of person.
    pub people: BTreeMap<PersonKind, Person>,
    /// Who belongs together.
    pub cases: BTreeMap<CaseId, Vec<PersonKind>>,
    /// The purposes.
    pub purposes: BTreeMap<PurposeId, Purpose>,
    /// The facts.
    pub facts: BTreeMap<FactId, Fact>,
    /// The conditions.
    pub conditions: Conditions,
    /// The flows that can run. A flow that a gap stops is not here.
    pub flows: BTreeMap<FlowId, Flow>,
    /// The routes.
    pub routes: BTreeMap<RouteId, Route>,
    /// What is derived. A derivation that a gap stops is not here.
    pub derived: BTreeMap<DerivedId, Derived>,
    /// The keep rules, in the order of the file.
    pub keep: Vec<Keep>,
    /// Who becomes controller, by dataset or `*`.
    pub controllers: BTreeMap<String, Controllers>,
    /// The decisions.
    pub decisions: BTreeMap<DecisionId, Decision>,
    /// The clocks, in the order of the file.
    pub clocks: Vec<Clock>,
    /// The leave that each party's own rules ask for.
    pub approvals: BTreeMap<PartyId, Approval>,
    /// The role in which each signatory signs.
    pub signers: BTreeMap<SignerId, String>,
    /// The contact points of each party, by role. They stand in the annex.
    pub contacts: BTreeMap<PartyId, BTreeMap<String, String>>,
    /// The readings.
    pub readings: BTreeMap<ReadingId, Reading>,
    /// The gaps.
    pub gaps: BTreeMap<GapId, Gap>,
    /// The flows that gaps stop, and which gaps.
    pub stopped_flows: BTreeMap<FlowId, Vec<GapId>>,
    /// The derivations that gaps stop, and which gaps.
    pub stopped_derived: BTreeMap<DerivedId, Vec<GapId>>,
    pub(crate) stopped_by: Vec<GapId>,
    pub(crate) permits: Permits,
}

impl Plan {
    /// The hash that every party signs and every package carries.
    pub fn hash(&self) -> AgreementHash {
        self.hash
    }

    /// The bytes that are signed: RFC 8785 JSON (docs/formats/agreement.md).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// One flow, if it can run.
    pub fn flow(&self, id: &FlowId) -> Option<&Flow> {
        self.flows.get(id)
    }

    /// The permits.
    pub fn permits(&self) -> &Permits {
        &self.permits
    }

    /// How many permits there are to disclose, to use and to keep.
    pub fn counts(&self) -> [usize; 3] {
        [Act::Disclose, Act::Use, Act::Keep].map(|act| self.permits.to(act).count())
    }

    /// Does this condition hold of the record on that day?
    pub fn holds(&self, condition: &ConditionId, facts: &dyn Facts, on: Date) -> Truth {
        self.conditions.holds(condition, facts, on)
    }

    /// The gaps that stop the whole agreement and are not waived; it can run only where there is none.
    pub fn stopped_by(&self) -> &[GapId] {
        &self.stopped_by
    }

    /// The keep rules for a dataset, or a derived thing, at a party.
    pub fn keep_rules<'a>(
        &'a self,
        dataset: &'a DatasetId,
        at: &'a PartyId,
    ) -> impl Iterator<Item = &'a Keep> {
        self.keep
            .iter()
            .filter(move |rule| rule.at == *at && rule.what.contains(dataset))
    }

    /// Who becomes controller of a dataset, and when.
    pub fn controllers_of(&self, dataset: &DatasetId) -> Option<Controllers> {
        self.controllers
            .get(dataset.as_str())
            .or_else(|| self.controllers.get("*"))
            .copied()
    }

    /// May this permit be relied on beside those of the same flow, field and kind of person? A last resort only
    /// where it is known of each line above it that it does not hold (LEG-03); any other always.
    pub fn is_resort(
        &self,
        permit: &Permit,
        beside: &[&Permit],
        facts: &dyn Facts,
        on: Date,
    ) -> bool {
        let mut above = beside
            .iter()
            .filter(|p| p.flow == permit.flow && p.rank < permit.rank);
        let fails = |p: &Permit| {
            let mut conditions = p.when.iter();
            !p.dates.contains(on) || conditions.any(|c| self.holds(c, facts, on) == Truth::False)
        };
        !permit.last_resort || above.all(|p| fails(p))
    }

    /// Why a record is not for the member that would get it: it says another one, or it says none.
    fn other_member(&self, permit: &Permit, ask: &Ask, facts: &dyn Facts) -> Option<Reason> {
        let of = permit.for_member.as_ref()?;
        let recorded = match of {
            Operand::Fact(name) => facts.fact(name),
            Operand::Field(path) => facts.field(path),
        };
        let asked = ask.to_member.as_ref().map(LabelId::as_str);
        if recorded.is_some() && recorded == asked {
            return None;
        }
        let message = match recorded {
            Some(_) => format!(
                "{of} says that the record is for another member of {}",
                permit.to
            ),
            None => format!(
                "it is not recorded in {of} for which member of {} the record is",
                permit.to
            ),
        };
        Some(Reason {
            rule: "LEG-01",
            message,
        })
    }

    /// May this cell of this record leave? The permit that is relied on is the first, by rank, whose
    /// conditions are all true.
    ///
    /// # Errors
    /// The refusals of the permits, or the conditions that do not hold, nearest first.
    pub fn leave(&self, ask: &Ask, facts: &dyn Facts) -> Result<PermitId, Vec<NearRefusal>> {
        let leave = self.permits.ask(ask)?;
        let mut near = Vec::new();
        let covers: Vec<&Permit> = leave
            .permits
            .iter()
            .filter_map(|id| self.permits.get(id))
            .collect();
        for permit in &covers {
            let reasons: Vec<Reason> = permit
                .when
                .iter()
                .filter_map(|condition| {
                    let message = match self.holds(condition, facts, ask.on) {
                        Truth::True => return None,
                        Truth::False => format!("the condition {condition} does not hold"),
                        Truth::Unknown => {
                            format!("it is not recorded whether the condition {condition} holds")
                        }
                    };
                    Some(Reason {
                        rule: "RUN-05",
                        message,
                    })
                })
                .chain(self.other_member(permit, ask, facts))
                .chain((!self.is_resort(permit, &covers, facts, ask.on)).then(|| Reason {
                    rule: "LEG-03",
                    message: "it is a last resort, and it is not known of every line above that it does not hold"
                        .to_owned(),
                }))
                .collect();
            if reasons.is_empty() {
                return Ok(permit.id.clone());
            }
            near.push(NearRefusal {
                permit: Some(permit.id.clone()),
                clause: permit.clause(),
                reasons,
            });
        }
        Err(near)
    }
}
