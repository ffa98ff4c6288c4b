//! What every request passes: an id, the version it speaks, who it is from, how often, and whether that caller may do
//! this at all. The answer passes it too: headers, problem details, counts, one line of log.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use exchange::ids::OperationId;
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer;
use crate::app::App;
use crate::caller::{Caller, Peer, RequestId, Shown};
use crate::log::TARGET;
use crate::people;
use crate::probes::Whole;
use crate::problem::{DENIED, FAULT, NOT_FOUND, Problem, TWO_CALLERS};
use crate::routes::deed_of;
use crate::session::{Current, Secret};
use crate::traces;

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const OPENED_BY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const READ_BY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");

/// What the caller is, for the log; set on the answer by [`admit`] and by the pages of people.
#[derive(Clone, Copy)]
pub(crate) struct Who(pub(crate) &'static str);

/// The outermost layer: gives the request its id and finishes the answer.
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(&app);
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let method = plain(request.method());
    let correlation = correlation(request.headers());
    let is_page = people::is_asked_by_browser(&route, request.headers());
    let span = traces::of_request(&route, method, &id, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let mut code = None;
    let is_whole = response.extensions().get::<Whole>().is_some();
    if (status.is_client_error() || status.is_server_error()) && !is_whole {
        let told = response.extensions_mut().remove::<Problem>();
        let told = told.unwrap_or_else(|| Problem::of(status));
        code = Some(told.kind.code);
        let who = response.extensions().get::<Who>().copied();
        let allow = response.headers_mut().remove(header::ALLOW);
        let page = is_page.then(|| people::page::problem(told.kind, &id));
        response = page.flatten().unwrap_or_else(|| told.render(&id));
        if let Some(who) = who {
            response.extensions_mut().insert(who);
        }
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let who = response.extensions().get::<Who>().map_or("nobody", |w| w.0);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST, id);
    }
    // Echoed, and never logged: a caller may have put a reference of a check into it (docs/logging.md).
    if let Some(correlation) = correlation {
        headers.insert(CORRELATION, correlation);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (OPENED_BY, "same-origin"),
        (READ_BY, "same-origin"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let took = began.elapsed();
    let status = response.status().as_u16();
    app.metrics
        .answered(&route, method, status, took.as_secs_f64(), code);
    traces::answered(&span, status, code);
    tracing::info!(
        target: TARGET, request = id, route, method, status = u64::from(status),
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), who, code = code.unwrap_or("ok"), "answered"
    );
    response
}

/// Lets a request through to its handler when its caller may do what the route does; a route that the table does not
/// have is not there.
pub(crate) async fn admit(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    answer::version(request.headers())?;
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map(MatchedPath::as_str).unwrap_or_default();
    let deed = deed_of(request.method(), path).ok_or(NOT_FOUND)?;
    let peer = request.extensions().get::<Peer>().copied().ok_or(FAULT)?;
    let id = request.extensions().get::<RequestId>();
    let id = id.cloned().ok_or(FAULT)?;
    let found = shown(&app, request.method(), request.headers()).await;
    let found = found.and_then(|shown| Caller::find(&app, shown, peer, deed, id));
    let caller = match found {
        Ok(caller) => caller,
        Err(no) => {
            app.limits.attempt(peer.from.ip())?;
            return Err(no);
        }
    };
    let who = Who(caller.kind());
    let mut answered = match allowed(&app, &caller).await {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            let span =
                tracing::info_span!(target: TARGET, "operation", concordat.deed = deed.as_str());
            next.run(request).instrument(span).await
        }
        Err(no) => no.into_response(),
    };
    answered.extensions_mut().insert(who);
    Ok(answered)
}

async fn allowed(app: &App, caller: &Caller) -> Result<(), Problem> {
    app.limits.caller(&caller.name)?;
    match caller.may_at_all(app) {
        Err(no) if no.kind == DENIED => {
            caller.record(app, &no).await?;
            Err(no)
        }
        answer => answer,
    }
}

/// How the caller shows who they are: by a token or by a session, never by both.
async fn shown<'a>(
    app: &App,
    method: &Method,
    headers: &'a HeaderMap,
) -> Result<Shown<'a>, Problem> {
    let Some(secret) = Secret::shown(headers)? else {
        return Ok(Shown::Token(bearer(headers)));
    };
    if headers.contains_key(header::AUTHORIZATION) {
        return Err(TWO_CALLERS.into());
    }
    let current = Current::of(app, secret).await?;
    current.asks(method, headers)?;
    Ok(Shown::Session(Box::new(current)))
}

/// The one bearer token of the request; with two headers there is none, since two readers might choose differently.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (one, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A correlation id that is a UUID or the like: 1 to 64 letters, digits and hyphens. Another one is left out.
fn correlation(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(CORRELATION)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let fits = (1..=64).contains(&value.len()) && value.as_bytes().iter().all(plain);
    fits.then(|| value.clone())
}

/// A version 4 UUID (RFC 9562) out of the node's randomness.
fn request_id(app: &App) -> String {
    let mut bytes = [0u8; 16];
    let n = app.requests.fetch_add(1, Ordering::Relaxed);
    if let Ok(op) = OperationId::parse(format!("request/{n}")) {
        app.node.ports().entropy.fill(&op, "id", &mut bytes);
    }
    let mut number = u128::from_be_bytes(bytes);
    number = number & !(0xf << 76) | (0x4 << 76);
    number = number & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// The method, out of a closed set.
fn plain(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}
