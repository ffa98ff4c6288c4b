//! Passwords of files for parties that have no node (SEC-06). One is drawn for each file, shown once, sent on a
//! channel of its own, and kept nowhere: it has no printed form, no serial form, and is wiped when it is let go of.

use zeroize::{Zeroize, Zeroizing};

use crate::ids::OperationId;
use crate::ports::Entropy;
use crate::table::FileFault;

/// Crockford's base 32: no letter that is taken for a digit, and no word that anybody would mind.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Five bits each: 125 bits.
const LETTERS: usize = 25;
const GROUP: usize = 5;
/// Excel takes no longer one.
const MOST: usize = 255;

/// The one answer for a wrong password and for a damaged file.
pub fn unopened() -> FileFault {
    FileFault {
        rule: "SEC-06".into(),
        row: None,
        column: None,
        what: "the file does not open with this password, or is damaged".into(),
    }
}

/// A password.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Draws one of 25 letters and digits in groups of five.
    pub fn draw(entropy: &dyn Entropy, op: &OperationId) -> Self {
        let mut bytes = Zeroizing::new([0u8; LETTERS]);
        entropy.fill(op, "password", &mut *bytes);
        // All room at once: a text that grows leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / GROUP));
        for (n, byte) in bytes.iter().enumerate() {
            if n > 0 && n % GROUP == 0 {
                text.push('-');
            }
            let letter = ALPHABET.get(usize::from(byte % 32)).copied();
            text.push(char::from(letter.unwrap_or(b'0')));
        }
        Self(text)
    }

    /// One that somebody gave; none when it is empty or longer than a workbook's can be.
    pub fn given(mut text: String) -> Option<Self> {
        if text.is_empty() || text.encode_utf16().count() > MOST {
            text.zeroize();
            return None;
        }
        Some(Self(Zeroizing::new(text)))
    }

    /// The text, for the file's lock, the channel and the one time that it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, _: &OperationId, label: &str, out: &mut [u8]) {
            assert_eq!(label, "password");
            (0..).zip(out).for_each(|(n, byte)| *byte = n * 7);
        }
    }

    #[test]
    fn a_drawn_one_has_125_bits_and_no_letter_that_is_misread() {
        let drawn = Password::draw(&Counting, &OperationId::parse("op").unwrap());
        assert_eq!(drawn.reveal(), "07enw-3ahrz-6dmv2-9gqy5-ckt18");
        assert!(!drawn.reveal().contains(['i', 'l', 'o', 'u']));
        assert_eq!(format!("{drawn:?}"), "Password");
        assert_eq!(
            ALPHABET
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            32
        );
    }

    #[test]
    fn a_given_one_is_what_a_workbook_can_have() {
        for (text, fits) in [("", false), ("a b", true)] {
            assert_eq!(Password::given(text.into()).is_some(), fits);
        }
        assert!(Password::given("x".repeat(255)).is_some());
        assert!(Password::given("x".repeat(256)).is_none());
    }
}
