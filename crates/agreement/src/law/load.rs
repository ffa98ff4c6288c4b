//! Reads the files of the law catalogue.

use std::collections::BTreeMap;

use crate::ids::{BodyId, GatewayId, LegalPurpose, Name};
use crate::law::{Body, Gateway, Law, LawFault, Way, Who};
use crate::permit::{Dates, Scope};
use crate::read::{At, Block, Log, date, list_of_names, named, several, text, word};
use crate::rules::{SHAPE, TWICE, UNDECLARED, WORD};
use crate::tree::{Node, Value, parse};
use crate::value::NATIONS;

pub(super) fn load(texts: &[(&str, &str)]) -> Result<Law, LawFault> {
    let mut law = Law::default();
    let mut faults = Vec::new();
    let mut later = Vec::new();
    for (file, content) in texts {
        let log = Log::new(file);
        match crate::text::read(content.as_bytes()).and_then(parse) {
            Err(bad) => {
                log.fault(bad.rule, bad.span, bad.message);
            }
            Ok((root, twice)) => {
                for bad in twice {
                    log.fault(bad.rule, bad.span, bad.message);
                }
                read_file(&root, &log, &mut law);
                later.push((root, log));
                continue;
            }
        }
        faults.extend(log.into_diagnostics());
    }
    // Names refer across files, so they are resolved when all files are read.
    for (root, log) in later {
        resolve(&root, &log, &law);
        faults.extend(log.into_diagnostics());
    }
    if faults.is_empty() {
        Ok(law)
    } else {
        Err(LawFault(faults))
    }
}

fn read_file(root: &Node, log: &Log, law: &mut Law) {
    let Some(mut file) = Block::open(root, log, "a file of the law catalogue") else {
        return;
    };
    if let Some(node) = file.get("kinds") {
        let kinds: BTreeMap<BodyId, String> = titles(node, log, "kinds");
        merge(
            &mut law.kinds,
            kinds.into_iter().map(|(k, v)| (k.to_string(), v)),
            node,
            log,
        );
    }
    if let Some(node) = file.get("bodies") {
        let bodies = named(node, log, "bodies", |_: &BodyId, _, node| {
            let mut block = Block::open(node, log, "a body")?;
            let title = block
                .need(log, "title")
                .and_then(|n| text(n, log, "a title"));
            let kind = block.need(log, "kind").and_then(|n| text(n, log, "a kind"));
            block.close(log, &[]);
            Some(Body {
                title: title?.value,
                kind: kind?.value,
            })
        });
        merge(&mut law.bodies, bodies, node, log);
    }
    if let Some(node) = file.get("purposes") {
        merge(&mut law.purposes, titles(node, log, "purposes"), node, log);
    }
    if let Some(node) = file.get("regimes") {
        let regimes: BTreeMap<BodyId, String> = titles(node, log, "regimes");
        merge(
            &mut law.regimes,
            regimes.into_iter().map(|(k, v)| (k.to_string(), v)),
            node,
            log,
        );
    }
    if let Some(node) = file.get("gateways") {
        let gateways = named(node, log, "gateways", |_: &GatewayId, _, node| {
            gateway(node, log)
        });
        merge(&mut law.gateways, gateways, node, log);
    }
    file.close(log, &[]);
}

fn titles<K: Name>(node: &Node, log: &Log, what: &str) -> BTreeMap<K, String> {
    named(node, log, what, |_, _, node| {
        Some(text(node, log, "what it is")?.value)
    })
}

fn merge<K: Ord, V>(
    into: &mut BTreeMap<K, V>,
    from: impl IntoIterator<Item = (K, V)>,
    node: &Node,
    log: &Log,
) {
    for (key, value) in from {
        if into.insert(key, value).is_some() {
            log.fault(
                TWICE,
                node.span,
                "a name of this block stands in another file of the catalogue too",
            );
        }
    }
}

fn texts(node: Option<&Node>, log: &Log, what: &str) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    several(node, log, what, |n| text(n, log, what))
        .into_iter()
        .map(|t| t.value)
        .collect()
}

fn gateway(node: &Node, log: &Log) -> Option<Gateway> {
    let mut block = Block::open(node, log, "a gateway")?;
    let cites = block
        .need(log, "cites")
        .and_then(|n| text(n, log, "a citation"));
    let ways = match block.need(log, "ways").map(|n| (n, &n.value)) {
        Some((_, Value::List(items))) => items.iter().filter_map(|n| way(n, log)).collect(),
        Some((node, _)) => {
            log.fault(SHAPE, node.span, "ways must be a list");
            Vec::new()
        }
        None => Vec::new(),
    };
    let nations: Vec<(&'static str, &'static str)> = NATIONS.into_iter().map(|n| (n, n)).collect();
    let territory = match block.get("territory") {
        Some(n) => several(n, log, "territory", |n| {
            word(n, log, "a nation", &nations, &[], WORD)
        }),
        None => NATIONS.into_iter().map(|n| At::new(n, node.span)).collect(),
    };
    let scopes = [("batch", Scope::Batch), ("one-record", Scope::OneRecord)];
    let scope = match block.get("scope") {
        Some(n) => word(n, log, "a scope", &scopes, &[], WORD)?.value,
        None => Scope::Batch,
    };
    let truths = [("true", true), ("false", false)];
    let needs_why = match block.get("needs-why") {
        Some(n) => word(n, log, "needs-why", &truths, &[], WORD)?.value,
        None => false,
    };
    let read_with = texts(block.get("read-with"), log, "read-with");
    let may_be_with = texts(block.get("may-be-with"), log, "may-be-with");
    let conditions = texts(block.get("conditions"), log, "conditions");
    let checks = texts(block.get("checks"), log, "checks");
    let verified_by = block
        .get("verified-by")
        .and_then(|n| text(n, log, "who verified it"));
    let (mut from, mut until) = (None, None);
    if let Some(node) = block.get("effective") {
        let mut days = Block::open(node, log, "effective")?;
        from = days.get("from").and_then(|n| date(n, log, "the first day"));
        until = days.get("until").and_then(|n| date(n, log, "the last day"));
        days.close(log, &[]);
    }
    block.close(log, &[]);
    if let (Some(a), Some(b)) = (&from, &until)
        && !(Dates {
            from: a.value,
            last: b.value,
        })
        .contains(a.value)
    {
        log.fault(WORD, b.span, "the last day is before the first");
    }
    Some(Gateway {
        cites: cites?.value,
        ways,
        territory: territory.into_iter().map(|t| t.value.to_owned()).collect(),
        scope,
        needs_why,
        read_with,
        may_be_with,
        conditions,
        from: from.map(|d| d.value),
        until: until.map(|d| d.value),
        verified_by: verified_by.map(|t| t.value),
        checks,
    })
}

fn way(node: &Node, log: &Log) -> Option<Way> {
    let mut block = Block::open(node, log, "a way")?;
    let from = block.need(log, "from").map(|n| who(n, log));
    let to = block.need(log, "to").map(|n| who(n, log));
    let purposes = block
        .need(log, "purposes")
        .map(|n| list_of_names(n, log, "purposes"));
    let rule = block.get("rule").and_then(|n| text(n, log, "a rule"));
    let (mut bodies, mut kinds) = (Vec::new(), Vec::new());
    if let Some(node) = block.get("except") {
        let mut except = Block::open(node, log, "except")?;
        if let Some(n) = except.get("bodies") {
            bodies = list_of_names(n, log, "bodies");
        }
        kinds = texts(except.get("kinds"), log, "kinds");
        except.close(log, &[]);
    }
    block.close(log, &[]);
    Some(Way {
        from: from?,
        to: to?,
        except_bodies: plain(bodies),
        except_kinds: kinds,
        purposes: plain(purposes?),
        rule: rule.map(|t| t.value),
    })
}

fn plain<T>(list: Vec<At<T>>) -> Vec<T> {
    list.into_iter().map(|at| at.value).collect()
}

fn who(node: &Node, log: &Log) -> Who {
    match &node.value {
        Value::Text { text, .. } if text == "any" => Who::Any,
        Value::Text { .. } | Value::List(_) | Value::Map(_) => {
            Who::Bodies(plain(list_of_names(node, log, "bodies")))
        }
    }
}

/// Every name that the catalogue's parts use is declared in it.
fn resolve(root: &Node, log: &Log, law: &Law) {
    let Value::Map(blocks) = &root.value else {
        return;
    };
    for (key, block) in blocks {
        match key.text.as_str() {
            "bodies" => {
                for kind in law.bodies.values().map(|b| &b.kind) {
                    declared(kind, law.kinds.keys().map(String::as_str), block, log);
                }
            }
            "gateways" => {
                for way in law.gateways.values().flat_map(|g| &g.ways) {
                    let ends = [&way.from, &way.to].into_iter().flat_map(|who| match who {
                        Who::Any => &[][..],
                        Who::Bodies(bodies) => bodies,
                    });
                    for body in ends.chain(&way.except_bodies) {
                        declared(
                            body.as_str(),
                            law.bodies.keys().map(BodyId::as_str),
                            block,
                            log,
                        );
                    }
                    for kind in &way.except_kinds {
                        declared(kind, law.kinds.keys().map(String::as_str), block, log);
                    }
                    for purpose in &way.purposes {
                        declared(
                            purpose.as_str(),
                            law.purposes.keys().map(LegalPurpose::as_str),
                            block,
                            log,
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

fn declared<'a>(word: &str, all: impl Iterator<Item = &'a str> + Clone, node: &Node, log: &Log) {
    if !all.clone().any(|known| known == word) {
        log.fault(
            UNDECLARED,
            node.span,
            format!("`{word}` is not declared in the catalogue"),
        )
        .maybe(log.did_you_mean(word, all));
    }
}
