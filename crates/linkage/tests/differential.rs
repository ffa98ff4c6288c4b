//! The engine against definitions that are plain and slow: every kind of comparison on random records, the scorer that
//! gives up early against one that does not, and a list in parts against the list in one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a level that is of another kind has no plain definition there"
)]

mod common;
mod every_kind;
mod plain_levels;

use std::collections::BTreeMap;

use common::quiet;
use every_kind::{List, MODEL, list};
use linkage::model::{How, Model};
use linkage::{Cases, Scored, Trained, TrainedLevel, TrainedUnit, score, train};
use plain_levels::Plain;
use proptest::prelude::*;

fn model(text: &str) -> Model {
    Model::read("every-kind.yaml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Numbers of which each level weighs two bits less than the one before; for such units.
fn trained(model: &Model, units: &[Vec<usize>]) -> Trained {
    let unit = |comparisons: &Vec<usize>| {
        let codes = |c: &usize| model.comparisons[*c].levels.len() + 2;
        let cells: usize = comparisons.iter().map(codes).product();
        let level = |mut cell: usize| {
            let mut sum = 0;
            for c in comparisons.iter().rev() {
                sum += cell % codes(c);
                cell /= codes(c);
            }
            TrainedLevel {
                m: 0.9 * 0.5_f64.powi(sum as i32),
                u: 1e-6 * 2_f64.powi(sum as i32),
                seen: 100.0,
            }
        };
        TrainedUnit {
            comparisons: comparisons.clone(),
            cells: (0..cells).map(level).collect(),
        }
    };
    Trained {
        model: model.name.clone(),
        lambda: 0.001,
        records: 1000,
        units: units.iter().map(unit).collect(),
    }
}

fn scored(model: &Model, trained: &Trained, left: &List, right: &List, threads: usize) -> Scored {
    let cases = Cases::read(model, left).unwrap();
    score(model, trained, None, &cases, right, quiet(threads)).unwrap()
}

/// All pairs, however little they weigh.
fn keep_all(model: &mut Model) {
    model.decide.review = 1e-300;
    model.decide.keep = usize::MAX - 1;
}

type Codes = BTreeMap<(u32, String), Vec<usize>>;

fn codes(model: &Model, found: &Scored) -> Codes {
    let of = |p: &linkage::Pair| (0..model.comparisons.len()).map(|c| p.code(c)).collect();
    let pairs = found.pairs.iter();
    pairs
        .map(|p| ((p.case, p.master.to_string()), of(p)))
        .collect()
}

fn shown(found: &Scored) -> Vec<(u32, String, u64, Option<u64>)> {
    let bits = |p: &linkage::Pair| (p.weight.to_bits(), p.margin.map(f64::to_bits));
    let pairs = found.pairs.iter().map(|p| (p, bits(p)));
    pairs
        .map(|(p, (weight, margin))| (p.case, p.master.to_string(), weight, margin))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Each level holds where the documentation says that it does: dates with default day and swap, identifiers of one
    /// slip, parts of postcodes, names with spellings, diminutives, initials, double surnames, patronymics and a lone
    /// word; of several values the closest.
    #[test]
    fn each_level_holds_where_it_is_defined_to(left in list("L", 1..12), right in list("R", 1..12), drop in any::<u64>()) {
        let mut model = model(MODEL);
        keep_all(&mut model);
        // Any choice of levels, not only all of them.
        for (c, comparison) in model.comparisons.iter_mut().enumerate() {
            let mut at = 0;
            comparison.levels.retain(|level| {
                at += 1;
                level.how == How::Same || drop >> (8 * c + at) & 1 == 0
            });
        }
        let units: Vec<Vec<usize>> = (0..5).map(|c| vec![c]).collect();
        let found = codes(&model, &scored(&model, &trained(&model, &units), &left, &right, 1));
        let plain = Plain::new(&model);
        prop_assert_eq!(found.len(), left.rows.len() * right.rows.len());
        for ((case, master), codes) in found {
            let l = &left.rows[case as usize];
            let r = right.rows.iter().find(|r| r[0] == master).unwrap();
            let expected: Vec<usize> = (0..5).map(|c| plain.code(c, &l[c + 2], &r[c + 2])).collect();
            prop_assert_eq!(codes, expected, "{:?} {:?}", &l[2..], &r[2..]);
        }
    }

    /// A scorer that gives up early finds what one finds that never does, with joint groups, rare values and sets: also
    /// of the pairs that weigh hardly enough.
    #[test]
    fn giving_up_early_loses_nothing(
        left in list("L", 1..20),
        right in list("R", 1..20),
        hardly in any::<prop::sample::Index>(),
        rare in any::<bool>(),
        threads in 1_usize..4,
    ) {
        let mut all = model(&MODEL.replace("decide:", "joint:\n  - [person, postcode]\n  - [number, street]\ndecide:"));
        all.comparisons[0].term_frequency = rare;
        all.comparisons[4].term_frequency = rare;
        keep_all(&mut all);
        let trained = trained(&all, &[vec![0, 3], vec![1], vec![2, 4]]);
        let full = scored(&all, &trained, &left, &right, 1);
        prop_assert_eq!(full.pairs.len(), left.rows.len() * right.rows.len());
        let mut some = all.clone();
        some.decide.review = 1.0 / (1.0 + (1e-3 - hardly.get(&full.pairs).weight).exp2());
        // What the probability says: beyond some forty bits it tells no thousandth of a bit from the next.
        let floor = (some.decide.review / (1.0 - some.decide.review)).log2();
        let early = scored(&some, &trained, &left, &right, threads);
        let above = full.pairs.iter().filter(|p| p.weight >= floor);
        let above: Vec<_> = above.map(|p| (p.case, &p.master, p.weight.to_bits())).collect();
        let found: Vec<_> = early.pairs.iter().map(|p| (p.case, &p.master, p.weight.to_bits())).collect();
        prop_assert_eq!(found, above);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// However a list is cut and by however many it is read, training and scoring come to what they come to when one
    /// thread reads it in one piece.
    #[test]
    fn a_list_in_parts_is_the_list_in_one(seed in 0_u64..1000, part in 1_usize..700, threads in 1_usize..5) {
        let (left, right, _) = common::two_lists(seed, 400, 2000, 3000);
        let model = model(common::MODEL);
        let run = |right: &common::List, threads| {
            let cases = Cases::read(&model, &left).unwrap();
            let training = train(&model, &cases, right, quiet(threads)).unwrap();
            let found = score(&model, &training.trained, Some(&training), &cases, right, quiet(threads)).unwrap();
            (training.trained, shown(&found), found.looked_at)
        };
        prop_assert_eq!(run(&right.cut(usize::MAX / 2), 1), run(&right.cut(part), threads));
    }
}
