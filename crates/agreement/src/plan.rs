//! The plan: everything the hub runs, compiled from a checked agreement. Deterministic: the same agreement and
//! law give the same plan. It holds no record, no count and no clock.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::condition::{Conditions, Facts, Truth};
use crate::ids::{
    AgreementHash, AgreementId, BodyId, ConditionId, DecisionId, FactId, FieldName, FieldPath,
    FlowId, GapId, LegalPurpose, PartyId, PermitId, PersonKind, PurposeId, ReadingId, RoleId,
    SystemId,
};
use crate::keep::{
    Answers, Class, Force, Form, Keep, Many, Presence, Schedule, Stops, Volume, When, Why,
};
use crate::period::Period;
use crate::permit::{Ask, Dates, NearRefusal, Permits, Reason};
use crate::value::FieldType;

/// A party of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The public body.
    pub body: BodyId,
    /// Its unit.
    pub unit: String,
    /// The source systems it may read (EXCH-HMRC-23).
    pub reads: Vec<SystemId>,
}

/// A purpose of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// What for, in words.
    pub text: String,
    /// The legal purposes it stands on.
    pub law: Vec<LegalPurpose>,
}

/// A fact: read to decide, never moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fact {
    /// Its type.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// What kind of person it is about.
    pub of: PersonKind,
    /// The parties that can know it.
    pub known_to: Vec<PartyId>,
}

/// One column of a flow's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Column {
    /// Its heading.
    pub name: FieldName,
    /// The field.
    pub field: FieldPath,
    /// The field it was first copied from, or itself.
    pub origin: FieldPath,
    /// The form of its cells.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Its class.
    pub class: Class,
    /// Why it is sent.
    pub why: Vec<Why>,
    /// May a cell be empty?
    pub presence: Presence,
    /// How many values a cell may have.
    pub many: Many,
    /// Does the exchange itself make the value, for each record?
    pub minted: bool,
    /// The kinds of person its cells are about.
    pub about: Vec<PersonKind>,
    /// The permits to disclose it, in the order in which they are relied on.
    pub permits: Vec<PermitId>,
}

impl Column {
    /// Must every row have a value here?
    pub fn required(&self) -> bool {
        self.presence == Presence::Always
    }
}

/// A flow that can run: one file's way from one party to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// The sender.
    pub from: PartyId,
    /// The receiver.
    pub to: PartyId,
    /// The columns, in the order of the file; these and no other.
    pub columns: Vec<Column>,
    /// The condition that a record must meet to be in it.
    pub only: Option<ConditionId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// When it runs of its own accord; none for an answer.
    pub when: Option<Schedule>,
    /// How many rows.
    pub volume: Option<Volume>,
    /// What it answers.
    pub answers: Option<Answers>,
    /// The form of the file.
    pub form: Form,
    /// The route of the file.
    pub route: SystemId,
}

/// A decision that only a named person may take (law of the house 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The party whose person decides.
    pub party: PartyId,
    /// The role of that person.
    pub role: RoleId,
    /// About whom.
    pub of: Vec<PersonKind>,
    /// What must be so before.
    pub after: After,
    /// The paragraph it rests on.
    pub cite: Option<String>,
    /// The reading it rests on.
    pub reading: Option<ReadingId>,
}

/// What must be so before a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// The match was confirmed by a person or by strong evidence.
    MatchConfirmed,
}

/// A duty with a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// What is to be done.
    pub what: String,
    /// Within which time.
    pub within: Period,
    /// From which event.
    pub from: When,
    /// Who must do it.
    pub owner: String,
    /// Duty or aim.
    pub force: Force,
}

/// Something the agreement does not settle yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The question.
    pub asks: String,
    /// The party that owns it, or `all`.
    pub owner: String,
    /// How much it stops.
    pub stops: Stops,
    /// Where it is open: places of the agreement, such as `flow ask`.
    pub open_at: Vec<String>,
}

/// The plan. Built only by [`crate::check`], from an agreement without a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    pub(crate) hash: AgreementHash,
    #[serde(skip)]
    pub(crate) canonical: String,
    /// The hash of the annex: contacts; a new telephone number needs no new signature.
    pub annex_hash: AgreementHash,
    /// The agreement's short name.
    pub agreement: AgreementId,
    /// Its title.
    pub title: String,
    /// Its data protection regime (LEG-27).
    pub regime: String,
    /// Its protective marking.
    pub marking: String,
    /// The days on which it can be in force; none where a gap leaves the first day open.
    pub term: Option<Dates>,
    /// The days on which it falls due for review, within the term.
    pub reviews: Vec<Date>,
    /// The umbrella reference of each pair of parties, by `first-second`.
    pub umbrellas: BTreeMap<String, String>,
    /// The parties.
    pub parties: BTreeMap<PartyId, Party>,
    /// The kinds of person, in words.
    pub people: BTreeMap<PersonKind, String>,
    /// The purposes.
    pub purposes: BTreeMap<PurposeId, Purpose>,
    /// The facts.
    pub facts: BTreeMap<FactId, Fact>,
    /// The conditions.
    pub conditions: Conditions,
    /// The flows that can run. A flow that a gap stops is not here.
    pub flows: BTreeMap<FlowId, Flow>,
    /// The keep rules, in the order of the file.
    pub keep: Vec<Keep>,
    /// The decisions.
    pub decisions: BTreeMap<DecisionId, Decision>,
    /// The clocks, in the order of the file.
    pub clocks: Vec<Clock>,
    /// The role that signs for each party.
    pub signers: BTreeMap<PartyId, String>,
    /// The contact points of each party, by role. They stand in the annex.
    pub contacts: BTreeMap<PartyId, BTreeMap<String, String>>,
    /// The gaps that are open somewhere.
    pub gaps: BTreeMap<GapId, Gap>,
    /// The flows that gaps stop, and which gaps.
    pub stopped_flows: BTreeMap<FlowId, Vec<GapId>>,
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

    /// Does this condition hold of the record on that day?
    pub fn holds(&self, condition: &ConditionId, facts: &dyn Facts, on: Date) -> Truth {
        self.conditions.holds(condition, facts, on)
    }

    /// The gaps that stop the whole agreement; it can run only where there is none.
    pub fn stopped_by(&self) -> Vec<&GapId> {
        let stops = |gap: &Gap| gap.stops == Stops::Agreement;
        self.gaps
            .iter()
            .filter(|(_, gap)| stops(gap))
            .map(|(id, _)| id)
            .collect()
    }

    /// The keep rules for a dataset at a party.
    pub fn keep_rules<'a>(
        &'a self,
        dataset: &'a crate::ids::DatasetId,
        at: &'a PartyId,
    ) -> impl Iterator<Item = &'a Keep> {
        self.keep
            .iter()
            .filter(move |rule| rule.at == *at && rule.what.contains(dataset))
    }

    /// May this cell of this record leave? The permit that is relied on is the first, by rank, whose
    /// conditions are all true.
    ///
    /// # Errors
    /// The refusals of the permits, or the conditions that do not hold, nearest first.
    pub fn leave(&self, ask: &Ask, facts: &dyn Facts) -> Result<PermitId, Vec<NearRefusal>> {
        let leave = self.permits.ask(ask)?;
        let mut near = Vec::new();
        for id in leave.permits {
            let Some(permit) = self.permits.get(&id) else {
                continue;
            };
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
                .collect();
            if reasons.is_empty() {
                return Ok(id);
            }
            near.push(NearRefusal {
                permit: Some(id),
                clause: permit.clause(),
                reasons,
            });
        }
        Err(near)
    }
}
