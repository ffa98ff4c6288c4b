//! The departments' files behind the domain's ports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeMap;

use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, MasterList};
use jiff::civil::date;
use sim::departments::{OpenMaster, OpenRegister};
use sim::master::Master;
use sim::people;
use sim::register::{Register, cid_person_id};

const REGISTER: Register = Register {
    seed: 7,
    size: 60,
    as_of: date(2026, 1, 31),
};
const MASTER: Master = Master {
    seed: 7,
    register_size: 60,
    strangers: 40,
};

fn effect(id: &str) -> EffectId {
    EffectId::parse(id).unwrap()
}

#[tokio::test]
async fn a_register_tells_what_it_holds_and_leaves_out_what_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    REGISTER.write(&path).await.unwrap();
    let register = OpenRegister::open(&path).await.unwrap();
    let mut everybody: Vec<String> = Vec::new();
    loop {
        let after = everybody.last().map(String::as_str);
        let batch = register.facts(after, 7).await.unwrap();
        if batch.is_empty() {
            break;
        }
        everybody.extend(batch.into_iter().map(|(person, _)| person));
    }
    let rows = register.records(&everybody).await.unwrap();
    assert_eq!(rows.len(), 60);
    for (index, row) in (0..).zip(rows.into_values()) {
        let person = people::person(7, index);
        assert_eq!(row.values["cid_person_id"], cid_person_id(index));
        assert_eq!(row.values["full_name"], person.full_name);
        assert_eq!(row.values.get("nino"), person.nino.as_ref());
        let dead = REGISTER
            .facts(index)
            .dead
            .map(|dead| if dead { "yes" } else { "no" });
        assert_eq!(row.facts.get("dead").map(String::as_str), dead);
    }
}

#[tokio::test]
async fn an_effect_that_comes_twice_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    REGISTER.write(&path).await.unwrap();
    let register = OpenRegister::open(&path).await.unwrap();
    let at = "2026-02-01T09:00:00Z".parse().unwrap();
    let name = "ISD HMRC Match".to_owned();
    let show = async |id: &str, person: &str, flag: &str| {
        let id = effect(id);
        register.show_flag(&id, person, flag, &name, at).await
    };
    let shown = |n| BTreeMap::from([(name.clone(), n)]);
    for _ in 0..2 {
        show("op/e0", &cid_person_id(3), "match-3").await.unwrap();
        show("op/e1", &cid_person_id(4), "match-4").await.unwrap();
        assert_eq!(register.flags().await.unwrap(), shown(2));
    }
    for _ in 0..2 {
        let lift = effect("op/e2");
        register.lift_flag(&lift, "match-3", at).await.unwrap();
        assert_eq!(register.flags().await.unwrap(), shown(1));
    }
    // A repeat of the first effect, come late, does not show the flag again.
    show("op/e0", &cid_person_id(3), "match-3").await.unwrap();
    assert_eq!(register.flags().await.unwrap(), shown(1));
    let unknown = show("op/e3", "CANARY", "match-5").await.unwrap_err();
    assert!(!unknown.to_string().contains("CANARY"), "{unknown}");
}

#[tokio::test]
async fn a_master_list_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    MASTER.write(&path).await.unwrap();
    let master = OpenMaster::open(&path).await.unwrap();
    let list = master.list().await.unwrap();
    let columns = ["reference", "full_name", "addresses.postcode"].map(str::to_owned);
    let mut all = BTreeMap::new();
    for part in 0..list.parts() {
        list.read(part, &columns, &mut |batch| {
            for row in 0..batch.rows() {
                let text = |column| batch.text(column, row).map(str::to_owned);
                all.insert(text(0).unwrap(), (text(1), text(2)));
            }
            Ok(())
        })
        .unwrap();
    }
    let known: Vec<u64> = (0..100).filter(|n| MASTER.knows(*n)).collect();
    assert_eq!(all.len(), known.len());
    for index in known {
        let person = MASTER.person(index);
        let reference = MASTER.reference(index);
        let postcode = person.address.map(|a| a.postcode);
        assert_eq!(all[&reference], (Some(person.full_name), postcode.clone()));
        let held = master.records(std::slice::from_ref(&reference)).await;
        let values = &held.unwrap()[&reference].values;
        assert_eq!(values.get("contact_postcode"), postcode.as_ref());
    }
    let nobody = master.records(&["nobody".to_owned()]).await.unwrap();
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    assert!(OpenRegister::open(&path).await.is_err());
    assert!(OpenMaster::open(&path).await.is_err());
    assert!(!path.exists());
}
