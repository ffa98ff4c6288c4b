//! Housekeeping that make and CI call: what is claimed is checked against the tree. Every check is a test
//! as well, so that none lives in CI only. Never changes a file.

use std::path::{Path, PathBuf};

pub mod coverage;
pub mod crates;
pub mod settings;
pub mod tidy;
mod tree;

/// The top folder of the repository.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// What stops a check from being made at all.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {cause}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The workspace's metadata cannot be had.
    #[error("cargo metadata failed: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// What was read is not what the check needs.
    #[error("{0}")]
    Form(String),
}

impl Fault {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Read { path, cause }
    }
}

/// The text of one file.
///
/// # Errors
/// [`Fault::Read`] when it is not there or not text.
pub fn text(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(Fault::read(path))
}
