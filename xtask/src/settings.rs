//! The reference of what a node's owner writes, out of the types that read it: the comments of their fields, their names as
//! serde has them, their forms and what counts where one is left out. Reads source, and never a node's own files.

mod form;
mod source;

use std::fmt::Write as _;
use std::path::Path;

use syn::{Field, Fields, Item, ItemEnum};

use crate::Fault;
use source::{Serde, Sources, comment, inside, odd};

/// The page, in the repository.
pub const PAGE: &str = "docs/configuration.md";

const HEAD: &str = "# Configuration

Every key of the files that a node's owner writes. A key that is not here is a fault, and so is one that is missing where this
page says `needed`; the program names the place. Paths are relative to the node's directory. How a node is set up:
[running-a-node.md](running-a-node.md).

This page is made of the code: `UPDATE=1 cargo test -p xtask --test settings` writes it anew.
";

/// The files, each with the type that reads it.
const FILES: [(&str, &str); 4] = [
    ("node.toml", "Config"),
    ("access.toml", "File"),
    ("staff.toml", "Staff"),
    ("A file of `calls.rules`", "RulesFile"),
];

/// Where the types are.
const SOURCES: [(&str, &[&str]); 14] = [
    (
        "crates/concordat/src/calling.rs",
        &["Calls", "Records", "CallTo", "Place"],
    ),
    ("crates/concordat/src/carrying.rs", &["Carrying"]),
    ("crates/concordat/src/house.rs", &["Config", "Way"]),
    ("crates/concordat/src/staff.rs", &["Staff"]),
    ("crates/courier/src/remote/calls.rs", &["CallPlace"]),
    ("crates/courier/src/remote/egress.rs", &["Allowed"]),
    ("crates/courier/src/remote/sftp.rs", &["SftpPlace"]),
    ("crates/courier/src/remote/webdav.rs", &["WebDavPlace"]),
    ("crates/exchange/src/authority.rs", &["Person"]),
    (
        "crates/exchange/src/check/months.rs",
        &["RulesFile", "Source", "Kind"],
    ),
    ("crates/exchange/src/lookup.rs", &["Rules"]),
    ("crates/exchange/src/lookup/asker.rs", &["Asker"]),
    (
        "crates/web/src/access.rs",
        &[
            "File",
            "Issuer",
            "PersonLine",
            "SystemLine",
            "NodeLine",
            "Baseline",
        ],
    ),
    ("crates/web/src/people/provider.rs", &["SignIn"]),
];

/// The page as the code has it.
///
/// # Errors
/// [`Fault`]: a source that cannot be read, a field without a comment, a type that takes unknown keys, or one of no known
/// form.
pub fn page(root: &Path) -> Result<String, Fault> {
    let mut sources = Sources::default();
    for (path, names) in SOURCES {
        sources.read(&root.join(path), names)?;
    }
    let mut out = HEAD.to_owned();
    for (file, name) in FILES {
        // Writing to a String does not fail.
        let _ = writeln!(out, "\n## {file}");
        sources.section(&mut out, None, name)?;
    }
    Ok(out)
}

impl Sources {
    /// What a type is, with a section for each table that is in it.
    fn section(&self, out: &mut String, at: Option<&str>, name: &str) -> Result<(), Fault> {
        let item = self.types.get(name).ok_or_else(|| odd(name))?;
        if let Item::Enum(of) = item {
            return self.choice(out, at, of);
        }
        if let Item::Struct(of) = item
            && let Fields::Named(fields) = &of.fields
        {
            let own = Serde::of(&of.attrs)?;
            let _ = writeln!(out, "\n{}\n", comment(&of.attrs, name)?);
            return self.table(out, at, (name, &own), fields.named.iter());
        }
        Err(odd(name))
    }

    /// One of several, each with its word.
    fn choice(&self, out: &mut String, at: Option<&str>, of: &ItemEnum) -> Result<(), Fault> {
        let (own, name) = (Serde::of(&of.attrs)?, of.ident.to_string());
        let _ = writeln!(out, "\n{} One of:\n", comment(&of.attrs, &name)?);
        let _ = writeln!(out, "| value | what it is | form |\n|---|---|---|");
        let mut below = String::new();
        for variant in &of.variants {
            let word = own.name(&variant.ident.to_string());
            let what = comment(&variant.attrs, &word)?;
            let place = place(at, &word);
            let form = match &variant.fields {
                Fields::Unit => format!("`\"{word}\"`"),
                Fields::Unnamed(one) => {
                    let ty = one.unnamed.first().map(|field| &field.ty);
                    let form = self.form(ty.ok_or_else(|| odd(&word))?)?;
                    self.all_below(&mut below, form.below(&place).into_iter())?;
                    form.told(&word, true)
                }
                Fields::Named(fields) => {
                    let own = Serde {
                        closed: own.closed,
                        ..Serde::default()
                    };
                    let _ = writeln!(below, "\n### `[{place}]`\n");
                    let fields = fields.named.iter();
                    self.table(&mut below, Some(&place), (&word, &own), fields)?;
                    "a table, below".to_owned()
                }
            };
            let _ = writeln!(out, "| `{word}` | {what} | {form} |");
        }
        out.push_str(&below);
        Ok(())
    }

    /// The sections of tables at these places.
    fn all_below(
        &self,
        out: &mut String,
        below: impl Iterator<Item = (String, String)>,
    ) -> Result<(), Fault> {
        for (place, name) in below {
            let _ = writeln!(out, "\n### `[{place}]`");
            self.section(out, Some(&place), &name)?;
        }
        Ok(())
    }

    fn table<'a>(
        &self,
        out: &mut String,
        at: Option<&str>,
        (name, own): (&str, &Serde),
        fields: impl Iterator<Item = &'a Field>,
    ) -> Result<(), Fault> {
        let _ = writeln!(
            out,
            "| key | what it is | form | left out |\n|---|---|---|---|"
        );
        let mut below = Vec::new();
        for field in fields {
            let serde = Serde::of(&field.attrs)?;
            let ident = field.ident.as_ref().ok_or_else(|| odd(name))?.to_string();
            let key = serde.rename.clone().unwrap_or_else(|| own.name(&ident));
            let what = comment(&field.attrs, &format!("{name}.{ident}"))?;
            let (ty, optional) = match inside(&field.ty, "Option").as_slice() {
                [inner] => (*inner, true),
                _ => (&field.ty, false),
            };
            let mut form = self.form(ty)?.shown(&what);
            let without = match (&serde.default, optional) {
                (Some(Some(made_by)), _) => {
                    let made = self.defaults.get(made_by).ok_or_else(|| odd(made_by))?;
                    form = form.by_default(made);
                    format!("`{made}`")
                }
                (_, true) => "none".to_owned(),
                (Some(None), _) => form.empty().to_owned(),
                (None, false) if own.default.is_some() => form.empty().to_owned(),
                (None, false) => "needed".to_owned(),
            };
            let told = form.told(&key, false);
            let _ = writeln!(out, "| `{key}` | {what} | {told} | {without} |");
            below.extend(form.below(&place(at, &key)));
        }
        if !own.closed {
            return Err(Fault::Form(format!("{name} takes unknown keys")));
        }
        self.all_below(out, below.into_iter())
    }
}

/// The place of a key. What is below a list of tables is named without its brackets.
fn place(at: Option<&str>, key: &str) -> String {
    match at {
        Some(at) => format!("{}.{key}", at.trim_matches(['[', ']'])),
        None => key.to_owned(),
    }
}
