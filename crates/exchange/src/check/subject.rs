//! Subject: whom a call is about, so that one caller can be kept from asking about one person again and again.

use agreement::{Column, FieldType, Flow, TypeName};
use zeroize::Zeroizing;

/// One text for one person, whatever else is asked with it: the National Insurance number, else names and days that every such
/// call has, whatever their case and spacing. None where it has neither. It is the person's own value: hash it with the
/// node's key, and let go of it.
pub fn subject<'a>(flow: &Flow, value: &dyn Fn(&str) -> &'a str) -> Option<Zeroizing<String>> {
    let of = |counts: &dyn Fn(&&Column) -> bool| {
        let columns = flow.columns.iter().filter(|c| c.minted.is_none());
        let values = columns
            .filter(counts)
            .map(|c| value(c.field.field.as_str()));
        let letters = values.flat_map(|v| v.chars().filter(|c| c.is_alphanumeric()));
        let letters = letters.flat_map(char::to_uppercase);
        // Room for all at once: a buffer that grows leaves copies that nobody wipes.
        let mut text = Zeroizing::new(String::with_capacity(
            letters.clone().map(char::len_utf8).sum(),
        ));
        text.extend(letters);
        (!text.is_empty()).then_some(text)
    };
    let is = |column: &Column, name| column.field_type == FieldType::Plain(name);
    let named = |c: &Column| is(c, TypeName::Name) || is(c, TypeName::Date);
    of(&|c| is(c, TypeName::Nino)).or_else(|| of(&|c| c.required() && named(c)))
}
