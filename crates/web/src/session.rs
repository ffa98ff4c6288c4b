//! A session as a browser shows it. The cookie holds 256 bits drawn at random; the store knows their digest, and all else
//! that belongs to the session is keyed with them.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use exchange::ids::OperationId;
use exchange::ports::Entropy;
use exchange::session::{Session, Signed};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use ledger::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::access::{Access, Known};
use crate::app::App;
use crate::people::cookies;
use crate::people::provider::SignIn;
use crate::problem::{FAULT, NO_SESSION, NOT_OURS, Problem};

const NAME: &str = "__Host-concordat";
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// That a session is used is written down at most so often by a process.
const WRITTEN: SignedDuration = SignedDuration::from_secs(60);
/// Beyond so many remembered sessions, those that were written down long ago are forgotten.
const REMEMBERED: usize = 10_000;

/// What a browser holds.
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    pub(crate) fn new(entropy: &dyn Entropy, op: &OperationId) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(op, "session", &mut *bytes);
        Self(bytes)
    }

    /// The one that these headers show, where they show one at all.
    pub(crate) fn shown(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if !cookies::any(headers, NAME) {
            return Ok(None);
        }
        let text = Zeroizing::new(cookies::one(headers, NAME).ok_or(NO_SESSION)?);
        let bytes = URL_SAFE_NO_PAD.decode(&*text).map_err(|_| NO_SESSION)?;
        let bytes = Zeroizing::new(bytes);
        let whole = <[u8; 32]>::try_from(bytes.as_slice());
        Ok(Some(Self(Zeroizing::new(whole.map_err(|_| NO_SESSION)?))))
    }

    /// By what the store knows it.
    pub(crate) fn id(&self) -> Digest {
        Digest::of(&*self.0)
    }

    /// What a write shows beside the cookie: a page of this service has it, and no other site reads one.
    pub(crate) fn csrf(&self) -> Result<String, Problem> {
        Ok(URL_SAFE_NO_PAD.encode(self.keyed(&["csrf"])?))
    }

    /// What a person is known by at their issuer: to whoever lacks the secret it tells nothing.
    pub(crate) fn subject(&self, issuer: &str, subject: &str) -> Result<Digest, Problem> {
        Ok(Digest::of(&self.keyed(&["subject", issuer, subject])?))
    }

    fn keyed(&self, parts: &[&str]) -> Result<[u8; 32], Problem> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).map_err(|_| FAULT)?;
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(mac.finalize().into_bytes().into())
    }

    pub(crate) fn cookie(&self) -> Cookie<'static> {
        cookies::private(NAME, URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    pub(crate) fn over() -> Cookie<'static> {
        cookies::gone(NAME)
    }

    /// Is this the token of the session?
    pub(crate) fn gave(&self, token: &str) -> Result<(), Problem> {
        // Digests are compared, so that the time tells nothing of the token.
        if Digest::of(token.as_bytes()) == Digest::of(self.csrf()?.as_bytes()) {
            Ok(())
        } else {
            Err(NOT_OURS.into())
        }
    }
}

/// A session that stands now, and whose it is.
pub(crate) struct Current {
    pub(crate) secret: Secret,
    pub(crate) session: Session,
    pub(crate) signed: Signed,
    pub(crate) known: Known,
    access: Arc<Access>,
}

impl Current {
    /// The session of this secret, used once more. Whoever is on the list no longer, or under another subject, has none.
    pub(crate) async fn of(app: &App, secret: Secret) -> Result<Self, Problem> {
        let now = app.node.ports().clock.now();
        let access = app.access()?.ok_or(NO_SESSION)?;
        let at = access.sign_in.as_ref().ok_or(NO_SESSION)?;
        let found: Option<Session> = app.node.find(&secret.id().to_string()).await?;
        let session = found.ok_or(NO_SESSION)?;
        let signed = session.signed(now).ok_or(NO_SESSION)?.clone();
        let mut known = None;
        for ((issuer, subject), person) in &access.people {
            if person.staff == signed.staff
                && *issuer == at.issuer
                && secret.subject(issuer, subject)? == signed.subject
            {
                known = Some(person.clone());
            }
        }
        let known = known.ok_or(NO_SESSION)?;
        if !used(app, secret.id(), now).await? {
            return Err(NO_SESSION.into());
        }
        Ok(Self {
            secret,
            session,
            signed,
            known,
            access,
        })
    }

    /// Does the request come from a page of this service, and does a write say so too, by the token of the session?
    pub(crate) fn asks(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let is_read = [Method::GET, Method::HEAD].contains(method);
        self.is_near(is_read, headers)?;
        if is_read {
            return Ok(());
        }
        let mut shown = headers.get_all(CSRF).iter();
        let (Some(token), None) = (shown.next(), shown.next()) else {
            return Err(NOT_OURS.into());
        };
        self.secret.gave(token.to_str().map_err(|_| NOT_OURS)?)
    }

    /// What browsers say of where a request comes from: a write always says it.
    pub(crate) fn is_near(&self, is_read: bool, headers: &HeaderMap) -> Result<(), Problem> {
        let own: Option<&SignIn> = self.access.sign_in.as_ref();
        let own = own.ok_or(NO_SESSION)?.address.as_bytes();
        let mut sites = headers.get_all(FETCH_SITE).iter();
        let near = sites.all(|site| site == "same-origin" || (is_read && site == "none"));
        let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
        let is_told = is_read || origins.peek().is_some();
        if near && is_told && origins.all(|origin| origin.as_bytes() == own) {
            Ok(())
        } else {
            Err(NOT_OURS.into())
        }
    }
}

/// The session is used: is it still one?
async fn used(app: &App, id: Digest, now: Timestamp) -> Result<bool, Problem> {
    let fresh = |at: &Timestamp| now.duration_since(*at).abs() < WRITTEN;
    let last = app.used.lock().map_err(|_| FAULT)?.get(&id).copied();
    if last.as_ref().is_some_and(fresh) {
        return Ok(true);
    }
    if !app.node.use_session(id).await? {
        return Ok(false);
    }
    let mut used = app.used.lock().map_err(|_| FAULT)?;
    if used.len() > REMEMBERED {
        used.retain(|_, at| fresh(at));
    }
    used.insert(id, now);
    Ok(true)
}
