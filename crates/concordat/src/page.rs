//! Pages that need nothing else: one look, one way to make them.

use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::fail::Fail;

/// Renders a template, which may include `house.css`.
pub(crate) fn render(template: &str, page: impl Serialize) -> Result<String, Fail> {
    let mut env = Environment::new();
    // The name's ending switches on escaping.
    env.add_template("page.html", template)
        .and_then(|()| env.add_template("house.css", include_str!("house.css")))
        .and_then(|()| {
            env.get_template("page.html")?
                .render(Value::from(Serde(&page)))
        })
        .map_err(|e| Fail::fault(e.to_string()))
}
