//! The Kubernetes admission webhook: `POST /validate`, `POST /mutate`, `/healthz`, `/readyz`,
//! `/metrics`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use palisade_http::Bounds;
use palisade_policy::admission::{Decision, Gate, Purpose};
use palisade_policy::{PolicyError, Status};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::decision_log::DecisionLog;
pub use crate::decision_log::Overflow;
use crate::evaluations::Evaluations;
use crate::metrics::{Metrics, Outcome};
use crate::tls::{Reloading, TlsError, TlsFiles};
use crate::watch::Watch;

/// Largest request: two objects of the size that Kubernetes stores (1.5 MiB each), with room.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Longest time for an answer when the API server does not say (its own default).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that an API server may ask for (`timeoutSeconds` is at most 30).
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// What an API server, which keeps a few connections, never needs more of.
const BOUNDS: Bounds = Bounds {
    connections: 1024,
    silent: 256,
    of_one_peer: 256,
    streams: 128,
    head: Duration::from_secs(10),
    // The longest that an API server waits, and a body.
    request: Duration::from_secs(45),
    idle: Duration::from_mins(2),
    life: Duration::from_mins(10),
    drain: Duration::from_secs(20),
};

/// Bounds of the time that an answer has for its way back.
const MIN_MARGIN: Duration = Duration::from_millis(100);
const MAX_MARGIN: Duration = Duration::from_secs(2);

/// Loads the policies anew; the error is one sentence.
pub type LoadGate = Box<dyn Fn() -> Result<Gate, String> + Send + Sync>;

/// A number that changes when the policies' files change.
pub type Stamp = Box<dyn Fn() -> u64 + Send + Sync>;

/// What an admission webhook is made of.
pub struct Webhook {
    /// Certificate and key; `None` serves plain HTTP, for a mesh or a proxy in front.
    pub tls: Option<TlsFiles>,
    /// Loads the policies, at the start and when `stamp` changes.
    pub load: LoadGate,
    /// Tells that files of the policies changed.
    pub stamp: Stamp,
    /// The moment, in nanoseconds since 1970.
    pub now_ns: fn() -> i64,
    /// Where decisions are written, one line of JSON each.
    pub decisions: Box<dyn Write + Send>,
    /// What happens to a decision that the log has no room for.
    pub overflow: Overflow,
    /// Says what happens apart from decisions: reloads, mistakes in changed policies.
    pub say: fn(&str),
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Webhook")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Why a webhook cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The policies do not load.
    #[error("{0}")]
    Policies(String),
    /// The system gives no thread to write decisions with.
    #[error("cannot start the writer of the decision log: {0}")]
    Log(#[source] std::io::Error),
}

pub(crate) struct Shared {
    pub(crate) gate: ArcSwap<Gate>,
    pub(crate) metrics: Arc<Metrics>,
    log: DecisionLog,
    evaluations: Arc<Evaluations>,
    now_ns: fn() -> i64,
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// What an API server adds: `10s`.
    timeout: Option<String>,
}

/// Serves a webhook on a listener until `stop` ends; `ready` is called once its policies are loaded.
/// Policies that do not load at the start are an error; later ones leave those in force.
pub async fn serve(
    listener: TcpListener,
    webhook: Webhook,
    ready: impl FnOnce(),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let stamp = (webhook.stamp)();
    let gate = (webhook.load)().map_err(ServeError::Policies)?;
    for error in gate.errors() {
        (webhook.say)(&unloaded(error));
    }
    let tls = webhook.tls.map(Reloading::new).transpose()?.map(Arc::new);
    let metrics = Arc::new(Metrics::new());
    metrics.rules(gate.rule_count());
    let shared = Arc::new(Shared {
        gate: ArcSwap::from_pointee(gate),
        log: DecisionLog::start(
            webhook.decisions,
            webhook.overflow,
            Arc::clone(&metrics),
            webhook.say,
        )
        .map_err(ServeError::Log)?,
        evaluations: Arc::new(Evaluations::new(Arc::clone(&metrics))),
        metrics,
        now_ns: webhook.now_ns,
    });
    let router = Router::new()
        .route("/validate", post(validate))
        .route("/mutate", post(mutate))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics_text))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::clone(&shared));
    let watch = Watch {
        shared: Arc::clone(&shared),
        tls: tls.clone(),
        load: webhook.load,
        stamp: webhook.stamp,
        say: webhook.say,
    };
    let watching = tokio::spawn(watch.run(stamp));
    ready();
    let acceptor = move || tls.as_ref().map(|tls| tls.acceptor());
    palisade_http::serve(listener, acceptor, router, BOUNDS, stop).await;
    watching.abort();
    shared.log.finish().await;
    Ok(())
}

async fn validate(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Response {
    review(shared, Purpose::Validate, &asked, body).await
}

async fn mutate(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Response {
    review(shared, Purpose::Mutate, &asked, body).await
}

async fn readiness(State(shared): State<Arc<Shared>>) -> Response {
    if shared.evaluations.is_ready() {
        "ok".into_response()
    } else {
        let sentence = "evaluations do not end: `palisade_admission_stuck_evaluations` counts them";
        refuse(StatusCode::SERVICE_UNAVAILABLE, sentence)
    }
}

async fn metrics_text(State(shared): State<Arc<Shared>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], shared.metrics.text()).into_response()
}

async fn review(shared: Arc<Shared>, purpose: Purpose, asked: &Asked, body: Bytes) -> Response {
    let started = Instant::now();
    let limit = timeout(asked);
    let margin = margin(limit);
    let deadline = started + limit.saturating_sub(margin);
    let judging = judge(Arc::clone(&shared), purpose, body, deadline);
    // Most of the margin is for what an engine does between two looks at the clock.
    let patience = limit.saturating_sub(margin / 4);
    let Ok(answered) = tokio::time::timeout(patience, judging).await else {
        shared
            .metrics
            .request(purpose, Outcome::Overloaded, started.elapsed());
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "no answer in time");
    };
    let (outcome, response) = match answered {
        Ok(decision) => {
            let (now, times) = ((shared.now_ns)(), (started, started + patience));
            if shared.log.write(&decision, purpose, now, times).await {
                (outcome(&decision), json(&decision))
            } else {
                shared.metrics.unlogged();
                (Outcome::Unlogged, json(&unlogged(decision)))
            }
        }
        Err((outcome, status, sentence)) => (outcome, refuse(status, &sentence)),
    };
    shared.metrics.request(purpose, outcome, started.elapsed());
    response
}

type Refusal = (Outcome, StatusCode, String);

/// Evaluates on a thread of its own, as many at a time as there are cores.
async fn judge(
    shared: Arc<Shared>,
    purpose: Purpose,
    body: Bytes,
    deadline: Instant,
) -> Result<Decision, Refusal> {
    let malformed = |sentence: String| (Outcome::Malformed, StatusCode::BAD_REQUEST, sentence);
    let text = String::from_utf8(body.into())
        .map_err(|_| malformed("not an AdmissionReview: it is not UTF-8 text".to_owned()))?;
    let stopped = || {
        let sentence = "the evaluation was stopped".to_owned();
        (
            Outcome::Overloaded,
            StatusCode::SERVICE_UNAVAILABLE,
            sentence,
        )
    };
    let (gate, now) = (shared.gate.load_full(), (shared.now_ns)());
    let evaluate = move || gate.review(&text, purpose, now, deadline);
    let evaluated = shared.evaluations.run(evaluate).await.ok_or_else(stopped)?;
    evaluated.map_err(|error| malformed(error.to_string()))
}

/// What is said of a policy that does not load.
pub(crate) fn unloaded(error: &PolicyError) -> String {
    let message = &error.message;
    match &error.origin {
        Some(origin) => format!("{origin}: {message}; what the policy is for is refused"),
        None => format!("{message}; what the policy is for is refused"),
    }
}

/// What nobody could tell afterwards is not let in.
fn unlogged(mut decision: Decision) -> Decision {
    if decision.allowed {
        decision.allowed = false;
        decision.response["response"] = serde_json::json!({
            "uid": decision.facts.uid,
            "allowed": false,
            "status": {
                "code": 503,
                "reason": "ServiceUnavailable",
                "message": "the decision log has no room for this decision",
            },
        });
    }
    decision
}

fn outcome(decision: &Decision) -> Outcome {
    let failed = decision
        .answers
        .iter()
        .any(|answer| answer.status == Status::Fail);
    match (decision.allowed, failed) {
        (true, _) => Outcome::Allowed,
        (false, true) => Outcome::Denied,
        (false, false) => Outcome::NotEvaluated,
    }
}

fn json(decision: &Decision) -> Response {
    let kind = "application/json";
    let body = Body::from(decision.response.to_string());
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

/// The API server's own limit (`?timeout=10s`, also `500ms`), within bounds.
fn timeout(asked: &Asked) -> Duration {
    let Some(text) = asked.timeout.as_deref() else {
        return DEFAULT_TIMEOUT;
    };
    let (number, unit): (&str, fn(u64) -> Duration) = if let Some(number) = text.strip_suffix("ms")
    {
        (number, Duration::from_millis)
    } else {
        (text.trim_end_matches('s'), Duration::from_secs)
    };
    number
        .parse()
        .map_or(DEFAULT_TIMEOUT, unit)
        .min(MAX_TIMEOUT)
}

/// How long before the API server gives up the answer is there.
fn margin(limit: Duration) -> Duration {
    (limit / 5).clamp(MIN_MARGIN, MAX_MARGIN).min(limit / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_servers_timeout_is_kept_within_bounds() {
        let of = |text: Option<&str>| {
            timeout(&Asked {
                timeout: text.map(str::to_owned),
            })
        };
        assert_eq!(of(None), DEFAULT_TIMEOUT);
        assert_eq!(of(Some("3s")), Duration::from_secs(3));
        assert_eq!(of(Some("500ms")), Duration::from_millis(500));
        assert_eq!(of(Some("9999s")), MAX_TIMEOUT);
        assert_eq!(of(Some("soon")), DEFAULT_TIMEOUT);
        assert_eq!(margin(DEFAULT_TIMEOUT), Duration::from_secs(2));
        assert_eq!(
            margin(Duration::from_millis(100)),
            Duration::from_millis(50)
        );
    }
}
