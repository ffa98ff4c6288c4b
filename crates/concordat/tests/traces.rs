//! What a collector of traces receives from the program, and that one which is not there is missed by nobody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
mod common;
mod served;
mod service;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use served::{CHECKS, Hub, LOOK_UPS, check, look_up};
use service::operator;
use tokio::net::TcpListener;

const SQLITE: &str = "sqlite:node.db";
/// The trace of a caller, and its own span in it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// All bodies that came.
type Got = Arc<Mutex<Vec<Bytes>>>;

/// A collector, and what it gets.
async fn collector() -> (SocketAddr, Got) {
    let got = Got::default();
    let took = async |State(got): State<Got>, body: Bytes| got.lock().unwrap().push(body);
    let router = Router::new()
        .route("/v1/traces", post(took))
        .with_state(got.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async { accept(listener, router).await });
    (at, got)
}

async fn accept(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        let io = hyper_util::rt::TokioIo::new(stream);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
    }
}

fn spans(got: &Got) -> Vec<Span> {
    let got = got.lock().unwrap();
    let batches = got
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
    let resources = batches.flat_map(|batch| batch.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// The attributes of a span, as text.
fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let all = span.attributes.iter().map(|of| {
        let value = of.value.clone().unwrap().value.unwrap();
        let value = if let Any::StringValue(text) = value {
            text
        } else if let Any::IntValue(n) = value {
            n.to_string()
        } else {
            panic!("{value:?}")
        };
        (of.key.as_str(), value)
    });
    all.collect()
}

/// The names of the spans below this one, in order of their beginning, each after the one above it.
fn below(all: &[Span], above: &Span) -> Vec<String> {
    let mut children: Vec<&Span> = all
        .iter()
        .filter(|span| span.parent_span_id == above.span_id)
        .collect();
    children.sort_by_key(|span| span.start_time_unix_nano);
    let each = |span: &&Span| {
        let mut names = vec![span.name.clone()];
        names.extend(below(all, span));
        names
    };
    children.iter().flat_map(each).collect()
}

// shows: SEC-14, RTC-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_receives_where_the_time_went_and_nothing_of_a_person() {
    let (at, got) = collector().await;
    let hub = Hub::new(SQLITE.to_owned(), |config| config.traces = Some(at)).await;
    let program = hub.serve();
    // A value of a person at every place where a caller can put one.
    let parent = format!("traceparent: 00-{TRACE}-{PARENT}-00\r\ntracestate: canary=QQ100077A\r\n");
    let more = format!("{parent}X-Correlation-Id: QQ100066A\r\nX-Canary: CANARY\r\n");
    let checked = program.post("apply", CHECKS, &more, &check("one")).await;
    assert_eq!(checked.json()["outcome"], "with-data", "{}", checked.body);
    let looked = program.post("sub-c1", LOOK_UPS, "", &look_up(77)).await;
    assert_eq!(looked.status, 200);
    let wrong = json!({ "CANARY": "QQ100055A" });
    for path in [
        CHECKS,
        LOOK_UPS,
        "/v1/look-ups?of=QQ100044A",
        "/v1/agreements/CANARY-QQ100033A/approvals/ask/ask",
        "/CANARY/QQ100022A",
    ] {
        let answer = program.post("sub-c1", path, &more, &wrong).await;
        assert!(answer.status >= 400, "{path}: {}", answer.body);
    }
    program.end();

    let spans = spans(&got);
    let found = |name: &str, status: &str| {
        let is_it = |span: &&Span| {
            let of = attributes(span);
            span.name == name
                && of
                    .get("http.response.status_code")
                    .is_some_and(|s| s == status)
        };
        spans
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("{name}: {spans:?}"))
    };
    let check = found("POST /v1/residence-checks", "200");
    assert_eq!(hex::encode(&check.trace_id), TRACE);
    assert_eq!(hex::encode(&check.parent_span_id), PARENT);
    assert_eq!(check.trace_state, "");
    let of = attributes(check);
    let expected = [
        ("concordat.request", checked.header("x-request-id").unwrap()),
        ("http.request.method", "POST".to_owned()),
        ("http.response.status_code", "200".to_owned()),
        ("http.route", CHECKS.to_owned()),
    ];
    assert_eq!(of, expected.into());
    assert!(check.end_time_unix_nano > check.start_time_unix_nano);
    let mut names = below(&spans, check);
    assert_eq!(names.remove(0), "operation");
    names.dedup();
    // The supplier is a node within this process: what it does is below the call.
    let expected = [
        "store commit",
        "ledger placing",
        "supplier call",
        "store commit",
        "ledger placing",
        "store commit",
        "ledger placing",
    ];
    assert_eq!(names, expected);
    let look_up = found("POST /v1/look-ups", "200");
    assert_eq!(below(&spans, look_up), ["operation", "store commit"]);
    let refused = attributes(found("POST /v1/look-ups", "400"));
    assert_eq!(refused["error.type"], "bad-request");
    assert_eq!(attributes(found("POST none", "404"))["http.route"], "none");

    let mut canaries: Vec<String> = [
        "CANARY",
        "Test",
        "Found",
        "1980-02-29",
        "C00000077",
        "case-1",
        "letter",
        "sub-c1",
        "canary",
    ]
    .map(str::to_owned)
    .to_vec();
    canaries.extend((1..100).map(|n| format!("QQ1000{n:02}A")));
    let search = aho_corasick::AhoCorasick::new(&canaries).unwrap();
    for body in got.lock().unwrap().iter() {
        let hit = search.find(body).map(|hit| &canaries[hit.pattern()]);
        assert_eq!(hit, None, "{}", String::from_utf8_lossy(body));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_or_never_answers_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone_at = gone.local_addr().unwrap();
    drop(gone);
    for at in [silent.local_addr().unwrap(), gone_at] {
        let hub = Hub::new(SQLITE.to_owned(), |config| config.traces = Some(at)).await;
        let program = hub.serve();
        // More spans than may wait.
        for n in 0..3_000 {
            let live = operator(program.operating, "/livez").await;
            assert_eq!(live.status, 200, "{n}");
        }
        let checked = program.post("apply", CHECKS, "", &check("one")).await;
        assert_eq!(checked.json()["outcome"], "with-data");
        program.end();
    }
}
