//! Lists of random records with every kind of column, each of several values.
#![allow(dead_code, reason = "each test file uses its part")]

use linkage::{Batch, Source, SourceFault};
use proptest::prelude::*;

use super::plain_levels::WORDS;

/// One column for each kind, each of up to three values, and one that makes a pair of any two records.
pub(crate) const MODEL: &str = "\
linkage: 1
name: every-kind
id: id
columns:
  any: { kind: identifier, from: any }
  person: { kind: name, from: person, split: ';', most: 3 }
  born: { kind: date, from: born, split: ';', most: 3 }
  number: { kind: identifier, from: number, split: ';', most: 3 }
  postcode: { kind: postcode, from: postcode, split: ';', most: 3 }
  street: { kind: text, from: street, split: ';', most: 3 }
blocking:
  - any
comparisons:
  person: [same, within, single, variant, close, all-but-one, shares]
  born: [same, swapped, one-digit, default-day, same-year, years 1, years 10]
  number: [same, edits 1, like 0.9, edits 3]
  postcode: [same, sector, outward, area]
  street: [same, like 0.9, edits 4]
decide:
  review: 0.5
";

const COLUMNS: [&str; 7] = [
    "id", "any", "person", "born", "number", "postcode", "street",
];

/// The cells of a record, by column.
pub(crate) type Row = [String; 7];

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    pub(crate) part: usize,
}

struct Part<'a>(&'a [Row], Vec<usize>);

impl Batch for Part<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }
    fn text(&self, column: usize, row: usize) -> Option<&str> {
        Some(self.0[row][self.1[column]].as_str()).filter(|t| !t.is_empty())
    }
}

impl Source for List {
    fn parts(&self) -> usize {
        self.rows.len().div_ceil(self.part)
    }
    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let place = |c: &String| COLUMNS.iter().position(|n| n == c).unwrap();
        let from = part * self.part;
        let to = (from + self.part).min(self.rows.len());
        each(&Part(
            &self.rows[from..to],
            columns.iter().map(place).collect(),
        ))
    }
}

/// A few values, joined as the model parts them; often none or one.
fn several(one: impl Strategy<Value = String> + Clone + 'static) -> BoxedStrategy<String> {
    prop::collection::vec(one, 0..4)
        .prop_map(|all| all.join(";"))
        .boxed()
}

fn person() -> impl Strategy<Value = String> + Clone {
    let word = prop::sample::select(WORDS).prop_map(|w| w.written.to_owned());
    let joint = prop::sample::select(&[" ", "-", " ", "  "][..]);
    prop::collection::vec((word, joint), 1..5).prop_map(|words| {
        let text: String = words.iter().map(|(w, j)| format!("{w}{j}")).collect();
        text.trim_end_matches([' ', '-']).to_owned()
    })
}

fn row() -> impl Strategy<Value = Row> {
    let born = "(198[0-2]|1890)-(01|02|12|10)-(01|02|12|20)";
    let number = "(AB|BA)1[0-3]{3}[A-B]?";
    let postcode = "(ZZ|ZY|Z)(1|11|1A)( [12](AA|AB))?";
    let street = "[1-3]{1,2} (High|Hihg|Mill|Church|Chruch) (Road|Street|Steret)( North)?";
    (
        several(person()),
        several(born),
        several(number),
        several(postcode),
        several(street),
    )
        .prop_map(|(person, born, number, postcode, street)| {
            let (id, any) = (String::new(), "x".to_owned());
            [id, any, person, born, number, postcode, street]
        })
}

pub(crate) fn list(
    name: &'static str,
    size: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = List> {
    prop::collection::vec(row(), size).prop_map(move |mut rows| {
        for (n, row) in rows.iter_mut().enumerate() {
            row[0] = format!("{name}{n}");
        }
        List { rows, part: 1000 }
    })
}
