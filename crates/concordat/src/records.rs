//! The records out of which a node answers calls: an index that is made of the party's own list, and the port that finds
//! in it whom a call is about. Which columns say what, a file of the party says. Keeps no value: a record is opened for one
//! answer and wiped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use exchange::Trouble;
use exchange::ports::{CallRecords, Entropy, PortFault};
use exchange::rows::Row;
use exchange::solution::{Report, Version};
use linkage::model::Model;
use linkage::{Batch, List, Run, Solution, Source, SourceFault};
use serde::{Deserialize, Serialize};
use store::{NewRecords, Records};
use zeroize::Zeroizing;

use crate::fail::Fail;
use crate::{link, solution};

/// The field of a call with the number that records are found by; without it no call is made (RTC-02).
const NUMBER: &str = "nino";
const MODEL: &str = include_str!("../../../models/residence/model.yaml");
const TRAINED: &str = include_str!("../../../models/residence/trained.json");
const REPORT: &str = include_str!("../../../models/residence/quality.json");

/// What the columns of a party's list say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    number: String,
    born: String,
    names: Vec<String>,
    each: Each,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// A column of dated values, each of which is a row of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Each {
    column: String,
    first: String,
    last: String,
    value: String,
}

impl Columns {
    /// Reads the file that says it.
    ///
    /// # Errors
    /// [`Fail`] with the place of the fault.
    pub fn read(path: &Path) -> Result<Self, Fail> {
        let text = std::fs::read_to_string(path).map_err(|e| Fail::at(path, &e))?;
        toml::from_str(&text).map_err(|e| Fail::usage(format!("{}: {e}", path.display())))
    }

    /// The columns in the order in which a row's values are taken: number, day of birth, dated values, names, fields.
    fn wanted(&self) -> Vec<String> {
        let first = [&self.number, &self.born, &self.each.column].into_iter();
        let rest = self.names.iter().chain(self.fields.values());
        first.chain(rest).cloned().collect()
    }
}

/// The solution by which it is known whom a call is about, if its report is of this version and shows what the model is
/// documented to do.
fn tested(model: &str, trained: &str, report: &str) -> Result<Solution, Fail> {
    let version = Version::of(model.as_bytes(), trained.as_bytes());
    let model = Model::read("models/residence/model.yaml", model.as_bytes());
    let model = model.map_err(|faults| Fail::fault(faults.to_string()))?;
    let numbers = Path::new("models/residence/trained.json");
    let numbers = solution::numbers(numbers, trained.as_bytes())?;
    let report = Report::read(report.as_bytes()).map_err(Trouble::from)?;
    let shown = report.shows(version, model.documented);
    shown.map_err(Trouble::Refused)?;
    Solution::new(model, numbers).map_err(|e| Fail::fault(e.to_string()))
}

type Text = Zeroizing<String>;

/// A record's number, and what is sealed of it.
type Line = (Text, Zeroizing<Vec<u8>>);

/// A record as it is sealed.
#[derive(Serialize, Deserialize)]
struct Held {
    born: Text,
    names: Vec<Text>,
    rows: Vec<BTreeMap<String, Text>>,
}

/// What became of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Records in the index.
    pub records: u64,
    /// Lines of the list that have no National Insurance number, by which alone a call finds somebody.
    pub without_number: u64,
}

/// Makes the index at `to` of a list: a Parquet, Arrow or csv file. `progress` is told of each line.
///
/// # Errors
/// [`Fail`] when a file cannot be read or written, a column is missing, or a line is not as the columns say: then no index is
/// made, and the line is named by its number and column alone.
pub async fn index(
    list: &Path,
    columns: &Columns,
    to: &Path,
    (node_key, entropy): (&[u8; 32], Arc<dyn Entropy>),
    progress: impl Fn(u64),
) -> Result<Indexed, Fail> {
    let mut lines = Lines::of(list, columns)?;
    let mut new = NewRecords::begin(to, node_key, entropy).await?;
    while let Some(taken) = lines.part()? {
        progress(lines.line);
        for (number, plain) in &taken {
            new.add(number, plain).await?;
        }
    }
    let records = new.finish().await?;
    Ok(Indexed {
        records,
        without_number: lines.without_number,
    })
}

/// What [`index`] would make of a list: every line is read, and nothing is written.
///
/// # Errors
/// As [`index`].
pub fn survey(list: &Path, columns: &Columns, progress: impl Fn(u64)) -> Result<Indexed, Fail> {
    let mut lines = Lines::of(list, columns)?;
    let mut records = 0;
    while let Some(taken) = lines.part()? {
        progress(lines.line);
        records += taken.len() as u64;
    }
    Ok(Indexed {
        records,
        without_number: lines.without_number,
    })
}

/// The lines of a list, as they go into an index, part by part.
struct Lines<'a> {
    list: &'a Path,
    columns: &'a Columns,
    wanted: Vec<String>,
    source: Box<dyn Source>,
    part: usize,
    line: u64,
    without_number: u64,
}

impl<'a> Lines<'a> {
    fn of(list: &'a Path, columns: &'a Columns) -> Result<Self, Fail> {
        Ok(Self {
            list,
            columns,
            wanted: columns.wanted(),
            source: link::open(list, 1)?,
            part: 0,
            line: 0,
            without_number: 0,
        })
    }

    /// Those of the next part that have a number; none after the last.
    fn part(&mut self) -> Result<Option<Vec<Line>>, Fail> {
        if self.part == self.source.parts() {
            return Ok(None);
        }
        let (columns, mut taken) = (self.columns, Vec::new());
        let (line, without) = (&mut self.line, &mut self.without_number);
        let read = self.source.read(self.part, &self.wanted, &mut |batch| {
            for at in 0..batch.rows() {
                *line += 1;
                match record(columns, batch, at).map_err(|column| unfit(*line, column))? {
                    Some(found) => taken.push(found),
                    None => *without += 1,
                }
            }
            Ok(())
        });
        read.map_err(|fault| Fail::no(format!("{}: {fault}", self.list.display())))?;
        self.part += 1;
        Ok(Some(taken))
    }
}

fn unfit(line: u64, column: &str) -> SourceFault {
    SourceFault(format!(
        "record {line} is not as the file of columns says, in `{column}`: mend the list, and make the index anew"
    ))
}

/// A line of the list with its number; none where it has no number. The name of a column that does not fit is the fault.
fn record<'a>(columns: &'a Columns, batch: &dyn Batch, at: usize) -> Result<Option<Line>, &'a str> {
    let text = |column: usize| batch.text(column, at).unwrap_or_default();
    let number = match text(0) {
        "" => return Ok(None),
        raw => linkage::nino(raw).ok_or(columns.number.as_str())?,
    };
    let born = agreement::parse_date(text(1)).ok_or(columns.born.as_str())?;
    let names = (3..).take(columns.names.len());
    let names: Vec<Text> = names
        .flat_map(|column| agreement::split(text(column)))
        .map(Zeroizing::new)
        .collect();
    let more = (3 + columns.names.len()..).zip(columns.fields.keys());
    let more: BTreeMap<String, Text> = more
        .map(|(column, field)| (field.clone(), Zeroizing::new(text(column).to_owned())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let each = &columns.each;
    let rows = agreement::split(text(2)).into_iter().map(|value| {
        let value = Zeroizing::new(value);
        let (first, last, what) = agreement::dated_address(&value).ok_or(each.column.as_str())?;
        let day = |day: Option<jiff::civil::Date>| {
            Zeroizing::new(day.map(|day| day.to_string()).unwrap_or_default())
        };
        let mut row = more.clone();
        row.insert(each.first.clone(), day(first));
        row.insert(each.last.clone(), day(last));
        row.insert(each.value.clone(), Zeroizing::new(what.to_owned()));
        Ok(row)
    });
    let held = Held {
        born: Zeroizing::new(born.to_string()),
        names,
        rows: rows.collect::<Result<_, &str>>()?,
    };
    let plain = serde_json::to_vec(&held).map_err(|_| each.column.as_str())?;
    Ok(Some((Zeroizing::new(number), Zeroizing::new(plain))))
}

/// The index of a node, with the model by which it is known whom a call is about.
pub struct OwnRecords {
    records: Records,
    solution: Solution,
}

impl OwnRecords {
    /// Opens an index.
    ///
    /// # Errors
    /// [`Fail`] when it is not there, is no index, or was made under another node key.
    pub async fn open(path: &Path, node_key: &[u8; 32]) -> Result<Self, Fail> {
        let solution = tested(MODEL, TRAINED, REPORT)?;
        let records = Records::open(path, node_key).await?;
        Ok(Self { records, solution })
    }

    /// Which of these are about the person of the details, by their places: number, day of birth and a name agree.
    fn about(&self, details: &Row, held: &[Held]) -> Result<Vec<usize>, PortFault> {
        let names: Vec<String> = details.values().map(|(name, _)| name.to_owned()).collect();
        let values = details.values().map(|(_, value)| value.to_owned());
        let mut case = List::new(["call".to_owned()].into_iter().chain(names));
        case.push(["1".to_owned()].into_iter().chain(values).collect());
        let mut list = List::new(["reference", "full_name", "date_of_birth", NUMBER]);
        for (at, held) in held.iter().enumerate() {
            let names: Vec<&str> = held.names.iter().map(|name| name.as_str()).collect();
            let born = held.born.as_str().to_owned();
            let number = details.get(NUMBER).to_owned();
            list.push(vec![at.to_string(), agreement::join(&names), born, number]);
        }
        let run = Run {
            threads: 1,
            progress: &|_| true,
        };
        let linked = self.solution.find(&case, &list, run);
        let linked = linked.map_err(|fault| PortFault(fault.to_string()))?;
        let strong = linked.iter().flat_map(|l| &l.candidates);
        let strong = strong.filter(|candidate| candidate.rule.is_some());
        Ok(strong.filter_map(|c| c.master.parse().ok()).collect())
    }
}

#[async_trait]
impl CallRecords for OwnRecords {
    async fn about(&self, details: &Row) -> Result<Vec<Vec<Row>>, PortFault> {
        let Some(number) = linkage::nino(details.get(NUMBER)).map(Zeroizing::new) else {
            return Ok(Vec::new());
        };
        let found = self.records.of(&number).await?;
        let read = found.iter().map(|plain| serde_json::from_slice(plain));
        let held: Vec<Held> = read.collect::<Result<_, _>>().map_err(|_| {
            PortFault("a record of the index is of another version: make it anew".into())
        })?;
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let which = self.about(details, &held)?;
        let theirs = held.into_iter().enumerate();
        let theirs = theirs.filter(|(at, _)| which.contains(at));
        Ok(theirs.map(|(_, held)| rows(&held)).collect())
    }
}

fn rows(held: &Held) -> Vec<Row> {
    let row = |values: &BTreeMap<String, Text>| {
        let mut row = Row::default();
        for (field, value) in values {
            row.set(field.as_str(), value.as_str());
        }
        row
    };
    held.rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{MODEL, REPORT, TRAINED, tested};

    /// What a node carries for calls answers nobody but in the version that was tested.
    // shows: MATCH-17
    #[test]
    fn an_untested_version_knows_nobody() {
        assert!(tested(MODEL, TRAINED, REPORT).is_ok());
        let refused = |model: &str, trained: &str, report: &str| {
            let fault = tested(model, trained, report).err().unwrap();
            assert!(fault.refusals.iter().any(|r| r.rule == "MATCH-17"));
        };
        refused(&format!("{MODEL}# as before\n"), TRAINED, REPORT);
        refused(MODEL, &format!("{TRAINED}\n"), REPORT);
        refused(MODEL, TRAINED, "{}");
        refused(
            MODEL,
            TRAINED,
            include_str!("../../../models/dwp/quality.json"),
        );
    }
}
