//! How people come in and go out: by the identity provider, into a session. No address to go on to is taken from a
//! request: whoever signed in is led to the one page of the service.

mod attempt;
pub(crate) mod cookies;
pub(crate) mod id_token;
pub(crate) mod page;
pub(crate) mod provider;

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange::Trouble;
use exchange::authority::{Actor, Person};
use exchange::ids::OperationId;
use exchange::session::{Ending, LONGEST, Signed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::attempt::Attempt;
use self::id_token::Redeemed;
use self::provider::{Provider, SignIn};
use crate::access::{AUDITOR, Access, Known};
use crate::admit::Who;
use crate::answer::Answer;
use crate::app::App;
use crate::caller::{Caller, Peer, RequestId, is_recent};
use crate::log::TARGET;
use crate::permission::Deed;
use crate::problem::{
    BAD_MEDIA, BAD_REQUEST, BAD_SIGN_IN, FAULT, NO_SESSION, NO_TOKEN, NOT_FOUND, Problem, STEP_UP,
    Told,
};
use crate::session::{Current, Secret};

/// How somebody wants to sign in.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Begin {
    /// Also where they are signed in at the provider: for an act that needs a recent sign-in.
    #[serde(default)]
    again: bool,
}

/// What the provider sends a browser back with (RFC 6749, RFC 9207); it may add more.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// Begin to sign in: leads to the identity provider.
#[utoipa::path(get, path = "/sign-in", operation_id = "signIn", tag = "people", params(Begin), responses(
    (status = 303, description = "To the identity provider"),
    (status = "default", description = "A problem, as a page for whoever asks for one", content((Told = "application/problem+json"), (String = "text/html"))),
))]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(RequestId(request)): Extension<RequestId>,
    begin: Result<Query<Begin>, QueryRejection>,
) -> Result<Response, Problem> {
    let (access, _) = set_up(&app)?;
    let Query(begin) = begin.map_err(|_| BAD_REQUEST)?;
    let at = access.sign_in.as_ref().ok_or(NOT_FOUND)?;
    let op = operation("sign-in", &request)?;
    let attempt = Attempt::new(&*app.node.ports().entropy, &op);
    let to = at.address(&attempt, begin.again).map_err(Trouble::from)?;
    led(&to, &[attempt.cookie()])
}

/// The provider sends a browser back: a session begins, or the sign-in is refused.
#[utoipa::path(get, path = "/signed-in", operation_id = "signedIn", tag = "people", params(Back), responses(
    (status = 303, description = "Signed in: to the page of the service"),
    (status = "default", description = "A problem, as a page for whoever asks for one", content((Told = "application/problem+json"), (String = "text/html"))),
))]
pub(crate) async fn signed_in(
    State(app): State<Arc<App>>,
    Extension(RequestId(request)): Extension<RequestId>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    back: Result<Query<Back>, QueryRejection>,
) -> Result<Response, Problem> {
    let (access, provider) = set_up(&app)?;
    let at = access.sign_in.as_ref().ok_or(NOT_FOUND)?;
    let entered = async {
        let Query(back) = back.map_err(|_| refused("query"))?;
        enter(&app, (&access, at, &*provider), &headers, back, &request).await
    };
    let entered: Result<Response, Problem> = entered.await;
    if entered.as_ref().is_err_and(|no| no.kind == BAD_SIGN_IN) {
        app.limits.attempt(peer.from.ip())?;
    }
    entered
}

async fn enter(
    app: &App,
    (access, at, provider): (&Access, &SignIn, &dyn Provider),
    headers: &HeaderMap,
    back: Back,
    request: &str,
) -> Result<Response, Problem> {
    let now = app.node.ports().clock.now();
    let attempt = Attempt::of(headers).ok_or_else(|| refused("no-attempt"))?;
    if back.state.as_ref() != Some(&attempt.state) {
        return Err(refused("state"));
    }
    if back.iss.is_some_and(|issuer| issuer != at.issuer) {
        return Err(refused("issuer"));
    }
    let code = back.code.ok_or_else(|| refused("no-code"))?;
    let key = provider.key(&at.key).map_err(Trouble::from)?;
    let form = at.form(&code, &attempt, &key, request, now);
    let form = form.map_err(Trouble::from)?;
    let answer = provider.redeem(at, form).await.map_err(Trouble::from)?;
    let answer = answer.ok_or_else(|| refused("code"))?;
    let redeemed = serde_json::from_slice::<Redeemed>(&answer);
    let redeemed = redeemed.map_err(|_| refused("answer"))?;
    let who = id_token::check(&redeemed.id_token, access, at, &attempt.nonce, now);
    let (subject, signed_in) = who.map_err(|bad| refused(&format!("{bad:?}")))?;
    let named = (at.issuer.clone(), subject);
    let known = access.people.get(&named);
    let known = known.ok_or_else(|| refused("unknown"))?;
    let op = operation("session", request)?;
    let secret = Secret::new(&*app.node.ports().entropy, &op);
    let signed = Signed {
        staff: known.staff.clone(),
        subject: secret.subject(&named.0, &named.1)?,
        signed_in,
        opened: now,
    };
    let before = Secret::shown(headers).ok().flatten().map(|old| old.id());
    let (id, by_whom) = (secret.id(), actor(known));
    let opened = app.node.open_session(&op, id, signed, before, &by_whom);
    opened.await?;
    let led = led("/", &[secret.cookie(), Attempt::over()])?;
    Ok(by(known, led))
}

/// What a session is, for the pages of a front end.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shown {
    /// The opaque handle of whoever signed in.
    staff: String,
    /// Their role.
    role: String,
    /// When they showed the provider who they are.
    #[schema(value_type = String, format = DateTime)]
    signed_in: jiff::Timestamp,
    /// When the session ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    ends: jiff::Timestamp,
    /// What writes send in the header X-CSRF-Token.
    csrf: String,
    /// When each of their other sessions began. One that is not used for a quarter of an hour is over, and may be here still.
    #[schema(value_type = Vec<String>)]
    others: Vec<jiff::Timestamp>,
}

/// Who is signed in, and what their writes send.
#[utoipa::path(get, path = "/session", operation_id = "readSession", tag = "people", security(("session" = [])), responses(
    (status = 200, description = "The session", body = Shown, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn session(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    set_up(&app)?;
    let current = current(&app, peer, &headers).await?.ok_or(NO_TOKEN)?;
    current.is_near(true, &headers)?;
    let Signed {
        signed_in, opened, ..
    } = current.signed;
    let shown = Shown {
        staff: current.known.staff.to_string(),
        role: role(&current.known).to_owned(),
        signed_in,
        ends: opened.checked_add(LONGEST).map_err(|_| FAULT)?,
        csrf: current.secret.csrf()?,
        others: others(&app, &current).await?,
    };
    Ok(by(&current.known, Answer(shown).into_response()))
}

/// The page of the service: who is signed in, what falls due, and the way out.
#[utoipa::path(get, path = "/", operation_id = "readPage", tag = "people", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = "default", description = "A problem, as a page for whoever asks for one", content((Told = "application/problem+json"), (String = "text/html"))),
))]
pub(crate) async fn home(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    set_up(&app)?;
    let current = match current(&app, peer, &headers).await {
        Err(no) if no.kind == NO_SESSION => None,
        other => other?,
    };
    let party = app.node.party().to_string();
    let Some(current) = current else {
        return page::show(&party, None);
    };
    let signed_in = current.signed.signed_in.as_second();
    let now = app.node.ports().clock.now();
    let known = &current.known;
    let caller = Caller::person(known, Some(signed_in), now, Deed::ReadDue, id)?;
    let due = match caller.may_at_all(&app) {
        Ok(()) => Some(app.overview.due().await?),
        Err(_) => None,
    };
    let who = page::Person {
        staff: known.staff.as_str(),
        role: role(known),
        csrf: &current.secret.csrf()?,
        others: others(&app, &current).await?,
        due: due.as_deref(),
    };
    Ok(by(known, page::show(&party, Some(who))?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaving {
    /// The session's token.
    csrf: String,
}

/// Sign out: the session ends here, in every process of the node. At the provider it goes on.
#[utoipa::path(post, path = "/sign-out", operation_id = "signOut", tag = "people", security(("session" = [])),
    request_body(content = Leaving, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 303, description = "Signed out: to the page of the service"),
    (status = "default", description = "A problem, as a page for whoever asks for one", content((Told = "application/problem+json"), (String = "text/html"))),
))]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(RequestId(request)): Extension<RequestId>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let current = leaving(&app, peer, &headers, body).await?;
    let op = operation("sign-out", &request)?;
    let (known, session) = (current.known, current.session);
    let (why, who) = (Ending::SignedOut, actor(&known));
    app.node.end_session(&op, session, why, &who).await?;
    let led = led("/", &[Secret::over()])?;
    Ok(by(&known, led))
}

/// End all other sessions of whoever is signed in, in every process of the node. It needs a recent sign-in.
#[utoipa::path(post, path = "/sign-out-elsewhere", operation_id = "signOutElsewhere", tag = "people", security(("session" = [])),
    request_body(content = Leaving, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 303, description = "They are over: to the page of the service"),
    (status = "default", description = "A problem, as a page for whoever asks for one", content((Told = "application/problem+json"), (String = "text/html"))),
))]
pub(crate) async fn sign_out_elsewhere(
    State(app): State<Arc<App>>,
    Extension(RequestId(request)): Extension<RequestId>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let current = leaving(&app, peer, &headers, body).await?;
    let now = app.node.ports().clock.now();
    if !is_recent(current.signed.signed_in.as_second(), now) {
        return Err(STEP_UP.into());
    }
    let op = operation("sign-out-elsewhere", &request)?;
    let (known, session) = (current.known, current.session);
    let who = actor(&known);
    app.node.end_other_sessions(&op, &session, &who).await?;
    Ok(by(&known, led("/", &[])?))
}

/// The session of a request that sends the form with its token.
async fn leaving(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Current, Problem> {
    set_up(app)?;
    let current = current(app, peer, headers).await?.ok_or(NO_TOKEN)?;
    current.is_near(false, headers)?;
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "application/x-www-form-urlencoded") {
        return Err(BAD_MEDIA.into());
    }
    let body = body.map_err(|e| Problem::of(e.status()))?;
    let leaving: Leaving = serde_urlencoded::from_bytes(&body).map_err(|_| BAD_REQUEST)?;
    current.secret.gave(&leaving.csrf)?;
    Ok(current)
}

/// When the other sessions of whoever is signed in began.
async fn others(app: &App, current: &Current) -> Result<Vec<jiff::Timestamp>, Problem> {
    let now = app.node.ports().clock.now();
    let others = app.node.other_sessions(&current.session).await?;
    let began = others
        .iter()
        .filter_map(|one| Some(one.signed(now)?.opened));
    Ok(began.collect())
}

/// The session of a request, where it shows one. A wrong one counts as an attempt of its address.
async fn current(app: &App, peer: Peer, headers: &HeaderMap) -> Result<Option<Current>, Problem> {
    let found = async {
        match Secret::shown(headers)? {
            None => Ok(None),
            Some(secret) => Current::of(app, secret).await.map(Some),
        }
    };
    let found: Result<_, Problem> = found.await;
    match &found {
        Ok(Some(current)) => app
            .limits
            .caller(&format!("staff {}", current.known.staff))?,
        Ok(None) => {}
        Err(_) => app.limits.attempt(peer.from.ip())?,
    }
    found
}

/// How people sign in here; where nobody does, nothing of this is there.
fn set_up(app: &App) -> Result<(Arc<Access>, Arc<dyn Provider>), Problem> {
    let access = app.access()?.filter(|access| access.sign_in.is_some());
    let provider = app.provider.get();
    Ok((access.ok_or(NOT_FOUND)?, provider.ok_or(NOT_FOUND)?.clone()))
}

/// Why a sign-in is refused is for the log; the caller is told that it is.
fn refused(why: &str) -> Problem {
    tracing::warn!(target: TARGET, code = why, "a sign-in was refused");
    BAD_SIGN_IN.into()
}

fn operation(verb: &str, request: &str) -> Result<OperationId, Problem> {
    OperationId::parse(format!("api/{verb}/{request}")).map_err(|_| FAULT.into())
}

fn role(known: &Known) -> &'static str {
    known.role.map_or(AUDITOR, |role| role.as_str())
}

/// An auditor acts in no role of the node: the node writes down whose session it is.
fn actor(known: &Known) -> Actor {
    let staff = known.staff.clone();
    known
        .role
        .map_or(Actor::Node, |role| Actor::Person(Person { staff, role }))
}

/// The answer, with whose it is for the log: a role.
fn by(known: &Known, mut response: Response) -> Response {
    response.extensions_mut().insert(Who(role(known)));
    response
}

/// Is it a person with a browser who asks, of these addresses?
pub(crate) fn is_asked_by_browser(route: &str, headers: &HeaderMap) -> bool {
    let mut asked = headers.get_all(header::ACCEPT).iter();
    [
        "/",
        "/sign-in",
        "/signed-in",
        "/sign-out",
        "/sign-out-elsewhere",
    ]
    .contains(&route)
        && asked.any(|kinds| {
            kinds
                .to_str()
                .is_ok_and(|kinds| kinds.contains("text/html"))
        })
}

fn led(to: &str, set: &[cookie::Cookie<'_>]) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let to = HeaderValue::from_str(to).map_err(|_| FAULT)?;
    headers.insert(header::LOCATION, to);
    for cookie in set {
        headers.append(header::SET_COOKIE, cookies::header(cookie).ok_or(FAULT)?);
    }
    Ok(response)
}
