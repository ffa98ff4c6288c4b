//! What a terminal is shown. A partner's text may hold characters that move the cursor, turn the direction of writing or
//! show nothing at all: they are written as what they are, and never reach the terminal.

use std::fmt::Write;

use zeroize::Zeroizing;

/// The text, of one line or several, with each such character as JSON would escape it: JSON stays what it is.
pub(crate) fn safe(text: &str) -> Zeroizing<String> {
    let mut safe = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        if is_plain(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe
}

fn is_plain(c: char) -> bool {
    matches!(c, '\n' | '\t') || !(c.is_control() || document::is_hidden(c))
}

/// The text with a question mark for each byte of such a character: places in it stay what they are.
pub(crate) fn blotted(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for c in text.chars() {
        match is_plain(c) {
            true => whole.push(c),
            false => whole.extend(std::iter::repeat_n('?', c.len_utf8())),
        }
    }
    whole
}

/// One value in a line: it neither ends the line nor leaves its column.
pub(crate) fn safe_value(value: &str) -> Zeroizing<String> {
    let mut whole = safe(value);
    for (c, escape) in [('\n', "\\n"), ('\t', "\\t")] {
        if whole.contains(c) {
            whole = Zeroizing::new(whole.replace(c, escape));
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_turns_or_hides_is_written_out() {
        for (text, expect) in [
            ("Zoë O'Neil, \"5\" £ 名 👩", "Zoë O'Neil, \"5\" £ 名 👩"),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone"),
            (
                "a\rb\u{8}\u{7f}\u{9b}1m",
                "a\\u000db\\u0008\\u007f\\u009b1m",
            ),
            ("\u{202e}nhoJ\u{2066}", "\\u202enhoJ\\u2066"),
            ("Jo\u{200b}hn\u{feff}\u{ad}", "Jo\\u200bhn\\ufeff\\u00ad"),
            ("a\u{e0041}b", "a\\udb40\\udc41b"),
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ] {
            assert_eq!(safe(text).as_str(), expect);
            // In JSON nothing is lost.
            let json = serde_json::to_string_pretty(&serde_json::json!({ "v": text })).unwrap();
            let back: serde_json::Value = serde_json::from_str(&safe(&json)).unwrap();
            assert_eq!(back["v"], text);
        }
        assert_eq!(blotted("é\u{1b}[1m\u{202e}x\n"), "é?[1m???x\n");
        assert_eq!(safe_value("a\nb\tc\u{1b}").as_str(), "a\\nb\\tc\\u001b");
    }
}
