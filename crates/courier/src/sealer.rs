//! Seals letters to their recipient with age (X25519) under a signed manifest, and opens them.
//!
//! Nothing of a letter is given out before the whole of it is authenticated, and no plain text touches a disk.

use std::io::Write;
use std::sync::Arc;

use age::Encryptor;
use age::stream::StreamWriter;
use age::x25519::Recipient;
use exchange::message::{Head, Letter, Manifest};
use exchange::ports::{PackageFault, PartyCard, PortFault, Sealer, SealingFile, Signer};
use ledger::Digesting;
use zeroize::Zeroizing;

use crate::drain::Drain;
use crate::keys::Keys;
use crate::package::Payload;
use crate::{limits, package};

/// Seals and opens in one party's name.
#[derive(Clone, Debug)]
pub struct AgeSealer {
    keys: Arc<Keys>,
}

impl AgeSealer {
    /// A sealer with this party's keys.
    pub fn new(keys: Arc<Keys>) -> Self {
        Self { keys }
    }
}

fn unsealed(why: &str) -> PortFault {
    PortFault(format!("the package was not sealed: {why}"))
}

/// A letter whose file is being sealed.
struct Sealing {
    keys: Arc<Keys>,
    manifest: Manifest,
    has_file: bool,
    file: usize,
    writer: StreamWriter<Drain>,
    counted: Counted,
}

/// The ciphertext that has come so far.
struct Counted {
    drain: Drain,
    bytes: u64,
    digest: Digesting,
}

impl Counted {
    fn take(&mut self, sealed: &mut Vec<u8>) {
        let from = sealed.len();
        self.drain.move_to(sealed);
        let new = sealed.get(from..).unwrap_or_default();
        self.bytes += new.len() as u64;
        self.digest.take(new);
    }

    fn done(self) -> Payload {
        Payload {
            bytes: self.bytes,
            sha256: self.digest.done(),
        }
    }
}

impl SealingFile for Sealing {
    fn push(&mut self, file: &[u8], sealed: &mut Vec<u8>) -> Result<(), PortFault> {
        self.file = self.file.saturating_add(file.len());
        if self.file > limits::FILE_BYTES {
            return Err(unsealed("its file is longer than 64 MiB: send fewer rows"));
        }
        if self.file > 0 && !self.has_file {
            return Err(unsealed("its letter is not of the kind its manifest says"));
        }
        let written = self.writer.write_all(file);
        written.map_err(|e| unsealed(&e.to_string()))?;
        self.counted.take(sealed);
        Ok(())
    }

    fn finish(self: Box<Self>, sealed: &mut Vec<u8>) -> Result<Vec<u8>, PortFault> {
        let Self {
            keys,
            manifest,
            writer,
            mut counted,
            ..
        } = *self;
        writer.finish().map_err(|e| unsealed(&e.to_string()))?;
        counted.take(sealed);
        let payload = counted.done();
        let text = package::signed_text(&manifest, &payload)
            .ok_or_else(|| unsealed("its manifest has no canonical form"))?;
        Ok(package::front(&keys.sign_note(&text)?, &payload))
    }
}

impl Sealer for AgeSealer {
    fn begin(
        &self,
        manifest: &Manifest,
        head: &Head,
        to: &PartyCard,
    ) -> Result<Box<dyn SealingFile>, PortFault> {
        if manifest.v != 1 || manifest.from != *self.keys.party() || manifest.to != to.party {
            return Err(unsealed(
                "its manifest is not from this party, not to the one whose key was given, or not version 1",
            ));
        }
        if !head.fits(manifest.kind) {
            return Err(unsealed("its letter is not of the kind its manifest says"));
        }
        let recipient: Recipient = to
            .sealing
            .parse()
            .map_err(|_| unsealed("the sealing key in the recipient's card is not an age recipient: correct the annex"))?;
        let lines = package::lines(manifest, head)
            .ok_or_else(|| unsealed("its head has no canonical form"))?;
        let drain = Drain::default();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients);
        let encryptor = encryptor.map_err(|e| unsealed(&e.to_string()))?;
        let begun = encryptor.wrap_output(drain.clone());
        let begun = begun.and_then(|mut w| w.write_all(lines.as_bytes()).map(|()| w));
        Ok(Box::new(Sealing {
            keys: self.keys.clone(),
            manifest: manifest.clone(),
            has_file: matches!(head, Head::File { .. }),
            file: 0,
            writer: begun.map_err(|e| unsealed(&e.to_string()))?,
            counted: Counted {
                drain,
                bytes: 0,
                digest: Digesting::default(),
            },
        }))
    }

    fn inspect(&self, bytes: &[u8], parties: &[PartyCard]) -> Result<Manifest, PackageFault> {
        package::check(bytes, parties).map(|checked| checked.manifest)
    }

    fn open(
        &self,
        bytes: &[u8],
        parties: &[PartyCard],
    ) -> Result<(Manifest, Letter), PackageFault> {
        let checked = package::check(bytes, parties)?;
        // age gives an error for the whole when its last block does not authenticate, whatever came before.
        let plain = age::decrypt(self.keys.identity(), checked.ciphertext)
            .map_err(|_| PackageFault::Unopened)?;
        let plain = Zeroizing::new(plain);
        let letter = package::letter(&checked.manifest, &plain)?;
        Ok((checked.manifest, letter))
    }
}
