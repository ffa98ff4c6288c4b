//! Reads the columns of a model and where their values stand.

use document::{Key, Node, Value, cut};

use super::reader::{At, LONGEST_NAME, Reader, is_name};
use crate::model::rules::{MISSING, SHAPE, SIZE, TWICE, WORD};
use crate::model::words::KINDS;
use crate::model::{Column, Kind, Sides};

/// The most values of a column that are compared.
const MOST_VALUES: usize = 8;

/// How many values are compared where one text has several and nothing else is said.
const USUAL_SPLIT: usize = 4;

/// A column as far as it could be read; its name is known in any case, so that what names it is no second fault.
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) kind: Option<Kind>,
    pub(super) column: Option<Column>,
}

/// The columns of a file that make one value, and where that stands.
type Joined = At<Vec<String>>;

impl Reader {
    pub(super) fn columns(&self, node: &Node) -> Vec<Declared> {
        let entries = self.named(node, "`columns`").unwrap_or_default();
        let column = |(key, node): &(Key, Node)| self.column(key, node);
        entries.into_iter().map(column).collect()
    }

    fn column(&self, key: &Key, node: &Node) -> Declared {
        if !is_name(&key.text, &['-', '_']) {
            let message = format!("a column cannot be named `{}`", cut(&key.text));
            self.fault(WORD, key.span, message).help(format!(
                "a name is lower-case words of letters and digits, a letter first, joined by `-` or `_`, of at most {LONGEST_NAME} characters"
            ));
        }
        let what = format!("the column `{}`", cut(&key.text));
        let mut declared = Declared {
            name: key.text.clone(),
            kind: None,
            column: None,
        };
        let keys = ["kind", "from", "also", "split", "most"];
        let Some(block) = self.block(node, &what, &keys) else {
            return declared;
        };
        declared.kind = block
            .need(self, "kind", "name")
            .and_then(|node| self.word(node, "`kind`", &KINDS));
        let from = block
            .need(self, "from", "full_name")
            .and_then(|node| self.from(node));
        let also = block.may("also").map(|node| self.also(node));
        let split = block.may("split").map(|node| self.split(node));
        let most = block
            .may("most")
            .map(|node| self.whole(node, "`most`", 1, MOST_VALUES));
        let side = |from: Option<Joined>, also: Vec<Joined>| {
            let all: Vec<Joined> = from.into_iter().chain(also).collect();
            self.values_differ(&all);
            all.into_iter()
                .map(|joined| joined.value)
                .collect::<Vec<_>>()
        };
        let has_from = from.is_some();
        let (left, right) = from.map_or((None, None), |s| (Some(s.left), Some(s.right)));
        let (also_left, also_right) = also.map_or_else(Default::default, |s| (s.left, s.right));
        let from = Sides {
            left: side(left, also_left),
            right: side(right, also_right),
        };
        let values = from.left.len().max(from.right.len());
        let usual = match split {
            Some(_) => values.max(USUAL_SPLIT),
            None => values,
        };
        if let (None, Some(node), true) = (most, block.may("also"), usual > MOST_VALUES) {
            let message =
                format!("{what} has {values} values, and at most {MOST_VALUES} are compared");
            self.fault(SIZE, node.span, message)
                .help("take some out, or write with `most` how many are compared");
        }
        let read = has_from && !matches!(split, Some(None)) && !matches!(most, Some(None));
        if let (Some(kind), true) = (declared.kind, read) {
            declared.column = Some(Column {
                name: key.text.clone(),
                kind,
                from,
                split: split.flatten(),
                most: most.flatten().unwrap_or(usual),
            });
        }
        declared
    }

    /// Two values of the same columns are one.
    fn values_differ(&self, all: &[Joined]) {
        for (i, one) in all.iter().enumerate() {
            if all.iter().take(i).any(|before| before.value == one.value) {
                self.fault(TWICE, one.span, "this value is there already");
            }
        }
    }

    /// The first value of each side.
    fn from(&self, node: &Node) -> Option<Sides<Joined>> {
        let joined = |node: &Node, what: &str| {
            if is_several(node) {
                let message = format!("{what} must be one text or a list of texts");
                self.fault(SHAPE, node.span, message)
                    .help("a list is joined to one value; further values stand in `also`");
                return None;
            }
            self.joined(node, what)
        };
        if let Value::Map(_) = &node.value {
            let block = self.block(node, "`from`", &["left", "right"])?;
            let side = |key: &str, what: &str| {
                let node = block.need(self, key, "full_name")?;
                joined(node, what)
            };
            let left = side("left", "`left` of `from`");
            let right = side("right", "`right` of `from`");
            return Some(Sides {
                left: left?,
                right: right?,
            });
        }
        let both = joined(node, "`from`")?;
        Some(Sides {
            left: both.clone(),
            right: both,
        })
    }

    /// Further values of each side.
    fn also(&self, node: &Node) -> Sides<Vec<Joined>> {
        let several = |node: &Node, what: &str| -> Vec<Joined> {
            if !is_several(node) {
                return self.joined(node, what).into_iter().collect();
            }
            let items = self.list(node, what).unwrap_or_default();
            items
                .iter()
                .filter_map(|item| self.joined(item, what))
                .collect()
        };
        if let Value::Map(entries) = &node.value {
            let block = self.block(node, "`also`", &["left", "right"]);
            if entries.is_empty() {
                self.fault(MISSING, node.span, "`also` is empty")
                    .help("write `left`, `right` or both");
            }
            let side = |key: &str, what: &str| {
                let node = block.as_ref().and_then(|block| block.may(key));
                node.map_or_else(Vec::new, |node| several(node, what))
            };
            return Sides {
                left: side("left", "`left` of `also`"),
                right: side("right", "`right` of `also`"),
            };
        }
        let both = several(node, "`also`");
        Sides {
            left: both.clone(),
            right: both,
        }
    }

    /// The columns of one value.
    fn joined(&self, node: &Node, what: &str) -> Option<Joined> {
        let texts = self.texts(node, what);
        self.each_once(&texts.read, what);
        texts.whole.then(|| At {
            value: texts.read.iter().map(|at| at.value.to_owned()).collect(),
            span: node.span,
        })
    }

    /// Tells of each text that stood before.
    pub(super) fn each_once(&self, texts: &[At<&str>], what: &str) {
        for (i, one) in texts.iter().enumerate() {
            if texts.iter().take(i).any(|before| before.value == one.value) {
                let message = format!("{what} has `{}` twice", cut(one.value));
                self.fault(TWICE, one.span, message);
            }
        }
    }

    fn split(&self, node: &Node) -> Option<char> {
        if let Value::Text { text, plain } = &node.value {
            let mut characters = text.chars();
            // A space is a character too, where it stands in quotes.
            if let (Some(one), None) = (characters.next(), characters.next())
                && !(*plain && one == '~')
            {
                return Some(one);
            }
        }
        let written = self.text(node, "`split`")?;
        self.fault(
            WORD,
            written.span,
            "`split` must be one character, as \";\"",
        );
        None
    }

    pub(super) fn id(&self, node: &Node) -> Option<Sides<String>> {
        let text = |node: &Node, what: &str| Some(self.text(node, what)?.value.to_owned());
        if let Value::Map(_) = &node.value {
            let block = self.block(node, "`id`", &["left", "right"])?;
            let side = |key: &str, what: &str| text(block.need(self, key, "reference")?, what);
            let left = side("left", "`left` of `id`");
            let right = side("right", "`right` of `id`");
            return Some(Sides {
                left: left?,
                right: right?,
            });
        }
        let both = text(node, "`id`")?;
        Some(Sides {
            left: both.clone(),
            right: both,
        })
    }

    pub(super) fn model_name(&self, node: &Node) -> Option<String> {
        let written = self.text(node, "`name`")?;
        if !is_name(written.value, &['-']) {
            let message = format!("a model cannot be named `{}`", cut(written.value));
            self.fault(WORD, written.span, message).help(format!(
                "a name is lower-case words of letters and digits, a letter first, joined by `-`, of at most {LONGEST_NAME} characters"
            ));
            return None;
        }
        Some(written.value.to_owned())
    }
}

/// A list of lists.
fn is_several(node: &Node) -> bool {
    let is_list = |node: &Node| matches!(node.value, Value::List(_));
    matches!(&node.value, Value::List(items) if items.iter().any(is_list))
}

/// The index of the column of a name.
pub(super) fn position(all: &[Declared], name: &str) -> Option<usize> {
    all.iter().position(|declared| declared.name == name)
}
