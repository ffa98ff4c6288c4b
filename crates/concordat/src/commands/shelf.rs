//! The files that a command looks at, and those beside them: the umbrellas of an agreement lie in its folder, or
//! in one that the command line names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agreement::render::Memo;
use agreement::{AsIf, Checked, Law, Library, Plan, Severity};

use crate::fail::Fail;

/// Where to find what stands beside an agreement, and the law.
#[derive(clap::Args)]
pub(crate) struct Beside {
    /// Another folder with agreements, such as umbrellas; the agreement's own is always looked into.
    #[arg(long, value_name = "FOLDER")]
    beside: Vec<PathBuf>,
    /// A folder with more files of the law catalogue: statutes, bodies, regimes.
    #[arg(long, value_name = "FOLDER")]
    law: Vec<PathBuf>,
}

/// The law, and the libraries of the folders that were looked into.
pub(crate) struct Shelf {
    law: Law,
    beside: Vec<(String, Vec<u8>)>,
    libraries: BTreeMap<PathBuf, Library>,
}

impl Shelf {
    /// Reads the law and the folders that the command line names.
    pub(crate) fn open(args: &Beside) -> Result<Self, Fail> {
        let mut more = Vec::new();
        for folder in &args.law {
            for (name, bytes) in yaml_files(folder)? {
                let text = String::from_utf8(bytes)
                    .map_err(|_| Fail::usage(format!("{name} is not UTF-8 text")))?;
                more.push((name, text));
            }
        }
        let law = Law::with(&more).map_err(|fault| {
            let lines: Vec<String> = fault.0.iter().map(ToString::to_string).collect();
            Fail::no(lines.join("\n"))
        })?;
        let mut beside = Vec::new();
        for folder in &args.beside {
            beside.extend(yaml_files(folder)?);
        }
        Ok(Self {
            law,
            beside,
            libraries: BTreeMap::new(),
        })
    }

    /// Reads the folder of a file, once.
    fn look_beside(&mut self, path: &Path) -> Result<PathBuf, Fail> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        if !self.libraries.contains_key(&folder) {
            let own = yaml_files(&folder)?;
            let all = own.iter().chain(&self.beside);
            let all = all.map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
            self.libraries
                .insert(folder.clone(), Library::read(all, &self.law));
        }
        Ok(folder)
    }

    /// Reads and checks a file.
    pub(crate) fn check(&mut self, path: &Path, as_if: AsIf) -> Result<(Vec<u8>, Checked), Fail> {
        let bytes = read(path)?;
        let folder = self.look_beside(path)?;
        let none = Library::none();
        let library = self.libraries.get(&folder).unwrap_or(&none);
        let name = path.display().to_string();
        let checked = agreement::check_as_if(&name, &bytes, &self.law, library, as_if);
        Ok((bytes, checked))
    }

    /// The memorandum of an agreement without faults, with its plan.
    pub(crate) fn memorandum(&mut self, path: &Path) -> Result<(Plan, Memo), Fail> {
        let bytes = read(path)?;
        let folder = self.look_beside(path)?;
        let none = Library::none();
        let library = self.libraries.get(&folder).unwrap_or(&none);
        let name = path.display().to_string();
        let (memo, checked) = agreement::render::memorandum(&name, &bytes, &self.law, library);
        let faults = faults(&checked);
        checked.plan.zip(memo).ok_or_else(|| Fail::no(faults))
    }

    /// The plan of an agreement without faults; with faults, they are the answer.
    pub(crate) fn plan(&mut self, path: &Path, as_if: AsIf) -> Result<Plan, Fail> {
        let (_, checked) = self.check(path, as_if)?;
        let faults = faults(&checked);
        checked.plan.ok_or_else(|| Fail::no(faults))
    }
}

fn faults(checked: &Checked) -> String {
    let faults = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Fault);
    faults
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Reads a file that the command line names.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Fail> {
    std::fs::read(path).map_err(|e| Fail::usage(format!("{}: {e}", path.display())))
}

fn yaml_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Fail> {
    let entries =
        std::fs::read_dir(folder).map_err(|e| Fail::usage(format!("{}: {e}", folder.display())))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Fail::at(folder, &e))?.path();
        let ending = path.extension().and_then(|e| e.to_str());
        if path.is_file() && matches!(ending, Some("yaml" | "yml")) {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok((path.display().to_string(), read(&path)?)))
        .collect()
}
