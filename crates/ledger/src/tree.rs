//! The RFC 6962 tree: its growing edge, its root, and the paths that prove inclusion and growth.
//!
//! Never holds an entry: it works on leaf hashes. It trusts no path, size or index that it is handed.
//!
//! ```
//! use ledger::{Digest, Frontier, leaf_hash, tree};
//! let leaves: Vec<Digest> = (0..5u8).map(|n| leaf_hash(&[n])).collect();
//! let mut edge = Frontier::new();
//! for leaf in &leaves[..3] {
//!     edge.append(*leaf);
//! }
//! assert_eq!((edge.size(), edge.root()), (3, tree::root(&leaves[..3])));
//! let path = tree::prove_inclusion(&leaves, 4)?;
//! tree::verify_inclusion(&[4], 4, 5, &path, &tree::root(&leaves))?;
//! let growth = tree::prove_growth(&leaves, 3)?;
//! tree::verify_growth(3, &edge.root(), 5, &tree::root(&leaves), &growth)?;
//! # Ok::<(), ledger::PathFault>(())
//! ```

use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof,
    indices_for_inclusion_proof,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::{Digest, node_hash};

/// The largest tree: the sizes that JSON numbers hold exactly (RFC 7493 section 2.2).
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// The right edge of a tree: its size and the roots of its complete subtrees, largest first. Enough to append
/// and to tell the root; some 53 hashes at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Edge")]
pub struct Frontier {
    size: u64,
    edge: Vec<Digest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edge {
    size: u64,
    edge: Vec<Digest>,
}

/// A kept edge that does not fit its size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the tree's edge has {hashes} hashes, which cannot be the edge of {size} entries (SEC-14): rebuild it by \
     appending the leaf hashes in order"
)]
pub struct EdgeFault {
    size: u64,
    hashes: usize,
}

impl TryFrom<Edge> for Frontier {
    type Error = EdgeFault;

    fn try_from(Edge { size, edge }: Edge) -> Result<Self, EdgeFault> {
        if size <= MAX_SIZE && size.count_ones() as usize == edge.len() {
            Ok(Self { size, edge })
        } else {
            Err(EdgeFault {
                size,
                hashes: edge.len(),
            })
        }
    }
}

impl Frontier {
    /// The edge of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash; the roots of the subtrees of 256, 65,536 and so on (256^n) leaves that it
    /// completes, which are what the tiles above the lowest hold.
    pub fn append(&mut self, leaf: Digest) -> Vec<Digest> {
        // Each trailing one bit of the old size is a complete subtree that the new leaf completes to a
        // larger one.
        let (mut node, mut complete) = (leaf, Vec::new());
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                node = node_hash(&left, &node);
            }
            if height % 8 == 0 {
                complete.push(node);
            }
        }
        self.edge.push(node);
        self.size += 1;
        complete
    }

    /// The root: of the empty tree SHA-256 of nothing (RFC 6962 section 2.1).
    pub fn root(&self) -> Digest {
        folded(self.edge.iter())
    }
}

/// The root over subtrees of falling size: of none, SHA-256 of nothing (RFC 6962 section 2.1).
fn folded<'a>(edge: impl DoubleEndedIterator<Item = &'a Digest>) -> Digest {
    let mut from_right = edge.rev();
    match from_right.next() {
        None => Digest::of(b""),
        Some(last) => from_right.fold(*last, |right, left| node_hash(left, &right)),
    }
}

impl Extend<Digest> for Frontier {
    fn extend<I: IntoIterator<Item = Digest>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.append(leaf);
        }
    }
}

/// The root over leaf hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut edge = Frontier::new();
    edge.extend(leaves.iter().copied());
    edge.root()
}

/// Why a path was not made, or does not prove what it was said to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// No such entry.
    #[error("entry {index} is not in a tree of {size} entries: ask for an index below {size}")]
    NoSuchEntry {
        /// The index that was asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// No such older tree.
    #[error(
        "a tree of {older} entries cannot have grown into one of {newer}: give the smaller tree first; it must \
         have at least one entry, and the larger at most 9007199254740991"
    )]
    NoSuchGrowth {
        /// The older size.
        older: u64,
        /// The newer size.
        newer: u64,
    },
    /// The path does not lead from the entry to the root.
    #[error(
        "the path does not lead from entry {index} to the root of the tree of {size} entries (SEC-14): the \
         entry, its index or the path was altered; ask the node for a new proof and compare the entry"
    )]
    NotIncluded {
        /// The index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The path does not join the two roots.
    #[error(
        "the path does not show that the tree of {older} entries grew into the tree of {newer} (SEC-14): the \
         path was altered, or the log was rewritten; keep both checkpoints as evidence and ask a witness"
    )]
    NotGrown {
        /// The older size.
        older: u64,
        /// The newer size.
        newer: u64,
    },
}

/// Hashes that stand side by side in a tree: the roots `from..to` of complete subtrees of 256^`level` leaves each, or the
/// leaf hashes themselves (level 0). [`Frontier::append`] tells the roots as the tree grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// How large the subtrees are.
    pub level: u32,
    /// The first index among those of the level, from 0.
    pub from: u64,
    /// The index after the last.
    pub to: u64,
}

/// Joins the hashes of stretches to the hash of the node that they cover, as they are read.
#[derive(Debug, Default)]
pub struct Joint {
    edge: Vec<(u32, Digest)>,
}

impl Joint {
    /// Takes the next hash, of a stretch of this level.
    pub fn push(&mut self, level: u32, hash: Digest) {
        let (mut height, mut node) = (8 * level, hash);
        while let Some((_, left)) = self.edge.pop_if(|(at, _)| *at == height) {
            node = node_hash(&left, &node);
            height += 1;
        }
        self.edge.push((height, node));
    }

    /// The node's hash; of nothing, the root of the empty tree.
    pub fn hash(&self) -> Digest {
        folded(self.edge.iter().map(|(_, node)| node))
    }
}

/// The stretches that the root of a tree of `size` entries is joined of; some hundreds of hashes at most for each level.
pub fn root_of_stretches(size: u64) -> Vec<Stretch> {
    stretches(0, size)
}

/// For each hash of [`prove_inclusion`], the stretches that it is joined of, so that a path is made without reading the
/// tree.
///
/// # Errors
/// [`PathFault::NoSuchEntry`].
pub fn inclusion_stretches(size: u64, index: u64) -> Result<Vec<Vec<Stretch>>, PathFault> {
    if index >= size || size > MAX_SIZE {
        return Err(PathFault::NoSuchEntry { index, size });
    }
    Ok(each_covered(size, indices_for_inclusion_proof(size, index)))
}

/// For each hash of [`prove_growth`], the stretches that it is joined of.
///
/// # Errors
/// [`PathFault::NoSuchGrowth`].
pub fn growth_stretches(newer: u64, older: u64) -> Result<Vec<Vec<Stretch>>, PathFault> {
    if older == 0 || older > newer || newer > MAX_SIZE {
        return Err(PathFault::NoSuchGrowth { older, newer });
    }
    let nodes = indices_for_consistency_proof(older, newer - older);
    Ok(each_covered(newer, nodes))
}

fn each_covered(size: u64, nodes: Vec<u64>) -> Vec<Vec<Stretch>> {
    nodes
        .into_iter()
        .map(|node| {
            let (first, end) = covered(node, size);
            stretches(first, end)
        })
        .collect()
}

/// The largest subtrees first: a node's leaves begin where the largest subtree that they hold begins.
fn stretches(mut first: u64, end: u64) -> Vec<Stretch> {
    let mut all = Vec::new();
    for level in (0..=MAX_SIZE.ilog2() / 8).rev() {
        let (from, to) = (first.div_ceil(1 << (8 * level)), end >> (8 * level));
        if from < to {
            all.push(Stretch { level, from, to });
            first = to << (8 * level);
        }
    }
    all
}

/// The hashes that lead from entry `index` to the root over `leaves`, from the leaf upwards (RFC 6962 section
/// 2.1.1).
///
/// # Errors
/// [`PathFault::NoSuchEntry`].
pub fn prove_inclusion(leaves: &[Digest], index: u64) -> Result<Vec<Digest>, PathFault> {
    let size = leaves.len() as u64;
    if index >= size || size > MAX_SIZE {
        return Err(PathFault::NoSuchEntry { index, size });
    }
    Ok(nodes(leaves, indices_for_inclusion_proof(size, index)))
}

/// The hashes that show that the tree over all `leaves` grew from the one over the first `older` (RFC 6962
/// section 2.1.2); empty when `older` is all of them.
///
/// # Errors
/// [`PathFault::NoSuchGrowth`].
pub fn prove_growth(leaves: &[Digest], older: u64) -> Result<Vec<Digest>, PathFault> {
    let newer = leaves.len() as u64;
    if older == 0 || older > newer || newer > MAX_SIZE {
        return Err(PathFault::NoSuchGrowth { older, newer });
    }
    Ok(nodes(
        leaves,
        indices_for_consistency_proof(older, newer - older),
    ))
}

fn nodes(leaves: &[Digest], indexes: Vec<u64>) -> Vec<Digest> {
    let hash = |node: u64| {
        let (first, end) = covered(node, leaves.len() as u64);
        root(leaves.get(first as usize..end as usize).unwrap_or_default())
    };
    indexes.into_iter().map(hash).collect()
}

/// The leaves `first..end` under the node with this index, in the numbering of `ct_merkle` (that of RFC 9420 appendix C:
/// a node with k trailing one bits covers 2^k leaves).
fn covered(node: u64, size: u64) -> (u64, u64) {
    let level = node.trailing_ones();
    let first = (node >> (level + 1)) << level;
    (first, (first + (1 << level)).min(size))
}

/// Shows that the leaf with these bytes (not their hash) is entry `index` of the tree of `size` entries with
/// this root.
///
/// # Errors
/// [`PathFault::NotIncluded`], or [`PathFault::NoSuchEntry`] when no path could show it.
pub fn verify_inclusion(
    leaf: &[u8],
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), PathFault> {
    if index >= size || size > MAX_SIZE {
        return Err(PathFault::NoSuchEntry { index, size });
    }
    let proof = InclusionProof::<Sha256>::try_from_bytes(joined(path));
    proof
        .and_then(|proof| root_of(root, size).verify_inclusion(&leaf, index, &proof))
        .map_err(|_| PathFault::NotIncluded { index, size })
}

/// Shows that the tree with the newer root grew from the one with the older root: nothing that was in it
/// changed, moved or went away.
///
/// # Errors
/// [`PathFault::NotGrown`], or [`PathFault::NoSuchGrowth`] when no path could show it.
pub fn verify_growth(
    older: u64,
    older_root: &Digest,
    newer: u64,
    newer_root: &Digest,
    path: &[Digest],
) -> Result<(), PathFault> {
    if older == 0 || older > newer || newer > MAX_SIZE {
        return Err(PathFault::NoSuchGrowth { older, newer });
    }
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(joined(path));
    proof
        .and_then(|proof| {
            root_of(newer_root, newer).verify_consistency(&root_of(older_root, older), &proof)
        })
        .map_err(|_| PathFault::NotGrown { older, newer })
}

fn root_of(root: &Digest, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

fn joined(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}
