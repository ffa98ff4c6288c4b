//! Clusters against the plain way of making them, and ids over several runs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use linkage::{Clusters, Link, Member, Merge, Method, Of, Split, cluster};
use proptest::prelude::*;

fn links(pairs: &[(&str, &str, f64)]) -> Vec<Link> {
    let link = |(left, right, weight): &(&str, &str, f64)| Link {
        left: (*left).into(),
        right: (*right).into(),
        weight: *weight,
    };
    pairs.iter().map(link).collect()
}

fn handles(found: &Clusters) -> Vec<Vec<&str>> {
    let clusters = found.clusters.iter();
    clusters
        .map(|c| c.members.iter().map(|m| m.handle.as_str()).collect())
        .collect()
}

fn once(links: &[Link], method: Method) -> Clusters {
    cluster(links, method, false, &BTreeMap::new())
}

/// The clusters of a run, as the next one reads them.
fn kept(found: &Clusters) -> BTreeMap<Member, String> {
    let clusters = found.clusters.iter();
    clusters
        .flat_map(|c| c.members.iter().map(|m| (m.clone(), c.id.clone())))
        .collect()
}

/// A second choice is no link, and of two that weigh the same neither is.
#[test]
fn only_the_mutual_best_is_one_to_one() {
    // Both seconds together weigh more than the best: an assignment would take them.
    let found = once(
        &links(&[("a", "x", 20.0), ("a", "y", 19.0), ("b", "x", 19.0)]),
        Method::OneToOne,
    );
    assert_eq!(handles(&found), [["a", "x"]]);
    assert_eq!((found.tied, found.second), (0, 2));
    let tied = links(&[("a", "x", 20.0), ("b", "x", 20.0), ("b", "y", 12.0)]);
    let found = once(&tied, Method::OneToOne);
    assert!(found.clusters.is_empty());
    assert_eq!((found.tied, found.second), (1, 3));
    assert_eq!(
        handles(&once(&tied, Method::Components)),
        [["a", "b", "x", "y"]]
    );
}

/// Left and right are two lists whose handles may be the same, or one list.
#[test]
fn one_list_is_not_two() {
    let pairs = links(&[("1", "2", 9.0), ("2", "1", 9.0), ("2", "3", 9.0)]);
    assert_eq!(
        handles(&once(&pairs, Method::Components)),
        [vec!["1", "2"], vec!["2", "1", "3"]]
    );
    let one = cluster(&pairs, Method::Components, true, &BTreeMap::new());
    assert_eq!(handles(&one), [["1", "2", "3"]]);
    assert!(one.clusters[0].members.iter().all(|m| m.of == Of::Left));
}

/// The majority of an earlier cluster keeps its id; what was split or merged is told.
#[test]
fn ids_last_and_splits_and_merges_are_told() {
    let first = links(&[
        ("a", "u", 9.0),
        ("a", "v", 9.0),
        ("b", "v", 9.0),
        ("c", "w", 9.0),
    ]);
    let one = once(&first, Method::Components);
    assert_eq!(handles(&one), [vec!["a", "b", "u", "v"], vec!["c", "w"]]);
    assert_eq!((one.changes.new, one.changes.kept), (2, 0));
    let (abuv, cw) = (one.clusters[0].id.clone(), one.clusters[1].id.clone());
    // The same again, and with one more cluster before them.
    let again = cluster(&first, Method::Components, false, &kept(&one));
    assert_eq!(again.clusters, one.clusters);
    assert_eq!(
        (
            again.changes.kept,
            again.changes.merged.len(),
            again.changes.split.len()
        ),
        (2, 0, 0)
    );
    // The first record, of whose handle the id was made, leaves with another: the majority keeps the id, and the part
    // that leaves has one that nobody had.
    let second = links(&[
        ("a", "z", 9.0),
        ("b", "u", 9.0),
        ("b", "v", 9.0),
        ("c", "w", 9.0),
    ]);
    let two = cluster(&second, Method::Components, false, &kept(&one));
    assert_eq!(
        handles(&two),
        [vec!["a", "z"], vec!["b", "u", "v"], vec!["c", "w"]]
    );
    let az = two.clusters[0].id.clone();
    assert_eq!([&two.clusters[1].id, &two.clusters[2].id], [&abuv, &cw]);
    assert!(az != abuv && az != cw);
    let split = Split {
        id: abuv.clone(),
        into: vec![az.clone(), abuv.clone()],
        loose: 0,
    };
    assert_eq!(two.changes.split, [split]);
    assert!(two.changes.merged.is_empty());
    // The first two are one, and the third is none any more.
    let third = links(&[
        ("a", "z", 9.0),
        ("a", "v", 9.0),
        ("b", "u", 9.0),
        ("b", "v", 9.0),
    ]);
    let three = cluster(&third, Method::Components, false, &kept(&two));
    assert_eq!(three.clusters[0].id, abuv);
    let mut from = vec![az, abuv.clone()];
    from.sort();
    assert_eq!(three.changes.merged, [Merge { id: abuv, from }]);
    let gone = Split {
        id: cw,
        into: Vec::new(),
        loose: 2,
    };
    assert_eq!(three.changes.split, [gone]);
}

/// Half of an earlier cluster is no majority: neither half keeps the id.
#[test]
fn of_two_halves_neither_keeps_the_id() {
    let one = once(
        &links(&[("a", "u", 9.0), ("b", "u", 9.0), ("b", "v", 9.0)]),
        Method::Components,
    );
    let halves = links(&[("a", "u", 9.0), ("b", "v", 9.0)]);
    let two = cluster(&halves, Method::Components, false, &kept(&one));
    assert_eq!(two.changes.new, 2);
    assert!(two.clusters.iter().all(|c| c.id != one.clusters[0].id));
    assert_eq!(two.changes.split[0].into.len(), 2);
}

/// The links of a seed, between few records, so that they meet.
fn some() -> impl Strategy<Value = Vec<Link>> {
    let link = (0_u8..9, 0_u8..9, 0_u8..6).prop_map(|(l, r, w)| Link {
        left: format!("l{l}"),
        right: format!("r{r}"),
        weight: f64::from(w),
    });
    prop::collection::vec(link, 0..14)
}

type Ends = BTreeSet<(String, String)>;

/// Components by handing on the smallest record until nothing changes.
fn plain(links: &Ends, without: Option<&(String, String)>) -> BTreeMap<String, String> {
    let all = links.iter().flat_map(|(a, b)| [a, b]);
    let mut of: BTreeMap<String, String> = all.map(|r| (r.clone(), r.clone())).collect();
    for _ in 0..of.len() {
        for (a, b) in links.iter().filter(|l| Some(*l) != without) {
            let least = of[a].clone().min(of[b].clone());
            of.insert(a.clone(), least.clone());
            of.insert(b.clone(), least);
        }
    }
    of
}

fn sizes(of: &BTreeMap<String, String>) -> BTreeMap<&str, usize> {
    let mut sizes = BTreeMap::<&str, usize>::new();
    of.values()
        .for_each(|id| *sizes.entry(id).or_default() += 1);
    sizes
}

proptest! {
    /// Components and bridges are what taking each link away shows.
    #[test]
    fn components_are_the_plain_ones(links in some()) {
        let ends: Ends = links.iter().map(|l| (l.left.clone(), l.right.clone())).collect();
        let of = plain(&ends, None);
        let found = once(&links, Method::Components);
        let mut seen = 0;
        for cluster in &found.clusters {
            let first = &of[&cluster.members[0].handle];
            prop_assert!(cluster.members.iter().all(|m| of[&m.handle] == *first));
            prop_assert_eq!(cluster.members.len(), sizes(&of)[first.as_str()]);
            seen += cluster.members.len();
            let bridges = ends.iter().filter(|end| {
                let apart = plain(&ends, Some(end));
                let sizes = sizes(&apart);
                let (one, other) = (&apart[&end.0], &apart[&end.1]);
                of[&end.0] == *first && one != other && sizes[one.as_str()] > 1 && sizes[other.as_str()] > 1
            });
            prop_assert_eq!(cluster.bridges, bridges.count() as u64);
        }
        prop_assert_eq!(seen, of.len());
    }

    /// A pair is linked where no other link of either record weighs as much.
    #[test]
    fn the_mutual_best_is_the_plain_one(links in some()) {
        let found = once(&links, Method::OneToOne);
        let best = links.iter().filter(|l| {
            links.iter().all(|o| {
                let same = (o.left == l.left, o.right == l.right);
                match same {
                    (true, true) | (false, false) => o.weight <= l.weight || same == (false, false),
                    (true, false) | (false, true) => o.weight < l.weight,
                }
            })
        });
        let best: BTreeSet<Vec<&str>> = best.map(|l| vec![l.left.as_str(), l.right.as_str()]).collect();
        let found: BTreeSet<Vec<&str>> = handles(&found).into_iter().collect();
        prop_assert_eq!(found, best);
    }

    /// Ids are each cluster's own, the order of links does not matter, and the same run again keeps every id.
    #[test]
    fn ids_are_unlike_and_last(one in some(), two in some()) {
        let first = once(&one, Method::Components);
        let mut turned = one.clone();
        turned.reverse();
        prop_assert_eq!(&once(&turned, Method::Components), &first);
        let next = cluster(&two, Method::Components, false, &kept(&first));
        let ids: BTreeSet<&str> = next.clusters.iter().map(|c| c.id.as_str()).collect();
        prop_assert_eq!(ids.len(), next.clusters.len());
        let again = cluster(&two, Method::Components, false, &kept(&next));
        prop_assert_eq!(&again.clusters, &next.clusters);
        prop_assert_eq!(again.changes.new + again.changes.split.len() as u64, 0);
    }
}
