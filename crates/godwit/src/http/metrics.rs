//! Figures for Prometheus: the one recorder of the process, and what is counted of requests.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use model::Error;

/// The content type that Prometheus reads.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const REQUESTS: &str = "godwit_http_requests_total";
const SECONDS: &str = "godwit_http_request_seconds";

/// Upper ends of the buckets of a request's time.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Times of the scheduler: how they are described, and upper ends of their buckets, in seconds.
const SCHEDULER: [(&str, &str); 3] = [
    (
        "godwit_scheduler_tick_seconds",
        "How long a round of the scheduler took.",
    ),
    (
        "godwit_start_delay_seconds",
        "How long after it could an instance was given to a server.",
    ),
    (
        "godwit_pick_up_seconds",
        "How long after it was given to this server an instance was begun.",
    ),
];
const SCHEDULER_BUCKETS: [f64; 12] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0, 60.0, 300.0,
];

/// How often what was counted is put together; without that it only grows.
pub(super) const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The recorder of this process, put in place by whoever asks first. Fails where the process had
/// another before.
pub fn recorder() -> Result<PrometheusHandle, Error> {
    let recorder = RECORDER.get_or_init(install).clone();
    recorder.ok_or_else(|| Error::internal("the figures go to another recorder"))
}

fn install() -> Option<PrometheusHandle> {
    let times = Matcher::Full(SECONDS.to_owned());
    let mut builder = PrometheusBuilder::new()
        .set_buckets_for_metric(times, &BUCKETS)
        .ok()?;
    for (name, _) in SCHEDULER {
        let name = Matcher::Full(name.to_owned());
        builder = builder
            .set_buckets_for_metric(name, &SCHEDULER_BUCKETS)
            .ok()?;
    }
    let handle = builder.install_recorder().ok()?;
    for (name, words) in SCHEDULER {
        metrics::describe_histogram!(name, words);
    }
    metrics::describe_counter!(REQUESTS, "Requests answered.");
    metrics::describe_histogram!(SECONDS, "Time until a request was answered.");
    Some(handle)
}

/// Counts one request: `path` is that of the route, never one that a client made up.
pub(super) fn count(method: &'static str, path: &str, status: u16, elapsed: Duration) {
    let labels = [
        ("method", method.to_owned()),
        ("path", path.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(SECONDS, &labels).record(elapsed);
}
