//! The checklist of controls: what the frameworks of government ask of whoever holds what an agreement moves, and who said on
//! what evidence that it is so. Before the whole list is said an agreement is not in force here (SEC-03, SEC-04). Each party
//! answers for itself, at its own node; what a control asks for is the framework's to say and not the hub's.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::StaffId;
use crate::refusal::Refusal;

/// A framework of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Its short name.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The row that asks for it.
    pub rule: &'static str,
    /// Its controls.
    pub controls: &'static [&'static str],
    /// The public body with which alone it is asked for; none where it is for every agreement.
    with: Option<&'static str>,
}

/// The frameworks that agreements are kept under.
pub const FRAMEWORKS: [Framework; 3] = [
    Framework {
        name: "spf",
        title: "HM Government Security Policy Framework",
        rule: "SEC-03",
        controls: &["handling", "transfer", "storage", "access", "destruction"],
        with: None,
    },
    Framework {
        name: "gsc",
        title: "Government Security Classifications",
        rule: "SEC-04",
        controls: &["personnel", "physical", "information"],
        with: None,
    },
    Framework {
        name: "ias6",
        title: "Information Assurance Standard 6",
        rule: "SEC-03",
        controls: &["personal-data"],
        with: Some("dfe"),
    },
];

/// The framework of this short name.
pub fn framework(name: &str) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|f| f.name == name)
}

/// What somebody says of controls.
#[derive(Clone, Debug)]
pub struct Stating<'a> {
    /// The framework.
    pub framework: &'static Framework,
    /// Its controls, by name.
    pub controls: &'a [String],
    /// The version of the framework that was looked at.
    pub version: &'a str,
    /// What it rests on, such as a certificate and its day.
    pub evidence: &'a str,
    /// The day for which it is said.
    pub on: Date,
}

/// That a control is in place, as somebody said. The evidence stands in the ledger, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The version of the framework.
    pub version: String,
    /// Who said it.
    pub by: StaffId,
    /// The day for which it is said.
    pub on: Date,
}

/// An agreement's checklist: `framework.control`, and what was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist(BTreeMap<String, Option<Stated>>);

impl Default for Checklist {
    /// Everything that is ever asked: of an agreement that was laid before there was a checklist.
    fn default() -> Self {
        Self::of(|_| true)
    }
}

impl Checklist {
    /// What is asked for between these public bodies; nothing of it is said yet.
    pub fn with(bodies: &[&str]) -> Self {
        Self::of(|f| f.with.is_none_or(|body| bodies.contains(&body)))
    }

    fn of(asked: impl Fn(&Framework) -> bool) -> Self {
        let all = FRAMEWORKS.iter().filter(|f| asked(f)).flat_map(|f| {
            let key = |control: &&str| (key(f, control), None);
            f.controls.iter().map(key)
        });
        Self(all.collect())
    }

    /// Writes down what somebody says, over what was said before: the controls that it is said of.
    ///
    /// # Errors
    /// A refusal, by the framework's rule, for a control that is not asked for, without a version or evidence, and for a day
    /// to come.
    pub fn state(
        &mut self,
        what: &Stating<'_>,
        today: Date,
        by: &StaffId,
    ) -> Result<Vec<&'static str>, Refusal> {
        let (framework, rule) = (what.framework, what.framework.rule);
        if what.version.trim().is_empty() || what.evidence.trim().is_empty() {
            let what = "that a control is in place needs the framework's version and the evidence";
            return Err(Refusal::without_reason(rule, what));
        }
        if what.on > today {
            let what = format!("{} is a day to come", what.on);
            return Err(Refusal::new(rule, what).help("say what is so today"));
        }
        let mut said = Vec::new();
        for control in what.controls {
            let known = framework.controls.iter().find(|c| *c == control);
            let item = self.0.get_mut(&key(framework, control));
            let Some((known, item)) = known.zip(item) else {
                let what = format!("the {} has no control {control} here", framework.title);
                let all = self.open_of(framework, true).join(", ");
                return Err(Refusal::new(rule, what).help(format!("it asks for: {all}")));
            };
            *item = Some(Stated {
                version: what.version.to_owned(),
                by: by.clone(),
                on: what.on,
            });
            said.push(*known);
        }
        Ok(said)
    }

    /// Is it all said?
    pub fn is_complete(&self) -> bool {
        self.0.values().all(Option::is_some)
    }

    /// What is asked for, and what was said of it.
    pub fn items(&self) -> impl Iterator<Item = (&str, Option<&Stated>)> {
        self.0
            .iter()
            .map(|(key, said)| (key.as_str(), said.as_ref()))
    }

    /// What is not said yet, one refusal for each framework.
    pub fn refusals(&self) -> impl Iterator<Item = Refusal> {
        let open = |f: &Framework| {
            let controls = self.open_of(f, false);
            (!controls.is_empty()).then(|| {
                let what = format!(
                    "nobody has said that these controls of the {} are in place: {}",
                    f.title,
                    controls.join(", ")
                );
                let help = "an information asset owner or the senior information risk owner says it, with the evidence";
                Refusal::new(f.rule, what).help(help)
            })
        };
        FRAMEWORKS.iter().filter_map(open)
    }

    /// The controls of a framework that are asked for here, said ones too or not.
    fn open_of(&self, framework: &Framework, said_too: bool) -> Vec<&'static str> {
        let open = |control: &&&str| {
            let item = self.0.get(&key(framework, control));
            item.is_some_and(|said| said_too || said.is_none())
        };
        framework.controls.iter().filter(open).copied().collect()
    }
}

fn key(framework: &Framework, control: &str) -> String {
    format!("{}.{control}", framework.name)
}
