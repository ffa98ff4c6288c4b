//! How the value of a key is written: in words, and by an example.

use syn::Type;

use super::source::{Sources, inside, last, odd};
use crate::Fault;

/// The forms of values: the type, in words, and an example where one says more.
const FORMS: [(&str, &str, &str); 20] = [
    (
        "AgreementId",
        "the name of an agreement",
        "\"contact-thread\"",
    ),
    ("Clearance", "`none`, `bpss`, `ctc`, `sc` or `dv`", "\"sc\""),
    ("Date", "a day", "\"2027-03-31\""),
    ("Digest", "64 hexadecimal digits", "\"5f0e…\""),
    ("IpAddr", "an address", "\"10.0.0.5\""),
    ("PartyId", "the name of a party", "\"ho\""),
    ("PathBuf", "a path", "\"folder/file\""),
    ("Period", "a period", "\"7 years\""),
    ("PurposeId", "a purpose of the agreements", "\"contact\""),
    ("Role", "a role of the node", "\"caseworker\""),
    ("RouteId", "the name of a route", "\"sealed-exchange\""),
    (
        "SocketAddr",
        "an address with its port",
        "\"127.0.0.1:4318\"",
    ),
    ("StaffId", "the handle of a member of staff", "\"c1\""),
    ("String", "text", ""),
    (
        "SubjectId",
        "a keyed hash of a person's reference",
        "\"9a31…\"",
    ),
    ("bool", "`true` or `false`", "true"),
    ("u16", "a number", ""),
    ("u32", "a number", ""),
    ("u8", "a number", ""),
    ("usize", "a number", ""),
];

/// How a key is written.
pub(super) enum Form {
    Value(&'static str, String),
    Table(String),
    List(Box<Self>),
    Named(Box<Self>, Box<Self>),
}

impl Sources {
    pub(super) fn form(&self, ty: &Type) -> Result<Form, Fault> {
        let name = last(ty).ok_or_else(|| odd("a type"))?;
        for list in ["Vec", "BTreeSet"] {
            if let [inner] = inside(ty, list).as_slice() {
                return Ok(Form::List(Box::new(self.form(inner)?)));
            }
        }
        if let [key, value] = inside(ty, "BTreeMap").as_slice() {
            return Ok(Form::Named(
                Box::new(self.form(key)?),
                Box::new(self.form(value)?),
            ));
        }
        if let Some((_, words, example)) = FORMS.iter().find(|(of, ..)| *of == name) {
            return Ok(Form::Value(words, (*example).to_owned()));
        }
        if self.types.contains_key(&name) {
            return Ok(Form::Table(name));
        }
        Err(Fault::Form(format!(
            "{name} has no form in xtask/src/settings.rs: say there in words what is written, with an example"
        )))
    }
}

impl Form {
    /// With the example that a comment gives of a text, after a colon or "such as".
    pub(super) fn shown(mut self, comment: &str) -> Self {
        let after = [": `", "such as `"]
            .iter()
            .find_map(|mark| comment.split_once(mark));
        let given = after.and_then(|(_, rest)| rest.split_once('`'));
        let mut value = &mut self;
        while let Self::List(of) | Self::Named(_, of) = value {
            value = of;
        }
        if let (Self::Value(_, example), Some((given, _))) = (value, given)
            && (example.is_empty() || example.starts_with('"'))
        {
            *example = format!("\"{given}\"");
        }
        self
    }

    /// With this as the example of a number.
    pub(super) fn by_default(self, made: &str) -> Self {
        match self {
            Self::Value(words, _) => Self::Value(words, made.to_owned()),
            other @ (Self::Table(_) | Self::List(_) | Self::Named(..)) => other,
        }
    }

    /// In words, with an example of the whole line where there is one.
    pub(super) fn told(&self, key: &str, variant: bool) -> String {
        match (self.example(), variant) {
            (None, _) if self.below("").is_some() => format!("{}, below", self.words()),
            (None, _) => self.words(),
            (Some(example), true) => format!("{}: `{{ {key} = {example} }}`", self.words()),
            (Some(example), false) => format!("{}: `{key} = {example}`", self.words()),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Value(words, _) => (*words).to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::List(of) if of.below("").is_some() => "tables".to_owned(),
            Self::List(of) => format!("a list, each {}", of.words()),
            Self::Named(key, of) => format!("for each, by {}, {}", key.words(), of.words()),
        }
    }

    pub(super) fn example(&self) -> Option<String> {
        match self {
            Self::Value(_, example) => (!example.is_empty()).then(|| example.clone()),
            Self::Table(_) => None,
            Self::List(of) => Some(format!("[{}]", of.example()?)),
            Self::Named(key, of) => {
                let key = key.example()?;
                Some(format!(
                    "{{ {} = {} }}",
                    key.trim_matches('"'),
                    of.example()?
                ))
            }
        }
    }

    pub(super) fn empty(&self) -> &'static str {
        match self {
            Self::Value("`true` or `false`", _) => "`false`",
            Self::Value(..) => "none",
            Self::Table(_) | Self::List(_) | Self::Named(..) => "empty",
        }
    }

    /// The table that is in it, with its place.
    pub(super) fn below(&self, at: &str) -> Option<(String, String)> {
        match self {
            Self::Value(..) => None,
            Self::Table(name) => Some((at.to_owned(), name.clone())),
            // A list of tables is written with a pair of brackets more.
            Self::List(of) => of.below(at).map(|(at, name)| (format!("[{at}]"), name)),
            Self::Named(_, of) => of.below(&format!("{at}.NAME")),
        }
    }
}
