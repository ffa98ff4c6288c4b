//! A write's `Idempotency-Key` becomes the name of the operation, which the store keeps with the change: asking again
//! does nothing again, over restarts and between processes. What the key is used for holds a lease that does not end.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use exchange::ids::OperationId;
use exchange::{Node, Trouble};
use jiff::Timestamp;
use ledger::Digest;
use zeroize::Zeroizing;

use crate::caller::Caller;
use crate::problem::{FAULT, KEY_MISSING, KEY_REUSED, Problem};

/// The operation of a write.
pub(crate) struct Key {
    /// Of this caller and key.
    op: OperationId,
    /// The request without its body.
    line: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = parts.headers.get("idempotency-key").ok_or(KEY_MISSING)?;
        let key = key.to_str().map_err(|_| KEY_MISSING)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=64).contains(&key.len()) || !key.bytes().all(plain) {
            return Err(KEY_MISSING.into());
        }
        // A key belongs to its caller: another's cannot be met, nor guessed at.
        let caller = parts.extensions.get::<Caller>().ok_or(FAULT)?;
        let name = Digest::of(format!("{}\n{key}", caller.name).as_bytes());
        Ok(Self {
            op: OperationId::parse(format!("api/{name}")).map_err(|_| FAULT)?,
            line: format!("{} {}", parts.method, parts.uri.path()),
        })
    }
}

impl Key {
    /// The operation, after it is certain that the key is used for this and nothing else: of two that come at once, one has
    /// it.
    pub(crate) async fn operation(
        self,
        node: &Node,
        body: &impl serde::Serialize,
    ) -> Result<OperationId, Problem> {
        let body = Zeroizing::new(serde_json::to_string(body).map_err(|_| FAULT)?);
        // Keyed: a body may hold a reason, and who reads the database could try words against a plain digest.
        let used = Zeroizing::new(format!("idempotency/{}\n{}", self.line, *body));
        let ports = node.ports();
        let print = ports.vault.lookup_key(&used).await;
        let print = print.map_err(|e| Problem::from(Trouble::from(e)))?;
        let (name, now) = (format!("key/{}", self.op), ports.clock.now());
        let is_its = ports.store.lease(&name, &print, now, Timestamp::MAX).await;
        match is_its.map_err(|e| Problem::from(Trouble::from(e)))? {
            true => Ok(self.op),
            false => Err(KEY_REUSED.into()),
        }
    }
}
