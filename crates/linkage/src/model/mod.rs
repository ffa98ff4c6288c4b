//! What a linkage is: which columns, which pairs are looked at, how they are compared, and what the evidence
//! decides. A model holds no trained number; those are [`Trained`](crate::Trained)'s.
//!
//! The file form is read by [`Model::read`].

mod faults;
mod file;
pub mod rules;
mod words;

pub use faults::Faults;
pub(crate) use file::MOST_COMPARISONS;

/// A model of linkage: valid by construction, read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The model's name: lower-case words joined by hyphens.
    pub name: String,
    /// The column of each list that holds the record's own handle.
    pub id: Sides<String>,
    /// What is compared, in the file's order.
    pub columns: Vec<Column>,
    /// Which pairs are looked at: those that meet any rule. The order is the file's.
    pub blocking: Vec<BlockingRule>,
    /// Further rules whose pairs are looked at in training alone.
    pub training: Vec<BlockingRule>,
    /// How columns are compared, in the file's order.
    pub comparisons: Vec<ColumnComparison>,
    /// Comparisons that are not independent of one another among different people, and are weighed together:
    /// indexes into `comparisons`, each in at most one group.
    pub joint: Vec<Vec<usize>>,
    /// What the weight of evidence amounts to.
    pub decide: Decide,
    /// How well the model is documented to link, where it is to be used on people (MATCH-17).
    pub documented: Option<Documented>,
}

/// What a test of the model must show before it may be used (MATCH-17): of its strong pairs, and between groups at the
/// probability from which pairs link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Documented {
    /// The least precision of strong pairs.
    pub precision: f64,
    /// The least recall of strong pairs, of all true pairs.
    pub recall: f64,
    /// The most by which recall may differ between groups of people.
    pub gap: f64,
}

/// One of something for each list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides<T> {
    /// Of the case list.
    pub left: T,
    /// Of the master list.
    pub right: T,
}

/// One thing that both lists say about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the model.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Where the values stand: each inner list names columns of the file whose texts are joined by a space to
    /// make one value. More than one inner list, or `split`, makes several values.
    pub from: Sides<Vec<Vec<String>>>,
    /// The character that parts several values in one text.
    pub split: Option<char>,
    /// The most values that are compared, from 1 to 8; further ones are counted and told.
    pub most: usize,
}

/// What the values of a column are, and so how they are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Names of a person: a set of words, whatever their order.
    Name,
    /// Words that are compared as one text in standard form.
    Text,
    /// Letters and digits alone.
    Identifier,
    /// A calendar date.
    Date,
    /// A postcode of the United Kingdom.
    Postcode,
}

/// A derived key: the whole value of a column, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which column.
    pub column: usize,
    /// Which part.
    pub part: Part,
}

/// A part of a value that a blocking rule may ask to be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole value in standard form (a name: the same words).
    Whole,
    /// Any word of a name.
    Word,
    /// The sound of any word of a name.
    Sound,
    /// The first word, of a name as it was written.
    First,
    /// The last word.
    Last,
    /// Year of a date.
    Year,
    /// Year and month of a date.
    YearMonth,
    /// Day and month of a date.
    DayMonth,
    /// Postcode area, `ZZ` of `ZZ1 2AB`.
    Area,
    /// Outward part, `ZZ1`.
    Outward,
    /// Sector, `ZZ1 2`.
    Sector,
}

/// Pairs that agree on every key are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockingRule {
    /// The keys that must all be equal.
    pub keys: Vec<Key>,
    /// The most cases that one value of the keys may hold.
    pub cap: Option<usize>,
    /// Further keys that are asked for where a value holds more cases than `cap`. Empty without a cap.
    pub then: Vec<Key>,
}

/// How one column is compared: the first level that holds is the pair's.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnComparison {
    /// The column.
    pub column: usize,
    /// From the closest level on. What meets none is the last level, `else`; where a side has no value, the
    /// pair has no level and the comparison no weight.
    pub levels: Vec<Level>,
    /// Whether agreement on a rare value weighs more than on a common one.
    pub term_frequency: bool,
}

impl ColumnComparison {
    /// The word for a pair's code, as a model's file has it: 0 where a side has no value, the levels from 1, then none of
    /// them.
    pub fn word(&self, code: usize) -> String {
        let Some(at) = code.checked_sub(1) else {
            return "no value".into();
        };
        let level = self.levels.get(at);
        level.map_or_else(|| "no level".into(), |level| level.how.to_string())
    }
}

/// One level of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// When it holds.
    pub how: How,
    /// m and u probabilities that are given and not trained.
    pub fixed: Option<(f64, f64)>,
}

/// How two values agree. A level holds at its own closeness or closer: of several values the closest pair
/// counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// Equal in standard form.
    Same,
    /// Jaro-Winkler similarity of at least this (text and identifiers).
    Like(f64),
    /// At most so many edits (Damerau-Levenshtein; text and identifiers).
    Edits(u32),
    /// Dates: day and month the other way round.
    Swapped,
    /// Dates: one digit differs, or two neighbours are exchanged.
    OneDigit,
    /// Dates: the same year, and one of the two is a first of January, or both are of one month and one of them is its first.
    DefaultDay,
    /// Dates: the same year.
    SameYear,
    /// Dates: the years are at most so many apart.
    Years(u32),
    /// Postcodes: the same sector.
    Sector,
    /// Postcodes: the same outward part.
    Outward,
    /// Postcodes: the same area.
    Area,
    /// Names: every word of the shorter name (of two words or more) is a word of the longer.
    Within,
    /// Names: a name of one word is a word of the other.
    Single,
    /// Names: every word of the shorter is a word of the longer, in some spelling of the same sound or as its
    /// diminutive. One word against several never comes closer than `Single` or `Shares`.
    Variant,
    /// Names: as before, where some words may be initials or nearly alike (of a name of several words, not all).
    Close,
    /// Names: as before but for one word of the shorter.
    AllButOne,
    /// Names: one word is the same in some of the ways above.
    Shares,
}

/// What evidence amounts to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decide {
    /// Match probability from which a pair is strong, where `strong` allows it.
    pub link: f64,
    /// Match probability from which a person looks at a pair.
    pub review: f64,
    /// How many bits the best candidate must be ahead of the next.
    pub margin: f64,
    /// The most candidates that are kept for a case.
    pub keep: usize,
    /// Whether a record of either list may be linked once only.
    pub one_to_one: bool,
    /// Evidence without which no pair is strong, however it weighs (MATCH-05): one of these must hold in every part. Each
    /// is a comparison's index with the last level that still meets it.
    pub strong: Vec<Vec<(usize, usize)>>,
}
