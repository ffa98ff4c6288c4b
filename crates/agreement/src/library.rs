//! The agreements beside the one that is looked at: the umbrellas it stands under, and those it may repeat.
//! Reads no file: the texts are arguments.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::grammar::{Entries, Items};
use crate::ids::{
    AgreementHash, AgreementId, BodyId, DatasetId, FieldName, LegalPurpose, PurposeId, RegisterId,
};
use crate::law::Law;
use crate::model::{Agreement, ProcessAgreements};
use crate::permit::Dates;
use crate::words::Kind;

/// What is known of an agreement beside the one that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    pub(crate) kind: Kind,
    /// None where it has faults.
    pub(crate) hash: Option<AgreementHash>,
    /// The SHA-256 of the RFC 8785 form of its text alone.
    pub(crate) digest: String,
    pub(crate) title: String,
    pub(crate) reference: Option<String>,
    pub(crate) bodies: BTreeSet<BodyId>,
    /// The names of bodies that the catalogue knows by kind only.
    pub(crate) named: BTreeMap<BodyId, BTreeSet<String>>,
    pub(crate) registers: BTreeSet<RegisterId>,
    pub(crate) term: Option<Dates>,
    pub(crate) purposes: BTreeSet<PurposeId>,
    pub(crate) asks: Option<ProcessAgreements>,
    pub(crate) datasets: BTreeSet<DatasetId>,
    pub(crate) exchanges: Vec<Exchange>,
    /// The umbrellas that it names.
    pub(crate) under: BTreeSet<AgreementId>,
    pub(crate) starts: Option<jiff::civil::Date>,
    pub(crate) stage: Option<crate::words::Stage>,
    /// By sending body: the gateways relied on and the business owner.
    pub(crate) directions: BTreeMap<(BodyId, BodyId), Direction>,
}

/// What an umbrella's register says of one direction of a process agreement (AGR-07).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) gates: BTreeSet<String>,
    pub(crate) owner: Option<String>,
}

/// Agreements by name.
#[derive(Clone, Debug, Default)]
pub struct Library {
    by_name: BTreeMap<AgreementId, Beside>,
}

impl Library {
    /// No agreement beside.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the agreements of a folder: each a name for messages and its bytes. What cannot be read is left
    /// out; the check of that file tells why.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, law: &Law) -> Self {
        let mut by_name = BTreeMap::new();
        for (file, bytes) in files {
            if let Some((name, beside)) = beside(file, bytes, law) {
                by_name.insert(name, beside);
            }
        }
        Self { by_name }
    }

    pub(crate) fn get(&self, name: &AgreementId) -> Option<&Beside> {
        self.by_name.get(name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&AgreementId, &Beside)> {
        self.by_name.iter()
    }

    pub(crate) fn umbrellas(&self) -> impl Iterator<Item = &AgreementId> {
        self.by_name
            .iter()
            .filter(|(_, b)| b.kind == Kind::Umbrella)
            .map(|(name, _)| name)
    }
}

fn beside(file: &str, bytes: &[u8], law: &Law) -> Option<(AgreementId, Beside)> {
    let log = crate::log::Log::new(file);
    let (root, _) = document::text(bytes).and_then(document::parse).ok()?;
    let a = crate::model::read(&root, &log)?;
    let kind = a.kind.as_ref()?.value;
    // Only an umbrella's hash is signed with another agreement, and an umbrella stands under none.
    let hash = (kind == Kind::Umbrella)
        .then(|| {
            crate::check(file, bytes, law, &Library::none())
                .plan
                .map(|plan| plan.hash())
        })
        .flatten();
    let given = |slot: &crate::grammar::Part<crate::grammar::Slot<String>>| {
        slot.as_ref().and_then(|at| at.value.given().cloned())
    };
    let beside = Beside {
        kind,
        hash,
        digest: hex::encode(Sha256::digest(serde_json_canonicalizer::to_vec(&a).ok()?)),
        title: a.title.as_ref()?.value.clone(),
        reference: given(&a.reference),
        bodies: crate::check::bodies(&a).into_iter().cloned().collect(),
        named: named(&a),
        registers: a
            .parties
            .entries()
            .filter_map(|(_, at)| at.value.register().cloned())
            .collect(),
        term: crate::check::dates::term(&a),
        purposes: a.purposes.names().cloned().collect(),
        asks: a.process_agreements.as_ref().map(|at| at.value.clone()),
        datasets: a.datasets.names().cloned().collect(),
        exchanges: exchanges(&a, law),
        under: a
            .under
            .entries()
            .filter_map(|(_, at)| at.value.given().cloned())
            .collect(),
        starts: a
            .term
            .as_ref()
            .and_then(|t| t.value.from.as_ref()?.value.given().copied()),
        stage: a.stage.as_ref().map(|at| at.value),
        directions: directions(&a),
    };
    Some((a.agreement?.value, beside))
}

fn named(a: &Agreement) -> BTreeMap<BodyId, BTreeSet<String>> {
    let mut out: BTreeMap<BodyId, BTreeSet<String>> = BTreeMap::new();
    for (id, at) in a.parties.entries() {
        if let (Some(body), Some(name)) = (a.body(id), &at.value.named) {
            out.entry(body.clone())
                .or_default()
                .insert(name.value.clone());
        }
    }
    out
}

fn directions(a: &Agreement) -> BTreeMap<(BodyId, BodyId), Direction> {
    let mut out: BTreeMap<(BodyId, BodyId), Direction> = BTreeMap::new();
    for (_, flow) in a.each_flow() {
        let flow = &flow.value;
        let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
            continue;
        };
        let (Some(sender), Some(receiver)) = (a.body(&from.value), a.body(&to.value)) else {
            continue;
        };
        let direction = out.entry((sender.clone(), receiver.clone())).or_default();
        for line in a.lines(flow) {
            let gate = line.value.gate.iter().map(|g| g.value.to_string());
            let with = line.value.with.all().iter().map(|w| w.value.to_string());
            direction.gates.extend(gate.chain(with));
        }
        let owner = a
            .owners
            .entry(&from.value)
            .and_then(|o| o.value.given().cloned());
        direction.owner = owner;
    }
    out
}

/// Data that goes from one body to another for one purpose of the law.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) from: BodyId,
    pub(crate) to: BodyId,
    pub(crate) purpose: LegalPurpose,
    pub(crate) fields: BTreeSet<FieldName>,
}

impl Exchange {
    /// The same bodies, the same purpose, and at least half of the fields.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let common = self.fields.intersection(&other.fields).count();
        let fewer = self.fields.len().min(other.fields.len());
        self.from == other.from
            && self.to == other.to
            && self.purpose == other.purpose
            && fewer > 0
            && common * 2 >= fewer
    }
}

/// What an agreement exchanges, as far as it is about people; answers are left to their questions.
pub(crate) fn exchanges(a: &Agreement, law: &Law) -> Vec<Exchange> {
    let mut out = Vec::new();
    for (_, flow) in a.each_flow() {
        let flow = &flow.value;
        let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
            continue;
        };
        let (Some(from), Some(to)) = (a.body(&from.value), a.body(&to.value)) else {
            continue;
        };
        if flow.answers.is_some() || a.flow_about(flow).is_empty() {
            continue;
        }
        let fields: BTreeSet<FieldName> = a.sent(flow).map(|path| path.field).collect();
        let purposes = flow
            .purposes
            .all()
            .iter()
            .filter_map(|p| a.purposes.entry(&p.value));
        for purpose in purposes.flat_map(|p| p.value.law.values()) {
            if law.purpose(&purpose).is_some() {
                out.push(Exchange {
                    from: from.clone(),
                    to: to.clone(),
                    purpose,
                    fields: fields.clone(),
                });
            }
        }
    }
    out
}
