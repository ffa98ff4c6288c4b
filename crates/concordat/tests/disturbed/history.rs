//! Histories: one exchange from its beginning to its end, disturbed at every step in ways that a seed decides.

use std::collections::BTreeMap;
use std::fmt;

use super::disk::Disk;
use super::ended::End;
use super::injector::{self, ALL, Call, Fault, How};
use super::{STEPS, World, done, draw};

/// How often a step is disturbed before it is let be.
const TRIES: usize = 2;
/// How often that is tried: which thread makes a call is not the same each time, and so a call may not be reached.
const MOST: usize = 10;
/// The most room that a full disk has left, in KiB: as much as the largest step takes.
const ROOM: usize = 160;

/// On what a history takes place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Calls fail, and programs are killed at a call.
    Calls,
    /// So do they, and then the power is cut; it is cut again when the step is done.
    Power,
    /// The disk has little room left.
    Full,
}

/// What undisturbed runs do and end as.
pub struct Expected {
    calls: Vec<Vec<Call>>,
    end: End,
}

/// What was injected: by step, kind of call, kind of file and disturbance.
#[derive(Default)]
pub struct Tally {
    hits: BTreeMap<(usize, &'static str, &'static str, &'static str), usize>,
    /// Disturbances that the command went on after without a word.
    silent: BTreeMap<(&'static str, &'static str), usize>,

    /// Disturbances whose call was not made any more.
    unreached: usize,
}

impl Expected {
    /// Runs the exchange twice.
    pub async fn of(world: &World) -> Self {
        world.anew();
        let mut calls = Vec::new();
        for step in STEPS {
            let Some(line) = world.step(step) else {
                calls.push(Vec::new());
                continue;
            };
            let (outcome, found) = injector::count(&line, &world.dir());
            assert_eq!(outcome.code, Some(0), "{}: {}", step.name, outcome.told);
            calls.push(found);
        }
        let end = world.end().await;
        world.anew();
        for line in STEPS.iter().filter_map(|step| world.step(step)) {
            done(&line);
        }
        world.sound();
        let end = end.and(&world.end().await);
        Self { calls, end }
    }

    /// The folders that a step makes durable: what was given a name in them, or lost it, is to last. That of the database
    /// is SQLite's affair.
    fn folders(&self, step: usize) -> Vec<Call> {
        let is_folder = |call: &&Call| call.file.as_ref().is_some_and(|file| file.is_dir());
        let folders = self.calls[step].iter().filter(is_folder);
        let ours = folders.filter(|call| call.place != "folder");
        ours.filter(|call| injector::kind(&call.name) == "fsync")
            .cloned()
            .collect()
    }

    /// The fault of this try, among the step's kinds of call in turn; none where the step makes no call.
    fn fault(&self, seed: u64, step: usize, again: usize) -> Option<Fault> {
        let mut kinds = BTreeMap::<_, Vec<&Call>>::new();
        for call in &self.calls[step] {
            let kind = (injector::kind(&call.name), call.place);
            kinds.entry(kind).or_default().push(call);
        }
        let turn = usize::try_from(seed).unwrap() * TRIES + again;
        let of_kind = kinds.values().nth(turn % kinds.len().max(1))?;
        let place = draw(seed, &format!("call {step} {again}"), of_kind.len());
        let call = of_kind[place].clone();
        let how = match ALL[draw(seed, &format!("how {step} {again}"), ALL.len())] {
            // Threads are woken up by writing, too.
            How::EioFromHere if call.name == "write" => How::Eio,
            How::EnospcFromHere if call.name == "write" => How::Enospc,
            how @ (How::Eio | How::Enospc | How::EioFromHere | How::EnospcFromHere | How::Kill) => {
                how
            }
        };
        Some(Fault { call, how })
    }
}

impl World {
    /// One disturbed exchange: it must end as an undisturbed one.
    pub async fn history(&self, seed: u64, ground: Ground, expected: &Expected, tally: &mut Tally) {
        let mut disk = match ground {
            Ground::Calls => None,
            Ground::Power => Some(Disk::cuttable(&self.dir(), &self.beside("disk")).unwrap()),
            Ground::Full => Some(Disk::small(&self.dir(), 32 << 10).unwrap()),
        };
        self.anew();
        for (n, step) in STEPS.iter().enumerate() {
            let Some(line) = self.step(step) else {
                continue;
            };
            let (before, mut reached) = (self.beside("before"), 0);
            super::copy(&self.dir(), &before);
            for again in 0..MOST {
                let known = tally.sum();
                if ground == Ground::Full {
                    let room = draw(seed, &format!("room {n} {again}"), ROOM);
                    let disk = disk.as_ref().unwrap();
                    disk.fill(room as u64);
                    let outcome = injector::plain(&line);
                    disk.free();
                    self.ended_well(step.name, &line, &outcome, false);
                    if outcome.told_fault() {
                        *tally.hits.entry((n, "write", "disk", "full")).or_default() += 1;
                    } else {
                        tally.unreached += 1;
                    }
                } else if let Some(fault) = expected.fault(seed, n, again) {
                    let outcome = injector::disturbed(&line, &self.dir(), &fault);
                    self.ended_well(
                        &format!("{}: {fault}", step.name),
                        &line,
                        &outcome,
                        fault.how == How::Kill,
                    );
                    tally.add(n, &fault, &outcome);
                    if let Some(disk) = &mut disk {
                        disk.cut();
                    }
                }
                self.later().await;
                reached += usize::from(tally.sum() > known);
                if reached == TRIES {
                    break;
                }
                // An undisturbed try has done the step: it is to be done yet.
                if reached == 0 {
                    self.again(&before);
                }
            }
            std::fs::remove_dir_all(&before).unwrap();
            done(&line);
            if let Some(disk) = disk.as_mut().filter(|_| ground == Ground::Power) {
                disk.cut();
            }
        }
        expected.end.is_as(&self.end().await);
        self.sound();
        drop(disk);
    }

    /// A folder that could not be made durable is made so when the step is tried again, whatever stands there by then.
    /// Gives how many there were.
    pub async fn durable_again(&self, expected: &Expected) -> usize {
        self.anew();
        let (before, mut looked) = (self.beside("before"), 0);
        for (n, step) in STEPS.iter().enumerate() {
            let Some(line) = self.step(step) else {
                continue;
            };
            super::copy(&self.dir(), &before);
            for call in expected.folders(n) {
                let how = How::Eio;
                let fault = Fault { call, how };
                let what = format!("{}: {fault}", step.name);
                let outcome = injector::disturbed(&line, &self.dir(), &fault);
                self.ended_well(&what, &line, &outcome, false);
                // Which thread makes a call is not the same each time, and so it may not be reached.
                if !outcome.hits.is_empty() {
                    // Things that do not go together are tried one by one, at once: then nothing is left to tell.
                    let is_known = outcome.told_fault() || outcome.made_again;
                    assert!(is_known, "{what}: {}", outcome.told);
                    self.later().await;
                    let (then, calls) = injector::count(&line, &self.dir());
                    let is_well = then.code == Some(0) && !then.told_fault();
                    assert!(is_well, "{what}: {}", then.told);
                    let is_same =
                        |made: &Call| made.file == fault.call.file && made.name == fault.call.name;
                    let is_made = outcome.made_again || calls.iter().any(is_same);
                    assert!(is_made, "{what}: it is never made durable");
                    looked += 1;
                }
                std::fs::remove_dir_all(self.dir()).unwrap();
                super::copy(&before, &self.dir());
            }
            done(&line);
            std::fs::remove_dir_all(&before).unwrap();
        }
        looked
    }

    /// A disturbed command says that something outside did not work, or did all the same; it tells no value.
    fn ended_well(&self, what: &str, line: &[String], outcome: &injector::Outcome, killed: bool) {
        let told = &outcome.told;
        let is_well = match outcome.code {
            Some(0 | 3) => !told.contains("panicked"),
            None => killed,
            Some(_) => false,
        };
        let elsewhere = outcome
            .hits
            .keys()
            .any(|(_, place)| *place == injector::ELSEWHERE);
        assert!(
            is_well || elsewhere,
            "{what}: {line:?} ended with {:?}: {told}",
            outcome.code
        );
        let values = self.values.iter().filter(|v| told.contains(*v)).count();
        assert_eq!(values, 0, "{what}: a value is told");
    }
}

impl Tally {
    fn add(&mut self, step: usize, fault: &Fault, outcome: &injector::Outcome) {
        if outcome.hits.is_empty() {
            self.unreached += 1;
        }
        for ((kind, place), hits) in &outcome.hits {
            let key = (step, *kind, *place, fault.how.name());
            *self.hits.entry(key).or_default() += hits;
            if fault.how != How::Kill && !outcome.told_fault() {
                *self.silent.entry((kind, place)).or_default() += hits;
            }
        }
    }

    /// How many calls were disturbed.
    pub fn sum(&self) -> usize {
        self.hits.values().sum()
    }

    /// The steps at which something was disturbed.
    pub fn steps(&self) -> usize {
        let steps: std::collections::BTreeSet<_> = self.hits.keys().map(|k| k.0).collect();
        steps.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds = BTreeMap::<_, usize>::new();
        let mut steps = BTreeMap::<_, usize>::new();
        for ((step, kind, place, how), hits) in &self.hits {
            *kinds.entry((*how, *kind, *place)).or_default() += hits;
            *steps.entry(*step).or_default() += hits;
        }
        for ((how, kind, place), hits) in kinds {
            writeln!(f, "{hits:>6}  {how} at {kind} ({place})")?;
        }
        for (step, hits) in steps {
            writeln!(f, "{hits:>6}  at the step: {}", STEPS[step].name)?;
        }
        for ((kind, place), hits) in &self.silent {
            writeln!(
                f,
                "{hits:>6}  at {kind} ({place}) had no effect on the command"
            )?;
        }
        writeln!(
            f,
            "{:>6}  disturbed calls, and {} that were not made any more",
            self.sum(),
            self.unreached
        )
    }
}
