//! Wire: the question and the answer of a call as bytes (docs/residence-check.md). Strict: bounded, no field twice, none
//! that the agreement does not name. A fault names its rule and never a value. Values of an answer are read in place, so
//! that wiping its bytes wipes them.

use std::fmt;

use agreement::{Column, FieldName, Flow, Plan, Window};
use jiff::civil::Date;
use ledger::Digest;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::gate;
use crate::ids::FlowId;
use crate::rows::Row;

/// The longest message of a call, in bytes.
pub const LONGEST: usize = 64 * 1024;
/// The most rows of an answer.
pub const MOST_ROWS: usize = 1_000;

/// What came of the question at the supplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// One record is about the person.
    Found,
    /// None is, or nothing of it lies in the window.
    NotFound,
    /// More than one could be.
    Ambiguous,
}

impl Found {
    /// The name as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "not-found",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// How a message departs from the specification that the agreement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breach {
    /// It is too long, or no message of this kind.
    Malformed,
    /// It has a field that the agreement does not name (RTC-03).
    UnlistedField,
    /// A value is missing, or not one that the agreement lists (RTC-07).
    UnlistedValue,
    /// It is about another call (RTC-05).
    OtherCall,
    /// A row lies outside the window (RTC-06).
    OutsideWindow,
}

impl Breach {
    /// The rule that it breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Malformed | Self::UnlistedField => "RTC-03",
            Self::UnlistedValue => "RTC-07",
            Self::OtherCall => "RTC-05",
            Self::OutsideWindow => "RTC-06",
        }
    }

    /// What it says, without a value.
    pub fn what(self) -> &'static str {
        match self {
            Self::Malformed => "the message of the call is not of the form that is agreed",
            Self::UnlistedField => {
                "the message of the call has a field that the agreement does not name"
            }
            Self::UnlistedValue => {
                "a value of the call is missing, or not one that the agreement lists"
            }
            Self::OtherCall => "the message is about another call",
            Self::OutsideWindow => "a row of the call lies outside the agreement's window",
        }
    }
}

/// Fields with their values, in the order of the message; no field twice.
#[derive(Default)]
struct Fields<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Fields<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Fields<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fields with texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<V>, A::Error> {
                let mut all: Vec<(String, V)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if all.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a field twice"));
                    }
                    all.push((name, value));
                }
                Ok(Fields(all))
            }
        }
        from.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// A question as the supplier reads it.
pub struct Question {
    /// The hash of the agreement.
    pub agreement: Digest,
    /// The flow.
    pub flow: FlowId,
    /// The values, by field.
    pub details: Row,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionText {
    agreement: String,
    flow: String,
    details: Fields<Zeroizing<String>>,
}

#[derive(Serialize)]
struct QuestionOut<'a> {
    agreement: String,
    flow: &'a FlowId,
    details: std::collections::BTreeMap<&'a str, &'a str>,
}

/// The bytes of a question.
pub(crate) fn question(
    agreement: Digest,
    flow: &FlowId,
    details: &Row,
) -> Result<Zeroizing<Vec<u8>>, Breach> {
    let out = QuestionOut {
        agreement: agreement.to_string(),
        flow,
        details: details.values().collect(),
    };
    written(&out)
}

/// A message in one buffer that never moves: moving would leave a copy that nobody wipes.
fn written(message: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Breach> {
    let mut bytes = Zeroizing::new(vec![0; LONGEST]);
    let mut rest = bytes.as_mut_slice();
    serde_json::to_writer(&mut rest, message).map_err(|_| Breach::Malformed)?;
    let left = rest.len();
    bytes.truncate(LONGEST - left);
    Ok(bytes)
}

/// Reads a question.
///
/// # Errors
/// [`Breach::Malformed`].
pub fn read_question(bytes: &[u8]) -> Result<Question, Breach> {
    if bytes.len() > LONGEST {
        return Err(Breach::Malformed);
    }
    let text: QuestionText = serde_json::from_slice(bytes).map_err(|_| Breach::Malformed)?;
    let mut details = Row::default();
    for (name, value) in text.details.0 {
        details.set(name, value.as_str());
    }
    Ok(Question {
        agreement: text.agreement.parse().map_err(|_| Breach::Malformed)?,
        flow: FlowId::parse(&text.flow).map_err(|_| Breach::Malformed)?,
        details,
    })
}

/// Are these exactly values that the flow's columns may have? Else how not, and in which field where it is one of the
/// flow's.
pub(crate) fn fits(
    plan: &Plan,
    flow: &Flow,
    details: &Row,
    on: Date,
) -> Result<(), (Breach, Option<FieldName>)> {
    let named = |name: &str| flow.columns.iter().any(|c| c.field.field.as_str() == name);
    if details.values().any(|(name, _)| !named(name)) {
        return Err((Breach::UnlistedField, None));
    }
    let of = |c: &Column| details.get(c.field.field.as_str());
    let fault = |c: &&Column| gate::cell_fault(plan, flow, c, of(c), &of, on);
    match flow.columns.iter().find(fault) {
        None => Ok(()),
        Some(column) => Err((Breach::UnlistedValue, Some(column.field.field.clone()))),
    }
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    correlation_id: &'a str,
    outcome: Found,
    rows: Vec<std::collections::BTreeMap<&'a str, &'a str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerText<'a> {
    correlation_id: &'a str,
    outcome: Found,
    #[serde(borrow)]
    rows: Vec<Fields<&'a str>>,
}

/// The bytes of an answer.
pub(crate) fn answer(
    correlation: &str,
    outcome: Found,
    rows: &[Row],
) -> Result<Zeroizing<Vec<u8>>, Breach> {
    let out = AnswerOut {
        correlation_id: correlation,
        outcome,
        rows: rows.iter().map(|row| row.values().collect()).collect(),
    };
    written(&out)
}

/// An answer as the asker reads it: rows with a value for each column, empty where there is none.
pub struct Answer<'a> {
    /// What came of the question.
    pub outcome: Found,
    rows: Vec<Vec<&'a str>>,
    flow: &'a Flow,
}

impl<'a> Answer<'a> {
    /// The rows, each as what reads its fields by name.
    pub fn rows(&self) -> impl Iterator<Item = impl Fn(&str) -> &'a str> {
        let flow = self.flow;
        self.rows.iter().map(move |row| {
            move |field: &str| {
                let mut columns = flow.columns.iter();
                let at = columns.position(|c| c.field.field.as_str() == field);
                at.and_then(|at| row.get(at)).copied().unwrap_or("")
            }
        })
    }
}

/// Reads an answer against the columns of its flow: one departure rejects the whole (RTC-03, RTC-06, RTC-07).
///
/// # Errors
/// The first [`Breach`].
pub fn read_answer<'a>(
    bytes: &'a [u8],
    plan: &Plan,
    flow: &'a Flow,
    correlation: &str,
    on: Date,
) -> Result<Answer<'a>, Breach> {
    if bytes.len() > LONGEST {
        return Err(Breach::Malformed);
    }
    let text: AnswerText<'a> = serde_json::from_slice(bytes).map_err(|_| Breach::Malformed)?;
    let pairs = flow.answers.iter().flat_map(|a| &a.pairs_on);
    let pairs: Vec<&str> = pairs.map(|name| name.as_str()).collect();
    if text.correlation_id != correlation {
        return Err(Breach::OtherCall);
    }
    if text.rows.len() > MOST_ROWS || text.rows.is_empty() == (text.outcome == Found::Found) {
        return Err(Breach::Malformed);
    }
    let mut rows = Vec::with_capacity(text.rows.len());
    for fields in &text.rows {
        let named = |name: &str| flow.columns.iter().any(|c| c.field.field.as_str() == name);
        if fields.0.iter().any(|(name, _)| !named(name)) {
            return Err(Breach::UnlistedField);
        }
        let get = |name: &str| {
            let mut all = fields.0.iter();
            all.find(|(n, _)| n == name).map_or("", |(_, v)| *v)
        };
        let mut values = Vec::with_capacity(flow.columns.len());
        for column in &flow.columns {
            let name = column.field.field.as_str();
            let of = |c: &Column| get(c.field.field.as_str());
            if gate::cell_fault(plan, flow, column, get(name), &of, on) {
                return Err(Breach::UnlistedValue);
            }
            if pairs.contains(&name) && get(name) != correlation {
                return Err(Breach::OtherCall);
            }
            values.push(get(name));
        }
        if !in_window(flow, &get, on) {
            return Err(Breach::OutsideWindow);
        }
        rows.push(values);
    }
    Ok(Answer {
        outcome: text.outcome,
        rows,
        flow,
    })
}

/// Does a row lie in the window of its dataset, where it has one (RTC-06)?
pub(crate) fn in_window<'a>(flow: &Flow, get: &dyn Fn(&str) -> &'a str, on: Date) -> bool {
    let windows = flow.columns.iter().filter_map(|c| c.window.as_ref());
    let covers = |window: &Window| {
        let Some(by) = &window.by else { return true };
        match get(by.as_str()) {
            "" => window.covers(None, on),
            text => agreement::parse_date(text).is_some_and(|day| window.covers(Some(day), on)),
        }
    };
    windows.into_iter().all(covers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use agreement::{AsIf, Law, Library};
    use jiff::civil::date;

    const ON: Date = date(2025, 5, 1);
    const ID: &str = "00112233445566778899aabbccddeeff";

    fn plan() -> Plan {
        let text = include_str!("../../../../agreements/euss-check.yaml");
        let law = Law::built_in().unwrap();
        let library = Library::read([], &law);
        agreement::check_as_if("euss", text.as_bytes(), &law, &library, AsIf::Filled)
            .plan
            .unwrap()
    }

    fn read(plan: &Plan, text: &str) -> Result<Vec<String>, Breach> {
        let flow = plan.flow(&FlowId::parse("answer").unwrap()).unwrap();
        let answer = read_answer(text.as_bytes(), plan, flow, ID, ON)?;
        let rows = answer.rows().map(|get| get("benefit_type").to_owned());
        Ok(rows.collect())
    }

    fn with_row(row: &str) -> String {
        format!(
            r#"{{"correlation_id":"{ID}","outcome":"found","rows":[{{"correlation_id":"{ID}",{row}}}]}}"#
        )
    }

    // shows: RTC-03, RTC-04, RTC-05, RTC-06, RTC-07
    #[test]
    fn an_answer_has_what_the_agreement_names_and_nothing_else() {
        let plan = plan();
        let good = r#""start_date":"2019-05-01","end_date":"2019-05-30","benefit_type":"carers""#;
        assert_eq!(read(&plan, &with_row(good)).unwrap(), ["carers"]);
        let all = format!(r#"{good},"date_of_death":"2020-01-01","gone_abroad":"no""#);
        assert!(read(&plan, &with_row(&all)).is_ok());
        for (row, breach) in [
            (
                format!(r#"{good},"nino":"QQ000001A""#),
                Breach::UnlistedField,
            ),
            (format!(r#"{good},"amount":"12""#), Breach::UnlistedField),
            (
                good.replace("carers", "child-benefit"),
                Breach::UnlistedValue,
            ),
            (good.replace("2019-05-01", "1 May"), Breach::UnlistedValue),
            (
                r#""end_date":"2019-05-30","benefit_type":"carers""#.into(),
                Breach::UnlistedValue,
            ),
            (
                good.replace("2019-05-30", "2019-04-05"),
                Breach::OutsideWindow,
            ),
            (
                format!(r#"{good},"start_date":"2019-05-01""#),
                Breach::Malformed,
            ),
            (good.replace("carers", r"c\u0061rers"), Breach::Malformed),
            (good.replace(r#""carers""#, "7"), Breach::Malformed),
        ] {
            assert_eq!(read(&plan, &with_row(&row)), Err(breach), "{row}");
        }
        let edge = good
            .replace("2019-05-30", "2019-04-06")
            .replace("05-01", "01-01");
        assert!(read(&plan, &with_row(&edge)).is_ok());
        let other = "ffffffffffffffffffffffffffffffff";
        for (text, breach) in [
            (with_row(good).replacen(ID, other, 1), Breach::OtherCall),
            (
                with_row(good).replacen(ID, other, 2).replacen(other, ID, 1),
                Breach::OtherCall,
            ),
            (
                format!(r#"{{"correlation_id":"{ID}","outcome":"found","rows":[]}}"#),
                Breach::Malformed,
            ),
            (
                with_row(good).replace("found", "granted"),
                Breach::Malformed,
            ),
            (
                with_row(good).replace("found", "not-found"),
                Breach::Malformed,
            ),
            ("garbage".into(), Breach::Malformed),
            (" ".repeat(LONGEST + 1), Breach::Malformed),
            ("[".repeat(LONGEST), Breach::Malformed),
        ] {
            assert_eq!(read(&plan, &text), Err(breach));
        }
    }

    #[test]
    fn a_question_comes_out_as_it_went_in_and_a_long_one_does_not_go() {
        let mut row = Row::default();
        row.set("surname", "d'Été \"x\"");
        let (hash, flow) = (Digest::of(b"a"), FlowId::parse("check").unwrap());
        let bytes = question(hash, &flow, &row).unwrap();
        let read = read_question(&bytes).unwrap();
        assert_eq!((read.agreement, read.flow.as_str()), (hash, "check"));
        assert!(read.details == row);
        row.set("surname", "x".repeat(LONGEST));
        assert!(question(hash, &flow, &row).is_err());
        for bad in ["", "{}", r#"{"agreement":"x","flow":"check","details":{}}"#] {
            assert!(read_question(bad.as_bytes()).is_err());
        }
    }
}
