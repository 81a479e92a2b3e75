//! The process at the other end of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tonic::Status;

use super::alarm::{SecurityEvent, Sign};
use super::challenge::Challenge;
use super::limits::Connection;
use super::server::Shared;
use super::subject::{Later, Subject};
use crate::Attributes;
use crate::attest::kubernetes::{NodeError, PodError};
use crate::attest::{AttestationError, Process};

/// A process that connected.
pub(crate) struct Peer {
    pub(crate) shared: Arc<Shared>,
    process: Arc<Process>,
    challenge: Arc<Challenge>,
    account: Arc<Connection>,
    told: AtomicBool,
}

impl Peer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        process: Process,
        challenge: Arc<Challenge>,
        account: Arc<Connection>,
    ) -> Self {
        Self {
            shared,
            process: Arc::new(process),
            challenge,
            account,
            told: AtomicBool::new(false),
        }
    }

    /// What the caller may take.
    pub(crate) fn account(&self) -> &Arc<Connection> {
        &self.account
    }

    /// Attests the process and makes sure that it is the one who asked.
    ///
    /// The order matters. The process was first seen when it was accepted; the challenge is made
    /// now; what the process is, is read after its answer. If all three are of one process and
    /// one program, then that program itself held the connection in between.
    async fn confirmed(&self) -> Result<Attributes, Status> {
        let asked = self.challenge.ask();
        let answered = tokio::time::timeout(self.shared.settings.challenge, asked).await;
        self.alone()?;
        if !matches!(answered, Ok(Ok(()))) {
            return Err(self.alarm(Sign::Silent));
        }
        let attributes = attributes(&self.shared, &self.process).await;
        let mut attributes = attributes.map_err(|error| match error {
            AttestationError::Changed { what, .. } => self.alarm(Sign::Changed { what }),
            other => denied(&other),
        })?;
        add_pod(&self.shared, &mut attributes).await?;
        self.alone()?;
        Ok(attributes)
    }

    fn alone(&self) -> Result<(), Status> {
        match self.challenge.stranger() {
            Some(pid) => Err(self.alarm(Sign::Stranger { pid })),
            None => Ok(()),
        }
    }

    /// Tells the operator once for each connection.
    fn alarm(&self, sign: Sign) -> Status {
        let event = SecurityEvent {
            pid: self.process.pid(),
            uid: self.process.uid(),
            sign,
        };
        if !self.told.swap(true, Ordering::Relaxed) {
            self.shared.tell(&event);
        }
        Status::permission_denied(event.to_string())
    }
}

impl Subject for Peer {
    fn attest(&self) -> Later<'_, Result<Attributes, Status>> {
        Box::pin(self.confirmed())
    }

    fn ended(&self) -> Later<'_, ()> {
        Box::pin(end_of(&self.process))
    }
}

/// Reads what a process is, where blocking is allowed.
pub(crate) async fn attributes(
    shared: &Arc<Shared>,
    process: &Arc<Process>,
) -> Result<Attributes, AttestationError> {
    let (shared, process) = (Arc::clone(shared), Arc::clone(process));
    let read = tokio::task::spawn_blocking(move || process.attest(&shared.digests)).await;
    // Only a runtime that shuts down does not answer.
    read.unwrap_or(Err(AttestationError::Ended))
}

/// Adds what the API server knows of the pod that the process is in.
pub(crate) async fn add_pod(shared: &Shared, attributes: &mut Attributes) -> Result<(), Status> {
    let Some(node) = &shared.node else {
        return Ok(());
    };
    node.add_to(attributes).await.map_err(|error| match &error {
        NodeError::Pod(error) => denied_pod(error),
        NodeError::Attribute(_) => Status::permission_denied(error.to_string()),
    })
}

/// The status code of a pod that is not attested.
pub(crate) fn denied_pod(error: &PodError) -> Status {
    match error {
        PodError::Api(_) => Status::unavailable(error.to_string()),
        _ => Status::permission_denied(error.to_string()),
    }
}

/// Is ready when a process has ended, or when that can no longer be told.
pub(crate) async fn end_of(process: &Process) {
    let Ok(descriptor) = process.descriptor() else {
        return;
    };
    #[expect(
        deprecated,
        reason = "it is unsound only for types that close their descriptor early; an `OwnedFd` does not"
    )]
    if let Ok(watched) = AsyncFd::with_interest(descriptor, Interest::READABLE) {
        drop(watched.readable().await);
    }
}

/// The status code of a failed attestation: nobody who cannot be attested gets anything.
pub(crate) fn denied(error: &AttestationError) -> Status {
    match error {
        AttestationError::Kernel { .. }
        | AttestationError::Forbidden { .. }
        | AttestationError::Read { .. } => Status::unavailable(error.to_string()),
        _ => Status::permission_denied(error.to_string()),
    }
}
