//! The one page of the service: HTML that needs no script and no style. The template escapes whatever is put into it.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::app::Waiting;
use crate::problem::{FAULT, Problem};

/// The name ends in `.html`: by that the engine knows to escape.
const NAME: &str = "home.html";
const HOME: &str = include_str!("home.html");
/// So many lines of the due list are on the page; the API has them all.
const SHOWN: usize = 100;

/// Whoever is signed in.
#[derive(Serialize)]
pub(crate) struct Person<'a> {
    pub(crate) staff: &'a str,
    pub(crate) role: &'a str,
    pub(crate) csrf: &'a str,
    /// What falls due; none where their role does not include it.
    pub(crate) due: Option<&'a [Waiting]>,
}

#[derive(Serialize)]
struct Page<'a> {
    party: &'a str,
    who: Option<Person<'a>>,
    /// How many lines of the due list are not on the page.
    more: usize,
    shown: usize,
}

/// The page of the node of this party.
pub(crate) fn show(party: &str, who: Option<Person<'_>>) -> Result<Response, Problem> {
    let html = render(party, who).map_err(|e| {
        crate::log::fault(e.kind());
        FAULT
    })?;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], html).into_response())
}

fn render(party: &str, who: Option<Person<'_>>) -> Result<String, minijinja::Error> {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.add_template(NAME, HOME)?;
    let more = who.as_ref().and_then(|who| who.due).map_or(0, <[_]>::len);
    let more = more.saturating_sub(SHOWN);
    let page = pages.get_template(NAME)?;
    page.render(Value::from(Serde(&Page {
        party,
        who,
        more,
        shown: SHOWN,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_into_it_is_escaped() {
        let due = [Waiting {
            on: None,
            what: "<script>alert(1)</script>".into(),
            whose: "\"><img>".into(),
            then: "ask & wait".into(),
        }];
        let who = Person {
            staff: "o1",
            role: "siro",
            csrf: "t",
            due: Some(&due),
        };
        let html = render("ho", Some(who)).unwrap();
        assert!(
            html.contains("&lt;script&gt;") && html.contains("ask &amp; wait"),
            "{html}"
        );
        assert!(!html.contains("<script") && !html.contains("<img"));
        assert!(!html.contains("style="));
    }
}
