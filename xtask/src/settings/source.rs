//! What the source of a type says of it: its comment, its names as serde has them, what is in it.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Expr, GenericArgument, Item, Lit, Meta, PathArguments, Type};

use crate::{Fault, text};

/// What the sources say: the types by name, and the functions of defaults with what they give.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) types: BTreeMap<String, Item>,
    pub(super) defaults: BTreeMap<String, String>,
}

impl Sources {
    /// Takes these types of a file, and whatever its functions give that are a number.
    pub(super) fn read(&mut self, path: &Path, names: &[&str]) -> Result<(), Fault> {
        let bad = |e: syn::Error| Fault::Form(format!("{}: {e}", path.display()));
        for item in syn::parse_file(&text(path)?).map_err(bad)?.items {
            let name = if let Item::Struct(of) = &item {
                of.ident.to_string()
            } else if let Item::Enum(of) = &item {
                of.ident.to_string()
            } else {
                if let Item::Fn(of) = &item
                    && let Some(syn::Stmt::Expr(Expr::Lit(literal), None)) = of.block.stmts.last()
                    && let Lit::Int(n) = &literal.lit
                {
                    self.defaults
                        .insert(of.sig.ident.to_string(), n.to_string());
                }
                continue;
            };
            if names.contains(&name.as_str()) {
                self.types.insert(name, item);
            }
        }
        Ok(())
    }
}

/// What serde is told of a type or a field.
#[derive(Default)]
pub(super) struct Serde {
    pub(super) rename: Option<String>,
    pub(super) kebab: bool,
    pub(super) closed: bool,
    /// A default, and the function that makes it where one is named.
    pub(super) default: Option<Option<String>>,
}

impl Serde {
    pub(super) fn of(attributes: &[Attribute]) -> Result<Self, Fault> {
        let mut all = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            let read = attribute.parse_nested_meta(|meta| {
                let value = match meta.value() {
                    Ok(value) => Some(value.parse::<syn::LitStr>()?.value()),
                    Err(_) => None,
                };
                if meta.path.is_ident("rename") {
                    all.rename = value;
                } else if meta.path.is_ident("rename_all") {
                    all.kebab = value.is_some_and(|v| v == "kebab-case");
                } else if meta.path.is_ident("deny_unknown_fields") {
                    all.closed = true;
                } else if meta.path.is_ident("default") {
                    all.default = Some(value);
                }
                Ok(())
            });
            read.map_err(|e| Fault::Form(format!("an attribute of serde: {e}")))?;
        }
        Ok(all)
    }

    pub(super) fn name(&self, ident: &str) -> String {
        if !self.kebab {
            return ident.to_owned();
        }
        let mut out = String::new();
        for c in ident.chars() {
            match c {
                '_' => out.push('-'),
                c if c.is_ascii_uppercase() => {
                    if !out.is_empty() {
                        out.push('-');
                    }
                    out.push(c.to_ascii_lowercase());
                }
                c => out.push(c),
            }
        }
        out
    }
}

/// The comment of an item, on one line.
pub(super) fn comment(attributes: &[Attribute], of: &str) -> Result<String, Fault> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        if let Meta::NameValue(meta) = &attribute.meta
            && let Expr::Lit(literal) = &meta.value
            && let Lit::Str(line) = &literal.lit
        {
            lines.push(line.value().trim().to_owned());
        }
    }
    let whole = lines.join(" ").trim().replace('|', "\\|");
    if whole.is_empty() {
        return Err(Fault::Form(format!(
            "{of} has no comment: say what it means"
        )));
    }
    Ok(whole)
}

/// The types within `outer<…>`; none where it is another.
pub(super) fn inside<'a>(ty: &'a Type, outer: &str) -> Vec<&'a Type> {
    let Type::Path(path) = ty else {
        return Vec::new();
    };
    let Some(segment) = path.path.segments.last().filter(|s| s.ident == outer) else {
        return Vec::new();
    };
    let PathArguments::AngleBracketed(inner) = &segment.arguments else {
        return Vec::new();
    };
    let mut types = Vec::new();
    for argument in &inner.args {
        if let GenericArgument::Type(ty) = argument {
            types.push(ty);
        }
    }
    types
}

pub(super) fn last(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|s| s.ident.to_string())
}

pub(super) fn odd(what: &str) -> Fault {
    Fault::Form(format!(
        "{what} is not as the settings of the repository are written: teach xtask/src/settings.rs"
    ))
}
