//! The log: one JSON object a line, made of an allow-listed set of fields and of nothing else (docs/logging.md).

use std::io::Write;
use std::sync::Mutex;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::traces::Traces;

/// The target of every event and span that is written; events of libraries may quote what they read, so none is.
pub(crate) const TARGET: &str = "concordat";

/// The fields that may stand in a line. A field that is not here is not written.
const FIELDS: [&str; 9] = [
    "message", "request", "route", "method", "status", "ms", "who", "code", "fault",
];

/// Something outside the node did not work; `fault` names what and the way out, by the port's promise without a value.
pub(crate) fn fault(fault: impl std::fmt::Display) {
    tracing::error!(target: TARGET, fault = %fault, "something outside the node did not work");
}

/// From now on the process's log goes to `out`, and its spans to a collector where there is one; a second call changes
/// nothing.
pub fn begin(out: impl Write + Send + 'static, traces: Option<&Traces>) {
    use tracing_subscriber::layer::SubscriberExt;
    let lines = tracing_subscriber::registry().with(Lines::new(out));
    let both = lines.with(traces.map(Traces::layer));
    let _ = tracing::subscriber::set_global_default(both);
}

/// Writes the allow-listed fields of the node's own events, a line for each.
struct Lines<W> {
    out: Mutex<W>,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Lines to `out`.
    fn new(out: W) -> Self {
        let out = Mutex::new(out);
        Self { out }
    }
}

struct Taken(Map<String, Value>);

impl Taken {
    fn put(&mut self, field: &Field, value: Value) {
        if FIELDS.contains(&field.name()) {
            self.0.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Taken {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S: Subscriber, W: Write + Send + 'static> Layer<S> for Lines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut taken = Taken(Map::new());
        event.record(&mut taken);
        let level = event.metadata().level().as_str().to_lowercase();
        taken.0.insert("level".into(), level.into());
        if let (Ok(line), Ok(mut out)) = (serde_json::to_string(&taken.0), self.out.lock()) {
            let _ = writeln!(out, "{}", plain(&line));
        }
    }
}

/// JSON of ASCII alone. JSON escapes line ends and control characters itself, so that one event is one line; a mark that
/// turns the direction of what follows is escaped here.
fn plain(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    // shows: SEC-14
    #[test]
    fn what_is_not_on_the_list_is_not_written() {
        let buffer = Buffer::default();
        let lines = tracing_subscriber::registry().with(Lines::new(buffer.clone()));
        tracing::subscriber::with_default(lines, || {
            tracing::info!(target: TARGET, route = "/v1/runs", surname = "Quennell", status = 200u64, "answered");
            tracing::info!(target: "hyper", route = "/v1/runs?name=Quennell", "a library speaks");
            tracing::info!(target: TARGET, route = "one\nline\u{202e}", "answered");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("Quennell"), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.is_ascii());
        let second: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        assert_eq!(second["route"], "one\nline\u{202e}");
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["route"], "/v1/runs");
        assert_eq!(first["status"], 200);
    }
}
