//! The permit: the only thing in the hub that gives leave. Compiling an agreement yields permits.
//!
//! A permit says: this field of this dataset, about this kind of person, may go from this party to that one,
//! under this gateway, for this purpose, when this condition holds, in this territory, between these dates, in
//! this form, over this route, to be kept until that event.
//!
//! Static and pure: counts and caps belong to the gate, records to the conditions. Unknown means no.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::condition::Operand;
use crate::ids::{
    ActorId, AgreementId, ConditionId, DatasetId, FieldName, FieldPath, FlowId, GatewayId,
    InstrumentId, LabelId, LimbId, PartyId, PermitId, PersonKind, PurposeId, RegisterId, RouteId,
};
use crate::plan::{Keep, Many, Onward, Present};
use crate::value::FieldType;
use crate::window::Window;
use crate::words::{Form, Others, RowCover, Scope};

/// What is done with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It goes from one party to another.
    Disclose,
    /// The party that received or derived it uses it.
    Use,
    /// A party keeps it.
    Keep,
}

impl Act {
    /// The act as a verb, for people.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Disclose => "disclose",
            Self::Use => "use",
            Self::Keep => "keep",
        }
    }
}

/// Civil days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dates {
    /// The first day.
    pub from: Date,
    /// The last day; none where there is no end.
    pub last: Option<Date>,
}

impl Dates {
    /// Is the day one of these?
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && self.last.is_none_or(|last| day <= last)
    }

    /// The days that are in both; none where there is no such day.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let last = match (self.last, other.last) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let from = self.from.max(other.from);
        last.is_none_or(|last| from <= last)
            .then_some(Self { from, last })
    }
}

impl std::fmt::Display for Dates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.last {
            Some(last) => write!(f, "from {} to {last}", self.from),
            None => write!(f, "from {} without an end", self.from),
        }
    }
}

/// What a cell of the field looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Its type.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// How many values it may have.
    pub many: Many,
    /// Whether it may be absent.
    pub presence: Present,
    /// How far back its values or its row reach.
    pub window: Option<Window>,
}

/// Each body of a register, one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Each {
    /// The register.
    pub register: RegisterId,
    /// The day of its version.
    pub version: Date,
    /// The SHA-256 of its members.
    pub digest: String,
    /// The members.
    #[serde(skip)]
    pub members: Vec<LabelId>,
}

/// One leave; see the module's first lines. `from` and `to` are one party where the act is use or keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Permit {
    /// Its stable name.
    pub id: PermitId,
    /// The agreement it was compiled from.
    pub agreement: AgreementId,
    /// What may be done.
    pub act: Act,
    /// The flow by which the cell moves or came; none where the act is keep, or where it was derived.
    pub flow: Option<FlowId>,
    /// The field.
    pub field: FieldPath,
    /// The fields it was first copied from, or itself; their rules follow it.
    pub origins: Vec<FieldPath>,
    /// The kind of person the cell is about; `nobody` where it is about none.
    pub about: PersonKind,
    /// The party that has it.
    pub from: PartyId,
    /// The party that gets it, or `subject`: the person it is about.
    pub to: PartyId,
    /// Where `from` stands for each body of a register.
    pub each_from: Option<Each>,
    /// Where `to` does.
    pub each_to: Option<Each>,
    /// What says for which member of the receiving register a record is; it must be the one that gets it.
    pub for_member: Option<Operand>,
    /// The processors that handle it under this leave.
    pub handled_by: Vec<PartyId>,
    /// The legal gateway; none where the act is keep, or where it was derived.
    pub gateway: Option<GatewayId>,
    /// The limbs of it that are relied on.
    pub limbs: Vec<LimbId>,
    /// The area in which it is used.
    pub area: Option<LabelId>,
    /// What it is read together with.
    pub with: Vec<InstrumentId>,
    /// Its place among the lines of its basis, from 0; a lower one is relied on first.
    pub rank: u16,
    /// May it be relied on only where no line above covers the cell?
    pub last_resort: bool,
    /// How much one use of the gateway covers.
    pub scope: Scope,
    /// The flow's purposes as far as the gateway serves them.
    pub purposes: Vec<PurposeId>,
    /// The conditions that must all hold of the record.
    pub when: Vec<ConditionId>,
    /// The nations of the United Kingdom where the gateway reaches.
    pub territory: Vec<String>,
    /// The days on which it gives leave.
    pub dates: Dates,
    /// What the cell looks like.
    pub shape: Shape,
    /// The form of the file; none where the act is not disclose, or where a gap leaves it open.
    pub form: Option<Form>,
    /// The route; none where the act is not disclose.
    pub route: Option<RouteId>,
    /// The flows that must go with it.
    pub needs: Vec<FlowId>,
    /// The flows that it answers or follows.
    pub answers: Vec<FlowId>,
    /// Which rows an answer has.
    pub coverage: Option<RowCover>,
    /// How an answer shows the rows without content.
    pub nil: Option<Others>,
    /// The columns by which an answer pairs with what it answers.
    pub pairs_on: Vec<FieldName>,
    /// The roles that may see it, where they are named.
    pub seen_by: Vec<ActorId>,
    /// Until when the party that gets the cell (or keeps it) may have it.
    pub keep: Vec<Keep>,
    /// Whether it may go on from who gets it.
    pub onward: Onward,
}

/// A question for leave. The facts of the record are asked apart, by the permit's conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What one means to do.
    pub act: Act,
    /// By which flow; none asks for any.
    pub flow: Option<FlowId>,
    /// The field.
    pub field: FieldPath,
    /// The kind of person.
    pub about: PersonKind,
    /// The party that has it.
    pub from: PartyId,
    /// The member of the register that the party stands for.
    pub from_member: Option<LabelId>,
    /// The party that is to have it; the same party where the act is use or keep.
    pub to: PartyId,
    /// The member of the register that the party stands for.
    pub to_member: Option<LabelId>,
    /// What for.
    pub purpose: PurposeId,
    /// On which day.
    pub on: Date,
}

/// Leave, on the conditions that the permits name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leave {
    /// The permits that cover the question, the first to rely on first; at least one. Each holds only where
    /// all its `when` conditions are true of the record.
    pub permits: Vec<PermitId>,
}

/// One reason why a permit does not cover a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule: a requirement id.
    pub rule: &'static str,
    /// What does not fit, in words; no personal value.
    pub message: String,
}

/// A permit that does not cover a question, and all that keeps it from doing so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearRefusal {
    /// The permit; none where no permit comes near.
    pub permit: Option<PermitId>,
    /// Where in the agreement it comes from: the flow and the gateway, or the keep rule.
    pub clause: String,
    /// What does not fit; at least one.
    pub reasons: Vec<Reason>,
}

/// How many refusals an answer shows at most.
const SHOWN: usize = 5;

/// All permits of an agreement, in order of flow, column, kind of person and rank.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Permits {
    all: Vec<Permit>,
    #[serde(skip)]
    by_id: BTreeMap<PermitId, usize>,
    #[serde(skip)]
    by_field: BTreeMap<FieldPath, Vec<usize>>,
}

impl Permits {
    pub(crate) fn new(all: Vec<Permit>) -> Self {
        let mut by_id = BTreeMap::new();
        let mut by_field: BTreeMap<FieldPath, Vec<usize>> = BTreeMap::new();
        for (i, permit) in all.iter().enumerate() {
            by_id.insert(permit.id.clone(), i);
            by_field.entry(permit.field.clone()).or_default().push(i);
        }
        Self {
            all,
            by_id,
            by_field,
        }
    }

    /// One permit.
    pub fn get(&self, id: &PermitId) -> Option<&Permit> {
        self.by_id.get(id).and_then(|i| self.all.get(*i))
    }

    /// One permit by its name as text.
    pub fn find(&self, id: &str) -> Option<&Permit> {
        self.get(&PermitId::new(id.to_owned()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Permit> {
        self.all.iter()
    }

    /// Those for one act.
    pub fn to(&self, act: Act) -> impl Iterator<Item = &Permit> {
        self.all.iter().filter(move |p| p.act == act)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Is nothing permitted at all?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Is there leave for this, as far as the agreement alone can tell? This is `explain`.
    ///
    /// # Errors
    /// The nearest refusals, nearest first, when no permit covers the question.
    pub fn ask(&self, ask: &Ask) -> Result<Leave, Vec<NearRefusal>> {
        let mut leave: Vec<&Permit> = Vec::new();
        let mut near: Vec<(&Permit, Vec<Reason>)> = Vec::new();
        let of_field = self.by_field.get(&ask.field).into_iter().flatten();
        for permit in of_field.filter_map(|i| self.all.get(*i)) {
            let reasons = permit.reasons(ask);
            if reasons.is_empty() {
                leave.push(permit);
            } else {
                near.push((permit, reasons));
            }
        }
        if !leave.is_empty() {
            leave.sort_by(|a, b| (a.rank, &a.id).cmp(&(b.rank, &b.id)));
            return Ok(Leave {
                permits: leave.into_iter().map(|p| p.id.clone()).collect(),
            });
        }
        // A leave for another act is near only where there is none for this one.
        if near.iter().any(|(permit, _)| permit.act == ask.act) {
            near.retain(|(permit, _)| permit.act == ask.act);
        }
        near.sort_by(|(p, a), (q, b)| {
            (a.len(), p.act, p.rank, &p.id).cmp(&(b.len(), q.act, q.rank, &q.id))
        });
        near.truncate(SHOWN);
        if near.is_empty() {
            return Err(vec![NearRefusal {
                permit: None,
                clause: "the whole agreement".to_owned(),
                reasons: vec![Reason {
                    rule: "AGR-12",
                    message: format!("no permit names the field {}", ask.field),
                }],
            }]);
        }
        Err(near
            .into_iter()
            .map(|(permit, reasons)| NearRefusal {
                permit: Some(permit.id.clone()),
                clause: permit.clause(),
                reasons,
            })
            .collect())
    }
}

impl Permit {
    /// Where in the agreement the permit comes from.
    pub fn clause(&self) -> String {
        match (&self.flow, &self.gateway, self.act) {
            (Some(flow), Some(gate), Act::Use) => {
                format!("what came by flow {flow} of {}, by {gate}", self.agreement)
            }
            (Some(flow), Some(gate), _) => format!("flow {flow} of {}, by {gate}", self.agreement),
            (_, _, Act::Use) => format!("derivation {} of {}", self.field.dataset, self.agreement),
            _ => format!(
                "keep rule of {} for {} at {}",
                self.agreement, self.field.dataset, self.to
            ),
        }
    }

    /// The dataset of the field it was first copied from.
    pub fn origin_dataset(&self) -> &DatasetId {
        self.origins
            .first()
            .map_or(&self.field.dataset, |o| &o.dataset)
    }

    /// All that keeps this permit from covering the question.
    fn reasons(&self, ask: &Ask) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut say = |rule, message| reasons.push(Reason { rule, message });
        if self.act != ask.act {
            say(
                "LEG-23",
                format!(
                    "it gives leave to {}, not to {}",
                    self.act.verb(),
                    ask.act.verb()
                ),
            );
        }
        if self.from == ask.to && self.to == ask.from && self.from != self.to {
            say(
                "LEG-01",
                format!("it runs the other way, from {} to {}", self.from, self.to),
            );
        } else {
            let by_processor =
                self.act == Act::Use && ask.from == ask.to && self.handled_by.contains(&ask.to);
            if self.from != ask.from && !by_processor {
                say(
                    "LEG-01",
                    format!("it is for cells that {} has, not {}", self.from, ask.from),
                );
            }
            if self.to != ask.to && !by_processor {
                say(
                    "LEG-01",
                    format!("it is for {} to have them, not {}", self.to, ask.to),
                );
            }
        }
        for (each, party, member) in [
            (&self.each_from, &self.from, &ask.from_member),
            (&self.each_to, &self.to, &ask.to_member),
        ] {
            if let Some(message) = member_fault(each.as_ref(), party, member.as_ref()) {
                say("LEG-01", message);
            }
        }
        if ask.flow.is_some() && self.flow != ask.flow {
            say("AGR-12", "it belongs to another flow".to_owned());
        }
        if self.about != ask.about {
            say(
                "AGR-12",
                format!("it is about {}, not {}", self.about, ask.about),
            );
        }
        if !self.purposes.contains(&ask.purpose) {
            let served: Vec<&str> = self.purposes.iter().map(PurposeId::as_str).collect();
            say(
                "LEG-23",
                format!("it serves {}, not {}", served.join(" and "), ask.purpose),
            );
        }
        if !self.dates.contains(ask.on) {
            say(
                "AGR-20",
                format!("it holds {}, not on {}", self.dates, ask.on),
            );
        }
        reasons
    }
}

/// Does the member fit the party: one of its register where it stands for one, and none where it does not?
fn member_fault(each: Option<&Each>, party: &PartyId, member: Option<&LabelId>) -> Option<String> {
    match (each, member) {
        (None, None) => None,
        (None, Some(member)) => Some(format!("{party} is one body, and {member} no member of it")),
        (Some(each), None) => Some(format!(
            "{party} stands for each of {}: it must be said which",
            each.register
        )),
        (Some(each), Some(member)) => (!each.members.contains(member))
            .then(|| format!("{member} is not in {} of {}", each.register, each.version)),
    }
}
