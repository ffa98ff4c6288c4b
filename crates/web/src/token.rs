//! Tokens. What every one passes: a listed issuer signed it for this audience, it is of the kind that is asked for, and it
//! has not expired by the node's clock. Access tokens (RFC 9068) are bound to the client certificate of the connection too
//! (RFC 8705). Everything else is refused, and the caller is not told why.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use ledger::Digest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::Access;

/// The signatures that are accepted: none that is symmetric, none with PKCS #1 v1.5 padding.
const ALGORITHMS: [(Algorithm, KeyAlgorithm); 3] = [
    (Algorithm::ES256, KeyAlgorithm::ES256),
    (Algorithm::EdDSA, KeyAlgorithm::EdDSA),
    (Algorithm::PS256, KeyAlgorithm::PS256),
];

/// How far a clock of an issuer may go before ours, in seconds.
pub(crate) const SKEW: i64 = 30;
/// Longer texts are no token of ours, in bytes.
const LONGEST: usize = 8_192;

/// What a token says, after every check.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) client: String,
    /// When the person signed in, in seconds since 1970.
    pub(crate) signed_in: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    iss: String,
    sub: String,
    client_id: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    auth_time: Option<i64>,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

/// Why a token is not accepted; for the log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    Form,
    Type,
    Algorithm,
    Key,
    Issuer,
    Signature,
    Time,
    Audience,
    Nonce,
    Certificate,
}

/// Checks an access token that came over a connection with this client certificate.
pub(crate) fn check(
    token: &str,
    access: &Access,
    certificate: Option<Digest>,
    now: Timestamp,
) -> Result<Claims, BadToken> {
    let is_access = |kind: Option<&str>| matches!(kind, Some("at+jwt" | "application/at+jwt"));
    let (issuer, payload) = signed::<Payload>(token, access, &access.audience, is_access)?;
    if payload.iss != issuer {
        return Err(BadToken::Issuer);
    }
    let now = now.as_second();
    let early = payload.nbf.unwrap_or(payload.iat).max(payload.iat);
    in_time(payload.exp, early, now)?;
    let bound = certificate.map(|digest| URL_SAFE_NO_PAD.encode(digest.as_bytes()));
    // Both are public: a comparison in constant time would guard nothing.
    if bound.as_deref() != Some(payload.cnf.thumbprint.as_str()) {
        return Err(BadToken::Certificate);
    }
    Ok(Claims {
        issuer: payload.iss,
        subject: payload.sub,
        client: payload.client_id,
        // One that lies in the future is none.
        signed_in: payload.auth_time.filter(|at| *at <= now + SKEW),
    })
}

/// Does it count now, in seconds since 1970?
pub(crate) fn in_time(expires: i64, begins: i64, now: i64) -> Result<(), BadToken> {
    if expires <= now || begins > now + SKEW {
        return Err(BadToken::Time);
    }
    Ok(())
}

/// What a listed issuer signed for this audience, and which issuer; its times are not looked at.
pub(crate) fn signed<P: DeserializeOwned>(
    token: &str,
    access: &Access,
    audience: &str,
    is_kind: impl Fn(Option<&str>) -> bool,
) -> Result<(String, P), BadToken> {
    if token.len() > LONGEST {
        return Err(BadToken::Form);
    }
    // Also where the header names `none`, or an algorithm that nobody knows.
    let header = decode_header(token).map_err(|_| BadToken::Form)?;
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    if !is_kind(kind.as_deref()) {
        return Err(BadToken::Type);
    }
    let (algorithm, wanted) = ALGORITHMS
        .iter()
        .find(|(a, _)| *a == header.alg)
        .ok_or(BadToken::Algorithm)?;
    let id = header.kid.as_deref().ok_or(BadToken::Key)?;
    // The key is looked for in the lists of all issuers; which it is of must then be the issuer that is named.
    let usable = |key: &&Jwk| {
        let common = &key.common;
        common.key_algorithm == Some(*wanted)
            && !matches!(common.public_key_use, Some(PublicKeyUse::Encryption))
    };
    let found = access
        .issuers
        .iter()
        .find_map(|(name, keys)| Some((name, keys.find(id).filter(usable)?)));
    let (issuer, key) = found.ok_or(BadToken::Key)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| BadToken::Key)?;
    let mut validation = Validation::new(*algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Time is an input: the caller checks it by the node's clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let token = decode::<P>(token, &key, &validation).map_err(|_| BadToken::Signature)?;
    Ok((issuer.clone(), token.claims))
}
