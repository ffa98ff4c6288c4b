//! The memorandum in print: sixteen sections, stable numbers, readings and gaps shown as such.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::Library;
use agreement::render::{Block, Memo, memorandum};
use common::{agreement, base_with, golden};

fn memo_with(text: &str, library: &Library) -> Memo {
    let (memo, checked) = memorandum("test.yaml", text.as_bytes(), &common::law(), library);
    memo.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn memo(text: &str) -> Memo {
    memo_with(text, &common::library())
}

fn numbers(memo: &Memo) -> Vec<(String, String)> {
    memo.clauses()
        .map(|c| (c.id.clone(), c.number.clone()))
        .collect()
}

#[test]
fn the_instruments_print_as_they_were_reviewed() {
    let library = common::library_of("../../agreements");
    for name in ["no-contact", "dfe-annex-5", "euss-check", "ho-dfe-umbrella"] {
        golden(
            &format!("{name}.md"),
            &memo_with(&agreement(name), &library).markdown(),
        );
    }
    golden(
        "contact-thread.html",
        &memo_with(&agreement("contact-thread"), &library).html(),
    );
}

// shows: AGR-08, AGR-22
#[test]
fn a_memorandum_has_sixteen_sections_and_every_one_says_something() {
    let examples = common::library_of("../../agreements/examples");
    for (name, text) in common::files("../../agreements/examples") {
        let memo = memo_with(&text, &examples);
        assert_eq!(memo.sections.len(), 16, "{name}");
        for section in &memo.sections {
            assert!(!section.clauses.is_empty(), "{name}: {}", section.title);
            assert!(
                section.clauses.iter().all(|c| !c.blocks.is_empty()),
                "{name}: {}",
                section.title
            );
        }
        let mut all: Vec<String> = numbers(&memo).into_iter().map(|(_, n)| n).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "{name}: a number stands twice");
        let annexes = &memo.sections[15];
        for id in ["control", "contacts"] {
            assert!(annexes.clauses.iter().any(|c| c.id == id), "{name}: {id}");
        }
    }
}

#[test]
fn every_reading_and_every_open_gap_is_printed_where_it_stands() {
    for name in ["no-contact", "dfe-annex-5", "euss-check"] {
        let library = common::library_of("../../agreements");
        let text = agreement(name);
        let memo = memo_with(&text, &library);
        let plan = agreement::check(name, text.as_bytes(), &common::law(), &library)
            .plan
            .unwrap();
        let blocks: Vec<&Block> = memo.clauses().flat_map(|c| &c.blocks).collect();
        for (id, gap) in &plan.gaps {
            let printed = blocks
                .iter()
                .any(|b| matches!(b, Block::Gap { id: i, .. } if *i == id.to_string()));
            let listed = gap.open_at.is_empty()
                || printed
                || gap.open_at.iter().all(|at| in_tables_only(at));
            assert!(listed, "{name}: the gap {id} at {:?}", gap.open_at);
        }
        for id in plan.readings.keys() {
            let shown = blocks.iter().any(|b| match b {
                Block::Reading { id: i, .. } => *i == id.to_string(),
                Block::Table { rows, .. } => rows.iter().any(|row| row[0] == id.to_string()),
                Block::Text(_) | Block::List(_) | Block::Gap { .. } | Block::Figure(_) => false,
            });
            assert!(shown, "{name}: the reading {id}");
        }
    }
}

/// Where a gap is a cell of a table, which the list of gaps explains.
fn in_tables_only(at: &str) -> bool {
    ["owners", "control", "versions"]
        .iter()
        .any(|part| at.starts_with(part))
}

/// What is added at the end of its block, or changed, renumbers nothing.
#[test]
fn the_numbers_of_clauses_are_stable() {
    let base = base_with("");
    let before = numbers(&memo(&base));
    let keeps = |text: &str, what: &str| {
        let after = numbers(&memo(text));
        for clause in &before {
            assert!(after.contains(clause), "{what}: {clause:?} in {after:?}");
        }
        assert!(after.len() >= before.len());
    };
    keeps(
        &base.replace("title: A small agreement", "title: Another"),
        "a title",
    );
    let more = "conditions:\n  lost: { all: [ { in_pool: { is: yes } }, { last_seen: { ago-at-least: 6 months } } ] }\n  also: { all: [ { holds: lost } ] }\ndecisions:\n  write: { by: ho.caseworker, of: person, after: { match: confirmed, holds: also } }\n";
    keeps(&base_with(more), "a condition and a decision");
    let benefits =
        "benefits:\n  contact: { text: contact is found again, to: ho, measured-by: a report }\n";
    let after = numbers(&memo(&base_with(benefits)));
    assert!(after.contains(&("benefits".to_owned(), "3.1".to_owned())));
}

#[test]
fn what_people_wrote_is_shown_and_never_run() {
    let text = base_with("title: \"<script>alert(1)</script> | # *x*\"\n");
    let memo = memo(&text);
    let (html, markdown) = (memo.html(), memo.markdown());
    assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;"));
    assert!(!markdown.contains("<script>alert"));
    // A page that needs nothing else: no address to fetch.
    for part in ["http://", "src=", "@import", "url("] {
        let shown = html
            .replace("http://www.w3.org/2000/svg", "")
            .replace("url(#", "");
        assert!(!shown.contains(part), "{part}");
    }
}

#[test]
fn the_same_agreement_prints_the_same() {
    let text = agreement("contact-thread");
    assert_eq!(memo(&text).html(), memo(&text).html());
    let commented = format!("# a comment\n{text}");
    assert_eq!(memo(&text).markdown(), memo(&commented).markdown());
}

#[test]
fn an_agreement_with_faults_is_not_printed() {
    let text = base_with("regime: dpa-1989\n");
    let (memo, checked) = memorandum("x", text.as_bytes(), &common::law(), &common::library());
    assert!(memo.is_none() && !checked.diagnostics.is_empty());
}

// shows: LEG-21
#[test]
fn the_offence_of_unlawful_disclosure_is_shown() {
    let memo = memo(&agreement("contact-thread"));
    let confidentiality = memo.clauses().find(|c| c.id == "confidentiality").unwrap();
    let shown = serde_json::to_string(&confidentiality.blocks).unwrap();
    assert!(shown.contains("offence"), "{shown}");
}

// shows: AGR-17
#[test]
fn every_memorandum_says_that_it_is_not_binding() {
    let memo = memo(&agreement("contact-thread"));
    let clause = memo.clauses().find(|c| c.id == "legally-binding").unwrap();
    assert!(
        serde_json::to_string(&clause.blocks)
            .unwrap()
            .contains("not legally binding")
    );
}

// shows: EXCH-DFE-21, EXCH-DFE-22
#[test]
fn the_dfe_annex_costs_nothing_and_its_reviews_look_at_the_answers() {
    let library = common::library_of("../../agreements");
    let memo = memo_with(&agreement("dfe-annex-5"), &library);
    let said = |id: &str| {
        let clause = memo.clauses().find(|c| c.id == id).unwrap();
        serde_json::to_string(&clause.blocks).unwrap()
    };
    assert!(
        said("charges").contains("No charges apply"),
        "{}",
        said("charges")
    );
    let review = said("performance");
    for looked_at in [
        "how useful the exchange was",
        "whether each field is still needed",
    ] {
        assert!(review.contains(looked_at), "{review}");
    }
}
