//! What partners are to destroy: tracked from the receipt of a file to the certificate (RET-14).

use agreement::{Ends, Event, Flow, MatchIs, Place, Plan};

use super::keep::authority;
use super::outbound::datasets;
use super::{Done, Node};
use crate::change::{Batch, Change};
use crate::entrusted::{Certificate, Entrusted};
use crate::ids::RunId;
use crate::leg::Leg;
use crate::retention::KeepRule;
use crate::trouble::Trouble;

impl Node {
    /// The receiver has the file: what it is to destroy is tracked from now on.
    pub(super) async fn with_entrusted(
        &self,
        mut change: Change<Leg>,
    ) -> Result<Change<Leg>, Trouble> {
        let leg = change.state().clone();
        let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        for dataset in datasets(&flow) {
            let what = dataset.as_str();
            let key = Entrusted::key_of(&leg, leg.file(), what);
            if self.find::<Entrusted>(&key).await?.is_some() {
                continue; // Its certificate came before the receipt.
            }
            let Some(mut new) = entrusted(&leg, &plan, &flow, what) else {
                continue;
            };
            if new.waits_for(&Event::Received.to_string()) {
                new = new.happened(self.now())?;
            }
            change = change.along(&new);
        }
        Ok(change)
    }

    /// A file that answers others is loaded: its sender has matched what it was sent.
    pub(super) async fn with_matched_there(
        &self,
        mut change: Change<Leg>,
        flow: &Flow,
    ) -> Result<Change<Leg>, Trouble> {
        let run = change.state().run().clone();
        for asked in flow.answers.iter().flat_map(|a| &a.flows) {
            for sent in self.under::<Entrusted>(&format!("{run}/{asked}.")).await? {
                if sent.waits_for(&Event::MatchingComplete.to_string()) {
                    change = change.along(&sent.happened(self.now())?);
                }
            }
        }
        Ok(change)
    }

    /// What was sent in a run and is not counted yet, counted from now: at this node the run is over.
    pub(super) async fn counted_from_the_end(
        &self,
        run: &RunId,
    ) -> Result<Vec<Entrusted>, Trouble> {
        let all = self.under::<Entrusted>(&format!("{run}/")).await?;
        let waiting = all.into_iter().filter(Entrusted::is_waiting);
        let counted = waiting.map(|sent| sent.happened(self.now()));
        Ok(counted.collect::<Result<_, _>>()?)
    }

    /// A partner's certificate: of a file that it has or had, or of a row of it.
    pub(super) async fn take_certificate(
        &self,
        leg: &Leg,
        file: u32,
        what: &str,
        certificate: &Certificate,
        batch: Batch,
    ) -> Result<Done, Trouble> {
        let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        let mut certified = Vec::new();
        for dataset in what.split('.') {
            let key = Entrusted::key_of(leg, file, dataset);
            let sent = match self.find::<Entrusted>(&key).await? {
                // The receipt may still be on its way; a file that was refused is not tracked.
                None if file == leg.file() => entrusted(leg, &plan, &flow, dataset),
                found => found,
            };
            certified.extend(sent.map(|sent| sent.certified(certificate)));
        }
        let record = certificate.record(leg, file, what);
        let mut certified = certified.into_iter();
        let batch = match certified.next() {
            Some(first) => {
                let change = Change::new(first, record);
                batch.and(certified.fold(change, |change, next| change.along(&next)))?
            }
            None => batch.note(record),
        };
        self.commit(batch).await
    }
}

/// What a sent file brought to its receiver of a dataset of its flow; none where the agreement says not when it ends.
fn entrusted(leg: &Leg, plan: &Plan, flow: &Flow, what: &str) -> Option<Entrusted> {
    let dataset = datasets(flow).into_iter().find(|d| d.as_str() == what)?;
    let confirmed = |rule: &&agreement::Keep| rule.rows == Some(MatchIs::Confirmed);
    let rules: Vec<_> = plan
        .keep_rules(&dataset, &flow.to)
        .filter(|rule| rule.place != Place::Staging)
        .collect();
    let rule = rules.iter().find(|rule| !confirmed(rule))?;
    let (event, after) = match &rule.ends {
        Ends::Until(when) => (when.event, None),
        Ends::After { from, period } => (from.event, Some(*period)),
        Ends::NeedReviewed { .. } | Ends::Open => return None,
    };
    let rule = KeepRule {
        event: event.to_string(),
        after,
        authority: authority(rule),
    };
    Some(Entrusted::with(
        leg,
        what,
        rule,
        rules.iter().any(confirmed),
    ))
}
