//! What a writer has written so far, to be taken away while it goes on writing.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

/// The end that a writer is given, and that is drained; its clones are one.
#[derive(Clone, Default)]
pub(crate) struct Drain(Arc<Mutex<Zeroizing<Vec<u8>>>>);

impl Drain {
    // A panic while bytes are added leaves some of them: the writer is lost with it, and nothing is taken again.
    fn bytes(&self) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what was written to `out`.
    pub(crate) fn move_to(&self, out: &mut Vec<u8>) {
        out.append(&mut self.bytes());
    }
}

impl Write for Drain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
