//! The files of a world, and the departments' systems over them as a node asks them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use agreement::{DatedAddress, FieldType, TypeName, split};
use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, MasterList};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use linkage::Source;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field as Value;
use sim::world::{Case, FIRST_DAY, LAST_DAY, Schooling, State, World, WorldMaster, WorldRegister};
use sim::{FileFault, VirtualClock};

const PEOPLE: u64 = 3000;

fn world() -> World {
    World::new(7, PEOPLE)
}

fn noon(day: Date) -> Timestamp {
    let zone = TimeZone::get("Europe/London").unwrap();
    day.at(12, 0, 0, 0).to_zoned(zone).unwrap().timestamp()
}

fn clock(day: Date) -> Arc<VirtualClock> {
    Arc::new(VirtualClock::new(noon(day)))
}

async fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    world().write(folder.path(), |_| ()).await.unwrap();
    folder
}

async fn register(folder: &Path, clock: &Arc<VirtualClock>) -> WorldRegister {
    let path = folder.join("ho/register.db");
    WorldRegister::open(&path, clock.clone()).await.unwrap()
}

fn master(folder: &Path, department: &str, clock: &Arc<VirtualClock>) -> WorldMaster {
    let path = folder.join(department).join("master.parquet");
    WorldMaster::open(&path, clock.clone()).unwrap()
}

type Facts = BTreeMap<String, BTreeMap<String, String>>;

async fn all_facts(register: &WorldRegister, size: u32) -> Facts {
    let mut all = Vec::new();
    loop {
        let after: Option<&(String, _)> = all.last();
        let after = after.map(|(key, _)| key.as_str());
        let batch = register.facts(after, size).await.unwrap();
        if batch.is_empty() {
            break;
        }
        all.extend(batch);
    }
    assert!(
        all.is_sorted_by(|(a, _), (b, _)| a < b),
        "in order of the keys"
    );
    all.into_iter().collect()
}

/// The rows of a list, with these columns.
fn rows_of(list: &dyn Source, columns: &[&str]) -> Vec<Vec<Option<String>>> {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let mut all = Vec::new();
    for part in 0..list.parts() {
        list.read(part, &columns, &mut |batch| {
            for row in 0..batch.rows() {
                let text = |column| batch.text(column, row).map(str::to_owned);
                all.push((0..columns.len()).map(text).collect());
            }
            Ok(())
        })
        .unwrap();
    }
    all
}

async fn references(master: &WorldMaster) -> Vec<String> {
    let list = master.list().await.unwrap();
    let rows = rows_of(list.as_ref(), &["reference"]).into_iter().flatten();
    rows.flatten().collect()
}

/// The rows of a table, by column; what is absent is not there.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = file.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        let columns = row.get_column_iter().filter_map(|(name, value)| {
            let Value::Str(text) = value else { return None };
            Some((name.clone(), text.clone()))
        });
        columns.collect()
    })
    .collect()
}

fn cases() -> Vec<Case> {
    (0..PEOPLE)
        .filter_map(|index| world().case(index))
        .collect()
}

/// Why contact with somebody matters, as facts.
fn grounds(born: Date, of: sim::world::Grounds) -> Vec<(String, String)> {
    let yes = |known: Option<bool>| known.map(|so| if so { "yes" } else { "no" }.to_owned());
    let all = [
        ("born", Some(born.to_string())),
        ("contact_lost", yes(of.contact_lost)),
        ("offence_suspected", of.offence_suspected.map(Into::into)),
        ("believed_in_uk", yes(of.believed_in_uk)),
        ("open_breach", yes(of.open_breach)),
        ("unaccompanied_minor", yes(of.unaccompanied_minor)),
        ("wellbeing_concern", yes(of.wellbeing_concern)),
    ];
    let held = all.into_iter();
    held.filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn expected(state: &State) -> BTreeMap<String, String> {
    let truth = |known: Option<bool>| known.map(|yes| if yes { "yes" } else { "no" }.to_owned());
    let day = |known: Option<Date>| known.map(|day| day.to_string());
    [
        ("in_pool", truth(state.in_pool)),
        ("last_contact", day(state.last_contact)),
        ("status_ended", day(state.status_ended)),
        ("dead", truth(state.dead)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

#[tokio::test]
async fn the_same_world_gives_the_same_bytes_and_overwrites_nothing() {
    const FILES: [&str; 5] = [
        "ho/register.db",
        "hmrc/master.parquet",
        "dwp/master.parquet",
        "dfe/census.parquet",
        "truth.parquet",
    ];
    let (one, two, three) = (
        written().await,
        written().await,
        tempfile::tempdir().unwrap(),
    );
    let steps = AtomicU64::new(0);
    let summary = World::new(8, PEOPLE)
        .write(three.path(), |n| {
            steps.fetch_add(n, Relaxed);
        })
        .await
        .unwrap();
    assert_eq!(steps.load(Relaxed), world().steps());
    assert_eq!(summary.people, PEOPLE);
    for file in FILES {
        let bytes = |folder: &tempfile::TempDir| std::fs::read(folder.path().join(file)).unwrap();
        assert!(bytes(&one) == bytes(&two), "{file}");
        assert!(bytes(&one) != bytes(&three), "{file}");
    }
    let again = world().write(one.path(), |_| ()).await;
    assert!(matches!(again, Err(FileFault::Exists(_))), "{again:?}");
}

#[tokio::test]
async fn the_summary_counts_what_the_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    let summary = world().write(folder.path(), |_| ()).await.unwrap();
    let last = clock(LAST_DAY);
    assert_eq!(
        all_facts(&register(folder.path(), &last).await, 100)
            .await
            .len() as u64,
        summary.cases
    );
    for (department, count) in [("hmrc", summary.taxpayers), ("dwp", summary.claimants)] {
        let master = master(folder.path(), department, &last);
        assert_eq!(references(&master).await.len() as u64, count);
    }
    let census = rows(&folder.path().join("dfe/census.parquet"));
    assert_eq!(census.len() as u64, summary.pupils);
    assert!(summary.pupils > 100);
    assert!(summary.ended_before_2008 + summary.ended_since_2008 <= summary.eligible);
    assert!(summary.eligible < summary.in_pool && summary.in_pool < summary.cases);
}

#[tokio::test]
async fn the_census_is_in_order_of_its_references_and_the_truth_says_whose_they_are() {
    let folder = written().await;
    let census = rows(&folder.path().join("dfe/census.parquet"));
    assert!(census.is_sorted_by(|a, b| a["reference"] < b["reference"]));
    let truth = rows(&folder.path().join("truth.parquet"));
    assert_eq!(truth.len() as u64, PEOPLE);
    let census: BTreeMap<&str, &BTreeMap<String, String>> = census
        .iter()
        .map(|row| (row["reference"].as_str(), row))
        .collect();
    let mut known = 0;
    for (index, who) in (0..).zip(&truth) {
        let held = world().pupil(index);
        let reference = held.as_ref().map(|held| &held.reference);
        assert_eq!(who.get("dfe_reference"), reference);
        let Some(held) = held else { continue };
        known += 1;
        let expected = [
            ("reference", Some(held.reference.clone())),
            ("begins", Some(held.begins.to_string())),
            ("full_name", Some(held.full_name)),
            ("former_names", held.former_names),
            ("date_of_birth", Some(held.date_of_birth.to_string())),
            ("sex", Some(held.sex.to_owned())),
            ("addresses", held.addresses),
            ("schools", held.schools),
            ("first_language", held.first_language.map(Into::into)),
            ("surname", Some(held.surname)),
            ("forename", held.forename),
            ("middle_name", held.middle_name),
            ("former_surname", held.former_surname),
            ("preferred_surname", held.preferred_surname),
            ("adopted_from_care", held.adopted_from_care.map(Into::into)),
        ];
        let expected: BTreeMap<String, String> = expected
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        assert_eq!(*census[held.reference.as_str()], expected);
    }
    assert_eq!(census.len(), known);
}

#[tokio::test]
async fn a_child_of_the_register_can_be_described_to_the_education_department() {
    const REQUEST: [(&str, TypeName); 9] = [
        ("surname", TypeName::Name),
        ("middle_name", TypeName::Name),
        ("forename", TypeName::Name),
        ("address", TypeName::Address),
        ("post_code", TypeName::Postcode),
        ("gender", TypeName::Code),
        ("date_of_birth", TypeName::Date),
        ("nationality", TypeName::Country),
        ("cid_per_id", TypeName::Reference),
    ];
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../agreements/dfe-annex-5.yaml"
    );
    let page = std::fs::read_to_string(page).unwrap();
    let (_, asked) = page.split_once("\n  request:\n").unwrap();
    let (asked, _) = asked.split_once("    never:\n").unwrap();
    let named = asked.lines().filter_map(|line| line.strip_prefix("      "));
    let named: Vec<&str> = named
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect();
    assert!(named.iter().eq(REQUEST.iter().map(|(name, _)| name)));
    let folder = written().await;
    let children: Vec<String> = (0..PEOPLE)
        .filter(|index| world().truth(*index).schooling != Schooling::OutOfAge)
        .filter_map(|index| Some(world().case(index)?.key))
        .collect();
    assert!(children.len() > 40, "{}", children.len());
    let register = register(folder.path(), &clock(LAST_DAY)).await;
    let records = register.records(&children).await.unwrap();
    let mut whole = 0;
    for record in records.values() {
        for (name, kind) in REQUEST {
            let value = record.values.get(name);
            assert!(
                value.is_none_or(|text| FieldType::Plain(kind).accepts(text)),
                "{name}"
            );
        }
        assert!(record.values.contains_key("family"));
        let needed = REQUEST
            .iter()
            .filter(|(name, _)| !["middle_name", "gender"].contains(name));
        whole += usize::from(
            needed
                .clone()
                .all(|(name, _)| record.values.contains_key(*name)),
        );
    }
    assert!(
        whole < records.len() && whole * 10 > records.len() * 8,
        "{whole}"
    );
}

#[tokio::test]
async fn the_register_tells_facts_in_batches_and_leaves_the_unknown_out() {
    let folder = written().await;
    for day in [FIRST_DAY, date(2017, 1, 9), LAST_DAY] {
        let told = all_facts(&register(folder.path(), &clock(day)).await, 7).await;
        let mut known = BTreeMap::new();
        for case in cases().iter().filter(|case| case.opened <= day) {
            let state = case.states.iter().rfind(|state| state.from <= day).unwrap();
            let mut facts = expected(state);
            facts.extend(grounds(case.date_of_birth, case.grounds));
            known.insert(case.key.clone(), facts);
        }
        assert!(told == known, "on {day}");
    }
    let told = all_facts(&register(folder.path(), &clock(FIRST_DAY)).await, 1000).await;
    for fact in ["in_pool", "last_contact", "status_ended", "dead"] {
        assert!(
            told.values().any(|facts| !facts.contains_key(fact)),
            "{fact}"
        );
    }
}

#[tokio::test]
async fn the_register_gives_the_records_of_many_at_once() {
    let folder = written().await;
    let clock = clock(LAST_DAY);
    let register = register(folder.path(), &clock).await;
    let mut keys: Vec<String> = cases().into_iter().map(|case| case.key).collect();
    assert!(keys.len() > 510, "more than one query asks for");
    keys.push("nobody".into());
    let records = register.records(&keys).await.unwrap();
    assert_eq!(records.len(), keys.len() - 1);
    for case in cases() {
        let record = &records[&case.key];
        let state = case.states.last().unwrap();
        let yes = |truth: Option<bool>| truth.map(|yes| if yes { "yes" } else { "no" }.to_owned());
        let homes = case.homes.last();
        let all = homes.and_then(|held| held.addresses.as_deref()).map(split);
        let last = all.as_ref().and_then(|all| all.last()).cloned();
        let last = last.map(|one| DatedAddress::parse(&one).unwrap().address);
        let home = last.as_ref().map(|one| one.rsplit_once(", ").unwrap());
        let values = [
            ("cid_person_id", Some(case.key.clone())),
            ("dash_source", Some(case.source.to_owned())),
            ("full_name", Some(case.full_name)),
            ("date_of_birth", Some(case.date_of_birth.to_string())),
            ("port_reference", case.port_reference),
            ("ho_reference", case.ho_reference),
            ("title", case.title.map(Into::into)),
            ("nationality", Some(case.nationality.to_owned())),
            ("addresses", homes.and_then(|held| held.addresses.clone())),
            ("postcode", homes.and_then(|held| held.postcode.clone())),
            ("email_primary", case.email_primary),
            ("email_other", case.email_other),
            ("mobile", case.mobile),
            ("nino", case.nino),
            ("immigration_status", state.status.map(Into::into)),
            ("right_to_work", yes(state.work)),
            ("right_to_public_funds", yes(state.funds)),
            ("surname", Some(case.surname)),
            ("forename", case.forename),
            ("middle_name", case.middle_name),
            ("family", Some(case.family)),
            ("cid_per_id", Some(case.key.clone())),
            ("gender", case.sex.map(Into::into)),
            ("address", home.as_ref().map(|home| home.0.to_owned())),
            ("post_code", home.as_ref().map(|home| home.1.to_owned())),
        ];
        let values: BTreeMap<String, String> = values
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        assert!(record.values == values, "{}", case.key);
        let mut facts = expected(state);
        facts.extend(grounds(case.date_of_birth, case.grounds));
        assert!(record.facts == facts, "{}", case.key);
    }
    assert!(register.records(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_dies_on_a_day_is_dead_from_that_day_on() {
    let folder = written().await;
    let found = cases().into_iter().find_map(|case| {
        let known = |state: &State| state.dead == Some(true);
        let death = case.states.iter().skip(1).find(|state| known(state))?.from;
        Some((case.key, death))
    });
    let (key, death) = found.unwrap();
    let clock = clock(death.yesterday().unwrap());
    let register = register(folder.path(), &clock).await;
    let dead = async || {
        let records = register.records(std::slice::from_ref(&key)).await.unwrap();
        let facts = all_facts(&register, 1000).await;
        assert!(facts[&key] == records[&key].facts);
        records[&key].facts.get("dead").cloned()
    };
    assert_ne!(dead().await.as_deref(), Some("yes"));
    // The day begins at midnight in London, which in summer is an hour before that of UTC.
    let zone = TimeZone::get("Europe/London").unwrap();
    clock
        .set(death.to_zoned(zone).unwrap().timestamp())
        .unwrap();
    assert_eq!(dead().await.as_deref(), Some("yes"));
    clock.set(noon(LAST_DAY)).unwrap();
    assert_eq!(dead().await.as_deref(), Some("yes"));
}

#[tokio::test]
async fn a_flag_is_shown_once_and_lifted_once() {
    let folder = written().await;
    let register = register(folder.path(), &clock(FIRST_DAY)).await;
    let key = &cases()[0].key;
    let effect = |id: &str| EffectId::parse(id).unwrap();
    let name = "ISD HMRC Match".to_owned();
    let flag = "match-1";
    let at = noon(FIRST_DAY);
    for (id, shows, flags, lines) in [
        ("op/e1", false, 0, 0),
        ("op/e0", true, 1, 1),
        ("op/e0", true, 1, 1),
        ("op/e2", false, 0, 2),
        ("op/e2", false, 0, 2),
        ("op/e0", true, 0, 2),
    ] {
        if shows {
            let shown = register.show_flag(&effect(id), key, flag, &name, at).await;
            shown.unwrap();
        } else {
            register.lift_flag(&effect(id), flag, at).await.unwrap();
        }
        assert_eq!(
            register
                .flags()
                .await
                .unwrap()
                .get(&name)
                .copied()
                .unwrap_or(0),
            flags
        );
        assert_eq!(register.activity().await.unwrap(), lines);
    }
    let unknown = register
        .show_flag(&effect("op/e3"), "CANARY", flag, &name, at)
        .await
        .unwrap_err();
    assert!(!unknown.to_string().contains("CANARY"), "{unknown}");
}

#[tokio::test]
async fn a_list_of_several_groups_of_rows_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let summary = World::new(7, 14_000)
        .write(folder.path(), |_| ())
        .await
        .unwrap();
    assert!(summary.taxpayers > 8192, "more than one group");
    let master = master(folder.path(), "hmrc", &clock(LAST_DAY));
    let references = references(&master).await;
    assert_eq!(references.len() as u64, summary.taxpayers);
    assert!(references.is_sorted_by(|a, b| a < b));
    let records = master.records(&references).await.unwrap();
    assert_eq!(records.len(), references.len());
    let some = [
        references[0].clone(),
        references[8500].clone(),
        "nobody".into(),
    ];
    let few = master.records(&some).await.unwrap();
    assert!(few.keys().eq(&some[..2]));
    assert!(few[&some[1]].values == records[&some[1]].values);
}

#[tokio::test]
async fn a_list_shows_names_former_names_birth_dates_numbers_and_the_addresses_of_the_day() {
    let folder = written().await;
    for day in [FIRST_DAY, LAST_DAY] {
        let master = master(folder.path(), "hmrc", &clock(day));
        let list = master.list().await.unwrap();
        let columns = [
            "reference",
            "full_name",
            "former_names",
            "date_of_birth",
            "nino",
            "addresses",
            "addresses.postcode",
        ];
        let all: BTreeMap<_, _> = rows_of(list.as_ref(), &columns)
            .into_iter()
            .map(|row| (row[0].clone().unwrap(), row))
            .collect();
        let (mut two_names, mut later) = (0, 0);
        for held in (0..PEOPLE).filter_map(|index| world().taxpayer(index)) {
            let Some(row) = all.get(&held.reference) else {
                assert!(held.begins > day);
                continue;
            };
            two_names += usize::from(held.former_names.is_some());
            assert_eq!(row[1], Some(held.full_name));
            assert_eq!(row[2], held.former_names.map(|n| agreement::join(&[n])));
            assert_eq!(row[3], held.date_of_birth.map(|d| d.to_string()));
            assert_eq!(row[4], held.nino);
            let dated: Vec<DatedAddress> = split(&held.addresses.unwrap_or_default())
                .iter()
                .map(|a| DatedAddress::parse(a).unwrap())
                .collect();
            let begun = dated.iter().filter(|a| a.from.is_none_or(|f| f <= day));
            let parts: Vec<_> = begun
                .map(|a| a.address.rsplit_once(", ").unwrap())
                .collect();
            later += dated.len() - parts.len();
            let told = |n: usize| split(row[n].as_deref().unwrap_or_default());
            assert!(told(5).iter().eq(parts.iter().map(|(line, _)| line)));
            assert!(told(6).iter().eq(parts.iter().map(|(_, code)| code)));
        }
        assert!(two_names > 10, "{two_names}");
        assert!(day == LAST_DAY || later > 10, "{later}");
    }
}

#[tokio::test]
async fn the_flat_lists_are_those_of_the_first_day_and_say_who_is_who() {
    let folder = written().await;
    sim::world::flat(folder.path()).await.unwrap();
    let opened = cases().into_iter().filter(|case| case.opened <= FIRST_DAY);
    let cases: BTreeSet<String> = opened.map(|case| case.key).collect();
    let read = |name: &str| rows(&folder.path().join("flat").join(name));
    let column = |name: &str, column: &str| -> BTreeSet<String> {
        let rows = read(name).into_iter();
        rows.map(|mut row| row.remove(column).unwrap()).collect()
    };
    assert_eq!(column("cases.parquet", "row"), cases);
    for department in ["hmrc", "dwp"] {
        let master = master(folder.path(), department, &clock(FIRST_DAY));
        let listed: BTreeSet<String> = references(&master).await.into_iter().collect();
        let flat = column(&format!("{department}.parquet"), "reference");
        assert_eq!(flat, listed);
        let truth: BTreeSet<(String, String)> = read(&format!("{department}-truth.parquet"))
            .into_iter()
            .map(|row| (row["left_id"].clone(), row["right_id"].clone()))
            .collect();
        let known: BTreeSet<(String, String)> = (0..PEOPLE)
            .filter_map(|index| {
                let reference = match department {
                    "hmrc" => world().taxpayer(index)?.reference,
                    _ => world().claimant(index)?.reference,
                };
                Some((world().case(index)?.key, reference))
            })
            .filter(|(case, reference)| cases.contains(case) && listed.contains(reference))
            .collect();
        assert!(known.len() > 50, "{}", known.len());
        assert_eq!(truth, known);
    }
}

#[tokio::test]
async fn a_record_that_begins_later_is_not_there_before() {
    let folder = written().await;
    for department in ["hmrc", "dwp"] {
        let begins: BTreeMap<String, Date> = (0..PEOPLE)
            .filter_map(|index| match department {
                "hmrc" => world().taxpayer(index).map(|r| (r.reference, r.begins)),
                _ => world().claimant(index).map(|r| (r.reference, r.begins)),
            })
            .collect();
        let (late, day) = begins.iter().find(|(_, day)| **day > FIRST_DAY).unwrap();
        let clock = clock(day.yesterday().unwrap());
        let master = master(folder.path(), department, &clock);
        let there = async |day: &Date| {
            let listed: BTreeSet<_> = references(&master).await.into_iter().collect();
            let begun = begins.iter().filter(|(_, begins)| *begins <= day);
            assert!(
                listed == begun.map(|(r, _)| r.clone()).collect(),
                "on {day}"
            );
            let held = master.records(std::slice::from_ref(late)).await.unwrap();
            assert_eq!(held.len(), usize::from(listed.contains(late)));
            listed.contains(late)
        };
        assert!(!there(&day.yesterday().unwrap()).await);
        clock.set(noon(*day)).unwrap();
        assert!(there(day).await);
    }
}

#[tokio::test]
async fn the_tax_authority_gives_what_it_held_on_the_day() {
    let folder = written().await;
    let held: Vec<_> = (0..PEOPLE)
        .filter_map(|index| world().taxpayer(index))
        .collect();
    let references: Vec<String> = held.iter().map(|r| r.reference.clone()).collect();
    for day in [FIRST_DAY, LAST_DAY] {
        let master = master(folder.path(), "hmrc", &clock(day));
        let records = master.records(&references).await.unwrap();
        let (mut two, mut later) = (0, 0);
        for held in held.iter().filter(|held| held.begins <= day) {
            let record = &records[&held.reference];
            assert_eq!(record.values.get("nino"), held.nino.as_ref());
            assert_eq!(record.values.get("hmrc_phone"), held.phone.as_ref());
            let traced = held.nino.is_some().then_some("yes");
            assert_eq!(record.facts.get("nino_traced").map(String::as_str), traced);
            for (fact, value) in [
                ("lives_in", held.lives_in),
                ("from_third_party", held.from_third_party),
                ("disclosure_allowed", held.disclosure_allowed),
            ] {
                assert_eq!(record.facts.get(fact).map(String::as_str), value, "{fact}");
            }
            let told = record.values.get("hmrc_addresses").map(|text| split(text));
            let told: Vec<DatedAddress> = told
                .unwrap_or_default()
                .iter()
                .map(|one| DatedAddress::parse(one).unwrap())
                .collect();
            assert!(told.iter().all(|one| one.from <= Some(day)));
            assert!(
                told.iter()
                    .all(|one| one.until.is_none_or(|until| until <= day))
            );
            let all = held.addresses.as_ref().map(|text| split(text).len());
            later += usize::from(told.len() < all.unwrap_or(0));
            two += usize::from(told.len() > 1);
            let latest = told.last().map(|one| one.address.clone());
            let contact = record
                .values
                .get("contact_address")
                .map(|address| format!("{address}, {}", record.values["contact_postcode"]));
            assert_eq!(contact, latest);
        }
        assert!(two > 100, "{two}");
        assert!(day == LAST_DAY || later > 100, "{later}");
    }
}

#[tokio::test]
async fn the_benefits_department_gives_what_it_paid_on_the_day() {
    let folder = written().await;
    let held: Vec<_> = (0..PEOPLE)
        .filter_map(|index| world().claimant(index))
        .collect();
    let references: Vec<String> = held.iter().map(|r| r.reference.clone()).collect();
    let day = date(2017, 6, 1);
    let master = master(folder.path(), "dwp", &clock(day));
    let records = master.records(&references).await.unwrap();
    let mut seen: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for held in held.iter().filter(|held| held.begins <= day) {
        let record = &records[&held.reference];
        let value = |name: &str| record.values.get(name).cloned();
        let paid: Vec<String> = split(held.benefits.as_deref().unwrap_or_default())
            .iter()
            .map(|one| DatedAddress::parse(one).unwrap())
            .filter(|one| one.from <= Some(day) && one.until.is_none_or(|until| until >= day))
            .map(|one| one.address)
            .collect();
        let in_payment = record.facts["benefit_in_payment"] == "yes";
        assert_eq!(in_payment, !paid.is_empty());
        assert_eq!(split(&value("benefits").unwrap_or_default()), paid);
        let died = held.died.is_some_and(|died| died <= day);
        assert_eq!(
            value("died").as_deref(),
            Some(if died { "yes" } else { "no" })
        );
        assert!(held.died.is_none_or(|died| died >= day) || paid.is_empty());
        assert_eq!(value("receives_as").as_deref(), Some(held.receives_as));
        assert_eq!(value("partner_name"), held.partner_name);
        let born = held.partner_date_of_birth.map(|day| day.to_string());
        assert_eq!(value("partner_date_of_birth"), born);
        assert_eq!(value("phone"), held.phone);
        assert!(value("address").is_none_or(|address| address.contains(", ZZ")));
        *seen.entry(("paid", in_payment)).or_default() += 1;
        *seen.entry(("died", died)).or_default() += 1;
        *seen
            .entry((held.receives_as, held.partner_name.is_some()))
            .or_default() += 1;
    }
    for case in [
        ("paid", true),
        ("paid", false),
        ("died", true),
        ("died", false),
        ("customer", true),
        ("customer", false),
        ("partner", true),
        ("both", true),
    ] {
        assert!(seen.contains_key(&case), "{case:?}");
    }
    assert!(!seen.contains_key(&("partner", false)));
}

#[tokio::test]
async fn a_file_that_is_not_a_list_is_told_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    let clock = clock(FIRST_DAY);
    assert!(WorldMaster::open(&path, clock.clone()).is_err());
    assert!(WorldRegister::open(&path, clock.clone()).await.is_err());
    assert!(!path.exists());
    std::fs::write(&path, "CANARY CANARY CANARY").unwrap();
    let fault = WorldMaster::open(&path, clock).err().unwrap().to_string();
    assert!(
        !fault.contains("CANARY") && fault.contains("damaged"),
        "{fault}"
    );
}
