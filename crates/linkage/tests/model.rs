//! The file of a model: the annotated cases of `tests/cases`, a folder for each rule, and what holds of any text.
//! Each case is a whole file, then the faults that it has, with what would mend them:
//!
//! ```yaml
//! # fault[LINK-07] 5:17-5:20 the message
//! #   did you mean ...?
//! ```
//!
//! `UPDATE=1 cargo test -p linkage --test model` writes the expectations anew; read the difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use linkage::model::{
    BlockingRule, Column, ColumnComparison, Decide, Documented, Faults, How, Key, Kind, Level,
    Model, Part, Sides, rules::RULES,
};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn example() -> String {
    std::fs::read_to_string(folder().join("../../models/example.yaml")).unwrap()
}

fn read(text: &str) -> Result<Model, Faults> {
    Model::read("model.yaml", text.as_bytes())
}

fn expectations(read: &Result<Model, Faults>) -> Vec<String> {
    let mut out = Vec::new();
    for d in read.as_ref().err().map_or(&[][..], Faults::all) {
        let place = d.span;
        out.push(format!(
            "# {}[{}] {}:{}-{}:{} {}",
            d.severity,
            d.rule,
            place.line,
            place.column,
            place.end_line,
            place.end_column,
            d.message
        ));
        out.extend(d.help.iter().map(|help| format!("#   {help}")));
    }
    out
}

fn is_expectation(line: &str) -> bool {
    line.starts_with("# fault[") || line.starts_with("#   ")
}

/// Reads one case; the answer tells what differs.
fn check(path: &Path) -> Result<(), String> {
    let case = std::fs::read_to_string(path).unwrap();
    let found = expectations(&read(&case));
    let expected: Vec<&str> = case.lines().filter(|l| is_expectation(l)).collect();
    if found == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        let own = case.lines().filter(|l| !is_expectation(l));
        let mut new = own.fold(String::new(), |out, line| out + line + "\n");
        for line in &found {
            writeln!(new, "{line}").unwrap();
        }
        std::fs::write(path, new).unwrap();
        return Ok(());
    }
    Err(format!(
        "{}\n  found:\n{}\n  expected:\n{}\n",
        path.display(),
        found.join("\n"),
        expected.join("\n")
    ))
}

/// The cases by rule: a folder each.
fn cases() -> Vec<(String, Vec<PathBuf>)> {
    let list = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut all: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        all.sort();
        all
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let folders = list(&folder().join("tests/cases")).into_iter();
    folders.map(|path| (name(&path), list(&path))).collect()
}

#[test]
fn every_case_says_what_it_expects() {
    let all: Vec<PathBuf> = cases().into_iter().flat_map(|(_, paths)| paths).collect();
    let wrong: Vec<String> = all.iter().filter_map(|path| check(path).err()).collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A rule that no case breaks is a rule that nobody sees work; one that no case keeps may refuse everything.
#[test]
fn each_rule_is_seen_from_both_sides() {
    let cases = cases();
    for (rule, _) in RULES {
        // Five hundred faults are too many for a file to read.
        if *rule == "LINK-16" {
            continue;
        }
        let (_, paths) = cases.iter().find(|(name, _)| name == rule).expect(rule);
        let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        let (breaks, keeps): (Vec<_>, Vec<_>) = paths
            .iter()
            .map(text)
            .partition(|text| text.contains(&format!("# fault[{rule}]")));
        assert!(!breaks.is_empty(), "no case breaks {rule}");
        assert!(
            keeps.iter().any(|text| !text.contains("# fault[")),
            "no case keeps {rule}"
        );
    }
    assert!(
        cases
            .iter()
            .all(|(name, _)| RULES.iter().any(|(rule, _)| rule == name))
    );
}

#[test]
fn many_faults_are_cut_and_still_faults() {
    let columns: String = (0..300)
        .map(|i| format!("  c{i}: {{ kind: x, was: y }}\n"))
        .collect();
    let faults = read(&format!("columns:\n{columns}")).unwrap_err();
    assert_eq!(faults.all().len(), 501);
    assert!(faults.all().iter().any(|d| d.rule == "LINK-16"));
}

#[test]
fn faults_are_drawn_where_they_stand() {
    let text = example().replace("like 0.9", "liek 0.9");
    let faults = read(&text).unwrap_err();
    let drawn = faults.to_string();
    for part in ["LINK-07", "model.yaml:", "liek 0.9", "did you mean `like`?"] {
        assert!(drawn.contains(part), "{drawn}");
    }
    assert!(!drawn.contains('\u{1b}'));
    assert!(faults.draw(true).contains('\u{1b}'));
}

fn key(column: usize, part: Part) -> Key {
    Key { column, part }
}

fn asks(keys: &[Key]) -> BlockingRule {
    BlockingRule {
        keys: keys.to_vec(),
        cap: None,
        then: Vec::new(),
    }
}

fn compares(column: usize, hows: &[How]) -> ColumnComparison {
    let level = |how: &How| Level {
        how: *how,
        fixed: None,
    };
    ColumnComparison {
        column,
        levels: hows.iter().map(level).collect(),
        term_frequency: false,
    }
}

fn value(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|c| (*c).to_owned()).collect()
}

fn column(name: &str, kind: Kind, from: &[&str]) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        from: Sides {
            left: vec![value(from)],
            right: vec![value(from)],
        },
        split: None,
        most: 1,
    }
}

#[test]
fn the_example_is_read_as_it_is_meant() {
    let found = read(&example()).unwrap();
    let mut person = column("person", Kind::Name, &["full_name"]);
    person.from.right = vec![
        value(&["given_names", "family_name"]),
        value(&["former_names"]),
    ];
    person.split = Some(';');
    person.most = 4;
    let mut names = compares(
        0,
        &[
            How::Same,
            How::Within,
            How::Single,
            How::Variant,
            How::Close,
            How::AllButOne,
            How::Shares,
        ],
    );
    names.term_frequency = true;
    let mut numbers = compares(2, &[How::Same, How::Edits(1)]);
    numbers.levels[1].fixed = Some((0.02, 0.0001));
    let expected = Model {
        name: "example".to_owned(),
        id: Sides {
            left: "person_ref".to_owned(),
            right: "reference".to_owned(),
        },
        columns: vec![
            person,
            column("born", Kind::Date, &["date_of_birth"]),
            column("nino", Kind::Identifier, &["nino"]),
            column("postcode", Kind::Postcode, &["postcode"]),
            column("address", Kind::Text, &["house", "street"]),
        ],
        blocking: vec![
            asks(&[key(2, Part::Whole)]),
            asks(&[key(0, Part::Sound), key(1, Part::Whole)]),
            BlockingRule {
                keys: vec![key(0, Part::Word), key(3, Part::Whole)],
                cap: Some(2000),
                then: vec![key(1, Part::Year)],
            },
        ],
        training: vec![asks(&[key(1, Part::Whole)])],
        comparisons: vec![
            names,
            compares(
                1,
                &[
                    How::Same,
                    How::Swapped,
                    How::OneDigit,
                    How::DefaultDay,
                    How::SameYear,
                ],
            ),
            numbers,
            compares(3, &[How::Same, How::Sector, How::Outward, How::Area]),
            compares(4, &[How::Same, How::Like(0.9), How::Edits(4)]),
        ],
        joint: vec![vec![0, 3, 4]],
        decide: Decide {
            one_to_one: true,
            strong: vec![vec![(0, 6), (2, 0)], vec![(0, 1), (1, 0)]],
            ..Decide::default()
        },
        documented: Some(Documented {
            precision: 0.99,
            recall: 0.9,
            gap: 0.05,
        }),
    };
    assert_eq!(found, expected);
}

/// What a column's parts come to, in `{ ... }`.
fn of_column(parts: &str) -> Column {
    let text = format!(
        "linkage: 1\nname: one\nid: ref\ncolumns:\n  c: {{ kind: name, {parts} }}\nblocking: [c]\ncomparisons: {{ c: [same] }}\n"
    );
    read(&text)
        .unwrap_or_else(|faults| panic!("{faults}"))
        .columns[0]
        .clone()
}

#[test]
fn the_shorthands_of_a_column_are_what_they_stand_for() {
    let values = |c: &Column| (c.from.left.clone(), c.from.right.clone(), c.most);
    let a = || value(&["a"]);
    let ab = || value(&["a", "b"]);
    for (parts, left, right, most) in [
        ("from: a", vec![a()], vec![a()], 1),
        ("from: [a, b]", vec![ab()], vec![ab()], 1),
        ("from: { left: a, right: [a, b] }", vec![a()], vec![ab()], 1),
        (
            "from: a, also: b",
            vec![a(), value(&["b"])],
            vec![a(), value(&["b"])],
            2,
        ),
        ("from: a, also: [a, b]", vec![a(), ab()], vec![a(), ab()], 2),
        (
            "from: a, also: { right: [[a, b], b] }",
            vec![a()],
            vec![a(), ab(), value(&["b"])],
            3,
        ),
        ("from: a, split: ' '", vec![a()], vec![a()], 4),
        ("from: a, split: ';', most: 2", vec![a()], vec![a()], 2),
        (
            "from: a, also: b, most: 1",
            vec![a(), value(&["b"])],
            vec![a(), value(&["b"])],
            1,
        ),
    ] {
        assert_eq!(values(&of_column(parts)), (left, right, most), "{parts}");
    }
    assert_eq!(of_column("from: a, split: ','").split, Some(','));
}

#[test]
fn what_is_not_said_of_deciding_is_as_the_page_says() {
    let text = "linkage: 1\nname: one\nid: ref\ncolumns:\n  c: { kind: name, from: c }\nblocking: [c]\ncomparisons: { c: [same] }\n";
    let usual = read(text).unwrap().decide;
    let (link, review, margin, keep) = (usual.link, usual.review, usual.margin, usual.keep);
    assert_eq!((link, review, margin, keep), (0.99, 0.5, 3.0, 10));
    assert!(!usual.one_to_one && usual.strong.is_empty());
    let said = format!(
        "{text}decide: {{ link: 0.9, review: 0.25, margin: 0, keep: 100, one-to-one: yes, strong: [] }}\n"
    );
    let said = read(&said).unwrap().decide;
    assert_eq!(
        (said.link, said.review, said.margin, said.keep),
        (0.9, 0.25, 0.0, 100)
    );
    assert!(said.one_to_one);
}

/// The top-level sections of a text: key and lines.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if !line.is_empty() && !line.starts_with([' ', '#']) {
            out.push((line.split(':').next().unwrap().to_owned(), String::new()));
        }
        if let Some((_, lines)) = out.last_mut() {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    out
}

/// `docs/linkage/model.md`: each example replaces the sections of the page's first that it has. One that is refused
/// says by which rule.
#[test]
fn every_example_of_the_page_is_read() {
    let page = std::fs::read_to_string(folder().join("../../docs/linkage/model.md")).unwrap();
    let mut first: Vec<(String, String)> = Vec::new();
    let mut seen = 0;
    for block in page.split("\n```yaml").skip(1) {
        let (says, block) = block.split_once('\n').unwrap();
        let text = block.split("\n```").next().unwrap();
        let own = sections(text);
        if first.is_empty() {
            first.clone_from(&own);
        }
        let mut all = first.clone();
        all.retain(|(key, _)| own.iter().all(|(k, _)| k != key));
        all.extend(own);
        let whole: String = all.into_iter().map(|(_, lines)| lines + "\n").collect();
        let rules: Vec<String> = match read(&whole) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.all().iter().map(|d| d.rule.to_string()).collect(),
        };
        let expected: Vec<&str> = says.split_whitespace().collect();
        assert_eq!(
            rules,
            expected,
            "{whole}\n{}",
            read(&whole).map_or_else(|f| f.to_string(), |_| String::new())
        );
        seen += 1;
    }
    assert!(seen >= 8, "{seen} examples");
    for (rule, sentence) in RULES {
        let row = format!("| `{rule}` | {sentence} |");
        assert!(page.contains(&row), "the page lacks\n{row}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Model::read("bytes", &bytes);
    }

    #[test]
    fn any_yaml_like_text_is_answered(text in r#"([a-z*&!?|>'"\[\]{},:#\-%. \n0-9]|: |- |\n  |é|same|columns|blocking){0,200}"#) {
        let _ = Model::read("text", text.as_bytes());
    }

    /// A file with a piece cut out, doubled or moved: the hardest cases are nearly right.
    #[test]
    fn any_broken_model_is_answered(
        from in any::<proptest::sample::Index>(),
        length in 0_usize..60,
        at in any::<proptest::sample::Index>(),
        put in proptest::option::of("([\\PC\n]{0,6}|\\[\\]|\\{\\}|, |: |0\\.5)"),
    ) {
        let chars: Vec<char> = example().chars().collect();
        let from = from.index(chars.len());
        let to = (from + length).min(chars.len());
        let piece: String = chars[from..to].iter().collect();
        let mut left: Vec<char> = chars[..from].iter().chain(&chars[to..]).copied().collect();
        let at = at.index(left.len() + 1);
        for (i, c) in put.unwrap_or(piece).chars().enumerate() {
            left.insert(at + i, c);
        }
        let broken: String = left.into_iter().collect();
        match read(&broken) {
            Ok(model) => valid(&model)?,
            Err(faults) => {
                prop_assert!(!faults.all().is_empty());
                for d in faults.all() {
                    let span = d.span;
                    prop_assert!(RULES.iter().any(|(rule, _)| *rule == d.rule), "{d}");
                    prop_assert!(span.start <= span.end && span.end <= broken.len(), "{d}");
                    prop_assert!(broken.is_char_boundary(span.start) && broken.is_char_boundary(span.end), "{d}");
                    prop_assert!(!d.message.contains("please report it"), "{broken}");
                }
                prop_assert!(!faults.to_string().is_empty());
            }
        }
    }
}

/// What every model that was read keeps.
fn valid(model: &Model) -> Result<(), TestCaseError> {
    let (columns, comparisons) = (model.columns.len(), model.comparisons.len());
    prop_assert!(columns > 0 && !model.blocking.is_empty() && (1..=12).contains(&comparisons));
    prop_assert!(model.blocking.len() + model.training.len() <= 16);
    for column in &model.columns {
        prop_assert!((1..=8).contains(&column.most));
        for values in [&column.from.left, &column.from.right] {
            prop_assert!(!values.is_empty() && values.iter().all(|v| !v.is_empty()));
        }
    }
    for rule in model.blocking.iter().chain(&model.training) {
        prop_assert!(!rule.keys.is_empty());
        prop_assert_eq!(rule.cap.is_some(), !rule.then.is_empty());
        prop_assert!(
            rule.keys
                .iter()
                .chain(&rule.then)
                .all(|k| k.column < columns)
        );
    }
    for comparison in &model.comparisons {
        prop_assert!(comparison.column < columns);
        prop_assert!((1..=14).contains(&comparison.levels.len()));
    }
    let mut joined: Vec<usize> = model.joint.concat();
    prop_assert!(model.joint.iter().all(|group| group.len() >= 2));
    let all = joined.len();
    joined.sort_unstable();
    joined.dedup();
    prop_assert!(joined.len() == all && joined.iter().all(|c| *c < comparisons));
    let decide = &model.decide;
    prop_assert!(0.0 < decide.review && decide.review < decide.link && decide.link < 1.0);
    for (comparison, level) in decide.strong.iter().flatten() {
        let levels = model.comparisons.get(*comparison).map(|c| c.levels.len());
        prop_assert!(levels.is_some_and(|count| *level < count));
    }
    Ok(())
}
