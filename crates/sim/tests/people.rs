//! Synthetic people: the same from a seed, plausible in number, and nobody's in particular.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sim::people::{nino, person};
use sim::{Origin, Sex, SyntheticPerson, population};

fn people(n: usize) -> Vec<SyntheticPerson> {
    population(7, n).collect()
}

/// That `count` of 4,000 is `percent`, give or take four.
fn check(what: &str, count: usize, percent: f64) {
    let found = count as f64 / 40.0;
    assert!(
        (found - percent).abs() < 4.0,
        "{what}: {found} %, not {percent} %"
    );
}

#[test]
fn the_first_people_are_always_these() {
    let lines: Vec<_> = population(1, 3)
        .map(|p| {
            let born = p.date_of_birth.map(|d| d.to_string()).unwrap_or_default();
            let home = p
                .address
                .map(|a| format!("{}, {}", a.lines, a.postcode))
                .unwrap_or_default();
            format!(
                "{} | {born} | {} | {home}",
                p.full_name,
                p.nino.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(lines, FIRST);
}

const FIRST: [&str; 3] = [
    "Khaled Mansour | 1965-10-20 | QQ947966C | 98 Dovecote Rise, Ambermouth, ZZ65 6BL",
    "Kwasi Acheampong | 1968-12-16 | QQ556906D | 235 Foundry Walk, Saltersgate, ZZ88 7BW",
    "Lü Fang | 1952-05-13 | QQ165847A | 136 Gatehouse Road, Fennowby, ZZ68 3SL",
];

#[test]
fn a_seed_gives_the_same_people_and_another_seed_others() {
    assert_eq!(people(50), people(50));
    assert!(
        population(7, 50)
            .zip(population(8, 50))
            .all(|(a, b)| a != b)
    );
    // One person does not depend on how many there are.
    assert_eq!(population(7, 50).last().unwrap(), person(7, 49));
}

// shows: SEC-15
#[test]
fn no_identifier_could_be_a_persons() {
    for p in people(4000) {
        if let Some(nino) = &p.nino {
            assert!(nino.starts_with("QQ"), "{nino}");
            assert_eq!(linkage::nino(nino).as_ref(), Some(nino));
        }
        if let Some(home) = &p.address {
            let (outward, inward) = home.postcode.split_once(' ').unwrap();
            let district: u32 = outward.strip_prefix("ZZ").unwrap().parse().unwrap();
            assert!((1..=98).contains(&district), "{outward}");
            assert_eq!(inward.len(), 3);
        }
        if let Some(mobile) = &p.mobile {
            assert!(
                mobile.starts_with("07700 900") && mobile.len() == 12,
                "{mobile}"
            );
        }
    }
}

#[test]
fn a_population_is_varied_as_documented() {
    let all = people(4000);
    let count = |test: &dyn Fn(&SyntheticPerson) -> bool| all.iter().filter(|p| test(p)).count();
    check("date of birth", count(&|p| p.date_of_birth.is_some()), 97.0);
    check("NINO", count(&|p| p.nino.is_some()), 80.0);
    check("address", count(&|p| p.address.is_some()), 90.0);
    check("mobile", count(&|p| p.mobile.is_some()), 60.0);
    check("women", count(&|p| p.sex == Sex::Female), 50.0);
    let mut origins: BTreeMap<Origin, usize> = BTreeMap::new();
    for p in &all {
        *origins.entry(p.origin).or_default() += 1;
    }
    assert_eq!(origins.len(), Origin::ALL.len());
    assert!(Origin::ALL.len() >= 12);
    for (origin, n) in origins {
        check(&format!("{origin:?}"), n, 100.0 / Origin::ALL.len() as f64);
    }
    assert!(count(&|p| !p.full_name.is_ascii()) > 400, "accents");
    assert!(count(&|p| p.full_name.contains('\'')) > 20, "apostrophes");
    assert!(
        count(&|p| p.full_name.contains('-')) > 20,
        "joined family names"
    );
    assert!(count(&|p| !p.full_name.contains(' ')) > 50, "single names");
    let years: BTreeSet<_> = all
        .iter()
        .filter_map(|p| p.date_of_birth)
        .map(|d| d.year())
        .collect();
    assert_eq!(
        (years.first(), years.last(), years.len()),
        (Some(&1930), Some(&2008), 79)
    );
}

#[test]
fn no_two_people_share_a_national_insurance_number() {
    let near: BTreeSet<_> = (0..20_000).map(|n| nino(3, n)).collect();
    assert_eq!(near.len(), 20_000);
}

proptest! {
    #[test]
    fn different_people_differ(seed: u64, a in 0u64..20_000_000, b in 0u64..20_000_000) {
        prop_assume!(a != b);
        prop_assert_ne!(nino(seed, a), nino(seed, b));
        prop_assert_ne!(person(seed, a), person(seed, b));
    }

    // shows: SEC-15
    #[test]
    fn a_national_insurance_number_is_never_one_that_is_issued(seed: u64, index in 0u64..104_000_000) {
        let nino = nino(seed, index);
        prop_assert!(nino.starts_with('Q'), "{}", nino);
        prop_assert_eq!(linkage::nino(&nino), Some(nino));
    }
}
