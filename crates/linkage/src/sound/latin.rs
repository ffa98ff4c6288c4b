//! Words of other alphabets in the letters of English.

/// The word in the letters a to z and digits; false where a letter has none.
///
/// Cyrillic as passports have it (the soft and hard sign are silent); its ge is a breath where the word shows
/// itself Ukrainian or Belarusian by a dotted i or ye. Greek as ELOT 743 has it, by letter. Latin letters of
/// Africa and Azerbaijan become their neighbours.
pub(super) fn latin(word: &str, to: &mut Vec<u8>) -> bool {
    to.reserve(word.len() + 8);
    if word
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    {
        to.extend_from_slice(word.as_bytes());
        return !word.is_empty();
    }
    let breathed = word.contains(['і', 'є', 'ґ']);
    for c in word.chars() {
        let text = match c {
            'a'..='z' | '0'..='9' => {
                to.extend(u8::try_from(c));
                continue;
            }
            'ә' | 'ӓ' | 'а' | 'α' => "a",
            'б' => "b",
            'в' | 'β' | 'ʋ' => "v",
            'г' if breathed => "h",
            'г' | 'ґ' | 'ғ' | 'γ' | 'ɣ' => "g",
            'д' | 'δ' | 'ɗ' | 'ɖ' => "d",
            'е' | 'э' | 'ѣ' | 'ε' | 'ə' | 'ǝ' | 'ɛ' => "e",
            'є' => "ye",
            'ж' => "zh",
            'з' | 'ζ' => "z",
            'и' | 'і' | 'ѵ' | 'η' | 'ι' | 'ɩ' => "i",
            'ј' => "j",
            'к' | 'қ' | 'κ' | 'ƙ' => "k",
            'л' | 'љ' | 'λ' => "l",
            'м' | 'μ' => "m",
            'н' | 'њ' | 'ν' => "n",
            'ң' | 'ŋ' => "ng",
            'о' | 'ө' | 'ο' | 'ω' | 'ɔ' => "o",
            'п' | 'π' => "p",
            'р' | 'ρ' => "r",
            'с' | 'σ' => "s",
            'т' | 'τ' | 'ŧ' => "t",
            'у' | 'ү' | 'ұ' => "u",
            'ф' | 'ѳ' | 'φ' | 'ƒ' => "f",
            'х' => "kh",
            'һ' => "h",
            'ц' => "ts",
            'ч' | 'ћ' | 'χ' => "ch",
            'ш' => "sh",
            'щ' => "shch",
            'ъ' | 'ь' => "",
            'ы' | 'υ' | 'ƴ' => "y",
            'ю' => "yu",
            'я' => "ya",
            'ђ' => "dj",
            'џ' => "dzh",
            'ѕ' => "dz",
            'θ' => "th",
            'ξ' => "x",
            'ψ' => "ps",
            'ɓ' => "b",
            _ => return false,
        };
        to.extend_from_slice(text.as_bytes());
    }
    !to.is_empty()
}
