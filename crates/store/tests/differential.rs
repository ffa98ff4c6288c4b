//! Random histories of operations, on a database and on plain maps: every answer and every state agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use common::model::Model;
use common::place::{Place, runtime};
use common::snapshot::snapshot;
use common::world::{at, commit, effect, hold, op, opened, pack, places, revived, sealed};
use exchange::authority::Actor;
use exchange::change::{Change, Commit};
use exchange::ports::Store;
use exchange::retention::Holding;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const HOLDINGS: [&str; 3] = ["a", "b", "c"];
const PACKAGES: [&str; 2] = ["p", "q"];
const OPERATIONS: u8 = 24;

#[derive(Clone, Debug)]
enum Verb {
    Open(bool),
    Happened,
    FallDue,
    Discard,
    Destroyed,
}

#[derive(Clone, Debug)]
enum Step {
    Commit {
        op: u8,
        verbs: Vec<(u8, Verb, bool)>,
        items: Vec<(u8, u8, u8)>,
        packages: Vec<(u8, u8)>,
        dropped: Option<u8>,
        completes: Option<u8>,
    },
    LeaseEffects {
        holder: u8,
        span: u8,
        limit: u8,
    },
    Retry {
        which: u8,
        after: u8,
    },
    TakeLease {
        name: u8,
        holder: u8,
        span: u8,
    },
    Sequence {
        commits: Vec<Step>,
        count: u8,
        skew: bool,
    },
    Published {
        size: u8,
    },
    Wait(u8),
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        any::<bool>().prop_map(Verb::Open),
        Just(Verb::Happened),
        Just(Verb::FallDue),
        Just(Verb::Discard),
        Just(Verb::Destroyed),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let commits = (
        0..OPERATIONS,
        prop::collection::vec((0..3u8, verb(), prop::bool::weighted(0.1)), 0..3),
        prop::collection::vec((0..3u8, 0..3u8, any::<u8>()), 0..2),
        prop::collection::vec((0..2u8, 0..2u8), 0..2),
        prop::option::weighted(0.1, 0..2u8),
        prop::option::weighted(0.2, 0..OPERATIONS),
    )
        .prop_map(
            |(op, verbs, items, packages, dropped, completes)| Step::Commit {
                op,
                verbs,
                items,
                packages,
                dropped,
                completes,
            },
        );
    let commits = commits.boxed();
    let together = prop::collection::vec(commits.clone(), 0..4);
    prop_oneof![
        6 => commits,
        2 => (0..2u8, 1..9u8, 1..4u8)
            .prop_map(|(holder, span, limit)| Step::LeaseEffects { holder, span, limit }),
        1 => (0..OPERATIONS, 0..9u8).prop_map(|(which, after)| Step::Retry { which, after }),
        2 => (0..2u8, 0..2u8, 1..9u8)
            .prop_map(|(name, holder, span)| Step::TakeLease { name, holder, span }),
        4 => (together, 0..5u8, prop::bool::weighted(0.2))
            .prop_map(|(commits, count, skew)| Step::Sequence { commits, count, skew }),
        1 => (0..12u8).prop_map(|size| Step::Published { size }),
        2 => (1..6u8).prop_map(Step::Wait),
    ]
}

struct World<'a> {
    store: &'a dyn Store,
    model: Model,
    now: i64,
}

impl World<'_> {
    fn change(&self, holding: u8, verb: &Verb, stale: bool) -> Option<Change<Holding>> {
        let id = HOLDINGS[usize::from(holding)];
        if let Verb::Open(started) = verb {
            return Some(opened(id, started.then(|| at(self.now + 1))));
        }
        let stored = self.model.load("holding", id)?;
        // One that was loaded before the last change.
        let holding = revived(
            stored,
            stored.version - u64::from(stale && stored.version > 1),
        );
        let now = at(self.now);
        match verb {
            Verb::Open(_) => None,
            Verb::Happened => holding.happened(now, &Actor::Node).ok(),
            Verb::FallDue => holding.fall_due(now).ok(),
            Verb::Discard => holding.discard(now, &Actor::Node).ok(),
            Verb::Destroyed => holding.destroyed(now, None).ok(),
        }
    }

    fn built(&self, step: &Step) -> Option<Commit> {
        let Step::Commit {
            op,
            verbs,
            items,
            packages,
            dropped,
            completes,
        } = step
        else {
            return None;
        };
        let mut changes = Vec::new();
        for (holding, verb, stale) in verbs {
            changes.extend(self.change(*holding, verb, *stale));
        }
        Some(commit(&format!("op{op}"), at(self.now), |mut batch| {
            for change in changes {
                batch = batch.and(change).unwrap();
            }
            for (holding, name, value) in items {
                let holding = hold(HOLDINGS[usize::from(*holding)]);
                batch = batch.item(&holding, format!("row/{name}"), sealed([*value]));
            }
            for (id, bytes) in packages {
                batch = batch.package(&pack(PACKAGES[usize::from(*id)]), vec![*bytes]);
            }
            if let Some(id) = dropped {
                batch = batch.drop_package(&pack(PACKAGES[usize::from(*id)]));
            }
            if let Some(n) = completes {
                batch = batch.completes(&self.effect(*n));
            }
            batch
        }))
    }

    /// An effect that exists, or one that does not.
    fn effect(&self, n: u8) -> exchange::ids::EffectId {
        let known = self.model.effects();
        known
            .get(usize::from(n))
            .cloned()
            .unwrap_or_else(|| effect("never/e0"))
    }

    async fn step(&mut self, step: &Step) {
        let now = at(self.now);
        let until = |span: u8| at(self.now + i64::from(span));
        let holder = |n: u8| ["one", "two"][usize::from(n)];
        match step {
            Step::Commit { op: n, .. } => {
                let commit = self.built(step).unwrap();
                assert_eq!(self.store.commit(&commit).await, self.model.commit(&commit));
                let id = op(format!("op{n}"));
                assert_eq!(self.store.done(&id).await, Ok(self.model.done(&id)));
                assert_eq!(
                    self.store.effect_open(&id).await,
                    Ok(self.model.effect_open(&id))
                );
            }
            Step::LeaseEffects {
                holder: who,
                span,
                limit,
            } => {
                let (who, until) = (holder(*who), until(*span));
                let leased = self
                    .store
                    .lease_effects(who, now, until, (*limit).into())
                    .await;
                assert_eq!(
                    leased,
                    Ok(self.model.lease_effects(who, now, until, (*limit).into()))
                );
            }
            Step::Retry { which, after } => {
                let id = self.effect(*which);
                self.store.retry_effect(&id, until(*after)).await.unwrap();
                self.model.retry_effect(&id, until(*after));
            }
            Step::TakeLease {
                name,
                holder: who,
                span,
            } => {
                let (name, who) = (["sequencer", "other"][usize::from(*name)], holder(*who));
                let taken = self.store.lease(name, who, now, until(*span)).await;
                assert_eq!(taken, Ok(self.model.lease(name, who, now, until(*span))));
            }
            Step::Sequence {
                commits,
                count,
                skew,
            } => {
                let commits: Vec<Commit> = commits.iter().filter_map(|c| self.built(c)).collect();
                let commits: Vec<&Commit> = commits.iter().collect();
                let placing = |frontier, waiting| {
                    let mut places = places(frontier, waiting)?;
                    for place in &mut places.placed {
                        place.index += u64::from(*skew);
                    }
                    Ok(places)
                };
                let done = self
                    .store
                    .sequence(&commits, (*count).into(), &placing)
                    .await;
                let mut model = self.model.clone();
                let modelled = model.sequence(&commits, (*count).into(), &placing);
                match done {
                    Ok(done) => {
                        assert_eq!(Ok(done), modelled);
                        self.model = model;
                    }
                    // Nothing of it stands. What is put in a holding that another of them empties could be done one by one.
                    Err(_) => assert!(
                        modelled.is_err() || commits.iter().any(|c| !c.emptied().is_empty())
                    ),
                }
            }
            Step::Published { size } => {
                let answer = self.store.published("nobody", (*size).into()).await;
                assert_eq!(answer.is_ok(), self.model.published((*size).into()));
            }
            Step::Wait(seconds) => self.now += i64::from(*seconds),
        }
        assert_eq!(
            snapshot(self.store, &HOLDINGS, &PACKAGES).await,
            self.model.snapshot(&HOLDINGS, &PACKAGES)
        );
    }
}

fn check(cases: u32, place: fn() -> Place) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runtime = runtime();
    TestRunner::new(config)
        .run(&prop::collection::vec(step(), 1..40), |steps| {
            let place = place();
            runtime.block_on(async {
                let store = place.store().await;
                let mut world = World {
                    store: &*store,
                    model: Model::default(),
                    now: 0,
                };
                for step in &steps {
                    world.step(step).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn sqlite_agrees_with_plain_maps() {
    check(48, Place::sqlite);
}

#[test]
fn postgresql_agrees_with_plain_maps() {
    check(24, Place::postgres);
}
