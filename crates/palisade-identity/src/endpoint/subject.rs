//! Whom an answer is for: the calling process, or one that a broker refers to.

use std::future::Future;
use std::pin::Pin;

use tonic::Status;

use crate::Attributes;

/// An answer that is not there yet.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Somebody whose attributes are attested, and attested again before each answer.
pub(crate) trait Subject: Send + Sync + 'static {
    /// What is attested now; fails when it is no longer who it was.
    fn attest(&self) -> Later<'_, Result<Attributes, Status>>;

    /// Is ready when the subject has ended.
    fn ended(&self) -> Later<'_, ()>;
}
