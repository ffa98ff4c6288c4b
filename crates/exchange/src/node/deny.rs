//! Refusals at the door: whoever asks may not, and the ledger says so before they are told.

use super::Node;
use crate::authority::Actor;
use crate::ids::OperationId;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Records that these rules (a requirement id, and what is said of it) kept `by` out (AUD-07). `op` is of this one
    /// request.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when it could not be recorded.
    pub async fn deny(
        &self,
        op: &OperationId,
        by: &Actor,
        rules: &[(&'static str, &str)],
    ) -> Result<(), Trouble> {
        let refusals = rules.iter().map(|(rule, what)| Refusal::new(rule, *what));
        let refused = Trouble::Refused(refusals.collect());
        match self.recorded(op, by, async { Err(refused) }).await {
            Ok(_) | Err(Trouble::Refused(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
