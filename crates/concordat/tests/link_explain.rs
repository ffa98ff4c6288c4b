//! The commands that explain a linkage, make clusters, profile lists and train on labels, on the lists of a synthetic world.
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
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use arrow_array::cast::AsArray as _;
use arrow_cast::cast;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

const MODEL: &str = "\
linkage: 1
name: two-departments
id: reference
columns:
  person: { kind: name, from: full_name, also: former_names, split: \"|\", most: 4 }
  born: { kind: date, from: date_of_birth }
  nino: { kind: identifier, from: nino }
  phone: { kind: identifier, from: phone }
blocking:
  - nino
  - [person.sound, born.year-month]
  - { keys: phone, cap: 20, then: born.year }
training:
  - born
  - person.word
comparisons:
  person: { levels: [same, within, variant, close, shares], term-frequency: true }
  born: [same, swapped, one-digit, same-year]
  nino: [same, edits 1]
  phone: [same]
joint:
  - [person, phone]
decide:
  one-to-one: true
  strong:
    - { nino: same, person: shares }
    - { person: within, born: same }
";

const LISTS: [&str; 6] = [
    "--left",
    "dwp.parquet",
    "--right",
    "hmrc.parquet",
    "--model",
    "model.yaml",
];

fn concordat(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap()
}

fn link(folder: &Path, verb: &str, args: &[&str]) -> String {
    let args: Vec<&str> = ["link", verb]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    let told = concordat(folder, &args);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(told.stderr.is_empty(), "{told:?}");
    String::from_utf8(told.stdout).unwrap()
}

fn json(folder: &Path, verb: &str, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&link(folder, verb, &args)).unwrap()
}

/// The lists of a world of 4,000 people, trained and scored, once for all tests; each test writes into a folder of its own.
fn world() -> &'static Path {
    static WORLD: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let told = concordat(
            at,
            &[
                "synth", "--people", "4000", "--seed", "11", "--out", "world",
            ],
        );
        assert_eq!(told.status.code(), Some(0), "{told:?}");
        for name in ["dwp", "hmrc"] {
            let from = at.join(format!("world/{name}/master.parquet"));
            std::fs::copy(from, at.join(format!("{name}.parquet"))).unwrap();
        }
        std::fs::write(at.join("model.yaml"), MODEL).unwrap();
        link(
            at,
            "train",
            &[&LISTS[..], &["--out", "trained.json"]].concat(),
        );
        let score = ["--trained", "trained.json", "--out", "pairs.parquet"];
        link(at, "score", &[&LISTS[..], &score].concat());
        folder
    });
    made.path()
}

/// The columns of a Parquet file as texts, row by row.
fn rows(path: PathBuf, columns: &[&str]) -> Vec<Vec<String>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let texts: Vec<_> = columns
            .iter()
            .map(|c| cast(batch.column_by_name(c).unwrap(), &DataType::Utf8).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let text = |t: &arrow_array::ArrayRef| t.as_string::<i32>().value(row).to_owned();
            rows.push(texts.iter().map(text).collect());
        }
    }
    rows
}

fn pairs() -> Vec<Vec<String>> {
    let columns = ["left_id", "right_id", "match_weight", "match_probability"];
    rows(world().join("pairs.parquet"), &columns)
}

/// Every value of a person that the lists hold.
fn values() -> BTreeSet<String> {
    let of = |name: &str| {
        let columns = ["full_name", "date_of_birth", "nino", "phone"];
        rows(world().join(name), &columns)
    };
    let values = of("dwp.parquet").into_iter().chain(of("hmrc.parquet"));
    values.flatten().filter(|v| v.len() > 5).collect()
}

fn shows_no_value(text: &str, values: &BTreeSet<String>) {
    let shown = values.iter().find(|v| text.contains(v.as_str()));
    assert!(shown.is_none(), "{shown:?} in {text}");
}

/// The file of scored pairs and the explanation have one weight, to the last bit.
#[test]
fn a_pair_is_explained_as_it_was_scored() {
    let at = world();
    let mut pairs = pairs();
    pairs.sort_by(|a, b| {
        a[2].parse::<f64>()
            .unwrap()
            .total_cmp(&b[2].parse().unwrap())
    });
    assert!(pairs.len() > 500);
    let values = values();
    let with = |pair: &str, more: &[&str]| -> Vec<String> {
        let args = LISTS.iter().chain(&["--trained", "trained.json", "--pair"]);
        let args = args.copied().chain([pair]).chain(more.iter().copied());
        args.map(str::to_owned).collect()
    };
    let run = |args: Vec<String>, verb: &str| {
        link(
            at,
            verb,
            &args.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    };
    let folder = tempfile::tempdir().unwrap();
    for pair in [&pairs[0], &pairs[pairs.len() / 2], pairs.last().unwrap()] {
        let handles = format!("{},{}", pair[0], pair[1]);
        let told: Value =
            serde_json::from_str(&run(with(&handles, &["--json"]), "explain")).unwrap();
        let weight = told["waterfall"]["weight"].as_f64().unwrap();
        assert_eq!(weight.to_bits(), pair[2].parse::<f64>().unwrap().to_bits());
        let rules = told["waterfall"]["rules"].as_array().unwrap();
        assert!(rules.iter().any(|r| r["met"] == true), "{told}");
        let svg = folder.path().join("pair.svg");
        let text = run(with(&handles, &["--svg", svg.to_str().unwrap()]), "explain");
        assert!(
            text.contains("together") && text.contains("finds it"),
            "{text}"
        );
        assert!(text.contains(&format!("{weight:+.4}")), "{text}");
        let drawn = std::fs::read_to_string(&svg).unwrap();
        assert!(
            drawn.starts_with("<svg") && drawn.contains(&format!("{weight:+.2}")),
            "{drawn}"
        );
        for shown in [&text, &drawn, &told.to_string()] {
            shows_no_value(shown, &values);
        }
    }
    // A pair that no rule finds is explained all the same.
    let handles = format!("{},{}", pairs[0][0], pairs.last().unwrap()[1]);
    let text = run(with(&handles, &[]), "explain");
    assert!(text.contains("no blocking rule finds this pair"), "{text}");
    assert!(text.contains("misses it: nino differs"), "{text}");
}

#[test]
fn who_is_not_in_a_list_is_told_and_not_named() {
    let handle = pairs()[0][0].clone();
    let told = |pair: &str| {
        let args = ["link", "explain"].into_iter().chain(LISTS);
        let args = args.chain(["--trained", "trained.json", "--pair", pair]);
        let told = concordat(world(), &args.collect::<Vec<_>>());
        (told.status.code(), String::from_utf8(told.stderr).unwrap())
    };
    let (code, text) = told("nobody,R1");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("the case list has no case of this handle"),
        "{text}"
    );
    let (code, text) = told(&format!("{handle},nobody"));
    assert_eq!(code, Some(1));
    assert!(
        text.contains("the master list has no record of this handle"),
        "{text}"
    );
    assert_eq!(told("one").0, Some(2));
}

/// The page shows levels, yields, unlinkable records and weights of terms, no value and no count under five.
// shows: RPT-08
#[test]
fn a_model_is_drawn_without_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("model.html");
    let out = ["--trained", "trained.json", "--out", page.to_str().unwrap()];
    let told = link(world(), "explain", &[&LISTS[4..], &out].concat());
    assert!(told.starts_with("drawn in"), "{told}");
    let alone = std::fs::read_to_string(&page).unwrap();
    assert!(
        alone.contains("person + phone, weighed together"),
        "{alone}"
    );
    assert!(!alone.contains("Which pairs are looked at"));
    let told = json(world(), "explain", &[&LISTS[..], &out].concat());
    let rules = told["lists"]["rules"].as_array().unwrap();
    let expected = told["lists"]["expected"].as_f64().unwrap();
    assert_eq!(rules.len(), 3);
    for rule in rules {
        let lost = rule["lost"].as_f64().unwrap();
        let mine = rule["expected"].as_f64().unwrap();
        assert!((mine + lost * expected - expected).abs() < 1e-6, "{rule}");
    }
    assert_eq!(
        told["lists"]["terms"][0]["weights"][2]["records"],
        "fewer than 5"
    );
    let whole = std::fs::read_to_string(&page).unwrap();
    for part in [
        "Which pairs are looked at",
        "Records that cannot be linked",
        "What rare values weigh",
    ] {
        assert!(whole.contains(part), "{part}");
    }
    let values = values();
    shows_no_value(&whole, &values);
    shows_no_value(&told.to_string(), &values);
}

/// The one-to-one clusters are the mutual bests of the file, and their ids go on in the next run.
#[test]
fn clusters_are_written_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, two) = (path("one.parquet"), path("two.parquet"));
    let args = [
        "--pairs",
        "pairs.parquet",
        "--method",
        "one-to-one",
        "--out",
        &one,
    ];
    let told = json(world(), "cluster", &args);
    let columns = ["cluster_id", "side", "record_id", "size"];
    let written = rows(PathBuf::from(&one), &columns);
    let pairs = pairs();
    let linked: Vec<_> = pairs
        .iter()
        .filter(|p| p[3].parse::<f64>().unwrap() >= 0.99)
        .collect();
    assert_eq!(told["links"], linked.len());
    let best = linked.iter().filter(|p| {
        let heavier = |o: &&&Vec<String>| {
            let weight = |p: &[String]| p[2].parse::<f64>().unwrap();
            (o[0] == p[0]) != (o[1] == p[1]) && weight(o) >= weight(p)
        };
        !linked.iter().any(|o| heavier(&o))
    });
    assert_eq!(told["clusters"], best.count());
    assert_eq!(written.len() as u64, told["records"].as_u64().unwrap());
    assert!(written.iter().all(|r| r[3] == "2"));
    let mut sides = BTreeMap::<&str, Vec<&str>>::new();
    for row in &written {
        sides.entry(&row[0]).or_default().push(&row[1]);
    }
    assert!(sides.values().all(|s| s == &["left", "right"]));
    let args = [
        "--pairs",
        "pairs.parquet",
        "--threshold",
        "0.5",
        "--method",
        "components",
    ];
    let told = json(
        world(),
        "cluster",
        &[&args[..], &["--previous", &one, "--out", &two]].concat(),
    );
    assert_eq!(told["kept"], sides.len());
    assert_eq!(told["merged"].as_array().unwrap().len(), 0);
    let next: BTreeSet<Vec<String>> = rows(PathBuf::from(&two), &columns[..3])
        .into_iter()
        .collect();
    assert!(written.iter().all(|r| next.contains(&r[..3])));
    let wrong = [
        "link",
        "cluster",
        "--one-list",
        "--pairs",
        "pairs.parquet",
        "--method",
        "one-to-one",
        "--out",
        &two,
    ];
    assert_eq!(concordat(world(), &wrong).status.code(), Some(2));
}

/// What lists hold is told without a value, and without a count of fewer than five or what would give one away.
// shows: RPT-08
#[test]
fn lists_are_profiled_without_a_value() {
    let told = json(world(), "profile", &LISTS);
    let column = |side: &str, name: &str| -> Value {
        let columns = told[side]["columns"].as_array().unwrap();
        columns
            .iter()
            .find(|c| c["column"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(column("left", "nino")["commonest"], "fewer than 5");
    let distinct: BTreeSet<_> = rows(world().join("dwp.parquet"), &["date_of_birth"])
        .into_iter()
        .collect();
    assert_eq!(column("left", "date_of_birth")["distinct"], distinct.len());
    assert_eq!(column("left", "date_of_birth")["distinct-exact"], true);
    assert_eq!(told["model"]["rules"].as_array().unwrap().len(), 3);
    assert!(
        told["model"]["left"][1]["default-days"]
            .as_str()
            .unwrap()
            .ends_with('%')
    );
    let values = values();
    shows_no_value(&told.to_string(), &values);
    let text = link(world(), "profile", &LISTS);
    assert!(text.contains("pairs would be looked at"), "{text}");
    shows_no_value(&text, &values);
    let folder = tempfile::tempdir().unwrap();
    let mut list = "a,b,c\n".to_owned();
    for n in 0..40 {
        writeln!(list, "{},{},", n % 10, if n < 3 { "" } else { "x" }).unwrap();
    }
    std::fs::write(folder.path().join("list.csv"), list).unwrap();
    let told = json(folder.path(), "profile", &["--left", "list.csv"]);
    let filled: Vec<&Value> = (0..3)
        .map(|n| &told["left"]["columns"][n]["filled"])
        .collect();
    assert_eq!(filled, ["100.0 %", "all but fewer than 5", "0.0 %"]);
    assert_eq!(told["left"]["columns"][0]["commonest"], "fewer than 5");
}

/// Labels of the strong pairs train a model that finds them again; a label that is none is refused with its row.
#[test]
fn labels_train_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (labels, out) = (path("labels.csv"), path("trained.json"));
    let mut text = "left_id,right_id,judgement\n".to_owned();
    for pair in pairs()
        .iter()
        .filter(|p| p[3].parse::<f64>().unwrap() > 0.99)
        .take(200)
    {
        writeln!(text, "{},{},same", pair[0], pair[1]).unwrap();
    }
    writeln!(text, "a,b,unsure").unwrap();
    std::fs::write(&labels, &text).unwrap();
    let with = [&LISTS[..], &["--labels", &labels, "--out", &out]].concat();
    let told = link(world(), "train", &with);
    assert!(
        told.contains("m rests on the 200 pairs that were labelled the same"),
        "{told}"
    );
    assert!(!told.contains("says m of"), "{told}");
    let trained: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    let seen: f64 = trained["units"][1]["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["seen"].as_f64().unwrap())
        .sum();
    assert!((seen - 200.0).abs() < 1e-9, "{seen}");
    for (line, says) in [
        ("a,b,maybe", "same, different or unsure"),
        ("", "judged otherwise"),
    ] {
        let mut wrong = text.clone();
        if line.is_empty() {
            let pair = text.lines().nth(1).unwrap().replace("same", "different");
            writeln!(wrong, "{pair}").unwrap();
        } else {
            writeln!(wrong, "{line}").unwrap();
        }
        std::fs::write(&labels, wrong).unwrap();
        let args: Vec<&str> = ["link", "train"].into_iter().chain(with.clone()).collect();
        let told = concordat(world(), &args);
        let fault = String::from_utf8(told.stderr).unwrap();
        assert_eq!(told.status.code(), Some(1));
        assert!(fault.contains("row 202") && fault.contains(says), "{fault}");
    }
}
