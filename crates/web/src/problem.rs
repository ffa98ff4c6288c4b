//! Problem details (RFC 9457): every answer that is no, with a stable code, listed in one table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange::Trouble;
use exchange::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

/// One kind of problem. Its code is stable: clients may decide by it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The code; the problem's type is `urn:concordat:problem:CODE`.
    pub code: &'static str,
    /// The status of the answer.
    pub status: StatusCode,
    /// What happened.
    pub title: &'static str,
    /// What to do next.
    pub help: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:ident, $code:literal, $title:literal, $help:literal;)*) => {
        $(pub(crate) const $name: &Kind = &Kind {
            code: $code,
            status: StatusCode::$status,
            title: $title,
            help: $help,
        };)*
        /// Every kind of problem that the service answers with.
        pub const KINDS: &[&Kind] = &[$($name,)*];
    };
}

kinds! {
    BAD_REQUEST = BAD_REQUEST, "bad-request", "The request is not one of this API.",
        "Compare it with the API's description, docs/api/openapi.json.";
    KEY_MISSING = BAD_REQUEST, "idempotency-key-missing", "A write needs the header Idempotency-Key.",
        "Send 1 to 64 letters, digits, - or _ that you use for this act alone, and the same when you repeat it.";
    TWO_CALLERS = BAD_REQUEST, "two-callers", "A session and a token are shown at once.",
        "Send the token or the session's cookie, not both.";
    NO_TOKEN = UNAUTHORIZED, "token-missing", "Nobody is named.",
        "Send an access token of a known issuer: Authorization: Bearer TOKEN. People sign in at /sign-in.";
    BAD_TOKEN = UNAUTHORIZED, "token-refused", "The access token is not accepted.",
        "Obtain a new one for this API, and use the client certificate that it is bound to.";
    BAD_CERTIFICATE = UNAUTHORIZED, "certificate-refused", "No party is known by the client certificate.",
        "Use the certificate that the access list of this node has for your party.";
    BAD_SIGN_IN = UNAUTHORIZED, "sign-in-refused", "The sign-in is not accepted.",
        "Begin again at /sign-in. If it is refused again, ask whoever grants access whether you are on the list.";
    NO_SESSION = UNAUTHORIZED, "session-ended", "There is no such session any more.",
        "Sign in at /sign-in.";
    STEP_UP = UNAUTHORIZED, "step-up-needed", "This act needs a recent sign-in.",
        "Sign in again (a browser at /sign-in?again=true) and repeat the request within five minutes.";
    NOT_OURS = FORBIDDEN, "cross-site-refused", "The request does not come from a page of this service.",
        "Send it from the service's own address, and a write with the session's token in the header X-CSRF-Token.";
    DENIED = FORBIDDEN, "denied", "You may not do this.",
        "The rules that said no are named; whoever grants access in your organisation can say more.";
    NOT_FOUND = NOT_FOUND, "not-found", "There is nothing here that you may see.",
        "Check the address; if it should be yours to see, ask whoever grants access.";
    NOT_ALLOWED = METHOD_NOT_ALLOWED, "method-not-allowed", "This address does not take that method.",
        "Compare the request with the API's description.";
    NOT_ACCEPTABLE = NOT_ACCEPTABLE, "version-not-served", "The version that is asked for is not served.",
        "Accept application/vnd.concordat.v1+json.";
    TOO_SLOW = REQUEST_TIMEOUT, "took-too-long", "The request was not done in time and was abandoned.",
        "Repeat it with the same Idempotency-Key: what was done is not done twice.";
    CONFLICT = CONFLICT, "refused", "The rules of the exchange said no.",
        "Mend what the rules name, and ask again. The refusal stands in the ledger.";
    TOO_LARGE = PAYLOAD_TOO_LARGE, "body-too-large", "The body is larger than this API takes.",
        "Send at most 65536 bytes.";
    BAD_MEDIA = UNSUPPORTED_MEDIA_TYPE, "media-type-refused", "The body is of another type than this API takes.",
        "Send application/json.";
    KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "This Idempotency-Key was used for another request.",
        "Use a new key for a new act.";
    TOO_MANY = TOO_MANY_REQUESTS, "too-many-requests", "You ask more often than is agreed.",
        "Wait for the seconds of the header Retry-After.";
    FAULT = SERVICE_UNAVAILABLE, "fault", "The node cannot do this now.",
        "Try again later with the same Idempotency-Key; /readyz tells operators why.";
}

/// One rule that said no.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Rule {
    /// The rule: a requirement id.
    pub(crate) rule: String,
    /// What was refused.
    pub(crate) what: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl From<&Refusal> for Rule {
    fn from(refusal: &Refusal) -> Self {
        Self {
            rule: refusal.rule.to_owned(),
            what: refusal.what.clone(),
            help: refusal.help.clone(),
        }
    }
}

/// An answer that is no.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static Kind,
    pub(crate) rules: Vec<Rule>,
    pub(crate) retry_after: Option<u64>,
}

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Told {
    /// `urn:concordat:problem:` and the code.
    r#type: String,
    /// What happened.
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What to do next.
    detail: String,
    /// This one answer: `urn:uuid:` and the request's id, as it stands in the log.
    instance: String,
    /// The stable code.
    code: String,
    /// The rules that said no.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
}

impl Problem {
    /// The problem of an answer that something below the handlers gave, such as a body that is too large.
    pub(crate) fn of(status: StatusCode) -> Self {
        let same = |kind: &&&Kind| kind.status == status;
        let kind = match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => BAD_REQUEST,
            _ => KINDS.iter().find(same).copied().unwrap_or(FAULT),
        };
        kind.into()
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The whole answer of the request with this id.
    pub(crate) fn render(self, request: &str) -> Response {
        let Self {
            kind,
            rules,
            retry_after,
        } = self;
        let told = Told {
            r#type: format!("urn:concordat:problem:{}", kind.code),
            title: kind.title.to_owned(),
            status: kind.status.as_u16(),
            detail: kind.help.to_owned(),
            instance: format!("urn:uuid:{request}"),
            code: kind.code.to_owned(),
            rules,
        };
        let body = serde_json::to_vec(&told).unwrap_or_default();
        let mut response = (kind.status, body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        // RFC 6750 and, for a sign-in that is too long ago, RFC 9470.
        let challenge = match kind.code {
            "token-missing" => Some("Bearer"),
            "token-refused" => Some(r#"Bearer error="invalid_token""#),
            "step-up-needed" => {
                Some(r#"Bearer error="insufficient_user_authentication", max_age="300""#)
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<&'static Kind> for Problem {
    fn from(kind: &'static Kind) -> Self {
        Self {
            kind,
            rules: Vec::new(),
            retry_after: None,
        }
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusals) => Self {
                rules: refusals.iter().map(Rule::from).collect(),
                ..Self::from(CONFLICT)
            },
            // What did not work is the operator's to know; the log has it.
            Trouble::Fault(fault) => {
                crate::log::fault(&fault);
                FAULT.into()
            }
        }
    }
}

/// The status now; the body when the request's id is known (`admit::finish`).
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
