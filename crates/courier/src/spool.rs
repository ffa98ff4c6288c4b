//! Room on the node's disk for ciphertext that is too large to be in memory, for as long as one operation needs it.
//!
//! A blob is a file without a name: the operating system frees it when it is let go of, also where the process stops
//! at any instruction, so that there is nothing to sweep up.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use exchange::ports::{Blob, Filling, PortFault, Spool, Spooled};

use crate::directory::blocking;

/// The length of a part, in bytes.
const PART: usize = 1 << 20;

/// A spool in a folder, which is there.
#[derive(Clone, Debug)]
pub struct DirectorySpool {
    folder: PathBuf,
}

impl DirectorySpool {
    /// The spool in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }
}

fn fault(e: &io::Error) -> PortFault {
    PortFault(format!(
        "the node's spool did not work: {e}; check the node's folder and its space"
    ))
}

#[async_trait]
impl Spool for DirectorySpool {
    async fn begin(&self) -> Result<Box<dyn Filling>, PortFault> {
        let folder = self.folder.clone();
        let file = blocking(move || tempfile::tempfile_in(folder).map_err(|e| fault(&e))).await?;
        Ok(Box::new(Filled {
            file: Arc::new(file),
            rest: Vec::new(),
        }))
    }
}

/// A blob that is being written, a part at a time.
struct Filled {
    file: Arc<File>,
    rest: Vec<u8>,
}

impl Filled {
    async fn write(&mut self) -> Result<(), PortFault> {
        let (file, rest) = (self.file.clone(), std::mem::take(&mut self.rest));
        blocking(move || (&*file).write_all(&rest).map_err(|e| fault(&e))).await
    }
}

#[async_trait]
impl Filling for Filled {
    async fn push(&mut self, sealed: &[u8]) -> Result<(), PortFault> {
        self.rest.extend_from_slice(sealed);
        if self.rest.len() >= PART {
            self.write().await?;
        }
        Ok(())
    }

    async fn done(mut self: Box<Self>) -> Result<Spooled, PortFault> {
        self.write().await?;
        Ok(Spooled(Arc::new(Whole(self.file))))
    }
}

struct Whole(Arc<File>);

#[async_trait]
impl Blob for Whole {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        let file = self.0.clone();
        blocking(move || {
            let from = u64::from(n) * PART as u64;
            let left = file.metadata().map_err(|e| fault(&e))?.len();
            let left = left.saturating_sub(from).min(PART as u64);
            let mut part = vec![0; usize::try_from(left).unwrap_or(PART)];
            file.read_exact_at(&mut part, from).map_err(|e| fault(&e))?;
            Ok((!part.is_empty()).then_some(part))
        })
        .await
    }
}
