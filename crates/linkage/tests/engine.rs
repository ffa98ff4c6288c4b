//! The engine on small lists: what it finds is what a plain double loop finds, whoever reads and in whatever order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::{List, MODEL, quiet, two_lists, two_lists_of, unlike};
use linkage::model::Model;
use linkage::{Cases, Scored, Standing, Trained, score, train};
use proptest::prelude::*;

fn model(text: &str) -> Model {
    Model::read("small.yaml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn scored(model: &Model, left: &List, right: &List, threads: usize) -> (Trained, Scored) {
    let cases = Cases::read(model, left).unwrap();
    let training = train(model, &cases, right, quiet(threads)).unwrap();
    let found = score(
        model,
        &training.trained,
        Some(&training),
        &cases,
        right,
        quiet(threads),
    );
    (training.trained, found.unwrap())
}

fn shown(scored: &Scored) -> Vec<(u32, String, u64)> {
    let pairs = scored.pairs.iter();
    pairs
        .map(|p| (p.case, p.master.to_string(), p.weight.to_bits()))
        .collect()
}

/// Neither the number of threads nor how the list is cut changes what is found, to the last bit.
#[test]
fn whoever_reads_the_result_is_one() {
    let (left, right, _) = two_lists(7, 400, 3000, 3000);
    let model = model(MODEL);
    let (one, first) = scored(&model, &left, &right, 1);
    let (four, second) = scored(&model, &left, &right.cut(137), 4);
    assert!(first.pairs.len() > 150, "{}", first.pairs.len());
    assert_eq!(one, four);
    assert_eq!(shown(&first), shown(&second));
    assert_eq!(first.looked_at, second.looked_at);
    let (reversed, third) = scored(&model, &left, &right.reversed(), 2);
    assert_eq!(one, reversed);
    assert_eq!(shown(&first), shown(&third));
}

/// A pair that the bounds give up early is one that full scoring puts below the floor.
#[test]
fn nothing_above_the_floor_is_given_up_early() {
    let (left, right, _) = two_lists(11, 300, 3000, 3000);
    let model = model(MODEL);
    let (trained, early) = scored(&model, &left, &right, 2);
    let mut all = model.clone();
    all.decide.review = 1e-300;
    all.decide.keep = usize::MAX - 1;
    let cases = Cases::read(&all, &left).unwrap();
    let training = train(&all, &cases, &right, quiet(2)).unwrap();
    assert_eq!(training.trained, trained);
    let full = score(&all, &trained, Some(&training), &cases, &right, quiet(2)).unwrap();
    let looked_at: u64 = full.looked_at.iter().sum();
    assert_eq!(
        full.pairs.len() as u64,
        looked_at,
        "full scoring keeps every pair"
    );
    let above: Vec<_> = full.pairs.iter().filter(|p| p.weight >= 0.0).collect();
    assert!(above.len() < full.pairs.len() / 2);
    let found: BTreeSet<_> = shown(&early).into_iter().collect();
    let plain: BTreeSet<_> = above
        .iter()
        .map(|p| (p.case, p.master.to_string(), p.weight.to_bits()))
        .collect();
    assert_eq!(found, plain);
}

/// MATCH-05: evidence of a kind that the model does not call strong never makes a strong pair, however it weighs.
#[test]
fn weak_evidence_is_never_strong() {
    let (left, right, _) = two_lists(3, 400, 3000, 3000);
    let (_, found) = scored(&model(MODEL), &left, &right, 2);
    assert!(found.pairs.iter().any(|p| p.standing == Standing::Strong));
    let weak = MODEL.replace(
        "- { given: close, family: close, born: same }",
        "- { town: same, born: same, given: same, family: same }",
    );
    let (_, found) = scored(&model(&weak), &left, &right, 2);
    for pair in &found.pairs {
        let all_same = (0..4).all(|c| pair.code(c) == 1);
        assert!(all_same || pair.standing != Standing::Strong);
    }
    let none = MODEL.split("  strong:").next().unwrap();
    let (_, found) = scored(&model(none), &left, &right, 2);
    assert!(found.pairs.len() > 150);
    assert!(found.pairs.iter().all(|p| p.standing == Standing::Review));
}

/// Two records that fit a case equally well are both for a person to look at.
#[test]
fn two_that_are_near_are_ambiguous() {
    let (left, right, truth) = two_lists(5, 400, 3000, 3000);
    let model = model(MODEL);
    let (_, before) = scored(&model, &left, &right, 2);
    let strong = before
        .pairs
        .iter()
        .find(|p| p.standing == Standing::Strong)
        .unwrap();
    let doubled = right.with_double_of(&strong.master);
    let (_, after) = scored(&model, &left, &doubled, 2);
    let of_case: Vec<_> = after
        .pairs
        .iter()
        .filter(|p| p.case == strong.case)
        .collect();
    assert!(of_case.len() >= 2);
    assert_eq!(of_case[0].standing, Standing::Ambiguous);
    assert_eq!(of_case[1].standing, Standing::Ambiguous);
    assert!(!truth.is_empty());
}

/// Two that weigh the same are both for a person, whatever margin the model asks for.
#[test]
fn without_a_margin_equals_are_ambiguous_still() {
    let (left, right, _) = two_lists(5, 400, 3000, 3000);
    let model = model(&MODEL.replace("  keep: 50", "  keep: 50\n  margin: 0\n  one-to-one: true"));
    let (_, before) = scored(&model, &left, &right, 2);
    let strong = before
        .pairs
        .iter()
        .find(|p| p.standing == Standing::Strong)
        .unwrap();
    // Once more the same record; and once more the same case.
    let doubled = right.with_double_of(&strong.master);
    let (_, after) = scored(&model, &left, &doubled, 2);
    let of_case: Vec<_> = after
        .pairs
        .iter()
        .filter(|p| p.case == strong.case)
        .collect();
    assert_eq!(of_case[0].weight.to_bits(), of_case[1].weight.to_bits());
    assert!(of_case.iter().all(|p| p.standing != Standing::Strong));
    let case = &left.rows()[strong.case as usize][0];
    let (_, after) = scored(&model, &left.with_double_of(case), &right, 2);
    let of_record: Vec<_> = after
        .pairs
        .iter()
        .filter(|p| p.master == strong.master)
        .collect();
    assert!(of_record.len() > 1);
    assert!(of_record.iter().all(|p| p.standing != Standing::Strong));
}

/// What of either list cannot be compared is told, by column and number and without a value.
#[test]
fn what_is_not_compared_is_told() {
    let (left, right, _) = two_lists(19, 400, 3000, 3000);
    let (mut cases, mut rows) = (left.rows().to_vec(), right.rows().to_vec());
    cases[3][3] = "the spring of 1980".into();
    rows[5][3] = "31/02/1980".into();
    rows[6][3] = "1980".into();
    rows[7][1] = "one two three four five six seven eight nine".into();
    let (left, right) = (List::of(cases), List::of(rows));
    let model = model(MODEL);
    let cases = Cases::read(&model, &left).unwrap();
    let training = train(&model, &cases, &right, quiet(2)).unwrap();
    let found = score(
        &model,
        &training.trained,
        Some(&training),
        &cases,
        &right,
        quiet(2),
    )
    .unwrap();
    assert_eq!(
        cases.doubts(&model),
        ["born: 1 values of the case list have no standard form and are not compared"]
    );
    assert_eq!(
        found.doubts,
        [
            "given: 1 values of the master list have more than 8 words, of which some are not compared",
            "born: 2 values of the master list have no standard form and are not compared",
        ]
    );
}

/// A value that holds more cases than the cap is looked at by the further keys, and that is said.
#[test]
fn a_hot_value_is_told() {
    let (left, right, _) = two_lists(9, 400, 3000, 3000);
    let capped = MODEL.replace(
        "  - town\n",
        "  - { keys: town, cap: 5, then: born.year }\n",
    );
    let capped = model(&capped);
    let cases = Cases::read(&capped, &left).unwrap();
    let training = train(&capped, &cases, &right, quiet(2)).unwrap();
    let told = training
        .doubts
        .iter()
        .any(|d| d.contains("blocking rule 3") && d.contains("cap"));
    assert!(told, "{:?}", training.doubts);
    let found = score(
        &capped,
        &training.trained,
        Some(&training),
        &cases,
        &right,
        quiet(2),
    )
    .unwrap();
    let holds = |town: &str| left.rows().iter().filter(|l| l[4] == town).count();
    let mut plain = 0;
    for l in left.rows().iter().filter(|l| !l[4].is_empty()) {
        let same_town = right.rows().iter().filter(|r| l[4] == r[4] && l[3] != r[3]);
        plain += match holds(&l[4]) {
            0..=5 => same_town.count(),
            _ => same_town.filter(|r| l[3][..4] == r[3][..4]).count(),
        };
    }
    // Some of them meet the second rule first.
    let looked_at = found.looked_at[2] as usize;
    assert!(
        looked_at <= plain && looked_at * 10 > plain * 9,
        "{looked_at} of {plain}"
    );
}

/// EM finds the m and λ that the lists were made with (Fellegi and Sunter 1969).
#[test]
fn known_probabilities_are_recovered() {
    let (left, right, truth) = two_lists(21, 3000, 12_000, 100_000);
    let (trained, _) = scored(&model(MODEL), &left, &right, 2);
    let pairs = left.rows().len() as f64 * right.rows().len() as f64;
    let share = truth.len() as f64 / pairs;
    assert!(
        (trained.lambda / share - 1.0).abs() < 0.1,
        "{} of {share}",
        trained.lambda
    );
    // What a list does to a value is drawn for each list: see `common`.
    let level = |unit: usize, code: usize| trained.units[unit].cells[code].m;
    assert!((level(2, 1) - 0.94).abs() < 0.02, "born {}", level(2, 1));
    assert!((level(3, 1) - 0.85).abs() < 0.03, "town {}", level(3, 1));
    assert!((level(0, 1) - 0.90).abs() < 0.03, "given {}", level(0, 1));
    // u of a level that asks for equality is how often values meet by chance.
    let town = trained.units[3].cells[1].u;
    let plain: f64 = left.chance(&right, 4);
    assert!((town / plain - 1.0).abs() < 0.1, "{town} of {plain}");
}

/// Given and family names are of one of twenty traditions, so that twenty times as many people share both as would if
/// names were drawn apart. Of those who do, most are two people, born on two days: they must not pass for matches whose birth
/// dates differ, which they do where it is taken from λ and from each name alone how many there are.
#[test]
fn people_whose_names_go_together_are_not_taken_for_one() {
    let text = MODEL
        .replace("[given.word, family.sound]", "[given, family]")
        .replace("blocking:\n  - born\n", "blocking:\n  - [born, town]\n");
    let (left, right, truth) = two_lists_of(20, 21, 3000, 12_000);
    let (trained, _) = scored(&model(&text), &left, &right, 2);
    let born = trained.units[2].cells[1].m;
    assert!((born - 0.94).abs() < 0.05, "born {born}");
    let pairs = left.rows().len() as f64 * right.rows().len() as f64;
    let share = truth.len() as f64 / pairs;
    let lambda = trained.lambda;
    assert!((lambda / share - 1.0).abs() < 0.15, "{lambda} of {share}");
}

/// People of one household share a name and a town. Weighed together, the two say what they are worth: how often
/// random pairs share both is counted, and is not the product of how often they share each.
#[test]
fn a_household_is_not_taken_for_one_person() {
    let (left, right, truth) = two_lists(31, 2000, 4000, 100_000);
    let (_, others, _) = two_lists(32, 10, 2000, 100_000);
    let (mut cases, mut rows) = (left.rows().to_vec(), right.rows().to_vec());
    // Every household has a name and a town that no other has. A brother lives with each case.
    for (n, (case, other)) in cases.iter_mut().zip(others.rows()).enumerate() {
        for (column, own) in [(2, unlike("t", n)), (4, unlike("v", n))] {
            let same = rows[n][column] == case[column];
            if same && n < truth.len() {
                rows[n][column].clone_from(&own);
            }
            case[column] = own;
        }
        let (id, family, town) = (format!("B{}", case[0]), case[2].clone(), case[4].clone());
        rows.push([id, other[1].clone(), family, other[3].clone(), town]);
    }
    let left = List::of(cases);
    let right = List::of(rows);
    let text = MODEL.replace("decide:", "joint:\n  - [family, town]\ndecide:");
    let (trained, found) = scored(&model(&text), &left, &right, 2);
    let (mut both, mut held) = (0.0, 0.0);
    let of_one: BTreeSet<_> = truth.iter().collect();
    for l in left.rows() {
        for r in right.rows() {
            if l[4].is_empty() || r[4].is_empty() || of_one.contains(&(l[0].clone(), r[0].clone()))
            {
                continue;
            }
            held += 1.0;
            both += f64::from(u8::from(l[2] == r[2] && l[4] == r[4]));
        }
    }
    let unit = trained
        .units
        .iter()
        .find(|u| u.comparisons == [1, 3])
        .unwrap();
    // Family has five codes and town four: same and same is cell 1 * 4 + 1.
    let u = unit.cells[5].u;
    assert!(
        (u / (both / held) - 1.0).abs() < 0.15,
        "{u} of {}",
        both / held
    );
    let sure: Vec<_> = found
        .pairs
        .iter()
        .filter(|p| p.probability() >= 0.99)
        .collect();
    let wrong = sure.iter().filter(|p| !p.master.starts_with('R')).count();
    assert!(
        sure.len() > 700 && wrong * 50 < sure.len(),
        "{wrong} of {}",
        sure.len()
    );
}

/// One list held against itself: each pair once, no record with itself.
#[test]
fn a_list_is_held_against_itself_once() {
    let (left, right, truth) = two_lists(13, 500, 500, 3000);
    let list = left.and(&right);
    let model = model(MODEL);
    let cases = Cases::read(&model, &list).unwrap().with_itself();
    let training = train(&model, &cases, &list, quiet(2)).unwrap();
    let found = score(
        &model,
        &training.trained,
        Some(&training),
        &cases,
        &list,
        quiet(2),
    )
    .unwrap();
    let mut seen = BTreeSet::new();
    for pair in &found.pairs {
        let (a, b) = (cases.handle(pair.case).to_owned(), pair.master.to_string());
        assert_ne!(a, b);
        assert!(seen.insert(if a < b { (a, b) } else { (b, a) }));
    }
    let hits = truth.iter().filter(|t| seen.contains(*t)).count();
    assert!(hits * 10 > truth.len() * 8, "{hits} of {}", truth.len());
}

#[test]
fn a_level_that_rests_on_little_is_told_by_its_word() {
    let (left, right, _) = two_lists(17, 40, 300, 300);
    let model = model(MODEL);
    let cases = Cases::read(&model, &left).unwrap();
    let training = train(&model, &cases, &right, quiet(2)).unwrap();
    let mut words = BTreeSet::new();
    for comparison in &model.comparisons {
        let column = &model.columns[comparison.column].name;
        let levels = comparison.levels.iter().map(|l| l.how.to_string());
        let levels = levels.chain(["no level".to_owned()]);
        words.extend(levels.map(|level| format!("{column}: {level}")));
    }
    let told = training.doubts.iter();
    let told: Vec<&str> = told
        .filter_map(|d| Some(d.split_once(" rests on ")?.0))
        .collect();
    assert!(told.len() > 1, "{:?}", training.doubts);
    assert!(told.iter().all(|t| words.contains(*t)), "{told:?}");
}

/// Nothing that training keeps or says holds a value of a record.
#[test]
fn what_is_trained_holds_no_value() {
    let (left, right, _) = two_lists(17, 400, 3000, 3000);
    let model = model(MODEL);
    let cases = Cases::read(&model, &left).unwrap();
    let training = train(&model, &cases, &right, quiet(2)).unwrap();
    let kept = serde_json::to_string(&training.trained).unwrap() + &training.doubts.join(" ");
    for value in left
        .rows()
        .iter()
        .flat_map(|r| &r[1..])
        .filter(|v| v.len() > 3)
    {
        assert!(!kept.contains(value.as_str()), "{kept}");
    }
    let back: Trained =
        serde_json::from_str(&serde_json::to_string(&training.trained).unwrap()).unwrap();
    assert_eq!(back, training.trained);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The pairs that are looked at are those that a plain double loop over the rules finds.
    #[test]
    fn blocking_is_the_double_loop(seed in 0_u64..1000) {
        let (left, right, _) = two_lists(seed, 60, 200, 80);
        let mut model = model(MODEL);
        model.blocking = vec![model.blocking[0].clone(), model.blocking[2].clone()];
        model.training.clear();
        for c in &mut model.comparisons {
            let count = c.levels.len() as f64;
            for level in &mut c.levels {
                level.fixed = Some((0.9 / count, 0.1 / count));
            }
        }
        let cases = Cases::read(&model, &left).unwrap();
        let training = train(&model, &cases, &right, quiet(1)).unwrap();
        let found = score(&model, &training.trained, Some(&training), &cases, &right, quiet(2)).unwrap();
        let (mut by_birth, mut by_town) = (0, 0);
        for l in left.rows() {
            for r in right.rows() {
                if !l[3].is_empty() && l[3] == r[3] {
                    by_birth += 1;
                } else if !l[4].is_empty() && l[4] == r[4] {
                    by_town += 1;
                }
            }
        }
        prop_assert_eq!(found.looked_at, vec![by_birth, by_town]);
    }
}
