//! The records of a master list that have some handles.

use std::collections::BTreeMap;

use super::cases::Cases;
use super::compare::Side;
use super::encode::{Encoder, Lookup, Reading};
use super::intern::Words;
use super::scan::{Run, scan};
use super::source::{Source, SourceFault};
use crate::model::Model;

/// Hands over each record of a wanted handle, with what is wanted of it, and gives what `each` found; in no order.
pub(crate) fn seek<'w, W: Sync, T: Send>(
    model: &Model,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
    wanted: &BTreeMap<&'w str, W>,
    each: impl Fn(&&'w str, &W, Side, &mut Vec<T>) + Sync,
) -> Result<Vec<T>, SourceFault> {
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let workers = scan(
        list,
        &reading.columns,
        run,
        || {
            let encoder = Encoder::new(model, &cases.master, &reading);
            let row = vec![0; cases.master.words];
            (encoder, Lookup::new(&cases.known), row, Vec::new())
        },
        |(encoder, lookup, row, found), batch| {
            for at in 0..batch.rows() {
                let handle = batch.text(0, at).unwrap_or_default();
                let Some((handle, asked)) = wanted.get_key_value(handle) else {
                    continue;
                };
                lookup.strange.clear();
                encoder.encode(batch, at, lookup, row);
                let words = Words {
                    known: &cases.known,
                    strange: &lookup.strange,
                };
                each(handle, asked, Side { row, words }, found);
            }
            Ok(())
        },
    )?;
    Ok(workers.into_iter().flat_map(|(.., found)| found).collect())
}
