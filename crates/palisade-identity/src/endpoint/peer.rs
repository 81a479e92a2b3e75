//! The process at the other end of a connection.

use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tonic::Status;

use super::subject::{Later, Subject};
use crate::Attributes;
use crate::attest::{AttestationError, Process};

/// A process that connected.
pub(crate) struct Peer {
    process: Arc<Process>,
}

impl Peer {
    pub(crate) fn new(process: Process) -> Self {
        Self {
            process: Arc::new(process),
        }
    }
}

impl Subject for Peer {
    fn attest(&self) -> Later<'_, Result<Attributes, Status>> {
        let process = Arc::clone(&self.process);
        Box::pin(async move {
            let seen = tokio::task::spawn_blocking(move || process.attest()).await;
            seen.map_err(|_| Status::unavailable("attestation was stopped: call again"))?
                .map_err(|error| denied(&error))
        })
    }

    fn ended(&self) -> Later<'_, ()> {
        Box::pin(end_of(&self.process))
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
        AttestationError::Kernel { .. } | AttestationError::Read { .. } => {
            Status::unavailable(error.to_string())
        }
        _ => Status::permission_denied(error.to_string()),
    }
}
