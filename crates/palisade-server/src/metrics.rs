//! Counters in the Prometheus text format (OpenMetrics 1.0).

use std::time::Duration;

use palisade_policy::admission::Purpose;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    purpose: Word,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    what: Reload,
    result: Result,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Word {
    Validate,
    Mutate,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// The object may pass.
    Allowed,
    /// A rule is broken.
    Denied,
    /// A rule could not be evaluated, so that the object was refused.
    NotEvaluated,
    /// The request was no AdmissionReview.
    Malformed,
    /// There was no room or time left.
    Overloaded,
    /// The decision log had no room, so that the object was refused.
    Unlogged,
}

/// What is read again when its files change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reload {
    /// Policies.
    Policies,
    /// Certificate and key.
    Certificate,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Result {
    Success,
    Failure,
}

/// Labels are said in small letters, as is usual.
macro_rules! said {
    ($type:ident: $($value:ident = $word:literal),+) => {
        impl EncodeLabelValue for $type {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
                use std::fmt::Write as _;
                encoder.write_str(match self { $(Self::$value => $word),+ })
            }
        }
    };
}

said!(Word: Validate = "validate", Mutate = "mutate");
said!(Outcome: Allowed = "allowed", Denied = "denied", NotEvaluated = "not_evaluated",
    Malformed = "malformed", Overloaded = "overloaded", Unlogged = "unlogged");
said!(Reload: Policies = "policies", Certificate = "certificate");
said!(Result: Success = "success", Failure = "failure");

/// What is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    reloads: Family<ReloadLabels, Counter>,
    rules: Gauge,
    stuck: Gauge,
    unlogged: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("palisade_admission");
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("requests", "Reviews by outcome", requests.clone());
        let duration = Histogram::new(BUCKETS);
        registry.register(
            "duration_seconds",
            "Time from a whole request to its answer",
            duration.clone(),
        );
        let reloads = Family::<ReloadLabels, Counter>::default();
        registry.register("reloads", "Readings of changed files", reloads.clone());
        let rules = Gauge::default();
        registry.register("rules", "Rules in force", rules.clone());
        let stuck = Gauge::default();
        registry.register(
            "stuck_evaluations",
            "Evaluations that go on after their time",
            stuck.clone(),
        );
        let unlogged = Counter::default();
        registry.register(
            "unlogged_decisions",
            "Decisions that could not be written to the log",
            unlogged.clone(),
        );
        Self {
            registry,
            requests,
            duration,
            reloads,
            rules,
            stuck,
            unlogged,
        }
    }

    pub(crate) fn request(&self, purpose: Purpose, outcome: Outcome, duration: Duration) {
        let purpose = match purpose {
            Purpose::Validate => Word::Validate,
            Purpose::Mutate => Word::Mutate,
        };
        self.requests
            .get_or_create(&RequestLabels { purpose, outcome })
            .inc();
        self.duration.observe(duration.as_secs_f64());
    }

    pub(crate) fn reload(&self, what: Reload, is_taken: bool) {
        let result = if is_taken {
            Result::Success
        } else {
            Result::Failure
        };
        self.reloads
            .get_or_create(&ReloadLabels { what, result })
            .inc();
    }

    pub(crate) fn rules(&self, count: usize) {
        self.rules.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn stuck(&self, count: usize) {
        self.stuck.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn unlogged(&self) {
        self.unlogged.inc();
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}
