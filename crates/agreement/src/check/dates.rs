//! Term arithmetic: first and last day, reviews, and the schedules of the flows.

use jiff::civil::Date;

use crate::check::Check;
use crate::check::data::civil;
use crate::grammar::Entries;
use crate::model::{Agreement, Schedule};
use crate::period::Period;
use crate::permit::Dates;
use crate::words::{Kind, NotBefore, Stage};

/// The days of the term, both included; none where a fault or a gap leaves the first one open.
pub(crate) fn term(a: &Agreement) -> Option<Dates> {
    let term = &a.term.as_ref()?.value;
    let from = *term.from.as_ref()?.value.given()?;
    let last = match (&term.length, &term.until) {
        (Some(length), _) => Some(length.value.after(from)?.yesterday().ok()?),
        (None, Some(until)) => Some(until.value.last()?),
        (None, None) => None,
    };
    Some(Dates { from, last })
}

/// The days of review: the first, then each counted from one day, so that month ends do not drift: from the
/// first day of the term, or from the first review where that has a time of its own. Of a term without an end,
/// those of the first ten years.
pub(crate) fn reviews(term: Dates, first: Option<Period>, every: Period) -> Vec<Date> {
    let Some(anchor) = first.map_or(Some(term.from), |first| first.after(term.from)) else {
        return Vec::new();
    };
    let last = term.last.or_else(|| {
        let ten = Period {
            count: 10,
            unit: crate::period::Unit::Years,
        };
        ten.after(term.from)
    });
    let within = |day: &Date| last.is_none_or(|last| *day <= last);
    let later = (1..=u16::MAX).map_while(|n| {
        let count = every.count.checked_mul(n)?;
        Period { count, ..every }.after(anchor)
    });
    first
        .map(|_| anchor)
        .into_iter()
        .chain(later)
        .take_while(within)
        .collect()
}

pub(super) fn check(check: &Check<'_>) {
    let a = check.a;
    let Some(at) = &a.term else { return };
    let written = &at.value;
    for part in [&written.length, &written.notice] {
        civil(check, part);
    }
    let review = written.review.as_ref().map(|r| &r.value);
    for part in review
        .into_iter()
        .flat_map(|r| [&r.every, &r.first, &r.no_later_than])
    {
        civil(check, part);
    }
    ends(check);
    let Some(term) = check.term else {
        let given = written
            .from
            .as_ref()
            .is_some_and(|f| f.value.given().is_some());
        if let Some(length) = written
            .length
            .as_ref()
            .filter(|_| given && !check.log.has_fault())
        {
            check.log.fault(
                "AGR-20",
                length.span,
                "the term ends after the calendar does",
            );
        }
        return;
    };
    if term.last.is_some_and(|last| last < term.from) {
        let message = format!(
            "the term ends on {}, before its first day, {}",
            term.last.unwrap_or(term.from),
            term.from
        );
        check.log.fault("AGR-20", at.span, message);
        return;
    }
    let tried = a.stage.as_ref().map(|at| at.value) == Some(Stage::ProofOfConcept);
    let once = a.kind.as_ref().map(|at| at.value) == Some(Kind::Dua);
    if tried && !once && written.open_ended.is_some() {
        check
            .log
            .fault("RUN-22", at.span, "what is tried out has a last day")
            .help("write `for` or `until` in the term, or let the stage be `regular`");
    }
    if let Some(every) = review.and_then(|r| r.first.as_ref().or(r.every.as_ref())) {
        let first = every.value.after(term.from);
        if let (Some(first), Some(last)) = (first, term.last)
            && last < first
        {
            let message =
                format!("the first review would be on {first}, after the last day, {last}");
            check
                .log
                .fault("AGR-15", every.span, message)
                .help("review sooner, or make the term longer");
        }
    }
    if let Some(review) = review
        && let (Some(every), Some(latest)) = (&review.every, &review.no_later_than)
        && let (Some(due), Some(stop)) =
            (every.value.after(term.from), latest.value.after(term.from))
        && stop < due
    {
        let message = "a review is too late before it is due";
        check
            .log
            .fault("REV-03", latest.span, message)
            .help("write a time that is longer than `every`");
    }
    schedules(check, term);
}

/// Exchanges have an end, or say that they have none.
fn ends(check: &Check<'_>) {
    let Some(at) = &check.a.term else { return };
    let term = &at.value;
    let open = term.length.is_none() && term.until.is_none() && term.open_ended.is_none();
    let kind = check.a.kind.as_ref().map(|k| k.value);
    // A usage agreement states its volume in the place of a duration.
    if open && kind != Some(Kind::Dua) && !check.has_fault_at(&["term"]) {
        check
            .log
            .fault("AGR-20", at.span, "the term has no end")
            .help("write `for: 24 months`, `until:` with the last day, or `open-ended: yes`");
    }
    if term.notice.is_none() && term.withdraw.is_none() {
        check
            .log
            .fault("AGR-20", at.span, "nothing says how one party may withdraw")
            .help("write `notice: 3 months`, or `withdraw:` with the conditions");
    }
}

fn schedules(check: &Check<'_>, term: Dates) {
    for (id, flow) in check.a.flows.entries() {
        let flow = &flow.value;
        let Some((when, span)) = flow
            .when
            .as_ref()
            .and_then(|w| Some((w.value.given()?, w.span)))
        else {
            continue;
        };
        let month = match &when.schedule {
            Schedule::Every { from, .. } => from.0,
            Schedule::Once(month) => month.0,
            Schedule::Each(_) | Schedule::OnDemand { .. } => continue,
        };
        let early = month < term.from.first_of_month() && when.not_before != Some(NotBefore::Term);
        if early || term.last.is_some_and(|last| last < month) {
            let message = format!(
                "the flow {id} would run in {:04}-{:02}, and the agreement is in force {term}",
                month.year(),
                month.month(),
            );
            check
                .log
                .fault("AGR-29", span, message)
                .help(
                    "move the month, or write `not-before: term` where it waits for the first day",
                )
                .source("no run without an agreement in force");
        }
        again(check, id, flow, month.max(term.from), term);
    }
}

/// The last time a row is sent again, against the last day of the term.
fn again(
    check: &Check<'_>,
    id: &crate::FlowId,
    flow: &crate::model::Flow,
    first: Date,
    term: Dates,
) {
    let Some(at) = &flow.again else { return };
    let again = &at.value;
    civil(check, &again.every);
    let last_run = || {
        let (every, times) = (again.every.as_ref()?.value, again.times.as_ref()?.value.0);
        let count = every.count.checked_mul(u16::try_from(times).ok()?)?;
        Period { count, ..every }.after(first)
    };
    if let (Some(last_run), Some(last)) = (last_run(), term.last)
        && last < last_run
        && again.reading.is_none()
    {
        let message = format!(
            "rows of the flow {id} that are first sent on {first} are sent for the last time on {last_run}, and the agreement ends on {last}"
        );
        check
            .log
            .warn("AGR-20", at.span, message)
            .help("renew in time; or say in a reading what becomes of rows that are not finished");
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
            last: Some(day("2027-08-30")),
        };
        let period = |text| Period::parse(text).unwrap();
        let found = reviews(term, None, period("3 months"));
        assert_eq!(
            found,
            [day("2026-11-30"), day("2027-02-28"), day("2027-05-31")]
        );
        let found = reviews(term, Some(period("6 months")), period("12 months"));
        assert_eq!(found, [day("2027-02-28")]);
        let open = Dates { last: None, ..term };
        assert_eq!(
            reviews(open, Some(period("6 months")), period("12 months")).len(),
            10
        );
    }
}
