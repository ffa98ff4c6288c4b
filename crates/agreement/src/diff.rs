//! What a change of an agreement changes: permits given and taken away, clauses and parts changed, and who must
//! sign again (AGR-14). Two texts that differ in layout alone differ in nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::ids::{AgreementHash, PermitId, SignerId};
use crate::permit::Permit;
use crate::plan::Plan;
use crate::render::{Clause, Memo};

/// How two versions of an agreement differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The hashes of what is signed, before and after.
    pub hashes: [AgreementHash; 2],
    /// The permits that only the new version has.
    pub given: Vec<Permit>,
    /// The permits that only the old version has.
    pub taken: Vec<Permit>,
    /// The permits that both have, and what of them differs.
    pub altered: BTreeMap<PermitId, Vec<String>>,
    /// The clauses of the memorandum that differ.
    pub clauses: Vec<ClauseChange>,
    /// The parts of what is signed that differ.
    pub parts: Vec<PartChange>,
    /// Was the new version checked against other law, or does it stand under another umbrella or register?
    pub beside: Vec<String>,
    /// Does the annex differ, which nobody signs?
    pub annex: bool,
    /// Who must sign the new version; empty where what is signed is the same.
    pub sign_again: Vec<SignerId>,
    /// Who signs no longer.
    pub signs_no_longer: Vec<SignerId>,
}

/// How a clause differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// A clause that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseChange {
    /// How.
    pub how: How,
    /// Its number, in the new version where it is there.
    pub number: String,
    /// The path of the part that it prints.
    pub id: String,
    /// Its heading.
    pub heading: String,
}

/// A part that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartChange {
    /// Its path, such as `flows.ask.volume`.
    pub path: String,
    /// What stood there.
    pub was: Option<Json>,
    /// What stands there.
    pub is: Option<Json>,
}

/// Compares two versions, each its plan and its memorandum.
pub fn diff(old: (&Plan, &Memo), new: (&Plan, &Memo)) -> Change {
    let (old_plan, new_plan) = (old.0, new.0);
    let only = |these: &Plan, those: &Plan| -> Vec<Permit> {
        these
            .permits()
            .iter()
            .filter(|p| those.permits().get(&p.id).is_none())
            .cloned()
            .collect()
    };
    let resigned = old_plan.hash() != new_plan.hash();
    let signers = |plan: &Plan| plan.signers.keys().cloned().collect::<BTreeSet<SignerId>>();
    let (was, is) = (signers(old_plan), signers(new_plan));
    let (parts, beside) = parts(old_plan, new_plan);
    Change {
        hashes: [old_plan.hash(), new_plan.hash()],
        given: only(new_plan, old_plan),
        taken: only(old_plan, new_plan),
        altered: altered(old_plan, new_plan),
        clauses: clauses(old.1, new.1),
        parts,
        beside,
        annex: old_plan.annex_hash != new_plan.annex_hash,
        signs_no_longer: was.difference(&is).cloned().collect(),
        sign_again: if resigned {
            is.into_iter().collect()
        } else {
            Vec::new()
        },
    }
}

fn altered(old: &Plan, new: &Plan) -> BTreeMap<PermitId, Vec<String>> {
    let both = new
        .permits()
        .iter()
        .filter_map(|p| Some((old.permits().get(&p.id)?, p)));
    both.map(|(was, is)| (is.id.clone(), differing(was, is)))
        .filter(|(_, names)| !names.is_empty())
        .collect()
}

/// The names of what two permits differ in.
fn differing(was: &Permit, is: &Permit) -> Vec<String> {
    let parts = |permit: &Permit| match serde_json::to_value(permit) {
        Ok(Json::Object(parts)) => parts,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (was, is) = (parts(was), parts(is));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .filter(|n| was.get(*n) != is.get(*n))
        .cloned()
        .collect()
}

/// The clause that prints the hash of what is signed differs with anything else and says nothing itself.
const HASH_CLAUSE: &str = "hash";

fn clauses(old: &Memo, new: &Memo) -> Vec<ClauseChange> {
    fn by_id(memo: &Memo) -> BTreeMap<(usize, &str), &Clause> {
        let all = memo.sections.iter().flat_map(|s| {
            s.clauses
                .iter()
                .map(move |c| ((s.number, c.id.as_str()), c))
        });
        all.filter(|(_, c)| c.id != HASH_CLAUSE).collect()
    }
    let (was, is) = (by_id(old), by_id(new));
    let ids: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let change = |how, clause: &Clause| ClauseChange {
        how,
        number: clause.number.clone(),
        id: clause.id.clone(),
        heading: clause.heading.clone(),
    };
    ids.into_iter()
        .filter_map(|id| match (was.get(id), is.get(id)) {
            (Some(was), Some(is)) if was.blocks == is.blocks && was.heading == is.heading => None,
            (Some(_), Some(is)) => Some(change(How::Changed, is)),
            (None, Some(is)) => Some(change(How::Added, is)),
            (Some(was), None) => Some(change(How::Removed, was)),
            (None, None) => None,
        })
        .collect()
}

/// The parts of the canonical texts that differ, and the names of what stands beside the agreement and differs.
fn parts(old: &Plan, new: &Plan) -> (Vec<PartChange>, Vec<String>) {
    let read = |plan: &Plan| serde_json::from_str::<Json>(plan.canonical()).unwrap_or_default();
    let (was, is) = (read(old), read(new));
    let mut out = Vec::new();
    compare(
        String::new(),
        was.get("agreement"),
        is.get("agreement"),
        &mut out,
    );
    let beside = ["schema", "law", "umbrellas", "registers"]
        .into_iter()
        .filter(|n| was.get(n) != is.get(n));
    (out, beside.map(str::to_owned).collect())
}

fn compare(path: String, was: Option<&Json>, is: Option<&Json>, out: &mut Vec<PartChange>) {
    let mut told = |was: Option<&Json>, is: Option<&Json>| {
        out.push(PartChange {
            path: path.clone(),
            was: was.cloned(),
            is: is.cloned(),
        });
    };
    match (was, is) {
        (was, is) if was == is => {}
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                compare(below, a.get(key), b.get(key), out);
            }
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) => {
            let gone: Vec<&Json> = a.iter().filter(|x| !b.contains(x)).collect();
            let new: Vec<&Json> = b.iter().filter(|x| !a.contains(x)).collect();
            if gone.is_empty() && new.is_empty() {
                told(was, is);
            }
            gone.into_iter().for_each(|x| told(Some(x), None));
            new.into_iter().for_each(|x| told(None, Some(x)));
        }
        (was, is) => told(was, is),
    }
}
