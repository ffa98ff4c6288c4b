//! Matching solutions: a model with its trained numbers, as one version. No version matches anybody before its test
//! report is signed and another person puts it to use (MATCH-17).

use jiff::civil::Date;
use ledger::{Digest, Fact};
use linkage::model::Documented;
use linkage::quality::SCHEMA;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record, Step, next};
use crate::deadline::Deadline;
use crate::ids::StaffId;
use crate::refusal::Refusal;

/// The version of a solution: the digests of its two files. Another byte is another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Of the model's file.
    pub model: Digest,
    /// Of the file of trained numbers.
    pub trained: Digest,
}

impl Version {
    /// Of these two files.
    pub fn of(model: &[u8], trained: &[u8]) -> Self {
        Self {
            model: Digest::of(model),
            trained: Digest::of(trained),
        }
    }

    /// The version as one digest.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("concordat-solution/v1\n{}\n{}\n", self.model, self.trained).as_bytes())
    }
}

/// What the test of a version found, as `concordat link evaluate` writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    digest: Digest,
    version: Version,
    found: Documented,
}

/// The part of the report that decides; its other figures are for people.
#[derive(Deserialize)]
struct Figures {
    schema: String,
    about: About,
    standings: Vec<OfStanding>,
    headline_gap: Option<Between>,
}

#[derive(Deserialize)]
struct About {
    model_sha256: Digest,
    trained_sha256: Option<Digest>,
}

#[derive(Deserialize)]
struct OfStanding {
    standing: linkage::Standing,
    precision: Option<Between>,
    recall: Option<Between>,
}

/// Small counts are not told, so a figure lies between two.
#[derive(Deserialize)]
struct Between {
    from: f64,
    to: f64,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// A refusal (MATCH-17) when it is not one.
    pub fn read(json: &[u8]) -> Result<Self, Refusal> {
        let none = |why: String| {
            Refusal::new("MATCH-17", format!("this is no test report: {why}"))
                .help("`concordat link evaluate` makes one, of known pairs")
        };
        // The error's own text may repeat what stands in the file, which may be another than was meant.
        let figures: Figures = serde_json::from_slice(json).map_err(|e| {
            none(format!(
                "line {}, column {} does not fit",
                e.line(),
                e.column()
            ))
        })?;
        if figures.schema != SCHEMA {
            return Err(none("it is of another schema".into()));
        }
        let gap = figures.headline_gap.ok_or_else(|| {
            none("it compares no groups of people, so nobody knows whom the solution fails".into())
        })?;
        let few = || none("it rests on too few pairs".into());
        // Strong pairs alone can come to be confirmed (MATCH-05).
        let strong = figures.standings.into_iter();
        let mut strong = strong.filter(|s| s.standing == linkage::Standing::Strong);
        let strong = strong.next().ok_or_else(few)?;
        let trained = figures.about.trained_sha256;
        Ok(Self {
            digest: Digest::of(json),
            version: Version {
                model: figures.about.model_sha256,
                trained: trained.ok_or_else(|| none("it names no trained numbers".into()))?,
            },
            // Of what is not told exactly, the worse end.
            found: Documented {
                precision: strong.precision.ok_or_else(few)?.from,
                recall: strong.recall.ok_or_else(few)?.from,
                gap: gap.to,
            },
        })
    }

    /// The text that is signed.
    pub fn text(&self, role: &str, date: Date) -> String {
        let Version { model, trained } = self.version;
        let report = self.digest;
        format!(
            "concordat-test-report/v1\nmodel {model}\ntrained {trained}\nreport {report}\nrole {role}\ndate {date}\n"
        )
    }

    /// Does it show of this version what its model is documented to do?
    ///
    /// # Errors
    /// The refusals (MATCH-17), all together.
    pub fn shows(
        &self,
        version: Version,
        documented: Option<Documented>,
    ) -> Result<(), Vec<Refusal>> {
        let no = |what: String| Refusal::new("MATCH-17", what);
        if self.version != version {
            let what = "the report is of another version of the solution".to_owned();
            return Err(vec![no(what).help("test the version that stands here")]);
        }
        let Some(least) = documented else {
            let what = "the model does not say what it is documented to do".to_owned();
            return Err(vec![
                no(what).help("write `documented` in the model, and test it"),
            ]);
        };
        let found = self.found;
        let below = |name: &str, found: f64, least: f64| {
            let fails = found < least;
            fails.then(|| {
                no(format!(
                    "{name} is {found:.4}, and the model is documented to reach {least}"
                ))
            })
        };
        let above = found.gap > least.gap;
        let gap = above.then(|| {
            no(format!(
                "recall differs by {:.4} between groups of people, and the model is documented to keep it within {}",
                found.gap, least.gap
            ))
        });
        let all: Vec<Refusal> = [
            below("precision", found.precision, least.precision),
            below("recall", found.recall, least.recall),
            gap,
        ]
        .into_iter()
        .flatten()
        .collect();
        if all.is_empty() { Ok(()) } else { Err(all) }
    }
}

/// Where a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its test report is signed.
    Tested,
    /// It matches.
    InUse,
    /// It does not match any more; with its report it can again.
    Retired,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tested => "tested",
            Self::InUse => "in-use",
            Self::Retired => "retired",
        }
    }
}

/// A step of a version: the verb, from where, to where, whose.
pub const MOVES: &[Step<State>] = &[
    ("use", State::Tested, State::InUse, "iao or siro"),
    ("use", State::Retired, State::InUse, "iao or siro"),
    ("retire", State::Tested, State::Retired, "iao or siro"),
    ("retire", State::InUse, State::Retired, "iao or siro"),
];

/// One version of a solution at this node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Solution {
    name: String,
    of: Version,
    report: Digest,
    /// The signed note over the report's text.
    note: String,
    tester: StaffId,
    state: State,
    #[serde(skip)]
    version: u64,
}

/// What is signed with a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The model's name.
    pub name: String,
    /// The version that stands at this node.
    pub version: Version,
    /// What its model is documented to do.
    pub documented: Option<Documented>,
    /// What its test found.
    pub report: Report,
    /// The signed note over [`Report::text`].
    pub note: String,
}

impl Solution {
    /// The key under which the store has a version.
    pub fn key_of(version: Version) -> String {
        version.digest().to_string()
    }

    /// A version was tested, and its report is signed.
    ///
    /// # Errors
    /// The refusals (MATCH-17), all together, when the report is of another version or does not show what the model is
    /// documented to do.
    pub fn tested(test: Tested, by: &Warrant) -> Result<Change<Self>, Vec<Refusal>> {
        test.report.shows(test.version, test.documented)?;
        let new = Self {
            name: test.name,
            of: test.version,
            report: test.report.digest,
            note: test.note,
            tester: by.staff().clone(),
            state: State::Tested,
            version: 0,
        };
        let record = new
            .record(Act::SolutionTested, &by.actor())
            .fact("note", Fact::Digest(Digest::of(new.note.as_bytes())));
        Ok(Change::new(new, record))
    }

    /// It is put to use, by somebody else than who tested it.
    ///
    /// # Errors
    /// A refusal (MATCH-17, APP-04) for the tester, or when it is in use.
    pub fn put_to_use(mut self, by: &Warrant) -> Result<Change<Self>, Refusal> {
        if *by.staff() == self.tester {
            return Err(Refusal::new(
                "MATCH-17",
                "whoever tested a matching solution does not put it to use",
            )
            .help("ask another person"));
        }
        self.moved("use")?;
        let record = self.record(Act::SolutionInUse, &by.actor());
        Ok(Change::new(self, record))
    }

    /// It is used no more: by a person, with a reason.
    ///
    /// # Errors
    /// A refusal (MATCH-17) when it is retired, or without a reason.
    pub fn retire(mut self, reason: &str, by: &Actor) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "MATCH-17",
                "the end of a matching solution's use needs its reason",
            ));
        }
        self.moved("retire")?;
        let record = self.record(Act::SolutionRetired, by).text("reason", reason);
        Ok(Change::new(self, record))
    }

    fn moved(&mut self, verb: &str) -> Result<(), Refusal> {
        match next(MOVES, verb, self.state) {
            Some(to) => {
                self.state = to;
                Ok(())
            }
            None => Err(Refusal::new(
                "MATCH-17",
                format!("{} is {} already", self.name, self.state.name()),
            )
            .help("`concordat solution status` shows where each version is")),
        }
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by)
            .fact("solution", Fact::Digest(self.of.digest()))
            .fact("report", Fact::Digest(self.report))
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Which version.
    pub fn of(&self) -> Version {
        self.of
    }
    /// The digest of its test report.
    pub fn report(&self) -> Digest {
        self.report
    }
    /// The signed note over the report.
    pub fn note(&self) -> &str {
        &self.note
    }
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Aggregate for Solution {
    const KIND: &'static str = "solution";
    fn key(&self) -> String {
        Self::key_of(self.of)
    }
    fn status(&self) -> &'static str {
        self.state.name()
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
