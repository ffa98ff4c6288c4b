//! The solutions in `models/` come from `models/make.sh`, and their reports are of the files that stand beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::Digest;
use linkage::Trained;
use serde_json::Value;

const SOLUTIONS: [&str; 4] = ["hmrc", "dwp", "dfe", "residence"];

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A model that was altered and not trained and tested again is found out.
// shows: MATCH-17
#[test]
fn each_report_is_of_the_files_beside_it() {
    for name in SOLUTIONS {
        let folder = models().join(name);
        let digest = |file: &str| Digest::of(&std::fs::read(folder.join(file)).unwrap());
        let report = json(folder.join("quality.json"));
        for (file, said) in [
            ("model.yaml", "model_sha256"),
            ("trained.json", "trained_sha256"),
        ] {
            assert_eq!(
                report["about"][said],
                digest(file).to_string(),
                "{name}/{file} is not what was tested: run models/make.sh"
            );
        }
        let page = std::fs::read_to_string(folder.join("quality.html")).unwrap();
        let recall = report["link"]["recall"]["says"].as_str().unwrap();
        assert!(page.contains(recall), "{name}/quality.html");
    }
}

/// The same commands on smaller worlds come to nearly the same numbers, and to reports of the same groups.
// shows: MATCH-17, RPT-05
#[test]
fn what_ships_comes_from_its_script() {
    let folder = tempfile::tempdir().unwrap();
    for name in SOLUTIONS {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        let model = Path::new(name).join("model.yaml");
        std::fs::copy(models().join(&model), folder.path().join(&model)).unwrap();
    }
    let made = Command::new("bash")
        .arg(models().join("make.sh"))
        .env("CONCORDAT", env!("CARGO_BIN_EXE_concordat"))
        .env("PEOPLE", "30000")
        .env("MODELS", folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    for name in SOLUTIONS {
        let trained = |folder: &Path| -> Trained {
            let file = folder.join(name).join("trained.json");
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
        };
        let (ships, small) = (trained(&models()), trained(folder.path()));
        let share = |t: &Trained| t.lambda * t.records as f64;
        assert!(
            (share(&ships) / share(&small)).log2().abs() < 3.0,
            "{name}: lambda"
        );
        let mut compared = 0;
        for (unit, other) in ships.units.iter().zip(&small.units) {
            assert_eq!(unit.comparisons, other.comparisons, "{name}");
            for (n, (level, other)) in unit.cells.iter().zip(&other.cells).enumerate() {
                if other.seen < 20.0 {
                    continue;
                }
                compared += 1;
                let error = (level.m / other.seen).sqrt();
                let place = format!("{name}, {:?}, {n}", unit.comparisons);
                assert!(
                    (level.m - other.m).abs() < 0.02 + 5.0 * error,
                    "{place}: {level:?} {other:?}"
                );
            }
        }
        assert!(compared >= 5, "{name}: {compared} levels");
        let columns = |folder: &Path| {
            let report = json(folder.join(name).join("quality.json"));
            let groups = report["groups"].as_array().unwrap().iter();
            let columns = groups.map(|g| g["column"].as_str().unwrap().to_owned());
            columns.collect::<Vec<_>>()
        };
        assert_eq!(
            columns(&models()),
            ["origin", "sex", "area", "age", "completeness"]
        );
        assert_eq!(columns(&models()), columns(folder.path()));
    }
}
