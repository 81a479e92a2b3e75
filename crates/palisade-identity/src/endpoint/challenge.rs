//! Finds out whether the attested process itself answers on its connection.
//!
//! A socket can be inherited by a child or handed on. A PING with random content is sent, and its
//! answer counts only if the kernel says that the attested process wrote it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::oneshot;

use super::frames::{self, Opaque};

/// The challenges of one connection.
#[derive(Debug, Default)]
pub(crate) struct Challenge(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    flight: Option<Flight>,
    /// Those who asked after the PING in flight was made.
    next: Vec<oneshot::Sender<()>>,
    to_write: Option<[u8; 17]>,
    connection: Option<Waker>,
    stranger: Option<u32>,
}

#[derive(Debug)]
struct Flight {
    opaque: Opaque,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Challenge {
    /// Is ready when the process has answered a PING that was made after this call; an error when
    /// it can no longer answer.
    pub(crate) fn ask(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state();
        if state.stranger.is_none() {
            state.next.retain(|waiting| !waiting.is_closed());
            state.next.push(sender);
            state.begin();
        }
        receiver
    }

    /// The frame that is to be written, once.
    pub(crate) fn take(&self) -> Option<[u8; 17]> {
        self.state().to_write.take()
    }

    /// Whether a frame waits.
    pub(crate) fn waits(&self) -> bool {
        self.state().to_write.is_some()
    }

    /// Whom to wake when there is something to write.
    pub(crate) fn wake_by(&self, waker: &Waker) {
        let mut state = self.state();
        if !state
            .connection
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            state.connection = Some(waker.clone());
        }
    }

    /// The attested process answered.
    pub(crate) fn answered(&self, opaque: Opaque) {
        let mut state = self.state();
        if let Some(flight) = state.flight.take_if(|flight| flight.opaque == opaque) {
            for waiting in flight.waiting {
                waiting.send(()).ok();
            }
            state.begin();
        }
    }

    /// Another process wrote on the connection: nothing is answered on it any more.
    pub(crate) fn refuse(&self, stranger: u32) {
        let mut state = self.state();
        state.stranger.get_or_insert(stranger);
        state.flight = None;
        state.next.clear();
    }

    /// The other process that wrote on the connection.
    pub(crate) fn stranger(&self) -> Option<u32> {
        self.state().stranger
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes a PING for those who wait, unless one is in flight.
    fn begin(&mut self) {
        if self.flight.is_some() {
            return;
        }
        if self.next.is_empty() {
            return;
        }
        let mut opaque = Opaque::default();
        if aws_lc_rs::rand::fill(&mut opaque).is_err() {
            self.next.clear();
            return;
        }
        self.to_write = Some(frames::ping(opaque));
        self.flight = Some(Flight {
            opaque,
            waiting: std::mem::take(&mut self.next),
        });
        if let Some(connection) = self.connection.take() {
            connection.wake();
        }
    }
}
