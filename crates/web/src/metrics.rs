//! Counts for operators, in the text form of Prometheus. Labels are route templates, statuses and codes: a closed set,
//! in which no person, no run and no client is named (RPT-10, RTC-20).

use exchange::Waits;
use exchange::check::{Channel, Checked};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the durations, in seconds.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: String,
    method: &'static str,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

/// A check by its channel, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Made {
    channel: &'static str,
    what: &'static str,
}

/// The counters of one process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    took: Family<Route, Histogram, fn() -> Histogram>,
    problems: Family<Code, Counter>,
    checks: Family<Made, Counter>,
    pub(crate) connections: Gauge,
    pub(crate) rounds_failed: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("concordat");
        let took: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let metrics = Self {
            requests: Family::default(),
            took,
            problems: Family::default(),
            checks: Family::default(),
            connections: Gauge::default(),
            rounds_failed: Counter::default(),
            registry: Registry::default(),
        };
        registry.register(
            "http_requests",
            "Requests that were answered",
            metrics.requests.clone(),
        );
        registry.register(
            "http_request_seconds",
            "How long answers took",
            metrics.took.clone(),
        );
        registry.register(
            "http_problems",
            "Answers that were no, by their code",
            metrics.problems.clone(),
        );
        registry.register(
            "residence_checks",
            "Residence checks that were made, by channel and outcome; a breach counts beside its outcome",
            metrics.checks.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are open",
            metrics.connections.clone(),
        );
        registry.register(
            "worker_rounds_failed",
            "Rounds of the worker in which something did not work",
            metrics.rounds_failed.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        route: &str,
        method: &'static str,
        status: u16,
        seconds: f64,
        code: Option<&'static str>,
    ) {
        let asked = Asked {
            route: route.to_owned(),
            method,
            status: status.into(),
        };
        self.requests.get_or_create(&asked).inc();
        let route = Route {
            route: route.to_owned(),
        };
        self.took.get_or_create(&route).observe(seconds);
        if let Some(code) = code {
            self.problems.get_or_create(&Code { code }).inc();
        }
    }

    /// A check was answered; one that was made before is counted already (RPT-10).
    pub(crate) fn checked(&self, channel: Channel, checked: &Checked) {
        if checked.again {
            return;
        }
        let breach = checked.breach.then_some("breach");
        for what in std::iter::once(checked.outcome.as_str()).chain(breach) {
            let channel = channel.as_str();
            self.checks.get_or_create(&Made { channel, what }).inc();
        }
    }

    /// The text that Prometheus reads, with what waits at the node; without it where the node cannot say.
    pub(crate) fn text(&self, waits: Option<Waits>) -> String {
        let mut text = String::new();
        let waits = waits.map(registry);
        for registry in std::iter::once(&self.registry).chain(&waits) {
            // Writing to a String does not fail.
            let _ = encode_registry(&mut text, registry);
        }
        let _ = encode_eof(&mut text);
        text
    }
}

/// What waits at the node, whichever of its processes is asked.
fn registry(waits: Waits) -> Registry {
    let mut registry = Registry::with_prefix("concordat");
    for (name, help, count) in [
        (
            "effects_open",
            "Effects of the node that are intended and not done",
            waits.effects,
        ),
        (
            "entries_unplaced",
            "Entries that wait for their place in the ledger, at most 1000",
            waits.entries,
        ),
        (
            "answers_late",
            "Answers that are awaited or owed past their time",
            waits.late,
        ),
        (
            "retention_overdue",
            "Sets of values past their date whose destruction has not begun, at most 1000",
            waits.overdue,
        ),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
    registry
}
