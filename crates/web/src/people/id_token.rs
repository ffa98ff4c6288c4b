//! The ID token of a sign-in (OpenID Connect Core, 3.1.3.7): who signed in, and when.

use exchange::session::LONGEST;
use jiff::Timestamp;
use serde::Deserialize;

use super::provider::SignIn;
use crate::access::Access;
use crate::token::{BadToken, SKEW, in_time, signed};

/// What the provider answers when a code is redeemed. Of its tokens only this one is used.
#[derive(Deserialize)]
pub(crate) struct Redeemed {
    pub(crate) id_token: String,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    sub: String,
    aud: Audience,
    azp: Option<String>,
    nonce: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
}

/// One name, alone or in a list. A token that is for others too is none of ours.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Alone(String),
    Listed([String; 1]),
}

/// Who signed in by this token, for the attempt of this nonce: the subject, and when they showed who they are.
pub(crate) fn check(
    token: &str,
    access: &Access,
    at: &SignIn,
    nonce: &str,
    now: Timestamp,
) -> Result<(String, Timestamp), BadToken> {
    let is_id = |kind: Option<&str>| matches!(kind, None | Some("jwt"));
    let (issuer, payload) = signed::<Payload>(token, access, &at.client, is_id)?;
    if issuer != at.issuer {
        return Err(BadToken::Issuer);
    }
    let (Audience::Alone(audience) | Audience::Listed([audience])) = &payload.aud;
    let party = payload.azp.as_ref().unwrap_or(audience);
    if *audience != at.client || *party != at.client {
        return Err(BadToken::Audience);
    }
    if payload.nonce != nonce {
        return Err(BadToken::Nonce);
    }
    let now = now.as_second();
    in_time(payload.exp, payload.iat, now)?;
    // Longer ago than was asked for (`max_age`), or not yet.
    let oldest = now - LONGEST.as_secs() - SKEW;
    if !(oldest..=now + SKEW).contains(&payload.auth_time) {
        return Err(BadToken::Time);
    }
    let signed_in = Timestamp::from_second(payload.auth_time.min(now));
    Ok((payload.sub, signed_in.map_err(|_| BadToken::Time)?))
}
