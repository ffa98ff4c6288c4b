//! Reads a model from the text of its file. All faults are told at once; a model that is given out is valid.

use document::{Gathered, Layer, Node, Unreadable};

use self::columns::Declared;
use self::levels::Compared;
pub(crate) use self::levels::MOST_COMPARISONS;
use self::reader::Reader;
use super::faults::Faults;
use super::rules::{MANY_FAULTS, MISSING, PLAIN_YAML, READABLE, TWICE, WORD};
use super::{Decide, Model};

mod columns;
mod decide;
mod keys;
mod levels;
mod reader;

/// The version of the form.
const VERSION: &str = "1";

const KEYS: [&str; 10] = [
    "linkage",
    "name",
    "id",
    "columns",
    "blocking",
    "training",
    "comparisons",
    "joint",
    "decide",
    "documented",
];

impl Model {
    /// Reads a model's file (docs/linkage/model.md); `file_name` is what faults call it.
    ///
    /// ```
    /// use linkage::model::{How, Model};
    ///
    /// let text = "linkage: 1
    /// name: by-birthday
    /// id: reference
    /// columns:
    ///   born: { kind: date, from: date_of_birth }
    /// blocking: [born]
    /// comparisons:
    ///   born: [same, swapped]
    /// ";
    /// let model = Model::read("by-birthday.yaml", text.as_bytes())?;
    /// assert_eq!(model.comparisons[0].levels[1].how, How::Swapped);
    ///
    /// let faults = Model::read("x.yaml", text.replace("swapped", "swoped").as_bytes()).unwrap_err();
    /// assert_eq!(
    ///     faults.all()[0].to_string(),
    ///     "x.yaml:8:16: fault[LINK-07] there is no level `swoped`"
    /// );
    /// assert_eq!(faults.all()[0].help.as_deref(), Some("did you mean `swapped`?"));
    /// # Ok::<(), linkage::model::Faults>(())
    /// ```
    ///
    /// # Errors
    /// All faults of the file, each with its place and rule.
    pub fn read(file_name: &str, text: &[u8]) -> Result<Self, Faults> {
        let reader = Reader {
            found: Gathered::new(file_name),
        };
        let model = reader.tree(text).and_then(|root| {
            let model = reader.model(&root);
            if model.is_none() && !reader.found.has_fault() {
                let message = "no fault was found, and yet this cannot be read: please report it";
                reader.fault(MISSING, root.place(), message);
            }
            model
        });
        match model {
            Some(model) if !reader.found.has_fault() => Ok(model),
            Some(_) | None => {
                let all = reader.found.into_diagnostics(MANY_FAULTS);
                Err(Faults::new(all, text))
            }
        }
    }
}

impl Reader {
    fn tree(&self, bytes: &[u8]) -> Option<Node> {
        let tell = |bad: &Unreadable| {
            let rule = match bad.why.layer() {
                Layer::Text => READABLE,
                Layer::Yaml => PLAIN_YAML,
                Layer::Keys => TWICE,
            };
            self.fault(rule, bad.span, bad.why.to_string());
        };
        let parsed = document::text(bytes).and_then(document::parse);
        let (root, twice) = parsed.map_err(|bad| tell(&bad)).ok()?;
        twice.iter().for_each(tell);
        Some(root)
    }

    fn model(&self, root: &Node) -> Option<Model> {
        let block = self.block(root, "the model", &KEYS)?;
        if let Some(node) = block.need(self, "linkage", VERSION)
            && let Some(version) = self.text(node, "`linkage`")
            && version.value != VERSION
        {
            let message = format!("`linkage` must be {VERSION}, the version of the form");
            self.fault(WORD, version.span, message);
        }
        let name = block
            .need(self, "name", "an-example")
            .and_then(|node| self.model_name(node));
        let id = block
            .need(self, "id", "reference")
            .and_then(|node| self.id(node));
        let columns: Vec<Declared> = block
            .need(self, "columns", "{ born: { kind: date, from: born } }")
            .map_or_else(Vec::new, |node| self.columns(node));
        let blocking = block.need(self, "blocking", "[born]");
        let training = block.may("training");
        let (blocking, training) = self.rules(blocking, training, &columns);
        let comparisons: Vec<Compared> = block
            .need(self, "comparisons", "{ born: [same] }")
            .map_or_else(Vec::new, |node| self.comparisons(node, &columns));
        let joint = block
            .may("joint")
            .map_or_else(Vec::new, |node| self.joint(node, &comparisons));
        let decide = match block.may("decide") {
            Some(node) => self.decide(node, &comparisons),
            None => Some(Decide::default()),
        };
        let documented = match block.may("documented") {
            Some(node) => self.documented(node).map(Some),
            None => Some(None),
        };
        Some(Model {
            name: name?,
            id: id?,
            columns: columns
                .into_iter()
                .map(|declared| declared.column)
                .collect::<Option<_>>()?,
            blocking,
            training,
            comparisons: comparisons
                .into_iter()
                .map(|compared| compared.comparison)
                .collect::<Option<_>>()?,
            joint,
            decide: decide?,
            documented: documented?,
        })
    }
}
