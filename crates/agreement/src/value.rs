//! What a cell can be: types of fields and facts, and the lexical check of a cell's text.
//! It checks the form of a text, never whether the text is true; it never changes or prints it.

use serde::Serialize;

use crate::period::parse_date;

/// The type of a field or a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// A person's name, in any script: up to 200 characters.
    Name,
    /// Free text: up to 1,000 characters.
    Text,
    /// A reference: up to 64 of letters, digits and `- / _ .`.
    Reference,
    /// A code: up to 32 of letters, digits, `-` and `_`.
    Code,
    /// A day that exists, as `YYYY-MM-DD`.
    Date,
    /// A National Insurance number without spaces; the suffix letter may be missing. Prefixes that were
    /// never issued are of good form, since synthetic people carry them (SEC-15).
    Nino,
    /// A postcode in capitals with one space.
    Postcode,
    /// `yes` or `no`.
    Truth,
    /// A postal address in one line: up to 500 characters.
    Address,
    /// An email address.
    Email,
    /// A telephone number: an optional `+`, then 7 to 15 digits with single spaces between.
    Phone,
    /// A count: digits without a leading nought, up to 999,999,999.
    Count,
    /// A country or nationality, as three capital letters (ISO 3166-1 alpha-3 and the travel document codes).
    Country,
    /// A nation of the United Kingdom.
    Nation,
    /// The outcome of matching one record: `matched`, `not-matched` or `ambiguous` (MATCH-01).
    MatchOutcome,
    /// One of the listed values.
    OneOf(Vec<String>),
}

/// The nations of the United Kingdom, as facts and territories name them.
pub const NATIONS: [&str; 4] = ["england", "wales", "scotland", "northern-ireland"];

/// The outcomes of matching.
pub const MATCH_OUTCOMES: [&str; 3] = ["matched", "not-matched", "ambiguous"];

impl FieldType {
    pub(crate) const PLAIN: [(&'static str, Self); 15] = [
        ("name", Self::Name),
        ("text", Self::Text),
        ("reference", Self::Reference),
        ("code", Self::Code),
        ("date", Self::Date),
        ("nino", Self::Nino),
        ("postcode", Self::Postcode),
        ("truth", Self::Truth),
        ("address", Self::Address),
        ("email", Self::Email),
        ("phone", Self::Phone),
        ("count", Self::Count),
        ("country", Self::Country),
        ("nation", Self::Nation),
        ("match-outcome", Self::MatchOutcome),
    ];

    /// The type's name, as an agreement writes it.
    pub fn name(&self) -> &'static str {
        Self::PLAIN
            .iter()
            .find(|(_, t)| t == self)
            .map_or("one-of", |(name, _)| name)
    }

    /// Is `text` of this form? An empty text is of no form: an absent value is an empty cell, and whether it
    /// may be absent is the column's matter.
    pub fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Name => is_line(text, 200),
            Self::Text => is_line(text, 1_000),
            Self::Address => is_line(text, 500),
            Self::Reference => is_ascii_word(text, 64, b"-/_."),
            Self::Code => is_ascii_word(text, 32, b"-_"),
            Self::Date => parse_date(text).is_some(),
            Self::Nino => is_nino(text),
            Self::Postcode => is_postcode(text),
            Self::Truth => matches!(text, "yes" | "no"),
            Self::Email => is_email(text),
            Self::Phone => is_phone(text),
            Self::Count => is_count(text),
            Self::Country => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
            Self::Nation => NATIONS.contains(&text),
            Self::MatchOutcome => MATCH_OUTCOMES.contains(&text),
            Self::OneOf(values) => values.iter().any(|v| v == text),
        }
    }
}

fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().nth(longest).is_none()
        && !text.chars().any(char::is_control)
}

fn is_ascii_word(text: &str, longest: usize, also: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
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
            &FieldType::Name,
            &["O'Brien-Ñandú", "Ng", "=cmd", "李"],
            &[" ", "a\tb", "a\u{0}", &long],
        );
        check(&FieldType::Text, &["any, text"], &["two\nlines", &long]);
        check(
            &FieldType::Address,
            &["1 High Street, Anytown"],
            &["\u{b}", &long],
        );
        check(
            &FieldType::Reference,
            &["D-000/1.a_b"],
            &["a b", "é", &"9".repeat(65)],
        );
        check(&FieldType::Code, &["DASH-1"], &["a/b", &"9".repeat(33)]);
        check(
            &FieldType::Date,
            &["2024-02-29"],
            &["2025-02-29", "29/02/2024", "45000"],
        );
        check(
            &FieldType::Nino,
            &["QQ123456C", "QQ123456"],
            &["QQ 12 34 56 C", "qq123456c", "QQ123456E"],
        );
        check(
            &FieldType::Postcode,
            &["ZZ1 1AA", "Z1 1AA", "ZZ99 9ZZ", "Z1A 1AA", "GIR 0AA"],
            &["ZZ11AA", "zz1 1aa", "ZZ1  1AA", "ABC 1AA", "ZZ1 1A"],
        );
        check(&FieldType::Truth, &["yes", "no"], &["true", "Yes", "1"]);
        check(
            &FieldType::Email,
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
            &FieldType::Phone,
            &["+44 20 7946 0000", "02079460000"],
            &["123456", "+44  20 7946 0000", "call 02079460000"],
        );
        check(
            &FieldType::Count,
            &["0", "1500"],
            &["007", "-1", "1,500", "1234567890"],
        );
        check(
            &FieldType::Country,
            &["GBR", "XXA"],
            &["gbr", "GB", "Utopia"],
        );
        check(&FieldType::Nation, &["wales"], &["Wales", "uk"]);
        check(
            &FieldType::MatchOutcome,
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
