//! The people of the world: the same alone and in a stream, nobody's in particular, and as often this or that as
//! docs/synthetic-world.md says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use agreement::{DatedAddress, FieldType, TypeName};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use proptest::prelude::*;
use sim::Origin;
use sim::world::{
    BenefitRecord, Case, FIRST_DAY, Home, LAST_DAY, PupilRecord, Schooling, State, TaxRecord,
    Together, Truth, World,
};

/// A person and what each list holds of them.
struct Person {
    truth: Truth,
    case: Option<Case>,
    tax: Option<TaxRecord>,
    benefit: Option<BenefitRecord>,
    pupil: Option<PupilRecord>,
}

fn look(world: &World, index: u64) -> Person {
    Person {
        truth: world.truth(index),
        case: world.case(index),
        tax: world.taxpayer(index),
        benefit: world.claimant(index),
        pupil: world.pupil(index),
    }
}

fn people(n: u64) -> Vec<Person> {
    let world = World::new(7, n);
    (0..n).map(|index| look(&world, index)).collect()
}

/// The state that holds on this day.
fn on(case: &Case, day: Date) -> Option<&State> {
    (case.opened <= day).then(|| case.states.iter().rfind(|state| state.from <= day))?
}

fn eligible(case: &Case, day: Date) -> Option<&State> {
    on(case, day).filter(|state| {
        state.in_pool == Some(true)
            && state.dead == Some(false)
            && state
                .last_contact
                .is_some_and(|contact| contact <= day - 6.months())
    })
}

/// The text after the date of a dated value.
fn dated(text: Option<&String>) -> Vec<DatedAddress> {
    let all = text.map(|text| agreement::split(text)).unwrap_or_default();
    all.iter()
        .map(|one| DatedAddress::parse(one).unwrap())
        .collect()
}

/// From five to fifteen years old on the first day.
fn of_school_age(p: &Person) -> bool {
    let born = p.truth.born;
    born > FIRST_DAY - 16.years() && born <= FIRST_DAY - 5.years()
}

/// Whether the last census before the first day told that the pupil is at a school.
fn at_school(record: &PupilRecord) -> bool {
    let census = Some(date(2016, 1, 21));
    dated(record.schools.as_ref())
        .iter()
        .any(|school| school.from <= census && school.until.is_none_or(|day| Some(day) >= census))
}

type Share = (usize, usize);

fn share<'a, T: 'a>(of: impl IntoIterator<Item = &'a T>, that: impl Fn(&T) -> bool) -> Share {
    of.into_iter().fold((0, 0), |(yes, all), one| {
        (yes + usize::from(that(one)), all + 1)
    })
}

#[test]
fn rates_are_as_documented() {
    let people = people(40_000);
    let cases: Vec<(&Person, &Case)> = people
        .iter()
        .filter_map(|p| Some((p, p.case.as_ref()?)))
        .collect();
    let asked: Vec<&(&Person, &Case)> = cases
        .iter()
        .filter(|(_, case)| eligible(case, FIRST_DAY).is_some())
        .collect();
    let taxed: Vec<(&Person, &TaxRecord)> = people
        .iter()
        .filter_map(|p| Some((p, p.tax.as_ref()?)))
        .collect();
    let paid: Vec<(&Person, &BenefitRecord)> = people
        .iter()
        .filter_map(|p| Some((p, p.benefit.as_ref()?)))
        .collect();
    let aged: Vec<&Person> = people.iter().filter(|p| of_school_age(p)).collect();
    let lost: Vec<&Person> = aged.iter().copied().filter(|p| p.truth.case).collect();
    let schooled = |how: Schooling| share(lost.iter().copied(), |p| p.truth.schooling == how);
    let pupils: Vec<(&Person, &PupilRecord)> = people
        .iter()
        .filter_map(|p| Some((p, p.pupil.as_ref()?)))
        .collect();
    let ended = |case: &Case, before: bool| {
        let day = on(case, FIRST_DAY).and_then(|state| state.status_ended);
        day.is_some_and(|day| (day < date(2008, 1, 1)) == before)
    };
    let in_payment = |record: &BenefitRecord| {
        dated(record.benefits.as_ref()).iter().any(|benefit| {
            benefit.from <= Some(FIRST_DAY) && benefit.until.is_none_or(|day| day >= FIRST_DAY)
        })
    };
    let pool = |p: &Person| p.truth.pool;
    let in_pool = || people.iter().filter(|p| pool(p));
    let old = date(2015, 4, 6);
    let measured: BTreeMap<&str, Share> = [
        ("has a case", share(&people, |p| p.case.is_some())),
        ("has a NINO", share(&people, |p| p.truth.nino.is_some())),
        (
            "changed the name",
            share(&people, |p| p.truth.former.is_some()),
        ),
        (
            "moved in ten years",
            share(&people, |p| p.truth.homes.len() > 1),
        ),
        (
            "lives alone",
            share(&people, |p| p.truth.household.together == Together::Alone),
        ),
        (
            "lives in Northern Ireland",
            share(&people, |p| p.truth.nation == "northern-ireland"),
        ),
        (
            "may be asked about on the first day",
            (asked.len(), people.len()),
        ),
        (
            "status ended before 2008",
            share(asked.iter().copied(), |(_, case)| ended(case, true)),
        ),
        (
            "status ended since 2008",
            share(asked.iter().copied(), |(_, case)| ended(case, false)),
        ),
        (
            "the register knows the NINO",
            share(&cases, |(_, case)| case.nino.is_some()),
        ),
        (
            "the register's NINO is wrong",
            share(
                cases.iter().filter(|(_, case)| case.nino.is_some()),
                |(p, case)| case.nino != p.truth.nino,
            ),
        ),
        (
            "the register's birth date is wrong",
            share(&cases, |(p, case)| case.date_of_birth != p.truth.born),
        ),
        (
            "the register changes in two years",
            share(&cases, |(_, case)| case.states.len() > 1),
        ),
        (
            "in the tax authority's list",
            share(&people, |p| p.tax.is_some()),
        ),
        (
            "of the pool in the tax authority's list",
            share(in_pool(), |p| p.tax.is_some()),
        ),
        (
            "the tax record begins later",
            share(&taxed, |(_, record)| record.begins > FIRST_DAY),
        ),
        (
            "the tax record's addresses are old",
            share(&taxed, |(_, record)| {
                let homes = dated(record.addresses.as_ref());
                !homes.is_empty() && homes.iter().all(|h| h.until.is_some_and(|day| day < old))
            }),
        ),
        (
            "the tax record's nation is unknown",
            share(&taxed, |(_, record)| record.lives_in.is_none()),
        ),
        (
            "from a third party",
            share(&taxed, |(_, record)| record.from_third_party == Some("yes")),
        ),
        (
            "a third party's record that may be passed on",
            share(
                taxed
                    .iter()
                    .filter(|(_, record)| record.from_third_party == Some("yes")),
                |(_, record)| record.disclosure_allowed == Some("yes"),
            ),
        ),
        (
            "in the benefits department's list",
            share(&people, |p| p.benefit.is_some()),
        ),
        (
            "of the pool in the benefits department's list",
            share(in_pool(), |p| p.benefit.is_some()),
        ),
        (
            "a benefit in payment on the first day",
            share(&paid, |(_, record)| in_payment(record)),
        ),
        (
            "the benefits department knows a partner",
            share(&paid, |(_, record)| record.partner_name.is_some()),
        ),
        (
            "the register knows the sex",
            share(&cases, |(_, case)| case.sex.is_some()),
        ),
        (
            "in the school census",
            share(&people, |p| p.pupil.is_some()),
        ),
        (
            "at a school of the census on the first day",
            share(aged.iter().copied(), |p| {
                p.pupil.as_ref().is_some_and(at_school)
            }),
        ),
        (
            "a child of the register at a school of the census",
            share(lost.iter().copied(), |p| {
                p.pupil.as_ref().is_some_and(at_school)
            }),
        ),
        (
            "a child of the register who has left",
            share(lost.iter().copied(), |p| {
                let left = |record: &PupilRecord| !at_school(record) && record.begins <= FIRST_DAY;
                p.pupil.as_ref().is_some_and(left)
            }),
        ),
        (
            "a child of the register at an independent school",
            schooled(Schooling::Independent),
        ),
        (
            "a child of the register at no school",
            schooled(Schooling::NoSchool),
        ),
        (
            "a child of the register in another nation",
            schooled(Schooling::OtherNation),
        ),
        (
            "the pupil's record begins later",
            share(&pupils, |(_, record)| record.begins > FIRST_DAY),
        ),
        (
            "the pupil has had several schools",
            share(&pupils, |(_, record)| {
                dated(record.schools.as_ref()).len() > 1
            }),
        ),
        (
            "the pupil is known as another",
            share(&pupils, |(_, record)| record.preferred_surname.is_some()),
        ),
        (
            "the pupil's last address is old",
            share(&pupils, |(p, record)| {
                let last = dated(record.addresses.as_ref()).pop();
                let home = p
                    .truth
                    .homes
                    .iter()
                    .rfind(|home| home.from <= date(2018, 1, 18));
                last.zip(home).is_some_and(|(last, home)| {
                    last.until.is_none() && !last.address.starts_with(&home.address.lines)
                })
            }),
        ),
        (
            "the pupil's language is known",
            share(&pupils, |(_, record)| record.first_language.is_some()),
        ),
        (
            "the pupil's name is not as it is",
            share(&pupils, |(p, record)| {
                record.full_name != p.truth.name.whole()
            }),
        ),
        (
            "the pupil's birth date is wrong",
            share(&pupils, |(p, record)| record.date_of_birth != p.truth.born),
        ),
        (
            "the pupil was adopted from care",
            share(&pupils, |(_, record)| {
                record.adopted_from_care == Some("yes")
            }),
        ),
    ]
    .into();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/synthetic-world.md");
    let page = std::fs::read_to_string(page).unwrap();
    let stated: BTreeMap<&str, f64> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            let percent = cells
                .get(2)?
                .trim_end_matches(['|', ' '])
                .strip_suffix(" %")?;
            Some((*cells.first()?, percent.parse().unwrap()))
        })
        .collect();
    let mut wrong = Vec::new();
    for (what, (yes, all)) in &measured {
        let found = *yes as f64 * 100.0 / *all as f64;
        // Wide: a fifth of the rate, and a percentage point where the rate is small.
        let near = |percent: &f64| (found - percent).abs() <= (percent * 0.2).max(1.0);
        if !stated.get(what).is_some_and(near) {
            wrong.push(format!(
                "{what}: {found:.1} %, stated {:?}",
                stated.get(what)
            ));
        }
    }
    let unmeasured = stated.keys().filter(|what| !measured.contains_key(*what));
    wrong.extend(unmeasured.map(|what| format!("{what}: stated and not measured")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// shows: SEC-15
#[test]
fn no_identifier_of_any_list_could_be_a_persons() {
    let phone = |text: &str| text.starts_with("07700 900") && text.len() == 12;
    let number =
        |text: &str| text.starts_with("QQ") && linkage::nino(text).as_deref() == Some(text);
    let home = |text: &str| {
        let postcode = text.rsplit_once(", ").unwrap().1;
        let district = postcode
            .strip_prefix("ZZ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        (1..=98).contains(&district.parse::<u32>().unwrap())
    };
    for p in people(4000) {
        let (case, tax, benefit) = (p.case.as_ref(), p.tax.as_ref(), p.benefit.as_ref());
        let numbers = [
            p.truth.nino.as_ref(),
            case.and_then(|c| c.nino.as_ref()),
            tax.and_then(|t| t.nino.as_ref()),
            benefit.map(|b| &b.nino),
        ];
        assert!(numbers.into_iter().flatten().all(|text| number(text)));
        let held = case.map(|c| &c.homes[..]).unwrap_or_default().iter();
        let homes = held
            .map(|held| held.addresses.as_ref())
            .chain([tax.and_then(|t| t.addresses.as_ref())])
            .chain([benefit.and_then(|b| b.addresses.as_ref())])
            .chain([p.pupil.as_ref().and_then(|p| p.addresses.as_ref())])
            .chain([p.pupil.as_ref().and_then(|p| p.schools.as_ref())]);
        assert!(homes.flat_map(dated).all(|one| home(&one.address)));
        let phones = case
            .and_then(|c| c.mobile.as_ref())
            .map(|text| agreement::split(text))
            .unwrap_or_default();
        let phones = phones
            .iter()
            .chain(tax.and_then(|t| t.phone.as_ref()))
            .chain(benefit.and_then(|b| b.phone.as_ref()));
        assert!(phones.into_iter().all(|text| phone(text)));
        let emails = case.map(|c| (c.email_primary.as_ref(), c.email_other.as_ref()));
        if let Some((first, others)) = emails {
            let others = others
                .map(|text| agreement::split(text))
                .unwrap_or_default();
            assert!(others.len() <= 3);
            assert!(
                first
                    .into_iter()
                    .chain(&others)
                    .all(|text| text.ends_with(".example"))
            );
        }
    }
}

#[test]
fn values_have_the_forms_that_agreements_ask_for() {
    let check = |kind: TypeName, text: &str| {
        assert!(FieldType::Plain(kind).accepts(text), "{kind:?}: {text}");
    };
    for p in people(4000) {
        if let Some(case) = &p.case {
            check(TypeName::Reference, &case.key);
            check(TypeName::Code, case.source);
            check(TypeName::Name, &case.full_name);
            check(TypeName::Country, case.nationality);
            for text in [&case.port_reference, &case.ho_reference]
                .into_iter()
                .flatten()
            {
                check(TypeName::Reference, text);
            }
            case.email_primary
                .iter()
                .for_each(|text| check(TypeName::Email, text));
            let mobiles = agreement::split(case.mobile.as_deref().unwrap_or_default());
            assert!(mobiles.len() <= 4);
            mobiles.iter().for_each(|text| check(TypeName::Phone, text));
            case.states
                .iter()
                .filter_map(|state| state.status)
                .for_each(|text| check(TypeName::Code, text));
            for text in case.homes.iter().filter_map(|held| held.postcode.as_ref()) {
                check(TypeName::Postcode, text);
            }
            for state in &case.states {
                assert!(
                    state
                        .last_contact
                        .is_none_or(|day| day <= state.from.max(FIRST_DAY))
                );
                assert!(state.status_ended.is_none_or(|day| day >= p.truth.born));
            }
            assert!(case.states.is_sorted_by(|a, b| a.from < b.from));
            assert!(case.homes.is_sorted_by(|a, b| a.from < b.from));
            assert!(case.states.iter().all(|state| state.from <= LAST_DAY));
        }
        if let Some(pupil) = &p.pupil {
            check(TypeName::Reference, &pupil.reference);
            check(TypeName::Code, pupil.sex);
            pupil
                .first_language
                .iter()
                .for_each(|text| check(TypeName::Code, text));
            for name in [
                Some(&pupil.surname),
                pupil.forename.as_ref(),
                pupil.middle_name.as_ref(),
                pupil.former_surname.as_ref(),
                pupil.preferred_surname.as_ref(),
            ] {
                name.iter().for_each(|text| check(TypeName::Name, text));
            }
            for school in dated(pupil.schools.as_ref()) {
                let (number, name) = school.address.split_once(", ").unwrap();
                let (name, postcode) = name.rsplit_once(", ").unwrap();
                check(TypeName::Reference, number);
                check(TypeName::Text, name);
                check(TypeName::Postcode, postcode);
            }
        }
        let sixteen = p.truth.born + 16.years();
        assert!(p.tax.iter().all(|record| record.begins >= sixteen));
        assert!(p.benefit.iter().all(|record| record.begins >= sixteen));
        if let Some(nation) = p.tax.as_ref().and_then(|record| record.lives_in) {
            check(TypeName::Nation, nation);
        }
        let homes = &p.truth.homes;
        assert!(homes.is_sorted_by(|a, b| a.until.is_some_and(|until| until < b.from)));
        assert!(homes.last().unwrap().until.is_none());
        assert!(
            homes
                .iter()
                .all(|home| home.until.is_none_or(|until| home.from <= until))
        );
    }
}

#[test]
fn benefits_are_those_of_the_catalogue_and_end_with_a_life() {
    let law = concat!(env!("CARGO_MANIFEST_DIR"), "/../../law/codes.yaml");
    let law = std::fs::read_to_string(law).unwrap();
    let mut seen = BTreeSet::new();
    for record in people(20_000).into_iter().filter_map(|p| p.benefit) {
        for benefit in dated(record.benefits.as_ref()) {
            let died = record.died;
            assert!(died.is_none_or(|died| benefit.until.is_some_and(|until| until <= died)));
            seen.insert(benefit.address);
        }
    }
    assert_eq!(seen.len(), 14);
    for code in seen {
        assert!(law.contains(&format!("      {code}: {{")), "{code}");
    }
}

#[test]
fn households_share_a_home_and_often_a_name() {
    let world = World::new(7, 6000);
    let people: Vec<Truth> = (0..6000).map(|index| world.truth(index)).collect();
    let (mut pairs, mut same_name) = (0, 0);
    for truth in &people {
        let household = truth.household;
        assert!((household.first..household.first + household.size).contains(&truth.index));
        let first = &people[usize::try_from(household.first).unwrap()];
        assert_eq!(first.household, household);
        // Whoever came later, the latest home is the household's.
        assert_eq!(
            truth.homes.last().unwrap().address,
            first.homes.last().unwrap().address
        );
        if let Some(partner) = household.partner(truth.index) {
            assert_eq!(household.partner(partner), Some(truth.index));
        }
        if household.is_child(truth.index) {
            pairs += 1;
            let family = |name: String| name.split(' ').next_back().unwrap_or_default().to_owned();
            same_name += usize::from(family(truth.name.whole()) == family(first.name.whole()));
            assert!(truth.born.year() - first.born.year() >= 17);
        }
    }
    assert!(
        pairs > 500 && same_name * 2 > pairs,
        "{same_name} of {pairs}"
    );
}

/// The days of the census from 2006 to the last of the exchange, by looking at every day.
fn census_days() -> Vec<Date> {
    let mut all = Vec::new();
    let mut day = date(2006, 9, 1);
    let mut thursdays = 0;
    while day <= LAST_DAY {
        if day.day() == 1 {
            thursdays = 0;
        }
        thursdays += i32::from(day.weekday() == Weekday::Thursday);
        let on = matches!((day.month(), thursdays), (1 | 5, 3) | (10, 1));
        if on && day.weekday() == Weekday::Thursday {
            all.push(day);
        }
        day = day.tomorrow().unwrap();
    }
    all
}

#[test]
fn the_census_tells_of_each_term_what_was_so_on_its_day() {
    let days = census_days();
    assert_eq!(days.len(), 35);
    assert!(days.contains(&date(2016, 1, 21)), "{days:?}");
    let (mut told, mut true_home, mut left) = (0, 0, 0);
    for p in people(20_000) {
        let Some(record) = &p.pupil else { continue };
        let truth = &p.truth;
        assert_eq!(truth.schooling, Schooling::InCensus);
        assert_eq!(truth.nation, "england");
        let schools = dated(record.schools.as_ref());
        assert_eq!(schools[0].from, Some(record.begins));
        let homes = dated(record.addresses.as_ref());
        for one in schools.iter().chain(&homes) {
            assert!(days.contains(&one.from.unwrap()));
            assert!(one.until.is_none_or(|day| days.contains(&day)));
        }
        let end = schools.last().unwrap().until;
        left += usize::from(end.is_some());
        let on = |all: &[DatedAddress], day: Date| -> Vec<String> {
            all.iter()
                .filter(|one| one.from <= Some(day) && one.until.is_none_or(|until| until >= day))
                .map(|one| one.address.clone())
                .collect()
        };
        for day in days.iter().copied() {
            let enrolled = day >= record.begins && end.is_none_or(|end| day <= end);
            let school = on(&schools, day);
            assert_eq!(school.len(), usize::from(enrolled), "on {day}");
            let home = on(&homes, day);
            assert!(home.len() <= school.len());
            assert!(!enrolled || truth.died.is_none_or(|died| day <= died));
            let Some(school) = school.first() else {
                continue;
            };
            // Four years old in the first term at the youngest, eighteen in the last at the oldest.
            let year = day.year() - i16::from(day.month() < 9);
            let age = year - truth.born.year() - i16::from(truth.born.month() >= 9);
            assert!((4..=17).contains(&age), "{age} on {day}");
            let number: u32 = school[3..7].parse().unwrap();
            assert_eq!(number < 4000, age <= 10, "{age} and {number}");
            assert!(number < 6000 || age >= 16, "{age} and {number}");
            if let Some(home) = home.first() {
                let until = |one: &&Home| one.until.is_none_or(|until| day <= until);
                let begun = || truth.homes.iter().filter(|one| one.from <= day);
                let is = |one: &Home| {
                    *home == format!("{}, {}", one.address.lines, one.address.postcode)
                };
                assert!(begun().any(is), "an address of the past or of now");
                told += 1;
                true_home += usize::from(begun().find(until).is_some_and(is));
            }
        }
    }
    assert!(left > 50, "{left}");
    assert!(
        true_home < told && true_home * 10 > told * 9,
        "{true_home} of {told}"
    );
}

#[test]
fn brothers_and_sisters_often_go_to_one_school() {
    let mut schools: BTreeMap<(u64, char), Vec<String>> = BTreeMap::new();
    for p in people(20_000) {
        for school in dated(p.pupil.as_ref().and_then(|record| record.schools.as_ref())) {
            if school.until.is_none() {
                let kind = school.address.chars().nth(3).unwrap();
                let key = (p.truth.household.first, kind);
                schools.entry(key).or_default().push(school.address);
            }
        }
    }
    let pairs = schools.values().filter(|all| all.len() == 2);
    let (same, all) = share(pairs, |all| all[0] == all[1]);
    assert!(all > 50 && same * 2 > all && same < all, "{same} of {all}");
}

#[test]
fn a_name_falls_into_its_parts() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for p in people(4000) {
        let case = p.case.iter().map(|c| {
            let parts = (c.forename.clone(), c.middle_name.clone());
            (c.full_name.clone(), c.surname.clone(), parts)
        });
        let pupil = p.pupil.iter().map(|r| {
            let parts = (r.forename.clone(), r.middle_name.clone());
            (r.full_name.clone(), r.surname.clone(), parts)
        });
        for (whole, surname, (forename, middle)) in case.chain(pupil) {
            assert!(!surname.is_empty());
            seen.insert(match (&forename, &middle) {
                (None, None) => "a single name",
                (None, Some(_)) => "no forename",
                (Some(_), None) => "two parts",
                (Some(_), Some(_)) => "three parts",
            });
            let words = |text: &str| -> Vec<String> {
                let mut words: Vec<String> = text.split_whitespace().map(Into::into).collect();
                words.sort();
                words
            };
            let parts: Vec<String> = [Some(surname), forename, middle]
                .into_iter()
                .flatten()
                .collect();
            assert_eq!(words(&parts.join(" ")), words(&whole));
        }
    }
    for kind in ["a single name", "two parts", "three parts"] {
        assert!(seen.contains(kind), "{kind}");
    }
}

#[test]
fn a_family_has_one_key_and_who_shares_an_address_alone_has_their_own() {
    let mut keys: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut families: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for p in people(4000) {
        let Some(case) = p.case else { continue };
        let household = p.truth.household;
        keys.entry(case.family.clone())
            .or_default()
            .insert(household.first);
        if household.together == Together::Sharers {
            let own = keys.insert(format!("sharer {}", case.family), BTreeSet::new());
            assert!(own.is_none());
        } else {
            families
                .entry(household.first)
                .or_default()
                .insert(case.family);
        }
    }
    assert!(keys.values().all(|households| households.len() <= 1));
    assert!(families.values().all(|keys| keys.len() == 1));
}

#[test]
fn names_are_of_many_traditions_and_are_written_in_many_ways() {
    let people = people(40_000);
    let origins: BTreeSet<Origin> = people.iter().map(|p| p.truth.origin).collect();
    assert_eq!(origins.len(), Origin::WORLD.len());
    let names: BTreeSet<String> = people
        .iter()
        .flat_map(|p| {
            let case = p.case.iter().map(|c| c.full_name.clone());
            let tax = p.tax.iter().map(|t| t.full_name.clone());
            case.chain(tax)
                .chain(p.benefit.iter().map(|b| b.full_name.clone()))
        })
        .collect();
    let has = |word: &str| {
        names
            .iter()
            .any(|name| name.split(' ').any(|one| one == word))
    };
    for variants in [
        ["Mohammed", "Muhammad", "Mohamed", "Mohammad"],
        ["Oleksandr", "Aleksandr", "Alexander", "Olexandr"],
        ["Hussain", "Hussein", "Hossain", "Husain"],
    ] {
        let written = variants.into_iter().filter(|word| has(word)).count();
        assert!(written > 1, "{variants:?}");
    }
    assert!(has("Oleksandrivna") || has("Ivanivna"), "a father's name");
    assert!(has("Wulandari") && names.contains("Wulandari"), "one name");
    assert!(names.iter().any(|name| name.contains('-')), "joined names");
    assert!(
        names
            .iter()
            .any(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == ' '))
    );
}

#[test]
fn two_lists_never_share_a_reference_and_none_is_given_twice() {
    let world = World::new(7, 20_000);
    let mut seen = BTreeSet::new();
    let mut in_order = true;
    let mut last = String::new();
    for index in 0..20_000 {
        let tax = world.taxpayer(index).map(|record| record.reference);
        let benefit = world.claimant(index).map(|record| record.reference);
        let pupil = world.pupil(index).map(|record| record.reference);
        for reference in tax.iter().chain(&benefit).chain(&pupil) {
            assert!(seen.insert(reference.clone()), "{reference}");
        }
        if let Some(reference) = tax {
            in_order &= last < reference;
            last = reference;
        }
    }
    assert!(!in_order, "the references tell who comes after whom");
}

proptest! {
    #[test]
    fn a_person_is_the_same_alone_and_in_any_stream(seed: u64, index in 0u64..10_000_000, other in 0u64..10_000_000) {
        let world = World::new(seed, index + 1);
        let larger = World::new(seed, index + 50_000);
        prop_assert_eq!(world.truth(index), larger.truth(index));
        prop_assert_eq!(world.case(index), larger.case(index));
        prop_assert_eq!(world.taxpayer(index), larger.taxpayer(index));
        prop_assert_eq!(world.claimant(index), larger.claimant(index));
        prop_assert_eq!(world.pupil(index), larger.pupil(index));
        prop_assume!(index != other);
        prop_assert_ne!(world.truth(index), world.truth(other));
        prop_assert_ne!(world.truth(index), World::new(seed ^ 1, index + 1).truth(index));
    }

    #[test]
    fn nothing_happens_after_a_death_and_a_list_knows_of_it_on_the_day(seed: u64, first in 0u64..1_000_000) {
        let world = World::new(seed, first + 200);
        for index in first..first + 200 {
            let Person { truth, case, .. } = look(&world, index);
            let (Some(died), Some(case)) = (truth.died, case) else { continue };
            for state in case.states.iter().skip(1) {
                prop_assert!(state.from <= died);
                prop_assert_eq!(state.from == died, state.dead == Some(true));
            }
        }
    }
}
