//! Reads how columns are compared, and which comparisons are weighed together.

use document::{Key, Node, Span, Value, cut};

use super::columns::Declared;
use super::reader::{At, Reader, decimal, whole};
use crate::model::rules::{FITS, GIVEN, JOINT, ORDER, SIZE, TWICE, UNDECLARED, WORD};
use crate::model::words::{LEVELS, Wording};
use crate::model::{ColumnComparison, How, Kind, Level};

/// The most comparisons of a model.
pub(crate) const MOST_COMPARISONS: usize = 12;

/// The most levels of a comparison, without `else`.
const MOST_LEVELS: usize = 14;

/// A comparison as far as it could be read; its name is known in any case.
pub(super) struct Compared {
    pub(super) name: String,
    pub(super) kind: Option<Kind>,
    /// None where its levels or one of them could not be read.
    pub(super) comparison: Option<ColumnComparison>,
}

/// A level, and how it was written.
struct Written<'a> {
    level: Level,
    text: At<&'a str>,
}

impl Reader {
    pub(super) fn comparisons(&self, node: &Node, columns: &[Declared]) -> Vec<Compared> {
        let entries = self.named(node, "`comparisons`").unwrap_or_default();
        if let Some((key, _)) = entries.get(MOST_COMPARISONS) {
            let message =
                format!("this is one comparison too many: a model has at most {MOST_COMPARISONS}");
            self.fault(SIZE, key.span, message);
        }
        let read = |(key, node): &(Key, Node)| {
            let column = self.named_column(&key.text, key.span, columns);
            let kind = column
                .and_then(|column| columns.get(column))
                .and_then(|declared| declared.kind);
            Compared {
                name: key.text.clone(),
                kind,
                comparison: self.comparison(key, node, column, kind),
            }
        };
        entries.into_iter().map(read).collect()
    }

    fn comparison(
        &self,
        key: &Key,
        node: &Node,
        column: Option<usize>,
        kind: Option<Kind>,
    ) -> Option<ColumnComparison> {
        let what = format!("the comparison `{}`", cut(&key.text));
        let (list, term_frequency) = if let Value::Map(_) = node.value {
            let block = self.block(node, &what, &["levels", "term-frequency"])?;
            let term_frequency = match block.may("term-frequency") {
                Some(node) => self.truth(node, "`term-frequency`"),
                None => Some(false),
            };
            (block.need(self, "levels", "[same]"), term_frequency)
        } else {
            (Some(node), Some(false))
        };
        let items = self.list(list?, &what)?;
        if let Some(item) = items.get(MOST_LEVELS) {
            let message =
                format!("this is one level too many: a comparison has at most {MOST_LEVELS}");
            self.fault(SIZE, item.place(), message);
        }
        let mut before: Vec<Written> = Vec::new();
        let mut all_read = true;
        for item in items {
            let Some(written) = self.level(item, kind) else {
                all_read = false;
                continue;
            };
            self.in_order(&before, &written);
            before.push(written);
        }
        let levels: Vec<Level> = before.iter().map(|written| written.level).collect();
        self.something_left(&what, key.span, &levels);
        if !all_read {
            return None;
        }
        Some(ColumnComparison {
            column: column?,
            levels,
            term_frequency: term_frequency?,
        })
    }

    /// None of the levels before holds wherever this does.
    fn in_order(&self, before: &[Written], written: &Written) {
        let how = written.level.how;
        let Some(wider) = before.iter().find(|other| other.level.how.covers(how)) else {
            return;
        };
        let (this, other) = (written.text.value, wider.text.value);
        if wider.level.how == how {
            let message = format!("the level `{this}` is there already");
            self.fault(TWICE, written.text.span, message);
        } else if how == How::Same {
            let message = format!("`same` stands after `{other}`, which holds wherever it does");
            self.fault(ORDER, written.text.span, message)
                .help("write `same` first");
        } else {
            let message =
                format!("`{this}` is never reached: `{other}` stands before it and is wider");
            self.fault(ORDER, written.text.span, message)
                .help(format!("write `{this}` before `{other}`"));
        }
    }

    /// What is given leaves something for the pairs that meet no level.
    fn something_left(&self, what: &str, span: Span, levels: &[Level]) {
        let given = || levels.iter().filter_map(|level| level.fixed);
        let sums = [
            ("m", given().map(|(m, _)| m).sum::<f64>()),
            ("u", given().map(|(_, u)| u).sum::<f64>()),
        ];
        for (name, sum) in sums {
            // Sums of decimals are not exact.
            if sum > 1.0 - 1e-9 {
                let message = format!("the `{name}` of the levels of {what} come to 1 or more");
                self.fault(GIVEN, span, message)
                    .help("what is left of 1 is for the pairs that meet no level");
            }
        }
    }

    fn level<'a>(&self, node: &'a Node, kind: Option<Kind>) -> Option<Written<'a>> {
        if !matches!(node.value, Value::Map(_)) {
            let text = self.text(node, "the level")?;
            let how = self.how(text, kind)?;
            let level = Level { how, fixed: None };
            return Some(Written { level, text });
        }
        let block = self.block(node, "the level", &["how", "m", "u"])?;
        let text = block
            .need(self, "how", "same")
            .and_then(|node| self.text(node, "`how`"));
        let how = text.and_then(|text| self.how(text, kind));
        let number = |key: &str| {
            let node = block.may(key)?;
            Some(self.probability(node, &format!("`{key}`")))
        };
        let (m, u) = (number("m"), number("u"));
        for (one, other) in [("m", "u"), ("u", "m")] {
            if let (Some((key, _)), None) = (block.entry(one), block.entry(other)) {
                let message = format!("the level has `{one}` and no `{other}`");
                self.fault(GIVEN, key.span, message).help(format!(
                    "write `{other}` too, or neither: then both are trained"
                ));
            }
        }
        let fixed = match (m, u) {
            (None, None) => None,
            (Some(m), Some(u)) => Some((m?, u?)),
            (Some(_), None) | (None, Some(_)) => return None,
        };
        Some(Written {
            level: Level { how: how?, fixed },
            text: text?,
        })
    }

    /// The level that a text means for a column of this kind; of a column whose kind is not known, any.
    pub(super) fn how(&self, text: At<&str>, kind: Option<Kind>) -> Option<How> {
        let written = text.value;
        let (word, number) = match written.split_once(' ') {
            Some((word, number)) => (word, Some(number.trim_start())),
            None => (written, None),
        };
        let fitting = || -> Vec<&str> {
            let fits = |(_, wording): &&(&str, Wording)| kind.is_none_or(|kind| wording.fits(kind));
            LEVELS.iter().filter(fits).map(|(word, _)| *word).collect()
        };
        let Some((_, wording)) = LEVELS.iter().find(|(w, _)| *w == word) else {
            let message = format!("there is no level `{}`", cut(written));
            self.fault(WORD, text.span, message)
                .help(self.near(word, &fitting()));
            return None;
        };
        if let Some(kind) = kind
            && !wording.fits(kind)
        {
            let message = format!(
                "the level `{word}` does not fit a column whose kind is {}",
                kind.word()
            );
            self.fault(FITS, text.span, message)
                .help(format!("its levels are: {}", fitting().join(", ")));
            return None;
        }
        let how = match (wording, number) {
            (Wording::Alone(how), None) => Ok(*how),
            (Wording::Alone(_), Some(_)) => Err(format!("nothing can stand after `{word}`")),
            (Wording::Similarity, number) => number
                .and_then(decimal)
                .filter(|n| 0.0 < *n && *n < 1.0)
                .map(How::Like)
                .ok_or_else(|| {
                    "after `like` must stand a number between 0 and 1, as `like 0.9`".to_owned()
                }),
            (Wording::Count(how, most), number) => number
                .and_then(whole)
                .filter(|n| (1..=*most).contains(n))
                .and_then(|n| u32::try_from(n).ok())
                .map(how)
                .ok_or_else(|| {
                    format!("after `{word}` must stand a number from 1 to {most}, as `{word} 2`")
                }),
        };
        how.map_err(|message| {
            self.fault(WORD, text.span, message);
        })
        .ok()
    }

    /// The groups of comparisons that are weighed together, as indexes.
    pub(super) fn joint(&self, node: &Node, all: &[Compared]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for item in self.list(node, "`joint`").unwrap_or_default() {
            let Value::List(names) = &item.value else {
                self.shape(
                    item,
                    "a joint group",
                    "a list of comparisons, `[one, another]`",
                );
                continue;
            };
            if names.len() < 2 {
                self.fault(
                    JOINT,
                    item.span,
                    "a joint group has at least two comparisons",
                );
            }
            let texts = names
                .iter()
                .filter_map(|name| self.text(name, "a joint group"));
            let texts: Vec<At<&str>> = texts.collect();
            self.each_once(&texts, "the joint group");
            let mut group = Vec::new();
            for text in texts {
                let Some(index) = self.named_comparison(text, all) else {
                    continue;
                };
                if groups.iter().any(|other| other.contains(&index)) {
                    let message = format!("`{}` is in another joint group", cut(text.value));
                    self.fault(JOINT, text.span, message)
                        .help("make one group of the two, or take it out of one");
                }
                let given = all.get(index).and_then(|c| c.comparison.as_ref());
                if given.is_some_and(|c| c.levels.iter().any(|l| l.fixed.is_some())) {
                    let message = format!(
                        "`{}` has a level whose m and u are given, and those of a joint group are trained",
                        cut(text.value)
                    );
                    self.fault(GIVEN, text.span, message)
                        .help("leave `m` and `u` out of its levels, or take it out of the group");
                }
                group.push(index);
            }
            groups.push(group);
        }
        groups
    }

    /// The index of a comparison that is named.
    pub(super) fn named_comparison(&self, name: At<&str>, all: &[Compared]) -> Option<usize> {
        let found = all.iter().position(|compared| compared.name == name.value);
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
            let message = format!("there is no comparison named `{}`", cut(name.value));
            self.fault(UNDECLARED, name.span, message)
                .help(self.near(name.value, &names));
        }
        found
    }
}
