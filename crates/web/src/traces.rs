//! Traces: where the time of a request goes, told to a collector on this machine (OTLP over HTTP), where the node's owner
//! names one. A span has the allow-listed attributes and no other, no event and no text of a fault (docs/logging.md).
//!
//! Never holds up a request: spans wait in a queue of bounded length, a thread of its own sends them, and what does not find
//! room is dropped.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    SpanContext, Status, TraceContextExt, TraceFlags, TraceState, TracerProvider,
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanEvents,
    SpanExporter as Exporter, SpanLinks,
};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::log::TARGET;

/// The attributes that a span may have. Another one is not sent.
const ATTRIBUTES: [&str; 6] = [
    "http.route",
    "http.request.method",
    "http.response.status_code",
    "error.type",
    "concordat.request",
    "concordat.deed",
];
/// So many spans wait to be sent at most.
const WAITING: usize = 2_048;
/// The collector has so long for one batch of spans, and at the end for what is left.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of what the collector answers so many bytes are read.
const ANSWER: usize = 65_536;

/// The collector cannot be told; the text says why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TracesFault(String);

/// What sends the spans of this process.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Spans go to the collector at this address, of the node of this party; within a runtime of threads.
    ///
    /// # Errors
    /// [`TracesFault`] when the library takes no such collector.
    pub fn to(collector: SocketAddr, party: &str) -> Result<Self, TracesFault> {
        let sender = Sender {
            to: collector,
            on: Handle::current(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_endpoint(format!("http://{collector}/v1/traces"))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|e| TracesFault(format!("the collector of traces: {e}")))?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(WAITING / 4)
            .with_scheduled_delay(Duration::from_secs(1))
            .build();
        let batches = BatchSpanProcessor::builder(Listed(exporter))
            .with_batch_config(config)
            .build();
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", "concordat"),
            KeyValue::new("concordat.party", party.to_owned()),
        ]);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource.build())
            .with_span_processor(batches);
        Ok(Self(provider.build()))
    }

    /// The node's own spans; events and the spans of libraries are left out.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let is_ours = |about: &tracing::Metadata<'_>| about.is_span() && about.target() == TARGET;
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("concordat"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours))
    }

    /// What is left is sent, or given up after a few seconds.
    pub async fn end(self) {
        let end = move || self.0.shutdown_with_timeout(PATIENCE);
        // A collector that is gone is nobody's fault here.
        let _ = tokio::task::spawn_blocking(end).await;
    }
}

/// The span of a request. It goes on with the caller's trace, of whose `traceparent` the two numbers are taken and nothing
/// else: neither whether it is to be kept, nor its `tracestate`.
pub(crate) fn of_request(
    route: &str,
    method: &'static str,
    request: &str,
    headers: &HeaderMap,
) -> Span {
    let span = tracing::info_span!(
        target: TARGET, "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        otel.status_code = tracing::field::Empty, http.route = route, http.request.method = method,
        http.response.status_code = tracing::field::Empty, error.type = tracing::field::Empty,
        concordat.request = request
    );
    let told = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let told = told.span().span_context().clone();
    if told.is_valid() {
        let (trace, parent) = (told.trace_id(), told.span_id());
        let flags = TraceFlags::SAMPLED;
        let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
        // Without a collector there is nothing to go on with.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
    }
    span
}

/// The request was answered so.
pub(crate) fn answered(span: &Span, status: u16, code: Option<&'static str>) {
    span.record("http.response.status_code", u64::from(status));
    if let Some(code) = code {
        span.record("error.type", code);
    }
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Sends what is on the list, whatever a span carries.
#[derive(Debug)]
struct Listed<E>(E);

impl<E: Exporter> Exporter for Listed<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            let listed = |of: &KeyValue| ATTRIBUTES.contains(&of.key.as_str());
            span.attributes.retain(listed);
            span.events = SpanEvents::default();
            span.links = SpanLinks::default();
            if let Status::Error { .. } = span.status {
                span.status = Status::error("");
            }
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Sends a batch over a connection of its own.
#[derive(Debug)]
struct Sender {
    to: SocketAddr,
    on: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The thread that asks is not one of the runtime's.
        let sending = sent(self.to, request);
        self.on
            .spawn(async { timeout(PATIENCE, sending).await })
            .await??
    }
}

async fn sent(to: SocketAddr, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
    let host = to.to_string().parse()?;
    request.headers_mut().insert(header::HOST, host);
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its sender.
    tokio::spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::HeaderValue;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl Exporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    /// The spans that are sent of what is done.
    fn sent_of(done: impl FnOnce()) -> Vec<SpanData> {
        let kept = Kept::default();
        let traces = SdkTracerProvider::builder().with_simple_exporter(Listed(kept.clone()));
        let layer = Traces(traces.build()).layer();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), done);
        std::mem::take(&mut *kept.0.lock().unwrap())
    }

    // shows: SEC-14
    #[test]
    fn what_is_not_on_the_list_is_not_sent() {
        let spans = sent_of(|| {
            let span = tracing::info_span!(target: TARGET, "ours", http.route = "/v1/runs", surname = "Quennell");
            span.in_scope(|| {
                tracing::error!(target: TARGET, error = "Quennell", "Quennell");
                tracing::info_span!(target: "hyper", "of a library", of = "Quennell")
                    .in_scope(|| {});
            });
            span.record("surname", "Quennell");
        });
        let [span] = spans.as_slice() else {
            panic!("{spans:?}");
        };
        let told = [KeyValue::new("http.route", "/v1/runs")];
        assert_eq!(span.attributes, told);
        assert!(!format!("{span:?}").contains("Quennell"));
    }

    #[test]
    fn of_what_a_caller_says_of_its_trace_two_numbers_are_taken() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |trace: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_static(trace));
            headers.insert("tracestate", HeaderValue::from_static("vendor=Quennell"));
            let spans = sent_of(|| drop(of_request("/v1/runs", "GET", "r1", &headers)));
            spans.into_iter().next().unwrap()
        };
        let span = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        assert_eq!(span.span_context.trace_id().to_string(), TRACE);
        assert_eq!(span.parent_span_id.to_string(), "00f067aa0ba902b7");
        assert!(!format!("{span:?}").contains("Quennell"));
        for wrong in [
            "",
            "Quennell",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            let span = of(wrong);
            assert_ne!(span.span_context.trace_id().to_string(), TRACE, "{wrong}");
            assert!(!format!("{span:?}").contains("Quennell"));
        }
    }
}
