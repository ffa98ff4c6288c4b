//! The one page of the service, and what a person with a browser is told where the answer is no: HTML that needs no script and
//! no style. The template escapes whatever is put into it.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::app::Waiting;
use crate::problem::{FAULT, Kind, Problem};

/// Names end in `.html`: by that the engine knows to escape.
const TEMPLATES: [(&str, &str); 2] = [
    ("home.html", include_str!("home.html")),
    ("problem.html", include_str!("problem.html")),
];
/// So many lines of the due list are on the page; the API has them all.
const SHOWN: usize = 100;

/// Whoever is signed in.
#[derive(Serialize)]
pub(crate) struct Person<'a> {
    pub(crate) staff: &'a str,
    pub(crate) role: &'a str,
    pub(crate) csrf: &'a str,
    /// When their other sessions began.
    pub(crate) others: Vec<jiff::Timestamp>,
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
    let html = home(party, who).map_err(|e| {
        crate::log::fault(e.kind());
        FAULT
    })?;
    Ok(as_html(html))
}

/// A problem as a page; none where it cannot be made.
pub(crate) fn problem(kind: &Kind, request: &str) -> Option<Response> {
    let no = No {
        title: kind.title,
        help: kind.help,
        code: kind.code,
        request,
    };
    let html = render("problem.html", &no).ok()?;
    Some((kind.status, as_html(html)).into_response())
}

#[derive(Serialize)]
struct No<'a> {
    title: &'a str,
    help: &'a str,
    code: &'a str,
    request: &'a str,
}

fn home(party: &str, who: Option<Person<'_>>) -> Result<String, minijinja::Error> {
    let all = who.as_ref().and_then(|who| who.due).map_or(0, <[_]>::len);
    let page = Page {
        party,
        who,
        more: all.saturating_sub(SHOWN),
        shown: SHOWN,
    };
    render("home.html", &page)
}

fn render(name: &str, page: &impl Serialize) -> Result<String, minijinja::Error> {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        pages.add_template(name, text)?;
    }
    pages.get_template(name)?.render(Value::from(Serde(page)))
}

fn as_html(html: String) -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], html).into_response()
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
            others: Vec::new(),
            due: Some(&due),
        };
        let html = home("ho", Some(who)).unwrap();
        assert!(
            html.contains("&lt;script&gt;") && html.contains("ask &amp; wait"),
            "{html}"
        );
        assert!(!html.contains("<script") && !html.contains("<img"));
        assert!(!html.contains("style="));
    }
}
