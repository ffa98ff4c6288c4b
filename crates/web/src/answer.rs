//! The media type of answers, bodies that are read strictly, and pages of lists.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{BAD_MEDIA, BAD_REQUEST, NOT_ACCEPTABLE, NOT_FOUND, Problem};

/// The version of this API, as a media type.
pub(crate) const V1: &str = "application/vnd.concordat.v1+json";

/// Is the version among those that are asked for?
pub(crate) fn version(headers: &HeaderMap) -> Result<(), Problem> {
    let mut asked = headers.get_all(header::ACCEPT).iter().peekable();
    let served = |value: &HeaderValue| {
        let ranges = value.to_str().unwrap_or_default().split(',');
        let mut names = ranges.map(|r| r.split(';').next().unwrap_or_default().trim());
        names.any(|n| {
            matches!(
                n.to_ascii_lowercase().as_str(),
                V1 | "application/json" | "application/*" | "*/*"
            )
        })
    };
    if asked.peek().is_none() || asked.any(served) {
        Ok(())
    } else {
        Err(NOT_ACCEPTABLE.into())
    }
}

/// An answer of version 1.
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        let v1 = HeaderValue::from_static(V1);
        response.headers_mut().insert(header::CONTENT_TYPE, v1);
        response
    }
}

/// A body: JSON, with the members of its type and no other. What does not fit is not quoted back.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !matches!(kind, V1 | "application/json") {
            return Err(BAD_MEDIA.into());
        }
        let bytes = axum::body::Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|e| Problem::of(e.status()))?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|_| BAD_REQUEST.into())
    }
}

/// Names in the path. One that is not well formed names nothing that is there.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names))
            .map_err(|_| NOT_FOUND.into())
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// The `next` of the page before.
    #[param(max_length = 400, pattern = "^[ -~]*$")]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// The part of a list, checked.
pub(crate) struct Part {
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl Part {
    /// How many to read, to know whether there are more.
    pub(crate) fn one_more(&self) -> u32 {
        u32::try_from(self.limit).map_or(u32::MAX, |n| n.saturating_add(1))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Listing>::from_request_parts(parts, state).await;
        let Query(Listing { after, limit }) = query.map_err(|_| BAD_REQUEST)?;
        let limit = limit.unwrap_or(50);
        let is_key = |a: &String| a.len() <= 400 && a.bytes().all(|b| matches!(b, b' '..=b'~'));
        if !after.as_ref().is_none_or(is_key) || !(1..=200).contains(&limit) {
            return Err(BAD_REQUEST.into());
        }
        Ok(Self {
            after,
            limit: limit.into(),
        })
    }
}

/// A part of a list, in order of its keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is there.
    pub(crate) items: Vec<T>,
    /// What to give as `after` to go on; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The part of `all`, in order of `key`: of this one, since databases order texts each in their own way.
    pub(crate) fn of(mut all: Vec<T>, key: impl Fn(&T) -> String, part: &Part) -> Self {
        all.sort_by_cached_key(&key);
        let after = |item: &T| part.after.as_ref().is_none_or(|last| key(item) > *last);
        let mut rest = all.into_iter().filter(after);
        let items: Vec<T> = rest.by_ref().take(part.limit).collect();
        let next = rest.next().and_then(|_| items.last().map(&key));
        Self { items, next }
    }
}
