//! A list read by several threads, a part at a time each. What comes of it must not depend on who read what.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::source::{Batch, Source, SourceFault};

/// How a scan is run.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// How many threads read.
    pub threads: usize,
    /// Is told how many rows were read since the last time; a scan stops when it says false.
    pub progress: &'a (dyn Fn(u64) -> bool + Sync),
}

/// Reads all parts; gives the threads' workers in no order.
pub(crate) fn scan<W: Send>(
    list: &dyn Source,
    columns: &[String],
    run: Run,
    make: impl Fn() -> W + Sync,
    each: impl Fn(&mut W, &dyn Batch) -> Result<(), SourceFault> + Sync,
) -> Result<Vec<W>, SourceFault> {
    let next = AtomicUsize::new(0);
    let fault: Mutex<Option<SourceFault>> = Mutex::new(None);
    let work = || {
        let mut worker = make();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= list.parts() {
                return worker;
            }
            let read = list.read(part, columns, &mut |batch| {
                each(&mut worker, batch)?;
                if (run.progress)(batch.rows() as u64) {
                    Ok(())
                } else {
                    Err(SourceFault("stopped before the end".into()))
                }
            });
            if let Err(error) = read {
                next.store(list.parts(), Ordering::Relaxed);
                fault
                    .lock()
                    .unwrap_or_else(|e| e.into_inner())
                    .get_or_insert(error);
                return worker;
            }
        }
    };
    let workers = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..run.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let joined = handles.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.collect::<Result<Vec<_>, _>>()
    });
    if let Some(fault) = fault.into_inner().unwrap_or_else(|e| e.into_inner()) {
        return Err(fault);
    }
    workers.map_err(|_| SourceFault("a thread that read the list broke off".into()))
}
