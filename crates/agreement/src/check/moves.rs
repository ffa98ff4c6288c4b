//! Which fields move between which parties, as far as the flows say.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, FieldPath, PartyId, PurposeId};
use crate::model::{Agreement, Flow, SUBJECT};

/// Who sends and receives what.
#[derive(Default)]
pub(super) struct Moves<'a> {
    /// Is every party and dataset of every flow declared? Where not, what is missing would be told twice.
    complete: bool,
    sends: BTreeSet<(&'a PartyId, &'a DatasetId)>,
    receives: BTreeSet<(&'a PartyId, &'a DatasetId)>,
    /// By receiver and origin: the parties from which the field comes.
    brought: BTreeMap<(&'a PartyId, FieldPath), BTreeSet<&'a PartyId>>,
    /// By receiver and dataset: the purposes for which it comes.
    came_for: BTreeMap<PartyId, BTreeMap<DatasetId, BTreeSet<PurposeId>>>,
    /// The parties that stand for each body of a register.
    registers: BTreeSet<&'a PartyId>,
}

impl<'a> Moves<'a> {
    pub(super) fn new(a: &'a Agreement) -> Self {
        let mut moves = Self {
            complete: true,
            ..Self::default()
        };
        let mut ways: Vec<(&PartyId, &PartyId, BTreeSet<FieldPath>)> = Vec::new();
        for (_, flow) in a.each_flow() {
            let flow = &flow.value;
            let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
                moves.complete = false;
                continue;
            };
            moves.complete &= a.parties.has(&from.value) && flow.send.is_some();
            moves.complete &= a.parties.has(&to.value) || to.value.as_str() == SUBJECT;
            for dataset in flow.send.all() {
                moves.complete &= a.datasets.has(&dataset.value);
                moves.sends.insert((&from.value, &dataset.value));
                moves.receives.insert((&to.value, &dataset.value));
                let came = moves.came_for.entry(to.value.clone()).or_default();
                came.entry(dataset.value.clone())
                    .or_default()
                    .extend(flow.purposes.values());
            }
            let origins = a
                .sent(flow)
                .filter_map(|field| a.origins(&field))
                .flatten()
                .collect();
            ways.push((&from.value, &to.value, origins));
        }
        moves.registers = a
            .parties
            .entries()
            .filter(|(_, at)| at.value.register().is_some())
            .map(|(id, _)| id)
            .collect();
        // A field comes to a party only from one that has it: round by round, until nothing new arrives.
        loop {
            let mut news = false;
            for (from, to, origins) in &ways {
                for origin in origins {
                    if moves.holds(from, origin) {
                        let sources = moves.brought.entry((to, origin.clone())).or_default();
                        news |= sources.insert(from);
                    }
                }
            }
            if !news {
                return moves;
            }
        }
    }

    /// Is it known who sends and receives what?
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Does the party send or receive the dataset?
    pub(super) fn has(&self, party: &PartyId, dataset: &DatasetId) -> bool {
        self.sends.contains(&(party, dataset)) || self.receives.contains(&(party, dataset))
    }

    fn holds(&self, party: &PartyId, origin: &FieldPath) -> bool {
        self.sends.contains(&(party, &origin.dataset))
            || self.brought.contains_key(&(party, origin.clone()))
    }

    /// Does the party lack the field that others are copies of: it neither sends it first nor receives it?
    pub(super) fn lacks(&self, party: &PartyId, origin: &FieldPath) -> bool {
        self.complete && !self.holds(party, origin)
    }

    /// The purposes for which a dataset came to a party; none where it is the party's own.
    pub(super) fn came_for(
        &self,
        party: &PartyId,
        dataset: &DatasetId,
    ) -> Option<&BTreeSet<PurposeId>> {
        self.came_for.get(party)?.get(dataset)
    }

    /// Has the party a dataset of its own accord: it sends it and never gets it?
    fn is_source(&self, party: &PartyId, dataset: &DatasetId) -> bool {
        self.sends.contains(&(party, dataset)) && !self.receives.contains(&(party, dataset))
    }

    /// Does the flow pass the field on: did its sender, whose own it is not, get it from others than the flow's
    /// receiver? Each body of a register is another than the next; an answer goes back to the one that asked.
    pub(super) fn passes_on(&self, flow: &Flow, origin: &FieldPath) -> bool {
        let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
            return false;
        };
        let sources = self.brought.get(&(&from.value, origin.clone()));
        let is_other = |party: &PartyId| {
            *party != to.value || self.registers.contains(party) && flow.answers.is_none()
        };
        let from_others = sources.is_some_and(|s| s.iter().any(|party| is_other(party)));
        self.complete && from_others && !self.is_source(&from.value, &origin.dataset)
    }
}
