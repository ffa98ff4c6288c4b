//! The agreement as written: each construct with its parts, each part with its place in the file.
//!
//! A required part is none only where its fault has been told; so where no fault was told, all of them are
//! there. What is serialised here is what is signed: places, comments and layout are not in it, and what stands
//! under `annex` in these declarations is in the annex.

mod condition;
mod data;
mod flow;
mod header;
mod keep;
mod papers;
mod parties;

pub(crate) use condition::*;
pub(crate) use data::*;
pub(crate) use flow::*;
pub(crate) use header::*;
pub(crate) use keep::*;
pub(crate) use papers::*;
pub(crate) use parties::*;

use std::collections::{BTreeSet, VecDeque};

use crate::grammar::{Entries, Items};
use crate::ids::{BodyId, CaseId, DatasetId, FieldPath, FlowId, PartyId, PersonKind};
use crate::log::At;

/// How deep conditions may rest on conditions, and copies on copies.
pub(crate) const DEEPEST: usize = 16;

impl Agreement {
    /// One field by its path.
    pub(crate) fn field(&self, path: &FieldPath) -> Option<&Field> {
        let fields = &self.datasets.entry(&path.dataset)?.value.fields;
        fields
            .as_ref()?
            .value
            .0
            .iter()
            .find(|(name, _)| name.value == path.field)
            .map(|(_, field)| field)
    }

    /// All fields of all datasets, with their paths.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (FieldPath, &At<Dataset>, &Field)> {
        self.datasets.entries().flat_map(|(id, dataset)| {
            dataset.value.columns().map(move |(name, field)| {
                (
                    FieldPath::new(id.clone(), name.value.clone()),
                    dataset,
                    field,
                )
            })
        })
    }

    /// A field and all that it is copied from, near ones first, each once; none where one is missing or the copies
    /// go in a circle and end nowhere.
    pub(crate) fn links(&self, path: &FieldPath) -> Option<Vec<(FieldPath, &Field)>> {
        let mut out: Vec<(FieldPath, &Field)> = Vec::new();
        let mut seen = BTreeSet::from([path.clone()]);
        let mut next = VecDeque::from([path.clone()]);
        while let Some(path) = next.pop_front() {
            let field = self.field(&path)?;
            for source in field.copy_of.all() {
                if seen.insert(source.value.clone()) {
                    next.push_back(source.value.clone());
                }
            }
            out.push((path, field));
        }
        out.iter().any(|(_, field)| !field.is_copy()).then_some(out)
    }

    /// The first fields that a field was copied from, or itself; none where a source is missing or the copies
    /// go in a circle.
    pub(crate) fn origins(&self, path: &FieldPath) -> Option<Vec<FieldPath>> {
        let links = self.links(path)?.into_iter();
        Some(
            links
                .filter(|(_, field)| !field.is_copy())
                .map(|(path, _)| path)
                .collect(),
        )
    }

    /// The first field that a field was copied from, or itself, with its declaration.
    pub(crate) fn origin(&self, path: &FieldPath) -> Option<(FieldPath, &Field)> {
        self.links(path)?
            .into_iter()
            .find(|(_, field)| !field.is_copy())
    }

    /// The lines of a flow's legal basis.
    pub(crate) fn lines<'a>(&'a self, flow: &'a Flow) -> &'a [At<Line>] {
        match flow.by.as_ref().map(|by| &by.value) {
            Some(By::Lines(lines)) => lines,
            Some(By::Named(name)) => self
                .bases
                .entry(name)
                .map_or(&[], |lines| lines.value.0.as_slice()),
            None => &[],
        }
    }

    /// The fields that a flow sends, in the order of its columns, each with its dataset.
    pub(crate) fn sent<'a>(&'a self, flow: &'a Flow) -> impl Iterator<Item = FieldPath> + 'a {
        flow.send.all().iter().flat_map(move |d| {
            self.datasets
                .entry(&d.value)
                .into_iter()
                .flat_map(move |dataset| {
                    dataset
                        .value
                        .columns()
                        .map(move |(name, _)| FieldPath::new(d.value.clone(), name.value.clone()))
                })
        })
    }

    /// The kinds of person that a dataset is about in a flow: those of the dataset, cut down to what the flow
    /// itself is about.
    pub(crate) fn about<'a>(&'a self, flow: &'a Flow, dataset: &DatasetId) -> Vec<&'a PersonKind> {
        let only = flow.about.all();
        let all = self.datasets.entry(dataset).map(|d| d.value.kinds());
        let mut kinds: Vec<&PersonKind> = all
            .unwrap_or_default()
            .iter()
            .map(|k| &k.value)
            .filter(|k| only.is_empty() || only.iter().any(|o| o.value == **k))
            .collect();
        kinds.sort();
        kinds
    }

    /// The kinds of person that a whole flow is about.
    pub(crate) fn flow_about<'a>(&'a self, flow: &'a Flow) -> Vec<&'a PersonKind> {
        let mut kinds: Vec<&PersonKind> = flow
            .send
            .all()
            .iter()
            .flat_map(|d| self.about(flow, &d.value))
            .collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Is a fact of `of` a fact about a person of this kind: the kind itself, or a case that holds it?
    pub(crate) fn concerns(&self, of: &[At<PersonKind>], kind: &PersonKind) -> bool {
        of.iter().any(|of| {
            of.value == *kind
                || self
                    .case(&of.value)
                    .is_some_and(|case| case.holds.all().iter().any(|h| h.value == *kind))
        })
    }

    /// The case of this name.
    pub(crate) fn case(&self, name: &PersonKind) -> Option<&Case> {
        let name = CaseId::parse(name.as_str()).ok()?;
        self.cases.entry(&name).map(|at| &at.value)
    }

    /// The body of a party, where it is one body and not any of a register.
    pub(crate) fn body(&self, party: &PartyId) -> Option<&BodyId> {
        match &self.parties.entry(party)?.value.body.as_ref()?.value {
            Body::One(body) => Some(body),
            Body::Each(_) => None,
        }
    }

    /// The flows, with their names.
    pub(crate) fn each_flow(&self) -> impl Iterator<Item = (&FlowId, &At<Flow>)> {
        self.flows.entries()
    }

    /// The flows on which a flow rests: those it answers and those it follows.
    pub(crate) fn rests_on<'a>(&self, flow: &'a Flow) -> &'a [At<FlowId>] {
        match (&flow.answers, &flow.follows) {
            (Some(answers), _) => answers.value.flow.all(),
            (None, Some(follows)) => follows.value.flow.all(),
            (None, None) => &[],
        }
    }
}
