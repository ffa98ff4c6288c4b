//! The values of a flow's rows, in the order of its columns.

use std::cmp::Ordering;

use agreement::{DatasetId, Flow};

use super::Rows;

/// Where the cells of a flow's rows are: its columns by dataset, and in the order in which a row has its fields.
pub struct Cells<'f> {
    columns: usize,
    datasets: Vec<(&'f DatasetId, Vec<(&'f str, usize)>)>,
}

impl<'f> Cells<'f> {
    /// Of this flow.
    pub fn of(flow: &'f Flow) -> Self {
        let mut datasets: Vec<(&DatasetId, Vec<(&str, usize)>)> = Vec::new();
        for (at, column) in flow.columns.iter().enumerate() {
            let field = (column.field.field.as_str(), at);
            match datasets
                .iter_mut()
                .find(|(d, _)| **d == column.field.dataset)
            {
                Some((_, fields)) => fields.push(field),
                None => datasets.push((&column.field.dataset, vec![field])),
            }
        }
        for (_, fields) in &mut datasets {
            fields.sort_unstable();
        }
        Self {
            columns: flow.columns.len(),
            datasets,
        }
    }

    /// The values of a row in the order of the flow's columns; empty where nothing is held.
    pub fn row<'a>(&self, rows: &'a Rows, n: u64) -> Vec<&'a str> {
        let mut cells = vec![""; self.columns];
        for (dataset, fields) in &self.datasets {
            let Some(row) = rows.get(*dataset).and_then(|d| d.get(&n)) else {
                continue;
            };
            let mut wanted = fields.as_slice();
            // Both are in the order of their names: each name is compared with few.
            for (name, value) in row.values() {
                while let [(field, at), rest @ ..] = wanted {
                    let order = name.cmp(field);
                    if order == Ordering::Less {
                        break;
                    }
                    wanted = rest;
                    if order == Ordering::Equal {
                        if let Some(cell) = cells.get_mut(*at) {
                            *cell = value;
                        }
                        // A field may stand in more than one column.
                        if rest.first().is_none_or(|(next, _)| next != field) {
                            break;
                        }
                    }
                }
            }
        }
        cells
    }
}
