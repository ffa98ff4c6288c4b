//! Findings as SARIF 2.1.0, the format that code review tools show beside the lines of a change.

use agreement::{Diagnostic, Severity};
use serde_json::{Value, json};

use crate::fail::Fail;

/// The whole report.
pub(super) fn report(found: &[Diagnostic]) -> Result<String, Fail> {
    let mut rules: Vec<&str> = found.iter().map(|d| d.rule.as_ref()).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.iter().map(|id| rule(id)).collect();
    let results: Vec<Value> = found.iter().map(result).collect();
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "concordat",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&report).map_err(|e| Fail::fault(e.to_string()))
}

fn rule(id: &str) -> Value {
    let own = agreement::rules::LANGUAGE
        .iter()
        .find(|(rule, _)| *rule == id);
    let text = own.map_or("A row of docs/requirements.md.", |(_, sentence)| sentence);
    json!({ "id": id, "shortDescription": { "text": text } })
}

fn result(d: &Diagnostic) -> Value {
    let level = match d.severity {
        Severity::Fault => "error",
        Severity::Warning => "warning",
        Severity::Gap => "note",
    };
    let more = [&d.help, &d.source].into_iter().flatten().cloned();
    let message: Vec<String> = std::iter::once(d.message.clone()).chain(more).collect();
    json!({
        "ruleId": d.rule,
        "level": level,
        "message": { "text": message.join(". ") },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": d.file },
            "region": {
                "startLine": d.span.line,
                "startColumn": d.span.column,
                "endLine": d.span.end_line,
                "endColumn": d.span.end_column,
            },
        } }],
    })
}
