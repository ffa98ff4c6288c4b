//! Seals letters to their recipient with age (X25519) under a signed manifest, and opens them.
//!
//! Nothing of a letter is given out before the whole of it is authenticated, and no plain text touches a disk.

use std::sync::Arc;

use age::x25519::Recipient;
use exchange::message::{Letter, Manifest};
use exchange::ports::{PackageFault, PartyCard, PortFault, Sealer, Signer};
use zeroize::Zeroizing;

use crate::keys::Keys;
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

impl Sealer for AgeSealer {
    fn seal(
        &self,
        manifest: &Manifest,
        letter: &Letter,
        to: &PartyCard,
    ) -> Result<Vec<u8>, PortFault> {
        if manifest.v != 1 || manifest.from != *self.keys.party() || manifest.to != to.party {
            return Err(unsealed(
                "its manifest is not from this party, not to the one whose key was given, or not version 1",
            ));
        }
        if !package::fits(manifest, letter) {
            return Err(unsealed("its letter is not of the kind its manifest says"));
        }
        if letter.file.len() > limits::FILE_BYTES {
            return Err(unsealed("its file is longer than 64 MiB: send fewer rows"));
        }
        let recipient: Recipient = to
            .sealing
            .parse()
            .map_err(|_| unsealed("the sealing key in the recipient's card is not an age recipient: correct the annex"))?;
        let plain = package::plain(manifest, letter)
            .ok_or_else(|| unsealed("its head has no canonical form"))?;
        let ciphertext = age::encrypt(&recipient, &plain).map_err(|e| unsealed(&e.to_string()))?;
        let text = package::signed_text(manifest, &ciphertext)
            .ok_or_else(|| unsealed("its manifest has no canonical form"))?;
        let note = self.keys.sign_note(&text)?;
        Ok(package::assemble(&note, &ciphertext))
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
