//! Is the agreement of a size that people can read and the checker can check in bounded time?

use crate::check::{Check, terms};
use crate::grammar::{Entries, Items};
use crate::rules::SIZE;

const COLUMNS: usize = 2_000;
const TERMS: usize = 2_000;
const PERMITS: usize = 20_000;

/// Says what is too large; the other checks look only at what is not.
pub(super) fn fits(check: &Check<'_>) -> bool {
    let a = check.a;
    let found_terms: usize = a
        .conditions
        .entries()
        .map(|(_, c)| terms(&c.value).count())
        .sum();
    let (mut columns, mut permits) = (0_usize, 0_usize);
    for (_, flow) in a.each_flow() {
        let lines = a.lines(&flow.value).len();
        for dataset in flow
            .value
            .send
            .all()
            .iter()
            .filter_map(|d| a.datasets.entry(&d.value))
        {
            let fields = dataset.value.columns().count();
            let kinds = dataset.value.kinds().len().max(1);
            columns = columns.saturating_add(fields);
            permits = permits.saturating_add(fields.saturating_mul(kinds).saturating_mul(lines));
        }
    }
    let mut fits = true;
    for (found, most, what) in [
        (columns, COLUMNS, "columns in its flows"),
        (found_terms, TERMS, "terms in its conditions"),
        (permits, PERMITS, "permits to disclose"),
    ] {
        if found > most {
            fits = false;
            let message = format!("the agreement has {found} {what}, and may have {most}");
            check
                .log
                .fault(SIZE, check.whole(), message)
                .help("make several agreements of it");
        }
    }
    fits
}
