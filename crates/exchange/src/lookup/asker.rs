//! Who asks, and what is asked: everything that is looked at before the person is.

use std::collections::BTreeSet;

use agreement::{Clearance, PurposeId};
use jiff::civil::Date;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Rules, clearance};
use crate::authority::{Action, Person};
use crate::ids::PartyId;
use crate::refusal::Refusal;

/// A member of staff with all that a look-up asks about them, as the identity provider or the node's staff list says.
/// Whatever it does not say counts against them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asker {
    /// Who, in which role.
    pub person: Person,
    /// The party whose staff they are.
    pub party: PartyId,
    /// Their unit.
    pub unit: String,
    /// Their team in it.
    pub team: String,
    /// Their clearance.
    #[serde(deserialize_with = "clearance")]
    pub clearance: Clearance,
    /// Are they authorised to see exchanged data?
    #[serde(default)]
    pub authorised: bool,
    /// The last day on which their training counts; none where they had none.
    #[serde(default)]
    pub trained_until: Option<Date>,
    /// The purposes for which they work, as the agreements name them.
    #[serde(default)]
    pub purposes: BTreeSet<PurposeId>,
    /// The cases that they work on.
    #[serde(default)]
    pub cases: BTreeSet<String>,
}

/// One look-up, as it is asked.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The case register's key of the one person, exactly.
    pub reference: Zeroizing<String>,
    /// The case that it is for.
    pub case: String,
    /// Why.
    pub reason: String,
    /// For which purpose of the agreements.
    pub purpose: PurposeId,
    /// Why what is sensitive must be seen; without it that stays masked (CHILD-07).
    #[serde(default)]
    pub unmask: Option<String>,
}

/// The longest reference and the longest name of a case, in bytes.
const LONGEST: usize = 64;

impl Request {
    /// What is wrong with the question itself (LOOKUP-01, LOOKUP-06, CHILD-07).
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        let mut no = Vec::new();
        if !is_reference(&self.reference) {
            no.push(
                Refusal::new("LOOKUP-01", "a look-up is of one person, by their exact reference")
                    .help("take the reference from the case; there is no search by name, date, address, list or part"),
            );
        }
        if self.reason.trim().is_empty() {
            no.push(Refusal::without_reason(
                "LOOKUP-06",
                "a look-up needs its reason",
            ));
        }
        if self
            .unmask
            .as_ref()
            .is_some_and(|why| why.trim().is_empty())
        {
            let what = "what is sensitive is shown with a reason";
            no.push(Refusal::without_reason("CHILD-07", what));
        }
        no
    }
}

fn is_reference(text: &str) -> bool {
    let exact = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.');
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(exact)
}

impl Asker {
    /// Every rule by which this person may not ask this here, whoever it is about: all of them together.
    pub(crate) fn refusals(
        &self,
        request: &Request,
        rules: &Rules,
        here: &PartyId,
        on: Date,
    ) -> Vec<Refusal> {
        let mut no: Vec<Refusal> = self.person.may(Action::LookUp).err().into_iter().collect();
        let mut unless = |holds: bool, rule, what: String, help: &str| {
            if !holds {
                no.push(Refusal::new(rule, what).help(help));
            }
        };
        unless(
            self.party == *here,
            "PTY-07",
            format!("only staff of {here} look people up here"),
            "ask the party's own contact point for what you may be told",
        );
        unless(
            rules
                .teams
                .get(&self.unit)
                .is_some_and(|teams| teams.contains(&self.team)),
            "PTY-11",
            "your unit and team do not look people up here".into(),
            "the node's owner names the units and teams that do",
        );
        unless(
            rules.clearance.is_none_or(|least| self.clearance >= least),
            "SEC-09",
            "your clearance is below what a look-up needs".into(),
            "ask your manager for the clearance that the work needs",
        );
        unless(
            self.authorised,
            "PTY-09",
            "you are not authorised to see exchanged data".into(),
            "ask your manager for the authorisation",
        );
        unless(
            self.trained_until.is_some_and(|last| on <= last),
            "PTY-17",
            "your training on data protection has run out, or is not recorded".into(),
            "take the training; access comes back with it",
        );
        unless(
            self.purposes.contains(&request.purpose),
            "LOOKUP-10",
            format!("you do not work for the purpose {}", request.purpose),
            "name a purpose that your work has",
        );
        unless(
            self.cases.contains(&request.case) && request.case.len() <= LONGEST,
            "LOOKUP-06",
            "you do not work on the case that you name".into(),
            "name a case that is yours, or have this one assigned to you",
        );
        no
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Role;
    use crate::ids::StaffId;

    fn asker() -> Asker {
        Asker {
            person: Person {
                staff: StaffId::parse("c1").unwrap(),
                role: Role::Caseworker,
            },
            party: PartyId::parse("ho").unwrap(),
            unit: "casework".into(),
            team: "north".into(),
            clearance: Clearance::Sc,
            authorised: true,
            trained_until: Some("2026-06-30".parse().unwrap()),
            purposes: [PurposeId::parse("contact").unwrap()].into(),
            cases: ["case-1".to_owned()].into(),
        }
    }

    fn request() -> Request {
        Request {
            reference: Zeroizing::new("C00000001".into()),
            case: "case-1".into(),
            reason: "a letter came back".into(),
            purpose: PurposeId::parse("contact").unwrap(),
            unmask: None,
        }
    }

    fn rules() -> Rules {
        Rules {
            teams: [("casework".to_owned(), ["north".to_owned()].into())].into(),
            clearance: Some(Clearance::Ctc),
            ..Rules::default()
        }
    }

    fn check(asker: &Asker, request: &Request, rules: &Rules) -> Vec<&'static str> {
        let here = PartyId::parse("ho").unwrap();
        let on = "2026-02-03".parse().unwrap();
        let mut no = request.refusals();
        no.extend(asker.refusals(request, rules, &here, on));
        assert!(no.iter().all(|refusal| refusal.help.is_some()));
        no.iter().map(|refusal| refusal.rule).collect()
    }

    // shows: PTY-07, PTY-09, PTY-10, PTY-11, PTY-17, SEC-09, LOOKUP-06, LOOKUP-10
    #[test]
    fn each_thing_that_is_asked_of_the_asker_refuses_alone() {
        assert_eq!(check(&asker(), &request(), &rules()), [""; 0]);
        type Change = fn(&mut Asker);
        let cases: [(&str, Change); 12] = [
            ("SEC-09", |a| a.person.role = Role::Analyst),
            ("SEC-09", |a| a.person.role = Role::DataSharingOfficer),
            ("PTY-07", |a| a.party = PartyId::parse("hmrc").unwrap()),
            ("PTY-11", |a| a.unit = "finance".into()),
            ("PTY-11", |a| a.team = "south".into()),
            ("SEC-09", |a| a.clearance = Clearance::Bpss),
            ("PTY-09", |a| a.authorised = false),
            ("PTY-17", |a| a.trained_until = None),
            ("PTY-17", |a| {
                a.trained_until = Some("2026-02-02".parse().unwrap())
            }),
            ("LOOKUP-10", |a| {
                a.purposes = [PurposeId::parse("audit").unwrap()].into()
            }),
            ("LOOKUP-06", |a| a.cases = ["case-2".to_owned()].into()),
            ("LOOKUP-06", |a| a.cases.clear()),
        ];
        for (rule, change) in cases {
            let mut asker = asker();
            change(&mut asker);
            assert_eq!(check(&asker, &request(), &rules()), [rule]);
        }
        // The last day of training counts, and so does a clearance that is just enough.
        let mut just = asker();
        just.trained_until = Some("2026-02-03".parse().unwrap());
        just.clearance = Clearance::Ctc;
        assert_eq!(check(&just, &request(), &rules()), [""; 0]);
        // Where nothing is set, nobody may.
        assert_eq!(check(&asker(), &request(), &Rules::default()), ["PTY-11"]);
    }

    // shows: LOOKUP-01, LOOKUP-06, CHILD-07
    #[test]
    fn a_question_is_about_one_exact_reference_and_has_its_reason() {
        for reference in [
            "",
            "C*",
            "C0000000?",
            "C1,C2",
            "C1 C2",
            "C1\nC2",
            "%",
            "José",
            &"1".repeat(65),
        ] {
            let mut request = request();
            request.reference = Zeroizing::new(reference.into());
            assert_eq!(
                check(&asker(), &request, &rules()),
                ["LOOKUP-01"],
                "{reference}"
            );
        }
        let mut silent = request();
        silent.reason = " \t".into();
        assert_eq!(check(&asker(), &silent, &rules()), ["LOOKUP-06"]);
        let mut unmasked = request();
        unmasked.unmask = Some(String::new());
        assert_eq!(check(&asker(), &unmasked, &rules()), ["CHILD-07"]);
    }
}
