//! One attempt to sign in: the three secrets that bind it to the browser that began it. The browser's cookie holds them
//! until the provider sends it back; the node keeps nothing of an attempt.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use cookie::time::Duration;
use exchange::ports::Entropy;
use ledger::Digest;

use super::cookies;
use exchange::ids::OperationId;

const NAME: &str = "__Host-concordat-signing-in";
/// For so long a browser keeps an attempt.
const PATIENCE: Duration = Duration::minutes(10);

/// One attempt.
pub(crate) struct Attempt {
    /// Comes back with the code: it was this browser that asked for it.
    pub(crate) state: String,
    /// Stands in the ID token: it was made for this attempt.
    pub(crate) nonce: String,
    /// Redeems the code, and only for whoever began (RFC 7636).
    pub(crate) verifier: String,
}

impl Attempt {
    /// A new one.
    pub(crate) fn new(entropy: &dyn Entropy, op: &OperationId) -> Self {
        let draw = |label| {
            let mut bytes = [0; 32];
            entropy.fill(op, label, &mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self {
            state: draw("state"),
            nonce: draw("nonce"),
            verifier: draw("verifier"),
        }
    }

    /// What the provider is shown of the verifier.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Digest::of(self.verifier.as_bytes()).as_bytes())
    }

    /// The cookie that keeps it. The provider sends the browser back from another site, so it is not strict.
    pub(crate) fn cookie(&self) -> Cookie<'static> {
        let value = format!("{}.{}.{}", self.state, self.nonce, self.verifier);
        let mut cookie = cookies::private(NAME, value);
        cookie.set_max_age(PATIENCE);
        cookie
    }

    /// The cookie that ends it.
    pub(crate) fn over() -> Cookie<'static> {
        cookies::gone(NAME)
    }

    /// The attempt that this browser began.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = cookies::one(headers, NAME)?;
        let mut parts = value.split('.').map(str::to_owned);
        let (state, nonce, verifier) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = [&state, &nonce, &verifier].iter().all(|p| p.len() == 43);
        (whole && parts.next().is_none()).then_some(Self {
            state,
            nonce,
            verifier,
        })
    }
}
