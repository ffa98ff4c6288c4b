//! The values of a flow's rows, in the order of its columns.

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
            let mut held = row.values().peekable();
            for (field, at) in fields {
                while held.next_if(|(name, _)| name < field).is_some() {}
                if let Some((name, value)) = held.peek()
                    && name == field
                    && let Some(cell) = cells.get_mut(*at)
                {
                    *cell = value;
                }
            }
        }
        cells
    }
}
