//! What the endpoints ask of whoever decides and signs: the embedded server or the agent's cache.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::Attributes;
use crate::spiffe::{Bundles, JwtSvid, SpiffeId, X509Svid};

/// Everything that one caller may hold at a moment; each state is whole.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Documents in the order of entries; the first is the default identity. Empty: no identity.
    pub svids: Vec<X509Svid>,
    /// The own bundle.
    pub own: Option<Arc<crate::spiffe::Bundle>>,
    /// Bundles of trust domains that the caller's entries federate with.
    pub federated: Bundles,
}

/// Why nothing is issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No entry matches what was attested (`PermissionDenied`).
    #[error(
        "no entry matches this caller: run `palisade identity explain --pid` with its process id to see what was attested and which entry came nearest"
    )]
    NoIdentity,
    /// The request itself is wrong (`InvalidArgument`).
    #[error("{0}")]
    Request(String),
    /// Not ready, or shedding load (`Unavailable`).
    #[error("{0}")]
    Unavailable(String),
}

/// The answer of an asynchronous question.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// Decides which identities a caller has and signs for it.
pub trait Issuer: Send + Sync + 'static {
    /// The caller's documents, now and at every change; the first value is there at once.
    fn holdings<'a>(&'a self, caller: &'a Attributes)
    -> Answer<'a, watch::Receiver<Arc<Holdings>>>;

    /// Tokens for these audiences, for one identity or for all that the caller has.
    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        audiences: &'a [String],
        id: Option<&'a SpiffeId>,
    ) -> Answer<'a, Vec<JwtSvid>>;

    /// The own bundle and all federated ones, now and at every change.
    fn bundles(&self) -> watch::Receiver<Arc<Bundles>>;
}
