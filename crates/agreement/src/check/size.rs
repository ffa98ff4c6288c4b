//! Is the agreement of a size that people can read and the checker can check in bounded time?

use crate::check::Scope;
use crate::rules::SIZE;

const COLUMNS: usize = 2_000;
const TERMS: usize = 2_000;
const PERMITS: usize = 20_000;

/// Says what is too large; the other checks look only at what is not.
pub(super) fn fits(scope: &Scope<'_>) -> bool {
    let a = scope.a;
    let terms: usize = a.conditions.values().map(|c| c.value.terms.len()).sum();
    let (mut columns, mut permits) = (0_usize, 0_usize);
    for flow in a.flows.values() {
        let lines = a.lines(&flow.value).len();
        for dataset in flow
            .value
            .send
            .iter()
            .filter_map(|d| a.datasets.get(&d.value))
        {
            let (fields, kinds) = (dataset.value.fields.len(), dataset.value.about.len());
            columns = columns.saturating_add(fields);
            permits = permits.saturating_add(fields.saturating_mul(kinds).saturating_mul(lines));
        }
    }
    let mut fits = true;
    for (found, most, what) in [
        (columns, COLUMNS, "columns in its flows"),
        (terms, TERMS, "terms in its conditions"),
        (permits, PERMITS, "permits to disclose"),
    ] {
        if found > most {
            fits = false;
            let message = format!("the agreement has {found} {what}, and may have {most}");
            scope
                .log
                .fault(SIZE, a.span, message)
                .help("make several agreements of it");
        }
    }
    fits
}
