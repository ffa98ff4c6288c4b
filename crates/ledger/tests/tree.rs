#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

//! The tree: against the definition of RFC 6962 written plainly, its test vectors and two other libraries.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::{Digest, Frontier, PathFault, leaf_hash, node_hash, tree};
use proptest::prelude::*;
use sha2::Sha256;

/// RFC 6962 section 2.1, as it is written there.
fn mth(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [only] => leaf_hash(only),
        more => {
            let (left, right) = more.split_at(k(more.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// RFC 6962 section 2.1.1: PATH(m, D[n]).
fn path(m: usize, d: &[Vec<u8>]) -> Vec<Digest> {
    if d.len() == 1 {
        return Vec::new();
    }
    let (left, right) = d.split_at(k(d.len()));
    let (mut inner, outer) = if m < left.len() {
        (path(m, left), mth(right))
    } else {
        (path(m - left.len(), right), mth(left))
    };
    inner.push(outer);
    inner
}

/// RFC 6962 section 2.1.2: SUBPROOF(m, D[n], b).
fn subproof(m: usize, d: &[Vec<u8>], b: bool) -> Vec<Digest> {
    if m == d.len() {
        return if b { Vec::new() } else { vec![mth(d)] };
    }
    let (left, right) = d.split_at(k(d.len()));
    let (mut inner, outer) = if m <= left.len() {
        (subproof(m, left, b), mth(right))
    } else {
        (subproof(m - left.len(), right, false), mth(left))
    };
    inner.push(outer);
    inner
}

fn hashes(leaves: &[Vec<u8>]) -> Vec<Digest> {
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

/// What `tlog_tiles` says of the same leaves.
mod other {
    use ledger::Digest;
    use tlog_tiles::{Error, Hash, HashReader};

    pub(super) struct Hashes(Vec<Hash>);

    impl HashReader for &Hashes {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
            Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
        }
    }

    impl Hashes {
        pub(super) fn of(leaves: &[Vec<u8>]) -> Self {
            let mut all = Self(Vec::new());
            for (n, leaf) in leaves.iter().enumerate() {
                let more = tlog_tiles::stored_hashes(n as u64, leaf, &&all).unwrap();
                all.0.extend(more);
            }
            all
        }
        pub(super) fn root(&self, size: usize) -> Digest {
            Digest(tlog_tiles::tree_hash(size as u64, &self).unwrap().0)
        }
        pub(super) fn inclusion(&self, size: usize, index: usize) -> Vec<Digest> {
            let proof = tlog_tiles::prove_record(size as u64, index as u64, &self).unwrap();
            proof.iter().map(|hash| Digest(hash.0)).collect()
        }
        pub(super) fn growth(&self, newer: usize, older: usize) -> Vec<Digest> {
            let proof = tlog_tiles::prove_tree(newer as u64, older as u64, &self).unwrap();
            proof.iter().map(|hash| Digest(hash.0)).collect()
        }
    }
}

/// Everything that can be said of these leaves, by every account.
#[track_caller]
fn check(leaves: &[Vec<u8>]) {
    let all = hashes(leaves);
    let tlog = other::Hashes::of(leaves);
    let mut edge = Frontier::new();
    let mut ct = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (n, leaf) in leaves.iter().enumerate() {
        assert_eq!(edge.root(), mth(&leaves[..n]));
        edge.append(all[n]);
        ct.push(leaf.clone());
    }
    let root = edge.root();
    assert_eq!((edge.size(), root), (leaves.len() as u64, mth(leaves)));
    assert_eq!(root.0[..], ct.root().as_bytes()[..]);
    assert_eq!(root, tree::root(&all));
    if leaves.is_empty() {
        return;
    }
    assert_eq!(root, tlog.root(leaves.len()));
    let size = leaves.len() as u64;
    for (n, leaf) in leaves.iter().enumerate() {
        let proof = tree::prove_inclusion(&all, n as u64).unwrap();
        assert_eq!(proof, path(n, leaves));
        assert_eq!(proof, tlog.inclusion(leaves.len(), n));
        tree::verify_inclusion(leaf, n as u64, size, &proof, &root).unwrap();
        let older = n + 1;
        let growth = tree::prove_growth(&all, older as u64).unwrap();
        assert_eq!(growth, subproof(older, leaves, true));
        if older < leaves.len() {
            assert_eq!(growth, tlog.growth(leaves.len(), older));
        }
        tree::verify_growth(older as u64, &mth(&leaves[..older]), size, &root, &growth).unwrap();
    }
}

#[test]
fn every_account_agrees_on_every_small_tree() {
    for size in 0..=40u8 {
        check(
            &(0..size)
                .map(|n| vec![n; usize::from(n % 5)])
                .collect::<Vec<_>>(),
        );
    }
}

/// The vectors of the certificate-transparency project's own tests.
#[test]
fn the_vectors_of_certificate_transparency_hold() {
    let leaves: Vec<Vec<u8>> = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .iter()
    .map(|leaf| hex::decode(leaf).unwrap())
    .collect();
    let all = hashes(&leaves);
    let parsed = |texts: &[&str]| {
        texts
            .iter()
            .map(|t| t.parse().unwrap())
            .collect::<Vec<Digest>>()
    };
    let roots = parsed(&[
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]);
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(tree::root(&all[..size]), *root, "size {size}");
    }
    let [a, b, c, d, e, f] = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    ];
    let (two, four) = (&roots[2].to_string(), &roots[4].to_string());
    for (size, index, expect) in [
        (1, 0, vec![]),
        (8, 0, vec![a, b, c]),
        (8, 5, vec![d, e, four]),
        (3, 2, vec![two]),
    ] {
        assert_eq!(
            tree::prove_inclusion(&all[..size], index).unwrap(),
            parsed(&expect)
        );
    }
    for (older, newer, expect) in [
        (1, 1, vec![]),
        (1, 8, vec![a, b, c]),
        (6, 8, vec![f, e, four]),
        (2, 5, vec![b, d]),
    ] {
        assert_eq!(
            tree::prove_growth(&all[..newer], older).unwrap(),
            parsed(&expect)
        );
    }
    check(&leaves);
}

#[test]
fn what_cannot_be_is_refused_before_any_hashing() {
    let leaves = hashes(&[vec![1], vec![2], vec![3]]);
    let root = tree::root(&leaves);
    let no_entry = |index, size| Err(PathFault::NoSuchEntry { index, size });
    assert_eq!(
        tree::prove_inclusion(&leaves, 3),
        no_entry(3, 3).map(|()| vec![])
    );
    assert_eq!(
        tree::prove_inclusion(&[], 0),
        no_entry(0, 0).map(|()| vec![])
    );
    assert_eq!(
        tree::verify_inclusion(b"", 0, 0, &[], &root),
        no_entry(0, 0)
    );
    assert_eq!(
        tree::verify_inclusion(b"", u64::MAX - 1, u64::MAX, &[], &root),
        no_entry(u64::MAX - 1, u64::MAX)
    );
    for (older, newer) in [(0, 3), (4, 3), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        let fault = Err(PathFault::NoSuchGrowth { older, newer });
        assert_eq!(tree::verify_growth(older, &root, newer, &root, &[]), fault);
    }
    let other = tree::root(&leaves[..2]);
    assert!(tree::verify_growth(3, &root, 3, &root, &[]).is_ok());
    assert!(tree::verify_growth(3, &other, 3, &root, &[]).is_err());
}

#[test]
fn a_kept_edge_must_fit_its_size() {
    let mut edge = Frontier::new();
    edge.extend(hashes(&[vec![1], vec![2], vec![3]]));
    let json = serde_json::to_string(&edge).unwrap();
    assert_eq!(serde_json::from_str::<Frontier>(&json).unwrap(), edge);
    for (was, is) in [
        ("\"size\":3", "\"size\":4"),
        ("\"size\":3", "\"size\":18446744073709551615"),
        ("{", "{\"x\":1,"),
    ] {
        assert!(serde_json::from_str::<Frontier>(&json.replacen(was, is, 1)).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_account_agrees(leaves in proptest::collection::vec(any::<Vec<u8>>(), 0..90)) {
        check(&leaves);
    }

    #[test]
    fn a_changed_bit_fails(
        leaves in proptest::collection::vec(any::<[u8; 4]>(), 2..70),
        pick in any::<proptest::sample::Index>(),
        bit in any::<proptest::sample::Index>(),
    ) {
        let leaves: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
        let (all, size) = (hashes(&leaves), leaves.len() as u64);
        let root = tree::root(&all);
        let n = pick.index(leaves.len());
        let flip = |bytes: &mut [u8]| {
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        };
        let proof = tree::prove_inclusion(&all, n as u64).unwrap();
        let mut leaf = leaves[n].clone();
        flip(&mut leaf);
        prop_assert!(tree::verify_inclusion(&leaf, n as u64, size, &proof, &root).is_err());
        let mut bad_root = root;
        flip(&mut bad_root.0);
        prop_assert!(tree::verify_inclusion(&leaves[n], n as u64, size, &proof, &bad_root).is_err());
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            flip(&mut bad[at].0);
            prop_assert!(tree::verify_inclusion(&leaves[n], n as u64, size, &bad, &root).is_err());
        }
        prop_assert!(tree::verify_inclusion(&leaves[n], n as u64, size, &proof[1..], &root).is_err());
        let longer = [&proof[..], &[root]].concat();
        prop_assert!(tree::verify_inclusion(&leaves[n], n as u64, size, &longer, &root).is_err());

        let older = n.max(1);
        let old_root = tree::root(&all[..older]);
        let growth = tree::prove_growth(&all, older as u64).unwrap();
        let verify = |old_root: &Digest, root: &Digest, growth: &[Digest]| {
            tree::verify_growth(older as u64, old_root, size, root, growth)
        };
        prop_assert!(verify(&old_root, &root, &growth).is_ok());
        prop_assert!(verify(&old_root, &bad_root, &growth).is_err());
        let mut bad_old = old_root;
        flip(&mut bad_old.0);
        prop_assert!(verify(&bad_old, &root, &growth).is_err());
        for at in 0..growth.len() {
            let mut bad = growth.clone();
            flip(&mut bad[at].0);
            prop_assert!(verify(&old_root, &root, &bad).is_err());
        }
        prop_assert!(verify(&old_root, &root, &growth[1..]).is_err());
    }

    #[test]
    fn no_proof_makes_verification_panic(
        leaf in any::<Vec<u8>>(), a in any::<u64>(), b in any::<u64>(),
        path in proptest::collection::vec(any::<[u8; 32]>().prop_map(Digest), 0..70),
    ) {
        let root = Digest::of(&leaf);
        let _ = tree::verify_inclusion(&leaf, a, b, &path, &root);
        let _ = tree::verify_inclusion(&leaf, a % 100, 1 + b % 100, &path, &root);
        let _ = tree::verify_growth(a, &root, b, &root, &path);
        let _ = tree::verify_growth(1 + a % 100, &root, 1 + b % 100, &root, &path);
    }
}

/// The roots that a store keeps of a growing tree: by level, in order; level 0 has the leaf hashes.
fn kept(leaves: &[Digest]) -> Vec<Vec<Digest>> {
    let (mut edge, mut levels) = (Frontier::new(), vec![Vec::new()]);
    for leaf in leaves {
        levels[0].push(*leaf);
        for (at, root) in (1..).zip(edge.append(*leaf)) {
            if levels.len() == at {
                levels.push(Vec::new());
            }
            levels[at].push(root);
        }
    }
    levels
}

/// The hashes of nodes, and how many kept hashes were read for them.
fn joined(levels: &[Vec<Digest>], nodes: &[Vec<tree::Stretch>]) -> (Vec<Digest>, usize) {
    let mut read = 0;
    let one = |stretches: &Vec<tree::Stretch>| {
        let mut joint = tree::Joint::default();
        for s in stretches {
            for hash in &levels[s.level as usize][s.from as usize..s.to as usize] {
                read += 1;
                joint.push(s.level, *hash);
            }
        }
        joint.hash()
    };
    let path = nodes.iter().map(one).collect();
    (path, read)
}

#[track_caller]
fn same_paths(size: usize, index: usize) {
    let leaves: Vec<Digest> = (0..size as u64)
        .map(|n| leaf_hash(&n.to_be_bytes()))
        .collect();
    let levels = kept(&leaves);
    let nodes = tree::inclusion_stretches(size as u64, index as u64).unwrap();
    let (path, read) = joined(&levels, &nodes);
    assert_eq!(path, tree::prove_inclusion(&leaves, index as u64).unwrap());
    assert!(read <= 1_024, "{read} hashes for entry {index} of {size}");

    let older = index as u64 + 1;
    let nodes = tree::growth_stretches(size as u64, older).unwrap();
    let (path, read) = joined(&levels, &nodes);
    assert_eq!(path, tree::prove_growth(&leaves, older).unwrap());
    assert!(read <= 1_024, "{read} hashes from {older} to {size}");

    let (root, _) = joined(&levels, &[tree::root_of_stretches(size as u64)]);
    assert_eq!(root, [tree::root(&leaves)]);
}

#[test]
fn paths_of_kept_roots_are_those_of_all_leaves_at_the_edges() {
    for (size, index) in [
        (1, 0),
        (255, 254),
        (256, 0),
        (257, 256),
        (512, 255),
        (65_536, 65_535),
        (65_537, 65_536),
        (66_049, 300),
        (70_000, 65_535),
    ] {
        same_paths(size, index);
    }
    assert!(tree::inclusion_stretches(5, 5).is_err());
    assert!(tree::growth_stretches(5, 6).is_err() && tree::growth_stretches(5, 0).is_err());
}

proptest! {
    #[test]
    fn paths_of_kept_roots_are_those_of_all_leaves(
        size in 1usize..3_000, pick in any::<proptest::sample::Index>(),
    ) {
        same_paths(size, pick.index(size));
    }
}
