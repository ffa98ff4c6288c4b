//! The files of the repository, in a fixed order. Never follows a link.

use std::path::{Path, PathBuf};

use crate::Fault;

/// Folders that hold nothing of the repository's own.
const LEFT_OUT: [&str; 6] = [
    ".git",
    "target",
    "demo",
    "node_modules",
    "proptest-regressions",
    "mutants.out",
];

/// Every file under `root` with its text, by path relative to `root` with `/` between parts. Files that are
/// not UTF-8 text are left out.
pub(crate) fn texts(root: &Path) -> Result<Vec<(String, String)>, Fault> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Fault::read(&folder))? {
            let entry = entry.map_err(Fault::read(&folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(Fault::read(&path))?;
            let left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !left_out {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = std::fs::read(&path).map_err(Fault::read(&path))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    found.push((relative(root, path), text));
                }
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn relative(root: &Path, path: PathBuf) -> String {
    let path = path.strip_prefix(root).map(Path::to_owned).unwrap_or(path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
