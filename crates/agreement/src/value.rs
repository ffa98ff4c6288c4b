//! What a cell can be: types of fields and facts, and the lexical check of a cell's text.
//! It checks the form of a text, never whether the text is true; it never changes or prints it.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Serialize;

use crate::ids::{FieldPath, LabelId};
use crate::period::{parse_date, parse_month};
use crate::words::TypeName;

/// The type of a field or a fact: the form of its text, whether it is true or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// A type with nothing besides its name.
    Plain(TypeName),
    /// One of the listed values.
    OneOf(Vec<String>),
    /// One of the codes of a list of the catalogue.
    Listed {
        /// The list.
        list: LabelId,
        /// Its codes.
        codes: Vec<String>,
    },
    /// Which value of these fields.
    WhichOf(Vec<FieldPath>),
}

/// The nations of the United Kingdom, as facts and territories name them.
pub const NATIONS: [&str; 4] = ["england", "wales", "scotland", "northern-ireland"];

/// The outcomes of matching.
pub const MATCH_OUTCOMES: [&str; 3] = ["matched", "not-matched", "ambiguous"];

/// What stands between several values of one cell.
const SEPARATOR: char = '|';

impl FieldType {
    /// The type's name, as an agreement writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(name) => name.as_str(),
            Self::OneOf(_) => TypeName::OneOf.as_str(),
            Self::Listed { .. } => TypeName::Listed.as_str(),
            Self::WhichOf(_) => TypeName::WhichOf.as_str(),
        }
    }

    /// Are its values days, so that they can be compared with days?
    pub fn is_day(&self) -> bool {
        *self == Self::Plain(TypeName::Date)
    }

    /// Are its values numbers?
    pub fn is_number(&self) -> bool {
        *self == Self::Plain(TypeName::Count)
    }

    /// Is `text` of this form? An empty text is of no form: an absent value is an empty cell, and whether it
    /// may be absent is the column's matter. National Insurance numbers with prefixes that were never issued
    /// are of good form, since synthetic people carry them (SEC-15).
    pub fn accepts(&self, text: &str) -> bool {
        let name = match self {
            Self::OneOf(values) => return values.iter().any(|v| v == text),
            Self::Listed { codes, .. } => return codes.iter().any(|c| c == text),
            Self::WhichOf(fields) => return is_which(fields, text),
            Self::Plain(name) => name,
        };
        match name {
            TypeName::Name | TypeName::Contact => is_line(text, 200),
            TypeName::Text => is_line(text, 1_000),
            TypeName::Address => is_line(text, 500),
            TypeName::DatedAddress => dated_address(text).is_some(),
            TypeName::Reference => is_ascii_word(text, 64, |b| matches!(b, b'-'..=b'/' | b'_')),
            TypeName::Code => is_ascii_word(text, 32, |b| matches!(b, b'-' | b'_')),
            TypeName::Date => parse_date(text).is_some(),
            TypeName::Month => parse_month(text).is_some(),
            TypeName::Year => follows(text, "9999"),
            TypeName::Timestamp => is_timestamp(text),
            TypeName::Nino => is_nino(text),
            TypeName::Postcode => is_postcode(text),
            TypeName::Truth => matches!(text, "yes" | "no"),
            TypeName::Email => is_email(text),
            TypeName::Phone => is_phone(text),
            TypeName::Count => is_count(text),
            TypeName::Amount => text
                .split_once('.')
                .is_some_and(|(whole, part)| is_count(whole) && follows(part, "99")),
            TypeName::Country => follows(text, "AAA"),
            TypeName::Nation => NATIONS.contains(&text),
            TypeName::MatchOutcome => MATCH_OUTCOMES.contains(&text),
            // These come with their lists, as the other variants.
            TypeName::OneOf | TypeName::Listed | TypeName::WhichOf => false,
        }
    }
}

/// The values of a cell that may have several: they stand one after another with a `|` between, and a `|` or
/// `\` within a value has a `\` before it. An empty text has no value.
pub fn split(text: &str) -> Vec<String> {
    values(text).into_iter().map(Cow::into_owned).collect()
}

/// As [`split`], copying only what has a `\` in it.
pub fn values(text: &str) -> Vec<Cow<'_, str>> {
    if text.is_empty() {
        Vec::new()
    } else if text.contains('\\') {
        unescaped(text).into_iter().map(Cow::Owned).collect()
    } else {
        text.split(SEPARATOR).map(Cow::Borrowed).collect()
    }
}

/// Does a text have one value, which stands in it as it is?
pub(crate) fn is_one(text: &str) -> bool {
    !text.is_empty() && each_byte(text, |b| b != b'|' && b != b'\\')
}

/// Is it so of each byte? All are looked at, which the processor does with many at a time.
fn each_byte(text: &str, so: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, b| all & so(b))
}

fn unescaped(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, SEPARATOR) => out.push(String::new()),
            (true | false, c) => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
                escaped = false;
            }
        }
    }
    out
}

/// Joins values as [`split`] takes them apart.
pub fn join<S: AsRef<str>>(values: &[S]) -> String {
    let mut out = String::new();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(SEPARATOR);
        }
        let value = value.as_ref();
        if !value.contains([SEPARATOR, '\\']) {
            out.push_str(value);
            continue;
        }
        for c in value.chars() {
            if matches!(c, SEPARATOR | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// An address with the days of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedAddress {
    /// The first day, where it is known.
    pub from: Option<Date>,
    /// The last day; none where it is in use or the day is not known.
    pub until: Option<Date>,
    /// The address.
    pub address: String,
}

impl DatedAddress {
    /// Reads `2014-05-01/2016-03-31 1 High Street`; `..` stands for a day that is not known.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until, address) = dated_address(text)?;
        Some(Self {
            from,
            until,
            address: address.to_owned(),
        })
    }
}

/// The first day, the last day and the address of a [`DatedAddress`], copying nothing.
pub fn dated_address(text: &str) -> Option<(Option<Date>, Option<Date>, &str)> {
    let (days, address) = text.split_once(' ')?;
    let (from, until) = days.split_once('/')?;
    let day = |text: &str| match text {
        ".." => Some(None),
        _ => parse_date(text).map(Some),
    };
    let (from, until) = (day(from)?, day(until)?);
    let ordered = from.zip(until).is_none_or(|(a, b)| a <= b);
    (ordered && is_line(address, 500)).then_some((from, until, address))
}

impl DatedAddress {
    /// The addresses of a cell as two cells: without their days and postcodes, and the postcodes that they end with. An
    /// address without days is taken as it is.
    pub fn taken_apart(cell: &str) -> (String, String) {
        let (mut lines, mut postcodes) = (Vec::new(), Vec::new());
        for value in split(cell) {
            let address = Self::parse(&value).map_or(value, |dated| dated.address);
            let (line, postcode) = line_and_postcode(&address);
            lines.push(line.to_owned());
            postcodes.extend(postcode.map(ToOwned::to_owned));
        }
        (join(&lines), join(&postcodes))
    }
}

/// An address without the postcode that it ends with, and that postcode.
pub fn line_and_postcode(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once(", ") {
        Some((line, last)) if is_postcode(last) => (line, Some(last)),
        Some(_) | None => (address, None),
    }
}

impl std::fmt::Display for DatedAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |day: Option<Date>| day.map_or_else(|| "..".to_owned(), |d| d.to_string());
        write!(f, "{}/{} {}", day(self.from), day(self.until), self.address)
    }
}

fn is_which(fields: &[FieldPath], text: &str) -> bool {
    text.split_once('/').is_some_and(|(field, n)| {
        fields.iter().any(|f| f.field.as_str() == field)
            && n.len() <= 3
            && !n.starts_with('0')
            && !n.is_empty()
            && n.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_timestamp(text: &str) -> bool {
    text.ends_with('Z') && text.len() <= 30 && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_line(text: &str, longest: usize) -> bool {
    // Most texts are of plain letters: for them a character is a byte, and none is a control.
    let plain = |b: u8| (b' '..=b'~').contains(&b);
    if each_byte(text, plain) {
        return text.len() <= longest && text.bytes().any(|b| b != b' ');
    }
    !text.trim().is_empty()
        && text.chars().nth(longest).is_none()
        && !text.chars().any(char::is_control)
}

fn is_ascii_word(text: &str, longest: usize, also: impl Fn(u8) -> bool) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && each_byte(text, |b| b.is_ascii_alphanumeric() | also(b))
}

/// Does `text` follow `pattern`? `A` stands for a capital letter, `9` for a digit, a space for itself.
fn follows(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(b, p)| match p {
            b'A' => b.is_ascii_uppercase(),
            b'9' => b.is_ascii_digit(),
            other => b == other,
        })
}

fn is_nino(text: &str) -> bool {
    follows(text, "AA999999")
        || (follows(text, "AA999999A") && text.ends_with(['A', 'B', 'C', 'D']))
}

fn is_postcode(text: &str) -> bool {
    [
        "A9 9AA", "A99 9AA", "A9A 9AA", "AA9 9AA", "AA99 9AA", "AA9A 9AA", "AAA 9AA",
    ]
    .iter()
    .any(|pattern| follows(text, pattern) && (*pattern != "AAA 9AA" || text == "GIR 0AA"))
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.split('.').all(|label| !label.is_empty())
            && !part
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || "@,;:<>()[]\\\"".contains(c))
    };
    text.len() <= 254
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| plain(local) && plain(domain) && domain.contains('.'))
}

fn is_phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && rest
            .split(' ')
            .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
}

fn is_count(text: &str) -> bool {
    (1..=9).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &FieldType, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(kind.accepts(text), "{} refuses {text:?}", kind.name());
        }
        for text in bad.iter().chain(&[""]) {
            assert!(!kind.accepts(text), "{} accepts {text:?}", kind.name());
        }
    }

    #[test]
    fn each_type_accepts_its_own_form_alone() {
        let long = "x".repeat(1_001);
        check(
            &FieldType::Plain(TypeName::Name),
            &["O'Brien-Ñandú", "Ng", "=cmd", "李"],
            &[" ", "a\tb", "a\u{0}", &long],
        );
        check(
            &FieldType::Plain(TypeName::Text),
            &["any, text"],
            &["two\nlines", &long],
        );
        check(
            &FieldType::Plain(TypeName::Address),
            &["1 High Street, Anytown"],
            &["\u{b}", &long],
        );
        check(
            &FieldType::Plain(TypeName::Reference),
            &["D-000/1.a_b"],
            &["a b", "é", &"9".repeat(65)],
        );
        check(
            &FieldType::Plain(TypeName::Code),
            &["DASH-1"],
            &["a/b", &"9".repeat(33)],
        );
        check(
            &FieldType::Plain(TypeName::Date),
            &["2024-02-29"],
            &["2025-02-29", "29/02/2024", "45000"],
        );
        check(
            &FieldType::Plain(TypeName::Nino),
            &["QQ123456C", "QQ123456"],
            &["QQ 12 34 56 C", "qq123456c", "QQ123456E"],
        );
        check(
            &FieldType::Plain(TypeName::Postcode),
            &["ZZ1 1AA", "Z1 1AA", "ZZ99 9ZZ", "Z1A 1AA", "GIR 0AA"],
            &["ZZ11AA", "zz1 1aa", "ZZ1  1AA", "ABC 1AA", "ZZ1 1A"],
        );
        check(
            &FieldType::Plain(TypeName::Truth),
            &["yes", "no"],
            &["true", "Yes", "1"],
        );
        check(
            &FieldType::Plain(TypeName::Email),
            &["a.b+c@mail.example"],
            &[
                "a@b",
                "a b@mail.example",
                "@mail.example",
                "a@@mail.example",
                "a@mail..example",
            ],
        );
        check(
            &FieldType::Plain(TypeName::Phone),
            &["+44 20 7946 0000", "02079460000"],
            &["123456", "+44  20 7946 0000", "call 02079460000"],
        );
        check(
            &FieldType::Plain(TypeName::Count),
            &["0", "1500"],
            &["007", "-1", "1,500", "1234567890"],
        );
        check(
            &FieldType::Plain(TypeName::Country),
            &["GBR", "XXA"],
            &["gbr", "GB", "Utopia"],
        );
        check(
            &FieldType::Plain(TypeName::Nation),
            &["wales"],
            &["Wales", "uk"],
        );
        check(
            &FieldType::Plain(TypeName::MatchOutcome),
            &["matched", "not-matched", "ambiguous"],
            &["yes"],
        );
        check(
            &FieldType::OneOf(vec!["customer".into()]),
            &["customer"],
            &["partner"],
        );
    }
}
