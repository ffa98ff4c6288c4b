//! What the verbs of `link` share: the model, the trained numbers, the threads and the bar.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use linkage::model::Model;
use linkage::{Run, SourceFault, Trained};

use crate::fail::Fail;

/// How many threads read: as asked, or as many as there are processors.
pub(super) fn threads(asked: Option<NonZeroUsize>) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or_else(all, NonZeroUsize::get)
}

pub(super) fn read_model(path: &Path) -> Result<Model, Fail> {
    let text = std::fs::read(path).map_err(|e| Fail::at(path, &e))?;
    Model::read(&path.display().to_string(), &text).map_err(|faults| Fail::no(faults.to_string()))
}

pub(super) fn read_trained(path: &Path) -> Result<Trained, Fail> {
    let text = std::fs::read(path).map_err(|e| Fail::at(path, &e))?;
    serde_json::from_slice(&text).map_err(|e| {
        Fail::no(format!(
            "{} holds no trained numbers ({e}): make them with `concordat link train`",
            path.display()
        ))
    })
}

/// A list could not be read, or not trained on.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn refused(fault: SourceFault) -> Fail {
    Fail::no(fault.to_string())
}

/// A bar on standard error, where that is a terminal: rows and rate.
pub(super) struct Bar {
    bar: ProgressBar,
    tell: Box<dyn Fn(u64) -> bool + Sync>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        let told = bar.clone();
        Self {
            bar,
            tell: Box::new(move |rows| {
                told.inc(rows);
                true
            }),
        }
    }

    pub(super) fn run(&self, asked: Option<NonZeroUsize>) -> Run<'_> {
        Run {
            threads: threads(asked),
            progress: &*self.tell,
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
