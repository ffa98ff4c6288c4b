//! One form per value, so that spelling habits do not hide a person. Never guesses: a value that has no
//! standard form is unusable, and unusable is neither agreement nor disagreement.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A name without accents, case, punctuation and surplus spaces; none when nothing is left.
///
/// Unicode NFKD without combining marks, case folded; apostrophes vanish (`O'Neill` is `oneill`), any other
/// punctuation parts words (`Smith-Jones` is `smith jones`). Latin letters that Unicode does not take apart
/// become their plain neighbours (`Łukasz` is `lukasz`). Other scripts stay as they are, and so does the
/// order of the words.
pub fn name(raw: &str) -> Option<String> {
    // Apostrophes go first: the spacing acute U+00B4 would decompose to a space and part the word.
    let letters = raw
        .chars()
        .filter(|c| !is_apostrophe(*c))
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        // Up and down again folds what has no single lower case: both sharp s are "ss", both sigmas one.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|c| !is_combining_mark(*c) && !is_apostrophe(*c));
    let mut out = String::with_capacity(raw.len());
    let mut gap = false;
    for c in letters {
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        match plain_neighbour(c) {
            Some(text) => out.push_str(text),
            None => out.push(c),
        }
    }
    (!out.is_empty()).then_some(out)
}

/// A date in the one form that cannot be read two ways, `1980-02-29`; none for anything else, as for a day
/// that does not exist. Spaces around it do not matter.
pub fn date(raw: &str) -> Option<Date> {
    let raw = raw.trim();
    let shape = raw.len() == 10
        && raw.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if shape { raw.parse().ok() } else { None }
}

/// A National Insurance number as two letters, six digits and a suffix letter A to D, without spaces,
/// points or hyphens and in capitals; none for anything else.
pub fn nino(raw: &str) -> Option<String> {
    let text: String = raw
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let shape = text.len() == 9
        && text.bytes().enumerate().all(|(at, b)| match at {
            0 | 1 => b.is_ascii_uppercase(),
            8 => matches!(b, b'A'..=b'D'),
            _ => b.is_ascii_digit(),
        });
    shape.then_some(text)
}

fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`'
            | '\u{b4}'
            | '\u{2b9}'
            | '\u{2bb}'
            | '\u{2bc}'
            | '\u{2018}'
            | '\u{2019}'
            | '\u{2032}'
            | '\u{ff07}'
    )
}

fn plain_neighbour(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<T: PartialEq + std::fmt::Debug>(
        standard: impl Fn(&str) -> Option<T>,
        cases: &[(&str, Option<T>)],
    ) {
        for (raw, expect) in cases {
            assert_eq!(&standard(raw), expect, "{raw:?}");
        }
    }

    #[test]
    fn names() {
        let own = |text: &str| Some(text.to_owned());
        check(
            name,
            &[
                ("Zoë  O'Neill", own("zoe oneill")),
                ("ZOE O\u{2019}NEILL", own("zoe oneill")),
                ("O\u{b4}Neill", own("oneill")),
                ("Smith-Jones", own("smith jones")),
                ("  Smith ,Jones. ", own("smith jones")),
                ("Łukasz Żółć", own("lukasz zolc")),
                ("Straße", own("strasse")),
                ("STRASSE", own("strasse")),
                ("ẞ", own("ss")),
                ("Σίσυφος", own("σισυφοσ")),
                ("İnci Işık", own("inci isik")),
                ("Ｆｕｌｌ", own("full")),
                ("Søren Ærø", own("soren aero")),
                ("Nguyễn Thị Ánh", own("nguyen thi anh")),
                ("王小明", own("王小明")),
                ("Sukarno", own("sukarno")),
                ("a\u{202e}b\u{200b}c", own("a b c")),
                ("", None),
                (" -'- ", None),
                ("\u{301}", None),
            ],
        );
    }

    #[test]
    fn dates() {
        check(
            date,
            &[
                ("1980-02-29", Some(jiff::civil::date(1980, 2, 29))),
                (" 1980-02-29\n", Some(jiff::civil::date(1980, 2, 29))),
                ("1981-02-29", None),
                ("1980-00-00", None),
                ("29/02/1980", None),
                ("19800229", None),
                ("1980-2-29", None),
                ("1980-02-29T00:00", None),
                ("+980-02-29", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn ninos() {
        let own = |text: &str| Some(text.to_owned());
        check(
            nino,
            &[
                ("QQ123456C", own("QQ123456C")),
                ("qq 12 34 56 c", own("QQ123456C")),
                ("QQ-12.34-56 C", own("QQ123456C")),
                ("QQ\u{a0}123456C", own("QQ123456C")),
                ("QQ123456", None),
                ("QQ123456E", None),
                ("Q1123456C", None),
                ("QQ12345ÉC", None),
                ("", None),
            ],
        );
    }

    proptest! {
        #[test]
        fn a_standard_name_is_standard(raw in "\\PC{0,40}") {
            if let Some(once) = name(&raw) {
                prop_assert_eq!(name(&once), Some(once));
            }
        }

        #[test]
        fn case_and_composition_do_not_matter(raw in "[A-Za-zÀ-ÿ' -]{0,40}") {
            prop_assert_eq!(name(&raw), name(&raw.to_uppercase()));
            prop_assert_eq!(name(&raw), name(&raw.nfd().collect::<String>()));
        }

        #[test]
        fn no_text_breaks_a_standard_form(raw in any::<String>()) {
            let _ = (name(&raw), date(&raw), nino(&raw));
        }
    }
}
