//! What whoever wants to come in shows first, read and let go of: for the fuzz targets alone, the service never comes here.

use jiff::Timestamp;
use ledger::Digest;

use crate::access::Access;
use crate::people::id_token;
use crate::token;

/// Reads an access token that came over a connection with this certificate.
pub fn access_token(text: &str, access: &Access, certificate: Option<Digest>, now: Timestamp) {
    let _ = token::check(text, access, certificate, now);
}

/// Reads the claims of an access token, as if its signature were good.
pub fn access_claims(bytes: &[u8]) {
    let _ = serde_json::from_slice::<token::Payload>(bytes);
}

/// Reads what the provider answers when a code is redeemed, and the ID token in it.
pub fn redeemed(bytes: &[u8], access: &Access, now: Timestamp) {
    let answer = serde_json::from_slice::<id_token::Redeemed>(bytes);
    if let (Ok(answer), Some(at)) = (answer, &access.sign_in) {
        let _ = id_token::check(&answer.id_token, access, at, "n", now);
    }
}

/// Reads the claims of an ID token, as if its signature were good.
pub fn id_claims(bytes: &[u8]) {
    let _ = serde_json::from_slice::<id_token::Payload>(bytes);
}
