#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! Disclosures: what left can be shown cell by cell, and nothing else can.

use hmac::{KeyInit, Mac};
use ledger::{
    Cell, CellProof, Digest, DisclosureFault, DisclosureKey, FieldsProof, RowProof, disclosure,
    leaf_hash, tree,
};
use proptest::prelude::*;

type Rows = Vec<Vec<(String, String)>>;

fn cells(rows: &Rows) -> Vec<Vec<Cell<'_>>> {
    rows.iter()
        .map(|row| {
            row.iter()
                .map(|(field, value)| Cell {
                    permit: "p-1",
                    field,
                    value,
                })
                .collect()
        })
        .collect()
}

fn key() -> DisclosureKey {
    DisclosureKey::new([7; 32])
}

fn sample() -> Rows {
    let row = |values: [&str; 3]| {
        ["nino", "full_name", "postcode"]
            .iter()
            .zip(values)
            .map(|(field, value)| ((*field).to_owned(), value.to_owned()))
            .collect()
    };
    vec![
        row(["QQ123456C", "Zoë O'Neill", ""]),
        row(["", "Li", "ZZ1 1ZZ"]),
        row(["QQ000001A", "", ""]),
    ]
}

/// Commits to `rows`; the fault, or none.
#[track_caller]
fn check(rows: &[&[&str]], expect: Option<DisclosureFault>) {
    let rows: Vec<Vec<Cell<'_>>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|field| Cell {
                    permit: "p",
                    field,
                    value: "",
                })
                .collect()
        })
        .collect();
    assert_eq!(disclosure::commit(&key(), &rows).err(), expect);
}

#[test]
fn rows_are_whole_and_fields_stand_once() {
    check(&[], None);
    check(&[&["a"], &["a", "b"]], None);
    check(&[&["a"], &[]], Some(DisclosureFault::EmptyRow { row: 1 }));
    check(
        &[&["a"], &["a", "b", "a"]],
        Some(DisclosureFault::FieldTwice { row: 1 }),
    );
    let none = disclosure::commit(&key(), Vec::<Vec<Cell<'_>>>::new()).unwrap();
    assert_eq!((none.root, none.rows, none.cells), (Digest::of(b""), 0, 0));
}

#[test]
fn only_rows_and_fields_that_left_can_be_proven() {
    let rows = sample();
    let rows = cells(&rows);
    let no_row = DisclosureFault::NoSuchRow { row: 3, rows: 3 };
    assert_eq!(disclosure::prove_row(&key(), &rows, 3).unwrap_err(), no_row);
    assert_eq!(
        disclosure::prove(&key(), &rows, 3, "nino").unwrap_err(),
        no_row
    );
    let no_field = DisclosureFault::NoSuchField { row: 1 };
    assert_eq!(
        disclosure::prove(&key(), &rows, 1, "email").unwrap_err(),
        no_field
    );
}

/// One member of a proof is changed, as a dishonest party would.
fn changed(proof: &impl serde::Serialize, at: &str, to: serde_json::Value) -> String {
    let mut json = serde_json::to_value(proof).unwrap();
    let place = json.pointer_mut(at).unwrap_or_else(|| panic!("no {at}"));
    assert_ne!(*place, to);
    *place = to;
    json.to_string()
}

#[test]
fn a_row_shows_that_no_other_field_left() {
    let rows = sample();
    let rows = cells(&rows);
    let left = disclosure::commit(&key(), &rows).unwrap();
    let proof = disclosure::prove_row(&key(), &rows, 1).unwrap();
    proof.verify(&left.root, left.rows).unwrap();
    assert_eq!(
        proof.fields().collect::<Vec<_>>(),
        ["nino", "full_name", "postcode"]
    );
    // A row that had one more cell cannot be shown without it, nor one that had it not, with it.
    let mut more = rows.clone();
    more[1].push(Cell {
        permit: "p-1",
        field: "email",
        value: "x@y.example",
    });
    let wider = disclosure::commit(&key(), &more).unwrap();
    let wide = disclosure::prove_row(&key(), &more, 1).unwrap();
    assert!(proof.verify(&wider.root, 3).is_err() && wide.verify(&left.root, 3).is_err());
    let json = serde_json::to_value(&wide).unwrap();
    let mut without = json.clone();
    without["cells"].as_array_mut().unwrap().pop();
    let without: RowProof = serde_json::from_value(without).unwrap();
    let fault = DisclosureFault::NotDisclosed { row: 1, rows: 3 };
    assert_eq!(without.verify(&wider.root, 3), Err(fault));
    let mut twice = json;
    let first = twice["cells"][0].clone();
    twice["cells"].as_array_mut().unwrap().push(first);
    let twice: RowProof = serde_json::from_value(twice).unwrap();
    assert_eq!(
        twice.verify(&wider.root, 3),
        Err(DisclosureFault::FieldTwice { row: 1 })
    );
}

// shows: SEC-14, S-08
#[test]
fn the_fields_of_a_row_are_shown_without_anything_that_tells_a_value() {
    let rows = sample();
    let rows = cells(&rows);
    let left = disclosure::commit(&key(), &rows).unwrap();
    let row = disclosure::prove_row(&key(), &rows, 1).unwrap();
    let fields = row.without_values();
    fields.verify(&left.root, left.rows).unwrap();
    let shown: Vec<_> = fields.fields().collect();
    assert_eq!(
        shown,
        [("nino", "p-1"), ("full_name", "p-1"), ("postcode", "p-1")]
    );
    let json = serde_json::to_string(&fields).unwrap();
    let open = serde_json::to_value(&row).unwrap();
    for cell in open["cells"].as_array().unwrap() {
        assert!(!json.contains(cell["salt"].as_str().unwrap()));
    }
    assert!(!json.contains("ZZ1 1ZZ"));
    // The same row with another value has other commitments, and nothing without the salts tells which was which.
    let mut other = rows.clone();
    other[1][2].value = "ZZ1 2ZZ";
    let elsewhere = disclosure::prove_row(&key(), &other, 1)
        .unwrap()
        .without_values();
    assert!(elsewhere.verify(&left.root, left.rows).is_err());
    let other = Digest::of(b"other").to_string();
    for (at, to) in [
        ("/row", 0.into()),
        ("/cells/0/field", "email".into()),
        ("/cells/0/permit", "p-2".into()),
        ("/cells/0/commitment", other.clone().into()),
        ("/row_path/0", other.into()),
    ] {
        let bad: FieldsProof = serde_json::from_str(&changed(&fields, at, to)).unwrap();
        assert!(bad.verify(&left.root, 3).is_err(), "{at}");
    }
    let mut fewer = serde_json::to_value(&fields).unwrap();
    fewer["cells"].as_array_mut().unwrap().pop();
    let fewer: FieldsProof = serde_json::from_value(fewer).unwrap();
    assert!(fewer.verify(&left.root, 3).is_err());
}

#[test]
fn a_changed_proof_shows_nothing() {
    let rows = sample();
    let rows = cells(&rows);
    let left = disclosure::commit(&key(), &rows).unwrap();
    let proof = disclosure::prove(&key(), &rows, 1, "postcode").unwrap();
    proof.verify(&left.root, 3).unwrap();
    assert_eq!(
        (proof.row(), proof.field(), proof.permit(), proof.value()),
        (1, "postcode", "p-1", "ZZ1 1ZZ")
    );
    let other = Digest::of(b"other").to_string();
    for (at, to) in [
        ("/row", 0.into()),
        ("/column", 0.into()),
        ("/columns", 4.into()),
        ("/columns", 0.into()),
        ("/cell/field", "nino".into()),
        ("/cell/permit", "p-2".into()),
        ("/cell/value", "".into()),
        ("/cell/salt", other.clone().into()),
        ("/row_root", other.clone().into()),
        ("/row_path/0", other.clone().into()),
        ("/row_path", Vec::<String>::new().into()),
        ("/cell_path/0", other.clone().into()),
    ] {
        let bad: CellProof = serde_json::from_str(&changed(&proof, at, to)).unwrap();
        assert!(bad.verify(&left.root, 3).is_err(), "{at}");
    }
    assert!(proof.verify(&Digest::of(b""), 3).is_err() && proof.verify(&left.root, 0).is_err());
    let extra = changed(&proof, "/row", 0.into()).replacen('{', "{\"x\":1,", 1);
    assert!(serde_json::from_str::<CellProof>(&extra).is_err());
}

#[test]
fn a_row_is_proven_out_of_those_near_it_and_the_roots_as_out_of_all() {
    let values: Rows = (0..65_800)
        .map(|n| vec![("nino".into(), format!("{n}"))])
        .collect();
    let all = cells(&values);
    let mut committing = disclosure::Committing::default();
    for (size, row) in (1..).zip(&all) {
        committing.row(&key(), row).unwrap();
        if ![1, 2, 255, 256, 257, 511, 512, 513, 1_000, 65_536, 65_800].contains(&size) {
            continue;
        }
        let (roots, root) = (committing.roots(), committing.clone().done().root);
        assert_eq!(roots.len() as u64, size / 256);
        let proven = |row| {
            let near: Vec<u64> = disclosure::near(size, row).collect();
            assert!(near.len() < 512 && near.is_sorted_by(|a, b| a < b));
            let near = near.into_iter().map(|n| (n, &all[n as usize]));
            disclosure::prove_row_near(&key(), (roots, size), near, row)
        };
        let last = size - 1;
        for row in [0, last / 2, last.saturating_sub(256), last] {
            let proof = proven(row).unwrap();
            assert_eq!(proof.verify(&root, size), Ok(()));
            if size <= 1_000 {
                let rows = &all[..size as usize];
                assert_eq!(proof, disclosure::prove_row(&key(), rows, row).unwrap());
            }
        }
        let (row, rows) = (size, size);
        let none = DisclosureFault::NoSuchRow { row, rows };
        assert_eq!(proven(row).unwrap_err(), none);
    }
}

#[test]
fn other_roots_or_rows_than_those_of_the_file_prove_nothing() {
    let values: Rows = (0..600)
        .map(|n| vec![("nino".into(), format!("{n}"))])
        .collect();
    let all = cells(&values);
    let root = disclosure::commit(&key(), &all).unwrap().root;
    let near = |row| disclosure::near(600, row).map(|n| (n, &all[n as usize]));
    let mut committing = disclosure::Committing::default();
    for row in &all {
        committing.row(&key(), row).unwrap();
    }
    let good = committing.roots().to_vec();
    let proven = |roots: &[Digest]| disclosure::prove_row_near(&key(), (roots, 600), near(3), 3);
    assert_eq!(proven(&good).unwrap().verify(&root, 600), Ok(()));
    let changed = [good[0], Digest::of(b"another")];
    assert!(proven(&changed).unwrap().verify(&root, 600).is_err());
    assert!(proven(&good[..1]).is_err());
    let less = near(3).skip(300);
    let none = disclosure::prove_row_near(&key(), (&good, 600), less, 3);
    assert!(none.is_err());
    let without_last = near(3).filter(|(n, _)| *n != 599);
    let none = disclosure::prove_row_near(&key(), (&good, 600), without_last, 3);
    assert!(none.is_err());
}

/// The root says nothing about values without the key: the same rows under another key look unrelated.
#[test]
fn the_key_decides_every_salt() {
    let rows = sample();
    let rows = cells(&rows);
    let other = DisclosureKey::new([8; 32]);
    let (left, elsewhere) = (
        disclosure::commit(&key(), &rows).unwrap(),
        disclosure::commit(&other, &rows).unwrap(),
    );
    assert_ne!(left.root, elsewhere.root);
    let salts: std::collections::BTreeSet<String> = (0..3)
        .flat_map(|row| {
            let proof =
                serde_json::to_value(disclosure::prove_row(&key(), &rows, row).unwrap()).unwrap();
            (0..3).map(move |cell| proof["cells"][cell]["salt"].to_string())
        })
        .collect();
    assert_eq!(salts.len(), 9, "each cell has its own salt");
}

#[test]
fn no_value_is_printed() {
    let rows = sample();
    let rows = cells(&rows);
    let left = disclosure::commit(&key(), &rows).unwrap();
    let (cell, row) = (
        disclosure::prove(&key(), &rows, 0, "nino").unwrap(),
        disclosure::prove_row(&key(), &rows, 0).unwrap(),
    );
    let fault = cell.verify(&Digest::of(b""), left.rows).unwrap_err();
    let printed = format!("{rows:?} {cell:?} {row:?} {fault} {fault:?} {:?}", key());
    assert!(
        !printed.contains("QQ123456C") && !printed.contains("Neill"),
        "{printed}"
    );
    assert!(printed.contains("DisclosureKey(redacted)"));
}

/// The definition, written plainly.
fn plain_root(rows: &[Vec<Cell<'_>>]) -> Digest {
    let row_root = |n: u64, row: &[Cell<'_>]| {
        let proof: Vec<Digest> = (0..row.len())
            .map(|at| {
                let proof = disclosure::prove(&key(), rows, n, row[at].field).unwrap();
                let json = serde_json::to_value(&proof).unwrap();
                let salt = hex::decode(json["cell"]["salt"].as_str().unwrap()).unwrap();
                let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&salt).unwrap();
                mac.update(row[at].value.as_bytes());
                let leaf = serde_json::json!({
                    "v": 1, "permit": row[at].permit, "field": row[at].field, "row": n,
                    "commitment": hex::encode(mac.finalize().into_bytes()),
                });
                leaf_hash(&serde_json_canonicalizer::to_vec(&leaf).unwrap())
            })
            .collect();
        tree::root(&proof)
    };
    let roots: Vec<Digest> = rows
        .iter()
        .zip(0u64..)
        .map(|(row, n)| leaf_hash(&row_root(n, row).0))
        .collect();
    tree::root(&roots)
}

/// Every character that JSON could write in more than one way, and its neighbours.
#[test]
fn a_leaf_is_canonical_whatever_the_value() {
    let ranges = [
        '\0'..='\u{a0}',
        '\u{2026}'..='\u{202a}',
        '\u{feff}'..='\u{feff}',
        '\u{ffff}'..='\u{10000}',
    ];
    let values: Vec<String> = ranges
        .into_iter()
        .flatten()
        .map(|c| format!("a{c}é"))
        .collect();
    let cells: Vec<Vec<Cell<'_>>> = values
        .iter()
        .map(|value| {
            let (permit, field) = ("p-1/\"x\"", value.as_str());
            vec![Cell {
                permit,
                field,
                value,
            }]
        })
        .collect();
    assert_eq!(
        disclosure::commit(&key(), &cells).unwrap().root,
        plain_root(&cells)
    );
}

prop_compose! {
    fn tables()(width in 1usize..5)(
        rows in proptest::collection::vec(proptest::collection::vec(any::<String>(), width), 1..12),
    ) -> Rows {
        rows.into_iter()
            .map(|row| row.into_iter().enumerate().map(|(n, value)| (format!("f{n}"), value)).collect())
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_cell_and_row_that_left_can_be_shown(rows in tables()) {
        let rows = cells(&rows);
        let left = disclosure::commit(&key(), &rows).unwrap();
        prop_assert_eq!(left.root, plain_root(&rows));
        for (n, row) in rows.iter().enumerate() {
            let n = n as u64;
            let proof = disclosure::prove_row(&key(), &rows, n).unwrap();
            prop_assert!(proof.verify(&left.root, left.rows).is_ok());
            let json = serde_json::to_string(&proof).unwrap();
            prop_assert_eq!(&serde_json::from_str::<RowProof>(&json).unwrap(), &proof);
            prop_assert!(proof.without_values().verify(&left.root, left.rows).is_ok());
            for cell in row {
                let proof = disclosure::prove(&key(), &rows, n, cell.field).unwrap();
                prop_assert!(proof.verify(&left.root, left.rows).is_ok());
                prop_assert_eq!(proof.value(), cell.value);
            }
        }
    }

    #[test]
    fn no_json_makes_a_cell_proof_panic(
        text in any::<String>(), numbers in any::<[u64; 4]>(), value in any::<String>(),
        hashes in proptest::collection::vec(any::<[u8; 32]>().prop_map(Digest), 3..9),
    ) {
        prop_assert!(serde_json::from_str::<CellProof>(&text).is_err());
        let [row, column, columns, rows] = numbers;
        let json = serde_json::json!({
            "row": row, "column": column, "columns": columns, "row_root": hashes[0],
            "cell": { "field": value, "permit": "p", "salt": hashes[1], "value": text },
            "cell_path": hashes, "row_path": hashes,
        });
        let proof: CellProof = serde_json::from_value(json).unwrap();
        prop_assert!(proof.verify(&hashes[2], rows).is_err());
        prop_assert!(proof.verify(&hashes[2], u64::MAX).is_err());
    }
}
