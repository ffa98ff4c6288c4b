//! Reads what the evidence amounts to.

use document::{Key, Node, Value, cut};

use super::levels::Compared;
use super::reader::{At, Reader};
use crate::model::rules::{DECIDE, TWICE, UNDECLARED};
use crate::model::{Decide, Documented};

/// The most candidates that may be kept for a case.
const MOST_KEPT: usize = 100;

/// The largest margin, in bits.
const LARGEST_MARGIN: f64 = 100.0;

impl Default for Decide {
    /// What holds where a model's file says nothing: no pair is strong.
    fn default() -> Self {
        Self {
            link: 0.99,
            review: 0.5,
            margin: 3.0,
            keep: 10,
            one_to_one: false,
            strong: Vec::new(),
        }
    }
}

impl Reader {
    pub(super) fn decide(&self, node: &Node, all: &[Compared]) -> Option<Decide> {
        let keys = ["link", "review", "margin", "keep", "one-to-one", "strong"];
        let block = self.block(node, "`decide`", &keys)?;
        let usual = Decide::default();
        let probability = |key: &str, usual: f64| match block.may(key) {
            Some(node) => self.probability(node, &format!("`{key}`")),
            None => Some(usual),
        };
        let link = probability("link", usual.link);
        let review = probability("review", usual.review);
        let place = block.may("review").or(block.may("link"));
        if let (Some(link), Some(review), Some(node)) = (link, review, place)
            && review >= link
        {
            let message = format!("`review` is {review} and must be below `link`, which is {link}");
            self.fault(DECIDE, node.span, message);
        }
        let margin = match block.may("margin") {
            Some(node) => {
                let such_as = "a number of bits from 0 to 100, as 3 or 2.5";
                self.decimal(node, "`margin`", |n| n <= LARGEST_MARGIN, such_as)
            }
            None => Some(usual.margin),
        };
        let keep = match block.may("keep") {
            Some(node) => self.whole(node, "`keep`", 1, MOST_KEPT),
            None => Some(usual.keep),
        };
        let one_to_one = match block.may("one-to-one") {
            Some(node) => self.truth(node, "`one-to-one`"),
            None => Some(usual.one_to_one),
        };
        let strong = match block.may("strong") {
            Some(node) => self.strong(node, all),
            None => Some(usual.strong),
        };
        Some(Decide {
            link: link?,
            review: review?,
            margin: margin?,
            keep: keep?,
            one_to_one: one_to_one?,
            strong: strong?,
        })
    }

    /// What a test must show.
    pub(super) fn documented(&self, node: &Node) -> Option<Documented> {
        let block = self.block(node, "`documented`", &["precision", "recall", "gap"])?;
        let figure = |key: &str, such_as: &str| {
            let node = block.need(self, key, such_as)?;
            self.decimal(
                node,
                &format!("`{key}`"),
                |n| n <= 1.0,
                "a number from 0 to 1, as 0.95",
            )
        };
        let precision = figure("precision", "0.99");
        let recall = figure("recall", "0.9");
        let gap = figure("gap", "0.05");
        Some(Documented {
            precision: precision?,
            recall: recall?,
            gap: gap?,
        })
    }

    fn strong(&self, node: &Node, all: &[Compared]) -> Option<Vec<Vec<(usize, usize)>>> {
        let Value::List(items) = &node.value else {
            self.shape(node, "`strong`", "a list, `- { comparison: level }`");
            return None;
        };
        let mut read: Vec<Vec<(usize, usize)>> = Vec::new();
        for item in items {
            let Some(entries) = self.named(item, "the evidence") else {
                continue;
            };
            let mut evidence: Vec<(usize, usize)> = entries
                .iter()
                .filter_map(|(key, node)| self.meets(key, node, all))
                .collect();
            evidence.sort_unstable();
            let whole = evidence.len() == entries.len() && !evidence.is_empty();
            if whole && read.contains(&evidence) {
                self.fault(TWICE, item.place(), "this evidence is there already");
            }
            if whole {
                read.push(evidence);
            }
        }
        Some(read)
    }

    /// A comparison and the last of its levels that is enough.
    fn meets(&self, key: &Key, node: &Node, all: &[Compared]) -> Option<(usize, usize)> {
        let name = At {
            value: key.text.as_str(),
            span: key.span,
        };
        let index = self.named_comparison(name, all);
        let compared = index.and_then(|index| all.get(index));
        let text = self.text(node, &format!("`{}`", cut(&key.text)))?;
        let how = self.how(text, compared.and_then(|compared| compared.kind))?;
        // Where the levels could not be read, that was told.
        let levels = &compared?.comparison.as_ref()?.levels;
        let level = levels.iter().position(|level| level.how == how);
        if level.is_none() {
            let words: Vec<String> = levels.iter().map(|level| level.how.to_string()).collect();
            let message = format!(
                "the comparison `{}` has no level `{}`",
                cut(&key.text),
                cut(text.value)
            );
            self.fault(UNDECLARED, text.span, message)
                .help(format!("its levels are: {}", words.join(", ")));
        }
        Some((index?, level?))
    }
}
