//! Looking one person up: what confirmed matches told of them, for one purpose. The record is durable before the answer
//! is given; where it cannot be written there is no answer (LOOKUP-03).

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Class, Column, Flow};
use jiff::Timestamp;

use super::outbound::datasets;
use super::usage::{MASKED, usable};
use super::{Done, Node};
use crate::change::{Aggregate, Batch};
use crate::deadline::london_day;
use crate::finding::{Finding, State};
use crate::flag::Flag;
use crate::ids::{HoldingId, OperationId};
use crate::leg::Leg;
use crate::lookup::{
    Answer, Asker, Cell, Found, Held, Known, LookUp, Looked, Outcome, Request, is_served,
    not_before, restrictions,
};
use crate::matches::{Match, Standing};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows::{self, Row};
use crate::trace::Trace;
use crate::trouble::Trouble;

/// Rules by which nothing is held, as far as an answer goes; every other rule denies.
const NOT_HELD: [&str; 3] = ["LOOKUP-08", "LOOKUP-09", "RET-12"];

/// What may be shown of somebody, and by which rules the rest may not.
struct Seen {
    held: Vec<Held>,
    withheld: Vec<&'static str>,
    known: Known,
}

/// Why what one match told is not shown: the rules.
type Withheld = Vec<&'static str>;

impl Node {
    /// Looks up what is held of one person, for a case, a reason and a purpose. Every look-up stands in the ledger before
    /// its answer, whatever that is. The answer is not to be given before [`Looked::not_before`].
    ///
    /// # Errors
    /// [`Trouble::Fault`] when something does not work: there is no answer then.
    pub async fn look_up(
        &self,
        op: &OperationId,
        asker: &Asker,
        request: &Request,
    ) -> Result<Looked, Trouble> {
        let asked = self.now();
        if self.ports.store.done(op).await? {
            return Ok(self.looked(asked, Answer::Before, Vec::new()));
        }
        let on = london_day(asked)?;
        let mut no = request.refusals();
        no.extend(asker.refusals(request, &self.settings.look_ups, self.party(), on));
        if self.ports.register.is_none() {
            let what = format!("{} has no case register here", self.party());
            let help = "look-ups are for the party whose cases they are";
            no.push(Refusal::new("LOOKUP-01", what).help(help));
        }
        let found = Found {
            outcome: Outcome::Denied,
            rules: no.iter().map(|refusal| refusal.rule).collect(),
            fields: Vec::new(),
            known: None,
            asker,
            request,
        };
        let (answer, found) = if no.is_empty() {
            let seen = self.seen(asker, request, asked).await?;
            let cells = seen.held.iter().flat_map(|held| &held.cells);
            let found = Found {
                outcome: outcome(&seen),
                rules: seen.withheld,
                fields: cells.map(|cell| cell.field.clone()).collect(),
                known: Some(seen.known),
                ..found
            };
            let answer = match seen.held.is_empty() {
                true => Answer::Nothing,
                false => Answer::Shown { held: seen.held },
            };
            (answer, found)
        } else {
            (Answer::Refused { refused: no }, found)
        };
        let change = LookUp::made(op, on, asked, found);
        let batch = Batch::new(op.clone(), "person.look-up").and(change)?;
        let entries = self.commit(batch).await?;
        // Somebody else's question had this operation: what it was answered is not told to this one.
        let answer = if entries.is_empty() {
            Answer::Before
        } else {
            answer
        };
        Ok(self.looked(asked, answer, entries))
    }

    fn looked(&self, asked: Timestamp, answer: Answer, entries: Done) -> Looked {
        Looked {
            answer,
            not_before: not_before(asked, self.now()),
            entries,
        }
    }

    /// What confirmed matches told of the person, and what this node knows that could explain the look-up.
    async fn seen(
        &self,
        asker: &Asker,
        request: &Request,
        now: Timestamp,
    ) -> Result<Seen, Trouble> {
        let subject = self.subject(&request.reference).await?;
        let matches: Vec<Match> = self.about(&subject).await?;
        let mut seen = Seen {
            held: Vec::new(),
            withheld: Vec::new(),
            known: Known::default(),
        };
        for found in &matches {
            let beside = format!("{}/", found.key());
            let flags: Vec<Flag> = self.under(&beside).await?;
            let findings: Vec<Finding> = self.under(&beside).await?;
            seen.known.flagged |= flags.iter().any(|flag| !flag.is_going());
            seen.known.referred |= findings.iter().any(|f| f.state() == State::ToVerify);
            match self
                .told_by(found, (&flags, &findings), asker, request, now)
                .await
            {
                Ok(Ok(held)) => seen.held.push(held),
                Ok(Err(rules)) => seen.withheld.extend(rules),
                // A rule that says no because of what is held would tell of the person: only the ledger has it.
                Err(Trouble::Refused(refusals)) => {
                    seen.withheld
                        .extend(refusals.iter().map(|refusal| refusal.rule));
                }
                Err(fault) => return Err(fault),
            }
        }
        seen.withheld.sort_unstable();
        seen.withheld.dedup();
        let pacts = self.pacts().await?;
        let keys = pacts.keys().map(|id| Trace::key_of(id, &subject));
        let traces = self.find_many::<Trace>(&keys.collect::<Vec<_>>()).await?;
        let washes = traces.values().flat_map(Trace::washes);
        seen.known.run_on = washes.map(|wash| wash.on).max();
        if let Some(register) = &self.ports.register {
            let case = register
                .is_case_of(&request.case, &request.reference)
                .await?;
            seen.known.case_of_person = case;
        }
        Ok(seen)
    }

    /// What one match told, as far as it may be shown.
    async fn told_by(
        &self,
        found: &Match,
        (flags, findings): (&[Flag], &[Finding]),
        asker: &Asker,
        request: &Request,
        now: Timestamp,
    ) -> Result<Result<Held, Withheld>, Trouble> {
        if found.standing() != Standing::Confirmed {
            return Ok(Err(vec!["LOOKUP-09"]));
        }
        let leg: Leg = self.need(&Leg::key_of(found.run(), found.flow())).await?;
        let (pact, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        let on = london_day(now)?;
        if let Err(no) = pact.in_force(on) {
            return Ok(Err(no.iter().map(|refusal| refusal.rule).collect()));
        }
        if !is_served(&plan, &flow) {
            return Ok(Err(vec!["LOOKUP-11"]));
        }
        let party = plan.parties.get(self.party());
        let least = party.and_then(|party| party.clearance);
        if least.is_some_and(|least| asker.clearance < least) {
            return Ok(Err(vec!["PTY-08"]));
        }
        let columns = usable(&plan, &flow, self.party(), &request.purpose, on);
        if columns.is_empty() {
            return Ok(Err(vec!["LOOKUP-10"]));
        }
        // What came back as it was sent tells nothing that the case does not.
        let told = columns
            .into_iter()
            .filter(|column| column.origins.contains(&column.field));
        let told: Vec<&Column> = told.collect();
        let kept = self.still_kept(&leg, &flow, found, now).await?;
        if kept.is_empty() {
            return Ok(Err(vec!["LOOKUP-08"]));
        }
        let mut cells = Vec::new();
        let mut used: BTreeSet<&HoldingId> = BTreeSet::new();
        let mut shown: Vec<&Column> = Vec::new();
        for column in told {
            let Some((holding, row)) = kept.get(&column.field.dataset) else {
                continue;
            };
            let value = row.get(column.field.field.as_str());
            if value.is_empty() {
                continue;
            }
            let masked = column.class == Class::Sensitive && request.unmask.is_none();
            used.insert(holding.id());
            shown.push(column);
            cells.push(Cell {
                field: column.field.to_string(),
                about: column.about.clone(),
                value: if masked { MASKED } else { value }.to_owned(),
                masked,
            });
        }
        let holdings = kept.values().map(|(holding, _)| holding);
        let holdings: Vec<&Holding> = holdings
            .filter(|h| used.is_empty() || used.contains(h.id()))
            .collect();
        let arrived = leg.received_at().map(london_day).transpose()?;
        Ok(Ok(Held {
            source: leg.peer().clone(),
            agreement: plan.agreement.clone(),
            title: plan.title.clone(),
            received: arrived,
            as_of: leg.as_of(),
            quality: leg.quality().map(str::to_owned),
            standing: found.standing().name(),
            certainty: found.evidence().to_string(),
            purposes: flow.purposes.iter().cloned().collect(),
            restrictions: restrictions(&plan, &flow, &shown, findings),
            expires: holdings.iter().filter_map(|holding| holding.due()).min(),
            keep: holdings
                .first()
                .map(|h| h.rule().event.clone())
                .unwrap_or_default(),
            flags: flags
                .iter()
                .filter(|flag| !flag.is_going())
                .map(|flag| flag.name().to_owned())
                .collect(),
            cells,
        }))
    }

    /// The row of a match, dataset by dataset, where its values may still be shown: not those past their date, also where
    /// nobody has destroyed them yet (LOOKUP-08).
    async fn still_kept(
        &self,
        leg: &Leg,
        flow: &Flow,
        found: &Match,
        now: Timestamp,
    ) -> Result<BTreeMap<agreement::DatasetId, (Holding, Row)>, Trouble> {
        let (store, vault) = (&*self.ports.store, &*self.ports.vault);
        let item = rows::item_name(found.row());
        let in_file = leg.holdings().contains(found.holding());
        let places: Vec<_> = datasets(flow)
            .into_iter()
            .enumerate()
            .filter_map(|(n, dataset)| {
                let id = if in_file {
                    leg.holdings().get(n)?
                } else {
                    found.holding()
                };
                Some((dataset, id))
            })
            .collect();
        let mut kept = BTreeMap::new();
        for (dataset, id) in places {
            let holding: Holding = self.need(id.as_str()).await?;
            if !holding.is_alive() || holding.due().is_some_and(|due| now >= due) {
                continue;
            }
            if let Some(row) = rows::open_one(store, vault, id, &item).await? {
                kept.insert(dataset, (holding, row));
            }
        }
        Ok(kept)
    }
}

fn outcome(seen: &Seen) -> Outcome {
    if !seen.held.is_empty() {
        Outcome::Shown
    } else if seen.withheld.iter().all(|rule| NOT_HELD.contains(rule)) {
        Outcome::NothingHeld
    } else {
        Outcome::Denied
    }
}
