//! From bytes to text that a person and the program read alike. Refuses what would look different from what
//! it is: other encodings, invisible controls, tabs as indentation. Bounded: one pass over at most 1 MiB.

use crate::diagnostic::Span;
use crate::unreadable::{Unreadable, Why};

/// The longest file, in bytes.
pub const LONGEST: usize = 1 << 20;

fn refuse(text: &str, at: usize, why: Why) -> Unreadable {
    Unreadable {
        why,
        span: span_at(text, at),
    }
}

/// The place of one byte offset; an offset within a character stands for that character.
pub(crate) fn span_at(text: &str, at: usize) -> Span {
    let at = text.floor_char_boundary(at);
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = 1 + before.bytes().filter(|b| *b == b'\n').count();
    let column = 1 + before.get(line_start..).unwrap_or("").chars().count();
    let width = after.chars().next().map_or(0, char::len_utf8);
    let (line, column) = (small(line), small(column));
    let end_column = column.saturating_add(u32::from(width > 0));
    Span {
        start: at,
        end: at + width,
        line,
        column,
        end_line: line,
        end_column,
    }
}

pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Characters that make text look other than it is: the marks that turn its direction, and those that show
/// nothing at all (`Default_Ignorable_Code_Point` of Unicode 17, with the separators of lines and paragraphs).
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Reads the bytes as text, or says where they are not readable.
///
/// # Errors
/// The first place that cannot be read as it looks.
pub fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    if bytes.len() > LONGEST {
        return Err(refuse("", 0, Why::TooLong));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let good = std::str::from_utf8(good).unwrap_or_default();
        refuse(good, good.len(), Why::NotUtf8)
    })?;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let body = body.strip_suffix('\r').unwrap_or(body);
        let indent = body
            .bytes()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        if let Some(tab) = body.get(..indent).and_then(|i| i.find('\t')) {
            return Err(refuse(text, at + tab, Why::Tab));
        }
        let bad = |c: char| (c.is_control() && c != '\t') || is_hidden(c);
        if let Some((i, c)) = body.char_indices().find(|(_, c)| bad(*c)) {
            return Err(refuse(text, at + i, Why::Hidden(c)));
        }
        at += line.len();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Option<(u32, u32)>) {
        let found = text(bytes).err().map(|e| (e.span.line, e.span.column));
        assert_eq!(found, expect, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn what_cannot_be_read_as_it_looks_is_refused_with_its_place() {
        check(b"a: b\r\nc: d\n", None);
        check("a: é # \ta tab in the middle\n".as_bytes(), None);
        check(b"a:\n \tb: c\n", Some((2, 2)));
        check("é: é\nb: \u{ff}".as_bytes(), None);
        check(b"\xc3\xa9: x\nb: \xff", Some((2, 4)));
        check(b"\xff\xfea\0", Some((1, 1)));
        check("\u{feff}a: b".as_bytes(), Some((1, 1)));
        check(b"a: \0", Some((1, 4)));
        check("a: é\u{202e}b".as_bytes(), Some((1, 5)));
        for hidden in ['\u{ad}', '\u{61c}', '\u{3164}', '\u{fe0f}', '\u{e0041}'] {
            check(format!("a: b{hidden}").as_bytes(), Some((1, 5)));
        }
        check(b"a: b\rc: d\n", Some((1, 5)));
        check(&vec![b'#'; LONGEST], None);
        check(&vec![b'#'; LONGEST + 1], Some((1, 1)));
    }
}
