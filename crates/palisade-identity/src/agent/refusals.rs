//! Who got nothing here, on its way to the server, where evidence is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tonic::Code;

use super::Agent;
use crate::evidence::{News, Recent, key_of};
use crate::nodes::MOST_REPORTED;
use crate::nodes::proto::{Refused, ReportRequest};
use crate::{Attributes, Clock, SpiffeId};

/// The most refusals that wait.
const MOST: usize = 1_024;
/// How long others are waited for, so that they travel together.
const TOGETHER: Duration = Duration::from_millis(100);
/// How long a server that did not take them is left alone.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Refusals that the server does not know yet.
#[derive(Debug)]
pub(super) struct Refusals {
    waiting: Mutex<Waiting>,
    recent: Recent,
    clock: Arc<dyn Clock>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    refused: VecDeque<Refused>,
    /// Refusals that were not kept for want of room.
    lost: u64,
}

impl Refusals {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            waiting: Mutex::default(),
            recent: Recent::default(),
            clock,
            more: Notify::new(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.waiting().refused.len()
    }

    /// Keeps a refusal: once a minute for what is the same, and only while there is room.
    pub(super) fn keep(&self, caller: &Attributes, asked: Option<&SpiffeId>) {
        let at = self.clock.now();
        let asked = asked.map(ToString::to_string).unwrap_or_default();
        let news = self.recent.note(at, key_of(caller, &[&asked]));
        if news == News::Known {
            return;
        }
        let text = serde_json::to_vec(caller);
        let mut waiting = self.waiting();
        match text {
            Ok(caller) if news == News::Yes && waiting.refused.len() < MOST => {
                waiting.refused.push_back(Refused {
                    caller,
                    asked,
                    at: at.as_millisecond(),
                });
            }
            _ => waiting.lost = waiting.lost.saturating_add(1),
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// Has what waits sent: the server is there.
    pub(super) fn wake(&self) {
        self.more.notify_one();
    }

    /// What is sent next; empty when nothing waits.
    fn next(&self) -> ReportRequest {
        let waiting = self.waiting();
        let refused = waiting.refused.iter().take(MOST_REPORTED);
        ReportRequest {
            refused: refused.cloned().collect(),
            lost: waiting.lost,
        }
    }

    fn is_taken(&self, sent: &ReportRequest) {
        let mut waiting = self.waiting();
        // INVARIANT: only this takes refusals away, one call at a time, and new ones come last.
        waiting.refused.drain(..sent.refused.len());
        waiting.lost = waiting.lost.saturating_sub(sent.lost);
    }

    /// The server cannot read some of them: they are lost, and that is told.
    fn is_unreadable(&self, sent: &ReportRequest) {
        self.is_taken(&ReportRequest {
            lost: 0,
            ..sent.clone()
        });
        let count = u64::try_from(sent.refused.len()).unwrap_or(u64::MAX);
        let mut waiting = self.waiting();
        waiting.lost = waiting.lost.saturating_add(count);
    }
}

impl Agent {
    /// Tells the server who got nothing here, until dropped.
    pub(super) async fn report(&self) {
        let refusals = self.engine.signer().refusals();
        loop {
            refusals.more.notified().await;
            tokio::time::sleep(TOGETHER).await;
            while self.report_some(refusals).await {}
        }
    }

    /// Whether more may wait, and the server is there.
    async fn report_some(&self, refusals: &Refusals) -> bool {
        let request = refusals.next();
        if request.refused.is_empty() && request.lost == 0 {
            return false;
        }
        let Ok(mut client) = self.engine.signer().client() else {
            // Woken once the server is there.
            return false;
        };
        let sent = client.report(request.clone());
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(_)) => refusals.is_taken(&request),
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                // A server of before keeps none of them.
                refusals.is_taken(&request);
            }
            Ok(Err(status)) if status.code() == Code::InvalidArgument => {
                refusals.is_unreadable(&request);
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
        true
    }
}
