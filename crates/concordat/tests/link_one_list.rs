//! `concordat link` for the doubles within one list: trained, found, clustered, explained, sampled and stated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

const MODEL: &str = "\
linkage: 1
name: doubles
id: id
columns:
  person: { kind: name, from: [given, family] }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - [person.word, town]
comparisons:
  person: [same, within, variant, close, all-but-one, shares]
  born: [same, one-digit, same-year]
  town: [same, like 0.9]
training:
  - person
decide:
  link: 0.9
  review: 0.01
  strong:
    - { person: close, born: same }
";

fn run(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .current_dir(folder)
        .arg("link")
        .args(line.split(' '))
        .output()
        .unwrap()
}

fn done(folder: &Path, line: &str) -> String {
    let told = run(folder, line);
    assert_eq!(told.status.code(), Some(0), "{line}: {told:?}");
    String::from_utf8(told.stdout).unwrap()
}

fn refused(folder: &Path, line: &str, words: &str) {
    let told = run(folder, line);
    assert_ne!(told.status.code(), Some(0), "{line}");
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(text.contains(words), "{line}: {text}");
}

/// 900 people of whom every third has two records and every thirtieth three, in an order that tells nothing; one in five
/// doubles is of another town. `people.csv` says whose record each is, `truth.csv` names pairs that join them.
fn list(folder: &Path) -> BTreeMap<String, usize> {
    let mut rows = Vec::new();
    for n in 0..900_usize {
        let (given, family) = (n * 7919 % 97, n * 104_729 % 389);
        let day = n * 6007 % 10_000;
        let vowel = |n: usize| "aeiou".chars().nth(n % 5).unwrap();
        let person = format!(
            "gi{}ven{given},fa{}mily{family},{}-{:02}-{:02}",
            vowel(given),
            vowel(family),
            1950 + day / 336,
            day % 336 / 28 + 1,
            day % 28 + 1
        );
        let times = 1 + usize::from(n % 3 == 0) + usize::from(n % 30 == 0);
        for time in 0..times {
            let moved = usize::from(n % 5 == 0 && time > 0);
            rows.push((n, format!("{person},town{}", (n + moved) % 41)));
        }
    }
    let all = rows.len();
    let mut text = "id,given,family,born,town,half\n".to_owned();
    let mut people = BTreeMap::new();
    for at in 0..all {
        let (person, row) = &rows[at * 541 % all];
        let id = format!("D{}", at * 7 % 1000 + at * 1000);
        writeln!(text, "{id},{row},{}", ["one", "other"][person % 2]).unwrap();
        people.insert(id, *person);
    }
    assert_eq!(people.len(), all);
    std::fs::write(folder.join("list.csv"), text).unwrap();
    std::fs::write(folder.join("model.yaml"), MODEL).unwrap();
    let (mut whose, mut truth) = ("id,person\n".to_owned(), "left_id,right_id\n".to_owned());
    let mut last: BTreeMap<usize, &str> = BTreeMap::new();
    for (id, person) in &people {
        writeln!(whose, "{id},P{person}").unwrap();
        // The later one first; of three records two pairs, of which the third follows.
        if let Some(before) = last.insert(*person, id) {
            writeln!(truth, "{id},{before}").unwrap();
        }
    }
    std::fs::write(folder.join("people.csv"), whose).unwrap();
    std::fs::write(folder.join("truth.csv"), truth).unwrap();
    people
}

fn pairs(folder: &Path) -> Vec<(String, String, f64, f64)> {
    let file = std::fs::File::open(folder.join("pairs.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut pairs = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text = |name, row| {
            let column = batch.column_by_name(name).unwrap();
            column.as_string::<i32>().value(row).to_owned()
        };
        let number = |name, row| {
            let column = batch.column_by_name(name).unwrap();
            column
                .as_primitive::<arrow_array::types::Float64Type>()
                .value(row)
        };
        pairs.extend((0..batch.num_rows()).map(|row| {
            let probability = number("match_probability", row);
            (
                text("left_id", row),
                text("right_id", row),
                probability,
                number("match_weight", row),
            )
        }));
    }
    pairs
}

fn holds(rate: &Value, value: f64) {
    let (from, to) = (rate["from"].as_f64().unwrap(), rate["to"].as_f64().unwrap());
    assert!(
        from - 1e-6 <= value && value <= to + 1e-6 && to - from < 0.05,
        "{rate} {value}"
    );
}

const EVALUATE: &str = "evaluate --pairs pairs.parquet --left list.csv --model model.yaml --trained trained.json \
    --group half --born born --on 2026-03-02 --clusters clusters.parquet --out";

// shows: RPT-05, RPT-08, MATCH-17
#[test]
fn the_doubles_of_one_list_are_found_stated_and_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = list(folder);
    done(
        folder,
        "train --left list.csv --model model.yaml --out trained.json",
    );
    done(
        folder,
        "dedupe --left list.csv --model model.yaml --trained trained.json --out pairs.parquet",
    );
    done(
        folder,
        "cluster --pairs pairs.parquet --threshold 0.9 --method components --one-list --out clusters.parquet",
    );
    let by_person = done(
        folder,
        &format!("{EVALUATE} quality --truth people.csv --person person --json"),
    );
    let by_pairs = done(
        folder,
        &format!("{EVALUATE} again --truth truth.csv --json"),
    );
    assert_eq!(
        by_person, by_pairs,
        "a truth is the same as pairs or as people"
    );

    // As counted here, pair by pair.
    let pairs = pairs(folder);
    let ids: Vec<(&String, &usize)> = people.iter().collect();
    let truly = (0..ids.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let truly = truly.filter(|(a, b)| ids[*a].1 == ids[*b].1).count();
    let links: Vec<_> = pairs.iter().filter(|p| p.2 >= 0.9).collect();
    let right = links
        .iter()
        .filter(|p| people[&p.0] == people[&p.1])
        .count();
    assert!(right > 250, "there is something to count");
    let json: Value = serde_json::from_str(&by_person).unwrap();
    assert_eq!(json["true_pairs"], truly);
    assert_eq!(json["about"]["left_records"], people.len());
    holds(
        &json["link"]["precision"],
        right as f64 / links.len() as f64,
    );
    holds(&json["link"]["recall"], right as f64 / truly as f64);
    let linked: BTreeSet<&String> = links.iter().flat_map(|p| [&p.0, &p.1]).collect();
    holds(
        &json["people"]["hit_rate"],
        linked.len() as f64 / people.len() as f64,
    );
    // No more is lost by blocking than is not written.
    let lost = |what: &str| json["lost"][what]["to"].as_u64().unwrap();
    assert!(lost("by_blocking") <= lost("not_written"));
    assert!(
        json["clusters"]["people"]["from"].as_u64().unwrap() >= 295,
        "{}",
        json["clusters"]
    );
    let columns = json["groups"].as_array().unwrap();
    assert!(columns.iter().all(|c| {
        let mut groups = c["groups"].as_array().unwrap().iter();
        groups.any(|g| g["group"] == "across groups")
    }));
    let page = std::fs::read_to_string(folder.join("quality/quality.html")).unwrap();
    for part in [
        "records of one list",
        "across groups",
        "Pairs of records that stand in one cluster",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in [
        "undefined",
        "none master",
        "null",
        "NaN",
        "the other list",
        "D1",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    // It is no test of what links two lists.
    let refusal = exchange::solution::Report::read(by_person.as_bytes()).unwrap_err();
    assert_eq!(refusal.rule, "MATCH-17");

    // A pair weighs what it weighed, from either side.
    let (left, right, _, weight) = &pairs[pairs.len() / 2];
    for (a, b) in [(left, right), (right, left)] {
        let told = done(
            folder,
            &format!(
                "explain --left list.csv --model model.yaml --trained trained.json --pair {a},{b} --json"
            ),
        );
        let json: Value = serde_json::from_str(&told).unwrap();
        assert!(
            (json["waterfall"]["weight"].as_f64().unwrap() - weight).abs() < 1e-9,
            "{told}"
        );
    }
    let told = done(
        folder,
        "explain --left list.csv --model model.yaml --trained trained.json --out model.html --json",
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(told["lists"].is_object(), "{told}");

    // A sheet that people judge, and training on what they say of it.
    done(
        folder,
        "sample --pairs pairs.parquet --left list.csv --model model.yaml --columns given,born --group half --n 120 --seed 7 --out sheet.csv --key key.json",
    );
    let mut sheet = csv::Reader::from_path(folder.join("sheet.csv")).unwrap();
    let mut judged = csv::Writer::from_path(folder.join("judged.csv")).unwrap();
    judged.write_record(sheet.headers().unwrap()).unwrap();
    let mut drawn = 0;
    for row in sheet.records() {
        let row = row.unwrap();
        let mut row: Vec<&str> = row.iter().collect();
        let same = people[row[1]] == people[row[2]];
        *row.last_mut().unwrap() = if same { "same" } else { "different" };
        judged.write_record(&row).unwrap();
        drawn += 1;
    }
    judged.flush().unwrap();
    let told = done(folder, "sample --judged judged.csv --key key.json --json");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["judged"], drawn);
    done(
        folder,
        "train --left list.csv --model model.yaml --labels judged.csv --out of-labels.json",
    );

    let contrary = "left_id,right_id,judgement\nD0,D1007,same\nD1007,D0,different\n";
    std::fs::write(folder.join("contrary.csv"), contrary).unwrap();
    let train = "train --left list.csv --model model.yaml --out none.json --labels";
    refused(folder, &format!("{train} contrary.csv"), "judged otherwise");
    std::fs::write(
        folder.join("itself.csv"),
        "left_id,right_id,judgement\nD0,D0,same\n",
    )
    .unwrap();
    refused(folder, &format!("{train} itself.csv"), "one record twice");
    let two = format!("{EVALUATE} two --truth people.csv --person person --right list.csv");
    refused(folder, &two, "--person");
    std::fs::write(
        folder.join("two.csv"),
        "cluster_id,side,record_id\n1,left,D0\n1,right,D1007\n",
    )
    .unwrap();
    let clusters = EVALUATE.replace("clusters.parquet", "two.csv");
    refused(
        folder,
        &format!("{clusters} two --truth truth.csv"),
        "side that is not left",
    );
}
