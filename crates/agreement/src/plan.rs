//! The plan: everything the hub runs, compiled from a checked agreement. Deterministic: the same agreement and
//! law give the same plan. It holds no record, no count and no clock.

mod duties;
mod flow;
mod keep;
mod people;

use crate::condition::{Conditions, Facts, Operand, Truth};
use crate::ids::{
    AgreementHash, AgreementId, CaseId, ConditionId, DatasetId, DecisionId, DerivedId, FactId,
    FieldName, FlowId, GapId, LabelId, PartyId, PermitId, PersonKind, PurposeId, ReadingId,
    RegimeId, RouteId, SignerId,
};
use crate::permit::{Act, Ask, Dates, NearRefusal, Permit, Permits, Reason};
use crate::value::FieldType;
use crate::words::{Kind, Marking, Stage, TypeName};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

pub use duties::*;
pub use flow::*;
pub use keep::*;
pub use people::*;

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
    /// Whether it is tried out, or done for good.
    pub stage: Option<Stage>,
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
    /// What the parties undertake in words, by the key of the prose, each in one line: what an assurance of compliance is
    /// about (AUD-02). What a gap leaves open is not here.
    pub undertakings: BTreeMap<String, String>,
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

    /// What goes as one file: the flow with the columns of the flows that are part of it. A column whose name another
    /// has already is named after its dataset too. None for a flow that is itself a part, or cannot run.
    pub fn file(&self, id: &FlowId) -> Option<Flow> {
        let mut file = self.flow(id).filter(|f| f.part_of.is_none())?.clone();
        let parts = self.flows.values();
        for part in parts.filter(|f| f.part_of.as_ref() == Some(id)) {
            for column in &part.columns {
                let mut column = column.clone();
                column.part = Some(part.id.clone());
                if file.columns.iter().any(|c| c.name == column.name) {
                    let dataset = column.field.dataset.as_str().replace('-', "_");
                    column.name = FieldName::parse(&format!("{dataset}_{}", column.name)).ok()?;
                }
                file.columns.push(column);
            }
        }
        Some(file)
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

    /// The kind of person that a record is known to be about: the one of which alone a truth can be so that is so of it.
    /// None where nothing or more than one kind says so.
    pub fn kind_of<'a>(&'a self, facts: &dyn Facts) -> Option<&'a PersonKind> {
        let mut told = self.kinds_told();
        let of = |(name, kind): (&FactId, &'a PersonKind)| {
            (facts.fact(name) == Some("yes")).then_some(kind)
        };
        let kind = told.by_ref().find_map(of)?;
        let other = told.filter_map(of).any(|other| other != kind);
        (!other).then_some(kind)
    }

    /// The truths that can be so of one kind of person alone, each with that kind.
    pub fn kinds_told(&self) -> impl Iterator<Item = (&FactId, &PersonKind)> {
        self.facts.iter().filter_map(|(name, fact)| {
            let [one] = fact.of.as_slice() else {
                return None;
            };
            let tells = fact.field_type == FieldType::Plain(TypeName::Truth)
                && self.people.contains_key(one);
            tells.then_some((name, one))
        })
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
