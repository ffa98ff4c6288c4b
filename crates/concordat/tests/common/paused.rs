//! A signer during whose signing something else happens.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::ports::{PartyCard, PortFault, Signer};
use jiff::Timestamp;

/// Signs as the node does, after this.
pub struct Paused {
    pub signer: Arc<dyn Signer>,
    pub meanwhile: Box<dyn Fn() + Send + Sync>,
}

#[async_trait]
impl Signer for Paused {
    fn card(&self) -> PartyCard {
        self.signer.card()
    }
    fn cosign(&self, checkpoint: &str, at: Timestamp) -> Result<String, PortFault> {
        self.signer.cosign(checkpoint, at)
    }
    fn sign_note(&self, text: &str) -> Result<String, PortFault> {
        (self.meanwhile)();
        self.signer.sign_note(text)
    }
}
