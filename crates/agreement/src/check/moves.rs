//! Which fields move between which parties, as far as the flows say.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::sent;
use crate::ids::{DatasetId, FieldPath, PartyId};
use crate::model::{Agreement, Flow};

/// Who sends and receives what.
#[derive(Default)]
pub(super) struct Moves<'a> {
    sends: BTreeSet<(&'a PartyId, &'a DatasetId)>,
    receives: BTreeSet<(&'a PartyId, &'a DatasetId)>,
    /// By receiver and origin: the parties from which the field comes.
    brought: BTreeMap<(&'a PartyId, FieldPath), BTreeSet<&'a PartyId>>,
}

impl<'a> Moves<'a> {
    pub(super) fn new(a: &'a Agreement) -> Self {
        let (mut sends, mut receives) = (BTreeSet::new(), BTreeSet::new());
        let mut brought: BTreeMap<(&PartyId, FieldPath), BTreeSet<&PartyId>> = BTreeMap::new();
        for flow in a.flows.values().map(|at| &at.value) {
            let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
                continue;
            };
            for dataset in &flow.send {
                sends.insert((&from.value, &dataset.value));
                receives.insert((&to.value, &dataset.value));
            }
            for origin in sent(a, flow).filter_map(|field| a.origin(&field)) {
                brought
                    .entry((&to.value, origin))
                    .or_default()
                    .insert(&from.value);
            }
        }
        Self {
            sends,
            receives,
            brought,
        }
    }

    /// Has the party the field that others are copies of: does it send it, or did a flow bring it?
    pub(super) fn has(&self, party: &PartyId, origin: &FieldPath) -> bool {
        self.sends.contains(&(party, &origin.dataset))
            || self.brought.contains_key(&(party, origin.clone()))
    }

    /// Did the flow's sender get the field from others than the flow's receiver, and is neither of the two
    /// its source?
    pub(super) fn passes_on(&self, flow: &Flow, origin: &FieldPath) -> bool {
        let (Some(from), Some(to)) = (&flow.from, &flow.to) else {
            return false;
        };
        let is_source = |party| {
            self.sends.contains(&(party, &origin.dataset))
                && !self.receives.contains(&(party, &origin.dataset))
        };
        let sources = self.brought.get(&(&from.value, origin.clone()));
        let from_others = sources.is_some_and(|s| s.iter().any(|party| **party != to.value));
        from_others && !is_source(&from.value) && !is_source(&to.value)
    }
}
