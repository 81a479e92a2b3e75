//! Evaluations on threads of their own: as many at a time as there are cores, and a few more in the
//! place of those that do not end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::Metrics;

/// How many evaluations that do not end are replaced; with more the server is not ready.
const MOST_STUCK: usize = 8;

/// The room for evaluations.
#[derive(Debug)]
pub(crate) struct Evaluations {
    room: Arc<Semaphore>,
    stuck: AtomicUsize,
    metrics: Arc<Metrics>,
}

/// One evaluation.
struct Running {
    all: Arc<Evaluations>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    is_stuck: AtomicBool,
}

/// Whoever waits for an evaluation; dropped before its end it makes room for another.
struct Waiting(Arc<Running>);

impl Evaluations {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            room: Arc::new(Semaphore::new(workers)),
            stuck: AtomicUsize::new(0),
            metrics,
        }
    }

    /// Whether evaluations end.
    pub(crate) fn is_ready(&self) -> bool {
        self.stuck.load(Ordering::Acquire) < MOST_STUCK
    }

    /// Runs one on a thread of its own; `None` if it was stopped.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        evaluate: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.room).acquire_owned().await.ok()?;
        let running = Arc::new(Running {
            all: Arc::clone(self),
            permit: Mutex::new(Some(permit)),
            is_stuck: AtomicBool::new(false),
        });
        let _waiting = Waiting(Arc::clone(&running));
        let evaluate = move || {
            let made = evaluate();
            running.end();
            made
        };
        tokio::task::spawn_blocking(evaluate).await.ok()
    }
}

impl Running {
    fn end(&self) {
        let mut permit = self.permit.lock().unwrap_or_else(PoisonError::into_inner);
        drop(permit.take());
        if self.is_stuck.swap(false, Ordering::AcqRel) {
            let before = self.all.stuck.fetch_sub(1, Ordering::AcqRel);
            self.all.metrics.stuck(before.saturating_sub(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A panic of an evaluation is its end too.
        self.end();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut permit = self.0.permit.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.is_none() {
            return;
        }
        let all = &self.0.all;
        let before = all.stuck.fetch_add(1, Ordering::AcqRel);
        self.0.is_stuck.store(true, Ordering::Release);
        all.metrics.stuck(before + 1);
        if before < MOST_STUCK {
            drop(permit.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_that_does_not_end_takes_no_room_and_many_are_told() {
        let metrics = Arc::new(Metrics::new());
        let all = Arc::new(Evaluations::new(Arc::clone(&metrics)));
        let mut ends = Vec::new();
        for _ in 0..MOST_STUCK {
            assert!(all.is_ready());
            let (end, told) = mpsc::channel::<()>();
            ends.push(end);
            let stuck = all.run(move || told.recv());
            let waited = tokio::time::timeout(Duration::from_millis(20), stuck).await;
            assert!(waited.is_err());
            assert_eq!(all.run(|| 1).await, Some(1), "others go on");
        }
        assert!(!all.is_ready());
        let count = format!("palisade_admission_stuck_evaluations {MOST_STUCK}");
        assert!(metrics.text().contains(&count), "{}", metrics.text());
        drop(ends);
        while !all.is_ready() || !metrics.text().contains("stuck_evaluations 0") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
