//! Term arithmetic: first and last day, reviews, and the schedules of the flows.

use jiff::civil::Date;

use crate::check::{Scope, flows};
use crate::model::{Agreement, Schedule, Slot};
use crate::period::Period;
use crate::permit::Dates;

/// The days of the term, both included; none where a fault or a gap leaves them open.
pub(crate) fn term(a: &Agreement) -> Option<Dates> {
    let term = a.term.as_ref()?;
    let from = *term.from.as_ref()?.value.given()?;
    let last = match (&term.period, &term.until) {
        (Some(length), None) => length.value.after(from)?.yesterday().ok()?,
        (None, Some(until)) => until.value,
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(Dates { from, last })
}

/// The days of review within the term: each counted from its first day, so that month ends do not drift.
pub(crate) fn reviews(term: Dates, every: Period) -> Vec<Date> {
    (1..=u16::MAX)
        .map_while(|n| {
            let count = every.count.checked_mul(n)?;
            Period { count, ..every }
                .after(term.from)
                .filter(|day| *day <= term.last)
        })
        .collect()
}

pub(super) fn check(scope: &Scope<'_>) {
    lengths(scope);
    let Some(term) = scope.term else {
        let written = scope.a.term.as_ref().filter(|t| t.until.is_none());
        if let Some(length) = written.and_then(|t| t.period.as_ref())
            && written.is_some_and(|t| t.from.as_ref().is_some_and(|f| f.value.given().is_some()))
            && !scope.log.has_fault()
        {
            scope.log.fault(
                "AGR-20",
                length.span,
                "the term ends after the calendar does",
            );
        }
        return;
    };
    let span = scope.a.term.as_ref().map_or(scope.a.span, |t| t.span);
    if term.last < term.from {
        let message = format!(
            "the term ends on {}, before its first day, {}",
            term.last, term.from
        );
        scope.log.fault("AGR-20", span, message);
        return;
    }
    if let Some(every) = scope.a.term.as_ref().and_then(|t| t.review_every.as_ref()) {
        let first = every.value.after(term.from);
        if let Some(first) = first.filter(|day| *day > term.last) {
            let message = format!(
                "the first review would be on {first}, after the last day, {}",
                term.last
            );
            scope
                .log
                .fault("AGR-15", every.span, message)
                .help("review sooner, or make the term longer");
        }
    }
    for (id, flow) in flows(scope) {
        let Some(when) = &flow.value.when else {
            continue;
        };
        let month = match when.value {
            Slot::Given(Schedule::Every { from, .. } | Schedule::Once(from)) => from,
            Slot::Gap(_) => continue,
        };
        if month < term.from.first_of_month() || month > term.last {
            let message = format!(
                "the flow {id} would run in {:04}-{:02}, and the agreement is in force from {} to {}",
                month.year(),
                month.month(),
                term.from,
                term.last
            );
            scope
                .log
                .fault("AGR-29", when.span, message)
                .source("no run without an agreement in force");
        }
    }
}

/// Periods that must be a count of civil days.
fn lengths(scope: &Scope<'_>) {
    let Some(term) = &scope.a.term else { return };
    for (part, rule) in [(&term.period, "AGR-20"), (&term.review_every, "AGR-15")] {
        if let Some(at) = part
            && at.value.after(jiff::civil::date(2000, 1, 1)).is_none()
        {
            scope.log.fault(
                rule,
                at.span,
                "this is measured in days, weeks, months or years",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::parse_date;

    #[test]
    fn reviews_keep_the_day_of_the_month() {
        let day = |text| parse_date(text).unwrap();
        let term = Dates {
            from: day("2026-08-31"),
            last: day("2027-08-30"),
        };
        let every = Period::parse("3 months").unwrap();
        let found = reviews(term, every);
        assert_eq!(
            found,
            [day("2026-11-30"), day("2027-02-28"), day("2027-05-31")]
        );
    }
}
