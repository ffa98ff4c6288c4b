//! What the verbs of `link` share: the model, the trained numbers, the threads and the bar.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linkage::model::Model;
use linkage::{Cases, Run, Source, SourceFault, Trained};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use tempfile::NamedTempFile;

use crate::fail::Fail;
use crate::link::open;
use crate::solution;

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
    solution::numbers(path, &text)
}

/// The cases, and the list that they are looked for in: the master list, or without one their own.
pub(super) fn both(
    model: &Model,
    left: &Path,
    right: Option<&Path>,
    threads: usize,
) -> Result<(Cases, Box<dyn Source>), Fail> {
    let left = open(left, threads)?;
    let right = right.map(|right| open(right, threads)).transpose()?;
    let cases = Cases::read(model, left.as_ref()).map_err(refused)?;
    Ok(match right {
        Some(right) => (cases, right),
        None => (cases.with_itself(), left),
    })
}

/// A list could not be read, or not trained on.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn refused(fault: SourceFault) -> Fail {
    Fail::no(fault.to_string())
}

/// A bar on standard error, where that is a terminal: rows, rate, and the time left where the rows are known. While
/// there is one, an interruption stops the reading, so that what was begun is cleared away; a second one ends at once.
pub(super) struct Bar {
    bar: ProgressBar,
    tell: Box<dyn Fn(u64) -> bool + Sync>,
}

impl Bar {
    pub(super) fn new() -> Result<Self, Fail> {
        let bar = ProgressBar::hidden();
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            register_conditional_shutdown(signal, 128 + signal, stopped.clone())
                .and_then(|_| register(signal, stopped.clone()))
                .map_err(|e| Fail::fault(format!("interruptions cannot be watched for: {e}")))?;
        }
        let told = bar.clone();
        Ok(Self {
            bar,
            tell: Box::new(move |rows| {
                told.inc(rows);
                !stopped.load(Ordering::Relaxed)
            }),
        })
    }

    /// Begins a step that reads so many rows, where that is known.
    pub(super) fn step(&self, name: &'static str, rows: Option<u64>) {
        let template = match rows {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left",
            None => "{spinner} {msg}: {human_pos} rows, {per_sec}",
        };
        let style = ProgressStyle::with_template(template);
        self.bar
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        self.bar.set_message(name);
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        match rows {
            Some(rows) => self.bar.set_length(rows),
            None => self.bar.unset_length(),
        }
        self.bar.reset();
        self.bar.enable_steady_tick(Duration::from_millis(200));
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

/// Writes a text beside its final name, and gives it that when it is whole.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Fail> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(|e| Fail::at(folder, &e))?;
    file.write_all(text.as_bytes())
        .map_err(|e| Fail::at(path, &e))?;
    file.persist(path).map_err(|e| Fail::at(path, &e.error))?;
    Ok(())
}

/// The fewest records that a count may tell of (RPT-08).
pub(super) const FEWEST: u64 = 5;

/// A count as a report may have it.
pub(super) fn few(count: u64) -> String {
    match count {
        1..FEWEST => format!("fewer than {FEWEST}"),
        _ => count.to_string(),
    }
}

/// A part of a whole in per cent, unless it, or what is left, would tell of fewer.
pub(super) fn share(count: u64, of: u64) -> String {
    match (count, of.saturating_sub(count)) {
        (0, 0) => "none".into(),
        (1..FEWEST, _) => few(count),
        (_, 1..FEWEST) => format!("all but {}", few(of - count)),
        _ => format!("{:.1} %", 100.0 * count as f64 / of as f64),
    }
}
