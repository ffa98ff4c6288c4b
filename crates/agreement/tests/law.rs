//! The law catalogue: which ways are open, what lists are closed, and that a statute needs no code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::{
    BodyId, Closed, End, GatewayId, LabelId, Law, LegalPurpose, Library, RegimeId, RegisterId,
};
use common::{base_with, day, law};

/// The purposes of a gateway between two bodies, or the rule that closes it.
fn open(gate: &str, from: &str, to: &str, about: &[&str]) -> Result<Vec<String>, String> {
    let law = law();
    let body = |id: &str| BodyId::parse(id).unwrap();
    let (one, two) = (body(from), body(to));
    let end = |id| End {
        body: Some(id),
        kind: &law.body(id).unwrap().kind,
    };
    let gateway = law.gateway(&GatewayId::parse(gate).unwrap()).unwrap();
    let about: Vec<LabelId> = about.iter().map(|a| LabelId::parse(a).unwrap()).collect();
    match law.open(gateway, end(&one), end(&two), &about) {
        Ok(purposes) => Ok(purposes.into_iter().map(ToString::to_string).collect()),
        Err(Closed::Excluded(except)) => Err(except.rule.clone()),
        Err(Closed::Opposite | Closed::Elsewhere) => Err("LEG-01".to_owned()),
    }
}

// shows: LEG-04
#[test]
fn section_21_serves_three_recipients() {
    let law = law();
    for (id, _) in law.bodies() {
        let opens = open("iaa-1999-s21", "home-office", id.as_str(), &[]).is_ok();
        let expected = ["police-force", "npcc", "nca", "hmrc"].contains(&id.as_str());
        assert_eq!(opens, expected, "{id}");
    }
    assert_eq!(
        open(
            "iaa-1999-s21",
            "home-office",
            "hmrc",
            &["customs-information"]
        ),
        Err("LEG-05".to_owned())
    );
}

// shows: LEG-06
#[test]
fn section_20_excludes_revenue_parliaments_and_proceedings() {
    for supplier in [
        "hmrc",
        "house-of-commons",
        "house-of-lords",
        "scottish-parliament",
        "national-assembly-for-wales",
        "northern-ireland-assembly",
        "person-in-proceedings",
    ] {
        assert_eq!(
            open("iaa-1999-s20", supplier, "home-office", &[]),
            Err("LEG-06".to_owned()),
            "{supplier}"
        );
    }
    for supplier in [
        "dwp",
        "dfe",
        "local-authority",
        "health-body",
        "police-force",
        "dvla",
        "registrar",
        "tfl",
    ] {
        assert!(
            open("iaa-1999-s20", supplier, "home-office", &[]).is_ok(),
            "{supplier}"
        );
        assert!(
            open("iaa-1999-s20", supplier, "dwp", &[]).is_err(),
            "{supplier}"
        );
    }
}

// shows: LEG-07
#[test]
fn what_the_prosecutor_has_of_revenue_goes_by_section_40() {
    assert!(open("iaa-1999-s20", "cps", "home-office", &[]).is_ok());
    let closed = open("iaa-1999-s20", "cps", "home-office", &["hmrc-information"]);
    assert_eq!(closed, Err("LEG-07".to_owned()));
    assert!(open("ukba-2007-s40", "cps", "home-office", &["hmrc-information"]).is_ok());
}

// shows: LEG-03
#[test]
fn only_the_home_office_has_the_power_of_the_crown() {
    for (id, _) in law().bodies() {
        let opens = open("common-law-crown", id.as_str(), "dwp", &[]).is_ok();
        assert_eq!(opens, id.as_str() == "home-office", "{id}");
    }
}

const IMMIGRATION: [&str; 7] = [
    "accommodation",
    "asylum-support",
    "illegal-working",
    "immigration-charges",
    "immigration-control",
    "immigration-function",
    "immigration-offences",
];

fn purposes(gate: &str, from: &str, to: &str) -> Vec<String> {
    let mut all = open(gate, from, to, &[]).unwrap();
    all.sort();
    all
}

// shows: LEG-08
#[test]
fn immigration_purposes_are_a_closed_list_of_seven() {
    assert_eq!(purposes("iaa-1999-s20", "dwp", "home-office"), IMMIGRATION);
}

// shows: LEG-10
#[test]
fn section_40_has_ten_purposes_one_with_two_cases() {
    // Its last purpose, functions of immigration and nationality, includes those of immigration alone.
    let mut expected = IMMIGRATION.to_vec();
    expected.extend([
        "naturalisation-character",
        "registration-character-war-wives",
        "registration-character-hong-kong",
        "deprivation",
        "immigration-and-nationality-function",
    ]);
    expected.sort_unstable();
    assert_eq!(purposes("ukba-2007-s40", "hmrc", "home-office"), expected);
}

// shows: LEG-12
#[test]
fn to_dwp_the_home_office_data_serves_fraud_and_checking_alone() {
    assert_eq!(
        purposes("ssaa-1992-s122b", "home-office", "dwp"),
        ["benefit-checking", "counter-fraud"]
    );
}

// shows: LEG-28
#[test]
fn there_are_42_criminal_justice_areas_and_43_forces() {
    let law = law();
    let count = |name: &str| {
        let register = law.register(&RegisterId::parse(name).unwrap()).unwrap();
        register.versions.values().next_back().unwrap().len()
    };
    assert_eq!(count("criminal-justice-areas"), 42);
    assert_eq!(count("police-forces-england-wales"), 43);
}

// shows: LEG-27
#[test]
fn each_regime_has_its_clock_its_exemptions_and_its_assessment() {
    let law = law();
    let regime = |name: &str| law.regime(&RegimeId::parse(name).unwrap()).unwrap().clone();
    let (old, new) = (regime("dpa-1998"), regime("gdpr-dpa-2018"));
    let asked = day("2018-01-31");
    assert_eq!(old.access.after(asked), Some(day("2018-03-12")));
    assert_eq!(new.access.after(asked), Some(day("2018-02-28")));
    assert_eq!((old.impact.as_str(), new.impact.as_str()), ("pia", "dpia"));
    assert_ne!(old.exemptions, new.exemptions);
    assert!(
        old.lawful_bases.is_empty() && new.lawful_bases.keys().any(|b| b.as_str() == "gdpr-6-1-e")
    );
}

// shows: LEG-19
#[test]
fn the_act_of_1998_has_eight_principles() {
    let law = law();
    let regime = law.regime(&RegimeId::parse("dpa-1998").unwrap()).unwrap();
    assert_eq!(regime.principles.len(), 8);
}

// shows: APP-14, APP-15, APP-16, APP-17
#[test]
fn the_printed_list_has_31_countries_ten_exempt_and_two_that_always_need_an_assessment() {
    let law = law();
    let on = day("2016-07-15");
    let list = law.adequacy_on(on).unwrap();
    assert_eq!(
        (list.area.len(), list.exempt.len(), list.always.len()),
        (31, 10, 2)
    );
    let needs =
        |country: &str, on: &str| law.needs_adequacy(&LabelId::parse(country).unwrap(), day(on));
    for country in [
        "france",
        "united-kingdom",
        "iceland",
        "new-zealand",
        "switzerland",
        "jersey",
    ] {
        assert!(!needs(country, "2016-07-15"), "{country}");
    }
    for country in ["canada", "united-states", "brazil", "nowhere"] {
        assert!(needs(country, "2016-07-15"), "{country}");
        assert!(needs(country, "2026-01-01"), "{country}");
    }
    assert!(
        needs("france", "1999-12-31"),
        "before the list begins nothing is exempt"
    );
}

// shows: PTY-19
#[test]
fn a_registrar_belongs_to_a_local_authority() {
    let law = law();
    let registrar = law.body(&BodyId::parse("registrar").unwrap()).unwrap();
    assert_eq!(
        registrar.part_of.as_ref().unwrap().as_str(),
        "local-authority"
    );
}

#[test]
fn working_days_leave_out_weekends_and_bank_holidays_and_end_with_the_list() {
    let law = law();
    let calendar = law.calendar("england-and-wales").unwrap();
    // Good Friday and Easter Monday of 2026 are 3 and 6 April.
    assert_eq!(calendar.after(day("2026-04-02"), 1), Ok(day("2026-04-07")));
    assert_eq!(calendar.after(day("2026-12-24"), 5), Ok(day("2027-01-05")));
    // The day of receipt does not count, whatever day it is.
    assert_eq!(calendar.after(day("2026-04-04"), 1), Ok(day("2026-04-07")));
    let past = calendar.after(calendar.until, 1).unwrap_err();
    assert!(
        past.to_string().contains("bank holidays are known"),
        "{past}"
    );
    assert!(calendar.is_working(day("2014-12-31")).is_err());
}

#[test]
fn every_entry_is_verified_by_somebody_or_says_what_is_open() {
    let law = law();
    for (id, gateway) in law.gateways() {
        assert!(
            !gateway.cites.is_empty() && !gateway.ways.is_empty(),
            "{id}"
        );
        let plain = gateway.non_personal || gateway.effective.until.is_some();
        assert!(
            gateway.verified.is_some() || !gateway.checks.is_empty() || plain,
            "{id}"
        );
        for way in &gateway.ways {
            assert!(
                way.purposes
                    .iter()
                    .all(|p: &LegalPurpose| law.purpose(p).is_some()),
                "{id}"
            );
        }
    }
}

/// A statute, a body and a purpose of their own: data, and no code.
#[test]
fn a_statute_needs_no_code() {
    let more = "purposes: { canal-safety: keeping canals safe }
bodies: { canal-trust: { title: a canal trust, kind: public-body, country: united-kingdom } }
gateways:
  canals-2026-s1:
    cites: section 1 of a Canals Act
    ways: [ { from: home-office, to: canal-trust, purposes: [canal-safety] }, { from: canal-trust, to: home-office, purposes: [canal-safety] } ]
    checks: [it is invented]
";
    let file = ("canals.yaml".to_owned(), more.to_owned());
    let law = Law::with(std::slice::from_ref(&file)).unwrap();
    assert_ne!(
        law.digest(),
        common::law().digest(),
        "what is signed names the law it was checked against"
    );
    let text = base_with(
        "under: { ho-hmrc: { gap: umbrella } }
gaps: { umbrella: { asks: which, owner: all, stops: agreement } }
purposes: { contact: { text: keep canals safe, law: canal-safety } }
bases: { out: [ { gate: canals-2026-s1 } ] }
",
    )
    .replace("body: hmrc,", "body: canal-trust,");
    let check = |law: &Law| agreement::check("canals.yaml", text.as_bytes(), law, &Library::none());
    let told: Vec<String> = check(&law)
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(check(&law).plan.is_some(), "{told:?}");
    assert!(check(&common::law()).plan.is_none());
}

const FILES: [(&str, &str); 3] = [
    (
        "bodies",
        "kinds: { department: { title: a department } }\nbodies:\n  one: { title: One, kind: department, country: here }\n  two: { title: Two, kind: department, country: here }\n",
    ),
    ("purposes", "purposes: { work: the work }\n"),
    (
        "gateways",
        "gateways:\n  gate: { cites: section 1, ways: [ { from: one, to: two, purposes: [work] } ] }\n",
    ),
];

#[test]
fn a_catalogue_is_hashed_by_what_it_says() {
    let one = Law::from_texts(&FILES).unwrap();
    let turned: Vec<(&str, &str)> = FILES.into_iter().rev().collect();
    assert_eq!(one.digest(), Law::from_texts(&turned).unwrap().digest());
    let mut other = FILES;
    let text = other[2].1.replace("section 1", "section 2");
    other[2].1 = &text;
    assert_ne!(one.digest(), Law::from_texts(&other).unwrap().digest());
}

#[test]
fn a_catalogue_with_a_fault_is_refused_with_its_place() {
    for (at, from, to, told) in [
        (
            0,
            "kind: department, country: here }\n  two",
            "kind: ministry, country: here }\n  two",
            "bodies:3:28: fault[LANG-08]",
        ),
        (
            2,
            "from: one",
            "from: three",
            "gateways:2:45: fault[LANG-08]",
        ),
        (2, "[work]", "[play]", "gateways:2:70: fault[LANG-08]"),
        (2, "cites", "cite", "gateways:2:11: fault[LANG-04]"),
        (
            1,
            "the work",
            "!!str the work",
            "purposes:1:19: fault[LANG-02]",
        ),
    ] {
        let mut files = FILES;
        let text = files[at].1.replace(from, to);
        files[at].1 = &text;
        let fault = Law::from_texts(&files).unwrap_err();
        let all: Vec<String> = fault.0.iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|d| d.starts_with(told)), "{told}: {all:?}");
    }
}

// shows: CHILD-01
#[test]
fn the_purpose_of_childrens_welfare_names_its_statutory_guidance() {
    let welfare = LegalPurpose::parse("child-wellbeing").unwrap();
    let law = law();
    let guidance = law.guidance(&welfare);
    assert!(guidance.iter().any(|g| g.starts_with("Working together")));
    let every = guidance
        .iter()
        .find(|g| g.starts_with("Every child matters"));
    assert!(every.unwrap().contains("section 55"));
    // Guidance on a purpose that the law does not name is a fault.
    let more = |purpose: &str| {
        let text = format!("guidance: {{ {purpose}: [A title] }}\n");
        Law::with(&[("more.yaml".to_owned(), text)])
    };
    let offence = LegalPurpose::parse("crime-immigration").unwrap();
    assert!(law.guidance(&offence).is_empty());
    let more_law = more("crime-immigration").unwrap();
    assert_eq!(more_law.guidance(&offence), ["A title"]);
    assert_ne!(more_law.digest(), law.digest());
    let fault = more("child-wellfare").unwrap_err();
    assert!(fault.0[0].message.contains("legal purpose"), "{fault}");
}
