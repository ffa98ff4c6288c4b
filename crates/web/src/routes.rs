//! Every route, with what its caller must be permitted. A route that is not in the table is answered as one that is
//! not there; a test compares the table with the description of the API and with the golden matrix.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admit::{admit, finish};
use crate::api::{agreements, approvals, ledger, look_ups, overview, residence, runs};
use crate::app::App;
use crate::people;
use crate::permission::Deed;
use crate::probes;
use crate::problem::{NOT_ALLOWED, NOT_FOUND, Problem};

/// A body has at most so many bytes.
const BODY: usize = 65_536;
/// After so long a request is abandoned. A verb is one transaction, which then did not happen, or happened whole.
const TIME: Duration = Duration::from_secs(30);

/// What each route's caller must be permitted.
pub const TABLE: &[(&str, &str, Deed)] = &[
    ("GET", "/v1/agreements", Deed::ReadAgreement),
    ("GET", "/v1/agreements/{agreement}", Deed::ReadAgreement),
    ("GET", "/v1/approvals", Deed::ReadApproval),
    (
        "POST",
        "/v1/agreements/{agreement}/approvals/{flow}/ask",
        Deed::AskApproval,
    ),
    (
        "POST",
        "/v1/agreements/{agreement}/approvals/{flow}/grant",
        Deed::DecideApproval,
    ),
    (
        "POST",
        "/v1/agreements/{agreement}/approvals/{flow}/refuse",
        Deed::DecideApproval,
    ),
    (
        "POST",
        "/v1/agreements/{agreement}/approvals/{flow}/refer",
        Deed::DecideApproval,
    ),
    ("GET", "/v1/runs", Deed::ReadRun),
    ("GET", "/v1/runs/{run}", Deed::ReadRun),
    ("GET", "/v1/files", Deed::ReadRun),
    ("POST", "/v1/runs/{run}/files/{flow}/release", Deed::Release),
    (
        "GET",
        "/v1/runs/{run}/files/{flow}/matches",
        Deed::ReadMatch,
    ),
    (
        "POST",
        "/v1/runs/{run}/files/{flow}/matches/{row}/confirm",
        Deed::ReviewMatch,
    ),
    (
        "POST",
        "/v1/runs/{run}/files/{flow}/matches/{row}/refute",
        Deed::ReviewMatch,
    ),
    ("POST", "/v1/look-ups", Deed::LookUp),
    ("POST", "/v1/residence-checks", Deed::Check),
    ("POST", "/v1/residence-months", Deed::SeeMonths),
    ("POST", "/v1/calls", Deed::AnswerCall),
    ("GET", "/v1/due", Deed::ReadDue),
    ("GET", "/v1/report", Deed::ReadReport),
    ("GET", "/v1/ledger/checkpoint", Deed::ReadCheckpoint),
    ("GET", "/v1/ledger/entries", Deed::ReadEntries),
];

/// The routes that ask for no leave: probes tell of the process alone, and the others of nobody but whoever asks.
pub const OPEN: &[(&str, &str)] = &[
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/"),
    ("GET", "/session"),
    ("GET", "/sign-in"),
    ("GET", "/signed-in"),
    ("POST", "/sign-out"),
    ("POST", "/sign-out-elsewhere"),
];

/// What a request to this route must be permitted.
pub(crate) fn deed_of(method: &Method, path: &str) -> Option<Deed> {
    // HEAD shows less than GET, by the same handler.
    let method = match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    };
    let found = TABLE.iter().find(|(m, p, _)| *m == method && *p == path);
    found.map(|(_, _, deed)| *deed)
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Concordat",
    version = "1",
    description = "A node of Concordat as a service. Answers are application/vnd.concordat.v1+json, problems \
                   application/problem+json with the stable codes of docs/api.md. No personal value is in any address.",
    license(name = "MIT", identifier = "MIT")
))]
struct Api;

fn v1() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(agreements::list))
        .routes(routes!(agreements::one))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::ask))
        .routes(routes!(approvals::grant))
        .routes(routes!(approvals::refuse))
        .routes(routes!(approvals::refer))
        .routes(routes!(runs::list))
        .routes(routes!(runs::one))
        .routes(routes!(runs::files))
        .routes(routes!(runs::release))
        .routes(routes!(runs::matches))
        .routes(routes!(runs::confirm))
        .routes(routes!(runs::refute))
        .routes(routes!(look_ups::ask))
        .routes(routes!(residence::check))
        .routes(routes!(residence::months))
        .routes(routes!(residence::answer))
        .routes(routes!(overview::due))
        .routes(routes!(overview::report))
        .routes(routes!(ledger::checkpoint))
        .routes(routes!(ledger::entries))
}

fn open() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(probes::livez))
        .routes(routes!(probes::readyz))
}

fn people() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(people::home))
        .routes(routes!(people::session))
        .routes(routes!(people::sign_in))
        .routes(routes!(people::signed_in))
        .routes(routes!(people::sign_out))
        .routes(routes!(people::sign_out_elsewhere))
}

/// The description of the API, OpenAPI 3.1; docs/api/openapi.json holds it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let all: OpenApiRouter<Arc<App>> = OpenApiRouter::with_openapi(Api::openapi());
    let mut api = all.merge(open()).merge(people()).merge(v1()).into_openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    if let Some(components) = api.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let certificate = SecurityScheme::MutualTls {
            description: None,
            deprecated: None,
            extensions: None,
        };
        components.add_security_scheme("certificate", certificate);
        let cookie = ApiKeyValue::with_description(
            "__Host-concordat",
            "A session stands in for the token of a person. Writes send its token too, in X-CSRF-Token (docs/api.md).",
        );
        let session = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components.add_security_scheme("session", session);
    }
    api
}

/// The service for callers.
pub fn router(app: &Arc<App>) -> Router {
    let v1: Router<Arc<App>> = v1().into();
    let open: Router<Arc<App>> = open().merge(people()).into();
    let v1 = v1.route_layer(from_fn_with_state(app.clone(), admit));
    layered(app, v1.merge(open))
}

/// The service for operators: probes and counts. It asks nobody who they are, so it listens on an address of its own.
pub fn operating(app: &Arc<App>) -> Router {
    let open: Router<Arc<App>> = open().into();
    layered(app, open.route("/metrics", get(probes::metrics)))
}

fn layered(app: &Arc<App>, router: Router<Arc<App>>) -> Router {
    router
        .fallback(async || Problem::from(NOT_FOUND))
        .method_not_allowed_fallback(async || Problem::from(NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            TIME,
        ))
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem::from(crate::problem::FAULT))
        }))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app.clone())
}
