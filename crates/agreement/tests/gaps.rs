//! Gaps: what they stop compiles to nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::Plan;
use common::{base_with, field, flow, plan};

const ASK: &str = "  ask: { from: ho, to: hmrc, send: list, only: lost, by: out, for: contact, when: { every: month, from: 2026-01 }, volume: { about: 50 }, as: xlsx, route: ROUTE }\n";
const REPLY: &str = "  reply: { from: hmrc, to: ho, answers: { flow: ask, a-row-for: every-row, pairs-on: [ref] }, send: found, by: out, for: contact, as: csv, route: ROUTE }\n";

fn gap(stops: &str) -> String {
    format!("gaps:\n  open: {{ asks: which, owner: ho, stops: {stops} }}\n")
}

fn flows(ask: &str, reply: &str) -> String {
    format!(
        "flows:\n{}{}",
        ASK.replace("ROUTE", ask),
        REPLY.replace("ROUTE", reply)
    )
}

fn running(plan: &Plan) -> Vec<String> {
    plan.flows.keys().map(ToString::to_string).collect()
}

#[test]
fn a_stopped_flow_has_no_permit_and_stops_its_answer() {
    let all = plan(&base_with(""));
    assert_eq!(running(&all), ["ask", "reply"]);
    let asked = plan(&base_with(
        &(flows("{ gap: open }", "exchange") + &gap("flow")),
    ));
    assert!(asked.flows.is_empty() && asked.permits().is_empty());
    assert_eq!(asked.stopped_flows.len(), 2);
    assert!(asked.stopped_by().is_empty());
    let answered = plan(&base_with(
        &(flows("exchange", "{ gap: open }") + &gap("flow")),
    ));
    assert_eq!(running(&answered), ["ask"]);
    assert!(answered.flow(&flow("reply")).is_none());
    assert!(
        answered
            .permits()
            .iter()
            .all(|p| p.field.dataset.as_str() == "list")
    );
}

#[test]
fn stopped_cells_have_no_column_and_no_permit() {
    let sections = "datasets:
  list:
    about: person
    one-row-per: person
    fields:
      ref: { type: reference, class: reference, why: [links], minted: per-record }
      extra: { gap: open, class: personal, why: [identifies] }
  found:
    about: person
    one-row-per: { row-of: list }
    fields:
      ref: { copy-of: list.ref }
      extra: { copy-of: list.extra }
";
    let plan = plan(&base_with(&(sections.to_owned() + &gap("cells"))));
    for flow in plan.flows.values() {
        let columns: Vec<&str> = flow.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(columns, ["ref"], "{}", flow.id);
    }
    let stopped = [field("list.extra"), field("found.extra")];
    assert!(plan.permits().iter().all(|p| !stopped.contains(&p.field)));
}

#[test]
fn a_stopped_agreement_permits_nothing() {
    let sections = "under: { ho-hmrc: { gap: open } }\n".to_owned() + &gap("agreement");
    let plan = plan(&base_with(&sections));
    assert!(plan.flows.is_empty() && plan.permits().is_empty());
    assert_eq!(plan.stopped_by().len(), 1);
    let term =
        "term: { from: { gap: open }, for: 12 months, review: { every: 6 months }, effect: all-signed, amend: in-writing-by-all, notice: 3 months, survives: retention }\n".to_owned();
    let plan = common::plan(&base_with(&(term + &gap("agreement"))));
    assert!(plan.permits().is_empty() && plan.term.is_none());
}

#[test]
fn what_a_gap_asks_is_in_the_plan() {
    let plan = plan(&base_with(
        &(flows("{ gap: open }", "exchange") + &gap("flow")),
    ));
    let gap = plan.gaps.values().next().unwrap();
    assert_eq!(gap.open_at, ["flows.ask.route"]);
    assert_eq!((gap.asks.as_str(), gap.owner.as_str()), ("which", "ho"));
}
