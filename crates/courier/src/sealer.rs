//! Seals letters to their recipient with age (X25519) under a signed manifest, and opens them.
//!
//! Nothing of a letter is given out before the whole of it is authenticated, and no plain text touches a disk.

use std::io::Write;
use std::sync::Arc;

use age::Encryptor;
use age::stream::StreamWriter;
use age::x25519::Recipient;
use async_trait::async_trait;
use exchange::message::{Head, Manifest};
use exchange::ports::{
    Opened, PackageFault, PartyCard, PortFault, Sealer, SealingFile, Signer, Spooled,
};
use ledger::Digesting;

use crate::drain::Drain;
use crate::keys::Keys;
use crate::opening::Plain;
use crate::package::{Checked, Payload};
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

/// What is good of what was read; a package's fault is given back at once.
macro_rules! good {
    ($read:expr) => {
        match $read {
            Ok(good) => good,
            Err(fault) => return Ok(Err(fault)),
        }
    };
}

fn unsealed(why: &str) -> PortFault {
    PortFault(format!("the package was not sealed: {why}"))
}

/// A letter whose file is being sealed.
struct Sealing {
    keys: Arc<Keys>,
    manifest: Manifest,
    /// How long its file may be; none where the letter has no file.
    most: Option<u64>,
    file: u64,
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
        self.file = self.file.saturating_add(file.len() as u64);
        match self.most {
            Some(most) if self.file > most => {
                let most = most >> 20;
                let why = format!("its file is longer than {most} MiB: send fewer rows");
                return Err(unsealed(&why));
            }
            None if self.file > 0 => {
                return Err(unsealed("its letter is not of the kind its manifest says"));
            }
            Some(_) | None => {}
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

#[async_trait]
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
            most: match head {
                Head::File { format, .. } => Some(limits::file_bytes(*format)),
                Head::Receipt { .. }
                | Head::Rejection { .. }
                | Head::Recall { .. }
                | Head::Announcement { .. }
                | Head::Destruction { .. } => None,
            },
            file: 0,
            writer: begun.map_err(|e| unsealed(&e.to_string()))?,
            counted: Counted {
                drain,
                bytes: 0,
                digest: Digesting::default(),
            },
        }))
    }

    async fn inspect(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Manifest, PackageFault>, PortFault> {
        let checked = package::check(package, parties).await?;
        Ok(checked.map(|checked| checked.manifest))
    }

    async fn open(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Opened, PackageFault>, PortFault> {
        let Checked { manifest, at } = good!(package::check(package, parties).await?);
        let key = self.keys.identity();
        // Whether the whole is authentic is known at its end only: it is gone through once before any of it counts.
        let whole = good!(Plain::of(package, at, key).await?);
        good!(whole.authenticate().await?);
        let mut plain = good!(Plain::of(package, at, key).await?);
        let inner = good!(plain.line().await?);
        let head = good!(plain.line().await?);
        let head = good!(package::head(&manifest, &inner, &head));
        if !matches!(head, Head::File { .. }) && !good!(plain.is_over().await?) {
            return Ok(Err(PackageFault::WrongLetter));
        }
        Ok(Ok(Opened {
            manifest,
            head,
            file: Box::new(plain),
        }))
    }
}
