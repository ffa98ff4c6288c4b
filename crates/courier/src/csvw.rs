//! The description that lies beside a csv file: CSV on the Web (W3C recommendations of 17 December 2015, "Model for
//! Tabular Data" and "Metadata Vocabulary"). Made of the file's cover; no cell is in it.

use exchange::cover::{Cover, Heading};
use serde_json::{Value, json};

/// How a reader undoes what keeps a cell inert in a spreadsheet (docs/formats/package.md, section 5).
const ESCAPE: &str = "An apostrophe at the beginning of a cell, or after a comma, a semicolon, TAB, CR or LF in it, which one of = + - @ (also in full width), TAB, CR, LF or an apostrophe follows, is there to keep a spreadsheet from taking what follows for a formula: take it away.";

/// The description as JSON.
///
/// # Errors
/// Never in practice: the cover is text.
pub(crate) fn describe(cover: &Cover) -> serde_json::Result<Vec<u8>> {
    let columns: Vec<Value> = cover.columns.iter().map(column).collect();
    let about: Vec<String> = cover
        .about
        .iter()
        .map(|(name, what)| format!("{name}: {what}"))
        .collect();
    serde_json::to_vec_pretty(&json!({
        "@context": "http://www.w3.org/ns/csvw",
        "url": cover.name,
        "rdfs:label": cover.marking,
        "rdfs:comment": [about.join("; "), ESCAPE],
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ",",
            "quoteChar": "\"",
            "doubleQuote": true,
            "lineTerminators": "\r\n",
            "header": true,
            "headerRowCount": 1,
            "skipBlankRows": false,
            "trim": false
        },
        "tableSchema": { "columns": columns }
    }))
}

fn column(heading: &Heading) -> Value {
    // Cells are text: what they hold has its form in the description, so that no reader loses a zero.
    let datatype = match (heading.choices.is_empty(), heading.length) {
        (false, _) => {
            let format: Vec<String> = heading.choices.iter().map(|c| escaped(c)).collect();
            json!({ "base": "string", "format": format.join("|") })
        }
        (true, Some(length)) => json!({ "base": "string", "length": length }),
        (true, None) => json!("string"),
    };
    json!({
        "name": heading.name,
        "titles": heading.name,
        "dc:description": heading.form,
        "datatype": datatype,
        "required": heading.required,
    })
}

/// A text as a regular expression that matches it alone.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && c != '-' && c != '_' && c != ' ' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
