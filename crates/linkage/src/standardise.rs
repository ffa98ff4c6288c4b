//! One form per value, so that spelling habits do not hide a person. Never guesses: a value that has no
//! standard form is unusable, and unusable is neither agreement nor disagreement.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{
    canonical_combining_class, decompose_compatible, is_combining_mark,
};

/// A name without accents, case, punctuation and surplus spaces; none when nothing is left.
///
/// Unicode NFKD without accents, case folded; apostrophes vanish (`O'Neill` is `oneill`), any other
/// punctuation parts words (`Smith-Jones` is `smith jones`). Latin letters that Unicode does not take apart
/// become their plain neighbours (`Łukasz` is `lukasz`). Marks that are letters of a script, as the vowel signs of
/// Indic scripts, stay. Other scripts stay as they are, and so does the order of the words.
pub fn name(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    name_into(raw, &mut out).then_some(out)
}

/// [`name`], added to `out`; false when nothing is left.
pub(crate) fn name_into(raw: &str, out: &mut String) -> bool {
    out.reserve(raw.len());
    let start = out.len();
    if is_plain(raw) {
        // What most values are.
        out.push_str(raw);
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
        return true;
    }
    if raw.is_ascii() {
        // A word at a time.
        let words = raw.split(|c: char| !c.is_ascii_alphanumeric() && !is_apostrophe(c));
        for word in words {
            let before = out.len();
            if before > start {
                out.push(' ');
            }
            let parted = out.len();
            word.split(is_apostrophe)
                .for_each(|part| out.push_str(part));
            if out.len() == parted {
                out.truncate(before);
            }
        }
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
        return out.len() > start;
    }
    let mut name = Standard {
        out,
        start,
        gap: false,
        ordered: true,
    };
    for c in raw.chars() {
        if c.is_ascii() {
            name.add_ascii(c);
        } else if !is_apostrophe(c) {
            // Apostrophes go first: the spacing acute U+00B4 would decompose to a space and part the word.
            decompose_compatible(c, |part| name.fold(part));
        }
    }
    if !name.ordered {
        name.out.truncate(start);
        name.gap = false;
        let letters = raw.chars().filter(|c| !is_apostrophe(*c)).nfkd();
        letters.for_each(|c| name.fold(c));
    }
    out.len() > start
}

/// Whether a text is of ASCII letters and digits, in words with one space between, and not empty.
fn is_plain(raw: &str) -> bool {
    let mut before = b' ';
    let plain = raw.bytes().all(|b| {
        let may = b.is_ascii_alphanumeric() || (b == b' ' && before != b' ');
        before = b;
        may
    });
    plain && before != b' '
}

/// A name while it is written.
struct Standard<'o> {
    out: &'o mut String,
    start: usize,
    gap: bool,
    /// No mark has stayed whose place among others Unicode orders: letter by letter was enough.
    ordered: bool,
}

impl Standard<'_> {
    fn fold(&mut self, c: char) {
        if c.is_ascii() {
            self.add_ascii(c);
        } else if !is_accent(c) {
            self.ordered &= canonical_combining_class(c) == 0;
            // Up and down again folds what has no single lower case: both sharp s are "ss", both sigmas one.
            let folded = c
                .to_lowercase()
                .flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase);
            folded
                .filter(|c| !is_accent(*c) && !is_apostrophe(*c))
                .for_each(|c| self.add(c));
        }
    }

    fn add_ascii(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.part();
            self.out.push(c.to_ascii_lowercase());
        } else {
            self.gap |= !is_apostrophe(c);
        }
    }

    fn add(&mut self, c: char) {
        if !is_letter(c) {
            self.gap = true;
            return;
        }
        self.part();
        match plain_neighbour(c) {
            Some(text) => self.out.push_str(text),
            None => self.out.push(c),
        }
    }

    fn part(&mut self) {
        if self.gap && self.out.len() > self.start {
            self.out.push(' ');
        }
        self.gap = false;
    }
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

/// The area of a postcode of the United Kingdom, `SW` of `sw1a 1aa`; none for anything else.
pub fn area(raw: &str) -> Option<String> {
    let [_, one, two, ..] = postcode(raw)?.to_be_bytes();
    let letters = [one, two].into_iter().filter(|letter| *letter != 0);
    Some(letters.map(char::from).collect())
}

/// Text as a number or code has it: ASCII letters, in capitals, and digits, without what stands between. It is
/// added to `out`; false when nothing is left, or a letter or digit of another kind is in it: `Ж12` is not `12`.
pub(crate) fn identifier_into(raw: &str, out: &mut String) -> bool {
    let before = out.len();
    for c in raw.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_uppercase());
        } else if is_letter(c) {
            out.truncate(before);
            return false;
        }
    }
    out.len() > before
}

/// A postcode of the United Kingdom, packed; none for anything else. Case, spaces, points and hyphens do not
/// matter. The outward part alone (`SW1A`) is a postcode whose sector is unknown.
///
/// Seven bytes from the highest: the area's one or two letters, the district's one or two signs, the sector's
/// digit, the unit's two letters; 0 where there is none. So each part is a mask of the whole. That a code is
/// in use is not asked.
pub(crate) fn postcode(raw: &str) -> Option<u64> {
    let mut text = [0_u8; 7];
    let mut length = 0;
    for c in raw
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.'))
    {
        *text.get_mut(length)? = u8::try_from(c).ok()?.to_ascii_uppercase();
        length += 1;
    }
    let text = text.get(..length)?;
    let (outward, inward) = match text {
        [outward @ .., sector, x, y]
            if sector.is_ascii_digit() && x.is_ascii_uppercase() && y.is_ascii_uppercase() =>
        {
            (outward, [*sector, *x, *y])
        }
        outward => (outward, [0; 3]),
    };
    let letters = outward
        .iter()
        .take_while(|b| b.is_ascii_uppercase())
        .count();
    let (area, district) = outward.split_at_checked(letters)?;
    let area = match area {
        [one] => [*one, 0],
        [one, two] => [*one, *two],
        _ => return None,
    };
    let district = match district {
        [digit] => [*digit, 0],
        [digit, sign] if sign.is_ascii_alphanumeric() => [*digit, *sign],
        _ => return None,
    };
    if !district.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let all = area.into_iter().chain(district).chain(inward);
    Some(all.fold(0, |packed, b| packed << 8 | u64::from(b)))
}

/// The area of a packed postcode, `SW` of `SW1A 1AA`.
pub(crate) fn postcode_area(packed: u64) -> u64 {
    packed & 0xff_ff00_0000_0000
}

/// The outward part of a packed postcode, `SW1A` of `SW1A 1AA`; 0 if unknown.
pub(crate) fn postcode_outward(packed: u64) -> u64 {
    packed & 0xff_ffff_ff00_0000
}

/// The sector of a packed postcode, `SW1A 1` of `SW1A 1AA`; 0 if unknown.
pub(crate) fn postcode_sector(packed: u64) -> u64 {
    if packed & 0xff_0000 == 0 {
        0
    } else {
        packed & 0xff_ffff_ffff_0000
    }
}

/// A day as eight decimal digits, four bits each: `0x1980_02_29`. Written year first with or without signs
/// between (`1980-02-29`, `19800229`) or, with them, day first as in the United Kingdom (`29/02/1980`); a time
/// after it is left out. None for anything else, as for a day that does not exist, a year before 1000 or after
/// 2999, and a month first: which of two readings was meant is never guessed.
///
/// A time with a zone counts only at midnight: at any other the day was perhaps another where it was written.
pub(crate) fn packed_date(raw: &str) -> Option<u32> {
    let raw = raw.trim_ascii().as_bytes();
    let plain = |b: &[u8]| b.iter().all(u8::is_ascii_digit);
    let length = if raw.get(..8).is_some_and(plain) {
        8
    } else {
        10
    };
    let (day, time) = raw.split_at_checked(length)?;
    if !(time.is_empty() || leaves_the_day(time)) {
        return None;
    }
    let packed = match *day {
        [a, b, c, d, e, f, g, h] => digits(&[a, b, c, d, e, f, g, h]),
        [a, b, c, d, x, e, f, y, g, h] if x == y && is_between(x) => {
            digits(&[a, b, c, d, e, f, g, h])
        }
        [g, h, x, e, f, y, a, b, c, d] if x == y && is_between(x) => {
            digits(&[a, b, c, d, e, f, g, h])
        }
        _ => None,
    }?;
    let number =
        |bcd: u32| (bcd >> 12) * 1000 + (bcd >> 8 & 15) * 100 + (bcd >> 4 & 15) * 10 + (bcd & 15);
    let (year, month, day) = (
        number(packed >> 16),
        number(packed >> 8 & 255),
        number(packed & 255),
    );
    let exists = Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    );
    ((1000..=2999).contains(&year) && exists.is_ok()).then_some(packed)
}

fn is_between(b: u8) -> bool {
    matches!(b, b'-' | b'/' | b'.')
}

/// Decimal digits, four bits each.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |packed, b| {
        b.is_ascii_digit()
            .then(|| packed << 4 | u32::from(b - b'0'))
    })
}

/// Whether this is a time of day, `T` or a space before it, that leaves its day as it was written.
fn leaves_the_day(time: &[u8]) -> bool {
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, rest @ ..] = time else {
        return false;
    };
    let pair = |tens: u8, ones: u8| digits(&[tens, ones]);
    let (seconds, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (pair(*s1, *s2), rest),
        _ => (Some(0), rest),
    };
    let (Some(hours), Some(minutes), Some(seconds)) = (pair(*h1, *h2), pair(*m1, *m2), seconds)
    else {
        return false;
    };
    if hours > 0x23 || minutes > 0x59 || seconds > 0x59 {
        return false;
    }
    let (fraction, zone) = match rest {
        [b'.' | b',', rest @ ..] => {
            rest.split_at(rest.iter().take_while(|b| b.is_ascii_digit()).count())
        }
        _ => (&[][..], rest),
    };
    let midnight = hours | minutes | seconds == 0 && fraction.iter().all(|b| *b == b'0');
    match zone {
        [] => true,
        [b'Z' | b'z'] => midnight,
        [b'+' | b'-', hours @ ..] => {
            midnight && hours.iter().all(|b| b.is_ascii_digit() || *b == b':')
        }
        _ => false,
    }
}

/// A letter, a digit, or a mark that belongs to one.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// A mark without which a name is still the same name: accents of alphabets, points of Hebrew, vowel points of Arabic.
fn is_accent(c: char) -> bool {
    let marks = matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{487}'
            | '\u{591}'..='\u{5c7}'
            | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{6d6}'..='\u{6ed}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
    );
    marks && is_combining_mark(c)
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
    use unicode_normalization::UnicodeNormalization;

    fn check<T: PartialEq + std::fmt::Debug>(
        standard: impl Fn(&str) -> Option<T>,
        cases: &[(&str, Option<T>)],
    ) {
        for (raw, expect) in cases {
            assert_eq!(&standard(raw), expect, "{raw:?}");
        }
    }

    /// The definition of a standard name, step by step over the whole of it.
    fn plain_name(raw: &str) -> Option<String> {
        let letters = raw
            .chars()
            .filter(|c| !is_apostrophe(*c))
            .nfkd()
            .filter(|c| !is_accent(*c))
            .flat_map(char::to_lowercase)
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .filter(|c| !is_accent(*c) && !is_apostrophe(*c));
        let mut out = String::new();
        for c in letters {
            match plain_neighbour(c) {
                Some(text) => out.push_str(text),
                None if is_letter(c) => out.push(c),
                None => out.push(' '),
            }
        }
        let words: Vec<_> = out.split(' ').filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then(|| words.join(" "))
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
                ("राम रमा", own("राम रमा")),
                ("अमित", own("अमित")),
                ("กานต์", own("กานต์")),
                ("がとう", own("か\u{3099}とう")),
                ("مُحَمَّد", own("محمد")),
                ("שָׁלוֹם", own("שלום")),
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

    #[test]
    fn every_letter_is_as_defined() {
        let mut raw = String::new();
        for c in '\0'..=char::MAX {
            raw.clear();
            raw.extend(['a', c, '\u{301}', '\u{327}', c]);
            assert_eq!(name(&raw), plain_name(&raw), "{c:?}");
        }
    }

    #[test]
    fn into_adds() {
        let mut out = "before".to_owned();
        assert!(!name_into(" - ", &mut out) && !identifier_into("é-", &mut out));
        // What is left of a number of another script is another number.
        assert!(!identifier_into("Ж12", &mut out) && !identifier_into("१२", &mut out));
        assert!(name_into(" Ann Lee", &mut out) && identifier_into("ab-1", &mut out));
        assert_eq!(out, "beforeann leeAB1");
    }

    #[test]
    fn postcodes() {
        let packed = |text: &[u8; 7]| text.iter().fold(0, |all, b| all << 8 | u64::from(*b));
        check(
            postcode,
            &[
                ("SW1A 1AA", Some(packed(b"SW1A1AA"))),
                ("sw1a1aa", Some(packed(b"SW1A1AA"))),
                (" S W1A-1A.A\u{a0}\n", Some(packed(b"SW1A1AA"))),
                ("M1 1AE", Some(packed(b"M\x001\x001AE"))),
                ("B33 8TH", Some(packed(b"B\x00338TH"))),
                ("CR2 6XH", Some(packed(b"CR2\x006XH"))),
                ("DN55 1PT", Some(packed(b"DN551PT"))),
                ("W1A 0AX", Some(packed(b"W\x001A0AX"))),
                ("SW1A", Some(packed(b"SW1A\0\0\0"))),
                ("E1", Some(packed(b"E\x001\0\0\0\0"))),
                ("SW1A 1", None),
                ("SW1A 1A", None),
                ("SW 1AA", None),
                ("SW1A 11A", None),
                ("SW1A 1A1", None),
                ("SWX1 1AA", None),
                ("SW1AA 1AA", None),
                ("12345", None),
                ("1AA", None),
                ("ÉW1A 1AA", None),
                ("SW1A 1AA 1", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn parts_of_postcodes() {
        let parts = |raw| {
            postcode(raw).map(|p| (postcode_area(p), postcode_outward(p), postcode_sector(p)))
        };
        let (one, other) = (parts("SW1A 1AA").unwrap(), parts("SW1A 1ZZ").unwrap());
        assert_eq!(one, other);
        let (area, outward, sector) = parts("SW1A 2AA").unwrap();
        assert!((area, outward) == (one.0, one.1) && sector != one.2);
        let (area, outward, _) = parts("SW1P 1AA").unwrap();
        assert!(area == one.0 && outward != one.1);
        assert_eq!(parts("sw1a"), Some((one.0, one.1, 0)));
        assert_ne!(parts("S1 1AA").unwrap().0, one.0);
        assert_ne!(parts("E1 1AA").unwrap().1, parts("E11 1AA").unwrap().1);
        assert_eq!(
            (postcode_area(0), postcode_outward(0), postcode_sector(0)),
            (0, 0, 0)
        );
    }

    #[test]
    fn packed_dates() {
        let day = Some(0x1980_0229);
        check(
            packed_date,
            &[
                ("1980-02-29", day),
                ("19800229", day),
                (" 29/02/1980\n", day),
                ("29.02.1980", day),
                ("29-02-1980", day),
                ("1980/02/29", day),
                ("1980-02-29T00:00:00", day),
                ("1980-02-29T00:00:00.000Z", day),
                ("1980-02-29 00:00:00+01:00", day),
                ("29/02/1980 00:00", day),
                ("19800229T131500", None),
                ("1980-02-29T13:15:59", day),
                ("1980-02-29T23:00:00Z", None),
                ("1980-02-29T24:00:00", None),
                ("1980-02-29T", None),
                ("1980-02-29x", None),
                ("02/29/1980", None),
                ("29/02/1981", None),
                ("29/02-1980", None),
                ("29 02 1980", None),
                ("1900-02-29", None),
                ("2000-02-29", Some(0x2000_0229)),
                ("0999-12-31", None),
                ("1000-01-01", Some(0x1000_0101)),
                ("2999-12-31", Some(0x2999_1231)),
                ("3000-01-01", None),
                ("1980-00-01", None),
                ("1980-13-01", None),
                ("1980-01-00", None),
                ("1980-04-31", None),
                ("1/2/1980", None),
                ("29/02/80", None),
                ("1980", None),
                ("1980-0é-1", None),
                ("", None),
            ],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_name_is_as_defined(raw in "[ -~]{0,40}|\\PC{0,30}|[A-Za-zÀ-ɏ\u{300}-\u{345}' ]{0,30}|[क-९ \u{3099}か]{0,12}|[ΑΣςάЙйěẞŉǰΐΰﬁ̈́´'ʹ´ -]{0,20}") {
            prop_assert_eq!(name(&raw), plain_name(&raw));
        }

        #[test]
        fn a_packed_date_is_the_day(days in -360_000_i32..380_000, form in 0..4) {
            let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let (y, m, d) = (day.year(), day.month(), day.day());
            let raw = match form {
                0 => format!("{y:04}-{m:02}-{d:02}"),
                1 => format!("{y:04}{m:02}{d:02}"),
                2 => format!("{d:02}/{m:02}/{y:04}"),
                _ => format!("{d:02}.{m:02}.{y:04}"),
            };
            let expect = u32::from_str_radix(&format!("{y:04}{m:02}{d:02}"), 16).unwrap();
            prop_assert_eq!(packed_date(&raw), (1000..=2999).contains(&y).then_some(expect));
        }

        #[test]
        fn a_packed_date_exists(raw in "[0-9]{8}|[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}-[01][0-9]-[0-3][0-9]") {
            if let Some(packed) = packed_date(&raw) {
                let text = format!("{packed:08x}");
                let iso = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
                prop_assert!(iso.parse::<Date>().is_ok());
            }
        }

        #[test]
        fn a_postcode_is_read_back(raw in "[A-Z]{1,2}[0-9][0-9A-Z]?( ?[0-9][A-Z]{2})?") {
            let packed = postcode(&raw).unwrap();
            let text: String = packed.to_be_bytes().iter().filter(|b| **b != 0).map(|b| char::from(*b)).collect();
            prop_assert_eq!(text, raw.replace(' ', ""));
        }

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
            let _ = (name(&raw), nino(&raw), postcode(&raw), packed_date(&raw));
        }
    }
}
