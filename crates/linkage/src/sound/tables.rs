//! What is read as what: beginnings, endings, syllables of Chinese, and the consonants of any other word.

/// What a word begins with, what has to follow, and what it then begins with instead.
pub(super) type Beginning = (&'static str, Then, &'static str);
/// What a word ends with, and what it then ends with instead.
pub(super) type Ending = (&'static str, &'static str);
/// What a syllable begins with, as spelt and as coded.
pub(super) type Initial = (&'static str, char);
/// What a syllable ends with, as spelt and as coded.
pub(super) type Final = (&'static str, &'static str);

/// The tables that words are read by; tests read by others.
pub(super) struct Tables<'t> {
    pub(super) beginnings: &'t [Beginning],
    pub(super) endings: &'t [Ending],
    pub(super) initials: &'t [Initial],
    pub(super) finals: &'t [Final],
    rules: &'t [Rule],
    /// Where the rules of each letter from a to z begin and end.
    of: [(u8, u8); 26],
}

impl<'t> Tables<'t> {
    pub(super) const ALL: Self = Self::new(BEGINNINGS, ENDINGS, INITIALS, FINALS, RULES);

    #[expect(
        clippy::indexing_slicing,
        reason = "worked out by the compiler, which would refuse what is out of range"
    )]
    pub(super) const fn new(
        beginnings: &'t [Beginning],
        endings: &'t [Ending],
        initials: &'t [Initial],
        finals: &'t [Final],
        rules: &'t [Rule],
    ) -> Self {
        let mut of = [(0, 0); 26];
        let mut at = 0;
        while at < rules.len() {
            let letter = (rules[at].0.as_bytes()[0] - b'a') as usize;
            if of[letter].1 == 0 {
                of[letter].0 = at as u8;
            }
            at += 1;
            of[letter].1 = at as u8;
        }
        Self {
            beginnings,
            endings,
            initials,
            finals,
            rules,
            of,
        }
    }

    pub(super) fn rules_of(&self, letter: u8) -> &'t [Rule] {
        let of = self.of.get(usize::from(letter.wrapping_sub(b'a')));
        of.and_then(|(from, to)| self.rules.get(usize::from(*from)..usize::from(*to)))
            .unwrap_or_default()
    }
}

/// What a word begins with, and what it then begins with instead; the first that fits is taken.
pub(super) const BEGINNINGS: &[Beginning] = &[
    // McCarthy and MacCarthy.
    ("mc", Then::Any, "mac"),
    // The article of Arabic is written with either vowel: Elsayed, Alsayed.
    ("el", Then::Article, "al"),
    // In Abdulrahman the article is heard as the letter after it (a sun letter), and so it is written too.
    ("abdul", Then::Sun, "abdu"),
    ("abdel", Then::Sun, "abde"),
    ("abdal", Then::Sun, "abda"),
    ("abdoul", Then::Sun, "abdou"),
    // Russian writes the breath of Ahmed with kh.
    ("akhm", Then::Any, "ahm"),
    // George and Jorge, Geoffrey and Jeffrey, Giorgio and Georgios.
    ("geoff", Then::Any, "jef"),
    ("geo", Then::Any, "jo"),
    // Slavic words begin with e or with ye by the language and the way of transliteration: Evgeny, Yevhen.
    ("ye", Then::Any, "e"),
    // Iulia is Yulia, Ioannis is Yannis.
    ("ia", Then::Any, "ya"),
    ("io", Then::Any, "yo"),
    ("iu", Then::Any, "yu"),
    // Albanian xh is j. Otherwise an x at the beginning is a hiss: Xenia, Xavier, Xiaofeng; Ksenia with it.
    ("xh", Then::Any, "j"),
    ("x", Then::Any, "s"),
    ("ks", Then::Any, "s"),
];

/// What a word ends with, and what it then ends with instead; the first that fits is taken.
pub(super) const ENDINGS: &[Ending] = &[
    // Singh and Sing.
    ("ngh", "ng"),
    // Leigh and Lee, Kavanagh and Kavana.
    ("eigh", "ee"),
    ("gh", ""),
    // Miah and Mia, Fatimah and Fatima; but sh, ch, th and the like are letters of their own.
    ("ah", "a"),
    ("eh", "e"),
    ("oh", "o"),
    ("uh", "u"),
    ("ih", "i"),
    // Petrovic (which was Petrović), Petrovich, Petrovitch, Petrowicz, Petrowitz.
    ("vic", "vich"),
    ("wic", "vich"),
    ("witz", "vich"),
    ("wits", "vich"),
    ("vits", "vich"),
    // A glide: Marija and Maria, Kowalskaja and Kowalskaia; Andrej and Andrey. After another vowel it is as
    // often a consonant: Raj, Manoj.
    ("ija", "ia"),
    ("skaja", "skaia"),
    ("ej", "ei"),
    ("ij", "ii"),
    ("yj", "yi"),
    // A silent e leaves the w before it a vowel: Lowe and Low.
    ("we", "w"),
];

/// What has to follow a beginning.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Any,
    /// A consonant, but not another l: Ellen is no article.
    Article,
    /// A letter that takes the place of the article's l in Arabic.
    Sun,
}
/// Beginnings of syllables in Pinyin and in Wade and Giles's way, whose apostrophes are lost, so that strong
/// and weak fall together; the longer ones first.
#[rustfmt::skip]
pub(super) const INITIALS: &[Initial] = &[
    ("zh", 'c'), ("ch", 'c'), ("sh", 's'), ("hs", 'x'), ("ts", 'z'), ("tz", 'z'), ("j", 'c'), ("q", 'c'),
    ("x", 'x'), ("b", 'p'), ("p", 'p'), ("d", 't'), ("t", 't'), ("g", 'k'), ("k", 'k'), ("z", 'z'), ("c", 'z'),
    ("m", 'm'), ("f", 'f'), ("n", 'n'), ("l", 'l'), ("h", 'h'), ("r", 'r'), ("s", 's'), ("y", 'y'), ("w", 'v'),
];

/// Ends of syllables as spelt and as coded.
#[rustfmt::skip]
pub(super) const FINALS: &[Final] = &[
    ("a", "a"), ("ai", "ai"), ("an", "an"), ("ang", "ang"), ("ao", "ao"), ("ay", "ai"), ("e", "e"), ("ee", "i"),
    ("ei", "ei"), ("en", "en"), ("eng", "eng"), ("i", "i"), ("ia", "ia"),
    ("ian", "ian"), ("iang", "iang"), ("iao", "iao"), ("ie", "ie"), ("ien", "ian"), 
    ("in", "in"), ("ing", "ing"), ("iong", "iong"), ("iu", "iu"), ("iung", "iong"), ("o", "o"), ("ong", "ong"),
    ("oo", "u"), ("ou", "ou"), ("ow", "ou"), ("u", "u"), ("ua", "ua"), ("uai", "uai"), ("uan", "uan"),
    ("uang", "uang"), ("wa", "ua"), ("wai", "uai"), ("wan", "uan"), ("wang", "uang"), ("ui", "ui"),
    ("un", "un"), ("ung", "ong"), ("uo", "uo"), ("y", "i"),
];

/// Where in its word a group of letters stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    Anywhere,
    Start,
    Inside,
    End,
    /// Between two vowels.
    Between,
    /// After a consonant, before a vowel.
    Onset,
}

/// What follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    Any,
    /// e, i or y.
    Front,
    /// a, o or u.
    Back,
    Vowel,
    Consonant,
}

/// One group of consonants: as spelt, where, before what, as coded, and how many letters it takes up.
pub(super) type Rule = (&'static str, At, Next, &'static str, usize);

/// The first that fits is taken. The letters of the code are classes:
/// `s` all hisses (accents are gone, so that s, š, ş and ś are one letter, and so are z and ž: sh cannot be told
/// from s, nor voice from none); `c` the ch of church; `y` the j of Jamal and of Jan and the zh of Zhukov, one
/// letter in too many alphabets; `k` all hard c, ck, k, q and kh; `f` all f, v, w and ph inside, `v` at the
/// beginning; `h` a breath that is heard.
pub(super) const RULES: &[Rule] = {
    use At::{Anywhere, Between, End, Inside, Onset, Start};
    use Next::{Any, Back, Consonant, Front, Vowel};
    &[
        // Nicholas and Nikolas, Christos and Khristos, Bachmann; elsewhere as in Charles.
        ("chol", Inside, Any, "k", 2),
        ("ch", Anywhere, Consonant, "k", 2),
        ("ch", Anywhere, Any, "c", 2),
        ("cz", Anywhere, Any, "c", 2),
        ("c", Anywhere, Front, "s", 1),
        ("c", Anywhere, Any, "k", 1),
        // Central Asia's Dzhamal, North Africa's Djamal; Hodge; Polish dz.
        ("dzh", Anywhere, Any, "y", 3),
        ("dj", Anywhere, Any, "y", 2),
        ("dg", Anywhere, Front, "y", 2),
        ("dz", Anywhere, Any, "s", 2),
        ("dt", Anywhere, Any, "t", 2),
        // Ghani and Gani, Asghar; Callaghan and Callahan; Wright and Hughes.
        ("gh", Start, Any, "g", 2),
        ("gh", Onset, Any, "g", 2),
        ("gh", Between, Any, "h", 2),
        ("gh", Anywhere, Any, "", 2),
        // George; Giovanni and Jovan.
        ("ge", End, Any, "y", 2),
        ("gi", Start, Back, "y", 2),
        // Heard between vowels (Rahim is not Rami); not in John, Kahn, Carvalho, Bhatt, and hardly in Ahmed.
        ("h", Start, Any, "h", 1),
        ("h", Between, Any, "h", 1),
        ("h", Anywhere, Any, "", 1),
        // A glide in Wojciech and Bojko.
        ("j", Inside, Consonant, "", 1),
        ("j", Anywhere, Any, "y", 1),
        // Mukhammad and Muhammad, Mikhail and Mihail; elsewhere Khan and Sheikh.
        ("kh", Between, Any, "h", 2),
        // Thompson and Thomson.
        ("mps", Inside, Any, "ms", 3),
        ("ph", Anywhere, Any, "f", 2),
        // Enrique, Quentin, Joaquin.
        ("qu", Anywhere, Vowel, "k", 2),
        ("q", Anywhere, Any, "k", 1),
        // Shcherbak, Scherbak, Szczerbak; Schmidt; Sharma; Szymon.
        ("shch", Anywhere, Any, "s", 4),
        ("szcz", Anywhere, Any, "s", 4),
        ("sch", Anywhere, Any, "s", 3),
        // Mitchell and Michell, German tsch; Schultz and Schulz, Katz and Kats; Smith and Smit.
        ("tsch", Anywhere, Any, "c", 4),
        ("tch", Anywhere, Any, "c", 3),
        ("tz", Anywhere, Any, "s", 2),
        ("ts", Anywhere, Any, "s", 2),
        // Stephen and Steven, Kowalski and Kovalsky, Ivanov and Ivanoff.
        ("v", Start, Any, "v", 1),
        ("v", Anywhere, Any, "f", 1),
        ("w", Start, Any, "v", 1),
        ("w", Anywhere, Any, "f", 1),
        // Alexander and Aleksandr.
        ("x", Anywhere, Any, "ks", 1),
        ("zh", Anywhere, Any, "y", 2),
        ("z", Anywhere, Any, "s", 1),
    ]
};
