//! Clusters: records that links hold together, under ids that last from one run to the next. Never looks at a value, and
//! never takes a link for a fact.

mod bridge;
mod names;

pub use names::{Changes, Merge, Split};

use std::collections::BTreeMap;
use std::fmt;

use bridge::Graph;

/// Which list a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The case list; in one list held against itself, every record.
    Left,
    /// The master list.
    Right,
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// A record: its list and its handle there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its list.
    pub of: Of,
    /// Its handle.
    pub handle: String,
}

/// A scored pair that is taken for a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The handle on the left.
    pub left: String,
    /// The handle on the right.
    pub right: String,
    /// The pair's weight in bits.
    pub weight: f64,
}

/// Which links hold records together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// All of them: a cluster is a connected component.
    Components,
    /// A link holds where it is the heaviest of both of its records: the mutual best. Of two that weigh the same neither
    /// holds. A second choice never does, though an assignment of all records (Jaro 1989) would weigh more with it: that
    /// another record is better linked elsewhere is no evidence about this one.
    OneToOne,
}

/// The records that one cluster holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its id.
    pub id: String,
    /// Its records, in order.
    pub members: Vec<Member>,
    /// How many of its links are bridges: without one, two or more records fall apart from two or more others.
    pub bridges: u64,
}

/// Clusters, in the order of their first records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// Those of two records and more.
    pub clusters: Vec<Cluster>,
    /// Records whose heaviest links weigh the same, and that are not linked for it.
    pub tied: u64,
    /// Records whose heaviest link is not the other record's, or tied there.
    pub second: u64,
    /// What became of the clusters of an earlier run.
    pub changes: Changes,
}

/// Makes clusters of links. `one_list` says that left and right are one list. `previous` has the clusters of an earlier
/// run: a cluster with the majority of an earlier one's records keeps its id.
pub fn cluster(
    links: &[Link],
    method: Method,
    one_list: bool,
    previous: &BTreeMap<Member, String>,
) -> Clusters {
    let (members, links) = graph(links, one_list);
    let mut found = Clusters::default();
    let held = match method {
        Method::Components => links,
        Method::OneToOne => mutual(members.len(), &links, &mut found),
    };
    let ends = held.iter().map(|(a, b, _)| (*a, *b));
    let groups = Graph::new(members.len(), ends).components();
    let groups = groups.into_iter().filter(|(of, _)| of.len() > 1);
    let member = |n: &usize| members.get(*n).cloned();
    found.clusters = groups
        .map(|(of, bridges)| Cluster {
            id: String::new(),
            members: of.iter().filter_map(member).collect(),
            bridges,
        })
        .collect();
    found.changes = names::give(&mut found.clusters, previous);
    found
}

/// Two records by number, and the weight of their link.
type Edge = (usize, usize, f64);

/// The records in order, and each link once, by their numbers; of two links of one pair the heavier.
fn graph(links: &[Link], one_list: bool) -> (Vec<Member>, Vec<Edge>) {
    let right = if one_list { Of::Left } else { Of::Right };
    let ends = |link: &Link| {
        let member = |of, handle: &String| Member {
            of,
            handle: handle.clone(),
        };
        (member(Of::Left, &link.left), member(right, &link.right))
    };
    let mut members: Vec<Member> = links.iter().map(ends).flat_map(|(a, b)| [a, b]).collect();
    members.sort_unstable();
    members.dedup();
    let mut heaviest = BTreeMap::<(usize, usize), f64>::new();
    for link in links {
        let (a, b) = ends(link);
        let (Ok(a), Ok(b)) = (members.binary_search(&a), members.binary_search(&b)) else {
            continue;
        };
        if a != b {
            let weight = heaviest.entry((a.min(b), a.max(b))).or_insert(link.weight);
            *weight = weight.max(link.weight);
        }
    }
    let edges = heaviest.into_iter().map(|((a, b), weight)| (a, b, weight));
    (members, edges.collect())
}

/// The links that are the heaviest of both of their records, alone.
fn mutual(members: usize, links: &[Edge], found: &mut Clusters) -> Vec<Edge> {
    // By record: the heaviest weight, and how many links have it.
    let mut best = vec![(f64::NEG_INFINITY, 0_u32); members];
    for (a, b, weight) in links {
        for end in [a, b] {
            if let Some((most, times)) = best.get_mut(*end) {
                if weight > most {
                    (*most, *times) = (*weight, 1);
                } else if weight == most {
                    *times += 1;
                }
            }
        }
    }
    let is_best = |end: usize, weight: f64| best.get(end) == Some(&(weight, 1));
    let held: Vec<Edge> = links
        .iter()
        .filter(|(a, b, weight)| is_best(*a, *weight) && is_best(*b, *weight))
        .copied()
        .collect();
    found.tied = best.iter().filter(|(_, times)| *times > 1).count() as u64;
    found.second = members as u64 - found.tied - 2 * held.len() as u64;
    held
}
