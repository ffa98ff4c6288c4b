//! What the benchmarks of files share: stages with their time, processor time and memory, and what stands in for a hub.
#![allow(dead_code, reason = "each benchmark uses its part")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use exchange::ids::PackageId;
use exchange::ports::{Blob, PortFault, Store};
use exchange::table::Table;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// A tick of Linux's clocks of processes as programs see it, in milliseconds.
const TICK: u64 = 10;

/// The processor time of this process, its threads, and the programs that it waited for.
pub fn processor() -> Duration {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let own = Duration::new(own.tv_sec as u64, own.tv_nsec as u32);
    // proc_pid_stat(5): after the name come the third field and the others; 16 and 17 are the children's.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: Vec<u64> = fields
        .skip(13)
        .take(2)
        .map(|n| n.parse().unwrap())
        .collect();
    own + Duration::from_millis(ticks.iter().sum::<u64>() * TICK)
}

/// The processor time of this thread: what others do on the machine is not in it.
pub fn of_thread() -> Duration {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(own.tv_sec as u64, own.tv_nsec as u32)
}

/// A package that a node keeps.
pub struct Kept {
    pub store: Arc<dyn Store>,
    pub package: PackageId,
}

#[async_trait]
impl Blob for Kept {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        Ok(self.store.package(&self.package, n).await?)
    }
}

/// One stage: how long it took, the processor time in it, and the most memory that it had beyond what was there before, in
/// bytes.
struct Stage {
    name: &'static str,
    took: Duration,
    cpu: Duration,
    memory: usize,
}

/// Measures one stage after another.
pub struct Stages {
    all: Vec<Stage>,
    at: Instant,
    cpu: Duration,
    before: usize,
}

impl Stages {
    pub const HEADER: &str =
        "form   rows     stage         seconds     cpu s    rows/s   share   memory";

    pub fn begin() -> Self {
        HEAP.reset_peak_usage();
        Self {
            all: Vec::new(),
            at: Instant::now(),
            cpu: processor(),
            before: HEAP.current_usage(),
        }
    }

    pub fn mark(&mut self, name: &'static str) -> Duration {
        let took = self.at.elapsed();
        let memory = HEAP.peak_usage().saturating_sub(self.before);
        let cpu = processor().saturating_sub(self.cpu);
        self.all.push(Stage {
            name,
            took,
            cpu,
            memory,
        });
        self.again();
        took
    }

    /// What follows is measured; what came since the last mark is not.
    pub fn again(&mut self) {
        HEAP.reset_peak_usage();
        self.before = HEAP.current_usage();
        self.cpu = processor();
        self.at = Instant::now();
    }

    pub fn print(&self, form: &str, rows: u32) {
        let whole: Duration = self.all.iter().map(|s| s.took).sum();
        for Stage {
            name,
            took,
            cpu,
            memory,
        } in &self.all
        {
            let share = 100.0 * took.as_secs_f64() / whole.as_secs_f64();
            let (seconds, cpu, memory) = (took.as_secs_f64(), cpu.as_secs_f64(), memory >> 20);
            let speed = f64::from(rows) / seconds;
            println!(
                "{form:<6} {rows:<8} {name:<10} {seconds:>10.3} {cpu:>9.3} {speed:>9.0}   {share:>4.0} %   {memory:>5} MiB"
            );
        }
    }

    pub fn sum(&self, names: &[&str]) -> f64 {
        let of = self.all.iter().filter(|s| names.contains(&s.name));
        of.map(|s| s.took.as_secs_f64()).sum()
    }

    /// The processor time of these stages, in seconds.
    pub fn cpu(&self, names: &[&str]) -> f64 {
        let of = self.all.iter().filter(|s| names.contains(&s.name));
        of.map(|s| s.cpu.as_secs_f64()).sum()
    }

    /// Of the last stage was measured before what this earlier one did.
    pub fn without(&mut self, earlier: &str) {
        let mut of = self.all.iter().filter(|s| s.name == earlier);
        let taken = of.next().map(|s| (s.took, s.cpu));
        if let (Some((took, cpu)), Some(last)) = (taken, self.all.last_mut()) {
            last.took = last.took.saturating_sub(took);
            last.cpu = last.cpu.saturating_sub(cpu);
        }
    }
}

/// The cells in a workbook, by the library alone.
pub fn plain_workbook(table: &Table) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows = std::iter::once(&table.columns).chain(&table.rows);
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}
