//! Cookies as this service sets and reads them: `__Host-` binds each to this very host over TLS, no script reads it, and
//! no other site's form or picture carries it.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

/// A cookie that lives as long as the browser.
pub(crate) fn private(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        // With `Strict`, a browser that the provider sends back would not show it on the page that it is led to. What
        // changes anything asks for more than the cookie.
        .same_site(SameSite::Lax)
        .build()
}

/// The cookie that takes one away.
pub(crate) fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = private(name, String::new());
    cookie.make_removal();
    cookie
}

/// As a header's value.
pub(crate) fn header(cookie: &Cookie<'_>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&cookie.to_string()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The one cookie of this name. With two there is none: two readers might choose differently.
pub(crate) fn one(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = named(headers, name);
    let (one, None) = (found.next()?, found.next()) else {
        return None;
    };
    Some(one)
}

/// Is there one of this name at all?
pub(crate) fn any(headers: &HeaderMap, name: &str) -> bool {
    named(headers, name).next().is_some()
}

fn named(headers: &HeaderMap, name: &str) -> impl Iterator<Item = String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .filter(move |cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}
