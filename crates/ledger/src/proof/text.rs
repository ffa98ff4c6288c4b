//! The text form of an entry's proof: C2SP tlog-proof, with the entry as its extra data.

use super::{EntryProof, ProofFault};
use crate::codec::{base64, decimal, from_base64, hash_from_base64};
use crate::digest::Digest;

const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1";

impl EntryProof {
    /// The C2SP text (`.tlog-proof`), with the entry's bytes as its extra data.
    pub fn to_tlog_proof(&self) -> String {
        let mut text = format!("{TLOG_PROOF}\nextra {}\n", base64(self.entry.as_bytes()));
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&base64(&hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the C2SP text that [`Self::to_tlog_proof`] writes. Nothing is checked yet.
    ///
    /// # Errors
    /// [`ProofFault::Form`] when it is another text.
    pub fn from_tlog_proof(text: &str) -> Result<Self, ProofFault> {
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(ProofFault::Form("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(TLOG_PROOF) {
            return Err(ProofFault::Form("its first line is another one"));
        }
        let entry = lines
            .next()
            .and_then(|line| from_base64(line.strip_prefix("extra ")?))
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(ProofFault::Form("its extra line does not hold the entry"))?;
        let index = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("index ")?))
            .ok_or(ProofFault::Form("its index line is not a decimal number"))?;
        let path = lines
            .map(|line| hash_from_base64(line).map(Digest))
            .collect::<Option<Vec<_>>>()
            .ok_or(ProofFault::Form(
                "a line of its path is not 32 bytes of base64",
            ))?;
        Ok(Self {
            index,
            entry,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }
}
