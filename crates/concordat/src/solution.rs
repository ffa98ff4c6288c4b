//! A matching solution as a folder: `model.yaml`, `trained.json`, and `quality.json`, the report of its test. Those for
//! the departments' lists of this world are carried by the program; `models/` in the repository has them.

use std::path::Path;

use exchange::ports::Matching;
use exchange::solution::Version;
use linkage::model::Model;
use linkage::{Solution, Trained};

use crate::fail::Fail;
use crate::house::whole;

/// The file with the report of the solution's test.
pub const REPORT: &str = "quality.json";

const MODEL: &str = "model.yaml";
const TRAINED: &str = "trained.json";

/// Reads the solution of a folder.
///
/// # Errors
/// [`Fail`] when a file is missing, faulty, or of another model.
pub fn read(folder: &Path) -> Result<Matching, Fail> {
    let file = |name: &str| {
        let path = folder.join(name);
        let bytes = std::fs::read(&path).map_err(|e| {
            Fail::usage(format!(
                "{}: {e}; a matching solution is a folder with {MODEL} and {TRAINED}: `concordat link train` makes the second",
                path.display()
            ))
        })?;
        Ok::<_, Fail>((path, bytes))
    };
    let (path, model) = file(MODEL)?;
    let read = Model::read(&path.display().to_string(), &model);
    let parsed = read.map_err(|faults| Fail::no(faults.to_string()))?;
    let (path, trained) = file(TRAINED)?;
    let numbers = numbers(&path, &trained)?;
    let solution =
        Solution::new(parsed, numbers).map_err(|e| Fail::no(format!("{}: {e}", path.display())))?;
    let threads = std::thread::available_parallelism();
    Ok(Matching {
        solution,
        version: Version::of(&model, &trained),
        threads: threads.map_or(1, std::num::NonZeroUsize::get),
    })
}

/// The trained numbers of a file. What stands in it is not repeated: it may be another file than was meant.
pub(crate) fn numbers(path: &Path, json: &[u8]) -> Result<Trained, Fail> {
    serde_json::from_slice(json).map_err(|e| {
        Fail::no(format!(
            "{} holds no trained numbers (line {}, column {}): make them with `concordat link train`",
            path.display(),
            e.line(),
            e.column()
        ))
    })
}

macro_rules! shipped {
    ($folder:literal) => {
        [
            (
                MODEL,
                include_str!(concat!("../../../models/", $folder, "/model.yaml")),
            ),
            (
                TRAINED,
                include_str!(concat!("../../../models/", $folder, "/trained.json")),
            ),
            (
                REPORT,
                include_str!(concat!("../../../models/", $folder, "/quality.json")),
            ),
        ]
    };
}

fn carried(party: &str) -> Option<[(&'static str, &'static str); 3]> {
    Some(match party {
        "hmrc" => shipped!("hmrc"),
        "dwp" => shipped!("dwp"),
        "dfe" => shipped!("dfe"),
        _ => return None,
    })
}

/// The report of the test of the solution that the program carries for a party's list.
pub(crate) fn shipped_report(party: &str) -> Option<&'static str> {
    let files = carried(party)?;
    files
        .iter()
        .find(|(name, _)| *name == REPORT)
        .map(|(_, text)| *text)
}

/// Lays the solution that the program carries for a party's list into `folder`; nothing for a party without one.
///
/// # Errors
/// [`Fail`] when a file cannot be written.
pub fn lay(party: &str, folder: &Path) -> Result<(), Fail> {
    let Some(files) = carried(party) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|e| Fail::at(folder, &e))?;
    for (name, text) in files {
        whole(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
