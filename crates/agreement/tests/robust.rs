//! Whatever the bytes are, the checker answers: within bounds, with places, without a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::time::{Duration, Instant};

use std::sync::LazyLock;

use agreement::{Law, Library};
use common::{base_with, check, contact_thread};
use proptest::prelude::*;

static LAW: LazyLock<Law> = LazyLock::new(common::law);
static LIBRARY: LazyLock<Library> = LazyLock::new(common::library);

proptest! {
    #![proptest_config(common::cases(256))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        agreement::check("bytes", &bytes, &LAW, &Library::none());
    }

    #[test]
    fn any_yaml_like_text_is_answered(text in r#"([a-z*&!?|>'"\[\]{},:#\-% \n]|: |- |\n  |é|gap|flow){0,200}"#) {
        agreement::check("text", text.as_bytes(), &LAW, &Library::none());
    }

    /// A file with a piece cut out, doubled or moved: the hardest cases are nearly right.
    #[test]
    fn any_broken_agreement_is_answered(
        from in any::<proptest::sample::Index>(),
        length in 0_usize..200,
        at in any::<proptest::sample::Index>(),
        put in proptest::option::of("[\\PC\n]{0,6}"),
    ) {
        let text = contact_thread();
        let chars: Vec<char> = text.chars().collect();
        let from = from.index(chars.len());
        let to = (from + length).min(chars.len());
        let piece: String = chars[from..to].iter().collect();
        let mut left: Vec<char> = chars[..from].iter().chain(&chars[to..]).copied().collect();
        let at = at.index(left.len() + 1);
        for (i, c) in put.unwrap_or(piece).chars().enumerate() {
            left.insert(at + i, c);
        }
        let broken: String = left.into_iter().collect();
        let checked = agreement::check("broken", broken.as_bytes(), &LAW, &LIBRARY);
        let faulty = checked.diagnostics.iter().any(|d| d.severity == agreement::Severity::Fault);
        prop_assert_eq!(checked.plan.is_none(), faulty);
        prop_assert!(checked.diagnostics.is_sorted_by_key(|d| d.span));
        for d in &checked.diagnostics {
            prop_assert!(d.span.start <= d.span.end && d.span.end <= broken.len(), "{d}");
            prop_assert!(broken.is_char_boundary(d.span.start) && broken.is_char_boundary(d.span.end), "{d}");
            prop_assert!(d.span.line >= 1 && d.span.column >= 1, "{d}");
        }
        agreement::diagnostic::render(&checked.diagnostics, &broken, false);
    }
}

/// What happens in seconds here takes a small part of it in a release build.
#[expect(
    clippy::disallowed_methods,
    reason = "the bound is on the machine's own time"
)]
fn within<T>(what: &str, once: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = once();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(30), "{what} took {took:?}");
    done
}

fn within_bounds(what: &str, text: &str) -> Vec<String> {
    let checked = took(what, text);
    assert!(checked.plan.is_none(), "{what}");
    checked
        .diagnostics
        .into_iter()
        .map(|d| d.rule.into_owned())
        .collect()
}

fn repeat(unit: &str, of: impl Fn(usize) -> String) -> String {
    let mut out = String::from(unit);
    let mut i = 0;
    while out.len() < (1 << 20) - 200 {
        out.push_str(&of(i));
        i += 1;
    }
    out
}

#[test]
fn hostile_files_are_answered_in_bounded_time() {
    for (what, text, rule) in [
        ("brackets", "[".repeat(1 << 20), "LANG-02"),
        ("braces", "{a: ".repeat(1 << 18), "LANG-02"),
        ("dashes", "- ".repeat(1 << 19), "LANG-01"),
        ("questions", "? ".repeat(1 << 19), "LANG-01"),
        (
            "one long text",
            format!("title: {}", "x".repeat((1 << 20) - 10)),
            "LANG-05",
        ),
        (
            "one long key",
            format!("{}: x", "x".repeat((1 << 20) - 10)),
            "LANG-02",
        ),
        (
            "many keys",
            repeat("", |i| format!("key{i}: x\n")),
            "LANG-01",
        ),
        (
            "one key again and again",
            repeat("", |_| "a: x\n".to_owned()),
            "LANG-01",
        ),
        (
            "a long list",
            repeat("title: [", |_| "x, ".to_owned()),
            "LANG-01",
        ),
        (
            "aliases",
            "a: &a [x, x]\n".to_owned() + &"b: [*a, *a]\n".repeat(1000),
            "LANG-02",
        ),
        ("comments", repeat("", |_| "# no\n".to_owned()), "LANG-02"),
        (
            "a text without an end",
            repeat("title: \"", |_| "x\n ".to_owned()),
            "LANG-02",
        ),
    ] {
        let rules = within_bounds(what, &text);
        assert!(
            rules.iter().any(|r| r == rule),
            "{what}: {:?}",
            &rules[..rules.len().min(5)]
        );
    }
}

/// What rests on much, many times over, is looked at once.
#[test]
fn wide_and_deep_agreements_are_answered_in_bounded_time() {
    let wide = |of: &str, below: usize| {
        (0..6)
            .map(|_| format!("{{ {of}: c{below} }}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let conditions: String = (1..15)
        .map(|i| format!("  c{i}: {{ all: [ {} ] }}\n", wide("holds", i - 1)))
        .collect();
    let text = base_with(&format!(
        "conditions:\n  c0: {{ all: [ {{ in_pool: {{ is: yes }} }} ] }}\n{conditions}  lost: {{ all: [ {{ holds: c14 }}, {{ last_seen: {{ known: yes }} }} ] }}\n"
    ));
    assert!(took("conditions", &text).plan.is_some());
    let sources = |below: usize| {
        (0..6)
            .map(|j| format!("list.f{below}_{j}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let level = |i: usize| {
        (0..6)
            .map(|j| {
                format!(
                    "      f{i}_{j}: {{ copy-of: [{}], many: all }}\n",
                    sources(i - 1)
                )
            })
            .collect::<String>()
    };
    let first: String = (0..6)
        .map(|j| format!("      f0_{j}: {{ type: text, class: personal, why: identifies }}\n"))
        .collect();
    let fields: String = (1..15).map(level).collect();
    let text = base_with(&format!(
        "datasets:\n  list:\n    about: person\n    one-row-per: person\n    fields:\n      ref: {{ type: reference, class: reference, why: links }}\n{first}{fields}  found:\n    about: person\n    one-row-per: {{ row-of: list }}\n    fields: {{ ref: {{ copy-of: list.ref }} }}\n"
    ));
    assert!(took("copies", &text).plan.is_some());
    let blocks: String = (0..20_000)
        .map(|i| format!("  - |\n    line {i}\n"))
        .collect();
    took("text blocks", &format!("title:\n{blocks}"));
    let comments: String = (0..20_000).map(|i| format!("# comment {i}\n")).collect();
    let laid = format!("{comments}agreement: a\n{comments}title: b\n");
    assert!(within("layout", || agreement::lay_out("x", laid.as_bytes())).is_ok());
}

fn took(what: &str, text: &str) -> agreement::Checked {
    within(what, || check(text))
}

#[test]
fn an_agreement_too_large_to_read_is_refused() {
    let fields: String = (0..500)
        .map(|i| format!("      f{i}: {{ type: text, class: none, why: [answers] }}\n"))
        .collect();
    let dataset = |name: &str| {
        format!("  {name}:\n    about: person\n    one-row-per: person\n    fields:\n{fields}")
    };
    let flows: String = (0..5)
        .map(|i| format!("  f{i}: {{ from: ho, to: hmrc, send: list, by: out, for: contact, when: {{ every: month, from: 2026-01 }}, volume: {{ about: 5 }}, as: xlsx, route: exchange }}\n"))
        .collect();
    let text = base_with(&format!("datasets:\n{}flows:\n{flows}", dataset("list")));
    assert_eq!(within_bounds("columns", &text), ["LANG-20"]);
    let conditions: String = (0..60)
        .map(|i| {
            format!(
                "  c{i}: {{ all: [ {} ] }}\n",
                "{ in_pool: { is: yes } }, ".repeat(40)
            )
        })
        .collect();
    assert_eq!(
        within_bounds("terms", &base_with(&format!("conditions:\n{conditions}"))),
        ["LANG-20"]
    );
}

#[test]
fn many_faults_are_cut_and_still_faults() {
    let people: String = (0..500).map(|i| format!("  p{i}: one\n")).collect();
    let facts: String = (0..500)
        .map(|i| format!("  f{i}: {{ type: truth, of: nobody{i}, known-to: [nobody] }}\n"))
        .collect();
    let rules = within_bounds(
        "faults",
        &base_with(&format!("people:\n{people}facts:\n{facts}")),
    );
    assert_eq!(rules.len(), 501);
    assert!(rules.contains(&"LANG-18".to_owned()));
}

#[test]
fn more_warnings_than_can_be_shown_are_a_fault() {
    let people: String = (0..400).map(|i| format!("  p{i}: one\n")).collect();
    let purposes: String = (0..200)
        .map(|i| format!("  q{i}: {{ text: other, law: [immigration-control] }}\n"))
        .collect();
    let text = base_with(&format!(
        "people:\n  person: a person\n{people}purposes:\n  contact: {{ text: find contact details, law: [immigration-control] }}\n{purposes}"
    ));
    assert!(within_bounds("warnings", &text).contains(&"LANG-18".to_owned()));
}

#[test]
fn what_cannot_be_read_is_refused_before_it_is_parsed() {
    for bytes in [
        &b"\xff\xfe"[..],
        b"title: \xff",
        b"\ta: b",
        b"a:\n\tb: c",
        "a: \u{202e}b".as_bytes(),
        b"a: \0",
    ] {
        let checked = agreement::check("bytes", bytes, &LAW, &Library::none());
        assert_eq!(checked.diagnostics.len(), 1);
        assert_eq!(checked.diagnostics[0].rule, "LANG-01");
    }
    let long = vec![b'#'; (1 << 20) + 1];
    assert_eq!(
        agreement::check("long", &long, &LAW, &Library::none()).diagnostics[0].rule,
        "LANG-01"
    );
}
