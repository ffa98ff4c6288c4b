//! The identity provider by which people sign in: OpenID Connect's authorization code with PKCE (RFC 7636), for a client
//! that shows who it is by a signature of its own (RFC 7523). The node connects to the token endpoint and to nothing else
//! of the provider: its public keys lie in a file.

use async_trait::async_trait;
use axum::http::Uri;
use exchange::ports::PortFault;
use exchange::session::LONGEST;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ledger::Digest;
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::attempt::Attempt;

/// A signature of this node counts for so many seconds.
const SIGNATURE: i64 = 60;
/// Where the provider sends people back to.
pub(crate) const BACK: &str = "/signed-in";

/// How people sign in, as `access.toml` says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignIn {
    /// The issuer, one of those that are listed.
    pub issuer: String,
    /// This node, as the issuer knows it.
    pub client: String,
    /// The file of this node's private key at the issuer (P-256, PKCS #8 in PEM), beside `access.toml`.
    pub key: String,
    /// Where browsers are sent.
    pub authorize: String,
    /// Where a code is redeemed: the one address of the issuer that this node connects to.
    pub token: String,
    /// SHA-256 of that server's certificate, or of one that issued it, in DER form; several while one is replaced.
    pub certificates: Vec<Digest>,
    /// This service's own address, as browsers see it: `https://ho.example:8443`.
    pub address: String,
}

/// What the node needs of the outside to sign people in; the program that composes it has it.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The private key in this file beside `access.toml`, which its owner alone may read, in PEM.
    ///
    /// # Errors
    /// [`PortFault`] where it cannot be read, or others may read it (SEC-13).
    fn key(&self, file: &str) -> Result<Zeroizing<String>, PortFault>;
    /// Posts a form to the token endpoint, and gives its answer; none where the provider says no.
    ///
    /// # Errors
    /// [`PortFault`] where the provider is not on the egress list (SEC-01), is not the pinned one, or does not work.
    async fn redeem(
        &self,
        at: &SignIn,
        form: String,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, PortFault>;
}

#[derive(Serialize)]
struct Asked<'a> {
    response_type: &'a str,
    client_id: &'a str,
    redirect_uri: &'a str,
    scope: &'a str,
    state: &'a str,
    nonce: &'a str,
    code_challenge: &'a str,
    code_challenge_method: &'a str,
    max_age: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
}

#[derive(Serialize)]
struct Redeemed<'a> {
    grant_type: &'a str,
    code: &'a str,
    redirect_uri: &'a str,
    code_verifier: &'a str,
    client_id: &'a str,
    client_assertion_type: &'a str,
    client_assertion: &'a str,
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

impl SignIn {
    /// What is wrong with it, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, address) in [("authorize", &self.authorize), ("token", &self.token)] {
            if secure(address).is_none() {
                return Err(format!("sign-in.{name} is no address with https://"));
            }
        }
        let own = secure(&self.address);
        if own.is_none_or(|own| format!("https://{own}") != self.address) {
            return Err("sign-in.address is https://, a name and, where it is not 443, a port, and nothing after it".into());
        }
        if self.certificates.is_empty() {
            return Err("sign-in.certificates pins the server of the token endpoint".into());
        }
        Ok(())
    }

    fn back(&self) -> String {
        format!("{}{BACK}", self.address)
    }

    /// Where a browser is sent to sign in; `again`, whoever is signed in there already.
    pub(crate) fn address(&self, attempt: &Attempt, again: bool) -> Result<String, PortFault> {
        let asked = serde_urlencoded::to_string(Asked {
            response_type: "code",
            client_id: &self.client,
            redirect_uri: &self.back(),
            scope: "openid",
            state: &attempt.state,
            nonce: &attempt.nonce,
            code_challenge: &attempt.challenge(),
            code_challenge_method: "S256",
            max_age: if again { 0 } else { LONGEST.as_secs() },
            prompt: again.then_some("login"),
        });
        let asked = asked.map_err(|e| PortFault(e.to_string()))?;
        let joint = if self.authorize.contains('?') {
            '&'
        } else {
            '?'
        };
        Ok(format!("{}{joint}{asked}", self.authorize))
    }

    /// The form by which a code is redeemed, signed with this node's key; `id` is used once.
    pub(crate) fn form(
        &self,
        code: &str,
        attempt: &Attempt,
        key: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<String, PortFault> {
        let bad = || {
            PortFault(format!(
                "{}: it is no P-256 key in PKCS #8 and PEM",
                self.key
            ))
        };
        let der = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| bad())?;
        let key = EncodingKey::from_ec_der(der.secret_der());
        let claims = Assertion {
            iss: &self.client,
            sub: &self.client,
            aud: &self.issuer,
            jti: id,
            iat: now.as_second(),
            exp: now.as_second() + SIGNATURE,
        };
        let signed = encode(&Header::new(Algorithm::ES256), &claims, &key).map_err(|_| bad())?;
        let form = serde_urlencoded::to_string(Redeemed {
            grant_type: "authorization_code",
            code,
            redirect_uri: &self.back(),
            code_verifier: &attempt.verifier,
            client_id: &self.client,
            client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion: &signed,
        });
        form.map_err(|e| PortFault(e.to_string()))
    }
}

/// The name and port of an address with `https`.
fn secure(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let is_https = uri.scheme_str() == Some("https") && !address.contains(['@', '#']);
    is_https.then(|| uri.authority().map(ToString::to_string))?
}
