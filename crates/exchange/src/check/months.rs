//! Months: the rules that turn periods into months, and what comes of them (RTC-09, RTC-12). A pure function: the same
//! periods, days and rules give the same months. Holds no policy: the rules are a file that the agreement names by its
//! version and digest, so that whoever signs the agreement approves them (C-24).

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::Digest;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// The file of the rules, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulesFile {
    /// The name by which agreements know the rules.
    pub name: String,
    /// The version, as their owner counts them, such as `not-policy-1`.
    pub version: String,
    /// How many months are assessed, the last of which is before the month of the application (EXCH-EUSS-02).
    pub assessed: u16,
    /// The views that a caseworker is shown: the last so many months.
    pub views: Vec<u16>,
    /// How many days of a month must be covered; a shorter month is covered when all its days are.
    pub least_days: u8,
    /// What the fields of each dataset that counts are.
    pub sources: BTreeMap<String, Source>,
}

/// What the fields of a dataset say of a period.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// The field of its first day.
    pub start: String,
    /// The field of its last day; empty while it goes on.
    pub end: String,
    /// The field that says what it is, and the values that count; without it every period counts.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// The field with a day of death.
    #[serde(default)]
    pub death: Option<String>,
    /// The field that says that the person is abroad.
    #[serde(default)]
    pub abroad: Option<String>,
}

/// Which periods count by what they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kind {
    /// The field.
    pub field: String,
    /// The values that count.
    pub counts: Vec<String>,
}

/// Rules that stand ready, with the version by which an agreement names them.
#[derive(Clone, Debug)]
pub struct Rules {
    file: RulesFile,
    version: String,
}

/// How many digits of the file's digest its version ends with.
const DIGITS: usize = 16;
/// Longer than any life, so that a mistyped figure is no loop of thousands.
const MOST_MONTHS: u16 = 1_200;

impl Rules {
    /// Rules that were read from a file of these bytes.
    ///
    /// # Errors
    /// What is wrong with a figure of it, in words.
    pub fn new(file: RulesFile, bytes: &[u8]) -> Result<Self, &'static str> {
        if file.assessed == 0 || file.assessed > MOST_MONTHS {
            return Err("`assessed` is from 1 to 1200 months");
        }
        if file.views.iter().any(|v| *v == 0 || *v > file.assessed) {
            return Err("a view has at least one month, and no more than are assessed");
        }
        if !(1..=31).contains(&file.least_days) {
            return Err("`least-days` is from 1 to 31");
        }
        let plain = |text: &str| ledger::Id::parse(text).is_ok();
        if !plain(&file.name) || !plain(&file.version) {
            return Err("`name` and `version` are lower-case words");
        }
        let digest: String = Digest::of(bytes).to_string().chars().take(DIGITS).collect();
        let version = format!("{}.{digest}", file.version);
        Ok(Self { file, version })
    }

    /// The name by which agreements know them.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The version as an agreement writes it: what the owner calls it, and the digest of its text.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The views that a caseworker is shown, in months.
    pub fn views(&self) -> &[u16] {
        &self.file.views
    }

    /// What the fields of a dataset say; none where it does not count.
    pub fn source(&self, dataset: &str) -> Option<&Source> {
        self.file.sources.get(dataset)
    }
}

/// A period of one record, while it is calculated with. Days count from 1 January 1970, so that they can be wiped.
#[derive(Clone, Copy, Zeroize)]
#[cfg_attr(test, derive(Debug))]
pub struct Period {
    start: i32,
    /// The last day; none while it goes on.
    end: Option<i32>,
    counts: bool,
    death: Option<i32>,
    abroad: bool,
}

/// The periods of one dataset, wiped when they are let go of.
pub type Periods = Zeroizing<Vec<Period>>;

/// The number of a day.
fn number(day: Date) -> i32 {
    let days = day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    // The calendar of four-digit years has fewer days than this number can count.
    i32::try_from(days).unwrap_or(i32::MAX)
}

impl Source {
    /// The period of a row, whose fields `get` reads; none where a day is none.
    pub fn period<'a>(&self, get: &dyn Fn(&str) -> &'a str) -> Option<Period> {
        let day = |field: &str| match get(field) {
            "" => Some(None),
            text => agreement::parse_date(text).map(|day| Some(number(day))),
        };
        let counts = match &self.kind {
            Some(kind) => kind.counts.iter().any(|c| c == get(&kind.field)),
            None => true,
        };
        Some(Period {
            start: day(&self.start)??,
            end: day(&self.end)?,
            counts,
            death: self.death.as_deref().map_or(Some(None), day)?,
            abroad: self.abroad.as_deref().map(get) == Some("yes"),
        })
    }
}

/// One month of the period assessed: the only thing that comes out (RTC-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Do the records show residence in it? `false` says only that they do not show it.
    pub qualifies: bool,
}

/// The records do not speak with one voice: a death before the end of a period, whichever source records it, or a person
/// abroad. A human looks (C-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclear;

/// The months of the period assessed, in order. A month qualifies when one of the sources shows it (RTC-08); a period that
/// goes on reaches the day of the check.
///
/// # Errors
/// [`Unclear`].
pub fn table(
    rules: &Rules,
    sources: &[&[Period]],
    applied: Date,
    checked: Date,
) -> Result<Vec<Month>, Unclear> {
    let checked = number(checked);
    let all = || sources.iter().copied().flatten();
    // A death that one source records ends the periods of every other.
    let death = all().filter_map(|period| period.death).min();
    let mut qualify = all().filter(|period| period.counts);
    if qualify.any(|period| conflicts(period, death, checked)) {
        return Err(Unclear);
    }
    let months = assessed(rules, applied).into_iter().map(|first| {
        let shows = |source: &&[Period]| covers(rules, source, first, checked);
        Month {
            first,
            qualifies: sources.iter().any(shows),
        }
    });
    Ok(months.collect())
}

fn conflicts(period: &Period, death: Option<i32>, checked: i32) -> bool {
    let last = period.end.unwrap_or(checked);
    period.abroad || death.is_some_and(|death| death < last)
}

/// The first days of the months assessed, in order.
fn assessed(rules: &Rules, applied: Date) -> Vec<Date> {
    let mut all = Vec::new();
    let mut month = applied.first_of_month();
    for _ in 0..rules.file.assessed {
        let Ok(before) = month.yesterday() else { break };
        month = before.first_of_month();
        all.push(month);
    }
    all.reverse();
    all
}

/// Do the qualifying periods of one source cover enough days of the month?
fn covers(rules: &Rules, source: &[Period], first: Date, checked: i32) -> bool {
    let (start, length) = (number(first), i32::from(first.days_in_month()));
    // INVARIANT: room for all at once; a buffer that grows leaves copies that nobody wipes.
    let mut within = Zeroizing::new(Vec::with_capacity(source.len()));
    for period in source.iter().filter(|p| p.counts) {
        let last = period.end.unwrap_or(checked).min(start + length - 1);
        let from = period.start.max(start);
        if from <= last {
            within.push([from, last]);
        }
    }
    within.sort_unstable();
    let (mut covered, mut reached) = (0, start - 1);
    for [from, last] in within.iter().copied() {
        covered += (last - reached.max(from - 1)).max(0);
        reached = reached.max(last);
    }
    covered >= i32::from(rules.file.least_days).min(length)
}

/// The last so many months, where there are so many.
pub fn view(months: &[Month], length: u16) -> &[Month] {
    let from = months.len().saturating_sub(usize::from(length));
    months.get(from..).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    pub(crate) fn rules(least_days: u8) -> Rules {
        let file = format!(
            r#"{{"name":"m","version":"not-policy-1","assessed":60,"views":[60,6],"least-days":{least_days},
                "sources":{{"periods":{{"start":"s","end":"e","kind":{{"field":"k","counts":["uc"]}},
                "death":"d","abroad":"a"}}}}}}"#
        );
        Rules::new(serde_json::from_str(&file).unwrap(), file.as_bytes()).unwrap()
    }

    pub(crate) fn period(start: Date, end: Option<Date>) -> Period {
        Period {
            start: number(start),
            end: end.map(number),
            counts: true,
            death: None,
            abroad: false,
        }
    }

    pub(crate) const APPLIED: Date = date(2020, 2, 29);

    fn shown(rules: &Rules, sources: &[&[Period]]) -> Vec<String> {
        let all = table(rules, sources, APPLIED, APPLIED).unwrap();
        let yes = all.into_iter().filter(|m| m.qualifies);
        yes.map(|m| m.first.strftime("%Y-%m").to_string()).collect()
    }

    // shows: RTC-09, EXCH-EUSS-02
    #[test]
    fn sixty_months_end_before_the_month_of_the_application_and_six_are_the_last_of_them() {
        let all = table(&rules(31), &[], APPLIED, APPLIED).unwrap();
        let first = |m: Option<&Month>| m.unwrap().first;
        assert_eq!(all.len(), 60);
        assert_eq!(
            (first(all.first()), first(all.last())),
            (date(2015, 2, 1), date(2020, 1, 1))
        );
        assert_eq!(first(view(&all, 6).first()), date(2019, 8, 1));
        assert!(all.iter().all(|m| !m.qualifies));
        let text = serde_json::to_string(&all[..1]).unwrap();
        assert_eq!(text, r#"[{"first":"2015-02-01","qualifies":false}]"#);
    }

    #[test]
    fn whole_months_count_or_parts_as_the_rules_say() {
        let part = [period(date(2019, 10, 2), Some(date(2019, 12, 30)))];
        assert_eq!(shown(&rules(31), &[&part]), ["2019-11"]);
        assert_eq!(
            shown(&rules(30), &[&part]),
            ["2019-10", "2019-11", "2019-12"]
        );
        // Two that meet, and one inside another.
        let met = [
            period(date(2019, 10, 1), Some(date(2019, 10, 15))),
            period(date(2019, 10, 16), Some(date(2019, 10, 31))),
            period(date(2019, 10, 3), Some(date(2019, 10, 4))),
        ];
        assert_eq!(shown(&rules(31), &[&met]), ["2019-10"]);
        let open = [period(date(2019, 12, 1), None)];
        assert_eq!(shown(&rules(31), &[&open]), ["2019-12", "2020-01"]);
        let mut other = open;
        other[0].counts = false;
        assert!(shown(&rules(31), &[&other]).is_empty());
    }

    // shows: RTC-08
    #[test]
    fn two_sources_give_the_union_of_their_months_and_one_alone_works() {
        let benefits = [period(date(2019, 10, 1), Some(date(2019, 10, 31)))];
        let work = [period(date(2019, 10, 1), Some(date(2019, 12, 15)))];
        let rules = rules(31);
        assert_eq!(shown(&rules, &[&benefits]), ["2019-10"]);
        assert_eq!(shown(&rules, &[&benefits, &work]), ["2019-10", "2019-11"]);
        assert_eq!(shown(&rules, &[&[], &work]), ["2019-10", "2019-11"]);
    }

    #[test]
    fn a_death_that_a_period_outlives_or_a_person_abroad_is_for_a_human() {
        let mut one = period(date(2019, 10, 1), None);
        one.death = Some(number(date(2020, 1, 5)));
        assert_eq!(table(&rules(31), &[&[one]], APPLIED, APPLIED), Err(Unclear));
        one.end = one.death;
        assert!(table(&rules(31), &[&[one]], APPLIED, APPLIED).is_ok());
        one.abroad = true;
        assert_eq!(table(&rules(31), &[&[one]], APPLIED, APPLIED), Err(Unclear));
        one.counts = false;
        assert!(table(&rules(31), &[&[one]], APPLIED, APPLIED).is_ok());
        // What one source knows counts for the periods of the other.
        let work = period(date(2019, 10, 1), None);
        one.end = None;
        assert_eq!(
            table(&rules(31), &[&[one], &[work]], APPLIED, APPLIED),
            Err(Unclear)
        );
        one.death = Some(number(APPLIED));
        assert!(table(&rules(31), &[&[one], &[work]], APPLIED, APPLIED).is_ok());
    }

    // shows: RTC-12
    #[test]
    fn a_version_names_its_text() {
        let (one, other) = (rules(31), rules(30));
        assert!(one.version().starts_with("not-policy-1."));
        assert_eq!(one.version(), rules(31).version());
        assert_ne!(one.version(), other.version());
        let mut file = one.file.clone();
        file.assessed = 0;
        assert!(Rules::new(file, b"").is_err());
    }

    #[test]
    fn a_row_is_read_by_the_fields_that_the_rules_name() {
        let rules = rules(31);
        let source = rules.source("periods").unwrap();
        let row = |k: &'static str, d: &'static str| {
            move |field: &str| match field {
                "s" => "2019-10-01",
                "k" => k,
                "d" => d,
                "a" => "yes",
                _ => "",
            }
        };
        let read = source.period(&row("uc", "2019-11-01")).unwrap();
        assert!(read.counts && read.abroad && read.end.is_none());
        assert_eq!(read.death, Some(number(date(2019, 11, 1))));
        assert!(!source.period(&row("pip", "")).unwrap().counts);
        assert!(source.period(&row("uc", "yesterday")).is_none());
    }

    /// Day by day, as the definition is told.
    fn slowly(least: u8, sources: &[Vec<Period>], applied: Date, checked: Date) -> Vec<Month> {
        let mut months = Vec::new();
        for n in 1..=60 {
            let first = applied.first_of_month().checked_sub(n.months()).unwrap();
            let length = first.days_in_month();
            let enough = |periods: &Vec<Period>| {
                let held = (0..length).filter(|day| {
                    let day = number(first) + i32::from(*day);
                    periods.iter().any(|p| {
                        p.counts && p.start <= day && day <= p.end.unwrap_or(number(checked))
                    })
                });
                held.count() >= usize::from(least).min(usize::try_from(length).unwrap())
            };
            let qualifies = sources.iter().any(enough);
            months.insert(0, Month { first, qualifies });
        }
        months
    }

    fn any_period() -> impl Strategy<Value = Period> {
        (0..3_000i32, 0..400i32, 0..5u8, any::<bool>()).prop_map(|(from, long, open, counts)| {
            let start = date(2013, 1, 1).checked_add(from.days()).unwrap();
            let end = start.checked_add(long.days()).unwrap();
            Period {
                counts,
                ..period(start, (open > 0).then_some(end))
            }
        })
    }

    proptest! {
        #[test]
        fn the_table_is_what_counting_days_gives(
            sources in prop::collection::vec(prop::collection::vec(any_period(), 0..8), 0..3),
            least in 1..=31u8,
            applied in 0..1_500i32,
            later in 0..200i32,
        ) {
            let applied = date(2017, 1, 1).checked_add(applied.days()).unwrap();
            let checked = applied.checked_add(later.days()).unwrap();
            let slices: Vec<&[Period]> = sources.iter().map(Vec::as_slice).collect();
            let quick = table(&rules(least), &slices, applied, checked).unwrap();
            prop_assert_eq!(&quick, &slowly(least, &sources, applied, checked));
            prop_assert_eq!(&quick, &table(&rules(least), &slices, applied, checked).unwrap());
            // A source more never takes a month away.
            for n in 0..slices.len() {
                let fewer = table(&rules(least), &slices[..n], applied, checked).unwrap();
                prop_assert!(fewer.iter().zip(&quick).all(|(a, b)| !a.qualifies || b.qualifies));
            }
        }
    }
}
