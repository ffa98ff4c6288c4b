//! How single values are written: texts, names, words, days, months, periods and numbers.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Written, text};
use crate::ids::Name;
use crate::log::{Log, cut};
use crate::period::{Period, parse_date, parse_month};
use crate::rules::WORD;
use document::Node;

/// A text that YAML may also have read as a number or a truth value.
fn scalar() -> Json {
    json!({ "type": ["string", "number", "boolean"], "pattern": "\\S" })
}

impl Written for String {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        text(node, log).map(str::to_owned)
    }

    fn schema(_: &mut Book) -> Json {
        scalar()
    }

    fn words() -> String {
        "a text".to_owned()
    }
}

impl<T: Name> Written for T {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let written = text(node, log)?;
        Self::parse_name(written)
            .map_err(|bad| {
                log.fault(
                    WORD,
                    node.span,
                    format!("{} cannot be `{}`: {bad}", log.here(), cut(written)),
                )
            })
            .ok()
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "pattern": T::PATTERN })
    }

    fn words() -> String {
        T::KIND.to_owned()
    }
}

/// Reads a word from a closed list.
pub(crate) fn word<T: Copy>(
    node: &Node,
    log: &Log,
    all: &[(&'static str, T)],
    rule: &'static str,
) -> Option<T> {
    let written = text(node, log)?;
    if let Some((_, value)) = all.iter().find(|(word, _)| *word == written) {
        return Some(*value);
    }
    let words: Vec<&str> = all.iter().map(|(w, _)| *w).collect();
    log.fault(
        rule,
        node.span,
        format!("{} cannot be `{}`", log.here(), cut(written)),
    )
    .help(
        log.did_you_mean(written, words.iter().copied())
            .unwrap_or_else(|| format!("it is one of: {}", words.join(", "))),
    );
    None
}

/// The words of a closed list, for the reference.
pub(crate) fn one_of(all: &[&'static str]) -> String {
    let quoted: Vec<String> = all.iter().map(|w| format!("`{w}`")).collect();
    match quoted.as_slice() {
        [one] => one.clone(),
        _ => quoted
            .join(", ")
            .replacen(", ", " or ", usize::from(quoted.len() == 2)),
    }
}

impl Written for bool {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let all = [
            ("yes", true),
            ("no", false),
            ("true", true),
            ("false", false),
        ];
        word(node, log, &all, WORD)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "enum": ["yes", "no", "true", "false", true, false] })
    }

    fn words() -> String {
        "`yes` or `no`".to_owned()
    }
}

/// A mark: it stands there or it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Yes;

impl Serialize for Yes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        "yes".serialize(to)
    }
}

impl Written for Yes {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        word(node, log, &[("yes", Self), ("true", Self)], WORD)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "enum": ["yes", "true", true] })
    }

    fn words() -> String {
        "`yes`, or left out".to_owned()
    }
}

impl Written for Date {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let day = parse_date(text(node, log)?);
        if day.is_none() {
            let message = format!("{} must be a day that exists, as 2026-01-31", log.here());
            log.fault(WORD, node.span, message);
        }
        day
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
    }

    fn words() -> String {
        "a day, `2026-01-31`".to_owned()
    }
}

/// A day.
pub(crate) type Day = Date;

/// A month, as its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Month(pub(crate) Date);

impl Written for Month {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let month = parse_month(text(node, log)?);
        if month.is_none() {
            let message = format!("{} must be a month, as 2026-01", log.here());
            log.fault(WORD, node.span, message);
        }
        month.map(Self)
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$" })
    }

    fn words() -> String {
        "a month, `2026-01`".to_owned()
    }
}

impl Written for Period {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let period = Self::parse(text(node, log)?);
        if period.is_none() {
            let message = format!(
                "{} must be a number and a unit, such as `6 months`",
                log.here()
            );
            log.fault(WORD, node.span, message);
        }
        period
    }

    fn schema(_: &mut Book) -> Json {
        json!({
            "type": "string",
            "pattern": "^(1 (hour|day|working day|week|month|year)|([2-9]|[1-9][0-9]{1,3}) (hours|days|working days|weeks|months|years))$",
        })
    }

    fn words() -> String {
        "a period, `6 months`".to_owned()
    }
}

/// A whole number from 1 to `MOST`; signed as text, so that no two programs round it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number<const MOST: u32>(pub(crate) u32);

impl<const MOST: u32> Serialize for Number<MOST> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.to_string().serialize(to)
    }
}

impl<const MOST: u32> Written for Number<MOST> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let written = text(node, log)?;
        let digits = written.bytes().all(|b| b.is_ascii_digit()) && !written.starts_with('0');
        match written.parse::<u32>() {
            Ok(n) if digits && n <= MOST => Some(Self(n)),
            _ => {
                let message = format!("{} must be a whole number from 1 to {MOST}", log.here());
                log.fault(WORD, node.span, message);
                None
            }
        }
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": MOST })
    }

    fn words() -> String {
        format!("a number from 1 to {MOST}")
    }
}
