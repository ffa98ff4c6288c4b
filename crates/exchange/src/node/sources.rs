//! What the rows of a flow are made of at this moment: what came with them, what this party holds about the person,
//! and what was decided about the match. Everything is read anew each time, since each send asks anew (RUN-20).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use agreement::{Column, DatasetId, Flow};

use super::Node;
use super::matching::{self, Candidates};
use crate::change::Aggregate;
use crate::compose::Source;
use crate::gate::Rows;
use crate::ids::{AgreementId, RunId, SubjectId};
use crate::leg::{Leg, Side, State};
use crate::matches::{Match, Standing};
use crate::refusal::Refusal;
use crate::rows::{PAGE, Row};
use crate::trace::Trace;
use crate::trouble::Trouble;

/// A file that came in and that another flow answers or follows.
pub(super) struct Base {
    pub(super) leg: Leg,
    pub(super) flow: Flow,
    pub(super) rows: Rows,
}

impl Base {
    /// The numbers of its rows.
    pub(super) fn numbers(&self) -> BTreeSet<u64> {
        self.rows
            .values()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect()
    }
}

impl Node {
    /// The file of this run, here, that a flow answers or follows.
    pub(super) async fn base(&self, run: &RunId, flow: &Flow) -> Result<Option<Base>, Trouble> {
        let Some(leg) = self.base_leg(run, flow).await? else {
            return Ok(None);
        };
        let (_, _, plan) = self.flow(leg.agreement(), leg.flow()).await?;
        let rows = self.rows_of(&leg, &plan).await?;
        Ok(Some(Base {
            leg,
            flow: plan,
            rows,
        }))
    }

    /// One page of the rows of a base.
    pub(super) async fn base_page(
        &self,
        leg: &Leg,
        flow: &Flow,
        page: &RangeInclusive<u64>,
    ) -> Result<Base, Trouble> {
        Ok(Base {
            rows: self.rows_of_page(leg, flow, page).await?,
            leg: leg.clone(),
            flow: flow.clone(),
        })
    }

    /// As [`Node::base`], without its values.
    pub(super) async fn base_leg(&self, run: &RunId, flow: &Flow) -> Result<Option<Leg>, Trouble> {
        let through = flow.answers.as_ref().and_then(|a| a.through.clone());
        let names = match &through {
            Some(through) => std::slice::from_ref(through),
            None => flow.rests_on(),
        };
        for name in names {
            let leg = self.find::<Leg>(&Leg::key_of(run, name)).await?;
            let here = |leg: &Leg| {
                leg.side() == Side::Receiver
                    && matches!(leg.state(), State::Loaded | State::Matched | State::Closed)
            };
            if let Some(leg) = leg.filter(here) {
                return Ok(Some(leg));
            }
        }
        Ok(None)
    }

    /// What each row of the base is made into.
    pub(super) async fn sources(&self, base: &Base) -> Result<BTreeMap<u64, Source>, Trouble> {
        let matches = self.matches_at(&base.leg, &base.numbers()).await?;
        let mut sources: BTreeMap<u64, Source> = BTreeMap::new();
        for n in base.numbers() {
            let mut source = Source {
                asked_on: base.leg.as_of(),
                ..Source::default()
            };
            let row: BTreeMap<&DatasetId, &Row> = base
                .rows
                .iter()
                .filter_map(|(dataset, rows)| Some((dataset, rows.get(&n)?)))
                .collect();
            source.give(&base.flow, &row);
            source
                .facts
                .insert(format!("received:{}", base.flow.id), "yes".to_owned());
            source.outcome = Some(match matches.get(&n).map(Match::standing) {
                Some(Standing::Confirmed) => "matched",
                Some(Standing::Candidate | Standing::Ambiguous) => "ambiguous",
                Some(Standing::Refuted | Standing::Superseded) | None => "not-matched",
            });
            sources.insert(n, source);
        }
        let (_, plan) = self.pact(base.leg.agreement()).await?;
        self.add_statements(&plan, base, &mut sources).await?;
        self.add_register(base, &mut sources).await?;
        self.add_master(base, &matches, &mut sources).await?;
        Ok(sources)
    }

    /// The matches of a leg's rows, by row.
    pub(super) async fn matches_of(&self, leg: &Leg) -> Result<BTreeMap<u64, Match>, Trouble> {
        let prefix = format!("{}/{}/", leg.run(), leg.flow());
        let all = self.under::<Match>(&prefix).await?;
        Ok(all.into_iter().map(|m| (m.row(), m)).collect())
    }

    /// The matches of these rows of a leg, by row.
    async fn matches_at(
        &self,
        leg: &Leg,
        rows: &BTreeSet<u64>,
    ) -> Result<BTreeMap<u64, Match>, Trouble> {
        let key = |n: &u64| Match::key_of(leg.run(), leg.flow(), *n);
        let keys: Vec<String> = rows.iter().map(key).collect();
        let found = self.find_many::<Match>(&keys).await?;
        Ok(found.into_values().map(|m| (m.row(), m)).collect())
    }

    async fn add_register(
        &self,
        base: &Base,
        sources: &mut BTreeMap<u64, Source>,
    ) -> Result<(), Trouble> {
        let Some(register) = &self.ports.register else {
            return Ok(());
        };
        let people = people_of(&base.flow, &base.rows, register.person_fields());
        let keys: Vec<String> = people.values().cloned().collect();
        let records = register.records(&keys).await?;
        for (n, person) in &people {
            if let (Some(source), Some(record)) = (sources.get_mut(n), records.get(person)) {
                source.own = record.values.clone();
                source.facts.extend(record.facts.clone());
            }
        }
        Ok(())
    }

    async fn add_master(
        &self,
        base: &Base,
        matches: &BTreeMap<u64, Match>,
        sources: &mut BTreeMap<u64, Source>,
    ) -> Result<(), Trouble> {
        let (Some(master), Some(holding)) = (&self.ports.master, base.leg.holdings().first())
        else {
            return Ok(());
        };
        let mut chosen: BTreeMap<u64, String> = BTreeMap::new();
        let row = |name: &str| name.trim_start_matches("candidates/").parse::<u64>().ok();
        let confirmed = |n: &u64| {
            let found = matches.get(n);
            found.is_some_and(|m| m.standing() == Standing::Confirmed)
        };
        let asked = matches.keys().filter(|n| confirmed(n));
        let pages: BTreeSet<u64> = asked.map(|n| n / PAGE).collect();
        let mut items = Vec::new();
        for page in pages {
            let (first, last) = (
                matching::item(page * PAGE),
                matching::item(page * PAGE + PAGE - 1),
            );
            let store = &self.ports.store;
            items.extend(store.items_between(holding, &first, &last).await?);
        }
        items.retain(|(name, _)| row(name).is_some_and(|n| confirmed(&n)));
        let plain = self.ports.vault.open_many(holding, &items).await?;
        for ((name, _), plain) in items.iter().zip(plain) {
            if let (Some(row), Some(best)) = (row(name), Candidates::read(&plain)?.best()) {
                chosen.insert(row, best.to_owned());
            }
        }
        let references: Vec<String> = chosen.values().cloned().collect();
        let records = master.records(&references).await?;
        for (n, reference) in &chosen {
            if let (Some(source), Some(record)) = (sources.get_mut(n), records.get(reference)) {
                source.own.extend(record.values.clone());
                source.facts.extend(record.facts.clone());
            }
        }
        Ok(())
    }

    /// The file that a leg's flow rests on; none where it rests on nothing.
    pub(super) async fn resting_on(
        &self,
        leg: &Leg,
        flow: &Flow,
    ) -> Result<Option<(Leg, Flow)>, Trouble> {
        if flow.rests_on().is_empty() {
            return Ok(None);
        }
        let Some(base) = self.base_leg(leg.run(), flow).await? else {
            return Err(Refusal::new(
                "RUN-11",
                format!("what {} of {} rests on is not here", flow.id, leg.run()),
            )
            .help("wait until it has come, or give this file up")
            .into());
        };
        let (_, _, plan) = self.flow(base.agreement(), base.flow()).await?;
        Ok(Some((base, plan)))
    }

    /// The facts of the rows of a flow that rests on nothing, as they are now.
    pub(super) async fn facts_of(
        &self,
        flow: &Flow,
        rows: &Rows,
    ) -> Result<BTreeMap<u64, Source>, Trouble> {
        let Some(register) = &self.ports.register else {
            return Ok(BTreeMap::new());
        };
        let people = people_of(flow, rows, register.person_fields());
        let keys: Vec<String> = people.values().cloned().collect();
        let records = register.records(&keys).await?;
        Ok(people
            .into_iter()
            .filter_map(|(n, person)| {
                let source = Source {
                    facts: records.get(&person)?.facts.clone(),
                    ..Source::default()
                };
                Some((n, source))
            })
            .collect())
    }

    /// The keys of the traces of whom nothing goes out before somebody says so (S-24): few of an agreement.
    pub(super) async fn stopped_traces(
        &self,
        agreement: &AgreementId,
    ) -> Result<BTreeSet<String>, Trouble> {
        let all = self.in_state::<Trace>(Trace::STOPPED).await?;
        let keys = all.iter().map(Aggregate::key);
        let here = format!("{agreement}/");
        Ok(keys.filter(|key| key.starts_with(&here)).collect())
    }

    /// The rows that are about people of whom nothing goes out, by the keys of their traces.
    pub(super) async fn stopped(
        &self,
        traces: &BTreeSet<String>,
        agreement: &AgreementId,
        flow: &Flow,
        rows: &Rows,
    ) -> Result<BTreeSet<u64>, Trouble> {
        let mut stopped = BTreeSet::new();
        let Some(register) = self.ports.register.as_ref().filter(|_| !traces.is_empty()) else {
            return Ok(stopped);
        };
        for (n, person) in people_of(flow, rows, register.person_fields()) {
            let subject = self.subject(&person).await?;
            if traces.contains(&Trace::key_of(agreement, &subject)) {
                stopped.insert(n);
            }
        }
        Ok(stopped)
    }

    /// The traces of these people, by person key.
    pub(super) async fn traces_of<'a>(
        &self,
        agreement: &AgreementId,
        people: impl Iterator<Item = &'a String>,
    ) -> Result<BTreeMap<String, Trace>, Trouble> {
        let mut keys: BTreeMap<String, String> = BTreeMap::new();
        for person in people {
            let subject = self.subject(person).await?;
            keys.insert(Trace::key_of(agreement, &subject), person.clone());
        }
        let ids: Vec<String> = keys.keys().cloned().collect();
        let mut found = self.find_many::<Trace>(&ids).await?;
        Ok(keys
            .into_iter()
            .filter_map(|(key, person)| Some((person, found.remove(&key)?)))
            .collect())
    }

    /// The keyed hash by which SQL may know a person of the register.
    pub(super) async fn subject(&self, person: &str) -> Result<SubjectId, Trouble> {
        Ok(SubjectId::parse(
            self.ports.vault.lookup_key(person).await?,
        )?)
    }
}

/// The person keys of the rows, by row.
pub(super) fn people_of(flow: &Flow, rows: &Rows, fields: &[&str]) -> BTreeMap<u64, String> {
    let mut people = BTreeMap::new();
    let keys = |c: &&Column| fields.contains(&c.name.as_str());
    for column in flow.columns.iter().filter(keys) {
        for (n, row) in rows.get(&column.field.dataset).into_iter().flatten() {
            let person = row.get(column.field.field.as_str());
            if !person.is_empty() {
                people.insert(*n, person.to_owned());
            }
        }
    }
    people
}
