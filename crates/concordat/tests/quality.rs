//! `concordat link evaluate` and `link sample` on a small synthetic world with its truth.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use arrow_array::cast::AsArray as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

const MODEL: &str = "\
linkage: 1
name: quality-test
id: { left: id, right: reference }
columns:
  person: { kind: name, from: full_name, also: { right: former_names }, split: \"|\", most: 4 }
  born: { kind: date, from: date_of_birth }
  nino: { kind: identifier, from: nino }
blocking:
  - nino
  - born
comparisons:
  person: { levels: [same, within, single, variant, close, all-but-one, shares], term-frequency: true }
  born: [same, swapped, one-digit, default-day, same-year]
  nino: [same, edits 1]
training:
  - person.word
decide:
  link: 0.9
  review: 0.05
  strong:
    - { nino: same, person: shares }
    - { person: within, born: same }
";

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_concordat"));
    program.current_dir(folder).args(args).output().unwrap()
}

fn done(folder: &Path, args: &[&str]) -> String {
    let told = run(folder, args);
    assert_eq!(told.status.code(), Some(0), "{args:?}: {told:?}");
    assert!(told.stderr.is_empty(), "no progress where nobody looks");
    String::from_utf8(told.stdout).unwrap()
}

fn refused(folder: &Path, args: &[&str]) -> String {
    let told = run(folder, args);
    assert_ne!(told.status.code(), Some(0), "{args:?}");
    String::from_utf8(told.stderr).unwrap()
}

/// Columns of a Parquet file of texts.
fn parquet(path: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let texts = |name: &&str| {
            let column = batch.column_by_name(name).unwrap();
            arrow_cast::cast(column, &arrow_schema::DataType::Utf8).unwrap()
        };
        let texts: Vec<_> = columns.iter().map(texts).collect();
        for row in 0..batch.num_rows() {
            let text = |column: &arrow_array::ArrayRef| {
                let column = column.as_string::<i32>();
                let held = !arrow_array::Array::is_null(column, row);
                if held {
                    column.value(row).to_owned()
                } else {
                    String::new()
                }
            };
            rows.push(texts.iter().map(text).collect());
        }
    }
    rows
}

/// A world of 8,000 people: cases.csv, truth.csv, groups.csv and the tax authority's list, scored.
async fn world(folder: &Path) {
    done(folder, &["synth", "--people", "8000", "--out", "world"]);
    let options = SqliteConnectOptions::new().filename(folder.join("world/ho/register.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let people = sqlx::query("select cid_person_id, full_name, date_of_birth, nino from persons")
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut cases = "id,full_name,date_of_birth,nino,postcode\n".to_owned();
    let mut listed = BTreeSet::new();
    for (n, person) in people.iter().enumerate() {
        let text = |at: usize| {
            person
                .try_get::<Option<String>, _>(at)
                .unwrap()
                .unwrap_or_default()
        };
        listed.insert(text(0));
        let postcode = ["ZZ1 1AA", "m12 3ab", ""][n % 3];
        write!(cases, "{},\"{}\",", text(0), text(1)).unwrap();
        writeln!(cases, "{},{},{postcode}", text(2), text(3)).unwrap();
    }
    std::fs::write(folder.join("cases.csv"), cases).unwrap();
    let who = parquet(
        &folder.join("world/truth.parquet"),
        &["register_key", "hmrc_reference", "origin", "sex"],
    );
    let (mut truth, mut groups) = (
        "left_id,right_id\n".to_owned(),
        "id,name_origin,sex,own\n".to_owned(),
    );
    for row in who.iter().filter(|row| listed.contains(&row[0])) {
        writeln!(groups, "{},{},{},own-{}", row[0], row[2], row[3], row[0]).unwrap();
        if !row[1].is_empty() {
            writeln!(truth, "{},{}", row[0], row[1]).unwrap();
        }
    }
    std::fs::write(folder.join("truth.csv"), truth).unwrap();
    std::fs::write(folder.join("groups.csv"), groups).unwrap();
    std::fs::write(folder.join("model.yaml"), MODEL).unwrap();
    let lists = [
        "--left",
        "cases.csv",
        "--right",
        "world/hmrc/master.parquet",
        "--model",
        "model.yaml",
    ];
    let with = |verb: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        ["link", verb]
            .into_iter()
            .chain(lists)
            .chain(more.iter().copied())
            .collect()
    };
    done(folder, &with("train", &["--out", "trained.json"]));
    done(
        folder,
        &with(
            "score",
            &["--trained", "trained.json", "--out", "pairs.parquet"],
        ),
    );
}

const EVALUATE: [&str; 30] = [
    "link",
    "evaluate",
    "--pairs",
    "pairs.parquet",
    "--left",
    "cases.csv",
    "--right",
    "world/hmrc/master.parquet",
    "--truth",
    "truth.csv",
    "--groups",
    "groups.csv",
    "--group",
    "name_origin",
    "--group",
    "sex",
    "--born",
    "date_of_birth",
    "--area",
    "postcode",
    "--model",
    "model.yaml",
    "--trained",
    "trained.json",
    "--on",
    "2016-03-18",
    "--out",
    "quality",
    "--clusters",
    "clusters.csv",
];

fn counts(value: &Value, found: &mut Vec<(u64, u64)>) {
    match value {
        Value::Object(fields) => {
            let bound = |key: &str| fields.get(key).and_then(Value::as_u64);
            if let (Some(from), Some(to), Some(_)) =
                (bound("from"), bound("to"), fields.get("says"))
            {
                found.push((from, to));
            }
            fields.values().for_each(|v| counts(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| counts(v, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

// shows: RPT-05, RPT-08, S-25, MATCH-16
#[tokio::test]
async fn a_linkage_is_stated_and_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    world(folder).await;
    let pairs = parquet(
        &folder.join("pairs.parquet"),
        &["left_id", "right_id", "match_probability"],
    );
    let truth = std::fs::read_to_string(folder.join("truth.csv")).unwrap();
    let truth: BTreeSet<&str> = truth.lines().skip(1).collect();
    let links: Vec<String> = pairs
        .iter()
        .filter(|p| p[2].parse::<f64>().unwrap() >= 0.9)
        .map(|p| format!("{},{}", p[0], p[1]))
        .collect();
    let mut clusters = "cluster_id,side,record_id\n".to_owned();
    for (n, link) in links.iter().enumerate() {
        let (left, right) = link.split_once(',').unwrap();
        writeln!(clusters, "{n},left,{left}\n{n},right,{right}").unwrap();
    }
    std::fs::write(folder.join("clusters.csv"), clusters).unwrap();

    let mut with_json = EVALUATE.to_vec();
    with_json.push("--json");
    let json: Value = serde_json::from_str(&done(folder, &with_json)).unwrap();
    let kept: Value =
        serde_json::from_slice(&std::fs::read(folder.join("quality/quality.json")).unwrap())
            .unwrap();
    assert_eq!(json, kept);
    // A column that tells records apart makes no groups, and none of its values is told.
    let own = EVALUATE.map(|arg| match arg {
        "name_origin" => "own",
        "quality" => "of-own",
        other => other,
    });
    done(folder, &own);
    for name in ["quality.json", "quality.html"] {
        let told = std::fs::read_to_string(folder.join("of-own").join(name)).unwrap();
        assert!(!told.contains("own-"), "{name} names a group of one");
        assert!(told.contains("groups of fewer than 5"), "{name}");
    }
    assert_eq!(json["schema"], "concordat-linkage-quality/1");
    assert_eq!(json["true_pairs"], truth.len());
    assert_eq!(json["about"]["date"], "2016-03-18");
    assert_eq!(json["about"]["model_sha256"].as_str().unwrap().len(), 64);
    // As counted here from the same files.
    let right = links.iter().filter(|l| truth.contains(l.as_str())).count() as f64;
    let link = &json["link"];
    let holds = |rate: &Value, value: f64| {
        let (from, to) = (rate["from"].as_f64().unwrap(), rate["to"].as_f64().unwrap());
        from - 1e-6 <= value && value <= to + 1e-6 && to - from < 0.02
    };
    assert!(holds(&link["recall"], right / truth.len() as f64), "{link}");
    assert!(
        holds(&link["precision"], right / links.len() as f64),
        "{link}"
    );
    assert!(link["recall"]["from"].as_f64().unwrap() > 0.7, "{link}");
    let cases = std::fs::read_to_string(folder.join("cases.csv")).unwrap();
    let linked: BTreeSet<&str> = links.iter().filter_map(|l| l.split(',').next()).collect();
    let share = linked.len() as f64 / (cases.lines().count() - 1) as f64;
    let people = &json["people"];
    assert!(holds(&people["hit_rate"], share), "{people} {share}");
    assert!(people["harmed"]["to"].as_f64().unwrap() < 0.1, "{people}");
    let blocking = json["lost"]["by_blocking"]["to"].as_u64().unwrap();
    assert!(blocking > 0 && blocking <= json["lost"]["not_written"]["to"].as_u64().unwrap());
    let columns: Vec<&str> = json["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["column"].as_str().unwrap())
        .collect();
    assert_eq!(
        columns,
        ["name_origin", "sex", "age", "area", "completeness"]
    );
    let areas = json["groups"][3]["groups"].as_array().unwrap().iter();
    let areas: BTreeSet<&str> = areas.map(|g| g["group"].as_str().unwrap()).collect();
    assert_eq!(areas, BTreeSet::from(["M", "ZZ", "not known"]));
    assert!(json["headline_gap"]["to"].as_f64().unwrap() > 0.0);
    assert!(json["clusters"]["exact"]["from"].as_u64().unwrap() > 100);
    let mut told = Vec::new();
    counts(&json, &mut told);
    assert!(told.len() > 200);
    assert!(
        told.iter()
            .all(|(from, to)| from != to || !(1..5).contains(from))
    );

    let page = std::fs::read_to_string(folder.join("quality/quality.html")).unwrap();
    for part in ["<svg", "By name_origin", "Greatest gap in recall", "Brier"] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in ["<script", "http", "undefined", "NaN"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let handle = &pairs[0][0];
    assert!(!page.contains(handle.as_str()) && !json.to_string().contains(handle.as_str()));
    assert!(done(folder, &EVALUATE).contains("greatest gap in recall"));
    std::fs::write(
        folder.join("other.csv"),
        "left_id,right_id\nA,B\nA,C\nA,D\nB,D\nC,D\n",
    )
    .unwrap();
    let strange = EVALUATE.map(|word| {
        if word == "truth.csv" {
            "other.csv"
        } else {
            word
        }
    });
    assert!(refused(folder, &strange).contains("records that the truth names"));

    // Without trained numbers and clusters: what was not found out is null.
    let optional = ["--trained", "trained.json", "--clusters", "clusters.csv"];
    let mut less: Vec<&str> = EVALUATE
        .into_iter()
        .filter(|word| !optional.contains(word))
        .collect();
    less.push("--json");
    let json: Value = serde_json::from_str(&done(folder, &less)).unwrap();
    let lost = &json["lost"];
    assert!(lost["by_blocking"].is_null() && lost["below_review"].is_null());
    assert!(lost["not_written"]["from"].as_u64().unwrap() > 0);
    assert!(json["clusters"].is_null() && json["about"]["trained_sha256"].is_null());

    sample(folder, &truth);
}

/// Draws a sheet, judges it by the truth, and holds the estimate against what the pairs are.
fn sample(folder: &Path, truth: &BTreeSet<&str>) {
    let draw = |out: &'static str, key: &'static str| {
        done(
            folder,
            &[
                "link",
                "sample",
                "--pairs",
                "pairs.parquet",
                "--left",
                "cases.csv",
                "--right",
                "world/hmrc/master.parquet",
                "--model",
                "model.yaml",
                "--columns",
                "full_name,date_of_birth",
                "--n",
                "200",
                "--seed",
                "7",
                "--out",
                out,
                "--key",
                key,
            ],
        )
    };
    draw("sheet.csv", "key.json");
    draw("again.csv", "again.json");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(
        (read("sheet.csv"), read("key.json")),
        (read("again.csv"), read("again.json"))
    );
    let sheet = read("sheet.csv");
    let header = sheet.lines().next().unwrap();
    for hidden in ["probability", "weight", "stratum", "standing", "nino"] {
        assert!(!header.contains(hidden), "{header}");
    }
    assert_eq!(header.matches("full_name").count(), 2, "{header}");
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let header = reader.headers().unwrap().clone();
    let mut writer = csv::Writer::from_path(folder.join("judged.csv")).unwrap();
    writer.write_record(&header).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        let same = truth.contains(format!("{},{}", &row[1], &row[2]).as_str());
        let mut row: Vec<&str> = row.iter().collect();
        *row.last_mut().unwrap() = if same { "same" } else { " Different" };
        writer.write_record(&row).unwrap();
    }
    writer.flush().unwrap();
    let judge = [
        "link",
        "sample",
        "--judged",
        "judged.csv",
        "--key",
        "key.json",
    ];
    let mut with_json = judge.to_vec();
    with_json.push("--json");
    let json: Value = serde_json::from_str(&done(folder, &with_json)).unwrap();
    assert_eq!((&json["judged"], &json["unsure"]), (&200.into(), &0.into()));
    let estimates = json["estimates"].as_array().unwrap();
    let at = |threshold: f64| {
        let mut each = estimates.iter();
        each.find(|e| e["threshold"].as_f64() == Some(threshold))
            .unwrap()
    };
    let pairs = parquet(
        &folder.join("pairs.parquet"),
        &["left_id", "right_id", "match_probability"],
    );
    let links: Vec<_> = pairs
        .iter()
        .filter(|p| p[2].parse::<f64>().unwrap() >= 0.9)
        .collect();
    let right = links
        .iter()
        .filter(|p| truth.contains(format!("{},{}", p[0], p[1]).as_str()));
    let precision = right.count() as f64 / links.len() as f64;
    let told = &at(0.9)["precision"]["rate"];
    let (low, high) = (
        told["low"].as_f64().unwrap(),
        told["high"].as_f64().unwrap(),
    );
    assert!(
        low - 0.02 < precision && precision < high + 0.02,
        "{told} {precision}"
    );
    assert!(done(folder, &judge).contains("what blocking lost is not seen"));
    let spoilt = read("judged.csv").replacen(",same", ",maybe", 1);
    std::fs::write(folder.join("judged.csv"), spoilt).unwrap();
    let fault = refused(folder, &judge);
    assert!(
        fault.contains("judged.csv: row") && fault.contains("same, different or unsure"),
        "{fault}"
    );
}
