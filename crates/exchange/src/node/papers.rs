//! Notes that partners signed and handed over as files.

use jiff::civil::Date;
use ledger::note::Opened;

use super::Node;
use super::agreements::key;
use crate::deadline::london_day;
use crate::ids::{AgreementId, PartyId};
use crate::pact::Pact;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Opens a note that one of the trusted keys must have signed.
    pub(super) async fn opened_note(
        &self,
        note: &str,
        rule: &'static str,
    ) -> Result<Opened, Trouble> {
        let cards = self.cards().await?;
        let keys = cards.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let opened = ledger::note::open(note, &keys).map_err(|_| {
            Refusal::new(
                rule,
                "the signature is not by a trusted key, or was altered",
            )
            .help("take on the partner's keys first, and ask for the note again")
        })?;
        Ok(opened)
    }

    /// The agreement, which is signed by all its parties, and today.
    pub(super) async fn signed(
        &self,
        id: &AgreementId,
        rule: &'static str,
    ) -> Result<(Pact, std::sync::Arc<agreement::Plan>, Date), Trouble> {
        let (pact, plan) = self.pact(id).await?;
        let today = london_day(self.now())?;
        if pact.stage(today) == "awaiting-signature" {
            let what = format!("{id} is not signed: nobody undertook anything by it");
            return Err(Refusal::new(rule, what).help("have it signed first").into());
        }
        Ok((pact, plan, today))
    }
}

/// Did this party, and nobody else that is known, sign it?
pub(super) fn is_by(opened: &Opened, party: &PartyId) -> bool {
    opened.signers.iter().all(|k| k.name() == party.as_str())
}
